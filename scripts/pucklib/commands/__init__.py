# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands of scripts/puck, a file each."""
