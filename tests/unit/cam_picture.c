/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of what puck-cam makes of its registers: the rules of a geometry,
 * each byte of pictures of all formats and patterns, and the times of lines,
 * against a model that computes them one by one from the spec. The seed is
 * printed and taken back with --seed.
 */

#include "qemu/osdep.h"
#include "hw/puck/camera/picture/bridge.h"
#include "common/cam-model.h"

#define SIZE_MAX_REG    puck_cam_size(320, 240)
#define UNTOUCHED       0x5a

static PuckCamGeometry geometry_of(const CamMode *p)
{
    return (PuckCamGeometry) {
        .size = puck_cam_size(p->width, p->height),
        .format = p->format,
        .out_size = puck_cam_size(p->out_width, p->out_height),
        .stride = { p->stride[0], p->stride[1] },
        .crop = puck_cam_rect(p->crop.x, p->crop.y, p->crop.width,
                              p->crop.height),
        .compose = puck_cam_rect(p->compose.x, p->compose.y, p->compose.width,
                                 p->compose.height),
    };
}

static PuckCamMode mode_of(const CamMode *p, uint32_t number, int64_t start)
{
    return (PuckCamMode) {
        .geometry = geometry_of(p),
        .controls = {
            .hblank = p->hblank, .vblank = p->vblank, .interval = p->interval,
            .exposure = p->exposure, .gain = p->gain, .flip = p->flip,
            .pattern = p->pattern, .stamp = p->stamp, .seed = p->seed,
        },
        .number = number,
        .start = start,
        .told_number = number,
        .told_start = start,
    };
}

/* A 4:2:0 picture of the host that is smaller than the sensor's. */
#define HOST_WIDTH      46
#define HOST_HEIGHT     34

#define HOST_LUMA       (HOST_WIDTH * HOST_HEIGHT)
#define HOST_CHROMA     (HOST_LUMA / 4)

static uint8_t host_bytes[HOST_LUMA + 2 * HOST_CHROMA];

static const CamSource source = {
    .width = HOST_WIDTH,
    .height = HOST_HEIGHT,
    .pictures = 1,
    .chroma_w = HOST_WIDTH / 2,
    .chroma_h = HOST_HEIGHT / 2,
    .bytes = host_bytes,
};

static const PuckCamPicture host = {
    .width = HOST_WIDTH,
    .height = HOST_HEIGHT,
    .component = {
        { host_bytes, HOST_WIDTH, 1, 0, 0 },
        { host_bytes + HOST_LUMA, HOST_WIDTH / 2, 1, 1, 1 },
        { host_bytes + HOST_LUMA + HOST_CHROMA, HOST_WIDTH / 2, 1, 1, 1 },
    },
};

static void make_host(void)
{
    for (unsigned i = 0; i < sizeof(host_bytes); i++) {
        host_bytes[i] = g_test_rand_int();
    }
}

/* Where the device would write the lines of its copy. */
static void write_lines(const PuckCamLayout *l, uint8_t *copy,
                        uint8_t *parts[2])
{
    for (unsigned p = 0; p < l->planes; p++) {
        const PuckCamPlane *plane = &l->plane[p];

        for (unsigned i = 0; i < plane->lines; i++) {
            memcpy(parts[plane->part] + plane->offset +
                   (size_t)i * plane->stride,
                   puck_cam_copy_line(l, copy, p, i), plane->bytes);
        }
    }
}

static void device_make(const CamMode *p, uint32_t number, int64_t start,
                        uint8_t *parts[2])
{
    static PuckCamSensor sensor;
    static PuckCamBridge bridge;
    PuckCamMode mode = mode_of(p, number, start);
    g_autofree uint8_t *copy = NULL;
    PuckCamLayout layout;
    bool whole;

    g_assert_cmpuint(puck_cam_layout(&mode.geometry, SIZE_MAX_REG, &layout),
                     ==, PUCK_CAM_CHECK_OK);
    g_assert_cmpuint(layout.parts, ==, cam_mode_parts(p));
    g_assert_cmpuint(layout.bytes[0], ==, cam_mode_bytes(p, 0));
    g_assert_cmpuint(layout.bytes[1], ==, cam_mode_bytes(p, 1));
    copy = g_malloc(layout.copy_bytes);
    puck_cam_sensor_begin(&sensor, &layout, &mode, p->source ? &host : NULL);
    puck_cam_bridge_begin(&bridge, &layout, &mode, &sensor, copy);
    do {
        whole = puck_cam_bridge_lines(&bridge, g_test_rand_int_range(1, 20));
    } while (!whole);
    write_lines(&layout, copy, parts);
}

