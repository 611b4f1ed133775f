/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: the device that is rules from the command line and over QMP. See
 * section "The mischief device" of docs/specs/mischief.rst. Under the BQL.
 *
 * It has no bus and no registers. A device can be named on the command line of
 * any QEMU that has its type; an object of -object has to be in QEMU's schema.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "qemu/notify.h"
#include "monitor/qdev.h"
#include "system/system.h"
#include "qobject/qdict.h"
#include "qobject/qlist.h"
#include "list.h"
#include "logfile.h"
#include "hw/puck/common/compat.h"

#define TYPE_PUCK_MISCHIEF  "puck-mischief"
#define DEFAULT_NAME        "mischief"

OBJECT_DECLARE_SIMPLE_TYPE(PuckMischief, PUCK_MISCHIEF)

struct PuckMischief {
    DeviceState parent_obj;

    uint64_t seed;
    char *log;
    uint64_t log_max;
    char *rules;                /* first ones, as they were given */
    bool guest;
    uint32_t last_id;
    PuckSavedRules saved;       /* while the machine is saved or loaded */
};

/* The one of the machine. */
static PuckMischief *mischief;

bool puck_mischief_guest_may(void)
{
    return mischief && mischief->guest;
}

static bool is_complete(PuckMischief *m)
{
    return m == mischief;
}

static bool check_complete(PuckMischief *m, Error **errp)
{
    if (!is_complete(m)) {
        error_setg(errp, "only while the machine runs");
        return false;
    }
    return true;
}

static bool check_incomplete(PuckMischief *m, const char *name, Error **errp)
{
    if (is_complete(m)) {
        error_setg(errp, "%s is set when the device is made", name);
        return false;
    }
    return true;
}

static bool add_rule(const char *text, size_t len, uint32_t *id, Error **errp)
{
    PuckRuleError err;

    switch (puck_rules_add(text, len, id, &err)) {
    case PUCK_MISCHIEF_OK:
        return true;
    case PUCK_MISCHIEF_ERR_SYNTAX:
        error_setg(errp, "rule '%.*s', byte %u: %s", (int)MIN(len, 255), text,
                   err.column, err.what);
        return false;
    default:
        error_setg(errp, "there are %d rules, the most there can be",
                   PUCK_MISCHIEF_RULES_MAX);
        return false;
    }
}

/* Blank ones are left out, so that a list may end in ";". */
static bool add_first_rules(const char *rules, Error **errp)
{
    while (rules && *rules) {
        size_t len = strcspn(rules, ";");
        uint32_t id;

        if (strspn(rules, " ") < len && !add_rule(rules, len, &id, errp)) {
            return false;
        }
        rules += len + !!rules[len];
    }
    return true;
}

static void mischief_realize(DeviceState *dev, Error **errp)
{
    PuckMischief *m = PUCK_MISCHIEF(dev);

    if (mischief) {
        g_autofree char *path = object_get_canonical_path(OBJECT(mischief));

        error_setg(errp, "there is one puck-mischief already, %s", path);
        return;
    }
    puck_rules_set_seed(m->seed);
    if (!add_first_rules(m->rules, errp) ||
        (m->log && !puck_logfile_open(m->log, m->log_max, errp))) {
        puck_rules_clear();
        return;
    }
    mischief = m;
    vmstate_register_any(NULL, &vmstate_puck_mischief, &m->saved);
}

/* By the machine's end, or as QEMU refused what it realized. */
static void mischief_unrealize(DeviceState *dev)
{
    PuckMischief *m = PUCK_MISCHIEF(dev);

    vmstate_unregister(NULL, &vmstate_puck_mischief, &m->saved);
    mischief = NULL;
    puck_rules_clear();
}

/* The command line has made none. */
static void make_default(Notifier *notifier, void *data)
{
    DeviceState *dev;

    if (mischief) {
        return;
    }
    dev = qdev_new(TYPE_PUCK_MISCHIEF);
    if (!qdev_set_id(dev, g_strdup(DEFAULT_NAME), NULL)) {
        warn_report("puck-mischief: another device is called " DEFAULT_NAME);
        qdev_set_id(dev, NULL, &error_abort);
    }
    /* QEMU takes what is made from now on for plugged in by the user. */
    dev->hotplugged = false;
    qdev_realize_and_unref(dev, NULL, &error_abort);
}

