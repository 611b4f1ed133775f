// SPDX-License-Identifier: MIT
/*
 * The kernel's own use of a head: fbdev, and text on it. What is drawn there is what the device
 * shows, by its CRCs, and no more of it is redrawn than was drawn. Whatever happens to head,
 * device and driver, the text is there afterwards.
 *
 * Wants fbdev's emulation, a font of 8 columns, and a mode of 640 x 480 to begin with.
 */
#include "lib/base/crc32.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/sleep.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/flr.h"
#include "lib/gpu/plug.h"
#include "lib/gpu/rebind.h"
#include "lib/kms/screen.h"
#include "lib/kms/state.h"
#include "lib/kms/text.h"

#include <dirent.h>
#include <errno.h>
#include <linux/fb.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#define WIDTH	640u
#define HEIGHT	480u

static struct kms_card card;	/* its address alone: nobody is master of it */
static struct text_font font;
static int fb = -1;
static char fb_name[16];

/* What the head is to show; all but the text is drawn by us. */
static uint32_t picture[WIDTH * HEIGHT];
static uint32_t drawn[WIDTH * HEIGHT];

static uint32_t picture_crc(void)
{
	uint32_t i;

	/* The device's pictures have 255 there. */
	for (i = 0; i < WIDTH * HEIGHT; i++)
		drawn[i] = picture[i] | 0xff000000;
	return crc32c(drawn, sizeof(drawn));
}

/* Waits until the head shows the picture, which what was drawn last may need a moment for. */
static bool becomes_shown(void)
{
	uint32_t crc = picture_crc();
	int fd = kms_crc_open(&card, 0, "picture");
	struct kms_frame frame = { 0 };
	unsigned int looks = 0;
	int ret = fd < 0 ? fd : 0;

	while (!ret && !(ret = kms_crc_read(fd, &frame, 1)) && frame.crc[0] != crc &&
	       patient(&looks))
		;
	if (fd >= 0)
		close(fd);
	if (ret)
		ktap_note("no CRCs: %d", ret);
	return !ret && frame.crc[0] == crc;
}

static bool text_becomes_shown(void)
{
	return text_draw(&font, picture, WIDTH, HEIGHT) && becomes_shown();
}

static struct kms_state state_now(void)
{
	struct kms_state state;

	ktap_need(!kms_state(&state, card.pci, 0), "the display in debugfs");
	return state;
}

static bool head_becomes(bool on)
{
	unsigned int looks = 0;

	while (state_now().on != on)
		if (!patient(&looks))
			return false;
	return true;
}

/* ---- fbdev ---- */

/* The framebuffer of the device; false if it has none. */
static bool find_fb(void)
{
	struct dirent *entry;
	char path[96];
	DIR *dir;

	fb_name[0] = 0;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/graphics", card.pci);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "fb", 2))
			snprintf(fb_name, sizeof(fb_name), "%.15s", entry->d_name);
	if (dir)
		closedir(dir);
	return fb_name[0];
}

static bool open_fb(void)
{
	unsigned int looks = 0;
	char path[32];

	while (!find_fb())
		if (!patient(&looks))
			return false;
	snprintf(path, sizeof(path), "/dev/%s", fb_name);
	fb = open(path, O_RDWR | O_CLOEXEC);
	return fb >= 0;
}

/* There may be other framebuffers: have the text on this one. */
static bool take_text(void)
{
	struct fb_con2fbmap map = { .console = 1 };

	return sscanf(fb_name, "fb%u", &map.framebuffer) == 1 &&
	       !ioctl(fb, FBIOPUT_CON2FBMAP, &map);
}

static uint32_t line_length(void)
{
	struct fb_fix_screeninfo fix = { 0 };

	ioctl(fb, FBIOGET_FSCREENINFO, &fix);
	return fix.line_length;
}

static void test_geometry(void)
{
	struct fb_var_screeninfo var = { 0 }, more;
	struct fb_fix_screeninfo fix = { 0 };
	int ret;

	ktap_need(!ioctl(fb, FBIOGET_VSCREENINFO, &var) && !ioctl(fb, FBIOGET_FSCREENINFO, &fix),
		  "fbdev: what it says of itself");
	ktap_ok(var.xres == WIDTH && var.yres == HEIGHT && var.bits_per_pixel == 32,
		"fbdev: %ux%u, %u bits", var.xres, var.yres, var.bits_per_pixel);
	ktap_ok(var.red.offset == 16 && var.green.offset == 8 && var.blue.offset == 0 &&
		var.red.length == 8 && !var.transp.length, "fbdev: XRGB8888");
	ktap_ok(fix.line_length >= 4 * WIDTH && fix.smem_len >= fix.line_length * HEIGHT &&
		fix.visual == FB_VISUAL_TRUECOLOR,
		"fbdev: lines of %u bytes, %u in all", fix.line_length, fix.smem_len);
	ktap_ok(!ioctl(fb, FBIOPUT_VSCREENINFO, &var), "fbdev: the mode that it has");
	more = var;
	more.xres_virtual = more.xres = 2 * WIDTH;
	ret = ioctl(fb, FBIOPUT_VSCREENINFO, &more) ? errno : 0;
	ktap_ok(ret == EINVAL, "fbdev: none that is larger than its memory (%d)", ret);
	ktap_ok(!ioctl(fb, FBIOPAN_DISPLAY, &var), "fbdev: nothing to be panned");
}

