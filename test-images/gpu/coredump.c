// SPDX-License-Identifier: MIT
/*
 * The device coredump of a job that went wrong: what it says of the job, that there is one at
 * a time, and that it goes when it was read.
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
#include "lib/gpu/rules.h"

#include <dirent.h>
#include <errno.h>

#define FOLDER		"/sys/class/devcoredump"
#define SIZE		(64 << 10)
#define TEXT_MAX	(64 << 10)
/* Of what is late. */
#define TIMEOUT_MS	1000

static struct puck puck;
static struct bo bo;
static char text[TEXT_MAX + 1];

static bool is_ours(const char *name)
{
	char path[320], link[256];
	ssize_t len;

	snprintf(path, sizeof(path), FOLDER "/%.200s/failing_device", name);
	len = readlink(path, link, sizeof(link) - 1);
	link[len < 0 ? 0 : len] = '\0';
	return strrchr(link, '/') && !strcmp(strrchr(link, '/') + 1, puck.pci);
}

/* The path of our device's dump; false if there is none. */
static bool find_dump(char *path, size_t size)
{
	DIR *dir = opendir(FOLDER);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		found = is_ours(entry->d_name);
		if (found)
			snprintf(path, size, FOLDER "/%.200s/data", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool dump_comes(void)
{
	unsigned int looks = 0;
	char path[256];
	bool found;

	while (!(found = find_dump(path, sizeof(path))) && patient(&looks))
		;
	if (found)
		read_text(path, text, sizeof(text));
	return found;
}

/* Says that it was read, whatever is written; and the kernel drops it a moment later. */
static bool drop_dump(void)
{
	unsigned int looks = 0;
	char path[256];

	while (find_dump(path, sizeof(path))) {
		write_text(path, "1");
		if (!patient(&looks))
			return false;
	}
	return true;
}

static bool says(const char *what)
{
	bool found = strstr(text, what);

	if (!found)
		ktap_note("it does not say \"%s\"", what);
	return found;
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

	ktap_need(dump_comes(), "late: there is a dump");
	snprintf(job, sizeof(job), "to blame: job %llu: ", number);
	ktap_ok(says("puck coredump, version 1\nring 0: ") && says("RING_STATUS 0x"),
		"late: the ring and its registers");
	ktap_ok(says(job) && says("ncmds 2 error -62\n"), "late: the job to blame");
	ktap_ok(says("  command 0: opcode 1 ") && says(" length 65536: 12345678 ") &&
		says("  command 1: opcode 5 "), "late: its commands");
	ktap_ok(says("in flight: 1\njob "), "late: what was in flight");

	late_job(0x9abcdef0);
	ktap_ok(dump_comes() && says(job), "late: a second one does not replace it");
	ktap_ok(drop_dump(), "late: it goes when it was read");
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
	ktap_need(dump_comes(), "error: there is a dump");
	snprintf(job, sizeof(job), "to blame: job %llu: ", number);
	ktap_ok(says(job) && says("error -5\n"), "error: the job to blame");
	ktap_ok(says("error: reason 18 (error by a rule) "), "error: the device's record");
	ktap_ok(drop_dump(), "error: it goes when it was read");
}

int main(void)
{
	ktap_begin();
	if (access(FOLDER, F_OK)) {
		ktap_skip("the kernel has no device coredumps", "coredump");
		return ktap_end();
	}
	ktap_need(!puck_open_any(&puck) && !bo_create(puck.fd, &bo, SIZE), "a puck device");
	ktap_need(drop_dump(), "no dump of before");
	expect_begin("puck .*ring 0: job [0-9]+ is late, resetting the ring");
	test_late();
	expect_end();
	test_error();
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	return ktap_end();
}
