// SPDX-License-Identifier: MIT
/*
 * One buffer, two devices: memory of the camera's that the GPU reads, memory of neither, and memory
 * of the GPU's that likes it best in VRAM. Each device has it mapped in its own way, which debugfs
 * shows side by side.
 *
 *	camera_share [GPU]	by its PCI address
 */
#include "lib/base/ktap.h"
#include "lib/base/dmabuf.h"
#include "lib/camera/stream.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/region.h"

#define WIDTH	640
#define HEIGHT	360

static struct cam cam;
static struct puck gpu;
static struct cam_stream stream;
static struct bo copy;

/* The frame in a buffer, as the GPU sees it, is the same picture. */
static bool gpu_sees(const struct bo *import, unsigned int part, size_t at)
{
	struct drm_puck_bo_ref refs[] = { ref_read(import), ref_write(&copy) };
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, at, stream.size[part]);
	struct drm_puck_submit args = job(gpu.queue[0], refs, 2, &cmd, 1);

	return !submit_wait(gpu.fd, &args);
}

static void copy_begins(void)
{
	memset(copy.map, 0, copy.size);
	bo_flush(gpu.fd, &copy);
}

/* The copy is the picture in a buffer, and so is the buffer for the CPU. */
static bool copy_is_good(unsigned int index)
{
	const uint8_t *planes[CAM_PLANES];
	struct cam_found found;

	bo_wait(gpu.fd, &copy, 0, FOREVER_NS);
	planes[0] = copy.map;
	planes[1] = copy.map + cam_plane_bytes(&stream.layout, 0);
	cam_check(&stream.layout, planes, &found);
	return cam_good(&found) && cam_verify(&stream, index, &found);
}

/* All planes of a buffer by the GPU into the copy, one behind the other. */
static bool copy_by_gpu(unsigned int index, const int *dmabuf)
{
	struct bo import;
	unsigned int part;
	size_t at = 0;
	bool good = true;

	copy_begins();
	for (part = 0; good && part < stream.parts; part++) {
		good = !bo_import(gpu.fd, &import, dmabuf[part], stream.size[part]) &&
		       gpu_sees(&import, part, at);
		bo_close(gpu.fd, &import);
		at += stream.size[part];
	}
	return good && copy_is_good(index);
}

/* A frame, and what @files are of its buffer. */
static bool frame_shared(void (*files)(unsigned int index, int *dmabuf))
{
	int dmabuf[CAM_PLANES] = { -1, -1 };
	struct cam_frame frame;
	unsigned int part;
	bool good;

	if (cam_queue_all(&stream) || cam_on(&stream) || cam_dequeue(&stream, &frame))
		return false;
	files(frame.index, dmabuf);
	good = copy_by_gpu(frame.index, dmabuf);
	cam_off(&stream);
	/* Exports are files of their own; what was imported has the stream's. */
	for (part = 0; stream.memory == V4L2_MEMORY_MMAP && part < stream.parts; part++)
		close(dmabuf[part]);
	return good;
}

static void exported(unsigned int index, int *dmabuf)
{
	unsigned int part;

	for (part = 0; part < stream.parts; part++)
		dmabuf[part] = cam_export(&stream, index, part, O_RDWR | O_CLOEXEC);
}

static void imported(unsigned int index, int *dmabuf)
{
	unsigned int part;

	for (part = 0; part < stream.parts; part++)
		dmabuf[part] = stream.buf[index].dmabuf[part];
}

static void test_formats(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cam_formats); i++) {
		const char *name = cam_formats[i].name;

		if (!cam.multi && cam_formats[i].number == PUCK_CAM_FORMAT_NV12M)
			continue;
		ktap_need(!cam_set_all(&stream, &cam, name, WIDTH, HEIGHT) &&
			  !cam_alloc_mmap(&stream, 2), "%s: buffers", name);
		ktap_ok(frame_shared(exported), "%s: of the camera's memory, read by the GPU", name);
		cam_free(&stream);
		ktap_need(!cam_set_all(&stream, &cam, name, WIDTH, HEIGHT) &&
			  !cam_alloc_dmabuf(&stream, 2, make_udmabuf), "%s: buffers", name);
		ktap_ok(frame_shared(imported), "%s: of others' memory, read by the GPU", name);
		cam_free(&stream);
	}
}

/* Lines of a file of debugfs that begin with @prefix. */
static unsigned int lines(const char *path, const char *prefix, char *first, size_t size)
{
	char text[32768], *line, *save = NULL;
	unsigned int count = 0;

	first[0] = '\0';
	read_text(path, text, sizeof(text));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, prefix, strlen(prefix)) && !count++)
			snprintf(first, size, "%s", line);
	return count;
}

