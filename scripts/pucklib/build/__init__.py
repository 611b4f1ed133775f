# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that is made or fetched before a guest starts: packages, QEMU, kernels, modules."""
