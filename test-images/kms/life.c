// SPDX-License-Identifier: MIT
/*
 * What becomes of a picture, and of flips, when the machine sleeps, the device is reset or pulled
 * out, the driver leaves it, or a monitor comes and goes. Somebody flips all the while, as fast as
 * it goes.
 *
 *	kms_life [N [reset|sleep|s3|unbind|unplug|monitor]]	all but s3, or that, N times (2)
 */
#include "lib/base/array.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/life.h"
#include "lib/base/progress.h"
#include "lib/base/sleep.h"
#include "lib/base/text_file.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/flr.h"
#include "lib/gpu/job.h"
#include "lib/gpu/plug.h"
#include "lib/gpu/rebind.h"
#include "lib/kms/monitor.h"
#include "lib/kms/screen.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

static struct screen screen;
static struct kms_fb red, blue;

/* Flips between two events. */
#define BETWEEN	3

static bool shows_now(const struct kms_fb *fb)
{
	struct kms_model model = screen_model(fb);

	return screen_shows_now(&screen, &model);
}

/* ---- somebody who flips as fast as it goes ---- */

struct flipper {
	pthread_t thread;
	atomic_bool stop;
	atomic_ulong flips;
	atomic_int ret;	/* of the commit that was refused, or of the event that did not come */
};

static void *flip_on(void *arg)
{
	const struct kms_fb *fb[] = { &red, &blue };
	struct flipper *f = arg;
	uint32_t number;

	while (!f->stop && !f->ret) {
		struct kms_atomic atomic = { 0 };

		kms_set_plane(&atomic, screen.head, 0, "FB_ID", fb[f->flips % 2]->id);
		f->ret = kms_commit_shown(&screen.card, &atomic, DRM_MODE_ATOMIC_NONBLOCK,
					  &number);
		if (!f->ret)
			f->flips++;
	}
	return NULL;
}

static bool flipper_start(struct flipper *f)
{
	f->stop = false;
	f->flips = 0;
	f->ret = 0;
	return !pthread_create(&f->thread, NULL, flip_on, f);
}

static void flipper_stop(struct flipper *f)
{
	f->stop = true;
	pthread_join(f->thread, NULL);
}

/* Whether there are some more flips. */
static bool flipper_goes_on(struct flipper *f)
{
	unsigned long goal = f->flips + BETWEEN;
	unsigned int looks = 0;

	while (f->flips < goal && !f->ret)
		if (!patient(&looks))
			return false;
	return !f->ret;
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

/* What is mapped keeps the file, and that the device, and its minor, which has gone. */
static void let_go(void)
{
	munmap(red.bo.map, red.bo.size);
	munmap(blue.bo.map, blue.bo.size);
	screen_close(&screen);
}

/* ---- the device stays ---- */

static int reset_function(void)
{
	return puck_flr(&screen.puck);
}

static int sleep_a_moment(void)
{
	return sleep_and_wake(0);
}

static struct monitor monitor;

static int pull_and_plug(void)
{
	monitor_plug(false);
	if (!monitor_becomes(&monitor, "disconnected"))
		return -ETIME;
	monitor_plug(true);
	return monitor_becomes(&monitor, "connected") ? 0 : -ETIME;
}

/* Far more than there are while one thing is tried. */
#define BLANKINGS_MAX	1000000

static void test_stays(const char *what, int (*event)(void), unsigned int times)
{
	struct flipper f;
	uint32_t before;
	unsigned int i;
	int ret = 0;

	/* Without anybody who has it shown again. */
	ktap_need(!screen_on(&screen, &blue) && shows_now(&blue), "%s: a picture in VRAM", what);
	before = screen_next(&screen);
	ret = event();
	ktap_ok(!ret && shows_now(&blue), "%s: it is there afterwards (%d)", what, ret);
	before = screen_next(&screen) - before;
	ktap_ok(before && before < BLANKINGS_MAX, "%s: there were %u blankings meanwhile", what,
		before);
	ktap_need(flipper_start(&f), "%s: flips", what);
	for (i = 0; i < times && !ret && flipper_goes_on(&f); i++) {
		progress("%s %u times of %u", what, i, times);
		ret = event();
	}
	flipper_stop(&f);
	ktap_ok(i == times && !ret && !f.ret, "%s: %u times, %lu flips went on meanwhile (%d, %d)",
		what, i, f.flips, ret, f.ret);
	ktap_ok(!screen_on(&screen, &red) && shows_now(&red), "%s: and go on afterwards", what);
}

static void test_reset(unsigned int times)
{
	test_stays("reset", reset_function, times);
}

static void test_sleep(unsigned int times)
{
	if (can_sleep())
		test_stays("sleep", sleep_a_moment, times);
	else
		ktap_skip("no pm_test", "sleep");
}

static void test_deep_sleep(unsigned int times)
{
	if (can_sleep_deeply())
		test_stays("S3", sleep_deeply_and_wake, times);
	else
		ktap_skip("no S3", "sleep in S3");
}

static void test_monitor(unsigned int times)
{
	ktap_need(monitor_find(&monitor, &screen.card) && !monitor_look_once(&screen.card),
		  "monitor: the connector in sysfs");
	test_stays("monitor", pull_and_plug, times);
}

/* ---- the device goes ---- */

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
	let_go();
	ktap_ok(!write_text(PUCK_DRIVER "bind", screen.puck.pci) &&
		puck_open_soon(&screen.puck, screen.puck.pci), "unbind: it comes back");
	close(screen.puck.fd);
	make();
}

