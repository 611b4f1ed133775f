/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the qtests of Puck's devices share: a q35 machine, buses numbered as
 * a firmware would, MSI-X messages that land in RAM where a test sees them.
 */
#ifndef PUCK_QTEST_H
#define PUCK_QTEST_H

#include "libqtest.h"
#include "libqos/pci-pc.h"

/* RAM that tests give away page by page starts here. */
#define PUCK_RAM_BASE       0x1000000ull

/*
 * How often a test looks, a millisecond apart, for what a thread or another
 * process brings about. It guards against hanging alone: on a busy machine,
 * with sanitizers, what is right may take seconds.
 */
#define PUCK_WAIT_MS    60000

typedef struct PuckMachine {
    QTestState *qts;
    QPCIBus *pci;
    uint64_t next_page;
} PuckMachine;

/* A function with the BAR that holds its registers. */
typedef struct PuckFunction {
    QPCIDevice *dev;
    QPCIBar bar;
    uint64_t msix_message;  /* where its messages land, 8 bytes a vector */
} PuckFunction;

/* Of the puck-mischief that is called "mischief", over QMP. */
#define MISCHIEF_PATH "/machine/peripheral/mischief"

/* Starts q35 with @args. Not booted: nothing is numbered or mapped. */
void puck_machine_start(PuckMachine *m, const char *args);
void puck_machine_stop(PuckMachine *m);
/* Expects that QEMU ends at once, with @part in what it says. */
void puck_machine_refused(const char *args, const char *part);
/* Calls @visit for each machine that runs. */
void puck_machine_each(void (*visit)(QTestState *qts));
/*
 * What devices put off, as one hold has no room for it, goes on: 2 ms on the
 * virtual clock, which are the pauses behind about 40 holds.
 */
void puck_machine_settle(PuckMachine *m);
/* @count zeroed pages of guest RAM, contiguous. */
uint64_t puck_machine_pages(PuckMachine *m, unsigned count);
/* Reads RAM, much of it in a time that is no more than proportional. */
void puck_machine_read(PuckMachine *m, uint64_t addr, void *bytes, size_t size);

/*
 * Numbers the bus below the bridge at @devfn of bus @bus and forwards 1 MiB
 * of addresses to it, where BARs mapped from then on are put.
 */
void puck_bridge_setup(PuckMachine *m, unsigned bus, unsigned devfn,
                       unsigned secondary, unsigned subordinate);

/* Maps BAR @bar and turns memory and bus mastering on. */
void puck_function_map(PuckMachine *m, PuckFunction *f, unsigned bus,
                       unsigned devfn, int bar);
void puck_function_free(PuckFunction *f);
uint32_t puck_r32(PuckFunction *f, uint64_t offset);
uint64_t puck_r64(PuckFunction *f, uint64_t offset);
void puck_w32(PuckFunction *f, uint64_t offset, uint32_t value);
void puck_w64(PuckFunction *f, uint64_t offset, uint64_t value);

/* Sends message 0x5000 + vector of each vector to RAM instead of an APIC. */
void puck_msix_to_ram(PuckMachine *m, PuckFunction *f, unsigned vectors);
/* Takes the message of @vector. Waits for it a while if it is @expected. */
bool puck_msix_take(PuckMachine *m, PuckFunction *f, unsigned vector,
                    bool expected);

/* Saves the stopped machine to @path; a second one starts from it. */
void puck_machine_save(PuckMachine *m, const char *path);
void puck_machine_load(PuckMachine *m, const char *args, const char *path);
/* A function of the second machine, mapped where it was in the first. */
void puck_function_follow(PuckMachine *m, PuckFunction *f,
                          const PuckFunction *before);
/* Expects that the file is refused. */
void puck_machine_load_fails(const char *args, const char *path);
/*
 * The same, with @part in what QEMU says. A QEMU that takes the file goes on
 * running, as with the former: the suite's limit of time ends both.
 */
void puck_machine_load_refused(const char *args, const char *path,
                               const char *part);
/* Where @value is in a saved state, in its byte order; there is one place. */
char *puck_stream_find(char *stream, gsize len, uint64_t value);

#endif /* PUCK_QTEST_H */
