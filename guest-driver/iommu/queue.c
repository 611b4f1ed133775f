// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands to the device: submission, waiting, and what to do when the device
 * refuses one. Section "Command queue".
 */

#include <linux/bitfield.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/ktime.h>

#include "instance.h"
#include "trace.h"

/* The slot that stays free, so that head == tail means empty. */
#define CQ_RESERVE	1

#define CQ_TIMEOUT_US	(1 * USEC_PER_SEC)

/* Repairs in a row that may fail before the queue counts as dead. */
#define CQ_REPAIRS	3

/* How long a command waits for a dead queue to come back to life. */
#define CQ_REVIVE_US	1000

static bool queue_has_error(struct puck_iommu *iommu)
{
	return readl(iommu->regs + PUCK_IOMMU_STATUS) & PUCK_IOMMU_STATUS_CQ_ERROR;
}

/* Whether there is room or not: for a queue that the device has stopped, or emptied. */
static void queue_put_inv_all_locked(struct puck_iommu_queue *q)
{
	struct puck_iommu_cmd *cmd = &q->ring[q->tail & PUCK_IOMMU_CQ_MASK];

	puck_iommu_queue_put_locked(q, cmd, PUCK_IOMMU_CMD_INV_ALL, 0, 0, 0);
}

/* Returns the position to be waited for, or 0 if there is not known to be room. */
static u64 queue_try(struct puck_iommu_queue *q, u16 opcode, u32 id, u64 addr, u64 size)
{
	struct puck_iommu_cmd *cmd;
	unsigned long flags;
	u64 position = 0;

	spin_lock_irqsave(&q->lock, flags);
	cmd = puck_iommu_queue_slot_locked(q);
	if (likely(cmd))
		position = puck_iommu_queue_put_locked(q, cmd, opcode, id, addr, size);
	spin_unlock_irqrestore(&q->lock, flags);
	return position;
}

/* Sets the limit anew, by what the device has done. Returns whether there is room then. */
static bool queue_find_room_locked(struct puck_iommu_queue *q)
{
	lockdep_assert_held(&q->lock);
	if (!q->running || q->dead)
		return false;
	q->limit = le64_to_cpu(READ_ONCE(*q->slot)) + PUCK_IOMMU_CQ_ENTRIES - CQ_RESERVE;
	return q->tail + PUCK_IOMMU_CQ_SUBMISSION <= q->limit;
}

/* Cold half of puck_iommu_queue_wait(): the device has not answered at once. */
static bool queue_wait_slow(struct puck_iommu *iommu, u64 position)
{
	ktime_t limit = ktime_add_us(ktime_get(), CQ_TIMEOUT_US);

	do {
		puck_iommu_queue_recover(iommu);
		if (puck_iommu_queue_done(&iommu->queue, position))
			return true;
		if (READ_ONCE(iommu->queue.dead))
			return false;
		udelay(1);
	} while (ktime_before(ktime_get(), limit));

	dev_err_ratelimited(&iommu->pdev->dev,
			    "no answer to a command in 1 s (status %#x, head %u, tail %u): stale translations are possible\n",
			    readl(iommu->regs + PUCK_IOMMU_STATUS),
			    readl(iommu->regs + PUCK_IOMMU_CQ_HEAD),
			    readl(iommu->regs + PUCK_IOMMU_CQ_TAIL));
	return false;
}

/**
 * puck_iommu_queue_wait - wait for the device
 * @iommu: the device
 * @position: what puck_iommu_queue_put_locked() returned
 *
 * Context: Any. Takes the queue's lock if the device does not answer at once.
 * Return: whether the device is past @position; false after the time it has.
 */
bool puck_iommu_queue_wait(struct puck_iommu *iommu, u64 position)
{
	unsigned int spins;

	for (spins = 0; spins < 64; spins++) {
		if (likely(puck_iommu_queue_done(&iommu->queue, position)))
			return true;
		cpu_relax();
	}
	return queue_wait_slow(iommu, position);
}

static const char *queue_error_name(u32 code)
{
	static const char * const names[] = {
		[PUCK_IOMMU_CQ_ERR_OPCODE] = "unknown opcode",
		[PUCK_IOMMU_CQ_ERR_RESERVED] = "reserved field set",
		[PUCK_IOMMU_CQ_ERR_ADDRESS] = "bad address or size",
		[PUCK_IOMMU_CQ_ERR_TAIL] = "tail past the queue",
		[PUCK_IOMMU_CQ_ERR_FETCH] = "command not readable",
		[PUCK_IOMMU_CQ_ERR_SYNC_WRITE] = "write-back failed",
	};

	return code < ARRAY_SIZE(names) && names[code] ? names[code] : "unknown error";
}

/*
 * All commands are invalidations, and SYNCs of which a later one does for an
 * earlier: one INV_ALL and one SYNC in the place where the device stopped stand
 * for all that is in the queue. The device has stopped, so nobody but us touches the
 * ring; it goes on some time after the doorbell.
 */
