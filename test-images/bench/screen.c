// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a screen costs at 60 Hz: a head of puck-gpu, of virtio-gpu and of bochs, by the same calls of
 * KMS and dumb buffers.
 *
 * usage: bench-screen flips|screen PCI ID RUNS
 *
 * PCI is where puck-gpu is, ID what QEMU calls it. For each run and each of them:
 *
 *   flips    640x480, each head that there is flips as soon as it has shown what it was to show. The
 *            picture is small as the device draws it each time under -icount, and the guest's
 *            time passes meanwhile: two heads of 200 Hz are not drawn in time.
 *            "bench: NAME_HEADS_latency_us", the median from the call to its event, and
 *            "bench: NAME_HEADS_rate", flips of a head in a second
 *   screen   1920x1080. The host is asked to look by "screen: NAME look", until
 *            "screen: NAME away", and to measure between "screen: NAME idle", or "screen: NAME
 *            moving N", or "screen: NAME unseen N", and "screen: NAME end": nothing is changed for a
 *            few seconds, or there are N flips, 60 in a second, between pictures that have no pixel
 *            in common
 *
 * Drivers of the kernel whose devices have no blanking send the events at once.
 */
#include <sys/mman.h>

#include "lib/base/progress.h"
#include "lib/base/span.h"
#include "lib/kms/crc.h"

#define WIDTH		1920
#define HEIGHT		1080
#define FLIP_WIDTH	640	/* where flips are counted */
#define FLIP_HEIGHT	480
#define BUFFERS		2
#define HZ		60
#define FLIPS		240	/* of each head */
#define SETTLE_NS	(2 * NSEC_PER_SEC)
#define LOOK_NS		(4 * NSEC_PER_SEC)

struct screen {
	const char *name;
	const char *driver;
	struct kms_card card;
	uint32_t fb[BUFFERS];
};

static struct screen screens[] = {
	{ .name = "puck", .driver = "puck" },
	{ .name = "virtio", .driver = "virtio_gpu" },
	{ .name = "bochs", .driver = "bochs-drm" },
};
static const char *puck_id;
static int64_t latency[KMS_HEADS * FLIPS];

static bool is_driver(const char *node, const char *driver)
{
	char name[32] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };
	int fd = open(node, O_RDWR | O_CLOEXEC);
	bool is = fd >= 0 && !puck_call(fd, DRM_IOCTL_VERSION, &version) && !strcmp(name, driver);

	if (fd >= 0)
		close(fd);
	return is;
}

/* The name of the device that a driver's first card is of, on whatever bus. */
static void find_card(const char *driver, char *name, size_t size)
{
	char node[32], path[64], link[256];
	ssize_t len;
	int i;

	for (i = 0; i < 16; i++) {
		snprintf(node, sizeof(node), "/dev/dri/card%d", i);
		if (!is_driver(node, driver))
			continue;
		snprintf(path, sizeof(path), "/sys/class/drm/card%d/device", i);
		len = readlink(path, link, sizeof(link) - 1);
		link[len < 0 ? 0 : len] = 0;
		snprintf(name, size, "%.31s", strrchr(link, '/') ? strrchr(link, '/') + 1 : "");
		return;
	}
	need(-ENODEV, driver);
}

/* A picture of one colour. */
static uint32_t make_fb(int fd, uint32_t pixel)
{
	struct drm_mode_create_dumb dumb = { .width = WIDTH, .height = HEIGHT, .bpp = 32 };
	struct drm_mode_map_dumb map = { 0 };
	struct drm_mode_fb_cmd2 cmd = {
		.width = WIDTH, .height = HEIGHT, .pixel_format = 0x34325258,	/* XR24 */
	};
	uint32_t *pixels;
	size_t i;

	need(puck_call(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb), "CREATE_DUMB");
	map.handle = dumb.handle;
	need(puck_call(fd, DRM_IOCTL_MODE_MAP_DUMB, &map), "MAP_DUMB");
	pixels = mmap(NULL, dumb.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)map.offset);
	need(pixels == MAP_FAILED ? -errno : 0, "mmap");
	for (i = 0; i < dumb.size / 4; i++)
		pixels[i] = pixel;
	munmap(pixels, dumb.size);
	cmd.handles[0] = dumb.handle;
	cmd.pitches[0] = dumb.pitch;
	need(puck_call(fd, DRM_IOCTL_MODE_ADDFB2, &cmd), "ADDFB2");
	return cmd.fb_id;
}

static void open_screen(struct screen *screen, const char *pci)
{
	char found[32];

	if (!pci)
		find_card(screen->driver, found, sizeof(found));
	need(kms_card_open(&screen->card, pci ? pci : found), screen->name);
	screen->fb[0] = make_fb(screen->card.fd, 0x00c08040);
	screen->fb[1] = make_fb(screen->card.fd, 0x003f7fbf);
}

