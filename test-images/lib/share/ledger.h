/* SPDX-License-Identifier: MIT */
/*
 * What is in a buffer that several processes write, and any of them may be killed.
 *
 * The ledger is in memory that they share, and whoever has the buffer's lock writes down there
 * what the buffer will have in it when all is over that was asked for by now. That is as good as
 * what is in it, since fences keep that order: a job that reads, and is submitted with the same
 * lock held, sees it, be the writers late or not.
 *
 * A block of 4 KiB has one value in all of its words. The value names the buffer and is given
 * once, so that a word that is wrong says whose it is. Beside it is written who wrote it, a
 * *life* of a process, and the number of that in this life. A life says up to which number all is
 * known to be done. What is beyond, of a life that was killed, happened or did not: so the last few
 * values of a block are kept, and where the last one is such a write the one before it is good as
 * well. A job does it all or nothing, the CPU may have been killed in the middle of a block: so
 * each word has one of these values.
 *
 * Or there is a picture of a camera in the whole buffer, which is judged by its stamps.
 */
#ifndef LIB_SHARE_LEDGER_H
#define LIB_SHARE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/gpu/blocks.h"
#include "lib/share/exporter.h"

#define LEDGER_BLOCKS	(SHARE_SIZE / BLOCK_SIZE)
/* Values that are kept of a block; the place of one more is that of what was taken back. */
#define LEDGER_DEPTH	7
#define LEDGER_PLACES	(LEDGER_DEPTH + 1)
/* Writes to a buffer that are remembered in order to be named. */
#define LEDGER_LOG	128
/* Of the life that has made the buffer: what it did is done. */
#define LEDGER_MAKER	0

/**
 * struct ledger_life - a process from its beginning to its end
 * @dead: set before it is killed: as long as it is not, each job that has come to its end has
 *	done what it should
 * @sure: all of its writes up to this number are done
 */
struct ledger_life {
	volatile uint32_t dead;
	volatile uint32_t sure;
};

struct ledger_value {
	uint32_t value;
	uint32_t life;
	uint32_t number;
	bool picture;
};

/* @count: values that it ever had; the last one is before place @count % LEDGER_PLACES. */
struct ledger_block {
	uint32_t count;
	struct ledger_value last[LEDGER_PLACES];
};

/* By whom, and by what, which blocks were written. */
struct ledger_write {
	const char *how;
	struct ledger_value what;
	uint32_t first, blocks;
};

struct ledger {
	uint32_t buffer;
	uint32_t generation;
	struct ledger_write log[LEDGER_LOG];	/* by generation */
	struct ledger_block block[LEDGER_BLOCKS];
};

static inline uint32_t ledger_tag(const struct ledger *ledger)
{
	return ledger->buffer << 24 | (ledger->generation & 0xffffff);
}

static inline const struct ledger_value *ledger_nth(const struct ledger_block *block, uint32_t back)
{
	return &block->last[(block->count - 1 - back) % LEDGER_PLACES];
}

/* A buffer that is new has zeroes. Its number, and what was written to others before, stay. */
static inline void ledger_renew(struct ledger *ledger, uint32_t buffer)
{
	uint32_t i;

	ledger->buffer = buffer;
	for (i = 0; i < LEDGER_BLOCKS; i++)
		ledger->block[i] = (struct ledger_block){ 1, { { .life = LEDGER_MAKER } } };
}

/*
 * Notes that blocks are about to be written, with a value of their own, which it returns. Before
 * anything is done about it: whoever is killed in between has not written.
 */
static inline uint32_t ledger_note(struct ledger *ledger, uint32_t first, uint32_t blocks,
				   uint32_t life, uint32_t number, const char *how, bool picture)
{
	struct ledger_value what = { .life = life, .number = number, .picture = picture };
	uint32_t i;

	ledger->generation++;
	what.value = ledger_tag(ledger);
	ledger->log[ledger->generation % LEDGER_LOG] = (struct ledger_write){
		how, what, first, blocks,
	};
	for (i = first; i < first + blocks; i++) {
		struct ledger_block *block = &ledger->block[i];

		block->last[block->count % LEDGER_PLACES] = what;
		__atomic_store_n(&block->count, block->count + 1, __ATOMIC_RELEASE);
	}
	return what.value;
}

/* Nothing came of the last one. */
static inline void ledger_take_back(struct ledger *ledger, uint32_t first, uint32_t blocks)
{
	uint32_t i;

	for (i = first; i < first + blocks; i++)
		ledger->block[i].count--;
}

static inline bool ledger_is_done(const struct ledger_value *value,
				  const struct ledger_life *lives)
{
	/* In this order: who lives when the job is over has had it done, if he knows it or not. */
	return !lives[value->life].dead || value->number <= lives[value->life].sure;
}

/**
 * struct ledger_good - which values a word of a block may have
 * @count: so many
 * @any: nothing is known of it
 */
struct ledger_good {
	uint32_t value[LEDGER_DEPTH];
	uint32_t count;
	bool any;
};

/* To be asked when all jobs are over that wrote the block by the time that @block is of. */
static inline struct ledger_good ledger_good(const struct ledger_block *block,
					     const struct ledger_life *lives)
{
	struct ledger_good good = { .count = 0 };
	const struct ledger_value *value;
	uint32_t i;

	for (i = 0; i < LEDGER_DEPTH && i < block->count; i++) {
		value = ledger_nth(block, i);
		if (value->picture)
			break;
		good.value[good.count++] = value->value;
		if (ledger_is_done(value, lives))
			return good;
	}
	good.any = true;
	return good;
}

static inline bool ledger_fits(const struct ledger_good *good, uint32_t word)
{
	uint32_t i;

	for (i = 0; i < good->count; i++)
		if (good->value[i] == word)
			return true;
	return good->any;
}

/* How many words of a block are wrong; @word has the first one. */
static inline uint32_t ledger_wrong(const struct ledger_good *good, const uint32_t *words,
				    uint32_t *word)
{
	uint32_t i, wrong = 0;

	for (i = 0; i < BLOCK_WORDS; i++) {
		if (words[i] == good->value[0] && good->count)
			continue;
		if (!ledger_fits(good, words[i]) && !wrong++)
			*word = i;
	}
	return wrong;
}

/* Whether there is a picture in these blocks, which are all of a buffer. */
static inline bool ledger_has_picture(const struct ledger_block *blocks,
				      const struct ledger_life *lives)
{
	const struct ledger_value *first = ledger_nth(blocks, 0), *value;
	uint32_t i;

	for (i = 0; i < LEDGER_BLOCKS; i++) {
		value = ledger_nth(&blocks[i], 0);
		if (!value->picture || value->value != first->value)
			return false;
	}
	return ledger_is_done(first, lives);
}

/* @ledger: of buffer @word >> 24 */
static inline void ledger_print_write(const struct ledger *ledger, const char *what, uint32_t word)
{
	const struct ledger_write *w = &ledger->log[(word & 0xffffff) % LEDGER_LOG];

	if (w->what.value != word || !w->how)
		printf("# %s %08x: write %u of buffer %u\n", what, word, word & 0xffffff,
		       word >> 24);
	else
		printf("# %s %08x: write %u of buffer %u, %s of blocks %u to %u, number %u of life %u\n",
		       what, word, word & 0xffffff, word >> 24, w->how, w->first,
		       w->first + w->blocks - 1, w->what.number, w->what.life);
}

#endif /* LIB_SHARE_LEDGER_H */
