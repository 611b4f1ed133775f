/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A page of a file that the run's GPU has mapped, and a process perhaps. The file is its owner
 * before and after, so no page that the kernel gives to anybody comes to harm.
 */
#ifndef PUCK_LENT_H
#define PUCK_LENT_H

#include <linux/types.h>

#include "puck/client.h"

struct file;
struct page;
struct puck_run;

/* What jobs store there. */
#define PUCK_LENT_TRACE	0x0badda7a

/**
 * struct puck_lent - the page
 * @run: what it is part of
 * @file: whose page it is
 * @page: the page; a reference, or NULL
 * @addr: where this process has it mapped; 0 if it has not
 * @dma: where the GPU sees it
 * @mapped: it does
 */
struct puck_lent {
	struct puck_run *run;
	struct file *file;
	struct page *page;
	unsigned long addr;
	dma_addr_t dma;
	bool mapped;
};

int puck_lent_init(struct puck_run *run, struct puck_lent *lent);
int puck_lent_show(struct puck_lent *lent);
int puck_lent_hide(struct puck_lent *lent);
void puck_lent_unmap(struct puck_lent *lent);
void puck_lent_fini(struct puck_lent *lent);

/* A job that fills the page with PUCK_LENT_TRACE; @seg is filled in, and part of it. */
struct puck_client_job puck_lent_job(const struct puck_lent *lent, struct puck_client_seg *seg);

#endif /* PUCK_LENT_H */
