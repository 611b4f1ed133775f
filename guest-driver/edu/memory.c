// SPDX-License-Identifier: GPL-2.0-only
/*
 * Right uses of what else the DMA API has: coherent memory of odd sizes, in atomic
 * context and as a list, pages, memory that need not be contiguous, registers of
 * another device, the largest mapping, and all of them when they fail. The device
 * reads bytes and writes them elsewhere; the CPU looks whether they arrived.
 */

#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include <abi/puck_gpu.h>

#include "edu.h"

/* Says which promise was broken. */
static bool edu_says(struct edu *edu, bool so, const char *where, const char *what)
{
	if (!so)
		dev_err(&edu->pdev->dev, "%s: not so: %s\n", where, what);
	return so;
}

#define edu_so(edu, cond)	edu_says(edu, cond, __func__, #cond)

/* More than the buddy allocator has in one piece. */
#define EDU_LARGE	((PAGE_SIZE << MAX_PAGE_ORDER) + PAGE_SIZE + 1)
/* The length of an entry: less than the segment size of a driver that declares none. */
#define EDU_LIST_SIZE	40000
#define EDU_TRIES	8

static void fill(u8 *memory, size_t size, u8 seed)
{
	size_t i;

	for (i = 0; i < size; i++)
		memory[i] = seed + i * 7 + (i >> 8);
}

static bool filled(const u8 *memory, size_t size, u8 seed)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (memory[i] != (u8)(seed + i * 7 + (i >> 8)))
			return false;
	return true;
}

static phys_addr_t device_sees(struct edu *edu, dma_addr_t iova)
{
	return iommu_iova_to_phys(iommu_get_domain_for_dev(&edu->pdev->dev), iova);
}

static struct page *page_of(void *memory)
{
	return is_vmalloc_addr(memory) ? vmalloc_to_page(memory) : virt_to_page(memory);
}

/* Both addresses are aligned to the order of the size, and name the same zeroed pages. */
static int coherent_look(struct edu *edu, void *memory, dma_addr_t iova, size_t size)
{
	size_t align = PAGE_SIZE << get_order(size), at;

	if (!edu_so(edu, IS_ALIGNED((unsigned long)memory, align)) ||
	    !edu_so(edu, IS_ALIGNED(iova, align)) ||
	    !edu_so(edu, iova + size - 1 <= DMA_BIT_MASK(32)) ||
	    !edu_so(edu, !memchr_inv(memory, 0, size)))
		return -EBADMSG;
	for (at = 0; at < size; at += PAGE_SIZE)
		if (!edu_so(edu, device_sees(edu, iova + at) == page_to_phys(page_of(memory + at))))
			return -EBADMSG;
	return 0;
}

/* The device reads the first bytes and writes them over the last. */
static int coherent_use(struct edu *edu, u8 *memory, dma_addr_t iova, size_t size)
{
	size_t bytes = size < 2 ? size : min_t(size_t, size / 2, EDU_MOVE_MAX);
	int ret;

	fill(memory, bytes, size);
	ret = edu_move(edu, iova, bytes, false);
	if (bytes == size)
		memory[0] = ~memory[0];
	ret = ret ?: edu_move(edu, iova + size - bytes, bytes, true);
	if (ret)
		return ret;
	if (!edu_so(edu, filled(memory + size - bytes, bytes, size)) ||
	    !edu_so(edu, filled(memory, bytes, size)))
		return -EBADMSG;
	return 0;
}

static int coherent_try(struct edu *edu, size_t size)
{
	struct device *dev = &edu->pdev->dev;
	dma_addr_t iova;
	u8 *memory = dma_alloc_coherent(dev, size, &iova, GFP_KERNEL);
	int ret;

	if (!memory)
		return -ENOMEM;
	ret = coherent_look(edu, memory, iova, size) ?: coherent_use(edu, memory, iova, size);
	dma_free_coherent(dev, size, memory, iova);
	return ret;
}

