// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A display under the DMA mapper: a buffer is drawn by the CPU, shown, and then
 * changed in part; what the device has on its screen must be that. The guest
 * cannot see the screen, and asks the host for a picture of it.
 */
#include "lib/base/host_screen.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/mapper/data.h"
#include "lib/mapper/find.h"
#include "lib/mapper/options.h"
#include "lib/mapper/workload.h"

#include <drm.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* With a framebuffer console virtio-gpu may leave its buffer mapped, docs/findings.rst. */
#define FBCON "/sys/class/graphics/fbcon"
#define FBCON_KNOWN "finding: leak: .* by drm_gem_shmem_get_pages_sgt|Memory manager not clean" \
	"|drm_mm_takedown|has pending DMA allocations"

#define WIDTH 640u
#define HEIGHT 480u
#define BAND_TOP 131u
#define BAND_ROWS 77u

struct gpu {
	int fd;
	struct host_screen screen;
	uint32_t connector, crtc;
	struct drm_mode_modeinfo mode;
};

/* What is on the screen for one round: all of it, and a band on top. */
struct frame {
	struct drm_mode_create_dumb dumb;
	uint32_t fb;
	uint32_t *pixels;
	uint64_t seed;
};

static bool is_card(const char *name)
{
	return !strncmp(name, "card", 4) && !name[4 + strspn(name + 4, "0123456789")];
}

static uint32_t pixel(uint64_t seed, uint32_t x, uint32_t y)
{
	uint32_t at = y * WIDTH + x;
	uint64_t word = dma_word(seed, at / 2);

	return (uint32_t)(at % 2 ? word >> 32 : word) & 0xffffff;
}

static bool in_band(uint32_t y)
{
	return y >= BAND_TOP && y < BAND_TOP + BAND_ROWS;
}

static void draw(struct frame *frame, uint64_t seed, uint32_t top, uint32_t rows)
{
	uint32_t x, y;

	for (y = top; y < top + rows; y++)
		for (x = 0; x < WIDTH; x++)
			frame->pixels[y * (frame->dumb.pitch / 4) + x] = pixel(seed, x, y);
}

static bool frame_fb(struct gpu *gpu, struct frame *frame)
{
	struct drm_mode_fb_cmd fb = {
		.width = WIDTH,
		.height = HEIGHT,
		.pitch = frame->dumb.pitch,
		.bpp = 32,
		.depth = 24,
		.handle = frame->dumb.handle,
	};

	if (ioctl(gpu->fd, DRM_IOCTL_MODE_ADDFB, &fb))
		return false;
	frame->fb = fb.fb_id;
	return true;
}

static bool frame_create(struct gpu *gpu, struct frame *frame)
{
	struct drm_mode_map_dumb map = { 0 };

	frame->dumb = (struct drm_mode_create_dumb){ .width = WIDTH, .height = HEIGHT, .bpp = 32 };
	if (ioctl(gpu->fd, DRM_IOCTL_MODE_CREATE_DUMB, &frame->dumb))
		return false;
	map.handle = frame->dumb.handle;
	if (ioctl(gpu->fd, DRM_IOCTL_MODE_MAP_DUMB, &map))
		return false;
	frame->pixels = mmap(NULL, frame->dumb.size, PROT_READ | PROT_WRITE, MAP_SHARED, gpu->fd,
			     (off_t)map.offset);
	if (frame->pixels == MAP_FAILED) {
		frame->pixels = NULL;
		return false;
	}
	return frame_fb(gpu, frame);
}

static void frame_destroy(struct gpu *gpu, struct frame *frame)
{
	struct drm_mode_destroy_dumb destroy = { .handle = frame->dumb.handle };

	if (frame->fb)
		ioctl(gpu->fd, DRM_IOCTL_MODE_RMFB, &frame->fb);
	if (frame->pixels)
		munmap(frame->pixels, frame->dumb.size);
	if (destroy.handle)
		ioctl(gpu->fd, DRM_IOCTL_MODE_DESTROY_DUMB, &destroy);
}

/* All of it, then the band alone. */
static bool show(struct gpu *gpu, struct frame *frame)
{
	struct drm_mode_crtc crtc = {
		.set_connectors_ptr = (uintptr_t)&gpu->connector,
		.count_connectors = 1,
		.crtc_id = gpu->crtc,
		.fb_id = frame->fb,
		.mode_valid = 1,
		.mode = gpu->mode,
	};
	struct drm_clip_rect clip = {
		.x2 = WIDTH,
		.y1 = BAND_TOP,
		.y2 = BAND_TOP + BAND_ROWS,
	};
	struct drm_mode_fb_dirty_cmd dirty = {
		.fb_id = frame->fb,
		.num_clips = 1,
		.clips_ptr = (uintptr_t)&clip,
	};

	draw(frame, frame->seed, 0, HEIGHT);
	if (ioctl(gpu->fd, DRM_IOCTL_MODE_SETCRTC, &crtc))
		return false;
	draw(frame, frame->seed + 1, BAND_TOP, BAND_ROWS);
	dma_totals.written += (uint64_t)WIDTH * HEIGHT * 4;
	return !ioctl(gpu->fd, DRM_IOCTL_MODE_DIRTYFB, &dirty);
}

