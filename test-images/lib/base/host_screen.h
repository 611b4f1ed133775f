/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host sees of a display. The guest asks for a picture of it (a PPM), which the host
 * writes into a file that is also a disk of the guest, with the serial "screen".
 */
#ifndef LIB_HOST_SCREEN_H
#define LIB_HOST_SCREEN_H

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/command.h"
#include "lib/base/patience.h"
#include "lib/base/text_file.h"

/* Of the disk, which is as large as the largest picture. */
#define HOST_SCREEN_BYTES	(8u << 20)

struct host_screen {
	int fd;
	uint8_t *bytes;			/* of the disk, as they were read last */
	uint32_t width, height;
	const uint8_t *pixels;		/* R, G, B; NULL if there is no picture */
};

static inline int host_screen_find(void)
{
	DIR *dir = opendir("/sys/class/block");
	char path[300], line[64];
	struct dirent *entry;
	int fd = -1;

	while (dir && fd < 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/sys/class/block/%s/serial", entry->d_name);
		if (!read_line(path, line, sizeof(line)) || strcmp(line, "screen"))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	}
	if (dir)
		closedir(dir);
	return fd;
}

/* False if the machine has no such disk; disks come some time after their driver. */
static inline bool host_screen_open(struct host_screen *screen)
{
	int64_t since = 0;

	run("modprobe virtio_blk 2>/dev/null");
	*screen = (struct host_screen) { 0 };
	while ((screen->fd = host_screen_find()) < 0)
		if (!expectant(&since))
			return false;
	screen->bytes = mmap(NULL, HOST_SCREEN_BYTES, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return screen->bytes != MAP_FAILED;
}

/*
 * Asks for a picture of a head of the device with that id, in a file of the run folder. It will be
 * there some time later.
 */
static inline void host_screen_dump(const char *file, const char *format, const char *device,
				    unsigned int head)
{
	printf("puck-host: screendump {\"filename\": \"{run}/%s\", \"format\": \"%s\"", file,
	       format);
	printf(", \"device\": \"%s\", \"head\": %u}\n", device, head);
}

/* The same on the disk, for host_screen_read(). */
static inline void host_screen_ask(const char *device, unsigned int head)
{
	host_screen_dump("screen", "ppm", device, head);
}

/* So much of it as a header may be, and then what the header says that there is. */
static inline bool host_screen_read(struct host_screen *screen)
{
	int head = 0;
	size_t all;

	screen->pixels = NULL;
	if (pread(screen->fd, screen->bytes, 4096, 0) != 4096 ||
	    sscanf((char *)screen->bytes, "P6 %u %u 255%n", &screen->width, &screen->height,
		   &head) != 2 || !head || screen->width > 4096 || screen->height > 4096)
		return false;
	head++;				/* one character of space */
	all = head + (size_t)3 * screen->width * screen->height;
	all = (all + 4095) / 4096 * 4096;
	if (all > HOST_SCREEN_BYTES || pread(screen->fd, screen->bytes, all, 0) != (ssize_t)all)
		return false;
	screen->pixels = screen->bytes + head;
	return true;
}

static inline uint32_t host_screen_pixel(const struct host_screen *screen, uint32_t x, uint32_t y)
{
	const uint8_t *at = screen->pixels + 3 * ((size_t)y * screen->width + x);

	return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

#endif /* LIB_HOST_SCREEN_H */
