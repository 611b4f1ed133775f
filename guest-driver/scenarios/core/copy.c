// SPDX-License-Identifier: GPL-2.0-only
/*
 * What every client gets right: two mapped buffers, descriptors made of their
 * DMA segments, a copy between them.
 */
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "abi/puck_gpu.h"
#include "core/scenario.h"

/* Of what the engine is to access; to be freed with kfree(). */
struct puck_client_seg *puck_segments(struct sg_table *sgt)
{
	struct puck_client_seg *segs;
	struct scatterlist *sg;
	unsigned int i;

	segs = kcalloc(sgt->nents, sizeof(*segs), GFP_KERNEL);
	if (!segs)
		return NULL;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		segs[i].addr = sg_dma_address(sg);
		segs[i].len = sg_dma_len(sg);
	}
	return segs;
}

/* Whatever it returns, puck_copy_teardown() is due. */
int puck_copy_setup(struct puck_run *run, struct puck_copy *copy, unsigned int npages)
{
	int ret;

	ret = puck_buffer_alloc(&copy->src, npages);
	if (ret)
		return ret;
	puck_buffer_pattern(&copy->src, PUCK_COPY_SEED);

	ret = puck_buffer_alloc(&copy->dst, npages);
	if (ret)
		return ret;

	ret = puck_buffer_map(&copy->src, run->dev, DMA_TO_DEVICE);
	if (ret)
		return ret;

	ret = puck_buffer_map(&copy->dst, run->dev, DMA_FROM_DEVICE);
	if (ret)
		return ret;
	run->orig_nents = copy->dst.sgt.orig_nents;
	run->nents = copy->dst.sgt.nents;

	copy->src_segs = puck_segments(&copy->src.sgt);
	copy->dst_segs = puck_segments(&copy->dst.sgt);
	return copy->src_segs && copy->dst_segs ? 0 : -ENOMEM;
}

void puck_copy_teardown(struct puck_copy *copy)
{
	kfree(copy->dst_segs);
	kfree(copy->src_segs);
	puck_buffer_free(&copy->dst);
	puck_buffer_free(&copy->src);
}

/* The first @length bytes; the fence is the caller's to put. */
struct dma_fence *puck_copy_submit(struct puck_run *run, struct puck_copy *copy,
				   u64 length)
{
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_COPY,
		.length = length,
		.src = copy->src_segs,
		.nsrc = copy->src.sgt.nents,
		.dst = copy->dst_segs,
		.ndst = copy->dst.sgt.nents,
	};

	return puck_client_submit(run->client, 0, &job);
}

/*
 * Wait for a fence, put it, and say whether the job went well. puck.ko lets go
 * of the job in a worker behind the fence; leaving it the time keeps the order
 * of the devices' events the same in each run.
 */
int puck_copy_finish(struct dma_fence *fence)
{
	int ret;

	dma_fence_wait(fence, false);
	ret = dma_fence_get_status(fence);
	dma_fence_put(fence);
	fsleep(5000);
	return ret < 0 ? ret : 0;
}

/* Have a job done; 0 or a negative errno. */
int puck_run_job(struct puck_client *client, const struct puck_client_job *job)
{
	struct dma_fence *fence = puck_client_submit(client, 0, job);

	return IS_ERR(fence) ? PTR_ERR(fence) : puck_copy_finish(fence);
}

int puck_copy_run(struct puck_run *run, struct puck_copy *copy, u64 length)
{
	struct dma_fence *fence = puck_copy_submit(run, copy, length);

	return IS_ERR(fence) ? PTR_ERR(fence) : puck_copy_finish(fence);
}

/* Whether the pattern of @seed came out at the other end. */
void puck_copy_verdict(struct puck_run *run, struct puck_copy *copy, u32 seed)
{
	struct puck_buffer *dst = &copy->dst;
	unsigned int good;

	if (dst->dev)
		dma_sync_sgtable_for_cpu(dst->dev, &dst->sgt, dst->dir);
	good = puck_pattern_pages(dst->pages, dst->npages, seed);
	if (good < dst->npages)
		puck_caught(run, "compare", "%u of %u pages arrived", good, dst->npages);
}

/* Setup of a scenario that is about one copy and has nothing else of its own. */
int puck_copy_scenario_setup(struct puck_run *run)
{
	struct puck_copy *copy = kzalloc(sizeof(*copy), GFP_KERNEL);

	if (!copy)
		return -ENOMEM;
	run->priv = copy;
	return puck_copy_setup(run, copy, PUCK_SCENARIO_PAGES);
}

/* The same, and the copy is made. */
int puck_copy_scenario_run(struct puck_run *run)
{
	int ret = puck_copy_scenario_setup(run);

	return ret ? ret : puck_copy_run(run, run->priv, PUCK_SCENARIO_PAGES * PAGE_SIZE);
}

void puck_copy_scenario_teardown(struct puck_run *run)
{
	struct puck_copy *copy = run->priv;

	if (!copy)
		return;
	puck_copy_teardown(copy);
	kfree(copy);
}
