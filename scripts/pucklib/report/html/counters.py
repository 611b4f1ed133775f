# SPDX-License-Identifier: GPL-2.0-or-later
"""Numbers of a run: what the IOMMU did, how long things took, what was found."""

import collections
import re

from .tags import code, escape, table, tag

IOMMU = re.compile(r"the IOMMU meanwhile: (.*)")
NUMBER = re.compile(r"(\d+) ([a-z][a-z ]*)")
# (name, hop, hop) of a job.
LATENCIES = (("ioctl to doorbell", "submit", "doorbell"), ("doorbell to the device's first command", "doorbell", "device"),
             ("executed: command to fence", "device", "enter"), ("completion stage: held back", "enter", "complete"),
             ("complete to dma_fence_signal", "complete", "fence_signal"), ("ioctl to dma_fence_signal", "submit", "fence_signal"))
BUCKETS = 22                # by factors of 2, from 1 us on
BAR_WIDTH, BAR_HEIGHT = 11, 44


def of_run(run):
    """{name: number}, of those that two runs can be compared by."""
    found = collections.OrderedDict()
    match = IOMMU.search(run.output)
    for number, name in NUMBER.findall(match[1]) if match else ():
        found[f"IOMMU: {name.strip()}"] = int(number)
    hits, walks = found.get("IOMMU: hits"), found.get("IOMMU: walks")
    if hits and walks is not None:
        found["IOMMU: IOTLB hits, %"] = round(100 * hits / (hits + walks), 1)
    for name, number in (run.facts.get("counters") or {}).items():
        found[f"mapper: {name}"] = number
    events = collections.Counter((one.side, one.kind) for one in run.timeline.events if not one.length)
    for (side, kind), count in sorted(events.items()):
        found[f"{'guest' if side == 'guest' else 'devices'}: {kind}"] = count
    for one in run.facts.get("findings") or []:
        name = f"findings: {one['class']}"
        found[name] = found.get(name, 0) + one["count"]
    return found


def latencies(run):
    """{name: [ns]}."""
    found = {}
    for name, first, last in LATENCIES:
        times = [hops[last] - hops[first] for hops in run.timeline.jobs.values() if first in hops and last in hops]
        if times:
            found[name] = [max(0, time) for time in times]
    waited = [one.length for one in run.timeline.events if one.kind == "wait" and one.length]
    if waited:
        found["waits for a fence"] = waited
    return found


def bucket(ns):
    return min(BUCKETS - 1, max(0, (max(1, ns) // 1000).bit_length()))


def shown(ns):
    return f"{ns / 1e9:.3g} s" if ns >= 1e9 else f"{ns / 1e6:.3g} ms" if ns >= 1e6 else f"{ns / 1e3:.3g} us"


def histogram(times):
    """Bars by powers of two, as SVG."""
    counts = collections.Counter(bucket(ns) for ns in times)
    most = max(counts.values())
    bars = []
    for n in range(BUCKETS):
        height = max(BAR_HEIGHT * counts[n] / most, 1) if counts[n] else 0.4
        title = f"{'under 1 us' if not n else f'{shown(1000 << n - 1)} to {shown(1000 << n)}'}: {counts[n]}"
        bars.append(tag("rect", tag("title", title), x=n * BAR_WIDTH, y=f"{BAR_HEIGHT - height:.1f}",
                        width=BAR_WIDTH - 2, height=f"{height:.1f}", class_="bar" if counts[n] else "bar none"))
    marks = ((0, "1 us"), (10, "1 ms"), (20, "1 s"))
    ends = [tag("text", text, x=n * BAR_WIDTH, y=BAR_HEIGHT + 11, class_="address") for n, text in marks]
    return tag("svg", *bars, *ends, viewBox=f"0 0 {BUCKETS * BAR_WIDTH} {BAR_HEIGHT + 14}", class_="histogram", role="img",
               aria_label=f"{len(times)} times")


def quantile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def section(run):
    parts = []
    rows = [[escape(name), escape(len(times)), code(shown(quantile(times, 0.5))), code(shown(quantile(times, 0.99))),
             code(shown(max(times))), histogram(times)] for name, times in latencies(run).items()]
    if rows:
        head = ("", "times", "median", "99 %", "longest", "1 us to 2 s, by powers of two")
        parts.append(tag("h3", "How long it took") + table(head, rows, "numbers"))
    counts = collections.OrderedDict()
    for name, number in of_run(run).items():
        group, _, what = name.partition(": ")
        counts.setdefault(group, []).append([escape(what), escape(number if isinstance(number, float) else f"{number:,}")])
    parts.append(tag("div", *(tag("div", tag("h3", escape(group)), table(None, rows, "count")) for group, rows in counts.items()),
                     class_="columns"))
    return "".join(parts) + rounds(run)


def rounds(run):
    """The policies that a driver worked under."""
    told = run.facts.get("policies") or []
    words = {0: "good", None: "did not end", 124: "hangs"}
    rows = [[escape(one["name"]), tag("b" if one.get("status") else "span", words.get(one.get("status"), "failed")),
             code(one.get("policy") or "")] for one in told]
    return tag("h3", "Policies") + table(("round", "work", "policy"), rows, "policies") if rows else ""
