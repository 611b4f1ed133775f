/* SPDX-License-Identifier: MIT */
/*
 * puck-cam: what device, driver and tests share.
 *
 * docs/specs/camera.rst is the contract; the section of it that a group of
 * definitions follows is named above the group. All registers and all
 * structures in memory are little-endian. Masks are plain constants, so
 * that FIELD_GET() in the kernel and extract64() in QEMU both take them.
 */
#ifndef PUCK_ABI_CAM_H
#define PUCK_ABI_CAM_H

#include <linux/types.h>

/* Section "PCI identity" */
#define PUCK_CAM_PCI_VENDOR		0x1234
#define PUCK_CAM_PCI_DEVICE		0x70c2
#define PUCK_CAM_PCI_REVISION		1
#define PUCK_CAM_BAR_REGS		0
#define PUCK_CAM_BAR_REGS_SIZE		0x10000
#define PUCK_CAM_BAR_MSIX		4

/* Section "Registers": the whole device */
#define PUCK_CAM_MAGIC			0x0000	/* RO  32 */
#define PUCK_CAM_VERSION		0x0004	/* RO  32 */
#define PUCK_CAM_CTRL			0x0008	/* RW  32 */
#define PUCK_CAM_STATUS			0x000c	/* RO  32 */
#define PUCK_CAM_FEATURES		0x0010	/* RO  64 */
#define PUCK_CAM_FORMATS		0x0018	/* RO  32 */
#define PUCK_CAM_NUM_SOURCES		0x001c	/* RO  32 */
#define PUCK_CAM_TIME			0x0020	/* RO  64, ns */
#define PUCK_CAM_SEG_LEN_MAX		0x0028	/* RO  32 */
#define PUCK_CAM_SEGS_MAX		0x002c	/* RO  32 */
#define PUCK_CAM_IRQ_STATUS		0x0030	/* W1C 32 */
#define PUCK_CAM_IRQ_ENABLE		0x0034	/* RW  32 */

/* Section "Interrupt sources" */
#define PUCK_CAM_SOURCE(i)		(0x0400 + 4 * (i))	/* RO  32 */
#define PUCK_CAM_SOURCES		3
#define PUCK_CAM_SOURCE_VECTOR		0x000007ffu
#define PUCK_CAM_SOURCE_KIND		0x00ff0000u
#define PUCK_CAM_SOURCE_ERROR		0	/* values of KIND */
#define PUCK_CAM_SOURCE_FRAME		1
#define PUCK_CAM_SOURCE_EVENT		2

/* Section "Error queue" */
#define PUCK_CAM_ERR_COUNT		0x1000	/* RO  32 */
#define PUCK_CAM_ERR_INFO		0x1004	/* RO  32 */
#define PUCK_CAM_ERR_FRAME		0x1008	/* RO  32 */
#define PUCK_CAM_ERR_DESC		0x100c	/* RO  32 */
#define PUCK_CAM_ERR_ADDR		0x1010	/* RO  64 */
#define PUCK_CAM_ERR_POP		0x1018	/* WO  32 */
#define PUCK_CAM_ERR_LOST		0x101c	/* RO  32 */
#define PUCK_CAM_ERR_DEPTH		64

/* Section "Sensor" */
#define PUCK_CAM_SENSOR_CTRL		0x2000	/* RW  32 */
#define PUCK_CAM_SENSOR_STATUS		0x2004	/* RO  32 */
#define PUCK_CAM_STEP			0x2008	/* WO  32 */
#define PUCK_CAM_SIZE_MAX		0x200c	/* RO  32 */
#define PUCK_CAM_SIZE			0x2010	/* RW  32 */
#define PUCK_CAM_HBLANK			0x2014	/* RW  32, pixels */
#define PUCK_CAM_VBLANK			0x2018	/* RW  32, lines */
#define PUCK_CAM_INTERVAL		0x201c	/* RW  32, ns */
#define PUCK_CAM_PIXEL_RATE		0x2020	/* RO  64, pixels in a second */
#define PUCK_CAM_EXPOSURE		0x2028	/* RW  32, lines; 0: normal */
#define PUCK_CAM_EXPOSURE_NORMAL	0x202c	/* RO  32, lines */
#define PUCK_CAM_GAIN			0x2030	/* RW  32, 8.8 */
#define PUCK_CAM_FLIP			0x2034	/* RW  32 */
#define PUCK_CAM_SEED			0x2038	/* RW  64 */
#define PUCK_CAM_PATTERN		0x2040	/* RW  32 */
#define PUCK_CAM_STAMP			0x2044	/* RW  32 */
#define PUCK_CAM_START_TIME		0x2048	/* RO  64, ns */
#define PUCK_CAM_FRAME			0x2050	/* RO  32 */
#define PUCK_CAM_CAPTURED		0x2054	/* RO  32 */
#define PUCK_CAM_FAILED			0x2058	/* RO  32 */
#define PUCK_CAM_DROPPED		0x205c	/* RO  32 */
#define PUCK_CAM_REPEATED		0x2060	/* RO  32 */
/* Section "The host's source" */
#define PUCK_CAM_SOURCE_STATUS		0x2080	/* RO  32 */
#define PUCK_CAM_SOURCE_SIZE		0x2084	/* RO  32 */
#define PUCK_CAM_SOURCE_INTERVAL	0x2088	/* RO  32, ns */
#define PUCK_CAM_SOURCE_SEQ		0x208c	/* RO  32 */
#define PUCK_CAM_SOURCE_PICTURES	0x2090	/* RO  32 */

