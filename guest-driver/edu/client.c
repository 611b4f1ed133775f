// SPDX-License-Identifier: GPL-2.0-only
/*
 * puck-dma-edu.ko: a driver of QEMU's edu device that uses the DMA API rightly and
 * wrongly, for tests of what puck-dma finds. Reading "cases" of its device in sysfs
 * gives a line NAME CLASS for each case, "-" for those in which nothing is wrong;
 * writing a name to "run" does it. "memory_cases" are those of edu_memory.c.
 *
 * The device is QEMU's docs/specs/edu.rst; it has to be given dma_mask=0xffffffff.
 */

#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "edu.h"

#define EDU_DMA_SRC	0x80
#define EDU_DMA_DST	0x88
#define EDU_DMA_COUNT	0x90
#define EDU_DMA_CMD	0x98
#define EDU_DMA_START	BIT(0)
#define EDU_DMA_TO_RAM	BIT(1)
/* The device's own memory, a page of it. */
#define EDU_BUFFER	0x40000

/* Nothing is ever mapped here: the mapper begins at the top. */
#define EDU_NOWHERE	0x1234000

/* Pages of cases that leave mappings behind: the device may still know them. */
static LIST_HEAD(edu_left_pages);
static DEFINE_MUTEX(edu_left_lock);

/**
 * edu_move - move bytes between the device's own memory and RAM
 * @edu: the device
 * @iova: in RAM
 * @size: up to EDU_MOVE_MAX
 * @to_ram: which way
 *
 * Return: 0 or -ETIMEDOUT.
 */
int edu_move(struct edu *edu, dma_addr_t iova, size_t size, bool to_ram)
{
	int tries;

	writeq(to_ram ? EDU_BUFFER : iova, edu->regs + EDU_DMA_SRC);
	writeq(to_ram ? iova : EDU_BUFFER, edu->regs + EDU_DMA_DST);
	writeq(size, edu->regs + EDU_DMA_COUNT);
	writeq(EDU_DMA_START | (to_ram ? EDU_DMA_TO_RAM : 0), edu->regs + EDU_DMA_CMD);
	for (tries = 0; tries < 250; tries++) {
		if (!(readq(edu->regs + EDU_DMA_CMD) & EDU_DMA_START))
			return 0;
		msleep(20);
	}
	return -ETIMEDOUT;
}

/**
 * edu_dma - the same, and time for a fault
 * @edu: the device
 * @iova: in RAM
 * @size: up to EDU_MOVE_MAX
 * @to_ram: which way
 *
 * Return: 0 or -ETIMEDOUT.
 */
int edu_dma(struct edu *edu, dma_addr_t iova, size_t size, bool to_ram)
{
	int ret = edu_move(edu, iova, size, to_ram);

	/* A fault is heard of a little later: what is mapped stays so long. */
	if (!ret)
		msleep(100);
	return ret;
}

/**
 * edu_map_page - map the first page
 * @edu: the device
 * @dir: what it may do
 * @addr: set to its address
 *
 * Return: 0 or -ENOMEM.
 */
noinline int edu_map_page(struct edu *edu, enum dma_data_direction dir, dma_addr_t *addr)
{
	*addr = dma_map_page(&edu->pdev->dev, edu->page, 0, PAGE_SIZE, dir);
	return dma_mapping_error(&edu->pdev->dev, *addr) ? -ENOMEM : 0;
}

/**
 * edu_map_sg - map all pages
 * @edu: the device
 * @dir: what it may do
 *
 * Return: 0 or -ENOMEM.
 */
noinline int edu_map_sg(struct edu *edu, enum dma_data_direction dir)
{
	return dma_map_sg(&edu->pdev->dev, edu->sg, EDU_PAGES, dir) ? 0 : -ENOMEM;
}

/* The device reads one page and writes another: the same bytes must be there. */
static int edu_good_page(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	u8 *memory = page_address(edu->page);
	dma_addr_t from, to;
	int ret;

	memset(memory, 0x5a, PAGE_SIZE);
	memset(memory + PAGE_SIZE, 0, PAGE_SIZE);
	ret = edu_map_page(edu, DMA_TO_DEVICE, &from);
	if (ret)
		return ret;
	to = dma_map_page(dev, edu->page, PAGE_SIZE, PAGE_SIZE, DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, to)) {
		dma_unmap_page(dev, from, PAGE_SIZE, DMA_TO_DEVICE);
		return -ENOMEM;
	}
	ret = edu_dma(edu, from, PAGE_SIZE, false) ?: edu_dma(edu, to, PAGE_SIZE, true);
	dma_sync_single_for_cpu(dev, to, PAGE_SIZE, DMA_FROM_DEVICE);
	if (!ret && memcmp(memory, memory + PAGE_SIZE, PAGE_SIZE))
		ret = -EBADMSG;
	dma_sync_single_for_device(dev, to, PAGE_SIZE, DMA_FROM_DEVICE);
	dma_unmap_page(dev, to, PAGE_SIZE, DMA_FROM_DEVICE);
	dma_unmap_page(dev, from, PAGE_SIZE, DMA_TO_DEVICE);
	return ret;
}

