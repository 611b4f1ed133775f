// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 9: buffers of a camera, between vb2 and the device. A buffer is vb2's, or the driver's and
 * the device's; each one that the driver was given goes back once.
 */
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include <media/videobuf2-dma-sg.h>
#include <media/videobuf2-v4l2.h>

#include "puck_lab_cam.h"
#include "puck_lab_video.h"

/**
 * struct lab_buffer - a buffer, allocated by vb2
 * @vb: what vb2 knows of it
 * @node: in lab.bufs, while the driver has it
 * @list: its memory, as the device takes it
 * @list_dma: the same for the device
 * @nsegs: segments in it
 */
struct lab_buffer {
	struct vb2_v4l2_buffer vb;
	struct list_head node;
	struct puck_cam_seg *list;
	dma_addr_t list_dma;
	u32 nsegs;
};

/**
 * struct lab - a camera
 * @cam: the hardware
 * @v4l2: its last reference frees all of this: a file may outlive the device
 * @vdev: the node
 * @queue: vb2's part of it
 * @lock: of the node and the queue: vb2 calls with it held
 * @buf_lock: of @bufs, @streaming and the device's queue, also in interrupts
 * @bufs: buffers that the driver has, in the order in which the device gets them
 * @streaming: the device has them
 */
struct lab {
	struct puck_lab_cam cam;
	struct v4l2_device v4l2;
	struct video_device vdev;
	struct vb2_queue queue;
	struct mutex lock;		/* the node and the queue */
	spinlock_t buf_lock;		/* @bufs, @streaming, the device's queue */
	struct list_head bufs;
	bool streaming;
};

static struct lab_buffer *to_lab_buffer(struct vb2_buffer *vb)
{
	return container_of(to_vb2_v4l2_buffer(vb), struct lab_buffer, vb);
}

static int lab_queue_setup(struct vb2_queue *queue, unsigned int *num_buffers,
			   unsigned int *num_planes, unsigned int sizes[],
			   struct device *alloc_devs[])
{
	/* CREATE_BUFS comes with sizes, REQBUFS asks for them. */
	if (*num_planes)
		return *num_planes == 1 && sizes[0] >= PUCK_LAB_PICTURE ? 0 : -EINVAL;
	*num_planes = 1;
	sizes[0] = PUCK_LAB_PICTURE;
	return 0;
}

/* Once for the memory that a buffer gets: its segments stay the same. */
static int lab_buf_init(struct vb2_buffer *vb)
{
	struct lab *lab = vb2_get_drv_priv(vb->vb2_queue);
	struct sg_table *sgt = vb2_dma_sg_plane_desc(vb, 0);
	struct lab_buffer *buf = to_lab_buffer(vb);
	struct scatterlist *sg;
	int i;

	buf->nsegs = sgt->nents;
	buf->list = dma_alloc_coherent(&lab->cam.pdev->dev, buf->nsegs * sizeof(*buf->list),
				       &buf->list_dma, GFP_KERNEL);
	if (!buf->list)
		return -ENOMEM;
	for_each_sgtable_dma_sg(sgt, sg, i) {
		buf->list[i].addr = cpu_to_le64(sg_dma_address(sg));
		buf->list[i].len = cpu_to_le32(sg_dma_len(sg));
		buf->list[i].flags = 0;
	}
	return 0;
}

static void lab_buf_cleanup(struct vb2_buffer *vb)
{
	struct lab *lab = vb2_get_drv_priv(vb->vb2_queue);
	struct lab_buffer *buf = to_lab_buffer(vb);

	dma_free_coherent(&lab->cam.pdev->dev, buf->nsegs * sizeof(*buf->list), buf->list,
			  buf->list_dma);
}

/* Each time before it is queued. */
static int lab_buf_prepare(struct vb2_buffer *vb)
{
	if (vb2_plane_size(vb, 0) < PUCK_LAB_PICTURE)
		return -EINVAL;
	vb2_set_plane_payload(vb, 0, PUCK_LAB_PICTURE);
	return 0;
}

/* The buffer is the driver's from here on, whether frames come yet or not. */
static void lab_buf_queue(struct vb2_buffer *vb)
{
	struct lab *lab = vb2_get_drv_priv(vb->vb2_queue);
	struct lab_buffer *buf = to_lab_buffer(vb);
	unsigned long flags;

	spin_lock_irqsave(&lab->buf_lock, flags);
	list_add_tail(&buf->node, &lab->bufs);
	if (lab->streaming)
		puck_lab_cam_push(&lab->cam, buf->list_dma, buf->nsegs);
	spin_unlock_irqrestore(&lab->buf_lock, flags);
}

/* All buffers that the driver has go back. The device has none of them. */
static void lab_give_back(struct lab *lab, enum vb2_buffer_state state)
{
	struct lab_buffer *buf, *next;
	unsigned long flags;
	LIST_HEAD(bufs);

	spin_lock_irqsave(&lab->buf_lock, flags);
	lab->streaming = false;
	list_splice_init(&lab->bufs, &bufs);
	spin_unlock_irqrestore(&lab->buf_lock, flags);
	list_for_each_entry_safe(buf, next, &bufs, node) {
		list_del(&buf->node);
		vb2_buffer_done(&buf->vb.vb2_buf, state);
	}
}

