/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the qtest of 3D share.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "env.h"

#define TICK_NS     60000
#define SKIP        (PUCK_GPU_RING_ENABLE | PUCK_GPU_RING_SKIP)

/* Commands of a virgl stream: opcode, object, dwords behind. */
#define STREAM(opcode, object, dwords) \
    ((opcode) | (object) << 8 | (uint32_t)(dwords) << 16)
#define CREATE_OBJECT   1
#define SET_FRAMEBUFFER 5
#define CLEAR           7
#define SURFACE         8
#define CLEAR_COLOUR    4

const char *render_program(void)
{
    const char *program = g_getenv("PUCK_RENDERER");

    if (!program) {
        g_test_skip("there is no renderer: scripts/puck build render3d");
    }
    return program;
}

char *render_options(const char *more)
{
    return g_strdup_printf(",renderer=%s%s", render_program(), more);
}

bool render_start(Render *t, const char *options, const char *args)
{
    g_autofree char *all = NULL, *more = NULL;

    if (!render_program()) {
        return false;
    }
    all = render_options(options);
    more = g_strdup_printf(RENDER_MEMORY "%s", args);
    gpu_start(&t->e, all, more);
    return true;
}

void render_stop(Render *t)
{
    gpu_stop(&t->e);
}

uint32_t render_r32(Render *t, uint64_t reg)
{
    return puck_r32(&t->e.f, reg);
}

uint64_t render_r64(Render *t, uint64_t reg)
{
    return puck_r64(&t->e.f, reg);
}

RenderCmd render_cmd(uint16_t opcode, uint32_t ctx, uint32_t resource)
{
    return (RenderCmd) {
        .opcode = cpu_to_le16(opcode), .ctx = cpu_to_le32(ctx),
        .resource = cpu_to_le32(resource),
    };
}

RenderCmd render_create_ctx(uint32_t ctx)
{
    RenderCmd cmd = render_cmd(PUCK_RENDER_CMD_CTX_CREATE, ctx, 0);

    cmd.create_ctx.capset = cpu_to_le32(PUCK_RENDER_CAPSET_VIRGL2);
    memcpy(cmd.create_ctx.name, "qtest", 5);
    return cmd;
}

RenderCmd render_create_res(uint32_t resource)
{
    RenderCmd cmd = render_cmd(PUCK_RENDER_CMD_RES_CREATE, 0, resource);

    cmd.create_res = (struct puck_render_create_res) {
        .target = cpu_to_le32(TARGET_2D), .format = cpu_to_le32(FORMAT_BGRA),
        .bind = cpu_to_le32(BIND_TARGET), .width = cpu_to_le32(SIDE),
        .height = cpu_to_le32(SIDE), .depth = cpu_to_le32(1),
        .array_size = cpu_to_le32(1),
    };
    return cmd;
}

RenderCmd render_create_buffer(uint32_t resource, uint32_t bytes)
{
    RenderCmd cmd = render_create_res(resource);

    cmd.create_res.target = cpu_to_le32(TARGET_BUFFER);
    cmd.create_res.format = cpu_to_le32(64);    /* R8_UNORM */
    cmd.create_res.bind = cpu_to_le32(BIND_VERTEX);
    cmd.create_res.width = cpu_to_le32(bytes);
    cmd.create_res.height = cpu_to_le32(1);
    return cmd;
}

RenderCmd render_untyped(uint32_t resource, uint64_t bytes)
{
    RenderCmd cmd = render_cmd(PUCK_RENDER_CMD_RES_UNTYPED, 0, resource);

    cmd.untyped.length = cpu_to_le64(bytes);
    return cmd;
}

RenderCmd render_io(Render *t, uint16_t opcode, uint32_t ctx,
                    uint32_t resource, GpuSeg seg, uint64_t length)
{
    RenderCmd cmd = render_cmd(opcode, ctx, resource);

    cmd.io.list = cpu_to_le64(gpu_list(&t->e, &seg, 1));
    cmd.io.nsegs = cpu_to_le32(1);
    cmd.io.length = cpu_to_le64(length);
    return cmd;
}

