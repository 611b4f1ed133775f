/* SPDX-License-Identifier: GPL-2.0-or-later */
/* puck-dma in front of the GPU of a lab: its policies, and what it counts. docs/dma.rst. */
#ifndef LIB_LABS_MAPPER_H
#define LIB_LABS_MAPPER_H

#include <stdint.h>
#include <stdio.h>

#include "lib/labs/lab.h"
#include "lib/mapper/device.h"

/* Before the module is loaded: the mapper takes the GPU when its driver binds. */
static inline void lab_mapper(const struct lab *lab, const char *policy)
{
	char line[256];

	snprintf(line, sizeof(line), "%s=%s", lab->dev, policy);
	ktap_need(!write_text(MAPPER "/devices", line), "puck-dma takes %s", lab->dev);
}

/* From the next bind on the kernel's own DMA layer has the GPU. */
static inline void lab_no_mapper(const struct lab *lab)
{
	char line[64];

	snprintf(line, sizeof(line), "-%s", lab->dev);
	ktap_need(!write_text(MAPPER "/devices", line), "puck-dma lets %s go", lab->dev);
}

/* For mappings from now on. */
static inline void lab_policy(const struct lab *lab, const char *policy)
{
	dma_set_policy(lab->dev, policy);
}

/* Mappings that are there now. */
static inline uint64_t lab_live(const struct lab *lab)
{
	return dma_counter(lab->dev, "live");
}

#endif /* LIB_LABS_MAPPER_H */
