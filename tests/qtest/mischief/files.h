/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tests of each file of mischief's qtest, added under /puck-mischief/.
 */
#ifndef PUCK_MISCHIEF_FILES_H
#define PUCK_MISCHIEF_FILES_H

void add_device_tests(void);
void add_log_tests(void);
void add_window_tests(void);
void add_release_tests(void);
void add_message_tests(void);
void add_state_tests(void);

#endif /* PUCK_MISCHIEF_FILES_H */
