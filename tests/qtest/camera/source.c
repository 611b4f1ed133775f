/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: pictures from the host: Y4M and raw, from a file and from a FIFO.
 */

#include "qemu/osdep.h"
#include <sys/stat.h>
#include "qobject/qdict.h"
#include "common/cam-env.h"

#define W           64u
#define H           48u
#define PICTURES    3
#define INTERVAL    10000000

/* A colour space of Y4M, or a format of raw pictures. */
typedef struct Kind {
    const char *name;
    unsigned chroma_w, chroma_h;
} Kind;

static const Kind y4m_kinds[] = {
    { "420", W / 2, H / 2 }, { "420jpeg", W / 2, H / 2 },
    { "420mpeg2", W / 2, H / 2 }, { "420paldv", W / 2, H / 2 },
    { "422", W / 2, H }, { "444", W, H }, { "mono", 0, 0 },
};

static size_t picture_bytes(const Kind *k)
{
    return W * H + 2 * k->chroma_w * k->chroma_h;
}

static char *temp_path(void)
{
    return g_strdup_printf("%s/puck-cam-source-%d", g_get_tmp_dir(), getpid());
}

/* Planes of pictures, one behind the other, nowhere the same; to be freed. */
static uint8_t *make_pictures(const Kind *k)
{
    size_t size = PICTURES * picture_bytes(k);
    uint8_t *bytes = g_malloc(size);

    for (size_t i = 0; i < size; i++) {
        bytes[i] = g_test_rand_int();
    }
    return bytes;
}

static CamSource source_of(const Kind *k, const uint8_t *bytes)
{
    return (CamSource) {
        .width = W, .height = H, .pictures = PICTURES,
        .chroma_w = k->chroma_w, .chroma_h = k->chroma_h, .bytes = bytes,
    };
}

static GByteArray *y4m_head(const char *params)
{
    GByteArray *file = g_byte_array_new();
    g_autofree char *head = g_strdup_printf("YUV4MPEG2 %s\n", params);

    g_byte_array_append(file, (uint8_t *)head, strlen(head));
    return file;
}

static void add_picture(GByteArray *file, const uint8_t *bytes, size_t len)
{
    g_byte_array_append(file, (const uint8_t *)"FRAME\n", 6);
    g_byte_array_append(file, bytes, len);
}

static GByteArray *y4m_file(const Kind *k, const uint8_t *bytes)
{
    g_autofree char *params = g_strdup_printf("W%u H%u F25:1 Ip A1:1 C%s", W,
                                              H, k->name);
    GByteArray *file = y4m_head(params);

    for (unsigned i = 0; i < PICTURES; i++) {
        add_picture(file, bytes + i * picture_bytes(k), picture_bytes(k));
    }
    return file;
}

static void save(const char *path, GByteArray *file)
{
    g_assert_true(g_file_set_contents(path, (char *)file->data, file->len,
                                      NULL));
    g_byte_array_unref(file);
}

static CamMode source_mode(unsigned format, const CamSource *source)
{
    CamMode m = cam_mode(format, W, H);

    m.pattern = PUCK_CAM_PATTERN_SOURCE;
    m.source = source;
    m.interval = INTERVAL;
    return m;
}

/* The file's pictures come in their order, again and again, in two formats. */
static void expect_pictures(CamEnv *e, const CamSource *source)
{
    static const unsigned formats[] = {
        PUCK_CAM_FORMAT_NV12, PUCK_CAM_FORMAT_YUYV,
    };

    g_assert_true(cam_r64(e, PUCK_CAM_FEATURES) & PUCK_CAM_FEATURE_SOURCE);
    g_assert_cmphex(cam_r32(e, PUCK_CAM_SOURCE_STATUS), ==,
                    PUCK_CAM_SOURCE_PRESENT);
    g_assert_cmphex(cam_r32(e, PUCK_CAM_SOURCE_SIZE), ==, H << 16 | W);
    g_assert_cmpuint(cam_r32(e, PUCK_CAM_SOURCE_PICTURES), ==, PICTURES);
    /* It is what the sensor shows without being told to. */
    g_assert_cmphex(cam_r32(e, PUCK_CAM_SIZE), ==, H << 16 | W);
    g_assert_cmpuint(cam_r32(e, PUCK_CAM_PATTERN), ==,
                     PUCK_CAM_PATTERN_SOURCE);
    for (size_t f = 0; f < G_N_ELEMENTS(formats); f++) {
        CamMode m = source_mode(formats[f], source);

        cam_capture(e, &m, 2 * PICTURES);
    }
}

