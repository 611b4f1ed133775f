/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A job that is late, and by how much is no matter of time: it starts when somebody waits
 * for its fence, and at the latest when its scenario is over. Whoever forgets to wait finds
 * nothing done, however slow the machine is; whoever waits is not kept waiting.
 */
#ifndef PUCK_LATE_H
#define PUCK_LATE_H

#include <linux/dma-fence.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct puck_client;
struct puck_client_job;
struct puck_run;

/**
 * struct puck_late - a job that starts when somebody waits for it
 * @fence: ends with the job; a reference
 * @gate: what the job waits for, in its queue; a reference
 * @client: whose queue that is, so that nobody else's jobs wait behind it
 * @job: the job's own fence; a reference, or NULL
 * @cb: of @job
 * @open: signals @gate
 * @waited: somebody has waited for @fence
 */
struct puck_late {
	struct dma_fence *fence;
	struct dma_fence *gate;
	struct puck_client *client;
	struct dma_fence *job;
	struct dma_fence_cb cb;
	struct work_struct open;
	bool waited;
};

int puck_late_submit(struct puck_run *run, struct puck_late *late, u64 context, u64 number,
		     const struct puck_client_job *job);
bool puck_late_was_waited_for(struct puck_late *late);
void puck_late_end(struct puck_late *late);
void puck_late_free(struct puck_late *late);

#endif /* PUCK_LATE_H */