static int memory_coherent(struct edu *edu)
{
	static const size_t sizes[] = {
		1, 100, PAGE_SIZE, 3 * PAGE_SIZE, 5 * PAGE_SIZE + 1, 300000, EDU_LARGE,
	};
	int i, ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(sizes); i++)
		ret = coherent_try(edu, sizes[i]);
	return ret;
}

/* A case in which nobody may sleep. */
static int memory_atomic(struct edu *edu)
{
	static const size_t sizes[] = { 100, 2 * PAGE_SIZE + 1, SZ_32K };
	struct device *dev = &edu->pdev->dev;
	static DEFINE_SPINLOCK(lock);
	unsigned long flags;
	dma_addr_t iova;
	u8 *memory;
	int i, ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(sizes); i++) {
		spin_lock_irqsave(&lock, flags);
		memory = dma_alloc_coherent(dev, sizes[i], &iova, GFP_ATOMIC);
		spin_unlock_irqrestore(&lock, flags);
		if (!memory)
			return -ENOMEM;
		ret = coherent_look(edu, memory, iova, sizes[i]) ?:
		      coherent_use(edu, memory, iova, sizes[i]);
		spin_lock(&lock);
		dma_free_coherent(dev, sizes[i], memory, iova);
		spin_unlock(&lock);
	}
	return ret;
}

/* The list has the pages of the memory, in their order, and all of them. */
static int table_look(struct edu *edu, struct sg_table *table, u8 *memory, size_t size)
{
	struct sg_page_iter iter;
	size_t at = 0;

	for_each_sgtable_page(table, &iter, 0) {
		if (!edu_so(edu, at < size) ||
		    !edu_so(edu, sg_page_iter_page(&iter) == page_of(memory + at)))
			return -EBADMSG;
		at += PAGE_SIZE;
	}
	if (!edu_so(edu, at >= size))
		return -EBADMSG;
	return 0;
}

/* Mapped once more by its list: what the device writes there is in the memory. */
static int table_use(struct edu *edu, struct sg_table *table, u8 *memory)
{
	struct device *dev = &edu->pdev->dev;
	int ret;

	fill(memory, 100, 3);
	ret = dma_map_sgtable(dev, table, DMA_BIDIRECTIONAL, 0);
	if (ret)
		return ret;
	ret = edu_move(edu, sg_dma_address(table->sgl), 100, false) ?:
	      edu_move(edu, sg_dma_address(table->sgl) + 200, 100, true);
	dma_unmap_sgtable(dev, table, DMA_BIDIRECTIONAL, 0);
	if (!ret && !edu_so(edu, filled(memory + 200, 100, 3)))
		ret = -EBADMSG;
	return ret;
}

static int table_try(struct edu *edu, size_t size, bool use)
{
	struct device *dev = &edu->pdev->dev;
	struct sg_table table;
	dma_addr_t iova;
	u8 *memory = dma_alloc_coherent(dev, size, &iova, GFP_KERNEL);
	int ret;

	if (!memory)
		return -ENOMEM;
	ret = dma_get_sgtable(dev, &table, memory, iova, size);
	if (!ret) {
		ret = table_look(edu, &table, memory, size);
		if (!ret && use)
			ret = table_use(edu, &table, memory);
		sg_free_table(&table);
	}
	dma_free_coherent(dev, size, memory, iova);
	return ret;
}

static int memory_sgtable(struct edu *edu)
{
	return table_try(edu, EDU_LIST_SIZE, true) ?: table_try(edu, EDU_LARGE, false);
}

