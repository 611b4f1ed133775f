/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An open DRM file.
 */
#ifndef PUCK_FILE_H
#define PUCK_FILE_H

#include <linux/mutex.h>
#include <linux/xarray.h>

struct drm_device;
struct drm_file;
struct puck_queue;
struct puck_render_context;
struct puck_vm;

/**
 * struct puck_file - an open DRM file
 * @queues: struct puck_queue by id, from 1 to DRM_PUCK_QUEUES_MAX; each with a reference.
 *          Its lock makes looking a queue up and taking a reference one step
 * @vms: struct puck_vm by id, from 1 on, each counted as used; its lock likewise
 * @render_lock: held while @render is made. Over all locks that queueing a job takes
 * @render: the context of 3D, or NULL; of render3d/
 */
struct puck_file {
	struct xarray queues;
	struct xarray vms;
	struct mutex render_lock;	/* render */
	struct puck_render_context *render;
};

int puck_file_open(struct drm_device *dev, struct drm_file *file);
void puck_file_close(struct drm_device *dev, struct drm_file *file);
int puck_file_add_queue(struct drm_file *file, struct puck_queue *queue, u32 *id);
struct puck_queue *puck_file_find_queue(struct drm_file *file, u32 id);
struct puck_queue *puck_file_take_queue(struct drm_file *file, u32 id);
int puck_file_add_vm(struct drm_file *file, struct puck_vm *vm, u32 *id);
struct puck_vm *puck_file_find_vm(struct drm_file *file, u32 id);
struct puck_vm *puck_file_take_vm(struct drm_file *file, u32 id);

#endif /* PUCK_FILE_H */
