/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is mapped now.
 */
#ifndef PUCK_DMA_CORE_RECORD_H
#define PUCK_DMA_CORE_RECORD_H

#include <linux/types.h>

struct puck_dma_dev;
struct puck_dma_mapping;

int puck_dma_record_init(void);
void puck_dma_record_exit(void);
int puck_dma_table_new(struct puck_dma_dev *d);
void puck_dma_table_free(struct puck_dma_dev *d);
struct puck_dma_mapping *puck_dma_record_new(gfp_t gfp);
void puck_dma_record_free(struct puck_dma_mapping *m);
void puck_dma_record_add_locked(struct puck_dma_dev *d, struct puck_dma_mapping *m);
void puck_dma_record_remove_locked(struct puck_dma_dev *d, struct puck_dma_mapping *m);
struct puck_dma_mapping *puck_dma_record_at_locked(struct puck_dma_dev *d, dma_addr_t iova);
struct puck_dma_mapping *puck_dma_record_take(struct puck_dma_dev *d, dma_addr_t iova);
struct puck_dma_mapping *puck_dma_record_hold(struct puck_dma_dev *d, dma_addr_t iova);
bool puck_dma_record_release(struct puck_dma_dev *d, struct puck_dma_mapping *m);

/*
 * For who looks on. Of the copies segs may be followed only if nsegs is 1, and no
 * other pointer.
 */
bool puck_dma_record_find(struct puck_dma_dev *d, u64 iova, struct puck_dma_mapping *copy,
			  bool *inside);
bool puck_dma_record_next(struct puck_dma_dev *d, u64 *iova, struct puck_dma_mapping *copy);

#endif /* PUCK_DMA_CORE_RECORD_H */
