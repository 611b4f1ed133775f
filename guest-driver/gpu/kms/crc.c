// SPDX-License-Identifier: GPL-2.0-only
/*
 * CRCs of what a head shows, for the files "crc" of DRM: of the picture, of a plane as it is
 * before it is laid over others, or of all of these. An entry has the number of the vertical
 * blanking at which its frame began, as events have it.
 */
#include <linux/bitops.h>
#include <linux/string.h>

#include <drm/drm_debugfs_crc.h>

#include "core/awake.h"
#include "kms/access.h"
#include "kms/crc.h"
#include "kms/kms.h"
#include "kms/vblank.h"

#define PUCK_CRCS	(1 + PUCK_DISPLAY_PLANES)

static const char *const puck_crc_names[] = {
	"auto", "picture", "plane-0", "plane-1", "plane-2", "all",
};

static const u32 puck_crc_masks[] = {
	PUCK_HEAD_CRC_OF_PICTURE,
	PUCK_HEAD_CRC_OF_PICTURE,
	PUCK_HEAD_CRC_OF_PLANE(0),
	PUCK_HEAD_CRC_OF_PLANE(1),
	PUCK_HEAD_CRC_OF_PLANE(2),
	PUCK_HEAD_CRC_ALL,
};

static int puck_crc_find(const char *source, u32 *mask)
{
	int i;

	*mask = 0;
	if (!source || !strcmp(source, "none"))
		return 0;
	i = match_string(puck_crc_names, ARRAY_SIZE(puck_crc_names), source);
	if (i < 0)
		return -EINVAL;
	*mask = puck_crc_masks[i];
	return 0;
}

/**
 * puck_crc_get_sources - tell what there may be CRCs of
 * @crtc: of the head
 * @count: set to how many there are
 *
 * Return: their names.
 */
const char *const *puck_crc_get_sources(struct drm_crtc *crtc, size_t *count)
{
	*count = ARRAY_SIZE(puck_crc_names);
	return puck_crc_names;
}

/**
 * puck_crc_verify_source - see whether there may be CRCs of something
 * @crtc: of the head
 * @source: its name, or NULL for none
 * @count: set to how many CRCs each frame has
 *
 * Return: 0 or -EINVAL.
 */
int puck_crc_verify_source(struct drm_crtc *crtc, const char *source, size_t *count)
{
	u32 mask;
	int ret = puck_crc_find(source, &mask);

	*count = hweight32(mask);
	return ret;
}

/**
 * puck_crc_set_source - have a head make CRCs
 * @crtc: of the head
 * @source: of what, or NULL for none
 *
 * Return: 0; -EINVAL; why the device cannot be woken up.
 */
int puck_crc_set_source(struct drm_crtc *crtc, const char *source)
{
	struct puck_head *head = to_puck_head(crtc);
	struct puck_device *puck = head->kms->puck;
	u32 mask;
	int ret;

	ret = puck_crc_find(source, &mask);
	if (!ret)
		ret = puck_awake_get(puck);
	if (ret)
		return ret;
	puck_head_change(head, PUCK_HEAD_CRC_CTRL, &head->crc, PUCK_HEAD_CRC_ALL, mask);
	puck_awake_put(puck);
	return 0;
}

/* All that is told of one frame, picture and planes; false if another one came in between. */
static bool puck_crc_read(struct puck_head *head, struct puck_vblank *at, u32 crcs[PUCK_CRCS])
{
	u32 first = puck_head_read64(head, PUCK_HEAD_CRC_COUNT);
	unsigned int i;

	/* Of its time the device says nothing, and nobody asks. */
	*at = (struct puck_vblank) { .count = head->count_base + first };
	crcs[0] = puck_head_read(head, PUCK_HEAD_CRC_PICTURE);
	for (i = 0; i < PUCK_DISPLAY_PLANES; i++)
		crcs[1 + i] = puck_head_read(head, PUCK_HEAD_CRC_PLANE(i));
	return first == (u32)puck_head_read64(head, PUCK_HEAD_CRC_COUNT);
}

/* Those that were asked for, one behind the other. */
static void puck_crc_pack(u32 crcs[PUCK_CRCS], unsigned long mask)
{
	unsigned int i, n = 0;

	for_each_set_bit(i, &mask, PUCK_CRCS)
		crcs[n++] = crcs[i];
}

/**
 * puck_crc_take - hand the CRCs of a frame on
 * @head: the head
 *
 * Context: its interrupt.
 */
void puck_crc_take(struct puck_head *head)
{
	struct puck_kms_access access;
	u32 crcs[PUCK_CRCS], number;
	struct puck_vblank at;
	unsigned long mask;
	ktime_t time;
	bool whole;

	/* Of two frames in a row one is told of by the next interrupt. */
	whole = puck_kms_enter(head->kms, &access) && puck_crc_read(head, &at, crcs);
	mask = head->crc;
	puck_kms_exit(head->kms, &access);
	if (!mask || !whole || !puck_vblank_number(head, &at, &number, &time))
		return;
	puck_crc_pack(crcs, mask);
	drm_crtc_add_crc_entry(&head->crtc, true, number, crcs);
}
