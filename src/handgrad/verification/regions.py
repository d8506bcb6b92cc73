"""Points in the regions that conditions, sizes, maxima and roots cut out, and on the boundaries between them.

From a point each boundary that is met there is crossed along one input after the other, where its difference is zero: exactly where that is a
polynomial in the input, else between two numbers of a wide grid. A narrow region lies between two boundaries; so their middle is looked at too.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from flint import fmpq, fmpq_mat, fmpz, fmpz_poly

from handgrad.arithmetic import balls
from handgrad.arithmetic.balls import Scalar, real_roots
from handgrad.verification.points import FACT_BITS, Points
from handgrad.verification.solving import NOTHING, inputs, value_at
from handgrad.verification.worlds import Closure, Place, Point, Stack, World

Boundary = tuple[Closure, Stack]
HIGHEST = 4                             # the degree of a polynomial in one input of which the roots are found
MOST_POINTS, MOST_PLACES, MOST_BOUNDARIES = 60, 4, 10
STEPS = (fmpq(1, 8), fmpq(1))
NEAR = fmpq(1, 64)                       # apart are the numbers at which a polynomial is sought
GRID = tuple(sorted(fmpq(sign * 2**k, 64) for k in range(0, 48, 3) for sign in (1, -1)))
DEEP = 48                               # bits beyond which the argument of an exponential is brought near 0


def boundaries(sides: tuple[Closure, Closure], stack: Stack, point: Point) -> list[Boundary]:
    """The differences that decide what is looked at: conditions, and what has to be positive; each where it was met first and last."""
    watch: list[Boundary] = []
    hidden: list[tuple[float, Closure, Stack]] = []
    for side in sides:
        try:
            with balls.working_precision(FACT_BITS):
                side(stack, World(point, watch=watch, asked=watch, hidden=hidden))
        except NOTHING:
            continue
    watch += [(argument, at) for bits, argument, at in hidden if bits > DEEP]
    first: dict[int, Boundary] = {}
    last: dict[int, Boundary] = {}
    for difference, at in watch:
        first.setdefault(id(difference), (difference, at))
        last[id(difference)] = (difference, at)
    return list(dict.fromkeys([*first.values(), *last.values()]))[:MOST_BOUNDARIES]


def explored(points: Points, sides: tuple[Closure, Closure], stack: Stack, base: Point) -> Iterator[Point]:
    """All points next to the base, and from each region that was not seen before those next to it."""
    seen: set[tuple[tuple[int, Stack, int | None], ...]] = set()
    todo, made, next_to_base = [base], 0, 0
    while todo and made < MOST_POINTS:
        point = todo.pop(0)
        met = boundaries(sides, stack, point)
        pattern = tuple(sorted(((id(difference), at, _sign(difference, at, point)) for difference, at in met), key=repr))
        if pattern not in seen or 0 < made <= next_to_base:
            yield point
            made += 1
        if pattern not in seen:
            seen.add(pattern)
            with balls.working_precision(FACT_BITS):
                todo += [moved for moved in _crossing(met, point) if not points.facts or points.honours(moved)]
            next_to_base = len(todo) if made == 1 else next_to_base


def _sign(difference: Closure, stack: Stack, point: Point) -> int | None:
    with balls.working_precision(FACT_BITS):
        value = value_at(difference, stack, point)
        return None if value is None else balls.sign(value)


def _crossing(met: list[Boundary], point: Point) -> list[Point]:
    """The point moved along each input across the boundaries that hang on it."""
    along: dict[Place, list[Boundary]] = {}
    for difference, at in met:
        for place in inputs(difference, at, point)[:MOST_PLACES]:
            along.setdefault(place, []).append((difference, at))
    moved = []
    for place, crossed in along.items():
        roots = sorted({root for difference, at in crossed for root in _roots(difference, at, point, place)}, key=_fraction)
        if roots:
            beyond = [x for step in STEPS for x in (roots[0] - step, roots[-1] + step)]
            between = [(a + b) / 2 for a, b in pairwise(roots)]
            moved += [point.moved({place: x}) for x in (*roots, *between, *beyond)]
    return moved


def _fraction(x: Scalar) -> Fraction:
    return Fraction(int(x.p), int(x.q))


def _roots(difference: Closure, stack: Stack, point: Point, place: Place) -> list[Scalar]:
    """Where the difference is zero along an input: exact roots, and close to others."""
    start = point.entry(place)
    values = [_at(difference, stack, point, place, start + NEAR * x) for x in range(HIGHEST + 2)]
    if all(type(v) is fmpq for v in values):
        found = _polynomial_roots(values)
        if found is not None:
            return [start + NEAR * x for x in found]
    return _between_signs(difference, stack, point, place)


def _at(difference: Closure, stack: Stack, point: Point, place: Place, x: Scalar) -> Scalar | None:
    return value_at(difference, stack, point.moved({place: x}))


_VANDERMONDE = fmpq_mat([[fmpq(x) ** k for k in range(HIGHEST + 1)] for x in range(HIGHEST + 1)]).inv()


def _polynomial_roots(values: list[Scalar]) -> list[Scalar] | None:
    """The roots of the polynomial with these values at 0, 1, 2, ...; None where the last value shows that it is none of a low degree."""
    coefficients = [sum((_VANDERMONDE[k, x] * values[x] for x in range(HIGHEST + 1)), fmpq(0)) for k in range(HIGHEST + 1)]
    if sum((c * (HIGHEST + 1) ** k for k, c in enumerate(coefficients)), fmpq(0)) != values[-1]:
        return None
    scale = fmpz(1)
    for c in coefficients:
        scale = scale.lcm(c.q)
    whole = fmpz_poly([(c * scale).p for c in coefficients])
    if whole.degree() < 1:
        return []
    roots: list[Scalar] = []
    _, below = whole.factor()
    for factor, _ in below:
        if factor.degree() == 1:
            roots.append(fmpq(-factor[0], factor[1]))
        else:
            roots += [_rational(root) for root in real_roots(factor)]
    return roots


def _rational(x: Scalar) -> Scalar:
    """A short number inside or near a ball."""
    exact = x.mid()
    mantissa, exponent = exact.man_exp()
    return fmpq(mantissa) * fmpq(2) ** int(exponent)


def _between_signs(difference: Closure, stack: Stack, point: Point, place: Place) -> list[Scalar]:
    """Numbers close to where the difference changes its sign on the grid, one on each side."""
    found: list[Scalar] = []
    with balls.working_precision(64):
        signs = [(x, _sign_of(_at(difference, stack, point, place, x))) for x in GRID]
        for (low, below), (high, above) in pairwise(pair for pair in signs if pair[1]):
            if below == above or len(found) >= 8:
                continue
            for _ in range(40):
                middle = (low + high) / 2
                if _sign_of(_at(difference, stack, point, place, middle)) == below:
                    low = middle
                else:
                    high = middle
            found += [low, high]
    return found


def _sign_of(value: Scalar | None) -> int | None:
    return None if value is None else balls.sign(value)
