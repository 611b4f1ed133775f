/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of mischief's qtest share. The machine is that of the
 * puck-iommu tests; what happens there is an invalidation or a message.
 */
#ifndef PUCK_MISCHIEF_HELPERS_H
#define PUCK_MISCHIEF_HELPERS_H

#include "common/iommu-env.h"
#include "common/mischief-env.h"
#include "files.h"
#include "abi/puck_mischief.h"

/* Where the guest's window is in BAR 0. */
#define WINDOW(reg)     (PUCK_MISCHIEF_WINDOW + PUCK_MISCHIEF_ ## reg)

/* A file of this test; the caller frees the name and unlinks the file. */
char *mischief_path(const char *what);
/* The machine with "-device puck-mischief,id=mischief" and @options. */
void mischief_start(PuckEnv *env, const char *options);

/* One event each, at iommu.invalidate and at irq.raise. */
void mischief_invalidate(PuckEnv *env, uint64_t iova);
void mischief_message(PuckEnv *env);

/* Over QMP, of MISCHIEF_PATH. */
QDict *mischief_get(PuckEnv *env, const char *property);
uint32_t mischief_add(PuckEnv *env, const char *rule);
/* Sets a property to a number or, if @text is not NULL, to that. */
void mischief_set_good(PuckEnv *env, const char *property, const char *text,
                       int64_t number);
/* Expects an error whose text has @part in it. */
void mischief_set_bad(PuckEnv *env, const char *property, const char *text,
                      int64_t number, const char *part);
unsigned mischief_count(PuckEnv *env);
/* The rule at @index is number @id, and reads and has counted so. */
void mischief_expect(PuckEnv *env, unsigned index, uint32_t id,
                     const char *rule, uint64_t seen, uint64_t hits);

/* The lines of the log, each of which is checked to be a JSON object. */
char **mischief_log(const char *path);

/* The guest's window. */
void window_put_text(PuckEnv *env, const char *text);
void window_expect_text(PuckEnv *env, const char *text);
uint32_t window_command(PuckEnv *env, uint32_t command, uint32_t arg);
/* ADD gives @result. The rule's number, which is in ID. */
uint32_t window_add(PuckEnv *env, const char *rule, uint32_t result);

#endif /* PUCK_MISCHIEF_HELPERS_H */
