// SPDX-License-Identifier: GPL-2.0-only
/*
 * In-kernel clients (puck/cam_client.h). They bring descriptors and lists of their own, good
 * or bad, and the device's geometry as a whole: neither the node's format nor the sub-devices'
 * states have a part in it. These write theirs anew when a stream of theirs starts.
 */
#include <linux/bitfield.h>
#include <linux/export.h>
#include <linux/iopoll.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "client/port.h"
#include "core/device.h"
#include "puck/cam_client.h"
#include "queue/buffer.h"
#include "queue/queue.h"
#include "video/node.h"

/**
 * struct puck_cam_client_turn - a buffer of a client's while the device has it
 * @buf: what the device's queue has
 * @client: whose it is
 * @of: the client's buffer; NULL: this one is free. Under puck_cam_client.lock
 */
struct puck_cam_client_turn {
	struct puck_cam_buffer buf;
	struct puck_cam_client *client;
	struct puck_cam_client_buffer *of;
};

/**
 * struct puck_cam_client - a kernel module that has a camera
 * @port: the camera; its v4l2_device is referenced
 * @user: the client as the user of the device's queue
 * @prepared: the device's queue is on; puck_cam_port.lock
 * @lock: protects which turns are free
 * @turns: buffers that the device has
 */
struct puck_cam_client {
	struct puck_cam_port *port;
	struct puck_cam_user user;
	bool prepared;
	spinlock_t lock;		/* turns[].of */
	struct puck_cam_client_turn turns[PUCK_CAM_CLIENT_DEPTH];
};

/* Cameras between probe and remove. */
static DEFINE_MUTEX(puck_cam_ports_lock);
static LIST_HEAD(puck_cam_ports);

/**
 * puck_cam_port_add - let clients find a camera
 * @port: zeroed, but for its device, node and queue; the device is ready for work
 */
void puck_cam_port_add(struct puck_cam_port *port)
{
	mutex_init(&port->lock);
	mutex_lock(&puck_cam_ports_lock);
	list_add_tail(&port->entry, &puck_cam_ports);
	mutex_unlock(&puck_cam_ports_lock);
}

static struct puck_cam_port *puck_cam_port_find(struct pci_dev *pdev)
{
	struct puck_cam_port *port, *found = NULL;

	mutex_lock(&puck_cam_ports_lock);
	list_for_each_entry(port, &puck_cam_ports, entry) {
		if (port->cam->pdev == pdev) {
			v4l2_device_get(&port->cam->v4l2);
			found = port;
			break;
		}
	}
	mutex_unlock(&puck_cam_ports_lock);
	return found;
}

/* Sensor and queue off; all buffers go back. */
static void puck_cam_client_end(struct puck_cam_client *client, int error)
{
	struct puck_cam_port *port = client->port;
	LIST_HEAD(rest);

	lockdep_assert_held(&port->lock);

	if (!client->prepared)
		return;
	client->prepared = false;
	puck_cam_write(port->cam, PUCK_CAM_SENSOR_CTRL, 0);
	puck_cam_poll_clear(port->cam, PUCK_CAM_SENSOR_STATUS, PUCK_CAM_SENSOR_BUSY);
	puck_cam_queue_stop(port->hw, &rest);
	puck_cam_done_give_back(&rest, error);
}

/**
 * puck_cam_port_pause - turn a client's stream off before the machine sleeps
 * @port: the camera
 *
 * It does not go on behind that: the client finds out by what it calls next.
 */
void puck_cam_port_pause(struct puck_cam_port *port)
{
	mutex_lock(&port->lock);
	if (port->client)
		puck_cam_client_end(port->client, -ECANCELED);
	mutex_unlock(&port->lock);
}

/**
 * puck_cam_port_remove - hide a camera from clients
 * @port: going away; who has it keeps its memory, and gets his buffers and -ENODEV from it
 */
void puck_cam_port_remove(struct puck_cam_port *port)
{
	mutex_lock(&puck_cam_ports_lock);
	list_del(&port->entry);
	mutex_unlock(&puck_cam_ports_lock);

	mutex_lock(&port->lock);
	port->gone = true;
	if (port->client)
		puck_cam_client_end(port->client, -ENODEV);
	mutex_unlock(&port->lock);
}

