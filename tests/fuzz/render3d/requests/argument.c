/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzzers of 3D share: arguments that are numbers.
 */

#include <stdio.h>
#include <stdlib.h>
#include "requests.h"

unsigned long argument(const char *word)
{
    unsigned long value;
    char more;

    if (sscanf(word, "%lu%c", &value, &more) != 1) {
        fprintf(stderr, "fuzzer of 3D: '%s' is no number\n", word);
        exit(2);
    }
    return value;
}
