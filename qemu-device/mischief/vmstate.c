/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: migration. Rules travel as text, and are read again as if the
 * user had typed them, since what arrives may come from anywhere.
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "list.h"

static const VMStateDescription vmstate_rule = {
    .name = "puck-mischief/rule",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(id, PuckSavedRule),
        VMSTATE_UINT64(seen, PuckSavedRule),
        VMSTATE_UINT64(hits, PuckSavedRule),
        VMSTATE_UINT64(random, PuckSavedRule),
        VMSTATE_UINT8_ARRAY(text, PuckSavedRule, PUCK_RULE_TEXT_MAX + 1),
        VMSTATE_END_OF_LIST()
    }
};

static int pre_save(void *opaque)
{
    puck_rules_save(opaque);
    return 0;
}

/* Before that many are read. */
static bool count_valid(void *opaque, int version_id)
{
    PuckSavedRules *saved = opaque;

    return saved->count <= ARRAY_SIZE(saved->rules);
}

static int post_load(void *opaque, int version_id)
{
    if (!puck_rules_load(opaque)) {
        error_report("puck-mischief: bad state");
        return -EINVAL;
    }
    return 0;
}

const VMStateDescription vmstate_puck_mischief = {
    .name = "puck-mischief",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = pre_save,
    .post_load = post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(seed, PuckSavedRules),
        VMSTATE_UINT32(next_id, PuckSavedRules),
        VMSTATE_UINT32(count, PuckSavedRules),
        VMSTATE_VALIDATE("puck-mischief: number of rules", count_valid),
        VMSTATE_STRUCT_VARRAY_UINT32(rules, PuckSavedRules, count, 1,
                                     vmstate_rule, PuckSavedRule),
        VMSTATE_END_OF_LIST()
    }
};
