// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What user space asks of puck.ko's display, with each allocation of it failing once: queries,
 * framebuffers, commits of all kinds, flips, cursor, gamma, writeback. What a head shows is
 * compared each time: after an error it is what it was.
 *
 * usage: fail_nth_kms [OPERATION [FROM]]
 */
#include "lib/base/array.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/fail_nth/inject.h"
#include "lib/fail_nth/sweep.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/kms/screen.h"
#include "lib/kms/writeback.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define FLIP	(DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT)
#define GAMMA	256

static struct screen screen;
static struct kms_fb first, second, written;
static uint32_t handed;		/* an object that this time's call has made */

static int call_once(unsigned long nr, void *arg)
{
	return ioctl(screen.card.fd, nr, arg) ? -errno : 0;
}

static int shows(const struct kms_fb *fb)
{
	struct kms_model model = screen_model(fb);

	return screen_shows_now(&screen, &model) ? 0 : -EBADMSG;
}

/* As it was, or as it was asked for. */
static int shows_either(int ret, const struct kms_fb *fb)
{
	return shows(ret ? &first : fb);
}

/* The answer's copy may fail when it is done already: then nobody knows which. */
static int shows_some(int ret, const struct kms_fb *fb)
{
	int wrong = shows_either(ret, fb);

	return wrong && ret == -EFAULT ? shows(fb) : wrong;
}

static int before_shown(void)
{
	return screen_on(&screen, &first);
}

/* ---- files and queries ---- */

static int opened;

static int run_open(void)
{
	struct drm_set_client_cap cap = { .capability = DRM_CLIENT_CAP_ATOMIC, .value = 1 };

	opened = open(screen.card.node, O_RDWR | O_CLOEXEC);
	if (opened < 0)
		return -errno;
	return ioctl(opened, DRM_IOCTL_SET_CLIENT_CAP, &cap) ? -errno : 0;
}

static int after_open(int ret)
{
	(void)ret;
	if (opened >= 0)
		close(opened);
	return 0;
}

static int run_queries(void)
{
	uint32_t crtcs[4], planes[16], encoder;
	struct drm_mode_card_res res = { .crtc_id_ptr = (uintptr_t)crtcs, .count_crtcs = 4 };
	struct drm_mode_get_plane_res list = { .plane_id_ptr = (uintptr_t)planes, .count_planes = 16 };
	struct drm_mode_crtc crtc = { .crtc_id = screen.head->crtc };
	struct drm_mode_get_plane plane = { .plane_id = screen.head->plane[0] };
	struct drm_mode_get_connector connector = {
		.connector_id = screen.head->connector,
		.encoders_ptr = (uintptr_t)&encoder, .count_encoders = 1,
	};
	struct drm_mode_get_property prop = { .prop_id = screen.head->plane_props[0].prop[0].id };
	int ret = call_once(DRM_IOCTL_MODE_GETRESOURCES, &res);

	if (!ret)
		ret = call_once(DRM_IOCTL_MODE_GETPLANERESOURCES, &list);
	if (!ret)
		ret = call_once(DRM_IOCTL_MODE_GETCRTC, &crtc);
	if (!ret)
		ret = call_once(DRM_IOCTL_MODE_GETPLANE, &plane);
	if (!ret)
		ret = call_once(DRM_IOCTL_MODE_GETPROPERTY, &prop);
	/* It looks for a monitor, and what that can do, as none of its modes are asked for. */
	return ret ? ret : call_once(DRM_IOCTL_MODE_GETCONNECTOR, &connector);
}

/* ---- objects ---- */

static int run_dumb(void)
{
	struct drm_mode_create_dumb dumb = { .width = 64, .height = 48, .bpp = 32 };
	struct drm_mode_map_dumb map = { 0 };
	int ret = call_once(DRM_IOCTL_MODE_CREATE_DUMB, &dumb);

	handed = ret ? 0 : dumb.handle;
	map.handle = handed;
	return ret ? ret : call_once(DRM_IOCTL_MODE_MAP_DUMB, &map);
}

/* A copy that failed has taken the handle with it. */
static int after_dumb(int ret)
{
	struct drm_mode_destroy_dumb args = { .handle = handed };

	(void)ret;
	return handed ? puck_call(screen.card.fd, DRM_IOCTL_MODE_DESTROY_DUMB, &args) : 0;
}

