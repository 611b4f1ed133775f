/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of puck-cam's qtest share.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/host-utils.h"
#include "cam-env.h"

/* No frame takes so many steps of the clock: a guard against hanging. */
#define STEPS_MAX       100000
#define MOVE_PATH       "puck-cam-move"
#define BRIDGE_WINDOW   (1u << 20)
/* Of cam_long_mode(): two of the groups that the device writes at once. */
#define HALF_LINES      (2 * PUCK_CAM_GROUP_LINES)

uint32_t cam_r32(CamEnv *e, uint64_t reg)
{
    return puck_r32(&e->f, reg);
}

uint64_t cam_r64(CamEnv *e, uint64_t reg)
{
    return puck_r64(&e->f, reg);
}

void cam_w32(CamEnv *e, uint64_t reg, uint32_t value)
{
    puck_w32(&e->f, reg, value);
}

void cam_w64(CamEnv *e, uint64_t reg, uint64_t value)
{
    puck_w64(&e->f, reg, value);
}

int64_t cam_now(CamEnv *e)
{
    return cam_r64(e, PUCK_CAM_TIME);
}

void cam_run_until(CamEnv *e, int64_t time)
{
    int64_t now = cam_now(e);

    if (now < time) {
        g_assert_cmpint(qtest_clock_step(e->m.qts, time - now), ==, time);
    }
}

/* As a driver does: it ignores sources of kinds that it does not know. */
static unsigned read_sources(CamEnv *e)
{
    unsigned count = cam_r32(e, PUCK_CAM_NUM_SOURCES);

    for (unsigned i = 0; i < count; i++) {
        uint32_t source = cam_r32(e, PUCK_CAM_SOURCE(i));
        unsigned vector = source & PUCK_CAM_SOURCE_VECTOR;
        uint32_t kind = source & PUCK_CAM_SOURCE_KIND;

        switch (kind >> ctz32(PUCK_CAM_SOURCE_KIND)) {
        case PUCK_CAM_SOURCE_ERROR:
            e->error_vector = vector;
            break;
        case PUCK_CAM_SOURCE_FRAME:
            e->frame_vector = vector;
            break;
        case PUCK_CAM_SOURCE_EVENT:
            e->event_vector = vector;
            break;
        }
    }
    return count;
}

void cam_attach(CamEnv *e, unsigned bus, unsigned devfn)
{
    puck_function_map(&e->m, &e->f, bus, devfn, PUCK_CAM_BAR_REGS);
    puck_msix_to_ram(&e->m, &e->f, read_sources(e));
    e->queue = puck_machine_pages(&e->m, 1);
    e->done = puck_machine_pages(&e->m, 1);
    e->wb = puck_machine_pages(&e->m, 1);
    cam_queue_on(e);
}

/* What is mapped later is not in the window of its bus. */
void cam_attach_behind(CamEnv *e, unsigned bridge, unsigned devfn)
{
    uint32_t window;

    puck_bridge_setup(&e->m, 0, bridge, 1, 1);
    window = e->m.pci->mmio_alloc_ptr;
    cam_attach(e, 1, devfn);
    e->m.pci->mmio_alloc_ptr = window + BRIDGE_WINDOW;
}

void cam_start_at(CamEnv *e, const char *args, unsigned bus, unsigned devfn)
{
    *e = (CamEnv) { .args = g_strdup(args) };
    puck_machine_start(&e->m, args);
    cam_attach(e, bus, devfn);
}

void cam_start(CamEnv *e, const char *options, const char *args)
{
    g_autofree char *all = g_strdup_printf("-device " CAM_OPTIONS ",addr=4%s "
                                           "%s", options, args);

    cam_start_at(e, all, 0, CAM_DEVFN);
}

void cam_stop(CamEnv *e)
{
    puck_function_free(&e->f);
    puck_machine_stop(&e->m);
    g_free(e->args);
}

