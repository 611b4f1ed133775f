// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page that nobody mapped: the edu device is made to read and write there
 * from user space, with no driver. The fault line has to name requester, IOVA
 * and direction; memory and machine stay as they are.
 *
 * Wants an edu device in charge, with no driver.
 */
#include "lib/base/iommu.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/pci.h"
#include "lib/base/text_file.h"

#include <fcntl.h>
#include <sys/mman.h>

/* QEMU's docs/specs/edu.rst. It reaches 28 bits of address. */
#define EDU_DMA_SRC		0x80
#define EDU_DMA_DST		0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_CMD		0x98
#define EDU_DMA_START		0x1u
#define EDU_DMA_TO_RAM		0x2u
#define EDU_BUFFER		0x40000
#define EDU_BAR_SIZE		0x100000

#define NOBODY_MAPPED		0x0badd000u

#define PCI_COMMAND		4
#define PCI_COMMAND_MASTER	4

static volatile uint8_t *edu_map(const char *name)
{
	char path[512];
	uint16_t command = 0;
	void *regs;
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/enable", name);
	ktap_need(!write_text(path, "1"), "%s is enabled", name);

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/config", name);
	fd = open(path, O_RDWR);
	ktap_need(pread(fd, &command, 2, PCI_COMMAND) == 2, "%s has a command register", name);
	command |= PCI_COMMAND_MASTER;
	ktap_need(pwrite(fd, &command, 2, PCI_COMMAND) == 2, "%s masters the bus", name);
	close(fd);

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/resource0", name);
	fd = open(path, O_RDWR);
	regs = mmap(NULL, EDU_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ktap_need(regs != MAP_FAILED, "registers of %s", name);
	close(fd);
	return regs;
}

static void edu_write(volatile uint8_t *regs, unsigned int reg, uint64_t value)
{
	*(volatile uint64_t *)(regs + reg) = value;
}

/* Moves 8 bytes between its buffer and an IOVA. True if it came to an end. */
static bool edu_dma(volatile uint8_t *regs, uint64_t iova, bool to_ram)
{
	unsigned int looks = 0;

	edu_write(regs, EDU_DMA_SRC, to_ram ? EDU_BUFFER : iova);
	edu_write(regs, EDU_DMA_DST, to_ram ? iova : EDU_BUFFER);
	edu_write(regs, EDU_DMA_COUNT, 8);
	edu_write(regs, EDU_DMA_CMD, EDU_DMA_START | (to_ram ? EDU_DMA_TO_RAM : 0));
	do {
		if (!(*(volatile uint64_t *)(regs + EDU_DMA_CMD) & EDU_DMA_START))
			return true;
	} while (patient(&looks));
	return false;
}

/* The kernel's own trace point in report_iommu_fault(). */
#define IO_PAGE_FAULT "/sys/kernel/tracing/events/iommu/io_page_fault/enable"
#define TRACE "/sys/kernel/tracing/trace"

/* Whether the trace has a fault of this device at this address. */
static bool traced(const char *name, const char *iova)
{
	FILE *trace = fopen(TRACE, "r");
	bool found = false;
	char line[512];

	while (trace && fgets(line, sizeof(line), trace))
		found |= strstr(line, "io_page_fault") && strstr(line, name) && strstr(line, iova);
	if (trace)
		fclose(trace);
	return found;
}

/* Whoever installs a fault handler is told, and so is the kernel's trace. */
static void test_report(volatile uint8_t *regs, const char *name)
{
	unsigned int looks = 0;
	char iova[32];
	bool found;

	if (write_text(IO_PAGE_FAULT, "1")) {
		ktap_skip("no trace point of the IOMMU core", "report_iommu_fault");
		return;
	}
	write_text(TRACE, "");
	expect_begin("DMA fault: ");
	edu_dma(regs, NOBODY_MAPPED, true);
	snprintf(iova, sizeof(iova), "%08x", NOBODY_MAPPED);
	while (!traced(name, iova) && patient(&looks))
		;
	found = traced(name, iova);
	expect_end();
	write_text(IO_PAGE_FAULT, "0");
	ktap_ok(found, "report_iommu_fault() is told of device and IOVA");
}

static void test_access(volatile uint8_t *regs, const char *name, bool write)
{
	const char *direction = write ? "write" : "read";
	uint64_t before = counter("faults");
	char want[128], line[256];
	int log = log_open();

	snprintf(want, sizeof(want), "DMA fault: %s %s at IOVA %#x: not mapped", name, direction,
		 NOBODY_MAPPED);
	expect_begin("DMA fault: ");
	ktap_ok(edu_dma(regs, NOBODY_MAPPED, write), "the device's %s comes to an end", direction);
	ktap_ok(log_comes(log, want, line, sizeof(line)),
		"the fault line names requester, IOVA and direction of a %s", direction);
	ktap_note("%s", line[0] ? line : "no such line");
	ktap_ok(counter("faults") == before + 1, "one %s, one fault", direction);
	expect_end();
	close(log);
}

/* Identity lets everything through. The read is of RAM that is there for sure. */
static void test_identity(volatile uint8_t *regs, const char *name)
{
	uint64_t before = counter("faults");

	ktap_need(!set_domain_type(name, "identity"), "identity domain");
	ktap_ok(edu_dma(regs, 0x100000, false) && counter("faults") == before,
		"no fault in an identity domain");
	ktap_ok(!set_domain_type(name, "DMA-FQ"), "and back to a translated one");
}

int main(void)
{
	volatile uint8_t *regs;
	char edu[64];

	ktap_begin();
	if (!pci_find(0x1234, 0x11e8, true, edu, sizeof(edu))) {
		ktap_skip("no edu device in charge", "faults");
		return ktap_end();
	}
	regs = edu_map(edu);
	test_access(regs, edu, true);
	test_access(regs, edu, false);
	test_report(regs, edu);
	test_identity(regs, edu);
	test_access(regs, edu, true);
	ktap_ok(counter("faults_lost") == 0, "no fault was lost");
	return ktap_end();
}
