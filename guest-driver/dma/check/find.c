// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a finding is told: its line, the record that programs read, its stacks. The
 * like of it is counted from then on, and the count is told when the driver has
 * unbound. Section "Findings" of docs/dma.rst.
 */

#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/panic.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include <kunit/visibility.h>

#include "check/checks.h"
#include "check/find.h"
#include "check/finding.h"
#include "check/history.h"
#include "core/device.h"
#include "core/mapping.h"
#include "core/stack.h"
#include "core/trace.h"

/* A line of the kernel's log has less than 1024 bytes. */
#define LINE_STACK	900

enum on_finding { ON_FINDING_LOG, ON_FINDING_TAINT, ON_FINDING_PANIC };

static const char * const on_finding_names[] = {
	[ON_FINDING_LOG] = "log",
	[ON_FINDING_TAINT] = "taint",
	[ON_FINDING_PANIC] = "panic",
};

static int on_finding;

static int on_finding_set(const char *value, const struct kernel_param *kp)
{
	int i = sysfs_match_string(on_finding_names, value);

	if (i < 0)
		return i;
	WRITE_ONCE(on_finding, i);
	return 0;
}

static int on_finding_get(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%s\n", on_finding_names[READ_ONCE(on_finding)]);
}

static const struct kernel_param_ops on_finding_ops = {
	.set = on_finding_set,
	.get = on_finding_get,
};

module_param_cb(on_finding, &on_finding_ops, NULL, 0644);
MODULE_PARM_DESC(on_finding, "What a finding does beside its line: log (nothing), taint, panic");

const char *puck_dma_class_name(enum puck_dma_class class)
{
	static const char * const names[] = {
		[PUCK_DMA_UNMAP_COUNT] = "unmap-count",
		[PUCK_DMA_UNMAP_SIZE] = "unmap-size",
		[PUCK_DMA_UNMAP_DIRECTION] = "unmap-direction",
		[PUCK_DMA_UNMAP_KIND] = "unmap-kind",
		[PUCK_DMA_UNMAP_TWICE] = "unmap-twice",
		[PUCK_DMA_UNMAP_UNKNOWN] = "unmap-unknown",
		[PUCK_DMA_UNMAP_ERROR] = "unmap-error",
		[PUCK_DMA_SYNC_COUNT] = "sync-count",
		[PUCK_DMA_SYNC_RANGE] = "sync-range",
		[PUCK_DMA_SYNC_DIRECTION] = "sync-direction",
		[PUCK_DMA_SYNC_UNMAPPED] = "sync-unmapped",
		[PUCK_DMA_SYNC_UNKNOWN] = "sync-unknown",
		[PUCK_DMA_SYNC_MISSING] = "sync-missing",
		[PUCK_DMA_ACCESS_UNMAPPED] = "access-unmapped",
		[PUCK_DMA_ACCESS_GUARD] = "access-guard",
		[PUCK_DMA_ACCESS_DIRECTION] = "access-direction",
		[PUCK_DMA_ACCESS_UNKNOWN] = "access-unknown",
		[PUCK_DMA_ACCESS_ERROR] = "access-error",
		[PUCK_DMA_ACCESS_TAIL] = "access-tail",
		[PUCK_DMA_ACCESS_TRUNCATED] = "access-truncated",
		[PUCK_DMA_ACCESS_PHYSICAL] = "access-physical",
		[PUCK_DMA_ACCESS_BEYOND] = "access-beyond",
		[PUCK_DMA_LIST_SHORT] = "list-short",
		[PUCK_DMA_LEAK] = "leak",
		[PUCK_DMA_LIST_MERGED] = "list-merged",
	};

	return names[class];
}

static int text_caller(char *text, size_t size, const char *what, u32 stack)
{
	unsigned long caller = puck_dma_stack_caller(stack);

	if (!caller)
		return scnprintf(text, size, "%s by unknown", what);
	return scnprintf(text, size, "%s by %pB", what, (void *)caller);
}

static int text_age(char *text, size_t size, const char *what, u64 since, u32 stack)
{
	u64 ms = div_u64(ktime_get_mono_fast_ns() - since, NSEC_PER_MSEC);
	int at = scnprintf(text, size, ", %s %llu ms ago", what, ms);

	return at + text_caller(text + at, size - at, "", stack);
}

/**
 * puck_dma_past_text - what there is to say of a mapping
 * @text: gets " (sg, 256 entries, from-device, mapped 12 ms ago by ...)"
 * @size: room there
 * @past: the mapping
 *
 * Return: length of the text.
 */
