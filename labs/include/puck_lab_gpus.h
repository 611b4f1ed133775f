/* SPDX-License-Identifier: GPL-2.0-only */
/* The GPUs of a lab's machine, for modules that are clients of puck.ko. */
#ifndef PUCK_LAB_GPUS_H
#define PUCK_LAB_GPUS_H

#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/pci.h>

#include "abi/puck_gpu.h"
#include "puck/client.h"

/**
 * puck_lab_gpu - become a client of one of the GPUs
 * @translated: of the one that is behind an IOMMU, or of the one that is not
 *
 * Context: may sleep.
 * Return: the client, for puck_client_put(); or an ERR_PTR().
 */
static inline struct puck_client *puck_lab_gpu(bool translated)
{
	struct pci_dev *pdev = NULL;
	struct puck_client *client;

	do {
		pdev = pci_get_device(PUCK_GPU_PCI_VENDOR, PUCK_GPU_PCI_DEVICE, pdev);
	} while (pdev && device_iommu_mapped(&pdev->dev) != translated);
	if (!pdev)
		return ERR_PTR(-ENODEV);
	client = puck_client_get(pdev);
	pci_dev_put(pdev);
	return client;
}

#endif /* PUCK_LAB_GPUS_H */
