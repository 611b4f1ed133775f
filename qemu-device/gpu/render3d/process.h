/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the renderer as a process: started, told, ended. Under the BQL.
 *
 * It may end by itself at any time. That is heard of by the end of its socket,
 * which is also when it has no memory any more: the kernel takes that from a
 * process before its files. It takes a while with much memory, so who has to
 * know at once that it does nothing any more has it stand still first, which
 * all of its threads have to say of themselves, and takes a tenth of a
 * millisecond.
 */
#ifndef PUCK_GPU_RENDER3D_PROCESS_H
#define PUCK_GPU_RENDER3D_PROCESS_H

#include "hw/puck/common/compat.h"
#include "wire.h"

typedef struct PuckProcess {
    /* What it is started with. */
    const char *program;
    MemoryRegion *ram;          /* the machine's, which is one shared file */
    uint64_t memory;            /* bytes that it may take */
    unsigned rings;
    /* Under the BQL, out of the main loop. */
    void (*replied)(void *opaque, const PuckWireReply *reply);
    void (*ended)(void *opaque);
    void *opaque;

    pid_t pid;                  /* 0: there is none */
    int sock;
    int areas_fd;
    uint8_t *areas;             /* from the first start on */
} PuckProcess;

/* Why no renderer could be started with @ram, or NULL. */
const char *puck_process_unfit(const char *program, MemoryRegion *ram);
/* Frees what a process without a renderer has. */
void puck_process_exit(PuckProcess *p);

static inline bool puck_process_runs(const PuckProcess *p)
{
    return p->pid;
}

/* An errno, or 0: it runs, or runs already. */
int puck_process_start(PuckProcess *p);
/* The area of a ring, of a process that was started once. */
void *puck_process_area(PuckProcess *p, unsigned ring);
/* False if it cannot be told anything any more: ended() follows. */
bool puck_process_send(PuckProcess *p, const PuckWireRequest *request);
/* It ends, whatever it does; ended() follows. Once for each process. */
void puck_process_kill(PuckProcess *p);
/* The same, and it does nothing any more when this returns. */
void puck_process_halt(PuckProcess *p);
/* It was told to end, and has ended when this returns. That may take longer. */
void puck_process_await(PuckProcess *p);
/* It stands still, or goes on. */
void puck_process_pause(PuckProcess *p, bool pause);

#endif /* PUCK_GPU_RENDER3D_PROCESS_H */
