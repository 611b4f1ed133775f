// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables with one way through them, done right. The CPU writes them: they are coherent
 * memory, and the doorbell of the next job orders them in front of it.
 */
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>

#include "abi/puck_gpu.h"
#include "core/scenario.h"
#include "core/space.h"

#define RIGHTS		(PUCK_GPU_PTE_READ | PUCK_GPU_PTE_WRITE)
#define TABLES_SIZE	(PUCK_GPU_PT_LEVELS * PUCK_GPU_PAGE_SIZE)

/**
 * puck_space_skip - why scenarios with page tables cannot run
 * @run: the run
 *
 * Return: the reason, or NULL: they can.
 */
const char *puck_space_skip(struct puck_run *run)
{
	return puck_client_num_vms(run->client) ? NULL : "a GPU without page tables";
}

/* The entry for the page in the table number @i, of which 0 is the root. */
static __le64 *entry(struct puck_space *space, unsigned int i)
{
	unsigned int shift = 12 + 9 * (PUCK_GPU_PT_LEVELS - 1 - i);
	unsigned int index = (PUCK_SPACE_VA >> shift) % PUCK_GPU_PT_ENTRIES;

	return &space->tables[i * PUCK_GPU_PT_ENTRIES + index];
}

/* The last table's, which names the page. In one access: the GPU may be looking. */
static void set_page(struct puck_space *space, u64 pte)
{
	WRITE_ONCE(*entry(space, PUCK_GPU_PT_LEVELS - 1), cpu_to_le64(pte));
}

/**
 * puck_space_init - make a VM with no page in it
 * @run: the run
 * @space: zeroed; whatever is returned, puck_space_fini() is due
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int puck_space_init(struct puck_run *run, struct puck_space *space)
{
	unsigned int i;

	space->client = run->client;
	space->dev = run->dev;
	space->vm = -1;
	space->tables = dma_alloc_coherent(run->dev, TABLES_SIZE, &space->addr, GFP_KERNEL);
	if (!space->tables)
		return -ENOMEM;
	for (i = 0; i < PUCK_GPU_PT_LEVELS - 1; i++)
		*entry(space, i) = cpu_to_le64((space->addr + (i + 1) * PUCK_GPU_PAGE_SIZE) |
					       RIGHTS);
	space->vm = puck_client_vm_create(run->client, space->addr);
	return min(space->vm, 0);
}

/**
 * puck_space_map - let the GPU have a page
 * @space: with no page in it
 * @page: DMA address; or PUCK_GPU_PTE_VRAM, and the offset in VRAM
 */
void puck_space_map(struct puck_space *space, u64 page)
{
	set_page(space, page | RIGHTS);
}

/**
 * puck_space_unmap - clear the page's entry
 * @space: the VM; the GPU is not told
 */
void puck_space_unmap(struct puck_space *space)
{
	set_page(space, 0);
}

/**
 * puck_space_flush - have the GPU drop what its TLB has of the page
 * @space: the VM
 *
 * Context: may sleep.
 * Return: 0 when that is done, or a negative errno.
 */
int puck_space_flush(struct puck_space *space)
{
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_TLB_FLUSH,
		.vm = space->vm,
		.src_va = PUCK_SPACE_VA,
		.length = PUCK_GPU_PAGE_SIZE,
	};

	return puck_run_job(space->client, &job);
}

/**
 * puck_space_fill - have a job write the page by its address
 * @space: the VM
 * @value: what is stored over and over
 *
 * Context: may sleep.
 * Return: the job's fence, a reference; or an ERR_PTR().
 */
struct dma_fence *puck_space_fill(struct puck_space *space, u32 value)
{
	struct puck_client_job job = {
		.opcode = PUCK_GPU_CMD_FILL,
		.flags = PUCK_GPU_DST_VA,
		.value = value,
		.vm = space->vm,
		.dst_va = PUCK_SPACE_VA,
		.length = PUCK_GPU_PAGE_SIZE,
	};

	return puck_client_submit(space->client, 0, &job);
}

/**
 * puck_space_fini - undo puck_space_init()
 * @space: the VM, or what there is of it; no job uses it any more
 */
void puck_space_fini(struct puck_space *space)
{
	if (!space->tables)
		return;
	if (space->vm >= 0)
		puck_client_vm_destroy(space->client, space->vm);
	dma_free_coherent(space->dev, TABLES_SIZE, space->tables, space->addr);
	space->tables = NULL;
}
