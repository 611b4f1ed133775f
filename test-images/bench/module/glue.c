// SPDX-License-Identifier: GPL-2.0-only
/*
 * What map_benchmark.c lacks for being a module: a licence, and a function
 * that the kernel does not export.
 */
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

/* Kbuild renames kthread_bind_mask: the benchmark calls this one. */
void kthread_bind_mask(struct task_struct *p, const struct cpumask *mask)
{
	set_cpus_allowed_ptr(p, mask);
}

MODULE_DESCRIPTION("DMA map benchmark of the kernel, built as a module");
MODULE_LICENSE("GPL");
