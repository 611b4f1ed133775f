// SPDX-License-Identifier: GPL-2.0-only
/*
 * A GPU that reads what the camera wrote: it has the same pages, in a mapping of its own, and
 * copies them. Of fences it knows nothing: who submits looks after these.
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "abi/puck_gpu.h"
#include "camera/camera.h"
#include "camera/share.h"

/* The first one that an IOMMU translates for, or not, as for the camera. */
static struct puck_client *find_gpu(struct device *camera)
{
	struct pci_dev *pdev = NULL;
	struct puck_client *gpu;

	while ((pdev = pci_get_device(PUCK_GPU_PCI_VENDOR, PUCK_GPU_PCI_DEVICE, pdev))) {
		if (device_iommu_mapped(&pdev->dev) != device_iommu_mapped(camera))
			continue;
		gpu = puck_client_get(pdev);
		if (IS_ERR(gpu))
			continue;
		pci_dev_put(pdev);
		return gpu;
	}
	return NULL;
}

/**
 * puck_camera_share_skip - skip() of a scenario with a GPU
 * @run: the run
 *
 * Return: why it cannot be played, or NULL.
 */
const char *puck_camera_share_skip(struct puck_run *run)
{
	struct puck_client *gpu;

	if (run->mapper)
		return "under puck-dma, where a device writes to a copy of its own";
	gpu = find_gpu(run->dev);
	if (!gpu)
		return "there is no GPU that has the same IOMMU";
	puck_client_put(gpu);
	return NULL;
}

/**
 * puck_camera_share_setup - setup() of a scenario with fences
 * @run: the run; its priv becomes the driver, with the share
 *
 * The scenario sets the work of its wait, if it has one.
 *
 * Return: 0 or a negative errno.
 */
int puck_camera_share_setup(struct puck_run *run)
{
	struct puck_camera_share *share;
	struct puck_camera *cam;
	int ret;

	ret = puck_camera_setup(run);
	if (ret)
		return ret;
	share = kzalloc(sizeof(*share), GFP_KERNEL);
	if (!share)
		return -ENOMEM;
	cam = run->priv;
	cam->share = share;
	share->cam = cam;
	share->context = dma_fence_context_alloc(1);
	dma_resv_init(&share->resv);
	return 0;
}

/**
 * puck_camera_share_gpu - the same, and with a GPU
 * @run: the run; its priv becomes the driver, with the share
 * @wait: the work of its wait
 *
 * Return: 0 or a negative errno.
 */
int puck_camera_share_gpu(struct puck_run *run, work_func_t wait)
{
	struct puck_camera_share *share;
	struct puck_camera *cam;
	unsigned int pages;
	int ret;

	ret = puck_camera_share_setup(run);
	if (ret)
		return ret;
	cam = run->priv;
	share = cam->share;
	INIT_WORK(&share->wait.work, wait);
	share->gpu = find_gpu(run->dev);
	if (!share->gpu)
		return -ENODEV;
	share->dev = puck_client_dma_dev(share->gpu);
	pages = PAGE_ALIGN(puck_camera_size(&cam->format)) >> PAGE_SHIFT;
	ret = puck_buffer_alloc(&share->copy, pages);
	if (!ret)
		ret = puck_buffer_map(&share->copy, share->dev, DMA_FROM_DEVICE);
	if (ret)
		return ret;
	share->to = puck_segments(&share->copy.sgt);
	return share->to ? 0 : -ENOMEM;
}

static void unmap_buffer(struct puck_camera_share *share)
{
	if (!share->mapped)
		return;
	dma_unmap_sgtable(share->dev, &share->sgt, DMA_TO_DEVICE, 0);
	sg_free_table(&share->sgt);
}

/**
 * puck_camera_share_teardown - teardown() of a scenario with fences
 * @run: the run; nobody waits
 */
