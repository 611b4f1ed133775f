/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the display: what one head is, and what all files of this folder
 * share. docs/specs/display.rst is the contract. All under the BQL.
 *
 * The way of a commit and of a frame, a file for each step:
 *
 *   latch      COMMIT: what registers hold is checked (plane, timing) and kept
 *   prepare    segment lists of a commit are read
 *   vblank     the work of a head: a blanking begins; takeover, or not
 *   sample     a frame, line by line: from buffers (buffer) to pixels (pixel),
 *              laid over each other (compose), to the console's picture,
 *              CRCs and writeback
 *   console    what the host looks at, and what of it has to be drawn again
 *
 * Beside that: timing (when blankings begin), irq, fault, connector (hotplug,
 * EDID), display (heads as a whole), vmstate.
 *
 * Re-entry. Reading guest memory can let an IOMMU send a message, which can be
 * aimed at any register: so a reset, an unplug or a COMMIT can come out of the
 * middle of a step. Nothing that a step may use is freed then: the head is
 * marked as dropped, and what is left is forgotten when the step has returned.
 * A step looks at that behind each access.
 */
#ifndef PUCK_GPU_DISPLAY_HEAD_H
#define PUCK_GPU_DISPLAY_HEAD_H

#include "abi/puck_display.h"
#include "hw/puck/common/hold.h"
#include "hw/puck/endpoint/list.h"
#include "hw/puck/gpu/core/device.h"
#include "console.h"

/* The planes, and writeback. */
#define PUCK_HEAD_BUFFERS   (PUCK_DISPLAY_PLANES + 1)
#define PUCK_EDID_MAX       (4 * PUCK_HEAD_EDID_WORDS)

/* How registers name a buffer. */
typedef struct PuckBufferName {
    uint32_t source;            /* PUCK_PLANE_SOURCE_* */
    uint32_t arg;
    uint64_t addr;
} PuckBufferName;

/* Double-buffered registers of a plane. */
typedef struct PuckPlaneRegs {
    uint32_t ctrl;
    uint32_t pitch;
    PuckBufferName buffer;
    uint64_t offset;
    uint64_t uv_offset;
    uint32_t uv_pitch;
    uint32_t src_x, src_y, src_w, src_h;    /* 16.16 */
    uint32_t dst_x, dst_y;                  /* signed */
    uint32_t dst_w, dst_h;
} PuckPlaneRegs;

/* Double-buffered registers of a head. */
typedef struct PuckHeadRegs {
    uint32_t ctrl;
    uint32_t flags;
    uint32_t seqno;
    uint32_t clock;             /* kHz */
    uint32_t h;
    uint32_t v;
    uint32_t background;
    uint32_t damage_pos;
    uint32_t damage_size;
    uint32_t wb_pitch;
    PuckBufferName wb;
    PuckPlaneRegs planes[PUCK_DISPLAY_PLANES];
    uint64_t gamma[PUCK_HEAD_GAMMA_SIZE];
} PuckHeadRegs;

/* A buffer's segments, if it is a list: it owns them. See prepare.c. */
typedef struct PuckBuffer {
    bool ready;                 /* nothing is left to be read */
    bool quiet;                 /* software knows already what is wrong */
    bool bad;                   /* the list is */
    PuckList list;              /* while it is read */
    uint32_t nsegs;
    PuckSeg *segs;
    uint64_t *starts;           /* the first byte of each segment */
} PuckBuffer;

/* A commit: what it says, and what its lists are. */
typedef struct PuckHeadState {
    PuckHeadRegs regs;
    PuckBuffer buffers[PUCK_HEAD_BUFFERS];
} PuckHeadState;

/* When blankings begin: see timing.h. */
typedef struct PuckHeadClock {
    uint32_t on;
    uint32_t period;            /* ns */
    int64_t start;              /* a blanking begins; if off: began last */
    uint64_t first;             /* its number */
} PuckHeadClock;

/* Bytes of one line of a buffer, and which of them could not be read. */
typedef struct PuckRow {
    uint64_t at;                /* of the first one in the buffer */
    uint32_t first;             /* the same in its line */
    uint32_t len;
    uint32_t pos;               /* so many are there */
    uint8_t *bytes;
    uint8_t *bad;               /* not zero: bad */
} PuckRow;

/* Luma, or all there is, and chroma, of each plane. */
#define PUCK_HEAD_ROWS      (2 * PUCK_DISPLAY_PLANES)

typedef enum PuckFramePhase {
    PUCK_FRAME_NONE,
    PUCK_FRAME_FETCH,           /* rows of line @y */
    PUCK_FRAME_WRITE,           /* line @y to writeback */
} PuckFramePhase;

