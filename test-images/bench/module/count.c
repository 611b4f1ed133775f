// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many instructions a mapping takes: a PCI driver that does nothing but map and
 * unmap when it is bound, by driver_override.
 *
 * Under QEMU's -icount the time stamp counter advances by the same for every
 * instruction. How much that is, a loop of known length tells; where it is no such
 * machine the driver refuses. No interrupt is counted, and nothing that the host does.
 *
 * A figure for each number of pages, as a line of the kernel's log:
 *	bench: count_<pages>	instructions of dma_map_single() and dma_unmap_single()
 * It is the mean of many in a row, so that what is put off and done for several at
 * once, such as a flush, is in it.
 */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/irqflags.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/timex.h>

#define PAIRS		4096
#define KNOWN_LOOPS	100000	/* of two instructions each */
#define AROUND_LOOP	16

static const unsigned int numbers[] = { 1, 64 };

/* Ticks an instruction, or 0 if that is no fixed number. */
static u32 ticks_each(void)
{
	unsigned long loops = KNOWN_LOOPS, flags;
	u64 ticks;
	u32 each, rest;

	local_irq_save(flags);
	ticks = get_cycles();
	asm volatile("1: dec %0\n\tjnz 1b" : "+r" (loops) : : "cc");
	ticks = get_cycles() - ticks;
	local_irq_restore(flags);
	each = div_u64_rem(ticks, 2 * KNOWN_LOOPS, &rest);
	/* Some are around the loop. */
	return rest <= AROUND_LOOP * each ? each : 0;
}

static int map_and_unmap(struct device *dev, void *buffer, size_t size, unsigned int pairs)
{
	dma_addr_t addr;

	while (pairs--) {
		addr = dma_map_single(dev, buffer, size, DMA_BIDIRECTIONAL);
		if (dma_mapping_error(dev, addr))
			return -ENOMEM;
		dma_unmap_single(dev, addr, size, DMA_BIDIRECTIONAL);
	}
	return 0;
}

/* First without counting: the caches of the IOVA allocator and all tables are there then. */
static int count(struct device *dev, void *buffer, unsigned int pages)
{
	size_t size = (size_t)pages * PAGE_SIZE;
	u32 each = ticks_each();
	unsigned long flags;
	u64 ticks;
	int ret;

	if (!each)
		return -EOPNOTSUPP;
	ret = map_and_unmap(dev, buffer, size, PAIRS);
	if (ret)
		return ret;
	local_irq_save(flags);
	ticks = get_cycles();
	ret = map_and_unmap(dev, buffer, size, PAIRS);
	ticks = get_cycles() - ticks;
	local_irq_restore(flags);
	dev_info(dev, "bench: count_%u %llu\n", pages, div_u64(ticks, each * PAIRS));
	return ret;
}

static int count_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	size_t size = numbers[ARRAY_SIZE(numbers) - 1] * PAGE_SIZE;
	void *buffer = alloc_pages_exact(size, GFP_KERNEL);
	unsigned int i;
	int ret = buffer ? dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32)) : -ENOMEM;

	for (i = 0; !ret && i < ARRAY_SIZE(numbers); i++)
		ret = count(&pdev->dev, buffer, numbers[i]);
	if (buffer)
		free_pages_exact(buffer, size);
	return ret;
}

static struct pci_driver count_driver = {
	.name = "puck_count_benchmark",
	.probe = count_probe,
};
module_pci_driver(count_driver);

MODULE_DESCRIPTION("Instructions of a DMA mapping");
MODULE_LICENSE("GPL");
