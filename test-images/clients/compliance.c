// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * v4l2-compliance's results as KTAP:
 *
 *	client_compliance [--known TEXT] ARGUMENTS...
 *
 * Each of its tests is one here, with the lines that it printed before. A test with a
 * warning has failed as well. The last ones are whether its own totals say the same, and
 * its exit status. A test whose first complaint has TEXT in it is skipped: it is
 * v4l2-compliance that is wrong there.
 */
#include <ctype.h>
#include <errno.h>
#include <pty.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/array.h"
#include "lib/base/ktap.h"

/* What v4l2-compliance has said so far. */
struct results {
	char section[128];		/* the heading that the tests are below */
	unsigned int tests, failed, warnings;
	const char *known;		/* TEXT, or NULL */
	unsigned int skipped;		/* for its sake */
	unsigned int open_warnings;	/* since the last test */
	char complaint[256];		/* the first one since then */
	unsigned int totals;		/* lines with totals of a device */
	unsigned int total_tests, total_failed, total_warnings;
};

static char *trimmed(char *line)
{
	char *end = line + strlen(line);

	while (end > line && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*line))
		line++;
	return line;
}

static bool is_known(const struct results *found)
{
	return found->known && !found->open_warnings && strstr(found->complaint, found->known);
}

/* "test NAME: OK", "test NAME: OK (Not Supported)" or "test NAME: FAIL" */
static void take_test(struct results *found, char *text)
{
	char *colon = strrchr(text, ':'), name[256];
	bool failed = strncmp(trimmed(colon + 1), "OK", 2);

	*colon = '\0';
	snprintf(name, sizeof(name), "%s%s%s", found->section, *found->section ? ": " : "", text);
	found->tests++;
	found->failed += failed;
	if (failed && is_known(found)) {
		found->skipped++;
		ktap_skip(found->complaint, name);
	} else {
		ktap_ok(!failed && !found->open_warnings, "%s", name);
	}
	found->open_warnings = 0;
	found->complaint[0] = '\0';
}

static void take_complaint(struct results *found, const char *text)
{
	if (!*found->complaint)
		snprintf(found->complaint, sizeof(found->complaint), "%s", text);
}

/* "Total for NAME device PATH: 47, Succeeded: 47, Failed: 0, Warnings: 0" */
static bool take_total(struct results *found, const char *text)
{
	unsigned int tests, succeeded, failed, warnings;
	const char *numbers = strstr(text, ", Succeeded: ");

	while (numbers && numbers > text && numbers[-1] != ':')
		numbers--;
	if (!numbers || sscanf(numbers, "%u, Succeeded: %u, Failed: %u, Warnings: %u", &tests,
			       &succeeded, &failed, &warnings) != 4)
		return false;
	if (strncmp(text, "Grand ", 6)) {
		found->totals++;
		found->total_tests += tests;
		found->total_failed += failed;
		found->total_warnings += warnings;
	}
	return true;
}

static bool is_test(const char *text)
{
	const char *colon = strrchr(text, ':');

	return !strncmp(text, "test ", 5) && colon &&
	       (!strncmp(colon, ": OK", 4) || !strncmp(colon, ": FAIL", 6));
}

static void take_line(struct results *found, char *line)
{
	bool indented = isspace((unsigned char)*line);
	char *text = trimmed(line);
	size_t length = strlen(text);

	if (!length)
		return;
	if (is_test(text)) {
		take_test(found, text + 5);
		return;
	}
	ktap_note("%s", text);
	if (!strncmp(text, "warn: ", 6)) {
		found->warnings++;
		found->open_warnings++;
	} else if (!strncmp(text, "fail: ", 6)) {
		take_complaint(found, text + 6);
	} else if (!take_total(found, text) && !indented && text[length - 1] == ':') {
		snprintf(found->section, sizeof(found->section), "%.*s", (int)length - 1, text);
	}
}

/* Returns its process; what it says comes from @output. */
static pid_t start(char **arguments, int count, int *output)
{
	char *command[64] = { "client_run", "v4l2-compliance", "--no-progress", "-C", "never" };
	int i, words = 5;
	pid_t pid;

	ktap_need(words + count < (int)ARRAY_SIZE(command), "not too many arguments");
	for (i = 0; i < count; i++)
		command[words++] = arguments[i];
	/*
	 * It forks with lines that it has not written yet, and these would come twice. To a
	 * terminal it writes line by line.
	 */
	pid = forkpty(output, NULL, NULL, NULL);
	ktap_need(pid >= 0, "forkpty: %s", strerror(errno));
	if (!pid) {
		execvp(command[0], command);
		dprintf(STDERR_FILENO, "%s: %s\n", command[0], strerror(errno));
		_exit(127);
	}
	return pid;
}

static void conclude(const struct results *found, int status)
{
	ktap_note("%u tests, %u failed, %u warnings; its totals: %u, %u, %u", found->tests,
		  found->failed, found->warnings, found->total_tests, found->total_failed,
		  found->total_warnings);
	ktap_ok(found->tests && found->totals, "it came to its totals");
	ktap_ok(found->total_tests == found->tests && found->total_failed == found->failed &&
		found->total_warnings == found->warnings, "its totals are what it told of");
	ktap_ok(found->total_failed == found->skipped && !found->total_warnings,
		"0 failed, 0 warnings");
	ktap_ok(WIFEXITED(status) && !WEXITSTATUS(status) == !found->total_failed,
		"its exit status says so, too");
}

int main(int argc, char **argv)
{
	struct results found = { 0 };
	char line[1024];
	int output, status;
	FILE *lines;
	pid_t pid;

	ktap_begin();
	argv++;
	argc--;
	if (argc > 1 && !strcmp(argv[0], "--known")) {
		found.known = argv[1];
		argv += 2;
		argc -= 2;
	}
	pid = start(argv, argc, &output);
	lines = fdopen(output, "r");
	ktap_need(lines, "fdopen");
	/* A terminal that nobody has open any more reads as an error. */
	while (fgets(line, sizeof(line), lines))
		take_line(&found, line);
	ktap_need(waitpid(pid, &status, 0) == pid, "waitpid");
	conclude(&found, status);
	return ktap_end();
}
