/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: one 3D command in work. See sections "Commands" and "Errors" of
 * docs/specs/render3d.rst.
 */

#include "qemu/osdep.h"
#include "hw/puck/common/trace.h"
#include "hw/puck/gpu/core/cost.h"
#include "command.h"
#include "memory.h"
#include "job.h"

static uint16_t opcode_of(const PuckRenderJob *job)
{
    return le16_to_cpu(job->cmd.opcode);
}

static uint32_t ctx_of(const PuckRenderJob *job)
{
    return le32_to_cpu(job->cmd.ctx);
}

static uint32_t resource_of(const PuckRenderJob *job)
{
    return le32_to_cpu(job->cmd.resource);
}

static bool fail(PuckRenderJob *job, uint8_t reason, uint32_t desc)
{
    return puck_fault_set(&job->fault, reason, PUCK_GPU_ERR_LIST_NONE, desc, 0);
}

/* What there is of a kind; NULL is a fault. */
static PuckRenderContext *need_context(PuckRenderJob *job)
{
    PuckRenderContext *ctx = puck_context_find(&job->render->objects,
                                               ctx_of(job));

    if (!ctx) {
        fail(job, PUCK_RENDER_ERR_CONTEXT, ctx_of(job));
    }
    return ctx;
}

static PuckRenderResource *need_resource(PuckRenderJob *job)
{
    PuckRenderResource *res = puck_resource_find(&job->render->objects,
                                                 resource_of(job));

    if (!res) {
        fail(job, PUCK_RENDER_ERR_RESOURCE, resource_of(job));
    }
    return res;
}

/* The same, and whether it has a backing is as it has to be. */
static PuckRenderResource *need_backing(PuckRenderJob *job, bool there)
{
    PuckRenderResource *res = need_resource(job);

    if (res && !res->backing == there) {
        fail(job, PUCK_RENDER_ERR_BACKING, PUCK_GPU_ERR_DESC_NONE);
        return NULL;
    }
    return res;
}

static bool begin_context(PuckRenderJob *job)
{
    const PuckRender *r = job->render;
    uint32_t capset = le32_to_cpu(job->cmd.create_ctx.capset);

    if (!ctx_of(job) || puck_context_find(&r->objects, ctx_of(job)) ||
        (capset != PUCK_RENDER_CAPSET_VIRGL &&
         capset != PUCK_RENDER_CAPSET_VIRGL2)) {
        return fail(job, PUCK_RENDER_ERR_CONTEXT, ctx_of(job));
    }
    if (g_hash_table_size(r->objects.contexts) >= r->gpu->render_contexts) {
        return fail(job, PUCK_RENDER_ERR_LIMIT, PUCK_RENDER_LIMIT_CONTEXTS);
    }
    return true;
}

static bool begin_resource(PuckRenderJob *job)
{
    const PuckRender *r = job->render;
    uint64_t bytes = puck_render_resource_bytes(&job->cmd);

    if (!resource_of(job) ||
        puck_resource_find(&r->objects, resource_of(job))) {
        return fail(job, PUCK_RENDER_ERR_RESOURCE, resource_of(job));
    }
    if (g_hash_table_size(r->objects.resources) >= r->gpu->render_resources) {
        return fail(job, PUCK_RENDER_ERR_LIMIT, PUCK_RENDER_LIMIT_RESOURCES);
    }
    if (!bytes) {
        return fail(job, PUCK_RENDER_ERR_REFUSED, EINVAL);
    }
    if (r->objects.bytes > r->gpu->render_bytes ||
        bytes > r->gpu->render_bytes - r->objects.bytes) {
        return fail(job, PUCK_RENDER_ERR_LIMIT, PUCK_RENDER_LIMIT_BYTES);
    }
    return true;
}

static bool begin_transfer(PuckRenderJob *job)
{
    PuckRenderResource *res;

    if (ctx_of(job) && !need_context(job)) {
        return false;
    }
    res = need_backing(job, true);
    if (!res) {
        return false;
    }
    job->backing = puck_backing_ref(res->backing);
    puck_memory_begin(job);
    return true;
}

static bool begin_submit(PuckRenderJob *job)
{
    PuckRenderContext *ctx = need_context(job);

    if (ctx && ctx->bad) {
        return fail(job, PUCK_RENDER_ERR_REFUSED, EINVAL);
    }
    return ctx;
}

