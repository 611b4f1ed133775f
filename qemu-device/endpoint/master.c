/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device as a bus master.
 */

#include "qemu/osdep.h"
#include "hw/pci/pci.h"
#include "hw/puck/mischief/site.h"
#include "master.h"

void puck_master_init(PuckMaster *m, PCIDevice *pdev, MemoryRegion *local)
{
    *m = (PuckMaster) { .pdev = pdev, .local = local };
}

/*
 * What command register and resets say, under the BQL. Threads read it, since
 * configuration space goes away when the device is unplugged.
 */
void puck_master_reset(PuckMaster *m)
{
    qatomic_set(&m->on, false);
}

void puck_master_config_changed(PuckMaster *m)
{
    uint16_t command = pci_get_word(m->pdev->config + PCI_COMMAND);

    qatomic_set(&m->on, (command & PCI_COMMAND_MASTER) && !m->asleep);
}

void puck_master_sleep(PuckMaster *m, bool asleep)
{
    qatomic_set(&m->asleep, asleep);
    puck_master_config_changed(m);
}

const char *puck_master_name(const PuckMaster *m)
{
    const char *id = DEVICE(m->pdev)->id;

    return id ? id : object_get_typename(OBJECT(m->pdev));
}

/* Bus mastering off, a rule may let the access through; asleep, none does. */
bool puck_master_may_access(const PuckMaster *m, uint64_t addr, uint64_t len,
                            bool is_write)
{
    PuckVerdict verdict;
    PuckEvent ev;

    if (qatomic_read(&m->on)) {
        return true;
    }
    if (qatomic_read(&m->asleep)) {
        return false;
    }
    ev = (PuckEvent) {
        .site = PUCK_SITE_DEVICE,
        .can = PUCK_ACT_BIT(PUCK_ACT_BME_IGNORED),
        .has = PUCK_HAS_IOVA | PUCK_HAS_DIR,
        .device = puck_master_name(m),
        .iova = addr,
        .len = len,
        .is_write = is_write,
    };
    return puck_mischief_ask(&ev, &verdict);
}
