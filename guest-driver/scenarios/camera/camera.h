/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver of a puck-cam, small and right, for scenarios about drivers of cameras. It has a vb2
 * queue and no video device: what a user would do by ioctls is done from here, as dvb-core does.
 *
 * A scenario has a client that is wrong by replacing one of its lines: struct puck_camera_lines.
 */
#ifndef PUCK_CAMERA_H
#define PUCK_CAMERA_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <media/videobuf2-core.h>

#include "puck/cam_client.h"
#include "core/scenario.h"

struct dma_fence;
struct puck_camera;
struct puck_camera_buffer;
struct puck_camera_share;
struct vm_area_struct;

/* Buffers that the device has at a time; the others wait. */
#define PUCK_CAMERA_DEPTH	2
/* Behind each buffer's memory. */
#define PUCK_CAMERA_GUARD	PAGE_SIZE
#define PUCK_CAMERA_CANARY	0xa5

/**
 * struct puck_camera_format - how a picture lies in a buffer, as the user has set it
 * @code: PUCK_CAM_FORMAT_*, of one part
 * @width: pixels
 * @height: lines
 * @stride: bytes from line to line
 */
struct puck_camera_format {
	u32 code;
	u32 width;
	u32 height;
	u32 stride;
};

/**
 * struct puck_camera_lines - what of the driver a scenario may have otherwise
 * @memory: of buffers
 * @size: bytes of a buffer
 * @set_format: S_FMT
 * @describe: what the device is told of pictures
 * @start: start_streaming; every buffer that waits comes back as queued if it fails
 * @stop: stop_streaming; every buffer comes back
 * @queued: the user has queued a buffer, before vb2 hands it on; NULL: nothing is done
 * @submit: a buffer goes to the device
 * @sequence: number of the picture that the user is told
 */
struct puck_camera_lines {
	struct vb2_mem_ops memory;
	u32 (*size)(const struct puck_camera_format *format);
	int (*set_format)(struct puck_camera *cam, const struct puck_camera_format *format);
	void (*describe)(struct puck_camera *cam, struct puck_cam_client_picture *picture);
	int (*start)(struct puck_camera *cam);
	void (*stop)(struct puck_camera *cam);
	void (*queued)(struct puck_camera *cam, struct puck_camera_buffer *buf);
	void (*submit)(struct puck_camera *cam, struct puck_camera_buffer *buf);
	u32 (*sequence)(struct puck_camera *cam, const struct puck_cam_client_done *done);
};

/**
 * struct puck_camera_list - where the device reads a buffer's segments
 * @segs: the segments
 * @room: how many fit
 * @dma: the device's address of @segs
 */
struct puck_camera_list {
	struct puck_cam_seg *segs;
	u32 room;
	dma_addr_t dma;
};

/**
 * struct puck_camera - the driver's device, and its user
 * @client: the camera
 * @dev: maps memory for it
 * @lines: the driver's; right, but for what a scenario has changed
 * @format: of pictures
 * @single: frames come one by one, by puck_camera_step()
 * @eager: the device is starved: a frame comes as soon as it gets a buffer, and is over before
 *         the driver gets on
 * @guarded: what the device does not write of a buffer stays as it is, whoever copies it
 * @share: who else has its buffers; NULL: nobody
 * @captured: pictures so far, for a driver that counts them itself
 * @kept: buffers that vb2 missed when start failed or stop was over: its count, not the driver's
 * @lock: of @queue, as all of its users have to hold it
 * @queue: buffers of the user
 * @lists: one for each buffer that the device has; they go round
 * @list_lock: protects all below
 * @waiting: struct puck_camera_buffer.node, those that the device is to get
 * @streaming: it may have them
 * @with_device: how many it has
 * @turn: how many it has got in all
 */
struct puck_camera {
	struct puck_cam_client *client;
	struct device *dev;
	struct puck_camera_lines lines;
	struct puck_camera_format format;
	bool single;
	bool eager;
	bool guarded;
	struct puck_camera_share *share;
	u32 captured;
	unsigned int kept;
	struct mutex lock;		/* the queue */
	struct vb2_queue queue;
	struct puck_camera_list lists[PUCK_CAMERA_DEPTH];

