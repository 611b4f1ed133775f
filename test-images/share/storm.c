// SPDX-License-Identifier: MIT
/*
 * Three processes share 64 buffers over two GPUs and a camera, at random and for as long as is
 * wanted: jobs of either GPU, by list and by address, pictures of the camera and the CPU write and
 * read them, what is in VRAM has to leave it for others, buffers are revoked and made anew, files of
 * dma-bufs go from one process to another, and processes are killed in the middle of all that
 * and begun anew. Whatever is read is compared with the ledger of the buffer.
 *
 *	share_storm [SEED [STEPS]]		(1, 300)
 *
 * STEPS is what each of the processes does in all of its lives, or, with an s behind it, for how
 * many seconds. What a process does in a life is a matter of the seed; who comes first is not.
 */
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/base/clock.h"
#include "lib/base/iommu.h"
#include "lib/base/progress.h"
#include "lib/gpu/debugfs.h"
#include "lib/share/capture.h"
#include "lib/share/left.h"
#include "lib/share/storm.h"
#include "lib/share/storm_jobs.h"

/* A life ends behind so many steps of the process at least, and at most. */
#define LIFE_MIN	15
#define LIFE_MAX	75

/* So many buffers, one of nearly every kind, are in use more than others, for so many steps. */
#define HOT_BUFFERS	5
#define HOT_STEPS	60
/* Jobs in a step. */
#define JOBS_MAX	4

/* How a child ends that is not killed. */
enum { CHILD_DONE, CHILD_WRONG };

static struct storm_memory *memory;
/* Of each child. */
static uint64_t step_limit = UINT64_MAX;

/* ---- steps of a child ---- */

/*
 * Most often one of a few, on which all of them are for a while, so that a job finds others under
 * way.
 */
static uint32_t any_buffer(struct storm_worker *w)
{
	const struct storm_child *c = memory->child;
	uint64_t now;

	if (!storm_below(w, 4))
		return storm_below(w, STORM_BUFFERS);
	now = (c[0].steps + c[1].steps + c[2].steps) / HOT_STEPS;
	return (now + storm_below(w, HOT_BUFFERS) * (STORM_BUFFERS / HOT_BUFFERS)) % STORM_BUFFERS;
}

/* Has the buffer, which is not revoked. */
static bool take_good(struct storm_worker *w, uint32_t buffer)
{
	if (!storm_take(w, buffer))
		return false;
	if (!memory->buffer[buffer].revoked || storm_make(w, buffer))
		return true;
	storm_give(w, buffer);
	return false;
}

/* What a job does with the buffer. */
static void any_use(struct storm_worker *w, struct storm_use *use)
{
	use->writes = storm_below(w, 2);
	use->reads = !use->writes || storm_below(w, 2);
	use->by_file = !storm_below(w, 4);
	use->blocks = 0;
}

/* Different ones in their order, which is that of their locks. Returns how many. */
static uint32_t choose(struct storm_worker *w, struct storm_use *uses)
{
	uint32_t n = 1 + storm_below(w, STORM_USES), count = 0, place, i;

	while (n--) {
		uint32_t buffer = any_buffer(w);

		for (place = 0; place < count && uses[place].buffer < buffer; place++)
			;
		if (place < count && uses[place].buffer == buffer)
			continue;
		for (i = count++; i > place; i--)
			uses[i] = uses[i - 1];
		uses[place].buffer = buffer;
	}
	return count;
}

/* One behind the other, on either GPU, so that most of them find the one before under way. */
static bool some_jobs(struct storm_worker *w, struct storm_use *uses, uint32_t count)
{
	uint32_t jobs = 1 + storm_below(w, JOBS_MAX), i;
	bool good = true;

	while (good && jobs--) {
		for (i = 0; i < count; i++)
			any_use(w, &uses[i]);
		good = storm_job(w, storm_below(w, 2), uses, count, !storm_below(w, 3));
	}
	return good;
}

static bool step_job(struct storm_worker *w)
{
	struct storm_use uses[STORM_USES];
	uint32_t count = choose(w, uses), taken;
	bool good = true;

	for (taken = 0; good && taken < count; taken += good)
		/* Those that were revoked stay so for a while. */
		good = storm_below(w, 4) ? storm_take(w, uses[taken].buffer) :
					   take_good(w, uses[taken].buffer);
	good = good && some_jobs(w, uses, count);
	while (taken--)
		storm_give(w, uses[taken].buffer);
	return good;
}

