# SPDX-License-Identifier: GPL-2.0-or-later
"""HTML and SVG. What comes from logs is anybody's text, and passes through escape()."""

import html
import re

# Of what no document may hold, and what would turn a line around.
WRONG = re.compile("[^\t\n\x20-\x7e\xa0-\u061b\u061d-\u200d\u2010-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd"
                   "\U00010000-\U0010ffff]")


def escape(text):
    return html.escape(WRONG.sub("\N{REPLACEMENT CHARACTER}", str(text)), quote=True)


def tag(name, *inside, **attributes):
    """An element. `inside` is markup; values of attributes are text. An attribute class_ is class."""
    words = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items()
                    if value is not None)
    return f"<{name}{words}>{''.join(inside)}</{name}>"


def table(head, rows, class_=None):
    """`rows` are lists of markup."""
    top = tag("thead", tag("tr", *(tag("th", escape(word), scope="col") for word in head))) if head else ""
    body = "".join(tag("tr", *(tag("td", cell) for cell in row)) for row in rows)
    return tag("div", tag("table", top, tag("tbody", body), class_=class_), class_="wide")


def code(text):
    return tag("code", escape(text))


def size(count):
    """Bytes, as people say it."""
    for unit, length in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= length:
            return f"{count / length:.4g} {unit}"
    return f"{count} bytes"


def plural(count, word):
    several = word[:-1] + "ies" if word.endswith("y") else word + "s"
    return f"{count} {word if count == 1 else several}"
