/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sweeps: an operation is done again and again, and the n-th allocation or copy
 * within it fails, for n = 1, 2, 3, ... until it makes no more than that. Of many pages
 * in a row that all end alike, as a buffer has them, not each one does: see fail_step().
 *
 * Each time the operation has to succeed all the same, or to fail with -ENOMEM
 * for an allocation and -EFAULT for a copy; and after an error it has to succeed
 * when nothing fails. What is left behind, kmemleak and DMA_API_DEBUG tell.
 */
#ifndef LIB_FAIL_NTH_SWEEP_H
#define LIB_FAIL_NTH_SWEEP_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/fail_nth/inject.h"

#define FAIL_MAX	20000	/* sites; more means that it never ends */
#define FAIL_ROW	16	/* pages, each of which fails */
#define FAIL_STEP	64
#define FAIL_TELL	5	/* complaints about one operation */
#define FAIL_SKIP	4	/* exit status: this kernel cannot */

static struct {
	const char *only;	/* the name of one operation */
	unsigned int from;
} fail_options = { .from = 1 };

/* What failed, and what the operation said of it. */
struct fail_end {
	int hit;		/* enum fail_kind, or -1: nothing did */
	int ret;
};

struct fail_sweep {
	unsigned int hits[FAIL_KINDS];
	unsigned int errors;	/* hits that the operation reported */
	unsigned int bad;
	struct fail_end last;
	unsigned int row;	/* so many pages up to the last one have ended as that one */
};

static inline bool fail_allowed(const struct fail_op *op, int hit, int ret)
{
	const int *more;

	if (!ret || ret == (hit == FAIL_COPY ? -EFAULT : -ENOMEM))
		return true;
	for (more = op->errnos; more && *more; more++)
		if (ret == -*more)
			return true;
	return false;
}

static inline void fail_kmsg(const char *what, const char *more)
{
	char line[192];

	snprintf(line, sizeof(line), "%s%s\n", what, more);
	write_text("/dev/kmsg", line);
}

/* A complaint, and once more with the failing site's stack in the kernel's log. */
__attribute__((format(printf, 5, 6)))
static inline void fail_complain(const struct fail_op *op, struct fail_sweep *sweep, unsigned int n,
				 int hit, const char *fmt, ...)
{
	char what[128];
	va_list ap;
	int ret;

	if (sweep->bad++ >= FAIL_TELL)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	ktap_note("%s: %u (%s): %s", op->name, n, hit < 0 ? "nothing failed" : fail_kinds[hit],
		  what);
	if (op->before && op->before())
		return;
	fail_kmsg("fail-nth: ", what);
	fail_verbose(true);
	fail_once(op, n, &ret);
	fail_verbose(false);
	op->after(ret);
}

/* When nothing fails it has to be done. */
static inline int fail_never(const struct fail_op *op)
{
	int ret = op->before ? op->before() : 0, end;

	if (ret)
		return ret;
	fail_active = false;
	ret = op->run();
	end = op->after(ret);
	return ret ? ret : end;
}

/* The n-th one; if the operation has less, nothing is hit. */
static inline struct fail_end fail_nth(const struct fail_op *op, struct fail_sweep *sweep,
				       unsigned int n)
{
	struct fail_end found = { .hit = -1 };
	int ret = op->before ? op->before() : 0, end;

	if (ret) {
		fail_complain(op, sweep, n, -1, "cannot begin: %s", strerror(-ret));
		return found;
	}
	found.hit = fail_once(op, n, &found.ret);
	ret = found.ret;
	end = op->after(ret);
	if (found.hit < 0) {
		if (ret || end)
			fail_complain(op, sweep, n, -1, "%s, then %s", strerror(-ret),
				      strerror(-end));
		return found;
	}
	sweep->hits[found.hit]++;
	sweep->errors += !!ret;
	if (!fail_allowed(op, found.hit, ret))
		fail_complain(op, sweep, n, found.hit, "fails with %s", strerror(-ret));
	if (end)
		fail_complain(op, sweep, n, found.hit, "returns %d and leaves a mess: %s", ret,
			      strerror(-end));
	/* What succeeded in spite of a failure has just shown that it works. */
	ret = ret ? fail_never(op) : 0;
	if (ret)
		fail_complain(op, sweep, n, found.hit, "does not work afterwards: %s",
			      strerror(-ret));
	return found;
}