static void test_y4m(void)
{
    g_autofree char *path = temp_path();
    g_autofree char *options = g_strdup_printf(",source=%s", path);

    for (size_t i = 0; i < G_N_ELEMENTS(y4m_kinds); i++) {
        const Kind *k = &y4m_kinds[i];
        g_autofree uint8_t *bytes = make_pictures(k);
        CamSource source = source_of(k, bytes);
        CamEnv e;

        g_test_message("C%s", k->name);
        save(path, y4m_file(k, bytes));
        cam_start(&e, options, "");
        g_assert_cmpuint(cam_r32(&e, PUCK_CAM_SOURCE_INTERVAL), ==, 40000000);
        expect_pictures(&e, &source);
        cam_stop(&e);
    }
    unlink(path);
}

/* What the project promises: a 4:2:0 file comes out byte by byte. */
static void test_identical(void)
{
    static const Kind k = { "420jpeg", W / 2, H / 2 };
    g_autofree char *path = temp_path();
    g_autofree char *options = g_strdup_printf(",source=%s", path);
    g_autofree uint8_t *bytes = make_pictures(&k);
    CamSource source = source_of(&k, bytes);
    CamMode m = source_mode(PUCK_CAM_FORMAT_NV12M, &source);
    uint8_t y[W * H], c[W * H / 2];
    CamEnv e;

    save(path, y4m_file(&k, bytes));
    m.stamp = false;
    cam_start(&e, options, "");
    cam_set_mode(&e, &m);
    for (unsigned i = 0; i < PICTURES; i++) {
        const uint8_t *picture = bytes + i * picture_bytes(&k);
        CamBuffer buf = cam_buffer(&e, i);
        CamDone done;

        cam_queue(&e, &buf.desc);
        if (!i) {
            cam_stream(&e, 0);
        }
        cam_wait_ok(&e, i, &done);
        qtest_memread(e.m.qts, buf.ram[0], y, sizeof(y));
        qtest_memread(e.m.qts, buf.ram[1], c, sizeof(c));
        g_assert_cmpmem(y, sizeof(y), picture, W * H);
        for (unsigned n = 0; n < W * H / 4; n++) {
            g_assert_cmphex(c[2 * n], ==, picture[W * H + n]);
            g_assert_cmphex(c[2 * n + 1], ==, picture[W * H * 5 / 4 + n]);
        }
    }
    cam_stop(&e);
    unlink(path);
}

/* A frame that is dropped has its picture, too. */
static void test_dropped(void)
{
    const Kind *k = &y4m_kinds[0];
    g_autofree char *path = temp_path();
    g_autofree char *options = g_strdup_printf(",source=%s", path);
    g_autofree uint8_t *bytes = make_pictures(k);
    CamSource source = source_of(k, bytes);
    CamMode m = source_mode(PUCK_CAM_FORMAT_NV12, &source);
    CamBuffer buf;
    CamDone done;
    CamEnv e;

    save(path, y4m_file(k, bytes));
    cam_start(&e, options, "");
    cam_set_mode(&e, &m);
    cam_stream(&e, 0);
    cam_run_until(&e, cam_now(&e) + INTERVAL + 1);
    buf = cam_buffer(&e, 0);
    cam_queue(&e, &buf.desc);
    cam_wait_ok(&e, 0, &done);
    g_assert_cmpuint(done.frame, ==, 2);
    cam_expect_picture(&e, &buf, &done);
    cam_stop(&e);
    unlink(path);
}

