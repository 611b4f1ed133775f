/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzzers of 3D share: requests. The device lets no other through than
 * those about a context, or a resource, that is there, or is not there yet; so
 * do these. All else in them is for the renderer to judge.
 */

#include <string.h>
#include "requests.h"

/* Of virgl: what is drawn to, sampled, read as vertices. */
#define BINDS   (1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6)

static const uint32_t formats[] = {
    1, 2, 7, 64, 65, 67, 134, 16, 19, 31, 94, 105, 153, 0, 400,
};

static const uint32_t sides[] = { 1, 4, 16, 33, 64, 256, 0, 16384, 65536 };

static uint32_t side(Rng *r)
{
    return sides[rng_once_in(r, 10) ? rng_below(r, 9) : rng_below(r, 6)];
}

/* One that is @there, or 0 if there is none such. */
static uint32_t pick(Rng *r, const bool *there, uint32_t count, bool wanted)
{
    uint32_t start = rng_below(r, count);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = (start + i) % count;

        if (there[at] == wanted) {
            return at + 1;
        }
    }
    return 0;
}

static void make_resource(Rng *r, PuckWireRequest *q)
{
    static const uint32_t targets[] = { 2, 2, 2, 2, 0, 0, 5, 1, 3, 4, 7, 9 };

    q->op = PUCK_RENDER_CMD_RES_CREATE;
    q->arg[0] = targets[rng_below(r, 12)];
    q->arg[1] = formats[rng_once_in(r, 4) ? rng_below(r, 15) : 0];
    q->arg[2] = rng_once_in(r, 8) ? rng_next(r) : BINDS;
    q->arg[3] = q->arg[0] ? side(r) : 4096;
    q->arg[4] = q->arg[0] ? side(r) : 1;
    q->arg[5] = rng_once_in(r, 16) ? side(r) : 1;
    q->arg[6] = rng_once_in(r, 16) ? side(r) : 1;
    q->arg[7] = rng_once_in(r, 16) ? rng_below(r, 20) : 0;
    q->arg[8] = rng_once_in(r, 16) ? rng_below(r, 9) : 0;
    q->arg[9] = rng_once_in(r, 16) ? rng_next(r) : 0;
    if (rng_once_in(r, 8)) {
        q->op = PUCK_RENDER_CMD_RES_UNTYPED;
        q->length = 65536;
    }
}

/* The device has looked at them, but for how many there may be. */
static void make_backing(Rng *r, PuckWireRequest *q, uint8_t *area)
{
    PuckWireRun *runs = (PuckWireRun *)area;
    uint64_t left = 65536;

    q->op = PUCK_RENDER_CMD_ATTACH;
    while (left && q->count < 40) {
        uint64_t len = q->count == 39 ? left : 1 + rng_below(r, left);

        runs[q->count].offset = rng_below(r, GUEST_BYTES - 65536);
        runs[q->count++].len = len;
        left -= len;
    }
}

static void make_transfer(Rng *r, PuckWireRequest *q)
{
    q->op = rng_once_in(r, 2) ? PUCK_RENDER_CMD_TO_HOST :
                                PUCK_RENDER_CMD_FROM_HOST;
    if (rng_once_in(r, 4)) {
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        q->arg[i] = rng_once_in(r, 8) ? rng_next(r) : rng_below(r, 4);
        q->arg[3 + i] = rng_once_in(r, 8) ? rng_next(r) : side(r);
    }
    q->arg[5] = rng_once_in(r, 8) ? side(r) : 1;
    q->arg[6] = rng_once_in(r, 8) ? rng_below(r, 20) : 0;
    q->arg[7] = rng_once_in(r, 4) ? rng_below(r, 65536) : 0;
    q->arg[8] = rng_once_in(r, 8) ? rng_next(r) : 0;
    q->offset = rng_once_in(r, 4) ? rng_below(r, 70000) : 0;
    q->ctx = rng_once_in(r, 2) ? q->ctx : 0;
}

static void make_context(Rng *r, PuckWireRequest *q)
{
    q->op = PUCK_RENDER_CMD_CTX_CREATE;
    for (unsigned i = 0; i < sizeof(q->name) - 1; i++) {
        q->name[i] = rng_next(r);
    }
}

