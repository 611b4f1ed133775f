// SPDX-License-Identifier: GPL-2.0-only
/*
 * A verdict: somebody has caught the client.
 */
#include <linux/kernel.h>
#include <linux/stdarg.h>

#include "core/scenario.h"

/**
 * puck_caught - say that the client was caught
 * @run: the run
 * @by: who has caught it
 * @format: what was seen
 *
 * The last word counts.
 */
void puck_caught(struct puck_run *run, const char *by, const char *format, ...)
{
	va_list args;

	run->by = by;
	va_start(args, format);
	vscnprintf(run->detail, sizeof(run->detail), format, args);
	va_end(args);
}
