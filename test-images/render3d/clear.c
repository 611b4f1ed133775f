// SPDX-License-Identifier: MIT
/*
 * 3D without Mesa: a context, a texture, streams that clear it, each pixel read back; fences of
 * streams, in files and in syncobjs; two files, and one texture for both; contexts that are lost.
 */
#include "lib/base/ktap.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/sync.h"
#include "lib/render3d/virtgpu.h"

#include <sys/mman.h>

#define SIDE		61u		/* rows that are no pages */

static const uint8_t red[4] = { 0, 0, 255, 255 };
static const uint8_t odd[4] = { 0x12, 0x34, 0x56, 0x78 };
static const uint8_t blue[4] = { 255, 0, 0, 255 };

static struct puck puck;

static void params(void)
{
	static const struct {
		uint64_t param;
		int value;
	} known[] = {
		{ VIRTGPU_PARAM_3D_FEATURES, 1 },
		{ VIRTGPU_PARAM_CAPSET_QUERY_FIX, 1 },
		{ VIRTGPU_PARAM_RESOURCE_BLOB, 0 },
		{ VIRTGPU_PARAM_HOST_VISIBLE, 0 },
		{ VIRTGPU_PARAM_CONTEXT_INIT, 1 },
		{ VIRTGPU_PARAM_SUPPORTED_CAPSET_IDs, 1 << 1 | 1 << 2 },
	};
	unsigned int i;
	int value, ret;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		value = -1;
		ret = virtgpu_param(puck.fd, known[i].param, &value);
		ktap_ok(!ret && value == known[i].value, "param %llu: %d",
			(unsigned long long)known[i].param, value);
	}
}

/* The beginning of a capset is the same, whatever room there is for it. */
static void capsets(void)
{
	static uint8_t caps[2][4096];
	struct drm_virtgpu_get_caps args = { .addr = (uintptr_t)caps[0], .size = 4096 };
	unsigned int i;
	int ret;

	for (i = 1; i <= 2; i++) {
		memset(caps, 0xee, sizeof(caps));
		args.cap_set_id = i;
		args.cap_set_ver = i;
		args.addr = (uintptr_t)caps[0];
		args.size = 4096;
		ret = puck_call(puck.fd, DRM_IOCTL_VIRTGPU_GET_CAPS, &args);
		args.addr = (uintptr_t)caps[1];
		args.size = 64;
		if (!ret)
			ret = puck_call(puck.fd, DRM_IOCTL_VIRTGPU_GET_CAPS, &args);
		/* It begins with its version, which is not zero. */
		ktap_ok(!ret && caps[0][0] && caps[0][0] != 0xee &&
			!memcmp(caps[0], caps[1], 64) && caps[1][64] == 0xee,
			"capset %u: %d, version %u", i, ret, caps[0][0]);
	}
}

static void draws(void)
{
	struct drm_virtgpu_resource_info info = { 0 };
	struct picture p;
	int ret;

	ret = picture_create(puck.fd, &p, SIDE);
	if (!ktap_ok(!ret && p.resource, "resource: %d", ret))
		return;
	info.bo_handle = p.bo.handle;
	ret = puck_call(puck.fd, DRM_IOCTL_VIRTGPU_RESOURCE_INFO, &info);
	ktap_ok(!ret && info.res_handle == p.resource && info.size >= 4 * SIDE * SIDE,
		"info: %d, %u bytes", ret, info.size);
	memset(p.bo.map, 0xee, 4 * SIDE * SIDE);

	ret = fence_result(picture_clear(puck.fd, &p, true, red), FOREVER_MS);
	ktap_ok(ret == 1 && p.bo.map[0] == 0xee, "clear: %d, and memory is as it was", ret);
	ret = picture_read(puck.fd, &p);
	ktap_ok(!ret && !picture_wrong(&p, red), "read: %d, %u pixels are wrong", ret,
		picture_wrong(&p, red));

	/* Nobody waits in between: one follows the other. */
	ret = picture_clear(puck.fd, &p, false, odd);
	close(ret);
	ktap_ok(ret >= 0 && !picture_read(puck.fd, &p) && !picture_wrong(&p, odd),
		"clear and read: %d", ret);

	/* The other way round: what the CPU writes the renderer has. */
	memset(p.bo.map, 0x5a, 4 * SIDE * SIDE);
	ret = picture_transfer(puck.fd, &p, VIRTGPU_IOCTL_TO_HOST);
	if (!ret)
		ret = picture_wait(puck.fd, &p, 0);
	memset(p.bo.map, 0, 4 * SIDE * SIDE);
	ktap_ok(!ret && !picture_read(puck.fd, &p) &&
		!picture_wrong(&p, (const uint8_t[]){ 0x5a, 0x5a, 0x5a, 0x5a }),
		"write and read: %d", ret);
	ktap_ok(!picture_wait(puck.fd, &p, VIRTGPU_WAIT_NOWAIT), "nowait: it is over");
	ktap_ok(!bo_close(puck.fd, &p.bo), "closed");
}

