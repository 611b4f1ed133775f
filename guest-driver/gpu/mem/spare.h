/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that nobody has just now, and that a BO driven out of VRAM can have at once.
 */
#ifndef PUCK_SPARE_H
#define PUCK_SPARE_H

#include <linux/types.h>

struct drm_printer;
struct puck_mem;
struct puck_tt;

void puck_spares_init(struct puck_mem *mem);
void puck_spares_fini(struct puck_mem *mem);
bool puck_spare_keep(struct puck_tt *tt);
bool puck_spare_take(struct puck_tt *tt);
unsigned long puck_spares_count(struct puck_mem *mem);
void puck_spares_print(struct puck_mem *mem, struct drm_printer *p);
unsigned long puck_spares_free(struct puck_mem *mem, unsigned long pages);

#endif /* PUCK_SPARE_H */
