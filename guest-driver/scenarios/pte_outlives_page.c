// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: a page is freed, and its entry in the GPU's page tables is cleared some time later, with
 * the next update that comes along. In between a job may run that uses the address, and finds
 * whoever has the page by then.
 *
 * In Linux: "drm/amdgpu: clear freed mappings immediately when BO may be freed", 23e0563e48f7
 * (v4.12): entries of a closed BO were cleared with the next command submission of the VM's.
 *
 * Oracle: a canary in the page, once it is somebody else's. It is a page of VRAM, so that no
 * IOMMU has a say in that; and the TLB has none, as nobody has used the page before.
 */
#include <linux/dma-fence.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "abi/puck_gpu.h"
#include "core/scenario.h"
#include "core/space.h"
#include "core/vram.h"

#define CANARY	0xc5
/* What the job stores: no byte of it is a canary's. */
#define TRACE	0x0badda7a

/**
 * struct freed - a page that is mapped by one client and goes to the next
 * @space: of the first client
 * @vram: the page; NULL: there is none
 * @offset: of @vram
 * @seen: what the next client has of it in the end
 * @status: of the first client's job
 */
struct freed {
	struct puck_space space;
	struct puck_client_vram *vram;
	u64 offset;
	struct puck_buffer seen;
	int status;
};

static int setup(struct puck_run *run)
{
	struct freed *freed = kzalloc(sizeof(*freed), GFP_KERNEL);
	struct puck_client_vram *vram;
	int ret;

	if (!freed)
		return -ENOMEM;
	run->priv = freed;
	run->orig_nents = 1;
	run->nents = 1;

	vram = puck_client_vram_alloc(run->client, &freed->offset);
	if (IS_ERR(vram))
		return PTR_ERR(vram);
	freed->vram = vram;
	ret = puck_buffer_alloc(&freed->seen, 1);
	if (ret)
		return ret;
	ret = puck_buffer_map(&freed->seen, run->dev, DMA_FROM_DEVICE);
	if (ret)
		return ret;
	ret = puck_space_init(run, &freed->space);
	if (!ret)
		puck_space_map(&freed->space, freed->offset | PUCK_GPU_PTE_VRAM);
	return ret;
}

static int clear_entry(struct freed *freed)
{
	puck_space_unmap(&freed->space);
	return puck_space_flush(&freed->space);
}

/* The page is the next client's. */
static int free_page_to_next(struct puck_run *run, struct freed *freed)
{
	return puck_vram_fill(run->client, freed->offset, CANARY * 0x01010101u);
}

/* A job of the first client, which does not know that the page is gone. */
static int run_job(struct freed *freed)
{
	struct dma_fence *fence = puck_space_fill(&freed->space, TRACE);

	if (IS_ERR(fence))
		return PTR_ERR(fence);
	freed->status = puck_copy_finish(fence);
	return 0;
}

static int buggy(struct puck_run *run)
{
	struct freed *freed = run->priv;
	int ret;

	ret = free_page_to_next(run, freed);
	if (!ret)
		ret = run_job(freed);
	if (!ret)
		ret = clear_entry(freed);
	return ret ? ret : puck_vram_read(run->client, freed->offset, &freed->seen);
}

static int fixed(struct puck_run *run)
{
	struct freed *freed = run->priv;
	int ret;

	ret = clear_entry(freed);
	if (!ret)
		ret = free_page_to_next(run, freed);
	if (!ret)
		ret = run_job(freed);
	return ret ? ret : puck_vram_read(run->client, freed->offset, &freed->seen);
}

static void verdict(struct puck_run *run)
{
	struct freed *freed = run->priv;
	const u8 *bytes = page_address(freed->seen.pages[0]), *dead;

	puck_buffer_unmap(&freed->seen);
	dead = memchr_inv(bytes, CANARY, PAGE_SIZE);
	if (dead)
		puck_caught(run, "canary", "the page has a new owner, and byte %zu of it is %#x",
			    (size_t)(dead - bytes), *dead);
	else if (freed->status != -EFAULT)
		puck_caught(run, "fence", "the GPU's write was neither seen nor refused: %d",
			    freed->status);
}

static void teardown(struct puck_run *run)
{
	struct freed *freed = run->priv;

	if (!freed)
		return;
	puck_space_fini(&freed->space);
	puck_buffer_free(&freed->seen);
	if (freed->vram)
		puck_client_vram_free(freed->vram);
	kfree(freed);
}

const struct puck_scenario puck_pte_outlives_page = {
	.name = "pte_outlives_page",
	.mistake = "page freed before its PTE is cleared",
	.history = "23e0563e48f7 (amdgpu)",
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.skip = puck_space_skip,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
