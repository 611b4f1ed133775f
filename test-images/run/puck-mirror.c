// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One buffer shared by two devices: a puck-cam writes a picture, a puck-gpu copies it to
 * where lines are twice as far apart, and the copy is judged by the stamps in it.
 *
 * usage: puck-mirror [--frames N] [--format XRGB8888|NV12|...] [--size WxH] [--rate N]
 *                    [--late MS] [--wait|--forget] [--gpu PCI] [--screen ID]
 *
 * By fences, the default, nobody waits between queueing and use: as soon as the running
 * camera owns a buffer the GPU's job is submitted, and as soon as the camera is done with it
 * the buffer is queued again. The job waits for the camera's WRITE fence, the camera for the
 * job's READ fence. With --wait the fences are off and the program waits at both places.
 * With --forget they are off and it does not: what is copied then is of another frame, or
 * of two, and the program fails if that does not show.
 *
 * --late MS: the GPU's fences come so late. --gpu PCI: which one; by default the first one that
 * is behind an IOMMU.
 *
 * --screen ID: a head of the GPU, which QEMU knows by this name, shows each good copy where it
 * lies. Of the last one the host is asked for a picture, screen.png in the run folder, and told
 * what is to be in it: "screen: WxH crc32=X", of the bytes R, G, B of its pixels, computed from
 * what the CPU finds in the copy. A child of this program keeps the head as it is, until the
 * machine is switched off.
 *
 * Lines for a reader begin with "puck: ", figures with "bench: ", the rest is KTAP.
 */
#include <getopt.h>

#include "lib/base/crc32.h"
#include "lib/base/ktap.h"
#include "lib/base/number.h"
#include "lib/base/progress.h"
#include "lib/base/dmabuf.h"
#include "lib/camera/stream.h"
#include "lib/gpu/debugfs.h"
#include "lib/gpu/device.h"
#include "lib/gpu/job.h"
#include "lib/kms/screen.h"

#define BUFFERS		4
/* Copies that are not looked at yet, and the one that is on the screen. */
#define COPIES		(2 * BUFFERS + 1)
/* Where the picture begins in a copy: at its second page. */
#define COPY_OFFSET	4096

#define say(fmt, ...)	printf("puck: " fmt "\n", ##__VA_ARGS__)

enum way { BY_FENCES, BY_WAITING, BY_FORGETTING };

static struct {
	const char *format;
	unsigned int frames, width, height, rate, late_ms;
	enum way way;
	const char *gpu, *screen;
} options = { .format = "XRGB8888", .frames = 60, .width = 640, .height = 360, .rate = 60,
	      .gpu = "" };

/* A buffer's turn: which one, and the copy that was asked for of it. */
struct turn {
	unsigned int index;
	bool error;		/* the camera said that there is no good picture in it */
	uint32_t sequence;
};

static struct mirror {
	struct cam cam;
	struct puck gpu;
	struct cam_stream stream;
	struct bo shared[BUFFERS];
	struct bo copy[COPIES];
	struct cam_layout layout;	/* of a copy */
	struct turn turns[COPIES];
	unsigned int begun, done, judged;
	unsigned int good, torn, stale, failed, dropped;
	uint32_t last;			/* number of the last frame that was judged */
	struct screen screen;
	struct kms_fb fb[COPIES];	/* the copies, if there is a screen */
	const struct kms_fb *shown;	/* of the last good copy */
} m = { .gpu.fd = -1 };

static struct turn *turn_of(unsigned int n)
{
	return &m.turns[n % COPIES];
}

/* --- set-up --- */

/* The first GPU behind an IOMMU, or the first one. */
static bool open_gpu(void)
{
	struct puck other;
	char name[32];
	int minor;

	if (options.gpu[0])
		return !puck_open_pci(&m.gpu, options.gpu);
	for (minor = 128; minor < 192 && !m.gpu.translated; minor++) {
		snprintf(name, sizeof(name), "renderD%d", minor);
		if (puck_open_node(&other, name))
			continue;
		if (m.gpu.fd >= 0 && !other.translated) {
			close(other.fd);
			continue;
		}
		if (m.gpu.fd >= 0)
			close(m.gpu.fd);
		m.gpu = other;
	}
	return m.gpu.fd >= 0;
}

