/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the rules of planes and buffers.
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "plane.h"

#define FRACTION    0xffffu     /* of 16.16 */
#define ONE         0x10000u
#define VA_END      (1ull << PUCK_GPU_VA_BITS)

unsigned puck_plane_format(const PuckPlaneRegs *r)
{
    return (r->ctrl & PUCK_PLANE_FORMAT) >> ctz32(PUCK_PLANE_FORMAT);
}

unsigned puck_plane_pixel_bytes(unsigned format)
{
    switch (format) {
    case PUCK_PLANE_FORMAT_RGB565:
        return 2;
    case PUCK_PLANE_FORMAT_NV12:
        return 1;
    default:
        return 4;
    }
}

static bool format_valid(const PuckPlaneRegs *r, unsigned p)
{
    unsigned format = puck_plane_format(r);
    unsigned blend = (r->ctrl & PUCK_PLANE_BLEND) >> ctz32(PUCK_PLANE_BLEND);

    return format >= PUCK_PLANE_FORMAT_XRGB8888 &&
           format <= (p == PUCK_PLANE_CURSOR ? PUCK_PLANE_FORMAT_ARGB8888 :
                                               PUCK_PLANE_FORMAT_NV12) &&
           blend <= PUCK_PLANE_BLEND_COVERAGE;
}

/* One direction of a source rectangle. */
static bool src_valid(uint32_t at, uint32_t size)
{
    return size >= ONE &&
           (uint64_t)at + size <= (uint64_t)PUCK_PLANE_SRC_MAX * ONE;
}

static bool dst_valid(uint32_t at, uint32_t size, uint32_t max)
{
    return size >= 1 && size <= max &&
           (int32_t)at >= PUCK_PLANE_POS_MIN &&
           (int32_t)at <= PUCK_PLANE_POS_MAX;
}

static bool geometry_valid(const PuckPlaneRegs *r, unsigned p)
{
    uint32_t max = p == PUCK_PLANE_CURSOR ? PUCK_PLANE_CURSOR_MAX :
                                            PUCK_PLANE_DST_MAX;

    return src_valid(r->src_x, r->src_w) && src_valid(r->src_y, r->src_h) &&
           dst_valid(r->dst_x, r->dst_w, max) &&
           dst_valid(r->dst_y, r->dst_h, max);
}

/* One direction again; sizes are valid. */
static bool scale_valid(uint32_t at, uint32_t src, uint32_t dst, bool scales)
{
    uint64_t to = (uint64_t)dst * ONE;

    if (!scales) {
        return to == src && !(at & FRACTION);
    }
    return to * PUCK_PLANE_SCALE_MAX >= src &&
           to <= (uint64_t)src * PUCK_PLANE_SCALE_MAX;
}

/* The last column, or line, of a source that is needed. */
static uint32_t src_last(uint32_t at, uint32_t size)
{
    return (at + size - 1) / ONE;
}

static uint32_t uv_bytes(const PuckPlaneRegs *r)
{
    return 2 * (src_last(r->src_x, r->src_w) / 2 + 1);
}

static bool pitch_valid(const PuckPlaneRegs *r)
{
    unsigned format = puck_plane_format(r);
    unsigned bytes = puck_plane_pixel_bytes(format);
    uint32_t columns = src_last(r->src_x, r->src_w) + 1;

    if (r->pitch % bytes || r->offset % bytes || r->pitch < columns * bytes) {
        return false;
    }
    return format != PUCK_PLANE_FORMAT_NV12 ||
           (r->uv_pitch % 2 == 0 && r->uv_offset % 2 == 0 &&
            r->uv_pitch >= uv_bytes(r));
}

uint8_t puck_buffer_check_source(const PuckBufferName *name,
                                 const PuckBufferLimits *limits)
{
    bool ok;

    switch (name->source) {
    case PUCK_PLANE_SOURCE_VRAM:
        ok = true;
        break;
    case PUCK_PLANE_SOURCE_LIST:
        ok = name->arg >= 1 && name->arg <= PUCK_GPU_SEGS_MAX_VALUE &&
             name->addr % sizeof(struct puck_gpu_seg) == 0;
        break;
    case PUCK_PLANE_SOURCE_VM:
        ok = name->arg < limits->num_vms;
        break;
    default:
        ok = false;
        break;
    }
    return ok ? PUCK_DISPLAY_OK : PUCK_DISPLAY_BAD_SOURCE;
}

