# SPDX-License-Identifier: GPL-2.0-or-later
"""run --explain: which words of a policy a failure needs.

A policy is a few choices that have little to do with each other. Each one is taken back
to what says nothing, by itself, and the run is made again; what the failure does without
stays away. At most one boot for each word, and one to see that no word is to blame.
"""

import argparse
import contextlib

from ..base.util import say
from ..vm import drivers
from ..vm.machine import read_text
from . import mapper, sweep

# What a policy is without the word. The seed stays: it is no choice.
PLAIN = {"merge": "all", "layout": "ascending", "gap": "0", "guard": "1", "window": "any", "reuse": "eager",
         "fail": "never", "of": "all", "sync": "coherent"}
SEED = "seed"


def words_of(policy):
    """(words that say something, seed) of a policy that is written out."""
    pairs = dict(word.partition("=")[::2] for word in policy.split(",") if "=" in word)
    seed = pairs.pop(SEED, "0")
    return {key: value for key, value in pairs.items() if PLAIN.get(key) != value}, seed


def text_of(words, seed):
    return ",".join([f"{key}={value}" for key, value in words.items()] + [f"{SEED}={seed}"])


def needed(words, fails):
    """The words without which fails(words) is false, one at a time; None if it fails without any."""
    if fails({}):
        return None
    left = dict(words)
    for key in words if len(words) > 1 else ():
        without = {k: v for k, v in left.items() if k != key}
        if without and fails(without):
            left = without
    return left


def sentence(left):
    if left is None:
        return "it fails under the plainest policy, too: no word of the policy is to blame"
    words = [f"{key}={value}" for key, value in left.items()]
    return f"it fails only with {words[0]}" if len(words) == 1 else f"it fails only with {' and '.join(words)} together"


def groups_of(args, rundir):
    """What the mapper found that is no bug known of the driver."""
    return drivers.unknown_findings(drivers.DRIVERS.get(args.driver), read_text(rundir / "console.log"))


def marks(groups):
    """What a failure is known by: the classes of its findings, or that the work failed."""
    return {one.first.kind for one in groups} or {"work"}


class Trial:
    """Runs of the same driver, each under one policy."""

    def __init__(self, args, rundir, run, wanted):
        self.args, self.rundir, self.run = args, rundir, run
        self.wanted, self.count = wanted, 0

    def fails(self, words, seed):
        self.count += 1
        policy = text_of(words, seed)
        folder = self.rundir / f"explain-{self.count}"
        args = argparse.Namespace(**{**vars(self.args), "dma": policy})
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "said", "w", encoding="utf-8") as out, contextlib.redirect_stdout(out):
            reasons, place = self.run(args, folder)
        alike = bool(reasons) and bool(marks(groups_of(args, place)) & self.wanted)
        say(f"explain: {'fails' if alike else 'does not fail'} with {policy}")
        return alike


def first_failure(rundir, groups):
    """The round that failed first, or under which something was found, and what was found
    under it; None if there was no round."""
    rounds = mapper.known(read_text(rundir / "output.log")).rounds
    bad = [one for one in rounds if one.status != 0 or any(one.name in group.rounds for group in groups)] or rounds
    return (bad[0], [group for group in groups if bad[0].name in group.rounds]) if bad else (None, [])


def explain(args, rundir, run):
    """Prints the sentence. run(args, folder) makes a run, and returns what is wrong
    with it, and where its logs are."""
    first, groups = first_failure(rundir, groups_of(args, rundir))
    if not first:
        print("explain    the run did not come to say its policy", flush=True)
        return
    if first.name == sweep.BIND_ROUND:
        print("explain    it fails while the driver binds and mappings fail: no other word of the policy is tried",
              flush=True)
        return
    words, seed = words_of(first.whole())
    trial = Trial(args, rundir, run, marks(groups))
    left = needed(words, lambda some: trial.fails(some, seed))
    print(f"explain    {sentence(left)} ({trial.count} boots)")
    if left:
        print(f"           again: --dma {text_of(left, seed)}", flush=True)
