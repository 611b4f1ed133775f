// SPDX-License-Identifier: GPL-2.0-only
/*
 * The submit ioctl. Everything in its arguments may be hostile, and all that
 * can fail is done before the job is armed: then there is no way back.
 */
#include <linux/nospec.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>

#include "core/device.h"
#include "core/trace.h"
#include "mem/bo.h"
#include "mem/segs.h"
#include "sched/entity.h"
#include "sched/job.h"
#include "sched/ring.h"
#include "sched/sched.h"
#include "submit/file.h"
#include "submit/ioctl.h"
#include "submit/resv.h"
#include "submit/sync.h"

#define PUCK_SUBMIT_FLAGS \
	(PUCK_SUBMIT_IN_FENCE_FD | PUCK_SUBMIT_OUT_FENCE_FD | PUCK_SUBMIT_NO_IMPLICIT)
#define PUCK_BO_FLAGS (PUCK_BO_READ | PUCK_BO_WRITE)

/* Which members of struct drm_puck_cmd an operation uses. */
static const struct puck_op {
	u16 opcode;
	bool src;
	bool dst;
	bool length;
	bool value;
	bool blit;
} puck_ops[] = {
	[PUCK_OP_NOP] = {
		.opcode = PUCK_GPU_CMD_NOP,
	},
	[PUCK_OP_FILL] = {
		.opcode = PUCK_GPU_CMD_FILL, .dst = true, .length = true, .value = true,
	},
	[PUCK_OP_COPY] = {
		.opcode = PUCK_GPU_CMD_COPY, .src = true, .dst = true, .length = true,
	},
	[PUCK_OP_BLIT] = {
		.opcode = PUCK_GPU_CMD_BLIT, .src = true, .dst = true, .blit = true,
	},
	[PUCK_OP_CRC32C] = {
		.opcode = PUCK_GPU_CMD_CRC32C, .src = true, .dst = true, .length = true,
	},
};

/**
 * struct puck_submit - a job on its way through the ioctl
 * @puck: the device
 * @args: the ioctl's argument
 * @file: the caller
 * @refs: its BO list
 * @cmds: its commands
 * @job: what becomes of it
 */
struct puck_submit {
	struct puck_device *puck;
	struct drm_puck_submit *args;
	struct drm_file *file;
	struct drm_puck_bo_ref *refs;
	struct drm_puck_cmd *cmds;
	struct puck_job *job;
};

/* One of the two buffers of a command: bytes it touches, 0 if it has none. */
struct puck_range {
	u32 bo;
	u64 offset;
	u64 bytes;
};

/*
 * Indices from user space are clamped behind their check as well: a CPU that
 * guesses wrong about the check must not read past an array (Spectre v1).
 */
static const struct puck_op *puck_op_of(const struct drm_puck_cmd *cmd)
{
	return &puck_ops[array_index_nospec(cmd->op, ARRAY_SIZE(puck_ops))];
}

static struct puck_bo *puck_range_bo(struct puck_submit *submit, const struct puck_range *range)
{
	u32 bo = array_index_nospec(range->bo, submit->args->nbos);

	return to_puck_bo(submit->job->bos[bo]);
}

static u64 puck_blit_bytes(const struct drm_puck_cmd *cmd, u32 pitch)
{
	/* Cannot wrap: (2^32 - 1) * (2^32 - 2) + 2^32 - 1 < 2^64. */
	return (u64)pitch * (cmd->height - 1) + cmd->width;
}

static struct puck_range puck_cmd_src(const struct drm_puck_cmd *cmd)
{
	const struct puck_op *op = puck_op_of(cmd);
	struct puck_range range = { .bo = cmd->src, .offset = cmd->src_offset };

	if (op->src)
		range.bytes = op->blit ? puck_blit_bytes(cmd, cmd->src_pitch) : cmd->length;
	return range;
}

static struct puck_range puck_cmd_dst(const struct drm_puck_cmd *cmd)
{
	const struct puck_op *op = puck_op_of(cmd);
	struct puck_range range = { .bo = cmd->dst, .offset = cmd->dst_offset };

