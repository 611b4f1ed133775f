// SPDX-License-Identifier: GPL-2.0-only
/*
 * Syncs that nobody calls, sync=watch: beside the device's copy there is what both
 * sides had when the bytes last changed hands, and whose each byte is. A side that
 * has something else by now has written; if it did not own the byte, or the other
 * side never got to know, a sync is missing, or had the wrong range.
 *
 * Section "Who owns what" of docs/dma.rst has the rules. They are for each byte, as
 * driver and device may take turns with parts of a mapping.
 */

#include <linux/dma-mapping.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "bounce/copy.h"
#include "bounce/span.h"
#include "bounce/watch.h"
#include "check/checks.h"
#include "check/find.h"
#include "check/finding.h"
#include "check/history.h"
#include "check/places.h"
#include "check/suspect.h"
#include "core/call.h"
#include "core/device.h"
#include "core/mapping.h"

/* Trailers that a device adds and no driver looks at: a frame's checksum, padding. */
#define TRAILER		8
/* A place of the code has to leave bytes behind so often before that is a finding. */
#define PART_TIMES	3
/* Bytes that a device wrote have to be left behind in one of so many times at least. */
#define PART_SHARE	4

/* Bytes of one kind, and where the first one is. */
struct difference {
	size_t first;
	size_t bytes;
};

/**
 * struct look - what the sides have done since bytes changed hands
 * @stolen: the CPU wrote to what the device owned
 * @both: to what it owned itself, and so did the device
 * @unhanded: to what it owned itself, and the device did not
 * @clash: both wrote to what the device owned
 * @untaken: the device wrote to what it owned
 */
struct look {
	struct difference stolen;
	struct difference both;
	struct difference unhanded;
	struct difference clash;
	struct difference untaken;
};

static void note(struct difference *diff, size_t at)
{
	if (!diff->bytes++)
		diff->first = at;
}

static void look_byte(struct look *look, size_t at, u8 state, bool cpu, bool device)
{
	if (cpu && !(state & PUCK_DMA_BYTE_CPU))
		note(device ? &look->clash : &look->stolen, at);
	else if (cpu)
		note(device ? &look->both : &look->unhanded, at);
	if (device && !(state & PUCK_DMA_BYTE_CPU))
		note(&look->untaken, at);
}

static void look_run(const struct puck_dma_run *run, void *data)
{
	bool cpu, device;
	size_t i;

	if (!memcmp(run->theirs, run->given, run->len) &&
	    !memcmp(run->ours, run->given, run->len))
		return;
	for (i = 0; i < run->len; i++) {
		cpu = run->theirs[i] != run->given[i] &&
		      !(run->state[i] & PUCK_DMA_BYTE_NO_CPU);
		device = run->ours[i] != run->given[i] &&
			 !(run->state[i] & PUCK_DMA_BYTE_NO_DEVICE);
		if (cpu || device)
			look_byte(data, run->at + i, run->state[i], cpu, device);
	}
}

static struct look look_at(struct puck_dma_mapping *m, const struct puck_dma_span *span)
{
	struct look look = { };

	puck_dma_copy_each(m->copy, span, look_run, &look);
	return look;
}

static bool device_may_write(const struct puck_dma_mapping *m)
{
	return m->dir == DMA_FROM_DEVICE || m->dir == DMA_BIDIRECTIONAL;
}

#define CHANGED	"the %s changed %zu bytes from +%#zx on, %s, seen at %s"

static void tell(struct puck_dma_dev *d, const struct puck_dma_mapping *m, u32 stack,
		 const char *who, const struct difference *diff, const char *what,
		 const char *when)
{
	struct puck_dma_past past;

	puck_dma_past_of(m, &past);
	puck_dma_find(d, PUCK_DMA_SYNC_MISSING, m->iova, m->size, &past, stack, CHANGED, who,
		      diff->bytes, diff->first, what, when);
}

/* The same of what a driver that is right may do as well. */
static void suspect(struct puck_dma_dev *d, const struct puck_dma_mapping *m, u32 stack,
		    const char *who, const struct difference *diff, const char *what,
		    const char *when)
{
	struct puck_dma_past past;

	puck_dma_past_of(m, &past);
	puck_dma_suspect(d, PUCK_DMA_SYNC_MISSING, m->iova, m->size, &past, stack, CHANGED, who,
			 diff->bytes, diff->first, what, when);
}

