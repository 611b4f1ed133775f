// SPDX-License-Identifier: GPL-2.0-only
/*
 * From where a BO lies to entries of tables. What the device sees of a BO counts:
 * sg_dma_len() and nents, as in mem/segs.c.
 */
#include <linux/scatterlist.h>

#include "mem/bo.h"
#include "vm/pieces.h"
#include "vm/vm.h"

/* The part of @sg in the range, which is made shorter by it; zero while it begins later. */
static u64 puck_pieces_clip(struct scatterlist *sg, u64 *offset, u64 *length, u64 *addr)
{
	u64 len = sg_dma_len(sg);

	if (*offset >= len) {
		*offset -= len;
		return 0;
	}
	*addr = sg_dma_address(sg) + *offset;
	len = min(len - *offset, *length);
	*offset = 0;
	*length -= len;
	return len;
}

/**
 * puck_pieces_check - see whether tables can say where a part of a BO lies
 * @bo: the BO, validated
 * @offset: bytes
 * @length: bytes, all of them within the BO
 *
 * What is made here consists of pages; what is imported need not.
 *
 * Context: inside drm_dev_enter(), with the BO's dma_resv lock held.
 * Return: 0; -EINVAL if not; -ENODEV if the device cannot see it.
 */
int puck_pieces_check(struct puck_bo *bo, u64 offset, u64 length)
{
	struct sg_table *sgt = puck_bo_where(bo).sgt;
	struct scatterlist *sg;
	u64 addr, len;
	int i;

	if (!sgt)
		return -ENODEV;
	for_each_sgtable_dma_sg(sgt, sg, i) {
		len = puck_pieces_clip(sg, &offset, &length, &addr);
		if (len && (addr & ~PUCK_GPU_PTE_ADDR || !IS_ALIGNED(len, PUCK_GPU_PAGE_SIZE)))
			return -EINVAL;
		if (!length)
			return 0;
	}
	/* The exporter's table is shorter than its buffer. */
	return -EINVAL;
}

/**
 * puck_pieces_map - map a part of a BO
 * @vm: the VM, with nothing mapped there
 * @spare: tables that may be needed
 * @va: first address
 * @bo: the BO; puck_pieces_check() was content
 * @offset: bytes
 * @length: bytes
 * @rights: PUCK_GPU_PTE_READ, or that and PUCK_GPU_PTE_WRITE
 *
 * Context: the dma_resv locks of the VM and of the BO are held. Cannot fail.
 */
void puck_pieces_map(struct puck_vm *vm, struct list_head *spare, u64 va, struct puck_bo *bo,
		     u64 offset, u64 length, u64 rights)
{
	struct puck_where where = puck_bo_where(bo);
	struct scatterlist *sg;
	u64 addr, len;
	int i;

	if (where.vram)
		rights |= PUCK_GPU_PTE_VRAM;
	for_each_sgtable_dma_sg(where.sgt, sg, i) {
		len = puck_pieces_clip(sg, &offset, &length, &addr);
		if (len)
			puck_pt_map(&vm->pt, spare, va, len, addr | rights);
		va += len;
		if (!length)
			break;
	}
}
