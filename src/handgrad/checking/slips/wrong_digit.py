"""S117, a wrong digit."""

from __future__ import annotations

from collections.abc import Iterator

from handgrad.checking.edits import Context, Edit, Slip, other_values
from handgrad.checking.places import Place, values
from handgrad.reading.surface import Decimal, Surface

ALIKE = (frozenset("17"), frozenset("38"), frozenset("06"), frozenset("49"), frozenset("56"), frozenset("27"), frozenset("35"), frozenset("08"))


def _edits(tree: Surface, context: Context) -> Iterator[Edit]:
    for place, value, old, cost, _ in other_values(tree, context):
        if differs_by_a_digit(old, value.text):
            yield Edit("wrong_digit", place, value, value.span, cost, f"a digit of {old} is wrong")
    for place in values(tree):
        if isinstance(place.node, Decimal) and (context.numeric or "." in place.node.text) and len(place.node.text) > 1:
            yield from _digits(place)


def _digits(place: Place) -> Iterator[Edit]:
    assert isinstance(place.node, Decimal)
    text, span = place.node.text, place.node.span
    for new, cost in variants(text):
        said = f"a digit of {text} is wrong" if cost > FIRST else f"two digits of {text} are swapped"
        yield Edit("wrong_digit", place, Decimal(span, new), span, cost, said)


FIRST = 0.5         # the cost of two swapped digits


def variants(text: str) -> Iterator[tuple[str, float]]:
    """What a decimal may have been: two neighbours swapped, the point moved, a digit like another, any other digit; each with its cost."""
    for n in range(len(text) - 1):
        pair = text[n:n + 2]
        if pair.isdigit() and pair[0] != pair[1]:
            yield text[:n] + pair[::-1] + text[n + 2:], FIRST
    yield from ((moved, 0.9) for moved in _moved(text))
    for n, digit in enumerate(text):
        if digit.isdigit():
            for new in "0123456789":
                if new != digit:
                    alike = frozenset((new, digit)) in ALIKE
                    yield text[:n] + new + text[n + 1:], 1.2 if alike else 2.0


def _moved(text: str) -> Iterator[str]:
    """The decimal with its point one place to the left or to the right."""
    whole, point, digits = text.partition(".")
    if point:
        yield f"{whole.rstrip('0') or '0'}.0{digits}" if whole in ("0", "") else f"{whole[:-1] or '0'}.{whole[-1]}{digits}"
        if len(digits) > 1:
            yield f"{(whole + digits[0]).lstrip('0') or '0'}.{digits[1:]}"


def differs_by_a_digit(a: str, b: str) -> bool:
    """Whether two decimals differ in one digit, or in two neighbours that are swapped."""
    if len(a) != len(b):
        return False
    where = [n for n in range(len(a)) if a[n] != b[n]]
    if len(where) == 2 and where[1] == where[0] + 1:
        return a[where[0]] == b[where[1]] and a[where[1]] == b[where[0]]
    return len(where) == 1


SLIP = Slip(
    code="S117", kind="wrong_digit", title="a wrong digit", frequency=5,
    looks="A number has one wrong digit, two of its digits are swapped, or its point stands in the wrong place.",
    why="The number was right on paper or in the calculator and was written down wrongly.",
    fine="A last digit that is off by one is rounding, or at most a last digit.",
    wrong=r"E = (1.31)(0.5) = 0.67",
    right=r"E = (1.34)(0.5) = 0.67",
    hint="compare the digits", edits=_edits, commits=_edits)
