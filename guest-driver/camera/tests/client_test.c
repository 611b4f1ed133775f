// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of in-kernel clients (puck/cam_client.h), with a camera: what a client may call when,
 * that each buffer comes back once, and buffers that the device refuses. puck-cam.ko itself
 * never writes such lists.
 */
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <linux/string.h>

#include <kunit/test.h>

#include "puck/cam_client.h"

#define WIDTH		64
#define HEIGHT		16
#define SIZE		(WIDTH * HEIGHT)
#define WAIT		(10 * HZ)

/**
 * struct client_buffer - a buffer of a test
 * @hw: what the device gets
 * @back: it came back
 * @times: how often
 * @done: with what, the last time
 */
struct client_buffer {
	struct puck_cam_client_buffer hw;
	struct completion back;
	atomic_t times;
	struct puck_cam_client_done done;
};

/**
 * struct client_test - what each test has
 * @pdev: a camera
 * @client: ourselves
 * @dev: for the DMA API
 * @list: one segment, all of @mem
 * @list_dma: DMA address of it
 * @mem: memory of one picture, of all buffers
 * @mem_dma: DMA address of it
 * @bufs: buffers, one more than the device may have
 */
struct client_test {
	struct pci_dev *pdev;
	struct puck_cam_client *client;
	struct device *dev;
	struct puck_cam_seg *list;
	dma_addr_t list_dma;
	u8 *mem;
	dma_addr_t mem_dma;
	struct client_buffer bufs[PUCK_CAM_CLIENT_DEPTH + 1];
};

static const struct puck_cam_client_picture client_picture = {
	.format = PUCK_CAM_FORMAT_GREY, .width = WIDTH, .height = HEIGHT, .stride = { WIDTH },
	.pattern = PUCK_CAM_PATTERN_BARS, .interval = PUCK_CAM_INTERVAL_MIN,
};

static void client_done(struct puck_cam_client_buffer *hw, const struct puck_cam_client_done *done)
{
	struct client_buffer *buf = container_of(hw, struct client_buffer, hw);

	buf->done = *done;
	atomic_inc(&buf->times);
	complete(&buf->back);
}

static void client_make_buffers(struct client_test *t)
{
	u32 i;

	t->list[0] = (struct puck_cam_seg){
		.addr = cpu_to_le64(t->mem_dma), .len = cpu_to_le32(SIZE),
	};
	for (i = 0; i < ARRAY_SIZE(t->bufs); i++) {
		t->bufs[i].hw = (struct puck_cam_client_buffer){
			.parts = 1, .part = { { t->list_dma, 1, SIZE } }, .done = client_done,
		};
		init_completion(&t->bufs[i].back);
	}
}

static int client_init(struct kunit *test)
{
	struct client_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->pdev = pci_get_device(PUCK_CAM_PCI_VENDOR, PUCK_CAM_PCI_DEVICE, NULL);
	if (!t->pdev)
		kunit_skip(test, "no puck-cam");
	t->client = puck_cam_client_get(t->pdev);
	if (IS_ERR(t->client)) {
		pci_dev_put(t->pdev);
		kunit_skip(test, "puck-cam is not bound, or not free");
	}
	t->dev = puck_cam_client_dma_dev(t->client);
	test->priv = t;
	t->list = dma_alloc_coherent(t->dev, PAGE_SIZE, &t->list_dma, GFP_KERNEL);
	t->mem = dma_alloc_coherent(t->dev, SIZE, &t->mem_dma, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->list);
	KUNIT_ASSERT_NOT_NULL(test, t->mem);
	client_make_buffers(t);
	return 0;
}

static void client_exit(struct kunit *test)
{
	struct client_test *t = test->priv;

	if (!t)
		return;
	puck_cam_client_stop(t->client);
	if (t->mem)
		dma_free_coherent(t->dev, SIZE, t->mem, t->mem_dma);
	if (t->list)
		dma_free_coherent(t->dev, PAGE_SIZE, t->list, t->list_dma);
	puck_cam_client_put(t->client);
	pci_dev_put(t->pdev);
}

