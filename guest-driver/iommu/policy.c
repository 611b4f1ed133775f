// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of text from the host, for a DMA mapper that asks for them. Sections
 * "Policy" and "Interrupts".
 */

#include <linux/ctype.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/notifier.h>

#include "puck/iommu_policy.h"
#include "instance.h"
#include "policy.h"

/* Readings in a row that a host may spoil by changing the lines. */
#define POLICY_TRIES	16

#define POLICY_BYTES	(PUCK_IOMMU_POLICY_LINES_MAX * PUCK_IOMMU_POLICY_TEXT_SIZE)

static BLOCKING_NOTIFIER_HEAD(policy_chain);

/* Lines that are being read. What does not fit is left out, and counted. */
struct policy_text {
	char *bytes;
	size_t used;
	size_t size;
};

static void policy_put(struct policy_text *out, char c)
{
	if (out->used < out->size)
		out->bytes[out->used] = c;
	out->used++;
}

/**
 * puck_iommu_policy_register - be told when lines have changed
 * @nb: called with action 0 and no data, by the interrupt thread of a
 *	puck-iommu; may sleep and may call puck_iommu_policy_read()
 *
 * Lines that are there already are not announced.
 *
 * Return: 0 or an error of the notifier chain.
 */
int puck_iommu_policy_register(struct notifier_block *nb)
{
	return blocking_notifier_chain_register(&policy_chain, nb);
}
EXPORT_SYMBOL_GPL(puck_iommu_policy_register);

/**
 * puck_iommu_policy_unregister - the opposite of puck_iommu_policy_register()
 * @nb: what was registered; behind the return it is not running any more
 *
 * Return: 0, or -ENOENT if it was not registered.
 */
int puck_iommu_policy_unregister(struct notifier_block *nb)
{
	return blocking_notifier_chain_unregister(&policy_chain, nb);
}
EXPORT_SYMBOL_GPL(puck_iommu_policy_unregister);

/* One line, and a newline. The device is not trusted to give text. */
static void policy_read_line(struct puck_iommu *iommu, u32 index, struct policy_text *out)
{
	void __iomem *regs = iommu->regs;
	u32 i, length, word = 0;

	writel(index, regs + PUCK_IOMMU_POLICY_INDEX);
	length = min_t(u32, readl(regs + PUCK_IOMMU_POLICY_LENGTH),
		       PUCK_IOMMU_POLICY_TEXT_SIZE - 1);
	for (i = 0; i < length; i++) {
		u8 c;

		if (i % 4 == 0)
			word = readl(regs + PUCK_IOMMU_POLICY_TEXT + i);
		c = word >> (8 * (i % 4));
		policy_put(out, isascii(c) && isprint(c) ? c : '?');
	}
	policy_put(out, '\n');
}

/*
 * With the list's mutex, which POLICY_INDEX is under, too. Start over if the
 * generation has changed meanwhile.
 */
static int policy_read_one(struct puck_iommu *iommu, void *arg)
{
	struct policy_text *out = arg;
	size_t start = out->used;
	unsigned int try;

	for (try = 0; try < POLICY_TRIES; try++) {
		u32 before = readl(iommu->regs + PUCK_IOMMU_POLICY_GENERATION);
		u32 i, count = min_t(u32, readl(iommu->regs + PUCK_IOMMU_POLICY_COUNT),
				     PUCK_IOMMU_POLICY_LINES_MAX);

		out->used = start;
		for (i = 0; i < count; i++)
			policy_read_line(iommu, i, out);
		if (readl(iommu->regs + PUCK_IOMMU_POLICY_GENERATION) == before)
			return 0;
	}
	return -EAGAIN;
}

static int policy_count_one(struct puck_iommu *iommu, void *arg)
{
	++*(unsigned int *)arg;
	return 0;
}

/**
 * puck_iommu_policy_read - all lines of all puck-iommus
 *
 * Context: May sleep. Takes puck_iommus_lock.
 * Return: the lines, each with a newline behind it, to be freed by kvfree();
 * an empty string if there are none. ERR_PTR(-ENOMEM), or ERR_PTR(-EAGAIN) if
 * the host changes them all the time.
 */
char *puck_iommu_policy_read(void)
{
	struct policy_text out = {};
	unsigned int instances = 0;
	int ret;

	puck_iommu_for_each(policy_count_one, &instances);
	out.size = (size_t)instances * POLICY_BYTES;
	out.bytes = kvzalloc(out.size + 1, GFP_KERNEL);
	if (!out.bytes)
		return ERR_PTR(-ENOMEM);
	ret = puck_iommu_for_each(policy_read_one, &out);
	/* Too long: an instance came meanwhile. */
	if (!ret && out.used > out.size)
		ret = -EAGAIN;
	if (ret) {
		kvfree(out.bytes);
		return ERR_PTR(ret);
	}
	out.bytes[out.used] = '\0';
	return out.bytes;
}
EXPORT_SYMBOL_GPL(puck_iommu_policy_read);

/**
 * puck_iommu_policy_thread - handler of vector PUCK_IOMMU_VEC_POLICY
 * @irq: its number
 * @data: the device
 *
 * The cause is cleared before the lines are read: a change behind that
 * interrupts again.
 *
 * Return: IRQ_HANDLED, or IRQ_NONE if nothing has changed.
 */
irqreturn_t puck_iommu_policy_thread(int irq, void *data)
{
	struct puck_iommu *iommu = data;
	u32 pending = readl(iommu->regs + PUCK_IOMMU_IRQ_STATUS) & PUCK_IOMMU_IRQ_POLICY;

	if (!pending)
		return IRQ_NONE;
	writel(pending, iommu->regs + PUCK_IOMMU_IRQ_STATUS);
	blocking_notifier_call_chain(&policy_chain, 0, NULL);
	return IRQ_HANDLED;
}
