// SPDX-License-Identifier: MIT
/*
 * Memory of the process as BOs, and all that can be done to it while jobs use it: whoever takes
 * it away waits for them, and the next job sees what is there then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/array.h"
#include "lib/base/ktap.h"
#include "lib/base/swap.h"
#include "lib/base/text_file.h"
#include "lib/gpu/bad.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/userptr.h"
#include "lib/gpu/vm.h"

#define SIZE	(64u << 10)
#define PAGE	4096u
#define HUGE	(2u << 20)
/* Data of a job are so late that whatever is done behind its submission is done before them. */
#define LATE_NS	100000000ull

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

static struct puck puck;
/* Memory of the driver's, to compare with. */
static struct bo copy;

static int fill(const struct bo *bo, uint8_t value)
{
	return fill_wait(puck.fd, puck.queue[0], bo, value);
}

/* The device reads it as the CPU does. */
static bool device_sees(const struct bo *bo, uint8_t value)
{
	return !copy_wait(puck.fd, puck.queue[0], bo, &copy) &&
	       bytes_are(copy.map, bo->size, value);
}

static void be_late(uint64_t ns)
{
	puck_set_all(&puck, puck.rings, "start_delay_ns", ns);
}

/* ---- what can be had ---- */

static const struct bad bads[] = {
	BAD_MEMBER(struct drm_puck_gem_userptr, addr, -EINVAL, 1),
	BAD_MEMBER(struct drm_puck_gem_userptr, addr, -EFAULT, 0),
	BAD_MEMBER(struct drm_puck_gem_userptr, addr, -EFAULT, ~0ull << 12),
	BAD_MEMBER(struct drm_puck_gem_userptr, addr, -EFAULT, 1ull << 47),
	BAD_MEMBER(struct drm_puck_gem_userptr, size, -EINVAL, 0),
	BAD_MEMBER(struct drm_puck_gem_userptr, size, -EINVAL, PAGE + 1),
	BAD_MEMBER(struct drm_puck_gem_userptr, size, -E2BIG,
		   DRM_PUCK_USERPTR_SIZE_MAX + PAGE),
	BAD_MEMBER(struct drm_puck_gem_userptr, flags, -EINVAL, 1u << 2),
	BAD_MEMBER(struct drm_puck_gem_userptr, handle, -EINVAL, 1),
};

static void test_bad(uint32_t flags)
{
	uint8_t *mem = memory(SIZE, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bads); i++) {
		struct drm_puck_gem_userptr args = {
			.addr = (uintptr_t)mem, .size = SIZE, .flags = flags,
		};
		int ret;

		bad_spoil(&bads[i], &args);
		ret = puck_call(puck.fd, DRM_IOCTL_PUCK_GEM_USERPTR, &args);
		bad_report(&bads[i], ret, true);
	}
	munmap(mem, SIZE);
}

static void test_bytes(uint32_t flags)
{
	uint8_t *mem = memory(SIZE, 0x11);
	struct drm_puck_gem_info info;
	struct bo bo;
	int ret;

	ktap_ok(!userptr_create(puck.fd, &bo, mem, SIZE, flags), "flags %u: memory is a BO", flags);
	ktap_ok(device_sees(&bo, 0x11), "flags %u: the device reads it", flags);
	ret = bo_info(puck.fd, &bo, &info);
	ktap_ok(!ret && info.flags == DRM_PUCK_INFO_USERPTR && !info.placements &&
		info.orig_nents && info.nents <= info.orig_nents,
		"flags %u: INFO: %u of %u segments", flags, info.nents, info.orig_nents);
	if (flags & DRM_PUCK_USERPTR_READONLY)
		ktap_ok(fill(&bo, 0x22) == -EACCES && bytes_are(mem, SIZE, 0x11),
			"flags %u: a job may not write it", flags);
	else
		ktap_ok(!fill(&bo, 0x22) && bytes_are(mem, SIZE, 0x22),
			"flags %u: the device writes it", flags);
	ktap_ok(bo_export(puck.fd, &bo) == -EPERM, "flags %u: it cannot be exported", flags);
	ktap_ok(bo_mmap(puck.fd, &bo) == -EPERM, "flags %u: it cannot be mapped", flags);
	bo_close(puck.fd, &bo);
	munmap(mem, SIZE);
}

