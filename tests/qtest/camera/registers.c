/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: registers: what they read as after reset, what sticks, values that
 * are out of range, 64-bit halves, and accesses that the contract does not
 * know.
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_regs.h"
#include "common/cam-env.h"
#include "common/reg-case.h"

#define WIDTH       640ull
#define HEIGHT      480ull
#define SIZE        (HEIGHT << 16 | WIDTH)
#define RECT        (HEIGHT << 48 | WIDTH << 32)
#define FEATURES    (PUCK_CAM_FEATURE_STAMP | PUCK_CAM_FEATURE_MISCHIEF)
#define PIXEL_RATE  (1000000000ull * (WIDTH + PUCK_CAM_HBLANK_RESET) * \
                     (HEIGHT + PUCK_CAM_VBLANK_RESET) / \
                     PUCK_CAM_INTERVAL_RESET)
/* It depends on other registers what it reads as. */
#define DEPENDS     0x6465706e646f6eull

/*
 * Of a device with the options of boot(). What CTRL registers and the doorbell
 * do is in other tests.
 */
static const RegCase cases[] = {
    { "MAGIC", PUCK_CAM_MAGIC, 4, PUCK_CAM_MAGIC_VALUE, PUCK_CAM_MAGIC_VALUE },
    { "VERSION", PUCK_CAM_VERSION, 4, PUCK_CAM_VERSION_VALUE,
      PUCK_CAM_VERSION_VALUE },
    { "STATUS", PUCK_CAM_STATUS, 4, 0, 0 },
    { "FEATURES", PUCK_CAM_FEATURES, 8, FEATURES, FEATURES },
    { "FORMATS", PUCK_CAM_FORMATS, 4, PUCK_CAM_FORMATS_ALL,
      PUCK_CAM_FORMATS_ALL },
    { "NUM_SOURCES", PUCK_CAM_NUM_SOURCES, 4, 3, 3 },
    { "SEG_LEN_MAX", PUCK_CAM_SEG_LEN_MAX, 4, 123456, 123456 },
    { "SEGS_MAX", PUCK_CAM_SEGS_MAX, 4, 16384, 16384 },
    { "IRQ_STATUS", PUCK_CAM_IRQ_STATUS, 4, 0, 0 },
    { "IRQ_ENABLE", PUCK_CAM_IRQ_ENABLE, 4, 0, PUCK_CAM_IRQ_ALL },
    { "ERR_COUNT", PUCK_CAM_ERR_COUNT, 4, 0, 0 },
    { "ERR_INFO", PUCK_CAM_ERR_INFO, 4, 0, 0 },
    { "ERR_FRAME", PUCK_CAM_ERR_FRAME, 4, 0, 0 },
    { "ERR_DESC", PUCK_CAM_ERR_DESC, 4, 0, 0 },
    { "ERR_ADDR", PUCK_CAM_ERR_ADDR, 8, 0, 0 },
    { "ERR_POP", PUCK_CAM_ERR_POP, 4, 0, 0 },
    { "ERR_LOST", PUCK_CAM_ERR_LOST, 4, 0, 0 },
    { "SENSOR_STATUS", PUCK_CAM_SENSOR_STATUS, 4, 0, 0 },
    { "SIZE_MAX", PUCK_CAM_SIZE_MAX, 4, 720 << 16 | 1280, 720 << 16 | 1280 },
    { "SIZE", PUCK_CAM_SIZE, 4, SIZE, UINT32_MAX },
    { "HBLANK", PUCK_CAM_HBLANK, 4, 280, 8192 },
    { "VBLANK", PUCK_CAM_VBLANK, 4, 45, 4096 },
    { "INTERVAL", PUCK_CAM_INTERVAL, 4, 33333333, 1000000000 },
    { "PIXEL_RATE", PUCK_CAM_PIXEL_RATE, 8, PIXEL_RATE, DEPENDS },
    { "EXPOSURE", PUCK_CAM_EXPOSURE, 4, 0, 65535 },
    { "EXPOSURE_NORMAL", PUCK_CAM_EXPOSURE_NORMAL, 4, (HEIGHT + 45) / 2,
      DEPENDS },
    { "GAIN", PUCK_CAM_GAIN, 4, 0x100, 0x1000 },
    { "FLIP", PUCK_CAM_FLIP, 4, 0, 3 },
    { "SEED", PUCK_CAM_SEED, 8, 77, UINT64_MAX },
    { "PATTERN", PUCK_CAM_PATTERN, 4, PUCK_CAM_PATTERN_NOISE,
      PUCK_CAM_PATTERN_NOISE },
    { "STAMP", PUCK_CAM_STAMP, 4, 1, 1 },
    { "START_TIME", PUCK_CAM_START_TIME, 8, 0, 0 },
    { "FRAME", PUCK_CAM_FRAME, 4, 0, 0 },
    { "CAPTURED", PUCK_CAM_CAPTURED, 4, 0, 0 },
    { "FAILED", PUCK_CAM_FAILED, 4, 0, 0 },
    { "DROPPED", PUCK_CAM_DROPPED, 4, 0, 0 },
    { "REPEATED", PUCK_CAM_REPEATED, 4, 0, 0 },
    { "SOURCE_STATUS", PUCK_CAM_SOURCE_STATUS, 4, 0, 0 },
    { "SOURCE_SIZE", PUCK_CAM_SOURCE_SIZE, 4, 0, 0 },
    { "SOURCE_INTERVAL", PUCK_CAM_SOURCE_INTERVAL, 4, 0, 0 },
    { "SOURCE_SEQ", PUCK_CAM_SOURCE_SEQ, 4, 0, 0 },
    { "SOURCE_PICTURES", PUCK_CAM_SOURCE_PICTURES, 4, 0, 0 },
    { "FORMAT", PUCK_CAM_FORMAT, 4, PUCK_CAM_FORMAT_NV12, UINT32_MAX },
    { "OUT_SIZE", PUCK_CAM_OUT_SIZE, 4, SIZE, UINT32_MAX },
    { "CROP", PUCK_CAM_CROP, 8, RECT, UINT64_MAX },
    { "COMPOSE", PUCK_CAM_COMPOSE, 8, RECT, UINT64_MAX },
    { "STRIDE0", PUCK_CAM_STRIDE0, 4, WIDTH, UINT32_MAX },
    { "STRIDE1", PUCK_CAM_STRIDE1, 4, WIDTH, UINT32_MAX },
    { "CHECK", PUCK_CAM_CHECK, 4, 0, DEPENDS },
    { "PARTS", PUCK_CAM_PARTS, 4, 1, DEPENDS },
    { "BYTES0", PUCK_CAM_BYTES0, 4, WIDTH * HEIGHT * 3 / 2, DEPENDS },
    { "BYTES1", PUCK_CAM_BYTES1, 4, 0, DEPENDS },
    { "QUEUE_STATUS", PUCK_CAM_QUEUE_STATUS, 4, 0, 0 },
    { "QUEUE_ORDER_MAX", PUCK_CAM_QUEUE_ORDER_MAX, 4, 8, 8 },
    { "QUEUE_STOP_HEAD", PUCK_CAM_QUEUE_STOP_HEAD, 4, 0, 0 },
    { "QUEUE_BASE", PUCK_CAM_QUEUE_BASE, 8, 0, ~0xff0ull },
    { "DONE_BASE", PUCK_CAM_DONE_BASE, 8, 0, ~0xfffull },
    { "DONE_WB_ADDR", PUCK_CAM_DONE_WB_ADDR, 8, 0, ~7ull },
    { "QUEUE_HEAD", PUCK_CAM_QUEUE_HEAD, 4, 0, 0 },
    { "DONE_COUNT", PUCK_CAM_DONE_COUNT, 4, 0, 0 },
};

