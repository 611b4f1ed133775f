// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where BOs may be. User space names regions; for TTM system memory is two places, one that
 * is mapped for the device and one that is not.
 */
#include <linux/mm.h>

#include <drm/drm_drv.h>
#include <drm/puck_drm.h>
#include <drm/ttm/ttm_tt.h>

#include "core/device.h"
#include "mem/bo.h"
#include "mem/mem.h"
#include "mem/place.h"

static void puck_places_add(struct puck_places *places, struct ttm_place place)
{
	places->place[places->list.num_placement++] = place;
}

static void puck_places_begin(struct puck_places *places)
{
	*places = (struct puck_places) { .list.placement = places->place };
}

/**
 * puck_places_check - see whether there is a place that a BO fits into
 * @puck: the device
 * @size: of the BO, bytes
 * @placements: mask of 1 << DRM_PUCK_REGION_*
 *
 * Return: 0; -ENOMEM for more than there may be in system memory; -ENOSPC for more than
 * VRAM has.
 */
int puck_places_check(struct puck_device *puck, u64 size, u32 placements)
{
	if (placements & BIT(DRM_PUCK_REGION_SYSTEM))
		return PFN_UP(size) > ttm_tt_pages_limit() ? -ENOMEM : 0;
	return PAGE_ALIGN(size) > puck_vram_room(puck) ? -ENOSPC : 0;
}

/**
 * puck_places_have_system - see whether a BO may be in system memory
 * @bo: the BO
 *
 * Return: true if it may.
 */
bool puck_places_have_system(const struct puck_bo *bo)
{
	return !bo->placements || bo->placements & BIT(DRM_PUCK_REGION_SYSTEM);
}

/**
 * puck_places_system - system memory, mapped for the device
 * @places: filled in
 */
void puck_places_system(struct puck_places *places)
{
	puck_places_begin(places);
	puck_places_add(places, (struct ttm_place) { .mem_type = TTM_PL_TT });
}

/* Bytes of VRAM that others than the device see: through BAR 2. */
static u64 puck_places_visible(const struct puck_bo *bo)
{
	return ttm_to_puck_mem(bo->ttm.bdev)->vram.visible;
}

/**
 * puck_places_have_visible - see whether a BO may be in VRAM where others see it
 * @bo: the BO
 *
 * Return: true if it may.
 */
bool puck_places_have_visible(const struct puck_bo *bo)
{
	return bo->placements & BIT(DRM_PUCK_REGION_VRAM) &&
	       puck_bo_size(bo) <= puck_places_visible(bo);
}

static void puck_places_add_visible(struct puck_places *places, const struct puck_bo *bo)
{
	puck_places_add(places, (struct ttm_place) {
		.mem_type = TTM_PL_VRAM,
		.lpfn = puck_places_visible(bo) >> PAGE_SHIFT,
	});
}

/**
 * puck_places_of - where a BO may be for the device
 * @bo: the BO
 * @places: filled in
 *
 * With both regions the second one is taken if there is no room in the first: a BO that is
 * made drives others out of the first one, but one that is in the second stays there until
 * there is room. What other devices see by BAR 2 does not leave it for the rest of VRAM.
 */
void puck_places_of(struct puck_bo *bo, struct puck_places *places)
{
	u32 regions = bo->placements ?: BIT(DRM_PUCK_REGION_SYSTEM);
	bool system = regions & BIT(DRM_PUCK_REGION_SYSTEM);
	bool vram = regions & BIT(DRM_PUCK_REGION_VRAM);
	bool system_first = bo->flags & DRM_PUCK_GEM_PREFER_SYSTEM;

	/* What can never fit would drive everybody out in vain. */
	if (puck_bo_size(bo) > puck_vram_room(ttm_to_puck_mem(bo->ttm.bdev)->puck))
		vram = false;
	puck_places_begin(places);
	if (system && (system_first || !vram))
		puck_places_add(places, (struct ttm_place) { .mem_type = TTM_PL_TT });
	if (vram)
		puck_places_add(places, (struct ttm_place) {
			.mem_type = TTM_PL_VRAM,
			.lpfn = bo->peers ? puck_places_visible(bo) >> PAGE_SHIFT : 0,
			.flags = system && system_first ? TTM_PL_FLAG_FALLBACK : 0,
		});
	if (system && vram && !system_first)
		puck_places_add(places, (struct ttm_place) {
			.mem_type = TTM_PL_TT,
			.flags = TTM_PL_FLAG_FALLBACK,
		});
}

