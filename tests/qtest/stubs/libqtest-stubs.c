/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What QEMU's libqtest refers to and does not need here, when it is linked
 * without the rest of QEMU.
 */

#include "qemu/osdep.h"
#include "qemu/module.h"

/* libqos registers its graph of machines and drivers; Puck does not use it. */
void register_module_init(void (*fn)(void), module_init_type type)
{
}

void qemu_set_cloexec(int fd)
{
    int flags = fcntl(fd, F_GETFD);

    assert(flags != -1);
    flags = fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
    assert(flags != -1);
}
