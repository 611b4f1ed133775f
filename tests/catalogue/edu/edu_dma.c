// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver of QEMU's edu device that does DMA in each of the ways that drivers have:
 * single buffers, parts of pages, scatterlists, buffers that stay mapped, coherent
 * memory and a pool of it. Reading "selftest" sends bytes to the device and fetches
 * them back in each way. It is right; the patches of the catalogue make it wrong.
 */

#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#define EDU_DMA_SRC	0x80
#define EDU_DMA_DST	0x88
#define EDU_DMA_COUNT	0x90
#define EDU_DMA_CMD	0x98
#define EDU_DMA_START	BIT(0)
#define EDU_DMA_TO_RAM	BIT(1)
/* The device's own memory. */
#define EDU_BUFFER	0x40000
#define EDU_SIZE	4096

#define EDU_BYTES	1000
#define EDU_ENTRIES	3
#define EDU_BLOCK	64
#define EDU_PATIENCE	2000	/* ms */

/**
 * struct edu - one device
 * @pdev: its function
 * @mmio: its registers
 * @lock: one selftest at a time
 * @pool: of small blocks
 * @tx: buffer that stays mapped, for what goes to the device
 * @rx: the same for what comes from it
 * @tx_dma: where @tx is mapped
 * @rx_dma: where @rx is mapped
 */
struct edu {
	struct pci_dev *pdev;
	void __iomem *mmio;
	/* Held over a selftest. */
	struct mutex lock;
	struct dma_pool *pool;
	u8 *tx, *rx;
	dma_addr_t tx_dma, rx_dma;
};

static void edu_fill(u8 *buf, size_t size, u8 seed)
{
	while (size--)
		*buf++ = seed += 37;
}

static int edu_compare(struct edu *edu, const u8 *buf, size_t size, u8 seed, const char *way)
{
	size_t i;

	for (i = 0; i < size; i++) {
		seed += 37;
		if (buf[i] == seed)
			continue;
		dev_err(&edu->pdev->dev, "%s: byte %zu is %#x, not %#x\n", way, i, buf[i], seed);
		return -EIO;
	}
	return 0;
}

/* Moves @count bytes between @addr and the device's memory at @at. */
static int edu_move(struct edu *edu, dma_addr_t addr, u32 at, u32 count, bool to_ram)
{
	int ms;

	writeq(to_ram ? EDU_BUFFER + at : addr, edu->mmio + EDU_DMA_SRC);
	writeq(to_ram ? addr : EDU_BUFFER + at, edu->mmio + EDU_DMA_DST);
	writeq(count, edu->mmio + EDU_DMA_COUNT);
	writeq(EDU_DMA_START | (to_ram ? EDU_DMA_TO_RAM : 0), edu->mmio + EDU_DMA_CMD);
	for (ms = 0; ms < EDU_PATIENCE; ms += 2) {
		if (!(readq(edu->mmio + EDU_DMA_CMD) & EDU_DMA_START))
			return 0;
		usleep_range(2000, 3000);
	}
	return -ETIMEDOUT;
}

static int edu_single_send(struct edu *edu, u8 *buf)
{
	struct device *dev = &edu->pdev->dev;
	dma_addr_t addr;
	int ret;

	edu_fill(buf, EDU_BYTES, 1);
	addr = dma_map_single(dev, buf, EDU_BYTES, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, addr))
		return -ENOMEM;
	ret = edu_move(edu, addr, 0, EDU_BYTES, false);
	dma_unmap_single(dev, addr, EDU_BYTES, DMA_TO_DEVICE);
	return ret;
}

static int edu_single_fetch(struct edu *edu, u8 *buf)
{
	struct device *dev = &edu->pdev->dev;
	dma_addr_t addr;
	int ret;

	memset(buf, 0, EDU_BYTES);
	addr = dma_map_single(dev, buf, EDU_BYTES, DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, addr))
		return -ENOMEM;
	ret = edu_move(edu, addr, 0, EDU_BYTES, true);
	dma_unmap_single(dev, addr, EDU_BYTES, DMA_FROM_DEVICE);
	return ret ?: edu_compare(edu, buf, EDU_BYTES, 1, "single");
}

static int edu_single(struct edu *edu)
{
	u8 *buf = kmalloc(EDU_SIZE, GFP_KERNEL);
	int ret;

	if (!buf)
		return -ENOMEM;
	ret = edu_single_send(edu, buf);
	if (!ret)
		ret = edu_single_fetch(edu, buf);
	kfree(buf);
	return ret;
}

