# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures that guest programs print, and the goals that they are held against."""

import statistics
from dataclasses import dataclass


@dataclass
class Goal:
    """A ratio, and the side of the limit it is to be on."""
    what: str
    value: float
    limit: float
    at_most: bool

    def met(self):
        return self.value <= self.limit if self.at_most else self.value >= self.limit

    def line(self):
        word = "at most" if self.at_most else "at least"
        return f"  {self.what:62} {self.value:6.2f}   goal {word} {self.limit:.2f}   {'met' if self.met() else 'MISSED'}"


def short(value):
    """Four digits, or all that are whole ones."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


class Figures:
    """Values of each key per machine variant."""

    def __init__(self):
        self.values = {}

    def take(self, variant, line):
        words = line.split()
        if len(words) >= 3 and words[0] == "bench:":
            self.values.setdefault((variant, words[1]), []).append(float(words[2]))

    def median(self, variant, key):
        values = self.values.get((variant, key))
        return statistics.median(values) if values else None

    def least(self, variant, key):
        values = self.values.get((variant, key))
        return min(values) if values else None

    def spread(self, variant, key):
        values = self.values.get((variant, key), [])
        return f"{short(min(values))}..{short(max(values))}, n={len(values)}" if values else "not measured"
