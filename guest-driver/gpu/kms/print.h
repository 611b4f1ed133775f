/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The display for people, in debugfs.
 */
#ifndef PUCK_KMS_PRINT_H
#define PUCK_KMS_PRINT_H

#include <linux/kconfig.h>

struct puck_device;
struct seq_file;

#if IS_ENABLED(CONFIG_DRM_KMS_HELPER)
void puck_kms_print(struct seq_file *m, struct puck_device *puck);
#else
static inline void puck_kms_print(struct seq_file *m, struct puck_device *puck)
{
}
#endif

#endif /* PUCK_KMS_PRINT_H */
