/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: which interrupt sources it has: errors, frames, events. Under the
 * BQL. See section "Interrupt sources" of docs/specs/camera.rst.
 */

#include "qemu/osdep.h"
#include "hw/pci/msix.h"
#include "hw/puck/common/trace.h"
#include "device.h"
#include "irq.h"

QEMU_BUILD_BUG_ON(PUCK_SOURCE_VECTOR != PUCK_CAM_SOURCE_VECTOR ||
                  PUCK_SOURCE_KIND != PUCK_CAM_SOURCE_KIND);

/* The place of the source FRAME. */
#define FRAME_PLACE     1

static void send_message(PCIDevice *pdev, unsigned vector)
{
    PuckCam *s = PUCK_CAM(pdev);

    if (puck_is_gone(&s->gone)) {
        return;
    }
    trace_puck_cam_irq(puck_cam_name(s), vector);
    msix_notify(pdev, vector);
}

void puck_cam_irq_frame(PuckCam *s)
{
    puck_sources_raise(&s->sources, FRAME_PLACE, NULL);
}

int puck_cam_irq_init(PuckCam *s, Error **errp)
{
    unsigned place;

    puck_sources_add(&s->sources, PUCK_CAM_SOURCE_ERROR, 0,
                     PUCK_CAM_IRQ_ERROR);
    place = puck_sources_add(&s->sources, PUCK_CAM_SOURCE_FRAME, 0, 0);
    g_assert(place == FRAME_PLACE);
    puck_sources_add(&s->sources, PUCK_CAM_SOURCE_EVENT, 0,
                     PUCK_CAM_IRQ_START | PUCK_CAM_IRQ_SOURCE);
    return puck_sources_init(&s->sources, PCI_DEVICE(s), PUCK_CAM_BAR_MSIX,
                             false, send_message, errp);
}