/* Start with the one picture that all tests have. */
static void client_start(struct kunit *test)
{
	struct client_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, puck_cam_client_prepare(t->client, &client_picture), 0);
	KUNIT_ASSERT_EQ(test, puck_cam_client_start(t->client, true), 0);
}

/* Queue a buffer, and have a frame come for it. */
static void client_capture(struct kunit *test, struct client_buffer *buf)
{
	struct client_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, puck_cam_client_queue(t->client, &buf->hw), 0);
	KUNIT_ASSERT_EQ(test, puck_cam_client_step(t->client), 0);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&buf->back, WAIT), 0);
}

static void client_test_order(struct kunit *test)
{
	struct client_test *t = test->priv;
	struct puck_cam_client_buffer *buf = &t->bufs[0].hw;

	KUNIT_EXPECT_EQ(test, puck_cam_client_queue(t->client, buf), -EPIPE);
	KUNIT_EXPECT_EQ(test, puck_cam_client_start(t->client, true), -EPIPE);
	KUNIT_EXPECT_EQ(test, puck_cam_client_step(t->client), -EPIPE);
	KUNIT_EXPECT_EQ(test, puck_cam_client_stop(t->client), 0);
	client_start(test);
	KUNIT_EXPECT_EQ(test, puck_cam_client_prepare(t->client, &client_picture), -EBUSY);
	KUNIT_EXPECT_EQ(test, puck_cam_client_stop(t->client), 0);
	KUNIT_EXPECT_EQ(test, puck_cam_client_queue(t->client, buf), -EPIPE);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->bufs[0].times), 0);
}

static void client_test_bad_device(struct kunit *test)
{
	struct client_test *t = test->priv;
	struct pci_dev *pdev = pci_get_class(PCI_CLASS_BRIDGE_HOST << 8, NULL);

	KUNIT_EXPECT_EQ(test, PTR_ERR(puck_cam_client_get(t->pdev)), -EBUSY);
	if (!pdev)
		kunit_skip(test, "no host bridge");
	KUNIT_EXPECT_EQ(test, PTR_ERR(puck_cam_client_get(pdev)), -ENODEV);
	pci_dev_put(pdev);
}

static void client_test_bad_picture(struct kunit *test)
{
	struct client_test *t = test->priv;
	struct puck_cam_client_picture picture = client_picture;

	picture.stride[0] = WIDTH - 1;
	KUNIT_EXPECT_EQ(test, puck_cam_client_prepare(t->client, &picture), -EINVAL);
	picture = client_picture;
	picture.width = WIDTH + 0x10000;
	KUNIT_EXPECT_EQ(test, puck_cam_client_prepare(t->client, &picture), -EINVAL);
	picture = client_picture;
	picture.format = 31;
	KUNIT_EXPECT_EQ(test, puck_cam_client_prepare(t->client, &picture), -EINVAL);
	KUNIT_EXPECT_EQ(test, puck_cam_client_prepare(t->client, &client_picture), 0);
}

/* Numbers of frames tell of the one that found no buffer. */
static void client_test_frames(struct kunit *test)
{
	struct client_test *t = test->priv;
	const struct puck_cam_line *line = (const struct puck_cam_line *)t->mem;
	struct client_buffer *buf = &t->bufs[0];

	client_start(test);
	client_capture(test, buf);
	KUNIT_EXPECT_EQ(test, buf->done.error, 0);
	KUNIT_EXPECT_TRUE(test, buf->done.begun);
	KUNIT_EXPECT_EQ(test, buf->done.frame, 0);
	KUNIT_EXPECT_EQ(test, buf->done.bytes[0], SIZE);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(line->frame), 0);
	KUNIT_ASSERT_EQ(test, puck_cam_client_step(t->client), 0);
	client_capture(test, buf);
	KUNIT_EXPECT_EQ(test, buf->done.frame, 2);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(line->frame), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&buf->times), 2);
}

