// SPDX-License-Identifier: MIT
/*
 * SUBMIT: every member that can be bad. What is refused does nothing, leaves nothing, and
 * is in nobody's way.
 */
#include "lib/base/array.h"
#include "lib/base/ktap.h"
#include "lib/base/random.h"
#include "lib/gpu/bad.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"
#include "lib/gpu/sync.h"
#include "lib/gpu/works.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#define SIZE (256 << 10)
#define ALL_BITS 0xffffffffu

static struct puck puck;
static struct bo a, b, c, probe;
static uint8_t before[SIZE];		/* what is in b */
static uint32_t signalled, empty;	/* syncobjs, with a fence and without */

/* A good job of a copy, a fill and a blit, with all that the table below spoils. */
struct trial {
	struct drm_puck_submit args;
	struct drm_puck_bo_ref bos[3];
	struct drm_puck_cmd cmds[3];
	struct drm_puck_sync syncs[2];
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
	t->syncs[0] = sync_wait(signalled, 0);
	t->syncs[1] = sync_signal(signalled, 0);
	t->args = job(puck.queue[0], t->bos, 3, t->cmds, 3);
	t->args.syncs = puck_array(t->syncs, 2);
}

#define BAD(what, err, ...) BAD_MEMBER(struct trial, what, err, __VA_ARGS__)

