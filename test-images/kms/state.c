// SPDX-License-Identifier: MIT
/*
 * What the driver tells of its heads in debugfs: what is shown from where, what became of flips,
 * which were late, and how much of the picture the last one has changed; and what a framebuffer's
 * BO counts for in fdinfo.
 *
 * Wants puck-mischief.ko.
 */
#include "lib/base/ktap.h"
#include "lib/base/text_file.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/rules.h"
#include "lib/kms/screen.h"
#include "lib/kms/state.h"

#define FLIPS	20
#define LATE_MS	100	/* six frames */

static struct screen screen;

static struct kms_state state_now(void)
{
	struct kms_state state;

	ktap_need(!kms_state(&state, screen.card.pci, 0), "the display in debugfs");
	return state;
}

static void make(struct kms_fb *fb, uint32_t placements, uint32_t flags, uint32_t offset)
{
	*fb = (struct kms_fb) {
		.format = KMS_XRGB, .width = SCREEN_WIDTH, .height = SCREEN_HEIGHT,
		.pitch = 4 * SCREEN_WIDTH, .offset = offset,
	};
	ktap_need(!bo_create_in(screen.card.fd, &fb->bo, kms_fb_size(fb), placements, flags, 0) &&
		  !kms_fb_add(screen.card.fd, fb), "a framebuffer");
}

/* ---- what is shown ---- */

/* Where a BO is, as the list of all of them has it: by the name that "display" has, too. */
struct place {
	char name[32], place[16];
	unsigned int nents;
	unsigned long long first;	/* address of its first segment */
	bool pinned;
};

static bool find_place(struct place *place)
{
	char path[96], line[256], name[32];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/bos", screen.card.pci);
	file = fopen(path, "r");
	while (file && !found && fgets(line, sizeof(line), file)) {
		found = sscanf(line, "bo %31s size %*u orig_nents %*u nents %u place %15s", name,
			       &place->nents, place->place) == 3 && !strcmp(name, place->name);
		place->pinned = strstr(line, " pinned");
	}
	found = found && fgets(line, sizeof(line), file) &&
		sscanf(line, " 0: %llx +", &place->first) == 1;
	if (file)
		fclose(file);
	return found;
}

/*
 * A plane's line says the same as that of its BO. VRAM in one piece is told by where the first byte
 * is that is shown, all else by a list.
 */
static void test_plane(const char *what, uint32_t placements, uint32_t flags, uint32_t offset,
		       const char *region)
{
	unsigned int nents = 0, segs = 0;
	unsigned long long vram = ~0ull;
	struct place place = { .nents = 0 };
	struct kms_state state;
	char text[16] = "";
	struct kms_fb fb;
	bool list;

	make(&fb, placements, flags, offset);
	ktap_need(!screen_on(&screen, &fb), "%s: a picture", what);
	state = state_now();
	ktap_ok(state.on && state.width == SCREEN_WIDTH && state.height == SCREEN_HEIGHT,
		"%s: the head is on", what);
	ktap_ok(sscanf(state.plane[0], "  head 0 plane 0 XR24 %*s %*s %*ux%*u bo %31s place %15s nents %u",
		       place.name, text, &nents) == 3 && strstr(state.plane[0], " 64x48 ") &&
		!strcmp(text, region), "%s: the first plane shows it from %s", what, text);
	ktap_ok(find_place(&place) && place.pinned && place.nents == nents &&
		!strcmp(place.place, region), "%s: its BO says so, too, and is kept there", what);
	list = strstr(state.plane[0], " list of ");
	if (list)
		sscanf(strstr(state.plane[0], " list of "), " list of %u at", &segs);
	else if (strstr(state.plane[0], " vram at "))
		sscanf(strstr(state.plane[0], " vram at "), " vram at %llx", &vram);
	ktap_ok(list ? segs == nents && (nents > 1 || !strcmp(region, "system")) :
		nents == 1 && vram == place.first + offset,
		"%s: in %u pieces, or at %#llx", what, segs, vram);
	ktap_ok(!state.plane[1][0] && !state.plane[2][0], "%s: no other plane does", what);
	ktap_need(!screen_off(&screen), "%s: off", what);
	state = state_now();
	ktap_ok(!state.on && !state.plane[0][0], "%s: the head is off, and shows nothing", what);
	kms_fb_destroy(screen.card.fd, &fb);
}

/* ---- what became of flips ---- */

static struct kms_fb fbs[2];

/* One flip; returns how many blankings it could have come before, at most. */
static uint32_t flip(unsigned int i)
{
	uint32_t next = screen_next(&screen), number = 0;
	struct kms_atomic atomic = { 0 };

	kms_set_plane(&atomic, screen.head, 0, "FB_ID", fbs[i % 2].id);
	ktap_need(!kms_commit_shown(&screen.card, &atomic, 0, &number), "flip");
	return number - next;
}

