/* SPDX-License-Identifier: MIT */
/*
 * A device that sleeps when it is idle: whether it may; whether it does, by what the kernel says
 * and by what stands in configuration space; and what the device has seen software do wrong.
 */
#ifndef LIB_GPU_POWER_H
#define LIB_GPU_POWER_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/text_file.h"
#include "lib/gpu/device.h"

#define POWER_CAP	0x01		/* PCI_CAP_ID_PM */
#define POWER_CTRL	4		/* PCI_PM_CTRL */
#define POWER_CAPS	0x34		/* PCI_CAPABILITY_LIST */
#define POWER_D3HOT	3

static inline int power_write(const char *pci, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power/%s", pci, name);
	return write_text(path, text);
}

static inline void power_read(const char *pci, const char *name, char *line, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power/%s", pci, name);
	read_line(path, line, size);
}

static inline bool power_says(const char *pci, const char *name, const char *text)
{
	char line[32];

	power_read(pci, name, line, sizeof(line));
	return !strcmp(line, text);
}

/* It sleeps when it has been idle for so long. */
static inline void power_auto(const char *pci, unsigned int idle_ms)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", idle_ms);
	ktap_need(!power_write(pci, "autosuspend_delay_ms", text) &&
		  !power_write(pci, "control", "auto"), "auto");
}

static inline void power_on(const char *pci)
{
	ktap_need(!power_write(pci, "control", "on"), "on");
}

/* The power state in PMCSR, or -1. To read it wakes nobody up. */
static inline int power_state(const char *pci)
{
	uint8_t config[256];
	unsigned int at, tries;
	char path[96];
	int fd, state = -1;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", pci);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (pread(fd, config, sizeof(config), 0) == sizeof(config))
		for (at = config[POWER_CAPS], tries = 48; at && at < 250 && tries;
		     at = config[at + 1], tries--)
			if (config[at] == POWER_CAP)
				state = config[at + POWER_CTRL] & 3;
	close(fd);
	return state;
}

/* By the kernel and by the device. */
static inline bool power_sleeps(const char *pci)
{
	return power_says(pci, "runtime_status", "suspended") && power_state(pci) == POWER_D3HOT;
}

static inline bool power_falls_asleep(const char *pci)
{
	unsigned int looks = 0;

	while (!power_sleeps(pci) && patient(&looks))
		;
	return power_sleeps(pci);
}

/* For many times as long as it takes an idle one to fall asleep. */
static inline bool power_stays_awake(const char *pci, unsigned int looks)
{
	while (looks--) {
		if (!power_says(pci, "runtime_status", "active") || power_state(pci))
			return false;
		usleep(LOOK_EVERY_MS * 1000);
	}
	return true;
}

/* What the device counts: accesses in D3hot, and what was under way when it came there. */
struct power_findings {
	unsigned int touches, unfinished;
};

static inline struct power_findings power_findings(const char *pci)
{
	struct power_findings findings = { 0 };
	char path[96], line[64];

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/power", pci);
	read_line(path, line, sizeof(line));
	ktap_need(sscanf(line, "touches %u unfinished %u", &findings.touches,
			 &findings.unfinished) == 2, "%s: '%s'", path, line);
	return findings;
}

static inline bool power_found_nothing(const char *pci)
{
	struct power_findings findings = power_findings(pci);

	if (findings.touches || findings.unfinished)
		ktap_note("%s: %u touches, %u unfinished", pci, findings.touches,
			  findings.unfinished);
	return !findings.touches && !findings.unfinished;
}

#endif /* LIB_GPU_POWER_H */
