// SPDX-License-Identifier: MIT
/*
 * Every member of every ioctl's structure that can be bad, but for SUBMIT's: pads, flags
 * that nobody knows, what is set aside, and what the driver is to fill in.
 */
#include "lib/base/array.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/queue.h"
#include "lib/gpu/works.h"

#include <errno.h>
#include <stddef.h>

#define ALL_BITS	0xffffffffu
#define TOP_BIT		0x80000000u

static struct puck puck;
static struct bo bo, probe;
static uint32_t queue;

/* The argument of any of them, good but for what the table spoils. */
static union args {
	struct drm_puck_get_param get_param;
	struct drm_puck_get_regions get_regions;
	struct drm_puck_gem_create gem_create;
	struct drm_puck_gem_mmap_offset gem_mmap_offset;
	struct drm_puck_gem_info gem_info;
	struct drm_puck_gem_wait gem_wait;
	struct drm_puck_gem_flush gem_flush;
	struct drm_puck_queue_create queue_create;
	struct drm_puck_queue_destroy queue_destroy;
	struct drm_puck_queue_state queue_state;
} args;

static void good_get_param(void)
{
	args.get_param.param = DRM_PUCK_PARAM_FEATURES;
}

static void good_get_regions(void)
{
}

static void good_gem_create(void)
{
	args.gem_create.size = 4096;
	args.gem_create.placements = 1 << DRM_PUCK_REGION_SYSTEM;
}

static void good_gem_mmap_offset(void)
{
	args.gem_mmap_offset.handle = bo.handle;
}

static void good_gem_info(void)
{
	args.gem_info.handle = bo.handle;
}

static void good_gem_wait(void)
{
	args.gem_wait.handle = bo.handle;
	args.gem_wait.timeout_ns = now_ns() + FOREVER_NS;
}

static void good_gem_flush(void)
{
	args.gem_flush.handle = bo.handle;
}

static void good_queue_create(void)
{
	args.queue_create.kind = DRM_PUCK_KIND_COMPUTE;
}

static void good_queue_destroy(void)
{
	args.queue_destroy.queue = queue;
}

static void good_queue_state(void)
{
	args.queue_state.queue = queue;
}

#define BAD(call, nr, member, err, ...)							\
	{ #call "." #member, DRM_IOCTL_PUCK_ ## nr, good_ ## call, err,			\
	  offsetof(union args, call.member), sizeof(args.call.member), __VA_ARGS__ }
#define PARAM(...)	BAD(get_param, GET_PARAM, __VA_ARGS__)
#define REGIONS(...)	BAD(get_regions, GET_REGIONS, __VA_ARGS__)
#define CREATE(...)	BAD(gem_create, GEM_CREATE, __VA_ARGS__)
#define OFFSET(...)	BAD(gem_mmap_offset, GEM_MMAP_OFFSET, __VA_ARGS__)
#define INFO(...)	BAD(gem_info, GEM_INFO, __VA_ARGS__)
#define WAIT(...)	BAD(gem_wait, GEM_WAIT, __VA_ARGS__)
#define FLUSH(...)	BAD(gem_flush, GEM_FLUSH, __VA_ARGS__)
#define QUEUE(...)	BAD(queue_create, QUEUE_CREATE, __VA_ARGS__)
#define DESTROY(...)	BAD(queue_destroy, QUEUE_DESTROY, __VA_ARGS__)
#define STATE(...)	BAD(queue_state, QUEUE_STATE, __VA_ARGS__)

