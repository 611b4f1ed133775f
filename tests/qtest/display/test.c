/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of puck-gpu's display. Each file has the tests of one part; a bad_
 * case shows that the device reports it and works on.
 */

#include "qemu/osdep.h"
#include "env.h"

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_display_register_tests();
    add_display_commit_tests();
    add_display_picture_tests();
    add_display_buffer_tests();
    add_display_console_tests();
    add_display_connector_tests();
    add_display_move_tests();
    add_display_random_tests();
    add_display_mischief_tests();
    return g_test_run();
}