static bool step_job_at(struct storm_worker *w)
{
	uint32_t buffer = any_buffer(w);
	bool good;

	if (!take_good(w, buffer))
		return false;
	good = storm_job_at(w, storm_below(w, 2), buffer);
	storm_give(w, buffer);
	return good;
}

static void write_by_cpu(struct storm_worker *w, uint32_t buffer)
{
	uint32_t first, blocks, value, i, *words;

	storm_range(w, &first, &blocks);
	value = ledger_note(&memory->buffer[buffer].ledger, first, blocks, w->life, ++w->number,
			    "by the CPU", false);
	words = (uint32_t *)(w->mine[buffer].dmabuf.map + first * BLOCK_SIZE);
	for (i = 0; i < blocks * BLOCK_WORDS; i++)
		words[i] = value;
}

static bool read_by_cpu(struct storm_worker *w, uint32_t buffer)
{
	static struct storm_read read;
	uint32_t first, blocks;

	storm_range(w, &first, &blocks);
	storm_expect(w, &read, buffer, first, blocks);
	return storm_compare(w, &read, w->mine[buffer].dmabuf.map + first * BLOCK_SIZE, "the CPU");
}

/* All of it happens between the two calls of the dma-buf, with the lock held. */
static bool by_cpu(struct storm_worker *w, uint32_t buffer, bool writes)
{
	const struct shared *dmabuf = &w->mine[buffer].dmabuf;
	bool good = true;

	if (!shared_begin(dmabuf))
		return storm_trouble(w, "buffer %u: the CPU does not get it", buffer);
	if (writes)
		write_by_cpu(w, buffer);
	else
		good = read_by_cpu(w, buffer);
	if (!shared_end(dmabuf))
		return storm_trouble(w, "buffer %u: the CPU cannot give it back", buffer);
	storm_is_sure(w);
	storm_count(w, STORM_BY_CPU);
	return good;
}

static bool step_cpu(struct storm_worker *w)
{
	uint32_t buffer = any_buffer(w);
	bool good;

	/* With DMABUF_DEBUG the CPU and a device do not have these at a time. */
	if (storm_exporter(buffer)->apart)
		return step_job(w);
	if (!storm_take(w, buffer))
		return false;
	good = by_cpu(w, buffer, storm_below(w, 2));
	storm_give(w, buffer);
	return good;
}

/* The camera has the buffer, and others know by its fence. */
static bool camera_has(struct storm_worker *w, uint32_t buffer, struct cam_stream *stream)
{
	struct cam *cam = &w->devices.cam;
	struct pollfd poll_fd = { .fd = cam->fd, .events = POLLPRI };
	struct v4l2_event event = { 0 };
	int ret;

	while (!cam_call(cam->fd, VIDIOC_DQEVENT, &event))
		;
	ret = capture_lend(stream, cam, &w->mine[buffer].dmabuf,
			   PUCK_CAM_FENCES_IN | PUCK_CAM_FENCES_OUT_IMPLICIT);
	ledger_note(&memory->buffer[buffer].ledger, 0, LEDGER_BLOCKS, w->life, ++w->number,
		    "by the camera", true);
	if (!ret)
		ret = cam_queue(stream, 0);
	if (!ret)
		ret = cam_on(stream);
	while (!ret && (ret = cam_call(cam->fd, VIDIOC_DQEVENT, &event)) == -ENOENT)
		ret = poll(&poll_fd, 1, FOREVER_MS) > 0 ? 0 : -ETIMEDOUT;
	if (ret)
		storm_trouble(w, "buffer %u for the camera: %s", buffer, strerror(-ret));
	return !ret;
}

/* The picture is read while the camera takes it. */
static bool read_picture(struct storm_worker *w, uint32_t buffer)
{
	struct storm_use all = { .buffer = buffer, .reads = true, .blocks = LEDGER_BLOCKS };

	return storm_job(w, storm_below(w, 2), &all, 1, false);
}

static bool camera_is_done(struct storm_worker *w, struct cam_stream *stream)
{
	struct cam_frame frame;
	int ret = cam_dequeue(stream, &frame);

	if (!ret && frame.flags & V4L2_BUF_FLAG_ERROR)
		ret = -EIO;
	if (!ret)
		ret = capture_take_back(stream);
	if (ret)
		return storm_trouble(w, "frame: %s", strerror(-ret));
	storm_count(w, STORM_FRAMES);
	return true;
}

