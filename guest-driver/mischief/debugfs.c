// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs puck-mischief/: docs/specs/mischief.rst, section "From the guest".
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "window.h"

/* Protects the two below; taken before the windows are locked. */
static DEFINE_MUTEX(said_lock);
static char said[64];		/* why the last write was refused */
static u32 last_id;		/* number of the last rule added here */

static struct dentry *folder;

static void say_why(int error)
{
	switch (error) {
	case 0:
		said[0] = '\0';
		break;
	case -EPERM:
		strscpy(said, "locked by the host");
		break;
	case -ENOSPC:
		snprintf(said, sizeof(said), "there are %u rules", PUCK_MISCHIEF_RULES_MAX);
		break;
	case -ENOENT:
		strscpy(said, "no such rule");
		break;
	case -ENODEV:
		strscpy(said, "no device answers");
		break;
	case -EAGAIN:
		strscpy(said, "the device was reset meanwhile: done or not, see rules");
		break;
	default:
		snprintf(said, sizeof(said), "error %d", -error);
	}
}

static void say_column(u32 column)
{
	snprintf(said, sizeof(said), "column %u", column);
}

static int add_rule(const char *text, size_t len)
{
	struct puck_window window;
	u32 id = 0;
	int ret;

	ret = puck_window_open(&window);
	if (ret) {
		say_why(ret);
		return ret;
	}
	ret = puck_window_add(&window, text, len, &id);
	if (ret == -EINVAL)
		say_column(puck_window_column(&window));
	else
		say_why(ret);
	if (!ret)
		last_id = id;
	puck_window_close(&window);
	return ret;
}

/*
 * One write is one rule, with or without a line's end. What the window cannot
 * take is refused here, in the words of what it refuses itself.
 */
static int add_text(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	if (len < size) {		/* a zero byte within */
		say_column(len);
		return -EINVAL;
	}
	if (len && text[len - 1] == '\n')
		len--;
	if (len >= PUCK_MISCHIEF_TEXT_SIZE) {
		say_column(PUCK_MISCHIEF_TEXT_SIZE - 1);
		return -EINVAL;
	}
	return add_rule(text, len);
}

static ssize_t add_write(struct file *file, const char __user *from, size_t size, loff_t *pos)
{
	/* One byte more than fits is enough to be refused for. */
	size_t taken = min_t(size_t, size, PUCK_MISCHIEF_TEXT_SIZE + 1);
	char *text = memdup_user_nul(from, taken);
	int ret;

	if (IS_ERR(text))
		return PTR_ERR(text);

	mutex_lock(&said_lock);
	ret = add_text(text, taken);
	mutex_unlock(&said_lock);
	kfree(text);
	return ret ? ret : size;
}

static const struct file_operations add_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = add_write,
	.llseek = noop_llseek,
};

static int command(u32 command, u64 number)
{
	struct puck_window window;
	u32 id;
	int ret;

	mutex_lock(&said_lock);
	ret = number > U32_MAX ? -ENOENT : puck_window_open(&window);
	if (!ret) {
		ret = puck_window_command(&window, command, number, &id);
		puck_window_close(&window);
	}
	say_why(ret);
	mutex_unlock(&said_lock);
	return ret;
}

static int remove_set(void *unused, u64 number)
{
	return command(PUCK_MISCHIEF_REMOVE, number);
}
DEFINE_DEBUGFS_ATTRIBUTE(remove_fops, NULL, remove_set, "%llu\n");

static int release_set(void *unused, u64 number)
{
	return command(PUCK_MISCHIEF_RELEASE, number);
}
DEFINE_DEBUGFS_ATTRIBUTE(release_fops, NULL, release_set, "%llu\n");

/* The host may change rules meanwhile: a list is what was there one by one. */
static int rules_show(struct seq_file *seq, void *unused)
{
	struct puck_window window;
	struct puck_rule *rule;
	u32 index;
	int ret;

	rule = kmalloc(sizeof(*rule), GFP_KERNEL);
	if (!rule)
		return -ENOMEM;
	ret = puck_window_open(&window);
	if (ret)
		goto out;

	for (index = 0; index < puck_window_count(&window); index++) {
		ret = puck_window_show(&window, index, rule);
		if (ret)
			break;
		seq_printf(seq, "%u %llu %llu %s\n", rule->id, rule->seen, rule->hits, rule->text);
	}
	if (ret == -ENOENT)
		ret = 0;
	puck_window_close(&window);
out:
	kfree(rule);
	return ret;
}
DEFINE_SHOW_ATTRIBUTE(rules);

static int windows_show(struct seq_file *seq, void *unused)
{
	struct pci_dev *pdev = NULL;
	struct puck_window window;

	puck_windows_lock();
	while ((pdev = puck_windows_next(pdev))) {
		const char *state = "silent";

		if (!puck_window_map(&window, pdev)) {
			state = puck_window_unlocked(&window) ? "open" : "locked";
			puck_window_unmap(&window);
		}
		seq_printf(seq, "%s %s\n", pci_name(pdev), state);
	}
	puck_windows_unlock();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(windows);

static int error_show(struct seq_file *seq, void *unused)
{
	mutex_lock(&said_lock);
	if (said[0])
		seq_printf(seq, "%s\n", said);
	mutex_unlock(&said_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(error);

static int last_id_show(struct seq_file *seq, void *unused)
{
	mutex_lock(&said_lock);
	seq_printf(seq, "%u\n", last_id);
	mutex_unlock(&said_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(last_id);

static int __init puck_mischief_init(void)
{
	folder = debugfs_create_dir("puck-mischief", NULL);
	debugfs_create_file("rules", 0400, folder, NULL, &rules_fops);
	debugfs_create_file("windows", 0400, folder, NULL, &windows_fops);
	debugfs_create_file("add", 0200, folder, NULL, &add_fops);
	debugfs_create_file("last-id", 0400, folder, NULL, &last_id_fops);
	debugfs_create_file("error", 0400, folder, NULL, &error_fops);
	debugfs_create_file_unsafe("remove", 0200, folder, NULL, &remove_fops);
	debugfs_create_file_unsafe("release", 0200, folder, NULL, &release_fops);
	return 0;
}
module_init(puck_mischief_init);

static void __exit puck_mischief_exit(void)
{
	debugfs_remove(folder);
}
module_exit(puck_mischief_exit);

MODULE_DESCRIPTION("Rules of mischief for Puck's devices, from within the guest");
MODULE_AUTHOR("The Puck project");
MODULE_LICENSE("GPL");
