// SPDX-License-Identifier: GPL-2.0-only
/*
 * Right and wrong uses of the sync functions, in both directions, of parts, and again
 * and again in the life of a mapping.
 */

#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "edu.h"

/* The device moves so many bytes of a buffer in a round. */
#define EDU_ROUND	128
/* A driver that does something in so many rounds is taken to do it always. */
#define EDU_TURNS	4
#define EDU_FRAMES	3
/* A mapping of less than a page, in the middle of one. */
#define EDU_PART_AT	0x123
#define EDU_PART	1000

/* The buffer is in the middle of a page, and is synced in parts. */
static int edu_good_part(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	dma_addr_t addr = dma_map_page(dev, edu->page, 100, 1000, DMA_FROM_DEVICE);
	int ret;

	if (dma_mapping_error(dev, addr))
		return -ENOMEM;
	ret = edu_dma(edu, addr + 8, 64, true);
	dma_sync_single_range_for_cpu(dev, addr, 8, 64, DMA_FROM_DEVICE);
	dma_sync_single_for_device(dev, addr + 999, 1, DMA_FROM_DEVICE);
	dma_unmap_page(dev, addr, 1000, DMA_FROM_DEVICE);
	return ret;
}

/* The CPU writes to what it gave away, and says so. */
static int edu_good_write(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	u8 *memory = page_address(edu->page);
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_TO_DEVICE, &addr);

	if (ret)
		return ret;
	memory[100]++;
	dma_sync_single_range_for_device(dev, addr, 64, 64, DMA_TO_DEVICE);
	dma_unmap_page(dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
	return 0;
}

/* Takes it back before it writes. */
static int edu_good_owner(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	u8 *memory = page_address(edu->page);
	int ret = edu_map_sg(edu, DMA_BIDIRECTIONAL);

	if (ret)
		return ret;
	dma_sync_sg_for_cpu(dev, edu->sg, EDU_PAGES, DMA_BIDIRECTIONAL);
	memory[100]++;
	dma_unmap_sg(dev, edu->sg, EDU_PAGES, DMA_BIDIRECTIONAL);
	return 0;
}

/*
 * Takes turns with the device, which reads what the CPU wrote each time. The CPU hands over
 * @size bytes of that. In the caller, whose name is to be in the finding.
 */
