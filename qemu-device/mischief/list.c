/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: the list of rules, and the question whether one of them fires.
 */

#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "list.h"
#include "hw/puck/common/trace.h"

QemuMutex puck_mischief_lock;

/* Written with the lock held. */
unsigned puck_mischief_rules[PUCK_SITE_COUNT];

/*
 * The rules, in the order of their numbers. What changes them has the BQL and
 * puck_mischief_lock.
 */
static struct {
    PuckRuleState rules[PUCK_MISCHIEF_RULES_MAX];
    unsigned count;
    uint32_t next_id;
    uint64_t seed;
} list = { .next_id = 1 };

/* Under the BQL. */
static NotifierList release_notifiers =
    NOTIFIER_LIST_INITIALIZER(release_notifiers);

static void __attribute__((constructor)) init_lock(void)
{
    qemu_mutex_init(&puck_mischief_lock);
}

bool puck_mischief_ask_rules(const PuckEvent *ev, PuckVerdict *verdict)
{
    QEMU_LOCK_GUARD(&puck_mischief_lock);

    for (unsigned i = 0; i < list.count; i++) {
        PuckRuleState *st = &list.rules[i];

        if (!puck_rule_filter(&st->rule, ev) || !puck_rule_fires(st)) {
            continue;
        }
        *verdict = (PuckVerdict) {
            .action = st->rule.action,
            .rule = st->id,
            .has_value = st->rule.draw != PUCK_DRAW_NONE,
            .value = puck_rule_draw(st),
        };
        trace_puck_mischief(ev->device ?: "", puck_site_name(ev->site),
                            st->id, puck_action_name(verdict->action),
                            verdict->value);
        puck_log_verdict_locked(ev, verdict);
        return true;
    }
    return false;
}

static void count_sites_locked(void)
{
    unsigned counts[PUCK_SITE_COUNT] = { };

    for (unsigned i = 0; i < list.count; i++) {
        counts[list.rules[i].rule.site]++;
    }
    for (unsigned i = 0; i < PUCK_SITE_COUNT; i++) {
        qatomic_set(&puck_mischief_rules[i], counts[i]);
    }
}

static PuckRuleState *find(uint32_t id)
{
    for (unsigned i = 0; i < list.count; i++) {
        if (list.rules[i].id == id) {
            return &list.rules[i];
        }
    }
    return NULL;
}

void puck_rules_clear(void)
{
    QEMU_LOCK_GUARD(&puck_mischief_lock);
    list.count = 0;
    list.next_id = 1;
    count_sites_locked();
}

void puck_rules_set_seed(uint64_t seed)
{
    QEMU_LOCK_GUARD(&puck_mischief_lock);
    list.seed = seed;
}

uint64_t puck_rules_seed(void)
{
    return list.seed;
}

unsigned puck_rules_count(void)
{
    return list.count;
}

uint32_t puck_rules_add(const char *text, size_t len, uint32_t *id,
                         PuckRuleError *err)
{
    PuckRule rule;

    if (!puck_rule_parse(text, len, &rule, err)) {
        return PUCK_MISCHIEF_ERR_SYNTAX;
    }
    /* The last number is never given away, so that there is a next one. */
    if (list.count == ARRAY_SIZE(list.rules) || list.next_id == UINT32_MAX) {
        return PUCK_MISCHIEF_ERR_FULL;
    }
    *id = list.next_id;
    WITH_QEMU_LOCK_GUARD(&puck_mischief_lock) {
        puck_rule_start(&list.rules[list.count], &rule, list.next_id,
                        list.seed);
        list.count++;
        list.next_id++;
        count_sites_locked();
    }
    return PUCK_MISCHIEF_OK;
}

static void remove_locked(PuckRuleState *st)
{
    PuckRuleState *end = &list.rules[list.count];

    memmove(st, st + 1, (char *)end - (char *)(st + 1));
    list.count--;
    count_sites_locked();
}

/*
 * The rule leaves the list before its things are released: so nothing comes
 * to be held by it any more.
 */
uint32_t puck_rules_remove(uint32_t id)
{
    PuckRuleState *st = find(id);

    if (!st) {
        return PUCK_MISCHIEF_ERR_NO_RULE;
    }
    WITH_QEMU_LOCK_GUARD(&puck_mischief_lock) {
        remove_locked(st);
    }
    notifier_list_notify(&release_notifiers, &id);
    return PUCK_MISCHIEF_OK;
}

uint32_t puck_rules_release(uint32_t id)
{
    if (!find(id)) {
        return PUCK_MISCHIEF_ERR_NO_RULE;
    }
    notifier_list_notify(&release_notifiers, &id);
    return PUCK_MISCHIEF_OK;
}

void puck_mischief_add_release_notifier(Notifier *notifier)
{
    notifier_list_add(&release_notifiers, notifier);
}

void puck_mischief_remove_release_notifier(Notifier *notifier)
{
    notifier_remove(notifier);
}

bool puck_rules_show(unsigned index, PuckRuleInfo *info)
{
    QEMU_LOCK_GUARD(&puck_mischief_lock);

    if (index >= list.count) {
        return false;
    }
    *info = (PuckRuleInfo) {
        .id = list.rules[index].id,
        .seen = list.rules[index].seen,
        .hits = list.rules[index].hits,
    };
    puck_rule_format(&list.rules[index].rule, info->text);
    return true;
}

void puck_rules_save(PuckSavedRules *saved)
{
    QEMU_LOCK_GUARD(&puck_mischief_lock);

    memset(saved, 0, sizeof(*saved));
    saved->seed = list.seed;
    saved->next_id = list.next_id;
    saved->count = list.count;
    for (unsigned i = 0; i < list.count; i++) {
        const PuckRuleState *st = &list.rules[i];
        PuckSavedRule *s = &saved->rules[i];

        s->id = st->id;
        s->seen = st->seen;
        s->hits = st->hits;
        s->random = st->random;
        puck_rule_format(&st->rule, (char *)s->text);
    }
}

/* @after is the number of the rule before it. */
static bool load_rule(const PuckSavedRule *s, uint32_t after,
                      uint32_t next_id, PuckRuleState *st)
{
    size_t len = strnlen((const char *)s->text, sizeof(s->text));
    PuckRuleError err;

    if (s->id <= after || s->id >= next_id || s->hits > s->seen) {
        return false;
    }
    *st = (PuckRuleState) {
        .id = s->id,
        .seen = s->seen,
        .hits = s->hits,
        .random = s->random,
    };
    return puck_rule_parse((const char *)s->text, len, &st->rule, &err);
}

bool puck_rules_load(const PuckSavedRules *saved)
{
    g_autofree PuckRuleState *rules = g_new0(PuckRuleState,
                                             PUCK_MISCHIEF_RULES_MAX);
    uint32_t last = 0;

    if (saved->count > PUCK_MISCHIEF_RULES_MAX || !saved->next_id) {
        return false;
    }
    for (unsigned i = 0; i < saved->count; i++) {
        if (!load_rule(&saved->rules[i], last, saved->next_id, &rules[i])) {
            return false;
        }
        last = rules[i].id;
    }
    QEMU_LOCK_GUARD(&puck_mischief_lock);
    memcpy(list.rules, rules, sizeof(list.rules));
    list.count = saved->count;
    list.next_id = saved->next_id;
    list.seed = saved->seed;
    count_sites_locked();
    return true;
}
