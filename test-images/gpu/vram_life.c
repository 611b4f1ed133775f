// SPDX-License-Identifier: MIT
/*
 * What becomes of VRAM, and of system memory, when the machine sleeps, when memory is scarce,
 * when a BO ends, and when the device goes.
 */
#include <sys/stat.h>

#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/pattern.h"
#include "lib/base/sleep.h"
#include "lib/base/text_file.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"
#include "lib/gpu/region.h"

#define SIZE (512 << 10)
#define SHRINK "/sys/kernel/debug/ttm/tt_shrink"
#define BAR_VRAM "/sys/bus/pci/devices/%s/resource2"
/* Of no other program, which may have left its own there. */
#define MARK 0x3a7c51e9

static struct puck puck;
static uint8_t *pattern;

static bool bring_back(const struct bo *bo)
{
	struct drm_puck_bo_ref ref = ref_both(bo);
	struct drm_puck_cmd cmd = cmd_nop();
	struct drm_puck_submit args = job(puck.queue[0], &ref, 1, &cmd, 1);

	return !submit_wait(puck.fd, &args) && !bo_wait(puck.fd, bo, 0, 0);
}

static bool fill(const struct bo *bo, uint32_t value)
{
	struct drm_puck_bo_ref ref = ref_write(bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, bo->size, value);
	struct drm_puck_submit args = job(puck.queue[0], &ref, 1, &cmd, 1);

	return !submit_wait(puck.fd, &args);
}

static void test_sleep(void)
{
	struct bo vram, system;
	int ret;

	if (!can_sleep()) {
		ktap_skip("no pm_test in this kernel", "sleep");
		return;
	}
	ktap_need(!bo_create_vram(puck.fd, &vram, SIZE) && !bo_create(puck.fd, &system, SIZE),
		  "create");
	memcpy(vram.map, pattern, SIZE);
	memcpy(system.map, pattern, SIZE);
	bo_flush(puck.fd, &system);
	ret = sleep_and_wake(1);
	ktap_ok(!ret && bo_region(puck.fd, &vram) == DRM_PUCK_REGION_SYSTEM,
		"sleep: VRAM is empty when the machine wakes (%d)", ret);
	ktap_ok(!memcmp(vram.map, pattern, SIZE), "sleep: what was there is not lost");
	ktap_ok(bring_back(&vram) && bo_region(puck.fd, &vram) == DRM_PUCK_REGION_VRAM &&
		!memcmp(vram.map, pattern, SIZE), "sleep: a job brings it back");
	ktap_ok(bring_back(&system) && !memcmp(system.map, pattern, SIZE),
		"sleep: nor system memory");
	bo_close(puck.fd, &vram);
	bo_close(puck.fd, &system);
}

/* TTM's own file writes one BO to its file in memory for each read. */
static void test_shrink(void)
{
	struct drm_puck_gem_info info;
	char text[32];
	struct bo bos[4];
	int i, out = 0, bad = 0;

	if (access(SHRINK, R_OK)) {
		ktap_skip("no TTM debugfs in this kernel", "shrink");
		return;
	}
	for (i = 0; i < 4; i++) {
		ktap_need(!bo_create_in(puck.fd, &bos[i], SIZE, BO_SYSTEM, i % 2, i / 2 + 1),
			  "create");
		memcpy(bos[i].map, pattern + i, SIZE);
		bo_flush(puck.fd, &bos[i]);
	}
	for (i = 0; i < 4; i++)
		read_text(SHRINK, text, sizeof(text));
	for (i = 0; i < 4; i++)
		out += !bo_info(puck.fd, &bos[i], &info) && !info.nents;
	ktap_ok(out == 4, "shrink: %d of 4 BOs are no more for the device", out);
	for (i = 0; i < 4; i++)
		bad += !!memcmp(bos[i].map, pattern + i, SIZE);
	ktap_ok(!bad, "shrink: the CPU sees what was in them");
	for (i = 0; i < 4; i++)
		read_text(SHRINK, text, sizeof(text));
	for (i = 0; i < 4; i++)
		bad += !bring_back(&bos[i]) || bo_info(puck.fd, &bos[i], &info) || !info.nents ||
		       memcmp(bos[i].map, pattern + i, SIZE);
	ktap_ok(!bad, "shrink: so does the device");
	/* The CPU has looked at them, and not said that it would write. */
	for (i = 0; i < 4; i++)
		bad += !fill(&bos[i], 0x51515151 + i);
	for (i = 0; i < 4; i++)
		read_text(SHRINK, text, sizeof(text));
	for (i = 0; i < 4; i++)
		bad += ((uint32_t *)bos[i].map)[SIZE / 4 - 1] != 0x51515151u + i;
	ktap_ok(!bad, "shrink: what a job wrote behind the CPU's look is there");
	for (i = 0; i < 4; i++)
		bo_close(puck.fd, &bos[i]);
}

