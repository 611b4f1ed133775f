/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One event for each hop of a job that the driver sees. "dev" and "ring" say where,
 * "job" is its number there, the same in all of them; "seqno" is that of the device's
 * traces. The job gets it when it goes into the ring, so puck_doorbell tells which
 * belong together.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM puck

#if !defined(PUCK_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PUCK_TRACE_H

#include <linux/device.h>
#include <linux/tracepoint.h>

/* Hop 1: what the ioctl names is there; its commands are not checked yet. */
TRACE_EVENT(puck_submit,
	TP_PROTO(struct device *dev, u32 ring, u64 job, u32 ncmds, u32 nbos),
	TP_ARGS(dev, ring, job, ncmds, nbos),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(u32, ring)
		__field(u64, job)
		__field(u32, ncmds)
		__field(u32, nbos)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->ring = ring;
		__entry->job = job;
		__entry->ncmds = ncmds;
		__entry->nbos = nbos;
	),
	TP_printk("dev=%s ring=%u job=%llu ncmds=%u nbos=%u", __get_str(dev), __entry->ring,
		  __entry->job, __entry->ncmds, __entry->nbos)
);

/* Hop 2: the BOs are locked and have a slot for the job's fence. */
TRACE_EVENT(puck_resv,
	TP_PROTO(struct device *dev, u32 ring, u64 job),
	TP_ARGS(dev, ring, job),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(u32, ring)
		__field(u64, job)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->ring = ring;
		__entry->job = job;
	),
	TP_printk("dev=%s ring=%u job=%llu", __get_str(dev), __entry->ring, __entry->job)
);

/* Hop 3: lists are written; the job is the scheduler's, nothing can fail from here on. */
TRACE_EVENT(puck_job_arm,
	TP_PROTO(struct device *dev, u32 ring, u64 job, u32 nsegs),
	TP_ARGS(dev, ring, job, nsegs),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(u32, ring)
		__field(u64, job)
		__field(u32, nsegs)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->ring = ring;
		__entry->job = job;
		__entry->nsegs = nsegs;
	),
	TP_printk("dev=%s ring=%u job=%llu nsegs=%u", __get_str(dev), __entry->ring, __entry->job,
		  __entry->nsegs)
);

/* Hop 4: the commands are in the ring, the doorbell is about to be rung. */
TRACE_EVENT(puck_doorbell,
	TP_PROTO(struct device *dev, u32 ring, u64 job, u32 seqno, u32 tail),
	TP_ARGS(dev, ring, job, seqno, tail),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(u32, ring)
		__field(u64, job)
		__field(u32, seqno)
		__field(u32, tail)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->ring = ring;
		__entry->job = job;
		__entry->seqno = seqno;
		__entry->tail = tail;
	),
	TP_printk("dev=%s ring=%u job=%llu seqno=%u tail=%u", __get_str(dev), __entry->ring,
		  __entry->job, __entry->seqno, __entry->tail)
);

/* Hop 8: the job is complete, or given up; with seqno 0 before it was in the ring. */
TRACE_EVENT(puck_fence_signal,
	TP_PROTO(struct device *dev, u32 ring, u64 job, u32 seqno, int error),
	TP_ARGS(dev, ring, job, seqno, error),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(u32, ring)
		__field(u64, job)
		__field(u32, seqno)
		__field(int, error)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->ring = ring;
		__entry->job = job;
		__entry->seqno = seqno;
		__entry->error = error;
	),
	TP_printk("dev=%s ring=%u job=%llu seqno=%u error=%d", __get_str(dev), __entry->ring,
		  __entry->job, __entry->seqno, __entry->error)
);

/* Beside the way: what the device complained about, jobs that were skipped, and resets. */
TRACE_EVENT(puck_error,
	TP_PROTO(struct device *dev, u32 ring, u32 seqno, u32 reason, u32 desc, u64 addr),
	TP_ARGS(dev, ring, seqno, reason, desc, addr),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(u32, ring)
		__field(u32, seqno)
		__field(u32, reason)
		__field(u32, desc)
		__field(u64, addr)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->ring = ring;
		__entry->seqno = seqno;
		__entry->reason = reason;
		__entry->desc = desc;
		__entry->addr = addr;
	),
	TP_printk("dev=%s ring=%u seqno=%u reason=%u desc=%u addr=%#llx", __get_str(dev),
		  __entry->ring, __entry->seqno, __entry->reason, __entry->desc, __entry->addr)
);

TRACE_EVENT(puck_skip,
	TP_PROTO(struct device *dev, u32 ring, u64 job, u32 seqno, int error),
	TP_ARGS(dev, ring, job, seqno, error),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(u32, ring)
		__field(u64, job)
		__field(u32, seqno)
		__field(int, error)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->ring = ring;
		__entry->job = job;
		__entry->seqno = seqno;
		__entry->error = error;
	),
	TP_printk("dev=%s ring=%u job=%llu seqno=%u error=%d", __get_str(dev), __entry->ring,
		  __entry->job, __entry->seqno, __entry->error)
);

