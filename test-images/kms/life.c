// SPDX-License-Identifier: MIT
/*
 * What becomes of a picture, and of flips, when the machine sleeps, the device is reset, or the
 * driver leaves it.
 */
#include "lib/base/ktap.h"
#include "lib/base/sleep.h"
#include "lib/base/text_file.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/flr.h"
#include "lib/gpu/job.h"
#include "lib/gpu/rebind.h"
#include "lib/kms/screen.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

static struct screen screen;
static struct kms_fb red, blue;

static bool shows_now(const struct kms_fb *fb)
{
	struct kms_model model = screen_model(fb);

	return screen_shows_now(&screen, &model);
}

/* ---- somebody who flips as fast as it goes ---- */

struct flipper {
	pthread_t thread;
	atomic_bool stop;
	unsigned long flips;
	int ret;	/* of the commit that was refused, or of the event that did not come */
};

static void *flip_on(void *arg)
{
	const struct kms_fb *fb[] = { &red, &blue };
	struct flipper *f = arg;
	uint32_t number;

	while (!atomic_load(&f->stop) && !f->ret) {
		struct kms_atomic atomic = { 0 };

		kms_set_plane(&atomic, screen.head, 0, "FB_ID", fb[f->flips % 2]->id);
		f->ret = kms_commit_shown(&screen.card, &atomic, DRM_MODE_ATOMIC_NONBLOCK,
					  &number);
		f->flips += !f->ret;
	}
	return NULL;
}

static bool flipper_start(struct flipper *f)
{
	*f = (struct flipper) { .ret = 0 };
	return !pthread_create(&f->thread, NULL, flip_on, f);
}

static void flipper_stop(struct flipper *f)
{
	atomic_store(&f->stop, true);
	pthread_join(f->thread, NULL);
}

/* ---- */

static void test_reset(void)
{
	struct flipper f;
	int ret, i;

	ktap_need(!screen_on(&screen, &red) && shows_now(&red), "reset: a picture");
	ret = puck_flr(&screen.puck);
	ktap_ok(!ret && shows_now(&red), "reset: it is there behind a reset of the function (%d)",
		ret);
	ktap_need(flipper_start(&f), "reset: flips");
	for (i = 0; i < 5; i++)
		ret = ret ? ret : puck_flr(&screen.puck);
	flipper_stop(&f);
	ktap_ok(!ret && !f.ret, "reset: %lu flips went on meanwhile (%d, %d)", f.flips, ret, f.ret);
	ktap_ok(!screen_on(&screen, &red) && shows_now(&red), "reset: and go on afterwards");
}

static void test_sleep(void)
{
	struct flipper f;
	int ret;

	if (!can_sleep()) {
		ktap_skip("no pm_test", "sleep");
		return;
	}
	ktap_need(!screen_on(&screen, &blue), "sleep: a picture in VRAM");
	ret = sleep_and_wake(1);
	ktap_ok(!ret && shows_now(&blue), "sleep: it is there when the machine wakes (%d)", ret);
	ktap_need(flipper_start(&f), "sleep: flips");
	ret = sleep_and_wake(1);
	flipper_stop(&f);
	ktap_ok(!ret && !f.ret, "sleep: %lu flips went on around it (%d, %d)", f.flips, ret, f.ret);
}

/* A flip waits for a job that is in the hardware; the driver leaves. */
static void test_waiting(void)
{
	struct drm_puck_bo_ref ref = ref_write(&blue.bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, kms_fb_size(&blue), 0);
	struct drm_puck_submit args = job(screen.puck.queue[0], &ref, 1, &cmd, 1);
	struct kms_atomic atomic = { 0 };
	struct drm_event_vblank event;
	int fence, ret;

	ktap_need(!screen_on(&screen, &red), "unbind: a picture");
	puck_set(&screen.puck, 0, "timeout_ms", 600000);
	ktap_need(!puck_set(&screen.puck, 0, "hold", 1), "unbind: hold fences");
	fence = submit_fd(screen.card.fd, &args);
	ktap_need(fence >= 0, "unbind: draw");
	kms_set_plane(&atomic, screen.head, 0, "FB_ID", blue.id);
	ret = kms_commit(&screen.card, &atomic,
			 DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT, 0);
	ktap_need(!ret, "unbind: a flip that waits (%d)", ret);
	ret = write_text(PUCK_DRIVER "unbind", screen.puck.pci);
	ktap_ok(!ret, "unbind: the driver leaves (%d)", ret);
	ret = kms_event(screen.card.fd, &event, FOREVER_MS);
	ktap_ok(!ret, "unbind: the flip has its event (%d)", ret);
	ktap_ok(fence_result(fence, FOREVER_MS) == -ENODEV, "unbind: the job its error");
	ret = kms_commit_wait(&screen.card, &atomic);
	ktap_ok(ret == -ENODEV, "unbind: there are no flips any more (%d)", ret);
	close(screen.card.fd);
	ktap_ok(!write_text(PUCK_DRIVER "bind", screen.puck.pci) &&
		puck_open_soon(&screen.puck, screen.puck.pci), "unbind: it comes back");
	close(screen.puck.fd);
}

static void make(void)
{
	screen_open(&screen, 0);
	ktap_need(!kms_fb_create(screen.card.fd, &red, KMS_XRGB, SCREEN_WIDTH, SCREEN_HEIGHT,
				 BO_SYSTEM) &&
		  !kms_fb_create(screen.card.fd, &blue, KMS_XRGB, SCREEN_WIDTH, SCREEN_HEIGHT,
				 BO_VRAM), "framebuffers");
	kms_fb_fill(&red, 0x00ff0000);
	kms_fb_fill(&blue, 0x000000ff);
}

/* The driver leaves in the middle of flips. */
static void test_unbind(void)
{
	struct flipper f;
	int ret;

	ktap_need(!screen_on(&screen, &red) && flipper_start(&f), "unbind: flips");
	ret = write_text(PUCK_DRIVER "unbind", screen.puck.pci);
	flipper_stop(&f);
	ktap_ok(!ret && (!f.ret || f.ret == -ENODEV), "unbind: %lu flips, and no more (%d, %d)",
		f.flips, ret, f.ret);
	close(screen.card.fd);
	ktap_ok(!write_text(PUCK_DRIVER "bind", screen.puck.pci) &&
		puck_open_soon(&screen.puck, screen.puck.pci), "unbind: it comes back once more");
	close(screen.puck.fd);
}

int main(void)
{
	ktap_begin();
	make();
	test_reset();
	test_sleep();
	test_waiting();
	make();
	test_unbind();
	make();
	ktap_ok(!screen_on(&screen, &red) && shows_now(&red), "behind all that a head shows");
	ktap_ok(!screen_off(&screen), "turn the head off");
	screen_close(&screen);
	return ktap_end();
}
