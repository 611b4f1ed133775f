// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers of user space, as vb2 has them: their memory becomes segment lists once, when it
 * is there, and a descriptor each time that they are queued.
 */
#include <linux/dma-mapping.h>
#include <linux/pci.h>

#include <media/videobuf2-dma-contig.h>
#include <media/videobuf2-dma-sg.h>

#include "compat/camera.h"
#include "core/device.h"
#include "core/trace.h"
#include "queue/segs.h"
#include "sync/vb2_buffer.h"
#include "video/node.h"

/*
 * REQBUFS asks for sizes, CREATE_BUFS brings its own: it may prepare for a larger format. vb2 has
 * set the kind of memory by now, and no buffer of another one.
 */
static int puck_cam_buffers_setup(struct vb2_queue *queue, unsigned int *num_buffers,
				  unsigned int *num_planes, unsigned int sizes[],
				  struct device *alloc_devs[])
{
	struct puck_cam_node *node = vb2_get_drv_priv(queue);
	const struct puck_cam_format *format = &node->format;
	u32 i;

	queue->mem_ops = queue->memory == VB2_MEMORY_DMABUF && !node->contig ? &node->imports :
									       &node->memops;
	if (*num_planes) {
		if (*num_planes != format->info->parts)
			return -EINVAL;
		for (i = 0; i < *num_planes; i++)
			if (sizes[i] < format->size[i] || sizes[i] > PUCK_CAM_PART_SIZE_MAX)
				return -EINVAL;
		return 0;
	}
	*num_planes = format->info->parts;
	for (i = 0; i < *num_planes; i++)
		sizes[i] = format->size[i];
	return 0;
}

/*
 * ---- memory of other drivers' ----
 *
 * vb2 does not give back what it could not attach, nor other planes of what it could not map
 * (docs/findings.rst), but all of it if buf_init says no. So attaching and mapping work for vb2,
 * and what came of it is told by puck_cam_buffers_make(). Caches are the exporter's affair, so
 * there is nothing to be prepared or finished.
 */

static void *puck_cam_buffers_attach(struct vb2_buffer *vb, struct device *dev,
				     struct dma_buf *dmabuf, unsigned long size)
{
	struct puck_cam_node *node = vb2_get_drv_priv(vb->vb2_queue);
	struct puck_cam_vb2_buffer *vbuf = to_puck_cam_vb2_buffer(vb);
	u32 i;

	for (i = 0; i < PUCK_CAM_PARTS_MAX; i++) {
		if (vbuf->import[i].dmabuf)
			continue;
		vbuf->import[i] = (struct puck_cam_import) {
			.queue = node->hw,
			.buf = &vbuf->buf,
			.dev = dev,
			.dmabuf = dmabuf,
			.dir = vb->vb2_queue->dma_dir,
			.size = size,
		};
		return &vbuf->import[i];
	}
	WARN_ON_ONCE(1);
	return ERR_PTR(-EINVAL);
}

static void puck_cam_buffers_detach(void *mem_priv)
{
	struct puck_cam_import *import = mem_priv;

	import->dmabuf = NULL;
}

static int puck_cam_buffers_map(void *mem_priv)
{
	puck_cam_import_map(mem_priv);
	return 0;
}

static void puck_cam_buffers_unmap(void *mem_priv)
{
	puck_cam_import_unmap(mem_priv);
}

/* For vb2_dma_sg_plane_desc(). */
static void *puck_cam_buffers_table(struct vb2_buffer *vb, void *mem_priv)
{
	struct puck_cam_import *import = mem_priv;

	return import->sgt;
}

/* What came of mapping all planes. */
static int puck_cam_buffers_imported(struct vb2_buffer *vb)
{
	struct puck_cam_vb2_buffer *vbuf = to_puck_cam_vb2_buffer(vb);
	int ret = 0;
	u32 i;

	for (i = 0; !ret && i < PUCK_CAM_PARTS_MAX; i++)
		if (vbuf->import[i].dmabuf)
			ret = vbuf->import[i].error;
	return ret;
}

/* Memory that its exporter has taken away, and may have again. */
static int puck_cam_buffers_import_again(struct vb2_buffer *vb)
{
	struct puck_cam_vb2_buffer *vbuf = to_puck_cam_vb2_buffer(vb);
	u32 i;

	for (i = 0; i < PUCK_CAM_PARTS_MAX; i++) {
		if (!vbuf->import[i].dmabuf)
			continue;
		puck_cam_import_unmap(&vbuf->import[i]);
		puck_cam_import_map(&vbuf->import[i]);
	}
	return puck_cam_buffers_imported(vb);
}

