// SPDX-License-Identifier: MIT
/*
 * virtgpu's ioctls: every member that can be bad. What is refused does nothing, and is in nobody's
 * way: behind each a texture is cleared and read.
 */
#include "lib/base/ktap.h"
#include "lib/gpu/bad.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/sync.h"
#include "lib/render3d/virtgpu.h"

#include <stddef.h>

#define SIDE		32u
#define ALL_BITS	0xffffffffu
#define NOWHERE		(1ull << 63)

static struct puck puck;
static struct picture picture;
static struct bo plain;			/* no resource */
static uint32_t signalled, empty;	/* syncobjs, with a fence and without */
static uint8_t caps[4096];

/* Good arguments of each ioctl. */
struct trial {
	struct drm_virtgpu_map map;
	struct drm_virtgpu_getparam param;
	struct drm_virtgpu_resource_create create;
	struct drm_virtgpu_resource_info info;
	struct virtgpu_transfer transfer;
	struct drm_virtgpu_3d_wait wait;
	struct drm_virtgpu_get_caps caps;
	struct drm_virtgpu_resource_create_blob blob;
	struct drm_virtgpu_context_init init;
	struct drm_virtgpu_context_set_param set[1];
	struct virtgpu_exec exec;
	uint32_t handles[2];
	struct virtgpu_syncobj in[1];
	struct virtgpu_syncobj out[1];
	uint32_t stream[VIRGL_CLEAR_DWORDS];
};

static int param_value;

static void trial_init(struct trial *t)
{
	static const uint8_t green[4] = { 0, 255, 0, 255 };

	memset(t, 0, sizeof(*t));
	t->map.handle = picture.bo.handle;
	t->param.param = VIRTGPU_PARAM_3D_FEATURES;
	t->param.value = (uintptr_t)&param_value;
	t->create = picture_args(SIDE);
	t->info.bo_handle = picture.bo.handle;
	t->transfer.bo_handle = picture.bo.handle;
	t->transfer.box.w = SIDE;
	t->transfer.box.h = SIDE;
	t->transfer.box.d = 1;
	t->wait.handle = picture.bo.handle;
	t->caps.cap_set_id = 2;
	t->caps.addr = (uintptr_t)caps;
	t->caps.size = sizeof(caps);
	t->set[0].param = VIRTGPU_CONTEXT_PARAM_CAPSET_ID;
	t->set[0].value = 2;
	t->init.num_params = 1;
	t->init.ctx_set_params = (uintptr_t)t->set;
	t->exec = exec_args(t->stream, virgl_clear_again(t->stream, green), &picture);
	t->handles[0] = picture.bo.handle;
	t->handles[1] = picture.bo.handle;
	t->exec.bo_handles = (uintptr_t)t->handles;
	t->in[0].handle = signalled;
	t->out[0].handle = signalled;
	t->exec.syncobj_stride = sizeof(t->in[0]);
	t->exec.num_in_syncobjs = 1;
	t->exec.num_out_syncobjs = 1;
	t->exec.in_syncobjs = (uintptr_t)t->in;
	t->exec.out_syncobjs = (uintptr_t)t->out;
}

#define BAD(what, err, ...) BAD_MEMBER(struct trial, what, err, __VA_ARGS__)

static const struct bad maps[] = {
	BAD(map.handle, -ENOENT, 0),
	BAD(map.handle, -ENOENT, ALL_BITS),
	BAD(map.pad, -EINVAL, 1),
	BAD(map.offset, -EINVAL, 4096),			/* out */
};

static const struct bad params[] = {
	BAD(param.param, -EINVAL, 0),
	BAD(param.param, -EINVAL, 100),
	BAD(param.param, -EINVAL, 1ull << 32 | VIRTGPU_PARAM_3D_FEATURES),
	BAD(param.value, -EFAULT, 0),
	BAD(param.value, -EFAULT, NOWHERE),
};

static const struct bad creates[] = {
	BAD(create.bo_handle, -EINVAL, 1),		/* out */
	BAD(create.res_handle, -EINVAL, 1),
	BAD(create.width, -EINVAL, 65537),
	BAD(create.width, -EINVAL, ALL_BITS),
	BAD(create.height, -EINVAL, 65537),
	BAD(create.depth, -EINVAL, ALL_BITS),
	BAD(create.array_size, -EINVAL, 1u << 31),
	BAD(create.nr_samples, -EINVAL, 65537),
	BAD(create.depth, -ENOSPC, 65536),
	BAD(create.size, -ENOSPC, ALL_BITS),
};

