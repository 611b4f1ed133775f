/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of puck-cam. Each file has the tests of one part; a bad_ case shows
 * that the device reports it and works on.
 */

#include "qemu/osdep.h"
#include "common/cam-env.h"

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_register_tests();
    add_geometry_tests();
    add_pattern_tests();
    add_format_tests();
    add_stamp_tests();
    add_timing_tests();
    add_queue_tests();
    add_bad_descriptor_tests();
    add_message_tests();
    add_iommu_tests();
    add_machine_tests();
    add_move_tests();
    add_mischief_tests();
    add_source_tests();
    add_random_tests();
    add_reentry_tests();
    return g_test_run();
}
