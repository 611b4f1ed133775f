/* SPDX-License-Identifier: MIT */
/*
 * mischief: the window through which the guest sees and changes rules.
 *
 * docs/specs/mischief.rst is the contract, section "The guest's window". It
 * lies in BAR 0 of every device of Puck. All registers are little-endian.
 */
#ifndef PUCK_ABI_MISCHIEF_H
#define PUCK_ABI_MISCHIEF_H

#include <linux/types.h>

#define PUCK_MISCHIEF_WINDOW		0x800	/* in BAR 0 */
#define PUCK_MISCHIEF_WINDOW_SIZE	0x200

/* Offsets in the window */
#define PUCK_MISCHIEF_MAGIC		0x000	/* RO  32 */
#define PUCK_MISCHIEF_STATUS		0x004	/* RO  32 */
#define PUCK_MISCHIEF_COUNT		0x008	/* RO  32 */
#define PUCK_MISCHIEF_ARG		0x00c	/* RW  32 */
#define PUCK_MISCHIEF_COMMAND		0x010	/* WO  32 */
#define PUCK_MISCHIEF_RESULT		0x014	/* RO  32 */
#define PUCK_MISCHIEF_ID		0x018	/* RO  32 */
#define PUCK_MISCHIEF_COLUMN		0x01c	/* RO  32 */
#define PUCK_MISCHIEF_SEEN		0x020	/* RO  64 */
#define PUCK_MISCHIEF_HITS		0x028	/* RO  64 */
#define PUCK_MISCHIEF_TEXT		0x100	/* RW, 32-bit accesses */
#define PUCK_MISCHIEF_TEXT_SIZE		0x100

#define PUCK_MISCHIEF_MAGIC_VALUE	0x534d4b50u	/* "PKMS" */
#define PUCK_MISCHIEF_UNLOCKED		0x00000001u	/* STATUS */
#define PUCK_MISCHIEF_RULES_MAX		64

/* COMMAND */
#define PUCK_MISCHIEF_ADD		1
#define PUCK_MISCHIEF_REMOVE		2
#define PUCK_MISCHIEF_RELEASE		3
#define PUCK_MISCHIEF_SHOW		4

/* RESULT */
#define PUCK_MISCHIEF_OK		0
#define PUCK_MISCHIEF_ERR_COMMAND	1
#define PUCK_MISCHIEF_ERR_LOCKED	2
#define PUCK_MISCHIEF_ERR_SYNTAX	3
#define PUCK_MISCHIEF_ERR_FULL		4
#define PUCK_MISCHIEF_ERR_NO_RULE	5

_Static_assert(PUCK_MISCHIEF_TEXT + PUCK_MISCHIEF_TEXT_SIZE == PUCK_MISCHIEF_WINDOW_SIZE,
	       "the text ends the window");

#endif /* PUCK_ABI_MISCHIEF_H */
