/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 3D of puck-gpu: its fences in the completion stage, and what rules make of
 * them.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "common/mischief-env.h"
#include "env.h"

static const uint8_t red[4] = { 0, 0, 255, 255 };
static const uint8_t blue[4] = { 255, 0, 0, 255 };

/* How often it is tried: who is first is up to the host. */
#define TRIES   200

typedef struct Fences {
    Render r;
    char *log;
    uint64_t at;                /* the picture, which is red */
} Fences;

static bool fences_start(Fences *t, const char *options)
{
    g_autofree char *args = NULL;

    t->log = puck_log_path();
    args = puck_log_args(t->log, "");
    if (!render_start(&t->r, options, args)) {
        g_free(t->log);
        return false;
    }
    t->at = render_picture(&t->r);
    render_emit(&t->r, RENDER_RING, render_clear(&t->r, 1, 1, red));
    render_run(&t->r, render_transfer(PUCK_RENDER_CMD_FROM_HOST, 1, 1));
    g_assert_true(render_is(&t->r, t->at, red));
    return true;
}

static void fences_stop(Fences *t)
{
    render_stop(&t->r);
    unlink(t->log);
    g_free(t->log);
}

/* A job that makes the picture blue. Returns its seqno. */
static uint32_t draw(Fences *t, unsigned r)
{
    uint32_t seqno;

    render_emit(&t->r, r, render_clear(&t->r, 1, 1, blue));
    render_emit(&t->r, r, render_transfer(PUCK_RENDER_CMD_FROM_HOST, 1, 1));
    seqno = gpu_fence(&t->r.e, r, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(&t->r.e, r);
    return seqno;
}

static uint32_t ring(Fences *t, unsigned r, uint64_t reg)
{
    return gpu_ring_r32(&t->r.e, r, reg);
}

static void wait_head(Fences *t)
{
    for (unsigned i = 0; i < PUCK_WAIT_MS; i++) {
        if (ring(t, RENDER_RING, PUCK_GPU_RING_HEAD) ==
            t->r.e.rings[RENDER_RING].tail) {
            return;
        }
        g_usleep(1000);
    }
    g_assert_not_reached();
}

/* The bytes are there long before the fence, by rule or by register. */
static void test_late(void)
{
    uint32_t seqno;
    Fences t;

    if (!fences_start(&t, "")) {
        return;
    }
    puck_rule_add(t.r.e.m.qts, "fence.complete ring=2 count=1 delay=5ms");
    seqno = draw(&t, RENDER_RING);
    wait_head(&t);
    g_assert_true(render_is(&t.r, t.at, blue));
    g_assert_cmpuint(ring(&t, RENDER_RING, PUCK_GPU_RING_SEQNO), ==, seqno - 1);
    g_assert_cmpuint(ring(&t, RENDER_RING, PUCK_GPU_RING_PENDING), ==, 1);
    qtest_clock_step(t.r.e.m.qts, 4999999);
    g_assert_cmpuint(ring(&t, RENDER_RING, PUCK_GPU_RING_SEQNO), ==, seqno - 1);
    qtest_clock_step(t.r.e.m.qts, 1);
    gpu_wait(&t.r.e, RENDER_RING, seqno);

    gpu_ring_w64(&t.r.e, RENDER_RING, PUCK_GPU_RING_DELAY, 1000);
    seqno = draw(&t, RENDER_RING);
    wait_head(&t);
    g_assert_cmpuint(ring(&t, RENDER_RING, PUCK_GPU_RING_SEQNO), ==, seqno - 1);
    qtest_clock_step(t.r.e.m.qts, 1000);
    gpu_wait(&t.r.e, RENDER_RING, seqno);
    fences_stop(&t);
}

/* The fence is complete, and the bytes are those of before. */
static void test_early(void)
{
    uint32_t rule, seqno;
    Fences t;

    if (!fences_start(&t, "")) {
        return;
    }
    rule = puck_rule_add(t.r.e.m.qts, "fence.complete ring=2 count=1 early");
    seqno = draw(&t, RENDER_RING);
    gpu_wait(&t.r.e, RENDER_RING, seqno);
    g_assert_true(render_is(&t.r, t.at, red));
    puck_rule_release(t.r.e.m.qts, rule);
    wait_head(&t);
    g_assert_true(render_is(&t.r, t.at, blue));
    render_finish(&t.r, RENDER_RING);
    fences_stop(&t);
}

/* It never comes, and reset is what helps. */
static void test_never(void)
{
    uint32_t seqno;
    Fences t;

    if (!fences_start(&t, "")) {
        return;
    }
    puck_rule_add(t.r.e.m.qts, "fence.complete ring=2 count=1 never");
    seqno = draw(&t, RENDER_RING);
    wait_head(&t);
    qtest_clock_step(t.r.e.m.qts, 100000000000);
    g_assert_cmpuint(ring(&t, RENDER_RING, PUCK_GPU_RING_SEQNO), ==, seqno - 1);
    gpu_ring_recover(&t.r.e, RENDER_RING);
    render_alive(&t.r);
    fences_stop(&t);
}

/* Of two rings the second job's fence is the first to come. */
static void test_reordered(void)
{
    uint32_t first, second;
    Fences t;

    if (!fences_start(&t, ",render-rings=2")) {
        return;
    }
    puck_rule_add(t.r.e.m.qts, "fence.complete ring=2 count=1 reorder=rings");
    first = draw(&t, RENDER_RING);
    wait_head(&t);
    g_assert_cmpuint(ring(&t, RENDER_RING, PUCK_GPU_RING_SEQNO), ==, first - 1);
    second = draw(&t, RENDER_RING + 1);
    render_wait(&t.r, RENDER_RING + 1, second);
    render_wait(&t.r, RENDER_RING, first);
    fences_stop(&t);
}

static void test_held(void)
{
    uint32_t seqno;
    Fences t;

    if (!fences_start(&t, "")) {
        return;
    }
    gpu_ring_w32(&t.r.e, RENDER_RING, PUCK_GPU_RING_HOLD, 1);
    seqno = draw(&t, RENDER_RING);
    gpu_wait_status(&t.r.e, RENDER_RING, PUCK_GPU_RING_HELD,
                    PUCK_GPU_RING_HELD);
    g_assert_true(render_is(&t.r, t.at, blue));
    g_assert_cmpuint(ring(&t, RENDER_RING, PUCK_GPU_RING_SEQNO), ==, seqno - 1);
    gpu_ring_w32(&t.r.e, RENDER_RING, PUCK_GPU_RING_HOLD, 0);
    gpu_wait(&t.r.e, RENDER_RING, seqno);
    fences_stop(&t);
}

/* Both are asked of the renderer before it does any of them. */
static void draw_and_destroy(Render *t, unsigned drawer, unsigned destroyer)
{
    uint32_t drawn, destroyed;

    g_assert_cmpint(kill(render_pid(t), SIGSTOP), ==, 0);
    render_emit(t, drawer, render_clear(t, 2, 1, blue));
    drawn = gpu_fence(&t->e, drawer, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(&t->e, drawer);
    render_emit(t, destroyer, render_cmd(PUCK_RENDER_CMD_CTX_DESTROY, 2, 0));
    destroyed = gpu_fence(&t->e, destroyer, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(&t->e, destroyer);
    g_assert_cmpint(kill(render_pid(t), SIGCONT), ==, 0);
    render_wait(t, drawer, drawn);
    render_wait(t, destroyer, destroyed);
}

/* One ring ends a context in which another one is drawing: both get an end. */
static void test_bad_destroyed(void)
{
    Render t;

    if (!render_start(&t, ",render-rings=2", "")) {
        return;
    }
    render_picture(&t);
    for (unsigned i = 0; i < TRIES; i++) {
        render_emit(&t, RENDER_RING, render_create_ctx(2));
        render_run(&t, render_cmd(PUCK_RENDER_CMD_CTX_ATTACH, 2, 1));
        draw_and_destroy(&t, RENDER_RING, RENDER_RING + 1);
    }
    render_alive(&t);
    render_stop(&t);
}

void add_render_fence_tests(void)
{
    qtest_add_func("/puck-render3d/fences/late", test_late);
    qtest_add_func("/puck-render3d/fences/early", test_early);
    qtest_add_func("/puck-render3d/fences/never", test_never);
    qtest_add_func("/puck-render3d/fences/reordered", test_reordered);
    qtest_add_func("/puck-render3d/fences/held", test_held);
    qtest_add_func("/puck-render3d/fences/bad_destroyed", test_bad_destroyed);
}
