// SPDX-License-Identifier: MIT
/*
 * The device behind the IOMMU is pulled out while a job is in it, and plugged
 * in again. The host does both when asked by a line on our output.
 */
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"

#include <errno.h>

#define SIZE (64 << 10)

static struct puck puck;
static struct bo bo;

static int fill(void)
{
	struct drm_puck_bo_ref ref = ref_write(&bo);
	struct drm_puck_cmd cmd = cmd_fill(0, 0, SIZE, 0x11111111);
	struct drm_puck_submit args = job(puck.queue[0], &ref, 1, &cmd, 1);

	return submit_fd(puck.fd, &args);
}

#define DEVICE_ADD \
	"device_add {\"driver\": \"puck-gpu\", \"id\": \"gpu0\", \"bus\": \"rp1\"}"

/*
 * QEMU lets go of the device a moment after the guest did, and refuses its name until
 * then; once it is there the name is refused again.
 */
static bool plug_again(void)
{
	unsigned int looks = 0;

	do {
		if (looks % 50 == 0)
			printf("puck-host: %s\n", DEVICE_ADD);
		if (!puck_open(&puck, true))
			return true;
	} while (patient(&looks));
	return false;
}

static void test_pull(void)
{
	struct drm_puck_submit args = job_empty(puck.queue[0]);
	int fence;

	puck_set(&puck, 0, "hold", 1);
	fence = fill();
	ktap_need(fence >= 0, "submit");
	printf("puck-host: device_del {\"id\": \"gpu0\"}\n");
	ktap_ok(fence_result(fence, FOREVER_MS) == -ENODEV, "pull: the job's fence says ENODEV");
	ktap_ok(submit(puck.fd, &args) == -ENODEV, "pull: submit says ENODEV");
	bo.map[SIZE - 1] = 0x77;
	ktap_ok(bo.map[SIZE - 1] == 0x77, "pull: mapped memory stays");
	bo_close(puck.fd, &bo);
	close(puck.fd);
}

static void test_plug(void)
{
	if (!ktap_ok(plug_again(), "plug: the device is there again"))
		return;
	ktap_need(!bo_create(puck.fd, &bo, SIZE), "create");
	ktap_ok(fence_result(fill(), FOREVER_MS) == 1 && bo.map[SIZE - 1] == 0x11, "plug: it works");
	bo_close(puck.fd, &bo);
	close(puck.fd);
}

int main(void)
{
	ktap_begin();
	if (puck_open(&puck, true)) {
		ktap_skip("no GPU behind an IOMMU", "pull");
		return ktap_end();
	}
	ktap_need(!bo_create(puck.fd, &bo, SIZE), "create");
	test_pull();
	test_plug();
	return ktap_end();
}
