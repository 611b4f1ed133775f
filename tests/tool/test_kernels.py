# SPDX-License-Identifier: GPL-2.0-or-later
"""Which kernel a test runs on, and what a kernel is made of."""

import sys
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

from pucklib.base.util import PuckError  # noqa: E402
from pucklib.build import apt, kernel, kernel7  # noqa: E402
from pucklib.commands import test  # noqa: E402
from pucklib.suites import guesttests  # noqa: E402
from pucklib.vm import machine  # noqa: E402


def chosen(on, wanted=""):
    return {machine.name: machine.kernel for machine, _ in guesttests.chosen_tests(wanted, on, guesttests.parse_list())}


def args(kernel_name, *names):
    return SimpleNamespace(kernel=kernel_name, suites=list(names), minutes=None, case=None, only=None)


class Fragments(unittest.TestCase):
    def test_one_line_for_each_option_and_the_later_counts(self):
        for name in kernel.BUILT:
            options = [kernel.option(line) for line in kernel.fragment_lines(name)]
            self.assertEqual(len(options), len(set(options)), name)
        self.assertIn('CONFIG_LOCALVERSION="-puck-debug"', kernel.fragment_lines("debug"))
        self.assertIn('CONFIG_LOCALVERSION="-puck-kasan"', kernel.fragment_lines("kasan"))

    def test_kasan_has_all_of_debug(self):
        missing = set(kernel.fragment_lines("debug")) - set(kernel.fragment_lines("kasan"))
        self.assertEqual({kernel.option(line) for line in missing}, {"CONFIG_LOCALVERSION"})

    def test_lines_that_did_not_take_are_told(self):
        lines = ["CONFIG_A=y", "# CONFIG_B is not set", "CONFIG_C=m"]
        self.assertEqual(kernel.not_taken(lines, "CONFIG_A=y\nCONFIG_B=y\nCONFIG_C=y\n"), lines[1:])


class Choice(unittest.TestCase):
    def test_each_machine_has_its_own(self):
        self.assertEqual(set(chosen(None).values()), {"debug", "stock"})

    def test_one_kernel_for_all(self):
        for name in kernel.NAMES:
            self.assertEqual(set(chosen(name).values()), {name})

    def test_sweeps_are_for_kasan_alone(self):
        self.assertIn("fail-nth-gpu", chosen("kasan"))
        for name in (None, "debug", "stock", "7"):
            self.assertNotIn("fail-nth-gpu", chosen(name))

    def test_filter(self):
        self.assertEqual(set(chosen(None, "^gpu_params$")), {"std"})

    def test_what_lacks_is_named(self):
        one = guesttests.TestMachine("m", needs="CONFIG_A")
        test = guesttests.Test("t", "m", "true", needs="CONFIG_B,CONFIG_C")
        self.assertEqual(guesttests.lacking(one, test, {"CONFIG_B"}), ["CONFIG_A", "CONFIG_C"])
        self.assertEqual(guesttests.lacking(one, test, {"CONFIG_A", "CONFIG_B", "CONFIG_C"}), [])
        without = guesttests.Test("t", "m", "true", needs="!CONFIG_B")
        self.assertEqual(guesttests.lacking(one, without, {"CONFIG_A"}), [])
        self.assertEqual(guesttests.lacking(one, without, {"CONFIG_A", "CONFIG_B"}), ["!CONFIG_B"])

    def test_what_newer_kernels_always_have(self):
        def options(text):
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / ".config").write_text(text)
                return kernel.Kernel("x", "1", "", "", folder).options()

        base = "CONFIG_A=y\nCONFIG_B=n\nCONFIG_DMA_SHARED_BUFFER=y\n"
        self.assertEqual(options(base + "# CONFIG_DMABUF_MOVE_NOTIFY is not set\n"),
                         {"CONFIG_A", "CONFIG_DMA_SHARED_BUFFER"})
        self.assertIn("CONFIG_DMABUF_MOVE_NOTIFY", options(base))
        self.assertNotIn("CONFIG_DMABUF_MOVE_NOTIFY", options("CONFIG_A=y\n"))


