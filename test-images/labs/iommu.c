// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lab 5, the guest half of its grader: QEMU's edu device moves bytes through the tables that
 * the module has made, and the IOMMU says what it has refused, done and found stale. No
 * driver is bound to edu: the grader writes its registers itself.
 */
#include "lib/labs/lab.h"

#include "abi/puck_iommu.h"

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8
#define EDU_IDENTITY 0x010000edu
/* Its DMA engine: registers of 8 bytes, and the memory that it copies to and from. */
#define EDU_SRC 0x80
#define EDU_DST 0x88
#define EDU_COUNT 0x90
#define EDU_CMD 0x98
#define EDU_RUN 1
#define EDU_TO_RAM 2
#define EDU_MEMORY 0x40000
#define EDU_BYTES 4096

#define PAGE 4096u
#define BOTH (PUCK_LAB_IOMMU_READ | PUCK_LAB_IOMMU_WRITE)
#define LOW 0x100000ull
/* Two pages of one run, with the last entry of a level-1 table between them. */
#define CROSSING (0x40000000ull - PAGE)
#define HIGHEST ((1ull << PUCK_IOMMU_IOVA_BITS) - PAGE)
/* A page that is mapped and unmapped, and the next one. */
#define REUSED 0x7f0000000000ull
/* Where the device has its own memory looked at and filled: the last page, mapped all the time. */
#define SCRATCH 0x10000000ull
#define SCRATCH_PAGE 15
#define SOME 64

struct bench {
	struct lab lab;
	char iommu[32], edu[32];
	volatile uint8_t *iommu_regs, *edu_regs;
	uint16_t requester;
	int fd;
};

static uint64_t counter(const struct bench *b, uint32_t offset)
{
	volatile uint32_t *at = (volatile uint32_t *)(b->iommu_regs + offset);

	return at[0] | (uint64_t)at[1] << 32;
}

/* Takes memory access and bus mastering of a function that has no driver. */
static void enable_edu(struct bench *b)
{
	char path[128];
	uint16_t command = 6;
	unsigned int bus, dev, fn;
	int fd;

	ktap_need(pci_find_any(EDU_VENDOR, EDU_DEVICE, b->edu, sizeof(b->edu)), "there is an edu");
	snprintf(path, sizeof(path), PCI_DEVICES "/%s/config", b->edu);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ktap_need(fd >= 0 && pwrite(fd, &command, sizeof(command), 4) == sizeof(command),
		  "the grader enables edu");
	close(fd);
	ktap_need(sscanf(b->edu, "%*x:%x:%x.%x", &bus, &dev, &fn) == 3, "edu has a place");
	b->requester = (uint16_t)(bus << 8 | dev << 3 | fn);
	b->edu_regs = lab_map(b->edu, 0, EDU_MEMORY + EDU_BYTES);
	ktap_need(b->edu_regs && *(volatile uint32_t *)b->edu_regs == EDU_IDENTITY,
		  "the grader maps the registers of edu");
}

static void edu_write(const struct bench *b, uint32_t offset, uint64_t value)
{
	*(volatile uint64_t *)(b->edu_regs + offset) = value;
}

/* One transfer between edu's own memory and an IOVA; it takes a tenth of a second. */
static void edu_move(const struct bench *b, uint64_t iova, uint32_t count, bool to_ram)
{
	unsigned int looks = 0;

	edu_write(b, EDU_SRC, to_ram ? EDU_MEMORY : iova);
	edu_write(b, EDU_DST, to_ram ? iova : EDU_MEMORY);
	edu_write(b, EDU_COUNT, count);
	edu_write(b, EDU_CMD, EDU_RUN | (to_ram ? EDU_TO_RAM : 0));
	while ((*(volatile uint64_t *)(b->edu_regs + EDU_CMD) & EDU_RUN) && patient(&looks))
		usleep(1000);
}

static uint8_t byte_of(uint64_t seed, size_t i)
{
	return (uint8_t)(seed * 37 + i * 3 + 1);
}

/* Bytes of the module's pages, at an offset from the first one. */
static bool set_bytes(const struct bench *b, uint64_t at, size_t count, uint64_t seed)
{
	uint64_t arg[PUCK_LAB_ARGS] = { at };
	uint8_t bytes[EDU_BYTES];
	size_t i;

	for (i = 0; i < count; i++)
		bytes[i] = byte_of(seed, i);
	return lab_did(lab_call(b->fd, PUCK_LAB_IOMMU_BYTES, arg, bytes, count, NULL, 0),
		       "filling a page");
}