/* Numbers, limits, backings. What comes next follows from the command. */
static bool begin(PuckRenderJob *job)
{
    job->phase = puck_render_list(opcode_of(job)) ? PUCK_RENDER_LIST :
                                                    PUCK_RENDER_ASK;
    switch (opcode_of(job)) {
    case PUCK_RENDER_CMD_CTX_CREATE:
        return begin_context(job);
    case PUCK_RENDER_CMD_CTX_DESTROY:
        return need_context(job);
    case PUCK_RENDER_CMD_RES_CREATE:
    case PUCK_RENDER_CMD_RES_UNTYPED:
        return begin_resource(job);
    case PUCK_RENDER_CMD_RES_DESTROY:
        return need_resource(job);
    case PUCK_RENDER_CMD_ATTACH:
        return need_backing(job, false);
    case PUCK_RENDER_CMD_DETACH:
        return need_backing(job, true);
    case PUCK_RENDER_CMD_CTX_ATTACH:
    case PUCK_RENDER_CMD_CTX_DETACH:
        return need_context(job) && need_resource(job);
    case PUCK_RENDER_CMD_TO_HOST:
    case PUCK_RENDER_CMD_FROM_HOST:
        job->phase = PUCK_RENDER_VERIFY;
        return begin_transfer(job);
    case PUCK_RENDER_CMD_SUBMIT:
        return begin_submit(job);
    default:
        return true;
    }
}

/* The list is there: what it names comes next. */
static void end_list(PuckRenderJob *job)
{
    uint64_t length = le64_to_cpu(job->cmd.io.length);

    switch (opcode_of(job)) {
    case PUCK_RENDER_CMD_ATTACH:
        job->backing = puck_backing_new(g_steal_pointer(&job->list.segs),
                                        job->list.nsegs, length);
        puck_memory_begin(job);
        job->phase = PUCK_RENDER_TRANSLATE;
        break;
    case PUCK_RENDER_CMD_SUBMIT:
        puck_cursor_init(&job->cursor, job->list.segs, length, length, 1);
        job->phase = PUCK_RENDER_READ;
        break;
    default:
        puck_cursor_init(&job->cursor, job->list.segs, length, length, 1);
        job->phase = PUCK_RENDER_ASK;
        break;
    }
}

static bool step_list(PuckRenderJob *job, PuckHold *hold)
{
    PuckSegLimits limits = { .len_max = job->render->gpu->seg_len_max };
    PuckSegFault fault;

    if (!job->list.nsegs) {
        puck_list_begin(&job->list, le64_to_cpu(job->cmd.io.list),
                        le32_to_cpu(job->cmd.io.nsegs));
    }
    puck_hold_charge(hold, puck_list_cost(&job->list));
    if (!puck_list_step(&job->list, &job->dma, &limits,
                        le64_to_cpu(job->cmd.io.length), &fault)) {
        return puck_fault_set(&job->fault, puck_fault_of_list(fault.rule),
                              puck_render_list(opcode_of(job)), fault.desc,
                              fault.addr);
    }
    if (job->list.done) {
        end_list(job);
    }
    return true;
}

static void fill_fields(const PuckRenderJob *job, PuckWireRequest *req)
{
    const struct puck_render_create_res *res = &job->cmd.create_res;
    const struct puck_render_transfer *t = &job->cmd.transfer;

    switch (opcode_of(job)) {
    case PUCK_RENDER_CMD_CTX_CREATE:
        memcpy(req->name, job->cmd.create_ctx.name, sizeof(req->name) - 1);
        break;
    case PUCK_RENDER_CMD_RES_CREATE:
        for (unsigned i = 0; i < ARRAY_SIZE(req->arg); i++) {
            req->arg[i] = le32_to_cpu((&res->target)[i]);
        }
        break;
    case PUCK_RENDER_CMD_RES_UNTYPED:
        req->length = le64_to_cpu(job->cmd.untyped.length);
        break;
    case PUCK_RENDER_CMD_TO_HOST:
    case PUCK_RENDER_CMD_FROM_HOST:
        for (unsigned i = 0; i < 9; i++) {
            req->arg[i] = le32_to_cpu((&t->x)[i]);
        }
        req->offset = le64_to_cpu(t->offset);
        break;
    case PUCK_RENDER_CMD_SUBMIT:
        req->length = le64_to_cpu(job->cmd.io.length);
        break;
    case PUCK_RENDER_CMD_CAPSET:
        req->arg[0] = le32_to_cpu(job->cmd.io.capset);
        req->arg[1] = le32_to_cpu(job->cmd.io.version);
        req->length = PUCK_RENDER_CAPSET_LENGTH_MAX;
        break;
    }
}

