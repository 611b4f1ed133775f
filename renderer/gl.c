// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * puck-render3d: commands as calls of virglrenderer. All on the main thread.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <virgl/virglrenderer.h>
#include "abi/puck_render3d.h"
#include "renderer.h"

/* A guest decides how many there are. */
#define MESSAGES_MAX    100

/* How long a context's end waits for what threads of virglrenderer's do. */
#define LOOK_MS         1

static const struct memory *memory;
/* Fences that are not signalled yet: one for each ring at most. */
static atomic_uint fences;

/* From a thread of virglrenderer's. */
static void write_context_fence(void *opaque, uint32_t ctx, uint32_t ring,
                                uint64_t cookie)
{
    (void)opaque, (void)ctx, (void)ring;
    fence_signalled(cookie);
    fences--;
}

/* Fences of no context: none is ever made. */
static void write_fence(void *opaque, uint32_t fence)
{
    (void)opaque, (void)fence;
}

static struct virgl_renderer_callbacks callbacks = {
    .version = 3,
    .write_fence = write_fence,
    .write_context_fence = write_context_fence,
};

static void show(enum virgl_log_level_flags level, const char *message,
                 void *opaque)
{
    static unsigned shown;

    (void)opaque;
    if (level < VIRGL_LOG_LEVEL_WARNING || shown > MESSAGES_MAX) {
        return;
    }
    if (shown++ == MESSAGES_MAX) {
        message = "more messages are not shown\n";
    }
    fprintf(stderr, "puck-render3d: %s", message);
}

void gl_init(const struct memory *shared)
{
    int flags = VIRGL_RENDERER_USE_EGL | VIRGL_RENDERER_USE_SURFACELESS |
                VIRGL_RENDERER_THREAD_SYNC | VIRGL_RENDERER_ASYNC_FENCE_CB;

    memory = shared;
    virgl_set_log_callback(show, NULL, NULL);
    if (virgl_renderer_init(&callbacks, flags, &callbacks)) {
        die("virglrenderer does not start");
    }
}

int gl_poll_fd(void)
{
    return virgl_renderer_get_poll_fd();
}

void gl_poll(void)
{
    virgl_renderer_poll();
}

/*
 * virglrenderer does some things in whatever context of OpenGL's is the current
 * one: it tries what it can do, and makes contexts and takes them apart, and
 * behind that it may go on as if another one were. So a guest's context is not
 * to be the current one before such calls, nor behind them (docs/findings.rst).
 */
static void leave_contexts(void)
{
    virgl_renderer_force_ctx_0();
}

static int create_context(const PuckWireRequest *req)
{
    int error;

    leave_contexts();
    /* A context of either capset takes the same streams. */
    error = virgl_renderer_context_create_with_flags(
        req->ctx, PUCK_RENDER_CAPSET_VIRGL2,
        strnlen(req->name, sizeof(req->name)), req->name);
    leave_contexts();
    return error;
}

/*
 * A context takes its fences along, and others of which virglrenderer's thread
 * has not made sure yet whose they are: nobody would ever be told of these. And
 * that thread calls a context by whose fence it is, gone or not. So all fences
 * of other rings are waited for; they may in turn wait for gl_poll().
 */
static void await_fences(void)
{
    struct pollfd wait = { gl_poll_fd(), POLLIN, 0 };

    while (fences) {
        if (poll(&wait, 1, LOOK_MS) > 0) {
            gl_poll();
        }
    }
}

static void destroy_context(const PuckWireRequest *req)
{
    await_fences();
    untyped_drop_everywhere(req->ctx);
    leave_contexts();
    virgl_renderer_context_destroy(req->ctx);
    leave_contexts();
}

static int create_resource(const PuckWireRequest *req)
{
    struct virgl_renderer_resource_create_args args = {
        .handle = req->resource,
        .target = req->arg[0],
        .format = req->arg[1],
        .bind = req->arg[2],
        .width = req->arg[3],
        .height = req->arg[4],
        .depth = req->arg[5],
        .array_size = req->arg[6],
        .last_level = req->arg[7],
        .nr_samples = req->arg[8],
        .flags = req->arg[9],
    };

    return virgl_renderer_resource_create(&args, NULL, 0);
}

/* One that has a type, or is to get one, is of no interest here. */
static Untyped *waiting(const PuckWireRequest *req)
{
    Untyped *u = untyped_find(req->resource);

    return u && untyped_waits(u) ? u : NULL;
}

static int attach(const PuckWireRequest *req)
{
    struct iovec *iov = memory_runs(memory, req->ring, req->count);
    Untyped *u = waiting(req);
    int error;

    if (!iov) {
        return -ENOMEM;
    }
    error = u ? untyped_attach(u, iov, req->count) :
            virgl_renderer_resource_attach_iov(req->resource, iov, req->count);
    if (error) {
        free(iov);
    }
    return error;
}