static void compare(const CamMode *p, uint32_t number, int64_t start)
{
    uint8_t *want[2], *got[2];

    for (unsigned i = 0; i < 2; i++) {
        size_t bytes = cam_mode_bytes(p, i) + 1;

        want[i] = memset(g_malloc(bytes), UNTOUCHED, bytes);
        got[i] = memset(g_malloc(bytes), UNTOUCHED, bytes);
    }
    cam_model_render(p, number, start, want);
    device_make(p, number, start, got);
    for (unsigned i = 0; i < 2; i++) {
        size_t bytes = cam_mode_bytes(p, i) + 1;

        g_assert_cmpmem(got[i], bytes, want[i], bytes);
        g_free(want[i]);
        g_free(got[i]);
    }
}

static unsigned even(unsigned from, unsigned to)
{
    return 2 * g_test_rand_int_range(from / 2, to / 2 + 1);
}

static CamRect random_rect(unsigned width, unsigned height)
{
    CamRect r = { .width = even(2, width), .height = even(2, height) };

    r.x = even(0, width - r.width);
    r.y = even(0, height - r.height);
    return r;
}

static uint64_t random_u64(void)
{
    return (uint64_t)g_test_rand_int() << 32 | (uint32_t)g_test_rand_int();
}

static CamMode random_mode(void)
{
    CamMode p = cam_mode(g_test_rand_int_range(1, 8), even(16, 80),
                         even(16, 80));

    if (g_test_rand_int_range(0, 3)) {
        p.out_width = even(16, 80);
        p.out_height = even(16, 80);
        p.crop = random_rect(p.width, p.height);
        p.compose = random_rect(p.out_width, p.out_height);
        p.stride[0] = 4 * p.out_width + g_test_rand_int_range(0, 70);
        p.stride[1] = p.out_width + g_test_rand_int_range(0, 70);
    }
    p.vblank = g_test_rand_int_range(4, 100);
    if (g_test_rand_bit()) {
        p.exposure = g_test_rand_int_range(0, 200);
        p.gain = g_test_rand_int_range(1, 0x1000);
    }
    p.flip = g_test_rand_int_range(0, 4);
    p.pattern = g_test_rand_int_range(0, 5);
    p.stamp = g_test_rand_int_range(0, 2);
    p.seed = random_u64();
    p.source = p.pattern == PUCK_CAM_PATTERN_SOURCE ? &source : NULL;
    return p;
}

static void test_random(void)
{
    make_host();
    for (unsigned i = 0; i < 400; i++) {
        CamMode p = random_mode();

        compare(&p, g_test_rand_int() >> g_test_rand_int_range(0, 32),
                random_u64() >> 1);
    }
}

/* Every format with every pattern and flip, as a whole. */
static void test_each(void)
{
    make_host();
    for (unsigned format = 1; format <= 7; format++) {
        for (unsigned pattern = 0; pattern <= 4; pattern++) {
            CamMode p = cam_mode(format, 48, 36);

            p.pattern = pattern;
            p.flip = (format + pattern) % 4;
            p.source = &source;
            compare(&p, 0xfffffff0 + pattern, 17);
        }
    }
}

/* A 4:2:0 picture goes through as it is, whatever its values are. */
static void test_identity(void)
{
    CamMode p = cam_mode(PUCK_CAM_FORMAT_NV12, HOST_WIDTH, HOST_HEIGHT);
    uint8_t bytes[sizeof(host_bytes)];
    uint8_t *parts[2] = { bytes, NULL };

    make_host();
    p.pattern = PUCK_CAM_PATTERN_SOURCE;
    p.source = &source;
    p.stamp = false;
    device_make(&p, 0, 0, parts);
    g_assert_cmpmem(bytes, HOST_LUMA, host_bytes, HOST_LUMA);
    for (unsigned i = 0; i < HOST_CHROMA; i++) {
        const uint8_t *chroma = bytes + HOST_LUMA + 2 * i;

        g_assert_cmpuint(chroma[0], ==, host_bytes[HOST_LUMA + i]);
        g_assert_cmpuint(chroma[1], ==,
                         host_bytes[HOST_LUMA + HOST_CHROMA + i]);
    }
}

