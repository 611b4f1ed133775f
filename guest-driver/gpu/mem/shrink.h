/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BOs give memory back when it is scarce.
 */
#ifndef PUCK_SHRINK_H
#define PUCK_SHRINK_H

struct puck_mem;

int puck_shrink_init(struct puck_mem *mem);
void puck_shrink_fini(struct puck_mem *mem);

#endif /* PUCK_SHRINK_H */
