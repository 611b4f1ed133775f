// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Grader of lab 7, dma_resv. Fences of one GPU are held by rules of mischief while jobs are given
 * to the other one: which of them go on, and what others are told by the buffers' dma-bufs.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/dmabuf.h"
#include "lib/labs/fence.h"
#include "lib/labs/fence_watch.h"
#include "lib/labs/lab.h"
#include "lib/labs/memory.h"
#include "lib/labs/rules.h"
#include "puck_lab_resv.h"

#define NONE		(-1)
#define THREADS		6
#define ROUNDS		80
/* Shorter than what puck.ko takes for a hang. */
#define TOGETHER_MS	1500
#define LET_GO_MS	3000
/* All jobs, one behind the other, on a busy machine. */
#define ALL_MS		40000

struct buffer {
	int fd;
	uint32_t *words;
};

static struct lab lab;
static int port;
static struct buffer a, b, c;
static pthread_barrier_t together;

static bool make(struct buffer *buf)
{
	uint64_t arg[4] = { 0 };

	buf->fd = NONE;
	buf->words = MAP_FAILED;
	if (!lab_did(lab_call(port, PUCK_LAB_RESV_CREATE, arg, NULL, 0, NULL, 0), "a buffer"))
		return false;
	buf->fd = (int)arg[0];
	buf->words = mmap(NULL, PUCK_LAB_BUFFER, PROT_READ | PROT_WRITE, MAP_SHARED, buf->fd, 0);
	return buf->words != MAP_FAILED;
}

static void drop(struct buffer *buf)
{
	if (buf->words != MAP_FAILED)
		munmap(buf->words, PUCK_LAB_BUFFER);
	if (buf->fd >= 0)
		close(buf->fd);
}

/* A sync_file, or a negative errno. */
static int submit_quietly(unsigned int gpu, int src, int dst, uint32_t value)
{
	uint64_t arg[4] = { gpu, (uint64_t)(int64_t)src, (uint64_t)dst, value };
	long ret = lab_call(port, PUCK_LAB_RESV_SUBMIT, arg, NULL, 0, NULL, 0);

	return ret < 0 ? (int)ret : (int)arg[3];
}

static int submit(unsigned int gpu, int src, int dst, uint32_t value)
{
	int fence = submit_quietly(gpu, src, dst, value);
	static int told;

	if (fence < 0 && fence != told)
		ktap_note("a job was refused with error %d", told = fence);
	return fence;
}

static int fill(unsigned int gpu, const struct buffer *dst, uint32_t value)
{
	return submit(gpu, NONE, dst->fd, value);
}

static int copy(unsigned int gpu, const struct buffer *src, const struct buffer *dst)
{
	return submit(gpu, src->fd, dst->fd, 0);
}

static bool there(const struct buffer *buf, uint32_t value, const char *what)
{
	size_t wrong = words_wrong(buf->words, PUCK_LAB_BUFFER, value);

	if (wrong)
		ktap_note("%s: %zu of %u words are not 0x%08x", what, wrong, PUCK_LAB_BUFFER / 4,
			  value);
	return !wrong;
}

/* The fences of one GPU; what it has to do it does. */
static unsigned long hold(unsigned int gpu)
{
	return lab_rule(gpu ? "fence.complete device=gpu1 hold" : "fence.complete device=gpu0 hold");
}

/* Each of them alone: a GPU fills, the other one copies. */
static bool work(void)
{
	bool ok = fence_ends(fill(0, &a, 0x10101010), 1, "gpu0 fills a buffer");

	ok = there(&a, 0x10101010, "a buffer that gpu0 has filled") && ok;
	ok = fence_ends(copy(1, &a, &b), 1, "gpu1 copies it") && ok;
	return there(&b, 0x10101010, "a copy that gpu1 has made") && ok;
}