int puck_dma_past_text(char *text, size_t size, const struct puck_dma_past *past)
{
	int at = scnprintf(text, size, " (%s", puck_dma_kind_name(past->kind));

	if (past->kind == PUCK_DMA_SG)
		at += scnprintf(text + at, size - at, ", %u entries", past->entries);
	at += scnprintf(text + at, size - at, ", %s", puck_dma_dir_name(past->dir));
	at += text_age(text + at, size - at, "mapped", past->made_at, past->made_by);
	if (past->freed_at)
		at += text_age(text + at, size - at, "unmapped", past->freed_at, past->freed_by);
	return at + scnprintf(text + at, size - at, ")");
}

/* A symbol without the space in front of its module: one word. */
static int text_symbol(char *text, size_t size, unsigned long addr)
{
	int len = scnprintf(text, size, "%pB", (void *)addr);
	char *space = strchr(text, ' ');

	if (!space)
		return len;
	memmove(space, space + 1, strlen(space));
	return len - 1;
}

static int text_place(char *text, size_t size, const char *key, u32 stack)
{
	unsigned long caller = puck_dma_stack_caller(stack);
	int at = scnprintf(text, size, " %s=", key);

	if (!caller)
		return at + scnprintf(text + at, size - at, "-");
	return at + text_symbol(text + at, size - at, caller);
}

static void tell_record(struct puck_dma_dev *d, const struct puck_dma_finding *finding, u32 n)
{
	const struct puck_dma_checks *checks = d->checks;
	char text[3 * 112];
	int at;

	at = text_place(text, sizeof(text), "mapped", finding->made_by);
	at += text_place(text + at, sizeof(text) - at, "unmapped", finding->freed_by);
	text_place(text + at, sizeof(text) - at, "call", finding->found_by);
	pr_err("puck-dma %s: record: n=%u class=%s driver=%s id=%s iova=%#llx size=%#llx%s\n",
	       dev_name(d->dev), n, puck_dma_class_name(finding->class), checks->driver,
	       checks->id, finding->iova, finding->size, text);
}

static void tell_stack(struct puck_dma_dev *d, u32 n, const char *what, u32 stack)
{
	char *text;

	if (!stack)
		return;
	/*
	 * The caller may be deep in its stack, so the text is not on it. Without memory,
	 * less is told.
	 */
	text = kmalloc(LINE_STACK, GFP_ATOMIC | __GFP_NOWARN);
	if (!text)
		return;
	puck_dma_stack_text(text, LINE_STACK, stack, text_symbol);
	pr_err("puck-dma %s: stack: n=%u %s%s\n", dev_name(d->dev), n, what, text);
	kfree(text);
}

static bool finding_is_like(const struct puck_dma_known *known,
			    const struct puck_dma_finding *finding)
{
	if (known->class != finding->class)
		return false;
	if (!finding->made_by && !finding->found_by)
		return known->iova >> PUCK_DMA_LIKE_SHIFT == finding->iova >> PUCK_DMA_LIKE_SHIFT;
	return known->made == puck_dma_stack_caller(finding->made_by) &&
	       known->freed == puck_dma_stack_caller(finding->freed_by) &&
	       known->call == puck_dma_stack_caller(finding->found_by);
}

/* Counts it; its number if it is the first of its kind, or else 0. */
static u32 finding_count_locked(struct puck_dma_checks *checks,
				const struct puck_dma_finding *finding)
{
	struct puck_dma_known *known = checks->known;
	u32 i;

	lockdep_assert_held(&checks->lock);
	for (i = 0; i < checks->nr_known; i++, known++) {
		if (!finding_is_like(known, finding))
			continue;
		known->count++;
		return 0;
	}
	if (i == PUCK_DMA_KNOWN) {
		checks->unsaid++;
		return 0;
	}
	*known = (struct puck_dma_known) {
		.class = finding->class,
		.iova = finding->iova,
		.made = puck_dma_stack_caller(finding->made_by),
		.freed = puck_dma_stack_caller(finding->freed_by),
		.call = puck_dma_stack_caller(finding->found_by),
		.count = 1,
	};
	return ++checks->nr_known;
}

