// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of what user space cannot provoke: jobs that the device refuses, and page tables
 * and VRAM in a client's own hands. They go to a live device through puck/client.h, since
 * puck.ko itself never does such things. Built where the kernel has KUnit; loading runs them.
 */
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include <kunit/test.h>

#include "abi/puck_gpu.h"
#include "puck/client.h"

#define AREA_SIZE	4096u
#define AREAS		64
#define WAIT		(10 * HZ)
#define LATE_NS		(30 * NSEC_PER_MSEC)

/**
 * struct puck_test - what each test has
 * @pdev: the GPU, behind an IOMMU if there is one such
 * @client: ourselves
 * @dev: for the DMA API
 * @mem: AREAS areas of memory that the device may use
 * @dma: their DMA address
 */
struct puck_test {
	struct pci_dev *pdev;
	struct puck_client *client;
	struct device *dev;
	u8 *mem;
	dma_addr_t dma;
};

static bool puck_test_translated(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && domain->type != IOMMU_DOMAIN_IDENTITY;
}

static struct pci_dev *puck_test_find(void)
{
	struct pci_dev *pdev = NULL, *any = NULL;

	while ((pdev = pci_get_device(PUCK_GPU_PCI_VENDOR, PUCK_GPU_PCI_DEVICE, pdev))) {
		if (puck_test_translated(&pdev->dev)) {
			pci_dev_put(any);
			return pdev;
		}
		if (!any)
			any = pci_dev_get(pdev);
	}
	return any;
}

static int puck_test_init(struct kunit *test)
{
	struct puck_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->pdev = puck_test_find();
	if (!t->pdev)
		kunit_skip(test, "no puck-gpu");
	t->client = puck_client_get(t->pdev);
	if (IS_ERR(t->client)) {
		pci_dev_put(t->pdev);
		kunit_skip(test, "puck-gpu is not bound");
	}
	t->dev = puck_client_dma_dev(t->client);
	t->mem = dma_alloc_coherent(t->dev, AREAS * AREA_SIZE, &t->dma, GFP_KERNEL);
	test->priv = t;
	KUNIT_ASSERT_NOT_NULL(test, t->mem);
	return 0;
}

static void puck_test_exit(struct kunit *test)
{
	struct puck_test *t = test->priv;

	if (!t)
		return;
	if (t->mem)
		dma_free_coherent(t->dev, AREAS * AREA_SIZE, t->mem, t->dma);
	puck_client_put(t->client);
	pci_dev_put(t->pdev);
}

/* ---- jobs ---- */

static struct puck_client_seg puck_test_area(struct puck_test *t, u32 area)
{
	return (struct puck_client_seg){ .addr = t->dma + area * AREA_SIZE, .len = AREA_SIZE };
}

static struct dma_fence *puck_test_fill(struct kunit *test, u32 ring, u32 area, u8 byte)
{
	struct puck_test *t = test->priv;
	struct puck_client_seg dst = puck_test_area(t, area);
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_FILL, .value = byte * 0x01010101u, .length = AREA_SIZE,
		.dst = &dst, .ndst = 1,
	};
	struct dma_fence *fence = puck_client_submit(t->client, ring, &job);

	KUNIT_ASSERT_FALSE(test, IS_ERR(fence));
	return fence;
}

static struct dma_fence *puck_test_copy(struct kunit *test, u32 ring, u32 from, u32 to)
{
	struct puck_test *t = test->priv;
	struct puck_client_seg src = puck_test_area(t, from), dst = puck_test_area(t, to);
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_COPY, .length = AREA_SIZE,
		.src = &src, .nsrc = 1, .dst = &dst, .ndst = 1,
	};
	struct dma_fence *fence = puck_client_submit(t->client, ring, &job);

	KUNIT_ASSERT_FALSE(test, IS_ERR(fence));
	return fence;
}

/* Wait, and drop the fence; 0, the fence's error, or -ETIME. */
static int puck_test_result(struct dma_fence *fence)
{
	int ret = -ETIME;

	if (dma_fence_wait_timeout(fence, false, WAIT))
		ret = fence->error;
	dma_fence_put(fence);
	return ret;
}

static bool puck_test_is(struct puck_test *t, u32 area, u8 byte)
{
	return !memchr_inv(t->mem + area * AREA_SIZE, byte, AREA_SIZE);
}

/* ---- each bad job ---- */