/* Another size than the source's: black around it, or a part of it; flipped. */
static void test_sizes(void)
{
    const Kind *k = &y4m_kinds[0];
    g_autofree char *path = temp_path();
    g_autofree char *options = g_strdup_printf(",source=%s", path);
    g_autofree uint8_t *bytes = make_pictures(k);
    CamSource source = source_of(k, bytes);
    CamEnv e;

    save(path, y4m_file(k, bytes));
    cam_start(&e, options, "");
    for (unsigned i = 0; i < 4; i++) {
        CamMode m = cam_mode(PUCK_CAM_FORMAT_YUYV, i & 1 ? 100 : 30,
                             i & 2 ? 70 : 20);

        m.pattern = PUCK_CAM_PATTERN_SOURCE;
        m.source = &source;
        m.flip = i;
        m.gain = 0x140;
        cam_capture(&e, &m, 1);
    }
    /* The patterns are there as well. */
    {
        CamMode m = cam_mode(PUCK_CAM_FORMAT_NV12, W, H);

        cam_capture(&e, &m, 1);
    }
    cam_stop(&e);
    unlink(path);
}

/* The bytes of planes in the order that a raw format has. */
static GByteArray *raw_file(const char *format, const Kind *k,
                            const uint8_t *bytes)
{
    GByteArray *file = g_byte_array_new();
    unsigned y_first = g_str_equal(format, "yuyv") ? 0 : 1;

    for (unsigned i = 0; i < PICTURES; i++) {
        const uint8_t *y = bytes + i * picture_bytes(k);
        const uint8_t *cb = y + W * H, *cr = cb + k->chroma_w * k->chroma_h;

        if (g_str_equal(format, "i420") || g_str_equal(format, "grey")) {
            g_byte_array_append(file, y, picture_bytes(k));
            continue;
        }
        if (g_str_equal(format, "nv12")) {
            g_byte_array_append(file, y, W * H);
            for (unsigned n = 0; n < W * H / 4; n++) {
                g_byte_array_append(file, &cb[n], 1);
                g_byte_array_append(file, &cr[n], 1);
            }
            continue;
        }
        for (unsigned n = 0; n < W * H / 2; n++) {
            uint8_t pair[4];

            pair[y_first] = y[2 * n];
            pair[y_first + 2] = y[2 * n + 1];
            pair[!y_first] = cb[n];
            pair[!y_first + 2] = cr[n];
            g_byte_array_append(file, pair, 4);
        }
    }
    return file;
}

static void test_raw(void)
{
    static const Kind kinds[] = {
        { "i420", W / 2, H / 2 }, { "nv12", W / 2, H / 2 },
        { "yuyv", W / 2, H }, { "uyvy", W / 2, H }, { "grey", 0, 0 },
    };
    g_autofree char *path = temp_path();

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        const Kind *k = &kinds[i];
        g_autofree uint8_t *bytes = make_pictures(k);
        g_autofree char *options = g_strdup_printf(
            ",source=%s,source-format=%s,source-size=%ux%u,"
            "source-interval-ns=5000000", path, k->name, W, H);
        CamSource source = source_of(k, bytes);
        CamEnv e;

        g_test_message("%s", k->name);
        save(path, raw_file(k->name, k, bytes));
        cam_start(&e, options, "");
        g_assert_cmpuint(cam_r32(&e, PUCK_CAM_SOURCE_INTERVAL), ==, 5000000);
        expect_pictures(&e, &source);
        cam_stop(&e);
    }
    unlink(path);
}

