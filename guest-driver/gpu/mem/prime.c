// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sharing BOs with other drivers through dma-buf.
 *
 * The PRIME helpers would map a BO for an importer without care for the longest segment that
 * one takes, and know no CPU access. So there is an own exporter here. A dma-buf has the
 * dma_resv of its BO: one lock is for the BO's place, the list of importers, and their
 * mappings.
 *
 * Importers see system memory. A BO that is elsewhere is brought there when one of them maps
 * it, by a move that leaves its KERNEL fence, and moves again when the device's own jobs want
 * it elsewhere: importers are told, and its pages stay theirs until they have unmapped them
 * (struct puck_hold). For an importer that does not want to be told the core pins it.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_prime.h>
#include <drm/ttm/ttm_placement.h>

#include "compat/gpu.h"
#include "core/device.h"
#include "mem/bo.h"
#include "mem/fault.h"
#include "mem/import.h"
#include "mem/place.h"
#include "mem/prime.h"
#include "mem/tt.h"

/**
 * struct puck_attachment - an importer
 * @dev: the device that it maps for
 * @mappings: struct puck_mapping.node, what it has mapped; under the BO's dma_resv lock,
 *            which the core holds whenever it maps or unmaps. An importer may map one
 *            attachment several times, in one direction or another
 */
struct puck_attachment {
	struct device *dev;
	struct list_head mappings;
};

/**
 * struct puck_mapping - one mapping of an attachment
 * @node: in puck_attachment.mappings; the list is all that changes
 * @hold: the pages
 * @sgt: what is mapped
 * @copy: what the importer got in its place, and by which it names the mapping:
 *        dma-buf's debugging spoils the pages in what it hands out
 * @dir: direction
 */
struct puck_mapping {
	struct list_head node;
	struct puck_hold *hold;
	struct sg_table *sgt;
	struct sg_table *copy;
	enum dma_data_direction dir;
};

static int puck_prime_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct puck_bo *bo = to_puck_bo(dmabuf->priv);
	struct puck_attachment *a;

	/* Importers see nothing else. */
	if (!puck_places_have_system(bo))
		return -EOPNOTSUPP;
	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	a->dev = attach->dev;
	INIT_LIST_HEAD(&a->mappings);
	/* Before the core puts @attach into dmabuf->attachments. */
	attach->priv = a;
	dma_resv_lock(dmabuf->resv, NULL);
	bo->exported = dmabuf;
	dma_resv_unlock(dmabuf->resv);
	return 0;
}

/* The core has taken @attach out of dmabuf->attachments already. */
static void puck_prime_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct puck_attachment *a = attach->priv;

	/* Mappings that the importer left behind stay: its device may be at work there. */
	WARN_ON_ONCE(!list_empty(&a->mappings));
	kfree(a);
}

static int puck_prime_pin(struct dma_buf_attachment *attach)
{
	return puck_gem_pin(attach->dmabuf->priv);
}

static void puck_prime_unpin(struct dma_buf_attachment *attach)
{
	puck_gem_unpin(attach->dmabuf->priv);
}

/* The last importer is gone. */
static void puck_prime_release(struct dma_buf *dmabuf)
{
	struct puck_bo *bo = to_puck_bo(dmabuf->priv);

	dma_resv_lock(dmabuf->resv, NULL);
	bo->exported = NULL;
	dma_resv_unlock(dmabuf->resv);
	drm_gem_dmabuf_release(dmabuf);
}

/* A table that says the same as @sgt. */
static struct sg_table *puck_prime_copy(struct sg_table *sgt)
{
	struct sg_table *copy = kzalloc(sizeof(*copy), GFP_KERNEL);
	struct scatterlist *from, *to;
	int i;

