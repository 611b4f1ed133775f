// SPDX-License-Identifier: MIT
/*
 * Two submitters name the same BOs in opposite order, so that each has what the other one
 * wants: one of them gives all back and begins anew. This goes on until it was seen to.
 */
#include <pthread.h>

#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/text_file.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"

#include <errno.h>

#define BOS		200
#define ROUNDS		20
/* As often as this has to be seen, so that it is no accident. */
#define BACKOFFS	3

static struct puck puck;
static struct bo bos[BOS];

static long long backoffs(void)
{
	char path[192], text[32];

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/backoffs", puck.pci);
	read_text(path, text, sizeof(text));
	return text[0] ? atoll(text) : -1;
}

struct submitter {
	pthread_t thread;
	uint32_t ring;
	bool backwards;
	unsigned int good;
};

/* Each job writes the first bytes of all BOs. */
static void *submit_rounds(void *arg)
{
	struct submitter *s = arg;
	struct drm_puck_bo_ref refs[BOS];
	struct drm_puck_cmd cmd = cmd_fill(0, 0, 4, 0x01010101u * s->ring);
	struct drm_puck_submit args;
	unsigned int i;

	for (i = 0; i < BOS; i++)
		refs[i] = ref_write(&bos[s->backwards ? BOS - 1 - i : i]);
	for (i = 0; i < ROUNDS; i++) {
		args = job(puck.queue[s->ring], refs, BOS, &cmd, 1);
		s->good += !submit_wait(puck.fd, &args);
	}
	return NULL;
}

/* Two threads go through all rounds; returns how many of their jobs were good. */
static unsigned int both(void)
{
	struct submitter submitters[2] = {
		{ .ring = 0, .backwards = false },
		{ .ring = 1, .backwards = true },
	};
	unsigned int i, good = 0;

	for (i = 0; i < 2; i++)
		ktap_need(!pthread_create(&submitters[i].thread, NULL, submit_rounds,
					  &submitters[i]), "thread");
	for (i = 0; i < 2; i++) {
		pthread_join(submitters[i].thread, NULL);
		good += submitters[i].good;
	}
	return good;
}

int main(void)
{
	unsigned int i, rounds = 0, good = 0, looks = 0;
	long long before;

	ktap_begin();
	ktap_need(!puck_open_any(&puck), "a puck device");
	for (i = 0; i < BOS; i++)
		ktap_need(!bo_create(puck.fd, &bos[i], 4096), "create");
	before = backoffs();
	ktap_need(before >= 0, "backoffs in debugfs");
	do {
		good += both();
		rounds += 2 * ROUNDS;
	} while (backoffs() - before < BACKOFFS && patient(&looks));
	ktap_ok(backoffs() - before >= BACKOFFS, "submissions backed off %lld times in %u",
		backoffs() - before, rounds);
	ktap_ok(good == rounds, "%u of %u jobs are good", good, rounds);
	ktap_ok(puck_count_becomes(&puck, "fences", "ring", 0), "no job is left");
	for (i = 0; i < BOS; i++)
		bo_close(puck.fd, &bos[i]);
	return ktap_end();
}