	if (cmd->op == PUCK_OP_CRC32C)
		range.bytes = sizeof(__le32);
	else if (op->dst)
		range.bytes = op->blit ? puck_blit_bytes(cmd, cmd->dst_pitch) : cmd->length;
	return range;
}

/* Members that the operation does not use are zero, those it does make sense. */
static bool puck_cmd_is_sane(const struct drm_puck_cmd *cmd)
{
	const struct puck_op *op;

	if (cmd->op >= ARRAY_SIZE(puck_ops) || cmd->pad || cmd->pad2)
		return false;

	op = puck_op_of(cmd);
	if (!op->src && (cmd->src != PUCK_NO_BO || cmd->src_offset))
		return false;
	if (!op->dst && (cmd->dst != PUCK_NO_BO || cmd->dst_offset))
		return false;
	if (op->length ? !cmd->length : cmd->length)
		return false;
	if (!op->value && cmd->value)
		return false;
	if (!op->blit)
		return !cmd->src_pitch && !cmd->dst_pitch && !cmd->width && !cmd->height;
	return cmd->width && cmd->height && cmd->src_pitch >= cmd->width &&
	       cmd->dst_pitch >= cmd->width;
}

static bool puck_range_is_sane(struct puck_submit *submit, const struct puck_range *range,
			       u32 access)
{
	u32 nbos = submit->args->nbos;
	u64 size;

	if (range->bo >= nbos)
		return false;
	if (!(submit->refs[array_index_nospec(range->bo, nbos)].flags & access))
		return false;
	size = puck_range_bo(submit, range)->base.base.size;
	return range->offset <= size && range->bytes <= size - range->offset;
}

static struct sg_table *puck_range_table(struct puck_submit *submit,
					 const struct puck_range *range)
{
	return puck_range_bo(submit, range)->sgt;
}

/* Check one side of a command, and add the segments it takes to @total. */
static int puck_submit_check_range(struct puck_submit *submit, struct puck_range range,
				   u32 access, u32 *total)
{
	u32 count;

	if (!range.bytes)
		return 0;
	if (!puck_range_is_sane(submit, &range, access))
		return -EINVAL;

	count = puck_segs_count(submit->puck, puck_range_table(submit, &range), range.offset,
				range.bytes);
	if (count > submit->puck->segs_max)
		return -E2BIG;
	*total += count;
	return *total > PUCK_SEGS_PER_JOB ? -E2BIG : 0;
}

static int puck_submit_check_cmds(struct puck_submit *submit, u32 *total)
{
	u32 i;
	int ret;

	for (i = 0; i < submit->args->ncmds; i++) {
		const struct drm_puck_cmd *cmd = &submit->cmds[i];

		/* A table of a million entries takes its time. */
		cond_resched();
		if (!puck_cmd_is_sane(cmd))
			return -EINVAL;
		ret = puck_submit_check_range(submit, puck_cmd_src(cmd), PUCK_BO_READ, total);
		if (ret)
			return ret;
		ret = puck_submit_check_range(submit, puck_cmd_dst(cmd), PUCK_BO_WRITE, total);
		if (ret)
			return ret;
	}
	return 0;
}

/* Write the list of one side of a command; returns its length. */
static u32 puck_submit_add_list(struct puck_submit *submit, struct puck_range range,
				__le64 *list)
{
	struct puck_segs *segs = &submit->job->segs;
	u32 begin = segs->used;

	if (!range.bytes)
		return 0;
	*list = cpu_to_le64(puck_segs_end(segs));
	puck_segs_add(submit->puck, segs, puck_range_table(submit, &range), range.offset,
		      range.bytes);
	return segs->used - begin;
}

