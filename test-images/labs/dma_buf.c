// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Grader of lab 8, dma-buf. puck.ko imports what the learner's module exports, for one GPU that
 * works on copies (puck-dma, sync=bounce) and one that is behind nothing; the module imports what
 * puck.ko exports: single pages of the other GPU's. What is left over the kernel's list of dma-bufs
 * tells.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/crc32.h"
#include "lib/base/dmabuf.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"
#include "lib/labs/fence.h"
#include "lib/labs/lab.h"
#include "lib/labs/memory.h"
#include "lib/labs/rules.h"
#include "puck_lab_dmabuf.h"

#define PAGES		16
#define SIZE		(PAGES * 4096u)
#define LIST		"/sys/kernel/debug/dma_buf/bufinfo"
#define MAPPER		"/sys/kernel/debug/puck-dma"
#define PUCK		LAB_DRIVERS "/puck"

static struct lab lab;
static int port;
static struct puck near, far;		/* behind the IOMMU, and not */

struct memory {
	int fd;
	uint32_t *words;
};

static bool memory_map(struct memory *mem, int fd)
{
	mem->fd = fd;
	mem->words = fd < 0 ? MAP_FAILED :
		mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0 && mem->words == MAP_FAILED)
		ktap_note("the dma-buf cannot be mapped: %s", strerror(errno));
	return mem->words != MAP_FAILED;
}

static void memory_drop(struct memory *mem)
{
	if (mem->words != MAP_FAILED)
		munmap(mem->words, SIZE);
	if (mem->fd >= 0)
		close(mem->fd);
}

/* Of the learner's. */
static bool export(struct memory *mem)
{
	uint64_t arg[4] = { PAGES };
	long ret = lab_call(port, PUCK_LAB_DMABUF_EXPORT, arg, NULL, 0, NULL, 0);

	return lab_did(ret, "an export") & memory_map(mem, ret < 0 ? -1 : (int)arg[1]);
}

