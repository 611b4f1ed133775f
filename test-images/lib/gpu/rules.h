/* SPDX-License-Identifier: MIT */
/* Rules of mischief for a GPU, from within the guest: puck-mischief.ko. */
#ifndef LIB_GPU_RULES_H
#define LIB_GPU_RULES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/rules.h"
#include "lib/gpu/device.h"

/* Adds a rule for @puck; returns its number. */
static inline unsigned long puck_rule(const struct puck *puck, const char *site, const char *rest)
{
	unsigned long number;
	char rule[128];

	snprintf(rule, sizeof(rule), "%s device=%s %s", site,
		 strncmp(puck->pci, "0000:00:", 8) ? "gpu0" : "gpu1", rest);
	number = rule_add(rule);
	ktap_need(number, "rule: %s", rule);
	return number;
}

static inline long puck_rule_hits(unsigned long number)
{
	char text[8192], *line, *save = NULL;
	unsigned long n, seen, hits;

	read_text(RULES "rules", text, sizeof(text));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%lu %lu %lu ", &n, &seen, &hits) == 3 && n == number)
			return (long)hits;
	return -1;
}

/* Waits until a rule has fired so often. */
static inline void puck_rule_await(unsigned long number, long fired)
{
	unsigned int looks = 0;

	while (puck_rule_hits(number) < fired && patient(&looks))
		;
}

/*
 * Removes a rule that has to have fired so often; -1: at least once. Whether it has or not, the
 * tests behind it are to be without.
 */
static inline void puck_rule_done(unsigned long number, long fired)
{
	long hits = puck_rule_hits(number);
	int ret = rule_command("remove", number);

	ktap_ok((fired < 0 ? hits > 0 : hits == fired) && !ret, "rule %lu fired %ld times (%d)",
		number, hits, ret);
}

#endif /* LIB_GPU_RULES_H */
