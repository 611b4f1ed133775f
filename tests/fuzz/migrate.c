/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migration streams for Puck's fuzz targets: the state of Puck's devices is
 * saved in the middle of work, changed field by field or byte by byte, and
 * loaded again, within one process.
 *
 * Where a stream's fields lie is known from the description that QEMU's
 * migration writes beside it, so that whole numbers can be changed.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/main-loop.h"
#include "qobject/json-writer.h"
#include "qobject/qdict.h"
#include "qobject/qjson.h"
#include "qobject/qlist.h"
#include "qobject/qnum.h"
#include "qapi/error.h"
#include "io/channel-buffer.h"
#include "hw/qdev-core.h"
#include "migration/vmstate.h"
#include "migration/qemu-file-types.h"
#include "migration/qemu-file.h"
#include "system/runstate.h"
#include "hw/puck/mischief/list.h"
#include "env.h"

#define CHANGES_MAX     6
/* Of the state of QEMU's PCI functions. */
#define PCI_VERSION     2
/* In a stream something follows each part; the loading looks at it. */
#define FOOTER          0x7e
#define FOOTER_SIZE     64

/* The order in which QEMU loads them. */
enum { PART_IOMMU, PART_RULES, PART_DEV0, PART_DEV1, PART_COUNT };

typedef struct Leaf {
    uint32_t at;
    uint32_t size;
} Leaf;

typedef struct State {
    unsigned key;
    char *program;                      /* NULL when it has run */
    gsize program_size;
    GByteArray *bytes[PART_COUNT];      /* NULL if it was unplugged */
    GArray *leaves[PART_COUNT];         /* of Leaf */
} State;

static PuckSavedRules saved_rules;
static GPtrArray *states;

static bool find_part(unsigned part, const VMStateDescription **vmsd,
                      void **opaque)
{
    static const FuzzFunctionIndex functions[] = {
        [PART_IOMMU] = FUZZ_IOMMU,
        [PART_DEV0] = FUZZ_DEV0,
        [PART_DEV1] = FUZZ_DEV1,
    };
    DeviceState *dev;

    if (part == PART_RULES) {
        *vmsd = &vmstate_puck_mischief;
        *opaque = &saved_rules;
        return true;
    }
    dev = fuzz_device(functions[part]);
    if (!dev) {
        return false;
    }
    *vmsd = DEVICE_GET_CLASS(dev)->vmsd;
    *opaque = dev;
    return true;
}

static GByteArray *save_part(unsigned part, JSONWriter *description)
{
    const VMStateDescription *vmsd;
    QIOChannelBuffer *channel;
    GByteArray *bytes;
    QEMUFile *file;
    void *opaque;

    if (!find_part(part, &vmsd, &opaque)) {
        return NULL;
    }
    channel = qio_channel_buffer_new(65536);
    file = qemu_file_new_output(QIO_CHANNEL(channel));
    if (description) {
        json_writer_start_object(description, NULL);
    }
    vmstate_save_state(file, vmsd, opaque, description);
    if (description) {
        json_writer_end_object(description);
    }
    qemu_fflush(file);
    bytes = g_byte_array_new();
    g_byte_array_append(bytes, channel->data, channel->usage);
    qemu_fclose(file);
    object_unref(OBJECT(channel));
    return bytes;
}

/* True if it was taken. */
static bool load_part(unsigned part, GByteArray *bytes)
{
    const VMStateDescription *vmsd;
    QIOChannelBuffer *channel;
    QEMUFile *file;
    void *opaque;
    bool ok;

    if (!find_part(part, &vmsd, &opaque)) {
        return false;
    }
    if (part != PART_RULES) {
        /* A load may lower it, which no reset undoes. */
        PCI_DEVICE(opaque)->version_id = PCI_VERSION;
    }
    channel = qio_channel_buffer_new(bytes->len + FOOTER_SIZE);
    memcpy(channel->data, bytes->data, bytes->len);
    memset(channel->data + bytes->len, FOOTER, FOOTER_SIZE);
    channel->usage = bytes->len + FOOTER_SIZE;
    file = qemu_file_new_input(QIO_CHANNEL(channel));
    ok = vmstate_load_state(file, vmsd, opaque, vmsd->version_id) >= 0 &&
         !qemu_file_get_error(file);
    qemu_fclose(file);
    object_unref(OBJECT(channel));
    return ok;
}

