/* SPDX-License-Identifier: MIT */
/*
 * puck-cam.ko: what it has beside V4L2. docs/v4l2-fences.rst says what the fences are for
 * and what they promise; everything here is off, or unused, until somebody asks for it.
 *
 * Numbers and structures only ever grow at their ends. Reserved members are zero.
 */
#ifndef _UAPI_LINUX_PUCK_CAM_H
#define _UAPI_LINUX_PUCK_CAM_H

#include <linux/types.h>
#include <linux/videodev2.h>

/* Controls of the sensor sub-device */

#define V4L2_CID_PUCK_CAM_BASE		(V4L2_CID_USER_BASE | 0x1f00)
/* 64 bits: what the noise pattern is drawn from */
#define V4L2_CID_PUCK_CAM_SEED		(V4L2_CID_PUCK_CAM_BASE + 0)
/* Boolean: each line and each frame carries its stamp */
#define V4L2_CID_PUCK_CAM_STAMP		(V4L2_CID_PUCK_CAM_BASE + 1)
/* Boolean: a frame begins with V4L2_CID_PUCK_CAM_STEP only; not while streaming */
#define V4L2_CID_PUCK_CAM_SINGLE_STEP	(V4L2_CID_PUCK_CAM_BASE + 2)
/* Button: begin one frame; inactive unless streaming in single steps */
#define V4L2_CID_PUCK_CAM_STEP		(V4L2_CID_PUCK_CAM_BASE + 3)

/* Control of the video node */

/* Bit mask of PUCK_CAM_FENCES_*; not while streaming */
#define V4L2_CID_PUCK_CAM_FENCES	(V4L2_CID_PUCK_CAM_BASE + 16)

/*
 * In: before the camera may write to a buffer of another device (V4L2_MEMORY_DMABUF), or to
 * one that was exported (VIDIOC_EXPBUF), the driver waits for the fences of those who read
 * or write it. QBUF does not block: until then the camera goes without the buffer.
 */
#define PUCK_CAM_FENCES_IN		0x1
/*
 * Implicit: such a buffer has a WRITE fence as long as the running camera owns it. It is
 * there, at the latest, when V4L2_EVENT_PUCK_CAM_ARMED tells of the buffer.
 */
#define PUCK_CAM_FENCES_OUT_IMPLICIT	0x2
/* Explicit: PUCK_CAM_IOC_OUT_FENCE hands that fence out as a sync_file. */
#define PUCK_CAM_FENCES_OUT_EXPLICIT	0x4
#define PUCK_CAM_FENCES_ALL		0x7

/*
 * Event of the video node: the running camera owns a buffer. v4l2_event.u.data is a struct
 * puck_cam_event_armed.
 */
#define V4L2_EVENT_PUCK_CAM_ARMED	(V4L2_EVENT_PRIVATE_START + 0x70c2)

struct puck_cam_event_armed {
	__u32 index;		/* of the buffer */
	__u32 reserved;
	__u64 number;		/* of the fence on its timeline; 0: it has none */
};

/**
 * struct puck_cam_out_fence - argument of PUCK_CAM_IOC_OUT_FENCE
 * @index: in: of the buffer
 * @flags: in: O_CLOEXEC or zero
 * @fd: out: a sync_file
 * @reserved: in: zero
 * @number: out: of the fence on its timeline
 *
 * The fence signals when the camera is done with the buffer, with an error if there is no
 * good picture in it. It is that of the buffer's last turn, and can be had until the
 * buffer is queued again.
 *
 * Errors: EINVAL for an index that there is not, or reserved bits; ENODATA if
 * PUCK_CAM_FENCES_OUT_EXPLICIT is not on; EAGAIN if the running camera does not own the
 * buffer yet: V4L2_EVENT_PUCK_CAM_ARMED tells when; EMFILE, ENOMEM.
 */
struct puck_cam_out_fence {
	__u32 index;
	__u32 flags;
	__s32 fd;
	__u32 reserved;
	__u64 number;
};

#define PUCK_CAM_IOC_OUT_FENCE	_IOWR('V', BASE_VIDIOC_PRIVATE + 0, struct puck_cam_out_fence)

#endif /* _UAPI_LINUX_PUCK_CAM_H */