static int edu_good_sg(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	int ret = edu_map_sg(edu, DMA_BIDIRECTIONAL);

	if (ret)
		return ret;
	ret = edu_dma(edu, sg_dma_address(edu->sg), PAGE_SIZE, true);
	dma_sync_sg_for_cpu(dev, edu->sg, EDU_PAGES, DMA_FROM_DEVICE);
	dma_sync_sg_for_device(dev, edu->sg, EDU_PAGES, DMA_TO_DEVICE);
	dma_unmap_sg(dev, edu->sg, EDU_PAGES, DMA_BIDIRECTIONAL);
	return ret;
}

static int edu_good_coherent(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	dma_addr_t addr;
	void *memory = dma_alloc_coherent(dev, 3000, &addr, GFP_KERNEL);
	int ret;

	if (!memory)
		return -ENOMEM;
	ret = edu_dma(edu, addr, 3000, true) ?: edu_dma(edu, addr, 3000, false);
	dma_free_coherent(dev, 3000, memory, addr);
	return ret;
}

static int edu_unmap_count(struct edu *edu)
{
	int ret = edu_map_sg(edu, DMA_FROM_DEVICE);

	if (!ret)
		dma_unmap_sg(&edu->pdev->dev, edu->sg, 1, DMA_FROM_DEVICE);
	return ret;
}

static int edu_unmap_size(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_FROM_DEVICE, &addr);

	if (!ret)
		dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE / 2, DMA_FROM_DEVICE);
	return ret;
}

static int edu_unmap_direction(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_FROM_DEVICE, &addr);

	if (!ret)
		dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
	return ret;
}

static int edu_unmap_kind(struct edu *edu)
{
	int ret = edu_map_sg(edu, DMA_FROM_DEVICE);

	if (!ret)
		dma_unmap_page(&edu->pdev->dev, sg_dma_address(edu->sg), EDU_SIZE,
			       DMA_FROM_DEVICE);
	return ret;
}

static int edu_unmap_twice(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_FROM_DEVICE, &addr);

	if (ret)
		return ret;
	dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	return 0;
}

static int edu_unmap_unknown(struct edu *edu)
{
	dma_unmap_page(&edu->pdev->dev, EDU_NOWHERE, PAGE_SIZE, DMA_FROM_DEVICE);
	return 0;
}

static int edu_sync_count(struct edu *edu)
{
	int ret = edu_map_sg(edu, DMA_FROM_DEVICE);

	if (ret)
		return ret;
	dma_sync_sg_for_cpu(&edu->pdev->dev, edu->sg, 1, DMA_FROM_DEVICE);
	dma_unmap_sg(&edu->pdev->dev, edu->sg, EDU_PAGES, DMA_FROM_DEVICE);
	return 0;
}

static int edu_sync_range(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_FROM_DEVICE, &addr);

	if (ret)
		return ret;
	dma_sync_single_for_cpu(&edu->pdev->dev, addr + 1, PAGE_SIZE, DMA_FROM_DEVICE);
	dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	return 0;
}

static int edu_sync_direction(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_FROM_DEVICE, &addr);

	if (ret)
		return ret;
	dma_sync_single_for_device(&edu->pdev->dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
	dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	return 0;
}

static int edu_sync_unmapped(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_FROM_DEVICE, &addr);

	if (ret)
		return ret;
	dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	dma_sync_single_for_cpu(&edu->pdev->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	return 0;
}

static int edu_sync_unknown(struct edu *edu)
{
	dma_sync_single_for_cpu(&edu->pdev->dev, EDU_NOWHERE, PAGE_SIZE, DMA_FROM_DEVICE);
	return 0;
}

static int edu_access_unmapped(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_FROM_DEVICE, &addr);

	if (ret)
		return ret;
	dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	return edu_dma(edu, addr, 8, true);
}

/* A whole page, and once more: still one finding. */
static int edu_access_unmapped_again(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_TO_DEVICE, &addr);

	if (ret)
		return ret;
	dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
	return edu_dma(edu, addr, PAGE_SIZE, false) ?: edu_dma(edu, addr, PAGE_SIZE, false);
}