RenderCmd render_transfer(uint16_t opcode, uint32_t ctx, uint32_t resource)
{
    RenderCmd cmd = render_cmd(opcode, ctx, resource);

    cmd.transfer.width = cpu_to_le32(SIDE);
    cmd.transfer.height = cpu_to_le32(SIDE);
    cmd.transfer.depth = cpu_to_le32(1);
    cmd.transfer.stride = cpu_to_le32(4 * SIDE);
    return cmd;
}

RenderCmd render_stream(Render *t, uint32_t ctx, const uint32_t *dwords,
                        size_t count)
{
    uint64_t at = puck_machine_pages(&t->e.m, DIV_ROUND_UP(4 * count, PAGE));
    g_autofree uint32_t *raw = g_new(uint32_t, count);

    for (size_t i = 0; i < count; i++) {
        raw[i] = cpu_to_le32(dwords[i]);
    }
    qtest_memwrite(t->e.m.qts, at, raw, 4 * count);
    return render_io(t, PUCK_RENDER_CMD_SUBMIT, ctx, 0, SYS(at, 4 * count),
                     4 * count);
}

static uint32_t unit(uint8_t byte)
{
    union {
        float value;
        uint32_t bits;
    } u = { .value = byte / 255.0f };

    return u.bits;
}

/* A surface, called as its resource, is the framebuffer, and is cleared. */
RenderCmd render_clear(Render *t, uint32_t ctx, uint32_t resource,
                       const uint8_t *colour)
{
    const uint32_t stream[] = {
        STREAM(CREATE_OBJECT, SURFACE, 5), resource, resource, FORMAT_BGRA, 0,
        0,
        STREAM(SET_FRAMEBUFFER, 0, 3), 1, 0, resource,
        STREAM(CLEAR, 0, 8), CLEAR_COLOUR, unit(colour[2]), unit(colour[1]),
        unit(colour[0]), unit(colour[3]), 0, 0, 0,
    };

    return render_stream(t, ctx, stream, G_N_ELEMENTS(stream));
}

void render_emit(Render *t, unsigned r, RenderCmd cmd)
{
    GpuCmd raw;

    memcpy(&raw, &cmd, sizeof(raw));
    gpu_emit(&t->e, r, raw);
}

void render_wait(Render *t, unsigned r, uint32_t seqno)
{
    for (unsigned i = 0; i < PUCK_WAIT_MS; i++) {
        if (gpu_ring_r32(&t->e, r, PUCK_GPU_RING_SEQNO) == seqno) {
            break;
        }
        g_assert_false(gpu_ring_r32(&t->e, r, PUCK_GPU_RING_STATUS) &
                       PUCK_GPU_RING_HALTED);
        qtest_clock_step(t->e.m.qts, TICK_NS);
        g_usleep(1000);
    }
    gpu_wait(&t->e, r, seqno);
}

void render_finish(Render *t, unsigned r)
{
    uint32_t seqno = gpu_fence(&t->e, r, PUCK_GPU_FENCE_IRQ);

    gpu_doorbell(&t->e, r);
    render_wait(t, r, seqno);
}

void render_run(Render *t, RenderCmd cmd)
{
    render_emit(t, RENDER_RING, cmd);
    render_finish(t, RENDER_RING);
}

uint64_t render_picture(Render *t)
{
    uint64_t at = puck_machine_pages(&t->e.m, PICTURE_PAGES);

    render_emit(t, RENDER_RING, render_create_ctx(1));
    render_emit(t, RENDER_RING, render_create_res(1));
    render_emit(t, RENDER_RING,
                render_cmd(PUCK_RENDER_CMD_CTX_ATTACH, 1, 1));
    render_run(t, render_io(t, PUCK_RENDER_CMD_ATTACH, 0, 1,
                            SYS(at, PICTURE), PICTURE));
    return at;
}

