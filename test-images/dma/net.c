// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two network functions under the DMA mapper, on one wire: TCP from the first
 * to the second and back, in writes of one byte to 64 KiB, with and without
 * segmentation by the card, with frames of the usual size or large ones. What
 * comes back is compared, and no segment may have had a wrong checksum, for TCP
 * would hide by sending again what a wrong mapping did. Then small frames take turns, as
 * drivers treat these in another way.
 *
 * Random policies 21 to 40, 61 to 80 and so on are run with large frames.
 */
#include "lib/base/command.h"
#include "lib/base/ktap.h"
#include "lib/base/net_pair.h"
#include "lib/base/patience.h"
#include "lib/mapper/data.h"
#include "lib/mapper/device.h"
#include "lib/mapper/find.h"
#include "lib/mapper/options.h"
#include "lib/mapper/workload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/wait.h>

#define USUAL 1500
#define LARGE 4000
/* Frames of several pages: some of them e1000e forgets, docs/findings.rst. */
#define JUMBO 9000
#define TURNS 32
#define TURN_MAX 128
/* e1000e does not unmap what it sends from address 0, docs/findings.rst. */
#define E1000E_KNOWN "finding: leak: 0x0\\+.* by e1000_|DMA-API: .*(has pending DMA allocations|Mapped at:)"

struct net {
	struct dma_device device[2];
	int control[2];		/* sockets in the namespace of each, for ioctls */
	pid_t server;
	int fd;			/* of the connection, or -1 */
	size_t bytes;		/* of one round */
	bool pages;		/* what is sent is not copied before */
	size_t granule;		/* of what is sent at once */
	int memory;		/* the file behind @out */
	char *out, *in;
};

static bool is_interface(const char *name)
{
	return strcmp(name, "lo") != 0;
}

/* A socket in the namespace of a process. */
static int control_socket(pid_t pid)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there, fd;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	there = open(path, O_RDONLY | O_CLOEXEC);
	ktap_need(!setns(there, CLONE_NEWNET), "the other namespace");
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ktap_need(!setns(home, CLONE_NEWNET), "and back");
	close(there);
	close(home);
	return fd;
}

/* Not every card has every feature. */
static void set_feature(const struct net *net, int side, uint32_t command, bool on)
{
	struct ethtool_value value = { .cmd = command, .data = on };
	struct ifreq request = { .ifr_data = (void *)&value };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%.15s", net->device[side].name);
	ioctl(net->control[side], SIOCETHTOOL, &request);
}

static void set_mtu(const struct net *net, int mtu)
{
	struct ifreq request = { .ifr_mtu = mtu };
	int side;

	for (side = 0; side < 2; side++) {
		snprintf(request.ifr_name, sizeof(request.ifr_name), "%.15s",
			 net->device[side].name);
		ktap_need(!ioctl(net->control[side], SIOCSIFMTU, &request),
			  "%s takes an MTU of %d", net->device[side].name, mtu);
	}
}

/* The value below a name, in a line of names and one of values. */
static uint64_t named_value(char *names, char *values, const char *wanted)
{
	char *rest, *more, *name = strtok_r(names, " ", &rest);
	char *value = strtok_r(values, " ", &more);

	while (name && value && strcmp(name, wanted)) {
		name = strtok_r(NULL, " ", &rest);
		value = strtok_r(NULL, " ", &more);
	}
	return name && value ? strtoull(value, NULL, 10) : 0;
}

/* TCP segments whose checksum was wrong, on both sides. */
static uint64_t bad_checksums(const struct net *net)
{
	char path[64], names[1024], values[1024];
	pid_t pids[2] = { getpid(), net->server };
	uint64_t sum = 0;
	FILE *file;
	int i;

	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/%d/net/snmp", pids[i]);
		file = fopen(path, "r");
		ktap_need(file, "%s can be read", path);
		while (fgets(names, sizeof(names), file) && fgets(values, sizeof(values), file)) {
			names[strcspn(names, "\n")] = '\0';
			if (!strncmp(names, "Tcp:", 4))
				sum += named_value(names, values, "InCsumErrors");
		}
		fclose(file);
	}
	return sum;
}