/* A machine with the registers mapped and nothing else done. */
static void boot(CamEnv *e)
{
    *e = (CamEnv) { };
    puck_machine_start(&e->m, "-device " CAM_OPTIONS ",addr=4,seed=77,"
                       "pattern=noise,max-size=1280x720,seg-len-max=123456");
    puck_function_map(&e->m, &e->f, 0, CAM_DEVFN, PUCK_CAM_BAR_REGS);
}

static void check_all_reset(CamEnv *e)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].name);
        g_assert_cmphex(reg_read(&e->f, &cases[i], 0), ==, cases[i].reset);
    }
    g_assert_cmphex(cam_r32(e, PUCK_CAM_CTRL), ==, 0);
    g_assert_cmphex(cam_r32(e, PUCK_CAM_SENSOR_CTRL), ==, 0);
    g_assert_cmphex(cam_r32(e, PUCK_CAM_STEP), ==, 0);
    g_assert_cmphex(cam_r32(e, PUCK_CAM_QUEUE_CTRL), ==, 0);
    g_assert_cmphex(cam_r32(e, PUCK_CAM_QUEUE_TAIL), ==, 0);
}

static void set_all(CamEnv *e)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const RegCase *c = &cases[i];

        g_test_message("%s", c->name);
        reg_write_ones(&e->f, c, 0);
        if (c->sticks != DEPENDS) {
            g_assert_cmphex(reg_read(&e->f, c, 0), ==, c->sticks);
        }
    }
}

