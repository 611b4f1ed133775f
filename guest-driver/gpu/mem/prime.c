// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sharing BOs with other drivers through dma-buf.
 *
 * The PRIME helpers would map a BO for an importer without care for the
 * longest segment that one takes, and know no CPU access. So there is an own
 * exporter here. A BO stays in system memory, pinned, as long as somebody is attached, so
 * importers need no move_notify. A dma-buf has the dma_resv of its BO: one lock is
 * for the BO's own mapping, the list of importers, and their mappings.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_prime.h>
#include <drm/ttm/ttm_placement.h>

#include "core/device.h"
#include "mem/bo.h"
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
 * @sgt: what is mapped
 * @copy: what the importer got in its place, and by which it names the mapping:
 *        dma-buf's debugging spoils the pages in what it hands out
 * @dir: direction
 */
struct puck_mapping {
	struct list_head node;
	struct sg_table *sgt;
	struct sg_table *copy;
	enum dma_data_direction dir;
};

static int puck_prime_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct puck_attachment *a = kzalloc(sizeof(*a), GFP_KERNEL);
	int ret;

	if (!a)
		return -ENOMEM;
	/* Brings the BO into system memory, and pins it there. */
	ret = drm_gem_map_attach(dmabuf, attach);
	if (ret) {
		kfree(a);
		return ret;
	}
	a->dev = attach->dev;
	INIT_LIST_HEAD(&a->mappings);
	/* Before the core puts @attach into dmabuf->attachments. */
	attach->priv = a;
	return 0;
}

/* The core has taken @attach out of dmabuf->attachments already. */
static void puck_prime_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct puck_attachment *a = attach->priv;

	/* Mappings that the importer left behind stay: its device may be at work there. */
	WARN_ON_ONCE(!list_empty(&a->mappings));
	drm_gem_map_detach(dmabuf, attach);
	kfree(a);
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

static struct sg_table *puck_prime_map(struct dma_buf_attachment *attach,
				       enum dma_data_direction dir)
{
	struct puck_bo *bo = to_puck_bo(attach->dmabuf->priv);
	struct puck_mapping *m = kzalloc(sizeof(*m), GFP_KERNEL);
	struct puck_attachment *a = attach->priv;
	struct sg_table *ret;

	dma_resv_assert_held(attach->dmabuf->resv);

	if (!m)
		return ERR_PTR(-ENOMEM);
	m->dir = dir;
	ret = puck_prime_map_pages(bo, a, dir);
	if (IS_ERR(ret))
		goto err_free;
	m->sgt = ret;
	ret = puck_prime_copy(m->sgt);
	if (IS_ERR(ret))
		goto err_unmap;
	m->copy = ret;
	dma_sync_sgtable_for_device(a->dev, m->sgt, dir);
	list_add_tail(&m->node, &a->mappings);
	return ret;

err_unmap:
	puck_prime_unmap_pages(a, m->sgt, dir);
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

/* Hand the pages to the CPU, or back to each device that has them mapped. */
static void puck_prime_sync(struct dma_buf *dmabuf, bool for_cpu)
{
	struct ttm_buffer_object *tbo = &to_puck_bo(dmabuf->priv)->ttm;
	struct dma_buf_attachment *attach;
	struct puck_attachment *a;
	struct puck_mapping *m;
	int idx;

	dma_resv_lock(dmabuf->resv, NULL);
	if (drm_dev_enter(tbo->base.dev, &idx)) {
		if (tbo->resource && tbo->resource->mem_type == TTM_PL_TT)
			puck_tt_sync(to_puck_tt(tbo->ttm), for_cpu);
		drm_dev_exit(idx);
	}

	list_for_each_entry(attach, &dmabuf->attachments, node) {
		a = attach->priv;
		list_for_each_entry(m, &a->mappings, node)
			puck_prime_sync_mapping(a, m, for_cpu);
	}
	dma_resv_unlock(dmabuf->resv);
}

static int puck_prime_begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	bool write = dir == DMA_BIDIRECTIONAL || dir == DMA_TO_DEVICE;
	long ret;

	/* The core waits only after this, but what is synced has to be there. */
	ret = dma_resv_wait_timeout(dmabuf->resv, dma_resv_usage_rw(write), true,
				    MAX_SCHEDULE_TIMEOUT);
	if (ret < 0)
		return ret;
	puck_prime_sync(dmabuf, true);
	return 0;
}

static int puck_prime_end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	puck_prime_sync(dmabuf, false);
	return 0;
}

static const struct dma_buf_ops puck_prime_ops = {
	.attach = puck_prime_attach,
	.detach = puck_prime_detach,
	.map_dma_buf = puck_prime_map,
	.unmap_dma_buf = puck_prime_unmap,
	.release = drm_gem_dmabuf_release,
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
 * Return: the dma-buf; ERR_PTR(-EPERM) if the BO is private to a VM; another ERR_PTR().
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

	/* Its dma_resv is that of all of the VM's memory, which is nobody else's affair. */
	if (to_puck_bo(obj)->vm_resv)
		return ERR_PTR(-EPERM);
	return drm_gem_dmabuf_export(obj->dev, &info);
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
	/* Maps it bidirectionally, then calls puck_gem_import_table(). */
	return drm_gem_prime_import(dev, dmabuf);
}
