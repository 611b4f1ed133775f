/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Power states of a PCI function: D0 and D3hot. See section "Power states" of
 * docs/specs/gpu.rst. Under the BQL.
 *
 * The PCI core has a capability of its own (pci_pm_init()), which takes the
 * BARs of a function in D3hot out of the memory map: so nobody would see who
 * touches them.
 */
#ifndef PUCK_ENDPOINT_POWER_H
#define PUCK_ENDPOINT_POWER_H

#include "cover.h"
#include "master.h"

typedef struct PuckPower {
    PuckMaster *master;         /* which device */
    PuckCovers *covers;         /* of its BARs */
    /* How many parts of the device are at work; it tells of each of them. */
    unsigned (*at_work)(PCIDevice *pdev);
    uint8_t cap;                /* in configuration space; 0: none yet */
    uint8_t state;              /* that PMCSR had when it was looked at last */
    uint32_t touches;           /* PM_TOUCHES */
    uint32_t unfinished;        /* PM_UNFINISHED */
} PuckPower;

/*
 * Adds the capability at @offset, where there is room, and speaks for the
 * accesses that @covers take. False, with an error set: it cannot be.
 */
bool puck_power_init(PuckPower *p, PuckMaster *master, PuckCovers *covers,
                     uint8_t offset, unsigned (*at_work)(PCIDevice *pdev),
                     Error **errp);
/* Any reset of the function: it is in D0. What was counted stays. */
void puck_power_reset(PuckPower *p);
/* Behind each write to configuration space. */
void puck_power_config_changed(PuckPower *p);
/* Makes all else as configuration space says, which was loaded. */
bool puck_power_loaded(PuckPower *p);

static inline bool puck_power_is_off(const PuckPower *p)
{
    return p->state;
}

/* Somebody accesses a BAR in D3hot: counts it, and tells. */
void puck_power_touched(PuckPower *p, const char *bar, hwaddr addr,
                        bool is_write);

#endif /* PUCK_ENDPOINT_POWER_H */