/* The first page is read, the last one written, and both are handed over and back. */
static int pages_use(struct edu *edu, u8 *memory, dma_addr_t iova, size_t size)
{
	struct device *dev = &edu->pdev->dev;
	size_t last = size - PAGE_SIZE;
	int ret;

	if (!edu_so(edu, !memchr_inv(memory, 0, size)))
		return -EBADMSG;
	fill(memory, PAGE_SIZE, 5);
	dma_sync_single_for_device(dev, iova, size, DMA_BIDIRECTIONAL);
	ret = edu_move(edu, iova, PAGE_SIZE, false) ?:
	      edu_move(edu, iova + last, PAGE_SIZE, true);
	dma_sync_single_for_cpu(dev, iova, size, DMA_BIDIRECTIONAL);
	if (ret)
		return ret;
	if (!edu_so(edu, filled(memory, PAGE_SIZE, 5)) ||
	    !edu_so(edu, !memchr_inv(memory + PAGE_SIZE, 0, last - PAGE_SIZE)) ||
	    !edu_so(edu, filled(memory + last, PAGE_SIZE, 5)))
		return -EBADMSG;
	return 0;
}

static int memory_pages(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	size_t size = 3 * PAGE_SIZE;
	struct page *page;
	dma_addr_t iova;
	int ret;

	page = dma_alloc_pages(dev, size, &iova, DMA_BIDIRECTIONAL, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	ret = pages_use(edu, page_address(page), iova, size);
	dma_free_pages(dev, size, page, iova, DMA_BIDIRECTIONAL);
	return ret;
}

static int noncontiguous_use(struct edu *edu, struct sg_table *table, u8 *memory, size_t size)
{
	struct device *dev = &edu->pdev->dev;
	dma_addr_t iova = sg_dma_address(table->sgl);
	int ret;

	if (!edu_so(edu, sg_dma_len(table->sgl) >= size))
		return -EBADMSG;
	fill(memory, PAGE_SIZE, 9);
	flush_kernel_vmap_range(memory, size);
	dma_sync_sgtable_for_device(dev, table, DMA_BIDIRECTIONAL);
	ret = edu_move(edu, iova, PAGE_SIZE, false) ?:
	      edu_move(edu, iova + size - PAGE_SIZE, PAGE_SIZE, true);
	dma_sync_sgtable_for_cpu(dev, table, DMA_BIDIRECTIONAL);
	invalidate_kernel_vmap_range(memory, size);
	if (!ret && !edu_so(edu, filled(memory + size - PAGE_SIZE, PAGE_SIZE, 9)))
		ret = -EBADMSG;
	return ret;
}

static int memory_noncontiguous(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	size_t size = 5 * PAGE_SIZE;
	struct sg_table *table;
	u8 *memory;
	int ret = -ENOMEM;

	table = dma_alloc_noncontiguous(dev, size, DMA_BIDIRECTIONAL, GFP_KERNEL, 0);
	if (!table)
		return -ENOMEM;
	memory = dma_vmap_noncontiguous(dev, size, table);
	if (memory) {
		ret = noncontiguous_use(edu, table, memory, size);
		dma_vunmap_noncontiguous(dev, memory);
	}
	dma_free_noncontiguous(dev, size, table, DMA_BIDIRECTIONAL);
	return ret;
}

/* Another device's memory, through @io for the CPU and through an IOVA for ours. */
static int resource_use(struct edu *edu, phys_addr_t phys, void __iomem *io, u8 *buffer)
{
	struct device *dev = &edu->pdev->dev;
	dma_addr_t iova;
	int ret;

	fill(buffer, PAGE_SIZE, 11);
	memcpy_toio(io, buffer, PAGE_SIZE);
	memset_io(io + PAGE_SIZE, 0, PAGE_SIZE);
	iova = dma_map_resource(dev, phys, 2 * PAGE_SIZE, DMA_BIDIRECTIONAL, 0);
	if (dma_mapping_error(dev, iova))
		return -ENOMEM;
	ret = device_sees(edu, iova + PAGE_SIZE) == phys + PAGE_SIZE ? 0 : -EBADMSG;
	ret = ret ?: edu_move(edu, iova, PAGE_SIZE, false);
	ret = ret ?: edu_move(edu, iova + PAGE_SIZE, PAGE_SIZE, true);
	dma_unmap_resource(dev, iova, 2 * PAGE_SIZE, DMA_BIDIRECTIONAL, 0);
	if (!edu_so(edu, !device_sees(edu, iova)))
		return -EBADMSG;
	memset(buffer, 0, PAGE_SIZE);
	memcpy_fromio(buffer, io + PAGE_SIZE, PAGE_SIZE);
	if (!ret && !edu_so(edu, filled(buffer, PAGE_SIZE, 11)))
		ret = -EBADMSG;
	return ret;
}

/* The memory of a puck-gpu that no driver uses. */
static struct pci_dev *gpu_get(void)
{
	struct pci_dev *gpu = pci_get_device(PUCK_GPU_PCI_VENDOR, PUCK_GPU_PCI_DEVICE, NULL);

	if (!gpu)
		return NULL;
	if (!gpu->dev.driver && !pci_enable_device_mem(gpu))
		return gpu;
	pci_dev_put(gpu);
	return NULL;
}

static int memory_resource(struct edu *edu)
{
	struct pci_dev *gpu = gpu_get();
	u8 *buffer = (u8 *)__get_free_page(GFP_KERNEL);
	void __iomem *io = NULL;
	int ret = -ENODEV;

	if (gpu)
		io = ioremap(pci_resource_start(gpu, PUCK_GPU_BAR_VRAM), 2 * PAGE_SIZE);
	if (buffer && io)
		ret = resource_use(edu, pci_resource_start(gpu, PUCK_GPU_BAR_VRAM), io, buffer);
	if (io)
		iounmap(io);
	free_page((unsigned long)buffer);
	if (gpu)
		pci_disable_device(gpu);
	pci_dev_put(gpu);
	return ret;
}

/* A mapping as large as one may be, as far as memory comes in such pieces. */
static int memory_largest(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	size_t size = min_t(size_t, dma_max_mapping_size(dev), SZ_1M);
	u8 *memory = alloc_pages_exact(size, GFP_KERNEL | __GFP_ZERO);
	dma_addr_t iova;
	int ret;

	if (!memory)
		return -ENOMEM;
	fill(memory, 1000, 13);
	iova = dma_map_single(dev, memory, size, DMA_BIDIRECTIONAL);
	ret = dma_mapping_error(dev, iova);
	if (!ret) {
		ret = edu_move(edu, iova, 1000, false) ?:
		      edu_move(edu, iova + size - 1000, 1000, true);
		dma_unmap_single(dev, iova, size, DMA_BIDIRECTIONAL);
		if (!ret && !filled(memory + size - 1000, 1000, 13))
			ret = -EBADMSG;
	}
	free_pages_exact(memory, size);
	return ret;
}

/* Each maps once and unmaps: 1, 0 if the mapping failed, or an error of the mapper. */
static int once_page(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	dma_addr_t iova = dma_map_page(dev, edu->page, 0, PAGE_SIZE, DMA_TO_DEVICE);

	if (dma_mapping_error(dev, iova))
		return 0;
	dma_unmap_page(dev, iova, PAGE_SIZE, DMA_TO_DEVICE);
	return 1;
}

static int once_sg(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;

	if (!dma_map_sg(dev, edu->sg, EDU_PAGES, DMA_TO_DEVICE))
		return 0;
	dma_unmap_sg(dev, edu->sg, EDU_PAGES, DMA_TO_DEVICE);
	return 1;
}

static int once_sgtable(struct edu *edu)
{
	struct sg_table table = { .sgl = edu->sg, .nents = EDU_PAGES, .orig_nents = EDU_PAGES };
	int ret = dma_map_sgtable(&edu->pdev->dev, &table, DMA_TO_DEVICE, 0);

	if (ret)
		return ret == -ENOMEM ? 0 : -EBADMSG;
	dma_unmap_sgtable(&edu->pdev->dev, &table, DMA_TO_DEVICE, 0);
	return 1;
}

static int once_resource(struct edu *edu)
{
	phys_addr_t phys = pci_resource_start(edu->pdev, 0);
	struct device *dev = &edu->pdev->dev;
	dma_addr_t iova = dma_map_resource(dev, phys, PAGE_SIZE, DMA_TO_DEVICE, 0);

	if (dma_mapping_error(dev, iova))
		return 0;
	dma_unmap_resource(dev, iova, PAGE_SIZE, DMA_TO_DEVICE, 0);
	return 1;
}

static int once_coherent(struct edu *edu)
{
	dma_addr_t iova;
	void *memory = dma_alloc_coherent(&edu->pdev->dev, PAGE_SIZE, &iova, GFP_KERNEL);

	if (!memory)
		return 0;
	dma_free_coherent(&edu->pdev->dev, PAGE_SIZE, memory, iova);
	return 1;
}

/* In pieces: more that has to go back. */
static int once_large(struct edu *edu)
{
	dma_addr_t iova;
	void *memory = dma_alloc_coherent(&edu->pdev->dev, EDU_LARGE, &iova, GFP_KERNEL);

	if (!memory)
		return 0;
	dma_free_coherent(&edu->pdev->dev, EDU_LARGE, memory, iova);
	return 1;
}

static int once_pages(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	dma_addr_t iova;
	struct page *page = dma_alloc_pages(dev, PAGE_SIZE, &iova, DMA_TO_DEVICE, GFP_KERNEL);

	if (!page)
		return 0;
	dma_free_pages(dev, PAGE_SIZE, page, iova, DMA_TO_DEVICE);
	return 1;
}

static int once_noncontiguous(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	struct sg_table *table;

	table = dma_alloc_noncontiguous(dev, EDU_SIZE, DMA_TO_DEVICE, GFP_KERNEL, 0);
	if (!table)
		return 0;
	dma_free_noncontiguous(dev, EDU_SIZE, table, DMA_TO_DEVICE);
	return 1;
}

/* Maps each kind EDU_TRIES times, of which @wanted have to go well. */
static int memory_each_kind(struct edu *edu, int wanted)
{
	static int (*const once[])(struct edu *edu) = {
		once_page, once_sg, once_sgtable, once_resource, once_coherent, once_large,
		once_pages, once_noncontiguous,
	};
	int i, try, ret, good;

	for (i = 0; i < ARRAY_SIZE(once); i++) {
		for (try = good = 0; try < EDU_TRIES; try++) {
			ret = once[i](edu);
			if (ret < 0)
				return ret;
			good += ret;
		}
		if (good != wanted)
			dev_err(&edu->pdev->dev, "kind %d: %d of %d\n", i, good, EDU_TRIES);
		if (!edu_so(edu, good == wanted))
			return -EBADMSG;
	}
	return 0;
}

/* Under fail=every:2: half of each kind fails, as the API says it, and half does not. */
static int memory_failures(struct edu *edu)
{
	return memory_each_kind(edu, EDU_TRIES / 2);
}

/* Under fail=each:3: of each kind, as they are mapped at a place of their own, one fails. */
static int memory_each(struct edu *edu)
{
	return memory_each_kind(edu, EDU_TRIES - 1);
}

/* Those of class "-" are for any policy without "fail", the others for what they say. */
const struct edu_case edu_memory_cases[] = {
	{ "memory_coherent", "-", memory_coherent },
	{ "memory_atomic", "-", memory_atomic },
	{ "memory_sgtable", "-", memory_sgtable },
	{ "memory_pages", "-", memory_pages },
	{ "memory_noncontiguous", "-", memory_noncontiguous },
	{ "memory_resource", "-", memory_resource },
	{ "memory_largest", "-", memory_largest },
	{ "memory_failures", "fail=every:2", memory_failures },
	{ "memory_each", "fail=each:3", memory_each },
	{ "memory_huge", "merge=none,guard=0", edu_huge },
	{ "memory_race", "merge=none,guard=1", edu_race },
	{ "memory_peer", "peer", edu_peer_pages },
	{ }
};
