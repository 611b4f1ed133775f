/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of mischief: the log: its lines, and that a seed decides them.
 */

#include "qemu/osdep.h"
#include <sys/stat.h>
#include "qobject/qdict.h"
#include "helpers.h"

#define IOVA        0x5000ull
#define MESSAGES    50
/* More lines than a pipe takes. */
#define FIFO_MESSAGES   1500

static void expect_lines(const char *path, char *const *want, unsigned count)
{
    char **lines = mischief_log(path);

    g_assert_cmpuint(g_strv_length(lines), ==, count);
    for (unsigned i = 0; i < count; i++) {
        g_assert_cmpstr(lines[i], ==, want[i]);
    }
    g_strfreev(lines);
}

static char *options(const char *path, const char *rest)
{
    return g_strdup_printf(",log=%s%s", path, rest);
}

/* The members of each event, in their order, and no others. */
static void test_lines(void)
{
    g_autofree char *path = mischief_path("log");
    g_autofree char *opts = options(path, ",rules=irq.raise nth=2 drop;"
                                    "iommu.invalidate from=2 delay=1ms;"
                                    "irq.raise duplicate");
    char *want[4] = { };
    PuckEnv env;
    int64_t t;

    mischief_start(&env, opts);
    t = qtest_clock_step(env.m.qts, 12345);
    mischief_message(&env);
    want[0] = g_strdup_printf("{\"t\": %" PRId64 ", \"device\": \"iommu0\", "
                              "\"site\": \"irq.raise\", \"rule\": 3, "
                              "\"action\": \"duplicate\", \"value\": 1, "
                              "\"vector\": 1}", t);
    t = qtest_clock_step(env.m.qts, 1);
    mischief_message(&env);
    want[1] = g_strdup_printf("{\"t\": %" PRId64 ", \"device\": \"iommu0\", "
                              "\"site\": \"irq.raise\", \"rule\": 1, "
                              "\"action\": \"drop\", \"vector\": 1}", t);
    mischief_invalidate(&env, IOVA);
    want[2] = g_strdup_printf("{\"t\": %" PRId64 ", \"device\": \"iommu0\", "
                              "\"site\": \"iommu.invalidate\", \"rule\": 2, "
                              "\"action\": \"delay\", \"value\": 1000000, "
                              "\"iova\": \"0x5000\", \"len\": 4096}", t);
    want[3] = g_strdup_printf("{\"t\": %" PRId64 ", \"device\": \"iommu0\", "
                              "\"site\": \"iommu.invalidate\", \"rule\": 2, "
                              "\"event\": \"expire\", "
                              "\"iova\": \"0x5000\", \"len\": 4096}",
                              t + 1000000);
    qtest_clock_step(env.m.qts, 1000000);
    /* Written at that time, not at the end. */
    expect_lines(path, want, 4);
    env_stop(&env);
    expect_lines(path, want, 4);
    for (unsigned i = 0; i < ARRAY_SIZE(want); i++) {
        g_free(want[i]);
    }
    unlink(path);
}

/* The IOMMU is asked where a page is, not for how many bytes of it. */
static void test_requester(void)
{
    g_autofree char *path = mischief_path("log");
    g_autofree char *opts = options(path, ",rules=iommu.translate "
                                    "requester=01:00.0 nth=1 fault");
    g_autofree char *want = NULL;
    struct puck_iommu_fault fault;
    PuckEnv env;

    mischief_start(&env, opts);
    env_map(&env, IOVA, puck_machine_pages(&env.m, 1), RW);
    edu_write(&env, IOVA, 8);
    g_assert_true(env_pop_fault(&env, &fault));
    want = g_strdup_printf("{\"t\": %" PRIu64 ", \"device\": \"iommu0\", "
                           "\"site\": \"iommu.translate\", \"rule\": 1, "
                           "\"action\": \"fault\", "
                           "\"requester\": \"01:00.0\", "
                           "\"iova\": \"0x5000\", \"len\": 4096, "
                           "\"dir\": \"write\"}", (uint64_t)fault.time);
    expect_lines(path, &want, 1);
    env_stop(&env);
    unlink(path);
}

/* A new machine starts a new log. */
static void test_overwritten(void)
{
    g_autofree char *path = mischief_path("log");
    g_autofree char *opts = options(path, "");
    PuckEnv env;

    g_assert_true(g_file_set_contents(path, "old\n", -1, NULL));
    mischief_start(&env, opts);
    mischief_message(&env);
    env_stop(&env);
    expect_lines(path, NULL, 0);
    unlink(path);
}

