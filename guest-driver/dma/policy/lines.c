// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which devices are chosen, and with which policy: lines SELECTOR=POLICY.
 */

#define pr_fmt(fmt) "puck-dma: " fmt

#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/printk.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "policy/lines.h"
#include "policy/policy.h"

#define LINES_MAX	256
#define SELECTOR_MAX	32

/* The more it says of the device, the further down: a higher one wins. */
enum rank {
	RANK_ALL,
	RANK_ID,
	RANK_FUNCTION,
};

/**
 * struct line - one that chooses devices
 * @link: in the list, the latest at its end
 * @rank: what it names
 * @domain: of RANK_FUNCTION
 * @bus: likewise
 * @devfn: likewise
 * @vendor: of RANK_ID
 * @device: likewise
 * @host: it came from the host
 * @number: of the line; one that says something new has a new one
 * @policy: how
 */
struct line {
	struct list_head link;
	enum rank rank;
	u32 domain;
	u8 bus;
	u8 devfn;
	u16 vendor;
	u16 device;
	bool host;
	u64 number;
	struct puck_dma_policy policy;
};

/* Protects the list. A leaf. */
static DEFINE_MUTEX(lines_lock);
static LIST_HEAD(lines);
static unsigned int lines_count;
static u64 lines_number;

static int selector_parse(const char *text, struct line *line)
{
	unsigned int domain, bus, slot, function, vendor, device;
	int end = 0;

	if (!strcmp(text, "all")) {
		line->rank = RANK_ALL;
		return 0;
	}
	if (sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &end) == 4 &&
	    !text[end] && slot < 32 && function < 8) {
		line->rank = RANK_FUNCTION;
		line->domain = domain;
		line->bus = bus;
		line->devfn = PCI_DEVFN(slot, function);
		return 0;
	}
	if (sscanf(text, "%4x:%4x%n", &vendor, &device, &end) == 2 && !text[end]) {
		line->rank = RANK_ID;
		line->vendor = vendor;
		line->device = device;
		return 0;
	}
	return -EINVAL;
}

/* Members that a selector does not use are zero, so that selectors compare member by member. */
static bool same_selector(const struct line *a, const struct line *b)
{
	return a->rank == b->rank && a->domain == b->domain && a->bus == b->bus &&
	       a->devfn == b->devfn && a->vendor == b->vendor && a->device == b->device;
}

static int line_parse(const char *text, struct line *line)
{
	char selector[SELECTOR_MAX];
	const char *equals = strchr(text, '=');
	const char *bad = NULL;
	size_t len;
	int ret;

	if (!equals) {
		pr_err("'%s' is no SELECTOR=POLICY\n", text);
		return -EINVAL;
	}
	len = equals - text;
	if (len >= sizeof(selector))
		return -EINVAL;
	memcpy(selector, text, len);
	selector[len] = 0;
	ret = selector_parse(selector, line);
	if (ret) {
		pr_err("'%s' is no function, no VENDOR:DEVICE and not 'all'\n", selector);
		return ret;
	}
	ret = puck_dma_policy_parse(equals + 1, &line->policy, &bad);
	if (ret)
		pr_err("no policy at '%s'\n", bad ? bad : equals + 1);
	return ret;
}

static void line_drop_locked(struct line *line)
{
	lockdep_assert_held(&lines_lock);
	list_del(&line->link);
	lines_count--;
	kfree(line);
}

/* The later one is in force; the earlier one of the same origin goes. */
static int line_insert_locked(struct line *line)
{
	struct line *old, *next;

	lockdep_assert_held(&lines_lock);
	list_for_each_entry_safe(old, next, &lines, link)
		if (old->host == line->host && same_selector(old, line))
			line_drop_locked(old);
	if (lines_count == LINES_MAX)
		return -ENOSPC;
	list_add_tail(&line->link, &lines);
	lines_count++;
	return 0;
}

static int line_add_locked(const char *text, bool host)
{
	struct line *line = kzalloc(sizeof(*line), GFP_KERNEL);
	int ret;

	if (!line)
		return -ENOMEM;
	line->host = host;
	line->number = ++lines_number;
	ret = line_parse(text, line);
	if (!ret)
		ret = line_insert_locked(line);
	if (ret)
		kfree(line);
	return ret;
}

/**
 * puck_dma_lines_add - choose devices
 * @text: SELECTOR=POLICY
 *
 * Devices that are under the mapper have the policy after puck_dma_policy_apply().
 *
 * Return: 0 or an error; why is in the log.
 */
int puck_dma_lines_add(const char *text)
{
	int ret;

	mutex_lock(&lines_lock);
	ret = line_add_locked(text, false);
	mutex_unlock(&lines_lock);
	return ret;
}

/**
 * puck_dma_lines_remove - choose no more
 * @selector: of a line that did not come from the host
 *
 * Return: 0, -EINVAL if it is none, -ENOENT if there is no such line.
 */
