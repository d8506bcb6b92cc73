"""The smooth functions that stand for abstract ones: for each name one polynomial, fixed by the seed and the name.

`g(x1, x2, ...)` is c + p + q^2/2 + p^3/2 + p^5/8 with p and q seeded linear combinations of all arguments; a whole axis enters
position by position. The value c at the origin, `g(0)`, belongs to the point, so that a kink of g can be reached. Mixed partials up
to order 5 do not vanish, both signs are taken, and rational arguments give a rational value.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from flint import fmpq

from handgrad.arithmetic.balls import Scalar
from handgrad.verification.jets import Value
from handgrad.verification.worlds import noise


@lru_cache(maxsize=4096)
def coefficient(seed: int, name: str, position: tuple[int, ...]) -> Scalar:
    """A seeded number: the same for the same function and position of the argument, never 0."""
    n = noise(f"{seed}:{name}:{','.join(map(str, position))}")
    return fmpq((1 + (n >> 1) % 15) * (-1 if n & 1 else 1), 16)


def value(seed: int, name: str, arguments: Sequence[tuple[tuple[int, ...], Value]]) -> Value:
    """The value of the function less that at the origin; an argument comes with its position: its number from 0, then indices along whole axes."""
    p: Value = fmpq(0)
    q: Value = fmpq(0)
    for position, x in arguments:
        p = p + coefficient(seed, name, (1, *position)) * x
        q = q + coefficient(seed, name, (2, *position)) * x
    square = p * p
    return q * q * fmpq(1, 2) + p * (1 + square * (fmpq(1, 2) + square * fmpq(1, 8)))
