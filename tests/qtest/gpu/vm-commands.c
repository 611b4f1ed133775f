/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: commands by address: each of them, with lists and without, with
 * tables and pages of either kind and size. The driver's own idea of what is
 * where is compared with what the bytes say.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/crc32c.h"
#include "vm.h"

#define MiB             (1u << 20)
/* Across a table's end at each level. */
#define SRC_BASE        (0x7fffffff0000ull & ~0xffffull)
#define DST_BASE        0x123456780000ull
#define BYTES           (40 * PAGE)

/* A source and a destination of BYTES, each in pieces all over the place. */
typedef struct Areas {
    Vms v;
    GpuSeg src[BYTES / PAGE];   /* a page each */
    GpuSeg dst[BYTES / PAGE];
    uint8_t bytes[BYTES];       /* of the source */
    uint8_t want[BYTES];        /* of the destination */
} Areas;

/* Pages 8 to 23 are one of 64K, half of the others in VRAM, none adjacent. */
static void map_area(Areas *a, uint64_t base, GpuSeg *pages, uint64_t rights)
{
    GpuSeg big = vms_system(&a->v, 32);

    big.addr = ROUND_UP(big.addr, BIG_PAGE);
    big.len = BIG_PAGE;
    vm_map_big(&a->v, 0, base + BIG_PAGE, big, rights);
    for (unsigned i = 0; i < BYTES / PAGE; i++) {
        if (i >= 16 && i < 32) {
            pages[i] = SYS(big.addr + (i - 16) * PAGE, PAGE);
            continue;
        }
        pages[i] = i % 2 ? vms_vram(&a->v, 1) : vms_system(&a->v, 1);
        (void)(i % 3 ? vms_vram(&a->v, 1) : vms_system(&a->v, 1));
        vm_map(&a->v, 0, base + i * PAGE, pages[i], rights);
    }
}

static void areas_start(Areas *a, VmPlace place)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);

    vms_start(&a->v, "");
    vm_make(&a->v, 0, place);
    map_area(a, SRC_BASE, a->src, PUCK_GPU_PTE_READ);
    map_area(a, DST_BASE, a->dst, PUCK_GPU_PTE_WRITE);
    for (unsigned i = 0; i < BYTES; i++) {
        a->bytes[i] = g_rand_int(rand);
    }
    for (unsigned i = 0; i < BYTES / PAGE; i++) {
        gpu_write(&a->v.e, a->src[i], a->bytes + i * PAGE);
        gpu_write(&a->v.e, a->dst[i], a->want + i * PAGE);
    }
}

static void expect_destination(Areas *a)
{
    uint8_t got[PAGE];

    for (unsigned i = 0; i < BYTES / PAGE; i++) {
        gpu_read(&a->v.e, a->dst[i], got);
        g_assert_cmpmem(got, PAGE, a->want + i * PAGE, PAGE);
    }
}

static void test_fill(Areas *a, uint32_t at, uint32_t len)
{
    GpuCmd cmd = vm_command(PUCK_GPU_CMD_FILL, len);

    cmd.fill.value = cpu_to_le32(0x44332211);
    gpu_run(&a->v.e, 0, vm_dst(cmd, 0, DST_BASE + at));
    for (uint32_t i = 0; i < len; i++) {
        a->want[at + i] = 0x11 * (1 + i % 4);
    }
    expect_destination(a);
}

/* Both by address. */
static void test_copy(Areas *a, uint32_t to, uint32_t from, uint32_t len)
{
    GpuCmd cmd = vm_command(PUCK_GPU_CMD_COPY, len);

    gpu_run(&a->v.e, 0, vm_dst(vm_src(cmd, 0, SRC_BASE + from), 0,
                               DST_BASE + to));
    memcpy(a->want + to, a->bytes + from, len);
    expect_destination(a);
}

/* One by address, the other by a list. */
static void test_mix(Areas *a, uint32_t to, uint32_t from, uint32_t len)
{
    GpuSeg between = vms_system(&a->v, BYTES / PAGE);
    GpuCmd cmd = gpu_copy(&a->v.e, between, between, len);

    gpu_run(&a->v.e, 0, vm_src(cmd, 0, SRC_BASE + from));
    gpu_run(&a->v.e, 1, vm_dst(cmd, 0, DST_BASE + to));
    memcpy(a->want + to, a->bytes + from, len);
    expect_destination(a);
}

static void test_blit(Areas *a, uint32_t to, uint32_t from)
{
    enum { TO_PITCH = 9000, FROM_PITCH = 7001, WIDTH = 5000, ROWS = 12 };
    GpuCmd cmd = vm_command(PUCK_GPU_CMD_BLIT, 0);

    cmd.blit.src_pitch = cpu_to_le32(FROM_PITCH);
    cmd.blit.dst_pitch = cpu_to_le32(TO_PITCH);
    cmd.blit.width = cpu_to_le32(WIDTH);
    cmd.blit.height = cpu_to_le32(ROWS);
    gpu_run(&a->v.e, 0, vm_dst(vm_src(cmd, 0, SRC_BASE + from), 0,
                               DST_BASE + to));
    for (unsigned y = 0; y < ROWS; y++) {
        memcpy(a->want + to + y * TO_PITCH, a->bytes + from + y * FROM_PITCH,
               WIDTH);
    }
    expect_destination(a);
}

