/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stands in for QEMU's header of this name: an event that stays set until it
 * is reset.
 */
#ifndef PUCK_UNIT_THREAD_H
#define PUCK_UNIT_THREAD_H

#include <glib.h>

typedef struct QemuEvent {
    GMutex lock;
    GCond cond;
    bool set;
} QemuEvent;

static inline void qemu_event_init(QemuEvent *ev, bool set)
{
    g_mutex_init(&ev->lock);
    g_cond_init(&ev->cond);
    ev->set = set;
}

static inline void qemu_event_destroy(QemuEvent *ev)
{
    g_mutex_clear(&ev->lock);
    g_cond_clear(&ev->cond);
}

static inline void qemu_event_set(QemuEvent *ev)
{
    g_mutex_lock(&ev->lock);
    ev->set = true;
    g_cond_broadcast(&ev->cond);
    g_mutex_unlock(&ev->lock);
}

static inline void qemu_event_reset(QemuEvent *ev)
{
    g_mutex_lock(&ev->lock);
    ev->set = false;
    g_mutex_unlock(&ev->lock);
}

static inline void qemu_event_wait(QemuEvent *ev)
{
    g_mutex_lock(&ev->lock);
    while (!ev->set) {
        g_cond_wait(&ev->cond, &ev->lock);
    }
    g_mutex_unlock(&ev->lock);
}

#endif /* PUCK_UNIT_THREAD_H */
