/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: 3D as a part of the device. Under the BQL. The contract is
 * docs/specs/render3d.rst.
 *
 * Whoever works with bytes of the guest is the device, but for one thing: the
 * renderer has the guest's memory mapped, and moves the bytes of backings. It
 * is given runs in the file that this memory is, never an address. So there
 * is no pointer of QEMU's that an unmap or an unplug could leave dangling; and
 * the machine's RAM, which alone is taken, is there as long as the machine is.
 */
#ifndef PUCK_GPU_RENDER3D_RENDER_H
#define PUCK_GPU_RENDER3D_RENDER_H

#include "abi/puck_render3d.h"
#include "hw/puck/gpu/core/device.h"
#include "objects.h"
#include "process.h"

typedef struct PuckRenderJob PuckRenderJob;

struct PuckRender {
    PuckGpu *gpu;
    PuckProcess process;
    PuckObjects objects;
    uint32_t epoch;
    /* The renderer was told to; what it had is gone, but it is not yet. */
    bool ending;
    /* The machine is stopped, or the function no bus master: no job goes on. */
    bool resting;
    uint32_t serial;
    Error *blocker;             /* of migration; NULL: it is not blocked */
    /* The job of each ring that the renderer has. */
    PuckRenderJob *asked[PUCK_RENDER_RINGS_MAX];
    /* Something has changed for ring @ring of the kind. */
    void (*wake)(PuckGpu *s, unsigned ring);
};

/* At instance_init, and at finalize. */
void puck_render_new(PuckGpu *s);
void puck_render_free(PuckGpu *s);
/* At realize. Adds the rings to the others. False if options are wrong. */
bool puck_render_init(PuckGpu *s, void (*wake)(PuckGpu *s, unsigned ring),
                      Error **errp);

/* Whether there is 3D; after realize. */
static inline bool puck_render_there(const PuckGpu *s)
{
    return s->render_rings;
}

/* The first ring of the kind RENDER3D. They are the last rings of all. */
static inline unsigned puck_render_first(const PuckGpu *s)
{
    return s->num_rings - s->render_rings;
}

/*
 * The renderer ends, if there is one, and all that it has with it. All rings of
 * the kind are woken when it has ended; no job of them goes on before.
 */
void puck_render_end(PuckRender *r);
/* The same, and it does nothing any more when this returns. */
void puck_render_end_now(PuckRender *r);
/* It was told to, and has not yet. */
static inline bool puck_render_ending(const PuckRender *r)
{
    return r->ending;
}

extern const VMStateDescription vmstate_puck_render;

/* The machine may have been stopped, or bus mastering turned off, or back. */
void puck_render_look(PuckRender *r);

/* For jobs. False if migration is under way already. */
bool puck_render_block(PuckRender *r);
/* Objects may have gone. */
void puck_render_unblock(PuckRender *r);

#endif /* PUCK_GPU_RENDER3D_RENDER_H */
