// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine goes to sleep and comes back: the IOMMU stops after its clients
 * and is there again before them, with the domains that it had.
 *
 * Wants an nvme in charge and CONFIG_PM_DEBUG. With the argument "diskless" an
 * edu will do, and what comes next has to show that it is translated: nvme in
 * 6.12 has a lockdep report of its own on resume.
 */
#include "lib/base/command.h"
#include "lib/base/iommu.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/pattern.h"
#include "lib/base/pci.h"
#include "lib/base/sleep.h"

#include <fcntl.h>

#define DISK "/dev/nvme0n1"

/* What was read before must be read after, and not from a cache. */
static bool disk_sum(uint64_t *sum)
{
	uint64_t *buf = aligned_alloc(4096, 1 << 20);
	int fd = open(DISK, O_RDONLY | O_DIRECT);
	bool ok = fd >= 0 && pread(fd, buf, 1 << 20, 0) == 1 << 20;
	size_t i;

	*sum = 0;
	for (i = 0; ok && i < (1 << 20) / sizeof(*buf); i++)
		*sum = *sum * 31 + buf[i];
	close(fd);
	free(buf);
	return ok;
}

static void disk_prepare(void)
{
	char *buf = aligned_alloc(4096, 1 << 20);
	int fd = open(DISK, O_RDWR | O_DIRECT);

	pattern_fill(buf, 1 << 20, 9);
	ktap_need(fd >= 0 && pwrite(fd, buf, 1 << 20, 0) == 1 << 20, "disk is written");
	close(fd);
	free(buf);
}

static bool find_client(bool diskless, char *name, size_t size)
{
	if (!can_sleep())
		return false;
	if (diskless)
		return pci_find(0x1234, 0x11e8, true, name, size);
	return !run("modprobe nvme") && pci_find(0x1b36, 0x0010, true, name, size);
}

static void test_sleep(const char *client)
{
	char before[32], after[32];
	int err;

	domain_type(client, before, sizeof(before));
	err = sleep_and_wake(1);
	ktap_ok(!err, "the machine slept and woke (errno %d)", -err);
	domain_type(client, after, sizeof(after));
	ktap_ok(!strcmp(before, after), "%s has its domain still (%s)", client, after);
}

static void test_disk(const char *nvme)
{
	uint64_t before, after, translations;
	unsigned int looks = 0;

	while (access(DISK, F_OK) && patient(&looks))
		;
	disk_prepare();
	ktap_need(disk_sum(&before), "disk is read");
	test_sleep(nvme);
	translations = counter("translations");
	ktap_ok(disk_sum(&after) && before == after, "the disk reads the same");
	ktap_ok(counter("translations") - translations >= 256, "translated");
}

int main(int argc, char **argv)
{
	bool diskless = argc > 1 && !strcmp(argv[1], "diskless");
	char client[64];
	uint64_t faults;

	ktap_begin();
	if (!find_client(diskless, client, sizeof(client))) {
		ktap_skip("no client in charge, or no pm_test", "suspend");
		return ktap_end();
	}
	faults = counter("faults");
	if (diskless)
		test_sleep(client);
	else
		test_disk(client);
	ktap_ok(counter("faults") == faults, "without a fault");
	return ktap_end();
}
