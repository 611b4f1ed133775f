/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of puck-iommu: invalidations that come late, in part or not at all,
 * and the stale entries that are used meanwhile. Site iommu.invalidate of
 * docs/specs/mischief.rst.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "common/iommu-env.h"
#include "common/mischief-env.h"

#define IOVA        0x34560000000ull
#define MS          (1000 * 1000)
#define OLD         0x01d01d01du
#define NEW         0x4e34e34e3u
#define PENDING_MAX 1024

/* From its start to its bytes, a transfer of the edu takes this long. */
#define EDU_NS      (100 * MS)

typedef struct Stale {
    PuckEnv env;
    char *log;
    uint32_t rule;
} Stale;

static void start(Stale *t, const char *options, const char *rule)
{
    g_autofree char *args = NULL;

    t->log = puck_log_path();
    args = puck_log_args(t->log, "");
    g_autofree char *all = g_strconcat(options, args, NULL);

    env_start_on(&t->env, all);
    t->rule = rule ? puck_rule_add(t->env.m.qts, rule) : 0;
}

static void stop(Stale *t)
{
    env_stop(&t->env);
    unlink(t->log);
    g_free(t->log);
}

static uint64_t uses(PuckEnv *env)
{
    return env_r64(env, PUCK_IOMMU_CNT_STALE_USES);
}

/* A page that says @word. */
static uint64_t page_of(PuckEnv *env, uint64_t word)
{
    uint64_t page = puck_machine_pages(&env->m, 1);

    qtest_writeq(env->m.qts, page, word);
    return page;
}

/* What a device finds at @iova. Written back by another way than read. */
static uint64_t seen_at(PuckEnv *env, uint64_t iova)
{
    uint64_t back = page_of(env, 0);
    uint64_t at = IOVA + 512 * PAGE;

    edu_read(env, iova, 8);
    env_map(env, at, back, PUCK_IOMMU_PTE_WRITE);
    edu_write(env, at, 8);
    env_unmap(env, at);
    env_cmd(env, (struct puck_iommu_cmd) {
        PUCK_IOMMU_CMD_INV_RANGE, .id = ENV_DOMAIN, .addr = at, .size = PAGE
    });
    return qtest_readq(env->m.qts, back);
}

/* Used, then mapped elsewhere; the invalidation is left to the caller. */
static void remap(PuckEnv *env, uint64_t iova)
{
    env_map(env, iova, page_of(env, OLD), RW);
    g_assert_cmphex(seen_at(env, iova), ==, OLD);
    env_map(env, iova, page_of(env, NEW), RW);
}

/* The rule speaks of INV_PAGE alone: seen_at() sends INV_RANGE. */
#define PAGE_RULE   "iommu.invalidate iova=0x34560000000-0x34560000fff "

static void test_delay(void)
{
    Stale t;

    start(&t, "", PAGE_RULE "delay=700ms");
    remap(&t.env, IOVA);
    env_inv_page(&t.env, ENV_DOMAIN, IOVA);
    g_assert_cmpuint(puck_rule_hits(t.env.m.qts, t.rule), ==, 1);
    g_assert_cmpuint(uses(&t.env), ==, 0);
    g_assert_cmphex(seen_at(&t.env, IOVA), ==, OLD);
    g_assert_cmpuint(uses(&t.env), ==, 1);
    g_assert_cmpuint(puck_log_count(t.log, "\"event\": \"expire\""), ==, 0);

    qtest_clock_step(t.env.m.qts, 700 * MS);
    g_assert_cmphex(seen_at(&t.env, IOVA), ==, NEW);
    g_assert_cmpuint(uses(&t.env), ==, 1);
    g_assert_cmpuint(puck_log_count(t.log, "\"site\": \"iommu.invalidate\", "
                                    "\"rule\": 1, \"event\": \"expire\", "
                                    "\"iova\": \"0x34560000000\""), ==, 1);
    env_assert_no_fault(&t.env);
    stop(&t);
}

