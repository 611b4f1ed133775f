/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: where pictures come from: VRAM, segments, virtual addresses; what
 * cannot be read, and what only a TLB or an IOMMU still knows.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "common/behind.h"
#include "env.h"

#define NOWHERE     0xf0000000ull       /* no memory */
#define BYTES       (4 * MODE_W * MODE_H)
#define PAGES       (BYTES / PAGE)

static void start(Display *d, TestPlane *plane, TestPicture *pic)
{
    display_start(d, "", "");
    *plane = test_plane(PUCK_PLANE_FORMAT_XRGB8888, MODE_W, MODE_H);
    *pic = (TestPicture) { MODE_W, MODE_H, 0x808080, { plane } };
    plane_draw(d, plane, 0, 42);
    head_w32(d, 0, PUCK_HEAD_CRC_CTRL, PUCK_HEAD_CRC_OF_PICTURE);
}

static void stop(Display *d, TestPlane *plane)
{
    g_free((void *)plane->bytes);
    display_stop(d);
}

static void expect_crc(Display *d, const TestPicture *pic)
{
    head_set(d, 0, pic);
    flip(d, 0);
    g_assert_cmphex(head_r32(d, 0, PUCK_HEAD_CRC_PICTURE), ==,
                    model_crc(pic));
}

static void expect_no_fault(Display *d)
{
    g_assert_cmpuint(head_r32(d, 0, PUCK_HEAD_FAULTS), ==, 0);
    g_assert_false(head_r32(d, 0, PUCK_HEAD_IRQ_STATUS) & PUCK_HEAD_IRQ_FAULT);
}

/* The first fault, and how many there were; then there is none. */
static void expect_fault(Display *d, uint32_t reason, unsigned buffer,
                         uint32_t desc, uint64_t addr, uint32_t faults)
{
    g_assert_true(head_r32(d, 0, PUCK_HEAD_IRQ_STATUS) & PUCK_HEAD_IRQ_FAULT);
    g_assert_cmphex(head_r32(d, 0, PUCK_HEAD_FAULT_INFO), ==,
                    reason | buffer << 8);
    g_assert_cmphex(head_r32(d, 0, PUCK_HEAD_FAULT_DESC), ==, desc);
    g_assert_cmphex(head_r64(d, 0, PUCK_HEAD_FAULT_ADDR), ==, addr);
    g_assert_cmpuint(head_r32(d, 0, PUCK_HEAD_FAULTS), ==, faults);
    head_w32(d, 0, PUCK_HEAD_IRQ_STATUS, PUCK_HEAD_IRQ_FAULT);
}

static void use_list(Display *d, TestPlane *plane, const GpuSeg *segs,
                     unsigned count)
{
    plane->source = PUCK_PLANE_SOURCE_LIST;
    plane->addr = gpu_list(&d->e, segs, count);
    plane->arg = count;
}

/* Scattered, of odd lengths, and in both memories. */
static void test_list(void)
{
    enum { SEGS = 40 };
    GpuSeg segs[SEGS];
    TestPlane plane;
    TestPicture pic;
    uint64_t ram, at = 0;
    Display d;

    start(&d, &plane, &pic);
    ram = puck_machine_pages(&d.e.m, 2 * SEGS);
    for (unsigned i = 0; i < SEGS; i++) {
        uint32_t len = i + 1 < SEGS ? 1 + i * 37 % 611 : BYTES - at;

        segs[i] = i % 3 ? SYS(ram + i * 2 * PAGE + i * 5, len) :
                          VRAM(0x100000 + i * 0x4321, len);
        if (i + 1 == SEGS) {
            segs[i] = VRAM(0x200001, len);
        }
        gpu_write(&d.e, segs[i], plane.bytes + at);
        at += len;
    }
    use_list(&d, &plane, segs, SEGS);
    expect_crc(&d, &pic);
    expect_no_fault(&d);
    stop(&d, &plane);
}

