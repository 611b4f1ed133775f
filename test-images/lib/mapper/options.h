/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of a workload for the DMA mapper. */
#ifndef LIB_MAPPER_OPTIONS_H
#define LIB_MAPPER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DMA_FUNCTIONS 2

struct dma_options {
	const char *which[DMA_FUNCTIONS];
	int count;		/* of which */
	bool words;		/* each word of a policy on its own */
	bool fail;		/* mappings that fail */
	bool jumbo;		/* of the network: large frames */
	int mtu;		/* of the network: frames of this size, unless 0 */
	bool pages;		/* of the network: whole pages are sent as they are */
	bool unbind;		/* at last, and look for what was left */
	unsigned long first, last;	/* random policies; none if last is 0 */
	const char *policy;	/* one, as given */
	const char *expect;	/* the class of a finding that has to come */
	const char *failing;	/* a policy that lets mappings fail */
	size_t granule;		/* what a disk's buffers and lengths are multiples of */
	int depth;		/* of a disk: so many requests at a time */
	int sectors;		/* of a disk: each request is so many buffers of one sector */
	bool large;		/* of a disk: buffers of pages that follow each other */
	bool bad;		/* of a disk: read where it has bad sectors, too */
	size_t bytes;
	uint64_t seed;
};

static inline size_t dma_size(const char *text)
{
	char *end;
	size_t size = strtoull(text, &end, 0);

	switch (*end) {
	case 'G':
		size <<= 10;
		/* fall through */
	case 'M':
		size <<= 10;
		/* fall through */
	case 'K':
		size <<= 10;
	}
	return size;
}

static inline void dma_usage(const char *program)
{
	fprintf(stderr,
		"usage: %s WHICH... [--words] [--policies FIRST..LAST] [--policy TEXT]\n"
		"       [--policy TEXT --expect CLASS] [--fail] [--failing TEXT]\n"
		"       [--jumbo] [--mtu BYTES] [--pages] [--unbind] [--bytes SIZE]\n"
		"       [--granule SIZE] [--depth N] [--sectors N] [--large] [--bad]\n"
		"       [--seed N]\n"
		"WHICH is a module, a PCI address or a device of the kernel.\n", program);
	exit(2);
}

static inline const char *dma_value(char **argv, int *i)
{
	if (!argv[*i + 1])
		dma_usage(argv[0]);
	return argv[++*i];
}

static inline void dma_option(struct dma_options *options, char **argv, int *i)
{
	const char *word = argv[*i];

	if (!strcmp(word, "--words")) {
		options->words = true;
	} else if (!strcmp(word, "--fail")) {
		options->fail = true;
	} else if (!strcmp(word, "--jumbo")) {
		options->jumbo = true;
	} else if (!strcmp(word, "--mtu")) {
		options->mtu = (int)strtol(dma_value(argv, i), NULL, 10);
	} else if (!strcmp(word, "--pages")) {
		options->pages = true;
	} else if (!strcmp(word, "--unbind")) {
		options->unbind = true;
	} else if (!strcmp(word, "--policies")) {
		if (sscanf(dma_value(argv, i), "%lu..%lu", &options->first, &options->last) != 2)
			dma_usage(argv[0]);
	} else if (!strcmp(word, "--policy")) {
		options->policy = dma_value(argv, i);
	} else if (!strcmp(word, "--expect")) {
		options->expect = dma_value(argv, i);
	} else if (!strcmp(word, "--failing")) {
		options->failing = dma_value(argv, i);
	} else if (!strcmp(word, "--large")) {
		options->large = true;
	} else if (!strcmp(word, "--bad")) {
		options->bad = true;
	} else if (!strcmp(word, "--depth")) {
		options->depth = (int)strtol(dma_value(argv, i), NULL, 10);
	} else if (!strcmp(word, "--sectors")) {
		options->sectors = (int)strtol(dma_value(argv, i), NULL, 10);
	} else if (!strcmp(word, "--granule")) {
		options->granule = dma_size(dma_value(argv, i));
	} else if (!strcmp(word, "--bytes")) {
		options->bytes = dma_size(dma_value(argv, i));
	} else if (!strcmp(word, "--seed")) {
		options->seed = strtoull(dma_value(argv, i), NULL, 0);
	} else if (word[0] == '-' || options->count == DMA_FUNCTIONS) {
		dma_usage(argv[0]);
	} else {
		options->which[options->count++] = word;
	}
}

/* @options holds the defaults. */
static inline void dma_parse(struct dma_options *options, char **argv)
{
	int i;

	for (i = 1; argv[i]; i++)
		dma_option(options, argv, &i);
	if (!options->count || !options->bytes || (options->expect && !options->policy))
		dma_usage(argv[0]);
}

#endif /* LIB_MAPPER_OPTIONS_H */
