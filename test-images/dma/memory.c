// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The less used ways of the DMA API under puck-dma, on a real device: the cases of
 * puck-dma-edu.ko for memory, and coherent memory that user space maps. Each under
 * policies that move it about. Nothing may be found, and nothing may be left.
 *
 *	dma_memory [small|peer]	small: none that makes a hundred thousand segments, for an IOMMU
 *				to which each is a request to the host. peer: memory of a GPU alone,
 *				which puck.ko has lent (p2pmem_mb)
 */
#include "lib/base/command.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/pci.h"
#include "lib/base/text_file.h"
#include "lib/mapper/data.h"
#include "lib/mapper/device.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PIECES (6u << 20)	/* more than the kernel has in one piece */

static const char *const policies[] = {
	"", "merge=none", "layout=shuffled,merge=none,gap=3", "guard=3", "window=top",
	"window=low", "window=zero", "sync=bounce", "sync=watch", "reuse=quarantine:64",
};

static char edu[32];

/* Returns 0 or errno. */
static int tell(const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", edu, file);
	return write_text(path, text);
}

static int share(size_t size)
{
	char text[32];

	snprintf(text, sizeof(text), "%zu", size);
	return tell("share", text);
}

static int open_shared(void)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/shared", edu);
	return open(path, O_RDWR | O_CLOEXEC);
}

/* The device reads at one place and writes to the other; both are seen as they are. */
static bool moved(uint8_t *memory, size_t from, size_t to, size_t bytes, uint64_t seed)
{
	char text[64];
	int err;

	dma_fill(memory + from, bytes, seed, 0);
	memset(memory + to, 0, bytes);
	snprintf(text, sizeof(text), "%zu %zu %zu", from, to, bytes);
	err = tell("move", text);
	if (err)
		ktap_note("move %s: %s", text, strerror(-err));
	return !err && !dma_compare(memory + from, bytes, seed, 0) &&
	       !dma_compare(memory + to, bytes, seed, 0);
}

/* A mapping that begins with the last page has what the device wrote there. */
static bool last_page(int fd, size_t pages, const uint8_t *whole)
{
	size_t page = 4096, at = (pages - 1) * page;
	uint8_t *last = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)at);
	bool good = last != MAP_FAILED && !memcmp(last, whole + at, page);

	if (last == MAP_FAILED)
		return false;
	last[5] ^= 0xff;
	good &= last[5] == whole[at + 5];
	return !munmap(last, page) && good;
}

static bool is_refused(int fd, size_t size, size_t offset)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);

	if (memory == MAP_FAILED)
		return errno == ENXIO;
	munmap(memory, size);
	return false;
}