/* What is wrong with a file is an error of the command line. */
static void test_bad_file(void)
{
    static const Kind k = { "420", W / 2, H / 2 };
    static const char *const heads[] = {
        "W65 H48 F25:1 C420", "W64 H47 F25:1 C420", "W64 F25:1 C420",
        "H48 F25:1 C420", "W0 H0 F25:1 C420", "W64 H48 F25:1 C410",
        "W64 H48 F25:1 It C420", "W-64 H48 F25:1 C420",
        "W64x H48 F25:1 C420", "W4294967360 H48 F25:1 C420",
        "W64 H48 F25:1 C420p10",
    };
    g_autofree char *path = temp_path();
    g_autofree char *args = g_strdup_printf("-device puck-cam,source=%s",
                                            path);
    g_autofree uint8_t *bytes = make_pictures(&k);
    GByteArray *file;

    unlink(path);
    puck_machine_refused(args, path);
    for (size_t i = 0; i < G_N_ELEMENTS(heads); i++) {
        g_test_message("%s", heads[i]);
        file = y4m_head(heads[i]);
        add_picture(file, bytes, picture_bytes(&k));
        save(path, file);
        puck_machine_refused(args, "source");
    }
    /* No picture, a part of one, no FRAME, and one byte too many. */
    save(path, y4m_head("W64 H48 F25:1 C420"));
    puck_machine_refused(args, "source");
    file = y4m_file(&k, bytes);
    g_byte_array_set_size(file, file->len - 1);
    save(path, file);
    puck_machine_refused(args, "source");
    file = y4m_file(&k, bytes);
    file->data[file->len - picture_bytes(&k) - 3] = 'X';
    save(path, file);
    puck_machine_refused(args, "source");
    file = y4m_file(&k, bytes);
    g_byte_array_append(file, bytes, 1);
    save(path, file);
    puck_machine_refused(args, "source");
    unlink(path);
}

static void test_bad_raw(void)
{
    static const struct {
        const char *options;
        size_t bytes;
    } bad[] = {
        { "", W * H * 3 / 2 },
        { ",source-format=i420", W * H * 3 / 2 },
        { ",source-size=64x48", 0 },
        { ",source-size=64x48", W * H * 3 / 2 - 1 },
        { ",source-size=64x48", W * H * 3 / 2 + 1 },
        { ",source-size=64x48,source-format=grey", W * H + 1 },
        { ",source-size=63x48", 63 * H * 3 / 2 },
        { ",source-size=64x48,source-format=rgb", W * H * 3 },
        { ",source-size=64x48,max-size=32x32", W * H * 3 / 2 },
    };
    g_autofree char *path = temp_path();

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *args = g_strdup_printf(
            "-device puck-cam,source=%s%s", path, bad[i].options);
        g_autofree char *bytes = g_malloc0(bad[i].bytes + 1);

        g_test_message("%s, %zu bytes", bad[i].options, bad[i].bytes);
        g_assert_true(g_file_set_contents(path, bytes, bad[i].bytes, NULL));
        puck_machine_refused(args, "source");
    }
    unlink(path);
}

/*
 * A FIFO whose writer is this process. Pictures come when they are written; the
 * device's thread is waited for by looking at registers.
 */
typedef struct Fifo {
    CamEnv e;
    char *path;
    int fd;
    uint8_t *bytes;
    CamSource source;
} Fifo;

static const Kind fifo_kind = { "420", W / 2, H / 2 };

/* Looks at a register until its bits in @mask are @value. */
static void wait_reg(CamEnv *e, uint64_t reg, uint32_t mask, uint32_t value)
{
    for (unsigned i = 0; i < PUCK_WAIT_MS; i++) {
        if ((cam_r32(e, reg) & mask) == value) {
            return;
        }
        qtest_clock_step(e->m.qts, 60000);
        g_usleep(1000);
    }
    g_assert_cmphex(cam_r32(e, reg) & mask, ==, value);
}

