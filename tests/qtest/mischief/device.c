/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of mischief: the device: command line, QMP, counters.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "helpers.h"

#define IOVA    0x5000

static void test_command_line(void)
{
    PuckEnv env;
    QDict *rsp;

    mischief_start(&env, ",seed=7,guest=off,rules=irq.raise  nth=3 drop;; "
                   "iommu.invalidate delay=1000us ;");
    g_assert_cmpuint(mischief_count(&env), ==, 2);
    mischief_expect(&env, 0, 1, "irq.raise nth=3 drop", 0, 0);
    /* It stood there before the device, and saw its first command. */
    mischief_expect(&env, 1, 2, "iommu.invalidate delay=1ms", 1, 1);
    rsp = mischief_get(&env, "seed");
    g_assert_cmpint(qdict_get_int(rsp, "return"), ==, 7);
    qobject_unref(rsp);
    rsp = mischief_get(&env, "guest");
    g_assert_false(qdict_get_bool(rsp, "return"));
    qobject_unref(rsp);
    env_stop(&env);
}

/* The device makes one that has no rules. */
static void test_default(void)
{
    PuckEnv env;
    QDict *rsp;

    env_start_on(&env, "");
    g_assert_cmpuint(mischief_count(&env), ==, 0);
    rsp = mischief_get(&env, "guest");
    g_assert_false(qdict_get_bool(rsp, "return"));
    qobject_unref(rsp);
    rsp = mischief_get(&env, "log-max");
    g_assert_cmpint(qdict_get_int(rsp, "return"), ==, 64 * 1024 * 1024);
    qobject_unref(rsp);
    rsp = mischief_get(&env, "last-id");
    g_assert_cmpint(qdict_get_int(rsp, "return"), ==, 0);
    qobject_unref(rsp);
    g_assert_cmpuint(mischief_add(&env, "irq.raise drop"), ==, 1);
    env_stop(&env);
}

/* Options that cannot work end QEMU with a message. */
static void test_bad_options(void)
{
    static const struct {
        const char *options, *part;
    } bad[] = {
        { "rules='irq.raise drop;foo'", "rule 'foo', byte 0" },
        { "log=/nowhere/log", "/nowhere/log" },
        { "log-max=4095", "log-max: at least 4096" },
        { "seed=x", "seed" },
        { "id=m -device puck-mischief", "one puck-mischief already" },
        { "nothing=1", "nothing" },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_autofree char *args = g_strdup_printf("-device puck-mischief,%s",
                                                bad[i].options);

        puck_machine_refused(args, bad[i].part);
    }
}

static void refused(PuckEnv *env, const char *command, const char *args)
{
    QDict *rsp = qtest_qmp(env->m.qts, "{ 'execute': %s, 'arguments': %p }",
                           command, qobject_from_json(args, &error_abort));

    g_assert_true(qdict_haskey(rsp, "error"));
    qobject_unref(rsp);
}

/* It neither comes nor goes while the machine runs. */
static void test_bad_hotplug(void)
{
    PuckEnv env;

    mischief_start(&env, ",rules=device gone");
    refused(&env, "device_del", "{ 'id': 'mischief' }");
    refused(&env, "device_add", "{ 'driver': 'puck-mischief', 'id': 'm' }");
    mischief_expect(&env, 0, 1, "device gone", 0, 0);
    g_assert_cmpuint(mischief_count(&env), ==, 1);
    env_stop(&env);
}

static void test_qmp(void)
{
    PuckEnv env;

    mischief_start(&env, "");
    g_assert_cmpuint(mischief_add(&env, "irq.raise vector=1 drop"), ==, 1);
    g_assert_cmpuint(mischief_add(&env, "iommu.invalidate iova=0x5000 drop"),
                     ==, 2);
    g_assert_cmpuint(mischief_add(&env, "device device=gpu7 gone"), ==, 3);
    mischief_set_good(&env, "release", NULL, 2);
    mischief_set_good(&env, "remove", NULL, 2);
    g_assert_cmpuint(mischief_count(&env), ==, 2);
    mischief_expect(&env, 0, 1, "irq.raise vector=1 drop", 0, 0);
    mischief_expect(&env, 1, 3, "device device=gpu7 gone", 0, 0);
    /* A number is not used again. */
    mischief_set_good(&env, "remove", NULL, 3);
    g_assert_cmpuint(mischief_add(&env, "irq.raise drop"), ==, 4);
    mischief_expect(&env, 1, 4, "irq.raise drop", 0, 0);
    env_stop(&env);
}

