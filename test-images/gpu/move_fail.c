// SPDX-License-Identifier: MIT
/*
 * Moves that fail, of BOs out of VRAM and into it. Memory that a BO comes to is not cleared before,
 * and here it is always full of what another process left: whatever becomes of the copy, and
 * whoever looks before it, sees what was in the BO, or zeroes.
 *
 *	gpu_move_fail [visible | out]
 *
 * visible: the CPU sees all of VRAM; out: only of what comes out of VRAM, where the device may work
 * on copies. There is another device, which does not reach VRAM.
 */
#include <pthread.h>
#include <sys/wait.h>

#include "lib/base/array.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/text_file.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/rebind.h"
#include "lib/gpu/region.h"
#include "lib/gpu/rules.h"

#define SECRET		0x5ec2e75e
/* Of a BO, of which VRAM has room for so many. */
#define ROOM		4
/* As much as BOs take their pages from. */
#define DIRTY		(192ul << 20)
#define TIMEOUT_MS	1000
#define SOON_MS		300

static struct puck puck;
static uint64_t size;
static uint32_t own;		/* of the last BO that was made, and of no other */
static uint32_t mover;		/* the ring that moves BOs */

/* Pages that are free have in them what somebody wrote who has gone. */
static void leave_pages(void)
{
	uint32_t *map;
	int status;
	pid_t pid;
	size_t i;

	pid = fork();
	if (!pid) {
		map = mmap(NULL, DIRTY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (map == MAP_FAILED)
			_exit(1);
		for (i = 0; i < DIRTY / sizeof(*map); i++)
			map[i] = SECRET;
		_exit(0);
	}
	ktap_need(pid > 0 && waitpid(pid, &status, 0) == pid && !status, "another fills memory");
}

static int fill(struct puck *by, const struct bo *bo, uint32_t value)
{
	struct drm_puck_bo_ref ref = ref_write(bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, bo->size, value);
	struct drm_puck_submit args = job(by->queue[0], &ref, 1, &cmd, 1);

	return submit_wait(by->fd, &args);
}

/* Drives all others out of VRAM. */
static bool take_vram(struct puck *by)
{
	struct bo bos[ROOM];
	bool good = true;
	uint32_t i;

	for (i = 0; i < ROOM; i++)
		good = good && !bo_create_vram(by->fd, &bos[i], size);
	for (i = 0; good && i < ROOM; i++)
		bo_close(by->fd, &bos[i]);
	return good;
}

/* It is not in VRAM any more when a device has it that sees none. */
static bool share(struct puck *by, const struct bo *bo, struct puck *with)
{
	struct bo shared;
	int dmabuf = bo_export(by->fd, bo);

	return dmabuf >= 0 && !bo_import(with->fd, &shared, dmabuf, size) &&
	       bo_region(by->fd, bo) == DRM_PUCK_REGION_SYSTEM &&
	       !bo_wait(by->fd, bo, 0, FOREVER_NS);
}

static bool fill_and_leave(void)
{
	struct puck by, with;
	struct bo bos[ROOM];
	bool good = !puck_open_pci(&by, puck.pci) && !puck_open_other(&with, &puck);
	uint32_t i;

	for (i = 0; i < ROOM; i++)
		good = good && !bo_create_in(by.fd, &bos[i], size, BO_VRAM | BO_SYSTEM, 0, 0) &&
		       !fill(&by, &bos[i], SECRET) &&
		       bo_region(by.fd, &bos[i]) == DRM_PUCK_REGION_VRAM;
	for (i = 0; i < ROOM; i++)
		good = good && share(&by, &bos[i], &with);
	return good;
}

/* And so has VRAM: BOs that end there are cleared, those that move away are not. */
static void leave_vram(void)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid)
		_exit(!fill_and_leave());
	ktap_need(pid > 0 && waitpid(pid, &status, 0) == pid && !status, "another fills VRAM");
}

/* Its pages are single ones, such as are free first. */
static void make(struct bo *bo)
{
	own += 0x01010101;
	ktap_need(!bo_create_in(puck.fd, bo, size, BO_VRAM, DRM_PUCK_GEM_SCATTERED, 0) &&
		  !fill(&puck, bo, own), "a BO in VRAM");
}

