// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 8: memory that is shared by dma-buf. The first half exports memory, and hands it to devices
 * and to the CPU in turns; the second half lets a GPU work on memory that somebody else exports.
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
 * @lock: of @maps
 * @maps: what importers have mapped, struct lab_map.node
 * @pages: the pages
 */
struct lab_memory {
	unsigned long npages;
	struct mutex lock;		/* @maps */
	struct list_head maps;
	struct page *pages[] __counted_by(npages);
};

/**
 * struct lab_map - memory as one device sees it
 * @node: in lab_memory.maps
 * @dev: the device
 * @dir: the direction that it is mapped in
 * @sgt: the pages, and what they are for @dev; the importer has this
 */
struct lab_map {
	struct list_head node;
	struct device *dev;
	enum dma_data_direction dir;
	struct sg_table sgt;
};

/* Each importer has a device and so addresses of its own. */
static struct sg_table *lab_map(struct dma_buf_attachment *attach, enum dma_data_direction dir)
{
	struct lab_memory *mem = attach->dmabuf->priv;
	struct lab_map *map = kzalloc(sizeof(*map), GFP_KERNEL);
	int ret;

	if (!map)
		return ERR_PTR(-ENOMEM);
	map->dev = attach->dev;
	map->dir = dir;
	ret = sg_alloc_table_from_pages(&map->sgt, mem->pages, mem->npages, 0,
					mem->npages * PAGE_SIZE, GFP_KERNEL);
	if (ret)
		goto err_map;
	ret = dma_map_sgtable(map->dev, &map->sgt, dir, 0);
	if (ret)
		goto err_table;
	mutex_lock(&mem->lock);
	list_add_tail(&map->node, &mem->maps);
	mutex_unlock(&mem->lock);
	return &map->sgt;

err_table:
	sg_free_table(&map->sgt);
err_map:
	kfree(map);
	return ERR_PTR(ret);
}

static void lab_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
		      enum dma_data_direction dir)
{
	struct lab_memory *mem = attach->dmabuf->priv;
	struct lab_map *map = container_of(sgt, struct lab_map, sgt);

	mutex_lock(&mem->lock);
	list_del(&map->node);
	mutex_unlock(&mem->lock);
	dma_unmap_sgtable(map->dev, &map->sgt, map->dir, 0);
	sg_free_table(&map->sgt);
	kfree(map);
}

/* The CPU is next: it has to see what devices wrote. The core has waited for fences. */
static int lab_begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct lab_memory *mem = dmabuf->priv;
	struct lab_map *map;

	mutex_lock(&mem->lock);
	list_for_each_entry(map, &mem->maps, node)
		dma_sync_sgtable_for_cpu(map->dev, &map->sgt, map->dir);
	mutex_unlock(&mem->lock);
	return 0;
}

/* Devices are next, and have to see what the CPU wrote. */
static int lab_end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct lab_memory *mem = dmabuf->priv;
	struct lab_map *map;

	mutex_lock(&mem->lock);
	list_for_each_entry(map, &mem->maps, node)
		dma_sync_sgtable_for_device(map->dev, &map->sgt, map->dir);
	mutex_unlock(&mem->lock);
	return 0;
}

static int lab_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct lab_memory *mem = dmabuf->priv;

	return vm_map_pages(vma, mem->pages, mem->npages);
}

static void lab_memory_free(struct lab_memory *mem)
{
	unsigned long i;

	for (i = 0; i < mem->npages && mem->pages[i]; i++)
		__free_page(mem->pages[i]);
	kfree(mem);
}

/* Nobody has a file of it, an attachment or a mapping any more. */
static void lab_release(struct dma_buf *dmabuf)
{
	lab_memory_free(dmabuf->priv);
}

