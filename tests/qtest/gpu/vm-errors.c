/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: operands by address and flushes that break a rule: each is
 * reported with VM and address, halts its ring alone, and is gone after a reset
 * of the ring. Tables are the guest's, and may say anything.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "common/mischief-env.h"
#include "vm.h"

#define NONE        PUCK_GPU_ERR_DESC_NONE
#define AT          0x4000000000ull
#define VM          11
#define VA_END      (1ull << PUCK_GPU_VA_BITS)
/* Above all RAM, below all BARs. */
#define HOLE        0x8000000000ull

/* VM 11 has four pages at AT. */
static GpuSeg bad_start(Vms *v, VmPlace place)
{
    GpuSeg pages;

    vms_start(v, "");
    vm_make(v, VM, place);
    pages = vms_system(v, 4);
    vm_map(v, VM, AT, pages, VM_RW);
    return pages;
}

static GpuCmd fill(uint64_t length)
{
    GpuCmd cmd = vm_command(PUCK_GPU_CMD_FILL, length);

    cmd.fill.value = cpu_to_le32(0x5a5a5a5a);
    return cmd;
}

/* A checksum of @length bytes at @va, to the first page. */
static GpuCmd crc_of(uint64_t va, uint64_t length)
{
    return vm_dst(vm_src(vm_command(PUCK_GPU_CMD_CRC32C, length), VM, va), VM,
                  AT);
}

/* @cmd stops ring 0 so; ring 1 does not notice, and a reset makes all good. */
static void expect_halt(Vms *v, GpuCmd cmd, uint8_t reason, uint8_t list,
                        uint32_t desc, uint64_t addr)
{
    GpuEnv *e = &v->e;
    uint32_t before = gpu_ring_r32(e, 0, PUCK_GPU_RING_SEQNO);
    GpuError error = {
        .reason = reason, .ring = 0, .list = list,
        .index = e->rings[0].tail, .seqno = e->rings[0].seqno + 1,
        .desc = desc, .addr = addr,
    };

    gpu_emit(e, 0, cmd);
    gpu_fence(e, 0, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(e, 0);
    gpu_expect_error(e, &error);
    g_assert_cmphex(gpu_ring_r32(e, 0, PUCK_GPU_RING_STATUS), ==,
                    PUCK_GPU_RING_ON | PUCK_GPU_RING_HALTED);
    g_assert_cmpuint(gpu_ring_r32(e, 0, PUCK_GPU_RING_SEQNO), ==, before);
    gpu_alive(e, 1);
    gpu_ring_recover(e, 0);
    gpu_alive(e, 0);
}

static void test_bad_vm(void)
{
    static const uint32_t numbers[] = {
        0, 12, 63, 64, 65535, 65536 + VM, PUCK_GPU_VM_ALL,
    };
    Vms v;

    bad_start(&v, VM_IN_SYSTEM);
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        uint32_t n = numbers[i];

        expect_halt(&v, vm_dst(fill(8), n, AT + 5), PUCK_GPU_ERR_VM, DST, n,
                    AT + 5);
        expect_halt(&v, vm_src(gpu_crc(&v.e, SYS(0, 4), SYS(0, 8), 8), n, AT),
                    PUCK_GPU_ERR_VM, SRC, n, AT);
    }
    /* What the TLB has does not help. */
    vm_poke(&v, VM, AT, 1);
    puck_w64(&v.e.f, PUCK_GPU_VM_ROOT(VM), v.roots[VM].addr);
    expect_halt(&v, vm_dst(fill(8), VM, AT), PUCK_GPU_ERR_VM, DST, VM, AT);
    vm_set_root(&v, VM);
    vm_poke(&v, VM, AT, 1);
    vms_stop(&v);
}

/* Fewer than there could be. */
static void test_bad_vm_count(void)
{
    GpuCmd cmd = vm_flush(2, 0, 0);
    Vms v;

    vms_start(&v, ",vms=2");
    expect_halt(&v, vm_dst(fill(8), 2, 0), PUCK_GPU_ERR_VM, DST, 2, 0);
    expect_halt(&v, cmd, PUCK_GPU_ERR_VM, 0, 2, 0);
    cmd = vm_flush(64, PAGE, PAGE);
    expect_halt(&v, cmd, PUCK_GPU_ERR_VM, 0, 64, PAGE);
    gpu_run(&v.e, 0, vm_flush(1, 0, 0));
    vms_stop(&v);
}

