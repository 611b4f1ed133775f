// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk under the DMA mapper: direct I/O of many sizes, in pieces that start
 * anywhere in a page as far as the driver allows it, many requests in flight,
 * a flush, and everything read back in other pieces and compared; then some
 * through the page cache, and a command that is passed through. Bytes around each
 * buffer must stay as they were.
 *
 * Overwrites the disk, but for its last eighth: the host may have bad sectors there.
 */
#include "lib/base/command.h"
#include "lib/base/ktap.h"
#include "lib/base/patience.h"
#include "lib/base/text_file.h"
#include "lib/mapper/data.h"
#include "lib/mapper/find.h"
#include "lib/mapper/options.h"
#include "lib/mapper/workload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/aio_abi.h>
#include <linux/fs.h>
#include <linux/nvme_ioctl.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define PIECES 4
#define PIECES_MAX 32
#define REQUESTS 512
#define DEPTH 12
#define DEPTH_MAX 64
#define GUARD 64
#define GUARD_BYTE 0xc5
#define PAGE 4096ul
#define HUGE_PAGE (2ul << 20)
/* What identifies a controller. */
#define IDENTITY 4096

struct block {
	int direct, cached;	/* descriptors of the same disk */
	aio_context_t aio;
	uint64_t size;		/* of what is written to, which starts at 0 */
	uint64_t end;		/* of the disk */
	int depth;
	int sectors;		/* of each request, each in a buffer of its own; 0: as drawn */
	bool nvme, bad;
	size_t bytes;		/* of one round */
	size_t sector, align;	/* what lengths and buffers are multiples of */
	char *arena;
	size_t arena_size;
};

struct request {
	uint64_t at;
	size_t length;
	int pieces;
	struct iovec piece[PIECES_MAX];
	struct iocb iocb;
	bool failed;
};

/* One way through the bytes of a round. */
struct plan {
	struct request requests[REQUESTS];
	int count;
};

static struct plan plan;

static uint64_t queue_limit(const char *disk, const char *name)
{
	char path[128], line[32];

	snprintf(path, sizeof(path), "/sys/class/block/%s/queue/%s", disk, name);
	ktap_need(read_line(path, line, sizeof(line)), "%s can be read", path);
	return strtoull(line, NULL, 10);
}

/* A buffer whose neighbours are none in memory. */
static char *scattered(size_t size)
{
	char *buf = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t pages = size / PAGE, i, step = 13;

	ktap_need(buf != MAP_FAILED, "memory");
	madvise(buf, size, MADV_NOHUGEPAGE);
	while (pages % step == 0)
		step += 2;
	for (i = 0; i < pages; i++)
		buf[i * step % pages * PAGE] = 1;
	return buf;
}

