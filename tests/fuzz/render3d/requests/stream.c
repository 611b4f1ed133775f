/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the fuzzers of 3D share: streams. Commands are built as Mesa does, about
 * a few objects and all resources; then some dwords are changed.
 */

#include <string.h>
#include "requests.h"

/* virgl's numbers of commands and objects. */
enum {
    CREATE_OBJECT = 1, BIND_OBJECT, DESTROY_OBJECT, SET_VIEWPORT,
    SET_FRAMEBUFFER, SET_VERTEX_BUFFERS, CLEAR, DRAW_VBO, INLINE_WRITE,
    SET_SAMPLER_VIEWS, SET_INDEX_BUFFER, SET_CONSTANT_BUFFER, BLIT = 16,
    COPY_REGION, BIND_SAMPLERS, BEGIN_QUERY, END_QUERY, GET_QUERY_RESULT,
    SET_SUB_CTX = 28, CREATE_SUB_CTX, DESTROY_SUB_CTX, BIND_SHADER,
    TRANSFER3D = 43, COPY_TRANSFER3D = 45, CLEAR_TEXTURE = 47, SET_TYPE = 49,
    COMMANDS,
};

enum {
    BLEND = 1, RASTERIZER, DSA, SHADER, VERTEX_ELEMENTS, SAMPLER_VIEW,
    SAMPLER_STATE, SURFACE, QUERY,
};

#define OBJECTS     6       /* numbers of each kind */
#define ASTRAY      60      /* of so many numbers one is of anything */
#define NEW_SHADERS 6       /* of so many draws one brings its own */

typedef struct Writer {
    Rng *r;
    Made *made;
    uint32_t *stream;
    uint32_t used;
} Writer;

static void put(Writer *w, uint32_t dword)
{
    if (w->used < STREAM_DWORDS) {
        w->stream[w->used++] = dword;
    }
}

static void head(Writer *w, uint32_t opcode, uint32_t object, uint32_t dwords)
{
    put(w, opcode | object << 8 | dwords << 16);
}

static void put_zeroes(Writer *w, uint32_t count)
{
    while (count--) {
        put(w, 0);
    }
}

/* One of the bits of @set, most of the time; 0 if there is none. */
static uint32_t one_of(Writer *w, uint32_t set)
{
    uint32_t start = rng_below(w->r, 32);

    for (uint32_t i = 0; i < 32; i++) {
        if (set & 1u << (start + i) % 32) {
            return (start + i) % 32;
        }
    }
    return 0;
}

static bool astray(Writer *w)
{
    return rng_once_in(w->r, ASTRAY);
}

/* A number for a new object of a kind. */
static uint32_t make(Writer *w, uint32_t kind)
{
    uint32_t number = 1 + rng_below(w->r, OBJECTS) + OBJECTS * (kind % 4);

    /* Numbers are those of all kinds together. */
    for (uint32_t i = 0; i < KINDS; i++) {
        w->made->objects[i] &= ~(1u << number % 32);
    }
    w->made->objects[kind] |= 1u << number % 32;
    return number % 32;
}

static uint32_t object(Writer *w, uint32_t kind)
{
    return astray(w) ? rng_below(w->r, 40) : one_of(w, w->made->objects[kind]);
}

static uint32_t resource(Writer *w)
{
    return astray(w) ? rng_below(w->r, RESOURCES + 2) :
                       one_of(w, w->made->attached) + 1;
}

static uint32_t texture(Writer *w)
{
    return astray(w) || !w->made->textures ? resource(w) :
           one_of(w, w->made->textures) + 1;
}

static void put_surface(Writer *w)
{
    head(w, CREATE_OBJECT, SURFACE, 5);
    put(w, make(w, SURFACE));
    put(w, texture(w));
    put(w, 1);
    put_zeroes(w, 2);
}

static void put_framebuffer(Writer *w)
{
    head(w, SET_FRAMEBUFFER, 0, 3);
    put(w, 1);
    put(w, 0);
    put(w, object(w, SURFACE));
}

/* Most of what draws has somewhere to draw to. */
static bool has_target(Writer *w)
{
    if (!w->made->textures) {
        return astray(w);
    }
    if (!w->made->objects[SURFACE] || rng_once_in(w->r, 4)) {
        put_surface(w);
    }
    put_framebuffer(w);
    return true;
}

static void put_clear(Writer *w)
{
    if (!has_target(w)) {
        return;
    }
    head(w, CLEAR, 0, 8);
    put(w, 4 | rng_below(w->r, 8));
    put_zeroes(w, 7);
}

static void put_viewport(Writer *w)
{
    static const uint32_t floats[] = {
        0x42000000, 0x42000000, 0x3f000000, 0x42000000, 0x42000000, 0x3f000000,
    };

    head(w, SET_VIEWPORT, 0, 7);
    put(w, 0);
    for (unsigned i = 0; i < 6; i++) {
        put(w, floats[i]);
    }
}

