#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The layout of the uAPI's structures, as pahole finds it for 32 and for 64 bits.

    layout.py HEADER RECORD [-I DIR]... [--write]

It has to be the same for both, without holes, each size a multiple of 8, and as it stands
in RECORD: programs are built by what that says. A structure may grow there at its end, and
nothing else may change. --write makes a new RECORD. The output is KTAP, with the sizes.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# Where Debian keeps asm/ of its own architecture; the same for both widths.
SYSTEM = ["-idirafter", "/usr/include/x86_64-linux-gnu"]


def structures(text):
    """Names of the structures that a header defines."""
    return re.findall(r"^struct (\w+) \{", text, re.M)


def layout(header, names, bits, includes):
    """{name: its members with offset and size, and its size, as pahole writes them}"""
    with tempfile.TemporaryDirectory() as folder:
        source, built = Path(folder) / "all.c", Path(folder) / "all.o"
        uses = "".join(f"struct {name} an_instance_of_{name};\n" for name in names)
        source.write_text(f'#include "{header}"\n{uses}')
        subprocess.run(["gcc", f"-m{bits}", "-g", "-c", "-o", built, source, *includes, *SYSTEM], check=True)
        return {name: members(subprocess.run(["pahole", "-C", name, built], check=True, capture_output=True,
                                             text=True).stdout) for name in names}


def members(text):
    """What pahole says of one structure: lines "offset size type name", and the size in the end."""
    lines = [f"{offset} {size} {' '.join(declaration.split())}"
             for declaration, offset, size in re.findall(r"^\t(\S.*?);\s+/\*\s+(\d+)\s+(\d+) \*/$", text, re.M)]
    lines += [f"hole of {size} bytes" for size in re.findall(r"/\* XXX (\d+) bytes? hole", text)]
    lines += [f"padding of {size} bytes" for size in re.findall(r"/\* padding: (\d+)", text)]
    return [*lines, "size " + re.search(r"/\* size: (\d+)", text)[1]]


def read_record(path):
    record = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        if line.startswith("\t"):
            record[name].append(line.strip())
        elif line and not line.startswith("#"):
            name = line
            record[name] = []
    return record


def write_record(path, found):
    text = ("# Offset, size, type and name of each member, for 32 and 64 bits alike. tests/abi/layout.py\n"
            "# compares; programs rely on it: append, and change nothing.\n")
    path.write_text(text + "".join("\n".join(["", name, *("\t" + line for line in lines)]) + "\n"
                                   for name, lines in found.items()))


def wrong(of64, of32, recorded):
    """What is wrong with the layout of one structure, or None."""
    odd = [line for line in of64 + of32 if line.startswith(("hole", "padding"))]
    if odd:
        return f"a {odd[0]}"
    if of64 != of32:
        return f"64 bits: {'; '.join(of64)}, 32 bits: {'; '.join(of32)}"
    if int(of64[-1].split()[1]) % 8:
        return f"{of64[-1]} is no multiple of 8"
    if recorded is None:
        return "not in the record: --write adds it"
    if of64[:len(recorded) - 1] != recorded[:-1]:
        return f"was: {'; '.join(recorded)}; is: {'; '.join(of64)}"
    if len(of64) > len(recorded):
        return "has grown: --write records it"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("header", type=Path)
    parser.add_argument("record", type=Path)
    parser.add_argument("-I", dest="folders", action="append", default=[])
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    header = args.header.resolve()
    names = structures(header.read_text())
    includes = [f"-I{folder}" for folder in args.folders] + ["-idirafter", "/usr/include/libdrm"]
    of64, of32 = (layout(header, names, bits, includes) for bits in (64, 32))
    if args.write:
        write_record(args.record, of64)
    record = read_record(args.record)
    every = [*names, *(name for name in record if name not in names)]
    print(f"TAP version 13\n1..{len(every)}")
    bad = 0
    for number, name in enumerate(every, 1):
        problem = wrong(of64[name], of32[name], record.get(name)) if name in names else "is recorded, and gone"
        bad += problem is not None
        if problem:
            print(f"# {name}: {problem}")
        else:
            print(f"# {name}: {of64[name][-1].split()[1]} bytes")
        print(f"{'not ' if problem else ''}ok {number} {name}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
