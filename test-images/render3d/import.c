// SPDX-License-Identifier: MIT
/*
 * Memory of another driver as a texture: pages of a memfd (udmabuf), of the other GPU. Nobody copies it
 * but the renderer, in front of each stream, and behind it if it was drawn to. A stream says how the
 * memory is to be read: with gaps, and not from its beginning.
 */
#include <sys/mman.h>

#include "lib/base/dmabuf.h"
#include "lib/base/ktap.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/render3d/virtgpu.h"

#define SIDE		32u
#define STRIDE		(4 * SIDE + 64)
#define OFFSET		128u
#define SIZE		8192u

/* PIPE_RESOURCE_SET_TYPE of one plane, and RESOURCE_COPY_REGION. */
#define SET_TYPE_DWORDS	11u
#define COPY_DWORDS	14u

static struct puck puck, other;

/* What was imported, as a resource; and where the CPU sees it. */
struct source {
	struct bo bo;
	uint32_t resource;
	uint8_t *map;
};

/* What SET_TYPE says. */
struct layout {
	uint32_t format, width, height, stride, offset;
};

static const struct layout right = { VIRGL_FORMAT_BGRA, SIDE, SIDE, STRIDE, OFFSET };

static int source_import(struct source *source, int dmabuf)
{
	struct virtgpu_info info = { 0 };
	int ret = bo_import(puck.fd, &source->bo, dmabuf, SIZE);

	if (ret)
		return ret;
	info.bo_handle = source->bo.handle;
	ret = puck_call(puck.fd, VIRTGPU_IOCTL_INFO, &info);
	source->resource = info.res_handle;
	if (!ret && (!info.res_handle || info.size != SIZE || info.blob_mem != VIRTGPU_BLOB_GUEST))
		ret = -EPROTO;
	return ret;
}

static uint32_t set_type(uint32_t *stream, uint32_t resource, const struct layout *layout)
{
	const uint32_t dwords[SET_TYPE_DWORDS] = {
		virgl_head(49, 0, SET_TYPE_DWORDS - 1), resource, layout->format, 1 << 3,
		layout->width, layout->height, 0, 0, 0, layout->stride, layout->offset,
	};

	memcpy(stream, dwords, sizeof(dwords));
	return sizeof(dwords);
}

/* All of one picture to another. */
static uint32_t copy(uint32_t *stream, uint32_t to, uint32_t from)
{
	const uint32_t dwords[COPY_DWORDS] = {
		virgl_head(17, 0, COPY_DWORDS - 1), to, 0, 0, 0, 0, from, 0, 0, 0, 0, SIDE, SIDE, 1,
	};

	memcpy(stream, dwords, sizeof(dwords));
	return sizeof(dwords);
}

/* A fence, or an errno. */
static int execute(struct puck *by, const uint32_t *stream, uint32_t bytes, const struct bo *one,
		   const struct bo *two)
{
	uint32_t handles[] = { one->handle, two ? two->handle : 0 };
	struct virtgpu_exec args = {
		.flags = VIRTGPU_EXECBUF_FENCE_FD_OUT,
		.size = bytes,
		.command = (uintptr_t)stream,
		.bo_handles = (uintptr_t)handles,
		.num_bo_handles = two ? 2 : 1,
	};
	int ret = puck_call(by->fd, VIRTGPU_IOCTL_EXEC, &args);

	return ret ? ret : args.fence_fd;
}

static void fill(uint8_t *map, unsigned int seed)
{
	unsigned int i;

	for (i = 0; i < SIZE; i++)
		map[i] = (uint8_t)(i * 13 + i / 251 + seed);
}

/* Pixels of @picture that are not those of the memory. */
static unsigned int differ(const struct picture *picture, const uint8_t *map)
{
	unsigned int x, y, wrong = 0;

	for (y = 0; y < SIDE; y++)
		for (x = 0; x < SIDE; x++)
			wrong += !!memcmp(picture->bo.map + 4 * (y * SIDE + x),
					  map + OFFSET + y * STRIDE + 4 * x, 4);
	return wrong;
}

