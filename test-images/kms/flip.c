// SPDX-License-Identifier: MIT
/*
 * Flips: their events and fences, and that a picture is not shown before it is drawn, whoever
 * draws it and wherever it lies.
 */
#include "abi/puck_display.h"
#include "lib/base/clock.h"
#include "lib/base/ktap.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/dumb.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/power.h"
#include "lib/gpu/region.h"
#include "lib/gpu/rules.h"
#include "lib/kms/screen.h"

#include <errno.h>
#include <pthread.h>

#define WIDTH	SCREEN_WIDTH
#define HEIGHT	SCREEN_HEIGHT
#define FRAMES	3	/* for which a picture that has to wait is looked at */
#define MISSED	100	/* blankings without a takeover */

static struct screen screen;
static struct kms_fb red, blue, elsewhere;

static struct kms_atomic flip_to(const struct kms_fb *fb)
{
	struct kms_atomic atomic = { 0 };

	kms_set_plane(&atomic, screen.head, 0, "FB_ID", fb->id);
	return atomic;
}

static bool shows(const struct kms_fb *fb, uint32_t from)
{
	struct kms_model model = screen_model(fb);

	return screen_shows(&screen, &model, from);
}

static bool shows_now(const struct kms_fb *fb)
{
	return shows(fb, screen_next(&screen));
}

static void test_event(void)
{
	struct kms_atomic atomic = flip_to(&blue);
	uint32_t number = 0, before;
	int ret;

	ktap_ok(shows_now(&red), "the head shows what it was turned on with");
	ret = kms_commit_shown(&screen.card, &atomic, 0, &number);
	ktap_ok(!ret && shows(&blue, number), "a flip is shown from the frame of its event on (%d)",
		ret);
	before = number;
	atomic = flip_to(&red);
	ret = kms_commit_shown(&screen.card, &atomic, DRM_MODE_ATOMIC_NONBLOCK, &number);
	ktap_ok(!ret && (int32_t)(number - before) > 0 && shows(&red, number),
		"so is one that is not waited for (%d)", ret);
	ret = kms_commit(&screen.card, &atomic, DRM_MODE_ATOMIC_TEST_ONLY, 0);
	ktap_ok(!ret && shows_now(&red), "one that is only tried is not (%d)", ret);
}

static uint32_t picture_crc(const struct kms_fb *fb)
{
	struct kms_model model = screen_model(fb);

	return kms_model_crc(&model, screen.room);
}

/* How many frames around the takeover of a flip from @old have not the picture of their number. */
static unsigned int wrong_frames(int crcs, const struct kms_fb *old, const struct kms_fb *next,
				 struct drm_event_vblank *event)
{
	uint32_t before = picture_crc(old), after = picture_crc(next);
	struct kms_atomic atomic = flip_to(next);
	struct kms_frame frame = { 0 };
	unsigned int wrong = 0;
	int ret;

	ret = kms_crc_read(crcs, &frame, 1);
	if (!ret)
		ret = kms_commit(&screen.card, &atomic, DRM_MODE_PAGE_FLIP_EVENT, 0);
	if (!ret)
		ret = kms_event(screen.card.fd, event, FOREVER_MS);
	/* Those that were there by then first. */
	while (!ret && (int32_t)(frame.number - event->sequence) <= 0) {
		wrong += frame.crc[0] !=
			 ((int32_t)(frame.number - event->sequence) < 0 ? before : after);
		ret = kms_crc_read(crcs, &frame, 1);
	}
	return wrong + !!ret;
}

/* The number of an event is that of the first frame, to the frame. */
static void test_numbers(void)
{
	const struct kms_fb *fb[] = { &red, &blue };
	int crcs = kms_crc_open(&screen.card, screen.index, "auto");
	struct drm_event_vblank event = { 0 };
	unsigned int wrong = 0, i;

	ktap_need(crcs >= 0, "numbers: CRCs: %d", crcs);
	for (i = 0; i < 2 * FRAMES; i++)
		wrong += wrong_frames(crcs, fb[i % 2], fb[(i + 1) % 2], &event);
	close(crcs);
	ktap_ok(!wrong, "numbers: events and CRCs mean the same frames (%u do not)", wrong);
}

