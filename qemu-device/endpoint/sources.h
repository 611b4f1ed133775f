/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device's interrupt sources: what each is for, which vector it has, and the
 * stage that its messages go through, where rules can lose them. Under the BQL:
 * a message is a write to whatever the guest put into the table.
 *
 * Sources have places in the order in which they are added, and vectors in the
 * same order, or in reverse. Nothing else knows a vector's number.
 */
#ifndef PUCK_ENDPOINT_SOURCES_H
#define PUCK_ENDPOINT_SOURCES_H

#include "hw/puck/mischief/msi.h"

/* The registers SOURCE and IRQ_STATUS of a device have these. */
#define PUCK_SOURCE_VECTOR  0x000007ffu
#define PUCK_SOURCE_KIND    0x00ff0000u
#define PUCK_SOURCE_INDEX   0xff000000u

typedef struct PuckSource {
    uint8_t kind;
    uint8_t index;              /* of those of its kind */
    uint32_t causes;            /* bits of IRQ_STATUS that it is for */
} PuckSource;

typedef struct PuckSources {
    uint32_t status;            /* IRQ_STATUS */
    uint32_t enable;            /* IRQ_ENABLE */
    uint32_t count;
    bool reversed;
    PuckSource source[PUCK_VECTORS_MAX];
    PuckMsiStage messages;
} PuckSources;

/*
 * At realize, before puck_sources_init(). Returns the source's place. @causes
 * are zero if its messages come by puck_sources_raise() alone.
 */
unsigned puck_sources_add(PuckSources *s, uint8_t kind, uint8_t index,
                          uint32_t causes);
/* @send is as in mischief/msi.h. Not 0: the bus has no MSI-X. */
int puck_sources_init(PuckSources *s, PCIDevice *pdev, unsigned bar,
                      bool reversed,
                      void (*send)(PCIDevice *pdev, unsigned vector),
                      Error **errp);
void puck_sources_exit(PuckSources *s);
/* The registers are zero, and no message is left to be sent. */
void puck_sources_reset(PuckSources *s);

/* What the register SOURCE of place @n reads. */
uint32_t puck_sources_word(const PuckSources *s, unsigned n);
/* A message of the source at place @n; @fence is as in mischief/msi.h. */
void puck_sources_raise(PuckSources *s, unsigned n, const PuckEvent *fence);
/*
 * IRQ_STATUS gets @causes besides those that it has; IRQ_ENABLE becomes
 * @causes. A message goes out for each that is set and enabled now and was not
 * before.
 */
void puck_sources_cause(PuckSources *s, uint32_t causes);
void puck_sources_enable(PuckSources *s, uint32_t causes);

#endif /* PUCK_ENDPOINT_SOURCES_H */
