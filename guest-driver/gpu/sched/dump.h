/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a ring looked like when a job of it went wrong.
 */
#ifndef PUCK_DUMP_H
#define PUCK_DUMP_H

#include <linux/types.h>

struct puck_device;
struct puck_ring;

/**
 * struct puck_error - one record of the error queue
 * @info: ERR_INFO
 * @seqno: ERR_SEQNO
 * @desc: ERR_DESC
 * @addr: ERR_ADDR
 */
struct puck_error {
	u32 info;
	u32 seqno;
	u32 desc;
	u64 addr;
};

int puck_dump_init(struct puck_device *puck);
void puck_dump_fini(struct puck_device *puck);
void puck_dump_take(struct puck_ring *ring);

#endif /* PUCK_DUMP_H */
