/* SPDX-License-Identifier: MIT */
/*
 * What the tests of puck-iommu.ko share: sysfs, PCI devices, the kernel log,
 * and the IOMMU's counters. Whatever fails here ends the test.
 */
#ifndef IOMMU_TEST_H
#define IOMMU_TEST_H

#include "lib/ktap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PCI_DEVICES "/sys/bus/pci/devices"
#define PUCK_SYSFS "/sys/class/iommu/puck-iommu0"

/* One line of a file, without its end. False if there is no such file. */
static inline bool read_line(const char *path, char *line, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	line[0] = '\0';
	if (fd < 0)
		return false;
	len = read(fd, line, size - 1);
	close(fd);
	line[len > 0 ? len : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return len >= 0;
}

/* Returns 0 or errno. */
static inline int write_line(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err = errno ? errno : EIO;
	close(fd);
	return err;
}

__attribute__((format(printf, 1, 2)))
static inline int run(const char *fmt, ...)
{
	char command[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	return system(command);
}

static inline uint64_t counter(const char *name)
{
	char path[128], line[32];

	snprintf(path, sizeof(path), PUCK_SYSFS "/counters/%s", name);
	ktap_need(read_line(path, line, sizeof(line)), "%s can be read", path);
	return strtoull(line, NULL, 10);
}

static inline unsigned int pci_number(const char *name, const char *what)
{
	char path[512], line[32];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", name, what);
	read_line(path, line, sizeof(line));
	return (unsigned int)strtoul(line, NULL, 16);
}

static inline bool pci_in_charge(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), PUCK_SYSFS "/devices/%s", name);
	return access(path, F_OK) == 0;
}

/* First device of the kind, in or out of charge. False if there is none. */
static inline bool pci_find(unsigned int vendor, unsigned int device, bool in_charge, char *name,
			    size_t size)
{
	DIR *dir = opendir(PCI_DEVICES);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || pci_number(entry->d_name, "vendor") != vendor ||
		    pci_number(entry->d_name, "device") != device ||
		    pci_in_charge(entry->d_name) != in_charge)
			continue;
		snprintf(name, size, "%s", entry->d_name);
		found = true;
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Whatever IOMMU is in front of it. */
static inline bool pci_find_any(unsigned int vendor, unsigned int device, char *name, size_t size)
{
	return pci_find(vendor, device, true, name, size) ||
	       pci_find(vendor, device, false, name, size);
}

/* Type of the device's domain: "DMA", "DMA-FQ", "identity", ... */
static inline void domain_type(const char *name, char *type, size_t size)
{
	char path[512];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/iommu_group/type", name);
	read_line(path, type, size);
}

static inline int set_domain_type(const char *name, const char *type)
{
	char path[512];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/iommu_group/type", name);
	return write_line(path, type);
}

/* From now on: log_find() sees what comes later. Returns a descriptor. */
static inline int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	ktap_need(fd >= 0, "kernel log");
	lseek(fd, 0, SEEK_END);
	return fd;
}

/* Whether there is a line with @text by now; the line goes to @line. */
static inline bool log_has(int fd, const char *text, char *line, size_t size)
{
	char record[1024];
	ssize_t len;

	errno = 0;
	while ((len = read(fd, record, sizeof(record) - 1)) > 0 || errno == EPIPE) {
		char *message;

		record[len > 0 ? len : 0] = '\0';
		record[strcspn(record, "\n")] = '\0';
		message = strchr(record, ';');
		if (message && strstr(message, text) && !strstr(message, "puck-expect")) {
			snprintf(line, size, "%s", message + 1);
			return true;
		}
		errno = 0;
	}
	line[0] = '\0';
	return false;
}

/* Waits up to a second for a line that may come, or must not. */
static inline bool log_find(int fd, const char *text, char *line, size_t size)
{
	bool found = false;
	int tries;

	for (tries = 0; tries < 100 && !found; tries++) {
		if (tries)
			usleep(10000);
		found = log_has(fd, text, line, size);
	}
	return found;
}

/* Waits for a line that has to come. */
static inline bool log_comes(int fd, const char *text, char *line, size_t size)
{
	unsigned int looks = 0;
	bool found;

	do {
		found = log_has(fd, text, line, size);
	} while (!found && patient(&looks));
	return found;
}

static inline void expect_begin(const char *regex)
{
	char line[256];

	snprintf(line, sizeof(line), "puck-expect: begin %s", regex);
	write_line("/dev/kmsg", line);
}

static inline void expect_end(void)
{
	write_line("/dev/kmsg", "puck-expect: end");
}

/* Bytes that tell where they are, so that a swapped or stale page shows. */
static inline void pattern_fill(void *buf, size_t size, uint64_t seed)
{
	uint64_t *word = buf;
	size_t i;

	for (i = 0; i < size / sizeof(*word); i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		word[i] = seed + i;
	}
}

#endif /* IOMMU_TEST_H */
