/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puck's fuzz targets: what their files share.
 *
 * An input is a program: its bytes are read one by one and decide what the
 * guest does next. Everything happens in one process and under the BQL, the way
 * a vCPU would do it. After each input the machine is put back to where it was
 * (machine.c), which is cheap as long as the input left the
 * configuration spaces alone.
 *
 * Way of an input: targets (libFuzzer's entry) -> ops (what the guest does) ->
 * build (structures in its memory), vm (page tables of GPUs among them), camera
 * (the camera's of them), rules (text
 * of rules), migrate (save, change, load) -> machine (accesses, clock, reset).
 */
#ifndef PUCK_FUZZ_H
#define PUCK_FUZZ_H

#include "hw/pci/pci_device.h"
#include "abi/puck_cam.h"
#include "abi/puck_gpu.h"
#include "abi/puck_iommu.h"
#include "abi/puck_mischief.h"

/* The bytes that are left of an input. They read as zero behind its end. */
typedef struct FuzzInput {
    const uint8_t *at;
    const uint8_t *end;
} FuzzInput;

uint64_t fuzz_take(FuzzInput *in, unsigned bytes);
/* Below @n, which is at most 65536. */
unsigned fuzz_pick(FuzzInput *in, unsigned n);
/* True once in @n times. */
bool fuzz_rarely(FuzzInput *in, unsigned n);
/* Borders of what is allowed, more often than others. */
uint64_t fuzz_number(FuzzInput *in);

/*
 * Puck's functions, and the ports that two of them are plugged into. These two
 * are GPUs, in FUZZ_CAMERA they are cameras.
 */
typedef enum FuzzFunctionIndex {
    FUZZ_IOMMU,
    FUZZ_DEV0,
    FUZZ_DEV1,
    FUZZ_PUCK_COUNT,
    FUZZ_RP1 = FUZZ_PUCK_COUNT,
    FUZZ_RP2,
    FUZZ_COUNT,
} FuzzFunctionIndex;

typedef struct FuzzFunction {
    const char *id;
    uint8_t bus;
    uint8_t devfn;
    uint64_t regs;
    uint64_t msix;
    uint64_t vram;      /* 0: it has none */
    unsigned vectors;
} FuzzFunction;

/* Of the machine that there is. */
extern const FuzzFunction *fuzz_functions;

typedef enum FuzzVariant {
    FUZZ_NATIVE,        /* slots are powered off through Slot Control */
    FUZZ_ACPI,          /* slots are ejected through ACPI's ports */
    FUZZ_AMD,           /* gpu0 is behind an amd-iommu, not behind Puck's */
    FUZZ_CAMERA,        /* cameras instead of GPUs, slots as in FUZZ_NATIVE */
} FuzzVariant;

extern FuzzVariant fuzz_variant;

#define FUZZ_RINGS          3
/* Of errors, of each ring, and of two heads. */
#define FUZZ_GPU_VECTORS    (1 + FUZZ_RINGS + 2)
#define FUZZ_CAM_ORDER      PUCK_CAM_QUEUE_ORDER_MAX_VALUE
#define FUZZ_VRAM_SIZE      (1u << 20)
#define FUZZ_ECAM           0xb0000000ull
#define FUZZ_AMD_BASE       0xfed80000ull

/* The guest's structures, all in this piece of RAM. */
#define FUZZ_ARENA          0x1000000ull
#define FUZZ_ARENA_SIZE     0x400000u
#define FUZZ_ROOT           (FUZZ_ARENA + 0x0000)
#define FUZZ_CTX(bus)       (FUZZ_ARENA + 0x1000 * (bus))       /* 1, 2 */
#define FUZZ_L4             (FUZZ_ARENA + 0x3000)
#define FUZZ_L3             (FUZZ_ARENA + 0x4000)
#define FUZZ_L2(gib)        (FUZZ_ARENA + 0x5000 + 0x1000 * (gib))
#define FUZZ_L1             (FUZZ_ARENA + 0x9000)               /* IOVA 0-2M */
#define FUZZ_MESSAGES       (FUZZ_ARENA + 0xa000)
#define FUZZ_SLOTS          (FUZZ_ARENA + 0xb000)
#define FUZZ_DEVTAB         (FUZZ_ARENA + 0xc000)               /* AMD's */
#define FUZZ_CQ             (FUZZ_ARENA + 0x10000)
#define FUZZ_FQ             (FUZZ_ARENA + 0x30000)
#define FUZZ_RING(g, r)     (FUZZ_ARENA + 0x80000 + \
                             0x40000 * (FUZZ_RINGS * (g) + (r)))
/* Where the rings would be: descriptors, done entries. */
#define FUZZ_CAM_QUEUE(n)   (FUZZ_ARENA + 0x80000 + 0x20000 * (n))
#define FUZZ_CAM_DONE(n)    (FUZZ_CAM_QUEUE(n) + 0x10000)
/* Page tables of the GPUs' VMs. */
#define FUZZ_VM_TABLES      (FUZZ_ARENA + 0x200000)
#define FUZZ_VM_TABLES_SIZE 0x80000u
#define FUZZ_LISTS          (FUZZ_ARENA + 0x280000)
#define FUZZ_LISTS_SIZE     0x80000u
#define FUZZ_DATA           (FUZZ_ARENA + 0x300000)
#define FUZZ_DATA_SIZE      0x100000u

