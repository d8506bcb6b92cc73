"""The polynomials of the kernels, and the header they stand in: `python tools/polynomials.py` prints them, `--write` makes the header anew.

Each is fitted in 60 digits at the points of Chebyshev, which is near the best of its degree: the greatest weighted error over the interval is
within a small factor of the least. A coefficient is rounded to the precision, from the lowest power up, and what follows is fitted again, so
that the rounding of one is made good by the next. The greatest error that is left stands beside the list.
The header is `mathematics.h.in` once for float and once for double: `real` is the type, `@` the suffix, `1R` a constant, `$NAME` a coefficient list.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mpmath import mp, mpf

HERE = Path(__file__).parent
HEADER = HERE.parent / "src" / "handgrad" / "kernels" / "mathematics.h"
BITS = {"f": 24, "d": 53}
Function = Callable[[mpf], mpf]


@dataclass(frozen=True)
class Wanted:
    """The best sum of c[j]*x^j near `target` on [low, high], where an error counts `weight` times."""

    name: str
    target: Function
    weight: Function
    low: str
    high: str
    terms: dict[str, int]       # how many, for each precision

    @property
    def about(self) -> str:
        """What it is near to, in one line."""
        return (self.target.__doc__ or "").strip().rstrip(".")


def exp_tail(r: mpf) -> mpf:
    """(e^r - 1 - r)/r^2."""
    return (mp.expm1(r) - r) / r**2 if abs(r) > mpf(10) ** -12 else mpf(1) / 2 + r / 6 + r**2 / 24


def log1p_tail(e: mpf) -> mpf:
    """(log(1 + e)/e - 1)/e."""
    return (mp.log1p(e) / e - 1) / e if abs(e) > mpf(10) ** -12 else -mpf(1) / 2 + e / 3


def atanh_tail(u: mpf) -> mpf:
    """(2*atanh(s)/s - 2)/s^2 for u = s^2."""
    s = mp.sqrt(u)
    return (2 * mp.atanh(s) / s - 2) / u if u > mpf(10) ** -18 else mpf(2) / 3 + 2 * u / 5


def erf_ratio(u: mpf) -> mpf:
    """erf(x)/x - 1 for u = x^2."""
    x = mp.sqrt(u)
    return mp.erf(x) / x - 1 if u > 0 else 2 / mp.sqrt(mp.pi) - 1


@cache
def tail_ratio(z: mpf) -> mpf:
    """R(z) = e^(z^2/2)*(1 - Phi(z)), the tail of the normal law beside its density."""
    return mp.exp(z * z / 2) * mp.erfc(z / mp.sqrt(2)) / 2


CENTRE = {"f": mpf("2.75"), "d": mpf(5)}
FAR = {"f": "0.691", "d": "0.774"}       # where z is 15 and 39: the tail beyond is zero in that precision


def at(t: mpf, centre: mpf) -> mpf:
    """The z of t = (z - centre)/(z + centre)."""
    return centre * (1 + t) / (1 - t)


def normal_tail(centre: mpf) -> Function:
    """(z + centre)*R(z); 1/sqrt(2*pi) at infinity."""
    def ratio(t: mpf) -> mpf:
        """(z + centre)*R(z) at t = (z - centre)/(z + centre)."""
        return (at(t, centre) + centre) * tail_ratio(at(t, centre))
    return ratio


@cache
def gelu_root() -> mpf:
    """The z with R(z) = z/sqrt(2*pi): the slope of gelu is zero at -z."""
    return mp.findroot(lambda z: tail_ratio(z) - z / mp.sqrt(2 * mp.pi), mpf("0.7518"))


@cache
def silu_root() -> mpf:
    """The z with 1 + e^-z = z: the slope of silu is zero at -z."""
    return mp.findroot(lambda z: 1 + mp.exp(-z) - z, mpf("1.2785"))


def exp_difference(d: mpf) -> mpf:
    """(1 - e^-d)/d."""
    return -mp.expm1(-d) / d if d else mpf(1)


def gelu_factor(centre: mpf) -> Function:
    """(R(z) - z/sqrt(2*pi))/(root - z); 1/sqrt(2*pi) at infinity."""
    def ratio(t: mpf) -> mpf:
        """(R(z) - z/sqrt(2*pi))/(root - z) at t = (z - centre)/(z + centre)."""
        z = at(t, centre)
        return (tail_ratio(z) - z / mp.sqrt(2 * mp.pi)) / (gelu_root() - z)
    return ratio


def horner(c: Sequence[mpf], x: mpf) -> mpf:
    """c[0] + c[1]*x + ..."""
    value = mpf(0)
    for each in reversed(c):
        value = value * x + each
    return value


def fitted(points: Sequence[mpf], left: Sequence[mpf], weights: Sequence[mpf], first: int, n: int) -> list[mpf]:
    """The c of sum(c[j]*x^(first + j)), n of them, with the least sum of squared weighted errors over the points."""
    scale = [w * x**first for w, x in zip(weights, points, strict=True)]
    sides = [s * w * v for s, w, v in zip(scale, weights, left, strict=True)]
    powers, moments, right = [s * s for s in scale], [], []
    for j in range(2 * n - 1):
        moments.append(mp.fsum(powers))
        powers = [p * x for p, x in zip(powers, points, strict=True)]
        if j < n:
            right.append(mp.fsum(sides))
            sides = [p * x for p, x in zip(sides, points, strict=True)]
    rows = mp.matrix(n, n)
    for i in range(n):
        for j in range(n):
            rows[i, j] = moments[i + j]
    return list(mp.lu_solve(rows, mp.matrix(right)))


def rounded(x: mpf, bits: int) -> mpf:
    """The nearest number of so many bits."""
    with mp.workprec(bits):
        return +x


def coefficients(wanted: Wanted, precision: str) -> tuple[list[mpf], mpf]:
    """The coefficients as the kernel holds them, and the greatest weighted error that is left, in units of 2^-bits."""
    n, bits = wanted.terms[precision], BITS[precision]
    low, high = mp.mpf(wanted.low), mp.mpf(wanted.high)
    count = 10 * n
    points = [low + (high - low) * (1 - mp.cos(mp.pi * (i + mpf(1) / 2) / count)) / 2 for i in range(count)]
    weights = [wanted.weight(x) for x in points]
    values = [wanted.target(x) for x in points]
    held: list[mpf] = []
    for j in range(n):
        left = [v - horner(held, x) for v, x in zip(values, points, strict=True)]
        held.append(rounded(fitted(points, left, weights, j, n - j)[0], bits))
    error = max(abs(w * (v - horner(held, x))) for x, v, w in zip(points, values, weights, strict=True))
    return held, error * 2**bits


def polynomials(precision: str) -> list[Wanted]:
    """All that the header needs in that precision."""
    centre = CENTRE[precision]
    return [
        Wanted("EXP", exp_tail, lambda r: r**2 / mp.exp(r), "-0.3470", "0.3470", {"f": 5, "d": 11}),
        Wanted("LOG1P", log1p_tail, lambda e: e**2 / mp.log1p(e), "0", "1", {"f": 10, "d": 21}),
        Wanted("ATANH", atanh_tail, lambda u: u / 2, "0", "0.02945", {"f": 3, "d": 7}),
        Wanted("ERF", erf_ratio, lambda u: 1 / (1 + erf_ratio(u)), "0", "1", {"f": 7, "d": 13}),
        Wanted("SILU", exp_difference, lambda d: mpf(1), "-0.0626", "0.0626", {"f": 5, "d": 9}),
        Wanted("TAIL", normal_tail(centre), lambda t: 1 / normal_tail(centre)(t), "-1", FAR[precision], {"f": 11, "d": 24}),
        Wanted("GELU", gelu_factor(centre), lambda t: 1 / gelu_factor(centre)(t), "-1", FAR[precision], {"f": 11, "d": 24}),
    ]


CONSTANTS = {
    "f": {"BIAS": "127", "MANTISSA": "23", "MAGIC": "0x1.8p23f", "RAISE": "64", "LOWER": "0x1p-64f", "DEEP": "125.0f", "EVEN": "512",
          "EXP_BOTTOM": "105.0f", "EXP_TOP": "89.0f", "EXPM1_BOTTOM": "20.0f", "EXPM1_LAST": "88.0f", "TINY": "0x1p-126f", "TWO_M": "0x1p23f",
          "LN2_HIGH": "0x1.62e4p-1f", "FAR": "15.0f", "FAR_ERFC": "10.6f",
          "FMA": "fmaf", "FABS": "fabsf", "COPYSIGN": "copysignf", "SQRT": "sqrtf", "POW": "powf", "SIN": "sinf", "COS": "cosf", "TAN": "tanf"},
    "d": {"BIAS": "1023", "MANTISSA": "52", "MAGIC": "0x1.8p52", "RAISE": "512", "LOWER": "0x1p-512", "DEEP": "800.0", "EVEN": "2048",
          "EXP_BOTTOM": "746.0", "EXP_TOP": "710.0", "EXPM1_BOTTOM": "40.0", "EXPM1_LAST": "709.0", "TINY": "0x1p-1022", "TWO_M": "0x1p52",
          "LN2_HIGH": "0x1.62e42feep-1", "FAR": "39.0", "FAR_ERFC": "27.5",
          "FMA": "fma", "FABS": "fabs", "COPYSIGN": "copysign", "SQRT": "sqrt", "POW": "pow", "SIN": "sin", "COS": "cos", "TAN": "tan"},
}
TOP = """/* The mathematics of the kernels, for float (_f) and double (_d): portable C99, without branches, so that a compiler vectorises a loop over it.
 *
 * Made by tools/polynomials.py, with its polynomials; change it there. No step cancels: where two terms of one size meet, they are kept in two
 * words or the difference is approximated itself. A nan stays a nan, an infinite argument gives the limit, what is too small for the type is
 * rounded to a subnormal number or zero, and nothing finite gives a nan.
 *
 * Compile with -O3 -march=... -ffp-contract=off -fno-math-errno -fno-trapping-math and never with -ffast-math: the low words are rounding errors,
 * which algebra says are zero. Notation: e = e^-|x|, w = 1/(1 + e), Phi and phi the normal law and its density.
 */
