/* SPDX-License-Identifier: MIT */
/* The driver is taken away from its device and given back to it. */
#ifndef LIB_GPU_REBIND_H
#define LIB_GPU_REBIND_H

#include <stdio.h>

#include "lib/base/patience.h"
#include "lib/base/text_file.h"
#include "lib/gpu/device.h"

#define PUCK_DRIVER	"/sys/bus/pci/drivers/puck/"

/* Opens the device at an address, which may be there in a moment only. */
static inline bool puck_open_soon(struct puck *puck, const char *pci)
{
	unsigned int looks = 0;

	while (puck_open_pci(puck, pci))
		if (!patient(&looks))
			return false;
	return true;
}

/* Closes the file, and opens it again behind a new bond. What it had is gone. */
static inline bool puck_rebind(struct puck *puck)
{
	char pci[32];

	snprintf(pci, sizeof(pci), "%s", puck->pci);
	close(puck->fd);
	return !write_text(PUCK_DRIVER "unbind", pci) && !write_text(PUCK_DRIVER "bind", pci) &&
	       puck_open_soon(puck, pci);
}

#endif /* LIB_GPU_REBIND_H */
