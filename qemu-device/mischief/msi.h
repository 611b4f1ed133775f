/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: MSI-X messages of one device on their way out: site irq.raise.
 *
 * A device hands each message to the stage, which asks the rules at once, and
 * sends it later: a message is a write to whatever address the guest chose, and
 * whatever that sets off must not happen within the device's own doings. So a
 * message never leaves before the caller of puck_msi_stage_raise() is through;
 * a PuckWork sends it. All under the BQL.
 */
#ifndef PUCK_MISCHIEF_MSI_H
#define PUCK_MISCHIEF_MSI_H

#include "hw/pci/pci_device.h"
#include "qemu/timer.h"
#include "migration/vmstate.h"
#include "hw/puck/common/hold.h"
#include "site.h"

#define PUCK_VECTORS_MAX        16

/* While so many are late, no further one is made late. */
#define PUCK_LATE_MESSAGES_MAX  64

/* While so many wait to be sent, a vector that waits is not queued again. */
#define PUCK_UNSENT_FULL        64
/* Room for one more message of each vector, so that none is lost. */
#define PUCK_UNSENT_MAX         (PUCK_UNSENT_FULL + PUCK_VECTORS_MAX)

/* A message that is sent later. */
typedef struct PuckLateMessage {
    int64_t due;                /* on the virtual clock */
    uint32_t rule;
    uint32_t vector;
    uint64_t has;               /* PUCK_HAS_RING, PUCK_HAS_SEQNO or nothing */
    uint32_t ring;
    uint32_t seqno;
    bool coalesces;             /* later ones of the vector are in it */
} PuckLateMessage;

/* A message that is sent as soon as may be. */
typedef struct PuckUnsent {
    uint32_t vector;
    uint32_t times;             /* in a row, at least one */
} PuckUnsent;

typedef struct PuckMsiStage {
    PCIDevice *pdev;
    unsigned vectors;
    void (*send)(PCIDevice *pdev, unsigned vector);
    PuckWork work;              /* sends what is unsent */
    uint32_t unsent_count;
    PuckUnsent unsent[PUCK_UNSENT_MAX];             /* a queue */
    QEMUTimer *timer;           /* moves what is late; NULL: the device left */
    uint32_t count;
    PuckLateMessage late[PUCK_LATE_MESSAGES_MAX];   /* by due */
} PuckMsiStage;

/*
 * @send tells the message to the trace and gives it to the bus. It may do
 * anything, such as reset the device or unplug it; it is not called afterwards.
 * @vectors is at most PUCK_VECTORS_MAX.
 */
void puck_msi_stage_init(PuckMsiStage *stage, PCIDevice *pdev,
                         unsigned vectors,
                         void (*send)(PCIDevice *pdev, unsigned vector));
void puck_msi_stage_exit(PuckMsiStage *stage);
/* Forgets what is late or not sent yet. */
void puck_msi_stage_reset(PuckMsiStage *stage);
/*
 * @fence: ring and seqno if the message is a fence's, or NULL. Nothing is sent
 * before the caller has returned to the main loop, or to the guest.
 */
void puck_msi_stage_raise(PuckMsiStage *stage, unsigned vector,
                          const PuckEvent *fence);

/* For a subsection of the device's state. */
static inline bool puck_msi_stage_needed(const PuckMsiStage *stage)
{
    return stage->count || stage->unsent_count;
}
extern const VMStateDescription vmstate_puck_msi_stage;

#endif /* PUCK_MISCHIEF_MSI_H */
