/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace points of puck-iommu.ko. Their host counterparts are those of
 * qemu-device/trace-events: domain, requester and IOVA mean the same there.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM puck_iommu

#if !defined(PUCK_IOMMU_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PUCK_IOMMU_TRACE_H

#include <linux/tracepoint.h>

#include "abi/puck_iommu.h"

/* Run of pages of one size entered into a page table. */
TRACE_EVENT(puck_iommu_map,
	TP_PROTO(u16 domain, u64 iova, u64 paddr, u64 size, u64 prot),
	TP_ARGS(domain, iova, paddr, size, prot),
	TP_STRUCT__entry(
		__field(u16, domain)
		__field(u64, iova)
		__field(u64, paddr)
		__field(u64, size)
		__field(u64, prot)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->iova = iova;
		__entry->paddr = paddr;
		__entry->size = size;
		__entry->prot = prot;
	),
	TP_printk("domain=%u iova=%#llx paddr=%#llx size=%#llx prot=%s%s",
		  __entry->domain, __entry->iova, __entry->paddr, __entry->size,
		  __entry->prot & PUCK_IOMMU_PTE_READ ? "r" : "-",
		  __entry->prot & PUCK_IOMMU_PTE_WRITE ? "w" : "-")
);

DECLARE_EVENT_CLASS(puck_iommu_range,
	TP_PROTO(u16 domain, u64 iova, u64 size),
	TP_ARGS(domain, iova, size),
	TP_STRUCT__entry(
		__field(u16, domain)
		__field(u64, iova)
		__field(u64, size)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->iova = iova;
		__entry->size = size;
	),
	TP_printk("domain=%u iova=%#llx size=%#llx",
		  __entry->domain, __entry->iova, __entry->size)
);

/* The same run, or part of it, taken out again; it may live on in the IOTLB. */
DEFINE_EVENT(puck_iommu_range, puck_iommu_unmap,
	TP_PROTO(u16 domain, u64 iova, u64 size),
	TP_ARGS(domain, iova, size)
);

/* Invalidation is done: nothing of the range is in the IOTLB any more. */
DEFINE_EVENT(puck_iommu_range, puck_iommu_flush,
	TP_PROTO(u16 domain, u64 iova, u64 size),
	TP_ARGS(domain, iova, size)
);

/* Command written to the queue; a SYNC that ends at position goes with it. */
TRACE_EVENT(puck_iommu_command,
	TP_PROTO(int iommu, u16 opcode, u32 id, u64 addr, u64 size, u64 position),
	TP_ARGS(iommu, opcode, id, addr, size, position),
	TP_STRUCT__entry(
		__field(int, iommu)
		__field(u16, opcode)
		__field(u32, id)
		__field(u64, addr)
		__field(u64, size)
		__field(u64, position)
	),
	TP_fast_assign(
		__entry->iommu = iommu;
		__entry->opcode = opcode;
		__entry->id = id;
		__entry->addr = addr;
		__entry->size = size;
		__entry->position = position;
	),
	TP_printk("iommu=%d %s id=%#x addr=%#llx size=%#llx position=%llu", __entry->iommu,
		  __print_symbolic(__entry->opcode,
				   { PUCK_IOMMU_CMD_INV_PAGE, "inv-page" },
				   { PUCK_IOMMU_CMD_INV_RANGE, "inv-range" },
				   { PUCK_IOMMU_CMD_INV_DOMAIN, "inv-domain" },
				   { PUCK_IOMMU_CMD_INV_ALL, "inv-all" },
				   { PUCK_IOMMU_CMD_INV_CONTEXT, "inv-context" },
				   { PUCK_IOMMU_CMD_SYNC, "sync" }),
		  __entry->id, __entry->addr, __entry->size, __entry->position)
);

/* Record taken from the fault queue. */
TRACE_EVENT(puck_iommu_fault,
	TP_PROTO(int iommu, u16 requester, u64 iova, bool write, u8 reason, u64 time),
	TP_ARGS(iommu, requester, iova, write, reason, time),
	TP_STRUCT__entry(
		__field(int, iommu)
		__field(u16, requester)
		__field(u64, iova)
		__field(bool, write)
		__field(u8, reason)
		__field(u64, time)
	),
	TP_fast_assign(
		__entry->iommu = iommu;
		__entry->requester = requester;
		__entry->iova = iova;
		__entry->write = write;
		__entry->reason = reason;
		__entry->time = time;
	),
	TP_printk("iommu=%d requester=%02x:%02x.%u iova=%#llx %s reason=%u time=%llu",
		  __entry->iommu, __entry->requester >> 8, __entry->requester >> 3 & 0x1f,
		  __entry->requester & 7, __entry->iova, __entry->write ? "write" : "read",
		  __entry->reason, __entry->time)
);

#endif /* PUCK_IOMMU_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
