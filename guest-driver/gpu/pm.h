/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suspend and resume.
 */
#ifndef PUCK_PM_H
#define PUCK_PM_H

#include <linux/pm.h>

extern const struct dev_pm_ops puck_pm_ops;

#endif /* PUCK_PM_H */
