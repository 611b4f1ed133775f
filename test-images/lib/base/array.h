/* SPDX-License-Identifier: MIT */
/* The number of elements of an array. */
#ifndef LIB_ARRAY_H
#define LIB_ARRAY_H

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#endif /* LIB_ARRAY_H */
