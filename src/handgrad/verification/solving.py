"""What one formula asks of a point: the input that makes it zero, the inputs that make it positive or real."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from flint import fmpq

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar, Unclear, Unreal
from handgrad.errors import LimitError
from handgrad.verification.jets import plain
from handgrad.verification.worlds import STYLES, Closure, OutOfRange, Place, Point, Stack, World, drawn, noise

NOTHING = (Unreal, Unclear, OutOfRange, LimitError)


def inputs(difference: Closure | None, stack: Stack, point: Point) -> list[Place]:
    """The inputs that the value is made of, in the order of reading."""
    reads: list[Place] = []
    try:
        if difference is not None:
            difference(stack, World(point, reads=reads))
    except NOTHING:
        pass
    return list(dict.fromkeys(reads))


def _value(difference: Closure, stack: Stack, point: Point, changes: dict[Place, Scalar]) -> Scalar:
    """The exact value with some inputs changed; None where it is not rational."""
    value = value_at(difference, stack, point.moved(changes))
    return value if type(value) is fmpq else None


def solution(difference: Closure, stack: Stack, point: Point, fixed: set[Place]) -> tuple[Place, Scalar] | None:
    """An input in which the difference is linear, and the value that makes it zero."""
    places = [p for p in inputs(difference, stack, point) if p not in fixed]
    start = noise(point.seed) % max(1, len(places))
    for place in (places[start:] + places[:start])[:6]:
        samples = [_value(difference, stack, point, {place: fmpq(x)}) for x in (1, 2, 4)]
        if any(s is None for s in samples):
            continue
        one, two, four = samples
        slope = two - one
        if slope != 0 and four - two == 2 * slope:
            root = 1 - one / slope
            if _value(difference, stack, point, {place: root}) == 0:
                return place, root
    return None


def on_conic(difference: Closure, stack: Stack, point: Point, places: list[Place]) -> bool:
    """Moves the point onto a quadric: along a line through one rational point of it, in the direction of the point as drawn."""
    direction = {p: point.entry(p) for p in places}
    for lead, size in product(places, (fmpq(1), fmpq(2), fmpq(1, 2), fmpq(3), fmpq(1, 3))):
        start = {p: size if p is lead else fmpq(0) for p in places}
        if _value(difference, stack, point, start) != 0:
            continue
        along = [_value(difference, stack, point, {p: start[p] + t * direction[p] for p in places}) for t in (1, -1)]
        if any(x is None for x in along):
            continue
        square, slope = (along[0] + along[1]) / 2, (along[0] - along[1]) / 2
        if square == 0 or slope == 0:
            continue
        point.given.update({p: start[p] - slope / square * direction[p] for p in places})
        return bool(_value(difference, stack, point, {}) == 0)
    return False


def made_real(closure: Closure, stack: Stack, point: Point, allowed: Callable[[Point], bool]) -> bool:
    """Raises what has to be positive, one after the other, until the closure is real."""
    for turn in range(40):
        asked: list[tuple[Closure, Stack]] = []
        try:
            closure(stack, World(point, asked=asked))
        except Unreal:
            low = next((pair for pair in reversed(asked) if not _exceeds(value_at(*pair, point), fmpq(0))), None)
            if low is None or not raised(*low, point, turn, allowed):
                return False
        except NOTHING:
            return False
        else:
            return True
    return False


def raised(argument: Closure, stack: Stack, point: Point, turn: int, allowed: Callable[[Point], bool]) -> bool:
    """Draws inputs of the argument again, keeping what is allowed and raises it, until it is positive."""
    places = inputs(argument, stack, point)
    value = value_at(argument, stack, point)
    for trial in range(24 if places else 0):
        mix = noise(f"{point.seed}:{turn}:{trial}:{stack}")
        place = places[mix % len(places)]
        changed = point.moved({place: drawn(f"{point.seed}:{turn}:{trial}:{place}", (mix >> 8) % len(STYLES))})
        reached = value_at(argument, stack, changed)
        if _exceeds(reached, value) and allowed(changed):
            point.given[place], value = changed.given[place], reached
        if _exceeds(value, fmpq(0)):
            return True
    return False


def value_at(argument: Closure, stack: Stack, point: Point) -> Scalar | None:
    """The value at the point, where there is one."""
    try:
        return plain(argument(stack, World(point)))
    except NOTHING:
        return None


def _exceeds(a: Scalar | None, b: Scalar | None) -> bool:
    return a is not None and (b is None or balls.sign(a - b) == 1)
