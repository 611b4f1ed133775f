/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: the words that rules are made of: sites, matches, actions, and
 * which site has which action with what kind of value. See sections "Matches"
 * and "Sites and actions" of docs/specs/mischief.rst.
 */

#include "qemu/osdep.h"
#include "words.h"

const char *const puck_site_words[PUCK_SITE_COUNT] = {
    [PUCK_SITE_FENCE_COMPLETE] = "fence.complete",
    [PUCK_SITE_IRQ_RAISE] = "irq.raise",
    [PUCK_SITE_DMA_READ] = "dma.read",
    [PUCK_SITE_DMA_WRITE] = "dma.write",
    [PUCK_SITE_IOMMU_TRANSLATE] = "iommu.translate",
    [PUCK_SITE_IOMMU_INVALIDATE] = "iommu.invalidate",
    [PUCK_SITE_DEVICE] = "device",
    [PUCK_SITE_CAM_FRAME] = "cam.frame",
    [PUCK_SITE_GPU_TRANSLATE] = "gpu.translate",
    [PUCK_SITE_GPU_FLUSH] = "gpu.flush",
    [PUCK_SITE_DISPLAY_VBLANK] = "display.vblank",
    [PUCK_SITE_DISPLAY_FLIP] = "display.flip",
    [PUCK_SITE_DISPLAY_FRAME] = "display.frame",
    [PUCK_SITE_DISPLAY_HOTPLUG] = "display.hotplug",
};

/* The offset of a member, which has to be of the type @_type. */
#define MEMBER(_of, _member, _type) \
    _Generic(((_of *)0)->_member, _type : offsetof(_of, _member))

/* The member of the rule has the name of the event's. */
#define FILTER(_word, _kind, _has, _member, _type, ...) \
    { .word = _word, .kind = PUCK_MATCH_IS_ ## _kind, \
      .has = PUCK_HAS_ ## _has, \
      .property = MEMBER(PuckEvent, _member, _type), \
      .value = MEMBER(PuckRule, _member, _type), __VA_ARGS__ }
#define COUNTER(_word, _kind, _member, ...) \
    { .word = _word, .kind = PUCK_MATCH_IS_ ## _kind, \
      .value = MEMBER(PuckRule, _member, uint64_t), __VA_ARGS__ }

const PuckMatchWord puck_match_words[PUCK_MATCH_WORDS] = {
    [PUCK_MATCH_DEVICE] = {
        .word = "device", .kind = PUCK_MATCH_IS_ID, .has = PUCK_HAS_DEVICE,
        .property = MEMBER(PuckEvent, device, const char *),
        .value = MEMBER(PuckRule, device, char *),
    },
    [PUCK_MATCH_RING] = FILTER("ring", NUMBER, RING, ring, uint32_t),
    [PUCK_MATCH_SEQNO] =
        FILTER("seqno", NUMBERS, SEQNO, seqno, uint32_t,
               .value_2 = MEMBER(PuckRule, seqno_last, uint32_t)),
    [PUCK_MATCH_FRAME] =
        FILTER("frame", NUMBERS, FRAME, frame, uint32_t,
               .value_2 = MEMBER(PuckRule, frame_last, uint32_t)),
    [PUCK_MATCH_REQUESTER] =
        FILTER("requester", REQUESTER, REQUESTER, requester, uint16_t),
    [PUCK_MATCH_IOVA] =
        FILTER("iova", BYTES, IOVA, iova, uint64_t,
               .value_2 = MEMBER(PuckRule, iova_last, uint64_t)),
    [PUCK_MATCH_VM] = FILTER("vm", NUMBER, VM, vm, uint32_t),
    [PUCK_MATCH_VA] =
        FILTER("va", BYTES, VA, va, uint64_t,
               .value_2 = MEMBER(PuckRule, va_last, uint64_t)),
    [PUCK_MATCH_DIR] = FILTER("dir", DIR, DIR, is_write, bool),
    [PUCK_MATCH_VECTOR] = FILTER("vector", NUMBER, VECTOR, vector, uint32_t),
    [PUCK_MATCH_HEAD] = FILTER("head", NUMBER, HEAD, head, uint32_t),
    [PUCK_MATCH_NTH] = COUNTER("nth", COUNT, nth),
    [PUCK_MATCH_EVERY] = COUNTER("every", COUNT, every),
    [PUCK_MATCH_FROM] = COUNTER("from", COUNT, from),
    [PUCK_MATCH_COUNT] = COUNTER("count", COUNT, count),
    [PUCK_MATCH_PROB] =
        COUNTER("prob", RATIO, prob,
                .value_2 = MEMBER(PuckRule, prob_of, uint64_t)),
};

