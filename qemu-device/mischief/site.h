/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: what a device with sites has to know. docs/specs/mischief.rst is
 * the contract.
 *
 * A site asks puck_mischief_ask() about each event. That costs one load as long
 * as there is no rule for the site. The answer is one action; what the device
 * then does is in the device, and what it holds back on the way is marked with
 * the number of the rule, so that it can be released.
 *
 * One file a step: scan (text), words (as tables), rule (from text), format (to
 * text), match (does it fire), draw (random delays), list (of the rules),
 * device (QOM, command line, QMP), log, logfile, window (the guest's face),
 * vmstate; msi (what both devices do at irq.raise).
 *
 * Locking. The list has a lock of its own, a leaf: sites ask from any thread,
 * with or without the BQL, and with locks of their own held. Rules are changed,
 * and release callbacks run, under the BQL and without that lock.
 */
#ifndef PUCK_MISCHIEF_SITE_H
#define PUCK_MISCHIEF_SITE_H

#include "qemu/atomic.h"
#include "qemu/notify.h"
#include "event.h"

/* Number of rules for each site. Atomic. */
extern unsigned puck_mischief_rules[PUCK_SITE_COUNT];

static inline bool puck_mischief_armed(PuckSite site)
{
    return unlikely(qatomic_read(&puck_mischief_rules[site]));
}

/*
 * What asking costs where there are rules, in ns as estimated: 64 of them that
 * look at the event, and a line of the log.
 */
#define PUCK_ASK_NS     10000

bool puck_mischief_ask_rules(const PuckEvent *ev, PuckVerdict *verdict);

/*
 * Asks the rules about @ev. If one fires it is counted and logged, and true is
 * returned. From any thread.
 */
static inline bool puck_mischief_ask(const PuckEvent *ev, PuckVerdict *verdict)
{
    return puck_mischief_armed(ev->site) &&
           puck_mischief_ask_rules(ev, verdict);
}

/*
 * Logs what followed from @rule later: "release", "expire". @ev as at the
 * time. From any thread.
 */
void puck_mischief_log_event(const PuckEvent *ev, uint32_t rule,
                             const char *what);
/* The same for a use of a stale entry; @since < 0 if it is not known. */
void puck_mischief_log_stale(const PuckEvent *ev, uint32_t rule, uint64_t pa,
                             int64_t age, int64_t since);

/*
 * At realize, under the BQL: the machine gets a puck-mischief when all devices
 * of the command line are made, if the user has named none.
 */
void puck_mischief_init(void);

/*
 * @notifier is called with a pointer to the number (uint32_t) of a rule whose
 * held things shall go on. Under the BQL.
 */
void puck_mischief_add_release_notifier(Notifier *notifier);
void puck_mischief_remove_release_notifier(Notifier *notifier);

#endif /* PUCK_MISCHIEF_SITE_H */
