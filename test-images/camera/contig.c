// SPDX-License-Identifier: MIT
/*
 * puck-cam.ko with memops=contig, and memory that is in pieces:
 *
 *	camera_contig taken	an IOMMU joins the pieces: the device writes into all of them
 *	camera_contig refused	nobody does: QBUF says EFAULT, and the queue goes on
 *
 * Pages are taken in their order, and with neighbours swapped: if they follow each other in
 * memory in one of the two, they do not in the other one.
 */
#include "lib/base/ktap.h"
#include "lib/base/dmabuf.h"
#include "lib/camera/stream.h"

#define WIDTH	320
#define HEIGHT	180
#define BUFFERS	3
#define FRAMES	5
#define PAGE	4096ul

/* How a buffer is made: a memfd's pages, swapped or not. Returns an errno. */
typedef int (*make_buffer)(struct cam_buffer *buf, size_t size, bool swapped);

static struct cam cam;
static struct cam_stream stream;

static size_t pages(size_t size)
{
	return (size + PAGE - 1) / PAGE;
}

/* Which page of @count is at place @n; the last one has no neighbour if their number is odd. */
static size_t page_at(size_t n, size_t count, bool swapped)
{
	return swapped && (n ^ 1) < count ? n ^ 1 : n;
}

static int make_memory(size_t size)
{
	int fd = memfd_create("frame", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)(pages(size) * PAGE)) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK))
		return -errno;
	return fd;
}

/* Both kinds: mapped with the pages in that order. */
static int map_memory(struct cam_buffer *buf, int fd, size_t size, bool swapped)
{
	size_t count = pages(size), i;
	uint8_t *map = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	for (i = 0; map != MAP_FAILED && swapped && i < count; i++)
		if (mmap(map + i * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
			 (off_t)(page_at(i, count, true) * PAGE)) == MAP_FAILED)
			map = MAP_FAILED;
	buf->map[0] = map;
	return map == MAP_FAILED ? -errno : 0;
}

static int make_user(struct cam_buffer *buf, size_t size, bool swapped)
{
	int fd = make_memory(size);
	int ret = fd < 0 ? fd : map_memory(buf, fd, size, swapped);

	if (fd >= 0)
		close(fd);
	return ret;
}

static int make_file(struct cam_buffer *buf, size_t size, bool swapped)
{
	size_t count = pages(size), i;
	struct udmabuf_create_list *list = calloc(1, sizeof(*list) + count * sizeof(list->list[0]));
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int fd = make_memory(size), ret;

	list->count = (uint32_t)count;
	for (i = 0; i < count; i++)
		list->list[i] = (struct udmabuf_create_item){
			.memfd = (uint32_t)fd, .offset = page_at(i, count, swapped) * PAGE,
			.size = PAGE,
		};
	buf->dmabuf[0] = ioctl(dev, UDMABUF_CREATE_LIST, list);
	ret = buf->dmabuf[0] < 0 ? -errno : 0;
	free(list);
	close(dev);
	close(fd);
	/* The dma-buf has its pages in that order already. */
	return ret ? ret : map_memory(buf, buf->dmabuf[0], size, false);
}

static int make_buffers(uint32_t memory, make_buffer make, bool swapped)
{
	uint32_t count = BUFFERS;
	unsigned int i;
	int ret;

	stream.memory = memory;
	ret = cam_request(&stream, memory, &count);
	for (i = 0; !ret && i < BUFFERS; i++)
		ret = make(&stream.buf[i], stream.size[0], swapped);
	stream.count = BUFFERS;
	return ret;
}

/* Good frames, of the buffers that there are. */
static unsigned int capture(void)
{
	struct cam_frame frame;
	struct cam_found found;
	unsigned int i;
	int ret = cam_queue_all(&stream);

	ret = ret ? ret : cam_on(&stream);
	for (i = 0; !ret && i < FRAMES; i++) {
		ret = cam_dequeue(&stream, &frame);
		if (ret || frame.flags & V4L2_BUF_FLAG_ERROR ||
		    !cam_verify(&stream, frame.index, &found))
			break;
		memset(stream.buf[frame.index].map[0], 0, stream.size[0]);
		ret = cam_queue(&stream, frame.index);
	}
	cam_off(&stream);
	return i;
}

static void test_own(const char *when)
{
	unsigned int good;

	ktap_need(!cam_alloc_mmap(&stream, BUFFERS), "MMAP: buffers");
	good = capture();
	ktap_ok(good == FRAMES, "MMAP%s: %u good frames", when, good);
	ktap_need(!cam_free(&stream), "MMAP: buffers go");
}

static void test_taken(const char *name, uint32_t memory, make_buffer make)
{
	unsigned int swapped, good;

	for (swapped = 0; swapped < 2; swapped++) {
		ktap_need(!make_buffers(memory, make, swapped), "%s: buffers", name);
		good = capture();
		ktap_ok(good == FRAMES, "%s%s: %u good frames", name,
			swapped ? ", pages swapped" : "", good);
		ktap_need(!cam_free(&stream), "%s: buffers go", name);
	}
}

static void test_refused(const char *name, uint32_t memory, make_buffer make)
{
	unsigned int swapped;
	int ret[2];

	for (swapped = 0; swapped < 2; swapped++) {
		ktap_need(!make_buffers(memory, make, swapped), "%s: buffers", name);
		ret[swapped] = cam_queue(&stream, 0);
		ktap_need(!cam_free(&stream), "%s: buffers go", name);
	}
	ktap_ok(ret[0] == -EFAULT || ret[1] == -EFAULT, "%s: refused (%d, %d)", name, ret[0],
		ret[1]);
	ktap_ok((!ret[0] || ret[0] == -EFAULT) && (!ret[1] || ret[1] == -EFAULT),
		"%s: and nothing else is said", name);
}

int main(int argc, char **argv)
{
	bool refused = argc == 2 && !strcmp(argv[1], "refused");
	void (*test)(const char *name, uint32_t memory, make_buffer make);

	ktap_begin();
	ktap_need(refused || (argc == 2 && !strcmp(argv[1], "taken")), "usage: %s taken|refused",
		  argv[0]);
	test = refused ? test_refused : test_taken;
	ktap_need(!cam_open(&cam, "") && !cam_set_rate(&cam, 60), "a puck-cam");
	ktap_need(!cam_set_all(&stream, &cam, "NV12", WIDTH, HEIGHT), "a format");
	/* MMAP buffers are contiguous for the device in any case. */
	test_own("");
	test("USERPTR", V4L2_MEMORY_USERPTR, make_user);
	test("DMABUF", V4L2_MEMORY_DMABUF, make_file);
	test_own(", as before");
	return ktap_end();
}
