/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the machine around it: stop and go on, migration, resets,
 * unplugging, options.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "common/gpu-env.h"
#include "abi/puck_display.h"

#define MiB             (1u << 20)
#define NONE            PUCK_GPU_ERR_DESC_NONE

static char *temp_path(const char *what)
{
    return g_strdup_printf("%s/puck-gpu-%s-%d", g_get_tmp_dir(), what,
                           getpid());
}

/* Hundreds of MiB, into 64 MiB of RAM whose last byte tells that all is done */
static GpuCmd long_copy(GpuEnv *e)
{
    enum { SEGS = 16 };
    GpuSeg src[SEGS], dst[SEGS];
    GpuCmd cmd = {
        .opcode = cpu_to_le16(PUCK_GPU_CMD_COPY),
        .length = cpu_to_le64(SEGS * 64ull * MiB),
    };

    for (unsigned i = 0; i < SEGS; i++) {
        src[i] = SYS(0x4000000, 64 * MiB);
        dst[i] = SYS(0x8000000, 64 * MiB);
    }
    gpu_set_src(e, &cmd, src, SEGS);
    gpu_set_dst(e, &cmd, dst, SEGS);
    return cmd;
}

static void mark_source(GpuEnv *e)
{
    for (unsigned i = 0; i < 64; i++) {
        qtest_writeq(e->m.qts, 0x4000000 + i * MiB, 0xabc00 + i);
    }
}

static void expect_copied(GpuEnv *e)
{
    for (unsigned i = 0; i < 64; i++) {
        g_assert_cmphex(qtest_readq(e->m.qts, 0x8000000 + i * MiB), ==,
                        0xabc00 + i);
    }
}

/* A stopped machine does nothing; when it goes on, the copy does. */
static void test_stop_in_work(void)
{
    uint8_t before[64], after[64];
    uint32_t seqno;
    GpuEnv e;

    gpu_start(&e, "", "");
    mark_source(&e);
    seqno = gpu_submit(&e, 0, long_copy(&e));
    qtest_qmp_assert_success(e.m.qts, "{ 'execute': 'stop' }");
    if (gpu_ring_r32(&e, 0, PUCK_GPU_RING_SEQNO) == seqno) {
        g_test_skip("the copy was done before the machine stopped");
        gpu_stop(&e);
        return;
    }
    for (unsigned round = 0; round < 20; round++) {
        /* Marks that a copy would sooner or later write over. */
        for (unsigned i = 0; i < 64; i++) {
            qtest_memset(e.m.qts, 0x8000000 + i * MiB + 8, round + 1, 1);
        }
        for (unsigned i = 0; i < 64; i++) {
            qtest_memread(e.m.qts, 0x8000000 + i * MiB + 8, &before[i], 1);
        }
        g_usleep(1000);
        for (unsigned i = 0; i < 64; i++) {
            qtest_memread(e.m.qts, 0x8000000 + i * MiB + 8, &after[i], 1);
        }
        g_assert_cmpmem(before, 64, after, 64);
    }
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_HEAD), ==, 0);
    qtest_qmp_assert_success(e.m.qts, "{ 'execute': 'cont' }");
    gpu_wait(&e, 0, seqno);
    expect_copied(&e);
    gpu_stop(&e);
}

/* Reset of a ring, and of the machine, while it is stopped within a copy. */
static void test_reset_stopped(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    for (unsigned i = 0; i < 2; i++) {
        gpu_submit(&e, 0, long_copy(&e));
        gpu_submit(&e, 1, long_copy(&e));
        qtest_qmp_assert_success(e.m.qts, "{ 'execute': 'stop' }");
        gpu_ring_w32(&e, 0, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET);
        qtest_qmp_assert_success(e.m.qts, "{ 'execute': 'cont' }");
        gpu_ring_recover(&e, 0);
        gpu_ring_recover(&e, 1);
        gpu_alive(&e, 0);
        gpu_alive(&e, 1);
    }
    gpu_stop(&e);
}

static void test_system_reset(void)
{
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_ring_w32(&e, 1, PUCK_GPU_RING_HOLD, 1);
    gpu_submit(&e, 0, long_copy(&e));
    gpu_fence(&e, 1, 0);
    gpu_doorbell(&e, 1);
    qtest_qmp_assert_success(e.m.qts, "{ 'execute': 'system_reset' }");
    qtest_qmp_eventwait(e.m.qts, "RESET");
    puck_function_free(&e.f);
    gpu_attach(&e, 0, GPU_DEVFN);
    for (unsigned r = 0; r < 2; r++) {
        g_assert_cmphex(gpu_ring_r32(&e, r, PUCK_GPU_RING_STATUS), ==,
                        PUCK_GPU_RING_ON);
        g_assert_cmpuint(gpu_ring_r32(&e, r, PUCK_GPU_RING_PENDING), ==, 0);
        e.rings[r].seqno = 0;
        gpu_alive(&e, r);
    }
    gpu_stop(&e);
}

