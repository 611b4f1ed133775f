/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All parts of one device, together.
 */
#ifndef PUCK_CAM_CARD_H
#define PUCK_CAM_CARD_H

#include "bridge/bridge.h"
#include "client/port.h"
#include "core/device.h"
#include "queue/queue.h"
#include "sensor/sensor.h"
#include "video/node.h"

struct dentry;

/**
 * struct puck_cam_card - one device with its parts
 * @cam: the device; its v4l2_device's last reference frees all this
 * @sensor: where pictures come from
 * @bridge: what is made of them
 * @queue: the device's queue of buffers
 * @node: what user space captures from
 * @port: where in-kernel clients find it
 * @debugfs: folder of the device
 */
struct puck_cam_card {
	struct puck_cam_device cam;
	struct puck_cam_sensor sensor;
	struct puck_cam_bridge bridge;
	struct puck_cam_queue queue;
	struct puck_cam_node node;
	struct puck_cam_port port;
	struct dentry *debugfs;
};

#endif /* PUCK_CAM_CARD_H */
