// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bug: remove() lets go of the buffers' memory while a user has the stream on. That the node is
 * gone keeps him from asking for more; what the device has, it goes on writing to.
 *
 * In Linux: "media: videobuf2-v4l2.c: add vb2_video_unregister_device helper function",
 * f729ef5796d8 (v5.10), which stops the stream first, and its users: "media: uvcvideo: Stop stream
 * during unregister" (v6.14), "media: rtl2832_sdr: use vb2_video_unregister_device() on remove to
 * fix DMA leak".
 *
 * Oracle: a canary in the pages, which belong to somebody else by then; the camera, whose write was
 * refused; or puck-dma.
 */
#include <linux/highmem.h>
#include <linux/string.h>

#include "camera/camera.h"

/* The device has them all. */
#define BUFFERS		PUCK_CAMERA_DEPTH

/* vb2 hands buffers over to the CPU when they come back, also those that are mapped no more. */
static void finish_mapped(void *priv)
{
	struct puck_buffer *mem = priv;

	if (mem->dev)
		puck_camera_memory_finish(priv);
}

static int setup(struct puck_run *run)
{
	struct puck_camera *cam;
	int ret;

	ret = puck_camera_setup(run);
	if (ret)
		return ret;
	cam = run->priv;
	cam->lines.memory.finish = finish_mapped;
	return 0;
}

/* The pages have a new owner; they really go when the scenario is over. */
static void let_go(struct puck_camera *cam)
{
	unsigned int i, page;

	for (i = 0; i < BUFFERS; i++) {
		struct puck_buffer *mem = puck_camera_memory(puck_camera_buffer(cam, i));

		puck_buffer_unmap(mem);
		for (page = 0; page < mem->npages; page++)
			memset_page(mem->pages[page], 0, PUCK_CAMERA_CANARY, PAGE_SIZE);
	}
}

/* The sensor goes on as long as nobody has stopped it; the second begins when the first is over. */
static void pass_frames(struct puck_camera *cam)
{
	if (!puck_camera_step(cam))
		puck_camera_step(cam);
}

static int remove_buggy(struct puck_camera *cam)
{
	let_go(cam);
	pass_frames(cam);
	return puck_camera_stream_off(cam);
}

static int remove_fixed(struct puck_camera *cam)
{
	int ret = puck_camera_stream_off(cam);

	let_go(cam);
	pass_frames(cam);
	return ret;
}

static int start(struct puck_camera *cam)
{
	int ret;

	ret = puck_camera_prepare(cam, BUFFERS, BUFFERS);
	return ret ?: puck_camera_stream_on(cam);
}

static int buggy(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	return start(cam) ?: remove_buggy(cam);
}

static int fixed(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;

	return start(cam) ?: remove_fixed(cam);
}

static unsigned int overwritten(const struct puck_buffer *mem)
{
	unsigned int page, count = 0;

	for (page = 0; page < mem->npages; page++) {
		void *bytes = kmap_local_page(mem->pages[page]);

		count += !!memchr_inv(bytes, PUCK_CAMERA_CANARY, PAGE_SIZE);
		kunmap_local(bytes);
	}
	return count;
}

static void verdict(struct puck_run *run)
{
	struct puck_camera *cam = run->priv;
	unsigned int i, dead = 0, refused = 0;

	for (i = 0; i < BUFFERS; i++) {
		struct puck_camera_buffer *buf = puck_camera_buffer(cam, i);

		dead += overwritten(puck_camera_memory(buf));
		refused += buf->error == -EIO;
	}
	if (dead)
		puck_caught(run, "canary", "%u pages that have a new owner were written", dead);
	else if (refused)
		puck_caught(run, "camera", "its write to memory that is gone was refused");
}

const struct puck_scenario puck_cam_unplug = {
	.name = "cam_unplug",
	.mistake = "memory unmapped before the stream stops",
	.history = "f729ef5796d8 (vb2)",
	.on = PUCK_ON_CAMERA,
	.shown_by = PUCK_SHOWN_ANYWHERE,
	.finding = "access-unmapped",
	.splat = "puck-iommu.*DMA fault|DMAR: .*fault|virtio_iommu.*page fault",
	.setup = setup,
	.buggy = buggy,
	.fixed = fixed,
	.verdict = verdict,
	.teardown = puck_camera_teardown,
};
