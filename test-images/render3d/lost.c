// SPDX-License-Identifier: MIT
/*
 * A stream that does not come to its end: its ring is reset, and with the renderer all contexts are
 * lost. What was queued behind it and needs nothing of that goes on; all other contexts say so, and
 * files that are opened then draw.
 */
#include "lib/base/ktap.h"
#include "lib/gpu/coredump.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/rules.h"
#include "lib/render3d/virtgpu.h"

#define SIDE		40u
#define PATIENCE_MS	120000

static const uint8_t red[4] = { 0, 0, 255, 255 };
static const uint8_t blue[4] = { 255, 0, 0, 255 };

/* A file with a context of its own, and a picture. */
struct side {
	struct puck puck;
	struct picture picture;
};

static int side_open(struct side *side, const struct puck *puck)
{
	int ret;

	side->puck = *puck;
	ret = puck_reopen(&side->puck);
	return ret ? ret : picture_create(side->puck.fd, &side->picture, SIDE);
}

static int side_clear(struct side *side, bool first, const uint8_t *bgra)
{
	return picture_clear(side->puck.fd, &side->picture, first, bgra);
}

static bool side_is(struct side *side, const uint8_t *bgra)
{
	return !picture_read(side->puck.fd, &side->picture) &&
	       !picture_wrong(&side->picture, bgra);
}

static void side_close(struct side *side)
{
	bo_close(side->puck.fd, &side->picture.bo);
	close(side->puck.fd);
}

static struct puck puck;
static struct side guilty, other, late;

/*
 * How long a job may take is set when one enters the ring, and when the ring goes on: so the last one of
 * these has it run out soon, and what goes on has all the time that a new renderer takes to be there.
 */
#define LATE_MS		2000
/* The stream, and of the other file: its context, its picture, that it may use it, a stream. */
#define JOBS		5

/* What it was is in the device's coredump. */
static void is_dumped(void)
{
	static struct coredump dump;

	if (!coredump_known()) {
		ktap_skip("the kernel has no device coredumps", "coredump");
		return;
	}
	ktap_need(coredump_comes(&dump, &puck), "there is a dump");
	ktap_ok(coredump_says(&dump, "\nring 2: kind 3 ") &&
		coredump_says(&dump, "\n  command 0: opcode 42 (SUBMIT) ctx ") &&
		coredump_says(&dump, "\n  command 1: opcode 5 "), "of a stream");
	ktap_ok(coredump_drop(&puck), "it goes when it was read");
}

/* Its fence never comes, and behind it are a context and a picture that nobody has made yet. */
static void loses(void)
{
	unsigned long rule = puck_rule(&puck, "fence.complete", "ring=2 nth=1 never");
	int fence, drawn, ret;

	puck_set(&puck, 2, "timeout_ms", PATIENCE_MS);
	fence = side_clear(&guilty, false, blue);
	ret = side_open(&late, &puck);
	puck_set(&puck, 2, "timeout_ms", LATE_MS);
	drawn = side_clear(&late, true, blue);
	ktap_ok(!ret && fence >= 0 && drawn >= 0, "queued: %d", ret);
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", JOBS), "all are in the ring");
	puck_set(&puck, 2, "timeout_ms", PATIENCE_MS);
	ret = fence_result(fence, PATIENCE_MS);
	ktap_ok(ret == -ETIME, "it is too late: %d", ret);
	is_dumped();
	puck_rule_done(rule, 1);
	puck_set(&puck, 2, "timeout_ms", 10000);
	ret = fence_result(drawn, PATIENCE_MS);
	ktap_ok(ret == 1 && side_is(&late, blue), "what was behind it goes on: %d", ret);
}

static void is_lost(void)
{
	int ret = fence_result(side_clear(&other, false, blue), PATIENCE_MS);

	ktap_ok(ret == -ECANCELED, "another context is lost: %d", ret);
	ret = picture_transfer(other.puck.fd, &other.picture, VIRTGPU_IOCTL_FROM_HOST);
	if (!ret)
		ret = picture_wait(other.puck.fd, &other.picture, 0);
	ktap_ok((!ret || ret == -ECANCELED) && !picture_wrong(&other.picture, red),
		"its memory is as it was: %d", ret);
	ret = fence_result(side_clear(&guilty, false, blue), PATIENCE_MS);
	ktap_ok(ret == -ETIME || ret == -ECANCELED, "and so is that of the stream: %d", ret);
}

/* Those that are opened now draw, whatever becomes of what was lost. */
static void goes_on(void)
{
	struct side after;
	int ret = side_open(&after, &puck);

	if (!ret)
		ret = fence_result(side_clear(&after, true, red), PATIENCE_MS);
	ktap_ok(ret == 1 && side_is(&after, red), "a new one draws: %d", ret);
	side_close(&guilty);
	side_close(&other);
	ktap_ok(fence_result(side_clear(&late, false, red), PATIENCE_MS) == 1 &&
		side_is(&late, red) && side_is(&after, red), "and is not disturbed");
	side_close(&late);
	side_close(&after);
}

int main(void)
{
	int value = 0;

	ktap_begin();
	if (!ktap_ok(!puck_open_any(&puck), "open"))
		return ktap_end();
	if (virtgpu_param(puck.fd, VIRTGPU_PARAM_3D_FEATURES, &value) || !value) {
		ktap_skip("the device has no 3D", "3D");
		return ktap_end();
	}
	if (!ktap_ok(!side_open(&guilty, &puck) && !side_open(&other, &puck), "two contexts"))
		return ktap_end();
	ktap_ok(fence_result(side_clear(&guilty, true, red), PATIENCE_MS) == 1 &&
		fence_result(side_clear(&other, true, red), PATIENCE_MS) == 1 &&
		side_is(&guilty, red) && side_is(&other, red), "both draw");
	loses();
	is_lost();
	goes_on();
	close(puck.fd);
	return ktap_end();
}
