/* SPDX-License-Identifier: MIT */
/* VMs, what is mapped in them, and commands that name memory by address. */
#ifndef LIB_GPU_VM_H
#define LIB_GPU_VM_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/ktap.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/call.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"

static inline int vm_create(int fd, uint32_t *vm)
{
	struct drm_puck_vm_create args = { 0 };
	int ret = puck_call(fd, DRM_IOCTL_PUCK_VM_CREATE, &args);

	*vm = args.vm;
	return ret;
}

static inline int vm_destroy(int fd, uint32_t vm)
{
	struct drm_puck_vm_destroy args = { .vm = vm };

	return puck_call(fd, DRM_IOCTL_PUCK_VM_DESTROY, &args);
}

/* A queue for a ring that computes, whose jobs may use the VM's addresses. */
static inline int vm_queue_create(int fd, uint32_t vm, uint32_t ring, uint32_t *queue)
{
	struct drm_puck_queue_create args = {
		.kind = DRM_PUCK_KIND_COMPUTE, .ring = ring, .vm = vm,
	};
	int ret = puck_call(fd, DRM_IOCTL_PUCK_QUEUE_CREATE, &args);

	*queue = args.queue;
	return ret;
}

/* A BO that is private to the VM. */
static inline int vm_bo_create(int fd, uint32_t vm, struct bo *bo, uint64_t size)
{
	struct drm_puck_gem_create args = {
		.size = size, .placements = 1 << DRM_PUCK_REGION_SYSTEM, .vm = vm,
	};
	int ret = puck_call(fd, DRM_IOCTL_PUCK_GEM_CREATE, &args);

	memset(bo, 0, sizeof(*bo));
	if (ret)
		return ret;
	bo->handle = args.handle;
	bo->size = args.size;
	ret = bo_mmap(fd, bo);
	if (ret)
		bo_close(fd, bo);
	return ret;
}

/* ---- steps of a VM_BIND ---- */

static inline struct drm_puck_bind bind_part(const struct bo *bo, uint64_t offset, uint64_t addr,
					     uint64_t length)
{
	return (struct drm_puck_bind){ .op = DRM_PUCK_BIND_MAP, .handle = bo->handle,
				       .offset = offset, .addr = addr, .length = length };
}

static inline struct drm_puck_bind bind_map(const struct bo *bo, uint64_t addr)
{
	return bind_part(bo, 0, addr, bo->size);
}

static inline struct drm_puck_bind bind_readonly(const struct bo *bo, uint64_t addr)
{
	struct drm_puck_bind bind = bind_map(bo, addr);

	bind.flags = DRM_PUCK_BIND_READONLY;
	return bind;
}

static inline struct drm_puck_bind bind_unmap(uint64_t addr, uint64_t length)
{
	return (struct drm_puck_bind){ .op = DRM_PUCK_BIND_UNMAP, .addr = addr,
				       .length = length };
}

static inline struct drm_puck_bind bind_sparse(uint64_t addr, uint64_t length)
{
	return (struct drm_puck_bind){ .op = DRM_PUCK_BIND_MAP_SPARSE, .addr = addr,
				       .length = length };
}

static inline int vm_bind(int fd, uint32_t vm, const struct drm_puck_bind *binds, uint32_t count)
{
	struct drm_puck_vm_bind args = { .vm = vm, .binds = puck_array(binds, count) };

	return puck_call(fd, DRM_IOCTL_PUCK_VM_BIND, &args);
}

static inline int vm_bind_one(int fd, uint32_t vm, struct drm_puck_bind bind)
{
	return vm_bind(fd, vm, &bind, 1);
}

static inline int vm_bind_async(int fd, uint32_t vm, const struct drm_puck_bind *binds,
				uint32_t count, const struct drm_puck_sync *syncs, uint32_t nsyncs)
{
	struct drm_puck_vm_bind args = {
		.vm = vm, .flags = DRM_PUCK_VM_BIND_ASYNC, .binds = puck_array(binds, count),
		.syncs = puck_array(syncs, nsyncs),
	};

	return puck_call(fd, DRM_IOCTL_PUCK_VM_BIND, &args);
}