/* The same for SOURCE_STATUS, and no time passes for the machine. */
static void wait_status(CamEnv *e, uint32_t value)
{
    for (unsigned i = 0; i < PUCK_WAIT_MS; i++) {
        if (cam_r32(e, PUCK_CAM_SOURCE_STATUS) == value) {
            return;
        }
        g_usleep(1000);
    }
    g_assert_cmphex(cam_r32(e, PUCK_CAM_SOURCE_STATUS), ==, value);
}

static void fifo_start(Fifo *t)
{
    g_autofree char *options = NULL;

    t->path = temp_path();
    unlink(t->path);
    g_assert_cmpint(mkfifo(t->path, 0600), ==, 0);
    options = g_strdup_printf(",source=%s", t->path);
    t->bytes = make_pictures(&fifo_kind);
    t->source = source_of(&fifo_kind, t->bytes);
    cam_start(&t->e, options, "");
    g_assert_cmphex(cam_r32(&t->e, PUCK_CAM_SOURCE_STATUS), ==,
                    PUCK_CAM_SOURCE_LIVE);
    g_assert_cmpuint(cam_r32(&t->e, PUCK_CAM_SOURCE_PICTURES), ==, 0);
    t->fd = open(t->path, O_WRONLY);
    g_assert_cmpint(t->fd, >=, 0);
}

static void fifo_stop(Fifo *t)
{
    cam_stop(&t->e);
    if (t->fd >= 0) {
        close(t->fd);
    }
    unlink(t->path);
    g_free(t->path);
    g_free(t->bytes);
}

/* The reader may just be opening the FIFO anew: then there is none. */
static void fifo_write(Fifo *t, const void *bytes, size_t len)
{
    for (unsigned i = 0; len && i < PUCK_WAIT_MS; i++) {
        ssize_t n = write(t->fd, bytes, len);

        if (n < 0 && errno == EPIPE) {
            g_usleep(1000);
            continue;
        }
        g_assert_cmpint(n, >, 0);
        bytes = (const uint8_t *)bytes + n;
        len -= n;
    }
    g_assert_cmpuint(len, ==, 0);
}

static void fifo_head(Fifo *t, const char *params)
{
    GByteArray *head = y4m_head(params);

    fifo_write(t, head->data, head->len);
    g_byte_array_unref(head);
}

static void fifo_picture(Fifo *t, unsigned i)
{
    size_t len = picture_bytes(&fifo_kind);

    fifo_write(t, "FRAME\n", 6);
    fifo_write(t, t->bytes + i * len, len);
}

/* The next done frame shows picture @i. */
static void fifo_expect(Fifo *t, unsigned i)
{
    CamSource one = t->source;
    CamBuffer buf = cam_buffer(&t->e, 4);
    CamDone done;

    one.bytes += i * picture_bytes(&fifo_kind);
    one.pictures = 1;
    t->e.mode.source = &one;
    cam_queue(&t->e, &buf.desc);
    cam_w32(&t->e, PUCK_CAM_STEP, 1);
    cam_wait_ok(&t->e, 4, &done);
    cam_expect_picture(&t->e, &buf, &done);
    cam_run_until(&t->e, done.start + INTERVAL);
}

/* Each picture once, in its order; without a new one the last one again. */
static void test_fifo(void)
{
    CamMode m;
    Fifo t;

    fifo_start(&t);
    fifo_head(&t, "W64 H48 F30:1 C420");
    fifo_picture(&t, 0);
    wait_reg(&t.e, PUCK_CAM_SOURCE_STATUS, UINT32_MAX,
             PUCK_CAM_SOURCE_LIVE | PUCK_CAM_SOURCE_PRESENT);
    g_assert_cmphex(cam_r32(&t.e, PUCK_CAM_SOURCE_SIZE), ==, H << 16 | W);
    g_assert_cmpuint(cam_r32(&t.e, PUCK_CAM_SOURCE_INTERVAL), ==, 33333333);
    g_assert_cmpuint(cam_r32(&t.e, PUCK_CAM_SOURCE_SEQ), ==, 1);
    g_assert_true(cam_r32(&t.e, PUCK_CAM_IRQ_STATUS) & PUCK_CAM_IRQ_SOURCE);
    m = source_mode(PUCK_CAM_FORMAT_NV12, &t.source);
    cam_set_mode(&t.e, &m);
    cam_stream(&t.e, PUCK_CAM_SINGLE);
    fifo_expect(&t, 0);
    fifo_expect(&t, 0);
    g_assert_cmpuint(cam_r32(&t.e, PUCK_CAM_REPEATED), ==, 1);
    fifo_stop(&t);
}

