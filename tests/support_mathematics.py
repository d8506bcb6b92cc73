"""The mathematics of the kernels, compiled here, and the truth about it by ball arithmetic.

`library()` has for every function `apply_NAME_f` and `_d` (arrays in, arrays out) and `judge_NAME_f` and `_d` (the worst of them against wider
arithmetic); `balls(name, x)` is the truth of one value, and `judged` the worst of many against it.
"""

from __future__ import annotations

import ctypes
import math
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from flint import arb, ctx

ROOT = Path(__file__).parent.parent
FLAGS = ("-std=gnu99", "-O3", "-mprefer-vector-width=512", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd", "-shared", "-fPIC")
FUNCTIONS = tuple("""exp expm1 log log1p sigmoid sigmoid_slope softplus tanh tanh_slope erf erfc normal_cdf gelu gelu_slope silu silu_slope
    sqrt sin cos tan sinh cosh""".split())
REAL = {"f": ctypes.c_float, "d": ctypes.c_double}
PRECISION = 240


class Verdict(ctypes.Structure):
    """The worst of many values: units in the last place and where, those of the largest term that is added, zeros and nans that should not be."""

    _fields_ = (("ulp", ctypes.c_double), ("where", ctypes.c_double), ("of_largest", ctypes.c_double), ("where_largest", ctypes.c_double),
                ("zeros", ctypes.c_int64), ("nans", ctypes.c_int64), ("count", ctypes.c_int64))


def compiler() -> str | None:
    """The C compiler of this machine."""
    return os.environ.get("CC") or next((path for path in map(shutil.which, ("cc", "gcc", "clang")) if path), None)


@cache
def library(march: str = "native") -> ctypes.CDLL:
    """The functions and their judges, compiled for a level of instructions."""
    folder = Path(tempfile.mkdtemp(prefix="handgrad-"))
    command = [str(compiler()), *FLAGS, f"-march={march}", f"-I{ROOT / 'src/handgrad/kernels'}", str(ROOT / "tools/exhaustive.c"), "-o", str(folder / "m.so")]
    wide = subprocess.run([*command, "-lm", "-lquadmath"], capture_output=True, check=False)
    if wide.returncode:
        subprocess.run([*command, "-DNO_QUAD", "-lm"], check=True)
    loaded = ctypes.CDLL(str(folder / "m.so"))
    shutil.rmtree(folder)
    return loaded


def applied(name: str, precision: str, x: Sequence[float], march: str = "native") -> list[float]:
    """The function of the kernels at each x."""
    array = REAL[precision] * len(x)
    out = array()
    getattr(library(march), f"apply_{name}_{precision}")(array(*x), out, ctypes.c_int64(len(x)))
    return list(out)


def floats(name: str, step: int, march: str = "native", first: int = 0, count: int | None = None) -> Verdict:
    """The worst of the float32 whose bits are first, first + step, and so on, to the last of them."""
    verdict = Verdict()
    last = (2**32 - first - 1) // step + 1 if count is None else count
    getattr(library(march), f"floats_{name}")(ctypes.c_uint64(first), ctypes.c_uint64(step), ctypes.c_uint64(last), ctypes.byref(verdict))
    return verdict


def points(n: int, seed: int = 0) -> list[float]:
    """Doubles to judge by: near zero, in the tails, subnormal, of every size, beside the places where a formula changes, and the specials."""
    chance = random.Random(seed)
    found = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 1.7976931348623157e308, -1.7976931348623157e308]
    edges = (1.0, 2.0**-1022, 0.34657359, 0.41421356, 0.75179162, 1.27846454, 10.6, 15.0, 18.0, 20.0, 27.5, 36.8, 38.6, 39.0, 40.0, 88.0, 88.7228394, 89.0,
             105.0, 125.0, 709.0, 709.78271289, 710.0, 745.13321910, 746.0, 800.0)
    for edge in edges:
        for i in range(-3, 4):
            found += [edge + i * math.ulp(edge), -edge + i * math.ulp(edge), edge * (1 + i * 1e-9), -edge * (1 + i * 1e-9)]
    while len(found) < n:
        sign = chance.choice((-1, 1))
        found += [chance.uniform(-4, 4), chance.uniform(-40, 40), chance.uniform(-760, 760),
                  sign * 2.0 ** chance.uniform(-1074, 1023), sign * 2.0 ** chance.uniform(-60, 4)]
    return found


def _far(x: arb, least: int = 20_000) -> arb:
    """What is further out is taken there: beyond, the value is its limit in every format, and e^x no ball."""
    return arb(-least) if x < -least else arb(least) if x > least else x


def _logistic(x: arb) -> arb:
    return 1 / (1 + (-_far(x)).exp())


def _cdf(x: arb) -> arb:
    return (-_far(x, 100) / arb(2).sqrt()).erfc() / 2


