// SPDX-License-Identifier: MIT
/*
 * VRAM that other drivers have by pci_p2pdma: a disk reads and writes it, from device to device,
 * where the way between them allows that. Where it does not, the disk's driver says so, and
 * nothing is lost. The CPU has the memory by the file p2pmem/allocate.
 *
 *	gpu_p2pmem GPU DISK reaches|refused
 *	gpu_p2pmem GPU
 *
 * The GPU and the NVMe controller by their PCI addresses; puck.ko was loaded with p2pmem_mb. The
 * second form is about the values of that, and needs the driver not to be in use. Overwrites the
 * beginning of the disk.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "lib/base/array.h"
#include "lib/base/command.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/pattern.h"
#include "lib/base/pci.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/flr.h"
#include "lib/gpu/job.h"
#include "lib/gpu/rebind.h"
#include "lib/gpu/region.h"
#include "lib/gpu/vm.h"

#define PAGE	4096ul
#define SECTOR	512ul
#define SIZE	(1ul << 20)

static struct puck puck;
static const char *pci;
static uint8_t *normal;		/* as long as the pool's mapping, in system memory */
static int disk;		/* O_DIRECT */

static unsigned long long pool_says(const char *name)
{
	char path[128], line[32];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/p2pmem/%s", pci, name);
	return read_line(path, line, sizeof(line)) ? strtoull(line, NULL, 10) : ~0ull;
}

/* Pages go back one by one, behind the last user's back. */
static bool pool_is_whole(void)
{
	unsigned int looks = 0;

	while (pool_says("available") != pool_says("size") && patient(&looks))
		;
	return pool_says("available") == pool_says("size");
}

/* NULL, and errno, if the pool does not give it. */
static uint8_t *pool_map(size_t size)
{
	char path[128];
	void *map;
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/p2pmem/allocate", pci);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ktap_need(fd >= 0, "%s", path);
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return map == MAP_FAILED ? NULL : map;
}

static bool all_are(const uint8_t *bytes, size_t size, uint8_t value)
{
	size_t i;

	for (i = 0; i < size && bytes[i] == value; i++)
		;
	return i == size;
}

/* ---- the pool ---- */

static void test_pool(void)
{
	size_t size = pool_says("size");
	uint8_t *map;

	ktap_ok(pool_says("published") == 1 && size >= SIZE && pool_is_whole(),
		"pool: published, and nothing of it is taken");
	map = pool_map(size);
	ktap_ok(map && all_are(map, size, 0), "pool: all of it, with nothing in it");
	ktap_ok(pool_says("available") == 0, "pool: nothing is left");
	ktap_ok(!pool_map(PAGE) && errno == ENOMEM, "pool: no more");
	if (map) {
		memset(map, 0xa5, size);
		munmap(map, size);
	}
	ktap_ok(pool_is_whole(), "pool: given back");
}

/* No BO is ever there: one that takes all the VRAM that there is for BOs does not touch it. */
static void test_apart(void)
{
	struct drm_puck_region region;
	size_t size = pool_says("size");
	uint8_t *map = pool_map(size);
	struct bo bo;
	int ret;

	ktap_need(map && !region_get(puck.fd, DRM_PUCK_REGION_VRAM, &region), "VRAM");
	ktap_ok(((region.size + size) & (region.size + size - 1)) == 0,
		"apart: BOs may have what is left of VRAM");
	pattern_fill(map, size, 1);
	ret = bo_create_in(puck.fd, &bo, region.size, BO_VRAM, 0, 0);
	if (ktap_ok(!ret, "apart: a BO takes all of it (%d)", ret)) {
		struct drm_puck_cmd cmd = cmd_fill(0, 0, bo.size, 0x5a5a5a5a);
		struct drm_puck_bo_ref ref = ref_write(&bo);
		struct drm_puck_submit args = job(puck.queue[0], &ref, 1, &cmd, 1);

		ktap_ok(!submit_wait(puck.fd, &args) &&
			bo_region(puck.fd, &bo) == DRM_PUCK_REGION_VRAM, "apart: the GPU fills it");
		pattern_fill(normal, size, 1);
		ktap_ok(!memcmp(map, normal, size), "apart: what is not for BOs is what it was");
		memset(map, 0xa5, size);
		ktap_ok(bo_is(puck.fd, &bo, 0x5a), "apart: and so is the BO");
		bo_close(puck.fd, &bo);
	}
	ret = bo_create_in(puck.fd, &bo, region.size + PAGE, BO_VRAM, 0, 0);
	ktap_ok(ret == -ENOSPC, "apart: no BO takes more (%d)", ret);
	munmap(map, size);
}

/* ---- a disk reads and writes it ---- */

