/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of mischief: what migrates: rules, counters, random numbers, window.
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "helpers.h"

#define BEFORE      20
#define AFTER       40
#define SEED        "seed=99"
#define SAVED_RULE  (4 + 3 * 8 + 256)   /* bytes of one in the state */

static const char *const rules[] = {
    "irq.raise every=7 drop",
    "irq.raise prob=1/3 delay=uniform:1us-1ms",
    "irq.raise from=10 count=15 delay=exp:100us",
    "device device=none gone",
};

static void messages(PuckEnv *env, unsigned count)
{
    while (count--) {
        mischief_message(env);
    }
}

/* What rules did, without the clock, which a qtest machine starts anew. */
static void collect(GPtrArray *acts, const char *path)
{
    char **lines = mischief_log(path);

    for (unsigned i = 0; lines[i]; i++) {
        QDict *line = qobject_to(QDict, qobject_from_json(lines[i], NULL));
        const char *action = qdict_get_try_str(line, "action");

        if (action) {
            g_ptr_array_add(acts, g_strdup_printf(
                "rule %" PRId64 " %s %" PRId64, qdict_get_int(line, "rule"),
                action, qdict_get_try_int(line, "value", -1)));
        }
        qobject_unref(line);
    }
    g_strfreev(lines);
}

static void start(PuckEnv *env, const char *log)
{
    g_autofree char *opts = g_strdup_printf("," SEED ",log=%s", log);

    mischief_start(env, opts);
    for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
        mischief_add(env, rules[i]);
    }
    mischief_set_good(env, "remove", NULL, 4);
}

static void follow(PuckEnv *to, const PuckEnv *from, const char *args,
                   const char *path)
{
    *to = *from;
    to->args = g_strdup(args);
    puck_machine_load(&to->m, to->args, path);
    to->m.next_page = from->m.next_page;
    puck_function_follow(&to->m, &to->iommu, &from->iommu);
    to->edu.dev = NULL;
}

/* The same in one machine that is not moved. */
static GPtrArray *unmoved(void)
{
    GPtrArray *acts = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *log = mischief_path("log");
    PuckEnv env;

    start(&env, log);
    messages(&env, BEFORE + AFTER);
    mischief_expect(&env, 0, 1, rules[0], 60, 8);
    env_stop(&env);
    collect(acts, log);
    unlink(log);
    return acts;
}

static void test_migration(void)
{
    g_autoptr(GPtrArray) want = unmoved();
    g_autoptr(GPtrArray) got = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *log = mischief_path("log");
    g_autofree char *log2 = mischief_path("log2");
    g_autofree char *state = mischief_path("state");
    g_autofree char *args = NULL;
    PuckEnv from, to;
    QDict *rsp;

    start(&from, log);
    messages(&from, BEFORE);
    window_add(&from, "irq.raise lose", PUCK_MISCHIEF_ERR_SYNTAX);
    puck_machine_save(&from.m, state);
    /* The seed, and the rules, of the command line are not those that count. */
    args = g_strdup_printf(
        "-device pcie-root-port,id=rp1,chassis=1,addr=4 "
        "-device edu,bus=rp1,dma_mask=0xffffffffffffffff "
        "-device puck-iommu,id=iommu0,addr=5,buses=rp1 "
        "-device 'puck-mischief,id=mischief,seed=1,log=%s,"
        "rules=irq.raise drop'", log2);
    follow(&to, &from, args, state);
    env_stop(&from);

    g_assert_cmpuint(mischief_count(&to), ==, 3);
    rsp = mischief_get(&to, "seed");
    g_assert_cmpint(qdict_get_int(rsp, "return"), ==, 99);
    qobject_unref(rsp);
    mischief_expect(&to, 0, 1, rules[0], BEFORE, BEFORE / 7);
    g_assert_cmpuint(env_r32(&to, WINDOW(RESULT)), ==,
                     PUCK_MISCHIEF_ERR_SYNTAX);
    g_assert_cmpuint(env_r32(&to, WINDOW(COLUMN)), ==, 10);
    window_expect_text(&to, "irq.raise lose");
    messages(&to, AFTER);
    mischief_expect(&to, 0, 1, rules[0], 60, 8);
    /* 4 is gone and was used. */
    g_assert_cmpuint(mischief_add(&to, "device gone"), ==, 5);
    env_stop(&to);

    collect(got, log);
    g_assert_cmpuint(got->len, >, 0);
    g_assert_cmpuint(got->len, <, want->len);
    collect(got, log2);
    g_assert_cmpuint(got->len, ==, want->len);
    for (unsigned i = 0; i < want->len; i++) {
        g_assert_cmpstr(got->pdata[i], ==, want->pdata[i]);
    }
    unlink(log);
    unlink(log2);
    unlink(state);
}

/* A machine that arrives goes on with a log that is there. */
static void test_log_continues(void)
{
    g_autofree char *log = mischief_path("log");
    g_autofree char *state = mischief_path("state");
    PuckEnv from, to;
    char **lines;

    start(&from, log);
    mischief_add(&from, "irq.raise drop");
    messages(&from, 1);
    puck_machine_save(&from.m, state);
    follow(&to, &from, from.args, state);
    env_stop(&from);
    messages(&to, 1);
    env_stop(&to);
    lines = mischief_log(log);
    g_assert_cmpuint(g_strv_length(lines), ==, 2);
    g_strfreev(lines);
    unlink(log);
    unlink(state);
}

/* Where the text of the first rule is in the saved machine. */
static char *find_rule(char *data, gsize len)
{
    size_t size = strlen(rules[0]);
    char *found = NULL;

    for (gsize i = 0; i + 256 < len; i++) {
        if (!memcmp(data + i, rules[0], size)) {
            g_assert_null(found);
            found = data + i;
        }
    }
    g_assert_nonnull(found);
    return found;
}

static void test_bad_migration(void)
{
    static const struct {
        const char *what;
        int offset;         /* from the text of the first rule */
        uint8_t value;
    } bad[] = {
        { "no such site", 4, 'x' },
        { "control character", 9, '\t' },
        { "no text", 0, 0 },
        { "more hits than events", -16, 1 },
        { "number 0", -25, 0 },
        { "number that comes again", -25, 2 },
        { "number above the next one's", -28, 1 },
        { "number that is yet to come", 2 * SAVED_RULE - 25, 5 },
        { "65 rules", -29, 65 },
        { "far too many rules", -32, 0x80 },
    };
    g_autofree char *log = mischief_path("log");
    g_autofree char *state = mischief_path("state");
    g_autofree char *data = NULL;
    PuckEnv env;
    char *text;
    gsize len;

    start(&env, log);
    puck_machine_save(&env.m, state);
    g_assert_true(g_file_get_contents(state, &data, &len, NULL));
    text = find_rule(data, len);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        char before = text[bad[i].offset];

        g_test_message("%s", bad[i].what);
        text[bad[i].offset] = bad[i].value;
        g_assert_true(g_file_set_contents(state, data, len, NULL));
        puck_machine_load_fails(env.args, state);
        text[bad[i].offset] = before;
    }
    env_stop(&env);
    unlink(log);
    unlink(state);
}

void add_state_tests(void)
{
    qtest_add_func("/puck-mischief/state/migration", test_migration);
    qtest_add_func("/puck-mischief/state/log-continues", test_log_continues);
    qtest_add_func("/puck-mischief/state/bad_migration", test_bad_migration);
}