/* VRAM that no CPU sees. */
static void test_behind_bar(void)
{
    TestPlane plane = test_plane(PUCK_PLANE_FORMAT_XRGB8888, MODE_W, MODE_H);
    TestPicture pic = { MODE_W, MODE_H, 0, { &plane } };
    Display d;

    display_start(&d, ",vram-bar=1M", "");
    plane_draw(&d, &plane, 0, 42);
    plane.addr = 3 << 20;
    gpu_run(&d.e, 0, gpu_copy(&d.e, VRAM(plane.addr, BYTES), VRAM(0, BYTES),
                              BYTES));
    head_w32(&d, 0, PUCK_HEAD_CRC_CTRL, PUCK_HEAD_CRC_OF_PICTURE);
    expect_crc(&d, &pic);
    stop(&d, &plane);
}

/* A segment a byte: more work than one hold has room for. */
static void test_tiny_segments(void)
{
    g_autofree GpuSeg *segs = g_new(GpuSeg, BYTES);
    TestPlane plane;
    TestPicture pic;
    uint64_t ram;
    Display d;

    start(&d, &plane, &pic);
    ram = puck_machine_pages(&d.e.m, PAGES);
    gpu_write(&d.e, SYS(ram, BYTES), plane.bytes);
    for (unsigned i = 0; i < BYTES; i++) {
        segs[i] = SYS(ram + i, 1);
    }
    use_list(&d, &plane, segs, BYTES);
    head_set(&d, 0, &pic);
    head_w32(&d, 0, PUCK_HEAD_SEQNO, 1);
    commit(&d, 1);
    for (unsigned i = 0; i < 1000; i++) {
        if (head_r32(&d, 0, PUCK_HEAD_CRC_SEQNO)) {
            break;
        }
        display_step(&d, 50000);
    }
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_CRC_PICTURE), ==,
                    model_crc(&pic));
    stop(&d, &plane);
}

/* Takeovers wait until what is sampled is over: nothing old is read behind. */
static void test_takeover_waits(void)
{
    enum { SIDE = 128, SEGS = 4 * SIDE * SIDE };
    g_autofree GpuSeg *segs = g_new(GpuSeg, SEGS);
    TestPlane plane = test_plane(PUCK_PLANE_FORMAT_XRGB8888, SIDE, SIDE);
    uint64_t count;
    Display d;

    display_start(&d, "", "");
    for (unsigned i = 0; i < SEGS; i++) {
        segs[i] = SYS(0x2000000 + i, 1);
    }
    /* At 240 Hz it takes more than two frames. */
    head_mode(&d, 0, SIDE, SIDE);
    head_w32(&d, 0, PUCK_HEAD_CLOCK, 4800);
    head_w32(&d, 0, PUCK_HEAD_H, SIDE | 143 << 16);
    head_w32(&d, 0, PUCK_HEAD_V, SIDE | 140 << 16);
    head_w32(&d, 0, PUCK_HEAD_CRC_CTRL, PUCK_HEAD_CRC_OF_PICTURE);
    use_list(&d, &plane, segs, SEGS);
    plane_set(&d, 0, 0, &plane);
    head_w32(&d, 0, PUCK_HEAD_SEQNO, 1);
    commit(&d, 1);
    /* Its list is read, and its frame begins. */
    for (unsigned i = 0; i < 1000 && !(head_r32(&d, 0, PUCK_HEAD_STATUS) &
                                       PUCK_HEAD_SAMPLING); i++) {
        display_step(&d, 10000);
    }
    count = head_r64(&d, 0, PUCK_HEAD_VBLANK_COUNT);
    head_w32(&d, 0, PUCK_HEAD_SEQNO, 2);
    plane_set(&d, 0, 0, NULL);
    commit(&d, 1);
    while (head_r32(&d, 0, PUCK_HEAD_FLIP_SEQNO) == 1) {
        bool over = !(head_r32(&d, 0, PUCK_HEAD_STATUS) & PUCK_HEAD_SAMPLING);

        g_assert_true(over == (head_r32(&d, 0, PUCK_HEAD_CRC_SEQNO) == 1));
        display_step(&d, 100000);
    }
    g_assert_cmpuint(head_r64(&d, 0, PUCK_HEAD_FLIP_COUNT), >, count + 1);
    g_assert_cmpuint(head_r32(&d, 0, PUCK_HEAD_CRC_SEQNO), >=, 1);
    display_stop(&d);
}

