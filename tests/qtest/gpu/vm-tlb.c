/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the TLB: what it keeps, for how long, what a flush drops, and what
 * a missing one looks like.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "vm.h"

#define AT      0x200000000ull
#define RO      PUCK_GPU_PTE_READ
#define WO      PUCK_GPU_PTE_WRITE

/* A machine with VM @n, which maps @count pages from AT on. */
static GpuSeg start_mapped(Vms *v, const char *options, unsigned n,
                           unsigned count)
{
    GpuSeg pages;

    vms_start(v, options);
    vm_make(v, n, VM_IN_SYSTEM);
    pages = vms_system(v, count);
    vm_map(v, n, AT, pages, VM_RW);
    return pages;
}

/* Changes the page at @va of VM @n to another one, and tells nobody. */
static GpuSeg move_page(Vms *v, unsigned n, uint64_t va)
{
    GpuSeg page = vms_system(v, 1);

    vm_map(v, n, va, page, VM_RW);
    return page;
}

static void flush_by_ring(Vms *v, unsigned r, uint32_t n, uint64_t va,
                          uint64_t length)
{
    gpu_run(&v->e, r, vm_flush(n, va, length));
}

static void test_counters(void)
{
    GpuCmd cmd = vm_command(PUCK_GPU_CMD_FILL, 5 * PAGE);
    Vms v;

    start_mapped(&v, "", 3, 6);
    gpu_run(&v.e, 0, vm_dst(cmd, 3, AT + 1));
    vm_counted(&v, 0, 6, 0, 6);
    gpu_run(&v.e, 1, vm_dst(cmd, 3, AT + 1));
    vm_counted(&v, 6, 6, 0, 6);
    vm_poke(&v, 3, AT + 2 * PAGE - 4, 1);
    vm_counted(&v, 8, 6, 0, 6);
    vms_stop(&v);
}

/* As many as there is room for; and one more, each of which is looked for. */
static void test_capacity(void)
{
    GpuCmd four = vm_command(PUCK_GPU_CMD_FILL, 4 * PAGE);
    GpuCmd five = vm_command(PUCK_GPU_CMD_FILL, 5 * PAGE);
    Vms v;

    start_mapped(&v, ",tlb-entries=4", 0, 5);
    for (unsigned i = 0; i < 3; i++) {
        gpu_run(&v.e, 0, vm_dst(four, 0, AT));
        vm_counted(&v, 4 * i, 4, 0, 4);
    }
    /* Page 4 takes the place of page 0, the oldest one, and so on. */
    for (unsigned i = 0; i < 3; i++) {
        puck_w32(&v.e.f, PUCK_GPU_VM_FLUSH, 0);
        gpu_run(&v.e, 0, vm_dst(five, 0, AT));
    }
    gpu_run(&v.e, 0, vm_dst(five, 0, AT));
    vm_counted(&v, 8, 4 + 4 * 5, 0, 4);
    vms_stop(&v);
}

/* 64K take one entry; a 4K entry that holds the same serves before it. */
static void test_big(void)
{
    GpuCmd cmd = vm_command(PUCK_GPU_CMD_FILL, BIG_PAGE);
    GpuSeg big, small;
    Vms v;

    vms_start(&v, "");
    vm_make(&v, 0, VM_IN_SYSTEM);
    big = vms_system(&v, 32);
    big.addr = ROUND_UP(big.addr, BIG_PAGE);
    big.len = BIG_PAGE;
    small = vms_system(&v, 1);
    vm_map(&v, 0, AT + 3 * PAGE, small, VM_RW);
    vm_poke(&v, 0, AT + 3 * PAGE, 0x11);
    vm_map_big(&v, 0, AT, big, VM_RW);
    gpu_run(&v.e, 0, vm_dst(cmd, 0, AT));
    /* One walk, for page 0; of the 15 others one was there before. */
    vm_counted(&v, 15, 2, 0, 2);
    g_assert_cmphex(vm_peek(&v, small), ==, 0);
    vm_poke(&v, 0, AT + 3 * PAGE, 0x22);
    g_assert_cmphex(vm_peek(&v, small), ==, 0x22);
    flush_by_ring(&v, 0, 0, AT + 3 * PAGE, PAGE);
    vm_counted(&v, 16, 2, 0, 0);
    vm_poke(&v, 0, AT + 3 * PAGE, 0x33);
    g_assert_cmphex(vm_peek(&v, SYS(big.addr + 3 * PAGE, 4)), ==, 0x33);
    vms_stop(&v);
}