static void puck_cam_client_done(struct puck_cam_buffer *buf, const struct puck_cam_result *result)
{
	struct puck_cam_client_turn *turn = container_of(buf, struct puck_cam_client_turn, buf);
	struct puck_cam_client_buffer *of = turn->of;
	struct puck_cam_client_done done = {
		.error = result->error,
		.begun = result->begun,
		.frame = result->frame,
		.time = result->time,
		.bytes = { result->bytes[0], result->bytes[1] },
	};

	/* What the device said of a buffer on its way out says less than this. */
	if (done.error == -ECANCELED && READ_ONCE(turn->client->port->gone))
		done.error = -ENODEV;
	spin_lock(&turn->client->lock);
	turn->of = NULL;
	spin_unlock(&turn->client->lock);
	of->done(of, &done);
}

static struct puck_cam_client *puck_cam_client_create(struct puck_cam_port *port)
{
	struct puck_cam_client *client = kzalloc(sizeof(*client), GFP_KERNEL);
	u32 i;

	if (!client)
		return NULL;
	client->port = port;
	spin_lock_init(&client->lock);
	for (i = 0; i < ARRAY_SIZE(client->turns); i++) {
		client->turns[i].client = client;
		client->turns[i].buf.done = puck_cam_client_done;
		client->turns[i].buf.index = i;
		INIT_LIST_HEAD(&client->turns[i].buf.node);
	}
	return client;
}

/*
 * Take the node's queue as a file does that allocates buffers, so that all files get EBUSY: vb2
 * compares the owner with them, and looks no further.
 */
static int puck_cam_client_take(struct puck_cam_client *client)
{
	struct puck_cam_port *port = client->port;
	struct vb2_queue *queue = &port->node->queue;
	int ret = 0;

	mutex_lock(&port->lock);
	if (port->gone) {
		ret = -ENODEV;
		goto out;
	}
	mutex_lock(&port->node->lock);
	if (vb2_is_busy(queue) || queue->owner) {
		ret = -EBUSY;
	} else {
		queue->owner = client;
		port->client = client;
	}
	mutex_unlock(&port->node->lock);
out:
	mutex_unlock(&port->lock);
	return ret;
}

/**
 * puck_cam_client_get - take a camera
 * @pdev: its PCI function
 *
 * Until puck_cam_client_put() its video node answers EBUSY to whatever needs buffers.
 *
 * Context: may sleep.
 * Return: the client; ERR_PTR(-ENODEV) if no puck-cam is bound there, ERR_PTR(-EBUSY) if a file of
 * the node has buffers or another client has it; ERR_PTR(-ENOMEM).
 */
struct puck_cam_client *puck_cam_client_get(struct pci_dev *pdev)
{
	struct puck_cam_port *port = puck_cam_port_find(pdev);
	struct puck_cam_client *client;
	int ret = -ENOMEM;

