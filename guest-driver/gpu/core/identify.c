// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the device is and what it has (docs/specs/gpu.rst, "Versions", "Registers",
 * "Interrupt sources", "Rings"). All of it is read here, once, and checked before
 * anything relies on it: hardware may be broken, or want to do harm.
 */
#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/pci.h>
#include <linux/string.h>

#include "core/device.h"

#define PUCK_VECTORS_MAX	(PUCK_GPU_SOURCE_VECTOR + 1)
#define PUCK_NO_VECTOR		(~0u)

/**
 * struct puck_sources - the vectors of the interrupt sources that the driver knows
 * @taken: vectors that a source has
 * @error: of the error queue, or PUCK_NO_VECTOR
 * @fence: of each ring, or PUCK_NO_VECTOR
 * @vblank: of each head, or PUCK_NO_VECTOR
 */
struct puck_sources {
	DECLARE_BITMAP(taken, PUCK_VECTORS_MAX);
	u32 error;
	u32 fence[PUCK_GPU_RINGS_MAX];
	u32 vblank[PUCK_DISPLAY_HEADS_MAX];
};

static int puck_identify_version(struct puck_device *puck)
{
	struct device *dev = puck->drm.dev;
	u32 magic = puck_read(puck, PUCK_GPU_MAGIC);
	u32 version = puck_read(puck, PUCK_GPU_VERSION);

	if (magic != PUCK_GPU_MAGIC_VALUE)
		return dev_err_probe(dev, -ENODEV, "bad magic %#x\n", magic);
	/* A minor version adds something, and asking for it is by FEATURES. */
	if ((version ^ PUCK_GPU_VERSION_VALUE) & PUCK_GPU_VERSION_MAJOR)
		return dev_err_probe(dev, -ENODEV, "unknown version %#x\n", version);
	if (pci_resource_len(puck->pdev, PUCK_GPU_BAR_REGS) < PUCK_GPU_BAR_REGS_SIZE)
		return dev_err_probe(dev, -ENODEV, "too few registers\n");
	return 0;
}

/* Page tables; with segments shorter than an entry they could not be written. */
static int puck_identify_vms(struct puck_device *puck)
{
	if (!(puck->features & PUCK_GPU_FEATURE_VM) || puck->seg_len_max < sizeof(__le64))
		return 0;
	puck->vm_count = puck_read(puck, PUCK_GPU_VM_COUNT);
	if (!puck->vm_count || puck->vm_count > PUCK_GPU_VMS_MAX)
		return dev_err_probe(puck->drm.dev, -ENODEV, "%u page tables\n", puck->vm_count);
	return 0;
}

/* BAR 2 shows the first bytes of VRAM, and may end before VRAM does; never behind it. */
static int puck_identify_vram(struct puck_device *puck)
{
	puck->vram_size = puck_read64(puck, PUCK_GPU_VRAM_SIZE);
	puck->vram_visible = pci_resource_len(puck->pdev, PUCK_GPU_BAR_VRAM);
	if (!puck->vram_visible || puck->vram_visible > puck->vram_size)
		return dev_err_probe(puck->drm.dev, -ENODEV, "%llu bytes of VRAM, %llu in BAR %u\n",
				     puck->vram_size, puck->vram_visible, PUCK_GPU_BAR_VRAM);
	return 0;
}

/* Without the kernel's helpers the device has no heads, as far as the driver is concerned. */
static int puck_identify_display(struct puck_device *puck)
{
	u32 num;

	if (!IS_ENABLED(CONFIG_DRM_KMS_HELPER) || !(puck->features & PUCK_GPU_FEATURE_DISPLAY))
		return 0;
	num = puck_read(puck, PUCK_DISPLAY_HEADS);
	if (!num || num > PUCK_DISPLAY_HEADS_MAX)
		return dev_err_probe(puck->drm.dev, -ENODEV, "%u heads\n", num);
	puck->num_heads = num;
	return 0;
}

static int puck_identify_limits(struct puck_device *puck)
{
	int ret;

	puck->features = puck_read64(puck, PUCK_GPU_FEATURES);
	puck->seg_len_max = puck_read(puck, PUCK_GPU_SEG_LEN_MAX);
	puck->segs_max = puck_read(puck, PUCK_GPU_SEGS_MAX);
	if (!puck->seg_len_max || !puck->segs_max)
		return dev_err_probe(puck->drm.dev, -ENODEV, "bad limits\n");
	ret = puck_identify_vms(puck);
	if (!ret)
		ret = puck_identify_vram(puck);
	return ret ?: puck_identify_display(puck);
}

/* Where the vector of a source belongs; NULL if the driver has no use for it. */
static u32 *puck_source_place(struct puck_device *puck, struct puck_sources *sources, u32 source)
{
	u32 index = FIELD_GET(PUCK_GPU_SOURCE_INDEX, source);

	switch (FIELD_GET(PUCK_GPU_SOURCE_KIND, source)) {
	case PUCK_GPU_SOURCE_ERROR:
		return &sources->error;
	case PUCK_GPU_SOURCE_FENCE:
		return index < PUCK_GPU_RINGS_MAX ? &sources->fence[index] : NULL;
	case PUCK_GPU_SOURCE_VBLANK:
		return index < puck->num_heads ? &sources->vblank[index] : NULL;
	default:
		return NULL;
	}
}

static int puck_identify_source(struct puck_device *puck, struct puck_sources *sources, u32 i)
{
	u32 source = puck_read(puck, PUCK_GPU_SOURCE(i));
	u32 vector = FIELD_GET(PUCK_GPU_SOURCE_VECTOR, source);
	u32 *place = puck_source_place(puck, sources, source);

	if (!place)
		return 0;
	if ((int)vector >= pci_msix_vec_count(puck->pdev) || *place != PUCK_NO_VECTOR ||
	    __test_and_set_bit(vector, sources->taken))
		return dev_err_probe(puck->drm.dev, -ENODEV, "bad interrupt source %u: %#x\n", i,
				     source);
	*place = vector;
	puck->num_vectors = max(puck->num_vectors, vector + 1);
	return 0;
}

