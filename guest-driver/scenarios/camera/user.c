// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program does with the driver, and what scenarios have in common. There is no file: vb2's
 * core is called as the ioctls would.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/videodev2.h>
#include <linux/wait.h>

#include "camera/camera.h"

/* A frame is some milliseconds; whoever waits so long waits for nothing. */
#define PATIENCE	(10 * HZ)

/* Lines are padded, and each plane is a whole number of pages. */
static const struct puck_camera_format default_format = {
	.code = PUCK_CAM_FORMAT_NV12, .width = 96, .height = 64, .stride = 128,
};

/**
 * puck_camera_setup - setup() of a scenario: the driver, with all lines right
 * @run: the run; its priv becomes the driver
 *
 * Return: 0 or a negative errno.
 */
int puck_camera_setup(struct puck_run *run)
{
	struct puck_camera *cam = kzalloc(sizeof(*cam), GFP_KERNEL);

	if (!cam)
		return -ENOMEM;
	run->priv = cam;
	cam->client = run->camera;
	cam->dev = run->dev;
	cam->lines = puck_camera_right;
	cam->format = default_format;
	cam->single = true;
	mutex_init(&cam->lock);
	spin_lock_init(&cam->list_lock);
	INIT_LIST_HEAD(&cam->waiting);
	return 0;
}

/**
 * puck_camera_setup_guarded - the same, for a scenario that looks at guards
 * @run: the run; its priv becomes the driver
 *
 * Return: 0 or a negative errno.
 */
int puck_camera_setup_guarded(struct puck_run *run)
{
	int ret = puck_camera_setup(run);

	if (!ret)
		((struct puck_camera *)run->priv)->guarded = true;
	return ret;
}

/**
 * puck_camera_teardown - teardown() of a scenario
 * @run: the run
 */
void puck_camera_teardown(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	if (!cam)
		return;
	puck_camera_queue_release(cam);
	kfree(cam);
}

/**
 * puck_camera_format - S_FMT
 * @cam: the driver, its lines set
 * @format: what is asked for
 *
 * Return: 0 or a negative errno.
 */
int puck_camera_format(struct puck_camera *cam, const struct puck_camera_format *format)
{
	int ret;

	mutex_lock(&cam->lock);
	ret = cam->lines.set_format(cam, format);
	mutex_unlock(&cam->lock);
	return ret;
}

/* REQBUFS */
static int request(struct puck_camera *cam, unsigned int count)
{
	unsigned int got = count;
	int ret;

	ret = puck_camera_queue_init(cam);
	if (ret)
		return ret;
	mutex_lock(&cam->lock);
	ret = vb2_core_reqbufs(&cam->queue, VB2_MEMORY_MMAP, 0, &got);
	mutex_unlock(&cam->lock);
	if (ret)
		return ret;
	return got == count ? 0 : -ENOMEM;
}

/**
 * puck_camera_buffer - find a buffer
 * @cam: the driver
 * @index: less than what was asked for
 *
 * Return: the buffer.
 */
struct puck_camera_buffer *puck_camera_buffer(struct puck_camera *cam, unsigned int index)
{
	return container_of(vb2_get_buffer(&cam->queue, index), struct puck_camera_buffer, vb);
}

/**
 * puck_camera_queue - QBUF
 * @cam: the driver
 * @index: of the buffer
 *
 * Return: 0 or a negative errno.
 */
int puck_camera_queue(struct puck_camera *cam, unsigned int index)
{
	int ret;

	mutex_lock(&cam->lock);
	ret = vb2_core_qbuf(&cam->queue, vb2_get_buffer(&cam->queue, index), NULL, NULL);
	mutex_unlock(&cam->lock);
	return ret;
}

/**
 * puck_camera_dequeue - DQBUF, which waits for a buffer
 * @cam: the driver
 *
 * Return: its index, or a negative errno: -ETIMEDOUT if there is none, or that of the picture.
 */
int puck_camera_dequeue(struct puck_camera *cam)
{
	unsigned int index;
	int ret;

	if (!wait_event_timeout(cam->queue.done_wq, !list_empty(&cam->queue.done_list), PATIENCE))
		return -ETIMEDOUT;
	mutex_lock(&cam->lock);
	ret = vb2_core_dqbuf(&cam->queue, &index, NULL, true);
	mutex_unlock(&cam->lock);
	return ret ?: puck_camera_buffer(cam, index)->error ?: index;
}

/**
 * puck_camera_prepare - REQBUFS, and QBUF of the first buffers
 * @cam: the driver, its lines set
 * @count: of buffers
 * @queued: how many of them
 *
 * Return: 0 or a negative errno.
 */
int puck_camera_prepare(struct puck_camera *cam, unsigned int count, unsigned int queued)
{
	unsigned int i;
	int ret;

	ret = request(cam, count);
	for (i = 0; !ret && i < queued; i++)
		ret = puck_camera_queue(cam, i);
	return ret;
}

/**
 * puck_camera_stream_on - STREAMON
 * @cam: the driver
 *
 * Return: 0 or a negative errno.
 */
int puck_camera_stream_on(struct puck_camera *cam)
{
	int ret;

	mutex_lock(&cam->lock);
	ret = vb2_core_streamon(&cam->queue, cam->queue.type);
	mutex_unlock(&cam->lock);
	return ret;
}

/**
 * puck_camera_stream_off - STREAMOFF
 * @cam: the driver
 *
 * Return: 0 or a negative errno.
 */
int puck_camera_stream_off(struct puck_camera *cam)
{
	int ret;

	mutex_lock(&cam->lock);
	ret = vb2_core_streamoff(&cam->queue, cam->queue.type);
	mutex_unlock(&cam->lock);
	return ret;
}

/**
 * puck_camera_step - have one frame come
 * @cam: the driver, streaming in single steps
 *
 * Return: 0 or a negative errno.
 */
int puck_camera_step(struct puck_camera *cam)
{
	return puck_cam_client_step(cam->client);
}

/**
 * puck_camera_next - have one frame come, and take the picture
 * @cam: the driver, streaming in single steps, with a buffer queued
 *
 * Return: the buffer's index or a negative errno.
 */
int puck_camera_next(struct puck_camera *cam)
{
	return puck_camera_step(cam) ?: puck_camera_dequeue(cam);
}

/**
 * puck_camera_capture - capture one picture, into buffer 0 of one
 * @cam: the driver, its lines set
 *
 * Return: 0 or a negative errno.
 */
int puck_camera_capture(struct puck_camera *cam)
{
	int ret;

	ret = puck_camera_prepare(cam, 1, 1);
	if (!ret)
		ret = puck_camera_stream_on(cam);
	if (!ret)
		ret = puck_camera_next(cam);
	return ret < 0 ? ret : 0;
}
