// SPDX-License-Identifier: MIT
/*
 * Sharing buffers: between the two GPUs, and with exporters of other drivers.
 * What one device writes late, the other must wait for.
 */
#include <errno.h>
#include <sys/mman.h>

#include "lib/base/array.h"
#include "lib/base/clock.h"
#include "lib/base/crc32.h"
#include "lib/base/dma_debug.h"
#include "lib/base/dmabuf.h"
#include "lib/base/ktap.h"
#include "lib/base/random.h"
#include "lib/base/text_file.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/dumb.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/rebind.h"
#include "lib/share/buffer.h"

#define SIZE (1 << 20)
#define LATE_MS 60

static struct puck one, two;

static uint8_t model[SIZE];

static void cpu_write(int dmabuf, uint8_t *map)
{
	dmabuf_cpu(dmabuf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
	memcpy(map, model, SIZE);
	dmabuf_cpu(dmabuf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
}

/* Read an imported buffer by the GPU, then fill all but the first 3 bytes. */
static bool gpu_work(struct puck *puck, const struct bo *bo, uint32_t *crc)
{
	struct drm_puck_cmd cmds[] = {
		cmd_crc(0, 1, SIZE - 1, 1, 0),
		cmd_fill(0, 3, SIZE - 3, 0x5d5d5d5d),
	};
	struct drm_puck_bo_ref refs[2];
	struct drm_puck_submit args;
	struct bo sum;
	bool ok;

	ktap_need(!bo_create(puck->fd, &sum, 4096), "create");
	refs[0] = ref_both(bo);
	refs[1] = ref_write(&sum);
	args = job(puck->queue[0], refs, 2, cmds, 2);
	ok = !submit_wait(puck->fd, &args) && !bo_wait(puck->fd, &sum, 0, 0);
	memcpy(crc, sum.map, sizeof(*crc));
	bo_close(puck->fd, &sum);
	return ok;
}

/*
 * @mapped: let the CPU have the buffer while it is mapped for the GPU. Kernels
 * with DMABUF_DEBUG spoil the table that dma-heap needs for that, and oops.
 */
static void check_import(const char *name, int dmabuf, struct puck *puck, bool mapped)
{
	struct drm_puck_gem_info info = { 0 };
	uint32_t crc = 0;
	uint64_t i;
	struct bo bo;
	uint8_t *map;
	bool ok;

	map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	ktap_need(map != MAP_FAILED, "%s: mmap", name);
	if (!mapped)
		cpu_write(dmabuf, map);
	if (!ktap_ok(!bo_import(puck->fd, &bo, dmabuf, SIZE), "%s: import", name))
		return;
	ok = !bo_info(puck->fd, &bo, &info);
	ktap_ok(ok && info.flags & DRM_PUCK_INFO_IMPORTED && info.size == SIZE && info.nents &&
		info.nents <= info.orig_nents, "%s: %u entries, %u segments", name,
		info.orig_nents, info.nents);
	if (mapped)
		cpu_write(dmabuf, map);

	ktap_ok(gpu_work(puck, &bo, &crc), "%s: job", name);
	ktap_ok(crc == crc32c(model + 1, SIZE - 1), "%s: the GPU reads what the CPU wrote", name);
	if (!mapped)
		bo_close(puck->fd, &bo);
	dmabuf_cpu(dmabuf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
	for (i = 3; i < SIZE && map[i] == 0x5d; i++)
		;
	ktap_ok(i == SIZE && !memcmp(map, model, 3), "%s: the CPU reads what the GPU wrote", name);
	dmabuf_cpu(dmabuf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
	munmap(map, SIZE);
	if (mapped)
		bo_close(puck->fd, &bo);
}

/* ---- exporters ---- */

static void test_exporter(const char *name, int dmabuf, bool mapped)
{
	char test[64];

	if (dmabuf < 0) {
		snprintf(test, sizeof(test), "%s: import", name);
		ktap_skip(strerror(-dmabuf), test);
		return;
	}
	check_import(name, dmabuf, &one, mapped);
	close(dmabuf);
}

/* ---- our own exports ---- */

static void test_self_import(void)
{
	struct bo bo, again;
	int dmabuf;

	ktap_need(!bo_create(one.fd, &bo, SIZE), "create");
	dmabuf = bo_export(one.fd, &bo);
	ktap_ok(dmabuf >= 0 && !bo_import(one.fd, &again, dmabuf, SIZE) &&
		again.handle == bo.handle, "self: import gives the same handle");
	close(dmabuf);
	bo_close(one.fd, &bo);
}

/* dma-buf's own CPU access waits for the GPU. */
static void test_cpu_access(void)
{
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, 0x42424242);
	struct drm_puck_bo_ref ref;
	struct drm_puck_submit args;
	int dmabuf, fence;
	struct bo bo;

	ktap_need(!bo_create(one.fd, &bo, SIZE), "create");
	dmabuf = bo_export(one.fd, &bo);
	ref = ref_write(&bo);
	args = job(one.queue[0], &ref, 1, &cmd, 1);
	puck_set(&one, 0, "start_delay_ns", LATE_MS * NSEC_PER_MSEC);
	fence = submit_fd(one.fd, &args);
	ktap_ok(!dmabuf_cpu(dmabuf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ) &&
		fence_status(fence) == 1 && bo.map[0] == 0x42 && bo.map[SIZE - 1] == 0x42,
		"cpu_access: begins when the data is there");
	dmabuf_cpu(dmabuf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
	puck_set(&one, 0, "start_delay_ns", 0);
	close(fence);
	close(dmabuf);
	bo_close(one.fd, &bo);
}

/* The first GPU writes late, the second one reads: across devices by dma_resv. */
static void test_two_gpus(void)
{
	struct drm_puck_cmd fill = cmd_fill(0, 0, SIZE, 0x61616161);
	struct drm_puck_cmd copy = cmd_copy(0, 0, 1, 0, SIZE);
	struct drm_puck_bo_ref first, second[2];
	struct drm_puck_submit args;
	struct bo bo, there, dst;
	int dmabuf, fence;

	ktap_need(!bo_create(one.fd, &bo, SIZE) && !bo_create(two.fd, &dst, SIZE), "create");
	dmabuf = bo_export(one.fd, &bo);
	ktap_ok(dmabuf >= 0 && !bo_import(two.fd, &there, dmabuf, SIZE), "two GPUs: import");
	close(dmabuf);

	first = ref_write(&bo);
	args = job(one.queue[0], &first, 1, &fill, 1);
	puck_set(&one, 0, "start_delay_ns", LATE_MS * NSEC_PER_MSEC);
	fence = submit_fd(one.fd, &args);
	second[0] = ref_read(&there);
	second[1] = ref_write(&dst);
	args = job(two.queue[0], second, 2, &copy, 1);
	ktap_ok(!submit_wait(two.fd, &args) && fence_status(fence) == 1 && dst.map[0] == 0x61 &&
		dst.map[SIZE - 1] == 0x61, "two GPUs: the reader waits for the writer");
	puck_set(&one, 0, "start_delay_ns", 0);
	close(fence);

	/* The exporter's handle goes first. */
	bo_close(one.fd, &bo);
	args.seqno = args.flags = args.out_fence_fd = 0;
	memset(dst.map, 0, SIZE);
	bo_flush(two.fd, &dst);
	ktap_ok(!submit_wait(two.fd, &args) && dst.map[SIZE - 1] == 0x61,
		"two GPUs: the import outlives the exporter's handle");
	bo_close(two.fd, &there);
	bo_close(two.fd, &dst);
}

/* The CPU gets our export while another device has it mapped. */
static void test_export(void)
{
	int dmabuf;
	struct bo bo;

	ktap_need(!bo_create(one.fd, &bo, SIZE), "create");
	dmabuf = bo_export(one.fd, &bo);
	ktap_need(dmabuf >= 0, "export");
	bo_close(one.fd, &bo);
	check_import("puck", dmabuf, &two, true);
	close(dmabuf);
}

/* An importer in the kernel maps one attachment twice: puck-gpu-share.ko. */
static void test_map_twice(void)
{
	const char *param = "/sys/module/puck_gpu_share/parameters/map_twice";
	char text[16];
	int dmabuf, ret;
	struct bo bo;

	if (access(param, W_OK)) {
		ktap_skip("puck-gpu-share is not loaded", "map twice");
		return;
	}
	ktap_need(!bo_create(two.fd, &bo, SIZE), "create");
	dmabuf = bo_export(two.fd, &bo);
	snprintf(text, sizeof(text), "%d", dmabuf);
	ret = write_text(param, text);
	ktap_ok(!ret, "map twice: both mappings are good, and both go (%d)", ret);
	close(dmabuf);
	bo_close(two.fd, &bo);
}

static void test_bad_import(void)
{
	struct bo bo;

	ktap_ok(bo_import(one.fd, &bo, -1, SIZE) == -EBADF, "bad_fd -1");
	ktap_ok(bo_import(one.fd, &bo, one.fd, SIZE) == -EINVAL, "bad_fd: no dma-buf");
}

/* ---- the importer goes ---- */

#define LEFT 0x37373737

/* A buffer of somebody else's that is open when the driver leaves the device. */
struct left {
	const char *name;
	struct shared buf;
	struct bo bo;
	int fence;
};

/* One job on it is done, and one is under way, if it may last until the driver leaves. */
static bool left_begin(struct left *left, int dmabuf, bool busy)
{
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, LEFT);
	struct drm_puck_bo_ref ref;
	struct drm_puck_submit args;

	left->fence = -1;
	if (dmabuf < 0) {
		ktap_skip(strerror(-dmabuf), left->name);
		return false;
	}
	ktap_need(!shared_open(&left->buf, dmabuf) &&
		  !bo_import(one.fd, &left->bo, dmabuf, SIZE), "%s: import", left->name);
	ref = ref_write(&left->bo);
	args = job(one.queue[0], &ref, 1, &cmd, 1);
	ktap_need(!submit_wait(one.fd, &args), "%s: job", left->name);
	if (busy)
		left->fence = submit_fd(one.fd, &args);
	return true;
}

static void left_end(struct left *left)
{
	int ret = left->fence < 0 ? 1 : fence_result(left->fence, FOREVER_MS);

	ktap_ok((ret == 1 || ret == -ENODEV) && shared_is(&left->buf, LEFT & 0xff),
		"%s: the exporter has what was written (%d)", left->name, ret);
	shared_close(&left->buf);
}

/* The file is open yet, and has its handles: but nothing is mapped for the device any more. */
static void left_look(const char *pci)
{
	int mappings = dma_debug_mappings(pci);
	struct bo bo;

	if (mappings == -ENOENT)
		ktap_skip("no DMA_API_DEBUG", "leave: nothing is mapped");
	else
		ktap_ok(!mappings, "leave: nothing is mapped for the device (%d)", mappings);
	ktap_ok(bo_create(one.fd, &bo, SIZE) == -ENODEV, "leave: the device has gone");
}

/* @any: its longest segment is as long as what any exporter makes. */
static void test_leave(bool any)
{
	struct left left[] = {
		{ .name = "leave: udmabuf" }, { .name = "leave: dma-heap" },
		{ .name = "leave: vgem" }, { .name = "leave: vgem, closed" },
		{ .name = "leave: puck" },
	};
	bool there[ARRAY_SIZE(left)] = { false };
	char pci[32];
	unsigned int i;
	struct bo bo;

	snprintf(pci, sizeof(pci), "%s", one.pci);
	there[0] = left_begin(&left[0], make_udmabuf(SIZE), false);
	there[1] = any && left_begin(&left[1], make_heap(SIZE), false);
	puck_set(&one, 0, "start_delay_ns", LATE_MS * NSEC_PER_MSEC);
	there[2] = any && left_begin(&left[2], dumb_export("vgem", SIZE), true);
	there[3] = any && left_begin(&left[3], dumb_export("vgem", SIZE), true);
	if (there[3])
		bo_close(one.fd, &left[3].bo);
	if (two.fd >= 0) {
		ktap_need(!bo_create(two.fd, &bo, SIZE), "create");
		there[4] = left_begin(&left[4], bo_export(two.fd, &bo), true);
		bo_close(two.fd, &bo);
	}
	ktap_ok(!write_text(PUCK_DRIVER "unbind", pci), "leave: the driver leaves");
	left_look(pci);
	for (i = 0; i < ARRAY_SIZE(left); i++)
		if (there[i])
			left_end(&left[i]);
	close(one.fd);
	ktap_need(!write_text(PUCK_DRIVER "bind", pci) && puck_open_soon(&one, pci),
		  "leave: it comes back");
}

int main(void)
{
	uint64_t seed = 5, seg_len_max = 0;

	ktap_begin();
	rnd_fill(&seed, model, SIZE);
	ktap_need(!puck_open_any(&one), "a puck device");
	test_bad_import();
	test_self_import();
	test_cpu_access();
	test_exporter("udmabuf", make_udmabuf(SIZE), true);
	puck_param(one.fd, DRM_PUCK_PARAM_SEG_LEN_MAX, &seg_len_max);
	if (seg_len_max >= SIZE) {
		test_exporter("dma-heap", make_heap(SIZE), false);
		test_exporter("vgem", dumb_export("vgem", SIZE), true);
	} else {
		ktap_skip("it does not care for the longest segment", "dma-heap: import");
		ktap_skip("it does not care for the longest segment", "vgem: import");
	}
	if (!puck_open_other(&two, &one)) {
		test_export();
		test_two_gpus();
		test_map_twice();
	} else {
		two.fd = -1;
		ktap_skip("only one GPU", "two GPUs: import");
	}
	test_leave(seg_len_max >= SIZE);
	ktap_ok(puck_count_becomes(&one, "bos", "bo ", 0), "no BO is left");
	return ktap_end();
}
