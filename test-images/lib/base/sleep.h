/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine goes to sleep and comes back by itself: "platform" of the kernel's
 * pm_test runs all callbacks of all devices, and then one CPU goes round in circles for
 * as long as is asked for. Wants CONFIG_PM_DEBUG.
 *
 * Or it does sleep, in S3: its power is cut, every device is reset, firmware runs, and the host
 * wakes it.
 */
#ifndef LIB_SLEEP_H
#define LIB_SLEEP_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/text_file.h"

static inline bool can_sleep(void)
{
	return !access("/sys/power/pm_test", W_OK);
}

/* Returns 0 or a negative errno. What needs no time asleep says 1: the kernel's own is 5. */
static inline int sleep_and_wake(unsigned int seconds)
{
	char text[16];
	int ret;

	snprintf(text, sizeof(text), "%u", seconds);
	ret = write_text("/sys/module/suspend/parameters/pm_test_delay", text);
	if (!ret)
		ret = write_text("/sys/power/pm_test", "platform");
	return ret ? ret : write_text("/sys/power/state", "mem");
}

static inline bool can_sleep_deeply(void)
{
	char states[64];

	read_line("/sys/power/mem_sleep", states, sizeof(states));
	return strstr(states, "deep");
}

/* Returns 0 or a negative errno. */
static inline int sleep_deeply_and_wake(void)
{
	int ret = can_sleep() ? write_text("/sys/power/pm_test", "none") : 0;

	if (!ret)
		ret = write_text("/sys/power/mem_sleep", "deep");
	if (ret)
		return ret;
	printf("puck-host: wake\n");
	fflush(stdout);
	return write_text("/sys/power/state", "mem");
}

#endif /* LIB_SLEEP_H */