/* A buffer of whole huge pages, if there are any to be had. */
static char *contiguous(size_t size)
{
	char *buf = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ktap_need(buf != MAP_FAILED, "memory");
	buf = (char *)(((uintptr_t)buf + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
	madvise(buf, size, MADV_HUGEPAGE);
	memset(buf, 1, size);
	return buf;
}

/* A disk that has just appeared cannot be opened while the kernel looks at it. */
static int open_soon(const char *path, int flags)
{
	int64_t since = 0;
	int fd;

	do {
		fd = open(path, flags | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	} while (expectant(&since));
	ktap_note("%s: %s", path, strerror(errno));
	return -1;
}

static void block_open(struct block *block, const char *disk, const struct dma_options *options)
{
	size_t granule = options->granule;
	char path[80];

	snprintf(path, sizeof(path), "/dev/%s", disk);
	block->direct = open_soon(path, O_RDWR | O_DIRECT);
	block->cached = open_soon(path, O_RDWR);
	ktap_need(block->direct >= 0 && block->cached >= 0, "%s is open", path);
	ktap_need(!ioctl(block->direct, BLKGETSIZE64, &block->end), "and has a size");
	block->size = block->end - block->end / 8;
	block->nvme = !strncmp(disk, "nvme", 4);
	block->bad = options->bad;
	block->depth = options->depth ? options->depth : DEPTH;
	ktap_need(block->depth > 0 && block->depth <= DEPTH_MAX, "a depth of 1 to %d", DEPTH_MAX);
	block->sectors = options->sectors;
	ktap_need(block->sectors >= 0 && block->sectors <= PIECES_MAX, "0 to %d sectors",
		  PIECES_MAX);
	block->sector = queue_limit(disk, "logical_block_size");
	block->align = queue_limit(disk, "dma_alignment") + 1;
	if (granule) {
		block->sector = granule;
		block->align = granule;
	}
	ktap_need(block->size >= 4 * block->bytes, "it is large enough");
	ktap_need(!block->sectors ||
		  block->bytes <= (size_t)block->sectors * block->sector * REQUESTS,
		  "%d requests are enough", REQUESTS);
	ktap_need(!syscall(SYS_io_setup, block->depth, &block->aio), "asynchronous I/O");
	block->arena_size = 3 * block->bytes + REQUESTS * PIECES * 2 * PAGE;
	block->arena = (options->large ? contiguous : scattered)(block->arena_size);
	ktap_note("%s: %" PRIu64 " MiB, sectors of %zu bytes, buffers at multiples of %zu", disk,
		  block->size >> 20, block->sector, block->align);
}

/* Small ones more often than large ones; some that fit no power of two. */
static size_t draw_length(const struct block *block, uint64_t *state, size_t left)
{
	static const size_t sizes[] = {
		512, 1024, 1536, 4096, 4608, 8192, 12288, 20480, 65536, 69632, 131072, 262144,
		524288, 1048576,
	};
	uint64_t n = sizeof(sizes) / sizeof(*sizes);
	size_t length = sizes[dma_below(state, n)];

	length = (length + block->sector - 1) / block->sector * block->sector;
	return length < left ? length : left;
}

/* The page behind a buffer and its guard. */
static size_t page_behind(size_t used)
{
	return (used + GUARD + PAGE - 1) / PAGE * PAGE;
}

/* A buffer for each sector of a request, each at the start of a page. */
static void cut_sectors(const struct block *block, struct request *request, size_t *used)
{
	size_t done;

	for (done = 0; done < request->length; done += block->sector) {
		*used = page_behind(*used);
		request->piece[request->pieces++] = (struct iovec) {
			.iov_base = block->arena + *used,
			.iov_len = block->sector,
		};
		*used += block->sector + GUARD;
	}
}

/* Cuts a request's bytes into buffers of the arena. */
static void draw_pieces(const struct block *block, struct request *request, uint64_t *state,
			size_t *used)
{
	size_t left = request->length, most = 1 + dma_below(state, PIECES), length;

	request->pieces = 0;
	while (left) {
		size_t offset = dma_below(state, PAGE / block->align) * block->align;

		length = left;
		if ((size_t)request->pieces + 1 < most && left > block->sector)
			length = (1 + dma_below(state, left / block->sector)) * block->sector;
		*used = page_behind(*used) + offset;
		request->piece[request->pieces++] = (struct iovec) {
			.iov_base = block->arena + *used,
			.iov_len = length,
		};
		*used += length + GUARD;
		left -= length;
	}
}

static void draw_plan(const struct block *block, uint64_t start, uint64_t *state)
{
	/* The first buffer has a guard before it, too. */
	size_t done = 0, used = PAGE;

	plan.count = 0;
	while (done < block->bytes) {
		struct request *request = &plan.requests[plan.count++];
		size_t left = block->bytes - done;

		*request = (struct request) { .at = start + done };
		if (block->sectors) {
			request->length = (size_t)block->sectors * block->sector;
			if (request->length > left)
				request->length = left;
			cut_sectors(block, request, &used);
		} else {
			request->length = draw_length(block, state, left);
			if (plan.count == REQUESTS)
				request->length = left;
			draw_pieces(block, request, state, &used);
		}
		done += request->length;
	}
	ktap_need(used <= block->arena_size, "the plan fits");
}

static void shuffle_plan(uint64_t *state)
{
	int i;

	for (i = plan.count - 1; i > 0; i--) {
		int j = (int)dma_below(state, (uint64_t)i + 1);
		struct request other = plan.requests[i];

		plan.requests[i] = plan.requests[j];
		plan.requests[j] = other;
	}
}

static bool submit(const struct block *block, struct request *request, bool write)
{
	struct iocb *iocb = &request->iocb;

	*iocb = (struct iocb) {
		.aio_data = (uintptr_t)request,
		.aio_lio_opcode = write ? IOCB_CMD_PWRITEV : IOCB_CMD_PREADV,
		.aio_fildes = (uint32_t)block->direct,
		.aio_buf = (uintptr_t)request->piece,
		.aio_nbytes = (uint64_t)request->pieces,
		.aio_offset = (int64_t)request->at,
	};
	return syscall(SYS_io_submit, block->aio, 1L, &iocb) == 1;
}

/* Waits for one at least; returns how many there were. */
static int reap(const struct block *block)
{
	struct io_event events[DEPTH_MAX];
	long i, n = syscall(SYS_io_getevents, block->aio, 1L, (long)DEPTH_MAX, events, NULL);

	ktap_need(n > 0, "requests end");
	for (i = 0; i < n; i++) {
		struct request *request = (void *)(uintptr_t)events[i].data;

		if (events[i].res == (int64_t)request->length)
			continue;
		if (!request->failed)
			ktap_note("%zu bytes at %#" PRIx64 ": %" PRId64, request->length,
				  request->at, (int64_t)events[i].res);
		request->failed = true;
	}
	return (int)n;
}

/* All requests of the plan, up to the depth at a time. False if one failed. */
static bool run_plan(const struct block *block, bool write)
{
	int next = 0, flying = 0, i;
	bool good = true;

	while (next < plan.count || flying) {
		while (next < plan.count && flying < block->depth) {
			if (submit(block, &plan.requests[next], write))
				flying++;
			else
				plan.requests[next].failed = true;
			next++;
		}
		if (flying)
			flying -= reap(block);
	}
	for (i = 0; i < plan.count; i++)
		good &= !plan.requests[i].failed;
	return good;
}

/* A buffer's bytes are those from @at on, and those around it are untouched. */
static bool piece_is_right(const struct iovec *piece, uint64_t seed, uint64_t at)
{
	const unsigned char *buf = piece->iov_base;
	bool good = !dma_compare(buf, piece->iov_len, seed, at);
	int i;

	for (i = 1; i <= GUARD; i++) {
		if (buf[-i] == GUARD_BYTE && buf[piece->iov_len + i - 1] == GUARD_BYTE)
			continue;
		ktap_note("bytes around %zu at %#" PRIx64 " were written", piece->iov_len, at);
		dma_totals.mismatches++;
		return false;
	}
	return good;
}

static bool write_plan(const struct block *block, uint64_t seed)
{
	int i, k;
	bool good;

	memset(block->arena, GUARD_BYTE, block->arena_size);
	for (i = 0; i < plan.count; i++) {
		struct request *request = &plan.requests[i];
		uint64_t at = request->at;

		for (k = 0; k < request->pieces; k++) {
			dma_fill(request->piece[k].iov_base, request->piece[k].iov_len, seed, at);
			at += request->piece[k].iov_len;
		}
		dma_totals.written += request->length;
	}
	good = run_plan(block, true);
	if (fsync(block->direct)) {
		ktap_note("flush: %s", strerror(errno));
		good = false;
	}
	return good;
}

/* Reads the plan, and compares what could be read. */
static bool read_plan(const struct block *block, uint64_t seed, bool errors)
{
	bool good;
	int i, k;

	memset(block->arena, GUARD_BYTE, block->arena_size);
	good = run_plan(block, false) || errors;
	for (i = 0; i < plan.count; i++) {
		const struct request *request = &plan.requests[i];
		uint64_t at = request->at;

		if (request->failed)
			continue;
		for (k = 0; k < request->pieces; k++) {
			good &= piece_is_right(&request->piece[k], seed, at);
			at += request->piece[k].iov_len;
		}
		dma_totals.read += request->length;
	}
	return good;
}

/* Some bytes through the page cache, and from the disk again. */
static bool buffered(const struct block *block, uint64_t start, uint64_t seed)
{
	size_t size = block->bytes / 8;
	char *buf = block->arena;

	dma_fill(buf, size, seed, start);
	if (pwrite(block->cached, buf, size, (off_t)start) != (ssize_t)size ||
	    fdatasync(block->cached) ||
	    posix_fadvise(block->cached, (off_t)start, (off_t)size, POSIX_FADV_DONTNEED))
		return false;
	dma_totals.written += size;
	memset(buf, 0, size);
	if (pread(block->cached, buf, size, (off_t)start) != (ssize_t)size)
		return false;
	dma_totals.read += size;
	return !dma_compare(buf, size, seed, start);
}

/* Commands with data of their own: ranges, and none at all. */
static void discard(const struct block *block, uint64_t start)
{
	uint64_t range[2] = { start, block->bytes };

	/* Not every disk can. */
	ioctl(block->direct, BLKDISCARD, range);
}

static bool nvme_identify(const struct block *block, char *buf)
{
	struct nvme_admin_cmd cmd = {
		.opcode = 0x06,
		.addr = (uintptr_t)buf,
		.data_len = IDENTITY,
		.cdw10 = 1,	/* the controller */
	};

	return !ioctl(block->direct, NVME_IOCTL_ADMIN_CMD, &cmd);
}

static bool scsi_command(const struct block *block, char *buf, unsigned int size,
			 unsigned char *cdb, unsigned char cdb_size)
{
	unsigned char sense[32];
	struct sg_io_hdr header = {
		.interface_id = 'S',
		.dxfer_direction = SG_DXFER_FROM_DEV,
		.cmd_len = cdb_size,
		.cmdp = cdb,
		.dxfer_len = size,
		.dxferp = buf,
		.mx_sb_len = sizeof(sense),
		.sbp = sense,
		.timeout = 10000,
	};

	return !ioctl(block->direct, SG_IO, &header) && !header.status && !header.host_status;
}

/* By ATA pass-through where the disk is one, else by what each SCSI disk has. */
static bool scsi_identify(const struct block *block, char *buf)
{
	unsigned char ata[16] = { 0x85, 4 << 1, 0x0e, 0, 0, 0, 1, [14] = 0xec };
	unsigned char inquiry[6] = { 0x12, 0, 0, 0, 96, 0 };

	return scsi_command(block, buf, 512, ata, sizeof(ata)) ||
	       scsi_command(block, buf, 96, inquiry, sizeof(inquiry));
}

/* A command of user space with its own buffer, twice: the same has to come. */
static bool passed_through(const struct block *block)
{
	char *first = block->arena, *second = block->arena + 2 * IDENTITY;
	bool (*identify)(const struct block *block, char *buf) =
		block->nvme ? nvme_identify : scsi_identify;

	memset(first, 0, IDENTITY);
	memset(second, 0xff, IDENTITY);
	/* Not each disk is one of these. */
	if (!identify(block, first))
		return true;
	memset(second, 0, IDENTITY);
	if (!identify(block, second) || memcmp(first, second, IDENTITY)) {
		ktap_note("the disk is another one the second time");
		return false;
	}
	return true;
}

/* Where the host has bad sectors: an error is right there, and none behind it. */
static bool read_bad(const struct block *block)
{
	size_t step = block->bytes / 8 / PAGE * PAGE;
	int errors = 0;
	uint64_t at;

	for (at = block->size; at + step <= block->end; at += step)
		errors += pread(block->direct, block->arena, step, (off_t)at) != (ssize_t)step;
	ktap_note("%d pieces of the disk cannot be read", errors);
	return errors && pread(block->direct, block->arena, PAGE, 0) == (ssize_t)PAGE;
}

/* A round: one window of the disk written, read, compared. */
static bool block_io(void *context, uint64_t seed, bool errors)
{
	const struct block *block = context;
	uint64_t state = seed * 0x2545f4914f6cdd1du, start;
	bool good;

	start = dma_below(&state, (block->size - 2 * block->bytes) / PAGE) * PAGE;
	draw_plan(block, start, &state);
	shuffle_plan(&state);
	if (!write_plan(block, seed)) {
		/* What is on the disk now is anybody's guess. */
		return errors;
	}
	draw_plan(block, start, &state);
	shuffle_plan(&state);
	good = read_plan(block, seed, errors);
	good &= buffered(block, start + block->bytes, seed) || errors;
	discard(block, start);
	good &= passed_through(block) || errors;
	if (block->bad)
		good &= read_bad(block);
	return good;
}

static bool is_disk(const char *name)
{
	char path[128], line[64];

	/* Whole disks only, and not the one that shows the screen. */
	snprintf(path, sizeof(path), "/sys/class/block/%s/queue", name);
	if (access(path, F_OK))
		return false;
	snprintf(path, sizeof(path), "/sys/class/block/%s/serial", name);
	return !read_line(path, line, sizeof(line)) || strcmp(line, "screen");
}

int main(int argc, char **argv)
{
	static struct block block;
	struct dma_test test = {
		.options = { .bytes = 1u << 20, .seed = 1 },
		.io = block_io,
		.context = &block,
	};
	struct dma_device device;

	(void)argc;
	dma_parse(&test.options, argv);
	if (test.options.count != 1)
		dma_usage(argv[0]);
	ktap_begin();
	/* What a controller's driver does not ask for. */
	run("modprobe -a sd_mod usb-storage 2>/dev/null");
	if (!dma_find("block", test.options.which[0], 0, is_disk, &device))
		return dma_nothing(test.options.which[0]);
	dma_take(&test, 0, &device);
	block.bytes = test.options.bytes / PAGE * PAGE;
	block_open(&block, device.name, &test.options);
	dma_run(&test);
	close(block.direct);
	close(block.cached);
	return dma_end(&test);
}
