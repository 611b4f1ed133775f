/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 3D of puck-gpu: renderers that end, resets in the middle of what they do,
 * machines that stop and move.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "qobject/qdict.h"
#include "common/mischief-env.h"
#include "env.h"

static const uint8_t red[4] = { 0, 0, 255, 255 };

/* Nothing is there any more, and it works again. */
static void expect_over(Render *t, uint32_t epoch)
{
    render_wait_epoch(t, epoch);
    g_assert_cmpuint(render_r32(t, PUCK_RENDER_CONTEXTS), ==, 0);
    g_assert_cmpuint(render_r32(t, PUCK_RENDER_RESOURCES), ==, 0);
    g_assert_cmpuint(render_r64(t, PUCK_RENDER_BYTES), ==, 0);
    g_assert_cmpuint(render_r32(t, PUCK_RENDER_PIECES), ==, 0);
}

/*
 * A renderer that stands still is in the middle of what it was asked last, for
 * as long as a test wants: it would write the picture. That is job 3.
 */
static void begin_job(Render *t)
{
    render_run(t, render_clear(t, 1, 1, red));
    g_assert_cmpint(kill(render_pid(t), SIGSTOP), ==, 0);
    render_emit(t, RENDER_RING,
                render_transfer(PUCK_RENDER_CMD_FROM_HOST, 1, 1));
    gpu_fence(&t->e, RENDER_RING, 0);
    gpu_doorbell(&t->e, RENDER_RING);
    g_assert_true(gpu_ring_r32(&t->e, RENDER_RING, PUCK_GPU_RING_STATUS) &
                  PUCK_GPU_RING_BUSY);
}

static void reset_ring(Render *t)
{
    gpu_ring_recover(&t->e, RENDER_RING);
    g_assert_cmpint(render_pid(t), ==, 0);
}

static void reset_device(Render *t)
{
    puck_w32(&t->e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    for (unsigned i = 0; i < PUCK_WAIT_MS; i++) {
        if (!render_r32(t, PUCK_GPU_STATUS)) {
            break;
        }
        g_usleep(1000);
    }
    g_assert_cmpint(render_pid(t), ==, 0);
    for (unsigned r = 0; r < t->e.num_rings; r++) {
        t->e.rings[r].seqno = 0;
        gpu_ring_on(&t->e, r);
    }
}

/* It is waited for: nothing goes on when the write returns. */
static void reset_function(Render *t)
{
    GpuEnv *e = &t->e;
    uint8_t cap = qpci_find_capability(e->f.dev, PCI_CAP_ID_EXP, 0);
    pid_t pid = render_pid(t);

    qpci_config_writew(e->f.dev, cap + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR);
    /* It would go on if it could. */
    g_assert_true(!pid || kill(pid, SIGCONT) == 0 || errno == ESRCH);
    puck_function_free(&e->f);
    for (unsigned r = 0; r < e->num_rings; r++) {
        e->rings[r].seqno = 0;
    }
    gpu_attach(e, 0, GPU_DEVFN);
}

/* One that is ending already is waited for. */
static void reset_twice(Render *t)
{
    gpu_ring_w32(&t->e, RENDER_RING, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET);
    reset_function(t);
}

static void test_reset(const void *opaque)
{
    void (*reset)(Render *t) = opaque;
    uint64_t at;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    for (uint32_t i = 1; i <= 3; i++) {
        at = render_picture(&t);
        qtest_memset(t.e.m.qts, at, 0x77, PICTURE);
        begin_job(&t);
        reset(&t);
        expect_over(&t, i);
        /* Not a byte was written, and none will be. */
        for (unsigned n = 0; n < PICTURE; n += 8) {
            g_assert_cmphex(qtest_readq(t.e.m.qts, at + n), ==,
                            0x7777777777777777);
        }
        render_alive(&t);
    }
    render_stop(&t);
}

/* While it is still starting. */
static void test_reset_start(void)
{
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    render_emit(&t, RENDER_RING, render_create_ctx(1));
    gpu_doorbell(&t.e, RENDER_RING);
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_CONTEXTS), ==, 1);
    reset_ring(&t);
    expect_over(&t, 1);
    render_alive(&t);
    render_stop(&t);
}

/* The other ring's job is lost with the renderer, and says so. */
static void test_other_ring(void)
{
    Render t;

    if (!render_start(&t, ",render-rings=2", "")) {
        return;
    }
    render_picture(&t);
    begin_job(&t);
    gpu_ring_recover(&t.e, 3);
    gpu_expect_error(&t.e, &(GpuError) {
        .reason = PUCK_RENDER_ERR_LOST, .ring = RENDER_RING,
        .index = 7, .seqno = 3,
    });
    expect_over(&t, 1);
    gpu_ring_recover(&t.e, RENDER_RING);
    t.e.rings[RENDER_RING].seqno = 2;
    render_alive(&t);
    render_stop(&t);
}

