// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device as a whole: how it is reached, how it is silenced, and which of its interrupts
 * anybody wants.
 */
#include <linux/bitops.h>
#include <linux/dma-mapping.h>
#include <linux/iopoll.h>
#include <linux/pci.h>

#include "core/device.h"

/**
 * puck_cam_init_pci - enable the PCI function and map its registers
 * @cam: the device; @cam->pdev is set
 *
 * devres undoes all of it.
 *
 * Return: 0 or a negative errno.
 */
int puck_cam_init_pci(struct puck_cam_device *cam)
{
	struct pci_dev *pdev = cam->pdev;
	struct device *dev = &pdev->dev;
	int ret;

	ret = pcim_enable_device(pdev);
	if (ret)
		return dev_err_probe(dev, ret, "cannot enable the device\n");
	cam->regs = pcim_iomap_region(pdev, PUCK_CAM_BAR_REGS, "puck-cam");
	if (IS_ERR(cam->regs))
		return dev_err_probe(dev, PTR_ERR(cam->regs), "cannot map the registers\n");
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return dev_err_probe(dev, ret, "no 64-bit DMA\n");
	return 0;
}

/**
 * puck_cam_poll_clear - wait until bits of a register read as zero
 * @cam: the device
 * @reg: the register
 * @bits: the bits
 *
 * Context: may sleep.
 * Return: 0; -ENODEV if the device does not answer, so that there is none that would
 * access memory; -ETIMEDOUT.
 */
int puck_cam_poll_clear(struct puck_cam_device *cam, u32 reg, u32 bits)
{
	u32 val;
	int ret;

	/* All ones is what nobody answers. */
	ret = readl_poll_timeout(cam->regs + reg, val, !(val & bits) || val == ~0u,
				 PUCK_CAM_POLL_US, PUCK_CAM_TIMEOUT_US);
	return val == ~0u ? -ENODEV : ret;
}

/**
 * puck_cam_reset - reset the device: when this returns 0 it makes no access to memory
 * @cam: the device
 *
 * What it did before may be somebody else's work: of another driver, or of the kernel that
 * started this one by kexec.
 *
 * Context: may sleep.
 * Return: 0, -ENODEV if the device does not answer, -ETIMEDOUT.
 */
int puck_cam_reset(struct puck_cam_device *cam)
{
	int ret;

	puck_cam_write(cam, PUCK_CAM_CTRL, PUCK_CAM_CTRL_RESET);
	ret = puck_cam_poll_clear(cam, PUCK_CAM_STATUS, PUCK_CAM_STATUS_RESETTING);
	if (ret == -ETIMEDOUT)
		dev_err(&cam->pdev->dev, "the device does not reset\n");
	return ret;
}

static void puck_cam_irq_update(struct puck_cam_device *cam)
{
	u32 bit, enable = 0;

	lockdep_assert_held(&cam->irq_lock);

	if (!cam->irq_live)
		return;
	for (bit = 0; bit < ARRAY_SIZE(cam->irq_users); bit++)
		if (cam->irq_users[bit])
			enable |= BIT(bit);
	puck_cam_write(cam, PUCK_CAM_IRQ_ENABLE, enable);
}

/**
 * puck_cam_irq_start - from now on IRQ_ENABLE follows puck_cam_irq_want()
 * @cam: the device, its interrupt handlers set up
 *
 * Context: any.
 */
void puck_cam_irq_start(struct puck_cam_device *cam)
{
	unsigned long flags;

	spin_lock_irqsave(&cam->irq_lock, flags);
	cam->irq_live = true;
	puck_cam_irq_update(cam);
	spin_unlock_irqrestore(&cam->irq_lock, flags);
}

/**
 * puck_cam_irq_stop - turn all interrupts of IRQ_ENABLE off, and leave the register alone
 * @cam: the device
 *
 * Context: any.
 */
void puck_cam_irq_stop(struct puck_cam_device *cam)
{
	unsigned long flags;

	spin_lock_irqsave(&cam->irq_lock, flags);
	if (cam->irq_live)
		puck_cam_write(cam, PUCK_CAM_IRQ_ENABLE, 0);
	cam->irq_live = false;
	spin_unlock_irqrestore(&cam->irq_lock, flags);
}

/**
 * puck_cam_irq_want - say that there is one user more, or one less, for an interrupt
 * @cam: the device; may be gone already
 * @bit: one of PUCK_CAM_IRQ_*
 * @want: one more
 *
 * Context: any.
 */
void puck_cam_irq_want(struct puck_cam_device *cam, u32 bit, bool want)
{
	unsigned long flags;
	u32 *users = &cam->irq_users[__ffs(bit)];

	spin_lock_irqsave(&cam->irq_lock, flags);
	if (want)
		(*users)++;
	else if (!WARN_ON_ONCE(!*users))
		(*users)--;
	puck_cam_irq_update(cam);
	spin_unlock_irqrestore(&cam->irq_lock, flags);
}
