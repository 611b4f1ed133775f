// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a mapped buffer to the segment list that the device reads (docs/specs/camera.rst,
 * "Descriptors").
 *
 * An sg_table has two faces. sg->length and orig_nents say how the pages lie in memory;
 * sg_dma_len() and nents say what the device sees, which an IOMMU may have merged into
 * fewer and longer pieces. Here only the second one counts, and for_each_sgtable_dma_sg()
 * is the loop for it.
 */
#include <linux/dma-mapping.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>

#include <kunit/visibility.h>

#include "queue/segs.h"

/**
 * puck_cam_segs_count - how many segments the first bytes of a buffer take
 * @sgt: the buffer, mapped for the device
 * @bytes: how many bytes
 * @len_max: bytes; longest segment that the device takes
 *
 * Return: the number of segments; 0 if there are not so many bytes, or far too many segments.
 */
u32 puck_cam_segs_count(const struct sg_table *sgt, u64 bytes, u32 len_max)
{
	struct scatterlist *sg;
	u64 count = 0;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		u64 len = min_t(u64, sg_dma_len(sg), bytes);

		count += DIV_ROUND_UP_ULL(len, len_max);
		bytes -= len;
		if (!bytes)
			break;
	}
	return bytes || count > U32_MAX ? 0 : count;
}
EXPORT_SYMBOL_IF_KUNIT(puck_cam_segs_count);

/**
 * puck_cam_segs_alloc - make room for a list
 * @dev: who reads it
 * @segs: the list, zeroed
 * @count: segments, not zero
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int puck_cam_segs_alloc(struct device *dev, struct puck_cam_segs *segs, u32 count)
{
	segs->list = dma_alloc_coherent(dev, (size_t)count * sizeof(*segs->list), &segs->dma,
					GFP_KERNEL | __GFP_NOWARN);
	if (!segs->list)
		return -ENOMEM;
	segs->room = count;
	segs->used = 0;
	return 0;
}

/**
 * puck_cam_segs_free - give the memory of a list back
 * @dev: who read it; it is done with it
 * @segs: the list; may be free already
 *
 * Context: may sleep.
 */
void puck_cam_segs_free(struct device *dev, struct puck_cam_segs *segs)
{
	if (!segs->list)
		return;
	dma_free_coherent(dev, (size_t)segs->room * sizeof(*segs->list), segs->list, segs->dma);
	segs->list = NULL;
}

/**
 * puck_cam_segs_add - write what has addresses in a row
 * @segs: where to; there is room
 * @addr: DMA address
 * @len: bytes
 * @len_max: bytes; what is longer is cut in pieces
 */
void puck_cam_segs_add(struct puck_cam_segs *segs, dma_addr_t addr, u64 len, u32 len_max)
{
	while (len) {
		u32 piece = min_t(u64, len, len_max);

		if (WARN_ON_ONCE(segs->used == segs->room))
			return;
		segs->list[segs->used++] = (struct puck_cam_seg){
			.addr = cpu_to_le64(addr), .len = cpu_to_le32(piece),
		};
		addr += piece;
		len -= piece;
	}
}
EXPORT_SYMBOL_IF_KUNIT(puck_cam_segs_add);

/**
 * puck_cam_segs_add_table - write the first bytes of a buffer
 * @segs: where to; has room for as many segments as puck_cam_segs_count() told
 * @sgt: the buffer, mapped for the device
 * @bytes: how many bytes; so many there are
 * @len_max: bytes; longest segment that the device takes
 */
void puck_cam_segs_add_table(struct puck_cam_segs *segs, const struct sg_table *sgt, u64 bytes,
			     u32 len_max)
{
	struct scatterlist *sg;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		u64 len = min_t(u64, sg_dma_len(sg), bytes);

		puck_cam_segs_add(segs, sg_dma_address(sg), len, len_max);
		bytes -= len;
		if (!bytes)
			break;
	}
}
EXPORT_SYMBOL_IF_KUNIT(puck_cam_segs_add_table);
