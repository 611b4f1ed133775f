// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pictures of a head that are written to memory: a writeback connector, whose job goes with a
 * commit. The device writes the first frame that the commit is shown in, and says so by the number
 * of the commit. Two jobs may be under way: one that is written, and one that waits for its
 * takeover.
 *
 * A job has a fence whether user space asks for it or not, since what is written has it in its
 * dma_resv. It is put there when the commit has been taken, and nothing of it can fail any more:
 * before that it might never be signalled. And only then all that the commit waits for is known,
 * so that of two commits which write what the other one shows, not each waits for the other.
 *
 * Each fence is signalled, with an error if the picture is not there: the device could not write
 * it, was reset or has gone, or says nothing for too long.
 */
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include <drm/drm_atomic.h>
#include <drm/drm_atomic_helper.h>
#include <drm/drm_drv.h>
#include <drm/drm_edid.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_framebuffer.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_framebuffer_helper.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_print.h>
#include <drm/drm_probe_helper.h>
#include <drm/drm_writeback.h>

#include "core/trace.h"
#include "kms/access.h"
#include "kms/scanout.h"
#include "kms/writeback.h"

/* An interrupt may be lost, and the slowest head has one frame in a second. */
#define PUCK_WRITEBACK_LOOK	(HZ / 2)
#define PUCK_WRITEBACK_LOOKS	20

/* The fourth byte of a pixel is always 255. */
static const u32 puck_writeback_fourccs[] = { DRM_FORMAT_XRGB8888, DRM_FORMAT_ARGB8888 };

/**
 * struct puck_writeback_job - a picture that is to be written
 * @node: in puck_head.writebacks, from puck_writeback_arm() on; this and all below are under
 *        puck_kms.lock then
 * @scanout: where to
 * @after: who uses that memory before it is written, or NULL
 * @fence: signalled behind it, which has a reference; to be compared alone
 * @seqno: of the commit
 * @told: the device knows of it
 * @over: nothing is to come; it is signalled when those before it are
 * @status: then
 */
struct puck_writeback_job {
	struct list_head node;
	struct puck_scanout *scanout;
	struct dma_fence *after;
	const struct dma_fence *fence;
	u32 seqno;
	bool told;
	bool over;
	int status;
};

static struct puck_head *writeback_to_puck_head(struct drm_writeback_connector *writeback)
{
	return container_of(writeback, struct puck_head, writeback);
}

/* ---- what becomes of jobs ---- */

static void puck_writeback_end(struct puck_writeback_job *job, int status)
{
	if (job->over)
		return;
	job->over = true;
	job->status = status;
}

/* In their order. Callbacks of fences run under the lock; none of them comes back here. */
static void puck_writeback_settle(struct puck_head *head)
{
	struct puck_writeback_job *job;

	lockdep_assert_held(&head->kms->lock);

	while ((job = list_first_entry_or_null(&head->writebacks, struct puck_writeback_job,
					       node))) {
		if (!job->over)
			return;
		list_del(&job->node);
		trace_puck_display_written(head->index, job->seqno, job->status);
		/* Gone with that. */
		drm_writeback_signal_completion(&head->writeback, job->status);
	}
}

/**
 * puck_writeback_arm - have the job that goes with a commit be one of the head's
 * @head: the head; the commit is its next one
 * @seqno: number of the commit
 *
 * Context: puck_kms.lock is held.
 */
void puck_writeback_arm(struct puck_head *head, u32 seqno)
{
	struct puck_writeback_job *job = head->staged_writeback;

	lockdep_assert_held(&head->kms->lock);

	if (!job)
		return;
	job->seqno = seqno;
	list_add_tail(&job->node, &head->writebacks);
	head->staged_writeback = NULL;
}

/**
 * puck_writeback_told - take note that the device has taken a commit
 * @head: the head
 *
 * Context: puck_kms.lock is held.
 */
void puck_writeback_told(struct puck_head *head)
{
	struct puck_writeback_job *job;

	lockdep_assert_held(&head->kms->lock);

	list_for_each_entry(job, &head->writebacks, node)
		job->told = true;
}

/**
 * puck_writeback_fail - have nobody wait for pictures that will not be written
 * @head: the head
 * @told: those that the device knows of, or those that it does not
 * @status: why
 *
 * Context: puck_kms.lock is held.
 */
