// SPDX-License-Identifier: GPL-2.0-only
/*
 * What every exporter gets right.
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/highmem.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "compat/dmabuf.h"
#include "dmabuf/exporter.h"

static int attach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct puck_exporter *exp = dmabuf->priv;

	atomic_inc(&exp->attachments);
	return 0;
}

static void detach(struct dma_buf *dmabuf, struct dma_buf_attachment *attach)
{
	struct puck_exporter *exp = dmabuf->priv;

	atomic_dec(&exp->attachments);
}

/* The core has the lock. */
static int count_pin(struct puck_exporter *exp)
{
	dma_resv_assert_held(exp->dmabuf->resv);

	exp->pins++;
	return 0;
}

static int pin(struct dma_buf_attachment *attach)
{
	struct puck_exporter *exp = attach->dmabuf->priv;

	return exp->lines.pin(exp);
}

static void unpin(struct dma_buf_attachment *attach)
{
	struct puck_exporter *exp = attach->dmabuf->priv;

	exp->pins--;
}

static int make_table(struct puck_exporter *exp, struct sg_table *sgt)
{
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	ret = sg_alloc_table(sgt, exp->mem.npages, GFP_KERNEL);
	if (ret)
		return ret;
	for_each_sgtable_sg(sgt, sg, i)
		sg_set_page(sg, exp->mem.pages[i], PAGE_SIZE, 0);
	return 0;
}

/* What importers get says the same as what is mapped; of memory of a device no pages. */
static void fill_handed(struct puck_exporter *exp, struct puck_export_map *map)
{
	struct scatterlist *from, *to = map->handed.sgl;
	unsigned int i;

	for_each_sgtable_sg(&map->sgt, from, i) {
		if (exp->device_memory)
			sg_set_page(to, NULL, PAGE_SIZE, 0);
		sg_dma_address(to) = sg_dma_address(from);
		sg_dma_len(to) = sg_dma_len(from);
		to = sg_next(to);
	}
	map->handed.nents = map->sgt.nents;
}

/**
 * puck_exporter_map - make a mapping
 * @exp: the exporter
 * @dev: for which device
 * @dir: in which direction
 *
 * Context: with the dma_resv lock held.
 * Return: the mapping or an ERR_PTR().
 */
struct puck_export_map *puck_exporter_map(struct puck_exporter *exp, struct device *dev,
					  enum dma_data_direction dir)
{
	struct puck_export_map *map = kzalloc(sizeof(*map), GFP_KERNEL);
	int ret;

	if (!map)
		return ERR_PTR(-ENOMEM);
	map->dev = get_device(dev);
	map->dir = dir;
	ret = make_table(exp, &map->sgt);
	if (ret)
		goto err_free;
	ret = make_table(exp, &map->handed);
	if (ret)
		goto err_table;
	ret = dma_map_sgtable(dev, &map->sgt, dir, 0);
	if (ret)
		goto err_handed;
	fill_handed(exp, map);
	list_add_tail(&map->node, &exp->mappings);
	return map;

err_handed:
	sg_free_table(&map->handed);
err_table:
	sg_free_table(&map->sgt);
err_free:
	put_device(map->dev);
	kfree(map);
	return ERR_PTR(ret);
}

/**
 * puck_exporter_unmap - end a mapping
 * @exp: the exporter
 * @map: the mapping
 *
 * Context: with the dma_resv lock held, or nobody has the dma-buf.
 */
void puck_exporter_unmap(struct puck_exporter *exp, struct puck_export_map *map)
{
	list_del(&map->node);
	dma_unmap_sgtable(map->dev, &map->sgt, map->dir, 0);
	sg_free_table(&map->handed);
	sg_free_table(&map->sgt);
	put_device(map->dev);
	kfree(map);
}

static struct sg_table *map_dma_buf(struct dma_buf_attachment *attach,
				    enum dma_data_direction dir)
{
	struct puck_exporter *exp = attach->dmabuf->priv;
	struct puck_export_map *map = exp->lines.map(exp, attach->dev, dir);

	return IS_ERR(map) ? ERR_CAST(map) : &map->handed;
}

static void unmap_dma_buf(struct dma_buf_attachment *attach, struct sg_table *sgt,
			  enum dma_data_direction dir)
{
	struct puck_exporter *exp = attach->dmabuf->priv;

	exp->lines.unmap(exp, container_of(sgt, struct puck_export_map, handed));
}

static void to_cpu(struct puck_export_map *map)
{
	dma_sync_sgtable_for_cpu(map->dev, &map->sgt, map->dir);
}

static void to_device(struct puck_export_map *map)
{
	dma_sync_sgtable_for_device(map->dev, &map->sgt, map->dir);
}

static int hand_over(struct dma_buf *dmabuf, void (*line)(struct puck_export_map *map))
{
	struct puck_exporter *exp = dmabuf->priv;
	struct puck_export_map *map;

	dma_resv_lock(dmabuf->resv, NULL);
	list_for_each_entry(map, &exp->mappings, node)
		line(map);
	dma_resv_unlock(dmabuf->resv);
	return 0;
}

