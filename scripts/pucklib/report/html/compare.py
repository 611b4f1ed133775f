# SPDX-License-Identifier: GPL-2.0-or-later
"""Two runs side by side: their verdicts, what one has found and the other has not, numbers."""

from . import classes, counters, told
from .page import document, section
from .source import Run
from .tags import code, escape, table, tag


def title_of(run):
    return tag("div", told.header(run).replace('id="verdict"', ""), tag("p", code(run.folder), class_="dim"))


def key(one):
    places = one.get("places") or {}
    return one["class"], one.get("device"), tuple(sorted((role, place["function"]) for role, place in places.items()))


def findings(first, second):
    """What both found, and what one alone."""
    sides = [{key(one): one for one in run.facts.get("findings") or []} for run in (first, second)]
    rows = []
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        found = [side.get(name) for side in sides]
        rows.append([tag("b", escape(name[0])), escape(classes.sentence(found[0] or found[1])),
                     *(escape(f"{one['count']} times" if one else "-") for one in found)])
    return table(("class", "what", "A", "B"), rows, "changes") if rows else tag("p", "Neither has found anything.", class_="dim")


def facts(first, second):
    names = ("verdict", "device", "driver", "iommu", "kernel", "seed", "mischief", "command", "puck")
    return changes([(name, first.facts.get(name), second.facts.get(name)) for name in names])


def numbers(first, second):
    sides = counters.of_run(first), counters.of_run(second)
    return changes([(name, sides[0].get(name), sides[1].get(name)) for name in dict.fromkeys([*sides[0], *sides[1]])])


def changes(rows):
    """What differs first; of numbers how much."""
    def shown(value):
        return "-" if value in (None, "") else f"{value:,}" if isinstance(value, int) else str(value)

    made = []
    for name, a, b in sorted(rows, key=lambda row: row[1] == row[2]):
        change = f"{b - a:+,}" if isinstance(a, (int, float)) and isinstance(b, (int, float)) and a != b else ""
        made.append(tag("tr", *(tag("td", cell) for cell in (escape(name), code(shown(a)), code(shown(b)), escape(change))),
                        class_="same" if a == b else "differs"))
    head = tag("thead", tag("tr", *(tag("th", word, scope="col") for word in ("", "A", "B", "B - A"))))
    return tag("div", tag("table", head, tag("tbody", *made), class_="changes"), class_="wide")


def latencies(first, second):
    sides = counters.latencies(first), counters.latencies(second)
    rows = []
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        cells = [escape(name)]
        for side in sides:
            times = side.get(name)
            cells += [code(f"{counters.shown(counters.quantile(times, 0.5))}, {counters.shown(max(times))}") if times else "-",
                      counters.histogram(times) if times else ""]
        rows.append(cells)
    return table(("", "A: median, longest", "", "B: median, longest", ""), rows, "numbers") if rows else ""


def page(folders):
    """The page of two run folders."""
    first, second = (Run(folder) for folder in folders)
    parts = [("findings", "What was found", findings), ("facts", "What differs in how they were made", facts),
             ("latencies", "How long it took", latencies), ("numbers", "Numbers", numbers)]
    sections = (section(name, title, make(first, second)) for name, title, make in parts)
    both = tag("div", title_of(first), title_of(second), class_="two")
    return document(f"{first.name} and {second.name}", tag("main", both, *sections))
