# SPDX-License-Identifier: GPL-2.0-or-later
"""The events as a Perfetto trace: TrackEvents in the protobuf encoding, which is little.

Numbers of fields are those of Perfetto's protos/perfetto/trace/: Trace.packet = 1;
TracePacket.timestamp = 8, trusted_packet_sequence_id = 10, track_event = 11,
sequence_flags = 13, track_descriptor = 60; TrackDescriptor.uuid = 1, name = 2,
parent_uuid = 5; TrackEvent.debug_annotations = 4, type = 9, track_uuid = 11,
categories = 22, name = 23, flow_ids = 47; DebugAnnotation.string_value = 6, name = 10.
"""

from .event import GUEST

BEGIN, END, INSTANT = 1, 2, 3
SEQUENCE = 1
CLEARED = 1                 # SEQ_INCREMENTAL_STATE_CLEARED
MOST, MOST_TEXT = 400_000, 400


SMALL = [bytes((value,)) for value in range(0x80)]


def varint(value):
    if 0 <= value < 0x80:
        return SMALL[value]
    value &= (1 << 64) - 1
    parts = bytearray()
    while value > 0x7f:
        parts.append(value & 0x7f | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)


def number(field, value):
    return varint(field << 3) + varint(value)


def data(field, value):
    raw = value.encode(errors="replace") if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def fixed(field, value):
    return varint(field << 3 | 1) + value.to_bytes(8, "little")


ANNOTATION = data(10, "event")


def packet(body, first=False):
    return data(1, body + number(10, SEQUENCE) + (number(13, CLEARED) if first else b""))


class Writer:
    """Tracks are made when they are named first: one for each device, below it one for each lane."""

    def __init__(self):
        self.parts, self.tracks, self.flows, self.words = [], {}, {}, {}

    def track(self, *path):
        known = self.tracks.get(path)
        if known is None:
            parent = self.track(*path[:-1]) if path[1:] else None
            known = self.tracks[path] = len(self.tracks) + 1
            body = number(1, known) + data(2, path[-1]) + (number(5, parent) if parent else b"")
            self.parts.append(packet(data(60, body), first=known == 1))
        return known

    def add(self, time, kind, track, what=b"", job=None):
        body = number(9, kind) + number(11, track) + what
        if job:
            body += fixed(47, self.flows.setdefault(job, len(self.flows) + 1))
        self.parts.append(packet(number(8, max(0, time)) + data(11, body)))

    def what(self, category, name, text):
        """An event's words; many events have the same."""
        key = category, name, text
        known = self.words.get(key)
        if known is None:
            known = self.words[key] = data(22, category) + data(23, name) + data(4, ANNOTATION + data(6, text))
        return known


def lane_of(one):
    """Spans of a lane may overlap there, which slices of a track cannot."""
    device, what = one.lane
    side = "driver" if one.side == GUEST else "device"
    return (device, what or "other") if device == "waits" else (device, f"{what} {side}".strip())


def free(ends, time):
    """The first of a lane's rows in which nothing lasts any more."""
    row = next((n for n, end in enumerate(ends) if end <= time), len(ends))
    if row == len(ends):
        ends.append(0)
    return row


def encode(timeline):
    """The bytes of the file; none without events."""
    writer, rows, ends = Writer(), {}, []
    for one in timeline.events[-MOST:]:
        lane, name = lane_of(one), one.text.split(" ", 1)[0] if not one.length else one.text
        if one.length:
            taken = rows.setdefault((lane, one.kind), [])
            row = free(taken, one.time)
            taken[row] = one.time + one.length
            track = writer.track(*lane, one.kind + (f" {row + 1}" if row else ""))
            ends.append((one.time + one.length, track))
            writer.add(one.time, BEGIN, track, writer.what(one.kind, name, one.text), one.job)
        elif one.kind != "register":
            writer.add(one.time, INSTANT, writer.track(*lane), writer.what(one.kind, name, one.text[:MOST_TEXT]), one.job)
    for time, track in ends:
        writer.add(time, END, track)
    return b"".join(writer.parts)
