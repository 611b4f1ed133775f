// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stock nvme behind the IOMMU: a file system whose contents survive being
 * written, unmounted and read back; counters that show who translated; and
 * scattered user pages that the kernel's DMA layer put side by side in IOVA.
 *
 * Wants an nvme in charge whose disk may be overwritten, and the ext4 module.
 */
#include "lib/base/command.h"
#include "lib/base/iommu.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/pattern.h"
#include "lib/base/pci.h"
#include "lib/base/text_file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define DISK "/dev/nvme0n1"
#define WHERE "/mnt"
#define FILES 4
#define FILE_SIZE (2u << 20)
#define TRACING "/sys/kernel/tracing"
#define PAGES 32

static void file_path(char *path, size_t size, int n)
{
	snprintf(path, size, WHERE "/file%d", n);
}

static bool file_write(int n)
{
	char path[64], *buf = malloc(FILE_SIZE);
	ssize_t done;
	int fd;

	file_path(path, sizeof(path), n);
	pattern_fill(buf, FILE_SIZE, 77 + n);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	done = write(fd, buf, FILE_SIZE);
	free(buf);
	return fd >= 0 && done == FILE_SIZE && !fsync(fd) && !close(fd);
}

static bool file_verify(int n)
{
	char path[64], *want = malloc(FILE_SIZE), *got = malloc(FILE_SIZE);
	bool same;
	int fd;

	file_path(path, sizeof(path), n);
	pattern_fill(want, FILE_SIZE, 77 + n);
	fd = open(path, O_RDONLY);
	same = read(fd, got, FILE_SIZE) == FILE_SIZE && !memcmp(want, got, FILE_SIZE);
	close(fd);
	free(want);
	free(got);
	return same;
}

static void test_file_system(void)
{
	uint64_t translations = counter("translations"), invalidations = counter("invalidations");
	int n, good;

	ktap_need(!run("mke2fs -F " DISK " >/dev/null"), "file system is made");
	ktap_need(!mount(DISK, WHERE, "ext4", 0, NULL), "and mounted");
	for (n = 0, good = 0; n < FILES; n++)
		good += file_write(n);
	ktap_ok(good == FILES, "%d files of %u MiB written", good, FILE_SIZE >> 20);
	ktap_need(!umount(WHERE), "unmounted");
	ktap_need(!write_text("/proc/sys/vm/drop_caches", "3"), "caches dropped");
	ktap_need(!mount(DISK, WHERE, "ext4", MS_RDONLY, NULL), "mounted again");
	for (n = 0, good = 0; n < FILES; n++)
		good += file_verify(n);
	ktap_ok(good == FILES, "%d files are what they were", good);
	ktap_need(!umount(WHERE), "unmounted at last");

	translations = counter("translations") - translations;
	invalidations = counter("invalidations") - invalidations;
	ktap_note("%" PRIu64 " translations, %" PRIu64 " invalidations for %u MiB", translations,
		  invalidations, 2 * FILES * FILE_SIZE >> 20);
	/* One look-up per page at least, each way. */
	ktap_ok(translations >= 2 * FILES * FILE_SIZE / 4096, "the IOMMU translated all of it");
	ktap_ok(invalidations > 0, "and was told when mappings went");
}

static void trace_on(bool on)
{
	write_text(TRACING "/events/puck_iommu/puck_iommu_map/enable", on ? "1" : "0");
	write_text(TRACING "/tracing_on", on ? "1" : "0");
}

struct runs {
	int physical;		/* runs of pages that follow each other in memory */
	int iova;		/* runs of those that follow each other in IOVA */
	uint64_t pages;		/* in the longest run of IOVA */
};

/* Counts runs in the trace of mapped pieces. */
static struct runs trace_runs(void)
{
	uint64_t iova, paddr, size, end = 0, length = 0;
	FILE *trace = fopen(TRACING "/trace", "r");
	struct runs runs = { 0 };
	char line[512];

	while (trace && fgets(line, sizeof(line), trace)) {
		char *at = strstr(line, " iova=");

		if (!at || sscanf(at, " iova=%" SCNx64 " paddr=%" SCNx64 " size=%" SCNx64, &iova,
				  &paddr, &size) != 3)
			continue;
		runs.physical++;
		if (iova != end) {
			runs.iova++;
			length = 0;
		}
		length += size;
		end = iova + size;
		if (length / 4096 > runs.pages)
			runs.pages = length / 4096;
	}
	if (trace)
		fclose(trace);
	return runs;
}

/* Pages in the order of a shuffle: neighbours in the buffer are none in memory. */
static char *scattered_pages(void)
{
	char *buf = mmap(NULL, PAGES * 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int i;

	madvise(buf, PAGES * 4096, MADV_NOHUGEPAGE);
	for (i = 0; i < PAGES; i++)
		buf[(i * 13 % PAGES) * 4096] = 1;
	return buf;
}

static void test_merging(void)
{
	char *buf = scattered_pages();
	int fd = open(DISK, O_RDONLY | O_DIRECT);
	struct runs runs;
	ssize_t done;

	ktap_need(fd >= 0, "direct I/O");
	trace_on(false);
	write_text(TRACING "/trace", "");
	trace_on(true);
	done = read(fd, buf, PAGES * 4096);
	trace_on(false);
	close(fd);
	runs = trace_runs();
	ktap_ok(done == PAGES * 4096, "direct read into %d scattered pages", PAGES);
	ktap_note("%d runs in memory became %d in IOVA, the longest of %" PRIu64 " pages",
		  runs.physical, runs.iova, runs.pages);
	ktap_ok(runs.physical > runs.iova && runs.pages >= PAGES / 2,
		"they were merged into fewer DMA segments");
	munmap(buf, PAGES * 4096);
}

int main(void)
{
	uint64_t faults;
	char nvme[64];
	unsigned int looks = 0;

	ktap_begin();
	if (run("modprobe nvme && modprobe ext4") || !pci_find(0x1b36, 0x0010, true, nvme, sizeof(nvme))) {
		ktap_skip("no nvme in charge", "nvme");
		return ktap_end();
	}
	while (access(DISK, F_OK) && patient(&looks))
		;
	ktap_need(!access(DISK, F_OK), "%s is %s", nvme, DISK);
	faults = counter("faults");
	test_file_system();
	test_merging();
	ktap_ok(counter("faults") == faults, "no fault on the way");
	ktap_ok(counter("stale_hits") == 0, "no stale translation was used");
	return ktap_end();
}
