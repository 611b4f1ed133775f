// SPDX-License-Identifier: MIT
/*
 * A dma-buf that is revoked, by the file "revoke" in debugfs or because the exporter's driver lets
 * go of its device: jobs of importers that are under way end as they would, those to come are
 * refused, and nobody else notices.
 *
 *	gpu_revoke [EXPORTER IMPORTER]		by their PCI addresses; else any two GPUs
 */
#include <pthread.h>

#include "lib/base/array.h"
#include "lib/base/dmabuf.h"
#include "lib/base/kernel_log.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/text_file.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/gpu/queue.h"
#include "lib/gpu/rebind.h"
#include "lib/gpu/region.h"
#include "lib/gpu/side.h"
#include "lib/gpu/vm.h"

#define SIZE	(64 << 10)
#define SHARED	0x40000000ull

static struct side one, two;

/* Another BO that is shared, and that nothing is to happen to; it lives in the same devices. */
static struct side other_one, other_two;

static int revoke_by_file(const char *what)
{
	char path[192];

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/revoke", one.puck.pci);
	return write_text(path, what);
}

/* The name of a BO's dma-buf. */
static const char *number_of(const struct bo *bo)
{
	static char text[32];
	int dmabuf = bo_export(one.puck.fd, bo);

	ktap_need(dmabuf >= 0, "number");
	snprintf(text, sizeof(text), "%llu", dmabuf_number(dmabuf));
	close(dmabuf);
	return text;
}

static void *revoke_thread(void *arg)
{
	return (void *)(intptr_t)revoke_by_file(arg);
}

static void *unbind_thread(void *arg)
{
	return (void *)(intptr_t)write_text(PUCK_DRIVER "unbind", arg);
}

static void begin(void)
{
	other_one.puck = one.puck;
	other_two.puck = two.puck;
	ktap_need(!side_share(&one, &two, SIZE, BO_VRAM | BO_SYSTEM) &&
		  !side_share(&other_one, &other_two, SIZE, BO_VRAM | BO_SYSTEM), "import");
}

static void end(void)
{
	side_unshare(&one, &two);
	side_unshare(&other_one, &other_two);
	ktap_ok(puck_count_becomes(&one.puck, "bos", "bo ", 0) &&
		puck_count_becomes(&two.puck, "bos", "bo ", 0), "no BO is left");
}

/* The other BO is where it was, for both. */
static bool other_works(uint8_t value)
{
	return fence_result(side_write(&other_two, value), FOREVER_MS) == 1 &&
	       side_reads(&other_one, value) && side_reads(&other_two, value);
}

/* Jobs are submitted until one is refused: its error. */
static int refuse(void)
{
	unsigned int looks = 0;
	int next;

	while ((next = side_write(&two, 0x11)) >= 0 && patient(&looks))
		close(next);
	return next;
}

static void test_named(void)
{
	pthread_t thread;
	int fence, err;
	void *result;

	begin();
	ktap_need(!puck_set(&two.puck, 0, "hold", 1), "hold");
	/* Under way before anything is revoked. */
	fence = side_write(&two, 0x11);
	ktap_need(!pthread_create(&thread, NULL, revoke_thread, (void *)number_of(&one.bo)),
		  "a thread");
	err = refuse();
	ktap_ok(err == -ENODEV && !fence_status(fence),
		"named: while a job is under way the next one is refused: %d", err);
	ktap_ok(puck_sum(&one.puck, "mapped") == 2, "named: that job has its mapping");
	puck_set(&two.puck, 0, "hold", 0);
	pthread_join(thread, &result);
	ktap_ok(!result && fence_result(fence, FOREVER_MS) == 1, "named: it ends well");
	ktap_ok(puck_sum(&one.puck, "mapped") == 1, "named: and the mapping is gone");
	ktap_ok(side_read(&two) == -ENODEV, "named: jobs to come are refused");
	ktap_ok(side_reads(&one, 0x11) && bo_is(one.puck.fd, &one.bo, 0x11),
		"named: the exporter and the CPU have it");
	ktap_ok(other_works(0x12), "named: nothing happens to another BO");
	end();
}

