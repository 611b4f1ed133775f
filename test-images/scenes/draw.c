// SPDX-License-Identifier: MIT
/* The scenes themselves. Each is about one way of bringing data to a GPU, or of using what it has drawn. */
#include <string.h>

#include "scene.h"

#define HEAD	"#version 300 es\nprecision highp float;\n"
#define SIDE	64	/* of textures */

static const char plain_vertex[] = HEAD
	"layout(location = 0) in vec4 at; layout(location = 1) in vec4 tint; out vec4 colour; out vec2 place;"
	"void main() { gl_Position = at; gl_PointSize = 5.0; colour = tint; place = at.xy * 0.5 + 0.5; }";
static const char plain_fragment[] = HEAD
	"in vec4 colour; out vec4 pixel; void main() { pixel = colour; }";
static const char textured_fragment[] = HEAD
	"in vec4 colour; in vec2 place; uniform sampler2D image; out vec4 pixel;"
	"void main() { pixel = texture(image, place * 1.5) * 0.75 + colour * 0.25; }";

void canvas_plain(void)
{
	glUseProgram(program(plain_vertex, plain_fragment, NULL));
}

static void textured(void)
{
	glUseProgram(program(plain_vertex, textured_fragment, NULL));
}

static GLuint noise_texture(void)
{
	uint8_t pixels[SIDE * SIDE * 4];

	noise(pixels, sizeof(pixels));
	return texture(GL_RGBA8, SIDE, SIDE, pixels);
}

/* All of the picture, and of an image. */
static void cover(void)
{
	const struct vertex corners[] = {
		{ { -1, -1, 0, 1 }, { 0, 0, 0, 1 } }, { { 1, -1, 0, 1 }, { 1, 0, 0, 1 } },
		{ { -1, 1, 0, 1 }, { 0, 1, 0, 1 } }, { { 1, 1, 0, 1 }, { 0, 0, 1, 1 } },
	};

	glBufferSubData(GL_ARRAY_BUFFER, 0, sizeof(corners), corners);
	glDrawArrays(GL_TRIANGLE_STRIP, 0, 4);
}

static void draw_triangles(const struct canvas *canvas, uint32_t frame)
{
	(void)canvas;
	canvas_plain();
	draw_some(GL_TRIANGLES, 30 + frame * 3);
}

static void draw_depth(const struct canvas *canvas, uint32_t frame)
{
	(void)canvas;
	canvas_plain();
	glEnable(GL_DEPTH_TEST);
	glDepthFunc(frame & 1 ? GL_GREATER : GL_LEQUAL);
	glClearDepthf(frame & 1 ? 0 : 1);
	glClear(GL_DEPTH_BUFFER_BIT);
	draw_some(GL_TRIANGLES, 60);
}

static void draw_stencil(const struct canvas *canvas, uint32_t frame)
{
	(void)canvas;
	canvas_plain();
	glEnable(GL_STENCIL_TEST);
	glStencilFunc(GL_ALWAYS, 1, 0xff);
	glStencilOp(GL_KEEP, GL_KEEP, frame & 1 ? GL_INVERT : GL_INCR_WRAP);
	draw_some(GL_TRIANGLES, 24);
	glStencilFunc(GL_NOTEQUAL, 1, 0x01);
	glStencilOp(GL_KEEP, GL_KEEP, GL_KEEP);
	draw_some(GL_TRIANGLES, 24);
	glDisable(GL_STENCIL_TEST);
}

static void draw_blend(const struct canvas *canvas, uint32_t frame)
{
	static const GLenum factors[] = {
		GL_ONE, GL_SRC_ALPHA, GL_ONE_MINUS_SRC_ALPHA, GL_DST_COLOR, GL_ONE_MINUS_DST_ALPHA,
	};
	static const GLenum equations[] = { GL_FUNC_ADD, GL_FUNC_REVERSE_SUBTRACT, GL_MIN, GL_MAX };
	uint32_t i;

	(void)canvas;
	(void)frame;
	canvas_plain();
	glEnable(GL_BLEND);
	for (i = 0; i < 6; i++) {
		glBlendFunc(factors[drawn(5)], factors[drawn(5)]);
		glBlendEquation(equations[drawn(4)]);
		draw_some(GL_TRIANGLES, 12);
	}
	glDisable(GL_BLEND);
}

static void draw_texture(const struct canvas *canvas, uint32_t frame)
{
	GLint filter = frame & 1 ? GL_LINEAR : GL_NEAREST;

	(void)canvas;
	textured();
	noise_texture();
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, filter);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, filter);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, frame & 2 ? GL_MIRRORED_REPEAT : GL_CLAMP_TO_EDGE);
	draw_some(GL_TRIANGLES, 30);
}

