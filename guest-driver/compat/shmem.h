/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flags of a file in shared memory: a number, and on newer kernels a bitmap.
 */
#ifndef PUCK_COMPAT_SHMEM_H
#define PUCK_COMPAT_SHMEM_H

#include <linux/mm_types.h>
#include <linux/shmem_fs.h>

#ifdef PUCK_HAVE_SHMEM_VMA_FLAGS
#define PUCK_SHMEM_NO_FLAGS	((vma_flags_t){ })
#else
#define PUCK_SHMEM_NO_FLAGS	0
#endif

#endif /* PUCK_COMPAT_SHMEM_H */
