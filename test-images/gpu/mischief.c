// SPDX-License-Identifier: MIT
/*
 * puck.ko on a GPU that misbehaves: whatever it does, each fence comes, with the
 * error that fits, innocent jobs complete, and the driver works on.
 */
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/text_file.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/queue.h"
#include "lib/gpu/rebind.h"
#include "lib/gpu/rules.h"

#include <errno.h>

#define SYS_PCI		"/sys/bus/pci/"
#define SIZE		(64 << 10)
/* Of what is late; jobs that are not have to be over by then on a busy machine. */
#define TIMEOUT_MS	1000

static struct puck puck, other;
static struct bo bo, other_bo;

/* Adds a rule for the GPU that is opened. Returns its number. */
static unsigned long rule(const char *site, const char *rest)
{
	return puck_rule(&puck, site, rest);
}

static int fill_on(const struct puck *on, const struct bo *to, uint32_t ring, uint8_t value)
{
	struct drm_puck_bo_ref ref = ref_write(to);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, to->size, value * 0x01010101u);
	struct drm_puck_submit args = job(on->queue[ring], &ref, 1, &cmd, 1);

	return submit_fd(on->fd, &args);
}

static int fill(uint32_t ring, uint8_t value)
{
	return fill_on(&puck, &bo, ring, value);
}

static int empty_job_of(uint32_t queue)
{
	struct drm_puck_submit args = job_empty(queue);

	return submit_fd(puck.fd, &args);
}

static int empty_job(uint32_t ring)
{
	return empty_job_of(puck.queue[ring]);
}

static bool all_are(uint8_t value)
{
	uint64_t i;

	bo_wait(puck.fd, &bo, 0, 0);
	for (i = 0; i < bo.size; i++)
		if (bo.map[i] != value)
			return false;
	return true;
}

/* The driver still works: jobs on both rings, with their data. */
static void works(const char *what)
{
	int first = fence_result(fill(0, 0xa5), FOREVER_MS);
	bool good = all_are(0xa5);
	int second = fence_result(fill(1, 0x5a), FOREVER_MS);

	ktap_ok(first == 1 && good && second == 1 && all_are(0x5a), "%s: works on (%d, %d)",
		what, first, second);
}

static int number_of(const char *word)
{
	char path[192], text[4096], *at;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/rings", puck.pci);
	read_text(path, text, sizeof(text));
	at = strstr(text, word);
	return at ? atoi(at + strlen(word)) : -1;
}

/* Whether so much has come to ring 0's queues since @before, whose it is. */
static bool has_seen(uint32_t queue, const struct drm_puck_queue_state *before, uint64_t guilty)
{
	struct drm_puck_queue_state after;

	return !queue_state(puck.fd, queue, &after) && after.resets == before->resets &&
	       after.guilty == before->guilty + guilty && after.innocent == before->innocent;
}

/* A job that the device refuses costs the ring no reset, and those behind it nothing. */
static void test_fence_error(void)
{
	unsigned long number = puck_rule(&puck, "fence.complete", "ring=0 nth=2 error");
	struct drm_puck_queue_state before;
	int fences[3], i, ret;

	ret = queue_state(puck.fd, puck.queue[0], &before);
	for (i = 0; i < 3; i++)
		fences[i] = fill(0, 0x10 + i);
	ktap_ok(fence_result(fences[0], FOREVER_MS) == 1, "error: the job before completes");
	ktap_ok(fence_result(fences[1], FOREVER_MS) == -EIO, "error: EIO");
	ktap_ok(fence_result(fences[2], FOREVER_MS) == 1 && all_are(0x12),
		"error: the job behind completes");
	ktap_ok(!ret && has_seen(puck.queue[0], &before, 1), "error: the queue is told of it");
	puck_rule_done(number, 1);
	works("error");
}