void puck_writeback_fail(struct puck_head *head, bool told, int status)
{
	struct puck_writeback_job *job;

	lockdep_assert_held(&head->kms->lock);

	list_for_each_entry(job, &head->writebacks, node)
		if (job->told == told)
			puck_writeback_end(job, status);
	puck_writeback_settle(head);
}

/**
 * puck_writeback_fail_all - the same with all pictures
 * @head: the head
 * @status: why
 *
 * Context: puck_kms.lock is held.
 */
void puck_writeback_fail_all(struct puck_head *head, int status)
{
	puck_writeback_fail(head, true, status);
	puck_writeback_fail(head, false, status);
}

static struct puck_writeback_job *puck_writeback_find(struct puck_head *head, u32 seqno)
{
	struct puck_writeback_job *job;

	list_for_each_entry(job, &head->writebacks, node)
		if (job->told && job->seqno == seqno)
			return job;
	return NULL;
}

/**
 * puck_writeback_take - see what the device has written last
 * @head: the head
 *
 * Context: between puck_kms_enter(), which returned true, and puck_kms_exit(); or before a reset.
 */
void puck_writeback_take(struct puck_head *head)
{
	struct puck_writeback_job *last, *job;
	int status;

	lockdep_assert_held(&head->kms->lock);

	last = puck_writeback_find(head, puck_head_read(head, PUCK_HEAD_WB_SEQNO));
	if (!last)
		return;
	status = puck_head_read(head, PUCK_HEAD_WB_RESULT) == PUCK_HEAD_WB_DONE ? 0 : -EIO;
	/* How one before it has ended is not known any more. */
	list_for_each_entry(job, &head->writebacks, node) {
		puck_writeback_end(job, job == last ? status : -EIO);
		if (job == last)
			break;
	}
	puck_writeback_settle(head);
}

/**
 * puck_writeback_look - the same, for a head's interrupt, and for who has waited for long
 * @head: the head
 *
 * Context: any.
 */
void puck_writeback_look(struct puck_head *head)
{
	struct puck_kms_access access;

	if (puck_kms_enter(head->kms, &access))
		puck_writeback_take(head);
	puck_kms_exit(head->kms, &access);
}

/* ---- what a commit writes ---- */

static int puck_written_get_one(struct drm_writeback_job *job, struct puck_written *written)
{
	u32 index = writeback_to_puck_head(job->connector)->index;

	if (!job->out_fence)
		job->out_fence = drm_writeback_get_out_fence(job->connector);
	if (!job->out_fence)
		return -ENOMEM;
	written->fence[index] = dma_fence_get(job->out_fence);
	written->obj[index] = drm_gem_fb_get_obj(job->fb, 0);
	drm_gem_object_get(written->obj[index]);
	return 0;
}

/**
 * puck_written_get - keep what there is to be known of what a commit writes
 * @state: the commit, whose jobs are not queued yet
 * @written: filled in
 *
 * Each job has a fence behind it.
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM, with nothing kept; never that if it was called for @state before.
 */
int puck_written_get(struct puck_atomic_state *state, struct puck_written *written)
{
	struct drm_connector_state *conn_state;
	struct drm_connector *connector;
	int i, ret = 0;

	*written = (struct puck_written) { };
	for_each_new_connector_in_state(state, connector, conn_state, i) {
		if (!ret && conn_state->writeback_job)
			ret = puck_written_get_one(conn_state->writeback_job, written);
	}
	if (ret)
		puck_written_put(written);
	return ret;
}

/**
 * puck_written_put - undo puck_written_get()
 * @written: from there
 */
void puck_written_put(struct puck_written *written)
{
	unsigned int i;

	for (i = 0; i < PUCK_DISPLAY_HEADS_MAX; i++) {
		dma_fence_put(written->fence[i]);
		if (written->obj[i])
			drm_gem_object_put(written->obj[i]);
	}
}

static void puck_written_tell_one(struct drm_gem_object *obj, struct dma_fence *fence)
{
	int ret;

	dma_resv_lock(obj->resv, NULL);
	ret = dma_resv_reserve_fences(obj->resv, 1);
	if (!ret)
		dma_resv_add_fence(obj->resv, fence, DMA_RESV_USAGE_WRITE);
	dma_resv_unlock(obj->resv);
	/* The commit cannot be taken back. */
	if (ret)
		dma_fence_wait(fence, false);
}

/**
 * puck_written_tell - tell whoever uses the memory that it is being written
 * @written: the commit was taken
 *
 * Context: may sleep; takes dma_resv locks.
 */
