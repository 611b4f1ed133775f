/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtual address of the GPU with room for one page, and the page tables that say which
 * (docs/specs/gpu.rst, "Page tables"). They are this module's own, as those of a driver are:
 * what is done to an entry, and whether the GPU is told, is up to who calls this.
 */
#ifndef PUCK_SPACE_H
#define PUCK_SPACE_H

#include <linux/types.h>

struct device;
struct dma_fence;
struct puck_client;
struct puck_run;

/* Where the page is; another index in each of the four tables. */
#define PUCK_SPACE_VA	0x1eaf0fa11000ull

/**
 * struct puck_space - a VM with one page in it
 * @client: of the run
 * @dev: of the run
 * @vm: its number; negative: there is none
 * @tables: one of each level, the root first; NULL: there are none
 * @addr: DMA address of @tables
 */
struct puck_space {
	struct puck_client *client;
	struct device *dev;
	int vm;
	__le64 *tables;
	dma_addr_t addr;
};

const char *puck_space_skip(struct puck_run *run);
int puck_space_init(struct puck_run *run, struct puck_space *space);
void puck_space_map(struct puck_space *space, u64 page);
void puck_space_unmap(struct puck_space *space);
int puck_space_flush(struct puck_space *space);
struct dma_fence *puck_space_fill(struct puck_space *space, u32 value);
void puck_space_fini(struct puck_space *space);

#endif /* PUCK_SPACE_H */
