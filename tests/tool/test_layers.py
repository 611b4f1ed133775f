# SPDX-License-Identifier: GPL-2.0-or-later
"""The check of who includes and who calls whom: what it has to see in a tree, and what not."""

import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from pucklib.suites import layers  # noqa: E402

GPU = "guest-driver/gpu"
# sched calls mem, mem calls core; the top calls all of them.
TREE = {
    f"{GPU}/drv.c": '#include "core/device.h"\n#include "sched/ring.h"\nint puck_probe(void)\n{\n'
                    "\tpuck_device_init();\n\treturn puck_ring_init();\n}\n",
    f"{GPU}/sched/ring.h": "int puck_ring_init(void);\nvoid puck_ring_kick(void);\n",
    f"{GPU}/sched/ring.c": '#include "mem/bo.h"\n#include "ring.h"\n\nint puck_ring_init(void)\n{\n'
                           "\treturn puck_bo_pin();\n}\n\nvoid puck_ring_kick(void)\n{\n}\n",
    f"{GPU}/mem/bo.h": "int puck_bo_pin(void);\nvoid puck_bo_moved(void);\n",
    f"{GPU}/mem/bo.c": '#include "core/device.h"\n#include "mem/bo.h"\n\nint puck_bo_pin(void)\n{\n'
                       "\tpuck_device_init();\n\treturn 0;\n}\n",
    f"{GPU}/core/device.h": "void puck_device_init(void);\n",
    f"{GPU}/core/device.c": "void puck_device_init(void)\n{\n}\n",
}
PAGE = """\
.. list-table:: Calls against the order
   :header-rows: 1

   * - Folder
     - From
     - To
     - Functions
     - Why
"""
ROW = f"""\
   * - ``{GPU}``
     - mem
     - sched
     - ``puck_ring_kick()``
     - A BO that
       has moved wakes its ring.
"""


