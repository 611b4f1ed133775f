/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A buffer object: TTM's, which is GEM's, and where it lies. bo.c makes and ends them,
 * place.c says where they may be, move.c brings them there.
 */
#ifndef PUCK_BO_H
#define PUCK_BO_H

#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/list.h>

#include <drm/ttm/ttm_bo.h>

#include "mem/segs.h"

struct puck_device;
struct puck_import_map;
struct puck_render_res;
struct puck_userptr;

/**
 * struct puck_bo - buffer object
 * @ttm: base; TTM's, whose base is GEM's
 * @placements: mask of 1 << DRM_PUCK_REGION_*; zero if imported, or of a process
 * @flags: DRM_PUCK_GEM_*
 * @caching: DRM_PUCK_CACHING_*, as it was asked for
 * @region: DRM_PUCK_REGION_* where it is; changes under the dma_resv lock, and may be read
 *          without by who can live with a BO that has moved meanwhile
 * @cpu: the CPU may write it: from where it said that it would to GEM_FLUSH, wherever the BO
 *       goes meanwhile; under the dma_resv lock
 * @attach: what is imported is mapped by; NULL behind the end of the device, or if nothing is.
 *          Under the dma_resv lock
 * @prime: of what is imported, for DRM: nothing in there is set but the dma-buf
 * @mapped: of an imported BO, what the device sees it by, or NULL; see import.c, as for the
 *          next two. Under the dma_resv lock
 * @retired: struct puck_import_map.node, what jobs may still see it by
 * @retire: empties @retired
 * @held: pins by @attach; under the dma_resv lock
 * @dmabuf: what is imported, or NULL; a reference: TTM looks at its dma_resv to the very end
 * @userptr: of memory of a process, or NULL; see userptr.c
 * @vm_resv: of a BO that is private to a VM: keeps the VM's dma_resv, which is the BO's,
 *           too; a reference. Else NULL
 * @res: what the device knows it as in 3D, or NULL; render3d/render.h. From before the first
 *       handle, or from the first RESOURCE_INFO of what is imported, to the end, which is
 *       puck_mem.end then
 * @listing: puck_job.listing of the job that has listed it last; under the dma_resv lock
 * @exported: the dma-buf that was made of it, as long as it is there; under the dma_resv lock.
 *            GEM's own pointer goes with the last handle
 * @export_number: by which user space knows @exported: the inode that fstat() says of a descriptor;
 *                 as for @exported
 * @revoked: nobody maps it by @exported any more; under the dma_resv lock
 * @peers: importers there whose devices can reach VRAM by BAR 2; under the dma_resv lock
 * @node: in puck_device.bos
 * @release: the end of a BO that is imported, or of a process
 */
struct puck_bo {
	struct ttm_buffer_object ttm;
	u32 placements;
	u32 flags;
	u32 caching;
	u32 region;
	bool cpu;
	struct dma_buf_attachment *attach;
	struct dma_buf_attachment prime;
	struct puck_import_map *mapped;
	struct list_head retired;
	struct work_struct retire;
	unsigned int held;
	struct dma_buf *dmabuf;
	struct puck_userptr *userptr;
	struct drm_gem_object *vm_resv;
	struct puck_render_res *res;
	u64 listing;
	struct dma_buf *exported;
	unsigned long export_number;
	bool revoked;
	unsigned int peers;
	struct list_head node;
	struct work_struct release;
};

static inline struct puck_bo *ttm_to_puck_bo(struct ttm_buffer_object *ttm)
{
	return container_of(ttm, struct puck_bo, ttm);
}

static inline struct puck_bo *to_puck_bo(struct drm_gem_object *obj)
{
	return container_of(obj, struct puck_bo, ttm.base);
}

static inline u64 puck_bo_size(const struct puck_bo *bo)
{
	return bo->ttm.base.size;
}

struct puck_where puck_bo_where(struct puck_bo *bo);
const char *puck_bo_place_name(const struct puck_bo *bo);
void puck_bo_sync(struct puck_bo *bo, bool for_cpu, bool write);
int puck_bo_validate(struct puck_bo *bo);
int puck_bo_drive_out(struct puck_bo *bo);
int puck_bo_expose(struct puck_bo *bo);
struct puck_bo *puck_bos_next(struct puck_device *puck, struct puck_bo *bo);

struct puck_bo *puck_gem_create(struct puck_device *puck, u64 size, u32 placements, u32 flags,
				u32 caching, struct drm_gem_object *vm_resv);
struct puck_bo *puck_gem_make_import(struct puck_device *puck, struct dma_buf *dmabuf);
struct puck_bo *puck_gem_make_userptr(struct puck_device *puck, u64 size,
				      struct puck_userptr *userptr);
bool puck_gem_is_bo(const struct drm_gem_object *obj);
void puck_gem_link(struct puck_device *puck, struct puck_bo *bo);
void puck_gem_unbind_all(struct puck_device *puck);
void puck_gem_fini(struct puck_bo *bo);

#endif /* PUCK_BO_H */