/* ---- events that are sent long after the takeover ---- */

#define LATE_MS		200
#define LATE_FRAMES	(LATE_MS * SCREEN_HZ / 1000)
#define FAR_US		(3 * 1000000 / SCREEN_HZ)

/* What the device says of the last takeover. */
struct taken {
	uint32_t count;
	int64_t us;
};

/* Registers of the head. */
static volatile uint8_t *map_registers(void)
{
	volatile uint8_t *regs;
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", screen.puck.pci);
	fd = open(path, O_RDWR | O_CLOEXEC);
	regs = fd < 0 ? MAP_FAILED : mmap(NULL, 0x4000, PROT_READ, MAP_SHARED, fd, 0);
	ktap_need(regs != MAP_FAILED, "registers");
	close(fd);
	return regs + PUCK_HEAD(screen.index);
}

static void unmap_registers(volatile uint8_t *head)
{
	munmap((void *)(head - PUCK_HEAD(screen.index)), 0x4000);
}

/* No flip is under way, so none of it changes. */
static struct taken taken_now(void)
{
	volatile uint8_t *head = map_registers();
	volatile uint32_t *time = (volatile uint32_t *)(head + PUCK_HEAD_FLIP_TIME);
	struct taken taken = { .count = *(volatile uint32_t *)(head + PUCK_HEAD_FLIP_COUNT) };
	uint64_t ns = time[0];

	ns |= (uint64_t)time[1] << 32;
	taken.us = (int64_t)(ns / 1000);
	unmap_registers(head);
	return taken;
}

static int64_t event_us(const struct drm_event_vblank *event)
{
	return event->tv_sec * 1000000ll + event->tv_usec;
}

/* By how much a number of events is more than the device's, and a time of them. */
struct apart {
	uint32_t count;
	int64_t us;
};

/* From a flip that is told of in time, as the CRCs around it say. */
static bool find_apart(struct apart *apart)
{
	int crcs = kms_crc_open(&screen.card, screen.index, "auto");
	struct drm_event_vblank event = { 0 };
	struct taken taken;
	unsigned int wrong;

	ktap_need(crcs >= 0, "exact: CRCs: %d", crcs);
	wrong = wrong_frames(crcs, &red, &blue, &event);
	close(crcs);
	taken = taken_now();
	*apart = (struct apart){ event.sequence - taken.count, event_us(&event) - taken.us };
	return ktap_ok(!wrong, "exact: a flip that is told of in time (%u wrong)", wrong);
}

/*
 * @irq: what becomes of all interrupts until the event is there; who waits for it looks in the end.
 * @flip: what becomes of the takeover, or NULL.
 */
static void test_told_late(const char *what, const char *irq, const char *flip,
			   const struct apart *apart)
{
	struct kms_atomic atomic = flip_to(&blue);
	unsigned long irq_rule, flip_rule = 0;
	struct drm_event_vblank event = { 0 };
	uint32_t next, number;
	struct taken taken;
	int64_t far;
	int ret;

	ktap_need(!kms_commit_wait(&screen.card, &atomic), "exact: %s: begin", what);
	atomic = flip_to(&red);
	irq_rule = puck_rule(&screen.puck, "irq.raise", irq);
	if (flip)
		flip_rule = puck_rule(&screen.puck, "display.flip", flip);
	next = screen_next(&screen);
	ret = kms_commit(&screen.card, &atomic, DRM_MODE_PAGE_FLIP_EVENT, 0);
	ret = ret ? ret : kms_event(screen.card.fd, &event, FOREVER_MS);
	taken = taken_now();
	number = taken.count + apart->count;
	far = event_us(&event) - taken.us - apart->us;
	ktap_ok(!ret && event.sequence == number,
		"exact: %s: the number is that of the takeover (%d apart)", what,
		(int32_t)(event.sequence - number));
	ktap_ok(far > -FAR_US && far < FAR_US, "exact: %s: so is the time (%lld us apart)", what,
		(long long)far);
	puck_rule_done(irq_rule, -1);
	if (flip) {
		ktap_ok((int32_t)(number - next) >= LATE_FRAMES, "exact: %s: it was (%d frames)",
			what, (int32_t)(number - next));
		puck_rule_done(flip_rule, 1);
	}
	/* The CRCs' interrupt has the driver hear again. */
	ktap_ok(shows(&red, number), "exact: %s: the picture is shown from there on", what);
}

