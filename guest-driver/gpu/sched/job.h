/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A job: commands that run and complete together, from the ioctl to its release.
 */
#ifndef PUCK_JOB_H
#define PUCK_JOB_H

#include <linux/bitmap.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <drm/gpu_scheduler.h>
#include <drm/puck_drm.h>

#include "abi/puck_gpu.h"
#include "mem/segs.h"
#include "mem/wipe.h"

struct drm_gem_object;
struct puck_device;
struct puck_fence;
struct puck_job;
struct puck_queue;
struct puck_ring;

/* BOs of a job. */
#define PUCK_JOB_BOS_MAX	1024
static_assert(PUCK_JOB_BOS_MAX >= DRM_PUCK_SUBMIT_BOS_MAX);

/**
 * typedef puck_enter_fn - see whether a job can still do what it is for
 * @job: about to be written into the ring
 *
 * Context: a signalling section, inside drm_dev_enter(); maybe with puck_ring.lock, and with
 * nothing of the ring at work then.
 * Return: 0; or an error for its fence, and it is not written there.
 */
typedef int (*puck_enter_fn)(struct puck_job *job);

/**
 * struct puck_job - commands that run and complete together
 * @base: base
 * @ref: one for the way from the ioctl to the release, one of the submitter until it has
 *       let go of the BOs' locks
 * @puck: the device; a reference
 * @queue: where it was queued; a reference, for the counters of resets
 * @ring: where it runs
 * @fence: completion by the hardware; a reference
 * @number: what user space and fences know it by; given by the ioctl
 * @seqno: what the hardware knows it by; given when the job goes into the ring,
 *         and kept if it has to be written there again. Under puck_ring.lock
 * @bos: buffers it uses; references
 * @writes: bit i: the job writes @bos[i]
 * @explicit: bit i: the job does not wait for the fences of other users of @bos[i]
 * @nbos: entries in @bos
 * @listing: what puck_bo.listing is of @bos, and of no other BO, while they are locked; given
 *           when they are, and to no other job
 * @segs: segment lists; after drm_dev_unplug() under puck_device.late_lock
 * @wipe: what it fills, if that must not be left as it is when the job fails. Its one command
 *        beside the FENCE is a COPY or FILL then
 * @enter: called, if not NULL, before the job is written into the ring, also when it is written
 *         there again behind a reset: a puck_enter_fn
 * @gone: called when the job goes, if not NULL: for what somebody above has with it
 * @data: of both
 * @node: in puck_device.jobs
 * @release: gives everything back, away from the signalling path
 * @inflight: in puck_ring.inflight; empty when not
 * @error: errno for the fence; puck_ring.lock
 * @lost: why it was not done as it was to be, and has filled @wipe with zeroes, or is to;
 *        puck_ring.lock
 * @wiped: @wipe was cleared by the CPU, all of it; written by whoever ends the job
 * @pos: puck_ring.wptr at which the job begins
 * @first: first of @cmds that was written there, more than 0 after a reset: those before are
 *         done
 * @ncmds: entries in @cmds
 * @cmds: commands ready for the ring but for the seqno, a FENCE last
 */
struct puck_job {
	struct drm_sched_job base;
	struct kref ref;
	struct puck_device *puck;
	struct puck_queue *queue;
	struct puck_ring *ring;
	struct puck_fence *fence;
	u64 number;
	u32 seqno;
	struct drm_gem_object **bos;
	DECLARE_BITMAP(writes, PUCK_JOB_BOS_MAX);
	DECLARE_BITMAP(explicit, PUCK_JOB_BOS_MAX);
	u32 nbos;
	u64 listing;
	struct puck_segs segs;
	struct puck_wipe wipe;
	puck_enter_fn enter;
	void (*gone)(struct puck_job *job);
	void *data;
	struct list_head node;
	struct work_struct release;
	struct list_head inflight;
	int error;
	int lost;
	bool wiped;
	u32 pos;
	u32 first;
	u32 ncmds;
	struct puck_gpu_cmd cmds[] __counted_by(ncmds);
};

#define to_puck_job(job)	container_of(job, struct puck_job, base)

static inline int puck_job_enter(struct puck_job *job)
{
	return job->enter ? job->enter(job) : 0;
}

struct puck_job *puck_job_create(struct puck_queue *queue, u32 ncmds, u32 nbos,
				 u64 client_id);
void puck_job_get(struct puck_job *job);
void puck_job_put(struct puck_job *job);
void puck_job_discard(struct puck_job *job);
void puck_job_release(struct puck_job *job);
bool puck_job_fall_back(struct puck_job *job);
bool puck_job_wipe(struct puck_job *job);
void puck_jobs_detach(struct puck_device *puck);
bool puck_jobs_are_none(struct puck_device *puck);
bool puck_jobs_wait(struct puck_device *puck);
int puck_jobs_init(void);
void puck_jobs_exit(void);

#endif /* PUCK_JOB_H */