static void test_counts(void)
{
	struct kms_state before, after;
	unsigned long number;
	uint32_t i, missed, sum = 0, late = 0;

	make(&fbs[0], BO_SYSTEM, 0, 0);
	make(&fbs[1], BO_VRAM, 0, 0);
	ktap_need(!screen_on(&screen, &fbs[0]), "flips: a picture");
	before = state_now();
	ktap_ok(before.done == before.asked && before.asked, "flips: %llu so far", before.asked);
	for (i = 0; i < FLIPS; i++) {
		missed = flip(i + 1);
		sum += missed;
		late += !!missed;
	}
	after = state_now();
	ktap_ok(after.asked == before.asked + FLIPS && after.done == before.done + FLIPS,
		"flips: each is counted");
	ktap_ok(after.late - before.late <= late && after.missed - before.missed <= sum,
		"flips: late are %llu of %u that may be, by %llu of %u frames",
		after.late - before.late, late, after.missed - before.missed, sum);
	before = after;
	number = puck_rule(&screen.puck, "display.flip", "head=0 nth=1 delay=100ms");
	missed = flip(FLIPS + 1);
	puck_rule_done(number, 1);
	after = state_now();
	ktap_ok(after.late == before.late + 1, "flips: one that is held up is late");
	ktap_ok(after.missed - before.missed >= LATE_MS * SCREEN_HZ / 1000 - 1 &&
		after.missed - before.missed <= missed, "flips: by %llu frames, and %u at most",
		after.missed - before.missed, missed);
}

static void test_changed(void)
{
	struct drm_mode_rect clip = { 3, 4, 13, 24 };
	struct kms_atomic atomic = { 0 };
	struct kms_state state;
	uint32_t blob;

	ktap_need(!kms_blob(&screen.card, &clip, sizeof(clip), &blob), "changed: a clip");
	kms_set_plane(&atomic, screen.head, 0, "FB_DAMAGE_CLIPS", blob);
	ktap_need(!kms_commit_wait(&screen.card, &atomic), "changed: a commit");
	state = state_now();
	ktap_ok(kms_changed_is(&state, (struct kms_rect) { 3, 4, 10, 20 }),
		"changed: what the commit says (%ux%u+%u+%u)", state.changed.w, state.changed.h,
		state.changed.x, state.changed.y);
	kms_set_plane(&atomic, screen.head, 0, "rotation", DRM_MODE_REFLECT_X | DRM_MODE_ROTATE_0);
	ktap_need(!kms_commit_wait(&screen.card, &atomic), "changed: all");
	state = state_now();
	ktap_ok(state.whole, "changed: or all of the picture");
	kms_blob_drop(&screen.card, blob);
}

/* ---- what a file has ---- */

static long long file_has(const char *region)
{
	char path[64], text[4096], key[32], *at;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", screen.card.fd);
	read_text(path, text, sizeof(text));
	snprintf(key, sizeof(key), "drm-total-%s:\t", region);
	at = strstr(text, key);
	return at ? strtoll(at + strlen(key), NULL, 10) : -1;
}

/* By the file's handles, in the region that the BO is shown from. */
static void test_file(void)
{
	long long system = file_has("system"), vram = file_has("vram"), size;
	struct drm_gem_close args;
	struct kms_fb fb;

	make(&fb, BO_SYSTEM | BO_VRAM, 0, 0);
	size = fb.bo.size >> 10;
	ktap_ok(file_has("vram") == vram + size && file_has("system") == system,
		"file: has %lld KiB of VRAM more", size);
	ktap_need(!screen_on(&screen, &fb), "file: a picture");
	ktap_ok(file_has("vram") == vram + size && file_has("system") == system,
		"file: while they are shown, too");
	args = (struct drm_gem_close) { .handle = fb.bo.handle };
	munmap(fb.bo.map, fb.bo.size);
	ktap_need(!puck_call(screen.card.fd, DRM_IOCTL_GEM_CLOSE, &args), "file: close the handle");
	ktap_ok(file_has("vram") == vram && file_has("system") == system,
		"file: without a handle they are the framebuffer's");
	ktap_ok(state_now().plane[0][0], "file: which is shown on");
	ktap_need(!screen_off(&screen) && !kms_fb_remove(screen.card.fd, &fb), "file: end");
}

int main(void)
{
	ktap_begin();
	screen_open(&screen, 0);
	test_plane("scattered", BO_SYSTEM, DRM_PUCK_GEM_SCATTERED, 0, "system");
	/* Three pages, and four: blocks of VRAM are powers of two. */
	test_plane("vram", BO_VRAM, 0, 0, "vram");
	test_plane("one block of vram", BO_VRAM, 0, 4096, "vram");
	test_counts();
	test_changed();
	ktap_need(!screen_off(&screen), "off");
	kms_fb_destroy(screen.card.fd, &fbs[0]);
	kms_fb_destroy(screen.card.fd, &fbs[1]);
	test_file();
	ktap_ok(puck_count_becomes(&screen.puck, "bos", "bo ", 0), "no BO is left");
	screen_close(&screen);
	return ktap_end();
}
