# SPDX-License-Identifier: GPL-2.0-or-later
"""The tool as a program among others: how it ends, what it holds, what it says of its cache."""

import contextlib
import errno
import io
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from pucklib import cli  # noqa: E402
from pucklib.base import children, steps, util  # noqa: E402
from pucklib.base.util import PuckError, write_json  # noqa: E402
from pucklib.commands import clean  # noqa: E402
from pucklib.vm import rundirs  # noqa: E402

# A puck whose command starts a program which starts another, and holds a run folder.
TOOL = """
import signal, subprocess, sys
sys.path.insert(0, sys.argv[1])
from pucklib import cli
from pucklib.base import children
from pucklib.vm import rundirs

# Below nohup, or in the background of a script, some of them are ignored.
for number in children.SIGNALS:
    signal.signal(number, signal.SIG_DFL)

def command(args):
    rundirs.new("test", sys.argv[2] + "/run")
    proc = children.start(["sh", "-c", "sleep 300 & wait"], stdin=subprocess.DEVNULL)
    print(proc.pid, flush=True)
    proc.wait()
    return 0

cli.cmd_bench = command
sys.exit(cli.main(["bench"]))
"""


class WithCache(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        patch = mock.patch.dict(os.environ, PUCK_CACHE=str(self.folder / "cache"))
        patch.start()
        self.addCleanup(patch.stop)


class Signals(WithCache):
    def group(self, number):
        return [pid for pid, _, group, state in children.processes() if group == number and state != "Z"]

    def end_by(self, number):
        with subprocess.Popen([sys.executable, "-B", "-c", TOOL, str(SCRIPTS), str(self.folder)], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tool:
            group = int(tool.stdout.readline())
            while len(self.group(group)) < 2:
                time.sleep(0.01)
            tool.send_signal(number)
            tool.wait()
            while number == signal.SIGKILL and len(self.group(group)) > 1:
                time.sleep(0.01)        # the kernel tells the one that was started
            left = self.group(group)
            for pid in left:
                os.kill(pid, signal.SIGKILL)
            return tool.returncode, tool.stderr.read(), left

    def test_all_that_was_started_ends(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            status, said, left = self.end_by(number)
            self.assertEqual((status, left), (128 + number, []), said)
            self.assertIn(f"ended by {number.name}", said)
            self.assertIn(f"run folder: {self.folder}/run", said)
            self.assertNotIn("Traceback", said)

    def test_killed(self):
        status, _, left = self.end_by(signal.SIGKILL)
        self.assertEqual(status, -signal.SIGKILL)
        self.assertLess(len(left), 2, "the program that was started is gone")
        self.assertTrue(rundirs.hold(self.folder / "run"), "and the folder is free")
        rundirs.let_go(self.folder / "run")

    def test_nothing_is_started_afterwards(self):
        with mock.patch.object(children, "STOPPED", threading.Event()):
            children.STOPPED.set()
            self.assertRaisesRegex(PuckError, "interrupted", children.start, ["true"])


class Folders(WithCache):
    def tearDown(self):
        for folder in rundirs.all_held():
            rundirs.let_go(folder)

    def test_another_one_has_removed_it(self):
        gone = self.folder / "gone"
        self.assertIsNone(rundirs.hold(gone))
        self.assertFalse(rundirs.remove(gone))

    def test_the_same_folder_twice(self):
        wanted = self.folder / "a run, with spaces"
        held = open_elsewhere(wanted)
        self.assertRaisesRegex(PuckError, "another run is using", rundirs.new, "x", wanted)
        held.close()
        self.assertEqual(rundirs.new("x", wanted), wanted)

    def test_it_is_refused_before_anything_is_built(self):
        held, said = open_elsewhere(self.folder / "run"), io.StringIO()
        with mock.patch.object(cli, "cmd_run") as run, mock.patch.object(cli.children, "install"), \
             contextlib.redirect_stderr(said):
            status = cli.main(["run", "--run-dir", str(self.folder / "run")])
        held.close()
        run.assert_not_called()
        self.assertEqual(status, 1)
        self.assertIn("another run is using", said.getvalue())

    def test_a_file_is_no_folder(self):
        (self.folder / "file").write_text("")
        self.assertRaisesRegex(PuckError, "is a file", rundirs.new, "x", self.folder / "file")

    def test_two_at_once_have_two(self):
        self.assertNotEqual(rundirs.new("x"), rundirs.new("x"))

    def old(self, name, status=0, **known):
        folder = util.cache("runs", name)
        folder.mkdir()
        write_json(folder / rundirs.ENDED, {"status": status})
        if known:
            write_json(folder / "run.json", known)
        os.utime(folder, (len(list(folder.parent.iterdir())),) * 2)
        return folder

    def test_old_ones_go_but_not_those_that_matter(self):
        first = self.old("good")
        kept = [self.old("bad", 1), self.old("recorded", recorded=True), self.old("used")]
        interrupted = util.cache("runs", "interrupted")
        interrupted.mkdir()
        os.utime(interrupted, (1, 1))
        held = open_elsewhere(kept[2])
        os.utime(kept[2], (2, 2))
        for n in range(rundirs.KEEP_GOOD):
            self.old(f"later-{n}")
        rundirs.prune(first.parent)
        self.assertFalse(first.exists())
        self.assertTrue(all(folder.exists() for folder in [*kept, interrupted]))
        held.close()

    def test_how_it_ended_is_known(self):
        folder = rundirs.new("x")
        self.assertTrue(rundirs.precious(folder))
        rundirs.ended(0)
        self.assertFalse(rundirs.precious(folder))


def open_elsewhere(folder):
    """A run folder that another process seems to hold."""
    folder.mkdir(exist_ok=True)
    rundirs.hold(folder)
    return rundirs._held.pop(folder)


class Clean(WithCache):
    def command(self, *words):
        with mock.patch.object(children, "install"), contextlib.redirect_stderr(io.StringIO()) as said:
            return cli.main(["clean", *words]), said.getvalue()

    def test_what_is_used_stays(self):
        used, free = (util.cache("runs", name) for name in ("used", "free"))
        log = util.cache("logs", "x.log")
        free.mkdir()
        log.write_text("")
        held = open_elsewhere(used)
        with contextlib.closing(self.user()):
            self.assertEqual(self.command()[0], 0)
            self.assertTrue(used.exists() and log.exists())
            self.assertFalse(free.exists())
            status, said = self.command("--all", "--yes")
            self.assertEqual((status, used.exists()), (1, True))
            self.assertIn("another puck is using", said)
        held.close()
        self.assertEqual(self.command("--all", "--yes")[0], 0)
        self.assertFalse(used.exists() or log.exists())

    def user(self):
        clean.use()
        user, clean._user = clean._user, None
        return user


class Cache(WithCache):
    def failing(self, *words, **env):
        """Exit status and message of a puck that cannot work; it is one line."""
        with mock.patch.dict(os.environ, env):
            done = subprocess.run([SCRIPTS / "puck", *words], capture_output=True, text=True)
        self.assertNotIn("Traceback", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        return done.returncode, done.stderr

    def test_a_file_where_a_folder_belongs(self):
        for place in ("cache", "cache/locks"):
            path = self.folder / place
            path.parent.mkdir(exist_ok=True)
            path.write_text("")
            status, said = self.failing("soak", "--drivers", "nvme")
            self.assertEqual(status, 1)
            self.assertIn("there is a file where a folder has to be", said)
            path.unlink()

    def test_a_place_that_cannot_be_written(self):
        self.assertEqual(self.failing("run", PUCK_CACHE="/proc/puck")[0], 1)

    def test_names_that_make_cannot_take(self):
        for name in ("a b", "a,b", "a:b", "a'b"):
            status, said = self.failing("run", PUCK_CACHE=str(self.folder / name))
            self.assertEqual(status, 1)
            self.assertIn("no path with", said)

    def test_a_home_with_a_space_is_stepped_around(self):
        home = {"HOME": "/home/Ada Lovelace", "XDG_CACHE_HOME": ""}
        with mock.patch.dict(os.environ, home), contextlib.redirect_stderr(io.StringIO()), \
             mock.patch.object(Path, "mkdir"), mock.patch.object(Path, "stat") as stat:
            stat.return_value.st_uid = os.getuid()
            del os.environ["PUCK_CACHE"]
            util.check_cache()
            self.assertEqual(util.cache_dir(), Path(f"/var/tmp/puck-{os.getuid()}"))

    def test_no_room(self):
        util.check_cache()
        with mock.patch.object(util.shutil, "disk_usage") as usage:
            usage.return_value.free = 1.2e9
            util.need_space("x", 1)
            self.assertRaisesRegex(PuckError, r"x: needs 3 GB, but 1.2 GB are free", util.need_space, "x", 3)

    def test_errors_say_what_to_do(self):
        for number in (errno.ENOSPC, errno.EROFS, errno.EACCES):
            text = cli.explain(OSError(number, os.strerror(number), "/c/x"))
            self.assertRegex(text, r"^/c/x: .* \(.*PUCK_CACHE.*\)$")

    def test_old_versions_go_while_others_come_and_go(self):
        for name, age in (("old", 3), ("new", 0)):
            (self.folder / name).write_text("")
            os.utime(self.folder / name, (time.time() - age * 86400,) * 2)
        files = mock.Mock(iterdir=lambda: [self.folder / "gone", self.folder / "old", self.folder / "new"])
        util.prune(files)
        self.assertEqual([p.name for p in self.folder.iterdir() if p.is_file()], ["new"])

    def test_writing_is_all_or_nothing(self):
        path = util.cache("x")
        util.write_if_changed(path, "old")
        with mock.patch.object(Path, "rename", side_effect=OSError(errno.ENOSPC, "full")):
            self.assertRaises(OSError, util.write_if_changed, path, "new")
        self.assertEqual([p.read_text() for p in path.parent.iterdir()], ["old"])


class Surroundings(unittest.TestCase):
    def test_sbin_is_found_by_users_too(self):
        with mock.patch.dict(os.environ, PATH="/usr/local/bin:/usr/bin:/bin"), mock.patch.object(children, "install"):
            cli.prepare()
            self.assertEqual(os.environ["PATH"], "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin")

    def test_never_silent_for_long(self):
        stop, said = threading.Event(), io.StringIO()
        with mock.patch.object(util, "SILENCE", 0.2), contextlib.redirect_stderr(said), util.doing("unpack QEMU"):
            thread = threading.Thread(target=util.heartbeat, args=(stop, 0.02))
            thread.start()
            while said.getvalue().count("unpack QEMU") < 2:
                time.sleep(0.01)
            stop.set()
            thread.join()

    def test_version(self):
        done = subprocess.run([SCRIPTS / "puck", "--version"], capture_output=True, text=True, check=True)
        self.assertRegex(done.stdout, r"^puck \d+\.\d+")

    def test_a_step_that_hangs_is_ended(self):
        class Late:
            def start(self, pid):
                pass

            def line(self, text):
                pass

            def expired(self):
                return "late"

        with tempfile.TemporaryDirectory() as folder, mock.patch.object(steps, "WATCH_SECONDS", 0.01):
            out = Path(folder) / "out"
            self.assertEqual(steps.watched(["sleep", "300"], Late(), out, out), (None, "late"))
            self.assertEqual(steps.watched(["true"], Late(), out, out)[0] or 0, 0)


if __name__ == "__main__":
    unittest.main()
