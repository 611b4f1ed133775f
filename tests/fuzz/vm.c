/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The GPUs' page tables: tables of a few VMs in the guest's memory, which are
 * then written by the CPU and by the GPU itself, while commands by address
 * and flushes are under way.
 */

#include "qemu/osdep.h"
#include "env.h"

#define VMS             4
/* Of a VM: levels 4, 3, 2; three of level 1, for 6 MiB from 0 on. */
#define TABLES          6
#define RW              (PUCK_GPU_PTE_READ | PUCK_GPU_PTE_WRITE)
#define BIG_ENTRIES     (PUCK_GPU_PAGE_SIZE_BIG / PUCK_GPU_PAGE_SIZE)
#define DATA_PAGES      (FUZZ_DATA_SIZE / PUCK_GPU_PAGE_SIZE)
#define VRAM_PAGES      (FUZZ_VRAM_SIZE / PUCK_GPU_PAGE_SIZE)

static uint64_t regs_of(unsigned g)
{
    return fuzz_functions[FUZZ_DEV0 + g].regs;
}

static uint64_t table_of(unsigned g, unsigned vm, unsigned i)
{
    return FUZZ_VM_TABLES + PUCK_GPU_PAGE_SIZE * (TABLES * (VMS * g + vm) + i);
}

/* ---- what a driver would set up ---- */

static void store_table(uint64_t at, uint64_t first, uint64_t step, unsigned n)
{
    uint64_t entries[PUCK_GPU_PT_ENTRIES] = { };

    for (unsigned i = 0; i < n; i++) {
        entries[i] = cpu_to_le64(first + i * step);
    }
    fuzz_store(at, entries, sizeof(entries));
}

static void build_vm(unsigned g, unsigned vm)
{
    store_table(table_of(g, vm, 0), table_of(g, vm, 1) | RW, 0, 1);
    store_table(table_of(g, vm, 1), table_of(g, vm, 2) | RW, 0, 1);
    store_table(table_of(g, vm, 2), table_of(g, vm, 3) | RW,
                PUCK_GPU_PAGE_SIZE, 3);
    store_table(table_of(g, vm, 3), FUZZ_DATA | RW, PUCK_GPU_PAGE_SIZE,
                DATA_PAGES);
    store_table(table_of(g, vm, 4), PUCK_GPU_PTE_VRAM | RW, PUCK_GPU_PAGE_SIZE,
                VRAM_PAGES);
    store_table(table_of(g, vm, 5), FUZZ_DATA | PUCK_GPU_PTE_BIG | RW, 0,
                BIG_ENTRIES);
    fuzz_write(regs_of(g) + PUCK_GPU_VM_ROOT(vm),
               table_of(g, vm, 0) | PUCK_GPU_VM_ROOT_VALID, 8);
}

/* Only inputs that use VMs pay for them. */
static void build_all(void)
{
    QEMU_BUILD_BUG_ON(2 * VMS * TABLES * PUCK_GPU_PAGE_SIZE >
                      FUZZ_VM_TABLES_SIZE);

    for (unsigned g = 0; g < 2; g++) {
        fuzz_write(regs_of(g) + PUCK_GPU_VM_CTRL, PUCK_GPU_VM_AUDIT, 4);
        for (unsigned vm = 0; vm < VMS; vm++) {
            build_vm(g, vm);
        }
    }
    fuzz_guest.has_vms = true;
}

/* ---- steps ---- */

static uint64_t any_va(FuzzInput *in)
{
    uint64_t va = (uint64_t)fuzz_pick(in, 3 * PUCK_GPU_PT_ENTRIES) *
                  PUCK_GPU_PAGE_SIZE;

    if (fuzz_rarely(in, 4)) {
        va += fuzz_pick(in, PUCK_GPU_PAGE_SIZE);
    }
    return fuzz_rarely(in, 12) ? fuzz_number(in) : va;
}

