// SPDX-License-Identifier: MIT
/*
 * puck-mischief.ko: rules are added, listed with their counts, released and
 * removed from within the guest; each way to be refused; windows that come and
 * go. And that a rule from here acts, and acts on what it names alone.
 */
#include "lib/base/clock.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/text_file.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define FOLDER		"/sys/kernel/debug/puck-mischief/"
#define SYS_PCI		"/sys/bus/pci/"
#define SIZE		4096
#define RULES_MAX	64
#define TEXT_MAX	255

static struct puck puck;
static struct bo bo;
static const char *id, *other_id;	/* of this GPU and of the other one */

static char rules[32768];		/* as read last */

static const char *read_rules(void)
{
	read_text(FOLDER "rules", rules, sizeof(rules));
	return rules;
}

static int add(const char *rule)
{
	return write_text(FOLDER "add", rule);
}

static int command(const char *name, unsigned long number)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), FOLDER "%s", name);
	snprintf(text, sizeof(text), "%lu\n", number);
	return write_text(path, text);
}

static unsigned long last_id(void)
{
	char text[32];

	read_text(FOLDER "last-id", text, sizeof(text));
	return strtoul(text, NULL, 10);
}

static const char *error_text(void)
{
	static char text[128];

	read_text(FOLDER "error", text, sizeof(text));
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static unsigned long seen, hits;	/* by counts() */

/* Seen and hits of a rule; false if it is not in the list, or twice. */
static bool counts(unsigned long number)
{
	unsigned long n, s, h;
	char *line, *save = NULL;
	int found = 0;

	seen = 0;
	hits = 0;
	read_rules();
	for (line = strtok_r(rules, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "%lu %lu %lu ", &n, &s, &h) != 3 || n != number)
			continue;
		found++;
		seen = s;
		hits = h;
	}
	return found == 1;
}

static unsigned int number_of_rules(void)
{
	unsigned int lines = 0;
	const char *c;

	for (c = read_rules(); *c; c++)
		lines += *c == '\n';
	return lines;
}

/* What "windows" says of a device; empty if it is not there. */
static const char *window_state(const char *pci)
{
	static char state[16];
	char text[512], *line, *save = NULL;

	state[0] = '\0';
	read_text(FOLDER "windows", text, sizeof(text));
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, pci, strlen(pci)))
			snprintf(state, sizeof(state), "%s", line + strlen(pci) + 1);
	return state;
}

static bool window_becomes(const char *pci, const char *state)
{
	unsigned int looks = 0;

	while (strcmp(window_state(pci), state))
		if (!patient(&looks))
			return false;
	return true;
}

static void test_list(void)
{
	unsigned long first, second;
	char expected[256];

	ktap_ok(!number_of_rules(), "list: there are no rules");
	ktap_ok(!add("fence.complete ring=0 nth=1000000 delay=5ms\n"), "add: a rule and a line's end");
	first = last_id();
	ktap_ok(!add("irq.raise vector=1 prob=1/4 drop"), "add: one without");
	second = last_id();
	ktap_ok(first && second == first + 1, "add: numbers %lu and %lu", first, second);
	snprintf(expected, sizeof(expected), "%lu 0 0 fence.complete ring=0 nth=1000000 delay=5ms\n"
		 "%lu 0 0 irq.raise vector=1 prob=1/4 drop\n", first, second);
	ktap_ok(!strcmp(read_rules(), expected), "list: both, in order, text as it was");
	ktap_ok(!command("remove", first), "remove: the first");
	ktap_ok(number_of_rules() == 1, "list: one is left");
	ktap_ok(command("remove", first) == -ENOENT, "bad_remove: once more");
	ktap_ok(!strcmp(error_text(), "no such rule"), "error: '%s'", error_text());
	ktap_ok(!command("remove", second) && !number_of_rules(), "remove: the second");
	ktap_ok(add("irq.raise drop nth=1000000") == -EINVAL, "bad_add: the action comes last");
	ktap_ok(!add("irq.raise nth=1000000 drop") && last_id() > second, "add: no number twice");
	command("remove", last_id());
}

static void refused(const char *rule, unsigned int column)
{
	char expected[32];
	int ret = add(rule);

	snprintf(expected, sizeof(expected), "column %u", column);
	ktap_ok(ret == -EINVAL && !strcmp(error_text(), expected),
		"bad_rule '%.40s': %s, %s", rule, strerror(-ret), error_text());
}