/* By the fences, and then by the bytes: the writer's data come late. */
static bool read_after_write(void)
{
	unsigned long rule = hold(0);
	int writer = fill(0, &a, 0x21212121), reader = copy(1, &a, &b);
	bool ok = fence_still(reader, "gpu0 still writes what it reads");

	lab_rule_let_go(rule);
	ok = fence_ends(writer, 1, "a writer that was held") && ok;
	ok = fence_ends(reader, 1, "the reader behind it") && ok;

	rule = lab_rule("dma.write device=gpu0 nth=1 delay=300ms");
	writer = fill(0, &a, 0x22222222);
	reader = copy(1, &a, &b);
	ok = fence_ends(reader, 1, "a reader behind a slow writer") && ok;
	ok = there(&b, 0x22222222, "what a reader read behind a slow writer") && ok;
	ok = fence_ends(writer, 1, "a slow writer") && ok;
	lab_rule_command("remove", rule);
	return ok;
}

/* The second one must not begin before the first has read, or written. */
static bool write_after(void)
{
	unsigned long rule = hold(1);
	int first = copy(1, &a, &b), second = fill(0, &a, 0x31313131);
	bool ok = fence_still(second, "gpu1 still reads what it writes");

	lab_rule_let_go(rule);
	ok = fence_ends(first, 1, "a reader that was held") && ok;
	ok = fence_ends(second, 1, "the writer behind it") && ok;

	rule = hold(1);
	first = fill(1, &c, 0x32323232);
	second = fill(0, &c, 0x33333333);
	ok = fence_still(second, "gpu1 still writes what it writes") && ok;
	lab_rule_let_go(rule);
	ok = fence_ends(first, 1, "a writer that was held") && ok;
	ok = fence_ends(second, 1, "the writer behind it") && ok;
	return there(&c, 0x33333333, "what two writers wrote, one after the other") && ok;
}

static bool readers_together(void)
{
	unsigned long rule = hold(0);
	int held = copy(0, &a, &b), other = copy(1, &a, &c);
	bool ok = other >= 0 && !fence_wait(other, TOGETHER_MS);

	if (!ok)
		ktap_note("gpu1 does not read what gpu0 still reads");
	ok = fence_still(held, "it is held") && ok;
	lab_rule_let_go(rule);
	ok = fence_ends(other, 1, "a reader beside it") && ok;
	return fence_ends(held, 1, "a reader that was held") && ok;
}

/* What somebody would have to wait for who uses the buffer as @flags say. */
static bool told(const struct buffer *buf, uint32_t flags, int status, const char *what)
{
	int file = dmabuf_fences(buf->fd, flags);
	int got = file < 0 ? file : fence_status(file);

	if (got != status)
		ktap_note("%s has %s to wait for", what, got == 1 ? "nothing" : "something");
	if (file >= 0)
		close(file);
	return got == status;
}

/* Others, who know nothing of the module but what is in the dma_resv; and the module of them. */
static bool others(void)
{
	unsigned long rule = hold(1);
	int job = copy(1, &a, &b), fence;
	bool ok = told(&a, DMA_BUF_SYNC_READ, 1, "another reader of what is read");

	ok = told(&a, DMA_BUF_SYNC_WRITE, 0, "a writer of what is read") && ok;
	ok = told(&b, DMA_BUF_SYNC_READ, 0, "a reader of what is written") && ok;
	lab_rule_let_go(rule);
	ok = fence_ends(job, 1, "a job that was held") && ok;

	rule = hold(0);
	fence = fill(0, &c, 0x51515151);
	ok = fence >= 0 && !dmabuf_add_fence(a.fd, DMA_BUF_SYNC_WRITE, fence) && ok;
	job = copy(1, &a, &b);
	ok = fence_still(job, "somebody else's fence says that he writes what it reads") && ok;
	lab_rule_let_go(rule);
	ok = fence_ends(job, 1, "a job behind somebody else's fence") && ok;
	return fence_ends(fence, 1, "a job that was held") && ok;
}

