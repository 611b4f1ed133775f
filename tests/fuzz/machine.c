/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine of Puck's fuzz targets: accesses, clock, and the way back to
 * where it started.
 *
 * A whole reset of a q35 takes longer than a thousand register accesses. So an
 * input that left all configuration spaces as they were is followed by a reset
 * of Puck's devices alone, and its RAM is thrown away; only what else it
 * changed (BARs moved, a slot emptied) costs a reset of everything.
 */

#include "qemu/osdep.h"
#include <sys/mman.h>
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "qobject/qdict.h"
#include "exec/address-spaces.h"
#include "exec/ioport.h"
#include "exec/memory.h"
#include "hw/boards.h"
#include "hw/pci/msix.h"
#include "hw/pci/pci_bridge.h"
#include "hw/pci/pci_bus.h"
#include "hw/qdev-core.h"
#include "hw/sysbus.h"
#include "monitor/qdev.h"
#include "system/reset.h"
#include "system/runstate.h"
#include "hw/puck/mischief/list.h"
#include "env.h"

#define HOLD_MAX_NS     1000000000ll
#define HOPS_MAX        200
#define RCU_EVERY       64
#define Q35_PCIEXBAR    0x60

FuzzVariant fuzz_variant;

#define GPU_ARGS(_id, _bus, _more) \
    " -device puck-gpu,id=" _id ",bus=" _bus ",vram-size=1M,rings=3" \
    ",heads=2" _more
#define GPU0_MORE       ",threads=3,inline-bytes=8192"
#define GPU1_MORE       ",copy-rings=1,vectors=reverse"
#define GPUS \
    GPU_ARGS("gpu0", "rp1", GPU0_MORE) GPU_ARGS("gpu1", "rp2", GPU1_MORE)
/* Pictures are small: what is looked for is not in their middle. */
#define CAM0_SIZE       "320x128"
#define CAM1_SIZE       "64x64"
#define CAM1_SEG_MAX    "5000"
#define CAMERAS \
    " -device puck-cam,id=cam0,bus=rp1,max-size=" CAM0_SIZE \
    " -device puck-cam,id=cam1,bus=rp2,max-size=" CAM1_SIZE \
    ",seg-len-max=" CAM1_SEG_MAX
#define MACHINE(_devices, _buses) \
    "-m 64M -nodefaults -vga none -display none -accel qtest " \
    "-device puck-mischief,id=mischief,guest=on,log=/dev/null " \
    "-device pcie-root-port,id=rp1,chassis=1,addr=4 " \
    "-device pcie-root-port,id=rp2,chassis=2,addr=5" \
    _devices \
    " -device puck-iommu,id=iommu0,addr=6,iotlb-entries=64,buses=" _buses
#define NATIVE_HOTPLUG \
    " -global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off "

#define THE_IOMMU { \
        .id = "iommu0", .bus = 0, .devfn = PCI_DEVFN(6, 0), \
        .regs = 0xe8800000, .msix = 0xe8801000, \
        .vectors = PUCK_IOMMU_NUM_VECS, \
    }
#define PORT(_id, _slot) \
    { .id = _id, .bus = 0, .devfn = PCI_DEVFN(_slot, 0) }

static const FuzzFunction with_gpus[FUZZ_COUNT] = {
    [FUZZ_IOMMU] = THE_IOMMU,
    [FUZZ_DEV0] = {
        .id = "gpu0", .bus = 1, .devfn = 0, .regs = 0xe8100000,
        .msix = 0xe8140000, .vram = 0xe8200000,
        .vectors = FUZZ_GPU_VECTORS,
    },
    [FUZZ_DEV1] = {
        .id = "gpu1", .bus = 2, .devfn = 0, .regs = 0xe8400000,
        .msix = 0xe8440000, .vram = 0xe8500000,
        .vectors = FUZZ_GPU_VECTORS,
    },
    [FUZZ_RP1] = PORT("rp1", 4),
    [FUZZ_RP2] = PORT("rp2", 5),
};

