/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of puck-iommu: the machine around it: migration, several buses, the
 * root bus, options.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "common/iommu-env.h"

#define IOVA    0xdef00000000ull
#define PORT    "-device pcie-root-port,bus=pcie.0,"
#define PXB     "-device pxb-pcie,id=pxb1,bus=pcie.0,bus_nr=0x40,addr=7 "

static char *state_path(void)
{
    return g_strdup_printf("%s/puck-iommu-state-%d", g_get_tmp_dir(),
                           getpid());
}

/* Leaves a stale entry, a cached context, a fault record and a counter. */
static void prepare_state(PuckEnv *env)
{
    env_start_on(env, "");
    env_map(env, IOVA, puck_machine_pages(&env->m, 1), RW);
    edu_read(env, IOVA, 8);
    env_map_2m(env, IOVA + HUGE, 32 * HUGE, RW);
    edu_read(env, IOVA + HUGE, 8);
    env_unmap(env, IOVA);
    env_set_context(env, 0, 0, 0);
    edu_read(env, 1ull << 50, 8);
    env_w32(env, PUCK_IOMMU_IRQ_ENABLE, PUCK_IOMMU_IRQ_CMD_SYNC);
}

/* Registers that read the same on both sides. */
static const uint16_t same[] = {
    PUCK_IOMMU_CTRL, PUCK_IOMMU_STATUS, PUCK_IOMMU_ROOT,
    PUCK_IOMMU_ROOT + 4, PUCK_IOMMU_CQ_BASE, PUCK_IOMMU_CQ_HEAD,
    PUCK_IOMMU_CQ_TAIL, PUCK_IOMMU_FQ_BASE, PUCK_IOMMU_FQ_HEAD,
    PUCK_IOMMU_FQ_TAIL, PUCK_IOMMU_IRQ_STATUS, PUCK_IOMMU_IRQ_ENABLE,
    PUCK_IOMMU_SCOPE(0), PUCK_IOMMU_CNT_TRANSLATIONS,
    PUCK_IOMMU_CNT_HITS, PUCK_IOMMU_CNT_WALKS, PUCK_IOMMU_CNT_FAULTS,
    PUCK_IOMMU_CNT_COMMANDS, PUCK_IOMMU_CNT_INVALIDATIONS,
    PUCK_IOMMU_CNT_IOTLB_ENTRIES,
};

static void test_migration(void)
{
    g_autofree char *path = state_path();
    struct puck_iommu_fault fault;
    PuckEnv from, to;
    uint64_t hits;

    prepare_state(&from);
    g_assert_cmpuint(env_r64(&from, PUCK_IOMMU_CNT_IOTLB_ENTRIES), ==, 2);
    puck_machine_save(&from.m, path);
    env_move(&from, &to, path);
    for (unsigned i = 0; i < ARRAY_SIZE(same); i++) {
        g_assert_cmphex(env_r32(&to, same[i]), ==, env_r32(&from, same[i]));
    }
    env_stop(&from);

    /* Both caches came along: neither context nor page is in memory. */
    hits = env_r64(&to, PUCK_IOMMU_CNT_HITS);
    g_assert_true(env_pop_fault(&to, &fault));
    g_assert_cmpuint(fault.reason, ==, PUCK_IOMMU_FAULT_ADDRESS);
    edu_read(&to, IOVA, 8);
    edu_read(&to, IOVA + HUGE + PAGE, 8);
    env_assert_no_fault(&to);
    g_assert_cmpuint(env_r64(&to, PUCK_IOMMU_CNT_HITS), ==, hits + 2);

    env_cmd(&to, (struct puck_iommu_cmd) {
        PUCK_IOMMU_CMD_SYNC, PUCK_IOMMU_SYNC_IRQ
    });
    g_assert_true(puck_msix_take(&to.m, &to.iommu, PUCK_IOMMU_VEC_CMD, true));
    env_assert_alive(&to);
    env_stop(&to);
    unlink(path);
}

