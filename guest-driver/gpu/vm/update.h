/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An update of a VM's tables.
 */
#ifndef PUCK_UPDATE_H
#define PUCK_UPDATE_H

#include <linux/dma-fence.h>
#include <linux/list.h>
#include <linux/types.h>

struct drm_exec;
struct puck_job;
struct puck_va;
struct puck_vm;

/**
 * struct puck_update - an update of a VM's tables, on its way to the device
 * @vm: the VM; a reference to its @base
 * @job: what carries it out, in the VM's own queue; it has the update from its making on
 * @spare: struct puck_pt_table.node: tables that may be needed
 * @freed: and those that are not needed any more
 * @data: struct puck_page.link: room for what is written into tables, one for each
 * @vas: struct puck_va.link: mappings that may be needed
 * @gone: and those that were taken away, each with a reference to its BO
 * @done: on the job's hardware fence
 * @armed: @done is there, or was
 */
struct puck_update {
	struct puck_vm *vm;
	struct puck_job *job;
	struct list_head spare;
	struct list_head freed;
	struct list_head data;
	struct list_head vas;
	struct list_head gone;
	struct dma_fence_cb done;
	bool armed;
};

/**
 * struct puck_update_need - what an update may take at most
 * @tables: tables to be made
 * @written: tables to be written to, those among them
 * @vas: mappings
 */
struct puck_update_need {
	u64 tables;
	u64 written;
	u64 vas;
};

struct puck_update *puck_update_create(struct puck_vm *vm, u64 client_id);
int puck_update_reserve(struct puck_update *update, const struct puck_update_need *need);
int puck_update_wait_for_jobs(struct puck_update *update);
struct puck_va *puck_update_take_va(struct puck_update *update);
void puck_update_drop_va(struct puck_update *update, struct puck_va *va);
void puck_update_write(struct puck_update *update);
struct dma_fence *puck_update_arm(struct puck_update *update, struct drm_exec *exec);

#endif /* PUCK_UPDATE_H */