static bool test_shared(size_t size, uint64_t seed)
{
	size_t pages = (size + 4095) / 4096;
	uint8_t *memory;
	bool good;
	int fd;

	if (share(size))
		return false;
	fd = open_shared();
	memory = mmap(NULL, pages * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	good = fd >= 0 && memory != MAP_FAILED;
	if (good) {
		good = moved(memory, 0, size - 3000, 3000, seed);
		good &= moved(memory, 100, size / 2, 4000, seed + 1);
		good &= last_page(fd, pages, memory);
		good &= is_refused(fd, (pages + 1) * 4096, 0);
		good &= is_refused(fd, 4096, pages * 4096);
		munmap(memory, pages * 4096);
	}
	if (fd >= 0)
		close(fd);
	return !share(0) && good;
}

static bool test_limits(const char *policy)
{
	unsigned long long max = 0, opt = 0, boundary = 1;
	bool copies = strstr(policy, "sync=bounce") || strstr(policy, "sync=watch");
	char path[128], line[128];
	int p2pdma = 1;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/limits", edu);
	if (!read_line(path, line, sizeof(line)) ||
	    sscanf(line, "max=%llu opt=%llu merge-boundary=%llu p2pdma=%d", &max, &opt, &boundary,
		   &p2pdma) != 4)
		return false;
	ktap_note("%s", line);
	return !boundary && !p2pdma && (copies ? max == 256 << 10 : max == SIZE_MAX) &&
	       (copies ? opt == 256 << 10 : opt == 512 << 10);
}

static void test_cases(const char *fail)
{
	char path[128], line[128], name[64], class[64];
	const char *want = fail ? fail : "-";
	FILE *cases;
	int err;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/memory_cases", edu);
	cases = fopen(path, "r");
	ktap_need(cases, "cases for memory");
	while (fgets(line, sizeof(line), cases)) {
		if (sscanf(line, "%63s %63s", name, class) != 2 || strcmp(class, want))
			continue;
		err = tell("run", name);
		ktap_ok(!err, "%s: %s", name, strerror(-err));
	}
	fclose(cases);
}

/* A fault is heard of a little later than the access. */
static void test_nothing_left(const char *policy, uint64_t findings, uint64_t faults)
{
	bool good;

	usleep(150000);
	good = !dma_counter(edu, "live") && dma_counter(edu, "findings") == findings &&
	       dma_counter(edu, "faults") == faults;
	if (!good) {
		dma_show(edu, "mappings");
		dma_show(edu, "findings");
	}
	ktap_ok(good, "%s: no finding, no fault, and no mapping is left", policy);
}

/* What belongs to a GPU beside it, whose driver has lent the kernel some of its memory. */
static void test_peer(const char *policy)
{
	uint64_t findings = dma_counter(edu, "findings"), faults = dma_counter(edu, "faults");

	ktap_need(dma_set_policy(edu, policy), "policy '%s'", policy);
	test_cases("peer");
	test_nothing_left(*policy ? policy : "defaults", findings, faults);
}

static void test_policy(const char *policy, uint64_t seed)
{
	uint64_t findings = dma_counter(edu, "findings"), faults = dma_counter(edu, "faults");
	const char *name = *policy ? policy : "defaults";

	ktap_note("%s", name);
	ktap_need(dma_set_policy(edu, policy), "policy '%s'", policy);
	test_cases(NULL);
	ktap_ok(test_limits(policy), "%s: limits are as written", name);
	ktap_ok(test_shared(3 * 4096 + 100, seed), "%s: user space maps what is in a row", name);
	ktap_ok(test_shared(PIECES + 100, seed + 2), "%s: and what is in pieces", name);
	test_nothing_left(name, findings, faults);
}

/* Whether a child of ours gets SIGBUS for a look at @memory. */
static bool is_gone(const volatile char *memory)
{
	int status = 0;
	pid_t child = fork();

	if (!child)
		_exit(*memory & 1);
	return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
	       WTERMSIG(status) == SIGBUS;
}

/* The file goes with the memory, and with it the pages out of the address space. */
static void test_revoked(void)
{
	uint64_t findings = dma_counter(edu, "findings"), faults = dma_counter(edu, "faults");
	void *memory;
	int fd;

	ktap_need(!share(4096), "memory to share");
	fd = open_shared();
	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ktap_need(memory != MAP_FAILED, "shared memory is mapped");
	ktap_ok(!is_gone(memory), "user space sees it");
	ktap_ok(!share(0) && tell("move", "0 0 8") == -EINVAL, "what is mapped can go");
	ktap_ok(is_gone(memory), "and is gone from the address space");
	munmap(memory, 4096);
	close(fd);
	test_nothing_left("revoked", findings, faults);
}

/* @each: how many mappings of each of the 8 kinds fail. */
static void test_failures(const char *fail, const char *more, unsigned int each)
{
	uint64_t findings = dma_counter(edu, "findings"), faults = dma_counter(edu, "faults");
	uint64_t failed = dma_counter(edu, "failed");
	char policy[128];

	snprintf(policy, sizeof(policy), "%s%s", fail, more);
	ktap_need(dma_set_policy(edu, policy), "policy '%s'", policy);
	test_cases(fail);
	ktap_ok(dma_counter(edu, "failed") == failed + 8 * each, "%s: %" PRIu64 " mappings failed",
		policy, dma_counter(edu, "failed") - failed);
	test_nothing_left(policy, findings, faults);
}

/* More segments than there is memory for in a row: only "fail" makes mappings fail. */
static void test_huge(void)
{
	uint64_t findings = dma_counter(edu, "findings"), faults = dma_counter(edu, "faults");
	const char *policy = "merge=none,guard=0";

	ktap_need(dma_set_policy(edu, policy), "policy '%s'", policy);
	test_cases(policy);
	test_nothing_left("huge", findings, faults);
}

/*
 * A second unmap meets a mapping that is being made. It takes it away or finds
 * nothing; what it must not find is one that is half made.
 */
static void test_race(void)
{
	const char *policy = "merge=none,guard=1";
	char line[512];
	int log;

	ktap_need(dma_set_policy(edu, policy), "policy '%s'", policy);
	log = log_open();
	expect_begin("finding: (unmap-|[0-9]+ more are)");
	test_cases(policy);
	usleep(150000);
	expect_end();
	ktap_ok(!log_find(log, "the IOMMU unmapped", line, sizeof(line)),
		"race: nothing is unmapped that was not mapped yet");
	ktap_ok(!dma_counter(edu, "live"), "race: no mapping is left");
	close(log);
}

int main(int argc, char **argv)
{
	bool small = argc > 1 && !strcmp(argv[1], "small");
	bool peer = argc > 1 && !strcmp(argv[1], "peer");
	char line[128];
	size_t i;

	ktap_begin();
	ktap_need(pci_find_any(0x1234, 0x11e8, edu, sizeof(edu)), "an edu device");
	ktap_need(!run("modprobe puck-dma"), "puck-dma loads");
	ktap_need(!write_text(MAPPER "/devices", "1234:11e8="), "edu's line is taken");
	ktap_need(!run("modprobe puck-dma-edu"), "puck-dma-edu loads");
	ktap_need(dma_mapper_path(edu, "policy", line, sizeof(line)), "edu is under the mapper");
	for (i = 0; i < sizeof(policies) / sizeof(*policies); i++) {
		if (peer)
			test_peer(policies[i]);
		else
			test_policy(policies[i], 10 * i);
	}
	dma_set_policy(edu, "");
	if (peer)
		return ktap_end();
	test_revoked();
	test_failures("fail=every:2", "", 4);
	test_failures("fail=every:2", ",sync=bounce", 4);
	test_failures("fail=each:3", "", 1);
	if (!small) {
		test_huge();
		test_race();
	}
	dma_set_policy(edu, "");
	return ktap_end();
}
