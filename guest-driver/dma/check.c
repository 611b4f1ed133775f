// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a driver gives back against what it got: section "Findings" of
 * docs/dma.rst. The good cases are inline in check.h; here is what is wrong, and
 * how it is told.
 */

#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

#include <kunit/visibility.h>

#include "check.h"
#include "puck_dma_client.h"
#include "puck_dma_trace.h"

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

/* So many lines of one unbind, and of five seconds, go to the kernel's log. */
#define LEAK_LINES	16
#define LOG_BURST	64

const char *puck_dma_class_name(enum puck_dma_class class)
{
	static const char * const names[] = {
		[PUCK_DMA_UNMAP_COUNT] = "unmap-count",
		[PUCK_DMA_UNMAP_SIZE] = "unmap-size",
		[PUCK_DMA_UNMAP_DIRECTION] = "unmap-direction",
		[PUCK_DMA_UNMAP_KIND] = "unmap-kind",
		[PUCK_DMA_UNMAP_TWICE] = "unmap-twice",
		[PUCK_DMA_UNMAP_UNKNOWN] = "unmap-unknown",
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
		[PUCK_DMA_LEAK] = "leak",
	};

	return names[class];
}

const char *puck_dma_kind_name(enum puck_dma_kind kind)
{
	static const char * const names[] = {
		[PUCK_DMA_PAGE] = "page",
		[PUCK_DMA_SG] = "sg",
		[PUCK_DMA_RESOURCE] = "resource",
		[PUCK_DMA_COHERENT] = "coherent",
		[PUCK_DMA_PAGES] = "pages",
	};

	return kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

/* A driver may give any number. */
const char *puck_dma_dir_name(enum dma_data_direction dir)
{
	switch (dir) {
	case DMA_BIDIRECTIONAL:
		return "bidirectional";
	case DMA_TO_DEVICE:
		return "to-device";
	case DMA_FROM_DEVICE:
		return "from-device";
	case DMA_NONE:
		return "none";
	}
	return "unknown";
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

static void finding_keep(struct puck_dma_checks *checks, const struct puck_dma_finding *finding)
{
	unsigned long flags;

	spin_lock_irqsave(&checks->lock, flags);
	checks->findings[checks->told % PUCK_DMA_FINDINGS] = *finding;
	checks->told++;
	checks->count[finding->class]++;
	spin_unlock_irqrestore(&checks->lock, flags);
}

static void finding_tell(struct puck_dma_dev *d, const struct puck_dma_finding *finding)
{
	struct puck_dma_checks *checks = d->checks;
	int how = READ_ONCE(on_finding), unsaid;

	trace_puck_dma_finding(d, finding->text);
	if (__ratelimit(&checks->limit)) {
		unsaid = atomic_xchg(&checks->unsaid, 0);
		if (unsaid)
			pr_err("puck-dma %s: finding: %d more are in debugfs alone\n",
			       dev_name(d->dev), unsaid);
		pr_err("puck-dma %s: finding: %s\n", dev_name(d->dev), finding->text);
	} else {
		atomic_inc(&checks->unsaid);
	}

	if (how == ON_FINDING_TAINT)
		add_taint(TAINT_WARN, LOCKDEP_STILL_OK);
	else if (how == ON_FINDING_PANIC)
		panic("puck-dma %s: finding: %s\n", dev_name(d->dev), finding->text);
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
	struct puck_dma_finding finding = { .class = class, .found_by = stack };
	size_t room = sizeof(finding.text);
	char *text = finding.text;
	va_list args;
	int at;

	at = scnprintf(text, room, "%s: %#llx", puck_dma_class_name(class), iova);
	if (size)
		at += scnprintf(text + at, room - at, "+%#llx", size);
	if (past) {
		finding.made_by = past->made_by;
		finding.freed_by = past->freed_by;
		at += puck_dma_past_text(text + at, room - at, past);
	}
	at += scnprintf(text + at, room - at, ": ");
	va_start(args, fmt);
	at += vscnprintf(text + at, room - at, fmt, args);
	va_end(args);
	if (stack)
		text_caller(text + at, room - at, ",", stack);

	finding_keep(d->checks, &finding);
	finding_tell(d, &finding);
}

static u64 call_size(const struct puck_dma_call *call)
{
	return call->kind == PUCK_DMA_SG ? 0 : call->size;
}

/**
 * puck_dma_wrong_unmap - tell of each thing that is wrong with an unmap
 * @d: device
 * @m: the mapping at that address
 * @call: what the driver said
 */
void puck_dma_wrong_unmap(struct puck_dma_dev *d, const struct puck_dma_mapping *m,
			  const struct puck_dma_call *call)
{
	struct puck_dma_past past;

	puck_dma_past_of(m, &past);
	if (call->kind != m->kind) {
		/* All else would be compared with what it does not mean. */
		puck_dma_find(d, PUCK_DMA_UNMAP_KIND, m->iova, m->size, &past, call->stack,
			      "unmapped as %s, %s expected", puck_dma_kind_name(call->kind),
			      puck_dma_kind_name(m->kind));
		return;
	}
	if (call->kind == PUCK_DMA_SG && call->nents != m->entries)
		puck_dma_find(d, PUCK_DMA_UNMAP_COUNT, m->iova, m->size, &past, call->stack,
			      "unmapped with %u entries, %u expected", call->nents, m->entries);
	if (call->kind != PUCK_DMA_SG && call->size != m->size)
		puck_dma_find(d, PUCK_DMA_UNMAP_SIZE, m->iova, m->size, &past, call->stack,
			      "unmapped with %zu bytes, %zu expected", call->size, m->size);
	if (call->dir != DMA_NONE && call->dir != m->dir)
		puck_dma_find(d, PUCK_DMA_UNMAP_DIRECTION, m->iova, m->size, &past, call->stack,
			      "unmapped as %s, %s expected", puck_dma_dir_name(call->dir),
			      puck_dma_dir_name(m->dir));
}

/**
 * puck_dma_check_unmap_none - tell of an unmap of what is not there
 * @d: device
 * @call: what the driver said; no live mapping has its address
 */
void puck_dma_check_unmap_none(struct puck_dma_dev *d, const struct puck_dma_call *call)
{
	struct puck_dma_past past;

	if (puck_dma_history_at(d, call->addr, &past))
		puck_dma_find(d, PUCK_DMA_UNMAP_TWICE, past.iova, past.size, &past, call->stack,
			      "unmapped again as %s", puck_dma_kind_name(call->kind));
	else
		puck_dma_find(d, PUCK_DMA_UNMAP_UNKNOWN, call->addr, call_size(call), NULL,
			      call->stack, "unmapped as %s, but no mapping began there",
			      puck_dma_kind_name(call->kind));
}

static bool sync_is_inside(const struct puck_dma_mapping *m, const struct puck_dma_call *call)
{
	const struct puck_dma_segment *seg;
	u32 i;

	for (i = 0; i < m->nsegs; i++) {
		seg = puck_dma_segment_at(&m->segs, i);
		if (call->addr >= seg->iova && call->size <= seg->size &&
		    call->addr - seg->iova <= seg->size - call->size)
			return true;
	}
	return false;
}

static void sync_without_mapping(struct puck_dma_dev *d, const struct puck_dma_call *call)
{
	struct puck_dma_past past;

	if (puck_dma_history_holding(d, call->addr, &past))
		puck_dma_find(d, PUCK_DMA_SYNC_UNMAPPED, past.iova, past.size, &past, call->stack,
			      "synced at %#llx", (u64)call->addr);
	else
		puck_dma_find(d, PUCK_DMA_SYNC_UNKNOWN, call->addr, call_size(call), NULL,
			      call->stack, "synced as %s, but there never was a mapping",
			      puck_dma_kind_name(call->kind));
}

/**
 * puck_dma_wrong_sync - tell of what is wrong with a sync, if anything
 * @d: device
 * @m: the mapping that holds the address, or NULL
 * @call: what the driver said
 */
void puck_dma_wrong_sync(struct puck_dma_dev *d, const struct puck_dma_mapping *m,
			 const struct puck_dma_call *call)
{
	struct puck_dma_past past;

	/* Of no bytes, where they would begin does not matter. */
	if (call->kind != PUCK_DMA_SG && !call->size)
		return;
	if (!m) {
		sync_without_mapping(d, call);
		return;
	}
	puck_dma_past_of(m, &past);
	if (call->kind == PUCK_DMA_SG && call->addr != m->iova)
		puck_dma_find(d, PUCK_DMA_SYNC_COUNT, m->iova, m->size, &past, call->stack,
			      "synced with %u entries from %#llx on, %u from the first on expected",
			      call->nents, (u64)call->addr, m->entries);
	else if (call->kind == PUCK_DMA_SG && call->nents != m->entries)
		puck_dma_find(d, PUCK_DMA_SYNC_COUNT, m->iova, m->size, &past, call->stack,
			      "synced with %u entries, %u expected", call->nents, m->entries);
	else if (call->kind != PUCK_DMA_SG && !sync_is_inside(m, call))
		puck_dma_find(d, PUCK_DMA_SYNC_RANGE, m->iova, m->size, &past, call->stack,
			      "synced %#llx+%#zx, which is not all inside", (u64)call->addr,
			      call->size);
	if (call->dir != m->dir && m->dir != DMA_BIDIRECTIONAL)
		puck_dma_find(d, PUCK_DMA_SYNC_DIRECTION, m->iova, m->size, &past, call->stack,
			      "synced as %s, %s expected", puck_dma_dir_name(call->dir),
			      puck_dma_dir_name(m->dir));
}

/**
 * puck_dma_check_leak - tell of what is left when the driver is gone
 * @d: device; nobody maps or unmaps any more
 */
void puck_dma_check_leak(struct puck_dma_dev *d)
{
	struct puck_dma_mapping m;
	struct puck_dma_past past;
	u64 left = 0, bytes = 0, iova = 0;

	while (puck_dma_record_next(d, &iova, &m)) {
		if (++left <= LEAK_LINES) {
			puck_dma_past_of(&m, &past);
			puck_dma_find(d, PUCK_DMA_LEAK, m.iova, m.size, &past, 0,
				      "left when the driver unbound");
		} else {
			bytes += m.size;
		}
	}
	if (left > LEAK_LINES)
		pr_err("puck-dma %s: finding: leak: %llu more mappings, %llu bytes, are left\n",
		       dev_name(d->dev), left - LEAK_LINES, bytes);
}

/**
 * puck_dma_last_finding - what was found last about a device
 * @dev: the device
 * @text: the line, from the class on; "" if there is none
 * @size: room in @text
 *
 * Return: findings so far, 0 if the device is not under the mapper.
 */
unsigned long puck_dma_last_finding(struct device *dev, char *text, size_t size)
{
	struct puck_dma_checks *checks;
	unsigned long flags, told;

	if (size)
		text[0] = 0;
	if (!puck_dma_manages(dev))
		return 0;
	checks = puck_dma_dev(dev)->checks;
	spin_lock_irqsave(&checks->lock, flags);
	told = checks->told;
	if (told && size)
		strscpy(text, checks->findings[(told - 1) % PUCK_DMA_FINDINGS].text, size);
	spin_unlock_irqrestore(&checks->lock, flags);
	return told;
}
EXPORT_SYMBOL_GPL(puck_dma_last_finding);

/**
 * puck_dma_checks_free - undo puck_dma_checks_new()
 * @checks: them
 */
void puck_dma_checks_free(struct puck_dma_checks *checks)
{
	vfree(checks->findings);
	puck_dma_history_free(checks->history);
	kfree(checks);
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_checks_free);

/**
 * puck_dma_checks_new - what checks know of a device
 * @d: the device
 *
 * Return: nothing yet, or NULL.
 */
struct puck_dma_checks *puck_dma_checks_new(struct puck_dma_dev *d)
{
	struct puck_dma_checks *checks = kzalloc(sizeof(*checks), GFP_KERNEL);

	if (!checks)
		return NULL;
	checks->history = puck_dma_history_new();
	checks->findings = vzalloc(array_size(PUCK_DMA_FINDINGS, sizeof(*checks->findings)));
	if (!checks->history || !checks->findings) {
		puck_dma_checks_free(checks);
		return NULL;
	}
	spin_lock_init(&checks->lock);
	ratelimit_state_init(&checks->limit, DEFAULT_RATELIMIT_INTERVAL, LOG_BURST);
	ratelimit_set_flags(&checks->limit, RATELIMIT_MSG_ON_RELEASE);
	checks->d = d;
	return checks;
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_checks_new);

/**
 * puck_dma_check_attach - a device came under the mapper
 * @d: it, with its domain, before its driver maps anything
 *
 * Return: 0 or an error.
 */
int puck_dma_check_attach(struct puck_dma_dev *d)
{
	d->checks = puck_dma_checks_new(d);
	if (!d->checks)
		return -ENOMEM;
	puck_dma_fault_attach(d);
	puck_dma_debugfs_attach(d);
	return 0;
}

/**
 * puck_dma_check_detach - a device leaves the mapper
 * @d: it; nobody maps, unmaps or syncs any more
 */
void puck_dma_check_detach(struct puck_dma_dev *d)
{
	puck_dma_debugfs_detach(d);
	puck_dma_fault_detach(d);
	puck_dma_checks_free(d->checks);
	d->checks = NULL;
}

int puck_dma_check_init(void)
{
	int ret = puck_dma_stack_init();

	if (ret)
		return ret;
	puck_dma_debugfs_init();
	puck_dma_host_init();
	return 0;
}

void puck_dma_check_exit(void)
{
	puck_dma_host_exit();
	puck_dma_debugfs_exit();
	puck_dma_fault_exit();
	puck_dma_stack_exit();
}
