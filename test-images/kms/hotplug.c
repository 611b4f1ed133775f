// SPDX-License-Identifier: MIT
/*
 * Monitors come and go, as the host likes. The kernel hears of it by itself: behind the
 * beginning nobody here has the connector looked at.
 */
#include "lib/base/ktap.h"
#include "lib/kms/monitor.h"
#include "lib/kms/screen.h"

static struct screen screen;

int main(void)
{
	struct monitor monitor;
	struct kms_model model;
	struct kms_fb fb;

	ktap_begin();
	screen_open(&screen, 0);
	ktap_need(!kms_fb_create(screen.card.fd, &fb, KMS_XRGB, SCREEN_WIDTH, SCREEN_HEIGHT,
				 BO_VRAM) && !screen_on(&screen, &fb), "turn the head on");
	kms_fb_fill(&fb, 0x00271828);
	model = screen_model(&fb);
	ktap_need(monitor_find(&monitor, &screen.card) && !monitor_look_once(&screen.card),
		  "the connector in sysfs");
	ktap_ok(monitor_becomes(&monitor, "connected"), "a monitor is plugged in");
	monitor_plug(false);
	ktap_ok(monitor_becomes(&monitor, "disconnected"),
		"it is pulled out, and the kernel knows");
	ktap_ok(screen_shows_now(&screen, &model), "the head shows its picture all the same");
	monitor_plug(true);
	ktap_ok(monitor_becomes(&monitor, "connected"), "it is plugged in again");
	ktap_ok(!screen_off(&screen), "turn the head off");
	screen_close(&screen);
	return ktap_end();
}
