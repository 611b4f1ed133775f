// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who made a mapping, and who unmapped it: a stack for each of these calls, at
 * the cost of a few loads.
 *
 * All stacks seen so far form a tree of return addresses, from the inside out,
 * and a stack is the number of its outermost node. Where code was compiled
 * without frame pointers, the way from one return address on the stack to the
 * next is the size of a frame, which depends on the code alone: so a node also
 * knows where the next address is, counted from the frame of puck_dma_stack().
 * Going along the tree, and reading a word for each node, either ends at the
 * very stack that an unwinder would find, or at a word that is not known yet.
 * Then it is the unwinder's turn, and the tree grows.
 *
 * A frame may have a size that varies, a syscall's for one. The unwinder notices
 * when it gets there twice, and the stack ends there for good: a short stack is
 * true, a guessed one may not be.
 *
 * Calling the unwinder each time, as stack_trace_save() does, is the plain way. Counted by
 * 'puck bench dma', a map and its unmap of a page on puck-iommu execute 1,175 instructions
 * by dma-iommu, 2,125 under the mapper, and 14,250 if it calls the unwinder, with nothing
 * done yet to keep what was found.
 *
 * Nodes are added and never taken away, so readers need no lock. When a module
 * goes, its addresses are struck out, for other code may come to be there.
 */

#include <linux/hash.h>
#include <linux/kallsyms.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched/task_stack.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/stacktrace.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <kunit/visibility.h>

#include "core/stack.h"

#if defined(CONFIG_X86_64) && defined(CONFIG_UNWINDER_ORC)
#define STACK_BY_OFFSETS
#include <asm/unwind.h>
#endif

#define STACK_HASH_BITS	12
/* A line ends before a symbol that might not be in it wholly. */
#define STACK_SYMBOL_ROOM	96
/* Stands for an address that was struck out. No code lies at 1. */
#define STACK_GONE	1

/**
 * struct stack_node - a return address, reached by those before it
 */
struct stack_node {
	/** @addr: the return address, or STACK_GONE */
	unsigned long addr;
	/** @caller: the innermost address up to here that is not the DMA API's, or 0 */
	unsigned long caller;
	/** @next: next node of the same bucket, or NULL */
	struct stack_node *next;
	/** @parent: the node before this one; the first node of all is before all */
	struct stack_node *parent;
	/** @hot: the node after this one that was met last, or NULL; a hint */
	struct stack_node *hot;
	/** @above: where the next address is, in bytes from the frame; 0: not known */
	u16 above;
	/** @depth: addresses up to here */
	u8 depth;
	/** @end: no address comes after this one */
	bool end;
	/** @pool: a dma_pool is among the addresses up to here */
	bool pool;
};

struct stack_bounds {
	unsigned long begin, end;
};

/* What the unwinder found: addresses, and how far they are from the frame. */
struct stack_found {
	unsigned int count;
	unsigned long addr[PUCK_DMA_STACK_DEPTH];
	u16 above[PUCK_DMA_STACK_DEPTH];
};

static struct stack_node *stack_nodes;
static struct stack_node *stack_buckets[1 << STACK_HASH_BITS];
static u32 stack_used;
/* Adding nodes, striking out. A leaf, taken in any context. */
static DEFINE_RAW_SPINLOCK(stack_lock);

static struct stack_node **stack_bucket(struct stack_node *parent, unsigned long addr)
{
	return &stack_buckets[hash_64(addr + ((u64)(parent - stack_nodes) << 40),
				      STACK_HASH_BITS)];
}

/* The node of @addr behind @parent, or NULL. */
static struct stack_node *stack_child(struct stack_node *parent, unsigned long addr)
{
	/* Pairs with the release in stack_add(): a node in a bucket is complete. */
	struct stack_node *node = smp_load_acquire(stack_bucket(parent, addr));

	while (node && (node->parent != parent || READ_ONCE(node->addr) != addr))
		node = node->next;
	if (!node)
		return NULL;
	/* Pairs with the acquire in puck_dma_stack(), which does without the bucket. */
	smp_store_release(&parent->hot, node);
	return node;
}

/* Whose code a return address is in. */
enum stack_role { STACK_DRIVER, STACK_API, STACK_POOL };

