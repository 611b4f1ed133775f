// SPDX-License-Identifier: MIT
/*
 * What ends or interrupts 3D from outside, while three processes draw: the function reset, the machine
 * asleep, by which all contexts are lost; a process killed in the middle of a picture; the device
 * pulled out. Whoever is left draws on, with another context if his was lost, and each picture is right.
 *
 *	render3d_life [N [reset|kill|sleep|unplug]]	each, or this alone, N times (3)
 */
#include <sys/mman.h>

#include "lib/base/array.h"
#include "lib/base/ktap.h"
#include "lib/base/life.h"
#include "lib/base/progress.h"
#include "lib/base/random.h"
#include "lib/base/sleep.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/flr.h"
#include "lib/gpu/plug.h"
#include "lib/render3d/drawer.h"

#define DRAWERS		3u
/* The ring of 3D is behind two others. */
#define RENDER_RING	2u
#define PATIENCE_MS	120000u
/* Pictures of each between two events. */
#define BETWEEN		2u
/* Contexts that the device takes, all files' together, as its options say. */
#define CONTEXTS	32u

static struct puck puck;
static struct drawer drawers[DRAWERS];
static uint64_t seed = 1;

/*
 * Each reset ends the renderer, and it takes a new one ten seconds to be there on a busy host: as long
 * as the driver waits for a job before it resets the ring.
 */
static bool start_all(void)
{
	unsigned int i;

	puck_set(&puck, RENDER_RING, "timeout_ms", PATIENCE_MS);
	for (i = 0; i < DRAWERS; i++)
		if (!drawer_start(&drawers[i], &puck))
			return false;
	return true;
}

static bool all_go_on(void)
{
	unsigned int i;

	for (i = 0; i < DRAWERS; i++)
		if (!drawer_goes_on(&drawers[i], BETWEEN)) {
			ktap_note("drawer %u has ended, or does not go on", i);
			return false;
		}
	return true;
}

/* None of them has ended by itself. */
static bool kill_all(void)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < DRAWERS; i++)
		kill(drawers[i].pid, SIGKILL);
	for (i = 0; i < DRAWERS; i++)
		good &= drawer_ended(&drawers[i]) == SIGKILL;
	return good;
}

/* ---- the device stays ---- */

static bool reset(unsigned int round)
{
	int ret = puck_flr(&puck);

	(void)round;
	if (ret)
		ktap_note("reset: %d", ret);
	return !ret;
}

static bool doze(unsigned int round)
{
	int ret = sleep_and_wake(0);

	(void)round;
	if (ret)
		ktap_note("asleep: %d", ret);
	return !ret;
}

/* At any time of a picture, which takes some milliseconds. */
static bool kill_one(unsigned int round)
{
	struct drawer *drawer = &drawers[round % DRAWERS];

	usleep(rnd(&seed) % 20000);
	kill(drawer->pid, SIGKILL);
	return drawer_ended(drawer) == SIGKILL && drawer_start(drawer, &puck);
}

static void stays(const char *what, bool (*event)(unsigned int round), unsigned int times)
{
	unsigned int i = 0;
	bool good = start_all() && all_go_on();

	while (good && i < times) {
		progress("%s %u times of %u", what, i, times);
		good = event(i) && all_go_on();
		i += good;
	}
	good &= kill_all();
	ktap_ok(good, "%s %u times of %u, and they draw", what, i, times);
}

static void test_reset(unsigned int times)
{
	stays("reset", reset, times);
}

static void test_kill(unsigned int times)
{
	stays("killed", kill_one, times);
}

static void test_sleep(unsigned int times)
{
	if (can_sleep())
		stays("asleep", doze, times);
	else
		ktap_skip("no pm_test in this kernel", "sleep");
}

/* ---- the device goes ---- */

static bool all_gone(void)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < DRAWERS; i++) {
		int end = drawer_ended(&drawers[i]);

		if (end != DRAWER_GONE)
			ktap_note("drawer %u has ended with %d", i, end);
		good &= end == DRAWER_GONE;
	}
	return good;
}

static bool pull_once(void)
{
	bool good = start_all() && all_go_on();

	puck_pull();
	good = all_gone() && good;
	close(puck.fd);
	return puck_plug(&puck, ", \"renderer\": \"{renderer}\"") && good;
}

static void test_unplug(unsigned int times)
{
	unsigned int i = 0;

	if (!puck.translated) {
		ktap_skip("no GPU behind an IOMMU", "unplug");
		return;
	}
	do
		progress("pulled out %u times of %u", i, times);
	while (i < times && pull_once() && ++i);
	ktap_ok(i == times, "pulled out %u times of %u", i, times);
}

/* ---- what is left ---- */

/* As many contexts as there may be: none of those that have gone is there any more. */
static void nothing_is_left(void)
{
	static struct drawing all[CONTEXTS];
	const uint8_t bgra[4] = { 1, 2, 3, 255 };
	unsigned int made = 0, drawn = 0;

	while (made < CONTEXTS && !drawer_open(&all[made], &puck))
		made++;
	while (drawn < made && !drawer_clear(&all[drawn], bgra))
		drawn++;
	ktap_ok(made == CONTEXTS && drawn == CONTEXTS, "%u contexts, %u of them draw", made, drawn);
	while (made)
		drawer_close(&all[--made]);
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	ktap_ok(puck_count_becomes(&puck, "bos", "bo ", 0), "no BO is left");
}

static const struct life_event events[] = {
	{ .name = "reset", .test = test_reset },
	{ .name = "kill", .test = test_kill },
	{ .name = "sleep", .test = test_sleep },
	{ .name = "unplug", .test = test_unplug },
};

int main(int argc, char **argv)
{
	unsigned int times = argc > 1 ? (unsigned int)atoi(argv[1]) : 3, i;
	uint32_t *shared;
	int value = 0;

	ktap_begin();
	ktap_need(times, "a number of times");
	ktap_need(!puck_open_any(&puck), "a puck device");
	if (virtgpu_param(puck.fd, VIRTGPU_PARAM_3D_FEATURES, &value) || !value) {
		ktap_skip("the device has no 3D", "3D");
		return ktap_end();
	}
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ktap_need(shared != MAP_FAILED, "memory");
	for (i = 0; i < DRAWERS; i++)
		drawers[i].pictures = shared + i;
	life_run(events, ARRAY_SIZE(events), times, argc > 2 ? argv[2] : NULL,
		 "reset, kill, sleep, unplug");
	nothing_is_left();
	close(puck.fd);
	return ktap_end();
}
