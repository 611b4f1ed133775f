/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of puck-gpu's page tables share.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "vm.h"

void vms_start(Vms *v, const char *options)
{
    *v = (Vms) { };
    gpu_start(&v->e, options, "");
}

void vms_stop(Vms *v)
{
    gpu_stop(&v->e);
}

GpuSeg vms_vram(Vms *v, unsigned pages)
{
    GpuSeg at = VRAM(v->vram_page, pages * PAGE);

    v->vram_page += at.len;
    g_assert_cmpuint(v->vram_page, <=, GPU_VRAM_SIZE);
    return at;
}

GpuSeg vms_system(Vms *v, unsigned pages)
{
    return SYS(puck_machine_pages(&v->e.m, pages), pages * PAGE);
}

static GpuSeg new_table(Vms *v, unsigned n, unsigned level)
{
    static const uint8_t zeroes[PAGE];
    bool in_vram = v->places[n] == VM_IN_VRAM ||
                   (v->places[n] == VM_MIXED && level % 2 == 0);
    GpuSeg table = in_vram ? vms_vram(v, 1) : vms_system(v, 1);

    gpu_write(&v->e, table, zeroes);
    return table;
}

void vm_set_root(Vms *v, unsigned n)
{
    GpuSeg root = v->roots[n];

    puck_w64(&v->e.f, PUCK_GPU_VM_ROOT(n), root.addr | PUCK_GPU_VM_ROOT_VALID |
             (root.flags ? PUCK_GPU_VM_ROOT_VRAM : 0));
}

void vm_make(Vms *v, unsigned n, VmPlace place)
{
    v->places[n] = place;
    v->roots[n] = new_table(v, n, PUCK_GPU_PT_LEVELS);
    vm_set_root(v, n);
}

static GpuSeg entry_in(GpuSeg table, uint64_t va, unsigned level)
{
    uint64_t index = va >> (12 + 9 * (level - 1)) & 511;

    table.addr += 8 * index;
    table.len = 8;
    return table;
}

uint64_t vm_pte(GpuSeg page, uint64_t bits)
{
    return page.addr | bits | (page.flags ? PUCK_GPU_PTE_VRAM : 0);
}

void vm_write_pte(Vms *v, GpuSeg entry, uint64_t pte)
{
    pte = cpu_to_le64(pte);
    gpu_write(&v->e, entry, &pte);
}

GpuSeg vm_entry(Vms *v, unsigned n, uint64_t va, unsigned level)
{
    GpuSeg table = v->roots[n];

    for (unsigned at = PUCK_GPU_PT_LEVELS; at > level; at--) {
        GpuSeg entry = entry_in(table, va, at);
        uint64_t pte;

        gpu_read(&v->e, entry, &pte);
        pte = le64_to_cpu(pte);
        if (!pte) {
            pte = vm_pte(new_table(v, n, at - 1), VM_RW);
            vm_write_pte(v, entry, pte);
        }
        table.addr = pte & PUCK_GPU_PTE_ADDR;
        table.flags = pte & PUCK_GPU_PTE_VRAM ? PUCK_GPU_SEG_VRAM : 0;
    }
    return entry_in(table, va, level);
}

void vm_write_ptes(Vms *v, unsigned n, uint64_t va, const uint64_t *ptes,
                   unsigned count)
{
    uint64_t raw[PUCK_GPU_PT_ENTRIES];

    while (count) {
        GpuSeg entry = vm_entry(v, n, va, 1);
        unsigned here = MIN(count, (PAGE - entry.addr % PAGE) / 8);

        for (unsigned i = 0; i < here; i++) {
            raw[i] = cpu_to_le64(ptes[i]);
        }
        entry.len = 8 * here;
        gpu_write(&v->e, entry, raw);
        ptes += here;
        va += (uint64_t)here * PAGE;
        count -= here;
    }
}