/* The texture is copied to a picture, and that is read. */
static bool is_read(const char *what, const struct source *source, struct picture *picture)
{
	uint32_t stream[COPY_DWORDS];
	uint32_t bytes = copy(stream, picture->resource, source->resource);
	int ret = fence_result(execute(&puck, stream, bytes, &source->bo, &picture->bo),
			       FOREVER_MS);
	unsigned int wrong;

	if (ret == 1)
		ret = picture_read(puck.fd, picture);
	wrong = differ(picture, source->map);
	return ktap_ok(!ret && !wrong, "%s: %d, %u pixels are wrong", what, ret, wrong);
}

/* udmabuf maps it for the direction of the first one who asks, so that is both for all. */
static void cpu_fill(int dmabuf, const struct source *source, unsigned int seed)
{
	dmabuf_cpu(dmabuf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
	fill(source->map, seed);
	dmabuf_cpu(dmabuf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
}

/* Draws over the texture; gaps, and what is in front of it and behind it, stay. */
static void is_drawn(const struct source *source, int dmabuf)
{
	static const uint8_t bgra[4] = { 0x11, 0x22, 0x33, 0xff };
	static uint8_t before[SIZE];
	uint32_t stream[VIRGL_CLEAR_DWORDS];
	unsigned int i, wrong = 0;
	int ret;

	cpu_fill(dmabuf, source, 3);
	memcpy(before, source->map, SIZE);
	virgl_clear(stream, source->resource, bgra);
	ret = fence_result(execute(&puck, stream, sizeof(stream), &source->bo, NULL), FOREVER_MS);
	dmabuf_cpu(dmabuf, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW);
	for (i = 0; i < SIZE; i++) {
		unsigned int at = i - OFFSET;
		bool inside = i >= OFFSET && at < SIDE * STRIDE && at % STRIDE < 4 * SIDE;

		wrong += source->map[i] != (inside ? bgra[at % STRIDE % 4] : before[i]);
	}
	dmabuf_cpu(dmabuf, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW);
	ktap_ok(ret == 1 && !wrong, "drawn to: %d, %u bytes are wrong", ret, wrong);
}

static int type(const struct source *source, const struct layout *layout)
{
	uint32_t stream[SET_TYPE_DWORDS];
	uint32_t bytes = set_type(stream, source->resource, layout);

	return fence_result(execute(&puck, stream, bytes, &source->bo, NULL), FOREVER_MS);
}

static void pages(void)
{
	int dmabuf = make_udmabuf(SIZE), ret;
	struct picture picture;
	struct source source;

	if (dmabuf < 0) {
		ktap_skip(strerror(-dmabuf), "udmabuf");
		return;
	}
	source.map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, dmabuf, 0);
	ktap_need(source.map != MAP_FAILED && !picture_create(puck.fd, &picture, SIDE),
		  "udmabuf: set up");
	cpu_fill(dmabuf, &source, 1);
	sharing_begin();
	ret = source_import(&source, dmabuf);
	ktap_ok(!ret, "udmabuf: imported: %d", ret);
	ret = type(&source, &right);
	ktap_ok(ret == 1, "udmabuf: has a type: %d", ret);
	is_read("udmabuf", &source, &picture);
	cpu_fill(dmabuf, &source, 2);
	is_read("udmabuf, written anew", &source, &picture);
	is_drawn(&source, dmabuf);
	ret = type(&source, &right);
	ktap_ok(ret == 1, "udmabuf: a type once more: %d", ret);
	munmap(source.map, SIZE);
	close(dmabuf);
	bo_close(puck.fd, &source.bo);
	sharing_end();
	bo_close(puck.fd, &picture.bo);
}

/* What the other GPU writes, and nobody waits for but its fence. */
static void other_gpu(void)
{
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, SIZE);
	struct drm_puck_bo_ref refs[2];
	struct drm_puck_submit args;
	struct picture picture;
	struct source source;
	struct bo from, to;
	int dmabuf, ret;

	ktap_need(!bo_create(other.fd, &from, SIZE) && !bo_create(other.fd, &to, SIZE) &&
		  !picture_create(puck.fd, &picture, SIDE), "other GPU: set up");
	dmabuf = bo_export(other.fd, &to);
	fill(from.map, 7);
	bo_flush(other.fd, &from);
	source.map = from.map;
	sharing_begin();
	ret = source_import(&source, dmabuf);
	if (!ret)
		ret = type(&source, &right);
	ktap_ok(ret == 1, "other GPU: imported: %d", ret);
	refs[0] = ref_read(&from);
	refs[1] = ref_write(&to);
	args = job(other.queue[0], refs, 2, &cmd, 1);
	ktap_ok(!submit(other.fd, &args), "other GPU: it writes");
	is_read("other GPU", &source, &picture);
	close(dmabuf);
	bo_close(puck.fd, &source.bo);
	sharing_end();
	bo_close(other.fd, &to);
	bo_close(other.fd, &from);
	bo_close(puck.fd, &picture.bo);
}

