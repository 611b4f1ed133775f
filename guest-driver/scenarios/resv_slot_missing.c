// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: dma_resv_add_fence() without dma_resv_reserve_fences() before it. As long as one of the
 * fences that are there has ended, the new one takes its place; when all of them are late, there
 * is none for it, and the kernel stops with BUG().
 *
 * In Linux: amdgpu's move_notify, fixed by 316baf09d355, "drm/amdgpu: Reserve fences for VM
 * update" (v6.6).
 *
 * Oracle: probes on both functions, which keep account of places. Where the kernel would stop
 * they leave the call out, so that the fence is lost; and then the bytes that a reader has read
 * who was not told of it.
 */
#include <linux/kprobes.h>
#include <linux/ptrace.h>
#include <linux/slab.h>

#include "core/reader.h"

#define PAGES	16

/**
 * struct slots - account of one dma_resv, which is locked while it is watched
 * @resv: the dma_resv; NULL: none is watched
 * @reserved: places for fences to come
 * @reusable: a fence in it has ended, and its place can be had
 * @missing: fences that there was no place for
 *
 * There is one, as scenarios run one by one. Whoever holds the lock of the dma_resv changes it.
 */
static struct slots {
	struct dma_resv *resv;
	unsigned int reserved;
	bool reusable;
	unsigned int missing;
} slots;

/**
 * struct crowded - a buffer that others have put a fence into
 * @reader: the buffer
 * @other: the fence, of whoever else has the buffer
 */
struct crowded {
	struct puck_reader reader;
	struct dma_fence *other;
};

static int on_reserve(struct kprobe *probe, struct pt_regs *regs)
{
	if ((void *)regs_get_kernel_argument(regs, 0) == slots.resv)
		slots.reserved += regs_get_kernel_argument(regs, 1);
	return 0;
}

/* What is called instead where the kernel would stop: it returns to who has called. */
static notrace noinline void add_nothing(void)
{
}

static int on_add(struct kprobe *probe, struct pt_regs *regs)
{
	if ((void *)regs_get_kernel_argument(regs, 0) != slots.resv || slots.reusable)
		return 0;
	if (slots.reserved) {
		slots.reserved--;
		return 0;
	}
	slots.missing++;
	instruction_pointer_set(regs, (unsigned long)add_nothing);
	return 1;
}

NOKPROBE_SYMBOL(on_add);

/* That there is one keeps the probe from being a jump, which cannot leave out a call. */
static void behind_add(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe probe_reserve = {
	.symbol_name = "dma_resv_reserve_fences",
	.pre_handler = on_reserve,
};

static struct kprobe probe_add = {
	.symbol_name = "dma_resv_add_fence",
	.pre_handler = on_add,
	.post_handler = behind_add,
};

static struct kprobe *probes[] = { &probe_reserve, &probe_add };

static const char *skip(struct puck_run *run)
{
	return puck_ledger_works() ? NULL : "no kprobes in this kernel";
}

static int setup(struct puck_run *run)
{
	struct crowded *crowded = kzalloc(sizeof(*crowded), GFP_KERNEL);
	int ret;

	if (!crowded)
		return -ENOMEM;
	run->priv = crowded;
	ret = puck_reader_init(run, &crowded->reader, PAGES);
	if (ret)
		return ret;

	crowded->other = puck_fence_create(dma_fence_context_alloc(1), 1);
	if (!crowded->other)
		return -ENOMEM;
	ret = puck_resv_add(&crowded->reader.resv, crowded->other, DMA_RESV_USAGE_READ);
	if (ret)
		return ret;
	if (!run->late_ns)
		dma_fence_signal(crowded->other);
	return puck_reader_write(run, &crowded->reader, dma_fence_context_alloc(1), 1);
}

/* A probe that was in use before still has what it was given then. */
static int register_probes(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		probes[i]->addr = NULL;
		probes[i]->flags = 0;
	}
	return register_kprobes(probes, ARRAY_SIZE(probes));
}

/* Run @publish under the lock, while the probes look on. */
static int watched(struct crowded *crowded, int (*publish)(struct puck_reader *reader))
{
	struct puck_reader *reader = &crowded->reader;
	int ret;

	ret = register_probes();
	if (ret)
		return ret;
	dma_resv_lock(&reader->resv, NULL);
	slots = (struct slots){
		.resv = &reader->resv,
		.reusable = dma_fence_is_signaled(crowded->other),
	};
	ret = publish(reader);
	slots.resv = NULL;
	dma_resv_unlock(&reader->resv);
	unregister_kprobes(probes, ARRAY_SIZE(probes));
	return ret;
}

static int publish_buggy(struct puck_reader *reader)
{
	dma_resv_add_fence(&reader->resv, reader->writer.fence, DMA_RESV_USAGE_WRITE);
	return 0;
}

static int publish_fixed(struct puck_reader *reader)
{
	int ret = dma_resv_reserve_fences(&reader->resv, 1);

	if (ret)
		return ret;
	dma_resv_add_fence(&reader->resv, reader->writer.fence, DMA_RESV_USAGE_WRITE);
	return 0;
}

static int buggy(struct puck_run *run)
{
	struct crowded *crowded = run->priv;
	int ret = watched(crowded, publish_buggy);

	if (!ret)
		puck_reader_read(run, &crowded->reader);
	return ret;
}

static int fixed(struct puck_run *run)
{
	struct crowded *crowded = run->priv;
	int ret = watched(crowded, publish_fixed);

	if (!ret)
		puck_reader_read(run, &crowded->reader);
	return ret;
}

static void verdict(struct puck_run *run)
{
	struct crowded *crowded = run->priv;
	struct puck_buffer *seen = &crowded->reader.seen;
	unsigned int good = puck_pattern_pages(seen->pages, seen->npages, PUCK_COPY_SEED);

	puck_reader_verdict(run, &crowded->reader);
	if (slots.missing)
		puck_caught(run, "ledger", "no slot for a fence, where the kernel stops; "
			    "without the fence %u of %u pages were there when read", good,
			    seen->npages);
}

static void teardown(struct puck_run *run)
{
	struct crowded *crowded = run->priv;

	if (!crowded)
		return;
	if (crowded->other)
		dma_fence_signal(crowded->other);
	puck_reader_fini(&crowded->reader);
	puck_fence_last_put(crowded->other);
	kfree(crowded);
}

const struct puck_scenario puck_resv_slot_missing = {
	.name = "resv_slot_missing",
	.mistake = "dma_resv_add_fence() without a slot",
	.history = "316baf09d355 (amdgpu)",
	.shown_by = PUCK_SHOWN_BY_LATENESS,
	.skip = skip,
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = teardown,
};