static bool make_submit(Rng *r, Model *m, PuckWireRequest *q, uint8_t *area)
{
    bool changed = false;

    q->op = PUCK_RENDER_CMD_SUBMIT;
    q->length = stream_make(r, &m->made[q->ctx - 1], (uint32_t *)area,
                            &changed);
    return changed;
}

static void make_end(Rng *r, PuckWireRequest *q)
{
    static const uint32_t ends[] = {
        PUCK_RENDER_CMD_CTX_DESTROY, PUCK_RENDER_CMD_CTX_DETACH,
        PUCK_RENDER_CMD_RES_DESTROY, PUCK_RENDER_CMD_DETACH,
    };

    q->op = ends[rng_below(r, 4)];
}

static void make_capset(Rng *r, PuckWireRequest *q)
{
    q->op = PUCK_RENDER_CMD_CAPSET;
    q->arg[0] = rng_below(r, 4);
    q->arg[1] = rng_once_in(r, 2) ? rng_next(r) : 2;
    q->length = PUCK_RENDER_CAPSET_LENGTH_MAX;
}

bool request_make(Rng *r, Model *m, PuckWireRequest *q, uint8_t *area)
{
    uint32_t new_context = pick(r, m->context, CONTEXTS, false);
    uint32_t new_resource = pick(r, m->resource, RESOURCES, false);
    uint32_t bare = pick(r, m->backed, RESOURCES, false);
    uint32_t what = rng_below(r, 100);
    bool changed = false;

    q->ctx = pick(r, m->context, CONTEXTS, true);
    q->resource = pick(r, m->resource, RESOURCES, true);
    if (!q->ctx || (what < 2 && new_context)) {
        q->ctx = new_context;
        make_context(r, q);
    } else if (!q->resource || (what < 10 && new_resource)) {
        q->resource = new_resource;
        make_resource(r, q);
    } else if (what < 18 && bare && m->resource[bare - 1]) {
        q->resource = bare;
        make_backing(r, q, area);
    } else if (what < 24 || !m->made[q->ctx - 1].attached) {
        q->op = PUCK_RENDER_CMD_CTX_ATTACH;
    } else if (what < 34 && m->backed[q->resource - 1]) {
        make_transfer(r, q);
    } else if (what < 36) {
        make_end(r, q);
    } else if (what < 37) {
        make_capset(r, q);
    } else {
        changed = make_submit(r, m, q, area);
    }
    /* The device refuses it: there is no backing. */
    if (q->op == PUCK_RENDER_CMD_DETACH && !m->backed[q->resource - 1]) {
        q->op = PUCK_RENDER_CMD_CTX_DETACH;
    }
    return changed;
}

static void forget(Model *m, uint32_t context, uint32_t resource)
{
    m->made[context].attached &= ~(1u << resource);
    m->made[context].textures &= ~(1u << resource);
}

void request_done(Model *m, const PuckWireRequest *q, int32_t error)
{
    switch (q->op) {
    case PUCK_RENDER_CMD_CTX_CREATE:
        m->context[q->ctx - 1] = !error;
        memset(&m->made[q->ctx - 1], 0, sizeof(m->made[0]));
        break;
    case PUCK_RENDER_CMD_CTX_ATTACH:
        m->made[q->ctx - 1].attached |= 1u << (q->resource - 1);
        if (m->texture[q->resource - 1]) {
            m->made[q->ctx - 1].textures |= 1u << (q->resource - 1);
        }
        break;
    case PUCK_RENDER_CMD_CTX_DETACH:
        forget(m, q->ctx - 1, q->resource - 1);
        break;
    case PUCK_RENDER_CMD_CTX_DESTROY:
        m->context[q->ctx - 1] = false;
        break;
    case PUCK_RENDER_CMD_RES_CREATE:
    case PUCK_RENDER_CMD_RES_UNTYPED:
        m->resource[q->resource - 1] = !error;
        m->texture[q->resource - 1] = q->arg[0] == 2;
        break;
    case PUCK_RENDER_CMD_RES_DESTROY:
        for (uint32_t i = 0; i < CONTEXTS; i++) {
            forget(m, i, q->resource - 1);
        }
        m->resource[q->resource - 1] = false;
        m->backed[q->resource - 1] = false;
        break;
    case PUCK_RENDER_CMD_ATTACH:
        m->backed[q->resource - 1] = !error;
        break;
    case PUCK_RENDER_CMD_DETACH:
        m->backed[q->resource - 1] = false;
        break;
    }
}