int puck_dma_lines_remove(const char *selector)
{
	struct line wanted = { };
	struct line *line, *next;
	int ret = selector_parse(selector, &wanted);

	if (ret)
		return ret;
	ret = -ENOENT;
	mutex_lock(&lines_lock);
	list_for_each_entry_safe(line, next, &lines, link) {
		if (!line->host && same_selector(line, &wanted)) {
			line_drop_locked(line);
			ret = 0;
		}
	}
	mutex_unlock(&lines_lock);
	return ret;
}

/* A line that the host had before is not a new one. */
static void host_keep_numbers_locked(struct list_head *before)
{
	struct line *old, *line;

	lockdep_assert_held(&lines_lock);
	list_for_each_entry(old, before, link)
		list_for_each_entry(line, &lines, link)
			if (line->host && same_selector(line, old) &&
			    puck_dma_policy_same(&line->policy, &old->policy))
				line->number = old->number;
}

static void host_replace_locked(char *text)
{
	struct line *line, *next;
	LIST_HEAD(before);
	char *word;

	lockdep_assert_held(&lines_lock);
	list_for_each_entry_safe(line, next, &lines, link) {
		if (line->host) {
			list_move_tail(&line->link, &before);
			lines_count--;
		}
	}
	while ((word = strsep(&text, "\n")))
		if (*word && line_add_locked(word, true))
			pr_err("line of the host left out: '%s'\n", word);
	host_keep_numbers_locked(&before);
	list_for_each_entry_safe(line, next, &before, link)
		kfree(line);
}

/**
 * puck_dma_lines_host - the lines that the host has
 * @text: all of them, each with a newline behind it; for those it had before
 *
 * One that is wrong is left out, and the log says so.
 */
void puck_dma_lines_host(const char *text)
{
	char *copy = kstrdup(text, GFP_KERNEL);

	if (!copy)
		return;
	mutex_lock(&lines_lock);
	host_replace_locked(copy);
	mutex_unlock(&lines_lock);
	kfree(copy);
}

static bool line_fits(const struct line *line, struct pci_dev *pdev)
{
	switch (line->rank) {
	case RANK_FUNCTION:
		return line->domain == pci_domain_nr(pdev->bus) &&
		       line->bus == pdev->bus->number && line->devfn == pdev->devfn;
	case RANK_ID:
		return line->vendor == pdev->vendor && line->device == pdev->device;
	default:
		return true;
	}
}

/*
 * Whether @line is to be used and not @best: a line of the guest wins against one of the
 * host, a later line against an earlier one.
 */
static bool line_beats(const struct line *line, const struct line *best)
{
	if (!best || line->rank != best->rank)
		return !best || line->rank > best->rank;
	return !line->host || best->host;
}

/**
 * puck_dma_lines_match - is a device chosen?
 * @pdev: the device
 * @policy: set to its policy
 * @by_name: set to whether it is meant, and not just one of all
 *
 * Return: the number of the line that chooses it, or 0.
 */
u64 puck_dma_lines_match(struct pci_dev *pdev, struct puck_dma_policy *policy, bool *by_name)
{
	const struct line *line, *best = NULL;
	u64 number = 0;

	mutex_lock(&lines_lock);
	list_for_each_entry(line, &lines, link)
		if (line_fits(line, pdev) && line_beats(line, best))
			best = line;
	if (best) {
		*policy = best->policy;
		*by_name = best->rank != RANK_ALL;
		number = best->number;
	}
	mutex_unlock(&lines_lock);
	return number;
}

static void line_show(struct seq_file *s, const struct line *line)
{
	char text[PUCK_DMA_POLICY_TEXT];

	if (line->rank == RANK_FUNCTION)
		seq_printf(s, "%04x:%02x:%02x.%x", line->domain, line->bus, PCI_SLOT(line->devfn),
			   PCI_FUNC(line->devfn));
	else if (line->rank == RANK_ID)
		seq_printf(s, "%04x:%04x", line->vendor, line->device);
	else
		seq_puts(s, "all");
	puck_dma_policy_format(&line->policy, text, sizeof(text));
	seq_printf(s, "=%s%s\n", text, line->host ? " (host)" : "");
}

/**
 * puck_dma_lines_show - all lines
 * @s: gets them
 */
void puck_dma_lines_show(struct seq_file *s)
{
	const struct line *line;

	mutex_lock(&lines_lock);
	list_for_each_entry(line, &lines, link)
		line_show(s, line);
	mutex_unlock(&lines_lock);
}

/**
 * puck_dma_lines_exit - forget all lines
 */
void puck_dma_lines_exit(void)
{
	struct line *line, *next;

	mutex_lock(&lines_lock);
	list_for_each_entry_safe(line, next, &lines, link)
		line_drop_locked(line);
	mutex_unlock(&lines_lock);
}