	if (!port)
		return ERR_PTR(-ENODEV);
	client = puck_cam_client_create(port);
	if (!client)
		goto err_port;
	ret = puck_cam_client_take(client);
	if (ret)
		goto err_client;
	return client;

err_client:
	kfree(client);
err_port:
	v4l2_device_put(&port->cam->v4l2);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(puck_cam_client_get);

/**
 * puck_cam_client_put - let go of a camera
 * @client: from puck_cam_client_get()
 *
 * Stops it first, if it is prepared.
 *
 * Context: may sleep.
 */
void puck_cam_client_put(struct puck_cam_client *client)
{
	struct puck_cam_port *port = client->port;

	mutex_lock(&port->lock);
	puck_cam_client_end(client, -ECANCELED);
	/* Otherwise the node's queue was released, and has forgotten who had it. */
	if (!port->gone) {
		mutex_lock(&port->node->lock);
		port->node->queue.owner = NULL;
		mutex_unlock(&port->node->lock);
	}
	port->client = NULL;
	mutex_unlock(&port->lock);
	v4l2_device_put(&port->cam->v4l2);
	kfree(client);
}
EXPORT_SYMBOL_GPL(puck_cam_client_put);

/**
 * puck_cam_client_dma_dev - the device to map memory for
 * @client: the client
 *
 * Return: the device; mappings must be gone before it is unbound.
 */
struct device *puck_cam_client_dma_dev(struct puck_cam_client *client)
{
	return &client->port->cam->pdev->dev;
}
EXPORT_SYMBOL_GPL(puck_cam_client_dma_dev);

static void puck_cam_client_write(struct puck_cam_device *cam,
				  const struct puck_cam_client_picture *picture)
{
	u32 size = FIELD_PREP(PUCK_CAM_SIZE_WIDTH, picture->width) |
		   FIELD_PREP(PUCK_CAM_SIZE_HEIGHT, picture->height);
	u64 rect = FIELD_PREP(PUCK_CAM_RECT_WIDTH, (u64)picture->width) |
		   FIELD_PREP(PUCK_CAM_RECT_HEIGHT, (u64)picture->height);

	puck_cam_write(cam, PUCK_CAM_SIZE, size);
	puck_cam_write(cam, PUCK_CAM_HBLANK, PUCK_CAM_HBLANK_RESET);
	puck_cam_write(cam, PUCK_CAM_VBLANK, PUCK_CAM_VBLANK_RESET);
	puck_cam_write(cam, PUCK_CAM_INTERVAL, picture->interval);
	puck_cam_write(cam, PUCK_CAM_EXPOSURE, 0);
	puck_cam_write(cam, PUCK_CAM_GAIN, PUCK_CAM_GAIN_ONE);
	puck_cam_write(cam, PUCK_CAM_FLIP, 0);
	puck_cam_write(cam, PUCK_CAM_PATTERN, picture->pattern);
	puck_cam_write(cam, PUCK_CAM_STAMP, PUCK_CAM_STAMP_ENABLE);
	puck_cam_write(cam, PUCK_CAM_FORMAT, picture->format);
	puck_cam_write(cam, PUCK_CAM_OUT_SIZE, size);
	puck_cam_write64(cam, PUCK_CAM_CROP, rect);
	puck_cam_write64(cam, PUCK_CAM_COMPOSE, rect);
	puck_cam_write(cam, PUCK_CAM_STRIDE0, picture->stride[0]);
	puck_cam_write(cam, PUCK_CAM_STRIDE1, picture->stride[1]);
}

static bool puck_cam_client_fits(const struct puck_cam_client_picture *picture)
{
	return picture->width <= PUCK_CAM_WIDTH_MAX && picture->height <= PUCK_CAM_HEIGHT_MAX;
}

/**
 * puck_cam_client_prepare - say what pictures are like, and have the device take buffers
 * @client: the client, not prepared
 * @picture: what they are like
 *
 * Frames come behind puck_cam_client_start().
 *
 * Context: may sleep.
 * Return: 0; -EINVAL if the device does not take that; -EBUSY if it is prepared already; -EIO;
 * -ENODEV.
 */
int puck_cam_client_prepare(struct puck_cam_client *client,
			    const struct puck_cam_client_picture *picture)
{
	struct puck_cam_port *port = client->port;
	LIST_HEAD(none);
	int ret = 0;

	if (!puck_cam_client_fits(picture))
		return -EINVAL;
	mutex_lock(&port->lock);
	if (port->gone) {
		ret = -ENODEV;
	} else if (client->prepared) {
		ret = -EBUSY;
	} else {
		puck_cam_client_write(port->cam, picture);
		if (puck_cam_read(port->cam, PUCK_CAM_CHECK))
			ret = -EINVAL;
	}
	if (ret)
		goto out;
	ret = puck_cam_queue_start(port->hw, &client->user, false);
	if (ret)
		puck_cam_queue_stop(port->hw, &none);
	client->prepared = !ret;
out:
	mutex_unlock(&port->lock);
	return ret;
}
EXPORT_SYMBOL_GPL(puck_cam_client_prepare);

static struct puck_cam_client_turn *puck_cam_client_turn(struct puck_cam_client *client,
							 struct puck_cam_client_buffer *buf)
{
	struct puck_cam_client_turn *turn = NULL;
	u32 i;

