// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words of a policy, both ways; section "Policy" of docs/dma.rst.
 */

#include <linux/ctype.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include <kunit/visibility.h>

#include "policy/draw.h"
#include "policy/policy.h"

/* A value that is a word of its own. */
struct word {
	const char *name;
	int value;
};

static const struct word merge_words[] = {
	{ "all", PUCK_DMA_MERGE_ALL },
	{ "none", PUCK_DMA_MERGE_NONE },
	{ "random", PUCK_DMA_MERGE_RANDOM },
	{ }
};

static const struct word order_words[] = {
	{ "ascending", PUCK_DMA_ASCENDING },
	{ "descending", PUCK_DMA_DESCENDING },
	{ "shuffled", PUCK_DMA_SHUFFLED },
	{ }
};

static const struct word window_words[] = {
	{ "any", PUCK_DMA_WINDOW_ANY },
	{ "low", PUCK_DMA_WINDOW_LOW },
	{ "below4g", PUCK_DMA_WINDOW_BELOW4G },
	{ "above4g", PUCK_DMA_WINDOW_ABOVE4G },
	{ "top", PUCK_DMA_WINDOW_TOP },
	{ "zero", PUCK_DMA_WINDOW_ZERO },
	{ }
};

static const struct word of_words[] = {
	{ "all", PUCK_DMA_OF_ALL },
	{ "alloc", PUCK_DMA_OF_ALLOC },
	{ "pool", PUCK_DMA_OF_POOL },
	{ }
};

static const struct word sync_words[] = {
	{ "coherent", PUCK_DMA_SYNC_COHERENT },
	{ "bounce", PUCK_DMA_SYNC_BOUNCE },
	{ "watch", PUCK_DMA_SYNC_WATCH },
	{ }
};

static int word_value(const struct word *words, const char *text)
{
	for (; words->name; words++)
		if (!strcmp(words->name, text))
			return words->value;
	return -EINVAL;
}

static const char *word_name(const struct word *words, int value)
{
	while (words->name && words->value != value)
		words++;
	return words->name;
}

static int number_parse(const char *text, u32 least, u32 most, u32 *value)
{
	u32 number;

	/* kstrtou32() takes a sign. */
	if (*text == '+' || kstrtou32(text, 0, &number) || number < least || number > most)
		return -EINVAL;
	*value = number;
	return 0;
}

/* A multiple of 4096 with K, M or G behind it, or nothing. */
static int size_parse(const char *text, u64 *size)
{
	char *end;
	u64 value;

	if (!isdigit(*text))
		return -EINVAL;
	value = memparse(text, &end);
	if (*end || strpbrk(text, "TPE"))
		return -EINVAL;
	if (!value || value > 1ull << 40 || !IS_ALIGNED(value, SZ_4K))
		return -EINVAL;
	*size = value;
	return 0;
}

static int merge_parse(const char *text, struct puck_dma_policy *policy)
{
	int value = word_value(merge_words, text);
	u64 size = 0;

	if (value < 0) {
		value = PUCK_DMA_MERGE_SIZE;
		if (strstarts(text, "boundary:")) {
			text += strlen("boundary:");
			value = PUCK_DMA_MERGE_BOUNDARY;
		}
		if (size_parse(text, &size))
			return -EINVAL;
		if (value == PUCK_DMA_MERGE_BOUNDARY && !is_power_of_2(size))
			return -EINVAL;
	}
	policy->merge = value;
	policy->merge_size = size;
	return 0;
}

static int order_parse(const char *text, struct puck_dma_policy *policy)
{
	int value = word_value(order_words, text);

	if (value >= 0)
		policy->order = value;
	return min(value, 0);
}

static int gap_parse(const char *text, struct puck_dma_policy *policy)
{
	return number_parse(text, 0, PUCK_DMA_GAP_MAX, &policy->gap);
}

static int guard_parse(const char *text, struct puck_dma_policy *policy)
{
	return number_parse(text, 0, PUCK_DMA_GUARD_MAX, &policy->guard);
}

static int window_parse(const char *text, struct puck_dma_policy *policy)
{
	int value = word_value(window_words, text);

	if (value >= 0)
		policy->window = value;
	return min(value, 0);
}

static int reuse_parse(const char *text, struct puck_dma_policy *policy)
{
	if (!strcmp(text, "eager")) {
		policy->quarantine = 0;
		return 0;
	}
	if (!strstarts(text, "quarantine:"))
		return -EINVAL;
	return number_parse(text + strlen("quarantine:"), 1, PUCK_DMA_QUARANTINE_MAX,
			    &policy->quarantine);
}

