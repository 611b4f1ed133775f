// SPDX-License-Identifier: GPL-2.0-only
/*
 * puck.ko: DRM render driver of the puck-gpu device (docs/specs/gpu.rst).
 *
 * Here are the beginning and the end: probe, remove, open, close.
 */
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "compat/gpu.h"
#include "core/device.h"

unsigned long puck_timeout_ms = 10000;
module_param_named(timeout_ms, puck_timeout_ms, ulong, 0444);
MODULE_PARM_DESC(timeout_ms, "Time a job may take in the hardware before it is given up, in ms");

/* Where jobs end; flushed before the module goes. */
struct workqueue_struct *puck_release_wq;

static int puck_open(struct drm_device *dev, struct drm_file *file)
{
	struct puck_device *puck = to_puck_device(dev);
	struct puck_file *pfile = kzalloc(sizeof(*pfile), GFP_KERNEL);
	int ret = 0;
	u32 i;

	if (!pfile)
		return -ENOMEM;
	for (i = 0; i < puck->num_rings; i++) {
		ret = puck_entity_init(&pfile->entity[i], puck->ring[i]);
		if (ret)
			break;
	}
	if (ret) {
		while (i--)
			puck_entity_fini(&pfile->entity[i]);
		kfree(pfile);
		return ret;
	}
	file->driver_priv = pfile;
	return 0;
}

static void puck_postclose(struct drm_device *dev, struct drm_file *file)
{
	struct puck_device *puck = to_puck_device(dev);
	struct puck_file *pfile = file->driver_priv;
	u32 i;

	for (i = 0; i < puck->num_rings; i++)
		puck_entity_fini(&pfile->entity[i]);
	kfree(pfile);
}

static const struct drm_ioctl_desc puck_ioctls[] = {
	DRM_IOCTL_DEF_DRV(PUCK_GETPARAM, puck_ioctl_getparam, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_GEM_CREATE, puck_ioctl_gem_create, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_GEM_MMAP_OFFSET, puck_ioctl_gem_mmap_offset, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_GEM_INFO, puck_ioctl_gem_info, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_GEM_WAIT, puck_ioctl_gem_wait, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_SUBMIT, puck_ioctl_submit, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_GEM_FLUSH, puck_ioctl_gem_flush, DRM_RENDER_ALLOW),
};

DEFINE_DRM_GEM_FOPS(puck_fops);

static const struct drm_driver puck_drm_driver = {
	.driver_features = DRIVER_GEM | DRIVER_RENDER | DRIVER_SYNCOBJ | DRIVER_SYNCOBJ_TIMELINE,
	.open = puck_open,
	.postclose = puck_postclose,
	.debugfs_init = puck_debugfs_init,
	.gem_create_object = puck_gem_create_object,
	.gem_prime_import = puck_prime_import,
	.gem_prime_import_sg_table = puck_gem_import_table,
	.ioctls = puck_ioctls,
	.num_ioctls = ARRAY_SIZE(puck_ioctls),
	.fops = &puck_fops,
	.name = "puck",
	.desc = "Puck virtual GPU",
	PUCK_DRM_DRIVER_DATE
	.major = 0,
	.minor = 1,
};

/*
 * The end of the DRM device: no file, no client and no job is left. The rings'
 * memory itself goes with the last fence.
 */
static void puck_rings_release(struct drm_device *dev, void *data)
{
	struct puck_device *puck = to_puck_device(dev);

	while (puck->num_rings) {
		struct puck_ring *ring = puck->ring[--puck->num_rings];

		puck_sched_fini(ring);
		puck_ring_put(ring);
	}
}

static int puck_rings_create(struct puck_device *puck, u32 num_rings)
{
	struct puck_ring *ring;
	int ret;

	ret = drmm_add_action_or_reset(&puck->drm, puck_rings_release, NULL);
	if (ret)
		return ret;

	while (puck->num_rings < num_rings) {
		ring = puck_ring_create(puck, puck->num_rings);
		if (!ring)
			return -ENOMEM;
		ret = puck_sched_init(ring);
		if (ret) {
			puck_ring_put(ring);
			return ret;
		}
		puck->ring[puck->num_rings++] = ring;
	}
	return 0;
}

static void puck_free_dma(struct puck_device *puck)
{
	u32 i;

	for (i = 0; i < puck->num_rings; i++)
		puck_ring_free(puck->ring[i]);
	dma_pool_destroy(puck->seg_pool);
}

static int puck_alloc_dma(struct puck_device *puck)
{
	int ret;
	u32 i;

	puck->seg_pool = dma_pool_create("puck segments", puck->drm.dev,
					 PUCK_SEGS_POOLED * sizeof(struct puck_gpu_seg),
					 sizeof(struct puck_gpu_seg), 0);
	if (!puck->seg_pool)
		return -ENOMEM;

	for (i = 0; i < puck->num_rings; i++) {
		ret = puck_ring_alloc(puck->ring[i]);
		if (ret) {
			puck_free_dma(puck);
			return ret;
		}
	}
	return 0;
}

