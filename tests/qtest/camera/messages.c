/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: interrupt sources, what raises each, and a device that may not
 * master the bus.
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "hw/pci/pci_regs.h"
#include "common/cam-env.h"

#define SOURCES 3

static CamMode quick_mode(void)
{
    CamMode m = cam_mode(PUCK_CAM_FORMAT_GREY, 32, 64);

    m.interval = 10000000;
    return m;
}

static bool message(CamEnv *e, unsigned vector, bool expected)
{
    return puck_msix_take(&e->m, &e->f, vector, expected);
}

/* There is none of any vector. */
static void expect_silence(CamEnv *e)
{
    puck_machine_settle(&e->m);
    for (unsigned v = 0; v < SOURCES; v++) {
        g_assert_false(message(e, v, false));
    }
}

/* Takes a message of @vector, and there is none of another one. */
static void expect_message(CamEnv *e, unsigned vector)
{
    g_assert_true(message(e, vector, true));
    expect_silence(e);
}

static void test_sources(void)
{
    unsigned kinds = 0, vectors = 0;
    CamEnv e;

    cam_start(&e, "", "");
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_NUM_SOURCES), ==, SOURCES);
    g_assert_cmpuint(qpci_msix_table_size(e.f.dev), ==, SOURCES);
    for (unsigned i = 0; i < SOURCES; i++) {
        uint32_t source = cam_r32(&e, PUCK_CAM_SOURCE(i));
        uint32_t kind = (source & PUCK_CAM_SOURCE_KIND) >>
                        ctz32(PUCK_CAM_SOURCE_KIND);

        g_assert_cmphex(source & ~(PUCK_CAM_SOURCE_VECTOR |
                                   PUCK_CAM_SOURCE_KIND), ==, 0);
        g_assert_cmpuint(source & PUCK_CAM_SOURCE_VECTOR, <, SOURCES);
        kinds |= 1u << kind;
        vectors |= 1u << (source & PUCK_CAM_SOURCE_VECTOR);
    }
    g_assert_cmphex(kinds, ==, 7);
    g_assert_cmphex(vectors, ==, 7);
    cam_stop(&e);
}

/* A message for each done entry, whatever its status, and no enabling. */
static void test_frame(void)
{
    CamMode m = quick_mode();
    CamBuffer buf;
    CamDone done;
    CamEnv e;

    cam_start(&e, "", "");
    cam_set_mode(&e, &m);
    cam_stream(&e, PUCK_CAM_SINGLE);
    for (unsigned i = 0; i < 3; i++) {
        buf = cam_buffer(&e, i);
        cam_queue(&e, &buf.desc);
        expect_silence(&e);
        cam_w32(&e, PUCK_CAM_STEP, 1);
        cam_wait_ok(&e, i, &done);
        expect_message(&e, e.frame_vector);
        cam_run_until(&e, done.start + m.interval);
    }
    buf.desc.parts = 0;
    cam_queue(&e, &buf.desc);
    cam_w32(&e, PUCK_CAM_STEP, 1);
    cam_wait(&e, &done);
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_ERROR);
    expect_message(&e, e.frame_vector);
    cam_run_until(&e, done.start + m.interval);
    buf = cam_buffer(&e, 9);
    cam_queue(&e, &buf.desc);
    cam_w32(&e, PUCK_CAM_STEP, 1);
    cam_stream_off(&e);
    cam_wait(&e, &done);
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_STOPPED);
    g_assert_cmpuint(done.lines, ==, 0);
    expect_message(&e, e.frame_vector);
    cam_expect_untouched(&e, &buf);
    cam_stop(&e);
}

/* Once, when it becomes set; or when it is enabled while it is. */
static void test_start(void)
{
    CamMode m = quick_mode();
    CamEnv e;

    cam_start(&e, "", "");
    cam_set_mode(&e, &m);
    cam_w32(&e, PUCK_CAM_IRQ_ENABLE, PUCK_CAM_IRQ_START);
    cam_stream(&e, 0);
    expect_message(&e, e.event_vector);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_IRQ_STATUS), ==, PUCK_CAM_IRQ_START);
    /* It is set already: no more of it. */
    cam_run_until(&e, cam_now(&e) + m.interval);
    expect_silence(&e);
    cam_w32(&e, PUCK_CAM_IRQ_STATUS, PUCK_CAM_IRQ_ERROR | PUCK_CAM_IRQ_SOURCE);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_IRQ_STATUS), ==, PUCK_CAM_IRQ_START);
    cam_w32(&e, PUCK_CAM_IRQ_STATUS, PUCK_CAM_IRQ_START);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_IRQ_STATUS), ==, 0);
    cam_run_until(&e, cam_now(&e) + m.interval);
    expect_message(&e, e.event_vector);
    cam_w32(&e, PUCK_CAM_IRQ_ENABLE, 0);
    cam_w32(&e, PUCK_CAM_IRQ_STATUS, PUCK_CAM_IRQ_START);
    cam_run_until(&e, cam_now(&e) + m.interval);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_IRQ_STATUS), ==, PUCK_CAM_IRQ_START);
    expect_silence(&e);
    cam_w32(&e, PUCK_CAM_IRQ_ENABLE, PUCK_CAM_IRQ_START);
    expect_message(&e, e.event_vector);
    cam_stop(&e);
}

