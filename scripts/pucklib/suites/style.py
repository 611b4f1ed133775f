# SPDX-License-Identifier: GPL-2.0-or-later
"""The style suite: what a reviewer would send back unread."""

import re
import subprocess
import sys
from pathlib import Path

from ..base import children
from ..base.util import REPO, PuckError, cpus, digest, doing, in_parallel, say, tree_files
from ..build import kernel, modules, qemu_stock
from ..report.verdict import Case
from . import imports, layers, passes

MAX_FILE = 800
LONG_FUNCTION = 80
SHORT_FUNCTION = 50
# Drivers for the guest's kernel, among the tests of the host.
CATALOGUE = "tests/catalogue"
# What kernel maintainers' checkpatch asks for that does not fit a tree of its own:
# MAINTAINERS, and a Makefile's SPDX style in files it does not know. It knows ENOSYS
# for a missing syscall alone; handlers of IOMMU faults have to return it.
KERNEL_IGNORE = "FILE_PATH_CHANGES,SPDX_LICENSE_TAG,CONFIG_DESCRIPTION,ENOSYS"
# In user space the kernel's macros do not exist, and registers are mapped memory.
PROGRAM_IGNORE = (KERNEL_IGNORE + ",PREFER_DEFINED_ATTRIBUTE_MACRO,PREFER_KERNEL_TYPES,ARRAY_SIZE,VOLATILE,"
                  "EMBEDDED_FUNCTION_NAME")


def c_files(*folders):
    return [REPO / folder / rel for folder in folders if (REPO / folder).is_dir()
            for rel in tree_files(REPO / folder, (".c", ".h"))]


def rel(path):
    return str(path.relative_to(REPO))