static int fail_parse(const char *text, struct puck_dma_policy *policy)
{
	static const struct word words[] = {
		{ "nth:", PUCK_DMA_FAIL_NTH },
		{ "every:", PUCK_DMA_FAIL_EVERY },
		{ "share:", PUCK_DMA_FAIL_SHARE },
		{ "each:", PUCK_DMA_FAIL_EACH },
		{ }
	};
	const struct word *word;
	u32 most;

	if (!strcmp(text, "never")) {
		policy->fail = PUCK_DMA_FAIL_NEVER;
		policy->fail_n = 0;
		return 0;
	}
	for (word = words; word->name; word++) {
		if (!strstarts(text, word->name))
			continue;
		most = word->value == PUCK_DMA_FAIL_EACH ? PUCK_DMA_EACH_MAX : U32_MAX;
		if (number_parse(text + strlen(word->name), 1, most, &policy->fail_n))
			return -EINVAL;
		policy->fail = word->value;
		return 0;
	}
	return -EINVAL;
}

static int of_parse(const char *text, struct puck_dma_policy *policy)
{
	int value = word_value(of_words, text);

	if (value >= 0)
		policy->of = value;
	return min(value, 0);
}

static int sync_parse(const char *text, struct puck_dma_policy *policy)
{
	int value = word_value(sync_words, text);

	if (value >= 0)
		policy->sync = value;
	return min(value, 0);
}

static int seed_parse(const char *text, struct puck_dma_policy *policy)
{
	return *text == '+' ? -EINVAL : kstrtou64(text, 0, &policy->seed);
}

static const struct keyword {
	const char *name;
	int (*parse)(const char *text, struct puck_dma_policy *policy);
} keys[] = {
	{ "merge", merge_parse },
	{ "layout", order_parse },
	{ "gap", gap_parse },
	{ "guard", guard_parse },
	{ "window", window_parse },
	{ "reuse", reuse_parse },
	{ "fail", fail_parse },
	{ "of", of_parse },
	{ "sync", sync_parse },
	{ "seed", seed_parse },
};

/* All but what fails. One draw each, in the order of the spec's table. */
static void policy_random(struct puck_dma_policy *policy)
{
	struct puck_dma_draw draw;

	puck_dma_draw_start(&draw, policy->seed, 0);
	policy->merge = puck_dma_draw_below(&draw, PUCK_DMA_MERGE_RANDOM + 1);
	policy->merge_size = 0;
	if (policy->merge == PUCK_DMA_MERGE_SIZE)
		policy->merge_size = SZ_4K * (1 + puck_dma_draw_below(&draw, 64));
	if (policy->merge == PUCK_DMA_MERGE_BOUNDARY)
		policy->merge_size = SZ_4K << puck_dma_draw_below(&draw, 9);
	policy->order = puck_dma_draw_below(&draw, PUCK_DMA_SHUFFLED + 1);
	policy->gap = puck_dma_draw_below(&draw, 2) ? puck_dma_draw_below(&draw, 17) : 0;
	policy->guard = puck_dma_draw_below(&draw, 4);
	policy->window = puck_dma_draw_below(&draw, PUCK_DMA_WINDOW_ZERO + 1);
	policy->quarantine = 0;
	if (puck_dma_draw_below(&draw, 2))
		policy->quarantine = 1 + puck_dma_draw_below(&draw, 1024);
	policy->sync = puck_dma_draw_below(&draw, PUCK_DMA_SYNC_BOUNCE + 1);
}

static int word_parse(char *word, struct puck_dma_policy *policy)
{
	char *value = strchr(word, '=');
	size_t i;

	if (!value)
		return -EINVAL;
	*value++ = 0;
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].name, word))
			return keys[i].parse(value, policy);
	return -EINVAL;
}

/* Calls word_parse() for each word from @at on; -EINVAL and where on a bad one. */
static int words_parse(char *copy, size_t at, struct puck_dma_policy *policy, size_t *bad)
{
	char *rest = copy + at;
	char *word;

	while ((word = strsep(&rest, ","))) {
		if (word_parse(word, policy)) {
			*bad = word - copy;
			return -EINVAL;
		}
	}
	return 0;
}

/**
 * puck_dma_policy_default - the policy that says nothing
 * @policy: filled
 */
void puck_dma_policy_default(struct puck_dma_policy *policy)
{
	*policy = (struct puck_dma_policy){ .guard = 1 };
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_policy_default);

