# SPDX-License-Identifier: GPL-2.0-or-later
"""DMA mappings as the guest's trace tells of them: pages, segments, and from when to when."""

import re
from dataclasses import dataclass, field

ARRAY = re.compile(r"(dma_addrs|sizes|phys_addrs)=\{([^}]*)\}")
FULL = re.compile(r"nents=\d+/(\d+) ents=\d+/(\d+)")
HEX = re.compile(r"(dma_addr|phys_addr|size)=([0-9a-f]+)")
DIRECTION = {"TO_DEVICE": "to-device", "FROM_DEVICE": "from-device", "BIDIRECTIONAL": "bidirectional"}
PAGE = 4096


@dataclass
class Mapping:
    """`segments` are (IOVA, length); `pages` are physical addresses, one for each entry."""
    device: str
    time: int
    kind: str
    direction: str
    segments: list
    pages: list = field(default_factory=list)
    entries: int = 1
    count: int = 1              # of segments; the trace has the first 128
    ended: int = None
    number: int = None          # the mapper's
    event: object = None

    @property
    def first(self):
        """The address that the driver knows it by."""
        return self.segments[0][0]

    @property
    def start(self):
        return min(start for start, _ in self.segments)

    @property
    def end(self):
        return max(start + length for start, length in self.segments)

    @property
    def size(self):
        return sum(length for _, length in self.segments)

    def holds(self, iova, room=0):
        return any(start - room <= iova < start + length + room for start, length in self.segments)


def numbers(text, base=16):
    return [int(word, base) for word in text.replace("0x", "").split(",") if word]


def listed(one):
    """The Mapping of a dma_map_sg; None of one that failed or cannot be read."""
    arrays = {name: numbers(text) for name, text in ARRAY.findall(one.text)}
    full = FULL.search(one.text)
    segments = list(zip(arrays.get("dma_addrs", ()), arrays.get("sizes", ())))
    if not segments:
        return None
    pages = arrays.get("phys_addrs", [])
    return Mapping(one.lane[0], one.time, "sg", direction(one.text), segments, pages,
                   int(full[1]) if full else len(pages), int(full[2]) if full else len(segments), event=one)


def direction(text):
    word = re.search(r"dir=(\w+)", text)
    return DIRECTION.get(word[1], word[1]) if word else ""


def single(one):
    values = dict(HEX.findall(one.text))
    size = re.search(r"\bsize=(\d+)", one.text)
    if "dma_addr" not in values or not size:
        return None
    pages = [int(values["phys_addr"], 16)] if "phys_addr" in values else []
    return Mapping(one.lane[0], one.time, "page", direction(one.text), [(int(values["dma_addr"], 16), int(size[1]))], pages,
                   event=one)


def told(one):
    """That of the mapper, which knows no pages."""
    at = one.at
    if not at.get("size"):
        return None
    kind = re.search(r"kind=(\S+)", one.text)
    return Mapping(one.lane[0], one.time, kind[1] if kind else "", (re.search(r"dir=(\S+)", one.text) or ["", ""])[1],
                   [(at["iova"], at["size"])], [], at.get("entries", 1), at.get("segments", 1), number=at.get("mapping"), event=one)


def read(events):
    """All Mappings, in the order of time; what the mapper says of one is added to what the DMA API does."""
    found, live, last = [], {}, {}
    for one in events:
        name = one.at.get("name", "")
        if one.kind == "unmap":
            end(live, one)
            continue
        make = {"dma_map_sg": listed, "dma_map_page": single, "dma_map_phys": single, "puck_dma_map": told}.get(name)
        mapping = make(one) if make else None
        if not mapping:
            continue
        # The mapper is called by the DMA API, in the same task.
        before = last.pop((mapping.device, one.at["pid"]), None)
        if name == "puck_dma_map":
            last[mapping.device, one.at["pid"]] = mapping
        elif before and before.first == mapping.first:
            before.segments, before.pages, before.kind = mapping.segments, mapping.pages, mapping.kind
            before.entries, before.count = mapping.entries, mapping.count
            continue
        found.append(mapping)
        live[mapping.device, mapping.first] = mapping
        if mapping.pages:
            live[mapping.device, "page", mapping.pages[0]] = mapping
    return found


def end(live, one):
    values = dict(HEX.findall(one.text))
    array = dict(ARRAY.findall(one.text)).get("phys_addrs")
    if one.at["name"] == "puck_dma_unmap":
        key = one.lane[0], one.at.get("iova")
    elif "dma_addr" in values:
        key = one.lane[0], int(values["dma_addr"], 16)
    elif array:
        key = one.lane[0], "page", numbers(array)[0]
    else:
        return
    mapping = live.get(key)
    if mapping and mapping.ended is None:
        mapping.ended = one.time