static void test_access(void)
{
    CamEnv e;

    boot(&e);
    check_all_reset(&e);
    set_all(&e);
    cam_stop(&e);
}

/* With everything set that can be, and a frame under way. */
static void boot_busy(CamEnv *e)
{
    CamMode m = cam_mode(PUCK_CAM_FORMAT_GREY, 64, 128);
    CamBuffer buf;

    boot(e);
    e->queue = puck_machine_pages(&e->m, 1);
    e->done = puck_machine_pages(&e->m, 1);
    e->wb = puck_machine_pages(&e->m, 1);
    cam_queue_on(e);
    cam_set_mode(e, &m);
    buf = cam_buffer(e, 1);
    cam_queue(e, &buf.desc);
    cam_stream(e, PUCK_CAM_SINGLE);
    cam_w32(e, PUCK_CAM_STEP, 1);
    cam_w32(e, PUCK_CAM_QUEUE_TAIL, 999);
    g_assert_cmpuint(cam_r32(e, PUCK_CAM_ERR_COUNT), ==, 1);
    cam_w32(e, PUCK_CAM_IRQ_ENABLE, PUCK_CAM_IRQ_ALL);
    cam_w32(e, PUCK_CAM_GAIN, 1);
    cam_w32(e, PUCK_CAM_VBLANK, 7);
    cam_w32(e, PUCK_CAM_PATTERN, PUCK_CAM_PATTERN_BOX);
}

static void test_reset(void)
{
    CamEnv e;

    boot_busy(&e);
    cam_w32(&e, PUCK_CAM_CTRL, ~PUCK_CAM_CTRL_RESET);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_GAIN), ==, 1);
    cam_w32(&e, PUCK_CAM_CTRL, PUCK_CAM_CTRL_RESET);
    for (unsigned i = 0; i < 1000 && cam_r32(&e, PUCK_CAM_STATUS); i++) {
        qtest_clock_step(e.m.qts, 100000);
    }
    check_all_reset(&e);
    cam_stop(&e);
}