static void puck_submit_fill_cmd(struct puck_submit *submit, u32 index)
{
	const struct drm_puck_cmd *cmd = &submit->cmds[index];
	struct puck_gpu_cmd *hw = &submit->job->cmds[index];

	hw->opcode = cpu_to_le16(puck_op_of(cmd)->opcode);
	hw->src_nsegs = cpu_to_le32(puck_submit_add_list(submit, puck_cmd_src(cmd),
							 &hw->src_list));
	hw->dst_nsegs = cpu_to_le32(puck_submit_add_list(submit, puck_cmd_dst(cmd),
							 &hw->dst_list));
	hw->length = cpu_to_le64(cmd->length);
	if (cmd->op == PUCK_OP_FILL) {
		hw->fill.value = cpu_to_le32(cmd->value);
	} else if (cmd->op == PUCK_OP_BLIT) {
		hw->blit.src_pitch = cpu_to_le32(cmd->src_pitch);
		hw->blit.dst_pitch = cpu_to_le32(cmd->dst_pitch);
		hw->blit.width = cpu_to_le32(cmd->width);
		hw->blit.height = cpu_to_le32(cmd->height);
	}
}

static int puck_submit_look_up_bos(struct puck_submit *submit)
{
	struct puck_job *job = submit->job;
	u32 i;

	for (i = 0; i < submit->args->nbos; i++) {
		const struct drm_puck_bo_ref *ref = &submit->refs[i];

		if (!ref->flags || ref->flags & ~PUCK_BO_FLAGS)
			return -EINVAL;
		job->bos[i] = drm_gem_object_lookup(submit->file, ref->handle);
		if (!job->bos[i])
			return -ENOENT;
		job->nbos++;
		if (ref->flags & PUCK_BO_WRITE)
			__set_bit(i, job->writes);
	}
	return 0;
}

/* Fill the job: BOs, segment lists, commands. */
static int puck_submit_build(struct puck_submit *submit)
{
	u32 nsegs = 0;
	u32 i;
	int ret;

	ret = puck_submit_look_up_bos(submit);
	if (ret)
		return ret;
	ret = puck_submit_check_cmds(submit, &nsegs);
	if (ret)
		return ret;
	ret = puck_segs_alloc(submit->puck, &submit->job->segs, nsegs);
	if (ret)
		return ret;
	for (i = 0; i < submit->args->ncmds; i++) {
		puck_submit_fill_cmd(submit, i);
		cond_resched();
	}
	return 0;
}

static int puck_submit_add_in(struct puck_submit *submit)
{
	const struct drm_puck_submit *args = submit->args;
	int ret;

	if (args->flags & PUCK_SUBMIT_IN_FENCE_FD) {
		ret = puck_sync_add_in_fd(submit->job, args->in_fence_fd);
		if (ret)
			return ret;
	}
	return puck_sync_add_in(submit->job, submit->file, args->in_syncs, args->nin_syncs);
}

/*
 * Number, lock, arm and push. The lock makes that one step for all submitters
 * to this queue, so that jobs run in the order of their numbers.
 */
static int puck_submit_queue(struct puck_submit *submit, struct puck_entity *entity,
			     struct dma_fence **fence)
{
	bool implicit = !(submit->args->flags & PUCK_SUBMIT_NO_IMPLICIT);
	struct puck_ring *ring = entity->ring;
	struct puck_job *job = submit->job;
	struct drm_exec exec;
	int ret;

	ret = mutex_lock_interruptible(&entity->submit_lock);
	if (ret)
		return ret;

	job->number = atomic64_inc_return(&ring->number);
	trace_puck_submit(ring->index, job->number, submit->args->ncmds, job->nbos,
			  job->segs.used);
	ret = puck_resv_lock(job, &exec, implicit);
	if (ret)
		goto out_unlock;
	trace_puck_resv(ring->index, job->number);
	submit->args->seqno = job->number;

	*fence = puck_sched_arm(job);
	puck_resv_add_fence(job, *fence);
	puck_sched_push(job);
	submit->job = NULL;
	drm_exec_fini(&exec);

out_unlock:
	mutex_unlock(&entity->submit_lock);
	return ret;
}

