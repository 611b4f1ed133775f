// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lab 3, the guest half of its grader: bytes that a driver with streaming mappings moves, while
 * puck-dma keeps the device's copy of each mapping apart from the driver's pages, lets mappings
 * fail, and the device takes its time.
 */
#include "lib/labs/copies.h"
#include "lib/labs/lab.h"
#include "lib/labs/mapper.h"

#define ROUNDS 6
/* How late the device begins, in nanoseconds. */
#define LATE_NS 40000000ull
/* An address that was unmapped is not given again soon: a late access hits nothing else. */
#define POLICY "sync=watch,reuse=quarantine:1024,seed=3"
#define LARGEST 65536

static const size_t sizes[] = { 1, 60, 4096, 5001, LARGEST };
static uint8_t here[LARGEST];
static uint32_t seed;

static long move_bytes(int fd, bool to_vram, uint64_t at, size_t len)
{
	uint32_t op = to_vram ? PUCK_LAB_STREAM_WRITE : PUCK_LAB_STREAM_READ;

	return lab_copy(fd, op, to_vram, at, here, len);
}

static bool moves(struct lab *lab, int fd, bool to_vram, size_t len)
{
	uint32_t op = to_vram ? PUCK_LAB_STREAM_WRITE : PUCK_LAB_STREAM_READ;

	return lab_copies(lab, fd, op, to_vram, here, len);
}

static void test_sizes(struct lab *lab, int fd, bool to_vram, const char *id)
{
	bool good = true;
	size_t i;

	for (i = 0; good && i < sizeof(sizes) / sizeof(sizes[0]); i++)
		good = moves(lab, fd, to_vram, sizes[i]);
	lab_point(good, id);
}

/* The device begins late: until it is done the memory is the device's. */
static void test_late(struct lab *lab, int fd)
{
	bool to, from;

	lab_write64(&lab->gpu, PUCK_GPU_RING(0) + PUCK_GPU_RING_START_DELAY, LATE_NS);
	to = moves(lab, fd, true, 5001);
	from = moves(lab, fd, false, 5001);
	lab_write64(&lab->gpu, PUCK_GPU_RING(0) + PUCK_GPU_RING_START_DELAY, 0);
	lab_point(to && from, "late");
}

static bool fetches(struct lab *lab, int fd, size_t len)
{
	volatile uint8_t *there = lab_vram(&lab->gpu) + LAB_VRAM_AT;
	uint64_t arg[PUCK_LAB_ARGS] = { LAB_VRAM_AT };

	lab_fill(there, len, ++seed);
	return lab_did(lab_call(fd, PUCK_LAB_STREAM_FRAME, arg, NULL, 0, here, len), "a frame") &&
	       lab_same(here, len, seed, "a frame");
}

static void test_frame(struct lab *lab, int fd)
{
	bool good = true;
	int i;

	for (i = 0; good && i < ROUNDS; i++)
		good = fetches(lab, fd, i % 2 ? 1000 : PUCK_LAB_FRAME);
	lab_point(good, "frame");
}

/* There and back: what arrives in VRAM, and what comes from another place there. */
static bool mails(struct lab *lab, int fd, size_t len)
{
	volatile uint8_t *to = lab_vram(&lab->gpu) + LAB_VRAM_AT, *from = to + LARGEST;
	uint64_t arg[PUCK_LAB_ARGS] = { LAB_VRAM_AT, LAB_VRAM_AT + LARGEST };
	static uint8_t back[PUCK_LAB_FRAME];

	seed += 2;
	lab_fill(here, len, seed);
	lab_fill(from, len, seed + 1);
	lab_fill(to, len, ~seed);
	return lab_did(lab_call(fd, PUCK_LAB_STREAM_MAIL, arg, here, len, back, len), "mail") &&
	       lab_same(to, len, seed, "mail that was sent") &&
	       lab_same(back, len, seed + 1, "mail that came back");
}

static void test_mail(struct lab *lab, int fd)
{
	bool good = true;
	int i;

	for (i = 0; good && i < ROUNDS; i++)
		good = mails(lab, fd, i % 2 ? 1000 : PUCK_LAB_FRAME);
	lab_point(good, "mail");
}

/* The mapper lets the next mapping fail: an error, and nothing else. */
static bool fails_well(struct lab *lab, int fd, bool to_vram)
{
	uint64_t live = lab_live(lab);
	long ret;

	lab_policy(lab, POLICY ",fail=nth:1");
	ret = move_bytes(fd, to_vram, LAB_VRAM_AT, 4096);
	lab_policy(lab, POLICY);
	if (ret >= 0)
		ktap_note("the mapping failed, and the call says that all is well");
	if (lab_live(lab) != live)
		ktap_note("there were %lu mappings before, and are %lu", (unsigned long)live,
			  (unsigned long)lab_live(lab));
	return ret < 0 && lab_live(lab) == live;
}

static void test_no_mapping(struct lab *lab, int fd)
{
	bool good = fails_well(lab, fd, true);

	good = fails_well(lab, fd, false) && good;
	lab_point(good && moves(lab, fd, true, 4096), "no-mapping");
}

/* VRAM ends there: the device stops, and the memory is the driver's again. */
static void test_device_error(struct lab *lab, int fd)
{
	uint64_t end = lab_read64(&lab->gpu, PUCK_GPU_VRAM_SIZE), live = lab_live(lab);
	long to = move_bytes(fd, true, end - 1, 4096), from = move_bytes(fd, false, end - 1, 4096);
	bool good = to < 0 && from < 0;

	if (!good)
		ktap_note("the device has stopped at an error, and the call says that all is well");
	if (lab_live(lab) != live) {
		ktap_note("%lu mappings are left of copies that the device has refused",
			  (unsigned long)(lab_live(lab) - live));
		good = false;
	}
	lab_point(good && moves(lab, fd, true, 4096), "device-error");
}

int main(int argc, char **argv)
{
	static const char * const rest[] = { "write", "read", "late", "frame", "mail",
					     "no-mapping", "device-error", "leak" };
	struct lab lab;
	size_t i;
	int fd;

	lab_begin(&lab, argc, argv);
	lab_mapper(&lab, POLICY);
	fd = lab_load(&lab) ? lab_open(&lab) : -1;
	if (!lab_point(fd >= 0, "bind")) {
		for (i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
			lab_not_tried(rest[i], "there is no driver to try");
		return lab_end(&lab);
	}
	test_sizes(&lab, fd, true, "write");
	test_sizes(&lab, fd, false, "read");
	test_late(&lab, fd);
	test_frame(&lab, fd);
	test_mail(&lab, fd);
	test_no_mapping(&lab, fd);
	test_device_error(&lab, fd);
	close(fd);
	lab_point(lab_unload(&lab), "leak");
	return lab_end(&lab);
}
