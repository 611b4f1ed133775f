// SPDX-License-Identifier: GPL-2.0-only
/*
 * puck-dma.ko: an adversarial, and legal, DMA mapper in front of any PCI driver.
 * docs/dma.rst is the contract.
 */

#define pr_fmt(fmt) "puck-dma: " fmt

#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "attach.h"
#include "core/record.h"
#include "core/stack.h"
#include "debugfs.h"
#include "fault/fault.h"
#include "host.h"
#include "iova/space.h"
#include "policy/lines.h"

static char *devices;
module_param(devices, charp, 0444);
MODULE_PARM_DESC(devices, "lines SELECTOR=POLICY with ';' between, of docs/dma.rst");

static int devices_parse(void)
{
	char *copy = kstrdup(devices ?: "", GFP_KERNEL);
	char *rest = copy, *line;
	int ret = 0;

	if (!copy)
		return -ENOMEM;
	while (!ret && (line = strsep(&rest, ";")))
		if (*line)
			ret = puck_dma_lines_add(line);
	kfree(copy);
	return ret;
}

static int __init puck_dma_init(void)
{
	int ret;

	ret = puck_dma_iova_init();
	if (ret)
		return ret;
	ret = puck_dma_record_init();
	if (ret)
		goto iova_exit;
	ret = devices_parse();
	if (ret)
		goto lines_exit;
	ret = puck_dma_stack_init();
	if (ret)
		goto lines_exit;
	puck_dma_debugfs_init();
	puck_dma_host_init();
	ret = puck_dma_attach_init();
	if (ret)
		goto host_exit;
	return 0;

host_exit:
	puck_dma_host_exit();
	puck_dma_debugfs_exit();
	puck_dma_fault_exit();
	puck_dma_stack_exit();
lines_exit:
	puck_dma_lines_exit();
	puck_dma_record_exit();
iova_exit:
	puck_dma_iova_exit();
	return ret;
}
module_init(puck_dma_init);

static void __exit puck_dma_exit(void)
{
	puck_dma_attach_exit();
	puck_dma_host_exit();
	puck_dma_debugfs_exit();
	puck_dma_fault_exit();
	puck_dma_stack_exit();
	puck_dma_lines_exit();
	puck_dma_record_exit();
	puck_dma_iova_exit();
}
module_exit(puck_dma_exit);

MODULE_DESCRIPTION("An adversarial DMA mapper for any PCI driver");
MODULE_LICENSE("GPL");
