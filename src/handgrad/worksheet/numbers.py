"""The numbers of a plan: as by hand, each rounded where it stands and carried on as shown; and unrounded, certain to every digit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from flint import arb, fmpq, fmpz

from handgrad.arithmetic.balls import Scalar, Unclear, Unreal, relative_bits, working_precision
from handgrad.arithmetic.decimals import Places, as_rounded, as_told, fraction, in_full
from handgrad.errors import ModelError
from handgrad.problem import Place, Rounding
from handgrad.records import dataclass
from handgrad.worksheet.hand import scalar
from handgrad.worksheet.items import Item, NumberError
from handgrad.worksheet.plan import Plan

T = TypeVar("T")
PRECISIONS = (192, 512, 1536, 6144)
SETTLING, SAME, SHORT = 1536, 300, 60       # from these bits on, a value is taken for a decimal of 60 digits that it equals to 300


@dataclass(frozen=True, slots=True)
class Worked:
    """A number that was worked: `value` from the operands carried, its roundings one after the other, and the number of the unrounded run."""

    item: Item
    value: Scalar
    shown: tuple[tuple[Fraction, str], ...]        # each rounding and how it is written
    full: str | None                               # the value in full if it has at most 10 digits
    exact: Scalar

    @property
    def text(self) -> str:
        """The number as it stands at the end of its line."""
        return self.shown[-1][1] if self.full is None or self.rounded else self.full

    @property
    def exact_text(self) -> str:
        """The unrounded number with as many digits as are shown."""
        decimals = len(self.shown[-1][1].partition(".")[2])
        return as_told(self.exact, Places(decimals))[1]

    @property
    def rounded(self) -> bool:
        """Whether a rounding changed the value."""
        return fraction(self.value) != self.shown[-1][0]


@dataclass(frozen=True, slots=True)
class Numbers:
    """All numbers of a problem under one policy."""

    rounding: Rounding
    values: Mapping[Place, Scalar]                 # as carried on
    exact: Mapping[Place, Scalar]                  # unrounded
    forward: tuple[Worked, ...]
    backward: tuple[Worked, ...]
    bits: int

    @property
    def all(self) -> tuple[Worked, ...]:
        """Forward and backward."""
        return (*self.forward, *self.backward)


def numbers(plan: Plan, rounding: Rounding, given: Mapping[Place, Fraction], digits: int = 30) -> Numbers:
    """The numbers for the values given, at the first precision that decides every digit; `digits` of the unrounded ones are certain."""
    start = {key: scalar(value) for key, value in given.items()}
    return decided(lambda bits: run(plan, rounding, start, start, bits, digits), digits)


def decided(work: Callable[[int], T], digits: int) -> T:
    """What comes out at the first precision at which every digit is decided."""
    reason = "nothing was tried"
    for bits in (p for p in (*PRECISIONS, 8 * digits) if p >= 4 * digits):
        try:
            with working_precision(bits):
                return work(bits)
        except Unclear as unclear:
            reason = str(unclear)
    raise ModelError(f"a digit cannot be told: {reason}", remedy="change the last digit of a given number")


def certified(plan: Plan, given: Mapping[Place, Fraction], digits: int = 30) -> dict[Place, Scalar]:
    """The unrounded numbers alone, each exact or a ball in which so many digits are certain."""
    start = {key: scalar(value) for key, value in given.items()}
    return decided(lambda bits: unrounded(plan, start, bits, digits), digits)


def unrounded(plan: Plan, true: Mapping[Place, Scalar], bits: int, digits: int) -> dict[Place, Scalar]:
    """The numbers at one precision, nothing rounded on the way, from inputs as they truly are."""
    exact, tape = dict(true), plan.tape
    slots, certain = tape.start(exact), plan.hand(exact)
    least = 3.4 * digits
    for number, item in enumerate(plan.items):
        try:
            value = settled(tape.value(number, slots, certain), bits)
        except Unreal as unreal:
            raise NumberError(f"`{item.quantity}` has no value here: {unreal}", remedy="change the numbers given", name=item.family) from None
        if type(value) is arb and relative_bits(value) < least:
            raise Unclear(f"the digits of {item.quantity}")
        slots[tape.targets[number]] = exact[plan.places[number]] = value
    return exact


def run(plan: Plan, rounding: Rounding, shown: Mapping[Place, Scalar], true: Mapping[Place, Scalar], bits: int, digits: int) -> Numbers:
    """The numbers at one precision, from inputs as shown and as they truly are."""
    exact, tape = unrounded(plan, true, bits, digits), plan.tape
    carried = dict(shown)
    slots, hand = tape.start(carried), plan.hand(carried, exact)
    by_hand = rounding.carry == "shown"
    found: list[Worked] = []
    for number, (item, key) in enumerate(zip(plan.items, plan.places, strict=True)):
        try:
            value = settled(tape.value(number, slots, hand), bits) if by_hand else exact[key]
        except Unreal as unreal:
            remedy = "keep more digits in [rounding], so that nothing rounds to 0"
            raise NumberError(f"`{item.quantity}` has no value here: {unreal}", remedy=remedy, name=item.family) from None
        worked = rounded_number(item, value, exact[key], rounding)
        slots[tape.targets[number]] = carried[key] = scalar(worked.shown[-1][0]) if by_hand else value
        found.append(worked)
    count = len(plan.forward)
    return Numbers(rounding, carried, exact, tuple(found[:count]), tuple(found[count:]), bits)


def settled(value: Scalar, bits: int) -> Scalar:
    """The value; a ball that is nothing but a short decimal to 300 digits is that decimal, such as the sum of a softmax."""
    if bits < SETTLING or not isinstance(value, arb) or value.rad() * arb(10) ** SAME > 1:
        return value
    near = (value * arb(10) ** SHORT + arb(1) / 2).floor().unique_fmpz()
    if near is None or abs(value * arb(10) ** SHORT - near) * arb(10) ** (SAME - SHORT) > 1:
        return value
    return fmpq(near, fmpz(10) ** SHORT)


def rounded_number(item: Item, value: Scalar, exact: Scalar, rounding: Rounding) -> Worked:
    """The number with its roundings."""
    known = fraction(value)
    full = in_full(known) if known is not None else None
    shown: list[tuple[Fraction, str]] = []
    current = value
    for places in rounding.places(item.family):
        number, text = as_rounded(current, places, rounding.ties)
        if not shown or number != shown[-1][0]:
            shown.append((number, text))
        current = scalar(number)
    return Worked(item, value, tuple(shown), full, exact)


def with_places(rounding: Rounding, places: Places) -> Rounding:
    """The rounding in which every number keeps the same places."""
    return replace(rounding, default=(places,), listed=dict.fromkeys(rounding.listed, (places,)))