class Layers(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name, text in TREE.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def more(self, name, text):
        self.write(name, (self.root / name).read_text() + text)

    def failures(self):
        return [line for case in layers.check(self.root) if case.result == "failed" for line in case.detail.splitlines()]

    def test_a_tree_of_layers_passes(self):
        told = []
        cases = layers.check(self.root, told.append)
        self.assertIn(f"  {GPU}: calls go from . to sched to mem to core", told)
        self.assertEqual({case.result for case in cases}, {"passed"})
        self.assertIn(f"calls in {GPU}", [case.name for case in cases])

    def test_folders_that_come_are_looked_at(self):
        self.write("qemu-device/camera/line/line.c", "void puck_line(void)\n{\n\tpuck_queue();\n}\n")
        self.assertEqual(layers.groups(layers.Tree(self.root)),
                         ["guest-driver", GPU, "qemu-device", "qemu-device/camera"])
        self.write("qemu-device/camera/queue/queue.c", "void puck_queue(void)\n{\n\tpuck_line();\n}\n")
        self.assertIn("qemu-device/camera/line/line.c:3: line calls queue on a circle: puck_queue()", self.failures())

    def test_a_header_from_above(self):
        self.write(f"{GPU}/drv.h", "int puck_probe(void);\n")
        self.write(f"{GPU}/mem/segs.c", '\n#include "../drv.h"\n')
        self.write(f"{GPU}/mem/segs2.c", '#include "drv.h"\n')
        self.write(f"{GPU}/mem/segs3.c", '/*\n#include "drv.h"\n*/\n#include "core/device.h"\n')
        self.assertEqual(self.failures(), [f"{GPU}/mem/segs.c:2: includes {GPU}/drv.h, of a folder above",
                                           f"{GPU}/mem/segs2.c:1: includes {GPU}/drv.h, of a folder above"])

    def test_headers_by_the_name_that_qemu_has_for_them(self):
        self.write("qemu-device/gpu/gpu.h", "")
        self.write("qemu-device/gpu/ring/ring.c", '#include "hw/puck/gpu/gpu.h"\n')
        self.assertEqual(self.failures(),
                         ["qemu-device/gpu/ring/ring.c:1: includes qemu-device/gpu/gpu.h, of a folder above"])

    def circle(self):
        self.more(f"{GPU}/mem/bo.c", "\nvoid puck_bo_moved(void)\n{\n\tpuck_ring_kick();\n}\n")

    def test_a_circle_of_two_calls(self):
        self.circle()
        self.assertEqual(self.failures(), [f"{GPU}/mem/bo.c:12: mem calls sched on a circle: puck_ring_kick()",
                                           f"{GPU}/sched/ring.c:6: sched calls mem on a circle: puck_bo_pin()"])

    def test_a_circle_by_the_top(self):
        self.more(f"{GPU}/core/device.c", "\nvoid puck_device_lost(void)\n{\n\tpuck_probe();\n}\n")
        self.assertIn(f"{GPU}/core/device.c:7: core calls . on a circle: puck_probe()", self.failures())

    def test_a_circle_of_modules(self):
        self.write("guest-driver/dma/ops.c", "void puck_dma_ops(void)\n{\n\tpuck_probe();\n}\n")
        self.assertEqual(self.failures(), [])
        self.more(f"{GPU}/drv.c", "\nstatic const struct ops ops = {\n\t.map = puck_dma_ops,\n};\n")
        self.assertIn(f"{GPU}/drv.c:10: gpu calls dma on a circle: puck_dma_ops()", self.failures())

    def test_functions_that_are_handed_over_or_in_a_macro_or_inline(self):
        for text, line in (("\nstatic void (*kick)(void) = puck_ring_kick;\n", 10),
                           ("\nstatic const struct ops ops = {\n\t.kick = puck_ring_kick,\n};\n", 11),
                           ("\ntype_init(puck_ring_kick)\n", 10), ("\nEXPORT_SYMBOL_GPL(puck_ring_kick);\n", 10),
                           ("\n#define KICK() \\\n\tpuck_ring_kick()\n", 11)):
            with self.subTest(text=text):
                self.write(f"{GPU}/mem/bo.c", TREE[f"{GPU}/mem/bo.c"] + text)
                self.assertIn(f"{GPU}/mem/bo.c:{line}: mem calls sched on a circle: puck_ring_kick()",
                              self.failures())
        self.write(f"{GPU}/mem/bo.c", TREE[f"{GPU}/mem/bo.c"])
        self.write(f"{GPU}/mem/bo.h", "static inline void puck_bo_moved(void)\n{\n\tpuck_ring_kick();\n}\n")
        self.assertIn(f"{GPU}/mem/bo.h:3: mem calls sched on a circle: puck_ring_kick()", self.failures())

    def test_what_is_no_call(self):
        self.more(f"{GPU}/mem/bo.c", """
/* puck_ring_kick() is for others; so is { puck_ring_kick(); }. */
void puck_ring_kick(void);

struct puck_bo {
	void (*puck_ring_kick)(void);
};

static void tell(struct puck_bo *bo)
{
	print("puck_ring_kick() {");
	bo->puck_ring_kick();
}
""")
        self.write(f"{GPU}/mem/own.c", "static void puck_ring_kick(void)\n{\n}\n\nvoid puck_own(void)\n{\n"
                                       "\tpuck_ring_kick();\n}\n")
        self.assertEqual(self.failures(), [])

    def test_a_circle_that_is_argued_for(self):
        self.circle()
        self.write(layers.PAGE, PAGE + ROW)
        self.assertEqual(self.failures(), [])
        # One function is argued for, not whatever else is called there.
        self.more(f"{GPU}/mem/bo.c", "\nint puck_bo_again(void)\n{\n\treturn puck_ring_init();\n}\n")
        self.assertEqual(self.failures(), [f"{GPU}/mem/bo.c:17: mem calls sched on a circle: puck_ring_init()",
                                           f"{GPU}/sched/ring.c:6: sched calls mem on a circle: puck_bo_pin()"])

    def test_a_circle_that_is_named_and_gone(self):
        self.write(layers.PAGE, PAGE + ROW)
        self.assertEqual(self.failures(), [f"{layers.PAGE}:9: {GPU}: mem calls sched by puck_ring_kick(): "
                                           "there is no such call on a circle any more"])

    def test_rows_that_say_too_little(self):
        for row in (ROW.replace(GPU, "guest-driver/camera"), ROW[:ROW.index("     - A BO")],
                    ROW.replace("A BO that\n       has moved wakes its ring.", "")):
            self.write(layers.PAGE, PAGE + row)
            self.assertEqual(len(self.failures()), 1)
            self.assertIn(f"{layers.PAGE}:9: wanted are one of", self.failures()[0])


if __name__ == "__main__":
    unittest.main()
