// SPDX-License-Identifier: MIT
/*
 * The clients of puck-scenarios that only an adversarial mapper shows, with
 * the GPU under puck-dma: each wrong one is found, by its line, and its fixed
 * twin is not. With "none" the same without puck-dma and, in a machine without
 * IOMMU, not one of them is noticed.
 *
 *	dma_clients [POLICY|none]
 *
 * Lines "client: NAME VARIANT RESULT" are for who puts several machines side
 * by side.
 */
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/text_file.h"

#include <dirent.h>

#define SCENARIOS	"/sys/kernel/debug/puck-scenarios/"
#define DEVICES		"/sys/kernel/debug/puck-dma/devices"
#define SYS_PCI		"/sys/bus/pci/"
/* One segment of many entries, and a copy that is compared with the driver's. */
#define POLICY		"merge=all,sync=watch"

static const struct client {
	const char *name;
	const char *finding;	/* class of the line that has to come */
} clients[] = {
	{ "sync_missing", "sync-missing" },
	{ "use_after_unmap", "access-unmapped" },
	{ "wrong_direction", "unmap-direction" },
	{ "wrong_count", "sync-count" },
};

static bool is_puck_gpu(const char *pci)
{
	char path[320], vendor[16], device[16];

	snprintf(path, sizeof(path), SYS_PCI "devices/%.64s/vendor", pci);
	read_text(path, vendor, sizeof(vendor));
	snprintf(path, sizeof(path), SYS_PCI "devices/%.64s/device", pci);
	read_text(path, device, sizeof(device));
	return !strcmp(vendor, "0x1234\n") && !strcmp(device, "0x70c1\n");
}

/* The GPU behind a port; in the standard machine that one has the IOMMU. */
static bool find_gpu(char *pci, size_t size)
{
	DIR *dir = opendir(SYS_PCI "devices");
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !strncmp(entry->d_name, "0000:00:", 8) ||
		    !is_puck_gpu(entry->d_name))
			continue;
		snprintf(pci, size, "%.31s", entry->d_name);
		found = true;
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool under_mapper(const char *pci)
{
	char line[64], gpus[512];

	read_text(SCENARIOS "gpu", gpus, sizeof(gpus));
	snprintf(line, sizeof(line), "%.31s\ttranslated\tpuck-dma\n", pci);
	return strstr(gpus, line);
}

/*
 * A device comes under puck-dma when its driver binds. It may be bound already;
 * or, if the IOMMU's driver has just come, be about to.
 */
static void choose(const char *pci, const char *policy)
{
	char line[256];
	unsigned int looks = 0;
	int ret;

	ktap_need(!system("modprobe puck-dma"), "puck-dma loads");
	snprintf(line, sizeof(line), "%s=%s", pci, policy);
	ret = write_text(DEVICES, line);
	ktap_need(!ret, "'%s' is taken (%d)", line, ret);

	write_text(SYS_PCI "drivers/puck/unbind", pci);
	do {
		write_text(SYS_PCI "drivers/puck/bind", pci);
	} while (!under_mapper(pci) && patient(&looks));
	ktap_need(under_mapper(pci), "%s is under puck-dma", pci);
}

/* What the module says of a run: behind the # of its result. */
static void run(const char *name, const char *variant, const char *pci, char *result, size_t size)
{
	char text[1300], *mark;
	int ret;

	snprintf(text, sizeof(text), "%s %s %s", name, variant, pci);
	ret = write_text(SCENARIOS "run", text);
	if (ret) {
		snprintf(result, size, "refused: %s", strerror(-ret));
		return;
	}
	read_text(SCENARIOS "run", text, sizeof(text));
	mark = strstr(text, "ok 1 ");
	mark = mark ? strstr(mark, " # ") : NULL;
	snprintf(result, size, "%s", mark ? mark + strlen(" # ") : "no result");
	result[strcspn(result, "\n")] = '\0';
}

static void play(const struct client *client, const char *pci, bool mapper)
{
	char result[600], wanted[96] = "unnoticed";

	if (mapper)
		snprintf(wanted, sizeof(wanted), "caught by puck-dma: %s: ", client->finding);
	run(client->name, "buggy", pci, result, sizeof(result));
	printf("client: %s buggy %s\n", client->name, result);
	ktap_ok(!strncmp(result, wanted, strlen(wanted)), "%s.buggy: %s", client->name, result);

	run(client->name, "fixed", pci, result, sizeof(result));
	printf("client: %s fixed %s\n", client->name, result);
	ktap_ok(!strcmp(result, "silent"), "%s.fixed: %s", client->name, result);
}

int main(int argc, char **argv)
{
	const char *policy = argc > 1 ? argv[1] : POLICY;
	bool mapper = strcmp(policy, "none");
	char pci[32];
	size_t i;

	ktap_begin();
	/* A module in some kernels; devices wait for it if there is such an IOMMU. */
	(void)!system("modprobe virtio-iommu 2>/dev/null");
	ktap_need(!system("modprobe puck-scenarios"), "puck-scenarios loads");
	ktap_need(find_gpu(pci, sizeof(pci)), "a puck-gpu behind a port");
	if (mapper)
		choose(pci, policy);
	for (i = 0; i < sizeof(clients) / sizeof(clients[0]); i++)
		play(&clients[i], pci, mapper);
	return ktap_end();
}