/* Pages of @size bytes each. */
static void map_pages(Vms *v, unsigned n, uint64_t va, GpuSeg to,
                      uint64_t bits, unsigned size)
{
    unsigned count = to.len / PAGE;
    g_autofree uint64_t *ptes = g_new(uint64_t, count);
    GpuSeg page = to;

    for (unsigned i = 0; i < count; i++) {
        page.addr = to.addr + i * PAGE / size * size;
        ptes[i] = vm_pte(page, bits);
    }
    vm_write_ptes(v, n, va, ptes, count);
}

void vm_map(Vms *v, unsigned n, uint64_t va, GpuSeg to, uint64_t bits)
{
    map_pages(v, n, va, to, bits, PAGE);
}

void vm_map_big(Vms *v, unsigned n, uint64_t va, GpuSeg to, uint64_t bits)
{
    g_assert_cmpuint(va % BIG_PAGE + to.addr % BIG_PAGE + to.len % BIG_PAGE,
                     ==, 0);
    map_pages(v, n, va, to, bits | PUCK_GPU_PTE_BIG, BIG_PAGE);
}

GpuCmd vm_src(GpuCmd cmd, uint32_t n, uint64_t va)
{
    cmd.flags |= cpu_to_le16(PUCK_GPU_SRC_VA);
    cmd.src_list = cpu_to_le64(va);
    cmd.src_nsegs = 0;
    cmd.vm = cpu_to_le32(n);
    return cmd;
}

GpuCmd vm_dst(GpuCmd cmd, uint32_t n, uint64_t va)
{
    cmd.flags |= cpu_to_le16(PUCK_GPU_DST_VA);
    cmd.dst_list = cpu_to_le64(va);
    cmd.dst_nsegs = 0;
    cmd.vm = cpu_to_le32(n);
    return cmd;
}

GpuCmd vm_command(uint16_t opcode, uint64_t length)
{
    return (GpuCmd) {
        .opcode = cpu_to_le16(opcode), .length = cpu_to_le64(length),
    };
}

GpuCmd vm_flush(uint32_t n, uint64_t va, uint64_t length)
{
    GpuCmd cmd = vm_command(PUCK_GPU_CMD_TLB_FLUSH, length);

    cmd.src_list = cpu_to_le64(va);
    cmd.vm = cpu_to_le32(n);
    return cmd;
}

void vm_counted(Vms *v, uint64_t hits, uint64_t misses, uint64_t stale,
                uint32_t entries)
{
    g_assert_cmpuint(puck_r64(&v->e.f, PUCK_GPU_VM_HITS), ==, hits);
    g_assert_cmpuint(puck_r64(&v->e.f, PUCK_GPU_VM_MISSES), ==, misses);
    g_assert_cmpuint(puck_r64(&v->e.f, PUCK_GPU_VM_STALE_USES), ==, stale);
    g_assert_cmpuint(puck_r32(&v->e.f, PUCK_GPU_VM_TLB_ENTRIES), ==, entries);
}

void vm_poke(Vms *v, unsigned n, uint64_t va, uint32_t value)
{
    GpuCmd cmd = vm_command(PUCK_GPU_CMD_FILL, 8);

    cmd.fill.value = cpu_to_le32(value);
    gpu_run(&v->e, 0, vm_dst(cmd, n, va));
}

uint32_t vm_peek(Vms *v, GpuSeg at)
{
    uint32_t value;

    at.len = sizeof(value);
    gpu_read(&v->e, at, &value);
    return le32_to_cpu(value);
}

void vm_move_start(VmMove *m)
{
    *m = (VmMove) { };
    mischief_start(&m->t, ",vms=20,tlb-entries=40");
    m->v.e = m->t.e;
}

void vm_move(VmMove *m)
{
    Mischief to;

    m->t.e = m->v.e;
    mischief_move(&m->t, &to);
    m->t = to;
    m->v.e = to.e;
}

void vm_move_stop(VmMove *m)
{
    m->t.e = m->v.e;
    mischief_stop(&m->t);
}
