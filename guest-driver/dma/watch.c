// SPDX-License-Identifier: GPL-2.0-only
/*
 * Syncs that nobody calls, sync=watch: beside the device's copy there is what
 * the driver handed over. If its memory is no longer like that when it takes
 * the buffer back, the CPU wrote to what was the device's.
 *
 * Only a mapping that the device owns as a whole is watched, and as long as no
 * part of it was given to the CPU: which bytes are whose after partial syncs is
 * between driver and device.
 */

#include <linux/highmem.h>
#include <linux/string.h>

#include "bounce.h"
#include "check.h"

/* Bytes that differ, and where the first one is. */
struct difference {
	size_t first;
	size_t bytes;
};

static void compare_bytes(const char *given, const char *now, size_t len, size_t at,
			  struct difference *diff)
{
	size_t i;

	if (!memcmp(given, now, len))
		return;
	for (i = 0; i < len; i++) {
		if (given[i] == now[i])
			continue;
		if (!diff->bytes++)
			diff->first = at + i;
	}
}

/* @before: bytes of the mapping in front of this piece */
static void compare_piece(const struct puck_dma_copy *copy, const struct puck_dma_piece *piece,
			  size_t before, struct difference *diff)
{
	char *given, *now;
	size_t at, len;

	for (at = 0; at < piece->size; at += len) {
		phys_addr_t phys = piece->phys + at;

		len = min(piece->size - at, PAGE_SIZE - offset_in_page(phys));
		given = kmap_local_page(copy->given[puck_dma_piece_page(piece, at)]);
		now = kmap_local_page(pfn_to_page(PHYS_PFN(phys)));
		compare_bytes(given + offset_in_page(phys), now + offset_in_page(phys), len,
			      before + at, diff);
		kunmap_local(now);
		kunmap_local(given);
	}
}

/**
 * puck_dma_watch - the CPU gets a mapping, or part of it: what did it do before?
 * @d: the device
 * @m: the mapping, with a copy
 * @when: "unmap" or "a sync for the CPU"
 * @stack: who calls
 *
 * Before bytes are fetched from the device. It is not watched any more.
 */
void puck_dma_watch(struct puck_dma_dev *d, const struct puck_dma_mapping *m, const char *when,
		    u32 stack)
{
	struct puck_dma_copy *copy = m->copy;
	struct difference diff = {};
	struct puck_dma_past past;
	size_t before = 0;
	u32 i;

	if (!copy->given || !copy->watched)
		return;
	copy->watched = false;

	for (i = 0; i < copy->nr_pieces; i++) {
		compare_piece(copy, &copy->pieces[i], before, &diff);
		before += copy->pieces[i].size;
	}
	if (!diff.bytes)
		return;
	puck_dma_past_of(m, &past);
	puck_dma_find(d, PUCK_DMA_SYNC_MISSING, m->iova, m->size, &past, stack,
		      "the CPU changed %zu bytes from +%#zx on, which the device owned, seen at %s",
		      diff.bytes, diff.first, when);
}

/**
 * puck_dma_watch_again - the device was given a mapping
 * @m: the mapping, with a copy
 * @whole: all of it
 *
 * Behind the bytes. A part of what the device has anyway changes nothing.
 */
void puck_dma_watch_again(const struct puck_dma_mapping *m, bool whole)
{
	if (whole)
		m->copy->watched = true;
}