	if (!copy)
		return ERR_PTR(-ENOMEM);
	if (sg_alloc_table(copy, sgt->orig_nents, GFP_KERNEL)) {
		kfree(copy);
		return ERR_PTR(-ENOMEM);
	}
	to = copy->sgl;
	for_each_sgtable_sg(sgt, from, i) {
		sg_set_page(to, sg_page(from), from->length, from->offset);
		sg_dma_address(to) = sg_dma_address(from);
		sg_dma_len(to) = sg_dma_len(from);
		to = sg_next(to);
	}
	copy->nents = sgt->nents;
	return copy;
}

static void puck_prime_unmap_pages(struct puck_attachment *a, struct sg_table *sgt,
				   enum dma_data_direction dir)
{
	dma_unmap_sgtable(a->dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
	puck_tt_free_table(sgt);
}

static struct sg_table *puck_prime_map_pages(struct puck_bo *bo, struct puck_attachment *a,
					     enum dma_data_direction dir)
{
	struct sg_table *sgt = puck_tt_table(bo->ttm.ttm, a->dev);
	int ret;

	if (IS_ERR(sgt))
		return sgt;
	/*
	 * The pages are mapped for ourselves, too. With this attribute the DMA
	 * API knows that somebody sees to such overlaps: the sync below.
	 */
	ret = dma_map_sgtable(a->dev, sgt, dir, DMA_ATTR_SKIP_CPU_SYNC);
	if (ret) {
		puck_tt_free_table(sgt);
		return ERR_PTR(ret);
	}
	return sgt;
}

/* Bring the BO to where an importer can see it. That may be a move, whose fence it waits for. */
static int puck_prime_place(struct puck_bo *bo)
{
	struct ttm_operation_ctx ctx = { .interruptible = true, .gfp_retry_mayfail = true };
	struct puck_places places;

	if (bo->ttm.pin_count)
		return 0;
	puck_places_system(&places);
	return ttm_bo_validate(&bo->ttm, &places.list, &ctx);
}

/* Whether handing pages over is about what is in them, so that a move has to be over. */
static bool puck_prime_wants_data(struct puck_bo *bo, struct puck_attachment *a,
				  struct puck_mapping *m)
{
	struct puck_tt *tt = to_puck_tt(bo->ttm.ttm);
	struct device *dev = bo->ttm.base.dev->dev;
	bool wants;
	int idx;

	if (!tt->moved)
		return false;
	if (dma_need_sync(a->dev, sg_dma_address(m->sgt->sgl)))
		return true;
	if (!drm_dev_enter(bo->ttm.base.dev, &idx))
		return false;
	wants = tt->sgt && dma_need_sync(dev, sg_dma_address(tt->sgt->sgl));
	drm_dev_exit(idx);
	return wants;
}

static int puck_prime_hand_over(struct puck_bo *bo, struct puck_attachment *a,
				struct puck_mapping *m)
{
	int ret = 0;

	if (puck_prime_wants_data(bo, a, m))
		ret = puck_bo_take(bo, false);
	if (!ret)
		dma_sync_sgtable_for_device(a->dev, m->sgt, m->dir);
	return ret;
}

static struct sg_table *puck_prime_map_mapping(struct puck_bo *bo, struct puck_attachment *a,
					       struct puck_mapping *m)
{
	struct sg_table *sgt = puck_prime_map_pages(bo, a, m->dir);
	int ret;

	if (IS_ERR(sgt))
		return sgt;
	m->sgt = sgt;
	ret = puck_prime_hand_over(bo, a, m);
	if (ret)
		goto err_unmap;
	m->copy = puck_prime_copy(sgt);
	if (!IS_ERR(m->copy))
		return m->copy;
	ret = PTR_ERR(m->copy);
err_unmap:
	puck_prime_unmap_pages(a, sgt, m->dir);
	return ERR_PTR(ret);
}

static struct sg_table *puck_prime_map(struct dma_buf_attachment *attach,
				       enum dma_data_direction dir)
{
	struct puck_bo *bo = to_puck_bo(attach->dmabuf->priv);
	struct puck_attachment *a = attach->priv;
	struct puck_mapping *m;
	struct sg_table *ret;
	int err;

