/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: what is plugged into a head.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qapi/error.h"
#include "hw/display/edid.h"
#include "connector.h"
#include "irq.h"

#define EDID_BLOCK  128

/* Nothing in it is checked: a wrong one is there to be read. */
static bool load(PuckHead *head, const char *file, Error **errp)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *bytes = NULL;
    gsize size;

    if (!g_file_get_contents(file, &bytes, &size, &err)) {
        error_setg(errp, "edid: %s", err->message);
        return false;
    }
    if (size != EDID_BLOCK && size != 2 * EDID_BLOCK) {
        error_setg(errp, "edid: %s has %zu bytes, not 128 or 256", file, size);
        return false;
    }
    memcpy(head->edid, bytes, size);
    head->edid_size = size;
    return true;
}

bool puck_connector_init(PuckHead *head, const char *file, Error **errp)
{
    g_autofree char *name = g_strdup_printf("puck head %u", head->index);
    qemu_edid_info info = {
        .vendor = "PUK",
        .name = name,
        .prefx = 1024,
        .prefy = 768,
        .maxx = PUCK_DISPLAY_DIM_MAX_VALUE,
        .maxy = PUCK_DISPLAY_DIM_MAX_VALUE,
    };

    QEMU_BUILD_BUG_ON(PUCK_EDID_MAX != 2 * EDID_BLOCK);
    if (file) {
        return load(head, file, errp);
    }
    qemu_edid_generate(head->edid, sizeof(head->edid), &info);
    head->edid_size = MIN(qemu_edid_size(head->edid), sizeof(head->edid));
    return true;
}

void puck_connector_plug(PuckHead *head, bool connected)
{
    PuckEvent ev = puck_head_event(head, PUCK_SITE_DISPLAY_HOTPLUG,
                                   PUCK_ACT_BIT(PUCK_ACT_DROP));
    PuckVerdict verdict;

    if (head->connected == connected) {
        return;
    }
    head->connected = connected;
    head->changes = (head->changes + 1) & 0xffff;
    if (!puck_mischief_ask(&ev, &verdict)) {
        puck_head_cause(head, PUCK_HEAD_IRQ_HOTPLUG);
    }
}

uint32_t puck_connector_edid_size(const PuckHead *head)
{
    return head->connected ? head->edid_size : 0;
}

uint32_t puck_connector_edid(const PuckHead *head, unsigned i)
{
    return 4 * i < puck_connector_edid_size(head) ?
           ldl_le_p(head->edid + 4 * i) : 0;
}
