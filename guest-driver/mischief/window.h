/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * puck-mischief.ko: rules of mischief from within the guest.
 * docs/specs/mischief.rst, sections "The guest's window" and "From the guest".
 *
 * All windows of a machine show the same rules, so whichever answers will do.
 * A window is looked for and mapped for each use: it lies in a BAR that belongs
 * to another driver or to none, and the device may be unplugged, moved or have
 * its memory decoding switched off between any two uses.
 */
#ifndef PUCK_MISCHIEF_WINDOW_H
#define PUCK_MISCHIEF_WINDOW_H

#include <linux/types.h>

#include "abi/puck_mischief.h"

struct pci_dev;

/**
 * struct puck_window - a window that answered
 * @pdev: its device; a reference
 * @regs: its registers
 */
struct puck_window {
	struct pci_dev *pdev;
	void __iomem *regs;
};

/**
 * struct puck_rule - a rule as SHOW tells of it
 * @id: its number
 * @seen: events that passed its filters
 * @hits: times it fired
 * @text: the rule
 */
struct puck_rule {
	u32 id;
	u64 seen;
	u64 hits;
	char text[PUCK_MISCHIEF_TEXT_SIZE];
};

void puck_windows_lock(void);
void puck_windows_unlock(void);
struct pci_dev *puck_windows_next(struct pci_dev *from);
int puck_window_map(struct puck_window *window, struct pci_dev *pdev);
void puck_window_unmap(struct puck_window *window);

int puck_window_open(struct puck_window *window);
void puck_window_close(struct puck_window *window);
bool puck_window_unlocked(struct puck_window *window);
u32 puck_window_count(struct puck_window *window);
u32 puck_window_column(struct puck_window *window);
int puck_window_add(struct puck_window *window, const char *text, size_t len, u32 *id);
int puck_window_command(struct puck_window *window, u32 command, u32 arg, u32 *id);
int puck_window_show(struct puck_window *window, u32 index, struct puck_rule *rule);

#endif /* PUCK_MISCHIEF_WINDOW_H */