static void draw_mipmap(const struct canvas *canvas, uint32_t frame)
{
	uint8_t pixels[SIDE * SIDE * 4];
	GLuint image;

	(void)canvas;
	(void)frame;
	textured();
	glGenTextures(1, &image);
	glBindTexture(GL_TEXTURE_2D, image);
	noise(pixels, sizeof(pixels));
	glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, SIDE, SIDE, 0, GL_RGBA, GL_UNSIGNED_BYTE, pixels);
	glGenerateMipmap(GL_TEXTURE_2D);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST_MIPMAP_NEAREST);
	glViewport(10, 10, 40, 30);
	cover();
	glViewport(60, 10, WIDTH - 60, HEIGHT - 10);
	cover();
}

/* The image is written between draws of it: each of these shows what it was by then. */
static void draw_subimage(const struct canvas *canvas, uint32_t frame)
{
	uint8_t pixels[16 * 16 * 4];
	uint32_t i;

	(void)canvas;
	(void)frame;
	textured();
	noise_texture();
	for (i = 0; i < 12; i++) {
		noise(pixels, sizeof(pixels));
		glTexSubImage2D(GL_TEXTURE_2D, 0, drawn(SIDE - 16), drawn(SIDE - 16), 16, 16, GL_RGBA,
				GL_UNSIGNED_BYTE, pixels);
		glViewport(i % 4 * 64, i / 4 * 64, 64, 64);
		cover();
	}
}

static void draw_stream(const struct canvas *canvas, uint32_t frame)
{
	uint32_t i;

	(void)canvas;
	(void)frame;
	canvas_plain();
	for (i = 0; i < 40; i++)
		draw_some(GL_TRIANGLES, 3);
}

/* What is mapped was drawn from just before. */
static void draw_map(const struct canvas *canvas, uint32_t frame)
{
	uint32_t i;

	(void)canvas;
	canvas_plain();
	for (i = 0; i < 12; i++) {
		vertices_map(0, 6, frame & 1 ? GL_MAP_INVALIDATE_RANGE_BIT : 0);
		glDrawArrays(GL_TRIANGLES, 0, 6);
	}
}

/* From one image into the other, and back. */
static void draw_targets(const struct canvas *canvas, uint32_t frame)
{
	GLuint image[2] = { noise_texture(), noise_texture() };
	GLuint onto[2] = { target(image[0]), target(image[1]) };
	uint32_t i;

	textured();
	glViewport(0, 0, SIDE, SIDE);
	for (i = 0; i < 8 + frame; i++) {
		glBindFramebuffer(GL_FRAMEBUFFER, onto[i & 1]);
		glBindTexture(GL_TEXTURE_2D, image[!(i & 1)]);
		draw_some(GL_TRIANGLES, 9);
	}
	use(canvas);
	glBindTexture(GL_TEXTURE_2D, image[!(i & 1)]);
	cover();
}

static void draw_samples(const struct canvas *canvas, uint32_t frame)
{
	GLuint buffer, onto;

	(void)frame;
	glGenRenderbuffers(1, &buffer);
	glBindRenderbuffer(GL_RENDERBUFFER, buffer);
	glRenderbufferStorageMultisample(GL_RENDERBUFFER, 4, GL_RGBA8, WIDTH, HEIGHT);
	glGenFramebuffers(1, &onto);
	glBindFramebuffer(GL_FRAMEBUFFER, onto);
	glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, buffer);
	canvas_plain();
	glClear(GL_COLOR_BUFFER_BIT);
	draw_some(GL_TRIANGLES, 30);
	glBindFramebuffer(GL_DRAW_FRAMEBUFFER, canvas->target);
	glBlitFramebuffer(0, 0, WIDTH, HEIGHT, 0, 0, WIDTH, HEIGHT, GL_COLOR_BUFFER_BIT, GL_NEAREST);
	use(canvas);
}

static void draw_blit(const struct canvas *canvas, uint32_t frame)
{
	GLuint from = target(noise_texture());
	GLint x = drawn(100), y = drawn(100);

	glBindFramebuffer(GL_READ_FRAMEBUFFER, from);
	glBindFramebuffer(GL_DRAW_FRAMEBUFFER, canvas->target);
	glBlitFramebuffer(0, 0, SIDE, SIDE, x + 90, y, x, y + 80, GL_COLOR_BUFFER_BIT,
			  frame & 1 ? GL_LINEAR : GL_NEAREST);
	glBlitFramebuffer(8, 8, 24, 24, 200, 150, 216, 166, GL_COLOR_BUFFER_BIT, GL_NEAREST);
	use(canvas);
}

