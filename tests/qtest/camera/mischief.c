/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: mischief at the site cam.frame, and at those that it has in common
 * with others. Each rule is for frame 1; 0 and 2 are as they should be.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "common/cam-env.h"
#include "common/mischief-env.h"
#include "abi/puck_mischief.h"

#define W           64u
#define H           128u
#define FRAMES      3
#define PAST_BYTE   0xa5
#define INTERVAL    10000000

typedef struct Mischief {
    CamEnv e;
    CamBuffer buf[FRAMES];
    uint32_t rule;
} Mischief;

/* A stream of frames to three buffers, and a rule. */
static void begin_with(Mischief *t, unsigned format, const char *rule)
{
    CamMode m = cam_mode(format, W, H);

    m.interval = INTERVAL;
    m.pattern = PUCK_CAM_PATTERN_RAMP;
    cam_start(&t->e, "", "");
    t->rule = puck_rule_add(t->e.m.qts, rule);
    cam_set_mode(&t->e, &m);
    for (unsigned i = 0; i < FRAMES; i++) {
        t->buf[i] = cam_buffer(&t->e, i);
        cam_queue(&t->e, &t->buf[i].desc);
    }
    cam_stream(&t->e, 0);
}

static void begin(Mischief *t, const char *rule)
{
    begin_with(t, PUCK_CAM_FORMAT_NV12M, rule);
}

/* The next frame is right, of that number and in that buffer. */
static void expect_good(Mischief *t, unsigned buffer, uint32_t frame)
{
    CamDone done;

    cam_wait_ok(&t->e, buffer, &done);
    g_assert_cmpuint(done.frame, ==, frame);
    cam_expect_picture(&t->e, &t->buf[buffer], &done);
}

/* The rule fired once, nothing follows, and the device works. */
static void end(Mischief *t)
{
    g_assert_cmpuint(puck_rule_hits(t->e.m.qts, t->rule), ==, 1);
    puck_rule_remove(t->e.m.qts, t->rule);
    cam_alive(&t->e);
    cam_stop(&t->e);
}

/* Lines of part @i for which @written says so are those of the frame. */
static void expect_lines(Mischief *t, const CamDone *done, unsigned i,
                         bool (*written)(unsigned line, unsigned n), unsigned n)
{
    const CamMode *m = &t->e.mode;
    uint32_t size = cam_mode_bytes(m, i);
    g_autofree uint8_t *got = g_malloc(size);
    uint8_t *part[PUCK_CAM_PARTS_MAX];

    part[0] = g_malloc(cam_mode_bytes(m, 0));
    part[1] = g_malloc(cam_mode_bytes(m, 1) + 1);
    cam_model_render(m, done->frame, done->start, part);
    for (unsigned y = 0; y < size / m->stride[i]; y++) {
        if (!written(y, n)) {
            memset(part[i] + y * m->stride[i], CAM_UNTOUCHED, m->stride[i]);
        }
    }
    qtest_memread(t->e.m.qts, t->buf[1].ram[i], got, size);
    g_assert_cmpmem(got, size, part[i], size);
    g_free(part[0]);
    g_free(part[1]);
}

static bool before(unsigned line, unsigned n)
{
    return line < n;
}

static bool all_but(unsigned line, unsigned n)
{
    return line != n;
}

static void expect_failed(Mischief *t, unsigned status, CamDone *done)
{
    cam_wait(&t->e, done);
    g_assert_cmpuint(done->cookie, ==, 1);
    g_assert_cmpuint(done->status, ==, status);
    g_assert_cmpuint(done->reason, ==, 0);
    g_assert_cmpuint(done->frame, ==, 1);
    g_assert_cmpuint(cam_r32(&t->e, PUCK_CAM_FAILED), ==, 1);
    g_assert_cmpuint(cam_r32(&t->e, PUCK_CAM_ERR_COUNT), ==, 0);
}

/* Its number is gone, its descriptor is there for the next. */
static void test_drop(void)
{
    Mischief t;

    begin(&t, "cam.frame frame=1 drop");
    expect_good(&t, 0, 0);
    expect_good(&t, 1, 2);
    expect_good(&t, 2, 3);
    g_assert_cmpuint(cam_r32(&t.e, PUCK_CAM_DROPPED), ==, 1);
    end(&t);
}

