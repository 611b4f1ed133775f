/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: 3D as a part of the device: whether it is there, and the life of
 * its renderer.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/units.h"
#include "migration/blocker.h"
#include "migration/vmstate.h"
#include "job.h"

#define MEMORY_MIN  (256 * MiB)

static void replied(void *opaque, const PuckWireReply *reply)
{
    PuckRender *r = opaque;
    PuckRenderJob *job;

    if (reply->ring >= r->gpu->render_rings) {
        return;
    }
    job = r->asked[reply->ring];
    /* A job that was dropped meanwhile is none; nor is its reply. */
    if (job && job->serial == reply->serial) {
        puck_render_job_replied(job, reply);
        r->wake(r->gpu, reply->ring);
    }
}

/* Nothing of the renderer's is there any more. Jobs see it by the epoch. */
static void lose(PuckRender *r)
{
    r->epoch++;
    puck_objects_clear(&r->objects);
    puck_render_unblock(r);
    memset(r->asked, 0, sizeof(r->asked));
}

static void wake_all(PuckRender *r)
{
    for (unsigned i = 0; i < r->gpu->render_rings; i++) {
        r->wake(r->gpu, i);
    }
}

static void ended(void *opaque)
{
    PuckRender *r = opaque;
    bool told = r->ending;

    if (!told) {
        lose(r);
    }
    r->ending = false;
    wake_all(r);
    if (told) {
        object_unref(OBJECT(r->gpu));
    }
}

/* The device may be unplugged before the renderer has ended. */
static void tell(PuckRender *r, void (*end)(PuckProcess *p))
{
    if (puck_process_runs(&r->process) && !r->ending) {
        object_ref(OBJECT(r->gpu));
        r->ending = true;
        end(&r->process);
        lose(r);
    }
}

void puck_render_end(PuckRender *r)
{
    tell(r, puck_process_kill);
}

void puck_render_end_now(PuckRender *r)
{
    if (r->ending) {
        puck_process_await(&r->process);
    } else {
        tell(r, puck_process_halt);
    }
}

/*
 * Without bus mastering, as in D3hot, no access to system memory goes out; a
 * renderer with a job would access backings.
 */
void puck_render_look(PuckRender *r)
{
    bool rest = r->gpu->paused || !puck_master_is_on(&r->gpu->master);

    if (rest == r->resting) {
        return;
    }
    r->resting = rest;
    puck_process_pause(&r->process, rest);
    if (!rest) {
        wake_all(r);
    }
}

bool puck_render_block(PuckRender *r)
{
    if (r->blocker) {
        return true;
    }
    error_setg(&r->blocker, "%s: 3D is in use: its contexts and resources are "
               "in a renderer on this host", puck_gpu_name(r->gpu));
    /* It takes the reason back if it fails. */
    return migrate_add_blocker(&r->blocker, NULL) == 0;
}

void puck_render_unblock(PuckRender *r)
{
    if (r->blocker && !puck_objects_any(&r->objects)) {
        migrate_del_blocker(&r->blocker);
    }
}

void puck_render_new(PuckGpu *s)
{
    s->render = g_new0(PuckRender, 1);
    s->render->gpu = s;
    puck_objects_init(&s->render->objects);
}

void puck_render_free(PuckGpu *s)
{
    puck_process_exit(&s->render->process);
    puck_objects_exit(&s->render->objects);
    g_free(s->render);
}

/* When a machine moves there are no contexts, nor resources. */
const VMStateDescription vmstate_puck_render = {
    .name = "puck-gpu/render",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(epoch, PuckRender),
        VMSTATE_END_OF_LIST()
    }
};

static bool check_options(const PuckGpu *s, Error **errp)
{
    if (!s->render_rings || s->render_rings > PUCK_RENDER_RINGS_MAX ||
        s->num_rings + s->render_rings > PUCK_GPU_RINGS_MAX) {
        error_setg(errp, "render-rings: 1 to %d, and %d rings in all",
                   PUCK_RENDER_RINGS_MAX, PUCK_GPU_RINGS_MAX);
        return false;
    }
    if (!s->render_contexts ||
        s->render_contexts > PUCK_RENDER_CONTEXTS_TOP) {
        error_setg(errp, "render-contexts: 1 to %d", PUCK_RENDER_CONTEXTS_TOP);
        return false;
    }
    if (!s->render_resources ||
        s->render_resources > PUCK_RENDER_RESOURCES_TOP) {
        error_setg(errp, "render-resources: 1 to %d",
                   PUCK_RENDER_RESOURCES_TOP);
        return false;
    }
    if (s->render_memory < MEMORY_MIN) {
        error_setg(errp, "render-memory: at least 256 MiB");
        return false;
    }
    return true;
}

bool puck_render_init(PuckGpu *s, void (*wake)(PuckGpu *s, unsigned ring),
                      Error **errp)
{
    MemoryRegion *ram = MACHINE(qdev_get_machine())->ram;
    PuckRender *r = s->render;
    const char *unfit;

    if (!s->renderer) {
        s->render_rings = 0;
        return true;
    }
    if (!check_options(s, errp)) {
        return false;
    }
    unfit = puck_process_unfit(s->renderer, ram);
    if (unfit) {
        warn_report("%s: no 3D: %s", puck_gpu_name(s), unfit);
        s->render_rings = 0;
        return true;
    }
    s->num_rings += s->render_rings;
    r->wake = wake;
    r->process = (PuckProcess) {
        .program = s->renderer, .ram = ram, .memory = s->render_memory,
        .rings = s->render_rings, .replied = replied, .ended = ended,
        .opaque = r,
    };
    return true;
}
