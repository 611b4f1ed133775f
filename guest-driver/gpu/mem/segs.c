// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a range of bytes in a buffer to the segment list that the device
 * reads (docs/specs/gpu.rst, "Segment lists").
 *
 * An sg_table has two faces. sg->length and orig_nents say how the pages lie in
 * memory; sg_dma_len() and nents say what the device sees, which an IOMMU may
 * have merged into fewer and longer pieces. Here only the second one counts,
 * and for_each_sgtable_dma_sg() is the loop for it. Blocks of VRAM come as a table, too, which
 * has this face alone.
 */
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/scatterlist.h>

#include "core/device.h"
#include "mem/segs.h"

/**
 * puck_segs_init - make the pool that short lists come from
 * @puck: the device
 *
 * Return: 0 or -ENOMEM.
 */
int puck_segs_init(struct puck_device *puck)
{
	puck->seg_pool = dma_pool_create("puck segments", puck->drm.dev,
					 PUCK_SEGS_POOLED * sizeof(struct puck_gpu_seg),
					 sizeof(struct puck_gpu_seg), 0);
	return puck->seg_pool ? 0 : -ENOMEM;
}

/**
 * puck_segs_fini - undo puck_segs_init()
 * @puck: the device; no job has lists any more
 */
void puck_segs_fini(struct puck_device *puck)
{
	dma_pool_destroy(puck->seg_pool);
}

/**
 * puck_segs_alloc - make room for the lists of one job
 * @puck: the device, inside drm_dev_enter()
 * @segs: the lists, zeroed
 * @count: entries; zero makes none
 *
 * Context: may sleep.
 * Return: 0; -E2BIG if these are more than one job may have; -ENOMEM.
 */
int puck_segs_alloc(struct puck_device *puck, struct puck_segs *segs, u32 count)
{
	if (!count)
		return 0;
	if (count > PUCK_SEGS_PER_JOB)
		return -E2BIG;

	segs->pooled = count <= PUCK_SEGS_POOLED;
	if (segs->pooled)
		segs->list = dma_pool_alloc(puck->seg_pool, GFP_KERNEL, &segs->dma);
	else
		segs->list = dma_alloc_coherent(puck->drm.dev, count * sizeof(*segs->list),
						&segs->dma, GFP_KERNEL | __GFP_NOWARN);
	if (!segs->list)
		return -ENOMEM;
	segs->room = count;
	return 0;
}

/**
 * puck_segs_alloc_data - make lists of bytes that lie behind them, in the same block
 * @puck: the device, inside drm_dev_enter()
 * @segs: the lists, zeroed
 * @data: what the bytes are to be
 * @length: how many
 *
 * For what is short and goes with the job: it takes no BO.
 *
 * Context: may sleep.
 * Return: 0 with all entries written; -E2BIG if these are too many for one list; -ENOMEM.
 */
int puck_segs_alloc_data(struct puck_device *puck, struct puck_segs *segs, const void *data,
			 u32 length)
{
	u32 count = DIV_ROUND_UP(length, puck->seg_len_max), at = 0;
	dma_addr_t addr;
	int ret;

	if (count > puck->segs_max)
		return -E2BIG;
	ret = puck_segs_alloc(puck, segs, count + DIV_ROUND_UP(length, sizeof(*segs->list)));
	if (ret)
		return ret;
	memcpy(&segs->list[count], data, length);
	addr = segs->dma + count * sizeof(*segs->list);
	for (; at < length; at += min(length - at, puck->seg_len_max))
		segs->list[segs->used++] = (struct puck_gpu_seg) {
			.addr = cpu_to_le64(addr + at),
			.len = cpu_to_le32(min(length - at, puck->seg_len_max)),
		};
	return 0;
}

/**
 * puck_segs_free - give the memory of the lists back
 * @puck: the device
 * @segs: the lists; may be free already
 *
 * The device must be done with them. Has to happen before the driver lets go
 * of the PCI device.
 *
 * Context: may sleep.
 */
void puck_segs_free(struct puck_device *puck, struct puck_segs *segs)
{
	if (!segs->list)
		return;
	if (segs->pooled)
		dma_pool_free(puck->seg_pool, segs->list, segs->dma);
	else
		dma_free_coherent(puck->drm.dev, segs->room * sizeof(*segs->list),
				  segs->list, segs->dma);
	segs->list = NULL;
}

/*
 * The part of @sg that lies in the range: returns its length, with its address
 * in @addr, and takes it off the range. Zero while the range begins later.
 */
static u64 puck_segs_clip(struct scatterlist *sg, u64 *offset, u64 *length,
			  dma_addr_t *addr)
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
 * puck_segs_count - how many entries a range takes
 * @puck: the device
 * @sgt: mapped for it
 * @offset: bytes
 * @length: bytes, all of them within @sgt
 *
 * Return: the number of entries; U32_MAX if there are more.
 */
u32 puck_segs_count(struct puck_device *puck, struct sg_table *sgt, u64 offset, u64 length)
{
	struct scatterlist *sg;
	dma_addr_t addr;
	u64 count = 0;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		u64 len = puck_segs_clip(sg, &offset, &length, &addr);

		count += DIV_ROUND_UP_ULL(len, puck->seg_len_max);
		if (!length)
			break;
	}
	return min_t(u64, count, U32_MAX);
}

/**
 * puck_segs_add - write the entries of a range
 * @puck: the device
 * @segs: where to; has room for as many as puck_segs_count() told
 * @where: mapped for the device, or in VRAM
 * @offset: bytes
 * @length: bytes, all of them within @where
 *
 * First and last entry are trimmed to the range, and what is longer than the
 * device takes is cut in pieces.
 */
void puck_segs_add(struct puck_device *puck, struct puck_segs *segs, struct puck_where where,
		   u64 offset, u64 length)
{
	u32 flags = where.vram ? PUCK_GPU_SEG_VRAM : 0;
	struct scatterlist *sg;
	dma_addr_t addr;
	int i;

	for_each_sgtable_dma_sg(where.sgt, sg, i) {
		u64 len = puck_segs_clip(sg, &offset, &length, &addr);

		while (len) {
			u32 piece = min_t(u64, len, puck->seg_len_max);
			struct puck_gpu_seg *seg = &segs->list[segs->used++];

			seg->addr = cpu_to_le64(addr);
			seg->len = cpu_to_le32(piece);
			seg->flags = cpu_to_le32(flags);
			addr += piece;
			len -= piece;
		}
		if (!length)
			break;
	}
}
