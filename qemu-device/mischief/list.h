/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: the list of rules, for the files of this folder.
 *
 * What changes the list runs under the BQL. What reads it, takes the lock too,
 * unless said otherwise.
 */
#ifndef PUCK_MISCHIEF_ENGINE_H
#define PUCK_MISCHIEF_ENGINE_H

#include "qemu/thread.h"
#include "migration/vmstate.h"
#include "abi/puck_mischief.h"
#include "match.h"
#include "site.h"

/* Protects rules, counters, random states and the log. Nothing is inside. */
extern QemuMutex puck_mischief_lock;

/* A rule as it is shown. */
typedef struct PuckRuleInfo {
    uint32_t id;
    uint64_t seen;
    uint64_t hits;
    char text[PUCK_RULE_TEXT_MAX + 1];
} PuckRuleInfo;

/* A rule as it migrates, and all of them. */
typedef struct PuckSavedRule {
    uint32_t id;
    uint64_t seen;
    uint64_t hits;
    uint64_t random;
    uint8_t text[PUCK_RULE_TEXT_MAX + 1];
} PuckSavedRule;

typedef struct PuckSavedRules {
    uint64_t seed;
    uint32_t next_id;
    uint32_t count;
    PuckSavedRule rules[PUCK_MISCHIEF_RULES_MAX];
} PuckSavedRules;

/*
 * All under the BQL. Those that return a number return one of the results of
 * the guest's window.
 */
void puck_rules_clear(void);       /* as if there had never been a rule */
void puck_rules_set_seed(uint64_t seed);
uint64_t puck_rules_seed(void);
uint32_t puck_rules_add(const char *text, size_t len, uint32_t *id,
                         PuckRuleError *err);
uint32_t puck_rules_remove(uint32_t id);
uint32_t puck_rules_release(uint32_t id);
unsigned puck_rules_count(void);
/* The rule at @index in the order of the numbers; false if there is none. */
bool puck_rules_show(unsigned index, PuckRuleInfo *info);
void puck_rules_save(PuckSavedRules *saved);
/* False, and nothing changed, if @saved is no possible state. */
bool puck_rules_load(const PuckSavedRules *saved);

/* device.c: whether the guest may change rules. Under the BQL. */
bool puck_mischief_guest_may(void);

/* log.c */
void puck_log_verdict_locked(const PuckEvent *ev, const PuckVerdict *verdict);

extern const VMStateDescription vmstate_puck_mischief;

#endif /* PUCK_MISCHIEF_ENGINE_H */
