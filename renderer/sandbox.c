// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * puck-render3d: what the process cannot do any more once a guest's streams
 * reach virglrenderer, which some of them make write where it should not.
 *
 * A filter of the kernel's refuses calls that a renderer has no use for: no
 * other program, process or socket, no file that is written or changed, nobody
 * else's memory. It holds for all threads, and for good. What it needs it has
 * by then: its libraries, its memory, and the socket to QEMU.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "renderer.h"

#ifndef __x86_64__
#error "the numbers and arguments of calls are those of x86-64"
#endif

#define X32_BIT         0x40000000u
#define FILTER_MAX      256
#define WRITE_FLAGS     (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)

typedef struct Filter {
    struct sock_filter code[FILTER_MAX];
    unsigned short len;
} Filter;

static const int refused[] = {
    /* another program, another process */
    SYS_execve, SYS_execveat, SYS_fork, SYS_vfork, SYS_tkill, SYS_unshare,
    SYS_setns, SYS_pidfd_open, SYS_pidfd_send_signal, SYS_pidfd_getfd,
    /* memory of others */
    SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
    SYS_process_madvise,
    /* sockets, beside the one that there is */
    SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept,
    SYS_accept4,
    /* the kernel */
    SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup,
    SYS_add_key, SYS_request_key, SYS_keyctl, SYS_open_by_handle_at,
    SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_open_tree,
    SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
    SYS_swapon, SYS_swapoff, SYS_reboot, SYS_kexec_load, SYS_kexec_file_load,
    SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_iopl, SYS_ioperm,
    SYS_acct, SYS_quotactl, SYS_sethostname, SYS_setdomainname,
    SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime,
};

/* Of files; those that are open are as they are. */
static const int refused_writes[] = {
    SYS_creat, SYS_truncate, SYS_unlink, SYS_unlinkat, SYS_rename,
    SYS_renameat, SYS_renameat2, SYS_link, SYS_linkat, SYS_symlink,
    SYS_symlinkat, SYS_mkdir, SYS_mkdirat, SYS_rmdir, SYS_mknod, SYS_mknodat,
    SYS_chmod, SYS_fchmodat, SYS_chown, SYS_lchown, SYS_fchownat, SYS_utime,
    SYS_utimes, SYS_utimensat, SYS_setxattr, SYS_lsetxattr, SYS_removexattr,
    SYS_lremovexattr,
};

/* Callers do without these, and use older ones, whose arguments are seen. */
static const int unknown[] = { SYS_clone3, SYS_openat2 };

static void add(Filter *f, unsigned short code, uint32_t k, uint8_t yes,
                uint8_t no)
{
    if (f->len == FILTER_MAX) {
        errno = E2BIG;
        die("sandbox");
    }
    f->code[f->len++] = (struct sock_filter) { code, yes, no, k };
}

static void end_with(Filter *f, uint32_t action)
{
    add(f, BPF_RET | BPF_K, action, 0, 0);
}

static void load(Filter *f, size_t offset)
{
    add(f, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void load_arg(Filter *f, unsigned arg)
{
    load(f, offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t));
}

static void begin(Filter *f)
{
    load(f, offsetof(struct seccomp_data, arch));
    add(f, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    end_with(f, SECCOMP_RET_KILL_PROCESS);
    load(f, offsetof(struct seccomp_data, nr));
    add(f, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    end_with(f, SECCOMP_RET_KILL_PROCESS);
}

static void refuse(Filter *f, const int *calls, size_t count, int error)
{
    for (size_t i = 0; i < count; i++) {
        add(f, BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
        end_with(f, SECCOMP_RET_ERRNO | error);
    }
}

/*
 * Refuses @call unless @test, BPF_JEQ or BPF_JSET, of its argument and @value
 * comes to @allowed.
 */
static void refuse_unless(Filter *f, int call, unsigned arg,
                          unsigned short test, uint32_t value, bool allowed)
{
    add(f, BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4);
    load_arg(f, arg);
    add(f, BPF_JMP | test | BPF_K, value, allowed, !allowed);
    end_with(f, SECCOMP_RET_ERRNO | EPERM);
    end_with(f, SECCOMP_RET_ALLOW);
}

#define REFUSE(f, calls, error) \
    refuse(f, calls, sizeof(calls) / sizeof(*(calls)), error)

static void build(Filter *f, bool writes)
{
    begin(f);
    REFUSE(f, refused, EPERM);
    REFUSE(f, unknown, ENOSYS);
    refuse_unless(f, SYS_clone, 0, BPF_JSET, CLONE_THREAD, true);
    refuse_unless(f, SYS_kill, 0, BPF_JEQ, getpid(), true);
    refuse_unless(f, SYS_tgkill, 0, BPF_JEQ, getpid(), true);
    if (!writes) {
        REFUSE(f, refused_writes, EPERM);
        refuse_unless(f, SYS_open, 1, BPF_JSET, WRITE_FLAGS, false);
        refuse_unless(f, SYS_openat, 2, BPF_JSET, WRITE_FLAGS, false);
    }
    end_with(f, SECCOMP_RET_ALLOW);
}

bool sandbox_enter(bool writes)
{
    Filter filter = { };
    struct sock_fprog prog = { .filter = filter.code };

    build(&filter, writes);
    prog.len = filter.len;
    return !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                    SECCOMP_FILTER_FLAG_TSYNC, &prog);
}
