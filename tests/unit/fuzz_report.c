/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit test of what the fuzzers of 3D take for a fault of puck-render3d.
 */

#include "qemu/osdep.h"
#include <unistd.h>
#include "../fuzz/render3d/requests/requests.h"

#define BEGIN   "puck-render3d: Illegal shader\n" \
                "==7==ERROR: AddressSanitizer: SEGV on unknown address 0x10\n"
#define IN_COPY "    #0 0x55 in __interceptor_memcpy (/c/render.bin+0x55)\n"
#define IN_ASAN "    #0 0x55 in memset ../../src/libsanitizer/asan/asan.cpp:7\n"
#define IN_VIRGL "    #1 0x7f in vrend_blit ../src/vrend_blitter.c:439\n"
#define IN_LIB  "    #0 0x7f (/c/usr/lib/libvirglrenderer.so.1+0x27)\n"
#define IN_OURS "    #2 0x56 in gl_execute /a/puck/renderer/gl.c:310\n"

static bool finds(const char *text, long from)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("report-XXXXXX", &path, NULL);
    bool found;

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
    found = report_of_renderer(path, from);
    unlink(path);
    return found;
}

static void test_ours(void)
{
    g_assert_true(finds(BEGIN IN_OURS IN_VIRGL, 0));
    g_assert_true(finds(BEGIN IN_COPY IN_OURS, 0));
    g_assert_true(finds(BEGIN IN_ASAN IN_OURS, 0));
    g_assert_true(finds("/a/puck/renderer/gl.c:3:1: runtime error: x\n", 0));
    /* Behind one that is not. */
    g_assert_true(finds(BEGIN IN_LIB IN_OURS BEGIN IN_OURS, 0));
}

static void bad_others(void)
{
    g_assert_false(finds("", 0));
    g_assert_false(finds(IN_OURS, 0));
    g_assert_false(finds(BEGIN IN_LIB IN_OURS, 0));
    g_assert_false(finds(BEGIN IN_COPY IN_VIRGL IN_OURS, 0));
    g_assert_false(finds("../vrend.c:3:1: runtime error: x\n" IN_OURS, 0));
    /* What an earlier renderer has said. */
    g_assert_false(finds(BEGIN IN_OURS, strlen(BEGIN IN_OURS)));
    g_assert_false(report_of_renderer("/nowhere/log", 0));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz-report/ours", test_ours);
    g_test_add_func("/fuzz-report/bad_others", bad_others);
    return g_test_run();
}
