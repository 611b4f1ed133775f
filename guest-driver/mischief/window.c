// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding a window and giving it commands.
 *
 * The PCI core's rescan_remove lock is held from open to close: no device
 * comes, goes or is given other addresses meanwhile, and nobody else of us is
 * in a window. It does not keep a driver from resetting its device, nor the
 * host from pulling it. A reset zeroes the window, a device that is gone reads
 * as ones, and both are noticed afterwards: ARG, ID and MAGIC are read again.
 */
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "abi/puck_cam.h"
#include "abi/puck_gpu.h"
#include "abi/puck_iommu.h"
#include "window.h"

/* All have theirs in BAR 0, and the same vendor. */
#define WINDOW_BAR	PUCK_IOMMU_BAR_REGS

/*
 * Devices that may have a window, which MAGIC of the window tells: FEATURES of the device
 * would, too, but to read it is an access that rules of the site "device" are about.
 * IOMMUs come first: nobody resets those while they work.
 */
static const u16 window_devices[] = {
	PUCK_IOMMU_PCI_DEVICE,
	PUCK_GPU_PCI_DEVICE,
	PUCK_CAM_PCI_DEVICE,
};

/* The argument of ADD, which the device does not look at: anything but what a reset leaves. */
#define ARG_UNUSED	1

void puck_windows_lock(void)
{
	pci_lock_rescan_remove();
}

void puck_windows_unlock(void)
{
	pci_unlock_rescan_remove();
}

/* The place of @pdev, which puck_windows_next() gave; the first one for NULL. */
static u32 window_place(const struct pci_dev *pdev)
{
	u32 i = ARRAY_SIZE(window_devices) - 1;

	while (i && !(pdev && pdev->device == window_devices[i]))
		i--;
	return i;
}

/**
 * puck_windows_next - go through the devices that have a window
 * @from: the one before, its reference is put; NULL to begin
 *
 * Return: a device, with a reference; NULL behind the last one.
 */
struct pci_dev *puck_windows_next(struct pci_dev *from)
{
	struct pci_dev *next = NULL;
	u32 i = window_place(from);

	for (; !next && i < ARRAY_SIZE(window_devices); i++) {
		next = pci_get_device(PUCK_IOMMU_PCI_VENDOR, window_devices[i], from);
		/* It put the reference, and the next device is looked for from its first. */
		from = NULL;
	}
	return next;
}

static bool window_answers(struct puck_window *window)
{
	return readl(window->regs + PUCK_MISCHIEF_MAGIC) == PUCK_MISCHIEF_MAGIC_VALUE;
}

/**
 * puck_window_map - map the window of a device
 * @window: filled in; takes no reference
 * @pdev: the device, whoever drives it
 *
 * It is taken as it is: not enabled, for that is its driver's. But it is awake until
 * puck_window_unmap(), if it sleeps at times: a device that does has no registers meanwhile.
 *
 * Return: 0; -ENODEV if it does not answer, -ENOMEM.
 */
int puck_window_map(struct puck_window *window, struct pci_dev *pdev)
{
	resource_size_t length = pci_resource_len(pdev, WINDOW_BAR);
	u16 command;
	int ret;

	if (!(pci_resource_flags(pdev, WINDOW_BAR) & IORESOURCE_MEM) ||
	    length < PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_WINDOW_SIZE)
		return -ENODEV;
	pci_read_config_word(pdev, PCI_COMMAND, &command);
	if (PCI_POSSIBLE_ERROR(command) || !(command & PCI_COMMAND_MEMORY))
		return -ENODEV;

	if (pm_runtime_resume_and_get(&pdev->dev) < 0)
		return -ENODEV;
	window->pdev = pdev;
	window->regs = ioremap(pci_resource_start(pdev, WINDOW_BAR) + PUCK_MISCHIEF_WINDOW,
			       PUCK_MISCHIEF_WINDOW_SIZE);
	if (window->regs && window_answers(window))
		return 0;
	ret = window->regs ? -ENODEV : -ENOMEM;
	if (window->regs)
		iounmap(window->regs);
	pm_runtime_put_autosuspend(&pdev->dev);
	return ret;
}

void puck_window_unmap(struct puck_window *window)
{
	iounmap(window->regs);
	pm_runtime_put_autosuspend(&window->pdev->dev);
}

/**
 * puck_window_open - find a window that answers
 * @window: filled in
 *
 * Return: 0, with the windows locked until puck_window_close(); -ENODEV.
 */
int puck_window_open(struct puck_window *window)
{
	struct pci_dev *pdev = NULL;

	puck_windows_lock();
	while ((pdev = puck_windows_next(pdev)))
		if (!puck_window_map(window, pdev))
			return 0;
	puck_windows_unlock();
	return -ENODEV;
}

void puck_window_close(struct puck_window *window)
{
	puck_window_unmap(window);
	pci_dev_put(window->pdev);
	puck_windows_unlock();
}