/* The one place in the file where the 4K entry of the IOTLB is. */
static char *find_saved_page(char *data, size_t len)
{
    uint64_t iova = cpu_to_be64(IOVA);
    char *found = NULL;

    for (size_t i = 0; i + 32 <= len; i++) {
        /* Permission 3 and "not huge" tell it from other uses of the bytes. */
        if (!memcmp(data + i, &iova, 8) && data[i + 18] == 3 &&
            data[i + 19] == 0) {
            g_assert_null(found);
            found = data + i;
        }
    }
    g_assert_nonnull(found);
    return found;
}

static void test_bad_migration_stream(void)
{
    static const struct {
        int offset;     /* in the saved page; counts stand before the first */
        uint8_t value;
    } bad[] = {
        { 7, 1 },       /* IOVA not aligned */
        { 0, 1 },       /* IOVA past 2^48 */
        { 15, 1 },      /* address not aligned */
        { 8, 0xff },    /* address past 2^52 */
        { 18, 0 },      /* no permission */
        { 18, 4 },      /* unknown permission */
        { 19, 1 },      /* a huge page that is not aligned */
        { -8, 0x7f },   /* far more pages than the IOTLB holds */
        { -8, 0xff },   /* a negative number of them */
        { -4, 0x7f },   /* far more contexts than there are requesters */
    };
    g_autofree char *path = state_path();
    g_autofree char *data = NULL;
    PuckEnv env;
    char *page;
    gsize len;

    prepare_state(&env);
    env_unmap(&env, IOVA);
    puck_machine_save(&env.m, path);
    g_assert_true(g_file_get_contents(path, &data, &len, NULL));
    page = find_saved_page(data, len);
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        char before = page[bad[i].offset];

        page[bad[i].offset] = bad[i].value;
        g_assert_true(g_file_set_contents(path, data, len, NULL));
        puck_machine_load_fails(env.args, path);
        page[bad[i].offset] = before;
    }
    env_stop(&env);
    unlink(path);
}

/* One IOMMU for two root ports and the root port of a pxb-pcie. */
static void test_three_buses(void)
{
    static const struct {
        unsigned parent;
        unsigned devfn;
        unsigned bus;
    } ports[] = {
        { 0, QPCI_DEVFN(4, 0), 1 }, { 0, QPCI_DEVFN(6, 0), 2 },
        { 0x40, QPCI_DEVFN(0, 0), 0x41 },
    };
    PuckEnv env = { };
    uint64_t pa;

    env.args = g_strdup(PORT "id=rp1,chassis=1,addr=4 "
                        PORT "id=rp2,chassis=2,addr=6 "
                        PXB
                        "-device pcie-root-port,id=rp3,chassis=3,bus=pxb1 "
                        "-device edu,bus=rp1,dma_mask=0xffffffffffffffff "
                        "-device edu,bus=rp2,dma_mask=0xffffffffffffffff "
                        "-device edu,bus=rp3,dma_mask=0xffffffffffffffff "
                        "-device puck-iommu,bus=pcie.0,addr=5,"
                        "buses=rp1:rp2:pxb1");
    puck_machine_start(&env.m, env.args);
    puck_function_map(&env.m, &env.iommu, 0, QPCI_DEVFN(5, 0), 0);
    g_assert_cmpuint(env_r32(&env, PUCK_IOMMU_SCOPE_COUNT), ==, 3);
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_SCOPE(0)), ==, 0);
    env_program(&env);
    pa = puck_machine_pages(&env.m, 1);

    for (unsigned i = 0; i < ARRAY_SIZE(ports); i++) {
        puck_bridge_setup(&env.m, ports[i].parent, ports[i].devfn,
                          ports[i].bus, ports[i].bus);
        puck_function_map(&env.m, &env.edu, ports[i].bus, 0, 0);
        env_set_root(&env, ports[i].bus,
                     env.ctx | PUCK_IOMMU_ROOT_ENTRY_VALID);
        env_map(&env, IOVA + i * PAGE, pa, RW);
        edu_read(&env, IOVA + i * PAGE, 8);
        env_assert_no_fault(&env);
        g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_WALKS), ==, i + 1);

        env_set_root(&env, ports[i].bus, 0);
        env_inv_all(&env);
        edu_read(&env, IOVA + i * PAGE, 8);
        g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_FAULTS), ==, i + 1);
        env_w32(&env, PUCK_IOMMU_FQ_HEAD, i + 1);
        puck_function_free(&env.edu);
    }
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_SCOPE(0)), ==, 0x80000101);
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_SCOPE(1)), ==, 0x80000202);
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_SCOPE(2)), ==, 0x80004140);
    env_stop(&env);
}

