/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is in the bytes that a device can reach around those of a mapping.
 */
#ifndef PUCK_DMA_BOUNCE_CANARY_H
#define PUCK_DMA_BOUNCE_CANARY_H

/*
 * The mapper fills its own memory around the bytes of a mapping with it, where the device
 * can reach.
 */
#define PUCK_DMA_CANARY	0xc5

#endif /* PUCK_DMA_BOUNCE_CANARY_H */