/* Whenever the driver hears of a takeover, and whenever that was. */
static void test_exact(void)
{
	struct apart apart;

	if (access(RULES, F_OK)) {
		ktap_skip("no puck-mischief", "exact");
		return;
	}
	if (!find_apart(&apart))
		return;
	test_told_late("late interrupts", "delay=200ms", NULL, &apart);
	test_told_late("no interrupts", "drop", NULL, &apart);
	test_told_late("a late takeover", "delay=200ms", "head=0 nth=1 delay=200ms", &apart);
}

static void test_legacy(void)
{
	struct drm_mode_crtc_page_flip flip = {
		.crtc_id = screen.head->crtc,
		.fb_id = blue.id,
		.flags = DRM_MODE_PAGE_FLIP_EVENT,
		.user_data = 7,
	};
	struct drm_event_vblank event = { 0 };
	int ret = puck_call(screen.card.fd, DRM_IOCTL_MODE_PAGE_FLIP, &flip);

	if (!ret)
		ret = kms_event(screen.card.fd, &event, FOREVER_MS);
	ktap_ok(!ret && event.user_data == 7 && shows(&blue, event.sequence),
		"legacy: a page flip (%d)", ret);
	flip.fb_id = red.id;
	flip.flags |= DRM_MODE_PAGE_FLIP_ASYNC;
	ret = puck_call(screen.card.fd, DRM_IOCTL_MODE_PAGE_FLIP, &flip);
	ktap_ok(ret == -EINVAL, "legacy: none in the middle of a frame (%d)", ret);
	ktap_ok(shows_now(&blue), "legacy: and nothing has happened");
}

static void test_out_fence(void)
{
	struct kms_atomic atomic = flip_to(&red);
	struct drm_event_vblank event = { 0 };
	int32_t fence = -1;
	int ret;

	kms_set_crtc(&atomic, screen.head, "OUT_FENCE_PTR", (uintptr_t)&fence);
	ret = kms_commit(&screen.card, &atomic,
			 DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT, 0);
	ktap_need(!ret && fence >= 0, "out-fence: %d", ret);
	ret = fence_result(fence, FOREVER_MS);
	ktap_ok(ret == 1, "an out-fence is signalled (%d)", ret);
	/* It is signalled with the event. */
	ret = kms_event(screen.card.fd, &event, FOREVER_MS);
	ktap_ok(!ret && shows(&red, event.sequence), "when the picture is shown (%d)", ret);
}

/* Draw over all of a framebuffer, by a job that is done, and whose fence is held. */
static int draw(const struct kms_fb *fb, uint32_t pixel)
{
	struct drm_puck_bo_ref ref = ref_write(&fb->bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, kms_fb_size(fb), pixel);
	struct drm_puck_submit args = job(screen.puck.queue[0], &ref, 1, &cmd, 1);

	return submit_fd(screen.card.fd, &args);
}

/* A fence, and no framebuffer that it could be of. */
static void test_fence_of_nothing(void)
{
	struct kms_atomic atomic = { 0 };
	int fence = draw(&elsewhere, 0), tried, ret;

	ktap_need(fence >= 0, "a fence of nothing: draw: %d", fence);
	kms_set_plane(&atomic, screen.head, 1, "FB_ID", 0);
	kms_set_plane(&atomic, screen.head, 1, "CRTC_ID", 0);
	kms_set_plane(&atomic, screen.head, 1, "IN_FENCE_FD", fence);
	tried = kms_commit(&screen.card, &atomic, DRM_MODE_ATOMIC_TEST_ONLY, 0);
	ret = kms_commit(&screen.card, &atomic, 0, 0);
	ktap_ok(tried == -EINVAL && ret == -EINVAL, "a fence of nothing is refused (%d, tried: %d)",
		ret, tried);
	close(fence);
}