/* As any program does it: the CPU writes between two calls, or reads. */
static void cpu_write(struct memory *mem, uint32_t value)
{
	dmabuf_cpu(mem->fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
	words_set(mem->words, SIZE, value);
	dmabuf_cpu(mem->fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
}

static bool cpu_reads(struct memory *mem, uint32_t value, const char *what)
{
	size_t wrong;

	dmabuf_cpu(mem->fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ);
	wrong = words_wrong(mem->words, SIZE, value);
	dmabuf_cpu(mem->fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ);
	if (wrong)
		ktap_note("%s: the CPU reads %zu of %u words that are not 0x%08x", what, wrong,
			  SIZE / 4, value);
	return !wrong;
}

/* ---- puck.ko's jobs ---- */

static bool gpu_fills(struct puck *gpu, const struct bo *bo, uint32_t value)
{
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, value);
	struct drm_puck_bo_ref ref = ref_write(bo);
	struct drm_puck_submit args = job(gpu->queue[0], &ref, 1, &cmd, 1);

	return lab_did(submit_wait(gpu->fd, &args), "a GPU fills the memory");
}

/* By a checksum that the GPU makes. */
static bool gpu_reads(struct puck *gpu, const struct bo *bo, uint32_t value, const char *what)
{
	struct drm_puck_cmd cmd = cmd_crc(0, 0, SIZE, 1, 0);
	struct drm_puck_bo_ref refs[2];
	struct drm_puck_submit args;
	static uint32_t model[SIZE / 4];
	uint32_t crc = 0;
	struct bo sum;
	bool ok;

	ktap_need(!bo_create(gpu->fd, &sum, 4096), "the grader's own memory");
	refs[0] = ref_read(bo);
	refs[1] = ref_write(&sum);
	args = job(gpu->queue[0], refs, 2, &cmd, 1);
	ok = lab_did(submit_wait(gpu->fd, &args), what) && !bo_wait(gpu->fd, &sum, 0, 0);
	memcpy(&crc, sum.map, sizeof(crc));
	bo_close(gpu->fd, &sum);
	words_set(model, SIZE, value);
	if (ok && crc != crc32c((uint8_t *)model, SIZE))
		ktap_note("%s: it does not read 0x%08x all over", what, value);
	return ok && crc == crc32c((uint8_t *)model, SIZE);
}

static bool import(struct puck *gpu, struct bo *bo, const struct memory *mem)
{
	return lab_did(mem->fd < 0 ? -EBADF : bo_import(gpu->fd, bo, mem->fd, SIZE),
		       "puck.ko imports what the module exports");
}

/* ---- the exporter's points ---- */

static bool exported(void)
{
	struct memory mem;
	bool ok = export(&mem);

	if (ok && lseek(mem.fd, 0, SEEK_END) != SIZE) {
		ktap_note("the dma-buf has another size than %u", SIZE);
		ok = false;
	}
	if (ok) {
		ok = cpu_reads(&mem, 0, "new memory");
		cpu_write(&mem, 0x10101010);
		ok = cpu_reads(&mem, 0x10101010, "memory that the CPU has written") && ok;
	}
	memory_drop(&mem);
	return ok;
}

/* What the CPU writes while the memory is mapped for the GPU. */
static bool device_reads(void)
{
	struct memory mem;
	struct bo bo;
	bool ok = export(&mem) && import(&near, &bo, &mem);

	if (ok) {
		cpu_write(&mem, 0x20202020);
		ok = gpu_reads(&near, &bo, 0x20202020, "the GPU reads what the CPU wrote");
		cpu_write(&mem, 0x21212121);
		ok = gpu_reads(&near, &bo, 0x21212121, "the GPU reads what the CPU wrote next") && ok;
		bo_close(near.fd, &bo);
	}
	memory_drop(&mem);
	return ok;
}

static bool processor_reads(void)
{
	struct memory mem;
	struct bo bo;
	bool ok = export(&mem) && import(&near, &bo, &mem);

	if (ok) {
		ok = gpu_fills(&near, &bo, 0x30303030);
		ok = cpu_reads(&mem, 0x30303030, "memory that the GPU has filled") && ok;
		ok = gpu_fills(&near, &bo, 0x31313131) && ok;
		ok = cpu_reads(&mem, 0x31313131, "memory that the GPU has filled again") && ok;
		bo_close(near.fd, &bo);
	}
	memory_drop(&mem);
	return ok;
}

/* Both have it mapped at a time; one of them lets go, and the other one has it still. */
static bool two_devices(void)
{
	struct bo first, second;
	struct memory mem;
	bool ok = export(&mem) && import(&near, &first, &mem);

	if (ok && import(&far, &second, &mem)) {
		cpu_write(&mem, 0x40404040);
		ok = gpu_reads(&near, &first, 0x40404040, "the GPU behind the IOMMU reads");
		ok = gpu_reads(&far, &second, 0x40404040, "the other GPU reads") && ok;
		bo_close(far.fd, &second);
		ok = gpu_reads(&near, &first, 0x40404040, "the one reads, and the other has let go") &&
		     ok;
		bo_close(near.fd, &first);
	} else if (ok) {
		bo_close(near.fd, &first);
		ok = false;
	}
	memory_drop(&mem);
	return ok;
}

/* ---- the importer's ---- */

static long fill(int fd, uint32_t value)
{
	uint64_t arg[4] = { (uint64_t)fd, value };

	return lab_call(port, PUCK_LAB_DMABUF_FILL, arg, NULL, 0, NULL, 0);
}

static bool filled(struct memory *mem, uint32_t value, const char *what)
{
	return lab_did(fill(mem->fd, value), what) && cpu_reads(mem, value, what);
}

/* How many devices have a dma-buf, in the kernel's list of all; -1: it is not there. */
static int attachments(int fd)
{
	FILE *file = fopen(LIST, "r");
	char line[512], number[32];
	bool here = false;
	int found = -1, n;

	snprintf(number, sizeof(number), "%08llu", dmabuf_number(fd));
	while (file && found < 0 && fgets(line, sizeof(line), file)) {
		here = here || strstr(line, number);
		if (here && sscanf(line, "Total %d devices attached", &n) == 1)
			found = n;
	}
	if (file)
		fclose(file);
	return found;
}

/* How many there are in all; they end a moment after their last file. */
static int dmabufs(void)
{
	FILE *file = fopen(LIST, "r");
	char line[512];
	int found = -1;

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "Total %d objects", &found);
	if (file)
		fclose(file);
	return found;
}

/* Memory of the other GPU's, as a dma-buf. */
static bool others_make(struct memory *mem, struct bo *bo)
{
	ktap_need(!bo_create(far.fd, bo, SIZE), "the grader's own memory");
	return memory_map(mem, bo_export(far.fd, bo));
}

static void others_drop(struct memory *mem, struct bo *bo)
{
	memory_drop(mem);
	bo_close(far.fd, bo);
}

static bool imports(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct memory mem;
	struct bo bo;
	bool ok = others_make(&mem, &bo) && filled(&mem, 0x50505050, "a dma-buf of puck.ko's");

	ok = ok && filled(&mem, 0x51515151, "the same once more");
	others_drop(&mem, &bo);
	if (fill(null, 1) != -EINVAL) {
		ktap_note("a file that is no dma-buf does not give EINVAL");
		ok = false;
	}
	close(null);
	return ok;
}

/* In a thread: it may have to wait. */
struct call {
	pthread_t thread;
	int fd;
	uint32_t value;
	long ret;
	bool done;
};