static int run_fb(void)
{
	struct drm_mode_fb_cmd2 cmd = {
		.width = second.width, .height = second.height, .pixel_format = second.format,
		.handles = { second.bo.handle }, .pitches = { second.pitch },
	};
	int ret = call_once(DRM_IOCTL_MODE_ADDFB2, &cmd);

	handed = ret ? 0 : cmd.fb_id;
	return ret;
}

static int after_fb(int ret)
{
	(void)ret;
	return handed ? puck_call(screen.card.fd, DRM_IOCTL_MODE_RMFB, &handed) : 0;
}

/* Of what is shown: the head goes off with it. */
static int before_fb_gone(void)
{
	struct kms_fb again = second;
	int ret = kms_fb_add(screen.card.fd, &again);

	handed = again.id;
	return ret ? ret : screen_on(&screen, &again);
}

static int run_fb_gone(void)
{
	return call_once(DRM_IOCTL_MODE_RMFB, &handed);
}

static int after_fb_gone(int ret)
{
	uint32_t id = handed;
	int again = puck_call(screen.card.fd, DRM_IOCTL_MODE_RMFB, &id);

	/* It is there until it was removed; the answer's copy may fail when it is not any more. */
	if (again != (ret ? 0 : -ENOENT) && (ret != -EFAULT || again != -ENOENT))
		return -EILSEQ;
	return before_shown();
}

static int run_blob(void)
{
	struct drm_mode_modeinfo mode = kms_mode(64, 48, 60);
	struct drm_mode_create_blob args = { .data = (uintptr_t)&mode, .length = sizeof(mode) };
	int ret = call_once(DRM_IOCTL_MODE_CREATEPROPBLOB, &args);

	handed = ret ? 0 : args.blob_id;
	return ret;
}

static int after_blob(int ret)
{
	(void)ret;
	return handed ? kms_blob_drop(&screen.card, handed) : 0;
}

/* ---- commits ---- */

static struct kms_atomic commit;

static int before_commit(void)
{
	int ret = before_shown();

	commit = (struct kms_atomic){ 0 };
	kms_set_shown(&commit, screen.head, 0, second.id, 0, 0, second.width, second.height);
	return ret;
}

/* kms_commit() that is not tried again. */
static int commit_once(uint32_t flags)
{
	uint32_t props[KMS_OBJECTS * KMS_VALUES], o, n = 0;
	uint64_t values[KMS_OBJECTS * KMS_VALUES];
	struct drm_mode_atomic args = {
		.flags = flags, .count_objs = commit.objects,
		.objs_ptr = (uintptr_t)commit.object, .count_props_ptr = (uintptr_t)commit.count,
		.props_ptr = (uintptr_t)props, .prop_values_ptr = (uintptr_t)values,
	};

	for (o = 0; o < commit.objects; n += commit.count[o++]) {
		memcpy(props + n, commit.prop[o], commit.count[o] * sizeof(*props));
		memcpy(values + n, commit.value[o], commit.count[o] * sizeof(*values));
	}
	return call_once(DRM_IOCTL_MODE_ATOMIC, &args);
}

static int run_test_only(void)
{
	return commit_once(DRM_MODE_ATOMIC_TEST_ONLY);
}

static int after_test_only(int ret)
{
	(void)ret;
	return shows(&first);
}

static int run_commit(void)
{
	return commit_once(0);
}

static int after_commit(int ret)
{
	return shows_some(ret, &second);
}

/* From nothing to a picture. */
static int before_modeset(void)
{
	int ret = screen_off(&screen);

	commit = (struct kms_atomic){ 0 };
	kms_set_on(&commit, screen.head, screen.mode);
	kms_set_shown(&commit, screen.head, 0, second.id, 0, 0, second.width, second.height);
	return ret;
}

static int run_modeset(void)
{
	return commit_once(DRM_MODE_ATOMIC_ALLOW_MODESET);
}

static int after_modeset(int ret)
{
	return ret ? 0 : shows(&second);
}

/* ---- flips ---- */

static int32_t in_fence, out_fence;

