/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: contexts and resources that there are, and what they count for.
 * Under the BQL.
 *
 * The renderer has them, too. Here they are from the moment on when it is asked
 * to make one, so that two rings do not make the same, until it has ended it.
 */
#ifndef PUCK_GPU_RENDER3D_OBJECTS_H
#define PUCK_GPU_RENDER3D_OBJECTS_H

#include "hw/puck/endpoint/segments.h"
#include "wire.h"

typedef struct PuckRenderContext {
    uint32_t id;
    bool bad;                   /* a stream, or transfer, had an error */
} PuckRenderContext;

/*
 * Memory of the guest that a resource has. It lives as long as the resource has
 * it, or a command works with it.
 */
typedef struct PuckBacking {
    unsigned refs;
    PuckSeg *segs;              /* as software has said it */
    uint32_t nsegs;
    uint64_t length;
    GArray *runs;               /* of PuckWireRun: how it was translated then */
} PuckBacking;

typedef struct PuckRenderResource {
    uint32_t id;
    uint64_t bytes;
    PuckBacking *backing;       /* NULL: none */
} PuckRenderResource;

typedef struct PuckObjects {
    GHashTable *contexts;
    GHashTable *resources;
    uint64_t bytes;
    uint32_t pieces;
} PuckObjects;

void puck_objects_init(PuckObjects *o);
void puck_objects_exit(PuckObjects *o);
/* The renderer has ended: there are none. */
void puck_objects_clear(PuckObjects *o);
bool puck_objects_any(const PuckObjects *o);

PuckRenderContext *puck_context_find(const PuckObjects *o, uint32_t id);
void puck_context_add(PuckObjects *o, uint32_t id);
void puck_context_remove(PuckObjects *o, uint32_t id);

PuckRenderResource *puck_resource_find(const PuckObjects *o, uint32_t id);
void puck_resource_add(PuckObjects *o, uint32_t id, uint64_t bytes);
void puck_resource_remove(PuckObjects *o, uint32_t id);
/* @res holds on to @backing, or lets it go. */
void puck_resource_attach(PuckObjects *o, PuckRenderResource *res,
                          PuckBacking *backing);
void puck_resource_detach(PuckObjects *o, PuckRenderResource *res);

/* Of @segs, which it owns from here on; with no run yet, and one reference. */
PuckBacking *puck_backing_new(PuckSeg *segs, uint32_t nsegs, uint64_t length);
PuckBacking *puck_backing_ref(PuckBacking *b);
/* Of NULL, too. */
void puck_backing_unref(PuckBacking *b);

/* What a backing counts for. */
static inline uint32_t puck_backing_pieces(const PuckBacking *b)
{
    return b->nsegs + b->runs->len;
}

#endif /* PUCK_GPU_RENDER3D_OBJECTS_H */
