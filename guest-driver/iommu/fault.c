// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults: one line each, as far as the rate allows, and report_iommu_fault()
 * for whoever listens. Sections "Fault queue" and "Interrupts".
 */

#include <linux/interrupt.h>
#include <linux/io.h>

#include "device.h"
#include "domain.h"
#include "fault.h"
#include "instance.h"
#include "policy.h"
#include "trace.h"

#define FQ_ENTRIES	BIT(PUCK_IOMMU_FQ_ORDER)
#define FQ_MASK		(FQ_ENTRIES - 1)

static const char *fault_reason(u8 reason)
{
	static const char * const names[] = {
		[PUCK_IOMMU_FAULT_ROOT] = "no context for this bus",
		[PUCK_IOMMU_FAULT_CONTEXT] = "no context for this device",
		[PUCK_IOMMU_FAULT_CONTEXT_RSVD] = "bad root or context entry",
		[PUCK_IOMMU_FAULT_BLOCKED] = "device is blocked",
		[PUCK_IOMMU_FAULT_ADDRESS] = "IOVA too high",
		[PUCK_IOMMU_FAULT_NOT_MAPPED] = "not mapped",
		[PUCK_IOMMU_FAULT_PERMISSION] = "mapped, but not for this direction",
		[PUCK_IOMMU_FAULT_PTE_RSVD] = "bad page table entry",
		[PUCK_IOMMU_FAULT_TABLE_READ] = "table not readable",
		[PUCK_IOMMU_FAULT_INTERRUPT] = "read of the interrupt window",
		[PUCK_IOMMU_FAULT_INJECTED] = "injected by a rule of mischief",
	};

	return reason < ARRAY_SIZE(names) && names[reason] ? names[reason] : "unknown reason";
}

static void fault_print(struct puck_iommu *iommu, u16 requester, u64 iova, bool write, u8 reason)
{
	if (!__ratelimit(&iommu->fault_limit)) {
		iommu->faults_unsaid++;
		return;
	}
	if (iommu->faults_unsaid)
		dev_err(&iommu->pdev->dev, "%u more DMA faults were not reported\n",
			iommu->faults_unsaid);
	iommu->faults_unsaid = 0;
	dev_err(&iommu->pdev->dev, "DMA fault: %04x:%02x:%02x.%u %s at IOVA %#llx: %s\n",
		pci_domain_nr(iommu->pdev->bus), PCI_BUS_NUM(requester), PCI_SLOT(requester),
		PCI_FUNC(requester), write ? "write" : "read", iova, fault_reason(reason));
}

/* dev_lock keeps the device and its domain alive while the domain's handler runs. */
static void fault_report(struct puck_iommu *iommu, u16 requester, u64 iova, bool write)
{
	struct puck_iommu_dev *pd;

	mutex_lock(&iommu->dev_lock);
	pd = xa_load(&iommu->requesters, requester);
	if (pd && pd->domain)
		report_iommu_fault(&pd->domain->domain, pd->dev, iova,
				   write ? IOMMU_FAULT_WRITE : IOMMU_FAULT_READ);
	mutex_unlock(&iommu->dev_lock);
}

static void fault_handle(struct puck_iommu *iommu, const struct puck_iommu_fault *fault)
{
	u16 requester = le16_to_cpu(fault->requester);
	u64 iova = le64_to_cpu(fault->iova);
	bool write = fault->flags & PUCK_IOMMU_FAULT_WRITE;

	trace_puck_iommu_fault(iommu->id, requester, iova, write, fault->reason,
			       le64_to_cpu(fault->time));
	fault_print(iommu, requester, iova, write, fault->reason);
	fault_report(iommu, requester, iova, write);
}

static void fault_drain(struct puck_iommu *iommu)
{
	u32 tail = readl(iommu->regs + PUCK_IOMMU_FQ_TAIL) & FQ_MASK;

	while (iommu->fault_head != tail) {
		fault_handle(iommu, &iommu->faults[iommu->fault_head]);
		iommu->fault_head = (iommu->fault_head + 1) & FQ_MASK;
		/* Per record: the device has room again as early as possible. */
		writel(iommu->fault_head, iommu->regs + PUCK_IOMMU_FQ_HEAD);
	}
}

