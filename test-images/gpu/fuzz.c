// SPDX-License-Identifier: MIT
/*
 * Calls of all of puck.ko's ioctls, and of what goes with them (syncobjs, dma-bufs, sync_files,
 * mmap, close), in any order, by two threads on three files of two GPUs; with arguments that
 * are right in most of their members and anything in the others:
 *
 *	gpu_fuzz [SEED [CALLS]]		(1, 5000)
 *
 * What the driver has to do is to answer, to work afterwards, and to keep nothing; the kernel's
 * log is looked at by whoever starts this. What is called never depends on an answer: a seed
 * stands for its calls, and the digest that is printed for both. A new ioctl is a row of rows[].
 */
#include <stddef.h>

#include <linux/dma-buf.h>

#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/open_files.h"
#include "lib/base/progress.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/fuzz.h"
#include "lib/gpu/fuzz_job.h"
#include "lib/gpu/fuzz_userptr.h"
#include "lib/gpu/fuzz_vm.h"
#include "lib/gpu/works.h"

#define FILES		3
#define THREADS		2
/* After so many calls a file's jobs are waited for: they come faster than they are done. */
#define BREATH		128
/* One in so many turns of reopen is one: each ends what others have begun. */
#define REOPEN_ONE_IN	8

static const struct fairness fairness = { .all = 2, .kind = 20, .enough = 5000 };

static struct file files[FILES];

/* ---- one function for each kind of argument ---- */

static void fill_param(struct actor *a, void *arg)
{
	struct drm_puck_get_param *args = arg;

	args->param = mostly(a, 1 + below(a, DRM_PUCK_PARAM_VMS));
	args->pad = nothing(a);
	args->value = nothing(a);
}

static void fill_regions(struct actor *a, void *arg)
{
	struct drm_puck_get_regions *args = arg;

	args->regions = array(a, a->arena, below(a, 4), sizeof(struct drm_puck_region));
}

/* Large ones only where they are too large: there is no memory for them. */
static uint64_t bo_size(struct actor *a)
{
	static const uint64_t wrong[] = {
		0, DRM_PUCK_BO_SIZE_MAX + 1, 1ull << 63, UINT64_MAX, UINT64_MAX - PAGE,
	};
	uint64_t size = one_in(a, 4) ? 1 + below(a, BO_MAX) : PAGE;

	return a->hostile && one_in(a, 4) ? wrong[below(a, ARRAY_SIZE(wrong))] : size;
}

static void draw_create(struct actor *a, struct drm_puck_gem_create *args)
{
	args->size = bo_size(a);
	args->placements = mostly(a, one_in(a, 4) ? 1 + below(a, 3) :
				  1 << DRM_PUCK_REGION_SYSTEM);
	args->caching = mostly(a, below(a, 3));
	args->flags = mostly(a, one_in(a, 4) ? 1 << below(a, 4) : 0);
	args->handle = nothing(a);
	args->pad = nothing(a);
}

static void fill_create(struct actor *a, void *arg)
{
	struct drm_puck_gem_create *args = arg;

	draw_create(a, args);
	args->vm = nothing(a);
}

static void fill_vm_bo(struct actor *a, void *arg)
{
	struct drm_puck_gem_create *args = arg;

	draw_create(a, args);
	args->vm = vm_of_place(a);
}

static void done_create(struct actor *a, void *arg)
{
	put_handle(a, BO, ((struct drm_puck_gem_create *)arg)->handle);
}

/* A handle, flags, and what the driver fills in. */
static void fill_bo(struct actor *a, void *arg)
{
	uint32_t *words = arg;

	words[0] = any_bo(a);
	words[1] = nothing(a);
}

static void fill_bo_wait(struct actor *a, void *arg)
{
	struct drm_puck_gem_wait *args = arg;

	args->handle = any_bo(a);
	args->flags = mostly(a, below(a, 2));
	args->timeout_ns = deadline(a);
}

