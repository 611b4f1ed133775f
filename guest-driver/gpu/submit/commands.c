// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands of a job: from what user space says to what the hardware reads. Everything
 * in them may be hostile. The BOs are locked, so that where they lie is known and stays
 * so; user memory is not touched here.
 */
#include <linux/nospec.h>

#include <drm/puck_drm.h>

#include "core/device.h"
#include "mem/bo.h"
#include "mem/segs.h"
#include "sched/job.h"
#include "sched/queue.h"
#include "sched/ring.h"
#include "submit/commands.h"
#include "submit/submit.h"
#include "vm/vm.h"

/* Which members of struct drm_puck_cmd an operation uses. */
static const struct puck_op {
	u16 opcode;
	bool src;
	bool dst;
	bool length;
	bool value;
	bool blit;
} puck_ops[] = {
	[DRM_PUCK_OP_NOP] = {
		.opcode = PUCK_GPU_CMD_NOP,
	},
	[DRM_PUCK_OP_FILL] = {
		.opcode = PUCK_GPU_CMD_FILL, .dst = true, .length = true, .value = true,
	},
	[DRM_PUCK_OP_COPY] = {
		.opcode = PUCK_GPU_CMD_COPY, .src = true, .dst = true, .length = true,
	},
	[DRM_PUCK_OP_BLIT] = {
		.opcode = PUCK_GPU_CMD_BLIT, .src = true, .dst = true, .blit = true,
	},
	[DRM_PUCK_OP_CRC32C] = {
		.opcode = PUCK_GPU_CMD_CRC32C, .src = true, .dst = true, .length = true,
	},
};

/* One of the two buffers of a command: bytes it touches, 0 if it has none. */
struct puck_range {
	u32 bo;
	bool is_address;
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
	u32 bo = array_index_nospec(range->bo, submit->args->bos.count);

	return to_puck_bo(submit->job->bos[bo]);
}

static u64 puck_blit_bytes(const struct drm_puck_cmd *cmd, u32 pitch)
{
	/* Cannot wrap: (2^32 - 1) * (2^32 - 2) + 2^32 - 1 < 2^64. */
	return (u64)pitch * (cmd->height - 1) + cmd->width;
}

static struct puck_range puck_place_range(const struct drm_puck_place *place)
{
	return (struct puck_range){
		.bo = place->bo,
		.is_address = place->flags & DRM_PUCK_PLACE_ADDRESS,
		.offset = place->offset,
	};
}

static struct puck_range puck_cmd_src(const struct drm_puck_cmd *cmd)
{
	const struct puck_op *op = puck_op_of(cmd);
	struct puck_range range = puck_place_range(&cmd->src);

	if (op->src)
		range.bytes = op->blit ? puck_blit_bytes(cmd, cmd->src_pitch) : cmd->length;
	return range;
}

static struct puck_range puck_cmd_dst(const struct drm_puck_cmd *cmd)
{
	const struct puck_op *op = puck_op_of(cmd);
	struct puck_range range = puck_place_range(&cmd->dst);

	if (cmd->op == DRM_PUCK_OP_CRC32C)
		range.bytes = sizeof(__le32);
	else if (op->dst)
		range.bytes = op->blit ? puck_blit_bytes(cmd, cmd->dst_pitch) : cmd->length;
	return range;
}

static bool puck_place_is_none(const struct drm_puck_place *place)
{
	return place->bo == DRM_PUCK_NO_BO && !place->offset && !place->flags;
}

static bool puck_place_is_sane(const struct drm_puck_place *place)
{
	if (place->flags & ~DRM_PUCK_PLACE_ADDRESS)
		return false;
	return !(place->flags & DRM_PUCK_PLACE_ADDRESS) || place->bo == DRM_PUCK_NO_BO;
}

