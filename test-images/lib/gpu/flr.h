/* SPDX-License-Identifier: MIT */
/* The function's own reset, which the kernel does when it is asked by a file. */
#ifndef LIB_GPU_FLR_H
#define LIB_GPU_FLR_H

#include <stdio.h>

#include "lib/base/text_file.h"
#include "lib/gpu/device.h"

/* Returns when the driver has the device again: 0 or a negative errno. */
static inline int puck_flr(const struct puck *puck)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", puck->pci);
	return write_text(path, "1");
}

#endif /* LIB_GPU_FLR_H */