/* The line of a use: which entry, how old, for how long it should be gone. */
static void test_log(void)
{
    const char *use = "\"site\": \"iommu.invalidate\", \"rule\": 1, "
        "\"event\": \"stale-use\", \"requester\": \"01:00.0\", "
        "\"iova\": \"0x34560000010\", .*\"dir\": \"read\"";
    Stale t;

    start(&t, "", PAGE_RULE "drop");
    remap(&t.env, IOVA);
    qtest_clock_step(t.env.m.qts, 5 * MS);
    env_inv_page(&t.env, ENV_DOMAIN, IOVA);
    qtest_clock_step(t.env.m.qts, 3 * MS);
    g_assert_cmpuint(puck_log_count(t.log, "\"action\": \"drop\""), ==, 1);
    edu_read(&t.env, IOVA + 16, 8);
    g_assert_cmpuint(puck_log_count(t.log, use), ==, 1);
    g_assert_cmpint(puck_log_number(t.log, use, "since"), ==, 3 * MS + EDU_NS);
    /* Made by the first of the two transfers of remap(), 101 ms each. */
    g_assert_cmpint(puck_log_number(t.log, use, "age"), ==,
                    MS + 101 * MS + 5 * MS + 3 * MS + EDU_NS);
    stop(&t);
}

static void test_defer(void)
{
    Stale t;

    start(&t, "", PAGE_RULE "defer=4");
    remap(&t.env, IOVA);
    env_inv_page(&t.env, ENV_DOMAIN, IOVA);
    /* Two requests each: 1 and 2, 3 and 4. Number 3 is the last stale one. */
    g_assert_cmphex(seen_at(&t.env, IOVA), ==, OLD);
    g_assert_cmphex(seen_at(&t.env, IOVA), ==, OLD);
    g_assert_cmpuint(uses(&t.env), ==, 2);
    g_assert_cmpuint(puck_log_count(t.log, "\"event\": \"expire\""), ==, 1);
    g_assert_cmphex(seen_at(&t.env, IOVA), ==, NEW);
    g_assert_cmpuint(uses(&t.env), ==, 2);
    stop(&t);
}

static void test_defer_one(void)
{
    Stale t;

    start(&t, "", PAGE_RULE "defer=1");
    remap(&t.env, IOVA);
    env_inv_page(&t.env, ENV_DOMAIN, IOVA);
    g_assert_cmphex(seen_at(&t.env, IOVA), ==, NEW);
    g_assert_cmpuint(uses(&t.env), ==, 0);
    stop(&t);
}

static void test_drop(void)
{
    Stale t;

    start(&t, "", PAGE_RULE "drop");
    remap(&t.env, IOVA);
    for (unsigned i = 0; i < 3; i++) {
        env_inv_page(&t.env, ENV_DOMAIN, IOVA);
        qtest_clock_step(t.env.m.qts, 60000ll * MS);
        g_assert_cmphex(seen_at(&t.env, IOVA), ==, OLD);
    }
    g_assert_cmpuint(uses(&t.env), ==, 3);

    /* The next command that is carried out ends it. */
    env_inv_all(&t.env);
    g_assert_cmphex(seen_at(&t.env, IOVA), ==, NEW);
    g_assert_cmpuint(uses(&t.env), ==, 3);
    env_inv_page(&t.env, ENV_DOMAIN, IOVA);
    puck_rule_remove(t.env.m.qts, t.rule);
    env_inv_page(&t.env, ENV_DOMAIN, IOVA);
    g_assert_cmphex(seen_at(&t.env, IOVA), ==, NEW);
    g_assert_cmpuint(uses(&t.env), ==, 3);
    stop(&t);
}

