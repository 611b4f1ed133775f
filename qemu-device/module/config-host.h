/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What QEMU's headers ask about the build, as Debian's packages of QEMU for
 * amd64 answer it. It is here in place of a configured tree; module.c checks
 * at load that the structures come out as in the QEMU at hand. QEMU's version
 * is given by the compiler's command line.
 */
#pragma once

#define HOST_X86_64             1

#define CONFIG_POSIX            1
#define CONFIG_LINUX            1
#define CONFIG_ATOMIC64         1
#define CONFIG_INT128           1
#define CONFIG_INT128_TYPE      1
#define CONFIG_IOVEC            1
#define CONFIG_EVENTFD          1
#define CONFIG_SYSMACROS        1
#define CONFIG_MEMFD            1
#define CONFIG_MADVISE          1
#define CONFIG_POSIX_MADVISE    1
#define CONFIG_PTHREAD_SETNAME_NP_W_TID 1
#define CONFIG_STATX            1
#define CONFIG_MODULES          1
#define CONFIG_PLUGIN           1
#define CONFIG_TCG              1
#define CONFIG_TRACE_LOG        1
#define CONFIG_PIXMAN           1
#define CONFIG_VNC              1
#define CONFIG_EPOLL            1
#define CONFIG_VHOST            1