static void draw_queue(struct actor *a, struct drm_puck_queue_create *args)
{
	args->kind = mostly(a, one_in(a, 4) ? DRM_PUCK_KIND_COPY : DRM_PUCK_KIND_COMPUTE);
	args->ring = mostly(a, one_in(a, 2) ? below(a, 3) : DRM_PUCK_RING_ANY);
	args->priority = mostly(a, below(a, 3));
	args->flags = nothing(a);
	args->queue = nothing(a);
}

static void fill_queue_create(struct actor *a, void *arg)
{
	struct drm_puck_queue_create *args = arg;

	draw_queue(a, args);
	args->vm = nothing(a);
}

static void fill_vm_queue(struct actor *a, void *arg)
{
	struct drm_puck_queue_create *args = arg;

	draw_queue(a, args);
	args->vm = vm_of_place(a);
}

static void done_queue_create(struct actor *a, void *arg)
{
	put_handle(a, QUEUE, ((struct drm_puck_queue_create *)arg)->queue);
}

static void fill_queue(struct actor *a, void *arg)
{
	uint32_t *words = arg;

	words[0] = handle(a, one_in(a, 4) ? VM_QUEUE : QUEUE);
	words[1] = nothing(a);
}

static void fill_syncobj_create(struct actor *a, void *arg)
{
	struct drm_syncobj_create *args = arg;

	args->flags = mostly(a, below(a, 2));
}

static void done_syncobj_create(struct actor *a, void *arg)
{
	put_handle(a, SYNCOBJ, ((struct drm_syncobj_create *)arg)->handle);
}

static void fill_syncobj(struct actor *a, void *arg)
{
	uint32_t *words = arg;

	words[0] = handle(a, SYNCOBJ);
	words[1] = nothing(a);
}

static void fill_syncobj_fd(struct actor *a, void *arg)
{
	struct drm_syncobj_handle *args = arg;
	bool sync_file = one_in(a, 2);

	args->handle = handle(a, SYNCOBJ);
	args->flags = mostly(a, sync_file);	/* EXPORT_SYNC_FILE, or IMPORT_SYNC_FILE */
	args->fd = some_fd(a, sync_file ? SYNC_FILE : SYNCOBJ_FD);
	args->pad = nothing(a);
}

static void done_syncobj_to_fd(struct actor *a, void *arg)
{
	struct drm_syncobj_handle *args = arg;

	put_fd(a, args->flags ? SYNC_FILE : SYNCOBJ_FD, args->fd);
}

static void done_fd_to_syncobj(struct actor *a, void *arg)
{
	struct drm_syncobj_handle *args = arg;

	if (!(args->flags & DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE))
		put_handle(a, SYNCOBJ, args->handle);
}

/* Lists of syncobjs and points; returns how many. */
static uint32_t fill_lists(struct actor *a)
{
	uint32_t count = 1 + below(a, ARRAY_MAX - 1), i;

	for (i = 0; i < ARRAY_MAX; i++) {
		a->words[i] = handle(a, SYNCOBJ);
		a->points[i] = mostly(a, below(a, 1000));
	}
	return mostly(a, count) % LIST_MAX;
}

static void fill_syncobj_wait(struct actor *a, void *arg)
{
	struct drm_syncobj_wait *args = arg;

	args->count_handles = fill_lists(a);
	args->handles = pointer(a, a->words);
	args->timeout_nsec = deadline(a);
	args->flags = mostly(a, below(a, 4));
	args->pad = nothing(a);
}

static void fill_timeline_wait(struct actor *a, void *arg)
{
	struct drm_syncobj_timeline_wait *args = arg;

	args->count_handles = fill_lists(a);
	args->handles = pointer(a, a->words);
	args->points = pointer(a, a->points);
	args->timeout_nsec = deadline(a);
	args->flags = mostly(a, below(a, 8));
	args->pad = nothing(a);
}

static void fill_syncobj_array(struct actor *a, void *arg)
{
	struct drm_syncobj_array *args = arg;

	args->count_handles = fill_lists(a);
	args->handles = pointer(a, a->words);
	args->pad = nothing(a);
}

