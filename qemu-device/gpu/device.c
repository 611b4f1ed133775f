/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the PCI function: options, realize, reset, unplug.
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/module.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/pci/pci.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "hw/puck/gpu/core/irq.h"
#include "hw/puck/gpu/display/display.h"
#include "hw/puck/gpu/mischief/release.h"
#include "hw/puck/gpu/mischief/reset.h"
#include "hw/puck/gpu/render3d/render.h"
#include "hw/puck/gpu/ring/ring.h"
#include "hw/puck/gpu/vm/mmu.h"
#include "abi/puck_display.h"
#include "props.h"
#include "regs.h"
#include "vmstate.h"

#define POWER_CAP_OFFSET    0x70
#define EXPRESS_CAP_OFFSET  0x80
#define VRAM_SIZE_MIN       (1 * MiB)
#define VRAM_SIZE_MAX       (4 * GiB)
#define VRAM_BAR_MIN        (1 * MiB)

/*
 * Bus, machine and function level reset. The PCI core clears the command
 * register with each of them, but behind this.
 */
static void gpu_reset_hold(Object *obj, ResetType type)
{
    PuckGpu *s = PUCK_GPU(obj);

    puck_gone_reset(&s->gone);
    puck_power_reset(&s->power);
    puck_master_reset(&s->master);
    puck_gpu_kill_rings(s);
    puck_gpu_reset_regs(s);
    puck_render_look(s->render);
}

/* Rings and heads for which D3hot comes too early. */
static unsigned gpu_at_work(PCIDevice *pdev)
{
    PuckGpu *s = PUCK_GPU(pdev);
    unsigned count = puck_display_at_work(s);

    for (unsigned r = 0; r < s->num_rings; r++) {
        count += !!(puck_ring_status(&s->rings[r]) & PUCK_GPU_RING_BUSY);
    }
    return count;
}

/* Nobody sees anything of what it was doing, also when it comes back. */
static void gpu_left(PCIDevice *pdev)
{
    PuckGpu *s = PUCK_GPU(pdev);

    puck_gpu_kill_rings(s);
    puck_gpu_reset_regs(s);
}

static void vm_state_changed(void *opaque, bool running, RunState state)
{
    PuckGpu *s = opaque;

    qatomic_set(&s->paused, !running);
    if (!running) {
        puck_display_pause(s);
    }
    puck_render_look(s->render);
    for (unsigned r = 0; r < s->num_rings; r++) {
        if (running) {
            puck_ring_resume(&s->rings[r]);
        } else {
            puck_ring_pause(&s->rings[r]);
        }
    }
}

static uint32_t gpu_config_read(PCIDevice *pdev, uint32_t addr, int len)
{
    if (puck_is_gone(&PUCK_GPU(pdev)->gone)) {
        return UINT32_MAX >> (32 - 8 * len);
    }
    return pci_default_read_config(pdev, addr, len);
}

static void gpu_config_write(PCIDevice *pdev, uint32_t addr, uint32_t val,
                             int len)
{
    if (puck_is_gone(&PUCK_GPU(pdev)->gone)) {
        return;
    }
    pci_default_write_config(pdev, addr, val, len);
    puck_power_config_changed(&PUCK_GPU(pdev)->power);
    puck_master_config_changed(&PUCK_GPU(pdev)->master);
    puck_render_look(PUCK_GPU(pdev)->render);
    if (pci_is_express(pdev)) {
        pcie_cap_flr_write_config(pdev, addr, val, len);
    }
}

