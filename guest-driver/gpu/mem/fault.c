// SPDX-License-Identifier: GPL-2.0-only
/*
 * BOs as the CPU sees them. A mapping has no pages of its own: each fault asks where the BO
 * is, and each move takes what was mapped away (TTM does, before it calls puck_move()). VRAM
 * is seen through BAR 2, which may show its first part only: a BO elsewhere in VRAM is
 * brought there, or to system memory.
 *
 * After the device has gone system memory stays what it was. VRAM is no more, and in its
 * place there is a page of zeroes.
 */
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/iosys-map.h>
#include <linux/mm.h>
#include <linux/pci.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/puck_drm.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_tt.h>

#include "core/awake.h"
#include "core/device.h"
#include "mem/bo.h"
#include "mem/fault.h"
#include "mem/mem.h"
#include "mem/place.h"
#include "mem/tt.h"

/**
 * puck_fault_reserve - tell TTM how the CPU gets at VRAM
 * @bdev: TTM's device
 * @res: where a BO is
 *
 * Return: 0; -EINVAL if the CPU does not see it.
 */
int puck_fault_reserve(struct ttm_device *bdev, struct ttm_resource *res)
{
	struct puck_mem *mem = ttm_to_puck_mem(bdev);

	if (res->mem_type != TTM_PL_VRAM)
		return 0;
	if (!puck_vram_is_visible(&mem->vram, res))
		return -EINVAL;
	/* Not where it is, but that it is: puck_fault_pfn() tells the rest. */
	res->bus.offset = pci_resource_start(mem->puck->pdev, PUCK_GPU_BAR_VRAM);
	res->bus.is_iomem = true;
	res->bus.caching = ttm_write_combined;
	return 0;
}

/**
 * puck_fault_pfn - tell TTM the page of the bus that shows a page of VRAM
 * @tbo: the BO, in visible VRAM
 * @page: of the BO
 *
 * Return: its number.
 */
unsigned long puck_fault_pfn(struct ttm_buffer_object *tbo, unsigned long page)
{
	struct puck_device *puck = ttm_to_puck_mem(tbo->bdev)->puck;
	u64 offset = puck_vram_offset(tbo->resource, (u64)page << PAGE_SHIFT);

	return (pci_resource_start(puck->pdev, PUCK_GPU_BAR_VRAM) + offset) >> PAGE_SHIFT;
}

static vm_fault_t puck_fault_of(int ret)
{
	switch (ret) {
	case 0:
		return 0;
	case -EBUSY:
	case -EINTR:
	case -ERESTARTSYS:
	case -EAGAIN:
	/* The device goes just now. The next try, which follows at once, finds it gone. */
	case -ENODEV:
		return VM_FAULT_NOPAGE;
	/* Short of memory is nobody's mistake: it is tried again when somebody was killed for it. */
	case -ENOMEM:
		return VM_FAULT_OOM;
	default:
		return VM_FAULT_SIGBUS;
	}
}

/**
 * puck_bo_take - have what a move brought be there
 * @bo: in TTM_PL_TT or elsewhere
 * @write: the CPU will write it. Who does so without having said it is believed as well: what
 *         is lost otherwise is his
 *
 * Context: with the BO's dma_resv lock held. Waits for moves.
 * Return: 0, -ERESTARTSYS.
 */
int puck_bo_take(struct puck_bo *bo, bool write)
{
	struct ttm_buffer_object *tbo = &bo->ttm;
	long left;
	int idx;

	if (tbo->resource->mem_type != TTM_PL_TT || !to_puck_tt(tbo->ttm)->moved)
		return 0;
	left = dma_resv_wait_timeout(tbo->base.resv, DMA_RESV_USAGE_KERNEL, true,
				     MAX_SCHEDULE_TIMEOUT);
	if (left < 0)
		return left;
	if (drm_dev_enter(tbo->base.dev, &idx)) {
		puck_tt_sync_for_cpu(to_puck_tt(tbo->ttm), bo->cpu || write);
		drm_dev_exit(idx);
	}
	return 0;
}

/* Bring VRAM to where the CPU sees it. */
static int puck_fault_show(struct puck_bo *bo)
{
	struct ttm_operation_ctx ctx = { .interruptible = true, .gfp_retry_mayfail = true };
	struct puck_places places;

	puck_places_for_cpu(bo, &places);
	return ttm_bo_validate(&bo->ttm, &places.list, &ctx);
}

static int puck_fault_prepare(struct puck_bo *bo, bool write)
{
	struct puck_mem *mem = ttm_to_puck_mem(bo->ttm.bdev);
	struct ttm_buffer_object *tbo = &bo->ttm;
	int ret = 0;

	if (tbo->resource->mem_type == TTM_PL_VRAM &&
	    !puck_vram_is_visible(&mem->vram, tbo->resource))
		ret = puck_fault_show(bo);
	return ret ?: puck_bo_take(bo, write);
}

