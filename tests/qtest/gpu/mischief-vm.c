/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: mischief at the sites gpu.translate and gpu.flush: pages that fail,
 * and flushes that are late, in part or not at all.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "mischief.h"
#include "vm.h"

#define AT      0x300000000ull
#define VM      5

/* VM 5 maps @count pages from AT on. */
static GpuSeg start(VmMove *m, unsigned count)
{
    GpuSeg pages;

    vm_move_start(m);
    vm_make(&m->v, VM, VM_IN_SYSTEM);
    pages = vms_system(&m->v, count);
    vm_map(&m->v, VM, AT, pages, VM_RW);
    return pages;
}

/* The page at @va is another one, and a flush is sent, which a rule sees. */
static GpuSeg move_and_flush(VmMove *m, uint64_t va)
{
    GpuSeg page = vms_system(&m->v, 1);

    vm_map(&m->v, VM, va, page, VM_RW);
    gpu_run(&m->v.e, 0, vm_flush(VM, va, PAGE));
    return page;
}

static uint64_t stale_uses(VmMove *m)
{
    return puck_r64(&m->v.e.f, PUCK_GPU_VM_STALE_USES);
}

/* A page that the tables grant, and a rule does not. */
static void test_fault(void)
{
    GpuCmd two = vm_command(PUCK_GPU_CMD_COPY, 2 * PAGE);
    GpuError error = {
        .reason = PUCK_GPU_ERR_INJECTED, .list = DST, .desc = VM,
        .addr = AT + 3 * PAGE,
    };
    uint32_t rule;
    GpuSeg pages;
    VmMove m;

    pages = start(&m, 5);
    vm_make(&m.v, 0, VM_IN_VRAM);
    vm_map(&m.v, 0, AT, vms_vram(&m.v, 5), VM_RW);
    rule = mischief_add(&m.t, "gpu.translate vm=5 va=0x300003000-0x300003fff "
                        "dir=write fault");
    two = vm_src(two, VM, AT + 10);
    error.index = m.v.e.rings[0].tail;
    error.seqno = gpu_submit(&m.v.e, 0, vm_dst(two, VM, AT + 2 * PAGE + 5));
    gpu_expect_error(&m.v.e, &error);
    g_assert_cmphex(vm_peek(&m.v, SYS(pages.addr + 2 * PAGE + 5, 4)), ==, 0);
    mischief_counted(&m.t, rule, 1, 1);
    g_assert_cmpuint(mischief_acts(&m.t, rule, "fault",
                                   ", \"ring\": 0, \"seqno\": 1, \"vm\": 5, "
                                   "\"va\": \"0x300003000\", \"len\": 4096, "
                                   "\"dir\": \"write\""), ==, 1);
    gpu_ring_recover(&m.v.e, 0);
    m.v.e.rings[0].seqno = 0;
    /* Neither the other direction, nor another page, nor another VM. */
    gpu_run(&m.v.e, 0, vm_dst(vm_src(two, VM, AT + 3 * PAGE), VM, AT));
    gpu_run(&m.v.e, 0, vm_dst(vm_src(two, 0, AT), 0, AT + 3 * PAGE));
    mischief_counted(&m.t, rule, 1, 1);
    mischief_remove(&m.t, rule);
    vm_poke(&m.v, VM, AT + 3 * PAGE, 1);
    vm_move_stop(&m);
}

/* Each page is one event, in order, the source's first; also in the TLB. */
static void test_fault_nth(void)
{
    GpuCmd two = vm_command(PUCK_GPU_CMD_COPY, 2 * PAGE);
    GpuError error = {
        .reason = PUCK_GPU_ERR_INJECTED, .list = DST, .desc = VM,
        .addr = AT + 2 * PAGE,
    };
    uint32_t rule;
    VmMove m;

    start(&m, 4);
    two = vm_dst(vm_src(two, VM, AT), VM, AT + 2 * PAGE);
    gpu_run(&m.v.e, 0, two);
    rule = mischief_add(&m.t, "gpu.translate nth=7 fault");
    gpu_run(&m.v.e, 0, two);
    error.index = m.v.e.rings[0].tail;
    error.seqno = gpu_submit(&m.v.e, 0, two);
    gpu_expect_error(&m.v.e, &error);
    mischief_counted(&m.t, rule, 7, 1);
    vm_move_stop(&m);
}