/* The next frame finds no signal, and is dropped. */
static void fifo_expect_none(Fifo *t)
{
    uint32_t dropped = cam_r32(&t->e, PUCK_CAM_DROPPED);
    CamBuffer buf = cam_buffer(&t->e, 5);
    CamDone done;

    cam_queue(&t->e, &buf.desc);
    cam_w32(&t->e, PUCK_CAM_STEP, 1);
    cam_run_until(&t->e, cam_now(&t->e) + 2 * INTERVAL);
    g_assert_cmpuint(cam_r32(&t->e, PUCK_CAM_DROPPED), ==, dropped + 1);
    g_assert_false(cam_take(&t->e, &done));
    cam_expect_untouched(&t->e, &buf);
    g_assert_true(cam_r32(&t->e, PUCK_CAM_SENSOR_STATUS) &
                  PUCK_CAM_SENSOR_NO_SIGNAL);
    g_assert_cmphex(cam_r32(&t->e, PUCK_CAM_SOURCE_STATUS), ==,
                    PUCK_CAM_SOURCE_LIVE);
    cam_queue_reset(&t->e);
    cam_queue_on(&t->e);
}

/*
 * Steps until there is no signal: the reader is a thread, and what the writer
 * has done is seen when that has run. Until then the last picture is shown.
 */
static void fifo_until_lost(Fifo *t)
{
    for (unsigned i = 0; i < PUCK_WAIT_MS; i++) {
        cam_w32(&t->e, PUCK_CAM_STEP, 1);
        cam_run_until(&t->e, cam_now(&t->e) + 2 * INTERVAL);
        if (!(cam_r32(&t->e, PUCK_CAM_SOURCE_STATUS) &
              PUCK_CAM_SOURCE_PRESENT)) {
            return;
        }
        g_usleep(1000);
    }
    g_assert_not_reached();
}

/* All pictures of a writer that went away come; and then another writer's. */
static void test_fifo_lost(void)
{
    CamMode m;
    Fifo t;

    fifo_start(&t);
    fifo_head(&t, "W64 H48 F30:1 C420");
    for (unsigned i = 0; i < PICTURES; i++) {
        fifo_picture(&t, i);
    }
    close(t.fd);
    wait_reg(&t.e, PUCK_CAM_SOURCE_STATUS, PUCK_CAM_SOURCE_PRESENT,
             PUCK_CAM_SOURCE_PRESENT);
    m = source_mode(PUCK_CAM_FORMAT_NV12, &t.source);
    cam_set_mode(&t.e, &m);
    cam_stream(&t.e, PUCK_CAM_SINGLE);
    fifo_expect(&t, 0);
    fifo_until_lost(&t);
    g_assert_cmpuint(cam_r32(&t.e, PUCK_CAM_SOURCE_SEQ), ==, 2);
    fifo_expect_none(&t);
    fifo_expect_none(&t);
    /* A pattern needs no signal. */
    cam_alive(&t.e);
    cam_w32(&t.e, PUCK_CAM_IRQ_STATUS, PUCK_CAM_IRQ_ALL);
    t.fd = open(t.path, O_WRONLY);
    fifo_head(&t, "W64 H48 F50:1 C420");
    fifo_picture(&t, 1);
    wait_reg(&t.e, PUCK_CAM_SOURCE_STATUS, PUCK_CAM_SOURCE_PRESENT,
             PUCK_CAM_SOURCE_PRESENT);
    g_assert_cmpuint(cam_r32(&t.e, PUCK_CAM_SOURCE_SEQ), ==, 3);
    g_assert_cmpuint(cam_r32(&t.e, PUCK_CAM_SOURCE_INTERVAL), ==, 20000000);
    g_assert_true(cam_r32(&t.e, PUCK_CAM_IRQ_STATUS) & PUCK_CAM_IRQ_SOURCE);
    cam_set_mode(&t.e, &m);
    cam_stream(&t.e, PUCK_CAM_SINGLE);
    fifo_expect(&t, 1);
    fifo_stop(&t);
}

