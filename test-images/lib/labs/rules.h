/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of mischief for a lab's device, from within the guest: puck-mischief.ko. */
#ifndef LIB_LABS_RULES_H
#define LIB_LABS_RULES_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/ktap.h"
#include "lib/base/rules.h"

/* What the grader cannot do without: it says nothing about the learner's module. */
static inline void lab_need_rules(void)
{
	if (access(RULES "add", W_OK)) {
		fprintf(stderr, "this machine has no rules: puck-mischief is not loaded\n");
		exit(2);
	}
}

/* Adds a rule; returns its number, or 0. */
static inline unsigned long lab_rule(const char *text)
{
	unsigned long number = rule_add(text);

	if (!number)
		ktap_note("the grader's rule \"%s\" was refused", text);
	return number;
}

/* "release" what a rule holds, or "remove" it. */
static inline void lab_rule_command(const char *name, unsigned long number)
{
	if (number)
		rule_command(name, number);
}

/* Both: what it holds goes on, and it holds nothing more. */
static inline void lab_rule_let_go(unsigned long number)
{
	lab_rule_command("release", number);
	lab_rule_command("remove", number);
}

#endif /* LIB_LABS_RULES_H */