/* Causes are cleared before the queue is read: what comes later interrupts again. */
static irqreturn_t fault_thread(int irq, void *data)
{
	u32 causes = PUCK_IOMMU_IRQ_FAULT | PUCK_IOMMU_IRQ_FQ_OVERFLOW;
	struct puck_iommu *iommu = data;
	u32 pending = readl(iommu->regs + PUCK_IOMMU_IRQ_STATUS) & causes;

	if (!pending)
		return IRQ_NONE;

	writel(pending, iommu->regs + PUCK_IOMMU_IRQ_STATUS);
	fault_drain(iommu);
	if (pending & PUCK_IOMMU_IRQ_FQ_OVERFLOW) {
		writel(PUCK_IOMMU_STATUS_FQ_OVERFLOW, iommu->regs + PUCK_IOMMU_STATUS);
		dev_err_ratelimited(&iommu->pdev->dev,
				    "fault queue overflow: the device saw faults that are not reported\n");
	}
	return IRQ_HANDLED;
}

/*
 * A CPU that waits for a command may have repaired the queue before this runs. The
 * interrupt was the device's all the same, so it counts as handled.
 */
static irqreturn_t command_thread(int irq, void *data)
{
	struct puck_iommu *iommu = data;

	writel(PUCK_IOMMU_IRQ_CMD_ERROR, iommu->regs + PUCK_IOMMU_IRQ_STATUS);
	puck_iommu_queue_recover(iommu);
	return IRQ_HANDLED;
}

static int fault_request_irq(struct puck_iommu *iommu, int vector, irq_handler_t thread,
			     const char *what)
{
	struct device *dev = &iommu->pdev->dev;
	const char *name = devm_kasprintf(dev, GFP_KERNEL, "%s-%s", dev_name(dev), what);

	if (!name)
		return -ENOMEM;
	return devm_request_threaded_irq(dev, pci_irq_vector(iommu->pdev, vector), NULL, thread,
					 IRQF_ONESHOT, name, iommu);
}

static void fault_free_vectors(void *pdev)
{
	pci_free_irq_vectors(pdev);
}

/**
 * puck_iommu_fault_init - fault queue and interrupts, for the life of the device
 * @iommu: the device, quiet
 *
 * Return: 0 or an error.
 */
int puck_iommu_fault_init(struct puck_iommu *iommu)
{
	struct pci_dev *pdev = iommu->pdev;
	int ret;

	ratelimit_state_init(&iommu->fault_limit, DEFAULT_RATELIMIT_INTERVAL,
			     DEFAULT_RATELIMIT_BURST);
	ratelimit_set_flags(&iommu->fault_limit, RATELIMIT_MSG_ON_RELEASE);
	iommu->faults = (void *)devm_get_free_pages(&pdev->dev, GFP_KERNEL | __GFP_ZERO,
						    get_order(FQ_ENTRIES * sizeof(*iommu->faults)));
	if (!iommu->faults)
		return -ENOMEM;

	ret = pci_alloc_irq_vectors(pdev, PUCK_IOMMU_NUM_VECS, PUCK_IOMMU_NUM_VECS, PCI_IRQ_MSIX);
	if (ret < 0)
		return ret;
	ret = devm_add_action_or_reset(&pdev->dev, fault_free_vectors, pdev);
	if (ret)
		return ret;
	ret = fault_request_irq(iommu, PUCK_IOMMU_VEC_FAULT, fault_thread, "fault");
	if (ret)
		return ret;
	ret = fault_request_irq(iommu, PUCK_IOMMU_VEC_CMD, command_thread, "command");
	if (ret)
		return ret;
	return fault_request_irq(iommu, PUCK_IOMMU_VEC_POLICY, puck_iommu_policy_thread, "policy");
}
