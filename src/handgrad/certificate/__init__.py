"""The independent re-check of a saved derivation: every step is read again from its text and computed with mpmath alone.

Nothing of the engine takes part: no rule, no ball, no jet. Derivatives are differences in many digits, points are drawn anew.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from mpmath import mp, mpf

from handgrad.axes import Model
from handgrad.catalogue import functions
from handgrad.certificate.numbers import DIGITS, Point, Undefined, holds, value
from handgrad.certificate.points import assignments, points
from handgrad.errors import HandgradError, ModelError
from handgrad.expr import Axis, Condition, Expr, Letter
from handgrad.notation import read, read_condition, read_entry, read_equation
from handgrad.records import dataclass

POINTS = 3
MOST_ASSIGNMENTS = 4
AGREED_DIGITS = 30
SEED = 20_000

Letters = Mapping[str, Axis]
Verdict = Literal["agrees", "apart", "undecided"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What the re-check found of one line: a step, or a result against the derivative of the definition."""

    line: str
    equation: str
    verdict: Verdict
    points: int
    because: str = ""


def recheck(saved: Mapping[str, Any]) -> tuple[Finding, ...]:
    """The findings on all lines of what `handgrad derive --json` wrote, the results first."""
    if "model" not in saved or "result" not in saved:
        raise ModelError("this is no saved derivation", remedy="save one with `handgrad derive MODEL --wrt X --json -o FILE`")
    model = _extended(saved)
    with mp.workdps(DIGITS):
        drawn = tuple(points(model, functions(), SEED, POINTS))
    typings = _typings(saved, model)
    return (*_copies(saved), *(_found(claim, model, typings, drawn) for claim in _claims(saved)))


def _copies(saved: Mapping[str, Any]) -> Iterator[Finding]:
    """What the file says twice and not alike: the result, its matrix form and by what is differentiated stand at the top and in `results`."""
    answers = saved.get("results") or ()
    if not answers:
        return
    said = {"result": answers[0].get("result"), "matrix": answers[0].get("matrix"), "wrt": [x for answer in answers for x in answer["wrt"]]}
    for key, copy in said.items():
        if saved.get(key) != copy:
            yield Finding("file", f"`{key}`", "apart", 0, "it stands in the file twice, and the two differ")


def _extended(saved: Mapping[str, Any]) -> Model:
    """The model with the names of `where` defined."""
    further = [*saved.get("definitions", ()), *(d for answer in (saved, *saved.get("results", ())) for d in answer["result"].get("where", ()))]
    lines = dict.fromkeys(f"{definition['name']} = {definition['text']}" for definition in further)
    return read("\n".join([str(saved["model"]), *lines]))


def _typings(saved: Mapping[str, Any], model: Model) -> tuple[Letters, ...]:
    """The axes that letters may have: what the slots tell; as in what is differentiated and by what; as the model uses them."""
    found: list[Letters] = [{}]
    for answer in saved.get("results") or [saved]:
        typed: dict[str, Axis] = {}
        for text in (saved["of"], *answer["wrt"]):
            try:
                typed |= {i.name: i.axis for i in read_entry(text, model).indices if isinstance(i, Letter)}
            except HandgradError:
                continue      # what is differentiated may be a formula
        found.append(typed)
    usual = {name: axis for axis, names in model.letters.items() for name in names}
    return (*found, *({**usual, **typed} for typed in found))


@dataclass(frozen=True, slots=True)
class Claim:
    """An equation that is to be computed, where its condition on indices holds."""

    line: str
    equation: str
    condition: str = ""


def _claims(saved: Mapping[str, Any]) -> Iterator[Claim]:
    for answer in saved.get("results") or [saved]:
        yield Claim("result", f"d({saved['of']}, {', '.join(answer['wrt'])}) = {answer['result']['text']}")
    for step in saved.get("steps", ()):
        yield from _claims_of(step)


def _claims_of(step: Mapping[str, Any]) -> Iterator[Claim]:
    yield Claim(str(step["title"]), f"{step['before']} = {step['after']}", str(step.get("condition", "")))
    for below in step.get("substeps", ()):
        yield from _claims_of(below)


def _found(claim: Claim, model: Model, typings: tuple[Letters, ...], drawn: tuple[Point, ...]) -> Finding:
    try:
        left, right, letters = _read(claim, model, typings)
        condition = _condition(claim, model, {**letters, **{letter.name: letter.axis for letter in left.letters | right.letters}})
    except HandgradError as error:
        return Finding(claim.line, claim.equation, "undecided", 0, f"cannot be read: {error.what}")
    seen, reason = 0, ""
    for point in drawn:
        try:
            apart = _apart(left, right, condition, point)
        except (Undefined, ZeroDivisionError, KeyError) as nothing:
            reason = str(nothing) if isinstance(nothing, Undefined) else reason
            continue
        if apart:
            return Finding(claim.line, claim.equation, "apart", seen + 1, apart)
        seen += 1
    because = "" if seen else "no point was found at which it has a value" + (f": {reason}" if reason else "")
    return Finding(claim.line, claim.equation, "agrees" if seen else "undecided", seen, because)


def _read(claim: Claim, model: Model, typings: tuple[Letters, ...]) -> tuple[Expr, Expr, Letters]:
    """The two sides, with the first typing of the letters under which they can be read."""
    *others, last = typings
    for letters in others:
        try:
            return *read_equation(claim.equation, model, letters), letters
        except HandgradError:
            continue
    return *read_equation(claim.equation, model, last), last


def _condition(claim: Claim, model: Model, letters: Letters) -> Condition | None:
    """The condition as far as it concerns the equation: of `k = j` nothing is left where j was written for k."""
    used = re.findall(r"[A-Za-z_]\w*", claim.condition)
    return read_condition(claim.condition, model, letters) if used and all(name in letters for name in used) else None


def _apart(left: Expr, right: Expr, condition: Condition | None, point: Point) -> str:
    """How the two sides differ at the point; empty if they do not."""
    with mp.workdps(DIGITS):
        free = left.letters | right.letters | (condition.letters if condition else frozenset())
        looked = (numbers for numbers in assignments(free, point) if condition is None or holds(condition, point, numbers))
        for numbers in itertools.islice(looked, MOST_ASSIGNMENTS):
            a, b = value(left, point, numbers), value(right, point, numbers)
            if abs(a - b) > mpf(10) ** -AGREED_DIGITS * (1 + abs(a) + abs(b)):
                return f"{mp.nstr(a, 12)} against {mp.nstr(b, 12)}"
    return ""