/**
 * struct puck_bad - a job that the device refuses
 * @name: of the case
 * @addr: of its segment; 0 for good memory
 * @len: of its segment
 * @ndst: segments
 * @length: of the command
 * @error: that the fence must have
 */
struct puck_bad {
	const char *name;
	u64 addr;
	u32 len;
	u32 ndst;
	u64 length;
	int error;
};

static const struct puck_bad puck_bads[] = {
	{ "no_segments", 0, AREA_SIZE, 0, AREA_SIZE, -EIO },
	{ "segment_of_length_0", 0, 0, 1, AREA_SIZE, -EIO },
	{ "segment_at_ones", ~0ull, 16, 1, 16, -EIO },
	{ "segment_too_long", 0, 0xffffffff, 1, AREA_SIZE, -EIO },
	{ "segment_wraps", ~0ull - 15, 4096, 1, 16, -EIO },
	{ "list_too_short", 0, AREA_SIZE - 1, 1, AREA_SIZE, -EIO },
	{ "length_0", 0, AREA_SIZE, 1, 0, -EIO },
	{ "length_too_long", 0, AREA_SIZE, 1, (1ull << 40) + 1, -EIO },
	{ "address_not_mapped", 0x10000, AREA_SIZE, 1, AREA_SIZE, -EFAULT },
};

