"""The program of an entry under a plan: that of its model, with two conventions that formulas alone do not have.

    a target of 0 leaves its term out       0*log(0) = 0, as for one-hot targets beside masked scores
    a weight of 0 leaves its sample out     even where the loss, or its slope, is infinite or nan
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from handgrad.axes import Definition
from handgrad.catalogue import CatalogueEntry
from handgrad.derivation import model as asked_model
from handgrad.expr import ZERO, And, Cases, Compare, Delta, Entry, Expr, Mul, Reduce, mul
from handgrad.kernels.nans import is_nan
from handgrad.kernels.program import Program, program_of
from handgrad.kernels.ready.wording import Plan, Wording, along_axis
from handgrad.trees import names, renamed, replaced, subtrees


def program(entry: CatalogueEntry, plan: Plan) -> Program:
    """The program: the value, and its gradients by what the plan names, of values that are not summed those of their sum."""
    wording = Wording(entry, plan)
    text, of = wording.differentiated
    found = program_of(asked_model(text), of, plan.by or entry.function.parameters[:1], cotangent=plan.cotangent)
    found = _asked(found, wording.value, plan.by)
    if entry.is_vector and not plan.cotangent:
        found = _of_each_sample(found)
    if plan.weighted:
        found = _changed(found, lambda body: _case_outermost(_unweighed(body, wording.weights), wording.weights))
    if len(along_axis(entry)) > 1 and not plan.by_label:
        found = _changed(found, lambda body: _without_zeros(body, entry.function.parameters[1]))
    return found


def _asked(found: Program, value: str, by: Iterable[str]) -> Program:
    """The program of the value and of these gradients alone, with the parts and inputs that it needs."""
    gradients = {name: part for name, part in found.gradients.items() if name in by}
    needed = {value, *gradients.values()}
    parts: list[Definition] = []
    for part in reversed(found.parts):
        if part.name in needed:
            parts.insert(0, part)
            needed |= names(part.body)
    inputs = tuple(i for i in found.inputs if i.name in needed)
    return replace(found, value=value, gradients=gradients, parts=tuple(parts), inputs=inputs)


def _of_each_sample(found: Program) -> Program:
    """The program of which the gradients, Jacobians, are of each sample by its own argument alone: by those of others they are 0."""
    gradients = set(found.gradients.values())
    return replace(found, parts=tuple(_own(part) if part.name in gradients else part for part in found.parts))


def _own(part: Definition) -> Definition:
    own, other = (letter for letter in part.letters if letter.axis is part.letters[0].axis)
    assert isinstance(part.body, Mul), "another sample's argument changes nothing"
    between = next(f for f in part.body.factors if isinstance(f, Delta) and {f.left, f.right} == {own, other})
    body = mul(*(f for f in part.body.factors if f is not between))
    return Definition(part.name, tuple(letter for letter in part.letters if letter is not other), renamed(body, {other: own}))


def _changed(found: Program, change: Any) -> Program:
    return replace(found, parts=tuple(replace(part, body=change(part.body)) for part in found.parts))


def _unweighed(body: Any, weights: str) -> Any:
    """The body in which a nan is not shown of a sample whose weight is 0."""
    def change(node: Any) -> Any:
        if not isinstance(node, Cases):
            return None
        weighed = tuple(dict.fromkeys(n for _, condition in node.branches for n in subtrees(condition) if isinstance(n, Compare) and names(n) == {weights}))
        branches = [(_unweighed(value, weights), And((*weighed, test)) if weighed and is_nan(value, test) else test) for value, test in node.branches]
        return Cases(tuple(branches), _unweighed(node.otherwise, weights))

    return replaced(body, change)


def _case_outermost(body: Any, weights: str) -> Any:
    """The body in which a factor by cases of the weight stands outside of its product: what is left out is not multiplied by 0 but not looked at."""
    def change(node: Any) -> Any:
        if not isinstance(node, Mul):
            return None
        at = next((n for n, f in enumerate(node.factors) if isinstance(f, Cases) and _turns_on(f, weights)), None)
        if at is None:
            return None
        chosen = node.factors[at]
        assert isinstance(chosen, Cases)
        rest = tuple(_case_outermost(f, weights) for n, f in enumerate(node.factors) if n != at)
        return Cases(tuple((_product(value, rest), condition) for value, condition in chosen.branches), _product(chosen.otherwise, rest))

    return replaced(body, change)


def _product(value: Expr, rest: tuple[Expr, ...]) -> Expr:
    return ZERO if value is ZERO else mul(value, *rest)


def _turns_on(node: Cases, weights: str) -> bool:
    return all(names(condition) == {weights} for _, condition in node.branches)


def _without_zeros(body: Any, targets: str) -> Any:
    """The body, a sum of products with a target, with the terms left out of which the target is 0."""
    match body:
        case Reduce("sum", axis, (Mul(factors) as term,)):
            target = next((f for f in factors if isinstance(f, Entry) and f.name == targets), None)
            if target is not None:
                return Reduce("sum", axis, (Cases(((term, Compare("!=", target, ZERO)),), ZERO),))
    return body
