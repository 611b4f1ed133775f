/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What puck-cam.ko needs in order to build on all kernels it supports: the newest kernel's
 * way is written in the driver, older ones are told here how to do it.
 */
#ifndef PUCK_COMPAT_CAMERA_H
#define PUCK_COMPAT_CAMERA_H

#include <media/videobuf2-v4l2.h>

#include "compat/base.h"

/* Newer kernels let go of the queue's lock themselves while somebody waits for a buffer. */
#ifdef PUCK_HAVE_VB2_WAIT_PREPARE
#define PUCK_VB2_WAIT_OPS	.wait_prepare = vb2_ops_wait_prepare,	\
				.wait_finish = vb2_ops_wait_finish,
#else
#define PUCK_VB2_WAIT_OPS
#endif

#endif /* PUCK_COMPAT_CAMERA_H */
