/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: what its accesses and messages can bring about within themselves.
 *
 * An IOMMU reports a fault by a message, which a guest may aim at any register;
 * and so it may aim the camera's own. So in the middle of each access that the
 * device makes, or right behind it, the queue may be reset, the stream end, the
 * function be reset, or the device be unplugged.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "common/behind.h"
#include "common/cam-env.h"
#include "abi/puck_iommu.h"

#define IOMMU_DEVFN     QPCI_DEVFN(5, 0)
#define PORT            QPCI_DEVFN(4, 0)
#define ECAM            0xb0000000u
#define PCIEXBAR        0x60
/* All of RAM is mapped to itself. */
#define SLOT_OFF        (PCI_EXP_SLTCTL_PCC | PCI_EXP_SLTCTL_PWR_IND_OFF)
#define MACHINE \
    "-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off " \
    "-device pcie-root-port,id=rp1,chassis=1,addr=4 " \
    "-device " CAM_OPTIONS ",bus=rp1 "
/* The IOMMU's message leaves behind the access that faults, or within it. */
#define BEHIND_ACCESS   "-device puck-iommu,id=iommu0,addr=5,buses=rp1"
#define WITHIN_ACCESS   BEHIND_ACCESS ",x-messages-within=on"

typedef struct Reentry {
    CamEnv e;
    PuckFunction iommu;         /* dev is NULL: there is none */
} Reentry;

/* From now on a message of @vector is a write of @data to @addr. */
static void aim_vector(PuckFunction *f, unsigned vector, uint64_t addr,
                       uint32_t data)
{
    uint64_t entry = f->dev->msix_table_off + vector * PCI_MSIX_ENTRY_SIZE;
    QPCIBar bar = f->dev->msix_table_bar;

    qpci_io_writel(f->dev, bar, entry + PCI_MSIX_ENTRY_LOWER_ADDR, addr);
    qpci_io_writel(f->dev, bar, entry + PCI_MSIX_ENTRY_UPPER_ADDR, addr >> 32);
    qpci_io_writel(f->dev, bar, entry + PCI_MSIX_ENTRY_DATA, data);
}

/* The IOMMU's faults, or else the camera's done entries. */
static void aim(Reentry *t, uint64_t addr, uint32_t data)
{
    if (t->iommu.dev) {
        aim_vector(&t->iommu, PUCK_IOMMU_VEC_FAULT, addr, data);
    } else {
        aim_vector(&t->e.f, t->e.frame_vector, addr, data);
    }
}

static void set_up(Reentry *t)
{
    CamMode m = cam_mode(PUCK_CAM_FORMAT_GREY, 64, 64);

    m.interval = 10000000;
    cam_set_mode(&t->e, &m);
}

/* @iommu is NULL if there is none. */
static void start(Reentry *t, const char *iommu)
{
    g_autofree char *args = g_strconcat(MACHINE, iommu, NULL);
    QPCIDevice *mch;

    *t = (Reentry) { };
    puck_machine_start(&t->e.m, args);
    cam_attach_behind(&t->e, PORT, 0);
    mch = qpci_device_find(t->e.m.pci, 0);
    qpci_config_writel(mch, PCIEXBAR, ECAM | 1);
    g_free(mch);
    if (iommu) {
        behind_identity(&t->e.m, &t->iommu, IOMMU_DEVFN);
    }
    cam_alive(&t->e);
    cam_queue_reset(&t->e);
    cam_queue_on(&t->e);
    set_up(t);
}

static void stop(Reentry *t)
{
    puck_function_free(&t->iommu);
    cam_stop(&t->e);
}

/* A descriptor as it should be, which a test makes a bad one of. */
static void queue_two(Reentry *t, uint64_t list, uint64_t addr)
{
    for (unsigned i = 0; i < 2; i++) {
        CamBuffer buf = cam_buffer(&t->e, i);
        CamSeg seg = { .addr = addr, .len = buf.bytes[0] };

        if (addr) {
            buf.desc.part[0].list = cpu_to_le64(cam_list(&t->e, &seg, 1));
        }
        if (list) {
            buf.desc.part[0].list = cpu_to_le64(list);
        }
        cam_queue(&t->e, &buf.desc);
    }
}

/* The accesses: each faults in the first frame. */
static void bad_ring(Reentry *t)
{
    cam_queue_reset(&t->e);
    cam_w64(&t->e, PUCK_CAM_QUEUE_BASE, BEHIND_HOLE | CAM_ORDER);
    cam_w32(&t->e, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_ENABLE);
    cam_w32(&t->e, PUCK_CAM_QUEUE_TAIL, 3);
}

static void bad_list(Reentry *t)
{
    queue_two(t, BEHIND_HOLE, 0);
}

static void bad_write(Reentry *t)
{
    queue_two(t, 0, BEHIND_HOLE);
}