/* Shows the first picture with these timings, or nothing without any. */
static void set_head(const struct screen *screen, uint32_t head,
		     const struct drm_mode_modeinfo *mode)
{
	const struct kms_head *h = &screen->card.head[head];
	struct drm_mode_crtc args = { .crtc_id = h->crtc };

	if (mode) {
		args.set_connectors_ptr = (uintptr_t)&h->connector;
		args.count_connectors = 1;
		args.fb_id = screen->fb[0];
		args.mode_valid = 1;
		args.mode = *mode;
	}
	need(puck_call(screen->card.fd, DRM_IOCTL_MODE_SETCRTC, &args), "SETCRTC");
}

static void flip(const struct screen *screen, uint32_t head, uint32_t n)
{
	struct drm_mode_crtc_page_flip args = {
		.crtc_id = screen->card.head[head].crtc,
		.fb_id = screen->fb[n % BUFFERS],
		.flags = DRM_MODE_PAGE_FLIP_EVENT,
		.user_data = head,
	};

	need(puck_call(screen->card.fd, DRM_IOCTL_MODE_PAGE_FLIP, &args), "PAGE_FLIP");
}

/* The head that has flipped. */
static uint32_t flipped(const struct screen *screen)
{
	struct drm_event_vblank event;

	need(kms_event(screen->card.fd, &event, FOREVER_MS), "event");
	return (uint32_t)event.user_data;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void measure_flips(const struct screen *screen, uint32_t heads)
{
	const struct drm_mode_modeinfo mode = kms_mode(FLIP_WIDTH, FLIP_HEIGHT, HZ);
	uint32_t begun[KMS_HEADS] = { 0 }, ended = 0, head;
	int64_t since[KMS_HEADS];
	struct span span;
	double us;

	for (head = 0; head < heads; head++)
		set_head(screen, head, &mode);
	span = span_begin(false);
	for (head = 0; head < heads; head++) {
		since[head] = now_ns();
		flip(screen, head, ++begun[head]);
	}
	while (ended < heads * FLIPS) {
		head = flipped(screen);
		latency[ended++] = now_ns() - since[head];
		if (begun[head] == FLIPS)
			continue;
		since[head] = now_ns();
		flip(screen, head, ++begun[head]);
		progress("%s: %u flips", screen->name, ended);
	}
	us = span_us(&span);
	for (head = 0; head < heads; head++)
		set_head(screen, head, NULL);
	qsort(latency, ended, sizeof(latency[0]), by_size);
	printf("bench: %s_%u_latency_us %.1f\n", screen->name, heads, latency[ended / 2] / 1e3);
	printf("bench: %s_%u_rate %.1f\n", screen->name, heads, FLIPS * 1e6 / us);
}

static void wait_until(int64_t when)
{
	struct timespec ts = { when / NSEC_PER_SEC, when % NSEC_PER_SEC };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL))
		;
}

static void ask_redraws(const struct screen *screen)
{
	if (!strcmp(screen->name, "puck"))
		printf("puck-host: qom-get {\"path\": \"/machine/peripheral/%s\", \"property\": \"redraws0\"}\n",
		       puck_id);
}

static void move(const struct screen *screen, const char *how)
{
	const uint32_t flips = LOOK_NS * HZ / NSEC_PER_SEC;
	int64_t start;
	uint32_t n;

	printf("screen: %s %s %u\n", screen->name, how, flips);
	start = now_ns();
	for (n = 1; n <= flips; n++) {
		flip(screen, 0, n);
		flipped(screen);
		wait_until(start + n * NSEC_PER_SEC / HZ);
		progress("%s: %u flips", screen->name, n);
	}
	printf("screen: %s end\n", screen->name);
}

static void measure_screen(const struct screen *screen)
{
	const struct drm_mode_modeinfo mode = kms_mode(WIDTH, HEIGHT, HZ);

	set_head(screen, 0, &mode);
	printf("screen: %s look\n", screen->name);
	wait_until(now_ns() + SETTLE_NS);
	ask_redraws(screen);
	printf("screen: %s idle\n", screen->name);
	wait_until(now_ns() + LOOK_NS);
	printf("screen: %s end\n", screen->name);
	ask_redraws(screen);
	move(screen, "moving");
	ask_redraws(screen);
	printf("screen: %s away\n", screen->name);
	move(screen, "unseen");
	set_head(screen, 0, NULL);
}

int main(int argc, char **argv)
{
	bool flips = argc == 5 && !strcmp(argv[1], "flips");
	unsigned int i;
	int run, runs;

	if (argc != 5 || (!flips && strcmp(argv[1], "screen"))) {
		fprintf(stderr, "usage: bench-screen flips|screen PCI ID RUNS\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	puck_id = argv[3];
	runs = atoi(argv[4]);
	for (i = 0; i < ARRAY_SIZE(screens); i++)
		open_screen(&screens[i], i ? NULL : argv[2]);
	for (run = 0; run < runs; run++) {
		for (i = 0; i < ARRAY_SIZE(screens); i++) {
			if (!flips)
				measure_screen(&screens[i]);
			else
				measure_flips(&screens[i], 1);
			if (flips && screens[i].card.heads > 1)
				measure_flips(&screens[i], 2);
		}
	}
	return 0;
}