class CommandLine(unittest.TestCase):
    def test_the_kernels_own_words_come_before_a_machines(self):
        for name, first in (("debug", "slab_debug=FZP"), ("kasan", "slab_debug=-")):
            words = kernel.Kernel(name, "r", "i", "m", "k").words
            line = machine.kernel_append(machine.Spec(append="slab_debug=U"), words).split()
            self.assertLess(line.index(first), line.index("slab_debug=U"))
        self.assertEqual(kernel.Kernel("stock", "r", "i", "m", "k").words, "")

    def test_a_lean_machine(self):
        """That kmemleak is off is no finding there, and is one where nobody has asked for it."""
        result = SimpleNamespace(qemu_messages="")
        console = {None: guesttests.Segment("[    0.000000] kmemleak: Kernel memory leak detector disabled\n")}
        for word, lean in (("lean=on", True), ("lean=off", False)):
            one = guesttests.parse_machine(["machine", "m", word, "append=a"], "here")
            self.assertEqual(guesttests.machine_spec(one, 1).append, "a kmemleak=off no_debug_objects slab_debug=-" if lean else "a")
            self.assertEqual("begin kmemleak" in guesttests.script(one, []), not lean)
            cases = guesttests.Suite(None, None, "guest", []).outside("guest.m", one, result, console)
            self.assertEqual([case.result for case in cases], [] if lean else ["failed"])


class System(unittest.TestCase):
    """Each release of Debian by its package names; others are refused in a second."""

    def image(self, *packages):
        shown = {name: {"Depends": f"linux-image-{release}, x"} for name, release in packages}
        return kernel.stock_image(SimpleNamespace(show=shown.get))

    def test_debian_12_and_13(self):
        self.assertEqual(self.image(("linux-image-amd64", "6.1.0-56-amd64"),
                                    ("linux-image-6.12-amd64", "6.12.117+deb12-amd64 (= 1)")),
                         "linux-image-6.12.117+deb12-amd64")
        self.assertEqual(self.image(("linux-image-amd64", "6.12.94+deb13-amd64 (= 1)")),
                         "linux-image-6.12.94+deb13-amd64")
        self.assertRaisesRegex(PuckError, "no Linux 6.12", self.image, ("linux-image-amd64", "7.2.13-amd64"))

    def test_others_are_told_what_to_do(self):
        for known in ({"ID": "ubuntu", "VERSION_ID": "24.04", "PRETTY_NAME": "Ubuntu 24.04.1 LTS"},
                      {"ID": "debian", "VERSION_ID": "11", "PRETTY_NAME": "Debian GNU/Linux 11 (bullseye)"}):
            with self.assertRaisesRegex(PuckError, known["PRETTY_NAME"].split("(")[0]) as caught:
                apt.check_system(known=known)
            self.assertIn("docker run", str(caught.exception))
            self.assertIn("--qemu-src DIR --kernel IMAGE --kdir DIR", str(caught.exception))
            apt.check_system(own_trees=True, known=known)

    def test_what_a_system_says_it_is(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "os-release"
            path.write_text('PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n')
            self.assertEqual(apt.on_debian(apt.os_release(path)), "13")
            self.assertEqual(apt.os_release(Path(folder) / "none"), {})


class Options(unittest.TestCase):
    def test_a_suite_without_a_guest_has_no_kernel(self):
        with self.assertRaisesRegex(PuckError, "'unit' has no guest"):
            test.chosen_suites(args("kasan", "guest", "unit"))
        self.assertEqual(test.chosen_suites(args(None, "unit")), ["unit"])

    def test_a_kernel_alone_means_the_guests(self):
        self.assertEqual(test.chosen_suites(args("kasan")), ["guest"])

    def test_seven_needs_root(self):
        with mock.patch.object(kernel7.os, "geteuid", return_value=1000):
            with self.assertRaisesRegex(PuckError, "needs root"):
                test.chosen_suites(args("7"))


if __name__ == "__main__":
    unittest.main()