static void bad_later_write(Reentry *t)
{
    queue_two(t, 0, BEHIND_HOLE - 40 * 64 - 5);
}

static void bad_done(Reentry *t)
{
    cam_queue_reset(&t->e);
    cam_w64(&t->e, PUCK_CAM_DONE_BASE, BEHIND_HOLE);
    cam_w32(&t->e, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_ENABLE);
    t->e.tail = 0;
    queue_two(t, 0, 0);
}

static void bad_slot(Reentry *t)
{
    cam_queue_reset(&t->e);
    cam_w64(&t->e, PUCK_CAM_DONE_WB_ADDR, BEHIND_HOLE);
    cam_w32(&t->e, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_ENABLE);
    t->e.tail = 0;
    queue_two(t, 0, 0);
}

static void good(Reentry *t)
{
    queue_two(t, 0, 0);
}

static void aim_at_queue_reset(Reentry *t)
{
    aim(t, t->e.f.bar.addr + PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_RESET);
}

static void aim_at_queue_off(Reentry *t)
{
    aim(t, t->e.f.bar.addr + PUCK_CAM_QUEUE_CTRL, 0);
}

static void aim_at_tail(Reentry *t)
{
    aim(t, t->e.f.bar.addr + PUCK_CAM_QUEUE_TAIL, 7);
}

static void aim_at_stream_off(Reentry *t)
{
    aim(t, t->e.f.bar.addr + PUCK_CAM_SENSOR_CTRL, 0);
}

static void aim_at_ctrl(Reentry *t)
{
    aim(t, t->e.f.bar.addr + PUCK_CAM_CTRL, PUCK_CAM_CTRL_RESET);
}

static uint64_t capability(unsigned bus, unsigned devfn, QPCIDevice *dev)
{
    return ECAM + (bus << 20) + (devfn << 12) +
           qpci_find_capability(dev, PCI_CAP_ID_EXP, 0);
}

static void aim_at_flr(Reentry *t)
{
    aim(t, capability(1, 0, t->e.f.dev) + PCI_EXP_DEVCTL,
        PCI_EXP_DEVCTL_BCR_FLR);
}

static uint64_t slot_control(Reentry *t)
{
    QPCIDevice *port = qpci_device_find(t->e.m.pci, PORT);
    uint64_t at = capability(0, PORT, port) + PCI_EXP_SLTCTL;

    g_free(port);
    return at;
}

static void aim_at_slot(Reentry *t)
{
    aim(t, slot_control(t), SLOT_OFF);
}

typedef void Step(Reentry *t);

static Step *const accesses[] = {
    bad_ring, bad_list, bad_write, bad_later_write, bad_done, bad_slot,
};

static Step *const aims[] = {
    aim_at_queue_reset, aim_at_queue_off, aim_at_tail, aim_at_stream_off,
    aim_at_ctrl,
};

static void run(Reentry *t, Step *access, Step *where)
{
    access(t);
    where(t);
    /* It may be undone before it can be read back. */
    cam_w32(&t->e, PUCK_CAM_SENSOR_CTRL, PUCK_CAM_STREAM);
    qtest_clock_step(t->e.m.qts, 35000000);
}

/* The device answers, and works once it is set up anew. */
static void end_alive(Reentry *t)
{
    if (t->iommu.dev) {
        aim(t, t->iommu.msix_message, 0);
        /* The next fault is told of again. */
        puck_w32(&t->iommu, PUCK_IOMMU_IRQ_STATUS, UINT32_MAX);
    } else {
        aim(t, t->e.f.msix_message, 0);
    }
    cam_w32(&t->e, PUCK_CAM_CTRL, PUCK_CAM_CTRL_RESET);
    puck_machine_settle(&t->e.m);
    g_assert_cmpuint(cam_r32(&t->e, PUCK_CAM_STATUS), ==, 0);
    cam_queue_on(&t->e);
    cam_alive(&t->e);
    cam_queue_reset(&t->e);
    cam_queue_on(&t->e);
    set_up(t);
}

static bool resets(Step *where)
{
    return where == aim_at_queue_reset || where == aim_at_ctrl;
}

/* A queue that is reset in the middle of an access is as if just reset. */
static void expect_reset(Reentry *t)
{
    g_assert_cmphex(cam_r32(&t->e, PUCK_CAM_QUEUE_STATUS), ==, 0);
    g_assert_cmpuint(cam_r32(&t->e, PUCK_CAM_QUEUE_HEAD), ==, 0);
    g_assert_cmpuint(cam_r32(&t->e, PUCK_CAM_DONE_COUNT), ==, 0);
}

