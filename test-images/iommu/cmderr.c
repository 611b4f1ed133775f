// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device refuses a command: the driver says so, invalidates everything
 * instead, and the queue goes on. The errors are made from user space: by a
 * doorbell past the queue on the registers that the driver owns, and by taking
 * the device's bus mastering away for a while, so that it can read no command.
 *
 * Wants a kernel that lets user space map them (CONFIG_IO_STRICT_DEVMEM=n) and
 * an edu device in charge, with no driver.
 */
#include "lib/base/iommu.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/pci.h"
#include "lib/base/text_file.h"

#include <fcntl.h>
#include <linux/types.h>
#include <sys/mman.h>

#include "abi/puck_iommu.h"

#define PCI_COMMAND		4
#define PCI_COMMAND_MASTER	4

static volatile uint8_t *iommu_map(void)
{
	int fd = open(PUCK_SYSFS "/device/resource0", O_RDWR);
	void *regs;

	if (fd < 0)
		return NULL;
	regs = mmap(NULL, PUCK_IOMMU_BAR_REGS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return regs == MAP_FAILED ? NULL : regs;
}

/* Each change of the type is a few commands. */
static bool queue_works(const char *edu)
{
	uint64_t before = counter("commands");

	return !set_domain_type(edu, "identity") && !set_domain_type(edu, "DMA-FQ") &&
	       counter("commands") >= before + 4;
}

static unsigned int number(const char *path)
{
	char line[32] = "";

	read_line(path, line, sizeof(line));
	return (unsigned int)atoi(line);
}

static unsigned int errors(void)
{
	return number(PUCK_SYSFS "/command_errors");
}

static void test_tail(volatile uint8_t *regs, const char *edu)
{
	unsigned int before = errors();
	char line[512];
	int log = log_open();

	expect_begin("command [0-9]+ refused");
	*(volatile uint32_t *)(regs + PUCK_IOMMU_CQ_TAIL) = 0xffff;
	ktap_ok(log_comes(log, "refused: tail past the queue", line, sizeof(line)),
		"bad_tail: the driver reports what the device refused");
	ktap_note("%s", line);
	expect_end();
	close(log);
	ktap_ok(errors() == before + 1, "bad_tail: and counts it");
	ktap_ok(queue_works(edu), "bad_tail: the queue goes on");
	ktap_ok(!(*(volatile uint32_t *)(regs + PUCK_IOMMU_STATUS) & PUCK_IOMMU_STATUS_CQ_ERROR),
		"bad_tail: the error is cleared");
}

static void bus_master(bool on)
{
	int fd = open(PUCK_SYSFS "/device/config", O_RDWR);
	uint16_t command = 0;

	ktap_need(pread(fd, &command, 2, PCI_COMMAND) == 2, "command register");
	command = on ? command | PCI_COMMAND_MASTER : command & ~PCI_COMMAND_MASTER;
	ktap_need(pwrite(fd, &command, 2, PCI_COMMAND) == 2, "bus mastering %s", on ? "on" : "off");
	close(fd);
}

static void test_fetch(const char *edu)
{
	unsigned int leaked = number(PUCK_SYSFS "/leaked_domains");
	char line[512];
	int log = log_open();

	expect_begin("refused: command not readable|commands work again|never freed");
	bus_master(false);
	set_domain_type(edu, "identity");
	ktap_ok(log_comes(log, "giving up", line, sizeof(line)),
		"bad_fetch: no endless repairs");
	ktap_note("%s", line);
	ktap_ok(log_comes(log, "its tables are never freed", line, sizeof(line)),
		"bad_fetch: the domain that ends now keeps its tables");
	ktap_ok(number(PUCK_SYSFS "/leaked_domains") == leaked + 1, "bad_fetch: and is counted");
	bus_master(true);
	set_domain_type(edu, "DMA-FQ");
	ktap_ok(log_comes(log, "commands work again", line, sizeof(line)),
		"bad_fetch: the queue comes back to life");
	expect_end();
	close(log);
	ktap_ok(queue_works(edu), "bad_fetch: and goes on");
}

int main(void)
{
	volatile uint8_t *regs;
	char edu[64];

	ktap_begin();
	regs = iommu_map();
	if (!regs || !pci_find(0x1234, 0x11e8, true, edu, sizeof(edu))) {
		ktap_skip("registers cannot be mapped, or no edu device in charge", "commands");
		return ktap_end();
	}
	ktap_need(queue_works(edu), "the queue works");
	test_tail(regs, edu);
	test_fetch(edu);
	test_tail(regs, edu);
	return ktap_end();
}
