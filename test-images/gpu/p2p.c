// SPDX-License-Identifier: MIT
/*
 * A BO in the VRAM of one GPU that another one reads and writes there, by DMA from device to
 * device, where the way between them allows that; where it does not, the BO is in system memory
 * for the other one. What either of them wrote the other one reads, wherever it is by then.
 *
 *	gpu_p2p EXPORTER IMPORTER peer|system [ROUNDS]
 *
 * The GPUs by their PCI addresses, and what is expected of the way between them. ROUNDS jobs
 * write and as many read, several at a time, with moves in between: eight transfers each, and
 * what each has read is looked at, as a checksum by its device. The exporter has more VRAM than
 * BAR 2 shows.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "lib/base/crc32.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/progress.h"
#include "lib/base/random.h"
#include "lib/base/sleep.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/flr.h"
#include "lib/gpu/job.h"
#include "lib/gpu/queue.h"
#include "lib/gpu/rebind.h"
#include "lib/gpu/region.h"
#include "lib/gpu/side.h"
#include "lib/gpu/vm.h"

#define SIZE	(64 << 10)
#define LONG_NS	(2 * NSEC_PER_SEC)
/* Rounds that are under way at a time; and parts of the BO, each with a command of its own. */
#define BATCH	16u
#define PARTS	8u
#define PART	(SIZE / PARTS)
/* In VMs: the shared BO, and where jobs by address copy it to. */
#define SHARED	0x40000000ull
#define RESULT	0x80000000ull

static struct side one, two;
/* Of the exporter's VRAM. */
static uint64_t all, visible;

static bool in_vram(void)
{
	return bo_region(one.puck.fd, &one.bo) == DRM_PUCK_REGION_VRAM;
}

/* The importer sees VRAM, and has the BO mapped there alone. */
static bool is_peer(void)
{
	return in_vram() && puck_sum(&one.puck, "mapped") == 1 && puck_sum(&one.puck, "peer") == 1;
}

/* Where the exporter's first BO begins, for its device. */
static unsigned long long first_offset(void)
{
	unsigned long long offset = ~0ull;
	char path[192], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/bos", one.puck.pci);
	file = fopen(path, "r");
	ktap_need(file, "%s", path);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " 0: %llx", &offset) == 1)
			break;
	fclose(file);
	return offset;
}

static void share(uint64_t size, uint32_t placements)
{
	ktap_need(!side_share(&one, &two, size, placements), "import");
}

/* VRAM that BOs have left and importers have mapped. */
static long long held(void)
{
	return puck_vram_says(&one.puck, "held");
}

static bool held_becomes(long long bytes)
{
	unsigned int looks = 0;

	while (held() != bytes && patient(&looks))
		;
	return held() == bytes;
}

static void end_share(void)
{
	side_unshare(&one, &two);
	ktap_ok(puck_count_becomes(&one.puck, "bos", "bo ", 0) &&
		puck_count_becomes(&two.puck, "bos", "bo ", 0) && held_becomes(0),
		"no BO is left, and no VRAM");
}

/* ---- where it is ---- */

static void test_place(void)
{
	int fence;

	share(SIZE, BO_VRAM | BO_SYSTEM);
	ktap_ok(is_peer(), "place: the importer sees VRAM");
	ktap_ok(fence_result(side_write(&one, 0x11), FOREVER_MS) == 1 && side_reads(&two, 0x11),
		"place: the importer reads what the exporter wrote");
	puck_set(&two.puck, 0, "hold", 1);
	fence = side_write(&two, 0x12);
	ktap_ok(fence >= 0 && !fence_status(fence) && is_peer(),
		"place: it is there while a job of the importer's is under way");
	puck_set(&two.puck, 0, "hold", 0);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1 && side_reads(&one, 0x12),
		"place: the exporter reads what the importer wrote");
	ktap_ok(bo_is(one.puck.fd, &one.bo, 0x12), "place: and so does the CPU");
	ktap_ok(is_peer(), "place: it has stayed there");
	end_share();
}

