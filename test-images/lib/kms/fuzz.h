/* SPDX-License-Identifier: MIT */
/* What kms_fuzz draws for properties of KMS objects, and what it keeps of what it is given. */
#ifndef LIB_KMS_FUZZ_H
#define LIB_KMS_FUZZ_H

#include "lib/gpu/fuzz.h"
#include "lib/kms/screen.h"

/* Small, and as fast as a head can be: what waits for a frame waits for 4 ms. */
#define FUZZ_HZ		239
#define FUZZ_OBJECTS	4	/* of a commit */
#define FUZZ_PROPS	4	/* of an object of it, but for those that are whole */
#define FUZZ_FENCES	4	/* that a commit may give */

/* Ids by what they are of; as with handles, who puts one to its place destroys the old one. */
enum pool {
	FB,
	BLOB,
	LESSEE,
	POOLS,
};

/* Leases are descriptors; they are where dma-bufs are with the GPU's own calls. */
#define LEASE_FD	DMABUF

static struct kms_card fuzz_card;
static atomic_uint pools[POOLS][PLACES];

/* What arguments of this thread point to. */
static _Thread_local uint32_t objects[64], counts[FUZZ_OBJECTS];
static _Thread_local uint32_t props[64], words[64];
static _Thread_local uint64_t values[64];
static _Thread_local uint8_t bytes[4096];

/* An object of the card with its properties. */
struct fuzz_object {
	uint32_t id;
	uint32_t type;
	const struct kms_head *head;
	const struct kms_props *props;
};

/* Properties that nobody can set; they are tried now and then. */
static inline bool fuzz_is_fixed(const char *name)
{
	static const char * const fixed[] = {
		"type", "IN_FORMATS", "EDID", "PATH", "TILE", "non-desktop", "DPMS",
		"WRITEBACK_PIXEL_FORMATS", "GAMMA_LUT_SIZE", "SIZE_HINTS",
	};
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(fixed); i++)
		if (!strcmp(name, fixed[i]))
			return true;
	return false;
}

/* CRTC, connector, writeback, planes of each head. */
#define FUZZ_KINDS	(3 + KMS_PLANES)

static inline struct fuzz_object fuzz_object(uint32_t head, uint32_t kind)
{
	const struct kms_head *h = &fuzz_card.head[head % fuzz_card.heads];

	switch (kind) {
	case 0:
		return (struct fuzz_object) { h->crtc, DRM_MODE_OBJECT_CRTC, h, &h->crtc_props };
	case 1:
		return (struct fuzz_object) { h->connector, DRM_MODE_OBJECT_CONNECTOR, h,
					      &h->connector_props };
	case 2:
		return (struct fuzz_object) { h->writeback, DRM_MODE_OBJECT_CONNECTOR, h,
					      &h->writeback_props };
	default:
		return (struct fuzz_object) { h->plane[kind - 3], DRM_MODE_OBJECT_PLANE, h,
					      &h->plane_props[kind - 3] };
	}
}

static inline struct fuzz_object any_object(struct actor *a)
{
	uint32_t head = below(a, KMS_HEADS);

	return fuzz_object(head, below(a, FUZZ_KINDS));
}

static inline const struct kms_prop *any_prop(struct actor *a, const struct fuzz_object *o)
{
	const struct kms_prop *prop;

	do {
		prop = &o->props->prop[below(a, o->props->count)];
	} while (fuzz_is_fixed(prop->name) && !one_in(a, 8));
	return prop;
}

static inline uint32_t pooled(struct actor *a, enum pool of)
{
	return mostly(a, atomic_load(&pools[of][below(a, PLACES)]));
}

static inline void destroy(int fd, enum pool of, uint32_t id)
{
	struct drm_mode_destroy_blob blob = { .blob_id = id };

	if (!id)
		return;
	if (of == FB)
		puck_call(fd, DRM_IOCTL_MODE_RMFB, &id);
	else if (of == BLOB)
		puck_call(fd, DRM_IOCTL_MODE_DESTROYPROPBLOB, &blob);
	/* A lessee goes with its descriptor. */
}

