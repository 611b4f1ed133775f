// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/dri/<device>/: rings, fences, bos, vram, vms, userptr, backoffs, display and
 * power to read, revoke to write what importers are to lose, and a folder for each ring with the
 * scheduler's timeout, the period of the look for lost interrupts and, if the device has it, the
 * knobs of the completion stage (docs/specs/gpu.rst, "Completion stage").
 */
#include <linux/debugfs.h>
#include <linux/dma-resv.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kstrtox.h>
#include <linux/scatterlist.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>
#include <drm/ttm/ttm_placement.h>
#include <drm/ttm/ttm_resource.h>

#include "core/awake.h"
#include "core/device.h"
#include "debugfs.h"
#include "kms/print.h"
#include "mem/bo.h"
#include "mem/mem.h"
#include "mem/prime.h"
#include "mem/revoke.h"
#include "mem/spare.h"
#include "mem/userptr.h"
#include "sched/fence.h"
#include "sched/job.h"
#include "sched/queue.h"
#include "sched/ring.h"
#include "vm/vm.h"

/* BOs of many segments show the first ones only. */
#define PUCK_DEBUGFS_SEGS	64

static void puck_debugfs_ring(struct seq_file *m, struct puck_ring *ring)
{
	u64 done, failed, resets, skips;
	u32 seqno;
	int dead;

	spin_lock_irq(&ring->lock);
	seqno = ring->seqno;
	done = ring->done;
	failed = ring->failed;
	resets = ring->resets;
	skips = ring->skips;
	dead = ring->dead;
	spin_unlock_irq(&ring->lock);

	seq_printf(m, "ring %u: last number %lld, last seqno %u, done %llu, failed %llu, resets %llu, skips %llu, dead %d\n",
		   ring->index, (s64)atomic64_read(&ring->number), seqno, done, failed, resets,
		   skips, dead);
	seq_printf(m, "  base %#llx ctrl %#x status %#x head %u tail %u\n",
		   puck_ring_read64(ring, PUCK_GPU_RING_BASE),
		   puck_ring_read(ring, PUCK_GPU_RING_CTRL),
		   puck_ring_read(ring, PUCK_GPU_RING_STATUS),
		   puck_ring_read(ring, PUCK_GPU_RING_HEAD),
		   puck_ring_read(ring, PUCK_GPU_RING_TAIL));
	seq_printf(m, "  seqno %u slot %u pending %u stop_head %u\n",
		   puck_ring_read(ring, PUCK_GPU_RING_SEQNO),
		   le32_to_cpu(READ_ONCE(ring->wb->seqno)),
		   puck_ring_read(ring, PUCK_GPU_RING_PENDING),
		   puck_ring_read(ring, PUCK_GPU_RING_STOP_HEAD));
	if (!(ring->puck->features & PUCK_GPU_FEATURE_STAGE))
		return;
	seq_printf(m, "  start_delay %llu ns, delay %llu ns, jitter %llu ns, seed %#llx, hold %u\n",
		   puck_ring_read64(ring, PUCK_GPU_RING_START_DELAY),
		   puck_ring_read64(ring, PUCK_GPU_RING_DELAY),
		   puck_ring_read64(ring, PUCK_GPU_RING_JITTER),
		   puck_ring_read64(ring, PUCK_GPU_RING_SEED),
		   puck_ring_read(ring, PUCK_GPU_RING_HOLD));
}

static int puck_debugfs_rings(struct seq_file *m, void *data)
{
	struct drm_debugfs_entry *entry = m->private;
	struct puck_device *puck = to_puck_device(entry->dev);
	int idx;
	u32 i;

	if (!puck_awake_enter(puck, &idx))
		return -ENODEV;
	for (i = 0; i < puck->num_rings; i++)
		puck_debugfs_ring(m, puck->ring[i]);
	puck_awake_exit(puck, idx);
	return 0;
}