static void test_partial(void)
{
    struct puck_iommu_cmd inv = {
        PUCK_IOMMU_CMD_INV_RANGE, .id = ENV_DOMAIN, .addr = IOVA - PAGE,
        .size = 8 * PAGE,
    };
    Stale t;

    start(&t, "", NULL);
    for (unsigned i = 0; i < 4; i++) {
        remap(&t.env, IOVA + i * PAGE);
    }
    t.rule = puck_rule_add(t.env.m.qts, "iommu.invalidate nth=1 partial");
    env_cmd(&t.env, inv);
    g_assert_cmphex(seen_at(&t.env, IOVA), ==, OLD);
    for (unsigned i = 1; i < 4; i++) {
        g_assert_cmphex(seen_at(&t.env, IOVA + i * PAGE), ==, NEW);
    }
    g_assert_cmpuint(uses(&t.env), ==, 1);
    env_cmd(&t.env, inv);
    g_assert_cmphex(seen_at(&t.env, IOVA), ==, NEW);
    stop(&t);
}

/* What is not in the IOTLB cannot be left behind there. */
static void test_partial_of_nothing(void)
{
    Stale t;

    start(&t, "", "iommu.invalidate partial");
    env_inv_page(&t.env, ENV_DOMAIN, IOVA);
    env_inv_all(&t.env);
    env_cmd(&t.env, (struct puck_iommu_cmd) {
        PUCK_IOMMU_CMD_INV_CONTEXT, .id = ENV_RID
    });
    g_assert_cmpuint(puck_rule_seen(t.env.m.qts, t.rule), ==, 0);
    stop(&t);
}

/* Each of these leaves the invalidation alone. */
static void test_no_match(void)
{
    static const char *const rules[] = {
        "iommu.invalidate device=iommu1 drop",
        "iommu.invalidate requester=01:00.1 drop",
        "iommu.invalidate requester=02:00.0 drop",
        "iommu.invalidate iova=0x34560001000-0xffffffffffff drop",
        "iommu.invalidate nth=2 drop",
        "iommu.invalidate from=2 drop",
    };
    Stale t;

    start(&t, "", NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
        uint32_t id;

        remap(&t.env, IOVA);
        id = puck_rule_add(t.env.m.qts, rules[i]);
        env_inv_page(&t.env, ENV_DOMAIN, IOVA);
        g_assert_cmpuint(puck_rule_hits(t.env.m.qts, id), ==, 0);
        puck_rule_remove(t.env.m.qts, id);
        g_assert_cmphex(seen_at(&t.env, IOVA), ==, NEW);
        env_inv_all(&t.env);
    }
    g_assert_cmpuint(uses(&t.env), ==, 0);
    g_assert_cmpuint(puck_log_count(t.log, "stale-use"), ==, 0);
    stop(&t);
}

/* A domain is a requester's whether its context is cached or not. */
static void test_requester(void)
{
    static const struct {
        struct puck_iommu_cmd cmd;
        bool fires;
    } cases[] = {
        { { PUCK_IOMMU_CMD_INV_PAGE, .id = ENV_DOMAIN }, true },
        { { PUCK_IOMMU_CMD_INV_DOMAIN, .id = ENV_DOMAIN }, true },
        { { PUCK_IOMMU_CMD_INV_DOMAIN, .id = ENV_DOMAIN + 1 }, false },
        { { PUCK_IOMMU_CMD_INV_ALL }, true },
        { { PUCK_IOMMU_CMD_INV_CONTEXT, .id = ENV_RID }, true },
        { { PUCK_IOMMU_CMD_INV_CONTEXT, .id = ENV_RID + 1 }, false },
    };
    Stale t;

    start(&t, "", "iommu.invalidate requester=01:00.0 drop");
    for (unsigned i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
        unsigned c = i % ARRAY_SIZE(cases);
        uint64_t hits = puck_rule_hits(t.env.m.qts, t.rule);

        env_cmd(&t.env, cases[c].cmd);
        g_assert_cmpuint(puck_rule_hits(t.env.m.qts, t.rule), ==,
                         hits + cases[c].fires);
        if (i == ARRAY_SIZE(cases) - 1) {
            env_map(&t.env, IOVA, page_of(&t.env, OLD), RW);
            edu_read(&t.env, IOVA, 8);
        }
    }
    stop(&t);
}