/* Members that the operation does not use are zero, those it does make sense. */
static bool puck_cmd_is_sane(const struct drm_puck_cmd *cmd)
{
	const struct puck_op *op;

	if (cmd->op >= ARRAY_SIZE(puck_ops) || cmd->flags || cmd->pad)
		return false;

	op = puck_op_of(cmd);
	if (op->src ? !puck_place_is_sane(&cmd->src) : !puck_place_is_none(&cmd->src))
		return false;
	if (op->dst ? !puck_place_is_sane(&cmd->dst) : !puck_place_is_none(&cmd->dst))
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

static bool puck_ring_takes(struct puck_ring *ring, const struct drm_puck_cmd *cmd)
{
	return ring->ops & BIT_ULL(puck_op_of(cmd)->opcode);
}

/* What is mapped there is not looked at: by the time it matters it may be something else. */
static bool puck_address_is_sane(const struct puck_range *range)
{
	return range->bytes <= PUCK_GPU_VA_SPAN_MAX && range->offset < PUCK_VA_END &&
	       range->bytes <= PUCK_VA_END - range->offset;
}

static bool puck_range_is_sane(struct puck_submit *submit, const struct puck_range *range,
			       u32 access)
{
	u32 nbos = submit->args->bos.count;
	u64 size;

	if (range->bo >= nbos)
		return false;
	if (!(submit->refs[array_index_nospec(range->bo, nbos)].flags & access))
		return false;
	size = puck_bo_size(puck_range_bo(submit, range));
	return range->offset <= size && range->bytes <= size - range->offset;
}

static struct puck_where puck_range_where(struct puck_submit *submit,
					   const struct puck_range *range)
{
	return puck_bo_where(puck_range_bo(submit, range));
}

/* Check one side of a command, and add the segments it takes to @total. */
static int puck_submit_check_range(struct puck_submit *submit, struct puck_range range,
				   u32 access, u32 *total)
{
	u32 count;

	if (!range.bytes)
		return 0;
	if (range.is_address)
		return puck_address_is_sane(&range) ? 0 : -EINVAL;
	if (!puck_range_is_sane(submit, &range, access))
		return -EINVAL;

	count = puck_segs_count(submit->puck, puck_range_where(submit, &range).sgt, range.offset,
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

	for (i = 0; i < submit->args->cmds.count; i++) {
		const struct drm_puck_cmd *cmd = &submit->cmds[i];

		/* A table of a million entries takes its time. */
		cond_resched();
		if (!puck_cmd_is_sane(cmd) || !puck_ring_takes(submit->queue->ring, cmd))
			return -EINVAL;
		ret = puck_submit_check_range(submit, puck_cmd_src(cmd), DRM_PUCK_REF_READ,
					      total);
		if (ret)
			return ret;
		ret = puck_submit_check_range(submit, puck_cmd_dst(cmd), DRM_PUCK_REF_WRITE,
					      total);
		if (ret)
			return ret;
	}
	return 0;
}

/* Write the list of one side of a command, or its address; returns the list's length. */
static u32 puck_submit_add_list(struct puck_submit *submit, struct puck_range range,
				__le64 *list)
{
	struct puck_segs *segs = &submit->job->segs;
	u32 begin = segs->used;

	if (!range.bytes)
		return 0;
	if (range.is_address) {
		*list = cpu_to_le64(range.offset);
		return 0;
	}
	*list = cpu_to_le64(puck_segs_end(segs));
	puck_segs_add(submit->puck, segs, puck_range_where(submit, &range), range.offset,
		      range.bytes);
	return segs->used - begin;
}

static bool puck_cmd_uses_addresses(const struct drm_puck_cmd *cmd)
{
	return (cmd->src.flags | cmd->dst.flags) & DRM_PUCK_PLACE_ADDRESS;
}

static void puck_submit_set_vm(struct puck_submit *submit, const struct drm_puck_cmd *cmd,
			       struct puck_gpu_cmd *hw)
{
	u16 flags = 0;

	if (!puck_cmd_uses_addresses(cmd))
		return;
	if (cmd->src.flags & DRM_PUCK_PLACE_ADDRESS)
		flags |= PUCK_GPU_SRC_VA;
	if (cmd->dst.flags & DRM_PUCK_PLACE_ADDRESS)
		flags |= PUCK_GPU_DST_VA;
	hw->flags = cpu_to_le16(flags);
	hw->vm = cpu_to_le32(submit->vm->number);
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
	puck_submit_set_vm(submit, cmd, hw);
	if (cmd->op == DRM_PUCK_OP_FILL) {
		hw->fill.value = cpu_to_le32(cmd->value);
	} else if (cmd->op == DRM_PUCK_OP_BLIT) {
		hw->blit.src_pitch = cpu_to_le32(cmd->src_pitch);
		hw->blit.dst_pitch = cpu_to_le32(cmd->dst_pitch);
		hw->blit.width = cpu_to_le32(cmd->width);
		hw->blit.height = cpu_to_le32(cmd->height);
	}
}

/**
 * puck_commands_use_addresses - see whether any command names memory by address
 * @submit: the job; nothing of it is checked yet
 *
 * Return: true if so.
 */
bool puck_commands_use_addresses(const struct puck_submit *submit)
{
	u32 i;

	for (i = 0; i < submit->args->cmds.count; i++)
		if (puck_cmd_uses_addresses(&submit->cmds[i]))
			return true;
	return false;
}

/**
 * puck_commands_build - check the commands of a job, write them and their segment lists
 * @submit: the job; its BOs are looked up, locked, and where it can use them
 *
 * Context: may sleep; inside drm_dev_enter(), with the dma_resv locks of the BOs held.
 * Return: 0; -EINVAL for commands that make no sense, or that the ring does not take;
 * -E2BIG if the BOs lie in too many pieces; -ENOMEM.
 */
int puck_commands_build(struct puck_submit *submit)
{
	u32 nsegs = 0;
	u32 i;
	int ret;

	ret = puck_submit_check_cmds(submit, &nsegs);
	if (ret)
		return ret;
	ret = puck_segs_alloc(submit->puck, &submit->job->segs, nsegs);
	if (ret)
		return ret;
	for (i = 0; i < submit->args->cmds.count; i++) {
		puck_submit_fill_cmd(submit, i);
		cond_resched();
	}
	return 0;
}