static char *random_run(unsigned seed)
{
    g_autofree char *path = mischief_path("log");
    g_autofree char *rest = g_strdup_printf(",seed=%u", seed);
    g_autofree char *opts = options(path, rest);
    char *text = NULL;
    PuckEnv env;

    mischief_start(&env, opts);
    mischief_add(&env, "irq.raise prob=1/3 delay=uniform:1us-1ms");
    mischief_add(&env, "irq.raise prob=1/2 delay=exp:100us");
    for (unsigned i = 0; i < MESSAGES; i++) {
        mischief_message(&env);
        qtest_clock_step(env.m.qts, 70000);
    }
    env_stop(&env);
    g_strfreev(mischief_log(path));
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    unlink(path);
    return text;
}

static void test_seed(void)
{
    g_autofree char *once = random_run(7);
    g_autofree char *again = random_run(7);
    g_autofree char *other = random_run(8);

    g_assert_nonnull(strstr(once, "\"rule\": 1, \"action\""));
    g_assert_nonnull(strstr(once, "\"rule\": 2, \"action\""));
    g_assert_cmpstr(once, ==, again);
    g_assert_cmpstr(once, !=, other);
}

/* A file of 4 KiB is full soon. Its last lines say so, and what is missing. */
static void test_full(void)
{
    g_autofree char *path = mischief_path("log");
    g_autofree char *opts = options(path, ",log-max=4096,rules=irq.raise drop");
    g_autofree char *last = NULL;
    unsigned count, lost;
    struct stat st;
    PuckEnv env;
    char **lines;
    QDict *rsp;

    mischief_start(&env, opts);
    for (unsigned i = 0; i < MESSAGES; i++) {
        mischief_message(&env);
    }
    rsp = mischief_get(&env, "log-lost");
    lost = qdict_get_int(rsp, "return");
    qobject_unref(rsp);
    g_assert_cmpuint(lost, >, 0);
    env_stop(&env);
    g_assert_cmpint(stat(path, &st), ==, 0);
    g_assert_cmpint(st.st_size, <=, 4096);
    lines = mischief_log(path);
    count = g_strv_length(lines);
    g_assert_cmpuint(count - 2 + lost, ==, MESSAGES);
    g_assert_nonnull(strstr(lines[count - 2], "\"event\": \"full\", "
                            "\"max\": 4096}"));
    last = g_strdup_printf("\"event\": \"lost\", \"lines\": %u}", lost);
    g_assert_nonnull(strstr(lines[count - 1], last));
    g_strfreev(lines);
    unlink(path);
}

/* A FIFO that nobody reads keeps nobody waiting. */
static void test_fifo(void)
{
    g_autofree char *path = mischief_path("log");
    g_autofree char *opts = options(path, ",rules=irq.raise drop");
    unsigned lines = 0;
    ssize_t len;
    char buf[4096];
    PuckEnv env;
    int fd;

    unlink(path);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    fd = open(path, O_RDWR | O_NONBLOCK);
    g_assert_cmpint(fd, >=, 0);
    mischief_start(&env, opts);
    for (unsigned i = 0; i < FIFO_MESSAGES; i++) {
        mischief_message(&env);
    }
    env_assert_alive(&env);
    /* It gets all of them once it reads. */
    while (lines < FIFO_MESSAGES) {
        len = read(fd, buf, sizeof(buf));
        for (ssize_t i = 0; i < len; i++) {
            lines += buf[i] == '\n';
        }
        if (len < 0) {
            g_assert_cmpint(errno, ==, EAGAIN);
            g_usleep(1000);
        }
    }
    env_stop(&env);
    close(fd);
    unlink(path);
}

/* A machine that is stopped has written all it had to say. */
static void test_stopped(void)
{
    g_autofree char *path = mischief_path("log");
    g_autofree char *opts = options(path, ",rules=irq.raise drop");
    g_auto(GStrv) lines = NULL;
    g_autofree char *text = NULL;
    PuckEnv env;

    mischief_start(&env, opts);
    for (unsigned i = 0; i < MESSAGES; i++) {
        mischief_message(&env);
    }
    qtest_qmp_assert_success(env.m.qts, "{ 'execute': 'stop' }");
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    lines = g_strsplit(text, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, MESSAGES + 1);
    env_stop(&env);
    unlink(path);
}

void add_log_tests(void)
{
    qtest_add_func("/puck-mischief/log/full", test_full);
    qtest_add_func("/puck-mischief/log/fifo", test_fifo);
    qtest_add_func("/puck-mischief/log/stopped", test_stopped);
    qtest_add_func("/puck-mischief/log/lines", test_lines);
    qtest_add_func("/puck-mischief/log/requester", test_requester);
    qtest_add_func("/puck-mischief/log/overwritten", test_overwritten);
    qtest_add_func("/puck-mischief/log/seed", test_seed);
}