/* Of what may only be read one can have what is only read. */
static void test_rights(void)
{
	uint8_t *mem = memory(SIZE, 0x12);
	struct bo bo;

	mprotect(mem, SIZE, PROT_READ);
	ktap_ok(userptr_create(puck.fd, &bo, mem, SIZE, 0) == -EFAULT, "no right to write");
	ktap_ok(userptr_create(puck.fd, &bo, mem, SIZE, DRM_PUCK_USERPTR_PIN) == -EFAULT,
		"no right to write, pinned");
	ktap_ok(!userptr_create(puck.fd, &bo, mem, SIZE, DRM_PUCK_USERPTR_READONLY) &&
		device_sees(&bo, 0x12), "a right to read");
	bo_close(puck.fd, &bo);
	munmap(mem, SIZE);
}

/* Whoever has no right to lock memory pins what its limit allows. */
static int pin_unprivileged(void)
{
	struct rlimit limit = { .rlim_cur = SIZE, .rlim_max = SIZE };
	uint8_t *mem = memory(2 * SIZE, 0);
	struct bo bo, second;

	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setuid(1000))
		return 1;
	if (userptr_create(puck.fd, &bo, mem, 2 * SIZE, DRM_PUCK_USERPTR_PIN) != -ENOMEM)
		return 2;
	if (userptr_create(puck.fd, &bo, mem, SIZE, DRM_PUCK_USERPTR_PIN))
		return 3;
	if (userptr_create(puck.fd, &second, mem, PAGE, DRM_PUCK_USERPTR_PIN) != -ENOMEM)
		return 4;
	return bo_close(puck.fd, &bo) ? 5 : 0;
}

static void test_limit(void)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid)
		_exit(pin_unprivileged());
	ktap_ok(waitpid(pid, &status, 0) == pid && !status,
		"RLIMIT_MEMLOCK is for pinned memory (%#x)", status);
}

/* ---- what becomes of memory while a job uses it ---- */

static void unmap(uint8_t *mem)
{
	munmap(mem, SIZE);
}

static void map_anew(uint8_t *mem)
{
	memory_at(mem, SIZE, 0x55);
}

static void throw_away(uint8_t *mem)
{
	madvise(mem, SIZE, MADV_DONTNEED);
}

static void protect(uint8_t *mem)
{
	mprotect(mem, SIZE, PROT_READ);
}

static void move_away(uint8_t *mem)
{
	void *other = mremap(mem, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, mem + 4 * SIZE);

	munmap(other, SIZE);
}

/* What is done, and what the next job says to it. */
static const struct {
	const char *name;
	void (*act)(uint8_t *mem);
	int next;
} acts[] = {
	{ "munmap", unmap, -EFAULT },
	{ "mmap over it", map_anew, 0 },
	{ "MADV_DONTNEED", throw_away, 0 },
	{ "mprotect", protect, -EFAULT },
	{ "mremap", move_away, -EFAULT },
};

/* Other memory of the process than that which was there, if any of it were given back too early. */
static bool canaries_live(uint8_t *canary, uint64_t size)
{
	bool good = bytes_are(canary, size, 0xca);

	munmap(canary, size);
	return good;
}

static void test_act(unsigned int i)
{
	/* With room beside it that nobody else takes. */
	uint8_t *room = memory(8 * SIZE, 0), *mem = room, *canary;
	struct drm_puck_gem_info info;
	struct bo bo;
	int fence, ret;
	bool over;

	munmap(room + SIZE, 7 * SIZE);
	ktap_need(!userptr_create(puck.fd, &bo, mem, SIZE, 0) && !fill(&bo, 0x21), "a BO");
	be_late(LATE_NS);
	fence = fill_start(puck.fd, puck.queue[0], &bo, 0x22);
	acts[i].act(mem);
	/* No fence is signalled behind the end of it. */
	over = fence >= 0 && fence_status(fence) == 1;
	be_late(0);
	canary = memory(4 * SIZE, 0xca);
	ktap_ok(over, "%s: waits for the job", acts[i].name);
	ret = fill(&bo, 0x23);
	if (ret)
		ktap_ok(!bo_info(puck.fd, &bo, &info) && !info.nents && !info.orig_nents,
			"%s: the device sees nothing of it", acts[i].name);
	ktap_ok(ret == acts[i].next && (ret || bytes_are(mem, SIZE, 0x23)),
		"%s: the next job sees what is there then (%d)", acts[i].name, ret);
	ktap_ok(canaries_live(canary, 4 * SIZE), "%s: nobody else's memory is written",
		acts[i].name);
	close(fence);
	bo_close(puck.fd, &bo);
	munmap(mem, SIZE);
}

