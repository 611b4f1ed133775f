# SPDX-License-Identifier: GPL-2.0-or-later
"""What logs and outputs say, and how it is told: verdicts, findings, JUnit."""
