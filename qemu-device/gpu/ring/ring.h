/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: a ring: its registers, its fences, and its command in work. Under
 * the BQL.
 */
#ifndef PUCK_GPU_RING_RING_H
#define PUCK_GPU_RING_RING_H

#include "hw/puck/gpu/core/device.h"
#include "hw/puck/gpu/engine/job.h"
#include "hw/puck/gpu/render3d/job.h"
#include "early.h"
#include "fence.h"
#include "skip.h"

/* What halted a ring; bits of PuckRing.halted. */
#define PUCK_HALT_COMMAND   1u  /* the command at the head */
#define PUCK_HALT_OTHER     2u  /* what SKIP cannot pass: RESET alone helps */
#define PUCK_HALT_ALL       3u

struct PuckRing {
    PuckGpu *gpu;
    unsigned index;

    uint64_t base;
    uint32_t enabled;
    uint32_t halted;            /* bits PUCK_HALT_* */
    uint32_t head;
    uint32_t tail;
    uint64_t wb_addr;
    uint32_t seqno;
    uint32_t stop_head;
    PuckStage stage;
    PuckStage stage_reset;      /* what the command line asked for */
    bool seed_given;            /* by the command line */

    int64_t start_at;           /* of a ring that was idle, or PUCK_NO_TIME */
    uint64_t jitter_state;
    uint32_t credits;           /* fences that RELEASE lets pass HOLD */
    uint32_t num_fences;
    uint32_t let_go;            /* how many of them have PuckFence.let_go */
    PuckFence fences[PUCK_GPU_RING_FENCES_MAX_VALUE];
    QEMUTimer *start_timer;     /* NULL: the device was unplugged */
    QEMUTimer *fence_timer;

    PuckJob *job;               /* the command in work */
    PuckRenderJob *render_job;  /* the same, of a ring of the kind RENDER3D */
    PuckWork work;              /* does what there was no time for yet */
    bool stepping;              /* the ring's steps are on the stack */
    bool again;                 /* it was kicked meanwhile */
    PuckSkip skip;
    uint32_t generation;        /* changes with each reset and ENABLE */
    bool resetting;             /* RESET waits for @job to stop */

    /* What rules do to the ring. */
    uint32_t reset_rule;        /* lets RESET fail, or 0 */
    bool in_job;                /* the command at the head is not the first */
    bool within;                /* a fence is PUCK_MARK_WITHIN */
    PuckStall stall;            /* of fetching */
    PuckEarly early;
    PuckAccess access;
};

void puck_ring_init(PuckGpu *s, unsigned index);
void puck_ring_exit(PuckRing *ring);

/* Registers. */
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

/* RESET as software asks for it: the job in work stops when it gets to it. */
void puck_ring_reset(PuckRing *ring);
/* RESET ends where a rule let it fail. */
void puck_ring_release_reset(PuckRing *ring);
/* The ring fetches again. */
void puck_ring_release_stall(PuckRing *ring, const char *why);
/*
 * Reset of the device: nothing of the ring is left when puck_ring_kill()
 * returns. That may wait for a step of a thread, so all rings are told to stop
 * first.
 */
void puck_ring_stop(PuckRing *ring);
void puck_ring_kill(PuckRing *ring);
/* Registers into the state after power-on; after a reset or a kill. */
void puck_ring_reset_regs(PuckRing *ring);
/* Stops all that is on its way, or goes on: the machine stops or runs. */
void puck_ring_pause(PuckRing *ring);
void puck_ring_resume(PuckRing *ring);

/*
 * An access of @ring itself, to a command or the write-back slot. It may reset
 * the ring; then PUCK_DMA_DROPPED says so, and nothing must follow.
 */
PuckDmaResult puck_ring_dma(PuckRing *ring, uint64_t addr, void *buf,
                            uint64_t len, bool is_write);

/*
 * Decodes @raw as a command of @ring. False if it breaks a rule that can be
 * checked without looking at its lists; opcode and seqno are valid even then.
 */
bool puck_ring_decode(const PuckRing *ring, const struct puck_gpu_cmd *raw,
                      PuckCmd *cmd, PuckFault *fault);

/*
 * Reads the command at the head. False if there is nothing to go on with: it
 * cannot be read, and the ring halts, or the ring was reset meanwhile.
 */
bool puck_ring_read_head(PuckRing *ring, struct puck_gpu_cmd *raw);

/* @ring halts, by one of PUCK_HALT_*, and that is reported. */
void puck_ring_halt(PuckRing *ring, uint32_t by, uint32_t seqno, uint32_t index,
                    const PuckFault *fault);

/* Something has changed for ring @n of the kind RENDER3D. */
void puck_ring_wake_render(PuckGpu *s, unsigned n);

/* RING_KIND and RING_OPS. */
uint32_t puck_ring_kind(const PuckRing *ring);
uint64_t puck_ring_ops(const PuckRing *ring);

static inline uint32_t puck_ring_size(const PuckRing *ring)
{
    return 1u << (ring->base & PUCK_GPU_RING_BASE_ORDER);
}

/* The index behind the head. */
static inline uint32_t puck_ring_next(const PuckRing *ring)
{
    return (ring->head + 1) & (puck_ring_size(ring) - 1);
}

/* Where the command @index is. */
static inline uint64_t puck_ring_slot(const PuckRing *ring, uint32_t index)
{
    return (ring->base & PUCK_GPU_RING_BASE_ADDR) +
           index * sizeof(struct puck_gpu_cmd);
}

/* An event of @ring, or of its job @seqno; see core/device.h. */
static inline PuckEvent puck_ring_event(PuckRing *ring, PuckSite site,
                                        uint64_t can)
{
    return puck_gpu_ring_event(ring->gpu, ring->index, site, can);
}

static inline PuckEvent puck_ring_job_event(PuckRing *ring, uint32_t seqno,
                                            PuckSite site, uint64_t can)
{
    return puck_gpu_job_event(ring->gpu, ring->index, seqno, site, can);
}

#endif /* PUCK_GPU_RING_RING_H */