static int puck_debugfs_fences(struct seq_file *m, void *data)
{
	struct drm_debugfs_entry *entry = m->private;
	struct puck_device *puck = to_puck_device(entry->dev);
	ktime_t now = ktime_get();
	struct puck_job *job;
	u32 i;

	for (i = 0; i < puck->num_rings; i++) {
		struct puck_ring *ring = puck->ring[i];

		spin_lock_irq(&ring->lock);
		list_for_each_entry(job, &ring->inflight, inflight)
			seq_printf(m, "ring %u job %llu seqno %u context %llu age %lld us error %d\n",
				   ring->index, job->number, job->seqno, job->fence->base.context,
				   ktime_us_delta(now, job->fence->start), job->error);
		spin_unlock_irq(&ring->lock);
	}
	return 0;
}

static void puck_debugfs_bo(struct seq_file *m, struct puck_bo *bo)
{
	struct sg_table *sgt = puck_bo_where(bo).sgt;
	struct drm_gem_object *obj = &bo->ttm.base;
	struct scatterlist *sg;
	char dmabuf[32] = "";
	int i;

	if (bo->exported)
		snprintf(dmabuf, sizeof(dmabuf), " dmabuf %lu", bo->export_number);
	seq_printf(m, "bo %p size %zu orig_nents %u nents %u place %s mapped %u peer %u%s%s%s%s%s\n",
		   obj, obj->size, sgt ? sgt->orig_nents : 0, sgt ? sgt->nents : 0,
		   puck_bo_place_name(bo), puck_prime_mappings(bo, false),
		   puck_prime_mappings(bo, true), dmabuf, bo->ttm.pin_count ? " pinned" : "",
		   bo->dmabuf ? " imported" : "", bo->userptr ? " userptr" : "",
		   bo->revoked ? " revoked" : "");
	if (!sgt)
		return;
	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (i == PUCK_DEBUGFS_SEGS) {
			seq_puts(m, "  ...\n");
			break;
		}
		seq_printf(m, "  %d: %#llx + %#x\n", i, (u64)sg_dma_address(sg),
			   sg_dma_len(sg));
	}
}

static int puck_debugfs_lock_bo(struct seq_file *m, struct puck_bo *bo)
{
	struct dma_resv *resv = bo->ttm.base.resv;
	int ret;

	ret = dma_resv_lock_interruptible(resv, NULL);
	if (ret)
		return ret;
	puck_debugfs_bo(m, bo);
	dma_resv_unlock(resv);
	return 0;
}

static int puck_debugfs_all_bos(struct seq_file *m, struct puck_device *puck)
{
	struct puck_bo *bo = NULL, *next;
	int ret = 0;

	while (!ret && (next = puck_bos_next(puck, bo))) {
		if (bo)
			drm_gem_object_put(&bo->ttm.base);
		bo = next;
		ret = puck_debugfs_lock_bo(m, bo);
	}
	if (bo)
		drm_gem_object_put(&bo->ttm.base);
	return ret;
}

static int puck_debugfs_bos(struct seq_file *m, void *data)
{
	struct drm_debugfs_entry *entry = m->private;
	int idx, ret;

	if (!drm_dev_enter(entry->dev, &idx))
		return -ENODEV;
	ret = puck_debugfs_all_bos(m, to_puck_device(entry->dev));
	drm_dev_exit(idx);
	return ret;
}

static int puck_debugfs_backoffs(struct seq_file *m, void *data)
{
	struct drm_debugfs_entry *entry = m->private;

	seq_printf(m, "%lld\n", (s64)atomic64_read(&to_puck_device(entry->dev)->backoffs));
	return 0;
}

static int puck_debugfs_vram(struct seq_file *m, void *data)
{
	struct drm_debugfs_entry *entry = m->private;
	struct puck_device *puck = to_puck_device(entry->dev);
	struct drm_printer p = drm_seq_file_printer(m);

	ttm_resource_manager_debug(&puck->mem->vram.base, &p);
	puck_spares_print(puck->mem, &p);
	return 0;
}

