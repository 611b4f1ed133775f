/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: the machine around it: resets of all kinds within a frame,
 * unplugging, stop and go on, migration.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "common/cam-env.h"

#define ECAM        0xb0000000u
#define PCIEXBAR    0x60
#define PORT        QPCI_DEVFN(4, 0)
#define ROUNDS      5
#define BYTES       (64u * 128)
#define SLOT_OFF    (PCI_EXP_SLTCTL_PCC | PCI_EXP_SLTCTL_PWR_IND_OFF)

static CamMode long_mode(void)
{
    CamMode m = cam_mode(PUCK_CAM_FORMAT_GREY, 64, 128);

    m.interval = 10000000;
    m.pattern = PUCK_CAM_PATTERN_BOX;
    return m;
}

/* Two buffers, and a frame that has written half of its lines. */
static void start_frame(CamEnv *e, CamBuffer buf[2])
{
    CamMode m = long_mode();

    cam_set_mode(e, &m);
    for (unsigned i = 0; i < 2; i++) {
        buf[i] = cam_buffer(e, i);
        cam_queue(e, &buf[i].desc);
    }
    cam_stream(e, 0);
    cam_run_until(e, cam_now(e) + cam_mode_exposed(&m, 63));
}

/* Lines 0 to 63 of the first buffer were written, and nothing since. */
static void expect_half(CamEnv *e, const CamBuffer buf[2])
{
    uint8_t bytes[BYTES];

    qtest_memread(e->m.qts, buf[0].ram[0], bytes, BYTES);
    for (unsigned y = 0; y < 128; y++) {
        g_assert_cmphex(bytes[64 * y + 7], ==,
                        y < 64 ? PUCK_CAM_LINE_MAGIC : CAM_UNTOUCHED);
    }
    cam_expect_untouched(e, &buf[1]);
    g_assert_cmpuint(qtest_readq(e->m.qts, e->wb), ==, 0);
}

/* CTRL.RESET, a function level reset, a reset of the machine. */
static void reset_ctrl(CamEnv *e)
{
    cam_w32(e, PUCK_CAM_CTRL, PUCK_CAM_CTRL_RESET);
    for (unsigned i = 0; i < 1000 && cam_r32(e, PUCK_CAM_STATUS); i++) {
        qtest_clock_step_next(e->m.qts);
    }
    g_assert_cmpuint(cam_r32(e, PUCK_CAM_STATUS), ==, 0);
}

static void reset_function(CamEnv *e)
{
    uint8_t cap = qpci_find_capability(e->f.dev, PCI_CAP_ID_EXP, 0);

    qpci_config_writew(e->f.dev, cap + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
}

static void reset_machine(CamEnv *e)
{
    qtest_qmp_assert_success(e->m.qts, "{ 'execute': 'system_reset' }");
    qtest_qmp_eventwait(e->m.qts, "RESET");
}

static void check_reset(void (*reset)(CamEnv *e))
{
    CamBuffer buf[2];
    CamEnv e;

    cam_start(&e, "", "");
    start_frame(&e, buf);
    reset(&e);
    qtest_clock_step(e.m.qts, 5 * e.mode.interval);
    /* A reset of the machine need not leave RAM as it was. */
    if (reset != reset_machine) {
        expect_half(&e, buf);
    }
    if (reset != reset_ctrl) {
        puck_function_free(&e.f);
        cam_attach(&e, 0, CAM_DEVFN);
    } else {
        cam_queue_on(&e);
    }
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_SENSOR_CTRL), ==, 0);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_FRAME), ==, 0);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_ERR_COUNT), ==, 0);
    cam_alive(&e);
    cam_stop(&e);
}

static void test_reset_ctrl(void)
{
    check_reset(reset_ctrl);
}

static void test_reset_function(void)
{
    check_reset(reset_function);
}

static void test_reset_machine(void)
{
    check_reset(reset_machine);
}

static uint64_t slot_control(CamEnv *e)
{
    QPCIDevice *mch = qpci_device_find(e->m.pci, 0);
    QPCIDevice *port = qpci_device_find(e->m.pci, PORT);
    uint8_t cap = qpci_find_capability(port, PCI_CAP_ID_EXP, 0);

    qpci_config_writel(mch, PCIEXBAR, ECAM | 1);
    g_free(mch);
    g_free(port);
    return ECAM + (PORT << 12) + cap + PCI_EXP_SLTCTL;
}

/* The slot loses its power within a frame, again and again. */
static void test_unplug(void)
{
    CamBuffer buf[2];
    uint64_t slot;
    CamEnv e = { };

    puck_machine_start(&e.m, "-global ICH9-LPC.acpi-pci-hotplug-with-bridge-"
                       "support=off -device pcie-root-port,id=rp1,chassis=1,"
                       "addr=4 -device " CAM_OPTIONS ",bus=rp1");
    cam_attach_behind(&e, PORT, 0);
    slot = slot_control(&e);
    for (unsigned i = 0; i < ROUNDS; i++) {
        start_frame(&e, buf);
        qtest_writew(e.m.qts, slot, SLOT_OFF);
        qtest_qmp_eventwait(e.m.qts, "DEVICE_DELETED");
        qtest_writew(e.m.qts, slot, 0);
        qtest_clock_step(e.m.qts, 3 * e.mode.interval);
        expect_half(&e, buf);
        puck_function_free(&e.f);
        qtest_qmp_device_add(e.m.qts, "puck-cam", "cam0", "{ 'bus': 'rp1' }");
        puck_machine_settle(&e.m);
        cam_attach_behind(&e, PORT, 0);
    }
    cam_alive(&e);
    cam_stop(&e);
}

