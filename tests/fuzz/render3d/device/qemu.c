/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzzer of puck-gpu's 3D: QEMU as a child, told what to do by the qtest
 * protocol; its memory is a file that is mapped here, too.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "device.h"

#define TICK_NS         60000
#define START_STEP_MS   100
#define ARGS_MAX        40

static void die(const char *what)
{
    perror(what);
    exit(2);
}

int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

static int listen_at(const char *path)
{
    struct sockaddr_un addr = { .sun_family = AF_UNIX };
    int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(addr.sun_path)) {
        fprintf(stderr, "%s: too long for a socket's name\n", path);
        exit(2);
    }
    strcpy(addr.sun_path, path);
    unlink(path);
    if (sock < 0 || bind(sock, (struct sockaddr *)&addr, sizeof(addr)) ||
        listen(sock, 1)) {
        die(path);
    }
    return sock;
}

/* The words of a command line, of which none has a space in it. */
static void run(const char *program, char *line, const char *log)
{
    char *argv[ARGS_MAX] = { (char *)program };
    int out = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    int n = 1;

    for (char *word = strtok(line, " "); word && n < ARGS_MAX - 1;
         word = strtok(NULL, " ")) {
        argv[n++] = word;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    execv(program, argv);
    die(program);
}

static void launch(Machine *q, const char *program, const char *renderer,
                   const char *path, int ram, unsigned mib)
{
    char line[4096];

    snprintf(line, sizeof(line),
             "-M q35,memory-backend=ram0 -m %uM -nodefaults -vga none "
             "-display none -accel qtest -qtest unix:%s -qtest-log none "
             "-object memory-backend-file,id=ram0,size=%u,share=on,"
             "mem-path=/proc/%d/fd/%d -device puck-gpu,id=gpu0,addr=4,rings=%u,"
             "vram-size=1M,renderer=%s,render-rings=%u,render-contexts=%u,"
             "render-resources=%u,render-bytes=%s,render-memory=%uM",
             RAM_BYTES >> 20, path, RAM_BYTES, getpid(), ram, FIRST_RING,
             renderer, RINGS, CONTEXTS_MAX, RESOURCES_MAX, BYTES_MAX, mib);
    q->pid = fork();
    if (q->pid < 0) {
        die("fork");
    }
    if (!q->pid) {
        run(program, line, q->log);
    }
}

static int accept_from(int sock, pid_t qemu)
{
    struct pollfd wait = { sock, POLLIN, 0 };

    for (unsigned ms = 0; poll(&wait, 1, START_STEP_MS) != 1;
         ms += START_STEP_MS) {
        if (ms > HANG_MS || waitpid(qemu, NULL, WNOHANG)) {
            broken("QEMU does not start");
        }
    }
    return accept4(sock, NULL, NULL, SOCK_CLOEXEC);
}

void qemu_start(Machine *q, const char *program, const char *renderer,
                const char *folder, unsigned mib)
{
    int ram = memfd_create("guest", MFD_CLOEXEC);
    char path[600];
    int sock;

    if (ram < 0 || ftruncate(ram, RAM_BYTES)) {
        die("memfd");
    }
    q->ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, ram, 0);
    if (q->ram == MAP_FAILED) {
        die("mmap");
    }
    snprintf(path, sizeof(path), "%s/qtest.sock", folder);
    sock = listen_at(path);
    launch(q, program, renderer, path, ram, mib);
    q->sock = accept_from(sock, q->pid);
    close(sock);
    unlink(path);
    /* The first answer is that of a machine which has its memory. */
    qemu_tick(q);
    close(ram);
}

void qemu_stop(Machine *q)
{
    int status = 0;

    kill(q->pid, SIGTERM);
    for (unsigned ms = 0; !waitpid(q->pid, &status, WNOHANG);
         ms += START_STEP_MS) {
        if (ms > HANG_MS) {
            broken("QEMU does not end");
        }
        usleep(1000 * START_STEP_MS);
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status)) {
        broken("QEMU has ended with 0x%x", status);
    }
    close(q->sock);
    munmap(q->ram, RAM_BYTES);
}

/* A line of the answer, without its end. */
static char *line_of(Machine *q)
{
    struct pollfd wait = { q->sock, POLLIN, 0 };
    char *end;

    while (!(end = memchr(q->answer, '\n', q->have))) {
        ssize_t got;

        if (q->have == sizeof(q->answer)) {
            broken("QEMU answers nonsense");
        }
        if (poll(&wait, 1, HANG_MS) != 1) {
            broken("QEMU hangs");
        }
        got = read(q->sock, q->answer + q->have, sizeof(q->answer) - q->have);
        if (got <= 0) {
            broken("QEMU has ended");
        }
        q->have += got;
    }
    *end = 0;
    return end;
}

uint64_t qemu_ask(Machine *q, const char *order, ...)
{
    char line[128];
    int64_t begun = now_ms();
    uint64_t value = 0;
    va_list args;
    char *end;
    int len;

    va_start(args, order);
    len = vsnprintf(line, sizeof(line), order, args);
    va_end(args);
    if (send(q->sock, line, len, MSG_NOSIGNAL) != len) {
        broken("QEMU has ended");
    }
    end = line_of(q);
    begun = now_ms() - begun;
    q->longest_ms = begun > q->longest_ms ? begun : q->longest_ms;
    if (strncmp(q->answer, "OK", 2)) {
        broken("QEMU says %s", q->answer);
    }
    sscanf(q->answer, "OK %" SCNi64, (int64_t *)&value);
    q->have -= end + 1 - q->answer;
    memmove(q->answer, end + 1, q->have);
    return value;
}

void qemu_write32(Machine *q, uint64_t addr, uint32_t value)
{
    qemu_ask(q, "writel 0x%" PRIx64 " 0x%x\n", addr, value);
}

uint32_t qemu_read32(Machine *q, uint64_t addr)
{
    return qemu_ask(q, "readl 0x%" PRIx64 "\n", addr);
}

void qemu_tick(Machine *q)
{
    qemu_ask(q, "clock_step %d\n", TICK_NS);
}

/* Any thread of QEMU's may have started it. */
pid_t qemu_renderer(const Machine *q)
{
    char path[64];
    struct dirent *task;
    int pid = 0;
    DIR *tasks;

    snprintf(path, sizeof(path), "/proc/%d/task", q->pid);
    tasks = opendir(path);
    while (tasks && !pid && (task = readdir(tasks))) {
        char children[400];
        FILE *file;

        snprintf(children, sizeof(children), "%s/%s/children", path,
                 task->d_name);
        file = fopen(children, "r");
        if (file && fscanf(file, "%d", &pid) != 1) {
            pid = 0;
        }
        if (file) {
            fclose(file);
        }
    }
    if (tasks) {
        closedir(tasks);
    }
    return pid;
}

unsigned long memory_of(pid_t pid)
{
    unsigned long kib = 0;
    char line[128];
    FILE *file;

    snprintf(line, sizeof(line), "/proc/%d/status", pid);
    file = fopen(line, "r");
    while (file && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "RssAnon: %lu", &kib) == 1) {
            break;
        }
    }
    if (file) {
        fclose(file);
    }
    return kib;
}

unsigned qemu_files(const Machine *q)
{
    unsigned count = 0;
    char path[64];
    DIR *fds;

    snprintf(path, sizeof(path), "/proc/%d/fd", q->pid);
    fds = opendir(path);
    while (fds && readdir(fds)) {
        count++;
    }
    if (fds) {
        closedir(fds);
    }
    return count;
}

long log_bytes(const Machine *q)
{
    struct stat log;

    return stat(q->log, &log) ? 0 : log.st_size;
}