static void check_truncate(unsigned lines)
{
    g_autofree char *rule = g_strdup_printf("cam.frame frame=1 truncate=%u",
                                            lines);
    CamDone done;
    Mischief t;

    begin(&t, rule);
    expect_good(&t, 0, 0);
    expect_failed(&t, PUCK_CAM_DONE_SHORT, &done);
    g_assert_cmpuint(done.lines, ==, lines);
    g_assert_cmpuint(done.bytes[0], ==, lines * W);
    g_assert_cmpuint(done.bytes[1], ==, DIV_ROUND_UP(lines, 2) * W);
    expect_lines(&t, &done, 0, before, lines);
    expect_lines(&t, &done, 1, before, DIV_ROUND_UP(lines, 2));
    expect_good(&t, 2, 2);
    end(&t);
}

static void test_truncate(void)
{
    check_truncate(10);
    check_truncate(64);
    check_truncate(H - 1);
}

/* A picture of so many lines or less is not truncated. */
static void test_truncate_not(void)
{
    Mischief t;

    begin(&t, "cam.frame frame=1 truncate=128");
    for (unsigned i = 0; i < FRAMES; i++) {
        expect_good(&t, i, i);
    }
    cam_stop(&t.e);
}

static void test_line(void)
{
    CamDone done;
    Mischief t;

    begin(&t, "cam.frame frame=1 line=40");
    expect_good(&t, 0, 0);
    expect_failed(&t, PUCK_CAM_DONE_LINE, &done);
    expect_lines(&t, &done, 0, all_but, 40);
    expect_lines(&t, &done, 1, all_but, 40);
    expect_good(&t, 2, 2);
    end(&t);
}

static void test_error(void)
{
    CamDone done;
    Mischief t;

    begin(&t, "cam.frame frame=1 error");
    expect_good(&t, 0, 0);
    expect_failed(&t, PUCK_CAM_DONE_SYNC, &done);
    g_assert_cmpuint(done.lines, ==, H / 2);
    expect_lines(&t, &done, 0, before, H / 2);
    expect_lines(&t, &done, 1, before, H / 4);
    expect_good(&t, 2, 2);
    end(&t);
}

/* All that follow fail, until the stream begins anew. */
static void test_resize(void)
{
    CamDone done;
    uint32_t seq;
    Mischief t;

    begin(&t, "cam.frame frame=1 nth=1 resize");
    seq = cam_r32(&t.e, PUCK_CAM_SOURCE_SEQ);
    expect_good(&t, 0, 0);
    g_assert_cmphex(cam_r32(&t.e, PUCK_CAM_IRQ_STATUS) & PUCK_CAM_IRQ_SOURCE,
                    ==, 0);
    expect_failed(&t, PUCK_CAM_DONE_SYNC, &done);
    g_assert_cmpuint(done.lines, ==, 0);
    cam_expect_untouched(&t.e, &t.buf[1]);
    g_assert_cmpuint(cam_r32(&t.e, PUCK_CAM_SOURCE_SEQ), ==, seq + 1);
    g_assert_cmphex(cam_r32(&t.e, PUCK_CAM_IRQ_STATUS) & PUCK_CAM_IRQ_SOURCE,
                    !=, 0);
    cam_wait(&t.e, &done);
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_SYNC);
    g_assert_cmpuint(done.frame, ==, 2);
    cam_expect_untouched(&t.e, &t.buf[2]);
    cam_stream_off(&t.e);
    cam_queue(&t.e, &t.buf[2].desc);
    cam_stream(&t.e, 0);
    expect_good(&t, 2, 0);
    end(&t);
}

/* Lines and end are late; what should be over by then is dropped. */
static void test_delay(void)
{
    CamDone done;
    Mischief t;

    begin(&t, "cam.frame frame=1 delay=15ms");
    expect_good(&t, 0, 0);
    cam_run_until(&t.e, cam_r64(&t.e, PUCK_CAM_START_TIME) + INTERVAL +
                  cam_mode_read(&t.e.mode, H - 1) + 1);
    cam_expect_untouched(&t.e, &t.buf[1]);
    cam_wait_ok(&t.e, 1, &done);
    g_assert_cmpuint(done.frame, ==, 1);
    g_assert_cmpuint(done.end, >=, done.start + 15000000 +
                     cam_mode_read(&t.e.mode, H - 1));
    cam_expect_picture(&t.e, &t.buf[1], &done);
    expect_good(&t, 2, 3);
    g_assert_cmpuint(cam_r32(&t.e, PUCK_CAM_DROPPED), ==, 1);
    end(&t);
}