static int puck_identify_sources(struct puck_device *puck, struct puck_sources *sources)
{
	u32 num = puck_read(puck, PUCK_GPU_NUM_SOURCES);
	u32 i;
	int ret;

	if (num > PUCK_GPU_SOURCES_MAX)
		return dev_err_probe(puck->drm.dev, -ENODEV, "%u interrupt sources\n", num);

	bitmap_zero(sources->taken, PUCK_VECTORS_MAX);
	/* All of them PUCK_NO_VECTOR. */
	memset_startat(sources, 0xff, error);
	for (i = 0; i < num; i++) {
		ret = puck_identify_source(puck, sources, i);
		if (ret)
			return ret;
	}
	if (sources->error == PUCK_NO_VECTOR)
		return dev_err_probe(puck->drm.dev, -ENODEV, "no interrupt for errors\n");
	puck->error_vector = sources->error;
	return 0;
}

static int puck_identify_heads(struct puck_device *puck, const struct puck_sources *sources)
{
	u32 i;

	for (i = 0; i < puck->num_heads; i++) {
		puck->head_vector[i] = sources->vblank[i];
		if (puck->head_vector[i] == PUCK_NO_VECTOR)
			return dev_err_probe(puck->drm.dev, -ENODEV, "head %u: no interrupt\n", i);
	}
	return 0;
}

/* The opcodes that each ring of a kind takes; zero for a kind that is not known. */
static u64 puck_kind_ops(u32 kind)
{
	switch (kind) {
	case PUCK_GPU_KIND_COPY:
		return PUCK_GPU_OPS_COPY;
	case PUCK_GPU_KIND_COMPUTE:
		return PUCK_GPU_OPS_COMPUTE;
	case PUCK_GPU_KIND_RENDER3D:
		return PUCK_RENDER_OPS;
	default:
		return 0;
	}
}

/* Without the feature there are no registers of 3D, whatever rings there are. */
static bool puck_kind_is_known(struct puck_device *puck, u32 kind)
{
	return puck_kind_ops(kind) && (kind != PUCK_GPU_KIND_RENDER3D ||
				       puck->features & PUCK_GPU_FEATURE_RENDER3D);
}

static int puck_identify_ring(struct puck_device *puck, struct puck_ring_info *ring)
{
	struct device *dev = puck->drm.dev;
	u32 regs = PUCK_GPU_RING(ring->index);
	u32 order = puck_read(puck, regs + PUCK_GPU_RING_ORDER_MAX);
	u64 needed = puck_kind_ops(ring->kind);

	if (puck->vm_count && ring->kind != PUCK_GPU_KIND_RENDER3D)
		needed |= PUCK_GPU_OPS_VM;
	ring->ops = puck_read64(puck, regs + PUCK_GPU_RING_OPS);
	ring->order = min(order, PUCK_RING_ORDER);
	if ((ring->ops & needed) != needed)
		return dev_err_probe(dev, -ENODEV, "ring %u: of kind %u, but takes %#llx\n",
				     ring->index, ring->kind, ring->ops);
	if (ring->order < PUCK_RING_ORDER_MIN)
		return dev_err_probe(dev, -ENODEV, "ring %u: order %u at most\n", ring->index,
				     order);
	if (ring->vector == PUCK_NO_VECTOR)
		return dev_err_probe(dev, -ENODEV, "ring %u: no interrupt\n", ring->index);
	return 0;
}

/* Rings of a kind that is not known stay off, and nothing else is asked of them. */
static int puck_identify_rings(struct puck_device *puck, const struct puck_sources *sources,
			       struct puck_ring_info *rings, u32 *num_rings)
{
	u32 num = puck_read(puck, PUCK_GPU_NUM_RINGS);
	struct puck_ring_info *ring = rings;
	u32 i;
	int ret;

	if (num > PUCK_GPU_RINGS_MAX)
		return dev_err_probe(puck->drm.dev, -ENODEV, "%u rings\n", num);

	for (i = 0; i < num; i++) {
		ring->index = i;
		ring->kind = puck_read(puck, PUCK_GPU_RING(i) + PUCK_GPU_RING_KIND);
		ring->vector = sources->fence[i];
		if (!puck_kind_is_known(puck, ring->kind))
			continue;
		ret = puck_identify_ring(puck, ring);
		if (ret)
			return ret;
		ring++;
	}
	*num_rings = ring - rings;
	if (!*num_rings)
		return dev_err_probe(puck->drm.dev, -ENODEV, "no ring of a known kind\n");
	return 0;
}

/**
 * puck_identify - see what the device is and what it has
 * @puck: the device, its registers mapped; its limits are filled in
 * @rings: room for PUCK_GPU_RINGS_MAX; filled with the rings of known kinds
 * @num_rings: set to how many these are
 *
 * Return: 0, or -ENODEV if it is no puck-gpu of a kind that the driver knows.
 */
int puck_identify(struct puck_device *puck, struct puck_ring_info *rings, u32 *num_rings)
{
	struct puck_sources sources;
	int ret;

	ret = puck_identify_version(puck);
	if (!ret)
		ret = puck_identify_limits(puck);
	if (!ret)
		ret = puck_identify_sources(puck, &sources);
	if (!ret)
		ret = puck_identify_heads(puck, &sources);
	if (!ret)
		ret = puck_identify_rings(puck, &sources, rings, num_rings);
	return ret;
}