static void test_error(void)
{
    CamEnv e;

    cam_start(&e, "", "");
    cam_w32(&e, PUCK_CAM_QUEUE_TAIL, 999);
    expect_silence(&e);
    cam_w32(&e, PUCK_CAM_IRQ_ENABLE, PUCK_CAM_IRQ_ERROR);
    expect_message(&e, e.error_vector);
    cam_w32(&e, PUCK_CAM_QUEUE_TAIL, 998);
    expect_silence(&e);
    cam_w32(&e, PUCK_CAM_IRQ_STATUS, PUCK_CAM_IRQ_ERROR);
    cam_w32(&e, PUCK_CAM_QUEUE_TAIL, 997);
    expect_message(&e, e.error_vector);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_ERR_COUNT), ==, 3);
    cam_stop(&e);
}

static void set_master(CamEnv *e, bool on)
{
    uint16_t command = qpci_config_readw(e->f.dev, PCI_COMMAND);

    command &= ~PCI_COMMAND_MASTER;
    qpci_config_writew(e->f.dev, PCI_COMMAND,
                       command | (on ? PCI_COMMAND_MASTER : 0));
}

/* Off before the frame: its descriptor cannot be read. */
static void test_bad_master(void)
{
    CamError error = { .reason = PUCK_CAM_ERR_RING_READ, .desc = CAM_NONE };
    CamMode m = quick_mode();
    CamBuffer buf;
    CamEnv e;

    cam_start(&e, "", "");
    cam_set_mode(&e, &m);
    cam_w32(&e, PUCK_CAM_IRQ_ENABLE, PUCK_CAM_IRQ_ALL);
    buf = cam_buffer(&e, 1);
    cam_queue(&e, &buf.desc);
    set_master(&e, false);
    cam_stream(&e, 0);
    puck_machine_settle(&e.m);
    error.addr = e.queue;
    cam_expect_error(&e, &error);
    g_assert_true(cam_r32(&e, PUCK_CAM_QUEUE_STATUS) & PUCK_CAM_QUEUE_HALTED);
    expect_silence(&e);
    /* The sensor goes on. */
    cam_run_until(&e, cam_now(&e) + 3 * m.interval);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_FRAME), ==, 3);
    cam_expect_untouched(&e, &buf);
    set_master(&e, true);
    cam_alive(&e);
    cam_stop(&e);
}

/* Off within a frame: nothing is written any more, the done entry neither. */
static void test_bad_master_within(void)
{
    CamMode m = quick_mode();
    g_autofree uint8_t *bytes = g_malloc(32 * 64);
    CamBuffer buf;
    CamEnv e;

    cam_start(&e, "", "");
    cam_set_mode(&e, &m);
    buf = cam_buffer(&e, 1);
    cam_queue(&e, &buf.desc);
    cam_stream(&e, PUCK_CAM_SINGLE);
    cam_w32(&e, PUCK_CAM_STEP, 1);
    cam_run_until(&e, cam_now(&e) + cam_mode_exposed(&m, 31));
    set_master(&e, false);
    cam_run_until(&e, cam_now(&e) + 2 * m.interval);
    qtest_memread(e.m.qts, buf.ram[0], bytes, 32 * 64);
    g_assert_cmphex(bytes[32 * 31 + 7], ==, PUCK_CAM_LINE_MAGIC);
    g_assert_cmphex(bytes[32 * 32 + 7], ==, CAM_UNTOUCHED);
    g_assert_cmpuint(qtest_readq(e.m.qts, e.wb), ==, 0);
    g_assert_cmpuint(cam_r32(&e, PUCK_CAM_ERR_COUNT), ==, 2);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_ERR_INFO) & PUCK_CAM_ERR_INFO_REASON,
                    ==, PUCK_CAM_ERR_DMA_WRITE);
    cam_w32(&e, PUCK_CAM_ERR_POP, 1);
    g_assert_cmphex(cam_r32(&e, PUCK_CAM_ERR_INFO) & PUCK_CAM_ERR_INFO_REASON,
                    ==, PUCK_CAM_ERR_WRITE_BACK);
    g_assert_true(cam_r32(&e, PUCK_CAM_QUEUE_STATUS) & PUCK_CAM_QUEUE_HALTED);
    expect_silence(&e);
    set_master(&e, true);
    cam_alive(&e);
    cam_stop(&e);
}

void add_message_tests(void)
{
    qtest_add_func("/puck-cam/messages/sources", test_sources);
    qtest_add_func("/puck-cam/messages/frame", test_frame);
    qtest_add_func("/puck-cam/messages/start", test_start);
    qtest_add_func("/puck-cam/messages/error", test_error);
    qtest_add_func("/puck-cam/messages/bad_master", test_bad_master);
    qtest_add_func("/puck-cam/messages/bad_master_within",
                   test_bad_master_within);
}
