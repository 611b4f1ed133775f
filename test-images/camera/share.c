// SPDX-License-Identifier: MIT
/*
 * One buffer, two devices: memory of the camera's that the GPU reads, memory of neither, and memory
 * of the GPU's that likes it best in VRAM. Each device has it mapped in its own way, which debugfs
 * shows side by side.
 *
 *	camera_share [GPU [peer]]	by its PCI address, and whether the camera reaches its VRAM
 */
#include "lib/base/ktap.h"
#include "lib/base/dmabuf.h"
#include "lib/camera/stream.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/region.h"
#include "lib/share/frames.h"

#define WIDTH	640
#define HEIGHT	360

static struct cam cam;
static struct puck gpu;
static struct cam_stream stream;

/* The frame in a buffer, as the GPU sees it, is the same picture. */
static bool gpu_sees(const struct bo *import, unsigned int part, size_t at)
{
	return fence_result(frames_copy(import, part, at), FOREVER_MS) == 1;
}

/* The copy is the picture in a buffer, and so is the buffer for the CPU. */
static bool copy_is_good(unsigned int index)
{
	struct cam_found found;

	return frames_copy_is_good() && cam_verify(&stream, index, &found);
}

/* All planes of a buffer by the GPU into the copy, one behind the other. */
static bool copy_by_gpu(unsigned int index, const int *dmabuf)
{
	struct bo import;
	unsigned int part;
	size_t at = 0;
	bool good = true;

	frames_copy_begin();
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

/*
 * They stay where they are if the camera reaches them there, and are pinned in system memory if
 * not: nothing moves a buffer of vb2's.
 */
static void test_vram(bool peer)
{
	int region = peer ? DRM_PUCK_REGION_VRAM : DRM_PUCK_REGION_SYSTEM;
	struct cam_frame frame;

	frames.placements = BO_VRAM | BO_SYSTEM;
	ktap_need(!cam_set_all(&stream, &cam, "NV12", WIDTH, HEIGHT) &&
		  !cam_alloc_dmabuf(&stream, 2, frames_make), "vram: buffers");
	ktap_ok(frames_are_in(DRM_PUCK_REGION_VRAM) && !frames_pinned(),
		"vram: that is where the BOs are");
	ktap_ok(!cam_queue_all(&stream) && frames_pinned() == 2 && frames_go_to(region),
		"vram: the camera has them, and they are pinned in %s",
		peer ? "VRAM" : "system memory");
	frames_copy_begin();
	ktap_ok(!cam_on(&stream) && !cam_dequeue(&stream, &frame) &&
		gpu_sees(&frames.bo[frame.index], 0, 0) && copy_is_good(frame.index),
		"vram: a frame, read by the GPU and by the CPU");
	cam_off(&stream);
	cam_free(&stream);
	ktap_ok(!frames_pinned() && frames_go_to(DRM_PUCK_REGION_VRAM),
		"vram: the camera has let go of them, and they are where they were");
	frames_close();
}

int main(int argc, char **argv)
{
	ktap_begin();
	sharing_begin();
	ktap_need(!cam_open(&cam, "") &&
		  !(argc > 1 ? puck_open_pci(&gpu, argv[1]) : puck_open_any(&gpu)),
		  "a puck-cam and a puck-gpu");
	frames.gpu = &gpu;
	frames.stream = &stream;
	ktap_need(!cam_set_rate(&cam, 60) && !bo_create(gpu.fd, &frames.copy, WIDTH * HEIGHT * 4),
		  "a copy");
	test_formats();
	test_layouts();
	test_vram(argc > 2 && !strcmp(argv[2], "peer"));
	bo_close(gpu.fd, &frames.copy);
	sharing_end();
	return ktap_end();
}
