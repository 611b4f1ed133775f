// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * puck-render3d: resources that streams give a type.
 *
 * Somebody's memory, of which nobody has said how it is to be read, until a
 * stream does: PIPE_RESOURCE_SET_TYPE. virglrenderer takes that for a texture
 * that lies in a dma-buf of the host, which there is none of; so the texture is
 * made here, as any other, and filled from the backing. When virglrenderer
 * comes to the command then it finds a resource that has its type already.
 *
 * A stream is looked at once, before virglrenderer has it, and lies where the
 * guest does not reach.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <virgl/virglrenderer.h>
#include "renderer.h"

#define BUCKETS         256
#define SIDE_MAX        16384u

/* What virgl's protocol calls them. */
enum {
    CREATE_OBJECT = 1,
    INLINE_WRITE = 9,
    BLIT = 16,
    COPY_REGION = 17,
    CLEAR_TEXTURE = 47,
    SET_TYPE = 49,
};

enum {
    SURFACE = 8,
    MSAA_SURFACE = 11,
};

#define TARGET_2D           2
#define BIND_TARGET         (1 << 1)
#define BIND_SAMPLER_VIEW   (1 << 3)

/* Dwords of SET_TYPE behind its head, if it is one plane that is said. */
enum {
    TYPE_RESOURCE = 1, TYPE_FORMAT, TYPE_BIND, TYPE_WIDTH, TYPE_HEIGHT,
    TYPE_USAGE, TYPE_MODIFIER_LO, TYPE_MODIFIER_HI, TYPE_STRIDE, TYPE_OFFSET,
    TYPE_SIZE = TYPE_OFFSET,
};

struct Untyped {
    Untyped *next;
    uint32_t resource;
    uint64_t length;
    /* Until it has a type; virglrenderer has them then. */
    struct iovec *iov;
    uint32_t iovs;
    uint32_t *contexts;
    size_t count;
    /* From then on: where it lies in the backing. */
    uint32_t width;             /* 0: it has none yet */
    uint32_t height;
    uint32_t stride;
    uint32_t offset;
    bool drawn;                 /* a stream may have drawn to it */
};

static Untyped *buckets[BUCKETS];

static Untyped **bucket(uint32_t resource)
{
    return &buckets[resource % BUCKETS];
}

Untyped *untyped_find(uint32_t resource)
{
    Untyped *u = *bucket(resource);

    while (u && u->resource != resource) {
        u = u->next;
    }
    return u;
}

bool untyped_waits(const Untyped *u)
{
    return !u->width;
}

int untyped_create(uint32_t resource, uint64_t length)
{
    Untyped *u = calloc(1, sizeof(*u));

    if (!u) {
        return -ENOMEM;
    }
    u->resource = resource;
    u->length = length;
    u->next = *bucket(resource);
    *bucket(resource) = u;
    return 0;
}

void untyped_destroy(Untyped *u)
{
    Untyped **at = bucket(u->resource);

    while (*at != u) {
        at = &(*at)->next;
    }
    *at = u->next;
    free(u->iov);
    free(u->contexts);
    free(u);
}

int untyped_attach(Untyped *u, struct iovec *iov, uint32_t count)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < count; i++) {
        bytes += iov[i].iov_len;
    }
    if (bytes != u->length) {
        return -EINVAL;
    }
    u->iov = iov;
    u->iovs = count;
    return 0;
}

void untyped_detach(Untyped *u)
{
    free(u->iov);
    u->iov = NULL;
    u->iovs = 0;
}

static size_t context_at(const Untyped *u, uint32_t ctx)
{
    size_t i = 0;

    while (i < u->count && u->contexts[i] != ctx) {
        i++;
    }
    return i;
}

/* There are no more than the device has contexts. */
int untyped_add_context(Untyped *u, uint32_t ctx)
{
    uint32_t *more;

    if (context_at(u, ctx) < u->count) {
        return 0;
    }
    more = reallocarray(u->contexts, u->count + 1, sizeof(*more));
    if (!more) {
        return -ENOMEM;
    }
    u->contexts = more;
    u->contexts[u->count++] = ctx;
    return 0;
}

void untyped_drop_context(Untyped *u, uint32_t ctx)
{
    size_t i = context_at(u, ctx);

    if (i < u->count) {
        u->contexts[i] = u->contexts[--u->count];
    }
}

void untyped_drop_everywhere(uint32_t ctx)
{
    for (unsigned i = 0; i < BUCKETS; i++) {
        for (Untyped *u = buckets[i]; u; u = u->next) {
            untyped_drop_context(u, ctx);
        }
    }
}

