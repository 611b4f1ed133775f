// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What Puck is for, in one screen: the same work and the same driver bugs on a
 * GPU behind puck-iommu (the board) and on one that is not (the ordinary VM).
 *
 * Lines for the reader begin with "puck: ". The last one is the verdict, and
 * so is the exit status. Every job is waited for before the next is sent, so
 * that the order of the devices' events is the same in each run.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/udmabuf.h>
#include <sys/mman.h>

#include "lib/base/array.h"
#include "lib/base/clock.h"
#include "lib/base/crc32.h"
#include "lib/base/late.h"
#include "lib/base/patience.h"
#include "lib/base/text_file.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"

#define PAGE		4096
#define PAGES		256
#define SIZE		(PAGES * PAGE)
#define GPUS_MAX	4
#define LATE_MS		50
#define SETTLE_US	5000
#define SCENARIOS	"/sys/kernel/debug/puck-scenarios/"

/* Scattered memory of user space, and the dma-buf over it. */
struct memory {
	uint8_t *va;
	int dmabuf;
};

/* A GPU and what was seen of it. */
struct gpu {
	struct puck puck;
	uint32_t orig_nents, nents;
	char segments[160];	/* the first ones, as text */
	uint32_t crc;
	bool copied;
};

static struct gpu gpus[GPUS_MAX];
static int ngpus;
static int failures;

/* A line for the reader. */
#define say(fmt, ...)	printf("puck: " fmt "\n", ##__VA_ARGS__)

