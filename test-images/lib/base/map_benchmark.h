/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's dma_map_benchmark, as its users see it. */
#ifndef PUCK_MAP_BENCHMARK_H
#define PUCK_MAP_BENCHMARK_H

#include <linux/types.h>
#include <sys/ioctl.h>

/* As in the kernel's include/linux/map_benchmark.h, which is no uAPI header. */
struct map_benchmark {
	__u64 avg_map_100ns;
	__u64 map_stddev;
	__u64 avg_unmap_100ns;
	__u64 unmap_stddev;
	__u32 threads;
	__u32 seconds;
	__s32 node;
	__u32 dma_bits;
	__u32 dma_dir;
	__u32 dma_trans_ns;
	__u32 granule;
	__u8 expansion[76];
};

#define DMA_MAP_BENCHMARK _IOWR('d', 1, struct map_benchmark)

#endif
