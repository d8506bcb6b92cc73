"""The points at which two formulas are compared for a person: small whole numbers first, so that the difference can be checked in the head."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement, islice, permutations

EASE = tuple(Fraction(*pair) for pair in ((1, 1), (2, 1), (-1, 1), (0, 1), (1, 2), (3, 1), (-2, 1), (-1, 2)))      # the easiest first
PLACES = (1, 2, 3)      # of an index letter
MOST = 2000             # points that are given at most

Point = Mapping[str, Fraction]


def small_points(names: Sequence[str], letters: Sequence[str] = (), most: int = MOST) -> Iterator[dict[str, Fraction]]:
    """Values for the names and places for the index letters, the easiest points first: all 1, then one 2 or −1, and so on.

    Index letters get different places before they share one. The points end after `most`.
    """
    ranges = [(name, EASE) for name in names] + [(letter, _places(n)) for n, letter in enumerate(letters)]
    return islice((_point(ranges, ranks) for ranks in _ranks([len(choices) for _, choices in ranges])), most)


def _places(n: int) -> tuple[Fraction, ...]:
    """The places of the n-th letter: its own first."""
    own = PLACES[n % len(PLACES)]
    return tuple(Fraction(p) for p in (own, *(p for p in PLACES if p != own)))


def _point(ranges: list[tuple[str, tuple[Fraction, ...]]], ranks: tuple[int, ...]) -> dict[str, Fraction]:
    return {name: choices[rank] for (name, choices), rank in zip(ranges, ranks, strict=True)}


def _ranks(sizes: list[int]) -> Iterator[tuple[int, ...]]:
    """The tuples of ranks below the sizes, by rising sum; at one sum those with the smaller parts first."""
    for total in range(sum(sizes) - len(sizes) + 1):
        for parts in sorted(_parts(total, len(sizes)), key=lambda p: p[:1]):
            yield from _spread(parts, sizes)


def _parts(total: int, most: int) -> list[tuple[int, ...]]:
    """The ways to write a number as a sum of at most so many parts, largest first."""
    if total == 0:
        return [()]
    return [parts for count in range(1, min(total, most) + 1) for parts in combinations_with_replacement(range(total, 0, -1), count) if sum(parts) == total]


def _spread(parts: tuple[int, ...], sizes: list[int]) -> Iterator[tuple[int, ...]]:
    """The parts given to the names in every way, each once."""
    seen: set[tuple[int, ...]] = set()
    for chosen in permutations(range(len(sizes)), len(parts)):
        ranks = [0] * len(sizes)
        for n, part in zip(chosen, parts, strict=True):
            ranks[n] = part
        found = tuple(ranks)
        if found not in seen and all(r < s for r, s in zip(ranks, sizes, strict=True)):
            seen.add(found)
            yield found


def smallest(names: Sequence[str], letters: Sequence[str], apart: Callable[[Point], bool], most: int = MOST) -> dict[str, Fraction] | None:
    """The easiest point at which two formulas are apart, as `apart` says; None if there is none among those tried."""
    return next((point for point in small_points(names, letters, most) if apart(point)), None)
