// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger: keeps account of one device's scatter-gather mappings from
 * outside, with probes on the DMA API's functions. It finds what DMA_API_DEBUG
 * finds in the same place, an unmap or sync with another count than the map,
 * on kernels that are built without it.
 *
 * Probes run with preemption off on any CPU; entries are only touched under
 * @lock. One device at a time is watched: scenarios run one by one.
 */
#include <linux/kprobes.h>
#include <linux/ptrace.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>

#include "scenario.h"

#define LEDGER_ENTRIES	16

static struct {
	raw_spinlock_t lock;	/* everything here */
	struct device *dev;	/* watched; NULL: nobody is */
	struct {
		struct scatterlist *sgl;	/* NULL: free */
		int nents;
	} entries[LEDGER_ENTRIES];
	const char *verb;	/* of the first wrong call, or NULL */
	int map_nents;
	int wrong_nents;
} ledger = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(ledger.lock),
};

static bool probes_on;

static void ledger_map(struct device *dev, struct scatterlist *sgl, int nents)
{
	unsigned long flags;
	int i, slot = -1;

	raw_spin_lock_irqsave(&ledger.lock, flags);
	if (dev == ledger.dev) {
		/* A list mapped again replaces its entry: that mapping failed. */
		for (i = LEDGER_ENTRIES - 1; i >= 0; i--) {
			if (ledger.entries[i].sgl == sgl) {
				slot = i;
				break;
			}
			if (!ledger.entries[i].sgl)
				slot = i;
		}
		if (slot >= 0) {
			ledger.entries[slot].sgl = sgl;
			ledger.entries[slot].nents = nents;
		}
	}
	raw_spin_unlock_irqrestore(&ledger.lock, flags);
}

static void ledger_use(struct device *dev, struct scatterlist *sgl, int nents,
		       const char *verb, bool last)
{
	unsigned long flags;
	int i;

	raw_spin_lock_irqsave(&ledger.lock, flags);
	for (i = 0; dev == ledger.dev && i < LEDGER_ENTRIES; i++) {
		if (ledger.entries[i].sgl != sgl)
			continue;
		if (ledger.entries[i].nents != nents && !ledger.verb) {
			ledger.verb = verb;
			ledger.map_nents = ledger.entries[i].nents;
			ledger.wrong_nents = nents;
		}
		if (last)
			ledger.entries[i].sgl = NULL;
		break;
	}
	raw_spin_unlock_irqrestore(&ledger.lock, flags);
}

#define ARG(regs, n)	regs_get_kernel_argument(regs, n)

static int on_map_sg(struct kprobe *probe, struct pt_regs *regs)
{
	ledger_map((void *)ARG(regs, 0), (void *)ARG(regs, 1), ARG(regs, 2));
	return 0;
}

static int on_map_sgtable(struct kprobe *probe, struct pt_regs *regs)
{
	struct sg_table *sgt = (void *)ARG(regs, 1);

	ledger_map((void *)ARG(regs, 0), sgt->sgl, sgt->orig_nents);
	return 0;
}

static int on_unmap_sg(struct kprobe *probe, struct pt_regs *regs)
{
	ledger_use((void *)ARG(regs, 0), (void *)ARG(regs, 1), ARG(regs, 2),
		   "unmapped", true);
	return 0;
}

static int on_sync_sg(struct kprobe *probe, struct pt_regs *regs)
{
	ledger_use((void *)ARG(regs, 0), (void *)ARG(regs, 1), ARG(regs, 2),
		   "synced", false);
	return 0;
}

static struct kprobe probe_map_sg = {
	.symbol_name = "dma_map_sg_attrs",
	.pre_handler = on_map_sg,
};

static struct kprobe probe_map_sgtable = {
	.symbol_name = "dma_map_sgtable",
	.pre_handler = on_map_sgtable,
};

static struct kprobe probe_unmap_sg = {
	.symbol_name = "dma_unmap_sg_attrs",
	.pre_handler = on_unmap_sg,
};

static struct kprobe probe_sync_sg = {
	.symbol_name = "__dma_sync_sg_for_cpu",
	.pre_handler = on_sync_sg,
};

static struct kprobe *probes[] = {
	&probe_map_sg, &probe_map_sgtable, &probe_unmap_sg, &probe_sync_sg,
};

/* Without probes (no CONFIG_KPROBES) the module works, less two scenarios. */
int puck_ledger_init(void)
{
	int ret = register_kprobes(probes, ARRAY_SIZE(probes));

	probes_on = !ret;
	return ret;
}

void puck_ledger_exit(void)
{
	if (probes_on)
		unregister_kprobes(probes, ARRAY_SIZE(probes));
}

bool puck_ledger_works(void)
{
	return probes_on;
}

void puck_ledger_open(struct device *dev)
{
	raw_spin_lock_irq(&ledger.lock);
	memset(ledger.entries, 0, sizeof(ledger.entries));
	ledger.verb = NULL;
	ledger.dev = dev;
	raw_spin_unlock_irq(&ledger.lock);
}

void puck_ledger_close(void)
{
	raw_spin_lock_irq(&ledger.lock);
	ledger.dev = NULL;
	raw_spin_unlock_irq(&ledger.lock);
}

/* Whether a wrong count was seen since the ledger was opened, and which. */
bool puck_ledger_report(char *text, size_t size)
{
	bool wrong;

	raw_spin_lock_irq(&ledger.lock);
	wrong = ledger.verb;
	if (wrong)
		snprintf(text, size, "mapped with %d entries, %s with %d",
			 ledger.map_nents, ledger.verb, ledger.wrong_nents);
	raw_spin_unlock_irq(&ledger.lock);
	return wrong;
}
