/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-cam: the register BAR. What may be done to a register is in a table,
 * what a write sets off is in a hook. See common/regs.h, and the sections of
 * docs/specs/camera.rst that list registers.
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/timer.h"
#include "hw/puck/camera/core/device.h"
#include "hw/puck/camera/mischief/reset.h"
#include "hw/puck/common/regs.h"
#include "hw/puck/common/trace.h"
#include "hw/puck/mischief/site.h"
#include "regs.h"

#define CAM(field)          offsetof(PuckCam, field)

#define SENSOR_CTRL_BITS    (PUCK_CAM_STREAM | PUCK_CAM_SINGLE)
#define QUEUE_CTRL_BITS     (PUCK_CAM_QUEUE_ENABLE | PUCK_CAM_QUEUE_RESET)
#define FLIP_BITS           (PUCK_CAM_FLIP_H | PUCK_CAM_FLIP_V)
#define WB_ADDR_BITS        (~7ull)

static void write_ctrl(void *object, unsigned n, uint64_t value)
{
    if (value & PUCK_CAM_CTRL_RESET) {
        puck_cam_reset_ctrl(object);
    }
}

static uint64_t read_status(void *object, unsigned n)
{
    PuckCam *s = object;

    return s->reset_rule || s->queue.reset_rule ? PUCK_CAM_STATUS_RESETTING :
                                                  0;
}

static uint64_t read_features(void *object, unsigned n)
{
    PuckCam *s = object;

    return PUCK_CAM_FEATURE_STAMP | PUCK_CAM_FEATURE_MISCHIEF |
           (s->source.path ? PUCK_CAM_FEATURE_SOURCE : 0);
}

static uint64_t read_time(void *object, unsigned n)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static uint64_t read_source(void *object, unsigned n)
{
    PuckCam *s = object;

    return puck_sources_word(&s->sources, n);
}

static void write_irq_enable(void *object, unsigned n, uint64_t value)
{
    PuckCam *s = object;

    puck_sources_enable(&s->sources, value);
}

static void write_err_pop(void *object, unsigned n, uint64_t value)
{
    PuckCam *s = object;

    puck_errors_pop(&s->errors);
}

static bool streams(void *object)
{
    PuckCam *s = object;

    return s->clock.stream;
}

static uint64_t read_sensor_ctrl(void *object, unsigned n)
{
    PuckCam *s = object;

    return (s->clock.stream ? PUCK_CAM_STREAM : 0) |
           (s->clock.single ? PUCK_CAM_SINGLE : 0);
}

static void write_sensor_ctrl(void *object, unsigned n, uint64_t value)
{
    puck_cam_clock_control(object, value & PUCK_CAM_STREAM,
                           value & PUCK_CAM_SINGLE);
}

static uint64_t read_sensor_status(void *object, unsigned n)
{
    PuckCam *s = object;

    return (puck_cam_frame_busy(&s->frame) ? PUCK_CAM_SENSOR_BUSY : 0) |
           (puck_cam_clock_no_signal(s) ? PUCK_CAM_SENSOR_NO_SIGNAL : 0);
}

static void write_step(void *object, unsigned n, uint64_t value)
{
    puck_cam_clock_step(object);
}

static void write_hblank(void *object, unsigned n, uint64_t value)
{
    PuckCam *s = object;

    s->controls.hblank = MIN(MAX(value, PUCK_CAM_HBLANK_MIN),
                             PUCK_CAM_HBLANK_MAX);
}

static void write_vblank(void *object, unsigned n, uint64_t value)
{
    PuckCam *s = object;

    s->controls.vblank = MIN(MAX(value, PUCK_CAM_VBLANK_MIN),
                             PUCK_CAM_VBLANK_MAX);
}

static void write_interval(void *object, unsigned n, uint64_t value)
{
    PuckCam *s = object;

    s->controls.interval = MIN(MAX(value, PUCK_CAM_INTERVAL_MIN),
                               PUCK_CAM_INTERVAL_MAX);
}

static void write_exposure(void *object, unsigned n, uint64_t value)
{
    PuckCam *s = object;

    s->controls.exposure = MIN(value, PUCK_CAM_EXPOSURE_MAX);
}

