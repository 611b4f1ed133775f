// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lab 1, the guest half of its grader: what a PCI driver that probes has asked the kernel for,
 * as sysfs and /proc have it, and whether it hears of the device's errors. The grader makes
 * the errors itself: a doorbell of a ring that is off (docs/specs/gpu.rst, TAIL).
 */
#include "lib/labs/lab.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

/* A burst of errors that come faster than they can be worked off. */
#define BURST 24
#define TAIL_MARK 0x1ab0
/* PCI's: where capabilities begin, which one is MSI-X, and all of its vectors masked. */
#define CONFIG_CAPS 0x34
#define CAP_MSIX 0x11
#define MSIX_MASKED 0x4000
/* How long an interrupt may take that does come. */
#define IRQ_WAIT_MS 2000

struct errors {
	uint64_t count, info, addr;
};

static bool ask_errors(int fd, struct errors *errors)
{
	uint64_t arg[PUCK_LAB_ARGS] = { 0 };

	if (!lab_did(lab_call(fd, PUCK_LAB_PROBE_ERRORS, arg, NULL, 0, NULL, 0),
		     "asking for the errors"))
		return false;
	*errors = (struct errors) { arg[0], arg[1], arg[2] };
	return true;
}

/* The doorbell of a ring that is off is a mistake of ours, which the device tells. */
static void make_error(const struct lab_gpu *gpu, uint32_t index)
{
	lab_write32(gpu, PUCK_GPU_RING(0) + PUCK_GPU_RING_TAIL, index);
}

/* Waits for as many as have to come; false with a note if they do not. */
static bool errors_come(int fd, uint64_t wanted, struct errors *errors)
{
	int tries;

	for (tries = IRQ_WAIT_MS / LOOK_EVERY_MS; tries; tries--) {
		if (!ask_errors(fd, errors))
			return false;
		if (errors->count >= wanted)
			return true;
		usleep(LOOK_EVERY_MS * 1000);
	}
	ktap_note("the driver counts %lu records where there were %lu", (unsigned long)errors->count,
		  (unsigned long)wanted);
	return false;
}

static void note_state(const struct lab_gpu *gpu)
{
	char path[128];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/msi_irqs", gpu->name);
	ktap_note("IRQ_ENABLE 0x%x, IRQ_STATUS 0x%x, ERR_COUNT %u, bus mastering %s, MSI-X %s",
		  lab_read32(gpu, PUCK_GPU_IRQ_ENABLE), lab_read32(gpu, PUCK_GPU_IRQ_STATUS),
		  lab_read32(gpu, PUCK_GPU_ERR_COUNT), lab_is_master(gpu->name) ? "on" : "off",
		  access(path, F_OK) ? "off" : "on");
}

/* One more error: is it heard of, and as what it was? */
static bool hears_error(int fd, const struct lab_gpu *gpu, uint32_t index)
{
	struct errors before, now;

	if (!ask_errors(fd, &before))
		return false;
	make_error(gpu, index);
	if (!errors_come(fd, before.count + 1, &now)) {
		note_state(gpu);
		return false;
	}
	if ((now.info & PUCK_GPU_ERR_INFO_REASON) == PUCK_GPU_ERR_TAIL && now.addr == index)
		return true;
	ktap_note("ERR_INFO 0x%lx, ERR_ADDR 0x%lx are not those of the record (reason %d, 0x%x)",
		  (unsigned long)now.info, (unsigned long)now.addr, PUCK_GPU_ERR_TAIL, index);
	return false;
}

/* Lines of /proc/iomem behind that of BAR 0 that lie deeper are those who have reserved it. */
static bool is_reserved(const char *name)
{
	char path[128], line[256], start[32];
	int depth = -1, at;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/resource", name);
	read_line(path, line, sizeof(line));
	snprintf(start, sizeof(start), "%08llx-", strtoull(line, NULL, 16));
	file = fopen("/proc/iomem", "r");
	while (file && !found && fgets(line, sizeof(line), file)) {
		at = (int)strspn(line, " ");
		if (depth < 0 && !strncmp(line + at, start, strlen(start)) && strstr(line, name))
			depth = at;
		else if (depth >= 0)
			found = at > depth;
		if (depth >= 0 && at < depth)
			break;
		if (depth >= 0 && at == depth && !strstr(line, name))
			break;
	}
	if (file)
		fclose(file);
	return found;
}