/* Two buffers in one page, both mapped at a time. */
static int edu_page_move(struct edu *edu, struct page *page)
{
	struct device *dev = &edu->pdev->dev;
	dma_addr_t out, in;
	int ret = -ENOMEM;

	edu_fill(page_address(page) + 128, 512, 2);
	out = dma_map_page(dev, page, 128, 512, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, out))
		return ret;
	in = dma_map_page(dev, page, 2048, 512, DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, in))
		goto unmap_out;
	ret = edu_move(edu, out, 0, 512, false);
	if (!ret)
		ret = edu_move(edu, in, 0, 512, true);
	dma_unmap_page(dev, in, 512, DMA_FROM_DEVICE);
unmap_out:
	dma_unmap_page(dev, out, 512, DMA_TO_DEVICE);
	return ret;
}

static int edu_page(struct edu *edu)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	int ret;

	if (!page)
		return -ENOMEM;
	ret = edu_page_move(edu, page);
	if (!ret)
		ret = edu_compare(edu, page_address(page) + 2048, 512, 2, "page");
	__free_page(page);
	return ret;
}

static int edu_list_move(struct edu *edu, struct sg_table *table, bool to_ram)
{
	enum dma_data_direction dir = to_ram ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
	struct device *dev = &edu->pdev->dev;
	struct scatterlist *sg;
	u32 at = 0;
	int i, ret;

	ret = dma_map_sgtable(dev, table, dir, 0);
	if (ret)
		return ret;
	for_each_sgtable_dma_sg(table, sg, i) {
		ret = edu_move(edu, sg_dma_address(sg), at, sg_dma_len(sg), to_ram);
		if (ret)
			break;
		at += sg_dma_len(sg);
	}
	dma_unmap_sgtable(dev, table, dir, 0);
	return ret;
}

/* Whole pages, so that they may be merged, and a short one at the end. */
static unsigned int edu_list_length(int i)
{
	return i + 1 < EDU_ENTRIES ? 1024 : 500;
}

static int edu_list_both(struct edu *edu, struct sg_table *table)
{
	struct scatterlist *sg;
	int i, ret;

	for_each_sgtable_sg(table, sg, i)
		edu_fill(sg_virt(sg), sg->length, i);
	ret = edu_list_move(edu, table, false);
	if (ret)
		return ret;
	for_each_sgtable_sg(table, sg, i)
		memset(sg_virt(sg), 0, sg->length);
	ret = edu_list_move(edu, table, true);
	if (ret)
		return ret;
	for_each_sgtable_sg(table, sg, i) {
		ret = edu_compare(edu, sg_virt(sg), sg->length, i, "list");
		if (ret)
			return ret;
	}
	return 0;
}

static int edu_list(struct edu *edu)
{
	struct sg_table table;
	struct scatterlist *sg;
	struct page *page;
	int i, ret;

	if (sg_alloc_table(&table, EDU_ENTRIES, GFP_KERNEL))
		return -ENOMEM;
	ret = -ENOMEM;
	for_each_sgtable_sg(&table, sg, i) {
		page = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!page)
			goto free;
		/* The end of a page and the begin of the next can be one segment. */
		sg_set_page(sg, page, edu_list_length(i), i ? 0 : PAGE_SIZE - 1024);
	}
	ret = edu_list_both(edu, &table);
free:
	for_each_sgtable_sg(&table, sg, i)
		if (sg_page(sg))
			__free_page(sg_page(sg));
	sg_free_table(&table);
	return ret;
}

static int edu_map(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;

	edu->tx_dma = dma_map_single(dev, edu->tx, EDU_BYTES, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, edu->tx_dma))
		return -ENOMEM;
	edu->rx_dma = dma_map_single(dev, edu->rx, EDU_BYTES, DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, edu->rx_dma)) {
		dma_unmap_single(dev, edu->tx_dma, EDU_BYTES, DMA_TO_DEVICE);
		return -ENOMEM;
	}
	return 0;
}

