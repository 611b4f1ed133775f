// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a driver does right: puck_camera_right. Scenarios replace one line of it.
 */
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/scatterlist.h>
#include <linux/videodev2.h>
#include <linux/wait.h>

#include "camera/camera.h"
#include "camera/share.h"

/* The shortest that there is. */
#define FRAME_NS	PUCK_CAM_INTERVAL_MIN

static struct puck_camera_buffer *to_buffer(struct vb2_buffer *vb)
{
	return container_of(vb, struct puck_camera_buffer, vb);
}

/**
 * puck_camera_size - how many bytes a buffer has to have
 * @format: of the picture
 *
 * Return: bytes, with padding and all planes.
 */
u32 puck_camera_size(const struct puck_camera_format *format)
{
	u32 luma = format->stride * format->height;

	return format->code == PUCK_CAM_FORMAT_NV12 ? luma + luma / 2 : luma;
}

/**
 * puck_camera_set_format - S_FMT
 * @cam: the driver, its lock held
 * @format: what is asked for; it is one that the device has
 *
 * Return: 0 or -EBUSY.
 */
int puck_camera_set_format(struct puck_camera *cam, const struct puck_camera_format *format)
{
	if (vb2_is_busy(&cam->queue))
		return -EBUSY;
	cam->format = *format;
	return 0;
}

/**
 * puck_camera_describe - tell the device what pictures are like
 * @cam: the driver
 * @picture: filled in
 */
void puck_camera_describe(struct puck_camera *cam, struct puck_cam_client_picture *picture)
{
	*picture = (struct puck_cam_client_picture){
		.format = cam->format.code,
		.width = cam->format.width,
		.height = cam->format.height,
		.stride = { cam->format.stride },
		.pattern = PUCK_CAM_PATTERN_BARS,
		.interval = FRAME_NS,
	};
}

/**
 * puck_camera_fill_list - write a buffer's segments where the device reads them
 * @buf: the buffer
 */
void puck_camera_fill_list(struct puck_camera_buffer *buf)
{
	struct sg_table *sgt = &puck_camera_memory(buf)->sgt;
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		buf->list->segs[i] = (struct puck_cam_seg){
			.addr = cpu_to_le64(sg_dma_address(sg)),
			.len = cpu_to_le32(sg_dma_len(sg)),
		};
}

/* A frame, from its beginning until its buffer was given back. */
static void frame_passes(struct puck_camera *cam)
{
	if (!puck_cam_client_step(cam->client))
		wait_event_timeout(cam->queue.done_wq, !list_empty(&cam->queue.done_list), HZ);
}

/**
 * puck_camera_ring - give a buffer to the device, whose list it may read from now on
 * @cam: the driver
 * @buf: the buffer; comes back at once, with an error, if the device does not take it
 */
void puck_camera_ring(struct puck_camera *cam, struct puck_camera_buffer *buf)
{
	struct puck_cam_client_done refused = { .error = -EIO };

	buf->hw.parts = 1;
	buf->hw.part[0].list = buf->list->dma;
	buf->hw.part[0].nsegs = puck_camera_memory(buf)->sgt.nents;
	buf->hw.part[0].length = puck_camera_size(&cam->format);
	if (puck_cam_client_queue(cam->client, &buf->hw))
		buf->hw.done(&buf->hw, &refused);
	else if (cam->eager)
		frame_passes(cam);
}

/**
 * puck_camera_submit - have a buffer go to the device
 * @cam: the driver
 * @buf: the buffer
 */
void puck_camera_submit(struct puck_camera *cam, struct puck_camera_buffer *buf)
{
	puck_camera_fill_list(buf);
	puck_camera_ring(cam, buf);
}

/* The next one that may go to the device, in nobody's list; or NULL. */
static struct puck_camera_buffer *next_waiting(struct puck_camera *cam)
{
	struct puck_camera_buffer *buf = NULL;

	spin_lock(&cam->list_lock);
	if (cam->streaming && cam->with_device < PUCK_CAMERA_DEPTH)
		buf = list_first_entry_or_null(&cam->waiting, struct puck_camera_buffer, node);
	if (buf) {
		list_del_init(&buf->node);
		buf->list = &cam->lists[cam->turn++ % PUCK_CAMERA_DEPTH];
		cam->with_device++;
	}
	spin_unlock(&cam->list_lock);
	return buf;
}

