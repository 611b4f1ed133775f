/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: page tables and TLB while the machine moves, stops and is held up:
 * what is stale stays so, a command in work is executed there, and what arrives
 * is not trusted.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "mischief.h"
#include "vm.h"

#define MiB     (1u << 20)
#define AT      0x600000000000ull
/* Not found anywhere else in a stream. */
#define MARK    0x3b9ac6de5000ull

/* Roots, AUDIT, counters, and an entry that is stale here and there. */
static void test_migration(void)
{
    GpuSeg old, page;
    uint64_t root;
    VmMove m;

    vm_move_start(&m);
    vm_make(&m.v, 19, VM_MIXED);
    root = puck_r64(&m.v.e.f, PUCK_GPU_VM_ROOT(19));
    old = vms_vram(&m.v, 1);
    page = vms_system(&m.v, 1);
    vm_map(&m.v, 19, AT, old, VM_RW);
    vm_poke(&m.v, 19, AT, 1);
    puck_w32(&m.v.e.f, PUCK_GPU_VM_CTRL, PUCK_GPU_VM_AUDIT);
    vm_map(&m.v, 19, AT, page, VM_RW);
    vm_poke(&m.v, 19, AT, 2);
    vm_counted(&m.v, 1, 1, 1, 1);
    vm_move(&m);
    vm_counted(&m.v, 1, 1, 1, 1);
    g_assert_cmphex(puck_r64(&m.v.e.f, PUCK_GPU_VM_ROOT(19)), ==, root);
    g_assert_cmphex(puck_r32(&m.v.e.f, PUCK_GPU_VM_CTRL), ==,
                    PUCK_GPU_VM_AUDIT);
    vm_poke(&m.v, 19, AT, 3);
    vm_counted(&m.v, 2, 1, 2, 1);
    g_assert_cmphex(vm_peek(&m.v, old), ==, 3);
    gpu_run(&m.v.e, 0, vm_flush(19, AT, PAGE));
    vm_poke(&m.v, 19, AT, 4);
    g_assert_cmphex(vm_peek(&m.v, page), ==, 4);
    vm_counted(&m.v, 2, 2, 2, 1);
    vm_move_stop(&m);
}

/* The order of ages comes along, and both sizes of pages. */
static void test_migration_order(void)
{
    GpuSeg pages, big;
    VmMove m;

    vm_move_start(&m);
    vm_make(&m.v, 0, VM_IN_SYSTEM);
    pages = vms_system(&m.v, 40);
    vm_map(&m.v, 0, AT, pages, VM_RW);
    big = vms_system(&m.v, 32);
    big.addr = ROUND_UP(big.addr, BIG_PAGE);
    big.len = BIG_PAGE;
    vm_map_big(&m.v, 0, AT + MiB, big, VM_RW);
    for (unsigned i = 0; i < 39; i++) {
        vm_poke(&m.v, 0, AT + i * PAGE, i);
    }
    vm_poke(&m.v, 0, AT + MiB + 5 * PAGE, 5);
    vm_poke(&m.v, 0, AT, 0);
    vm_counted(&m.v, 1, 40, 0, 40);
    vm_move(&m);
    vm_poke(&m.v, 0, AT + MiB + 6 * PAGE, 6);
    vm_counted(&m.v, 2, 40, 0, 40);
    /* Page 1 is the oldest one, page 0 is not. */
    vm_poke(&m.v, 0, AT + 39 * PAGE, 39);
    vm_poke(&m.v, 0, AT, 0);
    vm_counted(&m.v, 3, 41, 0, 40);
    vm_poke(&m.v, 0, AT + PAGE, 1);
    vm_counted(&m.v, 3, 42, 0, 40);
    vm_move_stop(&m);
}

