/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the qtest of 3D share: a machine whose puck-gpu has a
 * renderer, the commands of its ring, and streams as virgl has them.
 *
 * Where there is no renderer each test says so, and is skipped.
 */
#ifndef PUCK_RENDER3D_ENV_H
#define PUCK_RENDER3D_ENV_H

#include "common/gpu-env.h"
#include "abi/puck_render3d.h"

#define NONE            PUCK_GPU_ERR_DESC_NONE

/* The first ring of the kind, with the default of two others. */
#define RENDER_RING     2

/* A picture of the tests: a square of pixels of 4 bytes. */
#define SIDE            64u
#define PICTURE         (SIDE * SIDE * 4)
#define PICTURE_PAGES   (PICTURE / PAGE)

/* Of virgl: a 2D texture of B8G8R8A8_UNORM that can be drawn to. */
#define TARGET_BUFFER   0
#define TARGET_2D       2
#define FORMAT_BGRA     1
#define BIND_TARGET     2
#define BIND_VERTEX     16

typedef struct puck_render_cmd RenderCmd;

typedef struct Render {
    GpuEnv e;
} Render;

/* " -object ..." by which the machine's memory is one shared file. */
#define RENDER_MEMORY \
    "-object memory-backend-memfd,id=ram0,size=256M,share=on " \
    "-machine memory-backend=ram0 "

/* The renderer, or NULL: then the test was skipped. */
const char *render_program(void);
/* Options of a puck-gpu with it and with @more; to be freed. */
char *render_options(const char *more);
/* False: the test was skipped. */
bool render_start(Render *t, const char *options, const char *args);
void render_stop(Render *t);
uint32_t render_r32(Render *t, uint64_t reg);
uint64_t render_r64(Render *t, uint64_t reg);

/* Commands that have nothing else in them. */
RenderCmd render_cmd(uint16_t opcode, uint32_t ctx, uint32_t resource);
RenderCmd render_create_ctx(uint32_t ctx);
/* The picture as a texture. */
RenderCmd render_create_res(uint32_t resource);
RenderCmd render_create_buffer(uint32_t resource, uint32_t bytes);
RenderCmd render_untyped(uint32_t resource, uint64_t bytes);
/* ATTACH, SUBMIT or CAPSET of one segment. */
RenderCmd render_io(Render *t, uint16_t opcode, uint32_t ctx,
                    uint32_t resource, GpuSeg seg, uint64_t length);
/* The whole picture, TO_HOST or FROM_HOST. */
RenderCmd render_transfer(uint16_t opcode, uint32_t ctx, uint32_t resource);
/* SUBMIT of a stream that clears @resource to these bytes: B, G, R, A. */
RenderCmd render_clear(Render *t, uint32_t ctx, uint32_t resource,
                       const uint8_t *colour);
/* SUBMIT of @dwords. */
RenderCmd render_stream(Render *t, uint32_t ctx, const uint32_t *dwords,
                        size_t count);

void render_emit(Render *t, unsigned r, RenderCmd cmd);
/* Emits a fence, rings the doorbell, waits for the fence. */
void render_finish(Render *t, unsigned r);
/* The virtual clock goes on until RING_SEQNO is @seqno. */
void render_wait(Render *t, unsigned r, uint32_t seqno);
void render_run(Render *t, RenderCmd cmd);
/* Context 1, and texture 1 in it, which has a picture at the address. */
uint64_t render_picture(Render *t);
/* Each pixel of the picture at @at has these bytes. */
bool render_is(Render *t, uint64_t at, const uint8_t *colour);

/* @cmd halts the ring with just this; SKIP gets it going. */
typedef struct RenderError {
    uint8_t reason;
    uint8_t list;
    uint32_t desc;
    uint64_t addr;
} RenderError;

void render_refused(Render *t, RenderCmd cmd, RenderError error);
/* A context, a texture, a clear of it: all works. Takes numbers from 900 on. */
void render_alive(Render *t);

/* The renderer's process id; 0: there is none. */
pid_t render_pid(Render *t);
/* Waits until as many renderers have ended, and none is there. */
void render_wait_epoch(Render *t, uint32_t epoch);

void add_render_register_tests(void);
void add_render_command_tests(void);
void add_render_bad_tests(void);
void add_render_limit_tests(void);
void add_render_fence_tests(void);
void add_render_life_tests(void);
void add_render_iommu_tests(void);
void add_render_untyped_tests(void);

#endif /* PUCK_RENDER3D_ENV_H */
