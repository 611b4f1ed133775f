/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qtest of puck-gpu. Each file has the tests of one part; a bad_ case shows
 * that the device reports it and works on.
 */

#include "qemu/osdep.h"
#include "vm.h"

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_register_tests();
    add_source_tests();
    add_kind_tests();
    add_command_tests();
    add_bad_command_tests();
    add_ring_tests();
    add_skip_tests();
    add_fence_tests();
    add_machine_tests();
    add_power_tests();
    add_iommu_tests();
    add_vram_tests();
    add_vm_command_tests();
    add_vm_tlb_tests();
    add_vm_error_tests();
    add_vm_move_tests();
    add_random_tests();
    add_hold_tests();
    add_reentry_tests();
    add_eject_tests();
    add_mischief_fence_tests();
    add_mischief_irq_tests();
    add_mischief_dma_tests();
    add_mischief_device_tests();
    add_mischief_move_tests();
    add_mischief_random_tests();
    add_mischief_vm_tests();
    return g_test_run();
}
