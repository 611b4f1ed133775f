// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stock e1000e behind the IOMMU talks TCP to one that is not, in another
 * network namespace, over a wire that QEMU's hub makes. What arrives is what
 * was sent, and the counters show who translated.
 *
 * Wants one e1000e in charge and one that is not, both on one hub.
 */
#include "iommu_test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define BYTES (4u << 20)
#define CHUNK 65536u
#define PORT 7000

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

static struct sockaddr_in address(const char *ip)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	inet_pton(AF_INET, ip, &addr.sin_addr);
	return addr;
}

/* Sends back what comes, from the other namespace. Never returns. */
static void echo_server(int ready, int go, const char *name)
{
	struct sockaddr_in addr = address("10.7.0.2");
	int one = 1, listener, fd;
	char buf[CHUNK], c = 0;
	ssize_t len;

	if (unshare(CLONE_NEWNET))
		_exit(2);
	write(ready, &c, 1);
	read(go, &c, 1);
	if (run("ip link set dev lo up; ip addr add 10.7.0.2/24 dev %s && ip link set dev %s up",
		name, name))
		_exit(3);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (void *)&addr, sizeof(addr)) || listen(listener, 1))
		_exit(4);
	write(ready, &c, 1);
	fd = accept(listener, NULL, NULL);
	while ((len = read(fd, buf, sizeof(buf))) > 0) {
		ssize_t done = 0;

		while (done < len)
			done += write(fd, buf + done, len - done);
	}
	_exit(0);
}

static pid_t start_server(const char *name)
{
	int ready[2], go[2];
	char c = 0;
	pid_t pid;

	ktap_need(!pipe(ready) && !pipe(go), "pipes");
	pid = fork();
	if (!pid)
		echo_server(ready[1], go[0], name);
	close(ready[1]);
	ktap_need(read(ready[0], &c, 1) == 1, "another network namespace");
	ktap_need(!run("ip link set dev %s netns %d", name, pid), "%s moves there", name);
	write(go[1], &c, 1);
	ktap_need(read(ready[0], &c, 1) == 1, "a server listens there");
	return pid;
}

static int connect_to_server(void)
{
	struct sockaddr_in addr = address("10.7.0.2");
	int tries, fd;

	for (tries = 0; tries < 20; tries++) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		if (!connect(fd, (void *)&addr, sizeof(addr)))
			return fd;
		close(fd);
		usleep(500000);
	}
	return -1;
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
	pid = start_server(there);
	ktap_need(!run("ip addr add 10.7.0.1/24 dev %s && ip link set dev %s up", here, here),
		  "%s is up", here);
	fd = connect_to_server();
	ktap_need(fd >= 0, "connection from %s to %s", inside, outside);
	ktap_ok(!run("ping -c 3 -W 5 10.7.0.2 >/dev/null"), "ping");
	test_transfer(fd);
	close(fd);
	waitpid(pid, &status, 0);
	ktap_ok(WIFEXITED(status) && !WEXITSTATUS(status), "the server ended well");
	ktap_ok(counter("faults") == faults, "no fault on the way");
	return ktap_end();
}
