// SPDX-License-Identifier: GPL-2.0-only
/*
 * puck-scenarios: driver bugs to be caught. debugfs puck-scenarios/
 *
 *   list    name, mistake and history of each scenario, and the device it is for; "alone": it
 *           runs by name
 *   gpu     the GPUs there are, and which of them an IOMMU translates for
 *   camera  the cameras there are, likewise
 *   run     write "NAME buggy|fixed PCIADDR [late=MS]", read the result as KTAP
 */
#include <linux/debugfs.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "abi/puck_cam.h"
#include "abi/puck_gpu.h"
#include "compat/base.h"
#include "core/scenario.h"

static const struct puck_scenario * const scenarios[] = {
	&puck_pages_mapped_nents,
	&puck_sg_length,
	&puck_unmap_mapped_count,
	&puck_sync_mapped_count,
	&puck_resv_wait_forgotten,
	&puck_sync_missing,
	&puck_use_after_unmap,
	&puck_wrong_direction,
	&puck_wrong_count,
	&puck_stale_iotlb,
	&puck_resv_read_for_write,
	&puck_resv_slot_missing,
	&puck_resv_older_fence,
	&puck_ww_backoff_forgotten,
	&puck_bookkeep_implicit,
	&puck_kernel_fence_skipped,
	&puck_max_seg_undeclared,
	&puck_dma_addr_32bit,
	&puck_alloc_in_signalling,
	&puck_gpu_tlb_not_flushed,
	&puck_pte_outlives_page,
	&puck_vram_not_cleared,
	&puck_page_not_dirtied,
#ifdef CONFIG_MMU_NOTIFIER
	&puck_userptr_not_waited,
	&puck_userptr_wait_locked,
#endif
	&puck_dmabuf_move_ignored,
	&puck_dmabuf_pages_walked,
	&puck_dmabuf_mapping_kept,
	&puck_dmabuf_cpu_access,
	&puck_dmabuf_sync_count,
	&puck_dmabuf_attach_left,
	&puck_dmabuf_pin_locks,
#ifdef PUCK_SCENARIOS_CAMERA
	&puck_cam_plane_size,
	&puck_cam_stride,
	&puck_cam_start_failed,
	&puck_cam_stop_kept,
	&puck_cam_list_late,
	&puck_cam_sequence,
	&puck_cam_format_busy,
	&puck_cam_sync_count,
	&puck_cam_write_fence,
	&puck_cam_read_fence,
	&puck_cam_fence_starved,
	&puck_cam_unplug,
#endif
};

/* The devices, by enum puck_on. */
static const struct {
	const char *name;
	u32 vendor;
	u32 device;
} devices[] = {
	[PUCK_ON_GPU] = { "gpu", PUCK_GPU_PCI_VENDOR, PUCK_GPU_PCI_DEVICE },
	[PUCK_ON_CAMERA] = { "camera", PUCK_CAM_PCI_VENDOR, PUCK_CAM_PCI_DEVICE },
};

#define LATE_MAX_MS	10000

/* What was asked for in a write to "run". */
struct request {
	const struct puck_scenario *scenario;
	bool fixed;
	struct pci_dev *pdev;	/* referenced */
	u64 late_ns;
};

static DEFINE_MUTEX(run_lock);		/* one run at a time; protects result */
static char result[1200];
static struct dentry *folder;

static bool translated(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && (domain->type & __IOMMU_DOMAIN_PAGING);
}

/* Whether a buggy client has to be caught on this device. */
static bool expected(const struct request *req, struct puck_run *run)
{
	if (req->fixed)
		return false;
	if (req->scenario->shown_by == PUCK_SHOWN_BY_LATENESS)
		return run->late_ns;
	if (req->scenario->shown_by == PUCK_SHOWN_BY_MAPPER)
		return run->mapper;
	if (req->scenario->shown_by == PUCK_SHOWN_BY_STALENESS ||
	    req->scenario->shown_by == PUCK_SHOWN_ANYWHERE)
		return true;
	return translated(run->dev);
}

/* Caught or not, as has to be; and where puck-dma has a line for it, by that. */
static bool as_expected(const struct request *req, struct puck_run *run)
{
	if (!expected(req, run))
		return !run->by;
	if (!run->mapper || !req->scenario->finding)
		return run->by;
	return run->by && !strcmp(run->by, PUCK_BY_MAPPER);
}