static void test_fault_registers(const void *iommu)
{
    Reentry t;

    start(&t, iommu);
    for (size_t a = 0; a < G_N_ELEMENTS(accesses); a++) {
        for (size_t w = 0; w < G_N_ELEMENTS(aims); w++) {
            g_test_message("access %zu, aim %zu", a, w);
            run(&t, accesses[a], aims[w]);
            if (resets(aims[w])) {
                expect_reset(&t);
            }
            end_alive(&t);
        }
    }
    stop(&t);
}

/* The function is mapped anew, as by a driver that binds. */
static void test_fault_flr(const void *iommu)
{
    for (size_t a = 0; a < G_N_ELEMENTS(accesses); a++) {
        Reentry t;

        start(&t, iommu);
        run(&t, accesses[a], aim_at_flr);
        aim(&t, t.iommu.msix_message, 0);
        puck_function_free(&t.e.f);
        cam_attach_behind(&t.e, PORT, 0);
        cam_alive(&t.e);
        stop(&t);
    }
}

static void test_fault_unplug(const void *iommu)
{
    for (size_t a = 0; a < G_N_ELEMENTS(accesses); a++) {
        Reentry t;

        start(&t, iommu);
        run(&t, accesses[a], aim_at_slot);
        qtest_qmp_eventwait(t.e.m.qts, "DEVICE_DELETED");
        qtest_clock_step(t.e.m.qts, 35000000);
        stop(&t);
    }
}

/* Its own messages at its own registers, one for each frame. */
static void test_own_registers(void)
{
    Reentry t;

    start(&t, NULL);
    for (size_t w = 0; w < G_N_ELEMENTS(aims); w++) {
        g_test_message("aim %zu", w);
        run(&t, good, aims[w]);
        end_alive(&t);
    }
    stop(&t);
}

static void test_own_slot(void)
{
    Reentry t;

    start(&t, NULL);
    run(&t, good, aim_at_slot);
    qtest_qmp_eventwait(t.e.m.qts, "DEVICE_DELETED");
    qtest_clock_step(t.e.m.qts, 35000000);
    stop(&t);
    start(&t, NULL);
    run(&t, good, aim_at_flr);
    puck_function_free(&t.e.f);
    cam_attach_behind(&t.e, PORT, 0);
    cam_alive(&t.e);
    stop(&t);
}

/* Registers are no memory, the device's own neither: nothing is written. */
static void test_bad_targets(void)
{
    uint64_t at;
    CamDone done;
    Reentry t;

    start(&t, NULL);
    at = t.e.f.bar.addr + PUCK_CAM_SEED;
    queue_two(&t, 0, at);
    cam_stream(&t.e, 0);
    cam_wait(&t.e, &done);
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_ERROR);
    g_assert_cmpuint(done.reason, ==, PUCK_CAM_ERR_DMA_WRITE);
    g_assert_cmpuint(done.lines, ==, 0);
    g_assert_cmphex(cam_r64(&t.e, PUCK_CAM_SEED), ==, 0);
    end_alive(&t);
    cam_queue_reset(&t.e);
    cam_w64(&t.e, PUCK_CAM_DONE_BASE, t.e.f.bar.addr);
    cam_w64(&t.e, PUCK_CAM_DONE_WB_ADDR, at);
    cam_w32(&t.e, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_ENABLE);
    t.e.tail = 0;
    queue_two(&t, 0, 0);
    cam_stream(&t.e, 0);
    qtest_clock_step(t.e.m.qts, 35000000);
    g_assert_true(cam_r32(&t.e, PUCK_CAM_QUEUE_STATUS) &
                  PUCK_CAM_QUEUE_HALTED);
    g_assert_cmphex(cam_r64(&t.e, PUCK_CAM_SEED), ==, 0);
    end_alive(&t);
    stop(&t);
}

void add_reentry_tests(void)
{
    qtest_add_data_func("/puck-cam/reentry/fault-registers", BEHIND_ACCESS,
                        test_fault_registers);
    qtest_add_data_func("/puck-cam/reentry/fault-flr", BEHIND_ACCESS,
                        test_fault_flr);
    qtest_add_data_func("/puck-cam/reentry/fault-unplug", BEHIND_ACCESS,
                        test_fault_unplug);
    qtest_add_data_func("/puck-cam/reentry/fault-registers-within",
                        WITHIN_ACCESS, test_fault_registers);
    qtest_add_data_func("/puck-cam/reentry/fault-flr-within", WITHIN_ACCESS,
                        test_fault_flr);
    qtest_add_data_func("/puck-cam/reentry/fault-unplug-within",
                        WITHIN_ACCESS, test_fault_unplug);
    qtest_add_func("/puck-cam/reentry/own-registers", test_own_registers);
    qtest_add_func("/puck-cam/reentry/own-slot", test_own_slot);
    qtest_add_func("/puck-cam/reentry/bad_targets", test_bad_targets);
}
