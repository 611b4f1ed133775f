// SPDX-License-Identifier: MIT
/*
 * A camera's pictures on a screen: its buffers are framebuffers, and nothing is copied.
 *
 *	kms_camera [--size WxH] [--rate N] [--hz N] [--format NV12|XRGB8888] [--frames N]
 *	           [--gpu] [--wait|--forget]
 *
 * --gpu: a job of the GPU copies each picture, and the copy is shown.
 *
 * By fences, the default, nobody waits: a buffer is on its way to the screen as soon as the running
 * camera owns it. The flip waits for the camera's WRITE fence in the dma-buf, or for that of the
 * job, which waits for the camera's.
 *
 * With --wait the camera's fences are off, as they are for any program of V4L2, and a buffer is
 * shown when it was dequeued.
 *
 * With --forget the fences are there, and the flips do not wait for them: an explicit one, which is
 * signalled, takes their place. The camera's buffer is shown when the one before it is done, the
 * copy when the camera is done, and the GPU is not.
 *
 * Each picture is judged by the CRCs that the device makes of each frame of the screen: all of
 * those that show the buffer have to be what the CPU makes of the whole frame of the camera's,
 * whose lines it has looked at: they tell which frame they are of. With --forget some are not.
 */
#include <getopt.h>

#include "lib/base/dmabuf.h"
#include "lib/base/ktap.h"
#include "lib/base/number.h"
#include "lib/base/progress.h"
#include "lib/camera/stream.h"
#include "lib/gpu/bo.h"
#include "lib/gpu/job.h"
#include "lib/kms/screen.h"

#define BUFFERS		5
#define COPIES		4
/* Pictures that are not judged yet. */
#define TURNS		32
/* Frames of the screen whose CRCs are kept. */
#define CRCS		256
#define NO_TURN		UINT32_MAX

enum way { BY_FENCES, BY_WAITING, BY_FORGETTING };

static struct {
	const char *format;
	unsigned int frames, width, height, rate, hz;
	bool gpu;
	enum way way;
} options = { .format = "NV12", .frames = 60, .width = 320, .height = 180, .rate = 30, .hz = 60 };

/* A picture, from when the camera owns its buffer to when the next one is shown. */
struct turn {
	unsigned int index;		/* the camera's buffer */
	unsigned int place;		/* of the framebuffer */
	bool failed;			/* there is no good picture in it */
	int64_t exposed;		/* ns, when its first line began */
	uint32_t crc;			/* of the whole picture */
	uint32_t before;		/* of that which was in that place before */
	uint32_t from;			/* the first frame of the screen that shows it */
	int64_t flipped;		/* ns, when that began */
};

/* Turns are numbered. Each of these is how many are so far, from the first one on. */
static struct show {
	struct cam cam;
	struct cam_stream stream;
	struct screen screen;
	struct bo shared[BUFFERS];	/* the camera's buffers, as the GPU knows them */
	struct kms_fb ground;		/* before the first picture */
	struct kms_fb fb[BUFFERS];	/* those buffers, or the copies */
	uint32_t crc[BUFFERS];		/* of what is in them */
	uint32_t turn_of[BUFFERS];	/* of each buffer of the camera's, or NO_TURN */
	struct turn turns[TURNS];
	uint32_t begun, done, committed, shown, freed, judged;
	struct kms_frame crcs[CRCS];	/* by their numbers */
	uint32_t last_crc;		/* the number of the last one */
	int crc_fd, signalled;
	uint32_t good, torn, stale, failed, unseen, passed_over;
	int64_t *latency;		/* ns, of the good ones */
} s = { .crc_fd = -1, .signalled = -1 };

static struct turn *turn(uint32_t n)
{
	return &s.turns[n % TURNS];
}

static unsigned int places(void)
{
	return options.gpu ? COPIES : BUFFERS;
}

/* --- set-up --- */

static void open_devices(void)
{
	struct drm_mode_modeinfo mode = kms_mode((uint16_t)options.width, (uint16_t)options.height,
						 options.hz);

	ktap_need(!cam_open(&s.cam, ""), "a puck-cam");
	screen_open_at(&s.screen, "", 0, &mode);
	ktap_need(!cam_set_all(&s.stream, &s.cam, options.format, options.width, options.height) &&
		  !cam_set_rate(&s.cam, options.rate) &&
		  !cam_set(s.cam.sensor, V4L2_CID_TEST_PATTERN, PUCK_CAM_PATTERN_RAMP),
		  "%s %ux%u, %u frames in a second", options.format, options.width, options.height,
		  options.rate);
	ktap_need(s.stream.parts == 1, "all planes in one memory");
	s.latency = calloc(options.frames + TURNS, sizeof(*s.latency));
	ktap_need(s.latency, "memory");
}

