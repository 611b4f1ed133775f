// SPDX-License-Identifier: MIT
/*
 * What there is of a display, its modes, those that it refuses, and how blankings are counted.
 */
#include "lib/base/ktap.h"
#include "lib/kms/screen.h"

#include <errno.h>

#define MODES_MAX	64

static struct screen screen;
static struct kms_fb fb;
static struct drm_mode_modeinfo modes[MODES_MAX];
static uint32_t num_modes;

static int get_modes(void)
{
	struct drm_mode_get_connector conn = { .connector_id = screen.head->connector };
	int ret = puck_call(screen.card.fd, DRM_IOCTL_MODE_GETCONNECTOR, &conn);

	if (ret || conn.count_modes > MODES_MAX)
		return ret ? ret : -E2BIG;
	if (conn.connection != 1)
		return -ENODEV;
	num_modes = conn.count_modes;
	conn = (struct drm_mode_get_connector) {
		.connector_id = screen.head->connector,
		.modes_ptr = (uintptr_t)modes,
		.count_modes = num_modes,
	};
	return puck_call(screen.card.fd, DRM_IOCTL_MODE_GETCONNECTOR, &conn);
}

static int blob_size(uint32_t id)
{
	struct drm_mode_get_blob args = { .blob_id = id };
	int ret = puck_call(screen.card.fd, DRM_IOCTL_MODE_GETPROPBLOB, &args);

	return ret ? ret : (int)args.length;
}

static void test_what_there_is(void)
{
	const struct kms_prop *edid;
	struct kms_props props;
	uint32_t i;
	int size;

	for (i = 0; i < screen.card.heads; i++) {
		const struct kms_head *head = &screen.card.head[i];

		ktap_ok(head->connector && head->plane[0] && head->plane[1] && head->plane[2],
			"head %u has a connector and three planes", i);
	}
	ktap_need(!get_modes() && num_modes, "modes: there are some");
	ktap_need(!kms_props_get(screen.card.fd, &props, screen.head->connector,
				 DRM_MODE_OBJECT_CONNECTOR), "properties");
	edid = kms_prop(&props, "EDID");
	size = edid && edid->value ? blob_size(edid->value) : -ENOENT;
	ktap_ok(size > 0 && size % 128 == 0, "modes: of an EDID of %d bytes", size);
}

/* Whether a head can have timings, only tried. */
static int try_mode(const struct drm_mode_modeinfo *mode)
{
	struct kms_atomic atomic = { 0 };
	uint32_t blob;
	int ret = kms_blob(&screen.card, mode, sizeof(*mode), &blob);

	if (ret)
		return ret;
	kms_set_on(&atomic, screen.head, blob);
	ret = kms_commit(&screen.card, &atomic,
			 DRM_MODE_ATOMIC_TEST_ONLY | DRM_MODE_ATOMIC_ALLOW_MODESET, 0);
	kms_blob_drop(&screen.card, blob);
	return ret;
}

static void test_modes(void)
{
	uint32_t i, bad = 0;
	int ret;

	for (i = 0; i < num_modes; i++) {
		ret = try_mode(&modes[i]);
		bad += !!ret;
		if (ret)
			ktap_note("%s: %d", modes[i].name, ret);
	}
	ktap_ok(!bad, "modes: each of the %u is one that the head can have", num_modes);
}

static void refused(const char *what, struct drm_mode_modeinfo mode)
{
	int ret = try_mode(&mode);

	ktap_ok(ret == -EINVAL, "modes: %s is refused (%d)", what, ret);
}

static void test_refused(void)
{
	struct drm_mode_modeinfo mode = kms_mode(SCREEN_WIDTH, SCREEN_HEIGHT, SCREEN_HZ);

	ktap_ok(!try_mode(&mode), "modes: one that no monitor has is as good");
	refused("less than 16 columns", kms_mode(8, SCREEN_HEIGHT, SCREEN_HZ));
	refused("less than 16 lines", kms_mode(SCREEN_WIDTH, 8, SCREEN_HZ));
	refused("more than 4096 columns", kms_mode(4104, SCREEN_HEIGHT, SCREEN_HZ));
	refused("more than 240 Hz", kms_mode(SCREEN_WIDTH, SCREEN_HEIGHT, 300));
	mode.clock = 1;
	refused("less than 1 Hz", mode);
	mode = kms_mode(SCREEN_WIDTH, SCREEN_HEIGHT, SCREEN_HZ);
	mode.vtotal = mode.vsync_end = mode.vsync_start = mode.vdisplay;
	refused("no blanking", mode);
	mode = kms_mode(SCREEN_WIDTH, SCREEN_HEIGHT, SCREEN_HZ);
	mode.flags = DRM_MODE_FLAG_INTERLACE;
	refused("half pictures", mode);
}