/* The frame that is sampled. */
typedef struct PuckFrame {
    PuckFramePhase phase;
    uint64_t count;             /* of the blanking that it began with */
    uint32_t seqno;
    uint32_t crc_ctrl;
    bool writeback;
    bool console;               /* the host wants to see it */
    bool torn;                  /* its first half is of @before */
    bool underrun;
    /* What follows is made anew when a state was loaded. */
    bool wb_failed;
    uint32_t y, end;            /* lines */
    unsigned row;               /* that is fetched */
    uint32_t crc[PUCK_HEAD_BUFFERS];    /* planes; the picture is last */
} PuckFrame;

/* What HEAD_FAULT registers say. */
typedef struct PuckHeadFault {
    uint32_t info;
    uint32_t desc;
    uint32_t faults;
    uint64_t addr;
    uint64_t count;
} PuckHeadFault;

/* What CRC registers say. */
typedef struct PuckHeadCrcs {
    uint64_t count;
    uint32_t seqno;
    uint32_t crc[PUCK_HEAD_BUFFERS];
} PuckHeadCrcs;

typedef struct PuckHead {
    PuckGpu *gpu;
    unsigned index;
    PuckHeadRegs regs;          /* as software has written them */
    uint32_t pending;           /* @armed waits for its takeover */
    bool flip_asked;            /* rules have seen it; if they say later: */
    int64_t flip_after;         /* not for a blanking before this */
    bool flip_torn;             /* they say this */
    PuckHeadState armed;
    PuckHeadState shown;        /* of use while the clock is on */
    PuckHeadState before;       /* while a torn frame is sampled */
    PuckHeadClock clock;
    uint64_t seen;              /* the last blanking that was looked at */
    uint64_t flip_count;
    int64_t flip_time;
    uint32_t flip_seqno;

    uint32_t irq_status;
    uint32_t irq_enable;
    uint32_t crc_ctrl;
    PuckHeadCrcs crcs;
    uint32_t wb_result;
    uint32_t wb_seqno;
    PuckHeadFault fault;

    /* The connector: see connector.h. */
    uint32_t connected;
    uint32_t changes;
    uint32_t edid_size;
    uint8_t edid[PUCK_EDID_MAX];

    PuckFrame frame;
    PuckRow rows[PUCK_HEAD_ROWS];
    uint32_t *line;             /* of the picture, as it is stored */
    PuckRow written;            /* the same, on its way to writeback */
    uint32_t *pixels;           /* of a plane */
    PuckHeadConsole console;

    PuckDma dma;
    PuckWork work;              /* vblank.c */
    QEMUTimer *timer;           /* the next blanking; NULL: the device left */
    bool stepping;              /* in the middle of a step */
    bool dropped;               /* all of it was dropped meanwhile */
} PuckHead;

/* Of PuckGpu. */
struct PuckDisplay {
    PuckHead heads[PUCK_DISPLAY_HEADS_MAX];
    uint32_t result;            /* DISPLAY_RESULT */
};

/* Fields of registers. */
static inline uint32_t puck_head_hdisplay(const PuckHeadRegs *regs)
{
    return regs->h & PUCK_HEAD_SHOWN;
}

static inline uint32_t puck_head_vdisplay(const PuckHeadRegs *regs)
{
    return regs->v & PUCK_HEAD_SHOWN;
}

static inline bool puck_plane_on(const PuckPlaneRegs *plane)
{
    return plane->ctrl & PUCK_PLANE_ENABLE;
}

static inline bool puck_head_sampling(const PuckHead *head)
{
    return head->frame.phase != PUCK_FRAME_NONE;
}

/* Has the work of @head look what there is to do. */
static inline void puck_head_kick(PuckHead *head)
{
    puck_work_queue(&head->work);
}

/* An event of @head at @site; a rule could do what is in @can. */
static inline PuckEvent puck_head_event(PuckHead *head, PuckSite site,
                                        uint64_t can)
{
    PuckEvent ev = puck_gpu_event(head->gpu, site, can);

    ev.has = PUCK_HAS_HEAD;
    ev.head = head->index;
    return ev;
}

/* The same with the number of a blanking. */
static inline PuckEvent puck_head_frame_event(PuckHead *head, PuckSite site,
                                              uint64_t can, uint64_t count)
{
    PuckEvent ev = puck_head_event(head, site, can);

    ev.has |= PUCK_HAS_FRAME;
    ev.frame = count;
    return ev;
}

#endif /* PUCK_GPU_DISPLAY_HEAD_H */
