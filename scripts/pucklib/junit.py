# SPDX-License-Identifier: GPL-2.0-or-later
"""Results as JUnit XML: what CI systems read. docs/reports.rst says what is in it."""

import datetime
import platform
import re
from xml.sax.saxutils import escape, quoteattr

from . import verdict


def write(cases, path, properties=None, start=None):
    """One testsuite for each suite of the cases. `properties` are of the whole run."""
    suites = {}
    for case in cases:
        suites.setdefault(case.suite, []).append(case)
    stamp = (start or datetime.datetime.now(datetime.timezone.utc)).isoformat(timespec="seconds")
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites {counts(cases)}>"]
    for name, members in suites.items():
        lines += testsuite(name, members, stamp, properties or {})
    path.write_text("\n".join([*lines, "</testsuites>"]) + "\n")


def counts(cases):
    """What testsuites and testsuite say of their cases."""
    count = {result: sum(c.result == result for c in cases) for result in (*verdict.RESULTS, verdict.NOTE)}
    return (f'tests="{len(cases) - count["note"]}" failures="{count["failed"]}" errors="{count["error"]}" '
            f'skipped="{count["skipped"]}" time="{sum(c.seconds for c in cases):.3f}"')


def testsuite(name, members, stamp, properties):
    lines = [f"  <testsuite name={attribute(name)} {counts(members)} timestamp=\"{stamp}\" "
             f"hostname={attribute(platform.node())}>"]
    if properties:
        lines += ["    <properties>",
                  *[f"      <property name={attribute(key)} value={attribute(value)}/>"
                    for key, value in properties.items()], "    </properties>"]
    lines += [f"    <testcase classname={attribute(name)} name={attribute(case.name)} "
              f"time=\"{case.seconds:.3f}\">{outcome(case)}</testcase>"
              for case in members if case.result != verdict.NOTE]
    notes = [f"{case.name}: {case.detail}" for case in members if case.result == verdict.NOTE]
    if notes:
        lines.append(f"    <system-out>{escape(printable(chr(10).join(notes)))}</system-out>")
    return [*lines, "  </testsuite>"]


def outcome(case):
    """A failed test is a failure; that there is no result, for trouble elsewhere, is an error."""
    detail = printable(case.detail)
    tag = {"failed": "failure", "error": "error"}.get(case.result)
    if tag:
        first = detail.splitlines()[0] if detail else case.result
        return f"<{tag} message={attribute(first)}>{escape(detail)}</{tag}>"
    if case.result == "skipped":
        return f"<skipped message={attribute(detail)}/>"
    return ""


def attribute(text):
    return quoteattr(printable(str(text)), {"\n": "&#10;"})


def printable(text):
    """XML 1.0 takes no control characters."""
    return re.sub(r"[^\t\n\x20-\ud7ff\ue000-\ufffd]", "?", text)