static int add_bytes(const char *bytes, size_t size)
{
	int fd = open(FOLDER "add", O_WRONLY | O_CLOEXEC);
	ssize_t done;
	int ret;

	if (fd < 0)
		return -errno;
	done = write(fd, bytes, size);
	ret = done < 0 ? -errno : done == (ssize_t)size ? 0 : -EIO;
	close(fd);
	return ret;
}

/* A rule of exactly @len bytes, most of them blanks. */
static void long_rule(char *text, size_t len)
{
	int n = sprintf(text, "fence.complete nth=1000000");

	memset(text + n, ' ', len - (size_t)n);
	memcpy(text + len - strlen("hold"), "hold", strlen("hold") + 1);
}

static void test_hostile(void)
{
	static char huge[1 << 20];
	char text[TEXT_MAX + 3];

	refused("", 0);
	refused("nonsense", 0);
	refused("fence.complete rnig=0 hold", 15);
	refused("fence.complete ring=0 ring=0 hold", 22);
	refused("fence.complete nth=0x hold", 21);
	ktap_ok(add("fence.complete ring=0") == -EINVAL, "bad_rule: no action");
	ktap_ok(add("fence.complete delay=61s") == -EINVAL, "bad_rule: too long a time");
	ktap_ok(add("fence.complete ring=\xc3\xa9 hold") == -EINVAL, "bad_rule: not ASCII");
	ktap_ok(add("irq.raise drop\nirq.raise drop") == -EINVAL, "bad_rule: two lines");
	ktap_ok(add_bytes("irq.raise\0drop", 14) == -EINVAL && !strcmp(error_text(), "column 9"),
		"bad_rule: a zero byte");

	long_rule(text, TEXT_MAX);
	ktap_ok(!add(text), "add: the longest rule");
	/* Shown as it is understood: with one blank between words. */
	ktap_ok(strstr(read_rules(), " fence.complete nth=1000000 hold\n"), "list: the longest rule");
	command("remove", last_id());
	long_rule(text, TEXT_MAX + 1);
	refused(text, TEXT_MAX);
	memset(huge, 'x', sizeof(huge));
	ktap_ok(add_bytes(huge, sizeof(huge)) == -EINVAL, "bad_rule: a mebibyte");

	ktap_ok(command("remove", 0) == -ENOENT, "bad_remove: 0");
	ktap_ok(command("release", 4000000000ul) == -ENOENT, "bad_release: unknown");
	ktap_ok(command("remove", 1ul << 32) == -ENOENT, "bad_remove: beyond 32 bits");
	ktap_ok(write_text(FOLDER "remove", "first\n") == -EINVAL, "bad_remove: a word");
	ktap_ok(write_text(FOLDER "release", "-1\n") == -EINVAL, "bad_release: negative");
	ktap_ok(!number_of_rules(), "nothing came of all that");
}

static void test_full(void)
{
	unsigned long first, number;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < RULES_MAX && !ret; i++)
		ret = add("irq.raise nth=1000000 drop");
	ktap_ok(!ret && number_of_rules() == RULES_MAX, "full: %u rules", i);
	ret = add("irq.raise nth=1000000 drop");
	ktap_ok(ret == -ENOSPC && !strcmp(error_text(), "there are 64 rules"),
		"bad_add: one more (%d, '%s')", ret, error_text());
	ret = 0;
	first = strtoul(read_rules(), NULL, 10);
	for (number = first; number < first + RULES_MAX; number++)
		ret |= command("remove", number);
	ktap_ok(!ret && !number_of_rules(), "full: all removed");
	ktap_ok(!add("irq.raise nth=1000000 drop"), "full: and room again");
	command("remove", last_id());
}

static void test_locked(void)
{
	unsigned long number;

	ktap_need(!add("irq.raise nth=1000000 drop"), "a rule");
	number = last_id();
	printf("puck-host: qom-set {\"path\": \"/machine/peripheral/mischief\", \"property\": \"guest\", \"value\": false}\n");
	ktap_ok(window_becomes(puck.pci, "locked"), "locked: the host has locked the window");
	ktap_ok(add("irq.raise nth=1000000 drop") == -EPERM, "locked: add");
	ktap_ok(!strcmp(error_text(), "locked by the host"), "error: '%s'", error_text());
	ktap_ok(command("remove", number) == -EPERM, "locked: remove");
	ktap_ok(command("release", number) == -EPERM, "locked: release");
	ktap_ok(number_of_rules() == 1, "locked: the list can be read");
	printf("puck-host: qom-set {\"path\": \"/machine/peripheral/mischief\", \"property\": \"guest\", \"value\": true}\n");
	ktap_ok(window_becomes(puck.pci, "open"), "locked: no more");
	ktap_ok(!command("remove", number), "locked: what was refused can be done");
}

