# SPDX-License-Identifier: GPL-2.0-or-later
"""The verdict: what was wrong, where, and the line that has it again."""

import re

from . import classes
from .tags import code, escape, plural, table, tag

MOST_FINDINGS, MOST_PROBLEMS = 40, 12
ICON = {"pass": "\N{CHECK MARK}", "fail": "\N{MULTIPLICATION X}", "error": "!"}
WORD = {"pass": "Passed", "fail": "Failed", "error": "No result"}
ROLES = {"mapped": "mapped by", "unmapped": "unmapped by", "call": "wrong call"}


def wrong(facts):
    return [one for one in facts.get("findings") or [] if not one.get("known")]


# What puck-mirror and kms_camera say of the frames that they have looked at.
FRAMES = re.compile(r"^puck: +(\d+) frames copied whole, (\d+) torn, (\d+) of another frame", re.M)


def torn(run):
    """Of a camera's run, that frames were torn, as some are run to show; or None."""
    found = FRAMES.search(run.output)
    whole, count, others = map(int, found.groups()) if found else (0, 0, 0)
    if not count and not others:
        return None
    return (f"Of {whole + count + others} copies of the camera's frames {count} "
            f"{'is' if count == 1 else 'are'} torn, and {others} of another frame")


def sentence(run):
    """What a reader has to know first."""
    facts = run.facts
    found, problems = wrong(facts), facts.get("problems") or []
    if torn(run):
        return torn(run)
    if facts.get("verdict") == "pass":
        return passed(facts)
    if found:
        return classes.sentence(found[0])
    return shortened(problems[0]) if problems else "The run failed, and its logs do not say why"


def shortened(text):
    return text.splitlines()[0][:300] if text.strip() else "a failure without a text"


def passed(facts):
    rounds = facts.get("policies") or []
    if rounds:
        return f"Nothing wrong was found: {facts.get('driver') or 'the driver'} worked under {plural(len(rounds), 'policy')}"
    return "Nothing wrong was found"


def header(run):
    kind = run.facts.get("verdict")
    kind = kind if kind in ICON else "error"
    word = WORD[kind]
    if kind == "pass" and torn(run):
        kind, word = "error", "Passed, as it was to tear"
    return tag("header", tag("div", ICON[kind], class_="icon", aria_hidden="true"),
               tag("div", tag("p", word, class_="word"), tag("h1", escape(sentence(run))), chips(run)),
               class_=f"verdict {kind}", id="verdict")


def chips(run):
    """What kind of failure, of whom, and on what."""
    facts, found = run.facts, wrong(run.facts)
    said = [("class", found[0]["class"] if found else None), ("device", facts.get("device")), ("driver", facts.get("driver")),
            ("IOMMU", facts.get("iommu")), ("kernel", facts.get("kernel")), ("seed", facts.get("seed")),
            ("took", f"{facts['seconds']:.0f} s" if facts.get("seconds") else None),
            ("began", (facts.get("started") or "").replace("T", " ").replace("+00:00", " UTC") or None)]
    return tag("dl", *(tag("div", tag("dt", escape(name)), tag("dd", escape(value))) for name, value in said
                       if value not in (None, "")), class_="chips")


def section(run):
    facts = run.facts
    parts = [again(run)]
    found = facts.get("findings") or []
    parts += [finding(run, one) for one in found[:MOST_FINDINGS]]
    if len(found) > MOST_FINDINGS:
        parts.append(tag("p", f"and {len(found) - MOST_FINDINGS} more, in console.log"))
    problems = list(dict.fromkeys(facts.get("problems") or []))[:MOST_PROBLEMS]
    if problems:
        items = (tag("li", tag("pre", escape(text[:2000]))) for text in problems)
        parts.append(tag("h3", "Why it did not pass") + tag("ul", *items))
    # Of findings the lines are above; a splat has many lines.
    if len(run.splat) > 1 and facts.get("verdict") != "pass" and not (wrong(facts) and run.splat_is_a_line):
        parts.append(tag("h3", "What the kernel said") + tag("pre", escape("\n".join(run.splat[:80])), class_="log"))
    if not found and not problems:
        parts.append(said_by_guest(run))
    return "".join(filter(None, parts))


def again(run):
    """Lines to be copied: the same once more, and of a finding the one policy that shows it."""
    lines = [("the same run", line) for line in [run.facts.get("command")] if line]
    policy = policy_of(run)
    if policy:
        lines.append(("this alone", policy))
    lines.append(("from its folder", f"scripts/puck repro {run.folder}"))
    rows = [[tag("span", escape(name), class_="dim"),
             tag("code", escape(line), class_="line"), tag("button", "copy", class_="copy", type="button", hidden="")]
            for name, line in lines]
    return tag("h3", "Again") + table(None, rows, "again")


def policy_of(run):
    """The line with the policy of the first round in which the first finding came."""
    found, command = wrong(run.facts), run.facts.get("command") or ""
    rounds = found[0].get("policies") if found else None
    if not rounds or "--dma" in command or " run " not in f"{command} ":
        return None
    policy = next((one["policy"] for one in run.facts.get("policies") or [] if one["name"] == rounds[0]), None)
    return f"{command} --dma {policy}" if policy and "fail" not in rounds[0] else None


def finding(run, one):
    title = tag("h3", tag("span", escape(one["class"]), class_="class"), " ", escape(classes.sentence(one)))
    often = "once" if one["count"] == 1 else f"{one['count']} times"
    after = f", first after {one['after']:.1f} s" if one.get("after") is not None else ""
    under = f", under {', '.join(one['policies'])}" if one.get("policies") else ""
    parts = [title, tag("p", code(one["text"]), class_="said"),
             tag("p", escape(f"{one['device']}: {often}{after}{under}"), class_="dim")]
    if one.get("known"):
        parts.append(tag("p", "A bug that is known of this driver, and no failure (docs/findings.rst)."))
    if one.get("why"):
        parts.append(tag("p", escape(f"A suspect that is told because {one['why']}.")))
    parts += [tag("p", escape(what), class_="dim") for what in [one.get("no_lines")] if what]
    parts += [stack(run, one, role) for role in ROLES if role in (one.get("places") or {})]
    return tag("article", *parts, class_="finding known" if one.get("known") else "finding")


def stack(run, one, role):
    """The call, and from where it came, as far as it is known."""
    place = one["places"][role]
    rows = [[tag("b", ROLES[role]), code(place["function"] + "()"), code(place.get("line") or place.get("module") or "")]]
    frames = (one.get("stacks") or {}).get(role, [])[1:]
    theirs = [frame for frame in frames if frame.get("line") or frame.get("module")]
    rows += [[tag("span", "from", class_="dim"), code(frame["function"] + "()"), code(frame.get("line") or frame["module"])]
             for frame in theirs]
    return table(None, rows, "stack") + kernels([frame["function"] for frame in frames if frame not in theirs])


def kernels(functions):
    """The rest of a stack, which is the kernel's own."""
    return tag("p", "from ", code(" \N{LEFTWARDS ARROW} ".join(functions)), class_="dim kernels") if functions else ""


def said_by_guest(run):
    """What the guest reported, of a run without a finding."""
    lines = [line[6:] for line in run.output.splitlines() if line.startswith("puck: ")]
    if not lines:
        return None
    return tag("h3", "What it saw") + tag("pre", escape("\n".join(lines[:140])), class_="log")


def expected(run):
    """Whether the run's own tests provoke faults on purpose: then these are no failures."""
    return run.facts.get("verdict") == "pass" or bool(re.search("puck-expect: begin", run.console))