/* A command in work: @rule, if any, has it done access by access. */
static void move_in_work(const char *rule, int64_t step)
{
    enum { PAGES = 512 };
    GpuCmd cmd = vm_command(PUCK_GPU_CMD_COPY, PAGES * PAGE);
    g_autofree uint8_t *bytes = g_malloc(PAGES * PAGE);
    g_autofree uint8_t *got = g_malloc(PAGES * PAGE);
    uint64_t ptes[2 * PAGES];
    GpuSeg from, to;
    VmMove m;

    vm_move_start(&m);
    vm_make(&m.v, 0, VM_IN_SYSTEM);
    from = vms_system(&m.v, PAGES);
    to = vms_system(&m.v, PAGES);
    for (unsigned i = 0; i < PAGES; i++) {
        memset(bytes + i * PAGE, i * 7 % 256, PAGE);
        qtest_memset(m.v.e.m.qts, from.addr + i * PAGE, bytes[i * PAGE], PAGE);
        /* None is adjacent to the one before it. */
        ptes[i] = (from.addr + (i ^ 1) * PAGE) | VM_RW;
        ptes[PAGES + i] = (to.addr + (i ^ 1) * PAGE) | VM_RW;
    }
    vm_write_ptes(&m.v, 0, AT, ptes, 2 * PAGES);
    if (rule) {
        mischief_add(&m.t, rule);
    }
    gpu_submit(&m.v.e, 0, vm_dst(vm_src(cmd, 0, AT), 0, AT + PAGES * PAGE));
    if (step) {
        g_assert_cmpuint(gpu_ring_r32(&m.v.e, 0, PUCK_GPU_RING_SEQNO), ==, 0);
        mischief_step(&m.t, step);
        g_assert_cmpuint(gpu_ring_r32(&m.v.e, 0, PUCK_GPU_RING_SEQNO), ==, 0);
    }
    vm_move(&m);
    for (unsigned i = 0; i < 100 && rule; i++) {
        puck_machine_settle(&m.v.e.m);
    }
    gpu_wait(&m.v.e, 0, 1);
    puck_machine_read(&m.v.e.m, to.addr, got, PAGES * PAGE);
    g_assert_cmpmem(got, PAGES * PAGE, bytes, PAGES * PAGE);
    vm_move_stop(&m);
}

static void test_move_thread(void)
{
    move_in_work(NULL, 0);
}

/* With the addresses translated in part. */
static void test_move_translating(void)
{
    move_in_work("dma.write iova=0-0 fault", 50000);
}

/* With the bytes moved in part. */
static void test_move_access(void)
{
    move_in_work("dma.write nth=200 delay=10ms", 3000000);
}

/*
 * An entry of the TLB as the stream has it: va, pa, made, since (64 bits each),
 * rule (32), vm (16), rights and shift (8 each); in front of all of them their
 * number (32).
 */
static void test_bad_migration(void)
{
    static const struct {
        int at;                 /* from the entry's start on */
        uint8_t value;
    } bad[] = {
        { -4, 0x80 }, { -4, 1 },    /* their number */
        { 0, 1 },                   /* an address of more than 48 bits */
        { 7, 1 },                   /* which is in the middle of the page */
        { 8, 0xff },                /* where it cannot be */
        { 15, 1 },
        { 36, 1 }, { 37, 20 },      /* a VM that there is not */
        { 38, 0 }, { 38, 0x0b },    /* rights */
        { 39, 13 }, { 39, 0 }, { 39, 255 },
    };
    g_autofree char *path = puck_log_path();
    g_autofree char *stream = NULL;
    GpuSeg page;
    gsize len;
    VmMove m;

    vm_move_start(&m);
    vm_make(&m.v, 0, VM_IN_SYSTEM);
    page = vms_system(&m.v, 1);
    vm_map(&m.v, 0, MARK, page, VM_RW);
    vm_poke(&m.v, 0, MARK, 1);
    puck_machine_save(&m.v.e.m, path);
    g_assert_true(g_file_get_contents(path, &stream, &len, NULL));
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        char *entry = puck_stream_find(stream, len, MARK);
        char was = entry[bad[i].at];

        g_test_message("byte %d", bad[i].at);
        entry[bad[i].at] = bad[i].value;
        g_assert_true(g_file_set_contents(path, stream, len, NULL));
        puck_machine_load_fails(m.t.args, path);
        entry[bad[i].at] = was;
    }
    unlink(path);
    vm_move_stop(&m);
}

