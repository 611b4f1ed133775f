// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time of dma_map_single() and dma_unmap_single() on one PCI device, taken by
 * the kernel's dma_map_benchmark.
 *
 * usage: bench-map VENDOR:DEVICE RUNS PAGES...
 *
 * One line a run: "bench: pages_<n> <ns of map plus unmap>".
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/base/map_benchmark.h"
#include "lib/base/text_file.h"

#define DEVICES "/sys/bus/pci/devices"
#define DRIVER "dma_map_benchmark"
#define BENCHMARK "/sys/kernel/debug/dma_map_benchmark"
#define SECONDS 1

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int read_hex(const char *device, const char *name)
{
	char path[512], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), DEVICES "/%s/%s", device, name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		die(path);
	close(fd);
	return (int)strtol(text, NULL, 16);
}

/* The first PCI device with these numbers. */
static void find_device(const char *ids, char *name, size_t size)
{
	unsigned int vendor, device;
	struct dirent *entry;
	DIR *dir;

	if (sscanf(ids, "%x:%x", &vendor, &device) != 2) {
		fprintf(stderr, "not VENDOR:DEVICE: %s\n", ids);
		exit(1);
	}
	dir = opendir(DEVICES);
	if (!dir)
		die(DEVICES);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    read_hex(entry->d_name, "vendor") != (int)vendor ||
		    read_hex(entry->d_name, "device") != (int)device)
			continue;
		snprintf(name, size, "%s", entry->d_name);
		closedir(dir);
		return;
	}
	fprintf(stderr, "no device %s\n", ids);
	exit(1);
}

static void bind_benchmark(const char *device)
{
	char path[512];

	snprintf(path, sizeof(path), DEVICES "/%s/driver/unbind", device);
	if (!access(path, W_OK) && write_text(path, device))
		die(path);
	snprintf(path, sizeof(path), DEVICES "/%s/driver_override", device);
	if (write_text(path, DRIVER))
		die(path);
	if (write_text("/sys/bus/pci/drivers/" DRIVER "/bind", device))
		die("bind");
}

static void measure(int fd, unsigned int pages)
{
	struct map_benchmark bench = {
		.threads = 1,
		.seconds = SECONDS,
		.node = -1,
		.dma_bits = 32,
		.granule = pages,
	};

	if (ioctl(fd, DMA_MAP_BENCHMARK, &bench))
		die("DMA_MAP_BENCHMARK");
	printf("bench: pages_%u %llu\n", pages,
	       100ull * (bench.avg_map_100ns + bench.avg_unmap_100ns));
	printf("# %u pages: map %llu.%llu us, unmap %llu.%llu us\n", pages,
	       bench.avg_map_100ns / 10, bench.avg_map_100ns % 10,
	       bench.avg_unmap_100ns / 10, bench.avg_unmap_100ns % 10);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char device[256] = "";
	int fd, runs;

	if (argc < 4) {
		fprintf(stderr, "usage: bench-map VENDOR:DEVICE RUNS PAGES...\n");
		return 1;
	}
	find_device(argv[1], device, sizeof(device));
	bind_benchmark(device);
	fd = open(BENCHMARK, O_RDWR);
	if (fd < 0)
		die(BENCHMARK);
	runs = atoi(argv[2]);
	for (int run = 0; run < runs; run++)
		for (int i = 3; i < argc; i++)
			measure(fd, (unsigned int)atoi(argv[i]));
	close(fd);
	return 0;
}
