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
/* Subtests within subtests, at most */
#define DEPTH		4

/* What fails by itself, and why. */
static const struct {
	const char *module;
	const char *test;
	const char *why;
} excepted[] = {
	{ 0 },
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
		if (excepted[i].module && !strcmp(excepted[i].module, module) &&
		    !strcmp(excepted[i].test, test))
			return excepted[i].why;
	return NULL;
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
	char name[128] = "";
	const char *why;

	why = sscanf(rest, "%*u %127s", name) == 1 ? excuse(module, name) : NULL;
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
	printf("    1..%u\n", count);
	return good && count;
}

static int command(const char *verb, const char *module)
{
	char line[160];
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
	bool loaded, good;
	char *log;

	if (!exists(module)) {
		ktap_skip("this kernel has no such module", module);
		return;
	}
	log = size > 0 ? calloc(1, (size_t)size + 1) : NULL;
	ktap_need(log, "a buffer for the kernel's log");

	klogctl(READ_AND_CLEAR, log, size);
	loaded = !command("modprobe", module);
	len = klogctl(READ_AND_CLEAR, log, size);
	log[len > 0 ? len : 0] = '\0';
	if (!strcmp(module, "dmabuf_selftests"))
		good = pass_on_dmabuf(log);
	else
		good = pass_on_kunit(module, log);
	if (loaded)
		command("rmmod", module);
	free(log);
	ktap_ok(loaded && good, "%s", module);
}

int main(int argc, char **argv)
{
	int i;

	ktap_begin();
	ktap_need(argc > 1, "names of modules");
	/* Absent, or built in, where there are none of these tests either. */
	command("modprobe", "kunit enable=1");
	for (i = 1; i < argc; i++)
		run_module(argv[i]);
	return ktap_end();
}
