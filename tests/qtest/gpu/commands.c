/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: what each command does, in all the shapes its lists may have.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "common/gpu-env.h"

/* The contract's words, bit by bit: no table to share a mistake with. */
static uint32_t model_crc(const uint8_t *bytes, size_t len)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (unsigned b = 0; b < 8; b++) {
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
        }
    }
    return ~crc;
}

static void random_bytes(GRand *rand, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bytes[i] = g_rand_int(rand);
    }
}

static void test_nop(void)
{
    GpuCmd nop = { .opcode = cpu_to_le16(PUCK_GPU_CMD_NOP) };
    GpuEnv e;

    gpu_start(&e, "", "");
    gpu_run(&e, 0, nop);
    g_assert_cmpuint(gpu_ring_r32(&e, 0, PUCK_GPU_RING_HEAD), ==, 2);
    gpu_stop(&e);
}

/* FILL at every alignment and with every remainder, in RAM and VRAM. */
static void test_fill(void)
{
    static const uint8_t value[4] = { 0x44, 0x33, 0x22, 0x11 };
    GpuSeg areas[2];
    GpuEnv e;

    gpu_start(&e, "", "");
    areas[0] = SYS(puck_machine_pages(&e.m, 1), 64);
    areas[1] = VRAM(0x1000, 64);
    for (unsigned i = 0; i < 64; i++) {
        GpuSeg area = areas[i / 32];
        unsigned at = i % 4, len = 5 + i / 4 % 8;
        GpuSeg to = { area.addr + at, len + 3, area.flags };
        uint8_t bytes[64] = { };

        gpu_write(&e, area, bytes);
        gpu_run(&e, i & 1, gpu_fill(&e, to, len, 0x11223344));
        gpu_read(&e, area, bytes);
        for (unsigned b = 0; b < sizeof(bytes); b++) {
            bool inside = b >= at && b < at + len;

            g_assert_cmphex(bytes[b], ==, inside ? value[(b - at) % 4] : 0);
        }
    }
    gpu_stop(&e);
}

static void test_crc_vectors(void)
{
    static const struct {
        const char *bytes;
        size_t len;
        uint32_t crc;
    } vectors[] = {
        { "123456789", 9, 0xe3069283 },
        { "a", 1, 0xc1d04330 },
        { "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
          32, 0x8a9136aa },
    };
    uint64_t page;
    GpuEnv e;

    gpu_start(&e, "", "");
    page = puck_machine_pages(&e.m, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(vectors); i++) {
        GpuSeg from = VRAM(4093, vectors[i].len), to = SYS(page + 3, 4);

        g_assert_cmphex(model_crc((const uint8_t *)vectors[i].bytes,
                                  vectors[i].len), ==, vectors[i].crc);
        gpu_write(&e, from, vectors[i].bytes);
        gpu_run(&e, 0, gpu_crc(&e, to, from, vectors[i].len));
        g_assert_cmphex(qtest_readl(e.m.qts, page + 3), ==, vectors[i].crc);
    }
    gpu_stop(&e);
}

/*
 * Random lists. Segments of RAM and VRAM are cut from two areas, shuffled, and
 * so long that some transfers are longer than inline-bytes.
 */
#define AREA_PAGES  96
#define AREA        (AREA_PAGES * PAGE)
#define SEGS        24
#define SEG_MAX     (AREA / SEGS)

typedef struct Shape {
    GpuSeg segs[SEGS];
    uint32_t count;
    uint64_t total;
} Shape;

/* Each segment lies in a slot of its own, so that none overlap. */
static Shape random_shape(GRand *rand, uint64_t ram, uint64_t vram)
{
    uint32_t first = g_rand_int_range(rand, 0, SEGS);
    Shape shape = { .count = g_rand_int_range(rand, 1, SEGS + 1) };
    bool small = g_rand_boolean(rand);

    for (uint32_t i = 0; i < shape.count; i++) {
        uint32_t slot = (first + 7 * i) % SEGS;
        uint32_t at = g_rand_int_range(rand, 0, small ? 5 : SEG_MAX - 1);
        uint32_t len = g_rand_int_range(rand, 1, small ? 9 : SEG_MAX - at + 1);

        shape.segs[i] = g_rand_boolean(rand) ?
                        SYS(ram + slot * SEG_MAX + at, len) :
                        VRAM(vram + slot * SEG_MAX + at, len);
        shape.total += len;
    }
    return shape;
}