static uint32_t any_vm(FuzzInput *in)
{
    return fuzz_rarely(in, 12) ? fuzz_number(in) : fuzz_pick(in, VMS);
}

static uint64_t any_length(FuzzInput *in)
{
    static const uint64_t lengths[] = {
        1, 64, 4096, 5000, 65536, 0x40000, FUZZ_DATA_SIZE, 1ull << 28,
    };

    return fuzz_rarely(in, 12) ? fuzz_number(in) :
           lengths[fuzz_pick(in, ARRAY_SIZE(lengths))];
}

/* A command of any kind of which one operand or both are addresses. */
static void step_job(FuzzInput *in, unsigned g, unsigned r)
{
    struct puck_gpu_cmd cmd = fuzz_any_command(in);
    unsigned which = 1 + fuzz_pick(in, 3);

    cmd.vm = cpu_to_le32(any_vm(in));
    if (which & 1) {
        cmd.flags |= cpu_to_le16(PUCK_GPU_DST_VA);
        cmd.dst_list = cpu_to_le64(any_va(in));
        cmd.dst_nsegs = 0;
    }
    if (which & 2 && cmd.opcode != cpu_to_le16(PUCK_GPU_CMD_FILL)) {
        cmd.flags |= cpu_to_le16(PUCK_GPU_SRC_VA);
        cmd.src_list = cpu_to_le64(any_va(in));
        cmd.src_nsegs = 0;
    }
    if (cmd.length) {
        cmd.length = cpu_to_le64(any_length(in));
    }
    fuzz_put_command(g, r, &cmd);
}

static void step_flush(FuzzInput *in, unsigned g, unsigned r)
{
    struct puck_gpu_cmd cmd = {
        .opcode = cpu_to_le16(PUCK_GPU_CMD_TLB_FLUSH),
        .seqno = cpu_to_le32(fuzz_guest.seqno + 1),
    };

    if (!fuzz_rarely(in, 3)) {
        cmd.src_list = cpu_to_le64(any_va(in));
        cmd.length = cpu_to_le64(any_length(in));
    }
    cmd.vm = cpu_to_le32(fuzz_rarely(in, 4) ? PUCK_GPU_VM_ALL : any_vm(in));
    fuzz_put_command(g, r, &cmd);
}

static uint64_t any_entry(FuzzInput *in, unsigned g, unsigned vm)
{
    switch (fuzz_pick(in, 8)) {
    case 0:
        return 0;
    case 1:
        return ((uint64_t)fuzz_pick(in, VRAM_PAGES + 2) << 12) |
               PUCK_GPU_PTE_VRAM | fuzz_pick(in, 4);
    case 2:
        return ((FUZZ_DATA & PUCK_GPU_PTE_ADDR_BIG) +
                ((uint64_t)fuzz_pick(in, 16) << 16)) |
               PUCK_GPU_PTE_BIG | fuzz_pick(in, 4);
    case 3:
        return table_of(g, vm, fuzz_pick(in, TABLES)) | fuzz_pick(in, 16);
    case 4:
        return (fuzz_address(in) & PUCK_GPU_PTE_ADDR) | fuzz_pick(in, 16);
    case 5:
        return fuzz_number(in);
    default:
        return (FUZZ_DATA + ((uint64_t)fuzz_pick(in, DATA_PAGES) << 12)) |
               fuzz_pick(in, 4);
    }
}

/* By the CPU: one entry, or as many as 64 KiB take. */
static void step_entries(FuzzInput *in, unsigned g)
{
    unsigned vm = fuzz_pick(in, VMS), n = fuzz_rarely(in, 3) ? BIG_ENTRIES : 1;
    unsigned table = fuzz_rarely(in, 4) ? fuzz_pick(in, 3) :
                     3 + fuzz_pick(in, 3);
    unsigned first = fuzz_pick(in, PUCK_GPU_PT_ENTRIES - n + 1);
    uint64_t value = any_entry(in, g, vm);

    for (unsigned i = 0; i < n; i++) {
        fuzz_store64(table_of(g, vm, table) + 8 * (first + i), value);
    }
}