/* How far the machine is when it moves. */
#define CLOCK           2000

static const char migration_args[] = "-device " GPU_OPTIONS ",addr=4,rings=3,"
                                     "copy-rings=1,vectors=reverse";

/* Moves the machine; both ends have the same memory layout. */
static void migrate(GpuEnv *from, GpuEnv *to)
{
    g_autofree char *path = temp_path("state");

    puck_machine_save(&from->m, path);
    *to = *from;
    puck_machine_load(&to->m, migration_args, path);
    to->m.next_page = from->m.next_page;
    puck_function_follow(&to->m, &to->f, &from->f);
    unlink(path);
    /* A qtest's clock does not come along as other virtual clocks do. */
    qtest_clock_step(to->m.qts, CLOCK);
    gpu_stop(from);
}

/* Ring 0 holds, ring 1 is late and draws, ring 2 works. */
static void prepare_migration(GpuEnv *e)
{
    gpu_start_at(e, migration_args, 0, GPU_DEVFN);
    mark_source(e);
    gpu_write(e, VRAM(0x1234, 5), "VRAM");
    gpu_ring_w32(e, 0, PUCK_GPU_RING_HOLD, 1);
    gpu_fence(e, 0, PUCK_GPU_FENCE_IRQ);
    gpu_fence(e, 0, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(e, 0);
    gpu_ring_w64(e, 1, PUCK_GPU_RING_DELAY, 5000);
    gpu_ring_w64(e, 1, PUCK_GPU_RING_JITTER, 1000000);
    gpu_ring_w64(e, 1, PUCK_GPU_RING_SEED, 4711);
    gpu_fence(e, 1, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(e, 1);
    qtest_clock_step(e->m.qts, CLOCK);
    gpu_submit(e, 2, long_copy(e));
    gpu_ring_w32(e, 0, PUCK_GPU_RING_TAIL, 999);
}

/* SplitMix64, as the contract writes it. */
static uint64_t next_number(uint64_t *s)
{
    uint64_t z = *s += 0x9e3779b97f4a7c15;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* The fence of ring 1 was CLOCK on its way; the next draws the next number. */
static void expect_late_fences(GpuEnv *e)
{
    uint64_t state = 4711;
    uint64_t late = 5000 + next_number(&state) % 1000001;

    qtest_clock_step(e->m.qts, late - CLOCK - 1);
    g_assert_cmpuint(gpu_ring_r32(e, 1, PUCK_GPU_RING_SEQNO), ==, 0);
    qtest_clock_step(e->m.qts, 1);
    gpu_wait(e, 1, 1);
    gpu_fence(e, 1, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(e, 1);
    late = 5000 + next_number(&state) % 1000001;
    qtest_clock_step(e->m.qts, late - 1);
    g_assert_cmpuint(gpu_ring_r32(e, 1, PUCK_GPU_RING_SEQNO), ==, 1);
    qtest_clock_step(e->m.qts, 1);
    gpu_wait(e, 1, 2);
}

static void test_migration(void)
{
    GpuError error = {
        .reason = PUCK_GPU_ERR_TAIL, .desc = NONE, .addr = 999,
    };
    GpuEnv from, to;
    char text[5];

    prepare_migration(&from);
    migrate(&from, &to);
    gpu_expect_error(&to, &error);
    gpu_read(&to, VRAM(0x1234, 5), text);
    g_assert_cmpstr(text, ==, "VRAM");
    /* Held before, held after. */
    g_assert_cmpuint(gpu_ring_r32(&to, 0, PUCK_GPU_RING_PENDING), ==, 2);
    g_assert_true(gpu_ring_r32(&to, 0, PUCK_GPU_RING_STATUS) &
                  PUCK_GPU_RING_HELD);
    gpu_ring_w32(&to, 0, PUCK_GPU_RING_RELEASE, 1);
    gpu_wait(&to, 0, 1);
    gpu_ring_w32(&to, 0, PUCK_GPU_RING_HOLD, 0);
    gpu_wait(&to, 0, 2);
    expect_late_fences(&to);
    gpu_wait(&to, 2, 1);
    expect_copied(&to);
    for (unsigned r = 0; r < 3; r++) {
        gpu_ring_w64(&to, r, PUCK_GPU_RING_DELAY, 0);
        gpu_ring_w64(&to, r, PUCK_GPU_RING_JITTER, 0);
        gpu_alive(&to, r);
    }
    gpu_stop(&to);
}

/* A device with other options does not take the state, and says which. */
static void test_bad_migration(void)
{
    static const struct {
        const char *options;
        const char *said;
    } bad[] = {
        { "rings=2,copy-rings=1,vectors=reverse", "\nrings differs" },
        { "rings=3,copy-rings=2,vectors=reverse", "\ncopy-rings differs" },
        { "rings=3,copy-rings=1,vectors=forward",
          "\nvectors or x-next-minor differs" },
        { "rings=3,copy-rings=1,vectors=reverse,x-next-minor=on",
          "\nvectors or x-next-minor differs" },
        { "rings=3,copy-rings=1,vectors=reverse,seg-len-max=4k",
          "\nseg-len-max differs" },
        { "rings=3,copy-rings=1,vectors=reverse,vram-bar=2M",
          "\nvram-bar differs" },
        { "rings=3,copy-rings=1,vectors=reverse,vms=63", "\nvms differs" },
        { "rings=3,copy-rings=1,vectors=reverse,tlb-entries=255",
          "\ntlb-entries differs" },
        { "rings=3,copy-rings=1,vectors=reverse,heads=2", "\nheads differs" },
    };
    g_autofree char *path = temp_path("state");
    GpuEnv e;

    gpu_start_at(&e, migration_args, 0, GPU_DEVFN);
    puck_machine_save(&e.m, path);
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *args = g_strdup_printf(
            "-device " GPU_OPTIONS ",addr=4,%s", bad[i].options);

        puck_machine_load_refused(args, path, bad[i].said);
    }
    unlink(path);
    gpu_stop(&e);
}

/*
 * Where a stream has the version of the device's section: behind the length of
 * its name, the name, and 32 bits that number the instance. VRAM has a name
 * that begins alike, and another length.
 */
static char *version_in(char *stream, gsize len)
{
    static const char name[] = "\x15" "0000:00:04.0/puck-gpu";
    char *found = memmem(stream, len, name, strlen(name));

    g_assert_nonnull(found);
    return found + strlen(name) + 4;
}

/* Streams of earlier versions say another number. */
static void test_bad_migration_version(void)
{
    g_autofree char *path = temp_path("state");
    g_autofree char *stream = NULL;
    uint32_t version;
    GpuEnv e;
    gsize len;

    gpu_start_at(&e, migration_args, 0, GPU_DEVFN);
    puck_machine_save(&e.m, path);
    g_assert_true(g_file_get_contents(path, &stream, &len, NULL));
    version = ldl_be_p(version_in(stream, len));
    g_assert_cmpuint(version, ==, 6);
    stl_be_p(version_in(stream, len), 5);
    g_assert_true(g_file_set_contents(path, stream, len, NULL));
    puck_machine_load_refused(migration_args, path, "version_id 5 is too old");
    unlink(path);
    gpu_stop(&e);
}

/* A head that shows its background, with an interrupt a frame. */
static void head_on(GpuEnv *e)
{
    puck_w32(&e->f, PUCK_HEAD(0) + PUCK_HEAD_CLOCK, 25175);
    puck_w32(&e->f, PUCK_HEAD(0) + PUCK_HEAD_H, 640 | 800 << 16);
    puck_w32(&e->f, PUCK_HEAD(0) + PUCK_HEAD_V, 480 | 525 << 16);
    puck_w32(&e->f, PUCK_HEAD(0) + PUCK_HEAD_CTRL, PUCK_HEAD_ENABLE);
    puck_w32(&e->f, PUCK_HEAD(0) + PUCK_HEAD_CRC_CTRL, PUCK_HEAD_CRC_ALL);
    puck_w32(&e->f, PUCK_HEAD(0) + PUCK_HEAD_IRQ_ENABLE, PUCK_HEAD_IRQ_ALL);
    puck_w32(&e->f, PUCK_DISPLAY_COMMIT, 1);
    g_assert_cmphex(puck_r32(&e->f, PUCK_DISPLAY_RESULT), ==, 0);
    puck_machine_settle(&e->m);
    g_assert_true(puck_r32(&e->f, PUCK_HEAD(0) + PUCK_HEAD_STATUS) &
                  PUCK_HEAD_ON);
}

/* Unplugged from a root port with all kinds of work under way. */
static void test_unplug(void)
{
    GpuEnv e = { };

    puck_machine_start(&e.m, "-device pcie-root-port,id=rp1,chassis=1,addr=4 "
                       "-device " GPU_OPTIONS ",bus=rp1,rings=4");
    gpu_attach_behind(&e, GPU_DEVFN, 0);
    head_on(&e);
    gpu_submit(&e, 0, long_copy(&e));
    gpu_submit(&e, 1, long_copy(&e));
    gpu_ring_w32(&e, 2, PUCK_GPU_RING_HOLD, 1);
    gpu_fence(&e, 2, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(&e, 2);
    gpu_ring_w64(&e, 3, PUCK_GPU_RING_DELAY, 1000);
    gpu_fence(&e, 3, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(&e, 3);

    /* No guest is there to say yes: a reset of the machine does it. */
    qtest_qmp_device_del_send(e.m.qts, "gpu0");
    qtest_qmp_assert_success(e.m.qts, "{ 'execute': 'system_reset' }");
    qtest_qmp_eventwait(e.m.qts, "DEVICE_DELETED");
    qtest_clock_step(e.m.qts, 10000);

    /* And a new one. */
    puck_function_free(&e.f);
    qtest_qmp_device_add(e.m.qts, "puck-gpu", "gpu1",
                         "{ 'bus': 'rp1', 'vram-size': 4194304 }");
    gpu_attach_behind(&e, GPU_DEVFN, 0);
    for (unsigned r = 0; r < 2; r++) {
        e.rings[r].seqno = 0;
        gpu_alive(&e, r);
    }
    gpu_stop(&e);
}

/* Two devices, one of them on a conventional bus, where FLR is unknown. */
static void test_conventional(void)
{
    GpuEnv e = { };

    puck_machine_start(&e.m, "-device pci-bridge,id=br1,chassis_nr=1,addr=4 "
                       "-device " GPU_OPTIONS ",bus=br1,addr=1 "
                       "-device puck-gpu,addr=6,vram-size=1M");
    gpu_attach_behind(&e, GPU_DEVFN, QPCI_DEVFN(1, 0));
    g_assert_cmpuint(qpci_find_capability(e.f.dev, 0x10, 0), ==, 0);
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

static void test_bad_options(void)
{
    static const struct {
        const char *name;
        int64_t value;
    } bad[] = {
        { "vram-size", 3 * MiB }, { "vram-size", MiB / 2 },
        { "vram-size", 8ll << 30 }, { "vram-bar", 3 * MiB },
        { "vram-bar", MiB / 2 }, { "vram-bar", 1 }, { "vram-bar", 128 * MiB },
        { "rings", 1 }, { "rings", 9 },
        { "seg-len-max", 0 }, { "threads", 0 }, { "threads", 9 },
        { "copy-rings", 2 }, { "copy-rings", UINT32_MAX },
        { "vms", 0 }, { "vms", 65 }, { "tlb-entries", 0 },
        { "tlb-entries", 4097 },
        { "ring0-release", 1 },
    };
    GpuEnv e = { };

    puck_machine_start(&e.m, "-device pcie-root-port,id=rp1,chassis=1");
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        QDict *args = qdict_new();
        QDict *rsp;

        qdict_put_str(args, "driver", "puck-gpu");
        qdict_put_str(args, "bus", "rp1");
        qdict_put_int(args, bad[i].name, bad[i].value);
        rsp = qtest_qmp(e.m.qts, "{ 'execute': 'device_add', "
                        "'arguments': %p }", args);
        g_test_message("%s", bad[i].name);
        g_assert_true(qdict_haskey(rsp, "error"));
        qobject_unref(rsp);
    }
    puck_machine_stop(&e.m);
    puck_machine_refused("-device puck-gpu,vram-size=2M,vram-bar=4M",
                         "vram-bar: a power of two, 1 MiB to vram-size");
    puck_machine_refused("-device puck-gpu,rings=3,copy-rings=3",
                         "copy-rings: less than rings");
    puck_machine_refused("-device puck-gpu,vectors=backward",
                         "vectors: forward or reverse, not backward");
}

void add_machine_tests(void)
{
    qtest_add_func("/puck-gpu/machine/stop-in-work", test_stop_in_work);
    qtest_add_func("/puck-gpu/machine/reset-stopped", test_reset_stopped);
    qtest_add_func("/puck-gpu/machine/system-reset", test_system_reset);
    qtest_add_func("/puck-gpu/machine/migration", test_migration);
    qtest_add_func("/puck-gpu/machine/bad_migration", test_bad_migration);
    qtest_add_func("/puck-gpu/machine/bad_migration_version",
                   test_bad_migration_version);
    qtest_add_func("/puck-gpu/machine/unplug", test_unplug);
    qtest_add_func("/puck-gpu/machine/conventional", test_conventional);
    qtest_add_func("/puck-gpu/machine/bad_options", test_bad_options);
}
