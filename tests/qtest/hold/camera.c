/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a guest can make QEMU hold the BQL: puck-cam.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "abi/puck_cam.h"
#include "env.h"

#define ORDER       4
#define CAM_QUEUE   (1u << ORDER)
#define WIDTH       4096ull
#define HEIGHT      2160ull
#define FRAMES      5
#define CAM_REGS    0x5000

static void set_size(HoldBench *b, uint64_t reg, uint64_t width,
                     uint64_t height)
{
    puck_w32(&b->cam, reg, height << 16 | width);
}

static void set_rect(HoldBench *b, uint64_t reg, uint64_t width,
                     uint64_t height)
{
    puck_w64(&b->cam, reg, height << 48 | width << 32);
}

/* A picture of @width x @height out of one of @from_width x @from_height. */
static void set_mode(HoldBench *b, unsigned format, uint64_t width,
                     uint64_t height, uint64_t from_width,
                     uint64_t from_height)
{
    puck_w32(&b->cam, PUCK_CAM_FORMAT, format);
    set_size(b, PUCK_CAM_SIZE, from_width, from_height);
    set_rect(b, PUCK_CAM_CROP, from_width, from_height);
    set_size(b, PUCK_CAM_OUT_SIZE, width, height);
    set_rect(b, PUCK_CAM_COMPOSE, width, height);
    puck_w32(&b->cam, PUCK_CAM_STRIDE0,
             format == PUCK_CAM_FORMAT_XRGB8888 ? 4 * width : width);
    puck_w32(&b->cam, PUCK_CAM_STRIDE1, width);
    puck_w32(&b->cam, PUCK_CAM_PATTERN, PUCK_CAM_PATTERN_NOISE);
    puck_w32(&b->cam, PUCK_CAM_INTERVAL, 50000000);
    g_assert_cmpuint(puck_r32(&b->cam, PUCK_CAM_CHECK), ==, 0);
}

/* So many descriptors, whose parts are lists of @nsegs segments of @len. */
static void queue(HoldBench *b, unsigned count, uint32_t len, uint32_t nsegs)
{
    uint64_t ring = puck_machine_pages(&b->m, 1);
    uint32_t parts = puck_r32(&b->cam, PUCK_CAM_PARTS);
    struct puck_cam_desc desc = { .parts = cpu_to_le32(parts) };

    for (unsigned i = 0; i < parts; i++) {
        desc.part[i] = (struct puck_cam_part) {
            /* The segments of both devices are the same. */
            .list = cpu_to_le64(hold_same(b, DATA, len, nsegs)),
            .nsegs = cpu_to_le32(nsegs),
            .length = cpu_to_le64((uint64_t)len * nsegs),
        };
    }
    for (unsigned i = 0; i < count; i++) {
        qtest_memwrite(b->m.qts, ring + i * sizeof(desc), &desc, sizeof(desc));
    }
    puck_w64(&b->cam, PUCK_CAM_QUEUE_BASE, ring | ORDER);
    puck_w64(&b->cam, PUCK_CAM_DONE_BASE, puck_machine_pages(&b->m, 1));
    puck_w64(&b->cam, PUCK_CAM_DONE_WB_ADDR, puck_machine_pages(&b->m, 1));
    puck_w32(&b->cam, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_ENABLE);
    hold_w32(b, &b->cam, PUCK_CAM_QUEUE_TAIL, count);
}

/* All descriptors are done, each with status OK. */
static void run(HoldBench *b, unsigned count)
{
    hold_w32(b, &b->cam, PUCK_CAM_SENSOR_CTRL, PUCK_CAM_STREAM);
    hold_until(b, &b->cam, PUCK_CAM_DONE_COUNT, ~0u, count);
    g_assert_cmpuint(puck_r32(&b->cam, PUCK_CAM_CAPTURED), ==, count);
    hold_w32(b, &b->cam, PUCK_CAM_SENSOR_CTRL, 0);
    hold_until(b, &b->cam, PUCK_CAM_SENSOR_STATUS, PUCK_CAM_SENSOR_BUSY, 0);
}

static void registers(HoldBench *b)
{
    for (uint64_t at = 0; at < CAM_REGS; at += 4) {
        uint32_t was = hold_r32(b, &b->cam, at);

        hold_w32(b, &b->cam, at, UINT32_MAX);
        hold_w32(b, &b->cam, at, 0);
        hold_w32(b, &b->cam, at, was);
    }
}

static void picture(HoldBench *b)
{
    set_mode(b, PUCK_CAM_FORMAT_XRGB8888, WIDTH, HEIGHT, WIDTH, HEIGHT);
    queue(b, FRAMES, 4 * WIDTH * HEIGHT, 1);
    run(b, FRAMES);
}

static void scaled(HoldBench *b)
{
    set_mode(b, PUCK_CAM_FORMAT_XRGB8888, WIDTH, HEIGHT, 16, 16);
    queue(b, FRAMES, 4 * WIDTH * HEIGHT, 1);
    run(b, FRAMES);
}

static void lists(HoldBench *b)
{
    set_mode(b, PUCK_CAM_FORMAT_NV12M, 64, 64, 64, 64);
    queue(b, CAM_QUEUE - 1, 1, PUCK_CAM_SEGS_MAX_VALUE);
    run(b, CAM_QUEUE - 1);
}

/* Each byte of the picture is a segment of its own. */
static void single_bytes(HoldBench *b)
{
    set_mode(b, PUCK_CAM_FORMAT_GREY, 512, 32, 512, 32);
    queue(b, FRAMES, 1, 512 * 32);
    run(b, FRAMES);
}

/* Rules are asked about each access. */
static void accesses(HoldBench *b)
{
    hold_rule(b, "dma.write device=cam1 fault");
    set_mode(b, PUCK_CAM_FORMAT_XRGB8888, WIDTH, HEIGHT, WIDTH, HEIGHT);
    queue(b, FRAMES, 4 * WIDTH * HEIGHT, 1);
    run(b, FRAMES);
}

/* In the middle of a frame that is made, again and again. */
static void queue_reset(HoldBench *b)
{
    set_mode(b, PUCK_CAM_FORMAT_XRGB8888, WIDTH, HEIGHT, WIDTH, HEIGHT);
    for (unsigned i = 0; i < 20; i++) {
        queue(b, FRAMES, 4 * WIDTH * HEIGHT, 1);
        hold_w32(b, &b->cam, PUCK_CAM_SENSOR_CTRL, PUCK_CAM_STREAM);
        hold_watch(b, 10);
        hold_w32(b, &b->cam, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_RESET);
        hold_until(b, &b->cam, PUCK_CAM_QUEUE_CTRL, PUCK_CAM_QUEUE_RESET, 0);
        hold_w32(b, &b->cam, PUCK_CAM_SENSOR_CTRL, 0);
        hold_until(b, &b->cam, PUCK_CAM_SENSOR_STATUS, PUCK_CAM_SENSOR_BUSY,
                   0);
    }
}

const HoldCase hold_cam_cases[] = {
    { "cam_registers", "each register of puck-cam", registers },
    { "cam_picture", "pictures of 35 MB", picture },
    { "cam_scaled", "the same out of 16 x 16 pixels", scaled },
    { "cam_lists", "two lists of 16384 segments a frame", lists },
    { "cam_single_bytes", "a segment for each byte", single_bytes },
    { "cam_accesses", "rules asked about each access", accesses },
    { "cam_queue_reset", "RESET of the queue within frames", queue_reset },
    { }
};
