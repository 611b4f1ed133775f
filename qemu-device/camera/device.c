/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: the PCI function: options, realize, reset, unplug.
 */

#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pci/pci.h"
#include "migration/blocker.h"
#include "system/replay.h"
#include "hw/puck/camera/core/device.h"
#include "hw/puck/camera/core/irq.h"
#include "hw/puck/camera/mischief/reset.h"
#include "props.h"
#include "regs.h"
#include "vmstate.h"

#define EXPRESS_CAP_OFFSET  0x80

/*
 * Bus, machine and function level reset. The PCI core clears the command
 * register with each of them, but behind this.
 */
static void cam_reset_hold(Object *obj, ResetType type)
{
    PuckCam *s = PUCK_CAM(obj);

    puck_gone_reset(&s->gone);
    puck_master_reset(&s->master);
    puck_cam_reset(s);
}

/* Nobody sees anything of what it was doing, also when it comes back. */
static void cam_left(PCIDevice *pdev)
{
    puck_cam_reset(PUCK_CAM(pdev));
}

static uint32_t cam_config_read(PCIDevice *pdev, uint32_t addr, int len)
{
    if (puck_is_gone(&PUCK_CAM(pdev)->gone)) {
        return UINT32_MAX >> (32 - 8 * len);
    }
    return pci_default_read_config(pdev, addr, len);
}

static void cam_config_write(PCIDevice *pdev, uint32_t addr, uint32_t val,
                             int len)
{
    if (puck_is_gone(&PUCK_CAM(pdev)->gone)) {
        return;
    }
    pci_default_write_config(pdev, addr, val, len);
    puck_master_config_changed(&PUCK_CAM(pdev)->master);
    if (pci_is_express(pdev)) {
        pcie_cap_flr_write_config(pdev, addr, val, len);
    }
}

static bool init_express(PCIDevice *pdev, Error **errp)
{
    if (!pci_bus_is_express(pci_get_bus(pdev))) {
        pdev->cap_present &= ~QEMU_PCI_CAP_EXPRESS;
        return true;
    }
    if (pcie_endpoint_cap_init(pdev, EXPRESS_CAP_OFFSET) < 0) {
        error_setg(errp, "no room for the PCI Express capability");
        return false;
    }
    pcie_cap_flr_init(pdev);
    return true;
}

/* A FIFO brought something, or is over. */
static void source_ready(void *opaque)
{
    PuckCam *s = opaque;
    bool taken = s->clock.stream &&
                 s->controls.pattern == PUCK_CAM_PATTERN_SOURCE;

    if (puck_cam_source_settle(&s->source, !taken)) {
        puck_cam_clock_source_changed(s);
    }
}

/* What comes out of a FIFO comes once, and is not the machine's. */
static bool stay_here(PuckCam *s, Error **errp)
{
    if (replay_mode != REPLAY_MODE_NONE) {
        error_setg(errp, "source: a FIFO cannot be recorded");
        return false;
    }
    error_setg(&s->no_migration, "puck-cam with a FIFO cannot migrate");
    return migrate_add_blocker(&s->no_migration, errp) == 0;
}

static bool open_source(PuckCam *s, Error **errp)
{
    if (!s->source.path) {
        bool meant = s->pattern == PUCK_CAM_PATTERN_SOURCE ||
                     s->source.format || s->source.size || s->source.interval;

        if (meant) {
            error_setg(errp, "source= is missing");
        }
        return !meant;
    }
    if (!puck_cam_source_open(&s->source, s->size_max, source_ready, s,
                              errp)) {
        return false;
    }
    if (!s->pattern_given) {
        s->pattern = PUCK_CAM_PATTERN_SOURCE;
    }
    if (puck_cam_source_live(&s->source) && !stay_here(s, errp)) {
        puck_cam_source_close(&s->source);
        return false;
    }
    return true;
}

static void close_source(PuckCam *s)
{
    puck_cam_source_close(&s->source);
    migrate_del_blocker(&s->no_migration);
}

static void cam_realize(PCIDevice *pdev, Error **errp)
{
    PuckCam *s = PUCK_CAM(pdev);

    if (!s->seg_len_max) {
        error_setg(errp, "seg-len-max: at least 1");
        return;
    }
    if (!init_express(pdev, errp) || !open_source(s, errp)) {
        return;
    }
    if (puck_cam_irq_init(s, errp)) {
        close_source(s);
        return;
    }
    pdev->config[PCI_INTERRUPT_PIN] = 0;
    puck_cam_regs_init(s);
    puck_cam_queue_init(s);
    puck_cam_frame_init(s);
    puck_gone_init(&s->gone, &s->master, cam_left);
    puck_cam_release_init(s);
}

static void cam_exit(PCIDevice *pdev)
{
    PuckCam *s = PUCK_CAM(pdev);

    puck_cam_release_exit(s);
    puck_gone_exit(&s->gone);
    puck_cam_frame_exit(s);
    puck_cam_queue_exit(s);
    close_source(s);
    puck_sources_exit(&s->sources);
}

/*
 * The capability is set before realize, since the size of configuration space
 * depends on it. A conventional bus will do, too: init_express() takes the
 * capability back there.
 */
static void cam_init(Object *obj)
{
    PuckCam *s = PUCK_CAM(obj);

    PCI_DEVICE(obj)->cap_present |= QEMU_PCI_CAP_EXPRESS;
    s->size_max = puck_cam_size(PUCK_CAM_WIDTH_MAX, PUCK_CAM_HEIGHT_MAX);
    puck_master_init(&s->master, PCI_DEVICE(obj), NULL);
}

static const Property cam_properties[] = {
    DEFINE_PROP_SIZE32("seg-len-max", PuckCam, seg_len_max, 1 * GiB),
    DEFINE_PROP_UINT64("seed", PuckCam, seed, 0),
    DEFINE_PROP_STRING("source", PuckCam, source.path),
    DEFINE_PROP_STRING("source-format", PuckCam, source.format),
    DEFINE_PROP_UINT32("source-interval-ns", PuckCam, source.interval, 0),
};

static void cam_class_init(ObjectClass *klass, PUCK_CONST_10_1 void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    k->realize = cam_realize;
    k->exit = cam_exit;
    k->config_read = cam_config_read;
    k->config_write = cam_config_write;
    k->vendor_id = PUCK_CAM_PCI_VENDOR;
    k->device_id = PUCK_CAM_PCI_DEVICE;
    k->revision = PUCK_CAM_PCI_REVISION;
    k->class_id = PCI_CLASS_MULTIMEDIA_VIDEO;
    rc->phases.hold = cam_reset_hold;
    dc->desc = "Camera whose lines are written when they are exposed";
    dc->vmsd = &vmstate_puck_cam;
    device_class_set_props(dc, cam_properties);
    puck_cam_class_add_props(klass);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

static const TypeInfo cam_types[] = {
    {
        .name = TYPE_PUCK_CAM,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(PuckCam),
        .instance_init = cam_init,
        .class_init = cam_class_init,
        .interfaces = (PUCK_CONST_10_1 InterfaceInfo[]) {
            { INTERFACE_PCIE_DEVICE },
            { INTERFACE_CONVENTIONAL_PCI_DEVICE },
            { }
        },
    },
};

DEFINE_TYPES(cam_types)