static void test_region(const struct lab *lab)
{
	bool reserved = is_reserved(lab->dev);

	if (!reserved)
		ktap_note("in /proc/iomem nobody has the memory of BAR 0 of %s", lab->dev);
	lab_point(reserved, "region");
}

static void test_identity(const struct lab *lab, int fd)
{
	uint64_t arg[PUCK_LAB_ARGS] = { 0 };
	uint64_t vram = lab_read64(&lab->gpu, PUCK_GPU_VRAM_SIZE);
	uint32_t version = lab_reg32(lab, PUCK_GPU_VERSION);
	bool good;

	good = lab_did(lab_call(fd, PUCK_LAB_PROBE_IDENTITY, arg, NULL, 0, NULL, 0), "asking who it is");
	if (good) {
		good = arg[0] == PUCK_GPU_MAGIC_VALUE && arg[1] == version && arg[2] == vram;
		if (!good)
			ktap_note("it says 0x%lx, 0x%lx, 0x%lx; the device has 0x%x, 0x%x, 0x%lx",
				  (unsigned long)arg[0], (unsigned long)arg[1],
				  (unsigned long)arg[2], PUCK_GPU_MAGIC_VALUE, version,
				  (unsigned long)vram);
	}
	lab_point(good, "identity");
}

static unsigned int decimal(const char *name, const char *what)
{
	char path[128], line[32];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/%s", name, what);
	read_line(path, line, sizeof(line));
	return (unsigned int)strtoul(line, NULL, 10);
}

static void test_mask(const struct lab *lab)
{
	unsigned int mask = decimal(lab->dev, "dma_mask_bits");
	unsigned int coherent = decimal(lab->dev, "consistent_dma_mask_bits");

	if (mask != 64 || coherent != 64)
		ktap_note("the kernel has %u bits for streaming, %u for coherent memory", mask,
			  coherent);
	lab_point(mask == 64 && coherent == 64, "mask");
}

static void test_interrupt(const struct lab *lab, int fd)
{
	lab_point(hears_error(fd, &lab->gpu, TAIL_MARK), "interrupt");
}

static void set_config16(const char *name, long offset, uint16_t value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/config", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ktap_need(fd >= 0 && pwrite(fd, &value, sizeof(value), offset) == sizeof(value),
		  "the grader writes to the configuration of %s", name);
	close(fd);
}

/* Holds the messages of a function back; what came meanwhile is one message behind that. */
static void hold_messages(const char *name, bool hold)
{
	uint16_t control, at = lab_config16(name, CONFIG_CAPS) & 0xff;
	int tries;

	for (tries = 48; at && tries; tries--) {
		uint16_t head = lab_config16(name, at);

		if ((head & 0xff) == CAP_MSIX) {
			control = lab_config16(name, at + 2);
			control = hold ? control | MSIX_MASKED : control & ~MSIX_MASKED;
			set_config16(name, at + 2, control);
			return;
		}
		at = head >> 8;
	}
}

/* All of them are there when the first message comes, and no other one is sent for them. */
static void test_burst(const struct lab *lab, int fd)
{
	struct errors before, now;
	bool good;
	int i;

	good = ask_errors(fd, &before);
	hold_messages(lab->dev, true);
	for (i = 0; good && i < BURST; i++)
		make_error(&lab->gpu, TAIL_MARK + 1 + i);
	hold_messages(lab->dev, false);
	good = good && errors_come(fd, before.count + BURST, &now);
	if (good && now.addr != TAIL_MARK + BURST) {
		ktap_note("the last record had 0x%x, not 0x%lx", TAIL_MARK + BURST,
			  (unsigned long)now.addr);
		good = false;
	}
	if (!good)
		note_state(&lab->gpu);
	lab_point(good && hears_error(fd, &lab->gpu, TAIL_MARK), "burst");
}

