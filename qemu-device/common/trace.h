/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puck's trace events. In a log each line begins with the time of the virtual
 * clock in nanoseconds, so that events of devices stand on one time line with
 * those of the guest, and mean the same in each run with counted instructions.
 */

#ifndef PUCK_TRACE_H
#define PUCK_TRACE_H

#include "qemu/log.h"
#include "qemu/timer.h"

/* What the generated functions call; not for code behind this header. */
#define qemu_log(fmt, ...) \
    (qemu_log)("%" PRId64 " " fmt, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL), \
               ##__VA_ARGS__)
#include "trace/trace-hw_puck.h"
#undef qemu_log

#endif
