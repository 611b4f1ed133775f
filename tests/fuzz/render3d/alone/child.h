/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzzer of puck-render3d alone: the renderer as a child.
 */
#ifndef PUCK_FUZZ_RENDER3D_CHILD_H
#define PUCK_FUZZ_RENDER3D_CHILD_H

#include <sys/types.h>
#include "requests/requests.h"

/* The renderer, and what it shares with us. */
typedef struct Child {
    const char *program;
    const char *log;                /* what it says */
    pid_t pid;
    int sock;
    int areas_fd;
    int guest_fd;
    uint8_t *area;
} Child;

typedef enum Answer {
    GOOD_ANSWER,
    NO_ANSWER,
    LATE_ANSWER,
    BAD_ANSWER,
} Answer;

void child_start(Child *child);
/* Of a renderer that is there; @error is of the reply. */
Answer child_ask(Child *child, const PuckWireRequest *request, int32_t *error);
/* It ends, if it has not. Returns what waitpid() says of it. */
int child_end(Child *child);

#endif /* PUCK_FUZZ_RENDER3D_CHILD_H */
