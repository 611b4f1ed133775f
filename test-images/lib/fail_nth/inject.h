/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the n-th allocation or copy from or to user space of the calling thread fail.
 * The kernel counts for this thread alone (/proc/thread-self/fail-nth), so that work
 * of others is not hit.
 */
#ifndef LIB_FAIL_NTH_INJECT_H
#define LIB_FAIL_NTH_INJECT_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/text_file.h"

#define FAIL_DEBUGFS	"/sys/kernel/debug/"
#define FAIL_SLAB	"/sys/kernel/slab/"

/**
 * struct fail_op - an operation whose every allocation fails once
 * @name: of the test
 * @within: only what this calls is to fail: a function of the kernel, or all of a
 *	loaded module, as "[puck]"; NULL: everything
 * @without: a function of the kernel, and what it calls is not to fail; may be NULL
 * @expect: what the kernel's own code complains of meanwhile, a regular expression
 * @before: without failures, before each time; 0 or a negative errno
 * @run: with one failure; 0 or a negative errno
 * @after: without failures, after each time: checks, and undoes what @run and
 *	@before did. Gets what @run returned. 0 or a negative errno
 * @errnos: what @run may return besides, with a zero at the end; may be NULL
 */
struct fail_op {
	const char *name;
	const char *within;
	const char *without;
	const char *expect;
	int (*before)(void);
	int (*run)(void);
	int (*after)(int ret);
	const int *errnos;
};

/* What can fail, by the kernel's name for it. */
enum fail_kind { FAIL_SLAB_OBJECT, FAIL_PAGE, FAIL_COPY, FAIL_KINDS };

static const char *const fail_kinds[FAIL_KINDS] = {
	"failslab", "fail_page_alloc", "fail_usercopy"
};

/* The kernel counts them down; the difference tells what was hit. */
static long fail_times[FAIL_KINDS];
static int fail_fd = -1;
static bool fail_active;	/* for @after: whether something was to fail in @run */

static inline int fail_attr(enum fail_kind kind, const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), FAIL_DEBUGFS "%s/%s", fail_kinds[kind], file);
	return write_text(path, text);
}

static inline long fail_left(enum fail_kind kind)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), FAIL_DEBUGFS "%s/times", fail_kinds[kind]);
	read_text(path, text, sizeof(text));
	return strtol(text, NULL, 10);
}

/* Where code lies: as /proc/kallsyms has it. */
struct fail_range {
	uint64_t start, end;
};

static inline bool fail_same_name(const char *name, const char *symbol, const char *module)
{
	return name[0] == '[' ? !strcmp(name, module) : !*module && !strcmp(name, symbol);
}

/*
 * From the first to behind the last function of a module, or a function up to the
 * next one. Empty if there is no such name, or more than one function has it.
 */
