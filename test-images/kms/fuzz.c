// SPDX-License-Identifier: MIT
/*
 * Calls of all of DRM's ioctls for displays, in any order, by two threads on one card and its
 * leases, with arguments that are right in most of their members and anything in the others;
 * monitors come and go meanwhile:
 *
 *	kms_fuzz [SEED [CALLS]]		(1, 3000)
 *
 * What the driver has to do is to answer, and to show a picture at the end; the kernel's log is
 * looked at by whoever starts this. What is called never depends on an answer: a seed stands for
 * its calls. Most commits are only tried, and few calls wait for a frame, which is what would take
 * the time. A new ioctl is a row of rows[].
 */
#include "lib/base/ktap.h"
#include "lib/base/progress.h"
#include "lib/gpu/fence.h"
#include "lib/gpu/job.h"
#include "lib/kms/fuzz.h"
#include "lib/kms/fuzz_get.h"
#include "lib/kms/monitor.h"

/* Since Linux 6.8; headers may be older than the guest's kernel. */
#ifndef DRM_IOCTL_MODE_CLOSEFB
struct drm_mode_closefb {
	uint32_t fb_id;
	uint32_t pad;
};

#define DRM_IOCTL_MODE_CLOSEFB	DRM_IOWR(0xD0, struct drm_mode_closefb)
#endif

#define THREADS		2
#define BLOB_MAX	2048

static const struct fairness fairness = { .all = 4, .kind = 50, .enough = 3000 };

static struct screen screens[KMS_HEADS];
static struct file card;

/* ---- one function for each kind of argument ---- */

static uint32_t fill_object(struct actor *a, const struct fuzz_object *o, uint32_t at)
{
	uint32_t count = 1 + below(a, FUZZ_PROPS), i;

	for (i = 0; i < count; i++) {
		const struct kms_prop *prop = any_prop(a, o);

		props[at + i] = mostly(a, prop->id);
		values[at + i] = fuzz_value(a, o, prop->name);
	}
	return count;
}

/* All that a head needs in order to show a framebuffer. */
static uint32_t fill_whole(struct actor *a, uint32_t at)
{
	static const char * const names[] = {
		"FB_ID", "CRTC_ID", "SRC_X", "SRC_Y", "SRC_W", "SRC_H", "CRTC_X", "CRTC_Y",
		"CRTC_W", "CRTC_H",
	};
	uint32_t head = below(a, KMS_HEADS), kind = 3 + below(a, KMS_PLANES), i;
	struct fuzz_object o = fuzz_object(head, kind);

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		props[at + i] = kms_prop_id(o.props, names[i]);
		values[at + i] = fuzz_value(a, &o, names[i]);
	}
	/* Not scaled, as but one plane can. */
	values[at + 8] = values[at + 4] >> 16;
	values[at + 9] = values[at + 5] >> 16;
	objects[0] = o.id;
	counts[0] = i;
	return i;
}

/* Returns how many there are. */
static uint32_t fill_objects(struct actor *a)
{
	uint32_t count = 1 + below(a, FUZZ_OBJECTS), at = 0, i = 0;

	if (one_in(a, 2)) {
		at = fill_whole(a, 0);
		i = 1;
		count = one_in(a, 2) ? 1 : count;
	}
	for (; i < count; i++) {
		struct fuzz_object o = any_object(a);

		objects[i] = mostly(a, o.id);
		counts[i] = fill_object(a, &o, at);
		at += counts[i];
	}
	return count;
}

static void fill_atomic(struct actor *a, void *arg)
{
	struct drm_mode_atomic *args = arg;
	uint32_t i;

	for (i = 0; i < FUZZ_FENCES; i++)
		fuzz_fences[i] = -1;
	args->count_objs = fill_objects(a);
	args->flags = mostly(a, one_in(a, 16) ? DRM_MODE_ATOMIC_NONBLOCK :
			     DRM_MODE_ATOMIC_TEST_ONLY);
	if (one_in(a, 2))
		args->flags |= DRM_MODE_ATOMIC_ALLOW_MODESET;
	if (!(args->flags & DRM_MODE_ATOMIC_TEST_ONLY) && one_in(a, 2))
		args->flags |= DRM_MODE_PAGE_FLIP_EVENT;
	args->objs_ptr = pointer(a, objects);
	args->count_props_ptr = pointer(a, counts);
	args->props_ptr = pointer(a, props);
	args->prop_values_ptr = pointer(a, values);
	args->reserved = nothing(a);
}

