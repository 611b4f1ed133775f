/* SPDX-License-Identifier: MIT */
/* A puck device as a display: its card, and what it has. */
#ifndef LIB_KMS_CARD_H
#define LIB_KMS_CARD_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drm_mode.h"

#include "lib/gpu/call.h"
#include "lib/gpu/device.h"

#define KMS_HEADS	2
#define KMS_PLANES	3

/* Properties of an object, by their names. */
struct kms_prop {
	uint32_t id;
	char name[DRM_PROP_NAME_LEN];
	uint64_t value;
};

struct kms_props {
	struct kms_prop prop[48];
	uint32_t count;
};

/* A head as DRM has it: a CRTC, the connector that is for it, and its planes by their types. */
struct kms_head {
	uint32_t crtc;
	uint32_t connector;
	uint32_t writeback;		/* another connector, or 0 */
	uint32_t plane[KMS_PLANES];	/* primary, overlay, cursor */
	struct kms_props crtc_props;
	struct kms_props connector_props;
	struct kms_props writeback_props;
	struct kms_props plane_props[KMS_PLANES];
};

struct kms_card {
	int fd;
	char pci[32];
	char node[32];			/* /dev/dri/card... */
	uint32_t heads;
	struct kms_head head[KMS_HEADS];
};

static inline int kms_props_get(int fd, struct kms_props *props, uint32_t id, uint32_t type)
{
	uint32_t ids[48];
	uint64_t values[48];
	struct drm_mode_obj_get_properties args = {
		.props_ptr = (uintptr_t)ids,
		.prop_values_ptr = (uintptr_t)values,
		.count_props = 48,
		.obj_id = id,
		.obj_type = type,
	};
	int ret = puck_call(fd, DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &args);
	uint32_t i;

	if (ret)
		return ret;
	if (args.count_props > 48)
		return -E2BIG;
	props->count = args.count_props;
	for (i = 0; !ret && i < props->count; i++) {
		struct drm_mode_get_property prop = { .prop_id = ids[i] };

		ret = puck_call(fd, DRM_IOCTL_MODE_GETPROPERTY, &prop);
		props->prop[i].id = ids[i];
		props->prop[i].value = values[i];
		memcpy(props->prop[i].name, prop.name, DRM_PROP_NAME_LEN);
	}
	return ret;
}

static inline const struct kms_prop *kms_prop(const struct kms_props *props, const char *name)
{
	uint32_t i;

	for (i = 0; i < props->count; i++)
		if (!strcmp(props->prop[i].name, name))
			return &props->prop[i];
	return NULL;
}

/* Zero, which is no property, if there is none of that name. */
static inline uint32_t kms_prop_id(const struct kms_props *props, const char *name)
{
	const struct kms_prop *prop = kms_prop(props, name);

	return prop ? prop->id : 0;
}

static inline int kms_card_find_planes(struct kms_card *card, uint32_t head)
{
	uint32_t ids[32];
	struct drm_mode_get_plane_res res = { .plane_id_ptr = (uintptr_t)ids, .count_planes = 32 };
	static const int kinds[] = { 1, 0, 2 };	/* of DRM_PLANE_TYPE_*: overlay, primary, cursor */
	struct kms_head *h = &card->head[head];
	int ret = puck_call(card->fd, DRM_IOCTL_MODE_GETPLANERESOURCES, &res);
	uint32_t i;

	for (i = 0; !ret && i < res.count_planes; i++) {
		struct drm_mode_get_plane plane = { .plane_id = ids[i] };
		const struct kms_prop *type;
		struct kms_props props;

		ret = puck_call(card->fd, DRM_IOCTL_MODE_GETPLANE, &plane);
		if (!ret)
			ret = kms_props_get(card->fd, &props, ids[i], DRM_MODE_OBJECT_PLANE);
		type = ret ? NULL : kms_prop(&props, "type");
		if (!type || type->value > 2 || plane.possible_crtcs != 1u << head)
			continue;
		h->plane[kinds[type->value]] = ids[i];
		h->plane_props[kinds[type->value]] = props;
	}
	return ret;
}

