/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From where a BO lies to entries of tables.
 */
#ifndef PUCK_PIECES_H
#define PUCK_PIECES_H

#include <linux/types.h>

struct list_head;
struct puck_bo;
struct puck_vm;

int puck_pieces_check(struct puck_bo *bo, u64 offset, u64 length);
void puck_pieces_map(struct puck_vm *vm, struct list_head *spare, u64 va, struct puck_bo *bo,
		     u64 offset, u64 length, u64 rights);

#endif /* PUCK_PIECES_H */