/* machine */
const char *fuzz_machine_args(FuzzVariant variant);
/* Once, when QEMU is up. */
void fuzz_machine_init(void);
/* As it was after fuzz_machine_init(); aborts if a device does not work. */
void fuzz_machine_restore(void);
/* NULL if it is unplugged. */
DeviceState *fuzz_device(FuzzFunctionIndex f);
void fuzz_plug(FuzzFunctionIndex f);
/* Resets Puck's devices and forgets all rules. */
void fuzz_reset_devices(void);

/*
 * Accesses of the guest. Each is timed: one that costs more than a second of
 * this thread's CPU time aborts. No access may, with the sanitizers' slowness
 * and all.
 */
void fuzz_write(uint64_t addr, uint64_t value, unsigned size);
uint64_t fuzz_read(uint64_t addr, unsigned size);
void fuzz_config_write(unsigned bus, unsigned devfn, unsigned reg,
                       uint32_t value, unsigned size);
void fuzz_out(uint16_t port, uint32_t value);
/* RAM below the arena's end; what lies outside is left out. */
void fuzz_store(uint64_t addr, const void *bytes, size_t size);
void fuzz_store64(uint64_t addr, uint64_t value);
uint64_t fuzz_load64(uint64_t addr);
void fuzz_clock_step(int64_t ns);
/* What other threads and bottom halves have to say. */
void fuzz_flush(void);

/* Brackets around what may hold the BQL; @what is printed. */
int64_t fuzz_hold_begin(void);
void fuzz_hold_end(int64_t begun, const char *what);

/* build */
typedef struct FuzzGuest {
    uint32_t tails[2][FUZZ_RINGS];
    unsigned orders[2][FUZZ_RINGS];
    uint32_t cam_tails[2];
    unsigned cam_orders[2];
    uint32_t seqno;
    uint32_t cq_tail;
    uint64_t next_list;
    bool has_vms;
} FuzzGuest;

extern FuzzGuest fuzz_guest;

/* What a driver would set up: queues, tables, rings, messages. */
void fuzz_build_start(FuzzInput *in);
void fuzz_build_ring(unsigned g, unsigned r, unsigned order);
/* RAM, registers, windows, configuration space, MSI-X tables, nothing. */
uint64_t fuzz_address(FuzzInput *in);
/*
 * A list of segments in the arena, which both devices' are alike. Returns its
 * address, and the bytes in it.
 */
uint64_t fuzz_build_list(FuzzInput *in, uint32_t *nsegs, uint64_t *bytes);
/* A command of a GPU's with lists; into a ring; a FENCE; and off. */
struct puck_gpu_cmd fuzz_any_command(FuzzInput *in);
void fuzz_put_command(unsigned g, unsigned r, const struct puck_gpu_cmd *cmd);
void fuzz_put_fence(unsigned g, unsigned r, unsigned flags);
void fuzz_doorbell(unsigned g, unsigned r);
void fuzz_op_job(FuzzInput *in);
void fuzz_op_burst(FuzzInput *in);
void fuzz_op_map(FuzzInput *in);
void fuzz_op_context(FuzzInput *in);
void fuzz_op_iommu_command(FuzzInput *in);
void fuzz_op_msix(FuzzInput *in);

/* vm */
void fuzz_op_vm(FuzzInput *in);

/* display */
void fuzz_op_display(FuzzInput *in);

/* camera */
void fuzz_camera_build(unsigned n);
/* Aborts if it does not work; it has just been reset. */
void fuzz_camera_check(unsigned n);
/* Of a register that does something, and of any. */
uint64_t fuzz_camera_register(FuzzInput *in);
unsigned fuzz_camera_offset(FuzzInput *in);
void fuzz_op_frame(FuzzInput *in);
void fuzz_op_frames(FuzzInput *in);
void fuzz_op_cam_queue(FuzzInput *in);
void fuzz_op_geometry(FuzzInput *in);
void fuzz_op_sensor(FuzzInput *in);
void fuzz_op_stream(FuzzInput *in);

/* rules */
void fuzz_add_rule(FuzzFunctionIndex f, const char *text);
void fuzz_op_rule(FuzzInput *in);
void fuzz_op_rule_command(FuzzInput *in);

/* ops */
void fuzz_run(FuzzInput *in, unsigned ops);

/* Of the compiler's run-time: writes the figures of the coverage so far. */
int __llvm_profile_write_file(void);

/* migrate */
void fuzz_op_migrate(FuzzInput *in);
/* Keeps states of machines that ran the inputs in folder @path. */
void fuzz_states_init(const char *path);
/* Loads one of them, changed; false if it was refused. */
bool fuzz_load_state(FuzzInput *in);

#endif /* PUCK_FUZZ_H */
