"""What lies at the edge of the numbers and shapes: layouts, arrays that may not be written to, empty batches, masks of −∞.

Another layout has to give the same. What an empty batch or a mask does is told, and accuses nobody.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from flint import fmpq

from handgrad.checking.code.arrays import LAYOUTS, MASK, numpy
from handgrad.checking.code.findings import Finding
from handgrad.checking.code.observing import RAISED, Plan, observed
from handgrad.checking.code.points import Trial, in_bfloat16
from handgrad.checking.code.showing import seen_at
from handgrad.checking.code.truth import Truth
from handgrad.expr import Axis, Call, Entry, Reduce, VectorCall
from handgrad.trees import subtrees
from handgrad.verification.worlds import GIVEN, Point

NEGLIGIBLE = Fraction(1, 10**30)


def layouts(plan: Plan, truth: Truth, trials: tuple[Trial, ...]) -> Iterator[Finding]:
    """Where arrays that are laid out in another way give something else. Code that refuses a layout in words says so itself."""
    if numpy() is None or plan.function.through_vjp:
        return
    many = max((t for t in trials if t.what == "plain"), key=lambda t: t.weight)
    usual, see = observed(plan, truth, many, "float64"), seen_at(plan, truth, many)
    for layout in LAYOUTS:
        other = observed(plan, truth, many, "float64", layout)
        if other.wrong.startswith(RAISED):
            continue
        if other.wrong:
            yield Finding("slip", "", None, (f"with arrays that are {layout}, {other.wrong}",), see)
        elif not usual.wrong and any(_differ(a, b) for a, b in zip(usual.results, other.results, strict=True)):
            yield Finding("slip", "", None, (f"with arrays that are {layout} it gives other values",), see)


def _differ(a: Mapping[tuple[int, ...], float], b: Mapping[tuple[int, ...], float]) -> bool:
    largest = max((abs(x) for x in a.values() if math.isfinite(x)), default=0.0)
    return any(not math.isfinite(b[at]) or abs(x - b[at]) > 2.0**-30 * max(largest, 1.0) for at, x in a.items() if math.isfinite(x))


def notes(plan: Plan, truth: Truth, trials: tuple[Trial, ...]) -> Iterator[str]:
    """What is to be said of an empty batch and of masks."""
    if numpy() is None:
        yield "NumPy is not installed: the code was called with lists of floats, and float64 alone was looked at"
        return
    first = next((w for w in truth.wanted if w.letters), None)
    if first is None:
        return
    seen = observed(plan, truth, _empty(truth, trials[-1], first.letters[0].axis), "float64")
    if seen.wrong:
        yield f"of an empty batch, {seen.wrong}"
    for layout in () if plan.function.through_vjp else LAYOUTS:
        refused = observed(plan, truth, trials[-1], "float64", layout).wrong
        if refused.startswith(RAISED):
            yield f"with arrays that are {layout}, {refused}"
    narrow = next((t for t in trials if t.what == "far" and in_bfloat16(t)), None) if plan.function.framework else None
    refused = observed(plan, truth, narrow, "bfloat16").wrong if narrow is not None else ""
    if refused:
        yield f"in bfloat16, {refused}"
    for trial in _masked(truth, trials):
        given = observed(plan, truth, trial, "float64")
        if given.wrong or any(math.isnan(x) for result in given.results for x in result.values()):
            yield f"a mask of −∞ {'fails: ' + given.wrong if given.wrong else 'gives nan; the limit is a number'}: {seen_at(plan, truth, trial)}"
            return


def _empty(truth: Truth, trial: Trial, axis: Axis) -> Trial:
    sizes = {**trial.point.sizes, axis: 0}
    given = {place: value for place, value in trial.point.given.items() if axis not in truth.model.tensors[place[0]]}
    return replace(trial, point=Point("given", GIVEN, sizes, given))


def _masked(truth: Truth, trials: tuple[Trial, ...]) -> Iterator[Trial]:
    """Points with a −∞ in an input of which a softmax is taken, where that leaves a gradient: those that are far below all others."""
    wanted = next((w for w in truth.wanted if w.letters and w.order == 1 and _is_weighed(truth, w.name)), None)
    if wanted is None:
        return
    for trial in trials:
        places = [place for place in trial.point.given if place[0] == wanted.name]
        if trial.what != "plain" or trial.point.sizes[wanted.letters[-1].axis] < 2:
            continue
        masked = trial.point.moved({places[-1]: fmpq(MASK)})
        values = truth.values(wanted.tree, wanted.letters, masked)
        if all(v is not None for v in values.values()) and abs(values[places[-1][1]] or Fraction(0)) < NEGLIGIBLE:
            yield replace(trial, point=masked)
            return


def _is_weighed(truth: Truth, name: str) -> bool:
    """Whether the exponentials of the input are summed."""
    for definition in truth.model.definitions.values():
        for node in subtrees(definition.body):
            if isinstance(node, VectorCall) and name in node.tensors:
                return True
            if isinstance(node, Reduce) and node.kind in ("sum", "logsumexp") and any(
                    isinstance(n, Call) and n.function == "exp" and isinstance(n.arguments[0], Entry) and n.arguments[0].name == name
                    for n in subtrees(node)):
                return True
    return False