void puck_camera_share_teardown(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;
	struct puck_camera_share *share = cam ? cam->share : NULL;

	if (!share) {
		puck_camera_teardown(run);
		return;
	}
	puck_camera_share_finish(share);
	if (share->gpu)
		puck_client_set_delay(share->gpu, 0, 0, 0);
	unmap_buffer(share);
	puck_buffer_free(&share->copy);
	kfree(share->from);
	kfree(share->to);
	/* Fences of the camera end in here. */
	puck_camera_teardown(run);
	dma_resv_fini(&share->resv);
	if (share->gpu)
		puck_client_put(share->gpu);
	kfree(share);
}

/**
 * puck_camera_share_buffer - let the GPU have buffer 0, for reading
 * @share: the share, whose driver has buffers
 *
 * Return: 0 or a negative errno.
 */
int puck_camera_share_buffer(struct puck_camera_share *share)
{
	struct puck_buffer *mem = puck_camera_memory(puck_camera_buffer(share->cam, 0));
	int ret;

	ret = sg_alloc_table_from_pages(&share->sgt, mem->pages, share->copy.npages, 0,
					puck_camera_size(&share->cam->format), GFP_KERNEL);
	if (ret)
		return ret;
	ret = dma_map_sgtable(share->dev, &share->sgt, DMA_TO_DEVICE, 0);
	if (ret) {
		sg_free_table(&share->sgt);
		return ret;
	}
	share->mapped = true;
	share->from = puck_segments(&share->sgt);
	return share->from ? 0 : -ENOMEM;
}

/**
 * puck_camera_share_read - have the GPU copy the picture
 * @share: the share; no copy is under way
 *
 * Return: 0 with @share->job, or a negative errno.
 */
int puck_camera_share_read(struct puck_camera_share *share)
{
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_COPY,
		.length = puck_camera_size(&share->cam->format),
		.src = share->from,
		.nsrc = share->sgt.nents,
		.dst = share->to,
		.ndst = share->copy.sgt.nents,
	};
	struct dma_fence *fence = puck_client_submit(share->gpu, 0, &job);

	if (IS_ERR(fence))
		return PTR_ERR(fence);
	share->job = fence;
	return 0;
}

/**
 * puck_camera_share_finish - wait for the copy, if there is one
 * @share: the share
 *
 * Return: 0 or the job's error.
 */
int puck_camera_share_finish(struct puck_camera_share *share)
{
	struct dma_fence *job = share->job;

	share->job = NULL;
	return job ? puck_copy_finish(job) : 0;
}

/* Lines of plane 0, in what the GPU copied, that have the stamp of a frame. */
static unsigned int lines_of(struct puck_camera_share *share, u32 frame)
{
	const struct puck_camera_format *format = &share->cam->format;
	unsigned int line, good = 0;
	struct puck_cam_line stamp;

	dma_sync_sgtable_for_cpu(share->dev, &share->copy.sgt, DMA_FROM_DEVICE);
	for (line = 0; line < format->height; line++) {
		size_t at = line * format->stride;

		/* A line is a part of a page. */
		memcpy_from_page((char *)&stamp, share->copy.pages[at >> PAGE_SHIFT],
				 offset_in_page(at), sizeof(stamp));
		good += stamp.magic == PUCK_CAM_LINE_MAGIC && le16_to_cpu(stamp.line) == line &&
			le32_to_cpu(stamp.frame) == frame;
	}
	return good;
}

/**
 * puck_camera_share_verdict - verdict() of a scenario whose GPU is to read a whole frame
 * @run: the run; the GPU's copy is over
 * @frame: number of the frame
 */
void puck_camera_share_verdict(struct puck_run *run, u32 frame)
{
	struct puck_camera *cam = run->priv;
	unsigned int good = lines_of(cam->share, frame);

	if (good < cam->format.height)
		puck_caught(run, "compare", "the GPU read %u of %u lines of the frame", good,
			    cam->format.height);
}
