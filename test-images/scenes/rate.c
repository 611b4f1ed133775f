// SPDX-License-Identifier: MIT
/*
 * How often a second a program can draw and wait for that, and draw and look at it. Nearly all of the
 * time is that of fences.
 */
#include <time.h>

#include "scene.h"

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void draw_and_wait(void)
{
	draw_some(GL_TRIANGLES, 3);
	glFinish();
}

static void draw_and_look(void)
{
	uint8_t pixels[16 * 16 * 4];

	draw_some(GL_TRIANGLES, 3);
	glReadPixels(0, 0, 16, 16, GL_RGBA, GL_UNSIGNED_BYTE, pixels);
}

static void rate(const char *what, void (*turn)(void), double length)
{
	double begin, now;
	uint32_t turns;

	turn();
	begin = seconds();
	for (turns = 0; (now = seconds()) - begin < length; turns++)
		turn();
	printf("%s %.1f\n", what, turns / (now - begin));
}

void rates(double length)
{
	canvas_plain();
	rate("finish", draw_and_wait, length);
	rate("look", draw_and_look, length);
}
