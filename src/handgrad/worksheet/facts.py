"""Whether the numbers given keep the facts of the model: a step may lean on each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from handgrad import catalogue
from handgrad.arithmetic.balls import Scalar, Unclear, Unreal, working_precision
from handgrad.arithmetic.decimals import fraction
from handgrad.expr import Label, Letter, Literal, Member
from handgrad.notation import write
from handgrad.problem import Place
from handgrad.trees import renamed
from handgrad.worksheet.ground import Ground
from handgrad.worksheet.hand import Hand
from handgrad.worksheet.items import NumberError
from handgrad.worksheet.plan import Plan


def kept(plan: Plan, values: Mapping[Place, Scalar], bits: int) -> None:
    """Refuses numbers that contradict a fact about them; `values` may be those of the inputs alone."""
    hand = Hand(values, catalogue.functions())
    model = plan.problem.model
    known = {name for name, _ in values}
    with working_precision(bits):
        for number, fact in ((n, f) for n, f in enumerate(model.facts, 1) if f.tensors <= known):
            for where, case in _cases(fact, plan.ground):
                if not _holds(case, plan.ground, hand):
                    at = f" at {where}" if where else ""
                    said = f"the numbers given contradict `assume {write(fact, model)}`{at}"
                    raise NumberError(said, remedy="change the numbers, or leave the fact out", name=f"assume {number}")


def _cases(fact: Any, ground: Ground) -> Iterator[tuple[str, Any]]:
    """The fact for all values of its letters."""
    letters = sorted((n for n in fact.letters if isinstance(n, Letter)), key=lambda n: n.name)
    for at in product(*(range(1, ground.size(n.axis) + 1) for n in letters)):
        chosen = {n: Literal(value) for n, value in zip(letters, at, strict=True)}
        yield ", ".join(f"{n.name} = {value}" for n, value in zip(letters, at, strict=True)), renamed(fact, chosen)


def _holds(fact: Any, ground: Ground, hand: Hand) -> bool:
    try:
        match fact:
            case Member(entry, values):
                return fraction(hand(ground(entry))) in values
            case Label(entry, axis):
                position = fraction(hand(ground(entry)))
                return position is not None and position.denominator == 1 and 1 <= position <= ground.size(axis)
            case _:
                written = ground.condition(fact)
                return written if isinstance(written, bool) else hand.holds(written)
    except (Unclear, Unreal):
        return True                         # two balls that overlap contradict nothing