static void test_only_vram(void)
{
	share(SIZE, BO_VRAM);
	ktap_ok(is_peer() && fence_result(side_write(&one, 0x21), FOREVER_MS) == 1 &&
		side_reads(&two, 0x21) && is_peer(), "only: a BO that may be in VRAM alone");
	end_share();
}

/* VRAM that BAR 2 does not show nobody else can reach. */
static void test_invisible(void)
{
	int dmabuf;

	ktap_need(!bo_create_in(one.puck.fd, &one.bo, SIZE, BO_VRAM, 0, 0), "create");
	ktap_ok(first_offset() >= visible, "invisible: a BO that BAR 2 does not show");
	dmabuf = bo_export(one.puck.fd, &one.bo);
	ktap_ok(dmabuf >= 0 && !bo_import(two.puck.fd, &two.bo, dmabuf, SIZE) && is_peer() &&
		first_offset() + SIZE <= visible, "invisible: imported, it is where it does");
	close(dmabuf);
	ktap_need(!bo_create(one.puck.fd, &one.result, SIZE) &&
		  !bo_create(two.puck.fd, &two.result, SIZE), "create");
	ktap_ok(fence_result(side_write(&one, 0x31), FOREVER_MS) == 1 &&
		side_reads(&two, 0x31) && is_peer(), "invisible: and stays there for its own jobs");
	end_share();
}

static void test_large(void)
{
	ktap_ok(side_share(&one, &two, visible + SIZE, BO_VRAM) == -EOPNOTSUPP,
		"large: what is longer than BAR 2, and may be nowhere else, is not to be imported");
	end_share();
	share(visible + SIZE, BO_VRAM | BO_SYSTEM);
	ktap_ok(!in_vram() && !puck_sum(&one.puck, "peer") && puck_sum(&one.puck, "mapped") == 1,
		"large: else it is in system memory");
	ktap_ok(fence_result(side_write(&one, 0x41), FOREVER_MS) == 1 && side_reads(&two, 0x41),
		"large: the importer reads what the exporter wrote");
	end_share();
}

/* ---- it moves ---- */

/* Room in VRAM that somebody has given back is cleared first: some job finds it a moment later. */
static bool is_back(int value)
{
	unsigned int looks = 0;
	bool good = true;

	while (good && !in_vram() && patient(&looks)) {
		int fence = side_write(&one, value);

		good = fence_result(fence, FOREVER_MS) == 1;
		close(fence);
	}
	return in_vram();
}

/* A BO that takes all of VRAM, so that all others leave it. */
static int crowd(struct bo *bo)
{
	return bo_create_in(one.puck.fd, bo, all, BO_VRAM, 0, 0);
}

static void *crowd_thread(void *arg)
{
	return (void *)(intptr_t)crowd(arg);
}

/*
 * Blocks that an importer has mapped are not somebody else's before it has let go of them:
 * whoever wants all of VRAM has to wait for that, and gets it.
 */
static void test_blocks_stay(void)
{
	unsigned int looks = 0;
	pthread_t thread;
	void *result;
	struct bo bo;
	int fence;

	share(SIZE, BO_VRAM | BO_SYSTEM);
	puck_set(&two.puck, 0, "hold", 1);
	fence = side_write(&two, 0x51);
	ktap_need(!pthread_create(&thread, NULL, crowd_thread, &bo), "a thread");
	while (in_vram() && patient(&looks))
		;
	ktap_ok(puck_sum(&one.puck, "peer") == 1 && held() == SIZE,
		"stay: it moves away, and the blocks are the importer's");
	ktap_ok(fence_status(fence) == 0, "stay: whose job is under way");
	puck_set(&two.puck, 0, "hold", 0);
	ktap_ok(fence_result(fence, FOREVER_MS) == 1, "stay: it ends");
	pthread_join(thread, &result);
	ktap_ok(!result, "stay: who wanted all of VRAM has it: %d", (int)(intptr_t)result);
	ktap_ok(puck_sum_becomes(&one.puck, "peer", 0) && held_becomes(0),
		"stay: the importer has let go of the blocks");
	if (!result)
		bo_close(one.puck.fd, &bo);
	ktap_ok(side_reads(&two, 0x51) && side_reads(&one, 0x51),
		"stay: what the importer wrote has moved along");
	ktap_ok(is_back(0x51) && first_offset() + SIZE <= visible,
		"stay: it is back where the importer sees it");
	end_share();
}

