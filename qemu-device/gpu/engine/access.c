/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: a command worked on access by access, while there are rules for
 * accesses. See "dma.read, dma.write" in docs/specs/mischief.rst.
 *
 * Under the BQL, and what takes time takes it on the virtual clock. How far the
 * command is stands in the ring, not in the job, so that it can be migrated:
 * the other side makes a new job of the command and goes on from there.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/crc32c.h"
#include "hw/puck/gpu/core/cost.h"
#include "job.h"

/* Where the access under way is. What waits is looked at again as it stands. */
typedef enum Step {
    STEP_ASK,
    STEP_DELAYED,               /* a delay is over now */
    STEP_DO,
    STEP_SPLIT,                 /* the time between the halves is over now */
    STEP_HALF,                  /* the second half */
    STEP_LATE,                  /* the late write lands first */
    STEP_COUNT,
} Step;

#define CAN_ALWAYS \
    (PUCK_ACT_BIT(PUCK_ACT_FAULT) | PUCK_ACT_BIT(PUCK_ACT_CORRUPT_XOR) | \
     PUCK_ACT_BIT(PUCK_ACT_CORRUPT_AND) | PUCK_ACT_BIT(PUCK_ACT_CORRUPT_OR) | \
     PUCK_ACT_BIT(PUCK_ACT_TRUNCATE) | PUCK_ACT_BIT(PUCK_ACT_DELAY))

bool puck_access_wanted(const PuckJob *job)
{
    return puck_mischief_armed(PUCK_SITE_DMA_READ) ||
           puck_mischief_armed(PUCK_SITE_DMA_WRITE) ||
           ((job->cmd.src.by_va || job->cmd.dst.by_va) &&
            puck_mischief_armed(PUCK_SITE_GPU_TRANSLATE)) ||
           (job->dma.space && puck_mischief_armed(PUCK_SITE_IOMMU_TRANSLATE));
}

static bool is_crc(const PuckJob *job)
{
    return job->cmd.opcode == PUCK_GPU_CMD_CRC32C;
}

/* The next piece of a list, cut at 4 KiB. */
static bool next_piece(const PuckCursor *cur, PuckPiece *piece)
{
    if (!puck_cursor_piece(cur, PUCK_ACCESS_MAX, piece)) {
        return false;
    }
    piece->len = MIN(piece->len,
                     PUCK_ACCESS_MAX - piece->addr % PUCK_ACCESS_MAX);
    return true;
}

/* What comes next: reads go ahead no further than the next write needs. */
static bool next_access(const PuckJob *job, PuckPiece *piece, bool *is_write)
{
    const PuckLane *lane = &job->lanes[0];
    bool more = next_piece(&lane->dst, piece);
    bool reads;

    if (!job->src_segs) {
        reads = false;
    } else if (is_crc(job)) {
        reads = puck_cursor_left(&lane->src);
    } else {
        reads = more && job->access->have < piece->len;
    }
    *is_write = !reads;
    return reads ? next_piece(&lane->src, piece) : more;
}

static PuckEvent event(const PuckJob *job, const PuckPiece *piece,
                       bool is_write)
{
    PuckEvent ev = puck_gpu_job_event(job->gpu, job->from.ring_index,
                                      job->cmd.seqno,
                                      is_write ? PUCK_SITE_DMA_WRITE :
                                                 PUCK_SITE_DMA_READ,
                                      CAN_ALWAYS);

    ev.has |= PUCK_HAS_IOVA | PUCK_HAS_DIR;
    ev.iova = piece->addr;
    ev.len = piece->len;
    ev.is_write = is_write;
    if (is_write && piece->len > 1) {
        ev.can |= PUCK_ACT_BIT(PUCK_ACT_SPLIT);
    }
    if (is_write && !job->access->late.len) {
        ev.can |= PUCK_ACT_BIT(PUCK_ACT_REORDER);
    }
    return ev;
}

static void log_event(const PuckJob *job, const PuckPiece *piece,
                      bool is_write, uint32_t rule, const char *what)
{
    PuckEvent ev = event(job, piece, is_write);

    puck_mischief_log_event(&ev, rule, what);
}