static int begin_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct puck_exporter *exp = dmabuf->priv;

	return hand_over(dmabuf, exp->lines.to_cpu);
}

static int end_cpu_access(struct dma_buf *dmabuf, enum dma_data_direction dir)
{
	struct puck_exporter *exp = dmabuf->priv;

	return hand_over(dmabuf, exp->lines.to_device);
}

static int vmap_pages(struct dma_buf *dmabuf, struct iosys_map *map)
{
	struct puck_exporter *exp = dmabuf->priv;
	void *addr = vmap(exp->mem.pages, exp->mem.npages, VM_MAP, PAGE_KERNEL);

	if (!addr)
		return -ENOMEM;
	iosys_map_set_vaddr(map, addr);
	return 0;
}

static void vunmap_pages(struct dma_buf *dmabuf, struct iosys_map *map)
{
	vunmap(map->vaddr);
}

/* The last reference is gone; what importers have left behind is mapped no longer than that. */
static void release(struct dma_buf *dmabuf)
{
	struct puck_exporter *exp = dmabuf->priv;
	struct puck_export_map *map, *next;

	list_for_each_entry_safe(map, next, &exp->mappings, node)
		puck_exporter_unmap(exp, map);
	puck_buffer_free(&exp->mem);
	kfree(exp);
}

static const struct dma_buf_ops fixed_ops = {
	.attach = attach,
	.detach = detach,
	.map_dma_buf = map_dma_buf,
	.unmap_dma_buf = unmap_dma_buf,
	.begin_cpu_access = begin_cpu_access,
	.end_cpu_access = end_cpu_access,
	.vmap = vmap_pages,
	.vunmap = vunmap_pages,
	.release = release,
};

static const struct dma_buf_ops moving_ops = {
	.attach = attach,
	.detach = detach,
	.pin = pin,
	.unpin = unpin,
	.map_dma_buf = map_dma_buf,
	.unmap_dma_buf = unmap_dma_buf,
	.begin_cpu_access = begin_cpu_access,
	.end_cpu_access = end_cpu_access,
	.vmap = vmap_pages,
	.vunmap = vunmap_pages,
	.release = release,
};

/**
 * puck_exporter_create - make memory, and a dma-buf of it
 * @npages: pages
 * @moves: it may move: importers may want to be told
 *
 * Context: may sleep.
 * Return: the exporter, which goes with its dma-buf: dma_buf_put(); or an ERR_PTR().
 */
struct puck_exporter *puck_exporter_create(unsigned int npages, bool moves)
{
	struct puck_exporter *exp = kzalloc(sizeof(*exp), GFP_KERNEL);
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	int ret;

	if (!exp)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&exp->mappings);
	exp->lines = (struct puck_exporter_lines){
		.map = puck_exporter_map,
		.unmap = puck_exporter_unmap,
		.to_cpu = to_cpu,
		.to_device = to_device,
		.pin = count_pin,
	};
	ret = puck_buffer_alloc(&exp->mem, npages);
	if (ret)
		goto err_free;
	info.ops = moves ? &moving_ops : &fixed_ops;
	info.size = (size_t)npages * PAGE_SIZE;
	info.flags = O_RDWR | O_CLOEXEC;
	info.priv = exp;
	exp->dmabuf = dma_buf_export(&info);
	if (!IS_ERR(exp->dmabuf))
		return exp;
	ret = PTR_ERR(exp->dmabuf);
	puck_buffer_free(&exp->mem);
err_free:
	kfree(exp);
	return ERR_PTR(ret);
}

/**
 * puck_exporter_move - move the memory to other pages, and tell importers
 * @exp: the exporter, of one that moves; no device is at work there
 * @to: as many pages, not mapped; gets those that the memory has left
 *
 * Context: may sleep.
 */
void puck_exporter_move(struct puck_exporter *exp, struct puck_buffer *to)
{
	unsigned int i;

	dma_resv_lock(exp->dmabuf->resv, NULL);
	WARN_ON_ONCE(exp->pins);
	dma_buf_invalidate_mappings(exp->dmabuf);
	for (i = 0; i < to->npages; i++)
		copy_highpage(to->pages[i], exp->mem.pages[i]);
	swap(exp->mem, *to);
	dma_resv_unlock(exp->dmabuf->resv);
}

/**
 * puck_exporter_mappings - count what importers have mapped
 * @exp: the exporter
 *
 * Context: may sleep.
 * Return: mappings.
 */
unsigned int puck_exporter_mappings(struct puck_exporter *exp)
{
	unsigned int count;

	dma_resv_lock(exp->dmabuf->resv, NULL);
	count = list_count_nodes(&exp->mappings);
	dma_resv_unlock(exp->dmabuf->resv);
	return count;
}