/* The fence of the job before is held: that of the faulty one does not come before it. */
static void test_error_behind_held(void)
{
	unsigned long number = puck_rule(&puck, "fence.complete", "ring=0 nth=2 error");
	struct drm_puck_queue_state before;
	uint32_t queue;
	int fences[3];

	ktap_need(!queue_create(puck.fd, DRM_PUCK_KIND_COMPUTE, 0, DRM_PUCK_PRIORITY_NORMAL, &queue) &&
		  !queue_state(puck.fd, queue, &before), "error, held: another queue");
	puck_set(&puck, 0, "hold", 1);
	fences[0] = empty_job(0);
	fences[1] = empty_job(0);
	fences[2] = empty_job_of(queue);
	ktap_ok(fence_wait(fences[1], 100) == -ETIME && fence_status(fences[0]) == 0,
		"error, held: fences keep their order");
	puck_set(&puck, 0, "hold", 0);
	ktap_ok(fence_result(fences[0], FOREVER_MS) == 1 && fence_result(fences[1], FOREVER_MS) == -EIO &&
		fence_result(fences[2], FOREVER_MS) == 1, "error, held: all come then");
	ktap_ok(has_seen(queue, &before, 0), "error, held: the queue behind does not notice");
	puck_rule_done(number, 1);
	queue_destroy(puck.fd, queue);
	works("error, held");
}

/* Each other job fails: what goes on halts again at once. */
static void test_error_again(void)
{
	unsigned long number = puck_rule(&puck, "fence.complete", "ring=0 every=2 error");
	struct drm_puck_queue_state before;
	int fences[40], i, ret, good = 0;

	ret = queue_state(puck.fd, puck.queue[0], &before);
	for (i = 0; i < 40; i++)
		fences[i] = empty_job(0);
	for (i = 0; i < 40; i++)
		good += fence_result(fences[i], FOREVER_MS) == (i % 2 ? -EIO : 1);
	ktap_ok(good == 40 && !ret && has_seen(puck.queue[0], &before, 20),
		"error, again: %d of 40 as they should", good);
	puck_rule_done(number, 20);
	works("error, again");
}

static void test_never(void)
{
	unsigned long number = rule("fence.complete", "ring=0 nth=2 never");
	int fences[3], i;

	puck_set(&puck, 0, "timeout_ms", TIMEOUT_MS);
	for (i = 0; i < 3; i++)
		fences[i] = fill(0, 0x20 + i);
	ktap_ok(fence_result(fences[0], FOREVER_MS) == 1, "never: the job before completes");
	ktap_ok(fence_result(fences[1], FOREVER_MS) == -ETIME, "never: ETIME");
	ktap_ok(fence_result(fences[2], FOREVER_MS) == 1 && all_are(0x22),
		"never: the job behind completes");
	puck_rule_done(number, 1);
	puck_set(&puck, 0, "timeout_ms", 10000);
	works("never");
}

/*
 * The fence comes before the data. What the device then finds is not the job's
 * any more: that it complains, or faults, is hardware's doing, not the driver's.
 */
static void test_early(void)
{
	unsigned long number;
	bool before;
	int ret;

	ktap_need(fence_result(fill(0, 0x30), FOREVER_MS) == 1 && all_are(0x30), "early: a good job");
	expect_begin(".*(puck|iommu|IOMMU).*");
	number = rule("fence.complete", "ring=0 nth=1 early");
	ret = fence_result(fill(0, 0x31), FOREVER_MS);
	before = all_are(0x30);
	ktap_ok(ret == 1 && before, "early: the fence is there (%d), the data not", ret);
	rule_command("release", number);
	puck_rule_done(number, 1);
	works("early");
	works("early, later");
	expect_end();
}

/*
 * The commands of a job whose fence came stand in the ring yet: others must not
 * be written over them, however many fit in behind as far as fences tell.
 */
static void test_early_full(void)
{
	enum { LONG = DRM_PUCK_SUBMIT_CMDS_MAX, JOBS = 500 };
	static struct drm_puck_cmd nops[LONG];
	static int fences[JOBS];
	struct drm_puck_submit args = job(puck.queue[0], NULL, 0, nops, LONG);
	unsigned long number;
	int i, ret, good = 0, refused = 0;

	for (i = 0; i < LONG; i++)
		nops[i] = cmd_nop();
	number = rule("fence.complete", "ring=0 count=1 early");
	ret = fence_result(submit_fd(puck.fd, &args), FOREVER_MS);
	for (i = 0; i < JOBS; i++) {
		args = job_empty(puck.queue[0]);
		fences[i] = submit_fd(puck.fd, &args);
	}
	ktap_ok(ret == 1 && fence_wait(fences[JOBS - 1], FOREVER_MS) == 0,
		"early, full: the last job is refused at once");
	rule_command("release", number);
	for (i = 0; i < JOBS; i++) {
		ret = fence_result(fences[i], FOREVER_MS);
		good += ret == 1;
		refused += ret == -EIO;
	}
	ktap_ok(good + refused == JOBS && good >= 300 && refused >= LONG / 2,
		"early, full: %d jobs completed, %d had no room", good, refused);
	puck_rule_done(number, 1);
	works("early, full");
}

