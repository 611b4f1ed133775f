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
#define SLOT_OFF    (PCI_EXP_SLTCTL_PCC | PCI_EXP_SLTCTL_PWR_IND_OFF)

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
    cam_begin_half(&e, buf);
    reset(&e);
    qtest_clock_step(e.m.qts, 5 * e.mode.interval);
    /* A reset of the machine need not leave RAM as it was. */
    if (reset != reset_machine) {
        cam_expect_half(&e, buf);
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
        cam_begin_half(&e, buf);
        qtest_writew(e.m.qts, slot, SLOT_OFF);
        qtest_qmp_eventwait(e.m.qts, "DEVICE_DELETED");
        qtest_writew(e.m.qts, slot, 0);
        qtest_clock_step(e.m.qts, 3 * e.mode.interval);
        cam_expect_half(&e, buf);
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
    cam_begin_half(&e, buf);
    qtest_qmp_assert_success(e.m.qts, "{ 'execute': 'stop' }");
    cam_expect_half(&e, buf);
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
