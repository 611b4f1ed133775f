// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device refuses a command: the driver says so, invalidates everything
 * instead, and the queue goes on. The error is made from user space, by a
 * doorbell past the queue on the registers that the driver owns.
 *
 * Wants a kernel that lets user space map them (CONFIG_IO_STRICT_DEVMEM=n) and
 * an edu device in charge, with no driver.
 */
#include "iommu_test.h"

#include <linux/types.h>

#include "abi/puck_iommu.h"

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

int main(void)
{
	volatile uint8_t *regs;
	char edu[64], line[512];
	int log;

	ktap_begin();
	regs = iommu_map();
	if (!regs || !pci_find(0x1234, 0x11e8, true, edu, sizeof(edu))) {
		ktap_skip("registers cannot be mapped, or no edu device in charge", "commands");
		return ktap_end();
	}
	ktap_need(queue_works(edu), "the queue works");
	log = log_open();
	expect_begin("command [0-9]+ refused");
	*(volatile uint32_t *)(regs + PUCK_IOMMU_CQ_TAIL) = 0xffff;
	ktap_ok(log_find(log, "refused: tail past the queue", line, sizeof(line)),
		"the driver reports what the device refused");
	ktap_note("%s", line);
	expect_end();
	ktap_ok(read_line(PUCK_SYSFS "/command_errors", line, sizeof(line)) && atoi(line) == 1,
		"and counts it (%s)", line);
	ktap_ok(queue_works(edu), "the queue goes on");
	ktap_ok(!(*(volatile uint32_t *)(regs + PUCK_IOMMU_STATUS) & PUCK_IOMMU_STATUS_CQ_ERROR),
		"the error is cleared");
	return ktap_end();
}
