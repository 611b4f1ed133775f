// SPDX-License-Identifier: MIT
/* Which GPU draws. There is no surface: all is drawn into framebuffers. */
#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <string.h>

#include "display.h"
#include "scene.h"

#define DEVICES_MAX	8

static EGLDisplay display_of_node(const char *node)
{
	PFNEGLQUERYDEVICESEXTPROC devices = (void *)eglGetProcAddress("eglQueryDevicesEXT");
	PFNEGLQUERYDEVICESTRINGEXTPROC string = (void *)eglGetProcAddress("eglQueryDeviceStringEXT");
	EGLDeviceEXT device[DEVICES_MAX];
	EGLint count = 0, i;

	if (!devices || !string || !devices(DEVICES_MAX, device, &count))
		die("EGL knows no devices");
	for (i = 0; i < count; i++) {
		const char *name = string(device[i], EGL_DRM_RENDER_NODE_FILE_EXT);

		if (name && !strcmp(name, node))
			return eglGetPlatformDisplay(EGL_PLATFORM_DEVICE_EXT, device[i], NULL);
	}
	die("EGL knows no such render node");
}

void display_open(struct display *display, const char *node)
{
	const EGLint wanted[] = { EGL_SURFACE_TYPE, 0, EGL_RENDERABLE_TYPE, EGL_OPENGL_ES3_BIT, EGL_NONE };
	EGLint found = 0;

	display->egl = node ? display_of_node(node) :
			      eglGetPlatformDisplay(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, NULL);
	if (!display->egl || !eglInitialize(display->egl, NULL, NULL) || !eglBindAPI(EGL_OPENGL_ES_API) ||
	    !eglChooseConfig(display->egl, wanted, &display->config, 1, &found) || !found)
		die("no EGL without a surface");
}

EGLContext context_open(const struct display *display)
{
	const EGLint wanted[] = { EGL_CONTEXT_MAJOR_VERSION, 3, EGL_CONTEXT_MINOR_VERSION, 0, EGL_NONE };
	EGLContext context = eglCreateContext(display->egl, display->config, EGL_NO_CONTEXT, wanted);

	if (!context || !eglMakeCurrent(display->egl, EGL_NO_SURFACE, EGL_NO_SURFACE, context))
		die("no context");
	return context;
}

void context_close(const struct display *display, EGLContext context)
{
	eglMakeCurrent(display->egl, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
	eglDestroyContext(display->egl, context);
}