static void puck_debugfs_va(struct seq_file *m, struct drm_gpuva *va)
{
	seq_printf(m, "  %#llx + %#llx: ", va->va.addr, va->va.range);
	if (!va->gem.obj)
		seq_puts(m, "sparse\n");
	else
		seq_printf(m, "bo %p at %#llx%s%s\n", va->gem.obj, va->gem.offset,
			   to_puck_va(va)->readonly ? " readonly" : "",
			   va->vm_bo->evicted ? " evicted" : "");
}

static int puck_debugfs_vm(struct seq_file *m, struct puck_vm *vm)
{
	struct dma_resv *resv = drm_gpuvm_resv(&vm->base);
	struct drm_gpuva *va;
	int ret;

	ret = dma_resv_lock_interruptible(resv, NULL);
	if (ret)
		return ret;
	seq_printf(m, "vm %d users %u tables %llu small %llu big %llu updates %llu%s\n",
		   (int)READ_ONCE(vm->number), refcount_read(&vm->users), vm->pt.tables,
		   vm->pt.small, vm->pt.big, vm->updates, READ_ONCE(vm->lost) ? " lost" : "");
	drm_gpuvm_for_each_va(va, &vm->base)
		puck_debugfs_va(m, va);
	dma_resv_unlock(resv);
	return 0;
}

static int puck_debugfs_all_vms(struct seq_file *m, struct puck_device *puck)
{
	struct puck_vm *vm = NULL, *next;
	int ret = 0;

	while (!ret && (next = puck_vms_next(puck, vm))) {
		if (vm)
			drm_gpuvm_put(&vm->base);
		vm = next;
		ret = puck_debugfs_vm(m, vm);
	}
	if (vm)
		drm_gpuvm_put(&vm->base);
	return ret;
}

static void puck_debugfs_tlb(struct seq_file *m, struct puck_device *puck)
{
	seq_printf(m, "tlb entries %u of %u hits %llu misses %llu audit %u stale %llu\n",
		   puck_read(puck, PUCK_GPU_VM_TLB_ENTRIES),
		   puck_read(puck, PUCK_GPU_VM_TLB_CAPACITY),
		   puck_read64(puck, PUCK_GPU_VM_HITS), puck_read64(puck, PUCK_GPU_VM_MISSES),
		   puck_read(puck, PUCK_GPU_VM_CTRL), puck_read64(puck, PUCK_GPU_VM_STALE_USES));
}

static int puck_debugfs_vms(struct seq_file *m, void *data)
{
	struct drm_debugfs_entry *entry = m->private;
	struct puck_device *puck = to_puck_device(entry->dev);
	int idx, ret;

	if (!puck_awake_enter(puck, &idx))
		return -ENODEV;
	if (puck->vm_count)
		puck_debugfs_tlb(m, puck);
	ret = puck_debugfs_all_vms(m, puck);
	puck_awake_exit(puck, idx);
	return ret;
}

static int puck_debugfs_userptr(struct seq_file *m, void *data)
{
	struct drm_debugfs_entry *entry = m->private;

	puck_userptr_print(m, to_puck_device(entry->dev)->mem);
	return 0;
}

static int puck_debugfs_display(struct seq_file *m, void *data)
{
	struct drm_debugfs_entry *entry = m->private;
	int idx;

	if (!drm_dev_enter(entry->dev, &idx))
		return -ENODEV;
	puck_kms_print(m, to_puck_device(entry->dev));
	drm_dev_exit(idx);
	return 0;
}

/* What the device has seen us do wrong (docs/specs/gpu.rst, "Power states"). */
static int puck_debugfs_power(struct seq_file *m, void *data)
{
	struct drm_debugfs_entry *entry = m->private;
	struct puck_device *puck = to_puck_device(entry->dev);
	int idx;

	if (!puck_awake_enter(puck, &idx))
		return -ENODEV;
	if (puck->features & PUCK_GPU_FEATURE_POWER)
		seq_printf(m, "touches %u unfinished %u\n", puck_read(puck, PUCK_GPU_PM_TOUCHES),
			   puck_read(puck, PUCK_GPU_PM_UNFINISHED));
	puck_awake_exit(puck, idx);
	return 0;
}