static void puck_bad_name(const struct puck_bad *bad, char *desc)
{
	strscpy(desc, bad->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(puck_bads, puck_bads, puck_bad_name);

static struct dma_fence *puck_test_bad(struct kunit *test, u32 ring, const struct puck_bad *bad)
{
	struct puck_test *t = test->priv;
	struct puck_client_seg dst = { .addr = bad->addr ?: t->dma, .len = bad->len };
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_FILL, .value = 0xbad, .length = bad->length,
		.dst = &dst, .ndst = bad->ndst,
	};
	struct dma_fence *fence = puck_client_submit(t->client, ring, &job);

	KUNIT_ASSERT_FALSE(test, IS_ERR(fence));
	return fence;
}

/*
 * Good, bad and good on one ring, and a good one on the other; all fences late,
 * so that the error comes while the first good job is not complete yet.
 */
static void puck_test_bad_job(struct kunit *test)
{
	const struct puck_bad *bad = test->param_value;
	struct puck_test *t = test->priv;
	struct dma_fence *before, *fence, *after, *other;

	if (bad->error == -EFAULT && !puck_test_translated(t->dev))
		kunit_skip(test, "not behind an IOMMU");
	if (bad->error == -EFAULT)
		pr_info("puck-expect: begin puck-iommu .*: DMA fault: .* write\n");

	memset(t->mem, 0, AREAS * AREA_SIZE);
	puck_client_set_delay(t->client, 0, 0, LATE_NS);
	puck_client_set_delay(t->client, 1, 0, LATE_NS);
	other = puck_test_fill(test, 1, 3, 0x44);
	before = puck_test_fill(test, 0, 1, 0x11);
	fence = puck_test_bad(test, 0, bad);
	after = puck_test_copy(test, 0, 1, 2);

	KUNIT_EXPECT_EQ(test, puck_test_result(before), 0);
	KUNIT_EXPECT_EQ(test, puck_test_result(fence), bad->error);
	KUNIT_EXPECT_EQ(test, puck_test_result(after), 0);
	KUNIT_EXPECT_EQ(test, puck_test_result(other), 0);
	KUNIT_EXPECT_TRUE(test, puck_test_is(t, 0, 0));
	KUNIT_EXPECT_TRUE(test, puck_test_is(t, 1, 0x11));
	KUNIT_EXPECT_TRUE(test, puck_test_is(t, 2, 0x11));
	KUNIT_EXPECT_TRUE(test, puck_test_is(t, 3, 0x44));
	puck_client_set_delay(t->client, 0, 0, 0);
	puck_client_set_delay(t->client, 1, 0, 0);
	if (bad->error == -EFAULT)
		pr_info("puck-expect: end\n");
}

/*
 * A chain of copies, each from the area the last one wrote, with bad jobs in
 * between on both rings. What was at its begin must arrive at its end: no good
 * job is lost, and none overtakes another.
 */
static void puck_test_chain(struct kunit *test)
{
	struct puck_test *t = test->priv;
	struct dma_fence *fences[2 * AREAS], *bads[AREAS];
	u32 i, ngood = 0, nbad = 0;

	memset(t->mem, 0, AREAS * AREA_SIZE);
	puck_client_set_delay(t->client, 0, 0, NSEC_PER_MSEC);
	fences[ngood++] = puck_test_fill(test, 0, 0, 0x77);
	for (i = 1; i < AREAS; i++) {
		if (i % 5 == 3)
			bads[nbad++] = puck_test_bad(test, 0, &puck_bads[i % 8]);
		fences[ngood++] = puck_test_copy(test, 0, i - 1, i);
		if (i % 7 == 2)
			bads[nbad++] = puck_test_bad(test, 1, &puck_bads[i % 8]);
	}
	for (i = 0; i < ngood; i++)
		KUNIT_EXPECT_EQ(test, puck_test_result(fences[i]), 0);
	for (i = 0; i < nbad; i++)
		KUNIT_EXPECT_EQ(test, puck_test_result(bads[i]), -EIO);
	KUNIT_EXPECT_TRUE(test, puck_test_is(t, AREAS - 1, 0x77));
	puck_client_set_delay(t->client, 0, 0, 0);
}

/* ---- fences to wait for ---- */

static const char *puck_test_fence_name(struct dma_fence *fence)
{
	return "puck-gpu-test";
}

static DEFINE_SPINLOCK(puck_test_fence_lock);

static const struct dma_fence_ops puck_test_fence_ops = {
	.get_driver_name = puck_test_fence_name,
	.get_timeline_name = puck_test_fence_name,
};

/* Behind its last reference nobody needs functions of this module for it. */
static void puck_test_fence_end(struct kunit *test, struct dma_fence *fence)
{
	unsigned int ms;

	for (ms = 0; kref_read(&fence->refcount) > 1 && ms < jiffies_to_msecs(WAIT); ms++)
		fsleep(1000);
	KUNIT_EXPECT_EQ(test, kref_read(&fence->refcount), 1);
	dma_fence_put(fence);
}

/* A job waits for a fence, and another client's job on the same ring does not wait for it. */
static void puck_test_wait(struct kunit *test)
{
	struct puck_test *t = test->priv;
	struct puck_client_seg dst = puck_test_area(t, 0);
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_FILL, .value = 0x66666666, .length = AREA_SIZE,
		.dst = &dst, .ndst = 1,
	};
	struct puck_client *other = puck_client_get(t->pdev);
	struct dma_fence *fence;

	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	memset(t->mem, 0, AREAS * AREA_SIZE);
	/* Freed by its address, like those that come from a driver. */
	job.wait = kzalloc(sizeof(*job.wait), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, job.wait);
	dma_fence_init(job.wait, &puck_test_fence_ops, &puck_test_fence_lock,
		       dma_fence_context_alloc(1), 1);

	fence = puck_client_submit(other, 0, &job);
	KUNIT_EXPECT_FALSE(test, IS_ERR(fence));
	KUNIT_EXPECT_EQ(test, puck_test_result(puck_test_fill(test, 0, 1, 0x77)), 0);
	KUNIT_EXPECT_TRUE(test, puck_test_is(t, 0, 0));
	KUNIT_EXPECT_TRUE(test, puck_test_is(t, 1, 0x77));

	dma_fence_signal(job.wait);
	if (!IS_ERR(fence))
		KUNIT_EXPECT_EQ(test, puck_test_result(fence), 0);
	KUNIT_EXPECT_TRUE(test, puck_test_is(t, 0, 0x66));
	puck_client_put(other);
	puck_test_fence_end(test, job.wait);
}

/* ---- page tables ---- */

#define PUCK_TEST_VA	0x123456789000ull
/* The first areas are tables, the root first; the next one is a page. */
#define PUCK_TEST_PAGE	PUCK_GPU_PT_LEVELS

static void puck_test_set_entry(struct puck_test *t, u32 table, u64 pte)
{
	u32 index = (PUCK_TEST_VA >> (12 + 9 * (PUCK_GPU_PT_LEVELS - 1 - table))) % 512;
	__le64 *entries = (__le64 *)(t->mem + table * AREA_SIZE);

	WRITE_ONCE(entries[index], cpu_to_le64(pte));
}

static void puck_test_set_page(struct puck_test *t, u64 pte)
{
	puck_test_set_entry(t, PUCK_GPU_PT_LEVELS - 1, pte);
}

