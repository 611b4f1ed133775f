/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who made a mapping, and who unmapped it: stacks, each known by a number.
 */
#ifndef PUCK_DMA_CORE_STACK_H
#define PUCK_DMA_CORE_STACK_H

#include <linux/types.h>

struct seq_file;

/* There are no more stacks than that: their numbers are below it. */
#define PUCK_DMA_STACKS		16384

/* Return addresses of a stack, those of the mapper and of the DMA API included. */
#define PUCK_DMA_STACK_DEPTH	14

u32 puck_dma_stack(void);
unsigned long puck_dma_stack_caller(u32 stack);
bool puck_dma_stack_is_pool(u32 stack);
void puck_dma_stack_show(struct seq_file *s, u32 stack);
void puck_dma_stack_text(char *text, size_t size, u32 stack,
			 int (*symbol)(char *text, size_t size, unsigned long addr));
int puck_dma_stack_init(void);
void puck_dma_stack_exit(void);

#endif /* PUCK_DMA_CORE_STACK_H */
