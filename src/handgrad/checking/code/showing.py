"""Numbers, arrays and points as a report shows them: short, and so that they can be typed in again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from typing import Any

from handgrad.checking.code.arrays import MASK
from handgrad.checking.code.observing import Plan
from handgrad.checking.code.points import Trial
from handgrad.checking.code.truth import Truth, Wanted, sized


def number(x: float) -> str:
    """The number with six digits, and a minus that is one."""
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    return f"{x:.6g}".replace("e-0", "e-").replace("e+0", "e").replace("-", "−")


def shown(entries: Mapping[tuple[int, ...], Any], truth: Truth, wanted: Wanted, trial: Trial) -> str:
    """The entries of a gradient: `(0.28, 0)`, rows in brackets of their own."""
    return _nested({at: "?" if v is None else number(float(v)) for at, v in entries.items()}, sized(truth.model, wanted.name, trial.point.sizes), ())


def seen_at(plan: Plan, truth: Truth, trial: Trial) -> str:
    """The inputs of a point: `x = (3, 4), w = (1, 1), G = (1, 0)`."""
    found: list[str] = []
    cotangent = truth.cotangent.name if truth.cotangent else ""
    for name in dict.fromkeys([*(x or cotangent for x in plan.tensors.values()), *(p[0] for p in trial.point.given)]):
        if name in truth.model.definitions:
            continue
        shape = sized(truth.model, name, trial.point.sizes)
        places = product(*(range(1, n + 1) for n in shape))
        known = {at: trial.point.given[name, at] for at in places}
        found.append(f"{name} = {_nested({at: _exact(Fraction(int(v.p), int(v.q))) for at, v in known.items()}, shape, ())}")
    return ", ".join(found)


def _exact(x: Fraction) -> str:
    if x == MASK:
        return "−∞"
    return (str(x.numerator) if x.denominator == 1 else number(float(x))).replace("-", "−")


def _nested(texts: Mapping[tuple[int, ...], str], shape: tuple[int, ...], at: tuple[int, ...]) -> str:
    if len(at) == len(shape):
        return texts.get(at, "?")
    return f"({', '.join(_nested(texts, shape, (*at, i)) for i in range(1, shape[len(at)] + 1))})"
