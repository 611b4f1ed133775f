# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's kernels: Debian's stock 6.12, what we build of the same source, and 7.x."""

import contextlib
import re
import shutil
from pathlib import Path

from ..base import steps
from ..base.util import (REPO, PuckError, cache, cpus, digest, fresh_dir, lock, need_space, read_json, say,
                         write_if_changed, write_json)
from . import apt, modules

SERIES = "6.12"
FRAGMENTS = REPO / "test-images/kernel"
# The kernels that we build: fragments over allnoconfig. Of two lines for one
# option the later one counts.
BUILT = {"debug": ["debug"], "kasan": ["debug", "kasan"]}
NAMES = ["stock", *BUILT, "7"]
# What they are told. SLUB shall not keep the stacks of who took and gave back each object, which
# costs a sixth of a guest's time: KASAN keeps them, too, and has no need of SLUB's other checks.
# It is silent after the first report if nobody says otherwise.
WORDS = {"debug": "slab_debug=FZP", "kasan": "slab_debug=- kasan_multi_shot"}
BUILD_STEPS = 2400      # about what make prints for one of them


# Options that newer kernels do not have, since what they were about is always there with another one.
SETTLED = {"CONFIG_DMABUF_MOVE_NOTIFY": "CONFIG_DMA_SHARED_BUFFER"}


class Kernel:
    """An image, the modules that belong to it and a tree to build against."""

    def __init__(self, name, release, image, modules, kdir):
        self.name, self.release = name, release
        self.image, self.modules, self.kdir = Path(image), Path(modules), Path(kdir)

    def drivers(self):
        """The guest driver, to be built for it."""
        if self.name == "7":
            from . import kernel7
            return kernel7.Drivers(self.kdir)
        return modules.Drivers(self.kdir)

    @property
    def words(self):
        """For its command line."""
        return WORDS.get(self.name, "")

    def options(self):
        """The options that it has, as CONFIG_X, built in or as modules."""
        text = (self.kdir / ".config").read_text()
        have = set(re.findall(r"^(CONFIG_\w+)=[^n]", text, re.M))
        return have | {option for option, base in SETTLED.items() if base in have and option not in text}

    @classmethod
    def load(cls, path):
        """From a stamp, if all it names is still there."""
        known = read_json(path)
        if known and all(Path(known[k]).exists() for k in ("image", "modules", "kdir")):
            return cls(**known)
        return None

    def save(self, path):
        write_json(path, {k: str(v) for k, v in vars(self).items()})


def resolve(apt_, meta):
    """The package a metapackage stands for today."""
    fields = apt_.show(meta)
    if not fields:
        raise PuckError(f"this machine's package sources have no {meta}")
    match = re.search(r"(linux-(?:image|headers)-\d[^\s,()]*)", fields.get("Depends", ""))
    if not match:
        raise PuckError(f"{meta} depends on no kernel package")
    return match[1]


def stock_image(apt_):
    """The package with the stock kernel: Debian 12 names the series, in Debian 13 it is the one there is."""
    for meta in (f"linux-image-{SERIES}-amd64", "linux-image-amd64"):
        if apt_.show(meta):
            image = resolve(apt_, meta)
            if image.startswith(f"linux-image-{SERIES}."):
                return image
    raise PuckError(f"this machine's package sources have no Linux {SERIES}: a Debian 12 with its security suite has, "
                    "and so has a Debian 13")


def stock():
    """Debian's own kernel and headers, unpacked in the cache, never installed."""
    stamp = cache("kernels", "stock.json")
    known = Kernel.load(stamp)
    if known:
        return known
    with lock("kernel-stock"):
        known = Kernel.load(stamp)
        if known:
            return known
        return fetch_stock(stamp)


def fetch_stock(stamp):
    system = apt.system_apt()
    image = stock_image(system)
    release = image.removeprefix("linux-image-").removesuffix("-unsigned")
    root = cache("kernels", f"stock-{release}")
    need_space("Debian's kernel", 0.5)
    unpack_all(system, root, [image, *header_packages(system, release)], release)
    found = root / "usr/lib/modules" / release
    if not found.exists():
        found = root / "lib/modules" / release
    steps.output(["depmod", "-b", depmod_base(found), release])
    kernel = Kernel("stock", release, root / f"boot/vmlinuz-{release}", found, headers_dir(root, release))
    kernel.save(stamp)
    return kernel


def header_packages(apt_, release):
    """What one needs to build modules for a Debian kernel."""
    name = f"linux-headers-{release}"
    depends = (apt_.show(name) or {}).get("Depends", "")
    others = re.findall(r"linux-headers-\S+-common|linux-kbuild-[^\s,]+", depends)
    return [name, *others]


