/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In front of QEMU's own header of this name when Puck is built as a module.
 * QEMU has run its initializers long before it loads a module, so those of
 * Puck's files are put aside by constructors; qemu_plugin_install() runs them
 * when it is known that they fit the QEMU at hand.
 */
#ifndef PUCK_MODULE_QEMU_MODULE_H
#define PUCK_MODULE_QEMU_MODULE_H

#include_next "qemu/module.h"

typedef enum PuckInitKind {
    PUCK_INIT_TRACE,
    PUCK_INIT_TYPES,
    PUCK_INIT_COUNT
} PuckInitKind;

void puck_module_later(PuckInitKind kind, void (*init)(void));

#define PUCK_MODULE_LATER(kind, function)                               \
    static void __attribute__((constructor)) puck_later_##function(void) \
    {                                                                   \
        puck_module_later(kind, function);                              \
    }

#undef trace_init
#define trace_init(function)    PUCK_MODULE_LATER(PUCK_INIT_TRACE, function)
#undef type_init
#define type_init(function)     PUCK_MODULE_LATER(PUCK_INIT_TYPES, function)

#endif /* PUCK_MODULE_QEMU_MODULE_H */
