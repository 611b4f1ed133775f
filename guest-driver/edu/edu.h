/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of puck-dma-edu.ko share.
 */
#ifndef PUCK_DMA_EDU_H
#define PUCK_DMA_EDU_H

#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/sysfs.h>

#define EDU_PAGES	4
#define EDU_SIZE	(EDU_PAGES * PAGE_SIZE)
/* What the device moves at once. */
#define EDU_MOVE_MAX	4096

/**
 * struct edu - the device
 * @pdev: it
 * @regs: its registers
 * @lock: one case at a time
 * @page: memory that cases map, EDU_PAGES in a row
 * @sg: the same as a list that cannot be merged by its physical addresses
 * @file: the file by which user space maps @shared; it is there as long as @shared is
 * @shared: coherent memory for user space, or NULL
 * @shared_iova: the device's address of it
 * @shared_size: bytes
 */
struct edu {
	struct pci_dev *pdev;
	void __iomem *regs;
	struct mutex lock;
	struct page *page;
	struct scatterlist sg[EDU_PAGES];
	struct bin_attribute file;
	void *shared;
	dma_addr_t shared_iova;
	size_t shared_size;
};

struct edu_case {
	const char *name;
	const char *class;
	int (*run)(struct edu *edu);
};

/* Ends with an empty one. */
extern const struct edu_case edu_memory_cases[];
extern const struct edu_case edu_peer_cases[];
extern const struct edu_case edu_sync_cases[];

int edu_move(struct edu *edu, dma_addr_t iova, size_t size, bool to_ram);
int edu_dma(struct edu *edu, dma_addr_t iova, size_t size, bool to_ram);

int edu_map_page(struct edu *edu, enum dma_data_direction dir, dma_addr_t *addr);
int edu_map_sg(struct edu *edu, enum dma_data_direction dir);

int edu_huge(struct edu *edu);
int edu_race(struct edu *edu);
int edu_peer_pages(struct edu *edu);

extern const struct attribute_group edu_share_group;
void edu_share_end(struct edu *edu);

#endif /* PUCK_DMA_EDU_H */
