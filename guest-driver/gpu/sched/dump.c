// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device coredump of a job that went wrong, for whoever looks into it later:
 * /sys/class/devcoredump.
 *
 * It is gathered where fences depend on it being quick, so into memory that was there
 * before, and made text and handed to the kernel by a work on which nothing depends. One at
 * a time: the kernel keeps one of a device anyway, until it was read or for five minutes.
 */
#include <linux/atomic.h>
#include <linux/bitfield.h>
#include <linux/devcoredump.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>
#include <drm/puck_drm.h>

#include "abi/puck_gpu.h"
#include "abi/puck_render3d.h"
#include "core/device.h"
#include "sched/dump.h"
#include "sched/irq.h"
#include "sched/job.h"
#include "sched/ring.h"

#define PUCK_DUMP_CMDS		(DRM_PUCK_SUBMIT_CMDS_MAX + 1)
#define PUCK_DUMP_JOBS		32
/* More than all of it takes; what does not fit is left out. */
#define PUCK_DUMP_TEXT		(64 * 1024)

/* Registers of the ring, with their names in the spec. */
static const struct {
	const char *name;
	u32 reg;
	bool wide;
} puck_dump_regs[] = {
	{ "RING_CTRL", PUCK_GPU_RING_CTRL },
	{ "RING_STATUS", PUCK_GPU_RING_STATUS },
	{ "RING_BASE", PUCK_GPU_RING_BASE, true },
	{ "RING_WB_ADDR", PUCK_GPU_RING_WB_ADDR, true },
	{ "RING_HEAD", PUCK_GPU_RING_HEAD },
	{ "RING_TAIL", PUCK_GPU_RING_TAIL },
	{ "RING_SEQNO", PUCK_GPU_RING_SEQNO },
	{ "RING_PENDING", PUCK_GPU_RING_PENDING },
	{ "RING_STOP_HEAD", PUCK_GPU_RING_STOP_HEAD },
};

/**
 * struct puck_dump_job - a job in flight
 * @number: struct puck_job.number
 * @seqno: struct puck_job.seqno
 * @pos: where it begins in the ring
 * @first: first of its commands that was written there
 * @ncmds: its commands, the FENCE included
 * @error: why it fails, or 0
 */
struct puck_dump_job {
	u64 number;
	u32 seqno;
	u32 pos;
	u32 first;
	u32 ncmds;
	int error;
};

/**
 * struct puck_dump - the memory for one dump
 * @puck: the device
 * @work: makes a text of it
 * @busy: from when somebody begins to fill it until the text is there; whoever sets it owns
 *        all below
 * @ring: number of the ring
 * @kind: its kind
 * @wb_seqno: the write-back slot
 * @regs: as in puck_dump_regs
 * @has_error: @error is of this ring
 * @error: the last record that named the ring
 * @num_jobs: jobs in flight; the first PUCK_DUMP_JOBS of them are in @jobs
 * @jobs: in the order of the ring
 * @guilty: the one to blame, with no commands if there is none
 * @cmds: its commands
 */
struct puck_dump {
	struct puck_device *puck;
	struct work_struct work;
	atomic_t busy;
	u32 ring;
	u32 kind;
	u32 wb_seqno;
	u64 regs[ARRAY_SIZE(puck_dump_regs)];
	bool has_error;
	struct puck_error error;
	u32 num_jobs;
	struct puck_dump_job jobs[PUCK_DUMP_JOBS];
	struct puck_dump_job guilty;
	struct puck_gpu_cmd cmds[PUCK_DUMP_CMDS];
};

static void puck_dump_print_error(struct drm_printer *p, const struct puck_dump *dump)
{
	u32 reason = FIELD_GET(PUCK_GPU_ERR_INFO_REASON, dump->error.info);

	if (!dump->has_error)
		return;
	drm_printf(p, "error: reason %u (%s) seqno %u list %u desc %d addr %#llx index %u\n",
		   reason, puck_irq_reason_name(reason), dump->error.seqno,
		   (u32)FIELD_GET(PUCK_GPU_ERR_INFO_LIST, dump->error.info),
		   (int)dump->error.desc, dump->error.addr,
		   (u32)FIELD_GET(PUCK_GPU_ERR_INFO_INDEX, dump->error.info));
}

