// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/puck-dma, section "debugfs" of docs/dma.rst.
 *
 * What is long is copied out piece by piece, so that no lock is held while it is
 * printed. debugfs_remove() waits for whoever is in one of these functions, and
 * lets nobody in afterwards: so a device is there while its files are read.
 */

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "attach.h"
#include "check/checks.h"
#include "check/find.h"
#include "check/finding.h"
#include "check/history.h"
#include "core/device.h"
#include "core/mapping.h"
#include "core/record.h"
#include "core/stack.h"
#include "debugfs.h"
#include "policy/lines.h"
#include "policy/policy.h"

/* The longest line that somebody may write: a selector and a policy. */
#define DEBUGFS_LINE	(PUCK_DMA_POLICY_TEXT + 64)

static struct dentry *debugfs_root;

/* One line from user space, without its end; to be freed. */
static char *debugfs_line(const char __user *buf, size_t size)
{
	char *line, *end;

	if (!size || size > DEBUGFS_LINE)
		return ERR_PTR(-EINVAL);
	line = memdup_user_nul(buf, size);
	if (IS_ERR(line))
		return line;
	end = line + strlen(line);
	if (end != line + size) {
		kfree(line);
		return ERR_PTR(-EINVAL);
	}
	if (end[-1] == '\n')
		*--end = 0;
	if (strchr(line, '\n')) {
		kfree(line);
		return ERR_PTR(-EINVAL);
	}
	return line;
}

static int devices_show(struct seq_file *s, void *data)
{
	puck_dma_lines_show(s);
	return 0;
}

static int devices_open(struct inode *inode, struct file *file)
{
	return single_open(file, devices_show, NULL);
}

static ssize_t devices_write(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	char *line = debugfs_line(buf, size);
	int ret;

	if (IS_ERR(line))
		return PTR_ERR(line);
	if (line[0] == '-')
		ret = puck_dma_lines_remove(line + 1);
	else
		ret = puck_dma_lines_add(line);
	kfree(line);
	if (!ret)
		puck_dma_policy_apply();
	puck_dma_late_wait();
	return ret ?: size;
}

