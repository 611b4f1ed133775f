# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of mappings: pages in memory at one side, DMA segments in the device's addresses at
the other, and in red what should not have been touched."""

import re
from dataclasses import dataclass

from ..trace.mappings import PAGE, Mapping
from . import accesses, told
from .tags import escape, plural, size, tag

MOST_WRONG, MOST_GOOD = 5, 3
MOST_CELLS, MOST_SEGMENTS = 128, 64
WIDTH, LEFT = 1080, 20
TOP, CELL, LOW, BAR = 46, 26, 168, 30
BREAK, GUARD = 22, 12
GUARD_WORD = re.compile(r"\bguard=(\d+)")


@dataclass
class Figure:
    """What is drawn together: mappings of one device, and perhaps an access that was wrong."""
    device: str
    mappings: list
    access: object = None
    guard: int = 0              # pages


def choose(run):
    """The figures of a report: what went wrong first, then what became of long lists."""
    figures, shown = [], set()
    for access in accesses.of_run(run)[:40]:
        near = nearest(run.mappings, access)
        key = tuple(id(mapping) for mapping in near) or access.iova >> 16
        if len(figures) < (MOST_WRONG if run.facts.get("verdict") != "pass" else 1) and key not in shown:
            shown.add(key)
            figures.append(Figure(access.device, near, access, guard_of(run, access.policies)))
    shown = {id(mapping) for figure in figures for mapping in figure.mappings}
    merged = sorted((m for m in run.mappings if m.entries > 1 and m.pages and id(m) not in shown),
                    key=lambda m: (m.entries - m.count, m.entries), reverse=True)
    alike = set()
    for mapping in merged:
        key = mapping.device, mapping.count == mapping.entries
        if len(alike) < MOST_GOOD and key not in alike:
            alike.add(key)
            figures.append(Figure(mapping.device, [mapping], None, guard_of(run)))
    # What a run did on purpose is no news.
    return figures if run.facts.get("verdict") != "pass" else sorted(figures, key=lambda one: one.access is not None)


def guard_of(run, names=()):
    """Pages that the mapper leaves unmapped around each segment, under the first policy of these names;
    0 without the mapper, and where it is not known which policy it was."""
    policies = {one.get("name"): one.get("policy") or "" for one in run.facts.get("policies") or []}
    if names:
        policies = {name: policies[name] for name in names[:1] if name in policies}
    if len(policies) != 1:
        return 0
    found = GUARD_WORD.search(*policies.values())
    return int(found[1]) if found else 1


def nearest(mappings, access):
    """The mapping that an access belongs to, and else its neighbours; what a finding says is
    mapped if the trace has it no more."""
    own = [m for m in mappings if m.device == access.device and (access.time is None or m.time <= access.time)]
    if access.mapping:
        same = [m for m in own if m.first == access.mapping[0] and access.direction in (m.direction, None)]
        if same:
            return [same[-1]]
        start, length = access.mapping
        return [Mapping(access.device, 0, "", "", [(start, length)], entries=access.entries[1] if access.entries else 1)]
    hit = [m for m in own if m.holds(access.iova, accesses.NEAR)]
    live = [m for m in hit if m.ended is None or access.time is None or m.ended >= access.time]
    if hit:
        return [(live or hit)[-1]]
    there = [m for m in own if m.ended is None or access.time is None or m.ended >= access.time][-200:]
    below = max((m for m in there if m.end <= access.iova), key=lambda m: m.end, default=None)
    above = min((m for m in there if m.start > access.iova), key=lambda m: m.start, default=None)
    return [m for m in (below, above) if m]


@dataclass
class Piece:
    """A stretch of the axis of IOVAs: a segment, a guard page or a gap."""
    start: int
    end: int
    x: float
    width: float
    kind: str
    owner: int = 0


class Axis:
    """IOVA to x. Segments are wide by their length; what is between them is a sign."""

    def __init__(self, figure):
        segments = sorted((start, length, n) for n, mapping in enumerate(figure.mappings)
                          for start, length in mapping.segments[:MOST_SEGMENTS])
        far = figure.access and self.is_far(segments, figure.access.iova)
        self.pieces, room = [], figure.guard * PAGE
        steps = self.steps(segments, room, figure.access.iova if far else None)
        fixed = sum(BREAK if kind in ("gap", "far") else GUARD for *_, kind, _ in steps if kind != "segment")
        squeeze = min(1, (WIDTH - 2 * LEFT) * 0.5 / fixed) if fixed else 1
        total = sum(end - start for start, end, kind, _ in steps if kind == "segment") or 1
        scale = (WIDTH - 2 * LEFT - fixed * squeeze) / total
        x = LEFT
        for start, end, kind, owner in steps:
            width = (end - start) * scale if kind == "segment" else (BREAK if kind in ("gap", "far") else GUARD) * squeeze
            self.pieces.append(Piece(start, end, x, width, kind, owner))
            x += width

    @staticmethod
    def is_far(segments, iova):
        return not any(start - accesses.NEAR <= iova < start + length + accesses.NEAR for start, length, _ in segments)

    @staticmethod
    def steps(segments, room, far):
        """[(start, end, kind, owner)] from the lowest address on."""
        found, at, before = [], None, None
        marks = [*segments, *([(far, 0, None)] if far is not None else [])]
        for start, length, owner in sorted(marks, key=lambda one: one[0]):
            if at is not None and start > at:
                found += Axis.between(at, start, room if before is not None else 0, room if owner is not None else 0)
            elif at is None:
                found.append((max(0, start - (room or PAGE)), start, "guard" if room and owner is not None else "gap", 0))
            found.append((start, start + PAGE, "far", 0) if owner is None else (start, start + length, "segment", owner))
            at, before = start + max(length, 1), owner
        beside = room and owner is not None
        found.append((at, at + (room or PAGE), "guard" if beside else "gap", 0))
        return found

    @staticmethod
    def between(low, high, left, right):
        """Guard pages behind the one and before the other, and what is between."""
        if high - low <= left + right:
            return [(low, high, "guard", 0)]
        return [*([(low, low + left, "guard", 0)] if left else []), (low + left, high - right, "gap", 0),
                *([(high - right, high, "guard", 0)] if right else [])]

    def x(self, iova):
        piece = next((p for p in self.pieces if p.start <= iova < p.end), None)
        if not piece:
            return LEFT if iova < self.pieces[0].start else self.pieces[-1].x + self.pieces[-1].width
        share = (iova - piece.start) / max(1, piece.end - piece.start)
        return piece.x + piece.width * (0.5 if piece.kind in ("gap", "far") else share)


def lengths(mapping):
    """Of the entries: pages, unless the size says something else."""
    count = len(mapping.pages)
    if count == len(mapping.segments):
        return [length for _, length in mapping.segments]
    known = sum(length for _, length in mapping.segments)
    whole = mapping.entries == count and mapping.count == len(mapping.segments)
    if not whole or known == count * PAGE or not count:
        return [PAGE] * count
    return [known / count] * count


def draw(figure):
    """The SVG of a Figure."""
    axis = Axis(figure)
    parts = [ribbons(figure, axis), band(figure, axis), scale(axis), wrong(figure, axis)]
    # Without pages there is nothing above.
    top = 0 if any(m.pages for m in figure.mappings) else LOW - 44
    height = LOW + BAR + 56
    label = f"mapping of {figure.device}: {caption(figure)}"
    return tag("svg", tag("title", escape(label)), *parts, viewBox=f"0 {top} {WIDTH} {height - top}", role="img", class_="mapping",
               tabindex="0")


def shade(n, count):
    """Colours along the list: what the device does not see in this order shows as such."""
    share = n / max(1, count - 1)
    return f"hsl({202 - 45 * share:.0f} {85 - 25 * share:.0f}% {38 + 20 * share:.0f}%)"


def box(x, y, width, height, class_, title, **more):
    return tag("rect", tag("title", escape(title)), x=f"{x:.2f}", y=y, width=f"{max(width, 0.6):.2f}", height=height,
               class_=class_, **more)


def ribbons(figure, axis):
    """Memory: an entry each, in the order of the list; from each a ribbon to where the device sees it."""
    parts, x = [], LEFT
    share = (WIDTH - 2 * LEFT) / max(1, len([m for m in figure.mappings if m.pages]))
    for mapping in figure.mappings:
        if not mapping.pages:
            continue
        cells = lengths(mapping)[:MOST_CELLS]
        rest = mapping.entries - len(cells)
        room = (share - 8) * (max(0.5, len(cells) / mapping.entries) if rest > 0 else 1)
        parts += entries(mapping, figure.access, cells, x, room / (sum(cells) or 1), axis)
        if rest > 0:
            parts += unknown(x + room, share - 8 - room, rest)
        parts.append(tag("text", escape(heading(mapping)), x=x, y=TOP - 14, class_="label"))
        x += share
    if not parts:
        parts.append(tag("text", "memory: its pages are not in the trace" if figure.mappings else "no mapping is known near it", x=LEFT, y=LOW - 20, class_="label"))
    return "".join(parts)


def unknown(x, width, count):
    """Entries that the trace does not have: the kernel writes down 128 of a list."""
    return [box(x, TOP, width, CELL, "guard", f"{count} more entries, which are not in the trace"),
            tag("text", f"{count} more, not in the trace", x=f"{x + width / 2:.1f}", y=TOP + 17, class_="address middle")]


def heading(mapping):
    return f"memory: {'orig_nents = ' if mapping.kind == 'sg' else ''}{plural(mapping.entries, 'entry')}"


def entries(mapping, access, cells, x, scale_, axis):
    parts, place = [], iter(places(mapping, cells))
    left_out = access.entries if access and access.entries else None
    for n, (page, length) in enumerate(zip(mapping.pages, cells)):
        color = shade(n, len(cells))
        width = length * scale_
        missed = left_out and n >= left_out[0]
        where = next(place, None)
        seen = f"; the device sees it at {where:#x}" if where is not None else ""
        parts.append(box(x, TOP, width - (0.6 if width > 3 else 0), CELL, "entry missed" if missed else "entry",
                         f"entry {n}: memory {page:#x}, {size(int(length))}{seen}", fill=None if missed else color))
        if where is not None:
            low, high = axis.x(where), axis.x(where + int(length) - 1)
            parts.append(tag("path", d=f"M{x:.1f} {TOP + CELL}L{low:.1f} {LOW}H{high:.1f}L{x + width:.1f} {TOP + CELL}Z",
                             fill=color, class_="ribbon"))
        x += width
    return parts


def places(mapping, cells):
    """The IOVA of each entry: entries fill one segment after the other."""
    rest = [list(segment) for segment in mapping.segments[:MOST_SEGMENTS]]
    for length in cells:
        if not rest:
            return
        yield int(rest[0][0])
        taken = length
        while rest and taken >= rest[0][1]:
            taken -= rest[0][1]
            rest.pop(0)
        if rest and taken:
            rest[0][0] += taken
            rest[0][1] -= taken


def band(figure, axis):
    """What the device sees."""
    count = sum(mapping.count for mapping in figure.mappings)
    parts = [tag("text", escape(f"device: {'nents = ' if any(m.kind == 'sg' for m in figure.mappings) else ''}"
                                f"{plural(count, 'DMA segment')}"), x=LEFT, y=LOW + BAR + 40, class_="label")]
    for piece in axis.pieces:
        title = f"{piece.start:#x} to {piece.end:#x}, {size(piece.end - piece.start)}"
        if piece.kind == "segment":
            parts.append(box(piece.x, LOW, piece.width, BAR, f"segment owner{piece.owner % 2}", f"segment {title}"))
        elif piece.kind == "guard":
            parts.append(box(piece.x, LOW, piece.width, BAR, "guard", f"guard: {title}, not mapped"))
        else:
            parts.append(box(piece.x, LOW, piece.width, BAR, "gap", f"not of this mapping: {title}"))
            middle = piece.x + piece.width / 2
            parts.append(tag("path", d=f"M{middle - 3:.1f} {LOW + BAR}l4 {-BAR / 2}l-3 0l4 {-BAR / 2}", class_="break"))
    return "".join(parts)


def scale(axis):
    """Addresses below, as many as there is room for."""
    parts, free = [], 0
    for piece in axis.pieces:
        if piece.kind == "segment" and free <= piece.x < WIDTH - 90:
            parts.append(tag("path", d=f"M{piece.x:.1f} {LOW + BAR}v6", class_="tick"))
            parts.append(tag("text", f"{piece.start:#x}", x=f"{piece.x:.1f}", y=LOW + BAR + 18, class_="address"))
            free = piece.x + 104
    last = [piece for piece in axis.pieces if piece.kind == "segment"]
    if last and last[-1].x + last[-1].width - 104 >= free - 100 and last[-1].width > 210:
        x = last[-1].x + last[-1].width
        parts.append(tag("text", f"{last[-1].end:#x}", x=f"{x:.1f}", y=LOW + BAR + 18, class_="address end"))
    return "".join(parts)


def wrong(figure, axis):
    access = figure.access
    if not access:
        return ""
    low, high = axis.x(access.iova), axis.x(access.iova + access.size - 1)
    width = max(high - low, 5)
    low = max(LEFT, min(low, WIDTH - LEFT - width))
    middle = low + width / 2
    kind = access.text.partition(":")[0] if access.source == "finding" else "refused"
    words = f"{kind}: {access.iova:#x}" + (f", {size(access.size)}" if access.size > 1 else "")
    end = "end" if middle > WIDTH * 0.6 else "start" if middle < WIDTH * 0.4 else "middle"
    bottom = LOW + BAR
    return tag("g", box(low, LOW - 6, width, BAR + 12, "wrong", f"{access.text}; at {access.iova:#x}, {size(access.size)}"),
               tag("path", d=f"M{middle:.1f} {bottom + 6}l-7 12h14z", class_="wrong-mark"),
               tag("text", escape(words), x=f"{middle:.1f}", y=bottom + 34, class_="wrong-text", text_anchor=end),
               class_="wrong-access", data_iova=f"{access.iova:#x}", data_size=access.size)


def caption(figure):
    parts = []
    for mapping in figure.mappings:
        kind = f"{mapping.kind}, " if mapping.kind else ""
        ended = "" if mapping.ended is None else ", unmapped since"
        parts.append(f"{mapping.start:#x}, {size(int(mapping.size))} ({kind}{mapping.direction or 'direction not known'}{ended})")
    return "; ".join(parts) or "no mapping is known near it"


def section(run):
    figures = choose(run)
    if not figures:
        return tag("p", "The trace has no mapping to draw: the guest's kernel has no trace points of DMA (6.12 has), or "
                        "did not come to hand them over.", class_="dim")
    parts = [tag("p", "Above, what the driver has in memory, in the order of its list. Below, what the device has, by "
                      "address: <span class='key guard-key'></span> guard pages, <span class='key gap-key'></span> what "
                      "is left out between, <span class='key wrong-key'></span> what should not have been touched. Point at "
                      "a part for its addresses.", class_="dim")]
    for figure in figures:
        title = f"{figure.device}: {figure.access.text}" if figure.access else (
            f"{figure.device}: {figure.mappings[0].entries} entries became "
            f"{plural(figure.mappings[0].count, 'DMA segment')}")
        wanted = figure.access and figure.access.source == "fault" and told.expected(run)
        note = "Refused, as the test that did it wanted." if wanted else ""
        parts.append(tag("figure", tag("h3", escape(title)), draw(figure),
                         tag("figcaption", escape(caption(figure)), " ", escape(note)), class_="map"))
    return "".join(parts)