/* It ends by itself: in the middle of a job, and with nothing to do. */
static void test_killed(void)
{
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    render_picture(&t);
    begin_job(&t);
    kill(render_pid(&t), SIGKILL);
    gpu_expect_error(&t.e, &(GpuError) {
        .reason = PUCK_RENDER_ERR_LOST, .ring = RENDER_RING, .index = 7,
        .seqno = 3,
    });
    expect_over(&t, 1);
    gpu_ring_recover(&t.e, RENDER_RING);
    t.e.rings[RENDER_RING].seqno = 2;
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_EPOCH), ==, 1);
    render_picture(&t);
    kill(render_pid(&t), SIGKILL);
    expect_over(&t, 2);
    render_refused(&t, render_cmd(PUCK_RENDER_CMD_CTX_DESTROY, 1, 0),
                   (RenderError) {
        .reason = PUCK_RENDER_ERR_CONTEXT, .desc = 1,
    });
    render_alive(&t);
    render_stop(&t);
}

static void test_unplugged(void)
{
    g_autofree char *options = NULL;
    g_autofree char *args = NULL;
    Render t;

    if (!render_program()) {
        return;
    }
    options = render_options("");
    args = g_strdup_printf(RENDER_MEMORY "-device pcie-root-port,id=rp1,"
                           "chassis=1,addr=3 -device puck-mischief,"
                           "id=mischief -device " GPU_OPTIONS ",bus=rp1%s",
                           options);
    puck_machine_start(&t.e.m, args);
    gpu_attach_behind(&t.e, QPCI_DEVFN(3, 0), 0);
    render_picture(&t);
    begin_job(&t);
    /* Pulled out, it is nobody's any more. */
    puck_rule_add(t.e.m.qts, "device nth=1 gone");
    g_assert_cmphex(render_r32(&t, PUCK_RENDER_EPOCH), ==, UINT32_MAX);
    for (unsigned i = 0; render_pid(&t) && i < PUCK_WAIT_MS; i++) {
        g_usleep(1000);
    }
    g_assert_cmpint(render_pid(&t), ==, 0);
    gpu_stop(&t.e);
}

static bool migrate_refused(Render *t, const char *path)
{
    g_autofree char *uri = g_strdup_printf("file:%s", path);
    QDict *rsp = qtest_qmp(t->e.m.qts, "{ 'execute': 'migrate', 'arguments': "
                           "{ 'uri': %s } }", uri);
    QDict *error = qdict_get_qdict(rsp, "error");
    bool refused = error && strstr(qdict_get_str(error, "desc"),
                                   "gpu0: 3D is in use");

    qobject_unref(rsp);
    return refused;
}

/* A context, or a resource: each is enough. Without any, it moves. */
static void test_bad_migration(void)
{
    g_autofree char *path = g_strdup_printf("%s/puck-render3d-%d",
                                            g_get_tmp_dir(), getpid());
    g_autofree char *options = NULL, *args = NULL;
    Render t, to = { };

    if (!render_start(&t, "", "")) {
        return;
    }
    render_run(&t, render_create_ctx(1));
    g_assert_true(migrate_refused(&t, path));
    render_run(&t, render_create_res(1));
    render_run(&t, render_cmd(PUCK_RENDER_CMD_CTX_DESTROY, 1, 0));
    g_assert_true(migrate_refused(&t, path));
    render_run(&t, render_create_ctx(1));
    reset_ring(&t);
    render_finish(&t, RENDER_RING);
    puck_machine_save(&t.e.m, path);

    options = render_options("");
    args = g_strdup_printf(RENDER_MEMORY "-device " GPU_OPTIONS ",addr=4%s",
                           options);
    puck_machine_load(&to.e.m, args, path);
    to.e = (GpuEnv) {
        .m = to.e.m, .vram = t.e.vram, .num_rings = t.e.num_rings,
        .num_vectors = t.e.num_vectors, .error_vector = t.e.error_vector,
    };
    to.e.m.next_page = t.e.m.next_page;
    memcpy(to.e.rings, t.e.rings, sizeof(to.e.rings));
    puck_function_follow(&to.e.m, &to.e.f, &t.e.f);
    /* How many have ended is not forgotten. */
    g_assert_cmpuint(render_r32(&to, PUCK_RENDER_EPOCH), ==, 1);
    render_stop(&t);
    render_alive(&to);
    render_run(&to, render_create_ctx(1));
    g_assert_true(migrate_refused(&to, path));
    render_stop(&to);
    unlink(path);
}