static void test_bad_va(void)
{
    static const struct {
        uint64_t va, length;
    } bad[] = {
        { VA_END, 1 }, { VA_END - 1, 2 }, { VA_END - PAGE, PAGE + 1 },
        { UINT64_MAX, 1 }, { UINT64_MAX - 7, 8 }, { 1ull << 63 | AT, 8 },
        { VA_END - PUCK_GPU_VA_SPAN_MAX + 1, PUCK_GPU_VA_SPAN_MAX },
    };
    Vms v;

    bad_start(&v, VM_IN_VRAM);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        expect_halt(&v, vm_dst(fill(bad[i].length), VM, bad[i].va),
                    PUCK_GPU_ERR_VA, DST, VM, bad[i].va);
        expect_halt(&v, crc_of(bad[i].va, bad[i].length), PUCK_GPU_ERR_VA, SRC,
                    VM, bad[i].va);
    }
    vms_stop(&v);
}

/* Longer than an operand by address may be: nothing is looked at. */
static void test_bad_span(void)
{
    GpuCmd cmd = vm_command(PUCK_GPU_CMD_BLIT, 0);
    Vms v;

    bad_start(&v, VM_IN_SYSTEM);
    expect_halt(&v, vm_dst(fill(PUCK_GPU_VA_SPAN_MAX + 1), VM, UINT64_MAX),
                PUCK_GPU_ERR_LENGTH, 0, NONE, 0);
    expect_halt(&v, crc_of(UINT64_MAX, PUCK_GPU_VA_SPAN_MAX + 1),
                PUCK_GPU_ERR_LENGTH, 0, NONE, 0);
    cmd.blit.src_pitch = cpu_to_le32(PUCK_GPU_VA_SPAN_MAX);
    cmd.blit.dst_pitch = cpu_to_le32(1);
    cmd.blit.width = cpu_to_le32(1);
    cmd.blit.height = cpu_to_le32(2);
    expect_halt(&v, vm_dst(vm_src(cmd, VM, AT), VM, AT), PUCK_GPU_ERR_GEOMETRY,
                0, NONE, 0);
    vm_counted(&v, 0, 0, 0, 0);
    vms_stop(&v);
}

/* What is reserved with an address, and without one. */
static void test_bad_reserved_fields(void)
{
    GpuCmd cmd;
    Vms v;

    bad_start(&v, VM_IN_SYSTEM);
    cmd = vm_dst(fill(8), VM, AT);
    cmd.dst_nsegs = cpu_to_le32(1);
    expect_halt(&v, cmd, PUCK_GPU_ERR_RESERVED, 0, NONE, 0);
    cmd = crc_of(AT, 8);
    cmd.src_nsegs = cpu_to_le32(1u << 31);
    expect_halt(&v, cmd, PUCK_GPU_ERR_RESERVED, 0, NONE, 0);
    cmd = gpu_fill(&v.e, SYS(0x1000, 8), 8, 1);
    cmd.vm = cpu_to_le32(VM);
    expect_halt(&v, cmd, PUCK_GPU_ERR_RESERVED, 0, NONE, 0);
    /* A source that there is not; flags of others. */
    expect_halt(&v, vm_src(fill(8), VM, AT), PUCK_GPU_ERR_RESERVED, 0, NONE, 0);
    cmd = (GpuCmd) { .flags = cpu_to_le16(PUCK_GPU_SRC_VA) };
    expect_halt(&v, cmd, PUCK_GPU_ERR_RESERVED, 0, NONE, 0);
    cmd = vm_flush(VM, 0, 0);
    cmd.flags = cpu_to_le16(PUCK_GPU_SRC_VA);
    expect_halt(&v, cmd, PUCK_GPU_ERR_RESERVED, 0, NONE, 0);
    cmd = vm_dst(fill(8), VM, AT);
    cmd.flags |= cpu_to_le16(PUCK_GPU_FENCE_IRQ);
    expect_halt(&v, cmd, PUCK_GPU_ERR_RESERVED, 0, NONE, 0);
    vms_stop(&v);
}

