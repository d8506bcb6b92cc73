"""Facts at a point: whether they hold, and how inputs are changed until they do.

Memberships and labels are drawn, equations are solved rationally for one entry (a quadratic one along a line through a known
solution), inequalities are met by drawing again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from flint import arb, fmpq

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar, Unclear
from handgrad.axes import Model
from handgrad.errors import ModelError
from handgrad.expr import TWO, And, Call, Compare, Condition, Expr, Label, Letter, Member, Number, Pow, Reduce
from handgrad.verification.evaluation import Evaluator
from handgrad.verification.jets import plain
from handgrad.verification.solving import NOTHING, inputs, on_conic, solution
from handgrad.verification.worlds import STYLES, Closure, Place, Point, Stack, World, drawn, noise


def assignments(letters: tuple[Letter, ...], point: Point) -> Iterator[Stack]:
    """All values of free indices."""
    return product(*(range(1, point.size(letter.axis) + 1) for letter in letters))


def ordered(letters: frozenset[Letter]) -> tuple[Letter, ...]:
    """The letters in a fixed order."""
    return tuple(sorted(letters, key=lambda letter: (letter.name, letter.axis.tensor, letter.axis.slot)))


class Fact:
    """A fact with its closures: whether it holds, and for a comparison the difference of its sides."""

    def __init__(self, condition: Condition, number: int, evaluator: Evaluator) -> None:
        self.condition, self.number = condition, number
        self.letters = ordered(condition.letters)
        self.truth = evaluator.closure(condition, self.letters)
        self.difference: Closure | None = None
        if isinstance(condition, Compare):
            left, right = _squared(condition)
            self.difference = evaluator.closure(left - right, self.letters)
        elif isinstance(condition, (Member, Label)):
            self.difference = evaluator.closure(condition.entry, self.letters)

    @property
    def equation(self) -> bool:
        """Whether it is solved rather than met."""
        return isinstance(self.condition, Compare) and self.condition.operator == "=="

    def holds(self, stack: Stack, point: Point) -> bool:
        """Whether it holds exactly; an equation also where no precision tells the sides apart (it follows from the definitions)."""
        try:
            return bool(self.truth(stack, World(point)))
        except Unclear:
            if not self.equation or self.difference is None:
                return False
            value = balls.ball(plain(self.difference(stack, World(point))))
            return bool(value.contains(0) and value.rad() < arb(2) ** -200)
        except NOTHING:
            return False


def _squared(condition: Compare) -> tuple[Expr, Expr]:
    """The sides; of `norm(...) == c` and `sqrt(...) == c` the squares, which are rational."""
    left, right = condition.left, condition.right
    if condition.operator == "==" and isinstance(right, Number) and right.value >= 0:
        square = Number(right.value**2)
        if isinstance(left, Call) and left.function == "sqrt":
            return left.arguments[0], square
        if isinstance(left, Reduce) and left.kind == "norm":
            return Reduce("sum", left.axis, (Pow(left.arguments[0], TWO),)), square
    return left, right


def _split(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, And):
        for part in condition.conditions:
            yield from _split(part)
    else:
        yield condition


def _rank(fact: Fact) -> int:
    return 0 if isinstance(fact.condition, (Member, Label)) else 2 if fact.equation else 1


def facts_of(evaluator: Evaluator) -> tuple[Fact, ...]:
    """The facts of the model in the order in which they are met: memberships, inequalities, equations."""
    return tuple(sorted((Fact(c, n, evaluator) for n, f in enumerate(evaluator.model.facts) for c in _split(f)), key=_rank))


def unsatisfied(fact: Fact, model: Model, alone: bool) -> ModelError:
    """The refusal of a fact that no exact values satisfy, with its place in the source."""
    what = "no exact values satisfy " + ("this fact" if alone else "all facts together; this one fails")
    remedy = "points are exact fractions: state what some of them satisfy, and nothing against the definitions"
    found = 0
    for number, text in enumerate(model.source.splitlines(), 1):
        for match in re.finditer(r"\bassume\b[^;#]*", text.split("#")[0]):
            if found == fact.number:
                return ModelError(what, model.source, number, match.start(), match.start() + len(match[0].rstrip()), remedy)
            found += 1
    return ModelError(what, remedy=remedy)


def note_domain(fact: Fact, stack: Stack, point: Point, domain: dict[Place, tuple[Scalar, ...]]) -> None:
    """Notes the few values of which a membership or a label allows its entry one."""
    places = inputs(fact.difference, stack, point)
    if len(places) == 1 and places[0] not in domain:
        match fact.condition:
            case Member(_, values):
                domain[places[0]] = tuple(balls.exact(v) for v in values)
            case Label(_, axis):
                domain[places[0]] = tuple(fmpq(n) for n in range(1, point.size(axis) + 1))


def repaired(fact: Fact, stack: Stack, point: Point, domain: dict[Place, tuple[Scalar, ...]], turn: int) -> bool:
    """Changes inputs that the fact reads until it holds."""
    if fact.difference is None:
        return False
    places = inputs(fact.difference, stack, point)
    if not places:
        return False
    if fact.equation:
        solved = solution(fact.difference, stack, point, set(domain))
        if solved is not None:
            point.given[solved[0]] = solved[1]
            return True
        if not any(p in domain for p in places):
            return on_conic(fact.difference, stack, point, places)
    for trial in range(200 if all(p in domain for p in places) else 40):
        mix = noise(f"{point.seed}:{turn}:{trial}:{stack}")
        for place in places if fact.equation else [places[mix % len(places)]]:
            point.given[place] = _another(place, point, domain, f"{point.seed}:{turn}:{trial}", mix)
        if fact.holds(stack, point):
            return True
    return not fact.equation and not domain and _beyond(fact, stack, point)


def _beyond(fact: Fact, stack: Stack, point: Point) -> bool:
    """Meets an inequality that drawing does not: on either side of where its sides are one."""
    solved = solution(fact.difference, stack, point, set()) if fact.difference is not None else None
    if solved is None:
        return False
    place, root = solved
    size = abs(drawn(f"{point.seed}:{place}", point.style))
    for moved in (root + size, root - size):
        point.given[place] = moved
        if fact.holds(stack, point):
            return True
    return False


def _another(place: Place, point: Point, domain: dict[Place, tuple[Scalar, ...]], seed: str, mix: int) -> Scalar:
    text = f"{seed}:{place}"
    if place in domain:
        return domain[place][noise(text) % len(domain[place])]
    return drawn(text, mix % len(STYLES))