/*
 * A flip that waits for drawing, which is late: until then the old picture is shown, and a second
 * flip is refused. @implicit: by the fence in the BO alone; else by one of somewhere else.
 */
static void test_late(bool implicit, struct kms_fb *next, const struct kms_fb *old)
{
	const char *how = implicit ? "implicit" : "explicit";
	struct kms_atomic atomic = flip_to(next);
	struct drm_event_vblank event = { 0 };
	int fence, ret, i;
	bool same = true;

	puck_set(&screen.puck, 0, "timeout_ms", 600000);
	ktap_need(!puck_set(&screen.puck, 0, "hold", 1), "%s: hold fences", how);
	fence = draw(implicit ? next : &elsewhere, 0x00336699);
	ktap_need(fence >= 0, "%s: draw: %d", how, fence);
	if (!implicit)
		kms_set_plane(&atomic, screen.head, 0, "IN_FENCE_FD", fence);
	ret = kms_commit(&screen.card, &atomic,
			 DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT, 0);
	ktap_ok(!ret, "%s: a flip is taken before the drawing is done (%d)", how, ret);
	for (i = 0; i < FRAMES; i++)
		same = same && shows_now(old);
	ktap_ok(same, "%s: until then the old picture is shown", how);
	ret = kms_event(screen.card.fd, &event, 0);
	ktap_ok(ret == -ETIME, "%s: and there is no event (%d)", how, ret);
	ret = kms_commit(&screen.card, &atomic, DRM_MODE_ATOMIC_NONBLOCK, 0);
	ktap_ok(ret == -EBUSY, "%s: the next one has to wait (%d)", how, ret);
	puck_set(&screen.puck, 0, "hold", 0);
	ret = kms_event(screen.card.fd, &event, FOREVER_MS);
	ktap_ok(!ret && fence_result(fence, FOREVER_MS) == 1, "%s: then it comes (%d)", how, ret);
	bo_wait(screen.card.fd, &next->bo, 0, FOREVER_NS);
	ktap_ok(shows(next, event.sequence), "%s: with what was drawn", how);
}

static void test_place(const char *where, uint32_t placements)
{
	struct kms_atomic atomic;
	struct kms_fb fb;
	uint32_t number;
	int ret;

	ktap_need(!kms_fb_create(screen.card.fd, &fb, KMS_XRGB, WIDTH, HEIGHT, placements),
		  "%s: framebuffer", where);
	kms_fb_fill(&fb, 0x00112233 * placements);
	bo_flush(screen.card.fd, &fb.bo);
	atomic = flip_to(&fb);
	ret = kms_commit_shown(&screen.card, &atomic, 0, &number);
	ktap_ok(!ret && shows(&fb, number), "%s: it is shown (%d)", where, ret);
	atomic = flip_to(&red);
	ret = kms_commit_shown(&screen.card, &atomic, 0, &number);
	ktap_ok(!ret && shows(&red, number), "%s: and something else behind it (%d)", where, ret);
	kms_fb_destroy(screen.card.fd, &fb);
}

/* ---- what of a picture a commit says that it changes ---- */

/* DAMAGE_POS and DAMAGE_SIZE of the head, which read as they were written: x, y, width, height. */
static void read_damage(uint32_t damage[4])
{
	volatile uint8_t *head = map_registers();
	uint32_t pos = *(volatile uint32_t *)(head + PUCK_HEAD_DAMAGE_POS);
	uint32_t size = *(volatile uint32_t *)(head + PUCK_HEAD_DAMAGE_SIZE);

	unmap_registers(head);
	damage[0] = pos & PUCK_HEAD_DAMAGE_X;
	damage[1] = pos >> 16;
	damage[2] = size & PUCK_HEAD_DAMAGE_X;
	damage[3] = size >> 16;
}

