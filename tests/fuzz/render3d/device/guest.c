/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzzer of puck-gpu's 3D: the guest's rings, and what becomes of what is in
 * them.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "device.h"

#define RING_BYTES      0x1000u
#define SLOTS_AT        (RINGS_AT + 0x8000)
#define PAUSE_US        300     /* the second time, then more */
#define PAUSE_MAX_US    2000
#define REFUSALS_MAX    64      /* of SKIP, before a reset */
#define TICKS_ASLEEP    3
#define SIDE            64u
#define PICTURE         (4 * SIDE * SIDE)
#define LIST_AT         (PICTURE_AT + 0x8000)
#define STREAM_AT       (PICTURE_AT + 0x9000)

/* Of all errors these are what a ring of the kind may say. */
static bool may_say(uint32_t reason)
{
    switch (reason) {
    case PUCK_GPU_ERR_OPCODE ... PUCK_GPU_ERR_LIST_SHORT:
    case PUCK_GPU_ERR_DMA_READ ... PUCK_GPU_ERR_LENGTH:
    case PUCK_RENDER_ERR_CONTEXT ... PUCK_RENDER_ERR_LOST:
        return true;
    default:
        return false;
    }
}

static uint32_t device_read(Guest *g, uint64_t reg)
{
    return qemu_read32(g->q, PCI_REGS + reg);
}

static uint64_t ring_reg(unsigned ring, uint64_t reg)
{
    return PCI_REGS + PUCK_GPU_RING(FIRST_RING + ring) + reg;
}

static uint32_t ring_read(Guest *g, unsigned ring, uint64_t reg)
{
    return qemu_read32(g->q, ring_reg(ring, reg));
}

static void ring_write(Guest *g, unsigned ring, uint64_t reg, uint32_t value)
{
    qemu_write32(g->q, ring_reg(ring, reg), value);
}

