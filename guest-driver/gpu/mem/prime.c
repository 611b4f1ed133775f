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
 * (struct puck_hold). For an importer that does not want to be told the core pins it, and one that
 * cannot have it moved does so itself.
 *
 * An importer whose device reaches VRAM, and that does without pages, is a peer: it sees a BO
 * where it is, also in that part of VRAM which BAR 2 shows (peer.c). The blocks stay its own as
 * pages do (puck_vram_hold()). VRAM has to be left alone while others reset the device, though: so
 * peers are silent then (puck_prime_silence_peers()). A BO that is pinned while there are no other
 * importers than peers may be pinned in VRAM.
 *
 * A dma-buf may be revoked: importers are told, and map it no more (revoke.c).
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_prime.h>
#include <drm/ttm/ttm_placement.h>

#include "compat/gpu.h"
#include "core/awake.h"
#include "core/device.h"
#include "core/trace.h"
#include "mem/bo.h"
#include "mem/fault.h"
#include "mem/import.h"
#include "mem/mem.h"
#include "mem/peer.h"
#include "mem/place.h"
#include "mem/prime.h"
#include "mem/tt.h"

/* How long jobs of peers may take that are in the way of a reset. */
#define PUCK_PRIME_PATIENCE	(15 * HZ)

/**
 * struct puck_attachment - an importer
 * @dev: the device that it maps for
 * @mappings: struct puck_mapping.node, what it has mapped; under the BO's dma_resv lock,
 *            which the core holds whenever it maps or unmaps. An importer may map one
 *            attachment several times, in one direction or another
 * @peer: it may see VRAM
 */
struct puck_attachment {
	struct device *dev;
	struct list_head mappings;
	bool peer;
};

/**
 * struct puck_mapping - one mapping of an attachment
 * @node: in puck_attachment.mappings
 * @hold: the pages, or NULL
 * @vram: or the blocks of VRAM. Either stays what it is until the importer unmaps
 * @puck: of @vram the device, which stays awake as long as @sgt is mapped
 * @sgt: what is mapped; NULL after it was taken away from the importer
 * @copy: what the importer got in its place, and by which it names the mapping:
 *        dma-buf's debugging spoils the pages in what it hands out
 * @dir: direction
 */
struct puck_mapping {
	struct list_head node;
	struct puck_hold *hold;
	struct puck_vram_res *vram;
	struct puck_device *puck;
	struct sg_table *sgt;
	struct sg_table *copy;
	enum dma_data_direction dir;
};

static bool puck_prime_is_peer(struct puck_bo *bo, struct dma_buf_attachment *attach)
{
	struct drm_device *drm = bo->ttm.base.dev;
	bool peer;
	int idx;

	if (!attach->peer2peer || !puck_places_have_visible(bo) || !drm_dev_enter(drm, &idx))
		return false;
	peer = puck_peer_reaches(to_puck_device(drm), attach->dev);
	drm_dev_exit(idx);
	return peer;
}

static int puck_prime_attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct puck_bo *bo = to_puck_bo(dmabuf->priv);
	struct puck_attachment *a;
	bool revoked;
	int ret;

	attach->peer2peer = puck_prime_is_peer(bo, attach);
	/* Others see nothing else. */
	if (!attach->peer2peer && !puck_places_have_system(bo))
		return -EOPNOTSUPP;
	ret = puck_bo_expose(bo);
	if (ret)
		return ret;
	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	a->dev = attach->dev;
	INIT_LIST_HEAD(&a->mappings);
	a->peer = attach->peer2peer;
	/* Before the core puts @attach into dmabuf->attachments. */
	attach->priv = a;
	dma_resv_lock(dmabuf->resv, NULL);
	revoked = bo->revoked;
	if (!revoked)
		bo->peers += a->peer;
	dma_resv_unlock(dmabuf->resv);
	if (revoked)
		kfree(a);
	return revoked ? -ENODEV : 0;
}

