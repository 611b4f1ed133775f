// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * puck-dma.ko and puck-iommu.ko with each allocation failing once: lines, policies
 * and the mapper's debugfs, a device's way under the mapper and back, and all that
 * its driver can ask of the DMA API, under several policies.
 *
 * usage: fail_nth_dma [OPERATION [FROM]]
 */
#include "lib/base/command.h"
#include "lib/base/iommu.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/pci.h"
#include "lib/base/text_file.h"
#include "lib/fail_nth/files.h"
#include "lib/fail_nth/inject.h"
#include "lib/fail_nth/sweep.h"
#include "lib/mapper/device.h"

#include <errno.h>
#include <fcntl.h>

#define LINE "1234:11e8="
#define DRIVER "/sys/bus/pci/drivers/puck-dma-edu/"

/* Ways to map that allocate each in another manner. */
static const char *const policies[] = {
	"", "sync=bounce", "merge=none,layout=shuffled,reuse=quarantine:16", "sync=watch",
};

static char edu[32];
static int fd = -1;

static int open_for_write(const char *path)
{
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : 0;
}

static int open_of_device(const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", edu, file);
	return open_for_write(path);
}

static int open_of_mapper(const char *file)
{
	char path[128];

	dma_mapper_path(edu, file, path, sizeof(path));
	return open_for_write(path);
}

static int done(int ret)
{
	(void)ret;
	close(fd);
	return 0;
}

/* ---- lines and policies ---- */

static int before_lines(void)
{
	return open_for_write(MAPPER "/devices");
}

static int run_line(void)
{
	return fail_write(fd, "8086:1234=merge=none,gap=2");
}

/* A write whose text did not arrive has added nothing. */
static int after_line(int ret)
{
	int gone = fail_write(fd, "-8086:1234");

	close(fd);
	return gone == (ret ? -ENOENT : 0) ? 0 : -EBUSY;
}

static int before_policy(void)
{
	return open_of_mapper("policy");
}

static int run_policy(void)
{
	return fail_write(fd, "layout=shuffled,window=low");
}

static int after_policy(int ret)
{
	done(ret);
	return dma_set_policy(edu, "") ? 0 : -EIO;
}

/* ---- under the mapper and back ---- */

static bool bound(void)
{
	char path[128];

	snprintf(path, sizeof(path), DRIVER "%s", edu);
	return !access(path, F_OK);
}

static bool under_mapper(void)
{
	char path[128];

	return dma_mapper_path(edu, "policy", path, sizeof(path));
}

static int before_bind(void)
{
	return open_for_write(DRIVER "bind");
}

static int run_on_device(void)
{
	return fail_write(fd, edu);
}

/* The mapper leaves a device in a moment of its own when a probe has failed. */
static int mapper_leaves(void)
{
	unsigned int looks = 0;

	while (under_mapper() && patient(&looks))
		;
	return under_mapper() ? -EBUSY : 0;
}

/* A device that cannot come under the mapper has its driver all the same. */
static int after_bind(int ret)
{
	close(fd);
	if (bound() != !ret)
		return -EILSEQ;
	if (!ret)
		ret = write_text(DRIVER "unbind", edu);
	else
		ret = 0;
	return ret ? ret : mapper_leaves();
}

static int before_unbind(void)
{
	int ret = write_text(DRIVER "bind", edu);

	return ret ? ret : open_for_write(DRIVER "unbind");
}

static int after_unbind(int ret)
{
	close(fd);
	if (bound() != !!ret)
		return -EILSEQ;
	if (ret)
		ret = write_text(DRIVER "unbind", edu);
	return ret ? ret : mapper_leaves();
}

/* The group's domain is made anew: only while the device has no driver. */
static int before_domain(void)
{
	int ret = set_domain_type(edu, "identity");

	return ret ? ret : open_of_device("iommu_group/type");
}

static int run_domain(void)
{
	return fail_write(fd, "DMA");
}

static int after_domain(int ret)
{
	char type[32];

	close(fd);
	domain_type(edu, type, sizeof(type));
	return strcmp(type, ret ? "identity" : "DMA") ? -EILSEQ : set_domain_type(edu, "DMA");
}

