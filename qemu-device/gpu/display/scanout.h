/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puck-gpu: the scanout. Under the BQL.
 */
#ifndef PUCK_GPU_DISPLAY_SCANOUT_H
#define PUCK_GPU_DISPLAY_SCANOUT_H

#include "hw/puck/gpu/core/device.h"

/* What is shown, as the registers say it. */
typedef struct PuckScanoutMode {
    uint32_t enable;
    uint32_t format;
    uint64_t offset;
    uint32_t width;
    uint32_t height;
    uint32_t pitch;
} PuckScanoutMode;

struct PuckScanout {
    PuckScanoutMode mode;
    PuckScanoutMode shown;      /* what the console's surface was made for */
    QemuConsole *con;
    PuckGpu *gpu;
};

/* At instance_init and finalize. */
void puck_scanout_new(PuckGpu *s);
void puck_scanout_free(PuckGpu *s);
/* At realize and unplug. */
void puck_scanout_init(PuckScanout *sc);
void puck_scanout_exit(PuckScanout *sc);
void puck_scanout_reset(PuckScanout *sc);

bool puck_scanout_valid(const PuckScanoutMode *mode, uint64_t vram_size);
/* A write to SCANOUT_CTRL. */
void puck_scanout_enable(PuckScanout *sc, bool enable);

#endif /* PUCK_GPU_DISPLAY_SCANOUT_H */
