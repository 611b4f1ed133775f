/* SPDX-License-Identifier: MIT */
/* An atomic commit, put together property by property. */
#ifndef LIB_KMS_ATOMIC_H
#define LIB_KMS_ATOMIC_H

#include "lib/kms/card.h"

#define KMS_OBJECTS	16
#define KMS_VALUES	24

struct kms_atomic {
	uint32_t objects;
	uint32_t object[KMS_OBJECTS];
	uint32_t count[KMS_OBJECTS];
	uint32_t prop[KMS_OBJECTS][KMS_VALUES];
	uint64_t value[KMS_OBJECTS][KMS_VALUES];
};

/* The last value of a property counts. No such property, or no room, makes the commit fail. */
static inline void kms_set(struct kms_atomic *atomic, uint32_t object,
			   const struct kms_props *props, const char *name, uint64_t value)
{
	uint32_t id = kms_prop_id(props, name);
	uint32_t o, i;

	for (o = 0; o < atomic->objects && atomic->object[o] != object; o++)
		;
	if (o == KMS_OBJECTS)
		return;
	if (o == atomic->objects) {
		atomic->objects++;
		atomic->object[o] = object;
		atomic->count[o] = 0;
	}
	for (i = 0; i < atomic->count[o] && atomic->prop[o][i] != id; i++)
		;
	if (i == KMS_VALUES)
		return;
	if (i == atomic->count[o])
		atomic->count[o]++;
	atomic->prop[o][i] = id;
	atomic->value[o][i] = value;
}

static inline void kms_set_crtc(struct kms_atomic *atomic, const struct kms_head *head,
				const char *name, uint64_t value)
{
	kms_set(atomic, head->crtc, &head->crtc_props, name, value);
}

static inline void kms_set_connector(struct kms_atomic *atomic, const struct kms_head *head,
				     const char *name, uint64_t value)
{
	kms_set(atomic, head->connector, &head->connector_props, name, value);
}

static inline void kms_set_plane(struct kms_atomic *atomic, const struct kms_head *head,
				 uint32_t plane, const char *name, uint64_t value)
{
	kms_set(atomic, head->plane[plane], &head->plane_props[plane], name, value);
}

/* @data comes back in the event, if @flags ask for one. Returns 0 or a negative errno. */
static inline int kms_commit(const struct kms_card *card, const struct kms_atomic *atomic,
			     uint32_t flags, uint64_t data)
{
	uint32_t props[KMS_OBJECTS * KMS_VALUES], o, i, n = 0;
	uint64_t values[KMS_OBJECTS * KMS_VALUES];
	struct drm_mode_atomic args = {
		.flags = flags,
		.count_objs = atomic->objects,
		.objs_ptr = (uintptr_t)atomic->object,
		.count_props_ptr = (uintptr_t)atomic->count,
		.props_ptr = (uintptr_t)props,
		.prop_values_ptr = (uintptr_t)values,
		.user_data = data,
	};

	for (o = 0; o < atomic->objects; o++) {
		for (i = 0; i < atomic->count[o]; i++, n++) {
			props[n] = atomic->prop[o][i];
			values[n] = atomic->value[o][i];
		}
	}
	return puck_call(card->fd, DRM_IOCTL_MODE_ATOMIC, &args);
}

/* The commit, once what was under way before is shown. */
static inline int kms_commit_wait(const struct kms_card *card, const struct kms_atomic *atomic)
{
	return kms_commit(card, atomic, DRM_MODE_ATOMIC_ALLOW_MODESET, 0);
}

static inline int kms_blob(const struct kms_card *card, const void *data, uint32_t size,
			   uint32_t *id)
{
	struct drm_mode_create_blob args = { .data = (uintptr_t)data, .length = size };
	int ret = puck_call(card->fd, DRM_IOCTL_MODE_CREATEPROPBLOB, &args);

	*id = args.blob_id;
	return ret;
}

static inline int kms_blob_drop(const struct kms_card *card, uint32_t id)
{
	struct drm_mode_destroy_blob args = { .blob_id = id };

	return puck_call(card->fd, DRM_IOCTL_MODE_DESTROYPROPBLOB, &args);
}

/* A head with timings; the commit is to be made with ALLOW_MODESET. */
static inline void kms_set_on(struct kms_atomic *atomic, const struct kms_head *head,
			      uint32_t mode_blob)
{
	kms_set_crtc(atomic, head, "MODE_ID", mode_blob);
	kms_set_crtc(atomic, head, "ACTIVE", 1);
	kms_set_connector(atomic, head, "CRTC_ID", head->crtc);
}

static inline void kms_set_off(struct kms_atomic *atomic, const struct kms_head *head)
{
	uint32_t i;

	kms_set_crtc(atomic, head, "MODE_ID", 0);
	kms_set_crtc(atomic, head, "ACTIVE", 0);
	kms_set_connector(atomic, head, "CRTC_ID", 0);
	if (head->writeback)
		kms_set(atomic, head->writeback, &head->writeback_props, "CRTC_ID", 0);
	for (i = 0; i < KMS_PLANES; i++) {
		kms_set_plane(atomic, head, i, "CRTC_ID", 0);
		kms_set_plane(atomic, head, i, "FB_ID", 0);
	}
}

/* A framebuffer 1:1, from its corner. */
static inline void kms_set_shown(struct kms_atomic *atomic, const struct kms_head *head,
				 uint32_t plane, uint32_t fb, int32_t x, int32_t y, uint32_t w,
				 uint32_t h)
{
	kms_set_plane(atomic, head, plane, "FB_ID", fb);
	kms_set_plane(atomic, head, plane, "CRTC_ID", head->crtc);
	kms_set_plane(atomic, head, plane, "SRC_X", 0);
	kms_set_plane(atomic, head, plane, "SRC_Y", 0);
	kms_set_plane(atomic, head, plane, "SRC_W", (uint64_t)w << 16);
	kms_set_plane(atomic, head, plane, "SRC_H", (uint64_t)h << 16);
	kms_set_plane(atomic, head, plane, "CRTC_X", (uint64_t)(int64_t)x);
	kms_set_plane(atomic, head, plane, "CRTC_Y", (uint64_t)(int64_t)y);
	kms_set_plane(atomic, head, plane, "CRTC_W", w);
	kms_set_plane(atomic, head, plane, "CRTC_H", h);
}

/* Timings of @hz that are not of any monitor; small ones cost little. */
static inline struct drm_mode_modeinfo kms_mode(uint16_t width, uint16_t height, uint32_t hz)
{
	uint16_t htotal = width + 16, vtotal = height + 8;

	return (struct drm_mode_modeinfo) {
		.clock = (htotal * vtotal * hz + 999) / 1000,
		.hdisplay = width, .hsync_start = width + 4, .hsync_end = width + 8,
		.htotal = htotal,
		.vdisplay = height, .vsync_start = height + 2, .vsync_end = height + 4,
		.vtotal = vtotal,
		.vrefresh = hz,
		.type = DRM_MODE_TYPE_USERDEF,
		.name = "test",
	};
}

#endif /* LIB_KMS_ATOMIC_H */