static void puck_dump_print_job(struct drm_printer *p, const struct puck_dump_job *job)
{
	drm_printf(p, "job %llu: seqno %u pos %u first %u ncmds %u error %d\n", job->number,
		   job->seqno, job->pos, job->first, job->ncmds, job->error);
}

static void puck_dump_print_cmd(struct drm_printer *p, u32 index, const struct puck_gpu_cmd *cmd)
{
	u32 i;

	drm_printf(p, "  command %u: opcode %u flags %#x vm %u", index,
		   le16_to_cpu(cmd->opcode), le16_to_cpu(cmd->flags), le32_to_cpu(cmd->vm));
	drm_printf(p, " src %#llx+%u dst %#llx+%u length %llu:",
		   le64_to_cpu(cmd->src_list), le32_to_cpu(cmd->src_nsegs),
		   le64_to_cpu(cmd->dst_list), le32_to_cpu(cmd->dst_nsegs),
		   le64_to_cpu(cmd->length));
	for (i = 0; i < ARRAY_SIZE(cmd->reserved); i++)
		drm_printf(p, " %08x", le32_to_cpu(cmd->reserved[i]));
	drm_printf(p, "\n");
}

/* What a 3D ring takes beside NOP and FENCE; spec render3d, section "Commands". */
static const char * const puck_dump_render_names[] = {
	"CTX_CREATE", "CTX_DESTROY", "RES_CREATE", "RES_DESTROY", "ATTACH", "DETACH", "CTX_ATTACH",
	"CTX_DETACH", "TO_HOST", "FROM_HOST", "SUBMIT", "CAPSET", "RES_UNTYPED",
};

static_assert(ARRAY_SIZE(puck_dump_render_names) ==
	      PUCK_RENDER_CMD_RES_UNTYPED - PUCK_RENDER_CMD_CTX_CREATE + 1);

static const char *puck_dump_render_name(u32 kind, const struct puck_gpu_cmd *cmd)
{
	u32 index = le16_to_cpu(cmd->opcode) - PUCK_RENDER_CMD_CTX_CREATE;

	if (kind != PUCK_GPU_KIND_RENDER3D || index >= ARRAY_SIZE(puck_dump_render_names))
		return NULL;
	return puck_dump_render_names[index];
}

static void puck_dump_print_render(struct drm_printer *p, u32 index, const char *name,
				   const struct puck_gpu_cmd *raw)
{
	const struct puck_render_cmd *cmd = (const struct puck_render_cmd *)raw;
	const __le32 *more = (const __le32 *)&cmd->io;
	u32 i;

	drm_printf(p, "  command %u: opcode %u (%s) ctx %u resource %u:", index,
		   le16_to_cpu(cmd->opcode), name, le32_to_cpu(cmd->ctx),
		   le32_to_cpu(cmd->resource));
	for (i = 0; i < sizeof(cmd->io) / sizeof(*more); i++)
		drm_printf(p, " %08x", le32_to_cpu(more[i]));
	drm_printf(p, "\n");
}

static void puck_dump_print_cmds(struct drm_printer *p, const struct puck_dump *dump)
{
	const char *name;
	u32 i;

	for (i = 0; i < dump->guilty.ncmds; i++) {
		name = puck_dump_render_name(dump->kind, &dump->cmds[i]);
		if (name)
			puck_dump_print_render(p, i, name, &dump->cmds[i]);
		else
			puck_dump_print_cmd(p, i, &dump->cmds[i]);
	}
}

static void puck_dump_print(struct drm_printer *p, const struct puck_dump *dump)
{
	u32 i;

	drm_printf(p, "puck coredump, version 1\nring %u: kind %u slot %u\n", dump->ring,
		   dump->kind, dump->wb_seqno);
	for (i = 0; i < ARRAY_SIZE(puck_dump_regs); i++)
		drm_printf(p, "  %s %#llx\n", puck_dump_regs[i].name, dump->regs[i]);
	puck_dump_print_error(p, dump);
	if (dump->guilty.ncmds) {
		drm_printf(p, "to blame: ");
		puck_dump_print_job(p, &dump->guilty);
	}
	puck_dump_print_cmds(p, dump);
	drm_printf(p, "in flight: %u\n", dump->num_jobs);
	for (i = 0; i < min(dump->num_jobs, PUCK_DUMP_JOBS); i++)
		puck_dump_print_job(p, &dump->jobs[i]);
}

