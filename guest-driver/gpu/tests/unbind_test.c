// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit test of a device whose driver is let go while somebody is inside of the driver and waits
 * for a job that does not end. Only a client in the kernel waits there for as long as it takes.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <linux/time64.h>
#include <linux/workqueue.h>

#include <kunit/test.h>

#include "abi/puck_gpu.h"
#include "puck/client.h"

/* More than any ring has room for. */
#define JOBS_MAX	(1u << 20)
/* No fence comes by itself. */
#define LATE_NS		(3600ull * NSEC_PER_SEC)
#define LOOK_MS		50

/**
 * struct puck_unbind_test - who fills a ring
 * @work: filling it
 * @client: ourselves
 * @jobs: how many it has taken
 * @error: why it takes no more
 * @first: the fence of the first job
 */
struct puck_unbind_test {
	struct work_struct work;
	struct puck_client *client;
	u32 jobs;
	long error;
	struct dma_fence *first;
};

/* Stands still in a job that finds no room, until the device has gone. */
static void puck_unbind_fill(struct work_struct *work)
{
	struct puck_unbind_test *t = container_of(work, struct puck_unbind_test, work);
	struct puck_client_job job = { .opcode = PUCK_GPU_CMD_TLB_FLUSH, .length = SZ_4K };
	struct dma_fence *fence;

	while (t->jobs < JOBS_MAX) {
		fence = puck_client_submit(t->client, 0, &job);
		if (IS_ERR(fence)) {
			t->error = PTR_ERR(fence);
			break;
		}
		if (t->first)
			dma_fence_put(fence);
		else
			t->first = fence;
		WRITE_ONCE(t->jobs, t->jobs + 1);
	}
}

/* False if there is always room. */
static bool puck_unbind_stands(struct puck_unbind_test *t)
{
	u32 before = 0, now;

	do {
		msleep(LOOK_MS);
		now = READ_ONCE(t->jobs);
		if (now && now == before)
			return true;
		before = now;
	} while (now < JOBS_MAX);
	return false;
}

static struct pci_dev *puck_unbind_find(struct puck_unbind_test *t)
{
	struct pci_dev *pdev = pci_get_device(PUCK_GPU_PCI_VENDOR, PUCK_GPU_PCI_DEVICE, NULL);

	if (!pdev)
		return NULL;
	t->client = puck_client_get(pdev);
	if (!IS_ERR(t->client))
		return pdev;
	pci_dev_put(pdev);
	return NULL;
}

/* Who waits inside of the driver is not waited for without the job's being given up. */
static void puck_unbind_full_ring(struct kunit *test)
{
	struct puck_unbind_test t = { };
	struct pci_dev *pdev = puck_unbind_find(&t);

	if (!pdev)
		kunit_skip(test, "no puck-gpu");
	KUNIT_EXPECT_EQ(test, puck_client_set_delay(t.client, 0, 0, LATE_NS), 0);
	INIT_WORK_ONSTACK(&t.work, puck_unbind_fill);
	queue_work(system_long_wq, &t.work);
	KUNIT_EXPECT_TRUE(test, puck_unbind_stands(&t));

	device_release_driver(&pdev->dev);
	flush_work(&t.work);
	destroy_work_on_stack(&t.work);
	KUNIT_EXPECT_EQ(test, t.error, -ENODEV);
	if (t.first)
		KUNIT_EXPECT_EQ(test, dma_fence_get_status(t.first), -ENODEV);
	dma_fence_put(t.first);
	puck_client_put(t.client);
	KUNIT_EXPECT_EQ(test, device_attach(&pdev->dev), 1);
	pci_dev_put(pdev);
}

static struct kunit_case puck_unbind_cases[] = {
	KUNIT_CASE_SLOW(puck_unbind_full_ring),
	{ }
};

static struct kunit_suite puck_unbind_suite = {
	.name = "puck_unbind",
	.test_cases = puck_unbind_cases,
};

kunit_test_suite(puck_unbind_suite);
