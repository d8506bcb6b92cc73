"""Two values at a point, worked out at rising precision until they are apart or surely close."""

from __future__ import annotations

from typing import Any

from flint import arb, fmpq

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar, Unclear, Unreal
from handgrad.errors import LimitError
from handgrad.records import dataclass
from handgrad.verification.jets import plain
from handgrad.verification.worlds import Closure, OutOfRange, Point, Stack, World

PRECISIONS = (320, 640, 2560)
AGREED_BITS = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """Two values at a point. `bits` is None where they are apart."""

    point: Point
    stack: Stack
    left: Scalar
    right: Scalar | str                 # or the complaint that it leaves an axis
    bits: int | None
    alive: bool = True                  # not 0 = 0
    built: bool = False                 # on or beside a boundary that was sought


class Unusable(Exception):
    """The point says nothing about the two formulas."""


class OutsideDomain(Unusable):
    """The formulas are not real at the point; they may be at one near by."""


def pair(sides: tuple[Closure, Closure], stack: Stack, point: Point, enough: int = AGREED_BITS) -> Seen:
    """Both values, at rising precision until they are apart or surely close: good to so many bits."""
    reason = "the precision does not decide"
    width: Scalar | None = None
    for bits in PRECISIONS if enough <= AGREED_BITS else (PRECISIONS[0], enough + 120, 2 * enough + 240):
        with balls.working_precision(bits):
            world = point.world(bits)
            try:
                left = _side(sides[0], stack, world, "left")
                right = _side(sides[1], stack, world, "right")
            except Unclear as unclear:
                reason = str(unclear)
                continue
            except Unreal as unreal:
                raise OutsideDomain(str(unreal)) from None
            except LimitError as limit:
                raise Unusable(limit.what) from None
            if isinstance(right, str) or balls.apart(left, right):
                return Seen(point, stack, left, right, None)
            known, radius = _known_bits(left, right, width, enough)
            if known >= enough:
                alive = not (balls.vanishes(left) and balls.vanishes(right))
                return Seen(point, stack, left, right, min(known, bits), alive)
            width = radius
    raise Unusable(reason)


def _side(side: Closure, stack: Stack, world: World, which: str) -> Any:
    """The finite value of one side, remembered; of the right side also the complaint that it leaves an axis."""
    place = (side, stack)
    if place in world.memo:
        return world.memo[place]
    try:
        value = plain(side(stack, world))
    except OutOfRange as outside:
        if which == "left":
            raise Unusable(f"the left side: {outside}") from None
        return str(outside)
    if not balls.finite(value):
        raise Unclear(f"the {which} side has no finite value here")
    world.memo[place] = value
    return value


def _known_bits(left: Scalar, right: Scalar, width: Scalar | None, enough: int) -> tuple[int, Scalar]:
    """To how many bits two overlapping values are surely equal, and the width of their difference.

    Both are good relative to themselves; or, where terms cancel, the difference has shrunk as the precision rose: then it is
    small against the largest term.
    """
    exact = max(balls.LARGEST_EXACT_BITS, enough)
    if type(left) is fmpq and type(right) is fmpq:
        return exact, None
    difference = balls.ball(left - right)
    if difference.is_zero():
        return exact, None
    radius = difference.abs_upper()
    known = min(balls.relative_bits(x) for x in (left, right) if type(x) is not fmpq) if not _straddles(left, right) else 0
    if known < enough and width is not None and radius < width * arb(2) ** -enough:
        known = enough
    return known, radius


def _straddles(left: Scalar, right: Scalar) -> bool:
    return any(balls.sign(x) is None or (type(x) is fmpq and x == 0) for x in (left, right))
