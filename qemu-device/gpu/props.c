/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the completion stage as QOM properties, ringN-*. Before realize,
 * on the command line, they set the reset value; later, by qom-set, they are
 * another way to write the register. Of heads, connectedN, which is what the
 * host has plugged in, and redrawsN. And the option "vectors", a word.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "hw/puck/gpu/display/connector.h"
#include "hw/puck/gpu/ring/ring.h"
#include "props.h"

typedef enum PuckStageProp {
    PROP_START_DELAY,
    PROP_DELAY,
    PROP_JITTER,
    PROP_SEED,
    PROP_HOLD,
    PROP_RELEASE,
    PROP_COUNT,
} PuckStageProp;

static const struct {
    const char *name;
    const char *type;
    const char *description;
} stage_props[PROP_COUNT] = {
    [PROP_START_DELAY] = { "start-delay-ns", "uint64",
                           "how late an idle ring starts" },
    [PROP_DELAY] = { "delay-ns", "uint64", "how late a fence is" },
    [PROP_JITTER] = { "jitter-ns", "uint64",
                      "a random part, up to this, of how late a fence is" },
    [PROP_SEED] = { "seed", "uint64", "start of the jitter's sequence" },
    [PROP_HOLD] = { "hold", "bool", "hold fences that are due" },
    [PROP_RELEASE] = { "release", "uint32",
                       "let so many held fences go" },
};

/* What a property's opaque pointer says: a ring and one of its registers. */
#define PROP_KEY(ring, prop)    GUINT_TO_POINTER((ring) * PROP_COUNT + (prop))
#define KEY_RING(key)           (GPOINTER_TO_UINT(key) / PROP_COUNT)
#define KEY_PROP(key)           (GPOINTER_TO_UINT(key) % PROP_COUNT)

static uint64_t *time_reg(PuckStage *stage, PuckStageProp prop)
{
    switch (prop) {
    case PROP_START_DELAY:
        return &stage->start_delay;
    case PROP_DELAY:
        return &stage->delay;
    default:
        return &stage->jitter;
    }
}

static uint64_t get_value(PuckRing *ring, PuckStage *stage, PuckStageProp prop)
{
    switch (prop) {
    case PROP_SEED:
        return stage->seed;
    case PROP_HOLD:
        return stage->hold;
    case PROP_RELEASE:
        return ring->credits;
    default:
        return *time_reg(stage, prop);
    }
}

static bool visit_value(Visitor *v, const char *name, PuckStageProp prop,
                        uint64_t *value, Error **errp)
{
    uint32_t count = *value;
    bool flag = *value;

    switch (prop) {
    case PROP_HOLD:
        if (!visit_type_bool(v, name, &flag, errp)) {
            return false;
        }
        *value = flag;
        return true;
    case PROP_RELEASE:
        if (!visit_type_uint32(v, name, &count, errp)) {
            return false;
        }
        *value = count;
        return true;
    default:
        return visit_type_uint64(v, name, value, errp);
    }
}

static void get_prop(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    PuckRing *ring = &PUCK_GPU(obj)->rings[KEY_RING(opaque)];
    PuckStage *stage = DEVICE(obj)->realized ? &ring->stage :
                                               &ring->stage_reset;
    uint64_t value = get_value(ring, stage, KEY_PROP(opaque));

    visit_value(v, name, KEY_PROP(opaque), &value, errp);
}

/* Before realize: what the registers will be reset to. */
static void set_reset_value(PuckRing *ring, PuckStageProp prop, uint64_t value,
                            Error **errp)
{
    switch (prop) {
    case PROP_SEED:
        ring->stage_reset.seed = value;
        ring->seed_given = true;
        break;
    case PROP_HOLD:
        ring->stage_reset.hold = value;
        break;
    case PROP_RELEASE:
        error_setg(errp, "there is nothing to release yet");
        break;
    default:
        puck_stage_set_time(time_reg(&ring->stage_reset, prop), value);
        break;
    }
}

static void set_register(PuckRing *ring, PuckStageProp prop, uint64_t value)
{
    switch (prop) {
    case PROP_SEED:
        puck_stage_set_seed(ring, value);
        break;
    case PROP_HOLD:
        puck_stage_set_hold(ring, value);
        break;
    case PROP_RELEASE:
        puck_stage_release(ring, value);
        break;
    default:
        puck_stage_set_time(time_reg(&ring->stage, prop), value);
        break;
    }
}

