// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: VRAM goes from one client to the next as it is. The kernel clears pages of system memory
 * before anybody else has them; of VRAM it knows nothing, and that is the driver's to do.
 *
 * In Linux: "drm/amdgpu: always allocate cleared VRAM for GEM allocations", 6c0a7c3c693a (v6.12):
 * what others had left was cleared if user space asked for that.
 *
 * Oracle: the first client's bytes, in what the next one has read.
 */
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core/scenario.h"
#include "core/vram.h"

/* What is in the next client's memory before it has read. */
#define UNREAD	0xff

/**
 * struct hand_over - a page of VRAM, and two clients
 * @vram: the page; NULL: there is none
 * @offset: of @vram
 * @next: the client that has the page last; NULL: there is none. The first one is the run's
 * @secret: what the first one puts there
 * @seen: what the next one reads
 */
struct hand_over {
	struct puck_client_vram *vram;
	u64 offset;
	struct puck_client *next;
	struct puck_buffer secret;
	struct puck_buffer seen;
};

static int make_buffers(struct puck_run *run, struct hand_over *over)
{
	int ret;

	ret = puck_buffer_alloc(&over->secret, 1);
	if (ret)
		return ret;
	puck_buffer_pattern(&over->secret, PUCK_COPY_SEED);
	ret = puck_buffer_map(&over->secret, run->dev, DMA_TO_DEVICE);
	if (ret)
		return ret;
	ret = puck_buffer_alloc(&over->seen, 1);
	if (ret)
		return ret;
	memset(page_address(over->seen.pages[0]), UNREAD, PAGE_SIZE);
	return puck_buffer_map(&over->seen, run->dev, DMA_FROM_DEVICE);
}

static int setup(struct puck_run *run)
{
	struct hand_over *over = kzalloc(sizeof(*over), GFP_KERNEL);
	struct puck_client_vram *vram;
	struct puck_client *next;

	if (!over)
		return -ENOMEM;
	run->priv = over;
	run->orig_nents = 1;
	run->nents = 1;

	next = puck_client_get(to_pci_dev(run->dev));
	if (IS_ERR(next))
		return PTR_ERR(next);
	over->next = next;
	vram = puck_client_vram_alloc(run->client, &over->offset);
	if (IS_ERR(vram))
		return PTR_ERR(vram);
	over->vram = vram;
	return make_buffers(run, over);
}

static int buggy(struct puck_run *run)
{
	struct hand_over *over = run->priv;
	int ret;

	ret = puck_vram_write(run->client, over->offset, &over->secret);
	if (ret)
		return ret;

	return puck_vram_read(over->next, over->offset, &over->seen);
}

static int fixed(struct puck_run *run)
{
	struct hand_over *over = run->priv;
	int ret;

	ret = puck_vram_write(run->client, over->offset, &over->secret);
	if (ret)
		return ret;

	ret = puck_vram_fill(run->client, over->offset, 0);
	if (ret)
		return ret;
	return puck_vram_read(over->next, over->offset, &over->seen);
}

static void verdict(struct puck_run *run)
{
	struct hand_over *over = run->priv;
	const u8 *bytes = page_address(over->seen.pages[0]), *left;

	puck_buffer_unmap(&over->seen);
	left = memchr_inv(bytes, 0, PAGE_SIZE);
	if (puck_pattern_pages(over->seen.pages, 1, PUCK_COPY_SEED))
		puck_caught(run, "compare", "the next client has read all that the first one left");
	else if (left)
		puck_caught(run, "another compare", "byte %zu of cleared VRAM is %#x",
			    (size_t)(left - bytes), *left);
}

static void teardown(struct puck_run *run)
{
	struct hand_over *over = run->priv;

	if (!over)
		return;
	puck_buffer_free(&over->seen);
	puck_buffer_free(&over->secret);
	if (over->vram)
		puck_client_vram_free(over->vram);
	if (over->next)
		puck_client_put(over->next);
	kfree(over);
}

const struct puck_scenario puck_vram_not_cleared = {
	.name = "vram_not_cleared",
	.mistake = "VRAM is handed on with what is in it",
	.history = "6c0a7c3c693a (amdgpu)",
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