/* The writer goes away within a frame, with no picture waiting: SYNC. */
static void test_fifo_sync(void)
{
    CamBuffer buf;
    CamDone done;
    CamMode m;
    Fifo t;

    fifo_start(&t);
    fifo_head(&t, "W64 H48 F30:1 C420");
    fifo_picture(&t, 0);
    wait_reg(&t.e, PUCK_CAM_SOURCE_STATUS, PUCK_CAM_SOURCE_PRESENT,
             PUCK_CAM_SOURCE_PRESENT);
    m = source_mode(PUCK_CAM_FORMAT_NV12, &t.source);
    m.interval = PUCK_CAM_INTERVAL_MAX;
    cam_set_mode(&t.e, &m);
    buf = cam_buffer(&t.e, 6);
    cam_queue(&t.e, &buf.desc);
    cam_stream(&t.e, PUCK_CAM_SINGLE);
    cam_w32(&t.e, PUCK_CAM_STEP, 1);
    puck_machine_settle(&t.e.m);
    /* Its clock stands: the frame is not over whenever the reader looks. */
    close(t.fd);
    t.fd = -1;
    wait_status(&t.e, PUCK_CAM_SOURCE_LIVE);
    cam_wait(&t.e, &done);
    g_assert_cmpuint(done.cookie, ==, 6);
    g_assert_cmpuint(done.status, ==, PUCK_CAM_DONE_SYNC);
    g_assert_cmpuint(done.reason, ==, 0);
    g_assert_cmpuint(done.end, <, done.start + cam_mode_read(&m, 47));
    cam_expect_untouched(&t.e, &buf);
    g_assert_true(cam_r32(&t.e, PUCK_CAM_SENSOR_STATUS) &
                  PUCK_CAM_SENSOR_NO_SIGNAL);
    g_assert_cmpuint(cam_r32(&t.e, PUCK_CAM_FAILED), ==, 1);
    g_assert_cmpuint(cam_r32(&t.e, PUCK_CAM_ERR_COUNT), ==, 0);
    fifo_stop(&t);
}

/* A stream of another size within the machine's life. */
static void test_fifo_resize(void)
{
    uint8_t grey[32 * 16];
    CamMode m;
    Fifo t;

    fifo_start(&t);
    fifo_head(&t, "W64 H48 F30:1 C420");
    fifo_picture(&t, 2);
    close(t.fd);
    wait_reg(&t.e, PUCK_CAM_SOURCE_STATUS, PUCK_CAM_SOURCE_PRESENT,
             PUCK_CAM_SOURCE_PRESENT);
    m = source_mode(PUCK_CAM_FORMAT_NV12, &t.source);
    cam_set_mode(&t.e, &m);
    cam_stream(&t.e, PUCK_CAM_SINGLE);
    fifo_expect(&t, 2);
    fifo_until_lost(&t);
    t.fd = open(t.path, O_WRONLY);
    fifo_head(&t, "W32 H16 F30:1 Cmono");
    memset(grey, 0x42, sizeof(grey));
    fifo_write(&t, "FRAME\n", 6);
    fifo_write(&t, grey, sizeof(grey));
    for (unsigned i = 0; i < PUCK_WAIT_MS &&
         cam_r32(&t.e, PUCK_CAM_SOURCE_SIZE) != (16 << 16 | 32); i++) {
        cam_w32(&t.e, PUCK_CAM_STEP, 1);
        cam_run_until(&t.e, cam_now(&t.e) + 2 * INTERVAL);
        g_usleep(1000);
    }
    g_assert_cmphex(cam_r32(&t.e, PUCK_CAM_SOURCE_SIZE), ==, 16 << 16 | 32);
    g_assert_cmpuint(cam_r32(&t.e, PUCK_CAM_SOURCE_SEQ), ==, 3);
    /* The sensor's picture has its size still, black where there is none. */
    t.source = (CamSource) { .width = 32, .height = 16, .bytes = grey };
    fifo_expect(&t, 0);
    fifo_stop(&t);
}