static const FuzzFunction with_cameras[FUZZ_COUNT] = {
    [FUZZ_IOMMU] = THE_IOMMU,
    [FUZZ_DEV0] = {
        .id = "cam0", .bus = 1, .devfn = 0, .regs = 0xe8100000,
        .msix = 0xe8140000, .vectors = PUCK_CAM_SOURCES,
    },
    [FUZZ_DEV1] = {
        .id = "cam1", .bus = 2, .devfn = 0, .regs = 0xe8400000,
        .msix = 0xe8440000, .vectors = PUCK_CAM_SOURCES,
    },
    [FUZZ_RP1] = PORT("rp1", 4),
    [FUZZ_RP2] = PORT("rp2", 5),
};

const FuzzFunction *fuzz_functions = with_gpus;

/* Configuration spaces as they are when the guest's firmware is done. */
static uint8_t saved_config[FUZZ_COUNT][PCIE_CONFIG_SPACE_SIZE];

const char *fuzz_machine_args(FuzzVariant variant)
{
    fuzz_variant = variant;
    fuzz_functions = variant == FUZZ_CAMERA ? with_cameras : with_gpus;
    switch (variant) {
    case FUZZ_NATIVE:
        return " -M q35" NATIVE_HOTPLUG MACHINE(GPUS, "rp1:rp2");
    case FUZZ_AMD:
        return " -M q35 -device amd-iommu " MACHINE(GPUS, "rp2");
    case FUZZ_CAMERA:
        return " -M q35" NATIVE_HOTPLUG MACHINE(CAMERAS, "rp1:rp2");
    default:
        return " -M q35 " MACHINE(GPUS, "rp1:rp2");
    }
}

int64_t fuzz_hold_begin(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000ll + now.tv_nsec;
}

void fuzz_hold_end(int64_t begun, const char *what)
{
    int64_t held = fuzz_hold_begin() - begun;

    if (held > HOLD_MAX_NS) {
        fprintf(stderr, "puck-fuzz: %s held the BQL for %" PRId64 " ms\n",
                what, held / 1000000);
        abort();
    }
}

void fuzz_flush(void)
{
    for (unsigned i = 0; i < 4 && g_main_context_pending(NULL); i++) {
        int64_t begun = fuzz_hold_begin();

        main_loop_wait(true);
        fuzz_hold_end(begun, "a turn of the main loop");
    }
}

void fuzz_write(uint64_t addr, uint64_t value, unsigned size)
{
    int64_t begun = fuzz_hold_begin();
    uint8_t bytes[8];

    stq_le_p(bytes, value);
    address_space_write(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED,
                        bytes, size);
    fuzz_hold_end(begun, "a write");
}

uint64_t fuzz_read(uint64_t addr, unsigned size)
{
    int64_t begun = fuzz_hold_begin();
    uint8_t bytes[8] = { };

    address_space_read(&address_space_memory, addr, MEMTXATTRS_UNSPECIFIED,
                       bytes, size);
    fuzz_hold_end(begun, "a read");
    return ldq_le_p(bytes);
}

void fuzz_out(uint16_t port, uint32_t value)
{
    int64_t begun = fuzz_hold_begin();

    cpu_outl(port, value);
    fuzz_hold_end(begun, "an access to a port");
}

void fuzz_config_write(unsigned bus, unsigned devfn, unsigned reg,
                       uint32_t value, unsigned size)
{
    fuzz_write(FUZZ_ECAM + (bus << 20 | devfn << 12 | reg), value, size);
}

void fuzz_store(uint64_t addr, const void *bytes, size_t size)
{
    char *ram = memory_region_get_ram_ptr(current_machine->ram);

    if (addr < FUZZ_ARENA || addr + size > FUZZ_ARENA + FUZZ_ARENA_SIZE) {
        return;
    }
    memcpy(ram + addr, bytes, size);
}