/* What an IOMMU alone makes of these is its driver's business, not judged here. */
static const char *skip(const struct request *req, struct puck_run *run)
{
	if (req->scenario->shown_by == PUCK_SHOWN_BY_MAPPER && !run->mapper &&
	    translated(run->dev))
		return "behind an IOMMU, but not under puck-dma";
	return req->scenario->skip ? req->scenario->skip(run) : NULL;
}

/* Tell who reads the log which complaints are asked for. */
static void expect_splat(const struct request *req, bool begin)
{
	const char *splat = req->scenario->splat;

	if (req->scenario->fault)
		pr_info("puck-expect: %s %s\n", begin ? "begin" : "end", req->scenario->fault);
	if (req->fixed || (!splat && !req->scenario->finding))
		return;
	if (begin)
		pr_info("puck-expect: begin %s%spuck-dma .*finding\n", splat ?: "",
			splat ? "|" : "");
	else
		pr_info("puck-expect: end\n");
}

/* From setup() to teardown(). */
static int play(const struct request *req, struct puck_run *run)
{
	const struct puck_scenario *scenario = req->scenario;
	int ret;

	ret = scenario->setup(run);
	if (!ret)
		ret = req->fixed ? scenario->fixed(run) : scenario->buggy(run);
	if (!ret)
		scenario->verdict(run);
	if (!ret && !req->fixed && scenario->finding)
		puck_mapper_verdict(run, scenario->finding);
	scenario->teardown(run);
	return ret;
}

static int play_watched(const struct request *req, struct puck_run *run)
{
	int ret;

	puck_ledger_open(run->dev);
	puck_mapper_open(run);
	expect_splat(req, true);
	ret = play(req, run);
	expect_splat(req, false);
	/* Who is right has nothing said of him up to the end. */
	if (!ret && req->fixed)
		puck_mapper_verdict(run, NULL);
	puck_ledger_close();
	return ret;
}

static void report(const struct request *req, struct puck_run *run, int error,
		   const char *skipped)
{
	const char *variant = req->fixed ? "fixed" : "buggy";
	const char *ok = as_expected(req, run) ? "ok" : "not ok";
	int n;

	n = scnprintf(result, sizeof(result),
		      "KTAP version 1\n1..1\n# %s: %s on %s: orig_nents %u, nents %u\n",
		      req->scenario->name, req->scenario->mistake,
		      pci_name(req->pdev), run->orig_nents, run->nents);
	if (skipped)
		scnprintf(result + n, sizeof(result) - n, "ok 1 %s.%s # SKIP %s\n",
			  req->scenario->name, variant, skipped);
	else if (error)
		scnprintf(result + n, sizeof(result) - n, "not ok 1 %s.%s # error %d\n",
			  req->scenario->name, variant, error);
	else if (run->by)
		scnprintf(result + n, sizeof(result) - n, "%s 1 %s.%s # caught by %s: %s\n",
			  ok, req->scenario->name, variant, run->by, run->detail);
	else
		scnprintf(result + n, sizeof(result) - n, "%s 1 %s.%s # %s\n",
			  ok, req->scenario->name, variant,
			  req->fixed ? "silent" : "unnoticed");
}

#ifdef PUCK_SCENARIOS_CAMERA
static int open_camera(struct pci_dev *pdev, struct puck_run *run)
{
	run->camera = puck_cam_client_get(pdev);
	if (IS_ERR(run->camera))
		return PTR_ERR(run->camera);
	run->dev = puck_cam_client_dma_dev(run->camera);
	return 0;
}

static void close_camera(struct puck_run *run)
{
	puck_cam_client_put(run->camera);
}
#else
/* There is no scenario for one then. */
static int open_camera(struct pci_dev *pdev, struct puck_run *run)
{
	return -ENODEV;
}

static void close_camera(struct puck_run *run) { }
#endif

static int open_gpu(struct pci_dev *pdev, struct puck_run *run)
{
	run->client = puck_client_get(pdev);
	if (IS_ERR(run->client))
		return PTR_ERR(run->client);
	run->dev = puck_client_dma_dev(run->client);
	return 0;
}

static int run_request(const struct request *req)
{
	bool camera = req->scenario->on == PUCK_ON_CAMERA;
	struct puck_run run = { .late_ns = req->late_ns };
	const char *skipped;
	int ret;

	ret = camera ? open_camera(req->pdev, &run) : open_gpu(req->pdev, &run);
	if (ret)
		return ret;
	run.mapper = puck_mapper_manages(run.dev);

	skipped = skip(req, &run);
	if (!skipped)
		ret = play_watched(req, &run);
	report(req, &run, ret, skipped);

	if (camera)
		close_camera(&run);
	else
		puck_client_put(run.client);
	return 0;
}