/* The picture is there, its end is not: until the rule is released. */
static void test_hold(void)
{
    CamDone done;
    Mischief t;

    begin(&t, "cam.frame frame=1 hold");
    expect_good(&t, 0, 0);
    cam_run_until(&t.e, cam_now(&t.e) + 10ull * INTERVAL);
    g_assert_false(cam_take(&t.e, &done));
    g_assert_cmphex(cam_r32(&t.e, PUCK_CAM_SENSOR_STATUS), ==,
                    PUCK_CAM_SENSOR_BUSY);
    puck_rule_release(t.e.m.qts, t.rule);
    cam_wait_ok(&t.e, 1, &done);
    g_assert_cmpuint(done.frame, ==, 1);
    cam_expect_picture(&t.e, &t.buf[1], &done);
    cam_wait_ok(&t.e, 2, &done);
    g_assert_cmpuint(done.frame, >, 9);
    cam_expect_picture(&t.e, &t.buf[2], &done);
    end(&t);
}

/* STREAM off, or RESET of the queue, ends what is held. */
static void test_hold_ended(void)
{
    CamDone done;
    Mischief t;

    begin(&t, "cam.frame frame=1 hold");
    expect_good(&t, 0, 0);
    cam_run_until(&t.e, cam_now(&t.e) + 3ull * INTERVAL);
    cam_stream_off(&t.e);
    cam_wait(&t.e, &done);
    g_assert_cmpuint(done.cookie, ==, 1);
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_STOPPED);
    end(&t);

    begin(&t, "cam.frame frame=1 hold");
    expect_good(&t, 0, 0);
    cam_run_until(&t.e, cam_now(&t.e) + 3ull * INTERVAL);
    cam_queue_reset(&t.e);
    g_assert_cmpuint(cam_r32(&t.e, PUCK_CAM_QUEUE_STOP_HEAD), ==, 1);
    g_assert_cmphex(cam_r32(&t.e, PUCK_CAM_SENSOR_STATUS), ==, 0);
    end(&t);
}

/* What is held moves, and is released there. */
static void test_hold_moved(void)
{
    CamDone done;
    CamEnv to;
    Mischief t;

    begin(&t, "cam.frame frame=1 hold");
    expect_good(&t, 0, 0);
    cam_run_until(&t.e, cam_now(&t.e) + 3ull * INTERVAL);
    cam_move(&t.e, &to);
    t.e = to;
    cam_run_until(&t.e, cam_now(&t.e) + 3ull * INTERVAL);
    g_assert_false(cam_take(&t.e, &done));
    puck_rule_release(t.e.m.qts, t.rule);
    cam_wait_ok(&t.e, 1, &done);
    cam_expect_picture(&t.e, &t.buf[1], &done);
    end(&t);
}

static void test_renumber(void)
{
    Mischief t;

    begin(&t, "cam.frame frame=1 renumber=1000");
    /* The pattern does not show the number. */
    cam_stream_off(&t.e);
    cam_queue_reset(&t.e);
    cam_queue_on(&t.e);
    t.e.mode.pattern = PUCK_CAM_PATTERN_BARS;
    cam_set_mode(&t.e, &t.e.mode);
    for (unsigned i = 0; i < FRAMES; i++) {
        t.buf[i] = cam_buffer(&t.e, i);
        cam_queue(&t.e, &t.buf[i].desc);
    }
    cam_stream(&t.e, 0);
    expect_good(&t, 0, 0);
    expect_good(&t, 1, 1001);
    expect_good(&t, 2, 2);
    end(&t);
}

static void test_duplicate(void)
{
    CamDone first, done;
    Mischief t;

    begin(&t, "cam.frame frame=1 duplicate");
    cam_wait_ok(&t.e, 0, &first);
    cam_wait(&t.e, &done);
    g_assert_cmpuint(done.cookie, ==, 1);
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_OK);
    g_assert_cmpuint(done.frame, ==, 0);
    g_assert_cmpuint(done.start, ==, first.start);
    cam_expect_picture(&t.e, &t.buf[1], &first);
    expect_good(&t, 2, 2);
    end(&t);
}