static const struct bad infos[] = {
	BAD(info.bo_handle, -ENOENT, 0),
	BAD(info.bo_handle, -ENOENT, ALL_BITS),
	BAD(info.res_handle, -EINVAL, 1),		/* out */
	BAD(info.size, -EINVAL, 1),
	/* Called stride before Linux 5.15. */
	{ "info.blob_mem", -EINVAL, offsetof(struct trial, info) + 12, 4, 1 },
};

static const struct bad transfers[] = {
	BAD(transfer.bo_handle, -ENOENT, 0),
	BAD(transfer.bo_handle, -ENOENT, ALL_BITS),
};

static const struct bad waits[] = {
	BAD(wait.handle, -ENOENT, 0),
	BAD(wait.handle, -ENOENT, ALL_BITS),
	BAD(wait.flags, -EINVAL, 2),
	BAD(wait.flags, -EINVAL, 1u << 31),
};

static const struct bad getcaps[] = {
	BAD(caps.cap_set_id, -EINVAL, 0),
	BAD(caps.cap_set_id, -EINVAL, 3),
	BAD(caps.cap_set_id, -EINVAL, ALL_BITS),
	BAD(caps.size, -EINVAL, 0),
	BAD(caps.pad, -EINVAL, 1),
	BAD(caps.addr, -EFAULT, 0),
	BAD(caps.addr, -EFAULT, NOWHERE),
};

static const struct bad inits[] = {
	BAD(init.pad, -EINVAL, 1),
	BAD(init.num_params, -EINVAL, 5),
	BAD(init.num_params, -EINVAL, ALL_BITS),
	BAD(init.ctx_set_params, -EFAULT, 0),
	BAD(init.ctx_set_params, -EFAULT, NOWHERE),
	BAD(set[0].param, -EINVAL, 0),
	BAD(set[0].param, -EINVAL, 1ull << 32 | VIRTGPU_CONTEXT_PARAM_CAPSET_ID),
	BAD(set[0].value, -EINVAL, 0),
	BAD(set[0].value, -EINVAL, 3),
	BAD(set[0].value, -EINVAL, 1ull << 32 | 2),
	BAD(set[0].param, -EINVAL, VIRTGPU_CONTEXT_PARAM_NUM_RINGS),		/* two */
	BAD(set[0].param, -EINVAL, VIRTGPU_CONTEXT_PARAM_POLL_RINGS_MASK),
	BAD(init.pad, -EEXIST, 0),			/* there is one */
};

static const struct bad execs[] = {
	BAD(exec.flags, -EINVAL, 1 << 2),		/* a ring */
	BAD(exec.flags, -EINVAL, 1 << 3),
	BAD(exec.flags, -EINVAL, 1u << 31),
	BAD(exec.flags, -EINVAL, 1),			/* in: -1 is no sync file */
	BAD(exec.ring_idx, -EINVAL, 1),
	BAD(exec.size, -EINVAL, 0),
	BAD(exec.size, -EINVAL, 6),
	BAD(exec.size, -E2BIG, (1 << 20) + 4),
	BAD(exec.size, -E2BIG, ALL_BITS - 3),
	BAD(exec.command, -EFAULT, 0),
	BAD(exec.command, -EFAULT, NOWHERE),
	BAD(exec.bo_handles, -EFAULT, 0),
	BAD(exec.bo_handles, -EFAULT, NOWHERE),
	BAD(exec.num_bo_handles, -EINVAL, 2),		/* one of them twice */
	BAD(exec.num_bo_handles, -E2BIG, 1024),
	BAD(exec.num_bo_handles, -E2BIG, ALL_BITS),
	BAD(handles[0], -ENOENT, 0),
	BAD(handles[0], -ENOENT, ALL_BITS),
	BAD(exec.syncobj_stride, -EINVAL, 0),
	BAD(exec.syncobj_stride, -EINVAL, 8),
	BAD(exec.syncobj_stride, -EINVAL, 17),
	BAD(exec.syncobj_stride, -EINVAL, ALL_BITS),
	BAD(exec.num_in_syncobjs, -EINVAL, 65),
	BAD(exec.num_in_syncobjs, -EINVAL, ALL_BITS),
	BAD(exec.num_out_syncobjs, -EINVAL, 65),
	BAD(exec.in_syncobjs, -EFAULT, NOWHERE),
	BAD(exec.out_syncobjs, -EFAULT, NOWHERE),
	BAD(in[0].handle, -ENOENT, 0),
	BAD(in[0].handle, -ENOENT, ALL_BITS),
	BAD(in[0].flags, -EINVAL, 2),
	BAD(in[0].point, -EINVAL, 1),			/* there is none */
	BAD(out[0].handle, -ENOENT, 0),
	BAD(out[0].flags, -EINVAL, 1),
	BAD(out[0].flags, -EINVAL, 1u << 31),
};