static void draw_instances(const struct canvas *canvas, uint32_t frame)
{
	static const char vertex[] = HEAD
		"layout(location = 0) in vec4 at; layout(location = 1) in vec4 tint; out vec4 colour;"
		"void main() { vec2 cell = vec2(float(gl_InstanceID % 5), float(gl_InstanceID / 5));"
		" gl_Position = vec4(at.xy * 0.25 + cell * 0.375 - 0.75, 0.0, 1.0); colour = tint; }";

	(void)canvas;
	glUseProgram(program(vertex, plain_fragment, NULL));
	vertices_send(0, 32);
	glVertexAttribDivisor(1, 1);
	glDrawArraysInstanced(GL_TRIANGLE_STRIP, 0, 4, 20 + frame);
	glVertexAttribDivisor(1, 0);
}

static void draw_uniforms(const struct canvas *canvas, uint32_t frame)
{
	static const char fragment[] = HEAD
		"layout(std140) uniform table { vec4 colours[16]; }; in vec2 place; out vec4 pixel;"
		"void main() { pixel = colours[int(place.x * 15.0)] * 0.5 + colours[int(place.y * 15.0)] * 0.5; }";
	float values[16][4];
	uint32_t i, round;
	GLuint buffer;

	(void)canvas;
	(void)frame;
	glUseProgram(program(plain_vertex, fragment, NULL));
	glGenBuffers(1, &buffer);
	glBindBufferBase(GL_UNIFORM_BUFFER, 0, buffer);
	glBufferData(GL_UNIFORM_BUFFER, sizeof(values), NULL, GL_DYNAMIC_DRAW);
	for (round = 0; round < 4; round++) {
		for (i = 0; i < 64; i++)
			values[i / 4][i % 4] = drawn_unit();
		glBufferSubData(GL_UNIFORM_BUFFER, 0, sizeof(values), values);
		glViewport(round * 64, 0, 64, HEIGHT);
		cover();
	}
}

/* Vertices that the GPU has made, and nobody else has seen. */
static void draw_feedback(const struct canvas *canvas, uint32_t frame)
{
	static const char vertex[] = HEAD
		"layout(location = 0) in vec4 at; layout(location = 1) in vec4 tint; out vec4 made;"
		"void main() { made = vec4(at.yx * 0.5 + tint.xy * 0.5, 0.0, 1.0); gl_Position = at; }";
	static const char nothing[] = HEAD "out vec4 pixel; void main() { pixel = vec4(1.0); }";
	GLuint buffer, maker = program(vertex, nothing, "made");
	const uint32_t count = 30 + 3 * frame;

	(void)canvas;
	glGenBuffers(1, &buffer);
	glBindBufferBase(GL_TRANSFORM_FEEDBACK_BUFFER, 0, buffer);
	glBufferData(GL_TRANSFORM_FEEDBACK_BUFFER, VERTICES_MAX * 16, NULL, GL_DYNAMIC_COPY);
	glUseProgram(maker);
	glEnable(GL_RASTERIZER_DISCARD);
	glBeginTransformFeedback(GL_POINTS);
	draw_some(GL_POINTS, count);
	glEndTransformFeedback();
	glDisable(GL_RASTERIZER_DISCARD);
	glBindBufferBase(GL_TRANSFORM_FEEDBACK_BUFFER, 0, 0);
	canvas_plain();
	glBindBuffer(GL_ARRAY_BUFFER, buffer);
	glVertexAttribPointer(0, 4, GL_FLOAT, GL_FALSE, 16, NULL);
	glDrawArrays(GL_TRIANGLES, 0, count);
	vertices_buffer();
}

/* What was drawn, read into a buffer, by the CPU out of that, and back as an image. */
static void draw_readback(const struct canvas *canvas, uint32_t frame)
{
	const size_t size = SIDE * SIDE * 4;
	uint8_t copy[SIDE * SIDE * 4];
	uint32_t round;
	GLuint buffer;
	void *seen;

	glGenBuffers(1, &buffer);
	for (round = 0; round < 2 + frame; round++) {
		canvas_plain();
		draw_some(GL_TRIANGLES, 15);
		glBindBuffer(GL_PIXEL_PACK_BUFFER, buffer);
		glBufferData(GL_PIXEL_PACK_BUFFER, size, NULL, GL_STREAM_READ);
		glReadPixels(WIDTH / 2 - SIDE / 2, HEIGHT / 2 - SIDE / 2, SIDE, SIDE, GL_RGBA, GL_UNSIGNED_BYTE, NULL);
		seen = glMapBufferRange(GL_PIXEL_PACK_BUFFER, 0, size, GL_MAP_READ_BIT);
		if (!seen)
			die("what was read cannot be mapped");
		memcpy(copy, seen, size);
		glUnmapBuffer(GL_PIXEL_PACK_BUFFER);
		glBindBuffer(GL_PIXEL_PACK_BUFFER, 0);
		textured();
		texture(GL_RGBA8, SIDE, SIDE, copy);
		draw_some(GL_TRIANGLES, 6);
	}
	use(canvas);
}