#ifndef HANDGRAD_MATHEMATICS_H
#define HANDGRAD_MATHEMATICS_H
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA) || defined(FP_FAST_FMA)
#define HG_FUSED 1
#endif
#if defined(__GNUC__)
#define HG_INLINE static inline __attribute__((always_inline, unused))
#else
#define HG_INLINE static inline
#endif
"""


def hexadecimal(x: mpf, precision: str) -> str:
    """The number as C reads it back exactly."""
    return float(x).hex().replace("0000000p", "p") + ("f" if precision == "f" else "")


def derived(precision: str) -> dict[str, str]:
    """The constants that are numbers of mathematics."""
    bits = BITS[precision]
    high = mpf(float.fromhex(CONSTANTS[precision]["LN2_HIGH"].rstrip("f")))
    root, other = rounded(gelu_root(), bits), rounded(silu_root(), bits)
    found = {"INVERSE_LN2": 1 / mp.log(2), "LN2_LOW": mp.log(2) - high, "ROOT_HALF": mp.sqrt(mpf(1) / 2), "ROOT_TWO": mp.sqrt(2),
             "ROOT_TWO_LOW": mp.sqrt(2) - rounded(mp.sqrt(2), bits),
             "SILU_ROOT_HIGH": other, "SILU_ROOT_LOW": silu_root() - other, "SILU_ROOT_LESS_ONE": silu_root() - 1,
             "GELU_ROOT_HIGH": root, "GELU_ROOT_LOW": gelu_root() - root, "CENTRE": CENTRE[precision]}
    return {name: hexadecimal(rounded(x, bits), precision) for name, x in found.items()}


def chain(c: Sequence[mpf], variable: str, precision: str) -> str:
    """A polynomial by Horner's scheme, as one expression of C."""
    text = f"hg_fma_{precision}(" * (len(c) - 1) + hexadecimal(c[-1], precision)
    for each in reversed(c[:-1]):
        text += f",\n        {variable}, {hexadecimal(each, precision)})"
    return text


