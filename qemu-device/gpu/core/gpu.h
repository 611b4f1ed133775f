/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the device's state, and what its steps offer each other.
 *
 * One file a step: regs (register access), ring (doorbell, fetch), command
 * (rules), job (one command in work, on which thread), lists (fetches its
 * lists), segments (their rules), engine (what is done to bytes), dma (guest
 * memory), fence (completion stage), error (error queue), irq, scanout, props,
 * vmstate, device (QOM). The contract is docs/specs/gpu.rst.
 *
 * What rules of docs/specs/mischief.rst ask for is where the event is. Steps of
 * its own are access (a command worked access by access), early (a fence before
 * its job), gone (surprise removal) and release.
 *
 * Locking. All of PuckGpu and its rings is under the BQL. A job that runs on a
 * thread of its own reads what never changes after realize (sizes, VRAM) and
 * what is atomic, owns its PuckJob, and moves bytes only with the gate of its
 * job held: see job.h. It holds a reference to the device.
 *
 * Time. No hold of the BQL is long: see ../hold.h, ring.c, and cost.h for what
 * each thing costs.
 */
#ifndef PUCK_GPU_H
#define PUCK_GPU_H

#include "hw/pci/pci_device.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "ui/console.h"
#include "hw/puck/common/compat.h"
#include "hw/puck/common/hold.h"
#include "hw/puck/mischief/msi.h"
#include "hw/puck/mischief/window.h"
#include "hw/puck/gpu/engine/command.h"

#define TYPE_PUCK_GPU "puck-gpu"
OBJECT_DECLARE_SIMPLE_TYPE(PuckGpu, PUCK_GPU)