static bool has_bytes(const struct bench *b, uint64_t at, size_t count, uint64_t seed)
{
	uint64_t arg[PUCK_LAB_ARGS] = { at };
	uint8_t bytes[EDU_BYTES];
	size_t i;

	if (!lab_did(lab_call(b->fd, PUCK_LAB_IOMMU_BYTES, arg, NULL, 0, bytes, count),
		     "looking at a page"))
		return false;
	for (i = 0; i < count && bytes[i] == byte_of(seed, i); i++)
		;
	return i == count;
}

/* The CPU does not reach edu's memory: its bytes are those that it writes to the scratch page. */
static bool edu_has(const struct bench *b, size_t count, uint64_t seed)
{
	edu_move(b, SCRATCH, (uint32_t)count, true);
	return has_bytes(b, SCRATCH_PAGE * PAGE, count, seed);
}

static bool edu_fill(const struct bench *b, size_t count, uint64_t seed)
{
	if (!set_bytes(b, SCRATCH_PAGE * PAGE, count, seed))
		return false;
	edu_move(b, SCRATCH, (uint32_t)count, false);
	return true;
}

static long map(const struct bench *b, uint64_t iova, uint64_t page, uint64_t count, uint64_t prot)
{
	uint64_t arg[PUCK_LAB_ARGS] = { iova, page, count, prot };
	long ret = lab_call(b->fd, PUCK_LAB_IOMMU_MAP, arg, NULL, 0, NULL, 0);

	if (!ret && arg[0] != count * PAGE) {
		ktap_note("lab_map_pages() counted %lu bytes of %lu", (unsigned long)arg[0],
			  (unsigned long)(count * PAGE));
		return -EIO;
	}
	return ret;
}

static bool mapped(const struct bench *b, uint64_t iova, uint64_t page, uint64_t count,
		   uint64_t prot)
{
	return lab_did(map(b, iova, page, count, prot), "lab_map_pages()");
}

static bool unmapped(const struct bench *b, uint64_t iova, uint64_t count)
{
	uint64_t arg[PUCK_LAB_ARGS] = { iova, count };

	if (!lab_did(lab_call(b->fd, PUCK_LAB_IOMMU_UNMAP, arg, NULL, 0, NULL, 0), "unmapping"))
		return false;
	if (arg[0] == count * PAGE)
		return true;
	ktap_note("lab_unmap_pages() returned %lu, not %lu", (unsigned long)arg[0],
		  (unsigned long)(count * PAGE));
	return false;
}

/* The oldest fault that was not looked at yet: its reason, 0 if there is none. */
static unsigned int next_fault(const struct bench *b, uint64_t *iova)
{
	uint64_t arg[PUCK_LAB_ARGS] = { 0 };

	if (lab_call(b->fd, PUCK_LAB_IOMMU_FAULT, arg, NULL, 0, NULL, 0) < 0 || !arg[0])
		return 0;
	*iova = arg[2];
	return (unsigned int)arg[1];
}

static void forget_faults(const struct bench *b)
{
	uint64_t iova;
	int i;

	for (i = 0; i < PUCK_LAB_ARGS * 64 && next_fault(b, &iova); i++)
		;
}

/* Nothing was refused; else a note says what. */
static bool no_fault(const struct bench *b, const char *when)
{
	uint64_t iova;
	unsigned int reason = next_fault(b, &iova);

	if (reason)
		ktap_note("%s: the IOMMU refused 0x%llx, reason %u of \"Fault queue\"", when,
			  (unsigned long long)iova, reason);
	forget_faults(b);
	return !reason;
}

/* A transfer that has to be refused, for this reason. */
static bool refused(const struct bench *b, uint64_t iova, bool to_ram, unsigned int wanted,
		    const char *what)
{
	unsigned int reason;
	uint64_t at;

	forget_faults(b);
	edu_move(b, iova, SOME, to_ram);
	reason = next_fault(b, &at);
	forget_faults(b);
	if (reason != wanted)
		ktap_note("%s: the IOMMU has reason %u (0: none), not %u", what, reason, wanted);
	return reason == wanted;
}

/* The device reads @count bytes at @iova, which are those of @at in the pages. */
static bool reads(const struct bench *b, uint64_t iova, uint64_t at, uint32_t count, uint64_t seed,
		  const char *what)
{
	if (!set_bytes(b, at, count, seed))
		return false;
	edu_move(b, iova, count, false);
	if (!no_fault(b, what))
		return false;
	if (edu_has(b, count, seed))
		return true;
	ktap_note("%s: the device has read other bytes", what);
	return false;
}