/* As many as the device may have, and one more; none gets a frame. */
static void client_test_depth(struct kunit *test)
{
	struct client_test *t = test->priv;
	u32 i;

	client_start(test);
	for (i = 0; i < PUCK_CAM_CLIENT_DEPTH; i++)
		KUNIT_EXPECT_EQ(test, puck_cam_client_queue(t->client, &t->bufs[i].hw), 0);
	KUNIT_EXPECT_EQ(test, puck_cam_client_queue(t->client, &t->bufs[i].hw), -EAGAIN);
	KUNIT_EXPECT_EQ(test, puck_cam_client_stop(t->client), 0);
	for (i = 0; i < PUCK_CAM_CLIENT_DEPTH; i++) {
		KUNIT_EXPECT_EQ(test, atomic_read(&t->bufs[i].times), 1);
		KUNIT_EXPECT_EQ(test, t->bufs[i].done.error, -ECANCELED);
		KUNIT_EXPECT_FALSE(test, t->bufs[i].done.begun);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&t->bufs[i].times), 0);
}

/**
 * struct client_bad - a buffer that the device refuses
 * @name: of the case
 * @nsegs: segments
 * @len: of the only one
 * @length: bytes that the device may write
 * @parts: of the buffer
 */
struct client_bad {
	const char *name;
	u32 nsegs;
	u32 len;
	u64 length;
	u32 parts;
};

static const struct client_bad client_bads[] = {
	{ "no_segments", 0, SIZE, SIZE, 1 },
	{ "too_many_segments", PUCK_CAM_SEGS_MAX_VALUE + 1, SIZE, SIZE, 1 },
	{ "segment_of_length_0", 1, 0, SIZE, 1 },
	{ "list_too_short", 1, SIZE - 1, SIZE, 1 },
	{ "length_too_short", 1, SIZE, SIZE - 1, 1 },
	{ "length_too_long", 1, SIZE, PUCK_CAM_LENGTH_MAX + 1, 1 },
	{ "parts", 1, SIZE, SIZE, 2 },
};

static void client_bad_name(const struct client_bad *bad, char *desc)
{
	strscpy(desc, bad->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(client_bads, client_bads, client_bad_name);

/* The device says no, writes nothing, and goes on with the next one. */
static void client_test_bad_buffer(struct kunit *test)
{
	const struct client_bad *bad = test->param_value;
	struct client_test *t = test->priv;
	struct client_buffer *buf = &t->bufs[0];

	client_start(test);
	t->list[0].len = cpu_to_le32(bad->len);
	buf->hw.parts = bad->parts;
	buf->hw.part[0].nsegs = bad->nsegs;
	buf->hw.part[0].length = bad->length;
	client_capture(test, buf);
	KUNIT_EXPECT_EQ(test, buf->done.error, -EIO);
	KUNIT_EXPECT_NULL(test, memchr_inv(t->mem, 0, SIZE));

	t->list[0].len = cpu_to_le32(SIZE);
	client_capture(test, &t->bufs[1]);
	KUNIT_EXPECT_EQ(test, t->bufs[1].done.error, 0);
}

/* What the client itself is told no for. */
static void client_test_bad_parts(struct kunit *test)
{
	struct client_test *t = test->priv;

	client_start(test);
	t->bufs[0].hw.parts = 0;
	KUNIT_EXPECT_EQ(test, puck_cam_client_queue(t->client, &t->bufs[0].hw), -EINVAL);
	t->bufs[0].hw.parts = PUCK_CAM_PARTS_MAX + 1;
	KUNIT_EXPECT_EQ(test, puck_cam_client_queue(t->client, &t->bufs[0].hw), -EINVAL);
}

static struct kunit_case client_cases[] = {
	KUNIT_CASE(client_test_order),
	KUNIT_CASE(client_test_bad_device),
	KUNIT_CASE(client_test_bad_picture),
	KUNIT_CASE(client_test_frames),
	KUNIT_CASE(client_test_depth),
	KUNIT_CASE_PARAM(client_test_bad_buffer, client_bads_gen_params),
	KUNIT_CASE(client_test_bad_parts),
	{ }
};

static struct kunit_suite client_suite = {
	.name = "puck_cam_client",
	.init = client_init,
	.exit = client_exit,
	.test_cases = client_cases,
};

kunit_test_suite(client_suite);
