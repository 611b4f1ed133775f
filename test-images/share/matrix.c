// SPDX-License-Identifier: MIT
/*
 * Each exporter of a dma-buf with each importer: the bytes in each direction that the two can do,
 * the order of what they do, and what others are told of it. Whoever cannot import says so, by the
 * errno that its source has.
 *
 *	share_matrix [pinned]
 *
 * With "pinned" the kernel knows no moves of what is shared (DMABUF_MOVE_NOTIFY). A cell has a
 * letter for each thing that was right, docs/sharing.rst; its lines "# cell" are what the table
 * there is made of.
 */
#include <stdio.h>

#include "lib/base/array.h"
#include "lib/base/clock.h"
#include "lib/base/crc32.h"
#include "lib/base/ktap.h"
#include "lib/camera/mischief.h"
#include "lib/gpu/debugfs.h"
#include "lib/share/buffer.h"
#include "lib/share/capture.h"
#include "lib/share/exporter.h"
#include "lib/share/left.h"
#include "lib/share/vgem_fence.h"

#define LATE_NS	(60 * NSEC_PER_MSEC)

static struct share_devices devices;
static struct bo results[2];	/* of each GPU: where its jobs copy to */
static bool pinned;

/* In the order of the table; gpu[0] is behind the IOMMU if any is. */
static struct exporter exporters[] = {
	{ .name = "gpu0, system", .make = make_bo_system, .gpu = 0 },
	{ .name = "gpu0, VRAM", .make = make_bo_vram, .gpu = 0 },
	{ .name = "gpu0, VRAM alone", .make = make_bo_alone, .gpu = 0, .peers = true },
	{ .name = "gpu1, system", .make = make_bo_system, .gpu = 1 },
	{ .name = "puck-cam", .make = make_camera, .gpu = -1 },
	{ .name = "vgem", .make = make_vgem, .gpu = -1 },
	{ .name = "virtio-gpu", .make = make_virtio, .gpu = -1 },
	{ .name = "vivid", .make = make_vivid, .gpu = -1 },
	{ .name = "udmabuf", .make = make_memfd, .gpu = -1 },
	{ .name = "system heap", .make = make_system, .gpu = -1, .apart = true },
	{ .name = "CMA heap", .make = make_cma, .gpu = -1, .apart = true },
};

/* In the order of a cell. */
static const char letters[] = "rwfFus";

/**
 * struct pair - an exporter and an importer at work
 * @exp: the one
 * @importer: name of the other
 * @buf: what they share
 * @good: of each letter: whether that was right
 * @refusal: or how the importer said no
 */
struct pair {
	struct exporter *exp;
	const char *importer;
	const struct shared *buf;
	bool good[sizeof(letters)];
	const char *refusal;
};

static bool right(struct pair *pair, char letter, bool ok, const char *what)
{
	pair->good[strchr(letters, letter) - letters] = ok;
	return ktap_ok(ok, "%s to %s: %s", pair->exp->name, pair->importer, what);
}

static void print_cell(const struct pair *pair)
{
	char cell[sizeof(letters)] = "";
	size_t i, length = 0;

	for (i = 0; letters[i]; i++)
		if (pair->good[i])
			cell[length++] = letters[i];
	ktap_note("cell %s | %s | %s", pair->exp->name, pair->importer, pair->refusal ?: cell);
}

/* The importer says no, and that is what its source has. */
static void refused(struct pair *pair, int ret, int err, const char *name)
{
	if (ktap_ok(ret == -err, "%s to %s: refused with %s (%d)", pair->exp->name, pair->importer,
		    name, ret))
		pair->refusal = name;
}

/* ---- a GPU that has the buffer ---- */

struct user {
	struct puck *puck;
	unsigned int number;
	struct bo bo;
	bool own;		/* the exporter's: the BO is the one that was exported */
};

static int user_import(struct user *user, unsigned int number, const struct pair *pair)
{
	user->puck = &devices.gpu[number];
	user->number = number;
	user->own = pair->exp->gpu == (int)number;
	return bo_import(user->puck->fd, &user->bo, pair->buf->dmabuf, pair->buf->size);
}

static bool user_open(struct user *user, unsigned int number, const struct pair *pair)
{
	return !user_import(user, number, pair);
}

/* The handle of the exporter's own BO is one for both. */
static void user_close(struct user *user)
{
	if (!user->own)
		bo_close(user->puck->fd, &user->bo);
}