/* The CPU wrote to what it did not own. What both wrote to is as wrong. */
static void tell_stolen(struct puck_dma_dev *d, const struct puck_dma_mapping *m, u32 stack,
			const struct look *look, const char *when)
{
	struct difference diff = look->stolen;

	if (look->clash.bytes) {
		if (!diff.bytes || look->clash.first < diff.first)
			diff.first = look->clash.first;
		diff.bytes += look->clash.bytes;
	}
	if (diff.bytes)
		tell(d, m, stack, "CPU", &diff, "which the device owned", when);
}

static void tell_both(struct puck_dma_dev *d, const struct puck_dma_mapping *m, u32 stack,
		      const struct look *look, const char *when)
{
	if (look->both.bytes && device_may_write(m))
		tell(d, m, stack, "CPU", &look->both,
		     "did not hand them over, and the device wrote there", when);
}

/*
 * A driver may drop some of what the device wrote. Of what it wrote itself it may keep
 * for itself what it likes, unless there was never a time that it handed over all.
 */
static bool shares_are_bad(const struct puck_dma_shares *shares, bool to_cpu)
{
	if (shares->part < PART_TIMES)
		return false;
	return to_cpu ? shares->part >= shares->whole / PART_SHARE : !shares->whole;
}

/* Whether a place of the code leaves bytes behind as a rule. */
static bool place_leaves_bytes(struct puck_dma_checks *checks, u32 made, bool to_cpu, bool part)
{
	struct puck_dma_shares *shares = NULL;
	unsigned long flags;
	bool rule = false;
	u32 i;

	if (!made)
		return false;
	spin_lock_irqsave(&checks->lock, flags);
	for (i = 0; !shares && i < PUCK_DMA_PLACES; i++) {
		if (checks->places[i].made && checks->places[i].made != made)
			continue;
		checks->places[i].made = made;
		shares = &checks->places[i].shares[to_cpu];
	}
	if (shares && part)
		shares->part++;
	else if (shares)
		shares->whole++;
	rule = shares && part && shares_are_bad(shares, to_cpu);
	spin_unlock_irqrestore(&checks->lock, flags);
	return rule;
}

/*
 * The CPU takes bytes that it had, and has changed, and did not hand over. Once may
 * be a driver that changed its mind; again may be one that hands over what counts.
 */
static void tell_unhanded(struct puck_dma_dev *d, struct puck_dma_mapping *m, u32 stack,
			  const struct look *look, const char *when)
{
	struct puck_dma_copy *copy = m->copy;
	bool part = look->unhanded.bytes, gave = copy->gave;

	if (m->dir == DMA_FROM_DEVICE)
		return;
	copy->gave = false;
	if (gave && place_leaves_bytes(d->checks, m->made_by, false, part))
		tell(d, m, stack, "CPU", &look->unhanded, "and never hands these over", when);
	else if (part && !copy->handed && ++copy->unhanded > 1)
		tell(d, m, stack, "CPU", &look->unhanded, "and never handed any over", when);
	else if (part)
		suspect(d, m, stack, "CPU", &look->unhanded, "and did not hand these over", when);
}

/* Bytes go back to the device, or away. Did the CPU get what the device wrote there? */
static void tell_untaken(struct puck_dma_dev *d, struct puck_dma_mapping *m, u32 stack,
			 const struct look *look, const char *when)
{
	bool part = look->untaken.bytes > TRAILER;
	struct puck_dma_copy *copy = m->copy;
	bool took = copy->took;

	if (!device_may_write(m))
		return;
	copy->took = false;
	if ((part || took) && place_leaves_bytes(d->checks, m->made_by, true, part))
		tell(d, m, stack, "device", &look->untaken, "which the CPU did not fetch", when);
	else if (look->untaken.bytes)
		suspect(d, m, stack, "device", &look->untaken, "which the CPU did not fetch",
			when);
}

/**
 * puck_dma_watch_sync - a driver syncs: what did it, and the device, do before?
 * @d: the device
 * @m: the mapping, with a copy
 * @call: what the driver says
 * @span: the bytes
 * @for_cpu: who gets them
 *
 * Before bytes are exchanged.
 */