static struct pci_dev *find_device(enum puck_on on, const char *address)
{
	struct pci_dev *pdev = NULL;

	while ((pdev = pci_get_device(devices[on].vendor, devices[on].device, pdev)))
		if (!strcmp(pci_name(pdev), address))
			break;
	return pdev;
}

/* "late=MS"; nothing is the same as 0. */
static int parse_late(const char *word, u64 *late_ns)
{
	unsigned int ms;
	int ret;

	if (!word || !*word)
		return 0;
	if (strncmp(word, "late=", 5))
		return -EINVAL;

	ret = kstrtouint(word + 5, 10, &ms);
	if (ret)
		return ret;
	if (ms > LATE_MAX_MS)
		return -ERANGE;
	*late_ns = (u64)ms * NSEC_PER_MSEC;
	return 0;
}

/* On success the caller puts req->pdev. */
static int parse_request(char *text, struct request *req)
{
	const char *name = strsep(&text, " ");
	const char *variant = strsep(&text, " ");
	const char *address = strsep(&text, " ");
	unsigned int i;
	int ret;

	if (!name || !variant || !address)
		return -EINVAL;

	for (i = 0; i < ARRAY_SIZE(scenarios); i++)
		if (!strcmp(scenarios[i]->name, name))
			req->scenario = scenarios[i];
	req->fixed = !strcmp(variant, "fixed");
	if (!req->scenario || (!req->fixed && strcmp(variant, "buggy")))
		return -EINVAL;

	ret = parse_late(text, &req->late_ns);
	if (ret)
		return ret;

	req->pdev = find_device(req->scenario->on, address);
	return req->pdev ? 0 : -ENODEV;
}

static ssize_t run_write(struct file *file, const char __user *from, size_t size,
			 loff_t *pos)
{
	struct request req = {};
	char text[128];
	int ret;

	if (size >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, from, size))
		return -EFAULT;
	text[size] = '\0';

	ret = parse_request(strim(text), &req);
	if (ret)
		return ret;

	mutex_lock(&run_lock);
	result[0] = '\0';
	ret = run_request(&req);
	mutex_unlock(&run_lock);

	pci_dev_put(req.pdev);
	return ret ?: size;
}

static ssize_t run_read(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	ssize_t ret;

	mutex_lock(&run_lock);
	ret = simple_read_from_buffer(to, size, pos, result, strlen(result));
	mutex_unlock(&run_lock);
	return ret;
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = run_read,
	.write = run_write,
	.llseek = default_llseek,
};

static int list_show(struct seq_file *seq, void *unused)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(scenarios); i++)
		seq_printf(seq, "%s\t%s\t%s\t%s%s\n", scenarios[i]->name,
			   scenarios[i]->mistake, scenarios[i]->history,
			   devices[scenarios[i]->on].name,
			   scenarios[i]->alone ? ", alone" : "");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(list);

static void show_devices(struct seq_file *seq, enum puck_on on)
{
	struct pci_dev *pdev = NULL;

	while ((pdev = pci_get_device(devices[on].vendor, devices[on].device, pdev)))
		seq_printf(seq, "%s\t%s%s\n", pci_name(pdev),
			   translated(&pdev->dev) ? "translated" : "direct",
			   puck_mapper_manages(&pdev->dev) ? "\tpuck-dma" : "");
}

static int gpu_show(struct seq_file *seq, void *unused)
{
	show_devices(seq, PUCK_ON_GPU);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(gpu);

static int camera_show(struct seq_file *seq, void *unused)
{
	show_devices(seq, PUCK_ON_CAMERA);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(camera);

static int __init puck_scenarios_init(void)
{
	int ret = puck_ledger_init();

	if (ret)
		pr_notice("puck-scenarios: no probes (%d), no ledger\n", ret);

	folder = debugfs_create_dir("puck-scenarios", NULL);
	debugfs_create_file("list", 0444, folder, NULL, &list_fops);
	debugfs_create_file("gpu", 0444, folder, NULL, &gpu_fops);
	debugfs_create_file("camera", 0444, folder, NULL, &camera_fops);
	debugfs_create_file("run", 0600, folder, NULL, &run_fops);
	return 0;
}
module_init(puck_scenarios_init);

static void __exit puck_scenarios_exit(void)
{
	debugfs_remove(folder);
	puck_ledger_exit();
}
module_exit(puck_scenarios_exit);

PUCK_IMPORT_NS_DMA_BUF;
MODULE_DESCRIPTION("Driver bugs for Puck to catch, each with its fix");
MODULE_LICENSE("GPL");
