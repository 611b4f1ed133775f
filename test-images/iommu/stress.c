// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hundred thousand mappings and more, by several threads at once, through
 * the kernel's dma_map_benchmark on a device in charge: single pages, runs,
 * and runs that are longer than a 2M leaf; strict, then lazy. Lockdep and the
 * IOMMU's counters watch. The kernel's DMA debugging must not (dma_debug=off):
 * it confuses two threads of which one gets the IOVA that the other gave back.
 *
 * Wants an e1000e in charge and a kernel with CONFIG_DMA_MAP_BENCHMARK.
 */
#include "lib/base/iommu.h"
#include "lib/base/ktap.h"
#include "lib/base/map_benchmark.h"
#include "lib/base/pci.h"
#include "lib/base/text_file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/types.h>
#include <sys/ioctl.h>

#include "lib/base/map_benchmark.h"

#define DRIVER "/sys/bus/pci/drivers/dma_map_benchmark"
#define NODE "/sys/kernel/debug/dma_map_benchmark"
#define MAPPINGS 100000u

static void bind(const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver_override", name);
	ktap_need(!write_text(path, "dma_map_benchmark"), "driver_override");
	ktap_need(!write_text(DRIVER "/bind", name), "%s is bound to dma_map_benchmark", name);
}

static void unbind(const char *name)
{
	ktap_need(!write_text(DRIVER "/unbind", name), "%s is unbound", name);
}

static bool stress(__u32 threads, __u32 pages, __u32 bits)
{
	struct map_benchmark job = {
		.threads = threads, .seconds = 1, .node = -1, .dma_bits = bits,
		.granule = pages,
	};
	int fd = open(NODE, O_RDWR);
	bool ok = fd >= 0 && !ioctl(fd, DMA_MAP_BENCHMARK, &job);

	ktap_note("%u threads, %u pages, %u bits: map %.1f us, unmap %.1f us", threads, pages, bits,
		  job.avg_map_100ns / 10.0, job.avg_unmap_100ns / 10.0);
	close(fd);
	return ok;
}

/* In strict mode each unmap is an invalidation: they count the mappings. */
static void test_strict(const char *name)
{
	uint64_t before = counter("invalidations"), done;
	int rounds;

	ktap_need(!set_domain_type(name, "DMA"), "strict");
	bind(name);
	for (rounds = 0; rounds < 20; rounds++) {
		if (!stress(4, 1, 48) || !stress(2, 8, 32))
			break;
		done = counter("invalidations") - before;
		if (done >= MAPPINGS)
			break;
	}
	ktap_ok(done >= MAPPINGS, "%" PRIu64 " mappings made and taken away, strictly", done);
	unbind(name);
}

static void test_lazy(const char *name)
{
	ktap_need(!set_domain_type(name, "DMA-FQ"), "lazy");
	bind(name);
	ktap_ok(stress(4, 1, 48), "single pages, lazily");
	ktap_ok(stress(2, 64, 48), "runs of 64 pages");
	ktap_ok(stress(2, 600, 48), "runs longer than 2 MiB");
	ktap_ok(stress(4, 1, 32), "below 4 GiB");
	unbind(name);
}

int main(void)
{
	uint64_t faults;
	char nic[64];

	ktap_begin();
	if (access(DRIVER, F_OK) || !pci_find(0x8086, 0x10d3, true, nic, sizeof(nic))) {
		ktap_skip("no dma_map_benchmark, or no e1000e in charge", "stress");
		return ktap_end();
	}
	faults = counter("faults");
	test_strict(nic);
	test_lazy(nic);
	ktap_ok(counter("faults") == faults, "no fault");
	return ktap_end();
}
