# SPDX-License-Identifier: GPL-2.0-or-later
"""run --explain: which words of a policy a failure needs.

A policy is a few choices that have little to do with each other. Each one is taken back
to what says nothing, by itself, and the run is made again; what the failure does without
stays away. At most one boot for each word, and one to see that no word is to blame.
"""

import argparse
import contextlib

from . import results
from .machine import read_text
from .util import say

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


def marks(rundir):
    """What a failure is known by: the classes of its findings, or that the work failed."""
    return {one["class"] for one in results.findings(read_text(rundir / "console.log"))} or {"work"}


class Trial:
    """Runs of the same driver, each under one policy."""

    def __init__(self, args, rundir, run):
        self.args, self.rundir, self.run = args, rundir, run
        self.wanted, self.count = marks(rundir), 0

    def fails(self, words, seed):
        self.count += 1
        policy = text_of(words, seed)
        folder = self.rundir / f"explain-{self.count}"
        args = argparse.Namespace(**{**vars(self.args), "dma": policy})
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "said", "w", encoding="utf-8") as out, contextlib.redirect_stdout(out):
            reasons, place = self.run(args, folder)
        alike = bool(reasons) and bool(marks(place) & self.wanted)
        say(f"explain: {'fails' if alike else 'does not fail'} with {policy}")
        return alike


def failing_policy(rundir, args):
    """Of the first round that failed, or under which something was found; written out by the guest."""
    rounds = results.policies(read_text(rundir / "output.log"))
    bad = [one for one in rounds if one["status"] != 0] or rounds
    return bad[0]["policy"] if bad else args.dma


def explain(args, rundir, run):
    """Prints the sentence. run(args, folder) makes a run, and returns what is wrong
    with it, and where its logs are."""
    policy = failing_policy(rundir, args)
    if not policy:
        print("explain    the run did not come to say its policy", flush=True)
        return
    words, seed = words_of(policy)
    trial = Trial(args, rundir, run)
    left = needed(words, lambda some: trial.fails(some, seed))
    print(f"explain    {sentence(left)} ({trial.count} boots)")
    if left:
        print(f"           again: --dma {text_of(left, seed)}", flush=True)