static void test_bad_flush(void)
{
    static const struct {
        uint32_t vm;
        uint64_t va, length;
        uint8_t reason;
        uint32_t desc;
    } bad[] = {
        { VM, PAGE, 0, PUCK_GPU_ERR_RESERVED, NONE },
        { PUCK_GPU_VM_ALL, 1, 0, PUCK_GPU_ERR_RESERVED, NONE },
        { VM, 0, PAGE - 1, PUCK_GPU_ERR_LENGTH, NONE },
        { VM, 0, VA_END + PAGE, PUCK_GPU_ERR_LENGTH, NONE },
        { PUCK_GPU_VM_ALL, 0, PAGE, PUCK_GPU_ERR_LENGTH, NONE },
        { VM, 1, PAGE, PUCK_GPU_ERR_VA, VM },
        { VM, VA_END, PAGE, PUCK_GPU_ERR_VA, VM },
        { VM, PAGE, VA_END, PUCK_GPU_ERR_VA, VM },
        /* The number comes last. */
        { 64, VA_END, PAGE, PUCK_GPU_ERR_VA, 64 },
        { 64, PAGE, PAGE, PUCK_GPU_ERR_VM, 64 },
        { PUCK_GPU_VM_ALL - 1, 0, 0, PUCK_GPU_ERR_VM, PUCK_GPU_VM_ALL - 1 },
    };
    Vms v;

    bad_start(&v, VM_IN_SYSTEM);
    vm_poke(&v, VM, AT, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("case %zu", i);
        expect_halt(&v, vm_flush(bad[i].vm, bad[i].va, bad[i].length),
                    bad[i].reason, 0, bad[i].desc,
                    bad[i].desc == NONE ? 0 : bad[i].va);
    }
    vm_counted(&v, 0, 1, 0, 1);
    vms_stop(&v);
}

/* The third page of a source, and of a destination. */
static void expect_both(Vms *v, uint8_t reason)
{
    uint64_t third = AT + 2 * PAGE;

    expect_halt(v, crc_of(AT + 9, 3 * PAGE), reason, SRC, VM, third);
    expect_halt(v, vm_dst(fill(3 * PAGE), VM, AT + 9), reason, DST, VM, third);
}

/* At each level; and not a byte is written before that is found out. */
static void test_bad_none(const void *place)
{
    GpuSeg pages;
    Vms v;

    pages = bad_start(&v, GPOINTER_TO_UINT(place));
    vm_write_pte(&v, vm_entry(&v, VM, AT + 2 * PAGE, 1), ~(uint64_t)VM_RW);
    expect_both(&v, PUCK_GPU_ERR_PTE_NONE);
    g_assert_cmphex(vm_peek(&v, pages), ==, 0);
    for (unsigned level = 2; level <= PUCK_GPU_PT_LEVELS; level++) {
        puck_w32(&v.e.f, PUCK_GPU_VM_FLUSH, VM);
        vm_write_pte(&v, vm_entry(&v, VM, AT, level), 0);
        expect_halt(&v, vm_dst(fill(8), VM, AT + 17), PUCK_GPU_ERR_PTE_NONE,
                    DST, VM, AT);
    }
    /* Errors are not kept. */
    g_assert_cmpuint(puck_r32(&v.e.f, PUCK_GPU_VM_TLB_ENTRIES), ==, 0);
    vms_stop(&v);
}

static void test_bad_perm(void)
{
    GpuSeg pages, entry;
    Vms v;

    pages = bad_start(&v, VM_MIXED);
    entry = vm_entry(&v, VM, AT + 2 * PAGE, 1);
    vm_write_pte(&v, entry, pages.addr | PUCK_GPU_PTE_WRITE);
    expect_halt(&v, crc_of(AT, 3 * PAGE), PUCK_GPU_ERR_PTE_PERM, SRC, VM,
                AT + 2 * PAGE);
    vm_write_pte(&v, entry, pages.addr | PUCK_GPU_PTE_READ);
    expect_halt(&v, vm_dst(fill(3 * PAGE), VM, AT), PUCK_GPU_ERR_PTE_PERM, DST,
                VM, AT + 2 * PAGE);
    g_assert_cmphex(vm_peek(&v, pages), ==, 0);
    /* One that the TLB knows to be no more than readable. */
    gpu_run(&v.e, 0, crc_of(AT + 2 * PAGE, 8));
    expect_halt(&v, vm_dst(fill(8), VM, AT + 2 * PAGE), PUCK_GPU_ERR_PTE_PERM,
                DST, VM, AT + 2 * PAGE);
    vms_stop(&v);
}

