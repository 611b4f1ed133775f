// SPDX-License-Identifier: GPL-2.0-only
/*
 * Coherent memory for user space. Writing a size to "share" of the device allocates
 * it, and makes a file "shared" that can be mapped; 0 frees it again. Writing
 * "FROM TO BYTES" to "move" lets the device read at offset FROM of it and write
 * what it read at TO. "limits" is what the DMA API says of sizes.
 */

#include <linux/dma-mapping.h>
#include <linux/kstrtox.h>

#include "compat/dma.h"
#include "edu.h"

#define EDU_SHARE_MAX	SZ_16M

/*
 * No lock: the memory is there as long as the file, whose removal waits for us and
 * takes the pages out of all address spaces.
 */
static int shared_mmap(struct file *file, struct kobject *kobj, PUCK_BIN_ATTR *attr,
		       struct vm_area_struct *vma)
{
	struct edu *edu = attr->private;

	return dma_mmap_coherent(&edu->pdev->dev, vma, edu->shared, edu->shared_iova,
				 edu->shared_size);
}

/**
 * edu_share_end - free the shared memory, if there is any
 * @edu: the device; its lock is held, or nobody else is there any more
 */
void edu_share_end(struct edu *edu)
{
	if (!edu->shared)
		return;
	sysfs_remove_bin_file(&edu->pdev->dev.kobj, &edu->file);
	dma_free_coherent(&edu->pdev->dev, edu->shared_size, edu->shared, edu->shared_iova);
	edu->shared = NULL;
}

static int share_begin(struct edu *edu, size_t size)
{
	struct device *dev = &edu->pdev->dev;
	int ret;

	edu->shared = dma_alloc_coherent(dev, size, &edu->shared_iova, GFP_KERNEL);
	if (!edu->shared)
		return -ENOMEM;
	edu->shared_size = size;
	sysfs_bin_attr_init(&edu->file);
	edu->file.attr.name = "shared";
	edu->file.attr.mode = 0600;
	edu->file.size = PAGE_ALIGN(size);
	edu->file.private = edu;
	edu->file.mmap = shared_mmap;
	ret = sysfs_create_bin_file(&dev->kobj, &edu->file);
	if (!ret)
		return 0;
	dma_free_coherent(dev, size, edu->shared, edu->shared_iova);
	edu->shared = NULL;
	return ret;
}

static ssize_t share_store(struct device *dev, struct device_attribute *attr, const char *buf,
			   size_t count)
{
	struct edu *edu = dev_get_drvdata(dev);
	unsigned int size;
	int ret;

	ret = kstrtouint(buf, 0, &size);
	if (ret)
		return ret;
	if (size > EDU_SHARE_MAX)
		return -EINVAL;
	mutex_lock(&edu->lock);
	edu_share_end(edu);
	if (size)
		ret = share_begin(edu, size);
	mutex_unlock(&edu->lock);
	return ret ?: count;
}
static DEVICE_ATTR_WO(share);

static bool move_fits(const struct edu *edu, unsigned int at, unsigned int size)
{
	return edu->shared && at < edu->shared_size && size <= edu->shared_size - at;
}

static ssize_t move_store(struct device *dev, struct device_attribute *attr, const char *buf,
			  size_t count)
{
	struct edu *edu = dev_get_drvdata(dev);
	unsigned int from, to, size;
	int ret = -EINVAL;

	if (sscanf(buf, "%u %u %u", &from, &to, &size) != 3 || !size || size > EDU_MOVE_MAX)
		return -EINVAL;
	mutex_lock(&edu->lock);
	if (move_fits(edu, from, size) && move_fits(edu, to, size))
		ret = edu_move(edu, edu->shared_iova + from, size, false) ?:
		      edu_move(edu, edu->shared_iova + to, size, true);
	mutex_unlock(&edu->lock);
	return ret ?: count;
}
static DEVICE_ATTR_WO(move);

static ssize_t limits_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "max=%zu opt=%zu merge-boundary=%lu p2pdma=%d\n",
			  dma_max_mapping_size(dev), dma_opt_mapping_size(dev),
			  dma_get_merge_boundary(dev), dma_pci_p2pdma_supported(dev));
}
static DEVICE_ATTR_RO(limits);

static struct attribute *share_attrs[] = {
	&dev_attr_share.attr,
	&dev_attr_move.attr,
	&dev_attr_limits.attr,
	NULL
};

const struct attribute_group edu_share_group = { .attrs = share_attrs };
