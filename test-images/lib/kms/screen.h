/* SPDX-License-Identifier: MIT */
/* A head that is on, and what it shows compared with the model. */
#ifndef LIB_KMS_SCREEN_H
#define LIB_KMS_SCREEN_H

#include <stdlib.h>

#include "lib/base/ktap.h"
#include "lib/kms/atomic.h"
#include "lib/kms/card.h"
#include "lib/kms/crc.h"
#include "lib/kms/fb.h"
#include "lib/kms/model.h"

/* Of a head that is tried for what it shows, and not for its size. */
#define SCREEN_WIDTH	64
#define SCREEN_HEIGHT	48
#define SCREEN_HZ	60

struct screen {
	struct puck puck;		/* its jobs are on the card's file, too */
	struct kms_card card;
	struct kms_head *head;
	uint32_t index;
	uint32_t mode;			/* a blob */
	uint8_t *room;			/* for the model's picture */
};

/*
 * The device at @pci, or any for "", and a head of it, which is off, with the timings that it is
 * to have. The test cannot do without.
 */
static inline void screen_open_at(struct screen *screen, const char *pci, uint32_t index,
				  const struct drm_mode_modeinfo *mode)
{
	int ret;

	memset(screen, 0, sizeof(*screen));
	screen->room = malloc(4ul * mode->hdisplay * mode->vdisplay);
	ktap_need(screen->room, "memory");
	ret = pci[0] ? puck_open_pci(&screen->puck, pci) : puck_open_any(&screen->puck);
	ktap_need(!ret, "open the device: %d", ret);
	ret = kms_card_open(&screen->card, screen->puck.pci);
	ktap_need(!ret && screen->card.heads > index, "open its card: %d", ret);
	screen->index = index;
	screen->head = &screen->card.head[index];
	/* BOs, jobs and framebuffers are one file's. */
	close(screen->puck.fd);
	screen->puck.fd = screen->card.fd;
	ret = puck_make_queues(&screen->puck);
	ktap_need(!ret, "queues: %d", ret);
	ret = kms_blob(&screen->card, mode, sizeof(*mode), &screen->mode);
	ktap_need(!ret, "timings: %d", ret);
}

/* The same of any device, in timings that cost little. */
static inline void screen_open(struct screen *screen, uint32_t index)
{
	struct drm_mode_modeinfo mode = kms_mode(SCREEN_WIDTH, SCREEN_HEIGHT, SCREEN_HZ);

	screen_open_at(screen, "", index, &mode);
}

/* Turns the head on; it shows @fb in its first plane, and nothing that was set before. */
static inline int screen_on(struct screen *screen, const struct kms_fb *fb)
{
	struct kms_atomic atomic = { 0 };
	uint32_t i;

	kms_set_crtc(&atomic, screen->head, "GAMMA_LUT", 0);
	for (i = 0; i < KMS_PLANES; i++) {
		kms_set_plane(&atomic, screen->head, i, "FB_ID", 0);
		kms_set_plane(&atomic, screen->head, i, "CRTC_ID", 0);
		kms_set_plane(&atomic, screen->head, i, "rotation", DRM_MODE_ROTATE_0);
		kms_set_plane(&atomic, screen->head, i, "alpha", 0xffff);
		kms_set_plane(&atomic, screen->head, i, "zpos", i);
	}
	kms_set_on(&atomic, screen->head, screen->mode);
	kms_set_shown(&atomic, screen->head, 0, fb->id, 0, 0, fb->width, fb->height);
	return kms_commit_wait(&screen->card, &atomic);
}

static inline int screen_off(struct screen *screen)
{
	struct kms_atomic atomic = { 0 };

	kms_set_off(&atomic, screen->head);
	return kms_commit_wait(&screen->card, &atomic);
}

/* The model of a head of that size that shows one framebuffer in its first plane. */
static inline struct kms_model screen_model_of(const struct kms_fb *fb, uint32_t width,
					       uint32_t height)
{
	return (struct kms_model) {
		.width = width,
		.height = height,
		.plane[0] = {
			.on = true, .fb = fb,
			.src_w = fb->width << 16, .src_h = fb->height << 16,
			.dst_w = fb->width, .dst_h = fb->height,
			.blend = KMS_BLEND_PREMULTIPLIED, .alpha = 255,
		},
		.plane[1].zpos = 1,
		.plane[2].zpos = 2,
	};
}

static inline struct kms_model screen_model(const struct kms_fb *fb)
{
	return screen_model_of(fb, SCREEN_WIDTH, SCREEN_HEIGHT);
}

/* The number of the blanking that comes next. */
static inline uint32_t screen_next(const struct screen *screen)
{
	struct drm_crtc_get_sequence args = { .crtc_id = screen->head->crtc };

	puck_call(screen->card.fd, DRM_IOCTL_CRTC_GET_SEQUENCE, &args);
	return args.sequence + 1;
}

/* The frame of number @from, or the next one that there are CRCs of. */
static inline int screen_frame(struct screen *screen, uint32_t from, struct kms_frame *frame)
{
	int fd = kms_crc_open(&screen->card, screen->index, "all");
	int ret;

	if (fd < 0)
		return fd;
	ret = kms_crc_from(fd, frame, KMS_CRCS, from);
	close(fd);
	return ret;
}

/* Whether the picture, and each plane of it, is what the model makes. */
static inline bool screen_shows(struct screen *screen, const struct kms_model *model,
				uint32_t from)
{
	uint32_t crc[KMS_CRCS], i;
	struct kms_frame frame;
	int ret = screen_frame(screen, from, &frame);

	if (ret) {
		ktap_note("no CRCs: %d", ret);
		return false;
	}
	crc[0] = kms_model_crc(model, screen->room);
	for (i = 0; i < KMS_PLANES; i++)
		crc[1 + i] = kms_model_plane_crc(model, i, screen->room);
	for (i = 0; i < KMS_CRCS; i++)
		if (frame.crc[i] != crc[i])
			ktap_note("frame %u: CRC %u is %08x and not %08x", frame.number, i,
				  frame.crc[i], crc[i]);
	return !memcmp(frame.crc, crc, sizeof(crc));
}

/* The same of what is shown just now. */
static inline bool screen_shows_now(struct screen *screen, const struct kms_model *model)
{
	return screen_shows(screen, model, screen_next(screen));
}

static inline void screen_close(struct screen *screen)
{
	close(screen->card.fd);
	free(screen->room);
}

#endif /* LIB_KMS_SCREEN_H */