static void test_bad_reserved_bits(void)
{
    static const uint64_t bits[] = {
        1ull << 4, 1ull << 7, 1ull << 52, 1ull << 63,
        /* VRAM that there is not, and a large page that is none. */
        PUCK_GPU_PTE_VRAM | GPU_VRAM_SIZE, PUCK_GPU_PTE_VRAM | 1ull << 51,
        PUCK_GPU_PTE_BIG | 0x1000, PUCK_GPU_PTE_BIG | 0x8000,
    };
    GpuSeg entry;
    Vms v;

    bad_start(&v, VM_IN_SYSTEM);
    entry = vm_entry(&v, VM, AT + 2 * PAGE, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(bits); i++) {
        vm_write_pte(&v, entry, bits[i] | VM_RW);
        expect_both(&v, PUCK_GPU_ERR_PTE_RESERVED);
    }
    puck_w32(&v.e.f, PUCK_GPU_VM_FLUSH, VM);
    entry = vm_entry(&v, VM, AT, 2);
    vm_write_pte(&v, entry, PUCK_GPU_PTE_BIG | VM_RW | 0x10000);
    expect_halt(&v, vm_dst(fill(8), VM, AT), PUCK_GPU_ERR_PTE_RESERVED, DST,
                VM, AT);
    /* A root past the end of VRAM. */
    puck_w64(&v.e.f, PUCK_GPU_VM_ROOT(VM), GPU_VRAM_SIZE |
             PUCK_GPU_VM_ROOT_VRAM | PUCK_GPU_VM_ROOT_VALID);
    expect_halt(&v, vm_dst(fill(8), VM, AT), PUCK_GPU_ERR_PTE_RESERVED, DST,
                VM, AT);
    vms_stop(&v);
}

/* Tables where there is no memory, or a device's registers. */
static void test_bad_table(void)
{
    uint64_t bad[] = { HOLE, 0xffffffffff000ull, 0, 0 };
    Vms v;

    bad_start(&v, VM_IN_SYSTEM);
    bad[2] = v.e.f.bar.addr;
    bad[3] = v.e.f.bar.addr + PUCK_GPU_RING(0);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        for (unsigned level = 2; level <= PUCK_GPU_PT_LEVELS; level++) {
            GpuSeg entry = vm_entry(&v, VM, AT, level);
            uint64_t good;

            gpu_read(&v.e, entry, &good);
            vm_write_pte(&v, entry, bad[i] | VM_RW);
            expect_halt(&v, vm_dst(fill(8), VM, AT), PUCK_GPU_ERR_PTE_READ,
                        DST, VM, AT);
            gpu_write(&v.e, entry, &good);
        }
        puck_w64(&v.e.f, PUCK_GPU_VM_ROOT(VM), bad[i] | PUCK_GPU_VM_ROOT_VALID);
        expect_halt(&v, vm_dst(fill(8), VM, AT), PUCK_GPU_ERR_PTE_READ, DST,
                    VM, AT);
        vm_set_root(&v, VM);
    }
    vm_poke(&v, VM, AT, 1);
    vms_stop(&v);
}

/* The table is its own next one, at every level, and the page as well. */
static void test_bad_self(void)
{
    GpuSeg table;
    Vms v;

    vms_start(&v, "");
    vm_make(&v, VM, VM_IN_VRAM);
    table = v.roots[VM];
    for (unsigned i = 0; i < PAGE / 8; i++) {
        vm_write_pte(&v, VRAM(table.addr + 8 * i, 8), vm_pte(table, VM_RW));
    }
    /* As far as it goes; then the table says nothing any more. */
    gpu_run(&v.e, 0, vm_dst(vm_command(PUCK_GPU_CMD_FILL,
                                       PUCK_GPU_VA_SPAN_MAX), VM, AT));
    puck_w32(&v.e.f, PUCK_GPU_VM_FLUSH, VM);
    expect_halt(&v, vm_dst(fill(8), VM, AT), PUCK_GPU_ERR_PTE_NONE, DST, VM,
                AT);
    vms_stop(&v);
}

/* The page is nowhere: found out as the bytes move, as with a list. */
static void test_bad_page(void)
{
    Vms v;

    bad_start(&v, VM_IN_SYSTEM);
    vm_map(&v, VM, AT + 2 * PAGE, SYS(HOLE, PAGE), VM_RW);
    expect_halt(&v, crc_of(AT, 3 * PAGE), PUCK_GPU_ERR_DMA_READ, SRC, VM, HOLE);
    expect_halt(&v, vm_dst(fill(3 * PAGE), VM, AT), PUCK_GPU_ERR_DMA_WRITE,
                DST, VM, HOLE);
    /* In the middle of it. */
    expect_halt(&v, vm_dst(fill(8), VM, AT + 2 * PAGE + 100),
                PUCK_GPU_ERR_DMA_WRITE, DST, VM, HOLE + 100);
    vm_map(&v, VM, AT + 2 * PAGE, SYS(v.e.f.bar.addr, PAGE), VM_RW);
    puck_w32(&v.e.f, PUCK_GPU_VM_FLUSH, VM);
    expect_halt(&v, vm_dst(fill(8), VM, AT + 2 * PAGE), PUCK_GPU_ERR_DMA_WRITE,
                DST, VM, v.e.f.bar.addr);
    vms_stop(&v);
}

