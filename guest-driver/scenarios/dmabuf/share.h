/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A dma-buf, a GPU that has imported it, and a CPU that looks at it.
 */
#ifndef PUCK_SHARE_H
#define PUCK_SHARE_H

#include <linux/dma-buf.h>

#include "dmabuf/exporter.h"

/**
 * struct puck_share - an exporter, and the run's GPU as its importer
 * @exp: the exporter
 * @attach: the GPU's attachment, or NULL
 * @sgt: what it has mapped, or NULL
 * @dir: in which direction
 * @segs: segments of @sgt
 * @copy: memory of the GPU's client: copy.src is what it writes to the dma-buf
 * @seen: what the CPU has read; never mapped
 */
struct puck_share {
	struct puck_exporter *exp;
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	enum dma_data_direction dir;
	struct puck_client_seg *segs;
	struct puck_copy copy;
	struct puck_buffer seen;
};

int puck_share_init(struct puck_run *run, struct puck_share *share, unsigned int npages,
		    bool moves);
void puck_share_fini(struct puck_share *share);
int puck_share_setup(struct puck_run *run, unsigned int npages);
void puck_share_teardown(struct puck_run *run);
int puck_share_attach(struct puck_run *run, struct puck_share *share,
		      const struct dma_buf_attach_ops *ops);
int puck_share_map(struct puck_run *run, struct puck_share *share, enum dma_data_direction dir);
void puck_share_forget(struct puck_share *share);
void puck_share_unmap(struct puck_share *share);
void puck_share_detach(struct puck_share *share);
int puck_share_write(struct puck_run *run, struct puck_share *share);
int puck_share_look(struct puck_share *share);
void puck_share_check(struct puck_run *run, struct puck_share *share);
void puck_share_verdict(struct puck_run *run);

#endif /* PUCK_SHARE_H */
