"""Second derivatives: the numbers asked for by two names, as written-out formulas over the numbers of the forward pass.

The formulas are those that `derive` gives. Of two entries of one tensor only one order is worked, since the other has the same value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import field
from functools import lru_cache

from handgrad.axes import Definition, Model
from handgrad.expr import Add, Condition, Derivative, Entry, Expr, Letter, Literal, Mul, Pow, mul, number
from handgrad.problem import Problem, entries, gradient
from handgrad.records import dataclass
from handgrad.trees import fresh, renamed, replaced
from handgrad.worksheet.carrying import over
from handgrad.worksheet.ground import Ground
from handgrad.worksheet.items import Item, spelled


@dataclass(frozen=True)
class Pair:
    """What is differentiated by which two names; the model is known by its statements."""

    definitions: tuple[Definition, ...]
    facts: tuple[Condition, ...]
    of: str
    by: tuple[str, str]
    model: Model = field(compare=False)


@lru_cache(maxsize=64)
def curvature_of(pair: Pair) -> tuple[tuple[Letter, ...], Expr]:
    """The formula of the second derivative and its letters, those of the first name before those of the second."""
    by = tuple(Entry(name, tuple(fresh(axis) for axis in pair.model.tensors[name])) for name in pair.by)
    return tuple(i for entry in by for i in entry.indices if isinstance(i, Letter)), over(pair.model, pair.of, (), by)


def _squared(formula: Expr) -> Expr:
    """The formula with what stands twice in a product, since both indices are the same, as a square."""
    def change(node: object) -> Expr | None:
        if not isinstance(node, Mul):
            return None
        inner = [replaced(f, change) for f in node.factors]
        counts = Counter(f for f in inner if isinstance(f, (Entry, Add)))
        kept = [f for n, f in enumerate(inner) if f not in inner[:n] or f not in counts]
        return mul(*(Pow(f, number(counts[f])) if counts[f] > 1 else f for f in kept))

    return replaced(formula, change)  # type: ignore[no-any-return]


def seconds(problem: Problem, model: Model, ground: Ground) -> Iterator[Item]:
    """The second derivatives that a problem asks for; in `model` nothing is left to carry out."""
    of = Entry(problem.of, ())
    definitions = tuple(model.definitions.values())
    for n, pair in enumerate(problem.second):
        letters, formula = curvature_of(Pair(definitions, model.facts, problem.of, pair, model))
        family = gradient(problem.of, *pair)
        one, other = (tuple(entries(model, problem.sizes, name)) for name in pair)
        for first in one:
            for last in other:
                if pair[0] == pair[1] and last < first:
                    continue
                at = tuple(map(Literal, (*first, *last)))
                by = Entry(pair[0], at[: len(first)]), Entry(pair[1], at[len(first) :])
                written = _squared(ground(renamed(formula, dict(zip(letters, at, strict=True)))))
                quantity = gradient(problem.of, spelled(pair[0], first), spelled(pair[1], last))
                yield Item(quantity, family, Entry(f"·second{n}", at), written, chain=Derivative(Derivative(of, by[:1]), by[1:]), along=by)
