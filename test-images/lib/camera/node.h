/* SPDX-License-Identifier: MIT */
/* The nodes of a puck-cam, and what is set at them besides formats and buffers. */
#ifndef LIB_CAMERA_NODE_H
#define LIB_CAMERA_NODE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/media-bus-format.h>
#include <linux/puck_cam.h>
#include <linux/v4l2-subdev.h>
#include <linux/videodev2.h>

#include "lib/base/text_file.h"

#define CAM_CLASS	"/sys/class/video4linux"

/* Pads of the bridge. */
#define CAM_SINK	0
#define CAM_SOURCE	1

/* An open puck-cam: its node, and the sub-devices before it. */
struct cam {
	int fd;
	int sensor;
	int bridge;
	uint32_t type;		/* of its buffers */
	bool multi;		/* the multi-planar API */
	char pci[32];		/* 0000:02:00.0 */
	char node[64];		/* /dev/video0 */
};

/* Returns 0 or a negative errno. */
static inline int cam_call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

/* The PCI function that a node is of. */
static inline void cam_node_pci(const char *entry, char *pci, size_t size)
{
	char path[384], link[256];
	ssize_t len;

	snprintf(path, sizeof(path), CAM_CLASS "/%s/device", entry);
	len = readlink(path, link, sizeof(link) - 1);
	link[len < 0 ? 0 : len] = 0;
	snprintf(pci, size, "%.31s", strrchr(link, '/') ? strrchr(link, '/') + 1 : "");
}

/* Opens the first node called @name, of the function @pci unless that is empty. */
static inline int cam_open_node(const char *name, const char *pci, char *node, size_t size)
{
	char path[384], line[64], of[32];
	struct dirent *entry;
	int fd = -ENODEV;
	DIR *dir;

	dir = opendir(CAM_CLASS);
	while (dir && fd < 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), CAM_CLASS "/%s/name", entry->d_name);
		if (entry->d_name[0] == '.' || !read_line(path, line, sizeof(line)) ||
		    strcmp(line, name))
			continue;
		cam_node_pci(entry->d_name, of, sizeof(of));
		if (pci[0] && strcmp(pci, of))
			continue;
		snprintf(node, size, "/dev/%.48s", entry->d_name);
		fd = open(node, O_RDWR | O_CLOEXEC | O_NONBLOCK);
		fd = fd < 0 ? -errno : fd;
	}
	if (dir)
		closedir(dir);
	return fd;
}

static inline void cam_close(struct cam *cam)
{
	if (cam->fd >= 0)
		close(cam->fd);
	if (cam->sensor >= 0)
		close(cam->sensor);
	if (cam->bridge >= 0)
		close(cam->bridge);
	cam->fd = cam->sensor = cam->bridge = -1;
}

/* Which of V4L2's two APIs the node has. */
static inline int cam_take_api(struct cam *cam)
{
	struct v4l2_capability cap;
	int ret = cam_call(cam->fd, VIDIOC_QUERYCAP, &cap);

	if (ret)
		return ret;
	cam->multi = cap.device_caps & V4L2_CAP_VIDEO_CAPTURE_MPLANE;
	cam->type = cam->multi ? V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE : V4L2_BUF_TYPE_VIDEO_CAPTURE;
	return 0;
}

/* Opens the camera at a PCI address, or any for "". The node does not block. */
static inline int cam_open(struct cam *cam, const char *pci)
{
	char other[64];
	int ret;

	memset(cam, 0, sizeof(*cam));
	cam->sensor = cam->bridge = -1;
	cam->fd = cam_open_node("puck-cam capture", pci, cam->node, sizeof(cam->node));
	if (cam->fd < 0)
		return cam->fd;
	cam_node_pci(cam->node + strlen("/dev/"), cam->pci, sizeof(cam->pci));
	cam->sensor = cam_open_node("puck-cam sensor", cam->pci, other, sizeof(other));
	cam->bridge = cam_open_node("puck-cam bridge", cam->pci, other, sizeof(other));
	ret = cam->sensor < 0 ? cam->sensor : cam->bridge < 0 ? cam->bridge :
	      cam_take_api(cam);
	if (ret)
		cam_close(cam);
	return ret;
}