/*
 * Behind a job that fills all of the buffer and that nobody waits for but the camera: whatever
 * is there instead of the picture is not one.
 */
static bool capture(struct storm_worker *w, uint32_t buffer, struct cam_stream *stream)
{
	struct storm_use all = { .buffer = buffer, .writes = true, .blocks = LEDGER_BLOCKS };

	return storm_job(w, storm_below(w, 2), &all, 1, false) && camera_has(w, buffer, stream) &&
	       read_picture(w, buffer);
}

/* What was revoked vb2 would never give back: docs/findings.rst. */
static bool step_capture(struct storm_worker *w)
{
	static struct cam_stream stream;
	uint32_t buffer = any_buffer(w);
	bool good;

	if (!take_good(w, buffer))
		return false;
	if (!storm_take_camera(w)) {
		storm_give(w, buffer);
		return false;
	}
	good = capture(w, buffer, &stream);
	storm_give(w, buffer);
	good = good && camera_is_done(w, &stream);
	robust_unlock(&memory->camera);
	if (good)
		storm_is_sure(w);
	return good;
}

static bool revoke_buffer(struct storm_worker *w, uint32_t buffer, unsigned int gpu)
{
	struct storm_buffer *buf = &memory->buffer[buffer];
	char path[192], text[32];
	int ret;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dri/%s/revoke", w->devices.gpu[gpu].pci);
	snprintf(text, sizeof(text), "%llu", buf->name);
	buf->doubtful = 1;
	ret = write_text(path, text);
	if (ret)
		return storm_trouble(w, "revoke buffer %u: %s", buffer, strerror(-ret));
	buf->revoked = 1;
	buf->doubtful = 0;
	storm_count(w, STORM_REVOKED);
	return true;
}

/* Its own GPU does not notice, the other one is refused. */
static bool use_revoked(struct storm_worker *w, uint32_t buffer, unsigned int gpu)
{
	struct storm_use use = { .buffer = buffer, .reads = true };

	return storm_job(w, gpu, &use, 1, false) && storm_job(w, !gpu, &use, 1, false);
}

static bool step_revoke(struct storm_worker *w)
{
	uint32_t buffer = any_buffer(w);
	int gpu = storm_exporter(buffer)->gpu;
	bool good;

	if (gpu < 0)
		return step_job(w);
	if (!storm_take(w, buffer))
		return false;
	good = revoke_buffer(w, buffer, gpu) && use_revoked(w, buffer, gpu);
	storm_give(w, buffer);
	return good;
}

static bool step_make(struct storm_worker *w)
{
	uint32_t buffer = any_buffer(w);
	bool good;

	if (!storm_take(w, buffer))
		return false;
	good = storm_make(w, buffer);
	storm_give(w, buffer);
	return good;
}

/* The next one to use it has to import it again, or to be given the file. */
static bool step_drop(struct storm_worker *w)
{
	uint32_t buffer = any_buffer(w);

	if (storm_below(w, 2))
		storm_drop(w, buffer);
	else
		storm_drop_handle(w, buffer, storm_below(w, 2));
	return true;
}

static bool step_settle(struct storm_worker *w)
{
	return storm_settle(w, storm_below(w, STORM_PENDING));
}

static const struct {
	uint32_t in_hundred;
	const char *name;
	bool (*step)(struct storm_worker *w);
} steps[] = {
	{ 50, "job", step_job },
	{ 8, "job by address", step_job_at },
	{ 14, "CPU", step_cpu },
	{ 6, "capture", step_capture },
	{ 3, "revoke", step_revoke },
	{ 4, "make", step_make },
	{ 10, "drop", step_drop },
	{ 5, "settle", step_settle },
};

static bool step(struct storm_worker *w)
{
	uint32_t what = storm_below(w, 100), i;

	for (i = 0; what >= steps[i].in_hundred; i++)
		what -= steps[i].in_hundred;
	memory->child[w->index].doing = steps[i].name;
	return steps[i].step(w);
}

/* ---- a life of a child ---- */

