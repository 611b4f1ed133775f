/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between the QEMU versions that Puck's devices build in
 * (10.0 and newer). Include after qemu/osdep.h.
 */
#ifndef PUCK_COMPAT_H
#define PUCK_COMPAT_H

#if __has_include("hw/core/qdev-properties.h")
#include "hw/core/qdev-properties.h"
#else
#include "hw/qdev-properties.h"
#endif

#if __has_include("system/memory.h")
#include "system/memory.h"
#else
#include "exec/memory.h"
#endif

#if __has_include("hw/core/boards.h")
#include "hw/core/boards.h"
#else
#include "hw/boards.h"
#endif

#if __has_include("exec/icount.h")
#include "exec/icount.h"
#else
#include "system/cpu-timers.h"
#endif

/* Class data and interface lists became const in 10.1. */
#if QEMU_VERSION_MAJOR > 10 || QEMU_VERSION_MINOR > 0
#define PUCK_CONST_10_1 const
#else
#define PUCK_CONST_10_1
#endif

#endif /* PUCK_COMPAT_H */
