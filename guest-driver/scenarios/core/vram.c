// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page of VRAM is reached by jobs: what the CPU sees of it is the driver's business. Each
 * function returns when its job is done: 0 or a negative errno.
 */
#include "abi/puck_gpu.h"
#include "core/scenario.h"
#include "core/vram.h"

static struct puck_client_seg vram_page(u64 offset)
{
	return (struct puck_client_seg){ offset, PUCK_GPU_PAGE_SIZE, PUCK_GPU_SEG_VRAM };
}

/* The first page of a buffer, which is mapped. */
static struct puck_client_seg buffer_page(struct puck_buffer *buf)
{
	return (struct puck_client_seg){ sg_dma_address(buf->sgt.sgl), PUCK_GPU_PAGE_SIZE };
}

static int copy_vram(struct puck_client *client, struct puck_client_seg src,
		     struct puck_client_seg dst)
{
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_COPY,
		.length = PUCK_GPU_PAGE_SIZE,
		.src = &src,
		.nsrc = 1,
		.dst = &dst,
		.ndst = 1,
	};

	return puck_run_job(client, &job);
}

/* Store @value in the page over and over. */
int puck_vram_fill(struct puck_client *client, u64 offset, u32 value)
{
	struct puck_client_seg dst = vram_page(offset);
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_FILL,
		.value = value,
		.length = PUCK_GPU_PAGE_SIZE,
		.dst = &dst,
		.ndst = 1,
	};

	return puck_run_job(client, &job);
}

/* Copy a page into VRAM. */
int puck_vram_write(struct puck_client *client, u64 offset, struct puck_buffer *from)
{
	return copy_vram(client, buffer_page(from), vram_page(offset));
}

/* Copy the page out of VRAM; the CPU sees it when @to is unmapped. */
int puck_vram_read(struct puck_client *client, u64 offset, struct puck_buffer *to)
{
	return copy_vram(client, vram_page(offset), buffer_page(to));
}