void puck_mischief_init(void)
{
    static Notifier command_line_done = { .notify = make_default };
    static bool waiting;

    if (!waiting) {
        waiting = true;
        qemu_add_machine_init_done_notifier(&command_line_done);
    }
}

static void get_seed(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    PuckMischief *m = PUCK_MISCHIEF(obj);
    /* The list has the seed that counts: it is part of the machine's state. */
    uint64_t seed = is_complete(m) ? puck_rules_seed() : m->seed;

    visit_type_uint64(v, name, &seed, errp);
}

static void set_seed(Object *obj, Visitor *v, const char *name, void *opaque,
                     Error **errp)
{
    PuckMischief *m = PUCK_MISCHIEF(obj);
    uint64_t seed;

    if (visit_type_uint64(v, name, &seed, errp) &&
        check_incomplete(m, name, errp)) {
        m->seed = seed;
    }
}

static char *get_log(Object *obj, Error **errp)
{
    return g_strdup(PUCK_MISCHIEF(obj)->log);
}

static void set_log(Object *obj, const char *value, Error **errp)
{
    PuckMischief *m = PUCK_MISCHIEF(obj);

    if (check_incomplete(m, "log", errp)) {
        g_free(m->log);
        m->log = g_strdup(value);
    }
}

static void get_log_max(Object *obj, Visitor *v, const char *name,
                        void *opaque, Error **errp)
{
    visit_type_size(v, name, &PUCK_MISCHIEF(obj)->log_max, errp);
}

static void set_log_max(Object *obj, Visitor *v, const char *name,
                        void *opaque, Error **errp)
{
    PuckMischief *m = PUCK_MISCHIEF(obj);
    uint64_t max;

    if (!visit_type_size(v, name, &max, errp) ||
        !check_incomplete(m, name, errp)) {
        return;
    }
    if (max < PUCK_LOG_MIN) {
        error_setg(errp, "log-max: at least %d", PUCK_LOG_MIN);
        return;
    }
    m->log_max = max;
}

/* All lines up to now are in the file then, if it takes them. */
static void get_log_lost(Object *obj, Visitor *v, const char *name,
                         void *opaque, Error **errp)
{
    uint64_t lost;

    puck_logfile_flush();
    lost = puck_logfile_lost();
    visit_type_uint64(v, name, &lost, errp);
}

static bool get_guest(Object *obj, Error **errp)
{
    return PUCK_MISCHIEF(obj)->guest;
}

static void set_guest(Object *obj, bool value, Error **errp)
{
    PUCK_MISCHIEF(obj)->guest = value;
}

static QDict *describe(const PuckRuleInfo *info)
{
    QDict *rule = qdict_new();

    qdict_put_int(rule, "id", info->id);
    qdict_put_str(rule, "rule", info->text);
    qdict_put_int(rule, "seen", info->seen);
    qdict_put_int(rule, "hits", info->hits);
    return rule;
}

static void get_rules(Object *obj, Visitor *v, const char *name, void *opaque,
                      Error **errp)
{
    QList *rules = qlist_new();
    QObject *value = QOBJECT(rules);
    PuckRuleInfo info;

    if (is_complete(PUCK_MISCHIEF(obj))) {
        for (unsigned i = 0; puck_rules_show(i, &info); i++) {
            qlist_append(rules, describe(&info));
        }
    }
    visit_type_any(v, name, &value, errp);
    qobject_unref(rules);
}

static void set_rules(Object *obj, Visitor *v, const char *name, void *opaque,
                      Error **errp)
{
    PuckMischief *m = PUCK_MISCHIEF(obj);
    g_autofree char *rules = NULL;

    if (visit_type_str(v, name, &rules, errp) &&
        check_incomplete(m, name, errp)) {
        g_free(m->rules);
        m->rules = g_steal_pointer(&rules);
    }
}