struct tally {
	unsigned int rounds, peer, moves;
};

static bool random_move(void)
{
	struct bo bo;

	if (crowd(&bo))
		return false;
	bo_close(one.puck.fd, &bo);
	return !in_vram();
}

/* One writes, one reads; they may be the same. */
struct transfer {
	struct side *writer, *reader;
	uint8_t value;
};

/* Of each part another one. */
static uint8_t value_of(const struct transfer *t, unsigned int part)
{
	return t->value + 37 * part;
}

/* What the device makes of a part that is filled with a value. */
static uint32_t crc_of(uint8_t value)
{
	static uint32_t known[256];
	static uint8_t bytes[PART];

	if (!known[value]) {
		memset(bytes, value, PART);
		known[value] = crc32c(bytes, PART);
	}
	return known[value];
}

/* Neither job is waited for: that the one comes behind the other is the drivers' affair. */
static bool transfer_begin(const struct transfer *t, uint32_t answers, struct tally *tally)
{
	struct drm_puck_bo_ref write = ref_write(&t->writer->bo);
	struct drm_puck_bo_ref read[] = { ref_read(&t->reader->bo), ref_write(&t->reader->result) };
	struct drm_puck_cmd fill[PARTS], crc[PARTS];
	struct drm_puck_submit first, second;
	unsigned int i;

	for (i = 0; i < PARTS; i++) {
		fill[i] = cmd_fill(0, i * PART, PART, value_of(t, i) * 0x01010101u);
		crc[i] = cmd_crc(0, i * PART, PART, 1, (answers + i) * sizeof(uint32_t));
	}
	first = job(t->writer->puck.queue[0], &write, 1, fill, PARTS);
	second = job(t->reader->puck.queue[0], read, 2, crc, PARTS);
	if (submit(t->writer->puck.fd, &first))
		return false;
	tally->peer += t->writer == &two && in_vram();
	if (submit(t->reader->puck.fd, &second))
		return false;
	tally->peer += t->reader == &two && in_vram();
	return true;
}

/* What the reader's device has read, all of it. */
static bool transfer_is_good(const struct transfer *t, uint32_t answers)
{
	uint32_t found[PARTS];
	unsigned int i;

	memcpy(found, t->reader->result.map + answers * sizeof(uint32_t), sizeof(found));
	for (i = 0; i < PARTS && found[i] == crc_of(value_of(t, i)); i++)
		;
	return i == PARTS;
}

/* No answer is there yet. */
static bool answers_begin(struct side *side)
{
	if (bo_wait(side->puck.fd, &side->result, DRM_PUCK_WAIT_WRITE, FOREVER_NS))
		return false;
	memset(side->result.map, 0xff, BATCH * PARTS * sizeof(uint32_t));
	return !bo_flush(side->puck.fd, &side->result);
}

static bool answers_come(struct side *side)
{
	return !bo_wait(side->puck.fd, &side->result, 0, FOREVER_NS);
}

/* As many at a time; before one of them, with the others under way, the BO moves. */
static bool random_batch(uint64_t *seed, struct tally *tally, unsigned int count)
{
	struct transfer transfers[BATCH];
	unsigned int i, move = rnd(seed) % BATCH;
	bool good = answers_begin(&one) && answers_begin(&two);

	for (i = 0; i < count && good; i++) {
		transfers[i] = (struct transfer) {
			.writer = rnd(seed) % 2 ? &one : &two,
			.reader = rnd(seed) % 2 ? &one : &two,
			.value = rnd(seed),
		};
		if (i == move) {
			good = random_move();
			tally->moves++;
		}
		good = good && transfer_begin(&transfers[i], i * PARTS, tally);
	}
	good = good && answers_come(&one) && answers_come(&two);
	for (i = 0; i < count && good; i++)
		good = transfer_is_good(&transfers[i], i * PARTS);
	tally->rounds += count;
	return good;
}

