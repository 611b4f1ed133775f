/* SPDX-License-Identifier: MIT */
/*
 * Processes that share buffers, some of which are killed: the memory that they have together,
 * what each of them has of a buffer, and how it gets that. Files of dma-bufs go by sockets: the
 * parent keeps one of each buffer, hands it out to whoever asks for it, and takes a new one in.
 */
#ifndef LIB_SHARE_STORM_H
#define LIB_SHARE_STORM_H

#include <pthread.h>
#include <stdarg.h>
#include <sys/mman.h>

#include "lib/base/array.h"
#include "lib/base/ktap.h"
#include "lib/base/pass.h"
#include "lib/base/random.h"
#include "lib/base/robust.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/region.h"
#include "lib/share/buffer.h"
#include "lib/share/exporter.h"
#include "lib/share/ledger.h"

#define STORM_BUFFERS	64
#define STORM_CHILDREN	3
#define STORM_LIVES	16384
/* Jobs of a child that it has not looked at yet. */
#define STORM_PENDING	6

enum storm_count {
	STORM_JOBS,
	STORM_VM_JOBS,		/* of them, by address */
	STORM_REFUSED,		/* jobs and imports, of a buffer that was revoked */
	STORM_FRAMES,
	STORM_BY_CPU,
	STORM_COMPARED,		/* blocks */
	STORM_PICTURES,		/* whole buffers, each looked at as a picture of the camera */
	STORM_OPEN,		/* blocks, of pictures or whose writer was killed: anything is good */
	STORM_MADE,
	STORM_REVOKED,
	STORM_DOUBTFUL,		/* made anew, as who had the lock was killed */
	STORM_PASSED,		/* files */
	STORM_IN_VRAM,		/* BOs that may be there, and were, or were not */
	STORM_IN_SYSTEM,
	STORM_COUNTS,
};

/**
 * struct storm_buffer - a buffer as all have it
 * @lock: for all that is in here, and for each job that uses the buffer to be submitted
 * @turn: how often it was made
 * @doubtful: it has to be made anew before it is used
 * @revoked: importers that want to use it get -ENODEV
 * @name: of its dma-buf
 */
struct storm_buffer {
	pthread_mutex_t lock;
	uint32_t turn;
	uint32_t doubtful;
	uint32_t revoked;
	unsigned long long name;
	struct ledger ledger;
};

/**
 * struct storm_child - one of the processes
 * @steps: of all of its lives
 * @life: the last of these
 * @kills: how many of them ended by a signal
 * @doing: what it is about
 */
struct storm_child {
	volatile uint64_t steps;
	volatile uint32_t life;
	volatile uint32_t kills;
	const char *volatile doing;
};

/* @camera: it has one queue, and one user at a time. Taken inside of buffers' locks. */
struct storm_memory {
	volatile uint32_t stop;
	volatile uint32_t lives;
	pthread_mutex_t camera;
	uint64_t counts[STORM_COUNTS];
	struct storm_child child[STORM_CHILDREN];
	struct ledger_life life[STORM_LIVES];
	struct storm_buffer buffer[STORM_BUFFERS];
};

/* What a child asks its parent for, and the answer: 0, and the turn that the file is of. */
enum storm_what { STORM_GIVE, STORM_TAKE };

struct storm_message {
	enum storm_what what;
	uint32_t buffer;
	uint32_t turn;
};

/* A buffer as one child has it; @turn: of the dma-buf, 0: none. */
struct storm_mine {
	uint32_t turn;
	struct shared dmabuf;
	struct bo bo[2];
};

/* What a job has read of a buffer, and what has to be there. */
struct storm_read {
	uint32_t buffer, first, blocks;
	struct ledger_block expected[LEDGER_BLOCKS];
};

/**
 * struct storm_pending - a job whose end is not known
 * @fence: its
 * @gpu: which GPU it is of
 * @number: in this life
 * @reads: whether it has read
 */
struct storm_pending {
	int fence;
	unsigned int gpu;
	uint32_t number;
	bool reads;
	struct storm_read read;
};