/* A device that comes later is behind the IOMMU like one that was there. */
static void test_hotplug(void)
{
    PuckEnv env = { };

    env.args = g_strdup(PORT "id=rp1,chassis=1,addr=4 "
                        "-device puck-iommu,id=iommu0,addr=5,buses=rp1");
    puck_machine_start(&env.m, env.args);
    puck_function_map(&env.m, &env.iommu, 0, QPCI_DEVFN(5, 0), 0);
    qtest_qmp_device_add(env.m.qts, "edu", "edu0",
                         "{ 'bus': 'rp1', 'dma_mask': %" PRIu64 " }",
                         UINT64_MAX);
    puck_bridge_setup(&env.m, 0, QPCI_DEVFN(4, 0), ENV_BUS, ENV_BUS);
    puck_function_map(&env.m, &env.edu, ENV_BUS, 0, 0);
    env_assert_alive(&env);
    env_stop(&env);
}

/* In charge of the bus it stands on, it does not translate for itself. */
static void test_root_bus(void)
{
    PuckEnv env = { };
    uint64_t pa;

    env.args = g_strdup("-device edu,addr=4,dma_mask=0xffffffffffffffff "
                        "-device puck-iommu,bus=pcie.0,addr=5,buses=pcie.0");
    puck_machine_start(&env.m, env.args);
    puck_function_map(&env.m, &env.iommu, 0, QPCI_DEVFN(5, 0), 0);
    puck_function_map(&env.m, &env.edu, 0, QPCI_DEVFN(4, 0), 0);
    puck_msix_to_ram(&env.m, &env.iommu, PUCK_IOMMU_NUM_VECS);
    g_assert_cmphex(env_r32(&env, PUCK_IOMMU_SCOPE(0)), ==,
                    PUCK_IOMMU_SCOPE_VALID);
    env_program(&env);
    env_set_root(&env, 0, env.ctx | PUCK_IOMMU_ROOT_ENTRY_VALID);
    env_set_context(&env, QPCI_DEVFN(4, 0), env.table | PUCK_IOMMU_CTX_VALID,
                    ENV_DOMAIN);
    pa = puck_machine_pages(&env.m, 1);
    env_map(&env, IOVA, pa, RW);
    edu_read(&env, IOVA, 8);
    env_assert_no_fault(&env);
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_WALKS), ==, 1);

    env_w32(&env, PUCK_IOMMU_IRQ_ENABLE, PUCK_IOMMU_IRQ_ALL);
    env_cmd(&env, (struct puck_iommu_cmd) {
        PUCK_IOMMU_CMD_SYNC, PUCK_IOMMU_SYNC_IRQ
    });
    g_assert_true(puck_msix_take(&env.m, &env.iommu, PUCK_IOMMU_VEC_CMD,
                                 true));
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_TRANSLATIONS), ==, 1);
    env_stop(&env);
}