bool puck_window_unlocked(struct puck_window *window)
{
	return readl(window->regs + PUCK_MISCHIEF_STATUS) & PUCK_MISCHIEF_UNLOCKED;
}

/* Whatever a device may answer: no more than there can be. */
u32 puck_window_count(struct puck_window *window)
{
	return min_t(u32, readl(window->regs + PUCK_MISCHIEF_COUNT), PUCK_MISCHIEF_RULES_MAX);
}

/* The column of the text at which the rule is wrong, after puck_window_add() gave -EINVAL. */
u32 puck_window_column(struct puck_window *window)
{
	return readl(window->regs + PUCK_MISCHIEF_COLUMN);
}

static int window_errno(u32 result)
{
	switch (result) {
	case PUCK_MISCHIEF_OK:
		return 0;
	case PUCK_MISCHIEF_ERR_LOCKED:
		return -EPERM;
	case PUCK_MISCHIEF_ERR_SYNTAX:
		return -EINVAL;
	case PUCK_MISCHIEF_ERR_FULL:
		return -ENOSPC;
	case PUCK_MISCHIEF_ERR_NO_RULE:
		return -ENOENT;
	default:
		return -EIO;
	}
}

/* Whether what was read since the command is that command's. */
static int window_intact(struct puck_window *window, u32 arg, u32 id)
{
	bool same = readl(window->regs + PUCK_MISCHIEF_ARG) == arg &&
		    readl(window->regs + PUCK_MISCHIEF_ID) == id;

	if (!window_answers(window))
		return -ENODEV;
	return same ? 0 : -EAGAIN;
}

static int window_execute(struct puck_window *window, u32 command, u32 arg, u32 *id)
{
	int ret, lost;
	u32 result;

	writel(command, window->regs + PUCK_MISCHIEF_COMMAND);
	result = readl(window->regs + PUCK_MISCHIEF_RESULT);
	*id = readl(window->regs + PUCK_MISCHIEF_ID);

	ret = window_errno(result);
	lost = window_intact(window, arg, *id);
	if (!lost && !ret && !*id)
		lost = -EAGAIN;		/* zeroes: reset before RESULT was read */
	return lost ? lost : ret;
}

/**
 * puck_window_command - give a command that has a number for an operand
 * @window: the window
 * @command: PUCK_MISCHIEF_REMOVE, _RELEASE or _SHOW
 * @arg: number of a rule, or index
 * @id: set to the number of the rule it was about
 *
 * Return: 0; -EPERM, -ENOENT; -ENODEV when the device is gone; -EAGAIN when it
 * was reset, whether before or after the command was carried out.
 */
int puck_window_command(struct puck_window *window, u32 command, u32 arg, u32 *id)
{
	writel(arg, window->regs + PUCK_MISCHIEF_ARG);
	return window_execute(window, command, arg, id);
}

/**
 * puck_window_add - add a rule
 * @window: the window
 * @text: the rule, with a zero behind it; none of its bytes is zero
 * @len: bytes of it, fewer than PUCK_MISCHIEF_TEXT_SIZE
 * @id: set to its number
 *
 * Return: as puck_window_command(); -EINVAL, then puck_window_column() says
 * where; -ENOSPC.
 */
int puck_window_add(struct puck_window *window, const char *text, size_t len, u32 *id)
{
	char padded[PUCK_MISCHIEF_TEXT_SIZE] = {};
	size_t i;

	memcpy(padded, text, len);
	writel(ARG_UNUSED, window->regs + PUCK_MISCHIEF_ARG);
	for (i = 0; i <= len; i += sizeof(u32))
		writel(get_unaligned_le32(padded + i), window->regs + PUCK_MISCHIEF_TEXT + i);
	return window_execute(window, PUCK_MISCHIEF_ADD, ARG_UNUSED, id);
}

/**
 * puck_window_show - read a rule
 * @window: the window
 * @index: from 0 to puck_window_count() - 1
 * @rule: filled in
 *
 * Return: as puck_window_command().
 */
int puck_window_show(struct puck_window *window, u32 index, struct puck_rule *rule)
{
	size_t i;
	int ret;

	ret = puck_window_command(window, PUCK_MISCHIEF_SHOW, index, &rule->id);
	if (ret)
		return ret;

	rule->seen = readq(window->regs + PUCK_MISCHIEF_SEEN);
	rule->hits = readq(window->regs + PUCK_MISCHIEF_HITS);
	for (i = 0; i < sizeof(rule->text); i += sizeof(u32)) {
		put_unaligned_le32(readl(window->regs + PUCK_MISCHIEF_TEXT + i), rule->text + i);
		if (memchr(rule->text + i, '\0', sizeof(u32)))
			break;
	}
	rule->text[sizeof(rule->text) - 1] = '\0';
	return window_intact(window, index, rule->id);
}
