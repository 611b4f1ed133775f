/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam behind puck-iommu: scattered pages that are one segment, and the
 * errors that its faults become.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "common/behind.h"
#include "common/cam-env.h"
#include "common/mischief-env.h"

/* Pages of RAM that appear where the IOVAs begin. Tests map behind them. */
#define OWN_PAGES       256
#define TEST_IOVA       (BEHIND_IOVA + OWN_PAGES * PAGE)
#define SOURCES         3

typedef struct Behind {
    CamEnv e;
    PuckBehind iommu;
} Behind;

static CamMode paged_mode(void)
{
    CamMode m = cam_mode(PUCK_CAM_FORMAT_NV12, 160, 128);

    m.interval = 10000000;
    m.pattern = PUCK_CAM_PATTERN_NOISE;
    return m;
}

/* Queue, slot, lists and messages are in pages that the IOMMU shows. */
static void behind_start(Behind *b)
{
    CamMode m = paged_mode();

    *b = (Behind) { };
    puck_machine_start(&b->e.m, BEHIND_MACHINE(CAM_OPTIONS));
    cam_attach_behind(&b->e, BEHIND_PORT, 0);
    behind_on(&b->iommu, &b->e.m, OWN_PAGES);
    b->e.iova = BEHIND_IOVA - PUCK_RAM_BASE;
    cam_queue_reset(&b->e);
    cam_queue_on(&b->e);
    behind_messages(&b->e.f, SOURCES);
    cam_set_mode(&b->e, &m);
    cam_stream(&b->e, PUCK_CAM_SINGLE);
}

static void behind_stop(Behind *b)
{
    behind_off(&b->iommu);
    cam_stop(&b->e);
}

/* A buffer whose part is pages at TEST_IOVA, in RAM at @base in disorder. */
typedef struct Pages {
    uint64_t base;
    unsigned count;
} Pages;

static uint64_t page_at(const Pages *p, unsigned i)
{
    /* 7 and the count have no divisor in common. */
    return p->base + i * 7 % p->count * PAGE;
}

static CamDesc scattered(Behind *b, Pages *p, uint64_t offset)
{
    uint32_t bytes = cam_mode_bytes(&b->e.mode, 0);
    CamSeg seg = { .addr = TEST_IOVA + offset, .len = bytes };
    CamDesc desc = { .cookie = cpu_to_le64(3), .parts = cpu_to_le32(1) };

    p->count = DIV_ROUND_UP(offset + bytes, PAGE);
    p->count += p->count % 7 ? 0 : 1;
    p->base = 0x4000000;
    qtest_memset(b->e.m.qts, p->base, CAM_UNTOUCHED, p->count * PAGE);
    for (unsigned i = 0; i < p->count; i++) {
        behind_map(&b->iommu, TEST_IOVA + i * PAGE, page_at(p, i),
                   PUCK_IOMMU_PTE_WRITE);
    }
    desc.part[0].list = cpu_to_le64(cam_list(&b->e, &seg, 1));
    desc.part[0].nsegs = cpu_to_le32(1);
    desc.part[0].length = cpu_to_le64(bytes);
    return desc;
}

/* What the camera sees from TEST_IOVA on; to be freed. */
static uint8_t *gather(Behind *b, const Pages *p)
{
    uint8_t *bytes = g_malloc(p->count * PAGE);

    for (unsigned i = 0; i < p->count; i++) {
        qtest_memread(b->e.m.qts, page_at(p, i), bytes + i * PAGE, PAGE);
    }
    return bytes;
}

/* The first @len bytes of the picture are there, and nothing else. */
static void expect_pages(Behind *b, const Pages *p, uint64_t offset,
                         const CamDone *done, uint32_t len)
{
    g_autofree uint8_t *got = gather(b, p);
    g_autofree uint8_t *want = g_malloc(p->count * PAGE);
    uint8_t *part[PUCK_CAM_PARTS_MAX] = { want + offset };

    memset(want, CAM_UNTOUCHED, p->count * PAGE);
    cam_model_render(&b->e.mode, done->frame, done->start, part);
    memset(want + offset + len, CAM_UNTOUCHED, p->count * PAGE - offset - len);
    g_assert_cmpmem(got, p->count * PAGE, want, p->count * PAGE);
}

static void step(Behind *b, const CamDesc *desc)
{
    cam_queue(&b->e, desc);
    cam_w32(&b->e, PUCK_CAM_STEP, 1);
}

/* What the whole project is about: scattered pages that are one segment. */
static void test_merged(const void *opaque)
{
    uint64_t offset = GPOINTER_TO_UINT(opaque);
    CamDesc desc;
    CamDone done;
    Behind b;
    Pages p;

    behind_start(&b);
    desc = scattered(&b, &p, offset);
    step(&b, &desc);
    cam_wait_ok(&b.e, 3, &done);
    expect_pages(&b, &p, offset, &done, cam_mode_bytes(&b.e.mode, 0));
    g_assert_true(puck_msix_take(&b.e.m, &b.e.f, b.e.frame_vector, true));
    g_assert_cmpuint(puck_r64(&b.iommu.iommu, PUCK_IOMMU_CNT_FAULTS), ==, 0);
    behind_stop(&b);
}

