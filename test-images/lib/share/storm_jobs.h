/* SPDX-License-Identifier: MIT */
/*
 * Jobs of GPUs with shared buffers: what they read, and what they write, is settled with the ledger
 * of each buffer when they are submitted, and nobody waits for anybody but by fences.
 */
#ifndef LIB_SHARE_STORM_JOBS_H
#define LIB_SHARE_STORM_JOBS_H

#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/vm.h"
#include "lib/share/storm.h"

#define STORM_USES	3
/* VRAM has to have it where others want to be: a quarter of 4 MiB. */
#define STORM_ROOM	(1u << 20)
/* Where a VM has the one buffer that a job by address uses. */
#define STORM_ADDRESS	0x40000000ull

/**
 * struct storm_use - a buffer in a job
 * @buffer: which one; its lock is held
 * @reads, @writes: a part of it
 * @by_file: the job waits for the fences that the dma-buf hands out, and not by itself
 * @first, @blocks: which part; zeroes: any, and what is read need not be what is written
 */
struct storm_use {
	uint32_t buffer;
	bool reads, writes, by_file;
	uint32_t first, blocks;
};

/* A job that is being made. */
struct storm_job {
	unsigned int gpu;
	struct storm_pending *pending;
	struct bo *result;
	uint32_t nrefs, ncmds;
	struct drm_puck_bo_ref refs[STORM_USES + 2];
	struct drm_puck_cmd cmds[STORM_USES + 2];
	bool refused;
	int in_fence;
};

/* ---- the end of jobs ---- */

static inline bool storm_judge(struct storm_worker *w, const struct storm_pending *p,
			       const struct bo *result)
{
	int fd = w->devices.gpu[p->gpu].fd, ret;

	if (!p->reads)
		return true;
	ret = bo_wait(fd, result, 0, FOREVER_NS);
	if (ret)
		return storm_trouble(w, "wait for a result: %s", strerror(-ret));
	return storm_compare(w, &p->read, result->map, p->gpu ? "GPU 1" : "GPU 0");
}

/* Waits until no more than @most jobs are left, and looks at what the others have read. */
static inline bool storm_settle(struct storm_worker *w, uint32_t most)
{
	bool good = true;

	while (good && w->npending > most) {
		struct storm_pending *p = &w->pending[w->first];
		int ret = fence_result(p->fence, FOREVER_MS);

		if (ret != 1)
			good = storm_trouble(w, "a job on GPU %u: %s", p->gpu, strerror(-ret));
		else
			good = storm_judge(w, p, &w->result[w->first][p->gpu]);
		w->first = (w->first + 1) % STORM_PENDING;
		w->npending--;
		storm_is_sure(w);
	}
	return good;
}

/* A place for one job more. */
static inline struct storm_pending *storm_place(struct storm_worker *w, unsigned int gpu)
{
	struct storm_pending *p;

	if (!storm_settle(w, STORM_PENDING - 1))
		return NULL;
	p = &w->pending[(w->first + w->npending) % STORM_PENDING];
	p->gpu = gpu;
	p->number = w->number + 1;
	p->reads = false;
	return p;
}

static inline void storm_submitted(struct storm_worker *w, struct storm_pending *p, int fence)
{
	p->fence = fence;
	w->npending++;
	storm_count(w, STORM_JOBS);
}

/* ---- what a job does ---- */

static inline uint32_t storm_add_ref(struct storm_job *job, struct drm_puck_bo_ref ref)
{
	job->refs[job->nrefs] = ref;
	return job->nrefs++;
}

static inline void storm_add_read(struct storm_worker *w, struct storm_job *job,
				  const struct storm_use *use, uint32_t ref)
{
	uint32_t first = use->first, blocks = use->blocks;

	if (!blocks)
		storm_range(w, &first, &blocks);
	storm_expect(w, &job->pending->read, use->buffer, first, blocks);
	job->pending->reads = true;
	job->cmds[job->ncmds++] = cmd_copy(ref, (uint64_t)first * BLOCK_SIZE,
					   storm_add_ref(job, ref_write(job->result)), 0,
					   (uint64_t)blocks * BLOCK_SIZE);
}

static inline void storm_add_write(struct storm_worker *w, struct storm_job *job,
				   struct storm_use *use, uint32_t ref)
{
	uint32_t value;