/* How many words of the BO are not its own, as the CPU sees it. */
static uint64_t strange(const struct bo *bo)
{
	const uint32_t *word = (const uint32_t *)bo->map;
	uint64_t i, count = 0;

	for (i = 0; i < bo->size / sizeof(*word); i++)
		count += word[i] && word[i] != own;
	return count;
}

/* The same as the GPU sees it, which brings it into VRAM. */
static uint64_t strange_to_gpu(const struct bo *bo)
{
	struct bo copy;
	struct drm_puck_bo_ref refs[2];
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, size);
	struct drm_puck_submit args;
	uint64_t count;

	ktap_need(!bo_create(puck.fd, &copy, size), "a BO in memory");
	refs[0] = ref_read(bo);
	refs[1] = ref_write(&copy);
	args = job(puck.queue[0], refs, 2, &cmd, 1);
	ktap_need(!submit_wait(puck.fd, &args) && !bo_wait(puck.fd, &copy, 0, 0), "copied");
	count = strange(&copy);
	bo_close(puck.fd, &copy);
	return count;
}

static unsigned long rule(const char *site, const char *rest)
{
	char text[96];

	snprintf(text, sizeof(text), "ring=%u %s", mover, rest);
	return puck_rule(&puck, site, text);
}

/* A BO whose move failed is one like others. */
static void goes_on(const char *what, const struct bo *bo)
{
	bool good = !fill(&puck, bo, own) && take_vram(&puck) && !bo_wait(puck.fd, bo, 0, FOREVER_NS);
	uint64_t i;

	for (i = 0; good && i < size; i += sizeof(uint32_t))
		good = *(uint32_t *)(bo->map + i) == own;
	ktap_ok(good, "%s: and it is used, and moved, as before", what);
}

/* What goes wrong with the device's copies of a BO. */
static const struct wrong {
	const char *what;
	const char *site;
	const char *rest;
} out_of_vram[] = {
	{ "out, the first access fails", "dma.write", "nth=1 fault" },
	{ "out, one half way fails", "dma.write", "nth=100 fault" },
	{ "out, so do the zeroes", "dma.write", "from=1 fault" },
	{ "out, it is refused", "fence.complete", "nth=1 error" },
	{ "out, its end does not come, twice", "fence.complete", "from=1 count=2 never" },
}, into_vram[] = {
	{ "in, the first access fails", "dma.read", "nth=1 fault" },
	{ "in, one half way fails", "dma.read", "nth=100 fault" },
	{ "in, all of them fail", "dma.read", "from=1 fault" },
	{ "in, its end does not come, twice", "fence.complete", "from=1 count=2 never" },
};

static void test_out(const struct wrong *wrong)
{
	unsigned long number;
	uint64_t count;
	struct bo bo;

	make(&bo);
	leave_pages();
	number = rule(wrong->site, wrong->rest);
	ktap_need(take_vram(&puck) && bo_region(puck.fd, &bo) == DRM_PUCK_REGION_SYSTEM,
		  "%s: driven out", wrong->what);
	ktap_need(!bo_wait(puck.fd, &bo, 0, FOREVER_NS), "%s: over", wrong->what);
	count = strange(&bo);
	ktap_ok(!count, "%s: %llu words of others", wrong->what, (unsigned long long)count);
	puck_rule_done(number, -1);
	goes_on(wrong->what, &bo);
	bo_close(puck.fd, &bo);
}

static void test_in(const struct wrong *wrong)
{
	unsigned long number;
	uint64_t count;
	struct bo bo;

	make(&bo);
	leave_vram();
	ktap_need(bo_region(puck.fd, &bo) == DRM_PUCK_REGION_SYSTEM, "%s: it is out", wrong->what);
	number = rule(wrong->site, wrong->rest);
	count = strange_to_gpu(&bo);
	ktap_ok(bo_region(puck.fd, &bo) == DRM_PUCK_REGION_VRAM && !count,
		"%s: %llu words of others", wrong->what, (unsigned long long)count);
	puck_rule_done(number, -1);
	count = strange(&bo);
	ktap_ok(!count, "%s: %llu words for the CPU", wrong->what, (unsigned long long)count);
	goes_on(wrong->what, &bo);
	bo_close(puck.fd, &bo);
}

