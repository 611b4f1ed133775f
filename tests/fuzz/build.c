/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Structures in the guest's memory for Puck's fuzz targets: valid ones first,
 * of which then single fields are broken.
 */

#include "qemu/osdep.h"
#include "abi/puck_display.h"
#include "env.h"

#define RW              (PUCK_IOMMU_PTE_READ | PUCK_IOMMU_PTE_WRITE)
#define HUGE            (RW | PUCK_IOMMU_PTE_LEAF)
#define SEGS_MAX        24
#define BURST_MAX       4095
#define AMD_RW          (3ull << 61)

FuzzGuest fuzz_guest;

uint64_t fuzz_take(FuzzInput *in, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes && in->at < in->end; i++) {
        value |= (uint64_t)*in->at++ << (8 * i);
    }
    return value;
}

unsigned fuzz_pick(FuzzInput *in, unsigned n)
{
    return fuzz_take(in, n > 256 ? 2 : 1) % n;
}

bool fuzz_rarely(FuzzInput *in, unsigned n)
{
    return fuzz_pick(in, n) == n - 1;
}

uint64_t fuzz_number(FuzzInput *in)
{
    static const uint64_t borders[] = {
        0, 1, 2, 3, 4, 7, 8, 15, 16, 63, 64, 127, 255, 256, 1023, 1024, 4094,
        4095, 4096, 8191, 8192, 65535, 65536, 65537, FUZZ_VRAM_SIZE - 1,
        FUZZ_VRAM_SIZE, 1ull << 26, 1ull << 28, 1ull << 30, INT32_MAX,
        0x80000000u, UINT32_MAX, 1ull << 32, 60000000000ull, 1ull << 40,
        (1ull << 40) + 1, 1ull << 48, 1ull << 52, INT64_MAX, 1ull << 63,
        UINT64_MAX - 4095, UINT64_MAX - 15, UINT64_MAX - 1, UINT64_MAX,
        FUZZ_ARENA, FUZZ_DATA,
    };
    unsigned kind = fuzz_take(in, 1);

    if (kind < 160) {
        return borders[kind % ARRAY_SIZE(borders)];
    }
    return fuzz_take(in, kind < 200 ? 1 : kind < 230 ? 2 : kind < 245 ? 4 : 8);
}

static uint64_t gpu_register(FuzzInput *in)
{
    static const uint16_t regs[] = {
        PUCK_GPU_CTRL, PUCK_GPU_IRQ_STATUS, PUCK_GPU_IRQ_ENABLE,
        PUCK_GPU_ERR_POP, PUCK_DISPLAY_COMMIT,
        PUCK_HEAD(0) + PUCK_HEAD_IRQ_ENABLE, PUCK_HEAD(1) + PUCK_HEAD_CRC_CTRL,
    };
    static const uint16_t ring_regs[] = {
        PUCK_GPU_RING_TAIL, PUCK_GPU_RING_TAIL, PUCK_GPU_RING_CTRL,
        PUCK_GPU_RING_HOLD, PUCK_GPU_RING_RELEASE, PUCK_GPU_RING_DELAY,
        PUCK_GPU_RING_START_DELAY, PUCK_GPU_RING_BASE, PUCK_GPU_RING_WB_ADDR,
        PUCK_GPU_RING_JITTER,
    };

    return fuzz_rarely(in, 3) ? regs[fuzz_pick(in, ARRAY_SIZE(regs))] :
           PUCK_GPU_RING(fuzz_pick(in, FUZZ_RINGS)) +
           ring_regs[fuzz_pick(in, ARRAY_SIZE(ring_regs))];
}

static uint64_t iommu_register(FuzzInput *in)
{
    static const uint16_t regs[] = {
        PUCK_IOMMU_CQ_TAIL, PUCK_IOMMU_CQ_TAIL, PUCK_IOMMU_CTRL,
        PUCK_IOMMU_CTRL + 3, PUCK_IOMMU_STATUS, PUCK_IOMMU_FQ_HEAD,
        PUCK_IOMMU_IRQ_STATUS, PUCK_IOMMU_IRQ_ENABLE, PUCK_IOMMU_ROOT,
        PUCK_IOMMU_CQ_BASE, PUCK_IOMMU_POLICY_INDEX,
    };

    return regs[fuzz_pick(in, ARRAY_SIZE(regs))];
}

