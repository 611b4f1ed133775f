/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest, and now and then its host, does to Puck's devices.
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qapi/error.h"
#include "hw/qdev-core.h"
#include "system/runstate.h"
#include "abi/puck_display.h"
#include "env.h"

#define ACPI_EJECT      0x0cc8
#define ACPI_SELECT     0x0cd0
#define SLOT_OFF        (PCI_EXP_SLTCTL_PWR_OFF | PCI_EXP_SLTCTL_PWR_IND_OFF | \
                         PCI_EXP_SLTCTL_ATTN_IND_OFF)
#define SLOT_ON         (PCI_EXP_SLTCTL_PWR_IND_ON | \
                         PCI_EXP_SLTCTL_ATTN_IND_OFF)

static const FuzzFunction *any_function(FuzzInput *in)
{
    return &fuzz_functions[fuzz_pick(in, FUZZ_PUCK_COUNT)];
}

static unsigned any_size(FuzzInput *in)
{
    static const uint8_t sizes[] = { 4, 4, 4, 8, 8, 1, 2 };

    return sizes[fuzz_pick(in, ARRAY_SIZE(sizes))];
}

/*
 * Blocks of registers of the GPU, each with a piece of what lies behind it;
 * what is set aside; the ring that there is not; the end.
 */
static const struct {
    unsigned start;
    unsigned size;
} gpu_blocks[] = {
    { PUCK_GPU_MAGIC, 0x80 },
    { PUCK_GPU_SOURCE(0), 4 * PUCK_GPU_SOURCES_MAX + 0x40 },
    { PUCK_MISCHIEF_WINDOW, PUCK_MISCHIEF_WINDOW_SIZE },
    { PUCK_GPU_ERR_COUNT, 0x80 },
    { PUCK_DISPLAY_HEADS, 0x40 },
    { PUCK_HEAD(0), 0x300 },
    { PUCK_HEAD(1), 0x280 },
    { 0x4000, 0x40 },
    { 0x6000, 0x40 },
    { PUCK_GPU_RING(0), 0x180 },
    { PUCK_GPU_RING(1), 0x180 },
    { PUCK_GPU_RING(2), 0x180 },
    { PUCK_GPU_RING(FUZZ_RINGS), 0x180 },
    { PUCK_GPU_BAR_REGS_SIZE - 0x40, 0x40 },
};

static unsigned gpu_offset(FuzzInput *in)
{
    unsigned total = 0, at;

    for (unsigned i = 0; i < ARRAY_SIZE(gpu_blocks); i++) {
        total += gpu_blocks[i].size;
    }
    at = fuzz_pick(in, total);
    for (unsigned i = 0; i < ARRAY_SIZE(gpu_blocks); i++) {
        if (at < gpu_blocks[i].size) {
            return gpu_blocks[i].start + at;
        }
        at -= gpu_blocks[i].size;
    }
    g_assert_not_reached();
}

/* Any offset, also such as are no register's. */
static void op_register(FuzzInput *in)
{
    const FuzzFunction *f = any_function(in);
    unsigned size = any_size(in);
    unsigned offset;

    if (f == &fuzz_functions[FUZZ_IOMMU]) {
        offset = fuzz_pick(in, 0x400);
    } else {
        offset = fuzz_variant == FUZZ_CAMERA ? fuzz_camera_offset(in) :
                 gpu_offset(in);
    }

    if (!fuzz_rarely(in, 8)) {
        offset = ROUND_DOWN(offset, size);
    }
    if (fuzz_rarely(in, 3)) {
        fuzz_read(f->regs + offset, size);
    } else {
        fuzz_write(f->regs + offset, fuzz_number(in), size);
    }
}

/* A register, or whatever else messages are aimed at. */
static void op_address(FuzzInput *in)
{
    uint64_t addr = fuzz_address(in);

    fuzz_write(addr, fuzz_number(in), any_size(in));
}

static void op_memory(FuzzInput *in)
{
    fuzz_store64(FUZZ_ARENA + 8 * fuzz_take(in, 2), fuzz_number(in));
}

static void op_clock(FuzzInput *in)
{
    static const int64_t steps[] = {
        1, 1000, 50000, 1000000, 20000000, 1000000000, 61000000000,
    };

    fuzz_clock_step(steps[fuzz_pick(in, ARRAY_SIZE(steps))]);
}

/* Threads of the engines get time to work, and their results are taken. */
static void op_wait(FuzzInput *in)
{
    bql_unlock();
    g_usleep(20 * fuzz_pick(in, 16));
    bql_lock();
    fuzz_flush();
}

