/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a policy of the DMA mapper can be read, as puck-dma.ko will read it:
 * with the module's own code. Prints "BYTE" of the word that cannot.
 */

#include <linux/kernel-words.h>

#include "policy/policy.h"

int main(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : "";
    struct puck_dma_policy policy;
    const char *bad = text;

    if (!puck_dma_policy_parse(text, &policy, &bad)) {
        return 0;
    }
    printf("%zu\n", (size_t)(bad - text));
    return 1;
}