/*
 * What the command makes is there from here on. It may be that another ring has
 * made it, or taken away what it is for, since the command began.
 */
static bool announce(PuckRenderJob *job)
{
    PuckObjects *o = &job->render->objects;
    PuckRenderResource *res;

    switch (opcode_of(job)) {
    case PUCK_RENDER_CMD_CTX_CREATE:
        puck_context_add(o, ctx_of(job));
        break;
    case PUCK_RENDER_CMD_RES_CREATE:
    case PUCK_RENDER_CMD_RES_UNTYPED:
        puck_resource_add(o, resource_of(job),
                          puck_render_resource_bytes(&job->cmd));
        break;
    case PUCK_RENDER_CMD_ATTACH:
        res = need_backing(job, false);
        if (!res) {
            return false;
        }
        puck_resource_attach(o, res, job->backing);
        break;
    }
    return true;
}

static bool makes_something(const PuckRenderJob *job)
{
    return opcode_of(job) == PUCK_RENDER_CMD_CTX_CREATE ||
           opcode_of(job) == PUCK_RENDER_CMD_RES_CREATE ||
           opcode_of(job) == PUCK_RENDER_CMD_RES_UNTYPED;
}

static bool ask(PuckRenderJob *job, PuckHold *hold)
{
    PuckRender *r = job->render;
    PuckWireRequest req = {
        .op = opcode_of(job), .ring = job->ring, .ctx = ctx_of(job),
        .resource = resource_of(job),
    };
    int error = puck_process_start(&r->process);

    if (error) {
        return fail(job, PUCK_RENDER_ERR_LOST, error);
    }
    if (makes_something(job) && !puck_render_block(r)) {
        return fail(job, PUCK_RENDER_ERR_REFUSED, EBUSY);
    }
    if (!announce(job)) {
        return false;
    }
    fill_fields(job, &req);
    if (req.op == PUCK_RENDER_CMD_ATTACH) {
        req.count = puck_memory_tell(job, hold);
    }
    req.serial = job->serial = ++r->serial;
    r->asked[job->ring] = job;
    job->phase = PUCK_RENDER_ASKED;
    /* If it cannot be told, its end will be. */
    puck_process_send(&r->process, &req);
    return true;
}

/* The renderer has ended what the command was to end. */
static void forget(PuckRenderJob *job)
{
    PuckObjects *o = &job->render->objects;
    PuckRenderResource *res = puck_resource_find(o, resource_of(job));

    switch (opcode_of(job)) {
    case PUCK_RENDER_CMD_CTX_DESTROY:
        puck_context_remove(o, ctx_of(job));
        break;
    case PUCK_RENDER_CMD_RES_DESTROY:
        puck_resource_remove(o, resource_of(job));
        break;
    case PUCK_RENDER_CMD_DETACH:
        if (res) {
            puck_resource_detach(o, res);
        }
        break;
    }
    puck_render_unblock(job->render);
}

/* The renderer has not done it: what was announced is not there. */
static void refused(PuckRenderJob *job, int error)
{
    PuckObjects *o = &job->render->objects;
    PuckRenderResource *res = puck_resource_find(o, resource_of(job));
    PuckRenderContext *ctx = puck_context_find(o, ctx_of(job));

    switch (opcode_of(job)) {
    case PUCK_RENDER_CMD_CTX_CREATE:
        puck_context_remove(o, ctx_of(job));
        break;
    case PUCK_RENDER_CMD_RES_CREATE:
    case PUCK_RENDER_CMD_RES_UNTYPED:
        puck_resource_remove(o, resource_of(job));
        break;
    case PUCK_RENDER_CMD_ATTACH:
        if (res && res->backing == job->backing) {
            puck_resource_detach(o, res);
        }
        break;
    case PUCK_RENDER_CMD_SUBMIT:
    case PUCK_RENDER_CMD_TO_HOST:
    case PUCK_RENDER_CMD_FROM_HOST:
        if (ctx) {
            ctx->bad = true;
        }
        break;
    }
    puck_render_unblock(job->render);
    fail(job, PUCK_RENDER_ERR_REFUSED, error);
}