/* The core has taken @attach out of dmabuf->attachments already. */
static void puck_prime_detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct puck_bo *bo = to_puck_bo(dmabuf->priv);
	struct puck_attachment *a = attach->priv;

	dma_resv_lock(dmabuf->resv, NULL);
	bo->peers -= a->peer;
	dma_resv_unlock(dmabuf->resv);
	/* Mappings that the importer left behind stay: its device may be at work there. */
	WARN_ON_ONCE(!list_empty(&a->mappings));
	kfree(a);
}

/* The last importer is gone. */
static void puck_prime_release(struct dma_buf *dmabuf)
{
	struct puck_bo *bo = to_puck_bo(dmabuf->priv);

	dma_resv_lock(dmabuf->resv, NULL);
	bo->exported = NULL;
	bo->revoked = false;
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

/* The importer's device sees it no more. */
static void puck_prime_cut_mapping(struct puck_attachment *a, struct puck_mapping *m)
{
	if (!m->sgt)
		return;
	if (m->vram) {
		puck_peer_unmap(m->sgt, a->dev, m->dir);
		puck_awake_put(m->puck);
	} else {
		dma_unmap_sgtable(a->dev, m->sgt, m->dir, DMA_ATTR_SKIP_CPU_SYNC);
		puck_tt_free_table(m->sgt);
	}
	m->sgt = NULL;
}

/* The same, and what the device has written there is kept. */
static void puck_prime_take_mapping(struct puck_attachment *a, struct puck_mapping *m)
{
	if (m->sgt && m->hold)
		dma_sync_sgtable_for_cpu(a->dev, m->sgt, m->dir);
	puck_prime_cut_mapping(a, m);
}

static void puck_prime_end_mapping(struct puck_attachment *a, struct puck_mapping *m)
{
	puck_prime_cut_mapping(a, m);
	if (m->vram)
		puck_vram_put(m->vram);
	else
		puck_hold_put(m->hold);
}

/* Whether an importer sees a BO where it is, and has to be for as long as it is shown. */
static int puck_prime_place_pinned(struct puck_bo *bo, struct puck_attachment *a, bool peers)
{
	struct puck_mem *mem = ttm_to_puck_mem(bo->ttm.bdev);
	struct ttm_resource *res = bo->ttm.resource;

	if (res->mem_type != TTM_PL_VRAM)
		return 0;
	return a->peer && peers && puck_vram_is_visible(&mem->vram, res) ? 0 : -EBUSY;
}

static bool puck_prime_has_peers_alone(struct dma_buf *dmabuf)
{
	struct dma_buf_attachment *attach;
	struct puck_attachment *a;

	list_for_each_entry(attach, &dmabuf->attachments, node) {
		a = attach->priv;
		if (!a->peer)
			return false;
	}
	return true;
}

/*
 * What a display has pinned it shows, and no fence tells when it is done with that: it would not be
 * silent when VRAM has to be left alone.
 */
static bool puck_prime_is_display(struct device *dev)
{
	return dev_is_pci(dev) && to_pci_dev(dev)->class >> 16 == PCI_BASE_CLASS_DISPLAY;
}

/* They heed its fences, so a move may be under way. VRAM is not hidden. */
static int puck_prime_pin_for_peers(struct puck_bo *bo)
{
	struct ttm_operation_ctx ctx = { .interruptible = true, .gfp_retry_mayfail = true };
	struct puck_places places;
	int idx, ret;

	if (!drm_dev_enter(bo->ttm.base.dev, &idx))
		return -ENODEV;
	puck_places_for_pin(bo, &places);
	ret = ttm_bo_validate(&bo->ttm, &places.list, &ctx);
	drm_dev_exit(idx);
	/* TTM says so of VRAM that is full, too, where nothing else would do. */
	if (ret == -ENOMEM && !puck_places_have_system(bo))
		ret = -ENOSPC;
	if (!ret)
		ttm_bo_pin(&bo->ttm);
	return ret;
}

/*
 * Keep the BO where it is. For peers alone that may be VRAM, but not while that is hidden from
 * them, nor in a kernel without moves, which pins whatever is mapped.
 */
static int puck_prime_pin(struct dma_buf_attachment *attach)
{
	struct puck_bo *bo = to_puck_bo(attach->dmabuf->priv);
	bool peers = !READ_ONCE(ttm_to_puck_mem(bo->ttm.bdev)->no_peers);
	int ret;

	dma_resv_assert_held(attach->dmabuf->resv);

	if (bo->revoked)
		return -ENODEV;
	if (puck_prime_is_display(attach->dev))
		return puck_gem_pin(&bo->ttm.base);
	if (bo->ttm.pin_count && bo->ttm.resource->mem_type == TTM_PL_VRAM) {
		ret = puck_prime_place_pinned(bo, attach->priv, peers);
		if (!ret)
			ttm_bo_pin(&bo->ttm);
		return ret;
	}
	if (PUCK_DMABUF_MOVES && peers && !bo->ttm.pin_count &&
	    puck_prime_has_peers_alone(attach->dmabuf))
		return puck_prime_pin_for_peers(bo);
	/* It is there again in a moment. */
	if (!peers && !puck_places_have_system(bo))
		return -EBUSY;
	return puck_gem_pin(&bo->ttm.base);
}

static void puck_prime_unpin(struct dma_buf_attachment *attach)
{
	puck_gem_unpin(attach->dmabuf->priv);
}

/*
 * Bring the BO to where an importer can see it. That may be a move, whose fence it waits for.
 * While VRAM is hidden from peers they are like others, whatever the BO's placements are: a job
 * of our own brings it back.
 */
static int puck_prime_place(struct puck_bo *bo, struct puck_attachment *a)
{
	struct ttm_operation_ctx ctx = { .interruptible = true, .gfp_retry_mayfail = true };
	bool peers = !READ_ONCE(ttm_to_puck_mem(bo->ttm.bdev)->no_peers);
	struct puck_places places;

	if (bo->ttm.pin_count)
		return puck_prime_place_pinned(bo, a, peers);
	if (a->peer && peers)
		puck_places_for_peer(bo, &places);
	else
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

static int puck_prime_map_pages(struct puck_bo *bo, struct puck_attachment *a,
				struct puck_mapping *m)
{
	struct sg_table *sgt = puck_tt_table(bo->ttm.ttm, a->dev);
	int ret;

	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	/*
	 * The pages are mapped for ourselves, too. With this attribute the DMA
	 * API knows that somebody sees to such overlaps: the sync below.
	 */
	ret = dma_map_sgtable(a->dev, sgt, m->dir, DMA_ATTR_SKIP_CPU_SYNC);
	if (ret)
		goto err_table;
	m->hold = puck_tt_hold(to_puck_tt(bo->ttm.ttm));
	if (!m->hold) {
		ret = -ENOMEM;
		goto err_unmap;
	}
	m->sgt = sgt;
	ret = puck_prime_hand_over(bo, a, m);
	if (ret)
		puck_prime_end_mapping(a, m);
	return ret;

err_unmap:
	dma_unmap_sgtable(a->dev, sgt, m->dir, DMA_ATTR_SKIP_CPU_SYNC);
err_table:
	puck_tt_free_table(sgt);
	return ret;
}

/* VRAM needs no handing over: there is nothing in between. */
static int puck_prime_map_vram(struct puck_bo *bo, struct puck_attachment *a,
			       struct puck_mapping *m)
{
	struct puck_device *puck = to_puck_device(bo->ttm.base.dev);
	struct ttm_resource *res = bo->ttm.resource;
	struct sg_table *sgt;
	int idx;

	/* Remove takes away what was mapped before the device was unplugged. */
	if (!puck_awake_enter(puck, &idx))
		return -ENODEV;
	sgt = puck_peer_map(puck, res, a->dev, m->dir);
	if (!IS_ERR(sgt)) {
		puck_awake_hold(puck);
		m->puck = puck;
		m->sgt = sgt;
		m->vram = puck_vram_hold(res);
	}
	puck_awake_exit(puck, idx);
	return PTR_ERR_OR_ZERO(sgt);
}

static int puck_prime_map_mapping(struct puck_bo *bo, struct puck_attachment *a,
				  struct puck_mapping *m)
{
	bool vram = bo->ttm.resource->mem_type == TTM_PL_VRAM;
	int ret = vram ? puck_prime_map_vram(bo, a, m) : puck_prime_map_pages(bo, a, m);

	if (ret)
		return ret;
	m->copy = puck_prime_copy(m->sgt);
	if (IS_ERR(m->copy)) {
		puck_prime_end_mapping(a, m);
		return PTR_ERR(m->copy);
	}
	return 0;
}

static struct sg_table *puck_prime_map(struct dma_buf_attachment *attach,
				       enum dma_data_direction dir)
{
	struct puck_bo *bo = to_puck_bo(attach->dmabuf->priv);
	struct puck_attachment *a = attach->priv;
	struct puck_mapping *m;
	int ret;

	dma_resv_assert_held(attach->dmabuf->resv);

	if (bo->revoked)
		return ERR_PTR(-ENODEV);
	ret = puck_prime_place(bo, a);
	if (ret)
		return ERR_PTR(ret);
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return ERR_PTR(-ENOMEM);
	m->dir = dir;
	ret = puck_prime_map_mapping(bo, a, m);
	if (ret) {
		kfree(m);
		return ERR_PTR(ret);
	}
	list_add_tail(&m->node, &a->mappings);
	trace_puck_share_map(a->dev, bo->export_number, m->copy->nents, m->vram);
	return m->copy;
}

/* Take the mapping that an importer names off the list; NULL if there is none such. */
static struct puck_mapping *puck_prime_find(struct puck_attachment *a, struct sg_table *copy)
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

	m = puck_prime_find(a, copy);
	/* The importer's mistake: what it names is not, or no more, mapped. */
	if (WARN_ON_ONCE(!m))
		return;
	puck_prime_take_mapping(a, m);
	puck_prime_end_mapping(a, m);
	trace_puck_share_unmap(a->dev, to_puck_bo(attach->dmabuf->priv)->export_number);
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

/*
 * Those of pages that the BO has left are nobody's affair but the importer's, and those of VRAM
 * have nothing to be synchronised.
 */
static void puck_prime_sync_mappings(struct ttm_buffer_object *tbo, struct puck_attachment *a,
				     bool for_cpu)
{
	struct puck_hold *hold = tbo->ttm ? to_puck_tt(tbo->ttm)->hold : NULL;
	struct puck_mapping *m;

	list_for_each_entry(m, &a->mappings, node)
		if (m->sgt && m->hold && m->hold == hold)
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

	/* What lies there as the device alone knows it is looked at as it is. */
	ret = puck_bo_expose(to_puck_bo(dmabuf->priv));
	if (ret && ret != -EOPNOTSUPP)
		return ret;
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
	struct puck_bo *bo = to_puck_bo(obj);
	struct dma_buf *dmabuf;

	/*
	 * Its dma_resv is that of all of the VM's memory, which is nobody else's affair; or its
	 * pages are a process', who would have to wait for whoever has got them.
	 */
	if (bo->vm_resv || bo->userptr)
		return ERR_PTR(-EPERM);
	dmabuf = drm_gem_dmabuf_export(obj->dev, &info);
	if (IS_ERR(dmabuf))
		return dmabuf;
	dma_resv_lock(obj->resv, NULL);
	bo->exported = dmabuf;
	bo->export_number = file_inode(dmabuf->file)->i_ino;
	dma_resv_unlock(obj->resv);
	trace_puck_share_export(obj->dev->dev, bo->export_number);
	return dmabuf;
}

static unsigned int puck_prime_count(struct puck_attachment *a, bool vram)
{
	struct puck_mapping *m;
	unsigned int count = 0;

	list_for_each_entry(m, &a->mappings, node)
		count += m->sgt && (m->vram || !vram);
	return count;
}

/**
 * puck_prime_mappings - count what importers have mapped of a BO
 * @bo: exported or not
 * @vram: of VRAM alone
 *
 * Context: with the BO's dma_resv lock held.
 * Return: mappings, also of places that it has left.
 */
unsigned int puck_prime_mappings(struct puck_bo *bo, bool vram)
{
	struct dma_buf_attachment *attach;
	unsigned int count = 0;

	dma_resv_assert_held(bo->ttm.base.resv);

	if (!bo->exported)
		return 0;
	list_for_each_entry(attach, &bo->exported->attachments, node)
		count += puck_prime_count(attach->priv, vram);
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

	if (!bo->exported)
		return;
	trace_puck_share_move(bo->ttm.base.dev->dev, bo->export_number);
	dma_buf_invalidate_mappings(bo->exported);
}

/* Returns what is left of the time to wait. */
static long puck_prime_silence(struct puck_bo *bo, long left)
{
	struct dma_resv *resv = bo->ttm.base.resv;
	bool peers;

	dma_resv_lock(resv, NULL);
	peers = puck_prime_mappings(bo, true);
	if (peers)
		puck_prime_moves(bo);
	dma_resv_unlock(resv);
	if (!peers)
		return left;
	return dma_resv_wait_timeout(resv, DMA_RESV_USAGE_BOOKKEEP, false, left);
}

/**
 * puck_prime_silence_peers - have no other device use VRAM
 * @puck: the device; puck_mem.no_peers is set, so none maps it any more
 *
 * Peers are told, and their jobs that are under way are waited for; not for ever, as they may be
 * reset together with the device: then they are silent, and no fence of theirs comes until that is
 * over.
 *
 * Context: may sleep; no dma_resv lock is held.
 */
void puck_prime_silence_peers(struct puck_device *puck)
{
	long left = PUCK_PRIME_PATIENCE;
	struct puck_bo *bo = NULL, *next;

	while ((next = puck_bos_next(puck, bo))) {
		if (bo)
			drm_gem_object_put(&bo->ttm.base);
		bo = next;
		left = puck_prime_silence(bo, left);
	}
	if (bo)
		drm_gem_object_put(&bo->ttm.base);
}

/* Who cannot be told has the BO pinned, and keeps what he has. */
static bool puck_prime_may_take(struct dma_buf_attachment *attach)
{
	return attach->importer_ops && puck_prime_count(attach->priv, false);
}

/**
 * puck_prime_may_take_any - see whether there is anything to be taken away
 * @dmabuf: exported here
 *
 * Context: with its dma_resv lock held.
 * Return: true if an importer that can be told has something mapped.
 */
bool puck_prime_may_take_any(struct dma_buf *dmabuf)
{
	struct dma_buf_attachment *attach;

	dma_resv_assert_held(dmabuf->resv);

	list_for_each_entry(attach, &dmabuf->attachments, node)
		if (puck_prime_may_take(attach))
			return true;
	return false;
}

/**
 * puck_prime_take_all - take away what importers have mapped
 * @dmabuf: exported here; the importers' jobs are done
 *
 * Their devices see the memory no more, and what those have written is kept. The importers unmap
 * later what is not mapped any more.
 *
 * Context: with its dma_resv lock held.
 */
void puck_prime_take_all(struct dma_buf *dmabuf)
{
	struct dma_buf_attachment *attach;
	struct puck_attachment *a;
	struct puck_mapping *m;

	dma_resv_assert_held(dmabuf->resv);

	list_for_each_entry(attach, &dmabuf->attachments, node) {
		if (!puck_prime_may_take(attach))
			continue;
		a = attach->priv;
		list_for_each_entry(m, &a->mappings, node)
			puck_prime_take_mapping(a, m);
		puck_tt_flush(a->dev);
	}
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