static void test_crc(Areas *a, uint32_t to, uint32_t from, uint32_t len)
{
    uint32_t crc = cpu_to_le32(crc32c(0xffffffff, a->bytes + from, len));
    GpuCmd cmd = vm_command(PUCK_GPU_CMD_CRC32C, len);

    gpu_run(&a->v.e, 0, vm_dst(vm_src(cmd, 0, SRC_BASE + from), 0,
                               DST_BASE + to));
    memcpy(a->want + to, &crc, sizeof(crc));
    expect_destination(a);
}

static void test_commands(const void *place)
{
    g_autofree Areas *a = g_new0(Areas, 1);

    areas_start(a, GPOINTER_TO_UINT(place));
    test_fill(a, 0, 1);
    test_fill(a, PAGE - 1, 2);
    test_fill(a, 777, BYTES - 777);
    test_copy(a, 0, 0, BYTES);
    test_copy(a, 5, PAGE + 9, 30 * PAGE);
    test_copy(a, BIG_PAGE - 3, 2 * BIG_PAGE - 1, 7);
    test_mix(a, 12345, 6789, 25 * PAGE + 1);
    test_blit(a, 99, 7);
    test_crc(a, 2 * PAGE - 2, 100, BYTES - 100);
    g_assert_cmpuint(puck_r32(&a->v.e.f, PUCK_GPU_ERR_COUNT), ==, 0);
    gpu_alive(&a->v.e, 1);
    vms_stop(&a->v);
}

/*
 * Scattered pages by the thousand: the last ones go first. So many bytes that
 * they are shared out to threads, when one of these has translated them.
 */
static void test_long(void)
{
    enum { PAGES = 16 * MiB / PAGE };
    const uint64_t at = 0x40000000;
    uint64_t from = 0x4000000, to = 0x6000000;
    g_autofree uint8_t *got = g_malloc(PAGES * PAGE);
    g_autofree uint64_t *ptes = g_new(uint64_t, PAGES);
    GpuCmd cmd = vm_command(PUCK_GPU_CMD_COPY, PAGES * PAGE);
    Vms v;

    vms_start(&v, ",threads=4");
    vm_make(&v, 9, VM_IN_SYSTEM);
    for (unsigned i = 0; i < PAGES; i++) {
        ptes[i] = (from + (PAGES - 1 - i) * PAGE) | PUCK_GPU_PTE_READ;
        qtest_memset(v.e.m.qts, from + (PAGES - 1 - i) * PAGE, i % 251, PAGE);
    }
    vm_write_ptes(&v, 9, at, ptes, PAGES);
    vm_map_big(&v, 9, 2 * at, SYS(to, PAGES * PAGE), PUCK_GPU_PTE_WRITE);
    gpu_run(&v.e, 0, vm_dst(vm_src(cmd, 9, at), 9, 2 * at));
    puck_machine_read(&v.e.m, to, got, PAGES * PAGE);
    for (unsigned i = 0; i < PAGES * PAGE; i += 509) {
        g_assert_cmpuint(got[i], ==, i / PAGE % 251);
    }
    /* 256 entries of 64K, each of which served 15 pages more. */
    vm_counted(&v, PAGES / 16 * 15, PAGES + PAGES / 16, 0, 256);
    vms_stop(&v);
}

/* The farthest that an operand can reach, and from the last page there is. */
static void test_edges(void)
{
    uint64_t last = (1ull << PUCK_GPU_VA_BITS) - PAGE;
    GpuSeg page, first;
    Vms v;

    vms_start(&v, "");
    vm_make(&v, 0, VM_MIXED);
    page = vms_system(&v, 1);
    first = vms_vram(&v, 1);
    vm_map(&v, 0, last, page, VM_RW);
    vm_map(&v, 0, 0, first, VM_RW);
    vm_poke(&v, 0, last + PAGE - 8, 0x1234);
    g_assert_cmphex(vm_peek(&v, SYS(page.addr + PAGE - 4, 4)), ==, 0x1234);
    vm_poke(&v, 0, 0, 0x5678);
    g_assert_cmphex(vm_peek(&v, first), ==, 0x5678);
    vms_stop(&v);
}

void add_vm_command_tests(void)
{
    qtest_add_data_func("/puck-gpu/vm/commands-system",
                        GUINT_TO_POINTER(VM_IN_SYSTEM), test_commands);
    qtest_add_data_func("/puck-gpu/vm/commands-vram",
                        GUINT_TO_POINTER(VM_IN_VRAM), test_commands);
    qtest_add_data_func("/puck-gpu/vm/commands-mixed",
                        GUINT_TO_POINTER(VM_MIXED), test_commands);
    qtest_add_func("/puck-gpu/vm/long", test_long);
    qtest_add_func("/puck-gpu/vm/edges", test_edges);
}
