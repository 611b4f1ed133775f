/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-render3d: the renderer of puck-gpu, a process that calls virglrenderer.
 *
 * QEMU's device starts one, and ends it by SIGKILL at any time: there is
 * nothing to be cleaned up. All calls of virglrenderer are made on the main
 * thread; its own thread tells of fences.
 */
#ifndef PUCK_RENDERER_H
#define PUCK_RENDERER_H

#include <stdbool.h>
#include <stddef.h>
#include "wire.h"

/* The guest's memory, and the rings' areas. */
struct memory {
    uint8_t *guest;
    uint64_t guest_size;
    uint8_t *areas;
    uint32_t rings;
};

/* memory.c: maps both; ends the process if that fails. */
void memory_init(struct memory *memory, uint64_t guest_size, uint32_t rings);
/* The area of a ring, which there is. */
void *memory_area(const struct memory *memory, uint32_t ring);

struct iovec;

/*
 * The @count runs in the area of @ring as pointers; to be freed. NULL if one is
 * not in the guest's memory, or there is no room for them.
 */
struct iovec *memory_runs(const struct memory *memory, uint32_t ring,
                          uint32_t count);

/* gl.c: virglrenderer, on the main thread. */
void gl_init(const struct memory *memory);
/* Readable when gl_poll() has something to do; or -1. */
int gl_poll_fd(void);
void gl_poll(void);
/*
 * Does what @request says. False if it is not done when this returns: then
 * fence_signalled() follows.
 */
bool gl_execute(const PuckWireRequest *request, PuckWireReply *reply);

/* main.c, from any thread: what @cookie stands for is drawn. */
void fence_signalled(uint64_t cookie);
/* Says why, and ends the process. */
void die(const char *what) __attribute__((noreturn));

#endif /* PUCK_RENDERER_H */
