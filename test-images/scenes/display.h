/* SPDX-License-Identifier: MIT */
/* Which GPU draws: gl_scenes. */
#ifndef SCENES_DISPLAY_H
#define SCENES_DISPLAY_H

#include <EGL/egl.h>

struct display {
	EGLDisplay egl;
	EGLConfig config;
};

/* The GPU behind a render node; the first one that there is, if @node is NULL. */
void display_open(struct display *display, const char *node);
/* A context, which is made current. */
EGLContext context_open(const struct display *display);
void context_close(const struct display *display, EGLContext context);

#endif /* SCENES_DISPLAY_H */
