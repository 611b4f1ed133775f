/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Surprise removal: while a device is gone it answers to nothing, and all that
 * is read of it is ones. Under the BQL.
 */
#ifndef PUCK_ENDPOINT_GONE_H
#define PUCK_ENDPOINT_GONE_H

#include "hw/puck/mischief/event.h"
#include "cover.h"
#include "master.h"
#include "stall.h"

typedef struct PuckGone {
    PuckStall stall;            /* its rule says that the device is gone */
    const PuckMaster *master;   /* which device */
    /* Drops what the device was doing, and its registers. */
    void (*left)(PCIDevice *pdev);
    PuckCovers covers;
} PuckGone;

/*
 * Covers the BAR of MSI-X, which is there already. The device looks after its
 * registers and its configuration space, and may cover more BARs.
 */
void puck_gone_init(PuckGone *g, const PuckMaster *master,
                    void (*left)(PCIDevice *pdev));
void puck_gone_exit(PuckGone *g);

static inline bool puck_is_gone(const PuckGone *g)
{
    return g->stall.rule;
}

/*
 * Whether an access to a register finds nobody there, or a rule makes it so
 * now. @ev is an event of the site "device" for it, the device's or of a part.
 */
bool puck_gone_at_access(PuckGone *g, const PuckEvent *ev);
/* The device comes back as after power-on. */
void puck_gone_release(PuckGone *g, const char *why);
/* A reset brings the device back, too. */
void puck_gone_reset(PuckGone *g);
/* Makes all else as the stall says, which was loaded. False: it cannot be. */
bool puck_gone_loaded(PuckGone *g);

#endif /* PUCK_ENDPOINT_GONE_H */
