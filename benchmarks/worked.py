"""Times of worked pages and of a class, beside handcalcs: `python -m benchmarks.worked [--rounds N] [--no-peers] [--students N]`.

Rounds are interleaved; minima and medians are shown. A class is drawn by the command in a process of its own, and its processor time is
shown beside the seconds on the clock, since only the latter depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.derive import Peer, timed
from handgrad import read_problem, render, work
from handgrad.worksheet.numbers import certified, numbers
from handgrad.worksheet.plan import plan_of

SHORT = 50                      # calls in a row of what takes less than a millisecond
GOALS = {"a certified pass": 0.0002, "a page in Markdown, from its file": 0.030}
CLASS, STUDENTS = 20.0, 300
NETWORK = '''title = "3-2-1 sigmoid network"
model = """
z[j] = b[j] + sum[i](W[i,j]*x[i])
h[j] = sigmoid(z[j])
u    = c + sum[j](v[j]*h[j])
o    = sigmoid(u)
E    = 1/2*(o - t)^2
"""
gradient = { of = "E", by = ["W", "b", "v", "c"] }
'''
GIVEN = '''[given]
x = [0.18, 2.42, 1.34]
W = [[-0.1, -0.15], [0.19, -0.07], [0.49, -0.48]]
b = [-0.36, -0.04]
v = [-0.25, 0.68]
c = 0.26
t = -1.29
'''
ROUNDING = '''[rounding]
default = 2
z = 4
h = [4, 2]
u = 4
"d(E, o)" = 2
"d(E, h)" = 2
"d(E, W)" = 4
"d(E, b)" = 4
'''
DRAWN = '''[draw]
x = { range = [0, 3], decimals = 2, shape = [3] }
W = { range = [-1, 1], decimals = 2, shape = [3, 2] }
b = { range = [-1, 1], decimals = 2 }
v = { range = [-1, 1], decimals = 2 }
c = { range = [-1, 1], decimals = 2 }
t = { range = [0.1, 0.9], decimals = 2 }
'''
FIVE_LINES = '''model = """
z = b + w*x
h = 1/(1 + exp(-z))
u = c + v*h
o = 1/(1 + exp(-u))
E = 1/2*(o - t)^2
"""
gradient = { of = "E", by = [] }
[given]
x = 0.18
w = -0.1
b = -0.36
v = -0.25
c = 0.26
t = -1.29
'''


def cases() -> dict[str, Callable[[], object]]:
    """What is timed in this process."""
    text = NETWORK + GIVEN + ROUNDING
    problem = read_problem(text)
    plan = plan_of(problem)
    sheet = work(problem)
    return {
        "a certified pass": lambda: certified(plan, problem.values),
        "by hand and certified": lambda: numbers(plan, problem.rounding, problem.values),
        "a page in Markdown, from its file": lambda: render(work(read_problem(text)).blocks(), "markdown"),
        "a page in HTML, of other numbers": lambda: render(work(problem, like=sheet).blocks(), "html"),
        "five lines in LaTeX, from their file": lambda: render(work(read_problem(FIVE_LINES)).blocks(), "latex"),
    }


def once(run: Callable[[], object]) -> float:
    """The seconds of one call, of short ones as the mean of many in a row."""
    first = timed(run)
    return timed(lambda: [run() for _ in range(SHORT)]) / SHORT if first < 0.002 else first


def shown(times: list[float]) -> str:
    """Minimum and median in milliseconds."""
    return f"{1000 * min(times):9.3f} / {1000 * statistics.median(times):.3f} ms"


def class_of(students: int) -> tuple[float, float]:
    """The seconds on the clock and of processors to draw a class with sheets and keys."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "template.toml").write_text(NETWORK + DRAWN + ROUNDING, encoding="utf-8")
        (place / "class.csv").write_text("id\n" + "".join(f"r{n:03d}\n" for n in range(students)), encoding="utf-8")
        command = [sys.executable, "-m", "handgrad", "draw", "template.toml", "--roster", "class.csv", "--seed", "2026", "-o", "sets"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = timed(lambda: subprocess.run(command, cwd=folder, check=True, capture_output=True))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert len(list((place / "sets" / "keys").iterdir())) == students
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Times everything and prints it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--no-peers", action="store_true")
    options.add_argument("--students", type=int, default=STUDENTS)
    given, _ = options.parse_known_args()
    peer = None if given.no_peers else Peer("handcalcs")
    made = cases()
    found: dict[str, list[float]] = {name: [] for name in made}
    beside: list[float] = []
    for _ in range(8 * given.rounds):
        for name, run in made.items():
            found[name].append(once(run))
        if peer is not None and not peer.absent:
            seconds = peer.time("five lines")
            beside += [seconds] if isinstance(seconds, float) else []
    print(f"worked pages, minimum / median; load {os.getloadavg()[0]:.1f}")
    for name, times in found.items():
        goal = f"   the goal is {1000 * GOALS[name]:g} ms" if name in GOALS else ""
        print(f"{name:38} {shown(times)}{goal}")
    if beside:
        print(f"{'handcalcs, the same five lines':38} {shown(beside)}   ×{min(beside) / min(found['five lines in LaTeX, from their file']):.2f} of ours")
    elif peer is not None:
        print(f"handcalcs: absent ({peer.absent}); `make bench` installs it into .venv-bench")
    if peer is not None:
        peer.stop()
    load = os.getloadavg()[0]
    seconds, processor = class_of(given.students)
    print(f"a class of {given.students} with sheets and keys: {seconds:.1f} s on {os.cpu_count()} processors, {processor:.1f} s of processor time; "
          f"the goal is {CLASS:g} s; load before {load:.1f}")


if __name__ == "__main__":
    main()
