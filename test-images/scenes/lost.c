// SPDX-License-Identifier: MIT
/*
 * A program whose context is lost while it draws. It is to come to its end, and to draw again with
 * whatever it opens anew; and where EGL says that it can be told of resets, it has to be.
 */
#include <EGL/egl.h>
#include <GLES3/gl32.h>
#include <string.h>
#include <unistd.h>

#include "display.h"
#include "scene.h"

#define POLL_US		50000

/* Whoever waits for the file ends the renderer, and then removes the file. */
static void lose(const char *file)
{
	FILE *ready = fopen(file, "w");

	if (!ready || fclose(ready))
		die("no file to say so in");
	while (!access(file, F_OK))
		usleep(POLL_US);
}

static unsigned int grey_seen(uint8_t grey)
{
	uint8_t pixel[4] = { 0 };

	glClearColor(grey / 255.0f, grey / 255.0f, grey / 255.0f, 1);
	glClear(GL_COLOR_BUFFER_BIT);
	glFinish();
	glReadPixels(WIDTH / 2, HEIGHT / 2, 1, 1, GL_RGBA, GL_UNSIGNED_BYTE, pixel);
	return pixel[0];
}

void lost(const struct display *display, const char *file)
{
	PFNGLGETGRAPHICSRESETSTATUSPROC status = (void *)eglGetProcAddress("glGetGraphicsResetStatusEXT");
	const char *extensions = eglQueryString(display->egl, EGL_EXTENSIONS);
	unsigned int seen;

	printf("tells %d\n", !!strstr(extensions, "EGL_EXT_create_context_robustness"));
	printf("before %u\n", grey_seen(100));
	fflush(stdout);
	lose(file);
	seen = grey_seen(200);
	printf("after %u status %#x error %#x\n", seen, status ? status() : 0, glGetError());
	fflush(stdout);
}
