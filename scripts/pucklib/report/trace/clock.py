# SPDX-License-Identifier: GPL-2.0-or-later
"""One clock for both sides.

The guest's clock and the devices' run at nearly the same speed, from different beginnings.
Both sides tell of the same jobs: a device gets a command after the driver has rung for it, and
a driver signals a fence after the device has completed it. So each job says what the
difference of the clocks is at most, and at least; the line that all agree with is theirs.
"""

from dataclasses import dataclass


@dataclass
class Clock:
    """Device time = guest time + offset + rate * (guest time - since)."""
    offset: float = 0
    rate: float = 0
    since: int = 0
    pairs: int = 0
    wrong: int = 0              # pairs whose effect is before its cause by this clock
    slack: float = 0            # ns, by which it may be wrong: the room that the pairs leave

    def of_guest(self, time):
        return int(time + self.offset + self.rate * (time - self.since))


def once(events, key):
    """{key: time} of what has a key that comes once only."""
    found = {}
    for one in events:
        name = key(one)
        if name is not None:
            found[name] = None if name in found else one.time
    return {name: time for name, time in found.items() if time is not None}


def bounds(guest, host):
    """(at most, at least): lists of (guest's time, difference of the clocks)."""
    first = {}
    for one in host:
        if one.kind == "command" and one.job:
            first.setdefault(one.job, one.time)
    ended = once(host, lambda one: one.job if one.kind == "fence" and one.text.endswith(" complete") else None)
    rung = once(guest, lambda one: one.job if one.at["name"] == "puck_doorbell" else None)
    told = once(guest, lambda one: one.job if one.at["name"] == "puck_fence_signal" else None)
    known = set(rung) & set(first) & set(ended)
    most = [(rung[job], first[job] - rung[job]) for job in known]
    least = [(told[job], ended[job] - told[job]) for job in known & set(told)]
    frames = once(host, lambda one: one.at.get("frame") if one.text.startswith("done ") and one.kind == "camera" else None)
    taken = once(guest, lambda one: one.at.get("frame") if one.at["name"] == "puck_cam_done" else None)
    least += [(taken[number], frames[number] - taken[number]) for number in set(frames) & set(taken)]
    least += heard(guest, host)
    return sorted(most), sorted(least)


def heard(guest, host):
    """Of faults: the IOMMU refuses first, and the driver hears of it."""
    refused = [(one.time, one.at["iova"]) for one in host if one.kind == "fault" and "iova" in one.at]
    told = [(one.time, one.at["iova"]) for one in guest if one.at["name"] == "puck_dma_fault"]
    # The last ones are in both logs, if any are.
    count = min(len(refused), len(told))
    pairs = list(zip(refused[len(refused) - count:], told[len(told) - count:]))
    if [there[1] for there, _ in pairs] != [here[1] for _, here in pairs]:
        return []
    return [(here, there - here) for (there, _), (here, _) in pairs]


def hull(points):
    """The lower convex hull: no line below all points is above it."""
    found = []
    for x, y in points:
        while len(found) > 1 and ((found[-1][0] - found[-2][0]) * (y - found[-2][1])
                                  <= (found[-1][1] - found[-2][1]) * (x - found[-2][0])):
            found.pop()
        found.append((x, y))
    return found


def fit(guest, host):
    """The Clock, or None if no job is told of by both sides."""
    most, least = bounds(guest, host)
    if not most:
        if not least:
            return None
        # From one side alone: as if the quickest of all took no time.
        offset = max(difference for _, difference in least)
        return Clock(offset, pairs=len(least))
    middle = (most[0][0] + most[-1][0]) / 2
    edge = hull(most)
    at = next((n for n in range(1, len(edge)) if edge[n][0] >= middle), 0)
    clock = Clock(edge[0][1], 0, edge[0][0])
    if at:
        (x, y), (right, upper) = edge[at - 1], edge[at]
        # Of a moment's jobs nothing can be said about speed.
        rate = (upper - y) / (right - x) if right - x > 10**8 else 0
        clock = Clock(y if rate else min(d for _, d in most), rate, x)
    gaps = [clock.of_guest(time) - time - difference for time, difference in least]
    clock.pairs, clock.wrong = len(most) + len(least), sum(gap < 0 for gap in gaps)
    clock.slack = max(0, min(gaps)) if gaps else 0
    return clock