static void test_random(bool peer, unsigned int rounds)
{
	struct tally tally = { 0 };
	uint64_t seed = 1;
	bool good = true;

	share(SIZE, BO_VRAM | BO_SYSTEM);
	while (good && tally.rounds < rounds) {
		unsigned int left = rounds - tally.rounds;

		good = random_batch(&seed, &tally, left < BATCH ? left : BATCH);
		progress("%u of %u rounds", tally.rounds, rounds);
	}
	ktap_ok(good, "random: %u rounds, each reads what was written last, %u moves", tally.rounds,
		tally.moves);
	ktap_ok(peer ? tally.peer > tally.rounds / 4 : !tally.peer,
		"random: %u jobs of the importer's were in VRAM", tally.peer);
	end_share();
}

/* By address: nobody lists the BO, so nothing is synchronised but its moves. */
static void test_vm(void)
{
	uint32_t vm, queue;
	int i, bad = 0, astray = 0;

	share(SIZE, BO_VRAM | BO_SYSTEM);
	ktap_need(!vm_create(two.puck.fd, &vm) && !vm_queue_create(two.puck.fd, vm, 0, &queue) &&
		  !vm_bind_one(two.puck.fd, vm, bind_map(&two.bo, SHARED)) &&
		  !vm_bind_one(two.puck.fd, vm, bind_map(&two.result, RESULT)), "vm: mapped");
	for (i = 0; i < 16 && !bad; i++) {
		int fence = side_write(&one, i);

		bad = fence_result(fence, FOREVER_MS) != 1 || (i % 4 == 3 && !random_move()) ||
		      vm_run(two.puck.fd, queue, copy_at(SHARED, RESULT, SIZE)) ||
		      !side_result_is(&two, i);
		astray += i % 4 == 3 ? in_vram() : !is_back(i);
	}
	ktap_ok(!bad, "vm: %d rounds, each reads what was written last", i);
	ktap_ok(!astray, "vm: it is in VRAM where it may be (but %d times)", astray);
	queue_destroy(two.puck.fd, queue);
	vm_destroy(two.puck.fd, vm);
	end_share();
}

/* ---- VRAM goes away, for a while or for good ---- */

static atomic_bool flr_over;

static void *flr_thread(void *arg)
{
	int ret = puck_flr(arg);

	atomic_store(&flr_over, true);
	return (void *)(intptr_t)ret;
}

/* One job of the importer's after the other, from before a reset of the exporter until after it. */
static void test_flr(void)
{
	pthread_t thread;
	uint8_t value = 0;
	void *result;
	bool good;

	share(SIZE, BO_VRAM | BO_SYSTEM);
	atomic_store(&flr_over, false);
	ktap_need(!pthread_create(&thread, NULL, flr_thread, &one.puck), "a thread");
	do {
		good = fence_result(side_write(&two, ++value), FOREVER_MS) == 1;
	} while (good && !atomic_load(&flr_over));
	pthread_join(thread, &result);
	ktap_ok(good && !result, "flr: no job of the importer's notices a reset of the exporter");
	ktap_ok(side_reads(&one, value) && side_reads(&two, value), "flr: nothing is lost");
	ktap_ok(is_peer(), "flr: the importer sees VRAM again");
	end_share();
}