static size_t draw_write(uint64_t *state, size_t granule, size_t left)
{
	static const size_t sizes[] = {
		1, 2, 60, 255, 536, 1448, 1449, 4096, 8948, 12345, 30000, 65535, 65536,
	};
	size_t size = sizes[dma_below(state, sizeof(sizes) / sizeof(*sizes))];

	size = (size + granule - 1) / granule * granule;
	return size < left ? size : left;
}

static bool is_ready(int fd, short events, short *revents)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	if (poll(&poll_fd, 1, answer_ms()) != 1 || poll_fd.revents & (POLLERR | POLLHUP))
		return false;
	*revents = poll_fd.revents;
	return true;
}

static ssize_t send_some(const struct net *net, size_t at, size_t size)
{
	off_t offset = (off_t)at;

	if (net->pages)
		return sendfile(net->fd, net->memory, &offset, size);
	return send(net->fd, net->out + at, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Sends and receives at once. Returns how much came back. */
static size_t exchange(const struct net *net, size_t bytes, uint64_t *state)
{
	size_t sent = 0, got = 0, step = 0;
	short events;
	ssize_t n;

	while (got < bytes) {
		if (!is_ready(net->fd, sent < bytes ? POLLIN | POLLOUT : POLLIN, &events))
			break;
		if (events & POLLOUT) {
			/* What did not fit goes with the next write. */
			if (!step)
				step = draw_write(state, net->granule, bytes - sent);
			n = send_some(net, sent, step);
			if (n < 0 && errno != EAGAIN)
				break;
			sent += n > 0 ? (size_t)n : 0;
			step -= n > 0 ? (size_t)n : 0;
		}
		if (events & POLLIN) {
			n = recv(net->fd, net->in + got, bytes - got, MSG_DONTWAIT);
			if (n == 0 || (n < 0 && errno != EAGAIN))
				break;
			got += n > 0 ? (size_t)n : 0;
		}
	}
	return got;
}

static bool receive_all(const struct net *net, uint8_t *in, size_t size)
{
	size_t got = 0;
	short events;
	ssize_t n;

	while (got < size && is_ready(net->fd, POLLIN, &events)) {
		n = recv(net->fd, in + got, size - got, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		got += n > 0 ? (size_t)n : 0;
	}
	return got == size;
}

/* Small frames, which drivers copy and whose buffers they use again: each waits for the last. */
static bool take_turns(const struct net *net, uint64_t *state)
{
	uint8_t out[TURN_MAX], in[TURN_MAX];
	size_t size, i;
	int turn;

	for (turn = 0; turn < TURNS; turn++) {
		size = (dma_below(state, TURN_MAX / 4) + 1) * 4;
		for (i = 0; i < size; i++)
			out[i] = (uint8_t)dma_below(state, 256);
		if (send(net->fd, out, size, MSG_NOSIGNAL) != (ssize_t)size ||
		    !receive_all(net, in, size)) {
			ktap_note("turn %d, of %zu bytes, did not come back", turn, size);
			return false;
		}
		if (memcmp(in, out, size)) {
			ktap_note("turn %d, of %zu bytes, came back otherwise", turn, size);
			return false;
		}
	}
	return true;
}

static bool reconnect(struct net *net)
{
	int64_t since = 0;

	if (net->fd >= 0)
		return true;
	do {
		net->fd = net_try();
	} while (net->fd < 0 && expectant(&since));
	if (net->fd < 0)
		ktap_note("no connection");
	else
		fcntl(net->fd, F_SETFL, O_NONBLOCK);
	return net->fd >= 0;
}

static bool net_io(void *context, uint64_t seed, bool errors)
{
	struct net *net = context;
	/* Lost frames take long to be sent again. */
	size_t bytes = errors ? net->bytes / 16 : net->bytes, got;
	uint64_t state = seed, bad = bad_checksums(net);
	bool good;
	int side;

	if (!reconnect(net))
		return false;
	for (side = 0; side < 2; side++) {
		set_feature(net, side, ETHTOOL_STSO, dma_below(&state, 4));
		set_feature(net, side, ETHTOOL_SGSO, dma_below(&state, 4));
		set_feature(net, side, ETHTOOL_SGRO, dma_below(&state, 2));
	}
	dma_fill(net->out, bytes, seed, 0);
	memset(net->in, 0, bytes);
	got = exchange(net, bytes, &state);
	dma_totals.written += bytes;
	dma_totals.read += got;
	bad = bad_checksums(net) - bad;
	if (bad)
		ktap_note("%" PRIu64 " segments with a wrong checksum", bad);
	if (got < bytes)
		ktap_note("%zu of %zu bytes came back", got, bytes);
	good = !dma_compare(net->in, got, seed, 0) && got == bytes && !bad &&
	       (errors || take_turns(net, &state));
	if (!good) {
		close(net->fd);
		net->fd = -1;
	}
	return good;
}

/* Both are found before one of them moves away. */
static bool find_both(struct net *net, struct dma_options *options)
{
	bool alike = options->count == 1 ||
		     dma_same_name(options->which[0], options->which[1]);

	options->which[1] = options->which[alike ? 0 : 1];
	options->count = 2;
	return dma_find("net", options->which[0], 0, is_interface, &net->device[0]) &&
	       dma_find("net", options->which[1], alike, is_interface, &net->device[1]);
}

static bool is_mapped(const struct dma_device *device)
{
	char path[128];

	return dma_mapper_path(device->pci, "policy", path, sizeof(path));
}

/* One may be a mere partner, whose DMA nobody looks at: it comes second. */
static void order_both(struct net *net, struct dma_options *options)
{
	struct dma_device first = net->device[0];
	const char *which = options->which[0];

	if (is_mapped(&net->device[0]) || !is_mapped(&net->device[1]))
		return;
	net->device[0] = net->device[1];
	net->device[1] = first;
	options->which[0] = options->which[1];
	options->which[1] = which;
}

/*
 * QEMU's looks up an access wrongly that starts at the last byte of a mapping, and
 * pieces of a frame may: those of whole words do not.
 */
static bool has_virtio_iommu(void)
{
	DIR *dir = opendir("/sys/bus/virtio/drivers/virtio_iommu");
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)))
		found = !strncmp(entry->d_name, "virtio", 6);
	if (dir)
		closedir(dir);
	return found;
}

