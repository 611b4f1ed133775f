/* SPDX-License-Identifier: MIT */
/*
 * puck-gpu's display: what device, driver and tests share.
 *
 * docs/specs/display.rst is the contract; the section of it that a group of
 * definitions follows is named above the group. All registers are
 * little-endian. Masks are plain constants, as in puck_gpu.h, which has what is
 * not of the display alone.
 */
#ifndef PUCK_ABI_DISPLAY_H
#define PUCK_ABI_DISPLAY_H

/* Section "Registers": the whole display */
#define PUCK_DISPLAY_HEADS		0x2400	/* RO  32 */
#define PUCK_DISPLAY_COMMIT		0x2404	/* WO  32 */
#define PUCK_DISPLAY_PENDING		0x2408	/* RO  32 */
#define PUCK_DISPLAY_RESULT		0x240c	/* RO  32 */
#define PUCK_DISPLAY_DIM_MAX		0x2410	/* RO  32 */
#define PUCK_DISPLAY_HEADS_MAX		2
#define PUCK_DISPLAY_PLANES		3
#define PUCK_DISPLAY_DIM_MIN_VALUE	16
#define PUCK_DISPLAY_DIM_MAX_VALUE	4096

/* Section "Registers": one block for each head; (D): double-buffered */
#define PUCK_HEAD(h)			(0x2800 + 0xc00 * (h))
#define PUCK_HEAD_STRIDE		0xc00
#define PUCK_HEAD_CTRL			0x000	/* RW  32 (D) */
#define PUCK_HEAD_FLAGS			0x004	/* RW  32 (D) */
#define PUCK_HEAD_SEQNO			0x008	/* RW  32 (D) */
#define PUCK_HEAD_CLOCK			0x00c	/* RW  32 (D), kHz */
#define PUCK_HEAD_H			0x010	/* RW  32 (D) */
#define PUCK_HEAD_V			0x014	/* RW  32 (D) */
#define PUCK_HEAD_BACKGROUND		0x018	/* RW  32 (D) */
#define PUCK_HEAD_DAMAGE_POS		0x020	/* RW  32 (D) */
#define PUCK_HEAD_DAMAGE_SIZE		0x024	/* RW  32 (D) */
#define PUCK_HEAD_WB_SOURCE		0x028	/* RW  32 (D) */
#define PUCK_HEAD_WB_ARG		0x02c	/* RW  32 (D) */
#define PUCK_HEAD_WB_ADDR		0x030	/* RW  64 (D) */
#define PUCK_HEAD_WB_PITCH		0x038	/* RW  32 (D) */
#define PUCK_HEAD_STATUS		0x040	/* RO  32 */
#define PUCK_HEAD_LINE			0x044	/* RO  32 */
#define PUCK_HEAD_VBLANK_COUNT		0x048	/* RO  64 */
#define PUCK_HEAD_VBLANK_TIME		0x050	/* RO  64, ns */
#define PUCK_HEAD_FLIP_COUNT		0x058	/* RO  64 */
#define PUCK_HEAD_FLIP_TIME		0x060	/* RO  64, ns */
#define PUCK_HEAD_FLIP_SEQNO		0x068	/* RO  32 */
#define PUCK_HEAD_IRQ_STATUS		0x06c	/* W1C 32 */
#define PUCK_HEAD_IRQ_ENABLE		0x070	/* RW  32 */
#define PUCK_HEAD_CONNECTOR		0x074	/* RO  32 */
#define PUCK_HEAD_EDID_SIZE		0x078	/* RO  32 */
#define PUCK_HEAD_CRC_CTRL		0x07c	/* RW  32 */
#define PUCK_HEAD_CRC_COUNT		0x080	/* RO  64 */
#define PUCK_HEAD_CRC_SEQNO		0x088	/* RO  32 */
#define PUCK_HEAD_CRC_PICTURE		0x08c	/* RO  32 */
#define PUCK_HEAD_CRC_PLANE(p)		(0x090 + 4 * (p))	/* RO  32 */
#define PUCK_HEAD_WB_RESULT		0x09c	/* RO  32 */
#define PUCK_HEAD_WB_SEQNO		0x0a0	/* RO  32 */
#define PUCK_HEAD_FAULT_INFO		0x0a4	/* RO  32 */
#define PUCK_HEAD_FAULT_DESC		0x0a8	/* RO  32 */
#define PUCK_HEAD_FAULTS		0x0ac	/* RO  32 */
#define PUCK_HEAD_FAULT_ADDR		0x0b0	/* RO  64 */
#define PUCK_HEAD_FAULT_COUNT		0x0b8	/* RO  64 */
#define PUCK_HEAD_PLANE(p)		(0x100 + 0x80 * (p))
#define PUCK_HEAD_EDID(i)		(0x300 + 4 * (i))	/* RO  32 */
#define PUCK_HEAD_GAMMA(i)		(0x400 + 8 * (i))	/* RW  64 (D) */

