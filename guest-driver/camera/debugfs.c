// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/puck-cam/<device>/: buffers, with the segments as this device sees them,
 * and the state of its queue.
 */
#include <linux/debugfs.h>
#include <linux/pci.h>
#include <linux/seq_file.h>

#include <media/videobuf2-dma-sg.h>

#include "card.h"
#include "debugfs.h"
#include "sync/vb2_buffer.h"

/* Buffers of many segments show the first ones only. */
#define PUCK_CAM_DEBUGFS_SEGS	64

static struct dentry *puck_cam_debugfs_root;

static void puck_cam_debugfs_plane(struct seq_file *m, struct puck_cam_node *node,
				   struct vb2_buffer *vb, u32 plane)
{
	const struct puck_cam_segs *segs = &to_puck_cam_buffer(vb)->segs[plane];
	u32 i;

	/* Queued for the first time, a buffer of user space's memory gets its list. */
	if (!segs->list)
		return;
	seq_printf(m, "buffer %u plane %u size %lu", vb->index, plane, vb2_plane_size(vb, plane));
	if (!node->contig)
		seq_printf(m, " orig_nents %u nents %u",
			   vb2_dma_sg_plane_desc(vb, plane)->orig_nents,
			   vb2_dma_sg_plane_desc(vb, plane)->nents);
	seq_printf(m, " segments %u%s\n", segs->used,
		   vb->memory == VB2_MEMORY_DMABUF ? " imported" : "");
	for (i = 0; i < segs->used; i++) {
		if (i == PUCK_CAM_DEBUGFS_SEGS) {
			seq_puts(m, "  ...\n");
			break;
		}
		seq_printf(m, "  %u: %#llx + %#x\n", i, le64_to_cpu(segs->list[i].addr),
			   le32_to_cpu(segs->list[i].len));
	}
}

static int puck_cam_buffers_show(struct seq_file *m, void *data)
{
	struct puck_cam_card *card = m->private;
	struct puck_cam_node *node = &card->node;
	struct vb2_buffer *vb;
	u32 i, plane;

	if (mutex_lock_interruptible(&node->lock))
		return -ERESTARTSYS;
	for (i = 0; i < node->queue.max_num_buffers; i++) {
		vb = vb2_get_buffer(&node->queue, i);
		for (plane = 0; vb && plane < vb->num_planes; plane++)
			puck_cam_debugfs_plane(m, node, vb, plane);
	}
	mutex_unlock(&node->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(puck_cam_buffers);

static int puck_cam_queue_show(struct seq_file *m, void *data)
{
	struct puck_cam_card *card = m->private;
	struct puck_cam_admit *admit = &card->node.admit;
	struct puck_cam_queue *queue = &card->queue;
	struct puck_cam_buffer *buf;
	ktime_t now = ktime_get();

	mutex_lock(&admit->lock);
	seq_printf(m, "waiting %zu, behind a fence %u, waits %llu, fences %llu\n",
		   list_count_nodes(&admit->waiting), !!admit->blocker, admit->stats.waits,
		   admit->stats.fences);
	mutex_unlock(&admit->lock);

	spin_lock(&queue->lock);
	seq_printf(m, "on %u, queued %llu, done %llu, failed %llu, strange %llu, late %llu\n",
		   queue->on, queue->stats.queued, queue->stats.done, queue->stats.failed,
		   queue->stats.strange, queue->stats.late);
	list_for_each_entry(buf, &queue->active, node)
		seq_printf(m, "  buffer %u cookie %llu slot %u fence %llu age %lld us\n",
			   buf->index, buf->cookie, buf->slot, buf->number,
			   ktime_us_delta(now, buf->owned));
	spin_unlock(&queue->lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(puck_cam_queue);

/**
 * puck_cam_debugfs_init - make the folder of all devices
 */
void puck_cam_debugfs_init(void)
{
	puck_cam_debugfs_root = debugfs_create_dir("puck-cam", NULL);
}

/**
 * puck_cam_debugfs_exit - undo puck_cam_debugfs_init()
 */
void puck_cam_debugfs_exit(void)
{
	debugfs_remove(puck_cam_debugfs_root);
}

/**
 * puck_cam_debugfs_add - make a device's files
 * @card: the device
 */
void puck_cam_debugfs_add(struct puck_cam_card *card)
{
	card->debugfs = debugfs_create_dir(pci_name(card->cam.pdev), puck_cam_debugfs_root);
	debugfs_create_file("buffers", 0400, card->debugfs, card, &puck_cam_buffers_fops);
	debugfs_create_file("queue", 0400, card->debugfs, card, &puck_cam_queue_fops);
}

/**
 * puck_cam_debugfs_remove - undo puck_cam_debugfs_add(), and wait for those who read
 * @card: the device
 */
void puck_cam_debugfs_remove(struct puck_cam_card *card)
{
	debugfs_remove(card->debugfs);
}