/* Buffers, jobs and what is shown are one file's. */
static void open_screen(void)
{
	struct drm_mode_modeinfo mode = kms_mode((uint16_t)options.width, (uint16_t)options.height,
						 SCREEN_HZ);
	char pci[sizeof(m.gpu.pci)];

	memcpy(pci, m.gpu.pci, sizeof(pci));
	close(m.gpu.fd);
	screen_open_at(&m.screen, pci, 0, &mode);
	m.gpu = m.screen.puck;
}

static void open_devices(void)
{
	ktap_need(!cam_open(&m.cam, ""), "a puck-cam");
	ktap_need(open_gpu(), "a puck-gpu");
	if (options.screen)
		open_screen();
	ktap_need(!puck_set(&m.gpu, 0, "delay_ns", options.late_ms * 1000000ull), "late fences");
}

static void set_format(void)
{
	unsigned int i;

	ktap_need(!cam_set_all(&m.stream, &m.cam, options.format, options.width, options.height) &&
		  !cam_set_rate(&m.cam, options.rate), "%s %ux%u, %u frames in a second",
		  options.format, options.width, options.height, options.rate);
	ktap_need(m.stream.parts == 1, "all planes in one memory");
	/* Other than bars, it is another picture each time. */
	ktap_need(!options.screen ||
		  !cam_set(m.cam.sensor, V4L2_CID_TEST_PATTERN, PUCK_CAM_PATTERN_BOX), "pattern");
	m.layout = m.stream.layout;
	for (i = 0; i < CAM_PLANES; i++)
		m.layout.stride[i] *= 2;
}

/* Bytes of all planes of a picture. */
static size_t picture_bytes(const struct cam_layout *layout)
{
	return cam_plane_bytes(layout, 0) + cam_plane_bytes(layout, 1);
}

/* Each page is touched now, and not when the first pictures are looked at and time counts. */
static void make_copy(struct bo *copy)
{
	size_t at;

	ktap_need(!bo_create(m.gpu.fd, copy, COPY_OFFSET + picture_bytes(&m.layout)), "a copy");
	for (at = 0; at < copy->size; at += COPY_OFFSET)
		copy->map[at] = 0;
}

static void make_fb(struct kms_fb *fb, const struct bo *copy)
{
	*fb = (struct kms_fb){
		.format = KMS_XRGB, .width = m.layout.width, .height = m.layout.height,
		.pitch = (uint32_t)m.layout.stride[0], .offset = COPY_OFFSET, .bo = *copy,
	};
	ktap_need(!kms_fb_add(m.gpu.fd, fb), "framebuffer");
}

static void make_buffers(void)
{
	unsigned int i;
	int fd;

	ktap_need(!cam_alloc_mmap(&m.stream, BUFFERS) && m.stream.count == BUFFERS, "buffers");
	for (i = 0; i < BUFFERS; i++) {
		fd = cam_export(&m.stream, i, 0, O_RDWR | O_CLOEXEC);
		ktap_need(fd >= 0 && !bo_import(m.gpu.fd, &m.shared[i], fd, m.stream.size[0]),
			  "buffer %u for the GPU", i);
		close(fd);
	}
	for (i = 0; i < COPIES; i++) {
		make_copy(&m.copy[i]);
		if (options.screen)
			make_fb(&m.fb[i], &m.copy[i]);
	}
}

static void start(void)
{
	int64_t fences = options.way == BY_FENCES ?
			 PUCK_CAM_FENCES_IN | PUCK_CAM_FENCES_OUT_IMPLICIT : 0;

	ktap_need(!cam_set(m.cam.fd, V4L2_CID_PUCK_CAM_FENCES, fences) &&
		  !cam_subscribe(m.cam.fd, V4L2_EVENT_PUCK_CAM_ARMED), "fences");
	ktap_need(!cam_queue_all(&m.stream) && !cam_on(&m.stream), "stream");
}

