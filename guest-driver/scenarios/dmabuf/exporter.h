/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An exporter of a dma-buf that is right: a scenario replaces one of its lines, or has an importer
 * that is wrong. It keeps account of what importers have, and that is nobody's word but its own.
 */
#ifndef PUCK_EXPORTER_H
#define PUCK_EXPORTER_H

#include <linux/dma-buf.h>
#include <linux/list.h>

#include "core/scenario.h"

struct puck_exporter;

/**
 * struct puck_export_map - a mapping that the exporter has made
 * @node: in puck_exporter.mappings
 * @dev: for which device; a reference, since it may end with the dma-buf alone
 * @dir: in which direction
 * @sgt: what is mapped, an entry for each page
 * @handed: what importers have in its place. Some kernels spoil the pages in it
 */
struct puck_export_map {
	struct list_head node;
	struct device *dev;
	enum dma_data_direction dir;
	struct sg_table sgt;
	struct sg_table handed;
};

/**
 * struct puck_exporter_lines - what a scenario may replace
 * @map: make a mapping, with the dma_resv lock held: it, or an ERR_PTR()
 * @unmap: the importer does not need it any more; likewise
 * @to_cpu: begin_cpu_access for one mapping; likewise
 * @to_device: end_cpu_access
 * @pin: keep the memory where it is; with the dma_resv lock held
 */
struct puck_exporter_lines {
	struct puck_export_map *(*map)(struct puck_exporter *exp, struct device *dev,
				       enum dma_data_direction dir);
	void (*unmap)(struct puck_exporter *exp, struct puck_export_map *map);
	void (*to_cpu)(struct puck_export_map *map);
	void (*to_device)(struct puck_export_map *map);
	int (*pin)(struct puck_exporter *exp);
};

/**
 * struct puck_exporter - memory of single pages, as a dma-buf
 * @dmabuf: the dma-buf; who has made the exporter has a reference, and what is here goes with
 *	the last one
 * @mem: the pages; never mapped by its own function
 * @lines: what it does
 * @device_memory: importers get addresses alone, as of memory that no struct page is of
 * @mappings: struct puck_export_map.node; under the dma_resv lock
 * @attachments: how many importers there are
 * @pins: how often they have pinned it; under the dma_resv lock
 */
struct puck_exporter {
	struct dma_buf *dmabuf;
	struct puck_buffer mem;
	struct puck_exporter_lines lines;
	bool device_memory;
	struct list_head mappings;
	atomic_t attachments;
	unsigned int pins;
};

struct puck_exporter *puck_exporter_create(unsigned int npages, bool moves);
struct puck_export_map *puck_exporter_map(struct puck_exporter *exp, struct device *dev,
					  enum dma_data_direction dir);
void puck_exporter_unmap(struct puck_exporter *exp, struct puck_export_map *map);
void puck_exporter_move(struct puck_exporter *exp, struct puck_buffer *to);
unsigned int puck_exporter_mappings(struct puck_exporter *exp);

#endif /* PUCK_EXPORTER_H */