static void function_level_reset(CamEnv *e)
{
    uint8_t cap = qpci_find_capability(e->f.dev, PCI_CAP_ID_EXP, 0);

    g_assert_cmpuint(cap, !=, 0);
    g_assert_true(qpci_config_readl(e->f.dev, cap + PCI_EXP_DEVCAP) &
                  PCI_EXP_DEVCAP_FLR);
    qpci_config_writew(e->f.dev, cap + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
    /* BARs and command register are gone with it. */
    puck_function_free(&e->f);
    puck_function_map(&e->m, &e->f, 0, CAM_DEVFN, PUCK_CAM_BAR_REGS);
}

static void test_function_level_reset(void)
{
    CamEnv e;

    boot_busy(&e);
    function_level_reset(&e);
    check_all_reset(&e);
    set_all(&e);
    function_level_reset(&e);
    check_all_reset(&e);
    cam_stop(&e);
}

static void test_identity(void)
{
    uint64_t size;
    CamEnv e;

    boot(&e);
    g_assert_cmphex(qpci_config_readl(e.f.dev, PCI_VENDOR_ID), ==,
                    PUCK_CAM_PCI_DEVICE << 16 | PUCK_CAM_PCI_VENDOR);
    g_assert_cmphex(qpci_config_readl(e.f.dev, PCI_CLASS_REVISION), ==,
                    0x04000000 | PUCK_CAM_PCI_REVISION);
    qpci_iomap(e.f.dev, PUCK_CAM_BAR_REGS, &size);
    g_assert_cmphex(size, ==, PUCK_CAM_BAR_REGS_SIZE);
    cam_stop(&e);
}

static void test_halves(void)
{
    CamEnv e;

    boot(&e);
    cam_w32(&e, PUCK_CAM_SEED, 0x11223344);
    cam_w32(&e, PUCK_CAM_SEED + 4, 0x55667788);
    g_assert_cmphex(cam_r64(&e, PUCK_CAM_SEED), ==, 0x5566778811223344);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_SEED), ==, 0x11223344);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_SEED + 4), ==, 0x55667788);
    cam_w32(&e, PUCK_CAM_CROP + 4, 0x12345678);
    g_assert_cmphex(cam_r64(&e, PUCK_CAM_CROP), ==, 0x1234567800000000);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_PIXEL_RATE), ==,
                    (uint32_t)PIXEL_RATE);
    cam_stop(&e);
}

static void test_time(void)
{
    uint64_t before;
    CamEnv e;

    boot(&e);
    before = qtest_clock_step(e.m.qts, 1);
    g_assert_cmpuint(cam_r64(&e, PUCK_CAM_TIME), ==, before);
    qtest_clock_step(e.m.qts, 0x123456789);
    g_assert_cmpuint(cam_r64(&e, PUCK_CAM_TIME), ==, before + 0x123456789);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_TIME), ==,
                    (uint32_t)(before + 0x123456789));
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_TIME + 4), ==,
                    (before + 0x123456789) >> 32);
    cam_stop(&e);
}

