// SPDX-License-Identifier: MIT
/* GET_PARAM, GET_REGIONS, the driver's name and version, and numbers that are no ioctls. */
#include "lib/base/array.h"
#include "lib/base/ktap.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"

#include <errno.h>

#define FEATURES	(DRM_PUCK_FEATURE_QUEUES | DRM_PUCK_FEATURE_REGIONS | \
			 DRM_PUCK_FEATURE_CACHING | DRM_PUCK_FEATURE_PLACEMENT)

static struct puck puck;

static void test_version(void)
{
	char name[16] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };
	int ret = puck_call(puck.fd, DRM_IOCTL_VERSION, &version);

	ktap_ok(!ret && !strcmp(name, "puck") && version.version_major == 0,
		"version: name is puck, major is 0");
	ktap_ok(version.version_minor >= 3, "version: minor is 3, or what came after it (%d)",
		version.version_minor);
}

static void test_params(void)
{
	uint64_t compute = 0, copy = ~0ull, features = 0, vram = 0, seg = 0, translated = 2, vms = 65;

	ktap_ok(!puck_param(puck.fd, DRM_PUCK_PARAM_RINGS_COMPUTE, &compute) &&
		!puck_param(puck.fd, DRM_PUCK_PARAM_RINGS_COPY, &copy) && compute &&
		compute + copy >= 2 && compute + copy <= 8, "rings: at least 2, one of them computes");
	ktap_ok(!puck_param(puck.fd, DRM_PUCK_PARAM_FEATURES, &features) &&
		(features & FEATURES) == FEATURES, "features: those of minor version 3");
	ktap_ok(features & DRM_PUCK_FEATURE_REF_SYNC, "features: REF_SYNC");
	ktap_ok(!puck_param(puck.fd, DRM_PUCK_PARAM_VRAM_SIZE, &vram) && vram >= 1 << 20 &&
		!(vram & (vram - 1)), "vram_size: a power of two");
	ktap_ok(!puck_param(puck.fd, DRM_PUCK_PARAM_SEG_LEN_MAX, &seg) && seg, "seg_len_max: not 0");
	ktap_ok(!puck_param(puck.fd, DRM_PUCK_PARAM_TRANSLATED, &translated) && translated < 2,
		"translated: 0 or 1");
	ktap_ok(!puck_param(puck.fd, DRM_PUCK_PARAM_VMS, &vms) && vms <= 64 &&
		!vms == !(features & DRM_PUCK_FEATURE_VM), "vms: as many as the device has");
}

static void test_bad_params(void)
{
	struct drm_puck_get_param pad = { .param = DRM_PUCK_PARAM_FEATURES, .pad = 1 };
	struct drm_puck_get_param out = { .param = DRM_PUCK_PARAM_FEATURES, .value = 1 };
	uint64_t value;

	ktap_ok(puck_param(puck.fd, 0, &value) == -EINVAL, "bad_param 0");
	ktap_ok(puck_param(puck.fd, ~0u, &value) == -EINVAL, "bad_param ~0");
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_GET_PARAM, &pad) == -EINVAL, "bad_pad");
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_GET_PARAM, &out) == -EINVAL, "bad_value");
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_GET_PARAM, NULL) == -EFAULT, "bad_pointer");
}

/* Below our numbers is what virtgpu uses, above them nothing. */
static void test_bad_numbers(void)
{
	struct drm_puck_get_param args = { .param = DRM_PUCK_PARAM_FEATURES };

	ktap_ok(puck_call(puck.fd, DRM_IOWR(0x40, args), &args) == -EINVAL, "bad_number 0x40");
	ktap_ok(puck_call(puck.fd, DRM_IOWR(0x4f, args), &args) == -EINVAL, "bad_number 0x4f");
	ktap_ok(puck_call(puck.fd, DRM_IOWR(0x9f, args), &args) == -EINVAL, "bad_number 0x9f");
}

/* ---- regions ---- */

static int get_regions(struct drm_puck_region *regions, uint32_t *count)
{
	struct drm_puck_get_regions args = { .regions = puck_array(regions, *count) };
	int ret = puck_call(puck.fd, DRM_IOCTL_PUCK_GET_REGIONS, &args);

	*count = args.regions.count;
	return ret;
}

/* How much of the system's memory BOs take; all ones if nothing is told. */
static uint64_t system_used(void)
{
	struct drm_puck_region regions[8] = { 0 };
	uint32_t count = ARRAY_SIZE(regions), i;

	if (get_regions(regions, &count) || count > ARRAY_SIZE(regions))
		return ~0ull;
	for (i = 0; i < count; i++)
		if (regions[i].region == DRM_PUCK_REGION_SYSTEM)
			return regions[i].used;
	return ~0ull;
}

static void test_regions(void)
{
	struct drm_puck_region regions[8] = { 0 };
	uint32_t none = 0, count = ARRAY_SIZE(regions), i, seen = 0;
	uint64_t before;
	struct bo bo;
	int ret;

	ret = get_regions(regions, &none);
	ktap_ok(!ret && none >= 1 && none <= ARRAY_SIZE(regions),
		"regions: %u of them, told to who has no room (%d)", none, ret);
	ktap_ok(!get_regions(regions, &count) && count == none, "regions: as many are written");
	for (i = 0; i < count; i++)
		seen |= 1 << regions[i].region;
	ktap_ok(seen & 1 << DRM_PUCK_REGION_SYSTEM && seen & 1 << DRM_PUCK_REGION_VRAM &&
		__builtin_popcount(seen) == (int)count,
		"regions: the system's memory and VRAM are there, none is there twice");
	for (i = 0; i < count; i++)
		ktap_ok(!regions[i].flags && regions[i].align &&
			!(regions[i].align & (regions[i].align - 1)),
			"regions: alignment of %u is a power of two", regions[i].region);
	for (; i < ARRAY_SIZE(regions); i++)
		if (regions[i].region || regions[i].size || regions[i].used || regions[i].align)
			break;
	ktap_ok(i == ARRAY_SIZE(regions), "regions: nothing is written behind the last one");

	before = system_used();
	ktap_need(!bo_create(puck.fd, &bo, 1 << 20), "create");
	ktap_ok(system_used() >= before + (1 << 20), "regions: a BO of 1 MiB takes as much");
	bo_close(puck.fd, &bo);
}

int main(void)
{
	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	test_version();
	test_params();
	test_bad_params();
	test_bad_numbers();
	test_regions();
	return ktap_end();
}