/*
 * By the GPU: entries from memory where jobs write, too, or one value in all.
 * It may write the very tables that it is translated by.
 */
static void step_update(FuzzInput *in, unsigned g, unsigned r)
{
    uint64_t table = table_of(g, fuzz_pick(in, VMS), fuzz_pick(in, TABLES));
    uint32_t bytes = 8 * (1 + fuzz_pick(in, PUCK_GPU_PT_ENTRIES));
    struct puck_gpu_seg seg = {
        .addr = cpu_to_le64(table), .len = cpu_to_le32(bytes),
    };
    struct puck_gpu_cmd cmd = fuzz_any_command(in);
    uint64_t list = le64_to_cpu(cmd.dst_list);

    fuzz_store(list, &seg, sizeof(seg));
    cmd.dst_nsegs = cpu_to_le32(1);
    cmd.length = cpu_to_le64(bytes);
    fuzz_put_command(g, r, &cmd);
}

static void step_register(FuzzInput *in, unsigned g)
{
    uint64_t regs = regs_of(g);
    unsigned vm = fuzz_pick(in, VMS);
    uint64_t flags = fuzz_pick(in, 4);

    switch (fuzz_pick(in, 4)) {
    case 0:
        fuzz_write(regs + PUCK_GPU_VM_CTRL, fuzz_number(in), 4);
        break;
    case 1:
        fuzz_write(regs + PUCK_GPU_VM_FLUSH,
                   fuzz_rarely(in, 4) ? PUCK_GPU_VM_ALL : any_vm(in), 4);
        break;
    case 2:
        fuzz_write(regs + PUCK_GPU_VM_ROOT(vm), fuzz_rarely(in, 4) ?
                   fuzz_number(in) : table_of(g, vm, 0) | flags, 8);
        break;
    default:
        fuzz_read(regs + PUCK_GPU_VM_COUNT + 4 * fuzz_pick(in, 12), 4);
        fuzz_write(regs + PUCK_GPU_VM_ROOT(0) + fuzz_pick(in, 0x208),
                   fuzz_number(in), 1 << fuzz_pick(in, 4));
    }
}

static void step_rule(FuzzInput *in, unsigned g)
{
    static const char *const rules[] = {
        "gpu.translate prob=1/8 fault", "gpu.translate vm=1 every=3 fault",
        "gpu.flush drop", "gpu.flush partial", "gpu.flush vm=0 delay=1us",
        "gpu.flush delay=20ms", "gpu.flush every=2 delay=1s",
    };

    fuzz_add_rule(FUZZ_DEV0 + g, rules[fuzz_pick(in, ARRAY_SIZE(rules))]);
}

/* Some of them in one ring, mostly behind one doorbell. */
void fuzz_op_vm(FuzzInput *in)
{
    unsigned g = fuzz_pick(in, 2), r = fuzz_pick(in, FUZZ_RINGS);
    unsigned n = 1 + fuzz_pick(in, 8);

    if (!fuzz_guest.has_vms) {
        build_all();
    }
    while (n--) {
        unsigned which = fuzz_pick(in, 16);

        if (which < 6) {
            step_job(in, g, r);
        } else if (which < 8) {
            step_flush(in, g, r);
        } else if (which < 11) {
            step_entries(in, g);
        } else if (which < 13) {
            step_update(in, g, r);
        } else if (which < 15) {
            step_register(in, g);
        } else {
            step_rule(in, g);
        }
        if (fuzz_rarely(in, 8)) {
            fuzz_doorbell(g, r);
        }
    }
    fuzz_put_fence(g, r, PUCK_GPU_FENCE_IRQ);
    fuzz_doorbell(g, r);
}
