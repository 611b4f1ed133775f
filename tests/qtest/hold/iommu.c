/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a guest can make QEMU hold the BQL: puck-iommu.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "env.h"

#define EDU_SRC         0x80
#define EDU_DST         0x88
#define EDU_COUNT       0x90
#define EDU_CMD         0x98
#define EDU_BUFFER      0x40000
#define EDU_RUN         1
#define IOMMU_REGS      0x1000

/* A full queue of @cmd, to its end. */
static void run_queue(HoldBench *b, struct puck_iommu_cmd cmd, unsigned n)
{
    g_autofree struct puck_iommu_cmd *all = g_new(struct puck_iommu_cmd, n);

    for (unsigned i = 0; i < n; i++) {
        all[i] = cmd;
    }
    qtest_memwrite(b->m.qts, b->cq, all, n * sizeof(*all));
    hold_w32(b, &b->iommu, PUCK_IOMMU_CQ_TAIL, n);
    hold_until(b, &b->iommu, PUCK_IOMMU_CQ_HEAD, ~0u, n);
}

/* Every entry of the IOTLB is one of the GPU's domain. */
static void fill_iotlb(HoldBench *b)
{
    struct puck_gpu_seg seg = {
        .addr = cpu_to_le64(MANY),
        .len = cpu_to_le32(HOLD_IOTLB_ENTRIES * PAGE),
    };
    struct puck_gpu_seg sum = {
        .addr = cpu_to_le64(DATA), .len = cpu_to_le32(4),
    };
    struct puck_gpu_cmd cmd = {
        .opcode = cpu_to_le16(PUCK_GPU_CMD_CRC32C),
        .length = cpu_to_le64(HOLD_IOTLB_ENTRIES * PAGE),
        .src_list = cpu_to_le64(hold_list(b, &seg, 1)),
        .dst_list = cpu_to_le64(hold_list(b, &sum, 1)),
        .src_nsegs = cpu_to_le32(1),
        .dst_nsegs = cpu_to_le32(1),
    };

    hold_put(b, 0, 0, &cmd, 1);
    hold_ring_w32(b, 0, PUCK_GPU_RING_TAIL, 1);
    hold_until_idle(b, 0);
    g_assert_cmpuint(puck_r64(&b->iommu, PUCK_IOMMU_CNT_IOTLB_ENTRIES), >=,
                     HOLD_IOTLB_ENTRIES - 16);
    b->worst = 0;
}

static struct puck_iommu_cmd inv(uint16_t opcode, uint32_t id)
{
    return (struct puck_iommu_cmd) {
        .opcode = cpu_to_le16(opcode), .id = cpu_to_le32(id),
    };
}

static void registers(HoldBench *b)
{
    for (uint64_t at = 0; at < IOMMU_REGS; at += 4) {
        uint32_t was = hold_r32(b, &b->iommu, at);

        hold_w32(b, &b->iommu, at, UINT32_MAX);
        hold_w32(b, &b->iommu, at, 0);
        hold_w32(b, &b->iommu, at, was);
    }
}

static void inv_page(HoldBench *b)
{
    struct puck_iommu_cmd cmd = inv(PUCK_IOMMU_CMD_INV_PAGE, GPU_DOMAIN);

    fill_iotlb(b);
    cmd.addr = cpu_to_le64(MANY);
    run_queue(b, cmd, QUEUE_SIZE - 1);
}

static void inv_range(HoldBench *b)
{
    struct puck_iommu_cmd cmd = inv(PUCK_IOMMU_CMD_INV_RANGE, GPU_DOMAIN);

    fill_iotlb(b);
    cmd.size = cpu_to_le64(1ull << PUCK_IOMMU_IOVA_BITS);
    run_queue(b, cmd, QUEUE_SIZE - 1);
}

