/* SPDX-License-Identifier: MIT */
/*
 * KTAP for guest tests: one line for each test, and what went wrong above it.
 *
 *	ktap_begin();
 *	ktap_ok(ret == 0, "open");		one test, one line
 *	ktap_skip("no udmabuf", "import");
 *	return ktap_end();			plan, totals, exit status
 */
#ifndef KTAP_H
#define KTAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/patience.h"

static int ktap_tests, ktap_failed, ktap_skipped;

static inline void ktap_begin(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n");
}

/* A remark; its line is not judged. */
__attribute__((format(printf, 1, 2)))
static inline void ktap_note(const char *fmt, ...)
{
	va_list ap;

	printf("# ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

/* Returns @ok, so that a test can stop after what the rest depends on. */
__attribute__((format(printf, 2, 3)))
static inline bool ktap_ok(bool ok, const char *fmt, ...)
{
	va_list ap;

	ktap_tests++;
	ktap_failed += !ok;
	printf("%sok %d ", ok ? "" : "not ", ktap_tests);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	return ok;
}

static inline void ktap_skip(const char *why, const char *name)
{
	ktap_tests++;
	ktap_skipped++;
	printf("ok %d %s # SKIP %s\n", ktap_tests, name, why);
}

/* The plan comes last: nobody has to count tests by hand. */
static inline int ktap_end(void)
{
	printf("1..%d\n", ktap_tests);
	printf("# Totals: pass:%d fail:%d xfail:0 xpass:0 skip:%d error:0\n",
	       ktap_tests - ktap_failed - ktap_skipped, ktap_failed, ktap_skipped);
	return ktap_failed ? 1 : 0;
}

/* What the rest of the program cannot do without. */
#define ktap_need(cond, ...)					\
	do {							\
		if (!(cond)) {					\
			ktap_ok(false, __VA_ARGS__);		\
			exit(ktap_end());			\
		}						\
	} while (0)

#endif /* KTAP_H */