void cam_move(CamEnv *e, CamEnv *to)
{
    g_autofree char *path = g_strdup_printf("%s/" MOVE_PATH "-%d",
                                            g_get_tmp_dir(), getpid());
    int64_t now = cam_now(e);

    puck_machine_save(&e->m, path);
    *to = *e;
    to->args = g_strdup(e->args);
    puck_machine_load(&to->m, to->args, path);
    to->m.next_page = e->m.next_page;
    puck_function_follow(&to->m, &to->f, &e->f);
    /* Whose clock is moved by the test does not take its time along. */
    cam_run_until(to, now);
    cam_stop(e);
    unlink(path);
}

void cam_queue_on(CamEnv *e)
{
    e->tail = 0;
    e->taken = 0;
    qtest_writeq(e->m.qts, e->wb, 0);
    cam_w64(e, PUCK_CAM_QUEUE_BASE, (e->queue + e->iova) | CAM_ORDER);
    cam_w64(e, PUCK_CAM_DONE_BASE, e->done + e->iova);
    cam_w64(e, PUCK_CAM_DONE_WB_ADDR, e->wb + e->iova);
    cam_w32(e, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_ENABLE);
    g_assert_cmphex(cam_r32(e, PUCK_CAM_QUEUE_CTRL), ==,
                    PUCK_CAM_QUEUE_ENABLE);
}

/* A register whose bits in @mask become zero as holds go by. */
static void wait_clear(CamEnv *e, uint64_t reg, uint32_t mask)
{
    for (unsigned i = 0; i < STEPS_MAX && cam_r32(e, reg) & mask; i++) {
        qtest_clock_step_next(e->m.qts);
    }
    g_assert_cmphex(cam_r32(e, reg) & mask, ==, 0);
}

void cam_queue_reset(CamEnv *e)
{
    cam_w32(e, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_RESET);
    wait_clear(e, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_RESET);
}

static uint32_t size_value(unsigned width, unsigned height)
{
    return height << ctz32(PUCK_CAM_SIZE_HEIGHT) | width;
}

static uint64_t rect_value(CamRect r)
{
    return (uint64_t)r.height << 48 | (uint64_t)r.width << 32 | r.y << 16 | r.x;
}

void cam_set_mode(CamEnv *e, const CamMode *m)
{
    e->mode = *m;
    cam_w32(e, PUCK_CAM_SIZE, size_value(m->width, m->height));
    cam_w32(e, PUCK_CAM_HBLANK, m->hblank);
    cam_w32(e, PUCK_CAM_VBLANK, m->vblank);
    cam_w32(e, PUCK_CAM_INTERVAL, m->interval);
    cam_w32(e, PUCK_CAM_EXPOSURE, m->exposure);
    cam_w32(e, PUCK_CAM_GAIN, m->gain);
    cam_w32(e, PUCK_CAM_FLIP, m->flip);
    cam_w64(e, PUCK_CAM_SEED, m->seed);
    cam_w32(e, PUCK_CAM_PATTERN, m->pattern);
    cam_w32(e, PUCK_CAM_STAMP, m->stamp);
    cam_w32(e, PUCK_CAM_FORMAT, m->format);
    cam_w32(e, PUCK_CAM_OUT_SIZE, size_value(m->out_width, m->out_height));
    cam_w64(e, PUCK_CAM_CROP, rect_value(m->crop));
    cam_w64(e, PUCK_CAM_COMPOSE, rect_value(m->compose));
    cam_w32(e, PUCK_CAM_STRIDE0, m->stride[0]);
    cam_w32(e, PUCK_CAM_STRIDE1, m->stride[1]);
    g_assert_cmpuint(cam_r32(e, PUCK_CAM_CHECK), ==, PUCK_CAM_CHECK_OK);
    g_assert_cmpuint(cam_r32(e, PUCK_CAM_PARTS), ==, cam_mode_parts(m));
    g_assert_cmpuint(cam_r32(e, PUCK_CAM_BYTES0), ==, cam_mode_bytes(m, 0));
    g_assert_cmpuint(cam_r32(e, PUCK_CAM_BYTES1), ==, cam_mode_bytes(m, 1));
}

