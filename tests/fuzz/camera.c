/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The camera for Puck's fuzz targets: its registers, its queue with descriptors
 * and done entries, and what its sensor is told.
 */

#include "qemu/osdep.h"
#include "env.h"

#define FRAMES_MAX      300
#define SIDE_MAX        1024
/* The picture by which a camera shows that it works. */
#define CHECK_SIZE      16u
#define CHECK_LOOKS     100

static uint64_t camera(unsigned n)
{
    return fuzz_functions[FUZZ_DEV0 + n].regs;
}

static unsigned any_camera(FuzzInput *in)
{
    return fuzz_pick(in, 2);
}

static uint32_t size(unsigned width, unsigned height)
{
    return height << 16 | width;
}

static uint64_t rect(unsigned x, unsigned y, unsigned width, unsigned height)
{
    return (uint64_t)size(width, height) << 32 | size(x, y);
}

uint64_t fuzz_camera_register(FuzzInput *in)
{
    static const uint16_t regs[] = {
        PUCK_CAM_CTRL, PUCK_CAM_IRQ_STATUS, PUCK_CAM_IRQ_ENABLE,
        PUCK_CAM_ERR_POP, PUCK_CAM_SENSOR_CTRL, PUCK_CAM_SENSOR_CTRL,
        PUCK_CAM_STEP, PUCK_CAM_INTERVAL, PUCK_CAM_PATTERN,
        PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_BASE,
        PUCK_CAM_DONE_BASE, PUCK_CAM_DONE_WB_ADDR, PUCK_CAM_QUEUE_TAIL,
        PUCK_CAM_QUEUE_TAIL, PUCK_CAM_FORMAT,
    };

    return regs[fuzz_pick(in, ARRAY_SIZE(regs))];
}

/* Each block with a piece of what lies behind it, and the end. */
unsigned fuzz_camera_offset(FuzzInput *in)
{
    static const struct {
        unsigned start;
        unsigned size;
    } blocks[] = {
        { PUCK_CAM_MAGIC, 0x80 },
        { PUCK_CAM_SOURCE(0), 0x40 },
        { PUCK_MISCHIEF_WINDOW, PUCK_MISCHIEF_WINDOW_SIZE },
        { PUCK_CAM_ERR_COUNT, 0x40 },
        { PUCK_CAM_SENSOR_CTRL, 0xc0 },
        { PUCK_CAM_FORMAT, 0x60 },
        { PUCK_CAM_QUEUE_CTRL, 0x60 },
        { PUCK_CAM_BAR_REGS_SIZE - 0x40, 0x40 },
    };
    unsigned i = fuzz_pick(in, ARRAY_SIZE(blocks));

    return blocks[i].start + fuzz_pick(in, blocks[i].size);
}

/* --- the queue --- */

static void queue_on(unsigned n, unsigned order)
{
    uint64_t regs = camera(n);

    fuzz_write(regs + PUCK_CAM_QUEUE_BASE, FUZZ_CAM_QUEUE(n) | order, 8);
    fuzz_write(regs + PUCK_CAM_DONE_BASE, FUZZ_CAM_DONE(n), 8);
    fuzz_write(regs + PUCK_CAM_DONE_WB_ADDR, FUZZ_SLOTS + 8 * n, 8);
    fuzz_write(regs + PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_ENABLE, 4);
    fuzz_guest.cam_tails[n] = 0;
    fuzz_guest.cam_orders[n] = order;
}

static void queue_reset(unsigned n)
{
    fuzz_write(camera(n) + PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_RESET, 4);
}

static void put_descriptor(unsigned n, const struct puck_cam_desc *desc)
{
    uint32_t *tail = &fuzz_guest.cam_tails[n];

    fuzz_store(FUZZ_CAM_QUEUE(n) + sizeof(*desc) * *tail, desc, sizeof(*desc));
    *tail = (*tail + 1) & ((1u << fuzz_guest.cam_orders[n]) - 1);
}

static void doorbell(unsigned n)
{
    fuzz_write(camera(n) + PUCK_CAM_QUEUE_TAIL, fuzz_guest.cam_tails[n], 4);
}