/* A machine that is stopped takes no pictures, and no time passes. */
static void test_stopped(void)
{
    CamBuffer buf[2];
    CamDone done;
    CamEnv e;

    cam_start(&e, "", "");
    start_frame(&e, buf);
    qtest_qmp_assert_success(e.m.qts, "{ 'execute': 'stop' }");
    expect_half(&e, buf);
    qtest_qmp_assert_success(e.m.qts, "{ 'execute': 'cont' }");
    for (unsigned i = 0; i < 2; i++) {
        cam_wait_ok(&e, i, &done);
        g_assert_cmpuint(done.frame, ==, i);
        cam_expect_picture(&e, &buf[i], &done);
    }
    cam_stop(&e);
}

/* Within a frame: the other side goes on at the line where it was. */
static void test_move(void)
{
    CamBuffer buf[2];
    CamDone done;
    CamEnv e, to;

    cam_start(&e, ",seed=3", "");
    cam_w32(&e, PUCK_CAM_IRQ_ENABLE, PUCK_CAM_IRQ_ERROR);
    cam_w32(&e, PUCK_CAM_QUEUE_TAIL, 555);
    start_frame(&e, buf);
    cam_move(&e, &to);
    expect_half(&to, buf);
    g_assert_cmpuint(cam_r32(&to, PUCK_CAM_ERR_COUNT), ==, 1);
    g_assert_cmpuint(cam_r64(&to, PUCK_CAM_ERR_ADDR), ==, 555);
    g_assert_cmphex(cam_r32(&to, PUCK_CAM_IRQ_ENABLE), ==, PUCK_CAM_IRQ_ERROR);
    g_assert_cmphex(cam_r64(&to, PUCK_CAM_SEED), ==, 0);
    g_assert_cmphex(cam_r32(&to, PUCK_CAM_SENSOR_STATUS), ==,
                    PUCK_CAM_SENSOR_BUSY);
    for (unsigned i = 0; i < 2; i++) {
        cam_wait_ok(&to, i, &done);
        g_assert_cmpuint(done.frame, ==, i);
        cam_expect_picture(&to, &buf[i], &done);
    }
    g_assert_cmpuint(cam_r32(&to, PUCK_CAM_CAPTURED), ==, 2);
    cam_alive(&to);
    cam_stop(&to);
}

/* Registers changed within the frame are of the next one there, too. */
static void test_move_changed(void)
{
    CamBuffer buf[2];
    CamDone done;
    CamEnv e, to;

    cam_start(&e, "", "");
    start_frame(&e, buf);
    cam_w32(&e, PUCK_CAM_PATTERN, PUCK_CAM_PATTERN_NOISE);
    cam_w32(&e, PUCK_CAM_GAIN, 0x222);
    cam_w32(&e, PUCK_CAM_STAMP, 0);
    cam_move(&e, &to);
    cam_wait_ok(&to, 0, &done);
    cam_expect_picture(&to, &buf[0], &done);
    to.mode.pattern = PUCK_CAM_PATTERN_NOISE;
    to.mode.gain = 0x222;
    to.mode.stamp = false;
    cam_wait_ok(&to, 1, &done);
    cam_expect_picture(&to, &buf[1], &done);
    cam_stop(&to);
}

/* Between frames, halted, and before there ever was one. */
static void test_move_idle(void)
{
    CamMode m = long_mode();
    CamBuffer buf;
    CamDone done;
    CamEnv e, to;

    cam_start(&e, "", "");
    cam_move(&e, &to);
    cam_set_mode(&to, &m);
    buf = cam_buffer(&to, 5);
    cam_queue(&to, &buf.desc);
    cam_stream(&to, PUCK_CAM_SINGLE);
    cam_move(&to, &e);
    cam_w32(&e, PUCK_CAM_STEP, 1);
    cam_wait_ok(&e, 5, &done);
    cam_expect_picture(&e, &buf, &done);
    cam_w64(&e, PUCK_CAM_DONE_BASE, 0);
    cam_stream_off(&e);
    cam_queue_reset(&e);
    cam_w64(&e, PUCK_CAM_QUEUE_BASE, 0x7000000000000000ull | CAM_ORDER);
    cam_w32(&e, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_ENABLE);
    cam_w32(&e, PUCK_CAM_QUEUE_TAIL, 1);
    cam_stream(&e, 0);
    puck_machine_settle(&e.m);
    g_assert_true(cam_r32(&e, PUCK_CAM_QUEUE_STATUS) & PUCK_CAM_QUEUE_HALTED);
    cam_move(&e, &to);
    g_assert_true(cam_r32(&to, PUCK_CAM_QUEUE_STATUS) & PUCK_CAM_QUEUE_HALTED);
    g_assert_cmpuint(cam_r32(&to, PUCK_CAM_ERR_COUNT), ==, 1);
    cam_alive(&to);
    cam_stop(&to);
}

void add_machine_tests(void)
{
    qtest_add_func("/puck-cam/machine/reset-ctrl", test_reset_ctrl);
    qtest_add_func("/puck-cam/machine/reset-function", test_reset_function);
    qtest_add_func("/puck-cam/machine/reset-machine", test_reset_machine);
    qtest_add_func("/puck-cam/machine/unplug", test_unplug);
    qtest_add_func("/puck-cam/machine/stopped", test_stopped);
    qtest_add_func("/puck-cam/machine/move", test_move);
    qtest_add_func("/puck-cam/machine/move-changed", test_move_changed);
    qtest_add_func("/puck-cam/machine/move-idle", test_move_idle);
}
