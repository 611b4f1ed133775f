// SPDX-License-Identifier: MIT
/*
 * Pictures that are written to memory: each byte is the model's, wherever the memory is and
 * whatever is shown; whoever uses that memory waits for it, and is waited for; and a fence comes
 * whatever becomes of the picture.
 *
 *	kms_writeback [SEED [STATES]]	(1, 60)
 */
#include "lib/base/ktap.h"
#include "lib/base/progress.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/flr.h"
#include "lib/gpu/job.h"
#include "lib/gpu/plug.h"
#include "lib/gpu/rebind.h"
#include "lib/gpu/rules.h"
#include "lib/kms/states.h"
#include "lib/kms/writeback.h"

#include <errno.h>
#include <pthread.h>

/* The bytes that nobody writes. */
#define AROUND	0x5a
#define ROUNDS	20

static struct screen screen;
static struct states states;
static struct kms_fb target[STATES_PLACES];
static struct bo shadow[STATES_PLACES];

/* ---- where pictures go ---- */

/* Longer lines than the picture's, somewhere in its BO, of each kind of memory. */
static int make_target(enum states_place place)
{
	struct kms_fb *fb = &target[place];
	int ret;

	shadow[place] = (struct bo) { 0 };
	*fb = (struct kms_fb) {
		.format = states_below(&states, 2) ? KMS_XRGB : KMS_ARGB,
		.width = SCREEN_WIDTH, .height = SCREEN_HEIGHT,
		.pitch = 4 * (SCREEN_WIDTH + states_below(&states, 40)),
		.offset = 4 * states_below(&states, 3000),
	};
	ret = states_make_fb(&states, fb, &shadow[place], place);
	/* Where there is no such exporter it is our own. */
	return ret == -ENODEV ? states_make_fb(&states, fb, &shadow[place], STATES_SYSTEM) : ret;
}

static void wipe(enum states_place place)
{
	memset(target[place].bo.map, AROUND, target[place].bo.size);
	ktap_need(!states_push(&states, &target[place], &shadow[place]), "wipe a target");
}

/* Behind the end of the writing, whoever it is known from. */
static bool is_written(enum states_place place, const struct kms_model *model)
{
	return !states_pull(&states, &target[place], &shadow[place]) &&
	       kms_is_written(&target[place], model, screen.room, AROUND);
}

static struct kms_atomic writes(const struct kms_fb *fb, int32_t *fence)
{
	struct kms_atomic atomic = { 0 };

	kms_set_written(&atomic, screen.head, fb->id, fence);
	return atomic;
}

/* A commit that does nothing else; returns its fence or a negative errno. */
static int start_writing(const struct kms_fb *fb)
{
	int32_t fence;
	struct kms_atomic atomic = writes(fb, &fence);
	int ret = kms_commit(&screen.card, &atomic, DRM_MODE_ATOMIC_NONBLOCK, 0);

	return ret ? ret : fence;
}

/* One that is well, behind all that may have happened. */
static void works(const char *what)
{
	struct kms_model model = screen_model(&states.fb[0]);
	int ret;

	ktap_need(!screen_on(&screen, &states.fb[0]) &&
		  !kms_writeback_on(&screen.card, screen.head, true), "%s: a picture", what);
	wipe(STATES_SYSTEM);
	ret = fence_result(start_writing(&target[0]), FOREVER_MS);
	ktap_ok(ret == 1 && is_written(STATES_SYSTEM, &model), "%s: then the next is written (%d)",
		what, ret);
}

/* ---- what there is ---- */

static void test_what_there_is(void)
{
	uint32_t formats[2] = { 0 }, i;
	struct drm_mode_get_blob blob = { .data = (uintptr_t)formats, .length = sizeof(formats) };
	const struct kms_head *head;
	const struct kms_prop *prop;

	for (i = 0; i < screen.card.heads; i++) {
		head = &screen.card.head[i];
		ktap_ok(head->writeback && kms_prop(&head->writeback_props, "WRITEBACK_FB_ID"),
			"head %u can be written", i);
	}
	prop = kms_prop(&screen.head->writeback_props, "WRITEBACK_PIXEL_FORMATS");
	blob.blob_id = prop ? prop->value : 0;
	ktap_ok(!puck_call(screen.card.fd, DRM_IOCTL_MODE_GETPROPBLOB, &blob) &&
		blob.length == sizeof(formats) && formats[0] == KMS_XRGB && formats[1] == KMS_ARGB, "in two formats");
}

/* ---- pictures ---- */