/* The buffers that stay mapped change hands by syncs. */
static int edu_stream_once(struct edu *edu, u8 seed)
{
	struct device *dev = &edu->pdev->dev;
	int ret;

	dma_sync_single_for_cpu(dev, edu->tx_dma, EDU_BYTES, DMA_TO_DEVICE);
	edu_fill(edu->tx, EDU_BYTES, seed);
	dma_sync_single_for_device(dev, edu->tx_dma, EDU_BYTES, DMA_TO_DEVICE);
	ret = edu_move(edu, edu->tx_dma, 0, EDU_BYTES, false);
	if (!ret)
		ret = edu_move(edu, edu->rx_dma, 0, EDU_BYTES, true);
	dma_sync_single_for_cpu(dev, edu->rx_dma, EDU_BYTES, DMA_FROM_DEVICE);
	if (!ret)
		ret = edu_compare(edu, edu->rx, EDU_BYTES, seed, "stream");
	dma_sync_single_for_device(dev, edu->rx_dma, EDU_BYTES, DMA_FROM_DEVICE);
	return ret;
}

static int edu_stream(struct edu *edu)
{
	int ret = edu_stream_once(edu, 3);

	return ret ?: edu_stream_once(edu, 4);
}

static int edu_coherent(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	dma_addr_t addr;
	u8 *buf;
	int ret;

	buf = dma_alloc_coherent(dev, EDU_BYTES, &addr, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	edu_fill(buf, EDU_BYTES, 5);
	ret = edu_move(edu, addr, 0, EDU_BYTES, false);
	memset(buf, 0, EDU_BYTES);
	if (!ret)
		ret = edu_move(edu, addr, 0, EDU_BYTES, true);
	if (!ret)
		ret = edu_compare(edu, buf, EDU_BYTES, 5, "coherent");
	dma_free_coherent(dev, EDU_BYTES, buf, addr);
	return ret;
}

static int edu_pool(struct edu *edu)
{
	dma_addr_t addr;
	u8 *block;
	int ret;

	block = dma_pool_alloc(edu->pool, GFP_KERNEL, &addr);
	if (!block)
		return -ENOMEM;
	edu_fill(block, EDU_BLOCK, 6);
	ret = edu_move(edu, addr, 0, EDU_BLOCK, false);
	memset(block, 0, EDU_BLOCK);
	if (!ret)
		ret = edu_move(edu, addr, 0, EDU_BLOCK, true);
	if (!ret)
		ret = edu_compare(edu, block, EDU_BLOCK, 6, "pool");
	dma_pool_free(edu->pool, block, addr);
	return ret;
}

static ssize_t selftest_show(struct device *dev, struct device_attribute *attr, char *text)
{
	static int (* const ways[])(struct edu *edu) = {
		edu_single, edu_page, edu_list, edu_stream, edu_coherent, edu_pool,
	};
	struct edu *edu = dev_get_drvdata(dev);
	int i, ret = 0;

	mutex_lock(&edu->lock);
	for (i = 0; !ret && i < ARRAY_SIZE(ways); i++)
		ret = ways[i](edu);
	mutex_unlock(&edu->lock);
	return ret ?: sysfs_emit(text, "good\n");
}
static DEVICE_ATTR_RO(selftest);

static struct attribute *edu_attrs[] = {
	&dev_attr_selftest.attr,
	NULL
};
ATTRIBUTE_GROUPS(edu);

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
	if (!ret)
		ret = pcim_iomap_regions(pdev, BIT(0), KBUILD_MODNAME);
	if (!ret)
		ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(48));
	if (ret)
		return ret;
	edu->mmio = pcim_iomap_table(pdev)[0];
	edu->tx = devm_kzalloc(dev, EDU_SIZE, GFP_KERNEL);
	edu->rx = devm_kzalloc(dev, EDU_SIZE, GFP_KERNEL);
	edu->pool = dma_pool_create("edu", dev, EDU_BLOCK, EDU_BLOCK, 0);
	if (!edu->tx || !edu->rx || !edu->pool) {
		ret = -ENOMEM;
		goto destroy;
	}
	ret = edu_map(edu);
	if (ret)
		goto destroy;
	pci_set_master(pdev);
	pci_set_drvdata(pdev, edu);
	return 0;

destroy:
	dma_pool_destroy(edu->pool);
	return ret;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);
	struct device *dev = &pdev->dev;

	pci_clear_master(pdev);
	dma_unmap_single(dev, edu->rx_dma, EDU_BYTES, DMA_FROM_DEVICE);
	dma_unmap_single(dev, edu->tx_dma, EDU_BYTES, DMA_TO_DEVICE);
	dma_pool_destroy(edu->pool);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = "edu_dma",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
	.dev_groups = edu_groups,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("QEMU's edu device, DMA in each way");
MODULE_LICENSE("GPL");