static void feed(struct puck_camera *cam)
{
	struct puck_camera_buffer *buf;

	while ((buf = next_waiting(cam)))
		cam->lines.submit(cam, buf);
}

/**
 * puck_camera_sequence - number a picture
 * @cam: the driver
 * @done: of the picture's frame
 *
 * Return: the number that the user is told.
 */
u32 puck_camera_sequence(struct puck_camera *cam, const struct puck_cam_client_done *done)
{
	return done->frame;
}

/* First the bytes, which vb2 hands over to the CPU, then the news. */
static void give_back(struct puck_camera_buffer *buf, enum vb2_buffer_state state, int error)
{
	struct dma_fence *fence = buf->fence;

	buf->fence = NULL;
	vb2_buffer_done(&buf->vb, state);
	puck_camera_fence_end(fence, error);
}

/* The device is done with a buffer. */
static void on_done(struct puck_cam_client_buffer *hw, const struct puck_cam_client_done *done)
{
	struct puck_camera_buffer *buf = container_of(hw, struct puck_camera_buffer, hw);
	struct puck_camera *cam = buf->cam;

	if (done->begun) {
		buf->sequence = cam->lines.sequence(cam, done);
		/* Where the size is wrong vb2 would say so, but once in a kernel's life. */
		vb2_set_plane_payload(&buf->vb, 0,
				      min_t(u64, done->bytes[0], vb2_plane_size(&buf->vb, 0)));
	}
	buf->error = done->error;
	spin_lock(&cam->list_lock);
	cam->with_device--;
	spin_unlock(&cam->list_lock);
	give_back(buf, done->error ? VB2_BUF_STATE_ERROR : VB2_BUF_STATE_DONE, done->error);
	feed(cam);
}

static void set_streaming(struct puck_camera *cam, bool streaming)
{
	spin_lock(&cam->list_lock);
	cam->streaming = streaming;
	spin_unlock(&cam->list_lock);
}

/**
 * puck_camera_return_all - give back what waits
 * @cam: the driver
 * @state: in which state
 */
void puck_camera_return_all(struct puck_camera *cam, enum vb2_buffer_state state)
{
	struct puck_camera_buffer *buf, *next;
	LIST_HEAD(all);

	spin_lock(&cam->list_lock);
	list_splice_init(&cam->waiting, &all);
	spin_unlock(&cam->list_lock);
	list_for_each_entry_safe(buf, next, &all, node) {
		list_del_init(&buf->node);
		give_back(buf, state, -ECANCELED);
	}
}

/**
 * puck_camera_start - start_streaming
 * @cam: the driver
 *
 * Return: 0, or a negative errno with all buffers back as queued.
 */
int puck_camera_start(struct puck_camera *cam)
{
	struct puck_cam_client_picture picture;
	int ret;

	cam->lines.describe(cam, &picture);
	ret = puck_cam_client_prepare(cam->client, &picture);
	if (ret)
		goto err_buffers;
	ret = puck_cam_client_start(cam->client, cam->single);
	if (ret)
		goto err_client;
	set_streaming(cam, true);
	feed(cam);
	return 0;

err_client:
	puck_cam_client_stop(cam->client);
err_buffers:
	puck_camera_return_all(cam, VB2_BUF_STATE_QUEUED);
	return ret;
}

/**
 * puck_camera_stop_device - have the device let go of all that it has, and come to rest
 * @cam: the driver
 *
 * What it has comes back in here, from on_done().
 */
void puck_camera_stop_device(struct puck_camera *cam)
{
	set_streaming(cam, false);
	puck_cam_client_stop(cam->client);
}

/**
 * puck_camera_stop - stop_streaming
 * @cam: the driver
 */
void puck_camera_stop(struct puck_camera *cam)
{
	puck_camera_stop_device(cam);
	puck_camera_return_all(cam, VB2_BUF_STATE_ERROR);
}

const struct puck_camera_lines puck_camera_right = {
	.memory = {
		.alloc = puck_camera_memory_alloc,
		.put = puck_camera_memory_put,
		.prepare = puck_camera_memory_prepare,
		.finish = puck_camera_memory_finish,
		.mmap = puck_camera_memory_mmap,
	},
	.size = puck_camera_size,
	.set_format = puck_camera_set_format,
	.describe = puck_camera_describe,
	.start = puck_camera_start,
	.stop = puck_camera_stop,
	.submit = puck_camera_submit,
	.sequence = puck_camera_sequence,
};