/* The TLB keeps what software has given away; each use of it is told. */
static void test_drop(void)
{
    GpuSeg old, page;
    uint32_t rule;
    VmMove m;

    old = start(&m, 1);
    rule = mischief_add(&m.t, "gpu.flush nth=1 drop");
    vm_poke(&m.v, VM, AT, 1);
    page = move_and_flush(&m, AT);
    mischief_step(&m.t, 700);
    vm_poke(&m.v, VM, AT + 16, 2);
    g_assert_cmphex(vm_peek(&m.v, SYS(old.addr + 16, 4)), ==, 2);
    vm_counted(&m.v, 1, 1, 1, 1);
    g_assert_cmpuint(mischief_acts(&m.t, rule, "drop",
                                   ", \"ring\": 0, \"seqno\": 2, \"vm\": 5, "
                                   "\"va\": \"0x300000000\", \"len\": 4096"),
                     ==, 1);
    g_assert_cmpuint(mischief_events(&m.t, rule, "stale-use",
                                     ", \"ring\": 0, \"seqno\": 3, \"vm\": 5, "
                                     "\"va\": \"0x300000010\", \"len\": 8, "
                                     "\"dir\": \"write\", .*\"since\": 700"),
                     ==, 1);
    /* Until it is replaced: the next flush is a good one. */
    gpu_run(&m.v.e, 0, vm_flush(VM, 0, 0));
    vm_poke(&m.v, VM, AT, 3);
    g_assert_cmphex(vm_peek(&m.v, page), ==, 3);
    g_assert_cmpuint(stale_uses(&m), ==, 1);
    vm_move_stop(&m);
}

/* What AUDIT finds is of no rule, and was never flushed. */
static void test_audit(void)
{
    VmMove m;

    start(&m, 1);
    puck_w32(&m.v.e.f, PUCK_GPU_VM_CTRL, PUCK_GPU_VM_AUDIT);
    vm_poke(&m.v, VM, AT, 1);
    vm_write_pte(&m.v, vm_entry(&m.v, VM, AT, 1), 0);
    mischief_step(&m.t, 50);
    vm_poke(&m.v, VM, AT, 2);
    g_assert_cmpuint(mischief_events(&m.t, 0, "stale-use",
                                     ".*\"vm\": 5, .*\"age\": 50\\}"), ==, 1);
    g_assert_cmpuint(stale_uses(&m), ==, 1);
    vm_move_stop(&m);
}

/* All but the first page; a VM that has none there cannot keep one. */
static void test_partial(void)
{
    uint32_t rule;
    GpuSeg pages;
    VmMove m;

    pages = start(&m, 3);
    for (unsigned i = 0; i < 3; i++) {
        vm_poke(&m.v, VM, AT + i * PAGE, i);
    }
    rule = mischief_add(&m.t, "gpu.flush partial");
    gpu_run(&m.v.e, 0, vm_flush(6, 0, 0));
    mischief_counted(&m.t, rule, 0, 0);
    gpu_run(&m.v.e, 0, vm_flush(VM, AT + PAGE, 2 * PAGE));
    mischief_counted(&m.t, rule, 1, 1);
    vm_counted(&m.v, 0, 3, 0, 2);
    for (unsigned i = 0; i < 3; i++) {
        vm_poke(&m.v, VM, AT + i * PAGE, i);
    }
    vm_counted(&m.v, 2, 4, 1, 3);
    g_assert_cmpuint(mischief_events(&m.t, rule, "stale-use",
                                     ".*\"va\": \"0x300001000\""), ==, 1);
    g_assert_cmphex(vm_peek(&m.v, pages), ==, 0);
    vm_move_stop(&m);
}

/* Late by a time, with which the machine moves. */
static void test_delay(void)
{
    GpuSeg old, page;
    uint32_t rule;
    VmMove m;

    old = start(&m, 1);
    rule = mischief_add(&m.t, "gpu.flush vm=5 delay=1us");
    vm_poke(&m.v, VM, AT, 1);
    page = move_and_flush(&m, AT);
    mischief_step(&m.t, 600);
    vm_poke(&m.v, VM, AT, 2);
    g_assert_cmpuint(stale_uses(&m), ==, 1);
    vm_move(&m);
    mischief_step(&m.t, 399);
    vm_poke(&m.v, VM, AT, 3);
    g_assert_cmpuint(stale_uses(&m), ==, 2);
    g_assert_cmphex(vm_peek(&m.v, old), ==, 3);
    mischief_step(&m.t, 1);
    vm_poke(&m.v, VM, AT, 4);
    g_assert_cmphex(vm_peek(&m.v, page), ==, 4);
    vm_counted(&m.v, 2, 2, 2, 1);
    g_assert_cmpuint(mischief_events(&m.t, rule, "expire",
                                     ".*\"vm\": 5, \"va\": \"0x300000000\", "
                                     "\"len\": 4096"), ==, 1);
    vm_move_stop(&m);
}