/* Section "Bridge" */
#define PUCK_CAM_FORMAT			0x3000	/* RW  32 */
#define PUCK_CAM_OUT_SIZE		0x3004	/* RW  32 */
#define PUCK_CAM_CROP			0x3008	/* RW  64 */
#define PUCK_CAM_COMPOSE		0x3010	/* RW  64 */
#define PUCK_CAM_STRIDE0		0x3018	/* RW  32, bytes */
#define PUCK_CAM_STRIDE1		0x301c	/* RW  32, bytes */
#define PUCK_CAM_CHECK			0x3020	/* RO  32 */
#define PUCK_CAM_PARTS			0x3024	/* RO  32 */
#define PUCK_CAM_BYTES0			0x3028	/* RO  32 */
#define PUCK_CAM_BYTES1			0x302c	/* RO  32 */

/* Section "Queue" */
#define PUCK_CAM_QUEUE_CTRL		0x4000	/* RW  32 */
#define PUCK_CAM_QUEUE_STATUS		0x4004	/* RO  32 */
#define PUCK_CAM_QUEUE_ORDER_MAX	0x4008	/* RO  32 */
#define PUCK_CAM_QUEUE_STOP_HEAD	0x400c	/* RO  32 */
#define PUCK_CAM_QUEUE_BASE		0x4010	/* RW  64 */
#define PUCK_CAM_DONE_BASE		0x4018	/* RW  64 */
#define PUCK_CAM_DONE_WB_ADDR		0x4020	/* RW  64 */
#define PUCK_CAM_QUEUE_HEAD		0x4028	/* RO  32 */
#define PUCK_CAM_QUEUE_TAIL		0x402c	/* RW  32, doorbell */
#define PUCK_CAM_DONE_COUNT		0x4030	/* RO  32 */

#define PUCK_CAM_MAGIC_VALUE		0x4d434b50u	/* "PKCM" */
#define PUCK_CAM_VERSION_MAJOR		0xffff0000u
#define PUCK_CAM_VERSION_MINOR		0x0000ffffu
#define PUCK_CAM_VERSION_VALUE		0x00010000u

#define PUCK_CAM_CTRL_RESET		0x80000000u	/* reads as 0 */
#define PUCK_CAM_STATUS_RESETTING	0x00000001u

/* FEATURES */
#define PUCK_CAM_FEATURE_STAMP		0x0000000000000001ull
#define PUCK_CAM_FEATURE_MISCHIEF	0x0000000000000002ull
#define PUCK_CAM_FEATURE_SOURCE		0x0000000000000004ull

/* IRQ_STATUS, IRQ_ENABLE */
#define PUCK_CAM_IRQ_ERROR		0x00000001u
#define PUCK_CAM_IRQ_START		0x00000002u
#define PUCK_CAM_IRQ_SOURCE		0x00000004u
#define PUCK_CAM_IRQ_ALL		0x00000007u

/* SENSOR_CTRL */
#define PUCK_CAM_STREAM			0x00000001u
#define PUCK_CAM_SINGLE			0x00000002u

/* SENSOR_STATUS */
#define PUCK_CAM_SENSOR_BUSY		0x00000001u
#define PUCK_CAM_SENSOR_NO_SIGNAL	0x00000002u

/* SIZE_MAX, SIZE, SOURCE_SIZE, OUT_SIZE; all even */
#define PUCK_CAM_SIZE_WIDTH		0x0000ffffu
#define PUCK_CAM_SIZE_HEIGHT		0xffff0000u
#define PUCK_CAM_DIM_MIN		16
#define PUCK_CAM_WIDTH_MAX		4096
#define PUCK_CAM_HEIGHT_MAX		2160

