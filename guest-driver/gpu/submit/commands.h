/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands of a job: from what user space says to what the hardware reads.
 */
#ifndef PUCK_COMMANDS_H
#define PUCK_COMMANDS_H

#include <linux/types.h>

struct puck_submit;

bool puck_commands_use_addresses(const struct puck_submit *submit);
int puck_commands_build(struct puck_submit *submit);

#endif /* PUCK_COMMANDS_H */
