/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the qtests of Puck's devices share.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "qobject/qdict.h"
#include "qtest.h"

#define PAGE            4096
#define WINDOW_BASE     0xe8000000u
#define WINDOW_SIZE     0x100000u
#define MSIX_MESSAGE    0x5000u
#define MACHINES_MAX    4
/* A little more than the pause between two holds of the BQL. */
#define PAUSE_NS        60000
#define SETTLE_NS       2000000
/*
 * An answer is a line, and with each KiB of it libqtest looks for its end from
 * the beginning on.
 */
#define READ_MAX        16384u

/* Those that run: two of them while one moves. */
static QTestState *running[MACHINES_MAX];

static void replace_running(QTestState *before, QTestState *after)
{
    for (unsigned i = 0; i < MACHINES_MAX; i++) {
        if (running[i] == before) {
            running[i] = after;
            return;
        }
    }
    g_assert_not_reached();
}

void puck_machine_each(void (*visit)(QTestState *qts))
{
    for (unsigned i = 0; i < MACHINES_MAX; i++) {
        if (running[i]) {
            visit(running[i]);
        }
    }
}

void puck_machine_start(PuckMachine *m, const char *args)
{
    *m = (PuckMachine) { .next_page = PUCK_RAM_BASE };
    m->qts = qtest_initf("-M q35 -m 256M -nodefaults -vga none %s", args);
    m->pci = qpci_new_pc(m->qts, NULL);
    replace_running(NULL, m->qts);
}

void puck_machine_stop(PuckMachine *m)
{
    replace_running(m->qts, NULL);
    qpci_free_pc(m->pci);
    qtest_quit(m->qts);
}

void puck_machine_settle(PuckMachine *m)
{
    qtest_clock_step(m->qts, SETTLE_NS);
}

uint64_t puck_machine_pages(PuckMachine *m, unsigned count)
{
    uint64_t page = m->next_page;

    m->next_page += (uint64_t)count * PAGE;
    qtest_memset(m->qts, page, 0, (size_t)count * PAGE);
    return page;
}

void puck_machine_read(PuckMachine *m, uint64_t addr, void *bytes, size_t size)
{
    uint8_t *to = bytes;

    while (size) {
        size_t len = MIN(size, READ_MAX);

        qtest_memread(m->qts, addr, to, len);
        addr += len;
        to += len;
        size -= len;
    }
}

void puck_bridge_setup(PuckMachine *m, unsigned bus, unsigned devfn,
                       unsigned secondary, unsigned subordinate)
{
    /* Each bus has the window of its number. */
    uint32_t base = WINDOW_BASE + secondary * WINDOW_SIZE;
    QPCIDevice *bridge = qpci_device_find(m->pci, bus << 8 | devfn);

    g_assert_nonnull(bridge);
    qpci_config_writeb(bridge, PCI_PRIMARY_BUS, bus);
    qpci_config_writeb(bridge, PCI_SECONDARY_BUS, secondary);
    qpci_config_writeb(bridge, PCI_SUBORDINATE_BUS, subordinate);
    qpci_config_writew(bridge, PCI_MEMORY_BASE, base >> 16);
    qpci_config_writew(bridge, PCI_MEMORY_LIMIT,
                       (base + WINDOW_SIZE * (subordinate - secondary + 1) - 1)
                       >> 16);
    qpci_device_enable(bridge);
    m->pci->mmio_alloc_ptr = base;
    g_free(bridge);
}

void puck_function_map(PuckMachine *m, PuckFunction *f, unsigned bus,
                       unsigned devfn, int bar)
{
    *f = (PuckFunction) { };
    f->dev = qpci_device_find(m->pci, bus << 8 | devfn);
    g_assert_nonnull(f->dev);
    qpci_device_enable(f->dev);
    f->bar = qpci_iomap(f->dev, bar, NULL);
}

void puck_function_free(PuckFunction *f)
{
    g_clear_pointer(&f->dev, g_free);
}

uint32_t puck_r32(PuckFunction *f, uint64_t offset)
{
    return qpci_io_readl(f->dev, f->bar, offset);
}

uint64_t puck_r64(PuckFunction *f, uint64_t offset)
{
    return qpci_io_readq(f->dev, f->bar, offset);
}

void puck_w32(PuckFunction *f, uint64_t offset, uint32_t value)
{
    qpci_io_writel(f->dev, f->bar, offset, value);
}

void puck_w64(PuckFunction *f, uint64_t offset, uint64_t value)
{
    qpci_io_writeq(f->dev, f->bar, offset, value);
}

