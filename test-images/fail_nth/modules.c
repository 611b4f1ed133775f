// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Puck's modules with each allocation failing once: they are loaded and removed,
 * their devices are bound, unbound and unplugged, and what has no program of its
 * own is asked for: rules of mischief, scenarios, the IOMMU's sysfs.
 *
 * To be run with none of them loaded. Two functions of the kernel are spared, as it does
 * not survive their failure: docs/findings.rst.
 * usage: fail_nth_modules [OPERATION [FROM]]
 */
#include "lib/base/array.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/text_file.h"
#include "lib/fail_nth/files.h"
#include "lib/fail_nth/inject.h"
#include "lib/fail_nth/sweep.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#define PCI		"/sys/bus/pci/"
#define IOMMU		"0000:00:02.0"
#define IOMMU_DEVICE	PCI "devices/" IOMMU
#define GPU		"0000:01:00.0"
#define GPU_DEVICE	PCI "devices/" GPU
#define MISCHIEF	FAIL_DEBUGFS "puck-mischief/"
#define SCENARIOS	FAIL_DEBUGFS "puck-scenarios/"

static int fd = -1;

static int open_for_write(const char *path)
{
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : 0;
}

static int done(int ret)
{
	(void)ret;
	close(fd);
	return 0;
}

/* ---- modules ---- */

static const char *module;	/* the one of the sweep, as its file is called */
static const char *parameters;

static int open_module(void)
{
	struct utsname name;
	char path[256];

	uname(&name);
	snprintf(path, sizeof(path), "/lib/modules/%s/puck/%s.ko", name.release, module);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : 0;
}

static const char *kernel_name(void)
{
	static char name[64];
	char *c;

	snprintf(name, sizeof(name), "%s", module);
	for (c = name; *c; c++)
		*c = *c == '-' ? '_' : *c;
	return name;
}

static bool is_loaded(void)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", kernel_name());
	return !access(path, F_OK);
}

static int load(void)
{
	return syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
}

static int unload(void)
{
	return syscall(SYS_delete_module, kernel_name(), O_NONBLOCK) ? -errno : 0;
}

/* What holds a module lets go of it a moment later. */
static int unload_soon(void)
{
	unsigned int looks = 0;
	int ret;

	while ((ret = unload()) == -EAGAIN && patient(&looks))
		;
	return ret;
}

static int after_load(int ret)
{
	close(fd);
	if (is_loaded() != !ret)
		return -EILSEQ;
	return ret ? 0 : unload_soon();
}

static int before_unload(void)
{
	int ret = open_module();

	if (!ret)
		ret = load();
	close(fd);
	return ret;
}

static int after_unload(int ret)
{
	if (is_loaded() != !!ret)
		return -EILSEQ;
	return ret ? unload_soon() : 0;
}

/* Of files in /proc/irq that there was no memory for, when the interrupts go. */
#define IRQ_FILES "remove_proc_entry"

/* What the driver core says when it has no memory for the module's folder of drivers. */
static const int no_folder[] = { EINVAL, 0 };

/*
 * The loader itself is the kernel's: what the module's own init calls is to fail. A cache's
 * file in sysfs loses its name then, docs/findings.rst.
 */
static void sweep_module(const char *name, const char *words)
{
	char loads[64], unloads[64];
	const struct fail_op ops[] = {
		{ .name = loads, .within = "do_one_initcall", .without = "sysfs_slab_add",
		  .before = open_module, .run = load, .after = after_load, .errnos = no_folder },
		{ .name = unloads, .before = before_unload, .run = unload, .after = after_unload },
	};

	module = name;
	parameters = words;
	snprintf(loads, sizeof(loads), "load_%s", name);
	snprintf(unloads, sizeof(unloads), "unload_%s", name);
	fail_sweeps(ops, ARRAY_SIZE(ops));
}

/* ---- the IOMMU ---- */

static bool translates(void)
{
	return !access("/sys/class/iommu/puck-iommu0", F_OK);
}

/*
 * It cannot be bound by name, as nobody shall unbind it: the core is asked to look
 * for a driver. A function that is found by a rescan is bound by that, so the
 * module has to be loaded after it.
 */
static int before_probe(void)
{
	int ret = open_module();

	if (!ret)
		ret = load();
	close(fd);
	return ret ? ret : open_for_write(PCI "drivers_probe");
}

static int run_on_iommu(void)
{
	return fail_write(fd, IOMMU);
}

