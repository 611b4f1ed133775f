/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace points of puck-dma.ko. IOVAs mean the same as in those of puck-iommu.ko
 * and of its device; a mapping's number is the same when it is unmapped.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM puck_dma

#if !defined(PUCK_DMA_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PUCK_DMA_TRACE_H

#include <linux/tracepoint.h>

#include "core/call.h"
#include "core/device.h"
#include "core/mapping.h"
#include "core/refusal.h"

DECLARE_EVENT_CLASS(puck_dma_mapping,
	TP_PROTO(const struct puck_dma_dev *d, const struct puck_dma_mapping *m),
	TP_ARGS(d, m),
	TP_STRUCT__entry(
		__string(dev, dev_name(d->dev))
		__field(u64, number)
		__field(u64, iova)
		__field(u64, size)
		__field(u32, entries)
		__field(u32, nsegs)
		__field(int, kind)
		__field(int, dir)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->number = m->number;
		__entry->iova = m->iova;
		__entry->size = m->size;
		__entry->entries = m->entries;
		__entry->nsegs = m->nsegs;
		__entry->kind = m->kind;
		__entry->dir = m->dir;
	),
	TP_printk("%s mapping=%llu iova=%#llx size=%#llx kind=%s entries=%u segments=%u dir=%s",
		  __get_str(dev), __entry->number, __entry->iova, __entry->size,
		  puck_dma_kind_name(__entry->kind), __entry->entries, __entry->nsegs,
		  puck_dma_dir_name(__entry->dir))
);

DEFINE_EVENT(puck_dma_mapping, puck_dma_map,
	TP_PROTO(const struct puck_dma_dev *d, const struct puck_dma_mapping *m),
	TP_ARGS(d, m)
);

/* The IOMMU has forgotten it. */
DEFINE_EVENT(puck_dma_mapping, puck_dma_unmap,
	TP_PROTO(const struct puck_dma_dev *d, const struct puck_dma_mapping *m),
	TP_ARGS(d, m)
);

/* Bytes handed over; of a list, all that it has. */
TRACE_EVENT(puck_dma_sync,
	TP_PROTO(const struct puck_dma_dev *d, const struct puck_dma_mapping *m,
		 const struct puck_dma_call *call, bool for_cpu),
	TP_ARGS(d, m, call, for_cpu),
	TP_STRUCT__entry(
		__string(dev, dev_name(d->dev))
		__field(u64, number)
		__field(u64, iova)
		__field(u64, size)
		__field(int, dir)
		__field(bool, for_cpu)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->number = m ? m->number : 0;
		__entry->iova = call->addr;
		__entry->size = call->kind == PUCK_DMA_SG && m ? m->size : call->size;
		__entry->dir = call->dir;
		__entry->for_cpu = for_cpu;
	),
	TP_printk("%s mapping=%llu iova=%#llx size=%#llx dir=%s for=%s", __get_str(dev),
		  __entry->number, __entry->iova, __entry->size, puck_dma_dir_name(__entry->dir),
		  __entry->for_cpu ? "cpu" : "device")
);

TRACE_EVENT(puck_dma_finding,
	TP_PROTO(const struct puck_dma_dev *d, const char *text),
	TP_ARGS(d, text),
	TP_STRUCT__entry(
		__string(dev, dev_name(d->dev))
		__string(text, text)
	),
	TP_fast_assign(
		__assign_str(dev);
		__assign_str(text);
	),
	TP_printk("%s %s", __get_str(dev), __get_str(text))
);

/* The IOMMU refused an access; before it is matched with a mapping. */
TRACE_EVENT(puck_dma_fault,
	TP_PROTO(const struct puck_dma_dev *d, const struct puck_dma_refusal *refused),
	TP_ARGS(d, refused),
	TP_STRUCT__entry(
		__string(dev, dev_name(d->dev))
		__field(u64, iova)
		__field(int, verb)
		__field(u64, when)
	),
	TP_fast_assign(
		__assign_str(dev);
		__entry->iova = refused->iova;
		__entry->verb = refused->verb;
		__entry->when = refused->when;
	),
	TP_printk("%s iova=%#llx %s time=%llu", __get_str(dev), __entry->iova,
		  __print_symbolic(__entry->verb, { PUCK_DMA_ACCESSED, "access" },
				   { PUCK_DMA_READ, "read" }, { PUCK_DMA_WROTE, "write" }),
		  __entry->when)
);

#endif /* PUCK_DMA_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH core
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