/* Queue a filled job. If that fails, nobody has seen anything of it. */
static int puck_submit_commit(struct puck_submit *submit, struct puck_entity *entity)
{
	struct drm_puck_submit *args = submit->args;
	struct puck_out_fences out;
	struct dma_fence *fence;
	int ret;

	ret = puck_sync_prepare_out(&out, submit->file, args->out_syncs, args->nout_syncs,
				    args->flags & PUCK_SUBMIT_OUT_FENCE_FD);
	if (ret)
		return ret;

	ret = puck_submit_queue(submit, entity, &fence);
	if (ret) {
		puck_sync_cancel_out(&out);
		return ret;
	}
	if (args->flags & PUCK_SUBMIT_OUT_FENCE_FD)
		args->out_fence_fd = out.fd;
	puck_sync_publish(&out, fence);
	dma_fence_put(fence);
	return 0;
}

static int puck_submit_run(struct puck_submit *submit)
{
	struct drm_puck_submit *args = submit->args;
	struct puck_file *pfile = submit->file->driver_priv;
	u32 ring = array_index_nospec(args->ring, submit->puck->num_rings);
	struct puck_entity *entity = &pfile->entity[ring];
	int ret;

	submit->job = puck_job_create(entity, args->ncmds, args->nbos,
				      submit->file->client_id);
	if (IS_ERR(submit->job))
		return PTR_ERR(submit->job);

	ret = puck_submit_build(submit);
	if (!ret)
		ret = puck_submit_add_in(submit);
	if (!ret)
		ret = puck_submit_commit(submit, entity);
	if (ret)
		puck_job_discard(submit->job);
	return ret;
}

static int puck_submit_copy(struct puck_submit *submit)
{
	struct drm_puck_submit *args = submit->args;

	submit->refs = memdup_array_user(u64_to_user_ptr(args->bos), args->nbos,
					 sizeof(*submit->refs));
	if (IS_ERR(submit->refs))
		return PTR_ERR(submit->refs);

	submit->cmds = memdup_array_user(u64_to_user_ptr(args->cmds), args->ncmds,
					 sizeof(*submit->cmds));
	if (IS_ERR(submit->cmds)) {
		kfree(submit->refs);
		return PTR_ERR(submit->cmds);
	}
	return 0;
}

static bool puck_submit_args_are_sane(struct puck_device *puck,
				      const struct drm_puck_submit *args)
{
	if (args->ring >= puck->num_rings || args->flags & ~PUCK_SUBMIT_FLAGS)
		return false;
	if (args->nbos > PUCK_MAX_BOS || args->ncmds > PUCK_MAX_CMDS)
		return false;
	if (args->nin_syncs > PUCK_MAX_SYNCS || args->nout_syncs > PUCK_MAX_SYNCS)
		return false;
	if (!(args->flags & PUCK_SUBMIT_IN_FENCE_FD) && args->in_fence_fd)
		return false;
	return !args->out_fence_fd && !args->seqno;
}

/**
 * puck_ioctl_submit - queue a job
 * @dev: the device
 * @data: struct drm_puck_submit
 * @file: the caller
 *
 * Return: 0; -EINVAL for arguments that make no sense; -ENOENT for handles that
 * are none; -E2BIG if the BOs lie in too many pieces; -EFAULT; -ENOMEM; -EMFILE;
 * -EINTR or -ERESTARTSYS; -ENODEV. On errors nothing has happened.
 */
int puck_ioctl_submit(struct drm_device *dev, void *data, struct drm_file *file)
{
	struct puck_submit submit = {
		.puck = to_puck_device(dev),
		.args = data,
		.file = file,
	};
	int idx, ret;

	if (!puck_submit_args_are_sane(submit.puck, submit.args))
		return -EINVAL;
	ret = puck_submit_copy(&submit);
	if (ret)
		return ret;

	/* Mappings of BOs stay as they are in here. */
	ret = -ENODEV;
	if (drm_dev_enter(dev, &idx)) {
		ret = puck_submit_run(&submit);
		drm_dev_exit(idx);
	}
	kfree(submit.cmds);
	kfree(submit.refs);
	return ret;
}
