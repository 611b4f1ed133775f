// SPDX-License-Identifier: GPL-2.0-only
/*
 * BOs whose memory is another driver's. It is mapped for the device when a job first wants it,
 * and again after it has moved. The exporter tells of a move beforehand, and waits for nobody:
 * jobs that were submitted go on with the old mapping, for whose memory the exporter keeps
 * until their fences, which are in the dma_resv that both share, are signalled. Then the old
 * mapping goes (puck_import_retire()). Jobs to come wait for the move by its KERNEL fence, on
 * their ring.
 *
 * An exporter that knows no moves, or a kernel without them (DMABUF_MOVE_NOTIFY), keeps its
 * memory where it is.
 *
 * All of this is under the dma_resv lock of the dma-buf, which is that of the BO.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>

#include "compat/gpu.h"
#include "core/device.h"
#include "core/trace.h"
#include "mem/bo.h"
#include "mem/import.h"
#include "mem/mem.h"
#include "mem/tt.h"

/**
 * struct puck_import_map - a mapping that the exporter has moved away from
 * @node: in puck_bo.retired
 * @sgt: the mapping
 */
struct puck_import_map {
	struct list_head node;
	struct sg_table *sgt;
};

static void puck_import_unmap_one(struct puck_bo *bo, struct puck_import_map *map)
{
	list_del(&map->node);
	dma_buf_unmap_attachment(bo->attach, map->sgt, DMA_BIDIRECTIONAL);
	kfree(map);
}

/* The device does not see the memory any more, as far as jobs to come are concerned. */
static void puck_import_drop(struct puck_bo *bo)
{
	struct puck_import_map *map = bo->mapped;

	if (!map)
		return;
	bo->mapped = NULL;
	bo->ttm.sg = NULL;
	if (bo->ttm.ttm)
		to_puck_tt(bo->ttm.ttm)->sgt = NULL;
	list_add_tail(&map->node, &bo->retired);
}

/* Behind this nobody maps the memory any more. Returns what is to be detached, or NULL. */
static struct dma_buf_attachment *puck_import_take_attachment(struct puck_bo *bo)
{
	struct dma_buf_attachment *attach = bo->attach;
	struct puck_import_map *map, *next;

	dma_resv_assert_held(bo->ttm.base.resv);

	if (!attach)
		return NULL;
	puck_import_drop(bo);
	list_for_each_entry_safe(map, next, &bo->retired, node)
		puck_import_unmap_one(bo, map);
	while (bo->held) {
		dma_buf_unpin(attach);
		bo->held--;
	}
	bo->attach = NULL;
	return attach;
}

/**
 * puck_import_detach - take an imported BO away from the device, for good
 * @bo: a BO, imported or not; the device must be done with it
 *
 * Of some exporters the core keeps what they have mapped for a device until that is detached
 * (dma_buf_ops.cache_sgt_mapping). So this comes before the bond of driver and device ends, even
 * if the BO stays. Until it returns the exporter may tell of a move: nothing is mapped by then.
 *
 * Context: may sleep. Inside drm_dev_enter(), or after drm_dev_unplug() with late_lock held. Takes
 * the dma_resv lock, as the exporter may.
 */
void puck_import_detach(struct puck_bo *bo)
{
	struct dma_buf_attachment *attach;

	if (!bo->dmabuf)
		return;
	dma_resv_lock(bo->ttm.base.resv, NULL);
	attach = puck_import_take_attachment(bo);
	dma_resv_unlock(bo->ttm.base.resv);
	if (attach)
		dma_buf_detach(bo->dmabuf, attach);
}

/*
 * Wait for all that is in the dma_resv now. @last tells what was retired by now. Returns false
 * if nothing was.
 */
