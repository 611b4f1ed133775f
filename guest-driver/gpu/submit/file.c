// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open file has a queue of jobs on each ring.
 */
#include <linux/slab.h>

#include <drm/drm_file.h>

#include "core/device.h"
#include "submit/file.h"

/**
 * puck_file_open - make the queues of an open file
 * @dev: the device
 * @file: just opened
 *
 * Return: 0 or a negative errno.
 */
int puck_file_open(struct drm_device *dev, struct drm_file *file)
{
	struct puck_device *puck = to_puck_device(dev);
	struct puck_file *pfile = kzalloc(sizeof(*pfile), GFP_KERNEL);
	int ret = 0;
	u32 i;

	if (!pfile)
		return -ENOMEM;
	for (i = 0; i < puck->num_rings; i++) {
		ret = puck_entity_init(&pfile->entity[i], puck->ring[i]);
		if (ret)
			break;
	}
	if (ret) {
		while (i--)
			puck_entity_fini(&pfile->entity[i]);
		kfree(pfile);
		return ret;
	}
	file->driver_priv = pfile;
	return 0;
}

/**
 * puck_file_close - end the queues of an open file
 * @dev: the device
 * @file: nobody submits through it any more
 */
void puck_file_close(struct drm_device *dev, struct drm_file *file)
{
	struct puck_device *puck = to_puck_device(dev);
	struct puck_file *pfile = file->driver_priv;
	u32 i;

	for (i = 0; i < puck->num_rings; i++)
		puck_entity_fini(&pfile->entity[i]);
	kfree(pfile);
}