static void op_ring(FuzzInput *in)
{
    unsigned g = fuzz_pick(in, 2), r = fuzz_pick(in, FUZZ_RINGS);
    uint64_t ring = fuzz_functions[FUZZ_DEV0 + g].regs + PUCK_GPU_RING(r);

    if (fuzz_rarely(in, 2)) {
        fuzz_write(ring + PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET, 4);
    }
    if (!fuzz_rarely(in, 4)) {
        fuzz_build_ring(g, r, fuzz_rarely(in, 4) ? 12 : 1 + fuzz_pick(in, 12));
    }
}

static void op_stage(FuzzInput *in)
{
    static const uint16_t regs[] = {
        PUCK_GPU_RING_START_DELAY, PUCK_GPU_RING_DELAY, PUCK_GPU_RING_JITTER,
        PUCK_GPU_RING_SEED, PUCK_GPU_RING_HOLD, PUCK_GPU_RING_RELEASE,
    };
    unsigned g = fuzz_pick(in, 2);
    unsigned reg = regs[fuzz_pick(in, ARRAY_SIZE(regs))];
    uint64_t ring = fuzz_functions[FUZZ_DEV0 + g].regs +
                    PUCK_GPU_RING(fuzz_pick(in, FUZZ_RINGS));

    fuzz_write(ring + reg, fuzz_number(in),
               reg >= PUCK_GPU_RING_HOLD ? 4 : 8);
}

static void op_device_reset(FuzzInput *in)
{
    const FuzzFunction *f = any_function(in);
    DeviceState *dev = fuzz_device(f - fuzz_functions);
    bool is_iommu = f == &fuzz_functions[FUZZ_IOMMU];
    uint32_t ctrl = fuzz_variant == FUZZ_CAMERA ? PUCK_CAM_CTRL :
                    PUCK_GPU_CTRL;

    if (!is_iommu && dev && fuzz_rarely(in, 2)) {
        unsigned devctl = PCI_DEVICE(dev)->exp.exp_cap + PCI_EXP_DEVCTL;

        fuzz_config_write(f->bus, f->devfn, devctl, PCI_EXP_DEVCTL_BCR_FLR, 2);
    } else {
        /* The bit is the same in all of them. */
        fuzz_write(f->regs + (is_iommu ? PUCK_IOMMU_CTRL : ctrl),
                   PUCK_GPU_CTRL_RESET, 4);
    }
}

static void op_iommu_control(FuzzInput *in)
{
    uint64_t regs = fuzz_functions[FUZZ_IOMMU].regs;

    fuzz_write(regs + PUCK_IOMMU_CTRL, fuzz_pick(in, 16), 4);
    if (fuzz_rarely(in, 2)) {
        fuzz_write(regs + PUCK_IOMMU_CQ_BASE,
                   FUZZ_CQ | (fuzz_rarely(in, 8) ? fuzz_pick(in, 16) : 12), 8);
        fuzz_write(regs + PUCK_IOMMU_FQ_BASE, FUZZ_FQ | fuzz_pick(in, 16), 8);
        fuzz_write(regs + PUCK_IOMMU_ROOT, FUZZ_ROOT, 8);
        fuzz_write(regs + PUCK_IOMMU_CTRL, 7 | fuzz_pick(in, 2) << 3, 4);
        fuzz_guest.cq_tail = 0;
    }
    if (fuzz_rarely(in, 2)) {
        fuzz_write(regs + PUCK_IOMMU_FQ_HEAD,
                   fuzz_read(regs + PUCK_IOMMU_FQ_TAIL, 4), 4);
        fuzz_write(regs + PUCK_IOMMU_IRQ_STATUS, PUCK_IOMMU_IRQ_ALL, 4);
    }
}

/* Bus mastering and decoding, MSI-X control, BARs, anything. */
static void op_config(FuzzInput *in)
{
    FuzzFunctionIndex i = fuzz_pick(in, FUZZ_COUNT);
    const FuzzFunction *f = &fuzz_functions[i];
    DeviceState *dev = fuzz_device(i);
    unsigned msix = dev ? PCI_DEVICE(dev)->msix_cap : 0;

    switch (fuzz_pick(in, 4)) {
    case 0:
        fuzz_config_write(f->bus, f->devfn, PCI_COMMAND, fuzz_pick(in, 8), 2);
        break;
    case 1:
        fuzz_config_write(f->bus, f->devfn, msix + PCI_MSIX_FLAGS,
                          fuzz_pick(in, 4) << 14, 2);
        break;
    case 2:
        fuzz_config_write(f->bus, f->devfn,
                          PCI_BASE_ADDRESS_0 + 4 * fuzz_pick(in, 6),
                          fuzz_address(in), 4);
        break;
    default:
        fuzz_config_write(f->bus, f->devfn, 4 * fuzz_pick(in, 64),
                          fuzz_number(in), 4);
    }
}

