/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of other drivers' that the camera writes, plane by plane.
 */
#ifndef PUCK_CAM_IMPORT_H
#define PUCK_CAM_IMPORT_H

#include <linux/dma-direction.h>
#include <linux/types.h>

struct device;
struct dma_buf;
struct dma_buf_attachment;
struct dma_fence;
struct puck_cam_buffer;
struct puck_cam_queue;
struct sg_table;

/**
 * struct puck_cam_import - a plane's memory, of another driver
 * @queue: of the device
 * @buf: whose plane it is
 * @dev: the device
 * @dmabuf: the memory, of which vb2 has a reference; NULL if this is nobody's
 * @dir: direction
 * @size: bytes that are wanted
 * @error: why it is not mapped, or zero
 * @attach: the device at @dmabuf
 * @pinned: the exporter can move it, and is asked not to
 * @fence: for the device, if it is at work there when the exporter takes the memory away; not
 *         used before. NULL if the exporter does not do so
 * @sgt: where it is for the device; NULL if it is not mapped. Under the dma_resv lock of
 *       @dmabuf, as is what follows
 * @stale: the exporter has taken it away: to be mapped anew before the device has it again
 */
struct puck_cam_import {
	struct puck_cam_queue *queue;
	struct puck_cam_buffer *buf;
	struct device *dev;
	struct dma_buf *dmabuf;
	enum dma_data_direction dir;
	size_t size;
	int error;
	struct dma_buf_attachment *attach;
	bool pinned;
	struct dma_fence *fence;
	struct sg_table *sgt;
	bool stale;
};

void puck_cam_import_map(struct puck_cam_import *import);
void puck_cam_import_unmap(struct puck_cam_import *import);

#endif /* PUCK_CAM_IMPORT_H */