/* What is out of range is stored as the nearest value that is not. */
static void test_nearest(void)
{
    static const struct {
        uint64_t reg;
        uint32_t value, read;
    } values[] = {
        { PUCK_CAM_HBLANK, 0, 16 }, { PUCK_CAM_HBLANK, 15, 16 },
        { PUCK_CAM_HBLANK, 16, 16 }, { PUCK_CAM_HBLANK, 17, 17 },
        { PUCK_CAM_HBLANK, 8192, 8192 }, { PUCK_CAM_HBLANK, 8193, 8192 },
        { PUCK_CAM_VBLANK, 0, 4 }, { PUCK_CAM_VBLANK, 3, 4 },
        { PUCK_CAM_VBLANK, 4, 4 }, { PUCK_CAM_VBLANK, 4096, 4096 },
        { PUCK_CAM_VBLANK, 4097, 4096 }, { PUCK_CAM_VBLANK, 1000, 1000 },
        { PUCK_CAM_INTERVAL, 0, 4166666 },
        { PUCK_CAM_INTERVAL, 4166665, 4166666 },
        { PUCK_CAM_INTERVAL, 4166667, 4166667 },
        { PUCK_CAM_INTERVAL, 1000000000, 1000000000 },
        { PUCK_CAM_INTERVAL, 1000000001, 1000000000 },
        { PUCK_CAM_EXPOSURE, 0, 0 }, { PUCK_CAM_EXPOSURE, 1, 1 },
        { PUCK_CAM_EXPOSURE, 65535, 65535 },
        { PUCK_CAM_EXPOSURE, 65536, 65535 },
        { PUCK_CAM_GAIN, 0, 1 }, { PUCK_CAM_GAIN, 1, 1 },
        { PUCK_CAM_GAIN, 0x1000, 0x1000 }, { PUCK_CAM_GAIN, 0x1001, 0x1000 },
        { PUCK_CAM_GAIN, 0xfff, 0xfff },
    };
    CamEnv e;

    boot(&e);
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        g_test_message("0x%" PRIx64 " <- %u", values[i].reg, values[i].value);
        cam_w32(&e, values[i].reg, values[i].value);
        g_assert_cmpuint(cam_r32(&e, values[i].reg), ==, values[i].read);
    }
    /* PIXEL_RATE and EXPOSURE_NORMAL are those of the registers now. */
    cam_w32(&e, PUCK_CAM_HBLANK, 100);
    cam_w32(&e, PUCK_CAM_VBLANK, 21);
    cam_w32(&e, PUCK_CAM_INTERVAL, 5000000);
    cam_w32(&e, PUCK_CAM_SIZE, 100 << 16 | 200);
    g_assert_cmpuint(cam_r64(&e, PUCK_CAM_PIXEL_RATE), ==,
                     200ull * 300 * 121);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_EXPOSURE_NORMAL), ==, 60);
    cam_stop(&e);
}

static void test_bad_pattern(void)
{
    CamEnv e;

    boot(&e);
    for (unsigned i = 0; i < PUCK_CAM_PATTERN_SOURCE; i++) {
        cam_w32(&e, PUCK_CAM_PATTERN, i);
        g_assert_cmpuint(cam_r32(&e, PUCK_CAM_PATTERN), ==, i);
        cam_w32(&e, PUCK_CAM_PATTERN, PUCK_CAM_PATTERN_SOURCE);
        g_assert_cmpuint(cam_r32(&e, PUCK_CAM_PATTERN), ==, i);
        cam_w32(&e, PUCK_CAM_PATTERN, PUCK_CAM_PATTERN_SOURCE + 1);
        g_assert_cmpuint(cam_r32(&e, PUCK_CAM_PATTERN), ==, i);
    }
    cam_stop(&e);
}