def run_tool(cmd, cwd=None):
    proc = children.start(cmd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace", cwd=cwd)
    try:
        out, err = proc.communicate()
    finally:
        children.ended(proc)
    return proc.returncode, (out + err).strip()


def check_files(name, files, command, checker):
    """One case a file: a tool that prints nothing and returns 0 is content.

    `checker` is a key over all besides the command and the file that the verdict depends on.
    """
    def check(path):
        # Relative names: checkpatch has rules by folder.
        cmd = [str(word) for word in command(path.relative_to(REPO))]
        key = digest(name, rel(path), path, cmd, checker)
        if passes.known(key):
            return Case(f"style.{name}", rel(path), "passed")
        with doing(f"{name} {rel(path)}"):
            status, text = run_tool(cmd, cwd=REPO)
        if status or text:
            return Case(f"style.{name}", rel(path), "failed", text)
        passes.keep(key)
        return Case(f"style.{name}", rel(path), "passed")

    return in_parallel(check, files, cpus())


def checkpatch_key(script):
    """What a checkpatch.pl goes by: its lists of words beside it, the user's options, perl."""
    conf = [folder / ".checkpatch.conf" for folder in (REPO, Path.home(), REPO / ".scripts")]
    lists = [script.with_name(name) for name in ("spelling.txt", "const_structs.checkpatch")]
    return [passes.tool("perl"), passes.contents(script, *lists, *conf)]


def kernel_checkpatch():
    script = kernel.source_tree() / "scripts/checkpatch.pl"
    checker = checkpatch_key(script)

    def command(ignore):
        return lambda path: ["perl", script, "--no-tree", "--terse", "--no-summary", "--quiet",
                             "--max-line-length=100", f"--ignore={ignore}", "-f", path]

    cases = check_files("checkpatch", c_files("guest-driver", "include", "labs", "test-images/bench/module", CATALOGUE),
                        command(KERNEL_IGNORE), checker)
    programs = [path for path in c_files("test-images") if REPO / "test-images/bench/module" not in path.parents]
    return cases + check_files("checkpatch", programs, command(PROGRAM_IGNORE), checker)


def qemu_checkpatch():
    script = qemu_stock.source() / "scripts/checkpatch.pl"
    # It takes __has_include for an architecture's macro; compat.h lives on that.
    quiet = 'perl "$0" --no-tree --terse --no-summary -q -f "$1" | grep -v "architecture specific defines"; true'
    files = [path for path in c_files("qemu-device", "renderer", "tests") if REPO / CATALOGUE not in path.parents]
    return check_files("qemu-checkpatch", files, lambda path: [
        "sh", "-c", quiet, script, path], checkpatch_key(script))


# What the diagnostics of a build depend on, besides the kernel and the sources.
BUILD_TOOLS = ("make", "gcc", "ld", "sparse")
KERNEL_FILES = ("Makefile", ".config", "Module.symvers", "include/generated/autoconf.h", "include/generated/utsrelease.h")


def silent_build(suite, name, drivers, only, *args, title="build the guest driver"):
    """One case: a build with W=1 in which any diagnostic in our files is a failure."""
    setting = digest(str(drivers.kdir), passes.contents(*(drivers.kdir / file for file in KERNEL_FILES)),
                     only, args, [passes.tool(tool) for tool in BUILD_TOOLS])
    key = digest(suite, name, setting, modules.tree_digest("guest-driver", "include"))
    if passes.known(key):
        return [Case(suite, name, "passed")]
    try:
        bad = drivers.diagnostics(setting, only, *args, title=title)
    except PuckError as err:
        return [Case(suite, name, "failed", str(err))]
    if not bad:
        passes.keep(key)
    return [Case(suite, name, "failed" if bad else "passed", "\n".join(bad))]


def sparse_and_warnings():
    drivers = modules.Drivers(kernel.stock().kdir, "-sparse")
    if not (REPO / "guest-driver/Kbuild").exists():
        return [Case("style.sparse", "guest-driver", "skipped", "no Kbuild")]
    return silent_build("style.sparse", "guest-driver", drivers, None, "C=1", "CF=-D__CHECK_ENDIAN__",
                        title="sparse, W=1")


def older_kernel():
    """The IOMMU's driver alone also builds on Debian 12's first kernel."""
    older = kernel.older_headers()
    if not older:
        return [Case("style.kernels", "6.1", "skipped", "Debian 12 alone has it")]
    release, kdir = older
    if not (REPO / "guest-driver/iommu/Kbuild").exists():
        return []
    return silent_build("style.kernels", release, modules.Drivers(kdir), "iommu")


def scripts_compile():
    cases = check_files("python", sorted((REPO / "scripts/pucklib").rglob("*.py")), lambda path: [
        sys.executable, "-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())", path],
        passes.tool(sys.executable))
    shell = [p for p in (REPO / "scripts/puck", REPO / ".ci/run", REPO / "test-images/initramfs/init",
                         REPO / "tests/fuzz/cc-wrapper",
                         *modules.scripts()) if p.exists()]
    return cases + check_files("shell", shell, lambda path: [
        "bash" if path.name == "run" else "sh", "-n", path], [passes.tool("sh"), passes.tool("bash")])


def functions(path):
    """(name, lines) of the functions of a C file: kernel and QEMU brace style."""
    name, start = None, 0
    lines = path.read_text(errors="replace").splitlines()
    for number, line in enumerate(lines):
        if line == "{":
            start = number
            head = " ".join(lines[max(0, number - 4):number])
            found = re.findall(r"(\w+)\s*\(", head)
            name = next((f for f in reversed(found) if f not in ("__must_hold", "__releases")), "?")
        elif line == "}" and name:
            yield name, number - start + 1
            name = None


def lengths():
    """File length is a limit; function length is reported, to be looked at."""
    files = c_files("qemu-device", "renderer", "guest-driver", "include", "labs", "tests", "test-images")
    files += sorted((REPO / "scripts/pucklib").rglob("*.py"))
    cases, long_ones, all_lengths, sizes = [], [], [], []
    for path in files:
        count = len(path.read_text(errors="replace").splitlines())
        sizes.append((count, rel(path)))
        cases.append(Case("style.length", rel(path), "passed" if count <= MAX_FILE else "failed",
                          f"{count} lines, at most {MAX_FILE}" if count > MAX_FILE else ""))
        if path.suffix == ".c":
            for name, size in functions(path):
                all_lengths.append(size)
                if size > LONG_FUNCTION:
                    long_ones.append(f"{size} lines: {name}() in {rel(path)}")
    report_files(sizes)
    report_lengths(all_lengths, long_ones)
    return cases


def report_files(sizes):
    for what, some in (("file", sizes), ("header", [size for size in sizes if size[1].endswith(".h")])):
        if some:
            count, name = max(some)
            say(f"  largest {what}: {count} lines, {name}")


def report_lengths(sizes, long_ones):
    if not sizes:
        return
    sizes.sort()
    say(f"  functions: median {sizes[len(sizes) // 2]}, 90th percentile {sizes[len(sizes) * 9 // 10]}, "
        f"longest {sizes[-1]} lines, {sum(size < SHORT_FUNCTION for size in sizes) * 100 / len(sizes):.1f}% "
        f"under {SHORT_FUNCTION}")
    for line in sorted(long_ones, key=lambda text: -int(text.split()[0]))[:10]:
        say(f"  {line}")


def run(args, rundir):
    cases = lengths() + layers.check(tell=say) + imports.check(tell=say) + scripts_compile()
    cases += kernel_checkpatch() + qemu_checkpatch()
    cases += sparse_and_warnings() + older_kernel()
    passes.tidy()
    (rundir / "style.log").write_text("".join(
        f"== {c.suite} {c.name}\n{c.detail}\n" for c in cases if c.result == "failed"))
    return cases
