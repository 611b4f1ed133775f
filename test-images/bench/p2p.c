// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How fast a GPU reads the VRAM of another one, beside the way by system memory.
 *
 * usage: bench-p2p EXPORTER IMPORTER MIB RUNS
 *
 *   peer    the importer copies MIB MiB of the exporter's VRAM to its own, from device to device
 *   system  the exporter copies them to system memory, and the importer from there to its own
 *           VRAM: two such places take turns, so that neither waits for the other
 *
 * The GPUs by their PCI addresses; the way between them has to allow the first. Jobs are submitted
 * without waiting for any but the last. The two take turns, with a round of each ahead that does
 * not count; behind each all bytes are looked at.
 *
 * One line a run: "bench: peer_gbs <GB/s>" and "bench: system_gbs", of the bytes that arrive.
 */
#include "lib/base/progress.h"
#include "lib/base/span.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"
#include "lib/gpu/region.h"
#include "lib/gpu/side.h"

#define COPIES	16	/* of a round */
#define STEP	4096

static struct puck exporter, importer;
static uint64_t size;
/* What is copied, as both know it, and where to. */
static struct bo vram, seen, result;
/* The way by system memory, likewise. */
static struct bo between[2], between_seen[2];

static void share(struct bo *bo, struct bo *imported, uint32_t placements)
{
	int dmabuf;

	need(bo_create_in(exporter.fd, bo, size, placements, 0, 0), "BO");
	dmabuf = bo_export(exporter.fd, bo);
	need(dmabuf, "export");
	need(bo_import(importer.fd, imported, dmabuf, size), "import");
	close(dmabuf);
}

static void copy(const struct puck *puck, const struct bo *from, const struct bo *to, bool last)
{
	struct drm_puck_bo_ref refs[] = { ref_read(from), ref_write(to) };
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, size);
	struct drm_puck_submit args = job(puck->queue[0], refs, 2, &cmd, 1);

	need(last ? submit_wait(puck->fd, &args) : submit(puck->fd, &args), "COPY");
}

static void fill(uint8_t value)
{
	struct drm_puck_bo_ref ref = ref_write(&vram);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, size, value * 0x01010101u);
	struct drm_puck_submit args = job(exporter.queue[0], &ref, 1, &cmd, 1);

	need(submit_wait(exporter.fd, &args), "FILL");
}

static void by_peer(unsigned int i)
{
	copy(&importer, &seen, &result, i == COPIES - 1);
}

static void by_system(unsigned int i)
{
	copy(&exporter, &vram, &between[i % 2], false);
	copy(&importer, &between_seen[i % 2], &result, i == COPIES - 1);
}

static void check(uint8_t value)
{
	uint64_t at;

	need(bo_region(exporter.fd, &vram) == DRM_PUCK_REGION_VRAM &&
	     bo_region(importer.fd, &result) == DRM_PUCK_REGION_VRAM &&
	     puck_sum(&exporter, "peer") == 1 ? 0 : -EXDEV, "from VRAM to VRAM");
	need(bo_wait(importer.fd, &result, 0, FOREVER_NS), "GEM_WAIT");
	for (at = 0; at < size; at += STEP)
		need(result.map[at] == value && result.map[at + STEP - 1] == value ? 0 : -EILSEQ,
		     "what was copied");
}

static double round_of(const char *name, void (*one)(unsigned int i), uint8_t value)
{
	struct span span;
	unsigned int i;
	double us;

	fill(value);
	/* What it is now is not what it is to be. */
	copy(&importer, &between_seen[0], &result, true);
	span = span_begin(false);
	for (i = 0; i < COPIES; i++) {
		one(i);
		progress("%s: %u of %u", name, i, COPIES);
	}
	us = span_us(&span);
	check(value);
	return COPIES * size / us / 1e3;
}

int main(int argc, char **argv)
{
	int i, runs;

	if (argc != 5) {
		fprintf(stderr, "usage: bench-p2p EXPORTER IMPORTER MIB RUNS\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	need(puck_open_pci(&exporter, argv[1]), argv[1]);
	need(puck_open_pci(&importer, argv[2]), argv[2]);
	size = strtoull(argv[3], NULL, 10) << 20;
	runs = atoi(argv[4]);
	need(bo_create_vram(importer.fd, &result, size), "BO in VRAM");
	share(&vram, &seen, BO_VRAM);
	share(&between[0], &between_seen[0], BO_SYSTEM);
	share(&between[1], &between_seen[1], BO_SYSTEM);
	for (i = 0; i <= runs; i++) {
		double peer = round_of("peer", by_peer, 2 * i + 1);
		double system = round_of("system", by_system, 2 * i + 2);

		if (!i)
			continue;
		printf("bench: peer_gbs %.3f\n", peer);
		printf("bench: system_gbs %.3f\n", system);
	}
	return 0;
}
