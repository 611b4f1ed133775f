// SPDX-License-Identifier: MIT
/*
 * The device coredump of a job that went wrong: what it says of the job, that there is one at
 * a time, and that it goes when it was read.
 */
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/coredump.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/rules.h"

#include <errno.h>

#define SIZE		(64 << 10)
/* Of what is late. */
#define TIMEOUT_MS	1000

static struct puck puck;
static struct bo bo;
static struct coredump dump;

static bool says(const char *what)
{
	return coredump_says(&dump, what);
}

/* Returns the job's number; the fence goes to @fence. */
static unsigned long long fill(int *fence, uint32_t value)
{
	struct drm_puck_bo_ref ref = ref_write(&bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, bo.size, value);
	struct drm_puck_submit args = job(puck.queue[0], &ref, 1, &cmd, 1);

	*fence = submit_fd(puck.fd, &args);
	return args.seqno;
}

/* A job that is late; returns its number. */
static unsigned long long late_job(uint32_t value)
{
	unsigned long long number;
	int fence;

	puck_set(&puck, 0, "timeout_ms", TIMEOUT_MS);
	puck_set(&puck, 0, "hold", 1);
	number = fill(&fence, value);
	ktap_ok(fence_result(fence, FOREVER_MS) == -ETIME, "job %llu is late", number);
	puck_set(&puck, 0, "hold", 0);
	puck_set(&puck, 0, "timeout_ms", 10000);
	return number;
}

static void test_late(void)
{
	unsigned long long number = late_job(0x12345678);
	char job[64];

	ktap_need(coredump_comes(&dump, &puck), "late: there is a dump");
	snprintf(job, sizeof(job), "to blame: job %llu: ", number);
	ktap_ok(says("puck coredump, version 1\nring 0: ") && says("RING_STATUS 0x"),
		"late: the ring and its registers");
	ktap_ok(says(job) && says("ncmds 2 error -62\n"), "late: the job to blame");
	ktap_ok(says("  command 0: opcode 1 ") && says(" length 65536: 12345678 ") &&
		says("  command 1: opcode 5 "), "late: its commands");
	ktap_ok(says("in flight: 1\njob "), "late: what was in flight");

	late_job(0x9abcdef0);
	ktap_ok(coredump_comes(&dump, &puck) && says(job), "late: a second one does not replace it");
	ktap_ok(coredump_drop(&puck), "late: it goes when it was read");
}

/* A job that the device complained of. */
static void test_error(void)
{
	unsigned long rule;
	unsigned long long number;
	char job[64];
	int fence;

	if (system("modprobe puck-mischief")) {
		ktap_skip("no puck-mischief.ko", "error");
		return;
	}
	rule = puck_rule(&puck, "fence.complete", "ring=0 nth=1 error");
	number = fill(&fence, 0);
	ktap_ok(fence_result(fence, FOREVER_MS) == -EIO, "error: job %llu fails", number);
	puck_rule_done(rule, 1);
	ktap_need(coredump_comes(&dump, &puck), "error: there is a dump");
	snprintf(job, sizeof(job), "to blame: job %llu: ", number);
	ktap_ok(says(job) && says("error -5\n"), "error: the job to blame");
	ktap_ok(says("error: reason 18 (error by a rule) "), "error: the device's record");
	ktap_ok(coredump_drop(&puck), "error: it goes when it was read");
}

int main(void)
{
	ktap_begin();
	if (!coredump_known()) {
		ktap_skip("the kernel has no device coredumps", "coredump");
		return ktap_end();
	}
	ktap_need(!puck_open_any(&puck) && !bo_create(puck.fd, &bo, SIZE), "a puck device");
	ktap_need(coredump_drop(&puck), "no dump of before");
	expect_begin("puck .*ring 0: job [0-9]+ is late, resetting the ring");
	test_late();
	expect_end();
	test_error();
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	return ktap_end();
}
