/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: connectors: EDIDs, and plugging.
 */

#include "qemu/osdep.h"
#include "qobject/qdict.h"
#include "env.h"

static void plug(Display *d, unsigned h, bool connected)
{
    g_autofree char *name = g_strdup_printf("connected%u", h);

    qtest_qmp_assert_success(d->e.m.qts, "{ 'execute': 'qom-set', "
                             "'arguments': { 'path': "
                             "'/machine/peripheral/gpu0', 'property': %s, "
                             "'value': %i } }", name, connected);
}

static void read_edid(Display *d, unsigned h, uint8_t *edid)
{
    for (unsigned i = 0; i < PUCK_HEAD_EDID_WORDS; i++) {
        uint32_t word = head_r32(d, h, PUCK_HEAD_EDID(i));

        for (unsigned b = 0; b < 4; b++) {
            edid[4 * i + b] = word >> 8 * b;
        }
    }
}

/* What a driver looks at first: the header and the sum of each block. */
static void check_edid(const uint8_t *edid, unsigned size)
{
    static const uint8_t header[] = {
        0, 255, 255, 255, 255, 255, 255, 0,
    };

    g_assert_cmpmem(edid, sizeof(header), header, sizeof(header));
    for (unsigned block = 0; block < size; block += 128) {
        uint8_t sum = 0;

        for (unsigned i = 0; i < 128; i++) {
            sum += edid[block + i];
        }
        g_assert_cmpuint(sum, ==, 0);
    }
}

/* Each head has one that QEMU makes, and they are not the same. */
static void test_edid(void)
{
    uint8_t edids[2][256];
    Display d;

    display_start(&d, ",heads=2", "");
    for (unsigned h = 0; h < 2; h++) {
        unsigned size = head_r32(&d, h, PUCK_HEAD_EDID_SIZE);

        g_assert_true(size == 128 || size == 256);
        read_edid(&d, h, edids[h]);
        check_edid(edids[h], size);
    }
    g_assert_cmpint(memcmp(edids[0], edids[1], 128), !=, 0);
    head_w32(&d, 0, PUCK_HEAD_EDID(0), 77);
    g_assert_cmphex(head_r32(&d, 0, PUCK_HEAD_EDID(0)), ==, 0xffffff00);
    display_stop(&d);
}

static char *edid_file(const void *bytes, size_t size)
{
    char *path = g_strdup_printf("%s/puck-edid-%d", g_get_tmp_dir(), getpid());

    g_assert_true(g_file_set_contents(path, bytes, size, NULL));
    return path;
}

static void test_edid_file(void)
{
    g_autofree char *path = NULL;
    g_autofree char *options = NULL;
    uint8_t bytes[128], got[256];
    Display d;

    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = 3 * i + 7;
    }
    path = edid_file(bytes, sizeof(bytes));
    options = g_strdup_printf(",edid=%s", path);
    display_start(&d, options, "");
    unlink(path);
    g_assert_cmpuint(head_r32(&d, 0, PUCK_HEAD_EDID_SIZE), ==, 128);
    read_edid(&d, 0, got);
    g_assert_cmpmem(got, 128, bytes, 128);
    for (unsigned i = 128; i < 256; i++) {
        g_assert_cmphex(got[i], ==, 0);
    }
    display_stop(&d);
}

static void test_bad_options(void)
{
    static const char zeroes[300];
    g_autofree char *path = edid_file(zeroes, sizeof(zeroes));
    g_autofree char *args = g_strdup_printf("-device puck-gpu,edid=%s", path);

    puck_machine_refused(args, "has 300 bytes, not 128 or 256");
    unlink(path);
    puck_machine_refused(args, "No such file");
    puck_machine_refused("-device puck-gpu,heads=0", "heads: 1 to 2");
    puck_machine_refused("-device puck-gpu,heads=3", "heads: 1 to 2");
}

static void expect_connector(Display *d, unsigned h, bool connected,
                             unsigned changes, bool irq)
{
    g_assert_cmphex(head_r32(d, h, PUCK_HEAD_CONNECTOR), ==,
                    connected | changes << 16);
    g_assert_true(!!head_r32(d, h, PUCK_HEAD_EDID_SIZE) == connected);
    g_assert_true(!!head_r32(d, h, PUCK_HEAD_EDID(1)) == connected);
    g_assert_true(!!(head_r32(d, h, PUCK_HEAD_IRQ_STATUS) &
                     PUCK_HEAD_IRQ_HOTPLUG) == irq);
    head_w32(d, h, PUCK_HEAD_IRQ_STATUS, PUCK_HEAD_IRQ_HOTPLUG);
}

static void test_hotplug(void)
{
    QDict *rsp;
    Display d;

    display_start(&d, ",heads=2,connected1=off", "");
    expect_connector(&d, 0, true, 0, false);
    expect_connector(&d, 1, false, 0, false);
    head_w32(&d, 1, PUCK_HEAD_IRQ_ENABLE, PUCK_HEAD_IRQ_HOTPLUG);
    plug(&d, 1, true);
    display_step(&d, 0);
    g_assert_true(puck_msix_take(&d.e.m, &d.e.f, d.vector[1], true));
    expect_connector(&d, 1, true, 1, true);
    /* The same again is no change. */
    plug(&d, 1, true);
    expect_connector(&d, 1, true, 1, false);
    plug(&d, 0, false);
    plug(&d, 0, true);
    plug(&d, 0, false);
    expect_connector(&d, 0, false, 3, true);
    g_assert_false(puck_msix_take(&d.e.m, &d.e.f, d.vector[0], false));
    /* It shows its picture all the same. A reset forgets the changes alone. */
    head_mode(&d, 0, MODE_W, MODE_H);
    flip(&d, 0);
    puck_w32(&d.e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    expect_connector(&d, 0, false, 0, false);
    expect_connector(&d, 1, true, 0, false);
    gpu_ring_on(&d.e, 0);
    rsp = qtest_qmp(d.e.m.qts, "{ 'execute': 'qom-get', 'arguments': { 'path': "
                    "'/machine/peripheral/gpu0', 'property': 'connected0' } }");
    g_assert_false(qdict_get_bool(rsp, "return"));
    qobject_unref(rsp);
    display_stop(&d);
}

static void test_bad_head(void)
{
    QDict *rsp;
    Display d;

    display_start(&d, "", "");
    rsp = qtest_qmp(d.e.m.qts, "{ 'execute': 'qom-set', 'arguments': { 'path': "
                    "'/machine/peripheral/gpu0', 'property': 'connected1', "
                    "'value': false } }");
    g_assert_true(qdict_haskey(rsp, "error"));
    qobject_unref(rsp);
    display_stop(&d);
}

void add_display_connector_tests(void)
{
    qtest_add_func("/puck-display/connector/edid", test_edid);
    qtest_add_func("/puck-display/connector/edid-file", test_edid_file);
    qtest_add_func("/puck-display/connector/bad_options",
                   test_bad_options);
    qtest_add_func("/puck-display/connector/hotplug", test_hotplug);
    qtest_add_func("/puck-display/connector/bad_head", test_bad_head);
}