static void done_atomic(struct actor *a, void *arg)
{
	(void)arg;
	keep_fences(a);
}

static void fill_addfb(struct actor *a, void *arg)
{
	static const uint32_t formats[] = { KMS_XRGB, KMS_ARGB, KMS_RGB565, KMS_NV12 };
	struct drm_mode_fb_cmd2 *args = arg;
	uint32_t format = formats[one_in(a, 2) ? 0 : below(a, 4)];

	args->width = mostly(a, one_in(a, 4) ? 2 + 2 * below(a, 32) : SCREEN_WIDTH);
	args->height = mostly(a, one_in(a, 4) ? 2 + 2 * below(a, 24) : SCREEN_HEIGHT);
	args->pixel_format = mostly(a, format);
	args->handles[0] = handle(a, BO);
	args->pitches[0] = mostly(a, SCREEN_WIDTH * kms_bytes(format));
	args->offsets[0] = mostly(a, 4 * below(a, 64));
	if (format == KMS_NV12) {
		args->handles[1] = mostly(a, args->handles[0]);
		args->pitches[1] = mostly(a, SCREEN_WIDTH);
		args->offsets[1] = mostly(a, SCREEN_WIDTH * SCREEN_HEIGHT + 256);
	}
	args->flags = mostly(a, one_in(a, 4) ? DRM_MODE_FB_MODIFIERS : 0);
	args->modifier[0] = mostly64(a, 0);
}

static void done_addfb(struct actor *a, void *arg)
{
	put_pooled(a, FB, ((struct drm_mode_fb_cmd2 *)arg)->fb_id);
}

static void fill_fb_id(struct actor *a, void *arg)
{
	*(uint32_t *)arg = pooled(a, FB);
}

static void fill_getfb(struct actor *a, void *arg)
{
	((struct drm_mode_fb_cmd2 *)arg)->fb_id = pooled(a, FB);
}

static void done_getfb(struct actor *a, void *arg)
{
	const struct drm_mode_fb_cmd2 *args = arg;

	if (args->handles[0])
		put_handle(a, BO, args->handles[0]);
}

static void fill_dirty(struct actor *a, void *arg)
{
	struct drm_mode_fb_dirty_cmd *args = arg;
	struct drm_clip_rect *clips = (struct drm_clip_rect *)bytes;
	uint32_t i;

	for (i = 0; i < 4; i++)
		clips[i] = (struct drm_clip_rect) { below(a, 32), below(a, 24),
						    32 + below(a, 32), 24 + below(a, 24) };
	args->fb_id = pooled(a, FB);
	args->flags = mostly(a, 0);
	args->num_clips = mostly(a, below(a, 5));
	args->clips_ptr = args->num_clips ? pointer(a, clips) : 0;
}

static void fill_setcrtc(struct actor *a, void *arg)
{
	struct fuzz_object o = fuzz_object(below(a, KMS_HEADS), 0);
	struct drm_mode_crtc *args = arg;

	args->crtc_id = mostly(a, o.id);
	args->fb_id = pooled(a, FB);
	words[0] = mostly(a, o.head->connector);
	args->count_connectors = mostly(a, 1);
	args->set_connectors_ptr = pointer(a, words);
	args->mode_valid = mostly(a, 1);
	args->mode = kms_mode(SCREEN_WIDTH, SCREEN_HEIGHT, FUZZ_HZ);
	args->mode.flags = nothing(a);
	args->x = mostly(a, 0);
	args->y = mostly(a, 0);
}

static void fill_flip(struct actor *a, void *arg)
{
	struct drm_mode_crtc_page_flip *args = arg;

	args->crtc_id = mostly(a, fuzz_object(below(a, KMS_HEADS), 0).id);
	args->fb_id = pooled(a, FB);
	args->flags = mostly(a, one_in(a, 2) ? DRM_MODE_PAGE_FLIP_EVENT : 0);
	args->reserved = nothing(a);
}

static void fill_cursor(struct actor *a, void *arg)
{
	struct drm_mode_cursor2 *args = arg;

	args->flags = mostly(a, 1 + below(a, 3));
	args->crtc_id = mostly(a, fuzz_object(below(a, KMS_HEADS), 0).id);
	args->x = (int32_t)below(a, 64) - 32;
	args->y = (int32_t)mostly(a, below(a, 64));
	args->width = mostly(a, 32);
	args->height = mostly(a, 32);
	args->handle = one_in(a, 4) ? 0 : handle(a, BO);
	args->hot_x = (int32_t)mostly(a, 0);
}