static void test_write(void)
{
	struct kms_rect rect = { 100, 200, 16, 1 };
	uint32_t line[16], back[16], i;
	off_t at = rect.y * (off_t)line_length() + 4 * rect.x;
	struct kms_state before = state_now(), after;

	for (i = 0; i < rect.w; i++)
		picture[rect.y * WIDTH + rect.x + i] = line[i] = 0x102030 * i;
	ktap_ok(pwrite(fb, line, sizeof(line), at) == sizeof(line) && becomes_shown(),
		"write: is shown");
	after = state_now();
	ktap_ok(kms_changed_is(&after, rect), "write: no more is redrawn (%s %ux%u+%u+%u)",
		after.whole ? "all" : "just", after.changed.w, after.changed.h, after.changed.x,
		after.changed.y);
	ktap_ok(after.asked == before.asked + 1 && after.done == after.asked,
		"write: in one flip (%llu)", after.asked - before.asked);
	ktap_ok(pread(fb, back, sizeof(back), at) == sizeof(back) &&
		!memcmp(back, line, sizeof(line)), "write: and is read back");
}

/* Of one page, which is all that is known of what a mapping is used for. */
static void test_mmap(void)
{
	uint32_t length = line_length(), size = length * HEIGHT, i;
	struct kms_rect rect = { 0, 0, WIDTH, 0 };
	off_t at = 300 * length / 4096 * 4096;
	struct kms_state after;
	uint32_t *map;

	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fb, 0);
	ktap_need(map != MAP_FAILED, "mmap");
	ktap_need(length == 4 * WIDTH, "lines without a gap");
	for (i = at / 4; i < at / 4 + 20; i++)
		picture[i] = map[i] = 0xff00ff;
	rect.y = at / length;
	rect.h = (at + 4096 + length - 1) / length - rect.y;
	ktap_ok(becomes_shown(), "mmap: is shown");
	after = state_now();
	ktap_ok(kms_changed_is(&after, rect), "mmap: no more than its page is redrawn (%ux%u+%u+%u)",
		after.changed.w, after.changed.h, after.changed.x, after.changed.y);
	munmap(map, size);
}

/* Behind it the text is drawn anew, over all else. */
static void test_blank(void)
{
	ktap_ok(!ioctl(fb, FBIOBLANK, FB_BLANK_POWERDOWN) && head_becomes(false),
		"blank: the head is off");
	ktap_ok(!ioctl(fb, FBIOBLANK, FB_BLANK_UNBLANK) && head_becomes(true) &&
		text_becomes_shown(), "blank: and shows the text again");
}

/* ---- text ---- */

static void test_text(void)
{
	struct kms_rect cell = { 5 * font.width, 3 * font.height, font.width, font.height };
	struct kms_state after;

	ktap_ok(!text_write("\033[?25l\033[2J\033[HPuck: \033[7mreverse\033[0m and \033[1mbright\r\n") &&
		text_becomes_shown(), "text: is shown, each pixel of its font");
	ktap_ok(!text_write("\033[0m\033[4;6H@") && text_becomes_shown(), "text: one more letter");
	after = state_now();
	ktap_ok(kms_changed_is(&after, cell), "text: of which no more is redrawn (%ux%u+%u+%u)",
		after.changed.w, after.changed.h, after.changed.x, after.changed.y);
	ktap_ok(!text_write("\033[30;1H\n\n\nscrolled") && text_becomes_shown(), "text: scrolls");
}

/* ---- what else uses the head ---- */

static struct screen screen;

/* Somebody has the head, and leaves it to us: with what was drawn meanwhile. */
static void test_master(void)
{
	struct kms_model model;
	struct kms_state state;
	struct kms_fb red;
	int bos = puck_count(&screen.puck, "bos", "bo ");

	screen_open(&screen, 0);
	ktap_need(!kms_fb_create(screen.card.fd, &red, KMS_XRGB, SCREEN_WIDTH, SCREEN_HEIGHT,
				 BO_VRAM) && !screen_on(&screen, &red), "master: a picture");
	kms_fb_fill(&red, 0x00ff0000);
	model = screen_model(&red);
	ktap_ok(!text_write("\033[10;1Hwritten meanwhile") && screen_shows_now(&screen, &model),
		"master: a picture of its own, whatever is written");
	ktap_ok(!text_write("\033[12;1Hand more") && screen_shows_now(&screen, &model),
		"master: once more");
	/* It would keep the file, and so the master. */
	munmap(red.bo.map, red.bo.size);
	screen_close(&screen);
	state = state_now();
	ktap_ok(state.on && state.width == WIDTH && state.height == HEIGHT && text_becomes_shown(),
		"master: leaves the head to the text, and all of it is there");
	ktap_ok(puck_count_becomes(&screen.puck, "bos", "bo ", bos), "master: nothing else");
}

