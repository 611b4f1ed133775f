// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the host sees of a display is what a program is said to draw:
 *
 *	client_screen [--device ID] [--head N] [--size WxH] [--looks N] [--each] NAME WHAT...
 *
 * It waits until it is so; with --looks, N looks more find it so, each of them. What is seen then
 * goes to NAME.png of the run folder. WHAT is of layers, each of which covers what it has of those
 * before it, KIND[=ARGUMENT][@X,Y,WxH]; the word "or" begins another picture that is right as well,
 * and with --each each of them is to be seen:
 *
 *	plain=RRGGBB		one colour
 *	checker=N,RRGGBB,RRGGBB	squares of N pixels
 *	smpte, smpte565, tiles	patterns of modetest
 *	simple-shm		weston-simple-shm at any time
 *	frames=FILE[:FORMAT]	one of the pictures that lie in a file: XRGB8888, or NV12
 *	text			of the first virtual terminal, in greys; over all of the picture
 *	any			not looked at
 *	not=RRGGBB		of any colour but this one
 */
#include <errno.h>
#include <getopt.h>

#include "lib/base/array.h"
#include "lib/base/host_answer.h"
#include "lib/base/host_screen.h"
#include "lib/base/ktap.h"
#include "lib/clients/picture.h"
#include "lib/kms/text.h"

/* Between looks that wait for a picture: each is a second's work for a slow machine. */
#define PAUSE_US	250000
/* A frame that is shown is in its file when so many others are, or after so many looks there. */
#define FRAMES_LATE	4
#define LOOKS_LATE	40
/* Layers, and words between them. */
#define WHATS_MAX	32

struct layer {
	const struct layer_kind *kind;	/* NULL: "or" */
	const char *argument;
	struct area area;		/* without a width it is all of the picture */
};

struct wanted {
	const char *name, *device;
	unsigned int head, looks;
	bool each;
	uint32_t width, height;		/* 0: any size */
	struct layer layer[WHATS_MAX];
	unsigned int layers;
};

/* What was seen, and what should have been. */
struct look {
	struct host_screen screen;
	struct picture seen, right;
	uint32_t wrong, x, y;		/* pixels, and where the first one is */
	uint32_t found;			/* which of the right pictures were seen: a bit for each */
};

struct layer_kind {
	const char *name;
	bool (*paint)(const struct layer *layer, const struct area *area, struct look *look);
};

static bool paint_plain(const struct layer *layer, const struct area *area, struct look *look)
{
	picture_plain(&look->right, area, strtoul(layer->argument, NULL, 16) & 0xffffff);
	return true;
}

static bool paint_checker(const struct layer *layer, const struct area *area, struct look *look)
{
	unsigned int size, first, second;

	if (sscanf(layer->argument, "%u,%x,%x", &size, &first, &second) != 3 || !size)
		return false;
	picture_checker(&look->right, area, size, first, second);
	return true;
}

static bool paint_smpte(const struct layer *layer, const struct area *area, struct look *look)
{
	(void)layer;
	picture_fill(&look->right, area, picture_smpte, false);
	return true;
}

static bool paint_smpte565(const struct layer *layer, const struct area *area, struct look *look)
{
	(void)layer;
	picture_fill(&look->right, area, picture_smpte, true);
	return true;
}

static bool paint_tiles(const struct layer *layer, const struct area *area, struct look *look)
{
	(void)layer;
	picture_fill(&look->right, area, picture_tiles, false);
	return true;
}

static bool paint_shm(const struct layer *layer, const struct area *area, struct look *look)
{
	(void)layer;
	picture_shm(&look->right, area, &look->seen);
	return true;
}

static bool paint_not(const struct layer *layer, const struct area *area, struct look *look)
{
	uint32_t colour = strtoul(layer->argument, NULL, 16) & 0xffffff, x, y;

	for (y = 0; y < area->height; y++)
		for (x = 0; x < area->width; x++)
			*picture_at(&look->right, area, x, y) =
				*picture_at(&look->seen, area, x, y) != colour ? PICTURE_ANY :
									~colour & 0xffffff;
	return true;
}

