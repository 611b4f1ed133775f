/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What qtests of mischief's sites share.
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "mischief-env.h"

uint32_t puck_rule_add(QTestState *qts, const char *rule)
{
    QDict *rsp;
    uint32_t id;

    qtest_qmp_assert_success(qts, "{ 'execute': 'qom-set', 'arguments': "
                             "{ 'path': '" MISCHIEF_PATH "', "
                             "'property': 'add', 'value': %s } }", rule);
    rsp = qtest_qmp(qts, "{ 'execute': 'qom-get', 'arguments': "
                    "{ 'path': '" MISCHIEF_PATH "', 'property': 'last-id' } }");
    id = qdict_get_int(rsp, "return");
    qobject_unref(rsp);
    return id;
}

static void set_number(QTestState *qts, const char *property, uint32_t id)
{
    qtest_qmp_assert_success(qts, "{ 'execute': 'qom-set', 'arguments': "
                             "{ 'path': '" MISCHIEF_PATH "', "
                             "'property': %s, 'value': %u } }",
                             property, id);
}

void puck_rule_remove(QTestState *qts, uint32_t id)
{
    set_number(qts, "remove", id);
}

void puck_rule_release(QTestState *qts, uint32_t id)
{
    set_number(qts, "release", id);
}

static uint64_t counter(QTestState *qts, uint32_t id, const char *name)
{
    QDict *rsp = qtest_qmp(qts, "{ 'execute': 'qom-get', 'arguments': "
                           "{ 'path': '" MISCHIEF_PATH "', "
                           "'property': 'rules' } }");
    const QListEntry *entry;
    uint64_t value = 0;
    bool found = false;

    QLIST_FOREACH_ENTRY(qdict_get_qlist(rsp, "return"), entry) {
        QDict *rule = qobject_to(QDict, qlist_entry_obj(entry));

        if (qdict_get_int(rule, "id") == id) {
            value = qdict_get_int(rule, name);
            found = true;
        }
    }
    qobject_unref(rsp);
    g_assert_true(found);
    return value;
}

uint64_t puck_rule_seen(QTestState *qts, uint32_t id)
{
    return counter(qts, id, "seen");
}

uint64_t puck_rule_hits(QTestState *qts, uint32_t id)
{
    return counter(qts, id, "hits");
}

char *puck_log_path(void)
{
    char *path = g_strdup_printf("%s/puck-mischief-%d.jsonl", g_get_tmp_dir(),
                                 getpid());

    unlink(path);
    return path;
}

char *puck_log_args(const char *path, const char *more)
{
    return g_strdup_printf(" -device puck-mischief,id=mischief,guest=on,"
                           "log=%s%s", path, more);
}

static void sync_log(QTestState *qts)
{
    QDict *rsp = qtest_qmp(qts, "{ 'execute': 'qom-get', 'arguments': "
                           "{ 'path': '" MISCHIEF_PATH "', "
                           "'property': 'log-lost' } }");

    qobject_unref(rsp);
}

void puck_log_sync(void)
{
    puck_machine_each(sync_log);
}

/* The last line that matches, or NULL; to be freed. */
static char *find_line(const char *path, const char *regex, unsigned *count)
{
    g_autoptr(GRegex) re = g_regex_new(regex, 0, 0, NULL);
    g_auto(GStrv) lines = NULL;
    g_autofree char *text = NULL;
    const char *last = NULL;

    g_assert_nonnull(re);
    puck_log_sync();
    *count = 0;
    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return NULL;
    }
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        if (**line && g_regex_match(re, *line, 0, NULL)) {
            last = *line;
            ++*count;
        }
    }
    return g_strdup(last);
}

unsigned puck_log_count(const char *path, const char *regex)
{
    unsigned count;

    g_free(find_line(path, regex, &count));
    return count;
}

int64_t puck_log_number(const char *path, const char *regex, const char *name)
{
    g_autofree char *key = g_strdup_printf("\"%s\": ", name);
    g_autofree char *line = NULL;
    const char *at;
    unsigned count;

    line = find_line(path, regex, &count);
    g_assert_nonnull(line);
    at = strstr(line, key);
    g_assert_nonnull(at);
    return g_ascii_strtoll(at + strlen(key), NULL, 10);
}
