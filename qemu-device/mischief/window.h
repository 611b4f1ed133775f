/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: the guest's window of one device. Under the BQL.
 */
#ifndef PUCK_MISCHIEF_WINDOW_H
#define PUCK_MISCHIEF_WINDOW_H

#include "migration/vmstate.h"
#include "abi/puck_mischief.h"

/* Its registers, and the text. */
typedef struct PuckMischiefWindow {
    uint32_t arg;
    uint32_t result;
    uint32_t id;
    uint32_t column;
    uint64_t seen;
    uint64_t hits;
    uint8_t text[PUCK_MISCHIEF_TEXT_SIZE];
} PuckMischiefWindow;

/* Where a device with a window is made. */
void puck_mischief_window_init(PuckMischiefWindow *w);
/*
 * @offset is relative to the window. False: there is no such register, or it
 * cannot be accessed so; the device then does what it does with all such.
 */
bool puck_mischief_window_read(PuckMischiefWindow *w, uint64_t offset,
                               unsigned size, uint64_t *value);
bool puck_mischief_window_write(PuckMischiefWindow *w, uint64_t offset,
                                unsigned size, uint64_t value);
void puck_mischief_window_reset(PuckMischiefWindow *w);
extern const VMStateDescription vmstate_puck_mischief_window;

#endif /* PUCK_MISCHIEF_WINDOW_H */
