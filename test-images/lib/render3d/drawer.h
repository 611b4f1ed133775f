/* SPDX-License-Identifier: MIT */
/*
 * A process that draws by the 3D of a GPU, and looks at each picture. Its context may be lost at any
 * time; it goes on with another one then. It ends when the device is gone, or if a picture is wrong.
 */
#ifndef LIB_RENDER3D_DRAWER_H
#define LIB_RENDER3D_DRAWER_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/patience.h"
#include "lib/gpu/device.h"
#include "lib/gpu/fence.h"
#include "lib/render3d/virtgpu.h"

#define DRAWER_SIDE	48u

enum drawer_end {
	DRAWER_GONE = 10,	/* with the device */
	DRAWER_WRONG,		/* a picture, or an error that nothing explains */
};

struct drawer {
	pid_t pid;
	volatile uint32_t *pictures;	/* of memory that is shared; counts on when it is another process */
};

/* A file, its context and its picture. */
struct drawing {
	struct puck puck;
	struct picture picture;
	bool begun;
};

static inline bool drawer_is_loss(int error)
{
	return error == -ECANCELED || error == -ETIME;
}

/* Contexts and resources of those who have gone go behind one's back: there may be no room yet. */
static inline int drawer_open(struct drawing *d, const struct puck *puck)
{
	unsigned int looks = 0;
	int ret;

	d->puck = *puck;
	d->begun = false;
	ret = puck_reopen(&d->puck);
	if (ret)
		return ret;
	do {
		ret = picture_create(d->puck.fd, &d->picture, DRAWER_SIDE);
	} while (ret == -ENOSPC && patient(&looks));
	if (ret)
		close(d->puck.fd);
	return ret;
}

static inline void drawer_close(struct drawing *d)
{
	bo_close(d->puck.fd, &d->picture.bo);
	close(d->puck.fd);
}

static inline int drawer_clear(struct drawing *d, const uint8_t *bgra)
{
	int ret = fence_result(picture_clear(d->puck.fd, &d->picture, !d->begun, bgra),
			       FOREVER_MS);

	d->begun = true;
	return ret == 1 ? 0 : ret ? ret : -EBUSY;
}

/* 0, or an error. What could not be read says so by the next stream. */
static inline int drawer_draw(struct drawing *d, uint32_t number)
{
	const uint8_t bgra[4] = { (uint8_t)number, (uint8_t)(number * 7), (uint8_t)~number, 255 };
	int ret = drawer_clear(d, bgra);

	if (!ret)
		ret = picture_read(d->puck.fd, &d->picture);
	if (ret || !picture_wrong(&d->picture, bgra))
		return ret;
	ret = drawer_clear(d, bgra);
	return ret ? ret : -EILSEQ;
}

/* Draws with one context until that is lost; returns why. */
static inline int drawer_draw_on(const struct puck *puck, volatile uint32_t *pictures)
{
	struct drawing d;
	int ret = drawer_open(&d, puck);

	if (ret)
		return ret;
	while (!ret) {
		ret = drawer_draw(&d, *pictures);
		if (!ret)
			++*pictures;
	}
	drawer_close(&d);
	return ret;
}

static inline void drawer_run(const struct puck *puck, volatile uint32_t *pictures)
{
	int ret;

	do {
		ret = drawer_draw_on(puck, pictures);
	} while (drawer_is_loss(ret));
	_exit(ret == -ENODEV || ret == -ENOENT || ret == -ENXIO ? DRAWER_GONE : DRAWER_WRONG);
}

static inline bool drawer_start(struct drawer *drawer, const struct puck *puck)
{
	drawer->pid = fork();
	if (drawer->pid)
		return drawer->pid > 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	drawer_run(puck, drawer->pictures);
	return false;
}

/* What it has ended with, or the signal that has ended it. */
static inline int drawer_ended(struct drawer *drawer)
{
	int status = 0;

	waitpid(drawer->pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
}

/* Waits until it has drawn so many more; false if it has ended before. */
static inline bool drawer_goes_on(struct drawer *drawer, uint32_t more)
{
	uint32_t from = *drawer->pictures;
	unsigned int looks = 0;

	while (*drawer->pictures - from < more) {
		if (waitpid(drawer->pid, NULL, WNOHANG) || !patient(&looks))
			return false;
	}
	return true;
}

#endif /* LIB_RENDER3D_DRAWER_H */
