/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: where the bytes of a picture lie, and when its lines are due.
 */

#include "qemu/osdep.h"
#include "layout.h"

/* Bytes of a pixel in plane 0; and whether there is a second plane. */
typedef struct Format {
    unsigned bytes;
    unsigned parts;
    bool chroma;
} Format;

static const Format formats[] = {
    [PUCK_CAM_FORMAT_XRGB8888] = { 4, 1, false },
    [PUCK_CAM_FORMAT_RGB24] = { 3, 1, false },
    [PUCK_CAM_FORMAT_YUYV] = { 2, 1, false },
    [PUCK_CAM_FORMAT_UYVY] = { 2, 1, false },
    [PUCK_CAM_FORMAT_NV12] = { 1, 1, true },
    [PUCK_CAM_FORMAT_NV12M] = { 1, 2, true },
    [PUCK_CAM_FORMAT_GREY] = { 1, 1, false },
};

static bool dims_ok(unsigned width, unsigned height, uint32_t max)
{
    return width % 2 == 0 && height % 2 == 0 &&
           width >= PUCK_CAM_DIM_MIN && height >= PUCK_CAM_DIM_MIN &&
           width <= (max & PUCK_CAM_SIZE_WIDTH) && height <= max >> 16;
}

static PuckCamRect rect_of(uint64_t reg)
{
    return (PuckCamRect) {
        .x = reg & 0xffff,
        .y = reg >> 16 & 0xffff,
        .width = reg >> 32 & 0xffff,
        .height = reg >> 48,
    };
}

static bool rect_ok(const PuckCamRect *r, unsigned width, unsigned height)
{
    return (r->x | r->y | r->width | r->height) % 2 == 0 &&
           r->width >= PUCK_CAM_RECT_MIN && r->height >= PUCK_CAM_RECT_MIN &&
           r->x + r->width <= width && r->y + r->height <= height;
}

static bool stride_ok(uint32_t stride, uint32_t bytes)
{
    return stride >= bytes && stride <= PUCK_CAM_STRIDE_MAX;
}

static unsigned check(const PuckCamGeometry *g, uint32_t size_max,
                      PuckCamLayout *l)
{
    if (g->format >= sizeof(formats) / sizeof(formats[0]) ||
        !formats[g->format].bytes) {
        return PUCK_CAM_CHECK_FORMAT;
    }
    if (!dims_ok(l->width, l->height, size_max)) {
        return PUCK_CAM_CHECK_SIZE;
    }
    if (!dims_ok(l->out_width, l->out_height,
                 puck_cam_size(PUCK_CAM_WIDTH_MAX, PUCK_CAM_HEIGHT_MAX))) {
        return PUCK_CAM_CHECK_OUT_SIZE;
    }
    if (!rect_ok(&l->crop, l->width, l->height)) {
        return PUCK_CAM_CHECK_CROP;
    }
    if (!rect_ok(&l->compose, l->out_width, l->out_height)) {
        return PUCK_CAM_CHECK_COMPOSE;
    }
    if (!stride_ok(g->stride[0], l->out_width * formats[g->format].bytes)) {
        return PUCK_CAM_CHECK_STRIDE0;
    }
    if (formats[g->format].parts > 1 &&
        !stride_ok(g->stride[1], l->out_width)) {
        return PUCK_CAM_CHECK_STRIDE1;
    }
    return PUCK_CAM_CHECK_OK;
}

static void add_planes(const PuckCamGeometry *g, PuckCamLayout *l)
{
    const Format *format = &formats[g->format];
    PuckCamPlane *luma = &l->plane[0];
    PuckCamPlane *chroma = &l->plane[1];

    *luma = (PuckCamPlane) {
        .sub = 1,
        .bytes = l->out_width * format->bytes,
        .lines = l->out_height,
        .stride = g->stride[0],
    };
    l->planes = 1;
    if (format->chroma) {
        bool own = format->parts > 1;

        *chroma = (PuckCamPlane) {
            .part = own ? 1 : 0,
            .sub = 2,
            .bytes = l->out_width,
            .lines = l->out_height / 2,
            .stride = g->stride[own ? 1 : 0],
            .offset = own ? 0 : (uint64_t)luma->stride * luma->lines,
            .at = luma->bytes * luma->lines,
        };
        l->planes = 2;
    }
}

unsigned puck_cam_layout(const PuckCamGeometry *geometry, uint32_t size_max,
                         PuckCamLayout *layout)
{
    unsigned broken;

    *layout = (PuckCamLayout) {
        .width = geometry->size & PUCK_CAM_SIZE_WIDTH,
        .height = geometry->size >> 16,
        .out_width = geometry->out_size & PUCK_CAM_SIZE_WIDTH,
        .out_height = geometry->out_size >> 16,
        .format = geometry->format,
        .crop = rect_of(geometry->crop),
        .compose = rect_of(geometry->compose),
    };
    broken = check(geometry, size_max, layout);
    if (broken) {
        return broken;
    }
    add_planes(geometry, layout);
    layout->parts = formats[geometry->format].parts;
    for (unsigned p = 0; p < layout->planes; p++) {
        const PuckCamPlane *plane = &layout->plane[p];

        layout->bytes[plane->part] += plane->stride * plane->lines;
        layout->copy_bytes += plane->bytes * plane->lines;
    }
    return PUCK_CAM_CHECK_OK;
}

unsigned puck_cam_sensor_line_of(const PuckCamLayout *layout, unsigned y)
{
    const PuckCamRect *crop = &layout->crop;
    const PuckCamRect *compose = &layout->compose;

    if (y < compose->y) {
        return crop->y;
    }
    if (y - compose->y >= compose->height) {
        return crop->y + crop->height - 1;
    }
    return crop->y + (y - compose->y) * crop->height / compose->height;
}

/* Every factor is bounded by its register: nothing here reaches 2^63. */
int64_t puck_cam_read_time(const PuckCamLayout *layout,
                           const PuckCamMode *mode, unsigned line)
{
    const PuckCamControls *c = &mode->controls;
    uint64_t row = layout->width + c->hblank;
    uint64_t pixels = (c->vblank + line) * row + layout->width;

    return mode->start +
           (int64_t)(c->interval * pixels /
                     ((c->vblank + layout->height) * row));
}

int64_t puck_cam_group_time(const PuckCamLayout *layout,
                            const PuckCamMode *mode, unsigned y)
{
    unsigned last = y / PUCK_CAM_GROUP_LINES * PUCK_CAM_GROUP_LINES +
                    PUCK_CAM_GROUP_LINES - 1;

    if (last >= layout->out_height) {
        last = layout->out_height - 1;
    }
    return puck_cam_read_time(layout, mode,
                              puck_cam_sensor_line_of(layout, last));
}