/* Short and long ones lie in other places, and are read to their end. */
static void lengths(void)
{
	static const uint32_t counts[] = { 56, 57, 910, 911, (1 << 20) / 36 };
	static uint32_t stream[1 << 18];
	struct virtgpu_exec args;
	struct picture p;
	uint32_t i, k, bytes;
	int ret;

	if (!ktap_ok(!picture_create(puck.fd, &p, SIDE), "lengths: set up"))
		return;
	ret = fence_result(picture_clear(puck.fd, &p, true, blue), FOREVER_MS);
	for (i = 0; i < sizeof(counts) / sizeof(*counts) && ret == 1; i++) {
		for (k = 0, bytes = 0; k < counts[i]; k++)
			bytes += virgl_clear_again(stream + bytes / 4,
						   k + 1 < counts[i] ? red : i % 2 ? blue : odd);
		args = exec_args(stream, bytes, &p);
		args.flags = VIRTGPU_EXECBUF_FENCE_FD_OUT;
		ret = puck_call(puck.fd, VIRTGPU_IOCTL_EXEC, &args);
		/* It is the caller's again. */
		memset(stream, 0xff, bytes);
		ret = fence_result(ret ? ret : args.fence_fd, FOREVER_MS);
		ktap_ok(ret == 1 && !picture_read(puck.fd, &p) &&
			!picture_wrong(&p, i % 2 ? blue : odd), "lengths: %u bytes: %d", bytes, ret);
	}
	ktap_ok(i == sizeof(counts) / sizeof(*counts), "lengths: all of them");
	bo_close(puck.fd, &p.bo);
}

/* Streams that wait for others, and say that they are over: by files, and by syncobjs. */
static void fences(void)
{
	uint32_t stream[VIRGL_CLEAR_DWORDS], in = 0, out = 0;
	struct virtgpu_syncobj waits, signals;
	struct virtgpu_exec args;
	struct picture p;
	int fence, ret;

	if (!ktap_ok(!picture_create(puck.fd, &p, SIDE) && !syncobj_create(puck.fd, &in) &&
		     !syncobj_create(puck.fd, &out), "fences: set up"))
		return;
	fence = picture_clear(puck.fd, &p, true, red);
	args = exec_args(stream, virgl_clear_again(stream, blue), &p);
	args.flags = VIRTGPU_EXECBUF_FENCE_FD_IN | VIRTGPU_EXECBUF_FENCE_FD_OUT;
	args.fence_fd = fence;
	ret = puck_call(puck.fd, VIRTGPU_IOCTL_EXEC, &args);
	ktap_ok(!ret && args.fence_fd != fence && fence_result(args.fence_fd, FOREVER_MS) == 1 &&
		fence_status(fence) == 1, "in and out: %d", ret);
	close(fence);
	ktap_ok(!picture_read(puck.fd, &p) && !picture_wrong(&p, blue), "in and out: drawn");

	signals = (struct virtgpu_syncobj) { .handle = in };
	args = exec_args(stream, virgl_clear_again(stream, odd), &p);
	args.syncobj_stride = sizeof(signals);
	args.num_out_syncobjs = 1;
	args.out_syncobjs = (uintptr_t)&signals;
	ret = puck_call(puck.fd, VIRTGPU_IOCTL_EXEC, &args);
	ktap_ok(!ret && args.fence_fd == -1, "syncobj: %d", ret);

	/* It waits for that one, which has no fence then, and signals a point of the other. */
	waits = (struct virtgpu_syncobj) { .handle = in, .flags = VIRTGPU_SYNCOBJ_RESET };
	signals = (struct virtgpu_syncobj) { .handle = out, .point = 7 };
	args.num_in_syncobjs = 1;
	args.in_syncobjs = (uintptr_t)&waits;
	ret = puck_call(puck.fd, VIRTGPU_IOCTL_EXEC, &args);
	ktap_ok(!ret && !syncobj_wait(puck.fd, out, 7, 60 * 1000000000ll), "point: %d", ret);
	ktap_ok(puck_call(puck.fd, VIRTGPU_IOCTL_EXEC, &args) == -EINVAL,
		"reset: it has no fence any more");
	ktap_ok(!picture_read(puck.fd, &p) && !picture_wrong(&p, odd), "syncobjs: drawn");
	bo_close(puck.fd, &p.bo);
	syncobj_destroy(puck.fd, in);
	syncobj_destroy(puck.fd, out);
}

