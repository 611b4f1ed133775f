// SPDX-License-Identifier: GPL-2.0-only
/*
 * puck-iommu.ko from sysfs: attributes, groups, strict and lazy at run time,
 * and a module that does not leave while devices need it.
 *
 * Wants an edu device in charge, with no driver.
 */
#include "lib/base/iommu.h"
#include "lib/base/ktap.h"
#include "lib/base/pci.h"
#include "lib/base/text_file.h"

#include <errno.h>
#include <sys/syscall.h>

static const char * const counters[] = {
	"translations", "hits", "walks", "faults", "faults_lost", "commands", "invalidations",
	"evictions", "stale_hits", "iotlb_entries", "stale_uses",
};

static void test_attributes(void)
{
	char line[256];
	size_t i;

	ktap_ok(read_line(PUCK_SYSFS "/iotlb_capacity", line, sizeof(line)) && atoi(line) > 0,
		"the capacity of the IOTLB is told (%s)", line);
	ktap_ok(read_line(PUCK_SYSFS "/scope", line, sizeof(line)) && strlen(line) == 10,
		"a bus in charge is told (%s)", line);
	for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		counter(counters[i]);
	ktap_ok(true, "all counters can be read");
	ktap_ok(counter("commands") >= 2, "commands were counted");
	ktap_ok(counter("walks") <= counter("translations"), "no more walks than translations");
}

static void test_trace_points(void)
{
	static const char * const events[] = { "map", "unmap", "flush", "command", "fault" };
	char path[128];
	size_t i, there;

	for (i = 0, there = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/tracing/events/puck_iommu/puck_iommu_%s",
			 events[i]);
		there += !access(path, F_OK);
	}
	ktap_ok(there == i, "%zu of %zu trace points are there", there, i);
}

static void test_audit(void)
{
	char line[16];

	ktap_ok(!write_text(PUCK_SYSFS "/audit", "1") &&
		read_line(PUCK_SYSFS "/audit", line, sizeof(line)) && !strcmp(line, "1"),
		"audit can be switched on");
	ktap_ok(!write_text(PUCK_SYSFS "/audit", "0") &&
		read_line(PUCK_SYSFS "/audit", line, sizeof(line)) && !strcmp(line, "0"),
		"and off");
	ktap_ok(write_text(PUCK_SYSFS "/audit", "perhaps") == -EINVAL, "bad_audit is refused");
}

static void test_types(const char *edu)
{
	static const char * const types[] = { "DMA", "DMA-FQ", "identity", "DMA", "DMA-FQ" };
	char type[32];
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		int err = set_domain_type(edu, types[i]);

		domain_type(edu, type, sizeof(type));
		ktap_ok(!err && !strcmp(type, types[i]), "the domain of %s becomes %s (%s, errno %d)",
			edu, types[i], type, -err);
	}
	ktap_ok(set_domain_type(edu, "nonsense") == -EINVAL, "bad_type is refused");
}

/* Unplugged, a device leaves its group; plugged in again, it is translated again. */
static void test_replug(const char *edu)
{
	char path[512], type[32];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/remove", edu);
	ktap_ok(!write_text(path, "1") && !pci_in_charge(edu), "%s is taken away", edu);
	ktap_ok(!write_text("/sys/bus/pci/rescan", "1") && pci_in_charge(edu), "and comes back");
	domain_type(edu, type, sizeof(type));
	ktap_ok(!strncmp(type, "DMA", 3), "into a translated domain (%s)", type);
}

static void test_rmmod(void)
{
	long ret = syscall(SYS_delete_module, "puck_iommu", O_NONBLOCK);

	ktap_ok(ret < 0 && (errno == EAGAIN || errno == EBUSY),
		"the module stays while devices need it (errno %d)", ret < 0 ? errno : 0);
	ktap_ok(access("/sys/bus/pci/drivers/puck-iommu/unbind", F_OK) < 0,
		"nobody can unbind it by hand");
}

int main(void)
{
	char edu[64];

	ktap_begin();
	ktap_need(access(PUCK_SYSFS, F_OK) == 0, "puck-iommu0 is there");
	test_attributes();
	test_trace_points();
	test_audit();
	if (pci_find(0x1234, 0x11e8, true, edu, sizeof(edu))) {
		test_types(edu);
		test_replug(edu);
	} else {
		ktap_skip("no edu device in charge", "types of domains");
	}
	test_rmmod();
	return ktap_end();
}