/* A type that does not fit ends the context, as other streams that make no sense. */
static void bad_type(const char *what, struct layout layout)
{
	int dmabuf = make_udmabuf(SIZE), ret;
	struct puck before = puck;
	struct source source;

	if (dmabuf < 0) {
		ktap_skip(strerror(-dmabuf), what);
		return;
	}
	ktap_need(!puck_reopen(&puck), "bad_type: open");
	sharing_begin();
	ret = source_import(&source, dmabuf);
	if (!ret)
		ret = type(&source, &layout);
	ktap_ok(ret == -EIO, "bad_type: %s: %d", what, ret);
	bo_close(puck.fd, &source.bo);
	sharing_end();
	close(puck.fd);
	close(dmabuf);
	puck = before;
}

static void bad_types(void)
{
	struct layout layout = right;

	layout.offset = SIZE - SIDE * STRIDE + 65;
	bad_type("a byte behind the memory", layout);
	layout = right;
	layout.stride = 4 * SIDE - 1;
	bad_type("rows that overlap", layout);
	layout = right;
	layout.height = 0;
	bad_type("no rows", layout);
	layout = right;
	layout.height = ~0u;
	bad_type("too many rows", layout);
	layout = right;
	layout.format = 31;
	bad_type("a format that has no pixels", layout);
}

/* What is neither a resource nor imported is none. */
static void bad_info(void)
{
	struct virtgpu_info info = { 0 };
	struct bo bo;
	int ret;

	ktap_need(!bo_create(puck.fd, &bo, SIZE), "bad_info: set up");
	info.bo_handle = bo.handle;
	ret = puck_call(puck.fd, VIRTGPU_IOCTL_INFO, &info);
	ktap_ok(ret == -EINVAL, "bad_info: a BO of the GPU's own: %d", ret);
	bo_close(puck.fd, &bo);
	info = (struct virtgpu_info) { .bo_handle = bo.handle };
	ret = puck_call(puck.fd, VIRTGPU_IOCTL_INFO, &info);
	ktap_ok(ret == -ENOENT, "bad_info: no BO: %d", ret);
}

int main(void)
{
	int value = 0;

	ktap_begin();
	ktap_need(!puck_open_any(&puck), "open");
	if (virtgpu_param(puck.fd, VIRTGPU_PARAM_3D_FEATURES, &value) || !value) {
		ktap_skip("the device has no 3D", "3D");
		return ktap_end();
	}
	ktap_need(!puck_open_other(&other, &puck), "open another one");
	pages();
	other_gpu();
	bad_types();
	bad_info();
	close(other.fd);
	close(puck.fd);
	return ktap_end();
}