/* The devices in its charge keep it bound until the function is unplugged. */
static int after_probe(int ret)
{
	bool probed = translates();

	close(fd);
	if (probed)
		ret = write_text(IOMMU_DEVICE "/remove", "1");
	else	/* The core does not tell of a probe that failed. */
		ret = !ret && !fail_active ? -ENODEV : 0;
	if (!ret)
		ret = unload_soon();
	return !ret && probed ? write_text(PCI "rescan", "1") : ret;
}

static void sweep_iommu(void)
{
	static const struct fail_op probe_op = {
		.name = "probe_puck-iommu", .within = "pci_device_probe",
		.without = "iova_domain_init_rcaches", .expect = IRQ_FILES, .before = before_probe, .run = run_on_iommu,
		.after = after_probe,
	};
	static const struct fail_op sysfs_op = {
		.name = "sysfs_puck-iommu", .run = fail_read_files, .after = fail_nothing_to_undo,
	};

	sweep_module("puck-iommu", "");
	fail_sweep(&probe_op);
	ktap_need(!system("modprobe puck-iommu"), "puck-iommu stays");
	ktap_need(!write_text(PCI "drivers_probe", IOMMU) && translates(), "and translates");
	fail_choose_files("/sys/class/iommu/puck-iommu0");
	fail_sweep(&sysfs_op);
}

/* ---- the GPU ---- */

static bool bound(void)
{
	return !access(PCI "drivers/puck/" GPU, F_OK);
}

/* A node that devtmpfs had no memory for is not there: nobody's error. */
static int works(void)
{
	struct drm_puck_submit args;
	struct puck puck;
	int ret = puck_open_pci(&puck, GPU);

	if (ret)
		return 0;
	args = job_empty(puck.queue[0]);
	ret = submit_wait(puck.fd, &args);
	close(puck.fd);
	return ret;
}

static int before_bind(void)
{
	return open_for_write(PCI "drivers/puck/bind");
}

static int run_on_gpu(void)
{
	return fail_write(fd, GPU);
}

static int after_bind(int ret)
{
	close(fd);
	if (bound() != !ret)
		return -EILSEQ;
	if (ret)
		return 0;
	ret = works();
	return write_text(PCI "drivers/puck/unbind", GPU) ?: ret;
}

static int before_unbind(void)
{
	return write_text(PCI "drivers/puck/bind", GPU) ?: open_for_write(PCI "drivers/puck/unbind");
}

static int after_unbind(int ret)
{
	close(fd);
	if (bound() != !!ret)
		return -EILSEQ;
	return ret ? write_text(PCI "drivers/puck/unbind", GPU) : 0;
}

static int before_remove(void)
{
	return write_text(PCI "drivers/puck/bind", GPU) ?: open_for_write(GPU_DEVICE "/remove");
}

static int run_remove(void)
{
	return fail_write(fd, "1");
}

static int after_remove(int ret)
{
	bool there = !access(GPU_DEVICE, F_OK);

	close(fd);
	if (there != !!ret)
		return -EILSEQ;
	/* It comes back with its driver. */
	ret = there ? 0 : write_text(PCI "rescan", "1");
	return ret ? ret : write_text(PCI "drivers/puck/unbind", GPU);
}

/*
 * What the PCI core says when it has no memory: to claim a BAR, to map it, for MSI-X, and
 * for a vector of it.
 */
static const int no_bar_or_irq[] = { EBUSY, EINVAL, ENODEV, ENOSPC, 0 };

static const struct fail_op gpu_ops[] = {
	{ .name = "bind_gpu", .within = "pci_device_probe", .without = "drm_sysfs_minor_alloc",
	  .expect = IRQ_FILES,
	  .before = before_bind, .run = run_on_gpu, .after = after_bind, .errnos = no_bar_or_irq },
	{ .name = "unbind_gpu", .within = "pci_device_remove",
	  .before = before_unbind, .run = run_on_gpu, .after = after_unbind },
	{ .name = "remove_gpu", .within = "pci_device_remove",
	  .before = before_remove, .run = run_remove, .after = after_remove },
};

/* ---- mischief ---- */

static int before_rule(void)
{
	return open_for_write(MISCHIEF "add");
}

static int run_rule(void)
{
	return fail_write(fd, "fence.complete ring=0 nth=1000000 delay=5ms");
}

static int after_rule(int ret)
{
	char id[32];

	done(ret);
	if (ret)
		return 0;
	read_text(MISCHIEF "last-id", id, sizeof(id));
	return write_text(MISCHIEF "remove", id);
}