/* A framebuffer in @bo, laid out as the camera's buffers are. */
static void make_fb(struct kms_fb *fb, const struct bo *bo)
{
	*fb = (struct kms_fb){
		.format = strcmp(options.format, "NV12") ? KMS_XRGB : KMS_NV12,
		.width = options.width, .height = options.height,
		.pitch = (uint32_t)s.stream.layout.stride[0],
		.uv_pitch = (uint32_t)s.stream.layout.stride[1],
		.uv_offset = (uint32_t)cam_plane_bytes(&s.stream.layout, 0),
		.bo = *bo,
	};
	ktap_need(!kms_fb_add(s.screen.card.fd, fb), "framebuffer");
}

/* What the camera's memory is to the GPU and its display. */
static void share_buffer(unsigned int i)
{
	int fd = cam_export(&s.stream, i, 0, O_RDWR | O_CLOEXEC);

	ktap_need(fd >= 0 && !bo_import(s.screen.card.fd, &s.shared[i], fd, s.stream.size[0]),
		  "buffer %u for the GPU", i);
	/* Nobody uses it, so that what there would be to wait for is nothing. */
	if (s.signalled < 0)
		s.signalled = dmabuf_writers(fd);
	close(fd);
	s.shared[i].map = s.stream.buf[i].map[0];
	s.turn_of[i] = NO_TURN;
}

static void make_buffers(void)
{
	unsigned int i;
	struct bo copy;

	ktap_need(!cam_alloc_mmap(&s.stream, BUFFERS) && s.stream.count == BUFFERS, "buffers");
	for (i = 0; i < BUFFERS; i++)
		share_buffer(i);
	ktap_need(s.signalled >= 0, "a fence that is signalled");
	for (i = 0; i < places(); i++) {
		if (options.gpu)
			ktap_need(!bo_create(s.screen.card.fd, &copy, s.stream.size[0]), "copy");
		make_fb(&s.fb[i], options.gpu ? &copy : &s.shared[i]);
	}
	ktap_need(!kms_fb_create(s.screen.card.fd, &s.ground, KMS_XRGB, options.width,
				 options.height, BO_SYSTEM) && !screen_on(&s.screen, &s.ground),
		  "screen");
	s.crc_fd = kms_crc_open(&s.screen.card, 0, "auto");
	ktap_need(s.crc_fd >= 0 && !fcntl(s.crc_fd, F_SETFL, O_NONBLOCK), "CRCs");
}

/* --- a turn --- */

static void copy(const struct turn *t)
{
	struct drm_puck_bo_ref refs[] = { ref_read(&s.shared[t->index]),
					  ref_write(&s.fb[t->place].bo) };
	struct drm_puck_cmd cmd = cmd_copy(0, 0, 1, 0, s.stream.size[0]);
	struct drm_puck_submit args = job(s.screen.puck.queue[0], refs, 2, &cmd, 1);

	ktap_need(!submit(s.screen.card.fd, &args), "job");
}

/* The camera owns buffer @index. If there is no place for its picture it is passed over. */
static void begin(unsigned int index)
{
	struct turn *t = turn(s.begun);

	if (s.begun - s.freed == places() || s.begun - s.judged == TURNS) {
		s.passed_over++;
		return;
	}
	*t = (struct turn){
		.index = index, .place = options.gpu ? s.begun % COPIES : index,
	};
	s.turn_of[index] = s.begun++;
	if (options.gpu)
		copy(t);
}

static void queue(unsigned int index)
{
	s.turn_of[index] = NO_TURN;
	ktap_need(!cam_queue(&s.stream, index), "QBUF");
	if (options.way == BY_WAITING)
		begin(index);
}

static void start(void)
{
	int64_t fences = options.way == BY_WAITING ? 0 :
			 PUCK_CAM_FENCES_IN | PUCK_CAM_FENCES_OUT_IMPLICIT;
	unsigned int i;

	ktap_need(!cam_set(s.cam.fd, V4L2_CID_PUCK_CAM_FENCES, fences) &&
		  !cam_subscribe(s.cam.fd, V4L2_EVENT_PUCK_CAM_ARMED), "fences");
	for (i = 0; i < BUFFERS; i++)
		queue(i);
	ktap_need(!cam_on(&s.stream), "stream");
}

static void take_armed(void)
{
	struct puck_cam_event_armed armed;
	struct v4l2_event event;

	while (!cam_call(s.cam.fd, VIDIOC_DQEVENT, memset(&event, 0, sizeof(event)))) {
		memcpy(&armed, event.u.data, sizeof(armed));
		begin(armed.index);
	}
}

/* What the screen has to show, out of the bytes that the camera has written. */
static uint32_t whole_crc(unsigned int index)
{
	struct kms_fb fb = s.fb[0];

	fb.bo = s.shared[index];
	return kms_model_plain_crc(&fb, s.screen.room);
}

