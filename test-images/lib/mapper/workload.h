/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of a workload through many policies: the functions whose drivers it drives,
 * its I/O under each policy, under mappings that fail, and until a finding comes.
 * Without --words and --policies the I/O is done once under whatever layer is there,
 * the kernel's own or the mapper.
 */
#ifndef LIB_MAPPER_WORKLOAD_H
#define LIB_MAPPER_WORKLOAD_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/command.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/pci.h"
#include "lib/base/text_file.h"
#include "lib/mapper/data.h"
#include "lib/mapper/device.h"
#include "lib/mapper/options.h"

/* A PCI function and what is known of it from before. */
struct dma_function {
	char pci[32];
	char driver[32];	/* as the user named it */
	const char *known;	/* lines of the kernel's log at its unbind: a bug of the driver */
	uint64_t bytes, findings, failed;
};

/*
 * Moves data and compares it; false if it was not what it should be. With
 * @errors set requests may fail, but not lie.
 */
typedef bool (*dma_io)(void *context, uint64_t seed, bool errors);

struct dma_test {
	struct dma_options options;
	struct dma_function functions[DMA_FUNCTIONS];
	dma_io io;
	void *context;
};

/* Each word of docs/dma.rst, and some that lean on each other. */
static const char *const dma_words[] = {
	"", "merge=none", "merge=4K", "merge=12K", "merge=64K", "merge=1M", "merge=boundary:4K",
	"merge=boundary:64K", "merge=random", "layout=ascending", "layout=descending",
	"layout=shuffled", "merge=none,layout=descending", "merge=random,layout=shuffled",
	"gap=1", "gap=16", "guard=0", "guard=4", "window=any", "window=low", "window=below4g",
	"window=above4g", "window=top", "window=zero", "reuse=eager", "reuse=quarantine:16",
	"reuse=quarantine:65536", "sync=coherent", "sync=bounce", "sync=watch",
	"sync=bounce,merge=none,layout=shuffled,gap=3,guard=2",
	"sync=bounce,window=top,reuse=quarantine:256,merge=boundary:8K", "fail=never",
};

/*
 * The last ones are not for drivers that map each entry of a request by itself
 * and try again for ever when one failed: a request of more entries is never done.
 */
static const char *const dma_failures[] = {
	"fail=nth:1", "fail=nth:7", "fail=nth:20,sync=bounce", "fail=share:400",
	"fail=every:9", "fail=every:5,sync=bounce",
};

#define DMA_FAILURES_ENTRYWISE 4
#define DMA_EACH_TURNS 8

static inline bool dma_begin(struct dma_test *test, const char *policy)
{
	bool good = true;
	int i;

	for (i = 0; i < test->options.count; i++) {
		struct dma_function *function = &test->functions[i];

		/* Before the policy holds: the driver maps at any time, and one may fail at once. */
		function->bytes = dma_counter(function->pci, "bytes");
		function->findings = dma_counter(function->pci, "findings");
		function->failed = dma_counter(function->pci, "failed");
		good &= dma_set_policy(function->pci, policy);
	}
	return good;
}

/* Whether the mapper saw at least @bytes for each function, and nothing wrong. */
static inline bool dma_judge(struct dma_test *test, uint64_t bytes)
{
	bool good = true;
	int i;

	for (i = 0; i < test->options.count; i++) {
		struct dma_function *function = &test->functions[i];
		uint64_t mapped = dma_counter(function->pci, "bytes") - function->bytes;
		uint64_t found = dma_counter(function->pci, "findings") - function->findings;

		if (mapped < bytes)
			ktap_note("%s: %" PRIu64 " bytes moved, but %" PRIu64 " mapped",
				  function->pci, bytes, mapped);
		if (found) {
			ktap_note("%s: %" PRIu64 " findings", function->pci, found);
			dma_show(function->pci, "findings");
		}
		good &= mapped >= bytes && !found;
	}
	return good;
}

static inline bool dma_under_policy(struct dma_test *test, const char *policy, uint64_t seed)
{
	uint64_t before = dma_totals.written + dma_totals.read;
	double start = now_seconds();
	bool good;

	good = dma_begin(test, policy);
	good = good && test->io(test->context, seed, false);
	/* What stays mapped for long was so before: half of it is proof enough. */
	good &= dma_judge(test, (dma_totals.written + dma_totals.read - before) / 2);
	if (!good)
		dma_show(test->functions[0].pci, "policy");
	return ktap_ok(good, "%s: %s, %.0f ms", test->functions[0].driver,
		       *policy ? policy : "defaults", 1e3 * (now_seconds() - start));
}

static inline uint64_t dma_failed(struct dma_test *test)
{
	uint64_t failed = 0;
	int i;

	for (i = 0; i < test->options.count; i++)
		failed += dma_counter(test->functions[i].pci, "failed") -
			  test->functions[i].failed;
	return failed;
}

/*
 * With "fail=each" a failure may end what would have come to the next place that maps:
 * so the work is done again, until nothing new fails.
 */