/* Jobs are not waited for: each returns its fence, or a negative errno. */
static int user_fill(const struct user *user, size_t size, uint8_t value)
{
	struct drm_puck_cmd cmd = cmd_fill(0, 0, size, value * 0x01010101u);
	struct drm_puck_bo_ref ref = ref_write(&user->bo);
	struct drm_puck_submit args = job(user->puck->queue[0], &ref, 1, &cmd, 1);

	return submit_fd(user->puck->fd, &args);
}

static int user_copy(const struct user *user, size_t size)
{
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, size);
	struct drm_puck_bo_ref refs[] = { ref_read(&user->bo), ref_write(&results[user->number]) };
	struct drm_puck_submit args = job(user->puck->queue[0], refs, 2, &cmd, 1);

	return submit_fd(user->puck->fd, &args);
}

static bool done(int fence)
{
	return fence_result(fence, FOREVER_MS) == 1;
}

/* What the job of user_copy() has read, for the CPU. */
static const uint8_t *user_read(const struct user *user)
{
	struct bo *bo = &results[user->number];

	return bo_wait(user->puck->fd, bo, 0, FOREVER_NS) ? NULL : bo->map;
}

static bool user_has_read(const struct user *user, size_t size, uint8_t value)
{
	const uint8_t *bytes = user_read(user);
	size_t i;

	for (i = 0; bytes && i < size && bytes[i] == value; i++)
		;
	return i == size;
}

static void user_late(const struct user *user, bool late)
{
	ktap_need(!puck_set(user->puck, 0, "start_delay_ns", late ? LATE_NS : 0), "a late GPU");
}

static void user_hold(const struct user *user, bool hold)
{
	ktap_need(!puck_set(user->puck, 0, "hold", hold), "a GPU that is held");
}

/* Another GPU than @number; -1: there is none. */
static int other_gpu(int number)
{
	int other = number == 0;

	return devices.gpu[other].fd >= 0 ? other : -1;
}

/* ---- importer: a GPU ---- */

static void gpu_reads(struct pair *pair, const struct user *user, uint32_t crc)
{
	struct drm_puck_cmd cmd = cmd_crc(0, 0, pair->buf->size, 1, 0);
	struct drm_puck_bo_ref refs[] = { ref_read(&user->bo), ref_write(&results[user->number]) };
	struct drm_puck_submit args = job(user->puck->queue[0], refs, 2, &cmd, 1);
	uint32_t found = ~crc;
	bool ok;

	ok = exporter_stirs(pair->exp, &devices) && done(submit_fd(user->puck->fd, &args)) &&
	     user_read(user);
	if (ok)
		memcpy(&found, results[user->number].map, sizeof(found));
	right(pair, 'r', found == crc, "the device reads what the CPU wrote");
}

/* The other GPU writes late. */
static void gpu_waits(struct pair *pair, const struct user *user)
{
	struct user writer;
	int fence, ret;

	if (other_gpu(user->number) < 0 || pair->exp->peers)
		return;
	ktap_need(user_open(&writer, other_gpu(user->number), pair), "a writer");
	user_late(&writer, true);
	fence = user_fill(&writer, pair->buf->size, 0x61);
	ret = user_copy(user, pair->buf->size);
	right(pair, 'f', done(ret) && fence_status(fence) == 1 &&
	      user_has_read(user, pair->buf->size, 0x61), "the device waits for a late writer");
	user_late(&writer, false);
	close(fence);
	user_close(&writer);
}

/* What others are told while the device reads, and while it writes. */
static void gpu_tells(struct pair *pair, const struct user *user)
{
	const struct shared *buf = pair->buf;
	int fence;
	bool ok;

	/* The memory is where the device wants it: no move is held with the job. */
	ok = done(user_copy(user, buf->size)) && shared_wait(buf, DMA_BUF_SYNC_WRITE);
	user_hold(user, true);
	fence = user_copy(user, buf->size);
	ok = ok && fence >= 0 && shared_wait(buf, DMA_BUF_SYNC_READ) &&
	     shared_idle(buf, DMA_BUF_SYNC_WRITE) == 0;
	user_hold(user, false);
	ok = done(fence) && ok;
	user_hold(user, true);
	fence = user_fill(user, buf->size, 0x3b);
	ok = ok && fence >= 0 && shared_idle(buf, DMA_BUF_SYNC_READ) == 0 &&
	     shared_idle(buf, DMA_BUF_SYNC_WRITE) == 0;
	user_hold(user, false);
	ok = done(fence) && ok && shared_idle(buf, DMA_BUF_SYNC_WRITE) == 1;
	right(pair, 'u', ok, "a reader is in the way of writers alone, a writer of all");
}

