// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own tests of what Puck's drivers are built on, each a module that tests when
 * it is loaded and tells the kernel's log:
 *
 *	kernel_tests MODULE...
 *
 * A module that this kernel does not have is skipped, and so is a test that is known to fail
 * for a reason that is not Puck's: the table is excepted[].
 */
#include "lib/base/array.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/text_file.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#define READ_AND_CLEAR	4	/* of klogctl() */
#define BUFFER_SIZE	10
#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
/* Subtests within subtests, at most */
#define DEPTH		4

/*
 * What fails by itself, and why. Of dma-buf's a test is not run at all: behind one that fails
 * there is no other. KUnit's are run, and what they say is told otherwise.
 */
static const struct {
	const char *module;
	const char *test;
	const char *why;
} excepted[] = {
	/*
	 * Each of 4096 nodes has a callback on the latest fence of its chain that has not ended.
	 * When these end in another order than they begun in, each end has all nodes before it
	 * look for another one: millions of interrupts, which take hours on an emulated CPU with
	 * lockdep. (signal_backward does the same with 64 nodes.)
	 */
	{ "dmabuf_selftests", "dma_fence_chain/wait_backward", "8 million interrupts" },
	{ "dmabuf_selftests", "dma_fence_chain/wait_random", "millions of interrupts" },
	/* ttm_bo_validate_move_fence_not_signaled: with no_wait_gpu, which it is to find late. */
	{ "ttm_bo_validate_test", "Tries to lock straight away",
	  "its fence signals after 20 ms, on a slow machine before it is looked at" },
};

/* Complaints of the kernel that come with tests that are good, and why they do. */
static const struct {
	const char *module;
	const char *splat;	/* a regular expression, as behind "puck-expect: begin" */
} complaints[] = {
	/* In 6.12 its tests call these without the lock of the BO, which lockdep asserts. */
	{ "drm_gem_shmem_test",
	  "RIP: 0010:drm_gem_shmem_(vmap|vunmap|get_pages|put_pages|madvise|purge)[+]" },
	/* They map more than 64 KiB at once for a device that has declared nothing. */
	{ "drm_gem_shmem_test", "RIP: 0010:debug_dma_map_sg[+]" },
	/* That it warns of a device without an address space is what is tested. */
	{ "ttm_device_test", "RIP: 0010:ttm_device_init[+]" },
	/* And of a ticket where nobody waits. */
	{ "ttm_bo_test", "RIP: 0010:ttm_bo_reserve_no_wait_ticket[+]" },
};

/* What stood in the log so far, one level of indentation each. */
static struct level {
	unsigned int failed;
	unsigned int excused;
} levels[DEPTH + 1];

static const char *excuse(const char *module, const char *test)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(excepted); i++)
		if (!strcmp(excepted[i].module, module) && !strcmp(excepted[i].test, test))
			return excepted[i].why;
	return NULL;
}

/* For the module's parameter st_filter, so that it leaves them out. */
static void excepted_filter(char *filter, size_t size)
{
	size_t i, len = 0;

	for (i = 0; i < ARRAY_SIZE(excepted) && len < size; i++)
		if (!strcmp(excepted[i].module, "dmabuf_selftests"))
			len += (size_t)snprintf(filter + len, size - len, "%s!%s", len ? "," : "",
						excepted[i].test);
}

/* "[    1.234567] " and "<6>" are of the log, not of the line. */
static char *without_stamp(char *line)
{
	char *end;

	if (*line == '<')
		line += strcspn(line, ">") + 1;
	end = strchr(line, ']');
	if (*line == '[' && end)
		line = end + (end[1] == ' ' ? 2 : 1);
	return line;
}

/*
 * A result of KUnit, as it is, if it is good or no excuse is known. One that failed since
 * subtests of it did is as good as these.
 */
static void pass_on_result(const char *module, const char *line, unsigned int depth)
{
	struct level *level = &levels[depth], *below = &levels[depth + 1];
	const char *rest = strstr(line, "ok ") + strlen("ok ");
	const char *why = excuse(module, rest + strspn(rest, "0123456789 "));

	if (!strncmp(line + strspn(line, " "), "ok ", 3)) {
		printf("    %s\n", line);
	} else if (below->excused && !below->failed) {
		level->excused++;
		printf("%*sok %s\n", 4 * (depth + 1), "", rest);
	} else if (why) {
		level->excused++;
		printf("%*sok %s # SKIP fails: %s\n", 4 * (depth + 1), "", rest, why);
	} else {
		level->failed++;
		printf("    %s\n", line);
	}
	memset(below, 0, sizeof(*below));
}

static bool is_result(const char *line)
{
	line += strspn(line, " ");
	return (!strncmp(line, "ok ", 3) && isdigit(line[3])) ||
	       (!strncmp(line, "not ok ", 7) && isdigit(line[7]));
}

