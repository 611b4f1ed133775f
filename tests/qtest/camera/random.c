/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: register writes and descriptors that nobody thought of. They may do
 * what they like to the guest's memory; the device has to live, and to work
 * again after a reset. The seed is printed and taken back with --seed.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "common/cam-env.h"

#define ROUNDS      40
#define WRITES      300
#define RAM_SIZE    0x10000000u
/* Queue and messages live below; random descriptors make a mess above. */
#define MESS        0x8000000u

static uint32_t any(uint32_t below)
{
    return (uint32_t)g_test_rand_int() % below;
}

/* Numbers from the borders of what is allowed, more often than others. */
static uint64_t any_number(void)
{
    static const uint64_t borders[] = {
        0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 32, 63, 64, 255, 256, 4095, 4096,
        16384, 16385, 65535, 65536, 0x00100010, 0x00200020, 0x08701000,
        MESS, RAM_SIZE - 1, RAM_SIZE, 1ull << 30, UINT32_MAX, 1ull << 40,
        0x0020002000000000, INT64_MAX, UINT64_MAX - 1, UINT64_MAX,
    };

    return g_test_rand_bit() ? borders[any(G_N_ELEMENTS(borders))] :
           (uint64_t)g_test_rand_int() << any(33) >> any(33);
}

/* A register of a block that there is, most of the time; never CTRL. */
static uint64_t any_reg(void)
{
    static const uint64_t blocks[] = {
        PUCK_CAM_ERR_COUNT, PUCK_CAM_SENSOR_CTRL, PUCK_CAM_SENSOR_CTRL,
        PUCK_CAM_FORMAT, PUCK_CAM_FORMAT, PUCK_CAM_QUEUE_CTRL,
        PUCK_CAM_QUEUE_CTRL, PUCK_CAM_IRQ_STATUS,
    };

    return blocks[any(G_N_ELEMENTS(blocks))] + 4 * any(40);
}

static uint64_t any_list(CamEnv *e, uint32_t *nsegs)
{
    CamSeg segs[8];

    *nsegs = 1 + any(G_N_ELEMENTS(segs));
    for (uint32_t i = 0; i < *nsegs; i++) {
        segs[i] = (CamSeg) {
            .addr = any(20) ? MESS + any(MESS / 2) : any_number(),
            .len = any(20) ? 1 + any(MESS / 2) : any_number(),
            .flags = any(40) ? 0 : any_number(),
        };
    }
    return cam_list(e, segs, *nsegs);
}

static void any_descriptor(CamEnv *e)
{
    CamDesc desc = { .cookie = any_number() };

    desc.parts = cpu_to_le32(any(10) ? 1 + any(2) : any_number());
    for (unsigned i = 0; i < PUCK_CAM_PARTS_MAX; i++) {
        struct puck_cam_part *part = &desc.part[i];
        uint32_t nsegs;

        if (i && any(2)) {
            break;
        }
        part->list = cpu_to_le64(any_list(e, &nsegs));
        part->nsegs = cpu_to_le32(any(20) ? nsegs : any_number());
        part->offset = cpu_to_le64(any(3) ? 0 : any_number());
        part->length = cpu_to_le64(any(3) ? MESS / 4 : any_number());
    }
    cam_queue(e, &desc);
}

static void test_random(void)
{
    CamEnv e;

    cam_start(&e, "", "");
    for (unsigned r = 0; r < ROUNDS; r++) {
        uint64_t first = e.m.next_page;

        g_test_message("round %u", r);
        for (unsigned i = 0; i < WRITES; i++) {
            switch (any(8)) {
            case 0:
                any_descriptor(&e);
                break;
            case 1:
                qtest_clock_step(e.m.qts, any(3000000));
                break;
            case 2:
                cam_r32(&e, any_reg());
                break;
            case 3:
                cam_w64(&e, any_reg() & ~7ull, any_number());
                break;
            default:
                cam_w32(&e, any_reg(), any_number());
                break;
            }
        }
        cam_w32(&e, PUCK_CAM_CTRL, PUCK_CAM_CTRL_RESET);
        puck_machine_settle(&e.m);
        g_assert_cmpuint(cam_r32(&e, PUCK_CAM_STATUS), ==, 0);
        cam_queue_on(&e);
        cam_alive(&e);
        e.m.next_page = first;
    }
    cam_stop(&e);
}

void add_random_tests(void)
{
    qtest_add_func("/puck-cam/random/writes", test_random);
}
