/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What those need who share memory in order to build on all kernels: the newest kernel's way is
 * written in the drivers, older ones are told here how to do it.
 */
#ifndef PUCK_COMPAT_DMABUF_H
#define PUCK_COMPAT_DMABUF_H

#include <linux/dma-buf.h>

/*
 * A dma-buf moves: what its importers are told, and by which member; and whether it does so, or is
 * pinned for whoever has it mapped.
 */
#ifdef PUCK_HAVE_DMABUF_INVALIDATE
#define PUCK_DMABUF_MOVES		true
#else
#define PUCK_DMABUF_MOVES		IS_ENABLED(CONFIG_DMABUF_MOVE_NOTIFY)
#define invalidate_mappings		move_notify
#define dma_buf_invalidate_mappings	dma_buf_move_notify
#endif

#endif /* PUCK_COMPAT_DMABUF_H */