static int edu_access_behind(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_FROM_DEVICE, &addr);

	if (ret)
		return ret;
	ret = edu_dma(edu, addr + PAGE_SIZE - 8, 16, true);
	dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	return ret;
}

static int edu_access_before(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_TO_DEVICE, &addr);

	if (ret)
		return ret;
	ret = edu_dma(edu, addr - 8, 8, false);
	dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
	return ret;
}

static int edu_access_write(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_TO_DEVICE, &addr);

	if (ret)
		return ret;
	ret = edu_dma(edu, addr, 8, true);
	dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
	return ret;
}

static int edu_access_read(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_FROM_DEVICE, &addr);

	if (ret)
		return ret;
	ret = edu_dma(edu, addr, 8, false);
	dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	return ret;
}

static int edu_access_unknown(struct edu *edu)
{
	return edu_dma(edu, EDU_NOWHERE, 8, true);
}

/* The policy lets the mapping fail, and nobody looks. */
static int edu_access_error(struct edu *edu)
{
	dma_addr_t addr;

	if (edu_map_page(edu, DMA_FROM_DEVICE, &addr))
		return edu_dma(edu, addr, 8, true);
	dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	return -EINVAL;
}

/* The list became fewer segments, but its last entry is used. */
static int edu_access_tail(struct edu *edu)
{
	struct scatterlist *last = &edu->sg[EDU_PAGES - 1];
	int ret = edu_map_sg(edu, DMA_FROM_DEVICE);

	if (ret)
		return ret;
	ret = edu_dma(edu, sg_dma_address(last), min(sg_dma_len(last), 8), true);
	dma_unmap_sg(&edu->pdev->dev, edu->sg, EDU_PAGES, DMA_FROM_DEVICE);
	return ret;
}

/* The address that the CPU knows. */
static int edu_access_physical(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_FROM_DEVICE, &addr);

	if (ret)
		return ret;
	ret = edu_dma(edu, page_to_phys(edu->page) + 100, 8, true);
	dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	return ret;
}

/* Seen at unbind: each time the device writes as much as the first entry has. */
static int edu_list_short(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	u8 *memory = page_address(edu->page);
	int i, ret = 0;

	for (i = 0; !ret && i < 4; i++) {
		memset(memory, i, EDU_SIZE);
		ret = edu_map_sg(edu, DMA_BIDIRECTIONAL);
		if (ret)
			return ret;
		ret = edu_move(edu, sg_dma_address(edu->sg), PAGE_SIZE, false);
		dma_unmap_sg(dev, edu->sg, EDU_PAGES, DMA_BIDIRECTIONAL);
		memset(memory, 0x80, EDU_SIZE);
		ret = ret ?: edu_map_sg(edu, DMA_FROM_DEVICE);
		if (ret)
			return ret;
		ret = edu_move(edu, sg_dma_address(edu->sg), edu->sg->length, true);
		dma_unmap_sg(dev, edu->sg, EDU_PAGES, DMA_FROM_DEVICE);
	}
	return ret;
}

/* Seen at unbind; the page is kept until the module goes. */
static int edu_leak(struct edu *edu)
{
	struct page *page = alloc_page(GFP_KERNEL);
	dma_addr_t addr;

	if (!page)
		return -ENOMEM;
	addr = dma_map_page(&edu->pdev->dev, page, 0, PAGE_SIZE, DMA_FROM_DEVICE);
	mutex_lock(&edu_left_lock);
	list_add(&page->lru, &edu_left_pages);
	mutex_unlock(&edu_left_lock);
	return dma_mapping_error(&edu->pdev->dev, addr) ? -ENOMEM : 0;
}

static const struct edu_case edu_cases[] = {
	{ "good_page", "-", edu_good_page },
	{ "good_sg", "-", edu_good_sg },
	{ "good_coherent", "-", edu_good_coherent },
	{ "unmap_count", "unmap-count", edu_unmap_count },
	{ "unmap_size", "unmap-size", edu_unmap_size },
	{ "unmap_direction", "unmap-direction", edu_unmap_direction },
	{ "unmap_kind", "unmap-kind", edu_unmap_kind },
	{ "unmap_twice", "unmap-twice", edu_unmap_twice },
	{ "unmap_unknown", "unmap-unknown", edu_unmap_unknown },
	{ "sync_count", "sync-count", edu_sync_count },
	{ "sync_range", "sync-range", edu_sync_range },
	{ "sync_direction", "sync-direction", edu_sync_direction },
	{ "sync_unmapped", "sync-unmapped", edu_sync_unmapped },
	{ "sync_unknown", "sync-unknown", edu_sync_unknown },
	{ "access_unmapped", "access-unmapped", edu_access_unmapped },
	{ "access_unmapped_again", "access-unmapped", edu_access_unmapped_again },
	{ "access_behind", "access-guard", edu_access_behind },
	{ "access_before", "access-guard", edu_access_before },
	{ "access_write", "access-direction", edu_access_write },
	{ "access_read", "access-direction", edu_access_read },
	{ "access_unknown", "access-unknown", edu_access_unknown },
	{ "access_error", "access-error", edu_access_error },
	{ "access_tail", "access-tail", edu_access_tail },
	{ "access_physical", "access-physical", edu_access_physical },
	{ "list_short", "list-short", edu_list_short },
	{ "leak", "leak", edu_leak },
	{ }
};

