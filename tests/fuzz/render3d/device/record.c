/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzzer of puck-gpu's 3D: steps in memory and in files.
 */

#include <stdlib.h>
#include <string.h>
#include "device.h"

static struct {
    uint8_t *bytes;
    size_t used, room;
} kept;

void record_clear(void)
{
    kept.used = 0;
}

static void add(const void *bytes, size_t size)
{
    if (kept.used + size > kept.room) {
        kept.room = 2 * (kept.used + size);
        kept.bytes = realloc(kept.bytes, kept.room);
        if (!kept.bytes) {
            abort();
        }
    }
    memcpy(kept.bytes + kept.used, bytes, size);
    kept.used += size;
}

void record_add(const Step *step)
{
    add(&step->head, sizeof(step->head));
    add(step->list, step->head.list_bytes);
    add(step->data, step->head.data_bytes);
}

void record_write(const char *path)
{
    FILE *file = fopen(path, "wb");

    if (!file || fwrite(kept.bytes, 1, kept.used, file) != kept.used) {
        perror(path);
    }
    if (file) {
        fclose(file);
    }
}

bool record_read(FILE *file, Step *step)
{
    StepHead *head = &step->head;

    if (fread(head, sizeof(*head), 1, file) != 1) {
        return false;
    }
    if (head->kind >= STEP_KINDS || head->ring >= RINGS ||
        head->list_bytes > LIST_BYTES || head->data_bytes > DATA_BYTES ||
        fread(step->list, 1, head->list_bytes, file) != head->list_bytes ||
        fread(step->data, 1, head->data_bytes, file) != head->data_bytes) {
        fprintf(stderr, "it is no file of steps\n");
        exit(2);
    }
    return true;
}