static void test_bad_list(void)
{
    static const struct {
        GpuSeg seg;
        uint32_t reason, desc;
    } bad[] = {
        { { 0x1000000, 0, 0 }, PUCK_GPU_ERR_SEG_ZERO, 0 },
        { { UINT64_MAX, 1, 0 }, PUCK_GPU_ERR_SEG_ONES, 0 },
        { { 0x1000000, BYTES, 2 }, PUCK_GPU_ERR_RESERVED, 0 },
        { { GPU_VRAM_SIZE - 1, BYTES, 1 }, PUCK_GPU_ERR_SEG_VRAM, 0 },
        { { UINT64_MAX - 5, BYTES, 0 }, PUCK_GPU_ERR_SEG_WRAP, 0 },
        { { 0x1000000, BYTES - 1, 0 }, PUCK_GPU_ERR_LIST_SHORT, UINT32_MAX },
    };
    TestPlane plane;
    TestPicture pic;
    Display d;

    start(&d, &plane, &pic);
    plane.bad_len = BYTES;
    for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_test_message("case %u", i);
        use_list(&d, &plane, &bad[i].seg, 1);
        expect_crc(&d, &pic);
        expect_fault(&d, bad[i].reason, 0, bad[i].desc,
                     bad[i].desc ? 0 : bad[i].seg.addr, i + 1);
    }
    plane.addr = NOWHERE;
    expect_crc(&d, &pic);
    expect_fault(&d, PUCK_GPU_ERR_LIST_READ, 0, UINT32_MAX, NOWHERE,
                 G_N_ELEMENTS(bad) + 1);
    plane.source = PUCK_PLANE_SOURCE_VRAM;
    plane.addr = 0;
    plane.bad_len = 0;
    expect_crc(&d, &pic);
    stop(&d, &plane);
}

