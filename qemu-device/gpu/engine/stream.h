/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: copying page by page at the speed of memory.
 *
 * A buffer of scattered pages is larger than the caches, and no hardware
 * prefetcher looks over the end of a page. So the store goes past the caches,
 * and the next page's source is prefetched while this one is copied. Worth it
 * for whole pages of long transfers; memmove() is as good for what is adjacent
 * and better for what is short.
 */
#ifndef PUCK_GPU_ENGINE_STREAM_H
#define PUCK_GPU_ENGINE_STREAM_H

#define PUCK_STREAM_UNIT    64
/* From here on memmove() streams by itself, or is not worse. */
#define PUCK_STREAM_MAX     (16 * 1024)

#ifdef __SSE2__
#include <emmintrin.h>

static inline bool puck_stream_fits(const uint8_t *to, const uint8_t *from,
                                    uint64_t len)
{
    return len % PUCK_STREAM_UNIT == 0 && len <= PUCK_STREAM_MAX &&
           (uintptr_t)to % PUCK_STREAM_UNIT == 0 &&
           (uintptr_t)from % PUCK_STREAM_UNIT == 0;
}

/* @next: @len bytes that are copied next; prefetching is free of faults. */
static inline void puck_stream_copy(uint8_t *to, const uint8_t *from,
                                    uint64_t len, const uint8_t *next)
{
    for (uint64_t i = 0; i < len; i += PUCK_STREAM_UNIT) {
        const __m128i *s = (const __m128i *)(from + i);
        __m128i *d = (__m128i *)(to + i);
        __m128i a = _mm_load_si128(s), b = _mm_load_si128(s + 1);
        __m128i c = _mm_load_si128(s + 2), e = _mm_load_si128(s + 3);

        _mm_prefetch((const char *)next + i, _MM_HINT_T0);
        _mm_stream_si128(d, a);
        _mm_stream_si128(d + 1, b);
        _mm_stream_si128(d + 2, c);
        _mm_stream_si128(d + 3, e);
    }
}

/* Streamed stores are ordered by nothing else. */
static inline void puck_stream_done(void)
{
    _mm_sfence();
}

#else

static inline bool puck_stream_fits(const uint8_t *to, const uint8_t *from,
                                    uint64_t len)
{
    return false;
}

static inline void puck_stream_copy(uint8_t *to, const uint8_t *from,
                                    uint64_t len, const uint8_t *next)
{
    g_assert_not_reached();
}

static inline void puck_stream_done(void)
{
}

#endif

#endif /* PUCK_GPU_ENGINE_STREAM_H */
