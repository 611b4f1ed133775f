/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of processes as BOs.
 */
#ifndef PUCK_USERPTR_H
#define PUCK_USERPTR_H

#include <linux/err.h>
#include <linux/kconfig.h>
#include <linux/types.h>

struct drm_exec;
struct drm_puck_gem_userptr;
struct puck_bo;
struct puck_device;
struct puck_mem;
struct seq_file;

/* What GEM_USERPTR without PIN is made of. Kernels without it have neither. */
#define PUCK_USERPTR_CAN	(IS_ENABLED(CONFIG_HMM_MIRROR) && IS_ENABLED(CONFIG_MMU_NOTIFIER))

/* A puck_lock_fn, or what comes behind it, found memory that has to be looked up anew. */
#define PUCK_USERPTR_STALE	(-ESTALE)

/**
 * struct puck_userptrs - BOs whose memory has to be looked up anew
 * @bos: with a reference each
 * @count: how many
 */
struct puck_userptrs {
	struct puck_bo **bos;
	u32 count;
};

#if PUCK_USERPTR_CAN
struct puck_bo *puck_userptr_create(struct puck_device *puck,
				    const struct drm_puck_gem_userptr *args);
bool puck_userptr_is_readonly(const struct puck_bo *bo);
bool puck_userptr_is_seen(struct puck_bo *bo);
int puck_userptr_prepare_bo(struct puck_bo *bo, struct puck_userptrs *stale);
int puck_userptr_prepare(struct drm_exec *exec, struct puck_userptrs *stale);
int puck_userptr_begin(struct puck_mem *mem, struct drm_exec *exec);
void puck_userptr_end(struct puck_mem *mem);
void puck_userptrs_drop(struct puck_userptrs *stale);
bool puck_userptrs_again(struct puck_userptrs *stale, int *ret);
void puck_userptr_sync(struct puck_bo *bo, bool for_cpu, bool write);
void puck_userptr_unmap(struct puck_bo *bo);
void puck_userptr_fini(struct puck_bo *bo);
void puck_userptr_print(struct seq_file *m, struct puck_mem *mem);
#else
/* There is none, and so none of it has anything to do. */
static inline struct puck_bo *puck_userptr_create(struct puck_device *puck,
						  const struct drm_puck_gem_userptr *args)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline bool puck_userptr_is_readonly(const struct puck_bo *bo)
{
	return false;
}

static inline bool puck_userptr_is_seen(struct puck_bo *bo)
{
	return false;
}

static inline int puck_userptr_prepare_bo(struct puck_bo *bo, struct puck_userptrs *stale)
{
	return 0;
}

static inline int puck_userptr_prepare(struct drm_exec *exec, struct puck_userptrs *stale)
{
	return 0;
}

static inline int puck_userptr_begin(struct puck_mem *mem, struct drm_exec *exec)
{
	return 0;
}

static inline void puck_userptr_end(struct puck_mem *mem) { }

static inline void puck_userptrs_drop(struct puck_userptrs *stale) { }

static inline bool puck_userptrs_again(struct puck_userptrs *stale, int *ret)
{
	return false;
}

static inline void puck_userptr_sync(struct puck_bo *bo, bool for_cpu, bool write) { }
static inline void puck_userptr_unmap(struct puck_bo *bo) { }
static inline void puck_userptr_fini(struct puck_bo *bo) { }
static inline void puck_userptr_print(struct seq_file *m, struct puck_mem *mem) { }
#endif

#endif /* PUCK_USERPTR_H */