static void test_context(void)
{
    struct puck_iommu_cmd inv = {
        PUCK_IOMMU_CMD_INV_CONTEXT, .id = ENV_RID
    };
    Stale t;

    start(&t, "", "iommu.invalidate nth=1 drop");
    env_map(&t.env, IOVA, page_of(&t.env, OLD), RW);
    edu_read(&t.env, IOVA, 8);
    env_set_context(&t.env, 0, PUCK_IOMMU_CTX_VALID |
                    PUCK_IOMMU_CTX_MODE_BLOCKED << 1, ENV_DOMAIN);
    env_cmd(&t.env, inv);
    edu_read(&t.env, IOVA, 8);
    env_assert_no_fault(&t.env);
    env_cmd(&t.env, inv);
    edu_read(&t.env, IOVA, 8);
    env_assert_fault(&t.env, PUCK_IOMMU_FAULT_BLOCKED, IOVA, false, 0);
    stop(&t);
}

/* Software cannot tell: SYNC is as fast as ever, and all is counted. */
static void test_sync_does_not_wait(void)
{
    uint64_t slot, before;
    Stale t;

    start(&t, "", "iommu.invalidate delay=1s");
    slot = page_of(&t.env, 0);
    before = env_r64(&t.env, PUCK_IOMMU_CNT_INVALIDATIONS);
    env_inv_page(&t.env, ENV_DOMAIN, IOVA);
    env_cmd(&t.env, (struct puck_iommu_cmd) {
        PUCK_IOMMU_CMD_SYNC, PUCK_IOMMU_SYNC_WRITE, .addr = slot, .data = 77
    });
    g_assert_cmpuint(qtest_readq(t.env.m.qts, slot), ==, 77);
    g_assert_cmpuint(env_r64(&t.env, PUCK_IOMMU_CNT_INVALIDATIONS), ==,
                     before + 1);
    stop(&t);
}

/* An entry that makes room for others, or is walked anew, is not stale. */
static void test_replaced(void)
{
    Stale t;

    start(&t, ",iotlb-entries=1", PAGE_RULE "drop");
    env_map(&t.env, IOVA, page_of(&t.env, OLD), RW);
    env_map(&t.env, IOVA + PAGE, page_of(&t.env, NEW), RW);
    edu_read(&t.env, IOVA, 8);
    env_inv_page(&t.env, ENV_DOMAIN, IOVA);
    edu_read(&t.env, IOVA, 8);
    g_assert_cmpuint(uses(&t.env), ==, 1);
    edu_read(&t.env, IOVA + PAGE, 8);
    edu_read(&t.env, IOVA, 8);
    edu_read(&t.env, IOVA, 8);
    g_assert_cmpuint(uses(&t.env), ==, 1);
    stop(&t);
}

static void test_reset_forgets(void)
{
    Stale t;

    start(&t, "", "iommu.invalidate nth=1 delay=200ms");
    env_inv_page(&t.env, ENV_DOMAIN, IOVA);
    env_w32(&t.env, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_RESET);
    env_program(&t.env);
    qtest_clock_step(t.env.m.qts, 500 * MS);
    g_assert_cmpuint(puck_log_count(t.log, "\"action\": \"delay\""), ==, 1);
    g_assert_cmpuint(puck_log_count(t.log, "expire"), ==, 0);
    env_assert_alive(&t.env);
    stop(&t);
}