static bool write_state(const struct kms_model *model, enum states_place to)
{
	struct kms_atomic atomic = { 0 };
	int32_t fence;
	int ret;

	wipe(to);
	states_set(&states, &atomic, screen.head, model);
	kms_set_written(&atomic, screen.head, target[to].id, &fence);
	ret = kms_commit(&screen.card, &atomic, DRM_MODE_ATOMIC_TEST_ONLY, 0);
	if (!ret)
		ret = kms_commit(&screen.card, &atomic, 0, 0);
	if (!ret)
		ret = fence_result(fence, FOREVER_MS);
	if (ret == 1 && is_written(to, model))
		return true;
	ktap_note("%d", ret);
	return false;
}

static void test_states(uint32_t count)
{
	struct kms_model model;
	uint32_t i, bad = 0;

	for (i = 0; i < count && bad < 5; i++) {
		progress("picture %u of %u", i, count);
		model = states_pick(&states);
		if (write_state(&model, i % STATES_PLACES))
			continue;
		bad++;
		ktap_note("picture %u, to place %u:", i, i % STATES_PLACES);
		states_describe(&states, &model);
	}
	ktap_ok(!bad, "%u pictures are written as they are said to be (%u are not)", i, bad);
}

/* As fast as it goes: a picture in each frame, without a look at the one before. */
static void test_stream(void)
{
	struct kms_model model = screen_model(&states.fb[0]);
	int fence[ROUNDS], ret = 0, i, bad = 0;
	struct drm_event_vblank event;

	ktap_need(!screen_on(&screen, &states.fb[0]) &&
		  !kms_writeback_on(&screen.card, screen.head, true), "stream: a picture");
	for (i = 0; i < STATES_PLACES; i++)
		wipe(i);
	for (i = 0; i < ROUNDS; i++) {
		int32_t one = -1;
		struct kms_atomic atomic = writes(&target[i % STATES_PLACES], &one);

		ret = ret ? ret : kms_commit(&screen.card, &atomic, DRM_MODE_ATOMIC_NONBLOCK |
					     DRM_MODE_PAGE_FLIP_EVENT, 0);
		ret = ret ? ret : kms_event(screen.card.fd, &event, FOREVER_MS);
		fence[i] = one;
	}
	for (i = 0; i < ROUNDS; i++)
		bad += fence_result(fence[i], FOREVER_MS) != 1;
	for (i = 0; i < STATES_PLACES; i++)
		bad += !is_written(i, &model);
	ktap_ok(!ret && !bad, "stream: one in each frame (%d, %d bad)", ret, bad);
}

/* ---- who waits for whom ---- */

static void set_hold(bool on)
{
	puck_set(&screen.puck, 0, "timeout_ms", 600000);
	ktap_need(!puck_set(&screen.puck, 0, "hold", on), "fences of jobs");
}

/* Somebody else is not done with the memory: the picture comes behind it. */
static void test_after(void)
{
	struct kms_fb *to = &target[STATES_SYSTEM];
	struct drm_puck_bo_ref ref = ref_write(&to->bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, to->bo.size, AROUND * 0x01010101u);
	struct drm_puck_submit args = job(screen.puck.queue[0], &ref, 1, &cmd, 1);
	struct kms_model model = screen_model(&states.fb[0]);
	int written, ret, i;

	memset(to->bo.map, 0, to->bo.size);
	bo_flush(screen.card.fd, &to->bo);
	set_hold(true);
	ktap_need(!submit(screen.card.fd, &args), "after: a job that writes there");
	written = start_writing(to);
	for (i = 0; i < 3; i++)
		screen_shows_now(&screen, &model);
	ktap_ok(fence_status(written) == 0, "after: the picture is not there before that is done");
	set_hold(false);
	ret = fence_result(written, FOREVER_MS);
	ktap_ok(ret == 1 && is_written(STATES_SYSTEM, &model),
		"after: and is there behind it (%d)", ret);
}

static int copy_out(const struct kms_fb *from, const struct bo *to)
{
	struct drm_puck_bo_ref refs[] = { ref_read(&from->bo), ref_write(to) };
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, from->bo.size);
	struct drm_puck_submit args = job(screen.puck.queue[0], refs, 2, &cmd, 1);

	return submit_fd(screen.card.fd, &args);
}

/*
 * No takeover for a while: whoever reads the memory has to wait, and knows of no fence but by the
 * memory itself.
 */