/* Of a domain that has no entries: all of the others are passed over. */
static void inv_other_range(HoldBench *b)
{
    struct puck_iommu_cmd cmd = inv(PUCK_IOMMU_CMD_INV_RANGE, GPU_DOMAIN + 1);

    fill_iotlb(b);
    cmd.size = cpu_to_le64(1ull << PUCK_IOMMU_IOVA_BITS);
    run_queue(b, cmd, QUEUE_SIZE - 1);
}

static void inv_domain(HoldBench *b)
{
    fill_iotlb(b);
    run_queue(b, inv(PUCK_IOMMU_CMD_INV_DOMAIN, GPU_DOMAIN), QUEUE_SIZE - 1);
}

static void inv_other_domain(HoldBench *b)
{
    fill_iotlb(b);
    run_queue(b, inv(PUCK_IOMMU_CMD_INV_DOMAIN, GPU_DOMAIN + 1),
              QUEUE_SIZE - 1);
}

static void inv_all(HoldBench *b)
{
    fill_iotlb(b);
    run_queue(b, inv(PUCK_IOMMU_CMD_INV_ALL, 0), QUEUE_SIZE - 1);
}

static void inv_context(HoldBench *b)
{
    run_queue(b, inv(PUCK_IOMMU_CMD_INV_CONTEXT, GPU_RID), QUEUE_SIZE - 1);
}

static void run_sync(HoldBench *b)
{
    struct puck_iommu_cmd cmd = inv(PUCK_IOMMU_CMD_SYNC, 0);

    cmd.flags = cpu_to_le16(PUCK_IOMMU_SYNC_WRITE | PUCK_IOMMU_SYNC_IRQ);
    cmd.addr = cpu_to_le64(DATA);
    run_queue(b, cmd, QUEUE_SIZE - 1);
}

/* Late commands that all have to be carried out before the same request. */
static void deferred(HoldBench *b)
{
    hold_rule(b, "iommu.invalidate defer=1");
    fill_iotlb(b);
    run_queue(b, inv(PUCK_IOMMU_CMD_INV_DOMAIN, GPU_DOMAIN + 1),
              QUEUE_SIZE - 1);
    puck_w32(&b->gpu, PUCK_GPU_RING(0) + PUCK_GPU_RING_CTRL, 0);
    puck_w32(&b->gpu, PUCK_GPU_RING(0) + PUCK_GPU_RING_CTRL,
             PUCK_GPU_RING_ENABLE);
    hold_ring_w32(b, 0, PUCK_GPU_RING_TAIL, 1);
    hold_until_idle(b, 0);
}

static void delayed(HoldBench *b)
{
    hold_rule(b, "iommu.invalidate delay=100ms");
    fill_iotlb(b);
    run_queue(b, inv(PUCK_IOMMU_CMD_INV_DOMAIN, GPU_DOMAIN + 1),
              QUEUE_SIZE - 1);
    hold_watch(b, 500);
}

static void partial(HoldBench *b)
{
    hold_rule(b, "iommu.invalidate partial");
    fill_iotlb(b);
    run_queue(b, inv(PUCK_IOMMU_CMD_INV_DOMAIN, GPU_DOMAIN), QUEUE_SIZE - 1);
}

static void dropped(HoldBench *b)
{
    hold_rule(b, "iommu.invalidate drop");
    fill_iotlb(b);
    run_queue(b, inv(PUCK_IOMMU_CMD_INV_DOMAIN, GPU_DOMAIN), QUEUE_SIZE - 1);
}

static void reset(HoldBench *b)
{
    fill_iotlb(b);
    hold_w32(b, &b->iommu, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_RESET);
    hold_watch(b, 50);
}

/* Of QEMU's edu, which cannot wait; its transfer begins 100 ms later. */
static void stock_delay(HoldBench *b)
{
    hold_rule(b, "iommu.translate requester=02:00.0 delay=60s");
    puck_w64(&b->edu, EDU_SRC, DATA);
    puck_w64(&b->edu, EDU_DST, EDU_BUFFER);
    puck_w64(&b->edu, EDU_COUNT, PAGE);
    puck_w64(&b->edu, EDU_CMD, EDU_RUN);
    hold_watch(b, 500);
}

