// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lab 10, the guest half of its grader: every way of the driver's to move bytes, each by itself,
 * under puck-dma. It does not know which bugs were put in.
 */
#include "lib/labs/copies.h"
#include "lib/labs/lab.h"
#include "lib/labs/mapper.h"

#define WATCH "sync=watch,reuse=quarantine:1024,seed=10"
#define ROUNDS 4
#define LARGEST 30000
/* How late the device begins, in nanoseconds. */
#define LATE_NS 40000000ull

static uint8_t here[LARGEST];

static bool moves_often(struct lab *lab, int fd, uint32_t op, bool to_vram, size_t most)
{
	bool good = true;
	int i;

	for (i = 0; i < ROUNDS; i++)
		good = lab_copies(lab, fd, op, to_vram, here, i % 2 ? 1000 : most) && good;
	return good;
}

static void test_write(struct lab *lab, int fd)
{
	bool good;

	lab_write64(&lab->gpu, PUCK_GPU_RING(0) + PUCK_GPU_RING_START_DELAY, LATE_NS);
	good = moves_often(lab, fd, PUCK_LAB_BUGS_WRITE, true, 5001);
	lab_write64(&lab->gpu, PUCK_GPU_RING(0) + PUCK_GPU_RING_START_DELAY, 0);
	lab_point(good, "write");
}

static void test_read(struct lab *lab, int fd)
{
	bool good = moves_often(lab, fd, PUCK_LAB_BUGS_READ, false, 5001);
	long ret;

	lab_policy(lab, WATCH ",fail=nth:1");
	ret = lab_copy(fd, PUCK_LAB_BUGS_READ, false, LAB_VRAM_AT, here, 4096);
	lab_policy(lab, WATCH);
	if (ret >= 0)
		ktap_note("a mapping failed, and the call says that all is well");
	lab_point(good && ret < 0, "read");
}

static void test_frame(struct lab *lab, int fd)
{
	lab_point(moves_often(lab, fd, PUCK_LAB_BUGS_FRAME, false, PUCK_LAB_FRAME), "frame");
}

static bool lists_move(struct lab *lab, int fd, const char *policy)
{
	bool good;

	lab_policy(lab, policy);
	good = moves_often(lab, fd, PUCK_LAB_BUGS_WRITE_LIST, true, LARGEST);
	return moves_often(lab, fd, PUCK_LAB_BUGS_READ_LIST, false, LARGEST) &&
	       good;
}

static void test_segments(struct lab *lab, int fd)
{
	bool good = lists_move(lab, fd, WATCH ",merge=none");

	good = lists_move(lab, fd, WATCH ",merge=all") && good;
	good = lists_move(lab, fd, WATCH ",merge=random,layout=shuffled,gap=2") && good;
	lab_policy(lab, WATCH);
	lab_point(good, "segments");
}

/* VRAM ends there: the device stops, and the memory is the driver's again. */
static void test_list(struct lab *lab, int fd)
{
	uint64_t end = lab_read64(&lab->gpu, PUCK_GPU_VRAM_SIZE), live = lab_live(lab);
	long to = lab_copy(fd, PUCK_LAB_BUGS_WRITE_LIST, true, end - 1, here, 9000);
	long from = lab_copy(fd, PUCK_LAB_BUGS_READ_LIST, false, end - 1, here, 9000);

	if (to >= 0 || from >= 0)
		ktap_note("the device has stopped at an error, and the call says that all is well");
	if (lab_live(lab) != live)
		ktap_note("%lu mappings are left of lists that the device has refused",
			  (unsigned long)(lab_live(lab) - live));
	lab_point(to < 0 && from < 0 && lab_live(lab) == live, "list");
}

int main(int argc, char **argv)
{
	static const char * const rest[] = { "write", "read", "frame", "segments", "list", "unload" };
	struct lab lab;
	size_t i;
	int fd;

	lab_begin(&lab, argc, argv);
	lab_mapper(&lab, WATCH);
	fd = lab_load(&lab) ? lab_open(&lab) : -1;
	if (!lab_point(fd >= 0, "bind")) {
		for (i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
			lab_not_tried(rest[i], "there is no driver to try");
		return lab_end(&lab);
	}
	test_write(&lab, fd);
	test_read(&lab, fd);
	test_frame(&lab, fd);
	test_segments(&lab, fd);
	test_list(&lab, fd);
	close(fd);
	lab_point(lab_unload(&lab), "unload");
	return lab_end(&lab);
}