/* Rings are in no order; a ring is, and where it is not jobs may be blamed. */
static void test_reorder(void)
{
	unsigned long number = rule("fence.complete", "ring=0 nth=1 reorder=rings");
	int fences[30], i, ret, good = 0, late = 0;

	fences[0] = empty_job(0);
	ktap_ok(fence_wait(fences[0], 100) == -ETIME, "reorder: a fence waits for the other ring");
	fences[1] = empty_job(1);
	ktap_ok(fence_result(fences[1], FOREVER_MS) == 1 && fence_result(fences[0], FOREVER_MS) == 1,
		"reorder: and then both come");
	puck_rule_done(number, 1);
	puck_set(&puck, 0, "timeout_ms", TIMEOUT_MS);
	number = rule("fence.complete", "ring=0 every=3 reorder=within");
	for (i = 0; i < 30; i++)
		fences[i] = empty_job(0);
	for (i = 0; i < 30; i++) {
		ret = fence_result(fences[i], FOREVER_MS);
		good += ret == 1;
		late += ret == -ETIME;
	}
	ktap_ok(good + late == 30 && good >= 20, "reorder within: %d good, %d blamed", good, late);
	puck_rule_done(number, -1);
	puck_set(&puck, 0, "timeout_ms", 10000);
	works("reorder");
}

static void test_stall(void)
{
	unsigned long number = rule("device", "ring=0 nth=1 stall");

	puck_set(&puck, 0, "timeout_ms", TIMEOUT_MS);
	ktap_ok(fence_result(fill(0, 0x40), FOREVER_MS) == -ETIME, "stall: ETIME");
	puck_rule_done(number, 1);
	puck_set(&puck, 0, "timeout_ms", 10000);
	works("stall");
}

/* An interrupt that is lost costs half a second, not the job. */
static void test_irq_drop(void)
{
	unsigned long number = rule("irq.raise", "vector=1 nth=1 drop");
	int resets = number_of("resets ");
	int ret;

	ret = fence_result(fill(0, 0x50), FOREVER_MS);
	ktap_ok(ret == 1 && all_are(0x50), "irq drop: the job completes (%d)", ret);
	ktap_ok(resets >= 0 && number_of("resets ") == resets, "irq drop: no reset");
	puck_rule_done(number, 1);
	works("irq drop");
}

/* Even if all are lost jobs are not blamed when their time is over. */
static void test_irq_drop_all(void)
{
	unsigned long number = rule("irq.raise", "drop");
	int resets = number_of("resets ");
	int i, good = 0;

	puck_set(&puck, 0, "timeout_ms", 100);
	for (i = 0; i < 5; i++)
		good += fence_result(fill(0, 0x51 + i), FOREVER_MS) == 1 && all_are(0x51 + i);
	ktap_ok(good == 5 && number_of("resets ") == resets, "irq drop all: %d of 5 jobs", good);
	puck_set(&puck, 0, "timeout_ms", 10000);
	puck_rule_done(number, 5);
	works("irq drop all");
}

/* The interrupt of an error is lost, and with it all later ones would be. */
static void test_error_drop(void)
{
	unsigned long error, number = rule("irq.raise", "vector=0 nth=1 drop");
	int i;

	puck_set(&puck, 0, "timeout_ms", TIMEOUT_MS);
	for (i = 0; i < 2; i++) {
		error = rule("fence.complete", "ring=0 nth=1 error");
		ktap_ok(fence_result(fill(0, 0x60), FOREVER_MS) == -EIO,
			"error drop: EIO, not ETIME, round %d", i);
		puck_rule_done(error, 1);
	}
	puck_rule_done(number, 1);
	puck_set(&puck, 0, "timeout_ms", 10000);
	works("error drop");
}

