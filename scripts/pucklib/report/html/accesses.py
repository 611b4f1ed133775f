# SPDX-License-Identifier: GPL-2.0-or-later
"""What went wrong with addresses: accesses that were refused, and calls that name wrong bytes."""

import re
from dataclasses import dataclass

from ..names import Devices

HEAD = re.compile(r"(0x[0-9a-f]+)(?:\+(0x[0-9a-f]+))?(?: \((\w+)(?:, (\d+) entr\w+)?, ([a-z-]+)[^)]*\))?")
VERBS = {1: "read from", 2: "wrote to"}
# In the text of a finding, behind the mapping.
DID = re.compile(r"the device (read from|wrote to|accessed) (0x[0-9a-f]+|it\b)")
SYNCED = re.compile(r"synced (0x[0-9a-f]+)\+(0x[0-9a-f]+)")
BYTES = re.compile(r"unmapped with (\d+) bytes")
ENTRIES = re.compile(r"(?:unmapped|synced) with (\d+) entries, (\d+) expected")
CHANGED = re.compile(r"changed (\d+) bytes from \+(0x[0-9a-f]+) on")
BEHIND = re.compile(r"wrote (\d+) bytes (behind|in front of) (?:entry (\d+) of (\d+) bytes|it), from \+(0x[0-9a-f]+) on")
# Nearer than this to a mapping an access is a miss of it, and not of anything else.
NEAR = 16 * 4096


@dataclass
class Access:
    """Bytes that were touched, or named, and should not have been. Of a list whose count of entries was
    wrong `entries` are those that were left out."""
    device: str
    iova: int
    size: int
    text: str
    time: int = None
    mapping: tuple = None       # (address, size) as a finding has it
    entries: tuple = None       # (from, to)
    direction: str = None
    policies: tuple = ()        # names of those under which it came
    source: str = "finding"


def of_finding(one, devices, events=()):
    """The Access of a finding, or None if its text names no address. When it was the trace may know."""
    head, _, rest = one["text"].partition("): ")
    rest = rest or one["text"].partition(": ")[2]
    match = HEAD.match(head + ")") or HEAD.match(head)
    if not match:
        return None
    start, size = int(match[1], 16), int(match[2] or "0", 16)
    access = Access(devices.name(one["device"]), start, max(size, 1), f"{one['class']}: {rest}",
                    mapping=(start, size) if size else None)
    access.iova, access.size, access.entries = narrowed(rest, start, size)
    access.direction, access.policies = match[5], tuple(one.get("policies") or ())
    access.time = next((event.time for event in events if event.kind == "finding" and one["text"][:120] in event.text), None)
    return access


def narrowed(text, start, size):
    """(address, bytes, entries) of what is wrong, within or beside what is mapped."""
    did, synced, unmapped = DID.search(text), SYNCED.search(text), BYTES.search(text)
    entries, changed, behind = ENTRIES.search(text), CHANGED.search(text), BEHIND.search(text)
    if did:
        return (start if did[2] == "it" else int(did[2], 16)), 1, None
    if synced:
        return *outside(int(synced[1], 16), int(synced[2], 16), start, size), None
    if changed:
        return start + int(changed[2], 16), int(changed[1]), None
    if behind:
        return start + size + (int(behind[5], 16) if not behind[3] else 0), int(behind[1]), None
    if unmapped and int(unmapped[1]) != size:
        # What is too much, or what was left.
        less, more = sorted((int(unmapped[1]), size))
        return start + less, more - less, None
    if entries:
        return start, max(size, 1), (int(entries[1]), int(entries[2]))
    return start, max(size, 1), None


def outside(iova, count, start, size):
    """(address, bytes) of what is not in a mapping, or all of it if it lies apart."""
    end, last = start + size, iova + count
    if start <= iova < end < last:
        return end, last - end
    return (iova, start - iova) if iova < start < last <= end else (iova, count)


def refused(events, devices):
    """Accesses that the IOMMU refused, as the devices' log has them, or else the guest."""
    found = []
    for one in events:
        at = one.at
        if one.kind == "fault" and "requester" in at and "iova" in at:
            found.append(Access(devices.name(Devices.of_requester(at["requester"])), at["iova"], 1,
                                f"the device {VERBS.get(at.get('want'), 'accessed')} {at['iova']:#x}, and the IOMMU refused it "
                                f"(reason {at.get('reason')})", one.time, source="fault"))
        elif at.get("name") == "puck_dma_fault" and "iova" in at:
            found.append(Access(one.lane[0], at["iova"], 1, f"an access to {at['iova']:#x} was refused", one.time, source="heard"))
    return [one for one in found if one.source == "fault"] or found


def of_run(run):
    """Those of findings first, then refused ones, each address once."""
    found = [one for one in run.facts.get("findings") or [] if not one.get("known")]
    told = [of_finding(one, run.devices, run.timeline.events) for one in found]
    known, chosen = set(), []
    for access in [*filter(None, told), *refused(run.timeline.events, run.devices)]:
        key = access.device, access.iova >> 12
        if key not in known:
            known.add(key)
            chosen.append(access)
    return chosen