/* The child has what there was, and the parent goes on with pages that it shares with nobody. */
static void test_fork(void)
{
	uint8_t *mem = memory(SIZE, 0x31);
	int status = -1, go[2];
	struct bo bo;
	pid_t pid;
	char c;

	ktap_need(!pipe(go) && !userptr_create(puck.fd, &bo, mem, SIZE, 0) && !fill(&bo, 0x32),
		  "a BO");
	pid = fork();
	if (!pid) {
		close(go[1]);
		_exit(read(go[0], &c, 1) != 0 || !bytes_are(mem, SIZE, 0x32));
	}
	ktap_ok(!fill(&bo, 0x33) && bytes_are(mem, SIZE, 0x33), "fork: the parent's job writes");
	close(go[0]);
	close(go[1]);
	ktap_ok(waitpid(pid, &status, 0) == pid && !status, "fork: the child does not see it");
	ktap_ok(device_sees(&bo, 0x33), "fork: nor does the end of it change anything");
	bo_close(puck.fd, &bo);
	munmap(mem, SIZE);
}

/* Of a process that has ended there is nothing, whoever has its file. */
static void test_exit(void)
{
	uint8_t *mem = memory(SIZE, 0x41);
	int status = -1, told[2], fence;
	struct bo bo = { .size = SIZE };
	pid_t pid;

	ktap_need(!pipe(told), "a pipe");
	pid = fork();
	if (!pid) {
		be_late(LATE_NS);
		if (userptr_create(puck.fd, &bo, mem, SIZE, 0))
			_exit(1);
		fence = fill_start(puck.fd, puck.queue[0], &bo, 0x42);
		_exit(write(told[1], &bo.handle, sizeof(bo.handle)) < 0 || fence < 0);
	}
	ktap_ok(read(told[0], &bo.handle, sizeof(bo.handle)) == sizeof(bo.handle) &&
		waitpid(pid, &status, 0) == pid && !status, "exit: with a job under way");
	be_late(0);
	ktap_ok(fill(&bo, 0x43) == -EFAULT && bytes_are(mem, SIZE, 0x41),
		"exit: there is no memory of that process any more");
	close(told[0]);
	close(told[1]);
	bo_close(puck.fd, &bo);
	munmap(mem, SIZE);
}

/* Pages that are pinned stay the BO's, whatever the process does. */
static void test_pinned_stays(void)
{
	uint8_t *mem = memory(SIZE, 0x51);
	struct bo bo;
	int fence;
	bool over;

	ktap_need(!userptr_create(puck.fd, &bo, mem, SIZE, DRM_PUCK_USERPTR_PIN), "a BO");
	be_late(LATE_NS);
	fence = fill_start(puck.fd, puck.queue[0], &bo, 0x52);
	memory_at(mem, SIZE, 0x53);
	over = fence_status(fence) == 1;
	be_late(0);
	ktap_ok(!over, "pinned: nobody waits for the job");
	ktap_ok(fence_result(fence, FOREVER_MS) == 1 && device_sees(&bo, 0x52),
		"pinned: the BO has the old pages");
	ktap_ok(bytes_are(mem, SIZE, 0x53), "pinned: the process has new ones");
	bo_close(puck.fd, &bo);
	munmap(mem, SIZE);
}

/* ---- what the kernel does by itself ---- */

static uint8_t *huge_memory(uint8_t value)
{
	uint8_t *room = mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
	uint8_t *mem = (uint8_t *)(((uintptr_t)room + HUGE - 1) & ~(uintptr_t)(HUGE - 1));

	munmap(room, mem - room);
	munmap(mem + HUGE, room + HUGE - mem);
	madvise(mem, HUGE, MADV_HUGEPAGE);
	memset(mem, value, HUGE);
	return mem;
}

/* A huge page comes to pieces, and becomes one again. */
static void test_huge(void)
{
	uint8_t *mem = huge_memory(0x61);
	struct drm_puck_gem_info before = { 0 }, after = { 0 };
	struct bo bo;
	int ret;

	ktap_need(!userptr_create(puck.fd, &bo, mem, HUGE, 0) && !fill(&bo, 0x62), "a BO");
	bo_info(puck.fd, &bo, &before);
	madvise(mem + PAGE, PAGE, MADV_DONTNEED);
	ktap_ok(!fill(&bo, 0x63) && bytes_are(mem, HUGE, 0x63), "huge page, split");
	bo_info(puck.fd, &bo, &after);
	ktap_ok(after.orig_nents > before.orig_nents, "huge page: %u entries, then %u",
		before.orig_nents, after.orig_nents);
	ret = madvise(mem, HUGE, MADV_COLLAPSE) ? -errno : 0;
	if (ret == -EINVAL)
		ktap_skip("no MADV_COLLAPSE", "huge page, collapsed");
	else
		ktap_ok(!ret && device_sees(&bo, 0x63), "huge page, collapsed (%d)", ret);
	bo_close(puck.fd, &bo);
	munmap(mem, HUGE);
}

