/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Surprise removal. See action "gone" in docs/specs/mischief.rst. Under the
 * BQL.
 *
 * Whatever the device was doing is dropped at once: nobody sees anything of it
 * before the reset with which the device comes back.
 */

#include "qemu/osdep.h"
#include "hw/puck/mischief/site.h"
#include "gone.h"

static void go(PuckGone *g, const PuckVerdict *verdict)
{
    g->stall.rule = verdict->rule;
    g->stall.until = PUCK_NO_TIME;
    if (verdict->has_value) {
        g->stall.until = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                         verdict->value;
        timer_mod(g->stall.timer, g->stall.until);
    }
    g->left(g->master->pdev);
    puck_covers_set(&g->covers, PUCK_COVER_GONE, true);
}

bool puck_gone_at_access(PuckGone *g, const PuckEvent *ev)
{
    PuckEvent asked = *ev;
    PuckVerdict verdict;

    if (puck_is_gone(g)) {
        return true;
    }
    asked.can = PUCK_ACT_BIT(PUCK_ACT_GONE);
    if (!puck_mischief_ask(&asked, &verdict)) {
        return false;
    }
    go(g, &verdict);
    return true;
}

void puck_gone_reset(PuckGone *g)
{
    g->stall.rule = 0;
    timer_del(g->stall.timer);
    puck_covers_set(&g->covers, PUCK_COVER_GONE, false);
}

void puck_gone_release(PuckGone *g, const char *why)
{
    PuckEvent ev = {
        .site = PUCK_SITE_DEVICE, .device = puck_master_name(g->master),
    };

    puck_mischief_log_event(&ev, g->stall.rule, why);
    /* Resets the device, and configuration space with it. */
    pci_device_reset(g->master->pdev);
}

static void timer_cb(void *opaque)
{
    puck_gone_release(opaque, "expire");
}

bool puck_gone_loaded(PuckGone *g)
{
    int64_t until = g->stall.until;

    if (puck_is_gone(g) && until < 0 && until != PUCK_NO_TIME) {
        return false;
    }
    if (puck_is_gone(g) && until != PUCK_NO_TIME) {
        timer_mod(g->stall.timer, until);
    }
    puck_covers_set(&g->covers, PUCK_COVER_GONE, puck_is_gone(g));
    return true;
}

void puck_gone_init(PuckGone *g, const PuckMaster *master,
                    void (*left)(PCIDevice *pdev))
{
    g->master = master;
    g->left = left;
    g->stall.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, timer_cb, g);
    puck_covers_add(&g->covers, master->pdev,
                    &master->pdev->msix_exclusive_bar, "puck-no-msix");
}

void puck_gone_exit(PuckGone *g)
{
    puck_covers_remove(&g->covers);
    g_clear_pointer(&g->stall.timer, timer_free);
}
