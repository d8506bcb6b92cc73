"""Times the contestants of one piece of work: `python -m benchmarks.speed.worker ROW NAMES ROUNDS`, by an interpreter that has the peers.

The names take turns, A B C A B C …, so that what disturbs the machine disturbs all. It prints a line of JSON: of each the seconds of every round, its own
value and the sum of the sizes of its gradient, or why it is absent; and of memory alone the bytes a second in the same rounds. With one name the
contestant runs alone in a fresh process.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.speed.networks import descent, digits, network, samples
from benchmarks.speed.pointwise import activation, cross_entropy, pointwise_loss
from benchmarks.speed.row import Row, Run
from benchmarks.speed.triad import triad

SLICE = 0.02                                # seconds that a round takes at least: shorter work is done several times a round
WARM = 3
ROWS: dict[str, Callable[[], Row]] = {
    **{name: lambda name=name: activation(name, 10**7) for name in ("sigmoid", "tanh", "softplus", "silu", "gelu")},
    **{name: lambda name=name: pointwise_loss(name, 10**7) for name in ("huber", "l1", "l2", "hinge")},
    "rows": lambda: cross_entropy(100_000, 10),
    "classes": lambda: cross_entropy(8192, 1000),
    "words": lambda: cross_entropy(2048, 32_000),
    "network": network, "descent": descent, "samples": lambda: samples(10**7), "digits": digits,
    **{f"sigmoid {10**k}": lambda k=k: activation("sigmoid", 10**k) for k in range(2, 8)},
    **{f"huber {10**k}": lambda k=k: pointwise_loss("huber", 10**k) for k in range(2, 8)},
}


def timed(run: Run, count: int) -> float:
    """Seconds of one piece of work, the mean of `count` in a row."""
    start = time.perf_counter()
    for _ in range(count):
        run()
    return (time.perf_counter() - start)/count


def measured(row: Row, names: list[str], rounds: int) -> dict[str, Any]:
    """Of each contestant what it took and gave."""
    ready: dict[str, tuple[Run, Callable[[], tuple[float, float]], int]] = {}
    found: dict[str, Any] = {}
    for name in names:
        try:
            run, outcome = row.contestants[name]()
            for _ in range(WARM):
                run()
            ready[name] = run, outcome, max(1, int(SLICE/max(timed(run, 1), 1e-9)))
            found[name] = {"seconds": [], "gave": outcome()}
        except Exception as missing:
            found[name] = {"absent": f"{type(missing).__name__}: {missing}".splitlines()[0]}
    memory: list[float] = []
    stream = triad() if row.moved and row.n*row.moved > 4e7 else None
    for _ in range(rounds):
        for name, (run, _outcome, count) in ready.items():
            found[name]["seconds"].append(timed(run, count)/(row.n if row.unit == "ns" else 1))
        if stream is not None:
            memory.append(stream())
    return {"says": row.says, "unit": row.unit, "n": row.n, "moved": row.moved, "found": found, "memory": memory}


if __name__ == "__main__":
    asked = ROWS[sys.argv[1]]()
    print(json.dumps(measured(asked, sys.argv[2].split(",") if sys.argv[2] else list(asked.contestants), int(sys.argv[3]))))
