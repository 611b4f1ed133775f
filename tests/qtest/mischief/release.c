/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of mischief: who may let go what a rule holds: the host, the guest,
 * and whoever removes the rule. What is held is a fence of puck-gpu.
 */

#include "qemu/osdep.h"
#include "hw/pci/pci_regs.h"
#include "common/gpu-env.h"
#include "common/mischief-env.h"
#include "files.h"
#include "abi/puck_mischief.h"

#define WINDOW(reg)     (PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_ ## reg)

typedef struct Held {
    GpuEnv e;
    char *log;
} Held;

static uint32_t seqno(Held *h, unsigned ring)
{
    return gpu_ring_r32(&h->e, ring, PUCK_GPU_RING_SEQNO);
}

static unsigned releases(Held *h)
{
    return puck_log_count(h->log, "\"event\": \"release\"");
}

static void submit(Held *h, unsigned ring)
{
    gpu_fence(&h->e, ring, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(&h->e, ring);
}

/* Rule 1 holds two fences of ring 0, rule 2 one of ring 1. */
static void start(Held *h)
{
    g_autofree char *args = NULL;

    h->log = puck_log_path();
    args = puck_log_args(h->log, "");
    gpu_start(&h->e, "", args);
    puck_rule_add(h->e.m.qts, "fence.complete ring=0 hold");
    puck_rule_add(h->e.m.qts, "fence.complete ring=1 hold");
    submit(h, 0);
    submit(h, 0);
    submit(h, 1);
    qtest_clock_step(h->e.m.qts, 1000000000);
    g_assert_cmpuint(seqno(h, 0), ==, 0);
    g_assert_cmpuint(seqno(h, 1), ==, 0);
    g_assert_cmpuint(gpu_ring_r32(&h->e, 0, PUCK_GPU_RING_PENDING), ==, 2);
    g_assert_cmpuint(puck_rule_hits(h->e.m.qts, 1), ==, 2);
    g_assert_cmpuint(releases(h), ==, 0);
}

static void stop(Held *h)
{
    gpu_stop(&h->e);
    unlink(h->log);
    g_free(h->log);
}

static void command(Held *h, uint32_t command, uint32_t arg)
{
    puck_w32(&h->e.f, WINDOW(ARG), arg);
    puck_w32(&h->e.f, WINDOW(COMMAND), command);
}

static uint32_t result(Held *h)
{
    return puck_r32(&h->e.f, WINDOW(RESULT));
}

/* Rule 1 let go: ring 0 went on, ring 1 did not. */
static void expect_first_released(Held *h)
{
    gpu_wait(&h->e, 0, 2);
    g_assert_cmpuint(seqno(h, 1), ==, 0);
    g_assert_cmpuint(releases(h), ==, 2);
}

/* The rule goes on and holds the next one. */
static void test_host(void)
{
    Held h;

    start(&h);
    puck_rule_release(h.e.m.qts, 1);
    expect_first_released(&h);
    submit(&h, 0);
    qtest_clock_step(h.e.m.qts, 1000000000);
    g_assert_cmpuint(seqno(&h, 0), ==, 2);
    puck_rule_release(h.e.m.qts, 1);
    gpu_wait(&h.e, 0, 3);
    puck_rule_release(h.e.m.qts, 2);
    gpu_wait(&h.e, 1, 1);
    g_assert_cmpuint(releases(&h), ==, 4);
    stop(&h);
}

static void test_guest(void)
{
    Held h;

    start(&h);
    command(&h, PUCK_MISCHIEF_RELEASE, 1);
    g_assert_cmpuint(result(&h), ==, PUCK_MISCHIEF_OK);
    expect_first_released(&h);
    command(&h, PUCK_MISCHIEF_RELEASE, 3);
    g_assert_cmpuint(result(&h), ==, PUCK_MISCHIEF_ERR_NO_RULE);
    g_assert_cmpuint(seqno(&h, 1), ==, 0);
    stop(&h);
}

static void test_removed_by_host(void)
{
    Held h;

    start(&h);
    puck_rule_remove(h.e.m.qts, 1);
    expect_first_released(&h);
    submit(&h, 0);
    gpu_wait(&h.e, 0, 3);
    stop(&h);
}

static void test_removed_by_guest(void)
{
    Held h;

    start(&h);
    command(&h, PUCK_MISCHIEF_REMOVE, 1);
    g_assert_cmpuint(result(&h), ==, PUCK_MISCHIEF_OK);
    expect_first_released(&h);
    submit(&h, 0);
    gpu_wait(&h.e, 0, 3);
    stop(&h);
}

/* A guest that is locked out does not get free what the host holds. */
static void test_bad_locked(void)
{
    Held h;

    start(&h);
    qtest_qmp_assert_success(h.e.m.qts, "{ 'execute': 'qom-set', "
                             "'arguments': { 'path': '" MISCHIEF_PATH "', "
                             "'property': 'guest', 'value': false } }");
    command(&h, PUCK_MISCHIEF_RELEASE, 1);
    g_assert_cmpuint(result(&h), ==, PUCK_MISCHIEF_ERR_LOCKED);
    command(&h, PUCK_MISCHIEF_REMOVE, 1);
    g_assert_cmpuint(result(&h), ==, PUCK_MISCHIEF_ERR_LOCKED);
    g_assert_cmpuint(seqno(&h, 0), ==, 0);
    g_assert_cmpuint(releases(&h), ==, 0);
    puck_rule_release(h.e.m.qts, 1);
    expect_first_released(&h);
    stop(&h);
}

/*
 * The message of a released fence is a write to the window's own COMMAND. It
 * is carried out or refused, and the device lives on.
 */
static void test_bad_message_to_window(void)
{
    QPCIDevice *dev;
    uint64_t entry;
    Held h;

    start(&h);
    dev = h.e.f.dev;
    entry = dev->msix_table_off + h.e.rings[0].vector * PCI_MSIX_ENTRY_SIZE;
    qpci_io_writel(dev, dev->msix_table_bar, entry + PCI_MSIX_ENTRY_LOWER_ADDR,
                   h.e.f.bar.addr + WINDOW(COMMAND));
    qpci_io_writel(dev, dev->msix_table_bar, entry + PCI_MSIX_ENTRY_DATA,
                   PUCK_MISCHIEF_REMOVE);
    puck_w32(&h.e.f, WINDOW(ARG), 2);
    puck_rule_release(h.e.m.qts, 1);
    g_assert_cmpuint(seqno(&h, 0), ==, 2);
    puck_machine_settle(&h.e.m);
    /* It was: the rule is gone, and what it held as well. */
    gpu_wait(&h.e, 1, 1);
    g_assert_cmpuint(puck_r32(&h.e.f, WINDOW(COUNT)), ==, 1);
    stop(&h);
}

void add_release_tests(void)
{
    qtest_add_func("/puck-mischief/release/host", test_host);
    qtest_add_func("/puck-mischief/release/guest", test_guest);
    qtest_add_func("/puck-mischief/release/removed-by-host",
                   test_removed_by_host);
    qtest_add_func("/puck-mischief/release/removed-by-guest",
                   test_removed_by_guest);
    qtest_add_func("/puck-mischief/release/bad_locked", test_bad_locked);
    qtest_add_func("/puck-mischief/release/bad_message-to-window",
                   test_bad_message_to_window);
}