/* All bytes of a list in its order. */
static uint8_t *gather(GpuEnv *e, const Shape *shape)
{
    uint8_t *bytes = g_malloc(shape->total), *at = bytes;

    for (uint32_t i = 0; i < shape->count; i++) {
        gpu_read(e, shape->segs[i], at);
        at += shape->segs[i].len;
    }
    return bytes;
}

static void scatter_random(GpuEnv *e, GRand *rand, const Shape *shape)
{
    g_autofree uint8_t *bytes = g_malloc(AREA);

    for (uint32_t i = 0; i < shape->count; i++) {
        random_bytes(rand, bytes, shape->segs[i].len);
        gpu_write(e, shape->segs[i], bytes);
    }
}

typedef struct Lists {
    Shape src;
    Shape dst;
} Lists;

static void set_lists(GpuEnv *e, GpuCmd *cmd, const Lists *l)
{
    gpu_set_src(e, cmd, l->src.segs, l->src.count);
    gpu_set_dst(e, cmd, l->dst.segs, l->dst.count);
}

/* The destination is @want to the last byte, what lies behind included. */
static void run_and_compare(GpuEnv *e, unsigned r, GpuCmd cmd, const Lists *l,
                            const uint8_t *want)
{
    g_autofree uint8_t *got = NULL;

    set_lists(e, &cmd, l);
    gpu_run(e, r, cmd);
    got = gather(e, &l->dst);
    g_assert_cmpmem(got, l->dst.total, want, l->dst.total);
}

static void random_copy(GpuEnv *e, GRand *rand, const Lists *l)
{
    uint64_t length = 1 + g_rand_int(rand) % MIN(l->src.total, l->dst.total);
    GpuCmd cmd = { .opcode = cpu_to_le16(PUCK_GPU_CMD_COPY),
                   .length = cpu_to_le64(length) };
    g_autofree uint8_t *from = gather(e, &l->src);
    g_autofree uint8_t *want = gather(e, &l->dst);

    memcpy(want, from, length);
    run_and_compare(e, 0, cmd, l, want);
}

static void random_fill(GpuEnv *e, GRand *rand, const Lists *l)
{
    uint64_t length = 1 + g_rand_int(rand) % l->dst.total;
    uint32_t value = g_rand_int(rand);
    GpuCmd cmd = { .opcode = cpu_to_le16(PUCK_GPU_CMD_FILL),
                   .length = cpu_to_le64(length),
                   .fill.value = cpu_to_le32(value) };
    g_autofree uint8_t *want = gather(e, &l->dst);
    g_autofree uint8_t *got = NULL;

    for (uint64_t i = 0; i < length; i++) {
        want[i] = value >> 8 * (i % 4);
    }
    gpu_set_dst(e, &cmd, l->dst.segs, l->dst.count);
    gpu_run(e, 1, cmd);
    got = gather(e, &l->dst);
    g_assert_cmpmem(got, l->dst.total, want, l->dst.total);
}

static void random_crc(GpuEnv *e, GRand *rand, const Lists *l)
{
    uint64_t length = 1 + g_rand_int(rand) % l->src.total;
    GpuCmd cmd = { .opcode = cpu_to_le16(PUCK_GPU_CMD_CRC32C),
                   .length = cpu_to_le64(length) };
    g_autofree uint8_t *from = gather(e, &l->src);
    g_autofree uint8_t *want = gather(e, &l->dst);

    if (l->dst.total >= 4) {
        stl_le_p(want, model_crc(from, length));
        run_and_compare(e, 1, cmd, l, want);
    }
}

