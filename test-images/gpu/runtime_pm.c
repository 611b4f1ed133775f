// SPDX-License-Identifier: MIT
/*
 * A GPU sleeps when it has been idle for a while, if user space lets it. Whatever is asked of it
 * wakes it up, and finds all that was there. It does not sleep while it has anything to do, and the
 * device itself says whether anybody has touched it when it did.
 *
 *	gpu_runtime_pm [EXPORTER IMPORTER]
 *
 * Two more GPUs by their PCI addresses, of which one reaches the VRAM of the other one. The first
 * one of the machine is pulled out and plugged in. Wants puck-mischief.ko and CONFIG_PM_DEBUG.
 */
#include <errno.h>

#include "lib/base/host_answer.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/progress.h"
#include "lib/base/random.h"
#include "lib/base/sleep.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/chain.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/flr.h"
#include "lib/gpu/plug.h"
#include "lib/gpu/power.h"
#include "lib/gpu/rebind.h"
#include "lib/gpu/region.h"
#include "lib/gpu/side.h"
#include "lib/gpu/vm.h"
#include "lib/kms/monitor.h"
#include "lib/kms/screen.h"

#define SIZE	(64 << 10)
#define RINGS	2
#define IDLE_MS	20u
#define LOOKS	50u	/* for as long as it could have fallen asleep 25 times */
#define ROUNDS	200u

static struct puck puck;
static char pci[32];
static struct chain chains[RINGS];
static struct bo vram;

static void let_sleep(const char *what)
{
	ktap_need(power_falls_asleep(pci), "%s: it falls asleep", what);
}

static bool chain_runs(uint32_t ring, uint8_t value)
{
	return !chain_prepare(&puck, ring, &chains[ring], value) &&
	       fence_result(chain_start(&puck, ring, &chains[ring], value), FOREVER_MS) == 1 &&
	       chain_is_done(&puck, &chains[ring], value);
}

static void open_all(void)
{
	uint32_t i;

	for (i = 0; i < RINGS; i++)
		ktap_need(!chain_create(&puck, &chains[i], SIZE), "create");
	ktap_need(!bo_create_vram(puck.fd, &vram, SIZE), "VRAM");
}

static void close_all(void)
{
	uint32_t i;

	for (i = 0; i < RINGS; i++)
		chain_close(&puck, &chains[i]);
	bo_close(puck.fd, &vram);
}

/* ---- what wakes it up ---- */

static void test_control(void)
{
	ktap_ok(power_says(pci, "control", "on") && power_stays_awake(pci, LOOKS),
		"control: it does not sleep unless it is let");
	power_auto(pci, IDLE_MS);
	ktap_ok(power_falls_asleep(pci), "control: then it does, though files of it are open");
	power_on(pci);
	ktap_ok(power_says(pci, "runtime_status", "active") && !power_state(pci),
		"control: and is woken up for good");
	power_auto(pci, IDLE_MS);
}

static void test_jobs(void)
{
	uint32_t i;

	for (i = 0; i < RINGS; i++) {
		let_sleep("jobs");
		ktap_ok(chain_runs(i, 0x31 + i), "jobs: ring %u works on one", i);
	}
}

static void test_vm(void)
{
	uint32_t id, queue;

	let_sleep("vm");
	ktap_need(!vm_create(puck.fd, &id) && !vm_queue_create(puck.fd, id, 0, &queue), "vm");
	let_sleep("vm");
	ktap_ok(!vm_bind_one(puck.fd, id, bind_map(&chains[0].from, 0)), "vm: something is mapped");
	let_sleep("vm");
	ktap_ok(!vm_run(puck.fd, queue, fill_at(0, SIZE, 0x42)) &&
		bo_is(puck.fd, &chains[0].from, 0x42), "vm: a job by address finds it");
	let_sleep("vm");
	ktap_ok(!vm_bind_one(puck.fd, id, bind_unmap(0, SIZE)) &&
		vm_run(puck.fd, queue, fill_at(0, SIZE, 0x43)) == -EFAULT &&
		bo_is(puck.fd, &chains[0].from, 0x42), "vm: and not when it is not any more");
	ktap_ok(power_falls_asleep(pci), "vm: a ring that has halted keeps nobody awake for long");
	queue_destroy(puck.fd, queue);
	vm_destroy(puck.fd, id);
}

