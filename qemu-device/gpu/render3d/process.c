/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the renderer as a process.
 */

#include "qemu/osdep.h"
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include "qemu/main-loop.h"
#include "qemu/memfd.h"
#include "exec/cpu-common.h"
#include "process.h"

const char *puck_process_unfit(const char *program, MemoryRegion *ram)
{
    if (icount_enabled()) {
        return "a renderer has a clock of its own, and this machine counts "
               "instructions";
    }
    if (!memory_region_is_ram(ram) || memory_region_get_fd(ram) < 0 ||
        !qemu_ram_is_shared(ram->ram_block)) {
        return "the machine's memory is not one shared file, as with -object "
               "memory-backend-memfd,id=ram0,size=1G,share=on "
               "-machine memory-backend=ram0";
    }
    return access(program, X_OK) ? "its program cannot be executed" : NULL;
}

static void reap(PuckProcess *p)
{
    int status;

    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR) {
        ;
    }
    p->pid = 0;
}

/* The socket has ended, and so the renderer, but for what is left to reap. */
static void end(PuckProcess *p)
{
    qemu_set_fd_handler(p->sock, NULL, NULL, NULL);
    close(p->sock);
    /* If it has closed its socket by itself it may live on. */
    kill(p->pid, SIGKILL);
    reap(p);
    p->ended(p->opaque);
}

/* One packet, or the end. */
static void readable(void *opaque)
{
    PuckProcess *p = opaque;
    PuckWireReply reply;
    ssize_t got = recv(p->sock, &reply, sizeof(reply), MSG_DONTWAIT);

    if (got == sizeof(reply)) {
        p->replied(p->opaque, &reply);
    } else if (got >= 0 || (errno != EAGAIN && errno != EINTR)) {
        end(p);
    }
}

/* False if there is none: errno says why. */
static bool make_areas(PuckProcess *p)
{
    size_t size = p->rings * PUCK_WIRE_AREA;

    if (p->areas) {
        return true;
    }
    p->areas_fd = qemu_memfd_create("puck-render3d", size, false, 0, 0, NULL);
    if (p->areas_fd < 0) {
        return false;
    }
    p->areas = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, p->areas_fd,
                    0);
    if (p->areas == MAP_FAILED) {
        p->areas = NULL;
        close(p->areas_fd);
        return false;
    }
    return true;
}

/* It has three descriptors, the output of QEMU, and no signal blocked. */
static int spawn(PuckProcess *p, int sock)
{
    g_autofree char *guest = g_strdup_printf("%" PRIu64,
                                             memory_region_size(p->ram));
    g_autofree char *memory = g_strdup_printf("%" PRIu64, p->memory);
    g_autofree char *rings = g_strdup_printf("%u", p->rings);
    char *argv[] = { (char *)p->program, guest, memory, rings, NULL };
    const int fds[] = { sock, p->areas_fd, memory_region_get_fd(p->ram) };
    int above = MAX(MAX(fds[0], fds[1]), fds[2]) + 1;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none;
    int error;

    sigemptyset(&none);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null",
                                     O_RDONLY, 0);
    /* Out of the way first: none of them is where another one has to go. */
    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++) {
        posix_spawn_file_actions_adddup2(&files, fds[i], above + i);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(fds); i++) {
        posix_spawn_file_actions_adddup2(&files, above + i,
                                         PUCK_WIRE_SOCKET + i);
    }
    posix_spawn_file_actions_addclosefrom_np(&files, PUCK_WIRE_END);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    error = posix_spawn(&p->pid, p->program, &files, &attr, argv, environ);
    if (error) {
        p->pid = 0;
    }
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

int puck_process_start(PuckProcess *p)
{
    int socks[2];
    int error;

    if (p->pid) {
        return 0;
    }
    if (!make_areas(p) ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks)) {
        return errno;
    }
    error = spawn(p, socks[1]);
    close(socks[1]);
    if (error) {
        close(socks[0]);
        return error;
    }
    p->sock = socks[0];
    qemu_set_fd_handler(p->sock, readable, NULL, p);
    return 0;
}

void *puck_process_area(PuckProcess *p, unsigned ring)
{
    return p->areas + ring * PUCK_WIRE_AREA;
}

/* There is always room: no more is under way than a request for each ring. */
bool puck_process_send(PuckProcess *p, const PuckWireRequest *request)
{
    return send(p->sock, request, sizeof(*request),
                MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(*request);
}

void puck_process_kill(PuckProcess *p)
{
    if (p->pid) {
        kill(p->pid, SIGKILL);
    }
}

/* Until all of its threads stand still, or it has ended. */
static void wait_stopped(PuckProcess *p)
{
    siginfo_t info;

    while (waitid(P_PID, p->pid, &info, WSTOPPED | WEXITED | WNOWAIT) &&
           errno == EINTR) {
        ;
    }
}

/* Where they stand they are killed: none of them goes on. */
void puck_process_halt(PuckProcess *p)
{
    if (p->pid) {
        kill(p->pid, SIGSTOP);
        wait_stopped(p);
        kill(p->pid, SIGKILL);
    }
}

/* What is being killed does not stand still before. */
void puck_process_await(PuckProcess *p)
{
    wait_stopped(p);
}

void puck_process_pause(PuckProcess *p, bool pause)
{
    if (!p->pid) {
        return;
    }
    kill(p->pid, pause ? SIGSTOP : SIGCONT);
    if (pause) {
        wait_stopped(p);
    }
}

void puck_process_exit(PuckProcess *p)
{
    g_assert(!p->pid);
    if (p->areas) {
        munmap(p->areas, p->rings * PUCK_WIRE_AREA);
        close(p->areas_fd);
        p->areas = NULL;
    }
}