/* In the same file the handle is the same, and what is exported again is the dma-buf. */
static void same_again(struct pair *pair, int fd, const struct bo *bo)
{
	int again = bo_export(fd, bo);
	struct bo twice;
	bool ok;

	ok = again >= 0 && shared_same(again, pair->buf->dmabuf) &&
	     !bo_import(fd, &twice, again, pair->buf->size) && twice.handle == bo->handle;
	if (again >= 0)
		close(again);
	right(pair, 's', ok, "the same object again, and the same dma-buf");
}

/* The device writes late, and the CPU reads. */
static void gpu_writes(struct pair *pair, struct user *user)
{
	const struct shared *buf = pair->buf;
	bool apart = pair->exp->apart, ok;
	int fence;

	user_late(user, true);
	fence = user_fill(user, buf->size, 0x5d);
	/* By a fence if the CPU may have the memory only when it is unmapped. */
	ok = fence >= 0 && (apart ? shared_wait(buf, DMA_BUF_SYNC_READ) : shared_begin(buf));
	right(pair, 'F', ok && fence_status(fence) == 1, "the CPU waits for the device");
	if (apart) {
		user_close(user);
		/* What is left is the result. */
		ok = puck_count_becomes(user->puck, "bos", "bo ", 1) && ok;
	} else {
		ok = ok && shared_end(buf);
	}
	right(pair, 'w', ok && shared_is(buf, 0x5d), "the CPU reads what the device wrote");
	user_late(user, false);
	close(fence);
}

/* What may move is where its own device likes it best, but for a kernel that knows no moves. */
static void check_place(struct pair *pair, const struct user *user)
{
	int where, wanted = pinned || user->own ? DRM_PUCK_REGION_SYSTEM : DRM_PUCK_REGION_VRAM;

	if (pair->exp->make != make_bo_vram || user->own)
		return;
	where = exporter_stirs(pair->exp, &devices) ?
		bo_region(devices.gpu[pair->exp->gpu].fd, &pair->exp->bo) : -EIO;
	ktap_ok(where == wanted, "%s to %s: imported, and in %s", pair->exp->name, pair->importer,
		wanted == DRM_PUCK_REGION_VRAM ? "VRAM" : "system memory");
}

static uint32_t pattern_crc(size_t size, uint64_t seed)
{
	uint8_t *model = malloc(size);
	uint32_t crc;

	ktap_need(model, "memory");
	pattern_fill(model, size, seed);
	crc = crc32c(model, size);
	free(model);
	return crc;
}

static void cell_gpu(struct pair *pair, unsigned int number)
{
	const struct shared *buf = pair->buf;
	struct user user;
	uint32_t crc;
	int ret;

	/* Where the CPU gets the memory while devices have it, it writes when they have. */
	if (pair->exp->apart)
		ktap_need(shared_write(buf, number + 1), "%s: written", pair->exp->name);
	ret = user_import(&user, number, pair);
	if (pair->exp->peers && !user.own) {
		refused(pair, ret, EOPNOTSUPP, "EOPNOTSUPP");
		return;
	}
	if (!ktap_ok(!ret, "%s to %s: import (%d)", pair->exp->name, pair->importer, ret))
		return;
	if (!pair->exp->apart)
		ktap_need(shared_write(buf, number + 1), "%s: written", pair->exp->name);
	crc = pattern_crc(buf->size, number + 1);
	gpu_reads(pair, &user, crc);
	check_place(pair, &user);
	gpu_waits(pair, &user);
	gpu_tells(pair, &user);
	same_again(pair, user.puck->fd, &user.bo);
	gpu_writes(pair, &user);
	if (!pair->exp->apart)
		user_close(&user);
}

static void cell_gpu0(struct pair *pair)
{
	cell_gpu(pair, 0);
}

static void cell_gpu1(struct pair *pair)
{
	cell_gpu(pair, 1);
}

/* ---- importer: the camera's capture queue ---- */