TRACE_EVENT(puck_reset,
	TP_PROTO(struct device *dev, u32 ring, u32 stop_head),
	TP_ARGS(dev, ring, stop_head),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(u32, ring)
		__field(u32, stop_head)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->ring = ring;
		__entry->stop_head = stop_head;
	),
	TP_printk("dev=%s ring=%u stop_head=%u", __get_str(dev), __entry->ring, __entry->stop_head)
);

/*
 * The way of a shared buffer. "dmabuf" is the inode of its file, the same for exporter and
 * importers; "dev" is the device that the step is about.
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

/* Exporter: a dma-buf was made of a BO of @dev. */
DEFINE_EVENT(puck_share, puck_share_export,
	TP_PROTO(struct device *dev, unsigned long dmabuf),
	TP_ARGS(dev, dmabuf)
);

/* Importer: a dma-buf was attached for a BO of @dev. */
DEFINE_EVENT(puck_share, puck_share_import,
	TP_PROTO(struct device *dev, unsigned long dmabuf),
	TP_ARGS(dev, dmabuf)
);

/* Exporter: importers are told that the memory, of @dev, goes elsewhere, or is theirs no more. */
DEFINE_EVENT(puck_share, puck_share_move,
	TP_PROTO(struct device *dev, unsigned long dmabuf),
	TP_ARGS(dev, dmabuf)
);

/* Importer: @dev was told, and its next job maps the memory anew. */
DEFINE_EVENT(puck_share, puck_share_moved,
	TP_PROTO(struct device *dev, unsigned long dmabuf),
	TP_ARGS(dev, dmabuf)
);

/* Exporter: a mapping of @dev's, an importer, has gone. */
DEFINE_EVENT(puck_share, puck_share_unmap,
	TP_PROTO(struct device *dev, unsigned long dmabuf),
	TP_ARGS(dev, dmabuf)
);

/* Exporter: pages, or VRAM, were mapped for @dev, an importer. */
TRACE_EVENT(puck_share_map,
	TP_PROTO(struct device *dev, unsigned long dmabuf, u32 nents, bool vram),
	TP_ARGS(dev, dmabuf, nents, vram),
	TP_STRUCT__entry(
		__string(dev, dev_name(dev))
		__field(unsigned long, dmabuf)
		__field(u32, nents)
		__field(bool, vram)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->dmabuf = dmabuf;
		__entry->nents = nents;
		__entry->vram = vram;
	),
	TP_printk("dev=%s dmabuf=%lu nents=%u vram=%d", __get_str(dev), __entry->dmabuf,
		  __entry->nents, __entry->vram)
);

/*
 * The display: "seqno" is that of the commit, as in the device's traces. It is told the device,
 * and it is shown from the blanking "count" on.
 */
TRACE_EVENT(puck_display_commit,
	TP_PROTO(u32 index, u32 seqno, u32 ctrl),
	TP_ARGS(index, seqno, ctrl),
	TP_STRUCT__entry(
		__field(u32, head)
		__field(u32, seqno)
		__field(u32, ctrl)
	),
	TP_fast_assign(
		__entry->head = index;
		__entry->seqno = seqno;
		__entry->ctrl = ctrl;
	),
	TP_printk("head=%u seqno=%u ctrl=%#x", __entry->head, __entry->seqno, __entry->ctrl)
);

TRACE_EVENT(puck_display_flip,
	TP_PROTO(u32 index, u32 seqno, u64 count, u64 time),
	TP_ARGS(index, seqno, count, time),
	TP_STRUCT__entry(
		__field(u32, head)
		__field(u32, seqno)
		__field(u64, count)
		__field(u64, time)
	),
	TP_fast_assign(
		__entry->head = index;
		__entry->seqno = seqno;
		__entry->count = count;
		__entry->time = time;
	),
	TP_printk("head=%u seqno=%u count=%llu time=%llu", __entry->head, __entry->seqno,
		  __entry->count, __entry->time)
);

TRACE_EVENT(puck_display_written,
	TP_PROTO(u32 index, u32 seqno, int status),
	TP_ARGS(index, seqno, status),
	TP_STRUCT__entry(
		__field(u32, head)
		__field(u32, seqno)
		__field(int, status)
	),
	TP_fast_assign(
		__entry->head = index;
		__entry->seqno = seqno;
		__entry->status = status;
	),
	TP_printk("head=%u seqno=%u status=%d", __entry->head, __entry->seqno, __entry->status)
);

#endif /* PUCK_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH core
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