static const struct drm_debugfs_info puck_debugfs_files[] = {
	{ "rings", puck_debugfs_rings, 0 },
	{ "fences", puck_debugfs_fences, 0 },
	{ "bos", puck_debugfs_bos, 0 },
	{ "backoffs", puck_debugfs_backoffs, 0 },
	{ "vram", puck_debugfs_vram, 0 },
	{ "vms", puck_debugfs_vms, 0 },
	{ "userptr", puck_debugfs_userptr, 0 },
	{ "display", puck_debugfs_display, 0 },
	{ "power", puck_debugfs_power, 0 },
};

/* Whether the device compares what its TLB says with the tables. Until its next reset. */
static int puck_audit_get(void *data, u64 *val)
{
	struct puck_device *puck = data;
	int idx;

	if (!puck_awake_enter(puck, &idx))
		return -ENODEV;
	*val = !!(puck_read(puck, PUCK_GPU_VM_CTRL) & PUCK_GPU_VM_AUDIT);
	puck_awake_exit(puck, idx);
	return 0;
}

static int puck_audit_set(void *data, u64 val)
{
	struct puck_device *puck = data;
	int idx;

	if (val > 1)
		return -EINVAL;
	if (!puck_awake_enter(puck, &idx))
		return -ENODEV;
	puck_write(puck, PUCK_GPU_VM_CTRL, val ? PUCK_GPU_VM_AUDIT : 0);
	puck_awake_exit(puck, idx);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(puck_audit_fops, puck_audit_get, puck_audit_set, "%llu\n");

/* "all", or the number of one dma-buf, as "bos" and fstat() of a descriptor say it. */
static int puck_revoke_parse(char *text, unsigned long *number)
{
	text = strim(text);
	*number = 0;
	if (!strcmp(text, "all"))
		return 0;
	if (kstrtoul(text, 10, number) || !*number)
		return -EINVAL;
	return 0;
}

/* Returns when importers have nothing mapped any more. */
static ssize_t puck_revoke_write(struct file *file, const char __user *buf, size_t count,
				 loff_t *pos)
{
	unsigned long number;
	char text[32];
	int ret;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	text[count] = '\0';
	ret = puck_revoke_parse(text, &number);
	if (!ret)
		ret = puck_revoke_named(file->private_data, number, true);
	return ret ?: count;
}

static const struct file_operations puck_revoke_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = puck_revoke_write,
};

static int puck_knob_get(struct puck_ring *ring, u32 reg, u64 *val)
{
	int idx;

	if (!puck_awake_enter(ring->puck, &idx))
		return -ENODEV;
	*val = puck_ring_read64(ring, reg);
	puck_awake_exit(ring->puck, idx);
	return 0;
}

static int puck_knob_set(struct puck_ring *ring, u32 reg, u64 val)
{
	int idx;

	if (!puck_awake_enter(ring->puck, &idx))
		return -ENODEV;
	puck_ring_write64(ring, reg, val);
	puck_awake_exit(ring->puck, idx);
	return 0;
}

static int puck_knob_set32(struct puck_ring *ring, u32 reg, u64 val)
{
	int idx;

	if (val > U32_MAX)
		return -EINVAL;
	if (!puck_awake_enter(ring->puck, &idx))
		return -ENODEV;
	puck_ring_write(ring, reg, val);
	puck_awake_exit(ring->puck, idx);
	return 0;
}

