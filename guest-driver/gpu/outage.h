/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Resets of the function that others ask for.
 */
#ifndef PUCK_OUTAGE_H
#define PUCK_OUTAGE_H

#include <linux/pci.h>

extern const struct pci_error_handlers puck_outage_handlers;

#endif /* PUCK_OUTAGE_H */