/* --- a turn --- */

/* A command for each plane. */
static struct drm_puck_submit copy_job(unsigned int n, struct drm_puck_bo_ref *refs,
				       struct drm_puck_cmd *cmds)
{
	uint32_t bytes = (uint32_t)cam_line_bytes(&m.layout);
	uint64_t from = 0, to = COPY_OFFSET;
	unsigned int i;

	refs[0] = ref_read(&m.shared[turn_of(n)->index]);
	refs[1] = ref_write(&m.copy[n % COPIES]);
	for (i = 0; i < m.layout.format->planes; i++) {
		cmds[i] = cmd_blit(0, from, (uint32_t)m.stream.layout.stride[i], 1, to,
				   (uint32_t)m.layout.stride[i], bytes, cam_lines(&m.layout, i));
		from += cam_plane_bytes(&m.stream.layout, i);
		to += cam_plane_bytes(&m.layout, i);
	}
	return job(m.gpu.queue[0], refs, 2, cmds, m.layout.format->planes);
}

/* Have buffer @index copied; waited for only if that is the way. */
static void copy(unsigned int index)
{
	struct drm_puck_bo_ref refs[2];
	struct drm_puck_cmd cmds[CAM_PLANES];
	struct drm_puck_submit args;
	unsigned int n = m.begun++;

	*turn_of(n) = (struct turn){ .index = index };
	args = copy_job(n, refs, cmds);
	ktap_need(!(options.way == BY_WAITING ? submit_wait(m.gpu.fd, &args) :
						submit(m.gpu.fd, &args)), "job");
}

/* Returns when it is seen: the copy that was shown before is free then. */
static void show(const struct kms_fb *fb)
{
	struct kms_atomic atomic = { 0 };
	int ret;

	kms_set_plane(&atomic, m.screen.head, 0, "FB_ID", fb->id);
	ret = m.shown ? kms_commit_wait(&m.screen.card, &atomic) : screen_on(&m.screen, fb);
	ktap_need(!ret, "screen: %d", ret);
	m.shown = fb;
}

/* The copy of turn @n, which the camera is done with. */
static void judge(unsigned int n)
{
	const struct bo *bo = &m.copy[n % COPIES];
	const uint8_t *planes[CAM_PLANES] = {
		bo->map + COPY_OFFSET, bo->map + COPY_OFFSET + cam_plane_bytes(&m.layout, 0),
	};
	const struct turn *turn = turn_of(n);
	struct cam_found found;

	ktap_need(!bo_wait(m.gpu.fd, bo, 0, FOREVER_NS), "copy is done");
	cam_check(&m.layout, planes, &found);
	if (turn->error)
		m.failed++;
	else if (found.frame != turn->sequence)
		m.stale++;
	else if (!cam_good(&found))
		m.torn++;
	else
		m.good++;
	if (n && turn->sequence > m.last)
		m.dropped += turn->sequence - m.last - 1;
	m.last = turn->sequence;
	if (options.screen && !turn->error && cam_good(&found))
		show(&m.fb[n % COPIES]);
}

/* No more turns are open than there are copies that are not shown. */
static void judge_old(unsigned int room)
{
	while (m.judged < m.done && m.begun - m.judged > COPIES - 1 - room)
		judge(m.judged++);
}

static void take_armed(void)
{
	struct puck_cam_event_armed armed;
	struct v4l2_event event;

	while (!cam_call(m.cam.fd, VIDIOC_DQEVENT, memset(&event, 0, sizeof(event)))) {
		memcpy(&armed, event.u.data, sizeof(armed));
		judge_old(1);
		copy(armed.index);
	}
}