static const struct file_operations devices_fops = {
	.owner = THIS_MODULE,
	.open = devices_open,
	.read = seq_read,
	.write = devices_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static int policy_show(struct seq_file *s, void *data)
{
	struct puck_dma_policy policy;
	char text[PUCK_DMA_POLICY_TEXT];

	puck_dma_policy_get(s->private, &policy);
	puck_dma_policy_format(&policy, text, sizeof(text));
	seq_printf(s, "%s\n", text);
	return 0;
}

static int policy_open(struct inode *inode, struct file *file)
{
	return single_open(file, policy_show, inode->i_private);
}

static ssize_t policy_write(struct file *file, const char __user *buf, size_t size, loff_t *pos)
{
	struct puck_dma_dev *d = file_inode(file)->i_private;
	char *line = debugfs_line(buf, size);
	struct puck_dma_policy policy;
	const char *bad = NULL;
	int ret;

	if (IS_ERR(line))
		return PTR_ERR(line);
	ret = puck_dma_policy_parse(line, &policy, &bad);
	if (!ret)
		ret = puck_dma_policy_change(d, &policy);
	else if (bad)
		pr_warn_ratelimited("puck-dma %s: note: no policy from '%s' on\n",
				    dev_name(d->dev), bad);
	kfree(line);
	return ret ?: size;
}

static const struct file_operations policy_fops = {
	.owner = THIS_MODULE,
	.open = policy_open,
	.read = seq_read,
	.write = policy_write,
	.llseek = seq_lseek,
	.release = single_release,
};

static void counter(struct seq_file *s, const char *name, u64 value)
{
	seq_printf(s, "%s %llu\n", name, value);
}

static int counters_show(struct seq_file *s, void *data)
{
	u64 told, count[PUCK_DMA_CLASSES];
	struct puck_dma_dev *d = s->private;
	struct puck_dma_checks *checks = d->checks;
	struct puck_dma_counters counters;
	unsigned long flags;
	int i;

	spin_lock_irqsave(&d->lock, flags);
	counters = d->counters;
	spin_unlock_irqrestore(&d->lock, flags);
	spin_lock_irqsave(&checks->lock, flags);
	told = checks->told;
	memcpy(count, checks->count, sizeof(count));
	spin_unlock_irqrestore(&checks->lock, flags);

	counter(s, "mappings", counters.mappings);
	counter(s, "live", counters.live);
	counter(s, "entries", counters.entries);
	counter(s, "segments", counters.segments);
	counter(s, "bytes", counters.bytes);
	counter(s, "syncs", counters.syncs);
	counter(s, "failed", counters.failed);
	counter(s, "refused", counters.refused);
	counter(s, "findings", told);
	for (i = 0; i < PUCK_DMA_CLASSES; i++)
		counter(s, puck_dma_class_name(i), count[i]);
	counter(s, "faults", atomic64_read(&checks->faults));
	counter(s, "faults-repeated", atomic64_read(&checks->repeated));
	counter(s, "faults-unexplained", atomic64_read(&checks->unexplained));
	counter(s, "faults-lost", atomic64_read(&checks->faults_lost));
	counter(s, "faults-heard", !!checks->fault_source);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

/**
 * struct debugfs_mapping - where a reader of "mappings" is
 * @d: device
 * @iova: behind the mapping
 * @m: copy of it
 */
struct debugfs_mapping {
	struct puck_dma_dev *d;
	u64 iova;
	struct puck_dma_mapping m;
};

/* The position is the page to look from, so that it means the same whatever goes. */
static void *mappings_start(struct seq_file *s, loff_t *pos)
{
	struct debugfs_mapping *at = s->private;

	at->iova = (u64)*pos << PAGE_SHIFT;
	return puck_dma_record_next(at->d, &at->iova, &at->m) ? at : NULL;
}

static void *mappings_next(struct seq_file *s, void *v, loff_t *pos)
{
	struct debugfs_mapping *at = v;

	*pos = at->iova >> PAGE_SHIFT;
	return puck_dma_record_next(at->d, &at->iova, &at->m) ? at : NULL;
}

static void mappings_stop(struct seq_file *s, void *v)
{
}

static int mappings_show(struct seq_file *s, void *v)
{
	struct debugfs_mapping *at = v;
	struct puck_dma_past past;
	char text[384];

	puck_dma_past_of(&at->m, &past);
	puck_dma_past_text(text, sizeof(text), &past);
	seq_printf(s, "%#llx+%#llx%s\n", past.iova, past.size, text);
	return 0;
}

static const struct seq_operations mappings_ops = {
	.start = mappings_start,
	.next = mappings_next,
	.stop = mappings_stop,
	.show = mappings_show,
};

static int mappings_open(struct inode *inode, struct file *file)
{
	struct debugfs_mapping *at = __seq_open_private(file, &mappings_ops, sizeof(*at));

	if (!at)
		return -ENOMEM;
	at->d = inode->i_private;
	return 0;
}

static const struct file_operations mappings_fops = {
	.owner = THIS_MODULE,
	.open = mappings_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

/**
 * struct debugfs_finding - where a reader of "findings" or "stacks" is
 * @d: device
 * @stacks: whether stacks are printed
 * @finding: copy of the current one
 */
struct debugfs_finding {
	struct puck_dma_dev *d;
	bool stacks;
	struct puck_dma_finding finding;
};

/* The position is the number of the finding, since the device came. */
static void *findings_start(struct seq_file *s, loff_t *pos)
{
	struct debugfs_finding *at = s->private;
	struct puck_dma_checks *checks = at->d->checks;
	unsigned long flags;
	u64 oldest;
	bool any;

	spin_lock_irqsave(&checks->lock, flags);
	oldest = checks->told > PUCK_DMA_FINDINGS ? checks->told - PUCK_DMA_FINDINGS : 0;
	if (*pos < oldest)
		*pos = oldest;
	any = *pos < checks->told;
	if (any)
		at->finding = checks->findings[*pos % PUCK_DMA_FINDINGS];
	spin_unlock_irqrestore(&checks->lock, flags);
	return any ? at : NULL;
}

static void *findings_next(struct seq_file *s, void *v, loff_t *pos)
{
	++*pos;
	return findings_start(s, pos);
}

static void findings_stop(struct seq_file *s, void *v)
{
}

static void findings_stack(struct seq_file *s, const char *what, u32 stack)
{
	if (!stack)
		return;
	seq_printf(s, "    %s by\n", what);
	puck_dma_stack_show(s, stack);
}

static int findings_show(struct seq_file *s, void *v)
{
	struct debugfs_finding *at = v;

	seq_printf(s, "puck-dma %s: finding: %s\n", dev_name(at->d->dev), at->finding.text);
	if (at->stacks) {
		findings_stack(s, "mapped", at->finding.made_by);
		findings_stack(s, "unmapped", at->finding.freed_by);
		findings_stack(s, "found in a call", at->finding.found_by);
	}
	return 0;
}

static const struct seq_operations findings_ops = {
	.start = findings_start,
	.next = findings_next,
	.stop = findings_stop,
	.show = findings_show,
};

static int findings_open_as(struct inode *inode, struct file *file, bool stacks)
{
	struct debugfs_finding *at = __seq_open_private(file, &findings_ops, sizeof(*at));

	if (!at)
		return -ENOMEM;
	at->d = inode->i_private;
	at->stacks = stacks;
	return 0;
}

static int findings_open(struct inode *inode, struct file *file)
{
	return findings_open_as(inode, file, false);
}

static int stacks_open(struct inode *inode, struct file *file)
{
	return findings_open_as(inode, file, true);
}

static const struct file_operations findings_fops = {
	.owner = THIS_MODULE,
	.open = findings_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

static const struct file_operations stacks_fops = {
	.owner = THIS_MODULE,
	.open = stacks_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

static int suspects_set(void *data, u64 value)
{
	struct puck_dma_dev *d = data;

	WRITE_ONCE(d->checks->suspects_asked, value);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(suspects_fops, NULL, suspects_set, "%llu\n");

void puck_dma_debugfs_attach(struct puck_dma_dev *d)
{
	struct dentry *folder = debugfs_create_dir(dev_name(d->dev), debugfs_root);

	d->checks->folder = folder;
	debugfs_create_file("policy", 0600, folder, d, &policy_fops);
	debugfs_create_file("counters", 0400, folder, d, &counters_fops);
	debugfs_create_file("mappings", 0400, folder, d, &mappings_fops);
	debugfs_create_file("findings", 0400, folder, d, &findings_fops);
	debugfs_create_file("stacks", 0400, folder, d, &stacks_fops);
	debugfs_create_file("suspects", 0200, folder, d, &suspects_fops);
}

void puck_dma_debugfs_detach(struct puck_dma_dev *d)
{
	debugfs_remove(d->checks->folder);
}

void puck_dma_debugfs_init(void)
{
	debugfs_root = debugfs_create_dir("puck-dma", NULL);
	debugfs_create_file("devices", 0600, debugfs_root, NULL, &devices_fops);
}

void puck_dma_debugfs_exit(void)
{
	debugfs_remove(debugfs_root);
}
