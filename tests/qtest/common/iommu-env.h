/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine of the puck-iommu tests: the IOMMU in charge of root port rp1
 * (bus 1) with QEMU's edu behind it, whose DMA engine makes the requests.
 */
#ifndef PUCK_IOMMU_ENV_H
#define PUCK_IOMMU_ENV_H

#include "qtest.h"
#include "abi/puck_iommu.h"

#define PAGE                4096ull
#define HUGE                0x200000ull
#define RW                  (PUCK_IOMMU_PTE_READ | PUCK_IOMMU_PTE_WRITE)

#define ENV_BUS             1
#define ENV_RID             (ENV_BUS << 8)
#define ENV_DOMAIN          7
#define ENV_CQ_ORDER        4
#define ENV_FQ_ORDER        3

typedef struct PuckEnv {
    PuckMachine m;
    PuckFunction iommu;
    PuckFunction edu;
    char *args;
    uint64_t root;
    uint64_t ctx;           /* context table of bus 1 */
    uint64_t table;         /* level 4 of the edu */
    uint64_t cq;
    uint64_t fq;
} PuckEnv;

/* @options are appended to the IOMMU's: ",audit=on". Translation is off. */
void env_start(PuckEnv *env, const char *options);
/* The same with tables, queues and translation on. */
void env_start_on(PuckEnv *env, const char *options);
void env_stop(PuckEnv *env);
/* The machine of @from, saved to @path, goes on as @to. */
void env_move(PuckEnv *from, PuckEnv *to, const char *path);

/* Builds tables and queues anew and turns everything on. */
void env_program(PuckEnv *env);
/*
 * The end of every bad_ case: without a reset, new tables translate, faults
 * are recorded, commands run.
 */
void env_assert_alive(PuckEnv *env);

uint32_t env_r32(PuckEnv *env, uint64_t offset);
uint64_t env_r64(PuckEnv *env, uint64_t offset);
void env_w32(PuckEnv *env, uint64_t offset, uint32_t value);
void env_w64(PuckEnv *env, uint64_t offset, uint64_t value);

/* Memory structures */
void env_set_root(PuckEnv *env, unsigned bus, uint64_t value);
void env_set_context(PuckEnv *env, unsigned devfn, uint64_t table,
                     uint64_t domain);
uint64_t env_entry(PuckEnv *env, uint64_t iova, unsigned level);
void env_map(PuckEnv *env, uint64_t iova, uint64_t pa, uint64_t perm);
void env_map_2m(PuckEnv *env, uint64_t iova, uint64_t pa, uint64_t perm);
void env_unmap(PuckEnv *env, uint64_t iova);

/* Commands: written at the tail, which is rung. */
void env_cmd(PuckEnv *env, struct puck_iommu_cmd cmd);
void env_put_cmd(PuckEnv *env, unsigned index, struct puck_iommu_cmd cmd);
void env_inv_page(PuckEnv *env, unsigned domain, uint64_t iova);
void env_inv_all(PuckEnv *env);
/* STATUS.CQ_ERROR is set with that code at CQ_HEAD, which is @index. */
void env_assert_cq_error(PuckEnv *env, unsigned code, unsigned index);

/* One transfer of the edu. */
void edu_read(PuckEnv *env, uint64_t iova, unsigned len);
void edu_write(PuckEnv *env, uint64_t iova, unsigned len);

/* Takes the oldest fault record, if there is one. */
bool env_pop_fault(PuckEnv *env, struct puck_iommu_fault *fault);
/* Exactly one record, with these values, for the edu. */
void env_assert_fault(PuckEnv *env, unsigned reason, uint64_t iova,
                      bool write, uint64_t entry);
void env_assert_no_fault(PuckEnv *env);

/* The tests of each file, added under /puck-iommu/. */
void add_register_tests(void);
void add_translate_tests(void);
void add_iotlb_tests(void);
void add_fault_tests(void);
void add_command_tests(void);
void add_machine_tests(void);
void add_policy_tests(void);
void add_pieces_tests(void);
void add_stale_tests(void);
void add_mischief_tests(void);

#endif /* PUCK_IOMMU_ENV_H */
