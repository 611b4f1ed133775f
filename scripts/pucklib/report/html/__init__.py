# SPDX-License-Identifier: GPL-2.0-or-later
"""report.html: a run on one page, for somebody who has to know what went wrong."""
