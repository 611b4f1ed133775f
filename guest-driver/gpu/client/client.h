/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An in-kernel client, as the files of this folder know it.
 */
#ifndef PUCK_CLIENT_CLIENT_H
#define PUCK_CLIENT_CLIENT_H

#include "abi/puck_gpu.h"

struct puck_device;
struct puck_queue;

/**
 * struct puck_client - a kernel module that uses the engine
 * @puck: the device; a reference
 * @queue: one for each ring
 */
struct puck_client {
	struct puck_device *puck;
	struct puck_queue *queue[PUCK_GPU_RINGS_MAX];
};

#endif /* PUCK_CLIENT_CLIENT_H */