static void put_state(Writer *w)
{
    static const struct {
        uint32_t object, dwords;
    } states[] = {
        { BLEND, 11 }, { RASTERIZER, 9 }, { DSA, 5 }, { SAMPLER_STATE, 9 },
    };
    unsigned i = rng_below(w->r, 4);
    uint32_t number = make(w, states[i].object);

    head(w, CREATE_OBJECT, states[i].object, states[i].dwords);
    put(w, number);
    for (uint32_t n = 1; n < states[i].dwords; n++) {
        put(w, rng_once_in(w->r, 30) ? rng_next(w->r) : 0);
    }
    head(w, BIND_OBJECT, states[i].object, 1);
    put(w, number);
}

static const char *const shaders[] = {
    "VERT\nDCL IN[0]\nDCL OUT[0], POSITION\n  0: MOV OUT[0], IN[0]\n  1: END\n",
    "FRAG\nDCL OUT[0], COLOR\nIMM[0] FLT32 { 1.0, 0.0, 0.5, 1.0}\n"
    "  0: MOV OUT[0], IMM[0]\n  1: END\n",
    "FRAG\nDCL IN[0], GENERIC[0], PERSPECTIVE\nDCL OUT[0], COLOR\n"
    "DCL SAMP[0]\nDCL SVIEW[0], 2D, FLOAT\nDCL TEMP[0]\n"
    "  0: TEX TEMP[0], IN[0], SAMP[0], 2D\n  1: MOV OUT[0], TEMP[0]\n"
    "  2: END\n",
};

/* Some of its letters are others, once in a while. */
static void put_shader_of(Writer *w, uint32_t which)
{
    uint32_t number = make(w, SHADER), dwords;
    char text[400] = "";
    size_t len;

    strncpy(text, shaders[which], sizeof(text) - 1);
    len = strlen(text) + 1;
    while (rng_once_in(w->r, 12)) {
        text[rng_below(w->r, len)] = rng_next(w->r);
    }
    dwords = (len + 3) / 4;
    head(w, CREATE_OBJECT, SHADER, 5 + dwords);
    put(w, number);
    put(w, which > 0);
    put(w, len);
    put(w, 300);
    put(w, 0);
    for (uint32_t i = 0; i < dwords; i++) {
        uint32_t dword;

        memcpy(&dword, text + 4 * i, 4);
        put(w, dword);
    }
    head(w, BIND_SHADER, 0, 2);
    put(w, number);
    put(w, which > 0);
}

static void put_shader(Writer *w)
{
    put_shader_of(w, rng_below(w->r, 3));
}

static void put_vertices(Writer *w)
{
    uint32_t number = make(w, VERTEX_ELEMENTS);

    head(w, CREATE_OBJECT, VERTEX_ELEMENTS, 5);
    put(w, number);
    put_zeroes(w, 3);
    put(w, 31);
    head(w, BIND_OBJECT, VERTEX_ELEMENTS, 1);
    put(w, number);
    head(w, SET_VERTEX_BUFFERS, 0, 3);
    put(w, 16);
    put(w, rng_once_in(w->r, 4) ? rng_next(w->r) : 0);
    put(w, resource(w));
}

static void put_draw(Writer *w)
{
    if (!has_target(w)) {
        return;
    }
    /* Each new pair of shaders is compiled, which takes most of the time. */
    if (!w->made->can_draw || rng_once_in(w->r, NEW_SHADERS)) {
        for (uint32_t i = 0; i < 2; i++) {
            put_shader_of(w, i);
        }
        put_vertices(w);
        w->made->can_draw = true;
    }
    head(w, DRAW_VBO, 0, 12);
    put(w, rng_once_in(w->r, 8) ? rng_next(w->r) : 0);
    put(w, rng_once_in(w->r, 8) ? rng_below(w->r, 100000) : 3);
    put(w, 4);
    put(w, rng_once_in(w->r, 4));
    put(w, 1);
    put_zeroes(w, 6);
    put(w, 0);
}

static void put_view(Writer *w)
{
    uint32_t number = make(w, SAMPLER_VIEW);

    head(w, CREATE_OBJECT, SAMPLER_VIEW, 6);
    put(w, number);
    put(w, texture(w));
    put(w, 1 | 2 << 24);
    put_zeroes(w, 2);
    put(w, 0 | 1 << 3 | 2 << 6 | 3 << 9);
    head(w, SET_SAMPLER_VIEWS, 0, 3);
    put(w, 1);
    put(w, 0);
    put(w, number);
}

static void put_write(Writer *w)
{
    head(w, INLINE_WRITE, 0, 11 + 16);
    put(w, texture(w));
    put_zeroes(w, 7);
    put(w, 4);
    put(w, 1);
    put(w, 1);
    for (unsigned i = 0; i < 16; i++) {
        put(w, rng_next(w->r));
    }
}