static void write_gain(void *object, unsigned n, uint64_t value)
{
    PuckCam *s = object;

    s->controls.gain = MIN(MAX(value, PUCK_CAM_GAIN_MIN), PUCK_CAM_GAIN_MAX);
}

static void write_pattern(void *object, unsigned n, uint64_t value)
{
    PuckCam *s = object;

    if (value > PUCK_CAM_PATTERN_SOURCE ||
        (value == PUCK_CAM_PATTERN_SOURCE && !s->source.path)) {
        puck_cam_guest_error("no pattern %" PRIu64, value);
        return;
    }
    s->controls.pattern = value;
}

/* By the registers as they are, whether they are a good geometry or not. */
static uint64_t read_pixel_rate(void *object, unsigned n)
{
    PuckCam *s = object;
    uint64_t row = (s->geometry.size & PUCK_CAM_SIZE_WIDTH) +
                   s->controls.hblank;
    uint64_t rows = (s->geometry.size >> 16) + s->controls.vblank;

    /* 2^17 pixels of 2^17 lines: this fits where 10^9 of them do not. */
    return muldiv64(row * rows, NANOSECONDS_PER_SECOND, s->controls.interval);
}

static uint64_t read_exposure_normal(void *object, unsigned n)
{
    PuckCam *s = object;

    return ((s->geometry.size >> 16) + s->controls.vblank) / 2;
}

static uint64_t read_source_status(void *object, unsigned n)
{
    PuckCam *s = object;

    return (s->source.present ? PUCK_CAM_SOURCE_PRESENT : 0) |
           (puck_cam_source_live(&s->source) ? PUCK_CAM_SOURCE_LIVE : 0);
}

static uint64_t read_source_size(void *object, unsigned n)
{
    PuckCam *s = object;

    return puck_cam_size(s->source.stream.width, s->source.stream.height);
}

static uint64_t read_check(void *object, unsigned n)
{
    PuckCam *s = object;
    PuckCamLayout layout;

    return puck_cam_layout(&s->geometry, s->size_max, &layout);
}

static uint64_t read_parts(void *object, unsigned n)
{
    PuckCam *s = object;
    PuckCamLayout layout;

    return puck_cam_layout(&s->geometry, s->size_max, &layout) ? 0 :
                                                                 layout.parts;
}

static uint64_t read_bytes(void *object, unsigned n)
{
    PuckCam *s = object;
    PuckCamLayout layout;

    return puck_cam_layout(&s->geometry, s->size_max, &layout) ?
           0 : layout.bytes[n];
}

static uint64_t read_queue_ctrl(void *object, unsigned n)
{
    PuckCam *s = object;

    return (s->queue.enabled ? PUCK_CAM_QUEUE_ENABLE : 0) |
           (s->queue.reset_rule ? PUCK_CAM_QUEUE_RESET : 0);
}

static void write_queue_ctrl(void *object, unsigned n, uint64_t value)
{
    PuckCam *s = object;
    bool on = value & PUCK_CAM_QUEUE_ENABLE;

    if (value & PUCK_CAM_QUEUE_RESET) {
        puck_cam_reset_queue(s);
    } else if (on && !s->queue.enabled && puck_cam_frame_busy(&s->frame)) {
        puck_cam_guest_error("ENABLE while a descriptor is in work");
    } else {
        puck_cam_queue_enable(s, on);
    }
}

static uint64_t read_queue_status(void *object, unsigned n)
{
    PuckCam *s = object;

    return puck_cam_queue_status(&s->queue) |
           (puck_cam_frame_busy(&s->frame) ? PUCK_CAM_QUEUE_BUSY : 0);
}

static void write_queue_tail(void *object, unsigned n, uint64_t value)
{
    puck_cam_queue_doorbell(object, value);
}

/* Nothing of the queue changes while its RESET is not over. */
static bool queue_resets(void *object)
{
    PuckCam *s = object;

    return s->queue.reset_rule;
}

