// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Grader of lab 6, fences. The device is late, loses messages and hangs, as rules of mischief say;
 * what a fence says is compared with the bytes, and its life is seen by the kernel's trace points.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/labs/fence.h"
#include "lib/labs/fence_watch.h"
#include "lib/labs/lab.h"
#include "lib/labs/memory.h"
#include "lib/labs/rules.h"
#include "puck_lab_fences.h"

#define BYTES		4096u
/* Of the driver: where it is not to be what ends a fence, and where it is. */
#define TIMEOUT_LONG	"20000\n"
#define TIMEOUT_SHORT	"300\n"
/* How late a write is that nobody waits for, and how often it is tried. */
#define LATE_MS		1500
#define TRIES		3

static struct lab lab;
static int port;

static void set_timeout(const char *ms)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/timeout_ms", lab.module);
	write_text(path, ms);
}

/* Fill a block of memory; a sync_file, or a negative errno. */
static int fill(unsigned int block, uint32_t value)
{
	uint64_t arg[4] = { block * BYTES, BYTES, value, 0 };
	long ret = lab_call(port, PUCK_LAB_FENCES_FILL, arg, NULL, 0, NULL, 0);
	static long told;

	/* Once, if it is always the same. */
	if (ret < 0 && ret != told)
		ktap_note("a job was refused with error %ld", told = ret);
	return ret < 0 ? (int)ret : (int)arg[3];
}

/* How many words of a block are not @value. */
static size_t wrong_words(unsigned int block, uint32_t value)
{
	uint64_t arg[4] = { block * BYTES };
	uint32_t words[BYTES / 4];

	if (lab_call(port, PUCK_LAB_FENCES_READ, arg, NULL, 0, words, BYTES) < 0)
		return BYTES / 4;
	return words_wrong(words, BYTES, value);
}

static void write_words(unsigned int block, uint32_t value)
{
	uint64_t arg[4] = { block * BYTES };
	uint32_t words[BYTES / 4];

	words_set(words, BYTES, value);
	lab_call(port, PUCK_LAB_FENCES_WRITE, arg, words, BYTES, NULL, 0);
}

static bool there(unsigned int block, uint32_t value, const char *what)
{
	size_t wrong = wrong_words(block, value);

	if (wrong)
		ktap_note("%s: %zu of %u words are not 0x%08x", what, wrong, BYTES / 4, value);
	return !wrong;
}

/* The fence waits in the device although all is done; then the data itself is late. */
static bool signal_after_data(void)
{
	unsigned long rule = lab_rule("fence.complete device=gpu0 hold");
	int fence = fill(0, 0x11111111);
	bool ok = fence_still(fence, "the device has not completed the job");

	lab_rule_let_go(rule);
	ok = fence_ends(fence, 1, "a job that was held") && ok;
	ok = there(0, 0x11111111, "after its fence") && ok;

	rule = lab_rule("dma.write device=gpu0 nth=1 delay=300ms");
	fence = fill(0, 0x22222222);
	ok = fence_ends(fence, 1, "a job whose data are late") && ok;
	ok = there(0, 0x22222222, "a job whose data are late, when its fence was signalled") && ok;
	lab_rule_command("remove", rule);
	return ok;
}

/*
 * Two jobs are held, each by a rule of its own: what the first rule acts on the second does not
 * see. So the first job can be let go when all have been given to the device.
 */
static unsigned long hold_two(unsigned long *first)
{
	*first = lab_rule("fence.complete device=gpu0 nth=1 hold");
	return lab_rule("fence.complete device=gpu0 count=1 hold");
}

/* More interrupts than jobs. */
static bool more_interrupts(void)
{
	unsigned long held, hold = hold_two(&held);
	unsigned long more = lab_rule("irq.raise device=gpu0 ring=0 duplicate=3");
	int first = fill(0, 0x31313131), second = fill(1, 0x32323232);
	bool ok;

	lab_rule_let_go(held);
	ok = fence_ends(first, 1, "the first of two jobs");
	ok = fence_still(second, "only the job before it is complete") && ok;
	lab_rule_let_go(hold);
	ok = fence_ends(second, 1, "the second of two jobs") && ok;
	lab_rule_command("remove", more);
	return ok;
}

/* Fewer: one message for four jobs. */
static bool fewer_interrupts(void)
{
	unsigned long fewer = lab_rule("irq.raise device=gpu0 ring=0 coalesce=100ms");
	bool ok = true;
	int fence[4];
	unsigned int i;

	for (i = 0; i < 4; i++)
		fence[i] = fill(i, 0x41414141 + i);
	for (i = 0; i < 4; i++)
		ok = fence_ends(fence[i], 1, "one of four jobs with one interrupt") && ok;
	lab_rule_command("remove", fewer);
	return ok;
}

