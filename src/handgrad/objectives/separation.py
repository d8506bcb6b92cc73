"""A loss cut at a name: J = c(f(w), w), where c adds up a term for every number that it is of.

Then the Hessian is A' diag(c'') A and the second derivatives by w itself, plus what f bends: nothing if f is affine in w, and then J is convex where no
entry of c'' is negative; else it is what Gauss and Newton leave out.

    cut = cut_at("z", model, "J", ("w", "b"))
    cut.is_convex, cut.is_affine
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations_with_replacement

from handgrad.axes import Model
from handgrad.derivation import AskedModel, asked_of
from handgrad.errors import ModelError
from handgrad.expr import ZERO, Expr, Letter
from handgrad.objectives.convexity import Ground, sign_of
from handgrad.objectives.curvature import on_diagonal
from handgrad.records import dataclass
from handgrad.rules.canonical import canonical
from handgrad.trees import renamed


@dataclass(frozen=True, slots=True)
class Cut:
    """The loss cut at a name: the model in which that is an input, and what was found out."""

    through: str
    outer: AskedModel
    direct: tuple[str, ...]                     # of the names that are varied, those that the loss depends on beside the cut
    seconds: Mapping[str, Expr]                 # c'' by the cut and by each of those
    is_convex: bool                             # whether no entry of c'' is negative, by proof
    is_affine: bool                             # whether the cut is affine in all names that are varied


def cut_at(through: str, model: Model, of: str, by: tuple[str, ...], given: Mapping[str, float]) -> Cut:
    """The cut at a name; refused where c mixes the numbers that it is of."""
    if through not in model.definitions or through == of:
        raise ModelError(f"`{through}` is no name between `{', '.join(by)}` and `{of}`",
                         remedy=f"the names are {', '.join(n for n in model.definitions if n != of)}")
    outer = asked_of(replace(model, definitions={name: d for name, d in model.definitions.items() if name != through}))
    direct = tuple(name for name in by if name in _reached(outer, of))
    names = (through, *direct)
    seconds: dict[str, Expr] = {}
    for one, other in combinations_with_replacement(names, 2):
        found = outer.derive(of, (one, other)).vouched()
        if one == other:
            pairs = [(a, b) for a, b in zip(found.wrt[0].indices, found.wrt[1].indices, strict=True) if isinstance(a, Letter) and isinstance(b, Letter)]
            seconds[one] = canonical(renamed(on_diagonal(found.result, pairs), {b: a for a, b in pairs}))
        elif found.result is not ZERO:
            raise ModelError(f"`{of}` mixes `{one}` and `{other}`", remedy="cut at another name")
    convex = all(sign_of(Ground(outer, given, name), second).is_proved for name, second in seconds.items())
    bends = (asked_of(model).derive(through, pair).result for pair in combinations_with_replacement(by, 2))
    return Cut(through, outer, direct, seconds, convex, all(b is ZERO for b in bends))


def cuts(model: Model, of: str, by: tuple[str, ...], given: Mapping[str, float]) -> Iterator[Cut]:
    """The cuts at each name at which one is possible."""
    for name in model.definitions:
        if name != of and set(by) & _reached(model, name):
            try:
                yield cut_at(name, model, of, by, given)
            except ModelError:
                continue


def _reached(model: Model, name: str) -> set[str]:
    """The inputs that the name depends on."""
    if name not in model.definitions:
        return {name}
    return {found for other in model.definitions[name].body.tensors for found in _reached(model, other)}