static void stop(void)
{
    if (runstate_is_running()) {
        vm_stop(RUN_STATE_PAUSED);
    }
}

static void change_bytes(FuzzInput *in, GByteArray *bytes)
{
    unsigned at = fuzz_take(in, 3) % bytes->len;

    if (fuzz_rarely(in, 8)) {
        g_byte_array_set_size(bytes, at);
    } else {
        bytes->data[at] = fuzz_take(in, 1);
    }
}

static void change_leaf(FuzzInput *in, GByteArray *bytes, const Leaf *leaf)
{
    uint8_t *at = bytes->data + leaf->at;
    uint64_t old, value;

    if (leaf->at + leaf->size > bytes->len || !leaf->size) {
        return;
    }
    if (leaf->size != 1 && leaf->size != 2 && leaf->size != 4 &&
        leaf->size != 8) {
        at[fuzz_take(in, 2) % leaf->size] = fuzz_take(in, 1);
        return;
    }
    old = ldn_be_p(at, leaf->size);
    switch (fuzz_pick(in, 5)) {
    case 0:
        value = old + 1;
        break;
    case 1:
        value = old - 1;
        break;
    case 2:
        value = old ^ 1ull << fuzz_pick(in, 8 * leaf->size);
        break;
    default:
        value = fuzz_number(in);
    }
    stn_be_p(at, leaf->size, value);
}

/* Loads into devices as they are after a reset, and lets the machine run. */
static bool load_all(GByteArray **parts)
{
    bool ok = true;

    stop();
    fuzz_reset_devices();
    for (unsigned part = 0; part < PART_COUNT && ok; part++) {
        int64_t begun = fuzz_hold_begin();

        if (parts[part]) {
            ok = load_part(part, parts[part]);
        }
        fuzz_hold_end(begun, "the loading of a state");
    }
    if (!ok) {
        fuzz_reset_devices();
    }
    vm_start();
    return ok;
}

static void free_parts(GByteArray **parts)
{
    for (unsigned part = 0; part < PART_COUNT; part++) {
        if (parts[part]) {
            g_byte_array_unref(parts[part]);
        }
    }
}

/* Within a program: what is there goes away and comes back, perhaps changed. */
void fuzz_op_migrate(FuzzInput *in)
{
    GByteArray *parts[PART_COUNT];
    unsigned changes = fuzz_pick(in, 4);

    stop();
    for (unsigned part = 0; part < PART_COUNT; part++) {
        parts[part] = save_part(part, NULL);
    }
    while (changes--) {
        unsigned part = fuzz_pick(in, PART_COUNT);

        if (parts[part] && parts[part]->len) {
            change_bytes(in, parts[part]);
        }
    }
    load_all(parts);
    free_parts(parts);
}

static void find_leaves(QDict *vmsd, uint32_t *at, GArray *leaves);

static void find_field(QDict *field, uint32_t *at, GArray *leaves)
{
    int64_t n = qdict_get_try_int(field, "array_len", 1);
    QDict *inner = qdict_get_qdict(field, "struct");

    while (n--) {
        if (inner) {
            find_leaves(inner, at, leaves);
        } else {
            Leaf leaf = { .at = *at, .size = qdict_get_int(field, "size") };

            g_array_append_val(leaves, leaf);
            *at += leaf.size;
        }
    }
}

static void find_leaves(QDict *vmsd, uint32_t *at, GArray *leaves)
{
    QList *fields = qdict_get_qlist(vmsd, "fields");
    QList *subsections = qdict_get_qlist(vmsd, "subsections");
    const QListEntry *entry;

    QLIST_FOREACH_ENTRY(fields, entry) {
        find_field(qobject_to(QDict, qlist_entry_obj(entry)), at, leaves);
    }
    if (!subsections) {
        return;
    }
    QLIST_FOREACH_ENTRY(subsections, entry) {
        QDict *one = qobject_to(QDict, qlist_entry_obj(entry));

        /* A mark, the name with its length, the version. */
        *at += 1 + 1 + strlen(qdict_get_str(one, "vmsd_name")) + 4;
        find_leaves(one, at, leaves);
    }
}