static void set_prop(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    PuckGpu *s = PUCK_GPU(obj);
    unsigned index = KEY_RING(opaque);
    uint64_t value = 0;

    if (!visit_value(v, name, KEY_PROP(opaque), &value, errp)) {
        return;
    }
    if (!DEVICE(obj)->realized) {
        set_reset_value(&s->rings[index], KEY_PROP(opaque), value, errp);
    } else if (index < s->num_rings) {
        set_register(&s->rings[index], KEY_PROP(opaque), value);
    } else {
        error_setg(errp, "there is no ring %u", index);
    }
}

static void get_connected(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    const PuckHead *heads = PUCK_GPU(obj)->display->heads;
    bool connected = heads[GPOINTER_TO_UINT(opaque)].connected;

    visit_type_bool(v, name, &connected, errp);
}

static void set_connected(Object *obj, Visitor *v, const char *name,
                          void *opaque, Error **errp)
{
    PuckGpu *s = PUCK_GPU(obj);
    unsigned h = GPOINTER_TO_UINT(opaque);
    bool connected;

    if (!visit_type_bool(v, name, &connected, errp)) {
        return;
    }
    if (!DEVICE(obj)->realized) {
        s->display->heads[h].connected = connected;
    } else if (h < s->num_heads) {
        puck_connector_plug(&s->display->heads[h], connected);
    } else {
        error_setg(errp, "there is no head %u", h);
    }
}

static void get_redraws(Object *obj, Visitor *v, const char *name,
                        void *opaque, Error **errp)
{
    const PuckHead *heads = PUCK_GPU(obj)->display->heads;
    uint64_t redraws = heads[GPOINTER_TO_UINT(opaque)].console.redraws;

    visit_type_uint64(v, name, &redraws, errp);
}

static void add_head_props(ObjectClass *klass, unsigned h)
{
    g_autofree char *connected = g_strdup_printf("connected%u", h);
    g_autofree char *redraws = g_strdup_printf("redraws%u", h);

    object_class_property_add(klass, connected, "bool", get_connected,
                              set_connected, NULL, GUINT_TO_POINTER(h));
    object_class_property_set_description(klass, connected,
        "whether something is plugged into the head");
    object_class_property_add(klass, redraws, "uint64", get_redraws, NULL,
                              NULL, GUINT_TO_POINTER(h));
    object_class_property_set_description(klass, redraws,
        "how often its console was redrawn");
}

static char *get_vectors(Object *obj, Error **errp)
{
    return g_strdup(puck_gpu_option(PUCK_GPU(obj), PUCK_OPTION_VECTORS_REVERSED)
                    ? "reverse" : "forward");
}

static void set_vectors(Object *obj, const char *value, Error **errp)
{
    PuckGpu *s = PUCK_GPU(obj);

    if (DEVICE(obj)->realized) {
        error_setg(errp, "vectors: only before the device is made");
    } else if (!strcmp(value, "reverse")) {
        s->options |= 1u << PUCK_OPTION_VECTORS_REVERSED;
    } else if (!strcmp(value, "forward")) {
        s->options &= ~(1u << PUCK_OPTION_VECTORS_REVERSED);
    } else {
        error_setg(errp, "vectors: forward or reverse, not %s", value);
    }
}

void puck_gpu_class_add_props(ObjectClass *klass)
{
    object_class_property_add_str(klass, "vectors", get_vectors, set_vectors);
    object_class_property_set_description(klass, "vectors",
        "in which order interrupt sources have vectors: forward, reverse");
    for (unsigned h = 0; h < PUCK_DISPLAY_HEADS_MAX; h++) {
        add_head_props(klass, h);
    }
    for (unsigned r = 0; r < PUCK_GPU_RINGS_MAX; r++) {
        for (unsigned p = 0; p < PROP_COUNT; p++) {
            g_autofree char *name = g_strdup_printf("ring%u-%s", r,
                                                    stage_props[p].name);

            object_class_property_add(klass, name, stage_props[p].type,
                                      get_prop, set_prop, NULL,
                                      PROP_KEY(r, p));
            object_class_property_set_description(klass, name,
                                                  stage_props[p].description);
        }
    }
}