/* What differs in 3D is said when a machine is loaded. */
static void test_bad_load(void)
{
    static const struct {
        const char *options, *says;
    } bad[] = {
        { "rings=3", "\nrender-rings, or whether there is 3D, differs" },
        { "renderer=%s,render-rings=2", "\nrings differs" },
        { "renderer=%s,render-contexts=9", "\nrender-contexts differs" },
        { "renderer=%s,render-resources=9", "\nrender-resources differs" },
        { "renderer=%s,render-bytes=9M", "\nrender-bytes differs" },
    };
    g_autofree char *path = g_strdup_printf("%s/puck-render3d-load-%d",
                                            g_get_tmp_dir(), getpid());
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    puck_machine_save(&t.e.m, path);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_auto(GStrv) parts = g_strsplit(bad[i].options, "%s", 2);
        g_autofree char *options = g_strjoinv(render_program(), parts);
        g_autofree char *args = g_strdup_printf(
            RENDER_MEMORY "-device " GPU_OPTIONS ",addr=4,%s", options);

        puck_machine_load_refused(args, path, bad[i].says);
    }
    render_stop(&t);
    unlink(path);
}

/* The ring is turned off and on: what was in work moves no head any more. */
static void test_off_and_on(void)
{
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    render_picture(&t);
    begin_job(&t);
    gpu_ring_w32(&t.e, RENDER_RING, PUCK_GPU_RING_CTRL, 0);
    gpu_ring_on(&t.e, RENDER_RING);
    kill(render_pid(&t), SIGCONT);
    gpu_wait_status(&t.e, RENDER_RING, PUCK_GPU_RING_BUSY, 0);
    g_assert_cmpuint(gpu_ring_r32(&t.e, RENDER_RING, PUCK_GPU_RING_HEAD), ==,
                     0);
    render_alive(&t);
    render_stop(&t);
}

static bool stands_still(Render *t)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", render_pid(t));
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return strstr(text, ") T ");
}

/* A stopped machine's renderer stands still, and goes on with it. */
static void test_stopped(void)
{
    uint64_t at;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    at = render_picture(&t);
    for (unsigned i = 0; i < 3; i++) {
        qtest_qmp_assert_success(t.e.m.qts, "{ 'execute': 'stop' }");
        g_assert_true(stands_still(&t));
        qtest_qmp_assert_success(t.e.m.qts, "{ 'execute': 'cont' }");
        render_emit(&t, RENDER_RING, render_clear(&t, 1, 1, red));
        render_run(&t, render_transfer(PUCK_RENDER_CMD_FROM_HOST, 1, 1));
        g_assert_true(render_is(&t, at, red));
    }
    /* One that has ended is none to be stopped. */
    qtest_qmp_assert_success(t.e.m.qts, "{ 'execute': 'stop' }");
    kill(render_pid(&t), SIGKILL);
    render_wait_epoch(&t, 1);
    qtest_qmp_assert_success(t.e.m.qts, "{ 'execute': 'cont' }");
    render_alive(&t);
    render_stop(&t);
}

#define D0      0
#define D3HOT   3

static void go(Render *t, uint16_t state)
{
    QPCIDevice *dev = t->e.f.dev;
    uint8_t cap = qpci_find_capability(dev, PCI_CAP_ID_PM, 0);

    qpci_config_writew(dev, cap + PCI_PM_CTRL, state);
    g_assert_cmphex(qpci_config_readw(dev, cap + PCI_PM_CTRL) &
                    PCI_PM_CTRL_STATE_MASK, ==, state);
}

