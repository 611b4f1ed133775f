// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connectors of heads: what is plugged in, and which modes it says that it has. The device counts
 * changes, so one monitor after the other is noticed although something is connected each time.
 */
#include <linux/bitfield.h>

#include <drm/drm_atomic_helper.h>
#include <drm/drm_connector.h>
#include <drm/drm_edid.h>
#include <drm/drm_encoder.h>
#include <drm/drm_modeset_helper_vtables.h>
#include <drm/drm_probe_helper.h>

#include "core/awake.h"
#include "kms/access.h"
#include "kms/connector.h"

/* Of a monitor that says nothing, or nothing that makes sense. */
#define PUCK_NO_EDID_WIDTH	1024
#define PUCK_NO_EDID_HEIGHT	768

static struct puck_head *connector_to_puck_head(struct drm_connector *connector)
{
	return container_of(connector, struct puck_head, connector);
}

static int puck_connector_detect(struct drm_connector *connector,
				 struct drm_modeset_acquire_ctx *ctx, bool force)
{
	struct puck_head *head = connector_to_puck_head(connector);
	struct puck_kms_access access;
	struct puck_device *puck = head->kms->puck;
	u32 reg = 0, changes;
	bool there;

	if (puck_awake_get(puck))
		return connector->status;
	there = puck_kms_enter(head->kms, &access);
	if (there)
		reg = puck_head_read(head, PUCK_HEAD_CONNECTOR);
	puck_kms_exit(head->kms, &access);
	puck_awake_put(puck);
	/* While the device is being reset nothing is known that is newer. */
	if (!there)
		return connector->status;
	changes = FIELD_GET(PUCK_HEAD_CHANGES, reg);
	if (changes != head->changes)
		connector->epoch_counter++;
	head->changes = changes;
	return reg & PUCK_HEAD_CONNECTED ? connector_status_connected :
					   connector_status_disconnected;
}

/* False if there are less. */
static bool puck_connector_read_words(struct puck_head *head, __le32 *words, u32 first, u32 count)
{
	u32 i;

	if (puck_head_read(head, PUCK_HEAD_EDID_SIZE) < (first + count) * sizeof(*words))
		return false;
	for (i = 0; i < count; i++)
		words[i] = cpu_to_le32(puck_head_read(head, PUCK_HEAD_EDID(first + i)));
	return true;
}

static int puck_connector_read_block(void *data, u8 *buf, unsigned int block, size_t len)
{
	__le32 words[EDID_LENGTH / sizeof(__le32)];
	u32 first = block * ARRAY_SIZE(words);
	struct puck_kms_access access;
	struct puck_head *head = data;
	bool whole;

	if (len > sizeof(words) || first + ARRAY_SIZE(words) > PUCK_HEAD_EDID_WORDS)
		return -1;
	if (puck_awake_get(head->kms->puck))
		return -1;
	whole = puck_kms_enter(head->kms, &access) &&
		puck_connector_read_words(head, words, first, ARRAY_SIZE(words));
	puck_kms_exit(head->kms, &access);
	puck_awake_put(head->kms->puck);
	if (!whole)
		return -1;
	memcpy(buf, words, len);
	return 0;
}

static int puck_connector_get_modes(struct drm_connector *connector)
{
	const struct drm_edid *edid;
	int count;

	edid = drm_edid_read_custom(connector, puck_connector_read_block,
				    connector_to_puck_head(connector));
	drm_edid_connector_update(connector, edid);
	drm_edid_free(edid);
	count = drm_edid_connector_add_modes(connector);
	if (count)
		return count;
	count = drm_add_modes_noedid(connector, PUCK_DISPLAY_DIM_MAX_VALUE,
				     PUCK_DISPLAY_DIM_MAX_VALUE);
	drm_set_preferred_mode(connector, PUCK_NO_EDID_WIDTH, PUCK_NO_EDID_HEIGHT);
	return count;
}

static const struct drm_connector_helper_funcs puck_connector_helper_funcs = {
	.detect_ctx = puck_connector_detect,
	.get_modes = puck_connector_get_modes,
};

static const struct drm_connector_funcs puck_connector_funcs = {
	.fill_modes = drm_helper_probe_single_connector_modes,
	.reset = drm_atomic_helper_connector_reset,
	.atomic_duplicate_state = drm_atomic_helper_connector_duplicate_state,
	.atomic_destroy_state = drm_atomic_helper_connector_destroy_state,
};

/**
 * puck_connector_look - see whether something was plugged in or pulled out, and tell user space
 * @head: the head
 *
 * Context: may sleep; takes locks of DRM's.
 */
void puck_connector_look(struct puck_head *head)
{
	drm_connector_helper_hpd_irq_event(&head->connector);
}

/**
 * puck_connector_init - make the encoder and the connector of a head
 * @head: the head, its CRTC made
 *
 * They go with the DRM device.
 *
 * Return: 0 or a negative errno.
 */
int puck_connector_init(struct puck_head *head)
{
	struct drm_device *dev = &head->kms->puck->drm;
	int ret;

	ret = drmm_encoder_init(dev, &head->encoder, NULL, DRM_MODE_ENCODER_VIRTUAL, NULL);
	if (ret)
		return ret;
	head->encoder.possible_crtcs = drm_crtc_mask(&head->crtc);
	ret = drmm_connector_init(dev, &head->connector, &puck_connector_funcs,
				  DRM_MODE_CONNECTOR_VIRTUAL, NULL);
	if (ret)
		return ret;
	drm_connector_helper_add(&head->connector, &puck_connector_helper_funcs);
	head->connector.polled = DRM_CONNECTOR_POLL_HPD;
	drm_connector_attach_edid_property(&head->connector);
	return drm_connector_attach_encoder(&head->connector, &head->encoder);
}