/* To query, or to signal. */
static void fill_timeline_array(struct actor *a, void *arg)
{
	struct drm_syncobj_timeline_array *args = arg;

	args->count_handles = fill_lists(a);
	args->handles = pointer(a, a->words);
	args->points = pointer(a, a->points);
	args->flags = mostly(a, 0);
}

static void fill_transfer(struct actor *a, void *arg)
{
	struct drm_syncobj_transfer *args = arg;

	args->src_handle = handle(a, SYNCOBJ);
	args->dst_handle = handle(a, SYNCOBJ);
	args->src_point = mostly(a, one_in(a, 2) ? below(a, 1000) : 0);
	args->dst_point = mostly(a, one_in(a, 2) ? below(a, 1000) : 0);
	args->flags = nothing(a);
	args->pad = nothing(a);
}

static void fill_to_dmabuf(struct actor *a, void *arg)
{
	struct drm_prime_handle *args = arg;

	args->handle = any_bo(a);
	args->flags = mostly(a, DRM_CLOEXEC | DRM_RDWR);
	args->fd = (int)nothing(a);
}

static void done_to_dmabuf(struct actor *a, void *arg)
{
	put_fd(a, DMABUF, ((struct drm_prime_handle *)arg)->fd);
}

static void fill_from_dmabuf(struct actor *a, void *arg)
{
	struct drm_prime_handle *args = arg;

	args->handle = nothing(a);
	args->flags = nothing(a);
	args->fd = some_fd(a, DMABUF);
}

static void done_from_dmabuf(struct actor *a, void *arg)
{
	put_handle(a, BO, ((struct drm_prime_handle *)arg)->handle);
}

static void fill_dmabuf_sync(struct actor *a, void *arg)
{
	uint32_t end = one_in(a, 2) ? DMA_BUF_SYNC_END : DMA_BUF_SYNC_START;
	struct dma_buf_sync *args = arg;

	args->flags = mostly(a, end | (1 + below(a, 3)));
}

/* The flags of either direction, and a descriptor that goes in or comes out. */
static void fill_dmabuf_fence(struct actor *a, void *arg)
{
	struct dma_buf_export_sync_file *args = arg;

	args->flags = mostly(a, 1 + below(a, 3));
	args->fd = some_fd(a, SYNC_FILE);
}

static void done_dmabuf_fence(struct actor *a, void *arg)
{
	put_fd(a, SYNC_FILE, ((struct dma_buf_export_sync_file *)arg)->fd);
}

static void fill_merge(struct actor *a, void *arg)
{
	struct sync_merge_data *args = arg;

	snprintf(args->name, sizeof(args->name), "puck");
	args->fd2 = some_fd(a, SYNC_FILE);
	args->flags = nothing(a);
	args->pad = nothing(a);
}

static void done_merge(struct actor *a, void *arg)
{
	put_fd(a, SYNC_FILE, ((struct sync_merge_data *)arg)->fence);
}

static void fill_fence_info(struct actor *a, void *arg)
{
	struct sync_file_info *args = arg;

	args->num_fences = mostly(a, below(a, 3));
	args->sync_fence_info = pointer(a, a->arena);
	args->flags = nothing(a);
	args->pad = nothing(a);
}

/* ---- calls that are no ioctls; they return 0 or a negative errno ---- */

static int act_mmap(struct actor *a)
{
	struct drm_puck_gem_mmap_offset args = { .handle = any_bo(a) };
	size_t size = PAGE * (1 + (one_in(a, 8) ? below(a, BO_MAX / PAGE) : 0));
	uint32_t place = below(a, MAPS);
	void *map;
	int ret;

	if (a->dry)
		return 0;
	ret = puck_call(a->file->fd, DRM_IOCTL_PUCK_GEM_MMAP_OFFSET, &args);
	if (ret)
		return ret;
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, a->file->fd,
		   (off_t)args.offset);
	if (map == MAP_FAILED)
		return -errno;
	if (a->maps[place].at)
		munmap(a->maps[place].at, a->maps[place].size);
	a->maps[place].at = map;
	a->maps[place].size = size;
	return 0;
}

