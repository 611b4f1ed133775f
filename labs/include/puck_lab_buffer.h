/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffers that two GPUs have mapped, for labs that are about who uses them when. Nothing in here is
 * an exercise.
 *
 * A buffer is a dma-buf, and belongs to whoever has its file. Its pages stay mapped for both GPUs
 * until that is closed and all fences in its dma_resv are signalled.
 */
#ifndef PUCK_LAB_BUFFER_H
#define PUCK_LAB_BUFFER_H

#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "puck_lab_gpus.h"
#include "puck_lab_resv.h"

#define PUCK_LAB_GPUS	2
#define PUCK_LAB_PAGES	(PUCK_LAB_BUFFER / PAGE_SIZE)

/**
 * struct puck_lab_view - a buffer as one GPU sees it
 * @sgt: its pages, mapped
 * @segs: segments as the GPU takes them
 * @nsegs: how many
 */
struct puck_lab_view {
	struct sg_table sgt;
	struct puck_client_seg segs[PUCK_LAB_PAGES];
	u32 nsegs;
};

/**
 * struct puck_lab_buffer - a buffer
 * @dmabuf: whose file keeps it
 * @resv: who uses it: fences, and the lock for them
 * @pages: its memory
 * @dev: the GPUs
 * @view: what they see, in the same order
 */
struct puck_lab_buffer {
	struct dma_buf *dmabuf;
	struct dma_resv *resv;
	struct page *pages[PUCK_LAB_PAGES];
	struct device *dev[PUCK_LAB_GPUS];
	struct puck_lab_view view[PUCK_LAB_GPUS];
};

static inline int puck_lab_view_make(struct puck_lab_view *view, struct page **pages,
				     struct device *dev)
{
	struct scatterlist *sg;
	int ret, i;

	ret = sg_alloc_table_from_pages(&view->sgt, pages, PUCK_LAB_PAGES, 0, PUCK_LAB_BUFFER,
					GFP_KERNEL);
	if (ret)
		return ret;
	ret = dma_map_sgtable(dev, &view->sgt, DMA_BIDIRECTIONAL, 0);
	if (ret) {
		sg_free_table(&view->sgt);
		return ret;
	}
	for_each_sgtable_dma_sg(&view->sgt, sg, i) {
		view->segs[i].addr = sg_dma_address(sg);
		view->segs[i].len = sg_dma_len(sg);
	}
	view->nsegs = view->sgt.nents;
	return 0;
}

/* What puck_lab_buffer_create() has made so far. */
static inline void puck_lab_buffer_free(struct puck_lab_buffer *buf)
{
	unsigned int i;

	for (i = 0; i < PUCK_LAB_GPUS && buf->view[i].nsegs; i++) {
		dma_unmap_sgtable(buf->dev[i], &buf->view[i].sgt, DMA_BIDIRECTIONAL, 0);
		sg_free_table(&buf->view[i].sgt);
	}
	for (i = 0; i < PUCK_LAB_PAGES && buf->pages[i]; i++)
		__free_page(buf->pages[i]);
	kfree(buf);
}

static inline void puck_lab_buffer_release(struct dma_buf *dmabuf)
{
	/* Whoever uses the memory has a fence there. */
	dma_resv_wait_timeout(dmabuf->resv, DMA_RESV_USAGE_BOOKKEEP, false, MAX_SCHEDULE_TIMEOUT);
	puck_lab_buffer_free(dmabuf->priv);
}

static inline int puck_lab_buffer_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	struct puck_lab_buffer *buf = dmabuf->priv;

	return vm_map_pages(vma, buf->pages, PUCK_LAB_PAGES);
}

/* Nobody else is to map it. */
static inline struct sg_table *puck_lab_buffer_map(struct dma_buf_attachment *attach,
						   enum dma_data_direction dir)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline void puck_lab_buffer_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
					 enum dma_data_direction dir)
{
}

static const struct dma_buf_ops puck_lab_buffer_ops = {
	.map_dma_buf = puck_lab_buffer_map,
	.unmap_dma_buf = puck_lab_buffer_unmap,
	.mmap = puck_lab_buffer_mmap,
	.release = puck_lab_buffer_release,
};

static inline int puck_lab_buffer_fill(struct puck_lab_buffer *buf,
				       struct puck_client *gpus[PUCK_LAB_GPUS])
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < PUCK_LAB_PAGES; i++) {
		buf->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!buf->pages[i])
			return -ENOMEM;
	}
	for (i = 0; i < PUCK_LAB_GPUS && !ret; i++) {
		buf->dev[i] = puck_client_dma_dev(gpus[i]);
		ret = puck_lab_view_make(&buf->view[i], buf->pages, buf->dev[i]);
	}
	return ret;
}

/**
 * puck_lab_buffer_create - make a buffer
 * @gpus: both GPUs
 *
 * Context: may sleep.
 * Return: a file of it, or a negative errno.
 */
static inline int puck_lab_buffer_create(struct puck_client *gpus[PUCK_LAB_GPUS])
{
	struct puck_lab_buffer *buf = kzalloc(sizeof(*buf), GFP_KERNEL);
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	int ret;

	if (!buf)
		return -ENOMEM;
	ret = puck_lab_buffer_fill(buf, gpus);
	if (ret)
		goto err_free;
	info.ops = &puck_lab_buffer_ops;
	info.size = PUCK_LAB_BUFFER;
	info.flags = O_RDWR | O_CLOEXEC;
	info.priv = buf;
	buf->dmabuf = dma_buf_export(&info);
	if (IS_ERR(buf->dmabuf)) {
		ret = PTR_ERR(buf->dmabuf);
		goto err_free;
	}
	buf->resv = buf->dmabuf->resv;
	ret = dma_buf_fd(buf->dmabuf, O_CLOEXEC);
	/* With the last reference the buffer goes as well. */
	if (ret < 0)
		dma_buf_put(buf->dmabuf);
	return ret;

err_free:
	puck_lab_buffer_free(buf);
	return ret;
}

/**
 * puck_lab_buffer_get - find a buffer
 * @fd: its file
 *
 * Context: in a system call of the process that has the file.
 * Return: the buffer, with a reference; ERR_PTR(-EBADF) or ERR_PTR(-EINVAL) if it is none.
 */
static inline struct puck_lab_buffer *puck_lab_buffer_get(int fd)
{
	struct dma_buf *dmabuf = dma_buf_get(fd);

	if (IS_ERR(dmabuf))
		return ERR_CAST(dmabuf);
	if (dmabuf->ops == &puck_lab_buffer_ops)
		return dmabuf->priv;
	dma_buf_put(dmabuf);
	return ERR_PTR(-EINVAL);
}

/* Let go of a buffer; nothing for NULL or an ERR_PTR(). */
static inline void puck_lab_buffer_put(struct puck_lab_buffer *buf)
{
	if (!IS_ERR_OR_NULL(buf))
		dma_buf_put(buf->dmabuf);
}

/**
 * puck_lab_gpus_get - become a client of both GPUs
 * @gpus: filled in: first the one behind the IOMMU, then the other one
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
static inline int puck_lab_gpus_get(struct puck_client *gpus[PUCK_LAB_GPUS])
{
	gpus[0] = puck_lab_gpu(true);
	if (IS_ERR(gpus[0]))
		return PTR_ERR(gpus[0]);
	gpus[1] = puck_lab_gpu(false);
	if (!IS_ERR(gpus[1]))
		return 0;
	puck_client_put(gpus[0]);
	return PTR_ERR(gpus[1]);
}

#endif /* PUCK_LAB_BUFFER_H */
