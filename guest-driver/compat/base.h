/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What puck.ko and puck-cam.ko need alike in order to build on all kernels they support:
 * the newest kernel's way is written in the drivers, older ones are told here how to do it.
 */
#ifndef PUCK_COMPAT_BASE_H
#define PUCK_COMPAT_BASE_H

#include <linux/dma-fence.h>
#include <linux/module.h>

/* 64-bit numbers of fences: once a flag of the ops, now of each fence. */
#ifdef PUCK_HAVE_FENCE_OPS_64BIT
#define PUCK_FENCE_OPS_64BIT	.use_64bit_seqno = true,
#define puck_compat_fence_init64 dma_fence_init
#else
#define PUCK_FENCE_OPS_64BIT
#define puck_compat_fence_init64 dma_fence_init64
#endif

/* Once the default, now to be asked for. */
#ifdef PUCK_HAVE_WQ_PERCPU
#define PUCK_WQ_PERCPU		WQ_PERCPU
#else
#define PUCK_WQ_PERCPU		0
#endif

#ifdef PUCK_HAVE_IMPORT_NS_QUOTED
#define PUCK_IMPORT_NS_DMA_BUF	MODULE_IMPORT_NS("DMA_BUF")
#define PUCK_IMPORT_NS_KUNIT	MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING")
#else
#define PUCK_IMPORT_NS_DMA_BUF	MODULE_IMPORT_NS(DMA_BUF)
#define PUCK_IMPORT_NS_KUNIT	MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING)
#endif

#endif /* PUCK_COMPAT_BASE_H */
