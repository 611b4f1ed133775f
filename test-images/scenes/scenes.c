// SPDX-License-Identifier: MIT
/*
 * Twenty small programs of OpenGL ES, whose pictures have to be the same whoever brings their commands
 * to the renderer:
 *
 *	gl_scenes [--seed N] [--renderer PREFIX] [--node FILE] [NAME...]
 *	gl_scenes --rate SECONDS [--renderer PREFIX] [--node FILE]
 *
 * Each draws some frames that follow from the seed, and prints a line for each: its name, the frame,
 * and a hash of the pixels. It is run in the guest, by puck.ko, and on the host, by virglrenderer's own
 * test server; with the same Mesa on both sides and one renderer the lines are the same, bit by bit.
 * Nothing is computed by the CPU that two of them could round differently.
 *
 * --rate: rate.c, instead of that. --node: a GPU's render node, where there are several.
 *
 * It is linked with libEGL and libGLESv2, and lies in no package: see scripts/pucklib/build/scenes.py.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "display.h"
#include "scene.h"

static struct canvas canvas;
static uint64_t state;

uint32_t drawn(uint32_t limit)
{
	uint64_t z = (state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (uint32_t)((z ^ (z >> 31)) >> 32) % limit;
}

/* All of these have few bits, so that nothing is rounded on the way. */
float drawn_unit(void)
{
	return drawn(257) / 256.0f;
}

float drawn_place(void)
{
	return (int)drawn(513) / 256.0f - 1;
}

void die(const char *what)
{
	fprintf(stderr, "gl_scenes: %s\n", what);
	exit(2);
}

static GLuint compile(GLenum kind, const char *text)
{
	GLuint shader = glCreateShader(kind);
	GLint good = 0;
	char log[1024];

	glShaderSource(shader, 1, &text, NULL);
	glCompileShader(shader);
	glGetShaderiv(shader, GL_COMPILE_STATUS, &good);
	if (!good) {
		glGetShaderInfoLog(shader, sizeof(log), NULL, log);
		die(log);
	}
	return shader;
}

GLuint program(const char *vertex, const char *fragment, const char *feedback)
{
	GLuint made = glCreateProgram();
	GLint good = 0;

	glAttachShader(made, compile(GL_VERTEX_SHADER, vertex));
	glAttachShader(made, compile(GL_FRAGMENT_SHADER, fragment));
	if (feedback)
		glTransformFeedbackVaryings(made, 1, &feedback, GL_INTERLEAVED_ATTRIBS);
	glLinkProgram(made);
	glGetProgramiv(made, GL_LINK_STATUS, &good);
	if (!good)
		die("a program does not link");
	return made;
}

GLuint texture(GLenum format, uint32_t width, uint32_t height, const void *pixels)
{
	GLuint made;

	glGenTextures(1, &made);
	glBindTexture(GL_TEXTURE_2D, made);
	glTexStorage2D(GL_TEXTURE_2D, 1, format, width, height);
	if (pixels)
		glTexSubImage2D(GL_TEXTURE_2D, 0, 0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE, pixels);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
	return made;
}

GLuint target(GLuint image)
{
	GLuint made;

	glGenFramebuffers(1, &made);
	glBindFramebuffer(GL_FRAMEBUFFER, made);
	glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, image, 0);
	if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE)
		die("a framebuffer is not complete");
	return made;
}

void noise(uint8_t *bytes, size_t count)
{
	while (count--)
		*bytes++ = drawn(256);
}

static void vertices_fill(struct vertex *vertices, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		vertices[i] = (struct vertex) {
			{ drawn_place(), drawn_place(), drawn_place(), 1 },
			{ drawn_unit(), drawn_unit(), drawn_unit(), drawn_unit() },
		};
}

/* Into the buffer that is bound to GL_ARRAY_BUFFER, from @first on. */
void vertices_send(uint32_t first, uint32_t count)
{
	struct vertex vertices[VERTICES_MAX];

	vertices_fill(vertices, count);
	glBufferSubData(GL_ARRAY_BUFFER, first * sizeof(*vertices), count * sizeof(*vertices), vertices);
}

void vertices_map(uint32_t first, uint32_t count, GLbitfield how)
{
	struct vertex *vertices = glMapBufferRange(GL_ARRAY_BUFFER, first * sizeof(*vertices),
						   count * sizeof(*vertices), GL_MAP_WRITE_BIT | how);

	if (!vertices)
		die("a buffer cannot be mapped");
	vertices_fill(vertices, count);
	glUnmapBuffer(GL_ARRAY_BUFFER);
}

GLuint vertices_buffer(void)
{
	GLuint made;

	glGenBuffers(1, &made);
	glBindBuffer(GL_ARRAY_BUFFER, made);
	glBufferData(GL_ARRAY_BUFFER, VERTICES_MAX * sizeof(struct vertex), NULL, GL_DYNAMIC_DRAW);
	glVertexAttribPointer(0, 4, GL_FLOAT, GL_FALSE, sizeof(struct vertex), (void *)offsetof(struct vertex, at));
	glVertexAttribPointer(1, 4, GL_FLOAT, GL_FALSE, sizeof(struct vertex), (void *)offsetof(struct vertex, tint));
	glEnableVertexAttribArray(0);
	glEnableVertexAttribArray(1);
	return made;
}

