/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: a BAR 2 that shows less than all of VRAM.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/crc32c.h"
#include "hw/pci/pci_regs.h"
#include "common/gpu-env.h"

#define BAR_SIZE    (1u << 20)

static void start(GpuEnv *e)
{
    uint64_t size;

    gpu_start(e, ",vram-bar=1M", "");
    e->vram = qpci_iomap(e->f.dev, PUCK_GPU_BAR_VRAM, &size);
    g_assert_cmphex(size, ==, BAR_SIZE);
    g_assert_cmphex(puck_r64(&e->f, PUCK_GPU_VRAM_SIZE), ==, GPU_VRAM_SIZE);
}

/* Bytes that the CPU gets at by COPY alone. */
static void write_behind(GpuEnv *e, uint64_t at, const void *bytes, size_t len)
{
    uint64_t page = puck_machine_pages(&e->m, 1);

    gpu_write(e, SYS(page, len), bytes);
    gpu_run(e, 0, gpu_copy(e, VRAM(at, len), SYS(page, len), len));
}

static void expect_behind(GpuEnv *e, uint64_t at, const char *text)
{
    uint32_t len = strlen(text) + 1;
    uint64_t page = puck_machine_pages(&e->m, 1);
    g_autofree char *bytes = g_malloc0(len);

    gpu_run(e, 1, gpu_copy(e, SYS(page, len), VRAM(at, len), len));
    gpu_read(e, SYS(page, len), bytes);
    g_assert_cmpstr(bytes, ==, text);
}

/* From its first byte behind the BAR to its last one. */
static void test_behind(void)
{
    static const uint64_t places[] = {
        BAR_SIZE, BAR_SIZE + 3 * PAGE + 1, 2 * BAR_SIZE - 7,
        GPU_VRAM_SIZE - 14,
    };
    GpuEnv e;

    start(&e);
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *text = g_strdup_printf("behind 0x%04zx", i);

        write_behind(&e, places[i], text, strlen(text) + 1);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *text = g_strdup_printf("behind 0x%04zx", i);

        expect_behind(&e, places[i], text);
    }
    gpu_stop(&e);
}

/* A segment that begins in the BAR and ends behind it, each half apart. */
static void test_across(void)
{
    GpuSeg across = VRAM(BAR_SIZE - 5, 13);
    static const char text[] = "half a loaf!";
    uint32_t crc = crc32c(0xffffffff, (const uint8_t *)text, sizeof(text));
    uint64_t page;
    uint32_t sum;
    char seen[5];
    GpuEnv e;

    start(&e);
    page = puck_machine_pages(&e.m, 1);
    write_behind(&e, across.addr, text, across.len);
    gpu_read(&e, VRAM(BAR_SIZE - 5, 5), seen);
    g_assert_cmpmem(seen, 5, "half ", 5);
    expect_behind(&e, BAR_SIZE, "a loaf!");
    gpu_run(&e, 0, gpu_crc(&e, SYS(page, 4), across, across.len));
    gpu_read(&e, SYS(page, 4), &sum);
    g_assert_cmphex(le32_to_cpu(sum), ==, crc);
    /* And what the CPU writes there the engines see. */
    gpu_write(&e, VRAM(BAR_SIZE - 5, 5), "whole");
    expect_behind(&e, BAR_SIZE - 5, "wholea loaf!");
    gpu_stop(&e);
}

/* The end of VRAM is where it was. */
static void test_bad_end(void)
{
    GpuError error = {
        .reason = PUCK_GPU_ERR_SEG_VRAM, .list = PUCK_GPU_ERR_LIST_DST,
        .seqno = 1, .addr = GPU_VRAM_SIZE - 3,
    };
    GpuEnv e;

    start(&e);
    gpu_submit(&e, 0, gpu_fill(&e, VRAM(error.addr, 4), 4, 0xbad));
    gpu_expect_error(&e, &error);
    gpu_ring_recover(&e, 0);
    e.rings[0].seqno = 0;
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

/* VRAM keeps its contents over resets, also where nobody looks. */
static void test_reset(void)
{
    GpuEnv e;

    start(&e);
    write_behind(&e, 3 * BAR_SIZE, "still here", 11);
    puck_w32(&e.f, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
    g_assert_cmphex(puck_r32(&e.f, PUCK_GPU_STATUS), ==, 0);
    for (unsigned r = 0; r < 2; r++) {
        e.rings[r].seqno = 0;
        gpu_ring_on(&e, r);
    }
    expect_behind(&e, 3 * BAR_SIZE, "still here");
    gpu_stop(&e);
}

/* Nor does it lose them to one that turns the BAR off; it shows them again. */
static void test_function_level_reset(void)
{
    char seen[11];
    uint8_t cap;
    GpuEnv e;

    start(&e);
    write_behind(&e, 3 * BAR_SIZE, "still here", 11);
    gpu_write(&e, VRAM(PAGE - 5, 11), "seen again");
    cap = qpci_find_capability(e.f.dev, PCI_CAP_ID_EXP, 0);
    qpci_config_writew(e.f.dev, cap + PCI_EXP_DEVCTL,
                       PCI_EXP_DEVCTL_BCR_FLR);
    puck_function_free(&e.f);
    gpu_attach(&e, 0, GPU_DEVFN);
    e.rings[0].seqno = 0;
    e.rings[1].seqno = 0;
    gpu_read(&e, VRAM(PAGE - 5, 11), seen);
    g_assert_cmpstr(seen, ==, "seen again");
    expect_behind(&e, 3 * BAR_SIZE, "still here");
    gpu_stop(&e);
}

void add_vram_tests(void)
{
    qtest_add_func("/puck-gpu/vram/behind-bar", test_behind);
    qtest_add_func("/puck-gpu/vram/across-end", test_across);
    qtest_add_func("/puck-gpu/vram/bad_end", test_bad_end);
    qtest_add_func("/puck-gpu/vram/reset", test_reset);
    qtest_add_func("/puck-gpu/vram/function-level-reset",
                   test_function_level_reset);
}
