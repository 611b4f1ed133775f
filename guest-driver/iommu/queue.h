/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commands to the device, and the way of those that meet no trouble. The rest of it is
 * in queue.c. Section "Command queue" of docs/specs/iommu.rst.
 */
#ifndef PUCK_IOMMU_QUEUE_H
#define PUCK_IOMMU_QUEUE_H

#include <linux/bits.h>
#include <linux/io.h>
#include <linux/lockdep.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "abi/puck_iommu.h"

#define PUCK_IOMMU_CQ_ORDER	8
#define PUCK_IOMMU_CQ_ENTRIES	BIT(PUCK_IOMMU_CQ_ORDER)
#define PUCK_IOMMU_CQ_MASK	(PUCK_IOMMU_CQ_ENTRIES - 1)

/* A command and the SYNC that goes with it. */
#define PUCK_IOMMU_CQ_SUBMISSION	2

struct puck_iommu;

/**
 * struct puck_iommu_queue - command queue, section "Command queue"
 *
 * Every submission is one command and a SYNC that writes the position after
 * itself to @slot. Positions run freely, the index in @ring is the position
 * modulo the size, so @slot is both the sign that a command is done and the
 * consumer index: no register is ever read on the way.
 */
struct puck_iommu_queue {
	/** @lock: guards the members below; taken from any context */
	spinlock_t lock;
	/** @doorbell: the register CQ_TAIL */
	void __iomem *doorbell;
	/** @ring: commands, PUCK_IOMMU_CQ_ENTRIES of them */
	struct puck_iommu_cmd *ring;
	/** @slot: where SYNC writes; monotonic while @running */
	__le64 *slot;
	/** @slot_phys: the device's address of @slot */
	phys_addr_t slot_phys;
	/** @tail: position after the last command written; even */
	u64 tail;
	/**
	 * @limit: @tail may go so far without a look at @slot; 0 unless @running, and
	 * while @dead
	 */
	u64 limit;
	/** @running: commands are accepted; else IOTLB and contexts hold nothing */
	bool running;
	/** @dead: @repairs were too many; only a repair that works ends it */
	bool dead;
	/** @repairs: how many failed in a row */
	unsigned int repairs;
	/** @repaired_at: @slot at the last repair */
	u64 repaired_at;
	/** @errors: commands that the device refused */
	u32 errors;
};

/**
 * puck_iommu_queue_slot_locked - where the next command goes
 * @q: the queue
 *
 * Return: its place in the ring, or NULL if there is not known to be room.
 */
static __always_inline struct puck_iommu_cmd *
puck_iommu_queue_slot_locked(struct puck_iommu_queue *q)
{
	lockdep_assert_held(&q->lock);
	if (unlikely(q->tail + PUCK_IOMMU_CQ_SUBMISSION > q->limit))
		return NULL;
	return &q->ring[q->tail & PUCK_IOMMU_CQ_MASK];
}

/**
 * puck_iommu_queue_put_locked - write a command and its SYNC, and ring the doorbell
 * @q: the queue
 * @cmd: its place, of an even number; its SYNC's is the one behind
 * @opcode: PUCK_IOMMU_CMD_*, but SYNC
 * @id: domain or requester
 * @addr: IOVA
 * @size: bytes
 *
 * The members that are 0 in all commands of even places, or of odd ones, stay what they
 * were when the ring was made. writel() orders the commands before the doorbell.
 *
 * Return: the position to be waited for, which is never 0.
 */
static __always_inline u64 puck_iommu_queue_put_locked(struct puck_iommu_queue *q,
						       struct puck_iommu_cmd *cmd, u16 opcode,
						       u32 id, u64 addr, u64 size)
{
	u64 end = q->tail + PUCK_IOMMU_CQ_SUBMISSION;

	lockdep_assert_held(&q->lock);
	cmd[0].opcode = cpu_to_le16(opcode);
	cmd[0].id = cpu_to_le32(id);
	cmd[0].addr = cpu_to_le64(addr);
	cmd[0].size = cpu_to_le64(size);
	cmd[1].opcode = cpu_to_le16(PUCK_IOMMU_CMD_SYNC);
	cmd[1].flags = cpu_to_le16(PUCK_IOMMU_SYNC_WRITE);
	cmd[1].id = 0;
	cmd[1].addr = cpu_to_le64(q->slot_phys);
	cmd[1].data = cpu_to_le64(end);
	q->tail = end;
	writel(end & PUCK_IOMMU_CQ_MASK, q->doorbell);
	return end;
}

/* Whether the device is past a position. Pairs with the write of its SYNC. */
static __always_inline bool puck_iommu_queue_done(struct puck_iommu_queue *q, u64 position)
{
	return (s64)(le64_to_cpu(READ_ONCE(*q->slot)) - position) >= 0;
}

int puck_iommu_queue_init(struct puck_iommu *iommu);
void puck_iommu_queue_start(struct puck_iommu *iommu);
void puck_iommu_queue_stop(struct puck_iommu *iommu);
void puck_iommu_queue_recover(struct puck_iommu *iommu);
bool puck_iommu_queue_wait(struct puck_iommu *iommu, u64 position);
bool puck_iommu_command(struct puck_iommu *iommu, u16 opcode, u32 id, u64 addr, u64 size);

#endif /* PUCK_IOMMU_QUEUE_H */