static bool wait_for(PuckAccess *a, uint64_t ns)
{
    a->until = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
               MIN(ns, PUCK_GPU_DELAY_MAX_NS);
    return false;
}

/* Steps return false if there is something to wait for. */
static bool step_ask(PuckJob *job, const PuckPiece *piece, bool is_write)
{
    PuckAccess *a = job->access;
    PuckVerdict verdict;
    PuckEvent ev;

    puck_lane_trace(&job->lanes[0], is_write, piece);
    a->action = PUCK_ACT_NONE;
    a->step = STEP_DO;
    if (piece->local) {
        return true;
    }
    ev = event(job, piece, is_write);
    if (!puck_mischief_ask(&ev, &verdict)) {
        return true;
    }
    a->rule = verdict.rule;
    if (verdict.action == PUCK_ACT_DELAY) {
        a->step = STEP_DELAYED;
        return wait_for(a, verdict.value);
    }
    a->action = verdict.action;
    a->value = verdict.value;
    return true;
}

/* @job's accesses are charged by what they do to bytes. */
static void spend(PuckJob *job, uint64_t ns)
{
    job->lanes[0].spent += ns;
}

static bool corrupts(const PuckAccess *a)
{
    return a->action == PUCK_ACT_CORRUPT_XOR ||
           a->action == PUCK_ACT_CORRUPT_AND ||
           a->action == PUCK_ACT_CORRUPT_OR;
}

static void corrupt(PuckJob *job, uint8_t *bytes, uint64_t len)
{
    const PuckAccess *a = job->access;

    if (!corrupts(a)) {
        return;
    }
    spend(job, puck_cost_crc(len));
    for (uint64_t i = 0; i < len; i++) {
        switch (a->action) {
        case PUCK_ACT_CORRUPT_XOR:
            bytes[i] ^= a->value;
            break;
        case PUCK_ACT_CORRUPT_AND:
            bytes[i] &= a->value;
            break;
        default:
            bytes[i] |= a->value;
            break;
        }
    }
}

/*
 * Moves bytes. False if there is nothing more to do now: it has to wait, or
 * the job failed or was stopped. The IOMMU must not be kept in an access while
 * that waits.
 */
static bool move(PuckJob *job, const PuckPiece *piece, bool is_write,
                 uint8_t *bytes)
{
    PuckAccess *a = job->access;
    unsigned epoch = puck_dma_begin(&job->dma);
    PuckDmaResult result;

    result = puck_dma_access(&job->dma, piece, is_write, bytes,
                                 &a->translated);
    puck_dma_end(&job->dma, epoch);
    spend(job, 2 * PUCK_COST_PIECE + puck_cost_bytes(piece->len));
    if (job->stop) {
        return false;
    }
    if (result == PUCK_DMA_WAIT) {
        a->until = a->translated;
    } else if (result == PUCK_DMA_FAULT) {
        puck_lane_fail(&job->lanes[0], is_write, piece);
    }
    return result == PUCK_DMA_OK;
}

/* The access is done. A late write lands behind the one that follows it. */
static void end_access(PuckAccess *a)
{
    a->action = PUCK_ACT_NONE;
    a->step = a->late.len && a->late.next ? STEP_LATE : STEP_ASK;
    a->late.next = true;
}

/* What a write stores. */
static void make_bytes(PuckJob *job, uint8_t *bytes, uint64_t len)
{
    const PuckAccess *a = job->access;
    uint32_t value = is_crc(job) ? a->crc ^ UINT32_MAX : job->cmd.value;

    if (job->src_segs && !is_crc(job)) {
        memcpy(bytes, a->bytes, len);
        return;
    }
    for (uint64_t i = 0; i < len; i++) {
        bytes[i] = value >> 8 * ((a->written + i) % sizeof(value));
    }
    spend(job, puck_cost_crc(len));
}

