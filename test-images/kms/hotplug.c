// SPDX-License-Identifier: MIT
/*
 * Monitors come and go, as the host likes. The kernel hears of it by itself: behind the
 * beginning nobody here has the connector looked at.
 */
#include "lib/base/ktap.h"
#include "lib/base/text_file.h"
#include "lib/kms/screen.h"

#include <dirent.h>

static struct screen screen;
static char status_path[128];

static void plug(const char *on)
{
	printf("puck-host: qom-set {\"path\": \"/machine/peripheral/gpu0\", \"property\": \"connected0\", \"value\": %s}\n",
	       on);
}

/* The number of a connector of the card that a name in sysfs is of; zero if it is of none. */
static unsigned int connector_number(const char *name)
{
	unsigned int card, number = 0;

	return sscanf(name, "card%u-Virtual-%u", &card, &number) == 2 ? number : 0;
}

/* What the kernel knows of the first connector of the card: numbers are of all cards. */
static bool find_status(void)
{
	unsigned int first = ~0u, number;
	char path[96];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/drm/%.16s", strrchr(screen.card.node, '/') + 1);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		number = connector_number(entry->d_name);
		if (!number || number >= first)
			continue;
		first = number;
		snprintf(status_path, sizeof(status_path), "%s/%.32s/status", path, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return first != ~0u;
}

/* Before the first look at it the kernel knows nothing. */
static int look_once(void)
{
	struct drm_mode_get_connector conn = { .connector_id = screen.head->connector };

	return puck_call(screen.card.fd, DRM_IOCTL_MODE_GETCONNECTOR, &conn);
}

static bool status_becomes(const char *status)
{
	unsigned int looks = 0;
	char text[32];

	do {
		read_text(status_path, text, sizeof(text));
		if (!strncmp(text, status, strlen(status)))
			return true;
	} while (patient(&looks));
	return false;
}

int main(void)
{
	struct kms_model model;
	struct kms_fb fb;

	ktap_begin();
	screen_open(&screen, 0);
	ktap_need(!kms_fb_create(screen.card.fd, &fb, KMS_XRGB, SCREEN_WIDTH, SCREEN_HEIGHT,
				 BO_VRAM) && !screen_on(&screen, &fb), "turn the head on");
	kms_fb_fill(&fb, 0x00271828);
	model = screen_model(&fb);
	ktap_need(find_status() && !look_once(), "the connector in sysfs");
	ktap_ok(status_becomes("connected"), "a monitor is plugged in");
	plug("false");
	ktap_ok(status_becomes("disconnected"), "it is pulled out, and the kernel knows");
	ktap_ok(screen_shows_now(&screen, &model), "the head shows its picture all the same");
	plug("true");
	ktap_ok(status_becomes("connected"), "it is plugged in again");
	ktap_ok(!screen_off(&screen), "turn the head off");
	screen_close(&screen);
	return ktap_end();
}
