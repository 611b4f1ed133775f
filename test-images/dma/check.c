// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What puck-dma finds: puck-dma-edu.ko does each wrong thing once, on a real
 * device behind an IOMMU. Each has to be found as its class and as no other, in
 * a line that names mapping and caller; what is right must not be found.
 *
 *	dma_check [POLICY] [--host|--injected]
 *
 * With --host the host sets policies by puck-iommu's registers, too. With
 * --injected it only sees that faults of a rule of mischief are nobody's fault.
 */
#include "lib/base/command.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/pci.h"
#include "lib/base/text_file.h"

#include <errno.h>
#include <fcntl.h>

#define MAPPER "/sys/kernel/debug/puck-dma"
#define TRACING "/sys/kernel/tracing"
#define ON_FINDING "/sys/module/puck_dma/parameters/on_finding"
#define TAINT_WARN (1ul << 9)
/* What the kernel may say while a case runs: the finding, and the IOMMU's fault. */
#define ASKED "finding: %s: |DMA fault: |DMAR: |fault from EP"

static char edu[32];

static void mapper_path(const char *file, char *path, size_t size)
{
	snprintf(path, size, MAPPER "/%s/%s", edu, file);
}

static uint64_t mapper_counter(const char *name)
{
	char path[256], line[128], *value = NULL;
	uint64_t number = 0;
	FILE *file;

	mapper_path("counters", path, sizeof(path));
	file = fopen(path, "r");
	while (file && !value && fgets(line, sizeof(line), file)) {
		value = strchr(line, ' ');
		if (!value || strncmp(line, name, strlen(name)) || value != line + strlen(name))
			value = NULL;
		else
			number = strtoull(value, NULL, 10);
	}
	if (file)
		fclose(file);
	ktap_need(value, "there is a counter '%s'", name);
	return number;
}

/* The last line of a file of the device's that holds @text. */
static bool last_line(const char *name, const char *text, char *line, size_t size)
{
	char path[256], next[1024];
	bool found = false;
	FILE *file;

	mapper_path(name, path, sizeof(path));
	file = fopen(path, "r");
	while (file && fgets(next, sizeof(next), file)) {
		if (!strstr(next, text))
			continue;
		found = true;
		next[strcspn(next, "\n")] = '\0';
		snprintf(line, size, "%s", next);
	}
	if (file)
		fclose(file);
	return found;
}

