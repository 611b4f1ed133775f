// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger: keeps account of one device's scatter-gather mappings from
 * outside, with probes on the DMA API's functions. It finds what DMA_API_DEBUG
 * finds in the same place, an unmap or sync with another count than the map,
 * on kernels that are built without it.
 *
 * Probes may run in the context of a breakpoint, which counts as an NMI: no
 * locks. An entry belongs to the mapping it describes, and its owner, the code
 * that maps and unmaps, is one at a time; only finding a free one is a race.
 * One device at a time is watched: scenarios run one by one.
 */
#include <linux/dma-mapping.h>
#include <linux/kprobes.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/scatterlist.h>

#include "core/scenario.h"

#define LEDGER_ENTRIES	64

struct ledger_entry {
	struct scatterlist *sgl;	/* NULL: free */
	int nents;
};

static struct {
	struct device *dev;	/* watched; NULL: nobody is */
	struct ledger_entry entries[LEDGER_ENTRIES];
	int wrong;		/* wrong calls; who counts the first one fills in: */
	int map_nents;
	int wrong_nents;
	const char *verb;	/* valid when set */
} ledger;

static bool probes_on;

static struct ledger_entry *ledger_find(struct scatterlist *sgl)
{
	int i;

	for (i = 0; i < LEDGER_ENTRIES; i++)
		if (READ_ONCE(ledger.entries[i].sgl) == sgl)
			return &ledger.entries[i];
	return NULL;
}

/* A list mapped again keeps its entry: the mapping before has failed. */
static void ledger_map(struct device *dev, struct scatterlist *sgl, int nents)
{
	struct ledger_entry *entry;
	int i;

	if (dev != READ_ONCE(ledger.dev))
		return;

	entry = ledger_find(sgl);
	for (i = 0; !entry && i < LEDGER_ENTRIES; i++)
		if (!cmpxchg(&ledger.entries[i].sgl, NULL, sgl))
			entry = &ledger.entries[i];
	if (entry)
		entry->nents = nents;
}

static void ledger_use(struct device *dev, struct scatterlist *sgl, int nents,
		       const char *verb, bool last)
{
	struct ledger_entry *entry;

	if (dev != READ_ONCE(ledger.dev))
		return;

	entry = ledger_find(sgl);
	if (!entry)
		return;
	if (entry->nents != nents && !xchg(&ledger.wrong, 1)) {
		ledger.map_nents = entry->nents;
		ledger.wrong_nents = nents;
		smp_store_release(&ledger.verb, verb);	/* the numbers first */
	}
	if (last)
		WRITE_ONCE(entry->sgl, NULL);
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

/* What those have for skip() that are about a count in a sync. */
const char *puck_ledger_skip_sync(struct puck_run *run)
{
	if (!dma_dev_need_sync(run->dev))
		return "this kernel skips syncs of coherent devices";
	return probes_on ? NULL : "no kprobes in this kernel";
}

void puck_ledger_open(struct device *dev)
{
	memset(&ledger, 0, sizeof(ledger));
	WRITE_ONCE(ledger.dev, dev);
}

void puck_ledger_close(void)
{
	WRITE_ONCE(ledger.dev, NULL);
	synchronize_rcu_expedited();	/* probes run with preemption off */
}

/* Whether a wrong count was seen since the ledger was opened, and which. */
bool puck_ledger_report(char *text, size_t size)
{
	const char *verb = smp_load_acquire(&ledger.verb);	/* then the numbers */

	if (verb)
		snprintf(text, size, "mapped with %d entries, %s with %d",
			 ledger.map_nents, verb, ledger.wrong_nents);
	return verb;
}

/* The verdict of scenarios that are about counts. */
void puck_ledger_verdict(struct puck_run *run)
{
	char text[64];

	if (puck_ledger_report(text, sizeof(text)))
		puck_caught(run, "ledger", "%s", text);
}
