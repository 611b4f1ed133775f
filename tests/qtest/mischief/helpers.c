/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of mischief's qtest share.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "helpers.h"

char *mischief_path(const char *what)
{
    return g_strdup_printf("%s/puck-mischief-%s-%d", g_get_tmp_dir(), what,
                           getpid());
}

void mischief_start(PuckEnv *env, const char *options)
{
    g_autofree char *args = g_strdup_printf(
        " -device 'puck-mischief,id=mischief,guest=on%s'", options);

    env_start_on(env, args);
    env_w32(env, PUCK_IOMMU_IRQ_ENABLE, PUCK_IOMMU_IRQ_CMD_SYNC);
}

void mischief_invalidate(PuckEnv *env, uint64_t iova)
{
    env_inv_page(env, ENV_DOMAIN, iova);
}

void mischief_message(PuckEnv *env)
{
    env_cmd(env, (struct puck_iommu_cmd) {
        PUCK_IOMMU_CMD_SYNC, PUCK_IOMMU_SYNC_IRQ
    });
    env_w32(env, PUCK_IOMMU_IRQ_STATUS, PUCK_IOMMU_IRQ_CMD_SYNC);
}

QDict *mischief_get(PuckEnv *env, const char *property)
{
    QDict *rsp = qtest_qmp(env->m.qts, "{ 'execute': 'qom-get', 'arguments': "
                           "{ 'path': %s, 'property': %s } }", MISCHIEF_PATH,
                           property);

    g_assert_true(qdict_haskey(rsp, "return"));
    return rsp;
}

static QDict *set(PuckEnv *env, const char *property, const char *text,
                  int64_t number)
{
    QDict *args = qdict_new();

    qdict_put_str(args, "path", MISCHIEF_PATH);
    qdict_put_str(args, "property", property);
    if (text) {
        qdict_put_str(args, "value", text);
    } else {
        qdict_put_int(args, "value", number);
    }
    return qtest_qmp(env->m.qts, "{ 'execute': 'qom-set', 'arguments': %p }",
                     args);
}

void mischief_set_good(PuckEnv *env, const char *property, const char *text,
                       int64_t number)
{
    QDict *rsp = set(env, property, text, number);

    g_assert_true(qdict_haskey(rsp, "return"));
    qobject_unref(rsp);
}

void mischief_set_bad(PuckEnv *env, const char *property, const char *text,
                      int64_t number, const char *part)
{
    QDict *rsp = set(env, property, text, number);
    const char *why;

    g_assert_true(qdict_haskey(rsp, "error"));
    why = qdict_get_str(qdict_get_qdict(rsp, "error"), "desc");
    g_test_message("%s", why);
    g_assert_nonnull(strstr(why, part));
    qobject_unref(rsp);
}

uint32_t mischief_add(PuckEnv *env, const char *rule)
{
    return puck_rule_add(env->m.qts, rule);
}

unsigned mischief_count(PuckEnv *env)
{
    QDict *rsp = mischief_get(env, "rules");
    unsigned count = qlist_size(qdict_get_qlist(rsp, "return"));

    qobject_unref(rsp);
    return count;
}

void mischief_expect(PuckEnv *env, unsigned index, uint32_t id,
                     const char *rule, uint64_t seen, uint64_t hits)
{
    QDict *rsp = mischief_get(env, "rules");
    const QListEntry *entry = qlist_first(qdict_get_qlist(rsp, "return"));
    QDict *one;

    while (entry && index--) {
        entry = qlist_next(entry);
    }
    g_assert_nonnull(entry);
    one = qobject_to(QDict, qlist_entry_obj(entry));
    g_assert_cmpint(qdict_get_int(one, "id"), ==, id);
    g_assert_cmpstr(qdict_get_str(one, "rule"), ==, rule);
    g_assert_cmpint(qdict_get_int(one, "seen"), ==, seen);
    g_assert_cmpint(qdict_get_int(one, "hits"), ==, hits);
    qobject_unref(rsp);
}

char **mischief_log(const char *path)
{
    g_autofree char *text = NULL;
    char **lines;
    gsize len;

    puck_log_sync();
    g_assert_true(g_file_get_contents(path, &text, &len, NULL));
    g_assert_cmpuint(strlen(text), ==, len);
    /* The last line is whole, too. */
    g_assert_true(!len || text[len - 1] == '\n');
    g_strchomp(text);
    lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i]; i++) {
        QObject *line = qobject_from_json(lines[i], NULL);

        g_test_message("%s", lines[i]);
        g_assert_nonnull(qobject_to(QDict, line));
        qobject_unref(line);
    }
    return lines;
}

void window_put_text(PuckEnv *env, const char *text)
{
    char padded[PUCK_MISCHIEF_TEXT_SIZE] = { };

    memcpy(padded, text, MIN(strlen(text), sizeof(padded)));
    for (unsigned i = 0; i < sizeof(padded); i += 4) {
        env_w32(env, WINDOW(TEXT) + i, ldl_le_p(padded + i));
    }
}

void window_expect_text(PuckEnv *env, const char *text)
{
    char padded[PUCK_MISCHIEF_TEXT_SIZE] = { };

    memcpy(padded, text, strlen(text));
    for (unsigned i = 0; i < sizeof(padded); i += 4) {
        g_assert_cmphex(env_r32(env, WINDOW(TEXT) + i), ==,
                        ldl_le_p(padded + i));
    }
}

uint32_t window_command(PuckEnv *env, uint32_t command, uint32_t arg)
{
    env_w32(env, WINDOW(ARG), arg);
    env_w32(env, WINDOW(COMMAND), command);
    return env_r32(env, WINDOW(RESULT));
}

uint32_t window_add(PuckEnv *env, const char *rule, uint32_t result)
{
    window_put_text(env, rule);
    g_assert_cmpuint(window_command(env, PUCK_MISCHIEF_ADD, 0), ==, result);
    return env_r32(env, WINDOW(ID));
}
