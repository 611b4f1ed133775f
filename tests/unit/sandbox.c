/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of what puck-render3d cannot do once it renders. Each case is a
 * process of its own, which does not come out again.
 */

#define _GNU_SOURCE
#include "qemu/osdep.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../renderer/renderer.h"

#define NO_FILTER   99      /* the kernel has none */

static char folder[] = "/tmp/puck-sandbox-XXXXXX";
static int written = -1;    /* a file that was open before */

void die(const char *what)
{
    perror(what);
    _exit(1);
}

/* Whether a call has failed as it has to. */
static bool refused(long ret, int error)
{
    return ret < 0 && errno == error;
}

static bool starts_nobody(void)
{
    char *const args[] = { (char *)"/bin/false", NULL };

    return refused(execve("/bin/false", args, NULL), EPERM) &&
           refused(fork(), EPERM) && refused(syscall(SYS_vfork), EPERM) &&
           refused(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0), EPERM) &&
           refused(syscall(SYS_clone3, NULL, 0), ENOSYS);
}

static bool talks_to_nobody(void)
{
    int ends[2];

    return refused(socket(AF_UNIX, SOCK_STREAM, 0), EPERM) &&
           refused(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), EPERM) &&
           refused(connect(0, NULL, 0), EPERM);
}

static bool harms_nobody(void)
{
    struct iovec iov = { folder, 1 };

    return refused(kill(getppid(), 0), EPERM) && refused(kill(-1, 0), EPERM) &&
           refused(syscall(SYS_tgkill, getppid(), getppid(), 0), EPERM) &&
           refused(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL), EPERM) &&
           refused(process_vm_writev(getppid(), &iov, 1, &iov, 1, 0), EPERM) &&
           !kill(getpid(), 0);
}

static bool opens(const char *path, int flags)
{
    int fd = syscall(SYS_openat, AT_FDCWD, path, flags, 0600);
    int old = syscall(SYS_open, path, flags, 0600);

    if (fd >= 0) {
        close(fd);
    }
    if (old >= 0) {
        close(old);
    }
    return fd >= 0 && old >= 0;
}

static bool writes_nothing(void)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/new", folder);
    return !opens(path, O_WRONLY | O_CREAT) && !opens(path, O_RDWR | O_CREAT) &&
           !opens("/dev/null", O_WRONLY) && !opens("/dev/null", O_RDWR) &&
           !opens(folder, O_TMPFILE | O_RDWR) &&
           refused(mkdir(path, 0700), EPERM) && refused(rmdir(folder), EPERM) &&
           refused(chmod(folder, 0777), EPERM) &&
           refused(rename(folder, path), EPERM);
}

static void *nothing(void *arg)
{
    return arg;
}

/* Threads, memory that is executed, files that are read, what is open. */
static bool goes_on(void)
{
    void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_t thread;

    return code != MAP_FAILED && !mprotect(code, 4096, PROT_EXEC) &&
           !pthread_create(&thread, NULL, nothing, NULL) &&
           !pthread_join(thread, NULL) && opens("/dev/null", O_RDONLY) &&
           write(written, "x", 1) == 1;
}

static bool may_write(void)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/cached", folder);
    return opens(path, O_WRONLY | O_CREAT) && !unlink(path) &&
           starts_nobody() && talks_to_nobody();
}

static int barrier[2];
static bool (*checked)(void);

/* Is there before the filter is. */
static void *check(void *arg)
{
    char byte;

    return read(barrier[0], &byte, 1) == 1 && checked() ? arg : NULL;
}

static void child(bool (*holds)(void), bool writes, bool elsewhere)
{
    pthread_t thread;
    void *good = NULL;

    checked = holds;
    if (elsewhere && (pipe(barrier) ||
                      pthread_create(&thread, NULL, check, folder))) {
        _exit(2);
    }
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!sandbox_enter(writes)) {
        _exit(NO_FILTER);
    }
    if (!elsewhere) {
        _exit(!holds());
    }
    _exit(write(barrier[1], "x", 1) != 1 || pthread_join(thread, &good) ||
          !good);
}

static void in_sandbox(bool (*holds)(void), bool writes, bool elsewhere)
{
    int status;
    pid_t pid = fork();

    g_assert_cmpint(pid, >=, 0);
    if (!pid) {
        child(holds, writes, elsewhere);
    }
    g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_FILTER) {
        g_test_skip("no seccomp in this kernel");
        return;
    }
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

static void test_refused(const void *holds)
{
    in_sandbox((bool (*)(void))holds, false, false);
    in_sandbox((bool (*)(void))holds, false, true);
}

static void test_cache(void)
{
    in_sandbox(may_write, true, false);
}

int main(int argc, char **argv)
{
    int ret;

    g_test_init(&argc, &argv, NULL);
    g_assert_nonnull(g_mkdtemp(folder));
    written = open("/dev/null", O_WRONLY);
    g_test_add_data_func("/sandbox/bad_start", starts_nobody, test_refused);
    g_test_add_data_func("/sandbox/bad_talk", talks_to_nobody, test_refused);
    g_test_add_data_func("/sandbox/bad_harm", harms_nobody, test_refused);
    g_test_add_data_func("/sandbox/bad_write", writes_nothing, test_refused);
    g_test_add_data_func("/sandbox/goes_on", goes_on, test_refused);
    g_test_add_func("/sandbox/cache", test_cache);
    ret = g_test_run();
    rmdir(folder);
    return ret;
}