/* A job has the BO for as long as it likes; the copy out of VRAM waits for it. */
static void drive_out_late(const struct bo *bo)
{
	struct drm_puck_bo_ref ref = ref_read(bo);
	struct drm_puck_cmd cmd = cmd_nop();
	struct drm_puck_submit args = job(puck.queue[0], &ref, 1, &cmd, 1);

	puck_set(&puck, 0, "hold", 1);
	ktap_need(!submit(puck.fd, &args) && take_vram(&puck) &&
		  bo_region(puck.fd, bo) == DRM_PUCK_REGION_SYSTEM, "driven out, some day");
}

struct look {
	pthread_t thread;
	const struct bo *bo;
	uint32_t *words;
	ssize_t got;
	bool done;
};

static void *look_by_proc(void *data)
{
	struct look *look = data;
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

	look->got = pread(fd, look->words, size, (off_t)(uintptr_t)look->bo->map);
	close(fd);
	__atomic_store_n(&look->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* A debugger's look goes by no page table, and takes the BO as it is just then. */
static void test_early_look(void)
{
	struct look look = { .words = calloc(1, size) };
	struct bo bo;
	uint64_t i, bad = 0;

	ktap_need(look.words, "memory");
	make(&bo);
	leave_pages();
	drive_out_late(&bo);
	look.bo = &bo;
	ktap_need(!pthread_create(&look.thread, NULL, look_by_proc, &look), "thread");
	usleep(SOON_MS * 1000);
	ktap_ok(!__atomic_load_n(&look.done, __ATOMIC_ACQUIRE), "early: a look waits for the move");
	puck_set(&puck, 0, "hold", 0);
	pthread_join(look.thread, NULL);
	for (i = 0; i < size / sizeof(uint32_t); i++)
		bad += look.words[i] != own;
	ktap_ok(look.got == (ssize_t)size && !bad, "early: it sees what was moved (%zd, %llu)",
		look.got, (unsigned long long)bad);
	bo_close(puck.fd, &bo);
	free(look.words);
}

/*
 * Pages are handed to the device by who thinks that he has them, while what comes out of VRAM is
 * written there. Where that is a copy it is not to be lost.
 */
static void test_early_flush(void)
{
	uint64_t i, bad = 0;
	struct bo bo;

	make(&bo);
	leave_pages();
	puck_set(&puck, mover, "hold", 1);
	ktap_need(take_vram(&puck) && bo_region(puck.fd, &bo) == DRM_PUCK_REGION_SYSTEM,
		  "driven out, but not told so");
	for (i = 0; i < SOON_MS / LOOK_EVERY_MS; i++) {
		ktap_need(!bo_flush(puck.fd, &bo), "flush");
		usleep(LOOK_EVERY_MS * 1000);
	}
	puck_set(&puck, mover, "hold", 0);
	ktap_need(!bo_wait(puck.fd, &bo, 0, FOREVER_NS), "wait");
	for (i = 0; i < size / sizeof(uint32_t); i++)
		bad += ((uint32_t *)bo.map)[i] != own;
	ktap_ok(!bad, "early: a flush leaves what is moved as it is (%llu)",
		(unsigned long long)bad);
	bo_close(puck.fd, &bo);
}

/* The copy was never begun when the driver lets go of the device. */
static void test_unbind(void)
{
	uint64_t count;
	char pci[32];
	struct bo bo;

	memcpy(pci, puck.pci, sizeof(pci));
	make(&bo);
	leave_pages();
	drive_out_late(&bo);
	ktap_need(!write_text(PUCK_DRIVER "unbind", pci), "unbind");
	count = strange(&bo);
	ktap_ok(!count, "unbind: %llu words of others", (unsigned long long)count);
	bo_close(puck.fd, &bo);
	close(puck.fd);
	ktap_need(!write_text(PUCK_DRIVER "bind", pci) && puck_open_soon(&puck, pci), "bind");
}

/* Then it resets, in the middle of that, so it is not said whether the rule is gone. */
static void let_reset(unsigned long number)
{
	ktap_ok(puck_rule_hits(number) > 1, "wedged: neither ring nor device could be reset");
	rule_command("remove", number);
	rule_command("remove", number);
	ktap_need(puck_rule_hits(number) < 0, "wedged: the rule is gone");
}

/* Of a device that does not come to itself. Only another bond helps. */
static void bind_again(void)
{
	ktap_need(puck_rebind(&puck), "wedged: bound again");
}

/* The copy fails, and with it the device. Nobody has to be driven out but the BO. */
static void test_wedged_out(void)
{
	unsigned long faults, resets;
	struct bo bo, others[ROOM];
	uint64_t count;
	uint32_t i;

	make(&bo);
	for (i = 0; i < ROOM - 1; i++)
		ktap_need(!bo_create_vram(puck.fd, &others[i], size), "wedged: create");
	leave_pages();
	faults = rule("dma.write", "nth=1 fault");
	resets = puck_rule(&puck, "device", "reset-fails");
	ktap_need(!bo_create_vram(puck.fd, &others[i], size) &&
		  bo_region(puck.fd, &bo) == DRM_PUCK_REGION_SYSTEM, "wedged: driven out");
	ktap_need(!bo_wait(puck.fd, &bo, DRM_PUCK_WAIT_WRITE, FOREVER_NS), "wedged: over");
	count = strange(&bo);
	ktap_ok(!count, "out, wedged: %llu words of others", (unsigned long long)count);
	puck_rule_done(faults, 1);
	let_reset(resets);
	for (i = 0; i < ROOM; i++)
		bo_close(puck.fd, &others[i]);
	bo_close(puck.fd, &bo);
	bind_again();
}

static void test_wedged_in(void)
{
	struct drm_puck_submit args;
	struct drm_puck_bo_ref ref;
	struct drm_puck_cmd cmd = cmd_nop();
	unsigned long faults, resets;
	uint64_t count;
	struct bo bo;

	make(&bo);
	leave_vram();
	ref = ref_read(&bo);
	args = job(puck.queue[0], &ref, 1, &cmd, 1);
	faults = rule("dma.read", "nth=1 fault");
	resets = puck_rule(&puck, "device", "reset-fails");
	ktap_need(!submit(puck.fd, &args) && bo_region(puck.fd, &bo) == DRM_PUCK_REGION_VRAM,
		  "wedged: brought in");
	ktap_need(!bo_wait(puck.fd, &bo, DRM_PUCK_WAIT_WRITE, FOREVER_NS), "wedged: over");
	count = strange(&bo);
	ktap_ok(!count, "in, wedged: %llu words of others", (unsigned long long)count);
	puck_rule_done(faults, 1);
	let_reset(resets);
	bo_close(puck.fd, &bo);
	bind_again();
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";
	struct drm_puck_region vram;
	uint32_t i;

	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(!region_get(puck.fd, DRM_PUCK_REGION_VRAM, &vram), "VRAM");
	size = vram.size / ROOM;
	mover = puck.rings - 1;
	puck_set_all(&puck, puck.rings, "timeout_ms", TIMEOUT_MS);
	for (i = 0; i < ARRAY_SIZE(out_of_vram); i++)
		test_out(&out_of_vram[i]);
	for (i = 0; i < ARRAY_SIZE(into_vram) && strcmp(mode, "out"); i++)
		test_in(&into_vram[i]);
	puck_set_all(&puck, puck.rings, "timeout_ms", 10000);
	test_early_look();
	test_early_flush();
	test_unbind();
	test_wedged_out();
	/* Else the CPU does not see where it is. */
	if (!strcmp(mode, "visible"))
		test_wedged_in();
	ktap_ok(puck_count_becomes(&puck, "bos", "bo ", 0), "no BO is left");
	return ktap_end();
}