/* VRAM as BAR 2 shows it, whosever it is; NULL where the kernel keeps that for the driver. */
static volatile uint32_t *map_bar(size_t *size)
{
	struct stat stat;
	char path[96];
	void *bar;
	int fd;

	snprintf(path, sizeof(path), BAR_VRAM, puck.pci);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ktap_need(fd >= 0 && !fstat(fd, &stat), "BAR 2");
	*size = stat.st_size;
	bar = mmap(NULL, *size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	return bar == MAP_FAILED ? NULL : bar;
}

static size_t marks(volatile uint32_t *bar, size_t size)
{
	size_t i, count = 0;

	for (i = 0; i < size / sizeof(*bar); i++)
		count += bar[i] == MARK;
	return count;
}

/* Nobody is there yet who would write over what a BO had. */
static void test_end(void)
{
	volatile uint32_t *bar;
	int64_t since = 0;
	size_t size, left;
	struct bo bo;

	bar = map_bar(&size);
	if (!bar) {
		ktap_skip("BAR 2 is the driver's alone in this kernel", "end");
		return;
	}
	ktap_need(!bo_create_vram(puck.fd, &bo, SIZE), "create");
	/* So it is where BAR 2 shows it. */
	bo.map[0] = 1;
	ktap_need(fill(&bo, MARK) && bo_region(puck.fd, &bo) == DRM_PUCK_REGION_VRAM, "fill");
	left = marks(bar, size);
	ktap_ok(left == SIZE / sizeof(*bar), "end: BAR 2 shows %zu words of a BO", left);
	bo_close(puck.fd, &bo);
	do
		left = marks(bar, size);
	while (left && expectant(&since));
	ktap_ok(!left, "end: when it has ended, %zu", left);
	munmap((void *)bar, size);
}

/* Pages that a BO leaves for VRAM are the next one's, and after a while the kernel's. */
static void test_spare(void)
{
	struct drm_puck_region vram;
	unsigned int looks = 0;
	uint32_t i, value;
	struct bo bos[2];
	bool good = true;

	ktap_need(!region_get(puck.fd, DRM_PUCK_REGION_VRAM, &vram), "VRAM");
	for (i = 0; i < 2; i++)
		ktap_need(!bo_create_vram(puck.fd, &bos[i], vram.size / 8 * 5) &&
			  fill(&bos[i], i + 1), "create");
	do {
		/* The other one is driven out. */
		good = good && fill(&bos[i % 2], i + 1);
		i++;
	} while (good && puck_count(&puck, "vram", "  spares taken: 0") == 1 && patient(&looks));
	ktap_ok(good, "spare: pages of one BO are the next one's");
	for (value = i - 1; value <= i; value++)
		good = good && ((uint32_t *)bos[(value - 1) % 2].map)[0] == value &&
		       ((uint32_t *)bos[(value - 1) % 2].map)[bos[0].size / 4 - 1] == value;
	ktap_ok(good, "spare: each has what is its own");
	bo_close(puck.fd, &bos[0]);
	bo_close(puck.fd, &bos[1]);
	ktap_ok(puck_count_becomes(&puck, "vram", "  spare pages: 0", 1),
		"spare: they are given back when nothing moves");
}

static bool is_zero(const uint8_t *p, size_t n)
{
	while (n--)
		if (*p++)
			return false;
	return true;
}

/* VRAM goes with the device, and its mapping shows nothing; system memory stays. */
static void test_unbind(void)
{
	struct bo vram, system, moved;

	ktap_need(!bo_create_vram(puck.fd, &vram, SIZE) && !bo_create(puck.fd, &system, SIZE) &&
		  !bo_create_in(puck.fd, &moved, SIZE, BO_VRAM | BO_SYSTEM, 0, 0), "create");
	memcpy(vram.map, pattern, SIZE);
	memcpy(system.map, pattern, SIZE);
	memcpy(moved.map, pattern, SIZE);
	bo_flush(puck.fd, &system);
	ktap_ok(!write_text("/sys/bus/pci/drivers/puck/unbind", puck.pci), "unbind");
	ktap_ok(is_zero(vram.map, SIZE) && is_zero(moved.map, SIZE), "unbind: VRAM shows zeroes");
	vram.map[0] = 1;
	ktap_ok(vram.map[0] == 1, "unbind: and can be written");
	ktap_ok(!memcmp(system.map, pattern, SIZE), "unbind: system memory is what it was");
	bo_close(puck.fd, &vram);
	bo_close(puck.fd, &system);
	bo_close(puck.fd, &moved);
	close(puck.fd);
	ktap_ok(!write_text("/sys/bus/pci/drivers/puck/bind", puck.pci), "bind again");
	ktap_need(!puck_open_any(&puck) && !bo_create_vram(puck.fd, &vram, SIZE), "it is back");
	ktap_ok(is_zero(vram.map, SIZE), "bind: VRAM does not show what was there");
	ktap_ok(bring_back(&vram), "bind: it works");
	bo_close(puck.fd, &vram);
}

int main(void)
{
	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	pattern = malloc(2 * SIZE);
	ktap_need(pattern, "memory");
	pattern_fill(pattern, 2 * SIZE, 815);
	test_sleep();
	test_shrink();
	test_end();
	test_spare();
	test_unbind();
	ktap_ok(puck_count_becomes(&puck, "bos", "bo ", 0), "no BO is left");
	return ktap_end();
}