/* One block for each plane, in that of its head */
#define PUCK_PLANE_STRIDE		0x80
#define PUCK_PLANE_CTRL			0x00	/* RW  32 (D) */
#define PUCK_PLANE_SOURCE		0x04	/* RW  32 (D) */
#define PUCK_PLANE_ADDR			0x08	/* RW  64 (D) */
#define PUCK_PLANE_ARG			0x10	/* RW  32 (D) */
#define PUCK_PLANE_PITCH		0x14	/* RW  32 (D) */
#define PUCK_PLANE_OFFSET		0x18	/* RW  64 (D) */
#define PUCK_PLANE_UV_OFFSET		0x20	/* RW  64 (D) */
#define PUCK_PLANE_UV_PITCH		0x28	/* RW  32 (D) */
#define PUCK_PLANE_SRC_X		0x30	/* RW  32 (D), 16.16 */
#define PUCK_PLANE_SRC_Y		0x34	/* RW  32 (D), 16.16 */
#define PUCK_PLANE_SRC_W		0x38	/* RW  32 (D), 16.16 */
#define PUCK_PLANE_SRC_H		0x3c	/* RW  32 (D), 16.16 */
#define PUCK_PLANE_DST_X		0x40	/* RW  32 (D), signed */
#define PUCK_PLANE_DST_Y		0x44	/* RW  32 (D), signed */
#define PUCK_PLANE_DST_W		0x48	/* RW  32 (D) */
#define PUCK_PLANE_DST_H		0x4c	/* RW  32 (D) */
#define PUCK_PLANE_PRIMARY		0
#define PUCK_PLANE_OVERLAY		1
#define PUCK_PLANE_CURSOR		2

/* HEAD_CTRL */
#define PUCK_HEAD_ENABLE		0x00000001u
#define PUCK_HEAD_USE_GAMMA		0x00000002u

/* HEAD_FLAGS: for one commit */
#define PUCK_HEAD_WRITEBACK		0x00000001u
#define PUCK_HEAD_DAMAGE		0x00000002u

/* HEAD_H, HEAD_V */
#define PUCK_HEAD_SHOWN			0x0000ffffu	/* HDISPLAY, VDISPLAY */
#define PUCK_HEAD_TOTAL			0xffff0000u	/* HTOTAL, VTOTAL */

/* DAMAGE_POS, DAMAGE_SIZE */
#define PUCK_HEAD_DAMAGE_X		0x0000ffffu	/* x, width */
#define PUCK_HEAD_DAMAGE_Y		0xffff0000u	/* y, height */

#define PUCK_HEAD_BACKGROUND_BITS	0x00ffffffu

/* HEAD_STATUS */
#define PUCK_HEAD_ON			0x00000001u
#define PUCK_HEAD_PENDING		0x00000002u
#define PUCK_HEAD_SAMPLING		0x00000004u

/* CONNECTOR */
#define PUCK_HEAD_CONNECTED		0x00000001u
#define PUCK_HEAD_CHANGES		0xffff0000u

/* EDID */
#define PUCK_HEAD_EDID_WORDS		64

/* GAMMA(i) */
#define PUCK_HEAD_GAMMA_SIZE		256
#define PUCK_HEAD_GAMMA_R		0x000000000000ffffull
#define PUCK_HEAD_GAMMA_G		0x00000000ffff0000ull
#define PUCK_HEAD_GAMMA_B		0x0000ffff00000000ull
#define PUCK_HEAD_GAMMA_BITS		0x0000ffffffffffffull

/* CRC_CTRL */
#define PUCK_HEAD_CRC_OF_PICTURE	0x00000001u
#define PUCK_HEAD_CRC_OF_PLANE(p)	(0x00000002u << (p))
#define PUCK_HEAD_CRC_ALL		0x0000000fu

/* WB_RESULT */
#define PUCK_HEAD_WB_DONE		1
#define PUCK_HEAD_WB_FAULT		2