/**
 * puck_dma_policy_same - do two policies say the same?
 * @a: one
 * @b: the other
 *
 * Return: they do.
 */
bool puck_dma_policy_same(const struct puck_dma_policy *a, const struct puck_dma_policy *b)
{
	return a->merge == b->merge && a->merge_size == b->merge_size && a->order == b->order &&
	       a->gap == b->gap && a->guard == b->guard && a->window == b->window &&
	       a->quarantine == b->quarantine && a->fail == b->fail && a->fail_n == b->fail_n &&
	       a->of == b->of && a->sync == b->sync && a->seed == b->seed;
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_policy_same);

/**
 * puck_dma_policy_parse - the policy that a text says
 * @text: words with commas between, or nothing
 * @policy: filled, unless the text is wrong
 * @bad: set to the word in @text that is wrong, may be NULL
 *
 * Return: 0, -EINVAL if a word is wrong, -E2BIG if the text is too long.
 */
int puck_dma_policy_parse(const char *text, struct puck_dma_policy *policy, const char **bad)
{
	char copy[PUCK_DMA_POLICY_TEXT];
	struct puck_dma_policy new;
	bool random;
	size_t at = 0, wrong;

	puck_dma_policy_default(&new);
	if (strscpy(copy, text, sizeof(copy)) < 0)
		return -E2BIG;
	random = !strcmp(copy, "random") || strstarts(copy, "random,");
	if (random)
		at = min(strlen("random,"), strlen(copy));
	if (!copy[at]) {
		if (at && copy[at - 1] == ',')
			goto at_end;
		if (random)
			policy_random(&new);
		*policy = new;
		return 0;
	}
	if (words_parse(copy, at, &new, &wrong))
		goto bad_word;
	if (random) {
		/* The seed is known now; what else was said holds. */
		policy_random(&new);
		strscpy(copy, text, sizeof(copy));
		words_parse(copy, at, &new, &wrong);
	}
	*policy = new;
	return 0;

at_end:
	wrong = at;
bad_word:
	if (bad)
		*bad = text + wrong;
	return -EINVAL;
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_policy_parse);

static int merge_format(const struct puck_dma_policy *policy, char *text, size_t size)
{
	const char *name = word_name(merge_words, policy->merge);

	if (name)
		return scnprintf(text, size, "merge=%s", name);
	return scnprintf(text, size, "merge=%s%llu",
			 policy->merge == PUCK_DMA_MERGE_BOUNDARY ? "boundary:" : "",
			 policy->merge_size);
}

static int reuse_format(const struct puck_dma_policy *policy, char *text, size_t size)
{
	if (!policy->quarantine)
		return scnprintf(text, size, ",reuse=eager");
	return scnprintf(text, size, ",reuse=quarantine:%u", policy->quarantine);
}

static int fail_format(const struct puck_dma_policy *policy, char *text, size_t size)
{
	static const char * const names[] = {
		[PUCK_DMA_FAIL_NTH] = "nth",
		[PUCK_DMA_FAIL_EVERY] = "every",
		[PUCK_DMA_FAIL_SHARE] = "share",
		[PUCK_DMA_FAIL_EACH] = "each",
	};
	int len;

	if (policy->fail == PUCK_DMA_FAIL_NEVER)
		len = scnprintf(text, size, ",fail=never");
	else
		len = scnprintf(text, size, ",fail=%s:%u", names[policy->fail], policy->fail_n);
	/* Few say it. */
	if (policy->of != PUCK_DMA_OF_ALL)
		len += scnprintf(text + len, size - len, ",of=%s", word_name(of_words, policy->of));
	return len;
}

/**
 * puck_dma_policy_format - the text of a policy, all words of it
 * @policy: the policy
 * @text: filled
 * @size: of @text; PUCK_DMA_POLICY_TEXT is enough
 *
 * Return: the length of the text.
 */
int puck_dma_policy_format(const struct puck_dma_policy *policy, char *text, size_t size)
{
	int len = merge_format(policy, text, size);

	len += scnprintf(text + len, size - len, ",layout=%s,gap=%u,guard=%u,window=%s",
			 word_name(order_words, policy->order), policy->gap, policy->guard,
			 word_name(window_words, policy->window));
	len += reuse_format(policy, text + len, size - len);
	len += fail_format(policy, text + len, size - len);
	len += scnprintf(text + len, size - len, ",sync=%s,seed=%llu",
			 word_name(sync_words, policy->sync), policy->seed);
	return len;
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_policy_format);
