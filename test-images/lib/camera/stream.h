/* SPDX-License-Identifier: MIT */
/* Formats, buffers and frames of a puck-cam's node, in either of V4L2's two APIs. */
#ifndef LIB_CAMERA_STREAM_H
#define LIB_CAMERA_STREAM_H

#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "lib/base/patience.h"
#include "lib/camera/node.h"
#include "lib/camera/stamp.h"

#define CAM_BUFFERS_MAX	VIDEO_MAX_FRAME

/* Where a buffer is. Planes of a dma-buf have a file each, mapped as well. */
struct cam_buffer {
	uint8_t *map[CAM_PLANES];
	int dmabuf[CAM_PLANES];
};

struct cam_stream {
	const struct cam *cam;
	struct cam_layout layout;
	unsigned int parts;		/* memory planes */
	size_t size[CAM_PLANES];	/* bytes of each */
	uint32_t memory;
	unsigned int count;
	struct cam_buffer buf[CAM_BUFFERS_MAX];
};

struct cam_frame {
	unsigned int index;
	uint32_t sequence;
	uint32_t flags;
	int64_t ns;
	uint32_t used[CAM_PLANES];
};

static const struct {
	const char *name;		/* in cam_formats */
	uint32_t fourcc;
} cam_fourccs[] = {
	{ "XRGB8888", V4L2_PIX_FMT_XBGR32 },
	{ "RGB24", V4L2_PIX_FMT_RGB24 },
	{ "YUYV", V4L2_PIX_FMT_YUYV },
	{ "UYVY", V4L2_PIX_FMT_UYVY },
	{ "NV12", V4L2_PIX_FMT_NV12 },
	{ "NV12M", V4L2_PIX_FMT_NV12M },
	{ "GREY", V4L2_PIX_FMT_GREY },
};

static inline uint32_t cam_fourcc(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cam_fourccs); i++)
		if (!strcmp(cam_fourccs[i].name, name))
			return cam_fourccs[i].fourcc;
	return 0;
}

static inline void cam_take_format(struct cam_stream *stream, const struct v4l2_format *f)
{
	unsigned int i;

	stream->parts = stream->cam->multi ? f->fmt.pix_mp.num_planes : 1;
	stream->layout.width = stream->cam->multi ? f->fmt.pix_mp.width : f->fmt.pix.width;
	stream->layout.height = stream->cam->multi ? f->fmt.pix_mp.height : f->fmt.pix.height;
	for (i = 0; i < stream->parts; i++) {
		stream->layout.stride[i] = stream->cam->multi ?
			f->fmt.pix_mp.plane_fmt[i].bytesperline : f->fmt.pix.bytesperline;
		stream->size[i] = stream->cam->multi ?
			f->fmt.pix_mp.plane_fmt[i].sizeimage : f->fmt.pix.sizeimage;
	}
	cam_layout_complete(&stream->layout);
}

/* Sets the node's format; strides of 0 are the shortest. What came of it is in @stream. */
static inline int cam_set_format(struct cam_stream *stream, const struct cam *cam,
				 const char *name, uint32_t width, uint32_t height,
				 const uint32_t stride[CAM_PLANES])
{
	struct v4l2_format f = { .type = cam->type };
	int ret;

	memset(stream, 0, sizeof(*stream));
	stream->cam = cam;
	stream->layout.format = cam_format(name);
	if (cam->multi) {
		f.fmt.pix_mp.width = width;
		f.fmt.pix_mp.height = height;
		f.fmt.pix_mp.pixelformat = cam_fourcc(name);
		f.fmt.pix_mp.plane_fmt[0].bytesperline = stride ? stride[0] : 0;
		f.fmt.pix_mp.plane_fmt[1].bytesperline = stride ? stride[1] : 0;
	} else {
		f.fmt.pix.width = width;
		f.fmt.pix.height = height;
		f.fmt.pix.pixelformat = cam_fourcc(name);
		f.fmt.pix.bytesperline = stride ? stride[0] : 0;
	}
	ret = cam_call(cam->fd, VIDIOC_S_FMT, &f);
	if (!ret)
		cam_take_format(stream, &f);
	return ret;
}

/* The same size from the sensor to the buffer. */
static inline int cam_set_all(struct cam_stream *stream, const struct cam *cam, const char *name,
			      uint32_t width, uint32_t height)
{
	int ret = cam_set_size(cam, width, height);

	return ret ? ret : cam_set_format(stream, cam, name, width, height, NULL);
}