static void save_state_part(State *state, unsigned part)
{
    g_autoptr(JSONWriter) writer = json_writer_new(false);
    GByteArray *bytes = save_part(part, writer);
    QDict *description;
    uint32_t at = 0;

    state->bytes[part] = bytes;
    state->leaves[part] = g_array_new(false, false, sizeof(Leaf));
    if (!bytes) {
        return;
    }
    description = qobject_to(QDict, qobject_from_json(json_writer_get(writer),
                                                      &error_abort));
    find_leaves(description, &at, state->leaves[part]);
    qobject_unref(description);
    if (at != bytes->len) {
        fprintf(stderr, "puck-fuzz: part %u has %u bytes, its description %u\n",
                part, bytes->len, at);
        abort();
    }
}

/* When it is first asked for: all of them at once would take too long. */
static void make_state(State *state)
{
    FuzzInput in = { .at = (uint8_t *)state->program };

    in.end = in.at + state->program_size;
    fuzz_build_start(&in);
    fuzz_run(&in, 64);
    stop();
    for (unsigned part = 0; part < PART_COUNT; part++) {
        save_state_part(state, part);
    }
    g_clear_pointer(&state->program, g_free);
    fuzz_machine_restore();
}

static void keep_state(unsigned key, char *program, gsize size)
{
    State *state = g_new0(State, 1);

    state->key = key;
    state->program = program;
    state->program_size = size;
    g_ptr_array_add(states, state);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *sorted_names(const char *path)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, compare_names);
    return names;
}

/*
 * Names are hashes of contents. Their first four digits are the key of the
 * state, and the states stand in the order of their keys.
 */
void fuzz_states_init(const char *path)
{
    g_autoptr(GPtrArray) names = sorted_names(path);

    states = g_ptr_array_new();
    for (unsigned i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_autofree char *digits = g_strndup(name, 4);
        char *data;
        gsize size;

        if (g_file_get_contents(file, &data, &size, NULL)) {
            keep_state(g_ascii_strtoull(digits, NULL, 16), data, size);
        }
    }
    keep_state(UINT16_MAX, g_strdup(""), 0);
    fprintf(stderr, "puck-fuzz: %u states to start from\n", states->len);
}

/* The first one from @key on: it stays the same when others are added. */
static State *find_state(unsigned key)
{
    for (unsigned i = 0; i + 1 < states->len; i++) {
        State *state = g_ptr_array_index(states, i);

        if (state->key >= key) {
            return state;
        }
    }
    return g_ptr_array_index(states, states->len - 1);
}

static void change_state(FuzzInput *in, State *state, GByteArray **parts)
{
    unsigned changes = fuzz_pick(in, CHANGES_MAX);

    while (changes--) {
        unsigned part = fuzz_pick(in, PART_COUNT);
        GArray *leaves = state->leaves[part];

        if (!parts[part] || !parts[part]->len) {
            continue;
        }
        if (fuzz_rarely(in, 6)) {
            change_bytes(in, parts[part]);
        } else {
            /* Half of them among the first, where the registers are. */
            unsigned n = fuzz_rarely(in, 2) ? MIN(leaves->len, 200) :
                         leaves->len;

            change_leaf(in, parts[part],
                        &g_array_index(leaves, Leaf, fuzz_take(in, 3) % n));
        }
    }
}

bool fuzz_load_state(FuzzInput *in)
{
    GByteArray *parts[PART_COUNT] = { };
    State *state = find_state(fuzz_take(in, 2));
    bool ok;

    if (state->program) {
        make_state(state);
    }
    for (unsigned part = 0; part < PART_COUNT; part++) {
        GByteArray *bytes = state->bytes[part];

        if (bytes) {
            parts[part] = g_byte_array_new();
            g_byte_array_append(parts[part], bytes->data, bytes->len);
        }
    }
    change_state(in, state, parts);
    ok = load_all(parts);
    free_parts(parts);
    return ok;
}