/*
 * How far it is from the n-th one, which was @step behind the one before it, to the next; 0 behind the
 * last one. Behind FAIL_ROW pages that ended alike the steps grow. One that ends otherwise sends us
 * back to the first that was left out, so it is found where that begins; what is shorter
 * than a step, and between pages, is not.
 */
static inline int fail_step(struct fail_sweep *sweep, struct fail_end found, int step)
{
	bool same = found.hit == sweep->last.hit && found.ret == sweep->last.ret;

	if (!same && step > 1) {
		sweep->row = 0;
		return 1 - step;
	}
	if (found.hit < 0)
		return 0;
	sweep->row = same && found.hit == FAIL_PAGE ? sweep->row + step : 0;
	sweep->last = found;
	if (sweep->row < FAIL_ROW)
		return 1;
	return sweep->row / 4 < FAIL_STEP ? sweep->row / 4 : FAIL_STEP;
}

static inline unsigned int fail_all(const struct fail_op *op, struct fail_sweep *sweep)
{
	unsigned int n;
	int step = 1, next = 1;

	for (n = fail_options.from; n < FAIL_MAX && next; n += next) {
		next = fail_step(sweep, fail_nth(op, sweep, n), step);
		step = next > 0 ? next : 1;
	}
	return n;
}

/* One operation, one test. */
static inline void fail_sweep_quietly(const struct fail_op *op)
{
	struct fail_sweep sweep = { .last.hit = -1 };
	unsigned int n, hits, *hit = sweep.hits;
	double start = now_seconds();
	int ret = fail_never(op);

	if (!ktap_ok(!ret, "%s: works%s%s", op->name, ret ? " not: " : "",
		     ret ? strerror(-ret) : ""))
		return;
	if (!ktap_ok(fail_aim(op), "%s: it is known where it is", op->name))
		return;
	n = fail_all(op, &sweep);
	ret = fail_never(op);
	if (ret)
		fail_complain(op, &sweep, n, -1, "does not work at last: %s", strerror(-ret));
	hits = hit[FAIL_SLAB_OBJECT] + hit[FAIL_PAGE] + hit[FAIL_COPY];
	ktap_note("%s: %u slab objects, %u pages, %u copies failed in %.1f s", op->name,
		  hit[FAIL_SLAB_OBJECT], hit[FAIL_PAGE], hit[FAIL_COPY], now_seconds() - start);
	if (op->within && !hits && !sweep.bad) {
		ktap_skip("nothing is allocated there, this time", op->name);
		return;
	}
	ktap_ok(!sweep.bad && n < FAIL_MAX && hits, "%s: %u of %u sites failed, %u errors, %u bad",
		op->name, hits, n - fail_options.from, sweep.errors, sweep.bad);
}

/* The same, and what the kernel complains of is announced. */
static inline void fail_sweep(const struct fail_op *op)
{
	if (fail_options.only && strcmp(fail_options.only, op->name))
		return;
	if (op->expect)
		expect_begin(op->expect);
	fail_sweep_quietly(op);
	if (op->expect)
		expect_end();
}

static inline void fail_sweeps(const struct fail_op *ops, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		fail_sweep(&ops[i]);
}

/* usage: PROGRAM [OPERATION [FROM]] */
static inline void fail_parse(int argc, char **argv)
{
	if (argc > 1)
		fail_options.only = argv[1];
	if (argc > 2)
		fail_options.from = (unsigned int)strtoul(argv[2], NULL, 0);
}

static inline int fail_cannot(void)
{
	ktap_skip("needs FAILSLAB, FAIL_PAGE_ALLOC and FAULT_INJECTION with _USERCOPY, _STACKTRACE_FILTER",
		  "fail-nth");
	ktap_end();
	return FAIL_SKIP;
}

static inline int fail_nothing_to_undo(int ret)
{
	(void)ret;
	return 0;
}

#endif /* LIB_FAIL_NTH_SWEEP_H */