void fuzz_store64(uint64_t addr, uint64_t value)
{
    uint8_t bytes[8];

    stq_le_p(bytes, value);
    fuzz_store(addr, bytes, sizeof(bytes));
}

uint64_t fuzz_load64(uint64_t addr)
{
    char *ram = memory_region_get_ram_ptr(current_machine->ram);

    return ldq_le_p(ram + addr);
}

/*
 * From one deadline to the next, so that each turn of timers is a hold of its
 * own. Work without an end does not make this endless, too.
 */
void fuzz_clock_step(int64_t ns)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    int64_t end = now + ns;

    for (unsigned hops = 0; now < end && hops < HOPS_MAX; hops++) {
        int64_t wait = qemu_clock_deadline_ns_all(QEMU_CLOCK_VIRTUAL,
                                                  QEMU_TIMER_ATTR_ALL);
        int64_t begun = fuzz_hold_begin();

        wait = wait < 0 ? ns : MAX(wait, 1);
        now = qemu_clock_advance_virtual_time(MIN(end, now + wait));
        fuzz_hold_end(begun, "a turn of the timers");
        fuzz_flush();
    }
}

DeviceState *fuzz_device(FuzzFunctionIndex f)
{
    return qdev_find_recursive(sysbus_get_default(), fuzz_functions[f].id);
}

static void firmware_write(const FuzzFunction *f, unsigned reg, uint32_t value)
{
    cpu_outl(0xcf8, 0x80000000u | f->bus << 16 | f->devfn << 8 | reg);
    cpu_outl(0xcfc, value);
}