def headers_dir(root, release):
    return root / f"usr/src/linux-headers-{release}"


def unpack_all(apt_, root, packages, headers=None):
    """All or nothing; `headers` is the release whose headers are among them."""
    if root.exists():
        return
    debs = apt_.download(cache("debs", "x").parent, *packages)
    with steps.timed(f"unpack {packages[0]}"), fresh_dir(root) as tmp:
        for deb in debs:
            steps.output(["dpkg-deb", "-x", deb, tmp])
        if headers:
            relocate_headers(tmp, root, headers)
    for deb in debs:
        deb.unlink()


def older_headers():
    """Build folder of the release's first kernel (6.1 on Debian 12), or None if that is the stock one."""
    if apt.on_debian() != "12":
        return None
    stamp = cache("kernels", "older.json")
    known = read_json(stamp)
    if not known:
        system = apt.system_apt()
        release = resolve(system, "linux-headers-amd64").removeprefix("linux-headers-")
        root = cache("kernels", f"headers-{release}")
        with lock("kernel-older"):
            unpack_all(system, root, header_packages(system, release), release)
        known = {"release": release, "kdir": str(headers_dir(root, release))}
        write_json(stamp, known)
    return known["release"], Path(known["kdir"])


def depmod_base(modules):
    """depmod -b wants the folder above lib/modules."""
    return modules.parent.parent.parent


def relocate_headers(tmp, root, release):
    """The headers' Makefile names /usr/src: point it to where it lies now."""
    makefile = tmp / f"usr/src/linux-headers-{release}/Makefile"
    makefile.write_text(makefile.read_text().replace("/usr/src/", f"{root}/usr/src/"))


def source_version():
    """Version and .deb name of linux-source; remembered so that warm runs ask nobody."""
    stamp = cache("kernels", "source.json")
    known = read_json(stamp)
    if known:
        return known["version"]
    fields = apt.system_apt().show(f"linux-source-{SERIES}")
    if not fields:
        raise PuckError(f"this machine's package sources have no linux-source-{SERIES}")
    write_json(stamp, {"version": fields["Version"]})
    return fields["Version"]


def source_tree():
    """The unmodified kernel source, unpacked in the cache."""
    version = source_version()
    tree = cache("kernels", f"source-{version}")
    if tree.exists():
        return tree
    with lock("kernel-source"):
        if tree.exists():
            return tree
        need_space(f"the source of Linux {version}", 3)
        [deb] = apt.system_apt().download(cache("debs", "x").parent, f"linux-source-{SERIES}")
        say(f"unpacking the source of Linux {version}")
        unpacked = apt.unpack(deb, cache("kernels", "source-deb"))
        tarball = next((unpacked / "usr/src").glob("linux-source-*.tar.xz"))
        with fresh_dir(tree) as tmp:
            steps.run_step("unpack kernel source", ["tar", "-C", tmp, "--strip-components=1", "-xJf", tarball],
                           steps.log_path("kernel-unpack"))
        shutil.rmtree(unpacked)
        deb.unlink()
    return tree


def fragment_lines(name):
    """The lines of a kernel's fragments, one for each option."""
    lines = {}
    for fragment in BUILT[name]:
        for line in (FRAGMENTS / f"{fragment}.config").read_text().splitlines():
            line = line.strip()
            if line and (not line.startswith("#") or line.endswith(" is not set")):
                lines[option(line)] = line
    return list(lines.values())


def option(line):
    return re.search(r"CONFIG_\w+", line)[0]


def built_key(name):
    gcc = steps.output(["gcc", "-dumpfullversion"]).strip()
    return digest(source_version(), fragment_lines(name), gcc)


def built_root(name):
    return cache("kernels", f"{name}-{built_key(name)}")


def built(name):
    """A kernel of ours, built on first use."""
    root = built_root(name)
    stamp = root / "kernel.json"
    known = Kernel.load(stamp)
    if known:
        return known
    apt.ensure_host({**apt.HOST_PACKAGES, **apt.KERNEL_PACKAGES})
    with lock(f"kernel-{name}"):
        known = Kernel.load(stamp)
        return known or build(name, root, stamp)


