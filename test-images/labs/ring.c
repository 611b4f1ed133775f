// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lab 2, the guest half of its grader: a ring that goes round, is full, has its fences held, is
 * stopped by an error, and is taken away while it works. The grader holds the device up by the
 * registers of its completion stage (docs/specs/gpu.rst).
 */
#include "lib/labs/bytes.h"
#include "lib/labs/lab.h"
#include "lib/labs/mapper.h"

#define POLICY "window=above4g,reuse=quarantine:256,seed=2"
#define VRAM_AT 0x20000
#define FILL_BYTES 4096
#define RING PUCK_GPU_RING(0)
/* How late the ring begins while it is filled up, and while its driver goes: ns, ms. */
#define LATE_NS 1500000000ull
#define LATE_MS 1500
#define HELD_MS 30
#define LONG_MS 10000

static uint32_t value = 0x1ab20000;

/* What a byte of VRAM has to be behind a FILL with @word. */
static bool is_filled(struct lab *lab, uint64_t at, uint32_t word, const char *what)
{
	volatile uint8_t *vram = lab_vram(&lab->gpu) + at;
	size_t i;

	for (i = 0; i < FILL_BYTES; i++) {
		if (vram[i] == (uint8_t)(word >> 8 * (i % 4)))
			continue;
		ktap_note("%s: byte 0x%zx is 0x%02x, not 0x%02x", what, i, vram[i],
			  (uint8_t)(word >> 8 * (i % 4)));
		return false;
	}
	return true;
}

static void note_ring(const struct lab *lab, const char *what)
{
	ktap_note("%s: RING_HEAD %u, RING_TAIL %u, RING_STATUS 0x%x, RING_SEQNO 0x%x, errors %u",
		  what, lab_reg32(lab, RING + PUCK_GPU_RING_HEAD),
		  lab_reg32(lab, RING + PUCK_GPU_RING_TAIL),
		  lab_reg32(lab, RING + PUCK_GPU_RING_STATUS),
		  lab_reg32(lab, RING + PUCK_GPU_RING_SEQNO), lab_reg32(lab, PUCK_GPU_ERR_COUNT));
}

static bool fills(struct lab *lab, int fd, const char *what)
{
	uint64_t arg[PUCK_LAB_ARGS] = { VRAM_AT, FILL_BYTES, ++value };
	long ret = lab_call(fd, PUCK_LAB_RING_FILL, arg, NULL, 0, NULL, 0);

	if (!lab_did(ret, what)) {
		note_ring(lab, what);
		return false;
	}
	return is_filled(lab, VRAM_AT, value, what);
}

static long submit(int fd, uint64_t at, uint32_t *seqno)
{
	uint64_t arg[PUCK_LAB_ARGS] = { at, FILL_BYTES, ++value };
	long ret = lab_call(fd, PUCK_LAB_RING_SUBMIT, arg, NULL, 0, NULL, 0);

	*seqno = (uint32_t)arg[3];
	return ret;
}

static long wait_for(int fd, uint32_t seqno, int ms)
{
	uint64_t arg[PUCK_LAB_ARGS] = { seqno, (uint64_t)ms };

	return lab_call(fd, PUCK_LAB_RING_WAIT, arg, NULL, 0, NULL, 0);
}

/* Whether an address that the device was told lies in coherent memory of the driver's. */
static bool is_coherent(const struct lab *lab, uint64_t addr, const char *what)
{
	char path[128], line[512];
	uint64_t start, size;
	bool found = false;
	FILE *file;

	dma_mapper_path(lab->dev, "mappings", path, sizeof(path));
	file = fopen(path, "r");
	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%lx+%lx", &start, &size) == 2 && addr >= start &&
			addr < start + size && strstr(line, "(coherent");
	if (file)
		fclose(file);
	if (!found)
		ktap_note("%s is 0x%lx, which is no coherent memory of the driver's", what, addr);
	return found;
}

static void test_memory(const struct lab *lab)
{
	uint64_t base = lab_read64(&lab->gpu, RING + PUCK_GPU_RING_BASE) &
			PUCK_GPU_RING_BASE_ADDR;
	uint64_t slot = lab_read64(&lab->gpu, RING + PUCK_GPU_RING_WB_ADDR);
	bool good = is_coherent(lab, base, "RING_BASE");

	good = is_coherent(lab, slot, "RING_WB_ADDR") && good;
	if (!(lab_reg32(lab, RING + PUCK_GPU_RING_CTRL) & PUCK_GPU_RING_ENABLE)) {
		ktap_note("the ring is off");
		good = false;
	}
	lab_point(good, "memory");
}

/* Rounds of the ring, in one of which its end is passed in the midst of a job or not. */
static void test_round(struct lab *lab, int fd)
{
	bool good = true;
	int i;

	for (i = 0; good && i < 20; i++)
		good = fills(lab, fd, "a fill behind the ring's end");
	lab_point(good, "round");
}

static void hold(const struct lab *lab, bool on)
{
	lab_write32(&lab->gpu, RING + PUCK_GPU_RING_HOLD, on);
}