static void place_port(const FuzzFunction *port, const FuzzFunction *below)
{
    uint32_t base = below->regs >> 16;

    firmware_write(port, PCI_PRIMARY_BUS, below->bus << 16 | below->bus << 8);
    firmware_write(port, PCI_MEMORY_BASE, (base + 0x1f) << 16 | base);
    firmware_write(port, PCI_PREF_MEMORY_BASE, 0x0000fff0);
    firmware_write(port, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void place_function(const FuzzFunction *f)
{
    uint64_t bars[] = { f->regs, f->vram ?: f->msix, f->vram ? f->msix : 0 };
    PCIDevice *pdev;

    for (unsigned i = 0; i < ARRAY_SIZE(bars); i++) {
        firmware_write(f, PCI_BASE_ADDRESS_0 + 8 * i, bars[i]);
        firmware_write(f, PCI_BASE_ADDRESS_0 + 8 * i + 4, 0);
    }
    firmware_write(f, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    pdev = PCI_DEVICE(fuzz_device(f - fuzz_functions));
    firmware_write(f, pdev->msix_cap, PCI_MSIX_FLAGS_ENABLE << 16);
}

/* What a firmware does. */
static void place_all(void)
{
    static const FuzzFunction host = { };

    memory_region_transaction_begin();
    firmware_write(&host, Q35_PCIEXBAR + 4, 0);
    firmware_write(&host, Q35_PCIEXBAR, FUZZ_ECAM | 1);
    place_port(&fuzz_functions[FUZZ_RP1], &fuzz_functions[FUZZ_DEV0]);
    place_port(&fuzz_functions[FUZZ_RP2], &fuzz_functions[FUZZ_DEV1]);
    for (unsigned f = 0; f < FUZZ_PUCK_COUNT; f++) {
        place_function(&fuzz_functions[f]);
    }
    memory_region_transaction_commit();
    for (unsigned f = 0; f < FUZZ_COUNT; f++) {
        memcpy(saved_config[f], PCI_DEVICE(fuzz_device(f))->config,
               pci_config_size(PCI_DEVICE(fuzz_device(f))));
    }
}

/* Whether nobody touched slots and configuration spaces. */
static bool in_place(void)
{
    for (unsigned f = 0; f < FUZZ_COUNT; f++) {
        DeviceState *dev = fuzz_device(f);

        if (!dev || dev->pending_deleted_event ||
            memcmp(PCI_DEVICE(dev)->config, saved_config[f],
                   pci_config_size(PCI_DEVICE(dev)))) {
            return false;
        }
    }
    return true;
}

static void gpu_options(QDict *opts, bool first)
{
    qdict_put_str(opts, "driver", "puck-gpu");
    qdict_put_str(opts, "vram-size", "1M");
    qdict_put_str(opts, "rings", "3");
    qdict_put_str(opts, "heads", "2");
    if (first) {
        qdict_put_str(opts, "threads", "3");
        qdict_put_str(opts, "inline-bytes", "8192");
    } else {
        qdict_put_str(opts, "copy-rings", "1");
        qdict_put_str(opts, "vectors", "reverse");
    }
}

static void camera_options(QDict *opts, bool first)
{
    qdict_put_str(opts, "driver", "puck-cam");
    qdict_put_str(opts, "max-size", first ? CAM0_SIZE : CAM1_SIZE);
    if (!first) {
        qdict_put_str(opts, "seg-len-max", CAM1_SEG_MAX);
    }
}

void fuzz_plug(FuzzFunctionIndex f)
{
    QDict *opts = qdict_new();
    bool first = f == FUZZ_DEV0;
    DeviceState *dev;
    Error *err = NULL;

    qdict_put_str(opts, "id", fuzz_functions[f].id);
    qdict_put_str(opts, "bus", first ? "rp1" : "rp2");
    if (fuzz_variant == FUZZ_CAMERA) {
        camera_options(opts, first);
    } else {
        gpu_options(opts, first);
    }
    dev = qdev_device_add_from_qdict(opts, false, &err);
    if (dev) {
        object_unref(OBJECT(dev));
    } else {
        /* A slot that is switched off takes nothing. */
        error_free(err);
    }
    qobject_unref(opts);
}

/*
 * Through reset, which switches slots on, and empties those whose device has
 * been asked to leave (ACPI does that).
 */
static void restore_places(void)
{
    int64_t begun = fuzz_hold_begin();

    for (unsigned tries = 0; tries < 3; tries++) {
        qemu_system_reset(SHUTDOWN_CAUSE_GUEST_RESET);
        fuzz_flush();
        for (unsigned f = FUZZ_DEV0; f <= FUZZ_DEV1; f++) {
            DeviceState *dev = fuzz_device(f);

            if (dev && dev->pending_deleted_event) {
                dev->pending_deleted_event = false;
            }
            if (!dev) {
                fuzz_plug(f);
            }
        }
        if (fuzz_device(FUZZ_DEV0) && fuzz_device(FUZZ_DEV1)) {
            break;
        }
    }
    qemu_system_reset(SHUTDOWN_CAUSE_GUEST_RESET);
    place_all();
    fuzz_hold_end(begun, "a reset of the machine");
}

static void forget_memory(void)
{
    MemoryRegion *ram = current_machine->ram;

    /* Nothing runs in it: no vCPU does, and devices have been reset. */
    madvise(memory_region_get_ram_ptr(ram), memory_region_size(ram),
            MADV_DONTNEED);
}

/*
 * The reset of a device alone leaves its configuration space as it is. What the
 * device has derived from that, it derives again.
 */
static void tell_command(PCIDevice *pdev)
{
    pdev->config_write(pdev, PCI_COMMAND,
                       pci_get_word(pdev->config + PCI_COMMAND), 2);
}

void fuzz_reset_devices(void)
{
    for (unsigned f = 0; f < FUZZ_PUCK_COUNT; f++) {
        DeviceState *dev = fuzz_device(f);

        if (dev) {
            int64_t begun = fuzz_hold_begin();

            device_cold_reset(dev);
            tell_command(PCI_DEVICE(dev));
            fuzz_hold_end(begun, "a reset");
        }
    }
    puck_rules_clear();
}

static void die(const char *what, unsigned g, uint64_t is)
{
    fprintf(stderr, "puck-fuzz: gpu%u does not work after a reset: %s is 0x%"
            PRIx64 "\n", g, what, is);
    abort();
}

/* A FILL and a FENCE, in the state after reset. */
static void check_gpu(unsigned g)
{
    const FuzzFunction *f = &fuzz_functions[FUZZ_DEV0 + g];
    uint64_t ring = f->regs + PUCK_GPU_RING(0), slot = FUZZ_SLOTS;
    struct puck_gpu_seg seg = {
        .addr = cpu_to_le64(FUZZ_DATA), .len = cpu_to_le32(64),
    };
    struct puck_gpu_cmd cmds[2] = {
        {
            .opcode = cpu_to_le16(PUCK_GPU_CMD_FILL),
            .dst_list = cpu_to_le64(FUZZ_LISTS), .dst_nsegs = cpu_to_le32(1),
            .length = cpu_to_le64(64), .fill.value = cpu_to_le32(0x11223344),
        },
        { .opcode = cpu_to_le16(PUCK_GPU_CMD_FENCE), .seqno = cpu_to_le32(7) },
    };

    fuzz_store(FUZZ_LISTS, &seg, sizeof(seg));
    fuzz_store(FUZZ_RING(0, 0), cmds, sizeof(cmds));
    fuzz_store64(slot, 0);
    fuzz_store64(FUZZ_DATA, 0);
    fuzz_write(ring + PUCK_GPU_RING_BASE, FUZZ_RING(0, 0) | 2, 8);
    fuzz_write(ring + PUCK_GPU_RING_WB_ADDR, slot, 8);
    fuzz_write(ring + PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE, 4);
    fuzz_write(ring + PUCK_GPU_RING_TAIL, 2, 4);
    for (unsigned i = 0; i < 50 && fuzz_load64(slot) != 7; i++) {
        fuzz_flush();
        fuzz_clock_step(100000);
    }
    if (fuzz_load64(slot) != 7) {
        fprintf(stderr, "status %" PRIx64 " head %" PRIx64 " errors %" PRIx64
                " info %" PRIx64 "\n",
                fuzz_read(ring + PUCK_GPU_RING_STATUS, 4),
                fuzz_read(ring + PUCK_GPU_RING_HEAD, 4),
                fuzz_read(f->regs + PUCK_GPU_ERR_COUNT, 4),
                fuzz_read(f->regs + PUCK_GPU_ERR_INFO, 4));
        die("the slot", g, fuzz_load64(slot));
    }
    if (fuzz_load64(FUZZ_DATA) != 0x1122334411223344ull) {
        die("the data", g, fuzz_load64(FUZZ_DATA));
    }
}

/* It caches translations, too. */
static void reset_amd(void)
{
    if (fuzz_variant == FUZZ_AMD) {
        device_cold_reset(DEVICE(object_resolve_path_type("", "amd-iommu",
                                                          NULL)));
    }
}

void fuzz_machine_restore(void)
{
    static unsigned count;

    if (!runstate_is_running()) {
        vm_start();
    }
    reset_amd();
    fuzz_reset_devices();
    fuzz_flush();
    if (!in_place()) {
        restore_places();
        fuzz_reset_devices();
    }
    reset_amd();
    for (unsigned g = 0; g < 2; g++) {
        if (fuzz_variant == FUZZ_CAMERA) {
            fuzz_camera_check(g);
        } else {
            check_gpu(g);
        }
    }
    fuzz_reset_devices();
    forget_memory();
    /* Else what is freed by RCU piles up: its thread waits for the BQL. */
    if (++count % RCU_EVERY == 0) {
        drain_call_rcu();
    }
}

void fuzz_machine_init(void)
{
    place_all();
    fuzz_machine_restore();
}
