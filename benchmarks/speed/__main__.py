"""Times of values and gradients beside the peers: `python -m benchmarks.speed [--rounds N] [--only ROW] [--write]`, by an interpreter that has the peers.

All contestants of a row take turns in one process, and each runs alone in a fresh process besides; of both the better figure counts. All write into
memory that is there already where their library has a way to. A run on a machine that does other work says so: its figures are no figures.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.catalogue import aligned, markdown
from benchmarks.curves import Panel, sheet
from benchmarks.speed.first import first_gradients
from handgrad.rendering.plot import Curve

ROOT = Path(__file__).parent.parent.parent
PAGE, PICTURE = ROOT / "docs/why/speed.md", ROOT / "docs/why/speed.svg"
TABLE = ("sigmoid", "tanh", "softplus", "silu", "gelu", "huber", "l1", "l2", "hinge", "rows", "classes", "words", "network", "descent", "samples", "digits")
SIZES = range(2, 8)
DRAWN = ("sigmoid", "huber")
UNITS = {"ms": 1e3, "µs": 1e6, "ns": 1e9}
PEERS = ("torch", "torch.compile", "JAX", "sklearn", "CasADi")
BUSY, LIMIT, AGREED = 2.0, 600, 1e-3

HEAD = """# How long it takes

Value and gradient, beside the same work by other libraries. `make bench` measures it anew; `python -m benchmarks.speed --write` writes this page.

![time over the size](speed.svg)

"""
HOW = """
Times are the least of {rounds} rounds in which all take turns, or alone in a fresh process where that is less; behind each peer how many times as long
it takes, by the least and by the median of the rounds taken in turns. Handgrad writes its gradients into arrays that are there already; torch frees and
takes its own anew; `torch.compile` and JAX run the compiled gradient. *memory* is how much of what memory gives in the same rounds (two arrays read
and one written, by all cores: {memory:.0f} GB/s here) is reached by the bytes that the work must move at least. Everybody's value and gradient are compared:
{agreed}.

{first}
Measured on {cores} cores of {machine}, {levels}; {versions}.
"""


def worked(row: str, names: str, rounds: int) -> dict[str, Any]:
    """What a worker of its own says about a row."""
    done = subprocess.run([sys.executable, "-m", "benchmarks.speed.worker", row, names, str(rounds)], capture_output=True, text=True, timeout=LIMIT,
                          cwd=ROOT, check=False)
    if done.returncode:
        return {"found": {name: {"absent": f"exit status {done.returncode}"} for name in names.split(",")}, "memory": []}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measured(row: str, rounds: int) -> dict[str, Any]:
    """All contestants in turn, then each alone; `best` is the least of both."""
    found = worked(row, "", rounds)
    for name, result in found["found"].items():
        if "seconds" in result:
            alone = worked(row, name, max(1, rounds//3))["found"][name].get("seconds", result["seconds"])
            result["best"] = min(*result["seconds"], *alone)
    return found


def cells(row: dict[str, Any]) -> Iterator[str]:
    """A line of the table."""
    unit, found = row["unit"], row["found"]
    ours = found["handgrad"]
    yield row["says"]
    yield f"{figure(ours['best']*UNITS[unit])} {unit}"
    yield f"{100*row['moved']/ours['best']/median(row['memory']):.0f} %" if row["memory"] else ""
    for peer in PEERS:
        seconds = found.get(peer, {}).get("seconds")
        yield "" if seconds is None else f"{figure(min(seconds)/min(ours['seconds']))} / {figure(median(seconds)/median(ours['seconds']))} ×" \
            if found[peer]["best"] >= min(seconds) else f"{figure(found[peer]['best']/ours['best'])} / {figure(median(seconds)/median(ours['seconds']))} ×"


def figure(x: float) -> str:
    """Two digits, or the whole part."""
    return f"{x:.0f}" if x >= 10 else f"{x:.2g}"


def table(found: Sequence[dict[str, Any]]) -> Iterator[tuple[str, ...]]:
    """The table; of peers that nobody has no column."""
    yield ("", "handgrad", "memory", *PEERS)
    for row in found:
        yield tuple(cells(row))


def agreement(found: Sequence[dict[str, Any]]) -> str:
    """Whether all computed the same."""
    off = [f"{name} on {row['says']}" for row in found for name, result in row["found"].items()
           if "gave" in result and any(abs(a - b) > AGREED*abs(b) for a, b in zip(result["gave"], row["found"]["handgrad"]["gave"], strict=True))]
    return "all agree" if not off else f"others than ours: {'; '.join(off)}"


def panel(name: str, rounds: int) -> Panel:
    """Times over the size."""
    points: dict[str, list[tuple[float, float | None]]] = {}
    for k in SIZES:
        for who, result in worked(f"{name} {10**k}", "", rounds)["found"].items():
            if "seconds" in result:
                points.setdefault(who, []).append((float(k), min(result["seconds"])*1e6))
    heights = [math.log10(y) for of in points.values() for _, y in of if y]
    title = f"{name}: value and {'slope' if name == 'sigmoid' else 'gradient'}, float32"
    return Panel(title, "numbers, as a power of ten", [Curve(who, tuple(of)) for who, of in points.items()], math.floor(min(heights)), math.ceil(max(heights)))


def machine() -> tuple[str, str]:
    """The processor, and the vector instructions that it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "this machine", "unknown instructions"
    said = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = said.get("flags", "").split()
    return said.get("model name", "this machine"), "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "no AVX2"


def versions() -> str:
    """What was compared."""
    told = []
    for name in ("torch", "jax", "scikit-learn", "casadi", "numpy"):
        try:
            told.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            told.append(f"{name} absent")
    return ", ".join(told)


def main() -> None:
    """Prints the table, and writes the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how many rounds all take turns")
    parser.add_argument("--only", action="append", choices=TABLE, help="this row; may be given several times")
    parser.add_argument("--write", action="store_true", help="write the page and its picture")
    options = parser.parse_args()
    found = []
    for row in options.only or TABLE:
        found.append(measured(row, options.rounds))
        print(aligned(table(found[-1:])).splitlines()[-1], flush=True)
    first = first_gradients()
    print(f"\n{aligned(table(found))}\n\n{agreement(found)}\n{first}")
    if os.getloadavg()[0] > BUSY + (os.cpu_count() or 1):
        print(f"the load is {os.getloadavg()[0]:.1f}: something else ran, and these are no figures")
    if options.write:
        memory = median(m for row in found for m in row["memory"])/1e9
        name, levels = machine()
        PAGE.write_text(HEAD + markdown(table(found)) + HOW.format(rounds=options.rounds, memory=memory, agreed=agreement(found), first=first,
                        cores=os.cpu_count(), machine=name, levels=levels, versions=versions()), encoding="utf-8")
        PICTURE.write_text(sheet([panel(n, options.rounds) for n in DRAWN], "time of sigmoid and Huber with gradients over the size", "µs"), encoding="utf-8")


if __name__ == "__main__":
    main()
