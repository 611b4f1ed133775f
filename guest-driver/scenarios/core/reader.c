// SPDX-License-Identifier: GPL-2.0-only
/*
 * What every reader and every writer of a shared buffer gets right.
 */
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "abi/puck_gpu.h"
#include "core/reader.h"

/* Let others know of a fence: room for it first, then the fence, under one lock. */
int puck_resv_add(struct dma_resv *resv, struct dma_fence *fence, enum dma_resv_usage usage)
{
	int ret;

	dma_resv_lock(resv, NULL);
	ret = dma_resv_reserve_fences(resv, 1);
	if (!ret)
		dma_resv_add_fence(resv, fence, usage);
	dma_resv_unlock(resv);
	return ret;
}

/* @reader is zeroed; whatever is returned, puck_reader_fini() is due. */
int puck_reader_init(struct puck_run *run, struct puck_reader *reader, unsigned int npages)
{
	int ret;

	dma_resv_init(&reader->resv);
	ret = puck_buffer_alloc(&reader->seen, npages);
	return ret ? ret : puck_copy_setup(run, &reader->copy, npages);
}

/* The job that writes the buffer, and its fence; to be published by who calls this. */
int puck_reader_write(struct puck_run *run, struct puck_reader *reader, u64 context, u64 number)
{
	struct puck_copy *copy = &reader->copy;
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_COPY,
		.length = copy->dst.npages * PAGE_SIZE,
		.src = copy->src_segs,
		.nsrc = copy->src.sgt.nents,
		.dst = copy->dst_segs,
		.ndst = copy->dst.sgt.nents,
	};

	return puck_late_submit(run, &reader->writer, context, number, &job);
}

/* Read the buffer as it is. */
void puck_reader_fetch(struct puck_run *run, struct puck_reader *reader)
{
	unsigned int i;

	dma_sync_sgtable_for_cpu(run->dev, &reader->copy.dst.sgt, DMA_FROM_DEVICE);
	for (i = 0; i < reader->seen.npages; i++)
		copy_highpage(reader->seen.pages[i], reader->copy.dst.pages[i]);
}

/* Read the buffer behind all who write it, as far as they are known. */
void puck_reader_read(struct puck_run *run, struct puck_reader *reader)
{
	dma_resv_wait_timeout(&reader->resv, dma_resv_usage_rw(false), false,
			      MAX_SCHEDULE_TIMEOUT);
	puck_reader_fetch(run, reader);
}

void puck_reader_verdict(struct puck_run *run, struct puck_reader *reader)
{
	unsigned int good, npages = reader->seen.npages;

	good = puck_pattern_pages(reader->seen.pages, npages, PUCK_COPY_SEED);
	if (good < npages)
		puck_caught(run, "compare", "%u of %u pages were there when read", good, npages);
}

/* Of two whose fences are in one dma_resv, its owner goes first. */
void puck_reader_fini(struct puck_reader *reader)
{
	puck_late_end(&reader->writer);
	dma_resv_fini(&reader->resv);
	puck_late_free(&reader->writer);
	puck_copy_teardown(&reader->copy);
	puck_buffer_free(&reader->seen);
}

/* Setup of a scenario that is about two buffers and has nothing else of its own. */
int puck_reader_pair_setup(struct puck_run *run, unsigned int first_pages,
			   unsigned int second_pages)
{
	struct puck_reader_pair *pair = kzalloc(sizeof(*pair), GFP_KERNEL);
	int ret, second;

	if (!pair)
		return -ENOMEM;
	run->priv = pair;
	/* Both, for the teardown; the first one last, so that the report is about that. */
	second = puck_reader_init(run, &pair->second, second_pages);
	ret = puck_reader_init(run, &pair->first, first_pages);
	return ret ? ret : second;
}

void puck_reader_pair_teardown(struct puck_run *run)
{
	struct puck_reader_pair *pair = run->priv;

	if (!pair)
		return;
	puck_reader_fini(&pair->first);
	puck_reader_fini(&pair->second);
	kfree(pair);
}
