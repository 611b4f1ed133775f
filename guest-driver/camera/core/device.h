/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A puck-cam function, as all parts of puck-cam.ko know it.
 *
 * A buffer walks through the folders in this order: video/ (user input: ioctl.c, format.c;
 * its memory: buffers.c; the stream: stream.c), sync/ (whose fences it waits for, who may
 * wait for it: admit.c, resv.c, file.c), queue/ (what the device reads: segs.c, ring.c; what
 * it writes: done.c; its end in any case: watch.c). sensor/ and bridge/ are the entities
 * before the node. client/ is another way into queue/, for other modules. drv.c, irq.c and
 * pm.c begin and end it all. docs/locking.rst, "puck-cam.ko", orders the locks.
 */
#ifndef PUCK_CAM_DEVICE_H
#define PUCK_CAM_DEVICE_H

#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <media/media-device.h>
#include <media/v4l2-device.h>

#include "abi/puck_cam.h"

struct pci_dev;

/* A reset has to stop one frame somewhere, which is quick. */
#define PUCK_CAM_POLL_US		10
#define PUCK_CAM_TIMEOUT_US		(2 * USEC_PER_SEC)

/**
 * enum puck_cam_vector - which interrupt source has which MSI-X vector
 * @PUCK_CAM_VECTOR_ERROR: of the error queue
 * @PUCK_CAM_VECTOR_FRAME: of done entries
 * @PUCK_CAM_VECTOR_EVENT: of frames that begin, and of the host's source
 * @PUCK_CAM_VECTORS: how many there are
 */
enum puck_cam_vector {
	PUCK_CAM_VECTOR_ERROR = PUCK_CAM_SOURCE_ERROR,
	PUCK_CAM_VECTOR_FRAME = PUCK_CAM_SOURCE_FRAME,
	PUCK_CAM_VECTOR_EVENT = PUCK_CAM_SOURCE_EVENT,
	PUCK_CAM_VECTORS,
};

/**
 * struct puck_cam_device - one puck-cam function
 * @v4l2: its last reference frees all that belongs to the device. Each open file of a node
 *        holds one, so that may be long after the hardware is gone
 * @media: the graph of sensor, bridge and node
 * @pdev: the PCI function; valid until remove
 * @regs: BAR 0; valid likewise. Registers are touched in probe, remove, suspend and resume,
 *        in interrupts, and by whoever holds a lock and sees that the stream is on: the
 *        stream is off for good before the registers go
 * @features: PUCK_CAM_FEATURE_*
 * @formats: bit n: FORMAT n is there
 * @seg_len_max: bytes; longest segment the device takes
 * @segs_max: entries; longest list the device takes
 * @width_max: pixels of the sensor
 * @height_max: lines of the sensor
 * @order: the queue has 2^order descriptors
 * @vector: MSI-X vector by its use
 * @num_vectors: MSI-X vectors up to the last one that the driver knows the use of
 * @irq_lock: protects all below, and writes to IRQ_ENABLE. Taken in hard interrupts
 * @irq_live: interrupts are set up, and registers may be written
 * @irq_users: how many want each bit of IRQ_ENABLE
 */
struct puck_cam_device {
	struct v4l2_device v4l2;
	struct media_device media;
	struct pci_dev *pdev;
	void __iomem *regs;
	u64 features;
	u32 formats;
	u32 seg_len_max;
	u32 segs_max;
	u32 width_max;
	u32 height_max;
	u32 order;
	u32 vector[PUCK_CAM_VECTORS];
	u32 num_vectors;

	spinlock_t irq_lock;		/* what follows */
	bool irq_live;
	u32 irq_users[BITS_PER_TYPE(u32)];
};

static inline u32 puck_cam_read(struct puck_cam_device *cam, u32 reg)
{
	return readl(cam->regs + reg);
}

static inline void puck_cam_write(struct puck_cam_device *cam, u32 reg, u32 val)
{
	writel(val, cam->regs + reg);
}

static inline u64 puck_cam_read64(struct puck_cam_device *cam, u32 reg)
{
	return readq(cam->regs + reg);
}

static inline void puck_cam_write64(struct puck_cam_device *cam, u32 reg, u64 val)
{
	writeq(val, cam->regs + reg);
}

int puck_cam_init_pci(struct puck_cam_device *cam);
int puck_cam_reset(struct puck_cam_device *cam);
int puck_cam_poll_clear(struct puck_cam_device *cam, u32 reg, u32 bits);
void puck_cam_irq_start(struct puck_cam_device *cam);
void puck_cam_irq_stop(struct puck_cam_device *cam);
void puck_cam_irq_want(struct puck_cam_device *cam, u32 bit, bool want);

int puck_cam_identify(struct puck_cam_device *cam);

#endif /* PUCK_CAM_DEVICE_H */