/* Its head is what software learns of the capset, wherever its bytes end. */
static void put_capset(PuckRenderJob *job, const PuckWireReply *reply)
{
    struct puck_render_capset *head = (void *)job->capset;
    uint32_t bytes = MIN(reply->size, PUCK_RENDER_CAPSET_LENGTH_MAX);
    uint64_t length = MIN(le64_to_cpu(job->cmd.io.length),
                          sizeof(*head) + bytes);

    job->capset = g_malloc0(sizeof(*head) + bytes);
    head = (void *)job->capset;
    head->id = job->cmd.io.capset;
    head->version = cpu_to_le32(reply->version);
    head->size = cpu_to_le32(bytes);
    memcpy(head + 1, puck_process_area(&job->render->process, job->ring),
           bytes);
    puck_cursor_init(&job->cursor, job->list.segs, length, length, 1);
    job->phase = PUCK_RENDER_WRITE;
}

void puck_render_job_replied(PuckRenderJob *job, const PuckWireReply *reply)
{
    PuckGpu *s = job->render->gpu;

    trace_puck_gpu_render(puck_gpu_name(s), puck_render_first(s) + job->ring,
                          job->seqno, opcode_of(job), reply->error,
                          get_clock() - reply->when_ns);
    job->render->asked[job->ring] = NULL;
    job->phase = PUCK_RENDER_DONE;
    if (reply->error) {
        refused(job, reply->error);
    } else if (opcode_of(job) == PUCK_RENDER_CMD_CAPSET) {
        put_capset(job, reply);
    } else {
        forget(job);
    }
}

/* False: it ends here, with a fault. */
static bool step(PuckRenderJob *job, PuckHold *hold)
{
    switch (job->phase) {
    case PUCK_RENDER_BEGIN:
        return begin(job);
    case PUCK_RENDER_LIST:
        return step_list(job, hold);
    case PUCK_RENDER_TRANSLATE:
        return puck_memory_translate(job, hold);
    case PUCK_RENDER_VERIFY:
        return puck_memory_verify(job, hold);
    case PUCK_RENDER_READ:
        return puck_memory_read(job, hold);
    case PUCK_RENDER_ASK:
        return ask(job, hold);
    case PUCK_RENDER_WRITE:
        return puck_memory_write(job, hold);
    default:
        g_assert_not_reached();
    }
}

static void free_job(PuckRenderJob *job)
{
    puck_backing_unref(job->backing);
    g_free(job->list.segs);
    g_free(job->capset);
    object_unref(OBJECT(job->render->gpu));
    g_free(job);
}

/* What has begun with one renderer does not go on with another. */
static void look_at_epoch(PuckRenderJob *job)
{
    if (job->phase == PUCK_RENDER_BEGIN) {
        job->epoch = job->render->epoch;
    } else if (job->epoch != job->render->epoch) {
        fail(job, PUCK_RENDER_ERR_LOST, 0);
        job->phase = PUCK_RENDER_DONE;
    }
}

PuckRenderStep puck_render_job_step(PuckRenderJob *job, PuckHold *hold)
{
    if (puck_render_ending(job->render) || job->render->resting) {
        return PUCK_RENDER_WAITS;
    }
    look_at_epoch(job);
    if (job->phase == PUCK_RENDER_DONE) {
        return PUCK_RENDER_ENDED;
    }
    if (job->phase == PUCK_RENDER_ASKED) {
        return PUCK_RENDER_WAITS;
    }
    job->stepping = true;
    if (!step(job, hold)) {
        job->phase = PUCK_RENDER_DONE;
    }
    job->stepping = false;
    if (job->dropped) {
        free_job(job);
        return PUCK_RENDER_DROPPED;
    }
    return PUCK_RENDER_MORE;
}

const PuckFault *puck_render_job_fault(const PuckRenderJob *job)
{
    return job->fault.reason ? &job->fault : NULL;
}

PuckRenderJob *puck_render_job_new(PuckRender *r, unsigned ring, uint32_t index,
                                   const struct puck_render_cmd *cmd)
{
    PuckRenderJob *job = g_new0(PuckRenderJob, 1);

    object_ref(OBJECT(r->gpu));
    job->render = r;
    job->ring = ring;
    job->index = index;
    job->seqno = le32_to_cpu(cmd->seqno);
    job->advance = true;
    job->cmd = *cmd;
    puck_dma_init(&job->dma, &r->gpu->master);
    return job;
}

void puck_render_job_drop(PuckRenderJob *job)
{
    PuckRender *r = job->render;

    if (r->asked[job->ring] == job) {
        r->asked[job->ring] = NULL;
    }
    if (job->stepping) {
        job->dropped = true;
    } else {
        free_job(job);
    }
}