/* Where in the memory, and how long; each goes to where it is on the disk as well. */
static const struct span {
	size_t at, length;
} spans[] = {
	{ 0, SECTOR }, { PAGE - SECTOR, 2 * SECTOR }, { PAGE, PAGE }, { 3 * PAGE + SECTOR, 5 * PAGE },
	{ 0, SIZE }, { SECTOR, SIZE - PAGE },
};

static bool disk_write(const uint8_t *from, size_t length)
{
	return pwrite(disk, from, length, 0) == (ssize_t)length;
}

static bool disk_read(uint8_t *to, size_t length)
{
	return pread(disk, to, length, 0) == (ssize_t)length;
}

static bool span_to_disk(uint8_t *map, const struct span *span, uint64_t seed)
{
	pattern_fill(map + span->at, span->length, seed);
	memset(normal, 0, SIZE);
	return disk_write(normal, SIZE) && disk_write(map + span->at, span->length) &&
	       disk_read(normal, SIZE) && !memcmp(normal, map + span->at, span->length) &&
	       all_are(normal + span->length, SIZE - span->length, 0);
}

static bool span_from_disk(uint8_t *map, const struct span *span, uint64_t seed)
{
	size_t end = span->at + span->length;

	memset(map, 0x77, SIZE);
	pattern_fill(normal, SIZE, seed);
	return disk_write(normal, SIZE) && disk_read(map + span->at, span->length) &&
	       !memcmp(normal, map + span->at, span->length) && all_are(map, span->at, 0x77) &&
	       all_are(map + end, SIZE - end, 0x77);
}

static void test_reaches(void)
{
	uint8_t *map = pool_map(SIZE);
	bool to = true, from = true;
	size_t i;

	ktap_need(map, "the pool's memory");
	for (i = 0; i < ARRAY_SIZE(spans); i++) {
		to = to && span_to_disk(map, &spans[i], 2 * i + 1);
		from = from && span_from_disk(map, &spans[i], 2 * i + 2);
	}
	ktap_ok(to, "reaches: the disk has what the CPU wrote");
	ktap_ok(from, "reaches: the CPU reads what the disk had, and nothing beside it");
	munmap(map, SIZE);
	ktap_ok(pool_is_whole(), "reaches: nothing is kept");
}

/* EREMOTEIO; or EINVAL where the block layer maps requests by itself, as kernels from 6.17 on do. */
static bool is_refusal(ssize_t done)
{
	return done == -1 && (errno == EREMOTEIO || errno == EINVAL);
}

/* One errno, and neither side has changed. */
static void test_refused(void)
{
	uint8_t *map = pool_map(SIZE);
	ssize_t done;

	ktap_need(map, "the pool's memory");
	pattern_fill(normal, SIZE, 3);
	ktap_need(disk_write(normal, SIZE), "the disk");
	pattern_fill(map, SIZE, 4);
	errno = 0;
	done = pwrite(disk, map, SIZE, 0);
	ktap_ok(is_refusal(done), "refused: a write (%zd, errno %d)", done, errno);
	errno = 0;
	done = pread(disk, map, SIZE, 0);
	ktap_ok(is_refusal(done), "refused: a read (%zd, errno %d)", done, errno);
	memset(normal, 0, SIZE);
	ktap_ok(disk_read(normal, SIZE), "refused: the disk still works");
	munmap(map, SIZE);
	map = malloc(SIZE);
	ktap_need(map, "memory");
	pattern_fill(map, SIZE, 3);
	ktap_ok(!memcmp(map, normal, SIZE), "refused: it has what it had");
	free(map);
	ktap_ok(pool_is_whole(), "refused: nothing is kept");
}

/* ---- others reset the device ---- */

/* Nobody is at work there meanwhile. */
static void test_flr(bool reaches)
{
	uint8_t *map = pool_map(SIZE);

	ktap_need(map, "the pool's memory");
	pattern_fill(map, SIZE, 5);
	pattern_fill(normal, SIZE, 5);
	ktap_ok(!puck_flr(&puck) && !memcmp(map, normal, SIZE), "flr: what was there is there");
	if (reaches)
		ktap_ok(span_to_disk(map, &spans[1], 6) && span_from_disk(map, &spans[1], 7),
			"flr: the disk reaches it again");
	munmap(map, SIZE);
}

/* ---- the driver lets go of the device ---- */

static sigjmp_buf touched;

static void on_sigbus(int number)
{
	(void)number;
	siglongjmp(touched, 1);
}

static bool is_gone(const volatile uint8_t *map)
{
	if (sigsetjmp(touched, 1))
		return true;
	(void)*map;
	return false;
}