/* One record for the IOMMU, one for the camera, and both say where. */
static void expect_fault(Behind *b, const CamError *error, uint64_t iova,
                         uint8_t reason, bool write)
{
    cam_expect_error(&b->e, error);
    behind_expect_fault(&b->iommu, iova, reason, write);
}

/* Page @hole of the buffer is not there, or may not be written. */
static void check_hole(unsigned hole, uint64_t perm, uint8_t reason)
{
    CamError error = {
        .reason = PUCK_CAM_ERR_DMA_WRITE, .part = PUCK_CAM_ERR_PART(0),
        .addr = TEST_IOVA + hole * PAGE,
    };
    CamDesc desc;
    CamDone done;
    Behind b;
    Pages p;

    behind_start(&b);
    desc = scattered(&b, &p, 0);
    behind_map(&b.iommu, error.addr, page_at(&p, hole), perm);
    step(&b, &desc);
    cam_wait(&b.e, &done);
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_ERROR);
    g_assert_cmpuint(done.reason, ==, PUCK_CAM_ERR_DMA_WRITE);
    g_assert_cmpuint(done.lines, <=, hole * PAGE / 160);
    expect_fault(&b, &error, error.addr, reason, true);
    cam_alive(&b.e);
    behind_stop(&b);
}

static void test_bad_mapping(void)
{
    check_hole(0, 0, PUCK_IOMMU_FAULT_NOT_MAPPED);
    check_hole(2, 0, PUCK_IOMMU_FAULT_NOT_MAPPED);
    check_hole(3, PUCK_IOMMU_PTE_READ, PUCK_IOMMU_FAULT_PERMISSION);
}

/* A fault of the chroma plane, when its lines are written. */
static void test_bad_chroma(void)
{
    check_hole(6, 0, PUCK_IOMMU_FAULT_NOT_MAPPED);
}

static void test_bad_list_mapping(void)
{
    CamError error = {
        .reason = PUCK_CAM_ERR_LIST_READ, .part = PUCK_CAM_ERR_PART(0),
        .desc = CAM_NONE, .addr = TEST_IOVA + 200 * PAGE + 32,
    };
    CamDesc desc;
    CamDone done;
    Behind b;
    Pages p;

    behind_start(&b);
    desc = scattered(&b, &p, 0);
    desc.part[0].list = cpu_to_le64(error.addr);
    step(&b, &desc);
    cam_wait(&b.e, &done);
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_ERROR);
    expect_fault(&b, &error, error.addr, PUCK_IOMMU_FAULT_NOT_MAPPED, false);
    expect_pages(&b, &p, 0, &done, 0);
    cam_alive(&b.e);
    behind_stop(&b);
}

static void test_bad_ring_mapping(void)
{
    CamError error = { .reason = PUCK_CAM_ERR_RING_READ, .desc = CAM_NONE };
    CamDesc desc;
    Behind b;
    Pages p;

    behind_start(&b);
    desc = scattered(&b, &p, 0);
    error.addr = b.e.queue + b.e.iova;
    behind_map(&b.iommu, error.addr, 0, 0);
    behind_invalidate(&b.iommu);
    step(&b, &desc);
    puck_machine_settle(&b.e.m);
    expect_fault(&b, &error, error.addr, PUCK_IOMMU_FAULT_NOT_MAPPED, false);
    g_assert_true(cam_r32(&b.e, PUCK_CAM_QUEUE_STATUS) &
                  PUCK_CAM_QUEUE_HALTED);
    behind_map(&b.iommu, error.addr, b.e.queue, BEHIND_RW);
    behind_invalidate(&b.iommu);
    cam_alive(&b.e);
    behind_stop(&b);
}

/*
 * Pages that are taken away within a frame, as by an unmap of a buffer that the
 * camera still has: the next group finds them gone, and no byte follows.
 */
static void test_bad_unmap_within(void)
{
    CamError error = {
        .reason = PUCK_CAM_ERR_DMA_WRITE, .part = PUCK_CAM_ERR_PART(0),
    };
    CamDesc desc;
    CamDone done = { };
    Behind b;
    Pages p;

    behind_start(&b);
    desc = scattered(&b, &p, 0);
    step(&b, &desc);
    done.start = cam_r64(&b.e, PUCK_CAM_START_TIME);
    cam_run_until(&b.e, done.start + cam_mode_exposed(&b.e.mode, 31));
    for (unsigned i = 0; i < p.count; i++) {
        behind_map(&b.iommu, TEST_IOVA + i * PAGE, 0, 0);
    }
    behind_invalidate(&b.iommu);
    /* Line 32 begins within page 1. */
    error.addr = TEST_IOVA + PAGE;
    cam_wait(&b.e, &done);
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_ERROR);
    g_assert_cmpuint(done.lines, ==, 32);
    expect_fault(&b, &error, error.addr, PUCK_IOMMU_FAULT_NOT_MAPPED, true);
    cam_alive(&b.e);
    behind_stop(&b);
}