	if (!use->blocks)
		storm_range(w, &use->first, &use->blocks);
	value = ledger_note(&w->memory->buffer[use->buffer].ledger, use->first, use->blocks,
			    w->life, job->pending->number, job->gpu ? "by GPU 1" : "by GPU 0",
			    false);
	job->cmds[job->ncmds++] = cmd_fill(ref, (uint64_t)use->first * BLOCK_SIZE,
					   (uint64_t)use->blocks * BLOCK_SIZE, value);
}

/* False: the job does without the buffer, or something is wrong. */
static inline bool storm_add_import(struct storm_worker *w, struct storm_job *job,
				    struct storm_use *use)
{
	bool revoked = storm_is_revoked(w, use->buffer, job->gpu);
	int ret = storm_import(w, use->buffer, job->gpu);

	if (!ret)
		return true;
	use->reads = false;
	use->writes = false;
	if (revoked && ret == -ENODEV)
		storm_count(w, STORM_REFUSED);
	else
		storm_trouble(w, "buffer %u on GPU %u: import: %s", use->buffer, job->gpu,
			      strerror(-ret));
	return false;
}

/* One job reads one buffer at most, and that before it writes. */
static inline bool storm_add(struct storm_worker *w, struct storm_job *job, struct storm_use *use)
{
	int file = w->mine[use->buffer].dmabuf.dmabuf;
	struct drm_puck_bo_ref ref;
	uint32_t place;

	if (!storm_add_import(w, job, use))
		return !w->wrong;
	job->refused |= storm_is_revoked(w, use->buffer, job->gpu);
	ref = (struct drm_puck_bo_ref){ w->mine[use->buffer].bo[job->gpu].handle, 0 };
	ref.flags = (use->reads ? DRM_PUCK_REF_READ : 0) | (use->writes ? DRM_PUCK_REF_WRITE : 0);
	if (use->by_file && job->in_fence < 0) {
		job->in_fence = dmabuf_fences(file, use->writes ? DMA_BUF_SYNC_WRITE :
								  DMA_BUF_SYNC_READ);
		if (job->in_fence < 0)
			return storm_trouble(w, "fences of buffer %u: %s", use->buffer,
					     strerror(-job->in_fence));
		ref.flags |= DRM_PUCK_REF_NO_IMPLICIT;
	}
	place = storm_add_ref(job, ref);
	if (use->reads && !job->pending->reads)
		storm_add_read(w, job, use, place);
	if (use->writes)
		storm_add_write(w, job, use, place);
	return true;
}

/* Others have to leave VRAM for it. */
static inline void storm_add_room(struct storm_worker *w, struct storm_job *job)
{
	uint32_t ref = storm_add_ref(job, ref_write(&w->room[job->gpu]));

	job->cmds[job->ncmds++] = cmd_fill(ref, 0, BLOCK_SIZE, job->pending->number);
}

/* Where BOs of the GPU's own are that it has used: in the midst of it, if the job is late. */
static inline void storm_look_where(struct storm_worker *w, unsigned int gpu,
				    const struct storm_use *use)
{
	const struct exporter *exp = storm_exporter(use->buffer);
	struct bo *bo = &w->mine[use->buffer].bo[gpu];

	if (exp->make != make_bo_vram || exp->gpu != (int)gpu || !bo->handle)
		return;
	storm_count(w, bo_region(w->devices.gpu[gpu].fd, bo) == DRM_PUCK_REGION_VRAM ?
		    STORM_IN_VRAM : STORM_IN_SYSTEM);
}

static inline void storm_undo(struct storm_worker *w, const struct storm_use *uses, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		if (uses[i].writes)
			ledger_take_back(&w->memory->buffer[uses[i].buffer].ledger, uses[i].first,
					 uses[i].blocks);
	storm_count(w, STORM_REFUSED);
}

static inline int storm_submit(struct storm_worker *w, const struct storm_job *made)
{
	const struct puck *puck = &w->devices.gpu[made->gpu];
	struct drm_puck_submit args;
	int ret;

	args = job(puck->queue[storm_below(w, puck->compute)], made->refs, made->nrefs, made->cmds,
		   made->ncmds);
	if (made->in_fence >= 0) {
		args.flags |= DRM_PUCK_SUBMIT_IN_FENCE_FD;
		args.in_fence_fd = made->in_fence;
	}
	ret = submit_fd(puck->fd, &args);
	if (made->in_fence >= 0)
		close(made->in_fence);
	return ret;
}

