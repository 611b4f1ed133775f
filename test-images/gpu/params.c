// SPDX-License-Identifier: MIT
/* GETPARAM, the driver's name and version, and numbers that are no ioctls. */
#include "lib/base/ktap.h"
#include "lib/gpu/device.h"

#include <errno.h>

static struct puck puck;

static void test_version(void)
{
	char name[16] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };
	int ret = puck_call(puck.fd, DRM_IOCTL_VERSION, &version);

	ktap_ok(!ret && !strcmp(name, "puck") && version.version_major == 0,
		"version: name is puck, major is 0");
}

static void test_params(void)
{
	uint64_t rings = 0, vram = 0, seg = 0, translated = 2;

	ktap_ok(!puck_param(puck.fd, PUCK_PARAM_NUM_RINGS, &rings) && rings >= 2 && rings <= 8,
		"num_rings: at least 2");
	ktap_ok(!puck_param(puck.fd, PUCK_PARAM_VRAM_SIZE, &vram) && vram >= 1 << 20 &&
		!(vram & (vram - 1)), "vram_size: a power of two");
	ktap_ok(!puck_param(puck.fd, PUCK_PARAM_SEG_LEN_MAX, &seg) && seg, "seg_len_max: not 0");
	ktap_ok(!puck_param(puck.fd, PUCK_PARAM_TRANSLATED, &translated) && translated < 2,
		"translated: 0 or 1");
}

static void test_bad_params(void)
{
	struct drm_puck_getparam pad = { .param = PUCK_PARAM_NUM_RINGS, .pad = 1 };
	uint64_t value;

	ktap_ok(puck_param(puck.fd, 0, &value) == -EINVAL, "bad_param 0");
	ktap_ok(puck_param(puck.fd, ~0u, &value) == -EINVAL, "bad_param ~0");
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_GETPARAM, &pad) == -EINVAL, "bad_pad");
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_GETPARAM, NULL) == -EFAULT, "bad_pointer");
}

/* Below our numbers is what virtgpu uses, above them nothing. */
static void test_bad_numbers(void)
{
	struct drm_puck_getparam args = { .param = PUCK_PARAM_NUM_RINGS };

	ktap_ok(puck_call(puck.fd, DRM_IOWR(0x40, args), &args) == -EINVAL, "bad_number 0x40");
	ktap_ok(puck_call(puck.fd, DRM_IOWR(0x4f, args), &args) == -EINVAL, "bad_number 0x4f");
	ktap_ok(puck_call(puck.fd, DRM_IOWR(0x57, args), &args) == -EINVAL, "bad_number 0x57");
}

int main(void)
{
	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	test_version();
	test_params();
	test_bad_params();
	test_bad_numbers();
	return ktap_end();
}
