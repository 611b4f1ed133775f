/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of puck-gpu's qtest share: a machine with a puck-gpu whose
 * rings are on, and the driver's half of the contract in its simplest form.
 */
#ifndef PUCK_GPU_ENV_H
#define PUCK_GPU_ENV_H

#include "qtest.h"
#include "abi/puck_gpu.h"

#define PAGE                4096u
#define GPU_ORDER           5
#define GPU_RING_SIZE       (1u << GPU_ORDER)
#define GPU_VRAM_SIZE       (4u << 20)
#define GPU_DEVFN           QPCI_DEVFN(4, 0)
#define GPU_OPTIONS         "puck-gpu,id=gpu0,vram-size=4M"

typedef struct GpuRing {
    uint64_t base;
    uint64_t wb;
    uint32_t tail;
    uint32_t seqno;             /* of the last fence that was queued */
    unsigned vector;
} GpuRing;

typedef struct GpuEnv {
    PuckMachine m;
    PuckFunction f;
    QPCIBar vram;
    GpuRing rings[PUCK_GPU_RINGS_MAX];
    unsigned num_rings;
    /* What the table of sources said when the function was mapped. */
    unsigned num_vectors;
    unsigned error_vector;
} GpuEnv;

/* A segment, and where its bytes are for the CPU. */
typedef struct GpuSeg {
    uint64_t addr;
    uint32_t len;
    uint32_t flags;
} GpuSeg;

#define SYS(_addr, _len)    ((GpuSeg) { (_addr), (_len), 0 })
#define VRAM(_addr, _len)   ((GpuSeg) { (_addr), (_len), PUCK_GPU_SEG_VRAM })

/* A machine whose puck-gpu has more options (",rings=4"), or more devices. */
void gpu_start(GpuEnv *e, const char *options, const char *args);
/* A machine as it comes, with the function of the GPU at @devfn of @bus. */
void gpu_start_at(GpuEnv *e, const char *args, unsigned bus, unsigned devfn);
void gpu_stop(GpuEnv *e);
/*
 * Maps the function, asks which vectors it has, sends messages to RAM and turns
 * all rings on.
 */
void gpu_attach(GpuEnv *e, unsigned bus, unsigned devfn);
/* The same for a GPU at @devfn below the bridge at @bridge of bus 0. */
void gpu_attach_behind(GpuEnv *e, unsigned bridge, unsigned devfn);
/* A field of a register, of a record: the bits of @mask in @value. */
uint32_t gpu_field(uint32_t value, uint32_t mask);
void gpu_ring_on(GpuEnv *e, unsigned r);
/* Resets ring @r, waits until that is done, and turns it on again. */
void gpu_ring_recover(GpuEnv *e, unsigned r);
uint32_t gpu_ring_r32(GpuEnv *e, unsigned r, uint64_t reg);
uint64_t gpu_ring_r64(GpuEnv *e, unsigned r, uint64_t reg);
void gpu_ring_w32(GpuEnv *e, unsigned r, uint64_t reg, uint32_t value);
void gpu_ring_w64(GpuEnv *e, unsigned r, uint64_t reg, uint64_t value);

/* Bytes of RAM or VRAM. */
void gpu_write(GpuEnv *e, GpuSeg at, const void *bytes);
void gpu_read(GpuEnv *e, GpuSeg at, void *bytes);

/* A command that still has to be emitted; lists are written to RAM. */
typedef struct puck_gpu_cmd GpuCmd;

uint64_t gpu_list(GpuEnv *e, const GpuSeg *segs, uint32_t nsegs);
GpuCmd gpu_fill(GpuEnv *e, GpuSeg to, uint64_t length, uint32_t value);
GpuCmd gpu_copy(GpuEnv *e, GpuSeg to, GpuSeg from, uint64_t length);
GpuCmd gpu_crc(GpuEnv *e, GpuSeg to, GpuSeg from, uint64_t length);
GpuCmd gpu_blit(GpuEnv *e, GpuSeg to, GpuSeg from, uint32_t dst_pitch,
                uint32_t src_pitch, uint32_t width, uint32_t height);
void gpu_set_src(GpuEnv *e, GpuCmd *cmd, const GpuSeg *segs, uint32_t nsegs);
void gpu_set_dst(GpuEnv *e, GpuCmd *cmd, const GpuSeg *segs, uint32_t nsegs);

/* Writes the command into the ring; the seqno is that of the next fence. */
void gpu_emit(GpuEnv *e, unsigned r, GpuCmd cmd);
/* Emits a fence. Returns its seqno. */
uint32_t gpu_fence(GpuEnv *e, unsigned r, uint16_t flags);
void gpu_doorbell(GpuEnv *e, unsigned r);
/* Command, fence with interrupt, doorbell. Returns the seqno. */
uint32_t gpu_submit(GpuEnv *e, unsigned r, GpuCmd cmd);
/* Waits until RING_SEQNO, the slot and the interrupt of @seqno are there. */
void gpu_wait(GpuEnv *e, unsigned r, uint32_t seqno);
void gpu_wait_status(GpuEnv *e, unsigned r, uint32_t mask, uint32_t value);
void gpu_run(GpuEnv *e, unsigned r, GpuCmd cmd);

/* What an error record has to say. */
typedef struct GpuError {
    uint8_t reason;
    uint8_t ring;
    uint8_t list;
    uint16_t index;
    uint32_t seqno;
    uint32_t desc;
    uint64_t addr;
} GpuError;

/* Waits for the one error in the queue and compares it. */
void gpu_expect_error(GpuEnv *e, const GpuError *error);
/* The device still works: a small job on @r runs to its end. */
void gpu_alive(GpuEnv *e, unsigned r);

void add_register_tests(void);
void add_source_tests(void);
void add_kind_tests(void);
void add_command_tests(void);
void add_bad_command_tests(void);
void add_ring_tests(void);
void add_fence_tests(void);
void add_machine_tests(void);
void add_power_tests(void);
void add_iommu_tests(void);
void add_vm_command_tests(void);
void add_vm_tlb_tests(void);
void add_vm_error_tests(void);
void add_vm_move_tests(void);
void add_random_tests(void);
void add_skip_tests(void);
void add_vram_tests(void);
void add_hold_tests(void);
void add_reentry_tests(void);
void add_eject_tests(void);
void add_mischief_fence_tests(void);
void add_mischief_irq_tests(void);
void add_mischief_dma_tests(void);
void add_mischief_device_tests(void);
void add_mischief_move_tests(void);
void add_mischief_random_tests(void);
void add_mischief_vm_tests(void);

#endif /* PUCK_GPU_ENV_H */