static void end_write(PuckJob *job, uint64_t len)
{
    PuckAccess *a = job->access;

    if (job->src_segs && !is_crc(job)) {
        a->have -= len;
        memmove(a->bytes, a->bytes + len, a->have);
    }
    a->written += len;
    puck_cursor_advance(&job->lanes[0].dst, len);
    end_access(a);
}

static void keep_for_later(PuckAccess *a, const PuckPiece *piece,
                           const uint8_t *bytes)
{
    a->late.rule = a->rule;
    a->late.len = piece->len;
    a->late.next = false;
    a->late.desc = piece->desc;
    a->late.addr = piece->addr;
    memcpy(a->late.bytes, bytes, piece->len);
}

static bool do_write(PuckJob *job, const PuckPiece *piece)
{
    PuckAccess *a = job->access;
    uint8_t bytes[PUCK_ACCESS_MAX];
    PuckPiece part = *piece;
    bool reorder = a->action == PUCK_ACT_REORDER;

    make_bytes(job, bytes, piece->len);
    corrupt(job, bytes, piece->len);
    if (a->action == PUCK_ACT_TRUNCATE) {
        part.len = MIN(a->value, piece->len);
    } else if (a->action == PUCK_ACT_SPLIT) {
        part.len = piece->len / 2;
    }
    if (!reorder && part.len && !move(job, &part, true, bytes)) {
        return false;
    }
    if (a->action == PUCK_ACT_SPLIT) {
        a->step = STEP_SPLIT;
        return wait_for(a, a->value);
    }
    end_write(job, piece->len);
    if (reorder) {
        keep_for_later(a, piece, bytes);
    }
    return true;
}

static bool do_second_half(PuckJob *job, const PuckPiece *piece)
{
    uint8_t bytes[PUCK_ACCESS_MAX];
    uint64_t first = piece->len / 2;
    PuckPiece part = *piece;

    part.addr += first;
    part.len -= first;
    make_bytes(job, bytes, piece->len);
    if (!move(job, &part, true, bytes + first)) {
        return false;
    }
    end_write(job, piece->len);
    return true;
}

static bool do_read(PuckJob *job, const PuckPiece *piece)
{
    PuckAccess *a = job->access;
    uint8_t bytes[PUCK_ACCESS_MAX] = { };
    PuckPiece part = *piece;

    if (a->action == PUCK_ACT_TRUNCATE) {
        part.len = MIN(a->value, piece->len);
    }
    if (part.len && !move(job, &part, false, bytes)) {
        return false;
    }
    corrupt(job, bytes, piece->len);
    if (is_crc(job)) {
        /* QEMU's function ends each call with the final xor. */
        a->crc = crc32c(a->crc, bytes, piece->len) ^ UINT32_MAX;
        spend(job, puck_cost_crc(piece->len));
    } else {
        memcpy(a->bytes + a->have, bytes, piece->len);
        a->have += piece->len;
    }
    a->read += piece->len;
    puck_cursor_advance(&job->lanes[0].src, piece->len);
    end_access(a);
    return true;
}

static bool land_late(PuckJob *job)
{
    PuckLateWrite *late = &job->access->late;
    PuckPiece piece = {
        .desc = late->desc, .addr = late->addr, .len = late->len,
    };

    if (!move(job, &piece, true, late->bytes)) {
        return false;
    }
    log_event(job, &piece, true, late->rule, "release");
    late->len = 0;
    job->access->step = STEP_ASK;
    return true;
}

static bool step_do(PuckJob *job, const PuckPiece *piece, bool is_write)
{
    if (job->access->action == PUCK_ACT_FAULT) {
        puck_lane_fail(&job->lanes[0], is_write, piece);
        return false;
    }
    return is_write ? do_write(job, piece) : do_read(job, piece);
}

