/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events that are the same at each node that has them.
 */
#ifndef PUCK_CAM_EVENTS_H
#define PUCK_CAM_EVENTS_H

struct v4l2_event_subscription;
struct v4l2_fh;

int puck_cam_subscribe_start(struct v4l2_fh *fh, const struct v4l2_event_subscription *sub);

#endif /* PUCK_CAM_EVENTS_H */
