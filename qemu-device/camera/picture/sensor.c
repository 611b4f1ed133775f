/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: what the sensor sees: lines of Y, Cb and Cr.
 *
 * A picture has two million pixels, sixty times a second: so lines are copied
 * from what is there already, as far as they can be.
 */

#include "qemu/osdep.h"
#include "hw/puck/common/splitmix.h"
#include "sensor.h"

#define LUMA_RANGE      219
#define BARS            8
#define RAMP_PERIOD     220
#define CHROMA_PERIOD   225

static const uint8_t bar_colours[BARS][PUCK_CAM_COMPONENTS] = {
    { 180, 128, 128 }, { 162, 44, 142 }, { 131, 156, 44 }, { 112, 72, 58 },
    { 84, 184, 198 }, { 65, 100, 212 }, { 35, 212, 114 }, { 16, 128, 128 },
};

static void make_noise(PuckCamNoise *noise, uint64_t seed)
{
    uint64_t state = seed;

    if (noise->ready && noise->seed == seed) {
        return;
    }
    for (unsigned k = 0; k < PUCK_CAM_NOISE_BLOCK; k += 8) {
        uint64_t number = puck_splitmix64(&state);

        for (unsigned i = 0; i < 8; i++) {
            unsigned byte = number >> 8 * i & 0xff;

            noise->luma[k + i] = PUCK_CAM_BLACK + byte * 220 / 256;
            noise->chroma[k + i] = 16 + byte * 225 / 256;
        }
    }
    noise->seed = seed;
    noise->ready = true;
}

static void make_bars(PuckCamSensor *s)
{
    for (unsigned x = 0; x < s->width; x++) {
        for (unsigned c = 0; c < PUCK_CAM_COMPONENTS; c++) {
            s->bars.byte[c][x] = bar_colours[BARS * x / s->width][c];
        }
    }
}

/* What luma becomes, by exposure and gain. */
static void make_luma(PuckCamSensor *s)
{
    const PuckCamControls *c = s->controls;
    uint64_t lines = s->height + c->vblank;
    uint64_t normal = lines / 2;
    uint64_t exposure = c->exposure ? MIN(c->exposure, lines) : normal;
    uint64_t factor = exposure * c->gain;

    s->scaled = factor != normal * 256;
    for (unsigned y = 0; y < 256; y++) {
        uint64_t above = y > PUCK_CAM_BLACK ? y - PUCK_CAM_BLACK : 0;

        s->luma[y] = PUCK_CAM_BLACK +
                     MIN(LUMA_RANGE, above * factor / (normal * 256));
    }
}

static void bars_line(PuckCamSensor *s)
{
    for (unsigned c = 0; c < PUCK_CAM_COMPONENTS; c++) {
        memcpy(s->row.byte[c], s->bars.byte[c], s->width);
    }
}

/* The first period byte by byte, the others are copied from it. */
static void ramp_line(PuckCamSensor *s, unsigned y)
{
    uint8_t *luma = s->row.byte[0];
    unsigned done = MIN(s->width, RAMP_PERIOD);

    for (unsigned x = 0; x < done; x++) {
        luma[x] = PUCK_CAM_BLACK + (x + y + 4 * s->number) % RAMP_PERIOD;
    }
    for (; done < s->width; done += RAMP_PERIOD) {
        memcpy(luma + done, luma, MIN(RAMP_PERIOD, s->width - done));
    }
    memset(s->row.byte[1], 16 + (y + s->number) % CHROMA_PERIOD, s->width);
    memset(s->row.byte[2], 16 + (y + 2 * s->number) % CHROMA_PERIOD, s->width);
}

static void box_line(PuckCamSensor *s, unsigned y)
{
    unsigned width = s->width / 8;

    bars_line(s);
    if (y < s->box_y || y - s->box_y >= s->height / 8) {
        return;
    }
    memset(s->row.byte[0] + s->box_x, PUCK_CAM_BLACK + LUMA_RANGE, width);
    memset(s->row.byte[1] + s->box_x, PUCK_CAM_GREY, width);
    memset(s->row.byte[2] + s->box_x, PUCK_CAM_GREY, width);
}