static void test_before(void)
{
	unsigned long rule = puck_rule(&screen.puck, "display.vblank", "head=0 drop");
	struct kms_model model = screen_model(&states.fb[0]);
	struct kms_fb *to = &target[STATES_VRAM], copy = *to;
	struct kms_atomic atomic = writes(to, NULL);
	int fence, ret;

	ktap_need(!bo_create(screen.card.fd, &copy.bo, to->bo.size), "before: a copy");
	wipe(STATES_VRAM);
	ret = kms_commit(&screen.card, &atomic, DRM_MODE_ATOMIC_NONBLOCK, 0);
	ktap_ok(!ret, "before: a picture that nobody has a fence of (%d)", ret);
	/* On a quick machine all of this is over before the first frame ends. */
	puck_rule_await(rule, 1);
	fence = copy_out(to, &copy.bo);
	ret = bo_wait(screen.card.fd, &to->bo, 0, 0);
	ktap_ok(fence >= 0 && ret == -ETIME && fence_status(fence) == 0,
		"before: the memory is in use (%d)", ret);
	puck_rule_done(rule, -1);
	ret = bo_wait(screen.card.fd, &to->bo, 0, FOREVER_NS);
	ktap_ok(!ret && kms_is_written(to, &model, screen.room, AROUND),
		"before: who waits for it has the picture (%d)", ret);
	ret = fence_result(fence, FOREVER_MS);
	ktap_ok(ret == 1 && kms_is_written(&copy, &model, screen.room, AROUND),
		"before: and so has who has copied it (%d)", ret);
	bo_close(screen.card.fd, &copy.bo);
}

/* What is shown is written to where it is. */
static void test_itself(void)
{
	struct kms_atomic atomic = { 0 };
	int32_t fence;
	int ret;

	kms_set_shown(&atomic, screen.head, 0, states.fb[0].id, 0, 0, SCREEN_WIDTH, SCREEN_HEIGHT);
	kms_set_written(&atomic, screen.head, states.fb[0].id, &fence);
	ret = kms_commit(&screen.card, &atomic, 0, 0);
	ktap_ok(!ret && fence_result(fence, FOREVER_MS) == 1,
		"itself: what is shown may be what is written (%d)", ret);
}

/* Each of two heads shows what the other one writes. */
struct crossing {
	pthread_t thread;
	uint32_t index;
	const struct kms_fb *shown, *written;
	int ret;
};

static void *cross(void *arg)
{
	struct crossing *c = arg;
	const struct kms_head *head = &screen.card.head[c->index];
	int32_t fence;
	int i;

	for (i = 0; i < ROUNDS && !c->ret; i++) {
		struct kms_atomic atomic = { 0 };

		kms_set_plane(&atomic, head, 0, "FB_ID", c->shown->id);
		kms_set_written(&atomic, head, c->written->id, &fence);
		c->ret = kms_commit(&screen.card, &atomic, 0, 0);
		if (!c->ret && fence_result(fence, FOREVER_MS) != 1)
			c->ret = -EIO;
	}
	return NULL;
}

static void test_crossing(void)
{
	struct crossing c[KMS_HEADS] = {
		{ .index = 0, .shown = &states.fb[0], .written = &target[STATES_SCATTERED] },
		{ .index = 1, .shown = &target[STATES_SCATTERED], .written = &states.fb[0] },
	};
	struct screen other = screen;
	uint32_t i;

	if (screen.card.heads < 2) {
		ktap_skip("one head", "crossing");
		return;
	}
	other.head = &other.card.head[1];
	other.index = 1;
	ktap_need(!screen_on(&other, &target[STATES_SCATTERED]) &&
		  !kms_writeback_on(&other.card, other.head, true), "crossing: the other head");
	for (i = 0; i < KMS_HEADS; i++)
		ktap_need(!pthread_create(&c[i].thread, NULL, cross, &c[i]), "crossing: threads");
	for (i = 0; i < KMS_HEADS; i++)
		pthread_join(c[i].thread, NULL);
	ktap_ok(!c[0].ret && !c[1].ret, "crossing: nobody waits for ever (%d, %d)", c[0].ret,
		c[1].ret);
	ktap_ok(!kms_writeback_on(&other.card, other.head, false) && !screen_off(&other),
		"crossing: the other head is off");
}

/* ---- what is refused ---- */

static struct kms_fb bad_fb(uint32_t format, uint32_t width, uint32_t height)
{
	struct kms_fb fb;

	ktap_need(!kms_fb_create(screen.card.fd, &fb, format, width, height, BO_SYSTEM),
		  "refused: framebuffer");
	return fb;
}