/* A part that has room for the picture, now and then by a byte too little. */
static struct puck_cam_part any_part(FuzzInput *in)
{
    uint64_t bytes, offset = fuzz_pick(in, 64);
    uint32_t nsegs;
    uint64_t list = fuzz_build_list(in, &nsegs, &bytes);

    offset = MIN(offset, bytes);
    return (struct puck_cam_part) {
        .list = cpu_to_le64(list), .nsegs = cpu_to_le32(nsegs),
        .offset = cpu_to_le64(offset),
        .length = cpu_to_le64(bytes - offset + fuzz_rarely(in, 12)),
    };
}

static struct puck_cam_desc any_descriptor(FuzzInput *in, unsigned n)
{
    unsigned parts = fuzz_read(camera(n) + PUCK_CAM_PARTS, 4);
    struct puck_cam_desc desc = { .cookie = cpu_to_le64(++fuzz_guest.seqno) };

    parts = MIN(fuzz_rarely(in, 16) ? fuzz_pick(in, 4) : parts,
                PUCK_CAM_PARTS_MAX + 1);
    desc.parts = cpu_to_le32(parts);
    for (unsigned i = 0; i < MIN(parts, PUCK_CAM_PARTS_MAX); i++) {
        desc.part[i] = any_part(in);
    }
    if (fuzz_rarely(in, 8)) {
        uint32_t word = cpu_to_le32(fuzz_number(in));

        memcpy((uint8_t *)&desc + 4 * fuzz_pick(in, sizeof(desc) / 4), &word,
               sizeof(word));
    }
    return desc;
}

/* One buffer. */
void fuzz_op_frame(FuzzInput *in)
{
    unsigned n = any_camera(in);
    struct puck_cam_desc desc = any_descriptor(in, n);

    put_descriptor(n, &desc);
    if (!fuzz_rarely(in, 4)) {
        doorbell(n);
    }
}

/* The same one over and over, to find what is not bounded. */
void fuzz_op_frames(FuzzInput *in)
{
    unsigned n = any_camera(in);
    struct puck_cam_desc desc = any_descriptor(in, n);
    unsigned most = (1u << fuzz_guest.cam_orders[n]) - 1;
    unsigned count = MIN(1 + fuzz_pick(in, FRAMES_MAX), most);

    while (count--) {
        put_descriptor(n, &desc);
    }
    doorbell(n);
}

void fuzz_op_cam_queue(FuzzInput *in)
{
    unsigned n = any_camera(in);

    switch (fuzz_pick(in, 4)) {
    case 0:
        queue_reset(n);
        break;
    case 1:
        fuzz_write(camera(n) + PUCK_CAM_QUEUE_CTRL, fuzz_pick(in, 4), 4);
        break;
    case 2:
        /* With nothing in the way, or with bases of anything. */
        queue_reset(n);
        fuzz_clock_step(1000000);
        fuzz_write(camera(n) + PUCK_CAM_DONE_BASE, fuzz_address(in), 8);
        fuzz_write(camera(n) + PUCK_CAM_DONE_WB_ADDR, fuzz_address(in), 8);
        fuzz_write(camera(n) + PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_ENABLE, 4);
        fuzz_guest.cam_tails[n] = 0;
        break;
    default:
        queue_reset(n);
        queue_on(n, fuzz_rarely(in, 4) ? FUZZ_CAM_ORDER :
                    1 + fuzz_pick(in, FUZZ_CAM_ORDER));
    }
}

/* --- the bridge --- */

static unsigned even_below(FuzzInput *in, unsigned most)
{
    return fuzz_pick(in, most / 2 + 1) * 2;
}

/* No camera of these machines is larger, and one that does not answer is. */
static unsigned any_side(FuzzInput *in, unsigned most)
{
    return PUCK_CAM_DIM_MIN +
           even_below(in, MIN(most, SIDE_MAX) - PUCK_CAM_DIM_MIN);
}

/* A piece of @width by @height. */
static uint64_t any_rect(FuzzInput *in, unsigned width, unsigned height)
{
    unsigned x = even_below(in, width - 2), y = even_below(in, height - 2);

    return rect(x, y, 2 + even_below(in, width - x - 2),
                2 + even_below(in, height - y - 2));
}

