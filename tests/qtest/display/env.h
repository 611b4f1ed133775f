/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of puck-gpu's display share: a machine whose heads are told
 * what to show, and a composition of its own, pixel by pixel, from the text of
 * docs/specs/display.rst. The virtual clock stands still but for steps, so that
 * every time is exact.
 */
#ifndef PUCK_QTEST_DISPLAY_ENV_H
#define PUCK_QTEST_DISPLAY_ENV_H

#include "gpu/vm.h"
#include "abi/puck_display.h"

/* The mode that tests use unless they say another one: 100 Hz. */
#define MODE_W          64
#define MODE_H          48
#define MODE_TOTAL      100
#define MODE_KHZ        1000
#define MODE_PERIOD     10000000

typedef struct Display {
    GpuEnv e;
    int64_t now;                /* the virtual clock */
    unsigned vector[PUCK_DISPLAY_HEADS_MAX];
} Display;

/* A plane, as a test wants it. Its buffer's bytes are in @bytes, too. */
typedef struct TestPlane {
    unsigned format;
    unsigned blend;
    unsigned alpha;
    unsigned zpos;
    bool reflect_x, reflect_y;
    uint32_t source;
    uint32_t arg;
    uint64_t addr;
    uint32_t pitch;
    uint64_t offset;
    uint32_t uv_pitch;
    uint64_t uv_offset;
    uint32_t src_x, src_y, src_w, src_h;    /* 16.16 */
    int32_t dst_x, dst_y;
    uint32_t dst_w, dst_h;
    const uint8_t *bytes;
    /* Of the buffer @bad_len bytes from @bad_from on are not there. */
    uint64_t bad_from, bad_len;
} TestPlane;

/* What a head shows; @planes are NULL where there is none. */
typedef struct TestPicture {
    uint32_t width, height;
    uint32_t background;
    const TestPlane *planes[PUCK_DISPLAY_PLANES];
    const uint64_t *gamma;      /* 256 entries, or NULL */
} TestPicture;

/* gpu_start() with more options and devices. */
void display_start(Display *d, const char *options, const char *args);
/* Of a machine that runs already. */
void display_attach(Display *d);
void display_stop(Display *d);
/* Zero: what is due now is done. */
void display_step(Display *d, int64_t ns);
/*
 * Steps until blanking @count of head @h has begun and what comes of it is
 * done; the head's mode is that of tests.
 */
void display_to(Display *d, unsigned h, uint64_t count);

uint32_t head_r32(Display *d, unsigned h, uint64_t reg);
uint64_t head_r64(Display *d, unsigned h, uint64_t reg);
void head_w32(Display *d, unsigned h, uint64_t reg, uint32_t value);
void head_w64(Display *d, unsigned h, uint64_t reg, uint64_t value);
void plane_w32(Display *d, unsigned h, unsigned p, uint64_t reg,
               uint32_t value);
void plane_w64(Display *d, unsigned h, unsigned p, uint64_t reg,
               uint64_t value);

/* Registers of a mode, and ENABLE. */
void head_mode(Display *d, unsigned h, uint32_t width, uint32_t height);
/* Registers of plane @p; NULL: it is off. */
void plane_set(Display *d, unsigned h, unsigned p, const TestPlane *plane);
/* Registers of all that @pic has. */
void head_set(Display *d, unsigned h, const TestPicture *pic);
/* A COMMIT that is refused, for @reason. */
void commit_refused(Display *d, uint32_t heads, uint32_t reason, unsigned h,
                    unsigned buffer);
/* One that is not. */
void commit(Display *d, uint32_t heads);
/* COMMIT of head @h with the next seqno, and its takeover. Returns the seqno */
uint32_t flip(Display *d, unsigned h);

/* A plane of the whole picture, of which a test fills in the rest. */
TestPlane test_plane(unsigned format, uint32_t width, uint32_t height);
/* Bytes of its buffer that a plane of a test needs. */
uint64_t plane_bytes(const TestPlane *plane);
/* Puts @plane's bytes, which are drawn from @seed, into VRAM at @at. */
void plane_draw(Display *d, TestPlane *plane, uint64_t at, uint32_t seed);

/* Pixel (@x, @y) of the picture: R 23:16, G 15:8, B 7:0. */
uint32_t model_pixel(const TestPicture *pic, uint32_t x, uint32_t y);
/* CRC-32C of the picture, and of plane @p. */
uint32_t model_crc(const TestPicture *pic);
uint32_t model_plane_crc(const TestPicture *pic, unsigned p);
uint32_t model_crc32c(const uint8_t *bytes, size_t len);

void add_display_register_tests(void);
void add_display_commit_tests(void);
void add_display_picture_tests(void);
void add_display_buffer_tests(void);
void add_display_console_tests(void);
void add_display_connector_tests(void);
void add_display_move_tests(void);
void add_display_random_tests(void);
void add_display_mischief_tests(void);

#endif /* PUCK_QTEST_DISPLAY_ENV_H */
