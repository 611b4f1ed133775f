/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: MSI-X messages of one device on their way out: site irq.raise.
 *
 * A device hands each message to the stage, which asks the rules and sends it:
 * now, later, more than once or never. All under the BQL.
 */
#ifndef PUCK_MISCHIEF_MSI_H
#define PUCK_MISCHIEF_MSI_H

#include "hw/pci/pci_device.h"
#include "qemu/timer.h"
#include "mischief.h"

/* While so many are late, no further one is made late. */
#define PUCK_LATE_MESSAGES_MAX  64

/* A message that is sent later. */
typedef struct PuckLateMessage {
    int64_t due;                /* on the virtual clock */
    uint32_t rule;
    uint32_t vector;
    uint32_t has;               /* PUCK_HAS_RING, PUCK_HAS_SEQNO or nothing */
    uint32_t ring;
    uint32_t seqno;
    bool coalesces;             /* later ones of the vector are in it */
} PuckLateMessage;

typedef struct PuckMsiStage {
    PCIDevice *pdev;
    unsigned vectors;
    void (*send)(PCIDevice *pdev, unsigned vector);
    QEMUTimer *timer;
    uint32_t count;
    PuckLateMessage late[PUCK_LATE_MESSAGES_MAX];   /* by due */
} PuckMsiStage;

/* @send tells the message to the trace and gives it to the bus. */
void puck_msi_stage_init(PuckMsiStage *stage, PCIDevice *pdev,
                         unsigned vectors,
                         void (*send)(PCIDevice *pdev, unsigned vector));
void puck_msi_stage_exit(PuckMsiStage *stage);
/* Forgets what is late. */
void puck_msi_stage_reset(PuckMsiStage *stage);
/* @fence: ring and seqno if the message is a fence's, or NULL. */
void puck_msi_stage_raise(PuckMsiStage *stage, unsigned vector,
                          const PuckEvent *fence);

/* For a subsection of the device's state. */
static inline bool puck_msi_stage_needed(const PuckMsiStage *stage)
{
    return stage->count;
}
extern const VMStateDescription vmstate_puck_msi_stage;

#endif /* PUCK_MISCHIEF_MSI_H */