/* ---- what the driver asks for ---- */

static char dma_case[64];	/* as puck-dma-edu.ko calls it */
static uint64_t findings;

static int before_case(void)
{
	findings = dma_counter(edu, "findings");
	return open_of_device("run");
}

static int run_case(void)
{
	return fail_write(fd, dma_case);
}

static int after_case(int ret)
{
	done(ret);
	if (dma_counter(edu, "live"))
		return -EBUSY;
	return dma_counter(edu, "findings") == findings ? 0 : -EBADMSG;
}

static int before_share(void)
{
	return open_of_device("share");
}

static int run_share(void)
{
	return fail_write(fd, "300000");
}

static int after_share(int ret)
{
	done(ret);
	ret = open_of_device("share");
	if (!ret)
		ret = fail_write(fd, "0");
	close(fd);
	return ret ? ret : dma_counter(edu, "live") ? -EBUSY : 0;
}

static const struct fail_op unbound_ops[] = {
	{ .name = "line", .before = before_lines, .run = run_line, .after = after_line },
	{ .name = "attach", .within = "[puck_dma]",
	  .before = before_bind, .run = run_on_device, .after = after_bind },
	{ .name = "bind", .within = "pci_device_probe",
	  .before = before_bind, .run = run_on_device, .after = after_bind },
	{ .name = "unbind", .before = before_unbind, .run = run_on_device, .after = after_unbind },
	{ .name = "domain", .within = "iommu_setup_default_domain",
	  .without = "iova_domain_init_rcaches",
	  .before = before_domain, .run = run_domain, .after = after_domain },
};

static const struct fail_op bound_ops[] = {
	{ .name = "policy", .before = before_policy, .run = run_policy, .after = after_policy },
	{ .name = "share", .before = before_share, .run = run_share, .after = after_share },
	{ .name = "debugfs", .run = fail_read_files, .after = fail_nothing_to_undo },
};

static void sweep_case(const char *name, const char *policy)
{
	char title[160];
	/* The memory that the driver maps is its own affair. */
	struct fail_op op = {
		.name = title, .within = "[puck_dma]",
		.before = before_case, .run = run_case, .after = after_case,
	};

	snprintf(dma_case, sizeof(dma_case), "%s", name);
	snprintf(title, sizeof(title), "%s%s%s", name, *policy ? ":" : "", policy);
	fail_sweep(&op);
}

/* Under each policy one case of every kind of mapping; under the first one all. */
static void sweep_cases(const char *policy)
{
	static const char *const all[] = {
		"good_page", "good_sg", "good_coherent", "memory_sgtable", "memory_noncontiguous",
		"good_part", "memory_pages", "memory_atomic", "memory_resource",
	};
	size_t n = *policy ? 5 : sizeof(all) / sizeof(*all), i;

	ktap_need(dma_set_policy(edu, policy), "policy '%s'", policy);
	for (i = 0; i < n; i++)
		sweep_case(all[i], policy);
}

int main(int argc, char **argv)
{
	size_t i;

	ktap_begin();
	fail_parse(argc, argv);
	if (!fail_init())
		return fail_cannot();
	ktap_need(pci_find_any(0x1234, 0x11e8, edu, sizeof(edu)), "an edu device");
	ktap_need(!run("modprobe puck-dma") && !run("modprobe puck-dma-edu"), "modules");
	fail_mark_caches();
	write_text(DRIVER "unbind", edu);
	ktap_need(!write_text(MAPPER "/devices", LINE), "edu's line is taken");
	fail_sweeps(unbound_ops, sizeof(unbound_ops) / sizeof(*unbound_ops));
	ktap_need(!write_text(DRIVER "bind", edu) && under_mapper(), "edu is under the mapper");
	fail_choose_files(MAPPER);
	fail_sweeps(bound_ops, sizeof(bound_ops) / sizeof(*bound_ops));
	for (i = 0; i < sizeof(policies) / sizeof(*policies); i++)
		sweep_cases(policies[i]);
	dma_set_policy(edu, "");
	return ktap_end();
}
