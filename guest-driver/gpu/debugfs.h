/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What debugfs shows of a device.
 */
#ifndef PUCK_DEBUGFS_H
#define PUCK_DEBUGFS_H

struct drm_minor;

void puck_debugfs_init(struct drm_minor *minor);

#endif /* PUCK_DEBUGFS_H */
