/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of puck-gpu's page tables share: a machine with VMs, whose
 * tables are where a test wants them.
 */
#ifndef PUCK_QTEST_GPU_VM_H
#define PUCK_QTEST_GPU_VM_H

#include "mischief.h"

#define VM_RW           (PUCK_GPU_PTE_READ | PUCK_GPU_PTE_WRITE)
#define BIG_PAGE        PUCK_GPU_PAGE_SIZE_BIG
#define SRC             PUCK_GPU_ERR_LIST_SRC
#define DST             PUCK_GPU_ERR_LIST_DST

/* Where tables are. */
typedef enum VmPlace {
    VM_IN_SYSTEM,
    VM_IN_VRAM,
    VM_MIXED,                   /* those of levels 4 and 2 in VRAM */
    VM_PLACES,
} VmPlace;

typedef struct Vms {
    GpuEnv e;
    GpuSeg roots[PUCK_GPU_VMS_MAX];
    VmPlace places[PUCK_GPU_VMS_MAX];
    uint64_t vram_page;         /* the next of VRAM that is given away */
} Vms;

/* The machine of gpu_start(). */
void vms_start(Vms *v, const char *options);
void vms_stop(Vms *v);
/* Pages of VRAM that nothing else uses. */
GpuSeg vms_vram(Vms *v, unsigned pages);
GpuSeg vms_system(Vms *v, unsigned pages);
/* VM @n with an empty table. */
void vm_make(Vms *v, unsigned n, VmPlace place);
/* VM_ROOT of @n is that which it has. */
void vm_set_root(Vms *v, unsigned n);
/* The entry of @va at @level; tables above it are made if there are none. */
GpuSeg vm_entry(Vms *v, unsigned n, uint64_t va, unsigned level);
uint64_t vm_pte(GpuSeg page, uint64_t bits);
void vm_write_pte(Vms *v, GpuSeg entry, uint64_t pte);
/* The entries of @count pages from @va on, as they shall be. */
void vm_write_ptes(Vms *v, unsigned n, uint64_t va, const uint64_t *ptes,
                   unsigned count);
/* Maps the pages of @to, one after the other; @bits are rights and others. */
void vm_map(Vms *v, unsigned n, uint64_t va, GpuSeg to, uint64_t bits);
/* The same with pages of 64K. */
void vm_map_big(Vms *v, unsigned n, uint64_t va, GpuSeg to, uint64_t bits);

/* @cmd with an operand by address. */
GpuCmd vm_src(GpuCmd cmd, uint32_t n, uint64_t va);
GpuCmd vm_dst(GpuCmd cmd, uint32_t n, uint64_t va);
/* A command whose operands are still to be named. */
GpuCmd vm_command(uint16_t opcode, uint64_t length);
GpuCmd vm_flush(uint32_t n, uint64_t va, uint64_t length);

/* VM_HITS, VM_MISSES and VM_STALE_USES, and what is in the TLB. */
void vm_counted(Vms *v, uint64_t hits, uint64_t misses, uint64_t stale,
                uint32_t entries);
/*
 * Sets 8 bytes of the page at @va of @n by FILL, as a device that has not been
 * told of a change does it: in the page that the TLB knows.
 */
void vm_poke(Vms *v, unsigned n, uint64_t va, uint32_t value);
uint32_t vm_peek(Vms *v, GpuSeg at);

/*
 * A machine with a log, 20 VMs and a TLB of 40 entries, and the one that it
 * goes on as.
 */
typedef struct VmMove {
    Mischief t;
    Vms v;
} VmMove;

void vm_move_start(VmMove *m);
void vm_move(VmMove *m);
void vm_move_stop(VmMove *m);

#endif /* PUCK_QTEST_GPU_VM_H */
