/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzzer of puck-render3d: requests as the device sends them, most of them
 * streams of virgl, right in most of what they say. What a request is follows
 * from a seed and its number alone.
 *
 * main.c counts and judges, child.c has the renderer, request.c makes requests,
 * stream.c streams.
 */
#ifndef PUCK_FUZZ_RENDER3D_H
#define PUCK_FUZZ_RENDER3D_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
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

uint64_t rng_next(Rng *r);
/* Below @n, which is not zero. */
uint32_t rng_below(Rng *r, uint32_t n);
bool rng_once_in(Rng *r, uint32_t n);

/* What streams of a context have made, and what it may use. */
typedef struct Made {
    uint32_t objects[KINDS];        /* a bit for each number */
    uint32_t attached;              /* a bit for each resource */
    uint32_t textures;              /* those of them with pixels */
    bool bound[KINDS];
} Made;

/* What the renderer has been asked for; whether it has it is another thing. */
typedef struct Model {
    bool context[CONTEXTS];         /* by its number less one */
    Made made[CONTEXTS];
    bool texture[RESOURCES];
    bool resource[RESOURCES];
    bool backed[RESOURCES];
} Model;

/* child.c: the renderer, and what it shares with us. */
typedef struct Child {
    const char *program;
    const char *log;                /* what it says */
    pid_t pid;
    int sock;
    int areas_fd;
    int guest_fd;
    uint8_t *area;
} Child;

typedef enum Answer {
    GOOD_ANSWER,
    NO_ANSWER,
    LATE_ANSWER,
    BAD_ANSWER,
} Answer;

void child_start(Child *child);
/* Of a renderer that is there; @error is of the reply. */
Answer child_ask(Child *child, const PuckWireRequest *request, int32_t *error);
/* It ends, if it has not. Returns what waitpid() says of it. */
int child_end(Child *child);

/* request.c */
void request_make(Rng *r, Model *m, PuckWireRequest *request,
                  uint8_t *area);
/* What the renderer's answer says of what there is. */
void request_done(Model *m, const PuckWireRequest *request, int32_t error);

/* stream.c: returns bytes, of STREAM_DWORDS at most; @made is added to. */
uint32_t stream_make(Rng *r, Made *made, uint32_t *stream);

#endif /* PUCK_FUZZ_RENDER3D_H */
