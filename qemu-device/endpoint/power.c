/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Power states of a PCI function. Under the BQL.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qapi/error.h"
#include "hw/pci/pci.h"
#include "hw/puck/mischief/site.h"
#include "power.h"

#define STATE_D0        0
#define STATE_D3HOT     3
#define PMC_VERSION     3

static uint8_t *control(const PuckPower *p)
{
    return p->master->pdev->config + p->cap + PCI_PM_CTRL;
}

static uint8_t config_state(const PuckPower *p)
{
    return pci_get_word(control(p)) & PCI_PM_CTRL_STATE_MASK;
}

static void set_state(PuckPower *p, uint8_t state)
{
    p->state = state;
    puck_master_sleep(p->master, state != STATE_D0);
    puck_covers_set(p->covers, PUCK_COVER_ASLEEP, state != STATE_D0);
}

/* What software does wrong in D3hot is no matter of a rule. */
static PuckEvent power_event(const PuckPower *p)
{
    return (PuckEvent) {
        .site = PUCK_SITE_DEVICE, .device = puck_master_name(p->master),
    };
}

void puck_power_touched(PuckPower *p, const char *bar, hwaddr addr,
                        bool is_write)
{
    PuckEvent ev = power_event(p);

    ev.has = PUCK_HAS_DIR;
    ev.is_write = is_write;
    p->touches++;
    qemu_log_mask(LOG_GUEST_ERROR, "%s: %s of %s at 0x%" HWADDR_PRIx
                  " in D3hot\n", puck_master_name(p->master),
                  is_write ? "write" : "read", bar, addr);
    puck_mischief_log_event(&ev, 0, "d3-touch");
}

static void cover_touched(void *opaque, const char *bar, hwaddr addr,
                          bool is_write)
{
    PuckPower *p = opaque;

    if (puck_power_is_off(p)) {
        puck_power_touched(p, bar, addr, is_write);
    }
}

static void fall_asleep(PuckPower *p)
{
    unsigned at_work = p->at_work(p->master->pdev);
    PuckEvent ev = power_event(p);

    if (at_work) {
        p->unfinished += at_work;
        qemu_log_mask(LOG_GUEST_ERROR, "%s: D3hot, with %u rings and heads at "
                      "work\n", puck_master_name(p->master), at_work);
        puck_mischief_log_event(&ev, 0, "d3-unfinished");
    }
}

void puck_power_config_changed(PuckPower *p)
{
    uint8_t state = config_state(p);

    if (state == p->state) {
        return;
    }
    if (state != STATE_D0 && state != STATE_D3HOT) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: there is no D%u\n",
                      puck_master_name(p->master), state);
        pci_set_word_by_mask(control(p), PCI_PM_CTRL_STATE_MASK, p->state);
        return;
    }
    if (state == STATE_D3HOT) {
        fall_asleep(p);
    }
    set_state(p, state);
}

void puck_power_reset(PuckPower *p)
{
    pci_set_word_by_mask(control(p), PCI_PM_CTRL_STATE_MASK, STATE_D0);
    set_state(p, STATE_D0);
}

bool puck_power_loaded(PuckPower *p)
{
    uint8_t state = config_state(p);

    if (state != STATE_D0 && state != STATE_D3HOT) {
        return false;
    }
    set_state(p, state);
    return true;
}

bool puck_power_init(PuckPower *p, PuckMaster *master, PuckCovers *covers,
                     uint8_t offset, unsigned (*at_work)(PCIDevice *pdev),
                     Error **errp)
{
    PCIDevice *pdev = master->pdev;
    int cap = pci_add_capability(pdev, PCI_CAP_ID_PM, offset, PCI_PM_SIZEOF,
                                 errp);

    if (cap < 0) {
        return false;
    }
    *p = (PuckPower) {
        .master = master, .covers = covers, .at_work = at_work, .cap = cap,
    };
    pci_set_word(pdev->config + cap + PCI_PM_PMC, PMC_VERSION);
    pci_set_word(control(p), PCI_PM_CTRL_NO_SOFT_RESET);
    pci_set_word(pdev->wmask + cap + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
    covers->touched = cover_touched;
    covers->opaque = p;
    return true;
}