static int act_touch(struct actor *a)
{
	uint32_t place = below(a, MAPS), value = below(a, 256);
	uint8_t *at = a->maps[place].at;

	if (a->dry || !at)
		return a->dry ? 0 : -ENOENT;
	at[0] = (uint8_t)value;
	at[a->maps[place].size - 1] ^= (uint8_t)value;
	return 0;
}

static int act_close_fd(struct actor *a)
{
	enum fd_kind kind = below(a, FD_KINDS);

	if (!a->dry)
		put_fd(a, kind, 0);
	return 0;
}

/* A few of each, so that calls find something. */
static void stock(struct file *file)
{
	struct drm_puck_queue_create queue = { .kind = DRM_PUCK_KIND_COMPUTE,
		.ring = DRM_PUCK_RING_ANY, .priority = DRM_PUCK_PRIORITY_NORMAL };
	struct drm_puck_gem_create bo = { .placements = 1 << DRM_PUCK_REGION_SYSTEM };
	uint32_t syncobj, i;

	for (i = 0; i < PLACES; i++) {
		bo.size = PAGE;
		bo.handle = 0;
		queue.queue = 0;
		if (!puck_call(file->fd, DRM_IOCTL_PUCK_GEM_CREATE, &bo))
			close_handle(file->fd, BO,
				     atomic_exchange(&file->handles[BO][i], bo.handle));
		if (!puck_call(file->fd, DRM_IOCTL_PUCK_QUEUE_CREATE, &queue))
			close_handle(file->fd, QUEUE,
				     atomic_exchange(&file->handles[QUEUE][i], queue.queue));
		if (!syncobj_create(file->fd, &syncobj))
			close_handle(file->fd, SYNCOBJ,
				     atomic_exchange(&file->handles[SYNCOBJ][i], syncobj));
		stock_vm(file, i);
	}
}