static void queue_repair_locked(struct puck_iommu *iommu)
{
	u32 error = readl(iommu->regs + PUCK_IOMMU_CQ_ERROR);
	u32 index = FIELD_GET(PUCK_IOMMU_CQ_ERROR_INDEX, error);
	struct puck_iommu_queue *q = &iommu->queue;

	lockdep_assert_held(&q->lock);
	/* Forward to the first position with that index: positions only grow. */
	q->tail += (index - q->tail) & PUCK_IOMMU_CQ_MASK;
	/* The place of a SYNC: what goes there must not say yet that all is done. */
	if (q->tail % PUCK_IOMMU_CQ_SUBMISSION)
		q->ring[q->tail++ & PUCK_IOMMU_CQ_MASK] = (struct puck_iommu_cmd) {
			.opcode = cpu_to_le16(PUCK_IOMMU_CMD_INV_ALL),
		};
	/* The cause as well: while it is set, the next error would not interrupt. */
	writel(PUCK_IOMMU_IRQ_CMD_ERROR, iommu->regs + PUCK_IOMMU_IRQ_STATUS);
	writel(PUCK_IOMMU_STATUS_CQ_ERROR, iommu->regs + PUCK_IOMMU_STATUS);
	/* Cleared, the queue stays where it is until the doorbell rings. */
	queue_put_inv_all_locked(q);
}

/* False if it is time to give up: repair after repair, and no command came through. */
static bool queue_worth_repair_locked(struct puck_iommu_queue *q)
{
	u64 done = le64_to_cpu(READ_ONCE(*q->slot));

	lockdep_assert_held(&q->lock);
	q->repairs = done == q->repaired_at ? q->repairs + 1 : 1;
	q->repaired_at = done;
	return q->repairs <= CQ_REPAIRS;
}

static void queue_set_dead_locked(struct puck_iommu_queue *q)
{
	lockdep_assert_held(&q->lock);
	WRITE_ONCE(q->dead, true);
	q->limit = 0;
}

/**
 * puck_iommu_queue_recover - let the queue go on if the device stopped it
 * @iommu: the device
 *
 * Context: Any. Takes the queue's lock.
 */
void puck_iommu_queue_recover(struct puck_iommu *iommu)
{
	struct puck_iommu_queue *q = &iommu->queue;
	struct puck_iommu_cmd bad;
	unsigned long flags;
	u32 error, index;
	bool dead;

	spin_lock_irqsave(&q->lock, flags);
	if (!q->running || q->dead || !queue_has_error(iommu)) {
		spin_unlock_irqrestore(&q->lock, flags);
		return;
	}
	error = readl(iommu->regs + PUCK_IOMMU_CQ_ERROR);
	index = FIELD_GET(PUCK_IOMMU_CQ_ERROR_INDEX, error) & PUCK_IOMMU_CQ_MASK;
	bad = q->ring[index];
	q->errors++;
	dead = !queue_worth_repair_locked(q);
	if (dead)
		queue_set_dead_locked(q);
	else
		queue_repair_locked(iommu);
	spin_unlock_irqrestore(&q->lock, flags);

	dev_err_ratelimited(&iommu->pdev->dev, "command %u refused: %s (opcode %u, id %#x, addr %#llx, size %#llx); %s\n",
			    index, queue_error_name(FIELD_GET(PUCK_IOMMU_CQ_ERROR_CODE, error)),
			    le16_to_cpu(bad.opcode), le32_to_cpu(bad.id),
			    le64_to_cpu(bad.addr), le64_to_cpu(bad.size),
			    dead ? "giving up, stale translations are possible from now on" :
				   "invalidated everything instead");
}

/* Waits a little for a repair: until it came through, or met the next error. */
static bool queue_wait_repair(struct puck_iommu *iommu, u64 position)
{
	unsigned int us;

	for (us = 0; us < CQ_REVIVE_US; us++) {
		if (puck_iommu_queue_done(&iommu->queue, position))
			return true;
		if (queue_has_error(iommu))
			return false;
		udelay(1);
	}
	return false;
}

/*
 * With a dead queue: every command is an attempt to bring it back to life. Without
 * an error an earlier attempt is under way, or came through late: its INV_ALL may
 * stand before our caller's change of the tables, and that of others whose commands
 * were dropped. So there is another one then. Returns whether all was invalidated.
 */
