/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all mappings share on their way into the IOMMU's tables and out of them.
 */
#ifndef PUCK_DMA_MAP_MAP_H
#define PUCK_DMA_MAP_MAP_H

#include <linux/dma-direction.h>
#include <linux/dma-mapping.h>
#include <linux/gfp_types.h>
#include <linux/mm.h>
#include <linux/types.h>

#include "bounce/bounce.h"
#include "core/device.h"
#include "core/mapping.h"
#include "core/record.h"

struct page;
struct puck_dma_call;
struct puck_dma_request;
struct scatterlist;

/*
 * Where in a page of IOVAs something begins, of which @offset is where in its own page,
 * or its address. A copy keeps what the driver has declared that its device needs, as one
 * of swiotlb does.
 */
static inline u64 puck_dma_offset(struct puck_dma_dev *d, u64 offset, bool bounce)
{
	return offset_in_page(bounce ? offset & dma_get_min_align_mask(d->dev) : offset);
}

/**
 * puck_dma_end - free the memory of a mapping that is in no table
 * @m: of puck_dma_begin(); nobody has it any more
 *
 * Context: any.
 */
static inline void puck_dma_end(struct puck_dma_mapping *m)
{
	if (unlikely(m->copy))
		puck_dma_copy_free(m);
	puck_dma_record_free(m);
}

/**
 * puck_dma_release - undo puck_dma_record_hold()
 * @d: the device
 * @m: the mapping; freed if it was unmapped meanwhile
 *
 * Context: any, without the device's lock.
 */
static inline void puck_dma_release(struct puck_dma_dev *d, struct puck_dma_mapping *m)
{
	if (unlikely(puck_dma_record_release(d, m)))
		puck_dma_end(m);
}

int puck_dma_prot(enum dma_data_direction dir, unsigned long attrs);
u64 puck_dma_limit(struct puck_dma_dev *d, u64 mask);
struct puck_dma_mapping *puck_dma_begin(struct puck_dma_dev *d, enum puck_dma_kind kind,
					enum dma_data_direction dir, unsigned long attrs,
					gfp_t gfp);
int puck_dma_take(struct puck_dma_dev *d, struct puck_dma_mapping *m,
		  const struct puck_dma_request *request);
void puck_dma_untake(struct puck_dma_dev *d, struct puck_dma_mapping *m);
void puck_dma_publish(struct puck_dma_dev *d, struct puck_dma_mapping *m);
int puck_dma_map_pages(struct puck_dma_dev *d, u64 iova, struct page **pages, u64 count, int prot,
		       gfp_t gfp);
int puck_dma_map_copy(struct puck_dma_dev *d, struct puck_dma_mapping *m, struct scatterlist *sgl,
		      int prot, gfp_t gfp);
int puck_dma_map_one(struct puck_dma_dev *d, struct puck_dma_mapping *m, u64 mask, u64 align,
		     int prot, gfp_t gfp, dma_addr_t *iova);
void puck_dma_unmap_segments(struct puck_dma_dev *d, const struct puck_dma_mapping *m, u32 count);
void puck_dma_unmap(struct puck_dma_dev *d, struct puck_dma_mapping *m, enum dma_data_direction dir,
		    unsigned long attrs, u32 stack);
void puck_dma_unmap_call(struct puck_dma_dev *d, struct puck_dma_call *call, unsigned long attrs);

#endif /* PUCK_DMA_MAP_MAP_H */
