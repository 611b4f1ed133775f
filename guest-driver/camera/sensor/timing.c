// SPDX-License-Identifier: GPL-2.0-only
/*
 * Times of the sensor (docs/specs/camera.rst, "Timing"). V4L2 has a fraction of a second,
 * the device nanoseconds; what somebody sets is kept as a fraction, so that it reads back
 * as it was.
 */
#include <linux/gcd.h>
#include <linux/math64.h>
#include <linux/time64.h>

#include <kunit/visibility.h>

#include "abi/puck_cam.h"
#include "sensor/timing.h"

/**
 * puck_cam_interval_to_ns - the register value for a fraction of a second
 * @interval: the fraction; one with a zero in it stands for the normal interval
 *
 * Return: ns, within the sensor's range.
 */
u32 puck_cam_interval_to_ns(const struct v4l2_fract *interval)
{
	u64 ns;

	if (!interval->numerator || !interval->denominator)
		return PUCK_CAM_INTERVAL_RESET;

	/* Rounded down, as the device's own numbers are: 1/30 is its reset value. */
	ns = div_u64((u64)interval->numerator * NSEC_PER_SEC, interval->denominator);
	return clamp_t(u64, ns, PUCK_CAM_INTERVAL_MIN, PUCK_CAM_INTERVAL_MAX);
}
EXPORT_SYMBOL_IF_KUNIT(puck_cam_interval_to_ns);

/**
 * puck_cam_interval_from_ns - the simplest fraction that stands for a register value
 * @ns: the interval, not zero
 *
 * Return: 1/n if that is the same interval to the device, otherwise the exact fraction.
 */
struct v4l2_fract puck_cam_interval_from_ns(u32 ns)
{
	u32 rate = DIV_ROUND_CLOSEST(NSEC_PER_SEC, ns);
	u32 common = gcd(ns, NSEC_PER_SEC);

	if (rate && NSEC_PER_SEC / rate == ns)
		return (struct v4l2_fract){ .numerator = 1, .denominator = rate };
	return (struct v4l2_fract){
		.numerator = ns / common, .denominator = NSEC_PER_SEC / common,
	};
}
EXPORT_SYMBOL_IF_KUNIT(puck_cam_interval_from_ns);

/**
 * puck_cam_interval_adjust - the fraction that the sensor makes of one that is asked for
 * @interval: what is asked for
 *
 * Return: the same, if the sensor can; otherwise the nearest that it can, or the normal one
 * for no fraction at all.
 */
struct v4l2_fract puck_cam_interval_adjust(const struct v4l2_fract *interval)
{
	u32 ns = puck_cam_interval_to_ns(interval);
	u64 asked;

	if (!interval->numerator || !interval->denominator)
		return puck_cam_interval_from_ns(ns);
	asked = div_u64((u64)interval->numerator * NSEC_PER_SEC, interval->denominator);
	return asked == ns ? *interval : puck_cam_interval_from_ns(ns);
}
EXPORT_SYMBOL_IF_KUNIT(puck_cam_interval_adjust);

/**
 * puck_cam_pixel_rate - what PIXEL_RATE will be
 * @width: pixels of a line
 * @hblank: pixels of its blanking
 * @height: lines
 * @vblank: lines of blanking
 * @ns: the frame interval
 *
 * Return: pixels in a second.
 */
u64 puck_cam_pixel_rate(u32 width, u32 hblank, u32 height, u32 vblank, u32 ns)
{
	/* At most 12288 x 6256 pixels: less than 2^57 with a second in ns. */
	return div_u64((u64)(width + hblank) * (height + vblank) * NSEC_PER_SEC, ns);
}
EXPORT_SYMBOL_IF_KUNIT(puck_cam_pixel_rate);