/* ---- commands by address ---- */

static inline struct drm_puck_place place_at(uint64_t addr)
{
	return (struct drm_puck_place){ .offset = addr, .bo = DRM_PUCK_NO_BO,
					.flags = DRM_PUCK_PLACE_ADDRESS };
}

static inline struct drm_puck_cmd fill_at(uint64_t addr, uint64_t length, uint8_t value)
{
	return (struct drm_puck_cmd){ .op = DRM_PUCK_OP_FILL, .src = no_place(),
				      .dst = place_at(addr), .length = length,
				      .value = value * 0x01010101u };
}

static inline struct drm_puck_cmd copy_at(uint64_t src, uint64_t dst, uint64_t length)
{
	return (struct drm_puck_cmd){ .op = DRM_PUCK_OP_COPY, .src = place_at(src),
				      .dst = place_at(dst), .length = length };
}

/* One command by address, waited for: 0, or the error of the job or of the call. */
static inline int vm_run(int fd, uint32_t queue, struct drm_puck_cmd cmd)
{
	struct drm_puck_submit args = job(queue, NULL, 0, &cmd, 1);

	return submit_wait(fd, &args);
}

/* The same, not waited for: its fence, or the error of the call. */
static inline int vm_start(int fd, uint32_t queue, struct drm_puck_cmd cmd)
{
	struct drm_puck_submit args = job(queue, NULL, 0, &cmd, 1);

	return submit_fd(fd, &args);
}

static inline bool bytes_are(const uint8_t *bytes, uint64_t length, uint8_t value)
{
	while (length--)
		if (*bytes++ != value)
			return false;
	return true;
}

/* What of the BO is this byte, once it is handed to the CPU. */
static inline bool bo_part_is(int fd, const struct bo *bo, uint64_t offset, uint64_t length,
			      uint8_t value)
{
	return !bo_wait(fd, bo, 0, FOREVER_NS) &&
	       bytes_are(bo->map + offset, length, value);
}

static inline bool bo_is(int fd, const struct bo *bo, uint8_t value)
{
	return bo_part_is(fd, bo, 0, bo->size, value);
}

/* ---- debugfs ---- */

struct vm_counts {
	int vms;
	unsigned long long tables, small, big, updates, stale, hits, misses;
};

/* Of all VMs of the device together, and its TLB. */
static inline struct vm_counts vm_counts(const struct puck *puck)
{
	struct vm_counts sum = { 0 };
	char path[192], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/vms", puck->pci);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		unsigned long long tables, small, big, updates;

		if (sscanf(line, "vm %*d users %*u tables %llu small %llu big %llu updates %llu",
			   &tables, &small, &big, &updates) == 4) {
			sum.vms++;
			sum.tables += tables;
			sum.small += small;
			sum.big += big;
			sum.updates += updates;
		}
		sscanf(line, "tlb entries %*u of %*u hits %llu misses %llu audit %*u stale %llu",
		       &sum.hits, &sum.misses, &sum.stale);
	}
	if (file)
		fclose(file);
	return sum;
}

/* Whether the device compares its TLB with the tables. */
static inline int vm_audit(const struct puck *puck, bool on)
{
	char path[192];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/vm_audit", puck->pci);
	file = fopen(path, "w");
	if (!file)
		return -errno;
	fprintf(file, "%d\n", on);
	return fclose(file) ? -errno : 0;
}

/* From now on: the count of stale ones goes on from what others have left. */
static inline struct vm_counts vm_audit_begin(const struct puck *puck)
{
	ktap_need(!vm_audit(puck, true), "audit");
	return vm_counts(puck);
}

static inline void vm_audit_end(const struct puck *puck, const struct vm_counts *before)
{
	struct vm_counts now = vm_counts(puck);

	ktap_ok(now.stale <= before->stale, "%llu pages from the TLB, %llu of them stale",
		now.hits - before->hits, now.stale - before->stale);
	vm_audit(puck, false);
}

#endif /* LIB_GPU_VM_H */