#define PUCK_CAM_HBLANK_MIN		16
#define PUCK_CAM_HBLANK_MAX		8192
#define PUCK_CAM_HBLANK_RESET		280
#define PUCK_CAM_VBLANK_MIN		4
#define PUCK_CAM_VBLANK_MAX		4096
#define PUCK_CAM_VBLANK_RESET		45
#define PUCK_CAM_INTERVAL_MIN		4166666
#define PUCK_CAM_INTERVAL_MAX		1000000000
#define PUCK_CAM_INTERVAL_RESET		33333333
#define PUCK_CAM_EXPOSURE_MAX		0xffff
#define PUCK_CAM_GAIN_MIN		0x0001
#define PUCK_CAM_GAIN_MAX		0x1000
#define PUCK_CAM_GAIN_ONE		0x0100

/* FLIP */
#define PUCK_CAM_FLIP_H			0x00000001u
#define PUCK_CAM_FLIP_V			0x00000002u

/* PATTERN, section "Patterns" */
#define PUCK_CAM_PATTERN_BARS		0
#define PUCK_CAM_PATTERN_RAMP		1
#define PUCK_CAM_PATTERN_BOX		2
#define PUCK_CAM_PATTERN_NOISE		3
#define PUCK_CAM_PATTERN_SOURCE		4

#define PUCK_CAM_NOISE_BLOCK		16384
#define PUCK_CAM_NOISE_WINDOW		0x1fff

#define PUCK_CAM_STAMP_ENABLE		0x00000001u

/* SOURCE_STATUS */
#define PUCK_CAM_SOURCE_PRESENT		0x00000001u
#define PUCK_CAM_SOURCE_LIVE		0x00000002u

/* FORMAT, section "Formats"; bits of FORMATS */
#define PUCK_CAM_FORMAT_XRGB8888	1
#define PUCK_CAM_FORMAT_RGB24		2
#define PUCK_CAM_FORMAT_YUYV		3
#define PUCK_CAM_FORMAT_UYVY		4
#define PUCK_CAM_FORMAT_NV12		5
#define PUCK_CAM_FORMAT_NV12M		6
#define PUCK_CAM_FORMAT_GREY		7
#define PUCK_CAM_FORMATS_ALL		0x000000feu

/* CROP, COMPOSE */
#define PUCK_CAM_RECT_X			0x000000000000ffffull
#define PUCK_CAM_RECT_Y			0x00000000ffff0000ull
#define PUCK_CAM_RECT_WIDTH		0x0000ffff00000000ull
#define PUCK_CAM_RECT_HEIGHT		0xffff000000000000ull
#define PUCK_CAM_RECT_MIN		2

#define PUCK_CAM_STRIDE_MAX		65536

/* CHECK */
#define PUCK_CAM_CHECK_OK		0
#define PUCK_CAM_CHECK_FORMAT		1
#define PUCK_CAM_CHECK_SIZE		2
#define PUCK_CAM_CHECK_OUT_SIZE		3
#define PUCK_CAM_CHECK_CROP		4
#define PUCK_CAM_CHECK_COMPOSE		5
#define PUCK_CAM_CHECK_STRIDE0		6
#define PUCK_CAM_CHECK_STRIDE1		7

#define PUCK_CAM_PARTS_MAX		2

/* Section "When lines are written" */
#define PUCK_CAM_GROUP_LINES		32

/* QUEUE_CTRL */
#define PUCK_CAM_QUEUE_ENABLE		0x00000001u
#define PUCK_CAM_QUEUE_RESET		0x00000002u	/* reads 1 until done */

/* QUEUE_STATUS */
#define PUCK_CAM_QUEUE_ON		0x00000001u
#define PUCK_CAM_QUEUE_BUSY		0x00000002u
#define PUCK_CAM_QUEUE_HALTED		0x00000004u

/* QUEUE_BASE, and DONE_BASE without an order */
#define PUCK_CAM_BASE_ADDR		0xfffffffffffff000ull
#define PUCK_CAM_BASE_ORDER		0x000000000000000full
#define PUCK_CAM_QUEUE_ORDER_MAX_VALUE	8

/* Section "Stamps" */
struct puck_cam_line {
	__le32 frame;
	__le16 line;
	__u8 plane;
	__u8 magic;
};

struct puck_cam_stamp {
	struct puck_cam_line line;
	__le32 magic;
	__le16 version;
	__le16 format;
	__le64 time;		/* ns, of TIME */
	__le32 checksum;	/* of the picture */
	__le16 width;
	__le16 height;
	__le32 sum;		/* of the other 15 words of the stamp */
	__u8 pattern;
	__u8 flip;
	__le16 gain;
	__le64 seed;
	__le32 reserved[4];
};

#define PUCK_CAM_LINE_MAGIC		0xc5
#define PUCK_CAM_STAMP_MAGIC		0x54534b50u	/* "PKST" */
#define PUCK_CAM_STAMP_VERSION		1

