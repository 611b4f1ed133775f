/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for QEMU's header of this name, so that those parts of the
 * devices that need nothing else of QEMU build as plain C.
 */
#ifndef PUCK_UNIT_OSDEP_H
#define PUCK_UNIT_OSDEP_H

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <glib.h>

#endif /* PUCK_UNIT_OSDEP_H */
