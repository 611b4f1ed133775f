/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of puck-gpu's 3D. Each file has the tests of one part; a bad_ case
 * shows that the device reports it and works on.
 */

#include "qemu/osdep.h"
#include "env.h"

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_render_register_tests();
    add_render_command_tests();
    add_render_bad_tests();
    add_render_limit_tests();
    add_render_fence_tests();
    add_render_life_tests();
    add_render_iommu_tests();
    add_render_untyped_tests();
    return g_test_run();
}