/* The preferred one, with a framebuffer of its size. */
static void test_preferred(void)
{
	struct kms_atomic atomic = { 0 };
	struct kms_fb large;
	struct kms_frame frame;
	uint32_t i, blob;
	int ret;

	for (i = 0; i < num_modes - 1 && !(modes[i].type & DRM_MODE_TYPE_PREFERRED); i++)
		;
	ktap_need(!kms_blob(&screen.card, &modes[i], sizeof(modes[i]), &blob) &&
		  !kms_fb_create(screen.card.fd, &large, KMS_XRGB, modes[i].hdisplay,
				 modes[i].vdisplay, BO_SYSTEM | BO_VRAM), "preferred: %s",
		  modes[i].name);
	memset(large.bo.map, 0x5a, large.bo.size);
	kms_set_on(&atomic, screen.head, blob);
	kms_set_shown(&atomic, screen.head, 0, large.id, 0, 0, large.width, large.height);
	ret = kms_commit_wait(&screen.card, &atomic);
	ktap_ok(!ret, "preferred: %s (%d)", modes[i].name, ret);
	ret = screen_frame(&screen, screen_next(&screen), &frame);
	/* Each pixel has the same bytes: the plane's last one is no colour. */
	ktap_ok(!ret && frame.crc[0] && frame.crc[1], "preferred: frames are shown (%d)", ret);
	ktap_ok(!screen_on(&screen, &fb), "preferred: from there to other timings");
	kms_fb_destroy(screen.card.fd, &large);
	kms_blob_drop(&screen.card, blob);
}

static int wait_blanking(uint32_t *number)
{
	union drm_wait_vblank args = {
		.request = { .type = _DRM_VBLANK_RELATIVE, .sequence = 1 },
	};
	int ret;

	args.request.type |= screen.index << _DRM_VBLANK_HIGH_CRTC_SHIFT;
	ret = puck_call(screen.card.fd, DRM_IOCTL_WAIT_VBLANK, &args);
	*number = args.reply.sequence;
	return ret;
}

static void test_blankings(void)
{
	uint32_t first = 0, number = 0, last;
	bool rising = true;
	int ret = 0, i;

	ktap_need(!wait_blanking(&first), "blankings: wait for one");
	last = first;
	for (i = 0; !ret && i < 10; i++) {
		ret = wait_blanking(&number);
		rising = rising && (int32_t)(number - last) > 0;
		last = number;
	}
	ktap_ok(!ret && rising, "blankings: each one that is waited for has a higher number (%d)",
		ret);
	ktap_ok((int32_t)(screen_next(&screen) - last) > 0,
		"blankings: they are counted while nobody waits");
}

/* Dark, and as before. */
static void test_off(void)
{
	struct kms_model model = screen_model(&fb);
	struct kms_atomic atomic = { 0 };
	uint32_t number;

	kms_set_crtc(&atomic, screen.head, "ACTIVE", 0);
	ktap_ok(!kms_commit_wait(&screen.card, &atomic), "off: the head is dark");
	ktap_ok(wait_blanking(&number) == -EINVAL, "off: there are no blankings to wait for");
	atomic = (struct kms_atomic) { 0 };
	kms_set_crtc(&atomic, screen.head, "ACTIVE", 1);
	ktap_ok(!kms_commit_wait(&screen.card, &atomic) && screen_shows_now(&screen, &model),
		"off: on again it shows what it did before");
}

/* All heads in one commit. */
static void test_together(void)
{
	struct kms_atomic atomic = { 0 };
	uint32_t i;

	if (screen.card.heads < 2) {
		ktap_skip("one head", "together");
		return;
	}
	for (i = 0; i < screen.card.heads; i++) {
		kms_set_on(&atomic, &screen.card.head[i], screen.mode);
		kms_set_shown(&atomic, &screen.card.head[i], 0, fb.id, 0, 0, fb.width, fb.height);
	}
	ktap_ok(!kms_commit_wait(&screen.card, &atomic), "together: both heads are on");
	atomic = (struct kms_atomic) { 0 };
	kms_set_off(&atomic, &screen.card.head[1]);
	ktap_ok(!kms_commit_wait(&screen.card, &atomic), "together: and one of them is off");
}

int main(void)
{
	ktap_begin();
	screen_open(&screen, 0);
	ktap_need(!kms_fb_create(screen.card.fd, &fb, KMS_XRGB, SCREEN_WIDTH, SCREEN_HEIGHT,
				 BO_SYSTEM), "framebuffer");
	kms_fb_fill(&fb, 0x00314159);
	test_what_there_is();
	test_modes();
	test_refused();
	ktap_need(!screen_on(&screen, &fb), "turn the head on");
	test_preferred();
	test_blankings();
	test_off();
	test_together();
	ktap_ok(!screen_off(&screen), "turn the head off");
	screen_close(&screen);
	return ktap_end();
}