/* Whether it takes the device to see what is in a BO. */
static bool puck_fault_is_lost(struct puck_bo *bo)
{
	return !bo->ttm.resource || bo->ttm.resource->mem_type == TTM_PL_VRAM;
}

/*
 * Once BAR 2 shows VRAM. A device that falls asleep takes the mapping away, but not before it is
 * made: then there is another fault.
 */
static vm_fault_t puck_fault_map_vram(struct puck_mem *mem, struct vm_fault *vmf)
{
	vm_fault_t ret;

	if (puck_awake_get(mem->puck))
		return VM_FAULT_SIGBUS;
	down_read(&mem->bar_lock);
	ret = ttm_bo_vm_fault_reserved(vmf, vmf->vma->vm_page_prot, TTM_BO_VM_NUM_PREFAULT);
	up_read(&mem->bar_lock);
	puck_awake_put(mem->puck);
	return ret;
}

static vm_fault_t puck_fault_map(struct puck_bo *bo, struct vm_fault *vmf)
{
	if (bo->ttm.resource->mem_type == TTM_PL_VRAM)
		return puck_fault_map_vram(ttm_to_puck_mem(bo->ttm.bdev), vmf);
	return ttm_bo_vm_fault_reserved(vmf, vmf->vma->vm_page_prot, TTM_BO_VM_NUM_PREFAULT);
}

static vm_fault_t puck_fault_locked(struct puck_bo *bo, struct vm_fault *vmf)
{
	pgprot_t prot = vmf->vma->vm_page_prot;
	vm_fault_t ret;
	int idx;

	if (drm_dev_enter(bo->ttm.base.dev, &idx)) {
		ret = puck_fault_of(puck_fault_prepare(bo, vmf->flags & FAULT_FLAG_WRITE));
		if (!ret)
			ret = puck_fault_map(bo, vmf);
		drm_dev_exit(idx);
	} else if (puck_fault_is_lost(bo)) {
		ret = ttm_bo_vm_dummy_page(vmf, prot);
	} else {
		ret = ttm_bo_vm_fault_reserved(vmf, prot, TTM_BO_VM_NUM_PREFAULT);
	}
	return ret;
}

static vm_fault_t puck_fault(struct vm_fault *vmf)
{
	struct ttm_buffer_object *tbo = vmf->vma->vm_private_data;
	vm_fault_t ret;

	ret = ttm_bo_vm_reserve(tbo, vmf);
	if (ret)
		return ret;
	ret = puck_fault_locked(ttm_to_puck_bo(tbo), vmf);
	/* Then TTM has let go of the lock, and of the mapping's. */
	if (ret == VM_FAULT_RETRY && !(vmf->flags & FAULT_FLAG_RETRY_NOWAIT))
		return ret;
	dma_resv_unlock(tbo->base.resv);
	return ret;
}

/* Copies bytes of one page that the CPU has been given. Returns how many, or an errno. */
static int puck_fault_copy(struct ttm_buffer_object *tbo, u64 offset, void *buf, int len,
			   bool write)
{
	int bytes = min_t(int, len, PAGE_SIZE - offset_in_page(offset));
	struct ttm_bo_kmap_obj map;
	bool is_iomem;
	void *at;
	int ret;

	ret = ttm_bo_kmap(tbo, offset >> PAGE_SHIFT, 1, &map);
	if (ret)
		return ret;
	at = ttm_kmap_obj_virtual(&map, &is_iomem) + offset_in_page(offset);
	if (write)
		memcpy(at, buf, bytes);
	else
		memcpy(buf, at, bytes);
	ttm_bo_kunmap(&map);
	return bytes;
}

/*
 * For ptrace() and the like, which go by no page table. ttm_bo_vm_access() does not wait for
 * moves: it would show what the pages had in them before. It is asked once more for those bytes
 * that are not done.
 */
static int puck_fault_access(struct vm_area_struct *vma, unsigned long addr, void *buf, int len,
			     int write)
{
	struct ttm_buffer_object *tbo = vma->vm_private_data;
	u64 offset = addr - vma->vm_start +
		     ((vma->vm_pgoff - drm_vma_node_start(&tbo->base.vma_node)) << PAGE_SHIFT);
	int ret;

	if (len < 1 || offset >= tbo->base.size)
		return -EIO;
	ret = ttm_bo_reserve(tbo, true, false, NULL);
	if (ret)
		return ret;
	if (puck_fault_is_lost(ttm_to_puck_bo(tbo)))
		ret = -EIO;
	else
		ret = puck_bo_take(ttm_to_puck_bo(tbo), write);
	if (!ret)
		ret = puck_fault_copy(tbo, offset, buf, len, write);
	ttm_bo_unreserve(tbo);
	return ret;
}