void puck_written_tell(struct puck_written *written)
{
	unsigned int i;

	for (i = 0; i < PUCK_DISPLAY_HEADS_MAX; i++)
		if (written->fence[i] && !dma_fence_is_signaled(written->fence[i]))
			puck_written_tell_one(written->obj[i], written->fence[i]);
}

static void puck_written_give_up(struct puck_head *head, const struct dma_fence *fence)
{
	struct puck_kms_access access;
	struct puck_writeback_job *job;

	puck_kms_enter(head->kms, &access);
	list_for_each_entry(job, &head->writebacks, node)
		if (job->fence == fence)
			puck_writeback_end(job, -ETIMEDOUT);
	puck_writeback_settle(head);
	puck_kms_exit(head->kms, &access);
}

static void puck_written_wait_for(struct puck_head *head, struct dma_fence *fence)
{
	unsigned int looks;

	for (looks = 0; looks < PUCK_WRITEBACK_LOOKS; looks++) {
		if (dma_fence_wait_timeout(fence, false, PUCK_WRITEBACK_LOOK) > 0)
			return;
		puck_writeback_look(head);
	}
	if (dma_fence_is_signaled(fence))
		return;
	drm_err(&head->kms->puck->drm, "head %u: a picture is not written\n", head->index);
	puck_written_give_up(head, fence);
}

/**
 * puck_written_wait - wait until what a commit writes is written, or will not be
 * @kms: the display
 * @written: the commit is shown
 *
 * Context: may sleep; in the way of fences.
 */
void puck_written_wait(struct puck_kms *kms, struct puck_written *written)
{
	u32 i;

	for (i = 0; i < kms->num_heads; i++)
		if (written->fence[i])
			puck_written_wait_for(&kms->head[i], written->fence[i]);
}

/**
 * puck_writeback_begin - wait until nobody else uses what a commit is about to write
 * @state: the commit
 *
 * Context: may sleep; in the way of fences.
 */
void puck_writeback_begin(struct puck_atomic_state *state)
{
	struct drm_connector_state *conn_state;
	struct drm_connector *connector;
	struct puck_writeback_job *job;
	int i;

	for_each_new_connector_in_state(state, connector, conn_state, i) {
		job = conn_state->writeback_job ? conn_state->writeback_job->priv : NULL;
		if (job && job->after)
			dma_fence_wait(job->after, false);
	}
}

/**
 * puck_writeback_settled - wait until the memory of all pictures is let go of
 * @kms: the display, whose heads are off
 *
 * A worker does that, behind their fences.
 *
 * Context: may sleep.
 * Return: 0 or -EBUSY.
 */
int puck_writeback_settled(struct puck_kms *kms)
{
	long left = wait_var_event_timeout(&kms->pictures, !atomic_read(&kms->pictures),
					   PUCK_WRITEBACK_LOOKS * PUCK_WRITEBACK_LOOK);

	return left ? 0 : -EBUSY;
}

/* ---- the connector ---- */

static int puck_writeback_get_modes(struct drm_connector *connector)
{
	return drm_add_modes_noedid(connector, PUCK_DISPLAY_DIM_MAX_VALUE,
				    PUCK_DISPLAY_DIM_MAX_VALUE);
}

/* All of the picture, and in a format that the device writes. */
static int puck_writeback_check(struct drm_connector *connector, struct puck_atomic_state *state)
{
	struct drm_connector_state *conn_state =
		drm_atomic_get_new_connector_state(state, connector);
	const struct drm_writeback_job *job = conn_state->writeback_job;
	const struct drm_display_mode *mode;

	if (!job || !job->fb)
		return 0;
	mode = &drm_atomic_get_new_crtc_state(state, conn_state->crtc)->mode;
	if (job->fb->width != mode->hdisplay || job->fb->height != mode->vdisplay)
		return -EINVAL;
	return drm_atomic_helper_check_wb_connector_state(connector, state);
}

/* The memory first: it may be about to move, and that leaves a fence. */
static int puck_writeback_make(struct puck_kms *kms, struct drm_framebuffer *fb,
			       struct puck_writeback_job *job)
{
	int ret;

	job->scanout = puck_scanout_create(kms, fb);
	if (IS_ERR(job->scanout))
		return PTR_ERR(job->scanout);
	ret = dma_resv_get_singleton(drm_gem_fb_get_obj(fb, 0)->resv, dma_resv_usage_rw(true),
				     &job->after);
	if (ret)
		puck_scanout_destroy(kms, job->scanout);
	return ret;
}

