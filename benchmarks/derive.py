"""Times of derivations and of starting up, beside SymPy and tensorgrad: `python -m benchmarks [--rounds N] [--only TEXT] [--no-peers] [--json FILE]`.

Rounds are interleaved (each round times every tool on every case), so that a slow minute hurts all alike; minima and medians are shown. A peer runs in
a process of its own, by `.venv-bench/bin/python` where that exists, and is stopped at its time limit. A peer that is not installed is reported.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from handgrad.derivation import model

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support_cases import CASES, Question  # noqa: E402  # the corpus lives with the tests

GOALS = {"derive": 0.050, "certified": 0.250, "import": 0.090, "help": 0.060, "layer": 0.050}
LIMIT = 20.0        # seconds that a peer gets for one derivation
Times = dict[str, list[float]]


class Peer:
    """A worker process of a peer, started again after it was stopped."""

    def __init__(self, name: str) -> None:
        self.name = name
        local = ROOT / ".venv-bench" / "bin" / "python"
        self.command = [str(local) if local.exists() else sys.executable, str(ROOT / "benchmarks" / "peers.py"), name]
        self.process: subprocess.Popen[str] | None = None
        self.cases: set[str] = set()
        self.absent = ""
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        hello = self.answer(60)
        self.absent = "" if "cases" in hello else hello.get("absent", "does not start")
        self.cases = set(hello.get("cases", ()))

    def answer(self, seconds: float) -> dict[str, Any]:
        assert self.process is not None and self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        line = self.process.stdout.readline() if ready else ""
        return json.loads(line) if line else {"failed": f"no answer in {seconds:g} s"}

    def time(self, case: str) -> float | str:
        """The seconds of one derivation, or what went wrong."""
        assert self.process is not None and self.process.stdin is not None
        self.process.stdin.write(case + "\n")
        self.process.stdin.flush()
        found = self.answer(LIMIT)
        if "seconds" in found:
            return float(found["seconds"])
        if found["failed"].startswith("no answer"):
            self.stop()
            self.start()
        return str(found["failed"])

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def timed(work: Callable[[], object]) -> float:
    """The seconds that the work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def asked(question: Question) -> Any:
    """The derivation of a question, without its certificates."""
    wrt = question.wrt if len(question.wrt) > 1 else question.wrt[0]
    return model(question.model).derive(question.of, wrt)


def certified(question: Question) -> object:
    """The derivation with the certificates of all steps and of the result."""
    derived = asked(question)
    return derived.steps, derived.certificate


def rounds(questions: list[Question], peers: list[Peer], count: int) -> dict[str, dict[str, Any]]:
    """The times of every tool on every case."""
    found: dict[str, dict[str, Any]] = {q.name: {"derive": [], "certified": []} for q in questions}
    for _ in range(count):
        for question in questions:
            row = found[question.name]
            row["derive"].append(timed(lambda: asked(question).result))
            row["certified"].append(timed(lambda: certified(question)))
            for peer in peers:
                case = question.name.split(": ", 1)[1]
                if case in peer.cases and not isinstance(row.get(peer.name), str):
                    seconds = peer.time(case)
                    row[peer.name] = seconds if isinstance(seconds, str) else [*row.get(peer.name, []), seconds]
    return found


def starting(count: int) -> Times:
    """The times of bare Python, of the import and of the help."""
    commands = {"python": ["-c", "pass"], "import": ["-c", "import handgrad"], "help": ["-m", "handgrad", "--help"]}
    found: Times = {name: [] for name in commands}
    for _ in range(count):
        for name, arguments in commands.items():
            found[name].append(timed(lambda: subprocess.run([sys.executable, *arguments], capture_output=True, check=True)))
    return found


def shown(times: Any) -> str:
    """Minimum and median in milliseconds, or why there are none."""
    if times is None:
        return "-"
    if isinstance(times, str):
        return times[:24]
    return f"{1000 * min(times):.1f} / {1000 * statistics.median(times):.1f}"


def report(found: dict[str, dict[str, Any]], peers: list[Peer]) -> None:
    """A line for each case, and how many keep to the goals."""
    names = [p.name for p in peers if not p.absent]
    print(f"load {os.getloadavg()[0]:.1f}; above 2 the times say little")
    print("milliseconds, minimum / median; first: in this process; ×: the peer's minimum over that of `derive` (no peer certifies)")
    print(f"{'case':62} {'first':>7} {'derive':>15} {'certified':>17} " + " ".join(f"{n:>26}" for n in names))
    for name, row in found.items():
        ratios = {n: f"{shown(row.get(n))} ×{min(row[n]) / min(row['derive']):.1f}" if isinstance(row.get(n), list) else shown(row.get(n)) for n in names}
        own = f"{1000 * row['derive'][0]:7.1f} {shown(row['derive']):>15} {shown(row['certified']):>17}"
        print(f"{name[:62]:62} {own} " + " ".join(f"{ratios[n]:>26}" for n in names))
    for kind in ("derive", "certified"):
        within(kind, "the first time in this process", {name: row[kind][0] for name, row in found.items()})
        within(kind, "at best", {name: min(row[kind]) for name, row in found.items()})
    for peer in peers:
        if peer.absent:
            print(f"{peer.name}: absent ({peer.absent}); `make bench` installs it into .venv-bench")
    for name, row in found.items():
        if "8 layers" in name:
            print(f"a layer of {name}: {1000 * min(row['derive']) / 8:.1f} ms, the goal is {1000 * GOALS['layer']:.0f}")


def within(kind: str, when: str, seconds: dict[str, float]) -> None:
    """How many cases keep to the goal, and which do not; of the shared cases by themselves too."""
    for told, names in (("of all", list(seconds)), ("of the shared", [n for n in seconds if n.startswith("derive: ")])):
        slow = [f"{n} {1000 * seconds[n]:.0f}" for n in names if seconds[n] > GOALS[kind]]
        over = f"; over: {'; '.join(slow)}" if slow else ""
        print(f"{kind}, {when}: {len(names) - len(slow)} of {len(names)} {told} within {1000 * GOALS[kind]:.0f} ms{over}")


def main() -> None:
    """Times everything and prints it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--only", default="", help="cases whose name holds this text")
    options.add_argument("--no-peers", action="store_true")
    options.add_argument("--json", type=Path, help="where to write all times")
    given = options.parse_args()
    peers = [] if given.no_peers else [Peer("sympy"), Peer("tensorgrad")]
    questions = [q for q in CASES if given.only in q.name]
    found = rounds(questions, [p for p in peers if not p.absent], given.rounds)
    report(found, peers)
    started = starting(3 * given.rounds)
    for name in ("import", "help"):
        above = min(started[name]) - min(started["python"]), statistics.median(started[name]) - statistics.median(started["python"])
        print(f"{name} above bare Python: {1000 * above[0]:.0f} / {1000 * above[1]:.0f} ms, the goal is {1000 * GOALS[name]:.0f}")
    for peer in peers:
        peer.stop()
    if given.json:
        given.json.write_text(json.dumps({"cases": found, "starting": started}, indent=1))


if __name__ == "__main__":
    main()