/* Is it a puck-gpu of a kind we know? Then remember what it can do. */
static int puck_identify(struct puck_device *puck, u32 *num_rings)
{
	struct device *dev = puck->drm.dev;
	u32 magic = puck_read(puck, PUCK_GPU_MAGIC);
	u32 version = puck_read(puck, PUCK_GPU_VERSION);

	if (magic != PUCK_GPU_MAGIC_VALUE)
		return dev_err_probe(dev, -ENODEV, "bad magic %#x\n", magic);
	if ((version ^ PUCK_GPU_VERSION_VALUE) & PUCK_GPU_VERSION_MAJOR)
		return dev_err_probe(dev, -ENODEV, "unknown version %#x\n", version);

	*num_rings = puck_read(puck, PUCK_GPU_NUM_RINGS);
	puck->vram_size = puck_read64(puck, PUCK_GPU_VRAM_SIZE);
	puck->seg_len_max = puck_read(puck, PUCK_GPU_SEG_LEN_MAX);
	puck->segs_max = puck_read(puck, PUCK_GPU_SEGS_MAX);
	if (!*num_rings || *num_rings > PUCK_GPU_RINGS_MAX || !puck->seg_len_max)
		return dev_err_probe(dev, -ENODEV, "bad limits\n");
	return 0;
}

/* PCI, DMA limits, registers; all undone by devres. */
static int puck_init_pci(struct puck_device *puck)
{
	struct pci_dev *pdev = puck->pdev;
	struct device *dev = &pdev->dev;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return dev_err_probe(dev, ret, "cannot enable the device\n");
	puck->regs = pcim_iomap_region(pdev, PUCK_GPU_BAR_REGS, "puck");
	if (IS_ERR(puck->regs))
		return dev_err_probe(dev, PTR_ERR(puck->regs), "cannot map the registers\n");
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return dev_err_probe(dev, ret, "no 64-bit DMA\n");
	return 0;
}

/**
 * puck_start - enable all rings
 * @puck: the device, reset
 *
 * Return: 0 or a negative errno.
 */
int puck_start(struct puck_device *puck)
{
	int ret;
	u32 i;

	for (i = 0; i < puck->num_rings; i++) {
		ret = puck_ring_start(puck->ring[i]);
		if (ret) {
			dev_err(puck->drm.dev, "ring %u does not start: %d\n", i, ret);
			return ret;
		}
		puck_ring_number(puck->ring[i]);
	}
	return 0;
}

/* The device's RESET is done when no ring is on, or still at work on a reset. */
static int puck_reset_done(struct puck_device *puck, u32 num_rings)
{
	u32 i, val;
	int ret;

	for (i = 0; i < num_rings; i++) {
		ret = readl_poll_timeout(puck->regs + PUCK_GPU_RING(i) + PUCK_GPU_RING_CTRL, val,
					 !val || val == ~0u, PUCK_RESET_POLL_US,
					 PUCK_RESET_TIMEOUT_US);
		if (!ret && val)
			ret = -ENODEV;
		if (ret)
			return ret;
	}
	ret = readl_poll_timeout(puck->regs + PUCK_GPU_CTRL, val,
				 !(val & PUCK_GPU_CTRL_RESET) || val == ~0u,
				 PUCK_RESET_POLL_US, PUCK_RESET_TIMEOUT_US);
	return ret ?: val == ~0u ? -ENODEV : 0;
}

/**
 * puck_reset - reset the device: when this returns 0 it makes no access to memory
 * @puck: the device
 * @num_rings: rings that it has
 *
 * What it did before may be somebody else's work: of another driver, or of the
 * kernel that started this one by kexec.
 *
 * Context: may sleep; inside drm_dev_enter(), before there are users, or in remove.
 * Return: 0, -ENODEV if the device does not answer, -ETIMEDOUT.
 */