static void slot_control(FuzzFunctionIndex port, unsigned value)
{
    DeviceState *dev = fuzz_device(port);

    fuzz_config_write(0, fuzz_functions[port].devfn,
                      PCI_DEVICE(dev)->exp.exp_cap + PCI_EXP_SLTCTL, value, 2);
}

static bool has_native_slots(void)
{
    return fuzz_variant == FUZZ_NATIVE || fuzz_variant == FUZZ_CAMERA;
}

/* The guest takes a device away, asked or not. */
static void op_eject(FuzzInput *in)
{
    unsigned g = fuzz_pick(in, 2);

    if (has_native_slots()) {
        slot_control(FUZZ_RP1 + g, SLOT_OFF);
    } else {
        fuzz_out(ACPI_SELECT, fuzz_pick(in, 4));
        fuzz_out(ACPI_EJECT, fuzz_rarely(in, 4) ? fuzz_number(in) : 1);
    }
    if (fuzz_rarely(in, 2)) {
        fuzz_flush();
    }
}

/* The host asks for it, or plugs one in. */
static void op_plug(FuzzInput *in)
{
    unsigned g = fuzz_pick(in, 2);
    DeviceState *dev = fuzz_device(FUZZ_DEV0 + g);
    Error *err = NULL;

    if (dev && !dev->pending_deleted_event) {
        qdev_unplug(dev, &err);
        error_free(err);
    } else if (!dev) {
        fuzz_plug(FUZZ_DEV0 + g);
        if (has_native_slots()) {
            slot_control(FUZZ_RP1 + g, SLOT_ON);
        }
    }
}

static void op_pause(FuzzInput *in)
{
    int64_t begun = fuzz_hold_begin();

    if (runstate_is_running()) {
        vm_stop(RUN_STATE_PAUSED);
        if (fuzz_rarely(in, 2)) {
            vm_start();
        }
    } else {
        vm_start();
    }
    fuzz_hold_end(begun, "a pause of the machine");
}

static void op_setup(FuzzInput *in)
{
    fuzz_build_start(in);
}

typedef struct Op {
    void (*run)(FuzzInput *in);
    unsigned weight;
} Op;

static const Op gpu_ops[] = {
    { fuzz_op_job, 40 },
    { fuzz_op_burst, 8 },
    { fuzz_op_map, 12 },
    { fuzz_op_context, 4 },
    { fuzz_op_iommu_command, 14 },
    { fuzz_op_msix, 20 },
    { fuzz_op_rule, 24 },
    { fuzz_op_rule_command, 8 },
    { op_register, 20 },
    { op_address, 12 },
    { op_memory, 6 },
    { op_clock, 24 },
    { op_wait, 6 },
    { op_ring, 10 },
    { op_stage, 10 },
    { op_device_reset, 4 },
    { op_iommu_control, 8 },
    { fuzz_op_display, 3 },
    { op_config, 3 },
    { op_eject, 2 },
    { op_plug, 2 },
    { op_pause, 2 },
    { op_setup, 2 },
    { fuzz_op_migrate, 2 },
    /* At the end, so that what inputs say that were found before stays. */
    { fuzz_op_vm, 5 },
    { fuzz_op_display, 5 },
    { },
};

static const Op camera_ops[] = {
    { fuzz_op_frame, 36 },
    { fuzz_op_frames, 8 },
    { fuzz_op_cam_queue, 10 },
    { fuzz_op_geometry, 12 },
    { fuzz_op_sensor, 12 },
    { fuzz_op_stream, 16 },
    { fuzz_op_map, 12 },
    { fuzz_op_context, 4 },
    { fuzz_op_iommu_command, 10 },
    { fuzz_op_msix, 14 },
    { fuzz_op_rule, 20 },
    { fuzz_op_rule_command, 6 },
    { op_register, 18 },
    { op_address, 8 },
    { op_memory, 4 },
    { op_clock, 30 },
    { op_device_reset, 4 },
    { op_iommu_control, 6 },
    { op_config, 3 },
    { op_eject, 2 },
    { op_plug, 2 },
    { op_pause, 2 },
    { op_setup, 2 },
    { fuzz_op_migrate, 2 },
    { },
};

static void run_one(FuzzInput *in)
{
    const Op *first = fuzz_variant == FUZZ_CAMERA ? camera_ops : gpu_ops;
    /* All weights together; a byte chooses. */
    unsigned at = fuzz_take(in, 1);

    for (const Op *op = first; op->run; op++) {
        if (at < op->weight) {
            op->run(in);
            return;
        }
        at -= op->weight;
    }
    first->run(in);
}

void fuzz_run(FuzzInput *in, unsigned ops)
{
    while (in->at < in->end && ops--) {
        run_one(in);
        /* Time of the virtual clock has come for what is due now. */
        fuzz_clock_step(1);
    }
}