static int before_flip(void)
{
	struct drm_puck_submit empty = job_empty(screen.puck.queue[0]);
	int ret = before_commit();

	in_fence = ret ? ret : submit_fd(screen.card.fd, &empty);
	out_fence = -1;
	kms_set_plane(&commit, screen.head, 0, "IN_FENCE_FD", in_fence);
	kms_set_crtc(&commit, screen.head, "OUT_FENCE_PTR", (uintptr_t)&out_fence);
	return in_fence < 0 ? in_fence : 0;
}

static int run_flip(void)
{
	return commit_once(FLIP);
}

/*
 * The answer's copy may fail when a flip is queued: its event comes before another commit is done,
 * and that shows the first picture.
 */
static int look_behind(void)
{
	struct drm_event_vblank event;
	int ret = before_shown(), told = kms_event(screen.card.fd, &event, 0);

	return ret ? ret : told && told != -ETIME ? told : shows(&first);
}

/* Its event comes, and with an error none. */
static int look_at_event(int ret)
{
	struct drm_event_vblank event;
	int told = kms_event(screen.card.fd, &event, ret ? 0 : FOREVER_MS);

	if (ret)
		return told == -ETIME ? shows(&first) : -EILSEQ;
	return told ? told : shows(&second);
}

static int look_at_fence(int ret)
{
	if (ret)
		return out_fence == -1 ? 0 : -EILSEQ;
	return fence_result(out_fence, FOREVER_MS) == 1 ? 0 : -EIO;
}

static int after_flip(int ret)
{
	int wrong = ret == -EFAULT ? look_behind() : look_at_event(ret);

	if (!wrong && ret != -EFAULT)
		wrong = look_at_fence(ret);
	if (in_fence >= 0)
		close(in_fence);
	if (out_fence >= 0)
		close(out_fence);
	return wrong;
}

static int run_page_flip(void)
{
	struct drm_mode_crtc_page_flip args = {
		.crtc_id = screen.head->crtc, .fb_id = second.id, .flags = DRM_MODE_PAGE_FLIP_EVENT,
	};

	return call_once(DRM_IOCTL_MODE_PAGE_FLIP, &args);
}

static int after_page_flip(int ret)
{
	return ret == -EFAULT ? look_behind() : look_at_event(ret);
}

/* ---- the calls of before there were commits ---- */

static int run_set_crtc(void)
{
	struct drm_mode_crtc args = {
		.set_connectors_ptr = (uintptr_t)&screen.head->connector, .count_connectors = 1,
		.crtc_id = screen.head->crtc, .fb_id = second.id, .mode_valid = 1,
		.mode = kms_mode(SCREEN_WIDTH, SCREEN_HEIGHT, SCREEN_HZ),
	};

	return call_once(DRM_IOCTL_MODE_SETCRTC, &args);
}

static int run_cursor(void)
{
	struct drm_mode_cursor2 args = {
		.flags = DRM_MODE_CURSOR_BO | DRM_MODE_CURSOR_MOVE, .crtc_id = screen.head->crtc,
		.x = 3, .y = 4, .width = second.width, .height = second.height,
		.handle = second.bo.handle,
	};

	return call_once(DRM_IOCTL_MODE_CURSOR2, &args);
}

static int run_gamma(void)
{
	static uint16_t ramp[GAMMA];
	struct drm_mode_crtc_lut args = {
		.crtc_id = screen.head->crtc, .gamma_size = GAMMA, .red = (uintptr_t)ramp,
		.green = (uintptr_t)ramp, .blue = (uintptr_t)ramp,
	};

	return call_once(DRM_IOCTL_MODE_SETGAMMA, &args);
}

static int run_dirty(void)
{
	struct drm_clip_rect clip = { 1, 2, 30, 20 };
	struct drm_mode_fb_dirty_cmd args = {
		.fb_id = first.id, .clips_ptr = (uintptr_t)&clip, .num_clips = 1,
	};

	return call_once(DRM_IOCTL_MODE_DIRTYFB, &args);
}

/* An error of these changes nothing; else what they do is undone by what comes next. */
static int after_change(int ret)
{
	return ret == -ENOMEM ? shows(&first) : before_shown();
}

/* ---- writeback ---- */