/* What has never been there needs no flush, nor what gets more rights. */
static void test_no_flush_needed(void)
{
    GpuCmd crc = vm_command(PUCK_GPU_CMD_CRC32C, 8);
    GpuSeg page;
    Vms v;

    start_mapped(&v, "", 0, 1);
    vm_poke(&v, 0, AT, 1);
    page = move_page(&v, 0, AT + PAGE);
    vm_poke(&v, 0, AT + PAGE, 2);
    g_assert_cmphex(vm_peek(&v, page), ==, 2);
    /* Read through an entry that says no more; then it may be written. */
    page = vms_system(&v, 1);
    vm_map(&v, 0, AT + 2 * PAGE, page, RO);
    gpu_run(&v.e, 0, vm_dst(vm_src(crc, 0, AT + 2 * PAGE), 0, AT));
    vm_map(&v, 0, AT + 2 * PAGE, page, VM_RW);
    vm_poke(&v, 0, AT + 2 * PAGE, 3);
    g_assert_cmphex(vm_peek(&v, page), ==, 3);
    vm_counted(&v, 1, 4, 0, 3);
    vms_stop(&v);
}

/* A page that moved, a table that moved, a root that moved: nobody notices. */
static void test_stale(void)
{
    GpuSeg old, page;
    Vms v;

    old = start_mapped(&v, "", 0, 1);
    vm_poke(&v, 0, AT, 1);
    page = move_page(&v, 0, AT);
    vm_poke(&v, 0, AT, 2);
    g_assert_cmphex(vm_peek(&v, old), ==, 2);
    vm_write_pte(&v, vm_entry(&v, 0, AT, 3), 0);
    vm_poke(&v, 0, AT, 3);
    g_assert_cmphex(vm_peek(&v, old), ==, 3);
    g_assert_cmphex(vm_peek(&v, page), ==, 0);
    vm_make(&v, 0, VM_IN_VRAM);
    vm_poke(&v, 0, AT, 4);
    g_assert_cmphex(vm_peek(&v, old), ==, 4);

    page = move_page(&v, 0, AT);
    flush_by_ring(&v, 0, 0, 0, 0);
    vm_poke(&v, 0, AT, 5);
    g_assert_cmphex(vm_peek(&v, old), ==, 4);
    g_assert_cmphex(vm_peek(&v, page), ==, 5);
    /* Nobody looked. */
    vm_counted(&v, 3, 2, 0, 1);
    vms_stop(&v);
}

/* Each use of an entry that is not so any more counts, and of no other. */
static void test_audit(void)
{
    GpuCmd two = vm_command(PUCK_GPU_CMD_FILL, 2 * PAGE);
    GpuCmd crc = vm_command(PUCK_GPU_CMD_CRC32C, 8);
    GpuSeg pages, page;
    Vms v;

    pages = start_mapped(&v, "", 0, 4);
    puck_w32(&v.e.f, PUCK_GPU_VM_CTRL, PUCK_GPU_VM_AUDIT);
    gpu_run(&v.e, 0, vm_dst(two, 0, AT));
    gpu_run(&v.e, 0, vm_dst(two, 0, AT));
    vm_counted(&v, 2, 2, 0, 2);
    /* Another page. */
    page = move_page(&v, 0, AT + PAGE);
    gpu_run(&v.e, 0, vm_dst(two, 0, AT));
    vm_counted(&v, 4, 2, 1, 2);
    g_assert_cmphex(vm_peek(&v, page), ==, 0);
    /* None; it is served all the same. */
    vm_write_pte(&v, vm_entry(&v, 0, AT, 1), 0);
    vm_poke(&v, 0, AT, 7);
    vm_counted(&v, 5, 2, 2, 2);
    g_assert_cmphex(vm_peek(&v, pages), ==, 7);
    /* The same offset, but in VRAM; and fewer rights than are used. */
    vm_map(&v, 0, AT, SYS(0x1000, PAGE), VM_RW);
    flush_by_ring(&v, 0, 0, AT, PAGE);
    gpu_run(&v.e, 0, vm_dst(vm_src(crc, 0, AT), 0, AT + PAGE));
    vm_counted(&v, 6, 3, 3, 2);
    vm_map(&v, 0, AT, VRAM(0x1000, PAGE), VM_RW);
    gpu_run(&v.e, 0, vm_dst(vm_src(crc, 0, AT), 0, AT + PAGE));
    vm_counted(&v, 8, 3, 5, 2);
    vm_map(&v, 0, AT, SYS(0x1000, PAGE), WO);
    gpu_run(&v.e, 0, vm_dst(vm_src(crc, 0, AT), 0, AT + PAGE));
    vm_counted(&v, 10, 3, 7, 2);
    /* Other rights and the same page are no difference. */
    vm_map(&v, 0, AT, SYS(0x1000, PAGE), RO);
    flush_by_ring(&v, 0, 0, AT + PAGE, PAGE);
    gpu_run(&v.e, 0, vm_dst(vm_src(crc, 0, AT), 0, AT + PAGE));
    vm_counted(&v, 11, 4, 7, 2);
    puck_w32(&v.e.f, PUCK_GPU_VM_CTRL, 0);
    vm_write_pte(&v, vm_entry(&v, 0, AT + PAGE, 1), 0);
    vm_poke(&v, 0, AT + PAGE, 8);
    vm_counted(&v, 12, 4, 7, 2);
    vms_stop(&v);
}

