/* SPDX-License-Identifier: MIT */
/*
 * Pictures that programs draw, as they are said to be drawn: rectangles of pixels 0xRRGGBB. Those
 * of modetest are its patterns by their names, that of weston-simple-shm is what it draws at some
 * time, which is found in the picture itself.
 */
#ifndef LIB_CLIENTS_PICTURE_H
#define LIB_CLIENTS_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Set in a pixel that may be of any colour. */
#define PICTURE_ANY	0xff000000u

struct picture {
	uint32_t width, height;
	uint32_t *pixels;
};

struct area {
	uint32_t x, y, width, height;
};

static inline uint32_t *picture_at(const struct picture *picture, const struct area *area,
				   uint32_t x, uint32_t y)
{
	return picture->pixels + (size_t)(area->y + y) * picture->width + area->x + x;
}

/* What is at (x, y) of an area that is @width by @height. */
typedef uint32_t (*picture_colour)(uint32_t x, uint32_t y, uint32_t width, uint32_t height);

/* SMPTE bars: three bands of 6, 1 and 2 ninths of the height. */
static inline uint32_t picture_smpte(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
	static const uint32_t top[] = {
		0xc0c0c0, 0xc0c000, 0x00c0c0, 0x00c000, 0xc000c0, 0xc00000, 0x0000c0,
	};
	static const uint32_t middle[] = {
		0x0000c0, 0x131313, 0xc000c0, 0x131313, 0x00c0c0, 0x131313, 0xc0c0c0,
	};
	static const uint32_t bottom[] = {
		0x00214c, 0xffffff, 0x32006a, 0x131313, 0x090909, 0x131313, 0x1d1d1d, 0x131313,
	};

	if (y < height * 6 / 9)
		return top[x * 7 / width];
	if (y < height * 7 / 9)
		return middle[x * 7 / width];
	if (x < width * 5 / 7)
		return bottom[x * 4 / (width * 5 / 7)];
	if (x < width * 6 / 7)
		return bottom[(x - width * 5 / 7) * 3 / (width / 7) + 4];
	return bottom[7];
}

/* Squares of 64 pixels, sheared by one pixel in each line. */
static inline uint32_t picture_tiles(uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
	(void)height;
	return (0x00130502 * ((x + y) / width >> 6) + 0x000a1120 * ((x + y) % width >> 6)) &
	       0xffffff;
}

/* A pixel of 5, 6 and 5 bits as it is shown (docs/specs/display.rst, "Planes"). */
static inline uint32_t picture_565(uint32_t colour)
{
	uint32_t r = colour >> 19 & 31, g = colour >> 10 & 63, b = colour >> 3 & 31;

	return (r << 3 | r >> 2) << 16 | (g << 2 | g >> 4) << 8 | (b << 3 | b >> 2);
}

static inline uint32_t picture_clip(int32_t value)
{
	return value < 0 ? 0 : value > 255 ? 255 : value;
}

/* A pixel of NV12 as it is shown (there as well). */
static inline uint32_t picture_yuv(uint8_t luma, uint8_t cb, uint8_t cr)
{
	int32_t c = luma - 16, d = cb - 128, e = cr - 128;

	return picture_clip((298 * c + 409 * e + 128) >> 8) << 16 |
	       picture_clip((298 * c - 100 * d - 208 * e + 128) >> 8) << 8 |
	       picture_clip((298 * c + 516 * d + 128) >> 8);
}

static inline void picture_fill(const struct picture *picture, const struct area *area,
				picture_colour colour, bool rgb565)
{
	uint32_t x, y, value;

	for (y = 0; y < area->height; y++)
		for (x = 0; x < area->width; x++) {
			value = colour(x, y, area->width, area->height);
			*picture_at(picture, area, x, y) = rgb565 ? picture_565(value) : value;
		}
}

static inline void picture_plain(const struct picture *picture, const struct area *area,
				 uint32_t colour)
{
	uint32_t x, y;

	for (y = 0; y < area->height; y++)
		for (x = 0; x < area->width; x++)
			*picture_at(picture, area, x, y) = colour;
}

/* Squares of @size pixels, with @first in the corner. */
static inline void picture_checker(const struct picture *picture, const struct area *area,
				   uint32_t size, uint32_t first, uint32_t second)
{
	uint32_t x, y;

	for (y = 0; y < area->height; y++)
		for (x = 0; x < area->width; x++)
			*picture_at(picture, area, x, y) =
				(x / size + y / size) % 2 ? second : first;
}

/* Of weston-simple-shm's window, what is white. */
#define PICTURE_SHM_EDGE	20

/*
 * weston-simple-shm at time @time / 16 ms: lines from side to side within a ring, circles within
 * that, lines from top to bottom outside.
 */
static inline uint32_t picture_shm_at(const struct area *area, uint32_t time, uint32_t x,
				      uint32_t y)
{
	int32_t halfw = (int32_t)area->width / 2, halfh = (int32_t)area->height / 2;
	int32_t outer = (halfw < halfh ? halfw : halfh) - 8, inner = outer - 32;
	int32_t dx = (int32_t)x - halfw, dy = (int32_t)y - halfh, r2 = dx * dx + dy * dy;
	uint32_t v;

	if (x < PICTURE_SHM_EDGE || x >= area->width - PICTURE_SHM_EDGE ||
	    y < PICTURE_SHM_EDGE || y >= area->height - PICTURE_SHM_EDGE)
		return 0xffffff;
	if (r2 < inner * inner)
		v = (uint32_t)r2 / 32 + time / 4;
	else if (r2 < outer * outer)
		v = y + time / 2;
	else
		v = x + time;
	return v * 0x0080401 & 0xffffff;
}

/* Of a product with 0x80401, the other factor, modulo 2^24. */
static inline uint32_t picture_shm_factor(uint32_t product)
{
	uint32_t factor = 0, bit;

	for (bit = 1; bit < 1u << 24; bit <<= 1)
		if ((factor * 0x80401 ^ product) & bit)
			factor |= bit;
	return factor;
}

/* @seen tells the time in its first pixel that is not white, which is outside of the ring. */
static inline void picture_shm(const struct picture *picture, const struct area *area,
			       const struct picture *seen)
{
	uint32_t time, x, y;

	if (area->width <= PICTURE_SHM_EDGE || area->height <= PICTURE_SHM_EDGE)
		return;
	time = picture_shm_factor(*picture_at(seen, area, PICTURE_SHM_EDGE, PICTURE_SHM_EDGE) &
				  0xffffff) - PICTURE_SHM_EDGE;
	/* A product tells no more of it, and it has no more in the first days. */
	time &= 0xffffff;
	for (y = 0; y < area->height; y++)
		for (x = 0; x < area->width; x++)
			*picture_at(picture, area, x, y) = picture_shm_at(area, time, x, y);
}

#endif /* LIB_CLIENTS_PICTURE_H */
