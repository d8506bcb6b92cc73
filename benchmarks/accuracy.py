"""The functions of the kernels in units of the last place: `python -m benchmarks.accuracy [--exhaustive] [--points N] [--balls N] [--march LEVEL]`.

float32: a million inputs, or all 2^32 with --exhaustive (an hour on one processor), against double, and long double where terms cancel. float64: N
points with tails, subnormals and both sides of every edge, against 113 bits; the first of them (--balls) also against balls. Other libraries stand
beside ours where an environment has them (--peers, an interpreter; .venv-bench and .venv-frameworks otherwise), on the same points.
Zeros are those where the truth rounds to another number; nans those where the truth is none, an infinity among them.
"""

from __future__ import annotations

import argparse
import ctypes
import subprocess
import sys
import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from support_mathematics import FUNCTIONS, REAL, Verdict, applied, floats, judged, library, points  # noqa: E402  # the truth lives with the tests

LINE = "{:<14} {:<8} {:<14} {:>10} {:>14} {:>10} {:>7} {:>7} {:>12}"


def figure(x: float) -> str:
    """A number of units, short."""
    return f"{x:.3f}" if x < 1e5 else f"{x:.1e}"


def row(name: str, precision: str, who: str, v: Verdict) -> str:
    """A line of the table."""
    kind = {"f": "float32", "d": "float64"}[precision]
    return LINE.format(name, kind, who, figure(v.ulp), f"{v.where:.7g}", figure(v.of_largest), v.zeros, v.nans, v.count)


def against_wider(name: str, precision: str, x: array[float], out: array[float], march: str) -> Verdict:
    """The worst of values that somebody computed at x."""
    verdict = Verdict()
    kind = REAL[precision] * len(x)
    judge = getattr(library(march), f"judge_{name}_{precision}")
    judge(kind.from_buffer(x), kind.from_buffer(out), ctypes.c_int64(len(x)), ctypes.byref(verdict))
    return verdict


def peers(interpreters: list[str], given: dict[str, array[float]]) -> Iterator[tuple[str, str, str, array[float]]]:
    """Who, which function, which precision, and the values."""
    seen: set[str] = set()
    for interpreter in interpreters:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for precision, x in given.items():
                (folder / f"x_{precision}.bin").write_bytes(x.tobytes())
            done = subprocess.run([interpreter, str(ROOT / "benchmarks/accurate_peers.py"), name], check=False, capture_output=True, text=True)
            print(f"{interpreter}: {' '.join((done.stdout or done.stderr).split())[:200] or 'all peers'}")
            for path in sorted(folder.glob("*--*.bin")):
                who, function, precision = path.stem.split("--")
                if path.stem not in seen:
                    seen.add(path.stem)
                    values = array(precision)
                    values.frombytes(path.read_bytes())
                    yield who, function, precision, values


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description="The functions of the kernels in units of the last place.")
    parser.add_argument("--exhaustive", action="store_true", help="all 2^32 float32")
    parser.add_argument("--points", type=int, default=1_000_000, help="how many float64")
    parser.add_argument("--balls", type=int, default=10_000, help="how many of them by ball arithmetic too")
    parser.add_argument("--march", default="native", help="level of instructions")
    parser.add_argument("--only", action="append", choices=FUNCTIONS, help="this function; may be given several times")
    parser.add_argument("--peers", action="append", help="an interpreter that has other libraries")
    options = parser.parse_args()
    names = options.only or FUNCTIONS
    wide = hasattr(library(options.march), "judge_exp_d")
    doubles = points(options.points)
    print(LINE.format("function", "dtype", "who", "max ulp", "at", "of largest", "zeros", "nans", "points"))
    for name in names:
        print(row(name, "f", "handgrad", floats(name, 1 if options.exhaustive else 4093, options.march)), flush=True)
        got = applied(name, "d", doubles, options.march)
        if wide:
            print(row(name, "d", "handgrad", against_wider(name, "d", array("d", doubles), array("d", got), options.march)))
        print(row(name, "d", "… by balls", judged(name, "d", doubles[:options.balls], got[:options.balls])), flush=True)
    found = options.peers or [str(p) for p in (ROOT / v / "bin/python" for v in (".venv-bench", ".venv-frameworks")) if p.exists()]
    few = doubles[:200_000]
    given = {"f": array("f", [REAL["f"](p).value for p in few]), "d": array("d", few)}
    for who, name, precision, values in peers(found, given):
        if name in names and (precision == "f" or wide):
            print(row(name, precision, who, against_wider(name, precision, given[precision], values, options.march)), flush=True)


if __name__ == "__main__":
    main()