/* What is mapped stays mapped for the process, whether it is there or not. */
static void test_cpu(void)
{
	uint8_t other[SIZE];

	memset(vram.map, 0x51, SIZE);
	let_sleep("cpu");
	ktap_ok(bytes_are(vram.map, SIZE, 0x51), "cpu: VRAM is read");
	let_sleep("cpu");
	memset(vram.map, 0x52, SIZE);
	ktap_ok(bytes_are(vram.map, SIZE, 0x52), "cpu: and written");
	let_sleep("cpu");
	ktap_ok(bo_region(puck.fd, &vram) == DRM_PUCK_REGION_VRAM, "cpu: it has not moved");
	memcpy(other, vram.map, SIZE);
	ktap_ok(bytes_are(other, SIZE, 0x52), "cpu: what was written outlasts the sleep");
	let_sleep("cpu");
	memset(chains[0].to.map, 0x53, SIZE);
	ktap_ok(power_sleeps(pci), "cpu: system memory is there without the device");
}

static void test_make(void)
{
	struct bo bo;

	let_sleep("make");
	ktap_need(!bo_create_vram(puck.fd, &bo, SIZE), "make: VRAM");
	ktap_ok(bo_is(puck.fd, &bo, 0), "make: new VRAM is cleared");
	memset(bo.map, 0x61, SIZE);
	let_sleep("make");
	bo_close(puck.fd, &bo);
	ktap_need(!bo_create_vram(puck.fd, &bo, SIZE), "make: VRAM");
	ktap_ok(bo_is(puck.fd, &bo, 0), "make: whatever was left there");
	bo_close(puck.fd, &bo);
}

static void test_files(void)
{
	char path[64], text[4096];

	let_sleep("files");
	ktap_ok(puck_count(&puck, "rings", "ring ") == RINGS, "files: rings in debugfs");
	let_sleep("files");
	ktap_ok(!puck_set(&puck, 0, "delay_ns", 4711), "files: a knob is set");
	let_sleep("files");
	ktap_ok(puck_get(&puck, 0, "delay_ns") == 4711 && !puck_set(&puck, 0, "delay_ns", 0),
		"files: and is what it was");
	let_sleep("files");
	ktap_ok(!vm_audit(&puck, true) && !vm_audit(&puck, false), "files: one of VMs");
	let_sleep("files");
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", puck.fd);
	read_text(path, text, sizeof(text));
	ktap_ok(strstr(text, "drm-driver:\tpuck") && power_sleeps(pci),
		"files: fdinfo, for which nobody is woken up");
}

/* ---- the display ---- */

static void test_screen(void)
{
	struct drm_mode_modeinfo mode = kms_mode(SCREEN_WIDTH, SCREEN_HEIGHT, SCREEN_HZ);
	struct screen screen;
	struct kms_model model;
	struct kms_fb fb;
	uint32_t i;

	screen_open_at(&screen, pci, 0, &mode);
	ktap_need(!kms_fb_create(screen.card.fd, &fb, KMS_XRGB, SCREEN_WIDTH, SCREEN_HEIGHT,
				 BO_VRAM), "screen: a framebuffer");
	kms_fb_fill(&fb, 0x00314159);
	model = screen_model(&fb);
	for (i = 0; i < 2; i++) {
		let_sleep("screen");
		ktap_ok(!screen_on(&screen, &fb), "screen: a head is turned on");
		ktap_ok(screen_shows_now(&screen, &model), "screen: it shows what it is to");
		ktap_ok(power_stays_awake(pci, LOOKS), "screen: it does not sleep meanwhile");
		ktap_ok(screen_shows_now(&screen, &model), "screen: and shows it on");
		ktap_ok(!screen_off(&screen), "screen: it is turned off");
	}
	ktap_ok(power_falls_asleep(pci), "screen: then it sleeps");
	kms_fb_destroy(screen.card.fd, &fb);
	screen_close(&screen);
}

