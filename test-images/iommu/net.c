// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stock e1000e behind the IOMMU talks TCP to one that is not, in another
 * network namespace, over a wire that QEMU's hub makes. What arrives is what
 * was sent, and the counters show who translated.
 *
 * Wants one e1000e in charge and one that is not, both on one hub.
 */
#include "lib/base/command.h"
#include "lib/base/iommu.h"
#include "lib/base/ktap.h"
#include "lib/base/net_pair.h"
#include "lib/base/pattern.h"
#include "lib/base/pci.h"

#include <dirent.h>
#include <inttypes.h>
#include <sys/wait.h>

#define BYTES (4u << 20)
#define CHUNK NET_CHUNK

static void net_name(const char *pci, char *name, size_t size)
{
	struct dirent *entry;
	char path[512];
	DIR *dir;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/net", pci);
	dir = opendir(path);
	ktap_need(dir, "%s has a network interface", pci);
	while ((entry = readdir(dir)) && entry->d_name[0] == '.')
		;
	ktap_need(entry, "and its name");
	snprintf(name, size, "%s", entry->d_name);
	closedir(dir);
}

/* Sends chunk after chunk and compares what comes back. Bytes that were right. */
static size_t echo(int fd)
{
	char *out = malloc(CHUNK), *in = malloc(CHUNK);
	size_t total;

	for (total = 0; total < BYTES; total += CHUNK) {
		size_t got = 0;
		ssize_t len;

		pattern_fill(out, CHUNK, total + 1);
		if (write(fd, out, CHUNK) != CHUNK)
			break;
		while (got < CHUNK && (len = read(fd, in + got, CHUNK - got)) > 0)
			got += len;
		if (got != CHUNK || memcmp(in, out, CHUNK))
			break;
	}
	free(out);
	free(in);
	return total;
}

static void test_transfer(int fd)
{
	uint64_t before = counter("translations");
	size_t bytes = echo(fd);

	ktap_ok(bytes == BYTES, "%zu of %u bytes came back as they went", bytes, BYTES);
	before = counter("translations") - before;
	ktap_note("%" PRIu64 " translations", before);
	/* Both ways, and packets of 1500 bytes at most. */
	ktap_ok(before >= 2 * BYTES / 4096, "the IOMMU translated them");
}

int main(void)
{
	char inside[64], outside[64], here[64], there[64];
	uint64_t faults;
	int fd, status;
	pid_t pid;

	ktap_begin();
	if (access("/proc/self/ns/net", F_OK) || run("modprobe e1000e") || !pci_find(0x8086, 0x10d3, true, inside, sizeof(inside)) ||
	    !pci_find(0x8086, 0x10d3, false, outside, sizeof(outside))) {
		ktap_skip("no pair of e1000e, or no network namespaces", "e1000e");
		return ktap_end();
	}
	faults = counter("faults");
	net_name(inside, here, sizeof(here));
	net_name(outside, there, sizeof(there));
	pid = net_start(there, false);
	ktap_need(net_up(here), "%s is up", here);
	fd = net_connect();
	ktap_need(fd >= 0, "connection from %s to %s", inside, outside);
	ktap_ok(!run("ping -c 3 -W 5 " NET_THERE " >/dev/null"), "ping");
	test_transfer(fd);
	close(fd);
	waitpid(pid, &status, 0);
	ktap_ok(WIFEXITED(status) && !WEXITSTATUS(status), "the server ended well");
	ktap_ok(counter("faults") == faults, "no fault on the way");
	return ktap_end();
}