/* Section "Descriptors" */
struct puck_cam_seg {
	__le64 addr;		/* DMA address */
	__le32 len;		/* bytes */
	__le32 flags;		/* reserved */
};

#define PUCK_CAM_SEGS_MAX_VALUE		16384

struct puck_cam_part {
	__le64 list;		/* DMA address of struct puck_cam_seg[] */
	__le32 nsegs;
	__le32 reserved;
	__le64 offset;		/* of the part in the list's bytes */
	__le64 length;		/* bytes that may be written */
};

#define PUCK_CAM_LENGTH_MAX		0x0000010000000000ull

struct puck_cam_desc {
	__le64 cookie;
	__le32 parts;
	__le32 reserved[5];
	struct puck_cam_part part[PUCK_CAM_PARTS_MAX];
	__le32 reserved2[8];
};

/* Section "Done entries" */
struct puck_cam_done {
	__le64 cookie;
	__u8 status;
	__u8 reason;		/* PUCK_CAM_ERR_*, of status ERROR */
	__le16 reserved;
	__le32 frame;
	__le64 start;		/* ns, of TIME */
	__le64 end;
	__le32 lines;
	__le32 dropped;
	__le32 bytes[PUCK_CAM_PARTS_MAX];
	__le32 index;		/* of the descriptor */
	__le32 reserved2[3];
};

struct puck_cam_wb {
	__le32 count;		/* DONE_COUNT */
	__le32 reserved;
};

#define PUCK_CAM_DONE_OK		0
#define PUCK_CAM_DONE_ERROR		1
#define PUCK_CAM_DONE_SHORT		2
#define PUCK_CAM_DONE_LINE		3
#define PUCK_CAM_DONE_SYNC		4
#define PUCK_CAM_DONE_STOPPED		5

/* Section "Errors": ERR_INFO */
#define PUCK_CAM_ERR_INFO_REASON	0x000000ffu
#define PUCK_CAM_ERR_INFO_PART		0x00030000u
#define PUCK_CAM_ERR_INFO_INDEX		0xfff00000u

#define PUCK_CAM_ERR_PART_NONE		0
#define PUCK_CAM_ERR_PART(n)		(1 + (n))

#define PUCK_CAM_ERR_DESC_NONE		0xffffffffu

/* Numbers of puck-gpu's errors, as far as there are the same here */
#define PUCK_CAM_ERR_RESERVED		2
#define PUCK_CAM_ERR_NSEGS		3
#define PUCK_CAM_ERR_SEG_ZERO		4
#define PUCK_CAM_ERR_SEG_ONES		5
#define PUCK_CAM_ERR_SEG_TOO_LONG	6
#define PUCK_CAM_ERR_SEG_WRAP		7
#define PUCK_CAM_ERR_LIST_SHORT		9
#define PUCK_CAM_ERR_PARTS		10
#define PUCK_CAM_ERR_DMA_WRITE		12
#define PUCK_CAM_ERR_LIST_READ		13
#define PUCK_CAM_ERR_RING_READ		14
#define PUCK_CAM_ERR_WRITE_BACK		15
#define PUCK_CAM_ERR_TAIL		16
#define PUCK_CAM_ERR_LENGTH		17

/* Layout checks for whichever side includes this. */
_Static_assert(sizeof(struct puck_cam_line) == 8, "line stamp");
_Static_assert(sizeof(struct puck_cam_stamp) == 64, "frame stamp");
_Static_assert(__builtin_offsetof(struct puck_cam_stamp, time) == 16, "stamp.time");
_Static_assert(__builtin_offsetof(struct puck_cam_stamp, sum) == 32, "stamp.sum");
_Static_assert(__builtin_offsetof(struct puck_cam_stamp, seed) == 40, "stamp.seed");
_Static_assert(sizeof(struct puck_cam_seg) == 16, "segment");
_Static_assert(sizeof(struct puck_cam_part) == 32, "part");
_Static_assert(__builtin_offsetof(struct puck_cam_part, offset) == 16, "part.offset");
_Static_assert(sizeof(struct puck_cam_desc) == 128, "descriptor");
_Static_assert(__builtin_offsetof(struct puck_cam_desc, part) == 32, "descriptor.part");
_Static_assert(sizeof(struct puck_cam_done) == 64, "done entry");
_Static_assert(__builtin_offsetof(struct puck_cam_done, frame) == 12, "done.frame");
_Static_assert(__builtin_offsetof(struct puck_cam_done, lines) == 32, "done.lines");
_Static_assert(__builtin_offsetof(struct puck_cam_done, index) == 48, "done.index");
_Static_assert(sizeof(struct puck_cam_wb) == 8, "write-back slot");

#endif /* PUCK_ABI_CAM_H */