/* Nothing depends on this: it may wait for memory, and for whoever reads sysfs. */
static void puck_dump_work(struct work_struct *work)
{
	struct puck_dump *dump = container_of(work, struct puck_dump, work);
	struct drm_print_iterator iter = { .remain = PUCK_DUMP_TEXT };
	struct drm_printer p;

	iter.data = vmalloc(PUCK_DUMP_TEXT);
	if (iter.data) {
		p = drm_coredump_printer(&iter);
		puck_dump_print(&p, dump);
		/* Frees the text, now or later. */
		dev_coredumpv(dump->puck->drm.dev, iter.data, PUCK_DUMP_TEXT - iter.remain,
			      GFP_KERNEL);
	}
	atomic_set_release(&dump->busy, 0);
}

static struct puck_dump_job puck_dump_describe(const struct puck_job *job)
{
	return (struct puck_dump_job){
		.number = job->number, .seqno = job->seqno, .pos = job->pos,
		.first = job->first, .ncmds = job->ncmds, .error = job->error,
	};
}

static void puck_dump_jobs(struct puck_dump *dump, struct puck_ring *ring)
{
	struct puck_job *job;

	lockdep_assert_held(&ring->lock);

	dump->num_jobs = 0;
	dump->guilty.ncmds = 0;
	list_for_each_entry(job, &ring->inflight, inflight) {
		if (dump->num_jobs < PUCK_DUMP_JOBS)
			dump->jobs[dump->num_jobs] = puck_dump_describe(job);
		dump->num_jobs++;
		if (!job->error || dump->guilty.ncmds)
			continue;
		dump->guilty = puck_dump_describe(job);
		dump->guilty.ncmds = min_t(u32, job->ncmds, PUCK_DUMP_CMDS);
		memcpy(dump->cmds, job->cmds, dump->guilty.ncmds * sizeof(*job->cmds));
	}
}

/**
 * puck_dump_take - note what a ring looks like, before anything is done about it
 * @ring: with a job to blame, or an error that names none
 *
 * Nothing happens if there is a dump on its way already.
 *
 * Context: recovery, inside drm_dev_enter() and the signalling annotation.
 */
void puck_dump_take(struct puck_ring *ring)
{
	struct puck_dump *dump = ring->puck->dump;
	u32 i;

	if (!IS_ENABLED(CONFIG_DEV_COREDUMP) || atomic_cmpxchg_acquire(&dump->busy, 0, 1))
		return;

	dump->ring = ring->index;
	dump->kind = ring->kind;
	dump->wb_seqno = le32_to_cpu(READ_ONCE(ring->wb->seqno));
	for (i = 0; i < ARRAY_SIZE(puck_dump_regs); i++)
		dump->regs[i] = puck_dump_regs[i].wide ?
			puck_ring_read64(ring, puck_dump_regs[i].reg) :
			puck_ring_read(ring, puck_dump_regs[i].reg);
	spin_lock_irq(&ring->lock);
	dump->has_error = ring->has_error;
	dump->error = ring->error;
	puck_dump_jobs(dump, ring);
	spin_unlock_irq(&ring->lock);
	schedule_work(&dump->work);
}

/**
 * puck_dump_init - make the memory for a dump
 * @puck: the device
 *
 * It goes with the DRM device.
 *
 * Return: 0 or -ENOMEM.
 */
int puck_dump_init(struct puck_device *puck)
{
	struct puck_dump *dump = drmm_kzalloc(&puck->drm, sizeof(*dump), GFP_KERNEL);

	if (!dump)
		return -ENOMEM;
	dump->puck = puck;
	INIT_WORK(&dump->work, puck_dump_work);
	puck->dump = dump;
	return 0;
}

/**
 * puck_dump_fini - wait for a dump that is on its way
 * @puck: the device, on which no recovery runs any more
 *
 * Context: may sleep.
 */
void puck_dump_fini(struct puck_device *puck)
{
	flush_work(&puck->dump->work);
}
