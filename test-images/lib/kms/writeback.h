/* SPDX-License-Identifier: MIT */
/* Pictures of a head that are written to memory. */
#ifndef LIB_KMS_WRITEBACK_H
#define LIB_KMS_WRITEBACK_H

#include "lib/kms/atomic.h"
#include "lib/kms/fb.h"
#include "lib/kms/model.h"

static inline void kms_set_writeback(struct kms_atomic *atomic, const struct kms_head *head,
				     const char *name, uint64_t value)
{
	kms_set(atomic, head->writeback, &head->writeback_props, name, value);
}

/* The picture of this commit goes to @fb. @fence is set to a sync_file; NULL: there is none. */
static inline void kms_set_written(struct kms_atomic *atomic, const struct kms_head *head,
				   uint32_t fb, int32_t *fence)
{
	kms_set_writeback(atomic, head, "WRITEBACK_FB_ID", fb);
	if (fence) {
		*fence = -1;
		kms_set_writeback(atomic, head, "WRITEBACK_OUT_FENCE_PTR", (uintptr_t)fence);
	}
}

/* Has pictures of a head be written, if that is asked for, or no more. */
static inline int kms_writeback_on(const struct kms_card *card, const struct kms_head *head,
				   bool on)
{
	struct kms_atomic atomic = { 0 };

	kms_set_writeback(&atomic, head, "CRTC_ID", on ? head->crtc : 0);
	return kms_commit_wait(card, &atomic);
}

/*
 * Whether the picture is in @fb; and around it, within the BO, @around. @room is as large as the
 * picture.
 */
static inline bool kms_is_written(const struct kms_fb *fb, const struct kms_model *model,
				  uint8_t *room, uint8_t around)
{
	uint64_t line = 4ull * model->width, y, i, from = 0, bad = 0;

	kms_model_draw(model, room);
	for (y = 0; y < model->height; y++) {
		uint64_t at = fb->offset + y * fb->pitch;

		for (i = from; i < at; i++)
			bad += fb->bo.map[i] != around;
		bad += !!memcmp(fb->bo.map + at, room + y * line, line);
		from = at + line;
	}
	for (i = from; i < fb->bo.size; i++)
		bad += fb->bo.map[i] != around;
	return !bad;
}

#endif /* LIB_KMS_WRITEBACK_H */
