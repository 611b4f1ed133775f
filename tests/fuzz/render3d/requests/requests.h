/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzzers of 3D share: requests as the device sends them, most of them
 * streams of virgl, right in most of what they say. What they are follows from
 * the numbers that are drawn, and from the answers.
 *
 * random.c draws numbers, request.c makes requests, stream.c streams, report.c
 * looks for what sanitizers say.
 */
#ifndef PUCK_FUZZ_RENDER3D_REQUESTS_H
#define PUCK_FUZZ_RENDER3D_REQUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "abi/puck_render3d.h"
#include "wire.h"

#define CONTEXTS        6
#define RESOURCES       24
#define GUEST_BYTES     (16u << 20)
#define STREAM_DWORDS   4096
#define KINDS           16          /* of objects */

/* Numbers that are drawn. */
typedef struct Rng {
    uint64_t state;
} Rng;

/* SplitMix64. */
uint64_t rng_next(Rng *r);
/* Below @n, which is not zero. */
uint32_t rng_below(Rng *r, uint32_t n);
bool rng_once_in(Rng *r, uint32_t n);
/* Borders of what is allowed, more often than others. */
uint32_t rng_odd(Rng *r);

/* What streams of a context have made, and what it may use. */
typedef struct Made {
    uint32_t objects[KINDS];        /* a bit for each number */
    uint32_t attached;              /* a bit for each resource */
    uint32_t textures;              /* those of them with pixels */
    bool can_draw;                  /* shaders and vertices are bound */
} Made;

/* What the renderer has been asked for; whether it has it is another thing. */
typedef struct Model {
    bool context[CONTEXTS];         /* by its number less one */
    Made made[CONTEXTS];
    bool texture[RESOURCES];
    bool resource[RESOURCES];
    bool backed[RESOURCES];
} Model;

/* request.c: false if it is as Mesa might have sent it, for all we know. */
bool request_make(Rng *r, Model *m, PuckWireRequest *request,
                  uint8_t *area);
/* What the renderer's answer says of what there is. */
void request_done(Model *m, const PuckWireRequest *request, int32_t error);

/*
 * stream.c: returns bytes, of STREAM_DWORDS at most; @made is added to. Sets
 * @changed if it has been tampered with.
 */
uint32_t stream_make(Rng *r, Made *made, uint32_t *stream, bool *changed);

/*
 * report.c: whether a sanitizer has said something of a file of puck-render3d's
 * behind byte @from of @log.
 */
bool report_of_renderer(const char *log, long from);

/* argument.c: of the command line. The program ends if it is no number. */
unsigned long argument(const char *word);

#endif /* PUCK_FUZZ_RENDER3D_REQUESTS_H */