static bool unbind(void)
{
	return !write_text(PUCK_DRIVER "unbind", screen.puck.pci);
}

static bool bind(void)
{
	return !write_text(PUCK_DRIVER "bind", screen.puck.pci) &&
	       puck_open_soon(&screen.puck, screen.puck.pci);
}

static bool pull(void)
{
	puck_pull();
	return true;
}

static bool plug(void)
{
	return puck_plug(&screen.puck, ", \"heads\": 2, \"vram-bar\": 1048576");
}

/* In the middle of flips, which end; and behind it a head shows again what it is told. */
static bool leave_once(bool (*leave)(void), bool (*back)(void))
{
	struct flipper f;
	bool good;

	if (screen_on(&screen, &red) || !shows_now(&red) || !flipper_start(&f))
		return false;
	good = flipper_goes_on(&f) && leave();
	while (good && !f.ret)
		usleep(1000);
	flipper_stop(&f);
	let_go();
	if (!good || f.ret != -ENODEV || !back()) {
		ktap_note("%d, %lu flips: %d", good, f.flips, f.ret);
		return false;
	}
	close(screen.puck.fd);
	make();
	return true;
}

static void test_goes(const char *what, bool (*leave)(void), bool (*back)(void),
		      unsigned int times)
{
	unsigned int i;

	for (i = 0; i < times; i++) {
		progress("%s %u times of %u", what, i, times);
		if (!leave_once(leave, back))
			break;
	}
	ktap_need(i == times, "%s: %u times", what, i);
	ktap_ok(true, "%s: %u times, shows pictures again", what, i);
}

static void test_unbind(unsigned int times)
{
	test_waiting();
	test_goes("unbind", unbind, bind, times);
}

static void test_unplug(unsigned int times)
{
	if (screen.puck.translated)
		test_goes("unplug", pull, plug, times);
	else
		ktap_skip("no GPU behind an IOMMU", "unplug");
}

/* Whatever happened, no wait was given up. */
static void judge_log(int log)
{
	char line[256];

	ktap_ok(!log_has(log, "is not taken over", line, sizeof(line)),
		"each flip was waited for until it came: %s", line);
}

static const struct life_event events[] = {
	{ .name = "reset", .test = test_reset },
	{ .name = "sleep", .test = test_sleep },
	{ .name = "s3", .test = test_deep_sleep, .alone = true },
	{ .name = "monitor", .test = test_monitor },
	{ .name = "unbind", .test = test_unbind },
	{ .name = "unplug", .test = test_unplug },
};

int main(int argc, char **argv)
{
	unsigned int times = argc > 1 ? (unsigned int)atoi(argv[1]) : 2;
	int log;

	ktap_begin();
	log = log_open();
	ktap_need(times, "a number of times");
	make();
	life_run(events, ARRAY_SIZE(events), times, argc > 2 ? argv[2] : NULL,
		 "reset, sleep, s3, monitor, unbind, unplug");
	ktap_ok(!screen_on(&screen, &red) && shows_now(&red), "behind all that a head shows");
	ktap_ok(!screen_off(&screen), "turn the head off");
	judge_log(log);
	screen_close(&screen);
	return ktap_end();
}