/* A VM with nothing at the address. */
static u32 puck_test_make_vm(struct kunit *test)
{
	struct puck_test *t = test->priv;
	u32 i;
	int vm;

	if (!puck_client_num_vms(t->client))
		kunit_skip(test, "no VMs");
	memset(t->mem, 0, AREAS * AREA_SIZE);
	for (i = 0; i < PUCK_GPU_PT_LEVELS - 1; i++)
		puck_test_set_entry(t, i, (t->dma + (i + 1) * AREA_SIZE) | PUCK_GPU_PTE_READ |
				    PUCK_GPU_PTE_WRITE);
	vm = puck_client_vm_create(t->client, t->dma);
	KUNIT_ASSERT_GE(test, vm, 0);
	return vm;
}

static int puck_test_run(struct kunit *test, const struct puck_client_job *job)
{
	struct puck_test *t = test->priv;
	struct dma_fence *fence = puck_client_submit(t->client, 0, job);

	KUNIT_ASSERT_FALSE(test, IS_ERR(fence));
	return puck_test_result(fence);
}

static int puck_test_fill_va(struct kunit *test, u32 vm, u8 byte)
{
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_FILL, .flags = PUCK_GPU_DST_VA, .vm = vm,
		.value = byte * 0x01010101u, .length = AREA_SIZE, .dst_va = PUCK_TEST_VA,
	};

	return puck_test_run(test, &job);
}

static int puck_test_flush(struct kunit *test, u32 vm)
{
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_TLB_FLUSH, .vm = vm, .src_va = PUCK_TEST_VA,
		.length = AREA_SIZE,
	};

	return puck_test_run(test, &job);
}

/* What is not mapped is refused, what is mapped is written, and a flush is heeded. */
static void puck_test_vm(struct kunit *test)
{
	struct puck_test *t = test->priv;
	u32 vm = puck_test_make_vm(test);

	KUNIT_EXPECT_EQ(test, puck_test_fill_va(test, vm, 0x11), -EFAULT);
	puck_test_set_page(t, (t->dma + PUCK_TEST_PAGE * AREA_SIZE) | PUCK_GPU_PTE_WRITE);
	KUNIT_EXPECT_EQ(test, puck_test_fill_va(test, vm, 0x22), 0);
	KUNIT_EXPECT_TRUE(test, puck_test_is(t, PUCK_TEST_PAGE, 0x22));

	puck_test_set_page(t, 0);
	KUNIT_EXPECT_EQ(test, puck_test_flush(test, vm), 0);
	KUNIT_EXPECT_EQ(test, puck_test_fill_va(test, vm, 0x33), -EFAULT);
	KUNIT_EXPECT_TRUE(test, puck_test_is(t, PUCK_TEST_PAGE, 0x22));
	puck_client_vm_destroy(t->client, vm);
}

/* Nothing is left of a VM for the next one with its number. */
static void puck_test_vm_again(struct kunit *test)
{
	struct puck_test *t = test->priv;
	u64 page = (t->dma + PUCK_TEST_PAGE * AREA_SIZE) | PUCK_GPU_PTE_WRITE;
	u32 vm = puck_test_make_vm(test), next;

	puck_test_set_page(t, page);
	KUNIT_EXPECT_EQ(test, puck_test_fill_va(test, vm, 0x44), 0);
	puck_client_vm_destroy(t->client, vm);
	KUNIT_EXPECT_EQ(test, puck_test_fill_va(test, vm, 0x55), -EFAULT);

	next = puck_test_make_vm(test);
	KUNIT_EXPECT_EQ(test, next, vm);
	KUNIT_EXPECT_EQ(test, puck_test_fill_va(test, next, 0x66), -EFAULT);
	KUNIT_EXPECT_TRUE(test, puck_test_is(t, PUCK_TEST_PAGE, 0));
	puck_client_vm_destroy(t->client, next);
}

/* ---- VRAM ---- */

static int puck_test_read_vram(struct kunit *test, u64 offset, u32 area)
{
	struct puck_test *t = test->priv;
	struct puck_client_seg src = { offset, AREA_SIZE, PUCK_GPU_SEG_VRAM };
	struct puck_client_seg dst = puck_test_area(t, area);
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_COPY, .length = AREA_SIZE,
		.src = &src, .nsrc = 1, .dst = &dst, .ndst = 1,
	};

	return puck_test_run(test, &job);
}