/* Interrupts that come too often, too late, together, or for nothing. */
static void test_irq_noise(const char *what)
{
	unsigned long number = rule("irq.raise", what);
	int fences[32], i, good = 0;

	for (i = 0; i < 32; i++)
		fences[i] = fill(i & 1, 0x70 + i);
	for (i = 0; i < 32; i++)
		good += fence_result(fences[i], FOREVER_MS) == 1;
	ktap_ok(good == 32, "irq %s: %d of 32 jobs", what, good);
	puck_rule_done(number, -1);
	works(what);
}

static void test_dma(void)
{
	unsigned long number = rule("dma.write", "ring=0 nth=3 fault");

	ktap_ok(fence_result(fill(0, 0x80), FOREVER_MS) == -EFAULT, "dma fault: EFAULT");
	puck_rule_done(number, 1);
	works("dma fault");
	number = rule("dma.write", "ring=0 prob=1/2 delay=uniform:1us-5ms");
	ktap_ok(fence_result(fill(0, 0x81), FOREVER_MS) == 1 && all_are(0x81),
		"dma delay: all is there when the fence is");
	puck_rule_done(number, -1);
	number = rule("dma.write", "ring=0 nth=2 corrupt=xor:0xff");
	ktap_ok(fence_result(fill(0, 0x82), FOREVER_MS) == 1 && !all_are(0x82),
		"dma corrupt: seen in the data alone");
	puck_rule_done(number, 1);
	number = rule("dma.write", "ring=0 every=3 split=2ms");
	ktap_ok(fence_result(fill(0, 0x83), FOREVER_MS) == 1 && all_are(0x83), "dma split: both halves");
	puck_rule_done(number, -1);
	works("dma");
}

/* ---- what takes the device away from its driver and gives it back ---- */

static void close_device(void)
{
	bo_close(puck.fd, &bo);
	close(puck.fd);
}

static bool open_device(const char *pci)
{
	return puck_open_soon(&puck, pci) && !bo_create(puck.fd, &bo, SIZE);
}

static bool rebind(void)
{
	bo_close(puck.fd, &bo);
	return puck_rebind(&puck) && !bo_create(puck.fd, &bo, SIZE);
}

/* What ring 0's last job was called in the ring. */
static uint32_t last_seqno(void)
{
	char path[192], text[4096], *at;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/rings", puck.pci);
	read_text(path, text, sizeof(text));
	at = strstr(text, "last seqno ");
	return at ? strtoul(at + strlen("last seqno "), NULL, 10) : 0;
}

/* Seqnos of 32 bits pass zero, with resets on the way. */
static void test_start(void)
{
	unsigned long number = rule("fence.complete", "ring=0 start=0xfffffff0");
	unsigned long never;
	struct drm_puck_submit args = job_empty(puck.queue[0]);
	int fences[4], i, good = 0;

	ktap_need(rebind(), "start: bound again");
	ktap_ok(!submit_wait(puck.fd, &args) && last_seqno() == 0xfffffff1u,
		"start: the first job has seqno %#x", last_seqno());
	for (i = 0; i < 10; i++)
		good += fence_result(fill(0, i), FOREVER_MS) == 1 && all_are(i);
	ktap_ok(good == 10, "start: up to the end: %d of 10 jobs", good);
	/* The ring is enabled again, and RING_SEQNO is what it was at first. */
	puck_set(&puck, 0, "timeout_ms", TIMEOUT_MS);
	never = rule("fence.complete", "ring=0 nth=3 never");
	for (i = 0; i < 4; i++)
		fences[i] = fill(0, 0x90 + i);
	for (i = 0; i < 4; i++)
		good += fence_result(fences[i], FOREVER_MS) == (i == 2 ? -ETIME : 1);
	ktap_ok(good == 14 && all_are(0x93), "start: the one in four that is late is blamed");
	puck_rule_done(never, 1);
	puck_set(&puck, 0, "timeout_ms", 10000);
	for (i = 0; i < 20; i++)
		good += fence_result(fill(0, i), FOREVER_MS) == 1 && all_are(i);
	args = job_empty(puck.queue[0]);
	ktap_ok(good == 34 && !submit_wait(puck.fd, &args) && last_seqno() < 0x100,
		"start: and past it: seqno %#x", last_seqno());
	puck_rule_done(number, -1);
	ktap_need(rebind(), "start: bound again");
	works("start");
}

/*
 * The number that the ring starts with again is that of a job in flight, which
 * has not even begun.
 */