/* A check that counts for the verdict; only a failed one is worth a line. */
#define check(ok, fmt, ...) \
	((ok) || (failures++, say("WRONG: " fmt, ##__VA_ARGS__), false))

static void die(const char *what)
{
	say("%s: %s", what, strerror(errno));
	say("verdict: FAIL");
	exit(1);
}

/* --- the GPUs --- */

/* The board first, then the ordinary ones. */
static int board_first(const void *a, const void *b)
{
	return ((const struct gpu *)b)->puck.translated - ((const struct gpu *)a)->puck.translated;
}

/* The IOMMU's name, as the kernel has it. */
static const char *iommu_of(const struct gpu *gpu)
{
	static char name[64];
	char path[96];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu", gpu->puck.pci);
	n = readlink(path, name, sizeof(name) - 1);
	name[n < 0 ? 0 : n] = '\0';
	return strrchr(name, '/') ? strrchr(name, '/') + 1 : "?";
}

static void find_gpus(void)
{
	char name[32];

	for (int minor = 128; minor < 192 && ngpus < GPUS_MAX; minor++) {
		snprintf(name, sizeof(name), "renderD%d", minor);
		ngpus += !puck_open_node(&gpus[ngpus].puck, name);
	}
	qsort(gpus, ngpus, sizeof(gpus[0]), board_first);

	say("GPUs");
	for (int i = 0; i < ngpus; i++)
		say("  %-14s %s%s", gpus[i].puck.pci,
		    gpus[i].puck.translated ? "behind " : "no IOMMU",
		    gpus[i].puck.translated ? iommu_of(&gpus[i]) : "");
	if (!check(ngpus && gpus[0].puck.translated, "no GPU is behind the IOMMU")) {
		say("verdict: FAIL");
		exit(1);
	}
}

/* --- memory --- */

/*
 * Pages are touched far apart from each other in turn, so that the kernel's
 * allocator hands out neighbours to places that are none.
 */
static void memory_make(struct memory *mem)
{
	struct udmabuf_create create = { .size = SIZE };
	int udmabuf = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);

	if (udmabuf < 0)
		die("/dev/udmabuf");
	create.memfd = memfd_create("puck", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	if ((int)create.memfd < 0 || ftruncate(create.memfd, SIZE) ||
	    fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		die("memfd");

	mem->va = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, create.memfd, 0);
	if (mem->va == MAP_FAILED)
		die("mmap");
	for (int i = 0; i < PAGES; i++)
		mem->va[(i * 97 % PAGES) * PAGE] = 1;

	mem->dmabuf = ioctl(udmabuf, UDMABUF_CREATE, &create);
	if (mem->dmabuf < 0)
		die("UDMABUF_CREATE");
	close(create.memfd);
	close(udmabuf);
}

/* Always for both directions: udmabuf maps for the first one it is told of. */
static void cpu_access(const struct memory *mem, uint64_t when)
{
	struct dma_buf_sync sync = { .flags = when | DMA_BUF_SYNC_RW };

	if (ioctl(mem->dmabuf, DMA_BUF_IOCTL_SYNC, &sync))
		die("DMA_BUF_IOCTL_SYNC");
}

static void memory_fill(struct memory *mem, uint32_t seed)
{
	uint32_t *word = (uint32_t *)mem->va;

	cpu_access(mem, DMA_BUF_SYNC_START);
	for (int i = 0; i < SIZE / 4; i++) {
		seed = seed * 1664525 + 1013904223;
		word[i] = seed;
	}
	cpu_access(mem, DMA_BUF_SYNC_END);
}

static uint32_t memory_crc(const struct memory *mem)
{
	uint32_t crc;

	cpu_access(mem, DMA_BUF_SYNC_START);
	crc = crc32c(mem->va, SIZE);
	cpu_access(mem, DMA_BUF_SYNC_END);
	return crc;
}

/* --- buffer objects and jobs --- */

static struct bo bo_of(const struct gpu *gpu, const struct memory *mem)
{
	struct bo bo;

	if (bo_import(gpu->puck.fd, &bo, mem->dmabuf, SIZE))
		die("PRIME import");
	return bo;
}

/*
 * The driver lets go of a job, and of its buffers, in a worker behind the fence.
 * Leaving it the time keeps the order of events.
 */
static void wait_for(const struct gpu *gpu, const struct bo *bo, const char *what)
{
	int ret = bo_wait(gpu->puck.fd, bo, 0, FOREVER_NS);

	check(!ret, "waiting for %s: %s", what, strerror(-ret));
	usleep(SETTLE_US);
}

/* One command on ring 0, from the first BO of its job to the second. */
static void submit_one(const struct gpu *gpu, const struct drm_puck_cmd *cmd,
		       const struct bo *src, const struct bo *dst)
{
	struct drm_puck_bo_ref refs[] = { ref_read(src), ref_write(dst) };
	struct drm_puck_submit args = job(gpu->puck.queue[0], refs, 2, cmd, 1);

	if (submit(gpu->puck.fd, &args))
		die("SUBMIT");
}

static void submit_copy(const struct gpu *gpu, const struct bo *src, const struct bo *dst)
{
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, SIZE);

	submit_one(gpu, &cmd, src, dst);
}

/* CRC-32C of a BO by the GPU, through a BO of its own for the 4 bytes. */
static uint32_t gpu_crc(const struct gpu *gpu, const struct bo *src)
{
	struct drm_puck_cmd cmd = cmd_crc(0, 0, SIZE, 1, 0);
	struct bo sum;
	uint32_t crc;

	if (bo_create(gpu->puck.fd, &sum, PAGE))
		die("GEM_CREATE");
	submit_one(gpu, &cmd, src, &sum);
	wait_for(gpu, &sum, "the checksum");
	memcpy(&crc, sum.map, sizeof(crc));
	bo_close(gpu->puck.fd, &sum);
	return crc;
}

/* --- merging --- */

/* The first DMA segments of the imported BO, from debugfs. */
static void find_segments(struct gpu *gpu)
{
	static char text[65536];
	char path[96], *line, *save = NULL;
	bool ours = false;
	unsigned int shown = 0;
	unsigned long long at, size;
	size_t used = 0;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/bos", gpu->puck.pci);
	read_text(path, text, sizeof(text));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "bo ", 3)) {
			if (shown)
				break;
			ours = strstr(line, " imported");
		} else if (ours && sscanf(line, " %*u: %llx + %llx", &at, &size) == 2 &&
			   shown < 2) {
			used += snprintf(gpu->segments + used, sizeof(gpu->segments) - used,
					 "%s%#llx+%#llx", shown ? " " : "", at, size);
			shown++;
		}
	}
	if (gpu->nents > shown && shown)
		snprintf(gpu->segments + used, sizeof(gpu->segments) - used,
			 " and %u more", gpu->nents - shown);
}