static bool writes(const struct bench *b, uint64_t iova, uint64_t at, uint32_t count, uint64_t seed,
		   const char *what)
{
	if (!edu_fill(b, count, seed))
		return false;
	edu_move(b, iova, count, true);
	if (!no_fault(b, what))
		return false;
	if (has_bytes(b, at, count, seed))
		return true;
	ktap_note("%s: what the device wrote is not in the page", what);
	return false;
}

static void test_attach(const struct bench *b)
{
	uint64_t arg[PUCK_LAB_ARGS] = { b->requester };
	bool good = lab_did(lab_call(b->fd, PUCK_LAB_IOMMU_ATTACH, arg, NULL, 0, NULL, 0),
			    "lab_attach_dev()");

	/* With a context it is the page table that says no. */
	lab_point(good && refused(b, LOW, false, PUCK_IOMMU_FAULT_NOT_MAPPED,
				  "nothing is mapped, and the device reads"), "attach");
}

static void test_map(const struct bench *b)
{
	lab_point(mapped(b, SCRATCH, SCRATCH_PAGE, 1, BOTH) && mapped(b, LOW, 0, 1, BOTH) &&
		  reads(b, LOW + 8, 8, SOME, 1, "one page") &&
		  writes(b, LOW, 0, SOME, 2, "one page"), "map");
}

/* The one does not wait for the other: later points ask for both. */
static void test_reach(const struct bench *b)
{
	bool highest = mapped(b, HIGHEST, 3, 1, BOTH) &&
		       reads(b, HIGHEST, 3 * PAGE, SOME, 4, "the highest page");
	bool crossing = mapped(b, CROSSING, 1, 2, BOTH) &&
			reads(b, CROSSING + PAGE / 2, PAGE + PAGE / 2, EDU_BYTES, 3,
			      "two pages of one run, in two tables");

	lab_point(highest && crossing, "reach");
}

static void test_permission(const struct bench *b)
{
	uint64_t iova = LOW + 8 * PAGE;
	bool good = mapped(b, iova, 4, 1, PUCK_LAB_IOMMU_READ) &&
		    mapped(b, iova + PAGE, 5, 1, PUCK_LAB_IOMMU_WRITE) &&
		    reads(b, iova, 4 * PAGE, SOME, 5, "a page to be read");

	good = good && edu_fill(b, SOME, 6) && refused(b, iova, true, PUCK_IOMMU_FAULT_PERMISSION,
			       "the device writes to a page that is to be read");
	if (good && !has_bytes(b, 4 * PAGE, SOME, 5)) {
		ktap_note("the page has what the device wrote");
		good = false;
	}
	lab_point(good && refused(b, iova + PAGE, false, PUCK_IOMMU_FAULT_PERMISSION,
				  "the device reads a page that is to be written"), "permission");
}

static bool leads(const struct bench *b, uint64_t iova, bool there, uint64_t offset)
{
	uint64_t arg[PUCK_LAB_ARGS] = { iova };

	if (!lab_did(lab_call(b->fd, PUCK_LAB_IOMMU_LOOKUP, arg, NULL, 0, NULL, 0), "looking up"))
		return false;
	if (arg[0] == there && (!there || arg[1] == offset))
		return true;
	ktap_note("lab_iova_to_phys(0x%llx): %s", (unsigned long long)iova,
		  !arg[0] ? "0" : there ? "another byte than the one mapped" : "not 0");
	return false;
}

static void test_lookup(const struct bench *b)
{
	lab_point(leads(b, LOW, true, 0) && leads(b, LOW + 0x123, true, 0x123) &&
		  leads(b, CROSSING + PAGE + 5, true, 2 * PAGE + 5) &&
		  leads(b, HIGHEST + PAGE - 1, true, 4 * PAGE - 1) && leads(b, LOW + PAGE, false, 0) &&
		  leads(b, 0, false, 0) && leads(b, REUSED, false, 0), "lookup");
}

static void test_errors(const struct bench *b)
{
	long taken = map(b, LOW, 6, 1, BOTH);
	long partly = map(b, LOW - PAGE, 6, 2, BOTH);
	long beyond = map(b, HIGHEST, 6, 2, BOTH);
	bool good = taken == -EEXIST && partly == -EEXIST && beyond == -ERANGE;

	if (!good)
		ktap_note("mapping what is mapped: %ld; a run that ends in it: %ld (both -EEXIST, %d); beyond 2^48: %ld (-ERANGE, %d)",
			  taken, partly, -EEXIST, beyond, -ERANGE);
	lab_point(leads(b, LOW, true, 0) && leads(b, LOW - PAGE, false, 0) &&
		  leads(b, HIGHEST, true, 3 * PAGE) && good, "errors");
}