void puck_dma_watch_sync(struct puck_dma_dev *d, struct puck_dma_mapping *m,
			 const struct puck_dma_call *call, const struct puck_dma_span *span,
			 bool for_cpu)
{
	struct puck_dma_copy *copy = m->copy;
	struct look look;

	if (!copy->given)
		return;
	look = look_at(m, span);
	if (for_cpu) {
		copy->took |= look.untaken.bytes;
		tell_stolen(d, m, call->stack, &look, "a sync for the CPU");
		if (call->dir != DMA_TO_DEVICE)
			tell_both(d, m, call->stack, &look, "a sync for the CPU");
		tell_unhanded(d, m, call->stack, &look, "a sync for the CPU");
		return;
	}
	/* What goes to the device may have been written at any time before. */
	if (call->dir != DMA_FROM_DEVICE)
		look.stolen.bytes = 0;
	if (device_may_write(m))
		tell_stolen(d, m, call->stack, &look, "a sync for the device");
	tell_untaken(d, m, call->stack, &look, "a sync for the device");
	copy->gave |= look.unhanded.bytes;
	copy->handed = true;
}

/* The sides differ: who has changed the byte is likely to do so again, and is watched. */
static void stay_apart(const struct puck_dma_run *run, size_t i, u8 owner)
{
	u8 state = run->state[i];
	bool cpu = state & PUCK_DMA_BYTE_NO_DEVICE ||
		   (!(state & PUCK_DMA_BYTE_NO_CPU) && run->theirs[i] != run->given[i]);

	run->given[i] = cpu ? run->theirs[i] : run->ours[i];
	run->state[i] = owner | (cpu ? PUCK_DMA_BYTE_NO_DEVICE : PUCK_DMA_BYTE_NO_CPU);
}

static void stay_run(const struct puck_dma_run *run, void *data)
{
	u8 owner = *(u8 *)data;
	size_t i;

	for (i = 0; i < run->len; i++) {
		if (run->theirs[i] == run->ours[i]) {
			run->given[i] = run->ours[i];
			run->state[i] = owner;
		} else {
			stay_apart(run, i, owner);
		}
	}
}

/**
 * puck_dma_watch_stay - bytes have changed hands, and neither side got the other's
 * @m: the mapping, with a copy
 * @span: the bytes
 * @for_cpu: who got them
 */
void puck_dma_watch_stay(struct puck_dma_mapping *m, const struct puck_dma_span *span,
			 bool for_cpu)
{
	u8 owner = for_cpu ? PUCK_DMA_BYTE_CPU : 0;

	if (m->copy->given)
		puck_dma_copy_each(m->copy, span, stay_run, &owner);
}

/**
 * puck_dma_watch_kept - a new mapping is its driver's until that hands it over
 * @m: the mapping, with a copy
 */
void puck_dma_watch_kept(struct puck_dma_mapping *m)
{
	const struct puck_dma_span all = puck_dma_span_all();

	puck_dma_watch_stay(m, &all, true);
}

/**
 * puck_dma_watch_unmap - a driver unmaps: what did it, and the device, do before?
 * @d: the device
 * @m: the mapping, with a copy; the device has no access any more
 * @attrs: DMA_ATTR_*
 * @stack: who unmaps it
 *
 * Before bytes are fetched from the device. A driver that wants none does not mind
 * what is in the memory, be it what it wrote there itself.
 */
void puck_dma_watch_unmap(struct puck_dma_dev *d, struct puck_dma_mapping *m,
			  unsigned long attrs, u32 stack)
{
	const struct puck_dma_span all = puck_dma_span_all();
	struct look look;

	if (!m->copy->given)
		return;
	look = look_at(m, &all);
	if (attrs & DMA_ATTR_SKIP_CPU_SYNC) {
		tell_untaken(d, m, stack, &look, "unmap");
		return;
	}
	tell_stolen(d, m, stack, &look, "unmap");
	tell_both(d, m, stack, &look, "unmap");
	if (m->copy->unhanded)
		tell_unhanded(d, m, stack, &look, "unmap");
	else if (look.unhanded.bytes && m->dir != DMA_FROM_DEVICE)
		suspect(d, m, stack, "CPU", &look.unhanded, "and did not hand these over", "unmap");
}