static void noise_line(PuckCamSensor *s, unsigned y)
{
    uint64_t state = s->controls->seed + 65536 * s->number + y;
    uint64_t z = puck_splitmix64(&state);
    const PuckCamNoise *n = &s->noise;

    memcpy(s->row.byte[0], n->luma + (z & PUCK_CAM_NOISE_WINDOW), s->width);
    memcpy(s->row.byte[1], n->chroma + (z >> 13 & PUCK_CAM_NOISE_WINDOW),
           s->width);
    memcpy(s->row.byte[2], n->chroma + (z >> 26 & PUCK_CAM_NOISE_WINDOW),
           s->width);
}

/* One component of a line of the host's picture: an even number of pixels. */
static void sample_line(const PuckCamSamples *from, unsigned y, unsigned count,
                        uint8_t *to)
{
    const uint8_t *line;

    if (!from->data) {
        memset(to, PUCK_CAM_GREY, count);
        return;
    }
    line = from->data + (size_t)(y >> from->shift_y) * from->pitch;
    if (from->step == 1 && !from->shift_x) {
        memcpy(to, line, count);
    } else if (from->shift_x) {
        for (unsigned x = 0; x < count; x += 2, line += from->step) {
            to[x] = to[x + 1] = *line;
        }
    } else {
        for (unsigned x = 0; x < count; x++) {
            to[x] = line[x * from->step];
        }
    }
}

static void picture_line(PuckCamSensor *s, unsigned y)
{
    const PuckCamPicture *p = s->picture;
    unsigned inside = p && y < p->height ? MIN(p->width, s->width) : 0;

    for (unsigned c = 0; c < PUCK_CAM_COMPONENTS; c++) {
        uint8_t *to = s->row.byte[c];

        if (inside) {
            sample_line(&p->component[c], y, inside, to);
        }
        memset(to + inside, c ? PUCK_CAM_GREY : PUCK_CAM_BLACK,
               s->width - inside);
    }
}

static void mirror(uint8_t *bytes, unsigned count)
{
    for (unsigned i = 0; i < count / 2; i++) {
        uint8_t other = bytes[count - 1 - i];

        bytes[count - 1 - i] = bytes[i];
        bytes[i] = other;
    }
}

void puck_cam_sensor_begin(PuckCamSensor *s, const PuckCamLayout *layout,
                           const PuckCamMode *mode,
                           const PuckCamPicture *picture)
{
    s->controls = &mode->controls;
    s->picture = picture;
    s->width = layout->width;
    s->height = layout->height;
    s->number = mode->number;
    s->box_x = 8 * s->number % (s->width - s->width / 8 + 1);
    s->box_y = 4 * s->number % (s->height - s->height / 8 + 1);
    make_luma(s);
    make_bars(s);
    if (s->controls->pattern == PUCK_CAM_PATTERN_NOISE) {
        make_noise(&s->noise, s->controls->seed);
    }
}

const PuckCamRow *puck_cam_sensor_line(PuckCamSensor *s, unsigned y)
{
    uint8_t *luma = s->row.byte[0];

    if (s->controls->flip & PUCK_CAM_FLIP_V) {
        y = s->height - 1 - y;
    }
    switch (s->controls->pattern) {
    case PUCK_CAM_PATTERN_RAMP:
        ramp_line(s, y);
        break;
    case PUCK_CAM_PATTERN_BOX:
        box_line(s, y);
        break;
    case PUCK_CAM_PATTERN_NOISE:
        noise_line(s, y);
        break;
    case PUCK_CAM_PATTERN_SOURCE:
        picture_line(s, y);
        break;
    default:
        bars_line(s);
        break;
    }
    if (s->scaled) {
        for (unsigned x = 0; x < s->width; x++) {
            luma[x] = s->luma[luma[x]];
        }
    }
    if (s->controls->flip & PUCK_CAM_FLIP_H) {
        for (unsigned c = 0; c < PUCK_CAM_COMPONENTS; c++) {
            mirror(s->row.byte[c], s->width);
        }
    }
    return &s->row;
}
