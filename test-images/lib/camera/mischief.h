/* SPDX-License-Identifier: MIT */
/* What goes wrong in the camera, from within the guest: puck-mischief.ko. */
#ifndef LIB_CAMERA_MISCHIEF_H
#define LIB_CAMERA_MISCHIEF_H

#include "lib/base/ktap.h"
#include "lib/base/rules.h"

/* Adds a rule; returns its number. */
static inline unsigned long cam_rule(const char *rule)
{
	unsigned long number = rule_add(rule);

	ktap_need(number, "rule: %s", rule);
	return number;
}

static inline void cam_rule_remove(unsigned long number)
{
	rule_command("remove", number);
}

#endif /* LIB_CAMERA_MISCHIEF_H */