static void set_geometry(unsigned n, unsigned format, uint32_t width,
                         uint32_t height)
{
    static const uint8_t pixel[] = { 0, 4, 3, 2, 2, 1, 1, 1 };
    uint64_t regs = camera(n), all = rect(0, 0, width, height);
    uint32_t stride = width * pixel[format];

    fuzz_write(regs + PUCK_CAM_SIZE, size(width, height), 4);
    fuzz_write(regs + PUCK_CAM_OUT_SIZE, size(width, height), 4);
    fuzz_write(regs + PUCK_CAM_FORMAT, format, 4);
    fuzz_write(regs + PUCK_CAM_CROP, all, 8);
    fuzz_write(regs + PUCK_CAM_COMPOSE, all, 8);
    fuzz_write(regs + PUCK_CAM_STRIDE0, stride, 4);
    fuzz_write(regs + PUCK_CAM_STRIDE1, stride, 4);
}

/* Good ones, of which then a register is another one; seldom in a stream. */
void fuzz_op_geometry(FuzzInput *in)
{
    static const uint16_t regs[] = {
        PUCK_CAM_SIZE, PUCK_CAM_OUT_SIZE, PUCK_CAM_FORMAT, PUCK_CAM_CROP,
        PUCK_CAM_COMPOSE, PUCK_CAM_STRIDE0, PUCK_CAM_STRIDE1,
    };
    unsigned n = any_camera(in);
    unsigned format = 1 + fuzz_pick(in, PUCK_CAM_FORMAT_GREY);
    uint32_t most = fuzz_read(camera(n) + PUCK_CAM_SIZE_MAX, 4);
    unsigned width = any_side(in, most & PUCK_CAM_SIZE_WIDTH);
    unsigned height = any_side(in, most >> 16);

    if (!fuzz_rarely(in, 8)) {
        fuzz_write(camera(n) + PUCK_CAM_SENSOR_CTRL, 0, 4);
    }
    set_geometry(n, format, width, height);
    if (fuzz_rarely(in, 2)) {
        fuzz_write(camera(n) + PUCK_CAM_CROP, any_rect(in, width, height), 8);
        fuzz_write(camera(n) + PUCK_CAM_COMPOSE, any_rect(in, width, height),
                   8);
    }
    if (fuzz_rarely(in, 2)) {
        uint16_t reg = regs[fuzz_pick(in, ARRAY_SIZE(regs))];

        fuzz_write(camera(n) + reg, fuzz_number(in),
                   fuzz_rarely(in, 2) ? 8 : 4);
    }
    fuzz_read(camera(n) + PUCK_CAM_CHECK, 4);
    fuzz_read(camera(n) + PUCK_CAM_BYTES0, 8);
}

/* --- the sensor --- */

void fuzz_op_sensor(FuzzInput *in)
{
    static const uint16_t regs[] = {
        PUCK_CAM_HBLANK, PUCK_CAM_VBLANK, PUCK_CAM_INTERVAL, PUCK_CAM_EXPOSURE,
        PUCK_CAM_GAIN, PUCK_CAM_FLIP, PUCK_CAM_SEED, PUCK_CAM_PATTERN,
        PUCK_CAM_STAMP,
    };
    unsigned n = any_camera(in);
    uint16_t reg = regs[fuzz_pick(in, ARRAY_SIZE(regs))];

    fuzz_write(camera(n) + reg, fuzz_number(in), 4);
    fuzz_read(camera(n) + PUCK_CAM_PIXEL_RATE, 8);
}

void fuzz_op_stream(FuzzInput *in)
{
    unsigned n = any_camera(in);

    switch (fuzz_pick(in, 4)) {
    case 0:
        fuzz_write(camera(n) + PUCK_CAM_STEP, 1, 4);
        break;
    case 1:
        fuzz_write(camera(n) + PUCK_CAM_SENSOR_CTRL, fuzz_pick(in, 4), 4);
        break;
    default:
        fuzz_write(camera(n) + PUCK_CAM_SENSOR_CTRL, PUCK_CAM_STREAM |
                   (fuzz_rarely(in, 3) ? PUCK_CAM_SINGLE : 0), 4);
    }
}

