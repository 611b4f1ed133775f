/* SPDX-License-Identifier: MIT */
/* Clients of puck-scenarios. */
#ifndef LIB_SCENARIO_H
#define LIB_SCENARIO_H

#include <stdio.h>
#include <string.h>

#include "lib/base/ktap.h"
#include "lib/base/text_file.h"

#define SCENARIOS	"/sys/kernel/debug/puck-scenarios/"

/* Runs a client. What became of it, behind the "#" of its result, is good up to the next one. */
static inline const char *scenario_play(const char *name, const char *variant, const char *pci)
{
	static char result[1300];
	char request[192], *line, *mark;
	int ret;

	snprintf(request, sizeof(request), "%s %s %s", name, variant, pci);
	ret = write_text(SCENARIOS "run", request);
	ktap_need(!ret, "%s.%s runs (%s)", name, variant, strerror(-ret));
	read_text(SCENARIOS "run", result, sizeof(result));
	line = strstr(result, "ok 1 ");
	mark = line ? strstr(line, "# ") : NULL;
	ktap_need(mark, "%s.%s has a result", name, variant);
	mark[strcspn(mark, "\n")] = '\0';
	return mark + 2;
}

#endif /* LIB_SCENARIO_H */