static void engine_delay(HoldBench *b)
{
    struct puck_gpu_cmd cmd = {
        .opcode = cpu_to_le16(PUCK_GPU_CMD_FILL),
        .length = cpu_to_le64(16),
        .dst_list = cpu_to_le64(hold_same(b, MANY, 16, 4096)),
        .dst_nsegs = cpu_to_le32(4096),
    };

    hold_rule(b, "iommu.translate requester=01:00.0 delay=60s");
    hold_put(b, 0, 0, &cmd, 3);
    hold_ring_w32(b, 0, PUCK_GPU_RING_TAIL, 3);
    hold_watch(b, 500);
}

/*
 * The engine's fault is told by a message that is a doorbell of the command
 * queue, with a SYNC in it: that has to wait for the engine.
 */
static void fault_to_sync(HoldBench *b)
{
    struct puck_iommu_cmd sync = inv(PUCK_IOMMU_CMD_SYNC, 0);
    struct puck_gpu_cmd cmd = {
        .opcode = cpu_to_le16(PUCK_GPU_CMD_FILL),
        .length = cpu_to_le64(16),
        .dst_list = cpu_to_le64(hold_same(b, 0x4000000000ull, 16, 1)),
        .dst_nsegs = cpu_to_le32(1),
    };

    qtest_memwrite(b->m.qts, b->cq, &sync, sizeof(sync));
    puck_w32(&b->iommu, PUCK_IOMMU_IRQ_ENABLE, PUCK_IOMMU_IRQ_FAULT);
    hold_aim(b, &b->iommu, PUCK_IOMMU_VEC_FAULT,
             b->iommu.bar.addr + PUCK_IOMMU_CQ_TAIL, 1);
    hold_put(b, 0, 0, &cmd, 1);
    hold_ring_w32(b, 0, PUCK_GPU_RING_TAIL, 1);
    hold_until(b, &b->iommu, PUCK_IOMMU_CQ_HEAD, ~0u, 1);
}

const HoldCase hold_iommu_cases[] = {
    { "iommu_registers", "each register of puck-iommu and the window",
      registers },
    { "iommu_inv_page", "doorbell: 4095 INV_PAGE, IOTLB full", inv_page },
    { "iommu_inv_range", "doorbell: 4095 INV_RANGE of all, IOTLB full",
      inv_range },
    { "iommu_inv_other_range", "the same of another domain", inv_other_range },
    { "iommu_inv_domain", "doorbell: 4095 INV_DOMAIN, IOTLB full", inv_domain },
    { "iommu_inv_other_domain", "the same of another domain",
      inv_other_domain },
    { "iommu_inv_all", "doorbell: 4095 INV_ALL, IOTLB full", inv_all },
    { "iommu_inv_context", "doorbell: 4095 INV_CONTEXT", inv_context },
    { "iommu_sync", "doorbell: 4095 SYNC with WRITE and IRQ", run_sync },
    { "iommu_deferred", "rule defer: 4095 INV_DOMAIN before one request",
      deferred },
    { "iommu_delayed", "rule delay: 4095 INV_DOMAIN due together", delayed },
    { "iommu_partial", "rule partial: 4095 INV_DOMAIN, IOTLB full", partial },
    { "iommu_dropped", "rule drop: 4095 INV_DOMAIN, IOTLB full", dropped },
    { "iommu_reset", "CTRL.RESET, IOTLB full", reset },
    { "iommu_stock_delay", "rule delay: an access of QEMU's edu", stock_delay },
    { "iommu_engine_delay", "rule delay: lists and data of an engine",
      engine_delay },
    { "iommu_fault_to_sync", "message of a fault rings a queue with a SYNC",
      fault_to_sync },
    { }
};