#define PUCK_KNOB(name, reg)						\
static int puck_##name##_get(void *data, u64 *val)			\
{									\
	return puck_knob_get(data, reg, val);				\
}									\
static int puck_##name##_set(void *data, u64 val)			\
{									\
	return puck_knob_set(data, reg, val);				\
}									\
DEFINE_DEBUGFS_ATTRIBUTE(puck_##name##_fops, puck_##name##_get,		\
			 puck_##name##_set, "%llu\n")

PUCK_KNOB(start_delay, PUCK_GPU_RING_START_DELAY);
PUCK_KNOB(delay, PUCK_GPU_RING_DELAY);
PUCK_KNOB(jitter, PUCK_GPU_RING_JITTER);
PUCK_KNOB(seed, PUCK_GPU_RING_SEED);

static int puck_hold_get(void *data, u64 *val)
{
	struct puck_ring *ring = data;
	int idx;

	if (!puck_awake_enter(ring->puck, &idx))
		return -ENODEV;
	*val = puck_ring_read(ring, PUCK_GPU_RING_HOLD);
	puck_awake_exit(ring->puck, idx);
	return 0;
}

static int puck_hold_set(void *data, u64 val)
{
	return val > 1 ? -EINVAL : puck_knob_set32(data, PUCK_GPU_RING_HOLD, val);
}
DEFINE_DEBUGFS_ATTRIBUTE(puck_hold_fops, puck_hold_get, puck_hold_set, "%llu\n");

static int puck_release_set(void *data, u64 val)
{
	return puck_knob_set32(data, PUCK_GPU_RING_RELEASE, val);
}
DEFINE_DEBUGFS_ATTRIBUTE(puck_release_fops, NULL, puck_release_set, "%llu\n");

static int puck_timeout_get(void *data, u64 *val)
{
	struct puck_ring *ring = data;

	*val = jiffies_to_msecs(READ_ONCE(ring->sched.timeout));
	return 0;
}

/* Counts for jobs that start from now on. */
static int puck_timeout_set(void *data, u64 val)
{
	struct puck_ring *ring = data;

	if (!val || val > INT_MAX)
		return -EINVAL;
	WRITE_ONCE(ring->sched.timeout, max(msecs_to_jiffies(val), 1ul));
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(puck_timeout_fops, puck_timeout_get, puck_timeout_set, "%llu\n");

static int puck_fallback_get(void *data, u64 *val)
{
	struct puck_ring *ring = data;

	*val = jiffies_to_msecs(READ_ONCE(ring->fallback_period));
	return 0;
}

static int puck_fallback_set(void *data, u64 val)
{
	if (!val || val > INT_MAX)
		return -EINVAL;
	puck_ring_set_fallback(data, max(msecs_to_jiffies(val), 1ul));
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(puck_fallback_fops, puck_fallback_get, puck_fallback_set, "%llu\n");

static void puck_debugfs_knobs(struct puck_ring *ring, struct dentry *root)
{
	struct dentry *dir;
	char name[16];

	snprintf(name, sizeof(name), "ring%u", ring->index);
	dir = debugfs_create_dir(name, root);
	debugfs_create_file_unsafe("timeout_ms", 0600, dir, ring, &puck_timeout_fops);
	debugfs_create_file_unsafe("fallback_ms", 0600, dir, ring, &puck_fallback_fops);
	if (!(ring->puck->features & PUCK_GPU_FEATURE_STAGE))
		return;
	debugfs_create_file_unsafe("start_delay_ns", 0600, dir, ring, &puck_start_delay_fops);
	debugfs_create_file_unsafe("delay_ns", 0600, dir, ring, &puck_delay_fops);
	debugfs_create_file_unsafe("jitter_ns", 0600, dir, ring, &puck_jitter_fops);
	debugfs_create_file_unsafe("seed", 0600, dir, ring, &puck_seed_fops);
	debugfs_create_file_unsafe("hold", 0600, dir, ring, &puck_hold_fops);
	debugfs_create_file_unsafe("release", 0200, dir, ring, &puck_release_fops);
}

/**
 * puck_debugfs_init - make the files
 * @minor: the DRM minor whose folder they are for
 */
void puck_debugfs_init(struct drm_minor *minor)
{
	struct puck_device *puck = to_puck_device(minor->dev);
	u32 i;

	drm_debugfs_add_files(minor->dev, puck_debugfs_files, ARRAY_SIZE(puck_debugfs_files));
	debugfs_create_file("revoke", 0200, minor->debugfs_root, puck, &puck_revoke_fops);
	if (puck->vm_count)
		debugfs_create_file_unsafe("vm_audit", 0600, minor->debugfs_root, puck,
					   &puck_audit_fops);
	for (i = 0; i < puck->num_rings; i++)
		puck_debugfs_knobs(puck->ring[i], minor->debugfs_root);
}