static u32 finding_keep(struct puck_dma_checks *checks, const struct puck_dma_finding *finding)
{
	unsigned long flags;
	u32 n;

	spin_lock_irqsave(&checks->lock, flags);
	checks->findings[checks->told % PUCK_DMA_FINDINGS] = *finding;
	checks->told++;
	checks->count[finding->class]++;
	n = finding_count_locked(checks, finding);
	spin_unlock_irqrestore(&checks->lock, flags);
	return n;
}

/**
 * puck_dma_finding_log - the lines of a finding, or of a suspect
 * @d: device
 * @finding: it
 * @what: which of both
 * @n: its number in the log
 *
 * Any context.
 */
void puck_dma_finding_log(struct puck_dma_dev *d, const struct puck_dma_finding *finding,
			  const char *what, u32 n)
{
	pr_err("puck-dma %s: %s: %s\n", dev_name(d->dev), what, finding->text);
	tell_record(d, finding, n);
	tell_stack(d, n, "mapped", finding->made_by);
	tell_stack(d, n, "unmapped", finding->freed_by);
	tell_stack(d, n, "call", finding->found_by);
}

static void finding_tell(struct puck_dma_dev *d, const struct puck_dma_finding *finding, u32 n)
{
	int how = READ_ONCE(on_finding);

	trace_puck_dma_finding(d, finding->text);
	if (n)
		puck_dma_finding_log(d, finding, "finding", n);

	if (how == ON_FINDING_TAINT)
		add_taint(TAINT_WARN, LOCKDEP_STILL_OK);
	else if (how == ON_FINDING_PANIC)
		panic("puck-dma %s: finding: %s\n", dev_name(d->dev), finding->text);
}

/**
 * puck_dma_finding_set - what there is to say of a finding, or of a suspect
 * @finding: filled in
 * @class: what it is
 * @iova: what it is about
 * @size: bytes of that, or 0 if it is an address alone
 * @past: the mapping, or NULL if there never was one
 * @stack: the call that is wrong, or 0 if it is no call
 * @fmt: what is wrong, after the colon
 * @args: of @fmt
 */
void puck_dma_finding_set(struct puck_dma_finding *finding, enum puck_dma_class class, u64 iova,
			  u64 size, const struct puck_dma_past *past, u32 stack, const char *fmt,
			  va_list args)
{
	size_t room = sizeof(finding->text);
	char *text = finding->text;
	int at;

	finding->class = class;
	finding->iova = iova;
	finding->size = size;
	finding->made_by = past ? past->made_by : 0;
	finding->freed_by = past ? past->freed_by : 0;
	finding->found_by = stack;
	at = scnprintf(text, room, "%s: %#llx", puck_dma_class_name(class), iova);
	if (size)
		at += scnprintf(text + at, room - at, "+%#llx", size);
	if (past)
		at += puck_dma_past_text(text + at, room - at, past);
	at += scnprintf(text + at, room - at, ": ");
	at += vscnprintf(text + at, room - at, fmt, args);
	if (stack)
		text_caller(text + at, room - at, ",", stack);
}

/**
 * puck_dma_find - tell of a finding
 * @d: device
 * @class: what it is
 * @iova: what it is about
 * @size: bytes of that, or 0 if it is an address alone
 * @past: the mapping, or NULL if there never was one
 * @stack: the call that is wrong, or 0 if it is no call
 * @fmt: what is wrong, after the colon
 *
 * Any context, without the device's lock.
 */
void puck_dma_find(struct puck_dma_dev *d, enum puck_dma_class class, u64 iova, u64 size,
		   const struct puck_dma_past *past, u32 stack, const char *fmt, ...)
{
	struct puck_dma_finding finding;
	va_list args;

	va_start(args, fmt);
	puck_dma_finding_set(&finding, class, iova, size, past, stack, fmt, args);
	va_end(args);
	finding_tell(d, &finding, finding_keep(d->checks, &finding));
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_find);

/**
 * puck_dma_find_counts - tell how often each finding came that came more than once
 * @d: device; nothing is found any more
 */
void puck_dma_find_counts(struct puck_dma_dev *d)
{
	const struct puck_dma_checks *checks = d->checks;
	const struct puck_dma_known *known = checks->known;
	u32 i;

	for (i = 0; i < checks->nr_known; i++, known++)
		if (known->count > 1)
			pr_err("puck-dma %s: count: n=%u class=%s %llu times\n",
			       dev_name(d->dev), i + 1, puck_dma_class_name(known->class),
			       known->count);
	if (checks->unsaid)
		pr_err("puck-dma %s: count: n=0 class=- %llu times\n", dev_name(d->dev),
		       checks->unsaid);
}
