// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of policy from the host: section "Policy" of docs/specs/iommu.rst.
 * puck-iommu.ko reads the registers and says when they have changed. It need not
 * be there: on other IOMMUs the host has no say.
 */

#include <linux/err.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "attach.h"
#include "host.h"
#include "policy/lines.h"
#include "puck/iommu_policy.h"

/* puck-iommu.ko's, held while they are used; NULL without it. */
static int (*host_register)(struct notifier_block *nb);
static int (*host_unregister)(struct notifier_block *nb);
static char *(*host_read)(void);

/* Held from reading to setting, so that what was read last stays. */
static DEFINE_MUTEX(host_lock);

static void host_take_lines(void)
{
	char *text;

	mutex_lock(&host_lock);
	text = host_read();
	if (IS_ERR(text)) {
		pr_err("puck-dma: lines of the host cannot be read: %pe\n", text);
	} else {
		puck_dma_lines_host(text);
		puck_dma_policy_apply();
		kvfree(text);
	}
	mutex_unlock(&host_lock);
}

static int host_event(struct notifier_block *nb, unsigned long action, void *data)
{
	host_take_lines();
	return NOTIFY_OK;
}

static struct notifier_block host_nb = { .notifier_call = host_event };

static void host_put(void)
{
	if (host_register)
		symbol_put(puck_iommu_policy_register);
	if (host_unregister)
		symbol_put(puck_iommu_policy_unregister);
	if (host_read)
		symbol_put(puck_iommu_policy_read);
	host_register = NULL;
	host_unregister = NULL;
	host_read = NULL;
}

/* Registered first: a change that comes between is read twice, not missed. */
void puck_dma_host_init(void)
{
	int ret;

	host_register = symbol_get(puck_iommu_policy_register);
	host_unregister = symbol_get(puck_iommu_policy_unregister);
	host_read = symbol_get(puck_iommu_policy_read);
	if (!host_register || !host_unregister || !host_read) {
		host_put();
		return;
	}
	ret = host_register(&host_nb);
	if (ret) {
		pr_err("puck-dma: lines of the host are not followed: error %d\n", ret);
		host_put();
		return;
	}
	host_take_lines();
}

void puck_dma_host_exit(void)
{
	if (host_register)
		host_unregister(&host_nb);
	host_put();
}