/* A job on a GPU with buffers whose locks are held. It is refused if one of them was revoked. */
static inline bool storm_job(struct storm_worker *w, unsigned int gpu, struct storm_use *uses,
			     uint32_t count, bool room)
{
	struct storm_job job = { .gpu = gpu, .in_fence = -1 };
	uint32_t i;
	int ret;

	job.pending = storm_place(w, gpu);
	if (!job.pending)
		return false;
	job.result = &w->result[job.pending - w->pending][gpu];
	w->number++;
	for (i = 0; i < count; i++)
		if (!storm_add(w, &job, &uses[i]))
			return false;
	if (room)
		storm_add_room(w, &job);
	ret = storm_submit(w, &job);
	if (ret == -ENODEV && job.refused) {
		storm_undo(w, uses, count);
		return true;
	}
	if (ret < 0 || job.refused)
		return storm_trouble(w, "submit to GPU %u, %s: %d", gpu,
				     job.refused ? "with what was revoked" : "nothing revoked", ret);
	storm_submitted(w, job.pending, ret);
	for (i = 0; i < count; i++)
		storm_look_where(w, gpu, &uses[i]);
	return true;
}

/* ---- by address ---- */

static inline int storm_bind(struct storm_worker *w, unsigned int gpu, struct drm_puck_bind bind)
{
	return vm_bind_async(w->devices.gpu[gpu].fd, w->vm[gpu], &bind, 1, NULL, 0);
}

/* Until others know of the job by its fence the buffer is not as its ledger says. */
static inline int storm_fill_at(struct storm_worker *w, unsigned int gpu, uint32_t buffer,
				uint64_t offset, uint64_t length, uint32_t value)
{
	struct drm_puck_cmd cmd = fill_at(STORM_ADDRESS + offset, length, 0);
	struct drm_puck_submit args = job(w->vm_queue[gpu], NULL, 0, &cmd, 1);
	int fence, ret, file = w->mine[buffer].dmabuf.dmabuf;

	cmd.value = value;
	args.in_fence_fd = dmabuf_fences(file, DMA_BUF_SYNC_WRITE);
	if (args.in_fence_fd < 0)
		return args.in_fence_fd;
	args.flags = DRM_PUCK_SUBMIT_IN_FENCE_FD;
	w->memory->buffer[buffer].doubtful = 1;
	fence = submit_fd(w->devices.gpu[gpu].fd, &args);
	close(args.in_fence_fd);
	if (fence < 0)
		return fence;
	ret = dmabuf_add_fence(file, DMA_BUF_SYNC_WRITE, fence);
	if (!ret)
		w->memory->buffer[buffer].doubtful = 0;
	return ret ? ret : fence;
}

/*
 * The same by an address of a VM, where the buffer is mapped for this one job: nothing is in order
 * but by the files of fences that go out of the dma-buf and into it.
 */
static inline bool storm_job_at(struct storm_worker *w, unsigned int gpu, uint32_t buffer)
{
	struct storm_pending *p = storm_place(w, gpu);
	uint32_t first, blocks, value;
	int ret;

	if (!p)
		return false;
	ret = storm_import(w, buffer, gpu);
	if (!ret)
		ret = storm_bind(w, gpu, bind_map(&w->mine[buffer].bo[gpu], STORM_ADDRESS));
	if (ret)
		return storm_trouble(w, "buffer %u in a VM of GPU %u: %s", buffer, gpu,
				     strerror(-ret));
	w->number++;
	storm_range(w, &first, &blocks);
	value = ledger_note(&w->memory->buffer[buffer].ledger, first, blocks, w->life, p->number,
			    gpu ? "by address on GPU 1" : "by address on GPU 0", false);
	ret = storm_fill_at(w, gpu, buffer, (uint64_t)first * BLOCK_SIZE,
			    (uint64_t)blocks * BLOCK_SIZE, value);
	if (ret < 0)
		return storm_trouble(w, "submit by address to GPU %u: %s", gpu, strerror(-ret));
	storm_submitted(w, p, ret);
	storm_count(w, STORM_VM_JOBS);
	ret = storm_bind(w, gpu, bind_unmap(STORM_ADDRESS, SHARE_SIZE));
	return ret ? storm_trouble(w, "unmap in a VM: %s", strerror(-ret)) : true;
}

#endif /* LIB_SHARE_STORM_JOBS_H */
