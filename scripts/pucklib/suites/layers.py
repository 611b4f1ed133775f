# SPDX-License-Identifier: GPL-2.0-or-later
"""Who includes and who calls whom, found in the sources: folders are layers.

No file includes a header of a folder above it, and between folders that lie beside
each other there is no circle of calls, but for the calls that docs/architecture.rst
names with a reason. A call is any use of a function that another folder defines, in
a body, an initializer or a macro: a function that is handed over will be called.
"""

import bisect
import functools
import re
from pathlib import Path

from ..base.util import REPO, tree_files
from ..report.verdict import Case

# Where sub-folders have an order, and so have theirs.
ROOTS = ("qemu-device", "guest-driver")
CODE = ("qemu-device", "guest-driver", "include", "test-images", "tests")
# Where the files of a folder itself stand among its sub-folders.
TOP = "."
PAGE = "docs/architecture.rst"
TABLE = "Calls against the order"

# Comments, and strings with what they contain.
NO_CODE = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'", re.S)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)
MACRO = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*\n?", re.M)
DEFINE = re.compile(r"[ \t]*#[ \t]*define[ \t]+(\w+)(\([^)]*\))?")
BRACE = re.compile(r"[{};]")
WORD = re.compile(r"\b[A-Za-z_]\w*")
# A body that belongs to a type has members, which may be called what a function is.
TYPE = re.compile(r"\b(struct|union|enum)\b[^()=;]*$")
CALL = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
# A macro that stands by itself, type_init(x) or module_init(x): what else has no type before it?
ALONE = re.compile(r"^[A-Za-z_]\w*[ \t]*\([^(){};]*\)", re.M)
# What stands before a function's body with parentheses, and is not its name.
NOTES = re.compile(r"__\w+__|__must_hold|__releases|__acquires|__printf|__aligned|G_GNUC_\w+|VISIBLE_IF_KUNIT|"
                   r"coroutine_fn|KUNIT_\w+")


def blank(found):
    """As many lines and columns, but nothing in them."""
    return re.sub(r"[^\n]", " ", found.group())


class Source:
    """A C file: what it includes, what it defines for others, and what it uses."""

    def __init__(self, root, path):
        self.path = path
        self.text = (root / path).read_text(errors="replace")
        bare = NO_CODE.sub(blank, self.text)
        self.starts = [0] + [at.end() for at in re.finditer("\n", self.text)]
        # Where a comment was is nothing in `bare`: an include of a comment is none.
        self.includes = [(at.group(1), self.line(at.start())) for at in INCLUDE.finditer(self.text)
                         if bare[at.start():at.end()].strip()]
        self.defined = set()    # functions, and macros that look like them
        self.own = set()        # functions that nobody else sees
        self.uses = []          # (name, line), in bodies, initializers and macros
        for macro in MACRO.finditer(bare):
            head = DEFINE.match(macro.group())
            if head and head.group(2) and path.suffix == ".h":
                self.defined.add(head.group(1))
            if head:
                self.add_uses(bare, macro.start() + head.end(), macro.end())
        self.scan(MACRO.sub(blank, bare))

    def line(self, offset):
        return bisect.bisect_right(self.starts, offset)

    def add_uses(self, code, start, end):
        for word in WORD.finditer(code, start, end):
            before = code[:word.start()].rstrip()[-2:]
            if not before.endswith((".", "->")):
                self.uses.append((word.group(), self.line(word.start())))

    def scan(self, code):
        for macro in ALONE.finditer(code):
            self.add_uses(code, *macro.span())
        depth, begin, body = 0, 0, 0    # begin: of what stands before a brace at depth 0
        for brace in BRACE.finditer(code):
            sign, at = brace.group(), brace.start()
            if sign == "{":
                if not depth:
                    body = at
                depth += 1
            elif sign == "}":
                depth = max(0, depth - 1)
                if not depth:
                    self.top_level(code, begin, body, at)
                    # An initializer has more behind it, a function has not.
                    begin = at + 1
            elif not depth:
                value = code.find("=", begin, at)
                if value >= 0:
                    self.add_uses(code, value, at)
                begin = at + 1

    def top_level(self, code, begin, body, end):
        head = code[begin:body]
        if TYPE.search(head):
            return
        if "=" not in head:
            self.define(head)
        self.add_uses(code, body, end)

    def define(self, head):
        names = [name for name in CALL.findall(head) if not NOTES.fullmatch(name)]
        if names:
            own = "static" in head.split() and self.path.suffix == ".c"
            (self.own if own else self.defined).add(names[0])


