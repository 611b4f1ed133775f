// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * puck-render3d: memory that it shares with QEMU.
 */

#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include "renderer.h"

static void *map(int fd, uint64_t size, const char *what)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (at == MAP_FAILED) {
        die(what);
    }
    return at;
}

void memory_init(struct memory *memory, uint64_t guest_size, uint32_t rings)
{
    memory->guest_size = guest_size;
    memory->rings = rings;
    memory->guest = map(PUCK_WIRE_MEMORY, guest_size, "the guest's memory");
    memory->areas = map(PUCK_WIRE_AREAS, (uint64_t)rings * PUCK_WIRE_AREA,
                        "the areas");
}

void *memory_area(const struct memory *memory, uint32_t ring)
{
    return memory->areas + (size_t)ring * PUCK_WIRE_AREA;
}

struct iovec *memory_runs(const struct memory *memory, uint32_t ring,
                          uint32_t count)
{
    const PuckWireRun *runs = memory_area(memory, ring);
    struct iovec *iov;

    if (!count || count > PUCK_WIRE_AREA / sizeof(*runs)) {
        return NULL;
    }
    iov = calloc(count, sizeof(*iov));
    for (uint32_t i = 0; iov && i < count; i++) {
        if (runs[i].offset > memory->guest_size ||
            runs[i].len > memory->guest_size - runs[i].offset) {
            free(iov);
            return NULL;
        }
        iov[i].iov_base = memory->guest + runs[i].offset;
        iov[i].iov_len = runs[i].len;
    }
    return iov;
}
