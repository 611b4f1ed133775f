// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a driver that is right may do as well, and that is the first thing to look at if
 * its work went wrong. Nobody is told unless somebody asks. Section "Suspects" of
 * docs/dma.rst.
 */

#include <linux/export.h>
#include <linux/lockdep.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include <kunit/visibility.h>

#include "check/checks.h"
#include "check/find.h"
#include "check/finding.h"
#include "check/history.h"
#include "check/suspect.h"
#include "core/device.h"
#include "core/mapping.h"
#include "core/stack.h"

static bool is_of(const struct puck_dma_finding *suspect, enum puck_dma_class class,
		  unsigned long made, unsigned long call)
{
	return suspect->class == class && puck_dma_stack_caller(suspect->made_by) == made &&
	       puck_dma_stack_caller(suspect->found_by) == call;
}

/* Whether there is no need for one of these places, or no room. */
static bool has_locked(const struct puck_dma_checks *checks, enum puck_dma_class class,
		       unsigned long made, unsigned long call)
{
	u32 i;

	lockdep_assert_held(&checks->lock);
	for (i = 0; i < checks->nr_suspects; i++)
		if (is_of(&checks->suspects[i], class, made, call))
			return true;
	return checks->nr_suspects == PUCK_DMA_SUSPECTS;
}

static bool has(struct puck_dma_checks *checks, enum puck_dma_class class, u32 made_by, u32 stack)
{
	unsigned long made = puck_dma_stack_caller(made_by), call = puck_dma_stack_caller(stack);
	unsigned long flags;
	bool found;

	spin_lock_irqsave(&checks->lock, flags);
	found = has_locked(checks, class, made, call);
	spin_unlock_irqrestore(&checks->lock, flags);
	return found;
}

static void add(struct puck_dma_checks *checks, const struct puck_dma_finding *suspect)
{
	unsigned long flags;

	spin_lock_irqsave(&checks->lock, flags);
	/* Another CPU may have come first. */
	if (!has_locked(checks, suspect->class, puck_dma_stack_caller(suspect->made_by),
			puck_dma_stack_caller(suspect->found_by)))
		checks->suspects[checks->nr_suspects++] = *suspect;
	spin_unlock_irqrestore(&checks->lock, flags);
}

/**
 * puck_dma_suspect - keep a suspect, unless there is the like of it
 * @d: device
 * @class: what it would be
 * @iova: what it is about
 * @size: bytes of that
 * @past: the mapping
 * @stack: the call that would be wrong, or 0 if it is no call
 * @fmt: what would be wrong, after the colon
 *
 * Any context, without the device's lock. Drivers may do it all the time: its text is
 * made the first time alone.
 */
void puck_dma_suspect(struct puck_dma_dev *d, enum puck_dma_class class, u64 iova, u64 size,
		      const struct puck_dma_past *past, u32 stack, const char *fmt, ...)
{
	struct puck_dma_finding suspect;
	va_list args;

	if (has(d->checks, class, past->made_by, stack))
		return;
	va_start(args, fmt);
	puck_dma_finding_set(&suspect, class, iova, size, past, stack, fmt, args);
	va_end(args);
	add(d->checks, &suspect);
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_suspect);

/* A list with fewer segments than entries, from a place that is not yet suspect. */
static bool is_new_list(const struct puck_dma_past *past, const void *data)
{
	struct puck_dma_dev *d = (struct puck_dma_dev *)data;

	return past->kind == PUCK_DMA_SG && past->nsegs < past->entries &&
	       !has(d->checks, PUCK_DMA_LIST_MERGED, past->made_by, 0);
}

/**
 * puck_dma_suspect_lists - make places suspect whose lists were merged
 * @d: device; nobody maps or unmaps any more
 *
 * From what is remembered of mappings, so that mapping a list costs nothing more.
 */
void puck_dma_suspect_lists(struct puck_dma_dev *d)
{
	struct puck_dma_past past;

	/* Each round adds one, until there are as many as there may be. */
	while (puck_dma_history_search(d, is_new_list, d, &past))
		puck_dma_suspect(d, PUCK_DMA_LIST_MERGED, past.iova, past.size, &past, 0,
				 "lists from here became fewer segments than entries, this one %u",
				 past.nsegs);
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_suspect_lists);

/**
 * puck_dma_suspects_end - tell of suspects, if somebody asked
 * @d: device; nothing is found any more
 */
void puck_dma_suspects_end(struct puck_dma_dev *d)
{
	struct puck_dma_checks *checks = d->checks;
	u32 i;

	if (!READ_ONCE(checks->suspects_asked))
		return;
	puck_dma_suspect_lists(d);
	for (i = 0; i < checks->nr_suspects; i++)
		puck_dma_finding_log(d, &checks->suspects[i], "suspect",
				     checks->nr_known + i + 1);
}
