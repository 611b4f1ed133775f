/* SPDX-License-Identifier: MIT */
/* The camera takes a picture into a buffer of somebody else's: a capture queue of one buffer. */
#ifndef LIB_SHARE_CAPTURE_H
#define LIB_SHARE_CAPTURE_H

#include <stdint.h>

#include <linux/puck_cam.h>

#include "lib/camera/stream.h"
#include "lib/share/buffer.h"
#include "lib/share/exporter.h"

#define CAPTURE_RATE	60	/* frames in a second */

/* The buffer is lent: cam_free() must not close it. @fences: PUCK_CAM_FENCES_* */
static inline int capture_lend(struct cam_stream *stream, const struct cam *cam,
			       const struct shared *buf, uint32_t fences)
{
	uint32_t count = 1;
	int ret;

	ret = cam_set_all(stream, cam, "XRGB8888", SHARE_WIDTH, SHARE_HEIGHT);
	if (!ret)
		ret = cam_set_rate(cam, CAPTURE_RATE);
	if (ret)
		return ret;
	stream->memory = V4L2_MEMORY_DMABUF;
	stream->buf[0].dmabuf[0] = buf->dmabuf;
	stream->buf[0].map[0] = buf->map;
	ret = cam_request(stream, stream->memory, &count);
	return ret ? ret : cam_set(cam->fd, V4L2_CID_PUCK_CAM_FENCES, fences);
}

static inline int capture_take_back(const struct cam_stream *stream)
{
	uint32_t none = 0;
	int ret = cam_off(stream);

	if (!ret)
		ret = cam_set(stream->cam->fd, V4L2_CID_PUCK_CAM_FENCES, 0);
	return ret ? ret : cam_request(stream, stream->memory, &none);
}

#endif /* LIB_SHARE_CAPTURE_H */