static const struct bad bads[] = {
	BAD(args.queue, -ENOENT, 0),
	BAD(args.queue, -ENOENT, 1000000),
	BAD(args.queue, -ENOENT, ALL_BITS),
	BAD(args.flags, -EINVAL, 1 << 3),
	BAD(args.flags, -EINVAL, 1u << 31),
	BAD(args.bos.count, -EINVAL, 0),		/* but it has an address */
	BAD(args.bos.count, -EINVAL, 2),		/* the fill's BO is out */
	BAD(args.bos.count, -EINVAL, DRM_PUCK_SUBMIT_BOS_MAX + 1),
	BAD(args.bos.count, -EINVAL, ALL_BITS),
	BAD(args.cmds.count, -EINVAL, 0),
	BAD(args.cmds.count, -EINVAL, DRM_PUCK_SUBMIT_CMDS_MAX + 1),
	BAD(args.cmds.count, -EINVAL, ALL_BITS),
	BAD(args.syncs.count, -EINVAL, 0),
	BAD(args.syncs.count, -EINVAL, DRM_PUCK_SUBMIT_SYNCS_MAX + 1),
	BAD(args.syncs.count, -EINVAL, ALL_BITS),
	BAD(args.bos.ptr, -EFAULT, 0),
	BAD(args.bos.ptr, -EFAULT, 1ull << 63),
	BAD(args.bos.ptr, -EFAULT, ~0ull),
	BAD(args.cmds.ptr, -EFAULT, 0),
	BAD(args.cmds.ptr, -EFAULT, 0xffff800000000000ull),
	BAD(args.syncs.ptr, -EFAULT, 8),
	BAD(args.in_fence_fd, -EINVAL, 1),		/* without its flag */
	BAD(args.out_fence_fd, -EINVAL, 1),
	BAD(args.seqno, -EINVAL, 1),
	BAD(args.seqno, -EINVAL, 1ull << 63),
	BAD(bos[0].handle, -ENOENT, 0),
	BAD(bos[0].handle, -ENOENT, ALL_BITS),
	BAD(bos[0].flags, -EINVAL, 0),
	BAD(bos[0].flags, -EINVAL, DRM_PUCK_REF_WRITE),	/* but it is read */
	BAD(bos[0].flags, -EINVAL, DRM_PUCK_REF_NO_IMPLICIT),	/* and neither of them */
	BAD(bos[0].flags, -EINVAL, 1 << 3 | DRM_PUCK_REF_READ),
	BAD(bos[0].flags, -EINVAL, 1u << 31 | DRM_PUCK_REF_READ),
	BAD(bos[1].flags, -EINVAL, DRM_PUCK_REF_READ),	/* but it is written */
	BAD(cmds[0].op, -EINVAL, DRM_PUCK_OP_CRC32C + 1),
	BAD(cmds[0].op, -EINVAL, ALL_BITS),
	BAD(cmds[0].op, -EINVAL, DRM_PUCK_OP_NOP),	/* which has no buffers */
	BAD(cmds[0].flags, -EINVAL, 1),
	BAD(cmds[0].flags, -EINVAL, 1u << 31),
	BAD(cmds[0].pad, -EINVAL, 1),
	BAD(cmds[0].src.bo, -EINVAL, 3),
	BAD(cmds[0].src.bo, -EINVAL, DRM_PUCK_NO_BO),
	BAD(cmds[0].src.flags, -EINVAL, 1),
	BAD(cmds[0].dst.bo, -EINVAL, 3),
	BAD(cmds[0].dst.bo, -EINVAL, 0),		/* read only */
	BAD(cmds[0].dst.bo, -EINVAL, DRM_PUCK_NO_BO),
	BAD(cmds[0].dst.flags, -EINVAL, 1u << 31),
	BAD(cmds[0].src.offset, -EINVAL, SIZE - 4095),
	BAD(cmds[0].src.offset, -EINVAL, ~0ull),
	BAD(cmds[0].dst.offset, -EINVAL, SIZE),
	BAD(cmds[0].dst.offset, -EINVAL, 0ull - 4096),	/* offset + length wraps */
	BAD(cmds[0].length, -EINVAL, 0),
	BAD(cmds[0].length, -EINVAL, SIZE + 1),
	BAD(cmds[0].length, -EINVAL, ~0ull),
	BAD(cmds[0].value, -EINVAL, 1),
	BAD(cmds[0].src_pitch, -EINVAL, 1),
	BAD(cmds[0].dst_pitch, -EINVAL, 1),
	BAD(cmds[0].width, -EINVAL, 1),
	BAD(cmds[0].height, -EINVAL, 1),
	BAD(cmds[1].src.bo, -EINVAL, 0),		/* FILL has no source */
	BAD(cmds[1].src.offset, -EINVAL, 1),
	BAD(cmds[1].src.flags, -EINVAL, 1),
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
	BAD(syncs[0].handle, -ENOENT, 0),
	BAD(syncs[0].handle, -ENOENT, ALL_BITS),
	BAD(syncs[0].type, -EINVAL, DRM_PUCK_SYNC_TIMELINE),	/* without a point */
	BAD(syncs[0].type, -EINVAL, DRM_PUCK_SYNC_TIMELINE + 1),
	BAD(syncs[0].type, -EINVAL, ALL_BITS),
	BAD(syncs[0].flags, -EINVAL, 0),
	BAD(syncs[0].flags, -EINVAL, 1 << 2 | DRM_PUCK_SYNC_WAIT),
	BAD(syncs[0].flags, -EINVAL, 1u << 31 | DRM_PUCK_SYNC_WAIT),
	BAD(syncs[0].pad, -EINVAL, 1),
	BAD(syncs[0].point, -EINVAL, 1),			/* BINARY has none */
	BAD(syncs[0].point, -EINVAL, 1ull << 63),
	BAD(syncs[1].handle, -ENOENT, 0),
	BAD(syncs[1].handle, -ENOENT, ALL_BITS),
	BAD(syncs[1].type, -EINVAL, DRM_PUCK_SYNC_TIMELINE),
	BAD(syncs[1].type, -EINVAL, DRM_PUCK_SYNC_TIMELINE + 1),
	BAD(syncs[1].flags, -EINVAL, 0),
	BAD(syncs[1].flags, -EINVAL, 1 << 2 | DRM_PUCK_SYNC_SIGNAL),
	BAD(syncs[1].pad, -EINVAL, 1),
	BAD(syncs[1].point, -EINVAL, 1),
};

static bool untouched(void)
{
	return !bo_wait(puck.fd, &b, DRM_PUCK_WAIT_WRITE, 0) && !memcmp(b.map, before, SIZE) &&
	       !bo_wait(puck.fd, &c, DRM_PUCK_WAIT_WRITE, 0) && c.map[0] == 0xcc;
}

static void test_bad(void)
{
	struct trial t;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(bads); i++) {
		trial_init(&t);
		bad_spoil(&bads[i], &t);
		ret = submit(puck.fd, &t.args);
		bad_report(&bads[i], ret, puck_works(&puck, &probe));
	}
	ktap_ok(untouched(), "nothing of it was run");
}