static bool begin_gpu(struct storm_worker *w, unsigned int gpu)
{
	struct puck *puck = &w->devices.gpu[gpu];
	uint32_t i;
	int ret;

	ret = bo_create_in(puck->fd, &w->room[gpu], STORM_ROOM, BO_VRAM, 0, 0);
	for (i = 0; !ret && i < STORM_PENDING; i++)
		ret = bo_create(puck->fd, &w->result[i][gpu], SHARE_SIZE);
	if (!ret)
		ret = vm_create(puck->fd, &w->vm[gpu]);
	if (!ret)
		ret = vm_queue_create(puck->fd, w->vm[gpu], 0, &w->vm_queue[gpu]);
	return ret ? storm_trouble(w, "BOs and a VM on GPU %u: %s", gpu, strerror(-ret)) : true;
}

static bool begin(struct storm_worker *w)
{
	memory->child[w->index].doing = "begin";
	share_devices_open(&w->devices);
	if (w->devices.gpu[0].fd < 0 || w->devices.gpu[1].fd < 0 || w->devices.cam.fd < 0)
		return storm_trouble(w, "two GPUs and a camera");
	if (cam_subscribe(w->devices.cam.fd, V4L2_EVENT_PUCK_CAM_ARMED))
		return storm_trouble(w, "events of the camera");
	return begin_gpu(w, 0) && begin_gpu(w, 1);
}

/* Makes those of the buffers that nobody has made yet, its part of them. */
static bool make_first(struct storm_worker *w)
{
	uint32_t buffer;
	bool good = true;

	for (buffer = w->index; good && buffer < STORM_BUFFERS; buffer += STORM_CHILDREN) {
		good = storm_take(w, buffer);
		if (good)
			storm_give(w, buffer);
	}
	return good;
}

static bool live(struct storm_worker *w)
{
	struct storm_child *me = &memory->child[w->index];

	if (!begin(w) || !make_first(w))
		return false;
	/* However late the parent is: nobody ends that was never killed. */
	while (!memory->stop && (me->steps < step_limit || !me->kills)) {
		if (!step(w))
			return false;
		me->steps++;
	}
	me->doing = "end";
	return storm_settle(w, 0);
}

/* One reads all that the last writers have left, writes it anew, and the other one reads that. */
static bool verify(struct storm_worker *w, uint32_t buffer)
{
	struct storm_use read = { .buffer = buffer, .reads = true };
	struct storm_use write = { .buffer = buffer, .writes = true, .blocks = LEDGER_BLOCKS };
	unsigned int gpu = buffer % 2;
	bool good;

	if (!take_good(w, buffer))
		return false;
	good = storm_job(w, gpu, &read, 1, false) && storm_job(w, !gpu, &write, 1, false) &&
	       storm_job(w, gpu, &read, 1, false);
	if (good && !storm_exporter(buffer)->apart)
		good = by_cpu(w, buffer, false);
	storm_give(w, buffer);
	return good;
}

/* The last life of all. */
static bool live_last(struct storm_worker *w)
{
	uint32_t buffer;

	if (!begin(w))
		return false;
	memory->child[w->index].doing = "verify";
	for (buffer = 0; buffer < STORM_BUFFERS; buffer++)
		if (!verify(w, buffer))
			return false;
	return storm_settle(w, 0);
}

/* ---- the parent ---- */

/**
 * struct child - what the parent has of a child
 * @pid: zero: it has ended for good
 * @kill_at: behind so many steps
 * @seen: its steps, by the last look at whether all go on
 * @luck: when it is killed
 */
struct child {
	pid_t pid;
	int sock;
	uint64_t luck;
	uint64_t kill_at;
	uint64_t seen;
};

static struct child children[STORM_CHILDREN];
/* Of each buffer: the file, and the turn that it is of. */
static int files[STORM_BUFFERS];
static uint32_t turns[STORM_BUFFERS];
static uint64_t seed = 1;
static bool wrong;

static void close_files(void)
{
	unsigned int i;

	for (i = 0; i < STORM_BUFFERS; i++) {
		if (files[i] >= 0)
			close(files[i]);
		files[i] = -1;
	}
}

static void run_child(unsigned int index, uint32_t life, int sock,
		      bool (*work)(struct storm_worker *w))
{
	static struct storm_worker w;
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Those that the child wants it asks for. */
	close_files();
	for (i = 0; i < STORM_CHILDREN; i++)
		if (children[i].sock >= 0)
			close(children[i].sock);
	w.memory = memory;
	w.index = index;
	w.life = life;
	w.seed = (seed * STORM_CHILDREN + index) * STORM_LIVES + memory->child[index].kills;
	w.sock = sock;
	_exit(work(&w) ? CHILD_DONE : CHILD_WRONG);
}