static bool works(void)
{
	static const uint8_t colours[][4] = { { 1, 2, 3, 4 }, { 250, 150, 100, 50 } };
	static unsigned int turn;
	const uint8_t *colour = colours[++turn % 2];

	return fence_result(picture_clear(puck.fd, &picture, false, colour), 60000) == 1 &&
	       !picture_read(puck.fd, &picture) && !picture_wrong(&picture, colour);
}

static void try_all(unsigned long nr, size_t offset, const struct bad *bads, size_t count)
{
	struct trial t;
	size_t i;
	int ret;

	for (i = 0; i < count; i++) {
		trial_init(&t);
		bad_spoil(&bads[i], &t);
		ret = puck_call(puck.fd, nr, (char *)&t + offset);
		bad_report(&bads[i], ret, works());
	}
}

#define TRY(nr, member, bads) \
	try_all(nr, offsetof(struct trial, member), bads, sizeof(bads) / sizeof(*(bads)))

/* What is good but for a handle that only main() knows. */
static void bad_handles(void)
{
	struct trial t;

	trial_init(&t);
	t.info.bo_handle = plain.handle;
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_VIRTGPU_RESOURCE_INFO, &t.info) == -EINVAL,
		"bad_info: no resource");
	t.transfer.bo_handle = plain.handle;
	ktap_ok(puck_call(puck.fd, VIRTGPU_IOCTL_TO_HOST, &t.transfer) == -EINVAL,
		"bad_transfer: no resource");
	t.handles[0] = plain.handle;
	ktap_ok(puck_call(puck.fd, VIRTGPU_IOCTL_EXEC, &t.exec) == -EINVAL,
		"bad_exec: no resource");
	trial_init(&t);
	t.in[0].handle = empty;
	ktap_ok(puck_call(puck.fd, VIRTGPU_IOCTL_EXEC, &t.exec) == -EINVAL,
		"bad_exec: a syncobj without a fence");
	trial_init(&t);
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE_BLOB, &t.blob) ==
		-EOPNOTSUPP, "bad_blob: there are none");
	ktap_ok(works(), "bad_handles: it works");
}

/* The renderer refuses what it does not have: jobs fail then, and no others. */
static void bad_format(void)
{
	struct drm_virtgpu_resource_create args = picture_args(SIDE);
	struct bo bo = { 0 };

	args.format = 9999;
	ktap_ok(!puck_call(puck.fd, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, &args),
		"bad_format: it is asked");
	ktap_ok(works(), "bad_format: others are drawn");
	bo.handle = args.bo_handle;
	ktap_ok(!bo_close(puck.fd, &bo) && works(), "bad_format: closed");
}

/* It takes no stream of a context any more that has asked for a box that there is not. */
static void bad_box(void)
{
	static const uint8_t white[4] = { 255, 255, 255, 255 };
	struct virtgpu_transfer transfer = { .box = { .w = SIDE + 1, .h = SIDE, .d = 1 } };
	struct puck other = puck;
	struct picture p;
	int ret;

	if (!ktap_ok(!puck_reopen(&other) && !picture_create(other.fd, &p, SIDE),
		     "bad_box: set up"))
		return;
	transfer.bo_handle = p.bo.handle;
	ktap_ok(!puck_call(other.fd, VIRTGPU_IOCTL_FROM_HOST, &transfer) &&
		!picture_wait(other.fd, &p, 0), "bad_box: it is asked");
	ret = fence_result(picture_clear(other.fd, &p, true, white), 60000);
	ktap_ok(ret == -EIO && works(), "bad_box: its context is lost, and no other: %d", ret);
	bo_close(other.fd, &p.bo);
	close(other.fd);
}

