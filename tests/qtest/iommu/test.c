/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of puck-iommu. Each file has the tests of one part; a bad_ case
 * shows that the device reports it and works on.
 */

#include "qemu/osdep.h"
#include "common/iommu-env.h"

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_register_tests();
    add_translate_tests();
    add_iotlb_tests();
    add_fault_tests();
    add_command_tests();
    add_machine_tests();
    add_policy_tests();
    add_mischief_tests();
    add_stale_tests();
    add_pieces_tests();
    return g_test_run();
}
