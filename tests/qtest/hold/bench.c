/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long a guest can make QEMU hold the BQL. No test: "scripts/puck bench
 * hold" runs each case in a process of its own.
 *
 *     puck-hold-bench            the cases, a line each: name, what it is
 *     puck-hold-bench NAME       prints "bench: hold_NAME_us MICROSECONDS"
 */

#include "qemu/osdep.h"
#include <sched.h>
#include "qemu/bswap.h"
#include "hw/pci/pci_regs.h"
#include "qobject/qdict.h"
#include "abi/puck_cam.h"
#include "env.h"

#define RW              (PUCK_IOMMU_PTE_READ | PUCK_IOMMU_PTE_WRITE)
#define HUGE            0x200000ull
#define RAM_SIZE        0x10000000ull
#define FIRMWARE_SIZE   0x10000

#define GPU_SLOT        3
#define EDU_SLOT        4
#define IOMMU_SLOT      5
#define CAM_SLOT        6
#define BUSES           3

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static void count(HoldBench *b, int64_t since)
{
    b->worst = MAX(b->worst, now_ns() - since);
}

void hold_w32(HoldBench *b, PuckFunction *f, uint64_t offset, uint32_t value)
{
    int64_t since = now_ns();

    puck_w32(f, offset, value);
    count(b, since);
}

uint32_t hold_r32(HoldBench *b, PuckFunction *f, uint64_t offset)
{
    int64_t since = now_ns();
    uint32_t value = puck_r32(f, offset);

    count(b, since);
    return value;
}

void hold_ring_w32(HoldBench *b, unsigned r, uint64_t reg, uint32_t value)
{
    hold_w32(b, &b->gpu, PUCK_GPU_RING(r) + reg, value);
}

void hold_until(HoldBench *b, PuckFunction *f, uint64_t offset, uint32_t mask,
                uint32_t value)
{
    while ((hold_r32(b, f, offset) & mask) != value) {
        /* Whoever started us gives up some day. */
    }
}

void hold_watch(HoldBench *b, unsigned ms)
{
    int64_t end = now_ns() + ms * 1000000ll;

    while (now_ns() < end) {
        hold_r32(b, &b->gpu, PUCK_GPU_MAGIC);
    }
}

void hold_until_idle(HoldBench *b, unsigned r)
{
    hold_until(b, &b->gpu, PUCK_GPU_RING(r) + PUCK_GPU_RING_STATUS,
               PUCK_GPU_RING_BUSY, 0);
    g_assert_false(puck_r32(&b->gpu, PUCK_GPU_RING(r) + PUCK_GPU_RING_STATUS) &
                   PUCK_GPU_RING_HALTED);
}

uint64_t hold_list(HoldBench *b, const struct puck_gpu_seg *segs, uint32_t n)
{
    size_t size = n * sizeof(*segs);
    uint64_t addr = puck_machine_pages(&b->m, DIV_ROUND_UP(size, PAGE));

    qtest_memwrite(b->m.qts, addr, segs, size);
    return addr;
}

uint64_t hold_same(HoldBench *b, uint64_t addr, uint32_t len, uint32_t n)
{
    g_autofree struct puck_gpu_seg *segs = g_new0(struct puck_gpu_seg, n);

    for (uint32_t i = 0; i < n; i++) {
        segs[i].addr = cpu_to_le64(addr);
        segs[i].len = cpu_to_le32(len);
    }
    return hold_list(b, segs, n);
}

void hold_put(HoldBench *b, unsigned r, unsigned at,
              const struct puck_gpu_cmd *cmd, unsigned n)
{
    g_autofree struct puck_gpu_cmd *all = g_new(struct puck_gpu_cmd, n);

    for (unsigned i = 0; i < n; i++) {
        all[i] = *cmd;
        all[i].seqno = cpu_to_le32(at + i + 1);
    }
    qtest_memwrite(b->m.qts, b->ring[r] + at * sizeof(*all), all,
                   n * sizeof(*all));
}

void hold_rule(HoldBench *b, const char *rule)
{
    qtest_qmp_assert_success(b->m.qts, "{ 'execute': 'qom-set', 'arguments': { "
                             "'path': '" MISCHIEF_PATH "', 'property': 'add', "
                             "'value': %s } }", rule);
}

