// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lab 4, the guest half of its grader: lists of scattered pages that are joined in every way
 * that a DMA layer may join them: not at all, as far as it goes, here and there, and as the
 * kernel's own layer does behind an IOMMU.
 */
#include "lib/base/kernel_log.h"
#include "lib/labs/copies.h"
#include "lib/labs/lab.h"
#include "lib/labs/mapper.h"

#define POLICY "sync=watch,reuse=quarantine:1024,"
#define MERGED POLICY "merge=all,seed=4"
#define ROUNDS 4
/* What fits into one segment that the device takes, however it is joined, and what does not. */
#define SMALL 30000
#define LARGEST 200000

static uint8_t here[LARGEST];
static uint32_t seed;
static int log_fd;

/* What the device has complained of, in the words of the driver's log. */
static void note_device(void)
{
	char line[256];

	if (log_has(log_fd, "the device stops", line, sizeof(line)))
		ktap_note("%s", line);
}

static bool did(long ret, const char *what)
{
	if (ret < 0)
		note_device();
	return lab_did(ret, what);
}

static long move_bytes(int fd, bool to_vram, uint64_t at, size_t len)
{
	uint32_t op = to_vram ? PUCK_LAB_SG_WRITE : PUCK_LAB_SG_READ;

	return lab_copy(fd, op, to_vram, at, here, len);
}

static bool moves(struct lab *lab, int fd, bool to_vram, size_t len)
{
	uint32_t op = to_vram ? PUCK_LAB_SG_WRITE : PUCK_LAB_SG_READ;
	bool good = lab_copies(lab, fd, op, to_vram, here, len);

	if (!good)
		note_device();
	return good;
}

static bool both_ways(struct lab *lab, int fd, size_t len)
{
	return moves(lab, fd, true, len) && moves(lab, fd, false, len);
}

static void test_policy(struct lab *lab, int fd, const char *policy, const char *id)
{
	bool good = true;
	int i;

	lab_policy(lab, policy);
	for (i = 0; good && i < ROUNDS; i++)
		good = both_ways(lab, fd, i % 2 ? 9000 : SMALL);
	lab_point(good, id);
}

/* Joined and not, in any order, with holes between. */
static void test_random(struct lab *lab, int fd)
{
	char policy[160];
	bool good = true;
	int i;

	for (i = 0; good && i < ROUNDS; i++) {
		snprintf(policy, sizeof(policy),
			 POLICY "merge=random,layout=shuffled,gap=2,seed=%d", i + 1);
		lab_policy(lab, policy);
		good = both_ways(lab, fd, SMALL);
	}
	lab_policy(lab, MERGED);
	lab_point(good, "random");
}

/* As far as the DMA layer goes if nobody tells it where to stop. */
static void test_limit(struct lab *lab, int fd)
{
	lab_point(both_ways(lab, fd, LARGEST), "limit");
}

static bool fetches(struct lab *lab, int fd)
{
	volatile uint8_t *there = lab_vram(&lab->gpu) + LAB_VRAM_AT;
	uint64_t arg[PUCK_LAB_ARGS] = { LAB_VRAM_AT };
	const size_t len = PUCK_LAB_SG_FRAME_BYTES;

	lab_fill(there, len, ++seed);
	return did(lab_call(fd, PUCK_LAB_SG_FRAME, arg, NULL, 0, here, len), "a frame") &&
	       lab_same(here, len, seed, "a frame");
}

static void test_frame(struct lab *lab, int fd)
{
	bool good = true;
	int i;

	for (i = 0; good && i < ROUNDS; i++)
		good = fetches(lab, fd);
	lab_point(good, "frame");
}

/* An error of the mapping, or of the device's, leaves nothing mapped behind it. */
static void test_errors(struct lab *lab, int fd)
{
	uint64_t live = lab_live(lab), end = lab_read64(&lab->gpu, PUCK_GPU_VRAM_SIZE);
	bool good;

	lab_policy(lab, MERGED ",fail=nth:1");
	good = move_bytes(fd, true, LAB_VRAM_AT, SMALL) < 0;
	if (!good)
		ktap_note("the mapping failed, and the call says that all is well");
	lab_policy(lab, MERGED);
	if (move_bytes(fd, false, end - 1, SMALL) >= 0) {
		ktap_note("the device has stopped, and the call says that all is well");
		good = false;
	}
	if (lab_live(lab) != live) {
		ktap_note("%lu mappings are left of calls that failed",
			  (unsigned long)(lab_live(lab) - live));
		good = false;
	}
	lab_point(good && moves(lab, fd, true, 9000), "errors");
}

/* The kernel's own layer joins pages as well, and leaves other things behind the last segment. */
static bool kernel_layer(struct lab *lab)
{
	bool good;
	int fd;

	if (!lab_unbind(lab, lab->dev))
		return false;
	lab_no_mapper(lab);
	fd = lab_bind(lab, lab->dev) ? lab_open(lab) : -1;
	good = fd >= 0 && both_ways(lab, fd, SMALL) && both_ways(lab, fd, 9000);
	if (fd >= 0)
		close(fd);
	return good;
}

int main(int argc, char **argv)
{
	static const char * const rest[] = { "unmerged", "merged", "random", "limit", "frame",
					     "errors", "kernel", "leak" };
	struct lab lab;
	size_t i;
	int fd;

	lab_begin(&lab, argc, argv);
	lab_mapper(&lab, MERGED);
	log_fd = log_open();
	fd = lab_load(&lab) ? lab_open(&lab) : -1;
	if (!lab_point(fd >= 0, "bind")) {
		for (i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
			lab_not_tried(rest[i], "there is no driver to try");
		return lab_end(&lab);
	}
	test_policy(&lab, fd, POLICY "merge=none", "unmerged");
	test_policy(&lab, fd, MERGED, "merged");
	test_random(&lab, fd);
	test_limit(&lab, fd);
	test_frame(&lab, fd);
	test_errors(&lab, fd);
	close(fd);
	lab_point(kernel_layer(&lab), "kernel");
	lab_point(lab_unload(&lab), "leak");
	return lab_end(&lab);
}
