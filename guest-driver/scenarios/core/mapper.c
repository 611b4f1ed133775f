// SPDX-License-Identifier: GPL-2.0-only
/*
 * puck-dma as a witness. It may be loaded or not, so nothing here depends on
 * it: its functions are looked for by name each time.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/string.h>

#include "puck/dma_client.h"
#include "core/scenario.h"

/* A device's access is found by the IOMMU's interrupt, and that may take time. */
#define WAIT_MS		2000
#define STEP_MS		5
/* What would be said of a client that is right, had it done wrong. */
#define SILENCE_MS	50

bool puck_mapper_manages(struct device *dev)
{
	bool (*manages)(struct device *dev) = symbol_get(puck_dma_manages);
	bool yes;

	if (!manages)
		return false;
	yes = manages(dev);
	symbol_put(puck_dma_manages);
	return yes;
}

/* How many there were, and the line of the latest. */
static unsigned long findings(struct device *dev, char *text, size_t size)
{
	unsigned long (*last)(struct device *dev, char *text, size_t size);
	unsigned long count;

	text[0] = '\0';
	last = symbol_get(puck_dma_last_finding);
	if (!last)
		return 0;
	count = last(dev, text, size);
	symbol_put(puck_dma_last_finding);
	return count;
}

void puck_mapper_open(struct puck_run *run)
{
	char text[sizeof(run->detail)];

	run->findings = findings(run->dev, text, sizeof(text));
}

/* "CLASS: what": is it of this class? */
static bool of_class(const char *text, const char *class)
{
	size_t len = str_has_prefix(text, class);

	return len && text[len] == ':';
}

/**
 * puck_mapper_verdict - catch by what puck-dma found since puck_mapper_open()
 * @run: the run
 * @class: of the finding that has to be there, NULL if there must be none
 *
 * Its word goes before others' who have caught the client, too.
 */
void puck_mapper_verdict(struct puck_run *run, const char *class)
{
	char text[sizeof(run->detail)];
	unsigned int waited = 0;

	if (!run->mapper)
		return;
	while (findings(run->dev, text, sizeof(text)) == run->findings) {
		if (waited >= (class ? WAIT_MS : SILENCE_MS))
			return;
		msleep(STEP_MS);
		waited += STEP_MS;
	}
	if (class && of_class(text, class))
		puck_caught(run, PUCK_BY_MAPPER, "%s", text);
	else
		puck_caught(run, "another line of puck-dma", "%s", text);
}