static bool step(PuckJob *job)
{
    PuckAccess *a = job->access;
    PuckPiece piece;
    bool is_write;

    if (a->step == STEP_LATE) {
        return land_late(job);
    }
    if (!next_access(job, &piece, &is_write)) {
        a->step = STEP_LATE;
        if (!a->late.len) {
            job->lanes[0].phase = PUCK_LANE_DONE;
        }
        return true;
    }
    switch (a->step) {
    case STEP_ASK:
        return step_ask(job, &piece, is_write);
    case STEP_DELAYED:
        log_event(job, &piece, is_write, a->rule, "expire");
        a->step = STEP_DO;
        return true;
    case STEP_SPLIT:
        log_event(job, &piece, is_write, a->rule, "expire");
        a->step = STEP_HALF;
        return true;
    case STEP_HALF:
        return is_write ? do_second_half(job, &piece) : do_read(job, &piece);
    default:
        return step_do(job, &piece, is_write);
    }
}

static bool over(const PuckJob *job)
{
    return job->stop || job->lanes[0].phase == PUCK_LANE_DONE;
}

/* Whether what was loaded is of this command, whose lists were read again. */
static bool fits(const PuckJob *job)
{
    const PuckAccess *a = job->access;
    const PuckLane *lane = &job->lanes[0];
    bool copies = job->src_segs && !is_crc(job);

    return a->index == job->from.index && a->seqno == job->cmd.seqno &&
           a->written <= puck_cursor_left(&lane->dst) &&
           a->read <= (job->src_segs ? puck_cursor_left(&lane->src) : 0) &&
           a->have == (copies ? a->read - a->written : 0) &&
           (!a->late.len || a->late.desc < job->cmd.dst.nsegs);
}

static void begin_anew(PuckJob *job)
{
    PuckAccess *a = job->access;

    a->active = true;
    a->index = job->from.index;
    a->seqno = job->cmd.seqno;
    a->step = STEP_ASK;
    a->action = PUCK_ACT_NONE;
    a->until = PUCK_NO_TIME;
    a->translated = 0;
    a->read = 0;
    a->written = 0;
    a->crc = UINT32_MAX;
    a->have = 0;
    a->late.len = 0;
}

/* The lists are there, and the positions at their start. */
static void begin(PuckJob *job)
{
    PuckAccess *a = job->access;
    PuckLane *lane = &job->lanes[0];

    job->access_begun = true;
    if (!a->active || !fits(job)) {
        begin_anew(job);
        return;
    }
    if (job->src_segs) {
        puck_cursor_advance(&lane->src, a->read);
    }
    puck_cursor_advance(&lane->dst, a->written);
    spend(job, puck_cmd_lists_cost(&job->cmd));
}

/* True if the access under way waits for its time. */
static bool waits(PuckAccess *a)
{
    if (a->until == PUCK_NO_TIME) {
        return false;
    }
    if (qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) < a->until) {
        timer_mod(a->timer, a->until);
        return true;
    }
    a->until = PUCK_NO_TIME;
    return false;
}

/*
 * A fault that an IOMMU reports may come back as a write to our registers, and
 * make the ring give the job up within a step: the ring's state is then of no
 * job, or of the next, and is left alone.
 */
bool puck_access_step(PuckJob *job)
{
    PuckAccess *a = job->access;

    if (!job->access_begun) {
        begin(job);
    } else if (waits(a)) {
        return false;
    } else {
        spend(job, PUCK_COST_ACCESS);
        step(job);
    }
    if (job->from.ring && over(job)) {
        a->active = false;
    }
    return true;
}

void puck_access_drop(PuckAccess *a)
{
    a->active = false;
    timer_del(a->timer);
}

bool puck_access_valid(const PuckAccess *a)
{
    return a->step < STEP_COUNT && a->have <= sizeof(a->bytes) &&
           (a->until >= 0 || a->until == PUCK_NO_TIME) && a->translated >= 0 &&
           (!a->late.len ||
            a->late.addr % PUCK_ACCESS_MAX + a->late.len <= PUCK_ACCESS_MAX);
}

void puck_access_init(PuckAccess *a, QEMUTimerCB *wake, void *opaque)
{
    a->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, wake, opaque);
}

void puck_access_exit(PuckAccess *a)
{
    g_clear_pointer(&a->timer, timer_free);
}
