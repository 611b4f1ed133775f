// SPDX-License-Identifier: GPL-2.0-only
/*
 * puck-gpu-share.ko, for tests: an importer that does what the tree's own do not,
 * but dma-buf allows. It maps one attachment twice. A dma-buf belongs to whoever has
 * its descriptor, so the test begins in user space: by writing the descriptor to the
 * module's parameter "map_twice".
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/kstrtox.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>

#include "abi/puck_gpu.h"
#include "compat/gpu.h"

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

static const struct kernel_param_ops map_twice_ops = { .set = map_twice_set };
module_param_cb(map_twice, &map_twice_ops, NULL, 0200);
MODULE_PARM_DESC(map_twice, "Descriptor of a dma-buf that is to be mapped twice");

PUCK_IMPORT_NS_DMA_BUF;
MODULE_DESCRIPTION("Tests of puck.ko with an importer that maps twice");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