struct load {
	uint8_t *map;
	atomic_bool stop;
	unsigned int done;	/* transfers that went well */
	int error;		/* errno of the first one that did not */
};

/* Reads into the memory, again and again, until that is gone. */
static void *load_thread(void *arg)
{
	struct load *load = arg;

	while (!load->error && !atomic_load(&load->stop)) {
		/* One that is short has met the end: the next one has the error. */
		errno = 0;
		if (disk_read(load->map, SIZE))
			load->done++;
		else
			load->error = errno;
	}
	return NULL;
}

/* The one there is in a process, and a disk at work with it. */
static void test_unbind(bool reaches)
{
	struct load load = { .map = pool_map(SIZE) };
	size_t size = pool_says("size");
	pthread_t thread;
	uint8_t *map;

	ktap_need(load.map, "the pool's memory");
	signal(SIGBUS, on_sigbus);
	ktap_ok(!is_gone(load.map), "unbind: the memory is there");
	if (reaches)
		ktap_need(!pthread_create(&thread, NULL, load_thread, &load), "a thread");
	close(puck.fd);
	ktap_ok(!write_text(PUCK_DRIVER "unbind", pci), "unbind: with the memory mapped");
	ktap_ok(is_gone(load.map), "unbind: it is gone for the process");
	if (reaches) {
		unsigned int looks = 0;

		while (!load.error && patient(&looks))
			;
		atomic_store(&load.stop, true);
		pthread_join(thread, NULL);
		ktap_ok(load.error == EFAULT, "unbind: so it is for the disk, after %u transfers (errno %d)",
			load.done, load.error);
	}
	ktap_ok(disk_read(normal, SIZE), "unbind: the disk still works");
	ktap_ok(!write_text(PUCK_DRIVER "bind", pci) && puck_open_soon(&puck, pci),
		"unbind: bound again");
	ktap_ok(pool_says("size") == size && pool_is_whole(), "unbind: the pool is there again");
	ktap_ok(is_gone(load.map), "unbind: the old mapping stays gone");
	munmap(load.map, SIZE);
	map = pool_map(SIZE);
	ktap_ok(map && all_are(map, SIZE, 0), "unbind: nothing is in the new one");
	if (map)
		munmap(map, SIZE);
}

/* ---- values that cannot be ---- */

static bool is_bound(void)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver", pci);
	return !access(path, F_OK);
}

static void refuse(const char *value)
{
	char text[64], line[512];
	int log = log_open();

	snprintf(text, sizeof(text), "p2pmem_mb=%s: not a multiple of 2 MiB", value);
	expect_begin("p2pmem_mb=");
	ktap_ok(!run("modprobe puck p2pmem_mb=%s", value) && !is_bound() &&
		log_comes(log, text, line, sizeof(line)), "values: %s is refused", value);
	expect_end();
	ktap_need(!run("rmmod puck"), "rmmod");
	close(log);
}

static void test_values(void)
{
	ktap_need(!run("rmmod puck"), "rmmod");
	refuse("1");
	refuse("3");
	refuse("8");
	refuse("4294967295");
	ktap_ok(!run("modprobe puck p2pmem_mb=6") && is_bound(), "values: 6");
	ktap_ok(pool_says("size") == 6 << 20, "values: 6 MiB are in the pool");
	ktap_need(!run("rmmod puck"), "rmmod");
	ktap_ok(!run("modprobe puck p2pmem_mb=0") && is_bound(), "values: 0");
	ktap_ok(pool_says("size") == ~0ull, "values: there is no pool");
}

/* The disk of a controller. */
static int open_disk(const char *controller)
{
	char path[256], name[64] = "";
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/nvme", controller);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			snprintf(name, sizeof(name), "%.63s", entry->d_name);
	if (dir)
		closedir(dir);
	snprintf(path, sizeof(path), "/dev/%sn1", name);
	return open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
}

int main(int argc, char **argv)
{
	bool reaches = argc > 3 && !strcmp(argv[3], "reaches");
	unsigned int looks = 0;

	ktap_begin();
	ktap_need(argc == 2 || argc == 4, "a GPU, and a disk, and what is between them");
	pci = argv[1];
	if (argc == 2) {
		test_values();
		return ktap_end();
	}
	ktap_need(!puck_open_pci(&puck, pci), "the GPU");
	while ((disk = open_disk(argv[2])) < 0 && patient(&looks))
		;
	ktap_need(disk >= 0, "the disk");
	normal = aligned_alloc(PAGE, pool_says("size"));
	ktap_need(normal, "memory");
	test_pool();
	test_apart();
	if (reaches)
		test_reaches();
	else
		test_refused();
	test_flr(reaches);
	test_unbind(reaches);
	return ktap_end();
}