static int before_written(void)
{
	int ret = before_shown();

	if (!ret)
		ret = kms_writeback_on(&screen.card, screen.head, true);
	memset(written.bo.map, 0x5a, written.bo.size);
	bo_flush(screen.card.fd, &written.bo);
	commit = (struct kms_atomic){ 0 };
	kms_set_written(&commit, screen.head, written.id, &out_fence);
	return ret;
}

static int look_at_written(int ret)
{
	struct kms_model model = screen_model(&first);

	if (ret && out_fence == -1)
		return 0;
	/* Only the answer's copy may fail when it is being written. */
	if (ret && ret != -EFAULT)
		return -EILSEQ;
	if (fence_result(out_fence, FOREVER_MS) != 1)
		return -EIO;
	if (bo_wait(screen.card.fd, &written.bo, 0, FOREVER_NS))
		return -ETIME;
	return kms_is_written(&written, &model, screen.room, 0x5a) ? 0 : -EBADMSG;
}

static int after_written(int ret)
{
	int wrong = look_at_written(ret), off;

	if (out_fence >= 0)
		close(out_fence);
	off = kms_writeback_on(&screen.card, screen.head, false);
	return wrong ? wrong : off ? off : shows(&first);
}

/* ---- CRCs ---- */

static int crc_fd;

static int run_crc(void)
{
	crc_fd = kms_crc_open(&screen.card, screen.index, "all");
	return crc_fd < 0 ? crc_fd : 0;
}

static int after_crc(int ret)
{
	if (crc_fd >= 0)
		close(crc_fd);
	return ret ? 0 : shows(&first);
}

static const struct fail_op ops[] = {
	{ .name = "kms_open", .run = run_open, .after = after_open },
	{ .name = "kms_queries", .before = before_shown, .run = run_queries,
	  .after = after_test_only },
	{ .name = "dumb", .run = run_dumb, .after = after_dumb },
	{ .name = "fb", .run = run_fb, .after = after_fb },
	{ .name = "fb_gone", .before = before_fb_gone, .run = run_fb_gone, .after = after_fb_gone },
	{ .name = "blob", .run = run_blob, .after = after_blob },
	{ .name = "test_only", .before = before_commit, .run = run_test_only,
	  .after = after_test_only },
	{ .name = "commit", .before = before_commit, .run = run_commit, .after = after_commit },
	{ .name = "modeset", .before = before_modeset, .run = run_modeset, .after = after_modeset },
	{ .name = "flip", .before = before_flip, .run = run_flip, .after = after_flip },
	{ .name = "page_flip", .before = before_shown, .run = run_page_flip,
	  .after = after_page_flip },
	{ .name = "set_crtc", .before = before_shown, .run = run_set_crtc, .after = after_commit },
	{ .name = "cursor", .before = before_shown, .run = run_cursor, .after = after_change },
	{ .name = "gamma", .before = before_shown, .run = run_gamma, .after = after_change },
	{ .name = "dirty", .before = before_shown, .run = run_dirty, .after = after_test_only },
	{ .name = "writeback", .before = before_written, .run = run_commit,
	  .after = after_written },
	{ .name = "crc", .before = before_shown, .run = run_crc, .after = after_crc },
};

int main(int argc, char **argv)
{
	int fd, ret;

	ktap_begin();
	fail_parse(argc, argv);
	if (!fail_init())
		return fail_cannot();
	screen_open(&screen, 0);
	fd = screen.card.fd;
	ret = kms_fb_create(fd, &first, KMS_XRGB, SCREEN_WIDTH, SCREEN_HEIGHT, BO_SYSTEM);
	ret = ret ? ret : kms_fb_create(fd, &second, KMS_XRGB, SCREEN_WIDTH, SCREEN_HEIGHT, BO_VRAM);
	ret = ret ? ret : kms_fb_create(fd, &written, KMS_XRGB, SCREEN_WIDTH, SCREEN_HEIGHT, BO_SYSTEM);
	ktap_need(!ret, "framebuffers: %d", ret);
	kms_fb_fill(&first, 0x00123456);
	kms_fb_fill(&second, 0x00abcdef);
	bo_flush(fd, &first.bo);
	bo_flush(fd, &second.bo);
	fail_sweeps(ops, ARRAY_SIZE(ops));
	screen_off(&screen);
	screen_close(&screen);
	return ktap_end();
}
