/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puck as a module of a QEMU that was built without it:
 *
 *     qemu-system-x86_64 -plugin puck-qemu.so[,trace=PATTERN]... \
 *                        -device puck-gpu
 *
 * QEMU loads what -plugin names before it makes the machine, and calls
 * qemu_plugin_install(). Puck uses that to register types; it asks for no
 * callback, so the guest's code is translated as without it. See section
 * "Puck in a QEMU of your own" of docs/building.rst.
 */

#include "qemu/osdep.h"
#include <link.h>
#include "qemu/error-report.h"
#include "qemu/module.h"
#include "qemu/qemu-plugin.h"
#include "hw/pci/pci_device.h"
#include "qapi/error.h"
#include "qapi/qapi-commands-control.h"
#include "trace/control.h"
#include "hw/puck/common/compat.h"

#define INITS_MAX       32

/* It is a variable of QEMU's: without CONFIG_TCG headers make it a constant. */
QEMU_BUILD_BUG_ON(__builtin_constant_p(icount_enabled()));

/* QEMU's <elf.h>, which takes the place of the C library's, lacks them. */
#define NOTE_NAME       "GNU"
#define NOTE_BUILD_ID   3

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* What constructors have put aside. No thread runs beside dlopen()'s. */
static struct {
    unsigned count;
    void (*init[INITS_MAX])(void);
} inits[PUCK_INIT_COUNT];

void puck_module_later(PuckInitKind kind, void (*init)(void))
{
    assert(inits[kind].count < INITS_MAX);
    inits[kind].init[inits[kind].count++] = init;
}

static void run_inits(PuckInitKind kind)
{
    for (unsigned i = 0; i < inits[kind].count; i++) {
        inits[kind].init[i]();
    }
}

/* Looks for the build id in the notes of one segment. */
static bool find_build_id(const char *notes, size_t len, GString *id)
{
    while (len >= sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *note = (const void *)notes;
        size_t name = ROUND_UP(note->n_namesz, 4);
        size_t size = sizeof(*note) + name + ROUND_UP(note->n_descsz, 4);
        const uint8_t *bytes = (const uint8_t *)(note + 1) + name;

        if (size > len) {
            return false;
        }
        if (note->n_type == NOTE_BUILD_ID &&
            note->n_namesz == sizeof(NOTE_NAME) &&
            !memcmp(note + 1, NOTE_NAME, sizeof(NOTE_NAME))) {
            for (size_t i = 0; i < note->n_descsz; i++) {
                g_string_append_printf(id, "%02x", bytes[i]);
            }
            return true;
        }
        notes += size;
        len -= size;
    }
    return false;
}

/* The program comes first, and nobody else is asked for. */
static int look_at_program(struct dl_phdr_info *info, size_t size, void *opaque)
{
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

        if (segment->p_type == PT_NOTE &&
            find_build_id((const char *)info->dlpi_addr + segment->p_vaddr,
                          segment->p_memsz, opaque)) {
            break;
        }
    }
    return 1;
}

/* The functions that are called, and the structures, are those of one build. */
static bool check_build(void)
{
    g_autoptr(GString) id = g_string_new(NULL);
    g_autoptr(VersionInfo) version = qmp_query_version(&error_abort);

    dl_iterate_phdr(look_at_program, id);
    if (!strcmp(id->str, PUCK_QEMU_BUILD_ID)) {
        return true;
    }
    error_report("puck-qemu.so was built for QEMU " PUCK_QEMU_VERSION
                 ", build id " PUCK_QEMU_BUILD_ID "; this is %" PRId64 ".%"
                 PRId64 ".%" PRId64 "%s%s, build id %s",
                 version->qemu->major, version->qemu->minor,
                 version->qemu->micro, *version->package ? " " : "",
                 version->package, id->len ? id->str : "unknown");
    return false;
}

/*
 * Members of what devices embed, set by QEMU and read here. No pointer that is
 * read so is followed before it is known to be one.
 */
static bool memory_is_as_here(void)
{
    g_autofree MemoryRegion *mr = g_malloc0(2 * sizeof(*mr));
    bool same;

    memory_region_init(mr, NULL, "puck-layout", 0x1234);
    same = mr->name == memory_region_name(mr) &&
           int128_eq(mr->size, int128_make64(0x1234));
    object_unparent(OBJECT(mr));
    return same;
}

static bool property_is_at(const char *type, const char *name, size_t offset)
{
    DeviceClass *dc = DEVICE_CLASS(object_class_by_name(type));

    for (unsigned i = 0; i < dc->props_count_; i++) {
        if (!strcmp(dc->props_[i].name, name)) {
            return dc->props_[i].offset == offset;
        }
    }
    return false;
}

/*
 * The build is the right one, but the headers were told by config-host.h how
 * it was configured, and not by its own.
 */
static bool check_layout(void)
{
    if (memory_is_as_here() &&
        property_is_at(TYPE_PCI_DEVICE, "addr",
                       offsetof(PCIDevice, devfn)) &&
        property_is_at(TYPE_PCI_DEVICE, "acpi-index",
                       offsetof(PCIDevice, acpi_index))) {
        return true;
    }
    error_report("puck-qemu.so: QEMU's structures are not laid out as in the "
                 "headers it was built with");
    return false;
}

/* -plugin puck-qemu.so,trace=A,trace=-B: QEMU's -trace came too early. */
static bool take_arguments(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (!g_str_has_prefix(argv[i], "trace=")) {
            error_report("puck-qemu.so: no argument '%s': trace=PATTERN is all",
                         argv[i]);
            return false;
        }
        trace_enable_events(argv[i] + strlen("trace="));
    }
    return true;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
                                           const qemu_info_t *info, int argc,
                                           char **argv)
{
    if (!check_build() || !check_layout()) {
        return 1;
    }
    run_inits(PUCK_INIT_TRACE);
    if (!take_arguments(argc, argv)) {
        return 1;
    }
    run_inits(PUCK_INIT_TYPES);
    return 0;
}
