// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A stale entry of puck-iommu's IOTLB, end to end. "stale_iotlb skipped": a
 * client leaves the flush out, and CTRL.AUDIT names it. "stale_iotlb dropped":
 * the client is right, and a rule of mischief loses its invalidation. The log
 * on the host is looked at by who runs this.
 */
#include "lib/base/iommu.h"
#include "lib/base/pci.h"
#include "lib/base/rules.h"
#include "lib/base/scenario.h"

#include <inttypes.h>

#define RULE	"iommu.invalidate iova=0x5ca1ab1e0000-0x5ca1ab1e0fff drop"

static char gpu[64];

static void skipped(void)
{
	uint64_t hits = counter("stale_hits"), uses = counter("stale_uses"), faults;
	const char *seen;

	ktap_need(!write_text(PUCK_SYSFS "/audit", "1"), "audit is on");
	seen = scenario_play("stale_iotlb", "buggy", gpu);
	ktap_ok(strstr(seen, "caught by canary"), "without the flush: %s", seen);
	ktap_ok(counter("stale_hits") > hits, "audit saw it (%" PRIu64 " stale hits)",
		counter("stale_hits") - hits);

	hits = counter("stale_hits");
	faults = counter("faults");
	seen = scenario_play("stale_iotlb", "fixed", gpu);
	ktap_ok(!strcmp(seen, "silent"), "with the flush: %s", seen);
	ktap_ok(counter("stale_hits") == hits, "audit saw nothing");
	ktap_ok(counter("faults") > faults, "the GPU ran into a fault");
	write_text(PUCK_SYSFS "/audit", "0");
	ktap_ok(counter("stale_uses") == uses, "no invalidation was lost");
}

static void dropped(void)
{
	uint64_t uses = counter("stale_uses");
	unsigned long number;
	const char *seen;

	ktap_need(!system("modprobe puck-mischief"), "puck-mischief loads");
	number = rule_add(RULE);
	ktap_need(number, "rule: %s", RULE);
	seen = scenario_play("stale_iotlb", "fixed", gpu);
	ktap_ok(strstr(seen, "caught by canary"), "the flush is lost: %s", seen);
	ktap_ok(counter("stale_uses") > uses, "%" PRIu64 " uses of stale entries",
		counter("stale_uses") - uses);

	ktap_ok(!rule_command("remove", number), "the rule goes");
	uses = counter("stale_uses");
	seen = scenario_play("stale_iotlb", "fixed", gpu);
	ktap_ok(!strcmp(seen, "silent"), "the flush arrives: %s", seen);
	ktap_ok(counter("stale_uses") == uses, "nothing stale was used");
}

int main(int argc, char **argv)
{
	ktap_begin();
	ktap_need(!system("modprobe puck-scenarios"), "puck-scenarios loads");
	ktap_need(pci_find(0x1234, 0x70c1, true, gpu, sizeof(gpu)),
		  "there is a puck-gpu in charge of the IOMMU");
	if (argc > 1 && !strcmp(argv[1], "dropped"))
		dropped();
	else
		skipped();
	return ktap_end();
}