static void fill_gamma(struct actor *a, void *arg)
{
	struct drm_mode_crtc_lut *args = arg;

	args->crtc_id = mostly(a, fuzz_object(below(a, KMS_HEADS), 0).id);
	args->gamma_size = mostly(a, 256);
	args->red = pointer(a, bytes);
	args->green = pointer(a, bytes + 512);
	args->blue = pointer(a, bytes + 1024);
}

static void fill_setplane(struct actor *a, void *arg)
{
	struct drm_mode_set_plane *args = arg;
	struct fuzz_object o = fuzz_object(below(a, KMS_HEADS), 3 + below(a, KMS_PLANES));
	uint32_t w = 1 + below(a, 32), h = 1 + below(a, 32);

	args->plane_id = mostly(a, o.id);
	args->crtc_id = mostly(a, o.head->crtc);
	args->fb_id = one_in(a, 8) ? 0 : pooled(a, FB);
	args->crtc_x = (int32_t)mostly(a, below(a, 64));
	args->crtc_y = (int32_t)mostly(a, below(a, 64));
	args->crtc_w = mostly(a, w);
	args->crtc_h = mostly(a, h);
	args->src_w = mostly(a, w << 16);
	args->src_h = mostly(a, h << 16);
}

static void fill_setproperty(struct actor *a, void *arg)
{
	struct drm_mode_obj_set_property *args = arg;
	struct fuzz_object o = any_object(a);
	const struct kms_prop *prop = any_prop(a, &o);

	args->obj_id = mostly(a, o.id);
	args->obj_type = mostly(a, one_in(a, 4) ? 0 : o.type);
	args->prop_id = mostly(a, prop->id);
	args->value = fuzz_value(a, &o, prop->name);
}

static void done_setproperty(struct actor *a, void *arg)
{
	(void)arg;
	keep_fences(a);
}

/* What is in a place is known by it: see blob_at(). */
static uint32_t blob_bytes(struct actor *a)
{
	struct drm_mode_modeinfo mode = kms_mode(SCREEN_WIDTH, SCREEN_HEIGHT, FUZZ_HZ);

	switch (a->place % PLACES) {
	case 0:
		mode.flags = nothing(a);
		mode.hdisplay = mostly(a, mode.hdisplay);
		memcpy(bytes, &mode, sizeof(mode));
		return sizeof(mode);
	case 1:
		return 256 * sizeof(struct drm_color_lut);
	case 2:
		memset(bytes, 0, 64);
		bytes[8] = below(a, 64);
		bytes[12] = below(a, 48);
		return sizeof(struct drm_mode_rect) * (1 + below(a, 3));
	default:
		return 1 + below(a, BLOB_MAX);
	}
}

static void fill_blob(struct actor *a, void *arg)
{
	struct drm_mode_create_blob *args = arg;

	args->length = blob_bytes(a);
	if (a->hostile && one_in(a, 4))
		args->length = below(a, 64);
	args->data = pointer(a, bytes);
}

static void done_blob(struct actor *a, void *arg)
{
	put_pooled(a, BLOB, ((struct drm_mode_create_blob *)arg)->blob_id);
}

static void fill_blob_id(struct actor *a, void *arg)
{
	*(uint32_t *)arg = pooled(a, BLOB);
}

static void fill_getblob(struct actor *a, void *arg)
{
	struct drm_mode_get_blob *args = arg;

	args->blob_id = pooled(a, BLOB);
	args->length = one_in(a, 2) ? BLOB_MAX : mostly(a, 64);
	args->data = pointer(a, bytes);
}

static void fill_dumb(struct actor *a, void *arg)
{
	static const uint32_t wrong[] = { 0, 0xffffffff, 1u << 31 };
	struct drm_mode_create_dumb *args = arg;

	args->width = SCREEN_WIDTH + below(a, 16);
	args->height = SCREEN_HEIGHT + 8;
	args->bpp = one_in(a, 4) ? 16 : 32;
	if (a->hostile && one_in(a, 4))
		args->height = wrong[below(a, 3)];
	args->flags = nothing(a);
}

