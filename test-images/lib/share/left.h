/* SPDX-License-Identifier: MIT */
/* What is left when all that was shared has gone. */
#ifndef LIB_SHARE_LEFT_H
#define LIB_SHARE_LEFT_H

#include <stdbool.h>
#include <string.h>

#include "lib/base/open_files.h"
#include "lib/base/patience.h"
#include "lib/base/text_file.h"

/* The kernel lets go of the last reference behind our back. */
static inline bool no_dmabuf(void)
{
	unsigned int looks = 0;
	char text[8192];

	do {
		read_text("/sys/kernel/debug/dma_buf/bufinfo", text, sizeof(text));
		if (strstr(text, "Total 0 objects"))
			return true;
	} while (text[0] && patient(&looks));
	return false;
}

#endif /* LIB_SHARE_LEFT_H */
