# SPDX-License-Identifier: GPL-2.0-or-later
"""The events of a run, of guest and devices, on one clock."""