/* Each line is where the next one belongs, with the stamp that it has. */
static void test_shift(void)
{
    g_autofree uint8_t *got = g_malloc(W * H);
    uint8_t *part[PUCK_CAM_PARTS_MAX] = { };
    CamDone done;
    Mischief t;

    begin_with(&t, PUCK_CAM_FORMAT_GREY, "cam.frame frame=1 shift");
    expect_good(&t, 0, 0);
    cam_wait(&t.e, &done);
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_OK);
    part[0] = g_malloc(W * H);
    cam_model_render(&t.e.mode, done.frame, done.start, part);
    memmove(part[0] + W, part[0], W * (H - 1));
    memset(part[0], CAM_UNTOUCHED, W);
    qtest_memread(t.e.m.qts, t.buf[1].ram[0], got, W * H);
    g_assert_cmpmem(got, W * H, part[0], W * H);
    g_free(part[0]);
    expect_good(&t, 2, 2);
    end(&t);
}

/* Bytes behind the last segment, where a guard should be. */
static void check_past(const char *rule, uint32_t size)
{
    g_autofree uint8_t *got = g_malloc(2 * PAGE);
    CamDone done;
    Mischief t;

    begin_with(&t, PUCK_CAM_FORMAT_GREY, rule);
    expect_good(&t, 0, 0);
    cam_wait(&t.e, &done);
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_OK);
    g_assert_cmpuint(t.buf[1].bytes[0] % PAGE, ==, 0);
    qtest_memread(t.e.m.qts, t.buf[1].ram[0] + t.buf[1].bytes[0], got, PAGE);
    for (unsigned i = 0; i < PAGE; i++) {
        g_assert_cmphex(got[i], ==, i < size ? PAST_BYTE : CAM_UNTOUCHED);
    }
    expect_good(&t, 2, 2);
    end(&t);
}

static void test_past(void)
{
    check_past("cam.frame frame=1 past", PAGE);
    check_past("cam.frame frame=1 past=100", 100);
}

/* Another frame, another device, no frame at all. */
static void test_not(void)
{
    uint32_t other;
    Mischief t;

    begin(&t, "cam.frame frame=7-9 drop");
    other = puck_rule_add(t.e.m.qts, "cam.frame device=cam1 truncate=5");
    for (unsigned i = 0; i < FRAMES; i++) {
        expect_good(&t, i, i);
    }
    /* Frames without a descriptor are no events. */
    cam_run_until(&t.e, cam_now(&t.e) + 8ull * INTERVAL);
    g_assert_cmpuint(puck_rule_hits(t.e.m.qts, t.rule), ==, 0);
    g_assert_cmpuint(puck_rule_hits(t.e.m.qts, other), ==, 0);
    cam_stop(&t.e);
}

/* dma.write: a fault, as at an IOMMU. */
static void test_write_fault(void)
{
    CamError error = {
        .reason = PUCK_CAM_ERR_DMA_WRITE, .part = PUCK_CAM_ERR_PART(0),
        .index = 1, .frame = 1,
    };
    CamDone done;
    Mischief t;

    begin(&t, "dma.write frame=1 dir=write nth=1 fault");
    expect_good(&t, 0, 0);
    cam_wait(&t.e, &done);
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_ERROR);
    g_assert_cmpuint(done.reason, ==, PUCK_CAM_ERR_DMA_WRITE);
    g_assert_cmpuint(done.lines, ==, 0);
    error.addr = t.buf[1].ram[0];
    cam_expect_error(&t.e, &error);
    expect_good(&t, 2, 2);
    end(&t);
}

/* dma.write: all bytes of one frame are others. */
static void test_write_corrupt(void)
{
    g_autofree uint8_t *got = g_malloc(W * H);
    uint8_t *part[PUCK_CAM_PARTS_MAX] = { };
    CamDone done;
    Mischief t;

    begin_with(&t, PUCK_CAM_FORMAT_GREY, "dma.write frame=1 corrupt=xor:0x81");
    expect_good(&t, 0, 0);
    cam_wait_ok(&t.e, 1, &done);
    part[0] = g_malloc(W * H);
    cam_model_render(&t.e.mode, done.frame, done.start, part);
    qtest_memread(t.e.m.qts, t.buf[1].ram[0], got, W * H);
    for (unsigned i = 0; i < W * H; i++) {
        g_assert_cmphex(got[i], ==, part[0][i] ^ 0x81);
    }
    g_free(part[0]);
    expect_good(&t, 2, 2);
    g_assert_cmpuint(puck_rule_hits(t.e.m.qts, t.rule), >, 0);
    cam_stop(&t.e);
}

