// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A stale entry of a GPU's TLB, end to end: a client leaves the flush out, and VM_CTRL.AUDIT
 * counts and names what is used by that; with the flush there is nothing to be named. The log
 * on the host is looked at by who runs this.
 */
#include "lib/base/scenario.h"
#include "lib/gpu/device.h"
#include "lib/gpu/vm.h"

#define NAME	"gpu_tlb_not_flushed"

static unsigned long long stale_uses(const struct puck *puck)
{
	return vm_counts(puck).stale;
}

static void check(const struct puck *puck)
{
	unsigned long long before = stale_uses(puck);
	const char *seen;

	seen = scenario_play(NAME, "buggy", puck->pci);
	ktap_ok(strstr(seen, "caught by canary"), "without the flush: %s", seen);
	/* The late job uses the page once. */
	ktap_ok(stale_uses(puck) == before + 1, "%llu uses of stale entries",
		stale_uses(puck) - before);

	before = stale_uses(puck);
	seen = scenario_play(NAME, "fixed", puck->pci);
	ktap_ok(!strcmp(seen, "silent"), "with the flush: %s", seen);
	ktap_ok(stale_uses(puck) == before, "nothing stale was used");
}

int main(void)
{
	struct puck puck;

	ktap_begin();
	ktap_need(!system("modprobe puck-scenarios"), "puck-scenarios loads");
	ktap_need(!puck_open(&puck, true), "there is a GPU behind the IOMMU");
	ktap_need(!vm_audit(&puck, true), "audit is on");
	check(&puck);
	ktap_ok(!vm_audit(&puck, false), "audit is off");
	return ktap_end();
}