static const struct dma_buf_ops lab_dmabuf_ops = {
	.map_dma_buf = lab_map,
	.unmap_dma_buf = lab_unmap,
	.begin_cpu_access = lab_begin_cpu_access,
	.end_cpu_access = lab_end_cpu_access,
	.mmap = lab_mmap,
	.release = lab_release,
};

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
	mutex_init(&mem->lock);
	INIT_LIST_HEAD(&mem->maps);
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
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;
	int fd;

	if (IS_ERR(mem))
		return PTR_ERR(mem);
	info.ops = &lab_dmabuf_ops;
	info.size = npages * PAGE_SIZE;
	info.flags = O_RDWR | O_CLOEXEC;
	info.priv = mem;
	dmabuf = dma_buf_export(&info);
	if (IS_ERR(dmabuf)) {
		lab_memory_free(mem);
		return PTR_ERR(dmabuf);
	}
	fd = dma_buf_fd(dmabuf, O_CLOEXEC);
	/* The dma-buf's last reference frees the memory. */
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

/* ---- the importer ---- */

/* With the lock: wait for whoever uses the memory, write to it, and let others know. */
static struct dma_fence *lab_submit(struct dma_buf *dmabuf, const struct puck_client_job *job)
{
	struct dma_fence *fence;
	long ret;

	ret = dma_resv_reserve_fences(dmabuf->resv, 1);
	if (!ret)
		ret = dma_resv_wait_timeout(dmabuf->resv, dma_resv_usage_rw(true), true,
					    MAX_SCHEDULE_TIMEOUT);
	if (ret < 0)
		return ERR_PTR(ret);
	fence = puck_client_submit(lab.gpu, 0, job);
	if (!IS_ERR(fence))
		dma_resv_add_fence(dmabuf->resv, fence, DMA_RESV_USAGE_WRITE);
	return fence;
}

/* Fill what is mapped, and wait until that is done: afterwards it is not mapped any more. */
static int lab_work(struct dma_buf *dmabuf, struct sg_table *sgt, u32 value)
{
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_FILL,
		.value = value,
		.length = dmabuf->size,
		.ndst = sgt->nents,
	};
	struct puck_client_seg *segs = kcalloc(sgt->nents, sizeof(*segs), GFP_KERNEL);
	struct dma_fence *fence;
	struct scatterlist *sg;
	int ret, i;

	if (!segs)
		return -ENOMEM;
	for_each_sgtable_dma_sg(sgt, sg, i) {
		segs[i].addr = sg_dma_address(sg);
		segs[i].len = sg_dma_len(sg);
	}
	job.dst = segs;
	dma_resv_lock(dmabuf->resv, NULL);
	fence = lab_submit(dmabuf, &job);
	dma_resv_unlock(dmabuf->resv);
	kfree(segs);
	if (IS_ERR(fence))
		return PTR_ERR(fence);
	dma_fence_wait(fence, false);
	ret = dma_fence_get_status(fence);
	dma_fence_put(fence);
	return min(ret, 0);
}

static int lab_work_mapped(struct dma_buf *dmabuf, struct dma_buf_attachment *attach, u32 value)
{
	struct sg_table *sgt = dma_buf_map_attachment_unlocked(attach, DMA_FROM_DEVICE);
	int ret;

	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	ret = lab_work(dmabuf, sgt, value);
	dma_buf_unmap_attachment_unlocked(attach, sgt, DMA_FROM_DEVICE);
	return ret;
}

/**
 * lab_fill - have the GPU fill a dma-buf, whoever exports it
 * @fd: a file of it
 * @value: what with
 *
 * Return: 0, with the value in all of it; or a negative errno.
 */
static int lab_fill(int fd, u32 value)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);
	struct dma_buf_attachment *attach;
	int ret;

	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	attach = dma_buf_attach(dmabuf, puck_client_dma_dev(lab.gpu));
	ret = PTR_ERR_OR_ZERO(attach);
	if (!ret) {
		ret = lab_work_mapped(dmabuf, attach, value);
		dma_buf_detach(dmabuf, attach);
	}
	dma_buf_put(dmabuf);
	return ret;
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
