/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page of VRAM, and what clients of the GPU do with it.
 */
#ifndef PUCK_VRAM_H
#define PUCK_VRAM_H

#include <linux/types.h>

struct puck_buffer;
struct puck_client;

int puck_vram_fill(struct puck_client *client, u64 offset, u32 value);
int puck_vram_write(struct puck_client *client, u64 offset, struct puck_buffer *from);
int puck_vram_read(struct puck_client *client, u64 offset, struct puck_buffer *to);

#endif /* PUCK_VRAM_H */