static int before_rule_goes(void)
{
	int ret = write_text(MISCHIEF "add", "irq.raise vector=1 nth=1000000 drop");

	return ret ? ret : open_for_write(MISCHIEF "remove");
}

static char rule_id[32];

static int run_rule_goes(void)
{
	return fail_write(fd, rule_id);
}

static int before_numbered(void)
{
	int ret = before_rule_goes();

	read_text(MISCHIEF "last-id", rule_id, sizeof(rule_id));
	return ret;
}

static int after_rule_goes(int ret)
{
	done(ret);
	return ret ? write_text(MISCHIEF "remove", rule_id) : 0;
}

static void sweep_mischief(void)
{
	static const struct fail_op ops[] = {
		{ .name = "rule_add", .before = before_rule, .run = run_rule, .after = after_rule },
		{ .name = "rule_remove", .before = before_numbered, .run = run_rule_goes,
		  .after = after_rule_goes },
		{ .name = "rules_read", .run = fail_read_files, .after = fail_nothing_to_undo },
	};

	sweep_module("puck-mischief", "");
	ktap_need(!system("modprobe puck-mischief"), "puck-mischief stays");
	fail_choose_files(MISCHIEF);
	fail_sweeps(ops, ARRAY_SIZE(ops));
}

/* ---- scenarios ---- */

static char scenario[128];

static int before_scenario(void)
{
	return open_for_write(SCENARIOS "run");
}

static int run_scenario(void)
{
	return fail_write(fd, scenario);
}

/* That it could not be played to its end is told by the result, as error -12. */
static int after_scenario(int ret)
{
	char text[1024];

	done(ret);
	if (ret)
		return 0;
	read_text(SCENARIOS "run", text, sizeof(text));
	if (strstr(text, "\nok ") || strstr(text, "# error -12") || strstr(text, "# error -14"))
		return 0;
	ktap_note("%s", strrchr(text, '#') ? strrchr(text, '#') : "no result");
	return -EBADMSG;
}

static void sweep_scenario(const char *name, const char *variant)
{
	char title[80];
	struct fail_op op = {
		/* Short of memory, the kernel's own check of DMA is off from then on. */
		.name = title, .within = "[puck_scenarios]", .without = "add_dma_entry",
		.before = before_scenario, .run = run_scenario,
		.after = after_scenario,
	};

	snprintf(title, sizeof(title), "scenario_%s_%s", name, variant);
	snprintf(scenario, sizeof(scenario), "%s %s %s", name, variant, GPU);
	fail_sweep(&op);
}

static void sweep_scenarios(void)
{
	static const struct fail_op op = {
		.name = "scenarios_read", .run = fail_read_files, .after = fail_nothing_to_undo,
	};
	char list[8192], *name, *kind, *save = NULL;

	/* It needs puck-cam.ko as well, on kernels that have what that is built on. */
	(void)!system("modprobe puck-cam 2>/dev/null");
	sweep_module("puck-scenarios", "");
	ktap_need(!system("modprobe puck-scenarios"), "puck-scenarios stays");
	fail_choose_files(SCENARIOS);
	fail_sweep(&op);
	read_text(SCENARIOS "list", list, sizeof(list));
	for (name = strtok_r(list, "\t", &save); name; name = strtok_r(NULL, "\t", &save)) {
		strtok_r(NULL, "\t", &save);
		strtok_r(NULL, "\t", &save);
		kind = strtok_r(NULL, "\n", &save);
		if (kind && !strcmp(kind, "gpu"))
			sweep_scenario(name, "fixed");
	}
}

int main(int argc, char **argv)
{
	ktap_begin();
	fail_parse(argc, argv);
	if (!fail_init())
		return fail_cannot();
	/* What they stand on comes first, and stays; and its caches are to fail, too. */
	ktap_need(!system("modprobe puck && rmmod puck"), "the modules that puck needs");
	fail_mark_caches();

	ktap_need(!write_text(PCI "drivers_autoprobe", "0"), "no probes by themselves");
	sweep_mischief();
	sweep_iommu();
	sweep_module("puck", "");
	ktap_need(!system("modprobe puck"), "puck stays");
	fail_sweeps(gpu_ops, ARRAY_SIZE(gpu_ops));
	ktap_need(!write_text(PCI "drivers/puck/bind", GPU), "puck has its device");
	sweep_scenarios();
	sweep_module("puck-dma", "devices=1234:11e8=merge=none;all=");
	ktap_need(!system("modprobe puck-dma"), "puck-dma stays");
	sweep_module("puck-dma-edu", "");
	return ktap_end();
}
