// SPDX-License-Identifier: GPL-2.0-only
/*
 * What belongs to another device: registers, which are mapped by their address alone, and memory
 * with pages, as pci_p2pdma hands it out. The CPU is not to copy either.
 */

#include <linux/dma-mapping.h>
#include <linux/pci.h>
#include <linux/pci-p2pdma.h>
#include <linux/scatterlist.h>
#include <linux/string.h>

#include <abi/puck_gpu.h>

#include "edu.h"

/* ---- registers, and what may be done wrong with them ---- */

static noinline int edu_map_resource(struct edu *edu, enum dma_data_direction dir,
				     dma_addr_t *addr)
{
	struct device *dev = &edu->pdev->dev;

	*addr = dma_map_resource(dev, pci_resource_start(edu->pdev, 0), PAGE_SIZE, dir, 0);
	return dma_mapping_error(dev, *addr) ? -ENOMEM : 0;
}

static int edu_resource_size(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_resource(edu, DMA_FROM_DEVICE, &addr);

	if (!ret)
		dma_unmap_resource(&edu->pdev->dev, addr, PAGE_SIZE / 2, DMA_FROM_DEVICE, 0);
	return ret;
}

static int edu_resource_direction(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_resource(edu, DMA_FROM_DEVICE, &addr);

	if (!ret)
		dma_unmap_resource(&edu->pdev->dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL, 0);
	return ret;
}

static int edu_resource_kind(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_resource(edu, DMA_FROM_DEVICE, &addr);

	if (!ret)
		dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	return ret;
}

static int edu_resource_twice(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_resource(edu, DMA_FROM_DEVICE, &addr);

	if (ret)
		return ret;
	dma_unmap_resource(&edu->pdev->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE, 0);
	dma_unmap_resource(&edu->pdev->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE, 0);
	return 0;
}

const struct edu_case edu_peer_cases[] = {
	{ "resource_size", "unmap-size", edu_resource_size },
	{ "resource_direction", "unmap-direction", edu_resource_direction },
	{ "resource_kind", "unmap-kind", edu_resource_kind },
	{ "resource_twice", "unmap-twice", edu_resource_twice },
	{ }
};

/* ---- memory with pages ---- */

#define PEER_SIZE	(2 * PAGE_SIZE)

/* What the device writes is there at once, and not first in a copy: nothing is synced. */
static int peer_single(struct edu *edu, u8 *memory)
{
	struct device *dev = &edu->pdev->dev;
	dma_addr_t iova;
	int ret;

	memset(memory, 0x5a, PAGE_SIZE);
	memset(memory + PAGE_SIZE, 0, PAGE_SIZE);
	iova = dma_map_single(dev, memory, PEER_SIZE, DMA_BIDIRECTIONAL);
	if (dma_mapping_error(dev, iova))
		return -ENOMEM;
	ret = edu_move(edu, iova, PAGE_SIZE, false) ?:
	      edu_move(edu, iova + PAGE_SIZE, PAGE_SIZE, true);
	if (!ret && memcmp(memory, memory + PAGE_SIZE, PAGE_SIZE)) {
		dev_err(dev, "what the device wrote to a peer's memory is not there\n");
		ret = -EBADMSG;
	}
	dma_unmap_single(dev, iova, PEER_SIZE, DMA_BIDIRECTIONAL);
	return ret;
}

/* A list that begins with memory of ours and ends with the peer's is refused, with all of it. */
static int peer_list(struct edu *edu, u8 *memory)
{
	struct scatterlist sg[2];
	struct sg_table table = { .sgl = sg, .nents = 2, .orig_nents = 2 };
	struct device *dev = &edu->pdev->dev;
	int ret;

	sg_init_table(sg, 2);
	sg_set_page(&sg[0], edu->page, PAGE_SIZE, 0);
	sg_set_buf(&sg[1], memory, PAGE_SIZE);
	ret = dma_map_sgtable(dev, &table, DMA_BIDIRECTIONAL, 0);
	if (ret == -EREMOTEIO && !dma_map_sg(dev, sg, 2, DMA_BIDIRECTIONAL) &&
	    sg[0].length == PAGE_SIZE && sg[1].length == PAGE_SIZE && sg_virt(&sg[1]) == memory)
		return 0;
	dev_err(dev, "a list with a peer's memory: %d\n", ret);
	return -EBADMSG;
}

/**
 * edu_peer_pages - map pages of a GPU's memory
 * @edu: the device
 *
 * Return: 0; -ENODEV if there is no GPU that has lent the kernel some; -EBADMSG if a promise was
 * broken; another negative errno.
 */
int edu_peer_pages(struct edu *edu)
{
	struct pci_dev *gpu = NULL;
	u8 *memory = NULL;
	int ret;

	while (!memory && (gpu = pci_get_device(PUCK_GPU_PCI_VENDOR, PUCK_GPU_PCI_DEVICE, gpu)))
		memory = pci_alloc_p2pmem(gpu, PEER_SIZE);
	if (!memory)
		return -ENODEV;
	ret = peer_single(edu, memory) ?: peer_list(edu, memory);
	pci_free_p2pmem(gpu, memory, PEER_SIZE);
	pci_dev_put(gpu);
	return ret;
}