static uint64_t window_register(FuzzInput *in)
{
    static const uint16_t regs[] = {
        PUCK_MISCHIEF_ARG, PUCK_MISCHIEF_COMMAND, PUCK_MISCHIEF_TEXT,
    };

    return PUCK_MISCHIEF_WINDOW + regs[fuzz_pick(in, ARRAY_SIZE(regs))];
}

/* In the configuration space of a function, by its own offsets. */
static uint64_t config_address(FuzzInput *in)
{
    FuzzFunctionIndex f = fuzz_pick(in, FUZZ_COUNT);
    DeviceState *dev = fuzz_device(f);
    PCIDevice *pdev = dev ? PCI_DEVICE(dev) : NULL;
    unsigned express = pdev ? pdev->exp.exp_cap : 0x80;
    unsigned regs[] = {
        PCI_COMMAND, PCI_BASE_ADDRESS_0, PCI_BASE_ADDRESS_2,
        PCI_BASE_ADDRESS_4, express + PCI_EXP_DEVCTL, express + PCI_EXP_SLTCTL,
        pdev ? pdev->msix_cap : 0x40, PCI_MEMORY_BASE, PCI_PRIMARY_BUS,
        PCI_BRIDGE_CONTROL & ~3,
    };

    return FUZZ_ECAM + (fuzz_functions[f].bus << 20 |
                        fuzz_functions[f].devfn << 12 |
                        regs[fuzz_pick(in, ARRAY_SIZE(regs))]);
}

uint64_t fuzz_address(FuzzInput *in)
{
    const FuzzFunction *dev =
        &fuzz_functions[FUZZ_DEV0 + fuzz_pick(in, 2)];
    const FuzzFunction *any =
        &fuzz_functions[fuzz_pick(in, FUZZ_PUCK_COUNT)];

    switch (fuzz_pick(in, 12)) {
    case 0:
    case 1:
        return FUZZ_ARENA + (fuzz_take(in, 2) << 4);
    case 2:
        return FUZZ_DATA + fuzz_take(in, 2);
    case 3:
    case 4:
        return dev->regs + (fuzz_variant == FUZZ_CAMERA ?
                            fuzz_camera_register(in) : gpu_register(in));
    case 5:
    case 6:
        return fuzz_functions[FUZZ_IOMMU].regs + iommu_register(in);
    case 7:
        return any->regs + window_register(in);
    case 8:
        return config_address(in);
    case 9:
        return any->msix + 4 * fuzz_pick(in, 32);
    case 10:
        return fuzz_rarely(in, 2) ? 0xfee00000u + 4 * fuzz_pick(in, 1024) :
               (dev->vram ?: dev->regs) + 4 * fuzz_take(in, 2);
    default:
        return fuzz_number(in);
    }
}

void fuzz_build_ring(unsigned g, unsigned r, unsigned order)
{
    uint64_t ring = fuzz_functions[FUZZ_DEV0 + g].regs + PUCK_GPU_RING(r);

    fuzz_write(ring + PUCK_GPU_RING_BASE, FUZZ_RING(g, r) | order, 8);
    fuzz_write(ring + PUCK_GPU_RING_WB_ADDR, FUZZ_SLOTS + 8 * (4 * g + r), 8);
    fuzz_write(ring + PUCK_GPU_RING_CTRL, PUCK_GPU_RING_ENABLE, 4);
    fuzz_guest.tails[g][r] = 0;
    fuzz_guest.orders[g][r] = order;
}

static void build_messages(void)
{
    for (unsigned f = 0; f < FUZZ_PUCK_COUNT; f++) {
        for (unsigned v = 0; v < fuzz_functions[f].vectors; v++) {
            uint64_t entry = fuzz_functions[f].msix + 16 * v;

            fuzz_write(entry, FUZZ_MESSAGES + 64 * f + 8 * v, 4);
            fuzz_write(entry + 4, 0, 4);
            fuzz_write(entry + 8, 0x5000 + v, 4);
            fuzz_write(entry + 12, 0, 4);
        }
    }
}