/* A rectangle that fits into both lists. */
static void random_blit(GpuEnv *e, GRand *rand, const Lists *l)
{
    uint64_t total = MIN(l->src.total, l->dst.total);
    uint32_t height = 1 + g_rand_int(rand) % MIN(total, 200);
    uint32_t pitch = total / height;
    uint32_t width = 1 + g_rand_int(rand) % pitch;
    uint32_t src_pitch = width + g_rand_int(rand) % (pitch - width + 1);
    uint32_t dst_pitch = width + g_rand_int(rand) % (pitch - width + 1);
    GpuCmd cmd = {
        .opcode = cpu_to_le16(PUCK_GPU_CMD_BLIT),
        .blit.src_pitch = cpu_to_le32(src_pitch),
        .blit.dst_pitch = cpu_to_le32(dst_pitch),
        .blit.width = cpu_to_le32(width),
        .blit.height = cpu_to_le32(height),
    };
    g_autofree uint8_t *from = gather(e, &l->src);
    g_autofree uint8_t *want = gather(e, &l->dst);

    for (uint32_t y = 0; y < height; y++) {
        memcpy(want + (uint64_t)y * dst_pitch, from + (uint64_t)y * src_pitch,
               width);
    }
    run_and_compare(e, 0, cmd, l, want);
}

static void test_random(const void *opaque)
{
    void (*const round)(GpuEnv *, GRand *, const Lists *) = opaque;
    g_autoptr(GRand) rand = g_rand_new_with_seed(g_test_rand_int());
    uint64_t from, to;
    GpuEnv e;

    gpu_start(&e, "", "");
    from = puck_machine_pages(&e.m, AREA_PAGES);
    to = puck_machine_pages(&e.m, AREA_PAGES);
    for (unsigned i = 0; i < 24; i++) {
        Lists l = {
            .src = random_shape(rand, from, 0),
            .dst = random_shape(rand, to, GPU_VRAM_SIZE - AREA),
        };

        scatter_random(&e, rand, &l.src);
        round(&e, rand, &l);
    }
    gpu_stop(&e);
}

/* Blit of single pixels: as many rows as bytes. */
static void test_blit_narrow(void)
{
    enum { ROWS = 3000, PITCH = 7 };
    g_autofree uint8_t *bytes = g_malloc0(ROWS * PITCH);
    uint64_t from, to;
    GpuEnv e;

    gpu_start(&e, "", "");
    from = puck_machine_pages(&e.m, 8);
    to = puck_machine_pages(&e.m, 1);
    for (unsigned y = 0; y < ROWS; y++) {
        bytes[y * PITCH] = y % 251;
    }
    gpu_write(&e, SYS(from, ROWS * PITCH), bytes);
    gpu_run(&e, 0, gpu_blit(&e, SYS(to, ROWS), SYS(from, ROWS * PITCH), 1,
                            PITCH, 1, ROWS));
    gpu_read(&e, SYS(to, ROWS), bytes);
    for (unsigned y = 0; y < ROWS; y++) {
        g_assert_cmpuint(bytes[y], ==, y % 251);
    }
    gpu_stop(&e);
}

/* The longest list that there may be, one byte a segment. */
static void test_longest_list(void)
{
    uint32_t count = PUCK_GPU_SEGS_MAX_VALUE;
    g_autofree GpuSeg *segs = g_new(GpuSeg, count);
    g_autofree uint8_t *bytes = g_malloc(count);
    uint64_t from, to;
    GpuCmd cmd;
    GpuEnv e;

    gpu_start(&e, "", "");
    from = puck_machine_pages(&e.m, count / PAGE);
    to = puck_machine_pages(&e.m, count / PAGE);
    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = i / 256 + i;
        segs[i] = SYS(from + count - 1 - i, 1);
    }
    gpu_write(&e, SYS(from, count), bytes);
    cmd = gpu_copy(&e, SYS(to, count), SYS(from, count), count);
    gpu_set_src(&e, &cmd, segs, count);
    gpu_run(&e, 0, cmd);
    gpu_read(&e, SYS(to, count), bytes);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t was = count - 1 - i;

        g_assert_cmphex(bytes[i], ==, (uint8_t)(was / 256 + was));
    }
    gpu_stop(&e);
}

/*
 * Long transfers are shared out to threads. Lists of odd shape, so that no part
 * begins where a segment does; the CRC, which is not shared out, tells.
 */
enum { LONG = (33 << 20) + 5, LONG_SEGS = 7 };

static void long_list(uint64_t at, GpuSeg *segs)
{
    for (unsigned i = 0; i < LONG_SEGS; i++) {
        segs[i] = SYS(at + i * (LONG / LONG_SEGS + 13), LONG / LONG_SEGS + 9);
    }
}

