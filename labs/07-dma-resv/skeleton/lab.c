// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lab 7: two GPUs work on the same buffers. What one has to wait for before it uses a buffer, and
 * what others have to wait for afterwards, is in the buffer's dma_resv. README.rst has what is
 * asked for; puck_lab_buffer.h has the buffers, <puck/client.h> the GPUs: neither needs a change.
 */
#include <linux/dma-fence.h>
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

/*
 * A job reads one buffer and writes another one; each has a struct dma_resv, buffer->resv. What a
 * job takes has to be done in an order in which nothing fails once others know of the job, and in
 * which nobody comes in between what you have looked at and what you put there:
 *
 * TODO: take both locks. Somebody else may take the same two in the other order.
 * TODO: have room for the fence that will be put into each of them.
 * TODO: find out what the job has to wait for, as one fence: struct puck_client_job has one.
 * TODO: submit the job, and let others know what they have to wait for.
 */

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
	struct puck_client_job job = {
		.opcode = src ? PUCK_GPU_CMD_COPY : PUCK_GPU_CMD_FILL,
		.value = value,
		.length = PUCK_LAB_BUFFER,
		.src = src ? src->view[gpu].segs : NULL,
		.nsrc = src ? src->view[gpu].nsegs : 0,
		.dst = dst->view[gpu].segs,
		.ndst = dst->view[gpu].nsegs,
	};

	/* This waits for nobody, and nobody will wait for it. */
	return puck_client_submit(lab.gpus[gpu], 0, &job);
}

/**
 * lab_wait - wait until the CPU may use a buffer
 * @buf: the buffer
 * @write: it will write there, and not just read
 * @timeout_ms: how long to wait
 *
 * TODO: for whom does a reader wait, and for whom a writer?
 *
 * Return: 0, -ETIME behind @timeout_ms, or -ERESTARTSYS.
 */
static int lab_wait(struct puck_lab_buffer *buf, bool write, u32 timeout_ms)
{
	return 0;
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