static bool queue_in_use(void *object)
{
    PuckCam *s = object;

    return s->queue.enabled || puck_cam_frame_busy(&s->frame) ||
           queue_resets(s);
}

static const PuckReg registers[] = {
    { PUCK_CAM_MAGIC, 4, PUCK_REG_NO_VALUE, .fixed = PUCK_CAM_MAGIC_VALUE },
    { PUCK_CAM_VERSION, 4, PUCK_REG_NO_VALUE,
      .fixed = PUCK_CAM_VERSION_VALUE },
    { PUCK_CAM_CTRL, 4, PUCK_REG_NO_VALUE, .rw = PUCK_CAM_CTRL_RESET,
      .write = write_ctrl },
    { PUCK_CAM_STATUS, 4, PUCK_REG_NO_VALUE, .read = read_status },
    { PUCK_CAM_FEATURES, 8, PUCK_REG_NO_VALUE, .read = read_features },
    { PUCK_CAM_FORMATS, 4, PUCK_REG_NO_VALUE, .fixed = PUCK_CAM_FORMATS_ALL },
    { PUCK_CAM_NUM_SOURCES, 4, CAM(sources.count) },
    { PUCK_CAM_TIME, 8, PUCK_REG_NO_VALUE, .read = read_time },
    { PUCK_CAM_SEG_LEN_MAX, 4, CAM(seg_len_max) },
    { PUCK_CAM_SEGS_MAX, 4, PUCK_REG_NO_VALUE,
      .fixed = PUCK_CAM_SEGS_MAX_VALUE },
    { PUCK_CAM_IRQ_STATUS, 4, CAM(sources.status), .w1c = PUCK_CAM_IRQ_ALL },
    { PUCK_CAM_IRQ_ENABLE, 4, CAM(sources.enable), .rw = PUCK_CAM_IRQ_ALL,
      .write = write_irq_enable },
    { PUCK_CAM_SOURCE(0), 4, PUCK_REG_NO_VALUE, .count = PUCK_CAM_SOURCES,
      .read = read_source },
    { PUCK_CAM_ERR_COUNT, 4, CAM(errors.count) },
    { PUCK_CAM_ERR_INFO, 4, CAM(errors.records[0].info) },
    { PUCK_CAM_ERR_FRAME, 4, CAM(errors.records[0].number) },
    { PUCK_CAM_ERR_DESC, 4, CAM(errors.records[0].desc) },
    { PUCK_CAM_ERR_ADDR, 8, CAM(errors.records[0].addr) },
    { PUCK_CAM_ERR_POP, 4, PUCK_REG_NO_VALUE, .rw = UINT32_MAX,
      .write = write_err_pop },
    { PUCK_CAM_ERR_LOST, 4, CAM(errors.lost) },
    /* The sensor */
    { PUCK_CAM_SENSOR_CTRL, 4, PUCK_REG_NO_VALUE, .rw = SENSOR_CTRL_BITS,
      .read = read_sensor_ctrl, .write = write_sensor_ctrl },
    { PUCK_CAM_SENSOR_STATUS, 4, PUCK_REG_NO_VALUE,
      .read = read_sensor_status },
    { PUCK_CAM_STEP, 4, PUCK_REG_NO_VALUE, .rw = UINT32_MAX,
      .write = write_step },
    { PUCK_CAM_SIZE_MAX, 4, CAM(size_max) },
    { PUCK_CAM_SIZE, 4, CAM(geometry.size), .rw = UINT32_MAX,
      .locked = streams },
    { PUCK_CAM_HBLANK, 4, CAM(controls.hblank), .rw = UINT32_MAX,
      .write = write_hblank },
    { PUCK_CAM_VBLANK, 4, CAM(controls.vblank), .rw = UINT32_MAX,
      .write = write_vblank },
    { PUCK_CAM_INTERVAL, 4, CAM(controls.interval), .rw = UINT32_MAX,
      .write = write_interval },
    { PUCK_CAM_PIXEL_RATE, 8, PUCK_REG_NO_VALUE, .read = read_pixel_rate },
    { PUCK_CAM_EXPOSURE, 4, CAM(controls.exposure), .rw = UINT32_MAX,
      .write = write_exposure },
    { PUCK_CAM_EXPOSURE_NORMAL, 4, PUCK_REG_NO_VALUE,
      .read = read_exposure_normal },
    { PUCK_CAM_GAIN, 4, CAM(controls.gain), .rw = UINT32_MAX,
      .write = write_gain },
    { PUCK_CAM_FLIP, 4, CAM(controls.flip), .rw = FLIP_BITS },
    { PUCK_CAM_SEED, 8, CAM(controls.seed), .rw = UINT64_MAX },
    { PUCK_CAM_PATTERN, 4, CAM(controls.pattern), .rw = UINT32_MAX,
      .write = write_pattern },
    { PUCK_CAM_STAMP, 4, CAM(controls.stamp), .rw = PUCK_CAM_STAMP_ENABLE },
    { PUCK_CAM_START_TIME, 8, CAM(clock.start_time) },
    { PUCK_CAM_FRAME, 4, CAM(clock.frame) },
    { PUCK_CAM_CAPTURED, 4, CAM(clock.captured) },
    { PUCK_CAM_FAILED, 4, CAM(clock.failed) },
    { PUCK_CAM_DROPPED, 4, CAM(clock.dropped) },
    { PUCK_CAM_REPEATED, 4, CAM(clock.repeated) },
    { PUCK_CAM_SOURCE_STATUS, 4, PUCK_REG_NO_VALUE,
      .read = read_source_status },
    { PUCK_CAM_SOURCE_SIZE, 4, PUCK_REG_NO_VALUE, .read = read_source_size },
    { PUCK_CAM_SOURCE_INTERVAL, 4, CAM(source.stream.interval) },
    { PUCK_CAM_SOURCE_SEQ, 4, CAM(clock.source_seq) },
    { PUCK_CAM_SOURCE_PICTURES, 4, CAM(source.pictures) },
    /* The bridge */
    { PUCK_CAM_FORMAT, 4, CAM(geometry.format), .rw = UINT32_MAX,
      .locked = streams },
    { PUCK_CAM_OUT_SIZE, 4, CAM(geometry.out_size), .rw = UINT32_MAX,
      .locked = streams },
    { PUCK_CAM_CROP, 8, CAM(geometry.crop), .rw = UINT64_MAX,
      .locked = streams },
    { PUCK_CAM_COMPOSE, 8, CAM(geometry.compose), .rw = UINT64_MAX,
      .locked = streams },
    { PUCK_CAM_STRIDE0, 4, CAM(geometry.stride), .count = PUCK_CAM_PARTS_MAX,
      .rw = UINT32_MAX, .locked = streams },
    { PUCK_CAM_CHECK, 4, PUCK_REG_NO_VALUE, .read = read_check },
    { PUCK_CAM_PARTS, 4, PUCK_REG_NO_VALUE, .read = read_parts },
    { PUCK_CAM_BYTES0, 4, PUCK_REG_NO_VALUE, .count = PUCK_CAM_PARTS_MAX,
      .read = read_bytes },
    /* The queue */
    { PUCK_CAM_QUEUE_CTRL, 4, PUCK_REG_NO_VALUE, .rw = QUEUE_CTRL_BITS,
      .locked = queue_resets, .read = read_queue_ctrl,
      .write = write_queue_ctrl },
    { PUCK_CAM_QUEUE_STATUS, 4, PUCK_REG_NO_VALUE,
      .read = read_queue_status },
    { PUCK_CAM_QUEUE_ORDER_MAX, 4, PUCK_REG_NO_VALUE,
      .fixed = PUCK_CAM_QUEUE_ORDER_MAX_VALUE },
    { PUCK_CAM_QUEUE_STOP_HEAD, 4, CAM(queue.stop_head) },
    { PUCK_CAM_QUEUE_BASE, 8, CAM(queue.base),
      .rw = PUCK_CAM_BASE_ADDR | PUCK_CAM_BASE_ORDER, .locked = queue_in_use },
    { PUCK_CAM_DONE_BASE, 8, CAM(queue.done_base), .rw = PUCK_CAM_BASE_ADDR,
      .locked = queue_in_use },
    { PUCK_CAM_DONE_WB_ADDR, 8, CAM(queue.wb_addr), .rw = WB_ADDR_BITS,
      .locked = queue_resets },
    { PUCK_CAM_QUEUE_HEAD, 4, CAM(queue.head) },
    { PUCK_CAM_QUEUE_TAIL, 4, CAM(queue.tail), .rw = UINT32_MAX,
      .locked = queue_resets, .write = write_queue_tail },
    { PUCK_CAM_DONE_COUNT, 4, CAM(queue.done_count) },
};

