/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzzer of puck-render3d: the renderer as a child, with the descriptors of
 * wire.h.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "child.h"

/* Behind that a driver would reset the ring; the machine may be busy. */
#define PATIENCE_MS     8000
#define MEMORY          "1073741824"

static void die(const char *what)
{
    perror(what);
    exit(2);
}

static int shared(const char *name, size_t bytes)
{
    int fd = memfd_create(name, 0);

    if (fd < 0 || ftruncate(fd, bytes)) {
        die(name);
    }
    return fd;
}

/* Above all of them first: none of them is where another one has to go. */
static void become(const Child *child, int sock)
{
    int fds[] = { sock, child->areas_fd, child->guest_fd };
    int log = open(child->log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    char bytes[32];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(log, STDERR_FILENO);
    for (int i = 0; i < 3; i++) {
        fds[i] = fcntl(fds[i], F_DUPFD, 64);
    }
    for (int i = 0; i < 3; i++) {
        dup2(fds[i], PUCK_WIRE_SOCKET + i);
    }
    close_range(PUCK_WIRE_END, ~0u, 0);
    snprintf(bytes, sizeof(bytes), "%u", GUEST_BYTES);
    execl(child->program, child->program, bytes, MEMORY, "1", (char *)NULL);
    die(child->program);
}

static void make_memory(Child *child)
{
    child->areas_fd = shared("areas", PUCK_WIRE_AREA);
    child->guest_fd = shared("guest", GUEST_BYTES);
    child->area = mmap(NULL, PUCK_WIRE_AREA, PROT_READ | PROT_WRITE, MAP_SHARED,
                       child->areas_fd, 0);
    if (child->area == MAP_FAILED) {
        die("mmap");
    }
}

void child_start(Child *child)
{
    int socks[2];

    if (!child->area) {
        make_memory(child);
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks)) {
        die("socketpair");
    }
    child->pid = fork();
    if (child->pid < 0) {
        die("fork");
    }
    if (!child->pid) {
        become(child, socks[1]);
    }
    close(socks[1]);
    child->sock = socks[0];
}

Answer child_ask(Child *child, const PuckWireRequest *request, int32_t *error)
{
    struct pollfd wait = { .fd = child->sock, .events = POLLIN };
    PuckWireReply reply;
    ssize_t got;

    if (send(child->sock, request, sizeof(*request), MSG_NOSIGNAL) < 0) {
        return NO_ANSWER;
    }
    if (poll(&wait, 1, PATIENCE_MS) != 1) {
        return LATE_ANSWER;
    }
    got = recv(child->sock, &reply, sizeof(reply), 0);
    if (got <= 0) {
        return NO_ANSWER;
    }
    *error = reply.error;
    return got == sizeof(reply) && reply.ring == request->ring &&
           reply.serial == request->serial && reply.error >= 0 &&
           reply.error < 4096 ? GOOD_ANSWER : BAD_ANSWER;
}

int child_end(Child *child)
{
    int status = 0;

    kill(child->pid, SIGKILL);
    waitpid(child->pid, &status, 0);
    close(child->sock);
    child->pid = 0;
    return status;
}
