/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a list of mischief's rules can be read, as the device will read it:
 * with the device's own code. Prints "BYTE WHAT" of the first that cannot.
 */

#include "qemu/osdep.h"
#include "rule.h"

int main(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : "";
    const char *at = text;

    while (*at) {
        size_t len = strcspn(at, ";");
        PuckRuleError err;
        PuckRule rule;

        if (strspn(at, " ") < len && !puck_rule_parse(at, len, &rule, &err)) {
            printf("%zu %s\n", (size_t)(at - text) + err.column, err.what);
            return 1;
        }
        at += len + !!at[len];
    }
    return 0;
}