static void test_start_in_flight(void)
{
	unsigned long start, stall;
	int fences[4], i, good = 0;

	ktap_need(rebind(), "start in flight: bound again");
	puck_set(&puck, 0, "timeout_ms", TIMEOUT_MS);
	start = rule("fence.complete", "ring=0 start=4");
	stall = rule("device", "ring=0 count=2 stall");
	for (i = 0; i < 4; i++)
		fences[i] = fill(0, 0xa0 + i);
	for (i = 0; i < 4; i++)
		good += fence_result(fences[i], FOREVER_MS) == (i < 2 ? -ETIME : 1);
	ktap_ok(good == 4 && all_are(0xa3), "start in flight: %d of 4 as they should", good);
	puck_rule_done(start, 2);
	puck_rule_done(stall, 2);
	puck_set(&puck, 0, "timeout_ms", 10000);
	works("start in flight");
}

/*
 * A device that does not reset is not one to start with: whatever it is still at,
 * for another driver or for the kernel before this one, may write anywhere.
 */
static void test_reset_fails_at_probe(void)
{
	unsigned long number;
	char pci[32];
	int ret;

	snprintf(pci, sizeof(pci), "%s", puck.pci);
	close_device();
	ktap_need(!write_text(PUCK_DRIVER "unbind", pci), "reset fails at probe: unbound");
	number = rule("device", "count=1 reset-fails");
	ret = write_text(PUCK_DRIVER "bind", pci);
	ktap_ok(ret == -ETIMEDOUT, "reset fails at probe: it is refused (%d)", ret);
	puck_rule_done(number, 1);
	if (ret)
		ret = write_text(PUCK_DRIVER "bind", pci);
	ktap_need(!ret && open_device(pci), "reset fails at probe: and taken when it resets");
	works("reset fails at probe");
}

/* Surprise removal, and the same device comes back as after power-on. */
static void test_gone(void)
{
	unsigned long number;
	char pci[32], path[96];
	int hung, ret;

	snprintf(pci, sizeof(pci), "%s", puck.pci);
	puck_set(&puck, 0, "timeout_ms", TIMEOUT_MS);
	puck_set(&puck, 1, "timeout_ms", TIMEOUT_MS);
	number = rule("device", "ring=0 count=1 gone");
	hung = fill(0, 0xc0);
	ret = fence_result(hung, FOREVER_MS);
	ktap_ok(ret == -ENODEV || ret == -ETIME, "gone: the job's fence comes (%d)", ret);
	ret = fill(1, 0xc1);
	ktap_ok(ret == -ENODEV, "gone: ENODEV on the other ring (%d)", ret);
	ktap_ok(number_of("resets ") >= 0, "gone: debugfs has an end");
	ktap_ok(fence_result(fill_on(&other, &other_bo, 0, 2), FOREVER_MS) == 1,
		"gone: another device does not mind");
	close_device();
	snprintf(path, sizeof(path), SYS_PCI "devices/%s/remove", pci);
	ktap_ok(!write_text(path, "1"), "gone: removed");
	puck_rule_done(number, 1);
	ktap_ok(!write_text(SYS_PCI "rescan", "1") && open_device(pci), "gone: and found again");
	works("gone");
}

int main(void)
{
	ktap_begin();
	/* Early fences and no IOMMU: the device would write anywhere. */
	if (puck_open(&puck, true)) {
		ktap_skip("no GPU behind an IOMMU", "mischief");
		return ktap_end();
	}
	ktap_need(!system("modprobe puck-mischief"), "puck-mischief.ko");
	ktap_need(!puck_open_other(&other, &puck), "another device");
	ktap_need(!bo_create(puck.fd, &bo, SIZE) && !bo_create(other.fd, &other_bo, SIZE), "create");
	test_fence_error();
	test_error_behind_held();
	test_error_again();
	test_never();
	test_early();
	test_early_full();
	test_reorder();
	test_stall();
	test_irq_drop();
	test_irq_drop_all();
	test_error_drop();
	test_irq_noise("duplicate=7");
	test_irq_noise("spurious");
	test_irq_noise("delay=uniform:1us-20ms");
	test_irq_noise("coalesce=10ms");
	test_irq_noise("prob=1/3 drop");
	test_dma();
	test_start();
	test_start_in_flight();
	test_reset_fails_at_probe();
	test_gone();
	close_device();
	bo_close(other.fd, &other_bo);
	close(other.fd);
	return ktap_end();
}