static int queue_setup(struct vb2_queue *queue, unsigned int *num_buffers,
		       unsigned int *num_planes, unsigned int sizes[],
		       struct device *alloc_devs[])
{
	struct puck_camera *cam = vb2_get_drv_priv(queue);

	*num_planes = 1;
	sizes[0] = cam->lines.size(&cam->format);
	return 0;
}

static int buf_init(struct vb2_buffer *vb)
{
	struct puck_camera *cam = vb2_get_drv_priv(vb->vb2_queue);
	struct puck_camera_buffer *buf = to_buffer(vb);

	INIT_LIST_HEAD(&buf->node);
	buf->cam = cam;
	buf->hw.done = on_done;
	return 0;
}

static int buf_prepare(struct vb2_buffer *vb)
{
	struct puck_camera *cam = vb2_get_drv_priv(vb->vb2_queue);

	if (vb2_plane_size(vb, 0) < cam->lines.size(&cam->format))
		return -EINVAL;
	if (cam->lines.queued)
		cam->lines.queued(cam, to_buffer(vb));
	return 0;
}

static void buf_queue(struct vb2_buffer *vb)
{
	struct puck_camera *cam = vb2_get_drv_priv(vb->vb2_queue);

	spin_lock(&cam->list_lock);
	list_add_tail(&to_buffer(vb)->node, &cam->waiting);
	spin_unlock(&cam->list_lock);
	feed(cam);
}

/* An observer: vb2 counts what drivers have, and gives it to itself behind this. */
static int start_streaming(struct vb2_queue *queue, unsigned int count)
{
	struct puck_camera *cam = vb2_get_drv_priv(queue);
	int ret = cam->lines.start(cam);

	if (ret)
		cam->kept += atomic_read(&queue->owned_by_drv_count);
	return ret;
}

static void stop_streaming(struct vb2_queue *queue)
{
	struct puck_camera *cam = vb2_get_drv_priv(queue);

	cam->lines.stop(cam);
	cam->kept += atomic_read(&queue->owned_by_drv_count);
}

static const struct vb2_ops queue_ops = {
	.queue_setup = queue_setup,
	.buf_init = buf_init,
	.buf_prepare = buf_prepare,
	.buf_queue = buf_queue,
	.start_streaming = start_streaming,
	.stop_streaming = stop_streaming,
};

static int alloc_lists(struct puck_camera *cam)
{
	struct puck_camera_list *list;

	for (list = cam->lists; list < cam->lists + PUCK_CAMERA_DEPTH; list++) {
		/* A segment is a page at least. */
		list->room = (PAGE_ALIGN(cam->lines.size(&cam->format)) + PUCK_CAMERA_GUARD) >>
			     PAGE_SHIFT;
		list->segs = dma_alloc_coherent(cam->dev, list->room * sizeof(*list->segs),
						&list->dma, GFP_KERNEL);
		if (!list->segs)
			return -ENOMEM;
	}
	return 0;
}

/**
 * puck_camera_queue_init - make the queue
 * @cam: the driver, its lines set
 *
 * Return: 0 or a negative errno; puck_camera_queue_release() is due in any case.
 */
int puck_camera_queue_init(struct puck_camera *cam)
{
	struct vb2_queue *queue = &cam->queue;
	int ret;

	ret = alloc_lists(cam);
	if (ret)
		return ret;
	queue->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	queue->io_modes = VB2_MMAP;
	queue->dev = cam->dev;
	queue->bidirectional = cam->guarded;
	queue->lock = &cam->lock;
	queue->ops = &queue_ops;
	queue->mem_ops = &cam->lines.memory;
	queue->drv_priv = cam;
	queue->buf_struct_size = sizeof(struct puck_camera_buffer);
	return vb2_core_queue_init(queue);
}

/**
 * puck_camera_queue_release - turn the stream off, and free what there is
 * @cam: the driver
 */
void puck_camera_queue_release(struct puck_camera *cam)
{
	struct puck_camera_list *list;

	if (cam->queue.ops) {
		mutex_lock(&cam->lock);
		vb2_core_queue_release(&cam->queue);
		mutex_unlock(&cam->lock);
	}
	for (list = cam->lists; list < cam->lists + PUCK_CAMERA_DEPTH; list++)
		if (list->segs)
			dma_free_coherent(cam->dev, list->room * sizeof(*list->segs), list->segs,
					  list->dma);
}
