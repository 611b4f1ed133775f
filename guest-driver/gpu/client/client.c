// SPDX-License-Identifier: GPL-2.0-only
/*
 * In-kernel clients (puck/client.h). They bring segment lists and addresses of their own,
 * good or bad; all else about their jobs is as with user space.
 */
#include <linux/dma-fence.h>
#include <linux/export.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>

#include "client/client.h"
#include "client/devices.h"
#include "core/awake.h"
#include "core/device.h"
#include "core/trace.h"
#include "mem/segs.h"
#include "puck/client.h"
#include "sched/job.h"
#include "sched/queue.h"
#include "sched/ring.h"
#include "sched/rings.h"
#include "sched/sched.h"

/* Devices between probe and remove. */
static DEFINE_MUTEX(puck_client_lock);
static LIST_HEAD(puck_client_devices);

/**
 * puck_client_add_device - let clients find a device
 * @puck: ready for work
 */
void puck_client_add_device(struct puck_device *puck)
{
	mutex_lock(&puck_client_lock);
	list_add_tail(&puck->node, &puck_client_devices);
	mutex_unlock(&puck_client_lock);
}

/**
 * puck_client_remove_device - hide a device from clients
 * @puck: going away; who has it already keeps it, and gets -ENODEV from it
 */
void puck_client_remove_device(struct puck_device *puck)
{
	mutex_lock(&puck_client_lock);
	list_del(&puck->node);
	mutex_unlock(&puck_client_lock);
}

static struct puck_device *puck_client_find(struct pci_dev *pdev)
{
	struct puck_device *puck, *found = NULL;

	mutex_lock(&puck_client_lock);
	list_for_each_entry(puck, &puck_client_devices, node) {
		if (puck->pdev == pdev) {
			drm_dev_get(&puck->drm);
			found = puck;
			break;
		}
	}
	mutex_unlock(&puck_client_lock);
	return found;
}

/* Those of 3D are behind all others, in the device and here. */
static u32 puck_client_rings(struct puck_device *puck)
{
	return puck_rings_count(puck, PUCK_GPU_KIND_COMPUTE) +
	       puck_rings_count(puck, PUCK_GPU_KIND_COPY);
}

static int puck_client_make_queues(struct puck_client *client)
{
	struct puck_queue *queue;
	u32 i;

	for (i = 0; i < puck_client_rings(client->puck); i++) {
		queue = puck_queue_create(client->puck->ring[i], DRM_SCHED_PRIORITY_NORMAL);
		if (IS_ERR(queue))
			return PTR_ERR(queue);
		client->queue[i] = queue;
	}
	return 0;
}

/**
 * puck_client_get - become a client of a Puck GPU
 * @pdev: its PCI function
 *
 * Context: may sleep.
 * Return: the client; ERR_PTR(-ENODEV) if no Puck GPU is bound there; other
 * errors.
 */
struct puck_client *puck_client_get(struct pci_dev *pdev)
{
	struct puck_client *client;
	int ret;

	client = kzalloc(sizeof(*client), GFP_KERNEL);
	if (!client)
		return ERR_PTR(-ENOMEM);
	client->puck = puck_client_find(pdev);
	if (!client->puck) {
		kfree(client);
		return ERR_PTR(-ENODEV);
	}
	ret = puck_client_make_queues(client);
	if (ret) {
		puck_client_put(client);
		return ERR_PTR(ret);
	}
	return client;
}
EXPORT_SYMBOL_GPL(puck_client_get);

/**
 * puck_client_put - be a client no more
 * @client: from puck_client_get()
 *
 * Waits until the client's jobs are in the ring; they complete by themselves. Its VMs and its
 * VRAM have to go before.
 *
 * Context: may sleep.
 */
void puck_client_put(struct puck_client *client)
{
	u32 i;

	for (i = 0; i < puck_client_rings(client->puck) && client->queue[i]; i++) {
		puck_queue_close(client->queue[i], MAX_WAIT_SCHED_ENTITY_Q_EMPTY);
		puck_queue_put(client->queue[i]);
	}
	drm_dev_put(&client->puck->drm);
	kfree(client);
}
EXPORT_SYMBOL_GPL(puck_client_put);

/**
 * puck_client_dma_dev - the device to map memory for
 * @client: the client
 *
 * Return: the device; mappings must be gone before it is unbound.
 */
struct device *puck_client_dma_dev(struct puck_client *client)
{
	return client->puck->drm.dev;
}
EXPORT_SYMBOL_GPL(puck_client_dma_dev);

/**
 * puck_client_num_rings - how many rings there are
 * @client: the client
 *
 * Rings for 3D are not among them, nor those of a kind that the driver does not know.
 *
 * Return: their number, at least 1.
 */
unsigned int puck_client_num_rings(struct puck_client *client)
{
	return puck_client_rings(client->puck);
}
EXPORT_SYMBOL_GPL(puck_client_num_rings);

/* Write a list as the client has it; returns its DMA address, or @va if there is none. */
static __le64 puck_client_add_list(struct puck_segs *segs, const struct puck_client_seg *list,
				   u32 n, u64 va)
{
	dma_addr_t begin = puck_segs_end(segs);
	u32 i;

	for (i = 0; i < n; i++) {
		struct puck_gpu_seg *seg = &segs->list[segs->used++];

		seg->addr = cpu_to_le64(list[i].addr);
		seg->len = cpu_to_le32(list[i].len);
		seg->flags = cpu_to_le32(list[i].flags);
	}
	return cpu_to_le64(n ? begin : va);
}

