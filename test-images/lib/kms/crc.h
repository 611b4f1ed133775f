/* SPDX-License-Identifier: MIT */
/* CRCs of what a head shows, by DRM's files for that; and events, which say what is shown. */
#ifndef LIB_KMS_CRC_H
#define LIB_KMS_CRC_H

#include <poll.h>
#include <stdlib.h>

#include "lib/base/patience.h"
#include "lib/kms/atomic.h"

#define KMS_CRCS	(1 + KMS_PLANES)	/* of "all": picture and planes */

/* The frame that began with a blanking, by its number. */
struct kms_frame {
	uint32_t number;
	uint32_t crc[KMS_CRCS];
};

/* Turns them on; returns a descriptor or a negative errno. One without a source has none. */
static inline int kms_crc_open(const struct kms_card *card, uint32_t head, const char *source)
{
	char path[128];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/crtc-%u/crc/control", card->pci,
		 head);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, source, strlen(source)) < 0)
		ret = -errno;
	close(fd);
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/crtc-%u/crc/data", card->pci, head);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The next frame; each entry is a line: the number, and @count CRCs. */
static inline int kms_crc_read(int fd, struct kms_frame *frame, uint32_t count)
{
	char line[128], *at = line;
	ssize_t len = read(fd, line, sizeof(line) - 1);
	uint32_t i;

	if (len < 0)
		return -errno;
	line[len] = 0;
	frame->number = strtoul(at, &at, 0);
	for (i = 0; i < count; i++)
		frame->crc[i] = strtoul(at, &at, 0);
	return *at == '\n' ? 0 : -EPROTO;
}

/* The first frame from that of number @from on. */
static inline int kms_crc_from(int fd, struct kms_frame *frame, uint32_t count, uint32_t from)
{
	int ret;

	do {
		ret = kms_crc_read(fd, frame, count);
	} while (!ret && (int32_t)(frame->number - from) < 0);
	return ret;
}

/* Waits for one event: of a flip, or of a blanking. */
static inline int kms_event(int fd, struct drm_event_vblank *event, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int ret = poll(&pfd, 1, timeout_ms);

	if (ret <= 0)
		return ret ? -errno : -ETIME;
	return read(fd, event, sizeof(*event)) == sizeof(*event) ? 0 : -errno;
}

/* A commit's event, and with it the number of the first frame that shows it. */
static inline int kms_commit_shown(const struct kms_card *card, const struct kms_atomic *atomic,
				   uint32_t flags, uint32_t *number)
{
	struct drm_event_vblank event = { 0 };
	int ret = kms_commit(card, atomic, flags | DRM_MODE_PAGE_FLIP_EVENT, 1);

	if (!ret)
		ret = kms_event(card->fd, &event, FOREVER_MS);
	*number = event.sequence;
	return ret;
}

#endif /* LIB_KMS_CRC_H */