/* Nobody hears of it while the device sleeps. */
static void test_monitor(void)
{
	struct monitor monitor;
	struct kms_card card;
	char text[32];

	ktap_need(!kms_card_open(&card, pci) && monitor_find(&monitor, &card) &&
		  !monitor_look_once(&card) && monitor_becomes(&monitor, "connected"),
		  "monitor: it is there");
	let_sleep("monitor");
	monitor_plug(false);
	ktap_need(host_done(), "monitor: it is pulled out");
	read_text(monitor.status, text, sizeof(text));
	ktap_ok(!strcmp(text, "connected\n") && power_sleeps(pci), "monitor: that wakes nobody up");
	ktap_ok(puck_count(&puck, "rings", "ring ") == RINGS &&
		monitor_becomes(&monitor, "disconnected"),
		"monitor: whoever wakes the device up lets the kernel know");
	let_sleep("monitor");
	monitor_plug(true);
	ktap_need(host_done(), "monitor: it is plugged in");
	ktap_ok(!monitor_look_once(&card) && monitor_becomes(&monitor, "connected"),
		"monitor: so does who asks for it");
	close(card.fd);
}

/* ---- what keeps it awake ---- */

static void test_held(void)
{
	int fence;

	ktap_need(!chain_prepare(&puck, 0, &chains[0], 0x71), "held: a good job");
	puck_set(&puck, 0, "hold", 1);
	fence = chain_start(&puck, 0, &chains[0], 0x71);
	ktap_ok(power_stays_awake(pci, LOOKS) && !fence_status(fence),
		"held: it does not sleep while a fence is to come");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1 && chain_is_done(&puck, &chains[0], 0x71),
		"held: which does come");
	ktap_ok(power_falls_asleep(pci), "held: then it sleeps");
}

/* Jobs that are given up, and those that are wrong, leave nothing behind. */
static void test_late(void)
{
	int fence;

	ktap_need(!chain_prepare(&puck, 0, &chains[0], 0x73), "late: a good job");
	puck_set(&puck, 0, "timeout_ms", 200);
	puck_set(&puck, 0, "hold", 1);
	fence = chain_start(&puck, 0, &chains[0], 0x73);
	ktap_ok(fence_result(fence, FOREVER_MS) == -ETIME, "late: a job is given up");
	puck_set(&puck, 0, "hold", 0);
	puck_set(&puck, 0, "timeout_ms", 10000);
	ktap_ok(power_falls_asleep(pci) && chain_runs(0, 0x74), "late: it sleeps, and works on");
}

static void test_peer(const char *exporter, const char *importer)
{
	struct side one = { 0 }, two = { 0 };

	ktap_need(!puck_open_pci(&one.puck, exporter) && !puck_open_pci(&two.puck, importer),
		  "peer: two GPUs");
	power_auto(exporter, IDLE_MS);
	power_auto(importer, IDLE_MS);
	ktap_need(!side_share(&one, &two, SIZE, BO_VRAM), "peer: import");
	ktap_ok(side_reads(&two, 0) && puck_sum(&one.puck, "peer") == 1,
		"peer: it reads VRAM of the other one");
	ktap_ok(power_falls_asleep(importer) && power_stays_awake(exporter, LOOKS),
		"peer: who has VRAM mapped sleeps, and the other one does not");
	memset(one.bo.map, 0x81, SIZE);
	ktap_ok(side_reads(&two, 0x81), "peer: it reads what was written meanwhile");
	bo_close(two.puck.fd, &two.bo);
	two.bo.handle = 0;
	ktap_ok(power_falls_asleep(exporter), "peer: then it does");
	side_unshare(&one, &two);
	ktap_ok(power_found_nothing(exporter) && power_found_nothing(importer),
		"peer: nobody has touched one that sleeps");
	close(one.puck.fd);
	close(two.puck.fd);
	power_on(exporter);
	power_on(importer);
}

/* ---- what happens to one that sleeps ---- */

