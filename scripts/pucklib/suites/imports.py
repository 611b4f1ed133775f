# SPDX-License-Identifier: GPL-2.0-or-later
"""Who imports whom in the tool itself: its packages are layers, as the folders of C are.

Between the packages of scripts/pucklib there is no circle of imports, and what is
imported is there. Imports inside a function count like those at the top of a file:
Python would find a missing name only when the function is called.
"""

import ast
from pathlib import Path

from ..base.util import REPO, tree_files
from ..report.verdict import Case
from .layers import TOP, on_circles, sorted_parts

TOOL = "scripts/pucklib"


def bound(body):
    """The names that a file gives to something, in its statements and those below an if or a try."""
    names = set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        else:
            names |= {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
            for more in ("body", "orelse", "finalbody", "handlers"):
                names |= bound(getattr(node, more, []))
    return names


class Module:
    """A file of the tool: what it gives names to, and what of the tool it imports."""

    def __init__(self, folder, path):
        self.path = path                        # relative to the tool
        name = path.with_suffix("").parts
        self.is_package = name[-1] == "__init__"
        self.name = name[:-1] if self.is_package else name
        code = ast.parse((folder / path).read_text(), str(path))
        self.names = bound(code.body)
        self.imports = [found for node in ast.walk(code) for found in self.of_tool(node)]

    def of_tool(self, node):
        """(line, module as a tuple, name or None) of each thing of the tool that an import names."""
        own = Path(TOOL).name
        if isinstance(node, ast.Import):
            for alias in node.names:
                top, *rest = alias.name.split(".")
                if top == own:
                    yield node.lineno, tuple(rest), None
        elif isinstance(node, ast.ImportFrom):
            words = tuple(node.module.split(".")) if node.module else ()
            if node.level:
                home = self.name if self.is_package else self.name[:-1]
                # One dot is the package that the file is in. Too many lead to nothing.
                above = len(home) + 1 - node.level
                words = (home[:above] if above >= 0 else ("..",)) + words
            elif words[:1] == (own,):
                words = words[1:]
            else:
                return
            for alias in node.names:
                yield node.lineno, words, alias.name


class Tool:
    """All its files, and each import as (file, line, module that it ends at)."""

    def __init__(self, root=REPO):
        folder = Path(root) / TOOL
        self.modules = {one.name: one for one in (Module(folder, path) for path in tree_files(folder, (".py",)))}
        self.parts = {self.part(name) for name in self.modules}
        self.imports, self.missing = [], []
        for one in self.modules.values():
            for line, words, name in one.imports:
                target = self.target(words, name)
                where = f"{TOOL}/{one.path}:{line}"
                if target is None:
                    self.missing.append(f"{where}: there is no {'.'.join((*words, *filter(None, [name])))}")
                else:
                    self.imports.append((one.name, where, target))

    def target(self, words, name):
        """The module that `from words import name` is of; None if there is no such thing."""
        if name and words + (name,) in self.modules:
            return words + (name,)
        found = self.modules.get(words)
        return words if found and (not name or name in found.names) else None

    def part(self, name):
        """The package that a module is in; the tool's own files are at the top."""
        return name[0] if len(name) > 1 or (name and self.modules[name].is_package) else TOP

    def edges(self):
        """{(from, to): [(where, module), ...]} between packages."""
        found = {}
        for name, where, target in self.imports:
            pair = self.part(name), self.part(target)
            if pair[0] != pair[1]:
                found.setdefault(pair, []).append((where, ".".join(target)))
        return found


def check_circles(edges):
    circles = on_circles(set(edges))
    text = []
    # The way that few imports go is the one that should not be.
    for pair in sorted(circles, key=lambda pair: (len(edges[pair]), pair)):
        (where, target), *more = edges[pair]
        text.append(f"{where}: {pair[0]} imports {pair[1]} on a circle: {target}"
                    + (f", and {len(more)} more" if more else ""))
    return Case("style.layers", f"imports in {TOOL}", "failed" if text else "passed", "\n".join(text))


def check(root=REPO, tell=lambda _: None):
    """Both cases; `tell` gets the order of the packages if they have one."""
    tool = Tool(root)
    edges = tool.edges()
    after = {part: {end for start, end in edges if start == part} for part in tool.parts}
    parts = sorted_parts(after)
    if parts:
        tell(f"  {TOOL}: imports go from {' to '.join(parts)}")
    return [check_circles(edges), Case("style.layers", f"imported names in {TOOL}",
                                       "failed" if tool.missing else "passed", "\n".join(tool.missing))]