int puck_reset(struct puck_device *puck, u32 num_rings)
{
	int ret;

	puck_write(puck, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
	ret = puck_reset_done(puck, num_rings);
	if (ret && ret != -ENODEV)
		dev_err(puck->drm.dev, "the device does not reset: %d\n", ret);
	return ret;
}

static int puck_init_hw(struct puck_device *puck)
{
	u32 num_rings;
	int ret;

	ret = puck_identify(puck, &num_rings);
	if (ret)
		return ret;
	/* Whatever goes on there makes no access to memory, even if the reset fails. */
	pci_clear_master(puck->pdev);
	ret = puck_reset(puck, num_rings);
	if (ret)
		return ret;
	/* The DMA API works by pages; what is too long then is cut in mem/segs.c. */
	dma_set_max_seg_size(puck->drm.dev, max_t(u32, puck->seg_len_max, PAGE_SIZE));

	ret = puck_rings_create(puck, num_rings);
	if (ret)
		return ret;
	ret = puck_alloc_dma(puck);
	if (ret)
		return ret;

	pci_set_master(puck->pdev);
	ret = puck_irq_init(puck);
	if (ret) {
		dev_err_probe(puck->drm.dev, ret, "cannot set interrupts up\n");
		goto err_dma;
	}
	ret = puck_start(puck);
	if (ret)
		goto err_irq;
	return 0;

err_irq:
	puck_reset(puck, puck->num_rings);
	puck_irq_fini(puck);
err_dma:
	pci_clear_master(puck->pdev);
	puck_free_dma(puck);
	return ret;
}

static void puck_fini_hw(struct puck_device *puck)
{
	u32 i;

	/*
	 * First silence, then the news: memory may be reused after a fence. A
	 * device that does not reset is silenced by the end of bus mastering.
	 */
	puck_reset(puck, puck->num_rings);
	pci_clear_master(puck->pdev);
	puck_irq_fini(puck);
	for (i = 0; i < puck->num_rings; i++) {
		/* What was complete by then is no casualty. */
		puck_ring_retire(puck->ring[i]);
		puck_ring_kill(puck->ring[i], -ENODEV);
		timer_delete_sync(&puck->ring[i]->fallback);
		flush_workqueue(puck->ring[i]->reset_wq);
	}
	puck_gem_unbind_all(puck);
	puck_sched_detach_jobs(puck);
	puck_free_dma(puck);
}

static int puck_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct puck_device *puck;
	int ret;

	puck = devm_drm_dev_alloc(&pdev->dev, &puck_drm_driver, struct puck_device, drm);
	if (IS_ERR(puck))
		return PTR_ERR(puck);
	puck->pdev = pdev;
	INIT_LIST_HEAD(&puck->bos);
	INIT_LIST_HEAD(&puck->jobs);
	spin_lock_init(&puck->list_lock);
	spin_lock_init(&puck->err_lock);
	ret = drmm_mutex_init(&puck->drm, &puck->late_lock);
	if (ret)
		return ret;
	pci_set_drvdata(pdev, puck);

	ret = puck_init_pci(puck);
	if (ret)
		return ret;
	ret = puck_init_hw(puck);
	if (ret)
		return ret;
	ret = drm_dev_register(&puck->drm, 0);
	if (ret) {
		puck_fini_hw(puck);
		return ret;
	}
	puck_client_add_device(puck);
	return 0;
}

static void puck_remove(struct pci_dev *pdev)
{
	struct puck_device *puck = pci_get_drvdata(pdev);

	puck_client_remove_device(puck);
	/* From here on nobody else is between drm_dev_enter() and _exit(). */
	drm_dev_unplug(&puck->drm);
	puck_fini_hw(puck);
}

static void puck_shutdown(struct pci_dev *pdev)
{
	struct puck_device *puck = pci_get_drvdata(pdev);

	drm_dev_unplug(&puck->drm);
	puck_reset(puck, puck->num_rings);
	pci_clear_master(pdev);
}

static const struct pci_device_id puck_ids[] = {
	{ PCI_DEVICE(PUCK_GPU_PCI_VENDOR, PUCK_GPU_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, puck_ids);

static struct pci_driver puck_driver = {
	.name = "puck",
	.id_table = puck_ids,
	.probe = puck_probe,
	.remove = puck_remove,
	.shutdown = puck_shutdown,
	.driver.pm = pm_sleep_ptr(&puck_pm_ops),
};

static int __init puck_init(void)
{
	int ret;

	/* A few at a time, should one have to wait for a lock. */
	puck_release_wq = alloc_workqueue("puck_release", PUCK_WQ_PERCPU, 4);
	if (!puck_release_wq)
		return -ENOMEM;
	ret = pci_register_driver(&puck_driver);
	if (ret)
		destroy_workqueue(puck_release_wq);
	return ret;
}
module_init(puck_init);

/*
 * Each fence holds the module, and each job a fence. What may still run here
 * is the last line of a function that dropped one: wait for that.
 */
static void __exit puck_exit(void)
{
	pci_unregister_driver(&puck_driver);
	destroy_workqueue(puck_release_wq);
	rcu_barrier();
}
module_exit(puck_exit);

/* Whose GPUs are behind a puck-iommu wants that one first. */
MODULE_SOFTDEP("pre: puck_iommu");
PUCK_IMPORT_NS_DMA_BUF;
MODULE_DESCRIPTION("DRM render driver of the puck-gpu device");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