static void import_and_copy(struct gpu *gpu, struct memory *src, struct memory *dst)
{
	struct bo from = bo_of(gpu, src), to;
	struct drm_puck_gem_info info;

	if (bo_info(gpu->puck.fd, &from, &info))
		die("GEM_INFO");
	gpu->orig_nents = info.orig_nents;
	gpu->nents = info.nents;
	find_segments(gpu);

	memory_fill(dst, 0);
	to = bo_of(gpu, dst);
	submit_copy(gpu, &from, &to);
	wait_for(gpu, &to, "the copy");
	gpu->copied = !memcmp(src->va, dst->va, SIZE);
	gpu->crc = gpu_crc(gpu, &to);
	bo_close(gpu->puck.fd, &to);
	bo_close(gpu->puck.fd, &from);
}

static void show_merging(struct memory *src, struct memory *dst)
{
	uint32_t crc;

	memory_fill(src, 0x9ecb);
	for (int i = 0; i < ngpus; i++)
		import_and_copy(&gpus[i], src, dst);
	crc = memory_crc(src);

	say("%d scattered pages (a udmabuf), as each GPU gets them", PAGES);
	say("  %-14s %10s %6s   DMA segments", "GPU", "orig_nents", "nents");
	for (int i = 0; i < ngpus; i++)
		say("  %-14s %10u %6u   %s", gpus[i].puck.pci, gpus[i].orig_nents,
		    gpus[i].nents, gpus[i].segments);
	say("copied by the GPU, then summed up by it: CRC-32C by the CPU %#010x", crc);
	for (int i = 0; i < ngpus; i++)
		say("  %-14s %u bytes %s, CRC-32C by the GPU %#010x", gpus[i].puck.pci, SIZE,
		    gpus[i].copied ? "equal" : "DIFFER", gpus[i].crc);

	for (int i = 0; i < ngpus; i++) {
		uint32_t expected_nents = gpus[i].puck.translated ? 1 : PAGES;

		check(gpus[i].nents == expected_nents, "%s: nents is not %u",
		      gpus[i].puck.pci, expected_nents);
		check(gpus[i].orig_nents == PAGES, "%s: orig_nents is not %u",
		      gpus[i].puck.pci, PAGES);
		check(gpus[i].copied && gpus[i].crc == crc, "%s: the copy is not right",
		      gpus[i].puck.pci);
	}
}

/* --- late fences --- */

static bool wait_readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, FOREVER_MS) == 1 && pfd.revents == POLLIN;
}

/* The fence that a reader has to wait for, out of the buffer's dma_resv. */
static bool wait_sync_file(const struct memory *mem)
{
	struct dma_buf_export_sync_file export = { .flags = DMA_BUF_SYNC_READ };
	bool ok;

	if (ioctl(mem->dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export))
		die("DMA_BUF_IOCTL_EXPORT_SYNC_FILE");
	ok = wait_readable(export.fd);
	close(export.fd);
	return ok;
}

enum way { SYNC_FILE, POLL, GEM_WAIT, WAYS };

static const char * const way_names[WAYS] = {
	[SYNC_FILE] = "sync_file out of the dma_resv",
	[POLL] = "poll() of the dma-buf",
	[GEM_WAIT] = "GEM_WAIT",
};

/* Milliseconds from submission to the fence, seen in one of the ways. */
static double time_copy(const struct gpu *gpu, const struct memory *dst, const struct bo *from,
			const struct bo *to, enum way way)
{
	int64_t start = now_ns();
	bool ok;

	submit_copy(gpu, from, to);
	if (way == SYNC_FILE)
		ok = wait_sync_file(dst);
	else if (way == POLL)
		ok = wait_readable(dst->dmabuf);
	else
		ok = !bo_wait(gpu->puck.fd, to, 0, FOREVER_NS);
	start = now_ns() - start;
	check(ok, "waiting by %s", way_names[way]);
	wait_for(gpu, to, "the late copy");
	return start / 1e6;
}