static void refused(const char *what, const struct kms_atomic *atomic, int expected)
{
	int tried = kms_commit(&screen.card, atomic, DRM_MODE_ATOMIC_TEST_ONLY |
			       DRM_MODE_ATOMIC_ALLOW_MODESET, 0);
	int ret = kms_commit(&screen.card, atomic, DRM_MODE_ATOMIC_ALLOW_MODESET, 0);

	ktap_ok(ret == expected && tried == expected, "refused: %s (%d, tried: %d)", what, ret,
		tried);
}

static void bad_framebuffer(const char *what, uint32_t format, uint32_t width, uint32_t height)
{
	struct kms_fb fb = bad_fb(format, width, height);
	struct kms_atomic atomic = writes(&fb, NULL);

	refused(what, &atomic, -EINVAL);
	kms_fb_destroy(screen.card.fd, &fb);
}

static void test_refused(void)
{
	struct kms_atomic atomic;
	int32_t fence = -1;
	int ret;

	bad_framebuffer("a framebuffer with more lines", KMS_XRGB, SCREEN_WIDTH, SCREEN_HEIGHT + 1);
	bad_framebuffer("one with less columns", KMS_XRGB, SCREEN_WIDTH - 1, SCREEN_HEIGHT);
	bad_framebuffer("one of 16 bits", KMS_RGB565, SCREEN_WIDTH, SCREEN_HEIGHT);
	bad_framebuffer("one of chroma", KMS_NV12, SCREEN_WIDTH, SCREEN_HEIGHT);
	atomic = (struct kms_atomic) { 0 };
	kms_set_written(&atomic, screen.head, 0, &fence);
	/* The kernel notices only when it would have to make it. */
	ret = kms_commit(&screen.card, &atomic, 0, 0);
	ktap_ok(ret == -EINVAL, "refused: a fence of nothing (%d)", ret);
	atomic = writes(&target[0], &fence);
	kms_set_writeback(&atomic, screen.head, "WRITEBACK_OUT_FENCE_PTR", 8);
	refused("a fence to nowhere", &atomic, -EFAULT);
	atomic = writes(&target[0], &fence);
	kms_set_writeback(&atomic, screen.head, "CRTC_ID", 0);
	refused("a picture of no head", &atomic, -EINVAL);
	atomic = writes(&target[0], &fence);
	kms_set_crtc(&atomic, screen.head, "ACTIVE", 0);
	refused("a picture of a head that is dark", &atomic, -EINVAL);
	atomic = writes(&target[0], &fence);
	kms_set_writeback(&atomic, screen.head, "WRITEBACK_FB_ID", 0x7fffffff);
	refused("a framebuffer that there is not", &atomic, -EINVAL);
	if (screen.card.heads > 1) {
		atomic = writes(&target[0], &fence);
		kms_set_writeback(&atomic, screen.head, "CRTC_ID", screen.card.head[1].crtc);
		refused("a picture of the other head", &atomic, -EINVAL);
	}
	ktap_ok(fence == -1, "refused: and there is no fence");
	works("refused");
}

/* ---- what goes wrong ---- */

/* At the IOMMU's sites a device is known by its address. */
static unsigned long requester_rule(const char *site, const char *rest)
{
	unsigned long number;
	char rule[128];

	snprintf(rule, sizeof(rule), "%s requester=%s %s", site, strchr(screen.puck.pci, ':') + 1,
		 rest);
	number = rule_add(rule);
	ktap_need(number, "rule: %s", rule);
	return number;
}

/* The device does not reach the memory; the IOMMU's driver says so. */
static void test_fault(void)
{
	unsigned long rule;
	int ret;

	if (!screen.puck.translated) {
		ktap_skip("no IOMMU", "fault");
		return;
	}
	expect_begin("fault|head 0: reason");
	rule = requester_rule("iommu.translate", "dir=write count=1 fault");
	ret = fence_result(start_writing(&target[STATES_SCATTERED]), FOREVER_MS);
	ktap_ok(ret == -EIO, "fault: the fence says that it is not written (%d)", ret);
	puck_rule_done(rule, 1);
	expect_end();
	works("fault");
}

/* A commit that the device has taken, and cannot take over while the rule is there. */
static int start_stuck(unsigned long *rule, const char *what)
{
	int fence;

	*rule = puck_rule(&screen.puck, "display.vblank", "head=0 drop");
	fence = start_writing(&target[STATES_SYSTEM]);
	ktap_need(fence >= 0, "%s: a picture on its way (%d)", what, fence);
	/* The device has it, and is not done with it for some frames. */
	puck_rule_await(*rule, 5);
	ktap_ok(fence_status(fence) == 0, "%s: which does not get there", what);
	return fence;
}