static bool lend(struct cam_stream *stream, const struct pair *pair, uint32_t fences)
{
	return !capture_lend(stream, &devices.cam, pair->buf, fences);
}

static bool take_back(const struct cam_stream *stream)
{
	return !capture_take_back(stream);
}

/* A whole picture, as the CPU sees it when the camera has let go of the buffer. */
static bool picture_arrived(const struct cam_stream *stream, const struct shared *buf)
{
	struct cam_found found;
	bool good;

	if (!shared_begin(buf))
		return false;
	good = cam_verify(stream, 0, &found);
	return shared_end(buf) && good;
}

/* Waits until frame @number has begun. */
static bool frame_begins(uint32_t number)
{
	struct v4l2_event event = { 0 };
	unsigned int looks = 0;

	do {
		if (!cam_call(devices.cam.bridge, VIDIOC_DQEVENT, &event) &&
		    event.u.frame_sync.frame_sequence >= number)
			return true;
	} while (patient(&looks));
	return false;
}

/* Those of the stream before are not meant. */
static void forget_frames(void)
{
	struct v4l2_event event;

	while (!cam_call(devices.cam.bridge, VIDIOC_DQEVENT, &event))
		;
}

/* The camera is no peer here: what is not to be had is not kept, either. */
static void camera_is_refused(struct pair *pair)
{
	struct cam_stream stream;
	int ret;

	ktap_need(lend(&stream, pair, 0), "%s: a queue", pair->exp->name);
	ret = cam_queue(&stream, 0);
	take_back(&stream);
	refused(pair, ret, EOPNOTSUPP, "EOPNOTSUPP");
}

static void camera_writes(struct pair *pair)
{
	struct cam_stream stream;
	struct cam_frame frame;
	bool ok;

	ok = shared_write(pair->buf, 1) && exporter_stirs(pair->exp, &devices) &&
	     lend(&stream, pair, 0) && !cam_queue(&stream, 0) && !cam_on(&stream) &&
	     !cam_dequeue(&stream, &frame);
	ok = take_back(&stream) && ok;
	right(pair, 'w', ok && picture_arrived(&stream, pair->buf), "the CPU reads what the device wrote");
}

/* A GPU writes, and is held: the camera drops frames until it is not any more. */
static void camera_waits(struct pair *pair, const struct user *writer)
{
	struct cam_stream stream;
	struct cam_frame frame;
	int fence;
	bool ok;

	forget_frames();
	user_hold(writer, true);
	fence = user_fill(writer, pair->buf->size, 0x61);
	ok = fence >= 0 && lend(&stream, pair, PUCK_CAM_FENCES_IN) && !cam_queue(&stream, 0) &&
	     !cam_on(&stream) && frame_begins(3) && cam_try_dequeue(&stream, &frame) == -EAGAIN;
	user_hold(writer, false);
	ok = done(fence) && ok && !cam_dequeue(&stream, &frame) && frame.sequence >= 3;
	ok = take_back(&stream) && ok;
	right(pair, 'f', ok, "the device waits for a late writer");
}

/* The camera writes, and its frame does not end: a GPU waits, and reads all of the picture. */
static void camera_tells(struct pair *pair, const struct user *reader)
{
	const struct shared *buf = pair->buf;
	const uint8_t *planes[CAM_PLANES];
	struct cam_stream stream;
	struct cam_frame frame;
	struct cam_found found;
	unsigned long rule;
	bool tells, waits;
	int fence;

	rule = cam_rule("cam.frame hold");
	tells = lend(&stream, pair, PUCK_CAM_FENCES_OUT_IMPLICIT) && !cam_on(&stream) &&
		!cam_queue(&stream, 0) && shared_idle(buf, DMA_BUF_SYNC_READ) == 0 &&
		shared_idle(buf, DMA_BUF_SYNC_WRITE) == 0;
	fence = user_copy(reader, buf->size);
	waits = fence >= 0 && fence_status(fence) == 0;
	cam_rule_remove(rule);
	waits = done(fence) && waits;
	planes[0] = planes[1] = user_read(reader);
	if (waits && planes[0])
		cam_check(&stream.layout, planes, &found);
	waits = waits && planes[0] && cam_good(&found);
	tells = !cam_dequeue(&stream, &frame) && tells;
	tells = take_back(&stream) && tells;
	right(pair, 'F', waits, "a reader waits for the device");
	right(pair, 'u', tells, "a writer is in the way of all");
}