/* The arena, the registers and ECAM are where they are, for each bus. */
static void build_tables(unsigned mode)
{
    static const uint64_t huge[] = {
        FUZZ_ARENA, FUZZ_ARENA + 0x200000, 0xe8000000, 0xe8200000, 0xe8400000,
        0xe8800000, FUZZ_ECAM, FUZZ_ECAM + 0x200000,
    };

    for (unsigned bus = 1; bus <= 2; bus++) {
        fuzz_store64(FUZZ_ROOT + 8 * bus,
                     FUZZ_CTX(bus) | PUCK_IOMMU_ROOT_ENTRY_VALID);
        fuzz_store64(FUZZ_CTX(bus), PUCK_IOMMU_CTX_VALID |
                     (mode == PUCK_IOMMU_CTX_MODE_TRANSLATE ? FUZZ_L4 :
                      PUCK_IOMMU_CTX_MODE_IDENTITY << 1));
        fuzz_store64(FUZZ_CTX(bus) + 8, bus);
    }
    fuzz_store64(FUZZ_L4, FUZZ_L3 | RW);
    for (unsigned gib = 0; gib < 4; gib++) {
        fuzz_store64(FUZZ_L3 + 8 * gib, FUZZ_L2(gib) | RW);
    }
    fuzz_store64(FUZZ_L2(0), FUZZ_L1 | RW);
    for (unsigned i = 0; i < ARRAY_SIZE(huge); i++) {
        fuzz_store64(FUZZ_L2(huge[i] >> 30) + 8 * (huge[i] >> 21 & 511),
                     huge[i] | HUGE);
    }
}

/*
 * amd-iommu for bus 1: the same pages, in its own format. Its event message is
 * sent within the access at fault, and goes wherever the guest wants.
 */
static void build_amd(FuzzInput *in)
{
    static const uint64_t huge[] = {
        FUZZ_ARENA, FUZZ_ARENA + 0x200000, 0xe8000000, 0xe8200000, 0xe8400000,
    };
    PCIDevice *amd = PCI_DEVICE(object_resolve_path_type("", "AMDVI-PCI",
                                                         NULL));
    uint64_t entry = FUZZ_DEVTAB + 32 * 0x100;

    fuzz_store64(entry, 3 | 4 << 9 | FUZZ_L4 | AMD_RW);
    fuzz_store64(entry + 8, 1);
    fuzz_store64(FUZZ_L4, FUZZ_L3 | 3 << 9 | 1 | AMD_RW);
    for (unsigned gib = 0; gib < 4; gib++) {
        fuzz_store64(FUZZ_L3 + 8 * gib, FUZZ_L2(gib) | 2 << 9 | 1 | AMD_RW);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(huge); i++) {
        fuzz_store64(FUZZ_L2(huge[i] >> 30) + 8 * (huge[i] >> 21 & 511),
                     huge[i] | 1 | AMD_RW);
    }
    fuzz_write(FUZZ_AMD_BASE, FUZZ_DEVTAB | 3, 8);
    fuzz_write(FUZZ_AMD_BASE + 0x10, FUZZ_FQ | 8ull << 56, 8);
    fuzz_config_write(0, amd->devfn, amd->msi_cap + PCI_MSI_ADDRESS_LO,
                      fuzz_address(in), 4);
    fuzz_config_write(0, amd->devfn, amd->msi_cap + PCI_MSI_ADDRESS_HI, 0, 4);
    fuzz_config_write(0, amd->devfn, amd->msi_cap + PCI_MSI_DATA_64,
                      fuzz_number(in), 2);
    fuzz_config_write(0, amd->devfn, amd->msi_cap + PCI_MSI_FLAGS,
                      PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_64BIT, 2);
    fuzz_config_write(0, amd->devfn, PCI_COMMAND, PCI_COMMAND_MASTER, 2);
    fuzz_write(FUZZ_AMD_BASE + 0x18, 1 | 1 << 2 | 1 << 3, 8);
}

static void build_iommu(unsigned mode)
{
    uint64_t regs = fuzz_functions[FUZZ_IOMMU].regs;

    fuzz_write(regs + PUCK_IOMMU_ROOT, FUZZ_ROOT, 8);
    fuzz_write(regs + PUCK_IOMMU_CQ_BASE, FUZZ_CQ | 12, 8);
    fuzz_write(regs + PUCK_IOMMU_FQ_BASE, FUZZ_FQ | 3, 8);
    fuzz_write(regs + PUCK_IOMMU_IRQ_ENABLE, PUCK_IOMMU_IRQ_ALL, 4);
    if (mode != PUCK_IOMMU_CTX_MODE_BLOCKED) {
        fuzz_write(regs + PUCK_IOMMU_CTRL, 7, 4);
    }
}

static void build_gpu(unsigned g)
{
    uint64_t regs = fuzz_functions[FUZZ_DEV0 + g].regs;

    fuzz_write(regs + PUCK_GPU_IRQ_ENABLE, PUCK_GPU_IRQ_ALL, 4);
    for (unsigned r = 0; r < FUZZ_RINGS; r++) {
        fuzz_build_ring(g, r, r ? 5 : 12);
    }
}

