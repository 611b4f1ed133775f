// SPDX-License-Identifier: MIT
/* SUBMIT: every operation against a model. */
#include "lib/base/array.h"
#include "lib/base/clock.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/random.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/model.h"

#define SIZE (256 << 10)
#define BOS DRM_PUCK_SUBMIT_BOS_MAX
#define CMDS DRM_PUCK_SUBMIT_CMDS_MAX

static struct puck puck;
static struct bo a, b;
static uint64_t seed = 1;

/* What b should hold; the model works here. */
static uint8_t model[SIZE];

static void prepare(void)
{
	rnd_fill(&seed, a.map, SIZE);
	rnd_fill(&seed, b.map, SIZE);
	memcpy(model, b.map, SIZE);
	bo_flush(puck.fd, &a);
	bo_flush(puck.fd, &b);
}

static int run(struct drm_puck_cmd *cmds, uint32_t ncmds)
{
	struct drm_puck_bo_ref bos[] = { ref_read(&a), ref_both(&b) };
	struct drm_puck_submit args = job(puck.queue[0], bos, 2, cmds, ncmds);
	int ret = submit_wait(puck.fd, &args);

	return ret ? ret : bo_wait(puck.fd, &b, 0, FOREVER_NS);
}

static bool as_model(void)
{
	size_t i;

	for (i = 0; i < SIZE && b.map[i] == model[i]; i++)
		;
	if (i < SIZE)
		ktap_note("byte %zu is %02x, should be %02x", i, b.map[i], model[i]);
	return i == SIZE;
}

/* ---- operations ---- */

static const struct span {
	uint64_t src;
	uint64_t dst;
	uint64_t length;
} spans[] = {
	{ 0, 0, SIZE },			/* all */
	{ 0, 0, 1 },			/* as little as there is */
	{ SIZE - 1, SIZE - 1, 1 },	/* the last byte */
	{ 1, 2, 3 },
	{ 4095, 4097, 2 },		/* over a page's end, and not */
	{ 4096, 8192, 4096 },		/* one page */
	{ 123, 4567, 100001 },		/* many pages, both ends odd */
	{ 7, SIZE - 70000, 70000 },	/* more than is done within the doorbell */
};

static void test_fill(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(spans); i++) {
		struct drm_puck_cmd cmd = cmd_fill(1, spans[i].dst, spans[i].length, 0x04030201);

		prepare();
		model_fill(model, spans[i].dst, spans[i].length, 0x04030201);
		ktap_ok(!run(&cmd, 1) && as_model(), "fill %llu at %llu",
			(unsigned long long)spans[i].length, (unsigned long long)spans[i].dst);
	}
}

static void test_copy(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(spans); i++) {
		struct drm_puck_cmd cmd = cmd_copy(0, spans[i].src, 1, spans[i].dst,
						   spans[i].length);

		prepare();
		model_copy(a.map, spans[i].src, model, spans[i].dst, spans[i].length);
		ktap_ok(!run(&cmd, 1) && as_model(), "copy %llu from %llu to %llu",
			(unsigned long long)spans[i].length, (unsigned long long)spans[i].src,
			(unsigned long long)spans[i].dst);
	}
}

static void test_crc(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(spans); i++) {
		struct drm_puck_cmd cmd = cmd_crc(0, spans[i].src, spans[i].length, 1, 4093 + i);

		prepare();
		model_crc(a.map, spans[i].src, spans[i].length, model, 4093 + i);
		ktap_ok(!run(&cmd, 1) && as_model(), "crc32c of %llu at %llu",
			(unsigned long long)spans[i].length, (unsigned long long)spans[i].src);
	}
}

static const struct rect {
	uint32_t src_pitch;
	uint32_t dst_pitch;
	uint32_t width;
	uint32_t height;
} rects[] = {
	{ 256, 256, 256, 64 },		/* rows without gaps */
	{ 4096, 4096, 100, 30 },	/* a row in each page */
	{ 1000, 777, 555, 99 },		/* nothing fits anything */
	{ 5, 3, 1, 1000 },		/* one byte a row */
	{ SIZE / 2, SIZE / 2, SIZE / 2, 2 },
	{ ~0u, ~0u, 1000, 1 },		/* the pitch of one row does not matter */
};