/* A frame that the camera is done with; its buffer goes round again. */
static void take_done(void)
{
	struct cam_frame frame;
	struct turn *turn;
	int ret;

	ret = cam_try_dequeue(&m.stream, &frame);
	if (ret == -EAGAIN)
		return;
	ktap_need(!ret, "frame: %s", strerror(-ret));
	if (options.way == BY_WAITING) {
		judge_old(1);
		copy(frame.index);
	}
	turn = turn_of(m.done++);
	ktap_need(turn->index == frame.index, "buffers are done in their order");
	turn->sequence = frame.sequence;
	turn->error = frame.flags & V4L2_BUF_FLAG_ERROR;
	ktap_need(!cam_queue(&m.stream, frame.index), "buffer again");
	if (options.way == BY_FORGETTING) {
		judge_old(1);
		copy(frame.index);
	}
}

static void run(void)
{
	struct pollfd poll_fd = { .fd = m.cam.fd, .events = POLLIN | POLLPRI };
	unsigned int i;

	for (i = 0; options.way == BY_FORGETTING && i < BUFFERS; i++)
		copy(i);
	while (m.done < options.frames) {
		ktap_need(poll(&poll_fd, 1, FOREVER_MS) > 0, "something happens");
		/* A turn begins before it ends. */
		take_armed();
		take_done();
		progress("%u of %u frames, %u torn, %u of another frame, %u dropped", m.done,
			 options.frames, m.torn, m.stale, m.dropped);
	}
	/* Turns that the camera is not done with have no number to be judged by. */
	while (m.judged < m.done)
		judge(m.judged++);
}

/* --- what came of it --- */

/* How buffer 0 lies for the camera: the line of debugfs, and that of its first segment. */
static bool camera_layout(unsigned int *entries, unsigned int *segments, char *first, size_t size)
{
	char path[128], line[160];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/puck-cam/%s/buffers", m.cam.pci);
	file = fopen(path, "r");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "buffer 0 plane 0 size %*u orig_nents %u nents %*u segments %u",
			       entries, segments) == 2;
	found = found && fgets(line, sizeof(line), file);
	fclose(file);
	if (found)
		snprintf(first, size, "%.*s", (int)strcspn(line + 2, "\n"), line + 2);
	return found;
}

/* The same pages, each time by the IOMMU domain of the device. */
static void tell_layouts(void)
{
	struct drm_puck_gem_info info;
	unsigned int entries, segments;
	char first[64];

	if (!ktap_ok(camera_layout(&entries, &segments, first, sizeof(first)) &&
		     !bo_info(m.gpu.fd, &m.shared[0], &info), "layouts"))
		return;
	say("  %zu KiB in %u entries: %u segment%s for the camera (%s%s), %u of %u for the GPU",
	    m.stream.size[0] / 1024, entries, segments, segments == 1 ? "" : "s", first,
	    segments == 1 ? "" : ", ...", info.nents, info.orig_nents);
}

/* What the host has to find on the screen, if that shows the last good copy. */
static uint32_t screen_crc(void)
{
	struct kms_model model = screen_model_of(m.shown, m.layout.width, m.layout.height);
	size_t i, pixels = (size_t)m.layout.width * m.layout.height;
	uint8_t *room = m.screen.room;

	kms_model_draw(&model, room);
	for (i = 0; i < pixels; i++) {
		uint8_t rgb[] = { room[4 * i + 2], room[4 * i + 1], room[4 * i] };

		memcpy(room + 3 * i, rgb, sizeof(rgb));
	}
	return crc32(room, 3 * pixels);
}

static void ask_for_picture(void)
{
	say("screen of %s: %ux%u at %u Hz, shows the last copy where it lies", m.gpu.pci,
	    m.layout.width, m.layout.height, SCREEN_HZ);
	printf("screen: %ux%u crc32=%08x\n", m.layout.width, m.layout.height, screen_crc());
	printf("puck-host: screendump {\"filename\": \"{run}/screen.png\", \"format\": \"png\", \"device\": \"%s\", \"head\": 0}\n",
	       options.screen);
	fflush(stdout);
}

