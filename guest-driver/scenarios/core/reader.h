/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffer that a late job writes and the CPU reads, and the dma_resv between the two.
 */
#ifndef PUCK_READER_H
#define PUCK_READER_H

#include <linux/dma-resv.h>

#include "core/late.h"
#include "core/scenario.h"

/**
 * struct puck_reader - a buffer, who writes it and what was read of it
 * @copy: what the writer does
 * @resv: of copy.dst
 * @writer: the job
 * @seen: what was read; never mapped
 */
struct puck_reader {
	struct puck_copy copy;
	struct dma_resv resv;
	struct puck_late writer;
	struct puck_buffer seen;
};

/**
 * struct puck_reader_pair - two of them, with fences in the dma_resv of the first one
 * @first: a buffer
 * @second: another one, whose own dma_resv is not used
 */
struct puck_reader_pair {
	struct puck_reader first;
	struct puck_reader second;
};

int puck_resv_add(struct dma_resv *resv, struct dma_fence *fence, enum dma_resv_usage usage);
int puck_reader_init(struct puck_run *run, struct puck_reader *reader, unsigned int npages);
int puck_reader_write(struct puck_run *run, struct puck_reader *reader, u64 context, u64 number);
void puck_reader_fetch(struct puck_run *run, struct puck_reader *reader);
void puck_reader_read(struct puck_run *run, struct puck_reader *reader);
void puck_reader_verdict(struct puck_run *run, struct puck_reader *reader);
void puck_reader_fini(struct puck_reader *reader);
int puck_reader_pair_setup(struct puck_run *run, unsigned int first_pages,
			   unsigned int second_pages);
void puck_reader_pair_teardown(struct puck_run *run);

#endif /* PUCK_READER_H */