static bool waits(const struct buffer *buf, bool write, uint32_t ms, long result, const char *what)
{
	uint64_t arg[4] = { (uint64_t)buf->fd, write, ms };
	long got = lab_call(port, PUCK_LAB_RESV_WAIT, arg, NULL, 0, NULL, 0);

	if (got != result)
		ktap_note("%s: the wait came back with %ld instead of %ld", what, got, result);
	return got == result;
}

static bool processor(void)
{
	unsigned long rule = hold(1);
	int job = copy(1, &a, &b);
	bool ok = waits(&a, false, STILL_MS, 0, "the CPU reads what a GPU reads");

	ok = waits(&a, true, STILL_MS, -ETIME, "the CPU writes what a GPU still reads") && ok;
	ok = waits(&b, false, STILL_MS, -ETIME, "the CPU reads what a GPU still writes") && ok;
	lab_rule_let_go(rule);
	ok = waits(&b, false, SOON_MS, 0, "the CPU reads what a GPU has written") && ok;
	return fence_ends(job, 1, "a job that was held") && ok;
}

/* Half of them copy one way, half the other. Returns how many jobs were refused. */
static void *both_ways(void *arg)
{
	bool forth = (uintptr_t)arg & 1;
	unsigned int i, gpu = ((uintptr_t)arg >> 1) & 1;
	uintptr_t bad = 0;
	int fence;

	pthread_barrier_wait(&together);
	for (i = 0; i < ROUNDS; i++) {
		fence = submit_quietly(gpu, forth ? a.fd : b.fd, forth ? b.fd : a.fd, 0);
		bad += fence < 0;
		if (fence == -EDEADLK && bad == 1)
			ktap_note("a job was refused with EDEADLK");
		if (fence >= 0)
			close(fence);
	}
	return (void *)bad;
}

static bool crosswise(void)
{
	pthread_t thread[THREADS];
	uintptr_t i, refused = 0;
	void *bad;

	pthread_barrier_init(&together, NULL, THREADS);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, both_ways, (void *)i))
			return false;
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &bad);
		refused += (uintptr_t)bad;
	}
	if (refused)
		ktap_note("%ju of %d jobs were refused", (uintmax_t)refused, THREADS * ROUNDS);
	return !refused && waits(&a, true, ALL_MS, 0, "the CPU writes behind all jobs") &&
	       waits(&b, true, ALL_MS, 0, "the CPU writes behind all jobs");
}

/* All fences that were made are gone; those of puck.ko's scheduler, which lets go late, as well. */
static bool references(bool unloaded)
{
	int64_t end = now_ns() + LET_GO_MS * NSEC_PER_MSEC;
	unsigned int made, freed;

	do {
		usleep(STILL_MS * 1000);
		made = fence_watch_count("dma_fence_init");
		freed = fence_watch_count("dma_fence_destroy");
	} while (made != freed && now_ns() < end);
	ktap_note("%u fences made, %u freed", made, freed);
	return unloaded && made && made == freed;
}

static void grade(void)
{
	bool ok;

	ok = make(&a) & make(&b) & make(&c);
	lab_point(ok && work(), "work");
	lab_point(read_after_write(), "read-after-write");
	lab_point(write_after(), "write-after");
	lab_point(readers_together(), "readers-together");
	lab_point(others(), "others");
	lab_point(processor(), "cpu");
	lab_point(crosswise(), "crosswise");
	drop(&a);
	drop(&b);
	drop(&c);
	close(port);
}

int main(int argc, char **argv)
{
	bool watched;

	lab_begin(&lab, argc, argv);
	lab_need_rules();
	watched = fence_watch_begin(NULL);
	port = lab_insert(&lab) ? lab_open_of("resv") : NONE;
	if (lab_point(port >= 0, "load")) {
		grade();
		lab_point(references(lab_unload(&lab)) && watched, "references");
	}
	fence_watch_end();
	return lab_end(&lab);
}
