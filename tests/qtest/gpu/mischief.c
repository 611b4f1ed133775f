/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of mischief in puck-gpu share.
 */

#include "qemu/osdep.h"
#include "mischief.h"

static char *machine_args(const char *log, const char *options)
{
    g_autofree char *object = puck_log_args(log, ",seed=1");

    return g_strdup_printf("-device " GPU_OPTIONS ",addr=4%s%s", options,
                           object);
}

void mischief_start(Mischief *t, const char *options)
{
    *t = (Mischief) { .log = puck_log_path() };
    t->args = machine_args(t->log, options);
    gpu_start_at(&t->e, t->args, 0, GPU_DEVFN);
}

void mischief_stop(Mischief *t)
{
    gpu_stop(&t->e);
    unlink(t->log);
    g_clear_pointer(&t->log, g_free);
    g_clear_pointer(&t->args, g_free);
}

void mischief_move(Mischief *from, Mischief *to)
{
    g_autofree char *path = g_strdup_printf("%s.state", from->log);

    puck_machine_save(&from->e.m, path);
    *to = *from;
    puck_machine_load(&to->e.m, to->args, path);
    to->e.m.next_page = from->e.m.next_page;
    /* BARs that are mapped later go behind those that are. */
    to->e.m.pci->mmio_alloc_ptr = from->e.m.pci->mmio_alloc_ptr;
    /* Not looked for: it may be gone. */
    to->e.f.dev = g_memdup2(from->e.f.dev, sizeof(*from->e.f.dev));
    to->e.f.dev->bus = to->e.m.pci;
    unlink(path);
    /* A qtest's clock does not come along as other virtual clocks do. */
    if (from->clock) {
        qtest_clock_step(to->e.m.qts, from->clock);
    }
    gpu_stop(&from->e);
}

uint32_t mischief_add(Mischief *t, const char *rule)
{
    return puck_rule_add(t->e.m.qts, rule);
}

void mischief_release(Mischief *t, uint32_t id)
{
    puck_rule_release(t->e.m.qts, id);
}

void mischief_remove(Mischief *t, uint32_t id)
{
    puck_rule_remove(t->e.m.qts, id);
}

void mischief_counted(Mischief *t, uint32_t id, uint64_t seen, uint64_t hits)
{
    g_assert_cmpuint(puck_rule_seen(t->e.m.qts, id), ==, seen);
    g_assert_cmpuint(puck_rule_hits(t->e.m.qts, id), ==, hits);
}

static unsigned count_lines(Mischief *t, uint32_t rule, const char *key,
                            const char *value, const char *more)
{
    g_autofree char *regex = g_strdup_printf(
        "^\\{\"t\": [0-9]+, \"device\": \"gpu0\", \"site\": \"[a-z.]+\", "
        "\"rule\": %u, \"%s\": \"%s\"%s", rule, key, value, more);

    return puck_log_count(t->log, regex);
}

unsigned mischief_acts(Mischief *t, uint32_t rule, const char *action,
                       const char *more)
{
    return count_lines(t, rule, "action", action, more);
}

unsigned mischief_events(Mischief *t, uint32_t rule, const char *event,
                         const char *more)
{
    return count_lines(t, rule, "event", event, more);
}

void mischief_step(Mischief *t, int64_t ns)
{
    qtest_clock_step(t->e.m.qts, ns);
    t->clock += ns;
}

void mischief_fences(Mischief *t, unsigned r, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        gpu_fence(&t->e, r, PUCK_GPU_FENCE_IRQ);
    }
    gpu_doorbell(&t->e, r);
}

uint32_t mischief_seqno(Mischief *t, unsigned r)
{
    return gpu_ring_r32(&t->e, r, PUCK_GPU_RING_SEQNO);
}

uint32_t mischief_pending(Mischief *t, unsigned r)
{
    return gpu_ring_r32(&t->e, r, PUCK_GPU_RING_PENDING);
}

bool mischief_message(Mischief *t, unsigned vector)
{
    return puck_msix_take(&t->e.m, &t->e.f, vector, false);
}

bool mischief_irq(Mischief *t, unsigned r)
{
    return mischief_message(t, t->e.rings[r].vector);
}