/* There is an end to what waits: more are carried out at once. */
static void test_bad_flood(void)
{
    unsigned size = 1 << ENV_CQ_ORDER;
    Stale t;

    start(&t, "", "iommu.invalidate delay=60s");
    for (unsigned i = 0; i < size; i++) {
        env_put_cmd(&t.env, i, (struct puck_iommu_cmd) {
            PUCK_IOMMU_CMD_INV_PAGE, .id = ENV_DOMAIN, .addr = i * PAGE
        });
    }
    for (unsigned i = 0; i < PENDING_MAX / (size - 1) + 2; i++) {
        unsigned head = env_r32(&t.env, PUCK_IOMMU_CQ_HEAD);

        env_w32(&t.env, PUCK_IOMMU_CQ_TAIL, (head + size - 1) % size);
        puck_machine_settle(&t.env.m);
    }
    g_assert_cmpuint(puck_rule_hits(t.env.m.qts, t.rule), ==, PENDING_MAX);
    g_assert_cmpuint(puck_rule_seen(t.env.m.qts, t.rule), ==, PENDING_MAX);
    qtest_clock_step(t.env.m.qts, 61000ll * MS);
    g_assert_cmpuint(puck_log_count(t.log, "expire"), ==, PENDING_MAX);
    puck_rule_remove(t.env.m.qts, t.rule);
    env_assert_alive(&t.env);
    stop(&t);
}

/* A driver that sends nothing: CTRL.AUDIT finds it, and nobody else. */
static void test_audit(void)
{
    const char *use = "\"rule\": 0, \"event\": \"stale-use\"";
    Stale t;

    start(&t, ",audit=on", NULL);
    remap(&t.env, IOVA);
    g_assert_cmphex(seen_at(&t.env, IOVA), ==, OLD);
    g_assert_cmpuint(env_r64(&t.env, PUCK_IOMMU_CNT_STALE_HITS), ==, 1);
    g_assert_cmpuint(uses(&t.env), ==, 0);
    g_assert_cmpuint(puck_log_count(t.log, use), ==, 1);
    g_assert_cmpuint(puck_log_count(t.log, "\"since\""), ==, 0);
    g_assert_cmpint(puck_log_number(t.log, use, "age"), ==, 202 * MS);

    /* One that a rule keeps is said once, with the rule. */
    puck_rule_add(t.env.m.qts, PAGE_RULE "drop");
    env_inv_page(&t.env, ENV_DOMAIN, IOVA);
    edu_read(&t.env, IOVA, 8);
    g_assert_cmpuint(env_r64(&t.env, PUCK_IOMMU_CNT_STALE_HITS), ==, 2);
    g_assert_cmpuint(uses(&t.env), ==, 1);
    g_assert_cmpuint(puck_log_count(t.log, "stale-use"), ==, 2);
    stop(&t);
}

static void test_audit_off(void)
{
    Stale t;

    start(&t, "", NULL);
    remap(&t.env, IOVA);
    g_assert_cmphex(seen_at(&t.env, IOVA), ==, OLD);
    g_assert_cmpuint(puck_log_count(t.log, "stale-use"), ==, 0);
    stop(&t);
}

/* Saved while one invalidation waits for its time and one for a request. */
static void test_migration(void)
{
    g_autofree char *path = g_strdup_printf("%s/puck-iommu-late-%d",
                                            g_get_tmp_dir(), getpid());
    Stale from, to;
    int64_t now;

    start(&from, "", PAGE_RULE "delay=450ms");
    remap(&from.env, IOVA);
    remap(&from.env, IOVA + PAGE);
    puck_rule_add(from.env.m.qts, "iommu.invalidate "
                  "iova=0x34560001000-0x34560001fff nth=1 defer=4");
    env_inv_page(&from.env, ENV_DOMAIN, IOVA);
    env_inv_page(&from.env, ENV_DOMAIN, IOVA + PAGE);
    edu_read(&from.env, IOVA, 8);
    g_assert_cmpuint(uses(&from.env), ==, 1);
    now = qtest_clock_step(from.env.m.qts, MS);
    puck_machine_save(&from.env.m, path);

    to = from;
    env_move(&from.env, &to.env, path);
    env_stop(&from.env);
    /* The clock of a qtest does not travel with the machine. */
    qtest_clock_set(to.env.m.qts, now);
    g_assert_cmpuint(uses(&to.env), ==, 1);
    edu_read(&to.env, IOVA, 8);
    edu_read(&to.env, IOVA + PAGE, 8);
    g_assert_cmpuint(uses(&to.env), ==, 3);
    g_assert_cmpint(puck_log_number(to.log, "stale-use.*0x34560001000",
                                    "since"), ==, 203 * MS + EDU_NS);
    g_assert_cmpuint(puck_log_count(to.log, "expire"), ==, 0);

    /* The fourth request: that page is walked anew. Then the time is over. */
    g_assert_cmphex(seen_at(&to.env, IOVA + PAGE), ==, NEW);
    g_assert_cmphex(seen_at(&to.env, IOVA), ==, NEW);
    g_assert_cmpuint(uses(&to.env), ==, 3);
    g_assert_cmpuint(puck_log_count(to.log, "expire"), ==, 2);
    stop(&to);
    unlink(path);
}

