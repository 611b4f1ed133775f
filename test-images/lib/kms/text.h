/* SPDX-License-Identifier: MIT */
/*
 * Text on a virtual terminal, and the pixels that it has: what the kernel says of its cells
 * (/dev/vcsa1), drawn with the font that the terminal says that it has.
 */
#ifndef LIB_KMS_TEXT_H
#define LIB_KMS_TEXT_H

#include <errno.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TEXT_TTY	"/dev/tty1"
#define TEXT_GLYPHS	512
#define TEXT_LINES	32	/* of a glyph, whatever the font is */

struct text_font {
	uint32_t width, height;
	uint8_t bits[TEXT_GLYPHS * TEXT_LINES];
};

static inline int text_font_get(struct text_font *font)
{
	struct console_font_op op = {
		.op = KD_FONT_OP_GET,
		.width = 8, .height = TEXT_LINES, .charcount = TEXT_GLYPHS, .data = font->bits,
	};
	int fd = open(TEXT_TTY, O_RDWR | O_NOCTTY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, KDFONTOP, &op))
		ret = -errno;
	font->width = op.width;
	font->height = op.height;
	close(fd);
	return ret;
}

/* Returns 0 or a negative errno. */
static inline int text_write(const char *text)
{
	int fd = open(TEXT_TTY, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	ssize_t len = (ssize_t)strlen(text);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, (size_t)len) != len)
		ret = errno ? -errno : -EIO;
	close(fd);
	return ret;
}

/* The greys, which are all that we write: black, light grey, and white. */
static inline uint32_t text_colour(uint8_t index)
{
	return index == 7 ? 0xaaaaaa : index == 15 ? 0xffffff : 0;
}

static inline void text_draw_cell(const struct text_font *font, const uint8_t cell[2],
				  uint32_t *at, uint32_t width)
{
	uint32_t fg = text_colour(cell[1] & 15), bg = text_colour(cell[1] >> 4), x, y;
	const uint8_t *bits = &font->bits[cell[0] * TEXT_LINES];

	for (y = 0; y < font->height; y++)
		for (x = 0; x < font->width; x++)
			at[y * width + x] = bits[y] & 0x80 >> x ? fg : bg;
}

/* Draws all cells into a picture of XRGB8888. False if they do not fill it. */
static inline bool text_draw(const struct text_font *font, uint32_t *picture, uint32_t width,
			     uint32_t height)
{
	static uint8_t cells[4 + 2 * 256 * 256];
	int fd = open("/dev/vcsa1", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, cells, sizeof(cells));
	uint32_t x, y;

	close(fd);
	if (len < 4 || cells[0] * font->height != height || cells[1] * font->width != width ||
	    len != 4 + 2 * cells[0] * cells[1])
		return false;
	for (y = 0; y < cells[0]; y++)
		for (x = 0; x < cells[1]; x++)
			text_draw_cell(font, &cells[4 + 2 * (y * cells[1] + x)],
				       &picture[y * font->height * width + x * font->width], width);
	return true;
}

#endif /* LIB_KMS_TEXT_H */