	spinlock_t list_lock;		/* what follows */
	struct list_head waiting;
	bool streaming;
	unsigned int with_device;
	unsigned int turn;
};

/**
 * struct puck_camera_buffer - a buffer of the driver's
 * @vb: base
 * @node: in puck_camera.waiting
 * @cam: whose it is
 * @hw: what the device gets
 * @list: where its segments are for the device, while that has it
 * @fence: ends when the driver gives it back; a reference, NULL: there is none
 * @sequence: number of the picture in it, as the user is told
 * @error: zero, or why there is none
 */
struct puck_camera_buffer {
	struct vb2_buffer vb;
	struct list_head node;
	struct puck_camera *cam;
	struct puck_cam_client_buffer hw;
	struct puck_camera_list *list;
	struct dma_fence *fence;
	u32 sequence;
	int error;
};

/* driver.c: the driver */
extern const struct puck_camera_lines puck_camera_right;

u32 puck_camera_size(const struct puck_camera_format *format);
int puck_camera_set_format(struct puck_camera *cam, const struct puck_camera_format *format);
void puck_camera_describe(struct puck_camera *cam, struct puck_cam_client_picture *picture);
int puck_camera_start(struct puck_camera *cam);
void puck_camera_stop(struct puck_camera *cam);
void puck_camera_stop_device(struct puck_camera *cam);
void puck_camera_return_all(struct puck_camera *cam, enum vb2_buffer_state state);
void puck_camera_submit(struct puck_camera *cam, struct puck_camera_buffer *buf);
void puck_camera_fill_list(struct puck_camera_buffer *buf);
void puck_camera_ring(struct puck_camera *cam, struct puck_camera_buffer *buf);
u32 puck_camera_sequence(struct puck_camera *cam, const struct puck_cam_client_done *done);
int puck_camera_queue_init(struct puck_camera *cam);
void puck_camera_queue_release(struct puck_camera *cam);

/* user.c: what a program would do */
int puck_camera_setup(struct puck_run *run);
int puck_camera_setup_guarded(struct puck_run *run);
void puck_camera_teardown(struct puck_run *run);
int puck_camera_format(struct puck_camera *cam, const struct puck_camera_format *format);
int puck_camera_queue(struct puck_camera *cam, unsigned int index);
int puck_camera_dequeue(struct puck_camera *cam);
int puck_camera_prepare(struct puck_camera *cam, unsigned int count, unsigned int queued);
int puck_camera_stream_on(struct puck_camera *cam);
int puck_camera_stream_off(struct puck_camera *cam);
int puck_camera_step(struct puck_camera *cam);
int puck_camera_next(struct puck_camera *cam);
int puck_camera_capture(struct puck_camera *cam);
struct puck_camera_buffer *puck_camera_buffer(struct puck_camera *cam, unsigned int index);

/* memory.c: of buffers: scattered pages, and a guard behind them */
void *puck_camera_memory_alloc(struct vb2_buffer *vb, struct device *dev, unsigned long size);
void puck_camera_memory_put(void *priv);
void puck_camera_memory_prepare(void *priv);
void puck_camera_memory_finish(void *priv);
int puck_camera_memory_mmap(void *priv, struct vm_area_struct *vma);
struct puck_buffer *puck_camera_memory(struct puck_camera_buffer *buf);
unsigned int puck_camera_overrun(struct puck_camera_buffer *buf);
void puck_camera_read(struct puck_camera_buffer *buf, size_t offset, void *to, size_t size);

/* stamps.c: what the device has written into lines */
unsigned int puck_camera_stamped(struct puck_camera *cam, struct puck_camera_buffer *buf,
				 u32 frame);
int puck_camera_frame_of(struct puck_camera_buffer *buf, u32 *frame);

#endif /* PUCK_CAMERA_H */
