/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sweeps: an operation is done again and again, and the n-th allocation or copy
 * from or to user space within it fails, for n = 1, 2, 3, ... until it makes no
 * more than that. The kernel counts for the calling thread alone
 * (/proc/thread-self/fail-nth), so that work of others is not hit.
 *
 * Each time the operation has to succeed all the same, or to fail with -ENOMEM
 * for an allocation and -EFAULT for a copy; and after an error it has to succeed
 * when nothing fails. What is left behind, kmemleak and DMA_API_DEBUG tell.
 */
#ifndef FAIL_NTH_H
#define FAIL_NTH_H

#include "lib/ktap.h"
#include "lib/text_file.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#define FAIL_DEBUGFS	"/sys/kernel/debug/"
#define FAIL_SLAB	"/sys/kernel/slab/"
#define FAIL_MAX	20000	/* sites; more means that it never ends */
#define FAIL_TELL	5	/* complaints about one operation */
#define FAIL_SKIP	4	/* exit status: this kernel cannot */

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

static struct {
	const char *only;	/* the name of one operation */
	unsigned int from;
} fail_options = { .from = 1 };

struct fail_sweep {
	unsigned int hits[FAIL_KINDS];
	unsigned int errors;	/* hits that the operation reported */
	unsigned int bad;
};

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
 * interpreter, which uses objects that it has freed then (docs/findings.rst). So
 * the caches that may fail are marked, and these are not.
 */