static const PuckRegBlock block = {
    .regs = registers,
    .count = ARRAY_SIZE(registers),
};

/* The guest's face of mischief. */
static bool in_window(hwaddr addr)
{
    return addr >= PUCK_MISCHIEF_WINDOW &&
           addr < PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_WINDOW_SIZE;
}

/* Whether the device is gone, or a rule makes it so now. */
static bool finds_nobody(PuckCam *s, hwaddr addr)
{
    PuckEvent ev;

    if (!puck_is_gone(&s->gone) &&
        (!puck_mischief_armed(PUCK_SITE_DEVICE) || in_window(addr))) {
        return false;
    }
    ev = puck_cam_event(s, PUCK_SITE_DEVICE, 0);
    return puck_gone_at_access(&s->gone, &ev);
}

/* False if there is no such register. */
static bool read_value(PuckCam *s, hwaddr addr, unsigned size, uint64_t *value)
{
    if (in_window(addr)) {
        return puck_mischief_window_read(&s->window,
                                         addr - PUCK_MISCHIEF_WINDOW, size,
                                         value);
    }
    return puck_regs_read(&block, s, addr, size, value) == PUCK_REG_DONE;
}

static uint64_t regs_read(void *opaque, hwaddr addr, unsigned size)
{
    PuckCam *s = opaque;
    uint64_t value = 0;

    if (finds_nobody(s, addr)) {
        return UINT64_MAX;
    }
    if (!read_value(s, addr, size, &value)) {
        puck_cam_guest_error("read of %u bytes at 0x%" HWADDR_PRIx, size, addr);
        return 0;
    }
    trace_puck_cam_reg_read(puck_cam_name(s), addr, size, value);
    return value;
}

