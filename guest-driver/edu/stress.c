// SPDX-License-Identifier: GPL-2.0-only
/*
 * A list of more segments than the kernel has memory in a row, and unmaps that meet
 * a mapping while it is made.
 */

#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/sched.h>

#include "edu.h"

/* 720 MiB of one page: the segments take more than kmalloc() ever has in a row. */
#define EDU_HUGE_ENTRIES	(180 * 1024)

#define EDU_RACE_ENTRIES	1024
#define EDU_RACE_ROUNDS		100

/* Each entry is the same page: the device reads it under many addresses. */
static int table_of_one_page(struct edu *edu, struct sg_table *table, unsigned int entries)
{
	struct scatterlist *sg;
	int i, ret;

	ret = sg_alloc_table(table, entries, GFP_KERNEL);
	if (ret)
		return ret;
	for_each_sgtable_sg(table, sg, i)
		sg_set_page(sg, edu->page, PAGE_SIZE, 0);
	return 0;
}

/**
 * edu_huge - under merge=none a long list is as many segments, and no failure;
 *	without guard pages, for which there may be no room below 4 GiB
 * @edu: the device
 *
 * Return: 0, or what the mapping failed with; -EBADMSG.
 */
int edu_huge(struct edu *edu)
{
	struct device *dev = &edu->pdev->dev;
	struct scatterlist *last = NULL, *sg;
	struct sg_table table;
	int i, ret;

	ret = table_of_one_page(edu, &table, EDU_HUGE_ENTRIES);
	if (ret)
		return ret;
	ret = dma_map_sgtable(dev, &table, DMA_TO_DEVICE, 0);
	if (!ret) {
		for_each_sgtable_dma_sg(&table, sg, i)
			last = sg;
		if (table.nents != EDU_HUGE_ENTRIES || sg_dma_len(last) != PAGE_SIZE)
			ret = -EBADMSG;
		else
			ret = edu_move(edu, sg_dma_address(table.sgl), PAGE_SIZE, false) ?:
			      edu_move(edu, sg_dma_address(last), PAGE_SIZE, false);
		dma_unmap_sgtable(dev, &table, DMA_TO_DEVICE, 0);
	}
	sg_free_table(&table);
	return ret;
}

/**
 * struct race - a thread that unmaps again and again what is not its own
 * @dev: the device
 * @sg: a list of one entry, with the address
 * @done: it has ended
 * @stop: it is to end
 */
struct race {
	struct device *dev;
	struct scatterlist sg;
	struct completion done;
	bool stop;
};

static int race_thread(void *data)
{
	struct race *race = data;

	while (!READ_ONCE(race->stop)) {
		dma_unmap_sg(race->dev, &race->sg, EDU_RACE_ENTRIES, DMA_TO_DEVICE);
		cond_resched();
	}
	complete(&race->done);
	return 0;
}

static int race_map(struct edu *edu, struct sg_table *table)
{
	int ret = dma_map_sgtable(&edu->pdev->dev, table, DMA_TO_DEVICE, 0);

	if (!ret)
		dma_unmap_sgtable(&edu->pdev->dev, table, DMA_TO_DEVICE, 0);
	return ret;
}

static int race_run(struct edu *edu, struct sg_table *table, struct race *race)
{
	struct task_struct *task = kthread_run(race_thread, race, "puck-dma-edu race");
	int round, ret = 0;

	if (IS_ERR(task))
		return PTR_ERR(task);
	for (round = 0; !ret && round < EDU_RACE_ROUNDS; round++)
		ret = race_map(edu, table);
	WRITE_ONCE(race->stop, true);
	wait_for_completion(&race->done);
	return ret;
}

/**
 * edu_race - a mapping is made where another CPU unmaps a second time
 * @edu: the device
 *
 * Wrong, as a driver may be that unmaps twice: the address is used again by then.
 * The mapper may find one or the other unmap at fault, but a mapping is either not
 * there yet or there wholly.
 *
 * Return: 0 or a negative errno.
 */
int edu_race(struct edu *edu)
{
	struct race race = { .dev = &edu->pdev->dev };
	struct sg_table table;
	int ret;

	ret = table_of_one_page(edu, &table, EDU_RACE_ENTRIES);
	if (ret)
		return ret;
	init_completion(&race.done);
	sg_init_table(&race.sg, 1);
	ret = dma_map_sgtable(race.dev, &table, DMA_TO_DEVICE, 0);
	if (!ret) {
		sg_dma_address(&race.sg) = sg_dma_address(table.sgl);
		dma_unmap_sgtable(race.dev, &table, DMA_TO_DEVICE, 0);
		ret = race_run(edu, &table, &race);
	}
	sg_free_table(&table);
	return ret;
}