static void start_child(unsigned int index, bool (*work)(struct storm_worker *w))
{
	struct child *child = &children[index];
	uint32_t life = ++memory->lives;
	int socks[2];

	ktap_need(life < STORM_LIVES &&
		  !socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks), "a life more");
	child->kill_at = memory->child[index].steps + LIFE_MIN +
			 rnd(&child->luck) % (LIFE_MAX - LIFE_MIN);
	memory->child[index].life = life;
	child->sock = socks[0];
	child->pid = fork();
	if (!child->pid)
		run_child(index, life, socks[1], work);
	close(socks[1]);
}

/* What it waited for in vain when it was killed is of no use to others. */
static void forget_child(struct child *child)
{
	close(child->sock);
	child->sock = -1;
	child->pid = 0;
}

/* Answers one request. */
static void serve(struct child *child)
{
	struct storm_message message;
	int file;

	if (pass_receive(child->sock, &message, sizeof(message), &file))
		return;
	if (message.what == STORM_TAKE) {
		if (files[message.buffer] >= 0)
			close(files[message.buffer]);
		files[message.buffer] = file;
		turns[message.buffer] = message.turn;
		file = -1;
	} else {
		message.turn = turns[message.buffer];
		file = files[message.buffer];
	}
	pass_send(child->sock, &message, sizeof(message), file);
}

static void serve_all(void)
{
	struct pollfd fds[STORM_CHILDREN];
	unsigned int i;

	for (i = 0; i < STORM_CHILDREN; i++)
		fds[i] = (struct pollfd){ .fd = children[i].sock, .events = POLLIN };
	if (poll(fds, STORM_CHILDREN, 5) <= 0)
		return;
	for (i = 0; i < STORM_CHILDREN; i++)
		if (fds[i].revents & POLLIN)
			serve(&children[i]);
}

/* In the middle of whatever it does, and of nothing that it has said itself. */
static void kill_child(unsigned int index)
{
	struct child *child = &children[index];
	int status = 0;

	usleep(rnd(&child->luck) % 5000);
	memory->life[memory->child[index].life].dead = 1;
	kill(child->pid, SIGKILL);
	waitpid(child->pid, &status, 0);
	forget_child(child);
	if (WIFSIGNALED(status)) {
		memory->child[index].kills++;
		start_child(index, live);
	} else if (WEXITSTATUS(status) != CHILD_DONE) {
		wrong = true;
	}
}

static void look_after(unsigned int index, bool kills)
{
	struct child *child = &children[index];
	int status = 0;

	if (!child->pid)
		return;
	if (waitpid(child->pid, &status, WNOHANG) == child->pid) {
		if (!WIFEXITED(status) || WEXITSTATUS(status) != CHILD_DONE) {
			ktap_note("child %u ended with %#x", index, status);
			wrong = true;
		}
		forget_child(child);
	} else if (kills && memory->child[index].steps >= child->kill_at) {
		kill_child(index);
	}
}

/* Only as long as each of them goes on: who waits for one that does not ends all. */
static void tell_progress(void)
{
	static int64_t since;
	struct storm_child *c = memory->child;
	unsigned int i;

	for (i = 0; i < STORM_CHILDREN; i++)
		if (children[i].pid && c[i].steps == children[i].seen)
			break;
	if (i == STORM_CHILDREN) {
		for (i = 0; i < STORM_CHILDREN; i++)
			children[i].seen = c[i].steps;
		since = now_ns();
		progress("%llu steps, %u lives, %llu jobs, %llu blocks compared",
			 (unsigned long long)(c[0].steps + c[1].steps + c[2].steps), memory->lives,
			 (unsigned long long)memory->counts[STORM_JOBS],
			 (unsigned long long)memory->counts[STORM_COMPARED]);
	} else if (since && now_ns() - since > 20 * NSEC_PER_SEC) {
		ktap_note("child %u stands still in step %llu: %s", i,
			  (unsigned long long)c[i].steps, c[i].doing);
		since = 0;
	}
}

static bool any_child(void)
{
	return children[0].pid || children[1].pid || children[2].pid;
}