/* The camera is somebody else's from here on. */
static void close_camera(void)
{
	unsigned int i;

	for (i = 0; i < BUFFERS; i++)
		bo_close(m.gpu.fd, &m.shared[i]);
	ktap_need(!cam_free(&m.stream), "buffers go");
	cam_close(&m.cam);
}

/* What nobody has open any more is not shown any more. */
static void keep_screen(void)
{
	pid_t child = fork();

	ktap_need(child >= 0, "child");
	if (child)
		return;
	for (;;)
		pause();
}

/* The counts, for a program of the host's. */
static void tell_figures(void)
{
	printf("bench: mirror_good %u\n", m.good);
	printf("bench: mirror_torn %u\n", m.torn);
	printf("bench: mirror_stale %u\n", m.stale);
	printf("bench: mirror_failed %u\n", m.failed);
	printf("bench: mirror_dropped %u\n", m.dropped);
}

static void tell(void)
{
	static const char * const ways[] = {
		"fences alone keep the order", "the program waits", "nobody waits",
	};

	say("camera %s and GPU %s, one buffer: %s %ux%u, %s", m.cam.pci, m.gpu.pci,
	    options.format, m.layout.width, m.layout.height, ways[options.way]);
	say("  %u frames copied whole, %u torn, %u of another frame; %u dropped, %u failed",
	    m.good, m.torn, m.stale, m.dropped, m.failed);
	ktap_ok(options.way == BY_FORGETTING ? m.torn || m.stale : m.good && !m.torn && !m.stale,
		"%u good copies, %u torn, %u of another frame", m.good, m.torn, m.stale);
}

static void usage(void)
{
	fputs("usage: puck-mirror [--frames N] [--format NAME] [--size WxH] [--rate N] [--late MS] [--wait|--forget] [--gpu PCI] [--screen ID]\n",
	      stderr);
	exit(2);
}

static void take_number(const char *text, unsigned int *value, unsigned int most)
{
	if (!number_from_text(text, value, most))
		usage();
}

static void take_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "frames", required_argument, NULL, 'n' },
		{ "format", required_argument, NULL, 'F' },
		{ "size", required_argument, NULL, 's' },
		{ "rate", required_argument, NULL, 'r' },
		{ "late", required_argument, NULL, 'l' },
		{ "wait", no_argument, NULL, 'w' },
		{ "forget", no_argument, NULL, 'f' },
		{ "gpu", required_argument, NULL, 'g' },
		{ "screen", required_argument, NULL, 'S' },
		{ }
	};
	int option, end = 0;

	while ((option = getopt_long(argc, argv, "", names, NULL)) >= 0) {
		if (option == 'n')
			take_number(optarg, &options.frames, 1000000);
		else if (option == 'r')
			take_number(optarg, &options.rate, 240);
		else if (option == 'l')
			take_number(optarg, &options.late_ms, 10000);
		else if (option == 'w' || option == 'f')
			options.way = option == 'w' ? BY_WAITING : BY_FORGETTING;
		else if (option == 'F')
			options.format = optarg;
		else if (option == 'g')
			options.gpu = optarg;
		else if (option == 'S')
			options.screen = optarg;
		else if (option != 's' ||
			 sscanf(optarg, "%ux%u%n", &options.width, &options.height, &end) != 2 ||
			 optarg[end])
			usage();
	}
	if (optind < argc || !cam_format(options.format) ||
	    (options.screen && strcmp(options.format, "XRGB8888")))
		usage();
}

int main(int argc, char **argv)
{
	take_options(argc, argv);
	ktap_begin();
	open_devices();
	sharing_begin();
	set_format();
	make_buffers();
	start();
	run();
	tell();
	tell_figures();
	tell_layouts();
	cam_off(&m.stream);
	sharing_end();
	if (m.shown) {
		ask_for_picture();
		close_camera();
		keep_screen();
	}
	return ktap_end();
}
