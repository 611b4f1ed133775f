# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck report: the page of a run, from its folder, or of two side by side."""

from pathlib import Path

from ..base.util import PuckError, say, write_if_changed
from ..build import chromium
from ..report.html import compare, page
from ..suites.browser import Browser

# Without any of these a folder is none of a run.
LOGS = ("run.json", "console.log", "events.log")


def folder_of(name):
    folder = Path(name).resolve()
    if not any((folder / log).exists() for log in LOGS):
        inside = sorted(str(path.parent.relative_to(folder)) for path in folder.glob("*/run.json"))
        raise PuckError(f"{folder} is no folder of a run" + (f"; it has some in it: {', '.join(inside)}" if inside else ""))
    return folder


def cmd_report(args):
    if (args.part or args.dark) and not args.picture:
        raise PuckError("--part and --dark are of a picture: --picture FILE.png")
    folders = [folder_of(name) for name in args.folders]
    if len(folders) > 2:
        raise PuckError("one run, or two to compare")
    output = Path(args.output) if args.output else None
    if len(folders) == 2:
        place = output or folders[0] / f"compared-with-{folders[1].name}.html"
        write_if_changed(place, compare.page(folders))
    else:
        place = page.write(folders[0], output)
    say(f"{place.stat().st_size // 1024} KiB")
    print(f"report: {place}", flush=True)
    if args.picture:
        photograph(place, args.picture, args.part, args.dark)
        print(f"picture: {args.picture}", flush=True)
    return 0


def photograph(place, picture, part, dark):
    """What a browser shows of the page: all of it, or one part."""
    with Browser(chromium.ensure()) as browser:
        browser.open(place, dark=dark)
        browser.value("window.puck.ready")
        browser.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
        if part and not browser.value(f"!!document.getElementById('{part}')"):
            raise PuckError(f"the page has no part '{part}'")
        browser.picture(picture, selector=f"#{part}" if part else None, whole=not part)