static int cases_emit(const struct edu_case *one, char *buf, int at)
{
	for (; one->name; one++)
		at += sysfs_emit_at(buf, at, "%s %s\n", one->name, one->class);
	return at;
}

static ssize_t cases_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	int at = cases_emit(edu_sync_cases, buf, 0);

	at = cases_emit(edu_peer_cases, buf, at);
	return cases_emit(edu_cases, buf, at);
}
static DEVICE_ATTR_RO(cases);

static ssize_t memory_cases_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return cases_emit(edu_memory_cases, buf, 0);
}
static DEVICE_ATTR_RO(memory_cases);

static const struct edu_case *case_find(const struct edu_case *one, const char *name)
{
	for (; one->name; one++)
		if (sysfs_streq(name, one->name))
			return one;
	return NULL;
}

static ssize_t run_store(struct device *dev, struct device_attribute *attr, const char *buf,
			 size_t size)
{
	const struct edu_case *one = case_find(edu_cases, buf) ?: case_find(edu_sync_cases, buf) ?:
				     case_find(edu_peer_cases, buf) ?:
				     case_find(edu_memory_cases, buf);
	struct edu *edu = dev_get_drvdata(dev);
	int ret;

	if (!one)
		return -EINVAL;
	mutex_lock(&edu->lock);
	ret = one->run(edu);
	mutex_unlock(&edu->lock);
	return ret ?: size;
}
static DEVICE_ATTR_WO(run);

static struct attribute *edu_attrs[] = {
	&dev_attr_cases.attr,
	&dev_attr_memory_cases.attr,
	&dev_attr_run.attr,
	NULL
};

static const struct attribute_group edu_group = { .attrs = edu_attrs };

static const struct attribute_group *edu_groups[] = {
	&edu_group,
	&edu_share_group,
	NULL
};

static void edu_free_pages(void *data)
{
	__free_pages(data, get_order(EDU_SIZE));
}

static int edu_alloc(struct edu *edu)
{
	int i;

	edu->page = alloc_pages(GFP_KERNEL, get_order(EDU_SIZE));
	if (!edu->page)
		return -ENOMEM;
	/* Backwards: no two neighbours of the list are neighbours in memory. */
	sg_init_table(edu->sg, EDU_PAGES);
	for (i = 0; i < EDU_PAGES; i++)
		sg_set_page(&edu->sg[i], edu->page + EDU_PAGES - 1 - i, PAGE_SIZE, 0);
	return devm_add_action_or_reset(&edu->pdev->dev, edu_free_pages, edu->page);
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct edu *edu = devm_kzalloc(dev, sizeof(*edu), GFP_KERNEL);
	int ret;

	if (!edu)
		return -ENOMEM;
	edu->pdev = pdev;
	mutex_init(&edu->lock);
	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	edu->regs = pcim_iomap(pdev, 0, 0);
	if (!edu->regs)
		return -ENOMEM;
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32));
	if (ret)
		return ret;
	ret = edu_alloc(edu);
	if (ret)
		return ret;
	pci_set_master(pdev);
	pci_set_drvdata(pdev, edu);
	return 0;
}

static void edu_remove(struct pci_dev *pdev)
{
	edu_share_end(pci_get_drvdata(pdev));
	pci_clear_master(pdev);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = "puck-dma-edu",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
	.dev_groups = edu_groups,
};

static int __init edu_init(void)
{
	return pci_register_driver(&edu_driver);
}

static void __exit edu_exit(void)
{
	struct page *page, *next;

	pci_unregister_driver(&edu_driver);
	list_for_each_entry_safe(page, next, &edu_left_pages, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
}

module_init(edu_init);
module_exit(edu_exit);

MODULE_DESCRIPTION("Right and wrong uses of the DMA API, for tests of puck-dma");
MODULE_LICENSE("GPL");
