/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: what the device and its renderer, a process on the same host, say
 * to each other. Plain C, for both of them.
 *
 * They have a socket of packets: a request is one, and so is its reply. Of each
 * ring one request is under way at most. Beside it they share a file with an
 * area for each ring, which belongs to the renderer from request to reply and
 * to the device else: a stream, the runs of a backing, a capset. And the
 * renderer has the file that is the guest's memory.
 */
#ifndef PUCK_GPU_RENDER3D_WIRE_H
#define PUCK_GPU_RENDER3D_WIRE_H

#include <stdint.h>

/* Descriptors that the renderer is started with. */
#define PUCK_WIRE_SOCKET    3
#define PUCK_WIRE_AREAS     4
#define PUCK_WIRE_MEMORY    5
#define PUCK_WIRE_END       6

/* Bytes of an area. */
#define PUCK_WIRE_AREA      0x100000u

/* A part of a backing: bytes in the guest's memory. */
typedef struct PuckWireRun {
    uint64_t offset;
    uint64_t len;
} PuckWireRun;

typedef struct PuckWireRequest {
    uint32_t op;                /* opcode of the command */
    uint32_t ring;              /* whose area it is about */
    uint32_t serial;
    uint32_t ctx;
    uint32_t resource;
    uint32_t arg[10];           /* fields of create_res, or of transfer */
    uint32_t count;             /* ATTACH: runs in the area */
    uint64_t length;            /* SUBMIT, RES_UNTYPED: bytes; CAPSET: room */
    uint64_t offset;            /* transfers */
    char name[40];              /* CTX_CREATE; ends with zero */
} PuckWireRequest;

typedef struct PuckWireReply {
    uint32_t ring;
    uint32_t serial;
    int32_t error;              /* an errno; 0: it is done */
    uint32_t version;           /* CAPSET */
    uint32_t size;              /* CAPSET: bytes, of which @length are there */
    uint64_t when_ns;           /* it was done, by the host's CLOCK_MONOTONIC */
} PuckWireReply;

#endif /* PUCK_GPU_RENDER3D_WIRE_H */
