/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest half of a lab's grader: the module that is graded, the GPU it is for, and a line
 * for each point.
 *
 *	lab_begin(&lab, argc, argv);			MODULE.ko [NAME=VALUE...]
 *	lab_point(lab_load(&lab), "bind");
 *	ktap_note("the register has 0x%x", value);	what was seen, above the point
 *	lab_point(value == 1, "register");
 *	lab_point(lab_unload(&lab), "unload");
 *	return lab_end(&lab);
 */
#ifndef LIB_LABS_LAB_H
#define LIB_LABS_LAB_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/puck_gpu.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/pci.h"
#include "lib/base/text_file.h"
#include "puck_lab.h"

#define LAB_DRIVERS "/sys/bus/pci/drivers"
/* How long a module is looked at that still has users. */
#define LAB_UNLOAD_MS 2000

/* A GPU, whose registers the grader sees whoever drives it. */
struct lab_gpu {
	char name[32];			/* 0000:01:00.0 */
	volatile uint8_t *regs;		/* BAR 0 */
	volatile uint8_t *vram;		/* BAR 2; NULL until lab_vram() */
};

struct lab {
	const char *path;		/* of the module's file */
	char module[64];		/* as /proc/modules has it */
	struct lab_gpu gpu;		/* behind the IOMMU, if there is one */
	struct lab_gpu other;		/* not behind it; no name if there is none */
	const char *dev;		/* the name of the first one */
	char **options;			/* of the command line, NULL behind the last */
	bool loaded;
};

static inline volatile uint8_t *lab_map(const char *name, int bar, size_t size)
{
	char path[128];
	void *map;
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/resource%d", name, bar);
	fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	map = fd < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	return map == MAP_FAILED ? NULL : map;
}

static inline uint32_t lab_read32(const struct lab_gpu *gpu, uint32_t offset)
{
	return *(volatile uint32_t *)(gpu->regs + offset);
}

static inline void lab_write32(const struct lab_gpu *gpu, uint32_t offset, uint32_t value)
{
	*(volatile uint32_t *)(gpu->regs + offset) = value;
}

static inline uint64_t lab_read64(const struct lab_gpu *gpu, uint32_t offset)
{
	return lab_read32(gpu, offset) | (uint64_t)lab_read32(gpu, offset + 4) << 32;
}

static inline void lab_write64(const struct lab_gpu *gpu, uint32_t offset, uint64_t value)
{
	lab_write32(gpu, offset, (uint32_t)value);
	lab_write32(gpu, offset + 4, (uint32_t)(value >> 32));
}

/* The short for the one register that is asked for most often. */
static inline uint32_t lab_reg32(const struct lab *lab, uint32_t offset)
{
	return lab_read32(&lab->gpu, offset);
}

/* VRAM as the CPU sees it. */
static inline volatile uint8_t *lab_vram(struct lab_gpu *gpu)
{
	if (!gpu->vram)
		gpu->vram = lab_map(gpu->name, PUCK_GPU_BAR_VRAM,
				    lab_read64(gpu, PUCK_GPU_VRAM_SIZE));
	ktap_need(gpu->vram, "the grader maps VRAM of %s", gpu->name);
	return gpu->vram;
}

/* A number of configuration space, little-endian. */
static inline uint16_t lab_config16(const char *name, long offset)
{
	char path[128];
	uint16_t value = 0xffff;
	int fd;

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/config", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, &value, sizeof(value), offset) != sizeof(value))
		value = 0xffff;
	if (fd >= 0)
		close(fd);
	return value;
}

static inline bool lab_is_master(const char *name)
{
	return lab_config16(name, 4) & 4;	/* PCI_COMMAND, PCI_COMMAND_MASTER */
}

/* As after power-on: nothing of the module before this one is left in it. */
static inline void lab_reset(const struct lab_gpu *gpu)
{
	unsigned int looks = 0;

	lab_write32(gpu, PUCK_GPU_CTRL, PUCK_GPU_CTRL_RESET);
	while ((lab_read32(gpu, PUCK_GPU_STATUS) & PUCK_GPU_STATUS_RESETTING) && patient(&looks))
		;
}

/* A device that a driver has, such as puck.ko, is not reset under it. */
static inline bool lab_take_gpu(struct lab_gpu *gpu, bool in_charge)
{
	char path[128];

	memset(gpu, 0, sizeof(*gpu));
	if (!pci_find(PUCK_GPU_PCI_VENDOR, PUCK_GPU_PCI_DEVICE, in_charge, gpu->name,
		      sizeof(gpu->name)))
		return false;
	gpu->regs = lab_map(gpu->name, PUCK_GPU_BAR_REGS, PUCK_GPU_BAR_REGS_SIZE);
	ktap_need(gpu->regs && lab_read32(gpu, PUCK_GPU_MAGIC) == PUCK_GPU_MAGIC_VALUE,
		  "the grader maps the registers of %s", gpu->name);
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver", gpu->name);
	if (access(path, F_OK))
		lab_reset(gpu);
	return true;
}

/* Where a file that /sys has links to ends: its last word. */
static inline bool lab_link(const char *path, char *word, size_t size)
{
	char target[512];
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	word[0] = '\0';
	if (len <= 0)
		return false;
	target[len] = '\0';
	snprintf(word, size, "%.*s", (int)size - 1,
		 strrchr(target, '/') ? strrchr(target, '/') + 1 : target);
	return true;
}

/* Whether a driver of the module's has this function. */
static inline bool lab_is_bound(const struct lab *lab, const char *name)
{
	char path[160], module[64];

	snprintf(path, sizeof(path), PCI_DEVICES "/%s/driver/module", name);
	return lab_link(path, module, sizeof(module)) && !strcmp(module, lab->module);
}

