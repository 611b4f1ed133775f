/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzzers of 3D share: reports of sanitizers. One of ASan's is about
 * the function that is first in the stack, but for those of ASan itself: what
 * virglrenderer does wrong was called by puck-render3d, too.
 */

#include <stdio.h>
#include <string.h>
#include "requests.h"

#define OURS    "/renderer/"

/* "    #0 0x1234 in FUNCTION PLACE" */
static bool is_frame(const char *line)
{
    unsigned number;
    char address;

    return sscanf(line, " #%u 0x%c", &number, &address) == 2;
}

static bool is_of_sanitizer(const char *line)
{
    const char *function = strstr(line, " in ");

    return strstr(line, "/libsanitizer/") ||
           (function && (!strncmp(function, " in __asan_", 11) ||
                         strstr(function, "__interceptor_")));
}

static bool is_ours(const char *line, bool *inside)
{
    if (strstr(line, "runtime error:")) {
        return strstr(line, OURS);
    }
    if (strstr(line, "ERROR: AddressSanitizer")) {
        *inside = true;
    }
    if (!*inside || !is_frame(line) || is_of_sanitizer(line)) {
        return false;
    }
    *inside = false;
    return strstr(line, OURS);
}

bool report_of_renderer(const char *log, long from)
{
    FILE *file = fopen(log, "r");
    bool inside = false, found = false;
    char line[1024];

    if (!file) {
        return false;
    }
    fseek(file, from, SEEK_SET);
    while (!found && fgets(line, sizeof(line), file)) {
        found = is_ours(line, &inside);
    }
    fclose(file);
    return found;
}
