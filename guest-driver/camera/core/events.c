// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events that are the same at each node that has them. That a frame begins costs an
 * interrupt, so the device tells only while somebody listens.
 */
#include <media/v4l2-dev.h>
#include <media/v4l2-event.h>
#include <media/v4l2-fh.h>

#include "core/device.h"
#include "core/events.h"

/* Frames that may begin before a listener has to have looked. */
#define PUCK_CAM_START_EVENTS	4

static void puck_cam_count_listener(struct v4l2_subscribed_event *sev, bool more)
{
	struct v4l2_device *v4l2 = sev->fh->vdev->v4l2_dev;

	puck_cam_irq_want(container_of(v4l2, struct puck_cam_device, v4l2), PUCK_CAM_IRQ_START,
			  more);
}

static int puck_cam_add_listener(struct v4l2_subscribed_event *sev, unsigned int elems)
{
	puck_cam_count_listener(sev, true);
	return 0;
}

static void puck_cam_del_listener(struct v4l2_subscribed_event *sev)
{
	puck_cam_count_listener(sev, false);
}

static const struct v4l2_subscribed_event_ops puck_cam_start_ops = {
	.add = puck_cam_add_listener,
	.del = puck_cam_del_listener,
};

/**
 * puck_cam_subscribe_start - listen to the starts of frames
 * @fh: the listener's file
 * @sub: of the type V4L2_EVENT_FRAME_SYNC
 *
 * Return: 0 or a negative errno.
 */
int puck_cam_subscribe_start(struct v4l2_fh *fh, const struct v4l2_event_subscription *sub)
{
	if (sub->id)
		return -EINVAL;
	return v4l2_event_subscribe(fh, sub, PUCK_CAM_START_EVENTS, &puck_cam_start_ops);
}