/* Everything that is spoilt here is good otherwise. */
static void good(void)
{
	struct trial t;
	int ret;

	trial_init(&t);
	ret = puck_call(puck.fd, VIRTGPU_IOCTL_EXEC, &t.exec);
	ktap_ok(!ret, "good: exec: %d", ret);
	ret = puck_call(puck.fd, DRM_IOCTL_VIRTGPU_GET_CAPS, &t.caps);
	ktap_ok(!ret && caps[0], "good: caps: %d", ret);
	ret = puck_call(puck.fd, DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, &t.create);
	if (!ret)
		ret = puck_call(puck.fd, DRM_IOCTL_GEM_CLOSE,
				&(struct drm_gem_close){ .handle = t.create.bo_handle });
	ktap_ok(!ret && t.create.res_handle, "good: create: %d", ret);
	ret = puck_call(puck.fd, DRM_IOCTL_VIRTGPU_RESOURCE_INFO, &t.info);
	ktap_ok(!ret, "good: info: %d", ret);
	ret = puck_call(puck.fd, DRM_IOCTL_VIRTGPU_MAP, &t.map);
	ktap_ok(!ret && t.map.offset, "good: map: %d", ret);
}

static int set_up(void)
{
	static const uint8_t zero[4];
	struct drm_syncobj_create made = { .flags = DRM_SYNCOBJ_CREATE_SIGNALED };
	struct trial t = { 0 };
	int ret;

	t.set[0].param = VIRTGPU_CONTEXT_PARAM_CAPSET_ID;
	t.set[0].value = 2;
	t.init.num_params = 1;
	t.init.ctx_set_params = (uintptr_t)t.set;
	ret = puck_call(puck.fd, DRM_IOCTL_VIRTGPU_CONTEXT_INIT, &t.init);
	if (!ret)
		ret = picture_create(puck.fd, &picture, SIDE);
	if (!ret)
		ret = bo_create(puck.fd, &plain, 4096);
	if (!ret)
		ret = puck_call(puck.fd, DRM_IOCTL_SYNCOBJ_CREATE, &made);
	signalled = made.handle;
	if (!ret)
		ret = syncobj_create(puck.fd, &empty);
	if (!ret && fence_result(picture_clear(puck.fd, &picture, true, zero), 60000) != 1)
		ret = -EIO;
	return ret;
}

int main(void)
{
	int value = 0, ret;

	ktap_begin();
	if (!ktap_ok(!puck_open_any(&puck), "open"))
		return ktap_end();
	if (virtgpu_param(puck.fd, VIRTGPU_PARAM_3D_FEATURES, &value) || !value) {
		ktap_skip("the device has no 3D", "3D");
		return ktap_end();
	}
	ret = set_up();
	if (!ktap_ok(!ret && works(), "set up: %d", ret))
		return ktap_end();
	good();
	TRY(DRM_IOCTL_VIRTGPU_MAP, map, maps);
	TRY(DRM_IOCTL_VIRTGPU_GETPARAM, param, params);
	TRY(DRM_IOCTL_VIRTGPU_RESOURCE_CREATE, create, creates);
	TRY(DRM_IOCTL_VIRTGPU_RESOURCE_INFO, info, infos);
	TRY(VIRTGPU_IOCTL_TO_HOST, transfer, transfers);
	TRY(VIRTGPU_IOCTL_FROM_HOST, transfer, transfers);
	TRY(DRM_IOCTL_VIRTGPU_WAIT, wait, waits);
	TRY(DRM_IOCTL_VIRTGPU_GET_CAPS, caps, getcaps);
	TRY(DRM_IOCTL_VIRTGPU_CONTEXT_INIT, init, inits);
	TRY(VIRTGPU_IOCTL_EXEC, exec, execs);
	bad_handles();
	bad_format();
	bad_box();
	close(puck.fd);
	return ktap_end();
}