/* A job whose fence is held is not done, though its bytes are there. */
static bool waits_for_fence(struct lab *lab, int fd)
{
	uint32_t seqno;
	long ret;

	hold(lab, true);
	ret = submit(fd, VRAM_AT, &seqno);
	if (!lab_did(ret, "submitting")) {
		hold(lab, false);
		return false;
	}
	ret = wait_for(fd, seqno, HELD_MS);
	hold(lab, false);
	if (ret != -ETIMEDOUT) {
		ktap_note("the fence of job 0x%x was held for %d ms, and waiting for it came to: %s",
			  seqno, HELD_MS, ret < 0 ? strerror((int)-ret) : "it is done");
		return false;
	}
	ret = wait_for(fd, seqno, LONG_MS);
	if (ret < 0)
		note_ring(lab, "behind a fence that was held");
	return lab_did(ret, "waiting for a fence that was let go");
}

static void test_fences(struct lab *lab, int fd, int jobs, const char *id)
{
	bool good = true;
	int i;

	for (i = 0; good && i < jobs; i++)
		good = waits_for_fence(lab, fd);
	lab_point(good, id);
}

/* The ring takes as many as it has room for, and what it took it does. */
static bool fills_up(struct lab *lab, int fd)
{
	uint32_t first = value + 1, seqno = 0, last = 0;
	uint32_t count = 0, i;
	bool good = true;
	long ret;

	lab_write64(&lab->gpu, RING + PUCK_GPU_RING_START_DELAY, LATE_NS);
	do {
		ret = submit(fd, VRAM_AT + count * FILL_BYTES, &seqno);
		last = ret < 0 ? last : seqno;
		count += ret >= 0;
	} while (ret >= 0 && count <= PUCK_LAB_RING_COMMANDS);
	lab_write64(&lab->gpu, RING + PUCK_GPU_RING_START_DELAY, 0);
	if (ret != -EBUSY || !count) {
		ktap_note("behind %u jobs that wait in a ring of %u commands: %s", count,
			  PUCK_LAB_RING_COMMANDS, ret < 0 ? strerror((int)-ret) : "one more was taken");
		good = false;
	}
	ret = wait_for(fd, last, LONG_MS);
	if (!lab_did(ret, "waiting for the last job of a full ring")) {
		note_ring(lab, "full");
		good = false;
	}
	for (i = 0; good && i < count; i++)
		good = is_filled(lab, VRAM_AT + i * FILL_BYTES, first + i, "a job of a full ring");
	return good;
}

static void test_full(struct lab *lab, int fd)
{
	lab_point(fills_up(lab, fd) && fills(lab, fd, "a fill behind a full ring"), "full");
}

/* VRAM ends there: the ring stops, says so, and goes on with the next job. */
static void test_error(struct lab *lab, int fd)
{
	uint64_t arg[PUCK_LAB_ARGS] = { lab_read64(&lab->gpu, PUCK_GPU_VRAM_SIZE) - 16,
					FILL_BYTES, ++value };
	long ret = lab_call(fd, PUCK_LAB_RING_FILL, arg, NULL, 0, NULL, 0);

	if (ret != -EIO)
		ktap_note("a fill beyond VRAM came to: %s, not EIO",
			  ret < 0 ? strerror((int)-ret) : "it is done");
	lab_point(ret == -EIO && fills(lab, fd, "a fill behind an error"), "error");
}

/* The driver goes while a job waits in its ring: the device does not touch its memory then. */
static void test_stop(struct lab *lab, int fd)
{
	uint32_t seqno;
	bool good;

	lab_write64(&lab->gpu, RING + PUCK_GPU_RING_START_DELAY, LATE_NS);
	good = lab_did(submit(fd, VRAM_AT, &seqno), "submitting");
	close(fd);
	good = lab_unbind(lab, lab->dev) && good;
	if (lab_reg32(lab, RING + PUCK_GPU_RING_CTRL) & PUCK_GPU_RING_ENABLE) {
		ktap_note("the driver has gone, and the ring is on");
		good = false;
	}
	usleep((LATE_MS + 100) * 1000);
	lab_write64(&lab->gpu, RING + PUCK_GPU_RING_START_DELAY, 0);
	lab_point(good, "stop");
}

static void test_all(struct lab *lab, int fd)
{
	static const char * const rest[] = { "round", "late", "numbers", "full", "error", "stop" };
	size_t i;

	test_memory(lab);
	if (lab_point(fills(lab, fd, "the first fill"), "fill")) {
		test_round(lab, fd);
		test_fences(lab, fd, 3, "late");
		test_fences(lab, fd, 14, "numbers");
		test_full(lab, fd);
		test_error(lab, fd);
		test_stop(lab, fd);
		return;
	}
	close(fd);
	for (i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
		lab_not_tried(rest[i], "not even one command is done");
}

int main(int argc, char **argv)
{
	static const char * const rest[] = { "memory", "fill", "round", "late", "numbers", "full",
					     "error", "stop", "leak" };
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
	test_all(&lab, fd);
	lab_point(lab_unload(&lab), "leak");
	return lab_end(&lab);
}