/* ---- lists ---- */

static int puck_cam_buffers_list(struct puck_cam_node *node, struct vb2_buffer *vb, u32 plane)
{
	struct puck_cam_segs *segs = &to_puck_cam_buffer(vb)->segs[plane];
	u64 bytes = vb2_plane_size(vb, plane);
	u32 len_max = node->cam->seg_len_max;
	struct sg_table *sgt = NULL;
	u32 count;
	int ret;

	if (node->contig) {
		count = DIV_ROUND_UP_ULL(bytes, len_max);
	} else {
		sgt = vb2_dma_sg_plane_desc(vb, plane);
		count = puck_cam_segs_count(sgt, bytes, len_max);
	}
	/* An importer's table may be shorter than the buffer says, or in too many pieces. */
	if (!count || count > node->cam->segs_max)
		return -EINVAL;
	ret = puck_cam_segs_alloc(&node->cam->pdev->dev, segs, count);
	if (ret)
		return ret;
	if (sgt)
		puck_cam_segs_add_table(segs, sgt, bytes, len_max);
	else
		puck_cam_segs_add(segs, vb2_dma_contig_plane_dma_addr(vb, plane), bytes, len_max);
	return 0;
}

static void puck_cam_buffers_unlist(struct puck_cam_node *node, struct vb2_buffer *vb)
{
	struct puck_cam_buffer *buf = to_puck_cam_buffer(vb);
	u32 i;

	for (i = 0; i < PUCK_CAM_PARTS_MAX; i++)
		puck_cam_segs_free(&node->cam->pdev->dev, &buf->segs[i]);
}

/* Back to vb2, which hands the memory over to the CPU. */
static void puck_cam_buffers_done(struct puck_cam_buffer *buf,
				  const struct puck_cam_result *result)
{
	struct puck_cam_vb2_buffer *vbuf = puck_cam_buffer_to_vb2(buf);
	struct vb2_buffer *vb = &vbuf->vb.vb2_buf;
	u32 i;

	if (result->begun) {
		vbuf->vb.field = V4L2_FIELD_NONE;
		vbuf->vb.sequence = result->sequence;
		vb->timestamp = result->time;
		for (i = 0; i < buf->parts; i++)
			vb2_set_plane_payload(vb, i, result->bytes[i]);
	}
	vb2_buffer_done(vb, result->error ? VB2_BUF_STATE_ERROR : VB2_BUF_STATE_DONE);
}

static int puck_cam_buffers_list_all(struct puck_cam_node *node, struct vb2_buffer *vb)
{
	int ret;
	u32 i;

	for (i = 0; i < vb->num_planes; i++) {
		ret = puck_cam_buffers_list(node, vb, i);
		if (ret) {
			puck_cam_buffers_unlist(node, vb);
			return ret;
		}
	}
	return 0;
}

/* The memory is there, or another one than before. */
static int puck_cam_buffers_make(struct vb2_buffer *vb)
{
	struct puck_cam_node *node = vb2_get_drv_priv(vb->vb2_queue);
	struct puck_cam_buffer *buf = to_puck_cam_buffer(vb);

	INIT_LIST_HEAD(&buf->node);
	buf->done = puck_cam_buffers_done;
	buf->index = vb->index;
	return puck_cam_buffers_imported(vb) ?: puck_cam_buffers_list_all(node, vb);
}

/* It may be elsewhere now, in another number of pieces. */
static int puck_cam_buffers_renew(struct puck_cam_node *node, struct vb2_buffer *vb)
{
	if (!puck_cam_vb2_buffer_is_stale(to_puck_cam_vb2_buffer(vb)))
		return 0;
	puck_cam_buffers_unlist(node, vb);
	return puck_cam_buffers_import_again(vb) ?: puck_cam_buffers_list_all(node, vb);
}

static void puck_cam_buffers_unmake(struct vb2_buffer *vb)
{
	struct puck_cam_node *node = vb2_get_drv_priv(vb->vb2_queue);

	puck_cam_buffers_unlist(node, vb);
	puck_cam_admit_forget(&node->admit, to_puck_cam_vb2_buffer(vb));
}

/**
 * puck_cam_buffers_reclaim - let go of what is of a buffer whose memory is gone
 * @node: the node, its lock held
 * @index: of a buffer that could not be queued or prepared
 *
 * vb2 owes each buf_init a buf_cleanup, but not always pays: if user space names other memory for
 * a buffer, and that is refused at once (too short, no dma-buf), it lets go of the old memory
 * without one (docs/findings.rst).
 */
