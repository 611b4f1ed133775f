// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults of Intel's IOMMUs. Their driver prints them, as far as the rate allows, and
 * that is all; and the function that prints is inlined in some kernels. But its
 * interrupt handler is a function of a known name. When it is entered, the fault
 * records are still in the registers, and reading them does no harm. Where the
 * registers are is said by the firmware's table.
 *
 * A fault that comes while the handler is at work on others may be handled by it in
 * the same go, and is missed here.
 */

#include <linux/acpi.h>
#include <linux/bitfield.h>
#include <linux/bits.h>
#include <linux/io.h>
#include <linux/kprobes.h>
#include <linux/minmax.h>
#include <linux/sizes.h>

#include "core/refusal.h"
#include "fault/fault.h"
#include "fault/source.h"

#ifdef CONFIG_DMAR_TABLE

/* The names are those of the VT-d specification, sections 11.4.2 to 11.4.14. */
#define DMAR_CAP		0x08
#define DMAR_CAP_FRO		GENMASK_ULL(33, 24)
#define DMAR_CAP_NFR		GENMASK_ULL(47, 40)
#define DMAR_FSTS		0x34
#define DMAR_FSTS_PPF		BIT(1)
#define DMAR_FRCD_SIZE		16
#define DMAR_FRCD_F		BIT_ULL(63)
#define DMAR_FRCD_T		BIT_ULL(62)
#define DMAR_FRCD_FR		GENMASK_ULL(39, 32)
#define DMAR_FRCD_SID		GENMASK_ULL(15, 0)
#define DMAR_FRCD_FI		GENMASK_ULL(63, 12)

/* Reasons of interrupt remapping: those have no address. */
#define DMAR_FR_IR_FIRST	0x20
#define DMAR_FR_IR_LAST		0x2f

#define INTEL_UNITS		16

struct intel_unit {
	void __iomem *regs;
	unsigned int records;
	unsigned int count;
	u16 segment;
};

/* Written before the probe is set and after it is gone. */
static struct intel_unit intel_units[INTEL_UNITS];
static unsigned int intel_count;

static void intel_record(const struct intel_unit *unit, unsigned int i)
{
	void __iomem *record = unit->regs + unit->records + i * DMAR_FRCD_SIZE;
	u64 high = readq(record + 8);
	u8 reason = FIELD_GET(DMAR_FRCD_FR, high);

	if (!(high & DMAR_FRCD_F) || (reason >= DMAR_FR_IR_FIRST && reason <= DMAR_FR_IR_LAST))
		return;
	puck_dma_fault_requester(unit->segment, FIELD_GET(DMAR_FRCD_SID, high),
				 readq(record) & DMAR_FRCD_FI,
				 high & DMAR_FRCD_T ? PUCK_DMA_READ : PUCK_DMA_WROTE);
}

/* Which unit it is about is the driver's secret: all that have something are read. */
static int intel_fault(struct kprobe *probe, struct pt_regs *regs)
{
	unsigned int u, i;

	for (u = 0; u < intel_count; u++) {
		if (!(readl(intel_units[u].regs + DMAR_FSTS) & DMAR_FSTS_PPF))
			continue;
		for (i = 0; i < intel_units[u].count; i++)
			intel_record(&intel_units[u], i);
	}
	return 0;
}

static struct kprobe intel_probe = {
	.symbol_name = "dmar_fault",
	.pre_handler = intel_fault,
};

static int intel_add(const struct acpi_dmar_hardware_unit *drhd)
{
	struct intel_unit *unit = &intel_units[intel_count];
	void __iomem *regs;
	u64 cap;

	if (intel_count == INTEL_UNITS)
		return -ENOSPC;
	regs = ioremap(drhd->address, SZ_4K);
	if (!regs)
		return -ENOMEM;
	cap = readq(regs + DMAR_CAP);
	iounmap(regs);

	unit->records = FIELD_GET(DMAR_CAP_FRO, cap) * 16;
	unit->count = FIELD_GET(DMAR_CAP_NFR, cap) + 1;
	unit->segment = drhd->segment;
	unit->regs = ioremap(drhd->address, max_t(size_t, SZ_4K, unit->records +
						  unit->count * DMAR_FRCD_SIZE));
	if (!unit->regs)
		return -ENOMEM;
	intel_count++;
	return 0;
}

static int intel_add_all(const struct acpi_table_header *table)
{
	const void *at = (const void *)table + sizeof(struct acpi_table_dmar);
	const void *end = (const void *)table + table->length;
	const struct acpi_dmar_header *entry;
	int ret = 0;

	while (!ret && at + sizeof(*entry) <= end) {
		entry = at;
		if (entry->length < sizeof(*entry) || at + entry->length > end)
			return -EINVAL;
		if (entry->type == ACPI_DMAR_TYPE_HARDWARE_UNIT &&
		    entry->length >= sizeof(struct acpi_dmar_hardware_unit))
			ret = intel_add(at);
		at += entry->length;
	}
	return ret;
}

static void intel_forget(void)
{
	while (intel_count)
		iounmap(intel_units[--intel_count].regs);
}

int puck_dma_fault_intel_start(void)
{
	struct acpi_table_header *table;
	int ret;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_DMAR, 0, &table)))
		return -ENODEV;
	ret = intel_add_all(table);
	acpi_put_table(table);
	/* A probe that was taken away once has to be told its name again. */
	intel_probe.addr = NULL;
	if (!ret)
		ret = register_kprobe(&intel_probe);
	if (ret)
		intel_forget();
	return ret;
}

void puck_dma_fault_intel_stop(void)
{
	unregister_kprobe(&intel_probe);
	intel_forget();
}
#else
int puck_dma_fault_intel_start(void)
{
	return -EOPNOTSUPP;
}

void puck_dma_fault_intel_stop(void)
{
}
#endif
