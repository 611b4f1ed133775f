/* SPDX-License-Identifier: MIT */
/* Lab 6: what its grader asks of the driver. */
#ifndef PUCK_LAB_FENCES_H
#define PUCK_LAB_FENCES_H

/* Fill memory. arg[0]: offset, arg[1]: bytes, arg[2]: value; comes back: arg[3], a sync_file. */
#define PUCK_LAB_FENCES_FILL	0x600
/* Read memory as it is, and write it; arg[0]: offset. No fence has to do with these. */
#define PUCK_LAB_FENCES_READ	0x601
#define PUCK_LAB_FENCES_WRITE	0x602

/* Names that fences give of themselves. */
#define PUCK_LAB_FENCES_DRIVER		"puck-lab-fences"
#define PUCK_LAB_FENCES_TIMELINE	"ring0"

#endif /* PUCK_LAB_FENCES_H */