static void draw_scissors(const struct canvas *canvas, uint32_t frame)
{
	uint32_t i;

	(void)canvas;
	(void)frame;
	canvas_plain();
	glEnable(GL_SCISSOR_TEST);
	for (i = 0; i < 10; i++) {
		glScissor(drawn(WIDTH), drawn(HEIGHT), drawn(100), drawn(100));
		glViewport(drawn(64), drawn(64), WIDTH - drawn(64), HEIGHT - drawn(64));
		glClearColor(drawn_unit(), drawn_unit(), drawn_unit(), drawn_unit());
		glClear(GL_COLOR_BUFFER_BIT);
		draw_some(GL_TRIANGLES, 9);
	}
	glDisable(GL_SCISSOR_TEST);
}

static void draw_lines(const struct canvas *canvas, uint32_t frame)
{
	(void)canvas;
	canvas_plain();
	draw_some(GL_LINES, 20 + 2 * frame);
	draw_some(GL_LINE_LOOP, 12);
	draw_some(GL_POINTS, 40);
}

/* Two pictures by one draw; the second is drawn onto the canvas. */
static void draw_two(const struct canvas *canvas, uint32_t frame)
{
	static const char fragment[] = HEAD
		"in vec4 colour; in vec2 place; layout(location = 0) out vec4 first; layout(location = 1) out vec4 second;"
		"void main() { first = colour; second = colour.bgra * 0.5 + vec4(place, 0.0, 1.0) * 0.5; }";
	static const GLenum both[] = { GL_COLOR_ATTACHMENT0, GL_COLOR_ATTACHMENT1 };
	GLuint first = texture(GL_RGBA8, SIDE, SIDE, NULL), onto = target(first);
	GLuint second = texture(GL_RGBA8, SIDE, SIDE, NULL);

	(void)frame;
	glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT1, GL_TEXTURE_2D, second, 0);
	glBindFramebuffer(GL_FRAMEBUFFER, onto);
	glDrawBuffers(2, both);
	glViewport(0, 0, SIDE, SIDE);
	glClear(GL_COLOR_BUFFER_BIT);
	glUseProgram(program(plain_vertex, fragment, NULL));
	draw_some(GL_TRIANGLES, 24);
	use(canvas);
	textured();
	glViewport(0, 0, WIDTH / 2, HEIGHT);
	glBindTexture(GL_TEXTURE_2D, first);
	cover();
	glViewport(WIDTH / 2, 0, WIDTH / 2, HEIGHT);
	glBindTexture(GL_TEXTURE_2D, second);
	cover();
}

/* Integers of 32 bits, which are made into colours behind that. */
static void draw_integers(const struct canvas *canvas, uint32_t frame)
{
	static const char make[] = HEAD
		"in vec4 colour; in vec2 place; uniform uint salt; out uvec4 pixel;"
		"void main() { uint x = uint(gl_FragCoord.x), y = uint(gl_FragCoord.y);"
		" pixel = uvec4((x * 2654435761u) ^ (y * salt), x * y, salt - x, y); }";
	static const char show[] = HEAD
		"in vec2 place; uniform highp usampler2D image; out vec4 pixel;"
		"void main() { uvec4 x = texelFetch(image, ivec2(gl_FragCoord.xy) / 4, 0);"
		" pixel = vec4((x >> uvec4(24u, 4u, 2u, 0u)) & 255u) / 255.0; }";
	GLuint image = texture(GL_RGBA32UI, SIDE, SIDE, NULL), maker = program(plain_vertex, make, NULL);

	target(image);
	glViewport(0, 0, SIDE, SIDE);
	glUseProgram(maker);
	glUniform1ui(glGetUniformLocation(maker, "salt"), drawn(1u << 31) + frame);
	cover();
	use(canvas);
	glUseProgram(program(plain_vertex, show, NULL));
	cover();
}

const struct scene scenes[] = {
	{ "triangles", draw_triangles },
	{ "depth", draw_depth },
	{ "stencil", draw_stencil },
	{ "blend", draw_blend },
	{ "texture", draw_texture },
	{ "mipmap", draw_mipmap },
	{ "subimage", draw_subimage },
	{ "stream", draw_stream },
	{ "map", draw_map },
	{ "targets", draw_targets },
	{ "samples", draw_samples },
	{ "blit", draw_blit },
	{ "instances", draw_instances },
	{ "uniforms", draw_uniforms },
	{ "feedback", draw_feedback },
	{ "readback", draw_readback },
	{ "scissors", draw_scissors },
	{ "lines", draw_lines },
	{ "two", draw_two },
	{ "integers", draw_integers },
	{ }
};
