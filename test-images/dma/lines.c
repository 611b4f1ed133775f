// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which devices puck-dma takes, and when: lines that are wrong, lines that beat one
 * another, a driver whose probe fails, a device that is unplugged.
 *
 * usage: dma_lines ADDRESS VENDOR:DEVICE DRIVER
 */
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/text_file.h"

#include <errno.h>

#define LINES "/sys/kernel/debug/puck-dma/devices"
#define FULL ",layout=ascending,gap=0,guard=1,window=any,reuse=eager,fail=never,sync=coherent,seed=0\n"

static const char *address, *id, *driver;

static bool add(const char *selector, const char *policy)
{
	char line[256];

	snprintf(line, sizeof(line), "%s=%s", selector, policy);
	return !write_text(LINES, line);
}

static int drop(const char *selector)
{
	char line[256];

	snprintf(line, sizeof(line), "-%s", selector);
	return write_text(LINES, line);
}

static void path_of(char *path, size_t size, const char *where, const char *what)
{
	snprintf(path, size, "%s/%s%s%s", where, address, *what ? "/" : "", what);
}

static bool under_mapper(void)
{
	char path[256];

	path_of(path, sizeof(path), "/sys/kernel/debug/puck-dma", "");
	return !access(path, F_OK);
}

/* The policy of the device is the default one but for merge=@merge. */
static bool merges(const char *merge)
{
	char path[256], text[512], want[256];

	path_of(path, sizeof(path), "/sys/kernel/debug/puck-dma", "policy");
	read_text(path, text, sizeof(text));
	snprintf(want, sizeof(want), "merge=%s" FULL, merge);
	if (strcmp(text, want))
		ktap_note("policy: %s", text);
	return !strcmp(text, want);
}

static bool driver_has(const char *what)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/%s", driver, what);
	return !write_text(path, address);
}

static bool wait_mapper(bool under)
{
	unsigned int looks = 0;

	while (under_mapper() != under && patient(&looks))
		;
	return under_mapper() == under;
}

static void bad_lines(void)
{
	static const char *const bad[] = {
		"all", "=merge=all", "all=merge", "all=merge=all,", "0000:02:00=merge=all",
		"0000:02:20.0=merge=all", "0000:02:00.8=merge=all", "0000:02:00.0x=merge=all",
		"8086:=merge=all", "8086:10d3:=merge=all", "every=merge=all",
		"a-selector-that-is-much-longer-than-any=merge=all", "-", "-every",
	};
	char before[4096], after[4096];
	size_t i;
	bool all = true;

	read_text(LINES, before, sizeof(before));
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (write_text(LINES, bad[i]) == -EINVAL)
			continue;
		ktap_note("'%s' was not refused with EINVAL", bad[i]);
		all = false;
	}
	read_text(LINES, after, sizeof(after));
	ktap_ok(all && !strcmp(before, after), "bad lines are refused and change nothing");
	ktap_ok(drop("1234:5678") == -ENOENT, "a line that is not there cannot be removed");
}

static void not_chosen(void)
{
	ktap_ok(driver_has("bind") && !under_mapper(), "a device that no line names is left alone");
	ktap_ok(add(id, "merge=none") && !under_mapper(), "a device that has its driver is left alone");
	driver_has("unbind");
}

static void ranks(void)
{
	ktap_need(driver_has("bind") && under_mapper(), "a line for its id takes it");
	ktap_ok(merges("none"), "with the policy of the line");
	ktap_ok(add("all", "merge=random") && merges("none"), "an id wins over all");
	ktap_ok(add(address, "merge=64K") && merges("65536"), "a function wins over an id");
	ktap_ok(add(id, "merge=4K") && merges("65536"), "even a later one");
	ktap_ok(add(address, "merge=8K") && merges("8192"), "of two alike the later wins");
	ktap_ok(!drop(address) && merges("4096"), "without it the next one holds");
	ktap_ok(!drop(id) && merges("random"), "and the last");
	ktap_ok(!drop("all") && merges("random"), "with none left the device keeps its policy");
	ktap_ok(driver_has("unbind") && !under_mapper(), "until its driver leaves");
}

static void probe_fails(void)
{
	ktap_ok(add(address, "fail=every:1") && !driver_has("bind"),
		"a driver without DMA memory does not bind");
	ktap_ok(wait_mapper(false), "and leaves the mapper");
	ktap_ok(add(address, "merge=none") && driver_has("bind") && under_mapper(),
		"with another policy it does");
}

static void unplug(void)
{
	char path[256];

	path_of(path, sizeof(path), "/sys/bus/pci/devices", "remove");
	ktap_ok(!write_text(path, "1") && !under_mapper(), "an unplugged device leaves the mapper");
	ktap_ok(!write_text("/sys/bus/pci/rescan", "1") && wait_mapper(true) && merges("none"),
		"and comes back to it");
	ktap_ok(driver_has("unbind") && !under_mapper(), "until its driver leaves again");
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: dma_lines ADDRESS VENDOR:DEVICE DRIVER\n");
		return 1;
	}
	address = argv[1];
	id = argv[2];
	driver = argv[3];
	ktap_begin();
	bad_lines();
	not_chosen();
	ranks();
	probe_fails();
	unplug();
	return ktap_end();
}
