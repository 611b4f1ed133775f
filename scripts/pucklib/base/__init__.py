# SPDX-License-Identifier: GPL-2.0-or-later
"""What every part of the tool stands on: paths, messages, children, steps."""
