/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzzer of puck-gpu's 3D: which step is next.
 */

#include <stdlib.h>
#include <string.h>
#include "device.h"

/* Of so many steps one is each of these. */
#define KILL_IN         1000
#define RESET_IN        700
#define MASTER_IN       60
#define POWER_IN        300
#define TAIL_IN         300
#define MUTATED_IN      6
#define UNWAITED_IN     10
#define SECOND_RING_IN  4
/* Of so many contexts that take no stream any more one is asked again. */
#define ASKED_AGAIN_IN  8
#define STRAYS          8
/* Of so many rounds one is greedy. */
#define GREEDY_IN       8
#define GREEDY_SIDE     4096

struct Round {
    Rng rng;
    Arena arena;
    Model model;
    Counts *counts;
    uint32_t serial;
    bool greedy;
    PuckWireRequest next;           /* if it has an opcode */
    /* Made by chance, with numbers that requests do not have: to be ended. */
    PuckWireRequest strays[STRAYS];
    unsigned num_strays;
    uint8_t *area;
};

/* What requests are told of, as the model is about their numbers alone. */
static bool is_modelled(const struct puck_render_cmd *cmd)
{
    bool ctx = cmd->ctx >= 1 && cmd->ctx <= CONTEXTS;
    bool resource = cmd->resource >= 1 && cmd->resource <= RESOURCES;

    switch (cmd->opcode) {
    case PUCK_RENDER_CMD_CTX_CREATE:
    case PUCK_RENDER_CMD_CTX_DESTROY:
        return ctx;
    case PUCK_RENDER_CMD_CTX_ATTACH:
    case PUCK_RENDER_CMD_CTX_DETACH:
        return ctx && resource;
    case PUCK_RENDER_CMD_RES_CREATE:
    case PUCK_RENDER_CMD_RES_UNTYPED:
    case PUCK_RENDER_CMD_RES_DESTROY:
    case PUCK_RENDER_CMD_ATTACH:
    case PUCK_RENDER_CMD_DETACH:
        return resource;
    default:
        return false;
    }
}

static void note_stray(Round *round, const struct puck_render_cmd *cmd)
{
    PuckWireRequest end = { .ctx = cmd->ctx, .resource = cmd->resource };

    switch (cmd->opcode) {
    case PUCK_RENDER_CMD_CTX_CREATE:
        end.op = PUCK_RENDER_CMD_CTX_DESTROY;
        break;
    case PUCK_RENDER_CMD_RES_CREATE:
    case PUCK_RENDER_CMD_RES_UNTYPED:
        end.op = PUCK_RENDER_CMD_RES_DESTROY;
        break;
    default:
        return;
    }
    if (round->num_strays < STRAYS) {
        round->strays[round->num_strays++] = end;
    }
}

/* A context that takes nothing any more is ended, mostly. */
static void note_refusal(Round *round, const struct puck_render_cmd *cmd)
{
    if (cmd->opcode == PUCK_RENDER_CMD_SUBMIT && cmd->ctx >= 1 &&
        cmd->ctx <= CONTEXTS && round->model.context[cmd->ctx - 1] &&
        !rng_once_in(&round->rng, ASKED_AGAIN_IN)) {
        round->next = (PuckWireRequest) {
            .op = PUCK_RENDER_CMD_CTX_DESTROY, .ctx = cmd->ctx,
        };
    }
}

static void answered(void *opaque, const struct puck_render_cmd *cmd,
                     uint32_t reason)
{
    Round *round = opaque;
    PuckWireRequest q = {
        .op = cmd->opcode, .ctx = cmd->ctx, .resource = cmd->resource,
        .arg[0] = cmd->create_res.target,
    };

    if (cmd->ctx == GOOD_NUMBER || cmd->resource == GOOD_NUMBER) {
        return;
    }
    if (reason == PUCK_RENDER_ERR_REFUSED) {
        note_refusal(round, cmd);
    }
    if (reason) {
        return;
    }
    if (is_modelled(cmd)) {
        request_done(&round->model, &q, 0);
    } else {
        note_stray(round, cmd);
    }
}

Round *round_new(Guest *g, Counts *counts)
{
    Round *round = calloc(1, sizeof(*round));
    uint8_t *area = calloc(1, PUCK_WIRE_AREA);

    if (!round || !area) {
        abort();
    }
    round->area = area;
    round->counts = counts;
    g->answered = answered;
    g->opaque = round;
    return round;
}

void round_lost(Round *round)
{
    memset(&round->model, 0, sizeof(round->model));
    memset(&round->next, 0, sizeof(round->next));
    round->num_strays = 0;
}

void round_begin(Round *round, uint64_t seed)
{
    Rng seeds = { seed };

    round_lost(round);
    round->rng.state = rng_next(&seeds);
    round->arena.used = 0;
    round->serial = 0;
    round->greedy = rng_once_in(&round->rng, GREEDY_IN);
}

bool round_is_request(const Step *step)
{
    uint16_t opcode = step->head.cmd.opcode;

    return step->head.kind == STEP_COMMAND &&
           opcode >= PUCK_RENDER_CMD_CTX_CREATE &&
           opcode <= PUCK_RENDER_CMD_RES_UNTYPED;
}

/* 64 MiB of the renderer's; as resources are counted, four times that. */
static void be_greedy(Round *round, PuckWireRequest *q)
{
    if (round->greedy && q->op == PUCK_RENDER_CMD_RES_CREATE &&
        rng_once_in(&round->rng, 2)) {
        q->arg[3] = GREEDY_SIDE;
        q->arg[4] = q->arg[0] ? GREEDY_SIDE : 1;
    }
}

static void draw_command(Round *round, Step *step)
{
    PuckWireRequest q = round->next;
    Rng *r = &round->rng;
    bool changed = false;

    memset(&round->next, 0, sizeof(round->next));
    if (!q.op && round->num_strays) {
        q = round->strays[--round->num_strays];
    }
    if (!q.op) {
        changed = request_make(r, &round->model, &q, round->area);
        be_greedy(round, &q);
    }
    q.serial = ++round->serial;
    step_of_request(r, &round->arena, &q, round->area, step);
    if (rng_once_in(r, MUTATED_IN)) {
        step_mutate(r, step);
        changed = true;
    }
    step->head.ring = rng_once_in(r, SECOND_RING_IN);
    step->head.wait = !rng_once_in(r, UNWAITED_IN);
    round->counts->commands += round_is_request(step);
    round->counts->streams += step->head.cmd.opcode == PUCK_RENDER_CMD_SUBMIT;
    round->counts->changed += changed;
}

static StepKind draw_kind(Rng *r)
{
    if (rng_once_in(r, KILL_IN)) {
        return STEP_KILL;
    }
    if (rng_once_in(r, RESET_IN)) {
        return STEP_RESET_RING + rng_below(r, 3);
    }
    if (rng_once_in(r, MASTER_IN)) {
        return STEP_MASTER;
    }
    if (rng_once_in(r, POWER_IN)) {
        return STEP_POWER;
    }
    return rng_once_in(r, TAIL_IN) ? STEP_TAIL : STEP_COMMAND;
}

void round_step(Round *round, Step *step)
{
    Rng *r = &round->rng;

    memset(&step->head, 0, sizeof(step->head));
    step->head.kind = draw_kind(r);
    step->head.ring = rng_once_in(r, SECOND_RING_IN);
    step->head.value = rng_once_in(r, 2) ? rng_odd(r) : rng_below(r, 70);
    if (step->head.kind == STEP_COMMAND) {
        draw_command(round, step);
    }
    round->counts->steps[step->head.kind]++;
}