uint8_t puck_buffer_check_extent(const PuckBufferName *name, uint64_t extent,
                                 const PuckBufferLimits *limits)
{
    uint64_t end = UINT64_MAX;

    if (name->source == PUCK_PLANE_SOURCE_VRAM) {
        end = limits->vram_size;
    } else if (name->source == PUCK_PLANE_SOURCE_VM) {
        end = VA_END;
    }
    if (extent > PUCK_PLANE_EXTENT_MAX ||
        (name->source != PUCK_PLANE_SOURCE_LIST &&
         (name->addr > end || extent > end - name->addr))) {
        return PUCK_DISPLAY_BAD_EXTENT;
    }
    return PUCK_DISPLAY_OK;
}

/* No overflow: 64 bits for a far offset alone. */
static uint64_t end_of(uint64_t offset, uint32_t pitch, uint32_t last_line,
                       uint32_t bytes)
{
    return offset > PUCK_PLANE_EXTENT_MAX ? UINT64_MAX :
           offset + (uint64_t)pitch * last_line + bytes;
}

uint64_t puck_plane_extent(const PuckPlaneRegs *r)
{
    unsigned format = puck_plane_format(r);
    uint32_t last = src_last(r->src_y, r->src_h);
    uint32_t columns = src_last(r->src_x, r->src_w) + 1;
    uint64_t end = end_of(r->offset, r->pitch, last,
                          columns * puck_plane_pixel_bytes(format));

    if (format == PUCK_PLANE_FORMAT_NV12) {
        end = MAX(end, end_of(r->uv_offset, r->uv_pitch, last / 2,
                              uv_bytes(r)));
    }
    return end;
}

uint8_t puck_plane_check(const PuckPlaneRegs *r, unsigned p,
                         const PuckBufferLimits *limits)
{
    bool scales = p == PUCK_PLANE_OVERLAY;
    uint8_t result;

    if (!format_valid(r, p)) {
        return PUCK_DISPLAY_BAD_FORMAT;
    }
    result = puck_buffer_check_source(&r->buffer, limits);
    if (result) {
        return result;
    }
    if (!geometry_valid(r, p)) {
        return PUCK_DISPLAY_BAD_GEOMETRY;
    }
    if (!scale_valid(r->src_x, r->src_w, r->dst_w, scales) ||
        !scale_valid(r->src_y, r->src_h, r->dst_h, scales)) {
        return PUCK_DISPLAY_BAD_SCALE;
    }
    if (!pitch_valid(r)) {
        return PUCK_DISPLAY_BAD_PITCH;
    }
    return puck_buffer_check_extent(&r->buffer, puck_plane_extent(r), limits);
}

uint32_t puck_plane_span(const PuckPlaneRegs *r, uint32_t width, uint32_t y,
                         uint32_t *x)
{
    int64_t from = MAX((int32_t)r->dst_x, 0);
    int64_t to = MIN((int64_t)(int32_t)r->dst_x + r->dst_w, width);
    int64_t line = (int64_t)y - (int32_t)r->dst_y;

    if (!puck_plane_on(r) || line < 0 || line >= r->dst_h || from >= to) {
        return 0;
    }
    *x = from;
    return to - from;
}

/* Position @i of @dst ones shows this position of the source. */
static uint32_t nearest(uint32_t at, uint32_t src, uint32_t dst, uint32_t i,
                        bool reflect)
{
    i = reflect ? dst - 1 - i : i;
    return (at + (2ull * i + 1) * src / (2ull * dst)) >> 16;
}

uint32_t puck_plane_src_y(const PuckPlaneRegs *r, uint32_t y)
{
    return nearest(r->src_y, r->src_h, r->dst_h, y - r->dst_y,
                   r->ctrl & PUCK_PLANE_REFLECT_Y);
}

uint32_t puck_plane_src_x(const PuckPlaneRegs *r, uint32_t x)
{
    return nearest(r->src_x, r->src_w, r->dst_w, x - r->dst_x,
                   r->ctrl & PUCK_PLANE_REFLECT_X);
}

bool puck_plane_unscaled(const PuckPlaneRegs *r)
{
    return (uint64_t)r->dst_w * ONE == r->src_w;
}
