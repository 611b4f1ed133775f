/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locking BOs in order to bring them to their places.
 */
#ifndef PUCK_LOCK_H
#define PUCK_LOCK_H

#include <linux/types.h>

struct drm_exec;
struct puck_bo;
struct puck_mem;

/**
 * typedef puck_lock_fn - lock BOs, and bring them to their places
 * @exec: to lock them with; by its ticket TTM locks whom it drives out
 * @alone: there was no room with others at work, and now there are none
 * @data: the caller's
 *
 * Context: inside drm_exec_until_all_locked(). It is called again after contention, of which
 * it returns the error, like any other, at once.
 * Return: 0 or a negative errno.
 */
typedef int (*puck_lock_fn)(struct drm_exec *exec, bool alone, void *data);

/**
 * typedef puck_lock_needs_fn - tell whether a BO is to stay where it is
 * @bo: locked, private to some VM
 * @data: the caller's
 */
typedef bool (*puck_lock_needs_fn)(struct puck_bo *bo, void *data);

int puck_lock(struct puck_mem *mem, struct drm_exec *exec, u32 count, puck_lock_fn place,
	      void *data);
int puck_lock_make_room(struct puck_mem *mem, struct drm_exec *exec, puck_lock_needs_fn needs,
			void *data);
void puck_lock_enter(struct puck_mem *mem);
void puck_lock_leave(struct puck_mem *mem);
void puck_unlock(struct puck_mem *mem, struct drm_exec *exec);
int puck_lock_reserve(struct drm_exec *exec, unsigned int fences);

#endif /* PUCK_LOCK_H */
