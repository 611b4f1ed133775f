/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 3D of puck-gpu behind a puck-iommu: backings, and what becomes of them when
 * their pages are unmapped.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "common/behind.h"
#include "env.h"

/* Pages of RAM that appear where the IOVAs begin; the picture is behind. */
#define OWN_PAGES       128
#define PICTURE_IOVA    (BEHIND_IOVA + OWN_PAGES * PAGE)
#define PICTURE_PA      0x4000000ull

static const uint8_t red[4] = { 0, 0, 255, 255 };
static const uint8_t blue[4] = { 255, 0, 0, 255 };

typedef struct Behind {
    Render r;
    PuckBehind iommu;
} Behind;

static void ring_behind(Behind *b)
{
    GpuEnv *e = &b->r.e;

    gpu_ring_w32(e, RENDER_RING, PUCK_GPU_RING_CTRL, 0);
    gpu_ring_w64(e, RENDER_RING, PUCK_GPU_RING_BASE,
                 behind_own(e->rings[RENDER_RING].base) | GPU_ORDER);
    gpu_ring_w64(e, RENDER_RING, PUCK_GPU_RING_WB_ADDR,
                 behind_own(e->rings[RENDER_RING].wb));
    gpu_ring_w32(e, RENDER_RING, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
}

/* Where page @i of the picture is: scattered, and one segment of IOVAs. */
static uint64_t page_pa(unsigned i)
{
    return PICTURE_PA + (PICTURE_PAGES - i) * 3 * PAGE;
}

static void map_picture(Behind *b, unsigned i, uint64_t pa, uint64_t perm)
{
    behind_map(&b->iommu, PICTURE_IOVA + i * PAGE, pa, perm);
}

static RenderCmd translated(RenderCmd cmd)
{
    cmd.io.list = cpu_to_le64(behind_own(le64_to_cpu(cmd.io.list)));
    return cmd;
}

static RenderCmd attach(Behind *b)
{
    return translated(render_io(&b->r, PUCK_RENDER_CMD_ATTACH, 0, 1,
                                SYS(PICTURE_IOVA, PICTURE), PICTURE));
}

/* The stream and its list are in pages that the IOMMU shows. */
static RenderCmd clear(Behind *b, const uint8_t *colour)
{
    RenderCmd cmd = translated(render_clear(&b->r, 1, 1, colour));
    uint64_t list = le64_to_cpu(cmd.io.list) - BEHIND_IOVA + PUCK_RAM_BASE;
    uint64_t at = qtest_readq(b->r.e.m.qts, list);

    qtest_writeq(b->r.e.m.qts, list, behind_own(at));
    return cmd;
}

static bool behind_start(Behind *b)
{
    g_autofree char *options = NULL, *args = NULL;

    *b = (Behind) { };
    if (!render_program()) {
        return false;
    }
    options = render_options("");
    args = g_strdup_printf(
        RENDER_MEMORY "-device pcie-root-port,id=rp1,chassis=1,addr=3 "
        "-device " GPU_OPTIONS ",bus=rp1%s "
        "-device puck-iommu,id=iommu0,addr=5,buses=rp1", options);
    puck_machine_start(&b->r.e.m, args);
    gpu_attach_behind(&b->r.e, BEHIND_PORT, 0);
    behind_on(&b->iommu, &b->r.e.m, OWN_PAGES);
    ring_behind(b);
    behind_messages(&b->r.e.f, b->r.e.num_vectors);
    for (unsigned i = 0; i < PICTURE_PAGES; i++) {
        map_picture(b, i, page_pa(i), BEHIND_RW);
    }
    render_emit(&b->r, RENDER_RING, render_create_ctx(1));
    render_emit(&b->r, RENDER_RING, render_create_res(1));
    render_emit(&b->r, RENDER_RING,
                render_cmd(PUCK_RENDER_CMD_CTX_ATTACH, 1, 1));
    render_run(&b->r, attach(b));
    return true;
}

static void behind_stop(Behind *b)
{
    behind_off(&b->iommu);
    render_stop(&b->r);
}

/* Page @i of the picture, wherever it is, has this colour throughout. */
static bool page_is(Behind *b, uint64_t pa, const uint8_t *colour)
{
    uint8_t bytes[PAGE];

    qtest_memread(b->r.e.m.qts, pa, bytes, PAGE);
    for (unsigned i = 0; i < PAGE; i++) {
        if (bytes[i] != colour[i % 4]) {
            return false;
        }
    }
    return true;
}

static RenderCmd from_host(void)
{
    return render_transfer(PUCK_RENDER_CMD_FROM_HOST, 1, 1);
}

/* One segment, of pages that lie anywhere. */
static void test_merged(void)
{
    Behind b;

    if (!behind_start(&b)) {
        return;
    }
    g_assert_cmpuint(render_r32(&b.r, PUCK_RENDER_PIECES), ==,
                     1 + PICTURE_PAGES);
    render_emit(&b.r, RENDER_RING, clear(&b, red));
    render_run(&b.r, from_host());
    for (unsigned i = 0; i < PICTURE_PAGES; i++) {
        g_assert_true(page_is(&b, page_pa(i), red));
    }
    g_assert_cmpuint(puck_r64(&b.iommu.iommu, PUCK_IOMMU_CNT_FAULTS), ==, 0);
    behind_stop(&b);
}

/*
 * A page is unmapped while the resource has it: transfers fault, not a byte is
 * moved, and streams, which use what is held, do no harm.
 */
static void test_bad_unmapped(void)
{
    RenderError error = {
        .reason = PUCK_GPU_ERR_DMA_WRITE, .list = PUCK_GPU_ERR_LIST_DST,
        .addr = PICTURE_IOVA + 2 * PAGE,
    };
    static const uint8_t zero[4];
    Behind b;

    if (!behind_start(&b)) {
        return;
    }
    map_picture(&b, 2, 0, 0);
    behind_invalidate(&b.iommu);
    render_run(&b.r, clear(&b, red));
    render_refused(&b.r, from_host(), error);
    behind_expect_fault(&b.iommu, error.addr, PUCK_IOMMU_FAULT_NOT_MAPPED,
                        true);
    for (unsigned i = 0; i < PICTURE_PAGES; i++) {
        g_assert_true(page_is(&b, page_pa(i), zero));
    }
    error.reason = PUCK_GPU_ERR_DMA_READ;
    error.list = PUCK_GPU_ERR_LIST_SRC;
    render_refused(&b.r, render_transfer(PUCK_RENDER_CMD_TO_HOST, 1, 1), error);
    behind_expect_fault(&b.iommu, error.addr, PUCK_IOMMU_FAULT_NOT_MAPPED,
                        false);
    /* It is there again, and read only; then for both. */
    map_picture(&b, 2, page_pa(2), PUCK_IOMMU_PTE_READ);
    behind_invalidate(&b.iommu);
    render_run(&b.r, render_transfer(PUCK_RENDER_CMD_TO_HOST, 1, 1));
    error.reason = PUCK_GPU_ERR_DMA_WRITE;
    error.list = PUCK_GPU_ERR_LIST_DST;
    render_refused(&b.r, from_host(), error);
    behind_expect_fault(&b.iommu, error.addr, PUCK_IOMMU_FAULT_PERMISSION,
                        true);
    map_picture(&b, 2, page_pa(2), BEHIND_RW);
    behind_invalidate(&b.iommu);
    render_emit(&b.r, RENDER_RING, clear(&b, blue));
    render_run(&b.r, from_host());
    g_assert_true(page_is(&b, page_pa(2), blue));
    behind_stop(&b);
}

/* Another page is where one was: nobody writes to either. */
static void test_bad_moved(void)
{
    uint64_t other = PICTURE_PA + (1 << 20);
    static const uint8_t zero[4];
    Behind b;

    if (!behind_start(&b)) {
        return;
    }
    map_picture(&b, 1, other, BEHIND_RW);
    behind_invalidate(&b.iommu);
    render_run(&b.r, clear(&b, red));
    render_refused(&b.r, from_host(), (RenderError) {
        .reason = PUCK_RENDER_ERR_BACKING, .list = PUCK_GPU_ERR_LIST_DST,
        .addr = PICTURE_IOVA + PAGE,
    });
    g_assert_true(page_is(&b, other, zero));
    g_assert_true(page_is(&b, page_pa(1), zero));
    /* DETACH and ATTACH: it is the other one from here on. */
    render_emit(&b.r, RENDER_RING, render_cmd(PUCK_RENDER_CMD_DETACH, 0, 1));
    render_emit(&b.r, RENDER_RING, attach(&b));
    render_run(&b.r, from_host());
    g_assert_true(page_is(&b, other, red));
    g_assert_true(page_is(&b, page_pa(1), zero));
    behind_stop(&b);
}

/* A page that may not be written, or not be read, is no backing. */
static void test_bad_attach(void)
{
    RenderError error = {
        .reason = PUCK_GPU_ERR_DMA_WRITE, .list = PUCK_GPU_ERR_LIST_DST,
        .addr = PICTURE_IOVA + 3 * PAGE,
    };
    Behind b;

    if (!behind_start(&b)) {
        return;
    }
    render_run(&b.r, render_cmd(PUCK_RENDER_CMD_DETACH, 0, 1));
    map_picture(&b, 3, page_pa(3), PUCK_IOMMU_PTE_READ);
    behind_invalidate(&b.iommu);
    render_refused(&b.r, attach(&b), error);
    behind_expect_fault(&b.iommu, error.addr, PUCK_IOMMU_FAULT_PERMISSION,
                        true);
    map_picture(&b, 3, page_pa(3), PUCK_IOMMU_PTE_WRITE);
    behind_invalidate(&b.iommu);
    error.reason = PUCK_GPU_ERR_DMA_READ;
    error.list = PUCK_GPU_ERR_LIST_SRC;
    render_refused(&b.r, attach(&b), error);
    behind_expect_fault(&b.iommu, error.addr, PUCK_IOMMU_FAULT_PERMISSION,
                        false);
    g_assert_cmpuint(render_r32(&b.r, PUCK_RENDER_PIECES), ==, 0);
    map_picture(&b, 3, page_pa(3), BEHIND_RW);
    behind_invalidate(&b.iommu);
    render_run(&b.r, attach(&b));
    behind_stop(&b);
}

void add_render_iommu_tests(void)
{
    qtest_add_func("/puck-render3d/iommu/merged", test_merged);
    qtest_add_func("/puck-render3d/iommu/bad_unmapped", test_bad_unmapped);
    qtest_add_func("/puck-render3d/iommu/bad_moved", test_bad_moved);
    qtest_add_func("/puck-render3d/iommu/bad_attach", test_bad_attach);
}