/* The camera is done with a buffer, which nobody writes before it is queued again. */
static void take_done(void)
{
	struct cam_frame frame;
	struct cam_found found;
	struct turn *t;
	int ret = cam_try_dequeue(&s.stream, &frame);

	if (ret == -EAGAIN)
		return;
	ktap_need(!ret, "frame: %s", strerror(-ret));
	if (s.turn_of[frame.index] == NO_TURN) {
		queue(frame.index);
		return;
	}
	ktap_need(s.turn_of[frame.index] == s.done, "buffers are done in their order");
	t = turn(s.done++);
	t->failed = !cam_verify(&s.stream, frame.index, &found) || found.frame != frame.sequence ||
		    frame.flags & V4L2_BUF_FLAG_ERROR;
	t->exposed = frame.ns;
	t->crc = whole_crc(frame.index);
	t->before = s.crc[t->place];
	s.crc[t->place] = t->crc;
	if (options.gpu)
		queue(frame.index);
}

static bool may_commit(void)
{
	if (s.committed == s.begun || s.committed != s.shown)
		return false;
	switch (options.way) {
	case BY_FENCES:
		return true;
	case BY_WAITING:
		return s.done > s.committed;
	default:
		return options.gpu ? s.done > s.committed : s.done >= s.committed;
	}
}

static void commit(void)
{
	struct kms_atomic atomic = { 0 };
	int ret;

	if (!may_commit())
		return;
	kms_set_plane(&atomic, s.screen.head, 0, "FB_ID", s.fb[turn(s.committed)->place].id);
	if (options.way == BY_FORGETTING)
		kms_set_plane(&atomic, s.screen.head, 0, "IN_FENCE_FD", (uint64_t)s.signalled);
	ret = kms_commit(&s.screen.card, &atomic,
			 DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT, 0);
	ktap_need(!ret, "flip: %d", ret);
	s.committed++;
}

static void take_shown(void)
{
	struct drm_event_vblank event;
	int ret = kms_event(s.screen.card.fd, &event, 0);
	struct turn *t = turn(s.shown);

	if (ret == -ETIME)
		return;
	ktap_need(!ret && s.shown < s.committed, "event: %d", ret);
	t->from = event.sequence;
	t->flipped = event.tv_sec * 1000000000ll + event.tv_usec * 1000ll;
	s.shown++;
}

/* What is neither written nor shown any more goes round again. */
static void give_back(void)
{
	while (s.freed < s.done && s.freed + 1 < s.shown) {
		unsigned int index = turn(s.freed++)->index;

		if (!options.gpu)
			queue(index);
	}
}

/* --- what the screen has shown --- */

static void take_crcs(void)
{
	struct kms_frame frame;

	while (!kms_crc_read(s.crc_fd, &frame, 1)) {
		s.crcs[frame.number % CRCS] = frame;
		s.last_crc = frame.number;
	}
}

/* Of the frames of the screen that show a turn: how many there are of each kind. */
struct seen {
	uint32_t good, stale, torn;
};

/* An event tells of the first frame of its picture: those in front of the next one have this. */
static struct seen look(const struct turn *t, const struct turn *next)
{
	uint32_t end = next->from;
	struct seen seen = { 0 };
	uint32_t n;

	for (n = end - t->from > CRCS ? end - CRCS : t->from; n != end; n++) {
		const struct kms_frame *frame = &s.crcs[n % CRCS];

		if (frame->number != n)
			continue;
		if (frame->crc[0] == t->crc)
			seen.good++;
		else if (frame->crc[0] == t->before)
			seen.stale++;
		else
			seen.torn++;
	}
	return seen;
}

static void judge(const struct turn *t, const struct turn *next)
{
	struct seen seen = look(t, next);

	if (t->failed)
		s.failed++;
	else if (seen.torn)
		s.torn++;
	else if (seen.stale)
		s.stale++;
	else if (seen.good)
		s.latency[s.good++] = t->flipped - t->exposed;
	else
		s.unseen++;
}

/* Those of which all is known, and of the next one what it is and from when on it is shown. */
static void judge_all(void)
{
	while (s.judged < s.freed && s.judged + 1 < s.done) {
		const struct turn *next = turn(s.judged + 1);

		if ((int32_t)(s.last_crc - next->from) < 0)
			return;
		judge(turn(s.judged++), next);
	}
}

static uint32_t seen_turns(void)
{
	return s.good + s.torn + s.stale + s.failed;
}