/* For as long as the dma-buf is there. */
static void test_again(void)
{
	int dmabuf;
	struct bo bo;

	begin();
	dmabuf = bo_export(one.puck.fd, &one.bo);
	ktap_ok(!revoke_by_file(number_of(&one.bo)) && !revoke_by_file(number_of(&one.bo)),
		"again: revoked twice");
	bo_close(two.puck.fd, &two.bo);
	memset(&two.bo, 0, sizeof(two.bo));
	ktap_ok(puck_count_becomes(&two.puck, "bos", "bo ", 3), "again: the importer lets go");
	ktap_ok(bo_import(two.puck.fd, &bo, dmabuf, SIZE) == -ENODEV, "again: and cannot be back");
	close(dmabuf);
	end();
	begin();
	ktap_ok(fence_result(side_write(&two, 0x21), FOREVER_MS) == 1 && side_reads(&one, 0x21),
		"again: another dma-buf is another one");
	end();
}

static void test_all(void)
{
	begin();
	ktap_ok(!revoke_by_file("all"), "all: revoked");
	ktap_ok(side_read(&two) == -ENODEV && side_read(&other_two) == -ENODEV &&
		!puck_sum(&one.puck, "mapped"), "all: no importer has any");
	ktap_ok(fence_result(side_write(&one, 0x31), FOREVER_MS) == 1 && side_reads(&one, 0x31),
		"all: the exporter has");
	end();
}

static void test_bad(void)
{
	static const struct {
		const char *text;
		int err;
	} bad[] = {
		{ "0", -EINVAL }, { "", -EINVAL }, { " ", -EINVAL }, { "-1", -EINVAL }, { "any", -EINVAL },
		{ "1 2", -EINVAL }, { "99999999999999999999", -EINVAL },
		{ "all but a few of them, which are a number of words", -EINVAL },
		{ "18446744073709551615", -ENOENT },
	};
	unsigned int i;

	begin();
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		ktap_ok(revoke_by_file(bad[i].text) == bad[i].err, "bad_revoke \"%s\"", bad[i].text);
	ktap_ok(fence_result(side_write(&two, 0x41), FOREVER_MS) == 1 && other_works(0x42),
		"bad_revoke: nothing is revoked");
	end();
}

/* All jobs of a VM may use all that is mapped there. */
static void test_vm(void)
{
	uint32_t vm, queue;

	if (vm_create(two.puck.fd, &vm)) {
		ktap_skip("no VMs in this device", "vm");
		return;
	}
	begin();
	ktap_need(!vm_queue_create(two.puck.fd, vm, 0, &queue) &&
		  !vm_bind_one(two.puck.fd, vm, bind_map(&two.bo, SHARED)) &&
		  !vm_bind_one(two.puck.fd, vm, bind_map(&two.result, 0)) &&
		  !vm_run(two.puck.fd, queue, fill_at(SHARED, SIZE, 0x51)), "vm: mapped");
	ktap_ok(!revoke_by_file("all") && vm_run(two.puck.fd, queue, fill_at(0, SIZE, 0x52)) == -ENODEV,
		"vm: jobs are refused that may use it");
	ktap_ok(!vm_bind_one(two.puck.fd, vm, bind_unmap(SHARED, SIZE)) &&
		!vm_run(two.puck.fd, queue, fill_at(0, SIZE, 0x53)) && side_result_is(&two, 0x53),
		"vm: without it they are not");
	ktap_ok(side_reads(&one, 0x51), "vm: the exporter has what was written");
	queue_destroy(two.puck.fd, queue);
	vm_destroy(two.puck.fd, vm);
	end();
}

