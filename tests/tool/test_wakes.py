# SPDX-License-Identifier: GPL-2.0-or-later
"""scripts/puck bench wake: what it makes of a trace of QEMU's."""

import re
import sys
import unittest
from pathlib import Path
from unittest import mock

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "scripts"))

from pucklib.commands import bench_wake  # noqa: E402
from pucklib.report import wakes  # noqa: E402
from pucklib.report.figures import Figures  # noqa: E402

# The virtual clock, in ns, and that of the day, in us, when a machine has run for a second
DAY, NS = 1796059378_000000, 1_000_000_000


def stamped(us, text, own=True):
    """A line as -msg timestamp=on has it, so many microseconds later; QEMU's own have not the first stamp."""
    day = f"{DAY + us:016}"
    return (f"{NS + us * 1000} " if own else "") + f"77@{day[:10]}.{day[10:]}:{text}\n"


def mark(us, addr):
    return stamped(us, f"puck_cam_reg_read mark: addr {addr:#x} size 4 value 0x0")


def done(us, age, opcode=42, error=0):
    return stamped(us, f"puck_gpu_render gpu0: ring 2 seqno 5 opcode {opcode} is done, error {error}, age_ns {age}")


def irq(us):
    return stamped(us, "puck_gpu_irq gpu0: vector 3")


def turn(us, reply=None, sent=None):
    """A fence of puck-gpu: begun at `us`, waited for 100 us later, over at 500."""
    return [mark(us, wakes.BEGIN), mark(us + 100, wakes.POLL), reply or done(us + 300, 50_000), sent or irq(us + 340),
            mark(us + 500, wakes.AWAKE), mark(us + 504, wakes.AWAKE)]


class Trace(unittest.TestCase):
    def told(self, reader):
        found = {name: wakes.spans(reader.wakes, start, end) for name, start, end in wakes.STAGES}
        return {**found, wakes.TURN: wakes.turns(reader)}

    def test_puck(self):
        """The device says how old its reply is; interrupts of others, and later ones, are none of the fence's."""
        lines = [irq(0), *turn(1000)[:2], done(1150, 10, opcode=40), irq(1160), *turn(1000)[2:4], irq(1400), *turn(1000)[4:]]
        reader = wakes.read(lines)
        self.assertEqual((len(reader.wakes), len(reader.early), reader.left_out), (1, 0, 0))
        self.assertEqual(self.told(reader), {
            "callback to device": [50.0], "device to interrupt sent": [40.0], "interrupt sent to program awake": [160.0],
            "callback to program awake": [250.0], "a mark": [4.0], wakes.TURN: [500.0]})

    def test_without_the_time_of_the_day(self):
        lines = [re.sub(r"77@\S+:", "", line) for line in turn(1000)]
        self.assertEqual(self.told(wakes.read(lines)), self.told(wakes.read(turn(1000))))

    def test_virtio(self):
        """QEMU's own lines have the time of the day alone: Puck's say what that is by the other clock."""
        lines = turn(1000)
        lines[2:4] = [stamped(1300, "virtio_gpu_fence_resp fence 0x7d2", own=False),
                      stamped(1310, "virtio_notify vdev 0x55557c2081d0 vq 0x55557c216d10", own=False)]
        found = self.told(wakes.read(lines))
        self.assertEqual((found["callback to device"], found["device to interrupt sent"], found["callback to program awake"]),
                         ([0.0], [10.0], [200.0]))
        # A thread that took the first stamp of a line has waited for a millisecond, and took the second one then.
        late = stamped(2000, "puck_cam_reg_read mark: addr 0x20 size 4 value 0x0")
        late = late.replace(str(NS + 2000_000), str(NS + 3000_000))
        self.assertEqual(self.told(wakes.read([late, *lines])), found)

    def test_bad_what_is_not_whole_does_not_count(self):
        broken = [turn(0, reply=done(300, 50_000, error=5)), turn(0, sent=done(340, 0)), turn(0, reply="nonsense\n"),
                  turn(0, reply=done(300, -50_000)), turn(0)[:1] + turn(0)[2:]]
        for lines in broken:
            reader = wakes.read([*lines, *turn(1000)])
            self.assertEqual((len(reader.wakes), len(reader.early), reader.left_out), (1, 0, 1), lines)
        reader = wakes.read([*turn(0)[:4], *turn(1000)])
        self.assertEqual((len(reader.wakes), reader.left_out), (1, 1))

    def test_bad_what_nobody_slept_for_counts_as_a_turn_alone(self):
        reader = wakes.read([*turn(0, reply=done(300, 250_000)), *turn(1000)])
        self.assertEqual((len(reader.wakes), len(reader.early), reader.left_out), (1, 1, 0))
        self.assertEqual(wakes.turns(reader), [500.0, 500.0])

    def test_marks_and_commands_are_those_of_the_headers(self):
        header = (REPO / "include/abi/puck_cam.h").read_text()
        program = (REPO / "test-images/bench/wake.c").read_text()
        for name, addr in (("FORMATS", wakes.BEGIN), ("STATUS", wakes.POLL), ("VERSION", wakes.AWAKE)):
            self.assertRegex(header, rf"#define PUCK_CAM_{name}\s+{addr:#06x}\b")
            self.assertIn(f"mark(PUCK_CAM_{name})", program)
        self.assertRegex((REPO / "include/abi/puck_render3d.h").read_text(), rf"#define PUCK_RENDER_CMD_SUBMIT\s+{wakes.SUBMIT}\b")
        events = (REPO / "qemu-device/trace-events").read_text()
        for name in wakes.EVENTS:
            self.assertIn(f"\n{name}(", events)