static const struct bad {
	const char *what;
	unsigned long nr;
	void (*good)(void);
	int err;
	size_t offset;
	size_t size;
	uint64_t value;
} bads[] = {
	PARAM(param, -EINVAL, 0),
	PARAM(param, -EINVAL, ALL_BITS),
	PARAM(pad, -EINVAL, 1),
	PARAM(pad, -EINVAL, TOP_BIT),
	PARAM(value, -EINVAL, 1),
	PARAM(value, -EINVAL, 1ull << 63),
	REGIONS(regions.ptr, -EINVAL, 4096),		/* without a count */
	REGIONS(regions.stride, -EINVAL, 32),
	REGIONS(regions.count, -EINVAL, 1),		/* without a stride */
	CREATE(size, -EINVAL, 0),
	CREATE(size, -E2BIG, DRM_PUCK_BO_SIZE_MAX + 1),
	CREATE(size, -E2BIG, ~0ull),
	CREATE(placements, -EINVAL, 0),
	CREATE(placements, -EINVAL, 4),
	CREATE(placements, -EINVAL, 7),
	CREATE(placements, -EINVAL, TOP_BIT | 1),
	CREATE(placements, -EINVAL, ALL_BITS),
	CREATE(caching, -EINVAL, DRM_PUCK_CACHING_WC + 1),
	CREATE(caching, -EINVAL, ALL_BITS),
	CREATE(vm, -ENOENT, 1),
	CREATE(vm, -ENOENT, ALL_BITS),
	CREATE(flags, -EINVAL, DRM_PUCK_GEM_PREFER_SYSTEM),	/* of one placement */
	CREATE(flags, -EINVAL, DRM_PUCK_GEM_EVICT_FIRST | DRM_PUCK_GEM_EVICT_LAST),
	CREATE(flags, -EINVAL, DRM_PUCK_GEM_EVICT_LAST << 1),
	CREATE(flags, -EINVAL, TOP_BIT),
	CREATE(handle, -EINVAL, 1),
	CREATE(pad, -EINVAL, 1),
	OFFSET(handle, -ENOENT, 0),
	OFFSET(handle, -ENOENT, ALL_BITS),
	OFFSET(flags, -EINVAL, 1),
	OFFSET(flags, -EINVAL, TOP_BIT),
	OFFSET(offset, -EINVAL, 4096),
	OFFSET(offset, -EINVAL, 1ull << 63),
	INFO(handle, -ENOENT, 0),
	INFO(handle, -ENOENT, ALL_BITS),
	INFO(flags, -EINVAL, DRM_PUCK_INFO_IMPORTED),
	INFO(flags, -EINVAL, TOP_BIT),
	INFO(size, -EINVAL, 1),
	INFO(size, -EINVAL, 1ull << 63),
	INFO(placements, -EINVAL, 1),
	INFO(region, -EINVAL, 1),
	INFO(caching, -EINVAL, 1),
	INFO(orig_nents, -EINVAL, 1),
	INFO(nents, -EINVAL, 1),
	INFO(pad, -EINVAL, 1),
	WAIT(handle, -ENOENT, 0),
	WAIT(handle, -ENOENT, ALL_BITS),
	WAIT(flags, -EINVAL, DRM_PUCK_WAIT_WRITE << 1),
	WAIT(flags, -EINVAL, TOP_BIT),
	FLUSH(handle, -ENOENT, 0),
	FLUSH(handle, -ENOENT, ALL_BITS),
	FLUSH(flags, -EINVAL, 1),
	FLUSH(flags, -EINVAL, TOP_BIT),
	QUEUE(kind, -EINVAL, 0),
	QUEUE(kind, -EINVAL, 3),			/* set aside in the device */
	QUEUE(kind, -EINVAL, 0xff),
	QUEUE(kind, -EINVAL, ALL_BITS),
	QUEUE(ring, -EINVAL, PUCK_RINGS_MAX),
	QUEUE(ring, -EINVAL, DRM_PUCK_RING_ANY - 1),
	QUEUE(priority, -EINVAL, DRM_PUCK_PRIORITY_HIGH + 1),
	QUEUE(priority, -EINVAL, ALL_BITS),
	QUEUE(flags, -EINVAL, 1),
	QUEUE(flags, -EINVAL, TOP_BIT),
	QUEUE(vm, -ENOENT, 1),
	QUEUE(vm, -ENOENT, ALL_BITS),
	QUEUE(queue, -EINVAL, 1),
	DESTROY(queue, -ENOENT, 0),
	DESTROY(queue, -ENOENT, 1000000),
	DESTROY(queue, -ENOENT, ALL_BITS),
	DESTROY(pad, -EINVAL, 1),
	DESTROY(pad, -EINVAL, TOP_BIT),
	STATE(queue, -ENOENT, 0),
	STATE(queue, -ENOENT, 1000000),
	STATE(queue, -ENOENT, ALL_BITS),
	STATE(flags, -EINVAL, 1),
	STATE(flags, -EINVAL, TOP_BIT),
	STATE(resets, -EINVAL, 1),
	STATE(guilty, -EINVAL, 1),
	STATE(innocent, -EINVAL, 1ull << 63),
};

static void test_bad(const struct bad *bad)
{
	int ret;

	memset(&args, 0, sizeof(args));
	bad->good();
	memcpy((char *)&args + bad->offset, &bad->value, bad->size);
	ret = puck_call(puck.fd, bad->nr, &args);
	ktap_ok(ret == bad->err && puck_works(&puck, &probe), "bad_%s %#llx: %d", bad->what,
		(unsigned long long)bad->value, ret);
}

/* As they were before something was spoilt: else the table would show nothing. */
static void test_good(const struct bad *bad)
{
	struct drm_puck_queue_state state;

	memset(&args, 0, sizeof(args));
	bad->good();
	ktap_ok(!puck_call(puck.fd, bad->nr, &args), "good %.*s", (int)strcspn(bad->what, "."),
		bad->what);
	if (bad->nr == DRM_IOCTL_PUCK_GEM_CREATE) {
		struct bo made = { .handle = args.gem_create.handle };

		bo_close(puck.fd, &made);
	} else if (bad->nr == DRM_IOCTL_PUCK_QUEUE_CREATE) {
		ktap_ok(args.queue_create.queue && !queue_state(puck.fd, args.queue_create.queue, &state) &&
			!queue_destroy(puck.fd, args.queue_create.queue), "the queue is there, and goes");
	} else if (bad->nr == DRM_IOCTL_PUCK_QUEUE_DESTROY) {
		ktap_need(!queue_create(puck.fd, DRM_PUCK_KIND_COMPUTE, 0, DRM_PUCK_PRIORITY_NORMAL,
					&queue), "a queue again");
	}
}

int main(void)
{
	unsigned int i;

	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(!bo_create(puck.fd, &bo, 4096) && !bo_create(puck.fd, &probe, 4096), "create");
	ktap_need(!queue_create(puck.fd, DRM_PUCK_KIND_COMPUTE, 0, DRM_PUCK_PRIORITY_NORMAL, &queue),
		  "a queue");
	for (i = 0; i < ARRAY_SIZE(bads); i++) {
		if (!i || bads[i].nr != bads[i - 1].nr) {
			test_good(&bads[i]);
			ktap_ok(puck_call(puck.fd, bads[i].nr, NULL) == -EFAULT, "bad_pointer");
		}
		test_bad(&bads[i]);
	}
	return ktap_end();
}