static int puck_client_fill(struct puck_job *job, const struct puck_client_job *desc)
{
	struct puck_gpu_cmd *cmd = &job->cmds[0];
	int ret;

	if (desc->nsrc > PUCK_SEGS_PER_JOB || desc->ndst > PUCK_SEGS_PER_JOB)
		return -E2BIG;
	ret = puck_segs_alloc(job->puck, &job->segs, desc->nsrc + desc->ndst);
	if (ret)
		return ret;

	cmd->opcode = cpu_to_le16(desc->opcode);
	cmd->flags = cpu_to_le16(desc->flags);
	cmd->length = cpu_to_le64(desc->length);
	cmd->src_list = puck_client_add_list(&job->segs, desc->src, desc->nsrc, desc->src_va);
	cmd->src_nsegs = cpu_to_le32(desc->nsrc);
	cmd->dst_list = puck_client_add_list(&job->segs, desc->dst, desc->ndst, desc->dst_va);
	cmd->dst_nsegs = cpu_to_le32(desc->ndst);
	cmd->vm = cpu_to_le32(desc->vm);
	if (desc->opcode == PUCK_GPU_CMD_FILL)
		cmd->fill.value = cpu_to_le32(desc->value);
	return 0;
}

static struct dma_fence *puck_client_queue(struct puck_queue *queue,
					   const struct puck_client_job *desc)
{
	struct puck_ring *ring = queue->ring;
	struct dma_fence *fence;
	struct puck_job *job;
	int ret;

	job = puck_job_create(queue, 1, 0, 0);
	if (IS_ERR(job))
		return ERR_CAST(job);
	ret = puck_client_fill(job, desc);
	if (!ret && desc->wait)
		ret = drm_sched_job_add_dependency(&job->base, dma_fence_get(desc->wait));
	if (ret) {
		puck_job_discard(job);
		return ERR_PTR(ret);
	}

	mutex_lock(&queue->submit_lock);
	job->number = atomic64_inc_return(&ring->number);
	trace_puck_submit(ring->puck->drm.dev, ring->index, job->number, 1, 0);
	fence = puck_sched_arm(job);
	puck_sched_push(job);
	mutex_unlock(&queue->submit_lock);
	/* Clients rely on it that the hardware knows of the job by now. */
	if (!desc->wait)
		dma_fence_wait(&to_drm_sched_fence(fence)->scheduled, false);
	return fence;
}

/* BLIT has a geometry, which a client's job has no room for; FENCE is the driver's. */
static bool puck_client_may(u16 opcode)
{
	return opcode == PUCK_GPU_CMD_FILL || opcode == PUCK_GPU_CMD_COPY ||
	       opcode == PUCK_GPU_CMD_CRC32C || opcode == PUCK_GPU_CMD_TLB_FLUSH;
}

/**
 * puck_client_submit - queue a job with segment lists and addresses as they are
 * @client: the client
 * @ring: number of the ring, less than puck_client_num_rings()
 * @job: what to do; copied
 *
 * Returns when the doorbell was rung for the job: what the hardware does without
 * delay, it may have done by then. With a fence to wait for it returns when the job is in
 * its queue, and so do the client's jobs for this ring that come behind it: they run in order.
 * The memory must stay mapped until the returned fence is signalled. Its error tells what
 * became of the job: 0, -EIO, -EFAULT, -ETIME, -ENODEV. No dma_resv is looked at.
 *
 * Context: may sleep.
 * Return: the job's fence, a reference; ERR_PTR(-EINVAL) for no such ring, or an opcode
 * that is none of these four or that the ring does not take; -E2BIG; -ENODEV; -ENOMEM; -EIO
 * if the device is wedged.
 */
struct dma_fence *puck_client_submit(struct puck_client *client, unsigned int ring,
				     const struct puck_client_job *job)
{
	struct dma_fence *fence = ERR_PTR(-ENODEV);
	int idx;

	if (ring >= puck_client_rings(client->puck))
		return ERR_PTR(-EINVAL);
	if (!puck_client_may(job->opcode) ||
	    !(client->puck->ring[ring]->ops & BIT_ULL(job->opcode)))
		return ERR_PTR(-EINVAL);

	if (puck_awake_enter(client->puck, &idx)) {
		fence = puck_client_queue(client->queue[ring], job);
		puck_awake_exit(client->puck, idx);
	}
	return fence;
}
EXPORT_SYMBOL_GPL(puck_client_submit);

/**
 * puck_client_set_delay - make data or fences of a ring late
 * @client: the client
 * @ring: number of the ring
 * @start_delay_ns: ns before an idle ring starts to work
 * @delay_ns: ns from a job's end to its fence
 *
 * This holds for all users of the ring, until it is set again.
 *
 * Return: 0, -EINVAL for no such ring, -EOPNOTSUPP if the device has no completion stage,
 * -ENODEV.
 */
int puck_client_set_delay(struct puck_client *client, unsigned int ring,
			  u64 start_delay_ns, u64 delay_ns)
{
	int idx;

	if (ring >= puck_client_rings(client->puck))
		return -EINVAL;
	if (!(client->puck->features & PUCK_GPU_FEATURE_STAGE))
		return -EOPNOTSUPP;
	if (!puck_awake_enter(client->puck, &idx))
		return -ENODEV;

	puck_ring_write64(client->puck->ring[ring], PUCK_GPU_RING_START_DELAY, start_delay_ns);
	puck_ring_write64(client->puck->ring[ring], PUCK_GPU_RING_DELAY, delay_ns);
	puck_awake_exit(client->puck, idx);
	return 0;
}
EXPORT_SYMBOL_GPL(puck_client_set_delay);