static void set_add(Object *obj, const char *value, Error **errp)
{
    PuckMischief *m = PUCK_MISCHIEF(obj);

    if (check_complete(m, errp)) {
        add_rule(value, strlen(value), &m->last_id, errp);
    }
}

/* The setter of "remove" and "release": @opaque points to what is done. */
static void set_number(Object *obj, Visitor *v, const char *name, void *opaque,
                       Error **errp)
{
    uint32_t (*const *change)(uint32_t id) = opaque;
    uint32_t id;

    if (!visit_type_uint32(v, name, &id, errp) ||
        !check_complete(PUCK_MISCHIEF(obj), errp)) {
        return;
    }
    if ((*change)(id) != PUCK_MISCHIEF_OK) {
        error_setg(errp, "there is no rule %u", id);
    }
}

static void get_last_id(Object *obj, Visitor *v, const char *name,
                        void *opaque, Error **errp)
{
    visit_type_uint32(v, name, &PUCK_MISCHIEF(obj)->last_id, errp);
}

static void mischief_init(Object *obj)
{
    PUCK_MISCHIEF(obj)->log_max = PUCK_LOG_DEFAULT;
}

static void mischief_finalize(Object *obj)
{
    PuckMischief *m = PUCK_MISCHIEF(obj);

    g_free(m->log);
    g_free(m->rules);
}

static const struct {
    const char *name;
    const char *description;
} descriptions[] = {
    { "seed", "where the random numbers of all rules start" },
    { "log", "file for one line of JSON for each event" },
    { "log-max", "bytes of that file at most" },
    { "log-lost", "lines that are not in it; reading waits for the others" },
    { "rules", "first rules, separated by ';'; later, the list of all" },
    { "guest", "whether the guest may change rules" },
    { "add", "adds a rule, while the machine runs" },
    { "remove", "removes the rule of this number" },
    { "release", "lets go what the rule of this number holds" },
    { "last-id", "the number that the last rule added so was given" },
};

static void mischief_class_init(ObjectClass *oc, PUCK_CONST_10_1 void *data)
{
    static uint32_t (*remove_rule)(uint32_t id) = puck_rules_remove;
    static uint32_t (*release_rule)(uint32_t id) = puck_rules_release;
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->desc = "Puck's rules of mischief";
    dc->realize = mischief_realize;
    dc->unrealize = mischief_unrealize;
    /* Puck's devices rely on it for as long as there is a machine. */
    dc->hotpluggable = false;
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    object_class_property_add(oc, "seed", "uint64", get_seed, set_seed, NULL,
                              NULL);
    object_class_property_add_str(oc, "log", get_log, set_log);
    object_class_property_add(oc, "log-max", "size", get_log_max, set_log_max,
                              NULL, NULL);
    object_class_property_add(oc, "log-lost", "uint64", get_log_lost, NULL,
                              NULL, NULL);
    object_class_property_add(oc, "rules", "any", get_rules, set_rules, NULL,
                              NULL);
    object_class_property_add_bool(oc, "guest", get_guest, set_guest);
    object_class_property_add_str(oc, "add", NULL, set_add);
    object_class_property_add(oc, "remove", "uint32", NULL, set_number, NULL,
                              &remove_rule);
    object_class_property_add(oc, "release", "uint32", NULL, set_number, NULL,
                              &release_rule);
    object_class_property_add(oc, "last-id", "uint32", get_last_id, NULL, NULL,
                              NULL);
    for (unsigned i = 0; i < ARRAY_SIZE(descriptions); i++) {
        object_class_property_set_description(oc, descriptions[i].name,
                                              descriptions[i].description);
    }
}

static const TypeInfo mischief_types[] = {
    {
        .name = TYPE_PUCK_MISCHIEF,
        .parent = TYPE_DEVICE,
        .instance_size = sizeof(PuckMischief),
        .instance_init = mischief_init,
        .instance_finalize = mischief_finalize,
        .class_init = mischief_class_init,
    },
};

DEFINE_TYPES(mischief_types)