static int puck_writeback_prepare(struct drm_writeback_connector *writeback,
				  struct drm_writeback_job *drm_job)
{
	struct puck_kms *kms = writeback_to_puck_head(writeback)->kms;
	struct puck_writeback_job *job = kzalloc(sizeof(*job), GFP_KERNEL);
	int ret;

	if (!job)
		return -ENOMEM;
	ret = puck_writeback_make(kms, drm_job->fb, job);
	if (ret) {
		kfree(job);
		return ret;
	}
	job->fence = drm_job->out_fence;
	drm_job->priv = job;
	atomic_inc(&kms->pictures);
	/* It is cleaned up by a worker, after the commit and after whoever has made it. */
	drm_dev_get(&kms->puck->drm);
	__module_get(THIS_MODULE);
	return 0;
}

static void puck_writeback_cleanup(struct drm_writeback_connector *writeback,
				   struct drm_writeback_job *drm_job)
{
	struct puck_kms *kms = writeback_to_puck_head(writeback)->kms;
	struct drm_device *dev = &kms->puck->drm;
	struct puck_writeback_job *job = drm_job->priv;

	puck_scanout_destroy(kms, job->scanout);
	dma_fence_put(job->after);
	kfree(job);
	/* The core would do that behind us, when the device may have gone. */
	drm_framebuffer_put(drm_job->fb);
	drm_job->fb = NULL;
	if (atomic_dec_and_test(&kms->pictures))
		wake_up_var(&kms->pictures);
	drm_dev_put(dev);
	module_put(THIS_MODULE);
}

/* The job is the core's from here on, until it is signalled. */
static void puck_writeback_commit(struct drm_connector *connector, struct puck_atomic_state *state)
{
	struct drm_connector_state *conn_state =
		drm_atomic_get_new_connector_state(state, connector);
	struct drm_writeback_connector *writeback = drm_connector_to_writeback(connector);
	struct puck_head *head = writeback_to_puck_head(writeback);
	const struct drm_framebuffer *fb = conn_state->writeback_job->fb;
	struct puck_writeback_job *job = conn_state->writeback_job->priv;

	head->staged.flags |= PUCK_HEAD_WRITEBACK;
	head->staged.wb_source = job->scanout->source;
	head->staged.wb_arg = job->scanout->arg;
	/* Its offset is a multiple of four, so the list begins with its first byte. */
	head->staged.wb_addr = job->scanout->addr;
	head->staged.wb_pitch = fb->pitches[0];
	head->staged_writeback = job;
	drm_writeback_queue_job(writeback, conn_state);
}

static const struct drm_connector_helper_funcs puck_writeback_helper_funcs = {
	.get_modes = puck_writeback_get_modes,
	.atomic_check = puck_writeback_check,
	.atomic_commit = puck_writeback_commit,
	.prepare_writeback_job = puck_writeback_prepare,
	.cleanup_writeback_job = puck_writeback_cleanup,
};

static const struct drm_connector_funcs puck_writeback_funcs = {
	.fill_modes = drm_helper_probe_single_connector_modes,
	.destroy = drm_connector_cleanup,
	.reset = drm_atomic_helper_connector_reset,
	.atomic_duplicate_state = drm_atomic_helper_connector_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_connector_destroy_state,
};

/**
 * puck_writeback_init - make the writeback connector of a head
 * @head: the head, with its CRTC and its encoder
 *
 * It goes with the DRM device.
 *
 * Return: 0 or a negative errno.
 */
int puck_writeback_init(struct puck_head *head)
{
	struct drm_encoder *encoder = &head->writeback.encoder;
	int ret;

	INIT_LIST_HEAD(&head->writebacks);
	drm_connector_helper_add(&head->writeback.base, &puck_writeback_helper_funcs);
	ret = drm_writeback_connector_init(head->crtc.dev, &head->writeback,
					   &puck_writeback_funcs, NULL, puck_writeback_fourccs,
					   ARRAY_SIZE(puck_writeback_fourccs),
					   drm_crtc_mask(&head->crtc));
	if (ret)
		return ret;
	/* A picture is written whether somebody looks at it or not. */
	encoder->possible_clones = drm_encoder_mask(encoder) | drm_encoder_mask(&head->encoder);
	head->encoder.possible_clones = encoder->possible_clones;
	return 0;
}