static void ring_on(Guest *g, unsigned ring)
{
    g->rings[ring].head = g->rings[ring].tail = 0;
    qemu_ask(g->q, "writeq 0x%" PRIx64 " 0x%llx\n",
             ring_reg(ring, PUCK_GPU_RING_BASE),
             (RINGS_AT + ring * RING_BYTES) | RING_ORDER);
    qemu_ask(g->q, "writeq 0x%" PRIx64 " 0x%llx\n",
             ring_reg(ring, PUCK_GPU_RING_WB_ADDR), SLOTS_AT + 8 * ring);
    ring_write(g, ring, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
}

/* Longer with each time, so that the renderer gets the CPU. */
static void wait_a_little(Guest *g, unsigned *times)
{
    unsigned us = *times * PAUSE_US;

    qemu_tick(g->q);
    if ((*times)++) {
        usleep(us < PAUSE_MAX_US ? us : PAUSE_MAX_US);
    }
}

static void answer_one(Guest *g, unsigned ring, uint32_t reason)
{
    Ring *r = &g->rings[ring];

    if (reason) {
        g->errors[reason]++;
    } else {
        g->done++;
    }
    g->last_reason = reason ? reason : g->last_reason;
    g->answered(g->opaque, &r->sent[r->head], reason);
    r->head = (r->head + 1) % RING_SLOTS;
}

static void answer_up_to(Guest *g, unsigned ring, uint32_t head)
{
    if (head >= RING_SLOTS) {
        broken("RING_HEAD of ring %u is %u", FIRST_RING + ring, head);
    }
    while (g->rings[ring].head != head) {
        answer_one(g, ring, 0);
    }
}

/* Of the error queue. Returns the ring that a command of has failed, or -1. */
static int take_error(Guest *g)
{
    uint32_t info = device_read(g, PUCK_GPU_ERR_INFO);
    uint32_t reason = info & PUCK_GPU_ERR_INFO_REASON;
    uint32_t ring = (info & PUCK_GPU_ERR_INFO_RING) >> 8;

    qemu_write32(g->q, PCI_REGS + PUCK_GPU_ERR_POP, 1);
    if (ring < FIRST_RING || ring >= FIRST_RING + RINGS || !may_say(reason)) {
        broken("an error record is 0x%x", info);
    }
    if (reason == PUCK_GPU_ERR_TAIL) {
        g->errors[reason]++;
        return -1;
    }
    ring -= FIRST_RING;
    answer_up_to(g, ring, (info & PUCK_GPU_ERR_INFO_INDEX) >> 20);
    answer_one(g, ring, reason);
    return ring;
}

/* Each ring that has halted goes on behind the command. */
static bool take_errors(Guest *g)
{
    bool any = false;

    while (device_read(g, PUCK_GPU_ERR_COUNT)) {
        int ring = take_error(g);

        any = true;
        if (ring >= 0) {
            ring_write(g, ring, PUCK_GPU_RING_CTRL,
                       PUCK_GPU_RING_ENABLE | PUCK_GPU_RING_SKIP);
        }
    }
    return any;
}

/* Nothing that was made is there any more, and this is known. */
static void note_end(Guest *g)
{
    g->epoch = device_read(g, PUCK_RENDER_EPOCH);
    g->lost = true;
}

static void wait_clear(Guest *g, uint64_t addr, uint32_t bit, const char *what)
{
    int64_t end = now_ms() + HANG_MS;
    unsigned times = 0;

    while (qemu_read32(g->q, addr) & bit) {
        if (now_ms() > end) {
            broken("%s does not complete", what);
        }
        wait_a_little(g, &times);
    }
}

static void drop(Guest *g, unsigned ring)
{
    Ring *r = &g->rings[ring];

    while (r->head != r->tail) {
        answer_one(g, ring, PUCK_RENDER_ERR_LOST);
    }
}

static void reset_ring(Guest *g, unsigned ring)
{
    ring_write(g, ring, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET);
    wait_clear(g, ring_reg(ring, PUCK_GPU_RING_CTRL), PUCK_GPU_RING_RESET,
               "the reset of a ring");
    take_errors(g);
    drop(g, ring);
    ring_on(g, ring);
}

static void reset_all(Guest *g, bool function)
{
    if (function) {
        pci_reset(g->q);
    } else {
        qemu_write32(g->q, PCI_REGS + PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    }
    wait_clear(g, PCI_REGS + PUCK_GPU_STATUS, PUCK_GPU_STATUS_RESETTING,
               "the reset of the device");
    for (unsigned i = 0; i < RINGS; i++) {
        drop(g, i);
        ring_on(g, i);
    }
}

void guest_reset(Guest *g, StepKind kind, unsigned ring)
{
    g->resets++;
    if (kind == STEP_RESET_RING) {
        reset_ring(g, ring);
    } else {
        reset_all(g, kind == STEP_RESET_FUNCTION);
    }
    note_end(g);
}

/* True: it has nothing to do any more. */
static bool is_idle(Guest *g, unsigned ring, unsigned *halted)
{
    uint32_t status = ring_read(g, ring, PUCK_GPU_RING_STATUS);

    if (status & PUCK_GPU_RING_HALTED) {
        if (!take_errors(g) && ++*halted > REFUSALS_MAX) {
            guest_reset(g, STEP_RESET_RING, ring);
        }
        return false;
    }
    if (status & PUCK_GPU_RING_BUSY) {
        return false;
    }
    answer_up_to(g, ring, ring_read(g, ring, PUCK_GPU_RING_HEAD));
    return true;
}

static void settle_ring(Guest *g, unsigned ring)
{
    int64_t end = now_ms() + g->patience;
    unsigned times = 0, halted = 0;

    while (!is_idle(g, ring, &halted)) {
        if (now_ms() > end) {
            g->late++;
            guest_reset(g, STEP_RESET_RING, ring);
            return;
        }
        wait_a_little(g, &times);
    }
}

static bool is_as_before(Guest *g)
{
    if (device_read(g, PUCK_RENDER_EPOCH) == g->epoch) {
        return true;
    }
    g->own_ends++;
    note_end(g);
    return false;
}

bool guest_settle(Guest *g)
{
    for (unsigned i = 0; i < RINGS; i++) {
        settle_ring(g, i);
    }
    return is_as_before(g);
}

void guest_forget(Guest *g)
{
    madvise(g->q->ram + ARENA_AT, ARENA_BYTES, MADV_REMOVE);
    madvise(g->q->ram + BACKINGS_AT, GUEST_BYTES, MADV_REMOVE);
}

static void put(Guest *g, unsigned ring, const struct puck_render_cmd *cmd)
{
    Ring *r = &g->rings[ring];

    if ((r->tail + 1) % RING_SLOTS == r->head) {
        settle_ring(g, ring);
    }
    memcpy(g->q->ram + RINGS_AT + ring * RING_BYTES + sizeof(*cmd) * r->tail,
           cmd, sizeof(*cmd));
    r->sent[r->tail] = *cmd;
    r->tail = (r->tail + 1) % RING_SLOTS;
    ring_write(g, ring, PUCK_GPU_RING_TAIL, r->tail);
}

static void store(Guest *g, uint64_t at, const void *bytes, size_t size)
{
    if (at <= RAM_BYTES && size <= RAM_BYTES - at) {
        memcpy(g->q->ram + at, bytes, size);
    }
}

/* An index that the ring has is a doorbell: what was there is done again. */
static void ring_tail(Guest *g, const StepHead *step)
{
    settle_ring(g, step->ring);
    ring_write(g, step->ring, PUCK_GPU_RING_TAIL, step->value);
    if (step->value < RING_SLOTS) {
        g->rings[step->ring].tail = step->value;
    }
}

static void kill_renderer(Guest *g)
{
    int64_t end = now_ms() + HANG_MS;
    pid_t pid = qemu_renderer(g->q);
    unsigned times = 0;

    if (!pid) {
        return;
    }
    g->killed++;
    kill(pid, SIGKILL);
    while (device_read(g, PUCK_RENDER_EPOCH) == g->epoch) {
        if (now_ms() > end) {
            broken("the end of a renderer is not noticed");
        }
        wait_a_little(g, &times);
    }
    note_end(g);
}

/* With whatever is under way. */
static void rest(Guest *g, void (*turn)(Machine *q, bool on))
{
    turn(g->q, false);
    for (unsigned i = 0; i < TICKS_ASLEEP; i++) {
        qemu_tick(g->q);
    }
    turn(g->q, true);
}

static bool take_command(Guest *g, const Step *step)
{
    const StepHead *head = &step->head;

    store(g, head->list_at, step->list, head->list_bytes);
    store(g, head->data_at, step->data, head->data_bytes);
    put(g, head->ring, &head->cmd);
    if (head->wait) {
        settle_ring(g, head->ring);
    }
    return is_as_before(g);
}

bool guest_take(Guest *g, const Step *step)
{
    const StepHead *head = &step->head;
    bool same = true;

    if (head->kind != STEP_COMMAND) {
        same = is_as_before(g);
    }
    switch (head->kind) {
    case STEP_COMMAND:
        return take_command(g, step);
    case STEP_TAIL:
        ring_tail(g, head);
        break;
    case STEP_KILL:
        kill_renderer(g);
        break;
    case STEP_MASTER:
        rest(g, pci_master);
        break;
    case STEP_POWER:
        rest(g, pci_power);
        break;
    default:
        guest_reset(g, head->kind, head->ring);
        break;
    }
    return same;
}

static struct puck_render_cmd good(uint16_t opcode)
{
    static uint32_t seqno;

    return (struct puck_render_cmd) {
        .opcode = opcode, .seqno = --seqno, .ctx = GOOD_NUMBER,
        .resource = GOOD_NUMBER,
    };
}

/* Its list is in memory already, at @list. */
static void do_io(Guest *g, unsigned ring, uint16_t opcode, uint64_t list,
                  uint64_t at, uint32_t bytes)
{
    struct puck_gpu_seg seg = { .addr = at, .len = bytes };
    struct puck_render_cmd cmd = good(opcode);

    store(g, list, &seg, sizeof(seg));
    if (opcode == PUCK_RENDER_CMD_ATTACH) {
        cmd.ctx = 0;
    } else {
        cmd.resource = 0;
    }
    cmd.io.list = list;
    cmd.io.nsegs = 1;
    cmd.io.length = bytes;
    put(g, ring, &cmd);
}

static void make_good(Guest *g, unsigned ring)
{
    struct puck_render_cmd cmd = good(PUCK_RENDER_CMD_CTX_CREATE);

    cmd.resource = 0;
    cmd.create_ctx.capset = PUCK_RENDER_CAPSET_VIRGL2;
    put(g, ring, &cmd);
    cmd = good(PUCK_RENDER_CMD_RES_CREATE);
    cmd.ctx = 0;
    cmd.create_res = (struct puck_render_create_res) {
        .target = 2, .format = 1, .bind = 2, .width = SIDE, .height = SIDE,
        .depth = 1, .array_size = 1,
    };
    put(g, ring, &cmd);
    cmd = good(PUCK_RENDER_CMD_CTX_ATTACH);
    put(g, ring, &cmd);
    do_io(g, ring, PUCK_RENDER_CMD_ATTACH, LIST_AT, PICTURE_AT, PICTURE);
}

/* All to one, which in each byte of a pixel is 255. */
static void draw_good(Guest *g, unsigned ring)
{
    static const uint32_t stream[] = {
        1 | 8 << 8 | 5 << 16, 1, GOOD_NUMBER, 1, 0, 0,
        5 | 3 << 16, 1, 0, 1,
        7 | 8 << 16, 4, 0x3f800000, 0, 0x3f800000, 0x3f800000, 0, 0, 0,
    };
    struct puck_render_cmd cmd = good(PUCK_RENDER_CMD_FROM_HOST);

    store(g, STREAM_AT, stream, sizeof(stream));
    do_io(g, ring, PUCK_RENDER_CMD_SUBMIT, LIST_AT + 64, STREAM_AT,
          sizeof(stream));
    cmd.transfer.width = cmd.transfer.height = SIDE;
    cmd.transfer.depth = 1;
    cmd.transfer.stride = 4 * SIDE;
    put(g, ring, &cmd);
}

static void end_good(Guest *g, unsigned ring)
{
    struct puck_render_cmd cmd = good(PUCK_RENDER_CMD_RES_DESTROY);

    cmd.ctx = 0;
    put(g, ring, &cmd);
    cmd = good(PUCK_RENDER_CMD_CTX_DESTROY);
    cmd.resource = 0;
    put(g, ring, &cmd);
}

static bool is_good(const Guest *g)
{
    static const uint8_t pixel[] = { 255, 0, 255, 255 };

    for (unsigned i = 0; i < PICTURE; i++) {
        if (g->q->ram[PICTURE_AT + i] != pixel[i % 4]) {
            return false;
        }
    }
    return true;
}

Good guest_good_job(Guest *g, unsigned ring)
{
    int64_t patience = g->patience;

    g->patience = HANG_MS;
    g->last_reason = 0;
    memset(g->q->ram + PICTURE_AT, 0x77, PICTURE);
    make_good(g, ring);
    draw_good(g, ring);
    settle_ring(g, ring);
    end_good(g, ring);
    settle_ring(g, ring);
    g->patience = patience;
    if (g->last_reason) {
        return GOOD_REFUSED;
    }
    return is_good(g) ? GOOD_RIGHT : GOOD_WRONG;
}

void guest_start(Guest *g)
{
    g->patience = PATIENCE_MS;
    pci_place(g->q);
    if (device_read(g, PUCK_GPU_MAGIC) != PUCK_GPU_MAGIC_VALUE ||
        !(device_read(g, PUCK_GPU_FEATURES) & PUCK_GPU_FEATURE_RENDER3D)) {
        broken("there is no puck-gpu with 3D");
    }
    for (unsigned i = 0; i < RINGS; i++) {
        ring_on(g, i);
    }
    g->epoch = device_read(g, PUCK_RENDER_EPOCH);
}

void guest_check_empty(Guest *g)
{
    static const uint64_t regs[] = {
        PUCK_RENDER_STATUS, PUCK_RENDER_CONTEXTS, PUCK_RENDER_RESOURCES,
        PUCK_RENDER_BYTES, PUCK_RENDER_BYTES + 4, PUCK_RENDER_PIECES,
    };

    for (unsigned i = 0; i < sizeof(regs) / sizeof(*regs); i++) {
        uint32_t value = device_read(g, regs[i]);

        if (value) {
            broken("behind a reset register 0x%" PRIx64 " is %u", regs[i],
                   value);
        }
    }
}