/* The one place in the file where the late INV_PAGE is. */
static char *find_late(char *data, size_t len)
{
    struct {
        uint16_t opcode, id;
        uint64_t addr;
    } QEMU_PACKED late = {
        cpu_to_be16(PUCK_IOMMU_CMD_INV_PAGE), cpu_to_be16(ENV_DOMAIN),
        cpu_to_be64(IOVA),
    };
    char *found = NULL;

    for (size_t i = 0; i + sizeof(late) <= len; i++) {
        if (!memcmp(data + i, &late, sizeof(late))) {
            g_assert_null(found);
            found = data + i;
        }
    }
    g_assert_nonnull(found);
    return found;
}

static void test_bad_migration_stream(void)
{
    static const struct {
        int offset;     /* in the late command; the count stands before it */
        uint8_t value;
    } bad[] = {
        { 1, PUCK_IOMMU_CMD_SYNC }, { 1, 99 },
        { 11, 1 },      /* an address that is not aligned */
        { 4, 1 },       /* one past 2^48 */
        { 19, 1 },      /* a size, which INV_PAGE has not */
        { 23, 0 },      /* no rule */
        { 24, 0xff },   /* neither for a time nor for a request */
        { 39, 1 },      /* for both */
        { -2, 0x7f },   /* far too many */
        { -4, 0xff },   /* a negative number of them */
    };
    g_autofree char *path = g_strdup_printf("%s/puck-iommu-bad-late-%d",
                                            g_get_tmp_dir(), getpid());
    g_autofree char *data = NULL;
    char *late;
    gsize len;
    Stale t;

    start(&t, "", PAGE_RULE "delay=450ms");
    env_inv_page(&t.env, ENV_DOMAIN, IOVA);
    /* The ring must not look like it. */
    env_put_cmd(&t.env, env_r32(&t.env, PUCK_IOMMU_CQ_HEAD) - 1,
                (struct puck_iommu_cmd) { });
    puck_machine_save(&t.env.m, path);
    g_assert_true(g_file_get_contents(path, &data, &len, NULL));
    late = find_late(data, len);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        char before = late[bad[i].offset];

        late[bad[i].offset] = bad[i].value;
        g_assert_true(g_file_set_contents(path, data, len, NULL));
        puck_machine_load_fails(t.env.args, path);
        late[bad[i].offset] = before;
    }
    stop(&t);
    unlink(path);
}

#define ADD(name)   qtest_add_func("/puck-iommu/stale/" #name, test_ ## name)

void add_stale_tests(void)
{
    ADD(delay);
    ADD(log);
    ADD(defer);
    ADD(defer_one);
    ADD(drop);
    ADD(partial);
    ADD(partial_of_nothing);
    ADD(no_match);
    ADD(requester);
    ADD(context);
    ADD(sync_does_not_wait);
    ADD(replaced);
    ADD(reset_forgets);
    ADD(bad_flood);
    ADD(audit);
    ADD(audit_off);
    ADD(migration);
    ADD(bad_migration_stream);
}