/* Controls are extended ones, so that those of 64 bits are as the others. */
static inline int cam_ctrl(int fd, unsigned long request, uint32_t id, int64_t *value, bool wide)
{
	struct v4l2_ext_control ctrl = { .id = id };
	struct v4l2_ext_controls ctrls = { .which = V4L2_CTRL_WHICH_CUR_VAL, .count = 1,
					   .controls = &ctrl };
	int ret;

	if (wide)
		ctrl.value64 = *value;
	else
		ctrl.value = (int32_t)*value;
	ret = cam_call(fd, request, &ctrls);
	*value = wide ? ctrl.value64 : ctrl.value;
	return ret;
}

static inline int cam_set(int fd, uint32_t id, int64_t value)
{
	bool wide = id == V4L2_CID_PUCK_CAM_SEED;

	return cam_ctrl(fd, VIDIOC_S_EXT_CTRLS, id, &value, wide);
}

static inline int64_t cam_get(int fd, uint32_t id)
{
	bool wide = id == V4L2_CID_PUCK_CAM_SEED || id == V4L2_CID_PIXEL_RATE;
	int64_t value = 0;

	cam_ctrl(fd, VIDIOC_G_EXT_CTRLS, id, &value, wide);
	return value;
}

static inline int cam_pad_format(int fd, uint32_t pad, uint32_t width, uint32_t height)
{
	struct v4l2_subdev_format format = {
		.which = V4L2_SUBDEV_FORMAT_ACTIVE, .pad = pad,
		.format = { .width = width, .height = height, .code = MEDIA_BUS_FMT_YUV8_1X24 },
	};
	int ret = cam_call(fd, VIDIOC_SUBDEV_S_FMT, &format);

	if (!ret && (format.format.width != width || format.format.height != height))
		ret = -ERANGE;
	return ret;
}

/* The sensor's picture, which the bridge hands on as it is. */
static inline int cam_set_size(const struct cam *cam, uint32_t width, uint32_t height)
{
	int ret = cam_pad_format(cam->sensor, 0, width, height);

	return ret ? ret : cam_pad_format(cam->bridge, CAM_SINK, width, height);
}

static inline int cam_bridge_select(const struct cam *cam, uint32_t target,
				    const struct v4l2_rect *rect)
{
	struct v4l2_subdev_selection sel = {
		.which = V4L2_SUBDEV_FORMAT_ACTIVE, .pad = CAM_SINK, .target = target, .r = *rect,
	};
	int ret = cam_call(cam->bridge, VIDIOC_SUBDEV_S_SELECTION, &sel);

	return ret ? ret : memcmp(&sel.r, rect, sizeof(sel.r)) ? -ERANGE : 0;
}

static inline int cam_sensor_selection(const struct cam *cam, uint32_t target,
				       struct v4l2_rect *rect)
{
	struct v4l2_subdev_selection sel = { .which = V4L2_SUBDEV_FORMAT_ACTIVE, .target = target };
	int ret = cam_call(cam->sensor, VIDIOC_SUBDEV_G_SELECTION, &sel);

	*rect = sel.r;
	return ret;
}

/* Frames in a second. */
static inline int cam_set_rate(const struct cam *cam, uint32_t rate)
{
	/* Of the active state, for a program that has not said that it knows others. */
	struct v4l2_subdev_frame_interval interval = { .interval = { 1, rate } };

	return cam_call(cam->sensor, VIDIOC_SUBDEV_S_FRAME_INTERVAL, &interval);
}

static inline int cam_subscribe(int fd, uint32_t type)
{
	struct v4l2_event_subscription sub = { .type = type };

	return cam_call(fd, VIDIOC_SUBSCRIBE_EVENT, &sub);
}

#endif /* LIB_CAMERA_NODE_H */