static inline int cam_request(const struct cam_stream *stream, uint32_t memory, uint32_t *count)
{
	struct v4l2_requestbuffers req = {
		.count = *count, .type = stream->cam->type, .memory = memory,
	};
	int ret = cam_call(stream->cam->fd, VIDIOC_REQBUFS, &req);

	*count = req.count;
	return ret;
}

static inline void cam_buffer_init(const struct cam_stream *stream, unsigned int index,
				   struct v4l2_buffer *vb, struct v4l2_plane *planes)
{
	memset(vb, 0, sizeof(*vb));
	memset(planes, 0, CAM_PLANES * sizeof(*planes));
	vb->index = index;
	vb->type = stream->cam->type;
	vb->memory = stream->memory;
	if (stream->cam->multi) {
		vb->m.planes = planes;
		vb->length = stream->parts;
	}
}

static inline int cam_map_buffer(struct cam_stream *stream, unsigned int index)
{
	struct v4l2_plane planes[CAM_PLANES];
	struct v4l2_buffer vb;
	unsigned int i;
	int ret;

	cam_buffer_init(stream, index, &vb, planes);
	ret = cam_call(stream->cam->fd, VIDIOC_QUERYBUF, &vb);
	for (i = 0; !ret && i < stream->parts; i++) {
		void *map = mmap(NULL, stream->size[i], PROT_READ | PROT_WRITE, MAP_SHARED,
				 stream->cam->fd, stream->cam->multi ? planes[i].m.mem_offset :
				 vb.m.offset);

		if (map == MAP_FAILED)
			ret = -errno;
		else
			stream->buf[index].map[i] = map;
	}
	return ret;
}

/* Buffers of the camera's own memory, mapped. */
static inline int cam_alloc_mmap(struct cam_stream *stream, uint32_t count)
{
	unsigned int i;
	int ret;

	stream->memory = V4L2_MEMORY_MMAP;
	ret = cam_request(stream, stream->memory, &count);
	for (i = 0; !ret && i < count; i++)
		ret = cam_map_buffer(stream, i);
	stream->count = ret ? 0 : count;
	return ret;
}

/* Buffers of this program's memory, which begin at byte @offset of a page. */
static inline int cam_alloc_user(struct cam_stream *stream, uint32_t count, size_t offset)
{
	unsigned int i, part;
	int ret;

	stream->memory = V4L2_MEMORY_USERPTR;
	ret = cam_request(stream, stream->memory, &count);
	for (i = 0; !ret && i < count; i++)
		for (part = 0; part < stream->parts; part++) {
			void *map = mmap(NULL, stream->size[part] + offset, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			if (map == MAP_FAILED)
				return -errno;
			stream->buf[i].map[part] = (uint8_t *)map + offset;
		}
	stream->count = ret ? 0 : count;
	return ret;
}

/* Buffers of others: @make returns a dma-buf of so many bytes, or a negative errno. */
static inline int cam_alloc_dmabuf(struct cam_stream *stream, uint32_t count,
				   int (*make)(size_t size))
{
	unsigned int i, part;
	int ret;

	stream->memory = V4L2_MEMORY_DMABUF;
	ret = cam_request(stream, stream->memory, &count);
	for (i = 0; !ret && i < count; i++)
		for (part = 0; part < stream->parts; part++) {
			int fd = make(stream->size[part]);
			void *map;

			if (fd < 0)
				return fd;
			map = mmap(NULL, stream->size[part], PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				   0);
			if (map == MAP_FAILED)
				return -errno;
			stream->buf[i].dmabuf[part] = fd;
			stream->buf[i].map[part] = map;
		}
	stream->count = ret ? 0 : count;
	return ret;
}

static inline int cam_export(const struct cam_stream *stream, unsigned int index,
			     unsigned int plane, int flags)
{
	struct v4l2_exportbuffer exp = {
		.type = stream->cam->type, .index = index, .plane = plane, .flags = flags,
	};
	int ret = cam_call(stream->cam->fd, VIDIOC_EXPBUF, &exp);

	return ret ? ret : exp.fd;
}

static inline void cam_unmap(struct cam_stream *stream)
{
	unsigned int i, part;

	for (i = 0; i < stream->count; i++)
		for (part = 0; part < stream->parts; part++) {
			uintptr_t map = (uintptr_t)stream->buf[i].map[part];

			munmap((void *)(map & ~4095ul), stream->size[part] + (map & 4095));
			if (stream->memory == V4L2_MEMORY_DMABUF)
				close(stream->buf[i].dmabuf[part]);
		}
}

/* All buffers go, on either side. */
static inline int cam_free(struct cam_stream *stream)
{
	uint32_t none = 0;

	cam_unmap(stream);
	stream->count = 0;
	return cam_request(stream, stream->memory, &none);
}

static inline int cam_queue(const struct cam_stream *stream, unsigned int index)
{
	struct v4l2_plane planes[CAM_PLANES];
	struct v4l2_buffer vb;
	unsigned int i;

	cam_buffer_init(stream, index, &vb, planes);
	for (i = 0; i < stream->parts; i++) {
		const struct cam_buffer *buf = &stream->buf[index];
		struct v4l2_plane *plane = &planes[i];

		plane->length = stream->size[i];
		if (stream->memory == V4L2_MEMORY_USERPTR)
			plane->m.userptr = (unsigned long)buf->map[i];
		else if (stream->memory == V4L2_MEMORY_DMABUF)
			plane->m.fd = buf->dmabuf[i];
	}
	if (!stream->cam->multi) {
		vb.length = planes[0].length;
		if (stream->memory == V4L2_MEMORY_USERPTR)
			vb.m.userptr = planes[0].m.userptr;
		else if (stream->memory == V4L2_MEMORY_DMABUF)
			vb.m.fd = planes[0].m.fd;
	}
	return cam_call(stream->cam->fd, VIDIOC_QBUF, &vb);
}

static inline int cam_queue_all(const struct cam_stream *stream)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < stream->count; i++)
		ret = cam_queue(stream, i);
	return ret;
}