static int lab_start_streaming(struct vb2_queue *queue, unsigned int count)
{
	struct lab *lab = vb2_get_drv_priv(queue);
	struct lab_buffer *buf;
	unsigned long flags;
	int ret;

	ret = puck_lab_cam_start(&lab->cam);
	if (ret)
		goto err_buffers;
	spin_lock_irqsave(&lab->buf_lock, flags);
	list_for_each_entry(buf, &lab->bufs, node)
		puck_lab_cam_push(&lab->cam, buf->list_dma, buf->nsegs);
	lab->streaming = true;
	spin_unlock_irqrestore(&lab->buf_lock, flags);
	ret = puck_lab_cam_stream(&lab->cam);
	if (ret)
		goto err_stop;
	return 0;

err_stop:
	puck_lab_cam_stop(&lab->cam);
err_buffers:
	/* They are still queued, as far as user space is concerned. */
	lab_give_back(lab, VB2_BUF_STATE_QUEUED);
	return ret;
}

static void lab_stop_streaming(struct vb2_queue *queue)
{
	struct lab *lab = vb2_get_drv_priv(queue);

	/* First the device is done with the memory, then its owner may have it. */
	puck_lab_cam_stop(&lab->cam);
	lab_give_back(lab, VB2_BUF_STATE_ERROR);
}

static const struct vb2_ops lab_vb2_ops = {
	.queue_setup = lab_queue_setup,
	.buf_init = lab_buf_init,
	.buf_cleanup = lab_buf_cleanup,
	.buf_prepare = lab_buf_prepare,
	.buf_queue = lab_buf_queue,
	.start_streaming = lab_start_streaming,
	.stop_streaming = lab_stop_streaming,
	.wait_prepare = vb2_ops_wait_prepare,
	.wait_finish = vb2_ops_wait_finish,
};

/* With the lock: the device is done with the oldest buffer. */
static void lab_done(struct lab *lab, const struct puck_cam_done *done)
{
	struct lab_buffer *buf = list_first_entry_or_null(&lab->bufs, struct lab_buffer, node);

	lockdep_assert_held(&lab->buf_lock);

	if (!buf)
		return;
	list_del(&buf->node);
	buf->vb.vb2_buf.timestamp = ktime_get_ns();
	buf->vb.sequence = le32_to_cpu(done->frame);
	buf->vb.field = V4L2_FIELD_NONE;
	vb2_buffer_done(&buf->vb.vb2_buf, done->status == PUCK_CAM_DONE_OK ?
			VB2_BUF_STATE_DONE : VB2_BUF_STATE_ERROR);
}

/* A message may be for some frames, or for one that was looked at already. */
static irqreturn_t lab_irq(int irq, void *data)
{
	struct lab *lab = data;
	struct puck_cam_done done;
	unsigned long flags;

	spin_lock_irqsave(&lab->buf_lock, flags);
	while (lab->streaming && puck_lab_cam_pop(&lab->cam, &done))
		lab_done(lab, &done);
	spin_unlock_irqrestore(&lab->buf_lock, flags);
	return IRQ_HANDLED;
}

static int lab_queue_init(struct lab *lab)
{
	struct vb2_queue *queue = &lab->queue;

	queue->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	queue->io_modes = VB2_MMAP | VB2_DMABUF;
	queue->dev = &lab->cam.pdev->dev;
	queue->drv_priv = lab;
	queue->ops = &lab_vb2_ops;
	queue->mem_ops = &vb2_dma_sg_memops;
	queue->buf_struct_size = sizeof(struct lab_buffer);
	queue->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	queue->lock = &lab->lock;
	return vb2_queue_init(queue);
}

static void lab_release(struct v4l2_device *v4l2)
{
	kfree(container_of(v4l2, struct lab, v4l2));
}

static int lab_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct lab *lab = kzalloc(sizeof(*lab), GFP_KERNEL);
	int ret;

	if (!lab)
		return -ENOMEM;
	mutex_init(&lab->lock);
	spin_lock_init(&lab->buf_lock);
	INIT_LIST_HEAD(&lab->bufs);
	ret = v4l2_device_register(dev, &lab->v4l2);
	if (ret) {
		kfree(lab);
		return ret;
	}
	lab->v4l2.release = lab_release;

	ret = puck_lab_cam_init(&lab->cam, pdev);
	if (ret)
		goto err_v4l2;
	ret = lab_queue_init(lab);
	if (ret)
		goto err_v4l2;
	ret = request_irq(lab->cam.irq, lab_irq, 0, KBUILD_MODNAME, lab);
	if (ret)
		goto err_v4l2;
	ret = puck_lab_video_register(&lab->vdev, &lab->v4l2, &lab->queue);
	if (ret)
		goto err_irq;
	pci_set_drvdata(pdev, lab);
	return 0;

err_irq:
	free_irq(lab->cam.irq, lab);
err_v4l2:
	v4l2_device_unregister(&lab->v4l2);
	v4l2_device_put(&lab->v4l2);
	return dev_err_probe(dev, ret, "no camera\n");
}

static void lab_remove(struct pci_dev *pdev)
{
	struct lab *lab = pci_get_drvdata(pdev);

	vb2_video_unregister_device(&lab->vdev);
	free_irq(lab->cam.irq, lab);
	v4l2_device_unregister(&lab->v4l2);
	v4l2_device_put(&lab->v4l2);
}

static const struct pci_device_id lab_ids[] = {
	{ PCI_DEVICE(PUCK_CAM_PCI_VENDOR, PUCK_CAM_PCI_DEVICE) },
	{}
};

static struct pci_driver lab_driver = {
	.name = KBUILD_MODNAME,
	.id_table = lab_ids,
	.probe = lab_probe,
	.remove = lab_remove,
};
module_pci_driver(lab_driver);

MODULE_DESCRIPTION("Lab 9: a capture driver");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
