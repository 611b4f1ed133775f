// SPDX-License-Identifier: MIT
/* SUBMIT: every operation against a model, and every field that can be bad. */
#include "lib/base/array.h"
#include "lib/base/clock.h"
#include "lib/base/crc32c.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/random.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"

#include <dirent.h>
#include <errno.h>
#include <sys/mman.h>

#define SIZE (256 << 10)
#define ALL_BITS 0xffffffffu

static struct puck puck;
static struct bo a, b, c;
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
	struct drm_puck_submit args = job(0, bos, 2, cmds, ncmds);
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
	uint64_t k;

	for (i = 0; i < ARRAY_SIZE(spans); i++) {
		struct drm_puck_cmd cmd = cmd_fill(1, spans[i].dst, spans[i].length, 0x04030201);

		prepare();
		for (k = 0; k < spans[i].length; k++)
			model[spans[i].dst + k] = 1 + k % 4;
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
		memcpy(model + spans[i].dst, a.map + spans[i].src, spans[i].length);
		ktap_ok(!run(&cmd, 1) && as_model(), "copy %llu from %llu to %llu",
			(unsigned long long)spans[i].length, (unsigned long long)spans[i].src,
			(unsigned long long)spans[i].dst);
	}
}

static void test_crc(void)
{
	unsigned int i;
	uint32_t crc;

	for (i = 0; i < ARRAY_SIZE(spans); i++) {
		struct drm_puck_cmd cmd = cmd_crc(0, spans[i].src, spans[i].length, 1, 4093 + i);

		prepare();
		crc = crc32c(a.map + spans[i].src, spans[i].length);
		memcpy(model + 4093 + i, &crc, sizeof(crc));
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
	uint32_t y;

	for (i = 0; i < ARRAY_SIZE(rects); i++) {
		const struct rect *r = &rects[i];
		uint64_t at = i == 4 ? 0 : 333;
		struct drm_puck_cmd cmd = cmd_blit(0, at, r->src_pitch, 1, at, r->dst_pitch,
						   r->width, r->height);

		prepare();
		for (y = 0; y < r->height; y++)
			memcpy(model + at + (uint64_t)y * r->dst_pitch,
			       a.map + at + (uint64_t)y * r->src_pitch, r->width);
		ktap_ok(!run(&cmd, 1) && as_model(), "blit %ux%u, pitches %u and %u", r->width,
			r->height, r->src_pitch, r->dst_pitch);
	}
}

/* Commands of a job run in their order: each reads what the last one wrote. */
static void test_chain(void)
{
	struct drm_puck_cmd cmds[PUCK_MAX_CMDS];
	unsigned int i;

	prepare();
	cmds[0] = cmd_copy(0, 0, 1, 0, 1000);
	memcpy(model, a.map, 1000);
	for (i = 1; i < PUCK_MAX_CMDS; i++) {
		cmds[i] = cmd_copy(1, (i - 1) * 1000, 1, i * 1000, 1000);
		memcpy(model + i * 1000, model + (i - 1) * 1000, 1000);
	}
	ktap_ok(!run(cmds, PUCK_MAX_CMDS) && as_model(), "%d commands, each on the last one's data",
		PUCK_MAX_CMDS);
}

static void test_nothing(void)
{
	struct drm_puck_submit empty = job(0, NULL, 0, NULL, 0);
	struct drm_puck_cmd nop = cmd_nop();
	struct drm_puck_submit one = job(1, NULL, 0, &nop, 1);

	ktap_ok(!submit_wait(puck.fd, &empty), "a job without commands completes");
	ktap_ok(!submit_wait(puck.fd, &one), "a job of a NOP completes");
	ktap_ok(one.seqno && empty.seqno, "jobs get a number");
}

static void test_many_bos(void)
{
	static struct bo bos[PUCK_MAX_BOS];
	static struct drm_puck_bo_ref refs[PUCK_MAX_BOS];
	struct drm_puck_cmd cmds[2];
	struct drm_puck_submit args;
	unsigned int i;

	for (i = 0; i < PUCK_MAX_BOS; i++) {
		ktap_need(!bo_create(puck.fd, &bos[i], 4096), "create BO %u", i);
		refs[i] = ref_both(&bos[i]);
	}
	cmds[0] = cmd_fill(0, 0, 4096, 0xabababab);
	cmds[1] = cmd_copy(0, 0, PUCK_MAX_BOS - 1, 0, 4096);
	args = job(0, refs, PUCK_MAX_BOS, cmds, 2);
	ktap_ok(!submit_wait(puck.fd, &args) &&
		!bo_wait(puck.fd, &bos[PUCK_MAX_BOS - 1], 0, 0) &&
		bos[PUCK_MAX_BOS - 1].map[4095] == 0xab, "%d BOs in a job", PUCK_MAX_BOS);
	for (i = 0; i < PUCK_MAX_BOS; i++)
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
	args = job(0, bos, 2, &cmd, 1);
	puck_set(&puck, 0, "start_delay_ns", 50 * NSEC_PER_MSEC);
	fence = submit_fd(puck.fd, &args);
	bo_close(puck.fd, &src);
	ktap_ok(fence >= 0 && fence_result(fence, FOREVER_MS) == 1 && !bo_wait(puck.fd, &b, 0, 0) &&
		as_model(), "a BO may be closed while a job uses it");
	puck_set(&puck, 0, "start_delay_ns", 0);
}

/* ---- bad arguments ---- */

/* A good job: a copy and a fill, with all that the table below spoils. */
struct trial {
	struct drm_puck_submit args;
	struct drm_puck_bo_ref bos[3];
	struct drm_puck_cmd cmds[3];
	struct drm_puck_sync in;
	struct drm_puck_sync out;
};

static void trial_init(struct trial *t)
{
	memset(t, 0, sizeof(*t));
	t->bos[0] = ref_read(&a);
	t->bos[1] = ref_write(&b);
	t->bos[2] = ref_both(&c);
	t->cmds[0] = cmd_copy(0, 0, 1, 0, 4096);
	t->cmds[1] = cmd_fill(2, 0, 4096, 1);
	t->cmds[2] = cmd_blit(0, 0, 100, 1, 0, 100, 100, 10);
	t->args = job(0, t->bos, 3, t->cmds, 3);
	t->args.in_syncs = (uintptr_t)&t->in;
	t->args.out_syncs = (uintptr_t)&t->out;
}

#define BAD(what, err, ...) { #what, err, offsetof(struct trial, what), \
			      sizeof(((struct trial *)0)->what), __VA_ARGS__ }

