/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines SELECTOR=POLICY: which devices are chosen, and with which policy. Whoever changes them
 * calls puck_dma_policy_apply() of attach.h afterwards.
 */
#ifndef PUCK_DMA_POLICY_LINES_H
#define PUCK_DMA_POLICY_LINES_H

#include <linux/types.h>

struct pci_dev;
struct puck_dma_policy;
struct seq_file;

int puck_dma_lines_add(const char *line);
int puck_dma_lines_remove(const char *selector);
void puck_dma_lines_host(const char *text);
void puck_dma_lines_show(struct seq_file *s);
u64 puck_dma_lines_match(struct pci_dev *pdev, struct puck_dma_policy *policy, bool *by_name);
void puck_dma_lines_exit(void);

#endif /* PUCK_DMA_POLICY_LINES_H */