static long swapped(void)
{
	char line[128];
	long kb = 0;
	FILE *file = fopen("/proc/self/status", "r");

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "VmSwap: %ld", &kb);
	if (file)
		fclose(file);
	return kb;
}

static void test_swap(void)
{
	uint8_t *mem = memory(SIZE, 0x71);
	struct bo bo;
	long kb;

	if (!swap_on(32)) {
		ktap_skip("no zram", "swapped out");
		munmap(mem, SIZE);
		return;
	}
	ktap_need(!userptr_create(puck.fd, &bo, mem, SIZE, 0) && !fill(&bo, 0x72), "a BO");
	madvise(mem, SIZE, MADV_PAGEOUT);
	kb = swapped();
	ktap_ok(kb > 0 && device_sees(&bo, 0x72), "swapped out: %ld KiB, and in by a job", kb);
	ktap_ok(!fill(&bo, 0x73), "swapped out: written anew");
	madvise(mem, SIZE, MADV_PAGEOUT);
	ktap_ok(bytes_are(mem, SIZE, 0x73), "swapped out: and in by the CPU");
	bo_close(puck.fd, &bo);
	munmap(mem, SIZE);
	swap_off();
}

/* Pages of a file that nobody but the device has written are written back all the same. */
static void test_file(void)
{
	int fd = memfd_create("userptr", 0);
	uint8_t bytes[PAGE], *mem;
	struct bo bo;
	ssize_t n;

	ktap_need(fd >= 0 && !ftruncate(fd, SIZE), "a file");
	mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ktap_need(mem != MAP_FAILED && bytes_are(mem, SIZE, 0), "its memory, read alone");
	ktap_ok(!userptr_create(puck.fd, &bo, mem, SIZE, 0) && !fill(&bo, 0x81), "file: written");
	munmap(mem, SIZE);
	ktap_ok(fill(&bo, 0x82) == -EFAULT, "file: unmapped");
	write_text("/proc/sys/vm/drop_caches", "3");
	n = pread(fd, bytes, PAGE, SIZE - PAGE);
	ktap_ok(n == PAGE && bytes_are(bytes, PAGE, 0x81), "file: what the device wrote is there");
	bo_close(puck.fd, &bo);
	close(fd);
}

/* To the other node, if there is one. */
static void test_migration(void)
{
	uint8_t *mem = memory(SIZE, 0x91);
	void *pages[SIZE / PAGE];
	int nodes[SIZE / PAGE], status[SIZE / PAGE];
	unsigned int i, moved = 0;
	struct bo bo;
	long ret;

	ktap_need(!userptr_create(puck.fd, &bo, mem, SIZE, 0) && !fill(&bo, 0x92), "a BO");
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = mem + i * PAGE;
	syscall(SYS_move_pages, 0, ARRAY_SIZE(pages), pages, NULL, status, 0);
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		nodes[i] = !status[i];
	if (access("/sys/devices/system/node/node1", F_OK)) {
		ktap_skip("one node", "migrated");
	} else {
		ret = syscall(SYS_move_pages, 0, ARRAY_SIZE(pages), pages, nodes, status, 2);
		for (i = 0; i < ARRAY_SIZE(pages); i++)
			moved += status[i] == nodes[i];
		ktap_ok(!ret && moved == ARRAY_SIZE(pages) && device_sees(&bo, 0x92),
			"migrated: %u pages (%ld)", moved, ret);
		ktap_ok(!fill(&bo, 0x93) && bytes_are(mem, SIZE, 0x93), "migrated: written");
	}
	bo_close(puck.fd, &bo);
	munmap(mem, SIZE);
}

/* ---- jobs by address ---- */

