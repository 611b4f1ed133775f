/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzzer of puck-gpu's 3D: a guest that fills the rings of a QEMU.
 *
 * What it does are steps. main.c counts and judges; round.c draws steps, with
 * mutate.c; guest.c takes them; record.c keeps and reads them; qemu.c has QEMU
 * and its memory, pci.c the function.
 */
#ifndef PUCK_FUZZ_RENDER3D_DEVICE_H
#define PUCK_FUZZ_RENDER3D_DEVICE_H

#include <stdio.h>
#include <sys/types.h>
#include "abi/puck_gpu.h"
#include "requests/requests.h"

/* Of the guest's memory. */
#define RAM_BYTES       (64u << 20)
#define RINGS_AT        0x1000000ull
#define PICTURE_AT      0x1010000ull
#define ARENA_AT        0x1100000ull        /* lists, streams */
#define ARENA_BYTES     0x1000000u
#define BACKINGS_AT     0x2200000ull        /* GUEST_BYTES of it */

#define RINGS           2                   /* of the kind RENDER3D */
#define FIRST_RING      2                   /* behind those of other kinds */
#define RING_ORDER      6
#define RING_SLOTS      (1u << RING_ORDER)

/* What the device has room for, so that limits are met. */
#define CONTEXTS_MAX    10
#define RESOURCES_MAX   40
#define BYTES_MAX       "4G"
/* What a renderer may take: a greedy round asks for more than that. */
#define MEMORY_MIB      512
/* Sanitizers in the renderer take more than the renderer. */
#define CASE_MEMORY_MIB 4096

/* A number of a context, and of a resource, that requests do not have. */
#define GOOD_NUMBER     900

/*
 * No answer for so long: a driver would reset the ring. The first command of a
 * renderer waits for its start.
 */
#define PATIENCE_MS     8000
/* What QEMU itself has to do in that time, or it hangs. */
#define HANG_MS         120000

#define LIST_BYTES      4096
#define DATA_BYTES      (4 * STREAM_DWORDS)

typedef enum StepKind {
    STEP_COMMAND,
    STEP_TAIL,              /* a doorbell that is none */
    STEP_RESET_RING,
    STEP_RESET_DEVICE,
    STEP_RESET_FUNCTION,
    STEP_MASTER,            /* bus mastering off, and on again */
    STEP_POWER,             /* D3hot, and D0 again */
    STEP_KILL,              /* the renderer */
    STEP_KINDS,
} StepKind;

/* As it is kept in a file. @list and @data come behind it. */
typedef struct StepHead {
    uint32_t kind;
    uint32_t ring;
    uint32_t wait;          /* for the answer to it */
    uint32_t value;         /* TAIL */
    uint64_t list_at;
    uint64_t data_at;
    uint32_t list_bytes;
    uint32_t data_bytes;
    struct puck_render_cmd cmd;
} StepHead;

typedef struct Step {
    StepHead head;
    uint8_t list[LIST_BYTES];
    uint8_t data[DATA_BYTES];
} Step;

/* qemu.c */
typedef struct Machine {
    pid_t pid;
    int sock;
    uint8_t *ram;
    const char *log;
    int64_t longest_ms;     /* that an answer took */
    size_t have;            /* bytes of one */
    char answer[256];
} Machine;

/* What the renderer may take is @mib. */
void qemu_start(Machine *q, const char *program, const char *renderer,
                const char *folder, unsigned mib);
void qemu_stop(Machine *q);
int64_t now_ms(void);
/* An order of the qtest protocol, and the number that is its answer, if any. */
uint64_t qemu_ask(Machine *q, const char *order, ...)
    __attribute__((format(printf, 2, 3)));
void qemu_write32(Machine *q, uint64_t addr, uint32_t value);
uint32_t qemu_read32(Machine *q, uint64_t addr);
/* The virtual clock goes on, by more than the pause between two holds. */
void qemu_tick(Machine *q);
/* Its renderer's process; 0: there is none. */
pid_t qemu_renderer(const Machine *q);
/* Of a process, in KiB: what it has that no file backs. 0: it is gone. */
unsigned long memory_of(pid_t pid);
/* Descriptors that QEMU has. */
unsigned qemu_files(const Machine *q);
long log_bytes(const Machine *q);

/* pci.c: the function's registers are at PCI_REGS from then on. */
#define PCI_REGS        0xe8100000ull
void pci_place(Machine *q);
void pci_master(Machine *q, bool on);
void pci_power(Machine *q, bool on);
void pci_reset(Machine *q);

/* guest.c: what it knows of the device. */
typedef struct Ring {
    uint32_t head;                              /* answered up to here */
    uint32_t tail;
    struct puck_render_cmd sent[RING_SLOTS];
} Ring;

typedef struct Guest {
    Machine *q;
    Ring rings[RINGS];
    uint32_t epoch;
    bool lost;              /* a renderer has ended: for others to clear */
    int64_t patience;       /* ms */
    uint32_t last_reason;
    /* Called for each command that is answered; @reason 0: it is done. */
    void (*answered)(void *opaque, const struct puck_render_cmd *cmd,
                     uint32_t reason);
    void *opaque;
    /* Counted. */
    unsigned long done, errors[256], late, resets, killed, own_ends;
} Guest;

/* Function and rings are brought up. */
void guest_start(Guest *g);
/* False: the renderer has ended by itself with it, or before it. */
bool guest_take(Guest *g, const Step *step);
/* All that is under way is answered, or reset. False as above. */
bool guest_settle(Guest *g);
/* A reset of one of the three kinds, which has to complete. */
void guest_reset(Guest *g, StepKind kind, unsigned ring);
typedef enum Good {
    GOOD_RIGHT,
    GOOD_REFUSED,
    GOOD_WRONG,
} Good;
/* A texture is cleared, and read back: on ring @ring. */
Good guest_good_job(Guest *g, unsigned ring);
/*
 * Lists, streams and backings are zero from here on, as they are when QEMU
 * starts: what is kept of the steps from here on is all that they depend on.
 */
void guest_forget(Guest *g);
/* Behind a reset with nothing under way: there is nothing any more. */
void guest_check_empty(Guest *g);

/* mutate.c */
typedef struct Arena {
    uint32_t used;
} Arena;

void step_of_request(Rng *r, Arena *arena, const PuckWireRequest *q,
                     const uint8_t *area, Step *step);
/* Some field of the command, its list or its stream is another one. */
void step_mutate(Rng *r, Step *step);

/* round.c */
typedef struct Counts {
    unsigned long commands, streams, changed, rounds, steps[STEP_KINDS];
} Counts;

typedef struct Round Round;

Round *round_new(Guest *g, Counts *counts);
/* Everything about it follows from @seed, and from what is answered. */
void round_begin(Round *round, uint64_t seed);
void round_step(Round *round, Step *step);
/* Nothing is there any more of what was made. */
void round_lost(Round *round);
bool round_is_request(const Step *step);

/* record.c */
void record_clear(void);
void record_add(const Step *step);
/* What was added goes into a file. */
void record_write(const char *path);
/* The next step of a file. False: there is none. */
bool record_read(FILE *file, Step *step);

/* main.c: QEMU, or the device, is not as it has to be. */
_Noreturn void broken(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif /* PUCK_FUZZ_RENDER3D_DEVICE_H */
