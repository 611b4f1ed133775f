# SPDX-License-Identifier: GPL-2.0-or-later
"""The rounds of one boot: policies of the DMA mapper, in the order of what they catch.

Each round is a bind, work and an unbind under one policy. The list is fixed; a slow
machine takes longer over it. Seeds decide what a policy draws.
"""

from dataclasses import dataclass

# Which kinds of rounds there are, puck-dma-run says.
WORK, ERRORS, STATUS, BIND = "work", "errors", "status", "bind"
BIND_ROUND = "fail-bind"


@dataclass(frozen=True)
class Round:
    name: str
    kind: str
    policy: str
    arguments: str = ""         # for the workload

    def row(self):
        return "|".join((self.name, self.kind, self.policy, self.arguments))


# Copies that are compared come first and in between: they see what is missing, and
# what else is wrong as well. Without copies the device is where the driver sent it.
POLICIES = (
    ("watch", "sync=watch"),
    ("scattered", "sync=watch,merge=none,layout=shuffled,gap=3,guard=2,window=above4g"),
    ("direct", "sync=coherent,merge=none,layout=descending,window=top,reuse=quarantine:4096"),
    ("bounce", "sync=bounce,merge=boundary:8K,window=below4g,reuse=eager"),
    ("merged", "sync=coherent,merge=all,window=low,reuse=eager"),
    ("zero", "sync=watch,merge=random,layout=shuffled,window=zero,reuse=quarantine:64"),
)
# Each way to a mapping fails once, the first time or later on: so each error path is gone.
EACH = ("fail=each:1", "fail=each:3")
# A driver of the user's may map once in all its work, or for each page of it.
OWN_FAILURES = (*EACH, "fail=every:3", "fail=share:16", "fail=share:2,of=pool")


def rounds_of(driver, seed):
    """The rounds for a driver of the table, or for one of the user's."""
    rounds = [Round(name, WORK, f"{words},seed={seed + n}", arguments_of(driver, n, seed))
              for n, (name, words) in enumerate(POLICIES)]
    rounds.append(Round("random", WORK, f"random,seed={seed}", arguments_of(driver, len(rounds), seed)))
    return rounds + failing(driver, seed)


def failing(driver, seed):
    """Those in which mappings fail, last: a driver may not get over them."""
    if driver.no_fail:
        return []
    kind = ERRORS if driver.takes_options else STATUS
    rounds = [Round(f"fail-{n}", kind, f"sync=watch,{word},seed={seed}", arguments)
              for n, (word, arguments) in enumerate(failures_of(driver, seed), start=1)]
    return rounds if driver.no_fail_bind else [*rounds, Round(BIND_ROUND, BIND, f"sync=watch,seed={seed}")]


def failures_of(driver, seed):
    """[(words of the policy, arguments)]."""
    if not driver.takes_options:
        return [(word, "") for word in OWN_FAILURES]
    ways = driver.fail_ways
    chosen = [(EACH[0], way) for way in ways] + [(EACH[1], ways[0]), (driver.fail, ways[0])]
    chosen += [(driver.fail_pool, ways[-1])] * bool(driver.fail_pool)
    return [(words, arguments(way, seed + n)) for n, (words, way) in enumerate(chosen)]


def arguments_of(driver, n, seed):
    """The workload's: its ways take turns, so that each is gone under several policies."""
    if not driver.takes_options:
        return ""
    return arguments(driver.ways[n % len(driver.ways)] if driver.ways else "", seed + n)


def arguments(way, seed):
    return " ".join(filter(None, (way, f"--seed {seed}", "--bytes 1M")))


def given(driver, policy, seed, name="given"):
    """The one round of a policy that the user gives."""
    fails = any(word.startswith("fail=") and word != "fail=never" for word in policy.split(","))
    kind = WORK if not fails else ERRORS if driver.takes_options else STATUS
    arguments = f"--seed {seed} --bytes 4M" if driver.takes_options else ""
    return [Round(name, kind, policy, arguments)]


def many(driver, first, count):
    """For a soak: random policies, each third of them watched."""
    def policy(seed):
        return f"random,seed={seed}" + (",sync=watch" if seed % 3 == 0 else "")
    return [Round(f"random-{seed}", WORK, policy(seed), arguments_of(driver, seed - first, seed))
            for seed in range(first, first + count)]


def command(program, name, rounds):
    """What the guest runs: the rounds are its input."""
    rows = "".join(f"{one.row()}\n" for one in rounds)
    return f"exec {program} sweep {name} <<'ROUNDS'\n{rows}ROUNDS\n"