	dma_resv_assert_held(attach->dmabuf->resv);

	err = puck_prime_place(bo);
	if (err)
		return ERR_PTR(err);
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return ERR_PTR(-ENOMEM);
	m->dir = dir;
	m->hold = puck_tt_hold(to_puck_tt(bo->ttm.ttm));
	if (!m->hold) {
		ret = ERR_PTR(-ENOMEM);
		goto err_free;
	}
	ret = puck_prime_map_mapping(bo, a, m);
	if (IS_ERR(ret))
		goto err_put_hold;
	list_add_tail(&m->node, &a->mappings);
	return ret;

err_put_hold:
	puck_hold_put(m->hold);
err_free:
	kfree(m);
	return ret;
}

/* Take the mapping that an importer names off the list; NULL if there is none such. */
static struct puck_mapping *puck_prime_take(struct puck_attachment *a, struct sg_table *copy)
{
	struct puck_mapping *m;

	list_for_each_entry(m, &a->mappings, node) {
		if (m->copy == copy) {
			list_del(&m->node);
			return m;
		}
	}
	return NULL;
}

static void puck_prime_unmap(struct dma_buf_attachment *attach, struct sg_table *copy,
			     enum dma_data_direction dir)
{
	struct puck_attachment *a = attach->priv;
	struct puck_mapping *m;

	dma_resv_assert_held(attach->dmabuf->resv);

	m = puck_prime_take(a, copy);
	/* The importer's mistake: what it names is not, or no more, mapped. */
	if (WARN_ON_ONCE(!m))
		return;
	dma_sync_sgtable_for_cpu(a->dev, m->sgt, m->dir);
	puck_prime_unmap_pages(a, m->sgt, m->dir);
	puck_tt_free_table(m->copy);
	puck_hold_put(m->hold);
	kfree(m);
}

static void puck_prime_sync_mapping(struct puck_attachment *a, struct puck_mapping *m,
				    bool for_cpu)
{
	if (for_cpu)
		dma_sync_sgtable_for_cpu(a->dev, m->sgt, m->dir);
	else
		dma_sync_sgtable_for_device(a->dev, m->sgt, m->dir);
}

/* Those of pages that the BO has left are nobody's affair but the importer's. */
static void puck_prime_sync_mappings(struct ttm_buffer_object *tbo, struct puck_attachment *a,
				     bool for_cpu)
{
	struct puck_hold *hold = tbo->ttm ? to_puck_tt(tbo->ttm)->hold : NULL;
	struct puck_mapping *m;

	list_for_each_entry(m, &a->mappings, node)
		if (m->hold == hold)
			puck_prime_sync_mapping(a, m, for_cpu);
}

/* Hand the pages to the CPU, or back to each device that has them mapped. */
static void puck_prime_sync(struct dma_buf *dmabuf, bool for_cpu, bool write)
{
	struct puck_bo *bo = to_puck_bo(dmabuf->priv);
	struct dma_buf_attachment *attach;
	int idx;

	dma_resv_lock(dmabuf->resv, NULL);
	if (drm_dev_enter(bo->ttm.base.dev, &idx)) {
		puck_bo_sync(bo, for_cpu, write);
		drm_dev_exit(idx);
	}

	list_for_each_entry(attach, &dmabuf->attachments, node)
		puck_prime_sync_mappings(&bo->ttm, attach->priv, for_cpu);
	dma_resv_unlock(dmabuf->resv);
}

static bool puck_prime_writes(enum dma_data_direction dir)
{
	return dir == DMA_BIDIRECTIONAL || dir == DMA_TO_DEVICE;
}

static int puck_prime_begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	bool write = puck_prime_writes(dir);
	long ret;

