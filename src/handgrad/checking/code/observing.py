"""The function called at a point: what it gave back, entry by entry, or how it failed.

A failure is a finding of its own: an exception, a wrong number or shape of results, an argument that was changed in place.
"""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

from handgrad.checking.code.adapting import COTANGENTS, Adapted, CodeError, told
from handgrad.checking.code.arrays import Flat, flat, given, shape_of, type_of
from handgrad.checking.code.points import Trial
from handgrad.checking.code.truth import Truth, sized
from handgrad.expr import Label

RAISED = "it raises"


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


def handed(plan: Plan, truth: Truth, trial: Trial, dtype: str, layout: str = "") -> dict[str, Any]:
    """The arguments at the point; of a defined name (what a forward pass kept) its value rounded to the type."""
    values: dict[str, Any] = {}
    for parameter, tensor in plan.tensors.items():
        name = tensor or _cotangent(truth)
        shape = sized(truth.model, name, trial.point.sizes)
        if name in truth.model.definitions:
            d = truth.model.definitions[name]
            known = truth.values(d.body, d.letters, trial.point)
            entries = {at: Fraction(0) if value is None else value for at, value in known.items()}
        else:
            entries = {at: _fraction(trial.point.given[name, at]) for at in product(*(range(1, n + 1) for n in shape))}
        values[parameter] = given(entries, shape, "int64" if name in plan.labels else dtype, layout)
    return values


def _upstream(plan: Plan, truth: Truth, trial: Trial, dtype: str) -> Any:
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
    values = handed(plan, truth, trial, dtype, layout)
    before = copy.deepcopy(values) if layout != "read-only" else {}
    upstream = _upstream(plan, truth, trial, dtype)
    asked = [p for x in plan.by for p, tensor in plan.tensors.items() if tensor == x]
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            found = plan.function.call(values, asked, upstream)
    except (Exception, SystemExit) as error:
        return Observed(trial, wrong=f"{RAISED} {told(error)}")
    results = listed(found, len(truth.wanted), plan.by)
    if len(results) != len(truth.wanted):
        return Observed(trial, wrong=f"it returns {len(results)} result{'s' * (len(results) != 1)}, and {len(truth.wanted)} are asked for: "
                                     f"{', '.join(w.name for w in truth.wanted)}")
    for wanted, result in zip(truth.wanted, results, strict=True):
        shape = sized(truth.model, wanted.name, trial.point.sizes)
        if shape_of(result) != shape and not (shape == () and shape_of(result) in ((), (1,))):
            return Observed(trial, wrong=f"the gradient by {wanted.name} has the shape {_written(shape_of(result))}, and {wanted.name} has {_written(shape)}")
    for name, old in before.items():
        if not _same(old, values[name]):
            return Observed(trial, wrong=f"it changes its argument {name} in place")
    try:
        entries = tuple(flat(r, shape_of(r)) for r in results)
        entries = tuple(found if truth.model.tensors[w.name] else {(): found.popitem()[1]} for w, found in zip(truth.wanted, entries, strict=True))
    except Exception as error:
        return Observed(trial, wrong=f"what it returns are no real numbers: {told(error)}")
    return Observed(trial, entries, type_of(results, dtype))


def listed(found: Any, count: int, by: tuple[str, ...]) -> list[Any]:
    """The results in their order; a dictionary is read by the names asked for."""
    if isinstance(found, dict):
        return [found[name] for name in by if name in found]
    if isinstance(found, (tuple, list)) and (count > 1 or isinstance(found, tuple) or shape_of(found)[:1] == (1,) and len(shape_of(found)) > 1):
        return list(found)
    return [found]


def _written(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def _same(old: Any, new: Any) -> bool:
    if hasattr(old, "tobytes"):
        return bool(old.tobytes() == new.tobytes())
    return bool(old == new)
