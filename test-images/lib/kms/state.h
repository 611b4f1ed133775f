/* SPDX-License-Identifier: MIT */
/* What puck.ko tells of its heads: the file "display" in debugfs. */
#ifndef LIB_KMS_STATE_H
#define LIB_KMS_STATE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/kms/card.h"

struct kms_rect {
	unsigned int x, y, w, h;
};

struct kms_state {
	bool on;
	unsigned int width, height;
	unsigned long long asked, done, late, missed;
	bool whole;			/* the last commit has changed all of the picture */
	struct kms_rect changed;	/* or this */
	char plane[KMS_PLANES][192];	/* their lines; empty if they show nothing */
};

static inline bool kms_state_parse(struct kms_state *state, uint32_t head, const char *line)
{
	char on[8], changed[32];
	unsigned int index, plane;

	if (sscanf(line, "head %u %7s %ux%u seqno %*u asked %llu done %llu late %llu missed %llu changed %31s",
		   &index, on, &state->width, &state->height, &state->asked, &state->done,
		   &state->late, &state->missed, changed) == 9) {
		if (index != head)
			return false;
		state->on = !strcmp(on, "on");
		state->whole = sscanf(changed, "%ux%u+%u+%u", &state->changed.w,
				      &state->changed.h, &state->changed.x, &state->changed.y) != 4;
		return true;
	}
	if (sscanf(line, "  head %u plane %u ", &index, &plane) == 2 && index == head &&
	    plane < KMS_PLANES)
		snprintf(state->plane[plane], sizeof(state->plane[plane]), "%.190s", line);
	return false;
}

/* Returns 0 or a negative errno. */
static inline int kms_state(struct kms_state *state, const char *pci, uint32_t head)
{
	char path[96], line[256];
	bool found = false;
	FILE *file;

	memset(state, 0, sizeof(*state));
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/display", pci);
	file = fopen(path, "r");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		struct kms_state one = *state;

		if (kms_state_parse(&one, head, line))
			found = true;
		else if (!strncmp(line, "head ", 5))
			continue;
		*state = one;
	}
	fclose(file);
	return found ? 0 : -ENOENT;
}

static inline bool kms_changed_is(const struct kms_state *state, struct kms_rect rect)
{
	return !state->whole && !memcmp(&state->changed, &rect, sizeof(rect));
}

#endif /* LIB_KMS_STATE_H */
