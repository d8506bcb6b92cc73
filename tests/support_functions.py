"""The functions of the notation at numbers, written down once more: what the oracle believes they are."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from typing import Any

import mpmath
from mpmath import mp, mpf


class Undefined(Exception):
    """A value is not real at the point."""


def abstract(name: str, values: list[Any]) -> Any:
    """A smooth function of its own for each name."""
    seeded = random.Random(zlib.crc32(name.encode()))
    total, curved = mpf(seeded.randint(3, 9)) / 7, mpf(0)
    for v in values:
        total += mpf(seeded.randint(3, 19)) / 13 * v
        curved += mpf(seeded.randint(2, 9)) / 11 * v * v
    return mpmath.sin(total) + curved / 3 + mpmath.exp(total / 5)


def logit(z: Any) -> Any:
    """The logistic function."""
    return 1 / (1 + mpmath.exp(-z))


def real_power(base: Any, exponent: Any) -> Any:
    """A real power; what has none is undefined."""
    if base == 0 and exponent <= 0 or base < 0 and exponent != int(exponent):
        raise Undefined("power")
    return mpf(1) if exponent == 0 else base ** (int(exponent) if exponent == int(exponent) else exponent)


def positive(f: Callable[[Any], Any], least: int = 0) -> Callable[[Any], Any]:
    """The function on what lies above `least` only."""
    def checked(x: Any) -> Any:
        if x <= least:
            raise Undefined(f"{f} of {x}")
        return f(x)
    return checked


def binary_cross_entropy(z: Any, y: Any) -> Any:
    """The binary cross-entropy of a logit."""
    return mpmath.log(1 + mpmath.exp(z)) - y * z


def hubered(z: Any, y: Any, delta: Any = 1) -> Any:
    """Huber's loss."""
    gap = abs(z - y)
    return gap * gap / 2 if gap <= delta else delta * gap - delta * delta / 2


def leaky(x: Any, slope: Any = None) -> Any:
    """The leaky ReLU, by default with a slope of a hundredth."""
    return x if x > 0 else (mpf(1) / 100 if slope is None else slope) * x


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": mpmath.exp, "log": positive(mpmath.log), "log1p": positive(lambda x: mpmath.log(1 + x), -1), "expm1": lambda x: mpmath.exp(x) - 1,
    "sqrt": positive(mpmath.sqrt), "abs": abs, "sign": mpmath.sign, "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan, "sinh": mpmath.sinh,
    "cosh": mpmath.cosh, "tanh": mpmath.tanh, "sech": mpmath.sech, "erf": mpmath.erf, "max": max, "min": min, "pi": lambda: +mp.pi,
    "clip": lambda x, a, b: min(max(x, a), b), "sigmoid": logit, "relu": lambda x: max(x, mpf(0)), "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "silu": lambda x: x * logit(x), "swish": lambda x, beta=1: x * logit(beta * x), "leaky_relu": leaky,
    "elu": lambda x, a=1: x if x > 0 else a * (mpmath.exp(x) - 1), "gelu": lambda x: x * (1 + mpmath.erf(x / mpmath.sqrt(2))) / 2,
    "hinge": lambda z, y: max(mpf(0), 1 - y * z), "squared_hinge": lambda z, y: max(mpf(0), 1 - y * z) ** 2, "l1": lambda z, y: abs(z - y),
    "l2": lambda z, y: (z - y) ** 2 / 2, "huber": hubered, "binary_cross_entropy_with_logits": binary_cross_entropy,
    "gaussian_nll": lambda m, y, s: mpmath.log(s) + (y - m) ** 2 / (2 * s * s), "pinball": lambda z, y, q: max(q * (y - z), (q - 1) * (y - z)),
}


def fold(kind: str, values: list[Any]) -> Any:
    """A reduction of the values."""
    match kind:
        case "sum":
            return mpmath.fsum(values)
        case "mean":
            return mpmath.fsum(values) / len(values)
        case "prod":
            return mpmath.fprod(values)
        case "max" | "min":
            return max(values) if kind == "max" else min(values)
        case "norm":
            return FUNCTIONS["sqrt"](mpmath.fsum(v * v for v in values))
        case _:
            return mpmath.log(mpmath.fsum(mpmath.exp(v) for v in values))


def fold_loss(kind: str, pairs: list[tuple[Any, Any]]) -> Any:
    """A loss along an axis of (score, target) pairs."""
    scores, targets = [p[0] for p in pairs], [p[1] for p in pairs]
    if kind == "softmax_cross_entropy":
        return mpmath.fsum(y * (fold("logsumexp", scores) - a) for a, y in pairs)
    if kind == "cosine":
        return -mpmath.fsum(a * y for a, y in pairs) / fold("norm", scores)
    return mpmath.fsum(y * (FUNCTIONS["log"](y) - FUNCTIONS["log"](a)) for a, y in zip(scores, targets, strict=True))