static void test_layouts(void)
{
	char path[128], by_cam[256], by_gpu[256];
	struct bo import;

	ktap_need(!cam_set_all(&stream, &cam, "NV12", WIDTH, HEIGHT) &&
		  !cam_alloc_dmabuf(&stream, 2, make_udmabuf) && !cam_queue_all(&stream) &&
		  !bo_import(gpu.fd, &import, stream.buf[0].dmabuf[0], stream.size[0]),
		  "layouts: a buffer of both");
	snprintf(path, sizeof(path), "/sys/kernel/debug/puck-cam/%s/buffers", cam.pci);
	ktap_ok(lines(path, "buffer 0 plane 0 ", by_cam, sizeof(by_cam)) == 1, "layouts: the camera's");
	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/bos", gpu.pci);
	ktap_ok(lines(path, "bo ", by_gpu, sizeof(by_gpu)) >= 1, "layouts: the GPU's");
	ktap_note("camera: %s", by_cam);
	ktap_note("GPU:    %s", by_gpu);
	bo_close(gpu.fd, &import);
	cam_free(&stream);
}

/* ---- memory of the GPU's, in VRAM if nobody minds ---- */

static struct bo vram[2];
static unsigned int made;

static bool fill(const struct bo *bo)
{
	struct drm_puck_bo_ref ref = ref_write(bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, bo->size, 0x5a5a5a5a);
	struct drm_puck_submit args = job(gpu.queue[0], &ref, 1, &cmd, 1);

	return !submit_wait(gpu.fd, &args);
}

static int make_in_vram(size_t size)
{
	struct bo *bo = &vram[made];

	ktap_need(!bo_create_in(gpu.fd, bo, size, BO_VRAM | BO_SYSTEM, 0, 0) && fill(bo), "a BO");
	made++;
	return bo_export(gpu.fd, bo);
}

/* The GPU has a job with each of them. */
static bool all_are_in(int region)
{
	unsigned int i;

	for (i = 0; i < made; i++)
		if (!fill(&vram[i]) || bo_region(gpu.fd, &vram[i]) != region)
			return false;
	return true;
}

static unsigned int pinned(void)
{
	char path[128], text[32768], *at = text;
	unsigned int count = 0;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/bos", gpu.pci);
	read_text(path, text, sizeof(text));
	while ((at = strstr(at, " pinned"))) {
		at++;
		count++;
	}
	return count;
}

/*
 * vb2 does not want to be told of moves, and takes nothing but memory with pages: so what it has is
 * pinned in system memory, also where the camera would reach VRAM.
 */
static void test_vram(void)
{
	struct cam_frame frame;
	unsigned int i;

	ktap_need(!cam_set_all(&stream, &cam, "NV12", WIDTH, HEIGHT) &&
		  !cam_alloc_dmabuf(&stream, ARRAY_SIZE(vram), make_in_vram), "vram: buffers");
	ktap_ok(all_are_in(DRM_PUCK_REGION_VRAM) && !pinned(), "vram: that is where the BOs are");
	ktap_ok(!cam_queue_all(&stream) && pinned() == ARRAY_SIZE(vram) &&
		all_are_in(DRM_PUCK_REGION_SYSTEM),
		"vram: the camera has them, and they are pinned in system memory");
	copy_begins();
	ktap_ok(!cam_on(&stream) && !cam_dequeue(&stream, &frame) &&
		gpu_sees(&vram[frame.index], 0, 0) && copy_is_good(frame.index),
		"vram: a frame, read by the GPU and by the CPU");
	cam_off(&stream);
	cam_free(&stream);
	ktap_ok(!pinned() && all_are_in(DRM_PUCK_REGION_VRAM),
		"vram: the camera has let go of them, and they are back");
	for (i = 0; i < made; i++)
		bo_close(gpu.fd, &vram[i]);
}

int main(int argc, char **argv)
{
	ktap_begin();
	sharing_begin();
	ktap_need(!cam_open(&cam, "") &&
		  !(argc > 1 ? puck_open_pci(&gpu, argv[1]) : puck_open_any(&gpu)),
		  "a puck-cam and a puck-gpu");
	ktap_need(!cam_set_rate(&cam, 60) && !bo_create(gpu.fd, &copy, WIDTH * HEIGHT * 4), "a copy");
	test_formats();
	test_layouts();
	test_vram();
	bo_close(gpu.fd, &copy);
	sharing_end();
	return ktap_end();
}