/* What one file draws another one reads, and draws over. */
static void shared(void)
{
	struct picture p, q;
	struct puck other = puck;
	int dmabuf, ret;

	if (!ktap_ok(!puck_reopen(&other) && !picture_create(puck.fd, &p, SIDE),
		     "shared: set up"))
		return;
	dmabuf = bo_export(puck.fd, &p.bo);
	q = p;
	ret = bo_import(other.fd, &q.bo, dmabuf, p.bo.size);
	if (!ret)
		ret = picture_map(other.fd, &q);
	ktap_ok(!ret, "shared: %d", ret);
	close(picture_clear(puck.fd, &p, true, red));
	ret = picture_read(other.fd, &q);
	ktap_ok(!ret && !picture_wrong(&q, red), "shared: %d, read by the other", ret);
	close(picture_clear(other.fd, &q, true, blue));
	/* It outlives the one who has made it, and his context. */
	munmap(p.bo.map, p.bo.size);
	close(puck.fd);
	ret = picture_read(other.fd, &q);
	ktap_ok(!ret && !picture_wrong(&q, blue), "shared: %d, drawn by the other", ret);
	bo_close(other.fd, &q.bo);
	close(dmabuf);
	close(other.fd);
	ktap_ok(!puck_reopen(&puck), "shared: opened again");
}

/* What has gone is ended behind one's back: until it is there may be no room. */
static int create_in_time(struct puck *one, struct picture *p, uint32_t side)
{
	int ret = -ENOSPC, tries;

	for (tries = 0; ret == -ENOSPC && tries < 1000; tries++) {
		if (tries)
			usleep(10000);
		ret = picture_create(one->fd, p, side);
	}
	return ret;
}

/* Contexts and resources, one after the other, more than the device takes at once. */
static void many(void)
{
	struct puck other = puck;
	struct picture p;
	int i, ret = 0;

	for (i = 0; !ret && i < 40; i++) {
		ret = puck_reopen(&other);
		if (!ret)
			ret = create_in_time(&other, &p, SIDE);
		if (!ret && fence_result(picture_clear(other.fd, &p, true, red), FOREVER_MS) != 1)
			ret = -EIO;
		bo_close(other.fd, &p.bo);
		close(other.fd);
	}
	ktap_ok(!ret && i == 40, "many: %d contexts: %d", i, ret);
	/* 64 MiB of 512 each, as the device counts. */
	for (i = 0; !ret && i < 12; i++) {
		ret = create_in_time(&puck, &p, 2048);
		if (!ret && fence_result(picture_clear(puck.fd, &p, true, red), FOREVER_MS) != 1)
			ret = -EIO;
		bo_close(puck.fd, &p.bo);
	}
	ktap_ok(!ret && i == 12, "many: %d large pictures: %d", i, ret);
}

/* A stream that makes no sense ends its own context, and no other. */
static void bad_stream(void)
{
	static const uint32_t stream[] = { 0xffffffff, 0, 0, 0 };
	struct puck other = puck;
	struct virtgpu_exec args;
	struct picture p, q;
	int ret, first;

	if (!ktap_ok(!puck_reopen(&other) && !picture_create(puck.fd, &p, SIDE) &&
		     !picture_create(other.fd, &q, SIDE), "bad_stream: set up"))
		return;
	args = exec_args(stream, sizeof(stream), &q);
	args.flags = VIRTGPU_EXECBUF_FENCE_FD_OUT;
	ret = puck_call(other.fd, VIRTGPU_IOCTL_EXEC, &args);
	first = fence_result(ret ? ret : args.fence_fd, FOREVER_MS);
	ktap_ok(first == -EIO, "bad_stream: %d", first);
	/* Whether it is known by now or not, nothing is drawn any more. */
	ret = fence_result(picture_clear(other.fd, &q, true, red), FOREVER_MS);
	ktap_ok(ret == -EIO, "bad_stream: its context is lost: %d", ret);
	ret = fence_result(picture_clear(puck.fd, &p, true, odd), FOREVER_MS);
	ktap_ok(ret == 1 && !picture_read(puck.fd, &p) && !picture_wrong(&p, odd),
		"bad_stream: another one draws: %d", ret);
	close(other.fd);
	bo_close(puck.fd, &p.bo);
}

int main(void)
{
	int value = 0;

	ktap_begin();
	if (!ktap_ok(!puck_open_any(&puck), "open"))
		return ktap_end();
	if (virtgpu_param(puck.fd, VIRTGPU_PARAM_3D_FEATURES, &value) || !value) {
		ktap_skip("the device has no 3D", "3D");
		return ktap_end();
	}
	params();
	capsets();
	draws();
	lengths();
	fences();
	shared();
	many();
	bad_stream();
	close(puck.fd);
	return ktap_end();
}