/* The kernel's functions between a driver and the mapper, by name. */
static enum stack_role stack_role(unsigned long addr)
{
	static const char * const prefixes[] = {
		"dma_map_", "dma_unmap_", "dma_sync_", "dma_alloc_", "dma_free_", "dma_mmap_",
		"dma_get_sgtable", "dma_vmap_", "dma_vunmap_", "dmam_", "__dma_",
		"dma_direct_", "dma_common_",
	};
	char name[KSYM_SYMBOL_LEN];
	int i;

	if (within_module(addr, THIS_MODULE))
		return STACK_API;
	sprint_symbol_no_offset(name, addr - 1);
	if (strchr(name, '['))
		return STACK_DRIVER;
	if (str_has_prefix(name, "dma_pool_") || !strcmp(name, "pool_alloc_page"))
		return STACK_POOL;
	for (i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (str_has_prefix(name, prefixes[i]))
			return STACK_API;
	return STACK_DRIVER;
}

static struct stack_node *stack_add(struct stack_node *parent, unsigned long addr,
				    enum stack_role role)
{
	struct stack_node **bucket = stack_bucket(parent, addr);
	struct stack_node *node;

	lockdep_assert_held(&stack_lock);
	if (stack_used == PUCK_DMA_STACKS)
		return NULL;

	node = &stack_nodes[stack_used++];
	node->addr = addr;
	node->parent = parent;
	node->depth = parent->depth + 1;
	node->end = node->depth == PUCK_DMA_STACK_DEPTH;
	node->caller = parent->caller ?: role != STACK_DRIVER ? 0 : addr;
	node->pool = parent->pool || (!parent->caller && role == STACK_POOL);
	node->next = *bucket;
	/* Pairs with the acquire in stack_child(). */
	smp_store_release(bucket, node);
	return node;
}

/*
 * Note where the address after @node is. False if that varies: nothing can be
 * said of what comes after.
 */
static bool stack_note_above(struct stack_node *node, u16 above)
{
	if (node->end)
		return false;
	if (node->above && node->above != above) {
		WRITE_ONCE(node->above, 0);
		WRITE_ONCE(node->end, true);
		return false;
	}
	WRITE_ONCE(node->above, above);
	return true;
}

/* How many of the addresses are in the tree. */
static unsigned int stack_known(const struct stack_found *found)
{
	struct stack_node *node = stack_nodes;
	unsigned int i;

	for (i = 0; i < found->count; i++) {
		node = stack_child(node, found->addr[i]);
		if (!node)
			break;
	}
	return i;
}

/* Enter what was found into the tree; returns the last node. */
static struct stack_node *stack_enter(const struct stack_found *found)
{
	struct stack_node *node = stack_nodes, *next;
	enum stack_role roles[PUCK_DMA_STACK_DEPTH] = {};
	unsigned long flags;
	unsigned int i;

	/* Looking names up takes long: of new ones alone, and without the lock. */
	for (i = stack_known(found); i < found->count; i++)
		roles[i] = stack_role(found->addr[i]);