void draw_some(GLenum mode, uint32_t count)
{
	vertices_send(0, count);
	glDrawArrays(mode, 0, count);
}

void use(const struct canvas *on)
{
	glBindFramebuffer(GL_FRAMEBUFFER, on->target);
	glViewport(0, 0, WIDTH, HEIGHT);
}

static uint64_t hashed(uint64_t hash, const uint8_t *bytes, size_t count)
{
	while (count--)
		hash = (hash ^ *bytes++) * 0x100000001b3ull;
	return hash;
}

static uint64_t look(GLuint framebuffer, uint64_t hash)
{
	static uint8_t pixels[WIDTH * HEIGHT * 4];

	glBindFramebuffer(GL_READ_FRAMEBUFFER, framebuffer);
	memset(pixels, 0xa5, sizeof(pixels));
	glReadPixels(0, 0, WIDTH, HEIGHT, GL_RGBA, GL_UNSIGNED_BYTE, pixels);
	return hashed(hash, pixels, sizeof(pixels));
}

static void canvas_open(void)
{
	GLuint depth;

	canvas.image = texture(GL_RGBA8, WIDTH, HEIGHT, NULL);
	canvas.target = target(canvas.image);
	glGenRenderbuffers(1, &depth);
	glBindRenderbuffer(GL_RENDERBUFFER, depth);
	glRenderbufferStorage(GL_RENDERBUFFER, GL_DEPTH24_STENCIL8, WIDTH, HEIGHT);
	glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_DEPTH_STENCIL_ATTACHMENT, GL_RENDERBUFFER, depth);
	if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE)
		die("no framebuffer with depth and stencil");
}

/* A context of its own for each scene, and nothing that the one before has left. */
static void scene_run(const struct display *display, const struct scene *scene, uint64_t seed)
{
	EGLContext context = context_open(display);
	uint32_t frame;

	state = seed ^ hashed(0xcbf29ce484222325ull, (const uint8_t *)scene->name, strlen(scene->name));
	canvas_open();
	vertices_buffer();
	for (frame = 0; frame < FRAMES; frame++) {
		use(&canvas);
		glDisable(GL_SCISSOR_TEST);
		glClearColor(drawn_unit(), drawn_unit(), drawn_unit(), 1);
		glClear(GL_COLOR_BUFFER_BIT | GL_DEPTH_BUFFER_BIT | GL_STENCIL_BUFFER_BIT);
		scene->draw(&canvas, frame);
		printf("%s %u %016llx\n", scene->name, frame,
		       (unsigned long long)look(canvas.target, 0xcbf29ce484222325ull));
		if (glGetError() != GL_NO_ERROR)
			die("an error of OpenGL");
	}
	fflush(stdout);
	context_close(display, context);
}

static bool chosen(const char *name, char **names, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (!strcmp(name, names[i]))
			return true;
	return !count;
}

static void scenes_run(const struct display *display, uint64_t seed, char **names, int count)
{
	const struct scene *scene;
	uint32_t ran = 0;

	for (scene = scenes; scene->name; scene++)
		if (chosen(scene->name, names, count)) {
			scene_run(display, scene, seed);
			ran++;
		}
	if (!ran)
		die("no such scene");
}

static void rates_run(const struct display *display, double length)
{
	EGLContext context = context_open(display);

	canvas_open();
	vertices_buffer();
	use(&canvas);
	rates(length);
	context_close(display, context);
}

static void lost_run(const struct display *display, const char *file)
{
	EGLContext context = context_open(display);

	canvas_open();
	use(&canvas);
	lost(display, file);
	context_close(display, context);
}

/* Mesa draws with the CPU where it finds nothing else, and tells nobody. */
static void renderer_check(const struct display *display, const char *prefix)
{
	EGLContext context = context_open(display);
	const char *name = (const char *)glGetString(GL_RENDERER);

	fprintf(stderr, "GL_RENDERER: %s\n", name);
	if (strncmp(name, prefix, strlen(prefix)))
		die("it is another one that draws");
	context_close(display, context);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "renderer", required_argument, NULL, 'r' },
		{ "node", required_argument, NULL, 'n' },
		{ "rate", required_argument, NULL, 't' },
		{ "lost", required_argument, NULL, 'l' },
		{ }
	};
	const char *prefix = "virgl", *node = NULL, *file = NULL;
	struct display display;
	uint64_t seed = 1;
	double length = 0;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (option == 'r')
			prefix = optarg;
		else if (option == 'n')
			node = optarg;
		else if (option == 't')
			length = atof(optarg);
		else if (option == 'l')
			file = optarg;
		else
			return 2;
	}
	display_open(&display, node);
	renderer_check(&display, prefix);
	if (file) {
		lost_run(&display, file);
		eglTerminate(display.egl);
		display_open(&display, node);
	}
	if (length > 0)
		rates_run(&display, length);
	else
		scenes_run(&display, seed, argv + optind, argc - optind);
	eglTerminate(display.egl);
	return 0;
}