/**
 * struct storm_worker - a child in one of its lives
 * @number: of the last write
 * @result: where jobs copy to what they read: by place in @pending, and GPU
 * @room: of each GPU, a BO that has to be in VRAM, so that others have to leave
 * @pending: those from @first on, round and round
 */
struct storm_worker {
	struct storm_memory *memory;
	unsigned int index;
	uint32_t life;
	uint32_t number;
	uint64_t seed;
	int sock;
	struct share_devices devices;
	struct storm_mine mine[STORM_BUFFERS];
	struct bo result[STORM_PENDING][2];
	struct bo room[2];
	uint32_t vm[2], vm_queue[2];
	struct storm_pending pending[STORM_PENDING];
	uint32_t first, npending;
	bool wrong;
};

static inline uint32_t storm_below(struct storm_worker *w, uint32_t n)
{
	return rnd(&w->seed) % n;
}

static inline void storm_counts(struct storm_memory *memory, enum storm_count what, uint64_t n)
{
	__atomic_fetch_add(&memory->counts[what], n, __ATOMIC_RELAXED);
}

static inline void storm_count(struct storm_worker *w, enum storm_count what)
{
	storm_counts(w->memory, what, 1);
}

/* Returns false, for a step to end with. */
__attribute__((format(printf, 2, 3)))
static inline bool storm_trouble(struct storm_worker *w, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ktap_note("child %u, life %u, step %llu: %s: %s", w->index, w->life,
		  (unsigned long long)w->memory->child[w->index].steps,
		  w->memory->child[w->index].doing, text);
	w->wrong = true;
	return false;
}

/* ---- which buffers there are ---- */

static const struct storm_kind {
	uint32_t buffers;
	struct exporter exp;
} storm_kinds[] = {
	{ 16, { .name = "gpu0, VRAM", .make = make_bo_vram, .gpu = 0 } },
	{ 16, { .name = "gpu1, VRAM", .make = make_bo_vram, .gpu = 1 } },
	{ 6, { .name = "gpu0, system", .make = make_bo_system, .gpu = 0 } },
	{ 6, { .name = "gpu1, system", .make = make_bo_system, .gpu = 1 } },
	{ 8, { .name = "puck-cam", .make = make_camera, .gpu = -1 } },
	{ 6, { .name = "udmabuf", .make = make_memfd, .gpu = -1 } },
	{ 6, { .name = "system heap", .make = make_system, .gpu = -1, .apart = true } },
};

/* Who makes buffer @buffer. */
static inline const struct exporter *storm_exporter(uint32_t buffer)
{
	uint32_t i;

	for (i = 0; buffer >= storm_kinds[i].buffers; i++)
		buffer -= storm_kinds[i].buffers;
	return &storm_kinds[i].exp;
}

/* Importers of a buffer that was revoked get -ENODEV; its own device has it as ever. */
static inline bool storm_is_revoked(const struct storm_worker *w, uint32_t buffer, unsigned int gpu)
{
	return w->memory->buffer[buffer].revoked && storm_exporter(buffer)->gpu != (int)gpu;
}

/* ---- a buffer as a child has it ---- */

static inline void storm_drop_handle(struct storm_worker *w, uint32_t buffer, unsigned int gpu)
{
	struct bo *bo = &w->mine[buffer].bo[gpu];

	if (bo->handle)
		bo_close(w->devices.gpu[gpu].fd, bo);
	bo->handle = 0;
}

static inline void storm_drop(struct storm_worker *w, uint32_t buffer)
{
	struct storm_mine *mine = &w->mine[buffer];

	storm_drop_handle(w, buffer, 0);
	storm_drop_handle(w, buffer, 1);
	if (mine->turn)
		shared_close(&mine->dmabuf);
	mine->turn = 0;
}

static inline bool storm_open(struct storm_worker *w, uint32_t buffer, int file, uint32_t turn)
{
	int ret = shared_open(&w->mine[buffer].dmabuf, file);

	if (ret)
		return storm_trouble(w, "buffer %u: map: %s", buffer, strerror(-ret));
	w->mine[buffer].turn = turn;
	return true;
}

