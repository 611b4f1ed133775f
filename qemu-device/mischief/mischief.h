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
 * One file a step: rule (text), match (does it fire), engine (the list, random
 * numbers), object (QOM, command line, QMP), log, window (the guest's face),
 * vmstate.
 *
 * Locking. The list has a lock of its own, a leaf: sites ask from any thread,
 * with or without the BQL, and with locks of their own held. Rules are changed,
 * and release callbacks run, under the BQL and without that lock.
 */
#ifndef PUCK_MISCHIEF_H
#define PUCK_MISCHIEF_H

#include "qemu/atomic.h"
#include "qemu/notify.h"
#include "migration/vmstate.h"
#include "abi/puck_mischief.h"

typedef enum PuckSite {
    PUCK_SITE_FENCE_COMPLETE,
    PUCK_SITE_IRQ_RAISE,
    PUCK_SITE_DMA_READ,
    PUCK_SITE_DMA_WRITE,
    PUCK_SITE_IOMMU_TRANSLATE,
    PUCK_SITE_IOMMU_INVALIDATE,
    PUCK_SITE_DEVICE,
    PUCK_SITE_COUNT,
} PuckSite;

/* Actions of all sites; which site has which is in rule.c. */
typedef enum PuckAction {
    PUCK_ACT_NONE,
    PUCK_ACT_DELAY,
    PUCK_ACT_HOLD,
    PUCK_ACT_REORDER_RINGS,
    PUCK_ACT_REORDER_WITHIN,
    PUCK_ACT_ERROR,
    PUCK_ACT_NEVER,
    PUCK_ACT_EARLY,
    PUCK_ACT_START,
    PUCK_ACT_DROP,
    PUCK_ACT_DUPLICATE,
    PUCK_ACT_COALESCE,
    PUCK_ACT_SPURIOUS,
    PUCK_ACT_FAULT,
    PUCK_ACT_CORRUPT_XOR,
    PUCK_ACT_CORRUPT_AND,
    PUCK_ACT_CORRUPT_OR,
    PUCK_ACT_TRUNCATE,
    PUCK_ACT_SPLIT,
    PUCK_ACT_REORDER,
    PUCK_ACT_DEFER,
    PUCK_ACT_PARTIAL,
    PUCK_ACT_STALL,
    PUCK_ACT_RESET_FAILS,
    PUCK_ACT_GONE,
    PUCK_ACT_BME_IGNORED,
    PUCK_ACT_COUNT,
} PuckAction;

#define PUCK_ACT_BIT(action)    (1u << (action))

/* Which members of an event, or of a rule's filters, mean anything. */
enum {
    PUCK_HAS_RING = 1 << 0,
    PUCK_HAS_SEQNO = 1 << 1,
    PUCK_HAS_REQUESTER = 1 << 2,
    PUCK_HAS_IOVA = 1 << 3,         /* iova and len */
    PUCK_HAS_DIR = 1 << 4,
    PUCK_HAS_VECTOR = 1 << 5,
    PUCK_HAS_DEVICE = 1 << 6,       /* filters only: an event always has it */
};

/* Something that happens at a site, and what could be done about it. */
typedef struct PuckEvent {
    PuckSite site;
    uint32_t can;               /* PUCK_ACT_BIT() of the actions possible here */
    uint32_t has;               /* PUCK_HAS_* */
    const char *device;         /* id */
    uint32_t ring;
    uint32_t seqno;
    uint32_t vector;
    uint16_t requester;
    bool is_write;
    uint64_t iova;
    uint64_t len;
    /*
     * An invalidation is for a domain: whether @requester is of it. Called
     * with the list's lock held; NULL where the event has a requester.
     */
    bool (*is_requester)(const struct PuckEvent *ev, uint16_t requester);
    void *opaque;               /* the caller's own */
} PuckEvent;

/* What shall be done. */
typedef struct PuckVerdict {
    PuckAction action;
    uint32_t rule;              /* its number, from 1 */
    bool has_value;             /* "early" and "stall" without a time: held */
    uint64_t value;             /* ns as drawn, count, byte, size, seqno */
} PuckVerdict;

/* Number of rules for each site. Atomic. */
extern unsigned puck_mischief_rules[PUCK_SITE_COUNT];

static inline bool puck_mischief_armed(PuckSite site)
{
    return unlikely(qatomic_read(&puck_mischief_rules[site]));
}

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

/* Makes the mischief object if the user did not. At realize, under the BQL. */
void puck_mischief_init(void);

/*
 * @notifier is called with a pointer to the number (uint32_t) of a rule whose
 * held things shall go on. Under the BQL.
 */
void puck_mischief_add_release_notifier(Notifier *notifier);
void puck_mischief_remove_release_notifier(Notifier *notifier);

/* window.c: the guest's window of one device. Under the BQL. */
typedef struct PuckMischiefWindow {
    uint32_t arg;
    uint32_t result;
    uint32_t id;
    uint32_t column;
    uint64_t seen;
    uint64_t hits;
    uint8_t text[PUCK_MISCHIEF_TEXT_SIZE];
} PuckMischiefWindow;

/*
 * @offset is relative to the window. False: there is no such register, or it
 * cannot be accessed so; the device then does what it does with all such.
 */
bool puck_mischief_window_read(PuckMischiefWindow *w, uint64_t offset,
                               unsigned size, uint64_t *value);
bool puck_mischief_window_write(PuckMischiefWindow *w, uint64_t offset,
                                unsigned size, uint64_t value);
void puck_mischief_window_reset(PuckMischiefWindow *w);
extern const VMStateDescription vmstate_puck_mischief_window;

#endif /* PUCK_MISCHIEF_H */