static void show_late_fence(struct memory *src, struct memory *dst)
{
	struct gpu *gpu = &gpus[0];
	struct bo from = bo_of(gpu, src), to = bo_of(gpu, dst);
	double soon[WAYS], late[WAYS];

	for (enum way way = 0; way < WAYS; way++)
		soon[way] = time_copy(gpu, dst, &from, &to, way);
	if (puck_set(&gpu->puck, 0, "delay_ns", LATE_MS * NSEC_PER_MSEC))
		die("ring0/delay_ns");
	for (enum way way = 0; way < WAYS; way++)
		late[way] = time_copy(gpu, dst, &from, &to, way);
	puck_set(&gpu->puck, 0, "delay_ns", 0);
	bo_close(gpu->puck.fd, &to);
	bo_close(gpu->puck.fd, &from);

	say("fence asked for %d ms late, waited for through the buffer's dma_resv", LATE_MS);
	say("  %-30s %12s %12s", "waited by", "not late", "late");
	for (enum way way = 0; way < WAYS; way++) {
		say("  %-30s %9.1f ms %9.1f ms", way_names[way], soon[way], late[way]);
		/* A busy host may add any time to it; less is a bug. */
		check(late[way] >= LATE_MS, "%s: the fence came early", way_names[way]);
	}
}

/* --- the IOMMU's counters --- */

static const char * const counter_names[] = {
	"translations", "hits", "walks", "invalidations", "faults",
};

#define COUNTERS	ARRAY_SIZE(counter_names)

struct counters {
	unsigned long long value[COUNTERS];
	bool there;
};

static struct counters read_counters(void)
{
	struct counters c = { .there = true };
	char path[128], text[32];

	for (size_t i = 0; i < COUNTERS; i++) {
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu/counters/%s",
			 gpus[0].puck.pci, counter_names[i]);
		read_text(path, text, sizeof(text));
		c.there = c.there && text[0];
		c.value[i] = strtoull(text, NULL, 10);
	}
	return c;
}

static void show_counters(const struct counters *before)
{
	struct counters after = read_counters();
	char text[256];
	size_t used = 0;

	if (!check(before->there && after.there, "puck-iommu shows no counters"))
		return;
	for (size_t i = 0; i < COUNTERS; i++) {
		after.value[i] -= before->value[i];
		used += snprintf(text + used, sizeof(text) - used, "%s%llu %s",
				 i ? ", " : "", after.value[i], counter_names[i]);
	}
	say("the IOMMU meanwhile: %s", text);
	/* Each of the five copies reads and writes every page. */
	check(after.value[0] >= 5 * 2 * PAGES, "the GPU's traffic did not go through it");
	check(after.value[4] == 0, "it reported faults");
}

/* --- the scenarios --- */

struct outcome {
	char text[128];		/* "caught by ...", "silent", "unnoticed", "SKIP ..." */
	bool ok;
};

/* A GPU or a camera, as the scenarios know it. */
struct place {
	char pci[32];
	bool translated;
};

/* Run one and take the words behind the # of its KTAP result. */
static struct outcome scenario(const char *name, const char *variant, const struct place *place)
{
	struct outcome outcome = { 0 };
	char text[1024], *result, *mark;

	snprintf(text, sizeof(text), "%s %s %s %s", name, variant, place->pci,
		 !place->translated ? "" :
		 strcmp(variant, "buggy") ? PUCK_LATE_FIXED : PUCK_LATE_BUGGY);
	if (write_text(SCENARIOS "run", text)) {
		snprintf(outcome.text, sizeof(outcome.text), "%s", strerror(errno));
		return outcome;
	}
	read_text(SCENARIOS "run", text, sizeof(text));
	result = strstr(text, "\nok 1 ");
	outcome.ok = result;
	if (!result)
		result = strstr(text, "\nnot ok 1 ");
	mark = result ? strstr(result, " # ") : NULL;
	if (mark)
		snprintf(outcome.text, sizeof(outcome.text), "%.*s",
			 (int)strcspn(mark + 3, "\n"), mark + 3);
	return outcome;
}

static bool begins(const struct outcome *outcome, const char *word)
{
	return !strncmp(outcome->text, word, strlen(word));
}