static inline int kms_card_find_connectors(struct kms_card *card, const uint32_t *ids,
					   uint32_t count)
{
	uint32_t i, head;
	int ret = 0;

	for (i = 0; !ret && i < count; i++) {
		uint32_t encoder_id = 0;
		struct drm_mode_get_connector conn = {
			.connector_id = ids[i],
			.encoders_ptr = (uintptr_t)&encoder_id,
			.count_encoders = 1,
			/* Nothing is looked for. */
			.count_modes = 1,
		};
		struct drm_mode_modeinfo mode;
		struct drm_mode_get_encoder encoder = { 0 };
		bool writeback;

		conn.modes_ptr = (uintptr_t)&mode;
		ret = puck_call(card->fd, DRM_IOCTL_MODE_GETCONNECTOR, &conn);
		if (ret || !encoder_id)
			continue;
		encoder.encoder_id = encoder_id;
		ret = puck_call(card->fd, DRM_IOCTL_MODE_GETENCODER, &encoder);
		head = encoder.possible_crtcs == 2;
		if (ret || head >= card->heads)
			continue;
		writeback = conn.connector_type == DRM_MODE_CONNECTOR_WRITEBACK;
		if (writeback)
			card->head[head].writeback = ids[i];
		else
			card->head[head].connector = ids[i];
		ret = kms_props_get(card->fd, writeback ? &card->head[head].writeback_props :
				    &card->head[head].connector_props, ids[i],
				    DRM_MODE_OBJECT_CONNECTOR);
	}
	return ret;
}

/* What there is: CRTCs, connectors, planes, and their properties. */
static inline int kms_card_look(struct kms_card *card)
{
	uint32_t crtcs[8], connectors[8], encoders[8], i;
	struct drm_mode_card_res res = {
		.crtc_id_ptr = (uintptr_t)crtcs,
		.connector_id_ptr = (uintptr_t)connectors,
		.encoder_id_ptr = (uintptr_t)encoders,
		.count_crtcs = 8,
		.count_connectors = 8,
		.count_encoders = 8,
	};
	int ret = puck_call(card->fd, DRM_IOCTL_MODE_GETRESOURCES, &res);

	if (ret)
		return ret;
	if (res.count_crtcs > KMS_HEADS)
		return -E2BIG;
	card->heads = res.count_crtcs;
	for (i = 0; !ret && i < card->heads; i++) {
		card->head[i].crtc = crtcs[i];
		ret = kms_props_get(card->fd, &card->head[i].crtc_props, crtcs[i],
				    DRM_MODE_OBJECT_CRTC);
		if (!ret)
			ret = kms_card_find_planes(card, i);
	}
	return ret ? ret : kms_card_find_connectors(card, connectors, res.count_connectors);
}

static inline int kms_card_cap(int fd, uint64_t cap)
{
	struct drm_set_client_cap args = { .capability = cap, .value = 1 };

	return puck_call(fd, DRM_IOCTL_SET_CLIENT_CAP, &args);
}

/* The card of the device at a PCI address; whoever opens it first is its master. */
static inline int kms_card_open_node(struct kms_card *card)
{
	char path[64], link[256];
	ssize_t len;
	int i, fd;

	for (i = 0; i < 16; i++) {
		snprintf(path, sizeof(path), "/sys/class/drm/card%d/device", i);
		len = readlink(path, link, sizeof(link) - 1);
		if (len < 0)
			continue;
		link[len] = 0;
		if (!strrchr(link, '/') || strcmp(strrchr(link, '/') + 1, card->pci))
			continue;
		snprintf(card->node, sizeof(card->node), "/dev/dri/card%d", i);
		fd = open(card->node, O_RDWR | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	return -ENODEV;
}

static inline int kms_card_open(struct kms_card *card, const char *pci)
{
	int ret;

	memset(card, 0, sizeof(*card));
	snprintf(card->pci, sizeof(card->pci), "%s", pci);
	card->fd = kms_card_open_node(card);
	if (card->fd < 0)
		return card->fd;
	ret = kms_card_cap(card->fd, DRM_CLIENT_CAP_ATOMIC);
	if (!ret)
		ret = kms_card_cap(card->fd, DRM_CLIENT_CAP_WRITEBACK_CONNECTORS);
	if (!ret)
		ret = kms_card_look(card);
	if (ret)
		close(card->fd);
	return ret;
}

#endif /* LIB_KMS_CARD_H */
