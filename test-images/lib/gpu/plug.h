/* SPDX-License-Identifier: MIT */
/*
 * The GPU behind the IOMMU is pulled out, and plugged in again. The host does both when it is
 * asked by a line on our output; gpu0 and rp1 are names of the machines of tests.list.
 */
#ifndef LIB_GPU_PLUG_H
#define LIB_GPU_PLUG_H

#include <stdbool.h>
#include <stdio.h>

#include "lib/base/patience.h"
#include "lib/gpu/device.h"

/* The guest hears of it in a moment. */
static inline void puck_pull(void)
{
	printf("puck-host: device_del {\"id\": \"gpu0\"}\n");
}

/*
 * QEMU lets go of the device a moment after the guest did, and refuses its name until
 * then; once it is there the name is refused again. @options are more of device_add's.
 */
static inline bool puck_plug(struct puck *puck, const char *options)
{
	unsigned int looks = 0;

	do {
		if (looks % 50 == 0)
			printf("puck-host: device_add {\"driver\": \"puck-gpu\", \"id\": \"gpu0\", \"bus\": \"rp1\"%s}\n",
			       options);
		if (!puck_open(puck, true))
			return true;
	} while (patient(&looks));
	return false;
}

#endif /* LIB_GPU_PLUG_H */