static void done_dumb(struct actor *a, void *arg)
{
	put_handle(a, BO, ((struct drm_mode_create_dumb *)arg)->handle);
}

static void fill_bo(struct actor *a, void *arg)
{
	*(uint32_t *)arg = handle(a, BO);
}

static void fill_lease(struct actor *a, void *arg)
{
	struct drm_mode_create_lease *args = arg;
	struct fuzz_object o = any_object(a);

	words[0] = mostly(a, o.head->crtc);
	words[1] = mostly(a, o.head->connector);
	words[2] = mostly(a, o.head->plane[0]);
	args->object_ids = pointer(a, words);
	args->object_count = mostly(a, 3) % 64;
	args->flags = mostly(a, O_CLOEXEC | O_NONBLOCK);
}

static void done_lease(struct actor *a, void *arg)
{
	const struct drm_mode_create_lease *args = arg;

	put_pooled(a, LESSEE, args->lessee_id);
	put_fd(a, LEASE_FD, (int)args->fd);
}

static void fill_lessee(struct actor *a, void *arg)
{
	*(uint32_t *)arg = pooled(a, LESSEE);
}

static void fill_list(struct actor *a, void *arg)
{
	struct drm_mode_list_lessees *args = arg;

	args->count_lessees = mostly(a, below(a, 8)) % 64;
	args->lessees_ptr = pointer(a, words);
}

static void fill_get_lease(struct actor *a, void *arg)
{
	struct drm_mode_get_lease *args = arg;

	args->count_objects = mostly(a, below(a, 8)) % 64;
	args->objects_ptr = pointer(a, words);
}

/* ---- calls that are none of KMS ---- */

/* A job that does nothing, for its fence. */
static int act_fence(struct actor *a)
{
	struct drm_puck_submit args = job_empty(screens[0].puck.queue[0]);
	int fence;

	if (a->dry)
		return 0;
	fence = submit_fd(card.fd, &args);
	if (fence < 0)
		return fence;
	put_fd(a, SYNC_FILE, fence);
	return 0;
}

static int act_read(struct actor *a)
{
	if (a->dry)
		return 0;
	/* There need not be any. */
	return read(a->file->fd, bytes, sizeof(bytes)) < 0 && errno != EAGAIN ? -errno : 0;
}

/* The host does what it says in a moment. */
static int act_monitor(struct actor *a)
{
	bool in = one_in(a, 2), now = one_in(a, 8);

	if (!a->dry && now)
		monitor_plug(in);
	return 0;
}

static int act_close_fd(struct actor *a)
{
	enum fd_kind kind = one_in(a, 2) ? LEASE_FD : SYNC_FILE;

	if (!a->dry)
		put_fd(a, kind, 0);
	return 0;
}

/* ---- the table ---- */

/**
 * struct row - a call
 * @name: of it
 * @weight: how often it comes, among all
 * @request: the ioctl; 0: @act makes the call
 * @fill: draws its argument
 * @done: takes what a good call has given
 * @act: makes a call that is no ioctl of KMS; 0 or a negative errno
 */