void cam_stream(CamEnv *e, uint32_t ctrl)
{
    cam_w32(e, PUCK_CAM_SENSOR_CTRL, PUCK_CAM_STREAM | ctrl);
    g_assert_cmphex(cam_r32(e, PUCK_CAM_SENSOR_CTRL), ==,
                    PUCK_CAM_STREAM | ctrl);
}

void cam_stream_off(CamEnv *e)
{
    cam_w32(e, PUCK_CAM_SENSOR_CTRL, 0);
    wait_clear(e, PUCK_CAM_SENSOR_STATUS, PUCK_CAM_SENSOR_BUSY);
}

uint64_t cam_list(CamEnv *e, const CamSeg *segs, uint32_t nsegs)
{
    size_t size = nsegs * sizeof(struct puck_cam_seg);
    uint64_t addr = puck_machine_pages(&e->m, DIV_ROUND_UP(size, PAGE));
    g_autofree struct puck_cam_seg *raw = g_malloc0(size);

    for (uint32_t i = 0; i < nsegs; i++) {
        raw[i].addr = cpu_to_le64(segs[i].addr);
        raw[i].len = cpu_to_le32(segs[i].len);
        raw[i].flags = cpu_to_le32(segs[i].flags);
    }
    qtest_memwrite(e->m.qts, addr, raw, size);
    return addr + e->iova;
}

/* Whole pages, and a page behind them that nothing may be written to. */
static uint32_t room(uint32_t bytes)
{
    return ROUND_UP(bytes, PAGE) + PAGE;
}

CamBuffer cam_buffer(CamEnv *e, uint64_t cookie)
{
    unsigned parts = cam_mode_parts(&e->mode);
    CamBuffer buf = {
        .desc.cookie = cpu_to_le64(cookie), .desc.parts = cpu_to_le32(parts),
    };

    for (unsigned i = 0; i < parts; i++) {
        struct puck_cam_part *part = &buf.desc.part[i];
        CamSeg seg = { .len = cam_mode_bytes(&e->mode, i) };

        seg.addr = puck_machine_pages(&e->m, room(seg.len) / PAGE);
        qtest_memset(e->m.qts, seg.addr, CAM_UNTOUCHED, room(seg.len));
        buf.ram[i] = seg.addr;
        seg.addr += e->iova;
        buf.bytes[i] = seg.len;
        part->list = cpu_to_le64(cam_list(e, &seg, 1));
        part->nsegs = cpu_to_le32(1);
        part->length = cpu_to_le64(seg.len);
    }
    return buf;
}

void cam_emit(CamEnv *e, const CamDesc *desc)
{
    qtest_memwrite(e->m.qts, e->queue + e->tail * sizeof(*desc), desc,
                   sizeof(*desc));
    e->tail = (e->tail + 1) % CAM_QUEUE_SIZE;
}

void cam_doorbell(CamEnv *e)
{
    cam_w32(e, PUCK_CAM_QUEUE_TAIL, e->tail);
}

void cam_queue(CamEnv *e, const CamDesc *desc)
{
    cam_emit(e, desc);
    cam_doorbell(e);
}

void cam_queue_buffers(CamEnv *e, CamBuffer *buf, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        buf[i] = cam_buffer(e, i);
        cam_queue(e, &buf[i].desc);
    }
}

void cam_begin(CamEnv *e, const CamMode *mode, CamBuffer *buf, unsigned count)
{
    cam_stream_off(e);
    cam_set_mode(e, mode);
    cam_queue_buffers(e, buf, count);
    cam_stream(e, 0);
}

