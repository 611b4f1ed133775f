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

/* As virglrenderer's callers have it: its header declares it, no more. */
struct virgl_box {
    uint32_t x, y, z;
    uint32_t w, h, d;
};

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

/*
 * untyped.c: resources that streams give a type. Until they have one
 * virglrenderer does not know them.
 */
typedef struct Untyped Untyped;

int untyped_create(uint32_t resource, uint64_t length);
/* NULL: it is none of these. */
Untyped *untyped_find(uint32_t resource);
/* Frees what it has, but for what virglrenderer has of it. */
void untyped_destroy(Untyped *u);
/* False: it has a type, so virglrenderer has its backing and contexts. */
bool untyped_waits(const Untyped *u);
int untyped_attach(Untyped *u, struct iovec *iov, uint32_t count);
void untyped_detach(Untyped *u);
int untyped_add_context(Untyped *u, uint32_t ctx);
void untyped_drop_context(Untyped *u, uint32_t ctx);
/* The context ends. */
void untyped_drop_everywhere(uint32_t ctx);
/* All that it has a type for: from the backing, or to it if it was drawn to. */
int untyped_transfer(const Untyped *u, bool to_host);
/* Types that @stream gives, and what it draws to. It is as it was then. */
void untyped_look(uint32_t ctx, const uint32_t *stream, uint32_t dwords);

/*
 * sandbox.c: from here on the process, with all of its threads, starts nobody,
 * talks to nobody else, and changes no file, unless @writes. The caller has
 * given up new privileges (PR_SET_NO_NEW_PRIVS). False: the kernel has no such
 * thing.
 */
bool sandbox_enter(bool writes);

/* main.c, from any thread: what @cookie stands for is drawn. */
void fence_signalled(uint64_t cookie);
/* Says why, and ends the process. */
void die(const char *what) __attribute__((noreturn));

#endif /* PUCK_RENDERER_H */
