# SPDX-License-Identifier: GPL-2.0-or-later
"""A table in the documentation that a test makes: of its lines "# cell ROW | COLUMN | TEXT"."""

import re

from ..base.util import PuckError

CELL = re.compile(r"^# cell (.+?) \| (.+?) \| (.*)$", re.M)
# What it stands between, as comments of reStructuredText.
BEGIN, END = ".. begin: made by the guest test {}", ".. end: made by the guest test {}"
NOTHING = "\\-"


def cells(output):
    """[(row, column, text)] in the order in which they came."""
    return [(row, column, text.strip()) for row, column, text in CELL.findall(output)]


def render(found):
    """A simple table: its rows and columns in the order in which they first came."""
    rows = list(dict.fromkeys(row for row, _, _ in found))
    columns = list(dict.fromkeys(column for _, column, _ in found))
    texts = {(row, column): text for row, column, text in found}
    lines = [["", *columns]] + [[row, *(texts.get((row, column)) or NOTHING for column in columns)] for row in rows]
    widths = [max(map(len, parts)) for parts in zip(*lines)]
    rule = "  ".join("=" * (width or 1) for width in widths)
    # A first column that is empty would end the table.
    lines[0][0] = "\\"
    text = ["  ".join(part.ljust(width) for part, width in zip(line, widths)).rstrip() for line in lines]
    return "\n".join([rule, text[0], rule, *text[1:], rule]) + "\n"


def replaced(document, test, made):
    """The document with the test's table in place of the one that it has."""
    begin, end = BEGIN.format(test), END.format(test)
    before, mark, rest = document.partition(begin + "\n")
    _, last, after = rest.partition(end)
    if not mark or not last:
        raise PuckError(f"no lines '{begin}' and '{end}'")
    return f"{before}{begin}\n\n{made}\n{end}{after}"