bool render_is(Render *t, uint64_t at, const uint8_t *colour)
{
    g_autofree uint8_t *bytes = g_malloc(PICTURE);

    puck_machine_read(&t->e.m, at, bytes, PICTURE);
    for (unsigned i = 0; i < PICTURE; i++) {
        if (bytes[i] != colour[i % 4]) {
            return false;
        }
    }
    return true;
}

static void wait_error(Render *t)
{
    for (unsigned i = 0; i < PUCK_WAIT_MS; i++) {
        if (render_r32(t, PUCK_GPU_ERR_COUNT)) {
            return;
        }
        qtest_clock_step(t->e.m.qts, TICK_NS);
        g_usleep(1000);
    }
}

void render_refused(Render *t, RenderCmd cmd, RenderError error)
{
    GpuError record = {
        .reason = error.reason, .ring = RENDER_RING, .list = error.list,
        .desc = error.desc, .addr = error.addr,
        .index = t->e.rings[RENDER_RING].tail,
    };

    render_emit(t, RENDER_RING, cmd);
    record.seqno = gpu_fence(&t->e, RENDER_RING, 0);
    gpu_doorbell(&t->e, RENDER_RING);
    wait_error(t);
    gpu_expect_error(&t->e, &record);
    g_assert_true(gpu_ring_r32(&t->e, RENDER_RING, PUCK_GPU_RING_STATUS) &
                  PUCK_GPU_RING_HALTED);
    gpu_ring_w32(&t->e, RENDER_RING, PUCK_GPU_RING_CTRL, SKIP);
}

void render_alive(Render *t)
{
    static const uint8_t colour[4] = { 0x12, 0x34, 0x56, 0x78 };
    uint64_t at = puck_machine_pages(&t->e.m, PICTURE_PAGES);

    render_emit(t, RENDER_RING, render_create_ctx(900));
    render_emit(t, RENDER_RING, render_create_res(900));
    render_emit(t, RENDER_RING,
                render_cmd(PUCK_RENDER_CMD_CTX_ATTACH, 900, 900));
    render_emit(t, RENDER_RING, render_io(t, PUCK_RENDER_CMD_ATTACH, 0, 900,
                                          SYS(at, PICTURE), PICTURE));
    render_emit(t, RENDER_RING, render_clear(t, 900, 900, colour));
    render_emit(t, RENDER_RING,
                render_transfer(PUCK_RENDER_CMD_FROM_HOST, 900, 900));
    render_emit(t, RENDER_RING,
                render_cmd(PUCK_RENDER_CMD_RES_DESTROY, 0, 900));
    render_run(t, render_cmd(PUCK_RENDER_CMD_CTX_DESTROY, 900, 0));
    g_assert_true(render_is(t, at, colour));
}

/* QEMU is the parent of one process at most: its renderer. */
pid_t render_pid(Render *t)
{
    pid_t qemu = qtest_pid(t->e.m.qts);
    g_autoptr(GDir) tasks = NULL;
    g_autofree char *folder = g_strdup_printf("/proc/%d/task", qemu);
    const char *name;

    tasks = g_dir_open(folder, 0, NULL);
    while ((name = g_dir_read_name(tasks))) {
        g_autofree char *path = g_strdup_printf("%s/%s/children", folder, name);
        g_autofree char *children = NULL;

        if (g_file_get_contents(path, &children, NULL, NULL) &&
            atoi(children)) {
            return atoi(children);
        }
    }
    return 0;
}

void render_wait_epoch(Render *t, uint32_t epoch)
{
    for (unsigned i = 0; i < PUCK_WAIT_MS; i++) {
        if (render_r32(t, PUCK_RENDER_EPOCH) == epoch && !render_pid(t)) {
            break;
        }
        g_usleep(1000);
    }
    g_assert_cmpuint(render_r32(t, PUCK_RENDER_EPOCH), ==, epoch);
    g_assert_cmpuint(render_r32(t, PUCK_RENDER_STATUS), ==, 0);
    g_assert_cmpint(render_pid(t), ==, 0);
}