static void test_unmap(const struct bench *b)
{
	bool good = mapped(b, LOW + PAGE, 7, 1, BOTH) && unmapped(b, LOW + PAGE, 1) &&
		    refused(b, LOW + PAGE, false, PUCK_IOMMU_FAULT_NOT_MAPPED,
			    "the device reads what was unmapped");

	lab_point(good && reads(b, LOW, 0, SOME, 7, "its neighbour, which is mapped still"),
		  "unmap");
}

/* Two pages that the IOTLB knows make way for two others at the same addresses. */
static void test_flush(const struct bench *b)
{
	uint64_t stale = counter(b, PUCK_IOMMU_CNT_STALE_HITS);
	uint64_t at = REUSED + PAGE - SOME / 2;
	bool good = mapped(b, REUSED, 8, 2, BOTH) &&
		    reads(b, at, 9 * PAGE - SOME / 2, SOME, 8, "two pages") &&
		    unmapped(b, REUSED, 2) && mapped(b, REUSED, 10, 2, BOTH) &&
		    reads(b, at, 11 * PAGE - SOME / 2, SOME, 9, "two others in their place");

	stale = counter(b, PUCK_IOMMU_CNT_STALE_HITS) - stale;
	if (stale)
		ktap_note("%lu times the IOTLB had an entry that the tables do not have any more",
			  (unsigned long)stale);
	lab_point(good && !stale, "flush");
}

/* What the device has done, as it counts it itself: a SYNC is a command that invalidates nothing. */
static void test_sync(const struct bench *b)
{
	uint64_t commands = counter(b, PUCK_IOMMU_CNT_COMMANDS);
	uint64_t invalidations = counter(b, PUCK_IOMMU_CNT_INVALIDATIONS);
	bool good = mapped(b, REUSED + 8 * PAGE, 12, 1, BOTH) && unmapped(b, REUSED + 8 * PAGE, 1);

	commands = counter(b, PUCK_IOMMU_CNT_COMMANDS) - commands;
	invalidations = counter(b, PUCK_IOMMU_CNT_INVALIDATIONS) - invalidations;
	if (commands <= invalidations || !invalidations) {
		ktap_note("an unmap made the device do %lu commands, %lu of them to invalidate: is it known when they were done?",
			  (unsigned long)commands, (unsigned long)invalidations);
		good = false;
	}
	lab_point(good, "sync");
}

static void test_tables(const struct bench *b)
{
	uint64_t arg[PUCK_LAB_ARGS] = { 0 };
	bool good = lab_did(lab_call(b->fd, PUCK_LAB_IOMMU_DETACH, arg, NULL, 0, NULL, 0),
			    "detaching");

	if (good && arg[0])
		ktap_note("%ld tables are left", (long)arg[0]);
	lab_point(good && !arg[0], "tables");
}

static void begin(struct bench *b, int argc, char **argv)
{
	lab_begin(&b->lab, argc, argv);
	ktap_need(pci_find_any(PUCK_IOMMU_PCI_VENDOR, PUCK_IOMMU_PCI_DEVICE, b->iommu,
			       sizeof(b->iommu)), "there is a puck-iommu");
	b->lab.dev = b->iommu;
	b->iommu_regs = lab_map(b->iommu, PUCK_IOMMU_BAR_REGS, PUCK_IOMMU_BAR_REGS_SIZE);
	ktap_need(b->iommu_regs, "the grader maps the registers of the IOMMU");
	enable_edu(b);
}

int main(int argc, char **argv)
{
	struct bench b = { 0 };

	begin(&b, argc, argv);
	b.fd = lab_load(&b.lab) ? lab_open(&b.lab) : -1;
	ktap_need(b.fd >= 0, "the module takes the IOMMU");
	test_attach(&b);
	test_map(&b);
	test_reach(&b);
	test_permission(&b);
	test_lookup(&b);
	test_errors(&b);
	test_unmap(&b);
	test_flush(&b);
	test_sync(&b);
	test_tables(&b);
	close(b.fd);
	lab_point(lab_unload(&b.lab), "unload");
	return lab_end(&b.lab);
}