static uint32_t long_crc(GpuEnv *e, const GpuSeg *segs, uint64_t length)
{
    uint64_t page = puck_machine_pages(&e->m, 1);
    GpuCmd cmd = gpu_crc(e, SYS(page, 4), SYS(page, 4), length);

    gpu_set_src(e, &cmd, segs, LONG_SEGS);
    gpu_run(e, 1, cmd);
    return qtest_readl(e->m.qts, page);
}

static void test_threads(const void *opaque)
{
    g_autofree uint8_t *model = g_malloc(LONG);
    GpuSeg src[LONG_SEGS], dst[LONG_SEGS];
    GpuCmd cmd;
    GpuEnv e;

    gpu_start(&e, opaque, "");
    long_list(0x4000001, src);
    long_list(0x8000003, dst);
    cmd = gpu_fill(&e, SYS(0, 1), LONG, 0x12345678);
    gpu_set_dst(&e, &cmd, src, LONG_SEGS);
    gpu_run(&e, 0, cmd);
    for (uint32_t i = 0; i < LONG; i++) {
        model[i] = 0x12345678 >> 8 * (i % 4);
    }
    g_assert_cmphex(long_crc(&e, src, LONG), ==, model_crc(model, LONG));

    cmd = gpu_copy(&e, SYS(0, 1), SYS(0, 1), LONG - 1);
    gpu_set_src(&e, &cmd, src, LONG_SEGS);
    gpu_set_dst(&e, &cmd, dst, LONG_SEGS);
    gpu_run(&e, 0, cmd);
    g_assert_cmphex(long_crc(&e, dst, LONG - 1), ==,
                    model_crc(model, LONG - 1));

    /* Rows of 30000 out of 30001, packed. */
    cmd = gpu_blit(&e, SYS(0, 1), SYS(0, 1), 30000, 30001, 30000, 1150);
    gpu_set_src(&e, &cmd, src, LONG_SEGS);
    gpu_set_dst(&e, &cmd, dst, LONG_SEGS);
    gpu_run(&e, 0, cmd);
    for (unsigned y = 1; y < 1150; y++) {
        memmove(model + y * 30000, model + y * 30001, 30000);
    }
    g_assert_cmphex(long_crc(&e, dst, 30000 * 1150), ==,
                    model_crc(model, 30000 * 1150));
    gpu_stop(&e);
}

/* Overlap gives undefined bytes, but only where it may. */
static void test_overlap(void)
{
    uint8_t bytes[PAGE];
    uint64_t page;
    GpuEnv e;

    gpu_start(&e, "", "");
    page = puck_machine_pages(&e.m, 1);
    memset(bytes, 0x5a, sizeof(bytes));
    gpu_write(&e, SYS(page, PAGE), bytes);
    gpu_run(&e, 0, gpu_copy(&e, SYS(page + 100, 1000), SYS(page + 50, 1000),
                            1000));
    gpu_read(&e, SYS(page, PAGE), bytes);
    for (unsigned i = 0; i < PAGE; i++) {
        g_assert_cmphex(bytes[i], ==, 0x5a);
    }
    gpu_alive(&e, 0);
    gpu_stop(&e);
}

void add_command_tests(void)
{
    qtest_add_func("/puck-gpu/commands/nop", test_nop);
    qtest_add_func("/puck-gpu/commands/fill", test_fill);
    qtest_add_func("/puck-gpu/commands/crc-vectors", test_crc_vectors);
    qtest_add_data_func("/puck-gpu/commands/random-copy", random_copy,
                        test_random);
    qtest_add_data_func("/puck-gpu/commands/random-fill", random_fill,
                        test_random);
    qtest_add_data_func("/puck-gpu/commands/random-crc", random_crc,
                        test_random);
    qtest_add_data_func("/puck-gpu/commands/random-blit", random_blit,
                        test_random);
    qtest_add_func("/puck-gpu/commands/blit-narrow", test_blit_narrow);
    qtest_add_func("/puck-gpu/commands/longest-list", test_longest_list);
    qtest_add_data_func("/puck-gpu/commands/threads-1", ",threads=1",
                        test_threads);
    qtest_add_data_func("/puck-gpu/commands/threads-8", ",threads=8",
                        test_threads);
    qtest_add_func("/puck-gpu/commands/overlap", test_overlap);
}