static bool has(const char *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static bool has(const char *line, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (strstr(line, text))
		return true;
	ktap_note("no '%s' in: %s", text, line);
	return false;
}

/* What every line of the class says, whoever made the mistake. */
static bool line_is_good(const char *line, const char *name, const char *class)
{
	bool call = !strncmp(class, "unmap-", 6) || !strncmp(class, "sync-", 5);
	bool good = has(line, "puck-dma %s: finding: %s: 0x", edu, class);

	if (call)
		good = good && has(line, ", by edu_%s+0x", name);
	if (!strcmp(class, "access-error"))
		good = good && has(line, ": a mapping failed, and was used, by edu_map_page+0x");
	else if (!strstr(class, "-unknown"))
		good = good && has(line, " ms ago by edu_map_") && has(line, " [puck_dma_edu]");
	if (!strcmp(class, "access-unmapped") || !strcmp(class, "unmap-twice") ||
	    !strcmp(class, "sync-unmapped"))
		good = good && has(line, " ms ago by edu_%s+0x", name);
	if (!strncmp(class, "access-", 7))
		good = good && has(line, ": the device ");
	return good;
}

/* The stack has the function that mapped, whoever called it, and the kernel's around them. */
static bool stacks_are_good(const char *class)
{
	char line[1024];

	if (strstr(class, "-unknown"))
		return true;
	return last_line("stacks", "      edu_map_", line, sizeof(line)) &&
	       last_line("stacks", "      run_store+0x", line, sizeof(line)) &&
	       last_line("stacks", "      kernfs_fop_write_iter+0x", line, sizeof(line));
}

static bool run_case(const char *name)
{
	char path[256];
	int err;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/run", edu);
	err = write_text(path, name);
	if (err)
		ktap_note("%s: %s", name, strerror(-err));
	return !err;
}

/* Waits for the first finding, and then for those that must not come. */
static uint64_t settle(uint64_t before, bool any)
{
	unsigned int looks = 0;

	while (any && mapper_counter("findings") == before && patient(&looks))
		;
	usleep(150000);
	return mapper_counter("findings") - before;
}

static void test_good(const char *name)
{
	uint64_t before = mapper_counter("findings");
	char line[1024] = "";
	bool done = run_case(name);
	uint64_t found = settle(before, false);

	if (found && last_line("findings", "finding", line, sizeof(line)))
		ktap_note("%s", line);
	ktap_ok(done && !found, "%s: nothing is found", name);
}

static void test_bad(const char *name, const char *class)
{
	uint64_t before = mapper_counter("findings"), of_class = mapper_counter(class);
	char asked[128], line[1024] = "";
	uint64_t found;
	bool done;

	snprintf(asked, sizeof(asked), ASKED, class);
	expect_begin(asked);
	done = run_case(name);
	found = settle(before, true);
	expect_end();
	last_line("findings", "finding: ", line, sizeof(line));
	ktap_note("%s", line);
	ktap_ok(done && found == 1 && mapper_counter(class) == of_class + 1,
		"%s: found once, as %s", name, class);
	ktap_ok(line_is_good(line, name, class), "%s: the line names mapping and caller", name);
	ktap_ok(stacks_are_good(class), "%s: with stacks", name);
}

/* Seen when the driver goes; until then it is in the list of mappings. */
static void test_leak(void)
{
	char path[256], line[1024] = "", want[128];
	uint64_t live;
	bool done;
	int log;

	live = mapper_counter("live");
	done = run_case("leak");
	ktap_ok(done && mapper_counter("live") == live + 1 &&
		last_line("mappings", " by edu_leak+0x", line, sizeof(line)) &&
		has(line, "+0x1000 (page, from-device, mapped "), "a live mapping is listed");
	ktap_note("%s", line);

	log = log_open();
	expect_begin("finding: leak: ");
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver/unbind", edu);
	ktap_ok(!write_text(path, edu), "the driver is unbound");
	snprintf(want, sizeof(want), "puck-dma %s: finding: leak: 0x", edu);
	ktap_ok(log_find(log, want, line, sizeof(line)) && has(line, " by edu_leak+0x"),
		"what it left is found");
	expect_end();
	ktap_note("%s", line);
	close(log);
	ktap_ok(!write_text("/sys/bus/pci/drivers/puck-dma-edu/bind", edu), "and bound again");
	mapper_path("mappings", path, sizeof(path));
	ktap_ok(!read_line(path, line, sizeof(line)) || !line[0], "nothing is left of it");
}

static bool policy_has(const char *word)
{
	char path[256], policy[512];

	mapper_path("policy", path, sizeof(path));
	return read_line(path, policy, sizeof(policy)) && strstr(policy, word);
}

/* Seen when the driver goes, if entries are merged and the device has a copy. */
static void test_list_short(void)
{
	bool seen = !policy_has("merge=none") && !policy_has("sync=coherent");
	char path[256], line[1024] = "", want[128];
	bool found;
	int log;

	ktap_ok(run_case("list_short"), "the device writes to first entries alone");
	log = log_open();
	expect_begin("finding: list-short: ");
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver/unbind", edu);
	ktap_ok(!write_text(path, edu), "the driver is unbound");
	snprintf(want, sizeof(want), "puck-dma %s: finding: list-short: 0x", edu);
	found = log_find(log, want, line, sizeof(line));
	expect_end();
	ktap_ok(seen ? found && has(line, " by edu_map_sg+0x") : !found, "that is %sfound",
		seen ? "" : "not ");
	ktap_note("%s", line);
	close(log);
	ktap_ok(!write_text("/sys/bus/pci/drivers/puck-dma-edu/bind", edu), "and bound again");
}

enum suspects {
	SUSPECT_LIST = 1,
	SUSPECT_OWNER = 2,
	SUSPECT_DROP = 4,
};

/* Which suspects the log has when the driver goes, after what is right and may be wrong. */
static unsigned int suspects_told(bool ask)
{
	unsigned int told = 0;
	char path[256], line[1024];
	int log = log_open();

	mapper_path("suspects", path, sizeof(path));
	ktap_need(!ask || !write_text(path, "1"), "suspects can be asked for");
	ktap_need(run_case("good_owner") && run_case("good_drop"), "cases that are good");
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver/unbind", edu);
	ktap_need(!write_text(path, edu), "the driver is unbound");
	while (log_has(log, ": suspect: ", line, sizeof(line))) {
		ktap_note("%s", line);
		if (strstr(line, ": suspect: list-merged: 0x") && strstr(line, "by edu_map_sg+0x"))
			told |= SUSPECT_LIST;
		if (strstr(line, ": suspect: sync-missing: 0x") &&
		    strstr(line, ", by edu_good_owner+0x"))
			told |= SUSPECT_OWNER;
		if (strstr(line, ": suspect: sync-missing: 0x") &&
		    strstr(line, ", by edu_good_drop+0x"))
			told |= SUSPECT_DROP;
	}
	close(log);
	ktap_need(!write_text("/sys/bus/pci/drivers/puck-dma-edu/bind", edu), "and bound again");
	return told;
}

/* What may be wrong is told if somebody asks, as far as the policy shows it. */
static void test_suspects(void)
{
	unsigned int all = policy_has("merge=none") ? 0 : SUSPECT_LIST;

	if (policy_has("sync=watch"))
		all |= SUSPECT_OWNER | SUSPECT_DROP;
	ktap_ok(suspects_told(true) == all, "suspects are told if somebody asks");
	ktap_ok(!suspects_told(false), "and are not if nobody does");
}

/* The driver of Intel's IOMMU lets devices read whatever is mapped, in older kernels. */
static bool reads_anything(const char *name)
{
	return !strcmp(name, "access_read") && !access("/sys/class/iommu/dmar0", F_OK);
}

/*
 * Syncs that nobody calls are looked for with sync=watch alone, what is beside a streaming
 * mapping in its page with copies, and without merging there are no entries left over.
 */
static bool is_looked_for(const char *name, const char *class)
{
	if (!strcmp(class, "sync-missing"))
		return policy_has("sync=watch");
	if (!strcmp(name, "access_beyond"))
		return policy_has("sync=watch") || policy_has("sync=bounce");
	if (!strcmp(name, "access_tail"))
		return !policy_has("merge=none");
	return true;
}

static void test_maybe(const char *name, const char *class)
{
	uint64_t before = mapper_counter("findings"), of_class = mapper_counter(class);
	char asked[128];
	uint64_t found;
	bool done;

	snprintf(asked, sizeof(asked), ASKED, class);
	expect_begin(asked);
	done = run_case(name);
	found = settle(before, false);
	expect_end();
	ktap_ok(done && found <= 1 && mapper_counter(class) == of_class + found,
		"%s: found as %s, if this kernel can", name, class);
}

/* The next mapping fails. */
static void test_error(const char *name, const char *class)
{
	char path[256], policy[512], failing[600];

	mapper_path("policy", path, sizeof(path));
	ktap_need(read_line(path, policy, sizeof(policy)), "a policy");
	snprintf(failing, sizeof(failing), "%s,fail=nth:1", policy);
	ktap_need(!write_text(path, failing), "'%s' is taken", failing);
	test_bad(name, class);
	ktap_need(!write_text(path, policy), "'%s' is taken", policy);
}

static void test_cases(void)
{
	char path[256], line[128], class[64], name[64];
	FILE *cases;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/cases", edu);
	cases = fopen(path, "r");
	ktap_need(cases, "cases of puck-dma-edu");
	while (fgets(line, sizeof(line), cases)) {
		if (sscanf(line, "%63s %63s", name, class) != 2)
			continue;
		if (!strcmp(class, "-") || !is_looked_for(name, class))
			test_good(name);
		else if (!strcmp(class, "access-error"))
			test_error(name, class);
		else if (reads_anything(name))
			test_maybe(name, class);
		else if (strcmp(class, "leak") && strcmp(class, "list-short"))
			test_bad(name, class);
	}
	fclose(cases);
	test_list_short();
	test_suspects();
	test_leak();
}

/* Each step of a mapping's life is an event, and so are a fault and its finding. */
static void test_trace(void)
{
	static const char * const events[] = {
		"puck_dma_map: ", "puck_dma_sync: ", "puck_dma_unmap: ", "puck_dma_fault: ",
		"puck_dma_finding: ",
	};
	char line[1024];
	bool seen[5] = {};
	size_t i, all = 0;
	FILE *trace;

	write_text(TRACING "/trace", "\n");
	ktap_need(!write_text(TRACING "/events/puck_dma/enable", "1"), "trace points");
	test_good("good_page");
	test_bad("access_unmapped", "access-unmapped");
	write_text(TRACING "/events/puck_dma/enable", "0");
	trace = fopen(TRACING "/trace", "r");
	while (trace && fgets(line, sizeof(line), trace))
		for (i = 0; i < 5; i++)
			seen[i] |= strstr(line, events[i]) && strstr(line, edu);
	if (trace)
		fclose(trace);
	for (i = 0; i < 5; i++) {
		all += seen[i];
		if (!seen[i])
			ktap_note("no %s", events[i]);
	}
	ktap_ok(all == 5, "map, sync, unmap, fault and finding are in the trace");
}

/* User space may write anything. */
static void test_words(void)
{
	static const char * const bad[] = {
		"", "\n", "merge", "merge=", "merge=bogus", "merge=12345", "gap=-1", "seed=zz",
		"merge=all,,gap=1", "sync=bounce,random", "merge=all\nmerge=none", "fail=nth:0",
		"reuse=quarantine:65537",
	};
	char path[256], before[512], after[512], big[4096];
	size_t i, refused = 0;

	mapper_path("policy", path, sizeof(path));
	read_line(path, before, sizeof(before));
	for (i = 2; i < sizeof(bad) / sizeof(*bad); i++) {
		if (write_text(path, bad[i]))
			refused++;
		else
			ktap_note("'%s' was taken as a policy", bad[i]);
	}
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	refused += write_text(path, big) == -EINVAL;
	read_line(path, after, sizeof(after));
	ktap_ok(refused == i - 2 + 1 && !strcmp(before, after),
		"a bad policy is refused, and the old one stays");

	ktap_ok(write_text(MAPPER "/devices", "nonsense=merge=all") == -EINVAL &&
		write_text(MAPPER "/devices", "1234:11e8") == -EINVAL &&
		write_text(MAPPER "/devices", "1234:11e8=merge=bogus") == -EINVAL &&
		write_text(MAPPER "/devices", big) == -EINVAL &&
		write_text(MAPPER "/devices", "-ffff:ffff") == -ENOENT, "so is a bad line");
}

static void test_taint(void)
{
	char line[64];

	read_line("/proc/sys/kernel/tainted", line, sizeof(line));
	if (strtoul(line, NULL, 10) & TAINT_WARN) {
		ktap_skip("the kernel is tainted", "on_finding=taint");
		return;
	}
	ktap_ok(write_text(ON_FINDING, "nonsense") == -EINVAL && !write_text(ON_FINDING, "taint"),
		"on_finding takes what it knows");
	test_bad("unmap_size", "unmap-size");
	read_line("/proc/sys/kernel/tainted", line, sizeof(line));
	ktap_ok(strtoul(line, NULL, 10) & TAINT_WARN, "a finding taints the kernel");
	write_text(ON_FINDING, "log");
}

/* A file that is open while its device goes must do no harm. */
static void test_open_file(void)
{
	char path[256], text[64];
	int fd;

	mapper_path("mappings", path, sizeof(path));
	fd = open(path, O_RDONLY);
	ktap_need(fd >= 0, "mappings");
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/remove", edu);
	ktap_ok(!write_text(path, "1"), "the device is removed under an open file");
	ktap_ok(read(fd, text, sizeof(text)) <= 0, "which has nothing more to say");
	close(fd);
	write_text("/sys/bus/pci/rescan", "1");
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/run", edu);
	ktap_ok(!access(path, F_OK), "and comes again");
	test_good("good_page");
}

/* Asks the host for lines in puck-iommu's policy registers, and waits for a policy with @word. */
static bool host_policy(const char *lines, const char *word)
{
	char path[256], line[512];
	unsigned int looks = 0;

	printf("puck-host: qom-set {\"path\": \"/machine/peripheral/iommu0\", \"property\": \"policy\", \"value\": \"%s\"}\n",
	       lines);
	mapper_path("policy", path, sizeof(path));
	do {
		if (read_line(path, line, sizeof(line)) && strstr(line, word))
			return true;
	} while (patient(&looks));
	ktap_note("policy: %s", line);
	return false;
}

/* A function beats the guest's id; an id would not. */
static void test_host(void)
{
	char line[128];

	snprintf(line, sizeof(line), "%s=merge=none,gap=5", edu);
	ktap_ok(host_policy(line, "gap=5"), "the host sets a policy");
	snprintf(line, sizeof(line), "all=gap=1;%s=gap=6", edu);
	ktap_ok(host_policy(line, "gap=6"), "and another one");
	ktap_ok(host_policy("ffff:ffff=gap=7", "gap=0"), "without it the guest's own is back");
}

/* A rule of mischief refuses each access, the driver is right: that is no finding. */
static int test_injected(void)
{
	expect_begin("DMA fault: .*injected");
	test_good("good_coherent");
	expect_end();
	ktap_ok(mapper_counter("faults") && mapper_counter("faults") ==
		mapper_counter("faults-unexplained"), "its faults are counted as unexplained");
	return ktap_end();
}

static void start(const char *policy)
{
	char line[256];

	ktap_need(pci_find_any(0x1234, 0x11e8, edu, sizeof(edu)), "an edu device");
	ktap_need(!run("modprobe puck-dma"), "puck-dma loads");
	snprintf(line, sizeof(line), "1234:11e8=%s", policy);
	ktap_need(!write_text(MAPPER "/devices", line), "'%s' is taken", line);
	ktap_need(!run("modprobe puck-dma-edu"), "puck-dma-edu loads");
	/* Some IOMMUs know a device from when its driver binds. */
	snprintf(line, sizeof(line), PCI_DEVICES "/%s/iommu_group", edu);
	ktap_need(!access(line, F_OK), "it is behind an IOMMU");
	ktap_ok(mapper_counter("faults-heard") == 1, "faults of this IOMMU are heard of");
}

int main(int argc, char **argv)
{
	bool injected = argc > 1 && !strcmp(argv[argc - 1], "--injected");
	bool host = argc > 1 && !strcmp(argv[argc - 1], "--host");
	const char *policy = argc - (host || injected) > 1 ? argv[1] : "";

	ktap_begin();
	start(policy);
	if (injected)
		return test_injected();
	test_cases();
	test_trace();
	test_words();
	if (host)
		test_host();
	test_taint();
	test_open_file();
	return ktap_end();
}