static bool queue_revive(struct puck_iommu *iommu)
{
	struct puck_iommu_queue *q = &iommu->queue;
	bool repaired, was_dead;
	unsigned long flags;
	u64 position;

	spin_lock_irqsave(&q->lock, flags);
	repaired = q->dead && queue_has_error(iommu);
	if (repaired)
		queue_repair_locked(iommu);
	position = q->tail;
	spin_unlock_irqrestore(&q->lock, flags);
	if (!queue_wait_repair(iommu, position))
		return false;

	spin_lock_irqsave(&q->lock, flags);
	was_dead = q->dead;
	WRITE_ONCE(q->dead, false);
	q->repairs = 0;
	if (was_dead && !repaired)
		queue_put_inv_all_locked(q);
	position = q->tail;
	spin_unlock_irqrestore(&q->lock, flags);
	if (was_dead)
		dev_err(&iommu->pdev->dev, "commands work again; invalidated everything\n");
	return was_dead && puck_iommu_queue_wait(iommu, position);
}

/*
 * For a queue whose tail has come to its limit. Returns 0 if the caller's command can be
 * tried again, 1 if nothing is left to be done in its place, -EIO if the device does not
 * answer.
 */
static noinline int queue_unblock(struct puck_iommu *iommu)
{
	struct puck_iommu_queue *q = &iommu->queue;
	unsigned long flags;
	bool room, running, dead;
	u64 position;

	spin_lock_irqsave(&q->lock, flags);
	room = queue_find_room_locked(q);
	running = q->running;
	dead = q->dead;
	position = q->tail;
	spin_unlock_irqrestore(&q->lock, flags);

	if (room)
		return 0;
	if (!running)
		return 1;
	if (!dead)
		return puck_iommu_queue_wait(iommu, position) ? 0 : -EIO;
	if (queue_revive(iommu))
		return 1;
	/* Another CPU may have been first. */
	return READ_ONCE(q->dead) ? -EIO : 0;
}

/**
 * puck_iommu_command - have the device execute a command, and wait for it
 * @iommu: the device
 * @opcode: PUCK_IOMMU_CMD_*, section "Command queue"
 * @id: domain or requester
 * @addr: IOVA
 * @size: bytes
 *
 * Behind its return with true no walk is under way that began before it, and the
 * device has forgotten what it was told to. In a queue that is stopped the command
 * is dropped: nothing is translated, and the restart invalidates everything. In one
 * that is dead it becomes another attempt to invalidate everything.
 *
 * Context: Any. Takes the queue's lock.
 * Return: false if the device did not answer: it may still read the tables that it
 * could read before, so they must not be freed.
 */
bool puck_iommu_command(struct puck_iommu *iommu, u16 opcode, u32 id, u64 addr, u64 size)
{
	struct puck_iommu_queue *q = &iommu->queue;
	u64 position;
	int ret;

	position = queue_try(q, opcode, id, addr, size);
	while (unlikely(!position)) {
		ret = queue_unblock(iommu);
		if (ret)
			return ret > 0;
		position = queue_try(q, opcode, id, addr, size);
	}
	trace_puck_iommu_command(iommu->id, opcode, id, addr, size, position);
	return puck_iommu_queue_wait(iommu, position);
}

/**
 * puck_iommu_queue_start - accept commands
 * @iommu: the device, with CTRL.CQ_ENABLE just set
 *
 * Leaves IOTLB and context cache empty.
 */
void puck_iommu_queue_start(struct puck_iommu *iommu)
{
	struct puck_iommu_queue *q = &iommu->queue;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	q->tail = 0;
	q->limit = 0;
	WRITE_ONCE(*q->slot, 0);
	q->running = true;
	q->dead = false;
	q->repairs = 0;
	spin_unlock_irqrestore(&q->lock, flags);

	puck_iommu_command(iommu, PUCK_IOMMU_CMD_INV_ALL, 0, 0, 0);
}

/**
 * puck_iommu_queue_stop - accept no more commands
 * @iommu: the device, about to be disabled
 */
void puck_iommu_queue_stop(struct puck_iommu *iommu)
{
	struct puck_iommu_queue *q = &iommu->queue;
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	q->running = false;
	q->limit = 0;
	spin_unlock_irqrestore(&q->lock, flags);
}

/**
 * puck_iommu_queue_init - allocate the queue, for the life of the device
 * @iommu: the device
 *
 * Return: 0 or -ENOMEM.
 */
int puck_iommu_queue_init(struct puck_iommu *iommu)
{
	struct puck_iommu_queue *q = &iommu->queue;
	struct device *dev = &iommu->pdev->dev;

	spin_lock_init(&q->lock);
	q->ring = (void *)devm_get_free_pages(dev, GFP_KERNEL | __GFP_ZERO,
					      get_order(PUCK_IOMMU_CQ_ENTRIES * sizeof(*q->ring)));
	q->slot = (void *)devm_get_free_pages(dev, GFP_KERNEL | __GFP_ZERO, 0);
	if (!q->ring || !q->slot)
		return -ENOMEM;
	q->slot_phys = virt_to_phys(q->slot);
	q->doorbell = iommu->regs + PUCK_IOMMU_CQ_TAIL;
	return 0;
}
