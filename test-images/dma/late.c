// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that binds around the time at which puck-dma.ko comes, or at which a line
 * chooses its device: first, later, or at the same time in the background. Either the
 * device is under the mapper as soon as its driver is to be seen, or the log says that the
 * driver was there before. It never is out of the mapper unnoticed.
 *
 * Wants an nvme behind any IOMMU, with neither module loaded; nvme's probe is one of
 * those that the kernel does in the background.
 */
#include "lib/base/command.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/pci.h"
#include "lib/base/text_file.h"

#define MAPPER		"/sys/kernel/debug/puck-dma"
#define ROUNDS		6

static char nvme[64];

static bool bound(void)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver", nvme);
	return !access(path, F_OK);
}

static void wait_bound(void)
{
	unsigned int looks = 0;

	while (!bound() && patient(&looks))
		;
}

static bool under_mapper(void)
{
	char path[128];

	snprintf(path, sizeof(path), MAPPER "/%s/policy", nvme);
	return !access(path, F_OK);
}

/* Whether the log says that the driver was there before the mapper. */
static bool told(int log)
{
	char line[512], text[128];

	snprintf(text, sizeof(text), "%s: puck-dma: nvme has bound to it before", nvme);
	return log_has(log, text, line, sizeof(line));
}

static void nvme_goes(void)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/nvme/unbind");
	ktap_need(!write_text(path, nvme), "nvme lets go");
}

static void nvme_first(void)
{
	int log = log_open();

	ktap_need(!run("modprobe nvme"), "nvme first");
	wait_bound();
	ktap_need(!run("modprobe puck-dma devices=%s=merge=none", nvme), "the mapper then");
	ktap_ok(!under_mapper() && told(log), "a driver that was there before the mapper is told");
	ktap_ok(!write_text(MAPPER "/devices", "all=") && told(log),
		"and once more when another line chooses its device");
	nvme_goes();
	ktap_ok(!write_text("/sys/bus/pci/drivers/nvme/bind", nvme) && under_mapper() && !told(log),
		"its next bind is under the mapper");
	ktap_ok(!write_text(MAPPER "/devices", "all=merge=none") && !told(log),
		"and a line for a device under the mapper is no complaint");
	close(log);
}

/* The device is found again, and bound in the background, with the mapper there. */
static void mapper_first(void)
{
	char path[128];
	int slipped = 0, round;

	for (round = 0; round < ROUNDS; round++) {
		snprintf(path, sizeof(path), PCI_DEVICES "/%s/remove", nvme);
		ktap_need(!write_text(path, "1"), "it is taken away");
		ktap_need(!write_text("/sys/bus/pci/rescan", "1"), "and found");
		wait_bound();
		slipped += !under_mapper();
	}
	ktap_ok(!slipped, "a driver is not to be seen before its device is under the mapper");
}

/* Both modules at once, the one or the other a little later. */
static void both_at_once(void)
{
	int under = 0, noticed = 0, round;

	for (round = 0; round < ROUNDS; round++) {
		int log = log_open();

		ktap_need(!run("modprobe -r nvme && modprobe -r puck-dma"), "both are gone");
		ktap_need(!run("(usleep %d; modprobe nvme) & usleep %d; modprobe puck-dma devices=all=; wait",
			       round % 4 == 1 ? 20000 : 0, round % 2 ? 0 : round * 10000),
			  "both come");
		wait_bound();
		if (under_mapper())
			under++;
		else if (told(log))
			noticed++;
		close(log);
	}
	ktap_note("%d times under the mapper, %d times before it", under, noticed);
	ktap_ok(under + noticed == ROUNDS, "whichever is first, no driver is out of the mapper unnoticed");
}

int main(void)
{
	ktap_begin();
	ktap_need(access(MAPPER, F_OK), "puck-dma is not loaded yet");
	ktap_need(pci_find_any(0x1b36, 0x0010, nvme, sizeof(nvme)) && !bound(), "an nvme without driver");
	nvme_first();
	mapper_first();
	both_at_once();
	return ktap_end();
}
