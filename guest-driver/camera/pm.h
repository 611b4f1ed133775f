/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine sleeps and wakes.
 */
#ifndef PUCK_CAM_PM_H
#define PUCK_CAM_PM_H

#include <linux/pm.h>

extern const struct dev_pm_ops puck_cam_pm_ops;

#endif /* PUCK_CAM_PM_H */
