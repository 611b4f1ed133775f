# SPDX-License-Identifier: GPL-2.0-or-later
"""Virtual machines: their devices, their run, how they end, the folder they leave behind."""