/* A guest broke the contract. Never more than one line a guest access. */
#define puck_gpu_guest_error(fmt, ...) \
    qemu_log_mask(LOG_GUEST_ERROR, "puck-gpu: " fmt "\n", ## __VA_ARGS__)

#define PUCK_NO_TIME    (-1)    /* what a time that runs out is if none does */

typedef struct PuckJob PuckJob;

/* The registers of the completion stage. */
typedef struct PuckStage {
    uint64_t start_delay;
    uint64_t delay;
    uint64_t jitter;
    uint64_t seed;
    uint32_t hold;
} PuckStage;

/* What a rule does to a fence in the completion stage. */
typedef enum PuckMark {
    PUCK_MARK_NONE,
    PUCK_MARK_DELAYED,          /* is to be logged when due */
    PUCK_MARK_HELD,
    PUCK_MARK_NEVER,
    PUCK_MARK_RINGS,            /* behind a fence of another ring */
    PUCK_MARK_WITHIN,           /* behind the next fence of the ring */
    PUCK_MARK_EARLY,            /* its job waits for it */
    PUCK_MARK_COUNT,
} PuckMark;

/* A fence in the completion stage. */
typedef struct PuckFence {
    int64_t due;                /* on the virtual clock */
    uint32_t seqno;
    uint16_t flags;             /* of its command */
    uint16_t index;             /* of its command */
    bool held;                  /* told to the trace */
    bool let_go;                /* no rule holds it; that is to be logged */
    uint8_t mark;               /* PuckMark */
    uint32_t rule;              /* that marked it */
} PuckFence;

typedef enum PuckEarlyState {
    PUCK_EARLY_NONE,
    PUCK_EARLY_FENCE,           /* the fence is in the stage, the job waits */
    PUCK_EARLY_WAIT,            /* the fence is complete, the job waits */
    PUCK_EARLY_WORK,            /* the job's FENCE will be passed over */
    PUCK_EARLY_COUNT,
} PuckEarlyState;

/* A job whose fence comes before its commands are executed. */
typedef struct PuckEarly {
    uint32_t state;             /* PuckEarlyState */
    uint32_t rule;
    uint32_t index;             /* of the FENCE in the ring */
    uint32_t seqno;
    int64_t time;               /* from fence to job; PUCK_NO_TIME: released */
    int64_t until;              /* while it waits; the same */
    QEMUTimer *timer;
} PuckEarly;

/* Something that a rule stopped. */
typedef struct PuckStall {
    uint32_t rule;              /* 0: it is not stopped */
    int64_t until;              /* or PUCK_NO_TIME: until released */
    QEMUTimer *timer;
} PuckStall;

#define PUCK_ACCESS_MAX 4096

/* A write to memory that lands behind the next access. */
typedef struct PuckLateWrite {
    uint32_t rule;
    uint32_t len;               /* 0: there is none */
    bool next;                  /* it is its turn */
    uint32_t desc;
    uint64_t addr;
    uint8_t bytes[PUCK_ACCESS_MAX];
} PuckLateWrite;

/* How far a command is that is worked on access by access. */
typedef struct PuckAccess {
    bool active;
    uint32_t index;             /* of the command in the ring */
    uint32_t seqno;             /* of the command */
    uint32_t step;              /* of the access under way */
    uint32_t action;            /* what a rule said of it: PuckAction */
    uint32_t rule;
    uint64_t value;
    int64_t until;              /* waits so long, or PUCK_NO_TIME */
    int64_t translated;         /* has waited so long for the IOMMU, or 0 */
    uint64_t read;              /* bytes of the source */
    uint64_t written;           /* bytes of the destination */
    uint32_t crc;
    uint32_t have;              /* bytes read that are not written yet */
    uint8_t bytes[2 * PUCK_ACCESS_MAX];
    PuckLateWrite late;
    QEMUTimer *timer;
} PuckAccess;

typedef struct PuckRing {
    PuckGpu *gpu;
    unsigned index;

    uint64_t base;
    uint32_t enabled;
    uint32_t halted;
    uint32_t head;
    uint32_t tail;
    uint64_t wb_addr;
    uint32_t seqno;
    uint32_t stop_head;
    PuckStage stage;
    PuckStage stage_reset;      /* what the command line asked for */
    bool seed_given;

    int64_t start_at;           /* or PUCK_NO_TIME */
    uint64_t jitter_state;
    uint32_t credits;           /* of RELEASE */
    uint32_t num_fences;
    uint32_t let_go;            /* fences that are */
    PuckFence fences[PUCK_GPU_FENCES_MAX];
    QEMUTimer *start_timer;
    QEMUTimer *fence_timer;

    PuckJob *job;               /* the command in work */
    PuckWork work;              /* what there was no time for yet */
    bool stepping;              /* its steps are on the stack */
    bool again;                 /* and it was kicked meanwhile */
    uint32_t generation;        /* changes with each reset and ENABLE */
    bool resetting;             /* waits for @job to stop */

    /* Mischief. */
    uint32_t reset_rule;        /* lets RESET fail, or 0 */
    bool in_job;                /* at the head is not the first of a job */
    bool within;                /* a fence is PUCK_MARK_WITHIN */
    PuckStall stall;
    PuckEarly early;
    PuckAccess access;
} PuckRing;

typedef struct PuckErrorRecord {
    uint32_t info;
    uint32_t seqno;
    uint32_t desc;
    uint64_t addr;
} PuckErrorRecord;

typedef struct PuckErrorQueue {
    uint32_t count;
    uint32_t lost;
    PuckErrorRecord records[PUCK_GPU_ERR_DEPTH];
} PuckErrorQueue;

typedef struct PuckScanout {
    uint32_t enable;
    uint32_t format;
    uint64_t offset;
    uint32_t width;
    uint32_t height;
    uint32_t pitch;
} PuckScanout;

struct PuckGpu {
    PCIDevice parent_obj;

    /* Options; num_rings and vram_size are checked at realize. */
    uint64_t vram_size;
    uint32_t num_rings;
    uint32_t seg_len_max;
    uint64_t seed;
    uint64_t inline_bytes;
    uint32_t threads;

    MemoryRegion mmio;
    MemoryRegion vram;
    QemuConsole *con;
    VMChangeStateEntry *vm_state;
    unsigned pool_threads;      /* its share of them */
    bool paused;                /* jobs shall move no byte; atomic */
    bool master;                /* on the bus; atomic, see dma.c */

    uint32_t irq_status;
    uint32_t irq_enable;
    PuckErrorQueue errors;
    PuckScanout scanout;
    PuckScanout shown;          /* what the console's surface was made for */
    PuckRing rings[PUCK_GPU_RINGS_MAX];

    PuckMsiStage messages;
    uint32_t reordered;         /* bit r: ring r has PUCK_MARK_RINGS */

    /* Mischief. */
    PuckMischiefWindow window;
    Notifier release;
    uint32_t reset_rule;        /* lets CTRL.RESET fail, or 0 */
    PuckStall gone;
    MemoryRegion ones[2];       /* over VRAM and MSI-X while gone */
};

static inline const char *puck_gpu_name(PuckGpu *s)
{
    const char *id = DEVICE(s)->id;

    return id ? id : TYPE_PUCK_GPU;
}

/* An event at @site that belongs to no ring, or to @ring. */
static inline PuckEvent puck_gpu_event(PuckGpu *s, PuckSite site, uint32_t can)
{
    return (PuckEvent) { .site = site, .can = can, .device = puck_gpu_name(s) };
}

static inline PuckEvent puck_ring_event(PuckRing *ring, PuckSite site,
                                        uint32_t can)
{
    PuckEvent ev = puck_gpu_event(ring->gpu, site, can);

    ev.has = PUCK_HAS_RING;
    ev.ring = ring->index;
    return ev;
}

static inline PuckEvent puck_job_event(PuckRing *ring, uint32_t seqno,
                                       PuckSite site, uint32_t can)
{
    PuckEvent ev = puck_ring_event(ring, site, can);

    ev.has |= PUCK_HAS_SEQNO;
    ev.seqno = seqno;
    return ev;
}

/* regs.c */
void puck_gpu_regs_init(PuckGpu *s);

/* ring.c */
void puck_ring_init(PuckGpu *s, unsigned index);
void puck_ring_exit(PuckRing *ring);
uint32_t puck_ring_status(PuckRing *ring);
void puck_ring_set_ctrl(PuckRing *ring, uint32_t value);
void puck_ring_doorbell(PuckRing *ring, uint32_t tail);
/*
 * Does what there is to do: completes fences, executes commands. As much as one
 * hold allows, and the rest later. For writes to registers.
 */
void puck_ring_run(PuckRing *ring);
/* The same, but all of it later. For all others, and within a step. */
void puck_ring_kick(PuckRing *ring);
/* @job, the ring's, does not run any more. */
void puck_ring_job_stopped(PuckRing *ring, PuckJob *job);
/* RESET as software asks for it: the job in work stops when it gets to it. */
void puck_ring_reset(PuckRing *ring);
/* RESET ends where a rule let it fail. */
void puck_ring_release_reset(PuckRing *ring);
/* The ring fetches again. */
void puck_ring_release_stall(PuckRing *ring, const char *why);
/*
 * Reset of the device: nothing of the ring is left when this returns. That may
 * wait for a step of a thread: so all rings are told to stop first.
 */
void puck_ring_stop(PuckRing *ring);
void puck_ring_kill(PuckRing *ring);
/* Registers into the state after power-on; after one of the two above. */
void puck_ring_reset_regs(PuckRing *ring);
/* Stops all that is on its way, or goes on: the machine stops or runs. */
void puck_ring_pause(PuckRing *ring);
void puck_ring_resume(PuckRing *ring);
static inline uint32_t puck_ring_size(const PuckRing *ring)
{
    return 1u << (ring->base & PUCK_GPU_RING_BASE_ORDER);
}
/* Where the command @index is. */
static inline uint64_t puck_ring_slot(const PuckRing *ring, uint32_t index)
{
    return (ring->base & PUCK_GPU_RING_BASE_ADDR) +
           index * sizeof(struct puck_gpu_cmd);
}

/* fence.c */
void puck_fence_init(PuckRing *ring);
void puck_fence_exit(PuckRing *ring);
bool puck_fence_room(const PuckRing *ring);
/* False if it fails, by a rule. */
bool puck_fence_enter(PuckRing *ring, const PuckCmd *cmd, uint32_t index);
/* The same for a fence whose job, marked by @rule, comes behind it. */
void puck_fence_enter_early(PuckRing *ring, const PuckCmd *cmd, uint32_t index,
                            uint32_t rule);
/*
 * Completes the fence that is next if it is due. False if there is none; then a
 * timer is set for it.
 */
bool puck_fence_step(PuckRing *ring, PuckHold *hold);
void puck_fence_drop(PuckRing *ring);
/* What @rule holds goes on with the next steps of the ring. */
void puck_fence_release(PuckRing *ring, uint32_t rule);
bool puck_fence_holding(const PuckRing *ring);
void puck_stage_set_time(uint64_t *reg, uint64_t ns);
void puck_stage_set_seed(PuckRing *ring, uint64_t seed);
void puck_stage_set_hold(PuckRing *ring, bool hold);
void puck_stage_release(PuckRing *ring, uint32_t count);

/* early.c: a job whose fence comes first */
void puck_early_init(PuckRing *ring);
void puck_early_exit(PuckRing *ring);
void puck_early_drop(PuckRing *ring);
/*
 * Asks about the job that @cmd, which is at the head, begins. True if it shall
 * wait for its fence.
 */
bool puck_early_begins(PuckRing *ring, const PuckCmd *cmd, PuckHold *hold);
/* Its fence is complete. */
void puck_early_completed(PuckRing *ring);
void puck_early_release(PuckRing *ring, uint32_t rule);
static inline bool puck_early_waits(const PuckRing *ring)
{
    return ring->early.state == PUCK_EARLY_FENCE ||
           ring->early.state == PUCK_EARLY_WAIT;
}
/* The FENCE at @index has been in the stage already. Ends it. */
bool puck_early_passes(PuckRing *ring, uint32_t index);

/* access.c: what of it is migrated */
bool puck_access_to_save(const PuckRing *ring);
bool puck_access_valid(const PuckAccess *a);
void puck_access_init(PuckRing *ring);
void puck_access_exit(PuckRing *ring);
/* Forgets how far it was; the job is stopped by whoever calls. */
void puck_access_drop(PuckRing *ring);

/* gone.c: surprise removal */
void puck_gone_init(PuckGpu *s);
void puck_gone_exit(PuckGpu *s);
/* Whether an access to a register, of @ring or NULL, finds nobody there. */
bool puck_gone_at_access(PuckGpu *s, PuckRing *ring);
/* Comes back as after power-on. */
void puck_gone_release(PuckGpu *s, const char *why);
/* A reset brings it back, too. */
void puck_gone_reset(PuckGpu *s);
/* The regions and the timer as @s->gone says, which was loaded. */
void puck_gone_loaded(PuckGpu *s);

/* release.c: "release rule r" */
void puck_release_init(PuckGpu *s);
void puck_release_exit(PuckGpu *s);

/* dma.c */
void puck_dma_set_master(PuckGpu *s, bool master);

/* error.c */
void puck_error_report(PuckRing *ring, uint32_t seqno, uint32_t index,
                       const PuckFault *fault);
void puck_error_pop(PuckErrorQueue *q);

/* irq.c */
int puck_irq_init(PuckGpu *s, Error **errp);
void puck_irq_exit(PuckGpu *s);
void puck_irq_fence(PuckRing *ring, uint32_t seqno);
void puck_irq_raise(PuckGpu *s, uint32_t causes);
void puck_irq_enable(PuckGpu *s, uint32_t causes);

/* scanout.c */
void puck_scanout_init(PuckGpu *s);
void puck_scanout_exit(PuckGpu *s);
bool puck_scanout_valid(const PuckScanout *scanout, uint64_t vram_size);
void puck_scanout_enable(PuckGpu *s, bool enable);

/* props.c */
void puck_gpu_class_add_props(ObjectClass *klass);

/* device.c */
/* Of all rings nothing is left. */
void puck_gpu_kill_rings(PuckGpu *s);
void puck_gpu_reset_regs(PuckGpu *s);
/* Configuration space was written or loaded. */
void puck_gpu_config_changed(PuckGpu *s);
/* CTRL.RESET, unless a rule lets it fail; then it can be released. */
void puck_gpu_reset_ctrl(PuckGpu *s);
void puck_gpu_release_reset(PuckGpu *s);

/* vmstate.c */
extern const VMStateDescription vmstate_puck_gpu;

/* vmstate-mischief.c: subsections for what rules hold, ending in NULL */
extern const VMStateDescription * const puck_gpu_mischief_subsections[];
extern const VMStateDescription * const puck_ring_mischief_subsections[];
/* What a state without them means. */
void puck_gpu_mischief_pre_load(PuckGpu *s);
void puck_ring_mischief_pre_load(PuckRing *ring);
/* Checks what was loaded and sets timers. False if it is bad. */
bool puck_gpu_mischief_loaded(PuckGpu *s);
bool puck_ring_mischief_loaded(PuckRing *ring);

#endif /* PUCK_GPU_H */