/* Pixels of the picture that are not as drawn; all if it is no such picture. */
static uint32_t wrong_pixels(const struct host_screen *screen, uint64_t seed)
{
	uint32_t x, y, wrong = 0;

	if (!screen->pixels || screen->width != WIDTH || screen->height != HEIGHT)
		return WIDTH * HEIGHT;
	for (y = 0; y < HEIGHT; y++)
		for (x = 0; x < WIDTH; x++)
			wrong += pixel(in_band(y) ? seed + 1 : seed, x, y) !=
				 host_screen_pixel(screen, x, y);
	return wrong;
}

/* The device may be at work still, and the host at the picture: asks again. */
static bool screen_shows(struct gpu *gpu, uint64_t seed)
{
	unsigned int looks = 0;
	int64_t since = 0;
	uint32_t wrong;

	do {
		if (looks++ % 8 == 0)
			host_screen_ask("virtio-gpu", 0);
		host_screen_read(&gpu->screen);
		wrong = wrong_pixels(&gpu->screen, seed);
	} while (wrong && expectant(&since));
	dma_totals.read += 3u * WIDTH * HEIGHT;
	dma_totals.checked += 3u * WIDTH * HEIGHT;
	dma_totals.mismatches += wrong;
	if (wrong)
		ktap_note("%u pixels of the screen are wrong", wrong);
	return !wrong;
}

static bool gpu_io(void *context, uint64_t seed, bool errors)
{
	struct frame frame = { .seed = seed * 2 };
	struct gpu *gpu = context;
	bool good;

	good = frame_create(gpu, &frame) && show(gpu, &frame);
	if (!good)
		ktap_note("show: %s", strerror(errno));
	good = good ? screen_shows(gpu, frame.seed) : errors;
	frame_destroy(gpu, &frame);
	return good;
}

static bool pick_mode(struct gpu *gpu)
{
	struct drm_mode_modeinfo modes[64];
	struct drm_mode_get_connector connector = {
		.connector_id = gpu->connector,
		.modes_ptr = (uintptr_t)modes,
	};
	uint32_t i;

	/* The first look probes, and tells how many there are. */
	if (ioctl(gpu->fd, DRM_IOCTL_MODE_GETCONNECTOR, &connector) || connector.count_modes > 64)
		return false;
	connector.count_props = connector.count_encoders = 0;
	if (ioctl(gpu->fd, DRM_IOCTL_MODE_GETCONNECTOR, &connector))
		return false;
	for (i = 0; i < connector.count_modes; i++)
		if (modes[i].hdisplay == WIDTH && modes[i].vdisplay == HEIGHT) {
			gpu->mode = modes[i];
			return true;
		}
	return false;
}

static bool pick_outputs(struct gpu *gpu)
{
	uint32_t crtcs[16], connectors[16];
	struct drm_mode_card_res res = { 0 };

	if (ioctl(gpu->fd, DRM_IOCTL_MODE_GETRESOURCES, &res) || res.count_crtcs > 16 ||
	    res.count_connectors > 16)
		return false;
	res.crtc_id_ptr = (uintptr_t)crtcs;
	res.connector_id_ptr = (uintptr_t)connectors;
	res.count_fbs = res.count_encoders = 0;
	if (ioctl(gpu->fd, DRM_IOCTL_MODE_GETRESOURCES, &res) || !res.count_crtcs ||
	    !res.count_connectors)
		return false;
	gpu->crtc = crtcs[0];
	gpu->connector = connectors[0];
	return pick_mode(gpu);
}

static void gpu_open(struct gpu *gpu, const char *card)
{
	char path[80];

	snprintf(path, sizeof(path), "/dev/dri/%s", card);
	gpu->fd = open(path, O_RDWR | O_CLOEXEC);
	ktap_need(gpu->fd >= 0, "%s is open", path);
	ktap_need(pick_outputs(gpu), "a display of %ux%u", WIDTH, HEIGHT);
	ktap_need(host_screen_open(&gpu->screen), "a disk with the serial 'screen'");
}

int main(int argc, char **argv)
{
	static struct gpu gpu;
	struct dma_test test = {
		.options = { .bytes = 1, .seed = 1 },
		.io = gpu_io,
		.context = &gpu,
	};
	struct dma_device device;

	(void)argc;
	dma_parse(&test.options, argv);
	if (test.options.count != 1)
		dma_usage(argv[0]);
	ktap_begin();
	if (!dma_find("drm", test.options.which[0], 0, is_card, &device))
		return dma_nothing(test.options.which[0]);
	dma_take(&test, 0, &device);
	if (!access(FBCON, F_OK))
		test.functions[0].known = FBCON_KNOWN;
	gpu_open(&gpu, device.name);
	dma_run(&test);
	close(gpu.fd);
	return dma_end(&test);
}