class Tree:
    """The sources below a folder."""

    def __init__(self, root=REPO, folders=CODE):
        self.root = Path(root)
        self.sources = [Source(self.root, Path(folder) / rel) for folder in folders if (self.root / folder).is_dir()
                        for rel in tree_files(self.root / folder, (".c", ".h"))]
        self.headers = {source.path for source in self.sources if source.path.suffix == ".h"}

    def header(self, path, name):
        """The header that a file includes by this name; None if it is not of this tree."""
        if name.startswith("hw/puck/"):         # as QEMU's tree has qemu-device/
            name = "qemu-device/" + name.removeprefix("hw/puck/")
        # Beside the file, then as the builds look: in the folders above it.
        for folder in (*path.parents, Path("include"), Path("include/uapi")):
            found = normal(folder / name)
            if found in self.headers:
                return found
        return None


def normal(path):
    parts = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        else:
            parts.append(part)
    return Path(*parts)


def includes_from_above(tree):
    """(file, line, header): a header is for its own folder, those beside and those above."""
    found = []
    for source in tree.sources:
        for name, line in source.includes:
            header = tree.header(source.path, name)
            if header and header.parent != source.path.parent and header.parent in source.path.parents:
                found.append((source.path, line, header))
    return found


def groups(tree):
    """Folders that have parts: those below the roots with sources in sub-folders."""
    folders = {folder for source in tree.sources for folder in source.path.parent.parents}
    return sorted(str(folder) for folder in folders if folder.parts and folder.parts[0] in ROOTS)


def part_of(group, path):
    """Which part of a group a file is in; None if it is in none."""
    parts = path.parts[len(Path(group).parts):]
    if not path.is_relative_to(group):
        return None
    return parts[0] if len(parts) > 1 else TOP


def calls(tree, group):
    """{(from, to, function): [file:line, ...]} between the parts of a group."""
    inside = [(part_of(group, source.path), source) for source in tree.sources if part_of(group, source.path)]
    homes = {}
    for part, source in inside:
        for name in source.defined:
            homes.setdefault(name, set()).add(part)
    found = {}
    for part, source in inside:
        for name, line in source.uses:
            # What several parts define is each one's own: of modules apart, or a stub.
            if name not in source.own and part not in homes.get(name, {part}):
                for home in homes[name]:
                    found.setdefault((part, home, name), []).append(f"{source.path}:{line}")
    return found


def on_circles(edges):
    """Those of the (from, to) pairs by which one comes back to where one was."""
    after = {}
    for start, end in edges:
        after.setdefault(start, set()).add(end)

    @functools.lru_cache(maxsize=None)
    def reached(start):
        seen, new = set(), {start}
        while new:
            new = set().union(*(after.get(node, ()) for node in new)) - seen
            seen |= new
        return seen

    return {(start, end) for start, end in edges if start in reached(end)}


class Named:
    """A row of the page's table: calls against the order, and why they are there."""

    def __init__(self, line, cells):
        group, self.start, self.end, names, self.why = cells
        self.line, self.group, self.names = line, group.rstrip("/"), re.findall(r"\w+", names)

    def calls(self):
        return [(self.start, self.end, name) for name in self.names]


