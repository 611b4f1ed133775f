// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 9: buffers of a camera, between vb2 and the device. A buffer is vb2's, or the driver's and
 * the device's; each one that the driver was given goes back once. README.rst has what is asked
 * for; puck_lab_cam.h has the hardware, puck_lab_video.h the node, and neither needs a change.
 */
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include <media/videobuf2-dma-sg.h>
#include <media/videobuf2-v4l2.h>

#include "puck_lab_cam.h"
#include "puck_lab_video.h"

/**
 * struct lab_buffer - a buffer, allocated by vb2
 * @vb: what vb2 knows of it
 *
 * TODO: what the driver has to know of it. struct puck_cam_seg[] is how the device takes memory.
 */
struct lab_buffer {
	struct vb2_v4l2_buffer vb;
};

/**
 * struct lab - a camera
 * @cam: the hardware
 * @v4l2: its last reference frees all of this: a file may outlive the device
 * @vdev: the node
 * @queue: vb2's part of it
 * @lock: of the node and the queue: vb2 calls with it held
 *
 * TODO: which buffers the driver has, in which order; and a lock that interrupts may take.
 */
struct lab {
	struct puck_lab_cam cam;
	struct v4l2_device v4l2;
	struct video_device vdev;
	struct vb2_queue queue;
	struct mutex lock;		/* the node and the queue */
};

/*
 * TODO: vb2 tells of each of these in include/media/videobuf2-core.h. There are more of them:
 * buf_init, buf_cleanup and buf_prepare are of use.
 */
static int lab_queue_setup(struct vb2_queue *queue, unsigned int *num_buffers,
			   unsigned int *num_planes, unsigned int sizes[],
			   struct device *alloc_devs[])
{
	return -EINVAL;
}

static void lab_buf_queue(struct vb2_buffer *vb)
{
}

static const struct vb2_ops lab_vb2_ops = {
	.queue_setup = lab_queue_setup,
	.buf_queue = lab_buf_queue,
	.wait_prepare = vb2_ops_wait_prepare,
	.wait_finish = vb2_ops_wait_finish,
};

/*
 * A message of the camera's.
 *
 * TODO: which buffers are done, and what became of them?
 */
static irqreturn_t lab_irq(int irq, void *data)
{
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
