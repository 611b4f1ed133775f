// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults of a virtio-iommu. Its driver prints them, as far as the rate allows, and
 * that is all. But it gives each event's buffer back to the device afterwards, by
 * an exported function, and the event is in it still.
 */

#include <linux/kprobes.h>
#include <linux/property.h>
#include <linux/string.h>
#include <linux/virtio.h>
#include <linux/virtio_ids.h>
#include <uapi/linux/virtio_iommu.h>

#include "core/refusal.h"
#include "fault/fault.h"
#include "fault/source.h"

#ifdef CONFIG_HAVE_FUNCTION_ARG_ACCESS_API
/* QEMU's says which it was only of what is mapped. */
static enum puck_dma_verb virtio_verb(u32 flags)
{
	if (flags & VIRTIO_IOMMU_FAULT_F_WRITE)
		return PUCK_DMA_WROTE;
	return flags & VIRTIO_IOMMU_FAULT_F_READ ? PUCK_DMA_READ : PUCK_DMA_ACCESSED;
}

/* virtqueue_add_inbuf(vq, sg, num, data, gfp) */
static int virtio_add_inbuf(struct kprobe *probe, struct pt_regs *regs)
{
	struct virtqueue *vq = (void *)regs_get_kernel_argument(regs, 0);
	struct virtio_iommu_fault *fault = (void *)regs_get_kernel_argument(regs, 3);
	u32 flags;

	if (vq->vdev->id.device != VIRTIO_ID_IOMMU || strcmp(vq->name, "event"))
		return 0;
	/* A buffer that is given for the first time holds anything. */
	flags = le32_to_cpu(fault->flags);
	if (!(flags & VIRTIO_IOMMU_FAULT_F_ADDRESS) ||
	    memchr_inv(fault->reserved, 0, sizeof(fault->reserved)) ||
	    memchr_inv(fault->reserved2, 0, sizeof(fault->reserved2)))
		return 0;

	puck_dma_fault_endpoint(dev_fwnode(vq->vdev->dev.parent), le32_to_cpu(fault->endpoint),
				le64_to_cpu(fault->address), virtio_verb(flags));
	return 0;
}

static struct kprobe virtio_probe = {
	.symbol_name = "virtqueue_add_inbuf",
	.pre_handler = virtio_add_inbuf,
};

int puck_dma_fault_virtio_start(void)
{
	/* A probe that was taken away once has to be told its name again. */
	virtio_probe.addr = NULL;
	return register_kprobe(&virtio_probe);
}

void puck_dma_fault_virtio_stop(void)
{
	unregister_kprobe(&virtio_probe);
}
#else
int puck_dma_fault_virtio_start(void)
{
	return -EOPNOTSUPP;
}

void puck_dma_fault_virtio_stop(void)
{
}
#endif