/* What is not named is not translated: a device beside, a pxb's bus. */
static void test_not_in_charge(void)
{
    PuckEnv env = { };
    uint64_t pa;

    env.args = g_strdup(PXB
                        "-device pcie-root-port,id=rp3,chassis=3,bus=pxb1 "
                        "-device edu,bus=rp3,dma_mask=0xffffffffffffffff "
                        "-device puck-iommu,bus=pcie.0,addr=5,buses=pcie.0");
    puck_machine_start(&env.m, env.args);
    puck_function_map(&env.m, &env.iommu, 0, QPCI_DEVFN(5, 0), 0);
    puck_bridge_setup(&env.m, 0x40, 0, 0x41, 0x41);
    puck_function_map(&env.m, &env.edu, 0x41, 0, 0);
    env_program(&env);
    pa = puck_machine_pages(&env.m, 1);
    qtest_writeq(env.m.qts, pa, 0x7e57);
    edu_read(&env, pa, 8);
    edu_write(&env, pa + 8, 8);
    g_assert_cmphex(qtest_readq(env.m.qts, pa + 8), ==, 0x7e57);
    g_assert_cmpuint(env_r64(&env, PUCK_IOMMU_CNT_TRANSLATIONS), ==, 0);
    env_stop(&env);
}

static uint64_t random_word(PuckEnv *env)
{
    uint64_t word = (uint64_t)g_test_rand_int() << 32 |
                    (uint32_t)g_test_rand_int();

    switch (g_test_rand_int_range(0, 4)) {
    case 0:     /* points at tables and queues */
        return env->root + (word & 0x7ff8);
    case 1:     /* looks like an entry */
        return (env->root & ~(PAGE - 1)) + (word & 0x7003);
    case 2:
        return word & 0xfff;
    default:
        return word;
    }
}

/* A guest that writes anything anywhere, from a seed. */
static void test_bad_guest(void)
{
    uint32_t off = PUCK_IOMMU_CTRL_RESET;
    PuckEnv env;

    env_start_on(&env, "");
    puck_machine_pages(&env.m, 8);
    for (unsigned i = 0; i < 4000; i++) {
        unsigned offset = g_test_rand_int_range(0, 0xa00 / 4) * 4;
        uint64_t word = random_word(&env);

        switch (g_test_rand_int_range(0, 8)) {
        case 0:
            env_w32(&env, offset, word & ~off);
            break;
        case 1:
            env_w64(&env, offset & ~7, offset == PUCK_IOMMU_CTRL ?
                    word & ~(uint64_t)off : word);
            break;
        case 2:
            env_w32(&env, PUCK_IOMMU_CTRL, word & PUCK_IOMMU_CTRL_WRITABLE);
            break;
        case 3:
            env_w32(&env, PUCK_IOMMU_CQ_TAIL, word & 0xf);
            break;
        case 4:
            edu_read(&env, word & (PAGE | 0xfee00fffull), word & 0x3f);
            break;
        default:
            qtest_writeq(env.m.qts, env.root + (g_test_rand_int() & 0x7ff8),
                         word);
        }
    }
    env_assert_alive(&env);
    env_stop(&env);
}

/* Options that cannot work end QEMU with a message. */
static void test_bad_options(void)
{
    static const char *const bad[] = {
        "", "buses=", "buses=rp1:", "buses=rp1:rp1", "buses=nowhere",
        "buses=rp1,iotlb-entries=0", "buses=rp1,iotlb-entries=4097",
        "buses=rp1,policy=\x7f", "buses=rp1 -device puck-iommu,buses=rp1",
    };

    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_autofree char *args = g_strdup_printf(
            "-device pcie-root-port,id=rp1,chassis=1 -device puck-iommu%s%s",
            *bad[i] ? "," : "", bad[i]);

        puck_machine_refused(args, "puck-iommu");
    }
}

void add_machine_tests(void)
{
    qtest_add_func("/puck-iommu/machine/migration", test_migration);
    qtest_add_func("/puck-iommu/machine/bad_migration_stream",
                   test_bad_migration_stream);
    qtest_add_func("/puck-iommu/machine/three_buses", test_three_buses);
    qtest_add_func("/puck-iommu/machine/hotplug", test_hotplug);
    qtest_add_func("/puck-iommu/machine/root_bus", test_root_bus);
    qtest_add_func("/puck-iommu/machine/not_in_charge", test_not_in_charge);
    qtest_add_func("/puck-iommu/machine/bad_guest", test_bad_guest);
    qtest_add_func("/puck-iommu/machine/bad_options", test_bad_options);
}