static bool damage_is(const char *what, uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
	uint32_t damage[4];

	read_damage(damage);
	return ktap_ok(damage[0] == x && damage[1] == y && damage[2] == w && damage[3] == h,
		       "damage: %s (%u, %u, %ux%u)", what, damage[0], damage[1], damage[2],
		       damage[3]);
}

/* A flip between two framebuffers with these rectangles; none: all of it. */
static void flip_damaged(const struct kms_fb *fb, const struct drm_mode_rect *rects, uint32_t count)
{
	struct kms_atomic atomic = flip_to(fb);
	uint32_t blob = 0;

	ktap_need(!count || !kms_blob(&screen.card, rects, count * sizeof(*rects), &blob),
		  "damage: rectangles");
	kms_set_plane(&atomic, screen.head, 0, "FB_DAMAGE_CLIPS", blob);
	ktap_need(!kms_commit_wait(&screen.card, &atomic), "damage: flip");
	if (blob)
		kms_blob_drop(&screen.card, blob);
}

static void test_damage(void)
{
	static const struct drm_mode_rect rects[] = { { 10, 8, 20, 16 }, { 40, 12, 43, 40 } };
	static const struct drm_mode_rect far = { 0, 0, WIDTH, HEIGHT };
	struct kms_atomic atomic = { 0 };

	ktap_need(!screen_on(&screen, &red), "damage: a picture");
	flip_damaged(&blue, rects, 1);
	damage_is("of one rectangle", 10, 8, 10, 8);
	flip_damaged(&red, rects, 2);
	damage_is("of two", 10, 8, 33, 32);
	flip_damaged(&blue, NULL, 0);
	damage_is("of a flip without any", 0, 0, WIDTH, HEIGHT);
	/* The plane is somewhere else: that is where it changes. */
	kms_set_shown(&atomic, screen.head, 0, red.id, 7, -3, WIDTH, HEIGHT);
	ktap_need(!kms_commit_wait(&screen.card, &atomic), "damage: move");
	flip_damaged(&blue, rects, 1);
	damage_is("of a plane that is somewhere else", 17, 5, 10, 8);
	flip_damaged(&red, &far, 1);
	damage_is("within the picture", 7, 0, WIDTH - 7, HEIGHT - 3);
	ktap_need(!screen_on(&screen, &red), "damage: back");
}

/* Memory of another driver, where it lies. */
static void test_import(void)
{
	uint64_t size = 4ul * WIDTH * HEIGHT;
	struct kms_fb fb = {
		.format = KMS_XRGB, .width = WIDTH, .height = HEIGHT, .pitch = 4 * WIDTH,
	};
	int dmabuf = dumb_export("vgem", size), ret;
	struct kms_atomic atomic;
	uint32_t number;
	void *map;

	if (dmabuf < 0) {
		ktap_skip("no vgem", "imported");
		return;
	}
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	ktap_need(map != MAP_FAILED && !bo_import(screen.card.fd, &fb.bo, dmabuf, size) &&
		  !kms_fb_add(screen.card.fd, &fb), "imported: framebuffer");
	fb.bo.map = map;
	kms_fb_fill(&fb, 0x00abcdef);
	atomic = flip_to(&fb);
	ret = kms_commit_shown(&screen.card, &atomic, 0, &number);
	ktap_ok(!ret && shows(&fb, number), "imported: it is shown where it is (%d)", ret);
	atomic = flip_to(&red);
	ktap_need(!kms_commit_wait(&screen.card, &atomic), "imported: back");
	kms_fb_destroy(screen.card.fd, &fb);
	close(dmabuf);
}

/* The same of one that would bear moves. */
static void test_busy_for_other(int dmabuf, uint64_t size)
{
	struct puck other;
	struct bo theirs;
	int ret;

	if (puck_open_other(&other, &screen.puck)) {
		ktap_skip("one device", "busy: another GPU");
		return;
	}
	ret = bo_import(other.fd, &theirs, dmabuf, size);
	ktap_ok(ret == -EBUSY, "busy: another GPU that is no peer cannot either (%d)", ret);
	close(other.fd);
}