static bool puck_import_wait_for_jobs(struct puck_bo *bo, struct list_head **last)
{
	struct dma_resv *resv = bo->ttm.base.resv;
	struct dma_fence *fence = NULL;
	int ret = 0;

	dma_resv_lock(resv, NULL);
	*last = bo->retired.prev;
	if (list_empty(&bo->retired)) {
		dma_resv_unlock(resv);
		return false;
	}
	ret = dma_resv_get_singleton(resv, DMA_RESV_USAGE_BOOKKEEP, &fence);
	dma_resv_unlock(resv);
	if (ret)
		dma_resv_wait_timeout(resv, DMA_RESV_USAGE_BOOKKEEP, false, MAX_SCHEDULE_TIMEOUT);
	else if (fence)
		dma_fence_wait(fence, false);
	dma_fence_put(fence);
	return true;
}

/* Others only add to the end of the list; or, once the device is gone, empty it. */
static void puck_import_unmap_until(struct puck_bo *bo, struct list_head *last)
{
	struct puck_import_map *map, *next;
	bool done;

	dma_resv_lock(bo->ttm.base.resv, NULL);
	list_for_each_entry_safe(map, next, &bo->retired, node) {
		done = &map->node == last;
		puck_import_unmap_one(bo, map);
		if (done)
			break;
	}
	dma_resv_unlock(bo->ttm.base.resv);
}

/* Unmap what jobs that were there before a move do not need any more. */
static void puck_import_retire(struct work_struct *work)
{
	struct puck_bo *bo = container_of(work, struct puck_bo, retire);
	struct list_head *last;

	while (puck_import_wait_for_jobs(bo, &last))
		puck_import_unmap_until(bo, last);
}

/* What trace points, and debugfs of an exporter of ours, call the dma-buf. */
static unsigned long puck_import_number(struct puck_bo *bo)
{
	return file_inode(bo->dmabuf->file)->i_ino;
}

/* The exporter is about to move the memory. Nothing here may be waited for. */
static void puck_import_moved(struct dma_buf_attachment *attach)
{
	struct puck_bo *bo = to_puck_bo(attach->importer_priv);

	dma_resv_assert_held(attach->dmabuf->resv);

	if (!bo->mapped)
		return;
	trace_puck_share_moved(bo->ttm.base.dev->dev, puck_import_number(bo));
	puck_import_drop(bo);
	/* VMs map it again before their next job by address. */
	drm_gpuvm_bo_gem_evict(&bo->ttm.base, true);
	queue_work(bo->ttm.bdev->wq, &bo->retire);
}

/* Of a table nothing is used but DMA addresses and lengths, so it needs no pages. */
static const struct dma_buf_attach_ops puck_import_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = puck_import_moved,
};

/**
 * puck_import_validate - have the device see the memory where it is now
 * @bo: imported
 *
 * Context: inside drm_dev_enter(), with the BO's dma_resv lock held. The exporter may bring
 * the memory to where it can be mapped, and leave a KERNEL fence.
 * Return: 0; -ENODEV if the device is gone; -ENOMEM, and what the exporter says.
 */
int puck_import_validate(struct puck_bo *bo)
{
	struct puck_import_map *map;
	struct sg_table *sgt;

	dma_resv_assert_held(bo->ttm.base.resv);

	if (bo->mapped)
		return 0;
	/* On its way in, or out. */
	if (!bo->attach || !bo->ttm.ttm)
		return -ENODEV;
	map = kzalloc(sizeof(*map), GFP_KERNEL);
	if (!map)
		return -ENOMEM;
	sgt = dma_buf_map_attachment(bo->attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt)) {
		kfree(map);
		return PTR_ERR(sgt);
	}
	map->sgt = sgt;
	bo->mapped = map;
	bo->ttm.sg = sgt;
	to_puck_tt(bo->ttm.ttm)->sgt = sgt;
	return 0;
}

/**
 * puck_import_hold - have the device see the memory, and the exporter not move it
 * @bo: imported
 *
 * For who looks at it for longer than any fence says.
 *
 * Context: as puck_import_validate().
 * Return: as puck_import_validate().
 */