static inline struct fail_range fail_find_code(const char *name)
{
	FILE *file = fopen("/proc/kallsyms", "r");
	struct fail_range range = { UINT64_MAX, 0 };
	char line[512], type, symbol[256], module[128];
	uint64_t address, next = UINT64_MAX;
	int found = 0;

	while (file && fgets(line, sizeof(line), file)) {
		*module = '\0';
		if (sscanf(line, "%" SCNx64 " %c %255s %127s", &address, &type, symbol, module) < 3 ||
		    !strchr("tTwW", type) || !fail_same_name(name, symbol, module))
			continue;
		range.start = address < range.start ? address : range.start;
		range.end = address > range.end ? address : range.end;
		found++;
	}
	if (!found || (found > 1 && name[0] != '[')) {
		if (file)
			fclose(file);
		return (struct fail_range){ 0 };
	}
	rewind(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%" SCNx64, &address) == 1 && address > range.end && address < next)
			next = address;
	fclose(file);
	/* Behind a module's last function there is at most the rest of a page. */
	range.end = name[0] == '[' ? (range.end | 4095) + 1 : next;
	return range;
}

static inline void fail_set_range(const char *start, const char *end, struct fail_range range)
{
	char text[32];
	int kind;

	for (kind = 0; kind < FAIL_KINDS; kind++) {
		snprintf(text, sizeof(text), "0x%" PRIx64, range.start);
		fail_attr(kind, start, text);
		snprintf(text, sizeof(text), "0x%" PRIx64, range.end);
		fail_attr(kind, end, text);
	}
}

/* What of the operation is to fail. False if there is no such code. */
static inline bool fail_aim(const struct fail_op *op)
{
	struct fail_range all = { 0, UINT64_MAX }, none = { 0, 0 };
	struct fail_range within = op->within ? fail_find_code(op->within) : all;
	struct fail_range without = op->without ? fail_find_code(op->without) : none;

	fail_set_range("require-start", "require-end", within);
	fail_set_range("reject-start", "reject-end", without);
	return within.end && (!op->without || without.end);
}

static inline void fail_verbose(bool verbose)
{
	int kind;

	for (kind = 0; kind < FAIL_KINDS; kind++)
		fail_attr(kind, "verbose", verbose ? "2" : "0");
}

/*
 * The memory of kmemleak and of debugobjects themselves is not to fail: they have a
 * reserve, and switch themselves off when that is gone. Nor is that of the ACPI
 * interpreter and of the allocator of VRAM, which use then what they have freed
 * (docs/findings.rst). So the caches that may fail are marked, and these are not.
 */
static inline bool fail_spared(const char *cache)
{
	static const char *const prefixes[] = {
		"kmemleak_", "debug_objects_cache", "Acpi-", "gpu_buddy_block", "drm_buddy_block", "."
	};
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(cache, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

static inline void fail_mark_caches(void)
{
	DIR *dir = opendir(FAIL_SLAB);
	struct dirent *entry;
	char path[512];

	while (dir && (entry = readdir(dir))) {
		if (fail_spared(entry->d_name))
			continue;
		snprintf(path, sizeof(path), FAIL_SLAB "%s/failslab", entry->d_name);
		write_text(path, "1");
	}
	if (dir)
		closedir(dir);
	fail_attr(FAIL_SLAB_OBJECT, "cache-filter", "1");
}

/* False if this kernel cannot make allocations fail. */
static inline bool fail_init(void)
{
	int kind;

	fail_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_fd < 0)
		return false;
	for (kind = 0; kind < FAIL_KINDS; kind++) {
		fail_attr(kind, "probability", "0");
		fail_attr(kind, "times", "1000000000");
		fail_times[kind] = fail_left(kind);
		if (fail_times[kind] != 1000000000)
			return false;
	}
	fail_attr(FAIL_SLAB_OBJECT, "ignore-gfp-wait", "N");
	fail_attr(FAIL_PAGE, "ignore-gfp-wait", "N");
	fail_attr(FAIL_PAGE, "ignore-gfp-highmem", "N");
	fail_attr(FAIL_PAGE, "min-order", "0");
	for (kind = 0; kind < FAIL_KINDS; kind++)
		if (fail_attr(kind, "stacktrace-depth", "32"))
			return false;
	fail_mark_caches();
	fail_verbose(false);
	/* What this program itself touches must be there already. */
	return !mlockall(MCL_CURRENT);
}

/* Do it with the @n-th one failing. Returns what failed, -1 if nothing did. */
static inline int fail_once(const struct fail_op *op, unsigned int n, int *ret)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", n);
	int kind, hit = -1;
	bool late;

	if (pwrite(fail_fd, text, (size_t)length, 0) != length) {
		*ret = -errno;
		return -1;
	}
	fail_active = true;
	*ret = op->run();
	/* That this fails means that the count came to its end only here. */
	late = pwrite(fail_fd, "0", 1, 0) != 1;
	for (kind = 0; kind < FAIL_KINDS; kind++) {
		long left = fail_left(kind);

		if (left != fail_times[kind] && !late)
			hit = kind;
		fail_times[kind] = left;
	}
	return hit;
}

#endif /* LIB_FAIL_NTH_INJECT_H */
