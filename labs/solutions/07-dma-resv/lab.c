// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 7: two GPUs work on the same buffers. What one has to wait for before it uses a buffer, and
 * what others have to wait for afterwards, is in the buffer's dma_resv.
 */
#include <linux/dma-fence-unwrap.h>
#include <linux/dma-resv.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include "puck_lab_buffer.h"
#include "puck_lab_fence.h"
#include "puck_lab_port.h"

/**
 * struct lab - the module
 * @gpus: the GPUs: clients of puck.ko
 * @port: the device that the grader's port is of
 */
struct lab {
	struct puck_client *gpus[PUCK_LAB_GPUS];
	struct platform_device *port;
};

static struct lab lab;

/* Two locks of one class, in any order: who comes too late lets go of the one it has. */
static int lab_lock(struct ww_acquire_ctx *ctx, struct puck_lab_buffer *src,
		    struct puck_lab_buffer *dst)
{
	struct puck_lab_buffer *contended = NULL;
	int ret;

	ww_acquire_init(ctx, &reservation_ww_class);
	do {
		struct puck_lab_buffer *first = contended ?: dst;
		struct puck_lab_buffer *second = first == dst ? src : dst;

		if (contended)
			dma_resv_lock_slow(first->resv, ctx);
		else
			dma_resv_lock(first->resv, ctx);
		ret = second ? dma_resv_lock(second->resv, ctx) : 0;
		if (ret)
			dma_resv_unlock(first->resv);
		contended = second;
	} while (ret == -EDEADLK);
	if (ret)
		ww_acquire_fini(ctx);
	else
		ww_acquire_done(ctx);
	return ret;
}

static void lab_unlock(struct ww_acquire_ctx *ctx, struct puck_lab_buffer *src,
		       struct puck_lab_buffer *dst)
{
	if (src)
		dma_resv_unlock(src->resv);
	dma_resv_unlock(dst->resv);
	ww_acquire_fini(ctx);
}

/* Room for the fences that come, while it is not too late for an error. */
static int lab_reserve(struct puck_lab_buffer *src, struct puck_lab_buffer *dst)
{
	int ret = src ? dma_resv_reserve_fences(src->resv, 1) : 0;

	return ret ?: dma_resv_reserve_fences(dst->resv, 1);
}

/* One fence for all that a job has to wait for, a reference; or an ERR_PTR(). */
static struct dma_fence *lab_before(struct puck_lab_buffer *src, struct puck_lab_buffer *dst)
{
	struct dma_fence *writers = NULL, *users = NULL, *both;
	int ret = 0;

	/* A reader waits for who writes, a writer for who reads as well. */
	if (src)
		ret = dma_resv_get_singleton(src->resv, dma_resv_usage_rw(false), &writers);
	if (!ret)
		ret = dma_resv_get_singleton(dst->resv, dma_resv_usage_rw(true), &users);
	both = ret ? ERR_PTR(ret) : dma_fence_unwrap_merge(writers, users);
	dma_fence_put(writers);
	dma_fence_put(users);
	return both ?: ERR_PTR(-ENOMEM);
}

/* Let others know. */
static void lab_publish(struct puck_lab_buffer *src, struct puck_lab_buffer *dst,
			struct dma_fence *fence)
{
	if (src)
		dma_resv_add_fence(src->resv, fence, DMA_RESV_USAGE_READ);
	dma_resv_add_fence(dst->resv, fence, DMA_RESV_USAGE_WRITE);
}

/* With both locks. */
static struct dma_fence *lab_submit_locked(unsigned int gpu, struct puck_lab_buffer *src,
					   struct puck_lab_buffer *dst, u32 value)
{
	struct puck_client_job job = {
		.opcode = src ? PUCK_GPU_CMD_COPY : PUCK_GPU_CMD_FILL,
		.value = value,
		.length = PUCK_LAB_BUFFER,
		.src = src ? src->view[gpu].segs : NULL,
		.nsrc = src ? src->view[gpu].nsegs : 0,
		.dst = dst->view[gpu].segs,
		.ndst = dst->view[gpu].nsegs,
	};
	struct dma_fence *before, *fence;
	int ret;