static void test_reset(void)
{
	unsigned long rule;
	int fence = start_stuck(&rule, "reset"), ret;

	ret = puck_flr(&screen.puck);
	ktap_ok(!ret, "reset: of the function (%d)", ret);
	ret = fence_result(fence, FOREVER_MS);
	ktap_ok(ret == -EIO, "reset: the fence says that the picture is lost (%d)", ret);
	puck_rule_done(rule, -1);
	works("reset");
}

/* No interrupt at all. */
static void test_lost(void)
{
	struct kms_model model = screen_model(&states.fb[0]);
	unsigned long rule = puck_rule(&screen.puck, "irq.raise", "drop");
	int ret;

	wipe(STATES_UDMABUF);
	ret = fence_result(start_writing(&target[STATES_UDMABUF]), FOREVER_MS);
	ktap_ok(ret == 1 && is_written(STATES_UDMABUF, &model),
		"lost: it is written, interrupt or not (%d)", ret);
	puck_rule_done(rule, -1);
	works("lost");
}

static void test_dark(void)
{
	struct kms_model model = screen_model(&states.fb[0]);
	int fence, ret;

	wipe(STATES_HEAP);
	fence = start_writing(&target[STATES_HEAP]);
	ret = screen_off(&screen);
	ktap_ok(!ret, "dark: the head is turned off behind it (%d)", ret);
	ret = fence_result(fence, FOREVER_MS);
	ktap_ok(ret == 1 && is_written(STATES_HEAP, &model),
		"dark: the picture is there (%d)", ret);
	works("dark");
}

/* Its framebuffer goes as soon as that is possible. */
static void test_removed(void)
{
	struct kms_fb fb = bad_fb(KMS_XRGB, SCREEN_WIDTH, SCREEN_HEIGHT);
	int fence = start_writing(&fb), ret;

	ktap_ok(!kms_fb_remove(screen.card.fd, &fb) && !bo_close(screen.card.fd, &fb.bo),
		"removed: the framebuffer goes");
	ret = fence_result(fence, FOREVER_MS);
	ktap_ok(ret == 1, "removed: it was written all the same (%d)", ret);
}

/* ---- the device goes ---- */

static void open_all(uint64_t seed)
{
	uint32_t i;

	screen_open(&screen, 0);
	states_open(&states, &screen, seed);
	for (i = 0; i < STATES_PLACES; i++)
		ktap_need(!make_target(i), "target %u", i);
	works("begin");
}

static void test_unbind(void)
{
	unsigned long rule;
	int fence, ret;

	fence = start_stuck(&rule, "unbind");
	ret = write_text(PUCK_DRIVER "unbind", screen.puck.pci);
	ktap_ok(!ret, "unbind: the driver leaves (%d)", ret);
	ret = fence_result(fence, FOREVER_MS);
	ktap_ok(ret == -ENODEV, "unbind: the fence says so (%d)", ret);
	ret = start_writing(&target[0]);
	ktap_ok(ret == -ENODEV, "unbind: there are no pictures any more (%d)", ret);
	puck_rule_done(rule, -1);
	close(screen.card.fd);
	ktap_need(!write_text(PUCK_DRIVER "bind", screen.puck.pci) &&
		  puck_open_soon(&screen.puck, screen.puck.pci), "unbind: it comes back");
	close(screen.puck.fd);
}

static void test_unplug(void)
{
	unsigned long rule;
	int fence, ret;

	if (!screen.puck.translated) {
		ktap_skip("no GPU behind an IOMMU", "unplug");
		return;
	}
	fence = start_stuck(&rule, "unplug");
	puck_pull();
	ret = fence_result(fence, FOREVER_MS);
	ktap_ok(ret == -ENODEV, "unplug: the fence says that the device has gone (%d)", ret);
	puck_rule_done(rule, -1);
	close(screen.card.fd);
	ktap_need(puck_plug(&screen.puck, ", \"heads\": 2, \"vram-bar\": 1048576"),
		  "unplug: it is there again");
	close(screen.puck.fd);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint32_t count = argc > 2 ? strtoul(argv[2], NULL, 0) : 60;

	ktap_begin();
	open_all(seed);
	test_what_there_is();
	test_states(count);
	test_stream();
	test_after();
	test_before();
	test_itself();
	test_crossing();
	test_refused();
	test_fault();
	test_reset();
	test_lost();
	test_dark();
	test_removed();
	test_unbind();
	open_all(seed);
	test_unplug();
	open_all(seed);
	ktap_ok(!screen_off(&screen), "turn the head off");
	screen_close(&screen);
	return ktap_end();
}