/* Asks the parent, and waits for the answer. */
static inline bool storm_ask(struct storm_worker *w, struct storm_message *message, int *file)
{
	int ret = pass_send(w->sock, message, sizeof(*message), *file);

	if (!ret)
		ret = pass_receive(w->sock, message, sizeof(*message), file);
	if (ret)
		return storm_trouble(w, "no answer: %s", strerror(-ret));
	storm_count(w, STORM_PASSED);
	return true;
}

/* The file that the parent has. */
static inline bool storm_fetch(struct storm_worker *w, uint32_t buffer)
{
	struct storm_message message = { .what = STORM_GIVE, .buffer = buffer };
	int file = -1;

	if (!storm_ask(w, &message, &file))
		return false;
	if (file < 0 || message.turn != w->memory->buffer[buffer].turn)
		return storm_trouble(w, "buffer %u: turn %u, not %u", buffer, message.turn,
				     w->memory->buffer[buffer].turn);
	return storm_open(w, buffer, file, message.turn);
}

/* The camera's lock, and the camera is nobody's: who was killed with it may not be gone yet. */
static inline bool storm_take_camera(struct storm_worker *w)
{
	struct cam_stream none = { .cam = &w->devices.cam };
	unsigned int looks = 0;
	uint32_t count;
	int ret;

	robust_lock(&w->memory->camera);
	do {
		count = 0;
		ret = cam_request(&none, V4L2_MEMORY_MMAP, &count);
	} while (ret == -EBUSY && patient(&looks));
	if (!ret)
		return true;
	robust_unlock(&w->memory->camera);
	return storm_trouble(w, "camera: %s", strerror(-ret));
}

static inline int storm_make_file(struct storm_worker *w, uint32_t buffer)
{
	struct exporter exp = *storm_exporter(buffer);
	bool camera = exp.make == make_camera;
	int file;

	if (camera && !storm_take_camera(w))
		return -EBUSY;
	file = exp.make(&exp, &w->devices);
	if (camera)
		robust_unlock(&w->memory->camera);
	exporter_ends(&exp, &w->devices);
	return file;
}

/* With the lock of the buffer. What others have of the old one they drop when they see the turn. */
static inline bool storm_make(struct storm_worker *w, uint32_t buffer)
{
	struct storm_buffer *buf = &w->memory->buffer[buffer];
	struct storm_message message = { STORM_TAKE, buffer, buf->turn + 1 };
	int file, sent;

	buf->doubtful = 1;
	storm_drop(w, buffer);
	file = storm_make_file(w, buffer);
	if (file < 0)
		return storm_trouble(w, "buffer %u: make: %s", buffer, strerror(-file));
	sent = file;
	if (!storm_ask(w, &message, &sent) || !storm_open(w, buffer, file, message.turn))
		return false;
	buf->turn = message.turn;
	buf->name = dmabuf_number(file);
	ledger_renew(&buf->ledger, buffer);
	buf->revoked = 0;
	buf->doubtful = 0;
	storm_count(w, STORM_MADE);
	return true;
}

/* Has the buffer, with its lock. */
static inline bool storm_take(struct storm_worker *w, uint32_t buffer)
{
	struct storm_buffer *buf = &w->memory->buffer[buffer];
	bool good = true;

	if (robust_lock(&buf->lock) && buf->doubtful)
		storm_count(w, STORM_DOUBTFUL);
	if (buf->doubtful)
		good = storm_make(w, buffer);
	if (good && w->mine[buffer].turn != buf->turn) {
		storm_drop(w, buffer);
		good = storm_fetch(w, buffer);
	}
	if (!good)
		robust_unlock(&buf->lock);
	return good;
}

static inline void storm_give(struct storm_worker *w, uint32_t buffer)
{
	robust_unlock(&w->memory->buffer[buffer].lock);
}

/* The BO of a buffer on a GPU: 0, or how the import ended. With the buffer's lock. */
static inline int storm_import(struct storm_worker *w, uint32_t buffer, unsigned int gpu)
{
	struct storm_mine *mine = &w->mine[buffer];
	struct bo *bo = &mine->bo[gpu];
	int ret;

	if (bo->handle)
		return 0;
	ret = bo_import(w->devices.gpu[gpu].fd, bo, mine->dmabuf.dmabuf, mine->dmabuf.size);
	if (ret)
		bo->handle = 0;
	return ret;
}