	ret = lab_reserve(src, dst);
	if (ret)
		return ERR_PTR(ret);
	before = lab_before(src, dst);
	if (IS_ERR(before))
		return before;
	job.wait = before;
	fence = puck_client_submit(lab.gpus[gpu], 0, &job);
	if (!IS_ERR(fence))
		lab_publish(src, dst, fence);
	dma_fence_put(before);
	return fence;
}

/**
 * lab_submit - have a GPU copy a buffer, or fill it
 * @gpu: which GPU
 * @src: the buffer that is read; NULL: none
 * @dst: the buffer that is written, another one
 * @value: what it is filled with, if @src is NULL
 *
 * Waits for no fence: the job does.
 *
 * Return: the job's fence, a reference; or an ERR_PTR().
 */
static struct dma_fence *lab_submit(unsigned int gpu, struct puck_lab_buffer *src,
				    struct puck_lab_buffer *dst, u32 value)
{
	struct ww_acquire_ctx ctx;
	struct dma_fence *fence;
	int ret;

	ret = lab_lock(&ctx, src, dst);
	if (ret)
		return ERR_PTR(ret);
	fence = lab_submit_locked(gpu, src, dst, value);
	lab_unlock(&ctx, src, dst);
	return fence;
}

/**
 * lab_wait - wait until the CPU may use a buffer
 * @buf: the buffer
 * @write: it will write there, and not just read
 * @timeout_ms: how long to wait
 *
 * Return: 0, -ETIME behind @timeout_ms, or -ERESTARTSYS.
 */
static int lab_wait(struct puck_lab_buffer *buf, bool write, u32 timeout_ms)
{
	long left = dma_resv_wait_timeout(buf->resv, dma_resv_usage_rw(write), true,
					  msecs_to_jiffies(timeout_ms));

	return left > 0 ? 0 : left ?: -ETIME;
}

/* What comes from the grader, from here on; not a part of the exercise. */

static long lab_call_submit(struct puck_lab_call *call)
{
	struct puck_lab_buffer *src = NULL, *dst = puck_lab_buffer_get(call->arg[2]);
	long fd = -EINVAL;

	if ((int)call->arg[1] != -1)
		src = puck_lab_buffer_get(call->arg[1]);
	if (call->arg[0] < PUCK_LAB_GPUS && !IS_ERR(dst) && !IS_ERR(src) && src != dst)
		fd = puck_lab_fence_fd(lab_submit(call->arg[0], src, dst, call->arg[3]));
	call->arg[3] = fd;
	puck_lab_buffer_put(src);
	puck_lab_buffer_put(dst);
	return min(fd, 0L);
}

static long lab_call(void *priv, struct puck_lab_call *call, void *in, void *out)
{
	struct puck_lab_buffer *buf;
	long ret;

	switch (call->op) {
	case PUCK_LAB_RESV_CREATE:
		ret = puck_lab_buffer_create(lab.gpus);
		call->arg[0] = ret;
		return min(ret, 0L);
	case PUCK_LAB_RESV_SUBMIT:
		return lab_call_submit(call);
	case PUCK_LAB_RESV_WAIT:
		buf = puck_lab_buffer_get(call->arg[0]);
		if (IS_ERR(buf))
			return PTR_ERR(buf);
		ret = lab_wait(buf, call->arg[1], call->arg[2]);
		puck_lab_buffer_put(buf);
		return ret;
	default:
		return -ENOTTY;
	}
}

static int __init lab_init(void)
{
	int ret = puck_lab_gpus_get(lab.gpus);

	if (ret)
		return ret;
	lab.port = platform_device_register_simple("resv", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(lab.port)) {
		ret = PTR_ERR(lab.port);
		goto err_gpus;
	}
	ret = devm_puck_lab_port(&lab.port->dev, lab_call, &lab);
	if (!ret)
		return 0;
	platform_device_unregister(lab.port);
err_gpus:
	puck_client_put(lab.gpus[1]);
	puck_client_put(lab.gpus[0]);
	return ret;
}
module_init(lab_init);

static void __exit lab_exit(void)
{
	platform_device_unregister(lab.port);
	puck_client_put(lab.gpus[1]);
	puck_client_put(lab.gpus[0]);
}
module_exit(lab_exit);

MODULE_IMPORT_NS(DMA_BUF);
MODULE_DESCRIPTION("Lab 7: dma_resv");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