/* A page of it is zeroes at first, also where somebody has left more than that. */
static void puck_test_vram(struct kunit *test)
{
	struct puck_test *t = test->priv;
	u32 vm = puck_test_make_vm(test), i;
	struct puck_client_vram *vram;
	u64 offset;

	for (i = 0; i < 3; i++) {
		vram = puck_client_vram_alloc(t->client, &offset);
		KUNIT_ASSERT_FALSE(test, IS_ERR(vram));
		KUNIT_EXPECT_EQ(test, offset % AREA_SIZE, 0);

		memset(t->mem + PUCK_TEST_PAGE * AREA_SIZE, 0xff, AREA_SIZE);
		KUNIT_EXPECT_EQ(test, puck_test_read_vram(test, offset, PUCK_TEST_PAGE), 0);
		KUNIT_EXPECT_TRUE(test, puck_test_is(t, PUCK_TEST_PAGE, 0));

		/* The last one was at the same address. */
		puck_test_set_page(t, offset | PUCK_GPU_PTE_VRAM | PUCK_GPU_PTE_WRITE);
		KUNIT_EXPECT_EQ(test, puck_test_flush(test, vm), 0);
		KUNIT_EXPECT_EQ(test, puck_test_fill_va(test, vm, 0x77), 0);
		KUNIT_EXPECT_EQ(test, puck_test_read_vram(test, offset, PUCK_TEST_PAGE), 0);
		KUNIT_EXPECT_TRUE(test, puck_test_is(t, PUCK_TEST_PAGE, 0x77));
		puck_client_vram_free(vram);
	}
	puck_client_vm_destroy(t->client, vm);
}

/* ---- arguments ---- */

static void puck_test_bad_arguments(struct kunit *test)
{
	struct puck_test *t = test->priv;
	struct puck_client_seg dst = puck_test_area(t, 0);
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_FILL, .length = AREA_SIZE, .dst = &dst, .ndst = 1,
	};
	u32 rings = puck_client_num_rings(t->client);

	KUNIT_EXPECT_GE(test, rings, 2);
	KUNIT_EXPECT_EQ(test, PTR_ERR(puck_client_submit(t->client, rings, &job)), -EINVAL);
	job.opcode = PUCK_GPU_CMD_FENCE;
	KUNIT_EXPECT_EQ(test, PTR_ERR(puck_client_submit(t->client, 0, &job)), -EINVAL);
	job.opcode = PUCK_GPU_CMD_BLIT;
	KUNIT_EXPECT_EQ(test, PTR_ERR(puck_client_submit(t->client, 0, &job)), -EINVAL);
	job.opcode = PUCK_GPU_CMD_FILL;
	job.ndst = ~0u;
	KUNIT_EXPECT_EQ(test, PTR_ERR(puck_client_submit(t->client, 0, &job)), -E2BIG);
	KUNIT_EXPECT_EQ(test, puck_client_set_delay(t->client, rings, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, puck_client_vm_create(t->client, t->dma + 8), -EINVAL);
}

static void puck_test_bad_device(struct kunit *test)
{
	struct pci_dev *pdev = pci_get_class(PCI_CLASS_BRIDGE_HOST << 8, NULL);

	if (!pdev)
		kunit_skip(test, "no host bridge");
	KUNIT_EXPECT_EQ(test, PTR_ERR(puck_client_get(pdev)), -ENODEV);
	pci_dev_put(pdev);
}

static struct kunit_case puck_test_cases[] = {
	KUNIT_CASE_PARAM(puck_test_bad_job, puck_bads_gen_params),
	KUNIT_CASE(puck_test_chain),
	KUNIT_CASE(puck_test_wait),
	KUNIT_CASE(puck_test_vm),
	KUNIT_CASE(puck_test_vm_again),
	KUNIT_CASE(puck_test_vram),
	KUNIT_CASE(puck_test_bad_arguments),
	KUNIT_CASE(puck_test_bad_device),
	{ }
};

static struct kunit_suite puck_test_suite = {
	.name = "puck_gpu",
	.init = puck_test_init,
	.exit = puck_test_exit,
	.test_cases = puck_test_cases,
};

kunit_test_suite(puck_test_suite);

MODULE_DESCRIPTION("Tests of puck.ko with jobs that the device refuses");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