static const struct row {
	const char *name;
	unsigned int weight;
	unsigned long request;
	void (*fill)(struct actor *a, void *arg);
	void (*done)(struct actor *a, void *arg);
	int (*act)(struct actor *a);
} rows[] = {
	{ "atomic", 120, DRM_IOCTL_MODE_ATOMIC, .fill = fill_atomic, .done = done_atomic },
	{ "addfb2", 20, DRM_IOCTL_MODE_ADDFB2, .fill = fill_addfb, .done = done_addfb },
	{ "rmfb", 2, DRM_IOCTL_MODE_RMFB, .fill = fill_fb_id },
	{ "closefb", 2, DRM_IOCTL_MODE_CLOSEFB, .fill = fill_fb_id },
	{ "getfb2", 8, DRM_IOCTL_MODE_GETFB2, .fill = fill_getfb, .done = done_getfb },
	{ "dirtyfb", 1, DRM_IOCTL_MODE_DIRTYFB, .fill = fill_dirty },
	{ "setcrtc", 2, DRM_IOCTL_MODE_SETCRTC, .fill = fill_setcrtc },
	{ "page_flip", 12, DRM_IOCTL_MODE_PAGE_FLIP, .fill = fill_flip },
	{ "cursor2", 2, DRM_IOCTL_MODE_CURSOR2, .fill = fill_cursor },
	{ "gamma", 1, DRM_IOCTL_MODE_SETGAMMA, .fill = fill_gamma },
	{ "setplane", 2, DRM_IOCTL_MODE_SETPLANE, .fill = fill_setplane },
	{ "setproperty", 2, DRM_IOCTL_MODE_OBJ_SETPROPERTY, .fill = fill_setproperty,
	  .done = done_setproperty },
	{ "getproperties", 10, DRM_IOCTL_MODE_OBJ_GETPROPERTIES, .fill = fill_getproperties },
	{ "getproperty", 10, DRM_IOCTL_MODE_GETPROPERTY, .fill = fill_getproperty },
	{ "createblob", 20, DRM_IOCTL_MODE_CREATEPROPBLOB, .fill = fill_blob, .done = done_blob },
	{ "destroyblob", 2, DRM_IOCTL_MODE_DESTROYPROPBLOB, .fill = fill_blob_id },
	{ "getblob", 8, DRM_IOCTL_MODE_GETPROPBLOB, .fill = fill_getblob },
	{ "create_dumb", 10, DRM_IOCTL_MODE_CREATE_DUMB, .fill = fill_dumb, .done = done_dumb },
	{ "map_dumb", 4, DRM_IOCTL_MODE_MAP_DUMB, .fill = fill_bo },
	{ "destroy_dumb", 1, DRM_IOCTL_MODE_DESTROY_DUMB, .fill = fill_bo },
	{ "create_lease", 4, DRM_IOCTL_MODE_CREATE_LEASE, .fill = fill_lease, .done = done_lease },
	{ "list_lessees", 2, DRM_IOCTL_MODE_LIST_LESSEES, .fill = fill_list },
	{ "get_lease", 2, DRM_IOCTL_MODE_GET_LEASE, .fill = fill_get_lease },
	{ "revoke_lease", 2, DRM_IOCTL_MODE_REVOKE_LEASE, .fill = fill_lessee },
	{ "wait_vblank", 8, DRM_IOCTL_WAIT_VBLANK, .fill = fill_vblank },
	{ "get_sequence", 6, DRM_IOCTL_CRTC_GET_SEQUENCE, .fill = fill_get_sequence },
	{ "queue_sequence", 4, DRM_IOCTL_CRTC_QUEUE_SEQUENCE, .fill = fill_queue_sequence },
	{ "getresources", 4, DRM_IOCTL_MODE_GETRESOURCES, .fill = fill_resources },
	{ "getconnector", 4, DRM_IOCTL_MODE_GETCONNECTOR, .fill = fill_connector },
	{ "getcrtc", 4, DRM_IOCTL_MODE_GETCRTC, .fill = fill_crtc },
	{ "getplane", 4, DRM_IOCTL_MODE_GETPLANE, .fill = fill_plane },
	{ "fence", 6, .act = act_fence },
	{ "read", 16, .act = act_read },
	{ "monitor", 1, .act = act_monitor },
	{ "close_fd", 4, .act = act_close_fd },
};

static const char *row_name(unsigned int row)
{
	return rows[row].name;
}

static const struct row *any_row(struct actor *a)
{
	unsigned int total = 0, i;
	uint32_t at;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		total += rows[i].weight;
	at = below(a, total);
	for (i = 0; at >= rows[i].weight; i++)
		at -= rows[i].weight;
	return &rows[i];
}

static int make_ioctl(struct actor *a, const struct row *row)
{
	uint64_t arg[64] = { 0 };	/* longer than any argument */
	bool lease;
	int fd, ret;

	row->fill(a, arg);
	lease = one_in(a, 16);
	fd = lease ? some_fd(a, LEASE_FD) : a->file->fd;
	if (a->dry)
		return 0;
	ret = puck_call(fd, row->request, arg);
	if (!ret && row->done)
		row->done(a, arg);
	return ret;
}

static void one_call(struct actor *a)
{
	const struct row *row;
	int ret;

	a->file = &card;
	a->hostile = one_in(a, 4);
	a->place = below(a, PLACES * FDS);
	row = any_row(a);
	ret = row->act ? row->act(a) : make_ioctl(a, row);
	actor_called(a, (unsigned long)(row - rows), ret);
}

static void *act(void *arg)
{
	struct actor *a = arg;
	unsigned long i;

	for (i = 0; i < a->calls; i++) {
		one_call(a);
		if (a->speaks)
			progress("%lu of %lu calls of this thread", i, a->calls);
	}
	return NULL;
}

