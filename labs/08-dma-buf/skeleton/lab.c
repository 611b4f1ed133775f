// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 8: memory that is shared by dma-buf. The first half exports memory, and hands it to devices
 * and to the CPU in turns; the second half lets a GPU work on memory that somebody else exports.
 * README.rst has what is asked for.
 */
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "puck_lab_dmabuf.h"
#include "puck_lab_gpus.h"
#include "puck_lab_port.h"

#define LAB_PAGES_MAX	256

/**
 * struct lab - the module
 * @gpu: the GPU behind the IOMMU: a client of puck.ko
 * @port: the device that the grader's port is of
 */
struct lab {
	struct puck_client *gpu;
	struct platform_device *port;
};

static struct lab lab;

/* ---- the exporter ---- */

/**
 * struct lab_memory - memory that is exported; goes with its dma-buf
 * @npages: pages in it
 * @pages: the pages
 *
 * TODO: to hand the memory to the CPU, and back, you have to know who has it mapped.
 */
struct lab_memory {
	unsigned long npages;
	struct page *pages[] __counted_by(npages);
};

static void lab_memory_free(struct lab_memory *mem)
{
	unsigned long i;

	for (i = 0; i < mem->npages && mem->pages[i]; i++)
		__free_page(mem->pages[i]);
	kfree(mem);
}

static struct lab_memory *lab_memory_alloc(unsigned long npages)
{
	struct lab_memory *mem;
	unsigned long i;

	if (!npages || npages > LAB_PAGES_MAX)
		return ERR_PTR(-EINVAL);
	mem = kzalloc(struct_size(mem, pages, npages), GFP_KERNEL);
	if (!mem)
		return ERR_PTR(-ENOMEM);
	mem->npages = npages;
	for (i = 0; i < npages; i++) {
		mem->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!mem->pages[i]) {
			lab_memory_free(mem);
			return ERR_PTR(-ENOMEM);
		}
	}
	return mem;
}

/**
 * lab_export - export new memory
 * @npages: how much of it
 *
 * Return: a file of the dma-buf, or a negative errno.
 */
static int lab_export(unsigned long npages)
{
	struct lab_memory *mem = lab_memory_alloc(npages);

	if (IS_ERR(mem))
		return PTR_ERR(mem);
	/*
	 * TODO: struct dma_buf_ops, and a dma-buf that has the memory from here on. Programs map
	 * it, devices map it, and both look at it in turns.
	 */
	lab_memory_free(mem);
	return -EOPNOTSUPP;
}

/* ---- the importer ---- */

/**
 * lab_fill - have the GPU fill a dma-buf, whoever exports it
 * @fd: a file of it
 * @value: what with
 *
 * Return: 0, with the value in all of it; or a negative errno.
 */
static int lab_fill(int fd, u32 value)
{
	/*
	 * TODO: get the dma-buf, and addresses in it for puck_client_dma_dev(lab.gpu); have the GPU
	 * fill all of it by puck_client_submit() when nobody else uses the memory; wait for that.
	 * Then let go of all that you got.
	 */
	return -EOPNOTSUPP;
}

/* ---- what comes from the grader; not a part of the exercise ---- */

static long lab_call(void *priv, struct puck_lab_call *call, void *in, void *out)
{
	int fd;

	switch (call->op) {
	case PUCK_LAB_DMABUF_EXPORT:
		fd = lab_export(call->arg[0]);
		call->arg[1] = fd;
		return min(fd, 0);
	case PUCK_LAB_DMABUF_FILL:
		return lab_fill(call->arg[0], call->arg[1]);
	default:
		return -ENOTTY;
	}
}

static int __init lab_init(void)
{
	int ret;

	lab.gpu = puck_lab_gpu(true);
	if (IS_ERR(lab.gpu))
		return PTR_ERR(lab.gpu);
	lab.port = platform_device_register_simple("dmabuf", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(lab.port)) {
		ret = PTR_ERR(lab.port);
		goto err_gpu;
	}
	ret = devm_puck_lab_port(&lab.port->dev, lab_call, &lab);
	if (!ret)
		return 0;
	platform_device_unregister(lab.port);
err_gpu:
	puck_client_put(lab.gpu);
	return ret;
}
module_init(lab_init);

static void __exit lab_exit(void)
{
	platform_device_unregister(lab.port);
	puck_client_put(lab.gpu);
}
module_exit(lab_exit);

MODULE_IMPORT_NS(DMA_BUF);
MODULE_DESCRIPTION("Lab 8: dma-buf");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