/* The importer's job stays in its queue until the exporter's is done, which is long. */
static void test_sleep(void)
{
	int first, second;

	if (!can_sleep()) {
		ktap_skip("no pm_test in this kernel", "sleep");
		return;
	}
	share(SIZE, BO_VRAM | BO_SYSTEM);
	ktap_need(!puck_set(&one.puck, 0, "start_delay_ns", LONG_NS), "a late GPU");
	first = side_write(&one, 0x71);
	second = side_write(&two, 0x72);
	ktap_ok(is_peer() && !sleep_and_wake(0), "sleep: with jobs under way");
	puck_set(&one.puck, 0, "start_delay_ns", 0);
	ktap_ok(fence_result(first, FOREVER_MS) == 1 && fence_result(second, FOREVER_MS) == 1,
		"sleep: they end");
	ktap_ok(side_reads(&two, 0x72) && side_reads(&one, 0x72), "sleep: nothing is lost");
	end_share();
}

static void *unbind_thread(void *arg)
{
	return (void *)(intptr_t)write_text(PUCK_DRIVER "unbind", arg);
}

/*
 * The driver does not let go of the device before the importer's job, which is at work in VRAM,
 * is done. Jobs to come fail.
 */
static void test_unbind(const char *pci)
{
	unsigned int looks = 0;
	pthread_t thread;
	int fence, next;
	void *result;

	share(SIZE, BO_VRAM | BO_SYSTEM);
	puck_set(&two.puck, 0, "hold", 1);
	fence = side_write(&two, 0x81);
	ktap_need(!pthread_create(&thread, NULL, unbind_thread, (void *)pci), "a thread");
	/* They are taken until the importer is told. */
	while ((next = side_write(&two, 0x82)) >= 0 && patient(&looks))
		close(next);
	ktap_ok(fence_status(fence) == 0 && next == -ENODEV,
		"unbind: while a job of the importer's is under way the next one is refused: %d", next);
	puck_set(&two.puck, 0, "hold", 0);
	pthread_join(thread, &result);
	ktap_ok(!result && fence_result(fence, FOREVER_MS) == 1, "unbind: the first one ends well");
	ktap_ok(side_read(&two) == -ENODEV, "unbind: others do not");
	side_unshare(&one, &two);
	close(one.puck.fd);
	ktap_ok(!write_text(PUCK_DRIVER "bind", pci) && puck_open_soon(&one.puck, pci),
		"unbind: bound again");
	share(SIZE, BO_VRAM | BO_SYSTEM);
	ktap_ok(is_peer(), "unbind: the importer sees VRAM again");
	ktap_ok(fence_result(side_write(&two, 0x83), FOREVER_MS) == 1 && side_reads(&one, 0x83),
		"unbind: all is as before");
	end_share();
}

/* ---- no way between them ---- */

static void test_no_way(void)
{
	ktap_ok(side_share(&one, &two, SIZE, BO_VRAM) == -EOPNOTSUPP,
		"no way: a BO that may be in VRAM alone is not to be imported");
	end_share();
	share(SIZE, BO_VRAM | BO_SYSTEM);
	ktap_ok(!in_vram() && !puck_sum(&one.puck, "peer") && puck_sum(&one.puck, "mapped") == 1,
		"no way: another one is in system memory");
	end_share();
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 4 ? (unsigned int)atoi(argv[4]) : 100;
	struct drm_puck_region region;
	bool peer;

	ktap_begin();
	ktap_need(argc > 3 && rounds, "two PCI addresses, peer or system");
	peer = !strcmp(argv[3], "peer");
	ktap_need(!puck_open_pci(&one.puck, argv[1]) && !puck_open_pci(&two.puck, argv[2]),
		  "two GPUs");
	ktap_need(!region_get(one.puck.fd, DRM_PUCK_REGION_VRAM, &region), "VRAM");
	all = region.size;
	visible = puck_vram_says(&one.puck, "visible");
	if (peer) {
		test_place();
		test_only_vram();
		test_invisible();
		test_large();
		test_blocks_stay();
		test_vm();
		test_flr();
		test_sleep();
	} else {
		test_no_way();
	}
	test_random(peer, rounds);
	if (peer)
		test_unbind(argv[1]);
	return ktap_end();
}