/* A flip to something else is on its way, and the device has not taken it over. */
static void test_busy_until_taken_over(int importer, int dmabuf, uint64_t size)
{
	struct kms_atomic atomic = flip_to(&red);
	struct drm_event_vblank event;
	unsigned long rule;
	struct bo theirs;
	int ret;

	if (access(RULES, F_OK)) {
		ktap_skip("no puck-mischief", "busy: until the takeover");
		ktap_need(!kms_commit_wait(&screen.card, &atomic), "busy: back");
		return;
	}
	rule = puck_rule(&screen.puck, "display.vblank", "head=0 drop");
	ret = kms_commit(&screen.card, &atomic,
			 DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT, 0);
	/* Until it has been told, and whoever waits has looked for himself. */
	if (!ret)
		puck_rule_await(rule, MISSED);
	ret = ret ? ret : bo_import(importer, &theirs, dmabuf, size);
	ktap_ok(ret == -EBUSY, "busy: nor until something else is shown (%d)", ret);
	ret = kms_event(screen.card.fd, &event, 0);
	ktap_ok(ret == -ETIME, "busy: which there is no event of before (%d)", ret);
	puck_rule_done(rule, -1);
	ktap_need(!kms_event(screen.card.fd, &event, FOREVER_MS), "busy: something else");
}

/* From 6.17 on vgem has what it imports mapped when somebody wants it, which nobody does here. */
static bool maps_what_it_imports(int importer)
{
	struct bo bo, theirs;
	int dmabuf;
	bool maps;

	ktap_need(!bo_create(screen.card.fd, &bo, 4096), "busy: a BO");
	dmabuf = bo_export(screen.card.fd, &bo);
	ktap_need(!bo_import(importer, &theirs, dmabuf, bo.size), "busy: import");
	maps = puck_sum(&screen.puck, "mapped");
	bo_close(importer, &theirs);
	close(dmabuf);
	bo_close(screen.card.fd, &bo);
	return maps;
}

/*
 * What is shown in VRAM stays there: others who would have to have it moved are told so, and have
 * it when it is shown no more. From then on it is shown where they see it, too.
 */
static void test_busy(void)
{
	int vgem = dumb_open("vgem"), dmabuf, ret;
	struct kms_atomic atomic;
	unsigned int looks = 0;
	struct kms_fb fb;
	struct bo theirs;
	uint32_t number;

	if (vgem < 0 || !maps_what_it_imports(vgem)) {
		ktap_skip("no vgem that maps what it imports", "busy");
		return;
	}
	ktap_need(!kms_fb_create(screen.card.fd, &fb, KMS_XRGB, WIDTH, HEIGHT, BO_VRAM | BO_SYSTEM),
		  "busy: framebuffer");
	kms_fb_fill(&fb, 0x00fedcba);
	atomic = flip_to(&fb);
	ktap_need(!kms_commit_wait(&screen.card, &atomic) &&
		  bo_region(screen.card.fd, &fb.bo) == DRM_PUCK_REGION_VRAM, "busy: shown in VRAM");
	dmabuf = bo_export(screen.card.fd, &fb.bo);
	ktap_need(dmabuf >= 0, "busy: export: %d", dmabuf);
	ret = bo_import(vgem, &theirs, dmabuf, fb.bo.size);
	ktap_ok(ret == -EBUSY, "busy: who is no peer cannot have it (%d)", ret);
	test_busy_for_other(dmabuf, fb.bo.size);
	ktap_ok(shows_now(&fb) && bo_region(screen.card.fd, &fb.bo) == DRM_PUCK_REGION_VRAM,
		"busy: it is shown where it was");
	test_busy_until_taken_over(vgem, dmabuf, fb.bo.size);
	/* The memory is let go of a moment behind the event. */
	do {
		ret = bo_import(vgem, &theirs, dmabuf, fb.bo.size);
	} while (ret == -EBUSY && patient(&looks));
	ktap_ok(!ret, "busy: afterwards he can (%d)", ret);
	atomic = flip_to(&fb);
	ret = kms_commit_shown(&screen.card, &atomic, 0, &number);
	ktap_ok(!ret && shows(&fb, number) &&
		bo_region(screen.card.fd, &fb.bo) == DRM_PUCK_REGION_SYSTEM,
		"busy: and it is shown where he sees it (%d)", ret);
	atomic = flip_to(&red);
	ktap_need(!kms_commit_wait(&screen.card, &atomic), "busy: back again");
	close(vgem);
	close(dmabuf);
	kms_fb_destroy(screen.card.fd, &fb);
}