static const struct bad {
	const char *what;
	int err;
	size_t offset;
	size_t size;
	uint64_t value;
} bads[] = {
	BAD(args.ring, -EINVAL, 8),
	BAD(args.ring, -EINVAL, ALL_BITS),
	BAD(args.flags, -EINVAL, 1 << 3),
	BAD(args.flags, -EINVAL, 1u << 31),
	BAD(args.nbos, -EINVAL, 2),			/* the fill's BO is out */
	BAD(args.nbos, -EINVAL, PUCK_MAX_BOS + 1),
	BAD(args.nbos, -EINVAL, ALL_BITS),
	BAD(args.ncmds, -EINVAL, PUCK_MAX_CMDS + 1),
	BAD(args.ncmds, -EINVAL, ALL_BITS),
	BAD(args.bos, -EFAULT, 0),
	BAD(args.bos, -EFAULT, 1ull << 63),
	BAD(args.bos, -EFAULT, ~0ull),
	BAD(args.cmds, -EFAULT, 0),
	BAD(args.cmds, -EFAULT, 0xffff800000000000ull),
	BAD(args.nin_syncs, -EINVAL, PUCK_MAX_SYNCS + 1),
	BAD(args.nin_syncs, -ENOENT, 1),		/* handle 0 */
	BAD(args.nout_syncs, -EINVAL, PUCK_MAX_SYNCS + 1),
	BAD(args.nout_syncs, -ENOENT, 1),
	BAD(args.in_fence_fd, -EINVAL, 1),		/* without its flag */
	BAD(args.out_fence_fd, -EINVAL, 1),
	BAD(args.seqno, -EINVAL, 1),
	BAD(bos[0].handle, -ENOENT, 0),
	BAD(bos[0].handle, -ENOENT, ALL_BITS),
	BAD(bos[0].flags, -EINVAL, 0),
	BAD(bos[0].flags, -EINVAL, PUCK_BO_WRITE),	/* but it is read */
	BAD(bos[0].flags, -EINVAL, 1 << 2 | PUCK_BO_READ),
	BAD(bos[1].flags, -EINVAL, PUCK_BO_READ),	/* but it is written */
	BAD(cmds[0].op, -EINVAL, PUCK_OP_CRC32C + 1),
	BAD(cmds[0].op, -EINVAL, ALL_BITS),
	BAD(cmds[0].op, -EINVAL, PUCK_OP_NOP),		/* which has no buffers */
	BAD(cmds[0].pad, -EINVAL, 1),
	BAD(cmds[0].pad2, -EINVAL, 1),
	BAD(cmds[0].src, -EINVAL, 3),
	BAD(cmds[0].src, -EINVAL, PUCK_NO_BO),
	BAD(cmds[0].dst, -EINVAL, 3),
	BAD(cmds[0].dst, -EINVAL, 0),			/* read only */
	BAD(cmds[0].dst, -EINVAL, PUCK_NO_BO),
	BAD(cmds[0].src_offset, -EINVAL, SIZE - 4095),
	BAD(cmds[0].src_offset, -EINVAL, ~0ull),
	BAD(cmds[0].dst_offset, -EINVAL, SIZE),
	BAD(cmds[0].dst_offset, -EINVAL, 0ull - 4096),	/* offset + length wraps */
	BAD(cmds[0].length, -EINVAL, 0),
	BAD(cmds[0].length, -EINVAL, SIZE + 1),
	BAD(cmds[0].length, -EINVAL, ~0ull),
	BAD(cmds[0].value, -EINVAL, 1),
	BAD(cmds[0].src_pitch, -EINVAL, 1),
	BAD(cmds[0].dst_pitch, -EINVAL, 1),
	BAD(cmds[0].width, -EINVAL, 1),
	BAD(cmds[0].height, -EINVAL, 1),
	BAD(cmds[1].src, -EINVAL, 0),			/* FILL has no source */
	BAD(cmds[1].src_offset, -EINVAL, 1),
	BAD(cmds[2].length, -EINVAL, 1000),		/* BLIT has no length */
	BAD(cmds[2].value, -EINVAL, 1),
	BAD(cmds[2].width, -EINVAL, 0),
	BAD(cmds[2].width, -EINVAL, 101),		/* wider than the pitch */
	BAD(cmds[2].width, -EINVAL, ALL_BITS),
	BAD(cmds[2].height, -EINVAL, 0),
	BAD(cmds[2].height, -EINVAL, ALL_BITS),
	BAD(cmds[2].src_pitch, -EINVAL, 99),
	BAD(cmds[2].src_pitch, -EINVAL, ALL_BITS),
	BAD(cmds[2].dst_pitch, -EINVAL, 99),
	BAD(cmds[2].dst_pitch, -EINVAL, ALL_BITS),
};

