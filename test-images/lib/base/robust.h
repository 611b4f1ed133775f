/* SPDX-License-Identifier: MIT */
/* A lock in memory that processes share, of which it is known if its holder was killed. */
#ifndef LIB_BASE_ROBUST_H
#define LIB_BASE_ROBUST_H

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>

static inline bool robust_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;

	return !pthread_mutexattr_init(&attr) &&
	       !pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) &&
	       !pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) &&
	       !pthread_mutex_init(lock, &attr);
}

/*
 * True if whoever had it last was killed with it: what it protects is as he left it, and his
 * files may still be open.
 */
static inline bool robust_lock(pthread_mutex_t *lock)
{
	if (pthread_mutex_lock(lock) != EOWNERDEAD)
		return false;
	pthread_mutex_consistent(lock);
	return true;
}

static inline void robust_unlock(pthread_mutex_t *lock)
{
	pthread_mutex_unlock(lock);
}

#endif /* LIB_BASE_ROBUST_H */
