/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffer of the capture queue, as vb2 has it.
 */
#ifndef PUCK_CAM_VB2_BUFFER_H
#define PUCK_CAM_VB2_BUFFER_H

#include <media/videobuf2-v4l2.h>

#include "queue/buffer.h"
#include "sync/import.h"

struct dma_buf;

/* How an exported buffer may be opened: O_RDONLY, O_WRONLY, O_RDWR. */
#define PUCK_CAM_ACCESS_MODES	3

/**
 * struct puck_cam_vb2_buffer - a buffer of vb2's
 * @vb: base
 * @buf: what the device's queue has; its lists are there from the making of the buffer to its
 *       end
 * @import: memory of other drivers', unless buffers are contiguous. Planes of one dma-buf have one
 * @exported: what was exported of each plane, with a reference until the buffer's end, by
 *            the way it can be opened. Under puck_cam_admit.lock
 */
struct puck_cam_vb2_buffer {
	struct vb2_v4l2_buffer vb;
	struct puck_cam_buffer buf;
	struct puck_cam_import import[PUCK_CAM_PARTS_MAX];
	struct dma_buf *exported[PUCK_CAM_PARTS_MAX][PUCK_CAM_ACCESS_MODES];
};

static inline struct puck_cam_vb2_buffer *to_puck_cam_vb2_buffer(struct vb2_buffer *vb)
{
	return container_of(to_vb2_v4l2_buffer(vb), struct puck_cam_vb2_buffer, vb);
}

/* What the queue has of a buffer of vb2's. */
static inline struct puck_cam_buffer *to_puck_cam_buffer(struct vb2_buffer *vb)
{
	return &to_puck_cam_vb2_buffer(vb)->buf;
}

/* Whether an exporter may take memory of it away. Nobody queues it meanwhile. */
static inline bool puck_cam_vb2_buffer_moves(const struct puck_cam_vb2_buffer *vbuf)
{
	u32 i;

	for (i = 0; i < PUCK_CAM_PARTS_MAX; i++)
		if (vbuf->import[i].pinned)
			return true;
	return false;
}

/*
 * Whether an exporter has. With the dma_resv locks of its planes held it stays so; else it may
 * become so at any time.
 */
static inline bool puck_cam_vb2_buffer_is_stale(const struct puck_cam_vb2_buffer *vbuf)
{
	u32 i;

	for (i = 0; i < PUCK_CAM_PARTS_MAX; i++)
		if (READ_ONCE(vbuf->import[i].stale))
			return true;
	return false;
}

/* And back. */
static inline struct puck_cam_vb2_buffer *puck_cam_buffer_to_vb2(struct puck_cam_buffer *buf)
{
	return container_of(buf, struct puck_cam_vb2_buffer, buf);
}

#endif /* PUCK_CAM_VB2_BUFFER_H */
