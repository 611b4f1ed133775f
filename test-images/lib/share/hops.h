/* SPDX-License-Identifier: MIT */
/* The way of a shared buffer in the trace (docs/dataflow.rst, "Sharing"). */
#ifndef LIB_SHARE_HOPS_H
#define LIB_SHARE_HOPS_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/ktap.h"
#include "lib/base/text_file.h"

#define TRACING	"/sys/kernel/tracing/"

/* Turns a hop on, or off: of puck, or of puck_cam. */
static inline void hop_trace(const char *driver, const char *hop, bool on)
{
	char path[96];

	snprintf(path, sizeof(path), TRACING "events/%s/puck_share_%s/enable", driver, hop);
	ktap_need(!write_text(path, on ? "1" : "0"), "hops: %s", path);
}

/* Looks on in the trace for a hop of a dma-buf that is about a device. */
static inline bool hop_comes(FILE *trace, const char *hop, const char *pci,
			     unsigned long long number)
{
	char what[128], line[512];

	snprintf(what, sizeof(what), "puck_share_%s: dev=%s dmabuf=%llu", hop, pci, number);
	while (fgets(line, sizeof(line), trace)) {
		const char *at = strstr(line, what);

		/* Another number may begin so. */
		if (at && !isdigit((unsigned char)at[strlen(what)]))
			return true;
	}
	return false;
}

#endif /* LIB_SHARE_HOPS_H */