static PuckRegResult write_value(PuckCam *s, hwaddr addr, uint64_t val,
                                 unsigned size)
{
    if (in_window(addr)) {
        return puck_mischief_window_write(&s->window,
                                          addr - PUCK_MISCHIEF_WINDOW, size,
                                          val) ? PUCK_REG_DONE : PUCK_REG_NONE;
    }
    return puck_regs_write(&block, s, addr, size, val);
}

static void regs_write(void *opaque, hwaddr addr, uint64_t val, unsigned size)
{
    PuckCam *s = opaque;

    if (finds_nobody(s, addr)) {
        return;
    }
    trace_puck_cam_reg_write(puck_cam_name(s), addr, size, val);
    switch (write_value(s, addr, val, size)) {
    case PUCK_REG_DONE:
        break;
    case PUCK_REG_NONE:
        puck_cam_guest_error("write of %u bytes at 0x%" HWADDR_PRIx, size,
                             addr);
        break;
    case PUCK_REG_LOCKED:
        puck_cam_guest_error("write at 0x%" HWADDR_PRIx " ignored: in use",
                             addr);
        break;
    }
}

/* All sizes come here, so that the bad ones are reported by us. */
static const MemoryRegionOps regs_ops = {
    .read = regs_read,
    .write = regs_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};

void puck_cam_regs_init(PuckCam *s)
{
    g_assert(puck_regs_valid(&block));
    memory_region_init_io(&s->mmio, OBJECT(s), &regs_ops, s, "puck-cam-regs",
                          PUCK_CAM_BAR_REGS_SIZE);
    pci_register_bar(PCI_DEVICE(s), PUCK_CAM_BAR_REGS,
                     PCI_BASE_ADDRESS_SPACE_MEMORY |
                     PCI_BASE_ADDRESS_MEM_TYPE_64, &s->mmio);
}