/* Section "Interrupts": HEAD_IRQ_STATUS, HEAD_IRQ_ENABLE; kind of the source */
#define PUCK_HEAD_IRQ_VBLANK		0x00000001u
#define PUCK_HEAD_IRQ_FLIP		0x00000002u
#define PUCK_HEAD_IRQ_CRC		0x00000004u
#define PUCK_HEAD_IRQ_WRITEBACK		0x00000008u
#define PUCK_HEAD_IRQ_HOTPLUG		0x00000010u
#define PUCK_HEAD_IRQ_FAULT		0x00000020u
#define PUCK_HEAD_IRQ_UNDERRUN		0x00000040u
#define PUCK_HEAD_IRQ_ALL		0x0000007fu

/* Section "Faults": FAULT_INFO */
#define PUCK_HEAD_FAULT_REASON		0x000000ffu	/* as in the error queue */
#define PUCK_HEAD_FAULT_BUFFER		0x00000f00u

/* Section "Commits": DISPLAY_RESULT */
#define PUCK_DISPLAY_RESULT_REASON	0x000000ffu
#define PUCK_DISPLAY_RESULT_HEAD	0x00000f00u
#define PUCK_DISPLAY_RESULT_BUFFER	0x0000f000u

#define PUCK_DISPLAY_OK			0
#define PUCK_DISPLAY_BAD_HEADS		1
#define PUCK_DISPLAY_BUSY		2
#define PUCK_DISPLAY_BAD_MODE		3
#define PUCK_DISPLAY_BAD_DAMAGE		4
#define PUCK_DISPLAY_BAD_FORMAT		5
#define PUCK_DISPLAY_BAD_SOURCE		6
#define PUCK_DISPLAY_BAD_GEOMETRY	7
#define PUCK_DISPLAY_BAD_SCALE		8
#define PUCK_DISPLAY_BAD_PITCH		9
#define PUCK_DISPLAY_BAD_EXTENT		10

/* A buffer of a head: a plane's number, or */
#define PUCK_DISPLAY_BUFFER_WB		3
#define PUCK_DISPLAY_BUFFER_NONE	15

/* Section "Time" */
#define PUCK_DISPLAY_PERIOD_MIN_NS	4166666u
#define PUCK_DISPLAY_PERIOD_MAX_NS	1000000000u

/* Section "Buffers": PLANE_SOURCE, WB_SOURCE */
#define PUCK_PLANE_SOURCE_VRAM		0
#define PUCK_PLANE_SOURCE_LIST		1
#define PUCK_PLANE_SOURCE_VM		2
#define PUCK_PLANE_EXTENT_MAX		0x0000010000000000ull

/* PLANE_CTRL */
#define PUCK_PLANE_ENABLE		0x00000001u
#define PUCK_PLANE_REFLECT_X		0x00000002u
#define PUCK_PLANE_REFLECT_Y		0x00000004u
#define PUCK_PLANE_BLEND		0x00000030u
#define PUCK_PLANE_FORMAT		0x0000ff00u
#define PUCK_PLANE_ALPHA		0x00ff0000u
#define PUCK_PLANE_ZPOS			0x03000000u
#define PUCK_PLANE_CTRL_ALL		0x03ffff37u

#define PUCK_PLANE_BLEND_NONE		0
#define PUCK_PLANE_BLEND_PREMULTIPLIED	1
#define PUCK_PLANE_BLEND_COVERAGE	2

#define PUCK_PLANE_FORMAT_XRGB8888	1
#define PUCK_PLANE_FORMAT_ARGB8888	2
#define PUCK_PLANE_FORMAT_RGB565	3
#define PUCK_PLANE_FORMAT_NV12		4

/* Section "Planes" */
#define PUCK_PLANE_SRC_MAX		8192	/* pixels */
#define PUCK_PLANE_DST_MAX		8192
#define PUCK_PLANE_CURSOR_MAX		256
#define PUCK_PLANE_POS_MIN		(-32768)
#define PUCK_PLANE_POS_MAX		32767
#define PUCK_PLANE_SCALE_MAX		16	/* times larger, or smaller */
#define PUCK_PLANE_FAULT_COLOUR		0xffff00ffu	/* A, R, G, B */

/* Layout checks for whichever side includes this. */
_Static_assert(PUCK_HEAD_PLANE(PUCK_DISPLAY_PLANES) <= PUCK_HEAD_EDID(0), "planes");
_Static_assert(PUCK_HEAD_EDID(PUCK_HEAD_EDID_WORDS) <= PUCK_HEAD_GAMMA(0), "EDID");
_Static_assert(PUCK_HEAD_GAMMA(PUCK_HEAD_GAMMA_SIZE) <= PUCK_HEAD_STRIDE, "gamma");
_Static_assert(PUCK_HEAD(PUCK_DISPLAY_HEADS_MAX) <= 0x4000, "heads");

#endif /* PUCK_ABI_DISPLAY_H */
