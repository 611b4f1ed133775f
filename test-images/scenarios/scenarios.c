// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every scenario, buggy and fixed, on every GPU: the buggy client is caught
 * where what shows it is there (an IOMMU, puck-dma), elsewhere it is not, and
 * the fixed one never. Where the kernel has DMA_API_DEBUG, it has to agree.
 */
#include "lib/base/ktap.h"
#include "lib/base/late.h"
#include "lib/base/text_file.h"
#include "lib/gpu/device.h"

#include <errno.h>

#define FOLDER		"/sys/kernel/debug/puck-scenarios/"
#define ERROR_COUNT	"/sys/kernel/debug/dma-api/error_count"

static int run(const char *request)
{
	return write_text(FOLDER "run", request);
}

/* What DMA_API_DEBUG has found wrong so far; -1: it is not there. */
static long dma_errors(void)
{
	char text[32];

	read_text(ERROR_COUNT, text, sizeof(text));
	return text[0] ? strtol(text, NULL, 10) : -1;
}

/* A direction is wrong anywhere, in each entry; a mapped count where entries are merged. */
static void check_dma_debug(const char *name, bool buggy, const struct puck *puck, long errors)
{
	bool direction = strstr(name, "_direction"), count = strstr(name, "_count");
	bool wrong = buggy && (direction || (count && puck->translated));

	ktap_ok(direction && wrong ? errors > 0 : errors == wrong,
		"%s.%s on %s: DMA_API_DEBUG counts %ld errors", name, buggy ? "buggy" : "fixed",
		puck->pci, errors);
}

static void play(const char *name, bool buggy, const struct puck *puck)
{
	const char *variant = buggy ? "buggy" : "fixed";
	char request[128], text[1024], title[128];
	long before = dma_errors();
	char *result, *mark;
	int ret;

	snprintf(title, sizeof(title), "%s.%s on %s", name, variant, puck->pci);
	snprintf(request, sizeof(request), "%s %s %s %s\n", name, variant, puck->pci,
		 !puck->translated ? "" : buggy ? PUCK_LATE_BUGGY : PUCK_LATE_FIXED);
	ret = run(request);
	if (ret) {
		ktap_ok(false, "%s: %s", title, strerror(-ret));
		return;
	}

	read_text(FOLDER "run", text, sizeof(text));
	result = strstr(text, "ok 1 ");
	mark = result ? strstr(result, " # ") : NULL;
	if (!mark) {
		ktap_ok(false, "%s: no result", title);
		return;
	}
	mark += strlen(" # ");
	mark[strcspn(mark, "\n")] = '\0';
	if (!strncmp(mark, "SKIP ", 5)) {
		ktap_skip(mark + 5, title);
		return;
	}
	ktap_ok(!strstr(text, "\nnot ok"), "%s: %s", title, mark);
	if (before >= 0)
		check_dma_debug(name, buggy, puck, dma_errors() - before);
}

static void play_all(const struct puck *puck)
{
	char list[4096], *name, *save = NULL;

	read_text(FOLDER "list", list, sizeof(list));
	for (name = strtok_r(list, "\t", &save); name; name = strtok_r(NULL, "\t", &save)) {
		play(name, true, puck);
		play(name, false, puck);
		strtok_r(NULL, "\n", &save);
	}
}

static void bad_requests(const struct puck *puck)
{
	char request[128];

	ktap_ok(run("\n") == -EINVAL, "bad_request: empty");
	ktap_ok(run("sg_length buggy\n") == -EINVAL, "bad_request: no device");
	ktap_ok(run("sg_length buggy ffff:00:00.0\n") == -ENODEV, "bad_request: unknown device");
	snprintf(request, sizeof(request), "no_such_bug buggy %s", puck->pci);
	ktap_ok(run(request) == -EINVAL, "bad_request: unknown scenario");
	snprintf(request, sizeof(request), "sg_length neither %s", puck->pci);
	ktap_ok(run(request) == -EINVAL, "bad_request: unknown variant");
	snprintf(request, sizeof(request), "sg_length fixed %s late=-1", puck->pci);
	ktap_ok(run(request) < 0, "bad_request: negative delay");
	snprintf(request, sizeof(request), "sg_length fixed %s late=3600000", puck->pci);
	ktap_ok(run(request) == -ERANGE, "bad_request: an hour's delay");
}

int main(void)
{
	struct puck puck;
	char name[32];
	int found = 0;

	ktap_begin();
	ktap_need(!system("modprobe puck-scenarios"), "puck-scenarios loads");
	for (int minor = 128; minor < 192; minor++) {
		snprintf(name, sizeof(name), "renderD%d", minor);
		if (puck_open_node(&puck, name))
			continue;
		found++;
		play_all(&puck);
		bad_requests(&puck);
		close(puck.fd);
	}
	ktap_ok(found > 0, "%d GPUs", found);
	return ktap_end();
}
