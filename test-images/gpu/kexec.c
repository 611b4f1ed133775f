// SPDX-License-Identifier: MIT
/*
 * Another kernel takes over while the GPU works: by kexec, for which the drivers
 * shut their devices down, or after a crash, when nobody has. That kernel's
 * drivers have to stop what goes on before they give the devices memory of theirs.
 *
 *	gpu_kexec [crash]
 *
 * The other kernel is /puck/vmlinuz, with this root and this very command: what it
 * finds on its command line says which of the two it is.
 */
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/text_file.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <sys/reboot.h>
#include <sys/syscall.h>

#define SIZE	(32 << 20)
#define SECOND	"other-kernel"
#define INITRD	"/tmp/initrd"

static struct puck puck;
static struct bo src, dst;

static int copy(uint32_t ring)
{
	struct drm_puck_bo_ref refs[] = { ref_read(&src), ref_write(&dst) };
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, SIZE);
	struct drm_puck_submit args = job(puck.queue[ring], refs, 2, &cmd, 1);

	return submit_fd(puck.fd, &args);
}

static bool open_gpu(void)
{
	if (puck_open(&puck, true) || bo_create(puck.fd, &src, SIZE) ||
	    bo_create(puck.fd, &dst, SIZE))
		return false;
	memset(src.map, 0x5a, SIZE);
	return true;
}

/* This root, without what is mounted in it. */
static int pack_root(void)
{
	return system("cd / && find . -xdev | cpio -o -H newc > " INITRD " 2>/dev/null");
}

static int load(unsigned long flags)
{
	char line[2048];
	int kernel = open("/puck/vmlinuz", O_RDONLY | O_CLOEXEC);
	int initrd = open(INITRD, O_RDONLY | O_CLOEXEC);
	size_t len;

	if (kernel < 0 || initrd < 0)
		return -errno;
	read_text("/proc/cmdline", line, sizeof(line) - sizeof(SECOND) - 1);
	len = strcspn(line, "\n");
	memcpy(line + len, " " SECOND, sizeof(" " SECOND));
	return syscall(SYS_kexec_file_load, kernel, initrd, strlen(line) + 1, line, flags) ?
		-errno : 0;
}

static void leave(bool crash)
{
	if (!crash) {
		reboot(LINUX_REBOOT_CMD_KEXEC);
		return;
	}
	expect_begin("sysrq: Trigger a crash|Kernel panic");
	write_text("/proc/sysrq-trigger", "c");
}

static int first(bool crash)
{
	int i, ret;

	ktap_need(open_gpu(), "buffers");
	ret = pack_root();
	ktap_need(!ret, "this root is packed (%d)", ret);
	ret = load(crash ? KEXEC_FILE_ON_CRASH : 0);
	ktap_need(!ret, "the other kernel is loaded (%d)", ret);
	puck_set(&puck, 1, "timeout_ms", 60000);
	puck_set(&puck, 1, "hold", 1);
	for (i = 0; i < 16; i++)
		copy(0);
	copy(1);
	ktap_need(puck_count_becomes(&puck, "fences", "ring", 1), "a job whose fence is held");
	leave(crash);
	ktap_ok(false, "the other kernel took over");
	return ktap_end();
}

static int second(void)
{
	int fence, ring;

	expect_end();
	ktap_need(open_gpu(), "the driver has bound to the GPU");
	for (ring = 0; ring < 2; ring++) {
		memset(dst.map, 0, SIZE);
		fence = copy(ring);
		ktap_ok(fence_result(fence, 20000) == 1 && !memcmp(src.map, dst.map, SIZE),
			"ring %d: a job runs, and does what it says", ring);
	}
	return ktap_end();
}

int main(int argc, char **argv)
{
	char line[2048];

	read_text("/proc/cmdline", line, sizeof(line));
	ktap_begin();
	if (strstr(line, SECOND))
		return second();
	return first(argc > 1 && !strcmp(argv[1], "crash"));
}