/* Wrong sizes, and places where there is no register. */
static void test_bad_access(void)
{
    static const struct {
        uint64_t offset;
        unsigned size;
    } bad[] = {
        { PUCK_CAM_MAGIC, 1 }, { PUCK_CAM_MAGIC, 2 }, { PUCK_CAM_MAGIC, 8 },
        { PUCK_CAM_CTRL, 8 }, { PUCK_CAM_CTRL + 3, 1 }, { PUCK_CAM_STATUS, 2 },
        { PUCK_CAM_FEATURES + 2, 4 }, { PUCK_CAM_FEATURES + 4, 8 },
        { PUCK_CAM_TIME, 2 }, { PUCK_CAM_TIME + 2, 4 },
        { 0x38, 4 }, { 0x3fc, 4 },
        { PUCK_CAM_SOURCE(0), 8 }, { PUCK_CAM_SOURCE(1), 2 },
        { PUCK_CAM_SOURCE(3), 4 }, { PUCK_CAM_SOURCE(63), 4 }, { 0x7fc, 4 },
        { PUCK_CAM_ERR_LOST + 4, 4 },
        { PUCK_CAM_SENSOR_CTRL, 8 }, { PUCK_CAM_STEP, 2 },
        { PUCK_CAM_SEED, 1 }, { PUCK_CAM_SEED + 4, 8 },
        { PUCK_CAM_REPEATED + 4, 4 }, { 0x207c, 4 },
        { PUCK_CAM_SOURCE_PICTURES + 4, 4 }, { 0x2ffc, 4 },
        { PUCK_CAM_CROP + 2, 4 }, { PUCK_CAM_STRIDE0, 8 },
        { PUCK_CAM_BYTES1 + 4, 4 }, { 0x3ffc, 4 },
        { PUCK_CAM_QUEUE_CTRL, 8 }, { PUCK_CAM_QUEUE_BASE, 2 },
        { PUCK_CAM_QUEUE_TAIL, 1 }, { PUCK_CAM_QUEUE_TAIL, 2 },
        { PUCK_CAM_DONE_COUNT + 4, 4 }, { 0x4ffc, 4 }, { 0x5000, 4 },
        { PUCK_CAM_BAR_REGS_SIZE - 4, 4 },
    };
    CamEnv e;

    boot(&e);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        uint64_t at = e.f.bar.addr + bad[i].offset;
        uint64_t ones = UINT64_MAX, got = 0;

        g_test_message("%u bytes at 0x%" PRIx64, bad[i].size, bad[i].offset);
        qtest_memread(e.m.qts, at, &got, bad[i].size);
        qtest_memwrite(e.m.qts, at, &ones, bad[i].size);
        g_assert_cmphex(got, ==, 0);
    }
    check_all_reset(&e);
    cam_stop(&e);
}

static void test_bad_options(void)
{
    static const struct {
        const char *options, *part;
    } bad[] = {
        { "max-size=14x16", "max-size" }, { "max-size=16x14", "max-size" },
        { "max-size=17x16", "max-size" }, { "max-size=4098x16", "max-size" },
        { "max-size=16x2162", "max-size" }, { "max-size=640", "max-size" },
        { "max-size=640x480x2", "max-size" }, { "max-size=x", "max-size" },
        { "pattern=snow", "pattern" }, { "pattern=source", "source" },
        { "seg-len-max=0", "seg-len-max" },
        { "source-size=16x16", "source" }, { "source-format=grey", "source" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *args = g_strdup_printf("-device puck-cam,%s",
                                                bad[i].options);

        g_test_message("%s", bad[i].options);
        puck_machine_refused(args, bad[i].part);
    }
}

/* The smallest, and the default. */
static void test_options(void)
{
    CamEnv e;

    cam_start(&e, ",max-size=16x16", "");
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_SIZE_MAX), ==, 16 << 16 | 16);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_SIZE), ==, 16 << 16 | 16);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_STRIDE0), ==, 16);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_CHECK), ==, 0);
    cam_stop(&e);
    cam_start(&e, "", "");
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_SIZE_MAX), ==, 2160 << 16 | 4096);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_PATTERN), ==,
                     PUCK_CAM_PATTERN_BARS);
    g_assert_cmphex(cam_r64(&e, PUCK_CAM_SEED), ==, 0);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_SEG_LEN_MAX), ==, 1 << 30);
    cam_stop(&e);
}

void add_register_tests(void)
{
    qtest_add_func("/puck-cam/registers/access", test_access);
    qtest_add_func("/puck-cam/registers/reset", test_reset);
    qtest_add_func("/puck-cam/registers/function-level-reset",
                   test_function_level_reset);
    qtest_add_func("/puck-cam/registers/identity", test_identity);
    qtest_add_func("/puck-cam/registers/halves", test_halves);
    qtest_add_func("/puck-cam/registers/time", test_time);
    qtest_add_func("/puck-cam/registers/nearest", test_nearest);
    qtest_add_func("/puck-cam/registers/options", test_options);
    qtest_add_func("/puck-cam/registers/bad_pattern", test_bad_pattern);
    qtest_add_func("/puck-cam/registers/bad_access", test_bad_access);
    qtest_add_func("/puck-cam/registers/bad_options", test_bad_options);
}