const struct vm_operations_struct puck_fault_ops = {
	.fault = puck_fault,
	.open = ttm_bo_vm_open,
	.close = ttm_bo_vm_close,
	.access = puck_fault_access,
};

static int puck_gem_mmap_import(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	int ret;

	/* All that is in there is the exporter's. */
	vma->vm_private_data = NULL;
	vma->vm_ops = NULL;
	ret = dma_buf_mmap(to_puck_bo(obj)->dmabuf, vma, 0);
	if (!ret)
		drm_gem_object_put(obj);
	return ret;
}

/**
 * puck_gem_mmap - map a BO for a process
 * @obj: the BO
 * @vma: where; on success the reference that came with it is given back, since TTM has one
 *
 * Return: 0; -EINVAL for a private mapping; -EPERM for memory of a process; what the exporter
 * says.
 */
int puck_gem_mmap(struct drm_gem_object *obj, struct vm_area_struct *vma)
{
	int ret;

	if (to_puck_bo(obj)->dmabuf)
		return puck_gem_mmap_import(obj, vma);
	if (to_puck_bo(obj)->userptr)
		return -EPERM;
	ret = ttm_bo_mmap_obj(vma, &to_puck_bo(obj)->ttm);
	if (!ret)
		drm_gem_object_put(obj);
	return ret;
}

/**
 * puck_gem_pin - keep a BO in system memory, mapped for the device
 * @obj: the BO
 *
 * For those who look at its pages, and at none of its fences.
 *
 * Context: with the BO's dma_resv lock held.
 * Return: 0; -EPERM for memory of a process; -EOPNOTSUPP if its placements are without system
 * memory; -EBUSY while it is pinned in VRAM; -ENODEV; -ENOMEM; -ERESTARTSYS.
 */
int puck_gem_pin(struct drm_gem_object *obj)
{
	struct ttm_operation_ctx ctx = { .interruptible = true, .gfp_retry_mayfail = true };
	struct puck_bo *bo = to_puck_bo(obj);
	struct puck_places places;
	int ret;

	if (bo->userptr)
		return -EPERM;
	if (!puck_places_have_system(bo))
		return -EOPNOTSUPP;
	if (bo->ttm.pin_count && bo->ttm.resource->mem_type == TTM_PL_VRAM)
		return -EBUSY;
	puck_places_system(&places);
	ret = ttm_bo_validate(&bo->ttm, &places.list, &ctx);
	if (!ret)
		ret = puck_bo_take(bo, false);
	if (ret)
		return ret;
	ttm_bo_pin(&bo->ttm);
	return 0;
}

/**
 * puck_gem_unpin - undo puck_gem_pin()
 * @obj: the BO
 *
 * Context: with the BO's dma_resv lock held.
 */
void puck_gem_unpin(struct drm_gem_object *obj)
{
	ttm_bo_unpin(&to_puck_bo(obj)->ttm);
}

/*
 * Of a BO that the CPU has said that it writes, pages are the CPU's until they are handed to the
 * device: when it is shown, or flushed. Until then what it has written is in them alone, and must
 * not be overwritten by what the device sees.
 */
static void puck_fault_give(struct puck_bo *bo)
{
	struct puck_tt *tt = to_puck_tt(bo->ttm.ttm);
	int idx;

	if (!bo->cpu || tt->cpu || !drm_dev_enter(bo->ttm.base.dev, &idx))
		return;
	puck_tt_sync_for_cpu(tt, true);
	drm_dev_exit(idx);
}

/**
 * puck_gem_vmap - map a BO for the kernel
 * @obj: the BO
 * @map: filled in
 *
 * Who has not said that he writes it does so between begin_cpu_access and end_cpu_access of a
 * dma-buf.
 *
 * Context: with the BO's dma_resv lock held.
 * Return: as puck_gem_pin(); what the exporter says.
 */
int puck_gem_vmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	int ret;

	if (to_puck_bo(obj)->dmabuf)
		return dma_buf_vmap(to_puck_bo(obj)->dmabuf, map);
	ret = puck_gem_pin(obj);
	if (ret)
		return ret;
	ret = ttm_bo_vmap(&to_puck_bo(obj)->ttm, map);
	if (ret)
		puck_gem_unpin(obj);
	else
		puck_fault_give(to_puck_bo(obj));
	return ret;
}

/**
 * puck_gem_vunmap - undo puck_gem_vmap()
 * @obj: the BO
 * @map: as it was filled in
 *
 * Context: with the BO's dma_resv lock held.
 */
void puck_gem_vunmap(struct drm_gem_object *obj, struct iosys_map *map)
{
	if (to_puck_bo(obj)->dmabuf) {
		dma_buf_vunmap(to_puck_bo(obj)->dmabuf, map);
	} else {
		ttm_bo_vunmap(&to_puck_bo(obj)->ttm, map);
		puck_gem_unpin(obj);
	}
}