static void test_bad(void)
{
	struct trial t;
	unsigned int i;
	int ret;

	prepare();
	for (i = 0; i < ARRAY_SIZE(bads); i++) {
		trial_init(&t);
		memcpy((char *)&t + bads[i].offset, &bads[i].value, bads[i].size);
		ret = submit(puck.fd, &t.args);
		ktap_ok(ret == bads[i].err, "bad_%s %#llx: %d", bads[i].what,
			(unsigned long long)bads[i].value, ret);
	}
	trial_init(&t);
	ktap_ok(!bo_wait(puck.fd, &b, PUCK_WAIT_WRITE, 0) && as_model(), "nothing of it was run");
	ktap_ok(!submit_wait(puck.fd, &t.args), "the same job unspoilt is good");
}

static void test_bad_special(void)
{
	struct trial t;

	trial_init(&t);
	t.bos[2] = t.bos[1];
	ktap_ok(submit(puck.fd, &t.args) == -EINVAL, "bad_bos: listed twice");

	trial_init(&t);
	t.args.flags = PUCK_SUBMIT_IN_FENCE_FD;
	t.args.in_fence_fd = -1;
	ktap_ok(submit(puck.fd, &t.args) == -EINVAL, "bad_in_fence_fd -1");
	t.args.in_fence_fd = puck.fd;
	ktap_ok(submit(puck.fd, &t.args) == -EINVAL, "bad_in_fence_fd: no sync_file");

	trial_init(&t);
	t.args.nin_syncs = 1;
	syncobj_create(puck.fd, &t.in.handle);
	ktap_ok(submit(puck.fd, &t.args) == -EINVAL, "bad_in_syncs: nothing in it yet");
	t.in.flags = 1;
	ktap_ok(submit(puck.fd, &t.args) == -EINVAL, "bad_in_syncs.flags");
	t.args.in_syncs = 8;
	ktap_ok(submit(puck.fd, &t.args) == -EFAULT, "bad_in_syncs pointer");
	syncobj_destroy(puck.fd, t.in.handle);

	trial_init(&t);
	t.args.nout_syncs = 1;
	syncobj_create(puck.fd, &t.out.handle);
	t.out.flags = 1;
	ktap_ok(submit(puck.fd, &t.args) == -EINVAL, "bad_out_syncs.flags");
	t.args.out_syncs = 8;
	ktap_ok(submit(puck.fd, &t.args) == -EFAULT, "bad_out_syncs pointer");
	syncobj_destroy(puck.fd, t.out.handle);
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_SUBMIT, NULL) == -EFAULT, "bad_pointer");
}