static void detach(const PuckWireRequest *req)
{
    Untyped *u = waiting(req);
    struct iovec *iov = NULL;
    int count = 0;

    if (u) {
        untyped_detach(u);
        return;
    }
    virgl_renderer_resource_detach_iov(req->resource, &iov, &count);
    free(iov);
}

static void destroy_resource(const PuckWireRequest *req)
{
    Untyped *u = untyped_find(req->resource);
    bool known = !waiting(req);

    if (known) {
        detach(req);
        virgl_renderer_resource_unref(req->resource);
    }
    if (u) {
        untyped_destroy(u);
    }
}

static int attach_to_context(const PuckWireRequest *req)
{
    Untyped *u = waiting(req);

    if (u) {
        return untyped_add_context(u, req->ctx);
    }
    virgl_renderer_ctx_attach_resource(req->ctx, req->resource);
    return 0;
}

static void detach_from_context(const PuckWireRequest *req)
{
    Untyped *u = waiting(req);

    if (u) {
        untyped_drop_context(u, req->ctx);
        return;
    }
    virgl_renderer_ctx_detach_resource(req->ctx, req->resource);
}

static int transfer(const PuckWireRequest *req)
{
    struct virgl_box box = {
        req->arg[0], req->arg[1], req->arg[2],
        req->arg[3], req->arg[4], req->arg[5],
    };
    Untyped *u = untyped_find(req->resource);

    if (u && !box.w) {
        return untyped_transfer(u, req->op == PUCK_RENDER_CMD_TO_HOST);
    }
    if (u && untyped_waits(u)) {
        return -EINVAL;
    }
    if (req->op == PUCK_RENDER_CMD_TO_HOST) {
        return virgl_renderer_transfer_write_iov(
            req->resource, req->ctx, req->arg[6], req->arg[7], req->arg[8],
            &box, req->offset, NULL, 0);
    }
    return virgl_renderer_transfer_read_iov(
        req->resource, req->ctx, req->arg[6], req->arg[7], req->arg[8], &box,
        req->offset, NULL, 0);
}

/* The fence is the reply, unless there is none. */
static int submit(const PuckWireRequest *req)
{
    void *stream = memory_area(memory, req->ring);
    int error;

    untyped_look(req->ctx, stream, req->length / 4);
    error = virgl_renderer_submit_cmd(stream, req->ctx, req->length / 4);
    if (error) {
        return error;
    }
    fences++;
    error = virgl_renderer_context_create_fence(
        req->ctx, 0, 0, (uint64_t)req->ring << 32 | req->serial);
    if (error) {
        fences--;
    }
    return error;
}

static int write_capset(const PuckWireRequest *req, PuckWireReply *reply)
{
    uint32_t version = 0, size = 0;
    void *caps;

    virgl_renderer_get_cap_set(req->arg[0], &version, &size);
    if (req->arg[0] != PUCK_RENDER_CAPSET_VIRGL &&
        req->arg[0] != PUCK_RENDER_CAPSET_VIRGL2) {
        return 0;
    }
    caps = calloc(1, size);
    if (!caps) {
        return -ENOMEM;
    }
    leave_contexts();
    virgl_renderer_fill_caps(req->arg[0],
                             req->arg[1] < version ? req->arg[1] : version,
                             caps);
    memcpy(memory_area(memory, req->ring), caps,
           size < req->length ? size : req->length);
    free(caps);
    reply->version = version;
    reply->size = size;
    return 0;
}

static int execute(const PuckWireRequest *req, PuckWireReply *reply)
{
    switch (req->op) {
    case PUCK_RENDER_CMD_CTX_CREATE:
        return create_context(req);
    case PUCK_RENDER_CMD_CTX_DESTROY:
        destroy_context(req);
        return 0;
    case PUCK_RENDER_CMD_RES_CREATE:
        return create_resource(req);
    case PUCK_RENDER_CMD_RES_DESTROY:
        destroy_resource(req);
        return 0;
    case PUCK_RENDER_CMD_RES_UNTYPED:
        return untyped_create(req->resource, req->length);
    case PUCK_RENDER_CMD_ATTACH:
        return attach(req);
    case PUCK_RENDER_CMD_DETACH:
        detach(req);
        return 0;
    case PUCK_RENDER_CMD_CTX_ATTACH:
        return attach_to_context(req);
    case PUCK_RENDER_CMD_CTX_DETACH:
        detach_from_context(req);
        return 0;
    case PUCK_RENDER_CMD_TO_HOST:
    case PUCK_RENDER_CMD_FROM_HOST:
        return transfer(req);
    case PUCK_RENDER_CMD_SUBMIT:
        return submit(req);
    case PUCK_RENDER_CMD_CAPSET:
        return write_capset(req, reply);
    default:
        return -ENOSYS;
    }
}

/* Some of virglrenderer's functions return an errno, others a negative one. */
bool gl_execute(const PuckWireRequest *req, PuckWireReply *reply)
{
    reply->error = abs(execute(req, reply));
    return reply->error || req->op != PUCK_RENDER_CMD_SUBMIT;
}