/* The source is wrong before the destination, both before lists are read. */
static void test_order(void)
{
    GpuCmd cmd;
    Vms v;

    bad_start(&v, VM_IN_SYSTEM);
    cmd = vm_dst(vm_src(vm_command(PUCK_GPU_CMD_COPY, 8), VM, HOLE), VM,
                 VA_END);
    expect_halt(&v, cmd, PUCK_GPU_ERR_PTE_NONE, SRC, VM, HOLE);
    cmd = vm_dst(vm_src(vm_command(PUCK_GPU_CMD_COPY, 8), VM, AT), VM, VA_END);
    expect_halt(&v, cmd, PUCK_GPU_ERR_VA, DST, VM, VA_END);
    cmd = gpu_copy(&v.e, SYS(0, 8), SYS(0, 8), 8);
    cmd.dst_list = cpu_to_le64(HOLE);
    expect_halt(&v, vm_src(cmd, VM, VA_END), PUCK_GPU_ERR_VA, SRC, VM, VA_END);
    expect_halt(&v, vm_src(cmd, VM, AT), PUCK_GPU_ERR_LIST_READ, DST, NONE,
                HOLE);
    /* The number of segments is checked before anything is looked up. */
    cmd.dst_nsegs = 0;
    expect_halt(&v, vm_src(cmd, VM, VA_END), PUCK_GPU_ERR_NSEGS, DST, NONE, 0);
    vms_stop(&v);
}

/*
 * Bus mastering off, but for the ring and its slot, which a rule lets through:
 * tables and pages in VRAM serve, others do not. Messages are lost.
 */
static void test_master_off(void)
{
    GpuError error = {
        .reason = PUCK_GPU_ERR_PTE_READ, .list = DST, .index = 2, .seqno = 2,
        .desc = VM, .addr = AT,
    };
    g_autofree char *rule = NULL;
    GpuSeg inside;
    Vms v;

    bad_start(&v, VM_IN_SYSTEM);
    vm_make(&v, 0, VM_IN_VRAM);
    inside = vms_vram(&v, 2);
    vm_map(&v, 0, AT, inside, VM_RW);
    g_assert_cmphex(v.e.rings[0].wb, ==, v.e.rings[0].base + PAGE);
    rule = g_strdup_printf("device iova=0x%" PRIx64 "-0x%" PRIx64
                           " bme-ignored", v.e.rings[0].base,
                           v.e.rings[0].wb + PAGE - 1);
    puck_rule_add(v.e.m.qts, rule);
    qpci_config_writew(v.e.f.dev, PCI_COMMAND, PCI_COMMAND_MEMORY);
    gpu_submit(&v.e, 0, vm_dst(fill(PAGE), 0, AT + 8));
    gpu_wait_status(&v.e, 0, PUCK_GPU_RING_BUSY, 0);
    g_assert_cmpuint(gpu_ring_r32(&v.e, 0, PUCK_GPU_RING_SEQNO), ==, 1);
    g_assert_cmphex(vm_peek(&v, VRAM(inside.addr + PAGE, 4)), ==, 0x5a5a5a5a);
    gpu_submit(&v.e, 0, vm_dst(fill(8), VM, AT + 8));
    gpu_expect_error(&v.e, &error);
    vms_stop(&v);
}

void add_vm_error_tests(void)
{
    qtest_add_func("/puck-gpu/vm/bad_vm", test_bad_vm);
    qtest_add_func("/puck-gpu/vm/bad_vm-count", test_bad_vm_count);
    qtest_add_func("/puck-gpu/vm/bad_va", test_bad_va);
    qtest_add_func("/puck-gpu/vm/bad_span", test_bad_span);
    qtest_add_func("/puck-gpu/vm/bad_reserved-fields",
                   test_bad_reserved_fields);
    qtest_add_func("/puck-gpu/vm/bad_flush", test_bad_flush);
    qtest_add_data_func("/puck-gpu/vm/bad_none-system",
                        GUINT_TO_POINTER(VM_IN_SYSTEM), test_bad_none);
    qtest_add_data_func("/puck-gpu/vm/bad_none-vram",
                        GUINT_TO_POINTER(VM_IN_VRAM), test_bad_none);
    qtest_add_func("/puck-gpu/vm/bad_perm", test_bad_perm);
    qtest_add_func("/puck-gpu/vm/bad_reserved-bits", test_bad_reserved_bits);
    qtest_add_func("/puck-gpu/vm/bad_table", test_bad_table);
    qtest_add_func("/puck-gpu/vm/bad_self", test_bad_self);
    qtest_add_func("/puck-gpu/vm/bad_page", test_bad_page);
    qtest_add_func("/puck-gpu/vm/order", test_order);
    qtest_add_func("/puck-gpu/vm/master-off", test_master_off);
}
