/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: the state of the whole device, and how it is named in rules, logs
 * and traces. The contract is docs/specs/camera.rst.
 *
 * The device's folders, each of which calls those above it in this list only:
 *
 *   picture/   what a frame's bytes are: plain C, without QEMU
 *   source/    pictures of the host
 *   core/      what all its parts use: state, messages, errors, costs
 *   queue/     descriptors, done entries, the ring of both
 *   frame/     when frames begin, and the one that is under way
 *   mischief/  what rules do to the whole device
 *
 * What puts these together is beside the folders: device (QOM), regs, vmstate.
 *
 * Locking. All of it is under the BQL. A FIFO of the host's is read by a
 * thread, which hands whole pictures over: see source/fifo.c.
 *
 * Time. One timer on the virtual clock wakes one PuckWork, which does what is
 * due in steps, each charged to a hold: see frame/frame.c and common/hold.h.
 */
#ifndef PUCK_CAM_CORE_DEVICE_H
#define PUCK_CAM_CORE_DEVICE_H

#include "hw/pci/pci_device.h"
#include "qemu/log.h"
#include "qemu/notify.h"
#include "hw/puck/common/compat.h"
#include "hw/puck/common/hold.h"
#include "hw/puck/endpoint/errors.h"
#include "hw/puck/endpoint/gone.h"
#include "hw/puck/endpoint/sources.h"
#include "hw/puck/mischief/window.h"
#include "hw/puck/camera/frame/clock.h"
#include "hw/puck/camera/frame/frame.h"
#include "hw/puck/camera/queue/queue.h"
#include "hw/puck/camera/source/source.h"

#define TYPE_PUCK_CAM "puck-cam"

OBJECT_DECLARE_SIMPLE_TYPE(PuckCam, PUCK_CAM)

/* A guest broke the contract. Never more than one line a guest access. */
#define puck_cam_guest_error(fmt, ...) \
    qemu_log_mask(LOG_GUEST_ERROR, "puck-cam: " fmt "\n", ## __VA_ARGS__)

struct PuckCam {
    PCIDevice parent_obj;

    /* Options; device.c checks them at realize. */
    uint32_t size_max;
    uint32_t seg_len_max;
    uint32_t pattern;
    bool pattern_given;
    uint64_t seed;

    MemoryRegion mmio;
    PuckMaster master;
    PuckDma dma;

    PuckErrorQueue errors;
    PuckSources sources;

    PuckCamGeometry geometry;
    PuckCamControls controls;
    PuckCamSource source;
    Error *no_migration;        /* why a source is in its way, or NULL */
    PuckCamClock clock;
    PuckCamQueue queue;
    PuckCamFrame frame;
    PuckWork work;              /* does what is due */
    QEMUTimer *timer;           /* queues it */

    PuckMischiefWindow window;
    Notifier release;           /* told of rules that are released */
    uint32_t reset_rule;        /* lets CTRL.RESET fail, or 0 */
    PuckGone gone;
};

static inline const char *puck_cam_name(PuckCam *s)
{
    return puck_master_name(&s->master);
}

/* An event at @site that is of no frame; a rule could do what is in @can. */
static inline PuckEvent puck_cam_event(PuckCam *s, PuckSite site, uint64_t can)
{
    return (PuckEvent) { .site = site, .can = can, .device = puck_cam_name(s) };
}

#endif /* PUCK_CAM_CORE_DEVICE_H */