static void test_bad_qmp(void)
{
    PuckEnv env;

    mischief_start(&env, "");
    mischief_set_bad(&env, "add", "irq.raise nth=0 drop", 0, "byte 14");
    mischief_set_bad(&env, "add", "", 0, "byte 0");
    mischief_set_bad(&env, "add", NULL, 5, "string");
    mischief_set_bad(&env, "remove", NULL, 1, "no rule 1");
    mischief_set_bad(&env, "release", NULL, 1, "no rule 1");
    mischief_set_bad(&env, "remove", NULL, 0, "no rule 0");
    mischief_set_bad(&env, "remove", NULL, -1, "uint32");
    mischief_set_bad(&env, "remove", "1", 0, "uint64");
    mischief_set_bad(&env, "seed", NULL, 5, "when the device is made");
    mischief_set_bad(&env, "log", "/tmp/x", 0, "when the device is made");
    mischief_set_bad(&env, "rules", "irq.raise drop", 0,
                     "when the device is made");
    mischief_set_bad(&env, "last-id", NULL, 5, "writable");
    g_assert_cmpuint(mischief_count(&env), ==, 0);
    /* Numbers are not used up by rules that were none. */
    g_assert_cmpuint(mischief_add(&env, "irq.raise drop"), ==, 1);
    env_stop(&env);
}

static void test_bad_full(void)
{
    PuckEnv env;

    mischief_start(&env, "");
    for (unsigned i = 1; i <= PUCK_MISCHIEF_RULES_MAX; i++) {
        g_assert_cmpuint(mischief_add(&env, "irq.raise vector=0 drop"), ==, i);
    }
    mischief_set_bad(&env, "add", "irq.raise drop", 0, "64 rules");
    mischief_set_good(&env, "remove", NULL, 10);
    g_assert_cmpuint(mischief_add(&env, "irq.raise drop"), ==, 65);
    mischief_message(&env);
    mischief_expect(&env, 62, 64, "irq.raise vector=0 drop", 0, 0);
    mischief_expect(&env, 63, 65, "irq.raise drop", 1, 1);
    env_stop(&env);
}

/* The first that fires acts, and those behind it do not see the event. */
static void test_order(void)
{
    PuckEnv env;

    mischief_start(&env, "");
    mischief_add(&env, "iommu.invalidate every=3 drop");
    mischief_add(&env, "iommu.invalidate iova=0x5000 count=2 drop");
    mischief_add(&env, "iommu.invalidate delay=1ms");
    for (unsigned i = 0; i < 10; i++) {
        mischief_invalidate(&env, IOVA);
    }
    mischief_invalidate(&env, 2 * IOVA);
    mischief_message(&env);
    mischief_expect(&env, 0, 1, "iommu.invalidate every=3 drop", 11, 3);
    mischief_expect(&env, 1, 2, "iommu.invalidate iova=0x5000 count=2 drop", 7,
                    2);
    mischief_expect(&env, 2, 3, "iommu.invalidate delay=1ms", 6, 6);
    env_stop(&env);
}

/* A rule that is gone does nothing any more. */
static void test_removed(void)
{
    PuckEnv env;

    mischief_start(&env, "");
    mischief_add(&env, "irq.raise drop");
    mischief_message(&env);
    g_assert_false(puck_msix_take(&env.m, &env.iommu, PUCK_IOMMU_VEC_CMD,
                                  false));
    mischief_set_good(&env, "remove", NULL, 1);
    mischief_message(&env);
    g_assert_true(puck_msix_take(&env.m, &env.iommu, PUCK_IOMMU_VEC_CMD,
                                 true));
    env_stop(&env);
}

/* Devices are told apart by their ids. */
static void test_other_device(void)
{
    PuckEnv env;

    mischief_start(&env, ",rules=irq.raise device=iommu1 drop;"
                   "irq.raise device=iommu0 duplicate");
    mischief_message(&env);
    mischief_expect(&env, 0, 1, "irq.raise device=iommu1 drop", 0, 0);
    mischief_expect(&env, 1, 2, "irq.raise device=iommu0 duplicate=1", 1, 1);
    env_stop(&env);
}

void add_device_tests(void)
{
    qtest_add_func("/puck-mischief/device/command-line", test_command_line);
    qtest_add_func("/puck-mischief/device/default", test_default);
    qtest_add_func("/puck-mischief/device/bad_options", test_bad_options);
    qtest_add_func("/puck-mischief/device/bad_hotplug", test_bad_hotplug);
    qtest_add_func("/puck-mischief/device/qmp", test_qmp);
    qtest_add_func("/puck-mischief/device/bad_qmp", test_bad_qmp);
    qtest_add_func("/puck-mischief/device/bad_full", test_bad_full);
    qtest_add_func("/puck-mischief/device/order", test_order);
    qtest_add_func("/puck-mischief/device/removed", test_removed);
    qtest_add_func("/puck-mischief/device/other-device", test_other_device);
}
