// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of buffers, as vb2 asks for it: pages that no two neighbours are part of, and one more
 * as a guard. That one is of the same mapping, so that a device that goes too far gets there
 * whatever translates for it, and nobody else's memory is harmed.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "camera/camera.h"

/**
 * puck_camera_memory_alloc - vb2's alloc
 * @vb: the buffer
 * @dev: who is to access it
 * @size: bytes, in whole pages
 *
 * Return: the memory, mapped, or an ERR_PTR().
 */
void *puck_camera_memory_alloc(struct vb2_buffer *vb, struct device *dev, unsigned long size)
{
	struct puck_buffer *mem = kzalloc(sizeof(*mem), GFP_KERNEL);
	int ret;

	if (!mem)
		return ERR_PTR(-ENOMEM);
	ret = puck_buffer_alloc(mem, (size + PUCK_CAMERA_GUARD) >> PAGE_SHIFT);
	if (ret)
		goto err_mem;
	memset_page(mem->pages[mem->npages - 1], 0, PUCK_CAMERA_CANARY, PUCK_CAMERA_GUARD);
	ret = puck_buffer_map(mem, dev, vb->vb2_queue->dma_dir);
	if (ret)
		goto err_pages;
	return mem;

err_pages:
	puck_buffer_free(mem);
err_mem:
	kfree(mem);
	return ERR_PTR(ret);
}

/**
 * puck_camera_memory_put - vb2's put
 * @priv: the memory
 */
void puck_camera_memory_put(void *priv)
{
	puck_buffer_free(priv);
	kfree(priv);
}

/**
 * puck_camera_memory_prepare - vb2's prepare: the device gets the memory
 * @priv: the memory
 */
void puck_camera_memory_prepare(void *priv)
{
	struct puck_buffer *mem = priv;

	dma_sync_sgtable_for_device(mem->dev, &mem->sgt, mem->dir);
}

/**
 * puck_camera_memory_finish - vb2's finish: the CPU has it again
 * @priv: the memory
 */
void puck_camera_memory_finish(void *priv)
{
	struct puck_buffer *mem = priv;

	dma_sync_sgtable_for_cpu(mem->dev, &mem->sgt, mem->dir);
}

/**
 * puck_camera_memory_mmap - vb2's mmap, on which it insists
 * @priv: the memory
 * @vma: nobody's: there is no file that it could be mapped through
 *
 * Return: -ENODEV.
 */
int puck_camera_memory_mmap(void *priv, struct vm_area_struct *vma)
{
	return -ENODEV;
}

/**
 * puck_camera_memory - the memory of a buffer
 * @buf: the buffer
 *
 * Return: it, with its guard.
 */
struct puck_buffer *puck_camera_memory(struct puck_camera_buffer *buf)
{
	return buf->vb.planes[0].mem_priv;
}

/**
 * puck_camera_read - copy bytes out of a buffer
 * @buf: the buffer; the user has it
 * @offset: where in it, or in its guard
 * @to: where to
 * @size: bytes
 */
void puck_camera_read(struct puck_camera_buffer *buf, size_t offset, void *to, size_t size)
{
	struct puck_buffer *mem = puck_camera_memory(buf);

	while (size) {
		size_t piece = min(size, PAGE_SIZE - offset_in_page(offset));

		memcpy_from_page(to, mem->pages[offset >> PAGE_SHIFT], offset_in_page(offset),
				 piece);
		offset += piece;
		to += piece;
		size -= piece;
	}
}

/**
 * puck_camera_overrun - look at the guard
 * @buf: the buffer; the user has it
 *
 * Return: bytes of it that have changed.
 */
unsigned int puck_camera_overrun(struct puck_camera_buffer *buf)
{
	struct puck_buffer *mem = puck_camera_memory(buf);
	const u8 *guard = kmap_local_page(mem->pages[mem->npages - 1]);
	unsigned int i, changed = 0;

	for (i = 0; i < PUCK_CAMERA_GUARD; i++)
		changed += guard[i] != PUCK_CAMERA_CANARY;
	kunmap_local(guard);
	return changed;
}
