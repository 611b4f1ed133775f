/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: what the pictures of the host's source are.
 */

#include "qemu/osdep.h"
#include "stream.h"

#define NS          1000000000ull
#define MAGIC       PUCK_CAM_Y4M_MAGIC
#define FRAME       PUCK_CAM_Y4M_FRAME

typedef struct Word {
    const char *word;
    PuckCamSampling sampling;
} Word;

static const Word y4m_words[] = {
    { "420", PUCK_CAM_I420 }, { "420jpeg", PUCK_CAM_I420 },
    { "420mpeg2", PUCK_CAM_I420 }, { "420paldv", PUCK_CAM_I420 },
    { "422", PUCK_CAM_I422 }, { "444", PUCK_CAM_I444 },
    { "mono", PUCK_CAM_LUMA },
};

static const Word raw_words[] = {
    { "i420", PUCK_CAM_I420 }, { "nv12", PUCK_CAM_NV12 },
    { "yuyv", PUCK_CAM_YUYV }, { "uyvy", PUCK_CAM_UYVY },
    { "grey", PUCK_CAM_LUMA },
};

static bool find_word(const Word *words, size_t count, const char *at,
                      size_t len, PuckCamSampling *sampling)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i].word) == len && !memcmp(words[i].word, at, len)) {
            *sampling = words[i].sampling;
            return true;
        }
    }
    return false;
}

bool puck_cam_stream_format(const char *word, PuckCamSampling *sampling)
{
    return find_word(raw_words, G_N_ELEMENTS(raw_words), word, strlen(word),
                     sampling);
}

/* Decimal digits, at least one, up to @end or a byte that is none. */
static bool take_number(const char **at, const char *end, uint32_t *value)
{
    uint64_t number = 0;
    const char *start = *at;

    while (*at < end && **at >= '0' && **at <= '9' && number < UINT32_MAX) {
        number = number * 10 + *(*at)++ - '0';
    }
    *value = number;
    return *at > start && number <= UINT32_MAX;
}

static bool whole_number(const char *at, const char *end, unsigned *value)
{
    return take_number(&at, end, value) && at == end;
}

/* N:D pictures in a second; 0:0 if that is not known. */
static bool take_rate(const char *at, const char *end, uint32_t *interval)
{
    uint32_t num, den;

    if (!take_number(&at, end, &num) || at == end || *at++ != ':' ||
        !take_number(&at, end, &den) || at != end) {
        return false;
    }
    if (num && den) {
        *interval = MIN(NS * den / num, UINT32_MAX);
    }
    return !num == !den;
}

/* One parameter of the header: a letter and its value. */
static const char *take_parameter(const char *at, const char *end,
                                  PuckCamStream *stream)
{
    const char *value = at + 1;

    switch (*at) {
    case 'W':
        return whole_number(value, end, &stream->width) ? NULL : "bad width";
    case 'H':
        return whole_number(value, end, &stream->height) ? NULL :
                                                           "bad height";
    case 'F':
        return take_rate(value, end, &stream->interval) ? NULL : "bad rate";
    case 'I':
        return end - value == 1 && (*value == 'p' || *value == '?') ? NULL :
               "not progressive";
    case 'C':
        return find_word(y4m_words, G_N_ELEMENTS(y4m_words), value,
                         end - value, &stream->sampling) ? NULL :
               "colour space is not 420, 422, 444 or mono of 8 bits";
    default:
        /* The shape of a pixel, and comments. */
        return NULL;
    }
}

const char *puck_cam_stream_header(const char *line, size_t len,
                                   PuckCamStream *stream)
{
    const char *end = line + len;
    const char *at = line + strlen(MAGIC);

    *stream = (PuckCamStream) { .interval = PUCK_CAM_INTERVAL_RESET };
    if (len < strlen(MAGIC) || memcmp(line, MAGIC, strlen(MAGIC)) ||
        (at < end && *at != ' ')) {
        return "it does not begin with " MAGIC;
    }
    while (at < end) {
        const char *wrong;
        const char *word = at;

        while (at < end && *at != ' ') {
            at++;
        }
        wrong = at > word ? take_parameter(word, at, stream) : NULL;
        if (wrong) {
            return wrong;
        }
        at += at < end;
    }
    return NULL;
}