void hold_aim(HoldBench *b, PuckFunction *f, unsigned vector, uint64_t addr,
              uint32_t data)
{
    uint64_t at = f->dev->msix_table_off + vector * PCI_MSIX_ENTRY_SIZE;

    qpci_io_writel(f->dev, f->dev->msix_table_bar,
                   at + PCI_MSIX_ENTRY_LOWER_ADDR, addr);
    qpci_io_writel(f->dev, f->dev->msix_table_bar,
                   at + PCI_MSIX_ENTRY_UPPER_ADDR, addr >> 32);
    qpci_io_writel(f->dev, f->dev->msix_table_bar,
                   at + PCI_MSIX_ENTRY_DATA, data);
}

/*
 * Other threads of QEMU and other processes take no time from the two that are
 * measured, where the user may ask for that. If not, "idle" tells how much.
 */
static void urgent(pid_t pid)
{
    struct sched_param param = { .sched_priority = 1 };

    if (sched_setscheduler(pid, SCHED_FIFO | SCHED_RESET_ON_FORK, &param)) {
        fprintf(stderr, "puck-hold-bench: the times hold what the scheduler "
                "takes: %s\n", strerror(errno));
    }
}

/* A CPU that halts at its first instruction, so that nothing else runs. */
static char *halting_firmware(void)
{
    g_autofree char *code = g_malloc(FIRMWARE_SIZE);
    char *path;
    int fd = g_file_open_tmp("puck-hold-XXXXXX", &path, NULL);

    g_assert_cmpint(fd, >=, 0);
    memset(code, 0xf4, FIRMWARE_SIZE);
    g_assert_cmpint(write(fd, code, FIRMWARE_SIZE), ==, FIRMWARE_SIZE);
    close(fd);
    return path;
}

static uint64_t table(HoldBench *b, uint64_t entry)
{
    uint64_t page = puck_machine_pages(&b->m, 1);

    qtest_writeq(b->m.qts, entry, page | RW);
    return page;
}

/* RAM is where it is, in 2M pages; MANY is one table of level 1, many times. */
static uint64_t page_table(HoldBench *b)
{
    uint64_t l4 = puck_machine_pages(&b->m, 1);
    uint64_t l2 = table(b, table(b, l4));
    uint64_t l1;

    for (uint64_t pa = 0; pa < RAM_SIZE; pa += HUGE) {
        qtest_writeq(b->m.qts, l2 + 8 * (pa / HUGE),
                     pa | PUCK_IOMMU_PTE_LEAF | RW);
    }
    l2 = table(b, table(b, l4 + 8 * (MANY >> 39)));
    l1 = table(b, l2);
    for (uint64_t i = 0; i < PUCK_IOMMU_PT_ENTRIES; i++) {
        qtest_writeq(b->m.qts, l2 + 8 * i, l1 | RW);
        qtest_writeq(b->m.qts, l1 + 8 * i, (DATA + i * PAGE) | RW);
    }
    return l4;
}

static void iommu_on(HoldBench *b)
{
    uint64_t root = puck_machine_pages(&b->m, 1);
    uint64_t ctx = puck_machine_pages(&b->m, BUSES);
    uint64_t l4 = page_table(b);

    b->cq = puck_machine_pages(&b->m, QUEUE_SIZE *
                               sizeof(struct puck_iommu_cmd) / PAGE);
    for (unsigned bus = 1; bus <= BUSES; bus++) {
        uint64_t entry = ctx + (bus - 1) * PAGE;

        qtest_writeq(b->m.qts, root + 8 * bus,
                     entry | PUCK_IOMMU_ROOT_ENTRY_VALID);
        qtest_writeq(b->m.qts, entry + 8, GPU_DOMAIN);
        qtest_writeq(b->m.qts, entry, l4 | PUCK_IOMMU_CTX_VALID);
    }
    puck_w64(&b->iommu, PUCK_IOMMU_ROOT, root);
    puck_w64(&b->iommu, PUCK_IOMMU_CQ_BASE,
             b->cq | PUCK_IOMMU_QUEUE_ORDER_MAX);
    puck_w64(&b->iommu, PUCK_IOMMU_FQ_BASE, puck_machine_pages(&b->m, 1) | 7);
    puck_w32(&b->iommu, PUCK_IOMMU_CTRL, PUCK_IOMMU_CTRL_ENABLE |
             PUCK_IOMMU_CTRL_CQ_ENABLE | PUCK_IOMMU_CTRL_FQ_ENABLE);
}