static void test_blit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rects); i++) {
		const struct rect *r = &rects[i];
		uint64_t at = i == 4 ? 0 : 333;
		struct drm_puck_cmd cmd = cmd_blit(0, at, r->src_pitch, 1, at, r->dst_pitch,
						   r->width, r->height);

		prepare();
		model_blit(a.map, at, r->src_pitch, model, at, r->dst_pitch, r->width, r->height);
		ktap_ok(!run(&cmd, 1) && as_model(), "blit %ux%u, pitches %u and %u", r->width,
			r->height, r->src_pitch, r->dst_pitch);
	}
}

/* Commands of a job run in their order: each reads what the last one wrote. */
static void test_chain(void)
{
	struct drm_puck_cmd cmds[CMDS];
	unsigned int i;

	prepare();
	cmds[0] = cmd_copy(0, 0, 1, 0, 1000);
	memcpy(model, a.map, 1000);
	for (i = 1; i < CMDS; i++) {
		cmds[i] = cmd_copy(1, (i - 1) * 1000, 1, i * 1000, 1000);
		memcpy(model + i * 1000, model + (i - 1) * 1000, 1000);
	}
	ktap_ok(!run(cmds, CMDS) && as_model(), "%d commands, each on the last one's data", CMDS);
}

static void test_nothing(void)
{
	struct drm_puck_submit empty = job_empty(puck.queue[0]);
	struct drm_puck_cmd nop = cmd_nop();
	struct drm_puck_submit one = job(puck.queue[1], NULL, 0, &nop, 1);

	ktap_ok(!submit_wait(puck.fd, &empty), "a job without commands completes");
	ktap_ok(!submit_wait(puck.fd, &one), "a job of a NOP completes");
	ktap_ok(one.seqno && empty.seqno, "jobs get a number");
}

static void test_many_bos(void)
{
	static struct bo bos[BOS];
	static struct drm_puck_bo_ref refs[BOS];
	struct drm_puck_cmd cmds[2];
	struct drm_puck_submit args;
	unsigned int i;

	for (i = 0; i < BOS; i++) {
		ktap_need(!bo_create(puck.fd, &bos[i], 4096), "create BO %u", i);
		refs[i] = ref_both(&bos[i]);
	}
	cmds[0] = cmd_fill(0, 0, 4096, 0xabababab);
	cmds[1] = cmd_copy(0, 0, BOS - 1, 0, 4096);
	args = job(puck.queue[0], refs, BOS, cmds, 2);
	ktap_ok(!submit_wait(puck.fd, &args) && !bo_wait(puck.fd, &bos[BOS - 1], 0, 0) &&
		bos[BOS - 1].map[4095] == 0xab, "%d BOs in a job", BOS);
	for (i = 0; i < BOS; i++)
		bo_close(puck.fd, &bos[i]);
}

/* The handle may go as soon as the job is submitted. */
static void test_close_early(void)
{
	struct drm_puck_bo_ref bos[2];
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, SIZE);
	struct drm_puck_submit args;
	struct bo src;
	int fence;

	prepare();
	ktap_need(!bo_create(puck.fd, &src, SIZE), "create");
	memset(src.map, 0x77, SIZE);
	bo_flush(puck.fd, &src);
	memset(model, 0x77, SIZE);
	bos[0] = ref_read(&src);
	bos[1] = ref_both(&b);
	args = job(puck.queue[0], bos, 2, &cmd, 1);
	puck_set(&puck, 0, "start_delay_ns", 50 * NSEC_PER_MSEC);
	fence = submit_fd(puck.fd, &args);
	bo_close(puck.fd, &src);
	ktap_ok(fence >= 0 && fence_result(fence, FOREVER_MS) == 1 && !bo_wait(puck.fd, &b, 0, 0) &&
		as_model(), "a BO may be closed while a job uses it");
	puck_set(&puck, 0, "start_delay_ns", 0);
}

int main(void)
{
	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(!bo_create(puck.fd, &a, SIZE) && !bo_create(puck.fd, &b, SIZE), "create");
	test_fill();
	test_copy();
	test_crc();
	test_blit();
	test_chain();
	test_nothing();
	test_many_bos();
	test_close_early();
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	return ktap_end();
}