/* In D3hot it stands still, with a job or without. In D0 it goes on. */
static void test_asleep(void)
{
    uint64_t at;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    at = render_picture(&t);
    go(&t, D3HOT);
    g_assert_true(stands_still(&t));
    go(&t, D0);
    g_assert_cmpuint(render_r32(&t, PUCK_GPU_PM_UNFINISHED), ==, 0);
    begin_job(&t);
    qtest_memset(t.e.m.qts, at, 0x77, PICTURE);
    go(&t, D3HOT);
    g_assert_true(stands_still(&t));
    g_assert_cmphex(qtest_readq(t.e.m.qts, at), ==, 0x7777777777777777);
    go(&t, D0);
    g_assert_cmpuint(render_r32(&t, PUCK_GPU_PM_UNFINISHED), ==, 1);
    render_finish(&t, RENDER_RING);
    g_assert_true(render_is(&t, at, red));
    /* Stopped in D3hot, the machine comes back with all of it asleep. */
    go(&t, D3HOT);
    qtest_qmp_assert_success(t.e.m.qts, "{ 'execute': 'stop' }");
    qtest_qmp_assert_success(t.e.m.qts, "{ 'execute': 'cont' }");
    g_assert_true(stands_still(&t));
    go(&t, D0);
    g_assert_cmpuint(render_r32(&t, PUCK_GPU_PM_TOUCHES), ==, 0);
    g_assert_cmpuint(render_r32(&t, PUCK_RENDER_EPOCH), ==, 0);
    render_alive(&t);
    render_stop(&t);
}

/* Without bus mastering it stands still, too. */
static void test_no_master(void)
{
    QPCIDevice *dev;
    uint16_t command;
    uint64_t at;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    dev = t.e.f.dev;
    command = qpci_config_readw(dev, PCI_COMMAND);
    g_assert_true(command & PCI_COMMAND_MASTER);
    at = render_picture(&t);
    begin_job(&t);
    qtest_memset(t.e.m.qts, at, 0x77, PICTURE);
    qpci_config_writew(dev, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
    g_assert_true(stands_still(&t));
    g_assert_cmphex(qtest_readq(t.e.m.qts, at), ==, 0x7777777777777777);
    qpci_config_writew(dev, PCI_COMMAND, command);
    render_finish(&t, RENDER_RING);
    g_assert_true(render_is(&t, at, red));
    /* With nothing to do. */
    qpci_config_writew(dev, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
    g_assert_true(stands_still(&t));
    qpci_config_writew(dev, PCI_COMMAND, command);
    render_alive(&t);
    render_stop(&t);
}

/* A reset ends it as it does in D0, and is the way to that. */
static void test_reset_asleep(void)
{
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    render_picture(&t);
    begin_job(&t);
    go(&t, D3HOT);
    reset_function(&t);
    expect_over(&t, 1);
    render_alive(&t);
    render_stop(&t);
}

/* What /proc says of the renderer behind @key; NULL if it does not have it. */
static char *status_of(Render *t, const char *key)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", render_pid(t));
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i]; i++) {
        if (g_str_has_prefix(lines[i], key)) {
            return g_strdup(g_strstrip(lines[i] + strlen(key)));
        }
    }
    return NULL;
}

/* Before a stream reaches it a filter is on it; see renderer/sandbox.c. */
static void test_sandbox(void)
{
    g_autofree char *filter = NULL, *none = NULL;
    Render t;

    if (!render_start(&t, "", "")) {
        return;
    }
    render_picture(&t);
    filter = status_of(&t, "Seccomp:");
    none = status_of(&t, "NoNewPrivs:");
    g_assert_cmpstr(none, ==, "1");
    if (!filter || getenv("PUCK_RENDERER_SANITIZED")) {
        g_test_skip("no seccomp in this kernel, or sanitizers in the renderer");
    } else {
        g_assert_cmpstr(filter, ==, "2");
    }
    render_stop(&t);
}

void add_render_life_tests(void)
{
    qtest_add_data_func("/puck-render3d/life/reset-ring", reset_ring,
                        test_reset);
    qtest_add_data_func("/puck-render3d/life/reset-device", reset_device,
                        test_reset);
    qtest_add_data_func("/puck-render3d/life/reset-function", reset_function,
                        test_reset);
    qtest_add_data_func("/puck-render3d/life/reset-twice", reset_twice,
                        test_reset);
    qtest_add_func("/puck-render3d/life/reset-start", test_reset_start);
    qtest_add_func("/puck-render3d/life/other-ring", test_other_ring);
    qtest_add_func("/puck-render3d/life/sandbox", test_sandbox);
    qtest_add_func("/puck-render3d/life/killed", test_killed);
    qtest_add_func("/puck-render3d/life/unplugged", test_unplugged);
    qtest_add_func("/puck-render3d/life/bad_migration", test_bad_migration);
    qtest_add_func("/puck-render3d/life/bad_load", test_bad_load);
    qtest_add_func("/puck-render3d/life/off-and-on", test_off_and_on);
    qtest_add_func("/puck-render3d/life/stopped", test_stopped);
    qtest_add_func("/puck-render3d/life/asleep", test_asleep);
    qtest_add_func("/puck-render3d/life/no-master", test_no_master);
    qtest_add_func("/puck-render3d/life/reset-asleep", test_reset_asleep);
}
