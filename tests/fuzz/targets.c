/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puck's fuzz targets: libFuzzer's entries.
 *
 * puck-native, puck-acpi, puck-amd and puck-camera run programs (ops.c) on four
 * machines; puck-state and puck-camera-state load changed states of two of
 * them. PUCK_FUZZ_STATES names the folder with the programs whose states are
 * loaded.
 */

#include "qemu/osdep.h"
#include "tests/qtest/fuzz/fuzz.h"
#include "env.h"

#define OPS_MAX             64
#define OPS_AFTER_LOAD      8
#define PROFILE_EVERY       500

static uint64_t loaded, refused;

/* A process that dies takes no more than the last few inputs' with it. */
static void keep_profile(void)
{
    static unsigned count;

    if (++count % PROFILE_EVERY == 0) {
        __llvm_profile_write_file();
    }
}

static void print_loads(void)
{
    fprintf(stderr, "puck-fuzz: states: %" PRIu64 " loaded, %" PRIu64
            " refused\n", loaded, refused);
}

static void pre_fuzz(QTestState *s)
{
    fuzz_machine_init();
}

static void pre_fuzz_state(QTestState *s)
{
    fuzz_machine_init();
    fuzz_states_init(getenv("PUCK_FUZZ_STATES") ?: "states");
    atexit(print_loads);
}

static void fuzz_program(QTestState *s, const unsigned char *data, size_t size)
{
    FuzzInput in = { .at = data, .end = data + size };

    fuzz_build_start(&in);
    fuzz_run(&in, OPS_MAX);
    fuzz_machine_restore();
    keep_profile();
}

static void fuzz_state(QTestState *s, const unsigned char *data, size_t size)
{
    FuzzInput in = { .at = data, .end = data + size };

    if (fuzz_load_state(&in)) {
        loaded++;
    } else {
        refused++;
    }
    fuzz_clock_step(1);
    fuzz_run(&in, OPS_AFTER_LOAD);
    fuzz_clock_step(1000000);
    fuzz_machine_restore();
    keep_profile();
}

static GString *cmdline_native(FuzzTarget *t)
{
    return g_string_new(g_strconcat(TARGET_NAME,
                                    fuzz_machine_args(FUZZ_NATIVE), NULL));
}

static GString *cmdline_acpi(FuzzTarget *t)
{
    return g_string_new(g_strconcat(TARGET_NAME,
                                    fuzz_machine_args(FUZZ_ACPI), NULL));
}

static GString *cmdline_amd(FuzzTarget *t)
{
    return g_string_new(g_strconcat(TARGET_NAME,
                                    fuzz_machine_args(FUZZ_AMD), NULL));
}

static GString *cmdline_camera(FuzzTarget *t)
{
    return g_string_new(g_strconcat(TARGET_NAME,
                                    fuzz_machine_args(FUZZ_CAMERA), NULL));
}

static void register_targets(void)
{
    fuzz_add_target(&(FuzzTarget) {
        .name = "puck-native",
        .description = "Puck's devices, slots with native hot-plug",
        .get_init_cmdline = cmdline_native,
        .pre_fuzz = pre_fuzz,
        .fuzz = fuzz_program,
    });
    fuzz_add_target(&(FuzzTarget) {
        .name = "puck-acpi",
        .description = "Puck's devices, slots with hot-plug by ACPI",
        .get_init_cmdline = cmdline_acpi,
        .pre_fuzz = pre_fuzz,
        .fuzz = fuzz_program,
    });
    fuzz_add_target(&(FuzzTarget) {
        .name = "puck-amd",
        .description = "a puck-gpu behind an amd-iommu",
        .get_init_cmdline = cmdline_amd,
        .pre_fuzz = pre_fuzz,
        .fuzz = fuzz_program,
    });
    fuzz_add_target(&(FuzzTarget) {
        .name = "puck-state",
        .description = "Puck's devices, changed migration streams",
        .get_init_cmdline = cmdline_native,
        .pre_fuzz = pre_fuzz_state,
        .fuzz = fuzz_state,
    });
    fuzz_add_target(&(FuzzTarget) {
        .name = "puck-camera",
        .description = "Puck's cameras behind its IOMMU",
        .get_init_cmdline = cmdline_camera,
        .pre_fuzz = pre_fuzz,
        .fuzz = fuzz_program,
    });
    fuzz_add_target(&(FuzzTarget) {
        .name = "puck-camera-state",
        .description = "Puck's cameras, changed migration streams",
        .get_init_cmdline = cmdline_camera,
        .pre_fuzz = pre_fuzz_state,
        .fuzz = fuzz_state,
    });
}

fuzz_target_init(register_targets);