void puck_cam_buffers_reclaim(struct puck_cam_node *node, u32 index)
{
	struct vb2_buffer *vb = vb2_get_buffer(&node->queue, index);

	lockdep_assert_held(&node->lock);

	/* Doing it once more does no harm. */
	if (vb && !vb->planes[0].mem_priv)
		puck_cam_buffers_unmake(vb);
}

static int puck_cam_buffers_prepare(struct vb2_buffer *vb)
{
	struct puck_cam_node *node = vb2_get_drv_priv(vb->vb2_queue);
	const struct puck_cam_format *format = &node->format;
	struct puck_cam_buffer *buf = to_puck_cam_buffer(vb);
	u32 i;

	if (vb->num_planes != format->info->parts)
		return -EINVAL;
	for (i = 0; i < vb->num_planes; i++) {
		if (vb2_plane_size(vb, i) < format->size[i])
			return -EINVAL;
		buf->length[i] = format->size[i];
		vb2_set_plane_payload(vb, i, format->size[i]);
	}
	buf->parts = vb->num_planes;
	return puck_cam_buffers_renew(node, vb);
}

static void puck_cam_buffers_queue(struct vb2_buffer *vb)
{
	struct puck_cam_node *node = vb2_get_drv_priv(vb->vb2_queue);

	trace_puck_cam_qbuf(vb->index);
	puck_cam_admit_add(&node->admit, to_puck_cam_buffer(vb));
}

static const struct vb2_ops puck_cam_buffers_ops = {
	.queue_setup = puck_cam_buffers_setup,
	.buf_init = puck_cam_buffers_make,
	.buf_cleanup = puck_cam_buffers_unmake,
	.buf_prepare = puck_cam_buffers_prepare,
	.buf_queue = puck_cam_buffers_queue,
	.start_streaming = puck_cam_stream_start,
	.stop_streaming = puck_cam_stream_stop,
	PUCK_VB2_WAIT_OPS
};

static struct dma_buf *puck_cam_buffers_export(struct vb2_buffer *vb, void *mem_priv,
					       unsigned long flags)
{
	struct puck_cam_node *node = vb2_get_drv_priv(vb->vb2_queue);

	return puck_cam_admit_exported(&node->admit, vb, mem_priv, flags, node->export);
}

static void puck_cam_buffers_init_memory(struct puck_cam_node *node)
{
	node->memops = node->contig ? vb2_dma_contig_memops : vb2_dma_sg_memops;
	node->export = node->memops.get_dmabuf;
	node->memops.get_dmabuf = puck_cam_buffers_export;

	/* vb2 looks there for other kinds of memory as well, to see whether it may have them. */
	node->imports = node->memops;
	node->imports.attach_dmabuf = puck_cam_buffers_attach;
	node->imports.detach_dmabuf = puck_cam_buffers_detach;
	node->imports.map_dmabuf = puck_cam_buffers_map;
	node->imports.unmap_dmabuf = puck_cam_buffers_unmap;
	node->imports.cookie = puck_cam_buffers_table;
	node->imports.prepare = NULL;
	node->imports.finish = NULL;
	node->imports.vaddr = NULL;
	node->imports.num_users = NULL;
}

/**
 * puck_cam_buffers_init - make the queue of user space's buffers
 * @node: the node; @node->contig is set
 * @multiplanar: which of V4L2's two APIs it has: a queue has one
 *
 * Return: 0 or a negative errno.
 */
int puck_cam_buffers_init(struct puck_cam_node *node, bool multiplanar)
{
	struct vb2_queue *queue = &node->queue;

	puck_cam_buffers_init_memory(node);
	queue->type = multiplanar ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE :
		      V4L2_BUF_TYPE_VIDEO_CAPTURE;
	queue->io_modes = VB2_MMAP | VB2_USERPTR | VB2_DMABUF | VB2_READ;
	queue->dev = &node->cam->pdev->dev;
	queue->lock = &node->lock;
	queue->ops = &puck_cam_buffers_ops;
	queue->mem_ops = &node->memops;
	queue->drv_priv = node;
	queue->buf_struct_size = sizeof(struct puck_cam_vb2_buffer);
	/* The clock of timestamps, and that they are of the first line's exposure. */
	queue->timestamp_flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | V4L2_BUF_FLAG_TSTAMP_SRC_SOE;
	/* One to be filled while the other is looked at. */
	queue->min_reqbufs_allocation = 2;
	return vb2_queue_init(queue);
}