/* A framebuffer that is shown is removed: its planes, or the head, are off then. */
static void test_removed(void)
{
	struct kms_atomic atomic;
	struct kms_fb fb;

	ktap_need(!kms_fb_create(screen.card.fd, &fb, KMS_XRGB, WIDTH, HEIGHT, BO_VRAM | BO_SYSTEM),
		  "removed: framebuffer");
	atomic = flip_to(&fb);
	ktap_ok(!kms_commit_wait(&screen.card, &atomic), "removed: it is shown");
	kms_fb_destroy(screen.card.fd, &fb);
	ktap_ok(!screen_on(&screen, &red) && shows_now(&red), "removed: then another one is");
}

/* CRCs of the last frames come while DRM has no number for them any more. */
static void test_off_watched(void)
{
	int crcs = kms_crc_open(&screen.card, screen.index, "auto"), ret = 0;
	struct kms_frame frame;
	unsigned int i;

	ktap_need(crcs >= 0, "watched: CRCs: %d", crcs);
	for (i = 0; !ret && i < 2 * FRAMES; i++) {
		ret = screen_off(&screen);
		ret = ret ? ret : screen_on(&screen, &red);
	}
	ret = ret ? ret : kms_crc_read(crcs, &frame, 1);
	close(crcs);
	ktap_ok(!ret && shows_now(&red), "watched: off and on while there are CRCs (%d)", ret);
}

/* ---- a commit that is over long after the next one ---- */

#define SLOW_HZ		4
#define IDLE_MS		100
#define ROUNDS		3

/* Another head shows @fb, from the takeover on behind which this returns. */
static bool slow_shows(struct kms_head *slow, const struct kms_fb *fb)
{
	struct kms_atomic atomic = { 0 };

	kms_set_plane(&atomic, slow, 0, "FB_ID", fb->id);
	return !kms_commit_wait(&screen.card, &atomic);
}

/*
 * One commit turns a fast head off, and flips a slow one, for which it waits. Meanwhile the fast one is turned
 * on again by the next commit, which frees what the first one has brought it. The device counts
 * how many heads are on.
 */
static bool overtakes(struct kms_head *slow, const struct kms_fb *fb, const struct kms_fb *next)
{
	uint32_t flags = DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_ATOMIC_ALLOW_MODESET;
	struct kms_atomic atomic = { 0 };

	if (!slow_shows(slow, fb))
		return false;
	kms_set_off(&atomic, screen.head);
	kms_set_plane(&atomic, slow, 0, "FB_ID", next->id);
	return !kms_commit(&screen.card, &atomic, flags, 0) && !screen_on(&screen, &red) &&
	       slow_shows(slow, fb);
}

