# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck build."""

from ..base.util import PuckError, cache_dir, say
from ..build import apt, kernel, modules, qemu_module, renderer
from ..build.qemu import Qemu
from ..build.qemu_stock import from_source, module_of

DEFAULT = ["qemu", "stock", "modules", "programs"]


def build_qemu(args):
    return {"qemu": Qemu(args.qemu_src).ensure()} if from_source(args) else build_qemu_module(args)


def build_qemu_module(args):
    """The program that runs a QEMU that others built, and the module."""
    wrapper = qemu_module.stock(args.qemu).ensure()
    return {"qemu": wrapper, "qemu-module": module_of(wrapper)}


def build_qtests(args):
    if not from_source(args):
        return {path.name: path for path in qemu_module.stock(args.qemu).qtests()[1]}
    qemu = Qemu(args.qemu_src)
    qemu.ensure(qemu.qtests())
    return {name.rpartition("/")[2]: qemu.build / name for name in qemu.qtests()}


def build_modules(args):
    """For --kdir that kernel; else for the stock one and those of ours that are there."""
    parts = args.drivers.split(",") if args.drivers else None
    if args.kdir:
        return {path.name: path for path in modules.Drivers(args.kdir).ensure(parts)}
    paths = {}
    for name, one in known_kernels().items():
        for path in one.drivers().ensure(parts):
            paths[f"{name}.{path.name}"] = path
    return paths


def known_kernels():
    found = {"stock": kernel.stock()}
    for name in kernel.BUILT:
        if (kernel.built_root(name) / "kernel.json").exists():
            found[name] = kernel.get(name)
    return found


def kernel_paths(one):
    return {f"{one.name}.image": one.image, f"{one.name}.kdir": one.kdir, f"{one.name}.modules": one.modules}


def build_programs(args):
    return {f"program.{name}": path for name, path in modules.programs().items()}


STEPS = {
    "qemu": build_qemu,
    "qemu-module": build_qemu_module,
    "qtests": build_qtests,
    "stock": lambda args: kernel_paths(kernel.stock()),
    "kernel": lambda args: kernel_paths(kernel.get("debug")),
    "kasan": lambda args: kernel_paths(kernel.get("kasan")),
    "7": lambda args: kernel_paths(kernel.get("7")),
    "modules": build_modules,
    "programs": build_programs,
    "render3d": lambda args: {renderer.NAME: renderer.ensure()},
}


def cmd_build(args):
    what = args.what or (["modules"] if args.kdir else DEFAULT)
    if what == ["all"]:
        what = DEFAULT
    unknown = [w for w in what if w not in STEPS]
    if unknown:
        raise PuckError(f"nothing called {unknown[0]}: {', '.join(STEPS)}")
    apt.ensure_host()
    paths = {"cache": cache_dir()}
    for step in what:
        paths.update(STEPS[step](args))
    if args.print_paths:
        for key, value in paths.items():
            print(f"{key}={value}")
    else:
        say("built: " + ", ".join(what))
    return 0