void fuzz_build_start(FuzzInput *in)
{
    unsigned mode = fuzz_pick(in, 3);

    fuzz_guest = (FuzzGuest) { .next_list = FUZZ_LISTS };
    build_messages();
    build_tables(mode);
    build_iommu(mode);
    if (fuzz_variant == FUZZ_AMD) {
        build_amd(in);
    }
    for (unsigned n = 0; n < 2; n++) {
        if (fuzz_variant == FUZZ_CAMERA) {
            fuzz_camera_build(n);
        } else {
            build_gpu(n);
        }
    }
}

static struct puck_gpu_seg any_segment(FuzzInput *in)
{
    static const uint32_t lengths[] = { 1, 7, 64, 4096, 5000, 65536, 0x40000 };
    uint64_t addr = FUZZ_DATA + fuzz_pick(in, 0x8000);
    uint32_t len = lengths[fuzz_pick(in, ARRAY_SIZE(lengths))];
    uint32_t flags = 0;

    switch (fuzz_pick(in, 16)) {
    case 0 ... 3:
        /* A camera has none. */
        if (fuzz_variant != FUZZ_CAMERA) {
            addr -= FUZZ_DATA;
            flags = PUCK_GPU_SEG_VRAM;
        }
        break;
    case 4:
        addr = fuzz_address(in);
        break;
    case 5:
        addr = fuzz_pick(in, 512) << 12;        /* where MAP maps */
        break;
    case 6:
        len = fuzz_number(in);
        break;
    case 7:
        flags = fuzz_number(in);
        break;
    }
    return (struct puck_gpu_seg) {
        .addr = cpu_to_le64(addr), .len = cpu_to_le32(len),
        .flags = cpu_to_le32(flags),
    };
}

uint64_t fuzz_build_list(FuzzInput *in, uint32_t *nsegs, uint64_t *bytes)
{
    uint64_t at = fuzz_guest.next_list;
    bool many = fuzz_rarely(in, 8);
    struct puck_gpu_seg seg = any_segment(in);

    *nsegs = 1 + fuzz_pick(in, many ? SEGS_MAX * 64 : SEGS_MAX);
    *bytes = 0;
    for (uint32_t i = 0; i < *nsegs; i++) {
        if (!many && i < 4) {
            seg = any_segment(in);
        }
        fuzz_store(at + 16 * i, &seg, sizeof(seg));
        *bytes += le32_to_cpu(seg.len);
    }
    fuzz_guest.next_list += ROUND_UP(16 * *nsegs, 64);
    if (fuzz_guest.next_list >= FUZZ_LISTS + FUZZ_LISTS_SIZE / 2) {
        fuzz_guest.next_list = FUZZ_LISTS;
    }
    return at;
}

static void set_geometry(FuzzInput *in, struct puck_gpu_cmd *cmd,
                         uint64_t bytes)
{
    static const uint32_t widths[] = { 1, 2, 3, 64, 1000, 4096 };
    uint32_t width = widths[fuzz_pick(in, ARRAY_SIZE(widths))];
    uint32_t pitch = width + fuzz_pick(in, 3);
    uint64_t height = MIN(bytes / pitch, UINT32_MAX);

    cmd->length = 0;
    cmd->blit.width = cpu_to_le32(width);
    cmd->blit.src_pitch = cpu_to_le32(pitch);
    cmd->blit.dst_pitch = cpu_to_le32(fuzz_rarely(in, 4) ? width : pitch);
    cmd->blit.height = cpu_to_le32(MAX(height, 1));
}

struct puck_gpu_cmd fuzz_any_command(FuzzInput *in)
{
    uint64_t src_bytes = UINT64_MAX, dst_bytes = UINT64_MAX, bytes;
    unsigned op = 1 + fuzz_pick(in, 4);
    struct puck_gpu_cmd cmd = {
        .opcode = cpu_to_le16(op), .seqno = cpu_to_le32(fuzz_guest.seqno + 1),
    };
    uint32_t nsegs;