static int fill(void)
{
	struct drm_puck_bo_ref ref = ref_write(&bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, 0x5eed);
	struct drm_puck_submit args = job(puck.queue[0], &ref, 1, &cmd, 1);

	return submit_fd(puck.fd, &args);
}

static void test_delay(void)
{
	unsigned long mine, others;
	char rule[96];
	int64_t start;
	int status;

	snprintf(rule, sizeof(rule), "fence.complete device=%s ring=0 nth=2 delay=300ms", id);
	ktap_need(!add(rule), "%s", rule);
	mine = last_id();
	snprintf(rule, sizeof(rule), "fence.complete device=%s delay=60s", other_id);
	ktap_need(!add(rule), "%s", rule);
	others = last_id();

	start = now_ns();
	status = fence_result(fill(), FOREVER_MS);
	ktap_ok(status == 1 && counts(mine) && seen == 1 && !hits,
		"act: the first fence is seen (%lu) and left alone (%lu, %lld ms)", seen, hits,
		(long long)(now_ns() - start) / NSEC_PER_MSEC);
	start = now_ns();
	status = fence_result(fill(), FOREVER_MS);
	ktap_ok(status == 1 && now_ns() - start >= 290 * NSEC_PER_MSEC,
		"act: the second comes late (%lld ms)",
		(long long)(now_ns() - start) / NSEC_PER_MSEC);
	ktap_ok(counts(mine) && seen == 2 && hits == 1, "list: seen %lu, hits %lu",
		seen, hits);
	ktap_ok(counts(others) && !seen && !hits,
		"act: a rule for the other GPU sees nothing");
	ktap_ok(!command("remove", mine) && !command("remove", others), "act: removed");
}

static void test_release(void)
{
	unsigned int looks = 0;
	unsigned long number;
	char rule[96];
	int fence;

	snprintf(rule, sizeof(rule), "fence.complete device=%s nth=1 hold", id);
	ktap_need(!add(rule), "%s", rule);
	number = last_id();
	fence = fill();
	while (counts(number) && !hits && patient(&looks))
		;
	ktap_ok(hits == 1, "release: the rule has what it is for (%lu)", hits);
	ktap_ok(fence >= 0 && fence_wait(fence, 100) == -ETIME, "release: the fence is held");
	ktap_ok(!command("release", number) && !error_text()[0], "release: the word is given");
	ktap_ok(fence_result(fence, FOREVER_MS) == 1, "release: the fence comes");
	ktap_ok(fence_result(fill(), FOREVER_MS) == 1, "release: and the next one");
	ktap_ok(!command("remove", number), "release: removed");

	/* Removing releases, too. */
	ktap_need(!add(rule), "%s", rule);
	fence = fill();
	ktap_ok(fence >= 0 && fence_wait(fence, 100) == -ETIME && !command("remove", last_id()) &&
		fence_result(fence, FOREVER_MS) == 1, "remove: what the rule held goes on");
}

/* Any bit of the command register of a device without a driver. */
static int set_command(const char *pci, bool on, uint16_t bits)
{
	uint16_t value = 0;
	char path[96];
	int fd, ret;

	snprintf(path, sizeof(path), SYS_PCI "devices/%s/config", pci);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = pread(fd, &value, sizeof(value), 4) == sizeof(value) ? 0 : -EIO;
	value = on ? value | bits : value & ~bits;
	if (!ret && pwrite(fd, &value, sizeof(value), 4) != sizeof(value))
		ret = -EIO;
	close(fd);
	return ret;
}

/* The other GPU: without a driver, with its decoding off, away, and back. */
static void test_windows(void)
{
	char pci[32], path[96];
	struct puck other;

	ktap_need(!puck_open_other(&other, &puck), "a second GPU");
	snprintf(pci, sizeof(pci), "%s", other.pci);
	close(other.fd);
	ktap_ok(!strcmp(window_state(pci), "open"), "windows: %s is open", pci);

	ktap_ok(!write_text(SYS_PCI "drivers/puck/unbind", pci) && !strcmp(window_state(pci), "open"),
		"windows: open without a driver");
	ktap_ok(!set_command(pci, false, 1 << 1) && !strcmp(window_state(pci), "silent"),
		"windows: silent while memory decoding is off");
	ktap_ok(!set_command(pci, true, 1 << 1) && !strcmp(window_state(pci), "open"),
		"windows: open when it is on");
	ktap_ok(!write_text(SYS_PCI "drivers/puck/bind", pci) && !strcmp(window_state(pci), "open"),
		"windows: open with its driver");

	snprintf(path, sizeof(path), SYS_PCI "devices/%s/remove", pci);
	ktap_ok(!write_text(path, "1") && !window_state(pci)[0], "windows: not listed when removed");
	ktap_ok(!add("irq.raise nth=1000000 drop") && !command("remove", last_id()),
		"windows: another one does");
	ktap_ok(!write_text(SYS_PCI "rescan", "1") && window_becomes(pci, "open"),
		"windows: found again");
}

