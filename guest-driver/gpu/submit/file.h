/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An open DRM file.
 */
#ifndef PUCK_FILE_H
#define PUCK_FILE_H

#include "abi/puck_gpu.h"
#include "sched/entity.h"

struct drm_device;
struct drm_file;

/**
 * struct puck_file - an open DRM file
 * @entity: one for each ring
 */
struct puck_file {
	struct puck_entity entity[PUCK_GPU_RINGS_MAX];
};

int puck_file_open(struct drm_device *dev, struct drm_file *file);
void puck_file_close(struct drm_device *dev, struct drm_file *file);

#endif /* PUCK_FILE_H */
