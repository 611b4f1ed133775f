// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory map of the machine changes, again and again, while every CPU programs its
 * timer: a BAR is decoded, and is not. A CPU whose accesses to its interrupt controller
 * went astray meanwhile gets no timer interrupt any more, and whoever sleeps on it
 * sleeps for good. This tries the machine that Puck's guests run on, not a driver.
 *
 *	memory_map [CHANGES]	(10000, by each of two CPUs)
 *
 * Wants an edu device without a driver.
 */
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/pci.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define COMMAND		4	/* offset of the word in the configuration space */
#define COMMAND_MEMORY	0x2
#define SLEEP_NS	1000

static unsigned int changes = 10000;
static atomic_bool done;
static atomic_uint slept;

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	ktap_need(!sched_setaffinity(0, sizeof(set), &set), "runs on CPU %d", cpu);
}

/* Each sleep is a write to the timer of the CPU, and an interrupt of it. */
static void *sleeper(void *argument)
{
	const struct timespec ns = { .tv_nsec = SLEEP_NS };

	run_on(*(int *)argument);
	prctl(PR_SET_TIMERSLACK, 1);
	while (!done) {
		nanosleep(&ns, NULL);
		slept++;
	}
	return NULL;
}

static bool decode(int config, bool on)
{
	uint16_t command;

	if (pread(config, &command, sizeof(command), COMMAND) != sizeof(command))
		return false;
	command = on ? command | COMMAND_MEMORY : command & ~COMMAND_MEMORY;
	return pwrite(config, &command, sizeof(command), COMMAND) == sizeof(command);
}

/* @cpu sleeps while another changes the map; then it has to wake up still. */
static void try_cpu(int config, int cpu, int other)
{
	unsigned int i, before;
	int64_t since = 0;
	pthread_t thread;
	bool good = true;

	done = false;
	run_on(other);
	ktap_need(!pthread_create(&thread, NULL, sleeper, &cpu), "a thread for CPU %d", cpu);
	for (i = 0; i < changes && good; i++)
		good = decode(config, i % 2);
	ktap_ok(good, "%u changes of the map by CPU %d", changes, other);
	before = slept;
	while (slept - before < 2 && expectant(&since))
		;
	/* A thread that is never woken up cannot be waited for. */
	ktap_need(slept - before >= 2, "the timer of CPU %d runs (after %u sleeps)", cpu, before);
	ktap_ok(true, "the timer of CPU %d runs", cpu);
	ktap_note("%u sleeps", before);
	done = true;
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	char name[32], path[300];
	int config;

	ktap_begin();
	if (argc > 1)
		changes = strtoul(argv[1], NULL, 0);
	ktap_need(changes, "a number of changes");
	ktap_need(pci_find_any(0x1234, 0x11e8, name, sizeof(name)), "an edu device");
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/config", name);
	config = open(path, O_RDWR | O_CLOEXEC);
	ktap_need(config >= 0, "its configuration space");
	try_cpu(config, 1, 0);
	try_cpu(config, 0, 1);
	close(config);
	return ktap_end();
}
