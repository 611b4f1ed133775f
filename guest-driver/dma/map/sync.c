// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bytes change hands between driver and device. That is nothing to do unless the
 * device has a copy of its own, but the driver is to do it right in any case.
 */

#include <linux/scatterlist.h>

#include "bounce/bounce.h"
#include "bounce/span.h"
#include "bounce/watch.h"
#include "check/calls.h"
#include "core/call.h"
#include "core/device.h"
#include "core/mapping.h"
#include "core/record.h"
#include "core/stack.h"
#include "core/trace.h"
#include "map/map.h"
#include "map/sync.h"

static bool goes_to(enum dma_data_direction dir, bool for_cpu)
{
	return dir == DMA_BIDIRECTIONAL || dir == (for_cpu ? DMA_FROM_DEVICE : DMA_TO_DEVICE);
}

/* Bytes go in the direction that the driver gives, even if that is the wrong one. */
static void sync_copy(struct puck_dma_dev *d, struct puck_dma_mapping *m,
		      const struct puck_dma_call *call, struct scatterlist *sgl, bool for_cpu)
{
	struct puck_dma_span span = puck_dma_span_of(m, call, sgl);
	bool goes = goes_to(call->dir, for_cpu);

	puck_dma_copy_outside(d, m);
	puck_dma_watch_sync(d, m, call, &span, for_cpu);
	if (goes && for_cpu)
		puck_dma_copy_to_cpu(m, &span);
	else if (goes)
		puck_dma_copy_to_device(m, &span);
	else
		puck_dma_watch_stay(m, &span, for_cpu);
}

static void sync_call(struct device *dev, struct puck_dma_call *call, struct scatterlist *sgl,
		      bool for_cpu)
{
	struct puck_dma_dev *d = puck_dma_dev(dev);
	struct puck_dma_mapping *m = puck_dma_record_hold(d, call->addr);

	call->stack = puck_dma_stack();
	puck_dma_check_sync(d, m, call);
	trace_puck_dma_sync(d, m, call, for_cpu);
	if (!m)
		return;
	if (m->copy)
		sync_copy(d, m, call, sgl, for_cpu);
	puck_dma_release(d, m);
}

static void sync_single(struct device *dev, dma_addr_t iova, size_t size,
			enum dma_data_direction dir, bool for_cpu)
{
	struct puck_dma_call call = {
		.kind = PUCK_DMA_PAGE,
		.dir = dir,
		.addr = iova,
		.size = size,
	};

	sync_call(dev, &call, NULL, for_cpu);
}

static void sync_sg(struct device *dev, struct scatterlist *sgl, int nents,
		    enum dma_data_direction dir, bool for_cpu)
{
	struct puck_dma_call call = {
		.kind = PUCK_DMA_SG,
		.dir = dir,
		.addr = sg_dma_address(sgl),
		.nents = nents,
	};

	sync_call(dev, &call, sgl, for_cpu);
}

/**
 * puck_dma_sync_single_for_cpu - dma_map_ops::sync_single_for_cpu
 * @dev: the device
 * @iova: of the first byte
 * @size: bytes
 * @dir: which way they go
 */
void puck_dma_sync_single_for_cpu(struct device *dev, dma_addr_t iova, size_t size,
				  enum dma_data_direction dir)
{
	sync_single(dev, iova, size, dir, true);
}

/**
 * puck_dma_sync_single_for_device - dma_map_ops::sync_single_for_device
 * @dev: the device
 * @iova: of the first byte
 * @size: bytes
 * @dir: which way they go
 */
void puck_dma_sync_single_for_device(struct device *dev, dma_addr_t iova, size_t size,
				     enum dma_data_direction dir)
{
	sync_single(dev, iova, size, dir, false);
}

/**
 * puck_dma_sync_sg_for_cpu - dma_map_ops::sync_sg_for_cpu
 * @dev: the device
 * @sgl: the list
 * @nents: entries
 * @dir: which way they go
 */
void puck_dma_sync_sg_for_cpu(struct device *dev, struct scatterlist *sgl, int nents,
			      enum dma_data_direction dir)
{
	sync_sg(dev, sgl, nents, dir, true);
}

/**
 * puck_dma_sync_sg_for_device - dma_map_ops::sync_sg_for_device
 * @dev: the device
 * @sgl: the list
 * @nents: entries
 * @dir: which way they go
 */
void puck_dma_sync_sg_for_device(struct device *dev, struct scatterlist *sgl, int nents,
				 enum dma_data_direction dir)
{
	sync_sg(dev, sgl, nents, dir, false);
}