/* irq.raise: the entry and the slot are there, the message is not. */
static void test_irq_drop(void)
{
    CamDone done;
    Mischief t;

    begin(&t, "irq.raise device=cam0 nth=2 drop");
    for (unsigned i = 0; i < FRAMES; i++) {
        cam_wait_ok(&t.e, i, &done);
        puck_machine_settle(&t.e.m);
        g_assert_cmpint(puck_msix_take(&t.e.m, &t.e.f, t.e.frame_vector,
                                       false), ==, i != 1);
    }
    end(&t);
}

/* Surprise removal within a frame, and back as after power-on. */
static void test_gone(void)
{
    Mischief t;

    begin(&t, "cam.frame frame=7 drop");
    cam_run_until(&t.e, cam_now(&t.e) + cam_mode_exposed(&t.e.mode, 31));
    puck_rule_remove(t.e.m.qts, t.rule);
    t.rule = puck_rule_add(t.e.m.qts, "device device=cam0 nth=1 gone");
    g_assert_cmphex(cam_r32(&t.e, PUCK_CAM_MAGIC), ==, UINT32_MAX);
    g_assert_cmphex(cam_r64(&t.e, PUCK_CAM_TIME), ==, UINT64_MAX);
    g_assert_cmphex(qpci_config_readl(t.e.f.dev, 0), ==, UINT32_MAX);
    cam_w32(&t.e, PUCK_CAM_CTRL, PUCK_CAM_CTRL_RESET);
    qtest_clock_step(t.e.m.qts, 5 * INTERVAL);
    cam_expect_untouched(&t.e, &t.buf[1]);
    g_assert_cmpuint(qtest_readq(t.e.m.qts, t.e.wb), ==, 0);
    puck_rule_release(t.e.m.qts, t.rule);
    puck_function_free(&t.e.f);
    cam_attach(&t.e, 0, CAM_DEVFN);
    g_assert_cmphex(cam_r32(&t.e, PUCK_CAM_MAGIC), ==, PUCK_CAM_MAGIC_VALUE);
    end(&t);
}

/* CTRL.RESET that does not end, until it is released. */
static void test_reset_fails(void)
{
    Mischief t;

    begin(&t, "device device=cam0 nth=1 reset-fails");
    expect_good(&t, 0, 0);
    cam_w32(&t.e, PUCK_CAM_CTRL, PUCK_CAM_CTRL_RESET);
    g_assert_cmphex(cam_r32(&t.e, PUCK_CAM_STATUS), ==,
                    PUCK_CAM_STATUS_RESETTING);
    qtest_clock_step(t.e.m.qts, INTERVAL);
    g_assert_cmphex(cam_r32(&t.e, PUCK_CAM_STATUS), ==,
                    PUCK_CAM_STATUS_RESETTING);
    puck_rule_release(t.e.m.qts, t.rule);
    puck_machine_settle(&t.e.m);
    g_assert_cmphex(cam_r32(&t.e, PUCK_CAM_STATUS), ==, 0);
    g_assert_cmpuint(cam_r32(&t.e, PUCK_CAM_SENSOR_CTRL), ==, 0);
    end(&t);
}

/* A DMA access that bus mastering off does not keep back. */
static void test_bme_ignored(void)
{
    CamDone done;
    Mischief t;

    begin(&t, "device device=cam0 dir=write bme-ignored");
    puck_rule_add(t.e.m.qts, "device device=cam0 dir=read bme-ignored");
    qpci_config_writew(t.e.f.dev, PCI_COMMAND, PCI_COMMAND_MEMORY);
    cam_wait_ok(&t.e, 0, &done);
    cam_expect_picture(&t.e, &t.buf[0], &done);
    g_assert_cmpuint(cam_r32(&t.e, PUCK_CAM_ERR_COUNT), ==, 0);
    g_assert_cmpuint(puck_rule_hits(t.e.m.qts, t.rule), >, 0);
    cam_stop(&t.e);
}