bool cam_take(CamEnv *e, CamDone *done)
{
    uint32_t count = qtest_readl(e->m.qts, e->wb);
    struct puck_cam_done raw;

    g_assert_cmpuint(qtest_readl(e->m.qts, e->wb + 4), ==, 0);
    g_assert_cmpuint(count, ==, cam_r32(e, PUCK_CAM_DONE_COUNT));
    if (count == e->taken) {
        return false;
    }
    qtest_memread(e->m.qts, e->done +
                  e->taken % CAM_QUEUE_SIZE * sizeof(raw), &raw, sizeof(raw));
    e->taken++;
    *done = (CamDone) {
        .cookie = le64_to_cpu(raw.cookie),
        .status = raw.status,
        .reason = raw.reason,
        .frame = le32_to_cpu(raw.frame),
        .start = le64_to_cpu(raw.start),
        .end = le64_to_cpu(raw.end),
        .lines = le32_to_cpu(raw.lines),
        .dropped = le32_to_cpu(raw.dropped),
        .bytes = { le32_to_cpu(raw.bytes[0]), le32_to_cpu(raw.bytes[1]) },
        .index = le32_to_cpu(raw.index),
    };
    g_assert_cmpuint(raw.reserved, ==, 0);
    for (unsigned i = 0; i < ARRAY_SIZE(raw.reserved2); i++) {
        g_assert_cmpuint(raw.reserved2[i], ==, 0);
    }
    return true;
}

void cam_wait(CamEnv *e, CamDone *done)
{
    for (unsigned i = 0; i < STEPS_MAX; i++) {
        if (cam_take(e, done)) {
            return;
        }
        qtest_clock_step_next(e->m.qts);
    }
    g_assert_not_reached();
}

void cam_wait_ok(CamEnv *e, uint64_t cookie, CamDone *done)
{
    const CamMode *m = &e->mode;

    cam_wait(e, done);
    g_assert_cmphex(done->cookie, ==, cookie);
    g_assert_cmpuint(done->status, ==, PUCK_CAM_DONE_OK);
    g_assert_cmpuint(done->reason, ==, 0);
    g_assert_cmpuint(done->lines, ==, m->out_height);
    for (unsigned i = 0; i < PUCK_CAM_PARTS_MAX; i++) {
        g_assert_cmpuint(done->bytes[i], ==, cam_mode_end(m, i));
    }
    g_assert_cmpuint(done->end, >=, done->start +
                     cam_mode_read(m, m->height - 1));
    g_assert_cmpuint(done->end, <=, cam_now(e));
}

/* The bytes of part @i and of what follows it are those of @expected. */
static void expect_bytes(CamEnv *e, const CamBuffer *buf, unsigned i,
                         const uint8_t *expected)
{
    uint32_t size = room(buf->bytes[i]);
    g_autofree uint8_t *got = g_malloc(size);

    puck_machine_read(&e->m, buf->ram[i], got, size);
    for (uint32_t at = 0; at < size; at++) {
        if (got[at] != expected[at]) {
            g_test_message("part %u, byte %u: line %u, byte %u of it", i, at,
                           at / e->mode.stride[i], at % e->mode.stride[i]);
            g_assert_cmphex(got[at], ==, expected[at]);
        }
    }
}

static void expect_parts(CamEnv *e, const CamBuffer *buf, const CamDone *done)
{
    uint8_t *part[PUCK_CAM_PARTS_MAX] = { };

    for (unsigned i = 0; i < PUCK_CAM_PARTS_MAX; i++) {
        part[i] = g_malloc(room(buf->bytes[i]));
        memset(part[i], CAM_UNTOUCHED, room(buf->bytes[i]));
    }
    if (done) {
        cam_model_render(&e->mode, done->frame, done->start, part);
    }
    for (unsigned i = 0; i < PUCK_CAM_PARTS_MAX; i++) {
        if (buf->bytes[i]) {
            expect_bytes(e, buf, i, part[i]);
        }
        g_free(part[i]);
    }
}

void cam_expect_picture(CamEnv *e, const CamBuffer *buf, const CamDone *done)
{
    expect_parts(e, buf, done);
}

void cam_expect_untouched(CamEnv *e, const CamBuffer *buf)
{
    expect_parts(e, buf, NULL);
}

