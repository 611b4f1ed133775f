/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device as a bus master: what is the same for all of its accesses to memory.
 */
#ifndef PUCK_ENDPOINT_MASTER_H
#define PUCK_ENDPOINT_MASTER_H

#include "hw/pci/pci_device.h"

typedef struct PuckMaster {
    PCIDevice *pdev;            /* that it is embedded in */
    MemoryRegion *local;        /* RAM of the device's own, or NULL */
    bool on;                    /* bus mastering, and awake; atomic */
    bool asleep;                /* in D3hot; atomic */
} PuckMaster;

/* At instance_init. @local need not be RAM before the first access to it. */
void puck_master_init(PuckMaster *m, PCIDevice *pdev, MemoryRegion *local);

/* The command register was reset; or configuration space written or loaded. */
void puck_master_reset(PuckMaster *m);
void puck_master_config_changed(PuckMaster *m);
/* From here on it is asleep, or awake: asleep nothing goes out. */
void puck_master_sleep(PuckMaster *m, bool asleep);

/* Whether accesses go out by themselves: it is a bus master, and awake. */
static inline bool puck_master_is_on(const PuckMaster *m)
{
    return qatomic_read(&m->on);
}

/* How rules, logs and traces name the device. */
const char *puck_master_name(const PuckMaster *m);

/*
 * Whether an access to system memory goes out. From any thread, also when the
 * device is unplugged.
 */
bool puck_master_may_access(const PuckMaster *m, uint64_t addr, uint64_t len,
                            bool is_write);

#endif /* PUCK_ENDPOINT_MASTER_H */
