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
    PUCK_SITE_CAM_FRAME,
    PUCK_SITE_GPU_TRANSLATE,
    PUCK_SITE_GPU_FLUSH,
    PUCK_SITE_DISPLAY_VBLANK,
    PUCK_SITE_DISPLAY_FLIP,
    PUCK_SITE_DISPLAY_FRAME,
    PUCK_SITE_DISPLAY_HOTPLUG,
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
    PUCK_ACT_LINE,
    PUCK_ACT_RESIZE,
    PUCK_ACT_RENUMBER,
    PUCK_ACT_SHIFT,
    PUCK_ACT_PAST,
    PUCK_ACT_TORN,
    PUCK_ACT_UNDERRUN,
    PUCK_ACT_COUNT,
} PuckAction;

/* Sets of sites and of actions: one bit of 64 for each of them. */
#define PUCK_SITE_BIT(site)     (1ull << (site))
#define PUCK_ACT_BIT(action)    (1ull << (action))

_Static_assert(PUCK_SITE_COUNT <= 64, "each site has a bit");
_Static_assert(PUCK_ACT_COUNT <= 64, "each action has a bit");

/*
 * Properties of an event, as a set. They migrate with the messages that are
 * late (msi.c), so that a bit keeps its meaning.
 */
#define PUCK_HAS_RING           (1ull << 0)
#define PUCK_HAS_SEQNO          (1ull << 1)
#define PUCK_HAS_REQUESTER      (1ull << 2)
#define PUCK_HAS_IOVA           (1ull << 3)     /* iova and len */
#define PUCK_HAS_DIR            (1ull << 4)
#define PUCK_HAS_VECTOR         (1ull << 5)
/* Not in the set of an event, which has a device if that is not NULL. */
#define PUCK_HAS_DEVICE         (1ull << 6)
#define PUCK_HAS_FRAME          (1ull << 7)
#define PUCK_HAS_VM             (1ull << 8)
#define PUCK_HAS_VA             (1ull << 9)     /* va and len */
#define PUCK_HAS_HEAD           (1ull << 10)

/* Something that happens at a site, and what could be done about it. */
typedef struct PuckEvent {
    PuckSite site;
    uint64_t can;               /* PUCK_ACT_BIT() of what can be done here */
    uint64_t has;               /* PUCK_HAS_* of the members that are set */
    const char *device;         /* id */
    uint32_t ring;
    uint32_t seqno;
    uint32_t frame;
    uint32_t vector;
    uint32_t head;
    uint16_t requester;
    bool is_write;
    uint64_t iova;              /* an event has this or a va, or neither */
    uint64_t len;
    uint32_t vm;
    uint64_t va;
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
