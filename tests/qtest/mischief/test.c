/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of mischief's core: the object, the log, the guest's window, and what
 * migrates. What an action does is tested with the device that does it.
 */

#include "qemu/osdep.h"
#include "files.h"

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_device_tests();
    add_log_tests();
    add_window_tests();
    add_release_tests();
    add_message_tests();
    add_state_tests();
    return g_test_run();
}
