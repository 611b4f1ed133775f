// SPDX-License-Identifier: GPL-2.0-only
/*
 * puck-gpu-share.ko, for tests: importers that do what the tree's own do not. A dma-buf belongs
 * to whoever has its descriptor, so each test begins in user space: by writing the descriptor to a
 * parameter of the module.
 *
 * "map_twice": one attachment is mapped twice, which dma-buf allows.
 *
 * "deaf": a mapping that stays when the exporter says that the memory moves, or is nowhere any
 * more; which dma-buf does not allow. -1 lets go of it. What is read there is the result of a job
 * that writes to it now.
 */
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>

#include "abi/puck_gpu.h"
#include "compat/gpu.h"
#include "puck/client.h"

static u64 share_bytes(struct sg_table *sgt)
{
	struct scatterlist *sg;
	u64 bytes = 0;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		bytes += sg_dma_len(sg);
	return bytes;
}

/* Nothing here has a device at work on what moves. */
static void share_moved(struct dma_buf_attachment *attach)
{
}

/* For an importer that is not told of moves the core would map once, in both directions. */
static const struct dma_buf_attach_ops share_ops = { .invalidate_mappings = share_moved };

static int share_map_twice(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct sg_table *in, *out;
	int ret = 0;

	in = dma_buf_map_attachment_unlocked(attach, DMA_FROM_DEVICE);
	if (IS_ERR(in))
		return PTR_ERR(in);
	out = dma_buf_map_attachment_unlocked(attach, DMA_TO_DEVICE);
	if (IS_ERR(out)) {
		ret = PTR_ERR(out);
	} else {
		if (in == out || share_bytes(in) != dmabuf->size ||
		    share_bytes(out) != dmabuf->size)
			ret = -EIO;
		/* Hands the pages of both mappings over, and back. */
		if (dma_buf_begin_cpu_access(dmabuf, DMA_BIDIRECTIONAL) ||
		    dma_buf_end_cpu_access(dmabuf, DMA_BIDIRECTIONAL))
			ret = -EIO;
		dma_buf_unmap_attachment_unlocked(attach, out, DMA_TO_DEVICE);
	}
	dma_buf_unmap_attachment_unlocked(attach, in, DMA_FROM_DEVICE);
	return ret;
}

static int share_import(struct dma_buf *dmabuf)
{
	struct pci_dev *pdev = pci_get_device(PUCK_GPU_PCI_VENDOR, PUCK_GPU_PCI_DEVICE, NULL);
	struct dma_buf_attachment *attach;
	int ret;

	if (!pdev)
		return -ENODEV;
	attach = dma_buf_dynamic_attach(dmabuf, &pdev->dev, &share_ops, NULL);
	ret = PTR_ERR_OR_ZERO(attach);
	if (!ret) {
		ret = share_map_twice(dmabuf, attach);
		dma_buf_detach(dmabuf, attach);
	}
	pci_dev_put(pdev);
	return ret;
}

static int map_twice_set(const char *val, const struct kernel_param *kp)
{
	struct dma_buf *dmabuf;
	int fd, ret;

	ret = kstrtoint(val, 0, &fd);
	if (ret)
		return ret;
	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	ret = share_import(dmabuf);
	dma_buf_put(dmabuf);
	return ret;
}

/* ---- deaf ---- */

/* Parameters are written and read by one at a time. */
static struct {
	struct puck_client *client;
	struct dma_buf *dmabuf;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
} deaf;

static void deaf_let_go(void)
{
	if (!deaf.client)
		return;
	dma_buf_unmap_attachment_unlocked(deaf.attach, deaf.sgt, DMA_BIDIRECTIONAL);
	dma_buf_detach(deaf.dmabuf, deaf.attach);
	dma_buf_put(deaf.dmabuf);
	puck_client_put(deaf.client);
	deaf.client = NULL;
}

static int deaf_attach(struct dma_buf *dmabuf, struct device *dev)
{
	struct dma_buf_attachment *attach = dma_buf_dynamic_attach(dmabuf, dev, &share_ops, NULL);
	struct sg_table *sgt;

	if (IS_ERR(attach))
		return PTR_ERR(attach);
	sgt = dma_buf_map_attachment_unlocked(attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt)) {
		dma_buf_detach(dmabuf, attach);
		return PTR_ERR(sgt);
	}
	deaf.dmabuf = dmabuf;
	deaf.attach = attach;
	deaf.sgt = sgt;
	return 0;
}

/* A GPU behind an IOMMU: where there is none, nothing keeps it from the memory. */
static struct puck_client *deaf_client(void)
{
	struct puck_client *client;
	struct pci_dev *pdev = NULL;

	do {
		pdev = pci_get_device(PUCK_GPU_PCI_VENDOR, PUCK_GPU_PCI_DEVICE, pdev);
	} while (pdev && !device_iommu_mapped(&pdev->dev));
	if (!pdev)
		return ERR_PTR(-ENODEV);
	client = puck_client_get(pdev);
	pci_dev_put(pdev);
	return client;
}

static int deaf_begin(int fd)
{
	struct puck_client *client;
	struct dma_buf *dmabuf;
	int ret;

	if (deaf.client)
		return -EBUSY;
	dmabuf = dma_buf_get(fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	client = deaf_client();
	ret = PTR_ERR_OR_ZERO(client);
	if (ret)
		goto err_dmabuf;
	ret = deaf_attach(dmabuf, puck_client_dma_dev(client));
	if (ret)
		goto err_client;
	deaf.client = client;
	return 0;

err_client:
	puck_client_put(client);
err_dmabuf:
	dma_buf_put(dmabuf);
	return ret;
}

static int deaf_set(const char *val, const struct kernel_param *kp)
{
	int fd, ret;

	ret = kstrtoint(val, 0, &fd);
	if (ret)
		return ret;
	if (fd != -1)
		return deaf_begin(fd);
	deaf_let_go();
	return 0;
}

/* No fence of it is left with the dma-buf. */
static int deaf_write(void)
{
	struct puck_client_seg seg = {
		.addr = sg_dma_address(deaf.sgt->sgl),
		.len = PAGE_SIZE,
	};
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_FILL,
		.value = 0xdeafdeaf,
		.length = seg.len,
		.dst = &seg,
		.ndst = 1,
	};
	struct dma_fence *fence = puck_client_submit(deaf.client, 0, &job);
	int ret;

	if (IS_ERR(fence))
		return PTR_ERR(fence);
	dma_fence_wait(fence, false);
	ret = dma_fence_get_status(fence);
	dma_fence_put(fence);
	return ret;
}

static int deaf_get(char *buffer, const struct kernel_param *kp)
{
	return deaf.client ? sysfs_emit(buffer, "%d\n", deaf_write()) : -ENOENT;
}

static const struct kernel_param_ops deaf_ops = { .set = deaf_set, .get = deaf_get };
module_param_cb(deaf, &deaf_ops, NULL, 0600);
MODULE_PARM_DESC(deaf, "Descriptor of a dma-buf to be kept mapped; -1: no more; read: write to it");

static const struct kernel_param_ops map_twice_ops = { .set = map_twice_set };
module_param_cb(map_twice, &map_twice_ops, NULL, 0200);
MODULE_PARM_DESC(map_twice, "Descriptor of a dma-buf that is to be mapped twice");

PUCK_IMPORT_NS_DMA_BUF;
MODULE_DESCRIPTION("Tests of puck.ko with importers that are not like its own");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