	raw_spin_lock_irqsave(&stack_lock, flags);
	for (i = 0; i < found->count; i++) {
		if (!stack_note_above(node, found->above[i]))
			break;
		next = stack_child(node, found->addr[i]);
		if (!next)
			next = stack_add(node, found->addr[i], roles[i]);
		if (!next)
			break;
		node = next;
	}
	/* No more was found, so nobody needs to look again. */
	if (i == found->count && !node->above)
		WRITE_ONCE(node->end, true);
	raw_spin_unlock_irqrestore(&stack_lock, flags);
	return node;
}

#ifdef STACK_BY_OFFSETS
/* Each CPU's stack of interrupts, once it was met. */
static DEFINE_PER_CPU(struct stack_bounds, stack_irq);

/* The end of the stack that @frame is in, or 0 if that is not known yet. */
static unsigned long stack_limit(unsigned long frame)
{
	unsigned long base = (unsigned long)task_stack_page(current);
	struct stack_bounds *irq;

	if (frame - base < THREAD_SIZE)
		return base + THREAD_SIZE;
	/* The stack is no task's, so this code cannot move to another CPU. */
	irq = raw_cpu_ptr(&stack_irq);
	return frame >= irq->begin && frame < irq->end ? irq->end : 0;
}

/* Addresses behind the entry of a syscall are always the same, but never in one place. */
static bool stack_is_entry(unsigned long addr)
{
	char name[KSYM_SYMBOL_LEN];

	sprint_symbol_no_offset(name, addr - 1);
	return !strcmp(name, "do_syscall_64") || !strcmp(name, "ret_from_fork");
}

static void stack_note_bounds(unsigned long frame, const struct stack_info *info)
{
	struct stack_bounds *irq = raw_cpu_ptr(&stack_irq);

	if (frame - (unsigned long)task_stack_page(current) < THREAD_SIZE)
		return;
	irq->begin = (unsigned long)info->begin;
	irq->end = (unsigned long)info->end;
}

/* One step: the address and where it is, if the unwinder is sure of both. */
static bool stack_take(struct stack_found *found, struct unwind_state *state,
		       unsigned long frame, const struct stack_info *first)
{
	unsigned long addr = unwind_get_return_address(state);
	unsigned long slot = state->sp - sizeof(long);

	if (!addr || state->regs || unwind_error(state))
		return false;
	/* Another stack: how far it is depends on the moment. */
	if (slot < frame || slot >= (unsigned long)first->end)
		return false;
	/* Somebody put his own address there, to come by on return. */
	if (READ_ONCE_NOCHECK(*(unsigned long *)slot) != addr)
		return false;
	found->addr[found->count] = addr;
	found->above[found->count] = slot - frame;
	found->count++;
	return !stack_is_entry(addr);
}

static noinline u32 stack_learn(unsigned long frame)
{
	struct stack_found found = {};
	struct unwind_state state;
	struct stack_info first;

	unwind_start(&state, current, NULL, NULL);
	first = state.stack_info;
	while (!unwind_done(&state) && state.sp - sizeof(long) < frame + sizeof(long))
		unwind_next_frame(&state);
	if (unwind_done(&state) || state.sp - sizeof(long) != frame + sizeof(long))
		return 0;

	stack_note_bounds(frame, &first);
	while (!unwind_done(&state) && found.count < PUCK_DMA_STACK_DEPTH) {
		if (!stack_take(&found, &state, frame, &first))
			break;
		unwind_next_frame(&state);
	}
	return stack_enter(&found) - stack_nodes;
}

/**
 * puck_dma_stack - the stack of this call
 *
 * Any context but NMI.
 *
 * Return: its number; 0 if nothing is known.
 */
noinline u32 puck_dma_stack(void)
{
	unsigned long frame = (unsigned long)__builtin_frame_address(0);
	unsigned long limit = stack_limit(frame), slot, addr;
	struct stack_node *node = stack_nodes, *next;

	/* A node that ends says nothing of what is above: it has no other zero. */
	while (READ_ONCE(node->above)) {
		slot = frame + READ_ONCE(node->above);
		if (slot >= limit)
			return stack_learn(frame);
		addr = READ_ONCE_NOCHECK(*(unsigned long *)slot);
		/* Pairs with the release in stack_child(). */
		next = smp_load_acquire(&node->hot);
		if (!next || READ_ONCE(next->addr) != addr)
			next = stack_child(node, addr);
		if (!next)
			return stack_learn(frame);
		node = next;
	}
	return READ_ONCE(node->end) ? node - stack_nodes : stack_learn(frame);
}

/* The return address of puck_dma_stack() is right above its frame. */
static void stack_start(void)
{
	stack_nodes->above = sizeof(long);
}
#else
noinline u32 puck_dma_stack(void)
{
	struct stack_found found = {};

	/* There are frame pointers: the unwinder is quick, and needs no help. */
	found.count = stack_trace_save(found.addr, PUCK_DMA_STACK_DEPTH, 1);
	return stack_enter(&found) - stack_nodes;
}

static void stack_start(void)
{
}
#endif
EXPORT_SYMBOL_IF_KUNIT(puck_dma_stack);

/**
 * puck_dma_stack_caller - who called the DMA API
 * @stack: of puck_dma_stack()
 *
 * Return: the address, or 0 if it is not known or its module is gone.
 */
unsigned long puck_dma_stack_caller(u32 stack)
{
	unsigned long caller = READ_ONCE(stack_nodes[stack].caller);

	return caller == STACK_GONE ? 0 : caller;
}
EXPORT_SYMBOL_IF_KUNIT(puck_dma_stack_caller);

/**
 * puck_dma_stack_is_pool - was it a dma_pool that called the DMA API?
 * @stack: of puck_dma_stack()
 *
 * Any context.
 *
 * Return: it was.
 */
bool puck_dma_stack_is_pool(u32 stack)
{
	return stack_nodes[stack].pool;
}

/* Outermost first; what has no caller is the mapper and the API. Returns how many. */
static int stack_outwards(u32 stack, unsigned long *addr)
{
	struct stack_node *node = &stack_nodes[stack];
	int count = 0;

	for (; node != stack_nodes && node->caller; node = node->parent)
		addr[count++] = READ_ONCE(node->addr);
	return count;
}

/**
 * puck_dma_stack_show - print a stack from the caller of the DMA API outwards
 * @m: where to
 * @stack: of puck_dma_stack()
 */
void puck_dma_stack_show(struct seq_file *m, u32 stack)
{
	unsigned long addr[PUCK_DMA_STACK_DEPTH];
	int i, count = stack_outwards(stack, addr);

	for (i = count - 1; i >= 0; i--) {
		if (addr[i] == STACK_GONE)
			seq_puts(m, "      (a module that is gone)\n");
		else
			seq_printf(m, "      %pB\n", (void *)addr[i]);
	}
	if (!count)
		seq_puts(m, "      (not known)\n");
}

/**
 * puck_dma_stack_text - a stack in one line, from the caller of the DMA API outwards
 * @text: gets " SYMBOL SYMBOL...", as many as there is room for
 * @size: room there
 * @stack: of puck_dma_stack()
 * @symbol: prints an address, and returns the length
 *
 * Any context.
 */
void puck_dma_stack_text(char *text, size_t size, u32 stack,
			 int (*symbol)(char *text, size_t size, unsigned long addr))
{
	unsigned long addr[PUCK_DMA_STACK_DEPTH];
	int i, count = stack_outwards(stack, addr);
	size_t at = 0;

	text[0] = 0;
	for (i = count - 1; i >= 0 && size - at > STACK_SYMBOL_ROOM; i--) {
		if (addr[i] == STACK_GONE)
			break;
		text[at++] = ' ';
		at += symbol(text + at, size - at, addr[i]);
	}
}

static void stack_strike(unsigned long *addr, const struct module *mod, bool whole)
{
	if (whole ? within_module(*addr, mod) : within_module_init(*addr, mod))
		WRITE_ONCE(*addr, STACK_GONE);
}

/* Init sections go when a module is live, all the rest with it. */
static int stack_module_event(struct notifier_block *nb, unsigned long state, void *data)
{
	bool whole = state == MODULE_STATE_GOING;
	unsigned long flags;
	u32 i;

	if (!whole && state != MODULE_STATE_LIVE)
		return NOTIFY_DONE;
	raw_spin_lock_irqsave(&stack_lock, flags);
	for (i = 1; i < stack_used; i++) {
		stack_strike(&stack_nodes[i].addr, data, whole);
		stack_strike(&stack_nodes[i].caller, data, whole);
	}
	raw_spin_unlock_irqrestore(&stack_lock, flags);
	return NOTIFY_DONE;
}

static struct notifier_block stack_module_nb = { .notifier_call = stack_module_event };

int puck_dma_stack_init(void)
{
	int ret;

	stack_nodes = vzalloc(array_size(PUCK_DMA_STACKS, sizeof(*stack_nodes)));
	if (!stack_nodes)
		return -ENOMEM;
	stack_used = 1;
	stack_start();
	ret = register_module_notifier(&stack_module_nb);
	if (ret)
		vfree(stack_nodes);
	return ret;
}

/* Called when nobody maps any more. */
void puck_dma_stack_exit(void)
{
	unregister_module_notifier(&stack_module_nb);
	vfree(stack_nodes);
}
