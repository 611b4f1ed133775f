/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files for those who look for mistakes.
 */
#ifndef PUCK_CAM_DEBUGFS_H
#define PUCK_CAM_DEBUGFS_H

struct puck_cam_card;

void puck_cam_debugfs_init(void);
void puck_cam_debugfs_exit(void);
void puck_cam_debugfs_add(struct puck_cam_card *card);
void puck_cam_debugfs_remove(struct puck_cam_card *card);

#endif /* PUCK_CAM_DEBUGFS_H */