static inline void put_pooled(struct actor *a, enum pool of, uint32_t id)
{
	destroy(a->file->fd, of, atomic_exchange(&pools[of][a->place % PLACES], id));
}

/*
 * Framebuffers and blobs come by their numbers: in place 0 of each are timings, in 1 a table of
 * gamma, in 2 rectangles, the other ones anything; framebuffers of 64 by 48 are in even places.
 */
static inline uint64_t blob_at(struct actor *a, uint32_t place)
{
	return mostly(a, one_in(a, 4) ? 0 : atomic_load(&pools[BLOB][place]));
}

/* Where a commit puts its fences, of this thread. */
static _Thread_local int32_t fuzz_fences[FUZZ_FENCES];

static inline uint64_t fence_place(struct actor *a)
{
	uint32_t at = below(a, FUZZ_FENCES);

	/* A descriptor that is written to other memory of ours would be lost. */
	return a->hostile && one_in(a, 8) ? rnd(&a->state) | 1ull << 63 :
	       one_in(a, 2) ? 0 : (uintptr_t)&fuzz_fences[at];
}

/* Sizes of sources and of destinations are in two scales. */
static inline uint64_t fuzz_geometry(struct actor *a, const char *name)
{
	bool source = name[0] == 'S', size = name[strlen(name) - 1] == 'W' ||
						  name[strlen(name) - 1] == 'H';
	uint32_t value = size ? 1 + below(a, 64) : below(a, 4);

	if (one_in(a, 2))
		value = size ? (name[strlen(name) - 1] == 'W' ? SCREEN_WIDTH : SCREEN_HEIGHT) : 0;
	return source ? (uint64_t)value << 16 : value;
}

/* A value for a property that makes sense in most cases. */
static inline uint64_t fuzz_value(struct actor *a, const struct fuzz_object *o, const char *name)
{
	if (!strcmp(name, "FB_ID") || !strcmp(name, "WRITEBACK_FB_ID"))
		return one_in(a, 8) ? 0 : pooled(a, FB);
	if (!strcmp(name, "CRTC_ID"))
		return mostly(a, one_in(a, 8) ? 0 : o->head->crtc);
	if (!strcmp(name, "MODE_ID"))
		return blob_at(a, 0);
	if (!strcmp(name, "GAMMA_LUT"))
		return blob_at(a, 1);
	if (!strcmp(name, "FB_DAMAGE_CLIPS"))
		return blob_at(a, 2);
	if (!strcmp(name, "ACTIVE"))
		return mostly(a, !one_in(a, 8));
	if (!strcmp(name, "IN_FENCE_FD"))
		return one_in(a, 2) ? -1ull : (uint64_t)(int64_t)some_fd(a, SYNC_FILE);
	if (strstr(name, "FENCE_PTR"))
		return fence_place(a);
	if (!strncmp(name, "SRC_", 4) || !strncmp(name, "CRTC_", 5))
		return mostly64(a, fuzz_geometry(a, name));
	if (!strcmp(name, "rotation"))
		return mostly(a, 1u << (one_in(a, 2) ? 0 : 2) | below(a, 4) << 4);
	if (!strcmp(name, "alpha"))
		return mostly(a, below(a, 0x10000));
	return mostly64(a, below(a, 3));
}

/* The descriptors that a commit has given. */
static inline void keep_fences(struct actor *a)
{
	uint32_t i;

	for (i = 0; i < FUZZ_FENCES; i++) {
		if (fuzz_fences[i] >= 0)
			put_fd(a, SYNC_FILE, fuzz_fences[i]);
		fuzz_fences[i] = -1;
	}
}

#endif /* LIB_KMS_FUZZ_H */
