// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing the double-buffered registers of a head. They read as they were written until a
 * reset, so those that do not change are left alone: each is a way out of a virtual machine.
 */
#include <linux/bitfield.h>
#include <linux/module.h>
#include <linux/stddef.h>
#include <linux/string.h>

#include <kunit/visibility.h>

#include "core/device.h"
#include "kms/regs.h"

/**
 * struct puck_field - a register, and the member that it is told by
 * @reg: offset in the block of a head or of a plane
 * @member: offset in struct puck_head_regs or struct puck_plane_regs
 * @size: bytes
 */
struct puck_field {
	u16 reg;
	u16 member;
	u16 size;
};

#define PUCK_FIELD(type, name, number)					\
	{								\
		.reg = (number),					\
		.member = offsetof(struct type, name),			\
		.size = sizeof_field(struct type, name),		\
	}

static const struct puck_field puck_head_fields[] = {
	PUCK_FIELD(puck_head_regs, ctrl, PUCK_HEAD_CTRL),
	PUCK_FIELD(puck_head_regs, flags, PUCK_HEAD_FLAGS),
	PUCK_FIELD(puck_head_regs, seqno, PUCK_HEAD_SEQNO),
	PUCK_FIELD(puck_head_regs, clock, PUCK_HEAD_CLOCK),
	PUCK_FIELD(puck_head_regs, h, PUCK_HEAD_H),
	PUCK_FIELD(puck_head_regs, v, PUCK_HEAD_V),
	PUCK_FIELD(puck_head_regs, damage_pos, PUCK_HEAD_DAMAGE_POS),
	PUCK_FIELD(puck_head_regs, damage_size, PUCK_HEAD_DAMAGE_SIZE),
	PUCK_FIELD(puck_head_regs, wb_source, PUCK_HEAD_WB_SOURCE),
	PUCK_FIELD(puck_head_regs, wb_arg, PUCK_HEAD_WB_ARG),
	PUCK_FIELD(puck_head_regs, wb_addr, PUCK_HEAD_WB_ADDR),
	PUCK_FIELD(puck_head_regs, wb_pitch, PUCK_HEAD_WB_PITCH),
};

static const struct puck_field puck_plane_fields[] = {
	PUCK_FIELD(puck_plane_regs, ctrl, PUCK_PLANE_CTRL),
	PUCK_FIELD(puck_plane_regs, source, PUCK_PLANE_SOURCE),
	PUCK_FIELD(puck_plane_regs, addr, PUCK_PLANE_ADDR),
	PUCK_FIELD(puck_plane_regs, arg, PUCK_PLANE_ARG),
	PUCK_FIELD(puck_plane_regs, pitch, PUCK_PLANE_PITCH),
	PUCK_FIELD(puck_plane_regs, offset, PUCK_PLANE_OFFSET),
	PUCK_FIELD(puck_plane_regs, uv_offset, PUCK_PLANE_UV_OFFSET),
	PUCK_FIELD(puck_plane_regs, uv_pitch, PUCK_PLANE_UV_PITCH),
	PUCK_FIELD(puck_plane_regs, src_x, PUCK_PLANE_SRC_X),
	PUCK_FIELD(puck_plane_regs, src_y, PUCK_PLANE_SRC_Y),
	PUCK_FIELD(puck_plane_regs, src_w, PUCK_PLANE_SRC_W),
	PUCK_FIELD(puck_plane_regs, src_h, PUCK_PLANE_SRC_H),
	PUCK_FIELD(puck_plane_regs, dst_x, PUCK_PLANE_DST_X),
	PUCK_FIELD(puck_plane_regs, dst_y, PUCK_PLANE_DST_Y),
	PUCK_FIELD(puck_plane_regs, dst_w, PUCK_PLANE_DST_W),
	PUCK_FIELD(puck_plane_regs, dst_h, PUCK_PLANE_DST_H),
};

static void puck_field_write(struct puck_device *puck, u32 base, const struct puck_field *field,
			     const void *regs, void *written)
{
	const void *value = regs + field->member;

	if (!memcmp(value, written + field->member, field->size))
		return;
	if (field->size == sizeof(u64))
		puck_write64(puck, base + field->reg, *(const u64 *)value);
	else
		puck_write(puck, base + field->reg, *(const u32 *)value);
	memcpy(written + field->member, value, field->size);
}

static void puck_fields_write(struct puck_device *puck, u32 base, const struct puck_field *fields,
			      unsigned int count, const void *regs, void *written)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		puck_field_write(puck, base, &fields[i], regs, written);
}

/**
 * puck_head_regs_panic - make a head show one plane, as it lies in memory, and nothing else
 * @regs: of the head
 * @plane: becomes the first plane, whatever it is turned to or blended with
 */
void puck_head_regs_panic(struct puck_head_regs *regs, const struct puck_plane_regs *plane)
{
	unsigned int i;

	regs->ctrl &= ~PUCK_HEAD_USE_GAMMA;
	regs->flags = 0;
	for (i = 0; i < PUCK_DISPLAY_PLANES; i++)
		regs->plane[i].ctrl = 0;
	regs->plane[PUCK_PLANE_PRIMARY] = *plane;
	regs->plane[PUCK_PLANE_PRIMARY].ctrl =
		PUCK_PLANE_ENABLE | (plane->ctrl & PUCK_PLANE_FORMAT) |
		FIELD_PREP(PUCK_PLANE_BLEND, PUCK_PLANE_BLEND_NONE) |
		FIELD_PREP(PUCK_PLANE_ALPHA, 255);
}
EXPORT_SYMBOL_IF_KUNIT(puck_head_regs_panic);

/**
 * puck_head_regs_write - write what has changed
 * @puck: the device
 * @base: offset of the head's registers
 * @regs: what they are to be
 * @written: what they are; zeroes after a reset
 *
 * Context: any; the hardware is there.
 */
void puck_head_regs_write(struct puck_device *puck, u32 base, const struct puck_head_regs *regs,
			  struct puck_head_regs *written)
{
	unsigned int i;

	puck_fields_write(puck, base, puck_head_fields, ARRAY_SIZE(puck_head_fields), regs,
			  written);
	for (i = 0; i < PUCK_DISPLAY_PLANES; i++)
		puck_fields_write(puck, base + PUCK_HEAD_PLANE(i), puck_plane_fields,
				  ARRAY_SIZE(puck_plane_fields), &regs->plane[i],
				  &written->plane[i]);
	for (i = 0; i < PUCK_HEAD_GAMMA_SIZE; i++) {
		if (regs->gamma[i] == written->gamma[i])
			continue;
		puck_write64(puck, base + PUCK_HEAD_GAMMA(i), regs->gamma[i]);
		written->gamma[i] = regs->gamma[i];
	}
}