typedef struct CheckCase {
    unsigned result;
    size_t offset;              /* of the register in PuckCamGeometry */
    unsigned size;
    uint64_t value;
} CheckCase;

#define REG(_result, _field, _value) \
    { PUCK_CAM_CHECK_ ## _result, offsetof(PuckCamGeometry, _field), \
      sizeof(((PuckCamGeometry *)0)->_field), _value }
#define SIZE(_result, _field, _w, _h) \
    REG(_result, _field, (_w) | (uint64_t)(_h) << 16)
#define RECT(_result, _field, _x, _y, _w, _h) \
    REG(_result, _field, (_x) | (_y) << 16 | (uint64_t)(_w) << 32 | \
                         (uint64_t)(_h) << 48)

/* Each rule at both of its sides, with one register other than it was. */
static void test_check(void)
{
    static const CheckCase cases[] = {
        REG(FORMAT, format, 0), REG(FORMAT, format, 8),
        REG(FORMAT, format, UINT32_MAX), REG(OK, format, 7),
        SIZE(SIZE, size, 320, 242), SIZE(SIZE, size, 322, 240),
        SIZE(SIZE, size, 319, 240), SIZE(SIZE, size, 320, 239),
        SIZE(SIZE, size, 14, 240), SIZE(SIZE, size, 320, 14),
        SIZE(CROP, size, 318, 240), SIZE(CROP, size, 320, 238),
        SIZE(OUT_SIZE, out_size, 14, 240), SIZE(OUT_SIZE, out_size, 320, 14),
        SIZE(OUT_SIZE, out_size, 321, 240), SIZE(OUT_SIZE, out_size, 320, 241),
        SIZE(OUT_SIZE, out_size, 4098, 240),
        SIZE(OUT_SIZE, out_size, 320, 2162),
        SIZE(COMPOSE, out_size, 318, 240), SIZE(COMPOSE, out_size, 320, 238),
        SIZE(STRIDE0, out_size, 322, 240), SIZE(OK, out_size, 320, 2160),
        RECT(OK, crop, 318, 238, 2, 2), RECT(CROP, crop, 318, 238, 4, 2),
        RECT(CROP, crop, 318, 238, 2, 4), RECT(CROP, crop, 0, 0, 0, 240),
        RECT(CROP, crop, 0, 0, 320, 0), RECT(CROP, crop, 1, 0, 2, 2),
        RECT(CROP, crop, 0, 1, 2, 2), RECT(CROP, crop, 0, 0, 3, 2),
        RECT(CROP, crop, 0, 0, 2, 3), RECT(CROP, crop, 65534, 0, 2, 2),
        RECT(OK, compose, 318, 238, 2, 2),
        RECT(COMPOSE, compose, 320, 0, 2, 2),
        RECT(COMPOSE, compose, 0, 240, 2, 2),
        RECT(COMPOSE, compose, 0, 0, 0, 2),
        RECT(COMPOSE, compose, 1, 0, 2, 2),
        RECT(COMPOSE, compose, 0, 0, 2, 5),
        REG(STRIDE0, stride[0], 319), REG(OK, stride[0], 321),
        REG(OK, stride[0], 65536), REG(STRIDE0, stride[0], 65537),
        REG(STRIDE1, stride[1], 319), REG(OK, stride[1], 321),
        REG(STRIDE1, stride[1], 65537),
    };
    CamMode p = cam_mode(PUCK_CAM_FORMAT_NV12M, 320, 240);
    PuckCamLayout layout;

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        PuckCamGeometry g = geometry_of(&p);

        memcpy((char *)&g + cases[i].offset, &cases[i].value, cases[i].size);
        g_test_message("case %zu", i);
        g_assert_cmpuint(puck_cam_layout(&g, SIZE_MAX_REG, &layout), ==,
                         cases[i].result);
    }
}