/* Returns whether the last suite of the module has come to its end, and all is well. */
static bool pass_on_kunit(const char *module, char *log)
{
	char *line, *save = NULL;
	bool ended = false;

	memset(levels, 0, sizeof(levels));
	for (line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned int depth;

		line = without_stamp(line);
		depth = (unsigned int)strspn(line, " ") / 4;
		if (!is_result(line) || depth >= DEPTH) {
			printf("    %s\n", line);
			continue;
		}
		pass_on_result(module, line, depth);
		ended = !depth;
	}
	return ended && !levels[0].failed;
}

/*
 * dma-buf's say what they begin with, "dma-buf: Running GROUP/TEST", and what failed; behind
 * that nothing of the module runs.
 */
static bool pass_on_dmabuf(char *log)
{
	char *line, *name, *save = NULL, running[128] = "";
	unsigned int count = 0;
	bool good = true;
	size_t i;

	for (line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		line = without_stamp(line);
		name = strstr(line, "dma-buf: Running ");
		if (name || strstr(line, " failed with error ")) {
			good = good && name;
			if (running[0])
				printf("    %sok %u %s\n", name ? "" : "not ", ++count, running);
			running[0] = '\0';
		}
		if (name && strchr(name, '/'))
			snprintf(running, sizeof(running), "%s", name + strlen("dma-buf: Running "));
		printf("    # %s\n", line);
	}
	if (running[0])
		printf("    ok %u %s\n", ++count, running);
	good = good && count;
	for (i = 0; i < ARRAY_SIZE(excepted); i++)
		if (!strcmp(excepted[i].module, "dmabuf_selftests"))
			printf("    ok %u %s # SKIP %s\n", ++count, excepted[i].test, excepted[i].why);
	printf("    1..%u\n", count);
	return good;
}

/*
 * TTM's tests do not give back all that they have made: page lists, files of shmem. kmemleak is
 * asked for it here, and is to forget it, so that what it finds later is of somebody else.
 */
static void forget_leaks(void)
{
	static char text[1 << 20];
	unsigned int count = 0;
	char *at;

	/* It may not be there, or be off: then it takes no orders. */
	if (write_text(KMEMLEAK, "stack=on"))
		return;
	expect_begin("kmemleak: [0-9]+ new suspected");
	/* It spares objects younger than 5 s, and needs two looks to be sure. */
	sleep(5);
	write_text(KMEMLEAK, "scan");
	sleep(1);
	write_text(KMEMLEAK, "scan");
	read_text(KMEMLEAK, text, sizeof(text));
	for (at = text; (at = strstr(at, "unreferenced object")); at++)
		count++;
	write_text(KMEMLEAK, "clear");
	expect_end();
	ktap_note("TTM's tests have left %u objects behind", count);
}

/* Brackets in the kernel's log, for whoever judges that. */
static void expect_complaints(const char *module, bool begin)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(complaints); i++) {
		if (strcmp(complaints[i].module, module))
			continue;
		if (begin)
			expect_begin(complaints[i].splat);
		else
			expect_end();
	}
}

static int command(const char *verb, const char *module)
{
	char line[512];
	int status;

	snprintf(line, sizeof(line), "%s %s", verb, module);
	status = system(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Whether there is such a module: modprobe would not say why it has failed. */
static bool exists(const char *module)
{
	struct utsname name;
	char line[256];

	uname(&name);
	snprintf(line, sizeof(line), "grep -q '/%s\\.ko:' /lib/modules/%s/modules.dep", module,
		 name.release);
	return !system(line);
}

static void run_module(const char *module)
{
	int size = klogctl(BUFFER_SIZE, NULL, 0), len;
	bool loaded, good, dmabuf = !strcmp(module, "dmabuf_selftests");
	char *log, words[256] = "", filter[192] = "";

	if (!exists(module)) {
		ktap_skip("this kernel has no such module", module);
		return;
	}
	log = size > 0 ? calloc(1, (size_t)size + 1) : NULL;
	ktap_need(log, "a buffer for the kernel's log");

	expect_complaints(module, true);
	klogctl(READ_AND_CLEAR, log, size);
	if (dmabuf)
		excepted_filter(filter, sizeof(filter));
	snprintf(words, sizeof(words), "%s %s%s", module, dmabuf ? "st_filter=" : "", filter);
	loaded = !command("modprobe", words);
	len = klogctl(READ_AND_CLEAR, log, size);
	log[len > 0 ? len : 0] = '\0';
	expect_complaints(module, false);
	good = dmabuf ? pass_on_dmabuf(log) : pass_on_kunit(module, log);
	if (loaded)
		command("rmmod", module);
	free(log);
	ktap_ok(loaded && good, "%s", module);
}

int main(int argc, char **argv)
{
	bool ttm = false;
	int i;

	ktap_begin();
	ktap_need(argc > 1, "names of modules");
	/* Absent, or built in, where there are none of these tests either. */
	command("modprobe", "kunit enable=1");
	for (i = 1; i < argc; i++) {
		run_module(argv[i]);
		ttm = ttm || !strncmp(argv[i], "ttm_", 4);
	}
	if (ttm)
		forget_leaks();
	return ktap_end();
}