def table_rows(page):
    """(line, cells) of the list-table that TABLE is the title of, without its head."""
    lines = page.splitlines()
    at = next((n for n, line in enumerate(lines) if line == f".. list-table:: {TABLE}"), len(lines))
    rows = []
    for number, line in enumerate(lines[at + 1:], at + 2):
        if line and not line.startswith(" "):
            break
        cell = re.match(r"   (\*| ) - ?(.*)", line)
        if cell and cell.group(1) == "*":
            rows.append((number, [cell.group(2)]))
        elif cell and rows:
            rows[-1][1].append(cell.group(2))
        elif rows and line.strip():
            rows[-1][1][-1] += " " + line.strip()
    return [(number, [cell.replace("`", "").strip() for cell in cells]) for number, cells in rows[1:]]


def named_calls(page, known):
    """What the page names, and cases of rows that cannot be read or are of no group that is known."""
    named, bad = [], []
    for line, cells in table_rows(page):
        if len(cells) == 5 and all(cells) and cells[0].rstrip("/") in known:
            named.append(Named(line, cells))
        else:
            bad.append(Case("style.layers", f"{PAGE}:{line}", "failed",
                            f"{PAGE}:{line}: wanted are one of {', '.join(known)}, from, to, functions and why"))
    return named, bad


def check_includes(tree):
    bad = includes_from_above(tree)
    if not bad:
        return [Case("style.layers", "includes", "passed")]
    return [Case("style.layers", f"{path}:{line}", "failed",
                 f"{path}:{line}: includes {header}, of a folder above") for path, line, header in bad]


def check_circles(group, found, named):
    """One case: circles of the calls found that the named ones do not explain, and names of calls that are on none."""
    circles = on_circles({(start, end) for start, end, _ in found})
    text = [f"{PAGE}:{row.line}: {group}: {start} calls {end} by {name}(): there is no such call on a circle any more"
            for row in named for start, end, name in row.calls()
            if (start, end, name) not in found or (start, end) not in circles]
    rest = unnamed(found, named)
    circles = on_circles({(start, end) for start, end, _ in rest})
    pairs = [call[:2] for call in rest]
    # The way that few calls go is the one that should not be.
    for call in sorted(rest, key=lambda call: (pairs.count(call[:2]), call)):
        if call[:2] in circles:
            first, *more = rest[call]
            text.append(f"{first}: {call[0]} calls {call[1]} on a circle: {call[2]}()"
                        + (f", and {len(more)} more" if more else ""))
    return Case("style.layers", f"calls in {group}", "failed" if text else "passed", "\n".join(text))


def unnamed(found, named):
    allowed = {call for row in named for call in row.calls()}
    return {call: where for call, where in found.items() if call not in allowed}


def sorted_parts(after):
    """The keys of {part: parts that come after it}, in such an order; None if there is none."""
    parts = []
    while after:
        free = sorted(part for part in after if not any(part in ends for ends in after.values()))
        if not free:
            return None
        parts += free
        after = {part: ends for part, ends in after.items() if part not in free}
    return parts


def order(tree, group, found, named):
    """The parts, each before those that it calls but by named calls; None if there is no such order."""
    after = {part_of(group, source.path): set() for source in tree.sources if part_of(group, source.path)}
    for start, end, _ in unnamed(found, named):
        after[start].add(end)
    return sorted_parts(after)


def check(root=REPO, tell=lambda _: None):
    """All cases; `tell` gets the order of each group that has one, of two parts or more."""
    tree = Tree(root)
    page = Path(root) / PAGE
    named, cases = named_calls(page.read_text() if page.exists() else "", groups(tree))
    cases += check_includes(tree)
    for group in groups(tree):
        rows = [row for row in named if row.group == group]
        found = calls(tree, group)
        cases.append(check_circles(group, found, rows))
        parts = order(tree, group, found, rows)
        if parts and len(parts) > 1:
            tell(f"  {group}: calls go from {' to '.join(parts)}")
    return cases