bool puck_cam_stream_frame(const char *line, size_t len)
{
    size_t magic = strlen(FRAME);

    return len >= magic && !memcmp(line, FRAME, magic) &&
           (len == magic || line[magic] == ' ');
}

const char *puck_cam_stream_check(const PuckCamStream *s, uint32_t size_max)
{
    if (s->width % 2 || s->height % 2) {
        return "an odd size";
    }
    if (s->width < PUCK_CAM_DIM_MIN || s->height < PUCK_CAM_DIM_MIN) {
        return "pictures that are too small";
    }
    if (s->width > (size_max & PUCK_CAM_SIZE_WIDTH) ||
        s->height > size_max >> 16) {
        return "pictures that are larger than max-size";
    }
    return NULL;
}

size_t puck_cam_stream_bytes(const PuckCamStream *s)
{
    size_t pixels = (size_t)s->width * s->height;

    switch (s->sampling) {
    case PUCK_CAM_LUMA:
        return pixels;
    case PUCK_CAM_I420:
    case PUCK_CAM_NV12:
        return pixels * 3 / 2;
    case PUCK_CAM_I444:
        return pixels * 3;
    default:
        return pixels * 2;
    }
}

/* Y, Cb and Cr in planes of their own, with a sample for 2^x and 2^y pixels. */
static void planar(PuckCamPicture *p, const uint8_t *bytes, unsigned x,
                   unsigned y)
{
    unsigned pitch = p->width >> x;
    size_t luma = (size_t)p->width * p->height;
    size_t chroma = (size_t)pitch * (p->height >> y);

    p->component[0] = (PuckCamSamples) { bytes, p->width, 1, 0, 0 };
    p->component[1] = (PuckCamSamples) { bytes + luma, pitch, 1, x, y };
    p->component[2] = (PuckCamSamples) {
        bytes + luma + chroma, pitch, 1, x, y,
    };
}

/* Two pixels in four bytes: where the first Y, Cb and Cr of them are. */
static void packed(PuckCamPicture *p, const uint8_t *bytes, unsigned y,
                   unsigned cb, unsigned cr)
{
    unsigned pitch = 2 * p->width;

    p->component[0] = (PuckCamSamples) { bytes + y, pitch, 2, 0, 0 };
    p->component[1] = (PuckCamSamples) { bytes + cb, pitch, 4, 1, 0 };
    p->component[2] = (PuckCamSamples) { bytes + cr, pitch, 4, 1, 0 };
}

PuckCamPicture puck_cam_stream_picture(const PuckCamStream *s,
                                       const uint8_t *bytes)
{
    PuckCamPicture p = { .width = s->width, .height = s->height };
    const uint8_t *chroma = bytes + (size_t)s->width * s->height;

    switch (s->sampling) {
    case PUCK_CAM_I420:
        planar(&p, bytes, 1, 1);
        break;
    case PUCK_CAM_I422:
        planar(&p, bytes, 1, 0);
        break;
    case PUCK_CAM_I444:
        planar(&p, bytes, 0, 0);
        break;
    case PUCK_CAM_YUYV:
        packed(&p, bytes, 0, 1, 3);
        break;
    case PUCK_CAM_UYVY:
        packed(&p, bytes, 1, 0, 2);
        break;
    case PUCK_CAM_NV12:
        p.component[0] = (PuckCamSamples) { bytes, s->width, 1, 0, 0 };
        p.component[1] = (PuckCamSamples) { chroma, s->width, 2, 1, 1 };
        p.component[2] = (PuckCamSamples) { chroma + 1, s->width, 2, 1, 1 };
        break;
    case PUCK_CAM_LUMA:
        p.component[0] = (PuckCamSamples) { bytes, s->width, 1, 0, 0 };
        break;
    }
    return p;
}