void puck_msix_to_ram(PuckMachine *m, PuckFunction *f, unsigned vectors)
{
    unsigned v;

    f->msix_message = puck_machine_pages(m, 1);
    qpci_msix_enable(f->dev);
    for (v = 0; v < vectors; v++) {
        uint64_t entry = f->dev->msix_table_off + v * PCI_MSIX_ENTRY_SIZE;

        qpci_io_writel(f->dev, f->dev->msix_table_bar,
                       entry + PCI_MSIX_ENTRY_LOWER_ADDR,
                       f->msix_message + 8 * v);
        qpci_io_writel(f->dev, f->dev->msix_table_bar,
                       entry + PCI_MSIX_ENTRY_UPPER_ADDR, 0);
        qpci_io_writel(f->dev, f->dev->msix_table_bar,
                       entry + PCI_MSIX_ENTRY_DATA, MSIX_MESSAGE + v);
        qpci_io_writel(f->dev, f->dev->msix_table_bar,
                       entry + PCI_MSIX_ENTRY_VECTOR_CTRL, 0);
    }
}

bool puck_msix_take(PuckMachine *m, PuckFunction *f, unsigned vector,
                    bool expected)
{
    uint64_t at = f->msix_message + 8 * vector;
    unsigned i;

    for (i = 0; i < (expected ? PUCK_WAIT_MS : 1); i++) {
        uint32_t message = qtest_readl(m->qts, at);

        if (message) {
            g_assert_cmphex(message, ==, MSIX_MESSAGE + vector);
            qtest_writel(m->qts, at, 0);
            return true;
        }
        if (expected) {
            /* It may have to wait for the next hold, and the clock stands. */
            qtest_clock_step(m->qts, PAUSE_NS);
            g_usleep(1000);
        }
    }
    return false;
}

static void wait_migrated(QTestState *qts)
{
    unsigned i;

    for (i = 0; i < PUCK_WAIT_MS; i++) {
        QDict *rsp = qtest_qmp(qts, "{ 'execute': 'query-migrate' }");
        const char *status = qdict_get_try_str(qdict_get_qdict(rsp, "return"),
                                               "status");
        bool done = status && g_str_equal(status, "completed");

        g_assert_false(status && g_str_equal(status, "failed"));
        qobject_unref(rsp);
        if (done) {
            return;
        }
        g_usleep(1000);
    }
    g_assert_not_reached();
}

void puck_machine_save(PuckMachine *m, const char *path)
{
    g_autofree char *uri = g_strdup_printf("file:%s", path);

    qtest_qmp_assert_success(m->qts, "{ 'execute': 'stop' }");
    qtest_qmp_assert_success(m->qts, "{ 'execute': 'migrate', 'arguments': "
                             "{ 'uri': %s } }", uri);
    wait_migrated(m->qts);
}

void puck_machine_load(PuckMachine *m, const char *args, const char *path)
{
    g_autofree char *incoming = g_strdup_printf("%s -incoming file:%s", args,
                                                path);

    puck_machine_start(m, incoming);
    wait_migrated(m->qts);
    qtest_qmp_assert_success(m->qts, "{ 'execute': 'cont' }");
}

void puck_machine_refused(const char *args, const char *part)
{
    g_autofree char *command = g_strdup_printf(
        "%s -M q35 -accel qtest -display none -nodefaults %s",
        g_getenv("QTEST_QEMU_BINARY"), args);
    g_autofree char *err = NULL;
    int status = 0;

    g_assert_true(g_spawn_command_line_sync(command, NULL, &err, &status,
                                            NULL));
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 1);
    g_assert_nonnull(strstr(err, part));
}

void puck_machine_load_fails(const char *args, const char *path)
{
    g_autofree char *incoming = g_strdup_printf("%s -incoming defer", args);
    g_autofree char *uri = g_strdup_printf("file:%s", path);
    PuckMachine m;
    QDict *rsp;

    puck_machine_start(&m, incoming);
    qtest_set_expected_status(m.qts, EXIT_FAILURE);
    rsp = qtest_qmp(m.qts, "{ 'execute': 'migrate-incoming', 'arguments': "
                    "{ 'uri': %s } }", uri);
    qobject_unref(rsp);
    qtest_wait_qemu(m.qts);
    puck_machine_stop(&m);
}

void puck_machine_load_refused(const char *args, const char *path,
                               const char *part)
{
    g_autofree char *incoming = g_strdup_printf(
        "-m 256M -vga none %s -incoming file:%s", args, path);

    puck_machine_refused(incoming, part);
}

char *puck_stream_find(char *stream, gsize len, uint64_t value)
{
    char *found;

    value = cpu_to_be64(value);
    found = memmem(stream, len, &value, sizeof(value));
    g_assert_nonnull(found);
    g_assert_null(memmem(found + 1, stream + len - found - 1, &value,
                         sizeof(value)));
    return found;
}

void puck_function_follow(PuckMachine *m, PuckFunction *f,
                          const PuckFunction *before)
{
    *f = *before;
    f->dev = qpci_device_find(m->pci, before->dev->devfn);
    g_assert_nonnull(f->dev);
}
