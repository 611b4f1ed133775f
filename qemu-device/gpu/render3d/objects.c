/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: contexts and resources that there are.
 */

#include "qemu/osdep.h"
#include "objects.h"

#define KEY(id) GUINT_TO_POINTER(id)

PuckBacking *puck_backing_new(PuckSeg *segs, uint32_t nsegs, uint64_t length)
{
    PuckBacking *b = g_new0(PuckBacking, 1);

    b->refs = 1;
    b->segs = segs;
    b->nsegs = nsegs;
    b->length = length;
    b->runs = g_array_new(false, false, sizeof(PuckWireRun));
    return b;
}

PuckBacking *puck_backing_ref(PuckBacking *b)
{
    b->refs++;
    return b;
}

void puck_backing_unref(PuckBacking *b)
{
    if (b && !--b->refs) {
        g_free(b->segs);
        g_array_free(b->runs, true);
        g_free(b);
    }
}

static void resource_free(gpointer opaque)
{
    PuckRenderResource *res = opaque;

    puck_backing_unref(res->backing);
    g_free(res);
}

void puck_objects_init(PuckObjects *o)
{
    o->contexts = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    o->resources = g_hash_table_new_full(NULL, NULL, NULL, resource_free);
}

void puck_objects_exit(PuckObjects *o)
{
    g_hash_table_destroy(o->contexts);
    g_hash_table_destroy(o->resources);
}

void puck_objects_clear(PuckObjects *o)
{
    g_hash_table_remove_all(o->contexts);
    g_hash_table_remove_all(o->resources);
    o->bytes = 0;
    o->pieces = 0;
}

bool puck_objects_any(const PuckObjects *o)
{
    return g_hash_table_size(o->contexts) || g_hash_table_size(o->resources);
}

PuckRenderContext *puck_context_find(const PuckObjects *o, uint32_t id)
{
    return g_hash_table_lookup(o->contexts, KEY(id));
}

void puck_context_add(PuckObjects *o, uint32_t id)
{
    PuckRenderContext *ctx = g_new0(PuckRenderContext, 1);

    ctx->id = id;
    g_hash_table_insert(o->contexts, KEY(id), ctx);
}

void puck_context_remove(PuckObjects *o, uint32_t id)
{
    g_hash_table_remove(o->contexts, KEY(id));
}

PuckRenderResource *puck_resource_find(const PuckObjects *o, uint32_t id)
{
    return g_hash_table_lookup(o->resources, KEY(id));
}

void puck_resource_add(PuckObjects *o, uint32_t id, uint64_t bytes)
{
    PuckRenderResource *res = g_new0(PuckRenderResource, 1);

    res->id = id;
    res->bytes = bytes;
    o->bytes += bytes;
    g_hash_table_insert(o->resources, KEY(id), res);
}

void puck_resource_remove(PuckObjects *o, uint32_t id)
{
    PuckRenderResource *res = puck_resource_find(o, id);

    if (res) {
        puck_resource_detach(o, res);
        o->bytes -= res->bytes;
        g_hash_table_remove(o->resources, KEY(id));
    }
}

void puck_resource_attach(PuckObjects *o, PuckRenderResource *res,
                          PuckBacking *backing)
{
    res->backing = puck_backing_ref(backing);
    o->pieces += puck_backing_pieces(backing);
}

void puck_resource_detach(PuckObjects *o, PuckRenderResource *res)
{
    if (res->backing) {
        o->pieces -= puck_backing_pieces(res->backing);
        puck_backing_unref(res->backing);
        res->backing = NULL;
    }
}
