"""Points at which a model is defined and its facts hold, drawn by a seed."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from typing import Any

from mpmath import mp, mpf

from handgrad.axes import Function, Model
from handgrad.certificate.numbers import NEAR, Letters, Place, Point, Undefined, holds, value
from handgrad.expr import And, Axis, Compare, Condition, Entry, Label, Letter, Literal, Member
from handgrad.trees import subtrees
from handgrad.verification.sizes import Sizes

TRIES = 400
DENOMINATOR = 64


def points(model: Model, functions: Mapping[str, Function], seed: int, count: int) -> Iterator[Point]:
    """Up to `count` points; fewer where no more are found."""
    drawn = random.Random(seed)
    lengths = Sizes(model)
    for number in range(count):
        for attempt in range(TRIES):
            sizes = lengths.drawn(f"{seed}", number + attempt // 3)
            point = _drawn(model, functions, drawn, sizes, lowest=0 if (number + attempt) % 2 else -2)
            if _fits(point, drawn):
                yield point
                break


def _drawn(model: Model, functions: Mapping[str, Function], drawn: random.Random, sizes: Mapping[Axis, int], lowest: int) -> Point:
    inputs: dict[Place, Any] = {}
    for name in model.inputs:
        for indices in itertools.product(*(range(1, sizes[axis] + 1) for axis in model.tensors[name])):
            inputs[name, indices] = mpf(drawn.randint(lowest * DENOMINATOR + 1, 2 * DENOMINATOR)) / DENOMINATOR
    return Point(model, functions, sizes, inputs)


def _fits(point: Point, drawn: random.Random) -> bool:
    """Whether the facts can be made to hold at the point, which is changed to that end, and all definitions have a value."""
    try:
        facts = [(fact, letters) for fact in _single(point.model.facts) for letters in assignments(fact.letters, point)]
        for fact, letters in sorted(facts, key=lambda pair: isinstance(pair[0], Compare)):
            _arrange(fact, letters, point, drawn)
        point.memo.clear()
        kept = all(holds(fact, point, letters) for fact, letters in facts)
        return kept and all(_defined(name, point) for name in point.model.definitions)
    except Undefined:
        return False


def _single(facts: tuple[Condition, ...]) -> Iterator[Condition]:
    for fact in facts:
        if isinstance(fact, And):
            yield from _single(fact.conditions)
        else:
            yield fact


def assignments(letters: frozenset[Letter], point: Point) -> Iterator[Letters]:
    """All ways to give the letters numbers."""
    order = sorted(letters, key=lambda letter: letter.name)
    for numbers in itertools.product(*(range(1, point.sizes[letter.axis] + 1) for letter in order)):
        yield dict(zip(order, numbers, strict=True))


def _defined(name: str, point: Point) -> bool:
    letters = frozenset(point.model.definitions[name].letters)
    definition = point.model.definitions[name]
    values = (point.entry((name, tuple(numbers[letter] for letter in definition.letters))) for numbers in assignments(letters, point))
    return all(mp.isfinite(v) for v in values)


def _arrange(fact: Condition, letters: Letters, point: Point, drawn: random.Random) -> None:
    match fact:
        case Member(Entry(name, indices), values) if (place := _place(name, indices, letters, point)) is not None:
            chosen = drawn.choice(values)
            point.inputs[place] = mpf(chosen.numerator) / chosen.denominator
        case Label(Entry(name, indices), axis) if (place := _place(name, indices, letters, point)) is not None:
            point.inputs[place] = mpf(drawn.randint(1, point.sizes[axis]))
        case Compare("==", _, _) if not holds(fact, point, letters):
            _solve(fact, letters, point, drawn)


def _place(name: str, indices: tuple[Any, ...], letters: Letters, point: Point) -> Place | None:
    if name in point.model.definitions:
        return None
    return name, tuple(i.value if isinstance(i, Literal) else letters[i] for i in indices)


def _solve(fact: Compare, letters: Letters, point: Point, drawn: random.Random) -> None:
    """Moves one input entry on which the two sides differ linearly so that they agree."""
    def gap() -> Any:
        point.memo.clear()
        return value(fact.left, point, letters) - value(fact.right, point, letters)

    inputs = {n.name for n in subtrees(fact) if isinstance(n, Entry)}
    places = [place for place in point.inputs if place[0] in inputs]
    drawn.shuffle(places)
    for place in places:
        here, before = point.inputs[place], gap()
        point.inputs[place] = here + 1
        slope = gap() - before
        point.inputs[place] = here - before / slope if slope else here
        if abs(gap()) < NEAR:
            return
        point.inputs[place] = here