def build(name, root, stamp):
    tree = source_tree()
    need_space(f"the {name} kernel", 1.5)
    folder = root / "build"
    log = steps.log_path("kernel-build" if name == "debug" else f"kernel-build-{name}")
    configure(name, tree, folder, log)
    say(f"building the {name} kernel (once; some 10 minutes on two cores)")
    make = ["make", f"-j{cpus()}", "-C", tree, f"O={folder}"]
    steps.run_step(f"{name} kernel", [*make, "bzImage", "modules"], log, expect=BUILD_STEPS)
    release = (folder / "include/config/kernel.release").read_text().strip()
    shutil.rmtree(root / "install", ignore_errors=True)
    steps.run_step("install modules", [*make, f"INSTALL_MOD_PATH={root}/install", "modules_install"], log,
                   quiet=True)
    kernel = Kernel(name, release, folder / "arch/x86/boot/bzImage",
                    root / "install/lib/modules" / release, folder)
    kernel.save(stamp)
    return kernel


def configure(name, tree, folder, log):
    """allnoconfig plus the fragments, and proof that every line of them took."""
    lines = fragment_lines(name)
    folder.mkdir(parents=True, exist_ok=True)
    mini = folder / "puck.config"
    changed = write_if_changed(mini, "\n".join(lines) + "\n")
    if changed or not (folder / ".config").exists():
        steps.run_step(f"configure the {name} kernel",
                       ["make", "-C", tree, f"O={folder}", f"KCONFIG_ALLCONFIG={mini}", "allnoconfig"], log)
    refused = not_taken(lines, (folder / ".config").read_text())
    if refused:
        mini.unlink()
        raise PuckError(f"these lines of the {name} kernel's fragments did not take effect:\n    "
                        + "\n    ".join(refused))


def not_taken(lines, config):
    have = set(config.splitlines())
    refused = []
    for line in lines:
        name = option(line)
        if line.endswith("is not set") or line.endswith("=n"):
            if any(h.startswith(name + "=") for h in have):
                refused.append(line)
        elif line not in have:
            refused.append(line)
    return refused


def own_release(kdir):
    """What a kernel's build or headers folder calls itself."""
    for name in ("include/config/kernel.release", "include/generated/utsrelease.h"):
        with contextlib.suppress(OSError):
            found = re.search(r'[0-9][\w.+~-]*', (Path(kdir) / name).read_text())
            if found:
                return found[0]
    raise PuckError(f"--kdir: {kdir} is no kernel that has been built, nor its headers (no kernel.release)")


def image_release(image):
    """What a bzImage says it is; None if it does not."""
    with open(image, "rb") as f:
        head = f.read(0x10000)
    if head[0x202:0x206] != b"HdrS":
        return None
    at = 0x200 + int.from_bytes(head[0x20e:0x210], "little")
    return head[at:at + 80].split(b"\0")[0].split(b" ")[0].decode(errors="replace") or None


def check_own(image, kdir):
    """Modules load into the kernel alone that they were built for."""
    release, said = own_release(kdir), image_release(image)
    if said and said != release:
        raise PuckError(f"--kernel {image} is Linux {said}, but --kdir {kdir} is Linux {release}")


def own(image, kdir):
    """A kernel of the user's: an image, and what its modules are built against."""
    kdir, release = Path(kdir).resolve(), own_release(kdir)
    return Kernel("own", release, Path(image).resolve(), own_modules(kdir, release), kdir)


def own_modules(kdir, release):
    """Its own modules: those built in the folder, or those of this machine, or none."""
    if (kdir / "modules.order").exists() and any(kdir.glob("*/**/*.ko")):
        key = digest(str(kdir), kdir / "modules.order", kdir / "Module.symvers")
        root = cache("kernels", f"own-{key}")
        with lock("kernel-own"):
            if not root.exists():
                with fresh_dir(root) as tmp:
                    steps.run_step("install the kernel's modules", [
                        "make", "-C", kdir, f"INSTALL_MOD_PATH={tmp}", "INSTALL_MOD_STRIP=1", "modules_install"],
                        steps.log_path("kernel-own"))
        return root / "lib/modules" / release
    installed = Path("/lib/modules") / release
    return installed if (installed / "modules.dep").exists() else no_modules(kdir, release)


def no_modules(kdir, release):
    """All that this kernel has is built in."""
    folder = cache("kernels", f"none-{digest(str(kdir), release)}", "lib/modules", release, "modules.dep").parent
    builtin = kdir / "modules.builtin"
    write_if_changed(folder / "modules.dep", "")
    write_if_changed(folder / "modules.builtin", builtin.read_bytes() if builtin.exists() else b"")
    return folder


def check(name):
    """Whether a kernel can be had here at all, as far as is known without fetching it."""
    if name == "7":
        from . import kernel7
        kernel7.check()


def get(name):
    if name == "stock":
        return stock()
    if name in BUILT:
        return built(name)
    if name == "7":
        from . import kernel7
        return kernel7.get()
    raise PuckError(f"no kernel '{name}': {', '.join(NAMES)}")