    cmd.dst_list = cpu_to_le64(fuzz_build_list(in, &nsegs, &dst_bytes));
    cmd.dst_nsegs = cpu_to_le32(nsegs);
    if (op != PUCK_GPU_CMD_FILL) {
        cmd.src_list = cpu_to_le64(fuzz_build_list(in, &nsegs, &src_bytes));
        cmd.src_nsegs = cpu_to_le32(nsegs);
    }
    bytes = op == PUCK_GPU_CMD_CRC32C ? src_bytes : MIN(src_bytes, dst_bytes);
    cmd.length = cpu_to_le64(MAX(bytes, 1));
    if (op == PUCK_GPU_CMD_BLIT) {
        set_geometry(in, &cmd, bytes);
    } else if (op == PUCK_GPU_CMD_FILL) {
        cmd.fill.value = cpu_to_le32(fuzz_take(in, 4));
    }
    if (fuzz_rarely(in, 8)) {
        uint32_t word = cpu_to_le32(fuzz_number(in));

        memcpy((uint8_t *)&cmd + 4 * fuzz_pick(in, 16), &word, sizeof(word));
    }
    return cmd;
}

void fuzz_put_command(unsigned g, unsigned r, const struct puck_gpu_cmd *cmd)
{
    uint32_t *tail = &fuzz_guest.tails[g][r];

    fuzz_store(FUZZ_RING(g, r) + sizeof(*cmd) * *tail, cmd, sizeof(*cmd));
    *tail = (*tail + 1) & ((1u << fuzz_guest.orders[g][r]) - 1);
}

void fuzz_put_fence(unsigned g, unsigned r, unsigned flags)
{
    struct puck_gpu_cmd fence = {
        .opcode = cpu_to_le16(PUCK_GPU_CMD_FENCE),
        .flags = cpu_to_le16(flags),
        .seqno = cpu_to_le32(++fuzz_guest.seqno),
    };

    fuzz_put_command(g, r, &fence);
}

void fuzz_doorbell(unsigned g, unsigned r)
{
    fuzz_write(fuzz_functions[FUZZ_DEV0 + g].regs + PUCK_GPU_RING(r) +
               PUCK_GPU_RING_TAIL, fuzz_guest.tails[g][r], 4);
}

void fuzz_op_job(FuzzInput *in)
{
    unsigned g = fuzz_pick(in, 2), r = fuzz_pick(in, FUZZ_RINGS);
    struct puck_gpu_cmd cmd = fuzz_any_command(in);

    fuzz_put_command(g, r, &cmd);
    if (!fuzz_rarely(in, 4)) {
        fuzz_put_fence(g, r, PUCK_GPU_FENCE_IRQ);
    }
    if (!fuzz_rarely(in, 4)) {
        fuzz_doorbell(g, r);
    }
}

/* The same command over and over, to find what is not bounded. */
void fuzz_op_burst(FuzzInput *in)
{
    unsigned g = fuzz_pick(in, 2), r = fuzz_pick(in, FUZZ_RINGS);
    unsigned kind = fuzz_pick(in, 3);
    unsigned n = 1 + fuzz_pick(in, fuzz_rarely(in, 8) ? BURST_MAX : 64);
    struct puck_gpu_cmd cmd = { };

    if (kind == 2) {
        cmd = fuzz_any_command(in);
    }
    n = MIN(n, (1u << fuzz_guest.orders[g][r]) - 1);
    for (unsigned i = 0; i < n; i++) {
        if (kind == 0) {
            fuzz_put_fence(g, r, PUCK_GPU_FENCE_IRQ);
        } else {
            fuzz_put_command(g, r, &cmd);
        }
    }
    fuzz_doorbell(g, r);
}

/* IOVA 0 to 2 MiB by pages; now and then an entry of another level. */
void fuzz_op_map(FuzzInput *in)
{
    uint64_t entry = FUZZ_L1 + 8 * fuzz_pick(in, 512);
    uint64_t value = (fuzz_address(in) & PUCK_IOMMU_PTE_ADDR) |
                     fuzz_pick(in, 4);

    if (fuzz_rarely(in, 6)) {
        static const uint64_t tables[] = {
            FUZZ_L4, FUZZ_L3, FUZZ_L2(0), FUZZ_L2(2), FUZZ_L2(3),
        };

        entry = tables[fuzz_pick(in, ARRAY_SIZE(tables))] +
                8 * fuzz_pick(in, 512);
        value |= fuzz_rarely(in, 2) ? PUCK_IOMMU_PTE_LEAF : 0;
    }
    if (fuzz_rarely(in, 8)) {
        value = fuzz_number(in);
    }
    fuzz_store64(entry, value);
}

