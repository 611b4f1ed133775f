/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of what lets a SYNC of puck-iommu wait for accesses under way:
 * engines on threads of their own against a driver that maps, unmaps, waits
 * and takes the page back.
 */

#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "hw/puck/iommu/drain.h"

#define ENGINES     3
#define PAGES       4
/* Rounds of all engines together: they have to take part, not the driver. */
#define ROUNDS      60000

static PuckDrain drain;
static GMutex lock;
static unsigned mapped;         /* the page that look-ups find; under lock */
static unsigned owned[PAGES];   /* the device may touch it; atomic */
static bool over;               /* atomic */
static unsigned rounds;         /* atomic */

/* What drain calls back, and what waits for it. */
static GMutex emptied_lock;
static GCond emptied_cond;
static unsigned emptied_count;

static void emptied(void *opaque)
{
    g_assert_true(opaque == &emptied_count);
    g_mutex_lock(&emptied_lock);
    emptied_count++;
    g_cond_broadcast(&emptied_cond);
    g_mutex_unlock(&emptied_lock);
}

static void init(void)
{
    emptied_count = 0;
    puck_drain_init(&drain, emptied, &emptied_count);
}

/* As the device does: looks again whenever it is called back. */
static void wait_over(void)
{
    g_mutex_lock(&emptied_lock);
    while (!puck_drain_over(&drain)) {
        gint64 end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;
        unsigned seen = emptied_count;

        while (emptied_count == seen) {
            g_assert_true(g_cond_wait_until(&emptied_cond, &emptied_lock,
                                            end));
        }
    }
    g_mutex_unlock(&emptied_lock);
}

static void test_idle(void)
{
    unsigned epoch;

    init();
    g_assert_true(puck_drain_over(&drain));
    g_assert_false(puck_drain_busy(&drain));
    puck_drain_start(&drain);
    g_assert_true(puck_drain_over(&drain));
    epoch = puck_drain_enter(&drain);
    g_assert_true(puck_drain_busy(&drain));
    puck_drain_leave(&drain, epoch);
    g_assert_false(puck_drain_busy(&drain));
    g_assert_cmpuint(emptied_count, ==, 0);
}

/* A thread that waits for its own access would never get here. */
static void test_own_access(void)
{
    unsigned epoch;

    init();
    epoch = puck_drain_enter(&drain);
    puck_drain_start(&drain);
    g_assert_false(puck_drain_over(&drain));
    g_assert_cmpuint(emptied_count, ==, 0);
    puck_drain_leave(&drain, epoch);
    g_assert_cmpuint(emptied_count, ==, 1);
    g_assert_true(puck_drain_over(&drain));
    /* And nobody is told of what nobody waits for. */
    puck_drain_leave(&drain, puck_drain_enter(&drain));
    g_assert_cmpuint(emptied_count, ==, 1);
}

static gpointer late_leaver(gpointer epoch)
{
    g_usleep(20000);
    qatomic_set(&over, true);
    puck_drain_leave(&drain, GPOINTER_TO_UINT(epoch));
    return NULL;
}

/* Waits for who entered before, not for who enters meanwhile. */
static void test_waits(void)
{
    unsigned before, after;
    GThread *thread;

    init();
    qatomic_set(&over, false);
    before = puck_drain_enter(&drain);
    puck_drain_start(&drain);
    after = puck_drain_enter(&drain);
    g_assert_cmpuint(after, !=, before);
    thread = g_thread_new("late", late_leaver, GUINT_TO_POINTER(before));
    wait_over();
    g_assert_true(qatomic_read(&over));
    g_thread_join(thread);
    g_assert_true(puck_drain_busy(&drain));
    puck_drain_leave(&drain, after);
}

/* Enters, looks up, touches the page for a while, leaves. */
static gpointer engine(gpointer unused)
{
    while (!qatomic_read(&over)) {
        unsigned epoch = puck_drain_enter(&drain);
        unsigned page;

        g_mutex_lock(&lock);
        page = mapped;
        g_mutex_unlock(&lock);
        for (unsigned i = 0; i < 50; i++) {
            g_assert_true(qatomic_read(&owned[page]));
        }
        if (qatomic_read(&rounds) % 64 == 0) {
            /* Now and then away from the CPU with the page in hand. */
            g_thread_yield();
            g_assert_true(qatomic_read(&owned[page]));
        }
        puck_drain_leave(&drain, epoch);
        qatomic_inc(&rounds);
    }
    return unused;
}

/* Maps another page in place of the old one, and takes that back. */
static void remap(unsigned page)
{
    unsigned old = mapped;
    bool busy;

    qatomic_set(&owned[page], true);
    g_mutex_lock(&lock);
    mapped = page;
    busy = puck_drain_busy(&drain);
    g_mutex_unlock(&lock);
    if (busy) {
        puck_drain_start(&drain);
        wait_over();
    }
    qatomic_set(&owned[old], false);
}

static void test_no_access_after_wait(void)
{
    GThread *threads[ENGINES];

    init();
    qatomic_set(&over, false);
    qatomic_set(&rounds, 0);
    mapped = 0;
    owned[0] = true;
    for (unsigned i = 0; i < ENGINES; i++) {
        threads[i] = g_thread_new("engine", engine, NULL);
    }
    for (unsigned i = 1; qatomic_read(&rounds) < ROUNDS; i++) {
        remap(i % PAGES);
    }
    qatomic_set(&over, true);
    for (unsigned i = 0; i < ENGINES; i++) {
        g_thread_join(threads[i]);
    }
    g_assert_false(puck_drain_busy(&drain));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/iommu/drain/idle", test_idle);
    g_test_add_func("/iommu/drain/own_access", test_own_access);
    g_test_add_func("/iommu/drain/waits", test_waits);
    g_test_add_func("/iommu/drain/no_access_after_wait",
                    test_no_access_after_wait);
    return g_test_run();
}