	/* The core waits only after this, but what is synced has to be there. */
	ret = dma_resv_wait_timeout(dmabuf->resv, dma_resv_usage_rw(write), true,
				    MAX_SCHEDULE_TIMEOUT);
	if (ret < 0)
		return ret;
	puck_prime_sync(dmabuf, true, write);
	return 0;
}

static int puck_prime_end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	puck_prime_sync(dmabuf, false, puck_prime_writes(dir));
	return 0;
}

static const struct dma_buf_ops puck_prime_ops = {
	.attach = puck_prime_attach,
	.detach = puck_prime_detach,
	.pin = puck_prime_pin,
	.unpin = puck_prime_unpin,
	.map_dma_buf = puck_prime_map,
	.unmap_dma_buf = puck_prime_unmap,
	.release = puck_prime_release,
	.begin_cpu_access = puck_prime_begin_cpu_access,
	.end_cpu_access = puck_prime_end_cpu_access,
	.mmap = drm_gem_dmabuf_mmap,
	.vmap = drm_gem_dmabuf_vmap,
	.vunmap = drm_gem_dmabuf_vunmap,
};

/**
 * puck_prime_export - make a dma-buf of a BO
 * @obj: own memory, not an imported BO
 * @flags: DRM_CLOEXEC, DRM_RDWR
 *
 * Return: the dma-buf; ERR_PTR(-EPERM) if the BO is private to a VM or memory of a process;
 * another ERR_PTR().
 */
struct dma_buf *puck_prime_export(struct drm_gem_object *obj, int flags)
{
	struct dma_buf_export_info info = {
		.exp_name = "puck",
		.owner = obj->dev->driver->fops->owner,
		.ops = &puck_prime_ops,
		.size = obj->size,
		.flags = flags,
		.priv = obj,
		.resv = obj->resv,
	};

	/*
	 * Its dma_resv is that of all of the VM's memory, which is nobody else's affair; or its
	 * pages are a process', who would have to wait for whoever has got them.
	 */
	if (to_puck_bo(obj)->vm_resv || to_puck_bo(obj)->userptr)
		return ERR_PTR(-EPERM);
	return drm_gem_dmabuf_export(obj->dev, &info);
}

/**
 * puck_prime_mappings - count what importers have mapped of a BO
 * @bo: exported or not
 *
 * Context: with the BO's dma_resv lock held.
 * Return: mappings, also of pages that it has left.
 */
unsigned int puck_prime_mappings(struct puck_bo *bo)
{
	struct dma_buf_attachment *attach;
	struct puck_attachment *a;
	unsigned int count = 0;

	dma_resv_assert_held(bo->ttm.base.resv);

	if (!bo->exported)
		return 0;
	list_for_each_entry(attach, &bo->exported->attachments, node) {
		a = attach->priv;
		count += list_count_nodes(&a->mappings);
	}
	return count;
}

/**
 * puck_prime_moves - tell importers that a BO is about to leave its pages
 * @bo: exported or not
 *
 * They unmap them when their devices are done; nobody is waited for.
 *
 * Context: with the BO's dma_resv lock held.
 */
void puck_prime_moves(struct puck_bo *bo)
{
	dma_resv_assert_held(bo->ttm.base.resv);

	if (bo->exported)
		dma_buf_invalidate_mappings(bo->exported);
}

/**
 * puck_prime_import - make a BO of a dma-buf
 * @dev: the device
 * @dmabuf: from anybody
 *
 * Return: the GEM object, an existing one if it was exported here, or an
 * ERR_PTR().
 */
struct drm_gem_object *puck_prime_import(struct drm_device *dev, struct dma_buf *dmabuf)
{
	struct drm_gem_object *obj = dmabuf->priv;

	if (dmabuf->ops == &puck_prime_ops && obj->dev == dev) {
		drm_gem_object_get(obj);
		return obj;
	}
	return puck_import(to_puck_device(dev), dmabuf);
}