/* What is no picture is like an end; a writer may begin anew behind it. */
static void test_bad_fifo(void)
{
    static const char *const heads[] = {
        "W65 H48 F30:1 C420", "W64 H48 F30:1 C410", "W99998 H48 F30:1 C420",
    };
    CamMode m;
    Fifo t;

    fifo_start(&t);
    for (size_t i = 0; i < G_N_ELEMENTS(heads); i++) {
        fifo_head(&t, heads[i]);
        close(t.fd);
        t.fd = open(t.path, O_WRONLY);
    }
    fifo_head(&t, "W64 H48 F30:1 C420");
    fifo_picture(&t, 0);
    fifo_write(&t, "GARBAGE\n", 8);
    wait_reg(&t.e, PUCK_CAM_SOURCE_STATUS, PUCK_CAM_SOURCE_PRESENT,
             PUCK_CAM_SOURCE_PRESENT);
    m = source_mode(PUCK_CAM_FORMAT_NV12, &t.source);
    cam_set_mode(&t.e, &m);
    cam_stream(&t.e, PUCK_CAM_SINGLE);
    fifo_expect(&t, 0);
    fifo_until_lost(&t);
    fifo_expect_none(&t);
    cam_alive(&t.e);
    fifo_stop(&t);
}

/* A FIFO's bytes are gone when they were read: the machine stays. */
static void test_bad_move(void)
{
    QDict *rsp;
    Fifo t;

    fifo_start(&t);
    rsp = qtest_qmp(t.e.m.qts, "{ 'execute': 'migrate', 'arguments': "
                    "{ 'uri': 'file:/dev/null' } }");
    g_assert_true(qdict_haskey(rsp, "error"));
    qobject_unref(rsp);
    fifo_stop(&t);
}

void add_source_tests(void)
{
    /* A writer whose reader is gone is told so by write() alone. */
    signal(SIGPIPE, SIG_IGN);
    qtest_add_func("/puck-cam/source/y4m", test_y4m);
    qtest_add_func("/puck-cam/source/identical", test_identical);
    qtest_add_func("/puck-cam/source/dropped", test_dropped);
    qtest_add_func("/puck-cam/source/sizes", test_sizes);
    qtest_add_func("/puck-cam/source/raw", test_raw);
    qtest_add_func("/puck-cam/source/fifo", test_fifo);
    qtest_add_func("/puck-cam/source/fifo-lost", test_fifo_lost);
    qtest_add_func("/puck-cam/source/bad_file", test_bad_file);
    qtest_add_func("/puck-cam/source/bad_raw", test_bad_raw);
    qtest_add_func("/puck-cam/source/fifo-sync", test_fifo_sync);
    qtest_add_func("/puck-cam/source/fifo-resize", test_fifo_resize);
    qtest_add_func("/puck-cam/source/bad_fifo", test_bad_fifo);
    qtest_add_func("/puck-cam/source/bad_move", test_bad_move);
}