/* An error of the second device is the second one's alone. */
static bool two_apart(const struct lab *lab, int fd, int other)
{
	struct errors first, now;
	uint64_t arg[PUCK_LAB_ARGS] = { 0 };

	if (!ask_errors(fd, &first) || !hears_error(other, &lab->other, TAIL_MARK + 0x100) ||
	    !ask_errors(fd, &now))
		return false;
	if (now.count != first.count) {
		ktap_note("an error of %s was counted for %s", lab->other.name, lab->dev);
		return false;
	}
	return hears_error(fd, &lab->gpu, TAIL_MARK + 0x200) &&
	       lab_did(lab_call(other, PUCK_LAB_PROBE_IDENTITY, arg, NULL, 0, NULL, 0),
		       "asking the second one who it is");
}

static void test_two(const struct lab *lab, int fd)
{
	int other = -1;
	bool good = false;

	if (!lab_is_bound(lab, lab->other.name))
		ktap_note("the driver has not taken %s", lab->other.name);
	else
		other = lab_open_of(lab->other.name);
	if (other >= 0)
		good = two_apart(lab, fd, other);
	if (other >= 0)
		close(other);
	lab_point(good, "two");
}

/* What is left of the driver at a device that it has given back. */
static bool is_given_back(const struct lab *lab)
{
	char path[128], line[256];
	bool good = true;
	FILE *file;

	if (lab_reg32(lab, PUCK_GPU_IRQ_ENABLE)) {
		ktap_note("the device still sends interrupts for errors: IRQ_ENABLE is 0x%x",
			  lab_reg32(lab, PUCK_GPU_IRQ_ENABLE));
		good = false;
	}
	if (is_reserved(lab->dev)) {
		ktap_note("in /proc/iomem somebody still has the memory of BAR 0");
		good = false;
	}
	if (decimal(lab->dev, "enable")) {
		ktap_note("the function is still enabled");
		good = false;
	}
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/msi_irqs", lab->dev);
	if (!access(path, F_OK)) {
		ktap_note("the function still has interrupt vectors");
		good = false;
	}
	snprintf(path, sizeof(path), "-%s", lab->dev);
	file = fopen("/proc/interrupts", "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (!strstr(line, path))
			continue;
		ktap_note("/proc/interrupts still has: %.100s", line);
		good = false;
	}
	if (file)
		fclose(file);
	return good;
}

static void test_unbind(const struct lab *lab)
{
	lab_point(lab_unbind(lab, lab->dev) && is_given_back(lab), "unbind");
}

static void test_again(struct lab *lab)
{
	bool good = lab_bind(lab, lab->dev);
	int fd = good ? lab_open(lab) : -1;

	good = fd >= 0 && hears_error(fd, &lab->gpu, TAIL_MARK + 0x300);
	if (fd >= 0)
		close(fd);
	/* Not even what did not work keeps the module here. */
	lab_point(lab_unload(lab) && good, "again");
}

int main(int argc, char **argv)
{
	static const char * const rest[] = { "region", "identity", "mask", "interrupt", "burst",
					     "two", "unbind", "again" };
	struct lab lab;
	size_t i;
	int fd;

	lab_begin(&lab, argc, argv);
	ktap_need(lab.other.name[0], "there is a second puck-gpu");
	fd = lab_load(&lab) ? lab_open(&lab) : -1;
	if (!lab_point(fd >= 0, "bind")) {
		for (i = 0; i < sizeof(rest) / sizeof(rest[0]); i++)
			lab_not_tried(rest[i], "there is no driver to try");
		return lab_end(&lab);
	}
	test_region(&lab);
	test_identity(&lab, fd);
	test_mask(&lab);
	test_interrupt(&lab, fd);
	test_burst(&lab, fd);
	test_two(&lab, fd);
	close(fd);
	test_unbind(&lab);
	test_again(&lab);
	return lab_end(&lab);
}
