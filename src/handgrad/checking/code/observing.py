"""The function called at a point: what it gave back, entry by entry, or how it failed.

A failure is a finding of its own: an exception, a wrong number or shape of results, an argument that was changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from typing import Any

from handgrad.checking.code.adapting import COTANGENTS, Adapted, CodeError, Gone
from handgrad.checking.code.arrays import Flat, placed, type_of, written
from handgrad.checking.code.calls import Answer, Argument, Question
from handgrad.checking.code.points import Trial
from handgrad.checking.code.truth import Truth, sized
from handgrad.expr import Label
from handgrad.records import dataclass

RAISED = "it raises"


class Ended(Exception):
    """The function did not come back from a point: it hung, or took its process with it."""

    def __init__(self, trial: Trial, said: str) -> None:
        super().__init__(said)
        self.trial, self.said = trial, said


@dataclass(frozen=True, slots=True)
class Plan:
    """Which parameter is which tensor of the model, and by what is differentiated."""

    function: Adapted
    tensors: Mapping[str, str]          # by parameter
    labels: frozenset[str]
    by: tuple[str, ...]                 # tensors

    @property
    def inputs(self) -> tuple[str, ...]:
        """The tensors that are handed over."""
        return tuple(dict.fromkeys(self.tensors.values()))


@dataclass(frozen=True, slots=True)
class Observed:
    """What came back at a point: entries of each result, and the type that they were worked out in; or what went wrong."""

    trial: Trial
    results: tuple[Flat, ...] = ()
    dtype: str = "float64"
    wrong: str = ""


def planned(function: Adapted, truth_of: Any, aliases: Mapping[str, str], by: tuple[str, ...]) -> Plan:
    """The parameters matched by name to the tensors of the model `truth_of`; the cotangent is `G`, `cotangent` or `grad_output`."""
    model = truth_of
    lower = {name.lower().replace("_", ""): name for name in model.tensors}
    tensors: dict[str, str] = {}
    for parameter in function.parameters:
        if parameter in model.tensors:
            tensors[parameter] = parameter
        elif parameter in aliases:
            tensors[parameter] = aliases[parameter]
        elif parameter in COTANGENTS:
            tensors[parameter] = ""
        elif lower.get(parameter.lower().replace("_", "")):
            tensors[parameter] = lower[parameter.lower().replace("_", "")]
        elif parameter not in function.optional:
            known = ", ".join(dict.fromkeys([*model.tensors, *aliases]))
            raise CodeError(f"the parameter `{parameter}` of {function.name} is no name of the model",
                            remedy=f"its names are {known}; the cotangent is G or cotangent")
    labels = frozenset(f.entry.name for f in model.facts if isinstance(f, Label) and hasattr(f.entry, "name"))
    return Plan(function, tensors, labels, by)


def handed(plan: Plan, truth: Truth, trial: Trial, dtype: str, layout: str = "") -> dict[str, Argument]:
    """The arguments at the point; of a defined name (what a forward pass kept) its value rounded to the type."""
    values: dict[str, Argument] = {}
    for parameter, tensor in plan.tensors.items():
        name = tensor or _cotangent(truth)
        shape = sized(truth.model, name, trial.point.sizes)
        if name in truth.model.definitions:
            d = truth.model.definitions[name]
            known = truth.values(d.body, d.letters, trial.point)
            entries = {at: Fraction(0) if value is None else value for at, value in known.items()}
        else:
            entries = {at: _fraction(trial.point.given[name, at]) for at in product(*(range(1, n + 1) for n in shape))}
        own = "int64" if name in plan.labels else dtype
        values[parameter] = Argument(tuple(written(entries[at], own) for at in product(*(range(1, n + 1) for n in shape))), shape, own, layout)
    return values


def question(plan: Plan, truth: Truth, trial: Trial, dtype: str, layout: str = "", count: int | None = None) -> Question:
    """The call at the point, of which so many results are wanted as the truth has."""
    asked = tuple(p for x in plan.by for p, tensor in plan.tensors.items() if tensor == x)
    return Question(handed(plan, truth, trial, dtype, layout), asked, _upstream(plan, truth, trial, dtype), count or len(truth.wanted), plan.by)


def _upstream(plan: Plan, truth: Truth, trial: Trial, dtype: str) -> Argument | None:
    """The cotangent for a function that is asked through its vjp; one that takes it as a parameter has it among its arguments."""
    if not plan.function.through_vjp or truth.cotangent is None:
        return None
    return handed(Plan(plan.function, {"": ""}, frozenset(), ()), truth, trial, dtype)[""]


def _cotangent(truth: Truth) -> str:
    assert truth.cotangent is not None, "a parameter for it asks for a pullback"
    return truth.cotangent.name


def _fraction(x: Any) -> Fraction:
    return Fraction(int(x.p), int(x.q))


def observed(plan: Plan, truth: Truth, trial: Trial, dtype: str, layout: str = "") -> Observed:
    """What the function gives at the point, or how it fails."""
    found = answer(plan, question(plan, truth, trial, dtype, layout), trial)
    if found.raised:
        return Observed(trial, wrong=f"{RAISED} {found.raised}")
    if len(found.shapes) != len(truth.wanted):
        return Observed(trial, wrong=f"it returns {len(found.shapes)} result{'s' * (len(found.shapes) != 1)}, and {len(truth.wanted)} are asked for: "
                                     f"{', '.join(w.name for w in truth.wanted)}")
    for wanted, own in zip(truth.wanted, found.shapes, strict=True):
        shape = sized(truth.model, wanted.name, trial.point.sizes)
        if own != shape and not (shape == () and own in ((), (1,))):
            return Observed(trial, wrong=f"the gradient by {wanted.name} has the shape {_written(own)}, and {wanted.name} has {_written(shape)}")
    if found.changed:
        return Observed(trial, wrong=f"it changes its argument {found.changed} in place")
    if found.unreal:
        return Observed(trial, wrong=f"what it returns are no real numbers: {found.unreal}")
    shapes = (sized(truth.model, w.name, trial.point.sizes) for w in truth.wanted)
    entries = tuple(placed(own, shape) for own, shape in zip(found.entries, shapes, strict=True))
    return Observed(trial, entries, type_of(found.types, dtype))


def answer(plan: Plan, asked: Question, trial: Trial) -> Answer:
    """The answer of the function, which is over where the function does not come back."""
    try:
        return plan.function.answer(asked)
    except Gone as gone:
        raise Ended(trial, str(gone)) from None


def _written(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
