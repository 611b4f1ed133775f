/* SPDX-License-Identifier: MIT */
/* What goes wrong in the camera, from within the guest: puck-mischief.ko. */
#ifndef LIB_CAMERA_MISCHIEF_H
#define LIB_CAMERA_MISCHIEF_H

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/ktap.h"
#include "lib/base/text_file.h"

#define CAM_RULES	"/sys/kernel/debug/puck-mischief/"

/* Adds a rule; returns its number. */
static inline unsigned long cam_rule(const char *rule)
{
	char text[32];

	ktap_need(!write_text(CAM_RULES "add", rule), "rule: %s", rule);
	read_text(CAM_RULES "last-id", text, sizeof(text));
	return strtoul(text, NULL, 10);
}

static inline void cam_rule_remove(unsigned long number)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu\n", number);
	write_text(CAM_RULES "remove", text);
}

#endif /* LIB_CAMERA_MISCHIEF_H */
