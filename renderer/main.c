// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * puck-render3d: the process, and its loop.
 *
 *     puck-render3d GUEST-BYTES MEMORY-BYTES RINGS
 *
 * The device in QEMU starts it, with the descriptors of wire.h.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "renderer.h"

void die(const char *what)
{
    fprintf(stderr, "puck-render3d: %s: %s\n", what, strerror(errno));
    _exit(1);
}

static void reply(const PuckWireReply *reply)
{
    /* Who is to have it is gone: then nobody wants anything of us. */
    if (send(PUCK_WIRE_SOCKET, reply, sizeof(*reply), MSG_NOSIGNAL) < 0) {
        _exit(0);
    }
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ull + now.tv_nsec;
}

void fence_signalled(uint64_t cookie)
{
    reply(&(PuckWireReply) { .ring = cookie >> 32, .serial = cookie,
                             .when_ns = now_ns() });
}

static uint64_t number(const char *word)
{
    uint64_t value;
    char more;

    if (sscanf(word, "%" SCNu64 "%c", &value, &more) != 1 || !value) {
        errno = EINVAL;
        die(word);
    }
    return value;
}

/* What it has from its start; with sanitizers that is terabytes of nothing. */
static uint64_t given(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[128];
    uint64_t kib = 0;

    while (status && fgets(line, sizeof(line), status)) {
        if (sscanf(line, "VmData: %" SCNu64 " kB", &kib) == 1) {
            break;
        }
    }
    if (!kib) {
        die("/proc/self/status");
    }
    fclose(status);
    return kib * 1024;
}

/* Nothing outlives QEMU, no core is as large as a guest, memory has an end. */
static void confine(uint64_t bytes)
{
    uint64_t all = given() + bytes;
    struct rlimit data = { all, all }, none = { 0, 0 };

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (setrlimit(RLIMIT_DATA, &data) || setrlimit(RLIMIT_CORE, &none)) {
        die("limits");
    }
}

/*
 * With sanitizers it is they who write files, and fork. Mesa writes some, too,
 * where somebody has turned its cache of shaders on: fuzzers.
 */
static void close_sandbox(void)
{
#ifndef __SANITIZE_ADDRESS__
    const char *off = getenv("MESA_SHADER_CACHE_DISABLE");

    if (!sandbox_enter(off && !strcmp(off, "false"))) {
        fprintf(stderr, "puck-render3d: this kernel has no filter for calls: "
                "%s\n", strerror(errno));
    }
#endif
}

static void serve(const struct memory *memory)
{
    PuckWireReply answer = { };
    PuckWireRequest request;
    ssize_t got = recv(PUCK_WIRE_SOCKET, &request, sizeof(request), 0);

    if (got != sizeof(request) || request.ring >= memory->rings) {
        _exit(0);
    }
    answer.ring = request.ring;
    answer.serial = request.serial;
    if (gl_execute(&request, &answer)) {
        answer.when_ns = now_ns();
        reply(&answer);
    }
}

int main(int argc, char **argv)
{
    struct memory memory;
    struct pollfd wait[2];

    if (argc != 4) {
        fprintf(stderr, "puck-render3d: it is started by puck-gpu\n");
        return 2;
    }
    confine(number(argv[2]));
    memory_init(&memory, number(argv[1]), number(argv[3]));
    gl_init(&memory);
    close_sandbox();
    wait[0] = (struct pollfd) { PUCK_WIRE_SOCKET, POLLIN, 0 };
    wait[1] = (struct pollfd) { gl_poll_fd(), POLLIN, 0 };
    for (;;) {
        if (poll(wait, 2, -1) < 0 && errno != EINTR) {
            die("poll");
        }
        if (wait[1].revents) {
            gl_poll();
        }
        if (wait[0].revents) {
            serve(&memory);
        }
    }
}
