/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where BOs may be.
 */
#ifndef PUCK_PLACE_H
#define PUCK_PLACE_H

#include <linux/types.h>

#include <drm/ttm/ttm_placement.h>

struct puck_bo;
struct puck_device;
struct ttm_buffer_object;

/**
 * struct puck_places - where a BO may be, the best one first
 * @list: what TTM wants
 * @place: entries of @list
 */
struct puck_places {
	struct ttm_placement list;
	struct ttm_place place[2];
};

int puck_places_check(struct puck_device *puck, u64 size, u32 placements);
void puck_places_of(struct puck_bo *bo, struct puck_places *places);
void puck_places_for_cpu(struct puck_bo *bo, struct puck_places *places);
void puck_places_for_peer(struct puck_bo *bo, struct puck_places *places);
void puck_places_for_pin(struct puck_bo *bo, struct puck_places *places);
bool puck_places_have_system(const struct puck_bo *bo);
bool puck_places_have_visible(const struct puck_bo *bo);
void puck_places_system(struct puck_places *places);
void puck_place_evict(struct ttm_buffer_object *tbo, struct ttm_placement *list);
bool puck_place_is_valuable(struct ttm_buffer_object *tbo, const struct ttm_place *place);

#endif /* PUCK_PLACE_H */
