/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a head is told by its double-buffered registers (docs/specs/display.rst, "Registers").
 */
#ifndef PUCK_KMS_REGS_H
#define PUCK_KMS_REGS_H

#include <linux/types.h>

#include "abi/puck_display.h"

struct puck_device;

/* The registers of a plane, each by its name. */
struct puck_plane_regs {
	u32 ctrl;
	u32 source;
	u64 addr;
	u32 arg;
	u32 pitch;
	u64 offset;
	u64 uv_offset;
	u32 uv_pitch;
	u32 src_x;
	u32 src_y;
	u32 src_w;
	u32 src_h;
	u32 dst_x;
	u32 dst_y;
	u32 dst_w;
	u32 dst_h;
};

/* Those of a head. */
struct puck_head_regs {
	u32 ctrl;
	u32 flags;
	u32 seqno;
	u32 clock;
	u32 h;
	u32 v;
	u32 damage_pos;
	u32 damage_size;
	u32 wb_source;
	u32 wb_arg;
	u64 wb_addr;
	u32 wb_pitch;
	struct puck_plane_regs plane[PUCK_DISPLAY_PLANES];
	u64 gamma[PUCK_HEAD_GAMMA_SIZE];
};

void puck_head_regs_panic(struct puck_head_regs *regs, const struct puck_plane_regs *plane);
void puck_head_regs_write(struct puck_device *puck, u32 base, const struct puck_head_regs *regs,
			  struct puck_head_regs *written);

#endif /* PUCK_KMS_REGS_H */
