/* SPDX-License-Identifier: MIT */
/* Somewhere to swap to: memory in compressed form, if the kernel has that. */
#ifndef LIB_SWAP_H
#define LIB_SWAP_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/text_file.h"

#define SWAP_DEVICE	"/dev/zram0"
#define SWAP_PAGE	4096

/* What mkswap writes there: version, last page, bad pages; and the magic. */
static inline bool swap_make(uint32_t pages)
{
	char header[SWAP_PAGE] = { 0 };
	uint32_t info[] = { 1, pages - 1, 0 };
	int fd = open(SWAP_DEVICE, O_WRONLY | O_CLOEXEC);
	bool good;

	memcpy(header + 1024, info, sizeof(info));
	memcpy(header + sizeof(header) - 10, "SWAPSPACE2", 10);
	good = fd >= 0 && write(fd, header, sizeof(header)) == sizeof(header);
	close(fd);
	return good;
}

/* False if there is no such device; who tests with it has loaded the module. */
static inline bool swap_on(uint32_t mib)
{
	char size[16];

	snprintf(size, sizeof(size), "%uM", mib);
	return !write_text("/sys/block/zram0/disksize", size) &&
	       swap_make(mib * (1 << 20) / SWAP_PAGE) && !syscall(SYS_swapon, SWAP_DEVICE, 0);
}

static inline void swap_off(void)
{
	syscall(SYS_swapoff, SWAP_DEVICE);
	write_text("/sys/block/zram0/reset", "1");
}

#endif /* LIB_SWAP_H */