/* The guest's window is the camera's, too. */
static void test_window(void)
{
    static const char rule[] = "cam.frame frame=1 truncate=9";
    uint32_t text[PUCK_MISCHIEF_TEXT_SIZE / 4] = { };
    CamDone done;
    Mischief t;

    cam_start(&t.e, "", "-device puck-mischief,id=mischief,guest=on");
    t.e.mode = cam_mode(PUCK_CAM_FORMAT_GREY, W, H);
    cam_set_mode(&t.e, &t.e.mode);
    g_assert_cmphex(cam_r32(&t.e, PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_MAGIC),
                    ==, PUCK_MISCHIEF_MAGIC_VALUE);
    memcpy(text, rule, sizeof(rule));
    for (unsigned i = 0; i < ARRAY_SIZE(text); i++) {
        cam_w32(&t.e, PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_TEXT + 4 * i,
                le32_to_cpu(text[i]));
    }
    cam_w32(&t.e, PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_COMMAND,
            PUCK_MISCHIEF_ADD);
    g_assert_cmpuint(cam_r32(&t.e, PUCK_MISCHIEF_WINDOW +
                             PUCK_MISCHIEF_RESULT), ==, PUCK_MISCHIEF_OK);
    for (unsigned i = 0; i < 2; i++) {
        t.buf[i] = cam_buffer(&t.e, i);
        cam_queue(&t.e, &t.buf[i].desc);
    }
    cam_stream(&t.e, 0);
    expect_good(&t, 0, 0);
    expect_failed(&t, PUCK_CAM_DONE_SHORT, &done);
    g_assert_cmpuint(done.lines, ==, 9);
    cam_stop(&t.e);
}

/* The queue's RESET does not end, until it is released. */
static void test_queue_reset_fails(void)
{
    Mischief t;

    begin(&t, "cam.frame frame=9 drop");
    expect_good(&t, 0, 0);
    puck_rule_remove(t.e.m.qts, t.rule);
    t.rule = puck_rule_add(t.e.m.qts, "device device=cam0 nth=1 reset-fails");
    cam_w32(&t.e, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_RESET);
    qtest_clock_step(t.e.m.qts, 5 * INTERVAL);
    g_assert_true(cam_r32(&t.e, PUCK_CAM_QUEUE_CTRL) & PUCK_CAM_QUEUE_RESET);
    puck_rule_release(t.e.m.qts, t.rule);
    puck_machine_settle(&t.e.m);
    g_assert_cmphex(cam_r32(&t.e, PUCK_CAM_QUEUE_CTRL), ==, 0);
    end(&t);
}

/* A doorbell behind which nothing is taken for a time: frames are dropped. */
static void test_stall(void)
{
    Mischief t;

    begin(&t, "device device=cam0 nth=1 stall=25ms");
    /* Frames 0, 1 and 2 are over by then, as far as they could begin. */
    expect_good(&t, 0, 3);
    expect_good(&t, 1, 4);
    expect_good(&t, 2, 5);
    g_assert_cmpuint(cam_r32(&t.e, PUCK_CAM_DROPPED), ==, 3);
    end(&t);
}

void add_mischief_tests(void)
{
    qtest_add_func("/puck-cam/mischief/drop", test_drop);
    qtest_add_func("/puck-cam/mischief/truncate", test_truncate);
    qtest_add_func("/puck-cam/mischief/truncate-not", test_truncate_not);
    qtest_add_func("/puck-cam/mischief/line", test_line);
    qtest_add_func("/puck-cam/mischief/error", test_error);
    qtest_add_func("/puck-cam/mischief/resize", test_resize);
    qtest_add_func("/puck-cam/mischief/delay", test_delay);
    qtest_add_func("/puck-cam/mischief/hold", test_hold);
    qtest_add_func("/puck-cam/mischief/hold-ended", test_hold_ended);
    qtest_add_func("/puck-cam/mischief/hold-moved", test_hold_moved);
    qtest_add_func("/puck-cam/mischief/renumber", test_renumber);
    qtest_add_func("/puck-cam/mischief/duplicate", test_duplicate);
    qtest_add_func("/puck-cam/mischief/shift", test_shift);
    qtest_add_func("/puck-cam/mischief/past", test_past);
    qtest_add_func("/puck-cam/mischief/not", test_not);
    qtest_add_func("/puck-cam/mischief/write-fault", test_write_fault);
    qtest_add_func("/puck-cam/mischief/write-corrupt", test_write_corrupt);
    qtest_add_func("/puck-cam/mischief/irq-drop", test_irq_drop);
    qtest_add_func("/puck-cam/mischief/bme-ignored", test_bme_ignored);
    qtest_add_func("/puck-cam/mischief/window", test_window);
    qtest_add_func("/puck-cam/mischief/gone", test_gone);
    qtest_add_func("/puck-cam/mischief/reset-fails", test_reset_fails);
    qtest_add_func("/puck-cam/mischief/queue-reset-fails",
                   test_queue_reset_fails);
    qtest_add_func("/puck-cam/mischief/stall", test_stall);
}
