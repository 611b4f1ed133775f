// SPDX-License-Identifier: GPL-2.0-only
/*
 * puck.ko: DRM render driver of the puck-gpu device (docs/specs/gpu.rst).
 *
 * Here are the beginning and the end: probe, remove, suspend, open, close.
 */
#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "../compat/gpu.h"
#include "puck_drv.h"

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

static int puck_start_rings(struct puck_device *puck)
{
	int ret;
	u32 i;

	for (i = 0; i < puck->num_rings; i++) {
		ret = puck_ring_start(puck->ring[i]);
		if (ret)
			return dev_err_probe(puck->drm.dev, ret, "ring %u does not start\n", i);
		puck_ring_number(puck->ring[i]);
	}
	return 0;
}

static void puck_reset(struct puck_device *puck)
{
	u32 i;

	for (i = 0; i < puck->num_rings; i++)
		puck_ring_stop(puck->ring[i]);
	puck_write(puck, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
}

static int puck_init_hw(struct puck_device *puck)
{
	u32 num_rings;
	int ret;

	ret = puck_identify(puck, &num_rings);
	if (ret)
		return ret;
	puck_write(puck, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
	/* The DMA API works by pages; what is too long then is cut in puck_segs.c. */
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
	ret = puck_start_rings(puck);
	if (ret)
		goto err_irq;
	return 0;

err_irq:
	puck_reset(puck);
	puck_irq_fini(puck);
err_dma:
	pci_clear_master(puck->pdev);
	puck_free_dma(puck);
	return ret;
}

static void puck_fini_hw(struct puck_device *puck)
{
	u32 i;

	/* First silence, then the news: memory may be reused after a fence. */
	puck_reset(puck);
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
	puck_reset(puck);
	pci_clear_master(pdev);
}

static bool puck_ring_is_idle(struct puck_ring *ring)
{
	bool idle;

	spin_lock_irq(&ring->lock);
	idle = list_empty(&ring->inflight);
	spin_unlock_irq(&ring->lock);
	return idle;
}

static void puck_start_scheds(struct puck_device *puck)
{
	u32 i;

	for (i = 0; i < puck->num_rings; i++)
		drm_sched_wqueue_start(&puck->ring[i]->sched);
}

/* New jobs wait in their queues, those in the hardware are waited for. */
static int puck_suspend(struct device *dev)
{
	struct puck_device *puck = dev_get_drvdata(dev);
	u32 i;

	for (i = 0; i < puck->num_rings; i++)
		drm_sched_wqueue_stop(&puck->ring[i]->sched);
	for (i = 0; i < puck->num_rings; i++) {
		struct puck_ring *ring = puck->ring[i];

		if (!wait_event_timeout(ring->idle, puck_ring_is_idle(ring),
					READ_ONCE(ring->sched.timeout))) {
			drm_err(&puck->drm, "ring %u does not get idle\n", i);
			puck_start_scheds(puck);
			return -EBUSY;
		}
		puck_ring_save(ring);
	}
	puck_reset(puck);
	return 0;
}

static int puck_resume(struct device *dev)
{
	struct puck_device *puck = dev_get_drvdata(dev);
	int ret;
	u32 i;

	puck_write(puck, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
	for (i = 0; i < puck->num_rings; i++)
		puck_ring_restore(puck->ring[i]);
	puck_write(puck, PUCK_GPU_IRQ_ENABLE, PUCK_GPU_IRQ_ALL);
	ret = puck_start_rings(puck);
	for (i = 0; ret && i < puck->num_rings; i++)
		puck_ring_kill(puck->ring[i], -EIO);
	puck_start_scheds(puck);
	return ret;
}

static DEFINE_SIMPLE_DEV_PM_OPS(puck_pm_ops, puck_suspend, puck_resume);

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