/* @plain is without an IOMMU; NULL if there is none. */
static void show_scenario(const char *name, const char *mistake, const struct place *board,
			  const struct place *plain)
{
	struct outcome buggy = scenario(name, "buggy", board);
	struct outcome fixed = scenario(name, "fixed", board);
	struct outcome elsewhere = { .text = "-", .ok = true };

	if (begins(&buggy, "SKIP ")) {
		say("  %-42s skipped: %s", mistake, buggy.text + strlen("SKIP "));
		return;
	}
	if (plain)
		elsewhere = scenario(name, "buggy", plain);
	if (begins(&elsewhere, "SKIP ")) {
		/* Without an IOMMU there is nothing that could be stale. */
		snprintf(elsewhere.text, sizeof(elsewhere.text), "-");
		plain = NULL;
	}
	say("  %-42s %-9s %-9s %s", mistake, begins(&buggy, "caught") ? "caught" : "MISSED",
	    fixed.text, begins(&elsewhere, "caught") ? "caught" : elsewhere.text);
	if (begins(&buggy, "caught"))
		say("      %s", buggy.text);

	check(buggy.ok && begins(&buggy, "caught"), "%s.buggy: %s", name, buggy.text);
	check(fixed.ok && begins(&fixed, "silent"), "%s.fixed: %s", name, fixed.text);
	if (plain)
		check(elsewhere.ok && (begins(&elsewhere, "unnoticed") ||
				       begins(&elsewhere, "caught")),
		      "%s.buggy without IOMMU: %s", name, elsewhere.text);
}

/* All that are for this kind of device. */
static void show_scenarios(const char *kind, const struct place *board, const struct place *plain)
{
	char list[8192], *name, *mistake, *of, *save = NULL;

	read_text(SCENARIOS "list", list, sizeof(list));
	if (!check(list[0], "puck-scenarios is not loaded"))
		return;
	for (name = strtok_r(list, "\t", &save); name; name = strtok_r(NULL, "\t", &save)) {
		mistake = strtok_r(NULL, "\t", &save);
		strtok_r(NULL, "\t", &save);
		of = strtok_r(NULL, "\n", &save);
		if (of && !strcmp(of, kind))
			show_scenario(name, mistake, board, plain);
	}
}

static struct place place_of(const struct gpu *gpu)
{
	struct place place = { .translated = gpu->puck.translated };

	snprintf(place.pci, sizeof(place.pci), "%s", gpu->puck.pci);
	return place;
}

static void show_gpu_scenarios(void)
{
	struct place board = place_of(&gpus[0]), plain = place_of(&gpus[ngpus - 1]);

	say("driver bugs, each run on both GPUs");
	say("  %-42s %-19s %s", "", "behind puck-iommu", "no IOMMU");
	say("  %-42s %-9s %-9s %s", "", "buggy", "fixed", "buggy");
	show_scenarios("gpu", &board, plain.translated ? NULL : &plain);
}

/* Of drivers of cameras: on the first one, if there is one and its driver is loaded. */
static void show_camera_scenarios(void)
{
	struct place camera;
	char text[256], path[96];

	read_text(SCENARIOS "camera", text, sizeof(text));
	snprintf(camera.pci, sizeof(camera.pci), "%.*s", (int)strcspn(text, "\t"), text);
	camera.translated = strstr(text, "\ttranslated");
	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/puck-cam/%s", camera.pci);
	if (!camera.pci[0] || access(path, F_OK))
		return;
	say("bugs of cameras' drivers, run on %s", camera.pci);
	show_scenarios("camera", &camera, NULL);
}

int main(void)
{
	struct memory src, dst;
	struct counters before;

	setvbuf(stdout, NULL, _IOLBF, 0);
	/* udmabuf is built into the kernels this runs on */
	if (system("modprobe puck-scenarios"))
		say("puck-scenarios does not load");
	find_gpus();
	before = read_counters();
	memory_make(&src);
	memory_make(&dst);

	show_merging(&src, &dst);
	show_late_fence(&src, &dst);
	show_counters(&before);
	show_gpu_scenarios();
	show_camera_scenarios();

	say("verdict: %s", failures ? "FAIL" : "PASS");
	return failures ? 1 : 0;
}
