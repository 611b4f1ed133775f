// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a mapping costs when many others are live: a PCI driver that does nothing
 * but map and unmap one page when it is bound, by driver_override.
 *
 * Two figures for each number of live mappings, in ns of map plus unmap, as lines
 * of the kernel's log:
 *	bench: fill_<n>		going up to <n> and back
 *	bench: live_<n>		one more, while <n> are live
 */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#define EXTRA	2000	/* mappings, one after the other */
#define FEW	100	/* so few take too little time to be seen once */
#define FEW_RUNS	100

static const unsigned int numbers[] = { FEW, 100000 };

static int map_all(struct device *dev, struct page *page, dma_addr_t *addrs, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		addrs[i] = dma_map_page(dev, page, 0, PAGE_SIZE, DMA_BIDIRECTIONAL);
		if (dma_mapping_error(dev, addrs[i]))
			break;
		if (!(i % 1024))
			cond_resched();
	}
	return i;
}

static void unmap_all(struct device *dev, dma_addr_t *addrs, unsigned int n)
{
	while (n--) {
		dma_unmap_page(dev, addrs[n], PAGE_SIZE, DMA_BIDIRECTIONAL);
		if (!(n % 1024))
			cond_resched();
	}
}

static u64 time_extra(struct device *dev, struct page *page)
{
	u64 start = ktime_get_ns();
	unsigned int i;
	dma_addr_t addr;

	for (i = 0; i < EXTRA; i++)
		if (map_all(dev, page, &addr, 1))
			unmap_all(dev, &addr, 1);
	return div_u64(ktime_get_ns() - start, EXTRA);
}

/* False if not all could be mapped. */
static bool measure(struct device *dev, struct page *page, dma_addr_t *addrs, unsigned int n)
{
	unsigned int runs = n == FEW ? FEW_RUNS : 1, run, mapped;
	u64 start, fill = 0;

	for (run = 0; run < runs; run++) {
		start = ktime_get_ns();
		mapped = map_all(dev, page, addrs, n);
		fill += ktime_get_ns() - start;
		if (mapped == n && !run)
			dev_info(dev, "bench: live_%u %llu\n", n, time_extra(dev, page));
		start = ktime_get_ns();
		unmap_all(dev, addrs, mapped);
		fill += ktime_get_ns() - start;
		if (mapped < n)
			return false;
	}
	dev_info(dev, "bench: fill_%u %llu\n", n, div_u64(fill, runs * n));
	return true;
}

static int live_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct page *page = alloc_page(GFP_KERNEL);
	dma_addr_t *addrs = vmalloc_array(numbers[ARRAY_SIZE(numbers) - 1], sizeof(*addrs));
	unsigned int i;
	int ret = page && addrs ? 0 : -ENOMEM;

	if (!ret)
		ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	for (i = 0; !ret && i < ARRAY_SIZE(numbers); i++)
		if (!measure(&pdev->dev, page, addrs, numbers[i]))
			ret = -ENOSPC;
	vfree(addrs);
	if (page)
		__free_page(page);
	return ret;
}

static struct pci_driver live_driver = {
	.name = "puck_live_benchmark",
	.probe = live_probe,
};
module_pci_driver(live_driver);

MODULE_DESCRIPTION("Cost of a DMA mapping among many");
MODULE_LICENSE("GPL");
