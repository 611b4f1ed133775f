// SPDX-License-Identifier: GPL-2.0-only
/*
 * puck-cam.ko: V4L2 driver of the puck-cam device (docs/specs/camera.rst).
 *
 * Here are the beginning and the end: probe, remove, shutdown.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "card.h"
#include "compat/base.h"
#include "debugfs.h"
#include "irq.h"
#include "pm.h"

static bool multiplanar = true;
module_param(multiplanar, bool, 0644);
MODULE_PARM_DESC(multiplanar, "Which of V4L2's two APIs a device has that is bound from now on: the multi-planar one (default), or the single-planar one, without NV12M");

static char *memops = "sg";
module_param(memops, charp, 0444);
MODULE_PARM_DESC(memops, "What buffers are: sg, pages anywhere (default), or contig, contiguous for the device, which takes an IOMMU that merges");

/*
 * Memory of the device's parts. The hardware is gone, and so are all files.
 *
 * The sub-devices leave the device here and no sooner: v4l2_device_unregister() takes their
 * sd->v4l2_dev away while calls may be in them, and V4L2 itself reads it there without a look.
 */
static void puck_cam_release(struct v4l2_device *v4l2)
{
	struct puck_cam_card *card = container_of(v4l2, struct puck_cam_card, cam.v4l2);

	v4l2_device_unregister(v4l2);
	puck_cam_node_cleanup(&card->node);
	puck_cam_bridge_cleanup(&card->bridge);
	puck_cam_sensor_cleanup(&card->sensor);
	media_device_cleanup(&card->cam.media);
	kfree(card);
}

static int puck_cam_init_hw(struct puck_cam_device *cam)
{
	int ret;

	ret = puck_cam_init_pci(cam);
	if (ret)
		return ret;
	ret = puck_cam_identify(cam);
	if (ret)
		return ret;
	/* Whatever goes on there makes no access to memory, even if the reset fails. */
	pci_clear_master(cam->pdev);
	ret = puck_cam_reset(cam);
	if (ret)
		return ret;
	/* The DMA API works by pages; what is too long then is cut in queue/segs.c. */
	dma_set_max_seg_size(&cam->pdev->dev, max_t(u32, cam->seg_len_max, PAGE_SIZE));
	return 0;
}

/* All that is no hardware. Behind it puck_cam_release() undoes it, but for the queue. */
static int puck_cam_init_parts(struct puck_cam_card *card, bool contig)
{
	struct puck_cam_device *cam = &card->cam;
	int ret;

	media_device_pci_init(&cam->media, cam->pdev, "Puck virtual camera");
	cam->v4l2.mdev = &cam->media;
	ret = v4l2_device_register(&cam->pdev->dev, &cam->v4l2);
	if (ret)
		goto err_media;
	ret = puck_cam_queue_init(&card->queue, cam);
	if (ret)
		goto err_v4l2;
	ret = puck_cam_sensor_init(&card->sensor, cam);
	if (ret)
		goto err_queue;
	ret = puck_cam_bridge_init(&card->bridge, cam, card->sensor.width, card->sensor.height);
	if (ret)
		goto err_sensor;
	card->node.cam = cam;
	card->node.sensor = &card->sensor;
	card->node.bridge = &card->bridge;
	card->node.hw = &card->queue;
	card->port.cam = cam;
	card->port.node = &card->node;
	card->port.hw = &card->queue;
	ret = puck_cam_node_init(&card->node, multiplanar, contig);
	if (ret)
		goto err_bridge;
	cam->v4l2.release = puck_cam_release;
	return 0;

err_bridge:
	puck_cam_bridge_cleanup(&card->bridge);
err_sensor:
	puck_cam_sensor_cleanup(&card->sensor);
err_queue:
	puck_cam_queue_cleanup(&card->queue);
err_v4l2:
	v4l2_device_unregister(&cam->v4l2);
err_media:
	media_device_cleanup(&cam->media);
	return ret;
}

/* The graph does not change: there is one way from the sensor to memory. */
static int puck_cam_link(struct puck_cam_card *card)
{
	u32 flags = MEDIA_LNK_FL_ENABLED | MEDIA_LNK_FL_IMMUTABLE;
	int ret;

	ret = media_create_pad_link(&card->sensor.sd.entity, 0, &card->bridge.sd.entity,
				    PUCK_CAM_BRIDGE_SINK, flags);
	if (ret)
		return ret;
	return media_create_pad_link(&card->bridge.sd.entity, PUCK_CAM_BRIDGE_SOURCE,
				     &card->node.vdev.entity, 0, flags);
}

/* Behind this no call of a node begins. Those of sub-devices may still be under way. */
static void puck_cam_unregister_nodes(struct puck_cam_card *card)
{
	vb2_video_unregister_device(&card->node.vdev);
	/* NULL if it never was registered. */
	video_unregister_device(card->sensor.sd.devnode);
	video_unregister_device(card->bridge.sd.devnode);
}