/* An importer that does not listen has its mapping taken away, and faults in the IOMMU. */
static void test_deaf(void)
{
	const char *param = "/sys/module/puck_gpu_share/parameters/deaf";
	int dmabuf, before, after, log;
	char text[16], line[160];
	struct bo bo;

	if (access(param, W_OK)) {
		ktap_skip("puck-gpu-share is not loaded", "deaf");
		return;
	}
	ktap_need(!bo_create(one.puck.fd, &bo, SIZE), "create");
	dmabuf = bo_export(one.puck.fd, &bo);
	snprintf(text, sizeof(text), "%d", dmabuf);
	if (write_text(param, text) == -ENODEV) {
		ktap_skip("no GPU behind an IOMMU", "deaf");
		goto out;
	}
	read_line(param, text, sizeof(text));
	before = atoi(text);
	ktap_ok(before == 1 && bo.map[0] == 0xaf, "deaf: an importer writes: %d", before);
	ktap_ok(!revoke_by_file(number_of(&bo)) && !puck_sum(&one.puck, "mapped"), "deaf: revoked");
	memset(bo.map, 0, SIZE);
	log = log_open();
	expect_begin("DMA fault: ");
	read_line(param, text, sizeof(text));
	after = atoi(text);
	ktap_ok(after < 0 && bo.map[0] == 0 && bo.map[SIZE - 1] == 0,
		"deaf: it cannot any more: %d", after);
	ktap_ok(log_comes(log, "DMA fault: ", line, sizeof(line)), "deaf: %s", line);
	expect_end();
	close(log);
	ktap_ok(!write_text(param, "-1"), "deaf: it lets go");
out:
	close(dmabuf);
	bo_close(one.puck.fd, &bo);
	ktap_ok(puck_count_becomes(&one.puck, "bos", "bo ", 0), "deaf: no BO is left");
}

/* The driver lets go of the exporter's device. */
static void test_unbind(void)
{
	pthread_t thread;
	int fence, err;
	void *result;
	char pci[32];
	struct bo bo;

	snprintf(pci, sizeof(pci), "%s", one.puck.pci);
	begin();
	ktap_need(!bo_create(one.puck.fd, &bo, SIZE), "create");
	memset(bo.map, 0x61, SIZE);
	ktap_need(!puck_set(&two.puck, 0, "hold", 1), "hold");
	/* Under way before anything is revoked. */
	fence = side_write(&two, 0x11);
	ktap_need(!pthread_create(&thread, NULL, unbind_thread, pci), "a thread");
	err = refuse();
	ktap_ok(err == -ENODEV && !fence_status(fence),
		"unbind: while a job is under way the next one is refused: %d", err);
	puck_set(&two.puck, 0, "hold", 0);
	pthread_join(thread, &result);
	ktap_ok(!result && fence_result(fence, FOREVER_MS) == 1, "unbind: it ends well");
	ktap_ok(side_read(&two) == -ENODEV && side_read(&other_two) == -ENODEV,
		"unbind: jobs to come are refused");
	ktap_ok(bo.map[0] == 0x61 && bo.map[SIZE - 1] == 0x61,
		"unbind: the CPU has what is in system memory");
	munmap(bo.map, SIZE);
	side_unshare(&one, &two);
	side_unshare(&other_one, &other_two);
	close(one.puck.fd);
	ktap_need(!write_text(PUCK_DRIVER "bind", pci) && puck_open_soon(&one.puck, pci),
		  "unbind: bound again");
	begin();
	ktap_ok(other_works(0x62), "unbind: all is as before");
	end();
}

int main(int argc, char **argv)
{
	ktap_begin();
	if (argc > 2)
		ktap_need(!puck_open_pci(&one.puck, argv[1]) && !puck_open_pci(&two.puck, argv[2]),
			  "two GPUs");
	else
		ktap_need(!puck_open_any(&one.puck) && !puck_open_other(&two.puck, &one.puck),
			  "two GPUs");
	test_named();
	test_again();
	test_all();
	test_bad();
	test_vm();
	test_deaf();
	test_unbind();
	return ktap_end();
}