class Arithmetic(unittest.TestCase):
    def test_percentile(self):
        values = list(range(100, 0, -1))
        self.assertEqual([wakes.percentile(values, part) for part in (1, 50, 95, 99, 100)], [1, 50, 95, 99, 100])
        self.assertEqual([wakes.percentile([7], part) for part in (1, 99)], [7, 7])
        self.assertEqual(wakes.percentile([1, 2, 3], 95), 3)

    def test_buckets(self):
        self.assertEqual([wakes.bucket(value) for value in (0, 0.9, 1.9, 2, 3.99, 4, 1023.9, 1024)], [0, 0, 0, 1, 1, 2, 9, 10])

    def test_histogram(self):
        """One without any is shown between two that have some, and none beyond these."""
        self.assertEqual(wakes.histogram([1.0, 3.0, 3.9, 9.0]), [(0, 2, 1), (2, 4, 2), (4, 8, 0), (8, 16, 1)])
        self.assertEqual(wakes.histogram([]), [])
        lines = wakes.show([3.0] * 80 + [9.0])
        self.assertEqual([line.count("#") for line in lines], [40, 0, 1])
        self.assertEqual([line.split()[:4] for line in lines], [["2", "to", "4", "us"], ["4", "to", "8", "us"], ["8", "to", "16", "us"]])

    def test_table(self):
        rows = wakes.table(wakes.read([*turn(0), *turn(1000)]).wakes, [7.0, 8.0, 9.0])
        self.assertEqual(len(rows), 2 + len(wakes.STAGES))
        self.assertEqual(rows[1].split()[-5:], ["2", "50.0", "50.0", "50.0", "50.0"])
        self.assertEqual(rows[-1].split()[-5:], ["3", "8.0", "9.0", "9.0", "9.0"])
        at_once = [wakes.Wake(1, 2, 3, 3, 4, 5, 6)]
        self.assertEqual(len(wakes.table(at_once, [1.0])), 1 + len(wakes.STAGES))


class Part(unittest.TestCase):
    def test_mean_turn(self):
        """Stages by their medians, and turns by their mean."""
        figures, reader = Figures(), wakes.read(turn(0))
        reader.early = [wakes.Wake(0, awake=1_500_000)]
        bench_wake.take(figures, "puck", reader)
        self.assertEqual(figures.median("wake puck", "puck_submission_to_end_all_turns_us"), 1000.0)
        self.assertEqual(figures.median("wake puck", "puck_callback_to_device_us"), 50.0)

    def test_report(self):
        """Both are shown; the goal is of the medians of the turns."""
        runner = mock.Mock(rundir=Path("/run"), figures=Figures())
        found = {"puck": [wakes.read(turn(0))], "virtio": [wakes.read(turn(0))]}
        for name, value in (("puck", 10), ("puck", 30), ("virtio", 80)):
            runner.figures.take(f"wake {name}", f"bench: {bench_wake.key_of(name, wakes.TURN)} {value}")
        with mock.patch("builtins.print") as said:
            goal, = bench_wake.report(runner, found)
        self.assertEqual(goal.value, 0.25)
        text = "\n".join(call.args[0] for call in said.call_args_list)
        self.assertIn("puck-gpu: callback to program awake\n      128 to     256 us", text)
        self.assertIn("virtio-gpu-gl: fences of 3D, 1 of them", text)


if __name__ == "__main__":
    unittest.main()