/* The first rule that is broken is told; STRIDE1 only counts with a part 1. */
static void test_check_order(void)
{
    CamMode p = cam_mode(PUCK_CAM_FORMAT_NV12M, 320, 240);
    PuckCamGeometry good = geometry_of(&p), bad = { };
    PuckCamLayout layout;

    g_assert_cmpuint(puck_cam_layout(&bad, SIZE_MAX_REG, &layout), ==, 1);
    bad.format = good.format;
    g_assert_cmpuint(puck_cam_layout(&bad, SIZE_MAX_REG, &layout), ==, 2);
    bad.size = good.size;
    g_assert_cmpuint(puck_cam_layout(&bad, SIZE_MAX_REG, &layout), ==, 3);
    bad.out_size = good.out_size;
    g_assert_cmpuint(puck_cam_layout(&bad, SIZE_MAX_REG, &layout), ==, 4);
    bad.crop = good.crop;
    g_assert_cmpuint(puck_cam_layout(&bad, SIZE_MAX_REG, &layout), ==, 5);
    bad.compose = good.compose;
    g_assert_cmpuint(puck_cam_layout(&bad, SIZE_MAX_REG, &layout), ==, 6);
    bad.stride[0] = good.stride[0];
    g_assert_cmpuint(puck_cam_layout(&bad, SIZE_MAX_REG, &layout), ==, 7);
    bad.format = PUCK_CAM_FORMAT_NV12;
    g_assert_cmpuint(puck_cam_layout(&bad, SIZE_MAX_REG, &layout), ==, 0);
}

static void test_times(void)
{
    for (unsigned i = 0; i < 200; i++) {
        CamMode p = random_mode();
        int64_t start = g_test_rand_int_range(0, 1000000000);
        PuckCamMode mode;
        PuckCamLayout layout;

        p.hblank = g_test_rand_int_range(16, 8193);
        p.interval = g_test_rand_int_range(4166666, 1000000001);
        mode = mode_of(&p, 0, start);
        g_assert_cmpuint(puck_cam_layout(&mode.geometry, SIZE_MAX_REG,
                                         &layout), ==, PUCK_CAM_CHECK_OK);
        for (unsigned y = 0; y < p.out_height; y++) {
            unsigned r = puck_cam_sensor_line_of(&layout, y);
            unsigned last = MIN(y | 31, p.out_height - 1);

            g_assert_cmpuint(puck_cam_read_time(&layout, &mode, r), ==,
                             start + cam_mode_exposed(&p, y));
            g_assert_cmpuint(puck_cam_group_time(&layout, &mode, y), ==,
                             start + cam_mode_exposed(&p, last));
        }
    }
}

/* The largest of all values fit into what computes with them. */
static void test_largest(void)
{
    CamMode p = cam_mode(PUCK_CAM_FORMAT_XRGB8888, 4096, 2160);
    PuckCamMode mode;
    PuckCamLayout layout;

    p.hblank = PUCK_CAM_HBLANK_MAX;
    p.vblank = PUCK_CAM_VBLANK_MAX;
    p.interval = PUCK_CAM_INTERVAL_MAX;
    mode = mode_of(&p, 0, 0);
    g_assert_cmpuint(puck_cam_layout(&mode.geometry,
                                     puck_cam_size(4096, 2160), &layout), ==,
                     PUCK_CAM_CHECK_OK);
    g_assert_cmpuint(layout.copy_bytes, ==, 4096 * 2160 * 4);
    g_assert_cmpuint(puck_cam_read_time(&layout, &mode, 2159), ==, 999893435);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cam-picture/check", test_check);
    g_test_add_func("/cam-picture/check/order", test_check_order);
    g_test_add_func("/cam-picture/each", test_each);
    g_test_add_func("/cam-picture/identity", test_identity);
    g_test_add_func("/cam-picture/random", test_random);
    g_test_add_func("/cam-picture/times", test_times);
    g_test_add_func("/cam-picture/largest", test_largest);
    return g_test_run();
}
