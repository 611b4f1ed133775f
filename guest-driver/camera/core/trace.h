/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One event for each hop of a buffer that the driver sees. "cookie" is its name in the
 * device while that has it, the same in the device's traces; "frame" is the number of the
 * frame in it.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM puck_cam

#if !defined(PUCK_CAM_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PUCK_CAM_TRACE_H

#include <linux/device.h>
#include <linux/tracepoint.h>

/* Hop 1: user space has queued it, and its memory fits. */
TRACE_EVENT(puck_cam_qbuf,
	TP_PROTO(u32 index),
	TP_ARGS(index),
	TP_STRUCT__entry(
		__field(u32, index)
	),
	TP_fast_assign(
		__entry->index = index;
	),
	TP_printk("index=%u", __entry->index)
);

/* Hop 2: fences of others are waited for. */
TRACE_EVENT(puck_cam_wait,
	TP_PROTO(u32 index, u64 context, u64 seqno),
	TP_ARGS(index, context, seqno),
	TP_STRUCT__entry(
		__field(u32, index)
		__field(u64, context)
		__field(u64, seqno)
	),
	TP_fast_assign(
		__entry->index = index;
		__entry->context = context;
		__entry->seqno = seqno;
	),
	TP_printk("index=%u context=%llu seqno=%llu", __entry->index, __entry->context,
		  __entry->seqno)
);

/* Hop 3: its descriptor is in the ring, the doorbell is about to be rung. */
TRACE_EVENT(puck_cam_doorbell,
	TP_PROTO(u32 index, u64 cookie, u32 slot, u64 fence),
	TP_ARGS(index, cookie, slot, fence),
	TP_STRUCT__entry(
		__field(u32, index)
		__field(u64, cookie)
		__field(u32, slot)
		__field(u64, fence)
	),
	TP_fast_assign(
		__entry->index = index;
		__entry->cookie = cookie;
		__entry->slot = slot;
		__entry->fence = fence;
	),
	TP_printk("index=%u cookie=%llu slot=%u fence=%llu", __entry->index, __entry->cookie,
		  __entry->slot, __entry->fence)
);

/* Hop 4: the device is done with it, or it was taken away from the device. */
TRACE_EVENT(puck_cam_done,
	TP_PROTO(u32 index, u64 cookie, u32 frame, int error),
	TP_ARGS(index, cookie, frame, error),
	TP_STRUCT__entry(
		__field(u32, index)
		__field(u64, cookie)
		__field(u32, frame)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->index = index;
		__entry->cookie = cookie;
		__entry->frame = frame;
		__entry->error = error;
	),
	TP_printk("index=%u cookie=%llu frame=%u error=%d", __entry->index, __entry->cookie,
		  __entry->frame, __entry->error)
);

/* Beside the way: what the device complained about. */
TRACE_EVENT(puck_cam_error,
	TP_PROTO(u32 frame, u32 reason, u32 desc, u64 addr),
	TP_ARGS(frame, reason, desc, addr),
	TP_STRUCT__entry(
		__field(u32, frame)
		__field(u32, reason)
		__field(u32, desc)
		__field(u64, addr)
	),
	TP_fast_assign(
		__entry->frame = frame;
		__entry->reason = reason;
		__entry->desc = desc;
		__entry->addr = addr;
	),
	TP_printk("frame=%u reason=%u desc=%u addr=%#llx", __entry->frame, __entry->reason,
		  __entry->desc, __entry->addr)
);

/*
 * Memory of other drivers': as puck.ko's trace points of that name, which has those of exporters.
 * "dmabuf" is the inode of its file.
 */
DECLARE_EVENT_CLASS(puck_share,
	TP_PROTO(struct device *dev, unsigned long dmabuf),
	TP_ARGS(dev, dmabuf),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(unsigned long, dmabuf)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->dmabuf = dmabuf;
	),
	TP_printk("dev=%s dmabuf=%lu", __get_str(dev), __entry->dmabuf)
);

/* A dma-buf was attached for a plane of a buffer. */
DEFINE_EVENT(puck_share, puck_share_import,
	TP_PROTO(struct device *dev, unsigned long dmabuf),
	TP_ARGS(dev, dmabuf)
);

/* Its memory is taken away: the buffer has it mapped anew before it goes to the device again. */
DEFINE_EVENT(puck_share, puck_share_moved,
	TP_PROTO(struct device *dev, unsigned long dmabuf),
	TP_ARGS(dev, dmabuf)
);

#endif /* PUCK_CAM_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH core
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
