/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A job on its way through the submit ioctl.
 */
#ifndef PUCK_SUBMIT_H
#define PUCK_SUBMIT_H

#include "mem/userptr.h"
#include "submit/sync.h"

struct drm_file;
struct drm_puck_bo_ref;
struct drm_puck_cmd;
struct drm_puck_submit;
struct drm_puck_sync;
struct puck_device;
struct puck_job;
struct puck_queue;
struct puck_vm;

/**
 * struct puck_submit - a job on its way through the submit ioctl
 * @puck: the device
 * @args: the ioctl's argument
 * @file: the caller
 * @refs: its BO list, a copy
 * @cmds: its commands, a copy
 * @syncs: its syncobjs, a copy
 * @queue: where it goes; a reference
 * @vm: the queue's, if a command names memory by address; else NULL
 * @out: what will have its fence
 * @stale: memory of processes that has to be looked up before it is tried again
 * @job: what becomes of it
 */
struct puck_submit {
	struct puck_device *puck;
	struct drm_puck_submit *args;
	struct drm_file *file;
	struct drm_puck_bo_ref *refs;
	struct drm_puck_cmd *cmds;
	struct drm_puck_sync *syncs;
	struct puck_queue *queue;
	struct puck_vm *vm;
	struct puck_out_fences out;
	struct puck_userptrs stale;
	struct puck_job *job;
};

#endif /* PUCK_SUBMIT_H */