/* The page that is not there has the fault colour, and the others have not. */
static void test_bad_page(void)
{
    GpuSeg segs[3];
    TestPlane plane;
    TestPicture pic;
    uint64_t ram;
    Display d;

    start(&d, &plane, &pic);
    ram = puck_machine_pages(&d.e.m, 2 * PAGES);
    segs[0] = SYS(ram, PAGE + 2);
    segs[1] = SYS(NOWHERE, 700);
    segs[2] = SYS(ram + 2 * PAGE, BYTES - PAGE - 702);
    gpu_write(&d.e, segs[0], plane.bytes);
    gpu_write(&d.e, segs[2], plane.bytes + PAGE + 702);
    use_list(&d, &plane, segs, 3);
    plane.bad_from = PAGE + 2;
    plane.bad_len = 700;
    expect_crc(&d, &pic);
    /* Lines of 256 bytes: three have a part of it. */
    expect_fault(&d, PUCK_GPU_ERR_DMA_READ, 0, 1, NOWHERE, 3);
    /* Of all that is in system memory nothing is read without bus mastering. */
    qpci_config_writew(d.e.f.dev, PCI_COMMAND, PCI_COMMAND_MEMORY);
    plane.bad_len = 0;
    plane.source = PUCK_PLANE_SOURCE_VRAM;
    plane.addr = 0;
    expect_crc(&d, &pic);
    qpci_config_writew(d.e.f.dev, PCI_COMMAND,
                       PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    stop(&d, &plane);
}

/* A writeback that cannot be written; the picture is as it should be. */
static void test_bad_writeback_page(void)
{
    GpuSeg segs[2];
    TestPlane plane;
    TestPicture pic;
    uint64_t ram;
    Display d;

    start(&d, &plane, &pic);
    ram = puck_machine_pages(&d.e.m, PAGES);
    segs[0] = SYS(ram, BYTES - 4);
    segs[1] = SYS(NOWHERE, 4);
    head_w32(&d, 0, PUCK_HEAD_WB_SOURCE, PUCK_PLANE_SOURCE_LIST);
    head_w64(&d, 0, PUCK_HEAD_WB_ADDR, gpu_list(&d.e, segs, 2));
    head_w32(&d, 0, PUCK_HEAD_WB_ARG, 2);
    head_w32(&d, 0, PUCK_HEAD_WB_PITCH, 4 * MODE_W);
    head_w32(&d, 0, PUCK_HEAD_FLAGS, PUCK_HEAD_WRITEBACK);
    expect_crc(&d, &pic);
    g_assert_cmpuint(head_r32(&d, 0, PUCK_HEAD_WB_RESULT), ==,
                     PUCK_HEAD_WB_FAULT);
    expect_fault(&d, PUCK_GPU_ERR_DMA_WRITE, PUCK_DISPLAY_BUFFER_WB, 1,
                 NOWHERE, 1);
    g_assert_cmphex(qtest_readl(d.e.m.qts, ram), ==,
                    0xff000000 | model_pixel(&pic, 0, 0));
    stop(&d, &plane);
}

#define VM_BASE     0x123456789000ull

/* The pages of a plane at VM_BASE of VM 3, in both memories. */
static void map_plane(Vms *v, TestPlane *plane, GpuSeg *pages)
{
    vm_make(v, 3, VM_MIXED);
    for (unsigned i = 0; i < PAGES; i++) {
        pages[i] = i % 2 ? vms_system(v, 1) : vms_vram(v, 1);
        gpu_write(&v->e, pages[i], plane->bytes + i * PAGE);
        vm_map(v, 3, VM_BASE + i * PAGE, pages[i], VM_RW);
    }
    plane->source = PUCK_PLANE_SOURCE_VM;
    plane->arg = 3;
    plane->addr = VM_BASE;
}

/* The picture as Display and Vms know the machine, which is the same one. */
static void vm_display(Display *d, Vms *v, TestPlane *plane, TestPicture *pic)
{
    start(d, plane, pic);
    *v = (Vms) { .e = d->e, .vram_page = 0x100000 };
}

static void vm_display_stop(Display *d, Vms *v, TestPlane *plane)
{
    d->e = v->e;
    stop(d, plane);
}

static void test_vm(void)
{
    GpuSeg pages[PAGES];
    TestPlane plane;
    TestPicture pic;
    Display d;
    Vms v;

    vm_display(&d, &v, &plane, &pic);
    map_plane(&v, &plane, pages);
    expect_crc(&d, &pic);
    expect_no_fault(&d);
    g_assert_cmpuint(puck_r64(&d.e.f, PUCK_GPU_VM_MISSES), ==, PAGES);
    vm_display_stop(&d, &v, &plane);
}

static void write_to_vm(Display *d, uint64_t va)
{
    head_w32(d, 0, PUCK_HEAD_WB_SOURCE, PUCK_PLANE_SOURCE_VM);
    head_w64(d, 0, PUCK_HEAD_WB_ADDR, va);
    head_w32(d, 0, PUCK_HEAD_WB_ARG, 3);
    head_w32(d, 0, PUCK_HEAD_WB_PITCH, 4 * MODE_W);
    head_w32(d, 0, PUCK_HEAD_FLAGS, PUCK_HEAD_WRITEBACK);
}

/* Writeback by address: to pages that may be written, and then to others. */
static void test_vm_writeback(void)
{
    uint64_t va = VM_BASE + (1 << 20);
    GpuSeg pages[PAGES], to;
    TestPlane plane;
    TestPicture pic;
    Display d;
    Vms v;

    vm_display(&d, &v, &plane, &pic);
    map_plane(&v, &plane, pages);
    to = vms_system(&v, PAGES);
    d.e = v.e;
    vm_map(&v, 3, va, to, VM_RW);
    write_to_vm(&d, va);
    expect_crc(&d, &pic);
    expect_no_fault(&d);
    g_assert_cmpuint(head_r32(&d, 0, PUCK_HEAD_WB_RESULT), ==,
                     PUCK_HEAD_WB_DONE);
    for (uint32_t i = 0; i < MODE_W * MODE_H; i += 97) {
        g_assert_cmphex(qtest_readl(d.e.m.qts, to.addr + 4 * i), ==,
                        0xff000000 |
                        model_pixel(&pic, i % MODE_W, i / MODE_W));
    }
    vm_map(&v, 3, va + PAGE, to, PUCK_GPU_PTE_READ);
    puck_w32(&d.e.f, PUCK_GPU_VM_FLUSH, 3);
    write_to_vm(&d, va);
    expect_crc(&d, &pic);
    g_assert_cmpuint(head_r32(&d, 0, PUCK_HEAD_WB_RESULT), ==,
                     PUCK_HEAD_WB_FAULT);
    expect_fault(&d, PUCK_GPU_ERR_PTE_PERM, PUCK_DISPLAY_BUFFER_WB, 3,
                 va + PAGE, 32);
    vm_display_stop(&d, &v, &plane);
}

/* An entry that is gone, one without the right, and no VM at all. */
static void test_bad_vm(void)
{
    GpuSeg pages[PAGES];
    TestPlane plane;
    TestPicture pic;
    Display d;
    Vms v;

    vm_display(&d, &v, &plane, &pic);
    map_plane(&v, &plane, pages);
    vm_write_pte(&v, vm_entry(&v, 3, VM_BASE + PAGE, 1), 0);
    plane.bad_from = PAGE;
    plane.bad_len = PAGE;
    expect_crc(&d, &pic);
    expect_fault(&d, PUCK_GPU_ERR_PTE_NONE, 0, 3, VM_BASE + PAGE, 16);
    vm_map(&v, 3, VM_BASE + PAGE, pages[1], PUCK_GPU_PTE_WRITE);
    expect_crc(&d, &pic);
    expect_fault(&d, PUCK_GPU_ERR_PTE_PERM, 0, 3, VM_BASE + PAGE, 32);
    vm_map(&v, 3, VM_BASE + PAGE, SYS(NOWHERE, PAGE), VM_RW);
    expect_crc(&d, &pic);
    expect_fault(&d, PUCK_GPU_ERR_DMA_READ, 0, 3, NOWHERE, 48);
    plane.arg = 4;
    plane.bad_from = 0;
    plane.bad_len = BYTES;
    expect_crc(&d, &pic);
    expect_fault(&d, PUCK_GPU_ERR_VM, 0, 4, VM_BASE, 48 + MODE_H);
    vm_display_stop(&d, &v, &plane);
}

/* A page that was taken away without a flush is still in the picture. */
static void test_vm_stale(void)
{
    g_autofree uint8_t *other = g_malloc(PAGE);
    g_autofree uint8_t *bytes = NULL;
    GpuSeg pages[PAGES], page;
    TestPlane plane;
    TestPicture pic;
    Display d;
    Vms v;

    vm_display(&d, &v, &plane, &pic);
    puck_w32(&d.e.f, PUCK_GPU_VM_CTRL, PUCK_GPU_VM_AUDIT);
    map_plane(&v, &plane, pages);
    expect_crc(&d, &pic);
    g_assert_cmpuint(puck_r64(&d.e.f, PUCK_GPU_VM_STALE_USES), ==, 0);
    memset(other, 0x5a, PAGE);
    page = vms_system(&v, 1);
    gpu_write(&v.e, page, other);
    vm_map(&v, 3, VM_BASE + 2 * PAGE, page, VM_RW);
    expect_crc(&d, &pic);
    g_assert_cmpuint(puck_r64(&d.e.f, PUCK_GPU_VM_STALE_USES), ==, 16);
    puck_w32(&d.e.f, PUCK_GPU_VM_FLUSH, 3);
    bytes = g_memdup2(plane.bytes, BYTES);
    memset(bytes + 2 * PAGE, 0x5a, PAGE);
    g_free((void *)plane.bytes);
    plane.bytes = g_steal_pointer(&bytes);
    expect_crc(&d, &pic);
    g_assert_cmpuint(puck_r64(&d.e.f, PUCK_GPU_VM_STALE_USES), ==, 16);
    vm_display_stop(&d, &v, &plane);
}

/* Behind an IOMMU: what it does not map is seen, and told of by both. */
static void test_iommu(void)
{
    enum { OWN = 128, IOVA_PAGE = 200 };
    uint64_t iova = BEHIND_IOVA + IOVA_PAGE * PAGE, ram;
    PuckBehind behind = { };
    TestPlane plane;
    TestPicture pic;
    Display d = { };
    GpuSeg seg;

    puck_machine_start(&d.e.m, BEHIND_MACHINE(GPU_OPTIONS));
    gpu_attach_behind(&d.e, BEHIND_PORT, 0);
    behind_on(&behind, &d.e.m, OWN);
    display_attach(&d);
    plane = test_plane(PUCK_PLANE_FORMAT_XRGB8888, MODE_W, MODE_H);
    pic = (TestPicture) { MODE_W, MODE_H, 0, { &plane } };
    plane_draw(&d, &plane, 0, 9);
    head_w32(&d, 0, PUCK_HEAD_CRC_CTRL, PUCK_HEAD_CRC_OF_PICTURE);
    ram = puck_machine_pages(&d.e.m, 2 * PAGES);
    /* The pages of the buffer lie in RAM in another order. */
    for (unsigned i = 0; i < PAGES; i++) {
        uint64_t pa = ram + (2 * PAGES - 1 - 2 * i) * PAGE;

        gpu_write(&d.e, SYS(pa, PAGE), plane.bytes + i * PAGE);
        behind_map(&behind, iova + i * PAGE, pa, PUCK_IOMMU_PTE_READ);
    }
    seg = SYS(iova, BYTES);
    use_list(&d, &plane, &seg, 1);
    plane.addr = behind_own(plane.addr);
    expect_crc(&d, &pic);
    expect_no_fault(&d);
    /* Stale: unmapped, but not invalidated. */
    behind_map(&behind, iova + PAGE, 0, 0);
    expect_crc(&d, &pic);
    expect_no_fault(&d);
    behind_invalidate(&behind);
    plane.bad_from = PAGE;
    plane.bad_len = PAGE;
    expect_crc(&d, &pic);
    expect_fault(&d, PUCK_GPU_ERR_DMA_READ, 0, 0, iova + PAGE, 16);
    g_assert_cmpuint(puck_r64(&behind.iommu, PUCK_IOMMU_CNT_FAULTS), >, 0);
    g_free((void *)plane.bytes);
    behind_off(&behind);
    gpu_stop(&d.e);
}

void add_display_buffer_tests(void)
{
    qtest_add_func("/puck-display/buffers/list", test_list);
    qtest_add_func("/puck-display/buffers/behind-bar", test_behind_bar);
    qtest_add_func("/puck-display/buffers/tiny-segments",
                   test_tiny_segments);
    qtest_add_func("/puck-display/buffers/takeover-waits",
                   test_takeover_waits);
    qtest_add_func("/puck-display/buffers/bad_list", test_bad_list);
    qtest_add_func("/puck-display/buffers/bad_page", test_bad_page);
    qtest_add_func("/puck-display/buffers/bad_writeback_page",
                   test_bad_writeback_page);
    qtest_add_func("/puck-display/buffers/vm", test_vm);
    qtest_add_func("/puck-display/buffers/vm-writeback",
                   test_vm_writeback);
    qtest_add_func("/puck-display/buffers/bad_vm", test_bad_vm);
    qtest_add_func("/puck-display/buffers/vm-stale", test_vm_stale);
    qtest_add_func("/puck-display/buffers/iommu", test_iommu);
}