int untyped_transfer(const Untyped *u, bool to_host)
{
    struct virgl_box box = { .w = u->width, .h = u->height, .d = 1 };

    if (untyped_waits(u) || (!to_host && !u->drawn)) {
        return 0;
    }
    return to_host ?
        virgl_renderer_transfer_write_iov(u->resource, 0, 0, u->stride, 0,
                                          &box, u->offset, NULL, 0) :
        virgl_renderer_transfer_read_iov(u->resource, 0, 0, u->stride, 0,
                                         &box, u->offset, NULL, 0);
}

/* Of virgl_formats, those of one plane; others have no texels here. */
static uint32_t texel_bytes(uint32_t format)
{
    switch (format) {
    case 64:                    /* R8_UNORM */
        return 1;
    case 7:                     /* B5G6R5_UNORM */
    case 65:                    /* R8G8_UNORM */
        return 2;
    case 1:                     /* B8G8R8A8_UNORM */
    case 2:                     /* B8G8R8X8_UNORM */
    case 67:                    /* R8G8B8A8_UNORM */
    case 134:                   /* R8G8B8X8_UNORM */
        return 4;
    default:
        return 0;
    }
}

static bool is_linear(const uint32_t *cmd)
{
    uint64_t modifier = (uint64_t)cmd[TYPE_MODIFIER_HI] << 32 |
                        cmd[TYPE_MODIFIER_LO];

    /* DRM_FORMAT_MOD_LINEAR, DRM_FORMAT_MOD_INVALID: as ever */
    return !modifier || modifier == 0xffffffffffffffull;
}

static bool fits(const Untyped *u, const uint32_t *cmd)
{
    uint32_t width = cmd[TYPE_WIDTH], height = cmd[TYPE_HEIGHT];
    uint64_t row = (uint64_t)width * texel_bytes(cmd[TYPE_FORMAT]);

    return row && height && width <= SIDE_MAX && height <= SIDE_MAX &&
           cmd[TYPE_STRIDE] >= row && is_linear(cmd) &&
           cmd[TYPE_OFFSET] + (uint64_t)cmd[TYPE_STRIDE] * (height - 1) +
           row <= u->length;
}

static bool make_texture(const Untyped *u, const uint32_t *cmd)
{
    struct virgl_renderer_resource_create_args args = {
        .handle = u->resource,
        .target = TARGET_2D,
        .format = cmd[TYPE_FORMAT],
        .bind = BIND_TARGET | BIND_SAMPLER_VIEW,
        .width = cmd[TYPE_WIDTH],
        .height = cmd[TYPE_HEIGHT],
        .depth = 1,
        .array_size = 1,
    };

    return !virgl_renderer_resource_create(&args, NULL, 0);
}

/* What is not taken virglrenderer refuses: it does not know the resource. */
static void set_type(uint32_t ctx, const uint32_t *cmd, uint32_t size)
{
    Untyped *u = size >= TYPE_RESOURCE ? untyped_find(cmd[TYPE_RESOURCE]) :
                                         NULL;

    if (size != TYPE_SIZE || !u || !untyped_waits(u) || !u->iov ||
        context_at(u, ctx) == u->count || !fits(u, cmd) ||
        !make_texture(u, cmd)) {
        return;
    }
    if (virgl_renderer_resource_attach_iov(u->resource, u->iov, u->iovs)) {
        virgl_renderer_resource_unref(u->resource);
        return;
    }
    u->iov = NULL;
    for (size_t i = 0; i < u->count; i++) {
        virgl_renderer_ctx_attach_resource(u->contexts[i], u->resource);
    }
    u->count = 0;
    u->width = cmd[TYPE_WIDTH];
    u->height = cmd[TYPE_HEIGHT];
    u->stride = cmd[TYPE_STRIDE];
    u->offset = cmd[TYPE_OFFSET];
    untyped_transfer(u, true);
}

/* Which dword of a command, if any, names a resource that it draws to. */
static uint32_t target_at(uint32_t head)
{
    uint32_t object = head >> 8 & 0xff;

    switch (head & 0xff) {
    case CREATE_OBJECT:
        return object == SURFACE || object == MSAA_SURFACE ? 2 : 0;
    case BLIT:
        return 4;
    case INLINE_WRITE:
    case COPY_REGION:
    case CLEAR_TEXTURE:
        return 1;
    default:
        return 0;
    }
}

static void draws(const uint32_t *cmd, uint32_t size)
{
    uint32_t at = target_at(cmd[0]);
    Untyped *u = at && at <= size ? untyped_find(cmd[at]) : NULL;

    if (u) {
        u->drawn = true;
    }
}

void untyped_look(uint32_t ctx, const uint32_t *stream, uint32_t dwords)
{
    uint32_t at = 0, size;

    for (; at < dwords; at += 1 + size) {
        size = stream[at] >> 16;
        if (size >= dwords - at) {
            return;
        }
        if ((stream[at] & 0xff) == SET_TYPE) {
            set_type(ctx, stream + at, size);
        } else {
            draws(stream + at, size);
        }
    }
}
