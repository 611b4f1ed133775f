/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzzers of 3D share: reports of sanitizers.
 */

#include <stdio.h>
#include <string.h>
#include "requests.h"

bool report_of_renderer(const char *log, long from)
{
    FILE *file = fopen(log, "r");
    bool begun = false, ours = false;
    char line[1024];

    if (file) {
        fseek(file, from, SEEK_SET);
    }
    while (file && fgets(line, sizeof(line), file)) {
        begun |= strstr(line, "ERROR: AddressSanitizer") ||
                 strstr(line, "runtime error:");
        ours |= begun && strstr(line, "/renderer/");
    }
    if (file) {
        fclose(file);
    }
    return begun && ours;
}
