/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CRCs of what a head shows.
 */
#ifndef PUCK_KMS_CRC_H
#define PUCK_KMS_CRC_H

#include <linux/types.h>

struct drm_crtc;
struct puck_head;

int puck_crc_set_source(struct drm_crtc *crtc, const char *source);
int puck_crc_verify_source(struct drm_crtc *crtc, const char *source, size_t *count);
const char *const *puck_crc_get_sources(struct drm_crtc *crtc, size_t *count);
void puck_crc_take(struct puck_head *head);

#endif /* PUCK_KMS_CRC_H */
