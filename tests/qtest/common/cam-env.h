/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of puck-cam's qtest share: a machine with a puck-cam whose
 * queue is on, and the driver's half of the contract in its simplest form.
 */
#ifndef PUCK_CAM_ENV_H
#define PUCK_CAM_ENV_H

#include "cam-model.h"
#include "qtest.h"
#include "abi/puck_cam.h"

#define PAGE            4096u
#define CAM_ORDER       4
#define CAM_QUEUE_SIZE  (1u << CAM_ORDER)
#define CAM_DEVFN       QPCI_DEVFN(4, 0)
#define CAM_OPTIONS     "puck-cam,id=cam0"
/* What buffers hold before the device has them. */
#define CAM_UNTOUCHED   0x5a
#define CAM_NONE        PUCK_CAM_ERR_DESC_NONE

typedef struct puck_cam_desc CamDesc;

/* A done entry, a segment, an error record in the byte order of the host. */
typedef struct CamDone {
    uint64_t cookie;
    uint8_t status;
    uint8_t reason;
    uint32_t frame;
    uint64_t start;
    uint64_t end;
    uint32_t lines;
    uint32_t dropped;
    uint32_t bytes[PUCK_CAM_PARTS_MAX];
    uint32_t index;
} CamDone;

typedef struct CamSeg {
    uint64_t addr;
    uint32_t len;
    uint32_t flags;
} CamSeg;

typedef struct CamError {
    uint8_t reason;
    uint8_t part;               /* PUCK_CAM_ERR_PART() */
    uint16_t index;
    uint32_t frame;
    uint32_t desc;
    uint64_t addr;
} CamError;

typedef struct CamEnv {
    PuckMachine m;
    PuckFunction f;
    /* How it was started: for a second machine that goes on from a file. */
    char *args;
    uint64_t queue;
    uint64_t done;
    uint64_t wb;
    uint64_t iova;              /* what the camera adds to addresses of RAM */
    uint32_t tail;
    uint32_t taken;             /* done entries that were read */
    /* What the table of sources said when the function was mapped. */
    unsigned error_vector;
    unsigned frame_vector;
    unsigned event_vector;
    CamMode mode;               /* what cam_set_mode() set */
} CamEnv;

/* A machine whose puck-cam has more options (",seed=4"), or more devices. */
void cam_start(CamEnv *e, const char *options, const char *args);
/* A machine as it comes, with the function of the camera at @devfn of @bus. */
void cam_start_at(CamEnv *e, const char *args, unsigned bus, unsigned devfn);
void cam_stop(CamEnv *e);
/* Maps the function, asks which vectors it has, turns messages and queue on. */
void cam_attach(CamEnv *e, unsigned bus, unsigned devfn);
/* The same for a camera at @devfn below the bridge at @bridge of bus 0. */
void cam_attach_behind(CamEnv *e, unsigned bridge, unsigned devfn);
/* The machine goes on in another process, where @to is what @e was. */
void cam_move(CamEnv *e, CamEnv *to);

uint32_t cam_r32(CamEnv *e, uint64_t reg);
uint64_t cam_r64(CamEnv *e, uint64_t reg);
void cam_w32(CamEnv *e, uint64_t reg, uint32_t value);
void cam_w64(CamEnv *e, uint64_t reg, uint64_t value);

/* The queue at its beginning, with nothing in it. */
void cam_queue_on(CamEnv *e);
/* RESET, until it is over. */
void cam_queue_reset(CamEnv *e);

/* Writes all registers that @mode is about; CHECK has to like them. */
void cam_set_mode(CamEnv *e, const CamMode *mode);
/* STREAM, and what else is in @ctrl; it has to be taken. */
void cam_stream(CamEnv *e, uint32_t ctrl);
/* Clears STREAM and waits until the sensor is not busy. */
void cam_stream_off(CamEnv *e);

/* Memory for a picture of the mode, each part contiguous, guards behind it. */
typedef struct CamBuffer {
    uint64_t ram[PUCK_CAM_PARTS_MAX];
    uint32_t bytes[PUCK_CAM_PARTS_MAX];
    CamDesc desc;
} CamBuffer;

/* The list's address for the camera; those in it are as they are given. */
uint64_t cam_list(CamEnv *e, const CamSeg *segs, uint32_t nsegs);
CamBuffer cam_buffer(CamEnv *e, uint64_t cookie);
/* Writes a descriptor at the tail, and rings the doorbell. */
void cam_emit(CamEnv *e, const CamDesc *desc);
void cam_doorbell(CamEnv *e);
void cam_queue(CamEnv *e, const CamDesc *desc);
/* @count buffers of the mode are queued; their cookies are their indices. */
void cam_queue_buffers(CamEnv *e, CamBuffer *buf, unsigned count);
/* A stream of @mode begins, and the first @count frames have buffers. */
void cam_begin(CamEnv *e, const CamMode *mode, CamBuffer *buf, unsigned count);

/* The next done entry, if the slot says that there is one. */
bool cam_take(CamEnv *e, CamDone *done);
/* Lets the clock run to the next done entry. */
void cam_wait(CamEnv *e, CamDone *done);
/* The same, and it is @cookie's, OK, of a whole picture of the mode. */
void cam_wait_ok(CamEnv *e, uint64_t cookie, CamDone *done);
/*
 * The buffer holds the picture of the mode that @done tells of, and nothing
 * but that was written.
 */
void cam_expect_picture(CamEnv *e, const CamBuffer *buf, const CamDone *done);
/* Nothing of the buffer was written. */
void cam_expect_untouched(CamEnv *e, const CamBuffer *buf);
/* The first @count frames of @mode, captured one behind the other. */
void cam_capture(CamEnv *e, const CamMode *mode, unsigned count);

/* For what happens within a frame: one of many lines that takes its time. */
CamMode cam_long_mode(void);
/* Two buffers of that, and half of the lines of the first are written. */
void cam_begin_half(CamEnv *e, CamBuffer buf[2]);
/* They are all that is written, and no frame is done. */
void cam_expect_half(CamEnv *e, const CamBuffer buf[2]);

/* Takes the one error of the queue and compares it. */
void cam_expect_error(CamEnv *e, const CamError *error);
/* The device still works: the queue is on again and a frame of it comes. */
void cam_alive(CamEnv *e);

/* The time on the virtual clock. */
int64_t cam_now(CamEnv *e);
/* Lets the clock run on to @time. */
void cam_run_until(CamEnv *e, int64_t time);

void add_register_tests(void);
void add_geometry_tests(void);
void add_pattern_tests(void);
void add_format_tests(void);
void add_stamp_tests(void);
void add_timing_tests(void);
void add_queue_tests(void);
void add_bad_descriptor_tests(void);
void add_message_tests(void);
void add_iommu_tests(void);
void add_machine_tests(void);
void add_move_tests(void);
void add_mischief_tests(void);
void add_source_tests(void);
void add_random_tests(void);
void add_reentry_tests(void);

#endif /* PUCK_CAM_ENV_H */
