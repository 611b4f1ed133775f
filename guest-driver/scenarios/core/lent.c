// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page of a file that a GPU has mapped, and a process perhaps.
 */
#include <linux/dma-mapping.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/pagemap.h>
#include <linux/shmem_fs.h>

#include "abi/puck_gpu.h"
#include "compat/shmem.h"
#include "core/lent.h"
#include "core/scenario.h"

/**
 * puck_lent_init - make a file of one page, and map that for the GPU
 * @run: the run
 * @lent: zeroed; whatever is returned, puck_lent_fini() is due
 *
 * Return: 0 or a negative errno.
 */
int puck_lent_init(struct puck_run *run, struct puck_lent *lent)
{
	int ret;

	lent->run = run;
	lent->file = shmem_file_setup("lent", PAGE_SIZE, PUCK_SHMEM_NO_FLAGS);
	if (IS_ERR(lent->file))
		return PTR_ERR(lent->file);
	lent->page = shmem_read_mapping_page(lent->file->f_mapping, 0);
	if (IS_ERR(lent->page))
		return PTR_ERR(lent->page);
	lent->dma = dma_map_page(run->dev, lent->page, 0, PAGE_SIZE, DMA_FROM_DEVICE);
	ret = dma_mapping_error(run->dev, lent->dma);
	lent->mapped = !ret;
	return ret;
}

/**
 * puck_lent_show - map the page for this process, which sees to nobody else changing its memory
 * @lent: the page
 *
 * Return: 0 or a negative errno.
 */
int puck_lent_show(struct puck_lent *lent)
{
	unsigned long addr = vm_mmap(lent->file, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
				     0);

	if (IS_ERR_VALUE(addr))
		return addr;
	lent->addr = addr;
	return 0;
}

/* The process unmaps it; 0 or a negative errno. */
int puck_lent_hide(struct puck_lent *lent)
{
	int ret = lent->addr ? vm_munmap(lent->addr, PAGE_SIZE) : 0;

	if (!ret)
		lent->addr = 0;
	return ret;
}

/* The GPU sees it no more; nothing to do if it does not. */
void puck_lent_unmap(struct puck_lent *lent)
{
	if (lent->mapped)
		dma_unmap_page(lent->run->dev, lent->dma, PAGE_SIZE, DMA_FROM_DEVICE);
	lent->mapped = false;
}

/* No job and no process is at work there any more. */
void puck_lent_fini(struct puck_lent *lent)
{
	puck_lent_hide(lent);
	puck_lent_unmap(lent);
	if (!IS_ERR_OR_NULL(lent->page))
		put_page(lent->page);
	if (!IS_ERR_OR_NULL(lent->file))
		fput(lent->file);
}

struct puck_client_job puck_lent_job(const struct puck_lent *lent, struct puck_client_seg *seg)
{
	*seg = (struct puck_client_seg){ .addr = lent->dma, .len = PAGE_SIZE };
	return (struct puck_client_job){
		.opcode = PUCK_GPU_CMD_FILL,
		.dst = seg,
		.ndst = 1,
		.length = PAGE_SIZE,
		.value = PUCK_LENT_TRACE,
	};
}
