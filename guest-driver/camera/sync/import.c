// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of other drivers' that the camera writes.
 *
 * vb2 maps it when a buffer is queued with it, and keeps it mapped until the buffer gets other
 * memory or goes; nobody can move it meanwhile. So an exporter that moves what it has exported is
 * asked to pin it: where the camera reaches it by DMA from device to device that may be in the
 * exporter's own memory, and the table has no pages then, only addresses.
 *
 * An exporter may take it away all the same: the dma-buf is revoked, its device goes, or is reset.
 * Then it tells, with the lock of the dma-buf's dma_resv held, and waits for fences of those who
 * are at work there. The camera has none of its own by then, as a rule (docs/v4l2-fences.rst): it
 * leaves one now if the device has the buffer. From then on that ends in time, whatever user space
 * does. The device does not get the buffer again before the memory was mapped anew.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>

#include "compat/dmabuf.h"
#include "core/trace.h"
#include "queue/fence.h"
#include "queue/queue.h"
#include "sync/import.h"

/* What trace points, and debugfs of puck.ko, call the dma-buf. */
static unsigned long puck_cam_import_number(struct puck_cam_import *import)
{
	return file_inode(import->dmabuf->file)->i_ino;
}

/* Have the exporter wait for what the device does there just now. */
static void puck_cam_import_leave_fence(struct puck_cam_import *import)
{
	struct dma_resv *resv = import->dmabuf->resv;
	struct dma_fence *fence;

	fence = puck_cam_queue_claim(import->queue, import->buf, import->fence);
	if (!fence)
		return;
	/* It ends in time, and nothing here is needed for that. */
	if (dma_resv_reserve_fences(resv, 1))
		dma_fence_wait(fence, false);
	else
		dma_resv_add_fence(resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	dma_fence_put(fence);
}

static void puck_cam_import_moved(struct dma_buf_attachment *attach)
{
	struct puck_cam_import *import = attach->importer_priv;

	dma_resv_assert_held(attach->dmabuf->resv);

	if (!import->sgt || import->stale)
		return;
	trace_puck_share_moved(import->dev, puck_cam_import_number(import));
	WRITE_ONCE(import->stale, true);
	puck_cam_import_leave_fence(import);
}

/* Of a table nothing is used but DMA addresses and lengths, so it needs no pages. */
static const struct dma_buf_attach_ops puck_cam_import_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = puck_cam_import_moved,
};

static int puck_cam_import_locked(struct puck_cam_import *import, bool moves)
{
	struct sg_table *sgt;
	int ret;

	ret = moves ? dma_buf_pin(import->attach) : 0;
	if (ret)
		return ret;
	sgt = dma_buf_map_attachment(import->attach, import->dir);
	if (IS_ERR(sgt)) {
		if (moves)
			dma_buf_unpin(import->attach);
		return PTR_ERR(sgt);
	}
	import->pinned = moves;
	import->stale = false;
	import->sgt = sgt;
	return 0;
}

/* Map it, and wait until nobody else moves it about. */
static int puck_cam_import_show(struct puck_cam_import *import, bool moves)
{
	struct dma_resv *resv = import->dmabuf->resv;
	long left;
	int ret;

	ret = dma_resv_lock_interruptible(resv, NULL);
	if (ret)
		return ret;
	ret = puck_cam_import_locked(import, moves);
	dma_resv_unlock(resv);
	if (ret)
		return ret;
	left = dma_resv_wait_timeout(resv, DMA_RESV_USAGE_KERNEL, true, MAX_SCHEDULE_TIMEOUT);
	return left < 0 ? left : 0;
}

static int puck_cam_import_try(struct puck_cam_import *import)
{
	bool moves = dma_buf_is_dynamic(import->dmabuf);
	struct dma_buf_attachment *attach;

	if (import->dmabuf->size < import->size)
		return -EFAULT;
	if (moves) {
		import->fence = puck_cam_fence_create(dma_fence_context_alloc(1), 1);
		if (!import->fence)
			return -ENOMEM;
	}
	/* It may be told of a move at once. */
	attach = dma_buf_dynamic_attach(import->dmabuf, import->dev,
					moves ? &puck_cam_import_ops : NULL, import);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	import->attach = attach;
	trace_puck_share_import(import->dev, puck_cam_import_number(import));
	return puck_cam_import_show(import, moves);
}

/**
 * puck_cam_import_map - have the device see the memory
 * @import: the memory, not mapped, with all that user space says of it
 *
 * What comes of it is in @import->error: zero, -EFAULT if it is too short, -ENOMEM, -EINTR,
 * -ERESTARTSYS, or what the exporter says. Either way puck_cam_import_unmap() has to come.
 *
 * Context: may sleep; waits for moves. No dma_resv lock is held.
 */
void puck_cam_import_map(struct puck_cam_import *import)
{
	import->error = puck_cam_import_try(import);
}

static void puck_cam_import_hide(struct puck_cam_import *import)
{
	dma_resv_lock(import->dmabuf->resv, NULL);
	if (import->sgt)
		dma_buf_unmap_attachment(import->attach, import->sgt, import->dir);
	import->sgt = NULL;
	import->stale = false;
	if (import->pinned)
		dma_buf_unpin(import->attach);
	import->pinned = false;
	dma_resv_unlock(import->dmabuf->resv);
}

/**
 * puck_cam_import_unmap - undo puck_cam_import_map()
 * @import: the memory; the device does not have the buffer
 *
 * Context: may sleep; no dma_resv lock is held.
 */
void puck_cam_import_unmap(struct puck_cam_import *import)
{
	if (import->attach) {
		puck_cam_import_hide(import);
		dma_buf_detach(import->dmabuf, import->attach);
		import->attach = NULL;
	}
	dma_fence_put(import->fence);
	import->fence = NULL;
}
