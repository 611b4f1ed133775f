# SPDX-License-Identifier: GPL-2.0-or-later
"""Exercises in driver development: what there is of each, built, booted and graded."""
