// SPDX-License-Identifier: GPL-2.0-only
/*
 * puck.ko: DRM driver of the puck-gpu device (docs/specs/gpu.rst).
 *
 * Here are the beginning and the end: probe, remove, shutdown.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/puck_drm.h>
#include <drm/virtgpu_drm.h>

#include "client/devices.h"
#include "compat/fbdev.h"
#include "compat/gpu.h"
#include "core/awake.h"
#include "core/device.h"
#include "debugfs.h"
#include "kms/fb.h"
#include "kms/init.h"
#include "mem/bar.h"
#include "mem/bo.h"
#include "mem/ioctl.h"
#include "mem/mem.h"
#include "mem/prime.h"
#include "mem/revoke.h"
#include "mem/segs.h"
#include "outage.h"
#include "pm.h"
#include "render3d/context.h"
#include "render3d/ioctl.h"
#include "render3d/render.h"
#include "sched/dump.h"
#include "sched/irq.h"
#include "sched/job.h"
#include "sched/lock_order.h"
#include "sched/mover.h"
#include "sched/recover.h"
#include "sched/ring.h"
#include "sched/rings.h"
#include "submit/file.h"
#include "submit/ioctl.h"
#include "submit/query.h"
#include "submit/queues.h"
#include "submit/vms.h"
#include "vm/vm.h"

static const struct drm_ioctl_desc puck_ioctls[] = {
	DRM_IOCTL_DEF_DRV(PUCK_GET_PARAM, puck_ioctl_get_param, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_GET_REGIONS, puck_ioctl_get_regions, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_GEM_CREATE, puck_ioctl_gem_create, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_GEM_MMAP_OFFSET, puck_ioctl_gem_mmap_offset, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_GEM_INFO, puck_ioctl_gem_info, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_GEM_WAIT, puck_ioctl_gem_wait, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_GEM_FLUSH, puck_ioctl_gem_flush, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_QUEUE_CREATE, puck_ioctl_queue_create, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_QUEUE_DESTROY, puck_ioctl_queue_destroy, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_QUEUE_STATE, puck_ioctl_queue_state, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_SUBMIT, puck_ioctl_submit, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_VM_CREATE, puck_ioctl_vm_create, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_VM_DESTROY, puck_ioctl_vm_destroy, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_VM_BIND, puck_ioctl_vm_bind, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(PUCK_GEM_USERPTR, puck_ioctl_gem_userptr, DRM_RENDER_ALLOW),
	/* Of Mesa's virgl driver: those before 0x50 are its. */
	DRM_IOCTL_DEF_DRV(VIRTGPU_MAP, puck_ioctl_virtgpu_map, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(VIRTGPU_EXECBUFFER, puck_ioctl_virtgpu_execbuffer, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(VIRTGPU_GETPARAM, puck_ioctl_virtgpu_getparam, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(VIRTGPU_RESOURCE_CREATE, puck_ioctl_virtgpu_resource_create,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(VIRTGPU_RESOURCE_INFO, puck_ioctl_virtgpu_resource_info,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(VIRTGPU_TRANSFER_FROM_HOST, puck_ioctl_virtgpu_transfer_from_host,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(VIRTGPU_TRANSFER_TO_HOST, puck_ioctl_virtgpu_transfer_to_host,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(VIRTGPU_WAIT, puck_ioctl_virtgpu_wait, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(VIRTGPU_GET_CAPS, puck_ioctl_virtgpu_get_caps, DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(VIRTGPU_RESOURCE_CREATE_BLOB, puck_ioctl_virtgpu_resource_create_blob,
			  DRM_RENDER_ALLOW),
	DRM_IOCTL_DEF_DRV(VIRTGPU_CONTEXT_INIT, puck_ioctl_virtgpu_context_init,
			  DRM_RENDER_ALLOW),
};

static const struct file_operations puck_fops = {
	.owner = THIS_MODULE,
	DRM_GEM_FOPS,
	.show_fdinfo = drm_show_fdinfo,
};

static void puck_close(struct drm_device *dev, struct drm_file *file)
{
	puck_render_close(dev, file);
	puck_file_close(dev, file);
}

static const struct drm_driver puck_drm_driver = {
	.driver_features = DRIVER_GEM | DRIVER_GEM_GPUVA | DRIVER_RENDER | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE | DRIVER_MODESET | DRIVER_ATOMIC,
	.open = puck_file_open,
	.postclose = puck_close,
	.debugfs_init = puck_debugfs_init,
	.gem_prime_import = puck_prime_import,
	PUCK_FB_DUMB_OPS
	PUCK_FBDEV_OPS
	.ioctls = puck_ioctls,
	.num_ioctls = ARRAY_SIZE(puck_ioctls),
	.fops = &puck_fops,
	.show_fdinfo = puck_mem_print,
	.name = "puck",
	.desc = "Puck virtual GPU",
	PUCK_DRM_DRIVER_DATE
	.major = 0,
	.minor = 8,
};

/* What goes with the DRM device, the last one made first. */
static int puck_init_parts(struct puck_device *puck, const struct puck_ring_info *rings,
			   u32 num_rings)
{
	int ret;

	ret = puck_bar_init(puck);
	if (!ret)
		ret = puck_mem_init(puck);
	if (!ret)
		ret = puck_rings_create(puck, rings, num_rings);
	if (!ret)
		ret = puck_mover_init(puck);
	if (ret)
		return ret;
	puck->mem->give_up = puck_recover_give_up;
	ret = puck_render_init(puck);
	return ret ?: puck_kms_init(puck);
}

static int puck_init_hw(struct puck_device *puck)
{
	struct puck_ring_info rings[PUCK_GPU_RINGS_MAX];
	u32 num_rings;
	int ret;

	ret = puck_identify(puck, rings, &num_rings);
	if (ret)
		return ret;
	/* Whatever goes on there makes no access to memory, even if the reset fails. */
	pci_clear_master(puck->pdev);
	ret = puck_device_reset(puck);
	if (ret)
		return ret;
	/* The DMA API works by pages; what is too long then is cut in mem/segs.c. */
	dma_set_max_seg_size(puck->drm.dev, max_t(u32, puck->seg_len_max, PAGE_SIZE));

	ret = puck_init_parts(puck, rings, num_rings);
	if (ret)
		return ret;
	ret = puck_segs_init(puck);
	if (ret)
		return ret;
	ret = puck_vms_init(puck);
	if (ret)
		goto err_segs;
	ret = puck_rings_alloc(puck);
	if (ret)
		goto err_vms;

	pci_set_master(puck->pdev);
	ret = puck_irq_init(puck);
	if (ret) {
		dev_err_probe(puck->drm.dev, ret, "cannot set interrupts up\n");
		goto err_dma;
	}
	ret = puck_kms_start(puck);
	if (ret)
		goto err_irq;
	ret = puck_rings_start(puck);
	if (ret)
		goto err_kms;
	return 0;

err_kms:
	puck_kms_stop(puck);
err_irq:
	puck_device_reset(puck);
	puck_irq_fini(puck);
err_dma:
	pci_clear_master(puck->pdev);
	puck_rings_free(puck);
err_vms:
	puck_vms_fini(puck);
err_segs:
	puck_segs_fini(puck);
	return ret;
}

static void puck_fini_hw(struct puck_device *puck)
{
	u32 i;

	/*
	 * First silence, then the news: memory may be reused after a fence. A
	 * device that does not reset is silenced by the end of bus mastering.
	 */
	puck_device_reset(puck);
	pci_clear_master(puck->pdev);
	puck_kms_stop(puck);
	puck_irq_fini(puck);
	for (i = 0; i < puck->num_rings; i++) {
		/* Jobs that were complete before the reset are no casualties. */
		puck_ring_retire(puck->ring[i]);
		puck_ring_kill(puck->ring[i], -ENODEV);
		timer_delete_sync(&puck->ring[i]->fallback);
	}
	flush_workqueue(puck->reset_wq);
	puck_dump_fini(puck);
	puck_kms_fini(puck);
	puck_revoke_named(puck, 0, false);
	puck_gem_unbind_all(puck);
	puck_jobs_detach(puck);
	puck_vms_detach(puck);
	puck_rings_free(puck);
	puck_vms_fini(puck);
	puck_segs_fini(puck);
}

static void puck_release_locks(struct drm_device *dev, void *data)
{
	mutex_destroy(&to_puck_device(dev)->late_lock);
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
	init_waitqueue_head(&puck->job_ended);
	INIT_LIST_HEAD(&puck->vms);
	spin_lock_init(&puck->list_lock);
	spin_lock_init(&puck->err_lock);
	spin_lock_init(&puck->root_lock);
	/* With a class of its own, which drmm_mutex_init() would share with other drivers. */
	mutex_init(&puck->late_lock);
	ret = drmm_add_action_or_reset(&puck->drm, puck_release_locks, NULL);
	if (ret)
		return ret;
	pci_set_drvdata(pdev, puck);

	ret = puck_device_init_pci(puck);
	if (ret)
		return ret;
	ret = puck_init_hw(puck);
	if (ret)
		return ret;
	ret = puck_lock_order_prime(puck);
	if (ret)
		goto err_hw;
	ret = drm_dev_register(&puck->drm, 0);
	if (ret)
		goto err_hw;
	puck_client_add_device(puck);
	puck_kms_serve_kernel(puck);
	puck_awake_begin(puck);
	return 0;

err_hw:
	puck_fini_hw(puck);
	return ret;
}

static void puck_remove(struct pci_dev *pdev)
{
	struct puck_device *puck = pci_get_drvdata(pdev);

	puck_awake_end(puck);
	puck_client_remove_device(puck);
	puck_kms_leave(puck);
	/* From here on nobody else is between drm_dev_enter() and _exit(). */
	drm_dev_unplug(&puck->drm);
	puck_fini_hw(puck);
}

static void puck_shutdown(struct pci_dev *pdev)
{
	struct puck_device *puck = pci_get_drvdata(pdev);

	puck_kms_leave(puck);
	drm_dev_unplug(&puck->drm);
	puck_device_reset(puck);
	pci_clear_master(pdev);
	if (puck->display)
		puck->display->lose(puck->kms);
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
	.err_handler = &puck_outage_handlers,
	.driver.pm = pm_ptr(&puck_pm_ops),
};

static int __init puck_init(void)
{
	int ret = puck_jobs_init();

	if (ret)
		return ret;
	ret = puck_vms_setup();
	if (ret)
		goto err_jobs;
	ret = pci_register_driver(&puck_driver);
	if (ret)
		goto err_vms;
	return 0;

err_vms:
	puck_vms_exit();
err_jobs:
	puck_jobs_exit();
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
	/* The last job of a VM may have its end queued. */
	puck_jobs_exit();
	puck_vms_exit();
	rcu_barrier();
}
module_exit(puck_exit);

/* Where GPUs are behind a puck-iommu, its driver has to be loaded first. */
MODULE_SOFTDEP("pre: puck_iommu");
PUCK_IMPORT_NS_DMA_BUF;
MODULE_DESCRIPTION("DRM render driver of the puck-gpu device");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
