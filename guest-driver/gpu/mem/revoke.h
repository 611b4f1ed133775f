/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Taking dma-bufs back.
 */
#ifndef PUCK_REVOKE_H
#define PUCK_REVOKE_H

#include <linux/types.h>

struct puck_device;

int puck_revoke_named(struct puck_device *puck, unsigned long number, bool interruptible);

#endif /* PUCK_REVOKE_H */