static inline bool fail_spared(const char *cache)
{
	static const char *const prefixes[] = { "kmemleak_", "debug_objects_cache", "Acpi-", "." };
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

static inline bool fail_allowed(const struct fail_op *op, int hit, int ret)
{
	const int *more;

	if (!ret || ret == (hit == FAIL_COPY ? -EFAULT : -ENOMEM))
		return true;
	for (more = op->errnos; more && *more; more++)
		if (ret == -*more)
			return true;
	return false;
}

static inline void fail_kmsg(const char *what, const char *more)
{
	char line[192];

	snprintf(line, sizeof(line), "%s%s\n", what, more);
	write_text("/dev/kmsg", line);
}

/* A complaint, and once more with the failing site's stack in the kernel's log. */
__attribute__((format(printf, 5, 6)))
static inline void fail_complain(const struct fail_op *op, struct fail_sweep *sweep, unsigned int n,
				 int hit, const char *fmt, ...)
{
	char what[128];
	va_list ap;
	int ret;

	if (sweep->bad++ >= FAIL_TELL)
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	ktap_note("%s: %u (%s): %s", op->name, n, hit < 0 ? "nothing failed" : fail_kinds[hit],
		  what);
	if (op->before && op->before())
		return;
	fail_kmsg("fail-nth: ", what);
	fail_verbose(true);
	fail_once(op, n, &ret);
	fail_verbose(false);
	op->after(ret);
}

/* When nothing fails it has to be done. */
static inline int fail_never(const struct fail_op *op)
{
	int ret = op->before ? op->before() : 0, end;

	if (ret)
		return ret;
	fail_active = false;
	ret = op->run();
	end = op->after(ret);
	return ret ? ret : end;
}

/* The n-th one: false if the operation has less. */
static inline bool fail_nth(const struct fail_op *op, struct fail_sweep *sweep, unsigned int n)
{
	int ret = op->before ? op->before() : 0, end, hit;

	if (ret) {
		fail_complain(op, sweep, n, -1, "cannot begin: %s", strerror(-ret));
		return false;
	}
	hit = fail_once(op, n, &ret);
	end = op->after(ret);
	if (hit < 0) {
		if (ret || end)
			fail_complain(op, sweep, n, hit, "%s, then %s", strerror(-ret),
				      strerror(-end));
		return false;
	}
	sweep->hits[hit]++;
	sweep->errors += !!ret;
	if (!fail_allowed(op, hit, ret))
		fail_complain(op, sweep, n, hit, "fails with %s", strerror(-ret));
	if (end)
		fail_complain(op, sweep, n, hit, "returns %d and leaves a mess: %s", ret,
			      strerror(-end));
	/* What succeeded in spite of a failure has just shown that it works. */
	ret = ret ? fail_never(op) : 0;
	if (ret)
		fail_complain(op, sweep, n, hit, "does not work afterwards: %s", strerror(-ret));
	return true;
}

static inline double fail_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One operation, one test. */
static inline void fail_sweep_quietly(const struct fail_op *op)
{
	struct fail_sweep sweep = { 0 };
	double start = fail_seconds();
	unsigned int n;
	int ret = fail_never(op);

	if (!ktap_ok(!ret, "%s: works%s%s", op->name, ret ? " not: " : "",
		     ret ? strerror(-ret) : ""))
		return;
	if (!ktap_ok(fail_aim(op), "%s: it is known where it is", op->name))
		return;
	for (n = fail_options.from; n < FAIL_MAX && fail_nth(op, &sweep, n); n++)
		;
	ret = fail_never(op);
	if (ret)
		fail_complain(op, &sweep, n, -1, "does not work at last: %s", strerror(-ret));
	ktap_note("%s: %u slab objects, %u pages, %u copies failed in %.1f s", op->name,
		  sweep.hits[FAIL_SLAB_OBJECT], sweep.hits[FAIL_PAGE], sweep.hits[FAIL_COPY],
		  fail_seconds() - start);
	if (op->within && n == fail_options.from && !sweep.bad) {
		ktap_skip("nothing is allocated there, this time", op->name);
		return;
	}
	ktap_ok(!sweep.bad && n < FAIL_MAX && n > fail_options.from,
		"%s: %u sites failed, %u errors, %u bad", op->name, n - fail_options.from,
		sweep.errors, sweep.bad);
}

/* The same, and what the kernel complains of is announced. */
static inline void fail_sweep(const struct fail_op *op)
{
	if (fail_options.only && strcmp(fail_options.only, op->name))
		return;
	if (op->expect)
		fail_kmsg("puck-expect: begin ", op->expect);
	fail_sweep_quietly(op);
	if (op->expect)
		fail_kmsg("puck-expect: end", "");
}

static inline void fail_sweeps(const struct fail_op *ops, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		fail_sweep(&ops[i]);
}

/* usage: PROGRAM [OPERATION [FROM]] */
static inline void fail_parse(int argc, char **argv)
{
	if (argc > 1)
		fail_options.only = argv[1];
	if (argc > 2)
		fail_options.from = (unsigned int)strtoul(argv[2], NULL, 0);
}

static inline int fail_cannot(void)
{
	ktap_skip("needs FAILSLAB, FAIL_PAGE_ALLOC and FAULT_INJECTION with _USERCOPY, _STACKTRACE_FILTER",
		  "fail-nth");
	ktap_end();
	return FAIL_SKIP;
}

/* ---- what the operations are made of ---- */

/* A write to a file that was opened before: 0 or a negative errno. */
static inline int fail_write(int fd, const char *text)
{
	ssize_t length = (ssize_t)strlen(text), done = write(fd, text, (size_t)length);

	return done == length ? 0 : done < 0 ? -errno : -EIO;
}

/* Open a file and read it to its end. */
static inline int fail_read_file(const char *path)
{
	static char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, text, sizeof(text))) > 0)
		;
	ret = n < 0 ? -errno : 0;
	close(fd);
	return ret;
}

#define FAIL_FILES 64

/* The readable files of a folder and one below; their number. */
static char fail_files[FAIL_FILES][192];
static int fail_nfiles;

static inline void fail_list_files(const char *folder, int depth)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[512];

	while (dir && (entry = readdir(dir)) && fail_nfiles < FAIL_FILES) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_type == DT_DIR && depth)
			fail_list_files(path, depth - 1);
		else if (entry->d_type == DT_REG && strlen(path) < sizeof(fail_files[0]) &&
			 !fail_read_file(path))
			memcpy(fail_files[fail_nfiles++], path, strlen(path) + 1);
	}
	if (dir)
		closedir(dir);
}

/* To be called before the sweep of fail_read_files(). */
static inline void fail_choose_files(const char *folder)
{
	fail_nfiles = 0;
	fail_list_files(folder, 1);
	ktap_note("%d files below %s", fail_nfiles, folder);
}

/* All of them; the first error. */
static inline int fail_read_files(void)
{
	int i, ret = 0;

	for (i = 0; i < fail_nfiles && !ret; i++)
		ret = fail_read_file(fail_files[i]);
	return ret;
}

static inline int fail_nothing_to_undo(int ret)
{
	(void)ret;
	return 0;
}

#endif /* FAIL_NTH_H */
