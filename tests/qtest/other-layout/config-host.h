/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In front of the one in qemu-device/module, for a module.c that has been told
 * wrongly how QEMU was configured: without compiler support for numbers of 128
 * bits, a MemoryRegion has its size elsewhere.
 */
#include "../../../qemu-device/module/config-host.h"

#undef CONFIG_INT128
#undef CONFIG_INT128_TYPE
