/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commits of the device, and their takeovers.
 */
#ifndef PUCK_KMS_FLIP_H
#define PUCK_KMS_FLIP_H

#include "compat/kms.h"
#include "core/device.h"

struct puck_head;
struct puck_kms;
struct puck_plane_regs;

extern const struct puck_display_funcs puck_flip_display_funcs;

void puck_flip(struct puck_kms *kms, struct puck_atomic_state *state);
void puck_flip_wait(struct puck_kms *kms, struct puck_atomic_state *state);
void puck_flip_taken(struct puck_head *head);
void puck_flip_panic(struct puck_head *head, const struct puck_plane_regs *plane);
void puck_flip_lose(struct puck_kms *kms);
void puck_flip_leave(struct puck_kms *kms);

#endif /* PUCK_KMS_FLIP_H */
