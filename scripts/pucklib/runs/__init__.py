# SPDX-License-Identifier: GPL-2.0-or-later
"""A driver under the mapper or a first light: what the guest does, and what came of it."""