static void run(void)
{
	struct pollfd fds[] = {
		{ .fd = s.cam.fd, .events = POLLIN | POLLPRI },
		{ .fd = s.screen.card.fd, .events = POLLIN },
		{ .fd = s.crc_fd, .events = POLLIN },
	};

	while (seen_turns() < options.frames) {
		ktap_need(poll(fds, ARRAY_SIZE(fds), FOREVER_MS) > 0, "something happens");
		take_crcs();
		/* A turn begins before it ends. */
		take_armed();
		take_done();
		take_shown();
		judge_all();
		give_back();
		commit();
		progress("%u of %u pictures, %u torn, %u of another frame", seen_turns(),
			 options.frames, s.torn, s.stale);
	}
}

static void stop(void)
{
	unsigned int i;

	/* What a flip waits for ends with the stream, or by itself. */
	ktap_ok(!cam_off(&s.stream), "the stream ends");
	while (s.shown < s.committed) {
		ktap_need(poll(&(struct pollfd){ s.screen.card.fd, POLLIN, 0 }, 1, FOREVER_MS) > 0,
			  "the last flip");
		take_shown();
	}
	close(s.crc_fd);
	ktap_ok(!screen_off(&s.screen), "the screen is off");
	kms_fb_destroy(s.screen.card.fd, &s.ground);
	for (i = 0; i < places(); i++) {
		kms_fb_remove(s.screen.card.fd, &s.fb[i]);
		if (options.gpu)
			bo_close(s.screen.card.fd, &s.fb[i].bo);
	}
	for (i = 0; i < BUFFERS; i++) {
		/* It is the stream's. */
		s.shared[i].map = NULL;
		bo_close(s.screen.card.fd, &s.shared[i]);
	}
	cam_set(s.cam.fd, V4L2_CID_PUCK_CAM_FENCES, 0);
	cam_set(s.cam.sensor, V4L2_CID_TEST_PATTERN, PUCK_CAM_PATTERN_BARS);
	ktap_ok(!cam_free(&s.stream), "buffers go");
	close(s.signalled);
	screen_close(&s.screen);
	cam_close(&s.cam);
}

/* --- what came of it --- */

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void tell_latency(void)
{
	if (options.way == BY_FORGETTING || !s.good)
		return;
	qsort(s.latency, s.good, sizeof(*s.latency), by_size);
	ktap_note("from exposure to flip: median %.1f ms, worst %.1f ms",
		  (double)s.latency[s.good / 2] / 1e6, (double)s.latency[s.good - 1] / 1e6);
}

static void tell(void)
{
	static const char * const ways[] = {
		"fences alone keep the order", "the program waits", "nobody waits",
	};

	ktap_note("%s %ux%u, %u in a second, %s, on a screen of %u Hz: %s", options.format,
		  options.width, options.height, options.rate,
		  options.gpu ? "copied by the GPU" : "not copied", options.hz, ways[options.way]);
	ktap_note("%u whole, %u torn, %u of another frame, %u failed", s.good, s.torn, s.stale,
		  s.failed);
	ktap_note("%u without a CRC, %u passed over", s.unseen, s.passed_over);
	tell_latency();
	if (options.way == BY_FORGETTING)
		ktap_ok(s.torn, "%u pictures are torn, and it is seen", s.torn);
	else
		ktap_ok(s.good && !s.torn && !s.stale && !s.failed,
			"%u pictures are whole, %u are not", s.good,
			s.torn + s.stale + s.failed);
}

static void usage(void)
{
	fputs("usage: kms_camera [--size WxH] [--rate N] [--hz N] [--format NV12|XRGB8888] [--frames N] [--gpu] [--wait|--forget]\n",
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
		{ "hz", required_argument, NULL, 'z' },
		{ "gpu", no_argument, NULL, 'g' },
		{ "wait", no_argument, NULL, 'w' },
		{ "forget", no_argument, NULL, 'f' },
		{ }
	};
	int option, end = 0;

	while ((option = getopt_long(argc, argv, "", names, NULL)) >= 0) {
		if (option == 'n')
			take_number(optarg, &options.frames, 1000000);
		else if (option == 'r')
			take_number(optarg, &options.rate, 240);
		else if (option == 'z')
			take_number(optarg, &options.hz, 240);
		else if (option == 'w' || option == 'f')
			options.way = option == 'w' ? BY_WAITING : BY_FORGETTING;
		else if (option == 'F' && (!strcmp(optarg, "NV12") || !strcmp(optarg, "XRGB8888")))
			options.format = optarg;
		else if (option == 'g')
			options.gpu = true;
		else if (option != 's' ||
			 sscanf(optarg, "%ux%u%n", &options.width, &options.height, &end) != 2 ||
			 optarg[end])
			usage();
	}
	if (optind < argc || (options.gpu && options.way == BY_WAITING))
		usage();
}

int main(int argc, char **argv)
{
	take_options(argc, argv);
	ktap_begin();
	sharing_begin();
	open_devices();
	make_buffers();
	start();
	run();
	stop();
	tell();
	sharing_end();
	return ktap_end();
}
