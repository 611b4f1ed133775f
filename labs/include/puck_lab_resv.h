/* SPDX-License-Identifier: MIT */
/* Lab 7: what its grader asks of the module, whose port is /dev/puck-lab-resv. */
#ifndef PUCK_LAB_RESV_H
#define PUCK_LAB_RESV_H

#define PUCK_LAB_BUFFER		0x10000		/* bytes of each buffer */

/* Make a buffer. Comes back: arg[0], a dma-buf. */
#define PUCK_LAB_RESV_CREATE	0x700
/*
 * Have GPU arg[0] (0: behind the IOMMU, 1: not) copy the buffer arg[1] to the buffer arg[2]; or, if
 * arg[1] is -1, fill the latter with arg[3]. Comes back: arg[3], a sync_file. Nobody waits.
 */
#define PUCK_LAB_RESV_SUBMIT	0x701
/*
 * Wait until the CPU may read the buffer arg[0], or write it if arg[1] is one; arg[2] milliseconds
 * at most. Error: ETIME.
 */
#define PUCK_LAB_RESV_WAIT	0x702

#endif /* PUCK_LAB_RESV_H */
