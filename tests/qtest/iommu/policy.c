/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of puck-iommu: lines of policy from the host.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "common/iommu-env.h"

#define IOMMU   "/machine/peripheral/iommu0"

/* The line at @index as the registers show it. */
static char *shown_line(PuckEnv *env, uint32_t index)
{
    char *line = g_malloc0(PUCK_IOMMU_POLICY_TEXT_SIZE + 1);
    uint32_t length;

    env_w32(env, PUCK_IOMMU_POLICY_INDEX, index);
    g_assert_cmpuint(env_r32(env, PUCK_IOMMU_POLICY_INDEX), ==, index);
    length = env_r32(env, PUCK_IOMMU_POLICY_LENGTH);
    for (unsigned i = 0; i < PUCK_IOMMU_POLICY_TEXT_SIZE; i += 4) {
        stl_le_p(line + i, env_r32(env, PUCK_IOMMU_POLICY_TEXT + i));
    }
    for (unsigned i = length; i < PUCK_IOMMU_POLICY_TEXT_SIZE; i++) {
        g_assert_cmphex(line[i], ==, 0);
    }
    g_assert_cmpuint(strlen(line), ==, length);
    return line;
}

static void assert_line(PuckEnv *env, uint32_t index, const char *expected)
{
    g_autofree char *line = shown_line(env, index);

    g_assert_cmpstr(line, ==, expected);
}

/* Sets the property while the machine runs; false if it is refused. */
static bool set_policy(PuckEnv *env, const char *text)
{
    QDict *rsp = qtest_qmp(env->m.qts, "{ 'execute': 'qom-set', 'arguments': "
                           "{ 'path': " "'" IOMMU "'" ", 'property': 'policy',"
                           " 'value': %s } }", text);
    bool ok = !qdict_haskey(rsp, "error");

    qobject_unref(rsp);
    return ok;
}

static void test_none(void)
{
    PuckEnv env;

    env_start(&env, "");
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_POLICY_COUNT), ==, 0);
    assert_line(&env, 0, "");
    assert_line(&env, UINT32_MAX, "");
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_IRQ_STATUS), ==, 0);
    env_stop(&env);
}

static void test_option(void)
{
    PuckEnv env;

    env_start(&env, ",policy='all=random,,seed=3;;  ;8086:10d3=sync=bounce;'");
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_POLICY_COUNT), ==, 2);
    assert_line(&env, 0, "all=random,seed=3");
    assert_line(&env, 1, "8086:10d3=sync=bounce");
    assert_line(&env, 2, "");
    /* What was there at the start is no change. */
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_IRQ_STATUS), ==, 0);

    /* A reset leaves the lines, not the index. */
    env_w32(&env, PUCK_IOMMU_POLICY_INDEX, 1);
    env_w32(&env, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_RESET);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_POLICY_INDEX), ==, 0);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_POLICY_COUNT), ==, 2);
    assert_line(&env, 1, "8086:10d3=sync=bounce");
    env_stop(&env);
}

static void test_read_only(void)
{
    static const uint16_t ro[] = {
        PUCK_IOMMU_POLICY_GENERATION, PUCK_IOMMU_POLICY_COUNT,
        PUCK_IOMMU_POLICY_LENGTH, PUCK_IOMMU_POLICY_TEXT,
    };
    PuckEnv env;

    env_start(&env, ",policy=abcd=");
    for (unsigned i = 0; i < ARRAY_SIZE(ro); i++) {
        uint32_t before = env_r32(&env, ro[i]);

        env_w32(&env, ro[i], ~before);
        g_assert_cmphex(env_r32(&env, ro[i]), ==, before);
    }
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_POLICY_TEXT), ==, 0x64636261);
    env_stop(&env);
}

static void test_change(void)
{
    uint32_t generation;
    PuckEnv env;

    env_start(&env, ",policy=all=");
    generation = env_r32(&env, PUCK_IOMMU_POLICY_GENERATION);
    env_w32(&env, PUCK_IOMMU_IRQ_ENABLE, PUCK_IOMMU_IRQ_POLICY);
    g_assert_true(set_policy(&env, "all=merge=none;1234:70c1=gap=3"));
    g_assert_true(puck_msix_take(&env.m, &env.iommu, PUCK_IOMMU_VEC_POLICY,
                                 true));
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_IRQ_STATUS), ==,
                    PUCK_IOMMU_IRQ_POLICY);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_POLICY_GENERATION), ==,
                     generation + 1);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_POLICY_COUNT), ==, 2);
    assert_line(&env, 0, "all=merge=none");
    assert_line(&env, 1, "1234:70c1=gap=3");

    /* Still set: no second message. Cleared: another. */
    g_assert_true(set_policy(&env, "all=merge=all"));
    g_assert_false(puck_msix_take(&env.m, &env.iommu, PUCK_IOMMU_VEC_POLICY,
                                  false));
    env_w32(&env, PUCK_IOMMU_IRQ_STATUS, PUCK_IOMMU_IRQ_POLICY);
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_IRQ_STATUS), ==, 0);
    g_assert_true(set_policy(&env, ""));
    g_assert_true(puck_msix_take(&env.m, &env.iommu, PUCK_IOMMU_VEC_POLICY,
                                 true));
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_POLICY_GENERATION), ==,
                     generation + 3);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_POLICY_COUNT), ==, 0);
    g_assert_false(puck_msix_take(&env.m, &env.iommu, PUCK_IOMMU_VEC_CMD,
                                  false));
    env_stop(&env);
}