/* Numbers of jobs are 0xffffffff, 0, 1: the second one is held. */
static bool wrap(void)
{
	unsigned long start = lab_rule("fence.complete device=gpu0 count=1 start=0xfffffffe");
	unsigned long held, hold;
	bool ok;
	int fence[3];

	close(port);
	ok = lab_unbind(&lab, lab.dev) && lab_bind(&lab, lab.dev);
	port = lab_open(&lab);
	hold = hold_two(&held);
	fence[0] = fill(0, 0x51515151);
	fence[1] = fill(1, 0x52525252);
	fence[2] = fill(2, 0x53535353);
	lab_rule_let_go(held);
	ok = fence_ends(fence[0], 1, "job 0xffffffff") && ok;
	ok = fence_still(fence[1], "job 0 is held, and 0xffffffff was the last one to complete") && ok;
	ok = fence_still(fence[2], "job 1 is behind job 0, which is held") && ok;
	lab_rule_let_go(hold);
	ok = fence_ends(fence[1], 1, "job 0") && ok;
	ok = fence_ends(fence[2], 1, "job 1") && ok;
	lab_rule_command("remove", start);
	return ok;
}

static bool lost_interrupt(void)
{
	unsigned long rule = lab_rule("irq.raise device=gpu0 ring=0 nth=1 drop");
	bool ok;

	ok = fence_ends(fill(0, 0x61616161), 1, "a job that is complete, whose interrupt is lost");
	ok = there(0, 0x61616161, "a job whose interrupt is lost") && ok;
	lab_rule_command("remove", rule);
	return ok;
}

/* The one behind may end well or not, but it has to tell the truth. */
static bool hung(void)
{
	unsigned long rule = lab_rule("fence.complete device=gpu0 nth=1 never");
	int first = fill(0, 0x71717171), second, got;
	bool ok;

	write_words(1, 0);
	second = fill(1, 0x72727272);
	ok = fence_ends(first, -ETIMEDOUT, "a job that never completes");
	got = fence_result(second, SOON_MS);
	if (got == -ETIME || !got)
		ktap_note("the job behind the one that hangs: its fence is never signalled");
	else if (got == 1)
		ok = there(1, 0x72727272, "the job behind the one that hangs") && ok;
	lab_rule_command("remove", rule);
	return ok && got && got != -ETIME;
}

/*
 * A write of the device is on its way for so long that the driver gives up on the job: a fence, and
 * when that write would be there. On a machine that is too busy the driver may come too late.
 */
static int late_write_begin(int64_t *end)
{
	unsigned long rule = lab_rule("dma.write device=gpu0 nth=1 delay=1500ms");
	int fence = fill(0, 0x81818181);
	int status;

	*end = now_ns() + (LATE_MS + STILL_MS) * NSEC_PER_MSEC;
	status = fence_result(fence, SOON_MS);
	lab_rule_command("remove", rule);
	return status;
}

static bool late_write(void)
{
	int64_t end = 0;
	int i, status = 1;

	for (i = 0; i < TRIES && status == 1; i++)
		status = late_write_begin(&end);
	if (status != -ETIMEDOUT)
		ktap_note("a job that takes 1.5 s, of a driver that waits for 0.3 s: the fence has status %d and should have %d",
			  status, -ETIMEDOUT);
	write_words(0, 0x82828282);
	while (now_ns() < end)
		usleep(LOOK_EVERY_MS * 1000);
	return there(0, 0x82828282, "memory that was the CPU's again since the job's fence") &&
	       status == -ETIMEDOUT;
}

static bool reset(void)
{
	bool ok = late_write();

	ok = fence_ends(fill(2, 0x83838383), 1, "a job behind the timeout") && ok;
	return there(2, 0x83838383, "a job behind the timeout") && ok;
}

/* Who waits for it must not wait for ever. */
static bool unbind(void)
{
	unsigned long rule = lab_rule("fence.complete device=gpu0 hold");
	int fence = fill(0, 0x91919191);
	bool ok = fence >= 0;

	close(port);
	ok = lab_unbind(&lab, lab.dev) && ok;
	ok = fence_ends(fence, -ENODEV, "a job of a driver that has gone") && ok;
	lab_rule_command("remove", rule);
	return ok;
}

static bool references(bool unloaded)
{
	unsigned int made = fence_watch_count("dma_fence_init");
	unsigned int done = fence_watch_count("dma_fence_signaled");
	unsigned int freed = fence_watch_count("dma_fence_destroy");

	ktap_note("fences of \"%s\": %u made, %u signalled, %u freed", PUCK_LAB_FENCES_DRIVER, made,
		  done, freed);
	return unloaded && made && made == done && made == freed;
}

int main(int argc, char **argv)
{
	bool watched;

	lab_begin(&lab, argc, argv);
	watched = fence_watch_begin(PUCK_LAB_FENCES_DRIVER);
	lab_need_rules();
	if (!lab_point(lab_load(&lab), "probe"))
		return lab_end(&lab);
	port = lab_open(&lab);
	set_timeout(TIMEOUT_LONG);
	lab_point(signal_after_data(), "signal-after-data");
	lab_point(more_interrupts() & fewer_interrupts(), "only-those-done");
	lab_point(wrap(), "wrap");
	set_timeout(TIMEOUT_SHORT);
	lab_point(lost_interrupt(), "lost-interrupt");
	lab_point(hung(), "timeout");
	lab_point(reset(), "reset");
	set_timeout(TIMEOUT_LONG);
	lab_point(unbind(), "unbind");
	lab_point(references(lab_unload(&lab)) && watched, "references");
	fence_watch_end();
	return lab_end(&lab);
}
