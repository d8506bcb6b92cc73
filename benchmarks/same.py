"""Times and answers of `handgrad.same` on the pairs of the tests, beside SymPy and math-verify: `python -m benchmarks.same [--pairs N] [--no-peers]`.

The truth of each pair is known by how it is made. Of each the least of a few rounds counts, and of all the median; every round reads both texts anew.
The peers get those pairs without indices, abstract functions and derivatives that they can say at all, each once and within its time limit.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import handgrad
from benchmarks.derive import Peer
from handgrad.expr import Add, Call, Cases, Compare, Entry, Mul, Number, Pow
from handgrad.notation import read

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support_sameness import Pair, pairs  # noqa: E402  # the pairs live with the tests

ROUNDS, SECONDS = 5, 10.0
GOALS = {"without sums": 0.5, "with sums": 5.0}
FUNCTIONS = {"exp": "exp({})", "log": "log({})", "sqrt": "sqrt({})", "abs": "Abs({})", "sign": "sign({})", "tanh": "tanh({})", "sinh": "sinh({})",
             "cosh": "cosh({})", "sech": "sech({})", "sigmoid": "(1/(1 + exp(-({}))))", "relu": "Max(0, {})", "softplus": "log(1 + exp({}))",
             "max": "Max({})", "min": "Min({})", "sin": "sin({})", "cos": "cos({})", "erf": "erf({})", "clip": "Min(Max({}, {}), {})"}


class Unsayable(Exception):
    """What a peer has no words for."""


def in_sympy(node: Any) -> str:
    """A formula as SymPy reads it."""
    match node:
        case Number(value):
            return f"Rational({value.numerator}, {value.denominator})"
        case Entry(name, ()):
            return str(name)
        case Add(terms):
            return " + ".join(f"({in_sympy(t)})" for t in terms)
        case Mul(factors):
            return "*".join(f"({in_sympy(f)})" for f in factors)
        case Pow(base, exponent):
            return f"({in_sympy(base)})**({in_sympy(exponent)})"
        case Call("max" | "min" as name, arguments):
            return FUNCTIONS[name].format(", ".join(map(in_sympy, arguments)))
        case Call(name, arguments) if name in FUNCTIONS:
            return FUNCTIONS[name].format(*map(in_sympy, arguments))
        case Cases(branches, otherwise):
            told = [f"({in_sympy(v)}, ({in_sympy(c.left)}) {c.operator} ({in_sympy(c.right)}))" for v, c in branches if isinstance(c, Compare)]
            if len(told) == len(branches):
                return f"Piecewise({', '.join(told)}, ({in_sympy(otherwise)}, True))"
    raise Unsayable


def said(pair: Pair) -> dict[str, Any] | None:
    """The pair in the words of the peers; None where they have none."""
    try:
        model = read(f"left_side = {pair.left}\nright_side = {pair.right}")
        left, right = (model.definitions[side].body for side in ("left_side", "right_side"))
        return {"left": in_sympy(left), "right": in_sympy(right), "names": sorted(left.tensors | right.tensors)}
    except (Unsayable, handgrad.HandgradError):
        return None


def ours(made: list[Pair]) -> dict[Pair, tuple[float, str]]:
    """Of each pair the least time in milliseconds, and the answer; rounds go over all pairs, so that a slow moment hurts one of several only."""
    found: dict[Pair, tuple[float, str]] = {}
    for _ in range(ROUNDS):
        for pair in made:
            start = time.perf_counter()
            verdict = handgrad.same(pair.left, pair.right).verdict
            spent = 1000*(time.perf_counter() - start)
            found[pair] = min(spent, found.get(pair, (spent, verdict))[0]), verdict
    return found


class Judge(Peer):
    """A peer that is asked for its answer to a pair."""

    def __init__(self, name: str) -> None:
        self.name = name
        local = ROOT / ".venv-bench" / "bin" / "python"
        self.command = [str(local) if local.exists() else sys.executable, str(ROOT / "benchmarks" / "same_peers.py"), name]
        self.process, self.cases, self.absent = None, set(), ""
        self.start()

    def ask(self, words: dict[str, Any]) -> dict[str, Any]:
        """Its answer and its time, or why there is none."""
        assert self.process is not None and self.process.stdin is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        found = self.answer(SECONDS)
        if found.get("failed", "").startswith("no answer"):
            self.stop()
            self.start()
        return found


def compared(judge: Judge, mine: dict[Pair, tuple[float, str]], words: dict[Pair, dict[str, Any]]) -> str:
    """One line on a peer: its answers, its median time, and how many times ours that is, on the pairs that it answers."""
    if judge.absent:
        return f"{judge.name}: absent ({judge.absent}); `make bench` installs it into .venv-bench"
    answers = {pair: judge.ask(said_as) for pair, said_as in words.items()}
    judge.stop()
    given = {pair: answer for pair, answer in answers.items() if "seconds" in answer}
    false_equal = sum(1 for pair, answer in given.items() if answer["same"] is True and not pair.equal)
    false_unequal = sum(1 for pair, answer in given.items() if answer["same"] is False and pair.equal)
    none = sum(1 for answer in answers.values() if answer.get("same") is None)
    own = statistics.median(mine[pair][0] for pair in given)
    median = 1000*statistics.median(answer["seconds"] for answer in given.values())
    return (f"{judge.name}: {len(answers)} pairs that it can say; median {median:.1f} ms, ours on the same {own:.2f} ms: ×{median/own:.0f}; "
            f"false equal {false_equal}, false unequal {false_unequal}, no answer {none} (ours: 0, 0, {sum(mine[p][1] == 'undecided' for p in answers)})")


def report(mine: dict[Pair, tuple[float, str]]) -> None:
    """Our own answers and times."""
    print(f"load {os.getloadavg()[0]:.1f}; above 2 the times say little")
    for kind, goal in GOALS.items():
        chosen = [pair for pair in mine if ("[" in pair.left + pair.right) == (kind == "with sums")]
        times = sorted(mine[pair][0] for pair in chosen)
        wrong = sum(1 for pair in chosen if mine[pair][1] != "undecided" and (mine[pair][1] == "equal") != pair.equal)
        undecided = sum(1 for pair in chosen if mine[pair][1] == "undecided")
        median, late = statistics.median(times), times[int(0.95*len(times))]
        print(f"same, {kind}: {len(chosen)} pairs, {wrong} false, {undecided} undecided; median {median:.2f} ms (the goal is {goal:g}), "
              f"95 % within {late:.1f}, at most {times[-1]:.1f}")


def main() -> None:
    """Times and judges everything and prints it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pairs", type=int, default=1000)
    options.add_argument("--peer-pairs", type=int, default=150, help="how many pairs the peers are asked")
    options.add_argument("--no-peers", action="store_true")
    given, _ = options.parse_known_args()
    made = list(dict.fromkeys(pairs(4, given.pairs)))
    mine = ours(made)
    report(mine)
    if not given.no_peers:
        words = {pair: spoken for pair in made if (spoken := said(pair)) is not None}
        some = dict(list(words.items())[:given.peer_pairs])
        for name in ("sympy", "math-verify"):
            print(compared(Judge(name), mine, some), flush=True)


if __name__ == "__main__":
    main()