/* --- set-up and check --- */

/* It streams, as fast as it can; there is no buffer yet. */
void fuzz_camera_build(unsigned n)
{
    uint64_t regs = camera(n);

    fuzz_write(regs + PUCK_CAM_IRQ_ENABLE, PUCK_CAM_IRQ_ALL, 4);
    fuzz_write(regs + PUCK_CAM_INTERVAL, PUCK_CAM_INTERVAL_MIN, 4);
    set_geometry(n, n ? PUCK_CAM_FORMAT_NV12M : PUCK_CAM_FORMAT_XRGB8888, 64,
                 48);
    queue_on(n, n ? 3 : FUZZ_CAM_ORDER);
    fuzz_write(regs + PUCK_CAM_SENSOR_CTRL, PUCK_CAM_STREAM, 4);
}

static void die(const char *what, unsigned n, uint64_t is)
{
    fprintf(stderr, "puck-fuzz: cam%u does not work after a reset: %s is 0x%"
            PRIx64 "\n", n, what, is);
    abort();
}

static void one_frame(unsigned n)
{
    uint64_t regs = camera(n);
    struct puck_cam_seg seg = {
        .addr = cpu_to_le64(FUZZ_DATA),
        .len = cpu_to_le32(CHECK_SIZE * CHECK_SIZE),
    };
    struct puck_cam_desc desc = {
        .cookie = cpu_to_le64(7), .parts = cpu_to_le32(1),
        .part[0] = {
            .list = cpu_to_le64(FUZZ_LISTS), .nsegs = cpu_to_le32(1),
            .length = cpu_to_le64(CHECK_SIZE * CHECK_SIZE),
        },
    };

    fuzz_store(FUZZ_LISTS, &seg, sizeof(seg));
    set_geometry(n, PUCK_CAM_FORMAT_GREY, CHECK_SIZE, CHECK_SIZE);
    queue_on(n, 1);
    put_descriptor(n, &desc);
    doorbell(n);
    fuzz_write(regs + PUCK_CAM_SENSOR_CTRL, PUCK_CAM_STREAM | PUCK_CAM_SINGLE,
               4);
    fuzz_write(regs + PUCK_CAM_STEP, 1, 4);
}

void fuzz_camera_check(unsigned n)
{
    uint64_t regs = camera(n), done = FUZZ_CAM_DONE(n), first;

    fuzz_store64(FUZZ_SLOTS + 8 * n, 0);
    fuzz_store64(FUZZ_DATA, 0);
    one_frame(n);
    for (unsigned i = 0; i < CHECK_LOOKS &&
         !fuzz_load64(FUZZ_SLOTS + 8 * n); i++) {
        fuzz_flush();
        fuzz_clock_step(1000000);
    }
    if (fuzz_load64(FUZZ_SLOTS + 8 * n) != 1) {
        fprintf(stderr, "check %" PRIx64 " status %" PRIx64 " errors %" PRIx64
                " info %" PRIx64 "\n", fuzz_read(regs + PUCK_CAM_CHECK, 4),
                fuzz_read(regs + PUCK_CAM_QUEUE_STATUS, 4),
                fuzz_read(regs + PUCK_CAM_ERR_COUNT, 4),
                fuzz_read(regs + PUCK_CAM_ERR_INFO, 4));
        die("the slot", n, fuzz_load64(FUZZ_SLOTS + 8 * n));
    }
    if (fuzz_load64(done) != 7) {
        die("the cookie", n, fuzz_load64(done));
    }
    if ((fuzz_load64(done + 8) & 0xff) != PUCK_CAM_DONE_OK) {
        die("the status", n, fuzz_load64(done + 8));
    }
    /* The stamp of line 0 of frame 0. */
    first = fuzz_load64(FUZZ_DATA);
    if (first != (uint64_t)PUCK_CAM_LINE_MAGIC << 56) {
        die("the picture", n, first);
    }
}