static inline void lab_name_module(struct lab *lab)
{
	const char *base = strrchr(lab->path, '/');
	char *at;

	snprintf(lab->module, sizeof(lab->module), "%.63s", base ? base + 1 : lab->path);
	lab->module[strcspn(lab->module, ".")] = '\0';
	for (at = lab->module; *at; at++)
		*at = *at == '-' ? '_' : *at;
}

static inline void lab_begin(struct lab *lab, int argc, char **argv)
{
	ktap_begin();
	memset(lab, 0, sizeof(*lab));
	ktap_need(argc > 1 && !access(argv[1], R_OK), "usage: %s MODULE.ko [NAME=VALUE...]",
		  argv[0]);
	lab->path = argv[1];
	lab->options = argv + 2;
	lab_name_module(lab);
	if (!lab_take_gpu(&lab->gpu, true))
		ktap_need(lab_take_gpu(&lab->gpu, false), "there is a puck-gpu");
	else
		lab_take_gpu(&lab->other, false);
	lab->dev = lab->gpu.name;
}

/* The value of an option NAME=VALUE of the command line, or NULL. */
static inline const char *lab_option(const struct lab *lab, const char *name)
{
	size_t len = strlen(name);
	char **at;

	for (at = lab->options; *at; at++)
		if (!strncmp(*at, name, len) && (*at)[len] == '=')
			return *at + len + 1;
	return NULL;
}

/* One line of the result. Returns @ok. */
static inline bool lab_point(bool ok, const char *id)
{
	return ktap_ok(ok, "%s", id);
}

static inline void lab_not_tried(const char *id, const char *why)
{
	ktap_note("not tried: %s", why);
	lab_point(false, id);
}

/* Loads the module: true if it is there, whether it has a device or not. */
static inline bool lab_insert(struct lab *lab)
{
	int fd = open(lab->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		ktap_note("the module cannot be loaded: %s", strerror(errno));
	else
		lab->loaded = true;
	if (fd >= 0)
		close(fd);
	return lab->loaded;
}

/* Loads the module, and sees whether its driver has the GPU. */
static inline bool lab_load(struct lab *lab)
{
	if (!lab_insert(lab))
		return false;
	if (lab_is_bound(lab, lab->dev))
		return true;
	ktap_note("the module is loaded, but its driver has not taken %s", lab->dev);
	return false;
}

/* The module's driver goes by the module's name: KBUILD_MODNAME. */
static inline int lab_driver_write(const struct lab *lab, const char *file, const char *name)
{
	char path[192];

	snprintf(path, sizeof(path), LAB_DRIVERS "/%s/%s", lab->module, file);
	return write_text(path, name);
}

static inline bool lab_unbind(const struct lab *lab, const char *name)
{
	int err = lab_driver_write(lab, "unbind", name);

	if (err)
		ktap_note("%s cannot be unbound: %s", name, strerror(-err));
	return !err;
}

static inline bool lab_bind(const struct lab *lab, const char *name)
{
	int err = lab_driver_write(lab, "bind", name);

	if (err)
		ktap_note("%s cannot be bound: %s", name, strerror(-err));
	return !err && lab_is_bound(lab, name);
}

/* Removes the module, whose users may be on their way out. */
static inline bool lab_unload(struct lab *lab)
{
	int tries, err = EAGAIN;

	if (!lab->loaded)
		return false;
	for (tries = LAB_UNLOAD_MS / LOOK_EVERY_MS; tries && err == EAGAIN; tries--) {
		err = syscall(SYS_delete_module, lab->module, O_NONBLOCK) ? errno : 0;
		if (err == EAGAIN)
			usleep(LOOK_EVERY_MS * 1000);
	}
	if (err)
		ktap_note("the module cannot be removed: %s",
			  err == EAGAIN ? "somebody still uses it" : strerror(err));
	lab->loaded = err;
	return !err;
}

static inline int lab_end(struct lab *lab)
{
	if (lab->loaded)
		lab_unload(lab);
	return ktap_end();
}

/* The module's port for a GPU: a descriptor, or a negative errno. */
static inline int lab_open_of(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/dev/puck-lab-%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static inline int lab_open(const struct lab *lab)
{
	int fd = lab_open_of(lab->dev);

	if (fd < 0)
		ktap_note("/dev/puck-lab-%s: %s", lab->dev, strerror(-fd));
	return fd;
}

/*
 * A call of the module's, with up to PUCK_LAB_ARGS numbers in @args, or none (NULL). Returns
 * what it returned, or a negative errno.
 */
static inline long lab_call(int fd, uint32_t op, uint64_t *args, const void *in, size_t in_len,
			    void *out, size_t out_len)
{
	struct puck_lab_call call = { .op = op, .in = (uintptr_t)in, .in_len = (uint32_t)in_len,
				      .out = (uintptr_t)out, .out_len = (uint32_t)out_len };
	long ret;

	if (args)
		memcpy(call.arg, args, sizeof(call.arg));
	ret = ioctl(fd, PUCK_LAB_CALL, &call);
	if (ret < 0)
		return -errno;
	if (args)
		memcpy(args, call.arg, sizeof(call.arg));
	return ret;
}

/* The same, with a note if it fails. True if it did not. */
static inline bool lab_did(long ret, const char *what)
{
	if (ret < 0)
		ktap_note("%s: %s", what, strerror((int)-ret));
	return ret >= 0;
}

#endif /* LIB_LABS_LAB_H */