/* The file goes with all that it has, and with its jobs; others may be in calls on it. */
static int act_reopen(struct actor *a)
{
	uint32_t kind, i;
	int fd;

	if (a->dry)
		return 0;
	fd = open(a->file->node, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	dup3(fd, a->file->fd, O_CLOEXEC);
	close(fd);
	for (kind = 0; kind < KINDS; kind++)
		for (i = 0; i < PLACES; i++)
			atomic_store(&a->file->handles[kind][i], 0);
	stock(a->file);
	return 0;
}

/* ---- the table ---- */

/* Whose descriptor an ioctl is for. */
enum on { ON_DRM, ON_DMABUF, ON_SYNC_FILE };

/**
 * struct row - a call
 * @name: of it
 * @weight: how often it comes, among all
 * @request: the ioctl; 0: @act makes the call
 * @on: whose
 * @fill: draws its argument
 * @done: takes what a good call has given
 * @act: makes a call that is no ioctl; 0 or a negative errno
 * @keep: so many bytes of the argument never become anything: what would take all memory,
 *	or wait for ever
 */
static const struct row {
	const char *name;
	unsigned int weight;
	unsigned long request;
	enum on on;
	void (*fill)(struct actor *a, void *arg);
	void (*done)(struct actor *a, void *arg);
	int (*act)(struct actor *a);
	size_t keep;
} rows[] = {
	{ "get_param", 2, DRM_IOCTL_PUCK_GET_PARAM, .fill = fill_param },
	{ "get_regions", 2, DRM_IOCTL_PUCK_GET_REGIONS, .fill = fill_regions },
	{ "gem_create", 8, DRM_IOCTL_PUCK_GEM_CREATE, .fill = fill_create, .done = done_create,
	  .keep = sizeof(uint64_t) },
	{ "gem_userptr", 5, DRM_IOCTL_PUCK_GEM_USERPTR, .fill = fill_userptr,
	  .done = done_userptr, .keep = 2 * sizeof(uint64_t) },
	{ "lend_anew", 2, .act = act_lend_anew },
	{ "gem_mmap_offset", 2, DRM_IOCTL_PUCK_GEM_MMAP_OFFSET, .fill = fill_bo },
	{ "gem_info", 3, DRM_IOCTL_PUCK_GEM_INFO, .fill = fill_bo },
	{ "gem_wait", 5, DRM_IOCTL_PUCK_GEM_WAIT, .fill = fill_bo_wait,
	  .keep = sizeof(struct drm_puck_gem_wait) },
	{ "gem_flush", 3, DRM_IOCTL_PUCK_GEM_FLUSH, .fill = fill_bo },
	{ "gem_close", 1, DRM_IOCTL_GEM_CLOSE, .fill = fill_bo },
	{ "queue_create", 3, DRM_IOCTL_PUCK_QUEUE_CREATE, .fill = fill_queue_create,
	  .done = done_queue_create },
	{ "queue_destroy", 1, DRM_IOCTL_PUCK_QUEUE_DESTROY, .fill = fill_queue },
	{ "queue_state", 2, DRM_IOCTL_PUCK_QUEUE_STATE, .fill = fill_queue },
	{ "submit", 30, DRM_IOCTL_PUCK_SUBMIT, .fill = fill_submit, .done = done_submit },
	{ "vm_create", 3, DRM_IOCTL_PUCK_VM_CREATE, .fill = fill_vm_create,
	  .done = done_vm_create },
	{ "vm_destroy", 1, DRM_IOCTL_PUCK_VM_DESTROY, .fill = fill_vm },
	{ "vm_bind", 15, DRM_IOCTL_PUCK_VM_BIND, .fill = fill_vm_bind },
	{ "gem_create of a VM", 5, DRM_IOCTL_PUCK_GEM_CREATE, .fill = fill_vm_bo,
	  .done = done_vm_bo, .keep = sizeof(uint64_t) },
	{ "queue_create for a VM", 3, DRM_IOCTL_PUCK_QUEUE_CREATE, .fill = fill_vm_queue,
	  .done = done_vm_queue },
	{ "submit by address", 20, DRM_IOCTL_PUCK_SUBMIT, .fill = fill_vm_submit,
	  .done = done_submit },
	{ "syncobj_create", 3, DRM_IOCTL_SYNCOBJ_CREATE, .fill = fill_syncobj_create,
	  .done = done_syncobj_create },
	{ "syncobj_destroy", 1, DRM_IOCTL_SYNCOBJ_DESTROY, .fill = fill_syncobj },
	{ "syncobj_to_fd", 3, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, .fill = fill_syncobj_fd,
	  .done = done_syncobj_to_fd },
	{ "syncobj_from_fd", 3, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, .fill = fill_syncobj_fd,
	  .done = done_fd_to_syncobj },
	{ "syncobj_wait", 3, DRM_IOCTL_SYNCOBJ_WAIT, .fill = fill_syncobj_wait,
	  .keep = sizeof(struct drm_syncobj_wait) },
	{ "timeline_wait", 3, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, .fill = fill_timeline_wait,
	  .keep = sizeof(struct drm_syncobj_timeline_wait) },
	{ "syncobj_reset", 1, DRM_IOCTL_SYNCOBJ_RESET, .fill = fill_syncobj_array },
	{ "syncobj_signal", 2, DRM_IOCTL_SYNCOBJ_SIGNAL, .fill = fill_syncobj_array },
	{ "timeline_signal", 2, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, .fill = fill_timeline_array },
	{ "syncobj_query", 2, DRM_IOCTL_SYNCOBJ_QUERY, .fill = fill_timeline_array },
	{ "syncobj_transfer", 3, DRM_IOCTL_SYNCOBJ_TRANSFER, .fill = fill_transfer },
	{ "to_dmabuf", 3, DRM_IOCTL_PRIME_HANDLE_TO_FD, .fill = fill_to_dmabuf,
	  .done = done_to_dmabuf },
	{ "from_dmabuf", 3, DRM_IOCTL_PRIME_FD_TO_HANDLE, .fill = fill_from_dmabuf,
	  .done = done_from_dmabuf },
	{ "dmabuf_sync", 2, DMA_BUF_IOCTL_SYNC, ON_DMABUF, .fill = fill_dmabuf_sync },
	{ "dmabuf_export_fence", 2, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, ON_DMABUF,
	  .fill = fill_dmabuf_fence, .done = done_dmabuf_fence },
	{ "dmabuf_import_fence", 2, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, ON_DMABUF,
	  .fill = fill_dmabuf_fence },
	{ "fence_merge", 1, SYNC_IOC_MERGE, ON_SYNC_FILE, .fill = fill_merge, .done = done_merge },
	{ "fence_info", 1, SYNC_IOC_FILE_INFO, ON_SYNC_FILE, .fill = fill_fence_info },
	{ "mmap", 3, .act = act_mmap },
	{ "touch", 3, .act = act_touch },
	{ "close_fd", 2, .act = act_close_fd },
	{ "reopen", 1, .act = act_reopen },
};

static unsigned int row_count(void)
{
	return ARRAY_SIZE(rows);
}

static const char *row_name(unsigned int row)
{
	return rows[row].name;
}

static const struct row *any_row(struct actor *a)
{
	bool reopen = one_in(a, REOPEN_ONE_IN);
	unsigned int total = 0, i;
	uint32_t at;

	for (i = 0; i < row_count(); i++)
		total += rows[i].weight;
	at = below(a, total);
	for (i = 0; at >= rows[i].weight; i++)
		at -= rows[i].weight;
	return rows[i].act == act_reopen && !reopen ? &rows[0] : &rows[i];
}

/*
 * In a hostile call, a bit that is another, or a request of another size; but not one that is
 * too short for a descriptor which the call gives.
 */
static unsigned long spoil(struct actor *a, const struct row *row, uint8_t *arg)
{
	size_t size = _IOC_SIZE(row->request), shorter = row->done ? 0 : 8;
	uint32_t how = a->hostile ? below(a, 16) : 16, at;

	if (how == 0) {
		at = below(a, 8 * (uint32_t)size);
		if (at / 8 >= row->keep)
			arg[at / 8] ^= (uint8_t)(1 << at % 8);
	}
	if (how == 1)
		return _IOC(_IOC_DIR(row->request), _IOC_TYPE(row->request),
			    _IOC_NR(row->request), (size + below(a, 24) - shorter) & _IOC_SIZEMASK);
	return row->request;
}

static int make_ioctl(struct actor *a, const struct row *row)
{
	uint64_t arg[64] = { 0 };	/* longer than any argument */
	unsigned long request;
	int fd, ret;

	row->fill(a, arg);
	request = spoil(a, row, (uint8_t *)arg);
	fd = row->on == ON_DRM ? a->file->fd :
	     some_fd(a, row->on == ON_DMABUF ? DMABUF : SYNC_FILE);
	if (a->dry)
		return 0;
	ret = puck_call(fd, request, arg);
	if (!ret && row->done)
		row->done(a, arg);
	return ret;
}

/* Until the GPU is done with what a file's BOs are in. */
static void breathe(struct file *file)
{
	uint32_t i;

	for (i = 0; i < PLACES; i++) {
		struct bo bo = { .handle = atomic_load(&file->handles[BO][i]) };

		bo_wait(file->fd, &bo, DRM_PUCK_WAIT_WRITE, FOREVER_NS);
	}
	wait_for_vm_jobs(file);
}

static void one_call(struct actor *a)
{
	const struct row *row;
	int ret;

	a->file = &files[below(a, FILES)];
	a->hostile = one_in(a, 4);
	a->place = below(a, PLACES * FDS);
	row = any_row(a);
	ret = row->act ? row->act(a) : make_ioctl(a, row);
	actor_called(a, (unsigned long)(row - rows), ret);
}

static void *act(void *arg)
{
	struct actor *a = arg;
	unsigned long i;

	for (i = 0; i < a->calls; i++) {
		one_call(a);
		if (!a->dry && i % BREATH == BREATH - 1)
			breathe(a->file);
		if (a->speaks)
			progress("%lu of %lu calls of this thread", i, a->calls);
	}
	return NULL;
}

/* ---- what is before all calls, and behind them ---- */

static void begin_actor(struct actor *a, uint64_t seed, unsigned long calls, bool dry)
{
	actor_begin(a, seed, calls, dry, row_count());
	a->lent = mmap(NULL, BO_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ktap_need(a->lent != MAP_FAILED, "memory to lend");
}

static void end_actor(struct actor *a)
{
	unsigned int i;

	for (i = 0; i < MAPS; i++)
		if (a->maps[i].at)
			munmap(a->maps[i].at, a->maps[i].size);
	munmap(a->lent, BO_MAX);
	actor_end(a);
}

static void begin_file(struct file *file, const struct puck *puck)
{
	snprintf(file->node, sizeof(file->node), "%s", puck->node);
	file->fd = open(file->node, O_RDWR | O_CLOEXEC);
	ktap_need(file->fd >= 0, "%s opens", file->node);
	stock(file);
}

static void end_files(void)
{
	unsigned int i;

	for (i = 0; i < FILES; i++)
		close(files[i].fd);
	close_fds();
}

static uint64_t digest_of(const struct actor *actors)
{
	uint64_t digest = 0;
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		digest = (digest << 1 | digest >> 63) ^ actors[i].digest;
	return digest;
}

/* The calls of a seed, drawn only. */
static uint64_t digest_dry(uint64_t seed, unsigned long calls)
{
	static struct actor actors[THREADS];
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		begin_actor(&actors[i], seed + i, calls / THREADS, true);
		act(&actors[i]);
		end_actor(&actors[i]);
	}
	return digest_of(actors);
}

static void run_actors(struct actor *actors, uint64_t seed, unsigned long calls)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		begin_actor(&actors[i], seed + i, calls / THREADS, false);
	actors[0].speaks = true;
	for (i = 0; i < THREADS; i++)
		ktap_need(!pthread_create(&actors[i].thread, NULL, act, &actors[i]), "a thread");
	for (i = 0; i < THREADS; i++)
		pthread_join(actors[i].thread, NULL);
}