/**
 * puck_places_for_cpu - where the CPU can look at a BO that is in VRAM
 * @bo: the BO
 * @places: filled in
 *
 * That may be system memory even if the BO's placements are without: no job is looking.
 */
void puck_places_for_cpu(struct puck_bo *bo, struct puck_places *places)
{
	puck_places_begin(places);
	if (puck_bo_size(bo) <= puck_places_visible(bo))
		puck_places_add_visible(places, bo);
	puck_places_add(places, (struct ttm_place) { .mem_type = TTM_PL_TT });
}

/**
 * puck_places_for_peer - where another device sees a BO that can reach VRAM by BAR 2
 * @bo: the BO, which may be in visible VRAM
 * @places: filled in
 *
 * If it is in one of them it stays there, whichever it likes better. Else it goes to VRAM if there
 * is room. Nobody is driven out for a job of another device: where there is none it is system
 * memory, as for the CPU.
 */
void puck_places_for_peer(struct puck_bo *bo, struct puck_places *places)
{
	bool system_first = bo->flags & DRM_PUCK_GEM_PREFER_SYSTEM;

	puck_places_begin(places);
	if (system_first)
		puck_places_add(places, (struct ttm_place) { .mem_type = TTM_PL_TT });
	puck_places_add_visible(places, bo);
	if (!system_first)
		puck_places_add(places, (struct ttm_place) { .mem_type = TTM_PL_TT });
}

/**
 * puck_places_for_pin - where a BO is shown from, or pinned for other devices
 * @bo: the BO, of our own memory
 * @places: filled in
 *
 * It stays there for long, so in VRAM it is where the CPU sees it, too, and system memory will
 * do if there is no room. Importers that are no peers see nothing else than system memory.
 */
void puck_places_for_pin(struct puck_bo *bo, struct puck_places *places)
{
	bool system = puck_places_have_system(bo);
	bool system_first = bo->flags & DRM_PUCK_GEM_PREFER_SYSTEM;
	bool vram = puck_places_have_visible(bo);

	if (system && bo->exported && !bo->peers)
		vram = false;
	puck_places_begin(places);
	if (system && (system_first || !vram))
		puck_places_add(places, (struct ttm_place) { .mem_type = TTM_PL_TT });
	if (vram)
		puck_places_add_visible(places, bo);
	if (system && vram && !system_first)
		puck_places_add(places, (struct ttm_place) {
			.mem_type = TTM_PL_TT,
			.flags = TTM_PL_FLAG_FALLBACK,
		});
}

/* TTM makes objects of its own that keep pages until a move is over. */
static bool puck_place_is_bo(struct ttm_buffer_object *tbo)
{
	return tbo->base.dev;
}

/**
 * puck_place_evict - where a BO goes whose place is wanted
 * @tbo: the BO
 * @list: filled in
 *
 * Context: TTM's, with the BO's dma_resv lock held.
 */
void puck_place_evict(struct ttm_buffer_object *tbo, struct ttm_placement *list)
{
	static const struct ttm_place tt = { .mem_type = TTM_PL_TT };
	static const struct ttm_place system = { .mem_type = TTM_PL_SYSTEM };

	/* Where there is no device, nothing can be brought out of it. */
	if (!puck_place_is_bo(tbo) || drm_dev_is_unplugged(tbo->base.dev))
		return;
	list->num_placement = 1;
	list->placement = tbo->resource->mem_type == TTM_PL_VRAM ? &tt : &system;
}

/**
 * puck_place_is_valuable - see whether it helps to drive a BO out
 * @tbo: the BO
 * @place: what is wanted
 *
 * Context: TTM's, with the BO's dma_resv lock held.
 * Return: true if it does.
 */
bool puck_place_is_valuable(struct ttm_buffer_object *tbo, const struct ttm_place *place)
{
	/* What is imported stays where its exporter has it. */
	if (!puck_place_is_bo(tbo) || tbo->type == ttm_bo_type_sg)
		return false;
	return ttm_bo_eviction_valuable(tbo, place);
}