	spin_lock(&client->lock);
	for (i = 0; i < ARRAY_SIZE(client->turns) && !turn; i++)
		if (!client->turns[i].of)
			turn = &client->turns[i];
	if (turn)
		turn->of = buf;
	spin_unlock(&client->lock);
	return turn;
}

/**
 * puck_cam_client_queue - give a buffer to the device
 * @client: the client, prepared
 * @buf: the buffer; not queued. It and its lists stay until its callback
 *
 * The device may read its lists from now on.
 *
 * Context: may sleep; also in the callback of a buffer. Allocates nothing, and waits for nobody.
 * Return: 0; -EINVAL for a bad number of parts; -EAGAIN if it has PUCK_CAM_CLIENT_DEPTH; -EPIPE if
 * it is not prepared, or has failed; -ENODEV. Unless it is 0 the callback does not come.
 */
int puck_cam_client_queue(struct puck_cam_client *client, struct puck_cam_client_buffer *buf)
{
	struct puck_cam_client_turn *turn;
	u32 i;

	if (!buf->parts || buf->parts > PUCK_CAM_PARTS_MAX)
		return -EINVAL;
	turn = puck_cam_client_turn(client, buf);
	if (!turn)
		return -EAGAIN;

	turn->buf.parts = buf->parts;
	for (i = 0; i < buf->parts; i++) {
		turn->buf.segs[i].dma = buf->part[i].list;
		turn->buf.segs[i].used = buf->part[i].nsegs;
		turn->buf.length[i] = buf->part[i].length;
	}
	if (puck_cam_queue_push(client->port->hw, &turn->buf, NULL))
		return 0;

	spin_lock(&client->lock);
	turn->of = NULL;
	spin_unlock(&client->lock);
	return READ_ONCE(client->port->gone) ? -ENODEV : -EPIPE;
}
EXPORT_SYMBOL_GPL(puck_cam_client_queue);

/* With the lock: what a client may do to the sensor. */
static int puck_cam_client_ready(struct puck_cam_client *client)
{
	lockdep_assert_held(&client->port->lock);

	if (client->port->gone)
		return -ENODEV;
	return client->prepared ? 0 : -EPIPE;
}

/**
 * puck_cam_client_start - have frames come
 * @client: the client, prepared
 * @single: one with each puck_cam_client_step(), instead of one in each interval
 *
 * Numbers of frames begin with 0.
 *
 * Context: may sleep.
 * Return: 0, -EPIPE if it is not prepared, -EIO if the device does not, -ENODEV.
 */
int puck_cam_client_start(struct puck_cam_client *client, bool single)
{
	struct puck_cam_port *port = client->port;
	int ret;

	mutex_lock(&port->lock);
	ret = puck_cam_client_ready(client);
	if (!ret) {
		puck_cam_write(port->cam, PUCK_CAM_SENSOR_CTRL,
			       PUCK_CAM_STREAM | (single ? PUCK_CAM_SINGLE : 0));
		if (!(puck_cam_read(port->cam, PUCK_CAM_SENSOR_CTRL) & PUCK_CAM_STREAM))
			ret = -EIO;
	}
	mutex_unlock(&port->lock);
	return ret;
}
EXPORT_SYMBOL_GPL(puck_cam_client_start);

/* Behind a frame that is under way, which is not disturbed: the device ignores STEP then. */
static int puck_cam_client_begin(struct puck_cam_device *cam)
{
	u64 before, time;
	int ret;

	ret = puck_cam_poll_clear(cam, PUCK_CAM_SENSOR_STATUS, PUCK_CAM_SENSOR_BUSY);
	if (ret)
		return ret;
	before = puck_cam_read64(cam, PUCK_CAM_START_TIME);
	puck_cam_write(cam, PUCK_CAM_STEP, 1);
	return readq_poll_timeout(cam->regs + PUCK_CAM_START_TIME, time, time != before,
				  PUCK_CAM_POLL_US, PUCK_CAM_TIMEOUT_US);
}

/**
 * puck_cam_client_step - have one frame begin
 * @client: the client, started in single steps
 *
 * Waits for the end of a frame before it. When this returns the frame has begun: it has the
 * buffer that was the first in the queue, or, if there was none, was dropped.
 *
 * Context: may sleep.
 * Return: 0, -EPIPE if it is not prepared, -ETIMEDOUT if there is no such frame, -ENODEV.
 */
int puck_cam_client_step(struct puck_cam_client *client)
{
	struct puck_cam_port *port = client->port;
	int ret;

	mutex_lock(&port->lock);
	ret = puck_cam_client_ready(client);
	if (!ret)
		ret = puck_cam_client_begin(port->cam);
	mutex_unlock(&port->lock);
	return ret;
}
EXPORT_SYMBOL_GPL(puck_cam_client_step);

/**
 * puck_cam_client_stop - have no more frames come
 * @client: the client
 *
 * When this returns the device makes no access to memory, and all buffers have come back. It
 * is not prepared any more.
 *
 * Context: may sleep.
 * Return: 0, or -ENODEV; the same holds then.
 */
int puck_cam_client_stop(struct puck_cam_client *client)
{
	struct puck_cam_port *port = client->port;
	int ret;

	mutex_lock(&port->lock);
	puck_cam_client_end(client, -ECANCELED);
	ret = port->gone ? -ENODEV : 0;
	mutex_unlock(&port->lock);
	return ret;
}
EXPORT_SYMBOL_GPL(puck_cam_client_stop);
