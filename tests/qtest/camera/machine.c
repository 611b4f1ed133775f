/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: the machine around it: resets of all kinds within a frame,
 * unplugging, stop and go on.
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

void add_machine_tests(void)
{
    qtest_add_func("/puck-cam/machine/reset-ctrl", test_reset_ctrl);
    qtest_add_func("/puck-cam/machine/reset-function", test_reset_function);
    qtest_add_func("/puck-cam/machine/reset-machine", test_reset_machine);
    qtest_add_func("/puck-cam/machine/unplug", test_unplug);
    qtest_add_func("/puck-cam/machine/stopped", test_stopped);
}
