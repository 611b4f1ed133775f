// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client that binds before puck-iommu.ko comes: the log has one clear line,
 * translation stays off and the client goes on. Once it has let go, the
 * module takes charge.
 *
 * Wants a machine that loads nothing, and an nvme that would be in charge.
 */
#include "lib/base/command.h"
#include "lib/base/iommu.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/pattern.h"
#include "lib/base/pci.h"
#include "lib/base/text_file.h"

#include <fcntl.h>

#define DISK "/dev/nvme0n1"

static bool disk_works(void)
{
	char *buf = aligned_alloc(4096, 65536);
	unsigned int looks = 0;
	int fd;
	bool ok;

	while (access(DISK, F_OK) && patient(&looks))
		;
	fd = open(DISK, O_RDWR | O_DIRECT);
	pattern_fill(buf, 65536, 5);
	ok = fd >= 0 && pwrite(fd, buf, 65536, 0) == 65536;
	memset(buf, 0, 65536);
	ok = ok && pread(fd, buf, 65536, 0) == 65536 && buf[65535];
	close(fd);
	free(buf);
	return ok;
}

int main(void)
{
	char nvme[64], line[512] = "", path[128];
	int log;

	ktap_begin();
	ktap_need(access(PUCK_SYSFS, F_OK), "puck-iommu is not loaded yet");
	ktap_need(!run("modprobe nvme"), "nvme first");
	ktap_need(pci_find(0x1b36, 0x0010, false, nvme, sizeof(nvme)), "an nvme");
	ktap_need(disk_works(), "it works");

	log = log_open();
	expect_begin("translation stays off|failed with error");
	ktap_ok(!run("modprobe puck-iommu"), "the module is loaded all the same");
	ktap_ok(log_comes(log, "translation stays off", line, sizeof(line)) && strstr(line, nvme) &&
		strstr(line, "nvme has bound"), "one line says who was first");
	ktap_note("%s", line);
	ktap_ok(!log_find(log, "translation stays off", line, sizeof(line)), "one line, not two");
	expect_end();
	ktap_ok(access(PUCK_SYSFS, F_OK), "there is no IOMMU");
	ktap_ok(disk_works(), "the nvme works as before");

	ktap_ok(!run("modprobe -r puck-iommu"), "the module goes again");
	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/nvme/unbind");
	ktap_need(!write_text(path, nvme), "nvme lets go");
	ktap_ok(!run("modprobe puck-iommu") && pci_in_charge(nvme), "now puck-iommu takes charge");
	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/nvme/bind");
	ktap_need(!write_text(path, nvme), "nvme comes back");
	ktap_ok(disk_works() && counter("translations") > 0, "and works, translated");
	ktap_ok(counter("faults") == 0, "without a fault");
	return ktap_end();
}