static void put_copy(Writer *w)
{
    head(w, COPY_REGION, 0, 13);
    put(w, texture(w));
    put_zeroes(w, 4);
    put(w, texture(w));
    put_zeroes(w, 4);
    put(w, 4);
    put(w, 4);
    put(w, 1);
}

static void put_blit(Writer *w)
{
    head(w, BLIT, 0, 21);
    put(w, 0xf);
    put_zeroes(w, 2);
    for (unsigned i = 0; i < 2; i++) {
        put(w, texture(w));
        put(w, 0);
        put(w, 1);
        put_zeroes(w, 3);
        put(w, 4);
        put(w, 4);
        put(w, 1);
    }
}

static void put_transfer(Writer *w)
{
    /* It may have no backing. */
    if (!rng_once_in(w->r, 8)) {
        return;
    }
    head(w, TRANSFER3D, 0, 13);
    put(w, texture(w));
    put_zeroes(w, 7);
    put(w, 4);
    put(w, 4);
    put(w, 1);
    put(w, 0);
    put(w, 1 + rng_below(w->r, 2));
}

/* Its result goes into a buffer, which it may not have. */
static void put_query(Writer *w)
{
    uint32_t number;

    if (!rng_once_in(w->r, 8)) {
        return;
    }
    number = make(w, QUERY);

    head(w, CREATE_OBJECT, QUERY, 4);
    put(w, number);
    put(w, rng_below(w->r, 12));
    put(w, 0);
    put(w, resource(w));
    head(w, rng_once_in(w->r, 2) ? BEGIN_QUERY : END_QUERY, 0, 1);
    put(w, number);
    head(w, GET_QUERY_RESULT, 0, 2);
    put(w, number);
    put(w, 0);
}

static void put_type(Writer *w)
{
    head(w, SET_TYPE, 0, 10);
    put(w, resource(w));
    put(w, rng_once_in(w->r, 4) ? rng_below(w->r, 140) : 1);
    put(w, 8);
    put(w, 16);
    put(w, 16);
    put_zeroes(w, 3);
    put(w, 64 + 4 * rng_below(w->r, 4));
    put(w, rng_once_in(w->r, 4) ? rng_below(w->r, 70000) : 0);
}

static void put_sub_context(Writer *w)
{
    static const uint32_t opcodes[] = {
        CREATE_SUB_CTX, SET_SUB_CTX, DESTROY_SUB_CTX,
    };

    head(w, opcodes[rng_below(w->r, 3)], 0, 1);
    put(w, rng_below(w->r, 4));
}

static void put_constants(Writer *w)
{
    uint32_t count = rng_below(w->r, 16);

    head(w, SET_CONSTANT_BUFFER, 0, 2 + count);
    put(w, rng_below(w->r, 6));
    put(w, 0);
    while (count--) {
        put(w, rng_next(w->r));
    }
}

static void put_destroy(Writer *w)
{
    uint32_t kind = 1 + rng_below(w->r, 9);
    uint32_t number = object(w, kind);

    head(w, DESTROY_OBJECT, kind, 1);
    put(w, number);
    w->made->objects[kind] &= ~(1u << number % 32);
}

static void put_any(Writer *w)
{
    uint32_t count = rng_below(w->r, 24);

    if (!rng_once_in(w->r, 8)) {
        return;
    }

    head(w, rng_below(w->r, COMMANDS + 6), rng_below(w->r, 14), count);
    while (count--) {
        put(w, rng_once_in(w->r, 2) ? resource(w) : rng_next(w->r));
    }
}

static void (*const kinds[])(Writer *w) = {
    put_surface, put_surface, put_framebuffer, put_clear, put_viewport,
    put_state, put_shader, put_shader, put_vertices, put_draw, put_draw,
    put_view, put_write, put_copy, put_blit, put_transfer, put_query, put_type,
    put_sub_context, put_constants, put_destroy, put_any,
};

static void mutate(Rng *r, uint32_t *stream, uint32_t dwords)
{
    uint32_t at = rng_below(r, dwords);

    if (rng_once_in(r, 2)) {
        stream[at] = rng_odd(r);
    } else {
        stream[at] ^= 1u << rng_below(r, 32);
    }
}

/* Two thirds are as they should be: a bad one is the last of its context. */
uint32_t stream_make(Rng *r, Made *made, uint32_t *stream, bool *changed)
{
    Writer w = { .r = r, .made = made, .stream = stream };
    uint32_t commands = 1 + rng_below(r, 10);

    while (commands--) {
        kinds[rng_below(r, sizeof(kinds) / sizeof(*kinds))](&w);
    }
    if (!w.used) {
        put_viewport(&w);
    }
    while (rng_once_in(r, 3)) {
        mutate(r, stream, w.used);
        *changed = true;
    }
    if (rng_once_in(r, 30)) {
        *changed = true;
        w.used = 1 + rng_below(r, w.used);
    }
    return 4 * w.used;
}