static __always_inline int edu_send(struct edu *edu, size_t size)
{
	struct device *dev = &edu->pdev->dev;
	u8 *memory = page_address(edu->page);
	dma_addr_t addr;
	int i, ret = edu_map_page(edu, DMA_TO_DEVICE, &addr);

	if (ret)
		return ret;
	for (i = 0; !ret && i < EDU_TURNS; i++) {
		dma_sync_single_for_cpu(dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
		memset(memory, 0x40 + i, EDU_ROUND);
		dma_sync_single_for_device(dev, addr, size, DMA_TO_DEVICE);
		ret = edu_move(edu, addr, EDU_ROUND, false);
	}
	dma_unmap_page(dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
	return ret;
}

static int edu_good_turns(struct edu *edu)
{
	return edu_send(edu, EDU_ROUND);
}

/* Loads the device's own memory with bytes of @byte, from a page that is mapped for that. */
static int edu_load(struct edu *edu, u8 byte, size_t size)
{
	struct page *page = edu->page + EDU_PAGES - 1;
	struct device *dev = &edu->pdev->dev;
	dma_addr_t addr;
	int ret;

	memset(page_address(page), byte, size);
	addr = dma_map_page(dev, page, 0, size, DMA_TO_DEVICE);
	if (dma_mapping_error(dev, addr))
		return -ENOMEM;
	ret = edu_move(edu, addr, size, false);
	dma_unmap_page(dev, addr, size, DMA_TO_DEVICE);
	return ret;
}

/*
 * A buffer that the device fills again and again. The CPU takes @size bytes of it each
 * time, if any, and hands all of it back, or leaves that out: it did not write there. In
 * the caller, whose name is to be in the finding.
 */
static __always_inline int edu_receive(struct edu *edu, size_t size, bool hand_back)
{
	struct device *dev = &edu->pdev->dev;
	dma_addr_t addr;
	int i, ret = edu_map_page(edu, DMA_FROM_DEVICE, &addr);

	if (ret)
		return ret;
	for (i = 0; !ret && i < EDU_FRAMES; i++) {
		ret = edu_load(edu, 0x60 + i, EDU_ROUND) ?:
		      edu_move(edu, addr, EDU_ROUND, true);
		if (size)
			dma_sync_single_for_cpu(dev, addr, size, DMA_FROM_DEVICE);
		if (hand_back)
			dma_sync_single_for_device(dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	}
	dma_unmap_page(dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	return ret;
}

static int edu_good_receive(struct edu *edu)
{
	return edu_receive(edu, EDU_ROUND, true);
}

/* What the CPU only reads need not be handed back. */
static int edu_good_reader(struct edu *edu)
{
	return edu_receive(edu, EDU_ROUND, false);
}

/* A frame that is dropped is not looked at: the buffer goes back as it is. */
static int edu_good_drop(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_FROM_DEVICE, &addr);

	if (ret)
		return ret;
	ret = edu_load(edu, 0x71, EDU_ROUND) ?: edu_move(edu, addr, EDU_ROUND, true);
	dma_sync_single_for_device(dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	dma_unmap_page(dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	return ret;
}

/* An address keeps the bits that the driver says its device needs; a copy no others. */
static int edu_good_offset(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	bool copies = dma_max_mapping_size(dev) != SIZE_MAX;
	u32 want = copies ? EDU_PART_AT & 0x0f : EDU_PART_AT;
	dma_addr_t addr;

	dma_set_min_align_mask(dev, 0x0f);
	addr = dma_map_page(dev, edu->page, EDU_PART_AT, EDU_PART, DMA_FROM_DEVICE);
	dma_set_min_align_mask(dev, 0);
	if (dma_mapping_error(dev, addr))
		return -ENOMEM;
	dma_unmap_page(dev, addr, EDU_PART, DMA_FROM_DEVICE);
	return offset_in_page(addr) == want ? 0 : -EBADMSG;
}

/* Cases that only sync=watch can find. */
static int edu_missing_page(struct edu *edu)
{
	u8 *memory = page_address(edu->page);
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_TO_DEVICE, &addr);

	if (ret)
		return ret;
	memory[100]++;
	dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
	return 0;
}

/* What the CPU wrote is lost when it fetches what the device did. */
static int edu_missing_fetch(struct edu *edu)
{
	u8 *memory = page_address(edu->page);
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_FROM_DEVICE, &addr);

	if (ret)
		return ret;
	memory[PAGE_SIZE - 1]++;
	dma_sync_single_for_cpu(&edu->pdev->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	dma_unmap_page(&edu->pdev->dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	return 0;
}

/* The device has the list already: nothing is new about it. */
static int edu_missing_sg(struct edu *edu)
{
	u8 *memory = page_address(edu->page);
	int ret = edu_map_sg(edu, DMA_BIDIRECTIONAL);

	if (ret)
		return ret;
	dma_sync_sg_for_device(&edu->pdev->dev, edu->sg, EDU_PAGES, DMA_BIDIRECTIONAL);
	memory[EDU_SIZE - 1]++;
	dma_unmap_sg(&edu->pdev->dev, edu->sg, EDU_PAGES, DMA_BIDIRECTIONAL);
	return 0;
}

/* The device has it a second time. */
static int edu_missing_again(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	u8 *memory = page_address(edu->page);
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_FROM_DEVICE, &addr);

	if (ret)
		return ret;
	dma_sync_single_for_cpu(dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	dma_sync_single_for_device(dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	memory[100]++;
	dma_unmap_page(dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	return 0;
}

/* It has one half, then the other. The CPU writes to both, and hands over one. */
static int edu_missing_half(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	size_t half = PAGE_SIZE / 2;
	u8 *memory = page_address(edu->page);
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_TO_DEVICE, &addr);

	if (ret)
		return ret;
	dma_sync_single_for_cpu(dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
	dma_sync_single_for_device(dev, addr, half, DMA_TO_DEVICE);
	dma_sync_single_range_for_device(dev, addr, half, half, DMA_TO_DEVICE);
	memory[0]++;
	memory[half]++;
	dma_sync_single_for_device(dev, addr, half, DMA_TO_DEVICE);
	dma_unmap_page(dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
	return 0;
}

/* Hands back what it has written to while the device had it. */
static int edu_missing_before(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	u8 *memory = page_address(edu->page);
	dma_addr_t addr;
	int ret = edu_map_page(edu, DMA_FROM_DEVICE, &addr);

	if (ret)
		return ret;
	memory[100]++;
	dma_sync_single_for_device(dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	dma_unmap_page(dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	return 0;
}

/* The CPU takes bytes, changes them, and lets the device write there all the same. */
static int edu_missing_both(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	u8 *memory = page_address(edu->page);
	dma_addr_t addr;
	int ret;

	memset(memory, 0x11, PAGE_SIZE);
	ret = edu_map_page(edu, DMA_BIDIRECTIONAL, &addr);
	if (ret)
		return ret;
	dma_sync_single_for_cpu(dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	memset(memory, 0x22, EDU_ROUND);
	ret = edu_load(edu, 0x33, EDU_ROUND) ?: edu_move(edu, addr, EDU_ROUND, true);
	dma_unmap_page(dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	return ret;
}

/* Takes turns, and never says that it is the device's. */
static int edu_missing_turns(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	u8 *memory = page_address(edu->page);
	dma_addr_t addr;
	int i, ret = edu_map_page(edu, DMA_TO_DEVICE, &addr);

	if (ret)
		return ret;
	for (i = 0; !ret && i < 3; i++) {
		dma_sync_single_for_cpu(dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
		memory[100]++;
		ret = edu_move(edu, addr, EDU_ROUND, false);
	}
	memory[100]--;
	dma_unmap_page(dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
	return ret;
}

/* Says it of half of what it wrote, each time. */
static int edu_missing_half_turns(struct edu *edu)
{
	return edu_send(edu, EDU_ROUND / 2);
}

/* Takes half of what the device wrote. */
static int edu_missing_half_receive(struct edu *edu)
{
	return edu_receive(edu, EDU_ROUND / 2, true);
}

/* Takes nothing of it. */
static int edu_missing_receive(struct edu *edu)
{
	return edu_receive(edu, 0, true);
}

static noinline int edu_map_part(struct edu *edu, dma_addr_t *addr)
{
	struct device *dev = &edu->pdev->dev;

	*addr = dma_map_page(dev, edu->page, EDU_PART_AT, EDU_PART, DMA_FROM_DEVICE);
	return dma_mapping_error(dev, *addr) ? -ENOMEM : 0;
}

/* Past the end, and within the page: no IOMMU sees that. */
static int edu_access_beyond(struct edu *edu)
{
	dma_addr_t addr;
	int ret = edu_map_part(edu, &addr);

	if (ret)
		return ret;
	ret = edu_load(edu, 0x44, 16) ?: edu_move(edu, addr + EDU_PART - 8, 16, true);
	dma_unmap_page(&edu->pdev->dev, addr, EDU_PART, DMA_FROM_DEVICE);
	return ret;
}

static noinline int edu_map_coherent(struct edu *edu, void **memory, dma_addr_t *addr)
{
	*memory = dma_alloc_coherent(&edu->pdev->dev, EDU_PART, addr, GFP_KERNEL);
	return *memory ? 0 : -ENOMEM;
}

static int edu_beyond_coherent(struct edu *edu)
{
	dma_addr_t addr;
	void *memory;
	int ret = edu_map_coherent(edu, &memory, &addr);

	if (ret)
		return ret;
	ret = edu_load(edu, 0x44, 16) ?: edu_move(edu, addr + EDU_PART - 8, 16, true);
	dma_free_coherent(&edu->pdev->dev, EDU_PART, memory, addr);
	return ret;
}

/* Of sync-missing, and of access_beyond, nobody can know without copies. */
const struct edu_case edu_sync_cases[] = {
	{ "good_part", "-", edu_good_part },
	{ "good_write", "-", edu_good_write },
	{ "good_owner", "-", edu_good_owner },
	{ "good_turns", "-", edu_good_turns },
	{ "good_receive", "-", edu_good_receive },
	{ "good_reader", "-", edu_good_reader },
	{ "good_drop", "-", edu_good_drop },
	{ "good_offset", "-", edu_good_offset },
	{ "missing_page", "sync-missing", edu_missing_page },
	{ "missing_fetch", "sync-missing", edu_missing_fetch },
	{ "missing_sg", "sync-missing", edu_missing_sg },
	{ "missing_again", "sync-missing", edu_missing_again },
	{ "missing_half", "sync-missing", edu_missing_half },
	{ "missing_before", "sync-missing", edu_missing_before },
	{ "missing_both", "sync-missing", edu_missing_both },
	{ "missing_turns", "sync-missing", edu_missing_turns },
	{ "missing_half_turns", "sync-missing", edu_missing_half_turns },
	{ "missing_half_receive", "sync-missing", edu_missing_half_receive },
	{ "missing_receive", "sync-missing", edu_missing_receive },
	{ "access_beyond", "access-beyond", edu_access_beyond },
	{ "beyond_coherent", "access-beyond", edu_beyond_coherent },
	{ }
};
