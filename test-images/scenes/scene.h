/* SPDX-License-Identifier: MIT */
/* What scenes are made of: gl_scenes. */
#ifndef SCENES_SCENE_H
#define SCENES_SCENE_H

#include <GLES3/gl3.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define WIDTH		256
#define HEIGHT		192
#define FRAMES		4
#define VERTICES_MAX	96

struct vertex {
	float at[4], tint[4];
};

/* What is looked at behind each frame. */
struct canvas {
	GLuint target, image;
};

struct scene {
	const char *name;
	/* On the canvas, which is cleared, with a buffer for VERTICES_MAX vertices bound. */
	void (*draw)(const struct canvas *canvas, uint32_t frame);
};

/* All of them, to the one without a name. */
extern const struct scene scenes[];

uint32_t drawn(uint32_t limit);
float drawn_unit(void);
float drawn_place(void);
void noise(uint8_t *bytes, size_t count);
void die(const char *what) __attribute__((noreturn));
GLuint program(const char *vertex, const char *fragment, const char *feedback);
GLuint texture(GLenum format, uint32_t width, uint32_t height, const void *pixels);
GLuint target(GLuint image);
GLuint vertices_buffer(void);
void vertices_send(uint32_t first, uint32_t count);
void vertices_map(uint32_t first, uint32_t count, GLbitfield how);
void draw_some(GLenum mode, uint32_t count);
void use(const struct canvas *on);
/* A program that draws vertices as they are. */
void canvas_plain(void);
/* Prints what rate.c measures, for so many seconds each. */
void rates(double length);

struct display;
/* Prints what lost.c sees of a context that is lost while @file is there. */
void lost(const struct display *display, const char *file);

#endif /* SCENES_SCENE_H */
