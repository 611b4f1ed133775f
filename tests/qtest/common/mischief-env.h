/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What qtests of mischief's sites share: rules over QMP, and what stands in
 * the log.
 */
#ifndef PUCK_MISCHIEF_ENV_H
#define PUCK_MISCHIEF_ENV_H

#include "qtest.h"

/* The number of the new rule. It has to be accepted. */
uint32_t puck_rule_add(QTestState *qts, const char *rule);
void puck_rule_remove(QTestState *qts, uint32_t id);
void puck_rule_release(QTestState *qts, uint32_t id);
/* Counters of a rule that is there. */
uint64_t puck_rule_seen(QTestState *qts, uint32_t id);
uint64_t puck_rule_hits(QTestState *qts, uint32_t id);

/* A file that is not there yet, for the log of this process; to be freed. */
char *puck_log_path(void);
/*
 * " -device puck-mischief,..." with that log, rules of the guest allowed, and
 * @more; to be freed.
 */
char *puck_log_args(const char *path, const char *more);
/* All lines up to now are in the logs of the machines that run. */
void puck_log_sync(void);
/* How many lines of the log match a regular expression. */
unsigned puck_log_count(const char *path, const char *regex);
/* A number of the last line that matches: "name": N. It has to be there. */
int64_t puck_log_number(const char *path, const char *regex, const char *name);

#endif /* PUCK_MISCHIEF_ENV_H */