def function(name: str, precision: str, c: Sequence[mpf], about: str) -> str:
    """A polynomial as a function in C, in chains that a processor runs side by side: one for float, where the last digit counts."""
    real = {"f": "float", "d": "double"}[precision]
    start = [f"/* {about} */", f"HG_INLINE {real} hg_{name.lower()}_series_{precision}({real} x)", "{"]
    if precision == "f":
        return "\n".join([*start, f"    return {chain(c, 'x', precision)};", "}", ""])
    n = 4 if len(c) > 12 else 2
    lines = [f"    const {real} x2 = x * x" + (", x4 = x2 * x2;" if n == 4 else ";")]
    lines += [f"    const {real} c{i} = {chain(c[i::n], f'x{n}', precision)};" for i in range(n)]
    fma = f"hg_fma_{precision}"
    lines += [f"    return {fma}({fma}(c3, x, c2), x2, {fma}(c1, x, c0));" if n == 4 else f"    return {fma}(c1, x, c0);"]
    return "\n".join([*start, *lines, "}", ""])


def half(precision: str) -> str:
    """The functions of one precision."""
    text = (HERE / "mathematics.h.in").read_text(encoding="utf-8")
    for other in ("f", "d"):
        text = re.sub(rf"^%{other}\n(.*?)(?=^%)", r"\1" if other == precision else "", text, flags=re.MULTILINE | re.DOTALL)
    text = text.replace("%%\n", "")
    series, names = [], CONSTANTS[precision] | derived(precision)
    for wanted in polynomials(precision):
        c, error = coefficients(wanted, precision)
        if wanted.name in ("TAIL", "GELU"):         # the first is added in two words
            names[wanted.name + "_FIRST"], c = hexadecimal(c[0], precision), c[1:]
        about = f"{(wanted.about)}, {wanted.low} <= x <= {wanted.high}: within {mp.nstr(error, 2)} units of 2^-{BITS[precision]}"
        series.append(function(wanted.name, precision, c, about))
        text = text.replace(f"${wanted.name}(", f"hg_{wanted.name.lower()}_series@(")
    for name in sorted(names, key=len, reverse=True):
        text = text.replace("$" + name, names[name])
    start = text.index("HG_INLINE real hg_residual@")
    text = text[:start] + "\n".join(series) + "\n" + text[start:]
    ending = "f" if precision == "f" else ""
    text = re.sub(r"(\.\d+)R\b", rf"\1{ending}", text)
    text = re.sub(r"\b(\d+)R\b", rf"\1.0{ending}", text)
    text = re.sub(r"\bbits\b(?! as| of)", {"f": "uint32_t", "d": "uint64_t"}[precision], text)
    return re.sub(r"\breal\b", {"f": "float", "d": "double"}[precision], text).replace("@", "_" + precision)


def header() -> str:
    """The whole header."""
    mp.dps = 60
    return TOP + "".join(f"\n/* {'-' * 30} {real} {'-' * 30} */\n\n" + half(precision) for precision, real in (("f", "float"), ("d", "double"))) + "\n#endif\n"


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        HEADER.write_text(header(), encoding="utf-8")
    else:
        print(header())