static void cell_camera(struct pair *pair)
{
	int other = other_gpu(pair->exp->gpu);
	struct user user;

	if (pair->exp->peers) {
		camera_is_refused(pair);
		return;
	}
	camera_writes(pair);
	/* Not the GPU that has to move the memory for the camera: that is held. */
	if (access(RULES "add", W_OK) || other < 0) {
		ktap_skip("no puck-mischief, or no GPU", "order of fences");
		return;
	}
	ktap_need(user_open(&user, other, pair), "a GPU beside the camera");
	camera_waits(pair, &user);
	camera_tells(pair, &user);
	user_close(&user);
}

/* ---- importers: cards of others, which have no device that works on memory ---- */

/* The exporter's own card knows its buffer again, and lets the CPU have it. */
static void card_maps(struct pair *pair, int fd, struct bo *bo)
{
	const struct shared *buf = pair->buf;
	int ret = dumb_mmap(fd, bo);
	size_t i;

	if (strcmp(pair->exp->name, pair->importer)) {
		ktap_ok(ret == -EINVAL, "%s to %s: the card maps nothing of others (%d)",
			pair->exp->name, pair->importer, ret);
		return;
	}
	ktap_need(!ret && shared_write(buf, 2), "%s: mapped by its card", pair->importer);
	right(pair, 'r', !memcmp(bo->map, buf->map, buf->size), "the card's mapping shows it");
	memset(bo->map, 0x5d, buf->size);
	for (i = 0; i < buf->size && buf->map[i] == 0x5d; i++)
		;
	right(pair, 'w', i == buf->size, "what is written there is there");
}

static void vgem_orders(struct pair *pair, int fd, const struct bo *bo, const struct user *user)
{
	const struct shared *buf = pair->buf;
	uint32_t number = 0;
	int fence;
	bool ok;

	user_hold(user, true);
	fence = user_fill(user, buf->size, 0x61);
	ok = fence >= 0 && vgem_begin(fd, bo, 0, &number) == -EBUSY;
	user_hold(user, false);
	right(pair, 'f', done(fence) && ok, "there is a late writer: busy");

	ok = shared_wait(buf, DMA_BUF_SYNC_WRITE) && !vgem_begin(fd, bo, 0, &number) &&
	     shared_idle(buf, DMA_BUF_SYNC_READ) == 1 && shared_idle(buf, DMA_BUF_SYNC_WRITE) == 0 &&
	     !vgem_end(fd, number) && !vgem_begin(fd, bo, VGEM_WRITE, &number);
	fence = user_copy(user, buf->size);
	ok = ok && shared_idle(buf, DMA_BUF_SYNC_READ) == 0;
	right(pair, 'F', fence >= 0 && fence_status(fence) == 0 && !vgem_end(fd, number) &&
	      done(fence), "a reader waits for it");
	right(pair, 'u', ok, "a reader is in the way of writers alone, a writer of all");
}

static void cell_card(struct pair *pair, int foreign)
{
	bool own = !strcmp(pair->exp->name, pair->importer), vgem = !strcmp(pair->importer, "vgem");
	int fd = dumb_open(vgem ? "vgem" : "virtio_gpu");
	int ret, other = other_gpu(pair->exp->gpu);
	struct user user;
	struct bo bo;

	if (fd < 0) {
		ktap_skip("there is none in this guest", pair->importer);
		return;
	}
	ret = bo_import(fd, &bo, pair->buf->dmabuf, pair->buf->size);
	if (!own && pair->exp->peers) {
		refused(pair, ret, EOPNOTSUPP, "EOPNOTSUPP");
	} else if (!own && foreign) {
		refused(pair, ret, foreign, "ENODEV");
	} else if (ktap_ok(!ret, "%s to %s: import (%d)", pair->exp->name, pair->importer, ret)) {
		card_maps(pair, fd, &bo);
		if (vgem && other >= 0) {
			ktap_need(user_open(&user, other, pair), "a GPU beside vgem");
			vgem_orders(pair, fd, &bo, &user);
			user_close(&user);
		}
		same_again(pair, fd, &bo);
		bo_close(fd, &bo);
	}
	close(fd);
}

static void cell_vgem(struct pair *pair)
{
	cell_card(pair, 0);
}