/* Arrays that end where memory does: a fault in the middle of the copy. */
static void test_bad_edge(void)
{
	uint8_t *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct drm_puck_cmd *cmds;
	struct trial t;

	munmap(page + 4096, 4096);
	trial_init(&t);
	cmds = (struct drm_puck_cmd *)(page + 4096) - 2;
	cmds[0] = t.cmds[0];
	cmds[1] = t.cmds[1];
	t.args.cmds = (uintptr_t)cmds;
	ktap_ok(submit(puck.fd, &t.args) == -EFAULT, "bad_cmds: third command is not there");
	t.args.ncmds = 2;
	ktap_ok(!submit_wait(puck.fd, &t.args), "two commands at the end of memory");
	munmap(page, 4096);
}

/* Every in-fence and file that a failed job touched is let go again. */
static int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void test_no_leak(void)
{
	int fds = count_fds();
	struct trial t;
	int i;

	for (i = 0; i < 100; i++) {
		trial_init(&t);
		t.args.flags = PUCK_SUBMIT_OUT_FENCE_FD;
		t.args.nout_syncs = 1;		/* no such handle: fails late */
		submit(puck.fd, &t.args);
	}
	ktap_ok(count_fds() == fds, "failed jobs leave no descriptors");
}

int main(void)
{
	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(!bo_create(puck.fd, &a, SIZE) && !bo_create(puck.fd, &b, SIZE) &&
		  !bo_create(puck.fd, &c, SIZE), "create");
	test_fill();
	test_copy();
	test_crc();
	test_blit();
	test_chain();
	test_nothing();
	test_many_bos();
	test_close_early();
	test_bad();
	test_bad_special();
	test_bad_edge();
	test_no_leak();
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	return ktap_end();
}