static char *many_lines(unsigned count, unsigned bytes)
{
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < count; i++) {
        g_string_append_printf(text, "%s%0*u", i ? ";" : "", (int)bytes, i);
    }
    return g_string_free(text, false);
}

static void test_limits(void)
{
    g_autofree char *text = many_lines(PUCK_IOMMU_POLICY_LINES_MAX,
                                       PUCK_IOMMU_POLICY_TEXT_SIZE - 1);
    PuckEnv env;

    env_start(&env, "");
    g_assert_true(set_policy(&env, text));
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_POLICY_COUNT), ==,
                     PUCK_IOMMU_POLICY_LINES_MAX);
    for (unsigned i = 0; i < PUCK_IOMMU_POLICY_LINES_MAX; i++) {
        g_autofree char *line = shown_line(&env, i);

        g_assert_cmpuint(strlen(line), ==, PUCK_IOMMU_POLICY_TEXT_SIZE - 1);
        g_assert_cmpuint(atoi(line + 240), ==, i);
    }
    env_stop(&env);
}

static void test_bad_lines(void)
{
    g_autofree char *too_many = many_lines(PUCK_IOMMU_POLICY_LINES_MAX + 1, 3);
    g_autofree char *too_long = many_lines(1, PUCK_IOMMU_POLICY_TEXT_SIZE);
    const char *bad[] = {
        too_many, too_long, "all=\n", "all=\x7f", "\xc3\xa4"
    };
    uint32_t generation;
    PuckEnv env;

    env_start(&env, ",policy=all=");
    generation = env_r32(&env, PUCK_IOMMU_POLICY_GENERATION);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_assert_false(set_policy(&env, bad[i]));
        g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_POLICY_COUNT), ==, 1);
        assert_line(&env, 0, "all=");
        g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_POLICY_GENERATION), ==,
                         generation);
        g_assert_cmphex(env_r32(&env, PUCK_IOMMU_IRQ_STATUS), ==, 0);
    }
    env_assert_alive(&env);
    env_stop(&env);
}

/* The lines are the machine's, whatever the second command line says. */
static void test_migration(void)
{
    g_autofree char *path = g_strdup_printf("%s/puck-iommu-policy-%d",
                                            g_get_tmp_dir(), getpid());
    PuckEnv from, to;

    env_start(&from, ",policy=all=merge=none");
    g_assert_true(set_policy(&from, "one;two;three"));
    env_w32(&from, PUCK_IOMMU_POLICY_INDEX, 2);
    puck_machine_save(&from.m, path);

    to = from;
    puck_machine_load(&to.m, from.args, path);
    puck_function_follow(&to.m, &to.iommu, &from.iommu);
    g_assert_cmpuint(env_r32(&to, PUCK_IOMMU_POLICY_COUNT), ==, 3);
    g_assert_cmpuint(env_r32(&to, PUCK_IOMMU_POLICY_INDEX), ==, 2);
    g_assert_cmpuint(env_r32(&to, PUCK_IOMMU_POLICY_GENERATION), ==,
                     env_r32(&from, PUCK_IOMMU_POLICY_GENERATION));
    g_assert_cmphex(env_r32(&to, PUCK_IOMMU_IRQ_STATUS), ==,
                    PUCK_IOMMU_IRQ_POLICY);
    assert_line(&to, 1, "two");
    assert_line(&to, 2, "three");
    puck_function_free(&to.iommu);
    puck_machine_stop(&to.m);
    env_stop(&from);
    unlink(path);
}

void add_policy_tests(void)
{
    qtest_add_func("/puck-iommu/policy/none", test_none);
    qtest_add_func("/puck-iommu/policy/option", test_option);
    qtest_add_func("/puck-iommu/policy/read_only", test_read_only);
    qtest_add_func("/puck-iommu/policy/change", test_change);
    qtest_add_func("/puck-iommu/policy/limits", test_limits);
    qtest_add_func("/puck-iommu/policy/bad_lines", test_bad_lines);
    qtest_add_func("/puck-iommu/policy/migration", test_migration);
}