/* What makes a job bad together with something else. */
static void test_bad_special(void)
{
	struct trial t;

	trial_init(&t);
	t.bos[2] = t.bos[1];
	t.cmds[1].dst.bo = 1;
	ktap_ok(submit(puck.fd, &t.args) == -EINVAL, "bad_bos: listed twice");

	trial_init(&t);
	t.args.flags = DRM_PUCK_SUBMIT_IN_FENCE_FD;
	t.args.in_fence_fd = -1;
	ktap_ok(submit(puck.fd, &t.args) == -EINVAL, "bad_in_fence_fd -1");
	t.args.in_fence_fd = puck.fd;
	ktap_ok(submit(puck.fd, &t.args) == -EINVAL, "bad_in_fence_fd: no sync_file");

	trial_init(&t);
	t.args.flags = DRM_PUCK_SUBMIT_OUT_FENCE_FD;
	t.args.out_fence_fd = -1;
	ktap_ok(submit(puck.fd, &t.args) == -EINVAL, "bad_out_fence_fd: not zero, with its flag");

	trial_init(&t);
	t.syncs[0] = sync_wait(empty, 0);
	ktap_ok(submit(puck.fd, &t.args) == -EINVAL, "bad_syncs: nothing in it yet");
	t.syncs[0] = sync_wait(empty, 1);
	ktap_ok(submit(puck.fd, &t.args) == -EINVAL, "bad_syncs: no such point yet");
	t.syncs[0] = sync_entry(empty, 0, DRM_PUCK_SYNC_WAIT | DRM_PUCK_SYNC_SIGNAL);
	ktap_ok(submit(puck.fd, &t.args) == -EINVAL, "bad_syncs: waits for what it signals itself");
	ktap_ok(syncobj_wait_flags(puck.fd, empty, 0, 0, 0) == -EINVAL, "bad_syncs: it is empty yet");
	ktap_ok(puck_call(puck.fd, DRM_IOCTL_PUCK_SUBMIT, NULL) == -EFAULT, "bad_pointer");
	ktap_ok(puck_works(&puck, &probe) && untouched(), "nothing of it was run");
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
	t.args.cmds.ptr = (uintptr_t)cmds;
	ktap_ok(submit(puck.fd, &t.args) == -EFAULT && untouched(),
		"bad_cmds: third command is not there");
	t.args.cmds.count = 2;
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
		t.args.flags = DRM_PUCK_SUBMIT_OUT_FENCE_FD;
		t.syncs[1].handle = 0;		/* which fails late */
		submit(puck.fd, &t.args);
	}
	ktap_ok(count_fds() == fds, "failed jobs leave no descriptors");
}

static void prepare(void)
{
	struct drm_puck_sync sync;
	struct drm_puck_submit args;
	uint64_t seed = 1;

	ktap_need(!bo_create(puck.fd, &a, SIZE) && !bo_create(puck.fd, &b, SIZE) &&
		  !bo_create(puck.fd, &c, SIZE) && !bo_create(puck.fd, &probe, 4096), "create");
	rnd_fill(&seed, a.map, SIZE);
	rnd_fill(&seed, b.map, SIZE);
	memcpy(before, b.map, SIZE);
	memset(c.map, 0xcc, SIZE);
	bo_flush(puck.fd, &a);
	bo_flush(puck.fd, &b);
	bo_flush(puck.fd, &c);
	ktap_need(!syncobj_create(puck.fd, &signalled) && !syncobj_create(puck.fd, &empty),
		  "syncobjs");
	sync = sync_signal(signalled, 0);
	args = job_syncs(puck.queue[0], &sync, 1);
	ktap_need(!submit_wait(puck.fd, &args), "a fence in a syncobj");
}

int main(void)
{
	struct trial t;

	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	prepare();
	test_bad();
	test_bad_special();
	test_bad_edge();
	test_no_leak();
	trial_init(&t);
	ktap_ok(!submit_wait(puck.fd, &t.args) && !bo_wait(puck.fd, &b, 0, 0) &&
		!memcmp(b.map, a.map, 4096), "the same job unspoilt is good");
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	return ktap_end();
}
