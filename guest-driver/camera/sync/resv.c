// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fences of those who share a buffer: which of them the camera has to wait for before
 * it writes, and the camera's own, which they wait for.
 *
 * A buffer has up to two planes; each was imported, or was exported once for each way in
 * which such a file can be opened. Two planes may be of one dma-buf.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>

#include "sync/resv.h"

static void puck_cam_resvs_add(struct puck_cam_resvs *resvs, struct dma_buf *dbuf)
{
	u32 i;

	if (!dbuf)
		return;
	for (i = 0; i < resvs->count; i++)
		if (resvs->resv[i] == dbuf->resv)
			return;
	resvs->resv[resvs->count++] = dbuf->resv;
}

/**
 * puck_cam_resvs_collect - find the reservation objects of a buffer
 * @resvs: filled in
 * @buf: the buffer; it stays, and nobody exports it meanwhile
 */
void puck_cam_resvs_collect(struct puck_cam_resvs *resvs, struct puck_cam_buffer *buf)
{
	struct puck_cam_vb2_buffer *vbuf = puck_cam_buffer_to_vb2(buf);
	struct vb2_buffer *vb = &vbuf->vb.vb2_buf;
	u32 i, mode;

	resvs->count = 0;
	for (i = 0; i < buf->parts; i++) {
		if (vb->memory == VB2_MEMORY_DMABUF)
			puck_cam_resvs_add(resvs, vb->planes[i].dbuf);
		for (mode = 0; mode < PUCK_CAM_ACCESS_MODES; mode++)
			puck_cam_resvs_add(resvs, vbuf->exported[i][mode]);
	}
}

/* Lock all but @locked, which is already; returns the one that has to be the first, or NULL. */
static struct dma_resv *puck_cam_resvs_try(struct puck_cam_resvs *resvs,
					   struct dma_resv *locked)
{
	u32 i, done;

	for (i = 0; i < resvs->count; i++) {
		if (resvs->resv[i] == locked || !dma_resv_lock(resvs->resv[i], &resvs->ctx))
			continue;
		/* -EDEADLK: somebody older has it. Nothing may be held while he is waited for. */
		for (done = 0; done < i; done++)
			if (resvs->resv[done] != locked)
				dma_resv_unlock(resvs->resv[done]);
		if (locked)
			dma_resv_unlock(locked);
		return resvs->resv[i];
	}
	return NULL;
}

/**
 * puck_cam_resvs_lock - lock all reservation objects of a buffer
 * @resvs: of the buffer
 *
 * Context: may sleep.
 */
void puck_cam_resvs_lock(struct puck_cam_resvs *resvs)
{
	struct dma_resv *contended = NULL;

	ww_acquire_init(&resvs->ctx, &reservation_ww_class);
	do {
		if (contended)
			dma_resv_lock_slow(contended, &resvs->ctx);
		contended = puck_cam_resvs_try(resvs, contended);
	} while (contended);
	ww_acquire_done(&resvs->ctx);
}

/**
 * puck_cam_resvs_unlock - undo puck_cam_resvs_lock()
 * @resvs: of the buffer
 */
void puck_cam_resvs_unlock(struct puck_cam_resvs *resvs)
{
	u32 i;

	for (i = 0; i < resvs->count; i++)
		dma_resv_unlock(resvs->resv[i]);
	ww_acquire_fini(&resvs->ctx);
}

/**
 * puck_cam_resvs_blocker - find what has to be waited for before the buffer is written
 * @resvs: of the buffer, locked
 *
 * Return: a reference to a fence of a reader or writer that was not signalled, or NULL.
 */
struct dma_fence *puck_cam_resvs_blocker(struct puck_cam_resvs *resvs)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	u32 i;

	for (i = 0; i < resvs->count; i++) {
		/* Who writes waits for all: this is every usage but BOOKKEEP. */
		dma_resv_for_each_fence(&cursor, resvs->resv[i], dma_resv_usage_rw(true), fence)
			if (!dma_fence_is_signaled(fence))
				return dma_fence_get(fence);
	}
	return NULL;
}

/**
 * puck_cam_resvs_reserve - make room for a fence, so that publishing it cannot fail
 * @resvs: of the buffer, locked
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int puck_cam_resvs_reserve(struct puck_cam_resvs *resvs)
{
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < resvs->count; i++)
		ret = dma_resv_reserve_fences(resvs->resv[i], 1);
	return ret;
}

/**
 * puck_cam_resvs_publish - have others wait until the camera has written
 * @resvs: of the buffer, locked, with room
 * @fence: ends in any case, without anybody's help
 */
void puck_cam_resvs_publish(struct puck_cam_resvs *resvs, struct dma_fence *fence)
{
	u32 i;

	for (i = 0; i < resvs->count; i++)
		dma_resv_add_fence(resvs->resv[i], fence, DMA_RESV_USAGE_WRITE);
}