/* -EAGAIN if no frame is there yet. */
static inline int cam_try_dequeue(const struct cam_stream *stream, struct cam_frame *frame)
{
	struct v4l2_plane planes[CAM_PLANES];
	struct v4l2_buffer vb;
	unsigned int i;
	int ret;

	cam_buffer_init(stream, 0, &vb, planes);
	ret = cam_call(stream->cam->fd, VIDIOC_DQBUF, &vb);
	if (ret)
		return ret;
	frame->index = vb.index;
	frame->sequence = vb.sequence;
	frame->flags = vb.flags;
	frame->ns = vb.timestamp.tv_sec * 1000000000ll + vb.timestamp.tv_usec * 1000ll;
	for (i = 0; i < stream->parts; i++)
		frame->used[i] = stream->cam->multi ? planes[i].bytesused : vb.bytesused;
	return 0;
}

/* Waits for a frame. */
static inline int cam_dequeue(const struct cam_stream *stream, struct cam_frame *frame)
{
	struct pollfd poll_fd = { .fd = stream->cam->fd, .events = POLLIN };
	int ret;

	while ((ret = cam_try_dequeue(stream, frame)) == -EAGAIN)
		if (poll(&poll_fd, 1, FOREVER_MS) <= 0)
			return -ETIMEDOUT;
	return ret;
}

static inline int cam_on(const struct cam_stream *stream)
{
	int type = (int)stream->cam->type;

	return cam_call(stream->cam->fd, VIDIOC_STREAMON, &type);
}

static inline int cam_off(const struct cam_stream *stream)
{
	int type = (int)stream->cam->type;

	return cam_call(stream->cam->fd, VIDIOC_STREAMOFF, &type);
}

/* Where the planes of a buffer begin. */
static inline void cam_planes(const struct cam_stream *stream, unsigned int index,
			      const uint8_t *planes[CAM_PLANES])
{
	planes[0] = stream->buf[index].map[0];
	planes[1] = stream->parts == 1 ? planes[0] + cam_plane_bytes(&stream->layout, 0) :
					 stream->buf[index].map[1];
}

/* What the stamps in a buffer say. */
static inline bool cam_verify(const struct cam_stream *stream, unsigned int index,
			      struct cam_found *found)
{
	const uint8_t *planes[CAM_PLANES];

	cam_planes(stream, index, planes);
	cam_check(&stream->layout, planes, found);
	return cam_good(found);
}

#endif /* LIB_CAMERA_STREAM_H */
