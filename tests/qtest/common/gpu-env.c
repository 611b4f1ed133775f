/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of puck-gpu's qtest share.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/host-utils.h"
#include "hw/pci/pci_regs.h"
#include "gpu-env.h"

#define BRIDGE_WINDOW   (16u << 20)

uint32_t gpu_field(uint32_t value, uint32_t mask)
{
    return (value & mask) >> ctz32(mask);
}

uint32_t gpu_ring_r32(GpuEnv *e, unsigned r, uint64_t reg)
{
    return puck_r32(&e->f, PUCK_GPU_RING(r) + reg);
}

uint64_t gpu_ring_r64(GpuEnv *e, unsigned r, uint64_t reg)
{
    return puck_r64(&e->f, PUCK_GPU_RING(r) + reg);
}

void gpu_ring_w32(GpuEnv *e, unsigned r, uint64_t reg, uint32_t value)
{
    puck_w32(&e->f, PUCK_GPU_RING(r) + reg, value);
}

void gpu_ring_w64(GpuEnv *e, unsigned r, uint64_t reg, uint64_t value)
{
    puck_w64(&e->f, PUCK_GPU_RING(r) + reg, value);
}

void gpu_ring_on(GpuEnv *e, unsigned r)
{
    GpuRing *ring = &e->rings[r];

    ring->tail = 0;
    gpu_ring_w64(e, r, PUCK_GPU_RING_BASE, ring->base | GPU_ORDER);
    gpu_ring_w64(e, r, PUCK_GPU_RING_WB_ADDR, ring->wb);
    gpu_ring_w32(e, r, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
    g_assert_cmphex(gpu_ring_r32(e, r, PUCK_GPU_RING_CTRL), ==,
                    PUCK_GPU_RING_ENABLE);
}

static void wait_reset(GpuEnv *e, unsigned r)
{
    for (unsigned i = 0; i < PUCK_WAIT_MS; i++) {
        if (!(gpu_ring_r32(e, r, PUCK_GPU_RING_CTRL) & PUCK_GPU_RING_RESET)) {
            return;
        }
        g_usleep(1000);
    }
    g_assert_not_reached();
}

void gpu_ring_recover(GpuEnv *e, unsigned r)
{
    gpu_ring_w32(e, r, PUCK_GPU_RING_CTRL, PUCK_GPU_RING_RESET);
    wait_reset(e, r);
    gpu_ring_on(e, r);
}

/* As a driver does: it ignores sources of kinds that it does not know. */
static void read_sources(GpuEnv *e)
{
    e->num_vectors = puck_r32(&e->f, PUCK_GPU_NUM_SOURCES);
    for (unsigned i = 0; i < e->num_vectors; i++) {
        uint32_t source = puck_r32(&e->f, PUCK_GPU_SOURCE(i));
        unsigned vector = gpu_field(source, PUCK_GPU_SOURCE_VECTOR);
        unsigned index = gpu_field(source, PUCK_GPU_SOURCE_INDEX);

        switch (gpu_field(source, PUCK_GPU_SOURCE_KIND)) {
        case PUCK_GPU_SOURCE_ERROR:
            e->error_vector = vector;
            break;
        case PUCK_GPU_SOURCE_FENCE:
            g_assert_cmpuint(index, <, e->num_rings);
            e->rings[index].vector = vector;
            break;
        }
    }
}

void gpu_attach(GpuEnv *e, unsigned bus, unsigned devfn)
{
    puck_function_map(&e->m, &e->f, bus, devfn, PUCK_GPU_BAR_REGS);
    e->vram = qpci_iomap(e->f.dev, PUCK_GPU_BAR_VRAM, NULL);
    e->num_rings = puck_r32(&e->f, PUCK_GPU_NUM_RINGS);
    read_sources(e);
    puck_msix_to_ram(&e->m, &e->f, e->num_vectors);
    for (unsigned r = 0; r < e->num_rings; r++) {
        e->rings[r].base = puck_machine_pages(&e->m, 1);
        e->rings[r].wb = puck_machine_pages(&e->m, 1);
        gpu_ring_on(e, r);
    }
}

/* Its bus gets a window that has room for VRAM, and nothing else is in it. */
void gpu_attach_behind(GpuEnv *e, unsigned bridge, unsigned devfn)
{
    QPCIDevice *dev = qpci_device_find(e->m.pci, bridge);
    uint32_t limit;

    puck_bridge_setup(&e->m, 0, bridge, 1, 1);
    limit = e->m.pci->mmio_alloc_ptr + BRIDGE_WINDOW;
    qpci_config_writew(dev, PCI_MEMORY_LIMIT, (limit - 1) >> 16);
    g_free(dev);
    gpu_attach(e, 1, devfn);
    e->m.pci->mmio_alloc_ptr = limit;
}

void gpu_start_at(GpuEnv *e, const char *args, unsigned bus, unsigned devfn)
{
    *e = (GpuEnv) { };
    puck_machine_start(&e->m, args);
    gpu_attach(e, bus, devfn);
}

void gpu_start(GpuEnv *e, const char *options, const char *args)
{
    g_autofree char *all = g_strdup_printf("-device " GPU_OPTIONS ",addr=4%s "
                                           "%s", options, args);

    gpu_start_at(e, all, 0, GPU_DEVFN);
}

void gpu_stop(GpuEnv *e)
{
    puck_function_free(&e->f);
    puck_machine_stop(&e->m);
}

void gpu_write(GpuEnv *e, GpuSeg at, const void *bytes)
{
    if (at.flags & PUCK_GPU_SEG_VRAM) {
        qpci_memwrite(e->f.dev, e->vram, at.addr, bytes, at.len);
    } else {
        qtest_memwrite(e->m.qts, at.addr, bytes, at.len);
    }
}

void gpu_read(GpuEnv *e, GpuSeg at, void *bytes)
{
    if (at.flags & PUCK_GPU_SEG_VRAM) {
        qpci_memread(e->f.dev, e->vram, at.addr, bytes, at.len);
    } else {
        puck_machine_read(&e->m, at.addr, bytes, at.len);
    }
}

uint64_t gpu_list(GpuEnv *e, const GpuSeg *segs, uint32_t nsegs)
{
    size_t size = nsegs * sizeof(struct puck_gpu_seg);
    uint64_t addr = puck_machine_pages(&e->m, DIV_ROUND_UP(size, PAGE));
    g_autofree struct puck_gpu_seg *raw = g_malloc0(size);

    for (uint32_t i = 0; i < nsegs; i++) {
        raw[i].addr = cpu_to_le64(segs[i].addr);
        raw[i].len = cpu_to_le32(segs[i].len);
        raw[i].flags = cpu_to_le32(segs[i].flags);
    }
    qtest_memwrite(e->m.qts, addr, raw, size);
    return addr;
}

void gpu_set_src(GpuEnv *e, GpuCmd *cmd, const GpuSeg *segs, uint32_t nsegs)
{
    cmd->src_list = cpu_to_le64(gpu_list(e, segs, nsegs));
    cmd->src_nsegs = cpu_to_le32(nsegs);
}

void gpu_set_dst(GpuEnv *e, GpuCmd *cmd, const GpuSeg *segs, uint32_t nsegs)
{
    cmd->dst_list = cpu_to_le64(gpu_list(e, segs, nsegs));
    cmd->dst_nsegs = cpu_to_le32(nsegs);
}

GpuCmd gpu_fill(GpuEnv *e, GpuSeg to, uint64_t length, uint32_t value)
{
    GpuCmd cmd = {
        .opcode = cpu_to_le16(PUCK_GPU_CMD_FILL),
        .length = cpu_to_le64(length),
        .fill.value = cpu_to_le32(value),
    };

    gpu_set_dst(e, &cmd, &to, 1);
    return cmd;
}

GpuCmd gpu_copy(GpuEnv *e, GpuSeg to, GpuSeg from, uint64_t length)
{
    GpuCmd cmd = {
        .opcode = cpu_to_le16(PUCK_GPU_CMD_COPY),
        .length = cpu_to_le64(length),
    };

    gpu_set_src(e, &cmd, &from, 1);
    gpu_set_dst(e, &cmd, &to, 1);
    return cmd;
}

GpuCmd gpu_crc(GpuEnv *e, GpuSeg to, GpuSeg from, uint64_t length)
{
    GpuCmd cmd = gpu_copy(e, to, from, length);

    cmd.opcode = cpu_to_le16(PUCK_GPU_CMD_CRC32C);
    return cmd;
}

GpuCmd gpu_blit(GpuEnv *e, GpuSeg to, GpuSeg from, uint32_t dst_pitch,
                uint32_t src_pitch, uint32_t width, uint32_t height)
{
    GpuCmd cmd = gpu_copy(e, to, from, 0);

    cmd.opcode = cpu_to_le16(PUCK_GPU_CMD_BLIT);
    cmd.blit.src_pitch = cpu_to_le32(src_pitch);
    cmd.blit.dst_pitch = cpu_to_le32(dst_pitch);
    cmd.blit.width = cpu_to_le32(width);
    cmd.blit.height = cpu_to_le32(height);
    return cmd;
}

void gpu_emit(GpuEnv *e, unsigned r, GpuCmd cmd)
{
    GpuRing *ring = &e->rings[r];

    if (cmd.opcode != cpu_to_le16(PUCK_GPU_CMD_FENCE)) {
        cmd.seqno = cpu_to_le32(ring->seqno + 1);
    }
    qtest_memwrite(e->m.qts, ring->base + ring->tail * sizeof(cmd), &cmd,
                   sizeof(cmd));
    ring->tail = (ring->tail + 1) % GPU_RING_SIZE;
}

uint32_t gpu_fence(GpuEnv *e, unsigned r, uint16_t flags)
{
    GpuCmd cmd = {
        .opcode = cpu_to_le16(PUCK_GPU_CMD_FENCE),
        .flags = cpu_to_le16(flags),
        .seqno = cpu_to_le32(++e->rings[r].seqno),
    };

    gpu_emit(e, r, cmd);
    return e->rings[r].seqno;
}

void gpu_doorbell(GpuEnv *e, unsigned r)
{
    gpu_ring_w32(e, r, PUCK_GPU_RING_TAIL, e->rings[r].tail);
}

uint32_t gpu_submit(GpuEnv *e, unsigned r, GpuCmd cmd)
{
    uint32_t seqno;

    gpu_emit(e, r, cmd);
    seqno = gpu_fence(e, r, PUCK_GPU_FENCE_IRQ);
    gpu_doorbell(e, r);
    return seqno;
}

void gpu_wait(GpuEnv *e, unsigned r, uint32_t seqno)
{
    for (unsigned i = 0; i < PUCK_WAIT_MS; i++) {
        if (gpu_ring_r32(e, r, PUCK_GPU_RING_SEQNO) == seqno) {
            break;
        }
        g_assert_false(gpu_ring_r32(e, r, PUCK_GPU_RING_STATUS) &
                       PUCK_GPU_RING_HALTED);
        g_usleep(1000);
    }
    g_assert_cmpuint(gpu_ring_r32(e, r, PUCK_GPU_RING_SEQNO), ==, seqno);
    g_assert_cmpuint(qtest_readq(e->m.qts, e->rings[r].wb), ==, seqno);
    g_assert_true(puck_msix_take(&e->m, &e->f, e->rings[r].vector, true));
}

void gpu_wait_status(GpuEnv *e, unsigned r, uint32_t mask, uint32_t value)
{
    for (unsigned i = 0; i < PUCK_WAIT_MS; i++) {
        if ((gpu_ring_r32(e, r, PUCK_GPU_RING_STATUS) & mask) == value) {
            return;
        }
        g_usleep(1000);
    }
    g_assert_not_reached();
}

void gpu_run(GpuEnv *e, unsigned r, GpuCmd cmd)
{
    gpu_wait(e, r, gpu_submit(e, r, cmd));
}

void gpu_expect_error(GpuEnv *e, const GpuError *error)
{
    uint32_t info;

    for (unsigned i = 0; i < PUCK_WAIT_MS; i++) {
        if (puck_r32(&e->f, PUCK_GPU_ERR_COUNT)) {
            break;
        }
        g_usleep(1000);
    }
    g_assert_cmpuint(puck_r32(&e->f, PUCK_GPU_ERR_COUNT), ==, 1);
    g_assert_cmphex(puck_r32(&e->f, PUCK_GPU_IRQ_STATUS), ==,
                    PUCK_GPU_IRQ_ERROR);
    puck_w32(&e->f, PUCK_GPU_IRQ_STATUS, PUCK_GPU_IRQ_ERROR);

    info = puck_r32(&e->f, PUCK_GPU_ERR_INFO);
    g_assert_cmpuint(gpu_field(info, PUCK_GPU_ERR_INFO_REASON), ==,
                     error->reason);
    g_assert_cmpuint(gpu_field(info, PUCK_GPU_ERR_INFO_RING), ==,
                     error->ring);
    g_assert_cmpuint(gpu_field(info, PUCK_GPU_ERR_INFO_LIST), ==,
                     error->list);
    g_assert_cmpuint(gpu_field(info, PUCK_GPU_ERR_INFO_INDEX), ==,
                     error->index);
    g_assert_cmpuint(puck_r32(&e->f, PUCK_GPU_ERR_SEQNO), ==, error->seqno);
    g_assert_cmphex(puck_r32(&e->f, PUCK_GPU_ERR_DESC), ==, error->desc);
    g_assert_cmphex(puck_r64(&e->f, PUCK_GPU_ERR_ADDR), ==, error->addr);
    puck_w32(&e->f, PUCK_GPU_ERR_POP, 1);
    g_assert_cmpuint(puck_r32(&e->f, PUCK_GPU_ERR_COUNT), ==, 0);
}

void gpu_alive(GpuEnv *e, unsigned r)
{
    uint64_t page = puck_machine_pages(&e->m, 1);
    GpuSeg from = SYS(page + 1, 7), to = SYS(page + 100, 7);
    char bytes[7];

    gpu_write(e, from, "I live");
    gpu_run(e, r, gpu_copy(e, to, from, sizeof(bytes)));
    gpu_read(e, to, bytes);
    g_assert_cmpstr(bytes, ==, "I live");
}