/* ---- what is there ---- */

static inline bool storm_wrong(struct storm_worker *w, uint32_t buffer, uint32_t block,
			       const struct ledger_good *good, const uint32_t *words,
			       const char *how)
{
	uint32_t word = 0, wrong = ledger_wrong(good, words, &word), i;
	struct storm_memory *memory = w->memory;
	uint32_t found = words[word];

	if (!wrong)
		return false;
	storm_trouble(w, "buffer %u (%s), turn %u, block %u, word %u is %08x by %s; %u words are wrong",
		      buffer, storm_exporter(buffer)->name, memory->buffer[buffer].turn, block, word,
		      found, how, wrong);
	for (i = 0; i < good->count; i++)
		ledger_print_write(&memory->buffer[buffer].ledger, "should be", good->value[i]);
	if (found >> 24 < STORM_BUFFERS)
		ledger_print_write(&memory->buffer[found >> 24].ledger, "is", found);
	return true;
}

/* A picture of the camera, all of it of one frame. */
static inline bool storm_picture(struct storm_worker *w, const struct storm_read *read,
				 const uint8_t *bytes, const char *how)
{
	struct cam_layout layout = { .format = cam_format("XRGB8888"), .width = SHARE_WIDTH,
				     .height = SHARE_HEIGHT };
	const uint8_t *planes[CAM_PLANES] = { bytes, bytes };
	struct cam_found found;

	cam_layout_complete(&layout);
	cam_check(&layout, planes, &found);
	storm_count(w, STORM_PICTURES);
	if (cam_good(&found))
		return true;
	storm_trouble(w, "buffer %u (%s), turn %u: by %s there is no good picture: frame %u, %u lines of others, %u of none",
		      read->buffer, storm_exporter(read->buffer)->name,
		      w->memory->buffer[read->buffer].turn, how, found.frame, found.torn,
		      found.unstamped);
	ledger_print_write(&w->memory->buffer[read->buffer].ledger, "should be",
			   ledger_nth(read->expected, 0)->value);
	return false;
}

/*
 * Compares what was read of a buffer with what has to be there; who wrote by then is over.
 * @bytes: of the first of the blocks.
 */
static inline bool storm_compare(struct storm_worker *w, const struct storm_read *read,
				 const uint8_t *bytes, const char *how)
{
	const struct ledger_life *lives = w->memory->life;
	struct ledger_good good;
	uint32_t i;

	if (read->blocks == LEDGER_BLOCKS && ledger_has_picture(read->expected, lives))
		return storm_picture(w, read, bytes, how);
	for (i = 0; i < read->blocks; i++) {
		good = ledger_good(&read->expected[i], lives);
		if (storm_wrong(w, read->buffer, read->first + i, &good,
				(const uint32_t *)(bytes + i * BLOCK_SIZE), how))
			return false;
		storm_count(w, good.any ? STORM_OPEN : STORM_COMPARED);
	}
	return true;
}

static inline void storm_expect(struct storm_worker *w, struct storm_read *read, uint32_t buffer,
				uint32_t first, uint32_t blocks)
{
	read->buffer = buffer;
	read->first = first;
	read->blocks = blocks;
	memcpy(read->expected, &w->memory->buffer[buffer].ledger.block[first],
	       blocks * sizeof(read->expected[0]));
}

/* A range of blocks. */
static inline void storm_range(struct storm_worker *w, uint32_t *first, uint32_t *blocks)
{
	*blocks = storm_below(w, 4) ? 1 + storm_below(w, LEDGER_BLOCKS) : LEDGER_BLOCKS;
	*first = storm_below(w, LEDGER_BLOCKS - *blocks + 1);
}

/* All writes of this life are done that no job under way does. */
static inline void storm_is_sure(struct storm_worker *w)
{
	struct ledger_life *life = &w->memory->life[w->life];

	life->sure = w->npending ? w->pending[w->first].number - 1 : w->number;
}

#endif /* LIB_SHARE_STORM_H */