def _bell(x: arb) -> arb:
    return (-_far(x, 100) ** 2 / 2).exp() / (2 * arb.pi()).sqrt()


Ball = Callable[[arb], arb]
TRUTHS: dict[str, Ball] = {
    "exp": lambda x: _far(x).exp(), "expm1": lambda x: _far(x).expm1(), "log": lambda x: x.log(), "log1p": lambda x: x.log1p(),
    "sigmoid": _logistic,
    "sigmoid_slope": lambda x: _logistic(x) * _logistic(-x),
    "softplus": lambda x: (x if x > 0 else arb(0)) + (-abs(_far(x))).exp().log1p(),
    "tanh": lambda x: _far(x).tanh(),
    "tanh_slope": lambda x: 4 * _logistic(2 * x) * _logistic(-2 * x),
    "erf": lambda x: _far(x, 100).erf(), "erfc": lambda x: _far(x, 100).erfc(),
    "normal_cdf": _cdf,
    "gelu": lambda x: x * _cdf(x),
    "gelu_slope": lambda x: _cdf(x) + _far(x, 100) * _bell(x),
    "silu": lambda x: x * _logistic(x),
    "silu_slope": lambda x: _logistic(x) * (1 + _far(x) * _logistic(-x)),
    "sqrt": lambda x: x.sqrt(), "sin": lambda x: x.sin(), "cos": lambda x: x.cos(), "tan": lambda x: x.tan(), "sinh": lambda x: _far(x).sinh(),
    "cosh": lambda x: _far(x).cosh(),
}
LARGEST: dict[str, Ball] = {      # where terms of opposite sign meet in the interior, the larger of them
    "silu_slope": lambda x: abs(_far(x) * _logistic(x) * _logistic(-x)),
}
LIMITS: dict[str, tuple[float, float]] = {      # at -inf and inf
    "exp": (0.0, math.inf), "expm1": (-1.0, math.inf), "log": (math.nan, math.inf), "log1p": (math.nan, math.inf), "sigmoid": (0.0, 1.0),
    "sigmoid_slope": (0.0, 0.0), "softplus": (0.0, math.inf), "tanh": (-1.0, 1.0), "tanh_slope": (0.0, 0.0), "erf": (-1.0, 1.0), "erfc": (2.0, 0.0),
    "normal_cdf": (0.0, 1.0), "gelu": (-0.0, math.inf), "gelu_slope": (-0.0, 1.0), "silu": (-0.0, math.inf), "silu_slope": (-0.0, 1.0),
    "sqrt": (math.nan, math.inf), "sin": (math.nan, math.nan), "cos": (math.nan, math.nan), "tan": (math.nan, math.nan),
    "sinh": (-math.inf, math.inf), "cosh": (math.inf, math.inf),
}


@dataclass(frozen=True, slots=True)
class Format:
    """A binary format: bits, the exponent of the number after the largest, that of the smallest normal number."""

    bits: int
    top: int
    least: int


FORMATS = {"f": Format(24, 128, -125), "d": Format(53, 1024, -1021)}


def ulps(got: float, truth: arb, precision: str, largest: arb | None = None) -> float:
    """The units of the last place between them, of the truth's binade or of that of the largest term."""
    kind = FORMATS[precision]
    size = abs(float(truth if largest is None else max(abs(truth), largest)))
    exponent = kind.top if math.isinf(size) else max(math.frexp(size)[1] if size else kind.least, kind.least)
    limit = arb(2) ** kind.top
    is_ = arb(got) if math.isfinite(got) else limit if got > 0 else -limit
    bounded = limit if truth > limit else -limit if truth < -limit else truth
    return abs(float((is_ - bounded) * arb(2) ** (kind.bits - exponent)))


def outside(name: str, x: float) -> bool:
    """Whether the function has no finite truth there."""
    return not math.isfinite(x) or (name == "log" and x <= 0) or (name == "log1p" and x <= -1) or (name == "sqrt" and x < 0)


def judged(name: str, precision: str, x: Iterable[float], got: Iterable[float]) -> Verdict:
    """The worst of the values by balls; x where the function is a number."""
    verdict, ctx.prec = Verdict(), PRECISION
    for at, value in zip(x, got, strict=True):
        if outside(name, at):
            continue
        verdict.count += 1
        if math.isnan(value):
            verdict.nans, verdict.where = verdict.nans + 1, at
            continue
        truth = TRUTHS[name](arb(at))
        kind = FORMATS[precision]
        verdict.zeros += value == 0 and bool(abs(truth) > arb(2) ** (kind.least - kind.bits - 1))
        off = ulps(value, truth, precision)
        if off > verdict.ulp:
            verdict.ulp, verdict.where = off, at
        off = ulps(value, truth, precision, LARGEST[name](arb(at))) if name in LARGEST else off
        if off > verdict.of_largest:
            verdict.of_largest, verdict.where_largest = off, at
    return verdict