static void test_flr(void)
{
	int ret;

	memset(vram.map, 0x91, SIZE);
	let_sleep("reset");
	ret = puck_flr(&puck);
	ktap_ok(!ret && bytes_are(vram.map, SIZE, 0x91) && chain_runs(0, 0x92) && chain_runs(1, 0x93),
		"reset: a function that sleeps is reset (%d)", ret);
}

static void test_machine(void)
{
	int ret;

	if (!can_sleep()) {
		ktap_skip("no CONFIG_PM_DEBUG", "machine");
		return;
	}
	memset(vram.map, 0xa1, SIZE);
	let_sleep("machine");
	ret = sleep_and_wake(1);
	ktap_ok(!ret && bytes_are(vram.map, SIZE, 0xa1) && chain_runs(0, 0xa2),
		"machine: it sleeps with a device that does (%d)", ret);
	ktap_ok(power_falls_asleep(pci), "machine: and the device sleeps again");
}

static void test_unbind(void)
{
	close_all();
	let_sleep("unbind");
	ktap_need(puck_rebind(&puck), "unbind: bound again");
	open_all();
	ktap_ok(chain_runs(0, 0xb1) && chain_runs(1, 0xb2), "unbind: it works");
	ktap_ok(power_falls_asleep(pci), "unbind: and sleeps, as user space had it");
	ktap_ok(power_found_nothing(pci), "unbind: nobody has touched it when it did");
}

static void test_unplug(void)
{
	unsigned int looks = 0;
	uint64_t size;

	close_all();
	let_sleep("unplug");
	puck_pull();
	while (!puck_param(puck.fd, DRM_PUCK_PARAM_VRAM_SIZE, &size) && patient(&looks))
		;
	close(puck.fd);
	ktap_need(puck_plug(&puck, ""), "unplug: there is another one");
	snprintf(pci, sizeof(pci), "%s", puck.pci);
	open_all();
	ktap_ok(chain_runs(0, 0xc1) && power_says(pci, "control", "on"),
		"unplug: it works, and does not sleep unless it is let");
	power_auto(pci, IDLE_MS);
}

/* ---- anything, at any time ---- */

static bool any_work(uint64_t *seed, uint8_t value)
{
	switch (rnd(seed) % 4) {
	case 0:
		return chain_runs(rnd(seed) % RINGS, value);
	case 1:
		memset(vram.map, value, SIZE);
		return true;
	case 2:
		return puck_count(&puck, "rings", "ring ") == RINGS;
	default:
		return !bo_wait(puck.fd, &chains[0].to, 0, FOREVER_NS);
	}
}

static void test_random(void)
{
	uint64_t seed = 1;
	uint32_t i, bad = 0, slept = 0;
	uint8_t value = 0;

	power_auto(pci, 1);
	memset(vram.map, 0, SIZE);
	for (i = 0; i < ROUNDS; i++) {
		uint8_t now = vram.map[rnd(&seed) % SIZE];

		progress("random: round %u of %u", i, ROUNDS);
		bad += now != value;
		bad += !any_work(&seed, i);
		value = vram.map[0];
		if (rnd(&seed) % 2)
			usleep(rnd(&seed) % 30000);
		else
			slept += power_falls_asleep(pci);
	}
	ktap_ok(!bad, "random: %u of %u rounds went wrong", bad, ROUNDS);
	ktap_ok(slept > ROUNDS / 4, "random: it slept behind %u of them", slept);
	ktap_ok(power_found_nothing(pci), "random: nobody has touched it when it did");
}

int main(int argc, char **argv)
{
	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	snprintf(pci, sizeof(pci), "%s", puck.pci);
	ktap_need(power_state(pci) == 0, "a device that can sleep");
	open_all();
	test_control();
	test_jobs();
	test_vm();
	test_cpu();
	test_make();
	test_files();
	test_screen();
	test_monitor();
	test_held();
	test_late();
	test_flr();
	test_machine();
	ktap_ok(power_found_nothing(pci), "nobody has touched it when it slept");
	if (argc > 2)
		test_peer(argv[1], argv[2]);
	test_unbind();
	test_unplug();
	test_random();
	power_on(pci);
	close_all();
	ktap_ok(puck_count_becomes(&puck, "bos", "bo ", 0), "no BO is left");
	return ktap_end();
}
