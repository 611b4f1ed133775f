/* SPDX-License-Identifier: MIT */
/* A monitor of the first head that comes and goes, as the host is asked by a line on our output. */
#ifndef LIB_KMS_MONITOR_H
#define LIB_KMS_MONITOR_H

#include <dirent.h>

#include "lib/base/patience.h"
#include "lib/base/text_file.h"
#include "lib/kms/card.h"

/* What the kernel knows of it, in sysfs. */
struct monitor {
	char status[128];
};

static inline void monitor_plug(bool in)
{
	printf("puck-host: qom-set {\"path\": \"/machine/peripheral/gpu0\", \"property\": \"connected0\", \"value\": %s}\n",
	       in ? "true" : "false");
}

/* The number of a connector of a card that a name in sysfs is of; zero if it is of none. */
static inline unsigned int monitor_number(const char *name)
{
	unsigned int card, number = 0;

	return sscanf(name, "card%u-Virtual-%u", &card, &number) == 2 ? number : 0;
}

/* The first connector of the card: numbers are of all cards. */
static inline bool monitor_find(struct monitor *monitor, const struct kms_card *card)
{
	unsigned int first = ~0u, number;
	char path[96];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/drm/%.16s", strrchr(card->node, '/') + 1);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		number = monitor_number(entry->d_name);
		if (!number || number >= first)
			continue;
		first = number;
		snprintf(monitor->status, sizeof(monitor->status), "%s/%.32s/status", path,
			 entry->d_name);
	}
	if (dir)
		closedir(dir);
	return first != ~0u;
}

/* Before the first look at it the kernel knows nothing. */
static inline int monitor_look_once(const struct kms_card *card)
{
	struct drm_mode_get_connector conn = { .connector_id = card->head[0].connector };

	return puck_call(card->fd, DRM_IOCTL_MODE_GETCONNECTOR, &conn);
}

static inline bool monitor_becomes(const struct monitor *monitor, const char *status)
{
	unsigned int looks = 0;
	char text[32];

	do {
		read_text(monitor->status, text, sizeof(text));
		if (!strncmp(text, status, strlen(status)))
			return true;
	} while (patient(&looks));
	return false;
}

#endif /* LIB_KMS_MONITOR_H */
