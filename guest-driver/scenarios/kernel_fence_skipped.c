// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: a client that synchronises explicitly waits for no fence of a buffer at all. Who writes
 * and who reads is its own matter, but where the buffer is, is not: the KERNEL fence of a move
 * has to be waited for by everybody before the new place is used.
 *
 * In Linux: "drm/amdgpu: wait for moving fence after pinning", 8ddf5b9bb479 (v5.14), and the same
 * for radeon, 4b41726aae56, and nouveau, 17b11f71795a.
 *
 * Oracle: the bytes that a job has copied from the new place, while the move is late.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>

#include "abi/puck_gpu.h"
#include "core/late.h"
#include "core/reader.h"
#include "core/scenario.h"

#define PAGES	16

/* Where bytes are, and where they go. */
enum place {
	OLD,		/* before the move */
	NEW,		/* behind it */
	COPY,		/* what the client makes of them */
	PLACES,
};

/**
 * struct move - a buffer that is moved, and a job that copies it
 * @buffers: by enum place
 * @segs: of @buffers
 * @resv: of the buffer
 * @move: writes NEW
 */
struct move {
	struct puck_buffer buffers[PLACES];
	struct puck_client_seg *segs[PLACES];
	struct dma_resv resv;
	struct puck_late move;
};

static struct puck_client_job copy_job(struct move *move, enum place from, enum place to)
{
	return (struct puck_client_job){
		.opcode = PUCK_GPU_CMD_COPY,
		.length = PAGES * PAGE_SIZE,
		.src = move->segs[from],
		.nsrc = move->buffers[from].sgt.nents,
		.dst = move->segs[to],
		.ndst = move->buffers[to].sgt.nents,
	};
}

static int setup(struct puck_run *run)
{
	static const enum dma_data_direction dirs[PLACES] = {
		[OLD] = DMA_TO_DEVICE, [NEW] = DMA_BIDIRECTIONAL, [COPY] = DMA_FROM_DEVICE,
	};
	struct move *move = kzalloc(sizeof(*move), GFP_KERNEL);
	unsigned int i;
	int ret;

	if (!move)
		return -ENOMEM;
	dma_resv_init(&move->resv);
	run->priv = move;

	for (i = 0; i < PLACES; i++) {
		ret = puck_buffer_alloc(&move->buffers[i], PAGES);
		if (ret)
			return ret;
		if (i == OLD)
			puck_buffer_pattern(&move->buffers[i], PUCK_COPY_SEED);
		ret = puck_buffer_map(&move->buffers[i], run->dev, dirs[i]);
		if (ret)
			return ret;
		move->segs[i] = puck_segments(&move->buffers[i].sgt);
		if (!move->segs[i])
			return -ENOMEM;
	}
	run->orig_nents = move->buffers[NEW].sgt.orig_nents;
	run->nents = move->buffers[NEW].sgt.nents;
	return 0;
}

static int begin_move(struct puck_run *run, struct move *move)
{
	struct puck_client_job job = copy_job(move, OLD, NEW);
	int ret;

	ret = puck_late_submit(run, &move->move, dma_fence_context_alloc(1), 1, &job);
	if (ret)
		return ret;
	return puck_resv_add(&move->resv, move->move.fence, DMA_RESV_USAGE_KERNEL);
}

static int use(struct puck_run *run, struct move *move)
{
	struct puck_client_job job = copy_job(move, NEW, COPY);
	struct dma_fence *fence = puck_client_submit(run->client, 0, &job);

	return IS_ERR(fence) ? PTR_ERR(fence) : puck_copy_finish(fence);
}

static int buggy(struct puck_run *run)
{
	struct move *move = run->priv;
	int ret;

	ret = begin_move(run, move);
	if (ret)
		return ret;

	return use(run, move);
}

static int fixed(struct puck_run *run)
{
	struct move *move = run->priv;
	int ret;

	ret = begin_move(run, move);
	if (ret)
		return ret;

	dma_resv_wait_timeout(&move->resv, DMA_RESV_USAGE_KERNEL, false, MAX_SCHEDULE_TIMEOUT);
	return use(run, move);
}

static void verdict(struct puck_run *run)
{
	struct move *move = run->priv;
	struct puck_copy copy = { .dst = move->buffers[COPY] };

	puck_copy_verdict(run, &copy, PUCK_COPY_SEED);
}

static void teardown(struct puck_run *run)
{
	struct move *move = run->priv;
	unsigned int i;

	if (!move)
		return;
	puck_late_end(&move->move);
	dma_resv_fini(&move->resv);
	puck_late_free(&move->move);
	for (i = 0; i < PLACES; i++) {
		kfree(move->segs[i]);
		puck_buffer_free(&move->buffers[i]);
	}
	kfree(move);
}

const struct puck_scenario puck_kernel_fence_skipped = {
	.name = "kernel_fence_skipped",
	.mistake = "use of a buffer that is being moved",
	.history = "8ddf5b9bb479 (amdgpu), 4b41726aae56 (radeon)",
	.shown_by = PUCK_SHOWN_BY_LATENESS,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