static void test_overtaken(void)
{
	struct drm_mode_modeinfo timings = kms_mode(WIDTH, HEIGHT, SLOW_HZ);
	struct kms_head *slow = &screen.card.head[!screen.index];
	struct kms_atomic atomic = { 0 };
	unsigned int good = 0, i;
	uint32_t mode;

	ktap_need(!kms_blob(&screen.card, &timings, sizeof(timings), &mode), "overtaken: timings");
	kms_set_on(&atomic, slow, mode);
	kms_set_shown(&atomic, slow, 0, blue.id, 0, 0, WIDTH, HEIGHT);
	ktap_need(!kms_commit_wait(&screen.card, &atomic), "overtaken: a slow head");
	for (i = 0; i < ROUNDS; i++)
		good += overtakes(slow, &blue, &elsewhere);
	ktap_ok(good == ROUNDS && shows_now(&red), "overtaken: %u of %u times", good, ROUNDS);
	memset(&atomic, 0, sizeof(atomic));
	kms_set_off(&atomic, slow);
	ktap_ok(!kms_commit_wait(&screen.card, &atomic) && !screen_off(&screen) &&
		!kms_blob_drop(&screen.card, mode), "overtaken: both heads are turned off");
	power_auto(screen.puck.pci, IDLE_MS);
	ktap_ok(power_falls_asleep(screen.puck.pci), "overtaken: then nothing keeps the device awake");
	power_on(screen.puck.pci);
}

/* ---- a commit that comes while the head is about to be turned on ---- */

static void *set_alpha(void *result)
{
	struct kms_atomic atomic = { 0 };

	kms_set_plane(&atomic, screen.head, 0, "alpha", 0xffff);
	*(int *)result = kms_commit(&screen.card, &atomic, 0, 0);
	return NULL;
}

/*
 * The head is turned on behind a fence that is late. Meanwhile another commit comes, which waits for
 * the first one: the head has no timings yet by which the kernel could say when it is due.
 */
static void test_turning_on(void)
{
	uint32_t flags = DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_ATOMIC_ALLOW_MODESET;
	struct kms_atomic atomic = { 0 };
	int fence, ret, next = -1;
	pthread_t thread;

	puck_set(&screen.puck, 0, "timeout_ms", 600000);
	ktap_need(!puck_set(&screen.puck, 0, "hold", 1), "turning on: hold fences");
	fence = draw(&elsewhere, 0);
	ktap_need(fence >= 0, "turning on: draw (%d)", fence);
	kms_set_on(&atomic, screen.head, screen.mode);
	kms_set_shown(&atomic, screen.head, 0, red.id, 0, 0, WIDTH, HEIGHT);
	kms_set_plane(&atomic, screen.head, 0, "IN_FENCE_FD", fence);
	ret = kms_commit(&screen.card, &atomic, flags, 0);
	ktap_need(!ret && !pthread_create(&thread, NULL, set_alpha, &next),
		  "turning on: behind a fence (%d)", ret);
	usleep(IDLE_MS * 1000);
	puck_set(&screen.puck, 0, "hold", 0);
	pthread_join(thread, NULL);
	close(fence);
	ktap_ok(!next && shows_now(&red), "turning on: the next commit comes behind it (%d)", next);
	ktap_ok(!screen_off(&screen), "turning on: and off again");
}

int main(void)
{
	ktap_begin();
	screen_open(&screen, 0);
	ktap_need(!kms_fb_create(screen.card.fd, &red, KMS_XRGB, WIDTH, HEIGHT, BO_SYSTEM) &&
		  !kms_fb_create(screen.card.fd, &blue, KMS_XRGB, WIDTH, HEIGHT, BO_VRAM) &&
		  !kms_fb_create(screen.card.fd, &elsewhere, KMS_XRGB, WIDTH, HEIGHT, BO_VRAM),
		  "framebuffers");
	kms_fb_fill(&red, 0x00ff0000);
	kms_fb_fill(&blue, 0x000000ff);
	ktap_need(!screen_on(&screen, &red), "turn the head on");
	test_event();
	test_numbers();
	test_exact();
	test_legacy();
	test_out_fence();
	test_damage();
	test_fence_of_nothing();
	test_late(true, &blue, &red);
	test_late(false, &red, &blue);
	test_place("VRAM", BO_VRAM);
	test_place("system memory", BO_SYSTEM);
	test_import();
	test_busy();
	test_removed();
	test_off_watched();
	test_overtaken();
	test_turning_on();
	screen_close(&screen);
	return ktap_end();
}