/* Nodes, the one that captures last but for the graph's: then all the others are there. */
static int puck_cam_register(struct puck_cam_card *card)
{
	struct puck_cam_device *cam = &card->cam;
	int ret;

	ret = v4l2_device_register_subdev(&cam->v4l2, &card->sensor.sd);
	if (ret)
		return ret;
	ret = v4l2_device_register_subdev(&cam->v4l2, &card->bridge.sd);
	if (ret)
		return ret;
	ret = puck_cam_node_register(&card->node);
	if (ret)
		return ret;
	ret = puck_cam_link(card);
	if (ret)
		goto err_node;
	ret = v4l2_device_register_subdev_nodes(&cam->v4l2);
	if (ret)
		goto err_node;
	ret = media_device_register(&cam->media);
	if (ret)
		goto err_nodes;
	return 0;

err_nodes:
	puck_cam_unregister_nodes(card);
	return ret;

err_node:
	vb2_video_unregister_device(&card->node.vdev);
	return ret;
}

static void puck_cam_silence(struct puck_cam_card *card)
{
	puck_cam_irq_stop(&card->cam);
	puck_cam_reset(&card->cam);
	/* A device that does not reset is silenced by this. */
	pci_clear_master(card->cam.pdev);
}

static int puck_cam_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int contig = match_string((const char * const []){ "sg", "contig" }, 2, memops);
	struct puck_cam_card *card;
	int ret;

	if (contig < 0)
		return dev_err_probe(&pdev->dev, -EINVAL, "memops=%s: sg or contig\n", memops);
	card = kzalloc(sizeof(*card), GFP_KERNEL);
	if (!card)
		return -ENOMEM;
	card->cam.pdev = pdev;
	spin_lock_init(&card->cam.irq_lock);
	pci_set_drvdata(pdev, card);

	ret = puck_cam_init_hw(&card->cam);
	if (ret)
		goto err_card;
	ret = puck_cam_init_parts(card, contig);
	if (ret)
		goto err_card;

	pci_set_master(pdev);
	ret = puck_cam_irq_init(card);
	if (ret) {
		dev_err_probe(&pdev->dev, ret, "cannot set interrupts up\n");
		goto err_master;
	}
	ret = puck_cam_register(card);
	if (ret)
		goto err_irq;
	puck_cam_irq_want(&card->cam, PUCK_CAM_IRQ_ERROR, true);
	puck_cam_irq_want(&card->cam, PUCK_CAM_IRQ_SOURCE, true);
	puck_cam_irq_start(&card->cam);
	puck_cam_port_add(&card->port);
	puck_cam_debugfs_add(card);
	return 0;

err_irq:
	puck_cam_silence(card);
	puck_cam_irq_fini(card);
err_master:
	pci_clear_master(pdev);
	puck_cam_queue_cleanup(&card->queue);
	v4l2_device_put(&card->cam.v4l2);
	return ret;

err_card:
	kfree(card);
	return ret;
}

static void puck_cam_remove(struct pci_dev *pdev)
{
	struct puck_cam_card *card = pci_get_drvdata(pdev);

	puck_cam_debugfs_remove(card);
	puck_cam_port_remove(&card->port);
	/*
	 * Behind this no ioctl of the node runs, and the stream is off: so the registers are
	 * nobody's but ours, whoever keeps files of the sub-devices open.
	 */
	puck_cam_unregister_nodes(card);
	puck_cam_silence(card);
	puck_cam_irq_fini(card);
	media_device_unregister(&card->cam.media);
	puck_cam_queue_cleanup(&card->queue);
	v4l2_device_put(&card->cam.v4l2);
}

static void puck_cam_shutdown(struct pci_dev *pdev)
{
	puck_cam_silence(pci_get_drvdata(pdev));
}

static const struct pci_device_id puck_cam_ids[] = {
	{ PCI_DEVICE(PUCK_CAM_PCI_VENDOR, PUCK_CAM_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, puck_cam_ids);

static struct pci_driver puck_cam_driver = {
	.name = "puck-cam",
	.id_table = puck_cam_ids,
	.probe = puck_cam_probe,
	.remove = puck_cam_remove,
	.shutdown = puck_cam_shutdown,
	.driver.pm = pm_sleep_ptr(&puck_cam_pm_ops),
};

static int __init puck_cam_init(void)
{
	int ret;

	puck_cam_debugfs_init();
	ret = pci_register_driver(&puck_cam_driver);
	if (ret)
		puck_cam_debugfs_exit();
	return ret;
}

static void __exit puck_cam_exit(void)
{
	pci_unregister_driver(&puck_cam_driver);
	puck_cam_debugfs_exit();
	/* Fences that were freed by callbacks of this module: wait for these. */
	rcu_barrier();
}

module_init(puck_cam_init);
module_exit(puck_cam_exit);

/* Where cameras are behind a puck-iommu, its driver has to be loaded first. */
MODULE_SOFTDEP("pre: puck_iommu");
PUCK_IMPORT_NS_DMA_BUF;
MODULE_DESCRIPTION("V4L2 driver of the puck-cam device");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