/* What each kind of flush drops of what two VMs hold. */
static void test_flushes(void)
{
    static const struct {
        const char *what;
        uint32_t vm;
        uint64_t va, length;
        uint32_t left;
        bool by_register;
    } cases[] = {
        { "a page", 1, AT + PAGE, PAGE, 7, false },
        { "some pages", 1, AT + PAGE, 2 * PAGE, 6, false },
        { "more than there are", 1, AT, 1ull << 40, 4, false },
        { "all addresses", 1, 0, 1ull << 48, 4, false },
        { "what is in front", 1, 0, AT, 8, false },
        { "what is behind", 1, AT + 4 * PAGE, 1ull << 47, 8, false },
        { "a VM", 1, 0, 0, 4, false },
        { "a VM without anything", 5, 0, 0, 8, false },
        { "a VM without a table", 63, 0, 0, 8, false },
        { "everything", PUCK_GPU_VM_ALL, 0, 0, 0, false },
        { "a VM, by register", 2, 0, 0, 4, true },
        { "everything, by register", PUCK_GPU_VM_ALL, 0, 0, 0, true },
        { "no VM, by register", 64, 0, 0, 8, true },
        { "no VM, by register", UINT32_MAX - 1, 0, 0, 8, true },
    };
    GpuCmd fill = vm_command(PUCK_GPU_CMD_FILL, 4 * PAGE);
    Vms v;

    start_mapped(&v, "", 1, 4);
    vm_make(&v, 2, VM_IN_VRAM);
    vm_map(&v, 2, AT, vms_vram(&v, 4), VM_RW);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].what);
        gpu_run(&v.e, 0, vm_dst(fill, 1, AT));
        gpu_run(&v.e, 0, vm_dst(fill, 2, AT));
        g_assert_cmpuint(puck_r32(&v.e.f, PUCK_GPU_VM_TLB_ENTRIES), ==, 8);
        if (cases[i].by_register) {
            puck_w32(&v.e.f, PUCK_GPU_VM_FLUSH, cases[i].vm);
        } else {
            flush_by_ring(&v, 1, cases[i].vm, cases[i].va, cases[i].length);
        }
        g_assert_cmpuint(puck_r32(&v.e.f, PUCK_GPU_VM_TLB_ENTRIES), ==,
                         cases[i].left);
    }
    g_assert_cmpuint(puck_r32(&v.e.f, PUCK_GPU_ERR_COUNT), ==, 0);
    vms_stop(&v);
}

/* The same address of two VMs is two pages. */
static void test_two_vms(void)
{
    GpuSeg first, second;
    Vms v;

    first = start_mapped(&v, "", 0, 1);
    vm_make(&v, 63, VM_MIXED);
    second = vms_vram(&v, 1);
    vm_map(&v, 63, AT, second, VM_RW);
    for (unsigned i = 1; i < 4; i++) {
        vm_poke(&v, 0, AT, i);
        vm_poke(&v, 63, AT, 100 + i);
        g_assert_cmphex(vm_peek(&v, first), ==, i);
        g_assert_cmphex(vm_peek(&v, second), ==, 100 + i);
    }
    vm_counted(&v, 4, 2, 0, 2);
    vms_stop(&v);
}