#define FENCE       PUCK_SITE_BIT(PUCK_SITE_FENCE_COMPLETE)
#define IRQ         PUCK_SITE_BIT(PUCK_SITE_IRQ_RAISE)
#define READ        PUCK_SITE_BIT(PUCK_SITE_DMA_READ)
#define WRITE       PUCK_SITE_BIT(PUCK_SITE_DMA_WRITE)
#define DMA         (READ | WRITE)
#define TRANSLATE   PUCK_SITE_BIT(PUCK_SITE_IOMMU_TRANSLATE)
#define INVALIDATE  PUCK_SITE_BIT(PUCK_SITE_IOMMU_INVALIDATE)
#define DEVICE      PUCK_SITE_BIT(PUCK_SITE_DEVICE)
#define FRAME       PUCK_SITE_BIT(PUCK_SITE_CAM_FRAME)
#define VM          PUCK_SITE_BIT(PUCK_SITE_GPU_TRANSLATE)
#define FLUSH       PUCK_SITE_BIT(PUCK_SITE_GPU_FLUSH)
#define VBLANK      PUCK_SITE_BIT(PUCK_SITE_DISPLAY_VBLANK)
#define FLIP        PUCK_SITE_BIT(PUCK_SITE_DISPLAY_FLIP)
#define SAMPLE      PUCK_SITE_BIT(PUCK_SITE_DISPLAY_FRAME)
#define HOTPLUG     PUCK_SITE_BIT(PUCK_SITE_DISPLAY_HOTPLUG)

#define DUPLICATES_MAX  64
#define VECTOR_MAX      2047            /* MSI-X has no more */
#define LINES_MAX       65535           /* more than a frame has */
#define PAST_MAX        65536

#define PLAIN(_action, _name, _sites) \
    { PUCK_ACT_ ## _action, _name, NULL, _name, _sites, PUCK_VALUE_NONE }
#define WORD(_action, _name, _word, _sites, _kind) \
    { PUCK_ACT_ ## _action, _name, _word, _name "=" _word, _sites, \
      PUCK_VALUE_ ## _kind }
#define VALUE(_action, _name, _sites, _kind, ...) \
    { PUCK_ACT_ ## _action, _name, NULL, _name, _sites, \
      PUCK_VALUE_ ## _kind, __VA_ARGS__ }

const PuckActionWord puck_action_words[] = {
    VALUE(DELAY, "delay", FENCE | IRQ | DMA | TRANSLATE | FRAME | FLIP, DELAY),
    VALUE(DELAY, "delay", INVALIDATE | FLUSH, TIME),
    PLAIN(HOLD, "hold", FENCE | FRAME),
    WORD(REORDER_RINGS, "reorder", "rings", FENCE, NONE),
    WORD(REORDER_WITHIN, "reorder", "within", FENCE, NONE),
    PLAIN(ERROR, "error", FENCE | FRAME),
    PLAIN(NEVER, "never", FENCE),
    VALUE(EARLY, "early", FENCE, TIME, .optional = true),
    VALUE(START, "start", FENCE, NUMBER, .max = UINT32_MAX),
    PLAIN(DROP, "drop", IRQ | INVALIDATE | FRAME | FLUSH | VBLANK | HOTPLUG),
    VALUE(DUPLICATE, "duplicate", IRQ, NUMBER, .optional = true,
          .preset = 1, .min = 1, .max = DUPLICATES_MAX),
    PLAIN(DUPLICATE, "duplicate", FRAME),
    VALUE(COALESCE, "coalesce", IRQ, TIME),
    VALUE(SPURIOUS, "spurious", IRQ, NUMBER, .optional = true,
          .max = VECTOR_MAX),
    PLAIN(FAULT, "fault", DMA | TRANSLATE | VM),
    WORD(CORRUPT_XOR, "corrupt", "xor", DMA, BYTE),
    WORD(CORRUPT_AND, "corrupt", "and", DMA, BYTE),
    WORD(CORRUPT_OR, "corrupt", "or", DMA, BYTE),
    VALUE(TRUNCATE, "truncate", DMA, SIZE),
    VALUE(TRUNCATE, "truncate", FRAME, NUMBER, .max = LINES_MAX),
    VALUE(SPLIT, "split", WRITE, TIME),
    PLAIN(REORDER, "reorder", WRITE),
    VALUE(DEFER, "defer", INVALIDATE, NUMBER, .min = 1, .max = UINT32_MAX),
    PLAIN(PARTIAL, "partial", INVALIDATE | FLUSH),
    VALUE(STALL, "stall", DEVICE, TIME, .optional = true),
    PLAIN(RESET_FAILS, "reset-fails", DEVICE),
    VALUE(GONE, "gone", DEVICE, TIME, .optional = true),
    PLAIN(BME_IGNORED, "bme-ignored", DEVICE),
    VALUE(LINE, "line", FRAME, NUMBER, .max = LINES_MAX),
    PLAIN(RESIZE, "resize", FRAME),
    VALUE(RENUMBER, "renumber", FRAME, NUMBER, .max = UINT32_MAX),
    PLAIN(SHIFT, "shift", FRAME),
    VALUE(PAST, "past", FRAME, NUMBER, .optional = true, .preset = 4096,
          .min = 1, .max = PAST_MAX),
    PLAIN(TORN, "torn", FLIP),
    PLAIN(UNDERRUN, "underrun", SAMPLE),
};

const size_t puck_action_words_count = G_N_ELEMENTS(puck_action_words);

const char *puck_site_name(PuckSite site)
{
    return puck_site_words[site];
}

const char *puck_action_name(PuckAction action)
{
    for (size_t i = 0; i < puck_action_words_count; i++) {
        if (puck_action_words[i].action == action) {
            return puck_action_words[i].full_name;
        }
    }
    return "none";
}
