/* SPDX-License-Identifier: MIT */
/* Memory of the process as BOs, and jobs that touch it. */
#ifndef LIB_GPU_USERPTR_H
#define LIB_GPU_USERPTR_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/gpu/bo.h"
#include "lib/gpu/call.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"

/* The BO is not mapped by it: bo_close() leaves the memory alone. */
static inline int userptr_create(int fd, struct bo *bo, const void *memory, uint64_t size,
				 uint32_t flags)
{
	struct drm_puck_gem_userptr args = {
		.addr = (uintptr_t)memory, .size = size, .flags = flags,
	};
	int ret = puck_call(fd, DRM_IOCTL_PUCK_GEM_USERPTR, &args);

	*bo = (struct bo){ .handle = args.handle, .size = size };
	return ret;
}

/* Fresh memory at @at, or anywhere, that is there already; NULL if there is none. */
static inline uint8_t *memory_at(void *at, uint64_t size, uint8_t value)
{
	void *map = mmap(at, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1, 0);

	if (map == MAP_FAILED)
		return NULL;
	memset(map, value, size);
	return map;
}

static inline uint8_t *memory(uint64_t size, uint8_t value)
{
	return memory_at(NULL, size, value);
}

/* A job that fills all of a BO; not waited for: its fence, or the error of the call. */
static inline int fill_start(int fd, uint32_t queue, const struct bo *bo, uint8_t value)
{
	struct drm_puck_bo_ref ref = ref_write(bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, bo->size, value * 0x01010101u);
	struct drm_puck_submit args = job(queue, &ref, 1, &cmd, 1);

	return submit_fd(fd, &args);
}

/* The same, waited for, and handed to the CPU: 0, or the error of the call or the job. */
static inline int fill_wait(int fd, uint32_t queue, const struct bo *bo, uint8_t value)
{
	struct drm_puck_bo_ref ref = ref_write(bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, bo->size, value * 0x01010101u);
	struct drm_puck_submit args = job(queue, &ref, 1, &cmd, 1);
	int ret = submit_wait(fd, &args);

	return ret ? ret : bo_wait(fd, bo, DRM_PUCK_WAIT_WRITE, FOREVER_NS);
}

/* A job that copies all of one BO to another, waited for. */
static inline int copy_wait(int fd, uint32_t queue, const struct bo *from, const struct bo *to)
{
	struct drm_puck_bo_ref refs[] = { ref_read(from), ref_write(to) };
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, from->size);
	struct drm_puck_submit args = job(queue, refs, 2, &cmd, 1);
	int ret = submit_wait(fd, &args);

	return ret ? ret : bo_wait(fd, to, DRM_PUCK_WAIT_WRITE, FOREVER_NS);
}

/* @median_us: half of them took less; a power of two. */
struct userptr_counts {
	long long invalidations, worst_us, given_up, median_us;
};

static inline struct userptr_counts userptr_counts(const struct puck *puck)
{
	struct userptr_counts counts = { -1, -1, -1, 0 };
	long long below[64], took[64], seen = 0;
	char path[192], line[128];
	unsigned int n = 0, i;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/userptr", puck->pci);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (n < 64 && sscanf(line, "below %lld us: %lld", &below[n], &took[n]) == 2)
			n++;
		else if (sscanf(line, "invalidations %lld, worst %lld us, given up %lld",
				&counts.invalidations, &counts.worst_us, &counts.given_up) == 3)
			break;
	}
	if (file)
		fclose(file);
	for (i = 0; i < n && 2 * seen < counts.invalidations; i++) {
		seen += took[i];
		counts.median_us = below[i];
	}
	return counts;
}

#endif /* LIB_GPU_USERPTR_H */
