/* SPDX-License-Identifier: MIT */
/* Arguments of calls of kms_fuzz that only ask. */
#ifndef LIB_KMS_FUZZ_GET_H
#define LIB_KMS_FUZZ_GET_H

#include "lib/kms/fuzz.h"

static inline void fill_getproperties(struct actor *a, void *arg)
{
	struct drm_mode_obj_get_properties *args = arg;
	struct fuzz_object o = any_object(a);

	args->obj_id = mostly(a, o.id);
	args->obj_type = mostly(a, o.type);
	args->count_props = mostly(a, below(a, 40)) % 64;
	args->props_ptr = pointer(a, props);
	args->prop_values_ptr = pointer(a, values);
}

static inline void fill_getproperty(struct actor *a, void *arg)
{
	struct drm_mode_get_property *args = arg;
	struct fuzz_object o = any_object(a);

	args->prop_id = mostly(a, o.props->prop[below(a, o.props->count)].id);
	args->count_values = mostly(a, below(a, 8)) % 64;
	args->values_ptr = pointer(a, values);
	args->count_enum_blobs = mostly(a, below(a, 8)) % 16;
	args->enum_blob_ptr = pointer(a, bytes);
}

/* None that waits. */
static inline void fill_vblank(struct actor *a, void *arg)
{
	union drm_wait_vblank *args = arg;

	args->request.type = below(a, KMS_HEADS) << _DRM_VBLANK_HIGH_CRTC_SHIFT;
	if (one_in(a, 2)) {
		args->request.type |= _DRM_VBLANK_EVENT;
		args->request.sequence = mostly(a, 1);
	}
}

static inline void fill_get_sequence(struct actor *a, void *arg)
{
	((struct drm_crtc_get_sequence *)arg)->crtc_id =
		mostly(a, fuzz_object(below(a, KMS_HEADS), 0).id);
}

static inline void fill_queue_sequence(struct actor *a, void *arg)
{
	struct drm_crtc_queue_sequence *args = arg;

	args->crtc_id = mostly(a, fuzz_object(below(a, KMS_HEADS), 0).id);
	args->flags = mostly(a, DRM_CRTC_SEQUENCE_RELATIVE);
	args->sequence = mostly64(a, 1);
}

static inline void fill_resources(struct actor *a, void *arg)
{
	struct drm_mode_card_res *args = arg;

	args->count_crtcs = below(a, 8);
	args->count_connectors = below(a, 8);
	args->crtc_id_ptr = pointer(a, words);
	args->connector_id_ptr = pointer(a, objects);
}

/* With a look at what is plugged in, or without. */
static inline void fill_connector(struct actor *a, void *arg)
{
	struct drm_mode_get_connector *args = arg;
	struct fuzz_object o = fuzz_object(below(a, KMS_HEADS), 1 + below(a, 2));

	args->connector_id = mostly(a, o.id);
	args->count_modes = one_in(a, 16) ? 0 : 1;
	args->modes_ptr = pointer(a, bytes);
	args->count_props = below(a, 16);
	args->props_ptr = pointer(a, props);
	args->prop_values_ptr = pointer(a, values);
}

static inline void fill_crtc(struct actor *a, void *arg)
{
	((struct drm_mode_crtc *)arg)->crtc_id =
		mostly(a, fuzz_object(below(a, KMS_HEADS), 0).id);
}

static inline void fill_plane(struct actor *a, void *arg)
{
	struct drm_mode_get_plane *args = arg;

	args->plane_id = mostly(a, fuzz_object(below(a, KMS_HEADS), 3 + below(a, 3)).id);
	args->count_format_types = below(a, 8);
	args->format_type_ptr = pointer(a, words);
}

#endif /* LIB_KMS_FUZZ_GET_H */