static int wanted_mtu(const struct dma_options *options)
{
	if (options->mtu)
		return options->mtu;
	if (options->jumbo)
		return JUMBO;
	return options->first && (options->first - 1) / 20 % 2 ? LARGE : USUAL;
}

static void net_begin(struct net *net, const struct dma_options *options)
{
	net->fd = -1;
	net->bytes = options->bytes;
	net->pages = options->pages;
	net->granule = has_virtio_iommu() ? 4 : 1;
	net->memory = memfd_create("out", MFD_CLOEXEC);
	ktap_need(!ftruncate(net->memory, (off_t)net->bytes), "a file in memory");
	net->out = mmap(NULL, net->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, net->memory, 0);
	net->in = malloc(net->bytes);
	ktap_need(net->out != MAP_FAILED && net->in, "memory");
	net->server = net_start(net->device[1].name, true);
	net->control[0] = control_socket(getpid());
	net->control[1] = control_socket(net->server);
	set_mtu(net, wanted_mtu(options));
	ktap_need(net_up(net->device[0].name), "%s is up", net->device[0].name);
	ktap_need(reconnect(net), "connection from %s to %s", net->device[0].pci,
		  net->device[1].pci);
}

static void net_end(struct net *net)
{
	close(net->fd);
	close(net->control[1]);
	/* Back by hand: the kernel does so, too, when nobody needs the namespace, but late. */
	run("nsenter -t %d -n ip link set dev %s netns 1", net->server, net->device[1].name);
	kill(net->server, SIGKILL);
	waitpid(net->server, NULL, 0);
	run("ip link set dev %s down", net->device[0].name);
}

int main(int argc, char **argv)
{
	static struct net net;
	struct dma_test test = {
		.options = { .bytes = 768u << 10, .seed = 1 },
		.io = net_io,
		.context = &net,
	};
	int i;

	(void)argc;
	dma_parse(&test.options, argv);
	ktap_begin();
	if (!find_both(&net, &test.options))
		return dma_nothing(test.options.which[0]);
	order_both(&net, &test.options);
	dma_take(&test, 0, &net.device[0]);
	dma_take(&test, 1, &net.device[1]);
	test.options.count = is_mapped(&net.device[1]) ? 2 : 1;
	for (i = 0; i < test.options.count; i++)
		if (dma_same_name(test.options.which[i], "e1000e"))
			test.functions[i].known = E1000E_KNOWN;
	net_begin(&net, &test.options);
	dma_run(&test);
	net_end(&net);
	return dma_end(&test);
}