void cam_capture(CamEnv *e, const CamMode *mode, unsigned count)
{
    CamBuffer buf;
    CamDone done;

    cam_begin(e, mode, &buf, 1);
    for (unsigned i = 0; i < count; i++) {
        if (i) {
            buf = cam_buffer(e, i);
            cam_queue(e, &buf.desc);
        }
        cam_wait_ok(e, i, &done);
        g_assert_cmpuint(done.frame, ==, i);
        cam_expect_picture(e, &buf, &done);
    }
}

CamMode cam_long_mode(void)
{
    CamMode m = cam_mode(PUCK_CAM_FORMAT_GREY, 64, 2 * HALF_LINES);

    m.interval = 10000000;
    m.pattern = PUCK_CAM_PATTERN_BOX;
    return m;
}

void cam_begin_half(CamEnv *e, CamBuffer buf[2])
{
    CamMode m = cam_long_mode();

    cam_begin(e, &m, buf, 2);
    cam_run_until(e, cam_now(e) + cam_mode_exposed(&m, HALF_LINES - 1));
}

void cam_expect_half(CamEnv *e, const CamBuffer buf[2])
{
    uint8_t bytes[64 * 2 * HALF_LINES];

    qtest_memread(e->m.qts, buf[0].ram[0], bytes, sizeof(bytes));
    for (unsigned y = 0; y < 2 * HALF_LINES; y++) {
        g_assert_cmphex(bytes[64 * y + 7], ==,
                        y < HALF_LINES ? PUCK_CAM_LINE_MAGIC : CAM_UNTOUCHED);
    }
    cam_expect_untouched(e, &buf[1]);
    g_assert_cmpuint(qtest_readq(e->m.qts, e->wb), ==, 0);
}

static uint32_t info_field(uint32_t info, uint32_t mask)
{
    return (info & mask) >> ctz32(mask);
}

void cam_expect_error(CamEnv *e, const CamError *error)
{
    uint32_t info = cam_r32(e, PUCK_CAM_ERR_INFO);

    g_assert_cmpuint(cam_r32(e, PUCK_CAM_ERR_COUNT), ==, 1);
    g_assert_cmphex(cam_r32(e, PUCK_CAM_IRQ_STATUS) & PUCK_CAM_IRQ_ERROR, ==,
                    PUCK_CAM_IRQ_ERROR);
    cam_w32(e, PUCK_CAM_IRQ_STATUS, PUCK_CAM_IRQ_ERROR);
    g_assert_cmpuint(info_field(info, PUCK_CAM_ERR_INFO_REASON), ==,
                     error->reason);
    g_assert_cmpuint(info_field(info, PUCK_CAM_ERR_INFO_PART), ==,
                     error->part);
    g_assert_cmpuint(info_field(info, PUCK_CAM_ERR_INFO_INDEX), ==,
                     error->index);
    g_assert_cmpuint(cam_r32(e, PUCK_CAM_ERR_FRAME), ==, error->frame);
    g_assert_cmphex(cam_r32(e, PUCK_CAM_ERR_DESC), ==, error->desc);
    g_assert_cmphex(cam_r64(e, PUCK_CAM_ERR_ADDR), ==, error->addr);
    cam_w32(e, PUCK_CAM_ERR_POP, 1);
    g_assert_cmpuint(cam_r32(e, PUCK_CAM_ERR_COUNT), ==, 0);
    g_assert_cmphex(cam_r32(e, PUCK_CAM_ERR_INFO), ==, 0);
}

void cam_alive(CamEnv *e)
{
    CamMode mode = cam_mode(PUCK_CAM_FORMAT_YUYV, 32, 16);
    CamBuffer buf;
    CamDone done;

    cam_stream_off(e);
    cam_queue_reset(e);
    cam_set_mode(e, &mode);
    cam_queue_on(e);
    buf = cam_buffer(e, 0x616c697665);
    cam_queue(e, &buf.desc);
    cam_stream(e, 0);
    cam_wait_ok(e, 0x616c697665, &done);
    g_assert_cmpuint(done.frame, ==, 0);
    cam_expect_picture(e, &buf, &done);
    cam_stream_off(e);
}