static bool paint_any(const struct layer *layer, const struct area *area, struct look *look)
{
	(void)layer;
	picture_plain(&look->right, area, PICTURE_ANY);
	return true;
}

/* False if there is no terminal, or if it is not as large as the picture. */
static bool paint_text(const struct layer *layer, const struct area *area, struct look *look)
{
	static struct text_font font;

	(void)layer;
	return area->width == look->right.width && area->height == look->right.height &&
	       !text_font_get(&font) && font.width == 8 &&
	       text_draw(&font, look->right.pixels, area->width, area->height);
}

typedef uint32_t (*frame_pixel)(const uint8_t *frame, const struct area *area, uint32_t x,
				uint32_t y);

static uint32_t xrgb_pixel(const uint8_t *frame, const struct area *area, uint32_t x, uint32_t y)
{
	const uint8_t *at = frame + 4 * ((size_t)y * area->width + x);

	return (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static uint32_t nv12_pixel(const uint8_t *frame, const struct area *area, uint32_t x, uint32_t y)
{
	const uint8_t *uv = frame + (size_t)area->width * area->height +
			    (size_t)(y / 2) * area->width + x / 2 * 2;

	return picture_yuv(frame[(size_t)y * area->width + x], uv[0], uv[1]);
}

static bool is_seen(const struct look *look, const struct area *area, const uint8_t *frame,
		    frame_pixel pixel)
{
	uint32_t x, y;

	for (y = 0; y < area->height; y++)
		for (x = 0; x < area->width; x++)
			if (pixel(frame, area, x, y) != *picture_at(&look->seen, area, x, y))
				return false;
	return true;
}

/* Frames of a file that grows: the one that is seen, or the last whole one. */
struct frames {
	char name[256];
	frame_pixel pixel;
	size_t bytes;
	uint8_t *frame, *next;
	unsigned int count;
};

static bool find_frame(struct frames *frames, const struct look *look, const struct area *area)
{
	FILE *file = fopen(frames->name, "rb");
	bool found = false;
	uint8_t *whole;

	frames->count = 0;
	while (file && !found && fread(frames->next, 1, frames->bytes, file) == frames->bytes) {
		whole = frames->next;
		frames->next = frames->frame;
		frames->frame = whole;
		frames->count++;
		found = is_seen(look, area, whole, frames->pixel);
	}
	if (file)
		fclose(file);
	return found;
}

/* What is shown may come into the file a little later: with the next frames, if it comes at all. */
static bool await_frame(struct frames *frames, const struct look *look, const struct area *area)
{
	unsigned int looks = 0, before;
	bool found;

	found = find_frame(frames, look, area);
	before = frames->count;
	while (!found && frames->count < before + FRAMES_LATE && looks++ < LOOKS_LATE) {
		usleep(PAUSE_US);
		found = find_frame(frames, look, area);
	}
	return found;
}

/* False if there is no frame. */
static bool paint_frames(const struct layer *layer, const struct area *area, struct look *look)
{
	const char *format = strrchr(layer->argument, ':');
	bool nv12 = format && !strcmp(format, ":NV12");
	struct frames frames = {
		.pixel = nv12 ? nv12_pixel : xrgb_pixel,
		.bytes = (size_t)area->width * area->height * (nv12 ? 3 : 8) / 2,
	};
	uint32_t x, y;

	snprintf(frames.name, sizeof(frames.name), "%.*s", (int)strcspn(layer->argument, ":"),
		 layer->argument);
	frames.frame = malloc(frames.bytes);
	frames.next = malloc(frames.bytes);
	ktap_need(frames.frame && frames.next, "memory for pictures");
	await_frame(&frames, look, area);
	for (y = 0; frames.count && y < area->height; y++)
		for (x = 0; x < area->width; x++)
			*picture_at(&look->right, area, x, y) =
				frames.pixel(frames.frame, area, x, y);
	free(frames.frame);
	free(frames.next);
	return frames.count;
}

static const struct layer_kind kinds[] = {
	{ "plain", paint_plain }, { "checker", paint_checker }, { "smpte", paint_smpte },
	{ "smpte565", paint_smpte565 }, { "tiles", paint_tiles }, { "simple-shm", paint_shm },
	{ "frames", paint_frames }, { "text", paint_text }, { "any", paint_any },
	{ "not", paint_not },
};

static void usage(const char *name, const char *word)
{
	fprintf(stderr, "%s: '%s'? see the head of its source\n", name, word);
	exit(2);
}

static bool parse_layer(char *word, struct layer *layer)
{
	char *at = strrchr(word, '@'), *argument;
	struct area *area = &layer->area;
	size_t i;

	if (!strcmp(word, "or"))
		return true;
	if (at) {
		*at = '\0';
		if (sscanf(at + 1, "%u,%u,%ux%u", &area->x, &area->y, &area->width,
			   &area->height) != 4 || !area->width || !area->height)
			return false;
	}
	argument = strchr(word, '=');
	if (argument)
		*argument++ = '\0';
	layer->argument = argument ? argument : "";
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(word, kinds[i].name))
			layer->kind = &kinds[i];
	return layer->kind;
}

static bool take_option(int option, struct wanted *wanted)
{
	switch (option) {
	case 'd':
		wanted->device = optarg;
		return true;
	case 'h':
		wanted->head = strtoul(optarg, NULL, 0);
		return true;
	case 's':
		return sscanf(optarg, "%ux%u", &wanted->width, &wanted->height) == 2;
	case 'e':
		wanted->each = true;
		return true;
	case 'l':
		wanted->looks = strtoul(optarg, NULL, 0);
		return true;
	default:
		return false;
	}
}

static void parse(int argc, char **argv, struct wanted *wanted)
{
	static const struct option options[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "head", required_argument, NULL, 'h' },
		{ "size", required_argument, NULL, 's' },
		{ "looks", required_argument, NULL, 'l' },
		{ "each", no_argument, NULL, 'e' },
		{ },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
		if (!take_option(option, wanted))
			usage(argv[0], argv[optind - 1]);
	if (argc - optind < 2 || argc - optind - 1 > WHATS_MAX)
		usage(argv[0], "NAME WHAT...");
	wanted->name = argv[optind++];
	for (; optind < argc; optind++)
		if (!parse_layer(argv[optind], &wanted->layer[wanted->layers++]))
			usage(argv[0], argv[optind]);
}

static bool picture_size(struct picture *picture, uint32_t width, uint32_t height)
{
	if (picture->width != width || picture->height != height) {
		free(picture->pixels);
		picture->pixels = malloc((size_t)width * height * sizeof(*picture->pixels));
	}
	picture->width = width;
	picture->height = height;
	return picture->pixels;
}

/* What the host sees now. */
static bool take_look(const struct wanted *wanted, struct look *look)
{
	const struct host_screen *screen = &look->screen;
	uint32_t x, y;

	host_screen_ask(wanted->device, wanted->head);
	if (!host_done() || !host_screen_read(&look->screen))
		return false;
	ktap_need(picture_size(&look->seen, screen->width, screen->height) &&
		  picture_size(&look->right, screen->width, screen->height), "memory");
	for (y = 0; y < screen->height; y++)
		for (x = 0; x < screen->width; x++)
			look->seen.pixels[(size_t)y * screen->width + x] =
				host_screen_pixel(screen, x, y);
	return (!wanted->width || wanted->width == screen->width) &&
	       (!wanted->height || wanted->height == screen->height);
}

static void count_wrong(struct look *look)
{
	uint32_t x, y, right, seen;

	look->wrong = 0;
	for (y = 0; y < look->seen.height; y++)
		for (x = 0; x < look->seen.width; x++) {
			right = look->right.pixels[(size_t)y * look->right.width + x];
			seen = look->seen.pixels[(size_t)y * look->seen.width + x];
			if (right == PICTURE_ANY || right == seen)
				continue;
			if (!look->wrong++) {
				look->x = x;
				look->y = y;
			}
		}
}

static bool paint(const struct layer *layer, struct look *look)
{
	struct area area = layer->area;

	if (!area.width)
		area = (struct area) { 0, 0, look->seen.width, look->seen.height };
	if (area.x > look->seen.width || area.width > look->seen.width - area.x ||
	    area.y > look->seen.height || area.height > look->seen.height - area.y)
		return false;
	return layer->kind->paint(layer, &area, look);
}

/* Layers from @first to the next "or"; returns whether they are what is seen. */
static bool shows_one(const struct wanted *wanted, unsigned int *first, struct look *look)
{
	struct area all = { 0, 0, look->seen.width, look->seen.height };
	bool painted = true;

	picture_plain(&look->right, &all, 0);
	for (; *first < wanted->layers && wanted->layer[*first].kind; ++*first)
		painted &= paint(&wanted->layer[*first], look);
	++*first;
	if (!painted) {
		look->wrong = ~0u;
		return false;
	}
	count_wrong(look);
	return !look->wrong;
}

static bool shows(const struct wanted *wanted, struct look *look)
{
	unsigned int first = 0, which = 0;

	look->wrong = ~0u;
	if (!take_look(wanted, look))
		return false;
	for (; first < wanted->layers; which++)
		if (shows_one(wanted, &first, look)) {
			look->found |= 1u << which;
			return true;
		}
	return false;
}

/* Until it is so, and then for as long as it is to be so. */
static bool watch(const struct wanted *wanted, struct look *look)
{
	unsigned int good = 0, others = 0, i;
	int64_t since = 0;
	bool each;

	for (i = 0; i < wanted->layers; i++)
		others += !wanted->layer[i].kind;
	while (!shows(wanted, look)) {
		if (!expectant(&since))
			return false;
		usleep(PAUSE_US);
	}
	since = 0;
	do {
		each = !wanted->each || look->found == (2u << others) - 1;
		if (good >= wanted->looks && each)
			return true;
		good++;
	} while (shows(wanted, look) && (good < wanted->looks || expectant(&since)));
	if (!look->wrong)
		ktap_note("of %u pictures those of mask %x are seen", others + 1, look->found);
	return false;
}

static void tell(const struct look *look)
{
	size_t at = (size_t)look->y * look->seen.width + look->x;

	if (!look->screen.pixels)
		ktap_note("the host sees no picture");
	else if (!look->wrong)
		ktap_note("the last picture is right");
	else if (look->wrong == ~0u)
		ktap_note("the picture is %ux%u", look->screen.width, look->screen.height);
	else
		ktap_note("%u of %ux%u pixels are wrong, the first one at %u,%u: %06x and not %06x",
			  look->wrong, look->seen.width, look->seen.height, look->x, look->y,
			  look->seen.pixels[at], look->right.pixels[at]);
}

static void keep(const struct wanted *wanted)
{
	char name[128];

	snprintf(name, sizeof(name), "%s.png", wanted->name);
	host_screen_dump(name, "png", wanted->device, wanted->head);
	host_done();
}

int main(int argc, char **argv)
{
	struct wanted wanted = { .device = "gpu0" };
	static struct look look;
	bool shown;

	parse(argc, argv, &wanted);
	/* A program that begins to draw is slow on a slow machine. */
	setenv(ANSWER_VARIABLE, "600000", 0);
	ktap_begin();
	ktap_need(host_screen_open(&look.screen), "the machine has screen=on");
	shown = watch(&wanted, &look);
	if (!shown)
		tell(&look);
	keep(&wanted);
	ktap_ok(shown, "%s is on the screen", wanted.name);
	return ktap_end();
}
