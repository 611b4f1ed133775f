// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pictures of puck-cam in files, as clients write them, checked by their stamps:
 *
 *	camera_verify OPTIONS FILE...
 *
 *	--format NAME	one of cam_formats
 *	--size WxH
 *	--stride N	bytes from line to line; more than once: of each plane
 *	--bytes N	from picture to picture, if there is more than the picture
 *	--frames N	so many pictures have to be there (at least 1)
 *	--no-gaps	and no number of a frame may be left out
 *
 * A file has one picture or more, one behind the other.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lib/base/ktap.h"
#include "lib/camera/stamp.h"

/* Bad pictures that are told of one by one. */
#define TOLD	8

struct wanted {
	struct cam_layout layout;
	size_t bytes;
	unsigned long frames;		/* 0: any number */
	bool no_gaps;
};

/* What all pictures together came to. */
struct tally {
	unsigned long pictures, torn, unstamped, no_stamp, bad_sum, out_of_order;
	unsigned long gaps, missed;	/* places where numbers are left out, and how many are */
	bool cut;			/* a file ends in the midst of a picture */
	struct cam_found last;
};

static void usage(const char *name)
{
	fprintf(stderr, "usage: %s --format NAME --size WxH [--stride N]... [--bytes N] [--frames N] [--no-gaps] FILE...\n",
		name);
	exit(2);
}

static bool parse_size(const char *text, struct cam_layout *layout)
{
	return sscanf(text, "%ux%u", &layout->width, &layout->height) == 2 &&
	       layout->width >= PUCK_CAM_DIM_MIN && layout->width <= PUCK_CAM_WIDTH_MAX &&
	       layout->height >= PUCK_CAM_DIM_MIN && layout->height <= PUCK_CAM_HEIGHT_MAX &&
	       !(layout->width & 1) && !(layout->height & 1);
}

static bool take_option(int option, struct wanted *wanted, unsigned int *strides)
{
	switch (option) {
	case 'f':
		wanted->layout.format = cam_format(optarg);
		return wanted->layout.format;
	case 's':
		return parse_size(optarg, &wanted->layout);
	case 't':
		if (*strides == CAM_PLANES)
			return false;
		wanted->layout.stride[(*strides)++] = strtoul(optarg, NULL, 0);
		return true;
	case 'b':
		wanted->bytes = strtoul(optarg, NULL, 0);
		return wanted->bytes;
	case 'n':
		wanted->frames = strtoul(optarg, NULL, 0);
		return wanted->frames;
	case 'g':
		wanted->no_gaps = true;
		return true;
	default:
		return false;
	}
}

/* Exits with a word on how it is used if something is missing, or cannot be. */
static void parse(int argc, char **argv, struct wanted *wanted)
{
	static const struct option options[] = {
		{ "format", required_argument, NULL, 'f' }, { "size", required_argument, NULL, 's' },
		{ "stride", required_argument, NULL, 't' }, { "bytes", required_argument, NULL, 'b' },
		{ "frames", required_argument, NULL, 'n' }, { "no-gaps", no_argument, NULL, 'g' },
		{ },
	};
	struct cam_layout *layout = &wanted->layout;
	unsigned int strides = 0;
	size_t least;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
		if (!take_option(option, wanted, &strides))
			usage(argv[0]);
	if (!layout->format || !layout->width || optind == argc)
		usage(argv[0]);
	cam_layout_complete(layout);
	least = cam_plane_bytes(layout, 0) + cam_plane_bytes(layout, 1);
	wanted->bytes = wanted->bytes ? wanted->bytes : least;
	if (wanted->bytes < least || layout->stride[0] < cam_line_bytes(layout) ||
	    layout->stride[1] < cam_line_bytes(layout))
		usage(argv[0]);
}

static void tell(const struct cam_found *found, const struct tally *tally)
{
	ktap_note("picture %lu, frame %u, %" PRIu64 " ns: %u lines torn, %u without a stamp%s%s",
		  tally->pictures, found->frame, found->time, found->torn, found->unstamped,
		  found->stamped ? "" : ", no frame stamp", found->sum ? "" : ", wrong checksum");
}

static void take_order(const struct cam_found *found, struct tally *tally)
{
	uint32_t step = found->frame - tally->last.frame;

	if (tally->pictures == 1)
		return;
	/* What is behind by more than half of all numbers is a step back. */
	if (!step || step > UINT32_MAX / 2 || (found->time && found->time <= tally->last.time)) {
		tally->out_of_order++;
		ktap_note("frame %u at %" PRIu64 " ns behind frame %u at %" PRIu64 " ns",
			  found->frame, found->time, tally->last.frame, tally->last.time);
	} else if (step > 1) {
		tally->gaps++;
		tally->missed += step - 1;
	}
}

static void take_picture(const struct wanted *wanted, const uint8_t *bytes, struct tally *tally)
{
	const uint8_t *planes[CAM_PLANES] = {
		bytes, bytes + cam_plane_bytes(&wanted->layout, 0),
	};
	struct cam_found found;

	cam_check(&wanted->layout, planes, &found);
	tally->pictures++;
	tally->torn += !!found.torn;
	tally->unstamped += !!found.unstamped;
	tally->no_stamp += !found.stamped;
	tally->bad_sum += !found.sum;
	if (!cam_good(&found) && tally->pictures <= TOLD)
		tell(&found, tally);
	take_order(&found, tally);
	tally->last = found;
}

static void take_file(const struct wanted *wanted, const char *name, struct tally *tally)
{
	uint8_t *bytes = malloc(wanted->bytes);
	FILE *file = fopen(name, "rb");
	size_t got;

	ktap_need(bytes, "memory for a picture");
	ktap_need(file, "%s can be read: %s", name, strerror(errno));
	while ((got = fread(bytes, 1, wanted->bytes, file)) == wanted->bytes)
		take_picture(wanted, bytes, tally);
	if (got) {
		ktap_note("%s: %zu bytes behind the last picture of %zu", name, got, wanted->bytes);
		tally->cut = true;
	}
	fclose(file);
	free(bytes);
}

static void conclude(const struct wanted *wanted, const struct tally *tally)
{
	ktap_note("%lu pictures, the last one is frame %u; %lu frames missed in %lu places",
		  tally->pictures, tally->last.frame, tally->missed, tally->gaps);
	if (wanted->frames)
		ktap_ok(tally->pictures == wanted->frames, "%lu pictures", wanted->frames);
	else
		ktap_ok(tally->pictures, "there are pictures");
	ktap_ok(!tally->cut, "none is cut short");
	ktap_ok(!tally->unstamped, "each line has its stamp");
	ktap_ok(!tally->torn, "no picture has lines of two frames");
	ktap_ok(!tally->no_stamp, "each picture says what it is");
	ktap_ok(!tally->bad_sum, "each picture has its checksum");
	ktap_ok(!tally->out_of_order, "numbers and times go up");
	if (wanted->no_gaps)
		ktap_ok(!tally->missed, "no frame is missed");
}

int main(int argc, char **argv)
{
	struct wanted wanted = { 0 };
	struct tally tally = { 0 };

	parse(argc, argv, &wanted);
	ktap_begin();
	for (; optind < argc; optind++)
		take_file(&wanted, argv[optind], &tally);
	conclude(&wanted, &tally);
	return ktap_end();
}
