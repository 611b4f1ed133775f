// SPDX-License-Identifier: MIT
/*
 * Moves of BOs out of VRAM: who looks before the copy is there waits, and sees what was moved; and
 * who thinks that he has the BO by then spoils nothing.
 */
#include <pthread.h>
#include <sys/wait.h>

#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"
#include "lib/gpu/region.h"

#define OWN		0x11111111
#define SECRET		0x5ec2e75e
/* Of a BO, of which VRAM has room for so many. */
#define ROOM		4
/* As much as BOs take their pages from. */
#define DIRTY		(192ul << 20)
#define SOON_MS		300

static struct puck puck;
static uint64_t size;

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

/* Its pages are single ones, such as are free first. */
static void make(struct bo *bo)
{
	ktap_need(!bo_create_in(puck.fd, bo, size, BO_VRAM, DRM_PUCK_GEM_SCATTERED, 0) &&
		  !fill(&puck, bo, OWN), "a BO in VRAM");
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
		bad += look.words[i] != OWN;
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
	uint32_t mover = puck.rings - 1;
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
		bad += ((uint32_t *)bo.map)[i] != OWN;
	ktap_ok(!bad, "early: a flush leaves what is moved as it is (%llu)",
		(unsigned long long)bad);
	bo_close(puck.fd, &bo);
}

int main(void)
{
	struct drm_puck_region vram;

	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(!region_get(puck.fd, DRM_PUCK_REGION_VRAM, &vram), "VRAM");
	size = vram.size / ROOM;
	test_early_look();
	test_early_flush();
	ktap_ok(puck_count_becomes(&puck, "bos", "bo ", 0), "no BO is left");
	return ktap_end();
}