/* The first register of a device without a driver. */
static uint32_t read_register(const char *pci)
{
	uint32_t value = 0;
	volatile uint32_t *bar;
	char path[96];
	int fd;

	snprintf(path, sizeof(path), SYS_PCI "devices/%s/resource0", pci);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return 0;
	bar = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (bar != MAP_FAILED) {
		value = *bar;
		munmap((void *)bar, 4096);
	}
	close(fd);
	return value;
}

/* A device that reads as ones, and is plugged in again afterwards. */
static void test_gone(void)
{
	char pci[32], path[96], rule[64];
	struct puck other;

	ktap_need(!puck_open_other(&other, &puck), "a second GPU");
	snprintf(pci, sizeof(pci), "%s", other.pci);
	close(other.fd);
	write_text(SYS_PCI "drivers/puck/unbind", pci);

	snprintf(rule, sizeof(rule), "device device=%s gone", other_id);
	ktap_need(!add(rule), "%s", rule);
	ktap_ok(!strcmp(window_state(pci), "open"), "gone: not by an access to the window");
	ktap_ok(read_register(pci) == 0xffffffff && !strcmp(window_state(pci), "silent"),
		"gone: the window is silent");
	ktap_ok(counts(last_id()) && hits == 1, "gone: by the rule, listed by another window");
	ktap_ok(!command("remove", last_id()), "gone: it can be brought back");

	snprintf(path, sizeof(path), SYS_PCI "devices/%s/remove", pci);
	ktap_ok(!write_text(path, "1") && !write_text(SYS_PCI "rescan", "1") &&
		window_becomes(pci, "open"), "gone: open when it was found again");
}

/* Rules that an interrupted command may have added. */
static void remove_all(void)
{
	char *line, *save = NULL;

	read_rules();
	for (line = strtok_r(rules, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		command("remove", strtoul(line, NULL, 10));
}

static void bind_and_unbind(const char *pci, int times)
{
	while (times--) {
		write_text(SYS_PCI "drivers/puck/unbind", pci);
		write_text(SYS_PCI "drivers/puck/bind", pci);
	}
}

/*
 * The other GPU's driver resets it, and with it its window, while rules come and
 * go, through that very window if the machine has no puck-iommu.
 */
static void test_resets(void)
{
	int done = 0, again = 0, wrong = 0, ret, status;
	char pci[32];
	struct puck other;
	pid_t child;

	ktap_need(!puck_open_other(&other, &puck), "a second GPU");
	snprintf(pci, sizeof(pci), "%s", other.pci);
	close(other.fd);

	child = fork();
	if (!child) {
		bind_and_unbind(pci, 8);
		_exit(0);
	}
	while (!waitpid(child, &status, WNOHANG)) {
		ret = add("irq.raise nth=1000000 drop");
		if (!ret)
			ret = command("remove", last_id());
		done += !ret;
		again += ret == -EAGAIN;
		wrong += ret && ret != -EAGAIN;
	}
	remove_all();
	ktap_ok(done && !wrong, "resets: %d rules came and went, %d were interrupted, %d refused",
		done, again, wrong);
	ktap_ok(window_becomes(pci, "open"), "resets: the window is open");
}

int main(void)
{
	ktap_begin();
	ktap_need(!system("modprobe puck-mischief"), "puck-mischief loads");
	ktap_need(!puck_open_any(&puck), "a puck device");
	ktap_need(!bo_create(puck.fd, &bo, SIZE), "a BO");
	/* gpu0 is behind a port, gpu1 on the root bus. */
	id = strncmp(puck.pci, "0000:00:", 8) ? "gpu0" : "gpu1";
	other_id = strcmp(id, "gpu0") ? "gpu0" : "gpu1";
	ktap_need(window_state(puck.pci)[0], "%s (%s) has a window", id, puck.pci);

	test_list();
	test_hostile();
	test_full();
	test_locked();
	test_delay();
	test_release();
	test_windows();
	test_gone();
	test_resets();
	ktap_ok(!number_of_rules(), "no rule is left behind");
	ktap_ok(!system("rmmod puck-mischief && modprobe puck-mischief"), "the module goes and comes");
	bo_close(puck.fd, &bo);
	return ktap_end();
}
