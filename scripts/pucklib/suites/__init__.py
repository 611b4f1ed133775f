# SPDX-License-Identifier: GPL-2.0-or-later
"""The suites of `puck test`, each a list of cases."""