static void cell_virtio(struct pair *pair)
{
	cell_card(pair, ENODEV);
}

/* ---- those that import nothing ---- */

/* udmabuf wants a memfd. */
static void cell_udmabuf(struct pair *pair)
{
	struct udmabuf_create args = { .memfd = pair->buf->dmabuf, .size = pair->buf->size };
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);

	if (dev < 0) {
		ktap_skip("there is none in this guest", pair->importer);
		return;
	}
	refused(pair, puck_call(dev, UDMABUF_CREATE, &args), EBADFD, "EBADFD");
	close(dev);
}

/* A heap only gives: there must be no descriptor in what it is asked. */
static void cell_heap(struct pair *pair)
{
	struct dma_heap_allocation_data args = {
		.len = pair->buf->size, .fd = pair->buf->dmabuf, .fd_flags = O_RDWR | O_CLOEXEC,
	};
	int dev = open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC);

	if (dev < 0) {
		ktap_skip("there is none in this guest", pair->importer);
		return;
	}
	refused(pair, puck_call(dev, DMA_HEAP_IOCTL_ALLOC, &args), EINVAL, "EINVAL");
	close(dev);
}

/* ---- all of them ---- */

static const struct {
	const char *name;
	void (*cell)(struct pair *pair);
} importers[] = {
	{ "gpu0", cell_gpu0 },
	{ "gpu1", cell_gpu1 },
	{ "puck-cam", cell_camera },
	{ "vgem", cell_vgem },
	{ "virtio-gpu", cell_virtio },
	{ "udmabuf", cell_udmabuf },
	{ "heaps", cell_heap },
};

static bool there_is(unsigned int importer)
{
	if (importer < ARRAY_SIZE(devices.gpu))
		return devices.gpu[importer].fd >= 0;
	return importers[importer].cell != cell_camera || devices.cam.fd >= 0;
}

static void test_pair(struct exporter *exp, unsigned int importer)
{
	struct pair pair = { .exp = exp, .importer = importers[importer].name };
	struct shared buf;
	char name[64];
	int ret;

	snprintf(name, sizeof(name), "%s to %s", exp->name, pair.importer);
	if (!there_is(importer)) {
		ktap_skip("there is no such importer", name);
		return;
	}
	ret = exp->make(exp, &devices);
	if (ret == -ENODEV) {
		ktap_skip("there is no such exporter", name);
		return;
	}
	if (!ktap_ok(ret >= 0 && !shared_open(&buf, ret), "%s: export (%d)", name, ret))
		return;
	pair.buf = &buf;
	importers[importer].cell(&pair);
	shared_close(&buf);
	exporter_ends(exp, &devices);
	print_cell(&pair);
}

static void open_devices(void)
{
	unsigned int i;

	share_devices_open(&devices);
	ktap_need(devices.gpu[0].fd >= 0, "a GPU");
	for (i = 0; i < ARRAY_SIZE(results) && devices.gpu[i].fd >= 0; i++)
		ktap_need(!bo_create(devices.gpu[i].fd, &results[i], SHARE_SIZE_MAX), "a result");
	if (devices.cam.fd >= 0)
		ktap_need(!cam_subscribe(devices.cam.bridge, V4L2_EVENT_FRAME_SYNC), "starts of frames");
}

static void close_devices(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(results) && devices.gpu[i].fd >= 0; i++) {
		bo_close(devices.gpu[i].fd, &results[i]);
		ktap_ok(puck_count_becomes(&devices.gpu[i], "bos", "bo ", 0), "no BO is left on gpu%u", i);
	}
	share_devices_close(&devices);
}

int main(int argc, char **argv)
{
	unsigned int exporter, importer, files = open_files();

	ktap_begin();
	pinned = argc > 1 && !strcmp(argv[1], "pinned");
	ktap_need(no_dmabuf(), "no dma-buf in the beginning");
	sharing_begin();
	open_devices();
	for (exporter = 0; exporter < ARRAY_SIZE(exporters); exporter++)
		for (importer = 0; importer < ARRAY_SIZE(importers); importer++)
			test_pair(&exporters[exporter], importer);
	close_devices();
	ktap_ok(no_dmabuf(), "no dma-buf is left");
	ktap_ok(open_files() == files, "no file is left open");
	sharing_end();
	return ktap_end();
}