static void test_sleep(void)
{
	int ret;

	if (!can_sleep()) {
		ktap_skip("no pm_test", "sleep");
		return;
	}
	ret = sleep_and_wake(1);
	ktap_ok(!ret && text_becomes_shown(), "sleep: the text is there when the machine wakes (%d)",
		ret);
	ktap_ok(!text_write("\033[14;1Hawake") && text_becomes_shown(), "sleep: and goes on");
}

static void test_reset(void)
{
	struct puck puck;
	int ret;

	ktap_need(!puck_open_pci(&puck, card.pci), "reset: open the device");
	ret = puck_flr(&puck);
	close(puck.fd);
	ktap_ok(!ret && text_becomes_shown(), "reset: the text is there behind it (%d)", ret);
	ktap_ok(!text_write("\033[16;1Hreset") && text_becomes_shown(), "reset: and goes on");
}

/* ---- what becomes of the driver ---- */

/*
 * The head is looked at in each frame while the driver leaves: what it reads is there as long as it
 * is on. The card is held for as long as the file of CRCs, which does not hold it.
 */
static void test_watched(void)
{
	struct kms_card held = { 0 };
	int crc, ret;

	ktap_need(!kms_card_open(&held, card.pci), "watched: the card");
	crc = kms_crc_open(&card, 0, "all");
	ktap_need(crc >= 0, "watched: CRCs");
	close(fb);
	ret = write_text(PUCK_DRIVER "unbind", card.pci);
	ktap_ok(!ret, "watched: the driver leaves (%d)", ret);
	close(crc);
	close(held.fd);
	ktap_ok(!write_text(PUCK_DRIVER "bind", card.pci) && open_fb(), "watched: and comes back");
}

/*
 * From 7.0 on the worker that draws waits for a blanking, for a second and with a warning, if the head
 * is turned off below it: docs/findings.rst. That is over when this returns.
 */
static void expect_no_blanking(bool begin)
{
	struct utsname name;

	if (uname(&name) || atoi(name.release) < 7)
		return;
	if (begin) {
		expect_begin("vblank wait timed out|drm_crtc_wait_one_vblank");
	} else {
		sleep(2);
		expect_end();
	}
}

/* A process has its framebuffer open and mapped, and draws on. */
static void test_unbind(void)
{
	uint32_t size = line_length() * HEIGHT, *map;
	char c = 0;
	int ret;

	expect_no_blanking(true);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fb, 0);
	ktap_need(map != MAP_FAILED, "unbind: mmap");
	map[0] = 1;
	ret = write_text(PUCK_DRIVER "unbind", card.pci);
	ktap_ok(!ret && !find_fb(), "unbind: the driver leaves, and its framebuffer (%d)", ret);
	map[4096] = 2;
	ret = pwrite(fb, &c, 1, 0) < 0 ? errno : 0;
	ktap_ok(ret == ENODEV, "unbind: there is nothing to draw on (%d)", ret);
	ktap_ok(!text_write("\033[18;1Hnobody sees it\r\n"), "unbind: text is written all the same");
	expect_no_blanking(false);
	munmap(map, size);
	close(fb);
	ktap_ok(!write_text(PUCK_DRIVER "bind", card.pci) && open_fb(), "unbind: both come back");
}

/* Text goes to another framebuffer with the driver, and comes back when it is told to. */
static void test_again(const char *when)
{
	ktap_ok(take_text() && !text_write("\033c\033[?25lonce more") && text_becomes_shown(),
		"%s: text is shown", when);
}

static void test_plug(void)
{
	unsigned int looks = 0;
	struct puck puck;
	bool there;

	if (puck_open(&puck, true) || strcmp(puck.pci, card.pci)) {
		ktap_skip("the device is not the one that is pulled out", "plug");
		return;
	}
	close(puck.fd);
	puck_pull();
	close(fb);
	while ((there = find_fb()) && patient(&looks))
		;
	ktap_ok(!there, "plug: the device is pulled out below the text");
	ktap_ok(!text_write("\033[20;1Hpulled out\r\n"), "plug: which is written all the same");
	ktap_need(puck_plug(&puck, ""), "plug: it comes back");
	close(puck.fd);
	ktap_need(open_fb(), "plug: with a framebuffer");
	test_again("plug");
}

int main(void)
{
	ktap_begin();
	ktap_need(!puck_open_any(&screen.puck), "a puck device");
	memcpy(card.pci, screen.puck.pci, sizeof(card.pci));
	close(screen.puck.fd);
	ktap_need(open_fb() && take_text(), "its framebuffer, and text on it");
	ktap_need(!text_font_get(&font) && font.width == 8, "the font of the text");
	test_geometry();
	test_text();
	test_write();
	test_mmap();
	test_blank();
	test_master();
	test_sleep();
	test_reset();
	test_watched();
	test_again("watched");
	test_unbind();
	test_again("unbind");
	test_plug();
	close(fb);
	return ktap_end();
}