static inline bool dma_io_failing(struct dma_test *test, const char *policy, uint64_t seed)
{
	int turns = strstr(policy, "fail=each:") ? DMA_EACH_TURNS : 1;
	uint64_t before, after = dma_failed(test);
	bool good;

	do {
		before = after;
		good = test->io(test->context, seed, true);
		after = dma_failed(test);
	} while (good && after > before && --turns);
	return good;
}

/* Errors are allowed while mappings fail; wrong data never, and no errors after. */
static inline void dma_with_failures(struct dma_test *test, const char *policy, uint64_t seed)
{
	uint64_t failed;
	bool good;

	good = dma_begin(test, policy);
	good = good && dma_io_failing(test, policy, seed);
	failed = dma_failed(test);
	good &= dma_judge(test, 0) && (failed || strstr(policy, "share") || strstr(policy, "each"));
	ktap_ok(good, "%s: %s, %" PRIu64 " mappings failed", test->functions[0].driver,
		policy, failed);
	dma_under_policy(test, "fail=never", seed + 1);
}

/*
 * A driver at fault: the workload is one that it cannot do under the policy without
 * a finding, so once is enough. That the data is wrong as well does not matter then.
 */
static inline void dma_expect(struct dma_test *test, const char *policy, const char *class)
{
	const char *pci = test->functions[0].pci;
	uint64_t before = dma_counter(pci, class);
	char regex[64];

	snprintf(regex, sizeof(regex), "finding: %s", class);
	expect_begin(regex);
	ktap_need(dma_begin(test, policy), "policy");
	test->io(test->context, test->options.seed, true);
	expect_end();
	dma_show(pci, "findings");
	ktap_ok(dma_counter(pci, class) > before, "%s: %s finds %s", test->functions[0].driver,
		policy, class);
}

/* Takes the driver away: what it leaves behind is in the kernel's log then. */
static inline void dma_unbind(const struct dma_function *function)
{
	char path[128];
	int err;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver/unbind", function->pci);
	if (function->known)
		expect_begin(function->known);
	err = write_text(path, function->pci);
	if (function->known)
		expect_end();
	ktap_ok(!err, "%s: unbound", function->driver);
}

/*
 * Whether the driver maps each entry of a request by itself. nvme does since the
 * block layer has a way to do so.
 */
static inline bool dma_maps_entrywise(const char *driver)
{
	if (!strcmp(driver, "nvme"))
		return !run("grep -q ' blk_rq_dma_map_iter_start' /proc/kallsyms");
	return !strncmp(driver, "virtio", 6);
}

static inline void dma_all_failures(struct dma_test *test)
{
	size_t n = sizeof(dma_failures) / sizeof(*dma_failures), i;

	if (dma_maps_entrywise(test->functions[0].driver))
		n = DMA_FAILURES_ENTRYWISE;
	for (i = 0; i < n; i++)
		dma_with_failures(test, dma_failures[i], test->options.seed + 5000 + 2 * i);
}

static inline void dma_policies(struct dma_test *test)
{
	struct dma_options *options = &test->options;
	unsigned long k;
	char policy[64];
	size_t i;

	for (i = 0; options->words && i < sizeof(dma_words) / sizeof(*dma_words); i++)
		dma_under_policy(test, dma_words[i], options->seed + i);
	for (k = options->first; options->last && k <= options->last; k++) {
		/* Random policies do not watch for syncs that are missing: each third does. */
		snprintf(policy, sizeof(policy), "random,seed=%lu%s", k,
			 k % 3 ? "" : ",sync=watch");
		dma_under_policy(test, policy, options->seed + 1000 + k);
	}
	if (options->expect)
		dma_expect(test, options->policy, options->expect);
	else if (options->policy)
		dma_under_policy(test, options->policy, options->seed);
	if (options->fail)
		dma_all_failures(test);
	if (options->failing)
		dma_with_failures(test, options->failing, options->seed);
}

static inline int dma_run(struct dma_test *test)
{
	struct dma_options *options = &test->options;
	char path[128];
	int i;

	if (options->words || options->last || options->policy || options->fail ||
	    options->failing) {
		for (i = 0; i < options->count; i++)
			ktap_need(dma_mapper_path(test->functions[i].pci, "policy", path,
						  sizeof(path)),
				  "%s (%s) is under the mapper", test->functions[i].pci,
				  test->functions[i].driver);
		dma_policies(test);
		for (i = 0; i < options->count; i++)
			dma_set_policy(test->functions[i].pci, "");
	} else {
		ktap_ok(test->io(test->context, options->seed, false),
			"%s: data is what it was", test->functions[0].driver);
	}
	return 0;
}

/* The line that scripts/puck reads, and the end of the KTAP. */
static inline int dma_end(struct dma_test *test)
{
	int i;

	for (i = 0; test->options.unbind && i < test->options.count; i++)
		dma_unbind(&test->functions[i]);
	printf("puck: bytes written=%" PRIu64 " read=%" PRIu64 " checked=%" PRIu64
	       " mismatches=%" PRIu64 "\n",
	       dma_totals.written, dma_totals.read, dma_totals.checked, dma_totals.mismatches);
	return ktap_end();
}

#endif /* LIB_MAPPER_WORKLOAD_H */