int puck_import_hold(struct puck_bo *bo)
{
	bool moves = bo->attach && dma_buf_is_dynamic(bo->dmabuf);
	int ret;

	/* First: it may be brought to another place for that. */
	ret = moves ? dma_buf_pin(bo->attach) : 0;
	if (ret)
		return ret;
	ret = puck_import_validate(bo);
	if (ret && moves)
		dma_buf_unpin(bo->attach);
	else if (moves)
		bo->held++;
	return ret;
}

/**
 * puck_import_let - undo puck_import_hold()
 * @bo: imported
 *
 * Context: with the BO's dma_resv lock held; the device may have gone.
 */
void puck_import_let(struct puck_bo *bo)
{
	dma_resv_assert_held(bo->ttm.base.resv);

	/* puck_import_detach() has let go already, or the exporter knows no moves. */
	if (!bo->held)
		return;
	bo->held--;
	dma_buf_unpin(bo->attach);
}

static int puck_import_first(struct puck_bo *bo)
{
	int ret;

	ret = dma_resv_lock_interruptible(bo->ttm.base.resv, NULL);
	if (ret)
		return ret;
	ret = puck_import_validate(bo);
	dma_resv_unlock(bo->ttm.base.resv);
	return ret;
}

static int puck_import_attach(struct puck_bo *bo)
{
	/* Of what never moves older kernels keep the first mapping until the end. */
	const struct dma_buf_attach_ops *ops = dma_buf_is_dynamic(bo->dmabuf) ?
					       &puck_import_ops : NULL;
	struct drm_gem_object *obj = &bo->ttm.base;
	struct dma_buf_attachment *attach;

	/* A move may be told of at once: the BO is all there. */
	attach = dma_buf_dynamic_attach(bo->dmabuf, obj->dev->dev, ops, obj);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	dma_resv_lock(obj->resv, NULL);
	bo->attach = attach;
	dma_resv_unlock(obj->resv);
	/*
	 * DRM looks there for the dma-buf alone, at any time and under no lock: so that is
	 * nothing that is detached before the BO goes.
	 */
	bo->prime.dmabuf = bo->dmabuf;
	obj->import_attach = &bo->prime;
	atomic64_add(obj->size, &ttm_to_puck_mem(bo->ttm.bdev)->imported);
	trace_puck_share_import(obj->dev->dev, puck_import_number(bo));
	return 0;
}

/**
 * puck_import - make a BO of a dma-buf of somebody else's
 * @puck: the device
 * @dmabuf: from anybody but the device
 *
 * Return: the GEM object or an ERR_PTR().
 */
struct drm_gem_object *puck_import(struct puck_device *puck, struct dma_buf *dmabuf)
{
	struct puck_bo *bo;
	int idx, ret;

	/* The mapping has to go in remove, so it must not be made after that. */
	if (!drm_dev_enter(&puck->drm, &idx))
		return ERR_PTR(-ENODEV);
	bo = puck_gem_make_import(puck, dmabuf);
	ret = PTR_ERR_OR_ZERO(bo);
	if (ret)
		goto exit;
	INIT_WORK(&bo->retire, puck_import_retire);
	ret = puck_import_attach(bo);
	if (!ret)
		ret = puck_import_first(bo);
	if (ret)
		drm_gem_object_put(&bo->ttm.base);
	else
		puck_gem_link(puck, bo);
exit:
	drm_dev_exit(idx);
	return ret ? ERR_PTR(ret) : &bo->ttm.base;
}

/**
 * puck_import_end - have nothing look at a BO any more
 * @bo: detached, its last reference is gone
 *
 * Context: may sleep, until what was there when the exporter moved it is signalled.
 */
void puck_import_end(struct puck_bo *bo)
{
	struct drm_gem_object *obj = &bo->ttm.base;

	/* None of that began for one that could not be attached. */
	if (!obj->import_attach)
		return;
	cancel_work_sync(&bo->retire);
	atomic64_sub(obj->size, &ttm_to_puck_mem(bo->ttm.bdev)->imported);
}