/* Whose flush it is; one for all VMs has no number, and a register no ring. */
static void test_matches(void)
{
    uint32_t by_ring, of_vm, any;
    VmMove m;

    start(&m, 1);
    by_ring = mischief_add(&m.t, "gpu.flush ring=0 drop");
    of_vm = mischief_add(&m.t, "gpu.flush vm=5 drop");
    any = mischief_add(&m.t, "gpu.flush drop");
    gpu_run(&m.v.e, 0, vm_flush(PUCK_GPU_VM_ALL, 0, 0));
    gpu_run(&m.v.e, 1, vm_flush(VM, 0, 0));
    puck_w32(&m.v.e.f, PUCK_GPU_VM_FLUSH, VM);
    puck_w32(&m.v.e.f, PUCK_GPU_VM_FLUSH, PUCK_GPU_VM_ALL);
    puck_w32(&m.v.e.f, PUCK_GPU_VM_FLUSH, 999);
    mischief_counted(&m.t, by_ring, 1, 1);
    mischief_counted(&m.t, of_vm, 2, 2);
    mischief_counted(&m.t, any, 1, 1);
    vm_move_stop(&m);
}

/* As many as can be late; the next one is a good one, and a reset forgets. */
static void test_many(void)
{
    uint32_t rule;
    VmMove m;

    start(&m, 1);
    rule = mischief_add(&m.t, "gpu.flush delay=1s");
    vm_poke(&m.v, VM, AT, 1);
    for (unsigned i = 0; i < 64; i++) {
        puck_w32(&m.v.e.f, PUCK_GPU_VM_FLUSH, VM);
    }
    vm_counted(&m.v, 0, 1, 0, 1);
    puck_w32(&m.v.e.f, PUCK_GPU_VM_FLUSH, VM);
    vm_counted(&m.v, 0, 1, 0, 0);
    mischief_counted(&m.t, rule, 64, 64);
    vm_poke(&m.v, VM, AT, 2);
    mischief_step(&m.t, 1000000000);
    puck_machine_settle(&m.v.e.m);
    vm_counted(&m.v, 0, 2, 0, 0);
    g_assert_cmpuint(mischief_events(&m.t, rule, "expire", ""), ==, 64);

    puck_w32(&m.v.e.f, PUCK_GPU_VM_FLUSH, VM);
    puck_w32(&m.v.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    mischief_step(&m.t, 1000000000);
    g_assert_cmpuint(mischief_events(&m.t, rule, "expire", ""), ==, 64);
    vm_move_stop(&m);
}

/* Late flushes as the stream has them, of which there is one. */
static void test_bad_late(void)
{
    static const struct {
        int at;                 /* from its address on, 64 bits */
        uint8_t value;
    } bad[] = {
        { -1, 20 }, { -4, 0x80 },   /* a VM that there is not */
        { 0, 1 }, { 8, 1 },         /* past 2^48: address, size */
        { 28, 0 }, { 29, 0xff },    /* no rule, no time */
    };
    g_autofree char *path = puck_log_path();
    g_autofree char *stream = NULL;
    const uint64_t va = 0x3b9ac6de5000ull;
    uint64_t mark = cpu_to_be64(va);
    char *found;
    gsize len;
    VmMove m;

    start(&m, 1);
    mischief_add(&m.t, "gpu.flush delay=1s");
    gpu_run(&m.v.e, 0, vm_flush(VM, va, PAGE));
    puck_machine_save(&m.v.e.m, path);
    g_assert_true(g_file_get_contents(path, &stream, &len, NULL));
    found = memmem(stream, len, &mark, sizeof(mark));
    g_assert_nonnull(found);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        char was = found[bad[i].at];

        g_test_message("byte %d", bad[i].at);
        found[bad[i].at] = bad[i].value;
        g_assert_true(g_file_set_contents(path, stream, len, NULL));
        puck_machine_load_fails(m.t.args, path);
        found[bad[i].at] = was;
    }
    unlink(path);
    vm_move_stop(&m);
}

void add_mischief_vm_tests(void)
{
    qtest_add_func("/puck-gpu/mischief/vm/fault", test_fault);
    qtest_add_func("/puck-gpu/mischief/vm/fault-nth", test_fault_nth);
    qtest_add_func("/puck-gpu/mischief/vm/drop", test_drop);
    qtest_add_func("/puck-gpu/mischief/vm/audit", test_audit);
    qtest_add_func("/puck-gpu/mischief/vm/partial", test_partial);
    qtest_add_func("/puck-gpu/mischief/vm/delay", test_delay);
    qtest_add_func("/puck-gpu/mischief/vm/matches", test_matches);
    qtest_add_func("/puck-gpu/mischief/vm/many", test_many);
    qtest_add_func("/puck-gpu/mischief/vm/bad_late", test_bad_late);
}