static void test_vm(void)
{
	uint8_t *mem = memory(SIZE, 0xa1);
	uint64_t addr = 1ull << 30;
	uint32_t vm, queue;
	struct bo bo, fixed;

	ktap_need(!vm_create(puck.fd, &vm) && !vm_queue_create(puck.fd, vm, 0, &queue) &&
		  !userptr_create(puck.fd, &bo, mem, SIZE, 0) &&
		  !userptr_create(puck.fd, &fixed, mem, SIZE, DRM_PUCK_USERPTR_READONLY), "a VM");
	ktap_ok(vm_bind_one(puck.fd, vm, bind_map(&fixed, addr)) == -EACCES,
		"VM: what is read-only is bound so");
	ktap_ok(!vm_bind_one(puck.fd, vm, bind_readonly(&fixed, addr + SIZE)) &&
		!vm_bind_one(puck.fd, vm, bind_map(&bo, addr)) &&
		!vm_run(puck.fd, queue, fill_at(addr, SIZE, 0xa2)) &&
		!bo_wait(puck.fd, &bo, DRM_PUCK_WAIT_WRITE, FOREVER_NS) &&
		bytes_are(mem, SIZE, 0xa2), "VM: a job by address writes it");
	ktap_ok(vm_run(puck.fd, queue, fill_at(addr + SIZE, SIZE, 0xa3)) == -EFAULT,
		"VM: what is bound read-only is not written");
	memory_at(mem, SIZE, 0xa4);
	ktap_ok(!vm_run(puck.fd, queue, fill_at(addr, SIZE, 0xa5)) &&
		!bo_wait(puck.fd, &bo, DRM_PUCK_WAIT_WRITE, FOREVER_NS) &&
		bytes_are(mem, SIZE, 0xa5), "VM: mapped anew, the next job sees that");
	munmap(mem, SIZE);
	ktap_ok(vm_run(puck.fd, queue, fill_at(addr, SIZE, 0xa6)) == -EFAULT,
		"VM: unmapped, a job by address is refused");
	ktap_ok(!vm_bind_one(puck.fd, vm, bind_unmap(addr, 2 * SIZE)) &&
		!vm_bind_one(puck.fd, vm, bind_map(&copy, addr)) &&
		!vm_run(puck.fd, queue, fill_at(addr, SIZE, 0xa7)),
		"VM: unbound, jobs go on");
	bo_close(puck.fd, &bo);
	bo_close(puck.fd, &fixed);
	queue_destroy(puck.fd, queue);
	vm_destroy(puck.fd, vm);
}

/* ---- a job that does not end ---- */

static void test_stuck(void)
{
	uint8_t *mem = memory(SIZE, 0xb1), *canary;
	struct userptr_counts before = userptr_counts(&puck), after;
	struct bo bo;
	int fence;

	ktap_need(!userptr_create(puck.fd, &bo, mem, SIZE, 0) &&
		  !write_text("/sys/module/puck/parameters/userptr_ms", "100"), "a BO");
	puck_set_all(&puck, puck.rings, "hold", 1);
	fence = fill_start(puck.fd, puck.queue[0], &bo, 0xb2);
	munmap(mem, SIZE);
	canary = memory(4 * SIZE, 0xca);
	after = userptr_counts(&puck);
	ktap_ok(fence_result(fence, FOREVER_MS) == -ETIME, "stuck: the job is given up");
	ktap_ok(after.given_up > before.given_up && after.invalidations > before.invalidations,
		"stuck: and counted (worst %lld us)", after.worst_us);
	puck_set_all(&puck, puck.rings, "hold", 0);
	write_text("/sys/module/puck/parameters/userptr_ms", "1000");
	ktap_ok(!fill_wait(puck.fd, puck.queue[0], &copy, 0xb3), "stuck: the ring goes on");
	ktap_ok(canaries_live(canary, 4 * SIZE), "stuck: nobody else's memory is written");
	bo_close(puck.fd, &bo);
}

int main(void)
{
	uint64_t features = 0;
	unsigned int i;

	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a device");
	puck_param(puck.fd, DRM_PUCK_PARAM_FEATURES, &features);
	if (!(features & DRM_PUCK_FEATURE_USERPTR)) {
		ktap_skip("no HMM in this kernel", "userptr");
		return ktap_end();
	}
	ktap_need(!bo_create(puck.fd, &copy, HUGE), "a BO to compare with");
	test_bad(0);
	test_bad(DRM_PUCK_USERPTR_PIN);
	for (i = 0; i < 4; i++)
		test_bytes(i);
	test_rights();
	test_limit();
	for (i = 0; i < ARRAY_SIZE(acts); i++)
		test_act(i);
	test_fork();
	test_exit();
	test_pinned_stays();
	test_huge();
	test_swap();
	test_file();
	test_migration();
	test_vm();
	test_stuck();
	bo_close(puck.fd, &copy);
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0) &&
		puck_count_becomes(&puck, "bos", "bo ", 0), "nothing is left");
	return ktap_end();
}
