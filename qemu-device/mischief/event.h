/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: sites, actions, and what a site tells and is told. Plain C.
 */
#ifndef PUCK_MISCHIEF_EVENT_H
#define PUCK_MISCHIEF_EVENT_H

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
    uint32_t can;               /* PUCK_ACT_BIT() of what can be done here */
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

#endif /* PUCK_MISCHIEF_EVENT_H */