static bool check_options(PuckGpu *s, Error **errp)
{
    if (!is_power_of_2(s->vram_size) || s->vram_size < VRAM_SIZE_MIN ||
        s->vram_size > VRAM_SIZE_MAX) {
        error_setg(errp, "vram-size: a power of two, 1 MiB to 4 GiB");
        return false;
    }
    if (s->vram_bar && (!is_power_of_2(s->vram_bar) ||
                        s->vram_bar < VRAM_BAR_MIN ||
                        s->vram_bar > s->vram_size)) {
        error_setg(errp, "vram-bar: a power of two, 1 MiB to vram-size");
        return false;
    }
    if (s->num_rings < 2 || s->num_rings > PUCK_GPU_RINGS_MAX) {
        error_setg(errp, "rings: 2 to %d", PUCK_GPU_RINGS_MAX);
        return false;
    }
    if (s->copy_rings >= s->num_rings) {
        error_setg(errp, "copy-rings: less than rings");
        return false;
    }
    if (!s->seg_len_max) {
        error_setg(errp, "seg-len-max: at least 1");
        return false;
    }
    if (!s->threads || s->threads > PUCK_LANES_MAX) {
        error_setg(errp, "threads: 1 to %d", PUCK_LANES_MAX);
        return false;
    }
    if (!s->num_vms || s->num_vms > PUCK_GPU_VMS_MAX) {
        error_setg(errp, "vms: 1 to %d", PUCK_GPU_VMS_MAX);
        return false;
    }
    if (!s->tlb_entries || s->tlb_entries > PUCK_GPU_TLB_ENTRIES_MAX) {
        error_setg(errp, "tlb-entries: 1 to %d", PUCK_GPU_TLB_ENTRIES_MAX);
        return false;
    }
    if (!s->num_heads || s->num_heads > PUCK_DISPLAY_HEADS_MAX) {
        error_setg(errp, "heads: 1 to %d", PUCK_DISPLAY_HEADS_MAX);
        return false;
    }
    return true;
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

/*
 * What covers the BAR while the device is gone is as large as the BAR: it must
 * not be put into VRAM itself. And an alias shows nothing that is put into it.
 */
static void show_vram(PuckGpu *s)
{
    Object *obj = OBJECT(s);

    memory_region_init(&s->bar, obj, "puck-gpu-bar2", s->vram_bar);
    memory_region_init_alias(&s->bar_vram, obj, "puck-gpu-bar2-vram", &s->vram,
                             0, s->vram_bar);
    memory_region_add_subregion(&s->bar, 0, &s->bar_vram);
    pci_register_bar(PCI_DEVICE(s), PUCK_GPU_BAR_VRAM,
                     PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_TYPE_64 |
                     PCI_BASE_ADDRESS_MEM_PREFETCH, &s->bar);
}

static void gpu_realize(PCIDevice *pdev, Error **errp)
{
    PuckGpu *s = PUCK_GPU(pdev);

    if (!check_options(s, errp) ||
        !puck_render_init(s, puck_ring_wake_render, errp) ||
        !init_express(pdev, errp) ||
        !puck_power_init(&s->power, &s->master, &s->gone.covers,
                         POWER_CAP_OFFSET, gpu_at_work, errp)) {
        return;
    }
    if (!s->vram_bar) {
        s->vram_bar = s->vram_size;
    }
    if (!memory_region_init_ram(&s->vram, OBJECT(s), "puck-gpu-vram",
                                s->vram_size, errp)) {
        return;
    }
    if (!puck_display_init(s, errp)) {
        return;
    }
    if (puck_irq_init(s, errp)) {
        puck_display_exit(s);
        return;
    }
    pdev->config[PCI_INTERRUPT_PIN] = 0;
    puck_gpu_regs_init(s);
    show_vram(s);
    puck_mmu_init(s->mmu);
    for (unsigned r = 0; r < s->num_rings; r++) {
        puck_ring_init(s, r);
    }
    puck_job_pool_init(s);
    puck_gone_init(&s->gone, &s->master, gpu_left);
    puck_covers_add(&s->gone.covers, pdev, &s->bar, "puck-no-vram");
    puck_release_init(s);
    s->paused = !runstate_is_running();
    s->vm_state = qemu_add_vm_change_state_handler(vm_state_changed, s);
}

/*
 * A job may still be on its thread. It moves nothing any more, and holds on to
 * us; of what goes away here it uses nothing: see engine/job.h. This may be out
 * of a step of a ring, which ends then: see ring/ring.c.
 */
static void gpu_exit(PCIDevice *pdev)
{
    PuckGpu *s = PUCK_GPU(pdev);

    qemu_del_vm_change_state_handler(s->vm_state);
    puck_release_exit(s);
    puck_display_exit(s);
    puck_gone_exit(&s->gone);
    memory_region_del_subregion(&s->bar, &s->bar_vram);
    puck_gpu_kill_rings(s);
    for (unsigned r = 0; r < s->num_rings; r++) {
        puck_ring_exit(&s->rings[r]);
    }
    puck_mmu_exit(s->mmu);
    puck_sources_exit(&s->sources);
    /*
     * Jobs on threads keep the memory for a while. Its name is free at once:
     * the next device that is plugged in here has the same.
     */
    vmstate_unregister_ram(&s->vram, DEVICE(s));
}

/*
 * The capability is set before realize, since the size of configuration space
 * depends on it. A conventional bus will do, too: init_express() takes the
 * capability back there.
 */
static void gpu_init(Object *obj)
{
    PuckGpu *s = PUCK_GPU(obj);

    PCI_DEVICE(obj)->cap_present |= QEMU_PCI_CAP_EXPRESS;
    puck_master_init(&s->master, PCI_DEVICE(obj), &s->vram);
    puck_display_new(s);
    puck_mmu_new(s);
    puck_render_new(s);
    s->rings = g_new0(PuckRing, PUCK_GPU_RINGS_MAX);
}

static void gpu_finalize(Object *obj)
{
    PuckGpu *s = PUCK_GPU(obj);

    puck_job_pool_exit(s);
    puck_display_free(s);
    puck_mmu_free(s);
    puck_render_free(s);
    g_free(s->rings);
}

static const Property gpu_properties[] = {
    DEFINE_PROP_SIZE("vram-size", PuckGpu, vram_size, 64 * MiB),
    DEFINE_PROP_SIZE("vram-bar", PuckGpu, vram_bar, 0),
    DEFINE_PROP_UINT32("rings", PuckGpu, num_rings, 2),
    DEFINE_PROP_UINT32("copy-rings", PuckGpu, copy_rings, 0),
    DEFINE_PROP_BIT("x-next-minor", PuckGpu, options, PUCK_OPTION_NEXT_MINOR,
                    false),
    DEFINE_PROP_SIZE32("seg-len-max", PuckGpu, seg_len_max, 1 * GiB),
    DEFINE_PROP_UINT64("seed", PuckGpu, seed, 0),
    DEFINE_PROP_SIZE("inline-bytes", PuckGpu, inline_bytes, 64 * KiB),
    DEFINE_PROP_UINT32("threads", PuckGpu, threads, 2),
    DEFINE_PROP_UINT32("vms", PuckGpu, num_vms, PUCK_GPU_VMS_MAX),
    DEFINE_PROP_UINT32("tlb-entries", PuckGpu, tlb_entries, 256),
    DEFINE_PROP_UINT32("heads", PuckGpu, num_heads, 1),
    DEFINE_PROP_STRING("edid", PuckGpu, edid),
    DEFINE_PROP_STRING("renderer", PuckGpu, renderer),
    DEFINE_PROP_UINT32("render-rings", PuckGpu, render_rings, 1),
    DEFINE_PROP_UINT32("render-contexts", PuckGpu, render_contexts, 32),
    DEFINE_PROP_UINT32("render-resources", PuckGpu, render_resources, 16384),
    DEFINE_PROP_SIZE("render-bytes", PuckGpu, render_bytes, 512 * MiB),
    DEFINE_PROP_SIZE("render-memory", PuckGpu, render_memory, 2 * GiB),
};

static void gpu_class_init(ObjectClass *klass, PUCK_CONST_10_1 void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    PCIDeviceClass *k = PCI_DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    k->realize = gpu_realize;
    k->exit = gpu_exit;
    k->config_read = gpu_config_read;
    k->config_write = gpu_config_write;
    k->vendor_id = PUCK_GPU_PCI_VENDOR;
    k->device_id = PUCK_GPU_PCI_DEVICE;
    k->revision = PUCK_GPU_PCI_REVISION;
    k->class_id = PCI_CLASS_DISPLAY_OTHER;
    rc->phases.hold = gpu_reset_hold;
    dc->desc = "GPU with a programmable completion stage";
    dc->vmsd = &vmstate_puck_gpu;
    device_class_set_props(dc, gpu_properties);
    puck_gpu_class_add_props(klass);
    set_bit(DEVICE_CATEGORY_DISPLAY, dc->categories);
}

static const TypeInfo gpu_types[] = {
    {
        .name = TYPE_PUCK_GPU,
        .parent = TYPE_PCI_DEVICE,
        .instance_size = sizeof(PuckGpu),
        .instance_init = gpu_init,
        .instance_finalize = gpu_finalize,
        .class_init = gpu_class_init,
        .interfaces = (PUCK_CONST_10_1 InterfaceInfo[]) {
            { INTERFACE_PCIE_DEVICE },
            { INTERFACE_CONVENTIONAL_PCI_DEVICE },
            { }
        },
    },
};

DEFINE_TYPES(gpu_types)