/*
 * A ring writes entries, flushes and uses them, all behind one doorbell. Tables
 * are in VRAM, where a driver whose BAR does not show them has no other way.
 */
static void test_written_by_gpu(void)
{
    GpuSeg old, page, entry, staging;
    GpuCmd fill = vm_command(PUCK_GPU_CMD_FILL, 8);
    uint64_t pte;
    Vms v;

    vms_start(&v, "");
    vm_make(&v, 4, VM_IN_VRAM);
    old = vms_vram(&v, 1);
    page = vms_system(&v, 1);
    staging = vms_system(&v, 1);
    vm_map(&v, 4, AT, old, VM_RW);
    entry = vm_entry(&v, 4, AT, 1);
    pte = cpu_to_le64(vm_pte(page, VM_RW));
    gpu_write(&v.e, SYS(staging.addr, 8), &pte);
    fill.fill.value = cpu_to_le32(1);
    gpu_emit(&v.e, 0, vm_dst(fill, 4, AT));
    gpu_emit(&v.e, 0, gpu_copy(&v.e, entry, SYS(staging.addr, 8), 8));
    fill.fill.value = cpu_to_le32(2);
    gpu_emit(&v.e, 0, vm_dst(fill, 4, AT));
    gpu_emit(&v.e, 0, vm_flush(4, AT, PAGE));
    fill.fill.value = cpu_to_le32(3);
    gpu_emit(&v.e, 0, vm_dst(fill, 4, AT));
    /* And cleared, by FILL: there is nothing there any more. */
    gpu_emit(&v.e, 0, gpu_fill(&v.e, entry, 8, 0));
    gpu_emit(&v.e, 0, vm_flush(4, AT, PAGE));
    gpu_fence(&v.e, 0, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(&v.e, 0);
    gpu_wait(&v.e, 0, v.e.rings[0].seqno);
    g_assert_cmphex(vm_peek(&v, old), ==, 2);
    g_assert_cmphex(vm_peek(&v, page), ==, 3);
    vm_counted(&v, 1, 2, 0, 0);
    vms_stop(&v);
}

/* A reset of a ring is none of the TLB's business, one of the device is. */
static void test_reset(void)
{
    Vms v;

    start_mapped(&v, "", 7, 1);
    puck_w32(&v.e.f, PUCK_GPU_VM_CTRL, PUCK_GPU_VM_AUDIT);
    vm_poke(&v, 7, AT, 1);
    vm_poke(&v, 7, AT, 1);
    move_page(&v, 7, AT);
    vm_poke(&v, 7, AT, 1);
    gpu_ring_recover(&v.e, 0);
    vm_counted(&v, 2, 1, 1, 1);
    g_assert_cmphex(puck_r64(&v.e.f, PUCK_GPU_VM_ROOT(7)), !=, 0);
    puck_w32(&v.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    vm_counted(&v, 0, 0, 0, 0);
    g_assert_cmphex(puck_r64(&v.e.f, PUCK_GPU_VM_ROOT(7)), ==, 0);
    g_assert_cmphex(puck_r32(&v.e.f, PUCK_GPU_VM_CTRL), ==, 0);
    vms_stop(&v);
}

void add_vm_tlb_tests(void)
{
    qtest_add_func("/puck-gpu/vm/tlb/counters", test_counters);
    qtest_add_func("/puck-gpu/vm/tlb/capacity", test_capacity);
    qtest_add_func("/puck-gpu/vm/tlb/big", test_big);
    qtest_add_func("/puck-gpu/vm/tlb/no-flush-needed", test_no_flush_needed);
    qtest_add_func("/puck-gpu/vm/tlb/stale", test_stale);
    qtest_add_func("/puck-gpu/vm/tlb/audit", test_audit);
    qtest_add_func("/puck-gpu/vm/tlb/flushes", test_flushes);
    qtest_add_func("/puck-gpu/vm/tlb/two-vms", test_two_vms);
    qtest_add_func("/puck-gpu/vm/tlb/written-by-gpu", test_written_by_gpu);
    qtest_add_func("/puck-gpu/vm/tlb/reset", test_reset);
}