static void run_all(int64_t until)
{
	unsigned int i;

	for (i = 0; i < STORM_CHILDREN; i++)
		start_child(i, live);
	while (any_child()) {
		if (wrong || now_ns() >= until)
			memory->stop = 1;
		serve_all();
		for (i = 0; i < STORM_CHILDREN; i++)
			look_after(i, !memory->stop);
		tell_progress();
	}
}

static void run_last(void)
{
	start_child(0, live_last);
	while (any_child()) {
		serve_all();
		look_after(0, false);
	}
}

static bool make_memory(void)
{
	unsigned int i;
	bool good;

	memory = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (memory == MAP_FAILED)
		return false;
	memory->life[LEDGER_MAKER].sure = UINT32_MAX;
	good = robust_init(&memory->camera);
	for (i = 0; i < STORM_BUFFERS; i++) {
		files[i] = -1;
		memory->buffer[i].doubtful = 1;
		good = good && robust_init(&memory->buffer[i].lock);
	}
	for (i = 0; i < STORM_CHILDREN; i++)
		children[i] = (struct child){ .sock = -1, .luck = seed * STORM_CHILDREN + i };
	return good;
}

static void report(void)
{
	const uint64_t *n = memory->counts;
	unsigned int i;

	ktap_note("%llu jobs, %llu of them by address, %llu jobs and imports refused; %llu times the CPU; %llu frames",
		  (unsigned long long)n[STORM_JOBS], (unsigned long long)n[STORM_VM_JOBS],
		  (unsigned long long)n[STORM_REFUSED], (unsigned long long)n[STORM_BY_CPU],
		  (unsigned long long)n[STORM_FRAMES]);
	ktap_note("%llu buffers made, %llu revoked, %llu left in doubt by who was killed; %llu files passed; seen in VRAM %llu times, in system memory %llu",
		  (unsigned long long)n[STORM_MADE], (unsigned long long)n[STORM_REVOKED],
		  (unsigned long long)n[STORM_DOUBTFUL], (unsigned long long)n[STORM_PASSED],
		  (unsigned long long)n[STORM_IN_VRAM], (unsigned long long)n[STORM_IN_SYSTEM]);
	for (i = 0; i < STORM_CHILDREN; i++)
		ktap_ok(memory->child[i].kills || wrong, "child %u: %llu steps, killed %u times", i,
			(unsigned long long)memory->child[i].steps, memory->child[i].kills);
	ktap_ok(!wrong, "no wrong byte: %llu blocks compared and %llu pictures; %llu blocks not known",
		(unsigned long long)n[STORM_COMPARED], (unsigned long long)n[STORM_PICTURES],
		(unsigned long long)n[STORM_OPEN]);
	for (i = 0; i < STORM_COUNTS && (n[i] || i == STORM_OPEN || i == STORM_DOUBTFUL); i++)
		;
	ktap_ok(i == STORM_COUNTS || wrong, "there was some of everything (%u)", i);
}

static void check_left(const struct puck *gpu, unsigned int number)
{
	ktap_ok(puck_count_becomes(gpu, "fences", "ring", 0), "no job is stuck on GPU %u", number);
	ktap_ok(puck_count_becomes(gpu, "bos", "bo ", 0), "no BO is left on GPU %u", number);
}

int main(int argc, char **argv)
{
	const char *limit = argc > 2 ? argv[2] : "300";
	uint64_t number = strtoull(limit, NULL, 10);
	unsigned int before = open_files(), i;
	int64_t until = INT64_MAX;
	bool translated = !access(PUCK_SYSFS, F_OK);
	struct share_devices devices;
	uint64_t stale = 0;

	ktap_begin();
	if (argc > 1)
		seed = strtoull(argv[1], NULL, 0);
	if (strchr(limit, 's'))
		until = now_ns() + (int64_t)number * NSEC_PER_SEC;
	else
		step_limit = number;
	ktap_need(no_dmabuf() && make_memory(), "memory, and no dma-buf in the beginning");
	if (translated)
		stale = iommu_audit_begin();
	sharing_begin();
	run_all(until);
	if (!wrong)
		run_last();
	report();
	if (translated)
		iommu_audit_end(stale);
	close_files();
	share_devices_open(&devices);
	for (i = 0; i < 2 && devices.gpu[i].fd >= 0; i++)
		check_left(&devices.gpu[i], i);
	share_devices_close(&devices);
	ktap_ok(no_dmabuf(), "no dma-buf is left");
	ktap_ok(open_files() == before, "no file is left open");
	sharing_end();
	return ktap_end();
}
