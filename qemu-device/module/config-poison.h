/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nothing is poisoned: no file of Puck's is built for one target alone. */