/* 256 MiB of scattered pages are translated in parts, each in a hold. */
static void test_hold(void)
{
    enum { PAGES = PUCK_GPU_VA_SPAN_MAX / PAGE };
    GpuCmd cmd = vm_command(PUCK_GPU_CMD_FILL, PUCK_GPU_VA_SPAN_MAX);
    g_autofree uint64_t *ptes = g_new(uint64_t, PAGES);
    uint64_t before = 0;
    GpuSeg pages;
    VmMove m;

    vm_move_start(&m);
    vm_make(&m.v, 0, VM_IN_SYSTEM);
    pages = vms_system(&m.v, 2);
    for (unsigned i = 0; i < PAGES; i++) {
        ptes[i] = (pages.addr + i % 2 * PAGE) | VM_RW;
    }
    vm_write_ptes(&m.v, 0, AT, ptes, PAGES);
    /* In holds, as there is a rule; it matches nothing. */
    mischief_add(&m.t, "dma.write iova=0-0 fault");
    gpu_submit(&m.v.e, 0, vm_dst(cmd, 0, AT));
    for (unsigned i = 0; i < 100; i++) {
        uint64_t now = puck_r64(&m.v.e.f, PUCK_GPU_VM_MISSES);

        /* Two holds of 300 us, and a step more, at 1 us a page. */
        g_assert_cmpuint(now - before, <=, 700);
        g_assert_cmpuint(now, >, before);
        before = now;
        qtest_clock_step(m.v.e.m.qts, 50000);
    }
    g_assert_cmpuint(before, <, PAGES);
    gpu_ring_recover(&m.v.e, 0);
    before = puck_r64(&m.v.e.f, PUCK_GPU_VM_MISSES);
    puck_machine_settle(&m.v.e.m);
    vm_counted(&m.v, 0, before, 0, 40);
    gpu_alive(&m.v.e, 1);
    vm_move_stop(&m);
}

/* The device goes, and the machine stops, as threads translate. */
static void test_reset_in_work(void)
{
    enum { PAGES = 4096 };
    GpuCmd cmd = vm_command(PUCK_GPU_CMD_FILL, PAGES * PAGE);
    g_autofree uint64_t *ptes = g_new(uint64_t, PAGES);
    GpuSeg pages;
    Vms v;

    vms_start(&v, "");
    vm_make(&v, 0, VM_IN_SYSTEM);
    pages = vms_system(&v, PAGES);
    for (unsigned i = 0; i < PAGES; i++) {
        ptes[i] = (pages.addr + (i ^ 1) * PAGE) | VM_RW;
    }
    vm_write_ptes(&v, 0, AT, ptes, PAGES);
    for (unsigned i = 0; i < 20; i++) {
        for (unsigned r = 0; r < 2; r++) {
            gpu_submit(&v.e, r, vm_dst(cmd, 0, AT));
        }
        g_usleep(i * 200);
        if (i % 2) {
            qtest_qmp_assert_success(v.e.m.qts, "{ 'execute': 'stop' }");
            puck_w32(&v.e.f, PUCK_GPU_VM_FLUSH, 0);
            qtest_qmp_assert_success(v.e.m.qts, "{ 'execute': 'cont' }");
        }
        puck_w32(&v.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
        /* Nothing is entered any more, even if a thread still walks. */
        g_assert_cmpuint(puck_r32(&v.e.f, PUCK_GPU_VM_TLB_ENTRIES), ==, 0);
        for (unsigned r = 0; r < 2; r++) {
            gpu_ring_recover(&v.e, r);
            v.e.rings[r].seqno = 0;
            qtest_writeq(v.e.m.qts, v.e.rings[r].wb, 0);
            while (puck_msix_take(&v.e.m, &v.e.f, v.e.rings[r].vector, false)) {
                /* What was left over. */
            }
        }
        vm_counted(&v, 0, puck_r64(&v.e.f, PUCK_GPU_VM_MISSES), 0, 0);
        while (puck_r32(&v.e.f, PUCK_GPU_ERR_COUNT)) {
            puck_w32(&v.e.f, PUCK_GPU_ERR_POP, 0);
        }
        vm_set_root(&v, 0);
        gpu_alive(&v.e, 0);
    }
    vms_stop(&v);
}

void add_vm_move_tests(void)
{
    qtest_add_func("/puck-gpu/vm/move/state", test_migration);
    qtest_add_func("/puck-gpu/vm/move/order", test_migration_order);
    qtest_add_func("/puck-gpu/vm/move/thread", test_move_thread);
    qtest_add_func("/puck-gpu/vm/move/translating", test_move_translating);
    qtest_add_func("/puck-gpu/vm/move/access", test_move_access);
    qtest_add_func("/puck-gpu/vm/move/bad_stream", test_bad_migration);
    qtest_add_func("/puck-gpu/vm/move/reset-in-work", test_reset_in_work);
    qtest_add_func("/puck-gpu/vm/hold", test_hold);
}