static void judge_device(struct puck *puck)
{
	struct bo bo;

	ktap_ok(puck_count_becomes(puck, "fences", "ring", 0) &&
		puck_count_becomes(puck, "bos", "bo ", 0), "%s: no job and no BO is left", puck->pci);
	ktap_ok(!bo_create(puck->fd, &bo, 4 * PAGE) && puck_works(puck, &bo),
		"%s: a good job works", puck->pci);
	close(puck->fd);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	unsigned long calls = argc > 2 ? strtoul(argv[2], NULL, 0) : 5000;
	static struct actor actors[THREADS];
	unsigned int i, count;
	struct puck puck, other;
	bool two;

	ktap_begin();
	ktap_need(calls >= THREADS, "a number of calls");
	ktap_need(!puck_open_any(&puck), "a puck device");
	two = !puck_open_other(&other, &puck);
	count = open_files();
	for (i = 0; i < FILES; i++)
		begin_file(&files[i], two && i == FILES - 1 ? &other : &puck);

	/* A number of handles beyond all measure makes the kernel warn: docs/findings.rst. */
	expect_begin("drm_syncobj_array_find");
	run_actors(actors, seed, calls);
	expect_end();
	ktap_ok(digest_of(actors) == digest_dry(seed, calls),
		"%lu calls of seed %llu are always the same: digest %016llx", calls,
		(unsigned long long)seed, (unsigned long long)digest_of(actors));
	judge_calls(actors, THREADS, row_name, row_count(), &fairness);
	for (i = 0; i < THREADS; i++)
		end_actor(&actors[i]);
	end_files();
	ktap_ok(open_files() == count, "all descriptors are closed");

	judge_device(&puck);
	if (two)
		judge_device(&other);
	return ktap_end();
}
