// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the device is and what it has (docs/specs/camera.rst, "Registers", "Interrupt
 * sources", "Sensor", "Queue"). All of it is read here, once, and checked before anything
 * relies on it: hardware may be broken, or want to do harm.
 */
#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/pci.h>
#include <linux/videodev2.h>

#include "core/device.h"

#define PUCK_CAM_VECTORS_MAX	(PUCK_CAM_SOURCE_VECTOR + 1)
#define PUCK_CAM_NO_VECTOR	(~0u)
/* Sources of kinds that are yet to come are left alone, as long as there are not too many. */
#define PUCK_CAM_SOURCES_MAX	64
/* Descriptors: more than vb2 has buffers, and one slot stays free. */
#define PUCK_CAM_QUEUE_ORDER	6

static_assert(BIT(PUCK_CAM_QUEUE_ORDER) > VIDEO_MAX_FRAME);

static int puck_cam_identify_version(struct puck_cam_device *cam)
{
	struct device *dev = &cam->pdev->dev;
	u32 magic = puck_cam_read(cam, PUCK_CAM_MAGIC);
	u32 version = puck_cam_read(cam, PUCK_CAM_VERSION);

	if (magic != PUCK_CAM_MAGIC_VALUE)
		return dev_err_probe(dev, -ENODEV, "bad magic %#x\n", magic);
	/* A minor version adds something, and asking for it is by FEATURES. */
	if ((version ^ PUCK_CAM_VERSION_VALUE) & PUCK_CAM_VERSION_MAJOR)
		return dev_err_probe(dev, -ENODEV, "unknown version %#x\n", version);
	if (pci_resource_len(cam->pdev, PUCK_CAM_BAR_REGS) < PUCK_CAM_BAR_REGS_SIZE)
		return dev_err_probe(dev, -ENODEV, "too few registers\n");
	return 0;
}

static bool puck_cam_size_is_good(u32 width, u32 height)
{
	return width >= PUCK_CAM_DIM_MIN && width <= PUCK_CAM_WIDTH_MAX && !(width & 1) &&
	       height >= PUCK_CAM_DIM_MIN && height <= PUCK_CAM_HEIGHT_MAX && !(height & 1);
}

static int puck_cam_identify_limits(struct puck_cam_device *cam)
{
	u32 size = puck_cam_read(cam, PUCK_CAM_SIZE_MAX);

	cam->features = puck_cam_read64(cam, PUCK_CAM_FEATURES);
	cam->formats = puck_cam_read(cam, PUCK_CAM_FORMATS);
	cam->seg_len_max = puck_cam_read(cam, PUCK_CAM_SEG_LEN_MAX);
	cam->segs_max = puck_cam_read(cam, PUCK_CAM_SEGS_MAX);
	cam->width_max = FIELD_GET(PUCK_CAM_SIZE_WIDTH, size);
	cam->height_max = FIELD_GET(PUCK_CAM_SIZE_HEIGHT, size);
	if (!cam->seg_len_max || !cam->segs_max ||
	    !puck_cam_size_is_good(cam->width_max, cam->height_max))
		return dev_err_probe(&cam->pdev->dev, -ENODEV, "bad limits\n");
	if (!(cam->formats & PUCK_CAM_FORMATS_ALL))
		return dev_err_probe(&cam->pdev->dev, -ENODEV, "no format that is known\n");
	if (puck_cam_read(cam, PUCK_CAM_QUEUE_ORDER_MAX) < PUCK_CAM_QUEUE_ORDER)
		return dev_err_probe(&cam->pdev->dev, -ENODEV, "the queue is too short\n");
	cam->order = PUCK_CAM_QUEUE_ORDER;
	return 0;
}

static int puck_cam_identify_source(struct puck_cam_device *cam, unsigned long *taken, u32 i)
{
	u32 source = puck_cam_read(cam, PUCK_CAM_SOURCE(i));
	u32 vector = FIELD_GET(PUCK_CAM_SOURCE_VECTOR, source);
	u32 kind = FIELD_GET(PUCK_CAM_SOURCE_KIND, source);

	if (kind >= PUCK_CAM_VECTORS)
		return 0;
	if ((int)vector >= pci_msix_vec_count(cam->pdev) ||
	    cam->vector[kind] != PUCK_CAM_NO_VECTOR || __test_and_set_bit(vector, taken))
		return dev_err_probe(&cam->pdev->dev, -ENODEV, "bad interrupt source %u: %#x\n",
				     i, source);
	cam->vector[kind] = vector;
	cam->num_vectors = max(cam->num_vectors, vector + 1);
	return 0;
}

static int puck_cam_identify_sources(struct puck_cam_device *cam)
{
	DECLARE_BITMAP(taken, PUCK_CAM_VECTORS_MAX) = { };
	u32 num = puck_cam_read(cam, PUCK_CAM_NUM_SOURCES);
	u32 i;
	int ret;

	if (num > PUCK_CAM_SOURCES_MAX)
		return dev_err_probe(&cam->pdev->dev, -ENODEV, "%u interrupt sources\n", num);

	for (i = 0; i < PUCK_CAM_VECTORS; i++)
		cam->vector[i] = PUCK_CAM_NO_VECTOR;
	for (i = 0; i < num; i++) {
		ret = puck_cam_identify_source(cam, taken, i);
		if (ret)
			return ret;
	}
	for (i = 0; i < PUCK_CAM_VECTORS; i++)
		if (cam->vector[i] == PUCK_CAM_NO_VECTOR)
			return dev_err_probe(&cam->pdev->dev, -ENODEV,
					     "no interrupt source of kind %u\n", i);
	return 0;
}

/**
 * puck_cam_identify - see what the device is and what it has
 * @cam: the device, its registers mapped; its limits are filled in
 *
 * Return: 0, or -ENODEV if it is no puck-cam of a kind that the driver knows.
 */
int puck_cam_identify(struct puck_cam_device *cam)
{
	int ret = puck_cam_identify_version(cam);

	if (!ret)
		ret = puck_cam_identify_limits(cam);
	if (!ret)
		ret = puck_cam_identify_sources(cam);
	return ret;
}