void fuzz_op_context(FuzzInput *in)
{
    unsigned bus = 1 + fuzz_pick(in, 2);

    if (fuzz_rarely(in, 4)) {
        fuzz_store64(FUZZ_ROOT + 8 * bus, fuzz_number(in));
    } else if (fuzz_rarely(in, 3)) {
        fuzz_store64(FUZZ_CTX(bus), fuzz_number(in));
        fuzz_store64(FUZZ_CTX(bus) + 8, fuzz_number(in));
    } else {
        unsigned mode = fuzz_pick(in, 4);

        fuzz_store64(FUZZ_ROOT + 8 * bus, FUZZ_CTX(bus) | 1);
        fuzz_store64(FUZZ_CTX(bus), PUCK_IOMMU_CTX_VALID | mode << 1 |
                     (mode ? 0 : FUZZ_L4));
        fuzz_store64(FUZZ_CTX(bus) + 8, fuzz_pick(in, 4));
    }
}

static struct puck_iommu_cmd any_iommu_command(FuzzInput *in)
{
    unsigned op = 1 + fuzz_pick(in, 6);
    struct puck_iommu_cmd cmd = { .opcode = cpu_to_le16(op) };

    switch (op) {
    case PUCK_IOMMU_CMD_INV_RANGE:
        cmd.size = cpu_to_le64((1 + fuzz_pick(in, 2048)) << 12);
        /* fall through */
    case PUCK_IOMMU_CMD_INV_PAGE:
        cmd.addr = cpu_to_le64((uint64_t)fuzz_pick(in, 8192) << 12);
        /* fall through */
    case PUCK_IOMMU_CMD_INV_DOMAIN:
        cmd.id = cpu_to_le32(fuzz_pick(in, 4));
        break;
    case PUCK_IOMMU_CMD_INV_CONTEXT:
        cmd.id = cpu_to_le32(0x100 * (1 + fuzz_pick(in, 2)));
        break;
    case PUCK_IOMMU_CMD_SYNC:
        cmd.flags = cpu_to_le16(fuzz_pick(in, 4));
        if (cmd.flags & cpu_to_le16(PUCK_IOMMU_SYNC_WRITE)) {
            cmd.addr = cpu_to_le64(fuzz_address(in) & ~7ull);
            cmd.data = cpu_to_le64(fuzz_number(in));
        }
        break;
    }
    if (fuzz_rarely(in, 12)) {
        uint32_t word = cpu_to_le32(fuzz_number(in));

        memcpy((uint8_t *)&cmd + 4 * fuzz_pick(in, 8), &word, sizeof(word));
    }
    return cmd;
}

void fuzz_op_iommu_command(FuzzInput *in)
{
    uint64_t regs = fuzz_functions[FUZZ_IOMMU].regs;
    struct puck_iommu_cmd cmd = any_iommu_command(in);
    unsigned n = 1;

    if (fuzz_rarely(in, 8)) {
        n = 1 + fuzz_pick(in, fuzz_rarely(in, 4) ? BURST_MAX : 64);
    }
    while (n--) {
        fuzz_store(FUZZ_CQ + sizeof(cmd) * fuzz_guest.cq_tail, &cmd,
                   sizeof(cmd));
        fuzz_guest.cq_tail = (fuzz_guest.cq_tail + 1) & 4095;
    }
    fuzz_write(regs + PUCK_IOMMU_CQ_TAIL, fuzz_guest.cq_tail, 4);
    if (fuzz_rarely(in, 4)) {
        fuzz_write(regs + PUCK_IOMMU_STATUS, PUCK_IOMMU_STATUS_W1C, 4);
    }
}

/* What the target of a message would do something with. */
static uint32_t message_data(FuzzInput *in)
{
    static const uint32_t data[] = {
        0, 1, 2, 3, 5, 7, 31, 4095, 0x80000000u, 0x07c0, 0x8000, 0x0006,
        PUCK_MISCHIEF_ADD, PUCK_MISCHIEF_REMOVE, 0xc0000000u,
    };

    return fuzz_rarely(in, 4) ? fuzz_number(in) :
           data[fuzz_pick(in, ARRAY_SIZE(data))];
}

void fuzz_op_msix(FuzzInput *in)
{
    const FuzzFunction *f = &fuzz_functions[fuzz_pick(in, FUZZ_PUCK_COUNT)];
    uint64_t entry = f->msix + 16 * fuzz_pick(in, f->vectors);
    uint64_t addr = fuzz_address(in);

    fuzz_write(entry, addr & ~3ull, 4);
    fuzz_write(entry + 4, addr >> 32, 4);
    fuzz_write(entry + 8, message_data(in), 4);
    fuzz_write(entry + 12, fuzz_rarely(in, 8), 4);
}