static void ring_on(HoldBench *b, unsigned r)
{
    uint64_t block = PUCK_GPU_RING(r);

    b->ring[r] = puck_machine_pages(&b->m, RING_SIZE *
                                    sizeof(struct puck_gpu_cmd) / PAGE);
    b->wb[r] = puck_machine_pages(&b->m, 1);
    puck_w64(&b->gpu, block + PUCK_GPU_RING_BASE, b->ring[r] | RING_ORDER);
    puck_w64(&b->gpu, block + PUCK_GPU_RING_WB_ADDR, b->wb[r]);
    puck_w32(&b->gpu, block + PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE);
}

/*
 * qtest's own accelerator has a clock that stands still. This machine's runs,
 * so that there are pauses between holds as there are for a guest.
 */
void hold_start(HoldBench *b)
{
    g_autofree char *firmware = halting_firmware();
    g_autofree char *args = g_strdup_printf(
        "-accel tcg -bios %s -device puck-mischief,id=mischief "
        "-device pcie-root-port,id=rp1,chassis=1,addr=%d "
        "-device pcie-root-port,id=rp2,chassis=2,addr=%d "
        "-device puck-gpu,id=gpu0,vram-size=4M,rings=%d,threads=2,bus=rp1 "
        "-device pcie-root-port,id=rp3,chassis=3,addr=%d "
        "-device edu,bus=rp2,dma_mask=0xffffffffffffffff "
        "-device puck-cam,id=cam0,bus=rp3 "
        "-device puck-iommu,id=iommu0,addr=%d,buses=rp1:rp2:rp3,"
        "iotlb-entries=%d",
        firmware, GPU_SLOT, EDU_SLOT, RINGS, CAM_SLOT, IOMMU_SLOT,
        HOLD_IOTLB_ENTRIES);

    *b = (HoldBench) { };
    puck_machine_start(&b->m, args);
    unlink(firmware);
    puck_function_map(&b->m, &b->iommu, 0, QPCI_DEVFN(IOMMU_SLOT, 0),
                      PUCK_IOMMU_BAR_REGS);
    puck_msix_to_ram(&b->m, &b->iommu, PUCK_IOMMU_NUM_VECS);
    puck_bridge_setup(&b->m, 0, QPCI_DEVFN(EDU_SLOT, 0), 2, 2);
    puck_function_map(&b->m, &b->edu, 2, 0, 0);
    puck_bridge_setup(&b->m, 0, QPCI_DEVFN(CAM_SLOT, 0), 3, 3);
    puck_function_map(&b->m, &b->cam, 3, 0, PUCK_CAM_BAR_REGS);
    puck_msix_to_ram(&b->m, &b->cam, PUCK_CAM_SOURCES);
    puck_bridge_setup(&b->m, 0, QPCI_DEVFN(GPU_SLOT, 0), 1, 1);
    puck_function_map(&b->m, &b->gpu, 1, 0, PUCK_GPU_BAR_REGS);
    puck_msix_to_ram(&b->m, &b->gpu, puck_r32(&b->gpu, PUCK_GPU_NUM_SOURCES));
    iommu_on(b);
    for (unsigned r = 0; r < RINGS; r++) {
        ring_on(b, r);
    }
    urgent(0);
    urgent(qtest_pid(b->m.qts));
    b->worst = 0;
}

void hold_stop(HoldBench *b)
{
    puck_function_free(&b->gpu);
    puck_function_free(&b->edu);
    puck_function_free(&b->cam);
    puck_function_free(&b->iommu);
    puck_machine_stop(&b->m);
}

/* The first of @cases of that name; a NULL @name lists them. */
static const HoldCase *find(const HoldCase *cases, const char *name)
{
    for (; cases->name; cases++) {
        if (!name) {
            printf("%s\t%s\n", cases->name, cases->what);
        } else if (!strcmp(cases->name, name)) {
            return cases;
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    const HoldCase *chosen = find(hold_gpu_cases, name);
    HoldBench b;

    chosen = chosen ?: find(hold_iommu_cases, name);
    chosen = chosen ?: find(hold_cam_cases, name);
    chosen = chosen ?: find(hold_display_cases, name);
    if (!name) {
        return 0;
    }
    if (!chosen) {
        fprintf(stderr, "puck-hold-bench: no case '%s'\n", name);
        return 2;
    }
    hold_start(&b);
    chosen->run(&b);
    printf("bench: hold_%s_us %.1f\n", chosen->name, b.worst / 1000.0);
    hold_stop(&b);
    return 0;
}
