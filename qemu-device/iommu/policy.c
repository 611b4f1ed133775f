/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-iommu: lines of text from the host for a DMA mapper in the guest. The
 * IOMMU hands them on and does not ask what they say.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/lockable.h"
#include "qapi/error.h"
#include "migration/qemu-file-types.h"
#include "migration/vmstate.h"
#include "device.h"
#include "irq.h"
#include "policy.h"

#define LINE_MAX_BYTES  (PUCK_IOMMU_POLICY_TEXT_SIZE - 1)
#define SAVED_MAX       (PUCK_IOMMU_POLICY_LINES_MAX * \
                         PUCK_IOMMU_POLICY_TEXT_SIZE)

static bool is_blank(const char *line)
{
    return line[strspn(line, " \t")] == '\0';
}

static bool line_valid(const char *line, Error **errp)
{
    if (strlen(line) > LINE_MAX_BYTES) {
        error_setg(errp, "policy: '%.20s...' has more than %d bytes", line,
                   LINE_MAX_BYTES);
        return false;
    }
    for (const char *c = line; *c; c++) {
        if (!g_ascii_isprint(*c)) {
            error_setg(errp, "policy: other than printable ASCII in line "
                       "'%.20s'", line);
            return false;
        }
    }
    return true;
}

/* The lines of @text that are not blank, or NULL with an error. */
static char **parse_lines(const char *text, uint32_t *count, Error **errp)
{
    g_auto(GStrv) all = g_strsplit(text, ";", -1);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

    for (char **line = all; *line; line++) {
        if (is_blank(*line)) {
            continue;
        }
        if (!line_valid(*line, errp)) {
            return NULL;
        }
        if (lines->len == PUCK_IOMMU_POLICY_LINES_MAX) {
            error_setg(errp, "policy: more than %d lines",
                       PUCK_IOMMU_POLICY_LINES_MAX);
            return NULL;
        }
        g_ptr_array_add(lines, g_strdup(*line));
    }
    *count = lines->len;
    g_ptr_array_add(lines, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&lines), false);
}

static void take_lines(PuckPolicy *p, char **lines, uint32_t count)
{
    g_strfreev(p->lines);
    p->lines = lines;
    p->count = count;
}

static char *join_lines(const PuckPolicy *p)
{
    return p->lines ? g_strjoinv(";", p->lines) : g_strdup("");
}

static char *get_policy(Object *obj, Error **errp)
{
    return join_lines(&PUCK_IOMMU(obj)->policy);
}

static void set_policy(Object *obj, const char *text, Error **errp)
{
    PuckIOMMU *s = PUCK_IOMMU(obj);
    uint32_t count;
    char **lines = parse_lines(text, &count, errp);

    if (!lines) {
        return;
    }
    if (!DEVICE(obj)->realized) {
        take_lines(&s->policy, lines, count);
        return;
    }
    WITH_QEMU_LOCK_GUARD(&s->lock) {
        take_lines(&s->policy, lines, count);
        s->policy.generation++;
        puck_iommu_raise_locked(s, PUCK_IOMMU_IRQ_POLICY);
    }
    puck_iommu_irq_deliver(s);
}

void puck_policy_add_property(ObjectClass *klass)
{
    object_class_property_add_str(klass, "policy", get_policy, set_policy);
    object_class_property_set_description(klass, "policy",
        "lines for the DMA mapper of the guest, with ';' between");
}

void puck_policy_destroy(PuckPolicy *p)
{
    g_clear_pointer(&p->lines, g_strfreev);
    g_clear_pointer(&p->saved, g_free);
}

uint32_t puck_policy_length(const PuckPolicy *p, uint32_t index)
{
    return index < p->count ? strlen(p->lines[index]) : 0;
}

uint32_t puck_policy_word(const PuckPolicy *p, uint32_t index, unsigned word)
{
    uint32_t length = puck_policy_length(p, index);
    uint32_t at = word * sizeof(uint32_t);
    char bytes[sizeof(uint32_t)] = { };

    if (at < length) {
        memcpy(bytes, p->lines[index] + at, MIN(sizeof(bytes), length - at));
    }
    return ldl_le_p(bytes);
}

static int pre_save(void *opaque)
{
    PuckPolicy *p = opaque;

    g_free(p->saved);
    p->saved = join_lines(p);
    return 0;
}

static int post_save(void *opaque)
{
    PuckPolicy *p = opaque;

    g_clear_pointer(&p->saved, g_free);
    return 0;
}

/* With the BQL, the machine stopped: nobody looks at registers. */
static int post_load(void *opaque, int version_id)
{
    PuckPolicy *p = opaque;
    uint32_t count;
    char **lines = p->saved ? parse_lines(p->saved, &count, NULL) : NULL;

    g_clear_pointer(&p->saved, g_free);
    if (!lines) {
        return -EINVAL;
    }
    take_lines(p, lines, count);
    return 0;
}

/* A string that says its length first, which is not believed. */
static int get_saved(QEMUFile *f, void *pv, size_t size,
                     const VMStateField *field)
{
    uint32_t len = qemu_get_be32(f);
    char **saved = pv;

    g_clear_pointer(saved, g_free);
    if (len > SAVED_MAX) {
        return -EINVAL;
    }
    *saved = g_malloc0(len + 1);
    return qemu_get_buffer(f, (uint8_t *)*saved, len) == len ? 0 : -EINVAL;
}

static int put_saved(QEMUFile *f, void *pv, size_t size,
                     const VMStateField *field, JSONWriter *desc)
{
    char **saved = pv;
    size_t len = strlen(*saved);

    qemu_put_be32(f, len);
    qemu_put_buffer(f, (uint8_t *)*saved, len);
    return 0;
}

static const VMStateInfo vmstate_info_text = {
    .name = "text",
    .get = get_saved,
    .put = put_saved,
};

const VMStateDescription vmstate_puck_policy = {
    .name = "puck-iommu/policy",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = pre_save,
    .post_save = post_save,
    .post_load = post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(generation, PuckPolicy),
        {
            .name = "lines",
            .size = sizeof(char *),
            .info = &vmstate_info_text,
            .flags = VMS_SINGLE,
            .offset = offsetof(PuckPolicy, saved),
        },
        VMSTATE_END_OF_LIST()
    }
};