static void *call_run(void *arg)
{
	struct call *call = arg;

	call->ret = fill(call->fd, call->value);
	__atomic_store_n(&call->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static bool call_is_done(struct call *call)
{
	return __atomic_load_n(&call->done, __ATOMIC_ACQUIRE);
}

/* A job of the other GPU's, on memory of its own that the module fills meanwhile. */
static bool waits_for(struct memory *mem, const struct bo *bo)
{
	unsigned long rule = lab_rule("fence.complete device=gpu1 hold");
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, 0x60606060);
	struct drm_puck_bo_ref ref = ref_write(bo);
	struct drm_puck_submit args = job(far.queue[0], &ref, 1, &cmd, 1);
	struct call call = { .fd = mem->fd, .value = 0x61616161 };
	int fence = submit_fd(far.fd, &args);
	bool ok = !pthread_create(&call.thread, NULL, call_run, &call);

	usleep(STILL_MS * 1000);
	if (ok && call_is_done(&call)) {
		ktap_note("the module has filled what another GPU's job still writes");
		ok = false;
	}
	lab_rule_let_go(rule);
	pthread_join(call.thread, NULL);
	ok = fence_ends(fence, 1, "the other GPU's job") && ok;
	return lab_did(call.ret, "the module fills what another GPU has written") && ok;
}

/* And the other way round: others are told of the module's job. */
static bool is_waited_for(struct memory *mem)
{
	unsigned long rule = lab_rule("fence.complete device=gpu0 hold");
	struct call call = { .fd = mem->fd, .value = 0x62626262 };
	bool ok = !pthread_create(&call.thread, NULL, call_run, &call);
	int file, status;

	usleep(STILL_MS * 1000);
	file = dmabuf_writers(mem->fd);
	status = file < 0 ? file : fence_status(file);
	if (status) {
		ktap_note("a reader of the dma-buf has nothing to wait for while the module's job writes");
		ok = false;
	}
	if (file >= 0)
		close(file);
	lab_rule_let_go(rule);
	pthread_join(call.thread, NULL);
	return lab_did(call.ret, "the module fills a dma-buf") && ok;
}

static bool import_fences(void)
{
	struct memory mem;
	struct bo bo;
	bool ok = others_make(&mem, &bo) && waits_for(&mem, &bo);

	ok = is_waited_for(&mem) && ok;
	ok = cpu_reads(&mem, 0x62626262, "memory of the other GPU's") && ok;
	others_drop(&mem, &bo);
	return ok;
}

/* Nobody is attached behind an import, and no dma-buf is there when all files are closed. */
static bool lets_go(int before)
{
	struct memory mem;
	unsigned int looks = 0;
	struct bo bo;
	int left;
	bool ok = others_make(&mem, &bo) && fill(mem.fd, 0x70707070) >= 0;

	left = ok ? attachments(mem.fd) : 0;
	if (left)
		ktap_note("%d devices are still attached to a dma-buf that the module has filled", left);
	others_drop(&mem, &bo);
	while (dmabufs() != before && looks < STILL_MS / LOOK_EVERY_MS)
		patient(&looks);
	if (dmabufs() != before)
		ktap_note("%d dma-bufs are left, whose files are closed", dmabufs() - before);
	return ok && !left && dmabufs() == before;
}

/* The GPU behind the IOMMU works on copies, from the time on when puck.ko takes it anew. */
static void prepare(void)
{
	char line[96], path[128];

	snprintf(line, sizeof(line), "%s=sync=bounce", lab.dev);
	snprintf(path, sizeof(path), MAPPER "/%s", lab.dev);
	if (access(path, F_OK)) {
		ktap_need(!write_text(MAPPER "/devices", line), "puck-dma takes %s", line);
		ktap_need(!write_text(PUCK "/unbind", lab.dev) && !write_text(PUCK "/bind", lab.dev),
			  "puck.ko takes %s again", lab.dev);
	}
	ktap_need(!access(path, F_OK), "%s is under puck-dma", lab.dev);
	ktap_need(!puck_open(&near, true) && !puck_open(&far, false), "both GPUs");
}

int main(int argc, char **argv)
{
	int before;

	lab_begin(&lab, argc, argv);
	lab_need_rules();
	prepare();
	before = dmabufs();
	port = lab_insert(&lab) ? lab_open_of("dmabuf") : -1;
	if (!lab_point(port >= 0, "load"))
		return lab_end(&lab);
	lab_point(exported(), "export");
	lab_point(device_reads(), "device-reads");
	lab_point(processor_reads(), "cpu-reads");
	lab_point(two_devices(), "two-devices");
	lab_point(imports(), "import");
	lab_point(import_fences(), "import-fences");
	lab_point(lets_go(before), "let-go");
	close(port);
	close(near.fd);
	close(far.fd);
	lab_point(lab_unload(&lab), "unload");
	return lab_end(&lab);
}
