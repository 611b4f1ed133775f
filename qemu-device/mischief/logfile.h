/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mischief: the file that the log's lines go to. See section "Log" of
 * docs/specs/mischief.rst.
 *
 * Who has a line puts it into a queue of bounded length and goes on, whatever
 * the disk or the reader of a FIFO does; a thread writes.
 */
#ifndef PUCK_MISCHIEF_LOGFILE_H
#define PUCK_MISCHIEF_LOGFILE_H

#define PUCK_LOG_MIN        4096
#define PUCK_LOG_DEFAULT    (64ull * 1024 * 1024)

/* Once. The file has @max bytes at most, of which some may be there already. */
bool puck_logfile_open(const char *path, uint64_t max, Error **errp);
bool puck_logfile_is_open(void);
/*
 * Puts @line, without its end, behind those that were put before. From any
 * thread, with locks held: it takes one of its own, a leaf, and waits for
 * nothing. @t is the virtual clock, for what is said of lines that are lost.
 */
void puck_logfile_put(int64_t t, const char *line);
/* Waits until all lines are in the file, a second at most. */
void puck_logfile_flush(void);
/* How many lines were lost so far. */
uint64_t puck_logfile_lost(void);

#endif /* PUCK_MISCHIEF_LOGFILE_H */
