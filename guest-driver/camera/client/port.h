/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where in-kernel clients find a camera. What they call is in include/puck/cam_client.h.
 */
#ifndef PUCK_CAM_PORT_H
#define PUCK_CAM_PORT_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct puck_cam_client;
struct puck_cam_device;
struct puck_cam_node;
struct puck_cam_queue;

/**
 * struct puck_cam_port - a camera, to its clients
 * @cam: the device
 * @node: whose stream a client's excludes
 * @hw: the device's queue
 * @entry: in the list of all cameras
 * @lock: protects all below, and is held over what a client does with the hardware, but for
 *        queueing. Outside of puck_cam_node.lock
 * @gone: there are no registers any more
 * @client: who has the camera, or NULL
 */
struct puck_cam_port {
	struct puck_cam_device *cam;
	struct puck_cam_node *node;
	struct puck_cam_queue *hw;
	struct list_head entry;

	struct mutex lock;		/* what follows */
	bool gone;
	struct puck_cam_client *client;
};

void puck_cam_port_add(struct puck_cam_port *port);
void puck_cam_port_remove(struct puck_cam_port *port);
void puck_cam_port_pause(struct puck_cam_port *port);

#endif /* PUCK_CAM_PORT_H */
