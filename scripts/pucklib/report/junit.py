# SPDX-License-Identifier: GPL-2.0-or-later
"""Results as JUnit XML: what CI systems read. docs/reports.rst says what is in it."""

import datetime
import platform
import re
import xml.etree.ElementTree as xml

from . import verdict


def write(cases, path, properties=None, start=None):
    """One testsuite for each suite of the cases. `properties` are of the whole run."""
    suites = {}
    for case in cases:
        suites.setdefault(case.suite, []).append(case)
    stamp = (start or datetime.datetime.now(datetime.timezone.utc)).isoformat(timespec="seconds")
    root = xml.Element("testsuites", counts(cases))
    for name, members in suites.items():
        add_suite(root, name, members, stamp, properties or {})
    xml.indent(root)
    path.write_bytes(xml.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n")


def counts(cases):
    """What testsuites and testsuite say of their cases."""
    count = {result: sum(c.result == result for c in cases) for result in (*verdict.RESULTS, verdict.NOTE)}
    return {"tests": str(len(cases) - count["note"]), "failures": str(count["failed"]), "errors": str(count["error"]),
            "skipped": str(count["skipped"]), "time": f"{sum(c.seconds for c in cases):.3f}"}


def add(parent, tag, text=None, **attributes):
    """An element; what it says comes from the guest, and may be anything."""
    element = xml.SubElement(parent, tag, {key: printable(value) for key, value in attributes.items()})
    if text is not None:
        element.text = printable(text)
    return element


def add_suite(root, name, members, stamp, properties):
    suite = add(root, "testsuite", name=name, **counts(members), timestamp=stamp, hostname=platform.node())
    if properties:
        group = add(suite, "properties")
        for key, value in properties.items():
            add(group, "property", name=key, value=value)
    for case in members:
        if case.result != verdict.NOTE:
            add_outcome(add(suite, "testcase", classname=name, name=case.name, time=f"{case.seconds:.3f}"), case)
    notes = [f"{case.name}: {case.detail}" for case in members if case.result == verdict.NOTE]
    if notes:
        add(suite, "system-out", "\n".join(notes))


def add_outcome(element, case):
    """A failed test is a failure; that there is no result, for trouble elsewhere, is an error."""
    tag = {"failed": "failure", "error": "error"}.get(case.result)
    if tag:
        add(element, tag, case.detail, message=next(iter(case.detail.splitlines()), "") or case.result)
    elif case.result == "skipped":
        add(element, "skipped", message=case.detail)


def printable(value):
    """XML 1.0 takes neither control characters nor halves of characters."""
    return re.sub("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", str(value))