static uint32_t add_rule(Behind *b, const char *what)
{
    g_autofree char *text = g_strdup_printf(
        "iommu.translate iova=0x%" PRIx64 "-0x%" PRIx64 " dir=write %s",
        (uint64_t)TEST_IOVA + PAGE, (uint64_t)TEST_IOVA + 2 * PAGE - 1, what);

    return puck_rule_add(b->e.m.qts, text);
}

/* The camera cannot wait: its requests are no events for such a rule. */
static void test_translate_delay(void)
{
    CamDesc desc;
    CamDone done;
    uint32_t rule;
    Behind b;
    Pages p;

    behind_start(&b);
    desc = scattered(&b, &p, 0);
    rule = add_rule(&b, "delay=40ms");
    step(&b, &desc);
    cam_wait_ok(&b.e, 3, &done);
    g_assert_cmpuint(done.end, <, done.start + b.e.mode.interval);
    expect_pages(&b, &p, 0, &done, cam_mode_bytes(&b.e.mode, 0));
    g_assert_cmpuint(puck_rule_seen(b.e.m.qts, rule), ==, 0);
    behind_stop(&b);
}

/* A fault by a rule is a fault like others. */
static void test_translate_fault(void)
{
    CamError error = {
        .reason = PUCK_CAM_ERR_DMA_WRITE, .part = PUCK_CAM_ERR_PART(0),
        .addr = TEST_IOVA + PAGE,
    };
    CamDesc desc;
    CamDone done;
    uint32_t rule;
    Behind b;
    Pages p;

    behind_start(&b);
    desc = scattered(&b, &p, 0);
    rule = add_rule(&b, "nth=1 fault");
    step(&b, &desc);
    cam_wait(&b.e, &done);
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_ERROR);
    expect_fault(&b, &error, error.addr, PUCK_IOMMU_FAULT_INJECTED, true);
    g_assert_cmpuint(puck_rule_hits(b.e.m.qts, rule), ==, 1);
    cam_alive(&b.e);
    behind_stop(&b);
}

/* Bytes behind the buffer run into the guard, and the picture is there. */
static void test_past_guard(void)
{
    CamMode m = cam_mode(PUCK_CAM_FORMAT_GREY, 64, 128);
    CamError error = {
        .reason = PUCK_CAM_ERR_DMA_WRITE, .part = PUCK_CAM_ERR_PART(0),
        .addr = TEST_IOVA + 2 * PAGE,
    };
    CamDesc desc;
    CamDone done;
    Behind b;
    Pages p;

    behind_start(&b);
    cam_stream_off(&b.e);
    cam_set_mode(&b.e, &m);
    cam_stream(&b.e, PUCK_CAM_SINGLE);
    desc = scattered(&b, &p, 0);
    g_assert_cmpuint(p.count, ==, 2);
    puck_rule_add(b.e.m.qts, "cam.frame nth=1 past");
    step(&b, &desc);
    cam_wait(&b.e, &done);
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_ERROR);
    g_assert_cmpuint(done.reason, ==, PUCK_CAM_ERR_DMA_WRITE);
    g_assert_cmpuint(done.lines, ==, 128);
    expect_fault(&b, &error, error.addr, PUCK_IOMMU_FAULT_NOT_MAPPED, true);
    expect_pages(&b, &p, 0, &done, 2 * PAGE);
    cam_alive(&b.e);
    behind_stop(&b);
}

void add_iommu_tests(void)
{
    qtest_add_data_func("/puck-cam/iommu/merged", GUINT_TO_POINTER(0),
                        test_merged);
    qtest_add_data_func("/puck-cam/iommu/merged-offset",
                        GUINT_TO_POINTER(1234), test_merged);
    qtest_add_func("/puck-cam/iommu/translate-delay", test_translate_delay);
    qtest_add_func("/puck-cam/iommu/translate-fault", test_translate_fault);
    qtest_add_func("/puck-cam/iommu/past-guard", test_past_guard);
    qtest_add_func("/puck-cam/iommu/bad_mapping", test_bad_mapping);
    qtest_add_func("/puck-cam/iommu/bad_chroma", test_bad_chroma);
    qtest_add_func("/puck-cam/iommu/bad_list_mapping", test_bad_list_mapping);
    qtest_add_func("/puck-cam/iommu/bad_ring_mapping", test_bad_ring_mapping);
    qtest_add_func("/puck-cam/iommu/bad_unmap_within", test_bad_unmap_within);
}
