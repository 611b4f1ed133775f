/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: options that are words or sizes. See section "Device options" of
 * docs/specs/camera.rst.
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/puck/camera/core/device.h"
#include "props.h"

static const char *const patterns[] = {
    [PUCK_CAM_PATTERN_BARS] = "bars",
    [PUCK_CAM_PATTERN_RAMP] = "ramp",
    [PUCK_CAM_PATTERN_BOX] = "box",
    [PUCK_CAM_PATTERN_NOISE] = "noise",
    [PUCK_CAM_PATTERN_SOURCE] = "source",
};

static bool changeable(Object *obj, const char *name, Error **errp)
{
    if (DEVICE(obj)->realized) {
        error_setg(errp, "%s: only before the device is made", name);
        return false;
    }
    return true;
}

static char *get_pattern(Object *obj, Error **errp)
{
    return g_strdup(patterns[PUCK_CAM(obj)->pattern]);
}

static void set_pattern(Object *obj, const char *value, Error **errp)
{
    if (!changeable(obj, "pattern", errp)) {
        return;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(patterns); i++) {
        if (!strcmp(value, patterns[i])) {
            PUCK_CAM(obj)->pattern = i;
            PUCK_CAM(obj)->pattern_given = true;
            return;
        }
    }
    error_setg(errp, "pattern: bars, ramp, box, noise or source, not %s",
               value);
}

static char *size_text(uint32_t size)
{
    return g_strdup_printf("%ux%u", size & PUCK_CAM_SIZE_WIDTH, size >> 16);
}

/* WxH. Stores nothing if it is none, or out of range. */
static void set_size(Object *obj, const char *name, const char *value,
                     uint32_t *size, Error **errp)
{
    unsigned width, height;
    int end = 0;

    if (!changeable(obj, name, errp)) {
        return;
    }
    if (sscanf(value, "%4ux%4u%n", &width, &height, &end) != 2 || value[end] ||
        width % 2 || height % 2 || width < PUCK_CAM_DIM_MIN ||
        height < PUCK_CAM_DIM_MIN || width > PUCK_CAM_WIDTH_MAX ||
        height > PUCK_CAM_HEIGHT_MAX) {
        error_setg(errp, "%s: WxH, even, %dx%d to %dx%d, not %s", name,
                   PUCK_CAM_DIM_MIN, PUCK_CAM_DIM_MIN, PUCK_CAM_WIDTH_MAX,
                   PUCK_CAM_HEIGHT_MAX, value);
        return;
    }
    *size = puck_cam_size(width, height);
}

static char *get_max_size(Object *obj, Error **errp)
{
    return size_text(PUCK_CAM(obj)->size_max);
}

static void set_max_size(Object *obj, const char *value, Error **errp)
{
    set_size(obj, "max-size", value, &PUCK_CAM(obj)->size_max, errp);
}

static char *get_source_size(Object *obj, Error **errp)
{
    return size_text(PUCK_CAM(obj)->source.size);
}

static void set_source_size(Object *obj, const char *value, Error **errp)
{
    set_size(obj, "source-size", value, &PUCK_CAM(obj)->source.size, errp);
}

void puck_cam_class_add_props(ObjectClass *klass)
{
    object_class_property_add_str(klass, "pattern", get_pattern, set_pattern);
    object_class_property_set_description(klass, "pattern",
        "what the sensor sees: bars, ramp, box, noise, source");
    object_class_property_add_str(klass, "max-size", get_max_size,
                                  set_max_size);
    object_class_property_set_description(klass, "max-size",
        "largest picture of the sensor, WxH");
    object_class_property_add_str(klass, "source-size", get_source_size,
                                  set_source_size);
    object_class_property_set_description(klass, "source-size",
        "size of the source's raw pictures, WxH");
}
