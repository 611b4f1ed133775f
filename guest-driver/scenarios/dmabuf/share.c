// SPDX-License-Identifier: GPL-2.0-only
/*
 * What every importer gets right: it attaches, maps, hands the segments to its device, waits for
 * that, unmaps and detaches; and so does every CPU that looks.
 */
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/iosys-map.h>
#include <linux/slab.h>

#include "abi/puck_gpu.h"
#include "dmabuf/share.h"

/**
 * puck_share_init - make memory, and a dma-buf of it
 * @run: the run
 * @share: zeroed; whatever is returned, puck_share_fini() is due
 * @npages: pages of the buffer
 * @moves: it may move
 *
 * Return: 0 or a negative errno.
 */
int puck_share_init(struct puck_run *run, struct puck_share *share, unsigned int npages,
		    bool moves)
{
	struct puck_exporter *exp;
	int ret;

	ret = puck_buffer_alloc(&share->seen, npages);
	if (!ret)
		ret = puck_copy_setup(run, &share->copy, npages);
	if (ret)
		return ret;
	exp = puck_exporter_create(npages, moves);
	if (IS_ERR(exp))
		return PTR_ERR(exp);
	share->exp = exp;
	return 0;
}

/* What the importer has, and the memory; the dma-buf's own goes with its last reference. */
void puck_share_fini(struct puck_share *share)
{
	puck_share_unmap(share);
	puck_share_detach(share);
	if (share->exp)
		dma_buf_put(share->exp->dmabuf);
	puck_copy_teardown(&share->copy);
	puck_buffer_free(&share->seen);
}

/* Setup of a scenario that is about a dma-buf that stays in place and has nothing else. */
int puck_share_setup(struct puck_run *run, unsigned int npages)
{
	struct puck_share *share = kzalloc(sizeof(*share), GFP_KERNEL);

	if (!share)
		return -ENOMEM;
	run->priv = share;
	return puck_share_init(run, share, npages, false);
}

void puck_share_teardown(struct puck_run *run)
{
	struct puck_share *share = run->priv;

	if (!share)
		return;
	puck_share_fini(share);
	kfree(share);
}

/**
 * puck_share_attach - let the run's GPU import the dma-buf
 * @run: the run
 * @share: the share
 * @ops: of an importer that is told of moves; NULL: it is not
 *
 * Return: 0 or a negative errno.
 */
int puck_share_attach(struct puck_run *run, struct puck_share *share,
		      const struct dma_buf_attach_ops *ops)
{
	struct dma_buf_attachment *attach;

	attach = dma_buf_dynamic_attach(share->exp->dmabuf, run->dev, ops, share);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	share->attach = attach;
	return 0;
}

/**
 * puck_share_map - map the dma-buf for the GPU
 * @run: the run
 * @share: the share, attached and not mapped
 * @dir: in which direction
 *
 * Return: 0 or a negative errno.
 */
int puck_share_map(struct puck_run *run, struct puck_share *share, enum dma_data_direction dir)
{
	struct sg_table *sgt = dma_buf_map_attachment_unlocked(share->attach, dir);

	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	share->sgt = sgt;
	share->dir = dir;
	share->segs = puck_segments(sgt);
	run->orig_nents = sgt->orig_nents;
	run->nents = sgt->nents;
	return share->segs ? 0 : -ENOMEM;
}

/* Of the mapping, which somebody else ends. */
void puck_share_forget(struct puck_share *share)
{
	kfree(share->segs);
	share->segs = NULL;
	share->sgt = NULL;
}

/* As it was mapped; nothing to do if it is not. */
void puck_share_unmap(struct puck_share *share)
{
	if (share->sgt)
		dma_buf_unmap_attachment_unlocked(share->attach, share->sgt, share->dir);
	puck_share_forget(share);
}

void puck_share_detach(struct puck_share *share)
{
	if (share->attach)
		dma_buf_detach(share->exp->dmabuf, share->attach);
	share->attach = NULL;
}

/* Have the GPU write the pattern of copy.src; 0 or a negative errno. */
int puck_share_write(struct puck_run *run, struct puck_share *share)
{
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_COPY,
		.length = (u64)share->exp->mem.npages * PAGE_SIZE,
		.src = share->copy.src_segs,
		.nsrc = share->copy.src.sgt.nents,
		.dst = share->segs,
		.ndst = share->sgt->nents,
	};

	return puck_run_job(run->client, &job);
}

static void see(struct puck_share *share, struct iosys_map *map)
{
	unsigned int i;

	for (i = 0; i < share->seen.npages; i++) {
		void *page = kmap_local_page(share->seen.pages[i]);

		iosys_map_memcpy_from(page, map, (size_t)i * PAGE_SIZE, PAGE_SIZE);
		kunmap_local(page);
	}
}

/**
 * puck_share_look - have the CPU read the dma-buf, as whoever is not its exporter has to
 * @share: the share
 *
 * Return: 0 or a negative errno.
 */
int puck_share_look(struct puck_share *share)
{
	struct dma_buf *dmabuf = share->exp->dmabuf;
	struct iosys_map map;
	int ret, end;

	ret = dma_buf_begin_cpu_access(dmabuf, DMA_FROM_DEVICE);
	if (ret)
		return ret;
	ret = dma_buf_vmap_unlocked(dmabuf, &map);
	if (!ret) {
		see(share, &map);
		dma_buf_vunmap_unlocked(dmabuf, &map);
	}
	end = dma_buf_end_cpu_access(dmabuf, DMA_FROM_DEVICE);
	return ret ?: end;
}

/* Whether the CPU has seen what the GPU wrote. */
void puck_share_check(struct puck_run *run, struct puck_share *share)
{
	unsigned int good, npages = share->seen.npages;

	good = puck_pattern_pages(share->seen.pages, npages, PUCK_COPY_SEED);
	if (good < npages)
		puck_caught(run, "compare", "the CPU saw %u of %u pages", good, npages);
}

/* verdict() of a scenario that has nothing else to look at. */
void puck_share_verdict(struct puck_run *run)
{
	puck_share_check(run, run->priv);
}
