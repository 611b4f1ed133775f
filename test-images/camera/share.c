// SPDX-License-Identifier: MIT
/*
 * One buffer, two devices: memory of the camera's that the GPU reads, and memory of neither.
 * Each device has it mapped in its own way, which debugfs shows side by side.
 */
#include "lib/base/ktap.h"
#include "lib/base/dmabuf.h"
#include "lib/camera/stream.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"

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

/* All planes of a buffer by the GPU into the copy, one behind the other. */
static bool copy_by_gpu(unsigned int index, const int *dmabuf)
{
	const uint8_t *planes[CAM_PLANES];
	struct cam_found found;
	struct bo import;
	unsigned int part;
	size_t at = 0;
	bool good = true;

	memset(copy.map, 0, copy.size);
	bo_flush(gpu.fd, &copy);
	for (part = 0; good && part < stream.parts; part++) {
		good = !bo_import(gpu.fd, &import, dmabuf[part], stream.size[part]) &&
		       gpu_sees(&import, part, at);
		bo_close(gpu.fd, &import);
		at += stream.size[part];
	}
	bo_wait(gpu.fd, &copy, 0, FOREVER_NS);
	planes[0] = copy.map;
	planes[1] = copy.map + cam_plane_bytes(&stream.layout, 0);
	cam_check(&stream.layout, planes, &found);
	return good && cam_good(&found) && cam_verify(&stream, index, &found);
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

int main(void)
{
	ktap_begin();
	sharing_begin();
	ktap_need(!cam_open(&cam, "") && !puck_open_any(&gpu), "a puck-cam and a puck-gpu");
	ktap_need(!cam_set_rate(&cam, 60) && !bo_create(gpu.fd, &copy, WIDTH * HEIGHT * 4), "a copy");
	test_formats();
	test_layouts();
	bo_close(gpu.fd, &copy);
	sharing_end();
	return ktap_end();
}