/* ---- what is before all calls, and behind them ---- */

static uint64_t run(uint64_t seed, unsigned long calls, bool dry, struct actor *actors)
{
	uint64_t digest = 0;
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		actor_begin(&actors[i], seed + i, calls / THREADS, dry, ARRAY_SIZE(rows));
	actors[0].speaks = !dry;
	for (i = 0; i < THREADS; i++)
		ktap_need(!pthread_create(&actors[i].thread, NULL, act, &actors[i]), "a thread");
	for (i = 0; i < THREADS; i++) {
		pthread_join(actors[i].thread, NULL);
		digest = (digest << 1 | digest >> 63) ^ actors[i].digest;
	}
	return digest;
}

/* A few of each, so that calls find something. */
static void stock(void)
{
	struct actor a = { .state = 1, .file = &card };
	uint64_t arg[64];
	uint32_t i;

	for (i = 0; i < PLACES; i++) {
		a.place = i;
		memset(arg, 0, sizeof(arg));
		fill_dumb(&a, arg);
		if (!puck_call(card.fd, DRM_IOCTL_MODE_CREATE_DUMB, arg))
			done_dumb(&a, arg);
		memset(arg, 0, sizeof(arg));
		fill_blob(&a, arg);
		if (!puck_call(card.fd, DRM_IOCTL_MODE_CREATEPROPBLOB, arg))
			done_blob(&a, arg);
	}
	for (i = 0; i < PLACES; i++) {
		a.place = i;
		memset(arg, 0, sizeof(arg));
		fill_addfb(&a, arg);
		if (!puck_call(card.fd, DRM_IOCTL_MODE_ADDFB2, arg))
			done_addfb(&a, arg);
	}
}

/* No black screen at the end: each head shows what it is told. */
static void judge_picture(void)
{
	struct monitor monitor;
	struct kms_model model;
	struct kms_fb fb;
	uint32_t i;

	monitor_plug(true);
	ktap_ok(monitor_find(&monitor, &fuzz_card) && !monitor_look_once(&fuzz_card) &&
		monitor_becomes(&monitor, "connected"), "a monitor is plugged in");
	ktap_need(!kms_fb_create(card.fd, &fb, KMS_XRGB, SCREEN_WIDTH, SCREEN_HEIGHT, BO_VRAM),
		  "a framebuffer");
	kms_fb_fill(&fb, 0x00c0ffee);
	model = screen_model(&fb);
	for (i = 0; i < fuzz_card.heads; i++) {
		int ret = screen_on(&screens[i], &fb);

		ktap_ok(!ret && screen_shows_now(&screens[i], &model),
			"head %u shows a picture at the end (%d)", i, ret);
		ktap_ok(!screen_off(&screens[i]), "and is turned off");
	}
}

static void open_all(void)
{
	uint32_t i;

	screen_open(&screens[0], 0);
	fuzz_card = screens[0].card;
	for (i = 1; i < fuzz_card.heads; i++) {
		screens[i] = screens[0];
		screens[i].index = i;
	}
	for (i = 0; i < fuzz_card.heads; i++)
		screens[i].head = &fuzz_card.head[i];
	card.fd = fuzz_card.fd;
	ktap_need(!fcntl(card.fd, F_SETFL, O_NONBLOCK), "the card");
	stock();
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1, digest;
	unsigned long calls = argc > 2 ? strtoul(argv[2], NULL, 0) : 3000;
	static struct actor actors[THREADS], drawn[THREADS];
	int64_t begin;
	unsigned int i;

	ktap_begin();
	ktap_need(calls >= THREADS, "a number of calls");
	open_all();
	begin = now_ns();
	digest = run(seed, calls, false, actors);
	ktap_note("%lu ms", (unsigned long)((now_ns() - begin) / 1000000));
	judge_calls(actors, THREADS, row_name, ARRAY_SIZE(rows), &fairness);
	ktap_ok(run(seed, calls, true, drawn) == digest,
		"%lu calls of seed %llu are always the same: digest %016llx", calls,
		(unsigned long long)seed, (unsigned long long)digest);
	for (i = 0; i < THREADS; i++) {
		actor_end(&actors[i]);
		actor_end(&drawn[i]);
	}
	close_fds();
	fcntl(card.fd, F_SETFL, 0);
	judge_picture();
	screen_close(&screens[0]);
	return ktap_end();
}
